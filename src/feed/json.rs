//! The strict JSON reader (RFC 8259): a JSON Feed becomes a [`Tree`] of spans; members keep their order, unknown ones too.
//!
//! The bounds of `base/limits.rs` are enforced on the way; nesting is bounded, so recursion is too. Called by [`super::Feed::read`].

use super::error::Bound;
use super::names::Ns;
use super::tree::{Kind, Node, Tree};
use super::xml::Refusal;
use crate::base::limits::*;
use std::ops::Range;

/// Reads a whole document: one value with white space around it.
pub fn read(source: &str) -> Result<Tree, Refusal> {
    if u32::try_from(source.len()).is_err() {
        return Err(Refusal::TooLarge(0, Bound::Document(u32::MAX as usize)));
    }
    let mut reader = Reader { bytes: source.as_bytes(), at: 0, tree: Tree::with_capacity(source.len() / 64 + 16) };
    reader.skip_space();
    reader.value(0..0)?;
    reader.skip_space();
    match reader.peek() {
        None => Ok(reader.tree),
        Some(_) => Err(reader.unexpected("something after the end of the JSON value")),
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    tree: Tree,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn unexpected(&self, what: &str) -> Refusal {
        Refusal::Malformed(self.at, what.to_owned())
    }

    /// Skips white space, then takes one of `expected`; anything else is an error that says `what` was wanted.
    fn take(&mut self, expected: &[u8], what: &str) -> Result<u8, Refusal> {
        self.skip_space();
        match self.peek().filter(|byte| expected.contains(byte)) {
            Some(byte) => {
                self.at += 1;
                Ok(byte)
            }
            None => Err(self.unexpected(what)),
        }
    }

    fn value(&mut self, name: Range<usize>) -> Result<(), Refusal> {
        if self.tree.depth() >= MAX_DEPTH {
            return Err(Refusal::TooLarge(self.at, Bound::Depth(MAX_DEPTH)));
        }
        if self.tree.len() >= MAX_NODES {
            return Err(Refusal::TooLarge(self.at, Bound::Nodes(MAX_NODES)));
        }
        let start = self.at;
        match self.peek() {
            Some(b'{') => self.object(name),
            Some(b'[') => self.array(name),
            Some(b'"') => {
                let inner = self.string()?;
                if inner.len() > MAX_FIELD {
                    return Err(Refusal::TooLarge(start, Bound::Field(MAX_FIELD)));
                }
                self.leaf(Kind::String, name, start, inner);
                Ok(())
            }
            _ => {
                self.scalar()?;
                self.leaf(Kind::Scalar, name, start, start..self.at);
                Ok(())
            }
        }
    }

    fn leaf(&mut self, kind: Kind, name: Range<usize>, start: usize, inner: Range<usize>) {
        self.tree.push(Node::open(kind, Ns::None, name, start, inner.start));
        self.tree.close(inner.end, self.at);
    }

    fn object(&mut self, name: Range<usize>) -> Result<(), Refusal> {
        self.tree.push(Node::open(Kind::Object, Ns::None, name, self.at, self.at + 1));
        self.at += 1;
        let mut members = 0;
        self.skip_space();
        if self.peek() != Some(b'}') {
            loop {
                self.skip_space();
                if self.peek() != Some(b'"') {
                    return Err(self.unexpected("a member name in quotes is missing"));
                }
                let key = self.string()?;
                self.take(b":", "a `:` is missing after a member name")?;
                self.skip_space();
                members += 1;
                if members > MAX_ITEM_CHILDREN {
                    return Err(Refusal::TooLarge(self.at, Bound::ItemChildren(MAX_ITEM_CHILDREN)));
                }
                self.value(key)?;
                if self.take(b",}", "a `,` or `}` is missing after a member")? == b'}' {
                    break;
                }
            }
        } else {
            self.at += 1;
        }
        self.tree.close(self.at - 1, self.at);
        Ok(())
    }

    fn array(&mut self, name: Range<usize>) -> Result<(), Refusal> {
        self.tree.push(Node::open(Kind::Array, Ns::None, name, self.at, self.at + 1));
        self.at += 1;
        self.skip_space();
        if self.peek() != Some(b']') {
            loop {
                self.skip_space();
                self.value(0..0)?;
                if self.take(b",]", "a `,` or `]` is missing after an array element")? == b']' {
                    break;
                }
            }
        } else {
            self.at += 1;
        }
        self.tree.close(self.at - 1, self.at);
        Ok(())
    }

    /// Past a string; what stands between its quotes.
    fn string(&mut self) -> Result<Range<usize>, Refusal> {
        let start = self.at + 1;
        self.at = start;
        loop {
            let rest = self.bytes.get(self.at..).unwrap_or_default();
            let Some(length) = memchr::memchr2(b'"', b'\\', rest) else {
                self.at = self.bytes.len();
                return Err(self.unexpected("a string without its end"));
            };
            if let Some(control) = rest[..length].iter().position(|byte| *byte < 0x20) {
                self.at += control;
                return Err(self.unexpected("a raw control character in a string"));
            }
            self.at += length;
            if self.bytes[self.at] == b'"' {
                self.at += 1;
                return Ok(start..self.at - 1);
            }
            self.escape()?;
        }
    }

    fn escape(&mut self) -> Result<(), Refusal> {
        let length = match self.bytes.get(self.at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => 2,
            Some(b'u')
                if self
                    .bytes
                    .get(self.at + 2..self.at + 6)
                    .is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit)) =>
            {
                6
            }
            _ => return Err(self.unexpected("an escape that JSON does not know")),
        };
        self.at += length;
        Ok(())
    }

    fn scalar(&mut self) -> Result<(), Refusal> {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.')) {
            self.at += 1;
        }
        let text = std::str::from_utf8(&self.bytes[start..self.at]).unwrap_or("");
        let known = matches!(text, "true" | "false" | "null") || is_number(text);
        if known {
            return Ok(());
        }
        self.at = start;
        Err(self.unexpected("a value that JSON does not know"))
    }
}

/// RFC 8259 §6.
fn is_number(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let text = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))),
        None => (text, None),
    };
    let (whole, fraction) =
        mantissa.split_once('.').map_or((mantissa, None), |(whole, fraction)| (whole, Some(fraction)));
    digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(digits)
        && exponent.is_none_or(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_keep_names_order_and_spans() {
        let source = "\u{20}{\"a\": [1, \"x\\\"y\"], \"b\": {}}\n";
        let tree = read(source).unwrap();
        let members: Vec<_> =
            tree.children(0).map(|id| (tree.node(id).name(source), &source[tree.node(id).span()])).collect();
        assert_eq!(members, [("a", "[1, \"x\\\"y\"]"), ("b", "{}")]);
        let array = tree.children(0).next().unwrap();
        let second = tree.children(array).nth(1).unwrap();
        assert_eq!(&source[tree.node(second).inner()], "x\\\"y");
    }

    #[test]
    fn what_is_no_json_is_refused_at_its_place() {
        for (text, at) in [
            ("", 0),
            ("{", 1),
            ("{\"a\" 1}", 5),
            ("[1,]", 3),
            ("[01]", 1),
            ("\"\n\"", 1),
            ("\"\\x\"", 1),
            ("1 2", 2),
            ("tru", 0),
            ("\"a", 2),
        ] {
            assert!(matches!(read(text), Err(Refusal::Malformed(place, _)) if place == at), "{text}: {:?}", read(text));
        }
        assert!(matches!(read(&"[".repeat(300)), Err(Refusal::TooLarge(256, Bound::Depth(_)))));
    }
}
