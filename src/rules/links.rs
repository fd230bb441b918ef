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
use crate::base::limits::MAX_NEW_ADDRESSES;
use crate::base::text::human_size;
use crate::base::url::{Url, absolute, is_base};
use crate::config::Report;
use crate::feed::{Feed, Field, Kind, Slot};

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
        let mut added = 0;
        for place in feed.places() {
            let base = feed.base(place);
            for slot in feed.slots(place) {
                added += match slot.kind {
                    Kind::Url => url(feed, &slot, base.as_ref()),
                    // A title may speak of markup; nothing in it is followed.
                    Kind::Html if slot.field != Field::Title => html(feed, &slot, base.as_ref()),
                    _ => 0,
                };
                if added > MAX_NEW_ADDRESSES {
                    let reason =
                        format!("its addresses, written out, take more than {}", human_size(MAX_NEW_ADDRESSES));
                    return Err(RuleError::Edit { rule: "links", reason });
                }
            }
        }
        Ok(())
    }
}

/// Completes one address, the white space around it aside; returns how many bytes were written.
fn url(feed: &mut Feed, slot: &Slot, base: Option<&Url>) -> usize {
    let value = feed.value(slot);
    let reference = value.trim();
    let Some(url) = feed.base_of(slot, base).and_then(|base| absolute(&base, reference)) else { return 0 };
    let start = value.len() - value.trim_start().len();
    let completed = format!("{}{url}{}", &value[..start], &value[start + reference.len()..]);
    feed.set_value(slot, completed);
    url.len()
}

/// Completes the addresses in one fragment; returns how many bytes were written.
fn html(feed: &mut Feed, slot: &Slot, base: Option<&Url>) -> usize {
    if !feed.may_have_tags(slot) {
        return 0;
    }
    let outer = feed.base_of(slot, base);
    let fragment = feed.fragment(slot);
    let own = fragment.base_href().and_then(|href| match &outer {
        Some(outer) => outer.join(href.trim()).ok(),
        None => Url::parse(href.trim()).ok(),
    });
    let Some(base) = own.filter(is_base).or(outer) else { return 0 };
    let mut added = 0;
    fragment.map_urls(|_, url| {
        let url = if added > MAX_NEW_ADDRESSES { None } else { absolute(&base, url) };
        added += url.as_ref().map_or(0, String::len);
        url
    });
    added
}
