//! Malformed feeds made well-formed: everything that can be saved is saved, bytes that are fine are copied as they are.
//!
//! Called by the document's reader only after the strict reading refused. [`xml`] gives text that is well-formed XML 1.0
//! with namespaces (one root, names, attributes, references, characters, bound prefixes); [`json()`] gives valid JSON.
//! A well-formed feed comes back unchanged (but for a document type with an internal subset, which is left out).
//!
//! First the text is gone through believing its tags; only where they do not balance is the structure guessed, by what feeds
//! are made of (`tree`). Iterative and linear: every look ahead is remembered. Nesting deeper than `MAX_DEPTH`, entity
//! declarations, and bodies that are no feed are errors.

mod ahead;
mod chars;
mod json;
mod names;
mod prolog;
mod refs;
mod tag;
mod tree;

use std::fmt;

use super::sniff::{self, NotAFeed, Sniffed, Wrap};
use crate::base::limits::{MAX_DEPTH, MAX_FIXES_NAMED};
use crate::base::text::line_column;

pub use json::json;

/// A feed made well-formed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repaired {
    /// The well-formed text.
    pub text: String,
    /// The first few fixes (`MAX_FIXES_NAMED`), in the order of the text.
    pub fixes: Vec<Fix>,
    /// How many fixes there were in all; 0 for text that was well-formed.
    pub count: usize,
    /// The text ended in the middle; what was open was closed, and an item cut inside a field left out (not the only one).
    pub truncated: bool,
}

/// One place that was put right. Displays as `line 3, column 14: bare &`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fix {
    /// What was wrong.
    pub kind: FixKind,
    /// Line of the place, from 1, in the text given (of an escaped feed in a page: in the unescaped text).
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

impl fmt::Display for Fix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.kind.what())
    }
}

macro_rules! fix_kinds {
    ($($(#[$doc:meta])* $name:ident = $what:literal,)*) => {
        /// What was wrong at a place.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum FixKind { $($(#[$doc])* $name,)* }

        impl FixKind {
            /// The fault, in a few words for a log.
            pub fn what(self) -> &'static str {
                match self { $(FixKind::$name => $what,)* }
            }
        }
    };
}

fix_kinds! {
    /// The feed stood in an HTML page.
    Wrapped = "feed inside an HTML page",
    /// Something before the XML declaration or the root.
    BeforeRoot = "text before the feed",
    /// Something after the root or the JSON value.
    AfterRoot = "text after the feed",
    /// The XML declaration is malformed.
    Declaration = "malformed XML declaration",
    /// A document type that is not the feed's, is malformed or has an internal subset.
    Doctype = "document type left out",
    /// `&` that begins no reference.
    BareAmpersand = "bare `&`",
    /// An HTML entity that XML does not know, or an unknown one.
    Entity = "entity that XML does not know",
    /// A reference without its semicolon, or `&#X41;`.
    Reference = "malformed character reference",
    /// A control character, U+FFFE or U+FFFF, by itself or by reference.
    Character = "forbidden character",
    /// `<` that begins no tag.
    BareLess = "bare `<`",
    /// `]]>` in text.
    CdataEnd = "`]]>` in text",
    /// An unclosed or nested CDATA section.
    Cdata = "unclosed or nested CDATA section",
    /// A malformed or unclosed comment.
    Comment = "malformed comment",
    /// A processing instruction or declaration that may not stand there.
    Instruction = "misplaced declaration or instruction",
    /// An unquoted, valueless, duplicate or malformed attribute.
    Attribute = "malformed attribute",
    /// A tag or name that is malformed.
    Tag = "malformed tag",
    /// The root or channel of a second feed inside the first.
    Restart = "a feed that begins again",
    /// An element that was not closed.
    Unclosed = "unclosed element",
    /// An end tag that closes nothing.
    StrayEnd = "stray end tag",
    /// An end tag in other letter case than its start tag.
    Case = "end tag in other letter case",
    /// A prefix that no `xmlns` binds.
    Prefix = "unbound namespace prefix",
    /// The text ends in the middle.
    Truncated = "the feed ends in the middle",
    /// A comma too many or too few in JSON.
    Comma = "misplaced comma",
    /// A malformed JSON string.
    JsonString = "malformed string",
    /// A JSON value that is none.
    JsonValue = "malformed value",
}

impl Repaired {
    /// What was mended, in a line for a log.
    pub fn summary(&self) -> String {
        let named: Vec<_> = self
            .fixes
            .iter()
            .map(|fix| format!("{} (line {}, column {})", fix.kind.what(), fix.line, fix.column))
            .collect();
        let more = self.count.saturating_sub(named.len());
        let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!("repaired: {}{rest}", named.join(", "))
    }
}

/// Why a body cannot be repaired. Upstream is to blame; asking again soon does not help.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It is no feed.
    #[error("not a feed but {0}")]
    NotAFeed(#[from] NotAFeed),
    /// The document type declares entities: refused, never expanded.
    #[error("line {line}, column {column}: the document type declares entities, which refeed refuses")]
    EntityDeclarations {
        /// Line of the declaration, from 1.
        line: usize,
        /// Column of the declaration, from 1.
        column: usize,
    },
    /// Nested deeper than `MAX_DEPTH`.
    #[error("line {line}, column {column}: nested deeper than {MAX_DEPTH} levels")]
    TooDeep {
        /// Line of the element that is too deep, from 1.
        line: usize,
        /// Its column, from 1.
        column: usize,
    },
    /// The text ends inside the tag of its root.
    #[error("the feed ends before its first element")]
    NoRoot,
}

/// Why a pass stopped.
enum Stop {
    /// The tags do not balance: go through again, guessing.
    Unbalanced,
    EntityDeclarations(usize),
    TooDeep(usize),
    NoRoot,
}

/// Makes the feed in `text` (an XML feed, perhaps inside an HTML page) well-formed.
///
/// # Errors
/// [`Error`]: no feed in it, entity declarations, too deep.
pub fn xml(text: &str) -> Result<Repaired, Error> {
    match sniff::classify(text) {
        Sniffed::Xml { start, wrap: Wrap::Escaped, .. } => {
            let inner = unwrap_escaped(&text[start..]);
            match sniff::classify(&inner) {
                Sniffed::Xml { wrap: Wrap::Escaped, .. } | Sniffed::Json { .. } => Err(not_this(&inner)),
                Sniffed::Xml { start: inner_start, wrap, .. } => {
                    let mut out = passes(&inner, inner_start, wrap)?;
                    out.fix(FixKind::Wrapped, 0);
                    Ok(out.finish(&inner))
                }
                Sniffed::NotAFeed(why) => Err(why.into()),
            }
        }
        Sniffed::Xml { start, wrap, .. } => passes(text, start, wrap).map(|out| out.finish(text)),
        Sniffed::NotAFeed(why) => Err(why.into()),
        Sniffed::Json { .. } => Err(not_this(text)),
    }
}

/// A feed of the other syntax than asked for.
fn not_this(text: &str) -> Error {
    let excerpt = crate::base::text::excerpt(text, crate::base::limits::EXCERPT_CHARS);
    NotAFeed { kind: sniff::Kind::Text, excerpt }.into()
}

/// Believing the tags first; a second time with what the first showed to be needed.
fn passes(text: &str, start: usize, wrap: Wrap) -> Result<Out, Error> {
    let pass = |structure, c1| tree::mend(text, start, wrap, tree::How { structure, c1 });
    let out = match pass(tree::Structure::Believed, false) {
        Ok(out) if out.count > 0 && out.saw_c1 => pass(tree::Structure::Believed, true),
        Err(Stop::Unbalanced) => pass(tree::Structure::Guessed, true),
        done => done,
    };
    out.map_err(|stop| match stop {
        Stop::EntityDeclarations(at) => {
            let (line, column) = line_column(text, at);
            Error::EntityDeclarations { line, column }
        }
        Stop::TooDeep(at) => {
            let (line, column) = line_column(text, at);
            Error::TooDeep { line, column }
        }
        Stop::NoRoot | Stop::Unbalanced => Error::NoRoot, // a pass that guesses never ends unbalanced
    })
}

/// The text that a page shows, from its first character: tags dropped, references resolved once.
fn unwrap_escaped(page: &str) -> String {
    // the page's own element that holds the text ends it
    let end = ["</pre", "</PRE", "</body", "</BODY", "</textarea"].iter().filter_map(|tag| page.find(tag)).min();
    let page = &page[..end.unwrap_or(page.len())];
    let mut shown = String::with_capacity(page.len());
    for (i, piece) in page.split('<').enumerate() {
        shown.push_str(if i == 0 { piece } else { piece.split_once('>').map_or("", |(_, text)| text) });
    }
    htmlize::unescape(shown).into_owned()
}

/// What a pass writes: the text and what was fixed where (byte offsets of the source).
#[derive(Default)]
struct Out {
    text: String,
    fixes: Vec<(FixKind, usize)>,
    count: usize,
    truncated: bool,
    /// Read references to U+0080–U+009F as HTML does, as windows-1252.
    c1: bool,
    /// Such a reference was met.
    saw_c1: bool,
}

impl Out {
    fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    fn fix(&mut self, kind: FixKind, at: usize) {
        self.count += 1;
        if self.fixes.len() < MAX_FIXES_NAMED {
            self.fixes.push((kind, at));
        }
    }

    fn finish(self, source: &str) -> Repaired {
        let placed = |(kind, at)| {
            let (line, column) = line_column(source, at);
            Fix { kind, line, column }
        };
        let mut fixes = self.fixes;
        fixes.sort_by_key(|(_, at)| *at);
        let fixes = fixes.into_iter().map(placed).collect();
        Repaired { text: self.text, fixes, count: self.count, truncated: self.truncated }
    }
}
