//! The bounds of what goes on without a reader: refreshes, hubs, the store on disk; and of finding a feed, and of trees of HTML.

use std::time::Duration;

use super::{FETCHES_AT_ONCE, MIB};

// ── refreshing without a reader ─────────────────────────────────────────────────────────────────────

/// Newest items of a feed whose dates tell its rhythm.
pub const RHYTHM_ITEMS: usize = 10;
/// Shortest interval that refeed chooses by itself: what readers are content with.
pub const REFRESH_LEAST: Duration = Duration::from_secs(30 * 60);
/// Longest one of a feed that is read: a morning and an evening edition.
pub const REFRESH_MOST: Duration = Duration::from_secs(12 * 60 * 60);
/// Interval of a feed whose items have no dates to tell its rhythm.
pub const REFRESH_FIRST: Duration = Duration::from_secs(60 * 60);
/// Shortest interval of a feed that does not change and whose upstream sends no validators: each answer is a whole feed.
pub const REFRESH_UNCONDITIONAL: Duration = Duration::from_secs(6 * 60 * 60);
/// Each such time without a reader adds the interval once more.
pub const REFRESH_IDLE_STEP: Duration = Duration::from_secs(24 * 60 * 60);
/// Longest interval of a feed that nobody reads.
pub const REFRESH_IDLE_MOST: Duration = Duration::from_secs(24 * 60 * 60);
/// Not refreshed any more until somebody reads it again.
pub const REFRESH_UNREAD: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// At start, what is due is spread over so long per feed: 30 fetches a minute.
pub const REFRESH_START_STEP: Duration = Duration::from_secs(2);
/// And over so long at most: 100 000 feeds then make 28 fetches a second.
pub const REFRESH_START_MOST: Duration = Duration::from_secs(60 * 60);
/// Refreshes at once: half of [`FETCHES_AT_ONCE`], so that readers find room.
pub const REFRESHES_AT_ONCE: usize = FETCHES_AT_ONCE / 2;
/// Longest sleep of the scheduler: the machine may have slept meanwhile, its clock may have been set.
pub const REFRESH_LOOK: Duration = Duration::from_secs(30);

// ── hubs (WebSub) ───────────────────────────────────────────────────────────────────────────────────

/// Most hubs of one feed that are looked at; feeds name one, some name two.
pub const MAX_HUBS_NAMED: usize = 4;
/// Lease that is asked of a hub: the good value of WebSub §5.1.
pub const HUB_LEASE: Duration = Duration::from_secs(10 * 24 * 60 * 60);
/// Shortest lease that is believed, so that a hub cannot have itself asked all the time.
pub const HUB_LEASE_LEAST: Duration = Duration::from_secs(24 * 60 * 60);
/// Longest one: a hub that forgot us is asked again within a month.
pub const HUB_LEASE_MOST: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// Largest ping of a hub: hubs send the feed along, which is read for its signature only.
pub const MAX_PING: usize = 4 * MIB;
/// Time for such a ping to come whole.
pub const PING_TIME: Duration = Duration::from_secs(10);
/// A feed that hubs say has changed is asked for so often at most.
pub const PING_GAP: Duration = Duration::from_secs(60);
/// When a hub that refused or kept silent is asked again.
pub const HUB_RETRY: Duration = Duration::from_secs(24 * 60 * 60);

// ── the store on disk ───────────────────────────────────────────────────────────────────────────────

/// Default of `cache.disk`.
pub const CACHE_DISK: usize = 1024 * MIB;
/// Floor of `cache.disk`: state alone fills less of no real use.
pub const CACHE_DISK_FLOOR: usize = MIB;
/// Effort of zstd for bodies on disk: the fastest, 300 MB/s; it still packs a feed five times.
pub const DISK_ZSTD_LEVEL: i32 = 1;
/// Bookkeeping of a row beside its bytes: keys, numbers, two indexes.
pub const DISK_ROW_OVERHEAD: usize = 200;
/// How long a statement waits for another connection of this process.
pub const DISK_BUSY: Duration = Duration::from_secs(2);
/// To how much of `cache.disk` eviction goes down, in percent, so that not every write evicts.
pub const DISK_EVICT_TO_PERCENT: i64 = 90;
/// The archives' part of `cache.disk`, in percent: the rest is for bodies and for what must survive.
pub const DISK_ARCHIVES_PERCENT: i64 = 75;
/// Most rows that one step of eviction deletes: a transaction of some megabytes.
pub const DISK_EVICT_AT_ONCE: i64 = 256;
/// What is kept of the write-ahead log once it was copied into the file, in bytes.
pub const DISK_LOG_KEPT: i64 = 8 * MIB as i64;
/// Pages that one connection keeps in memory, as SQLite counts: negative is KiB.
pub const DISK_PAGE_CACHE: i64 = -1024;
/// Most bytes that wait to be written before bodies are let go.
pub const DISK_QUEUE_BODIES: usize = 32 * MIB;
/// Most bytes that wait to be written at all.
pub const DISK_QUEUE: usize = 48 * MIB;
/// Most pieces of work on other tables that wait.
pub const DISK_QUEUE_JOBS: usize = 1024;
/// When a disk that refused is tried again. A person who makes room waits a minute at most.
pub const DISK_RETRY: Duration = Duration::from_secs(60);
/// How often an idle store looks whether its file is still there.
pub const DISK_LOOK: Duration = Duration::from_secs(60);
/// A use is noted once an hour: eviction needs no more, and each note is a write.
pub const DISK_TOUCH: Duration = Duration::from_secs(60 * 60);
/// Reading connections kept open, about 100 KiB each.
pub const DISK_READERS_KEPT: usize = 4;

// ── the store that several refeeds share ────────────────────────────────────────────────────────────

/// Longest wait for an answer of the shared store, connecting included: a tenth of what a fetch takes at worst, a hundred
/// times what an answer takes on a local network.
pub const SHARED_PATIENCE: Duration = Duration::from_millis(250);
/// A shared store that did not answer is left alone for so long.
pub const SHARED_REST: Duration = Duration::from_secs(5);
/// One that comes and goes is in the log once in so long.
pub const SHARED_SAY_AGAIN: Duration = Duration::from_secs(60);
/// Largest value there, packed: a feed of 32 MiB packs into less, and it passes in [`SHARED_PATIENCE`].
pub const SHARED_VALUE: usize = 8 * MIB;
/// Largest body there, unpacked: `fetch.max_body` by default.
pub const SHARED_BODY: usize = super::MAX_BODY;
/// Most writes to it that wait.
pub const SHARED_QUEUE: usize = 256;
/// Most bytes of bodies that wait, one body always.
pub const SHARED_WAITING: usize = 32 * MIB;
/// Most hosts that the others are told of at once; a busy refeed knows some dozen.
pub const SHARED_HOLDS: usize = 64;
/// A copy from a clock that is ahead of ours by no more is as old as if it had come now; machines that set their clocks by
/// the net are within a second.
pub const SHARED_SKEW: Duration = Duration::from_secs(30);
/// A copy stays there for so long at least: when it may no longer be used its validators still save a body.
pub const SHARED_LEAST: Duration = Duration::from_secs(60 * 60);
/// And for so long at most, as the rest of what is kept of upstreams.
pub const SHARED_MOST: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// How long one refeed may be the only one to fetch a feed, should it never say that it is done: a little longer than a fetch.
pub const SHARED_TURN: Duration = Duration::from_secs(30);
/// How long the others wait for it before they serve what they have, or fetch themselves.
pub const SHARED_WAIT: Duration = Duration::from_secs(5);
/// First pause between their looks; each is twice the one before …
pub const SHARED_LOOK: Duration = Duration::from_millis(50);
/// … up to this.
pub const SHARED_LOOK_LONGEST: Duration = Duration::from_millis(400);

// ── finding the feed of a page ──────────────────────────────────────────────────────────────────────

/// Most feeds that are looked at of those that a page names; a large site names a dozen.
pub const MAX_FEEDS_NAMED: usize = 50;
/// Most pages on the way to a feed: one, and one that stands between, such as a front page of languages.
pub const MAX_PAGES_TO_FEED: usize = 2;

// ── what a parser that builds a tree is given ───────────────────────────────────────────────────────

/// Most elements of a page that readability is given: it builds a tree of them. News pages have under 5 000.
pub const MAX_PAGE_ELEMENTS: usize = 100_000;
/// Most depths of all its elements together: who walks a tree takes so long. A large news page has under a tenth.
pub const MAX_PAGE_NESTING: usize = 2_000_000;
/// Most attributes of one element that a parser is given: it compares each with all others.
pub const MAX_ATTRIBUTES: usize = 256;
