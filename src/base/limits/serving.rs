//! The bounds of what is served: connections, requests, answers, and what an operator asks a running server.

use std::time::Duration;

use super::{KIB, MIB};

// ── serving ─────────────────────────────────────────────────────────────────────────────────────────

/// Default port of `server.listen`: not a port that RSSHub, miniflux or FreshRSS uses.
pub const PORT: u16 = 4600;
/// Longest question of `refeed cache` to a running server: a URL and some words.
pub const CONTROL_LINE: u64 = 8 * KIB as u64;
/// Longest answer to it: a line of a hundred bytes for each of 100 000 feeds, and more.
pub const CONTROL_ANSWER: u64 = 64 * MIB as u64;
/// Time for question and answer: a purge of a large feed may wait for the disk.
pub const CONTROL_TIME: Duration = Duration::from_secs(20);
/// How long `refeed health` waits for an answer of this machine: half of what Docker waits for the command.
pub const HEALTH_TIMEOUT: Duration = Duration::from_secs(5);
/// How much of the answer `refeed health` reads: the status line and a reason.
pub const HEALTH_ANSWER: usize = 4 * KIB;
/// Width of the help on a terminal that is wider: longer lines are hard to read.
pub const HELP_WIDTH: usize = 100;
/// A connection must send a whole request head within this time of being opened or of the last answer: slow and silent
/// clients are closed.
pub const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// A reader that takes no byte of an answer for so long is cut.
pub const WRITE_STALL: Duration = Duration::from_secs(15);
/// A reader that has not taken a whole answer after so long is cut: 32 MiB at 280 kB/s.
pub const WRITE_TOTAL: Duration = Duration::from_secs(120);
/// Most bytes of a request head that are buffered.
pub const MAX_REQUEST_HEAD: usize = 32 * KIB;
/// Most refeeds of a request's `Via` that the fetch it causes tells of. One reads from another, seldom from a third.
pub const MAX_HOPS_TOLD: usize = 8;
/// Most header lines of a request.
pub const MAX_REQUEST_HEADERS: usize = 64;
/// How often a running server looks whether its configuration has changed: as soon as a person expects it to.
pub const RELOAD_POLL: Duration = Duration::from_secs(2);
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
