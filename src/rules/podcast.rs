//! Take the counting redirects out of podcast addresses.
//!
//! ## What it does
//! An address such as `https://dts.podtrac.com/redirect.mp3/chtbl.com/track/1234/cdn.example/a.mp3` leads through hosts that count who
//! listens. Each known prefix is taken off, one after another, until the file's own address is left:
//! `https://cdn.example/a.mp3`. Done in enclosures, and in players and links of the content; nothing is fetched, and an
//! address without a known prefix stays as it is. `also` names further prefixes: what stands before the next address, with `*` for one
//! path segment (`track.example/e/*`).
//!
//! ## When to use
//! You would rather not tell five companies what you listen to; a prefix host is blocked, slow or gone.
//!
//! ## Example
//! ```toml
//! rules = [{ podcast = true }]
//! ```
//! ```toml
//! rules = [{ podcast = { also = ["track.example/e/*"] } }]
//! ```
//!
//! ## Order
//! Before rules that write addresses of a proxy around others.
//!
//! ## Cost
//! One look at each address.

use serde::Deserialize;
use toml::Spanned;

use super::fragments::is_body;
use super::{Build, Context, Rule, RuleError};
use crate::base::limits::{MAX_PREFIXES, MAX_TEMPLATE};
use crate::base::url::Url;
use crate::config::Report;
use crate::feed::{Feed, Field, Kind, Medium};
use crate::html::UrlKind;

/// The prefixes of counting services, as their own instructions give them: a host, then path segments, `*` for an account's.
const KNOWN: &[&str] = &[
    "2.gum.fm",
    "arttrk.com/p/*",
    "chrt.fm/track/*",
    "chtbl.com/track/*",
    "claritaspod.com/measure",
    "clrtpod.com/m",
    "dts.podtrac.com/redirect.*",
    "growx.podkite.com/https/*",
    "media.blubrry.com/*",
    "media.blubrry.com/*/p",
    "mgln.ai/e/*",
    "op3.dev/e",
    "op3.dev/e,*",
    "pdcn.co/e",
    "pdst.fm/e",
    "pfx.veritonicmetrics.com/*",
    "pfx.vpixl.com/*",
    "play.podtrac.com/*",
    "podtrac.com/pts/redirect.*",
    "prfx.byspotify.com/e",
    "pscrb.fm/rss/p",
    "rss.pdrl.fm/*",
    "s.gum.fm/s-*",
    "swap.fm/track/*",
    "tracking.swap.fm/track/*",
    "verifi.podscribe.com/rss/p",
    "www.chtbl.com/track/*",
    "www.podtrac.com/pts/redirect.*",
];

/// Settings of `podcast`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    #[serde(default)]
    also: Vec<Spanned<String>>,
}

impl Build for Config {
    const SHORT: Option<&'static str> = None;
    type Rule = Podcast;

    fn build(self, report: &mut Report) -> Option<Podcast> {
        let before = report.count();
        let mut also = Vec::new();
        for prefix in self.also {
            let text = prefix.get_ref().trim_end_matches('/');
            let text = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).unwrap_or(text);
            let host = text.split('/').next().unwrap_or_default();
            if !host.contains('.')
                || host.contains('*')
                || text.contains(char::is_whitespace)
                || text.len() > MAX_TEMPLATE
            {
                report
                    .error(prefix.span(), format!("`{text}` is no prefix of an address"))
                    .help("write its host and path: `track.example/e/*`");
            }
            also.push(text.to_owned());
        }
        (report.count() == before).then_some(Podcast { also })
    }
}

/// The compiled rule.
pub struct Podcast {
    also: Vec<String>,
}

impl Podcast {
    /// The address behind all known prefixes; none where there is no prefix.
    fn unwrapped(&self, address: &str) -> Option<String> {
        let mut url = Url::parse(address.trim()).ok()?;
        let mut found = None;
        for _ in 0..MAX_PREFIXES {
            let Some(inner) = self.without_prefix(&url) else { break };
            url = Url::parse(&inner).ok()?;
            found = Some(inner);
        }
        found
    }

    fn without_prefix(&self, url: &Url) -> Option<String> {
        let host = url.host_str()?;
        let prefixes = KNOWN.iter().copied().chain(self.also.iter().map(String::as_str));
        let rest = prefixes.filter_map(|prefix| after(prefix, host, url.path())).min_by_key(|rest| rest.len())?;
        let (scheme, rest) = ["https://", "http://", "https/", "http/", "https:/", "http:/"]
            .iter()
            .find_map(|scheme| Some((*scheme, rest.strip_prefix(scheme)?)))
            .map_or((url.scheme(), rest), |(scheme, rest)| (scheme.split([':', '/']).next().unwrap_or("https"), rest));
        // What follows is a host with a path, or it was no prefix.
        let (host, path) = rest.split_once('/')?;
        let is_host = host.split('.').count() > 1
            && host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'))
            && host.rsplit('.').next().is_some_and(|top| top.len() > 1 && top.bytes().all(|b| b.is_ascii_alphabetic()));
        let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
        (is_host && !path.is_empty()).then(|| format!("{scheme}://{rest}{query}"))
    }
}

/// What of a path stands behind a prefix.
fn after<'p>(prefix: &str, host: &str, path: &'p str) -> Option<&'p str> {
    let mut parts = prefix.split('/');
    if parts.next()? != host {
        return None;
    }
    let mut rest = path.strip_prefix('/')?;
    for part in parts {
        let (segment, behind) = rest.split_once('/')?;
        let fits = match part.split_once('*') {
            Some((start, _)) => segment.starts_with(start) && segment.len() > start.len(),
            None => segment == part,
        };
        if !fits {
            return None;
        }
        rest = behind;
    }
    Some(rest)
}

impl Rule for Podcast {
    fn apply(&self, feed: &mut Feed, _: &Context) -> Result<(), RuleError> {
        for place in feed.places() {
            for slot in feed.slots(place) {
                if slot.kind == Kind::Url && slot.field == Field::Enclosure && slot.medium != Medium::Image {
                    if let Some(url) = self.unwrapped(&feed.value(&slot)) {
                        feed.set_value(&slot, url);
                    }
                } else if is_body(&slot) && feed.may_have_tags(&slot) {
                    feed.fragment(&slot).map_urls(|kind, url| match kind {
                        UrlKind::Media | UrlKind::Link => self.unwrapped(url),
                        _ => None,
                    });
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::fragments::{after as content_after, problems};
    use super::*;

    #[test]
    fn known_prefixes_are_taken_off_one_after_another() {
        let rule = Podcast { also: vec!["track.example/e/*".to_owned()] };
        for (address, unwrapped) in [
            (
                "https://dts.podtrac.com/redirect.mp3/chtbl.com/track/12ab/pdst.fm/e/cdn.example/a/b.mp3?x=1",
                Some("https://cdn.example/a/b.mp3?x=1"),
            ),
            ("https://op3.dev/e,pg=abc/https://cdn.example/a.mp3", Some("https://cdn.example/a.mp3")),
            ("https://growx.podkite.com/https/SHOW/cdn.example/a.mp3", Some("https://cdn.example/a.mp3")),
            ("http://media.blubrry.com/show/p/cdn.example/a.mp3", Some("http://cdn.example/a.mp3")),
            ("http://media.blubrry.com/show/cdn.example/a.mp3", Some("http://cdn.example/a.mp3")),
            ("https://track.example/e/7/http://cdn.example/a.mp3", Some("http://cdn.example/a.mp3")),
            ("https://chtbl.com/track/12ab/", None),
            ("https://pdst.fm/e/nothost/a.mp3", None),
            ("https://pdst.fm/e/127.0.0.1/a.mp3", None),
            ("https://cdn.example/chtbl.com/track/1/x.example/a.mp3", None),
            ("not an address", None),
        ] {
            assert_eq!(rule.unwrapped(address).as_deref(), unwrapped, "{address}");
        }
    }

    #[test]
    fn players_in_the_content_are_unwrapped_and_pictures_are_not() {
        let html = "<audio src=\"https://pdst.fm/e/cdn.example/a.mp3\"></audio><img src=\"https://pdst.fm/e/cdn.example/a.png\">";
        let expected = html.replacen("https://pdst.fm/e/cdn.example/a.mp3", "https://cdn.example/a.mp3", 1);
        assert_eq!(content_after("[{ podcast = true }]", html), expected);
    }

    #[test]
    fn what_is_no_prefix_is_refused() {
        assert_eq!(
            problems("[{ podcast = { also = ['https://', '*.example/e', 'a.example'] } }]"),
            ["24: `https:` is no prefix of an address", "36: `*.example/e` is no prefix of an address"]
        );
    }
}
