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
/// No new try after an upstream could not be reached: a short outage costs readers a minute.
pub const HOLD_NETWORK: Duration = Duration::from_secs(60);
/// No new try after a 5xx.
pub const HOLD_SERVER_ERROR: Duration = Duration::from_secs(5 * 60);
/// No new try after a 404: the address is wrong, an hour changes little.
pub const HOLD_NOT_FOUND: Duration = Duration::from_secs(60 * 60);
/// No new try after a 410: the upstream says that it is gone for good.
pub const HOLD_GONE: Duration = Duration::from_secs(24 * 60 * 60);
/// No new try after any other refusal of the upstream (401, 403, 429 without a date).
pub const HOLD_REFUSED: Duration = Duration::from_secs(15 * 60);
/// No new try after a body that is not a feed: often a login or maintenance page.
pub const HOLD_UNUSABLE: Duration = Duration::from_secs(15 * 60);
/// No new try after our own guard refused the address.
pub const HOLD_BLOCKED: Duration = Duration::from_secs(60 * 60);
/// Longest `Retry-After` obeyed: an upstream that says ten years is mistaken.
pub const HOLD_LONGEST: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// Most failures remembered at once, about 1 KiB each.
pub const MAX_HELD_FAILURES: u64 = 4096;
/// Bookkeeping of one cache entry beside its bytes, so that tiny entries are not free.
pub const ENTRY_OVERHEAD: usize = KIB;
/// Most pieces of work (fetches, or answers) under way at once; above it callers are told to come back.
pub const MAX_FLIGHTS: usize = 1024;
/// Most callers waiting for one piece of work.
pub const MAX_WAITERS: usize = 512;
/// What a caller waits beyond `fetch.timeout`: transformation and queueing.
pub const WAIT_SLACK: Duration = Duration::from_secs(10);
/// Most transformations waiting for a processor; above it callers are told to come back.
pub const MAX_QUEUED_WORK: usize = 256;
/// A reader waits no longer for an encoding to be made; it gets the plain bytes then. 20 MiB take Brotli 1 s.
pub const ENCODING_WAIT: Duration = Duration::from_secs(2);
/// `Retry-After` of an answer that says we are busy.
pub const OVERLOAD_RETRY: Duration = Duration::from_secs(5);
/// Bodies below this are not compressed: they fit one packet anyway.
pub const MIN_COMPRESSED: usize = KIB;
/// Effort of gzip: the usual middle, about 40 MB/s.
pub const GZIP_LEVEL: u32 = 6;
/// Effort of Brotli: 5 packs better than gzip 9 at the price of gzip 6.
pub const BROTLI_QUALITY: i32 = 5;
/// Brotli's window, as a power of two: its usual 4 MiB.
pub const BROTLI_WINDOW: i32 = 22;
/// Effort of zstd. Up to 9 its window stays within the 8 MiB that RFC 9659 asks of HTTP.
pub const ZSTD_LEVEL: i32 = 6;

// ── serving ─────────────────────────────────────────────────────────────────────────────────────────

/// A connection must send a whole request head within this time of being opened or of the last answer: slow and silent
/// clients are closed.
pub const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// A reader that takes no byte of an answer for so long is cut.
pub const WRITE_STALL: Duration = Duration::from_secs(15);
/// A reader that has not taken a whole answer after so long is cut: 32 MiB at 280 kB/s.
pub const WRITE_TOTAL: Duration = Duration::from_secs(120);
/// Most bytes of a request head that are buffered.
pub const MAX_REQUEST_HEAD: usize = 32 * KIB;
/// Most header lines of a request.
pub const MAX_REQUEST_HEADERS: usize = 64;
/// Longest request target.
pub const MAX_REQUEST_TARGET: usize = 4 * KIB;
/// Most open connections.
pub const MAX_CONNECTIONS: usize = 1024;
/// Most open connections of one peer address (IPv6: of one /64). Loopback peers are not counted: the front proxy is one.
pub const MAX_CONNECTIONS_PER_PEER: usize = 64;
/// First pause after a failed accept; each further failure doubles it.
pub const ACCEPT_PAUSE: Duration = Duration::from_millis(5);
/// Longest pause after a failed accept.
pub const ACCEPT_PAUSE_LONGEST: Duration = Duration::from_millis(500);
/// Answers in flight may take so long to finish when the server is told to stop.
pub const DRAIN: Duration = Duration::from_secs(25);
