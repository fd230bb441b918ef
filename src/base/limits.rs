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

// ── rules ───────────────────────────────────────────────────────────────────────────────────────────

/// Most rules of one feed, after rule sets are opened.
pub const MAX_RULES: usize = 32;
/// Longest regular expression in a rule.
pub const MAX_PATTERN: usize = KIB;
/// Memory for one compiled regular expression: `(a{1000}){1000}` is refused, alternations of thousands of words are not.
pub const MAX_PATTERN_PROGRAM: usize = MIB;

// ── Chinese conversion ──────────────────────────────────────────────────────────────────────────────

/// Most words of the user in one converter. OpenCC's own phrase lists for Taiwan have under 1 000.
pub const MAX_WORDS: usize = 10_000;
/// Longest word of the user, and longest value. OpenCC's longest key has 43 bytes.
pub const MAX_WORD_BYTES: usize = 256;
/// Largest dictionary file of the user.
pub const MAX_WORDS_FILE: usize = MIB;
/// Text is Japanese from this share of kana in kana and Han: Japanese prose has over 40 %, Chinese with a の under 1 %.
pub const JAPANESE_KANA_PERCENT: u64 = 5;
/// Text is of mixed script where the rarer side has over this share of the characters that show a side: one quotation
/// or name in the other script stays below it.
pub const MIXED_SCRIPT_PERCENT: u64 = 20;

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
