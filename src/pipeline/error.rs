//! Why a feed has no answer: whose fault it is, and when to try again. What HTTP makes of it is `serve::status`'s.
//!
//! Feeds of one URL share its failures, so an error does not name the feed: whoever asked knows what it asked for.
//! Messages hold no body, no credential and no query of a URL.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::workers::WorkError;
use crate::base::clock::Time;
use crate::base::limits;
use crate::base::text::human_size;
use crate::cache::flight::FlightError;
use crate::cache::freshness::Freshness;
use crate::cache::negative::{Cause, Held};
use crate::config::{ConfigError, Problems};
use crate::emit::EmitError;
use crate::feed::FeedError;
pub use crate::fetch::Blame;
use crate::fetch::{FetchError, Phase, Place};
use crate::rules::RuleError;
use crate::rules::parameters::Wrong;

/// Why there is no pipeline.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Rules that cannot be used.
    #[error(transparent)]
    Rules(#[from] Problems),
    /// Settings that no client can be made of.
    #[error(transparent)]
    Client(#[from] FetchError),
}

/// Why there is no chain of the rules that came with a request.
#[derive(Debug, thiserror::Error)]
pub enum RulesError {
    /// They cannot be used: the reader's fault.
    #[error(transparent)]
    Wrong(#[from] Wrong),
    /// Something else stood in the way.
    #[error(transparent)]
    Other(#[from] Error),
}

/// Why a feed has no answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The configuration has no feed of this name.
    #[error("the configuration has no feed of this name")]
    UnknownFeed,
    /// No response from upstream.
    #[error(transparent)]
    Fetch(FetchError),
    /// The feed's file cannot be read. The message, which names its path, is for the log.
    #[error("the feed's file cannot be read")]
    File(#[source] ConfigError),
    /// A success, but no feed.
    #[error(transparent)]
    NotAFeed(FeedError),
    /// The feed that a page names, which was asked for in the page's place, cannot be had.
    #[error("the page names its feed at {at}: {}", error.without_place())]
    Named {
        /// Where.
        at: Place,
        /// Why not.
        error: Box<Error>,
    },
    /// A feed that ends in the middle, where a whole copy is at hand.
    #[error("the feed ends in the middle")]
    CutShort,
    /// A feed without items, where the copy at hand has some.
    #[error("the feed has no items, where it had {before}; that is believed when it lasts for a day")]
    Emptied {
        /// How many it had.
        before: usize,
    },
    /// A failure of before the last start.
    #[error("{}", .0.message)]
    Earlier(Earlier),
    /// A merged feed of which no source has an answer.
    #[error("none of its sources has an answer: {}", errors.join("; "))]
    NoSource {
        /// `name: reason` of each.
        errors: Vec<String>,
    },
    /// The sources of a merged feed are larger together than one feed may be; this one came last.
    #[error("the sources have more than {} together", human_size(limits::MAX_MERGED))]
    TooMuch,
    /// The archive has no such page.
    #[error("the archive has no page {number}{}", pages(*oldest, *newest))]
    NoSuchPage {
        /// Asked for.
        number: u64,
        /// The first one.
        oldest: u64,
        /// The last one that is full.
        newest: u64,
    },
    /// Pages and changes are known where the archive can be read.
    #[error("the archive of this feed cannot be read now")]
    NoArchive,
    /// A rule failed on this feed.
    #[error(transparent)]
    Rule(RuleError),
    /// The feed cannot be written in the format asked for.
    #[error(transparent)]
    Emit(EmitError),
    /// Too much to do.
    #[error("refeed has too much to do at the moment")]
    Busy,
    /// The wait was long enough; the work goes on.
    #[error("the answer took too long; it is still being made")]
    Late,
    /// A panic.
    #[error("refeed failed on this feed; this is a bug in refeed")]
    Bug,
}

/// Which pages an archive has.
fn pages(oldest: u64, newest: u64) -> String {
    if newest < oldest { ": none is full yet".to_owned() } else { format!(", only {oldest} to {newest}") }
}

impl Error {
    /// For readers of a feed of the configuration: where it comes from is the operator's business.
    pub fn without_place(&self) -> String {
        match self {
            Error::Fetch(error) => error.without_place(),
            Error::Earlier(earlier) => earlier.without_place.clone(),
            Error::Named { error, .. } => format!("a page, and of the feed that it names: {}", error.without_place()),
            other => other.to_string(),
        }
    }

    /// Whose fault it is.
    pub fn blame(&self) -> Blame {
        match self {
            Error::UnknownFeed | Error::NoSuchPage { .. } => Blame::Reader,
            Error::Fetch(error) => error.blame(),
            Error::NotAFeed(_)
            | Error::CutShort
            | Error::Emptied { .. }
            | Error::NoSource { .. }
            | Error::TooMuch
            | Error::Late => Blame::Upstream,
            Error::Earlier(earlier) => earlier.blame,
            // the reader did not ask for it
            Error::Named { error, .. } if error.blame() == Blame::Reader => Blame::Upstream,
            Error::Named { error, .. } => error.blame(),
            Error::File(_) | Error::NoArchive | Error::Rule(_) | Error::Emit(_) | Error::Busy | Error::Bug => Blame::Us,
        }
    }

    /// What the time of the next try depends on.
    pub fn cause(&self) -> Cause {
        match self {
            Error::NotAFeed(_) | Error::CutShort | Error::Bug => Cause::Unusable,
            Error::Emptied { .. } => Cause::Emptied,
            Error::Earlier(earlier) => earlier.cause,
            Error::Named { error, .. } => error.cause(),
            Error::Rule(_) | Error::Emit(_) => Cause::Rule,
            Error::Fetch(error) => match error {
                FetchError::Status { status, .. } => Cause::Status(*status),
                FetchError::Refused { .. } | FetchError::OwnLoop { .. } => Cause::Blocked,
                FetchError::Settings(_)
                | FetchError::Offline { .. }
                | FetchError::Held { .. }
                | FetchError::Busy { .. }
                | FetchError::Timeout { phase: Phase::Turn, .. } => Cause::Ours,
                FetchError::TooLarge { .. } | FetchError::Encoding { .. } | FetchError::Redirect { .. } => {
                    Cause::Unusable
                }
                _ => Cause::Network,
            },
            _ => Cause::Ours,
        }
    }

    /// How long upstream asked us to wait.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Error::Fetch(error) => error.retry_after(),
            Error::Named { error, .. } => error.retry_after(),
            _ => None,
        }
    }
}

impl From<FlightError> for Error {
    fn from(error: FlightError) -> Error {
        match error {
            FlightError::Busy => Error::Busy,
            FlightError::Late => Error::Late,
            FlightError::Panicked => Error::Bug,
        }
    }
}

impl From<WorkError> for Error {
    fn from(error: WorkError) -> Error {
        match error {
            WorkError::Busy => Error::Busy,
            WorkError::Panicked => Error::Bug,
        }
    }
}

/// What is left of a failure after a restart.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Earlier {
    /// As it was told to the operator.
    pub message: String,
    /// As it was told to readers of a feed of the configuration.
    pub without_place: String,
    /// Whose fault it was.
    pub blame: Blame,
    /// What the time of the next try depends on.
    pub cause: Cause,
}

impl Earlier {
    /// What has to be known of `error` later on.
    pub fn of(error: &Error) -> Earlier {
        let (message, without_place) = (error.to_string(), error.without_place());
        Earlier { message, without_place, blame: error.blame(), cause: error.cause() }
    }
}

/// An error, shared by all who waited for it, and how long not to ask again.
#[derive(Clone, Debug)]
pub struct Failure {
    /// What happened.
    pub error: Arc<Error>,
    /// From now; `None` where asking again at once is fine or of no use.
    pub retry_after: Option<Duration>,
    /// It happened now; otherwise before, and nothing was tried this time.
    pub asked: bool,
    /// A copy is at hand that upstream forbids to use now.
    pub withheld: bool,
}

impl Failure {
    /// An earlier failure that is still held at `now`.
    pub fn held(held: Held<Error>, now: Time) -> Failure {
        let retry_after = held.retry_at.map(|at| at.since(now));
        Failure { error: held.error, retry_after, asked: false, withheld: false }
    }

    /// What upstream answered with, where it answered.
    pub fn status(&self) -> Option<u16> {
        match self.error.cause() {
            Cause::Status(status) => Some(status),
            _ => None,
        }
    }

    /// True where a copy of this `freshness` may be used although this happened. Offline every copy may. Of a feed that is gone for good the last
    /// copy is the last: it has no end.
    pub fn leaves(&self, freshness: &Freshness, now: Time) -> bool {
        let offline = matches!(*self.error, Error::Fetch(FetchError::Offline { .. }));
        freshness.usable_on_error(now) || self.error.cause() == Cause::Status(410) || offline
    }
}

impl<E: Into<Error>> From<E> for Failure {
    fn from(error: E) -> Failure {
        let error = error.into();
        Failure { retry_after: error.retry_after(), error: Arc::new(error), asked: true, withheld: false }
    }
}
