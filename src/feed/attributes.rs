//! The attributes of an XML start tag with their spans, checked for well-formedness on the way (XML 1.0 §3.1).

use std::ops::Range;

/// One attribute: offsets are into the text the iterator was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// The name, prefix included.
    pub name: Range<usize>,
    /// The value between its quotes, still escaped.
    pub value: Range<usize>,
}

/// Walks the attributes of `text[from..]`, which is a start tag's inside after the element name; stops at `/`, `>` or `?`.
/// Yields the offset of the first thing that is no attribute as an error, and ends there.
pub struct Attributes<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Attributes<'a> {
    /// The attributes of the start tag at `tag` (from `<` to `>`) of `source`; offsets are into `source`.
    pub fn of(source: &'a str, tag: Range<usize>) -> Attributes<'a> {
        let text = source.get(..tag.end).unwrap_or(source);
        let bytes = text.as_bytes();
        let mut at = (tag.start + 1).min(bytes.len());
        while at < bytes.len() && !is_space(bytes[at]) && !matches!(bytes[at], b'/' | b'>') {
            at += 1;
        }
        Attributes { text, at }
    }

    fn skip_space(&mut self) {
        let bytes = self.text.as_bytes();
        while self.at < bytes.len() && is_space(bytes[self.at]) {
            self.at += 1;
        }
    }
}

impl Iterator for Attributes<'_> {
    type Item = Result<Attribute, usize>;

    fn next(&mut self) -> Option<Self::Item> {
        let bytes = self.text.as_bytes();
        let before = self.at;
        self.skip_space();
        let start = self.at;
        match bytes.get(start) {
            None | Some(b'/' | b'>' | b'?') => return None,
            Some(_) if before == start => return self.fail(start),
            Some(_) => {}
        }
        while self.at < bytes.len()
            && !is_space(bytes[self.at])
            && !matches!(bytes[self.at], b'=' | b'/' | b'>' | b'"' | b'\'' | b'<')
        {
            self.at += 1;
        }
        let name = start..self.at;
        self.skip_space();
        if name.is_empty() || bytes.get(self.at) != Some(&b'=') {
            return self.fail(start);
        }
        self.at += 1;
        self.skip_space();
        let Some(&quote @ (b'"' | b'\'')) = bytes.get(self.at) else { return self.fail(self.at) };
        let value = self.at + 1;
        match memchr::memchr2(quote, b'<', &bytes[value..]) {
            Some(length) if bytes[value + length] == quote => {
                self.at = value + length + 1;
                Some(Ok(Attribute { name, value: value..value + length }))
            }
            _ => self.fail(value),
        }
    }
}

impl Attributes<'_> {
    fn fail(&mut self, at: usize) -> Option<Result<Attribute, usize>> {
        self.at = self.text.len();
        Some(Err(at))
    }
}

/// XML's white space.
pub fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// The white space that ends at `at`.
pub fn space_before(source: &str, at: usize) -> &str {
    let space = source.as_bytes()[..at].iter().rev().take_while(|byte| is_space(**byte)).count();
    &source[at - space..at]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(tag: &str) -> Vec<Result<(&str, &str), usize>> {
        Attributes::of(tag, 0..tag.len()).map(|a| a.map(|a| (&tag[a.name], &tag[a.value]))).collect()
    }

    #[test]
    fn well_formed_attributes_are_found_with_their_spans() {
        assert_eq!(all("<a b='1' c:d = \"2>\" />"), [Ok(("b", "1")), Ok(("c:d", "2>"))]);
        assert_eq!(all("<a>"), []);
        assert_eq!(all("<a/>"), []);
    }

    #[test]
    fn what_is_no_attribute_is_an_error_at_its_place() {
        for (tag, at) in [("<a b>", 3), ("<a b=1>", 5), ("<a b='1'c='2'>", 8), ("<a b='<'>", 6), ("<a ='1'>", 3)] {
            assert_eq!(all(tag).pop(), Some(Err(at)), "{tag}");
        }
    }
}
