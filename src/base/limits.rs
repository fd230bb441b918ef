//! Every number that bounds the program, with its reason. Nothing else in the source holds a bare limit.
//!
//! Sizes are in bytes, times are [`Duration`]s. What a config key can change is named as that key's default.

mod keeping;
mod serving;

use std::time::Duration;

pub use self::keeping::*;
pub use self::serving::*;

/// One kibibyte.
pub const KIB: usize = 1024;
/// One mebibyte.
pub const MIB: usize = 1024 * KIB;
/// One minute.
pub const MINUTE: Duration = Duration::from_secs(60);
/// One hour.
pub const HOUR: Duration = Duration::from_secs(60 * 60);
/// One day.
pub const DAY: Duration = Duration::from_secs(24 * 60 * 60);

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
/// How much non-ASCII text the guess of a charset looks at: it is slow, and sure long before.
pub const GUESS_WITHIN: usize = 4 * KIB;
/// How many characters, or bytes, tell binary data from text.
pub const BINARY_WITHIN: usize = 2048;
/// Most elements or JSON values of a document: 10 000 items of 100 each.
pub const MAX_NODES: usize = 1_000_000;
/// Most namespace declarations in force at one place; real feeds declare under 20.
pub const MAX_NAMESPACES: usize = 128;
/// Most child elements of one item.
pub const MAX_ITEM_CHILDREN: usize = 500;
/// Longest single field (a content, a title) after decoding.
pub const MAX_FIELD: usize = MIB;
/// Most bytes that rules may add to one feed in new elements and members: the full text of a thousand long articles.
pub const MAX_GROWTH: usize = 64 * MIB;
/// A repaired document may be at most so many times the original: repair adds end tags and escapes, not text.
pub const MAX_REPAIRED: usize = 8;
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

// ── configuration ───────────────────────────────────────────────────────────────────────────────────

/// Largest configuration file: a hundred thousand feeds with some rules of their own.
pub const MAX_CONFIG: usize = 32 * MIB;
/// Most problems kept of one configuration; a person mends the first ones and asks again.
pub const MAX_PROBLEMS: usize = 100;
/// Longest excerpt of a configuration that is drawn under a problem, in bytes; a longer line is named by its column only.
pub const MAX_DRAWN: usize = 4 * KIB;
/// Longest message and longest help of a problem, in characters: they quote what the user wrote.
pub const MESSAGE_CHARS: usize = 400;
/// How much of a mistyped name is compared with the known ones, in characters: no name of ours is longer.
pub const SUGGEST_CHARS: usize = 64;
/// Most known names that a message about an unknown one lists: all rules, fields and conversions, not all feeds.
pub const LISTED_NAMES: usize = 24;
/// Longest name that is made of a title, in characters; it is read in addresses.
pub const MAX_NAME_MADE: usize = 40;
/// Most folders inside each other in a list of feeds. Readers show one or two.
pub const MAX_FOLDERS: usize = 8;
/// Most sources of one merged feed, all asked at once: a planet of blogs has some hundred.
pub const MAX_SOURCES: usize = 200;
/// Most bytes of all sources of one merged feed: two of the largest feeds, or a hundred large ones.
pub const MAX_MERGED: usize = 64 * MIB;
/// How deep the schema of a setting goes: no setting of a rule nests deeper than four.
pub const MAX_SHAPE_DEPTH: usize = 10;
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
/// Shortest `refresh` of a feed: the floor of one who set a floor of nothing would be a busy loop.
pub const REFRESH_SHORTEST: Duration = Duration::from_secs(60);

// ── rules ───────────────────────────────────────────────────────────────────────────────────────────

/// Most notes on one feed: a rule that cannot do its work says so for a few items, not for ten thousand.
pub const MAX_NOTES: usize = 20;
/// Longest expression (`when`), and longest template of a field (`set`).
pub const MAX_EXPRESSION: usize = 4 * KIB;
/// Fuel for one expression or template on one item: an instruction costs 1, 64 bytes of text 1. Enough to go over 1 MiB of
/// content several times; a loop without end is cut after some milliseconds.
pub const EXPRESSION_FUEL: u64 = 100_000;
/// Most items of a feed on which one rule's expression may run out of fuel, each some milliseconds; then the rule gives up.
pub const MAX_EXHAUSTED: usize = 100;
/// Longest value that a template makes: the longest field there is.
pub const MAX_TEMPLATE_OUTPUT: usize = MAX_FIELD;
/// Titles with fewer words than this are the same only where they are equal: two words in three prove nothing.
pub const SHORT_TITLE: usize = 4;
/// Most words of a title that are compared; the longest real ones have some fifty.
pub const MAX_TITLE_WORDS: usize = 200;
/// Most kept titles that are looked at for one pair of words ("the same"): the last ones. Bounds the comparing of 10 000 titles.
pub const MAX_SHARING: usize = 100;
/// Default share of pairs of words that makes two titles the same to `dedupe`: one word in ten differs.
pub const TITLE_LIKENESS: f64 = 0.7;
/// Default time within which such titles must lie: the same words a week later are another story.
pub const TITLES_WITHIN: Duration = Duration::from_secs(3 * 24 * 60 * 60);
/// Columns of a title that is made of the content: what a list of titles shows of one.
pub const TITLE_COLUMNS: usize = 80;
/// Most files of one item that are attached or shown by a rule: an album has some thirty pictures.
pub const MAX_ATTACHED: usize = 100;
/// Most parts that one item is split into: a digest has some fifty.
pub const MAX_PARTS: usize = 500;
/// Most counting prefixes of one podcast address; real ones have up to six.
pub const MAX_PREFIXES: usize = 16;
/// Most rules of one feed, after rule sets are opened, those around every feed's included.
pub const MAX_RULES: usize = 64;
/// Longest regular expression in a rule.
pub const MAX_PATTERN: usize = KIB;
/// Memory for one compiled regular expression: `(a{1000}){1000}` is refused, alternations of thousands of words are not.
pub const MAX_PATTERN_PROGRAM: usize = MIB;
/// Most routes of one `images` rule, tried one by one for each picture; a list of a country's picture hosts has 20.
pub const MAX_IMAGE_ROUTES: usize = 100;
/// Most bytes of new addresses that `images` writes into one feed: 80 000 pictures of 100 bytes. A short relative address can
/// stand for a long one, so the feed's own size does not bound them.
pub const MAX_NEW_ADDRESSES: usize = 8 * MIB;
/// Longest CSS selector of a rule, a list counted as one: a user's list of a site's furniture has some hundred bytes.
pub const MAX_SELECTOR: usize = 4 * KIB;
/// Most text and tags of one field that a rule reads element by element: nested ones share theirs.
pub const MAX_TEXT_READ: usize = 2 * MIB;
/// The same as a multiple of the field, beside [`TEXT_READ_FREE`] bytes: elements that stand in each other sixteen deep.
pub const MAX_TEXT_SHARED: usize = 16;
/// See [`MAX_TEXT_SHARED`].
pub const TEXT_READ_FREE: usize = 64 * KIB;
/// How many `:not(:has(:is(…)))` may stand inside each other.
pub const MAX_SELECTOR_DEPTH: usize = 4;
/// Longest template of an address in a rule.
pub const MAX_TEMPLATE: usize = KIB;
/// Shortest `brief` of an address, in characters: RSSHub takes three digits and more.
pub const MIN_BRIEF: i64 = 100;
/// Most different sets of rules from addresses kept compiled; each can hold some patterns of [`MAX_PATTERN_PROGRAM`].
pub const MAX_ADHOC_CHAINS: u64 = 128;
/// Longest value that `explain` compares, in bytes: the text of a long article.
pub const MAX_DIFFED: usize = 256 * KIB;
/// Time for the smallest difference of two values; after it a larger one is taken.
pub const DIFF_TIME: Duration = Duration::from_millis(100);
/// The same for all values of one explanation: 20 000 short ones take a second.
pub const DIFFS_TIME: Duration = Duration::from_secs(3);
/// Most changed pieces that `explain` tells of one value, and the characters told around each and of each.
pub const MAX_HUNKS: usize = 20;
/// See [`MAX_HUNKS`].
pub const DIFF_CONTEXT: usize = 24;
/// See [`MAX_HUNKS`].
pub const HUNK_CHARS: usize = 200;
/// Most characters of a value that `explain` quotes.
pub const EXPLAINED_CHARS: usize = 200;
/// Most changes that `explain` tells: thousands of items through a dozen rules.
pub const MAX_EXPLAINED: usize = 20_000;
/// Most variables in one template, each as long as a URL: RSSHub has twelve.
pub const MAX_TEMPLATE_VARIABLES: usize = 16;

// ── other formats ───────────────────────────────────────────────────────────────────────────────────

/// Steps that a template may take for one output: 10 000 items of a thousand steps, half a second.
pub const TEMPLATE_FUEL: u64 = 10_000_000;
/// Largest output of a template: twice the largest feed that is fetched by default.
pub const MAX_DOCUMENT_OUTPUT: usize = 64 * MIB;
/// Largest index of a mirrored feed: some hundred thousand items.
pub const MAX_MIRROR_INDEX: usize = 256 * MIB;
/// Most files that a mirror copies for one item: an album has some hundred pictures.
pub const MAX_COPIED: usize = 500;
/// Largest template of the user.
pub const MAX_TEMPLATE_FILE: usize = MIB;

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
/// Bytes off the wire of one body, whatever `fetch.max_body` allows decoded: twice its default. No feed comes near it.
pub const MAX_WIRE_BODY: usize = 64 * MIB;
/// How many times its size a compressed body may grow, once past [`MAX_RATIO_FREE`]. Feeds compress 3 to 20 times, a bomb 1000.
pub const MAX_RATIO: u64 = 200;
/// Decoded bytes to which [`MAX_RATIO`] does not apply: a small, very repetitive feed is not a bomb.
pub const MAX_RATIO_FREE: u64 = MIB as u64;
/// Most members of one gzip body. Servers that append to a compressed log write a few.
pub const MAX_GZIP_MEMBERS: usize = 1024;
/// Largest zstd window, as a power of two: the 8 MiB of RFC 9659 §3, so that a frame cannot ask for more memory.
pub const ZSTD_WINDOW_LOG: u32 = 23;
/// Step in which a body's buffer grows.
pub const BODY_STEP: usize = 64 * KIB;
/// Longest URL fetched, typed or redirected to. Readers and servers cut at 2 to 8 KiB.
pub const MAX_URL: usize = 4 * KIB;
/// Longest host name (RFC 1035 §2.3.4, without the root's dot).
pub const MAX_HOST: usize = 253;
/// Ports that may be fetched without `fetch.allow`: the web's own. Others speak other protocols.
pub const WEB_PORTS: [u16; 4] = [80, 443, 8080, 8443];
/// Longest user name or password that SOCKS carries, in bytes (RFC 1929 §2).
pub const MAX_SOCKS_LOGIN: usize = 255;
/// Time for one name's addresses. Resolvers answer in milliseconds, or after a lost packet in one or two seconds.
pub const DNS_TIMEOUT: Duration = Duration::from_secs(3);
/// Most addresses of one name that are judged and tried; large sites answer with four to eight.
pub const MAX_ADDRESSES: usize = 8;
/// Most name lookups at once: a lookup that outlives its timeout holds a thread of the system's resolver.
pub const MAX_LOOKUPS: usize = 32;
/// Time to open a connection to one address: three SYNs.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(4);
/// Time to open a connection to any address of a name, the handshake of an outgoing proxy included.
pub const CONNECT_ALL_TIMEOUT: Duration = Duration::from_secs(8);
/// Time for the TLS handshake: two round trips.
pub const TLS_TIMEOUT: Duration = Duration::from_secs(5);
/// Time from an open connection to a complete response head. Slow feeds are generated in under 5 s.
pub const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest silence within a response body.
pub const BODY_GAP_TIMEOUT: Duration = Duration::from_secs(10);
/// Largest response head. Feeds send 1 KiB, large sites with their policies 6 KiB.
pub const MAX_HEAD: usize = 16 * KIB;
/// Most fields in a response head.
pub const MAX_HEAD_FIELDS: usize = 64;
/// Fetches from one host at once: what a polite browser of one person would do.
pub const FETCHES_PER_HOST: usize = 2;
/// How long the answer of a service is kept: it depends on what was asked alone, and may have cost money.
pub const SERVICE_KEPT: Duration = Duration::from_secs(30 * 24 * 3600);
/// Fewest steps that a script must do in a second: a twentieth of what the usual ones do. One whose steps go over megabytes is ended.
pub const SCRIPT_STEPS_PER_SECOND: u64 = 5_000_000;
/// But no script is ended by the clock before this.
pub const SCRIPT_TIME_LEAST: Duration = Duration::from_secs(1);
/// Longest text that is posted to a service.
pub const MAX_POSTED: usize = 128 * KIB;
/// Most of what a service's answer gives: a field's bound.
pub const MAX_ANSWER: usize = MAX_FIELD;
/// Longest script of a `script` rule.
pub const MAX_SCRIPT: usize = 64 * KIB;
/// Memory of a script, where `memory` says nothing: a large feed as JSON takes under 10 MiB.
pub const SCRIPT_MEMORY: usize = 32 * MIB;
/// Most that `memory` may say: as many scripts as processors run at once.
pub const MAX_SCRIPT_MEMORY: usize = 256 * MIB;
/// Stack of a script: QuickJS's own default, which the stack of our threads has room for.
pub const SCRIPT_STACK: usize = 256 * KIB;
/// Steps of a script, where `steps` says nothing: about a second.
pub const SCRIPT_STEPS: u64 = 100_000_000;
/// Most that `steps` may say: about half a minute.
pub const MAX_SCRIPT_STEPS: u64 = 3_000_000_000;
/// Steps between two looks of QuickJS at its interrupt (`JS_INTERRUPT_COUNTER_INIT`).
pub const SCRIPT_STEPS_PER_LOOK: u64 = 10_000;
/// How long the further pages of a list of articles, and the parts of a sitemap, may be read again.
pub const LISTING_KEPT: Duration = Duration::from_secs(600);
/// Items of a feed made of a sitemap, where `limit` says nothing.
pub const SITEMAP_ITEMS: usize = 100;
/// Parts of an index of sitemaps that are read, where `sitemaps` says nothing: the newest hold the news.
pub const SITEMAPS_READ: usize = 3;
/// Most that `sitemaps` may say: each is a fetch.
pub const MAX_SITEMAPS: usize = 20;
/// Pages of one article, where `pages` says nothing.
pub const ARTICLE_PAGES: usize = 10;
/// Most that `pages` may say: a serial novel.
pub const MAX_ARTICLE_PAGES: usize = 20;
/// How much of a page is looked at to tell a file from it, as browsers do (MIME Sniffing, §5.3).
pub const FILE_SHOWS_WITHIN: usize = 1445;
/// Longest media type that a message shows, in characters; the longest in use has 73.
pub const MAX_TYPE_SHOWN: usize = 80;
/// Least text that counts as an article's, as in RSSHub: less is a notice of cookies.
pub const MIN_ARTICLE_CHARS: usize = 40;
/// A page with scripts and less text than this shows its text by script only.
pub const SCRIPT_PAGE_CHARS: usize = 200;
/// Most replacements of `full_text`: each is a pass over the page.
pub const MAX_REPLACEMENTS: usize = 50;
/// Largest file of `fetch.roots`: a whole system's certificates take 250 KiB.
pub const MAX_ROOTS: usize = MIB;
/// Default of `fetch.pages_per_host`: the articles of one feed lie at one host, and fifty of them should not take a minute.
pub const PAGES_PER_HOST: usize = 4;
/// Most that `fetch.pages_per_host` may say: more is an attack.
pub const MAX_PAGES_PER_HOST: usize = 16;
/// Longest wait of a page for its turn at the host: fifty slow articles, four at once, are through in five minutes.
pub const PAGE_WAIT: Duration = Duration::from_secs(600);
/// Longest wait of an answer for the pages that its rules want; what came by then is in it, the rest in the next one.
pub const PAGES_PATIENCE: Duration = Duration::from_secs(2);
/// Largest page that is read: the text of an article has under a mebibyte, its page with scripts and styles under three.
pub const MAX_PAGE: usize = 8 * MIB;
/// Most pages wanted for one feed at once; those of the items beyond it are asked for when the first ones are there.
pub const MAX_PAGES_WANTED: usize = 500;
/// Most rounds in which one page leads to the next, for one feed: an article in ten parts, and two rules that read pages.
pub const MAX_PAGE_ROUNDS: usize = 24;
/// Most bytes of all pages that one feed wants: five hundred news pages without pictures.
pub const PAGES_OF_FEED: usize = 64 * MIB;
/// Memory for pages that came: some hundred articles.
pub const PAGES_MEMORY: usize = 32 * MIB;
/// How long a page that came is read again without being asked for: articles are mended on their first days, and gone from
/// most feeds after that; one that showed no text gets another chance.
pub const PAGE_KEPT: Duration = Duration::from_secs(30 * 24 * 3600);
/// What is kept for less than this is kept in memory only.
pub const PAGE_WRITTEN: Duration = DAY;
/// Fetches at once, whole process.
pub const FETCHES_AT_ONCE: usize = 64;
/// Fetches under way or waiting, whole process; more are refused at once, so that a stuck network holds a bounded memory.
pub const FETCHES_PENDING: usize = 1024;
/// How long a reader is asked to wait when [`FETCHES_PENDING`] is reached.
pub const BUSY_RETRY: Duration = Duration::from_secs(5);
/// Idle connections kept to one host, and for how long: enough for a redirect or a second feed of the same site.
pub const IDLE_PER_HOST: usize = 2;
/// See [`IDLE_PER_HOST`].
pub const IDLE_TIMEOUT: Duration = Duration::from_secs(10);
/// Unread bytes of one HTTP/2 response that an upstream may send ahead.
pub const H2_WINDOW: u32 = 256 * KIB as u32;
/// Longest `Retry-After` that is obeyed.
pub const MAX_RETRY_AFTER: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// What an unreadable `Retry-After` is taken for: its sender wants fewer requests.
pub const RETRY_AFTER_UNREADABLE: Duration = Duration::from_secs(15 * 60);
/// Longest reason of a failed connection that goes into a message, in characters (a certificate may hold any text).
pub const REASON_CHARS: usize = 160;

// ── freshness ───────────────────────────────────────────────────────────────────────────────────────

/// Default of `cache.memory`.
pub const CACHE_MEMORY: usize = 64 * MIB;
/// Default of `cache.default_ttl`: fresh for so long where upstream says nothing.
pub const DEFAULT_TTL: Duration = Duration::from_secs(30 * 60);
/// Default of `cache.min_ttl`.
pub const MIN_TTL: Duration = Duration::from_secs(5 * 60);
/// Default of `cache.max_ttl`.
pub const MAX_TTL: Duration = Duration::from_secs(24 * 60 * 60);
/// Default of `cache.stale_while_revalidate`: who reads a few times a day never waits for an upstream.
pub const STALE_WHILE_REVALIDATE: Duration = Duration::from_secs(6 * 60 * 60);
/// Default of `cache.stale_if_error`: outages end within days, and squid's `max_stale` is the same week.
pub const STALE_IF_ERROR: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// Of the time since `Last-Modified` this part counts as freshness where upstream says nothing (RFC 9111 §4.2.2).
pub const HEURISTIC_PART: u32 = 10;
/// Most freshness that `Last-Modified` gives: after a month of silence a new item should not wait three days.
pub const HEURISTIC_MOST: Duration = Duration::from_secs(2 * 60 * 60);
/// Most freshness that the usual gap between a feed's items gives where upstream says nothing: a blog of one post a day is
/// then asked once an hour, which is as often as Rachel Kroll's feed-reader score allows.
pub const HEURISTIC_GAP: Duration = Duration::from_secs(60 * 60);
/// `skipHours` and `skipDays` put the next fetch off by no more: a weekend.
pub const SKIP_MOST: Duration = Duration::from_secs(48 * 60 * 60);
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
/// Longest pause that doubling leads to: a feed that comes back is found within a day.
pub const HOLD_LONGEST: Duration = Duration::from_secs(24 * 60 * 60);
/// The same where no answer came at all: it may be our own network that was away, and a dead host feels nothing.
pub const HOLD_NETWORK_LONGEST: Duration = Duration::from_secs(60 * 60);
/// Pauses differ from feed to feed by up to this part of them, so that what failed together is not asked again together.
pub const HOLD_SPREAD: u32 = 10;
/// A permanent redirect is believed after so many equal answers…
pub const MOVED_TIMES: u32 = 3;
/// …over so long: a slip of an administrator is mended within a day.
pub const MOVED_OVER: Duration = Duration::from_secs(24 * 60 * 60);
/// A feed that has lost all its items is believed after so long: until then a database is more likely to be down.
pub const EMPTY_BELIEVED: Duration = Duration::from_secs(24 * 60 * 60);
/// A reader for whom there is a stale copy waits no longer for a fresh one; many give up after 15 s.
pub const STALE_WAIT: Duration = Duration::from_secs(10);
/// A reader waits no longer for an answer to come from the disk; it is made anew then.
pub const DISK_WAIT: Duration = Duration::from_secs(5);
/// Most hosts that are left in peace because they asked for it, about 100 bytes each.
pub const MAX_HELD_HOSTS: usize = 4096;
/// Shortest: an upstream that fails and says `Retry-After: 0` is not asked by every reader.
pub const HOLD_SHORTEST: Duration = Duration::from_secs(10);
/// Most feeds whose failures are remembered at once, about 1 KiB each.
pub const MAX_HELD_FAILURES: u64 = 4096;
/// Bookkeeping of one cache entry beside its bytes, so that tiny entries are not free.
pub const ENTRY_OVERHEAD: usize = KIB;
/// Most pieces of work (fetches, or answers) under way at once; above it callers are told to come back.
pub const MAX_FLIGHTS: usize = 1024;
/// Most callers waiting for one piece of work: all connections there can be, so that no reader of a popular feed is
/// turned away. A waiting caller costs its connection only.
pub const MAX_WAITERS: usize = MAX_CONNECTIONS;
/// What a caller waits beyond `fetch.timeout`: transformation and queueing.
pub const WAIT_SLACK: Duration = Duration::from_secs(10);
/// Most transformations waiting for a processor; above it callers are told to come back.
pub const MAX_QUEUED_WORK: usize = 256;
/// A reader waits no longer for an encoding to be made; it gets the plain bytes then. 20 MiB take Brotli 1 s.
pub const ENCODING_WAIT: Duration = Duration::from_secs(2);
/// Longest header that names the sources that a merged feed lacks, in characters: proxies cut heads at 8 KiB.
pub const MAX_ERRORS_LINE: usize = KIB;
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

// ── the archive ─────────────────────────────────────────────────────────────────────────────────────

/// Default of `archive.items`: three years of a daily feed.
pub const ARCHIVE_ITEMS: usize = 1000;
/// Ceiling of `archive.items`: what one document may hold.
pub const MAX_ARCHIVE_ITEMS: usize = MAX_ITEMS;
/// Default of `archive.page`: what feeds usually carry, twice.
pub const ARCHIVE_PAGE: usize = 50;
/// Ceiling of `archive.page`.
pub const MAX_ARCHIVE_PAGE: usize = 1000;
/// Ceiling of `archive.age`.
pub const ARCHIVE_AGE_CEILING: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);
/// Effort of zstd for kept items: small texts, written once.
pub const ARCHIVE_ZSTD_LEVEL: i32 = 3;
/// Tags of served documents remembered per feed and form, for RFC 3229: a reader that polls daily and a feed that changes hourly
/// meet within two days.
pub const TAGS_REMEMBERED: usize = 50;
/// Durations in `since=` end at whole steps before now: readers who ask for the last day within a minute share an answer.
pub const SINCE_STEP: Duration = Duration::from_secs(60);
/// Items of one feed whose first-seen time is remembered after they have gone.
pub const SEEN_REMEMBERED: usize = 2000;
