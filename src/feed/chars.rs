//! What XML 1.0 allows: characters (§2.2), names (§2.3) and references (§4.1).

use std::ops::RangeInclusive;

/// The offset of the first character that XML 1.0 forbids: controls but tab, LF and CR; U+FFFE and U+FFFF.
pub fn first_forbidden(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let suspicious = |b: u8| b < 0x20 && !matches!(b, b'\t' | b'\n' | b'\r');
    let control = bytes
        .chunks(4096)
        .position(|chunk| chunk.iter().fold(false, |found, b| found | suspicious(*b)))
        .and_then(|chunk| bytes[chunk * 4096..].iter().position(|b| suspicious(*b)).map(|at| chunk * 4096 + at));
    // As above, without an early end: nearly no text has one.
    let pairs = || bytes.iter().zip(bytes.iter().skip(1));
    let is_lead = |(a, b): (&u8, &u8)| (*a == 0xEF) & (*b == 0xBF);
    let noncharacter = match pairs().fold(false, |found, pair| found | is_lead(pair)) {
        true => pairs().enumerate().find(|(at, pair)| is_lead(*pair) && matches!(bytes.get(at + 2), Some(0xBE | 0xBF))),
        false => None,
    };
    let noncharacter = noncharacter.map(|(at, _)| at);
    [control, noncharacter].into_iter().flatten().min()
}

/// True for the characters XML 1.0 allows in a document.
pub fn is_allowed(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}

/// True for an XML `Name`, colons included.
pub fn is_name(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(is_name_start) && chars.all(is_name_char)
}

/// XML's `NameStartChar`.
pub fn is_name_start(c: char) -> bool {
    const RANGES: [RangeInclusive<char>; 12] = [
        '\u{C0}'..='\u{D6}',
        '\u{D8}'..='\u{F6}',
        '\u{F8}'..='\u{2FF}',
        '\u{370}'..='\u{37D}',
        '\u{37F}'..='\u{1FFF}',
        '\u{200C}'..='\u{200D}',
        '\u{2070}'..='\u{218F}',
        '\u{2C00}'..='\u{2FEF}',
        '\u{3001}'..='\u{D7FF}',
        '\u{F900}'..='\u{FDCF}',
        '\u{FDF0}'..='\u{FFFD}',
        '\u{10000}'..='\u{EFFFF}',
    ];
    c.is_ascii_alphabetic() || c == '_' || c == ':' || (!c.is_ascii() && RANGES.iter().any(|range| range.contains(&c)))
}

/// XML's `NameChar`.
pub fn is_name_char(c: char) -> bool {
    is_name_start(c)
        || c.is_ascii_digit()
        || matches!(c, '-' | '.' | '\u{B7}' | '\u{300}'..='\u{36F}' | '\u{203F}'..='\u{2040}')
}

/// The character of a reference's inside (`amp`, `#38`, `#x26`), where XML 1.0 knows it without a DTD and allows it.
pub fn reference(inside: &str) -> Option<char> {
    match inside {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let digits = inside.strip_prefix('#')?;
            let code = match digits.strip_prefix('x') {
                Some(hex) if hex.bytes().all(|b| b.is_ascii_hexdigit()) => u32::from_str_radix(hex, 16).ok()?,
                None if digits.bytes().all(|b| b.is_ascii_digit()) => digits.parse().ok()?,
                _ => return None,
            };
            char::from_u32(code).filter(|c| is_allowed(*c))
        }
    }
}

/// The reference that `text` begins with (at its `&`): how long it is, and its character.
pub fn reference_at(text: &str) -> Option<(usize, char)> {
    match text.as_bytes() {
        [b'&', b'l', b't', b';', ..] => Some((4, '<')),
        [b'&', b'g', b't', b';', ..] => Some((4, '>')),
        [b'&', b'a', b'm', b'p', b';', ..] => Some((5, '&')),
        [b'&', b'q', b'u', b'o', b't', b';', ..] => Some((6, '"')),
        bytes => {
            let end = memchr::memchr2(b';', b'<', bytes)?;
            Some((end + 1, reference(text.get(1..end).filter(|_| bytes[end] == b';')?)?))
        }
    }
}

/// The offset of the first `&` in `text` that begins no known reference.
pub fn first_bad_reference(text: &str) -> Option<usize> {
    memchr::memchr_iter(b'&', text.as_bytes()).find(|at| text.get(*at..).and_then(reference_at).is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forbidden_characters_are_found_wherever_they_stand() {
        assert_eq!(first_forbidden("a\tb\r\n台"), None);
        assert_eq!(first_forbidden(&format!("{}\u{8}", "a".repeat(5000))), Some(5000));
        assert_eq!(first_forbidden("台\u{FFFE}\u{1}"), Some(3));
        assert_eq!(first_forbidden("ﻼ\u{FFFD}"), None);
    }

    #[test]
    fn references_are_those_of_xml_without_a_dtd() {
        assert_eq!(reference("#x53f0"), Some('台'));
        assert_eq!(reference("#38"), Some('&'));
        for unknown in ["nbsp", "#0", "#8", "#x", "#", "", "#xD800", "#+38", "AMP", "#99999999999"] {
            assert_eq!(reference(unknown), None, "{unknown}");
        }
        assert_eq!(first_bad_reference("a &amp; b &c"), Some(10));
    }
}
