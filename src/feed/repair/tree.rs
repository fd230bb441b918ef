//! The pass over a feed from its root on: tokens in, well-formed text out, with a stack of what is open.
//!
//! [`Structure::Believed`] gives up on the first tag that does not balance. [`Structure::Guessed`] never gives up: an end
//! tag closes what is open inside its element, one that closes nothing is dropped; a field or item left open ends where the
//! next part of a feed begins and its own end tag does not come first; HTML's void elements close at once; what looks like a
//! tag of no known element, inside a field and without an end, is text; what the end of the text leaves open is closed.

use std::borrow::Cow;

use super::ahead::{Ahead, Mark, NOWHERE};
use super::chars::{self, Place};
use super::names::{self, Role};
use super::tag::{self, Read, Tag};
use super::{FixKind, Out, Stop, prolog};
use crate::base::limits::{MAX_DEPTH, MAX_TAGS_DOUBTED, UNKNOWN_TAG_WITHIN};
use crate::feed::sniff::{Root, Wrap};

mod open;
mod space;

use open::OpenNames;
use space::Namespaces;

/// Whether the tags are believed to balance.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Structure {
    Believed,
    Guessed,
}

/// How a pass reads.
#[derive(Clone, Copy)]
pub(super) struct How {
    pub(super) structure: Structure,
    /// References to U+0080–U+009F mean windows-1252.
    pub(super) c1: bool,
}

/// Goes through `text`, whose root begins at `start`.
pub(super) fn mend(text: &str, start: usize, wrap: Wrap, how: How) -> Result<Out, Stop> {
    let mut out = Out { c1: how.c1, text: String::with_capacity(text.len() + 256), ..Out::default() };
    let root = chars::name(text.get(start + 1..).unwrap_or_default());
    prolog::copy(&mut out, text, start, wrap, root)?;
    let atom = names::root(root) == Some(Root::Atom);
    let mut tree = Tree {
        text,
        pos: start,
        out,
        guess: how.structure == Structure::Guessed,
        wrap,
        atom,
        stack: Vec::new(),
        names: OpenNames::default(),
        leaf: None,
        ahead: Ahead::new(text),
        spaces: Namespaces::default(),
        root_end_seen: false,
        cut: false,
        items: 0,
        doubted: 0,
    };
    tree.run()?;
    let Tree { mut out, spaces, .. } = tree;
    if spaces.declare_missing(&mut out) { Ok(out) } else { Err(Stop::NoRoot) }
}

/// An open element.
struct Open<'a> {
    /// Its name as the source has it, and as it was written.
    raw: &'a str,
    name: Cow<'a, str>,
    role: Role,
    /// Where its tag begins in the output.
    out_at: usize,
    /// Prefixes that its tag binds.
    bound: Vec<&'a str>,
}

struct Tree<'a> {
    text: &'a str,
    pos: usize,
    out: Out,
    guess: bool,
    wrap: Wrap,
    atom: bool,
    stack: Vec<Open<'a>>,
    /// The names of `stack`; only where structure is guessed.
    names: OpenNames<'a>,
    /// The open field, as an index of `stack`.
    leaf: Option<usize>,
    ahead: Ahead<'a>,
    spaces: Namespaces<'a>,
    /// The root's end tag was met, so the text is whole.
    root_end_seen: bool,
    /// The text ends inside markup.
    cut: bool,
    /// Items closed so far.
    items: usize,
    /// Unknown tags for whose end was looked.
    doubted: usize,
}

impl<'a> Tree<'a> {
    fn run(&mut self) -> Result<(), Stop> {
        while self.pos < self.text.len() {
            let rest = &self.text[self.pos..];
            if rest.starts_with('<') {
                self.markup(rest)?;
            } else {
                let len = memchr::memchr(b'<', rest.as_bytes()).unwrap_or(rest.len());
                if !self.guess && memchr::memmem::find(&rest.as_bytes()[..len], b"]]>").is_some() {
                    return Err(Stop::Unbalanced); // perhaps a nested section
                }
                chars::copy(&mut self.out, &rest[..len], self.pos, Place::Text);
                self.pos += len;
            }
            if self.stack.is_empty() {
                return self.epilog();
            }
        }
        self.end_of_text()
    }

    fn markup(&mut self, rest: &'a str) -> Result<(), Stop> {
        match rest.as_bytes().get(1) {
            Some(b'/') => self.end_tag(rest),
            Some(b'!') if rest.starts_with("<!--") => self.comment(rest),
            Some(b'!') if rest.starts_with("<![CDATA[") => self.cdata(),
            Some(b'!' | b'?') => self.declaration(rest),
            _ => match tag::read(self.text, self.pos) {
                Read::Tag(tag) => self.start_tag(tag),
                Read::NotATag => {
                    self.bare_less();
                    Ok(())
                }
                Read::Cut => self.cut_off(),
            },
        }
    }

    fn bare_less(&mut self) {
        self.out.push("&lt;");
        self.out.fix(FixKind::BareLess, self.pos);
        self.pos += 1;
    }

    /// The rest is a piece of markup that the end of the text cuts.
    fn cut_off(&mut self) -> Result<(), Stop> {
        if !self.guess {
            return Err(Stop::Unbalanced);
        }
        self.cut = true;
        self.pos = self.text.len();
        Ok(())
    }

    fn start_tag(&mut self, tag: Tag<'a>) -> Result<(), Stop> {
        let mut close = tag.self_closing;
        if self.guess {
            if self.is_text(&tag) {
                self.bare_less();
                return Ok(());
            }
            if self.make_room(&tag) {
                self.pos = tag.end;
                return Ok(()); // it was meant as an end tag
            }
            if self.begins_again(&tag) {
                self.out.fix(FixKind::Restart, self.pos);
                self.pos = tag.end;
                return Ok(());
            }
            close |= self.leaf.is_some() && names::is_void(tag.name);
        } else if !tag.closed {
            return Err(Stop::Unbalanced);
        }
        if self.stack.len() >= MAX_DEPTH {
            return Err(Stop::TooDeep(self.pos));
        }
        if close != tag.self_closing {
            self.out.fix(FixKind::Unclosed, self.pos);
        }
        let out_at = self.out.text.len();
        let (name, bound) = self.spaces.write(&mut self.out, &tag, self.pos, close);
        self.pos = tag.end;
        if close {
            self.spaces.unbind(&bound);
            let in_item = self.stack.last().is_none_or(|open| open.role.holds_fields());
            self.items += usize::from(in_item && names::role(tag.name, self.atom) == Role::Item);
            return Ok(());
        }
        let role = match self.stack.last() {
            Some(parent) if !parent.role.holds_fields() => Role::Other,
            _ => names::role(tag.name, self.atom),
        };
        if role.is_field() {
            self.leaf = Some(self.stack.len());
        }
        if self.guess {
            self.names.push(tag.name, self.stack.len());
        }
        self.stack.push(Open { raw: tag.name, name, role, out_at, bound });
        Ok(())
    }

    /// True for what looks like a tag but is text: `Vec<T>`, `<someone@example.org>`, `转《<草根网>的前途》`.
    fn is_text(&mut self, tag: &Tag<'a>) -> bool {
        if self.stack.is_empty() {
            return false; // the root
        }
        let known = names::role(tag.name, self.atom) != Role::Other || names::is_html(tag.name);
        if known || tag.name.contains(':') {
            return false;
        }
        let Some(leaf) = self.leaf else { return !tag.closed };
        if tag.self_closing && !tag.junk {
            return false;
        }
        self.doubted += 1;
        if self.doubted > MAX_TAGS_DOUBTED {
            return false;
        }
        let field_end = self.ahead.find(Mark::End(self.stack[leaf].raw), self.pos);
        let end = field_end.min(tag.end + UNKNOWN_TAG_WITHIN).min(self.text.len());
        let within = self.text.as_bytes().get(tag.end..end).unwrap_or_default();
        memchr::memmem::find(within, format!("</{}", tag.name).as_bytes()).is_none()
    }

    /// Closes what the part of a feed that now begins shows to have been left open. True where the tag was meant as the
    /// end tag of the field it names (`<title>x<title>`).
    fn make_room(&mut self, tag: &Tag<'a>) -> bool {
        if self.leaf.is_some() && names::ends_at_next(tag.name) {
            if self.stack.last().is_some_and(|open| open.raw.eq_ignore_ascii_case(tag.name)) {
                self.close_to(self.stack.len() - 1);
            }
            return false;
        }
        match names::role(tag.name, self.atom) {
            Role::Other => {}
            Role::Item => {
                if let Some(parent) = self.stack.iter().rposition(|open| names::root(open.raw).is_some()) {
                    self.close_to(parent + 1);
                }
            }
            role => {
                if let Some(leaf) = self.leaf {
                    let field = self.stack[leaf].raw;
                    let own_end = self.ahead.find(Mark::End(field), self.pos);
                    if own_end == NOWHERE || own_end > self.ahead.item_edge(self.pos) {
                        let meant = field == tag.name && role == Role::Simple && tag.attributes.is_empty();
                        let meant_as_end = meant && self.stack.len() == leaf + 1;
                        self.close_to(leaf);
                        return meant_as_end;
                    }
                }
            }
        }
        false
    }

    /// True for a root or channel where none can stand and which holds items: they belong to the feed that is open.
    fn begins_again(&mut self, tag: &Tag<'a>) -> bool {
        if self.leaf.is_some() || names::root(tag.name).is_none() || self.stack.is_empty() {
            return false;
        }
        let first_channel = self.stack.len() == 1 && !self.atom && tag.name.eq_ignore_ascii_case("channel");
        !first_channel && self.ahead.find(Mark::End(tag.name), self.pos) > self.ahead.item_edge(self.pos)
    }

    /// Closes all elements from index `keep` of the stack on.
    fn close_to(&mut self, keep: usize) {
        if self.stack.len() <= keep {
            return;
        }
        // before the white space that leads to what comes next, which may be long: moved once for all of them
        let trimmed = self.out.text.trim_end_matches([' ', '\t', '\n', '\r']).len();
        let space = self.out.text.split_off(trimmed);
        while self.stack.len() > keep {
            self.out.fix(FixKind::Unclosed, self.pos);
            self.close_top(None);
        }
        self.out.push(&space);
    }

    /// Writes the end tag of the innermost element, as `written` where the source has it.
    fn close_top(&mut self, written: Option<&str>) {
        let Some(open) = self.stack.pop() else { return };
        match written {
            Some(tag) => self.out.push(tag),
            None => self.out.text.extend(["</", &open.name, ">"]),
        }
        self.spaces.unbind(&open.bound);
        if self.guess {
            self.names.pop(open.raw);
        }
        self.items += usize::from(open.role == Role::Item);
        if self.leaf == Some(self.stack.len()) {
            self.leaf = None;
        }
    }

    fn end_tag(&mut self, rest: &'a str) -> Result<(), Stop> {
        let spaced = 2 + if self.guess { chars::space_len(&rest[2..]) } else { 0 };
        let name = chars::name(&rest[spaced..]);
        if name.is_empty() {
            self.bare_less();
            return Ok(());
        }
        let after = spaced + name.len();
        let (len, closed) = match memchr::memchr2(b'<', b'>', &rest.as_bytes()[after..]) {
            None => return self.cut_off(),
            Some(at) => (after + at, rest.as_bytes()[after + at] == b'>'),
        };
        if !closed && !self.guess {
            return Err(Stop::Unbalanced);
        }
        let tag = &rest[..len + usize::from(closed)];
        let plain = closed && spaced == 2 && chars::space_len(&rest[after..len]) == len - after;
        // what is open outside a field is a part of a feed, whose end tag ends the field too
        let top = self.stack.len() - 1;
        let opener = match self.stack[top].raw == name {
            true => Some(top),
            false if self.guess => self.names.innermost(name),
            false => return Err(Stop::Unbalanced),
        };
        match opener {
            Some(index) if !self.ends_too_early(index, self.pos + tag.len()) => {
                if self.stack[index].raw != name {
                    self.out.fix(FixKind::Case, self.pos);
                }
                self.close_to(index + 1);
                self.close_matching(tag, plain);
            }
            _ => self.out.fix(FixKind::StrayEnd, self.pos),
        }
        self.pos += tag.len();
        Ok(())
    }

    /// True where the end of the whole feed, or of its channel, comes before more items do, and where that of an item
    /// stands inside a field that ends in the same item.
    fn ends_too_early(&mut self, index: usize, after: usize) -> bool {
        if let Some(leaf) = self.leaf.filter(|_| self.guess && self.stack[index].role == Role::Item) {
            let item_end = self.ahead.find(Mark::End(self.stack[index].raw), after);
            return item_end != NOWHERE
                && item_end <= self.ahead.item_edge(after)
                && self.ahead.find(Mark::End(self.stack[leaf].raw), after) < item_end;
        }
        let is_channel = index == 1 && self.stack[0].raw.eq_ignore_ascii_case("rss") && self.stack[1].raw == "channel";
        self.root_end_seen |= index == 0;
        self.guess && (index == 0 || is_channel) && self.ahead.more_items(self.pos)
    }

    /// Closes the innermost element, whose end tag `tag` is.
    fn close_matching(&mut self, tag: &'a str, plain: bool) {
        let Some(open) = self.stack.last() else { return };
        let as_written = plain && open.name == tag[2..tag.len() - 1].trim_end_matches([' ', '\t', '\n', '\r']);
        let end = format!("</{}>", open.name);
        if !plain {
            self.out.fix(FixKind::Tag, self.pos);
        }
        self.close_top(Some(if as_written { tag } else { &end }));
    }

    fn end_of_text(&mut self) -> Result<(), Stop> {
        if !self.guess {
            return Err(Stop::Unbalanced);
        }
        if !self.root_end_seen {
            self.out.truncated = true;
            self.out.fix(FixKind::Truncated, self.text.len());
            if let Some(item) = self.stack.iter().position(|open| open.role == Role::Item) {
                let in_field = self.cut || self.stack.len() > item + 1;
                if in_field && self.items > 0 {
                    self.out.text.truncate(self.stack[item].out_at);
                    self.stack.truncate(item);
                    self.leaf = None;
                }
            }
        }
        self.close_to(0);
        Ok(())
    }
}

mod sections;
