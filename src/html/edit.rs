//! Edits of a fragment's tokens. Each keeps as much of the old spelling as it can; one that cannot be done (text on a tag,
//! an attribute on a text, a name that is no name) does nothing. In XHTML what is written stays well-formed.
//!
//! Each costs time linear in the token it edits.

use std::ops::Range;

use super::Syntax;
use super::attrs::{Attr, is_space};
use super::fragment::{CDATA_CLOSE, CDATA_OPEN, CDATA_SPLIT, Fragment, Kind};
use super::spelling::{Spelling, escape, splice, xml_chars};
use super::tags::{Content, content};
use super::token::{EDITED, RAW_START, REMOVED, Sort, raw_text_len};

impl Fragment {
    /// Makes token `id`, a text or raw text, spell `new` (plain text: it is escaped as needed). What `new` has in common
    /// with the old text at both ends keeps its spelling. A raw text whose element could not hold `new`
    /// (`</script` in a script) stays as it is.
    pub fn set_text(&mut self, id: usize, new: &str) {
        let old = self.text(id);
        let (range, middle) = changed(&old, new);
        if !(range.is_empty() && middle.is_empty()) {
            self.replace_in_text(id, &[(range, middle)]);
        }
    }

    /// Replaces parts of the text of token `id`. Ranges are bytes of [`Fragment::text`], ascending and disjoint; a range
    /// that is not, or that cuts a character, is left out. The rest keeps its exact spelling (`&nbsp;`, `&#8217;`), but
    /// where that would then be read as something else.
    pub fn replace_in_text(&mut self, id: usize, edits: &[(Range<usize>, &str)]) {
        let now = match (self.kind(id), self.sort(id)) {
            (Kind::Text, Sort::Cdata) => {
                let edits: Vec<_> = edits.iter().map(|(range, new)| (range.clone(), xml_chars(new))).collect();
                let edits: Vec<_> = edits.iter().map(|(range, new)| (range.clone(), new.as_ref())).collect();
                let text = splice(&self.text(id), Spelling::Verbatim, &edits);
                format!("{CDATA_OPEN}{}{CDATA_CLOSE}", text.replace(CDATA_CLOSE, CDATA_SPLIT))
            }
            (Kind::Text, _) => splice(self.raw(id), self.text_spelling(id), edits),
            (Kind::RawText, _) => {
                let now = splice(self.raw(id), self.text_spelling(id), edits);
                if !self.holds_raw_text(id, &now) {
                    return;
                }
                now
            }
            _ => return,
        };
        self.put(id, now);
    }

    /// True where the element around the raw text `id` would end exactly after `now`.
    fn holds_raw_text(&self, id: usize, now: &str) -> bool {
        let Some(name) = id.checked_sub(1).map(|start| self.original_name(start)) else { return false };
        match content(name.as_bytes()) {
            Content::Data => false,
            Content::Plaintext => true,
            model if self.is_open(id) => raw_text_len(now.as_bytes(), name.as_bytes(), model).is_none(),
            model => raw_text_len(format!("{now}</{name}>").as_bytes(), name.as_bytes(), model)
                .is_some_and(|len| len == now.len()),
        }
    }

    /// Sets attribute `name` of the start tag `id` to `value` (plain text). It is replaced where it stands, in its own
    /// quotes (an unquoted one gets quotes), the ends it has in common with the old value keeping their spelling; a new one
    /// is written after the others. Nothing is done where `name` is not made of letters, digits and `-_.:`.
    pub fn set_attr(&mut self, id: usize, name: &str, value: &str) {
        if !matches!(self.kind(id), Kind::Start { .. }) || !is_attribute_name(name) {
            return;
        }
        let raw = self.raw(id);
        let mut last = None;
        let mut found = None;
        for attr in self.scan(id) {
            if raw.get(attr.name.clone()).is_some_and(|it| it.eq_ignore_ascii_case(name)) {
                found = Some(attr);
                break;
            }
            last = Some(attr);
        }
        let (range, with) = match found {
            Some(attr) => self.respelled(raw, &attr, value),
            None => self.appended(id, last, name, value),
        };
        let now = [raw.get(..range.start), Some(&with), raw.get(range.end..)].map(Option::unwrap_or_default).concat();
        self.put(id, now);
    }

    /// The part of the tag that holds the value of `attr`, and its new spelling.
    pub(super) fn respelled(&self, raw: &str, attr: &Attr, value: &str) -> (Range<usize>, String) {
        match &attr.value {
            Some(range)
                if attr.quote == 0
                    && raw.get(range.clone()) == Some(value)
                    && !value.is_empty()
                    && !value.contains('&') =>
            {
                (range.clone(), value.to_owned())
            }
            Some(range) if attr.quote != 0 => {
                let spelling = self.attribute_spelling(attr.quote);
                let old_raw = raw.get(range.clone()).unwrap_or_default();
                let old = super::spelling::decode(old_raw, spelling);
                let (changed, middle) = changed(&old, value);
                if changed.is_empty() && middle.is_empty() {
                    return (range.clone(), old_raw.to_owned());
                }
                (range.clone(), splice(old_raw, spelling, &[(changed, middle)]))
            }
            Some(range) => (range.clone(), self.quoted(value)),
            None => (attr.name.end..attr.name.end, format!("={}", self.quoted(value))),
        }
    }

    fn quoted(&self, value: &str) -> String {
        let value = match self.syntax {
            Syntax::Html => value.into(),
            Syntax::Xhtml => xml_chars(value),
        };
        let mut out = String::with_capacity(value.len() + 2);
        out.push('"');
        escape(&value, self.attribute_spelling(b'"'), &mut out);
        out.push('"');
        out
    }

    /// Where a new attribute goes, after the tag's `last` one, and its spelling.
    fn appended(&self, id: usize, last: Option<Attr>, name: &str, value: &str) -> (Range<usize>, String) {
        let spelled = format!(" {name}={}", self.quoted(value));
        let Some(last) = last else {
            let at = super::attrs::name_end(self.raw(id).as_bytes(), 1);
            return (at..at, spelled);
        };
        // after a bare `=` the new attribute would be read as the value
        let bare = last.quote == 0 && last.value.as_ref().is_some_and(Range::is_empty);
        let at = last.end();
        (at..at, if bare { format!("\"\"{spelled}") } else { spelled })
    }

    /// Takes attribute `name` (ASCII case ignored, duplicates too) out of the start tag `id`, with the space before it.
    pub fn remove_attr(&mut self, id: usize, name: &str) {
        self.remove_attrs(id, |found| found.eq_ignore_ascii_case(name));
    }

    /// [`Fragment::remove_attr`] for all whose names, as written, `is_meant` says so of.
    pub fn remove_attrs(&mut self, id: usize, is_meant: impl Fn(&str) -> bool) {
        if !matches!(self.kind(id), Kind::Start { .. }) {
            return;
        }
        let raw = self.raw(id);
        let bytes = raw.as_bytes();
        let (mut now, mut from) = (String::new(), 0);
        for attr in self.scan(id) {
            if !raw.get(attr.name.clone()).is_some_and(&is_meant) {
                continue;
            }
            let (mut start, end) = (attr.name.start, attr.end());
            while start > from && bytes.get(start - 1).copied().is_some_and(is_space) {
                start -= 1;
            }
            now.push_str(raw.get(from..start).unwrap_or_default());
            // neighbours must not grow together, nor a `/` become the one of `/>`
            let apart = !bytes.get(end).is_some_and(|&b| is_space(b) || b == b'>');
            if apart || bytes.get(end) == Some(&b'>') && now.ends_with('/') {
                now.push(' ');
            }
            from = end;
        }
        if from > 0 {
            now.push_str(raw.get(from..).unwrap_or_default());
            self.put(id, now);
        }
    }

    /// Takes the tokens `ids` out, and what was inserted between them. Callers keep elements balanced in XHTML. The raw
    /// text of a removed start tag goes with it, and its end tag stays while the start tag does, so that text does not
    /// become markup nor the other way round.
    pub fn remove(&mut self, ids: Range<usize>) {
        let ids = ids.start..ids.end.min(self.len());
        for id in ids.clone() {
            if !self.closes_raw_text(id) {
                self.remove_one(id, &ids);
            }
        }
        let Some(last) = ids.end.checked_sub(1).filter(|last| ids.contains(last)) else { return };
        if self.flags(last) & (RAW_START | REMOVED) == RAW_START | REMOVED && self.kind(ids.end) == Kind::RawText {
            self.remove_one(ids.end, &(ids.end..ids.end + 1));
        }
    }

    /// True of an end tag whose start tag is still there and would take what follows for raw text.
    fn closes_raw_text(&self, id: usize) -> bool {
        let start = match id.checked_sub(1) {
            Some(before) if matches!(self.sort(before), Sort::Raw | Sort::Rcdata) => before.checked_sub(1),
            before => before,
        };
        self.sort(id) == Sort::End && start.is_some_and(|start| self.flags(start) & (RAW_START | REMOVED) == RAW_START)
    }

    fn remove_one(&mut self, id: usize, ids: &Range<usize>) {
        self.forget_elements(id);
        let Some(token) = self.tokens.get_mut(id) else { return };
        token.flags |= REMOVED | EDITED;
        let entry = self.overrides.entry(id);
        entry.now = None;
        if id > ids.start {
            entry.before = String::new();
        }
        if id + 1 < ids.end {
            entry.after = String::new();
        }
    }

    /// Writes HTML before token `id`, after what was inserted there before; past the last id, at the end. In XHTML it is
    /// written as XML, under the fragment's own prefix. The inserted markup is no token, so later reads do not see it,
    /// until [`Fragment::settle`].
    pub fn insert_before(&mut self, id: usize, html: &str) {
        if id >= self.len() && !self.is_empty() {
            return self.insert_after(self.len() - 1, html);
        }
        self.insert(id, html, |entry| &mut entry.before);
    }

    /// Writes HTML after token `id`, after what was inserted there before. Where the source ended inside that token (a
    /// comment or tag without an end) it is written before it, to be read at all. As in [`Fragment::insert_before`].
    pub fn insert_after(&mut self, id: usize, html: &str) {
        if !self.is_open(id) || self.flags(id) & REMOVED != 0 {
            return self.insert(id, html, |entry| &mut entry.after);
        }
        let raw = matches!(self.sort(id), Sort::Raw | Sort::Rcdata);
        self.insert(if raw { id.saturating_sub(1) } else { id }, html, |entry| &mut entry.before);
    }

    /// Writes HTML at the head of the content: inside the element that XHTML content stands in.
    pub fn prepend(&mut self, html: &str) {
        match self.wrapper() {
            Some((start, _)) => self.insert_after(start, html),
            None => self.insert_before(0, html),
        }
    }

    /// Writes HTML at the end of the content: inside the element that XHTML content stands in.
    pub fn append(&mut self, html: &str) {
        match self.wrapper() {
            Some((_, end)) => self.insert_before(end, html),
            None => self.insert_before(self.len(), html),
        }
    }

    /// True of the element that all of an XHTML fragment stands in.
    pub fn is_wrapper(&self, start: usize) -> bool {
        self.wrapper().is_some_and(|(wrapper, _)| wrapper == start)
    }

    /// The tags of the one `div` that all of an XHTML fragment stands in (RFC 4287 §3.1.1.3). RSS with markup in it has none.
    pub(super) fn wrapper(&self) -> Option<(usize, usize)> {
        let is_space = |id: &usize| match self.kind(*id) {
            Kind::Text => self.raw(*id).trim_ascii().is_empty(),
            kind => kind == Kind::Removed,
        };
        let start = (0..self.len()).find(|id| !is_space(id))?;
        if self.syntax != Syntax::Xhtml || !self.is(start, "div") {
            return None;
        }
        let end = self.element_end(start).checked_sub(1).filter(|end| *end > start)?;
        (self.kind(end) == Kind::End && (end + 1..self.len()).all(|id| is_space(&id))).then_some((start, end))
    }

    /// Writes HTML in the place of the element that begins at `start`.
    pub fn replace_element(&mut self, start: usize, html: &str) {
        if matches!(self.kind(start), Kind::Start { .. }) {
            self.insert_before(start, html);
            self.remove_element(start);
        }
    }

    fn insert(&mut self, id: usize, html: &str, gap: fn(&mut super::overrides::Override) -> &mut String) {
        if id >= self.len().max(1) || html.is_empty() {
            return;
        }
        let html = match self.syntax {
            Syntax::Html => html.into(),
            Syntax::Xhtml => std::borrow::Cow::Owned(super::xhtml::written(html, self.prefix())),
        };
        gap(self.overrides.entry(id)).push_str(&html);
    }

    /// What stands before the names of this XHTML fragment's elements: `h:`, or nothing.
    fn prefix(&self) -> &str {
        let first = (0..self.len()).find(|id| self.sort(*id) == Sort::Start);
        let name = first.map(|id| self.original_name(id)).unwrap_or_default();
        name.find(':').and_then(|colon| name.get(..colon + 1)).unwrap_or_default()
    }

    /// Gives a token a new spelling; none where it is the source's again.
    pub(super) fn put(&mut self, id: usize, now: String) {
        let now = (now != self.original(id)).then_some(now);
        self.forget_elements(id);
        let Some(token) = self.tokens.get_mut(id) else { return };
        if now.is_some() {
            token.flags |= EDITED;
        } else if token.flags & EDITED == 0 {
            return;
        }
        self.overrides.entry(id).now = now;
    }

    /// What is known of the elements no longer holds once a tag has changed.
    fn forget_elements(&mut self, id: usize) {
        if self.sort(id) == Sort::Start {
            self.elements.take();
        }
    }

    fn original_name(&self, id: usize) -> &str {
        let raw = self.original(id);
        raw.get(1..super::attrs::name_end(raw.as_bytes(), 1)).unwrap_or_default()
    }
}

/// What differs between two texts: the range of `old` and what stands there in `new`.
fn changed<'a>(old: &str, new: &'a str) -> (Range<usize>, &'a str) {
    let (start, end) = crate::base::text::common_ends(old, new);
    (start..old.len() - end, new.get(start..new.len() - end).unwrap_or_default())
}

pub(super) fn is_attribute_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b':'))
}

#[cfg(test)]
#[path = "edit_tests.rs"]
mod tests;
