//! A configuration is refused with every mistake at once, each at its line and column, with what to write instead.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // helpers of tests

use refeed::config::{Config, Origin, Problems, Refresh, Relative, Source};
use refeed::rules;

fn parse(text: &str) -> Result<Config, Problems> {
    Config::parse(&Source::new("refeed.toml", text), rules::check)
}

/// `line:column message` of each problem.
fn mistakes(text: &str) -> Vec<String> {
    let problems = parse(text).expect_err("mistakes were expected");
    let each = problems.iter().map(|problem| {
        let (line, column) = problem.position();
        format!("{line}:{column} {}", problem.message)
    });
    each.collect()
}

#[test]
fn every_key_of_the_manual_is_understood() {
    let config = parse(
        r#"
[server]
listen = "[::1]:0"
public_url = "https://feeds.example.org/reader/"
open = "key"
access_key = "a long random text"

[fetch]
timeout = "1m 30s"
max_body = "8 MiB"
max_redirects = 0
allow = ["127.0.0.1:9000", "192.168.1.0/24"]
proxy = "socks5h://127.0.0.1:1080"

[cache]
memory = "10 MB"
shared = "redis://me:secret@cache:6379/3"
default_ttl = "30m"
min_ttl = "0s"
max_ttl = "7d"
stale_while_revalidate = "0s"
stale_if_error = "30d"

[feeds.voa]
url = "https://www.voachinese.com/api/zm_yql-vomx-tpeybti"
min_ttl = "1m"
max_ttl = "2m"
default_ttl = "90s"
stale_while_revalidate = "1h"
stale_if_error = "1y"
rules = ["zh-hant", { limit = 5 }]

[feeds.'美国之音']
url = "file:///var/feeds/voa.xml"
relative = "keep"
refresh = "on-demand"

[feeds.long]
url = "http://example.org/"
refresh = "45m"
[[feeds.long.rules]]
limit = { count = 2 }
"#,
    );
    let config = config.unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(config.server.listen.port(), 0);
    assert_eq!(config.fetch.timeout.as_secs(), 90);
    assert_eq!(config.fetch.max_redirects, 0);
    assert_eq!(config.cache.memory, 10_000_000);
    assert!(config.cache.min_ttl.is_zero() && config.cache.stale_while_revalidate.is_zero());
    assert_eq!(config.feeds["voa"].settings.times.min_ttl.map(|ttl| ttl.as_secs()), Some(60));
    assert_eq!(config.feeds["voa"].settings.times.stale_if_error.map(|ttl| ttl.as_secs()), Some(365 * 86_400));
    assert_eq!(config.feeds["美国之音"].settings.refresh, Refresh::OnDemand);
    assert!(matches!(config.feeds["long"].settings.refresh, Refresh::Every(every) if every.as_secs() == 2700));
    assert_eq!(&*config.feeds["voa"].url, "https://www.voachinese.com/api/zm_yql-vomx-tpeybti");
    assert_eq!(*config.feeds["美国之音"].origin, Origin::File("/var/feeds/voa.xml".into()));
    assert_eq!(config.feeds["美国之音"].settings.relative, Relative::Keep);
    assert_eq!(config.feeds["long"].rules.items.len(), 1);
    assert!(!format!("{config:?}").contains("a long random text"), "the key must not be printed");
}

#[test]
fn all_mistakes_of_all_tables_are_found_in_one_go() {
    let text = r#"
[server]
listen = "127.0.0.1"
opne = "everybody"
access_key = ""

[fetch]
timeout = 25
max_redirects = 99
allow = ["localhost", "10.0.0.0/8"]

[cahce]
memory = 64

[feeds."a b"]
url = "example.org"
rules = [ { limmit = 5 }, "zh-hunt", { drop = { title = ["广告(", "ok"], titel = "x" } } ]

[feeds.voa]
rules = [{ limit = 0 }]
relative = "yes"

[feeds."x.json"]
url = "ftp://example.org/"
"#;
    assert_eq!(
        mistakes(text),
        [
            "3:10 `127.0.0.1` is not an address with a port",
            "4:1 unknown key `opne`",
            "5:14 an empty access key",
            "8:11 expected a duration such as `\"25s\"` or `\"1h30m\"`, found integer `25`",
            "9:17 at most 20 redirects are followed",
            "10:10 `localhost` is not an address or a range",
            "12:2 unknown table `cahce`",
            "15:8 a feed's name cannot hold ' '",
            "16:7 not a URL: relative URL without a base",
            "17:13 unknown rule `limmit`",
            "17:27 unknown rule set `zh-hunt`",
            "17:61 bad pattern: unclosed group",
            "17:72 unknown key `titel`",
            "19:1 missing key `url`",
            "20:20 expected a whole number above 0, found integer `0`",
            "21:12 unknown value `yes`",
            "23:8 a feed's name cannot end in `.json`, which asks for that format",
            "24:7 the scheme `ftp:` cannot be used here",
        ]
    );
}

#[test]
fn a_mistake_is_drawn_as_an_excerpt_with_a_caret_and_advice() {
    let text = "[feeds.voa]\nurl = \"https://example.org/\"\nrules = [{ limit = { cuont = 5 } }]\n";
    let drawn = parse(text).unwrap_err().to_string();
    let expected = "\
error: unknown key `cuont`
 --> refeed.toml:3:22
  |
3 | rules = [{ limit = { cuont = 5 } }]
  |                      ^^^^^
  |
  = help: did you mean `count`?";
    assert_eq!(drawn, expected, "\n{drawn}");
}

#[test]
fn syntax_errors_are_reported_alone_because_half_a_file_breeds_nonsense() {
    let found = mistakes("[server]\nlisten = \nopne = 'x\n[feeds.a]\nrules = [{ limit = 1 ]\n");
    assert!(found.iter().all(|mistake| !mistake.contains("unknown") && !mistake.contains("missing")), "{found:?}");
    assert!(found.len() >= 2, "{found:?}");
    assert_eq!(mistakes("[cache]\nmemory = '1 B'\nmemory = '2 B'\n"), ["3:1 duplicate key"]);
}

#[test]
fn keys_that_contradict_each_other_are_refused() {
    assert_eq!(mistakes("[cache]\nmin_ttl = '2d'\n"), ["2:11 `min_ttl` (2d) is above `max_ttl` (1d)"]);
    assert_eq!(mistakes("[cache]\nmax_ttl = '1m'\n"), ["2:11 `min_ttl` (5m) is above `max_ttl` (1m)"]);
    let feed = |keys: &str| mistakes(&format!("[feeds.a]\nurl = 'https://example.org/'\n{keys}\n"));
    assert_eq!(feed("min_ttl = '2d'"), ["3:11 `min_ttl` (2d) is above `max_ttl` (1d)"]);
    assert_eq!(feed("max_ttl = '1m'"), ["3:11 `min_ttl` (5m) is above `max_ttl` (1m)"]);
    assert_eq!(feed("refresh = 'often'"), ["3:11 `often` does not begin with a number"]);
    assert_eq!(feed("refresh = '1s'"), ["3:11 between 1m and 1y are allowed"]);
    assert_eq!(
        feed("refresh = '1h'\nmin_ttl = '1m'"),
        ["4:11 `refresh` and a `…_ttl` both say for how long the feed is fresh"]
    );
    assert_eq!(feed("stale_if_error = '2y'"), ["3:18 at most 1y is allowed"]);
    assert_eq!(mistakes("[server]\nopen = 'key'\n"), ["2:8 `open = \"key\"` without a key lets nobody in"]);
}

#[test]
fn values_out_of_bounds_are_refused() {
    for (text, part) in [
        ("[fetch]\ntimeout = '0s'", "above zero"),
        ("[fetch]\ntimeout = '11m'", "at most 10m"),
        ("[fetch]\nmax_body = '0 B'", "above zero"),
        ("[fetch]\nmax_body = '2 TiB'", "at most"),
        ("[fetch]\nmax_redirects = -1", "whole number"),
        ("[fetch]\nproxy = 'ftp://127.0.0.1/'", "scheme"),
        ("[cache]\nmax_ttl = '53w'", "at most"),
        ("[cache]\nshared = 'cache:6379'", "scheme must be `redis:`"),
        ("[cache]\nshared = 'cache'", "not an address of a Valkey or Redis"),
        ("[cache]\nshared = 'rediss://cache:6379'", "without TLS"),
        ("[cache]\nshared = 'redis://cache/zero'", "only the number of a database"),
        ("[cache]\nshared = 'redis://cache/?protocol=resp3'", "only the number of a database"),
        ("[cache]\nshared = 6379", "expected an address"),
        ("[server]\npublic_url = 'https://u:p@example.org/'", "credentials"),
        ("[server]\nlisten = 4600", "expected an address"),
        ("[server]\nopen = 'all'", "unknown value `all`"),
        ("server = 5", "expected a table"),
        ("[feeds]\nvoa = 'https://example.org/'", "expected a table"),
        ("feeds = []", "expected a table of feeds"),
        ("[feeds.a]\nurl = 'https://example.org/'\nrules = 'zh-hant'", "expected an array of rules"),
        ("[feeds.a]\nurl = 'file://elsewhere/x'", "not a file of this machine"),
    ] {
        let problems = parse(text).expect_err(text).to_string();
        assert!(problems.contains(part), "{text}\n{problems}");
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(300))]

    #[test]
    fn no_text_makes_the_parser_or_the_report_panic(
        text in "([a-z\\[\\]{}='\".,# 0-9\n台]|rules|limit|feeds\\.a|url|drop){0,60}"
    ) {
        if let Err(problems) = parse(&text) {
            let _ = problems.to_string();
        }
    }
}

#[test]
fn a_url_that_would_never_be_fetched_is_refused_at_load() {
    let feed = |url: &str| format!("[feeds.a]\nurl = '{url}'\n");
    assert_eq!(
        mistakes(&feed("http://localhost:1200/x")),
        ["2:7 port 1200 is not fetched, only 80, 443, 8080, 8443 and those that `fetch.allow` names"]
    );
    assert!(parse(&feed("http://[::1]:1200/x")).unwrap_err().to_string().contains("allow = [\"[::1]:1200\"]"));
    let allowed = format!("[fetch]\nallow = ['127.0.0.1:1200']\n{}", feed("http://localhost:1200/x"));
    assert!(parse(&allowed).is_ok());
    let problems = mistakes(&feed("https://me:secret@example.org/"));
    assert_eq!(problems, ["2:7 a user name or password in a URL is not accepted"]);
}

#[test]
fn what_the_client_cannot_use_is_refused_at_load() {
    for (line, part) in
        [("allow = ['127.0.0.1:0']", "127.0.0.1:0"), ("proxy = 'https://127.0.0.1:1'", "scheme `https:`")]
    {
        let problems = mistakes(&format!("[fetch]\n{line}\n"));
        assert!(problems.len() == 1 && problems[0].contains(part), "{problems:?}");
    }
}

#[test]
fn rule_sets_and_what_stands_around_are_checked_like_the_rest() {
    assert_eq!(
        mistakes(
            "[rules]\nbefore = [{ limit = 0 }]\nafter = 3\nwithin = []\n\
             [sets.a]\nparams = { n = 1 }\nrules = [{ limit = '$n' }, { limit = '$m' }]\n\
             [sets.'b c']\nrules = []\n\
             [sets.d]\nparams = 1\nrules = []\n\
             [sets.e]\nrule = []\n\
             [sets.f]\nrules = ['f']\n\
             [feeds.x]\nurl = 'https://x.example/'\n\
             rules = [{ a = { n = 'one' } }, { a = { m = 2 } }, { a = 5 }, 'a', { weserv = { n = 1 } }, 'g']\n\
             [sites.'https://example.org']\nrules = []\n[sites.'example.org']\n"
        ),
        [
            "2:21 expected a whole number above 0, found integer `0`",
            "3:9 expected an array of rules, found an integer",
            "4:1 unknown key `within` in `[rules]`",
            "7:38 the rule set has no parameter `m`",
            "8:7 `b c` cannot be the name of a rule set",
            "11:10 expected a table of parameters with their defaults, found an integer",
            "13:1 a rule set needs the key `rules`",
            "14:1 unknown key `rule` in a rule set",
            "16:10 the rule set `f` contains itself: f → f",
            "19:22 expected an integer as the default is, found a string",
            "19:41 unknown parameter `m`",
            "19:58 expected a table of the rule set's parameters, found an integer",
            "19:81 unknown parameter `n`",
            "19:92 unknown rule set `g`",
            "20:8 `https://example.org` is not a host",
            "22:1 a site needs the key `rules`",
        ]
    );
}
