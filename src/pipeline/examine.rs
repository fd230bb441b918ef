//! Is what upstream sent better than the copy at hand? Only a whole feed is, and nothing else replaces a good copy or its
//! validators: a login page, a challenge, half a feed, a feed whose items are all gone.
//!
//! CPU work for a blocking thread; called by `upstream.rs` once per fetch. The same bytes as before are not read again.

use std::sync::Arc;

use super::error::Error;
use super::origin::Found;
use crate::cache::moved::Moved;
use crate::cache::{About, Fetched, Key, Line};
use crate::feed::Feed;

/// The copy at hand, as far as a new one has to be better.
#[derive(Clone)]
pub(super) struct Rival {
    /// The copy.
    pub copy: Arc<Fetched>,
    /// It can be served instead of a worse one.
    pub usable: bool,
    /// Upstream has sent a feed without items for so long that it is believed.
    pub emptiness_believed: bool,
}

/// The good copy after `found`: the one at hand with what was said anew, or a new one.
/// What rules shall read a feed from (`is_page`) is not judged here: they will.
pub(super) fn examine(
    found: Found,
    is_page: bool,
    moved: Option<Moved>,
    rival: Option<Rival>,
) -> Result<Fetched, Error> {
    let Found { body, content_type, etag, last_modified, hubs, said, url, .. } = found;
    let held = rival.as_ref().map(|rival| &*rival.copy);
    let Some(body) = body else {
        let held = held.ok_or(Error::Bug)?; // only a copy's validators make a 304
        let about = About {
            etag: etag.or_else(|| held.about.etag.clone()),
            last_modified: last_modified.or_else(|| held.about.last_modified.clone()),
            hubs: hubs.or(held.about.hubs.clone()),
            said: held.about.said.renewed(said),
            moved,
            ..held.about.clone()
        };
        return Ok(Fetched { body: held.body.clone(), about });
    };
    let line = content_type.as_ref().map_or(&b""[..], |line| line.0.as_bytes());
    let digest = Key::of(&[b"body", &body, line, url.as_ref().map_or("", |url| url.as_str()).as_bytes()]);
    let about = About { content_type, etag, last_modified, url, said, moved, digest, ..About::default() };
    if let Some(same) = held.filter(|held| held.about.digest == digest) {
        let About { rhythm, items, .. } = same.about;
        let hubs = hubs.or(same.about.hubs.clone());
        return Ok(Fetched { body: same.body.clone(), about: About { rhythm, items, hubs, ..about } });
    }
    if is_page {
        return Ok(Fetched { body, about });
    }
    let charset = about.content_type.as_ref().and_then(Line::text);
    let feed = Feed::read(&body, charset, about.url.as_ref()).map_err(Error::NotAFeed)?;
    let items = feed.items().len();
    if let Some(Rival { copy, emptiness_believed, .. }) = rival.as_ref().filter(|rival| rival.usable) {
        match copy.about.items {
            before @ 1.. if items == 0 && !emptiness_believed => return Err(Error::Emptied { before }),
            _ if feed.is_truncated() => return Err(Error::CutShort),
            _ => {}
        }
    }
    let mut about = About { items, rhythm: feed.rhythm(), hubs: hubs.or(feed.hubs()), ..about };
    if feed.is_truncated() {
        // better than nothing, but the next answer shall be a whole one
        (about.etag, about.last_modified) = (None, None);
    }
    Ok(Fetched { body, about })
}
