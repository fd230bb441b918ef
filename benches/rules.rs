//! The rules on one feed of about 217 KB and 50 items of Chinese HTML: each alone, and keep + images + links + opencc together;
//! one to four rules on HTML, which share one reading of it: the fourth costs less than the first; a list of twelve, as a user has it.
//! Then every output of the same feed, several of it merged, and one with kept items before it.
//!
//! `cargo bench --bench rules`. Reading and emitting are part of every figure, as they are of every answer.

#![allow(missing_docs, clippy::unwrap_used)]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use refeed::base::clock::Time;
use refeed::base::url::Url;
use refeed::config::RuleList;
use refeed::emit::{About, Format, emit};
use refeed::feed::Feed;
use refeed::feed::merge::{Head, Part, merge};
use refeed::rules::pages::Body;
use refeed::rules::{BuildContext, Chain, Context, Page, Raw, Want};
use std::fmt::Write;
use std::hint::black_box;
use std::sync::Arc;

/// The program's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A list as a user has it: what is not wanted goes, what is left is made readable and Traditional.
const TWELVE: &str = "[
  { dedupe = ['id', 'title'] },
  { drop = { title = '广告|推广' } },
  { keep = { newer_than = '30d' } },
  { clean = true },
  { lazy = true },
  { remove = '.ad, .promo, .related' },
  { replace = '^【[^】]*】' },
  { titles = true },
  { embed = true },
  { links = true },
  { opencc = 's2twp' },
  { images = 'weserv' },
]";

const SENTENCES: [&str; 6] = [
    "港口的工人天亮以前就开始装卸货物，汽笛声传遍了整个海湾。",
    "新的<b>人工智</b>能软件让编辑们可以在几秒钟之内核对一篇文章的事实。",
    "他说，网络的速度并不重要，重要的是<a href=\"/tags/reading?from=feed&amp;n=2\">读者</a>有没有时间把它读完。",
    "头发花白的老船长回忆起三十年前那场台风，当时没有人相信天气预报。",
    "<em>市场</em>上的蔬菜价格&nbsp;&mdash;&nbsp;比去年同期上涨了百分之十二。",
    "图书馆里的灯一直亮到深夜，学生们复习着第二天的考试。",
];

/// 50 items, half of them escaped and half in CDATA, with relative links, `srcset` and inline tags.
fn feed() -> String {
    let mut out = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<rss version=\"2.0\" xmlns:content=\"http://purl.org/rss/1.0/modules/content/\" \
         xmlns:dc=\"http://purl.org/dc/elements/1.1/\">\n<channel>\n<title>海湾新闻</title>\n<link>https://haiwan.example/</link>\n\
         <description>港口与海</description>\n<language>zh-CN</language>\n",
    );
    for item in 0..50 {
        let mut html = String::new();
        for paragraph in 0..17 + usize::from(item % 5 == 0) {
            let _ =
                write!(html, "<p>{}{}</p>", SENTENCES[(item + paragraph) % 6], SENTENCES[(item * 7 + paragraph) % 6]);
            if paragraph % 7 == 0 {
                let _ = write!(
                    html,
                    "<figure><img src=\"/images/{item}/{paragraph}.jpg\" srcset=\"/images/{item}/{paragraph}-2x.jpg 2x\" alt=\"港口的照片\"></figure>"
                );
            }
        }
        let content = if item % 2 == 0 {
            format!("<![CDATA[{html}]]>")
        } else {
            html.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
        };
        let _ = write!(
            out,
            "<item>\n<title>第{item}条：软件与头发</title>\n<link>https://haiwan.example/{item}.html</link>\n<guid>https://haiwan.example/{item}.html</guid>\n\
             <dc:creator>许海生</dc:creator>\n<category>新闻</category>\n<pubDate>Sat, 02 Mar 2024 13:{:02}:00 +0800</pubDate>\n\
             <content:encoded>{content}</content:encoded>\n</item>\n",
            item
        );
    }
    out + "</channel>\n</rss>\n"
}

fn chain(rules: &str) -> Chain {
    Chain::build(&RuleList::parse("bench", rules).unwrap(), &BuildContext::default()).unwrap()
}

fn url() -> Url {
    Url::parse("https://haiwan.example/feed").unwrap()
}

/// A context that has the page of every item, of 20 KB.
fn context() -> Context {
    let mut context = Context::new(Time::from_secs(1_709_400_000), Some(url()));
    let article = format!("<p>{}</p>", SENTENCES.concat()).repeat(12);
    let page =
        format!("<html><head><title>t</title></head><body><nav>a</nav><article>{article}</article></body></html>");
    for item in 0..50 {
        let url = Url::parse(&format!("https://haiwan.example/{item}.html")).unwrap();
        let body = Body { bytes: page.clone().into(), content_type: Some("text/html".to_owned()), url: url.clone() };
        context.pages.put(Want::page(url), Page::Ready(Arc::new(body)));
    }
    context
}

fn rules(c: &mut Criterion) {
    let source = feed();
    let url = url();
    let context = context();
    let mut group = c.benchmark_group(format!("{} KB, 50 items", source.len() / 1000));
    group.throughput(Throughput::Bytes(source.len() as u64)).sample_size(40);
    for (name, rules) in [
        ("no rule", "[]"),
        ("keep", "[{ keep = '港口|海湾|人工智能' }]"),
        ("keep when", "[{ keep = { when = \"words > 20 and title is matches('软件') and weekday == 'saturday'\" } }]"),
        ("drop", "[{ drop = { title = '广告', any_of = [{ words = '< 10' }, { has = 'audio' }] } }]"),
        ("limit", "[{ limit = 20 }]"),
        ("sort", "[{ sort = 'newest' }]"),
        ("dedupe", "[{ dedupe = ['id', 'link', 'title'] }]"),
        ("dedupe similar", "[{ dedupe = ['canonical', 'similar'] }]"),
        ("set", "[{ set = { title = '{{ title }} ({{ author }})', category = '{{ host }}' } }]"),
        ("replace", "[{ replace = { pattern = '台风|天气', with = '气象' } }]"),
        ("replace html", "[{ replace = { pattern = '<em>(.*?)</em>', with = '$1', in = 'html' } }]"),
        ("titles", "[{ titles = true }]"),
        ("dates", "[{ dates = { zone = 'Asia/Shanghai', ignore = 'all' } }]"),
        ("language", "[{ language = 'zh-Hans' }]"),
        ("enclosures", "[{ enclosures = { attach = 'image' } }]"),
        ("podcast", "[{ podcast = true }]"),
        ("split", "[{ split = 'figure' }]"),
        ("links", "[{ links = true }]"),
        ("images", "[{ images = 'weserv' }]"),
        ("multimedia", "[{ multimedia = { via = 'https://relay.example/${href}', frame = true } }]"),
        ("opencc", "[{ opencc = 's2twp' }]"),
        ("brief", "[{ brief = 200 }]"),
        ("cards", "[{ cards = true }]"),
        ("clean", "[{ clean = true }]"),
        ("embed", "[{ embed = true }]"),
        ("from_text", "[{ from_text = true }]"),
        ("highlight", "[{ highlight = ['人工智能', '市場'] }]"),
        ("lazy", "[{ lazy = true }]"),
        ("note", "[{ note = '<p>{{ title }}</p>' }]"),
        ("remove", "[{ remove = '.ad, .promo, figure:has(> .sponsor)' }]"),
        ("remove text", "[{ remove = { text = '查看全文' } }]"),
        ("reveal", "[{ reveal = true }]"),
        ("sanitize", "[{ sanitize = true }]"),
        ("select", "[{ select = 'p, figure' }]"),
        ("style", "[{ style = { img = 'max-width: 100%' } }]"),
        ("full_text", "[{ full_text = true }]"),
        ("full_text css", "[{ full_text = { content = 'article' } }]"),
        ("http", "[{ http = { url = 'http://127.0.0.1:1/', body = { q = '{{ text }}' }, answer = 'a' } }]"),
        ("script", "[{ script = 'function item(item) { item.title = item.title.trim(); return item }' }]"),
        ("one of HTML", "[{ clean = true }]"),
        ("two of HTML", "[{ clean = true }, { lazy = true }]"),
        ("three of HTML", "[{ clean = true }, { lazy = true }, { remove = '.ad' }]"),
        ("four of HTML", "[{ clean = true }, { lazy = true }, { remove = '.ad' }, { embed = true }]"),
        (
            "keep images links opencc",
            "[{ keep = '港口|海湾|人工智能' }, { links = true }, { images = 'weserv' }, { opencc = 's2twp' }]",
        ),
        ("twelve rules", TWELVE),
    ] {
        let chain = chain(rules);
        group.bench_function(name, |b| {
            b.iter(|| {
                let mut feed = Feed::read(black_box(source.as_bytes()), None, Some(&url)).unwrap();
                chain.apply(&mut feed, &context).unwrap();
                black_box(feed.into_string().len())
            });
        });
    }
    group.finish();
}

/// The same items on a page, in the answer of an API, and as addresses of a sitemap.
fn sources(c: &mut Criterion) {
    let (url, context) = (url(), context());
    let item = |item: usize| {
        format!(
            "<li><h2><a href=\"/{item}.html\">第{item}条</a></h2><time datetime=\"2024-03-02\"></time>{}</li>",
            SENTENCES.concat()
        )
    };
    let page = format!("<html><body><ul>{}</ul></body></html>", (0..50).map(item).collect::<String>());
    let entry = |item: usize| format!("{{\"t\":\"第{item}条\",\"u\":\"/{item}.html\",\"c\":{:?}}}", SENTENCES.concat());
    let api = format!("{{\"d\":[{}]}}", (0..50).map(entry).collect::<Vec<_>>().join(","));
    let address =
        |item: usize| format!("<url><loc>https://haiwan.example/{item}.html</loc><lastmod>2024-03-02</lastmod></url>");
    let map = format!(
        "<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">{}</urlset>",
        (0..50).map(address).collect::<String>()
    );
    let mut group = c.benchmark_group("a feed made of");
    for (name, rules, body) in [
        ("page", "[{ page = 'li' }]", page),
        ("json", "[{ json = { items = 'd', title = 't', link = 'u', content = 'c' } }]", api),
        ("sitemap", "[{ sitemap = true }]", map),
    ] {
        let chain = chain(rules);
        let raw = Raw { bytes: body.into(), content_type: None, url: Some(url.clone()) };
        group.throughput(Throughput::Bytes(raw.bytes.len() as u64));
        group.bench_function(name, |b| {
            b.iter(|| black_box(chain.read(black_box(&raw), &context).unwrap().items().len()))
        });
    }
    group.finish();
}

/// From RSS 2.0 to each output.
fn outputs(c: &mut Criterion) {
    let (source, url) = (feed(), url());
    let mut group = c.benchmark_group("from RSS to");
    group.throughput(Throughput::Bytes(source.len() as u64)).sample_size(40);
    for format in Format::ALL {
        group.bench_function(format.name(), |b| {
            b.iter(|| {
                let feed = Feed::read(black_box(source.as_bytes()), None, Some(&url)).unwrap();
                let about = About { own_url: Some(&url), ..About::default() };
                black_box(emit(feed, Some(format), about).unwrap().0.len())
            });
        });
    }
    group.finish();
}

/// Several feeds as one, and what an archive adds to one.
fn several(c: &mut Criterion) {
    let (source, url) = (feed(), url());
    let other = |n: usize| source.replace("https://haiwan.example/", &format!("https://haiwan{n}.example/"));
    let sources: Vec<String> = (0..4).map(other).collect();
    let head = Head { title: "t".to_owned(), id: "urn:t".to_owned(), source_in_title: true };
    let mut group = c.benchmark_group("several");
    group.throughput(Throughput::Bytes(sources.iter().map(|source| source.len() as u64).sum())).sample_size(20);
    group.bench_function("four feeds merged", |b| {
        b.iter(|| {
            let part = |source: &String| {
                let feed = Feed::read(black_box(source.as_bytes()), None, Some(&url)).unwrap();
                Part { feed, name: None, limit: Some(25) }
            };
            let parts = sources.iter().map(part).collect();
            black_box(merge(parts, &head, refeed::feed::Format::Rss20).unwrap().into_string().len())
        });
    });
    let kept = {
        let feed = Feed::read(sources[1].as_bytes(), None, None).unwrap();
        let items = feed.items();
        feed.raw_items(&items)
    };
    group.throughput(Throughput::Bytes(2 * source.len() as u64));
    group.bench_function("fifty kept items behind those of today", |b| {
        b.iter(|| {
            let mut feed = Feed::read(black_box(source.as_bytes()), None, Some(&url)).unwrap();
            feed.insert_items(&kept, 50).unwrap();
            black_box(feed.into_string().len())
        });
    });
    group.finish();
}

criterion_group!(benches, rules, sources, outputs, several);
criterion_main!(benches);
