//! Every key of the configuration, with its meaning and default. Plain data: reading and checking are done by the
//! neighbours. A key exists here from the day on which the program obeys it.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use serde::Deserialize;

use super::archive::Archive;
use super::fields::{self, Allow, Secret};
use super::problem::Source as Text;
use super::rule_list::RuleList;
use super::shared::{Around, SetTable};
use crate::base::limits;
use crate::base::url::Url;

/// The whole configuration. [`Config::default`] is what an empty file means.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// `[server]`
    pub server: Server,
    /// `[fetch]`
    pub fetch: Fetch,
    /// `[cache]`
    pub cache: Cache,
    /// `[feeds.NAME]`, by name.
    pub feeds: BTreeMap<Arc<str>, Feed>,
    /// `[rules]`: what comes before and after every configured feed's rules; [`Feed::rules`] has them already.
    pub around: Around,
    /// `[sets.NAME]`: rule sets, by name.
    pub sets: Arc<SetTable>,
    /// `[sites."HOST"]`: the rules of feeds that are asked for through refeed as an HTTP proxy, by host, [`Config::around`] included.
    /// A `full_text` among them is how the pages of the host are read.
    pub sites: BTreeMap<String, RuleList>,
}

/// `[server]`: how refeed is reached, and by whom.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Server {
    /// Where to listen; port 0 picks a free one. Default `127.0.0.1:4600`.
    #[serde(deserialize_with = "fields::listen")]
    pub listen: SocketAddr,
    /// The base of the links that refeed writes, where it stands behind another server. Default: none.
    #[serde(deserialize_with = "fields::public_url")]
    pub public_url: Option<Url>,
    /// A WebSub hub that is told of changes in the feeds served; needs `public_url`. Default: none.
    #[serde(deserialize_with = "fields::hub")]
    pub hub: Option<Url>,
    /// Who may ask for any URL. Default: `everybody` on a loopback address without `public_url`, for requests that no
    /// proxy forwarded; `key` otherwise.
    pub open: Option<Open>,
    /// The key that `open = "key"` asks for. Default: none, so that nobody has it.
    #[serde(deserialize_with = "fields::access_key")]
    pub access_key: Option<Secret>,
}

impl Default for Server {
    fn default() -> Server {
        let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, limits::PORT));
        Server { listen, public_url: None, hub: None, open: None, access_key: None }
    }
}

/// Who may ask for any URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Open {
    /// Only the configured feeds are served.
    Nobody,
    /// Who has the access key.
    Key,
    /// Anyone who can reach refeed.
    Everybody,
}

/// `[fetch]`: how upstreams are asked.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Fetch {
    /// For a whole fetch, redirects included. Above zero. Default `25s`.
    #[serde(deserialize_with = "fields::timeout")]
    pub timeout: Duration,
    /// Largest body, after decompression, in bytes. Default `32 MiB`.
    #[serde(deserialize_with = "fields::body_size")]
    pub max_body: usize,
    /// Redirects followed, 0 to 20. Default 5.
    #[serde(deserialize_with = "fields::redirects")]
    pub max_redirects: usize,
    /// Pages of one host (full texts) fetched at once, 1 to 16. Default 4.
    #[serde(deserialize_with = "fields::pages_per_host")]
    pub pages_per_host: usize,
    /// Nothing is fetched: `refeed serve --offline`. No key of the file.
    #[serde(skip)]
    pub offline: bool,
    /// Non-public addresses that may be fetched, with or without a port. Default: none.
    pub allow: Vec<Allow>,
    /// A PEM file of certificates to trust beside the built-in ones, such as a company's. Default: none.
    pub roots: Option<PathBuf>,
    /// An outgoing proxy: `http:`, `socks5:` or `socks5h:`. Default: none.
    #[serde(deserialize_with = "fields::proxy")]
    pub proxy: Option<Url>,
}

impl Default for Fetch {
    fn default() -> Fetch {
        Fetch {
            timeout: limits::FETCH_TIMEOUT,
            max_body: limits::MAX_BODY,
            max_redirects: limits::MAX_REDIRECTS,
            pages_per_host: limits::PAGES_PER_HOST,
            offline: false,
            roots: None,
            allow: Vec::new(),
            proxy: None,
        }
    }
}

/// `[cache]`: what is kept, and for how long it counts as fresh.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Cache {
    /// Memory for answers, in bytes; zero keeps none. Default `64 MiB`.
    #[serde(deserialize_with = "fields::size")]
    pub memory: usize,
    /// The directory of what survives a restart; `"none"` keeps nothing. Default: the platform's place for data.
    #[serde(deserialize_with = "fields::store")]
    pub path: Store,
    /// Room on disk, in bytes. Default `1 GiB`.
    #[serde(deserialize_with = "fields::disk_size")]
    pub disk: usize,
    /// A Valkey or Redis that several refeeds share, `redis://HOST:PORT`: what one of them fetched the others need not. It may name a
    /// user, a password and a number of a database. Default: none.
    #[serde(deserialize_with = "fields::shared")]
    pub shared: Option<Secret>,
    /// Fresh for so long where the upstream and the feed say nothing. Default `30m`.
    #[serde(deserialize_with = "fields::ttl")]
    pub default_ttl: Duration,
    /// Floor of freshness, whatever the upstream says; `0s` sets none. Default `5m`.
    #[serde(deserialize_with = "fields::ttl")]
    pub min_ttl: Duration,
    /// Ceiling of freshness. Default `24h`.
    #[serde(deserialize_with = "fields::ttl")]
    pub max_ttl: Duration,
    /// A stale answer is used at once, and refreshed behind, for so long; unless the upstream forbids it. Default `6h`.
    #[serde(deserialize_with = "fields::ttl")]
    pub stale_while_revalidate: Duration,
    /// The last good copy is used for so long where the upstream fails; unless the upstream forbids it. Default `7d`.
    #[serde(deserialize_with = "fields::ttl")]
    pub stale_if_error: Duration,
}

impl Default for Cache {
    fn default() -> Cache {
        Cache {
            memory: limits::CACHE_MEMORY,
            path: Store::Default,
            disk: limits::CACHE_DISK,
            shared: None,
            default_ttl: limits::DEFAULT_TTL,
            min_ttl: limits::MIN_TTL,
            max_ttl: limits::MAX_TTL,
            stale_while_revalidate: limits::STALE_WHILE_REVALIDATE,
            stale_if_error: limits::STALE_IF_ERROR,
        }
    }
}

/// Where what survives a restart is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Store {
    /// The platform's place for data, as [`super::data_directory`] finds it.
    Default,
    /// Nowhere.
    None,
    /// This directory.
    Directory(PathBuf),
}

/// `[feeds.NAME]`: one feed, served at `/feed/NAME`.
#[derive(Debug, Clone)]
pub struct Feed {
    /// `url`, exactly as typed; of a merged feed a name that no URL has.
    pub url: Arc<str>,
    /// Where `url` leads.
    pub origin: Arc<Origin>,
    /// `rules`, in the order in which they are applied, with those of `[rules]` around them unless `inherit = false`.
    pub rules: RuleList,
    /// The rest; of many feeds most set the same, or nothing, and share it.
    pub settings: Arc<Settings>,
}

/// What a feed sets beside its URL and its rules.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Settings {
    /// `relative`. Default `absolute`.
    pub relative: Relative,
    /// `archive`: items that have left upstream's window are kept. Default: they are not.
    pub archive: Option<Archive>,
    /// `undated`. Default `leave`; with an archive `first-seen`.
    pub undated: Option<Undated>,
    /// `title`: its name in lists. Default: the feed's own, where it is known, else the name.
    pub title: Option<String>,
    /// `page`: its web page, for lists. Default: the feed's own, where it is known.
    pub page: Option<Url>,
    /// `folder`: where it stands in lists, folders inside each other with `/` between. Default: none.
    pub folder: Option<String>,
    /// `templates`, those of `[templates]` where a key is missing.
    pub templates: Templates,
    /// What it sets for itself of `[cache]`.
    pub times: Times,
    /// `refresh`. Default: by the feed's own rhythm.
    pub refresh: Refresh,
}

/// What becomes of items without a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Undated {
    /// They stay as they are.
    Leave,
    /// They get the time at which refeed saw them first, and keep it, across restarts.
    FirstSeen,
}

impl Feed {
    /// A feed of `url` with `rules`, everything else by default.
    pub fn new(url: impl Into<Arc<str>>, origin: Origin, rules: RuleList) -> Feed {
        static DEFAULT: LazyLock<Arc<Settings>> = LazyLock::new(Arc::default);
        Feed { url: url.into(), origin: Arc::new(origin), rules, settings: Arc::clone(&DEFAULT) }
    }

    /// Its settings, to change; feeds that share them keep theirs.
    pub fn settings_mut(&mut self) -> &mut Settings {
        Arc::make_mut(&mut self.settings)
    }
}

/// The keys of `[cache]` that a feed can set for itself; `None`: as set there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Times {
    /// `default_ttl`
    pub default_ttl: Option<Duration>,
    /// `min_ttl`
    pub min_ttl: Option<Duration>,
    /// `max_ttl`
    pub max_ttl: Option<Duration>,
    /// `stale_while_revalidate`; set here, it holds even where the upstream forbids it.
    pub stale_while_revalidate: Option<Duration>,
    /// `stale_if_error`; set here, it holds even where the upstream forbids it.
    pub stale_if_error: Option<Duration>,
}

/// When a feed is asked for without a reader.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Refresh {
    /// As often as it changes.
    #[default]
    Adaptive,
    /// `"on-demand"`: only when a reader asks.
    OnDemand,
    /// Once in so long, whatever upstream and feed say.
    Every(Duration),
}

/// `[templates]` and `[feeds.NAME.templates]`: what documents are made by. Each is a file, read from the folder of the
/// configuration.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Templates {
    /// `markdown`. Default: refeed's own.
    pub markdown: Option<Arc<Text>>,
    /// `html`. Default: refeed's own.
    pub html: Option<Arc<Text>>,
}

/// Where the bytes of a feed come from.
#[derive(Debug, Clone, PartialEq)]
pub enum Origin {
    /// An upstream, `http:` or `https:`.
    Http(Url),
    /// A file of this machine, which only the configuration may name.
    File(PathBuf),
    /// Other feeds, merged: `sources`.
    Merge(Box<Merge>),
    /// A text of the program itself, as if it had come from `url`.
    Embedded {
        /// The document.
        body: &'static str,
        /// The address that its relative references are read against.
        url: Url,
    },
}

impl Origin {
    /// The address that relative references are read against; a file has none, because its path is nobody's business.
    pub fn base(&self) -> Option<&Url> {
        match self {
            Origin::Http(url) | Origin::Embedded { url, .. } => Some(url),
            Origin::File(_) | Origin::Merge(_) => None,
        }
    }
}

/// Several feeds served as one: newest first, duplicates once.
#[derive(Debug, Clone, PartialEq)]
pub struct Merge {
    /// `title` of the merged feed. Default: its name.
    pub title: Option<String>,
    /// `source_in_title`: titles of items begin with the name of their source. Default: no.
    pub source_in_title: bool,
    /// `sources`, of which the first that has an item gives it.
    pub sources: Vec<Source>,
}

/// One source of a merged feed.
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    /// `url` or `feed`, or the short form of either.
    pub feed: SourceFeed,
    /// `name`, by which readers know it. Default: the title that the source has.
    pub name: Option<String>,
    /// `limit`: only its newest items. Default: all.
    pub limit: Option<usize>,
    /// `rules` for its items alone, after those of the feed that it names. Default: none.
    pub rules: RuleList,
}

/// What a source is.
#[derive(Debug, Clone, PartialEq)]
pub enum SourceFeed {
    /// A feed of the configuration, after its own rules.
    Named(String),
    /// Any other.
    Url {
        /// As typed.
        url: String,
        /// Where it leads.
        origin: Origin,
    },
}

/// What becomes of relative URLs, which mean something else at the feed's new address.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Relative {
    /// Made absolute where they stand.
    #[default]
    Absolute,
    /// Left alone.
    Keep,
}
