//! Subscriptions to the hubs that feeds name (WebSub), where hubs can reach us (`server.public_url`).
//!
//! [`Subscriber::offer`] is told of the hub that a refreshed feed names and asks it, behind the guard, when it is time;
//! [`Subscriber::confirm`] and [`Subscriber::ping`] are what hubs say to the callback. A ping names no more than the feed that
//! shall be asked: its body is only what its signature is over. Subscriptions are kept on disk.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use crate::base::clock::{Clock, Time};
use crate::base::url::Url;
use crate::cache::disk::{Kind, Record};
use crate::cache::{Disk, Key};
use crate::fetch::{Client, Request};
use crate::websub::subscription::Question;
use crate::websub::{Hub, Subscription, signature};

/// Version of the records on disk.
const VERSION: u8 = 1;

/// The subscriptions, by the key of the feed's upstream. Clones share them.
#[derive(Clone)]
pub(super) struct Subscriber(Option<Arc<Parts>>);

struct Parts {
    /// What stands before the token.
    callback: String,
    client: Client,
    clock: Clock,
    disk: Disk,
    held: Held,
}

type Held = Arc<Mutex<HashMap<Key, Subscription>>>;

/// What a hub's ping means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ping {
    /// Nobody was given that callback.
    Unknown,
    /// Not signed as agreed, or not subscribed any more.
    Ignored,
    /// The upstream of this key has changed, says its hub.
    Changed(Key),
}

impl Subscriber {
    /// Without a public address nobody can call back, and nothing is subscribed to.
    pub(super) fn new(public: Option<&Url>, client: Client, clock: Clock, disk: Disk) -> Subscriber {
        let parts = |public: &Url| {
            let callback = format!("{}/websub/", public.as_str().trim_end_matches('/'));
            Arc::new(Parts { callback, client, clock, disk, held: Held::default() })
        };
        Subscriber(public.map(parts))
    }

    /// With what `before`, of the configuration before this one, was told and is waiting for.
    pub(super) fn after(&self, before: &Subscriber) -> Subscriber {
        let (Some(parts), Some(before)) = (&self.0, &before.0) else { return self.clone() };
        let Parts { callback, client, clock, disk, .. } = &**parts;
        let (callback, client, clock, disk) = (callback.clone(), client.clone(), clock.clone(), disk.clone());
        Subscriber(Some(Arc::new(Parts { callback, client, clock, disk, held: Arc::clone(&before.held) })))
    }

    /// Those of the last run, before the first feed is refreshed. Those of feeds that are not `wanted` any more are forgotten:
    /// their hubs learn that nobody is there.
    pub(super) async fn restore(&self, wanted: &HashSet<Key>) {
        let Some(parts) = &self.0 else { return };
        let kept = parts.disk.load_all(Kind::Subscription).await;
        let mut held = parts.held();
        for (key, record) in kept {
            if let Some(subscription) = record.meta(VERSION) {
                held.entry(key).or_insert(subscription);
            }
        }
        held.retain(|key, _| {
            let is_wanted = wanted.contains(key);
            if !is_wanted {
                parts.disk.remove(Kind::Subscription, *key);
            }
            is_wanted
        });
    }

    /// The feed of `key` names `hub`, or none. Subscribes where that is new or the lease runs out. True while the hub has
    /// promised to tell of changes.
    pub(super) fn offer(&self, key: Key, label: &str, hub: Option<&Hub>) -> bool {
        let (Some(parts), now) = (&self.0, self.now()) else { return false };
        let mut held = parts.held();
        let Some(hub) = hub else {
            if held.remove(&key).is_some() {
                parts.disk.remove(Kind::Subscription, key);
            }
            return false;
        };
        let known = held.get(&key).filter(|known| known.is_to(hub, &parts.callback)).cloned();
        let Some(mut subscription) = known.or_else(|| Some(Subscription::new(hub, random()?, now))) else {
            return false;
        };
        let active = subscription.is_active(now);
        if subscription.next <= now {
            let form = subscription.ask(&parts.callback, now);
            parts.keep(key, label, &subscription);
            held.insert(key, subscription);
            let (client, url, feed) = (parts.client.clone(), hub.hub.to_string(), label.to_owned());
            tokio::spawn(async move {
                // the answer that counts comes to the callback; a hub that refuses is asked again another day
                match client.get(&Request::form(url, form)).await {
                    Ok(_) => tracing::debug!(feed, "asked a hub to tell of changes"),
                    Err(error) => tracing::info!(feed, %error, "the feed's hub cannot be asked; the feed is polled"),
                }
            });
        }
        active
    }

    /// What to answer a hub that asks whether a subscription is meant.
    pub(super) fn confirm(&self, token: &str, question: Question<'_>) -> Option<String> {
        let (parts, now) = (self.0.as_ref()?, self.now());
        let mut held = parts.held();
        let (key, subscription) = held.iter_mut().find(|(_, held)| is(&held.token, token))?;
        let challenge = subscription.confirm(question, now).map(str::to_owned);
        parts.keep(*key, &subscription.topic.clone(), subscription);
        challenge
    }

    /// True where somebody was given that callback.
    pub(super) fn knows(&self, token: &str) -> bool {
        self.0.as_ref().is_some_and(|parts| parts.held().values().any(|held| is(&held.token, token)))
    }

    /// What a hub's ping means.
    pub(super) fn ping(&self, token: &str, signed: Option<&str>, body: &[u8]) -> Ping {
        let (Some(parts), now) = (&self.0, self.now()) else { return Ping::Unknown };
        let held = parts.held();
        let Some((key, subscription)) = held.iter().find(|(_, held)| is(&held.token, token)) else {
            return Ping::Unknown;
        };
        let genuine = match (&subscription.secret, signed) {
            (Some(secret), Some(signed)) => signature::verify(signed, secret, body),
            (Some(_), None) => false,
            (None, _) => true,
        };
        if genuine && subscription.is_active(now) { Ping::Changed(*key) } else { Ping::Ignored }
    }

    fn now(&self) -> Time {
        self.0.as_ref().map_or(Time(0), |parts| parts.clock.now())
    }
}

impl Parts {
    fn held(&self) -> MutexGuard<'_, HashMap<Key, Subscription>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, key: Key, label: &str, subscription: &Subscription) {
        self.disk.store(Kind::Subscription, key, label, Record::new(VERSION, subscription, Bytes::new()));
    }
}

/// Compared in the same time whatever was sent: the token is all that lets a hub in.
fn is(token: &str, sent: &str) -> bool {
    blake3::hash(token.as_bytes()) == blake3::hash(sent.as_bytes())
}

/// 32 bytes that nobody can guess; none where the system has none to give.
fn random() -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).ok()?;
    Some(bytes)
}
