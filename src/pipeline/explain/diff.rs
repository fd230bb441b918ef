//! What differs between two texts, for a person: the changed pieces with a little of what stands around them.
//!
//! Compared word by word in scripts with spaces, character by character in Han. Bounded: texts beyond [`MAX_DIFFED`] are not
//! compared, the search for the smallest difference ends after [`DIFF_TIME`] and with the caller's patience, at most [`MAX_HUNKS`]
//! pieces are kept.

use std::time::Duration;

use serde::Serialize;
use similar::{DiffTag, TextDiff};

use crate::base::limits::{DIFF_CONTEXT, DIFF_TIME, HUNK_CHARS, MAX_DIFFED, MAX_HUNKS};

/// One changed piece.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Hunk {
    /// What stands before it.
    pub before: String,
    /// What is gone.
    pub removed: String,
    /// What has come.
    pub added: String,
    /// What stands after it.
    pub after: String,
}

/// The pieces in which `old` and `new` differ, the first [`MAX_HUNKS`]; none where the caller has no patience left.
pub fn hunks(old: &str, new: &str, patience: Duration) -> Vec<Hunk> {
    if old.len().max(new.len()) > MAX_DIFFED || patience.is_zero() {
        return Vec::new();
    }
    let (a, b) = (tokens(old), tokens(new));
    let diff = TextDiff::configure().timeout(DIFF_TIME.min(patience)).diff_slices(&a, &b);
    let mut found: Vec<Hunk> = Vec::new();
    let mut same = String::new();
    for op in diff.ops() {
        let (tag, gone, come) = op.as_tag_tuple();
        if tag == DiffTag::Equal {
            same = a[gone].concat();
            if let Some(last) = found.last_mut() {
                last.after = first_chars(&same, DIFF_CONTEXT);
            }
        } else if found.len() < MAX_HUNKS {
            let before = last_chars(&std::mem::take(&mut same), DIFF_CONTEXT);
            let (removed, added) =
                (first_chars(&a[gone].concat(), HUNK_CHARS), first_chars(&b[come].concat(), HUNK_CHARS));
            found.push(Hunk { before, removed, added, after: String::new() });
        } else {
            break;
        }
    }
    found
}

/// Runs of letters and digits of scripts that put spaces between words; every other character by itself.
fn tokens(text: &str) -> Vec<&str> {
    let is_word = |c: char| c.is_alphanumeric() && u32::from(c) < 0x2E80; // below it no script is written without spaces
    let mut all = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = match is_word(first) {
            true => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
            false => first.len_utf8(),
        };
        let (token, after) = rest.split_at(end);
        all.push(token);
        rest = after;
    }
    all
}

fn first_chars(text: &str, count: usize) -> String {
    match text.char_indices().nth(count) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

fn last_chars(text: &str, count: usize) -> String {
    match text.char_indices().rev().nth(count) {
        Some((at, c)) => format!("…{}", &text[at + c.len_utf8()..]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(old: &str, new: &str) -> String {
        let piece = |hunk: Hunk| format!("{}[-{}-]{{+{}+}}{}", hunk.before, hunk.removed, hunk.added, hunk.after);
        hunks(old, new, DIFF_TIME).into_iter().map(piece).collect::<Vec<_>>().join(" | ")
    }

    #[test]
    fn words_and_han_are_compared_as_a_person_would() {
        assert_eq!(shown("这个软件很好", "这个軟體很好"), "这个[-软件-]{+軟體+}很好");
        assert_eq!(shown("a quick fox", "a brown fox"), "a [-quick-]{+brown+} fox");
        assert_eq!(shown("same", "same"), "");
        assert_eq!(shown("", "new"), "[--]{+new+}");
        let long = "x ".repeat(100);
        let found = shown(&format!("{long}old{long}"), &format!("{long}new{long}"));
        assert!(found.starts_with('…') && found.ends_with('…') && found.len() < 200, "{found}");
    }

    #[test]
    fn large_texts_are_not_compared() {
        assert!(hunks(&"x".repeat(MAX_DIFFED + 1), "y", DIFF_TIME).is_empty());
        assert!(hunks("x", "y", Duration::ZERO).is_empty());
    }

    proptest! {
        #[test]
        fn pieces_are_bounded_and_nothing_panics(old in "\\PC{0,60}", new in "\\PC{0,60}") {
            let found = hunks(&old, &new, DIFF_TIME);
            prop_assert!(found.len() <= MAX_HUNKS);
            prop_assert_eq!(found.is_empty(), old == new);
        }
    }
}
