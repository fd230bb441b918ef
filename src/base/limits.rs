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

// ── configuration ───────────────────────────────────────────────────────────────────────────────────

/// Largest configuration file: ten thousand feeds with rules of their own.
pub const MAX_CONFIG: usize = 4 * MIB;
/// Most problems kept of one configuration; a person mends the first ones and asks again.
pub const MAX_PROBLEMS: usize = 100;
/// Longest excerpt of a configuration that is drawn under a problem, in bytes; a longer line is named by its column only.
pub const MAX_DRAWN: usize = 4 * KIB;
/// Longest message and longest help of a problem, in characters: they quote what the user wrote.
pub const MESSAGE_CHARS: usize = 400;
/// How much of a mistyped name is compared with the known ones, in characters: no name of ours is longer.
pub const SUGGEST_CHARS: usize = 64;
/// Longest name of a feed, in bytes: it is a path segment, and a file name where a cache writes one.
pub const MAX_FEED_NAME: usize = 200;
/// Ceiling of `fetch.timeout`: every reader has hung up long before.
pub const FETCH_TIMEOUT_CEILING: Duration = Duration::from_secs(10 * 60);
/// Ceiling of `fetch.max_redirects`: what browsers follow.
pub const MAX_REDIRECTS_CEILING: usize = 20;
/// Ceiling of `fetch.max_body`: one body is held in memory more than once while it is transformed.
pub const MAX_BODY_CEILING: usize = 1024 * MIB;
/// Ceiling of every `cache.*_ttl`: a year, as RFC 2616 §14.21 asked of servers.
pub const TTL_CEILING: Duration = Duration::from_secs(365 * 24 * 60 * 60);

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

/// Default port of `server.listen`: not a port that RSSHub, miniflux or FreshRSS uses.
pub const PORT: u16 = 4600;
/// How long `refeed health` waits for an answer of this machine: half of what Docker waits for the command.
pub const HEALTH_TIMEOUT: Duration = Duration::from_secs(5);
/// How much of the answer `refeed health` reads: the status line and a reason.
pub const HEALTH_ANSWER: usize = 4 * KIB;
/// Width of the help on a terminal that is wider: longer lines are hard to read.
pub const HELP_WIDTH: usize = 100;
