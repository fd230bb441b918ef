//! A fragment as HTML that no parser can read otherwise: every element closed where it ends, none deeper than
//! [`MAX_DEPTH`]. What is given to a browser's parser, whose repairs of other HTML take quadratic time and more. Linear.

use super::Syntax;
use super::escape;
use super::fragment::{Fragment, Kind};
use crate::base::limits::{MAX_ATTRIBUTES, MAX_DEPTH};

impl Fragment {
    /// The fragment as it is now, without the element that XHTML content stands in, comments, doctypes,
    /// attributes of hundreds of references and those after hundreds of others; elements that are too deep leave what they hold.
    pub fn balanced(&self) -> String {
        let wrapper = self.wrapper();
        let mut out = String::with_capacity(self.source.len() + self.source.len() / 8);
        // Open elements: the start tag, and the token after the element.
        let mut open: Vec<(usize, usize)> = Vec::new();
        let mut id = 0;
        while id < self.len() {
            self.close(&mut open, id, &mut out);
            match self.kind(id) {
                Kind::Start { .. } if wrapper.is_some_and(|(start, _)| start == id) => {}
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
                Kind::Text if self.syntax() == Syntax::Xhtml => out.push_str(&escape(&self.text(id))),
                Kind::Text | Kind::RawText => out.push_str(self.raw(id)),
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
            // Each reference costs html5ever a copy of the value so far.
            if value.matches(['&', '<', '>', '"']).nth(MAX_REFERENCES).is_some() {
                continue;
            }
            out.extend([" ", name, "=\"", &escape(&value), "\""]);
        }
        out.push('>');
    }
}

/// Most characters of an attribute that have to be written as references; an address has some ten.
const MAX_REFERENCES: usize = 256;

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
        let xhtml = Fragment::parse("<h:div><h:p/>a<![CDATA[<]]><h:br/></h:div>".into(), Syntax::Xhtml);
        assert_eq!(xhtml.balanced(), "<p></p>a&lt;<br>");
    }
}
