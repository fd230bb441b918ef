//! A long document read table by table, so that what the parser takes is a table's and not the document's: it holds some twenty times
//! the text.
//!
//! Only a document without mistakes is read so, whose pieces cannot contradict each other; of any other nothing is said here, and
//! [`Value::document`](super::value::Value::document) has it read as a whole. Where the text is cut need therefore not be right: a cut
//! within a string or an array leaves a piece that does not parse.

use std::collections::HashSet;

use toml::de::DeTable;

use super::problem::Report;
use super::value::{Data, Entry, Value, convert_table};

/// The document in the report's source, as reading the whole would give it; `None` where that must be read.
pub(super) fn document(report: &Report) -> Option<Value> {
    let source = report.source();
    let mut aside = Report::new(source);
    let mut tables = Vec::new();
    for (at, piece) in pieces(&source.text) {
        let (table, errors) = DeTable::parse_recoverable(piece);
        // what stands before the first header can touch any table
        if !errors.is_empty() || !(table.get_ref().is_empty() || piece.starts_with('[')) {
            return None;
        }
        convert_table(table.get_ref(), at, &mut aside).into_iter().try_for_each(|entry| add(entry, &mut tables))?;
    }
    let once = tables.iter().all(|table| match &table.value.data {
        Data::Table(entries) => {
            let mut names = HashSet::with_capacity(entries.len());
            entries.iter().all(|entry| names.insert(&entry.key))
        }
        _ => true,
    });
    (once && aside.count() == 0).then_some(Value { data: Data::Table(tables), span: 0..0 })
}

/// Adds what a piece says of a table. It may speak of one that is known where it lacks the table's own header (`[feeds.b]` after
/// `[feeds]` or `[feeds.a]`); that it speaks of other members is looked at in the end.
fn add(entry: Entry, tables: &mut Vec<Entry>) -> Option<()> {
    let Some(known) = tables.iter_mut().find(|table| table.key == entry.key) else {
        tables.push(entry);
        return Some(());
    };
    // a table that only headers of its members name stands where they name it first
    let is_implied = entry.value.span == entry.key_span;
    match (&mut known.value.data, entry.value.data) {
        (Data::Table(members), Data::Table(more)) if is_implied => {
            members.extend(more);
            Some(())
        }
        _ => None,
    }
}

/// Cuts `text` before the headers that begin with other two keys than the one before; with where each piece begins.
fn pieces(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let begin = at;
        let rest = text.get(begin..).filter(|rest| !rest.is_empty())?;
        let mut keys = first_keys(rest);
        while let Some(line) = memchr::memmem::find(&text.as_bytes()[at..], b"\n[") {
            at += line + 1;
            let next = first_keys(&text[at..]);
            if keys != next {
                return Some((begin, &text[begin..at]));
            }
            keys = next;
        }
        at = text.len();
        Some((begin, rest))
    })
}

/// `feeds` and `a` of `[feeds.a]`, `[[feeds.a.b]]` and the like, as they are spelled; none where `text` begins with no header.
fn first_keys(text: &str) -> Option<[&str; 2]> {
    let header = text.strip_prefix('[')?.trim_start_matches('[');
    let mut keys = header.split(['.', ']', '\n']);
    Some([keys.next()?, keys.next().unwrap_or("")])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::problem::Source;

    /// What the pieces and the whole say; `None`: not read by pieces.
    fn both(text: &str) -> (Option<Value>, Option<Value>) {
        let mut report = Report::new(&Source::new("test", text));
        (document(&report), Value::whole(&mut report))
    }

    #[test]
    fn pieces_say_what_the_whole_says() {
        for text in [
            "",
            "# only words\n",
            "\u{feff}# words\n[a]\nb = 1\n",
            "[server]\nlisten = 'x'\n\n[feeds.a]\nurl = 'y' # why\n[feeds.b]\r\nrules = [\n  { limit = 1 },\n]\n[fetch]\n[feeds.c]",
            "[feeds.a]\n[feeds.a.templates]\nhtml = 'x'\n[[feeds.a.rules]]\nlimit = 1\n[[feeds.a.rules]]\nlimit = 2\n[feeds.b]",
            "[feeds]\nb = { c.d = 1 }\n[feeds.a]\nx = 1\n[feeds.c.d]\n",
            "[sites.'a.example']\nrules = []\n[sites.'b.example']\nrules = ['x']\n[[list.x]]\n[[list.x]]\n[[list.y]]",
        ] {
            let (pieces, whole) = both(text);
            assert!(pieces.is_some() && pieces == whole, "{text}: {pieces:?}");
        }
    }

    #[test]
    fn what_pieces_cannot_know_is_left_to_the_whole() {
        for text in [
            "feeds.a.url = 'x'\n[feeds.b]",
            "feeds = { a = 1 }\n[feeds.b]",
            "[feeds.a]\n[feeds]\nb = 1",
            "[feeds]\na.b = 1\n[feeds.a.c]",
            "[feeds]\na = []\n[[feeds.a]]",
            "[feeds.a]\n[feeds.b]\n[feeds.a]",
            "[feeds.a]\n[feeds.\"a\".b]",
            "[server]\n[fetch]\n[server]",
            "[[feeds]]\n[feeds.a]",
            "[feeds.a]\ntext = \"\"\"\n[feeds.b]\n\"\"\"",
            "[feeds.a]\nlist = [\n[1],\n]",
            "[feeds.a]\nb = 99999999999999999999",
            "[feeds.a]\nb = \n[feeds.b]",
        ] {
            assert_eq!(both(text).0, None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_document_is_read_in_two_ways(
            lines in proptest::collection::vec(r"\[[ab](\.[ab]){0,2}\]|\[\[[ab](\.[ab])?\]\]|[abc](\.[ab])?( = (1|'''|\[|\{ [ab] = 1 \}))?|'''|\]", 0..7)
        ) {
            let (pieces, whole) = both(&lines.join("\n"));
            proptest::prop_assert!(pieces.is_none() || pieces == whole);
        }
    }
}
