//! `refeed explain`: what each rule did to each item of a feed.

use std::fmt::Write;

use super::job::{Job, JobArgs};
use super::{Failure, terminal};
use crate::base::text::excerpt;
use crate::config::Paint;
use crate::pipeline::explain::diff::Hunk;
use crate::pipeline::explain::{Change, Explanation, Story, Told};

const EXAMPLES: &str = "\
Examples:
  refeed explain --feed voa               a feed of refeed.toml, from its url
  refeed explain --feed voa saved.xml     its rules on a saved copy
  refeed explain --rules '[{ drop = \"广告\" }, { opencc = \"s2t\" }]' feed.xml
  refeed explain --json --feed voa        for programs

For each rule: its time, the pages that it read, the items that it dropped, added or changed, and what differs in them as
[-before-]{+after+}. Nothing is served and nothing is kept.";

/// Show what each rule does to each item of a feed
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    #[command(flatten)]
    job: JobArgs,

    /// As JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: Args) -> Result<(), Failure> {
    let told =
        args.job.work(async |Job { pipeline, chain, form, input }| pipeline.explain(input, &chain, &form).await)?;
    let text = match args.json {
        true => serde_json::to_string_pretty(&told).map_err(Failure::failed)? + "\n",
        false => page(&told, terminal::paint_output()),
    };
    terminal::print(text.as_bytes())?;
    told.failed.map_or(Ok(()), |why| Err(Failure::Failed(why)))
}

/// The explanation for a person.
fn page(told: &Explanation, paint: Paint) -> String {
    let mut out =
        format!("{}, {}\n", told.format, items(told.rules.first().map_or(told.items.len(), |rule| rule.before)));
    for note in &told.notes {
        let _ = writeln!(out, "note: {note}");
    }
    for rule in &told.rules {
        let touched = rule.changed > 0 || told.head.iter().any(|change| change.rule == rule.number);
        if rule.number > 0 || touched {
            write_rule(&mut out, rule, told, paint);
        }
    }
    if let Some(why) = &told.failed {
        let _ = writeln!(out, "\nthis feed gets no answer: {why}");
    }
    if told.abridged {
        out.push_str("\nmore changed than is told\n");
    }
    out.push('\n');
    for story in &told.items {
        let _ = writeln!(out, "{} {:?}", fate(story), shown(&story.title));
    }
    out
}

fn write_rule(out: &mut String, rule: &Told, told: &Explanation, paint: Paint) {
    let from = if rule.sets.is_empty() { String::new() } else { format!("    (from {})", rule.sets.join(", ")) };
    let _ = writeln!(out, "\n{:>2} {}{from}", rule.number, rule.rule);
    let mut facts = vec![format!("{:.2} ms", rule.microseconds as f64 / 1000.0)];
    if rule.after != rule.before {
        facts.push(format!("{} of {} left", rule.after, items(rule.before)));
    }
    if rule.changed > 0 {
        facts.push(format!("{} changed", items(rule.changed)));
    }
    if rule.reordered {
        facts.push("put into another order".to_owned());
    }
    if rule.after == rule.before && rule.changed == 0 && !rule.reordered {
        facts.push("no item changed".to_owned());
    }
    let _ = writeln!(out, "   {}", facts.join(", "));
    for page in &rule.fetched {
        let _ = writeln!(out, "   read {}: {}", page.url, page.outcome);
    }
    for note in &rule.notes {
        let _ = writeln!(out, "   {note}");
    }
    for change in told.head.iter().filter(|change| change.rule == rule.number) {
        write_change(out, "the feed", change, paint);
    }
    for story in &told.items {
        if story.dropped_by == Some(rule.number) {
            let _ = writeln!(out, "   dropped {} {:?}", story.item, shown(&story.title));
        }
        if story.added_by == Some(rule.number) {
            let _ = writeln!(out, "   added {} {:?}", story.item, shown(&story.title));
        }
        for change in story.changes.iter().filter(|change| change.rule == rule.number) {
            write_change(out, &story.item.to_string(), change, paint);
        }
    }
}

fn write_change(out: &mut String, place: &str, change: &Change, paint: Paint) {
    let text = match (&change.before, &change.after) {
        (None, Some(after)) => piece("", after, paint),
        (Some(before), None) => piece(before, "", paint),
        _ if change.diff.is_empty() => "too long to compare".to_owned(),
        _ => change.diff.iter().map(|hunk| one_hunk(hunk, paint)).collect::<Vec<_>>().join("  "),
    };
    let _ = writeln!(out, "   changed {place} {}: {text}", change.field);
}

fn one_hunk(hunk: &Hunk, paint: Paint) -> String {
    format!("{}{}{}", plain(&hunk.before), piece(&hunk.removed, &hunk.added, paint), plain(&hunk.after))
}

/// What is gone and what has come.
fn piece(removed: &str, added: &str, paint: Paint) -> String {
    let mark = |text: &str, open, close, colour| match (text.is_empty(), paint) {
        (true, _) => String::new(),
        (false, Paint::Plain) => format!("{open}{}{close}", plain(text)),
        (false, Paint::Coloured) => format!("\x1b[{colour}m{open}{}{close}\x1b[0m", plain(text)),
    };
    mark(removed, "[-", "-]", 31) + &mark(added, "{+", "+}", 32)
}

/// On one line, and nothing that would steer a terminal.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn shown(title: &str) -> String {
    excerpt(title, 60)
}

fn fate(story: &Story) -> String {
    let numbers: std::collections::BTreeSet<_> = story.changes.iter().map(|change| change.rule).collect();
    let numbers: Vec<_> = numbers.into_iter().map(|number| number.to_string()).collect();
    let by = if numbers.is_empty() { String::new() } else { format!(", changed by {}", numbers.join(", ")) };
    match (story.position, story.dropped_by) {
        (_, Some(rule)) => format!("dropped {:>3} by {rule}{by}", story.item),
        (Some(position), None) => format!("kept    {:>3} as {position}{by}", story.item),
        (None, None) => format!("gone    {:>3}{by}", story.item),
    }
}

fn items(count: usize) -> String {
    if count == 1 { "1 item".to_owned() } else { format!("{count} items") }
}
