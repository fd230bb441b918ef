//! Attributes of one tag, found on demand: names and values as ranges of the tag's spelling, in one pass, by the
//! tokenizer states of HTML §13.2.5.32–40. XML's attributes are a subset of these.
//!
//! The same scan finds where a tag ends, so that the tokenizer and the readers of attributes cannot disagree.

use std::ops::Range;

/// One attribute. Ranges count from the start of the bytes scanned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Attr {
    pub(super) name: Range<usize>,
    /// The value without its quotes; `None` where only the name is written. Empty and unquoted after a bare `=`.
    pub(super) value: Option<Range<usize>>,
    /// `"`, `'` or, unquoted, 0.
    pub(super) quote: u8,
}

impl Attr {
    /// Where the attribute ends, its closing quote included.
    pub(super) fn end(&self) -> usize {
        match &self.value {
            Some(value) => value.end + usize::from(self.quote != 0),
            None => self.name.end,
        }
    }
}

/// What the scan met.
pub(super) enum Step {
    Attr(Attr),
    /// The byte after `>`, and whether `/` stood before it.
    End {
        at: usize,
        self_closing: bool,
    },
    /// The source ended inside the tag.
    Eof,
}

/// The scan: `at` begins after the tag's name.
pub(super) struct Scan<'a> {
    bytes: &'a [u8],
    at: usize,
}

const SPACE: u8 = 1;
const NAME_END: u8 = 2;
const VALUE_END: u8 = 4;

/// What each byte is to the scan: white space, the end of a name, the end of an unquoted value.
const CLASS: [u8; 256] = {
    let mut class = [0u8; 256];
    let spaces = b" \t\n\r\x0C";
    let mut at = 0;
    while at < spaces.len() {
        class[spaces[at] as usize] = SPACE | NAME_END | VALUE_END;
        at += 1;
    }
    class[b'/' as usize] = NAME_END;
    class[b'=' as usize] = NAME_END;
    class[b'>' as usize] = NAME_END | VALUE_END;
    class
};

/// HTML's white space.
pub(super) fn is_space(byte: u8) -> bool {
    CLASS[usize::from(byte)] & SPACE != 0
}

/// Where a tag's name that begins at `at` ends.
pub(super) fn name_end(bytes: &[u8], at: usize) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    at + rest.iter().position(|&b| b == b'/' || b == b'>' || is_space(b)).unwrap_or(rest.len())
}

impl<'a> Scan<'a> {
    pub(super) fn new(bytes: &'a [u8], at: usize) -> Scan<'a> {
        Scan { bytes, at }
    }

    fn skip_until(&mut self, class: u8) {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        self.at += rest.iter().position(|&b| CLASS[usize::from(b)] & class != 0).unwrap_or(rest.len());
    }

    fn skip_spaces(&mut self) {
        while self.peek().is_some_and(is_space) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// The next attribute or the tag's end.
    pub(super) fn step(&mut self) -> Step {
        let mut slash = false;
        loop {
            match self.peek() {
                None => return Step::Eof,
                Some(b'>') => {
                    self.at += 1;
                    return Step::End { at: self.at, self_closing: slash };
                }
                Some(byte) if byte == b'/' || is_space(byte) => {
                    slash = byte == b'/';
                    self.at += 1;
                }
                Some(_) => return self.attribute(),
            }
        }
    }

    fn attribute(&mut self) -> Step {
        let start = self.at;
        self.at += 1; // a name may begin with `=`
        self.skip_until(NAME_END);
        let name = start..self.at;
        let after_name = self.at;
        self.skip_spaces();
        if self.peek() != Some(b'=') {
            self.at = after_name;
            return Step::Attr(Attr { name, value: None, quote: 0 });
        }
        self.at += 1;
        let after_equals = self.at;
        self.skip_spaces();
        match self.peek() {
            None => Step::Eof,
            Some(b'>') => Step::Attr(Attr { name, value: Some(after_equals..after_equals), quote: 0 }),
            Some(quote @ (b'"' | b'\'')) => {
                let from = self.at + 1;
                let rest = self.bytes.get(from..).unwrap_or_default();
                let Some(len) = memchr::memchr(quote, rest) else { return Step::Eof };
                self.at = from + len + 1;
                Step::Attr(Attr { name, value: Some(from..from + len), quote })
            }
            Some(_) => {
                let from = self.at;
                self.skip_until(VALUE_END);
                Step::Attr(Attr { name, value: Some(from..self.at), quote: 0 })
            }
        }
    }
}

/// The attributes until the tag ends.
impl Iterator for Scan<'_> {
    type Item = Attr;

    fn next(&mut self) -> Option<Attr> {
        match self.step() {
            Step::Attr(attr) => Some(attr),
            Step::End { .. } | Step::Eof => {
                self.at = self.bytes.len();
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(tag: &str) -> Vec<(&str, Option<&str>)> {
        let scan = Scan::new(tag.as_bytes(), name_end(tag.as_bytes(), 1));
        scan.map(|a| (&tag[a.name], a.value.map(|v| &tag[v]))).collect()
    }

    #[test]
    fn attributes_are_read_as_the_specification_reads_them() {
        assert_eq!(
            list("<a b=c d='e f' g=\"h\" i>"),
            [("b", Some("c")), ("d", Some("e f")), ("g", Some("h")), ("i", None)]
        );
        assert_eq!(list("<a/b/c>"), [("b", None), ("c", None)]);
        assert_eq!(list("<a =b=c>"), [("=b", Some("c"))]);
        assert_eq!(list("<a b\"c='d>e'f>"), [("b\"c", Some("d>e")), ("f", None)]);
        assert_eq!(list("<a b = c>"), [("b", Some("c"))]);
        assert_eq!(list("<a b=>"), [("b", Some(""))]);
        assert_eq!(list("<a b=/>"), [("b", Some("/"))]);
        assert_eq!(list("<a b=c\"d'>"), [("b", Some("c\"d'"))]);
        assert_eq!(list("<a b  >"), [("b", None)]);
    }
}
