//! What a person would read of a fragment: its text on one line.

use std::ops::Range;

use super::fragment::{Fragment, Kind};
use super::tags::{is_block, key};

impl Fragment {
    /// The text as it is now: references decoded, white space folded to single spaces, a space between blocks and at `br`,
    /// none between inline elements. Scripts, styles, titles, comments and fallbacks of frames are left out; so is what
    /// edits inserted as markup.
    pub fn plain_text(&self) -> String {
        self.plain_text_of(0..self.len())
    }

    /// [`Fragment::plain_text`] of some tokens, such as those of an element.
    pub fn plain_text_of(&self, ids: Range<usize>) -> String {
        let bytes = self.span(ids.end.saturating_sub(1)).end.saturating_sub(self.span(ids.start).start);
        let mut out = Folded { text: String::with_capacity(bytes / 2), space: false };
        let mut id = ids.start;
        while id < ids.end.min(self.len()) {
            match self.kind(id) {
                Kind::Text => out.push(&self.text(id)),
                Kind::RawText if self.is_read(id) => out.push(&self.text(id)),
                Kind::Start { .. } if is_unread(self.key(id)) && self.element_end(id) > id + 1 => {
                    out.space |= is_block(self.key(id));
                    id = self.element_end(id);
                    continue;
                }
                Kind::Start { .. } | Kind::End => out.space |= is_block(self.key(id)),
                _ => {}
            }
            id += 1;
        }
        out.text
    }

    /// True of the tags of an element that stands on lines of its own, and of `br`.
    pub fn is_block(&self, id: usize) -> bool {
        is_block(self.key(id))
    }

    /// Raw text that is shown: `textarea`, `xmp`, `plaintext`.
    fn is_read(&self, id: usize) -> bool {
        id.checked_sub(1).is_some_and(|start| ["textarea", "xmp", "plaintext"].iter().any(|name| self.is(start, name)))
    }
}

/// Elements whose content nobody sees.
fn is_unread(element: u64) -> bool {
    const SCRIPT: u64 = key(b"script");
    const STYLE: u64 = key(b"style");
    const TITLE: u64 = key(b"title");
    const TEMPLATE: u64 = key(b"template");
    matches!(element, SCRIPT | STYLE | TITLE | TEMPLATE)
}

/// Text with its white space folded as it is added.
struct Folded {
    text: String,
    space: bool,
}

/// Bytes that white space may begin with: ASCII's, and the lead bytes of U+0085, U+00A0, U+1680, U+2000–205F and U+3000.
const MAY_BE_SPACE: [bool; 256] = {
    let mut may = [false; 256];
    let leads = b"\t\n\x0B\x0C\r \xC2\xE1\xE2\xE3";
    let mut at = 0;
    while at < leads.len() {
        may[leads[at] as usize] = true;
        at += 1;
    }
    may
};

impl Folded {
    fn push(&mut self, text: &str) {
        let bytes = text.as_bytes();
        let may_be_space = |at: usize| bytes.get(at).is_none_or(|&b| MAY_BE_SPACE[usize::from(b)]);
        let (mut from, mut at) = (0, 0);
        while at < bytes.len() {
            // a single space inside a run of words is copied with them
            if !may_be_space(at) || at > from && bytes.get(at) == Some(&b' ') && !may_be_space(at + 1) {
                at += 1;
                continue;
            }
            let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) else { break };
            if c.is_whitespace() {
                self.words(text.get(from..at).unwrap_or_default());
                self.space = true;
                from = at + c.len_utf8();
            }
            at += c.len_utf8();
        }
        self.words(text.get(from..).unwrap_or_default());
    }

    fn words(&mut self, words: &str) {
        if words.is_empty() {
            return;
        }
        if self.space && !self.text.is_empty() {
            self.text.push(' ');
        }
        self.space = false;
        self.text.push_str(words);
    }
}

#[cfg(test)]
mod tests {
    use super::super::Syntax;
    use super::*;

    fn plain(source: &str) -> String {
        Fragment::parse(source.into(), Syntax::Html).plain_text()
    }

    #[test]
    fn a_person_reads_words_apart_only_at_blocks() {
        assert_eq!(plain("<p>a<b>b</b>c&nbsp; d</p><p>e<br>f</p> "), "abc d e f");
        assert_eq!(plain("<ul><li>人<i>工</i></li><li>智能</ul>"), "人工 智能");
        assert_eq!(plain("a &lt;b&gt; &amp; c"), "a <b> & c");
        assert_eq!(plain(" a  b\u{3000}\u{2003}、c \n<i> d</i>é \u{A0}"), "a b 、c dé");
    }

    #[test]
    fn scripts_styles_and_comments_are_not_read() {
        assert_eq!(plain("a<script>b</script><style>c</style><!-- d -->e<title>f</title><iframe>g</iframe>"), "ae");
        let xhtml = Fragment::parse("<h:p>a<h:script>b</h:script><![CDATA[<c>]]></h:p>".into(), Syntax::Xhtml);
        assert_eq!(xhtml.plain_text(), "a<c>");
    }
}

#[cfg(test)]
mod properties {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn folding_is_splitting_and_joining(parts in prop::collection::vec("[ \t\u{A0}\u{3000}a、é]{0,6}|.{0,4}", 0..5)) {
            let mut out = Folded { text: String::new(), space: false };
            parts.iter().for_each(|part| out.push(part));
            let whole = parts.concat();
            prop_assert_eq!(out.text, whole.split_whitespace().collect::<Vec<_>>().join(" "));
        }
    }
}
