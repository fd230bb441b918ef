//! Make relative URLs absolute.
//!
//! ## What it does
//! Every address of the feed, its items and the HTML in them that says only where from here (`/a.png`, `../b`, `//host/c`) is written
//! out in full, read against `xml:base`, else the item's page, else the feed's page or address; inside HTML a `<base href>` counts
//! first. What Atom's own elements say, such as an enclosure's `href`, is read against the feed, not the item's page (RFC 4287). Addresses that are only a fragment (`#note`) point into the item itself and stay. Ids are never touched.
//!
//! ## When to use
//! Never by hand, as a rule: refeed does this before all other rules, because the feed's own address has changed. Where a feed says
//! `relative = "keep"`, this rule does it at the place in the list where it stands.
//!
//! ## Example
//! ```toml
//! rules = [{ links = true }]
//! ```
//!
//! ## Order
//! Before rules that look at addresses, such as `images`.
//!
//! ## Cost
//! One pass over the tags of the HTML; nothing is written where nothing is relative.

use serde::Deserialize;

use super::{Build, Context, Rule, RuleError};
use crate::base::url::{Url, absolute};
use crate::config::Report;
use crate::feed::{Feed, Kind, Slot};

/// Settings of `links`: none.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {}

impl Build for Config {
    const SHORT: Option<&'static str> = None;
    type Rule = Links;

    fn build(self, _: &mut Report) -> Option<Links> {
        Some(Links)
    }
}

/// The compiled rule.
pub struct Links;

impl Rule for Links {
    fn apply(&self, feed: &mut Feed, _: &Context) -> Result<(), RuleError> {
        for place in feed.places() {
            let base = feed.base(place);
            for slot in feed.slots(place) {
                match slot.kind {
                    Kind::Url => url(feed, &slot, base.as_ref()),
                    Kind::Html => html(feed, &slot, base.as_ref()),
                    Kind::Text | Kind::Date | Kind::Language | Kind::Opaque => {}
                }
            }
        }
        Ok(())
    }
}

fn url(feed: &mut Feed, slot: &Slot, base: Option<&Url>) {
    if let Some(base) = feed.base_of(slot, base)
        && let Some(url) = absolute(&base, &feed.value(slot))
    {
        feed.set_value(slot, url);
    }
}

fn html(feed: &mut Feed, slot: &Slot, base: Option<&Url>) {
    if !feed.may_have_tags(slot) {
        return;
    }
    let outer = feed.base_of(slot, base);
    let fragment = feed.fragment(slot);
    let own = fragment.base_href().and_then(|href| match &outer {
        Some(outer) => outer.join(href.trim()).ok(),
        None => Url::parse(href.trim()).ok(),
    });
    if let Some(base) = own.or(outer) {
        fragment.map_urls(|_, url| absolute(&base, url));
    }
}
