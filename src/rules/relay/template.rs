//! The address of a file at a proxy, made after a template; and telling such an address from others.
//!
//! [`Template::parse`] accepts what RSSHub's `image_hotlink_template` accepts, and the beginning of an address. It refuses what
//! could not work: unknown variables, white space, results that are no `http:` or `https:` address, results that would change
//! each time the template is applied. At most [`MAX_TEMPLATE`] bytes and [`MAX_TEMPLATE_VARIABLES`] variables.

use std::borrow::Cow;
use std::ops::Range;

use toml::Spanned;

use super::address::{self, Address, Sort};
use super::routes::in_order;
use crate::base::limits::{MAX_TEMPLATE, MAX_TEMPLATE_VARIABLES};
use crate::base::url::{Url, encode_component};
use crate::config::{Report, suggest};

/// Files that a template is tried on before it is accepted.
const PROBES: [&str; 2] = ["https://img.example.org/a/b.png?c=d&e=f", "http://example.net/"];

/// RSSHub's variables: the properties of a URL in the WHATWG's URL standard §6.1.
const VARIABLES: [(&str, Variable); 12] = [
    ("hash", |url| prefixed("#", url.fragment())),
    ("host", |url| match (url.host_str().unwrap_or_default(), url.port()) {
        (host, None) => host.into(),
        (host, Some(port)) => format!("{host}:{port}").into(),
    }),
    ("hostname", |url| url.host_str().unwrap_or_default().into()),
    ("href", |url| url.as_str().into()),
    ("origin", |url| url.origin().ascii_serialization().into()),
    ("password", |url| url.password().unwrap_or_default().into()),
    ("pathname", |url| url.path().into()),
    ("port", |url| url.port().map(|port| port.to_string()).unwrap_or_default().into()),
    ("protocol", |url| format!("{}:", url.scheme()).into()),
    ("search", |url| prefixed("?", url.query())),
    ("searchParams", |url| {
        let mut pairs = ::url::form_urlencoded::Serializer::new(String::new());
        pairs.extend_pairs(url.query_pairs()).finish().into()
    }),
    ("username", |url| url.username().into()),
];

type Variable = fn(&Url) -> Cow<'_, str>;

fn prefixed<'a>(mark: &str, part: Option<&'a str>) -> Cow<'a, str> {
    part.filter(|part| !part.is_empty()).map_or_else(Cow::default, |part| format!("{mark}{part}").into())
}

/// A compiled template.
#[derive(Debug)]
pub(super) struct Template {
    parts: Vec<Part>,
    mark: Mark,
}

#[derive(Debug)]
enum Part {
    Literal(String),
    Variable { name: &'static str, value: Variable, is_encoded: bool },
}

/// What its results are known by.
#[derive(Debug)]
enum Mark {
    /// The place on the proxy that they lead to.
    Endpoint { host: String, port: String, path: String, query: Option<String> },
    /// Their text around the variables: the host is variable.
    Shape(Vec<String>),
    /// Nothing; then applying it again changes nothing.
    None,
}

/// What is wrong with a template.
#[derive(Debug)]
pub(super) struct Fault {
    /// The part to blame; all of it if not given.
    range: Option<Range<usize>>,
    message: String,
    help: String,
}

impl Fault {
    fn new(message: impl Into<String>, help: impl Into<String>) -> Fault {
        Fault { range: None, message: message.into(), help: help.into() }
    }

    fn at(self, range: Range<usize>) -> Fault {
        Fault { range: Some(range), ..self }
    }

    /// Blames the part of `text` where the configuration spells it as it reads, or all of it.
    pub fn report(self, text: &Spanned<String>, report: &mut Report) {
        let whole = text.span();
        let spelled = report.source().text.get(whole.start + 1..whole.end.saturating_sub(1));
        let span = match self.range {
            Some(Range { start, end }) if spelled == Some(text.get_ref()) => {
                whole.start + 1 + start..whole.start + 1 + end
            }
            _ => whole,
        };
        report.error(span, self.message).help(self.help);
    }
}

impl Template {
    /// The public proxy. Its `url` is decoded once and takes a scheme; without one it means `http:`.
    pub fn weserv() -> Result<Template, Fault> {
        Template::parse("https://images.weserv.nl/?url=${href_ue}")
    }

    /// Reads a template or the beginning of an address.
    pub fn parse(text: &str) -> Result<Template, Fault> {
        if text.len() > MAX_TEMPLATE {
            return Err(Fault::new(
                format!("{} bytes; at most {MAX_TEMPLATE} are allowed", text.len()),
                "write a shorter address",
            ));
        }
        let mut parts = parts(text)?;
        if !parts.iter().any(|part| matches!(part, Part::Variable { .. })) {
            require_address(text)?;
            parts.push(variable(if text.contains('?') { "href_ue" } else { "href" })?);
        }
        let template = Template { mark: Mark::of(&parts), parts };
        template.require_place(text)?;
        template.try_out()?;
        Ok(template)
    }

    /// The address of `url` at the proxy. None where the file's parts make no host, or a result that would change again.
    pub fn fill(&self, url: &Url) -> Option<String> {
        let out = self.write(url);
        (matches!(self.mark, Mark::Endpoint { .. }) || self.is_stable(&out)).then_some(out)
    }

    fn write(&self, url: &Url) -> String {
        let mut out = String::with_capacity(url.as_str().len() * 2 + MAX_TEMPLATE_VARIABLES);
        for part in &self.parts {
            match part {
                Part::Literal(text) => out.push_str(text),
                Part::Variable { value, is_encoded: true, .. } => out.push_str(&encode_component(&value(url))),
                Part::Variable { value, is_encoded: false, .. } => out.push_str(&value(url)),
            }
        }
        out
    }

    /// True where the template leaves `result` as it is.
    fn is_stable(&self, result: &str) -> bool {
        let (Sort::Web(address), Some(url)) = (address::sort(result), web(result)) else { return false };
        self.is_result(result, &address) || self.write(&url) == result
    }

    /// True where `text`, taken apart as `address`, went through this template, or another one for the same place.
    pub fn is_result(&self, text: &str, address: &Address<'_>) -> bool {
        match &self.mark {
            Mark::Endpoint { host, port, path, query } => {
                address.host.eq_ignore_ascii_case(host)
                    && address.port == port
                    && address::begins(address.path, path, query.is_some())
                    && query.as_ref().is_none_or(|key| {
                        address.query.is_some_and(|query| query.split('&').any(|pair| pair.starts_with(key.as_str())))
                    })
            }
            Mark::Shape(pieces) => in_order(pieces, text),
            Mark::None => false,
        }
    }

    /// The variable must not run into the proxy's host name, nor stand where a browser keeps it to itself.
    fn require_place(&self, text: &str) -> Result<(), Fault> {
        let [Part::Literal(head), Part::Variable { name, .. }, ..] = self.parts.as_slice() else { return Ok(()) };
        if head.contains('#') {
            let help = "a browser does not send what follows a `#`: write `%23`, or take it out";
            return Err(Fault::new("the file's address would stand behind a `#`", help));
        }
        let host =
            address::after_scheme(head).filter(|rest| !rest.is_empty() && address::authority_end(rest).is_none());
        match host {
            Some(_) if matches!(*name, "href" | "origin" | "protocol") => Err(Fault::new(
                "the file's address would be a part of the host name",
                format!("write `{head}/{}`", text.get(head.len()..).unwrap_or_default()),
            )),
            _ => Ok(()),
        }
    }

    fn try_out(&self) -> Result<(), Fault> {
        for url in PROBES.iter().filter_map(|probe| Url::parse(probe).ok()) {
            let result = self.write(&url);
            if web(&result).is_none() {
                return Err(Fault::new(
                    "this does not make an `http:` or `https:` address",
                    "begin with the proxy: `https://proxy.example/?url=${href_ue}`",
                ));
            }
            if !self.is_stable(&result) {
                return Err(Fault::new(
                    "this template would change its own results once more each time it is applied",
                    "begin with the proxy's own host: `https://proxy.example/${host}${pathname}`",
                ));
            }
        }
        Ok(())
    }
}

fn web(text: &str) -> Option<Url> {
    Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

impl Mark {
    fn of(parts: &[Part]) -> Mark {
        let head = match parts.first() {
            Some(Part::Literal(head)) => head.as_str(),
            _ => "",
        };
        match address::after_scheme(head) {
            Some(rest) if address::authority_end(rest).is_some() => {
                let Address { host, port, path, query } = Address::split(rest);
                // The parameter that holds the file; others may stand before it or be in another order.
                let key =
                    query.map(|query| query.rsplit('&').next().filter(|key| key.ends_with('=')).unwrap_or_default());
                let path = if path.is_empty() { "/" } else { path };
                let [host, port, path] = [host, port, path].map(str::to_owned);
                Mark::Endpoint { host, port, path, query: key.map(str::to_owned) }
            }
            _ => Mark::shape(parts),
        }
    }

    fn shape(parts: &[Part]) -> Mark {
        let mut pieces = vec![String::new()];
        for part in parts {
            match (part, pieces.last_mut()) {
                (Part::Literal(text), Some(last)) => last.push_str(text),
                _ => pieces.push(String::new()),
            }
        }
        let tells = |piece: &String| {
            let rest = address::after_scheme(piece).unwrap_or(piece);
            rest.contains(|c: char| c.is_ascii_alphanumeric())
        };
        if pieces.iter().any(tells) { Mark::Shape(pieces) } else { Mark::None }
    }
}

fn parts(text: &str) -> Result<Vec<Part>, Fault> {
    let mut parts = Vec::new();
    let mut at = 0;
    while let Some(open) = text.get(at..).and_then(|rest| rest.find("${")).map(|offset| at + offset) {
        literal(text, at..open, &mut parts)?;
        let name = text.get(open + 2..).unwrap_or_default();
        let Some(len) = name.find('}') else {
            let help = "write `${href_ue}`; a `$` alone stands for itself";
            return Err(Fault::new("`${` without its `}`", help).at(open..open + 2));
        };
        parts.push(variable(&name[..len]).map_err(|fault| fault.at(open + 2..open + 2 + len.max(1)))?);
        at = open + 2 + len + 1;
    }
    literal(text, at..text.len(), &mut parts)?;
    if parts.iter().filter(|part| matches!(part, Part::Variable { .. })).count() > MAX_TEMPLATE_VARIABLES {
        let message = format!("more than {MAX_TEMPLATE_VARIABLES} variables");
        return Err(Fault::new(message, "no proxy needs the address so often"));
    }
    Ok(parts)
}

fn literal(text: &str, range: Range<usize>, parts: &mut Vec<Part>) -> Result<(), Fault> {
    let literal = text.get(range.clone()).unwrap_or_default();
    let is_bad = |c: char| !c.is_ascii_graphic() || matches!(c, '"' | '<' | '>' | '\\' | '^' | '`' | '{' | '|' | '}');
    if let Some((at, c)) = literal.char_indices().find(|(_, c)| is_bad(*c)) {
        let message = format!("`{}` cannot stand in an address", c.escape_debug());
        let help = match c {
            '{' | '}' => "write a variable as `${href_ue}`".to_owned(),
            c => format!("write it percent-encoded: `{}`", encode_component(c.encode_utf8(&mut [0; 4]))),
        };
        let at = range.start + at;
        return Err(Fault::new(message, help).at(at..at + c.len_utf8()));
    }
    if !literal.is_empty() {
        parts.push(Part::Literal(literal.to_owned()));
    }
    Ok(())
}

fn variable(name: &str) -> Result<Part, Fault> {
    let (plain, is_encoded) = name.strip_suffix("_ue").map_or((name, false), |plain| (plain, true));
    match VARIABLES.iter().find(|(known, _)| *known == plain) {
        Some((name, value)) => Ok(Part::Variable { name, value: *value, is_encoded }),
        None => {
            let known = VARIABLES.map(|(name, _)| name);
            let near = match suggest::nearest(plain, known) {
                Some(near) => format!("did you mean `{near}{}`? ", if is_encoded { "_ue" } else { "" }),
                None => String::new(),
            };
            let help = format!("{near}known are {}, each also with `_ue`, percent-encoded", suggest::list(known));
            Err(Fault::new(format!("unknown variable `{name}`"), help))
        }
    }
}

/// A text without variables must be the beginning of an address; a mistyped word or a missing scheme is told apart.
fn require_address(text: &str) -> Result<(), Fault> {
    if address::after_scheme(text).is_some() {
        return Ok(());
    }
    let help = match suggest::nearest(text, ["weserv", super::DIRECT]) {
        Some(word) => format!("did you mean `{word}`?"),
        None if text.contains(['.', '/']) && !text.contains(':') => {
            format!("write `https://{}`", text.trim_start_matches('/'))
        }
        None => {
            "write `weserv`, `direct`, `https://proxy.example/?url=${href_ue}` or `https://proxy.example/`".to_owned()
        }
    };
    Err(Fault::new(format!("`{text}` is no proxy"), help))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PICTURE: &str = "https://user:pw@img.example:8443/a%20b/$_图.png?c=d&e=f g#h";

    fn fill(template: &str, url: &str) -> String {
        Template::parse(template).unwrap().fill(&Url::parse(url).unwrap()).unwrap()
    }

    #[test]
    fn rsshubs_own_examples_give_what_they_give_there() {
        let picture = "https://mock.com/DIYgod/RSSHub.jpg";
        for (template, result) in [
            ("https://i3.wp.com/${host}${pathname}", "https://i3.wp.com/mock.com/DIYgod/RSSHub.jpg"),
            (
                "https://images.weserv.nl?url=${href_ue}",
                "https://images.weserv.nl?url=https%3A%2F%2Fmock.com%2FDIYgod%2FRSSHub.jpg",
            ),
            ("https://img.test/${href}", "https://img.test/https://mock.com/DIYgod/RSSHub.jpg"),
            ("${protocol}//${host}${pathname}", picture),
        ] {
            assert_eq!(fill(template, picture), result);
        }
    }

    #[test]
    fn every_variable_is_the_part_of_a_url_that_javascript_calls_so() {
        for (name, plain, encoded) in [
            ("hash", "#h", "%23h"),
            ("host", "img.example:8443", "img.example%3A8443"),
            ("hostname", "img.example", "img.example"),
            ("origin", "https://img.example:8443", "https%3A%2F%2Fimg.example%3A8443"),
            ("password", "pw", "pw"),
            ("pathname", "/a%20b/$_%E5%9B%BE.png", "%2Fa%2520b%2F%24_%25E5%259B%25BE.png"),
            ("port", "8443", "8443"),
            ("protocol", "https:", "https%3A"),
            ("search", "?c=d&e=f%20g", "%3Fc%3Dd%26e%3Df%2520g"),
            ("searchParams", "c=d&e=f+g", "c%3Dd%26e%3Df%2Bg"),
            ("username", "user", "user"),
        ] {
            assert_eq!(
                fill(&format!("https://p.example/-${{{name}}}"), PICTURE),
                format!("https://p.example/-{plain}")
            );
            assert_eq!(
                fill(&format!("https://p.example/-${{{name}_ue}}"), PICTURE),
                format!("https://p.example/-{encoded}")
            );
            let bare = fill(&format!("https://p.example/${{{name}}}"), "http://a/?#");
            assert!(
                matches!(name, "host" | "hostname" | "origin" | "pathname" | "protocol") || bare.ends_with('/'),
                "{bare}"
            );
        }
    }

    #[test]
    fn the_beginning_of_an_address_is_completed() {
        let url = "https://a.example/b.png?c=1&d";
        for (prefix, result) in [
            (
                "https://images.weserv.nl/?n=-1&url=",
                "https://images.weserv.nl/?n=-1&url=https%3A%2F%2Fa.example%2Fb.png%3Fc%3D1%26d",
            ),
            ("https://p.example/", "https://p.example/https://a.example/b.png?c=1&d"),
            (
                "HTTP://p.example/filters:format(webp)/",
                "HTTP://p.example/filters:format(webp)/https://a.example/b.png?c=1&d",
            ),
            ("https://p.example?", "https://p.example?https%3A%2F%2Fa.example%2Fb.png%3Fc%3D1%26d"),
        ] {
            assert_eq!(fill(prefix, url), result);
        }
    }

    #[test]
    fn a_result_is_known_wherever_its_parameters_stand() {
        let is_result = |template: &str, text: &str| {
            let Sort::Web(address) = address::sort(text) else { panic!("{text}") };
            Template::parse(template).unwrap().is_result(text, &address)
        };
        for (template, text, known) in [
            ("https://p.example/i?w=6&url=${href_ue}", "http://P.example:443/i?url=x&w=9", true),
            ("https://p.example/i?w=6&url=${href_ue}", "//p.example/i?w=6", false),
            ("https://p.example/i?w=6&url=${href_ue}", "https://p.example/i2?url=x", false),
            ("https://p.example/i?w=6&url=${href_ue}", "https://p.example:81/i?url=x", false),
            ("https://p.example?", "https://p.example/?x", true),
            ("https://p.example?", "https://p.example/x.png", false),
            ("https://i3.wp.com/${host}${pathname}", "https://i3.wp.com/a/b.png", true),
            ("https://p.example/a/${href}", "https://p.example/b/c.png", false),
            ("https://p.example/f(x)/${href}", "https://p.example/f%28x%29/c.png", true),
            ("https://${hostname}.p.example${pathname}", "https://a.p.example/b.png", true),
            ("https://${hostname}.p.example${pathname}", "https://a.example/b.png", false),
            ("${href}?imageView2/2/w/600", "https://a.example/b.png?imageView2/2/w/600", true),
            ("https://${host}${pathname}", "https://a.example/b.png", false),
        ] {
            assert_eq!(is_result(template, text), known, "{template} {text}");
        }
    }

    #[test]
    fn a_picture_whose_parts_make_no_host_is_not_filled_in() {
        let template = Template::parse("https://${host}.p.example/").unwrap();
        assert!(template.fill(&Url::parse("http://a.example/").unwrap()).is_some());
        assert_eq!(template.fill(&Url::parse("http://a.example:81/").unwrap()), None);
    }

    #[test]
    fn what_cannot_work_is_refused_with_what_to_write() {
        let long = format!("https://p.example/{}", "x".repeat(MAX_TEMPLATE));
        let many = format!("https://p.example/{}", "${host}".repeat(MAX_TEMPLATE_VARIABLES + 1));
        for (template, at, message, help) in [
            (
                "https://p.example/${hrefue}",
                Some(20..26),
                "unknown variable `hrefue`",
                "did you mean `href`? known are `hash`, `host`,",
            ),
            ("https://p.example/${hreff_ue}", Some(20..28), "`hreff_ue`", "did you mean `href_ue`?"),
            ("https://p.example/${URL}", Some(20..23), "unknown variable `URL`", "`username`, each also with `_ue`"),
            ("https://p.example/${}", Some(20..21), "unknown variable ``", "known are"),
            ("https://p.example/${href", Some(18..20), "without its `}`", "${href_ue}"),
            ("https://p.example/{href}", Some(18..19), "cannot stand", "${href_ue}"),
            ("https://p.example/图?u=", Some(18..21), "cannot stand", "`%E5%9B%BE`"),
            (" https://p.example/", Some(0..1), "cannot stand", "`%20`"),
            ("wesrev", None, "no proxy", "did you mean `weserv`?"),
            ("images.weserv.nl/?url=", None, "no proxy", "write `https://images.weserv.nl/?url=`"),
            ("//images.weserv.nl/?url=", None, "no proxy", "write `https://images.weserv.nl/?url=`"),
            ("ftp://p.example/", None, "no proxy", "`weserv`"),
            ("", None, "no proxy", "`weserv`"),
            ("ftp://p.example/${href}", None, "does not make", "begin with the proxy"),
            ("${href_ue}", None, "does not make", "begin with the proxy"),
            ("https:///${port}", None, "does not make", "begin with the proxy"),
            ("https://p.example", None, "part of the host name", "write `https://p.example/`"),
            ("https://p.example${href}", None, "part of the host name", "write `https://p.example/${href}`"),
            ("https://p.example/#${href}", None, "behind a `#`", "%23"),
            ("${protocol}//${host}/${pathname}", None, "once more each time", "own host"),
            (&long, None, "at most", "shorter"),
            (&many, None, "more than", "so often"),
        ] {
            let fault = Template::parse(template).unwrap_err();
            assert_eq!(fault.range, at, "{template}");
            assert!(fault.message.contains(message) && fault.help.contains(help), "{template}: {fault:?}");
        }
    }
}
