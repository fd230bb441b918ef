//! Miniflux: filter lines, content rewrite rules, URL rewrite rules and scraper selectors, of feeds as `GET /v1/feeds` lists them, or as text.
//!
//! In a text, each line is a filter (`EntryTitle=…`) or a rewrite rule; a line `block`, `keep`, `rewrite`, `urlrewrite` or `scraper` says what
//! follows. Miniflux drops what a block line finds, then keeps what any keep line finds; its patterns tell upper from lower case and see
//! the content as it is written, and so do their translations.

use serde_json::Value;

use super::draft::{Draft, Table, any, field};
use crate::config::value::quoted;
use crate::rules::pattern::re2;
use crate::rules::refusal;

/// A draft of `text`; `keep`: what stands under no heading keeps.
pub(super) fn read(text: &str, keep: bool) -> Result<Draft, String> {
    let mut draft = Draft::default();
    match text.trim_start().chars().next() {
        Some('[' | '{') => feeds(text, &mut draft)?,
        Some('<') => {
            return Err(
                "an OPML file of Miniflux holds no rules: import the feeds that its API lists (`GET /v1/feeds`), and \
                        subscriptions with `refeed opml import`"
                    .to_owned(),
            );
        }
        _ => lines(text, keep, &mut draft),
    }
    Ok(draft)
}

/// Filters, of one feed or user.
#[derive(Default)]
struct Filters<'a> {
    block: Vec<(Option<usize>, &'a str)>,
    keep: Vec<(Option<usize>, &'a str)>,
}

fn lines(text: &str, keep: bool, draft: &mut Draft) {
    let mut table = Draft::set("miniflux");
    let mut filters = Filters::default();
    let mut others: Vec<(&str, usize, &str)> = Vec::new();
    let mut heading = if keep { "keep" } else { "block" };
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        match line.trim_end_matches(':').to_ascii_lowercase().as_str() {
            "" => {}
            _ if line.starts_with('#') => {}
            "block" => heading = "block",
            "keep" => heading = "keep",
            "rewrite" => heading = "rewrite",
            "urlrewrite" => heading = "urlrewrite",
            "scraper" => heading = "scraper",
            _ if is_filter(line) && heading == "keep" => filters.keep.push((Some(number), line)),
            _ if is_filter(line) => filters.block.push((Some(number), line)),
            _ if matches!(heading, "block" | "keep") => others.push(("rewrite", number, line)),
            _ => others.push((heading, number, line)),
        }
    }
    filters.write(draft, &mut table);
    for stage in ["urlrewrite", "scraper", "rewrite"] {
        for (_, number, line) in others.iter().filter(|(of, ..)| *of == stage) {
            write(stage, line, Some(*number), draft, &mut table);
        }
    }
    draft.push(table);
}

fn feeds(text: &str, draft: &mut Draft) -> Result<(), String> {
    let value: Value =
        serde_json::from_str(text).map_err(|error| format!("not JSON as Miniflux writes it: {error}"))?;
    let list = match &value {
        Value::Array(list) => list.as_slice(),
        Value::Object(object) => match object.get("feeds").and_then(Value::as_array) {
            Some(list) => list,
            None => std::slice::from_ref(&value),
        },
        _ => &[],
    };
    let mut from = 0;
    for feed in list {
        let field = |name: &str| feed.get(name).and_then(Value::as_str).unwrap_or_default();
        let url = field("feed_url");
        if url.is_empty() {
            draft.note(None, "an entry without `feed_url` is not translated");
            continue;
        }
        let line = place(text, &mut from, url);
        let mut table = draft.feed(field("title"), url, line);
        let mut filters = Filters::default();
        for (list, fields) in [
            (&mut filters.block, ["blocklist_rules", "block_filter_entry_rules"]),
            (&mut filters.keep, ["keeplist_rules", "keep_filter_entry_rules"]),
        ] {
            for name in fields {
                let rules = field(name);
                match rules.lines().all(|line| line.trim().is_empty() || is_filter(line.trim())) {
                    true => list
                        .extend(rules.lines().map(str::trim).filter(|line| !line.is_empty()).map(|rule| (line, rule))),
                    false => list.push((line, rules.trim())), // the older form: one pattern for all
                }
            }
        }
        let of_content = filters.write(draft, &mut table);
        write("urlrewrite", field("urlrewrite_rules"), line, draft, &mut table);
        let crawls = feed.get("crawler").and_then(Value::as_bool).unwrap_or_default();
        match field("scraper_rules") {
            "" if crawls => draft.rule(&mut table, line, "{ full_text = true }".to_owned()),
            "" => {}
            css if crawls => write("scraper", css, line, draft, &mut table),
            css => draft.omit(&mut table, line, css, "the feed does not fetch its articles (`crawler`)"),
        }
        for rule in of_content.into_iter().filter(|_| crawls) {
            draft.rule(&mut table, line, rule); // the whole article has more to find than its summary
        }
        write("rewrite", field("rewrite_rules"), line, draft, &mut table);
        for name in ["user_agent", "cookie", "username", "proxy_url"] {
            if !field(name).is_empty() {
                draft.omit(&mut table, line, name, "refeed has no such setting for a feed");
            }
        }
        if feed.get("disabled").and_then(Value::as_bool) == Some(true) {
            draft.note(line, format!("the feed {url} is disabled in Miniflux, and served by refeed"));
        }
        draft.push(table);
    }
    Ok(())
}

/// The line on which `needle` stands next.
fn place(text: &str, from: &mut usize, needle: &str) -> Option<usize> {
    let at = *from + text[*from..].find(needle)?;
    *from = at;
    Some(text[..at].matches('\n').count() + 1)
}

fn is_filter(line: &str) -> bool {
    line.split_once('=').is_some_and(|(kind, _)| {
        let kind = kind.trim();
        kind.starts_with("Entry") && kind.bytes().all(|byte| byte.is_ascii_alphabetic())
    })
}

/// A condition of one filter line.
enum Condition {
    /// A pattern for a field.
    Field(&'static str, String),
    /// What stands in a table of `keep` or `drop`.
    Table(String),
}

impl Condition {
    fn table(&self) -> String {
        match self {
            Condition::Field(key, pattern) => field(key, std::slice::from_ref(pattern)).concat(),
            Condition::Table(table) => table.clone(),
        }
    }
}

/// The field of a line's kind.
const FIELDS: [(&str, &str); 6] = [
    ("EntryTitle", "title"),
    ("EntryURL", "link"),
    ("EntryCommentsURL", "comments"),
    ("EntryContent", "content"),
    ("EntryAuthor", "author"),
    ("EntryTag", "category"),
];

fn condition(line: &str) -> Result<Condition, String> {
    let Some((kind, value)) = line.split_once('=').filter(|_| is_filter(line)) else {
        // the older form looks into address, title, author and tags
        let pattern = [re2::translated(line)];
        let each =
            ["link", "title", "author", "category"].map(|key| format!("{{ {} }}", field(key, &pattern).concat()));
        return Ok(Condition::Table(format!("any_of = [{}]", each.join(", "))));
    };
    let (kind, value) = (kind.trim(), value.trim());
    if let Some((_, key)) = FIELDS.iter().find(|(theirs, _)| *theirs == kind) {
        return Ok(Condition::Field(key, re2::translated(value)));
    }
    if kind != "EntryDate" {
        return Err(format!("`{kind}` is no kind of filter; Miniflux ignores the line"));
    }
    let table = match value.split_once(':') {
        None if value == "future" => "when = \"age < 0\"".to_owned(),
        Some(("before", day)) => format!("before = {}", quoted(day)),
        Some(("after", day)) => format!("after = {}", quoted(day)),
        Some(("between", days)) => match days.split_once(',') {
            Some((from, to)) => format!("after = {}, before = {}", quoted(from.trim()), quoted(to.trim())),
            None => return Err("`between` needs two dates".to_owned()),
        },
        Some(("max-age", age)) => format!("older_than = {}", quoted(age)),
        _ => return Err(format!("`{value}` is no date that Miniflux understands; it ignores the line")),
    };
    Ok(Condition::Table(table))
}

impl Filters<'_> {
    /// Adds the rules. Those that look into the content are returned, for the content that the page of an item will give it.
    fn write(&self, draft: &mut Draft, table: &mut Table) -> Vec<String> {
        let block = tables(&self.block, draft, table).into_iter().map(|(line, one)| (line, any("drop", &[one])));
        let block: Vec<_> = block.collect();
        let keep = tables(&self.keep, draft, table);
        let line = keep.first().and_then(|(line, _)| *line);
        let keep: Vec<_> = keep.into_iter().map(|(_, one)| one).collect();
        let mut of_content = Vec::new();
        for (line, rule) in block.into_iter().chain([(line, any("keep", &keep))]) {
            let Some(rule) = rule else { continue };
            if rule.contains("{ content = ") {
                of_content.push(rule.clone());
            }
            draft.rule(table, line, rule);
        }
        of_content
    }
}

/// What `lines` look for, as tables of which any may hold: those of one field are one.
fn tables(lines: &[(Option<usize>, &str)], draft: &mut Draft, table: &mut Table) -> Vec<(Option<usize>, String)> {
    let mut fields: Vec<(Option<usize>, &str, Vec<String>)> = Vec::new();
    let mut others = Vec::new();
    for (line, filter) in lines {
        let sound = condition(filter).and_then(|condition| {
            match refusal(&format!("{{ drop = {{ {} }} }}", condition.table())) {
                None => Ok(condition),
                Some(why) => Err(why),
            }
        });
        match sound {
            Ok(Condition::Field(key, pattern)) => match fields.iter_mut().find(|(_, known, _)| *known == key) {
                Some((.., patterns)) => patterns.push(pattern),
                None => fields.push((*line, key, vec![pattern])),
            },
            Ok(Condition::Table(other)) => others.push((*line, other)),
            Err(why) => draft.omit(table, *line, filter, &why),
        }
    }
    let tables =
        |(line, key, patterns): (_, &str, Vec<_>)| field(key, &patterns).into_iter().map(move |one| (line, one));
    fields.into_iter().flat_map(tables).chain(others).collect()
}

/// Rewrite rules for which there is no rule of one word, written with those that there are.
const RECIPES: [(&str, &str); 6] = [
    (
        "add_pdf_download_link",
        r#"{ note = { html = '<p><a href="{{ link }}">PDF</a></p>', when = 'link is matches("[.]pdf$")' } }"#,
    ),
    (
        "add_castopod_episode",
        r#"{ note = '<iframe width="650" frameborder="0" src="{{ link }}/embed/light"></iframe><br>' }"#,
    ),
    (
        "add_invidious_video",
        r#"{ note = { html = '<iframe width="650" height="350" frameborder="0" src="https://{{ host }}/embed/{{ link | sub("^.*[?&]v=([^&#]+).*$", "$1") }}" allowfullscreen></iframe><br>', when = 'link is matches("/watch[?](.*&)?v=", exact=true)' } }"#,
    ),
    (
        "add_hn_links_using_hack",
        r#"{ replace = { pattern = '''(?s)(<a\b[^>]*\shref=["']https://news\.ycombinator\.com/([^"']*)["'][^>]*>.*?</a>)''', with = '$1 <a href="hack://$2">Open with HACK</a>', in = "html" } }"#,
    ),
    (
        "add_hn_links_using_opener",
        r#"{ replace = { pattern = '''(?s)(<a\b[^>]*\shref=["']https://news\.ycombinator\.com/item\?id=(\d+)["'][^>]*>.*?</a>)''', with = '$1 <a href="opener://x-callback-url/show-options?url=https%3A%2F%2Fnews.ycombinator.com%2Fitem%3Fid%3D$2">Open with Opener</a>', in = "html" } }"#,
    ),
    (
        "strip_image_query_params",
        r#"{ replace = { pattern = '''(<img\b[^>]*\ssrc=["'][^"'?]*)\?[^"']*''', with = '$1', in = "html" } }"#,
    ),
];

/// Rewrite rules of any of the three kinds.
fn write(stage: &str, text: &str, line: Option<usize>, draft: &mut Draft, table: &mut Table) {
    let text = text.trim();
    if text.is_empty() {
        return;
    }
    if stage == "scraper" {
        return draft.rule(table, line, format!("{{ full_text = {{ content = {} }} }}", quoted(text)));
    }
    for (name, arguments) in calls(text) {
        let shown = format!("{name}({})", arguments.join("|"));
        let replace = |place: &str| match arguments.as_slice() {
            [pattern, with] => Some(format!(
                "{{ replace = {{ pattern = {}, with = {}, in = \"{place}\" }} }}",
                quoted(&re2::translated(pattern)),
                quoted(with)
            )),
            _ => None,
        };
        let first = || arguments.first().map(|css| quoted(css));
        let rule = match (stage, name.as_str()) {
            ("urlrewrite", "rewrite") => replace("link"),
            (_, "replace") => replace("html"),
            (_, "replace_title") => replace("title"),
            (_, "remove") => first().map(|css| format!("{{ remove = {css} }}")),
            (_, "remove_tables") => {
                Some("{ remove = { css = \"table, tbody, thead, tfoot, tr, td, th\", content = \"keep\" } }".to_owned())
            }
            (_, "add_image_title") => Some("{ reveal = { subjects = false } }".to_owned()),
            (_, "add_mailto_subject") => Some("{ reveal = { titles = false } }".to_owned()),
            (
                _,
                "add_dynamic_image"
                | "add_dynamic_iframe"
                | "use_noscript_figure_images"
                | "fix_medium_images"
                | "remove_img_blur_params",
            ) => Some("{ lazy = true }".to_owned()),
            (_, "add_youtube_video" | "add_youtube_video_from_id") => {
                Some("{ embed = { add = true, others = \"keep\", fluid = false } }".to_owned())
            }
            (_, "add_youtube_video_using_invidious_player") => {
                Some("{ embed = { add = true, youtube = \"yewtu.be\", others = \"keep\", fluid = false } }".to_owned())
            }
            (_, "nl2br") => Some("{ from_text = { links = false } }".to_owned()),
            (_, "convert_text_link" | "convert_text_links") => Some("{ from_text = { breaks = false } }".to_owned()),
            (_, "base64_decode") => {
                let what =
                    first().map_or("base64 = true, base64_in = \"*\"".to_owned(), |css| format!("base64_in = {css}"));
                Some(format!("{{ from_text = {{ {what}, breaks = false, links = false }} }}"))
            }
            (_, "remove_clickbait") => Some("{ titles = true }".to_owned()),
            (_, "add_enclosure_links") => {
                Some("{ enclosures = [\"audio\", \"video\", \"image\", \"other\"] }".to_owned())
            }
            (_, "fix_ghost_cards") => Some("{ cards = true }".to_owned()),
            (_, name) => RECIPES.iter().find(|(known, _)| *known == name).map(|(_, rule)| (*rule).to_owned()),
        };
        match rule {
            Some(rule) => draft.rule(table, line, rule),
            None => draft.omit(table, line, &shown, "refeed has no rule like it"),
        }
    }
}

/// `name, name("a"), name("a"|"b")`, with Go's escapes in the strings.
fn calls(text: &str) -> Vec<(String, Vec<String>)> {
    let mut found: Vec<(String, Vec<String>)> = Vec::new();
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '"' | '`' => {
                let mut string = String::new();
                while let Some(inner) = rest.next() {
                    match inner {
                        '\\' if c == '"' => match rest.next() {
                            Some('n') => string.push('\n'),
                            Some('t') => string.push('\t'),
                            Some(escaped @ ('"' | '\\')) => string.push(escaped),
                            Some(other) => string.extend(['\\', other]),
                            None => {}
                        },
                        inner if inner == c => break,
                        inner => string.push(inner),
                    }
                }
                if let Some((_, arguments)) = found.last_mut() {
                    arguments.push(string);
                }
            }
            c if c.is_ascii_alphabetic() => {
                let mut name = String::from(c);
                while let Some(more) = rest.next_if(|c| c.is_ascii_alphanumeric() || *c == '_') {
                    name.push(more);
                }
                found.push((name, Vec::new()));
            }
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests;
