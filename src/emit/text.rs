//! From one kind of text to another: plain text and HTML into each other, XHTML into HTML.

use std::borrow::Cow;

use super::model::Text;
use crate::base::media_type;
use crate::html::{Fragment, Kind, Syntax};

impl Text {
    /// HTML where it has markup or a reference, else plain text; none where there is nothing.
    pub(super) fn html(text: &str) -> Option<Text> {
        let text = text.trim();
        match text {
            "" => None,
            _ if text.contains(['<', '&']) => Some(Text::Html(text.to_owned())),
            _ => Some(Text::Plain(text.to_owned())),
        }
    }

    /// Plain text; none where there is nothing.
    pub(super) fn plain(text: &str) -> Option<Text> {
        let text = text.trim();
        (!text.is_empty()).then(|| Text::Plain(text.to_owned()))
    }

    /// As a person reads it, on one line.
    pub fn as_plain(&self) -> Cow<'_, str> {
        match self {
            Text::Plain(text) if text.contains(['\n', '\t', '\r']) => Cow::Owned(crate::base::text::fold_space(text)),
            Text::Plain(text) => Cow::Borrowed(text),
            Text::Html(html) => Cow::Owned(Fragment::parse(html.clone(), Syntax::Html).plain_text()),
        }
    }

    /// As HTML. Line breaks of a plain text are kept.
    pub fn as_html(&self) -> Cow<'_, str> {
        match self {
            Text::Html(html) => Cow::Borrowed(html),
            Text::Plain(text) => Cow::Owned(escape_html(text).replace('\n', "<br>\n")),
        }
    }

    /// As text in Markdown: nothing in it is a mark.
    pub fn as_markdown(&self) -> String {
        super::template::markdown_text(&self.as_plain())
    }

    /// As HTML that a reader who takes it for plain text can read too: only what would else be read as markup is escaped.
    pub(super) fn as_title(&self) -> Cow<'_, str> {
        let text = self.as_plain();
        let is_markup = |(at, c): (usize, char)| {
            let next = text[at + c.len_utf8()..].chars().next().unwrap_or(' ');
            (c == '<' && (next.is_ascii_alphabetic() || "/!?".contains(next)))
                || (c == '&' && (next == '#' || (next.is_ascii_alphabetic() && text[at..].contains(';'))))
        };
        if !text.char_indices().any(is_markup) {
            return text;
        }
        Cow::Owned(text.replace('&', "&amp;").replace('<', "&lt;"))
    }
}

/// `text` as HTML text or attribute value.
pub(super) fn escape_html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Inline XHTML of an Atom feed as HTML: the outer `div` and prefixes go, and an empty element gets its end tag.
pub(super) fn html_of_xhtml(markup: &str) -> String {
    const VOID: [&str; 14] =
        ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"];
    let fragment = Fragment::parse(markup.trim().to_owned(), Syntax::Xhtml);
    let all = fragment.len();
    let is_wrapped = all > 1
        && fragment.is(0, "div")
        && fragment.kind(0) == (Kind::Start { self_closing: false })
        && fragment.element_end(0) == all;
    let mut out = String::with_capacity(markup.len());
    let ids = if is_wrapped { 1..all - 1 } else { 0..all };
    for id in ids {
        match fragment.kind(id) {
            Kind::Start { self_closing } => {
                let name = fragment.name(id).to_ascii_lowercase();
                out.extend(["<", &name]);
                for (attribute, value) in fragment.attrs(id).filter(|(name, _)| !name.starts_with("xmlns")) {
                    out.extend([" ", attribute, "=\"", &escape_html(&value), "\""]);
                }
                out.push('>');
                if self_closing && !VOID.contains(&name.as_str()) {
                    out.extend(["</", &name, ">"]);
                }
            }
            Kind::End => {
                let name = fragment.name(id).to_ascii_lowercase();
                if !VOID.contains(&name.as_str()) {
                    out.extend(["</", &name, ">"]);
                }
            }
            Kind::Text | Kind::RawText => out.push_str(&escape_html(&fragment.text(id))),
            _ => {}
        }
    }
    out
}

/// The media type that the ending of an address suggests, for formats that require one.
pub(super) fn mime_of(address: &str) -> &'static str {
    media_type::of_address(address).unwrap_or("application/octet-stream")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xhtml_becomes_html_that_a_browser_reads_the_same() {
        let markup = " <h:div xmlns:h='http://www.w3.org/1999/xhtml'><h:p class='a&quot;'>A &amp; B<h:br/><h:i/></h:p><![CDATA[1<2]]><!-- c --></h:div> ";
        assert_eq!(html_of_xhtml(markup), "<p class=\"a&quot;\">A &amp; B<br><i></i></p>1&lt;2");
        assert_eq!(html_of_xhtml("a<div>b</div>"), "a<div>b</div>");
    }

    #[test]
    fn a_title_is_read_the_same_as_text_and_as_html() {
        let title = |text: &str| Text::Plain(text.into()).as_title().into_owned();
        assert_eq!(title("A & B"), "A & B");
        assert_eq!(title("1 < 2"), "1 < 2");
        assert_eq!(title("The <b> tag & more"), "The &lt;b> tag &amp; more");
        assert_eq!(title("&amp; in HTML"), "&amp;amp; in HTML");
        assert_eq!(Text::Html("A <b>bold</b> &amp; new".into()).as_title(), "A bold & new");
    }
}
