//! One address for all addresses of a page: for comparing, not for following.

use crate::base::url::Url;

/// Parameters that say where a reader came from, not what is read; one that ends with `*` is a prefix.
const TRACKING: &[&str] = &[
    "utm_*",
    "mtm_*",
    "pk_*",
    "hsa_*",
    "at_*",
    "fbclid",
    "gclid",
    "dclid",
    "msclkid",
    "yclid",
    "igshid",
    "mc_cid",
    "mc_eid",
    "maca",
    "ref",
    "ref_src",
    "cmpid",
    "ocid",
    "ncid",
    "spm",
    "xtor",
    "_hsenc",
    "_hsmi",
    "smid",
    "guccounter",
];

/// The address without scheme, `www.`, `m.` or `amp.`, the port that goes without saying, a fragment, tracking parameters, `/amp`,
/// `index.html` and a slash at the end; parameters sorted. What is no address stays as it is.
pub(super) fn canonical(address: &str) -> String {
    let Ok(url) = Url::parse(address.trim()) else { return address.trim().to_owned() };
    let Some(host) = url.host_str() else { return url.into() };
    let host = ["www.", "m.", "mobile.", "amp."].iter().find_map(|prefix| host.strip_prefix(prefix)).unwrap_or(host);
    let mut path = url.path();
    while let Some(shorter) =
        ["/", "/amp", "/index.html", "/index.htm", "/index.php"].iter().find_map(|end| path.strip_suffix(end))
    {
        path = shorter;
    }
    let mut query: Vec<_> =
        url.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty() && !is_tracking(pair)).collect();
    query.sort_unstable();
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    let mark = if query.is_empty() { "" } else { "?" };
    let fragment = url.fragment().filter(|fragment| fragment.starts_with(['!', '/'])).unwrap_or_default();
    format!("{host}{port}{path}{mark}{}{fragment}", query.join("&"))
}

fn is_tracking(pair: &str) -> bool {
    let name = pair.split('=').next().unwrap_or_default().to_ascii_lowercase();
    TRACKING.iter().any(|known| match known.strip_suffix('*') {
        Some(prefix) => name.starts_with(prefix),
        None => name == *known,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_one_page_are_one() {
        for (one, other) in [
            ("http://www.Example.org/a/?utm_source=rss&b=1&a=2", "https://example.org/a?a=2&b=1#top"),
            ("https://m.example.org/a/amp/", "https://example.org/a"),
            ("https://example.org/", "http://example.org:80/index.html"),
            ("https://example.org/a?fbclid=x", "https://example.org/a"),
        ] {
            assert_eq!(canonical(one), canonical(other));
        }
        for (one, other) in [
            ("https://example.org/a?id=1", "https://example.org/a?id=2"),
            ("https://example.org/#!/a", "https://example.org/#!/b"),
            ("https://example.org:8443/", "https://example.org/"),
            ("tag:example.org,2024:1", "tag:example.org,2024:2"),
        ] {
            assert_ne!(canonical(one), canonical(other));
        }
    }
}
