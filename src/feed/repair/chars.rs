//! The characters of XML 1.0 (fifth edition): which may stand in text and in names, and text copied with the others left
//! out and its markup characters escaped.

use super::refs::{self, Reference};
use super::{FixKind, Out};
pub(super) use crate::feed::attributes::is_space;
use crate::feed::chars::first_forbidden;
pub(super) use crate::feed::chars::{is_name_char, is_name_start};

/// The name at the start of `text`; empty where none begins there.
pub(super) fn name(text: &str) -> &str {
    if !text.starts_with(is_name_start) {
        return "";
    }
    &text[..text.find(|c| !is_name_char(c)).unwrap_or(text.len())]
}

/// How many bytes of white space `text` starts with.
pub(super) fn space_len(text: &str) -> usize {
    text.bytes().take_while(|b| is_space(*b)).count()
}

/// True where all characters of `text` are allowed in XML.
pub(super) fn all_allowed(text: &str) -> bool {
    first_forbidden(text).is_none()
}

/// The length of the forbidden character at `at`, 0 where it is allowed. `at` may be inside a character.
fn forbidden_len(bytes: &[u8], at: usize) -> usize {
    match bytes[at] {
        b'\t' | b'\n' | b'\r' => 0,
        0..0x20 => 1,
        0xEF if matches!(bytes.get(at + 1..at + 3), Some([0xBF, 0xBE | 0xBF])) => 3,
        _ => 0,
    }
}

/// Where a piece of text stands, which decides what is escaped in it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Text,
    /// A value in these quotes.
    Attribute(u8),
    Cdata,
}

/// Bytes that are copied as they are wherever they stand.
const IS_PLAIN: [bool; 256] = {
    let mut plain = [true; 256];
    let mut byte = 0;
    while byte < 0x20 {
        plain[byte] = false;
        byte += 1;
    }
    plain[b'&' as usize] = false;
    plain[b'<' as usize] = false;
    plain[b'>' as usize] = false;
    plain[b'"' as usize] = false;
    plain[0xEF] = false;
    plain
};

/// Copies `text` (at byte `offset` of the source) to `out`, made fit for `place`.
pub(super) fn copy(out: &mut Out, text: &str, offset: usize, place: Place) {
    let bytes = text.as_bytes();
    let is_whole = match place {
        // Searching pays from a line of text on.
        _ if bytes.len() < 128 => false,
        Place::Text => memchr::memchr(b'&', bytes).is_none(),
        Place::Cdata => true,
        Place::Attribute(_) => false,
    };
    if is_whole && !out.text.ends_with(']') && all_allowed(text) && memchr::memmem::find(bytes, b"]]>").is_none() {
        return out.push(text);
    }
    let (mut copied, mut at) = (0, 0);
    loop {
        at += bytes[at..].iter().take_while(|byte| IS_PLAIN[usize::from(**byte)]).count();
        if at >= bytes.len() {
            break;
        }
        let replaced: Option<(FixKind, usize, std::borrow::Cow<'static, str>)> = match (bytes[at], place) {
            (b'&', Place::Text | Place::Attribute(_)) => match refs::read(&text[at..], out.c1) {
                Reference::Kept(len, c1) => {
                    out.saw_c1 |= c1;
                    at += len;
                    continue;
                }
                Reference::Replaced(kind, len, by) => Some((kind, len, by)),
            },
            (b'<', Place::Attribute(_)) => Some((FixKind::BareLess, 1, "&lt;".into())),
            (b'"', Place::Attribute(b'"')) => Some((FixKind::Attribute, 1, "&quot;".into())),
            (b'>', Place::Text | Place::Cdata) if bytes[copied..at].len() < 2 || bytes[..at].ends_with(b"]]") => {
                // what was left out before may have brought the brackets together
                out.push(&text[copied..at]);
                copied = at;
                let by = if place == Place::Cdata { "]]><![CDATA[>" } else { "&gt;" };
                out.text.ends_with("]]").then(|| (FixKind::CdataEnd, 1, by.into()))
            }
            _ => match forbidden_len(bytes, at) {
                0 => None,
                len => Some((FixKind::Character, len, "".into())),
            },
        };
        match replaced {
            None => at += 1,
            Some((kind, len, by)) => {
                out.push(&text[copied..at]);
                out.push(&by);
                out.fix(kind, offset + at);
                at += len;
                copied = at;
            }
        }
    }
    out.push(&text[copied..]);
}

/// Copies the inside of a comment; `--` and a last `-` get a space, forbidden characters go.
pub(super) fn copy_comment(out: &mut Out, body: &str, offset: usize) {
    out.push("<!--");
    if all_allowed(body) && !body.contains("--") && !body.ends_with('-') {
        out.push(body);
    } else {
        out.fix(FixKind::Comment, offset);
        let mut last = ' ';
        for c in body.chars().filter(|c| all_allowed(c.encode_utf8(&mut [0; 4]))) {
            if c == '-' && last == '-' {
                out.push(" ");
            }
            out.text.push(c);
            last = c;
        }
        if last == '-' {
            out.push(" ");
        }
    }
    out.push("-->");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn copied(text: &str, place: Place) -> String {
        let mut out = Out { c1: true, ..Out::default() };
        copy(&mut out, text, 0, place);
        out.text
    }

    #[test]
    fn text_is_escaped_only_where_it_has_to_be() {
        assert_eq!(copied("a > b & c\u{8}\u{FFFE}", Place::Text), "a > b &amp; c");
        assert_eq!(copied("a]]>b]\u{1}]>c", Place::Text), "a]]&gt;b]]&gt;c");
        assert_eq!(copied("]\u{1}]>&\u{FFFF}", Place::Cdata), "]]]]><![CDATA[>&");
        assert_eq!(copied("a<b\"c'&d", Place::Attribute(b'"')), "a&lt;b&quot;c'&amp;d");
    }

    #[test]
    fn comments_lose_their_double_hyphens() {
        let mut out = Out::default();
        copy_comment(&mut out, "- a -- b\u{1}---", 0);
        assert_eq!(out.text, "<!--- a - - b- - - -->");
    }
}
