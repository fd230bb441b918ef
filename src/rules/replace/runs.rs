//! Edits of the text that a person reads as one, over the tokens it is cut into by inline tags.

use super::Edit;
use crate::html::{Fragment, Kind};

/// Text up to the next block, with each of its tokens and where that begins in the text.
#[derive(Default)]
struct Run {
    text: String,
    tokens: Vec<(usize, usize)>,
}

/// Gives `edits` each run of text, and does what it says. A match over several tokens is written into its first one.
pub(super) fn replace(fragment: &mut Fragment, edits: impl Fn(&str) -> Vec<Edit>) {
    let mut run = Run::default();
    for id in 0..fragment.len() {
        match fragment.kind(id) {
            Kind::Text => {
                run.tokens.push((id, run.text.len()));
                run.text.push_str(&fragment.text(id));
            }
            Kind::Start { .. } | Kind::End if fragment.is_block(id) => {
                end(fragment, &mut run, &edits);
            }
            _ => {}
        }
    }
    end(fragment, &mut run, &edits);
}

/// Does what `edits` says of the run, and empties it.
fn end(fragment: &mut Fragment, run: &mut Run, edits: &impl Fn(&str) -> Vec<Edit>) {
    let found = if run.tokens.is_empty() { Vec::new() } else { edits(&run.text) };
    let mut first = 0;
    for (at, (id, start)) in run.tokens.iter().enumerate() {
        let end = run.tokens.get(at + 1).map_or(run.text.len(), |(_, next)| *next);
        while found.get(first).is_some_and(|(range, _)| range.end <= *start) {
            first += 1;
        }
        let parts = found.iter().skip(first).take_while(|(range, _)| range.start < end);
        let inside: Vec<_> = parts
            .map(|(range, with)| {
                let with = if range.start >= *start { with.as_str() } else { "" };
                (range.start.max(*start) - start..range.end.min(end) - start, with)
            })
            .collect();
        if !inside.is_empty() {
            fragment.replace_in_text(*id, &inside);
        }
    }
    run.text.clear();
    run.tokens.clear();
}
