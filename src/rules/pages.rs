//! What rules read from the network, as plain data: a rule says what it wants, the pipeline fetches it, the rule is then
//! applied. No rule fetches by itself, and none waits.
//!
//! [`Rule::wants`](super::Rule::wants) names the pages; it is asked again when they came, so that one page may lead to the
//! next, at most [`MAX_PAGE_ROUNDS`](crate::base::limits::MAX_PAGE_ROUNDS) times. What could not be had in time is
//! [`Page::Pending`], what failed is [`Page::Failed`]: the rule then leaves the item as it was.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;

use crate::base::limits::{PAGE_KEPT, PAGE_WRITTEN, PAGES_OF_FEED};
use crate::base::text::human_size;
use crate::base::url::Url;

/// A page that a rule would read. Wants that ask for the same in the same way are one, fetched once.
#[derive(Clone, Debug)]
pub struct Want {
    /// Its address, `http:` or `https:`.
    pub url: Url,
    /// What a site asks for, such as a cookie of consent: name and value. Sent to the address's own host alone.
    pub headers: Vec<(String, String)>,
    /// A body to post instead of asking for a page; its `Content-Type` is among the headers.
    pub post: Option<Bytes>,
    /// For how long what came may be read again.
    pub kept: Duration,
}

impl Want {
    /// The page at `url`.
    pub fn page(url: Url) -> Want {
        Want { url, headers: Vec::new(), post: None, kept: PAGE_KEPT }
    }
}

impl PartialEq for Want {
    fn eq(&self, other: &Want) -> bool {
        self.url == other.url && self.headers == other.headers && self.post == other.post
    }
}

impl Eq for Want {}

impl Hash for Want {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.url.hash(state);
        self.headers.hash(state);
        self.post.hash(state);
    }
}

/// A page that came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body {
    /// Decoded from its content coding, not from its charset.
    pub bytes: Bytes,
    /// `Content-Type` as sent.
    pub content_type: Option<String>,
    /// Where it was found in the end, after redirects.
    pub url: Url,
}

/// What became of a want.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Page {
    /// Here it is.
    Ready(Arc<Body>),
    /// It could not be had; why, for `explain`. It is tried again later.
    Failed(Arc<str>),
    /// It is on its way, and there was no time to wait for it.
    Pending,
}

/// The pages that are known while a chain runs.
#[derive(Clone, Debug, Default)]
pub struct Pages {
    known: HashMap<Want, Page>,
    /// Bytes of those that came.
    bytes: usize,
    readings: Readings,
}

/// What rules read in pages, by the rule's own place in memory: one rule stays where it is while a chain runs.
#[derive(Clone, Default)]
struct Readings(Arc<Mutex<HashMap<Reader, Reading>>>);

/// What is read, by whom, in which page.
type Reader = (TypeId, usize, Url);
/// What one rule read in one page.
type Reading = Arc<dyn Any + Send + Sync>;

impl fmt::Debug for Readings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Readings")
    }
}

impl Pages {
    /// What became of `want`; none where nobody asked yet.
    pub fn get(&self, want: &Want) -> Option<&Page> {
        self.known.get(want)
    }

    /// The body of `want`, if it came.
    pub fn ready(&self, want: &Want) -> Option<&Arc<Body>> {
        match self.get(want)? {
            Page::Ready(body) => Some(body),
            Page::Failed(_) | Page::Pending => None,
        }
    }

    /// What `rule` reads in the page at `url`: made by `read` once, however often the rule is asked what it wants next.
    pub(in crate::rules) fn reading<R, T: Send + Sync + 'static>(
        &self,
        rule: &R,
        url: &Url,
        read: impl FnOnce() -> T,
    ) -> Arc<T> {
        let key = (TypeId::of::<T>(), std::ptr::from_ref(rule).addr(), url.clone());
        let mut readings = self.readings.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = readings.get(&key).and_then(|known| Arc::clone(known).downcast().ok()) {
            return known;
        }
        let made = Arc::new(read());
        readings.insert(key, Arc::clone(&made) as Reading);
        made
    }

    /// Remembers what became of `want`. All pages of a feed are in memory together: past [`PAGES_OF_FEED`] one has failed.
    pub fn put(&mut self, want: Want, page: Page) {
        let page = match page {
            Page::Ready(body) if self.bytes + body.bytes.len() > PAGES_OF_FEED => {
                let most = human_size(PAGES_OF_FEED);
                Page::Failed(format!("the pages of one feed may take {most} together").into())
            }
            page => page,
        };
        if let Page::Ready(body) = &page {
            self.bytes += body.bytes.len();
        }
        self.known.insert(want, page);
    }

    /// True where all that was asked for came and is good for long: what is made of it stays the same.
    pub fn are_lasting(&self) -> bool {
        self.known.iter().all(|(want, page)| matches!(page, Page::Ready(_)) && want.kept >= PAGE_WRITTEN)
    }

    /// True where one is still on its way: what is made now is not the last word.
    pub fn is_pending(&self) -> bool {
        self.known.values().any(|page| *page == Page::Pending)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_read_once_by_each_rule() {
        let (pages, url) = (Pages::default(), Url::parse("https://site.example/").unwrap());
        let (one, other) = (1u8, 2u8);
        assert_eq!(*pages.reading(&one, &url, || "one"), "one");
        assert_eq!(*pages.reading(&one, &url, || "again"), "one");
        assert_eq!(*pages.reading(&other, &url, || "other"), "other");
        assert_eq!(*pages.clone().reading(&one, &url, || 7), 7);
    }

    #[test]
    fn all_pages_of_a_feed_share_a_bound() {
        let mut pages = Pages::default();
        let url = |n: usize| Url::parse(&format!("https://a.example/{n}")).unwrap();
        let eighth = Bytes::from(vec![b'x'; PAGES_OF_FEED / 8]);
        for n in 0..9 {
            let body = Body { bytes: eighth.clone(), content_type: None, url: url(n) };
            pages.put(Want::page(url(n)), Page::Pending);
            pages.put(Want::page(url(n)), Page::Ready(Arc::new(body)));
        }
        let ready = (0..9).filter(|n| pages.ready(&Want::page(url(*n))).is_some()).count();
        assert_eq!(ready, 8);
        assert!(
            matches!(pages.get(&Want::page(url(8))), Some(Page::Failed(why)) if why.contains(&*human_size(PAGES_OF_FEED)))
        );
    }
}
