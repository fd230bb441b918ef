//! A page as it is read: decoded, its pieces found by a recipe's picks.
//!
//! Charset: what HTTP says, or the page's `meta` where that is surer, else as feeds are guessed. Bounded by the size of a page
//! ([`MAX_PAGE`](crate::base::limits::MAX_PAGE), held by the pipeline); linear.

use std::borrow::Cow;

use super::pages::Body;
use crate::base::limits::{FILE_SHOWS_WITHIN, MAX_PAGE, MAX_TYPE_SHOWN, XML_DECLARATION_WITHIN};
use crate::base::text::excerpt;
use crate::base::url::{Url, absolute, is_base};
use crate::feed::charset;
use crate::html::{Fragment, Syntax};

/// A page, decoded and cut into tokens.
#[derive(Debug)]
pub(in crate::rules) struct Page {
    pub html: Fragment,
    /// What its relative addresses are read against.
    pub base: Url,
}

impl Page {
    /// Reads `body`, in whose text `replace` is done first.
    pub fn read(body: &Body, replace: &[(String, String)]) -> Page {
        let html = Fragment::parse(decoded(body, replace), Syntax::Html);
        let own = html.base_href().and_then(|href| body.url.join(href.trim()).ok()).filter(is_base);
        Page { base: own.unwrap_or_else(|| body.url.clone()), html }
    }

    /// The address that `reference` means on this page, if a browser could follow it.
    pub fn address(&self, reference: &str) -> Option<Url> {
        self.base.join(reference.trim()).ok().filter(|url| matches!(url.scheme(), "http" | "https"))
    }

    /// What stands in the element that begins at `start`, with the element's own tags.
    pub fn outer(&self, start: usize) -> &str {
        let last = self.html.element_end(start).saturating_sub(1).max(start);
        self.html.source().get(self.html.span(start).start..self.html.span(last).end).unwrap_or_default()
    }
}

/// The text of `body`, in which `replace` is done.
pub(in crate::rules) fn decoded(body: &Body, replace: &[(String, String)]) -> String {
    let http = body.content_type.as_deref().and_then(charset::label);
    let own = meta_charset(&body.bytes);
    let mut text = charset::decode(&body.bytes, charset::surer(http, own.as_deref())).text;
    for (find, with) in replace {
        let grows = text.matches(find.as_str()).count() * with.len().saturating_sub(find.len());
        // what would make a giant of a page is left undone
        if text.len() + grows <= 2 * MAX_PAGE && text.contains(find.as_str()) {
            text = Cow::Owned(text.replace(find.as_str(), with));
        }
    }
    text.into_owned()
}

/// What `body` is, if it is no page that a person reads: by its type, and by its beginning where that says nothing.
pub(in crate::rules) fn file(body: &Body) -> Option<String> {
    let kind = body.content_type.as_deref().and_then(|kind| kind.split(';').next()).unwrap_or_default();
    let kind = kind.trim().to_ascii_lowercase();
    let is_file = match kind.split_once('/') {
        Some(("application", what)) => !(what.ends_with("xml") || what == "octet-stream"),
        Some(("image" | "audio" | "video" | "font", _)) => true,
        _ => false,
    };
    if is_file {
        return Some(excerpt(&kind, MAX_TYPE_SHOWN));
    }
    let head = body.bytes.get(..body.bytes.len().min(FILE_SHOWS_WITHIN)).unwrap_or_default();
    match () {
        () if head.starts_with(b"%PDF-") => Some("a PDF file".to_owned()),
        () if head.contains(&0) && !charset::decode(head, None).text.trim_ascii_start().starts_with('<') => {
            Some("a file that holds no text".to_owned())
        }
        () => None,
    }
}

/// Makes the addresses of `html` absolute.
pub(in crate::rules) fn complete(html: &mut Fragment, base: &Url) {
    html.map_urls(|_, url| absolute(base, url));
}

/// The charset that a `meta` at the head of a page names (HTML, "prescan a byte stream", in short).
fn meta_charset(bytes: &[u8]) -> Option<String> {
    let head = bytes.get(..bytes.len().min(XML_DECLARATION_WITHIN * 4))?;
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    let at = head.match_indices("charset").map(|(at, _)| at + "charset".len()).find_map(|at| {
        let rest = head.get(at..)?.trim_start().strip_prefix('=')?.trim_start();
        let rest = rest.trim_start_matches(['"', '\'']);
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | ':' | '.')))?;
        Some(rest.get(..end)?.to_owned())
    });
    at.filter(|label| !label.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(bytes: &[u8], content_type: Option<&str>) -> Page {
        let url = Url::parse("https://site.example/a/b.html").unwrap();
        let body = Body { bytes: bytes.to_vec().into(), content_type: content_type.map(str::to_owned), url };
        Page::read(&body, &[])
    }

    #[test]
    fn the_charset_is_the_servers_or_the_metas() {
        let gbk = b"<meta charset=\"gb2312\"><p>\xcc\xa8\xcd\xe5</p>";
        assert!(page(gbk, None).html.plain_text().contains("台湾"));
        assert!(page(b"<p>\xcc\xa8\xcd\xe5</p>", Some("text/html; charset=GBK")).html.plain_text().contains("台湾"));
        let default = "text/html; charset=ISO-8859-1";
        assert!(page(gbk, Some(default)).html.plain_text().contains("台湾"), "a server's default is no knowledge");
        assert!(
            page(b"<meta charset=latin1>caf\xe9", Some("text/html; charset=windows-1252"))
                .html
                .plain_text()
                .contains("café")
        );
        let http_equiv = b"<meta http-equiv=Content-Type content='text/html; charset=big5'><p>\xa5x\xc6W</p>";
        assert!(page(http_equiv, None).html.plain_text().contains("台灣"));
    }

    #[test]
    fn files_are_told_from_pages() {
        let said = |bytes: &[u8], content_type: Option<&str>| {
            let url = Url::parse("https://site.example/").unwrap();
            file(&Body { bytes: bytes.to_vec().into(), content_type: content_type.map(str::to_owned), url })
        };
        let utf16: Vec<u8> = "<p>台灣".encode_utf16().flat_map(u16::to_le_bytes).collect();
        for (bytes, content_type) in [
            (&b"<p>a"[..], None),
            (b"<p>a", Some("text/html; charset=utf-8")),
            (b"<p>a", Some("application/xhtml+xml")),
            (b"<p>a", Some("application/octet-stream")),
            (b"a", Some("text/plain")),
            (b"a", Some("html")),
            (b"  <p>a\0b", Some("text/html")),
            (&[&[0xFF, 0xFE], utf16.as_slice()].concat(), Some("text/html")),
        ] {
            assert_eq!(said(bytes, content_type), None, "{content_type:?} {bytes:?}");
        }
        for (bytes, content_type, what) in [
            (&b"{}"[..], Some("Application/JSON;charset=utf-8"), "application/json"),
            (b"x", Some("image/svg+xml"), "image/svg+xml"),
            (b"%PDF-1.4\n<p>a", Some("text/html"), "a PDF file"),
            (b"\x89PNG\r\n\x1a\n\0\0<p>", None, "a file that holds no text"),
        ] {
            assert_eq!(said(bytes, content_type).as_deref(), Some(what), "{content_type:?} {bytes:?}");
        }
    }

    #[test]
    fn replacing_makes_no_giant_of_a_page() {
        let body = Body {
            bytes: "ab".repeat(1 << 20).into(),
            content_type: None,
            url: Url::parse("https://a.example/").unwrap(),
        };
        let replace = [("a".to_owned(), "x".repeat(100)), ("b".to_owned(), "c".to_owned())];
        assert_eq!(Page::read(&body, &replace).html.source(), "ac".repeat(1 << 20));
    }

    #[test]
    fn addresses_are_read_against_the_page_or_its_base() {
        assert_eq!(page(b"", None).address("../c").unwrap().as_str(), "https://site.example/c");
        let based = page(b"<base href='https://other.example/x/'>", None);
        assert_eq!(based.address("c").unwrap().as_str(), "https://other.example/x/c");
        assert_eq!(based.address("javascript:alert(1)"), None);
    }
}
