//! Which feed a question means: one of the configuration, any, or one of a site, in the form that was asked for. Asked by
//! `pipeline.rs`; reads no cache and no network.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::addresses::Addresses;
use super::ask::{Ask, Form, Route, Which, Window, policy, templates};
use super::error::{Error, StartError};
use super::sites::Sites;
use crate::base::clock::Time;
use crate::base::url::Url;
use crate::cache::freshness::Policy;
use crate::config::{Cache, Config, Feed, Origin, Relative, RuleList};
use crate::rules::{BuildContext, Chain, Chains};

/// The feeds of a configuration with their rules compiled, and what applies to all others.
pub(super) struct Routes {
    named: HashMap<Arc<str>, Arc<Route>>,
    sites: Sites,
    addresses: Addresses,
    /// The operator's times, for feeds that are not in the configuration.
    times: Cache,
}

impl Routes {
    pub(super) fn new(config: &Config, context: &BuildContext) -> Result<Routes, StartError> {
        let addresses = Addresses::new(&config.server);
        let mut named = HashMap::with_capacity(config.feeds.len());
        let (mut chains, mut policies) = (Chains::new(context), HashSet::new());
        for (name, feed) in &config.feeds {
            let chain = chains.build(&feed.rules)?;
            let templates = templates(&feed.settings.templates)?;
            let pages = feed.settings.archive.map(|_| addresses.pages(name, None).into());
            let (relative, own_url) = (feed.settings.relative, addresses.feed(name, None).map(Box::new));
            let form = Form { relative, own_url, pages, templates, ..Form::default() };
            let policy = shared(policy(&config.cache, feed), &mut policies);
            named.insert(Arc::clone(name), Route::new(Arc::clone(name), feed, chain, form, policy));
        }
        Ok(Routes { named, sites: Sites::new(config, context)?, addresses, times: config.cache.clone() })
    }

    /// The feeds of the configuration.
    pub(super) fn all(&self) -> impl Iterator<Item = &Arc<Route>> {
        self.named.values()
    }

    /// A feed of the configuration as it is configured.
    pub(super) fn named(&self, name: &str) -> Option<&Arc<Route>> {
        self.named.get(name)
    }

    /// `server.public_url`.
    pub(super) fn base(&self) -> Option<&Url> {
        self.addresses.base()
    }

    /// What a reader asks for at `now`; a feed of the configuration counts as read.
    ///
    /// # Errors
    /// [`Error::UnknownFeed`].
    pub(super) fn asked(&self, ask: &Ask<'_>, now: Time) -> Result<Arc<Route>, Error> {
        match ask.feed {
            Which::Named(name) => {
                let route = self.named(name).ok_or(Error::UnknownFeed)?;
                route.read.note(now);
                Ok(self.in_form(route, ask))
            }
            Which::Url(url) => {
                let form = Form { format: ask.format, window: ask.window, ..Form::default() };
                Ok(self.any(&ask.feed, url, ask.rules.clone(), form))
            }
            Which::Proxied(url) => {
                // at its own address its relative URLs mean what they meant
                let form = Form { relative: Relative::Keep, ..Form::default() };
                Ok(self.any(&ask.feed, url, self.sites.chain(url).clone(), form))
            }
        }
    }

    /// `route` with the rules, the format and the part of it that `ask` names.
    pub(super) fn in_form(&self, route: &Arc<Route>, ask: &Ask<'_>) -> Arc<Route> {
        let Ask { format, window, .. } = *ask;
        if !ask.rules.is_empty() {
            // what a reader's own rules make of it has no address that refeed knows
            let form = Form { format, window, own_url: None, pages: None, ..route.form.clone() };
            return route.in_form(&ask.rules, form);
        }
        if format.is_none() && window == Window::Newest {
            return Arc::clone(route);
        }
        let own_url = self.addresses.window(&route.label, format, window).map(Box::new);
        let pages = route.form.pages.is_some().then(|| self.addresses.pages(&route.label, format).into());
        route.in_form(&ask.rules, Form { format, window, own_url, pages, ..route.form.clone() })
    }

    /// A feed that is not in the configuration.
    fn any(&self, which: &Which<'_>, url: &Url, chain: Chain, form: Form) -> Arc<Route> {
        let feed = Feed::new(url.as_str(), Origin::Http(url.clone()), RuleList::empty());
        Route::new(which.label().into(), &feed, chain, form, policy(&self.times, &feed).into())
    }
}

/// One for all that are equal: most feeds leave their times to `[cache]`.
fn shared(policy: Policy, known: &mut HashSet<Arc<Policy>>) -> Arc<Policy> {
    match known.get(&policy) {
        Some(known) => Arc::clone(known),
        None => {
            let policy = Arc::new(policy);
            known.insert(Arc::clone(&policy));
            policy
        }
    }
}
