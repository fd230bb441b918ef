//! The documentation of rules and rule sets, taken from where it cannot go stale: the `//!` header of a rule's file and
//! the comment at the top of a rule set.
//!
//! `docs/rules.md` is [`page`]; a test compares the two (`UPDATE_DOCS=1` writes it), and runs every TOML example.

use std::fmt::Write;

use super::sets::Sets;
use super::{Kind, expression};

/// The headings that every rule's documentation has, in this order.
pub const HEADINGS: [&str; 5] = ["What it does", "When to use", "Example", "Order", "Cost"];

/// The Markdown of a source file's header. Only the header is compiled into the program, not the file.
macro_rules! header {
    ($source:expr) => {{
        const SOURCE: &str = $source;
        const LENGTH: usize = crate::rules::docs::header_length(SOURCE);
        static HEADER: [u8; LENGTH] = crate::rules::docs::first_bytes(SOURCE);
        crate::rules::docs::markdown(&HEADER)
    }};
}
pub(super) use header;

/// How many bytes the leading `//!` lines take.
pub(super) const fn header_length(source: &str) -> usize {
    let bytes = source.as_bytes();
    let (mut at, mut line) = (0, 0);
    while line + 2 < bytes.len() && bytes[line] == b'/' && bytes[line + 1] == b'/' && bytes[line + 2] == b'!' {
        at = line;
        while at < bytes.len() && bytes[at] != b'\n' {
            at += 1;
        }
        line = at + 1;
    }
    at
}

pub(super) const fn first_bytes<const N: usize>(source: &str) -> [u8; N] {
    let mut out = [0; N];
    let mut at = 0;
    while at < N {
        out[at] = source.as_bytes()[at];
        at += 1;
    }
    out
}

/// The text behind the `//!` marks.
pub(super) fn markdown(header: &[u8]) -> String {
    let header = String::from_utf8_lossy(header);
    let lines = header.lines().map(|line| line.strip_prefix("//!").unwrap_or(line));
    lines.map(|line| line.strip_prefix(' ').unwrap_or(line)).collect::<Vec<_>>().join("\n")
}

/// The first sentence: the line that lists show.
pub fn summary(docs: &str) -> &str {
    let paragraph = docs.split("\n\n").next().unwrap_or_default();
    match paragraph.find(". ").or_else(|| paragraph.find(".\n")) {
        Some(end) => &paragraph[..end + 1],
        None => paragraph,
    }
}

/// The whole of `docs/rules.md`.
pub fn page() -> String {
    let mut out = String::from(
        "<!-- Made from the rules' own files: UPDATE_DOCS=1 cargo test --lib rules::docs -->\n# Rules\n\n\
         A feed's `rules` are applied in the order in which they are written. Each is a table of one key, the rule; its \
         value is the short form or a table of settings. A string is the name of a rule set.\n\n",
    );
    for kind in Kind::ALL {
        let _ = writeln!(out, "- [`{0}`](#{0}): {1}", kind.name(), one_line(summary(&kind.docs())));
    }
    for kind in Kind::ALL {
        let _ = writeln!(out, "\n## {}\n\n{}", kind.name(), nested(&kind.docs()));
    }
    let _ = writeln!(out, "\n# Expressions\n\n{}", expression::docs());
    out.push_str("# Rule sets\n");
    for set in Sets::embedded().iter() {
        let rules: Vec<_> = set.text.lines().skip_while(|line| line.starts_with('#')).collect();
        let _ = writeln!(out, "\n## {}\n\n{}\n\n```toml\n{}\n```", set.name, set.docs(), rules.join("\n"));
    }
    out.push('\n');
    out.push_str(COMPARISON);
    out.push_str(ARTICLES);
    out
}

/// What others do, and which rule of ours does it.
const COMPARISON: &str = include_str!("comparison.md");

/// The same of articles, pages and scripts.
const ARTICLES: &str = include_str!("full_text/comparison.md");

/// Headings one step deeper, under the rule's own.
fn nested(docs: &str) -> String {
    docs.lines()
        .map(|line| if line.starts_with("## ") { format!("#{line}") } else { line.to_owned() })
        .collect::<Vec<_>>()
        .join("\n")
}

/// A paragraph as one line.
pub fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The ```` ```toml ```` blocks.
pub fn examples(docs: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut block: Option<String> = None;
    for line in docs.lines() {
        match &mut block {
            None if line.trim() == "```toml" => block = Some(String::new()),
            None => {}
            Some(_) if line.trim() == "```" => found.extend(block.take()),
            Some(text) => {
                text.push_str(line);
                text.push('\n');
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Report, RuleList, Source, Value};
    use crate::rules::{BuildContext, Chain};

    /// An example is a document with a `rules` key.
    fn run(rule: &str, example: &str) {
        let mut report = Report::new(&Source::new(format!("the documentation of {rule}"), example));
        let list = Value::document(&mut report)
            .map(|mut document| document.take("rules").expect("an example has the key `rules`").value)
            .and_then(|value| RuleList::from_value(value, &mut report));
        let problems = report.finish();
        assert!(problems.is_empty(), "{problems}");
        if let Err(problems) = Chain::build(&list.unwrap(), &BuildContext::default()) {
            panic!("{problems}");
        }
    }

    #[test]
    fn every_rule_is_documented_and_its_examples_build() {
        for kind in Kind::ALL {
            let (name, docs) = (kind.name(), kind.docs());
            let headings: Vec<_> = docs.lines().filter_map(|line| line.strip_prefix("## ")).collect();
            assert_eq!(headings, HEADINGS, "src/rules/{name}.rs");
            let examples = examples(&docs);
            assert!(!examples.is_empty(), "src/rules/{name}.rs has no example");
            examples.iter().for_each(|example| run(name, example));
        }
        examples(&expression::docs()).iter().for_each(|example| run("expressions", example));
    }

    /// The rows of a table of so many columns.
    fn rows(table: &'static str, columns: usize) -> impl Iterator<Item = Vec<&'static str>> {
        let rows = table.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| ---")).skip(1);
        let cells = rows.map(|row| row.trim_matches('|').split('|').map(str::trim).collect::<Vec<_>>());
        cells.filter(move |cells| {
            assert_eq!(cells.len(), columns, "{cells:?}");
            !cells[0].starts_with("**")
        })
    }

    /// Rules, parameters (`name=`), keys of a feed or of the configuration, commands and paths.
    fn is_there(name: &str) -> bool {
        use crate::rules::parameters::NAMES;
        const OTHERS: [&str; 18] = [
            "exact",
            "when",
            "sample(25)",
            "sites",
            "sources",
            "archive",
            "explain",
            ".rss",
            ".atom",
            ".json",
            ".html",
            ".md",
            ".csv",
            ".sfeed",
            ".ums",
            "format=",
            "fetch.pages_per_host",
            "purge",
        ];
        let commands = ["explain", "mirror", "sign", "import", "schema", "serve", "cache"];
        Kind::named(name).is_some()
            || OTHERS.contains(&name)
            || name.strip_suffix('=').is_some_and(|name| NAMES.contains(&name))
            || name.strip_prefix("refeed ").is_some_and(|name| commands.contains(&name))
            || name.starts_with('/')
            || name.starts_with("--")
    }

    #[test]
    fn what_the_comparisons_name_is_there() {
        let first = COMPARISON.split("\n## ").next().unwrap_or_default();
        for row in rows(first, 9).chain(rows(ARTICLES, 5)) {
            let own = row.last().copied().unwrap_or_default();
            let has_none = own.starts_with('–') && row.len() == 9;
            assert!(!own.is_empty() && !has_none, "{row:?}");
            for name in own.split('`').skip(1).step_by(2) {
                assert!(is_there(name), "{name} in {row:?}");
            }
        }
    }

    #[test]
    fn the_settings_that_the_comparison_of_articles_names_are_there() {
        for row in rows(ARTICLES, 5) {
            for part in row[4].split(';') {
                let Some((rule, settings)) = part.split_once("`: ") else { continue };
                let kind = Kind::named(rule.rsplit('`').next().unwrap_or_default()).expect(part);
                let shape = kind.shape().to_string();
                for setting in settings.trim_end_matches(')').split(", ").filter(|name| !name.contains(' ')) {
                    let is_there = shape.contains(&format!("\"{setting}\""));
                    assert!(is_there, "{setting} in {row:?}");
                }
            }
        }
    }

    #[test]
    fn the_table_is_sorted() {
        assert!(Kind::names().is_sorted());
        assert!(Sets::embedded().names().is_sorted());
    }

    #[test]
    #[allow(clippy::disallowed_methods)] // the switch that rewrites the page
    fn docs_rules_md_is_what_the_sources_say() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/rules.md");
        if std::env::var("UPDATE_DOCS").is_ok() {
            std::fs::write(path, page()).unwrap();
        }
        let written = std::fs::read_to_string(path).unwrap_or_default();
        assert!(written == page(), "docs/rules.md is stale: run UPDATE_DOCS=1 cargo test --lib rules::docs");
    }

    #[test]
    fn a_header_ends_with_its_last_marked_line() {
        assert_eq!(header_length("//! a\n//!\n//! b\n\nuse x;\n//! c\n"), 15);
        assert_eq!(header_length("//! a"), 5);
        assert_eq!(header_length("fn x() {}"), 0);
        assert_eq!(header_length(""), 0);
        assert_eq!(markdown(b"//! a\n//!\n//!   b"), "a\n\n  b");
        assert_eq!(summary("Keeps the first\nitems. Then more.\n\nx"), "Keeps the first\nitems.");
    }
}
