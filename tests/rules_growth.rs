//! No rule's cost, and no output's, grows faster than its input: each is tried on hostile contents, and on many items, of one size and
//! of four times that.
//! What is quadratic takes sixteen times as long. `REFEED_GROWTH=1` tries larger sizes and prints the slowest.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, clippy::disallowed_methods)]

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use refeed::base::clock::Time;
use refeed::base::url::Url;
use refeed::config::RuleList;
use refeed::emit::{self, About, Format};
use refeed::feed::merge::{Head, Part, merge};
use refeed::feed::{self, Feed};
use refeed::rules::{BuildContext, Chain, Context};

const RULES: &[&str] = &[
    "[{ brief = 100 }]",
    "[{ cards = true }]",
    "[{ clean = true }]",
    "[{ dates = { undated = 'now' } }]",
    "[{ dedupe = { by = ['id', 'link', 'canonical', 'title', 'similar'] } }]",
    "[{ drop = 'zzz|yyy' }]",
    "[{ keep = { any_of = [{ words = '> 8' }, { has = 'image', none_of = [{ title = 'ads' }] }] } }]",
    "[{ keep = { when = \"words > 2 and not ('x' in categories) and images | length < 50000 and content | length > 1\" } }]",
    "[{ embed = { lite = true, add = true, others = 'remove' } }]",
    "[{ enclosures = ['audio', 'video', 'image'] }]",
    "[{ enclosures = { attach = 'image' } }]",
    "[{ from_text = true }]",
    "[{ highlight = ['a', '的', 'tag', '[a-z]+'] }]",
    "[{ images = 'weserv' }]",
    "[{ language = { tag = 'auto' } }]",
    "[{ lazy = true }]",
    "[{ links = true }]",
    "[{ keep = '\\\\bAI\\\\b|x' }]",
    "[{ multimedia = { via = 'https://r.example/', frame = true } }]",
    "[{ note = { html = '<br>', after = 'p' } }]",
    "[{ opencc = 's2twp' }]",
    "[{ podcast = true }]",
    "[{ remove = '.a, p:has(> img), li:nth-child(2n), :contains(x), div div div, a ~ b + i:not(:has(u))' }]",
    "[{ remove = { text = '的|a' } }]",
    "[{ remove = { css = 'div, span, p', content = 'keep' } }]",
    "[{ remove = { attributes = ['style', 'class', 'data-*', 'on*'] } }]",
    "[{ replace = '(a|b)*c|x' }]",
    "[{ replace = { pattern = '<(/?)b>', with = '<${1}i>', in = 'html' } }]",
    "[{ reveal = true }]",
    "[{ sanitize = true }]",
    "[{ script = \"function item(item) { item.title = item.title + '!'; return item }\" }]",
    "[{ select = 'p, img, table, div' }]",
    "[{ set = { title = '{{ title }} {{ content | length }}' } }]",
    "[{ sort = 'title' }]",
    "[{ split = 'h2' }]",
    "[{ split = { each = 'li' } }]",
    "[{ split = { line = '^[0-9]+[.、]' } }]",
    "[{ style = { 'img' = 'max-width: 100%', 'a, p' = { title = 'x', class = false } } }]",
    "[{ titles = { marks = true, emoji = true, columns = 100 } }]",
    "['privacy']",
    "['plain']",
];

/// What a content is filled with: what stands before, again and again, and after.
const SHAPES: &[(&str, &str, &str)] = &[
    ("", "<div>", ""),
    ("", "<div class='a'><p>x", ""),
    ("", "</div>", ""),
    ("", "<video src='//a.example/b.mp4'><audio src=c>", ""),
    ("", "用AI写", ""),
    ("", "<p>x</p>\n", ""),
    ("", "<b>x</b> ", ""),
    ("", "<b><i>", "</b>"),
    ("", "<a><b></a></b>", ""),
    ("", "<a href='https://a.example/?utm_source=x&b=1#c'>x</a>", ""),
    ("", "<a href='https://t.example/r?url=https%3A%2F%2Fb.example%2F'><img src=/p.gif width=1 height=1></a>", ""),
    ("", "<img src='data:x' data-src='//a.example/b.jpg'>", ""),
    ("", "<div><div data-src='/c.png'></div>", ""),
    ("", "<noscript><img src=a.jpg></noscript>", ""),
    ("", "<figure><img src=data:x><noscript><img src=b.jpg></noscript>", ""),
    ("", "<iframe src='https://www.youtube.com/embed/abcdefghijk'></iframe>", ""),
    ("", "<iframe src=https://www.youtube.com/embed/abcdefghijk><b><</iframe>", ""),
    ("", "<iframe src='https://other.example/'>", ""),
    ("", "<audio controls><source src=a.mp3></audio><video src=b.mp4>", ""),
    ("", "<table><tr><td>", ""),
    ("", "<ul><li>1. x<br>2、y", ""),
    ("", "<h2>T</h2>x", ""),
    ("", "<blockquote class='wp-embedded-content'><a href=x>t</a>", ""),
    ("", "<svg><math><mi>", ""),
    ("", "<script>x</script>", ""),
    ("<script>", "</scrip", ""),
    ("", "<style>a{b:c}</style>", ""),
    ("", "<p style='color:red; width:1px; display:none'>", ""),
    ("", "<!--", ""),
    ("", "<!-- x -->", ""),
    ("", "<", ""),
    ("", "&", ""),
    ("", "&amp;#39;", ""),
    ("<x>", "&", ""),
    ("", "<x>&", ""),
    ("", "<tr>&zz", ""),
    ("<select><option>", "&", ""),
    ("<table>", "&", ""),
    ("<x>", "·", ""),
    ("<x>", "&zz", ""),
    ("<x><p title='", "·", "'>"),
    ("<x><p title='", "&amp;", "'>"),
    ("", "a\n", ""),
    ("", "x ", ""),
    ("", "(", ""),
    ("", "ab", ""),
    ("", "台湾AI的软件", ""),
    ("", "https://a.example/((", ""),
    ("", "https://a.example/b?c=1 ", ""),
    ("", "{spoiler}||x||", ""),
    ("<img src=a srcset='", "https://a.example/b,c 2x, ", "'>"),
    ("<p class='", "a ", "'>x"),
    ("<p", " a='b'", ">x"),
    ("<p", " data-x", ">x"),
    ("<p style='", "a:url(b);", "'>x"),
    ("<a href='https://a.example/?", "utm_x=1&", "'>x</a>"),
    ("<a href='https://a.example/", "https%3A%2F%2F", "'>x</a>"),
    ("<pre>", "<code>x\n", ""),
];

fn chain(rules: &str) -> Chain {
    Chain::build(&RuleList::parse("test", rules).unwrap(), &BuildContext::default())
        .unwrap_or_else(|problems| panic!("{rules}: {problems}"))
}

const NOW: Time = Time::from_secs(1_709_400_000);

/// What is done to a feed.
type Work<'a> = &'a dyn Fn(Feed, Url);

fn through(chain: &Chain) -> impl Fn(Feed, Url) {
    move |mut feed, url| {
        let _ = chain.apply(&mut feed, &Context::new(NOW, Some(url))); // a rule may give up: in time
        drop(feed.into_string());
    }
}

fn took(work: Work<'_>, body: &str) -> Duration {
    let url = Url::parse("https://site.example/feed").unwrap();
    let Ok(feed) = Feed::read(body.as_bytes(), None, Some(&url)) else { return Duration::ZERO };
    let started = processor();
    work(feed, url);
    processor() - started
}

/// Time that this thread had a processor, where the system tells: other tests do not count.
fn processor() -> Duration {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let own = told.split(' ').next().and_then(|nanos| nanos.parse().ok());
    own.map_or_else(|| START.elapsed(), Duration::from_nanos)
}

fn filled((before, again, after): (&str, &str, &str), size: usize) -> String {
    let content = format!("{before}{}{after}", again.repeat(size / again.len()));
    let content = content.replace("]]>", "");
    format!(
        "<rss version=\"2.0\"><channel><title>t</title><item><title>x</title><link>https://a.example/</link><description><![CDATA[{content}]]></description></item></channel></rss>"
    )
}

/// Many items, alike but for their numbers.
fn items(count: usize) -> String {
    let words = "the same words in every one of them and some more of the kind ".repeat(3);
    let item = |n| {
        format!(
            "<item><title>{words}{n}</title><link>https://a.example/{n}</link><guid>urn:{n}</guid><category>c</category><description>&lt;h2>a&lt;/h2>b&lt;h2>c&lt;/h2>d</description></item>"
        )
    };
    let items: String = (0..count).map(item).collect();
    format!("<rss version=\"2.0\"><channel><title>t</title>{items}</channel></rss>")
}

/// True where `large` takes out of proportion longer than `small`, a quarter of it, as far as the best of some runs tells.
fn grows(work: Work<'_>, small: &str, large: &str) -> Option<(Duration, Duration)> {
    let mut found = (Duration::MAX, Duration::MAX);
    for _ in 0..4 {
        found = (found.0.min(took(work, small)), found.1.min(took(work, large)));
        if found.1 <= found.0 * 8 + Duration::from_millis(100) {
            return None;
        }
    }
    Some(found)
}

fn sizes() -> (usize, usize) {
    if std::env::var_os("REFEED_GROWTH").is_some() { (60_000, 2500) } else { (5_000, 150) }
}

#[test]
fn no_rule_is_quadratic_in_a_content() {
    let (size, _) = sizes();
    let mut bad = Vec::new();
    for rules in RULES {
        let chain = chain(rules);
        for shape in SHAPES {
            if let Some(times) = grows(&through(&chain), &filled(*shape, size), &filled(*shape, size * 4)) {
                println!("{rules} on {shape:?}: {times:?}");
                bad.push((rules, shape, times));
            }
        }
    }
    assert!(bad.is_empty(), "{bad:#?}");
}

#[test]
fn no_rule_is_quadratic_in_the_number_of_items() {
    let (_, count) = sizes();
    let mut bad = Vec::new();
    for format in [Format::Rss, Format::Atom, Format::Json] {
        let of = |count| {
            let feed = Feed::read(items(count).as_bytes(), None, None).unwrap();
            emit::emit(feed, Some(format), About::default()).unwrap().0
        };
        let (small, large) = (of(count), of(count * 4));
        for rules in RULES {
            if let Some(times) = grows(&through(&chain(rules)), &small, &large) {
                println!("{rules} on {}: {times:?}", format.name());
                bad.push((rules, format, times));
            }
        }
    }
    assert!(bad.is_empty(), "{bad:#?}");
}

#[test]
fn no_output_is_quadratic() {
    let (size, count) = sizes();
    let (small, large) = (items(count), items(count * 4));
    let mut bad = Vec::new();
    for format in Format::ALL {
        let about = About { first_seen: Some(NOW), ..About::default() };
        let write = move |feed, _: Url| drop(emit::emit(feed, Some(format), about));
        let contents =
            SHAPES.iter().map(|shape| (format!("{shape:?}"), filled(*shape, size), filled(*shape, size * 4)));
        for (what, small, large) in contents.chain([("items".to_owned(), small.clone(), large.clone())]) {
            if let Some(times) = grows(&write, &small, &large) {
                println!("{} of {what}: {times:?}", format.name());
                bad.push((format, what, times));
            }
        }
    }
    assert!(bad.is_empty(), "{bad:#?}");
}

#[test]
fn merging_is_not_quadratic() {
    let (_, count) = sizes();
    let head = Head { title: "all".to_owned(), id: "urn:all".to_owned(), source_in_title: true };
    let merge = |sources: usize| {
        let of = |n: usize| {
            items(count / 10).replace("urn:", &format!("urn:{n}:")).replace("example/", &format!("example/{n}/"))
        };
        let parts: Vec<_> = (0..sources)
            .map(|n| Part { feed: Feed::read(of(n).as_bytes(), None, None).unwrap(), name: None, limit: None })
            .collect();
        let started = processor();
        drop(merge(parts, &head, feed::Format::Rss20).unwrap());
        processor() - started
    };
    let (small, large) = (merge(10).min(merge(10)), merge(40).min(merge(40)));
    assert!(large < small * 8 + Duration::from_millis(20), "{small:?} {large:?}");
}
