//! Every number that bounds the program, with its reason. Nothing else in the source holds a bare limit.
//!
//! Sizes are in bytes, times are [`Duration`]s. What a config key can change is named as that key's default.

use std::time::Duration;

/// One kibibyte.
pub const KIB: usize = 1024;
/// One mebibyte.
pub const MIB: usize = 1024 * KIB;

// ── the document ────────────────────────────────────────────────────────────────────────────────────

/// Deepest nesting of elements or JSON values. Real feeds stay under 40 with XHTML content.
pub const MAX_DEPTH: usize = 256;
/// Longest start tag outside an item's own markup: attributes there are addresses and names.
pub const MAX_TAG: usize = 16 * KIB;
/// Longest `xml:base` value: a URL.
pub const MAX_XML_BASE: usize = 2 * KIB;
/// Most `xml:base` attributes in force at one place; each is joined to the one outside it.
pub const MAX_XML_BASE_NESTED: usize = 16;
/// Longest DOCTYPE. The RSS 0.91 one has under 200 bytes.
pub const MAX_DOCTYPE: usize = 4 * KIB;
/// Most items kept of a feed; those after them are left out, and the log says so. Podcast archives reach thousands.
pub const MAX_ITEMS: usize = 10_000;
/// Most child elements of one item.
pub const MAX_ITEM_CHILDREN: usize = 500;
/// Longest single field (a content, a title) after decoding.
pub const MAX_FIELD: usize = MIB;
/// Length of the excerpt in an error about a body that is not a feed, in characters.
pub const EXCERPT_CHARS: usize = 120;
/// How far from the start an XML declaration is looked for: before it stand blank lines, comments, warnings of a server.
pub const XML_DECLARATION_WITHIN: usize = KIB;
/// How far from a start a sniffer reads: the text that a page shows first, the first child of a root.
pub const FEED_ROOT_WITHIN: usize = 4 * KIB;
/// Most elements named as a feed's root that are looked at closely where the first one of the body is none.
pub const MAX_ROOTS_TRIED: usize = 64;
/// How far into an HTML page the marks of a challenge are looked for. Such pages are small.
pub const CHALLENGE_MARK_WITHIN: usize = 64 * KIB;
/// Longest text read as a date. JavaScript's with its zone in words has 70 bytes.
pub const MAX_DATE: usize = 256;
/// Most numbers, words and marks of a date; the longest real ones have some twenty.
pub const MAX_DATE_TOKENS: usize = 40;
/// Fixes of a repaired feed that are named by line and column; of the others only the count is kept.
pub const MAX_FIXES_NAMED: usize = 8;
/// Most different end tags that a repair looks ahead for; each costs at most one scan of the body.
pub const MAX_NAMES_AHEAD: usize = 64;
/// How far after a tag of no known element its end tag is looked for; without one the tag is text.
pub const UNKNOWN_TAG_WITHIN: usize = 4 * KIB;
/// Most tags of no known element that are looked at so.
pub const MAX_TAGS_DOUBTED: usize = 10_000;
/// Most namespace prefixes bound by one tag in a repaired feed. quick-xml allows 128 in force.
pub const MAX_PREFIXES_BOUND: usize = 64;
/// Most strings of a document whose charset is guessed one by one; a guess costs a microsecond, bad strings are few.
pub const MAX_GUESSED_STRINGS: usize = 10_000;

// ── rules ───────────────────────────────────────────────────────────────────────────────────────────

/// Most rules of one feed, after rule sets are opened.
pub const MAX_RULES: usize = 32;
/// Longest regular expression in a rule.
pub const MAX_PATTERN: usize = KIB;
/// Memory for one compiled regular expression: `(a{1000}){1000}` is refused, alternations of thousands of words are not.
pub const MAX_PATTERN_PROGRAM: usize = MIB;

// ── fetching ────────────────────────────────────────────────────────────────────────────────────────

/// Default of `fetch.timeout`: the whole fetch, redirects included.
pub const FETCH_TIMEOUT: Duration = Duration::from_secs(25);
/// Default of `fetch.max_body`: a body after decompression.
pub const MAX_BODY: usize = 32 * MIB;
/// Default of `fetch.max_redirects`.
pub const MAX_REDIRECTS: usize = 5;

// ── freshness ───────────────────────────────────────────────────────────────────────────────────────

/// Default of `cache.memory`.
pub const CACHE_MEMORY: usize = 64 * MIB;
/// Default of `cache.default_ttl`: fresh for so long where upstream says nothing.
pub const DEFAULT_TTL: Duration = Duration::from_secs(30 * 60);
/// Default of `cache.min_ttl`.
pub const MIN_TTL: Duration = Duration::from_secs(5 * 60);
/// Default of `cache.max_ttl`.
pub const MAX_TTL: Duration = Duration::from_secs(24 * 60 * 60);

// ── serving ─────────────────────────────────────────────────────────────────────────────────────────
