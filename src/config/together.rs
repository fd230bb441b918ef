//! What a single key cannot show: what needs another key, and what another key forbids. Told where nothing else is wrong, for that may be
//! why. Called by `load`.

use std::time::Duration;

use url::Host;

use super::fields::Allow;
use super::problem::{Problems, Report, Span};
use super::quantity::human_duration;
use super::schema::{Cache, Config, Fetch, Open, Origin, Server, Store, Times};
use super::value::Value;
use crate::base::limits::WEB_PORTS;

/// What of the feeds `[fetch]` and `[cache]` forbid.
pub(super) struct Forbidden<'a> {
    fetch: &'a Fetch,
    cache: &'a Cache,
    report: Report,
}

impl<'a> Forbidden<'a> {
    /// By these two; what is reported stands in the source of `report`.
    pub(super) fn new(fetch: &'a Fetch, cache: &'a Cache, report: &Report) -> Forbidden<'a> {
        Forbidden { fetch, cache, report: Report::new(report.source()) }
    }

    /// A port that would be refused on every fetch, refused here, where it can be shown.
    pub(super) fn check_port(&mut self, origin: &Origin, span: &Span) {
        let Some(url) = origin.base() else { return };
        let Some(port) = url.port_or_known_default() else { return };
        let is_allowed = |entry: &Allow| entry.port.is_none_or(|known| known == port);
        if WEB_PORTS.contains(&port) || self.fetch.allow.iter().any(is_allowed) {
            return;
        }
        let address = match url.host() {
            Some(Host::Ipv4(ip)) => ip.to_string(),
            Some(Host::Ipv6(ip)) => format!("[{ip}]"),
            Some(Host::Domain("localhost")) => "127.0.0.1".to_owned(),
            _ => "ADDRESS".to_owned(),
        };
        let known = WEB_PORTS.map(|port| port.to_string()).join(", ");
        let message = format!("port {port} is not fetched, only {known} and those that `fetch.allow` names");
        self.report
            .error(span.clone(), message)
            .help(format!("write `allow = [\"{address}:{port}\"]` under `[fetch]`"));
    }

    /// The floor and the ceiling of a feed, with what it leaves to `[cache]`.
    pub(super) fn check_times(&mut self, times: &Times, span: &Span) {
        let (floor, ceiling) =
            (times.min_ttl.unwrap_or(self.cache.min_ttl), times.max_ttl.unwrap_or(self.cache.max_ttl));
        if times.min_ttl.is_some() || times.max_ttl.is_some() {
            check_floor(floor, ceiling, span.clone(), &mut self.report);
        }
    }

    /// All of it.
    pub(super) fn told(self) -> Problems {
        self.report.finish()
    }
}

/// What the tables of the whole lack beside each other.
pub(super) fn check(config: &Config, server: Option<&Value>, cache: Option<&Value>, report: &mut Report) {
    let span =
        |table: Option<&Value>, key: &str| table.and_then(|table| table.get(key)).map(|value| value.span.clone());
    if let Some(span) = span(cache, "min_ttl").or_else(|| span(cache, "max_ttl")) {
        check_floor(config.cache.min_ttl, config.cache.max_ttl, span, report);
    }
    if let Store::None = config.cache.path
        && let Some((name, _)) = config.feeds.iter().find(|(_, feed)| feed.settings.archive.is_some())
        && let Some(span) = span(cache, "path")
    {
        report
            .error(span, format!("the archive of `{name}` needs a disk"))
            .help("leave `path` out, or name a directory");
    }
    let Server { open, access_key, public_url, hub, .. } = &config.server;
    if hub.is_some()
        && public_url.is_none()
        && let Some(span) = span(server, "hub")
    {
        report
            .error(span, "a hub knows the feeds by their public addresses")
            .help("set `public_url`, under which readers and the hub reach refeed");
    }
    if *open == Some(Open::Key)
        && access_key.is_none()
        && let Some(span) = span(server, "open")
    {
        report
            .error(span, "`open = \"key\"` without a key lets nobody in")
            .help("set `access_key`, or `open = \"nobody\"`");
    }
}

fn check_floor(floor: Duration, ceiling: Duration, span: Span, report: &mut Report) {
    if floor > ceiling {
        let [floor, ceiling] = [floor, ceiling].map(human_duration);
        report
            .error(span, format!("`min_ttl` ({floor}) is above `max_ttl` ({ceiling})"))
            .help("set both, the floor below the ceiling");
    }
}
