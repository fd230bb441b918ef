//! One subscription: what is asked of the hub, what the hub may confirm, and when to ask again. Pure.
//!
//! The callback's path is random, so that only who was told it can call it; a confirmation is accepted once per request of
//! ours, for our topic. A lease is renewed in its last fifth. A hub that does not answer, or refuses, is left alone for a
//! day at a time: the feed is polled anyway.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use url::form_urlencoded::Serializer;

use super::discover::Hub;
use crate::base::clock::Time;
use crate::base::limits;

/// A subscription that was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscription {
    /// The hub's address.
    pub hub: String,
    /// What is subscribed to.
    pub topic: String,
    /// The last segment of the callback's path.
    pub token: String,
    /// What stood before the token when the hub was last asked.
    #[serde(default)]
    callback: String,
    /// What the hub signs its pings with; none where it would be sent in the clear.
    pub secret: Option<String>,
    /// A request of ours waits to be confirmed.
    pending: bool,
    /// Confirmed until then.
    until: Option<Time>,
    /// When to ask (again).
    pub next: Time,
}

/// What a hub asks the callback (WebSub §5.3).
#[derive(Clone, Copy, Debug, Default)]
pub struct Question<'a> {
    /// `hub.mode`
    pub mode: &'a str,
    /// `hub.topic`
    pub topic: &'a str,
    /// `hub.challenge`
    pub challenge: &'a str,
    /// `hub.lease_seconds`
    pub lease: Option<u64>,
}

impl Subscription {
    /// To `hub`, to be asked for now. `random` is 32 bytes that nobody can guess.
    pub fn new(hub: &Hub, random: [u8; 32], now: Time) -> Subscription {
        let part = |context| blake3::derive_key(context, &random);
        let hex = |bytes: [u8; 32]| blake3::Hash::from_bytes(bytes).to_hex().to_string();
        let secret = (hub.hub.scheme() == "https").then(|| hex(part("refeed websub secret")));
        let token = hex(part("refeed websub callback"));
        let (topic, hub) = (hub.topic.to_string(), hub.hub.to_string());
        Subscription { hub, topic, token, callback: String::new(), secret, pending: false, until: None, next: now }
    }

    /// True where this is the subscription to `hub`, which calls back at `callback`: where that has changed since, the hub calls
    /// nobody.
    pub fn is_to(&self, hub: &Hub, callback: &str) -> bool {
        self.hub == hub.hub.as_str() && self.topic == hub.topic.as_str() && self.callback == callback
    }

    /// The form that subscribes, with what stands before the token in the callback's address. Until the hub answers, it is
    /// not asked again for a day.
    pub fn ask(&mut self, callback: &str, now: Time) -> String {
        self.pending = true;
        self.next = now + limits::HUB_RETRY;
        callback.clone_into(&mut self.callback);
        let mut form = Serializer::new(String::new());
        form.append_pair("hub.mode", "subscribe")
            .append_pair("hub.topic", &self.topic)
            .append_pair("hub.callback", &format!("{callback}{}", self.token))
            .append_pair("hub.lease_seconds", &limits::HUB_LEASE.as_secs().to_string());
        if let Some(secret) = &self.secret {
            form.append_pair("hub.secret", secret);
        }
        form.finish()
    }

    /// The form that ends it, for a hub that is no longer wanted.
    pub fn end(&self, callback: &str) -> String {
        Serializer::new(String::new())
            .append_pair("hub.mode", "unsubscribe")
            .append_pair("hub.topic", &self.topic)
            .append_pair("hub.callback", &format!("{callback}{}", self.token))
            .finish()
    }

    /// The answer to a hub that asks whether a subscription is meant: its challenge, once per request of ours; nothing (404)
    /// to everything else. A refusal is believed for a day.
    pub fn confirm<'a>(&mut self, question: Question<'a>, now: Time) -> Option<&'a str> {
        if question.topic != self.topic {
            return None;
        }
        match question.mode {
            "subscribe" if self.pending && !question.challenge.is_empty() => {
                let lease = question.lease.map_or(limits::HUB_LEASE, Duration::from_secs);
                let lease = lease.clamp(limits::HUB_LEASE_LEAST, limits::HUB_LEASE_MOST);
                (self.pending, self.until) = (false, Some(now + lease));
                self.next = now + lease / 5 * 4;
                Some(question.challenge)
            }
            "denied" => {
                (self.pending, self.until, self.next) = (false, None, now + limits::HUB_RETRY);
                None
            }
            _ => None,
        }
    }

    /// True while the hub has promised to tell of changes.
    pub fn is_active(&self, now: Time) -> bool {
        self.until.is_some_and(|until| now < until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::url::Url;

    const NOW: Time = Time::from_secs(1_800_000_000);
    const DAY: Duration = Duration::from_secs(24 * 3600);

    fn hub(scheme: &str) -> Hub {
        Hub {
            hub: Url::parse(&format!("{scheme}://hub.example/")).unwrap(),
            topic: Url::parse("https://example.org/feed?a=b&c").unwrap(),
        }
    }

    fn asked() -> Subscription {
        let mut subscription = Subscription::new(&hub("https"), [7; 32], NOW);
        subscription.ask("https://feeds.example/websub/", NOW);
        subscription
    }

    fn question(challenge: &str) -> Question<'_> {
        Question { mode: "subscribe", topic: "https://example.org/feed?a=b&c", challenge, lease: Some(864_000) }
    }

    #[test]
    fn the_request_names_topic_callback_lease_and_secret() {
        let mut subscription = Subscription::new(&hub("https"), [7; 32], NOW);
        let form = subscription.ask("https://feeds.example/websub/", NOW);
        let pairs: Vec<(String, String)> = url::form_urlencoded::parse(form.as_bytes()).into_owned().collect();
        let get = |name: &str| pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        assert_eq!(get("hub.mode"), Some("subscribe"));
        assert_eq!(get("hub.topic"), Some("https://example.org/feed?a=b&c"));
        assert_eq!(get("hub.callback"), Some(&*format!("https://feeds.example/websub/{}", subscription.token)));
        assert_eq!(get("hub.lease_seconds"), Some("864000"));
        assert_eq!(get("hub.secret"), subscription.secret.as_deref());
        assert!(subscription.token.len() == 64 && subscription.secret.as_ref() != Some(&subscription.token));
        assert!(!Subscription::new(&hub("http"), [7; 32], NOW).ask("", NOW).contains("secret"), "sent in the clear");
        assert_ne!(Subscription::new(&hub("https"), [8; 32], NOW).token, subscription.token);
    }

    #[test]
    fn a_callback_that_has_moved_is_another_subscription() {
        let (subscription, hub) = (asked(), hub("https"));
        assert!(subscription.is_to(&hub, "https://feeds.example/websub/"));
        assert!(!subscription.is_to(&hub, "https://other.example/websub/"));
    }

    #[test]
    fn a_challenge_is_echoed_once_and_only_for_what_was_asked_for() {
        let mut never = Subscription::new(&hub("https"), [7; 32], NOW);
        assert_eq!(never.confirm(question("x"), NOW), None, "not asked for");
        for wrong in [
            Question { topic: "https://example.org/feed", ..question("x") },
            Question { mode: "unsubscribe", ..question("x") },
            Question { mode: "", ..question("x") },
            question(""),
        ] {
            assert_eq!(asked().confirm(wrong, NOW), None, "{wrong:?}");
        }
        let mut subscription = asked();
        assert!(!subscription.is_active(NOW));
        assert_eq!(subscription.confirm(question("abc"), NOW), Some("abc"));
        assert!(subscription.is_active(NOW));
        assert_eq!(subscription.confirm(question("abc"), NOW), None, "once");
    }

    #[test]
    fn a_lease_is_renewed_in_time_and_bounded() {
        for (lease, days) in [(Some(864_000), 10), (None, 10), (Some(0), 1), (Some(u64::MAX), 30)] {
            let mut subscription = asked();
            subscription.confirm(Question { lease, ..question("x") }, NOW);
            assert!(
                subscription.is_active(NOW + DAY * days - Duration::from_secs(1))
                    && !subscription.is_active(NOW + DAY * days)
            );
            assert_eq!(subscription.next, NOW + DAY * days / 5 * 4);
            subscription.ask("", subscription.next);
            assert!(subscription.is_active(NOW + DAY * days / 5 * 4), "active while it is renewed");
            assert_eq!(subscription.confirm(question("y"), NOW + DAY * days / 5 * 4), Some("y"));
        }
    }

    #[test]
    fn a_hub_that_refuses_or_is_silent_is_left_alone_for_a_day() {
        assert_eq!(asked().next, NOW + DAY);
        let mut refused = asked();
        refused.confirm(question("x"), NOW);
        let denied = Question { mode: "denied", ..question("") };
        assert_eq!(refused.confirm(denied, NOW), None);
        assert_eq!((refused.is_active(NOW), refused.next), (false, NOW + DAY));
    }
}
