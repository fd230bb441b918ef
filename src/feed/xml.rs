//! The strict XML reader: a well-formed document becomes a [`Tree`] of spans, anything else is refused with its place.
//!
//! quick-xml finds the markup and matches the tags; what it leaves unchecked (characters, names, references, attributes,
//! namespace prefixes, one root) is checked here, so that what passes is well-formed for every other parser too.
//! The bounds of `base/limits.rs` are enforced on the way. Called by [`super::Feed::read`], before and after repair.

use super::attributes::Attributes;
use super::chars::{first_bad_reference, first_forbidden, is_name, reference};
use super::error::Bound;
use super::names::{Ns, namespace};
use super::tree::{Kind, Node, NodeId, Tree};
use crate::base::limits::*;
use quick_xml::events::Event;
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
        let start = position(&reader);
        let event =
            reader.read_event().map_err(|error| malformed(position_of_error(&reader, start), &error.to_string()))?;
        let span = start..position(&reader);
        match event {
            Event::Start(_) => builder.start(span, Kind::Element)?,
            Event::Empty(_) => builder.start(span, Kind::EmptyElement)?,
            Event::End(_) => builder.end(span)?,
            Event::Text(_) => builder.text(span)?,
            Event::GeneralRef(inside) => builder.reference(span.start, &inside)?,
            Event::CData(_) => builder.inside_root(span.start, "a CDATA section outside the root element")?,
            Event::Comment(_) => {}
            Event::PI(pi) => builder.instruction(span.start, pi.target())?,
            Event::Decl(_) if span.start != 0 => {
                return Err(malformed(span.start, "an XML declaration that is not at the start"));
            }
            Event::Decl(declaration) => {
                declaration.version().map_err(|error| malformed(0, &error.to_string()))?;
            }
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

/// What is remembered of an open element.
struct Frame {
    is_item: bool,
    /// Field elements of the feed or of an item: their parent is an item, a channel or the root.
    is_field: bool,
    children: usize,
    namespaces: usize,
    bases: usize,
}

struct Builder<'a> {
    source: &'a str,
    document: Document,
    frames: Vec<Frame>,
    /// Prefix and namespace, innermost last.
    bindings: Vec<(&'a str, Ns)>,
    bases_in_force: usize,
    fields_open: usize,
    text_end_marks: bool,
}

impl<'a> Builder<'a> {
    fn new(source: &'a str) -> Builder<'a> {
        // `]]>` may only end a CDATA section: where there are more ends than sections, each text is looked into.
        let ends = memchr::memmem::find_iter(source.as_bytes(), "]]>").count();
        let sections = if ends == 0 { 0 } else { memchr::memmem::find_iter(source.as_bytes(), "<![CDATA[").count() };
        Builder {
            source,
            document: Document { tree: Tree::with_capacity(source.len() / 160 + 16), ..Document::default() },
            frames: Vec::with_capacity(16),
            bindings: vec![("xml", Ns::Xml)],
            bases_in_force: 0,
            fields_open: 0,
            text_end_marks: ends != sections,
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
            self.attributes(&span, &mut frame)?;
        }
        let qualified = &self.source[name.clone()];
        let (prefix, local) = qualified.split_once(':').unwrap_or(("", qualified));
        let Some(ns) = self.resolve(prefix) else {
            return Err(Refusal::Malformed(span.start, format!("the prefix of <{qualified}> is not declared")));
        };
        if local.is_empty() || local.contains(':') {
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
            frame.is_field = parent.is_item || (depth <= 2 && !frame.is_item && local != "channel");
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

    fn attributes(&mut self, span: &Range<usize>, frame: &mut Frame) -> Result<(), Refusal> {
        let source = self.source;
        let mut names: Vec<&str> = Vec::new();
        let mut prefixed = false;
        for attribute in Attributes::of(source, span.clone()) {
            let attribute = attribute.map_err(|at| malformed(at, "an attribute that is not written name=\"value\""))?;
            let (name, value) = (&source[attribute.name.clone()], &source[attribute.value.clone()]);
            if !is_name(name) {
                return Err(malformed(attribute.name.start, "an attribute name that XML forbids"));
            }
            if let Some(at) = first_bad_reference(value) {
                return Err(malformed(attribute.value.start + at, "an `&` that begins no known reference"));
            }
            names.push(name);
            match name.split_once(':') {
                None if name == "xmlns" => self.bind("", value, attribute.name.start, frame)?,
                Some(("xmlns", prefix)) => self.bind(prefix, value, attribute.name.start, frame)?,
                Some(("xml", "base")) => self.base(attribute.value, frame)?,
                Some(("xml", "lang")) => {
                    let id = u32::try_from(self.document.tree.len()).unwrap_or(u32::MAX);
                    self.document.languages.push((id, attribute.value));
                }
                Some(_) => prefixed = true,
                None => {}
            }
        }
        if let Some(name) = names.iter().filter(|_| prefixed).find(|name| self.is_unbound(name)) {
            return Err(Refusal::Malformed(span.start, format!("the prefix of the attribute {name} is not declared")));
        }
        names.sort_unstable();
        match names.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => {
                Err(Refusal::Malformed(span.start, format!("the attribute {} stands twice in one tag", pair[0])))
            }
            None => Ok(()),
        }
    }

    fn is_unbound(&self, attribute: &str) -> bool {
        attribute.split_once(':').is_some_and(|(prefix, _)| prefix != "xmlns" && self.resolve(prefix).is_none())
    }

    fn bind(&mut self, prefix: &'a str, uri: &str, at: usize, frame: &mut Frame) -> Result<(), Refusal> {
        if self.bindings.len() > MAX_NAMESPACES {
            return Err(Refusal::TooLarge(at, Bound::Namespaces(MAX_NAMESPACES)));
        }
        if !prefix.is_empty() && uri.trim().is_empty() {
            return Err(malformed(at, "a namespace prefix without a namespace"));
        }
        // A home-made default namespace on the root means the format itself.
        let ns = match namespace(uri) {
            Ns::Other if prefix.is_empty() && self.frames.is_empty() => Ns::None,
            ns => ns,
        };
        self.bindings.push((prefix, ns));
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

    fn resolve(&self, prefix: &str) -> Option<Ns> {
        let found = self.bindings.iter().rev().find(|(bound, _)| *bound == prefix).map(|(_, ns)| *ns);
        found.or((prefix.is_empty()).then_some(Ns::None))
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

    fn text(&mut self, span: Range<usize>) -> Result<(), Refusal> {
        let text = &self.source[span.clone()];
        if self.frames.is_empty() && !text.trim_ascii().is_empty() {
            return Err(malformed(span.start, "text outside the root element"));
        }
        match self.text_end_marks.then(|| text.find("]]>")).flatten() {
            Some(at) => Err(malformed(span.start + at, "`]]>` outside a CDATA section")),
            None => Ok(()),
        }
    }

    fn reference(&mut self, at: usize, inside: &str) -> Result<(), Refusal> {
        match reference(inside) {
            Some(_) => self.inside_root(at, "a reference outside the root element"),
            None => Err(Refusal::Malformed(
                at,
                format!("the reference &{};, which XML does not know", crate::base::text::excerpt(inside, 20)),
            )),
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
