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

/// What two addresses of one page have in common: neither scheme, `www.`, the slash at the end, the fragment nor parameters that
/// only say how a reader came there (`utm_…` and the like) count.
pub fn canonical(url: &Url) -> String {
    let came = ["fbclid", "gclid", "igshid", "mc_cid", "mc_eid", "msclkid", "spm", "yclid"];
    let counts = |pair: &&str| {
        let name = pair.split('=').next().unwrap_or("").to_ascii_lowercase();
        !name.is_empty() && !name.starts_with("utm_") && !came.contains(&name.as_str())
    };
    let query: Vec<&str> = url.query().unwrap_or_default().split('&').filter(counts).collect();
    let host = url.host_str().unwrap_or_default();
    let scheme = if matches!(url.scheme(), "http" | "https") { "" } else { url.scheme() };
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    let host = host.strip_prefix("www.").unwrap_or(host);
    format!("{scheme}//{host}{port}{}?{}", url.path().trim_end_matches('/'), query.join("&"))
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
    fn addresses_of_one_page_are_one() {
        let of = |text: &str| canonical(&Url::parse(text).unwrap());
        assert_eq!(of("http://www.a.example/b/?utm_source=x&c=1#d"), of("https://a.example/b?c=1&fbclid=y"));
        assert_ne!(of("https://a.example/b?c=1"), of("https://a.example/b?c=2"));
        assert_ne!(of("https://a.example/b"), of("https://a.example:8443/b"));
    }

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
