//! What becomes of addresses, on whole feeds through the rule `images`.

use proptest::prelude::*;

use super::super::images::{Config, Images};
use super::*;
use crate::base::clock::Time;
use crate::config::decode::decode;
use crate::config::{Problems, RuleList, Source, Value};
use crate::rules::{Build, BuildContext, Chain, Context, Rule};

const PROXY: &str = "https://p.example/?u=";

fn build(settings: &str) -> Result<Relay, Problems> {
    let mut report = Report::new(&Source::new("t", settings));
    let value = Value::single(&mut report).unwrap();
    let images = decode::<Config>(&value, &mut report).and_then(|config| config.build(&mut report));
    report.finish().or(()).map(|()| images.unwrap().0)
}

fn via(target: &str) -> Relay {
    build(&format!("{{ via = '{target}' }}")).unwrap()
}

/// The feed after the rules, and again after the rules once more.
fn run(rules: &str, source: &str, url: Option<&str>) -> String {
    let chain = Chain::build(&RuleList::parse("--rules", rules).unwrap(), &BuildContext::default()).unwrap();
    let url = url.map(|url| Url::parse(url).unwrap());
    let once = |source: &str| {
        let mut feed = Feed::read(source.as_bytes(), None, url.as_ref()).unwrap();
        chain.apply(&mut feed, &Context::new(Time(0), url.clone())).unwrap();
        feed.into_string()
    };
    let out = once(source);
    assert_eq!(once(&out), out, "a second time");
    out
}

fn proxied(source: &str) -> String {
    run(&format!("[{{ images = '{PROXY}' }}]"), source, None)
}

fn item(inside: &str) -> String {
    format!(
        "<rss version=\"2.0\" xmlns:media=\"http://search.yahoo.com/mrss/\" xmlns:content=\"http://purl.org/rss/1.0/modules/content/\" \
         xmlns:itunes=\"http://www.itunes.com/dtds/podcast-1.0.dtd\"><channel><title>t</title><link>https://a.example/</link>\
         <item><title>i</title><link>https://a.example/b/c</link>{inside}</item></channel></rss>"
    )
}

/// What became of an item's inside.
fn inside(of: &str, rules: &str) -> String {
    let (whole, out) = (item("\u{1}"), run(rules, &item(of), None));
    let (before, after) = whole.split_once('\u{1}').unwrap();
    out.strip_prefix(before).and_then(|out| out.strip_suffix(after)).unwrap().to_owned()
}

#[test]
fn only_addresses_of_pictures_change_and_what_encloses_them_stays() {
    let rules = &format!("[{{ images = '{PROXY}' }}]");
    for (of, becomes) in [
        (
            "<content:encoded><![CDATA[<p  ><IMG class=x SRC='http://b/c?d&amp;e' alt=\"http://b/alt.png\"></p>]]></content:encoded>",
            "<content:encoded><![CDATA[<p  ><IMG class=x SRC='https://p.example/?u=http%3A%2F%2Fb%2Fc%3Fd%26e' alt=\"http://b/alt.png\"></p>]]></content:encoded>",
        ),
        (
            "<description>1 &lt; 2 &lt;img src=\"http://b/c\"&gt;&amp;nbsp;</description>",
            "<description>1 &lt; 2 &lt;img src=\"https://p.example/?u=http%3A%2F%2Fb%2Fc\"&gt;&amp;nbsp;</description>",
        ),
        (
            "<media:thumbnail url = 'http://b/c' width='1'/>",
            "<media:thumbnail url = 'https://p.example/?u=http%3A%2F%2Fb%2Fc' width='1'/>",
        ),
        (
            "<media:group><media:content url=\"http://b/c.jpg\"/><media:content url=\"http://b/c.mp4\"/></media:group>",
            "<media:group><media:content url=\"https://p.example/?u=http%3A%2F%2Fb%2Fc.jpg\"/><media:content url=\"http://b/c.mp4\"/></media:group>",
        ),
        (
            "<enclosure type='image/jpeg' length='0' url='&#10;http://b/c '/><enclosure type='audio/mpeg' url='http://b/c.jpg'/>",
            "<enclosure type='image/jpeg' length='0' url='&#10;https://p.example/?u=http%3A%2F%2Fb%2Fc '/><enclosure type='audio/mpeg' url='http://b/c.jpg'/>",
        ),
        ("<itunes:image href=\"http://b/c\"/>", "<itunes:image href=\"https://p.example/?u=http%3A%2F%2Fb%2Fc\"/>"),
        (
            "<guid>http://b/c.jpg</guid><comments>http://b/c.jpg</comments><title>&lt;img src='http://b/c'&gt;</title>",
            "<guid>http://b/c.jpg</guid><comments>http://b/c.jpg</comments><title>&lt;img src='http://b/c'&gt;</title>",
        ),
        (
            "<description>&lt;video src=http://b/v poster=\"//b/p\"&gt;&lt;source src=http://b/w&gt;&lt;/video&gt;&lt;a href=http://b/c.png&gt;</description>",
            "<description>&lt;video src=http://b/v poster=\"https://p.example/?u=https%3A%2F%2Fb%2Fp\"&gt;&lt;source src=http://b/w&gt;&lt;/video&gt;&lt;a href=http://b/c.png&gt;</description>",
        ),
    ] {
        assert_eq!(inside(of, rules), becomes);
    }
}

#[test]
fn every_candidate_of_a_set_and_every_background_is_rewritten() {
    let rules = "[{ images = 'https://p.example/' }]";
    let of = "<description><![CDATA[<img srcset='http://b/w_1,h_2/c.jpg 1x,  data:image/gif;base64,AA 2x, //b/d 3x' data-src='http://b/e'>\
              <p style=\"background:url('http://b/f(1)')\">]]></description>";
    let becomes = "<description><![CDATA[<img srcset='https://p.example/http://b/w_1,h_2/c.jpg 1x,  data:image/gif;base64,AA 2x, https://p.example/https://b/d 3x' data-src='https://p.example/http://b/e'>\
                   <p style=\"background:url('https://p.example/http://b/f%281%29')\">]]></description>";
    assert_eq!(inside(of, rules), becomes);
}

#[test]
fn inline_markup_stays_well_formed() {
    let source = "<feed xmlns=\"http://www.w3.org/2005/Atom\"><title>t</title><logo> http://b/l?a&amp;b </logo><icon/>\
                  <entry><content type=\"xhtml\"><div xmlns=\"http://www.w3.org/1999/xhtml\"><img src='http://b/c?d&amp;e'/></div></content></entry></feed>";
    let out = run("[{ images = 'https://p.example/i?w=6&u=' }]", source, None);
    assert!(out.contains("<logo> https://p.example/i?w=6&amp;u=http%3A%2F%2Fb%2Fl%3Fa%26b </logo><icon/>"), "{out}");
    assert!(out.contains("<img src='https://p.example/i?w=6&amp;u=http%3A%2F%2Fb%2Fc%3Fd%26e'/></div>"), "{out}");
}

#[test]
fn a_json_feed_keeps_all_but_the_addresses() {
    let source = r#"{ "version":"https://jsonfeed.org/version/1.1", "icon":"http:\/\/b\/i", "authors":[{"avatar":"http://b/a","url":"http://b/u.png"}],
        "items":[{"id":"http://b/1.png","image":"http://b/2","content_html":"\u003cimg src='http://b/3'>","_x":{"image":"http://b/4"}}] }"#;
    let out = r#"{ "version":"https://jsonfeed.org/version/1.1", "icon":"https://p.example/?u=http%3A%2F%2Fb%2Fi", "authors":[{"avatar":"https://p.example/?u=http%3A%2F%2Fb%2Fa","url":"http://b/u.png"}],
        "items":[{"id":"http://b/1.png","image":"https://p.example/?u=http%3A%2F%2Fb%2F2","content_html":"\u003cimg src='https://p.example/?u=http%3A%2F%2Fb%2F3'>","_x":{"image":"http://b/4"}}] }"#;
    let unescaped = |text: String| text.replace("\\/", "/");
    assert_eq!(unescaped(proxied(source)), out);
}

#[test]
fn relative_addresses_are_read_against_their_page_or_left_alone() {
    let rules = &format!("[{{ images = '{PROXY}' }}]");
    let of = "<enclosure type='image/png' url='d.png'/><description>&lt;img src=\"/e.png\"&gt;</description>";
    let becomes = "<enclosure type='image/png' url='https://p.example/?u=https%3A%2F%2Fa.example%2Fb%2Fd.png'/>\
                   <description>&lt;img src=\"https://p.example/?u=https%3A%2F%2Fa.example%2Fe.png\"&gt;</description>";
    assert_eq!(inside(of, rules), becomes);
    let based = "<description>&lt;base href=\"/f/\"&gt;&lt;img src=\"g\"&gt;</description>";
    assert!(inside(based, rules).contains("https%3A%2F%2Fa.example%2Ff%2Fg"));
    let homeless = "<rss version=\"2.0\"><channel><title>t</title><item><description>&lt;img src=\"/e.png\"&gt;</description></item></channel></rss>";
    assert_eq!(proxied(homeless), homeless);
    assert!(run(rules, homeless, Some("http://h.example/f")).contains("http%3A%2F%2Fh.example%2Fe.png"));
}

#[test]
fn what_is_no_picture_of_the_web_or_goes_through_a_proxy_stays() {
    let images = via(PROXY);
    for text in [
        "",
        "#a",
        "data:image/gif;base64,AA",
        "blob:https://b/c",
        "cid:x",
        "file:///c",
        "http://",
        "https://[/c",
        "http:c.png",
        "https://p.example/?u=x",
        "//p.example/?u=x",
        "http://P.EXAMPLE?w=1&u=x",
        "https://images.weserv.nl/?url=b/c",
        "//wsrv.nl/?url=b/c",
    ] {
        assert_eq!(images.verdict(text, Url::parse("https://b/").ok().as_ref()), Verdict::Stays, "{text}");
    }
    assert_eq!(via("weserv").verdict("https://wsrv.nl?url=b/c&w=1", None), Verdict::Stays);
}

#[test]
fn weserv_gets_the_scheme_and_the_query() {
    let new = "https://images.weserv.nl/?url=https%3A%2F%2Fgdb.voanews.com%2Fa%24_w800.jpg%3Fb%3D1%26c";
    assert_eq!(via("weserv").verdict("https://gdb.voanews.com/a$_w800.jpg?b=1&c", None), Verdict::Changed(new.into()));
    let seed = via("https://images.weserv.nl?url=${host}${pathname}");
    let new = "https://images.weserv.nl?url=gdb.voanews.com/a_s.png";
    assert_eq!(seed.verdict("https://gdb.voanews.com/a_s.png", None), Verdict::Changed(new.into()));
}

#[test]
fn each_host_goes_its_own_way() {
    let images = build(
        "{ via = 'direct', routes = { '*.sinaimg.cn' = 'direct', 'tva1.sinaimg.cn' = 'weserv', '*.example.org' = 'https://q.example/${href}' } }",
    )
    .unwrap();
    for (text, starts) in [
        ("https://b.example/c", None),
        ("https://wx1.sinaimg.cn/c", None),
        ("https://TVA1.sinaimg.cn/c", Some("https://images.weserv.nl/?url=https%3A%2F%2Ftva1")),
        ("//example.org:81/c", Some("https://q.example/https://example.org:81/c")),
        ("https://q.example/https://example.org/c", None),
        ("http://img.example.org./c", Some("https://q.example/http://img.example.org./c")),
    ] {
        match (images.verdict(text, None), starts) {
            (Verdict::Changed(new), Some(starts)) => assert!(new.starts_with(starts), "{new}"),
            (verdict, starts) => assert!(verdict == Verdict::Stays && starts.is_none(), "{text}: {verdict:?}"),
        }
    }
    let overridden = build("{ via = 'https://p.example/', routes = { 'wsrv.nl' = 'https://q.example/' } }").unwrap();
    assert_eq!(
        overridden.verdict("http://wsrv.nl/?url=c", None),
        Verdict::Changed("https://q.example/http://wsrv.nl/?url=c".into())
    );
}

#[test]
fn every_mistake_is_shown_under_its_caret() {
    let problems = build(
        "{ via = 'https://p.example/${hreff}', routes = { 'a.example' = 'wesrv', 'b.example/c' = 'direct', 'A.example' = 'direct' } }",
    )
    .unwrap_err();
    let found: Vec<_> = problems.iter().map(|p| (p.position().1, p.message.as_str())).collect();
    assert_eq!(
        found,
        [
            (30, "unknown variable `hreff`"),
            (50, "`a.example` has a route already"),
            (64, "`wesrv` is no proxy"),
            (73, "`b.example/c` is not a host"),
        ]
    );
    assert!(problems.iter().all(|problem| problem.help.is_some()));
    let message = |settings: &str| build(settings).unwrap_err().iter().map(|p| p.message.clone()).collect::<Vec<_>>();
    assert_eq!(message("{ via = 'direct' }"), ["`direct` without routes leaves every address as it is"]);
    assert_eq!(message("{ routes = {} }"), ["missing key `via`"]);
    let routes: Vec<_> = (0..=MAX_IMAGE_ROUTES).map(|n| format!("'h{n}' = 'direct'")).collect();
    assert!(message(&format!("{{ via = 'weserv', routes = {{ {} }} }}", routes.join(", ")))[0].contains("at most"));
}

#[test]
fn two_rules_for_one_proxy_send_a_picture_once() {
    let rules =
        "[{ images = 'https://p.example/?w=6&u=' }, { images = 'https://p.example/?u=${href_ue}&q=1' }, 'weserv']";
    let of = "<enclosure type='image/png' url='http://b/c'/>";
    assert_eq!(
        inside(of, &rules.replace(", 'weserv'", "")),
        "<enclosure type='image/png' url='https://p.example/?w=6&amp;u=http%3A%2F%2Fb%2Fc'/>"
    );
}

#[test]
fn addresses_that_grow_without_bound_end_the_rule() {
    let link = format!("https://a.example/{}/", "x".repeat(MAX_URL - 100));
    let images = "<img src=a>".repeat(MAX_NEW_ADDRESSES / MAX_URL * 2);
    let source =
        item(&format!("<description><![CDATA[{images}]]></description>")).replace("https://a.example/b/c", &link);
    let mut feed = Feed::read(source.as_bytes(), None, None).unwrap();
    let error = Images(via(PROXY)).apply(&mut feed, &Context::new(Time(0), None)).unwrap_err();
    assert!(error.to_string().contains("images") && error.to_string().contains("8"), "{error}");
    let far = source.replace(&link, &format!("{link}{}/", "y".repeat(MAX_URL)));
    assert_eq!(run(&format!("[{{ images = '{PROXY}' }}]"), &far, None), far);
}

const TARGETS: [&str; 9] = [
    "weserv",
    "https://images.weserv.nl/?n=-1&url=",
    "https://i3.wp.com/${host}${pathname}",
    "https://p.example/f(x)/",
    "http://u:p@P.example:81/?a&u=${href_ue}&b",
    "https://${hostname}.p.example${pathname}${search}",
    "${protocol}//${host}${pathname}",
    "https://${host}${pathname}?x",
    "${href}?imageView2/2/w/600",
];

proptest! {
    #[test]
    fn applying_twice_is_applying_once(
        text in prop_oneof![
            "(https?:)?//[a-zA-Z0-9.:@%-]{1,12}[/?#\\\\][ -~图]{0,20}",
            "(https://)?(images.weserv.nl|p.example|P.example:81|i3.wp.com|a.p.example)[ -~]{0,20}",
            "\\PC{0,30}",
        ],
        which in 0..TARGETS.len(),
        route in 0..TARGETS.len(),
    ) {
        let images = build(&format!("{{ via = '{}', routes = {{ '*a*' = '{}' }} }}", TARGETS[which], TARGETS[route])).unwrap();
        let base = Url::parse("https://base.example/a/b").unwrap();
        if let Verdict::Changed(new) = images.verdict(text.trim(), Some(&base)) {
            prop_assert!(Url::parse(&new).is_ok_and(|url| url.has_host()), "{}", new);
            prop_assert!(!new.contains(|c: char| !c.is_ascii_graphic()), "{}", new);
            prop_assert_eq!(images.verdict(&new, Some(&base)), Verdict::Stays, "{} → {}", text, new);
        }
    }

    #[test]
    fn no_template_makes_the_rule_panic_or_change_its_results(template in "(https://)?[a-z./?&=#:$@{}]{0,12}(\\$\\{(href|host|pathname|search|port)(_ue)?\\}[a-z./?&=]{0,4}){0,3}") {
        let Ok(template) = Template::parse(&template) else { return Ok(()) };
        let images = Relay { rule: "images", via: Target::Through(template), routes: Routes::default() };
        for text in ["https://img.example.org/a/b.png?c=d&e=f", "http://b:81/", "//c?d", "http://x/https://y/"] {
            if let Verdict::Changed(new) = images.verdict(text, None) {
                prop_assert_eq!(images.verdict(&new, None), Verdict::Stays, "{} → {}", text, new);
            }
        }
    }
}
