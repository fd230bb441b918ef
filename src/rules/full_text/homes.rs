//! Where the headers of `full_text` may go. They may hold what lets a subscriber in, and a feed can name any page: such a header is
//! sent to the feed's own site and no other.

use crate::base::url::Url;
use crate::feed::{Feed, Place};
use crate::rules::Context;

/// Headers that tell nobody a secret.
const PLAIN: [&str; 4] = ["accept", "accept-language", "referer", "user-agent"];

/// The hosts of a site, without `www.`; what lies below one belongs to it.
#[derive(Debug)]
pub(super) struct Homes(Vec<String>);

impl Homes {
    /// Of the site of `feed`: where it came from, and the page that it calls its own.
    pub fn of(feed: &Feed, cx: &Context) -> Homes {
        let page = feed.link(Place::Head).and_then(|page| Url::parse(&page).ok());
        Homes(cx.feed_url.iter().chain(&page).filter_map(host).collect())
    }

    /// Of the site of a page that is known by its host.
    pub fn of_page(url: &Url) -> Homes {
        Homes(host(url).into_iter().collect())
    }

    /// `headers` as far as `to` may get them.
    pub fn sent(&self, headers: &[(String, String)], to: &Url) -> Vec<(String, String)> {
        let is_home = self.has(to);
        headers.iter().filter(|(name, _)| is_home || PLAIN.contains(&name.as_str())).cloned().collect()
    }

    fn has(&self, url: &Url) -> bool {
        let Some(host) = host(url) else { return false };
        self.0
            .iter()
            .any(|home| host.strip_suffix(home.as_str()).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')))
    }
}

fn host(url: &Url) -> Option<String> {
    let host = url.host_str()?;
    Some(host.strip_prefix("www.").unwrap_or(host).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_stay_at_home() {
        let url = |text: &str| Url::parse(text).unwrap();
        let homes = Homes(vec!["example.org".into(), "127.0.0.1".into()]);
        let headers = [("cookie".to_owned(), "id=1".to_owned()), ("user-agent".to_owned(), "x".to_owned())];
        for (to, count) in [
            ("https://example.org/a", 2),
            ("https://www.example.org/a", 2),
            ("https://news.example.org/a", 2),
            ("http://127.0.0.1:8080/", 2),
            ("https://notexample.org/", 1),
            ("https://example.org.evil.example/", 1),
            ("https://evil.example/example.org", 1),
        ] {
            assert_eq!(homes.sent(&headers, &url(to)).len(), count, "{to}");
        }
        assert!(Homes::of_page(&url("https://www.example.org/x")).has(&url("https://example.org/next")));
    }
}
