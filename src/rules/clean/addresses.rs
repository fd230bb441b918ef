//! Addresses without what only follows the reader: tracking parameters gone, redirects replaced by where they lead.
//!
//! The rest of an address keeps its spelling. Each is looked at a bounded number of times: a redirect within a redirect
//! is followed [`MAX_UNWRAPPED`] times. Linear.

use std::collections::HashSet;

use base64::Engine;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};

use crate::base::limits::MAX_URL;
use crate::base::url::Url;
use crate::rules::places::{Address, Places, lines};

/// How many redirects are looked through: a mail's around an advertiser's around a shop's.
const MAX_UNWRAPPED: usize = 4;

/// The value of a parameter that only names the site where the link stood (Ghost's).
const OUTBOUND: &str = "ref";

/// Parameters that only track.
#[derive(Debug, Default)]
pub(super) struct Parameters {
    names: HashSet<String>,
    prefixes: Vec<String>,
    /// Names that track at these hosts only.
    at: Places<String>,
}

impl Parameters {
    pub(super) fn known() -> Parameters {
        let mut parameters = Parameters::default();
        for (name, hosts) in lines(include_str!("../../../data/clean/parameters.txt")) {
            parameters.add(name, hosts);
        }
        parameters
    }

    /// Adds one: everywhere, or where it is on `hosts`.
    pub(super) fn add(&mut self, name: &str, hosts: &str) {
        let name = name.to_ascii_lowercase();
        match (name.strip_suffix('*'), hosts) {
            (Some(prefix), _) => self.prefixes.push(prefix.to_owned()),
            (None, "") => _ = self.names.insert(name),
            (None, hosts) => hosts.split(' ').for_each(|host| self.at.add(host, name.clone())),
        }
    }

    /// `url` without the parameters that track; `None` where it has none. `own` are the hosts of the feed and its site.
    pub(super) fn without(&self, url: &str, own: &[String]) -> Option<String> {
        let (whole, fragment) = url.split_at(url.find('#').unwrap_or(url.len()));
        let (start, query) = whole.split_once('?')?;
        let address = Address::of(url)?;
        let local: Vec<&String> = self.at.find(address).map(|(name, _)| name).collect();
        let stays = |part: &&str| !self.is_tracking(part, &local, own);
        let parts = || query.split('&');
        if parts().all(|part| stays(&part)) {
            return None;
        }
        // `&amp;` that was escaped twice leaves names with `amp;` before them.
        let left = parts().filter(stays).collect::<Vec<_>>().join("&");
        let mark = if left.is_empty() { "" } else { "?" };
        Some([start, mark, &left, fragment].concat())
    }

    fn is_tracking(&self, part: &str, local: &[&String], own: &[String]) -> bool {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        let name = name.strip_prefix("amp;").unwrap_or(name).to_ascii_lowercase();
        self.names.contains(&name)
            || self.prefixes.iter().any(|prefix| name.starts_with(prefix))
            || local.contains(&&name)
            || name == OUTBOUND && own.iter().any(|host| host.eq_ignore_ascii_case(value))
    }
}

/// Where in a redirect the address is that it leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Holds {
    Parameter(String),
    Query,
    Path,
    Base64,
    Feedsportal,
}

/// Addresses that only lead to another.
#[derive(Debug, Default)]
pub(super) struct Redirects(Places<Holds>);

impl Redirects {
    pub(super) fn known() -> Redirects {
        let mut places = Places::default();
        for (address, place) in lines(include_str!("../../../data/clean/redirects.txt")) {
            let holds = match place {
                "query" => Holds::Query,
                "path" => Holds::Path,
                "base64" => Holds::Base64,
                "feedsportal" => Holds::Feedsportal,
                name => Holds::Parameter(name.trim_start_matches('?').to_owned()),
            };
            places.add(address, holds);
        }
        Redirects(places)
    }

    /// Where `url` leads to; `None` where it leads to itself.
    pub(super) fn target(&self, url: &str) -> Option<String> {
        let mut found: Option<String> = None;
        for _ in 0..MAX_UNWRAPPED {
            match self.next(found.as_deref().unwrap_or(url)) {
                Some(next) => found = Some(next),
                None => break,
            }
        }
        found
    }

    fn next(&self, url: &str) -> Option<String> {
        let address = Address::of(url).filter(|_| url.len() <= MAX_URL)?;
        let read = |(holds, rest): (&Holds, &str)| {
            let found = match holds {
                Holds::Parameter(name) => parameter(rest, name),
                Holds::Query => rest.split_once('?').map(|(_, query)| decoded(query)),
                Holds::Path => Some(in_path(rest)),
                Holds::Base64 => in_base64(rest),
                Holds::Feedsportal => feedsportal(rest),
            };
            found.filter(|found| is_web(found))
        };
        self.0.find(address).find_map(read)
    }
}

/// An address of the web that a reader can follow as it stands.
pub(super) fn is_web(text: &str) -> bool {
    let is_plain = text.bytes().all(|b| b > b' ' && b != b'"' && b != b'<' && b != b'>');
    is_plain && Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

/// The value of parameter `name` in what stands from the query on.
fn parameter(rest: &str, name: &str) -> Option<String> {
    let query = rest.split_once('?')?.1.split('#').next()?;
    let mut parts = query.split('&').filter_map(|part| part.split_once('='));
    let (_, value) = parts.find(|(found, _)| found.strip_prefix("amp;").unwrap_or(found) == name)?;
    Some(decoded(value))
}

fn decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// `/https/example.org/a`, `/https://example.org/a` or `/example.org/a`.
fn in_path(rest: &str) -> String {
    let rest = rest.trim_start_matches('/');
    match rest.starts_with("http://") || rest.starts_with("https://") {
        true => rest.to_owned(),
        false => format!("https://{rest}"),
    }
}

/// The first address in a base64url record.
fn in_base64(rest: &str) -> Option<String> {
    const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    const ENGINE: GeneralPurpose = GeneralPurpose::new(&base64::alphabet::URL_SAFE, LENIENT);
    let record = ENGINE.decode(rest.trim_start_matches('/').split(['?', '/', '#']).next()?).ok()?;
    let start = memchr::memmem::find(&record, b"http")?;
    let bytes = record.get(start..)?;
    let len = bytes.iter().take_while(|b| b.is_ascii_graphic()).count();
    String::from_utf8(bytes.get(..len)?.to_vec()).ok()
}

/// `/…/s/…/l/0L0Sexample0N0Ca0Eb0Bhtml/story01.htm`.
fn feedsportal(rest: &str) -> Option<String> {
    let (_, coded) = rest.split_once("/l/")?;
    let coded = coded.split('/').next()?;
    let mut out = String::new();
    let mut chars = coded.chars();
    while let Some(c) = chars.next() {
        match c {
            '0' => out.push_str(match chars.next()? {
                'A' => "0",
                'B' => ".",
                'C' => "/",
                'D' => "?",
                'E' => "-",
                'F' => "=",
                'G' => "&",
                'H' => ",",
                'I' => "_",
                'J' => "%",
                'K' => "+",
                'L' => "http://",
                'M' => "https://",
                'N' => ".com",
                'O' => ".co.uk",
                'P' => ";",
                'Q' => "|",
                'R' => ":",
                'S' => "www.",
                'T' => "#",
                'U' => "$",
                'V' => "~",
                'W' => "!",
                'X' => "(",
                'Y' => ")",
                'Z' => "Z",
                _ => return None,
            }),
            c => out.push(c),
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tracking_parameters_go_and_the_rest_keeps_its_spelling() {
        let mut parameters = Parameters::known();
        parameters.add("from", "");
        let own = ["blog.example".to_owned()];
        for (url, clean) in [
            (
                "https://a.example/?utm_source=rss&b=%E5%8F%B0+c&UTM_medium=x#t",
                Some("https://a.example/?b=%E5%8F%B0+c#t"),
            ),
            ("https://a.example/x?fbclid=1", Some("https://a.example/x")),
            ("https://a.example/x?a=1&amp;utm_source=x&b", Some("https://a.example/x?a=1&b")),
            ("https://a.example/?ref=blog.example&a", Some("https://a.example/?a")),
            ("https://a.example/?ref=other.example", None),
            ("https://a.example/?from=rss", Some("https://a.example/")),
            ("https://www.dw.com/a?maca=chi-rss", Some("https://www.dw.com/a")),
            ("https://a.example/?maca=1&si=2", None),
            ("https://youtu.be/x?si=2&t=3", Some("https://youtu.be/x?t=3")),
            ("https://a.example/#?utm_source=x", None),
            ("mailto:a@b?utm_source=x", None),
        ] {
            assert_eq!(parameters.without(url, &own).as_deref(), clean, "{url}");
        }
    }

    #[test]
    fn redirects_are_read_from_themselves() {
        let redirects = Redirects::known();
        let google_news = format!(
            "https://news.google.com/rss/articles/{}?oc=5",
            base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(b"\x08\x13\"\x1chttps://a.example/b?c=d\xd2\x01\0")
        );
        for (url, target) in [
            ("https://www.google.com/url?rct=j&sa=t&url=https://a.example/b%3Fc&ct=ga", Some("https://a.example/b?c")),
            ("https://www.google.co.uk/url?q=http%3A%2F%2Fa.example%2F", Some("http://a.example/")),
            ("https://www.google.com/url?q=javascript:alert(1)", None),
            ("https://l.facebook.com/l.php?u=https%3A%2F%2Fa.example%2F%3Fx%3D1&h=AT0", Some("https://a.example/?x=1")),
            ("https://www.google.com/amp/s/a.example/amp", Some("https://a.example/amp")),
            (&google_news, Some("https://a.example/b?c=d")),
            ("https://news.google.com/rss/articles/CBMiAAAA", None),
            (
                "http://rss.feedsportal.com/c/1/f/2/s/3/l/0L0Sa0Bexample0Cb0Dc0F0A0N/story01.htm",
                Some("http://www.a.example/b?c=0.com"),
            ),
            ("https://href.li/?https://a.example/b?c", Some("https://a.example/b?c")),
            (
                "https://link.zhihu.com/?target=https%3A//www.google.com/url%3Fq%3Dhttps%253A%252F%252Fa.example%252F",
                Some("https://a.example/"),
            ),
            ("https://www.google.com/search?q=https://a.example/", None),
            ("https://a.example/url?q=https://b.example/", None),
        ] {
            assert_eq!(redirects.target(url).as_deref(), target, "{url}");
        }
    }
}
