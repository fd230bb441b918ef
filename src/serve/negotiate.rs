//! `Accept-Encoding` (RFC 9110 §12.5.3) and `Accept` as far as they decide something here. Linear, no allocation.

use hyper::HeaderMap;
use hyper::header::{self, HeaderName};

use crate::cache::Encoding;

/// How welcome each coding is, in thousandths; 0 is "not acceptable".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accepted {
    encodings: [u16; Encoding::ALL.len()],
    identity: u16,
}

impl Accepted {
    /// What the request accepts. Without the header it is the plain bytes: some clients know nothing of codings.
    pub fn read(headers: &HeaderMap) -> Accepted {
        let mut said = [None; Encoding::ALL.len()];
        let (mut identity, mut others) = (None, None);
        for (token, quality) in items(headers, header::ACCEPT_ENCODING) {
            let is = |name: &str| token.eq_ignore_ascii_case(name);
            match () {
                () if is("identity") => identity = Some(quality),
                () if is("*") => others = Some(quality),
                () if is("x-gzip") => said[Encoding::Gzip.index()] = Some(quality),
                () => {
                    if let Some(encoding) = Encoding::ALL.into_iter().find(|encoding| is(encoding.token())) {
                        said[encoding.index()] = Some(quality);
                    }
                }
            }
        }
        // not named: acceptable, but last, unless `*;q=0` shuts it out
        let unnamed = if others == Some(0) { 0 } else { 1 };
        Accepted { encodings: said.map(|said| said.or(others).unwrap_or(0)), identity: identity.unwrap_or(unnamed) }
    }

    /// The codings that are acceptable, most welcome first (`None`: the plain bytes).
    pub fn preferred(self) -> impl Iterator<Item = Option<Encoding>> {
        let mut all = [None; Encoding::ALL.len() + 1];
        for (place, encoding) in all.iter_mut().zip(Encoding::ALL) {
            *place = Some(encoding);
        }
        // stable: of equals the one we would rather send comes first
        all.sort_by_key(|coding| u16::MAX - self.quality(*coding));
        all.into_iter().filter(move |coding| self.quality(*coding) > 0)
    }

    fn quality(self, coding: Option<Encoding>) -> u16 {
        coding.map_or(self.identity, |encoding| self.encodings[encoding.index()])
    }
}

/// True where the client would rather see HTML than any other type it names: a browser.
pub fn wants_html(headers: &HeaderMap) -> bool {
    let (mut html, mut others) = (0, 0);
    for (range, quality) in items(headers, header::ACCEPT) {
        match range {
            "text/html" => html = html.max(quality),
            "*/*" | "application/xhtml+xml" => {}
            _ => others = others.max(quality),
        }
    }
    html > 0 && html >= others
}

/// The members of a list header with their `q` in thousandths (RFC 9110 §12.4.2); one that cannot be read counts as 0.
fn items(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = (&str, u16)> {
    let lines = headers.get_all(name).into_iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).filter_map(|member| {
        let (token, parameters) = member.split_once(';').unwrap_or((member, ""));
        let quality = parameters.split(';').find_map(|parameter| {
            let (name, value) = parameter.split_once('=')?;
            name.trim().eq_ignore_ascii_case("q").then(|| quality(value.trim()))
        });
        let token = token.trim();
        (!token.is_empty()).then_some((token, quality.unwrap_or(1000)))
    })
}

fn quality(text: &str) -> u16 {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if !matches!(whole, "0" | "1") || fraction.len() > 3 || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return 0;
    }
    let thousandths = fraction.bytes().chain(*b"000").take(3).fold(0, |sum, digit| sum * 10 + u16::from(digit - b'0'));
    if whole == "1" { 1000 } else { thousandths }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Encoding::{Brotli, Gzip, Zstd};
    use hyper::header::HeaderValue;
    use proptest::prelude::*;

    fn map(name: HeaderName, lines: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(&name, HeaderValue::from_bytes(line.as_bytes()).unwrap());
        }
        headers
    }

    fn preferred(lines: &[&str]) -> Vec<Option<Encoding>> {
        Accepted::read(&map(header::ACCEPT_ENCODING, lines)).preferred().collect()
    }

    #[test]
    fn the_table() {
        for (lines, expected) in [
            (&[][..], &[None][..]),
            (&[""], &[None]),
            (&["gzip"], &[Some(Gzip), None]),
            (&["GZIP , deflate"], &[Some(Gzip), None]),
            (&["x-gzip"], &[Some(Gzip), None]),
            (&["gzip, deflate, br, zstd"], &[Some(Brotli), Some(Zstd), Some(Gzip), None]),
            (&["gzip", "br"], &[Some(Brotli), Some(Gzip), None]),
            (&["gzip;q=0.9, br;q=0.2, zstd;q=0.5"], &[Some(Gzip), Some(Zstd), Some(Brotli), None]),
            (&["gzip;q=0.5, identity"], &[None, Some(Gzip)]),
            (&["gzip;q=0"], &[None]),
            (&["identity;q=0, gzip"], &[Some(Gzip)]),
            (&["identity;q=0"], &[]),
            (&["*;q=0"], &[]),
            (&["*"], &[Some(Brotli), Some(Zstd), Some(Gzip), None]),
            (&["*;q=0, gzip;q=0.001"], &[Some(Gzip)]),
            (&["gzip;q=0, *"], &[Some(Brotli), Some(Zstd), None]),
            (&["gzip;q=2"], &[None]),
            (&["gzip;q=0.1234"], &[None]),
            (&["gzip; Q=1.000"], &[Some(Gzip), None]),
        ] {
            assert_eq!(preferred(lines), expected, "{lines:?}");
        }
    }

    #[test]
    fn a_browser_is_told_from_a_feed_reader() {
        for (accept, html) in [
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", true),
            ("text/html", true),
            ("*/*", false),
            ("", false),
            ("application/rss+xml, application/xml;q=0.9, text/html;q=0.8", false),
            ("application/json, text/html;q=0.5", false),
            ("text/html;q=0", false),
        ] {
            assert_eq!(wants_html(&map(header::ACCEPT, &[accept])), html, "{accept}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(line in "[ -~]{0,80}") {
            let _ = preferred(&[&line]);
            let _ = wants_html(&map(header::ACCEPT, &[&line]));
        }
    }
}
