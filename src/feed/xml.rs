//! The strict XML reader: a well-formed document becomes a [`Tree`] of spans, anything else is refused with its place.
//!
//! quick-xml finds the markup and matches the tags; what it leaves unchecked (characters, names, references, attributes,
//! namespace prefixes, one root) is checked here, so that what passes is well-formed for every other parser too.
//! The bounds of `base/limits.rs` are enforced on the way. Called by [`super::Feed::read`], before and after repair.

use super::attributes::Attributes;
use super::chars::{first_bad_reference, first_forbidden, is_name, is_name_start};
use super::error::Bound;
use super::names::{Ns, namespace};
use super::prolog::{is_declaration, is_doctype};
use super::tree::{Kind, Node, NodeId, Tree};
use crate::base::limits::*;
use memchr::memmem::FindIter;
use quick_xml::events::Event;
use std::io::BufRead;
use std::iter::Peekable;
use std::ops::Range;

/// Why a document was refused; offsets are bytes of the source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// Not well-formed: repair may help.
    Malformed(usize, String),
    /// Entity declarations: repair does not touch them.
    Unsafe(usize),
    /// A bound: repair would not help.
    TooLarge(usize, Bound),
}

/// A well-formed document.
#[derive(Debug, Clone, Default)]
pub struct Document {
    /// All elements.
    pub tree: Tree,
    /// The elements that carry `xml:base`, with the span of the value.
    pub bases: Vec<(NodeId, Range<usize>)>,
    /// The elements that carry `xml:lang`, with the span of the value.
    pub languages: Vec<(NodeId, Range<usize>)>,
}

/// Reads a whole document.
pub fn read(source: &str) -> Result<Document, Refusal> {
    if u32::try_from(source.len()).is_err() {
        return Err(Refusal::TooLarge(0, Bound::Document(u32::MAX as usize)));
    }
    if let Some(at) = first_forbidden(source) {
        return Err(malformed(at, "a character that XML forbids"));
    }
    let mut reader = quick_xml::Reader::from_str(source);
    let config = reader.config_mut();
    config.check_comments = true;
    let mut builder = Builder::new(source);
    loop {
        // Text, references and sections are most of a feed: they are gone through here, and quick-xml finds the next tag.
        let skipped = builder.content(position(&reader))?;
        reader.stream().consume(skipped);
        let start = position(&reader);
        let event =
            reader.read_event().map_err(|error| malformed(position_of_error(&reader, start), &error.to_string()))?;
        let span = start..position(&reader);
        match event {
            Event::Start(_) => builder.start(span, Kind::Element)?,
            Event::Empty(_) => builder.start(span, Kind::EmptyElement)?,
            Event::End(_) => builder.end(span)?,
            Event::Text(_) | Event::GeneralRef(_) | Event::CData(_) | Event::Comment(_) => {}
            Event::PI(pi) => builder.instruction(span.start, pi.target())?,
            Event::Decl(_) if span.start != 0 => {
                return Err(malformed(span.start, "an XML declaration that is not at the start"));
            }
            Event::Decl(_) if !is_declaration(&source[span.clone()]) => {
                return Err(malformed(0, "a malformed XML declaration"));
            }
            Event::Decl(_) => {}
            Event::DocType(_) => builder.doctype(span)?,
            Event::Eof => return builder.finish(),
        }
    }
}

fn position(reader: &quick_xml::Reader<&[u8]>) -> usize {
    usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX)
}

fn position_of_error(reader: &quick_xml::Reader<&[u8]>, start: usize) -> usize {
    usize::try_from(reader.error_position()).map_or(start, |at| at.max(start))
}

fn malformed(at: usize, what: &str) -> Refusal {
    Refusal::Malformed(at, what.to_owned())
}

/// True for what may follow a prefix and its colon, or stand without one (Namespaces in XML §3).
fn is_local(name: &str) -> bool {
    name.starts_with(is_name_start) && !name.contains(':')
}

/// What opens a CDATA section.
const CDATA_OPEN: &[u8] = b"<![CDATA[";

/// What is remembered of an open element.
struct Frame {
    is_item: bool,
    /// Field elements of the feed or of an item: their parent is an item, a channel or the root.
    is_field: bool,
    children: usize,
    namespaces: usize,
    bases: usize,
}

/// A prefix and what it stands for.
struct Binding<'a> {
    prefix: &'a str,
    /// As written: two prefixes of one namespace may not give one tag the same attribute twice.
    uri: &'a str,
    ns: Ns,
}

/// The namespace of the prefix `xml`, which is bound everywhere.
const XML_URI: &str = "http://www.w3.org/XML/1998/namespace";

struct Builder<'a> {
    source: &'a str,
    document: Document,
    frames: Vec<Frame>,
    /// Innermost last.
    bindings: Vec<Binding<'a>>,
    bases_in_force: usize,
    fields_open: usize,
    /// The `]]>` that are left: each may only end a CDATA section.
    ends: Peekable<FindIter<'a, 'static>>,
    saw_doctype: bool,
}

impl<'a> Builder<'a> {
    fn new(source: &'a str) -> Builder<'a> {
        Builder {
            source,
            document: Document { tree: Tree::with_capacity(source.len() / 160 + 16), ..Document::default() },
            frames: Vec::with_capacity(16),
            bindings: vec![Binding { prefix: "xml", uri: XML_URI, ns: Ns::Xml }],
            bases_in_force: 0,
            fields_open: 0,
            ends: memchr::memmem::find_iter(source.as_bytes(), "]]>").peekable(),
            saw_doctype: false,
        }
    }

    fn start(&mut self, span: Range<usize>, kind: Kind) -> Result<(), Refusal> {
        let tree = &self.document.tree;
        if self.frames.is_empty() && !tree.is_empty() {
            return Err(malformed(span.start, "a second root element"));
        }
        if self.frames.len() >= MAX_DEPTH {
            return Err(Refusal::TooLarge(span.start, Bound::Depth(MAX_DEPTH)));
        }
        if tree.len() >= MAX_NODES {
            return Err(Refusal::TooLarge(span.start, Bound::Nodes(MAX_NODES)));
        }
        if span.len() > if self.fields_open > 0 { MAX_FIELD } else { MAX_TAG } {
            return Err(Refusal::TooLarge(
                span.start,
                Bound::Tag(if self.fields_open > 0 { MAX_FIELD } else { MAX_TAG }),
            ));
        }
        let name = self.element_name(&span)?;
        let mut frame = Frame { is_item: false, is_field: false, children: 0, namespaces: 0, bases: 0 };
        if name.end + 1 < span.end && self.source.as_bytes()[name.end] != b'>' {
            self.attributes(&span, name.end, &mut frame)?;
        }
        let qualified = &self.source[name.clone()];
        let (prefix, local) = qualified.split_once(':').unwrap_or(("", qualified));
        let Some(ns) = self.ns(prefix) else {
            return Err(Refusal::Malformed(span.start, format!("the prefix of <{qualified}> is not declared")));
        };
        if !is_local(local) {
            return Err(malformed(span.start, "a name with a stray colon"));
        }
        self.place(&mut frame, local, span.start)?;
        let open = Node::open(kind, ns, name.end - local.len()..name.end, span.start, span.end);
        self.document.tree.push(open);
        self.fields_open += usize::from(frame.is_field);
        self.frames.push(frame);
        if kind == Kind::EmptyElement { self.close(span.end, span.end) } else { Ok(()) }
    }

    /// Where this element stands decides what bounds hold inside it.
    fn place(&mut self, frame: &mut Frame, local: &str, at: usize) -> Result<(), Refusal> {
        let depth = self.frames.len();
        frame.is_item = depth <= 2 && matches!(local, "item" | "entry");
        if let Some(parent) = self.frames.last_mut() {
            parent.children += 1;
            if parent.is_item && parent.children > MAX_ITEM_CHILDREN {
                return Err(Refusal::TooLarge(at, Bound::ItemChildren(MAX_ITEM_CHILDREN)));
            }
            frame.is_field = parent.is_item || (depth <= 2 && !frame.is_item && !matches!(local, "channel" | "items"));
        }
        Ok(())
    }

    fn element_name(&self, span: &Range<usize>) -> Result<Range<usize>, Refusal> {
        let start = span.start + 1;
        let bytes = self.source.as_bytes();
        let mut end = start;
        while end < span.end && (bytes[end].is_ascii_alphanumeric() || matches!(bytes[end], b':' | b'_' | b'-' | b'.'))
        {
            end += 1;
        }
        if end > start
            && (bytes[start].is_ascii_alphabetic() || bytes[start] == b'_')
            && matches!(bytes[end], b'>' | b'/' | b' ' | b'\n' | b'\t' | b'\r')
        {
            return Ok(start..end);
        }
        while end < span.end && !matches!(bytes[end], b'>' | b'/' | b' ' | b'\n' | b'\t' | b'\r') {
            end += 1;
        }
        if is_name(&self.source[start..end]) {
            Ok(start..end)
        } else {
            Err(malformed(span.start, "a `<` that begins no tag"))
        }
    }

    fn attributes(&mut self, span: &Range<usize>, name_end: usize, frame: &mut Frame) -> Result<(), Refusal> {
        let source = self.source;
        let mut names: Vec<(&str, &str)> = Vec::new();
        let mut end = name_end;
        for attribute in Attributes::of(source, span.clone()) {
            let attribute = attribute.map_err(|at| malformed(at, "an attribute that is not written name=\"value\""))?;
            let (name, value) = (&source[attribute.name.clone()], &source[attribute.value.clone()]);
            let (prefix, local) = name.split_once(':').unwrap_or(("", name));
            if !is_name(name) || !is_local(local) || name.starts_with(':') {
                return Err(malformed(attribute.name.start, "an attribute name that XML forbids"));
            }
            if let Some(at) = first_bad_reference(value) {
                return Err(malformed(attribute.value.start + at, "an `&` that begins no known reference"));
            }
            end = attribute.value.end + 1;
            names.push((local, prefix));
            match (prefix, local) {
                ("", "xmlns") => self.bind("", value, attribute.name.start, frame)?,
                ("xmlns", prefix) => self.bind(prefix, value, attribute.name.start, frame)?,
                ("xml", "base") => self.base(attribute.value, frame)?,
                ("xml", "lang") => {
                    let id = u32::try_from(self.document.tree.len()).unwrap_or(u32::MAX);
                    self.document.languages.push((id, attribute.value));
                }
                _ => {}
            }
        }
        if !matches!(source[end..span.end].trim_ascii_start(), ">" | "/>") {
            return Err(malformed(end, "a tag that does not end after its attributes"));
        }
        self.unique(&mut names, span.start)
    }

    /// No attribute may stand twice in a tag, under another prefix of its namespace neither; each prefix is bound.
    fn unique(&self, names: &mut [(&str, &str)], at: usize) -> Result<(), Refusal> {
        let uri = |prefix: &str| if prefix.is_empty() { Some("") } else { self.binding(prefix).map(|found| found.uri) };
        if let Some((local, prefix)) = names.iter().find(|(_, prefix)| *prefix != "xmlns" && uri(prefix).is_none()) {
            let what = format!("the prefix of the attribute {prefix}:{local} is not declared");
            return Err(Refusal::Malformed(at, what));
        }
        names.sort_unstable();
        let twice = names.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| pair[0].0);
        let twice = twice.or_else(|| {
            let mut same_local = names.chunk_by(|a, b| a.0 == b.0).filter(|same| same.len() > 1);
            same_local.find_map(|same| {
                let mut uris: Vec<_> = same.iter().filter_map(|(_, prefix)| uri(prefix)).collect();
                uris.sort_unstable();
                uris.windows(2).any(|pair| pair[0] == pair[1]).then_some(same[0].0)
            })
        });
        match twice {
            Some(name) => Err(Refusal::Malformed(at, format!("the attribute {name} stands twice in one tag"))),
            None => Ok(()),
        }
    }

    fn bind(&mut self, prefix: &'a str, uri: &'a str, at: usize, frame: &mut Frame) -> Result<(), Refusal> {
        if self.bindings.len() > MAX_NAMESPACES {
            return Err(Refusal::TooLarge(at, Bound::Namespaces(MAX_NAMESPACES)));
        }
        if !prefix.is_empty() && uri.is_empty() {
            return Err(malformed(at, "a namespace prefix without a namespace"));
        }
        if prefix == "xmlns" || uri == "http://www.w3.org/2000/xmlns/" || (prefix == "xml") != (uri == XML_URI) {
            return Err(malformed(at, "a namespace or prefix that XML keeps for itself"));
        }
        // A home-made default namespace on the root means the format itself.
        let ns = match namespace(uri) {
            Ns::Other if prefix.is_empty() && self.frames.is_empty() => Ns::None,
            ns => ns,
        };
        self.bindings.push(Binding { prefix, uri, ns });
        frame.namespaces += 1;
        Ok(())
    }

    fn base(&mut self, value: Range<usize>, frame: &mut Frame) -> Result<(), Refusal> {
        if value.len() > MAX_XML_BASE {
            return Err(Refusal::TooLarge(value.start, Bound::XmlBase(MAX_XML_BASE)));
        }
        self.bases_in_force += 1;
        frame.bases += 1;
        if self.bases_in_force > MAX_XML_BASE_NESTED {
            return Err(Refusal::TooLarge(value.start, Bound::XmlBaseNested(MAX_XML_BASE_NESTED)));
        }
        let id = u32::try_from(self.document.tree.len()).unwrap_or(u32::MAX);
        self.document.bases.push((id, value));
        Ok(())
    }

    fn binding(&self, prefix: &str) -> Option<&Binding<'a>> {
        self.bindings.iter().rev().find(|binding| binding.prefix == prefix)
    }

    /// The namespace of an element with that prefix.
    fn ns(&self, prefix: &str) -> Option<Ns> {
        self.binding(prefix).map(|found| found.ns).or(prefix.is_empty().then_some(Ns::None))
    }

    fn end(&mut self, span: Range<usize>) -> Result<(), Refusal> {
        self.close(span.start, span.end)
    }

    fn close(&mut self, inner_end: usize, end: usize) -> Result<(), Refusal> {
        let Some(frame) = self.frames.pop() else { return Err(malformed(inner_end, "an end tag without its start")) };
        self.bindings.truncate(self.bindings.len() - frame.namespaces);
        self.bases_in_force -= frame.bases;
        self.fields_open -= usize::from(frame.is_field);
        let start = self.document.tree.close(inner_end, end);
        if frame.is_field && end - start > MAX_FIELD {
            return Err(Refusal::TooLarge(start, Bound::Field(MAX_FIELD)));
        }
        Ok(())
    }

    /// Goes through the character data from `start` on: how many bytes stand before the next tag, comment or instruction.
    fn content(&mut self, start: usize) -> Result<usize, Refusal> {
        let bytes = self.source.as_bytes();
        let mut at = start;
        loop {
            let rest = bytes.get(at..).unwrap_or_default();
            let text = at..at + memchr::memchr(b'<', rest).unwrap_or(rest.len());
            at = text.end;
            self.text(text)?;
            if !bytes[at..].starts_with(CDATA_OPEN) {
                return Ok(at - start);
            }
            self.inside_root(at, "a CDATA section outside the root element")?;
            while self.ends.next_if(|end| *end < at + CDATA_OPEN.len()).is_some() {}
            let Some(end) = self.ends.next() else {
                return Err(malformed(at, "a CDATA section without its end"));
            };
            at = end + 3;
        }
    }

    fn text(&mut self, span: Range<usize>) -> Result<(), Refusal> {
        let text = &self.source[span.clone()];
        if self.frames.is_empty() && !text.trim_ascii().is_empty() {
            return Err(malformed(span.start, "text outside the root element"));
        }
        while self.ends.next_if(|end| *end < span.start).is_some() {}
        if let Some(end) = self.ends.peek().filter(|end| **end < span.end) {
            return Err(malformed(*end, "`]]>` outside a CDATA section"));
        }
        match first_bad_reference(text) {
            Some(at) => Err(malformed(span.start + at, "an `&` that begins no reference XML knows")),
            None => Ok(()),
        }
    }

    fn inside_root(&self, at: usize, what: &str) -> Result<(), Refusal> {
        if self.frames.is_empty() { Err(malformed(at, what)) } else { Ok(()) }
    }

    fn instruction(&self, at: usize, target: &str) -> Result<(), Refusal> {
        if is_name(target) && !target.eq_ignore_ascii_case("xml") {
            Ok(())
        } else {
            Err(malformed(at, "a processing instruction without a proper name"))
        }
    }

    fn doctype(&mut self, span: Range<usize>) -> Result<(), Refusal> {
        let text = &self.source[span.clone()];
        if text.contains("<!ENTITY") {
            return Err(Refusal::Unsafe(span.start));
        }
        if span.len() > MAX_DOCTYPE {
            return Err(Refusal::TooLarge(span.start, Bound::Doctype(MAX_DOCTYPE)));
        }
        if !self.document.tree.is_empty() {
            return Err(malformed(span.start, "a DOCTYPE after the root element began"));
        }
        if std::mem::replace(&mut self.saw_doctype, true) {
            return Err(malformed(span.start, "a second DOCTYPE"));
        }
        if !is_doctype(text, None) {
            return Err(malformed(span.start, "a DOCTYPE that is malformed or declares something itself"));
        }
        Ok(())
    }

    fn finish(self) -> Result<Document, Refusal> {
        if !self.frames.is_empty() {
            return Err(malformed(self.source.len(), "the document ends inside an element"));
        }
        if self.document.tree.is_empty() {
            return Err(malformed(self.source.len(), "no element"));
        }
        Ok(self.document)
    }
}
