//! Malformed JSON Feeds made valid JSON: what is fine keeps its bytes, what is not is mended or left out.
//!
//! Handles a byte order mark and garbage around the value, a page around it, commas too many or missing, raw control
//! characters and bad escapes in strings, values that are none, and a text cut in the middle (what is open is closed, the
//! item that was being read is left out unless it is the only one). Iterative, linear, no deeper than `MAX_DEPTH`.

use super::{Error, FixKind, Out, Repaired};
use crate::base::limits::MAX_DEPTH;
use crate::feed::sniff::{self, Sniffed, Wrap};

/// Makes the JSON Feed in `text` valid JSON.
///
/// # Errors
/// [`Error`]: no JSON Feed in it, too deep.
pub fn json(text: &str) -> Result<Repaired, Error> {
    match sniff::classify(text) {
        Sniffed::Json { start, wrap: Wrap::Bare } => mend(text, start).map(|out| out.finish(text)),
        Sniffed::Json { start, .. } => {
            let inner = super::unwrap_escaped(&text[start..]);
            let mut out = mend(&inner, 0)?;
            out.fix(FixKind::Wrapped, 0);
            Ok(out.finish(&inner))
        }
        Sniffed::NotAFeed(why) => Err(why.into()),
        Sniffed::Xml { .. } => Err(super::not_this(text)),
    }
}

/// An open object or array.
struct Open {
    close: char,
    /// Members or values so far, the one being read included.
    count: usize,
    /// Where the output ended before that one, with its comma.
    before_last: usize,
    /// It is the array of the outermost `items`.
    items: bool,
}

/// What may come next inside the innermost open value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Want {
    /// A value (in an array) or a key (in an object).
    Entry,
    Colon,
    /// The value of a key.
    Value,
    /// A comma or the end.
    Comma,
}

struct Mender<'a> {
    text: &'a str,
    at: usize,
    out: Out,
    open: Vec<Open>,
    want: Want,
    /// A comma is held back until an entry follows it; its place.
    comma: Option<usize>,
    /// The last key of the outermost object is `items`.
    at_items: bool,
}

fn mend(text: &str, start: usize) -> Result<Out, Error> {
    let mut mender = Mender {
        text,
        at: start,
        out: Out { text: String::with_capacity(text.len()), ..Out::default() },
        open: Vec::new(),
        want: Want::Entry,
        comma: None,
        at_items: false,
    };
    let lead = &text[..start];
    if lead.chars().all(|c| matches!(c, ' ' | '\t' | '\n' | '\r')) {
        mender.out.push(lead);
    } else {
        mender.out.fix(FixKind::BeforeRoot, 0);
    }
    mender.run()?;
    Ok(mender.out)
}

impl Mender<'_> {
    fn run(&mut self) -> Result<(), Error> {
        while let Some(c) = self.text[self.at..].chars().next() {
            match c {
                ' ' | '\t' | '\n' | '\r' => {
                    self.out.text.push(c);
                    self.at += 1;
                }
                '{' | '[' => self.opening(c)?,
                '}' | ']' => self.closing(c),
                ',' => self.comma(),
                ':' => {
                    if self.want == Want::Colon {
                        self.out.push(":");
                        self.want = Want::Value;
                    } else {
                        self.out.fix(FixKind::JsonValue, self.at);
                    }
                    self.at += 1;
                }
                '"' => self.string(),
                _ => self.bare_word(c),
            }
            if self.open.is_empty() {
                self.trailing();
                return Ok(());
            }
        }
        self.cut();
        Ok(())
    }

    fn comma(&mut self) {
        self.end_member();
        if self.want == Want::Comma && self.comma.is_none() {
            self.comma = Some(self.out.text.len());
            self.want = Want::Entry;
        } else {
            self.out.fix(FixKind::Comma, self.at);
        }
        self.at += 1;
    }

    /// A key without a value gets one.
    fn end_member(&mut self) {
        let missing = match self.want {
            Want::Colon => ":null",
            Want::Value => "null",
            Want::Entry | Want::Comma => return,
        };
        self.out.push(missing);
        self.out.fix(FixKind::JsonValue, self.at);
        self.want = Want::Comma;
    }

    /// Makes room for a value or key: the comma before it, written where it stood, or one that is missing.
    fn entry(&mut self) {
        if self.want == Want::Value {
            return;
        }
        self.end_member();
        let end = self.out.text.len();
        let place = match self.comma.take() {
            Some(place) => {
                self.out.text.insert(place, ',');
                place
            }
            None if self.want == Want::Comma => {
                self.out.text.push(',');
                self.out.fix(FixKind::Comma, self.at);
                end
            }
            None => end,
        };
        if let Some(open) = self.open.last_mut() {
            open.count += 1;
            open.before_last = place;
        }
    }

    /// A key comes next, not a value.
    fn wants_key(&self) -> bool {
        self.want != Want::Value && self.open.last().is_some_and(|open| open.close == '}')
    }

    fn opening(&mut self, c: char) -> Result<(), Error> {
        if self.wants_key() {
            self.entry();
            self.out.push("\"\":");
            self.out.fix(FixKind::JsonValue, self.at);
        } else {
            self.entry();
        }
        if self.open.len() >= MAX_DEPTH {
            let (line, column) = crate::base::text::line_column(self.text, self.at);
            return Err(Error::TooDeep { line, column });
        }
        let items = c == '[' && self.open.len() == 1 && self.at_items;
        self.out.text.push(c);
        let close = if c == '{' { '}' } else { ']' };
        self.open.push(Open { close, count: 0, before_last: self.out.text.len(), items });
        self.want = Want::Entry;
        self.at += 1;
        Ok(())
    }

    fn closing(&mut self, c: char) {
        // a bracket of the other kind closes what is open inside its own
        let Some(index) = self.open.iter().rposition(|open| open.close == c) else {
            self.out.fix(FixKind::JsonValue, self.at);
            self.at += 1;
            return;
        };
        while self.open.len() > index + 1 {
            self.out.fix(FixKind::Unclosed, self.at);
            self.close_top();
        }
        self.close_top();
        self.at += 1;
    }

    fn close_top(&mut self) {
        self.end_member();
        if self.comma.take().is_some() {
            self.out.fix(FixKind::Comma, self.at);
        }
        if let Some(open) = self.open.pop() {
            self.out.text.push(open.close);
        }
        self.want = Want::Comma;
    }

    /// A string is a key or a value; the state moves on accordingly.
    fn after_scalar(&mut self, key: bool) {
        self.want = if key { Want::Colon } else { Want::Comma };
    }

    fn string(&mut self) {
        let key = self.wants_key();
        self.entry();
        let written = self.out.text.len();
        self.out.push("\"");
        let closed = self.string_body();
        self.out.push("\"");
        if !closed {
            self.out.fix(FixKind::JsonString, self.at);
        }
        if key && self.open.len() == 1 {
            self.at_items = &self.out.text[written..] == "\"items\"";
        }
        if closed {
            self.after_scalar(key);
        } else {
            self.want = if key { Want::Colon } else { Want::Value }; // cut: see `cut`
        }
    }

    /// Copies from the opening quote to the closing one; false where the text ends first.
    fn string_body(&mut self) -> bool {
        self.at += 1;
        loop {
            let rest = &self.text[self.at..];
            let len = rest.bytes().position(|b| matches!(b, b'"' | b'\\' | 0..0x20)).unwrap_or(rest.len());
            self.out.push(&rest[..len]);
            self.at += len;
            match rest.as_bytes().get(len) {
                None => return false,
                Some(b'"') => {
                    self.at += 1;
                    return true;
                }
                Some(b'\\') => self.escape(&rest[len..]),
                Some(control) => {
                    self.out.fix(FixKind::Character, self.at);
                    match control {
                        b'\n' => self.out.push("\\n"),
                        b'\r' => self.out.push("\\r"),
                        b'\t' => self.out.push("\\t"),
                        _ => {} // says nothing
                    }
                    self.at += 1;
                }
            }
        }
    }

    /// Copies the escape that starts `rest`, or what it can only mean.
    fn escape(&mut self, rest: &str) {
        let len = match rest.as_bytes().get(1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => 2,
            Some(b'u') => match unit(rest) {
                Some(0xD800..0xDC00)
                    if rest.get(6..).and_then(unit).is_some_and(|low| (0xDC00..0xE000).contains(&low)) =>
                {
                    12
                }
                Some(0xD800..0xE000) => {
                    self.out.fix(FixKind::JsonString, self.at);
                    self.out.push("\\ufffd");
                    self.at += 6;
                    return;
                }
                Some(_) => 6,
                None => 0,
            },
            Some(b'\'') => {
                self.out.fix(FixKind::JsonString, self.at);
                self.at += 1;
                return;
            }
            _ => 0,
        };
        if len > 0 {
            self.out.push(&rest[..len]);
            self.at += len;
        } else {
            self.out.fix(FixKind::JsonString, self.at);
            self.out.push("\\\\");
            self.at += 1;
        }
    }

    /// Numbers and literals; anything else is a string that lost its quotes.
    fn bare_word(&mut self, first: char) {
        let rest = &self.text[self.at..];
        let ends =
            |c: char| c.is_whitespace() || c.is_control() || matches!(c, ',' | ':' | '{' | '}' | '[' | ']' | '"');
        let len = rest.find(ends).unwrap_or(rest.len()).max(first.len_utf8());
        let word = &rest[..len];
        self.at += len;
        if first.is_whitespace() || first.is_control() || first == '\u{FEFF}' {
            self.out.fix(FixKind::Character, self.at - len);
            return;
        }
        let key = self.wants_key();
        self.entry();
        let valid = !key && (matches!(word, "true" | "false" | "null") || is_number(word));
        if valid {
            self.out.push(word);
        } else {
            self.out.fix(FixKind::JsonValue, self.at - len);
            if matches!(word, "undefined" | "NaN" | "Infinity" | "-Infinity") && !key {
                self.out.push("null");
            } else {
                let word = word.replace('\\', "\\\\");
                self.out.text.extend(["\"", &word, "\""]);
            }
        }
        if self.at == self.text.len() && !key {
            self.want = Want::Value; // perhaps the beginning of a longer word
        } else {
            self.after_scalar(key);
        }
    }

    /// After the value only white space may follow.
    fn trailing(&mut self) {
        let rest = &self.text[self.at..];
        let space = super::chars::space_len(rest);
        self.out.push(&rest[..space]);
        if space < rest.len() {
            self.out.fix(FixKind::AfterRoot, self.at + space);
        }
    }

    /// The text ended with something open: the item, else the member or value, that was being read goes.
    fn cut(&mut self) {
        self.out.truncated = true;
        self.out.fix(FixKind::Truncated, self.text.len());
        if let Some(index) = self.open.iter().position(|open| open.items)
            && self.open.len() > index + 1
            && self.open[index].count > 1
        {
            self.drop_last(index);
        } else if matches!(self.want, Want::Colon | Want::Value) {
            // a string that is a value keeps what there is of it
            let whole =
                self.out.text.ends_with('"') && self.want == Want::Value && !self.text.trim_end().ends_with(':');
            match self.open.len().checked_sub(1) {
                Some(index) if !whole => self.drop_last(index),
                _ => self.want = Want::Comma,
            }
        }
        while !self.open.is_empty() {
            self.close_top();
        }
    }

    /// Leaves out the last entry of the open value at `index`.
    fn drop_last(&mut self, index: usize) {
        self.out.text.truncate(self.open[index].before_last);
        self.open.truncate(index + 1);
        self.comma = None;
        self.want = Want::Comma;
    }
}

/// The UTF-16 unit of the `\u` escape that starts `text`.
fn unit(text: &str) -> Option<u32> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    digits.bytes().all(|b| b.is_ascii_hexdigit()).then(|| u32::from_str_radix(digits, 16).ok())?
}

/// number (RFC 8259 §6).
fn is_number(word: &str) -> bool {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let rest = word.strip_prefix('-').unwrap_or(word);
    let int = digits(rest);
    if int == 0 || (int > 1 && rest.starts_with('0')) {
        return false;
    }
    let mut rest = &rest[int..];
    if let Some(fraction) = rest.strip_prefix('.') {
        let len = digits(fraction);
        if len == 0 {
            return false;
        }
        rest = &fraction[len..];
    }
    if let Some(exponent) = rest.strip_prefix(['e', 'E']) {
        let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        let len = digits(exponent);
        return len > 0 && len == exponent.len();
    }
    rest.is_empty()
}
