//! Take out what follows and distracts the reader: scripts, trackers, share buttons, tracking parameters, redirects.
//!
//! ## What it does
//! Five parts, all on unless set to `false`:
//! - `scripts`: `script` elements, event handlers (`onclick=…`), `javascript:` addresses.
//! - `trackers`: pictures of a pixel or less, frames and pictures that are hidden, counters' and advertisers' beacons.
//! - `widgets`: share buttons, links that only share, "subscribe" boxes and "related posts" of publishing systems.
//! - `parameters`: in links, parameters that only say where the reader came from (`utm_source`, `fbclid`, `ref=` with the site's own
//!   name …); the rest of the address keeps its spelling. Addresses of enclosures, pictures and ids are left alone.
//! - `redirects`: links that only lead to another address become that address, where it can be read from them (Google's `url?q=`,
//!   `l.facebook.com`, `link.zhihu.com` …). An item whose link FeedBurner or Pheedo replaced gets the original one (`feedburner:origLink`).
//!   Nothing is fetched.
//!
//! Paragraphs, lists and links that are empty after that go too. The lists are in
//! `data/clean/`. `more_parameters` and `more_trackers` add to them: names
//! (`from`, `src_*`), and hosts with or without the beginning of a path (`count.example.org/pixel`).
//!
//! ## When to use
//! Always, unless a feed is known to be clean.
//!
//! ## Example
//! ```toml
//! rules = [{ clean = true }]
//! ```
//! ```toml
//! rules = [{ clean = { widgets = false, more_parameters = ["from", "rss_*"], more_trackers = ["count.example.org"] } }]
//! ```
//!
//! ## Order
//! First of the rules on HTML: the others then have less to do. Before `images`, which hides where a picture comes from; after `lazy`
//! only where a feed's lazy pictures look like pixels.
//!
//! ## Cost
//! Two passes over the tags of the HTML, shared with the other rules that look into it; a microsecond for each link.

mod addresses;
mod hidden;

use serde::Deserialize;
use toml::Spanned;

use self::addresses::{Parameters, Redirects};
use super::fragments::is_body;
use super::places::{self, Places};
use super::{Build, Context, Rule, RuleError};
use crate::base::url::Url;
use crate::config::Report;
use crate::feed::{Feed, Field, Kind as Value, Place, Slot};
use crate::html::{Fragment, Kind, Selectors, UrlKind};

/// Settings of `clean`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    #[serde(default = "yes")]
    scripts: bool,
    #[serde(default = "yes")]
    trackers: bool,
    #[serde(default = "yes")]
    widgets: bool,
    #[serde(default = "yes")]
    parameters: bool,
    #[serde(default = "yes")]
    redirects: bool,
    /// Names of parameters, with or without a `*` at the end.
    #[serde(default)]
    more_parameters: Vec<Spanned<String>>,
    /// Hosts, with or without the beginning of a path.
    #[serde(default)]
    more_trackers: Vec<Spanned<String>>,
}

fn yes() -> bool {
    true
}

impl Build for Config {
    const SHORT: Option<&'static str> = None;
    type Rule = Clean;

    fn build(self, report: &mut Report) -> Option<Clean> {
        let before = report.count();
        let mut parameters = self.parameters.then(Parameters::known);
        for name in &self.more_parameters {
            match (&mut parameters, is_parameter(name.get_ref())) {
                (Some(parameters), true) => parameters.add(name.get_ref(), ""),
                (None, _) => unused(name, "parameters", report),
                (_, false) => {
                    let message = format!("`{}` is no name of a parameter", name.get_ref());
                    report
                        .error(name.span(), message)
                        .help("write a name as it stands before the `=`, or the beginning of names and a `*`");
                }
            }
        }
        let mut trackers = self.trackers.then(|| places::addresses(include_str!("../../data/clean/trackers.txt")));
        for address in &self.more_trackers {
            match (&mut trackers, is_place(address.get_ref())) {
                (Some(trackers), true) => trackers.add(address.get_ref(), ()),
                (None, _) => unused(address, "trackers", report),
                (_, false) => {
                    let message = format!("`{}` is no host", address.get_ref());
                    report
                        .error(address.span(), message)
                        .help("write it without the scheme: `count.example.org`, or `example.org/pixel`");
                }
            }
        }
        let redirects = self.redirects.then(Redirects::known);
        let parts = [self.scripts, self.trackers, self.widgets, self.parameters, self.redirects];
        if parts == [false; 5] {
            report.error_here("every part is off: nothing is cleaned").help("leave the rule out");
        }
        let widgets = if self.widgets { Some(Widgets::known(report)?) } else { None };
        (report.count() == before).then_some(Clean { scripts: self.scripts, trackers, widgets, parameters, redirects })
    }
}

fn unused(setting: &Spanned<String>, part: &str, report: &mut Report) {
    report.error(setting.span(), format!("`{part} = false` leaves this without effect")).help("leave one of them out");
}

fn is_parameter(name: &str) -> bool {
    let stem = name.strip_suffix('*').unwrap_or(name);
    !stem.is_empty() && !stem.contains(['*', '=', '&', '?', '#', ' '])
}

fn is_place(address: &str) -> bool {
    let host = address.split('/').next().unwrap_or_default();
    host.contains('.') && !address.contains([' ', ':', '?', '#'])
}

/// Share buttons and the like.
#[derive(Debug)]
struct Widgets {
    elements: Selectors,
    links: Places<()>,
}

impl Widgets {
    fn known(report: &mut Report) -> Option<Widgets> {
        let list = include_str!("../../data/clean/widgets.txt");
        let lines: Vec<_> = list.lines().filter(|line| !line.is_empty() && !line.starts_with("# ")).collect();
        match Selectors::parse(&lines.join(",")) {
            Ok(elements) => {
                Some(Widgets { elements, links: places::addresses(include_str!("../../data/clean/shares.txt")) })
            }
            Err(error) => {
                report.error_here(format!("data/clean/widgets.txt: {}", error.message));
                None
            }
        }
    }
}

/// The compiled rule.
#[derive(Debug)]
pub struct Clean {
    scripts: bool,
    trackers: Option<Places<()>>,
    widgets: Option<Widgets>,
    parameters: Option<Parameters>,
    redirects: Option<Redirects>,
}

impl Clean {
    fn html(&self, fragment: &mut Fragment, own: &[String]) {
        let mut is_smaller = false;
        // Where what is hidden ends.
        let mut shown_from = 0;
        for id in 0..fragment.len() {
            if !matches!(fragment.kind(id), Kind::Start { .. }) {
                continue;
            }
            if self.trackers.is_some() && shown_from <= id && hidden::is_hidden(fragment, id) {
                shown_from = fragment.element_end(id);
            }
            if self.is_unwanted(fragment, id, id < shown_from) {
                fragment.remove_element(id);
                is_smaller = true;
            } else if self.scripts {
                disarm(fragment, id);
            }
        }
        if let Some(widgets) = &self.widgets {
            for start in fragment.select(&widgets.elements) {
                fragment.remove_element(start);
                is_smaller = true;
            }
        }
        if is_smaller {
            fragment.remove_hollow();
        }
        fragment.map_urls(|kind, url| if kind == UrlKind::Link { self.address(url, own) } else { None });
    }

    fn is_unwanted(&self, fragment: &Fragment, id: usize, is_hidden: bool) -> bool {
        let is = |name| fragment.is(id, name);
        if is("script") {
            let counts =
                |trackers: &Places<()>| fragment.attr(id, "src").is_some_and(|src| trackers.contains(src.trim()));
            return self.scripts || self.trackers.as_ref().is_some_and(counts);
        }
        if is("a") {
            let shares =
                |widgets: &Widgets| fragment.attr(id, "href").is_some_and(|href| widgets.links.contains(href.trim()));
            return self.widgets.as_ref().is_some_and(shares) && fragment.is_closed(id);
        }
        let is_frame = is("iframe") || is("frame") || is("embed") || is("object");
        let Some(trackers) = self.trackers.as_ref().filter(|_| is_frame || is("img") || is("amp-pixel")) else {
            return false;
        };
        // A picture in something hidden may be shown by a reader that drops styles; a lazy one is shown by its script.
        let is_hidden = match is_frame {
            true => is_hidden,
            false => is_hidden && hidden::is_hidden(fragment, id) && !fragment.raw(id).contains("data-"),
        };
        let source = if is("object") { "data" } else { "src" };
        is_hidden
            || is("amp-pixel")
            || hidden::is_pixel(fragment, id)
            || fragment.attr(id, source).is_some_and(|url| trackers.contains(url.trim()))
    }

    /// What becomes of a link.
    fn address(&self, url: &str, own: &[String]) -> Option<String> {
        let target = self.redirects.as_ref().and_then(|redirects| redirects.target(url));
        let plain = self.parameters.as_ref().and_then(|known| known.without(target.as_deref().unwrap_or(url), own));
        plain.or(target)
    }

    fn slot(&self, feed: &mut Feed, slot: &Slot, own: &[String]) {
        if is_body(slot) && feed.may_have_tags(slot) {
            self.html(feed.fragment(slot), own);
        } else if slot.kind == Value::Url && matches!(slot.field, Field::Link | Field::Comments) {
            let value = feed.value(slot);
            if let Some(clean) = self.address(value.trim(), own) {
                feed.set_value(slot, clean);
            }
        }
    }
}

/// Takes out what runs when something happens, and addresses that run when followed.
fn disarm(fragment: &mut Fragment, id: usize) {
    let raw = fragment.raw(id).as_bytes();
    let has_handler = memchr::memchr2_iter(b'o', b'O', raw).any(|at| {
        raw.get(at + 1).is_some_and(|b| b.eq_ignore_ascii_case(&b'n'))
            && raw.get(at.wrapping_sub(1)).is_some_and(|b| !b.is_ascii_alphanumeric())
    });
    if has_handler {
        fragment
            .remove_attrs(id, |name| name.get(..2).is_some_and(|on| on.eq_ignore_ascii_case("on")) && name.len() > 2);
    }
    if memchr::memchr(b':', fragment.raw(id).as_bytes()).is_none() && !fragment.raw(id).contains("&#") {
        return;
    }
    for name in ["href", "src", "action", "formaction", "data", "xlink:href"] {
        if fragment.attr(id, name).is_some_and(|value| runs(&value)) {
            fragment.remove_attr(id, name);
        }
    }
}

/// True of a `javascript:` address, however it is disguised (WHATWG URL: control characters and tabs do not count).
fn runs(address: &str) -> bool {
    let plain = address.chars().filter(|c| *c > ' ').take("javascript:".len());
    plain.map(|c| c.to_ascii_lowercase()).eq("javascript:".chars())
        || address.trim_start().to_ascii_lowercase().starts_with("vbscript:")
}

impl Rule for Clean {
    fn apply(&self, feed: &mut Feed, cx: &Context) -> Result<(), RuleError> {
        let site = feed.link(Place::Head).and_then(|link| Url::parse(&link).ok());
        let hosts = [cx.feed_url.as_ref(), site.as_ref()].into_iter().flatten().filter_map(|url| url.host_str());
        let own: Vec<String> = hosts.map(str::to_owned).collect();
        for place in feed.places() {
            if self.redirects.is_some()
                && let Some(original) = feed.original_link(place).filter(|link| addresses::is_web(link))
            {
                feed.set(place, Field::Link, &original);
            }
            for slot in feed.slots(place) {
                self.slot(feed, &slot, &own);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
