//! Which hub a feed names: `Link` headers first, then the document (WebSub §4), and whether it can be one.
//!
//! Many feeds name a hub that is none: themselves, their site's front page under a relative address, or a scheme that is no web
//! address. Those are passed over. Whether a hub lies at an address that may be asked is for the guard in `fetch`.

use crate::base::limits;
use crate::base::url::Url;
use crate::feed::Hubs;

/// A hub and the topic to ask it for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hub {
    /// Where to subscribe.
    pub hub: Url,
    /// What to subscribe to.
    pub topic: Url,
}

/// Adds what a `Link` header says (RFC 8288); what cannot be read is passed over.
pub fn read_link(named: &mut Hubs, header: &str) {
    for Link { target, relations } in links(header) {
        named.add(relations, target);
    }
}

impl Hub {
    /// Hub and topic of a feed found at `feed` that names `named`; it is its own topic where it names none.
    pub fn of(named: &Hubs, feed: &Url) -> Option<Hub> {
        let feed_itself = without_fragment(feed.clone());
        let topic = named.own.as_deref().and_then(|own| web(own, feed)).unwrap_or_else(|| feed_itself.clone());
        let is_hub = |hub: &Url| *hub != topic && *hub != feed_itself;
        let hub = named.hubs.iter().filter_map(|hub| web(hub, feed)).find(is_hub)?;
        Some(Hub { hub, topic })
    }
}

/// A web address without credentials and fragment.
fn web(text: &str, base: &Url) -> Option<Url> {
    let url = base.join(text.trim()).ok().map(without_fragment)?;
    let plain = ["http", "https"].contains(&url.scheme()) && url.username().is_empty() && url.password().is_none();
    (plain && url.as_str().len() <= limits::MAX_URL).then_some(url)
}

fn without_fragment(mut url: Url) -> Url {
    url.set_fragment(None);
    url
}

struct Link<'a> {
    target: &'a str,
    relations: &'a str,
}

/// `<target>; rel="a b"; x=y, <…>`: targets with their `rel`.
fn links(header: &str) -> Vec<Link<'_>> {
    let (mut found, mut rest) = (Vec::new(), header);
    while let Some((_, after)) = rest.split_once('<') {
        let Some((target, after)) = after.split_once('>') else { break };
        let (parameters, next) = parameters(after);
        let rel = parameters.into_iter().find(|(name, _)| name.eq_ignore_ascii_case("rel"));
        found.extend(rel.map(|(_, relations)| Link { target, relations }));
        rest = next;
    }
    found
}

/// The parameters up to the comma that ends the link, and what follows it.
fn parameters(mut rest: &str) -> (Vec<(&str, &str)>, &str) {
    let mut found = Vec::new();
    loop {
        rest = rest.trim_start();
        let Some(parameter) = rest.strip_prefix(';') else {
            let end = rest.find(',').map_or(rest.len(), |comma| comma + 1);
            return (found, &rest[end..]);
        };
        let end = parameter.find(['=', ';', ',']).unwrap_or(parameter.len());
        let name = parameter[..end].trim();
        rest = &parameter[end..];
        let Some(value) = rest.strip_prefix('=').map(str::trim_start) else { continue };
        let (value, after) = match value.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => value.split_at(value.find([';', ',']).unwrap_or(value.len())),
        };
        found.push((name, value.trim()));
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FEED: &str = "https://example.org/feed.xml";

    fn named(hub: &str, own: Option<&str>) -> Hubs {
        Hubs { hubs: vec![hub.to_owned()], own: own.map(str::to_owned) }
    }

    fn found(headers: &Hubs, document: &Hubs) -> Option<(String, String)> {
        let hub = Hub::of(&headers.clone().or(document.clone()), &Url::parse(FEED).unwrap())?;
        Some((hub.hub.into(), hub.topic.into()))
    }

    #[test]
    fn link_headers_are_read_as_rfc_8288_writes_them() {
        let read = |header: &str| {
            let mut named = Hubs::default();
            read_link(&mut named, header);
            (named.hubs, named.own)
        };
        let hub = || vec!["https://hub.example/".to_owned()];
        let own = || Some("https://example.org/a,b".to_owned());
        for (header, expected) in [
            ("<https://hub.example/>; rel=hub", (hub(), None)),
            (
                "<https://hub.example/>;rel=\"HUB\", <https://example.org/a,b>; rel=\"self alternate\"; type=x",
                (hub(), own()),
            ),
            (
                "<https://hub.example/>; title=\"a, <b>; rel=x\"; rel=hub,<https://example.org/a,b>;Rel=self",
                (hub(), own()),
            ),
            ("<https://hub.example/>; title", (vec![], None)),
            ("<https://hub.example/>; rel=\"hub", (hub(), None)),
            ("https://hub.example/; rel=hub", (vec![], None)),
            ("<https://hub.example/; rel=hub", (vec![], None)),
            ("", (vec![], None)),
        ] {
            assert_eq!(read(header), expected, "{header}");
        }
    }

    #[test]
    fn headers_come_before_the_document_and_the_feed_stands_in_for_a_missing_topic() {
        let (a, b) = (named("https://a.example/", None), named("https://b.example/", Some("/topic")));
        assert_eq!(found(&a, &b).unwrap(), ("https://a.example/".into(), "https://example.org/topic".into()));
        assert_eq!(found(&Hubs::default(), &b).unwrap().0, "https://b.example/");
        assert_eq!(found(&a, &Hubs::default()).unwrap().1, FEED);
    }

    #[test]
    fn what_cannot_be_a_hub_is_passed_over() {
        let own = Some("https://example.org/own");
        for hub in [
            FEED,
            "",
            "#hub",
            "feed.xml",
            "own",
            "mailto:a@example.org",
            "ftp://hub.example/",
            "https://a:b@hub.example/",
            "http://",
            &format!("https://hub.example/{}", "a".repeat(9000)),
        ] {
            assert_eq!(found(&Hubs::default(), &named(hub, own)), None, "{hub}");
        }
        let second = Hubs { hubs: vec![FEED.into(), "https://hub.example/".into()], own: None };
        assert_eq!(found(&second, &Hubs::default()).unwrap().0, "https://hub.example/");
    }

    proptest::proptest! {
        #[test]
        fn no_header_panics_the_reader(header in "[<>;,=\" a-z\u{e9}]{0,60}") {
            read_link(&mut Hubs::default(), &header);
        }
    }
}
