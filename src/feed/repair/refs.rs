//! Character and entity references: which XML keeps, and what the others mean in HTML.

use std::borrow::Cow;

use super::FixKind;

/// How a `&` is to be read.
pub(super) enum Reference {
    /// Well-formed; so many bytes long; whether it names U+0080–U+009F.
    Kept(usize, bool),
    /// So many bytes are to be replaced by that.
    Replaced(FixKind, usize, Cow<'static, str>),
}

const BARE: Reference = Reference::Replaced(FixKind::BareAmpersand, 1, Cow::Borrowed("&amp;"));

/// Reads what `text`, which begins with `&`, begins with. `c1`: U+0080–U+009F mean windows-1252.
pub(super) fn read(text: &str, c1: bool) -> Reference {
    if text.as_bytes().get(1) == Some(&b'#') { numeric(text, c1) } else { named(text) }
}

/// The value, whether it is written as XML wants it, and its length; `None` where there are no digits.
fn number(text: &str) -> Option<(u32, bool, usize)> {
    let digits = text.strip_prefix("&#")?;
    let (radix, digits, plain) = match digits.as_bytes().first() {
        Some(b'x') => (16, &digits[1..], true),
        Some(b'X') => (16, &digits[1..], false),
        _ => (10, digits, true),
    };
    let len = digits.bytes().take_while(|b| char::from(*b).is_digit(radix)).count();
    if len == 0 {
        return None;
    }
    let value = digits[..len]
        .chars()
        .filter_map(|c| c.to_digit(radix))
        .fold(0_u32, |value, digit| value.saturating_mul(radix).saturating_add(digit));
    let closed = digits.as_bytes().get(len) == Some(&b';');
    let end = text.len() - digits.len() + len + usize::from(closed);
    Some((value, plain && closed, end))
}

fn numeric(text: &str, c1: bool) -> Reference {
    let Some((value, plain, len)) = number(text) else { return BARE };
    // a character of the upper planes as two surrogates, as JavaScript counts
    if (0xD800..0xDC00).contains(&value)
        && let Some((low @ 0xDC00..0xE000, _, low_len)) = number(&text[len..])
    {
        let joined = 0x10000 + ((value - 0xD800) << 10) + (low - 0xDC00);
        return Reference::Replaced(FixKind::Reference, len + low_len, format!("&#{joined};").into());
    }
    let high = (0x80..0xA0).contains(&value);
    match char::from_u32(value).filter(|c| is_allowed(*c)) {
        None => Reference::Replaced(FixKind::Character, len, "".into()),
        Some(_) if high && c1 => {
            let byte = [u8::try_from(value).unwrap_or(b' ')];
            let c = encoding_rs::WINDOWS_1252.decode_without_bom_handling(&byte).0.into_owned();
            Reference::Replaced(FixKind::Reference, len, c.into())
        }
        Some(_) if plain => Reference::Kept(len, high),
        Some(_) => Reference::Replaced(FixKind::Reference, len, format!("&#{value};").into()),
    }
}

/// Char (§2.2).
fn is_allowed(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}

fn named(text: &str) -> Reference {
    let len = 1 + text.bytes().skip(1).take(htmlize::ENTITY_MAX_LENGTH).take_while(u8::is_ascii_alphanumeric).count();
    let closed = text.as_bytes().get(len) == Some(&b';');
    if closed && matches!(&text[..len], "&amp" | "&lt" | "&gt" | "&quot" | "&apos") {
        return Reference::Kept(len + 1, false);
    }
    let full = len + usize::from(closed);
    // without its semicolon only a whole word counts, and not the name of a query's parameter
    let word = closed || !matches!(text.as_bytes().get(len), Some(b'=' | b'_' | b'-' | b'%'));
    match htmlize::ENTITIES.get(&text.as_bytes()[..full]).and_then(|bytes| std::str::from_utf8(bytes).ok()) {
        Some(value) if word => {
            let kind = if closed { FixKind::Entity } else { FixKind::Reference };
            let escaped = match value {
                "&" => "&amp;",
                "<" => "&lt;",
                ">" => "&gt;",
                "\"" => "&quot;",
                "'" => "&apos;",
                _ => return Reference::Replaced(kind, full, value.replace('<', "&lt;").into()),
            };
            Reference::Replaced(kind, full, escaped.into())
        }
        _ if closed && len > 1 => Reference::Replaced(FixKind::Entity, 1, "&amp;".into()),
        _ => BARE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn means(text: &str) -> String {
        match read(text, true) {
            Reference::Kept(len, _) => text[..len].to_owned(),
            Reference::Replaced(_, len, by) => format!("{by}{}", &text[len..]),
        }
    }

    #[test]
    fn references_mean_what_html_reads() {
        for (from, to) in [
            ("&amp;", "&amp;"),
            ("&#x1F600;", "&#x1F600;"),
            ("&nbsp;", "\u{A0}"),
            ("&hellip;x", "…x"),
            ("&NotEqualTilde;", "≂\u{338}"),
            ("&LT;", "&lt;"),
            ("&AMP;", "&amp;"),
            ("&foo;", "&amp;foo;"),
            ("& b", "&amp; b"),
            ("&", "&amp;"),
            ("&;", "&amp;;"),
            ("&nbsp b", "\u{A0} b"),
            ("&copy=1", "&amp;copy=1"),
            ("&notit", "&amp;notit"),
            ("&lang=zh", "&amp;lang=zh"),
            ("&#8217 s", "&#8217; s"),
            ("&#X41;", "&#65;"),
            ("&#8;", ""),
            ("&#0;", ""),
            ("&#x1F;", ""),
            ("&#xFFFE;", ""),
            ("&#99999999999;", ""),
            ("&#150;", "–"),
            ("&#x80;", "€"),
            ("&#129;", "\u{81}"),
            ("&#55357;&#56832;", "&#128512;"),
            ("&#55357;", ""),
            ("&#;", "&amp;#;"),
            ("&#x;", "&amp;#x;"),
        ] {
            assert_eq!(means(from), to, "{from}");
        }
    }
}
