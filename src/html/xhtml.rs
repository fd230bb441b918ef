//! HTML written as XML: what a rule puts into XHTML content, and markup that came from an HTML serialiser.
//!
//! Every element is closed where HTML says it ends, names are in lower case, attributes are quoted and stand once, text is
//! escaped. Left out: comments, doctypes, attributes and elements whose names XML does not allow. Linear.

use super::Syntax;
use super::edit::is_attribute_name;
use super::fragment::{Fragment, Kind};
use super::spelling::{Spelling, escape, xml_chars};
use super::tags::is_void;

/// `html` as well-formed markup, each element's name with `prefix` before it.
pub fn written(html: &str, prefix: &str) -> String {
    let mut out = String::with_capacity(html.len() + html.len() / 8);
    write(&Fragment::parse(html.to_owned(), Syntax::Html), prefix, Fallbacks::Read, &mut out);
    out
}

/// What the content of a frame, raw text in HTML, becomes: markup, as XML reads it, but once only.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fallbacks {
    Read,
    LeftOut,
}

fn write(fragment: &Fragment, prefix: &str, fallbacks: Fallbacks, out: &mut String) {
    // Open elements: the start tag, and the token after the element.
    let mut open: Vec<(usize, usize)> = Vec::new();
    for id in 0..fragment.len() {
        close(fragment, prefix, &mut open, id, out);
        match fragment.kind(id) {
            Kind::Start { self_closing } if is_attribute_name(fragment.name(id)) => {
                tag(fragment, id, prefix, out);
                if self_closing || is_void(fragment.key(id)) || fragment.element_end(id) == id + 1 {
                    out.push_str("/>");
                } else {
                    out.push('>');
                    open.push((id, fragment.element_end(id)));
                }
            }
            Kind::Text => text(&fragment.text(id), out),
            Kind::RawText if is_frame(fragment, id) => {
                if fallbacks == Fallbacks::Read {
                    let inner = Fragment::parse(fragment.text(id).into_owned(), Syntax::Html);
                    write(&inner, prefix, Fallbacks::LeftOut, out);
                }
            }
            Kind::RawText => text(&fragment.text(id), out),
            Kind::Start { .. } | Kind::End | Kind::Comment | Kind::Other | Kind::Removed => {}
        }
    }
    close(fragment, prefix, &mut open, usize::MAX, out);
}

fn is_frame(fragment: &Fragment, raw: usize) -> bool {
    raw.checked_sub(1).is_some_and(|start| fragment.is(start, "iframe"))
}

fn close(fragment: &Fragment, prefix: &str, open: &mut Vec<(usize, usize)>, at: usize, out: &mut String) {
    while let Some((start, _)) = open.pop_if(|(_, end)| *end <= at) {
        out.extend(["</", prefix, &fragment.name(start).to_ascii_lowercase(), ">"]);
    }
}

/// `<name a="b"`, without its end.
fn tag(fragment: &Fragment, id: usize, prefix: &str, out: &mut String) {
    out.extend(["<", prefix, &fragment.name(id).to_ascii_lowercase()]);
    let mut seen: Vec<&str> = Vec::new();
    for (name, value) in fragment.attrs(id) {
        // No namespace but XML's own is declared here.
        let is_known = !name.contains(':') || name.starts_with("xml:");
        if seen.len() == MAX_WRITTEN
            || !is_attribute_name(name)
            || !is_known
            || seen.iter().any(|it| it.eq_ignore_ascii_case(name))
        {
            continue;
        }
        seen.push(name);
        out.extend([" ", &name.to_ascii_lowercase(), "=\""]);
        escape(&xml_chars(&value), Spelling::XmlAttribute(b'"'), out);
        out.push('"');
    }
}

/// Most attributes of one tag that are written: each is compared with those before it.
const MAX_WRITTEN: usize = 100;

fn text(text: &str, out: &mut String) {
    let from = out.len();
    escape(&xml_chars(text), Spelling::XmlText, out);
    debug_assert!(!out.get(from..).unwrap_or_default().contains("]]>"), "`>` is always escaped");
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn html_becomes_well_formed() {
        for (html, xml) in [
            ("<P CLASS=a class=b>a<br>b &nbsp;&amp; <B>c</p>d", "<p class=\"a\">a<br/>b \u{A0}&amp; <b>c</b></p>d"),
            ("<ul><li>a<li>b</ul></i>", "<ul><li>a</li><li>b</li></ul>"),
            ("<img src=x alt='a \"b\"'><!-- c -->", "<img src=\"x\" alt=\"a &quot;b&quot;\"/>"),
            (
                "<iframe src=a><a href=b>c</a><iframe>d</iframe>",
                "<iframe src=\"a\"><a href=\"b\">c</a><iframe></iframe></iframe>",
            ),
            ("<a onclick= x:y=1 \u{1}>\u{1}]]>", "<a onclick=\"x:y=1\">\u{FFFD}]]&gt;</a>"),
        ] {
            assert_eq!(written(html, ""), xml);
        }
        assert_eq!(written("<p>a<hr>", "h:"), "<h:p>a</h:p><h:hr/>");
    }

    proptest! {
        #[test]
        fn whatever_html_says_xml_can_be_read(html in "(<[a-z!/?]{0,3}[ a-z='\"]{0,6}>?|&[a-z#0-9]{0,3};?|[\\PC\u{0}-\u{1F}]){0,12}") {
            let xml = format!("<x>{}</x>", written(&html, ""));
            prop_assert!(roxmltree::Document::parse(&xml).is_ok(), "{xml}");
        }
    }
}
