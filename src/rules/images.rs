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

use super::{Build, Context, Rule, RuleError};
use crate::base::limits::{MAX_IMAGE_ROUTES, MAX_NEW_ADDRESSES, MAX_URL};
use crate::base::text::human_size;
use crate::base::url::Url;
use crate::config::Report;
use crate::feed::{Feed, Field, Kind, Medium, Place, Slot};
use crate::html::UrlKind;
use address::{Address, Sort};
use routes::Routes;
use template::Template;

mod address;
mod routes;
mod template;

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
        let before = report.count();
        if self.routes.len() > MAX_IMAGE_ROUTES {
            report.error_here(format!("{} routes; at most {MAX_IMAGE_ROUTES} are allowed", self.routes.len()));
            return None;
        }
        let via = Target::read(&self.via, report);
        let mut routes = Routes::default();
        for (host, target) in &self.routes {
            let target = Target::read(target, report);
            if let Err(why) = routes.add(host.get_ref(), target.unwrap_or(Target::Direct)) {
                report.error(host.span(), why);
            }
        }
        if self.via.get_ref() == DIRECT && self.routes.is_empty() {
            report
                .error(self.via.span(), "`direct` without routes leaves every picture as it is")
                .help("leave the rule out, or set `routes`");
        }
        routes.finish();
        via.filter(|_| report.count() == before).map(|via| Images { via, routes })
    }
}

const DIRECT: &str = "direct";

/// What becomes of a picture.
#[derive(Debug)]
enum Target {
    /// Its address stays.
    Direct,
    /// It is sent through a proxy.
    Through(Template),
}

impl Target {
    /// The value of `via` or of a route; what cannot work is reported.
    fn read(text: &Spanned<String>, report: &mut Report) -> Option<Target> {
        let parsed = match text.get_ref().as_str() {
            DIRECT => return Some(Target::Direct),
            "weserv" => Template::weserv(),
            other => Template::parse(other),
        };
        match parsed {
            Ok(template) => Some(Target::Through(template)),
            Err(fault) => {
                fault.report(text, report);
                None
            }
        }
    }

    fn template(&self) -> Option<&Template> {
        match self {
            Target::Direct => None,
            Target::Through(template) => Some(template),
        }
    }
}

/// The compiled rule.
#[derive(Debug)]
pub struct Images {
    via: Target,
    routes: Routes,
}

/// What the rule says of one address.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Stays,
    /// It is relative, and its base was not given.
    Relative,
    Changed(String),
}

impl Images {
    /// The new address for `text`, an address as the document means it. Nothing is allocated for one that stays, unless its host
    /// is spelled as no program would.
    fn verdict(&self, text: &str, base: Option<&Url>) -> Verdict {
        let url = match address::sort(text) {
            Sort::Other => return Verdict::Stays,
            Sort::Web(address) if self.is_sent(text, &address) => return Verdict::Stays,
            Sort::Web(address) if address.is_plain() && self.template(&address).is_none() => return Verdict::Stays,
            Sort::Web(_) if text.starts_with("//") => Url::parse(&format!("https:{text}")),
            Sort::Web(_) => Url::parse(text),
            Sort::Relative => match base {
                Some(base) => base.join(text),
                None => return Verdict::Relative,
            },
        };
        let Ok(url) = url else { return Verdict::Stays };
        let Sort::Web(address) = address::sort(url.as_str()) else { return Verdict::Stays };
        if self.is_sent(url.as_str(), &address) {
            return Verdict::Stays;
        }
        let new = self.template(&address).and_then(|template| template.fill(&url));
        new.filter(|new| new != text).map_or(Verdict::Stays, Verdict::Changed)
    }

    /// Where pictures of this host are sent.
    fn template(&self, address: &Address<'_>) -> Option<&Template> {
        self.routes.find(address.host).unwrap_or(&self.via).template()
    }

    /// True where the picture goes through a proxy of this rule already.
    fn is_sent(&self, text: &str, address: &Address<'_>) -> bool {
        let mut targets = std::iter::once(&self.via).chain(self.routes.targets()).filter_map(Target::template);
        targets.any(|template| template.is_result(text, address))
    }

    fn one(&self, feed: &mut Feed, slot: &Slot, pass: &mut Pass) {
        let value = feed.value(slot);
        let text = value.trim_ascii();
        let verdict = match self.verdict(text, None) {
            Verdict::Relative => self.verdict(text, pass.base(feed, slot).as_ref()),
            other => other,
        };
        if let Some(new) = pass.accept(verdict) {
            let (before, rest) = value.split_at(value.len() - value.trim_ascii_start().len());
            let value = [before, &new, &rest[text.len()..]].concat();
            feed.set_value(slot, value);
        }
    }

    fn html(&self, feed: &mut Feed, slot: &Slot, pass: &mut Pass) {
        if !feed.may_have_tags(slot) || !self.map(feed, slot, None, pass) {
            return;
        }
        let outer = pass.base(feed, slot);
        let declared = feed.fragment(slot).base_href().and_then(|href| match &outer {
            Some(outer) => outer.join(&href).ok(),
            None => Url::parse(&href).ok(),
        });
        if let Some(base) = declared.filter(is_base).or(outer) {
            self.map(feed, slot, Some(&base), pass);
        }
    }

    /// True where relative addresses were left for want of a base.
    fn map(&self, feed: &mut Feed, slot: &Slot, base: Option<&Url>, pass: &mut Pass) -> bool {
        let mut lacks_base = false;
        feed.fragment(slot).map_urls(|kind, url| {
            let is_picture = matches!(kind, UrlKind::Image | UrlKind::ImageSet | UrlKind::Poster);
            if !is_picture || pass.is_full() {
                return None;
            }
            let verdict = self.verdict(url, base);
            lacks_base |= verdict == Verdict::Relative;
            pass.accept(verdict)
        });
        lacks_base
    }
}

/// One way through a feed.
#[derive(Default)]
struct Pass {
    place: Option<Place>,
    /// The base of `place`, found when the first relative address needs it.
    base: Option<Option<Url>>,
    /// Bytes of all new addresses.
    added: usize,
}

impl Pass {
    fn enter(&mut self, place: Place) {
        *self = Pass { place: Some(place), added: self.added, base: None };
    }

    /// What relative addresses in `slot` are read against.
    fn base(&mut self, feed: &Feed, slot: &Slot) -> Option<Url> {
        let base = self.base.get_or_insert_with(|| feed.base(self.place?));
        feed.base_of(slot, base.as_ref()).filter(is_base)
    }

    fn accept(&mut self, verdict: Verdict) -> Option<String> {
        match verdict {
            Verdict::Changed(new) => {
                self.added = self.added.saturating_add(new.len());
                (!self.is_full()).then_some(new)
            }
            Verdict::Stays | Verdict::Relative => None,
        }
    }

    fn is_full(&self) -> bool {
        self.added > MAX_NEW_ADDRESSES
    }
}

/// A long base would be written out once for every picture.
fn is_base(url: &Url) -> bool {
    url.as_str().len() <= MAX_URL && !url.cannot_be_a_base()
}

impl Rule for Images {
    fn apply(&self, feed: &mut Feed, _: &Context) -> Result<(), RuleError> {
        let mut pass = Pass::default();
        for place in feed.places() {
            pass.enter(place);
            for slot in feed.slots(place) {
                match (slot.kind, slot.field, slot.medium) {
                    (Kind::Url, Field::Image, _) | (Kind::Url, Field::Enclosure, Medium::Image) => {
                        self.one(feed, &slot, &mut pass);
                    }
                    // No reader shows a picture in a title; what looks like one there is a text about HTML.
                    (Kind::Html, Field::Title, _) => {}
                    (Kind::Html, _, _) => self.html(feed, &slot, &mut pass),
                    _ => {}
                }
                if pass.is_full() {
                    let most = human_size(MAX_NEW_ADDRESSES);
                    let reason = format!("the new addresses of its pictures take more than {most}");
                    return Err(RuleError::Edit { rule: "images", reason });
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
