//! Send every picture through an image proxy.
//!
//! ## What it does
//! Rewrites the addresses of pictures: `img` and its `srcset`, `source` in `picture`, the `poster` of a `video`,
//! lazy-loading attributes, `url(…)` in a `style`, `media:content` and `media:thumbnail`, `itunes:image`, enclosures that are
//! pictures, the feed's own image, logo and icon, and JSON Feed's `image`, `banner_image`, `icon`, `favicon` and `avatar`.
//! Links, audio and video are left alone, and so are `data:` and all other schemes but `http:` and `https:`.
//!
//! `via` says where to, and is the short form:
//! - `weserv`: the public proxy of weserv, as `https://images.weserv.nl/?url=${href_ue}`. The address keeps its scheme, because
//!   weserv takes one without for `http:`.
//! - a template with RSSHub's variables, which are the parts of a URL: `${href}`, `${origin}`, `${protocol}`, `${username}`,
//!   `${password}`, `${host}` (with the port), `${hostname}`, `${port}`, `${pathname}`, `${search}` (with its `?`),
//!   `${searchParams}` (without), `${hash}`; with `_ue` added (`${href_ue}`) as `encodeURIComponent` encodes it.
//! - the beginning of an address, to which the picture's is appended: encoded where it holds a `?`
//!   (`https://images.weserv.nl/?n=-1&url=`), as it is otherwise (`https://proxy.example/`).
//! - `direct`: the address stays.
//!
//! `routes` says otherwise for single hosts, with the same values. `*.example.org` is the host and all below it, a `*` elsewhere
//! any characters (`tva*.sinaimg.cn`); a name without `*` comes before one with, a longer before a shorter.
//!
//! No picture is sent twice: what goes through `via` or one of the routes already stays as it is, however often the rule is
//! applied, and so does what goes through weserv, unless a route names its hosts (`images.weserv.nl`, `wsrv.nl`). A relative
//! address is completed first, and left alone where nothing says against what; `//host/…` becomes `https:`.
//!
//! ## When to use
//! A site's pictures refuse other readers, are slow or blocked where you are, or too large for your connection.
//!
//! ## Example
//! ```toml
//! rules = [{ images = "weserv" }]
//! ```
//! At most 600 pixels wide, through a proxy of one's own; domestic pictures directly:
//! ```toml
//! rules = [{ images = {
//!   via = "https://proxy.example/?w=600&url=${href_ue}",
//!   routes = { "*.sinaimg.cn" = "direct", "img.example.org" = "weserv" },
//! } }]
//! ```
//!
//! ## Order
//! After rules that complete or clean addresses, such as `links`.
//!
//! ## Cost
//! One pass over the HTML of the feed, shared with the other rules that look into it; a microsecond for each picture.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use super::relay::Relay;
use super::{Build, Context, Rule, RuleError};
use crate::config::Report;
use crate::feed::{Feed, Field, Medium, Slot};
use crate::html::UrlKind;

/// Settings of `images`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// `weserv`, `direct`, a template, or the beginning of an address.
    via: Spanned<String>,
    /// The same for single hosts.
    #[serde(default)]
    routes: BTreeMap<Spanned<String>, Spanned<String>>,
}

impl Build for Config {
    const SHORT: Option<&'static str> = Some("via");
    type Rule = Images;

    fn build(self, report: &mut Report) -> Option<Images> {
        Relay::build("images", &self.via, &self.routes, report).map(Images)
    }
}

/// The compiled rule.
#[derive(Debug)]
pub struct Images(pub(super) Relay);

impl Rule for Images {
    fn apply(&self, feed: &mut Feed, _: &Context) -> Result<(), RuleError> {
        let is_value =
            |slot: &Slot| slot.field == Field::Image || slot.field == Field::Enclosure && slot.medium == Medium::Image;
        let is_address = |kind| matches!(kind, UrlKind::Image | UrlKind::ImageSet | UrlKind::Poster);
        self.0.apply(feed, is_value, is_address)
    }
}
