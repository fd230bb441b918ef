//! Where elements end, without a tree: one pass with a stack of open elements, made when first asked for.
//!
//! End tags may be missing, crossed or too many: `p`, `li`, `dt`, `dd`, table cells and options end where HTML says their
//! next sibling ends them, an end tag closes what is open inside its element, one without a start is nothing, and no end
//! tag reaches out of a table cell. Linear in the tokens: what is popped was pushed once.

use std::collections::HashMap;

use super::Syntax;
use super::fragment::{Fragment, Kind};
use super::tags::{closes_paragraph, is_scope, is_table_part, is_void, key};
use super::token::{SELF_CLOSING, Sort};

impl Fragment {
    /// The id just after the element that begins at `start`: after its end tag, or where its end is implied. Void and
    /// self-closing elements, and tokens that begin no element, end at once. As in the source: edits do not change it.
    pub fn element_end(&self, start: usize) -> usize {
        if self.sort(start) != Sort::Start {
            return (start + 1).min(self.len());
        }
        let ends = self.ends.get_or_init(|| Ends::new(self).run());
        ends.get(start).map_or(self.len(), |&end| end as usize)
    }

    /// Takes out the element that begins at `start`, with all it holds.
    pub fn remove_element(&mut self, start: usize) {
        if matches!(self.kind(start), Kind::Start { .. }) {
            self.remove(start..self.element_end(start));
        }
    }

    /// Takes out the tags of the element that begins at `start` and leaves what it holds (but for raw text). One that
    /// declares XML namespaces, which its content may need, stays.
    pub fn unwrap_element(&mut self, start: usize) {
        if !matches!(self.kind(start), Kind::Start { .. }) || self.declares_namespace(start) {
            return;
        }
        let end = self.is_closed(start).then(|| self.element_end(start));
        self.remove(start..start + 1);
        if let Some(end) = end {
            self.remove(end - 1..end);
        }
    }
}

impl Fragment {
    /// True of an XHTML start tag with an `xmlns`.
    pub(super) fn declares_namespace(&self, start: usize) -> bool {
        self.syntax == Syntax::Xhtml && self.raw(start).contains("xmlns")
    }
}

struct Ends<'a> {
    fragment: &'a Fragment,
    ends: Vec<u32>,
    /// Open elements: key and start tag.
    stack: Vec<(u64, usize)>,
    /// Where in the stack the elements of each name stand.
    open: HashMap<u64, Vec<usize>>,
    /// Where in the stack the elements stand that end tags do not reach out of.
    scopes: Vec<usize>,
}

impl<'a> Ends<'a> {
    fn new(fragment: &'a Fragment) -> Ends<'a> {
        let ends = (0..fragment.len() as u32).map(|id| id + 1).collect();
        Ends { fragment, ends, stack: Vec::new(), open: HashMap::new(), scopes: Vec::new() }
    }

    fn run(mut self) -> Vec<u32> {
        for id in 0..self.fragment.len() {
            let Some(token) = self.fragment.tokens.get(id) else { break };
            match token.sort {
                Sort::Start => self.start(id, token.flags & SELF_CLOSING != 0),
                Sort::End => self.end(id),
                _ => {}
            }
        }
        self.pop_to(0, self.fragment.len());
        self.ends
    }

    fn key(&self, id: usize) -> u64 {
        let raw = self.fragment.source_name(id);
        key(raw.as_bytes())
    }

    fn start(&mut self, id: usize, self_closing: bool) {
        let key = self.key(id);
        let html = self.fragment.syntax == Syntax::Html;
        if html
            && let Some(&(top, _)) = self.stack.last()
            && is_ended_by(top, key)
        {
            self.pop_to(self.stack.len() - 1, id);
        }
        if self_closing || html && is_void(key) {
            return;
        }
        self.open.entry(key).or_default().push(self.stack.len());
        if html && is_scope(key) {
            self.scopes.push(self.stack.len());
        }
        self.stack.push((key, id));
    }

    fn end(&mut self, id: usize) {
        let key = self.key(id);
        let Some(&at) = self.open.get(&key).and_then(|places| places.last()) else { return };
        if !is_table_part(key) && self.scopes.last().is_some_and(|&scope| at < scope) {
            return;
        }
        self.pop_to(at + 1, id);
        self.pop_to(at, id + 1);
    }

    /// Closes all open elements from `depth` of the stack on: they end before token `end`.
    fn pop_to(&mut self, depth: usize, end: usize) {
        while self.stack.len() > depth {
            let Some((key, start)) = self.stack.pop() else { return };
            if let Some(places) = self.open.get_mut(&key) {
                places.pop();
            }
            if self.scopes.last() == Some(&self.stack.len()) {
                self.scopes.pop();
            }
            if let Some(slot) = self.ends.get_mut(start) {
                *slot = end as u32;
            }
        }
    }
}

/// True where the start tag `next` ends the open element `open` (HTML §13.2.6.4.7 and §13.1.2.4).
fn is_ended_by(open: u64, next: u64) -> bool {
    const P: u64 = key(b"p");
    const LI: u64 = key(b"li");
    const DT: u64 = key(b"dt");
    const DD: u64 = key(b"dd");
    const TR: u64 = key(b"tr");
    const TD: u64 = key(b"td");
    const TH: u64 = key(b"th");
    const OPTION: u64 = key(b"option");
    match open {
        P => closes_paragraph(next),
        LI => next == LI,
        DT | DD => matches!(next, DT | DD),
        TD | TH => matches!(next, TD | TH | TR),
        TR => next == TR,
        OPTION => next == OPTION,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The source of the element that begins with the first tag called `name`.
    fn element<'a>(source: &'a str, name: &str) -> &'a str {
        let fragment = Fragment::parse(source.into(), Syntax::Html);
        let start = (0..fragment.len()).find(|&id| fragment.is(id, name)).unwrap();
        &source[fragment.span(start).start..fragment.span(fragment.element_end(start) - 1).end]
    }

    #[test]
    fn elements_end_at_their_own_end_tag() {
        assert_eq!(element("<div><div>a</div>b</div>c", "div"), "<div><div>a</div>b</div>");
        assert_eq!(element("a<IMG src=x>b", "img"), "<IMG src=x>");
        assert_eq!(element("<x-a/>b", "x-a"), "<x-a/>");
        assert_eq!(element("<script>a</p></script>b", "script"), "<script>a</p></script>");
    }

    #[test]
    fn missing_and_crossed_end_tags_are_tolerated() {
        assert_eq!(element("<p>a<p>b", "p"), "<p>a");
        assert_eq!(element("<ul><li>a<li>b</ul>c", "li"), "<li>a");
        assert_eq!(element("<div><b>a</div>c", "b"), "<b>a");
        assert_eq!(element("<b><i>a</b>c</i>", "i"), "<i>a");
        assert_eq!(element("<b>a</i>c</b>d", "b"), "<b>a</i>c</b>");
        assert_eq!(element("<div><table><td>a</div>b</table>c</div>d", "table"), "<table><td>a</div>b</table>");
        assert_eq!(element("<div>a", "div"), "<div>a");
    }

    #[test]
    fn hostile_nesting_is_walked_once() {
        let source = "<a><i>".repeat(50_000) + &"</b></i>".repeat(50_000);
        let fragment = Fragment::parse(source, Syntax::Html);
        let total: usize = (0..fragment.len()).map(|id| fragment.element_end(id)).sum();
        assert!(total > 0);
    }

    #[test]
    fn unwrapping_leaves_the_content_but_never_turns_raw_text_into_markup() {
        let mut fragment = Fragment::parse("<a href=x>b<i>c</i></a>d".into(), Syntax::Html);
        fragment.unwrap_element(0);
        assert_eq!(fragment.render(), "b<i>c</i>d");
        let mut fragment = Fragment::parse("<noembed><img onerror=x></noembed>d".into(), Syntax::Html);
        fragment.unwrap_element(0);
        assert_eq!(fragment.render(), "d");
    }
}
