//! What a request's target asks for: which feed, which rules of the reader's own, and what it shows to be let in.
//!
//! | target | means |
//! | --- | --- |
//! | `/feed/NAME?…` | a feed of the configuration; of its archive `archive=N` is a page, `since=TIME` what is newer; `dropped` is what its rules dropped |
//! | `/feed?url=URL&…` | any feed; `source` is `url` too, as rss-funnel has it |
//! | `/via/RULES/URL` | the same for readers that strip queries: items with commas between; the query is the feed's own |
//! | `/f/:RULES/URL`, `/:RULES/URL` | the same as morss has it: items with colons between |
//! | `/opml` | the list of all feeds of the configuration |
//! | `/s/SIGNATURE/…` | any of these, signed (`serve::sign`) |
//!
//! In a path the URL may stand without its scheme, which then is `https:`, with one slash behind the scheme where something on the
//! way folded two, or percent-encoded as a whole. What the parameters mean is `rules::parameters`'s. Linear in the target.

use std::borrow::Cow;
use std::time::Duration;

use url::ParseError;

use super::callback;
use super::query::{decode, parameters};
use super::sign;
use super::status::Refused;
use crate::base::clock::Time;
use crate::base::limits::EXCERPT_CHARS;
use crate::base::text::excerpt;
use crate::base::url::Url;
use crate::config::quantity;
use crate::emit::Format;
use crate::feed::dates;
use crate::rules::parameters::Parameters;

/// What a request is for.
#[derive(Debug)]
pub enum Target {
    /// `/healthz`.
    Health,
    /// `/opml`.
    Opml,
    /// A feed.
    Feed(Box<Wanted>),
}

/// A feed, as it is wanted.
#[derive(Debug)]
pub struct Wanted {
    /// The feed.
    pub feed: Named,
    /// Which part of it.
    pub part: Part,
    /// The rules of the reader's own.
    pub parameters: Parameters,
    /// What is wanted of it.
    pub what: What,
    /// What lets the reader in.
    pub shown: Shown,
}

/// What a reader wants of a feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// The feed, in a format or in its own.
    Document(Option<Format>),
    /// What each rule does to each item of it.
    Explanation,
    /// The content of one item, from 0, as it is: RSSHub's `{n}.debug.html`.
    Content(usize),
}

/// Which part of a feed that keeps an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The newest.
    Newest,
    /// `archive=N`: a page.
    Page(u64),
    /// `since=TIME`: what came after a moment.
    Since(Time),
    /// `since=DURATION`: what came in the last so long.
    Last(Duration),
    /// `dropped`: what its rules dropped.
    Dropped,
}

/// Which feed.
#[derive(Debug, PartialEq, Eq)]
pub enum Named {
    /// A feed of the configuration.
    Configured(String),
    /// Any feed.
    Any(Url),
}

/// What a request shows to be let in.
#[derive(Debug, Default, Clone)]
pub struct Shown {
    /// The key itself.
    pub key: Option<String>,
    /// RSSHub's `code`, and the path that it belongs to.
    pub code: Option<(String, String)>,
    /// A signature and the target that it belongs to.
    pub signature: Option<(String, String)>,
    /// Until when the signed target is good, in seconds of Unix time.
    pub expires: Option<i64>,
}

impl Target {
    /// What `path` and `query` ask for.
    pub fn read(path: &str, query: &str) -> Result<Target, Refused> {
        let Some((signature, rest)) = sign::split(path) else { return Path::of(path)?.with(path, query) };
        let mut target = Path::of(rest)?.with(rest, query)?;
        if let Target::Feed(wanted) = &mut target {
            let signed = if query.is_empty() { rest.to_owned() } else { format!("{rest}?{query}") };
            wanted.shown.signature = Some((signature.to_owned(), signed));
        }
        Ok(target)
    }

    /// Is anything served at `path`?
    pub fn is_served(path: &str) -> Result<(), Refused> {
        Path::of(sign::split(path).map_or(path, |(_, rest)| rest)).map(drop)
    }
}

/// `path` without what may be secret: values of parameters, signatures. For the log and for problem documents.
pub fn public_path(path: &str) -> Cow<'_, str> {
    if callback::token(path).is_some() {
        return "/websub/…".into();
    }
    if let Some((_, rest)) = sign::split(path) {
        return format!("/s/…{}", public_path(rest)).into();
    }
    match Path::of(path) {
        Ok(Path::Via { mark, rules, url }) => {
            let ends = |item: &str| item.find('=').into_iter().chain(item.to_ascii_lowercase().find("%3d")).min();
            let name = |item| ends(item).and_then(|end| item.get(..end)).unwrap_or(item);
            let names: Vec<_> = rules.split(mark).map(name).collect();
            format!("/via/{}/{}", names.join(","), public_url(url)).into()
        }
        _ => path.into(),
    }
}

/// A path that is served.
enum Path<'a> {
    Health,
    Opml,
    Any,
    Named(&'a str),
    Via { mark: char, rules: &'a str, url: &'a str },
}

impl<'a> Path<'a> {
    fn of(path: &'a str) -> Result<Path<'a>, Refused> {
        let via = |mark, rest: &'a str| match rest.split_once('/') {
            _ if is_web(rest) => Ok(Path::Via { mark, rules: "", url: rest }),
            Some((rules, url)) if !url.is_empty() => Ok(Path::Via { mark, rules, url }),
            _ => Err(Refused::NoSuchPath),
        };
        match path {
            "/healthz" => return Ok(Path::Health),
            "/opml" => return Ok(Path::Opml),
            "/feed" => return Ok(Path::Any),
            _ => {}
        }
        if let Some(name) = path.strip_prefix("/feed/") {
            let is_name = !name.is_empty() && !name.contains('/');
            return is_name.then_some(Path::Named(name)).ok_or(Refused::NoSuchPath);
        }
        if let Some(rest) = path.strip_prefix("/via/") {
            return via(',', rest);
        }
        match path.strip_prefix("/f/:").or_else(|| path.strip_prefix("/:")) {
            Some(rest) => via(':', rest),
            None => Err(Refused::NoSuchPath),
        }
    }

    fn with(self, path: &str, query: &str) -> Result<Target, Refused> {
        let mut given = Given::default();
        let feed = match self {
            Path::Health | Path::Opml => {
                let target = if matches!(self, Path::Opml) { Target::Opml } else { Target::Health };
                let names: Vec<_> = parameters(query).map(|(name, _)| quoted(&name)).collect();
                return match names.is_empty() {
                    true => Ok(target),
                    false => Err(Refused::UnknownParameters { names: names.join(", "), advice: String::new() }),
                };
            }
            Path::Named(name) => {
                given.is_named = true;
                parameters(query).try_for_each(|(name, value)| given.take(&name, value, false))?;
                Named::Configured(decode(name).ok_or(Refused::Undecodable)?.into_owned())
            }
            Path::Any => {
                parameters(query).try_for_each(|(name, value)| given.take(&name, value, true))?;
                let missing = || wrong("url", "is missing: write /feed?url=https://example.org/feed.xml");
                Named::Any(feed_url(&given.url.take().ok_or_else(missing)?)?)
            }
            Path::Via { mark, rules, url } => {
                for item in rules.split(mark).filter(|item| !item.is_empty()) {
                    let (name, value) = item.split_once('=').unwrap_or((item, ""));
                    given.take(&decode(name).ok_or(Refused::Undecodable)?, value, false)?;
                }
                Named::Any(feed_url(&url_in_path(url, query)?)?)
            }
        };
        let (what, part) = (given.what()?, given.part()?);
        let Given { key, code, exp, parameters, .. } = given;
        let expires = exp.map(|exp| exp.parse().map_err(|_| wrong("exp", "must be a time in seconds since 1970")));
        let code = code.map(|code| (code, path.to_owned()));
        let shown = Shown { key, code, signature: None, expires: expires.transpose()? };
        Ok(Target::Feed(Box::new(Wanted { feed, part, parameters, what, shown })))
    }
}

/// The parameters of a target, sorted.
#[derive(Default)]
struct Given {
    url: Option<String>,
    archive: Option<String>,
    since: Option<String>,
    dropped: Option<String>,
    /// It is a feed of the configuration, which may keep an archive.
    is_named: bool,
    key: Option<String>,
    code: Option<String>,
    exp: Option<String>,
    format: Option<String>,
    explain: Option<String>,
    parameters: Parameters,
}

impl Given {
    fn part(&self) -> Result<Part, Refused> {
        match self.dropped.as_deref() {
            None => {}
            Some("" | "1" | "true") if self.archive.is_none() && self.since.is_none() => return Ok(Part::Dropped),
            Some("" | "1" | "true") => return Err(wrong("dropped", "cannot stand beside `archive` or `since`")),
            Some(_) => return Err(wrong("dropped", "takes no value")),
        }
        match (&self.archive, &self.since) {
            (None, None) => Ok(Part::Newest),
            (Some(_), Some(_)) => Err(wrong("since", "cannot stand beside `archive`")),
            (Some(number), None) => {
                let number = number.parse().ok().filter(|number| *number > 0);
                number.map(Part::Page).ok_or_else(|| wrong("archive", "must be the number of a page, from 1"))
            }
            (None, Some(text)) => match (quantity::duration(text), dates::parse(text)) {
                (Ok(last), _) => Ok(Part::Last(last)),
                (Err(_), Some(time)) => Ok(Part::Since(time)),
                (Err(_), None) => Err(wrong(
                    "since",
                    "must be a time (2027-01-15T08:00:00Z, or seconds since 1970) or a duration (`7d`)",
                )),
            },
        }
    }

    fn take(&mut self, name: &str, value: &str, has_url: bool) -> Result<(), Refused> {
        let undecodable = || wrong(&excerpt(name, EXCERPT_CHARS), "is not UTF-8 or holds control characters");
        let value = decode(value).ok_or_else(undecodable)?;
        let place = match name {
            "url" | "source" if has_url => &mut self.url,
            "archive" if self.is_named => &mut self.archive,
            "since" if self.is_named => &mut self.since,
            "key" => &mut self.key,
            "code" if !has_url && !self.is_named => return Err(wrong(name, "is made of the path: write `key=…`")),
            "code" => &mut self.code,
            "exp" => &mut self.exp,
            "format" => &mut self.format,
            "dropped" => &mut self.dropped,
            "explain" => &mut self.explain,
            _ => {
                self.parameters.push(name, &value);
                return Ok(());
            }
        };
        match place.replace(value.into_owned()) {
            None => Ok(()),
            Some(_) => Err(wrong(name, "is there twice")),
        }
    }
}

impl Given {
    /// `explain`, or RSSHub's word for the like, or a format.
    fn what(&self) -> Result<What, Refused> {
        match (self.explain.as_deref(), self.format.as_deref()) {
            (Some("" | "1" | "true"), _) | (None, Some("debug.json")) => Ok(What::Explanation),
            (Some(_), _) => Err(wrong("explain", "takes no value")),
            (None, None | Some("")) => Ok(What::Document(None)),
            (None, Some(format)) => match (format.parse(), item_of(format)) {
                (Ok(format), _) => Ok(What::Document(Some(format))),
                (Err(_), Some(number)) => Ok(What::Content(number)),
                (Err(_), None) => {
                    let known = Format::ALL.map(Format::name).join(", ");
                    Err(wrong(
                        "format",
                        format!("can be {known}, debug.json or 0.debug.html, not `{}`", excerpt(format, EXCERPT_CHARS)),
                    ))
                }
            },
        }
    }
}

/// The number of `7.debug.html`.
fn item_of(format: &str) -> Option<usize> {
    format.strip_suffix(".debug.html")?.parse().ok()
}

fn quoted(name: &str) -> String {
    format!("`{}`", excerpt(name, EXCERPT_CHARS))
}

fn wrong(name: &str, problem: impl Into<String>) -> Refused {
    Refused::Parameter { name: name.to_owned(), problem: problem.into() }
}

/// Does `text` begin with the scheme of the web?
fn is_web(text: &str) -> bool {
    let begins = |scheme: &str| text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
    begins("http:/") || begins("https:/")
}

/// A URL in a path that is percent-encoded as a whole, decoded; any other as it is.
fn spelled_out(text: &str) -> Option<Cow<'_, str>> {
    match text.get(..8).map(str::to_ascii_lowercase) {
        Some(start) if start.starts_with("http%3a") || start.starts_with("https%3a") => decode(text),
        _ => Some(text.into()),
    }
}

/// A URL in a path without its query and without credentials.
fn public_url(text: &str) -> String {
    let url = spelled_out(text).unwrap_or_default();
    let bare = url.split(['?', '#']).next().unwrap_or_default();
    let (scheme, rest) = bare.split_at(bare.find(":/").map_or(0, |colon| colon + 1));
    let (slashes, rest) = rest.split_at(rest.len() - rest.trim_start_matches('/').len());
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = authority.rsplit('@').next().unwrap_or_default();
    [scheme, slashes, host, path].concat()
}

/// The feed's URL at the end of a path, with the request's query, which is its own.
fn url_in_path(text: &str, query: &str) -> Result<String, Refused> {
    let decoded = spelled_out(text).ok_or(Refused::Undecodable)?;
    let mut url = match decoded.split_once(':') {
        Some((scheme, rest)) if is_web(&decoded) => format!("{scheme}://{}", rest.trim_start_matches('/')),
        _ => format!("https://{}", decoded.trim_start_matches('/')),
    };
    if !query.is_empty() {
        url.push(if url.contains('?') { '&' } else { '?' });
        url.push_str(query);
    }
    Ok(url)
}

/// `text` as the address of a feed: of the web, without credentials, without a fragment.
pub fn feed_url(text: &str) -> Result<Url, Refused> {
    if text.trim().is_empty() {
        return Err(wrong("url", "is empty"));
    }
    let mut url = match Url::parse(text) {
        Ok(url) => url,
        Err(ParseError::RelativeUrlWithoutBase) => return Err(wrong("url", "must begin with http:// or https://")),
        Err(error) => return Err(wrong("url", format!("is not a URL: {error}"))),
    };
    if !matches!(url.scheme(), "http" | "https") {
        return Err(wrong("url", "must begin with http:// or https://"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("url", "must not hold a user name or password"));
    }
    url.set_fragment(None); // never sent, so not part of what is asked
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn target(path: &str, query: &str) -> Result<String, String> {
        Ok(match Target::read(path, query).map_err(|refused| refused.to_string())? {
            Target::Health => "health".into(),
            Target::Opml => "opml".into(),
            Target::Feed(wanted) => {
                let feed = match wanted.feed {
                    Named::Configured(name) => format!("named {name}"),
                    Named::Any(url) => format!("any {url}"),
                };
                let key = wanted.shown.key.map(|key| format!(" key {key}")).unwrap_or_default();
                format!("{feed}{key} {}", wanted.parameters).trim_end().to_owned()
            }
        })
    }

    #[test]
    fn targets_that_are_served() {
        for (path, query, expected) in [
            ("/healthz", "", "health"),
            ("/feed/voa", "", "named voa"),
            ("/feed/%E5%8F%B0%E7%81%A3", "key=1", "named 台灣 key 1"),
            ("/feed/a%2Fb", "limit=3", "named a/b limit=3"),
            ("/feed", "url=https%3A%2F%2Fexample.org%2Ff%3Fa%3D1%26b%3D2", "any https://example.org/f?a=1&b=2"),
            ("/feed", "url=https://example.org/f?a=b+c", "any https://example.org/f?a=b+c"),
            ("/feed", "key=k&url=https://example.org/台#top", "any https://example.org/%E5%8F%B0 key k"),
            ("/feed", "source=https://example.org/&limit_posts=2", "any https://example.org/ limit=2"),
            ("/feed", "url=https://a.example/&filter=%E5%8F%B0|AI", "any https://a.example/ filter=台|AI"),
        ] {
            assert_eq!(target(path, query).as_deref(), Ok(expected), "{path}?{query}");
        }
    }

    #[test]
    fn a_path_says_the_same_as_a_query() {
        for (path, query, expected) in [
            (
                "/via/zh-hant,weserv/https://example.com/feed.xml",
                "",
                "any https://example.com/feed.xml zh-hant=&weserv=",
            ),
            (
                "/via/limit=10,opencc=s2t/https://a.example/f",
                "x=1&y",
                "any https://a.example/f?x=1&y limit=10&opencc=s2t",
            ),
            ("/via/zh-hant/https:/a.example/f", "", "any https://a.example/f zh-hant="),
            ("/via/zh-hant/a.example/f/g", "", "any https://a.example/f/g zh-hant="),
            ("/via/zh-hant/http%3A%2F%2Fa.example%2Ff%3Fb%3D1", "", "any http://a.example/f?b=1 zh-hant="),
            ("/via/https://a.example/f", "", "any https://a.example/f"),
            ("/via//https://a.example/f", "", "any https://a.example/f"),
            (
                "/via/key=k,filter=a%2Cb/https://a.example/",
                "key=own",
                "any https://a.example/?key=own key k filter=a,b",
            ),
            ("/f/:opencc=s2t:limit=10/https://a.example/f", "", "any https://a.example/f opencc=s2t&limit=10"),
            ("/:search=北京/a.example/f", "", "any https://a.example/f filter_title=北京"),
        ] {
            assert_eq!(target(path, query).as_deref(), Ok(expected), "{path}?{query}");
        }
    }

    #[test]
    fn targets_that_are_refused_say_why() {
        for (path, query, reason) in [
            ("/", "", "nothing is served here"),
            ("/feed/", "", "nothing is served here"),
            ("/feed/a/b", "", "nothing is served here"),
            ("/feeds", "", "nothing is served here"),
            ("/via/", "", "nothing is served here"),
            ("/via/zh-hant", "", "nothing is served here"),
            ("/via/zh-hant/", "", "nothing is served here"),
            ("/feed/%FF", "", "not UTF-8"),
            ("/feed", "", "`url` is missing"),
            ("/feed", "url=a&url=b", "`url` is there twice"),
            ("/feed", "url=example.org", "http://"),
            ("/feed", "url=", "is empty"),
            ("/feed", "url=http://", "is not a URL"),
            ("/feed", "url=file:///etc/passwd", "http://"),
            ("/feed", "url=https://me:secret@example.org/", "password"),
            ("/feed", "url=%FF", "not UTF-8"),
            ("/feed", "url=https://a.example/&exp=soon", "`exp` must be"),
            ("/via/limit=3/https://me:secret@example.org/", "", "password"),
            ("/healthz", "x=1", "`x`"),
        ] {
            let refused = target(path, query).unwrap_err();
            assert!(refused.contains(reason) && !refused.contains("secret"), "{path}?{query}: {refused}");
        }
    }

    #[test]
    fn what_is_logged_holds_no_key() {
        for (path, public) in [
            ("/feed/voa", "/feed/voa"),
            ("/via/key=secret,limit=3/https://a.example/f", "/via/key,limit/https://a.example/f"),
            ("/f/:k%65y=secret:limit=3/https://a.example/f", "/via/k%65y,limit/https://a.example/f"),
            ("/s/secret/via/key=secret/a.example/f", "/s/…/via/key/a.example/f"),
            ("/via/key%3dsecret/a.example/f", "/via/key/a.example/f"),
            ("/via/x/http%3A%2F%2Fa.example%2Ff%3Ftoken%3Dsecret", "/via/x/http://a.example/f"),
            ("/via/x/https://me:secret@a.example/f@b", "/via/x/https://a.example/f@b"),
            ("/via/x/https:/me:secret@a.example", "/via/x/https:/a.example"),
            ("/via/x/me:secret@a.example/f", "/via/x/a.example/f"),
        ] {
            assert_eq!(public_path(path), public);
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(path in "/(feed|via|s|f|:)?/?\\PC{0,30}", query in "(url|key|x)?=?\\PC{0,40}") {
            let _ = target(&path, &query);
            let _ = public_path(&path);
        }
    }
}
