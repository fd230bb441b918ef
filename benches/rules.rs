//! The rules on one feed of about 217 KB and 50 items of Chinese HTML: each alone, and keep + images + links + opencc together;
//! and one to four rules on HTML, which share one reading of it: the fourth costs less than the first.
//!
//! `cargo bench --bench rules`. Reading and emitting are part of every figure, as they are of every answer.

#![allow(missing_docs, clippy::unwrap_used)]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use refeed::base::clock::Time;
use refeed::base::url::Url;
use refeed::config::RuleList;
use refeed::feed::Feed;
use refeed::rules::{BuildContext, Chain, Context};
use std::fmt::Write;
use std::hint::black_box;

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
        for paragraph in 0..20 {
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

fn rules(c: &mut Criterion) {
    let source = feed();
    let url = Url::parse("https://haiwan.example/feed").unwrap();
    let context = Context::new(Time::from_secs(1_709_400_000), Some(url.clone()));
    let mut group = c.benchmark_group(format!("{} KB, 50 items", source.len() / 1000));
    group.throughput(Throughput::Bytes(source.len() as u64)).sample_size(40);
    for (name, rules) in [
        ("no rule", "[]"),
        ("keep", "[{ keep = '港口|海湾|人工智能' }]"),
        ("links", "[{ links = true }]"),
        ("images", "[{ images = 'weserv' }]"),
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
        ("one of HTML", "[{ clean = true }]"),
        ("two of HTML", "[{ clean = true }, { lazy = true }]"),
        ("three of HTML", "[{ clean = true }, { lazy = true }, { remove = '.ad' }]"),
        ("four of HTML", "[{ clean = true }, { lazy = true }, { remove = '.ad' }, { embed = true }]"),
        (
            "keep images links opencc",
            "[{ keep = '港口|海湾|人工智能' }, { links = true }, { images = 'weserv' }, { opencc = 's2twp' }]",
        ),
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

criterion_group!(benches, rules);
criterion_main!(benches);
