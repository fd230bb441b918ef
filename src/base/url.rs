//! URL helpers over the one parser (`url`, the WHATWG rules): joining relative references, component encoding.

use std::borrow::Cow;

use super::limits::MAX_URL;

pub use ::url::Url;

/// `reference` made absolute against `base`, or `None` where it already is absolute, is empty, is only a fragment
/// (`#note` names a place in the item itself), or cannot be joined. Surrounding white space is ignored.
pub fn absolute(base: &Url, reference: &str) -> Option<String> {
    let reference = reference.trim();
    if reference.is_empty() || reference.starts_with('#') || has_scheme(reference) {
        return None;
    }
    base.join(reference).ok().map(String::from)
}

/// True for a URL that relative references can be read against: hierarchical, and no longer than a URL may be.
pub fn is_base(url: &Url) -> bool {
    !url.cannot_be_a_base() && url.as_str().len() <= MAX_URL
}

/// True where `reference` begins with a scheme (`https:`, `mailto:`, `data:`): RFC 3986 §3.1.
pub fn has_scheme(reference: &str) -> bool {
    let Some(colon) = reference.find(':') else { return false };
    let scheme = &reference.as_bytes()[..colon];
    scheme.first().is_some_and(u8::is_ascii_alphabetic)
        && scheme.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
}

/// JavaScript's `encodeURIComponent`: all but `A–Z a–z 0–9 - _ . ! ~ * ' ( )` percent-encoded as UTF-8.
pub fn encode_component(text: &str) -> Cow<'_, str> {
    let kept = |b: u8| b.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&b);
    if text.bytes().all(kept) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() * 3);
    for byte in text.bytes() {
        if kept(byte) {
            out.push(char::from(byte));
        } else {
            const HEX: &[u8; 16] = b"0123456789ABCDEF";
            out.extend(['%', char::from(HEX[usize::from(byte >> 4)]), char::from(HEX[usize::from(byte & 15)])]);
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_relative_references_are_joined() {
        let base = Url::parse("https://example.org/a/b").unwrap();
        assert_eq!(absolute(&base, "c.png").as_deref(), Some("https://example.org/a/c.png"));
        assert_eq!(absolute(&base, " //cdn.example/x ").as_deref(), Some("https://cdn.example/x"));
        assert_eq!(absolute(&base, "?p=2").as_deref(), Some("https://example.org/a/b?p=2"));
        for left in ["", "#note", "https://x/", "mailto:a@b", "data:image/png;base64,AA"] {
            assert_eq!(absolute(&base, left), None, "{left}");
        }
    }

    #[test]
    fn components_are_encoded_as_javascript_does() {
        assert_eq!(encode_component("https://a/b?c=d&e=台"), "https%3A%2F%2Fa%2Fb%3Fc%3Dd%26e%3D%E5%8F%B0");
        assert_eq!(encode_component("a-b_c.d!~*'()"), "a-b_c.d!~*'()");
    }
}
