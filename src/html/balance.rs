//! A fragment as HTML that no parser can read otherwise: every element closed where it ends, none deeper than
//! [`MAX_DEPTH`], long texts cut by [`CUT`]. What is given to a browser's parser, whose repairs of other HTML take quadratic time and
//! more. Linear.

use super::Syntax;
use super::escape;
use super::fragment::{Fragment, Kind};
use crate::base::limits::{MAX_ATTRIBUTES, MAX_DEPTH};

/// Stands between the parts of a long text in [`Fragment::balanced`]: html5ever, which writes what was parsed, reads the rest of a text
/// again for each `&` and each `·` in it. It shows nothing and changes nothing wherever text may stand; [`rejoined`] takes it out.
pub const CUT: &str = "<wbr data-refeed-cut=\"\">";
/// The element and the attribute of [`CUT`], for lists of what may stay.
pub const CUT_ELEMENT: &str = "wbr";
/// See [`CUT_ELEMENT`].
pub const CUT_ATTRIBUTE: &str = "data-refeed-cut";

/// `html`, which was made of a balanced fragment, without the marks between the parts of its texts.
pub fn rejoined(html: String) -> String {
    if html.contains(CUT) { html.replace(CUT, "") } else { html }
}

/// Writes `text`, cut where no character reference is. `since` counts the text since the last cut, tags or not: a parser may pass over
/// what stands between two texts.
fn cut(text: &str, since: &mut usize, out: &mut String) {
    let bytes = text.as_bytes();
    let is_between = |at: &usize| {
        let near = bytes.get(at.saturating_sub(MAX_REFERENCE)..*at).unwrap_or_default();
        bytes.get(*at) == Some(&b'&') || (text.is_char_boundary(*at) && !near.contains(&b'&'))
    };
    let mut rest = 0;
    while text.len() - rest > UNCUT.saturating_sub(*since) {
        let from = rest + UNCUT.saturating_sub(*since);
        let Some(at) = (from..text.len()).find(is_between) else { break };
        out.extend([text.get(rest..at).unwrap_or_default(), CUT]);
        (rest, *since) = (at, 0);
    }
    out.push_str(text.get(rest..).unwrap_or_default());
    *since += text.len() - rest;
}

impl Fragment {
    /// The fragment as it is now, without the element that XHTML content stands in, comments, doctypes,
    /// attributes of hundreds of references and those after hundreds of others; elements that are too deep leave what they hold.
    pub fn balanced(&self) -> String {
        let wrapper = self.wrapper();
        let mut out = String::with_capacity(self.source.len() + self.source.len() / 8);
        // Open elements: the start tag, and the token after the element.
        let mut open: Vec<(usize, usize)> = Vec::new();
        let (mut id, mut since) = (0, 0);
        while id < self.len() {
            self.close(&mut open, id, &mut out);
            match self.kind(id) {
                Kind::Start { .. } if wrapper.is_some_and(|(start, _)| start == id) => {}
                // nothing but text stays in a list to choose from, not even a cut
                Kind::Start { .. } if ["select", "option", "optgroup"].iter().any(|name| self.is(id, name)) => {}
                Kind::Start { .. } => {
                    let end = self.element_end(id);
                    let is_void = self.is_void(id);
                    if is_void || open.len() < MAX_DEPTH {
                        self.write_tag(id, &mut out);
                        open.extend((!is_void).then_some((id, end)));
                    } else if self.kind(id + 1) == Kind::RawText {
                        id += 1;
                    }
                }
                Kind::Text if self.syntax() == Syntax::Xhtml => cut(&escape(&self.text(id)), &mut since, &mut out),
                Kind::Text => cut(self.raw(id), &mut since, &mut out),
                Kind::RawText => out.push_str(self.raw(id)),
                Kind::End | Kind::Comment | Kind::Other | Kind::Removed => {}
            }
            id += 1;
        }
        self.close(&mut open, usize::MAX, &mut out);
        out
    }

    fn close(&self, open: &mut Vec<(usize, usize)>, at: usize, out: &mut String) {
        while let Some((start, _)) = open.pop_if(|(_, end)| *end <= at) {
            out.extend(["</", self.name(start), ">"]);
        }
    }

    fn write_tag(&self, id: usize, out: &mut String) {
        out.extend(["<", self.name(id)]);
        for (name, value) in self.attrs(id).take(MAX_ATTRIBUTES) {
            // Each reference costs html5ever a copy of the value so far, and with what looks like a `&nbsp;` a look at the rest.
            let is_dear = |c| matches!(c, '&' | '<' | '>' | '"' | '\u{80}'..='\u{BF}');
            if value.matches(is_dear).nth(MAX_REFERENCES).is_some() {
                continue;
            }
            out.extend([" ", name, "=\"", &escape(&value), "\""]);
        }
        out.push('>');
    }
}

/// Most characters of an attribute that have to be written as references; an address has some ten.
const MAX_REFERENCES: usize = 256;
/// Longest text that is not cut, in bytes.
const UNCUT: usize = 2048;
/// Longest character reference, in bytes: the longest name has 33.
const MAX_REFERENCE: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_element_is_closed_and_none_is_too_deep() {
        let balanced = |source: &str| Fragment::parse(source.into(), Syntax::Html).balanced();
        assert_eq!(balanced("<p a=b>x&nbsp;<b>y<p>z<br></i><!-- c -->"), "<p a=\"b\">x&nbsp;<b>y<p>z<br></p></b></p>");
        assert_eq!(balanced("<script>a</b></script></p>"), "<script>a</b></script>");
        let deep = balanced(&("<b>".repeat(MAX_DEPTH * 4) + "x"));
        assert_eq!(deep, "<b>".repeat(MAX_DEPTH) + "x" + &"</b>".repeat(MAX_DEPTH));
        let text = "a&amp;b· &notit; &#38;".repeat(1000) + "x".repeat(9000).as_str();
        let long = balanced(&text);
        assert!(long.split(CUT).all(|part| part.len() <= UNCUT + 2 * MAX_REFERENCE) && long.contains(CUT));
        assert!(long.split(CUT).all(|part| !part.ends_with("&am") && !part.starts_with("mp;")));
        assert_eq!(rejoined(long), text);
        let xhtml = Fragment::parse("<h:div><h:p/>a<![CDATA[<]]><h:br/></h:div>".into(), Syntax::Xhtml);
        assert_eq!(xhtml.balanced(), "<p></p>a&lt;<br>");
    }
}
