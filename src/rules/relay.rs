//! Addresses of files sent through a proxy: what `images` and `multimedia` share, settings and all.
//!
//! [`Relay::build`] reads `via` and `routes`; [`Relay::apply`] rewrites the addresses that the rule means: values of a feed's fields and
//! addresses in its HTML. No address is sent twice. A relative one is completed first, or left alone where nothing says against what.
//! New addresses of one feed take at most [`MAX_NEW_ADDRESSES`].

use std::collections::BTreeMap;

use toml::Spanned;

use super::RuleError;
use super::fragments::is_body;
use crate::base::limits::{MAX_IMAGE_ROUTES, MAX_NEW_ADDRESSES, MAX_URL};
use crate::base::text::human_size;
use crate::base::url::Url;
use crate::config::Report;
use crate::feed::{Feed, Kind, Place, Slot};
use crate::html::UrlKind;
use address::{Address, Sort};
use routes::Routes;
use template::Template;

mod address;
mod routes;
mod template;

const DIRECT: &str = "direct";

/// What becomes of a file's address.
#[derive(Debug)]
enum Target {
    /// It stays.
    Direct,
    /// It becomes that of the proxy.
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

/// Where files are sent, by host.
#[derive(Debug)]
pub(super) struct Relay {
    rule: &'static str,
    via: Target,
    routes: Routes,
}

/// What becomes of one address.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Stays,
    /// It is relative, and its base was not given.
    Relative,
    Changed(String),
}

impl Relay {
    /// Reads where the rule `rule` sends files; what cannot work is reported.
    pub fn build(
        rule: &'static str,
        via: &Spanned<String>,
        routes: &BTreeMap<Spanned<String>, Spanned<String>>,
        report: &mut Report,
    ) -> Option<Relay> {
        let before = report.count();
        if routes.len() > MAX_IMAGE_ROUTES {
            report.error_here(format!("{} routes; at most {MAX_IMAGE_ROUTES} are allowed", routes.len()));
            return None;
        }
        let target = Target::read(via, report);
        let mut found = Routes::default();
        for (host, target) in routes {
            let target = Target::read(target, report);
            if let Err(why) = found.add(host.get_ref(), target.unwrap_or(Target::Direct)) {
                report.error(host.span(), why);
            }
        }
        if via.get_ref() == DIRECT && routes.is_empty() {
            report
                .error(via.span(), "`direct` without routes leaves every address as it is")
                .help("leave the rule out, or set `routes`");
        }
        found.finish();
        target.filter(|_| report.count() == before).map(|via| Relay { rule, via, routes: found })
    }

    /// Rewrites the values that `is_value` means (of single addresses), and in HTML the addresses that `is_address` means.
    pub fn apply(
        &self,
        feed: &mut Feed,
        is_value: impl Fn(&Slot) -> bool,
        is_address: impl Fn(UrlKind) -> bool,
    ) -> Result<(), RuleError> {
        let mut pass = Pass::default();
        for place in feed.places() {
            pass.enter(place);
            for slot in feed.slots(place) {
                if slot.kind == Kind::Url && is_value(&slot) {
                    self.one(feed, &slot, &mut pass);
                } else if is_body(&slot) {
                    self.html(feed, &slot, &mut pass, &is_address);
                }
                if pass.is_full() {
                    let most = human_size(MAX_NEW_ADDRESSES);
                    let reason = format!("the new addresses of its files take more than {most}");
                    return Err(RuleError::Edit { rule: self.rule, reason });
                }
            }
        }
        Ok(())
    }

    /// The new address for `text`, an address as the document means it. Nothing is allocated for one that stays, unless its host
    /// is spelled as no program would.
    pub fn verdict(&self, text: &str, base: Option<&Url>) -> Verdict {
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

    /// Where files of this host are sent.
    fn template(&self, address: &Address<'_>) -> Option<&Template> {
        self.routes.find(address.host).unwrap_or(&self.via).template()
    }

    /// True where the file goes through a proxy of this rule already.
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

    fn html(&self, feed: &mut Feed, slot: &Slot, pass: &mut Pass, is_address: &impl Fn(UrlKind) -> bool) {
        if !feed.may_have_tags(slot) || !self.map(feed, slot, None, pass, is_address) {
            return;
        }
        let outer = pass.base(feed, slot);
        let declared = feed.fragment(slot).base_href().and_then(|href| match &outer {
            Some(outer) => outer.join(&href).ok(),
            None => Url::parse(&href).ok(),
        });
        if let Some(base) = declared.filter(is_base).or(outer) {
            self.map(feed, slot, Some(&base), pass, is_address);
        }
    }

    /// True where relative addresses were left for want of a base.
    fn map(
        &self,
        feed: &mut Feed,
        slot: &Slot,
        base: Option<&Url>,
        pass: &mut Pass,
        is_address: &impl Fn(UrlKind) -> bool,
    ) -> bool {
        let mut lacks_base = false;
        feed.fragment(slot).map_urls(|kind, url| {
            if !is_address(kind) || pass.is_full() {
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

#[cfg(test)]
mod tests;
