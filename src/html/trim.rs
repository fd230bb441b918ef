//! Taking much out of a fragment at once: all but some elements, and what a removal left empty. Linear.

use super::fragment::{Fragment, Kind};
use super::overrides::Override;
use super::tags::key;

/// Elements that are nothing without content.
const HOLLOW: &[u64] = &[
    key(b"p"),
    key(b"div"),
    key(b"span"),
    key(b"a"),
    key(b"ul"),
    key(b"ol"),
    key(b"li"),
    key(b"figure"),
    key(b"center"),
    key(b"section"),
    key(b"aside"),
    key(b"small"),
    key(b"strong"),
    key(b"em"),
    key(b"b"),
    key(b"i"),
    key(b"font"),
    key(b"noscript"),
];

impl Fragment {
    /// Takes out all but the elements that begin at `starts` (ascending, none inside another). The element that XHTML
    /// content stands in stays around them, and so do those whose namespaces they may need.
    pub fn keep_only(&mut self, starts: &[usize]) {
        let mut stays = vec![false; self.len()];
        let mut stay = |id: usize| stays.get_mut(id).map(|stay| *stay = true);
        for &start in starts {
            (start..self.element_end(start)).for_each(|id| _ = stay(id));
        }
        let declaring = (0..self.len()).filter(|&id| self.declares_namespace(id));
        for start in declaring.chain(self.wrapper().map(|(start, _)| start)) {
            stay(start);
            stay(self.element_end(start).saturating_sub(1));
        }
        let mut from = 0;
        while from < self.len() {
            let run = stays.iter().skip(from).take_while(|stays| !**stays).count();
            self.remove(from..from + run);
            from += run + 1;
        }
    }

    /// Writes HTML in the place of all there is, within the element that XHTML content stands in.
    pub fn replace_all(&mut self, html: &str) {
        self.keep_only(&[]);
        self.prepend(html);
    }

    /// Takes out the paragraphs, lists, links and the like that held something before edits took it out, and hold nothing
    /// now.
    pub fn remove_hollow(&mut self) {
        // How many tokens before each id show something, and how many were taken out.
        let (mut shown, mut removed) = (Vec::with_capacity(self.len() + 1), Vec::with_capacity(self.len() + 1));
        let (mut shows, mut is_gone) = (0u32, 0u32);
        for id in 0..self.len() {
            shown.push(shows);
            removed.push(is_gone);
            match self.kind(id) {
                Kind::Text if self.text(id).trim().is_empty() => {}
                Kind::Start { .. } if HOLLOW.contains(&self.key(id)) => shows += u32::from(self.has_name(id)),
                Kind::Text | Kind::RawText | Kind::Start { .. } => shows += 1,
                Kind::Removed => is_gone += 1,
                Kind::End | Kind::Comment | Kind::Other => {}
            }
            let inserted = self.overrides.get(id).is_some_and(Override::has_insertions);
            shows += u32::from(inserted);
        }
        shown.push(shows);
        removed.push(is_gone);
        let count = |of: &[u32], from: usize, to: usize| match (of.get(from), of.get(to)) {
            (Some(from), Some(to)) => to - from,
            _ => 0,
        };
        let wrapper = self.wrapper().map(|(start, _)| start);
        let mut id = 0;
        while id < self.len() {
            let end = self.element_end(id);
            let is_hollow = matches!(self.kind(id), Kind::Start { .. })
                && HOLLOW.contains(&self.key(id))
                && wrapper != Some(id)
                && count(&shown, id, end) == 0
                && count(&removed, id, end) > 0;
            if is_hollow {
                self.remove(id..end);
            }
            id = if is_hollow { end } else { id + 1 };
        }
    }

    /// An anchor that links lead to.
    fn has_name(&self, id: usize) -> bool {
        self.attr(id, "id").is_some() || self.attr(id, "name").is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Selectors, Syntax};
    use super::*;

    fn kept(source: &str, syntax: Syntax, selector: &str) -> String {
        let mut fragment = Fragment::parse(source.into(), syntax);
        let starts = fragment.select_outermost(&Selectors::parse(selector).unwrap());
        fragment.keep_only(&starts);
        fragment.render().into_owned()
    }

    #[test]
    fn only_what_was_chosen_is_kept() {
        let html = "x<div><p>a<b>b</b></p>y<p>c</div><script>s</script>z<p>d";
        assert_eq!(kept(html, Syntax::Html, "p"), "<p>a<b>b</b></p><p>c<p>d");
        assert_eq!(kept(html, Syntax::Html, "b, p:last-of-type"), "<b>b</b><p>c<p>d");
        let xhtml = "<h:div xmlns:h='u'><h:p>a</h:p><h:i xmlns:m='v'>x<m:b/></h:i></h:div>";
        assert_eq!(kept(xhtml, Syntax::Xhtml, "b"), "<h:div xmlns:h='u'><h:i xmlns:m='v'><m:b/></h:i></h:div>");
    }

    #[test]
    fn what_was_emptied_goes_and_what_was_empty_stays() {
        let source =
            "<p><a href=x><img src=t></a> </p><p></p><ul><li><script></script></li></ul><p><i id=n><br></i></p>";
        let mut fragment = Fragment::parse(source.into(), Syntax::Html);
        for start in fragment.select(&Selectors::parse("img, script, br").unwrap()) {
            fragment.remove_element(start);
        }
        fragment.remove_hollow();
        assert_eq!(fragment.render(), "<p></p><p><i id=n></i></p>");
    }

    #[test]
    fn hostile_nesting_is_trimmed_once() {
        let mut fragment = Fragment::parse("<p><b>".repeat(50_000) + "<br>", Syntax::Html);
        fragment.remove(fragment.len() - 1..fragment.len());
        fragment.remove_hollow();
        assert_eq!(fragment.render(), "");
        let mut fragment = Fragment::parse("<div>".repeat(100_000), Syntax::Html);
        fragment.keep_only(&[99_999]);
        assert_eq!(fragment.render(), "<div>");
    }
}
