//! Which host goes which way. Patterns of hosts, the most specific first; at most `MAX_IMAGE_ROUTES`, tried one by one.

use super::Target;
use crate::base::url::Url;

/// The proxies whose files need no other. A route of the user's for the same host comes first.
const WESERV_HOSTS: [&str; 2] = ["images.weserv.nl", "wsrv.nl"];

/// Hosts and where their files are sent.
#[derive(Debug, Default)]
pub(super) struct Routes(Vec<(Pattern, Target)>);

/// Which hosts are meant.
#[derive(Debug, PartialEq, Eq)]
enum Pattern {
    /// This one.
    Host(String),
    /// This one and all below it.
    Domain(String),
    /// The texts in this order, with anything between them.
    Wild(Vec<String>),
}

impl Pattern {
    /// Higher for a name, then for a longer text.
    fn rank(&self) -> (bool, usize) {
        match self {
            Pattern::Host(name) => (true, name.len()),
            Pattern::Domain(name) => (false, name.len()),
            Pattern::Wild(pieces) => (false, pieces.iter().map(String::len).sum()),
        }
    }

    fn matches(&self, host: &str) -> bool {
        match self {
            Pattern::Host(name) => host == name,
            Pattern::Domain(name) => {
                host.strip_suffix(name.as_str()).is_some_and(|below| below.is_empty() || below.ends_with('.'))
            }
            Pattern::Wild(pieces) => in_order(pieces, host),
        }
    }

    /// Reads a host, punycode or not; after the line break of an error, the help.
    fn parse(text: &str) -> Result<Pattern, String> {
        let bad = |help: String| Err(format!("`{text}` is not a host\n{help}"));
        if text == "*" {
            return bad("for all other hosts, set `via`".into());
        }
        let example = "write a name or a pattern: `img.example.org`, `*.example.org`, `img*.example.org`";
        let url = match Url::parse(&format!("http://{text}/")) {
            Ok(url) if !text.contains(['/', '?', '#', '\\', '@', '%']) => url,
            _ => match Url::parse(text).ok().as_ref().and_then(Url::host_str) {
                Some(host) => return bad(format!("write the host alone: `{host}`")),
                None => return bad(example.into()),
            },
        };
        let host = url.host_str().unwrap_or_default().trim_end_matches('.');
        match (host.strip_prefix("*."), host.contains('*')) {
            _ if url.port().is_some() || text.ends_with(":80") => bad(format!("a route is for all ports: `{host}`")),
            _ if !host.contains(|c: char| c.is_ascii_alphanumeric()) => bad(example.into()),
            (Some(name), _) if !name.contains('*') => Ok(Pattern::Domain(name.to_owned())),
            (_, true) => Ok(Pattern::Wild(host.split('*').map(str::to_owned).collect())),
            (_, false) => Ok(Pattern::Host(host.to_owned())),
        }
    }
}

/// True where `text` is made of `pieces` in their order with anything between them: it begins with the first and ends with the
/// last. Linear in the text for each piece.
pub(super) fn in_order(pieces: &[String], text: &str) -> bool {
    let [first, middle @ .., last] = pieces else { return pieces.iter().all(|only| only == text) };
    let rest = text.strip_prefix(first.as_str()).and_then(|rest| rest.strip_suffix(last.as_str()));
    let found = |rest: &str, piece: &String| Some(rest.find(piece.as_str())? + piece.len());
    rest.and_then(|rest| middle.iter().try_fold(rest, |rest, piece| rest.get(found(rest, piece)?..))).is_some()
}

impl Routes {
    /// Adds a route, or says why `host` cannot be one.
    pub fn add(&mut self, host: &str, target: Target) -> Result<(), String> {
        let pattern = Pattern::parse(host)?;
        if self.0.iter().any(|(known, _)| *known == pattern) {
            return Err(format!("`{host}` has a route already\nkeep one of the two"));
        }
        self.0.push((pattern, target));
        Ok(())
    }

    /// Puts the routes into the order in which they are tried, after the last one was added.
    pub fn finish(&mut self) {
        for host in WESERV_HOSTS {
            self.0.push((Pattern::Host(host.to_owned()), Target::Direct));
        }
        self.0.sort_by_key(|(pattern, _)| std::cmp::Reverse(pattern.rank()));
    }

    /// The route of `host`, which is compared as it is: the parser's spelling is lower-case.
    pub fn find(&self, host: &str) -> Option<&Target> {
        self.0.iter().find(|(pattern, _)| pattern.matches(host)).map(|(_, target)| target)
    }

    /// Where all of them lead.
    pub fn targets(&self) -> impl Iterator<Item = &Target> {
        self.0.iter().map(|(_, target)| target)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> Pattern {
        Pattern::parse(text).unwrap()
    }

    #[test]
    fn a_star_and_a_dot_mean_the_host_and_all_below_it() {
        let domain = pattern("*.Example.ORG");
        for (host, inside) in
            [("example.org", true), ("a.b.example.org", true), ("notexample.org", false), ("example.org.evil", false)]
        {
            assert_eq!(domain.matches(host), inside, "{host}");
        }
        assert!(pattern("example.org.").matches("example.org") && !pattern("example.org").matches("a.example.org"));
        assert!(pattern("图片.example").matches("xn--fct5w5a.example") || pattern("图片.example").rank().1 > 12);
    }

    #[test]
    fn a_star_elsewhere_is_any_text() {
        let numbered = pattern("tva*.sinaimg.cn");
        assert!(numbered.matches("tva1.sinaimg.cn") && numbered.matches("tva.sinaimg.cn"));
        assert!(!numbered.matches("wx1.sinaimg.cn"));
        assert!(pattern("*.img*.example").matches("a.img2.example"));
        assert!(!in_order(&["aab".into(), "ab".into()], "aab"));
    }

    #[test]
    fn the_most_specific_route_wins() {
        let mut routes = Routes::default();
        let marked = |text: &str| super::super::Target::Through(super::super::Template::parse(text).unwrap());
        for host in ["*.sinaimg.cn", "tva*.sinaimg.cn", "tva1.sinaimg.cn", "*.a.sinaimg.cn", "wsrv.nl"] {
            routes.add(host, marked(&format!("https://p.example/{}/", host.replace('*', "-")))).unwrap();
        }
        routes.finish();
        let found = |host: &str| match routes.find(host) {
            Some(Target::Through(template)) => template.fill(&Url::parse("http://x/").unwrap()),
            Some(Target::Direct) => Some("direct".into()),
            None => None,
        };
        for (host, route) in [
            ("tva1.sinaimg.cn", "https://p.example/tva1.sinaimg.cn/http://x/"),
            ("tva2.sinaimg.cn", "https://p.example/tva-.sinaimg.cn/http://x/"),
            ("b.a.sinaimg.cn", "https://p.example/-.a.sinaimg.cn/http://x/"),
            ("sinaimg.cn", "https://p.example/-.sinaimg.cn/http://x/"),
            ("images.weserv.nl", "direct"),
            ("wsrv.nl", "https://p.example/wsrv.nl/http://x/"),
        ] {
            assert_eq!(found(host).as_deref(), Some(route), "{host}");
        }
        assert_eq!(found("example.org"), None);
        assert!(routes.add("TVA1.sinaimg.cn", Target::Direct).unwrap_err().contains("already"));
    }

    #[test]
    fn what_is_no_host_is_refused_with_what_to_write() {
        for (text, help) in [
            ("*", "set `via`"),
            ("", "write a name"),
            ("*.", "write a name"),
            ("a b", "write a name"),
            ("https://img.example.org/a", "`img.example.org`"),
            ("img.example.org/a", "write a name"),
            ("img.example.org:8080", "all ports"),
        ] {
            assert!(Pattern::parse(text).unwrap_err().contains(help), "{text}: {:?}", Pattern::parse(text));
        }
    }
}
