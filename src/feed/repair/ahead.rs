//! Looking ahead in linear time: where a tag or mark next stands, remembered so that no stretch is searched twice for it.

use std::collections::HashMap;

use memchr::memmem;

use crate::base::limits::MAX_NAMES_AHEAD;

/// What is looked for.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Mark<'a> {
    Start(&'a str),
    End(&'a str),
    Text(&'static str),
}

/// Remembers the next place of each mark. The offsets asked from have to grow for each mark.
pub(super) struct Ahead<'a> {
    text: &'a str,
    next: HashMap<Mark<'a>, usize>,
}

/// Nowhere ahead.
pub(super) const NOWHERE: usize = usize::MAX;

impl<'a> Ahead<'a> {
    pub(super) fn new(text: &'a str) -> Ahead<'a> {
        Ahead { text, next: HashMap::new() }
    }

    /// Where `mark` stands next, from byte `from` on; [`NOWHERE`] also for a name after the first `MAX_NAMES_AHEAD`.
    pub(super) fn find(&mut self, mark: Mark<'a>, from: usize) -> usize {
        match self.next.get(&mark) {
            Some(at) if *at >= from => return *at,
            None if matches!(mark, Mark::End(_)) && self.next.len() >= MAX_NAMES_AHEAD => return NOWHERE,
            _ => {}
        }
        let at = self.search(mark, from).unwrap_or(NOWHERE);
        self.next.insert(mark, at);
        at
    }

    fn search(&self, mark: Mark<'_>, from: usize) -> Option<usize> {
        let rest = self.text.as_bytes().get(from..)?;
        let (open, name) = match mark {
            Mark::Text(text) => return memmem::find(rest, text.as_bytes()).map(|at| from + at),
            Mark::Start(name) => ("<", name),
            Mark::End(name) => ("</", name),
        };
        let wanted = format!("{open}{name}");
        memmem::find_iter(rest, wanted.as_bytes())
            .find(|at| match rest.get(at + wanted.len()) {
                Some(b) => matches!(b, b'>' | b'/' | b'<') || b.is_ascii_whitespace(),
                None => true,
            })
            .map(|at| from + at)
    }

    /// Where the next item begins or ends.
    pub(super) fn item_edge(&mut self, from: usize) -> usize {
        [Mark::Start("item"), Mark::End("item"), Mark::Start("entry"), Mark::End("entry")]
            .into_iter()
            .map(|mark| self.find(mark, from))
            .min()
            .unwrap_or(NOWHERE)
    }

    /// Whether another item begins at or after `from`.
    pub(super) fn more_items(&mut self, from: usize) -> bool {
        self.find(Mark::Start("item"), from) != NOWHERE || self.find(Mark::Start("entry"), from) != NOWHERE
    }
}
