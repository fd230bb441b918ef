//! The document: a feed held as its decoded source, a tree of spans over it, and a list of edits. What no rule touches comes out as it
//! came in, byte for byte; the output is well-formed whatever came in.
//!
//! [`Feed::read`] decodes, recognises, reads strictly and, where that fails, repairs and reads again; bounds are those of
//! `base/limits.rs`. Rules work through fields and kinds ([`Field`], [`Kind`], [`Slot`]), never through element names.
//! [`Feed::emit`] copies the untouched spans and writes the edits.

mod attributes;
mod chars;
pub mod charset;
mod codec;
pub mod dates;
pub mod discover;
mod dropped;
mod emit;
mod enclosure_edit;
mod enclosures;
mod error;
mod fields;
mod grow;
pub mod history;
mod hubs;
mod item;
pub mod json;
pub mod merge;
mod names;
mod prolog;
mod raw;
pub mod repair;
mod rhythm;
mod scope;
mod selection;
mod shapes;
mod slots;
pub mod sniff;
pub mod tree;
mod view;
pub mod xml;

pub use self::hubs::Hubs;
pub use chars::is_allowed as is_xml_char;
pub use enclosures::Enclosure;
pub use error::{Bound, FeedError};
pub use fields::{Field, Kind};
pub use item::Place;
pub use names::Ns;
pub use rhythm::Rhythm;
pub use shapes::as_html;
pub use slots::{Medium, Slot};
pub use view::Element;

use crate::base::limits::{MAX_ITEMS, MAX_NOTES, MAX_REPAIRED};
use crate::base::text::line_column;
use crate::base::url::Url;
use attributes::Attributes;
use sniff::{Root, Sniffed, Wrap};
use std::collections::BTreeMap;
use std::sync::OnceLock;
use tree::{NodeId, Tree};
use xml::{Document, Refusal};

/// The formats refeed reads and writes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// RSS 0.90 (RDF).
    Rss090,
    /// RSS 0.91 to 0.94.
    Rss09x,
    /// RSS 1.0 (RDF).
    Rss10,
    /// RSS 2.0.
    Rss20,
    /// Atom 0.3.
    Atom03,
    /// Atom 1.0.
    Atom10,
    /// JSON Feed 1.
    Json10,
    /// JSON Feed 1.1.
    Json11,
}

impl Format {
    /// The media type that a feed of this format is served with.
    pub fn content_type(self) -> &'static str {
        match self {
            Format::Rss090 | Format::Rss10 => "application/rdf+xml; charset=utf-8",
            Format::Rss09x | Format::Rss20 => "application/rss+xml; charset=utf-8",
            Format::Atom03 | Format::Atom10 => "application/atom+xml; charset=utf-8",
            Format::Json10 | Format::Json11 => "application/feed+json; charset=utf-8",
        }
    }

    /// The name for people.
    pub fn name(self) -> &'static str {
        match self {
            Format::Rss090 => "RSS 0.90",
            Format::Rss09x => "RSS 0.9x",
            Format::Rss10 => "RSS 1.0",
            Format::Rss20 => "RSS 2.0",
            Format::Atom03 => "Atom 0.3",
            Format::Atom10 => "Atom 1.0",
            Format::Json10 => "JSON Feed 1",
            Format::Json11 => "JSON Feed 1.1",
        }
    }

    /// True where items of `other` are written as items of this format are, so that [`Feed::insert_items`] takes them.
    pub fn takes_items_of(self, other: Format) -> bool {
        self.family() == other.family()
    }

    /// A number for what [`Format::takes_items_of`] compares, for a store.
    pub fn family(self) -> u8 {
        match self {
            Format::Rss090 => 1,
            Format::Rss10 => 2,
            Format::Rss09x | Format::Rss20 => 3,
            Format::Atom03 => 4,
            Format::Atom10 => 5,
            Format::Json10 | Format::Json11 => 6,
        }
    }

    /// True for the two JSON formats.
    pub fn is_json(self) -> bool {
        matches!(self, Format::Json10 | Format::Json11)
    }
}

/// A feed and what the rules did to it.
#[derive(Debug)]
pub struct Feed {
    /// The document as it was read, and behind it the scratch: what rules added.
    source: String,
    /// Where the scratch begins.
    origin: usize,
    format: Format,
    document: Document,
    /// What elements without a namespace mean.
    root_ns: Ns,
    /// RSS's channel, Atom's feed, the JSON object.
    head: NodeId,
    items: Vec<NodeId>,
    /// The items that are left, as indexes of `items`, in the order of the output.
    order: Vec<u32>,
    /// What each of `items` is known by, whatever is inserted: see [`Feed::number`].
    numbers: Vec<u32>,
    /// How many numbers were given.
    numbered: u32,
    /// What rules dropped, where somebody wants to see it.
    dropped: Option<dropped::Dropped>,
    /// The items that the rule at work may see, by their number; all where there is none.
    selected: Option<Vec<bool>>,
    slots: OnceLock<item::Index>,
    /// What the feed's own relative references are read against: found once, for each of them asks.
    base: OnceLock<Option<Url>>,
    edits: BTreeMap<u32, item::Edit>,
    growth: grow::Growth,
    url: Option<Url>,
    notes: Vec<String>,
    truncated: bool,
}

impl Feed {
    /// Reads a feed from the bytes of a body. `content_type` is the HTTP header, for its charset; `url` the address it came from,
    /// against which relative links are read where the feed says nothing better.
    ///
    /// # Errors
    /// [`FeedError`]: the body is no feed, cannot be repaired, or exceeds a bound.
    pub fn read(body: &[u8], content_type: Option<&str>, url: Option<&Url>) -> Result<Feed, FeedError> {
        if let Some(what) = sniff::binary(body) {
            return Err(FeedError::NotAFeed { why: what.to_string() });
        }
        let decoded = charset::decode(body, content_type.and_then(charset::label));
        let mut notes: Vec<String> = decoded.notes.iter().map(ToString::to_string).collect();
        let text = decoded.text;
        let (is_json, wrap) = match sniff::classify(&text) {
            Sniffed::Xml { wrap, .. } => (false, wrap),
            Sniffed::Json { wrap, .. } => (true, wrap),
            Sniffed::NotAFeed(not_a_feed) => return Err(FeedError::NotAFeed { why: not_a_feed.to_string() }),
        };
        let strict = |text: &str| match is_json {
            true => json::read(text).map(|tree| Document { tree, ..Document::default() }),
            false => xml::read(text),
        };
        let read = match wrap {
            Wrap::Bare => strict(&text),
            Wrap::Markup | Wrap::Escaped => Err(Refusal::Malformed(0, "a feed inside an HTML page".to_owned())),
        };
        match read {
            Ok(document) => Feed::index(text.into_owned(), document, url, notes, false),
            Err(Refusal::Malformed(at, what)) => {
                let refused = || {
                    let (line, column) = line_column(&text, at);
                    FeedError::Malformed { line, column, what: what.clone() }
                };
                let repair = if is_json { repair::json } else { repair::xml };
                let repaired = repair(&text).map_err(|error| FeedError::from_repair(error, refused))?;
                if repaired.text.len() > text.len().saturating_mul(MAX_REPAIRED) {
                    return Err(refused());
                }
                notes.push(repaired.summary());
                // its declaration may have stood where nobody looked for one
                let text = charset::true_label(repaired.text.into()).into_owned();
                let document = strict(&text).map_err(|refusal| match refusal {
                    Refusal::Malformed(..) => refused(),
                    bound => place(bound, &text),
                })?;
                Feed::index(text, document, url, notes, repaired.truncated)
            }
            Err(refusal) => Err(place(refusal, &text)),
        }
    }

    /// Finds the format, the head and the items.
    fn index(
        source: String,
        document: Document,
        url: Option<&Url>,
        mut notes: Vec<String>,
        truncated: bool,
    ) -> Result<Feed, FeedError> {
        let tree = &document.tree;
        let format = format_of(&source, tree).ok_or_else(|| FeedError::NotAFeed { why: not_a_root(&source, tree) })?;
        let (head, items) = if format.is_json() { json_items(&source, tree) } else { xml_items(&source, tree) };
        let kept = items.len().min(MAX_ITEMS);
        if kept < items.len() {
            notes.push(format!("of {} items the first {MAX_ITEMS} are kept", items.len()));
        }
        let root_ns = match format {
            Format::Atom10 => Ns::Atom10,
            Format::Atom03 => Ns::Atom03,
            _ => Ns::Rss,
        };
        let order = (0..u32::try_from(kept).unwrap_or(0)).collect();
        let numbered = u32::try_from(items.len()).unwrap_or(0);
        let (slots, base, edits) = (OnceLock::new(), OnceLock::new(), BTreeMap::new());
        Ok(Feed {
            origin: source.len(),
            source,
            format,
            document,
            root_ns,
            head,
            items,
            order,
            numbers: (0..numbered).collect(),
            numbered,
            dropped: None,
            selected: None,
            slots,
            base,
            edits,
            growth: grow::Growth::default(),
            url: url.cloned(),
            notes,
            truncated,
        })
    }

    /// The format it was written in, which is the one it is emitted in.
    pub fn format(&self) -> Format {
        self.format
    }

    /// What had to be done to read it (charset, repairs, items left out), and what rules could not do. For the log and for
    /// `explain`.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Adds to the notes, once; they are at most [`MAX_NOTES`].
    pub fn note(&mut self, note: String) {
        if self.notes.len() < MAX_NOTES && !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    /// True where the input ended in the middle: a good copy of it should be kept instead.
    pub fn is_truncated(&self) -> bool {
        self.truncated
    }

    /// The address it came from.
    pub fn url(&self) -> Option<&Url> {
        self.url.as_ref()
    }
}

/// A refusal at its line and column.
fn place(refusal: Refusal, text: &str) -> FeedError {
    let at = |offset| line_column(text, offset);
    match refusal {
        Refusal::Malformed(offset, what) => {
            let (line, column) = at(offset);
            FeedError::Malformed { line, column, what }
        }
        Refusal::Unsafe(offset) => {
            let (line, column) = at(offset);
            FeedError::UnsafeXml { line, column }
        }
        Refusal::TooLarge(offset, bound) => {
            let (line, column) = at(offset);
            FeedError::TooLarge { line, column, bound }
        }
    }
}

fn not_a_root(source: &str, tree: &Tree) -> String {
    match tree.node(0).name(source) {
        "" => "a JSON document that is not a JSON Feed".to_owned(),
        name => format!("an XML document whose root is <{}>", crate::base::text::excerpt(name, 40)),
    }
}

fn format_of(source: &str, tree: &Tree) -> Option<Format> {
    let root = tree.node(0);
    let attribute = |name: &str| {
        let found =
            Attributes::of(source, root.start_tag()).filter_map(Result::ok).find(|a| &source[a.name.clone()] == name);
        found.map_or("", |a| source[a.value].trim())
    };
    match (root.kind, Root::named(root.name(source).as_bytes())) {
        (tree::Kind::Object, _) => {
            let member = |name: &str| tree.children(0).find(|id| tree.node(*id).name(source) == name);
            let version = member("version").map_or("", |id| &source[tree.node(id).inner()]);
            let is_feed = version.replace('\\', "").contains("jsonfeed.org/version/");
            let items = member("items").is_some_and(|id| tree.node(id).kind == tree::Kind::Array);
            match (is_feed, items) {
                (true, _) if version.ends_with("/1") => Some(Format::Json10),
                (true, _) => Some(Format::Json11),
                (false, true) => Some(Format::Json10),
                (false, false) => None,
            }
        }
        (tree::Kind::Element | tree::Kind::EmptyElement, Some(Root::Rdf)) => {
            let is_090 = source[root.start_tag()].contains("/rdf/simple/0.9");
            Some(if is_090 { Format::Rss090 } else { Format::Rss10 })
        }
        (tree::Kind::Element | tree::Kind::EmptyElement, Some(Root::Rss)) => {
            Some(if attribute("version").starts_with("0.9") { Format::Rss09x } else { Format::Rss20 })
        }
        (tree::Kind::Element | tree::Kind::EmptyElement, Some(Root::Channel)) => Some(Format::Rss09x),
        (tree::Kind::Element | tree::Kind::EmptyElement, Some(Root::Atom)) => {
            let is_03 = root.ns == Ns::Atom03 || (root.ns == Ns::None && attribute("version") == "0.3");
            Some(if is_03 { Format::Atom03 } else { Format::Atom10 })
        }
        _ => None,
    }
}

/// The head and the items of an XML feed: items stand in the channel (RSS 0.91–2.0) or beside it (RSS 0.90, 1.0), entries in the feed.
fn xml_items(source: &str, tree: &Tree) -> (NodeId, Vec<NodeId>) {
    // An extension's element of that name is none.
    let is_ours = |id: NodeId| match tree.node(id).ns {
        Ns::None | Ns::Rss | Ns::Atom10 | Ns::Atom03 => true,
        ns => tree.parent(id).is_some_and(|parent| tree.node(parent).ns == ns),
    };
    let named = |id: NodeId, name: &str| tree.node(id).name(source) == name && is_ours(id);
    let is_item = |id: &NodeId| named(*id, "item") || named(*id, "entry");
    let mut head = 0;
    let mut items = Vec::new();
    for child in tree.children(0) {
        if is_item(&child) {
            items.push(child);
        } else if named(child, "channel") {
            head = if head == 0 { child } else { head };
            items.extend(tree.children(child).filter(is_item));
        }
    }
    (head, items)
}

fn json_items(source: &str, tree: &Tree) -> (NodeId, Vec<NodeId>) {
    let items =
        tree.children(0).find(|id| tree.node(*id).name(source) == "items" && tree.node(*id).kind == tree::Kind::Array);
    (0, items.map(|id| tree.children(id).collect()).unwrap_or_default())
}
