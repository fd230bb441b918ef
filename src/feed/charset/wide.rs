//! UTF-16 and UTF-32: told by a byte order mark or by where the zero bytes of the first ASCII characters stand.
//!
//! encoding_rs has no UTF-32, so it is written here: a unit that is no scalar value becomes U+FFFD, as does a cut last
//! unit. A mark that the bytes after it refute (`FF FE` before plain ASCII markup) is not believed.

use encoding_rs::{Encoding, UTF_16BE, UTF_16LE};

/// A wide encoding and how many bytes of byte order mark come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wide {
    Utf16 { big: bool, mark: usize },
    Utf32 { big: bool, mark: usize },
}

/// The wide encoding of `body`, if it is in one. XML and JSON both begin with ASCII characters (RFC 4627 §3).
pub(super) fn detect(body: &[u8]) -> Option<Wide> {
    let marked = match body {
        [0xFF, 0xFE, 0, 0, ..] => Some(Wide::Utf32 { big: false, mark: 4 }),
        [0, 0, 0xFE, 0xFF, ..] => Some(Wide::Utf32 { big: true, mark: 4 }),
        [0xFF, 0xFE, ..] => Some(Wide::Utf16 { big: false, mark: 2 }),
        [0xFE, 0xFF, ..] => Some(Wide::Utf16 { big: true, mark: 2 }),
        _ => None,
    };
    match (marked, body) {
        (
            Some(Wide::Utf16 { .. }),
            [_, _, b'<', b'?' | b'!' | b'r' | b'f', b'x' | b'd' | b'D' | b's' | b'e' | b'-', ..],
        ) => None,
        (Some(_), _) => marked,
        (None, [0, 0, 0, c, ..]) if ascii(*c) => Some(Wide::Utf32 { big: true, mark: 0 }),
        (None, [c, 0, 0, 0, ..]) if ascii(*c) => Some(Wide::Utf32 { big: false, mark: 0 }),
        (None, [0, a, 0, b, ..]) if ascii(*a) && ascii(*b) => Some(Wide::Utf16 { big: true, mark: 0 }),
        (None, [a, 0, b, 0, ..]) if ascii(*a) && ascii(*b) => Some(Wide::Utf16 { big: false, mark: 0 }),
        _ => None,
    }
}

fn ascii(byte: u8) -> bool {
    byte.is_ascii_graphic() || byte.is_ascii_whitespace()
}

impl Wide {
    /// The encoding's name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Wide::Utf16 { big: true, .. } => UTF_16BE.name(),
            Wide::Utf16 { .. } => UTF_16LE.name(),
            Wide::Utf32 { big: true, .. } => "UTF-32BE",
            Wide::Utf32 { .. } => "UTF-32LE",
        }
    }

    /// `body` without its mark, as text.
    pub(super) fn decode(self, body: &[u8]) -> String {
        let text = match self {
            Wide::Utf16 { big, mark } => {
                let encoding: &Encoding = if big { UTF_16BE } else { UTF_16LE };
                encoding.decode_without_bom_handling(&body[mark..]).0.into_owned()
            }
            Wide::Utf32 { big, mark } => utf32(&body[mark..], big),
        };
        // a mark written twice, or one that an unmarked label hid
        match text.strip_prefix('\u{FEFF}') {
            Some(rest) => rest.to_owned(),
            None => text,
        }
    }
}

fn utf32(body: &[u8], big: bool) -> String {
    let mut text = String::with_capacity(body.len() / 2);
    let mut units = body.chunks_exact(4);
    for unit in &mut units {
        let mut bytes = [0; 4];
        bytes.copy_from_slice(unit);
        let value = if big { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) };
        text.push(char::from_u32(value).unwrap_or(char::REPLACEMENT_CHARACTER));
    }
    if !units.remainder().is_empty() {
        text.push(char::REPLACEMENT_CHARACTER);
    }
    text
}
