//! The store that several refeeds share, Valkey or Redis (`cache.shared`): what one of them fetched the others need not fetch, and
//! a host that asked one of them for a pause is left in peace by all.
//!
//! It only ever helps. Whatever is wrong with it (slow, full, restarting, gone, another thing under our keys) means "nothing is
//! known there", never an error: each question is bounded by [`limits::SHARED_PATIENCE`], after one that was not answered none is
//! asked until the store answers again (`link`), what is stored goes behind the answer through a bounded queue, and the log says so once.
//!
//! A value is trusted as much as the store on disk is: who can write there can say what feeds hold. It must have our form and
//! checksum (`form`), within bounds; a copy whose time is ahead of this machine's clock is none. Pauses are told as what is left of
//! them, so that no clocks are compared. What is kept: `refeed:1:copy:KEY`, `refeed:1:hold:HOST`, `refeed:1:turn:KEY`; all of it expires.
//!
//! Called by [`super::Store`] and `pipeline`. Nothing is connected before the first question, which a Tokio runtime must run.

mod form;
mod link;

use std::sync::Arc;
use std::time::Duration;

use redis::{Cmd, cmd};

use self::link::{Link, Op};
use super::{Fetched, Key};
use crate::base::clock::Time;
use crate::base::limits;

/// The store. Clones share it; the connection ends with the last.
#[derive(Clone)]
pub struct Shared(Option<Arc<Link>>);

/// Who of all refeeds is to fetch something. For less work, never for being right: two that fetch do no harm.
pub enum Turn {
    /// This one. The others wait until it is dropped, or for [`limits::SHARED_TURN`].
    Ours(Claim),
    /// Another one is at it.
    Theirs,
    /// Nobody knows: there is no store, or it does not answer.
    Unknown,
}

/// A turn that is given back when it is dropped, after what was stored before.
pub struct Claim {
    link: Arc<Link>,
    key: Key,
    token: Key,
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.link.send(Op::Release { turn: of("turn", &self.key), token: self.token }, 0);
    }
}

impl Shared {
    /// The store at `address`, a `redis:` URL with what is needed to log in. Connects when it is first asked.
    pub fn at(address: &str) -> Shared {
        match redis::Client::open(address) {
            Ok(client) => Shared(Some(Arc::new(Link::new(client)))),
            Err(error) => {
                tracing::warn!(
                    reason = error.category(),
                    "nothing is shared: the address (`cache.shared`) cannot be used"
                );
                Shared(None)
            }
        }
    }

    /// No store: nothing is known, nothing kept.
    pub fn none() -> Shared {
        Shared(None)
    }

    /// True where nothing is shared.
    pub fn is_none(&self) -> bool {
        self.0.is_none()
    }

    /// The copy of `key` that one of the refeeds stored last, fresh or not.
    pub async fn copy(&self, key: &Key, now: Time) -> Option<Fetched> {
        let link = self.0.as_ref()?;
        // one byte more than may be: a longer value is not read to its end
        let ask = cmd("GETRANGE").arg(of("copy", key)).arg(0).arg(limits::SHARED_VALUE).take();
        let value: Vec<u8> = link.ask(&ask).await?;
        if value.is_empty() || value.len() > limits::SHARED_VALUE {
            return None;
        }
        let key = *key;
        let read = tokio::task::spawn_blocking(move || form::read(&value, &key)).await;
        let copy = read.ok().flatten();
        if copy.is_none() {
            tracing::debug!("a shared copy is not used: it is damaged, too large or of another refeed");
        }
        let mut copy = copy?;
        let said = &mut copy.about.said;
        if said.received.since(now) > limits::SHARED_SKEW {
            tracing::debug!("a shared copy is not used: it is of a time to come");
            return None;
        }
        said.received = said.received.min(now);
        Some(copy)
    }

    /// Stores the copy of `key` for `lasts`, behind.
    pub fn put(&self, key: Key, copy: Arc<Fetched>, lasts: Duration) {
        let Some(link) = &self.0 else { return };
        let weight = copy.body.len();
        if weight <= limits::SHARED_BODY {
            link.send(Op::Put { name: of("copy", &key), key, copy, lasts }, weight);
        }
    }

    /// Forgets the copy of `key`.
    pub async fn remove(&self, key: &Key) {
        if let Some(link) = &self.0 {
            let _: Option<redis::Value> = link.ask(cmd("DEL").arg(of("copy", key))).await; // else it ends with its time
        }
    }

    /// Tells the others of hosts that asked for a pause, behind: each with what is left of it.
    pub fn hold(&self, hosts: &[(String, Duration)]) {
        let Some(link) = &self.0 else { return };
        let told = hosts.iter().filter(|(_, left)| !left.is_zero()).take(limits::SHARED_HOLDS);
        let told: Vec<Cmd> = told
            .map(|(host, left)| cmd("SET").arg(name("hold", host)).arg("").arg("PX").arg(millis(*left)).take())
            .collect();
        if !told.is_empty() {
            link.send(Op::Run(told), 0);
        }
    }

    /// How long `host` is still to be left in peace, as far as the others know.
    pub async fn held(&self, host: &str) -> Option<Duration> {
        let left: i64 = self.0.as_ref()?.ask(cmd("PTTL").arg(name("hold", host))).await?;
        // negative: there is none, or one without an end, which is not ours
        let left = Duration::from_millis(u64::try_from(left).ok()?);
        (left <= limits::MAX_RETRY_AFTER).then_some(left)
    }

    /// Asks for the turn to fetch `key`.
    pub async fn turn(&self, key: Key) -> Turn {
        let Some(link) = &self.0 else { return Turn::Unknown };
        let mut token = [0; 16];
        if getrandom::fill(&mut token).is_err() {
            return Turn::Unknown;
        }
        let token = Key::from_bytes(token);
        let ask = cmd("SET")
            .arg(of("turn", &key))
            .arg(token.as_bytes())
            .arg("NX")
            .arg("PX")
            .arg(millis(limits::SHARED_TURN))
            .take();
        match link.ask::<Option<String>>(&ask).await {
            Some(Some(_)) => Turn::Ours(Claim { link: Arc::clone(link), key, token }),
            Some(None) => Turn::Theirs,
            None => Turn::Unknown,
        }
    }
}

/// The name of something in the store. The number is that of the names' and values' form: refeeds of two forms do not meet.
fn name(what: &str, of: &str) -> String {
    format!("refeed:{}:{what}:{of}", form::FORM)
}

fn of(what: &str, key: &Key) -> String {
    name(what, &format!("{:032x}", u128::from_be_bytes(*key.as_bytes())))
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX).max(1)
}
