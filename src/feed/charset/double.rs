//! Strings that were encoded to UTF-8 twice: UTF-8 bytes read as windows-1252 or ISO-8859-1 and encoded again, so that
//! `财政` stands as `è´¢æ”¿`.
//!
//! Judged per string: a text run or attribute value of XML, a string of JSON. It is put right only where every stretch of
//! non-ASCII in it reverses to whole UTF-8 characters, and there are at least two of them or one that took three bytes; so a
//! text that speaks of `Ã©` stays, and so does one that holds anything which is not the product of the accident. The scan
//! jumps from one byte C3 to the next (no lead byte of Chinese, Japanese or Korean) and looks closer only where what
//! follows can be such a product. Linear; no allocation where nothing is found.

use std::borrow::Cow;

use super::Note;

/// `text` with its double-encoded strings put right.
pub(super) fn undo<'a>(text: Cow<'a, str>, notes: &mut Vec<Note>) -> Cow<'a, str> {
    let bytes = text.as_bytes();
    let mut strings = Strings { bytes, json: super::looks_like_json(bytes), done: 0, in_tag: false, next: 0 };
    let mut out = String::new();
    let (mut copied, mut count, mut next) = (0, 0, 0);
    while let Some(at) = memchr::memchr(0xC3, &bytes[next..]).map(|found| next + found) {
        next = at + 2; // C3 always leads a two-byte character
        if !may_be_lead(&bytes[at..]) {
            continue;
        }
        let run = strings.around(at);
        next = run.end.max(next);
        if let Some(fixed) = reverse(&text[run.clone()]) {
            out.push_str(&text[copied..run.start]);
            out.push_str(&fixed);
            copied = run.end;
            count += 1;
        }
    }
    if count == 0 {
        return text;
    }
    out.push_str(&text[copied..]);
    notes.push(Note::DoubleEncoded(count));
    Cow::Owned(out)
}

/// `at` begins U+00C2–U+00F4 (a lead byte read as a character) and another non-ASCII character follows.
fn may_be_lead(at: &[u8]) -> bool {
    matches!(at, [0xC3, 0x82..=0xB4, 0xC2 | 0xC5 | 0xC6 | 0xCB | 0xE2, ..])
}

/// Finds the string around an offset; offsets only grow, and no string is looked at twice.
struct Strings<'a> {
    bytes: &'a [u8],
    json: bool,
    /// Where the last string ended, and whether that was inside a tag.
    done: usize,
    in_tag: bool,
    /// The last delimiter found ahead.
    next: usize,
}

impl Strings<'_> {
    /// The string that holds `at`. All delimiters are ASCII.
    fn around(&mut self, at: usize) -> std::ops::Range<usize> {
        let (before, after) = (&self.bytes[self.done..at], &self.bytes[at..]);
        let back = if self.json { memchr::memrchr(b'"', before) } else { memchr::memrchr2(b'<', b'>', before) };
        if self.next <= at {
            let next = if self.json { memchr::memchr(b'"', after) } else { memchr::memchr2(b'<', b'>', after) };
            self.next = next.map_or(self.bytes.len(), |i| at + i);
        }
        let mut start = back.map_or(self.done, |i| self.done + i + 1);
        let mut end = self.next;
        if let Some(i) = back {
            self.in_tag = !self.json && before[i] == b'<' && !self.bytes[start..].starts_with(b"![CDATA[");
        }
        if self.in_tag {
            let quote = |b: &u8| matches!(b, b'"' | b'\'');
            start = self.bytes[start..at].iter().rposition(quote).map_or(start, |i| start + i + 1);
            end = self.bytes[at..end].iter().position(quote).map_or(end, |i| at + i);
        }
        self.done = end;
        start..end
    }
}

/// The string before its second encoding, or `None` where it was not encoded twice. Undone up to three times.
fn reverse(run: &str) -> Option<String> {
    let mut fixed = reverse_once(run)?;
    for _ in 0..2 {
        match reverse_once(&fixed) {
            Some(again) => fixed = again,
            None => break,
        }
    }
    Some(fixed)
}

fn reverse_once(run: &str) -> Option<String> {
    let bytes: Vec<u8> = run.chars().map(byte_of).collect::<Option<_>>()?;
    let fixed = String::from_utf8(bytes).ok()?;
    let mut evidence = 0;
    for c in fixed.chars().filter(|c| !c.is_ascii()) {
        // U+0080–U+009F are in no text; they come of a stretch that only looked encoded
        if c.is_control() {
            return None;
        }
        evidence += if c.len_utf8() == 2 { 1 } else { 2 };
    }
    (evidence >= 2).then_some(fixed)
}

/// The byte that windows-1252, or ISO-8859-1 where that has none, reads as `c`.
fn byte_of(c: char) -> Option<u8> {
    if let Ok(byte) = u8::try_from(u32::from(c)) {
        return Some(byte);
    }
    // 0x80–0x9F of windows-1252 (WHATWG index); NUL where it defines nothing
    const HIGH: [char; 32] = [
        '€', '\0', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\0', 'Ž', '\0', '\0', '‘', '’', '“', '”',
        '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\0', 'ž', 'Ÿ',
    ];
    HIGH.iter().position(|high| *high == c).and_then(|i| u8::try_from(0x80 + i).ok())
}
