//! Rules asked for in the address: RSSHub's parameters as RSSHub documents them, the path form, what may be asked and by whom, and one
//! fetch for all variants of one feed.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod serve_support;

use refeed::config::Open;
use refeed::config::fields::Secret;
use refeed::serve::sign;
use serve_support::{NOW, Server, Upstream, config};

/// Items as (title, description, author, category, day of January 2027).
const ITEMS: [(&str, &str, &str, &str, u32); 5] = [
    ("台灣新聞", "<p>天氣</p>", "王小明", "要聞", 12),
    ("香港广告", "<p>推广</p>", "陳大文", "廣告", 14),
    ("AI 进展", "<p>说<b>明</b>书 <img src=\"https://img.example.org/a/b.png?c=d\"></p>", "Li Lei", "科技", 13),
    ("台湾旅行", "", "Han Meimei", "旅行", 10),
    ("Sports", "<p>ai in sports</p>", "Li Lei", "体育", 11),
];

fn feed() -> String {
    let item = |(title, html, author, category, day): (&str, &str, &str, &str, u32)| {
        let description =
            if html.is_empty() { String::new() } else { format!("<description><![CDATA[{html}]]></description>") };
        format!(
            "<item><title>{title}</title>{description}<author>{author}</author><category>{category}</category>\
             <pubDate>{day} Jan 2027 08:00:00 GMT</pubDate><guid>urn:{day}</guid></item>"
        )
    };
    let items: String = ITEMS.map(item).concat() + "<item><title>undated</title></item>";
    format!(
        "<rss version=\"2.0\"><channel><title>t</title><link>https://example.org/</link><description>d</description>{items}</channel></rss>"
    )
}

async fn upstream() -> Upstream {
    let upstream = Upstream::start("Cache-Control: max-age=3600\r\n").await;
    upstream.answers(200, "Cache-Control: max-age=3600\r\n", &feed());
    upstream
}

fn encode(url: &str) -> String {
    refeed::base::url::encode_component(url).into_owned()
}

/// The days of the items in a feed, `?` for the undated one.
fn days(body: &str) -> String {
    let day = |item: &str| match item.split("<guid>urn:").nth(1) {
        Some(rest) => rest.split('<').next().unwrap().to_owned(),
        None => "?".to_owned(),
    };
    body.split("<item>").skip(1).map(day).collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn rsshubs_parameters_mean_what_rsshub_says() {
    let upstream = upstream().await;
    let server = Server::of(&upstream).await;
    let url = encode(&upstream.url("/feed"));
    for (query, expected) in [
        // nothing asked for, nothing changed
        ("", "12 14 13 10 11 ?"),
        ("opencc=t2s", "12 14 13 10 11 ?"),
        // from the documentation of RSSHub
        ("filter_title=台灣|香港&filterout=廣告&limit=10&opencc=t2s", "14 12"),
        ("filter_title=%E5%8F%B0%E7%81%A3%7C%E9%A6%99%E6%B8%AF", "14 12"),
        ("limit=2", "14 13"),
        ("limit=2&sorted=false", "12 14"),
        ("sorted=true", "14 13 12 11 10 ?"),
        // upper and lower case differ, Simplified and Traditional too, unless asked
        ("filter=AI", "13"),
        ("filter=AI&filter_case_sensitive=false", "13 11"),
        ("filter=AI&filter_case_sensitive=true", "13"),
        ("filter=台湾", "10"),
        // any of title, description, author, category
        ("filter=王小明", "12"),
        ("filter=科技", "13"),
        ("filter=sports", "11"),
        // the others do not count beside `filter`, and are ANDed without it
        ("filter=科技&filter_title=nothing", "13"),
        ("filter_author=Li Lei&filter_category=体育", "11"),
        ("filter_author=Li%20Lei", "13 11"),
        // the description as it is written; the title where there is none
        ("filter_description=img.example", "13"),
        ("filter_description=说明", ""),
        ("filter_description=旅行", "10"),
        // any hit drops
        ("filterout=广告|天氣", "13 11 10 ?"),
        ("filterout=天氣&filterout_title=AI", "14 11 10 ?"),
        ("filterout_author=Li Lei", "14 12 10 ?"),
        ("filterout_category=要聞|旅行", "14 13 11 ?"),
        // newer than so many seconds; the undated stays
        ("filter_time=172800", "14 13 ?"),
        ("filter_time=172800&limit=1", "14"),
        ("filter=", "12 14 13 10 11 ?"),
    ] {
        let reply = server.get(&format!("/feed?url={url}&{}", query.replace(' ', "%20")), &[]).await;
        assert_eq!((reply.status, days(&reply.text())), (200, expected.to_owned()), "{query}");
        let reply = server.get(&format!("/feed/a?{}", query.replace(' ', "%20")), &[]).await;
        assert_eq!((reply.status, days(&reply.text())), (200, expected.to_owned()), "/feed/a?{query}");
    }
    let reply = server.get(&format!("/feed?url={url}&opencc=t2s"), &[]).await;
    assert!(reply.text().contains("台湾新闻"));
    assert_eq!(upstream.hits(), 1, "all variants of one URL are one fetch");
}

#[tokio::test]
async fn rsshubs_templates_of_pictures_work() {
    let upstream = upstream().await;
    let server = Server::of(&upstream).await;
    let url = encode(&upstream.url("/feed"));
    for (template, expected) in [
        ("https%3A%2F%2Fi3.wp.com%2F%24%7Bhost%7D%24%7Bpathname%7D", "https://i3.wp.com/img.example.org/a/b.png"),
        (
            "https%3A%2F%2Fimages.weserv.nl%3Furl%3D%24%7Bhref_ue%7D",
            "https://images.weserv.nl?url=https%3A%2F%2Fimg.example.org%2Fa%2Fb.png%3Fc%3Dd",
        ),
    ] {
        let reply = server.get(&format!("/feed?url={url}&image_hotlink_template={template}"), &[]).await;
        assert!(reply.text().contains(&format!("<img src=\"{expected}\">")), "{}", reply.text());
    }
}

#[tokio::test]
async fn rsshubs_templates_of_audio_and_video_work() {
    let upstream = upstream().await;
    let media = "<img src=\"https://mock.com/a.jpg\"><video src=\"https://mock.com/a.mp4\"></video><video poster=\"https://mock.com/a.jpg\">\
                 <source src=\"https://mock.com/a.webm\"></video><audio src=\"https://mock.com/a.mp3\"></audio><iframe src=\"https://mock.com/a.html\"></iframe>";
    let item = format!(
        "<item><title>a</title><description><![CDATA[{media}]]></description><enclosure url=\"https://mock.com/a.mp4\" length=\"1\" type=\"video/mp4\"/>\
         <enclosure url=\"https://mock.com/a.png\" length=\"1\" type=\"image/png\"/></item>"
    );
    upstream.answers(200, "", &format!("<rss version=\"2.0\"><channel><title>t</title>{item}</channel></rss>"));
    let server = Server::of(&upstream).await;
    let template = "https%3A%2F%2Fi3.wp.com%2F%24%7Bhost%7D%24%7Bpathname%7D";
    // what RSSHub's own tests expect: the stills of videos go along unless pictures have a template of their own
    let relayed = |what: &[&str]| {
        what.iter().fold(item.clone(), |item, name| {
            item.replace(&format!("https://mock.com/{name}"), &format!("https://i3.wp.com/mock.com/{name}"))
        })
    };
    let films = relayed(&["a.mp4", "a.webm", "a.mp3"]);
    for (query, expected) in [
        (
            format!("multimedia_hotlink_template={template}"),
            films.replace("poster=\"https://mock", "poster=\"https://i3.wp.com/mock"),
        ),
        (
            format!("multimedia_hotlink_template={template}&image_hotlink_template={template}"),
            relayed(&["a.jpg", "a.png", "a.mp4", "a.webm", "a.mp3"]),
        ),
        (format!("image_hotlink_template={template}"), relayed(&["a.jpg", "a.png"])),
        ("multimedia_hotlink_template=%24%7Bprotocol%7D%2F%2F%24%7Bhost%7D%24%7Bpathname%7D".to_owned(), item.clone()),
    ] {
        let reply = server.get(&format!("/feed/a?{query}"), &[]).await.text();
        assert!(reply.contains(&expected), "{query}: {reply}");
    }
    let reply = server.get("/feed/a?wrap_multimedia_in_iframe=1", &[]).await.text();
    assert_eq!(reply.matches("<iframe referrerpolicy=\"no-referrer\" width=\"100%\"").count(), 3, "{reply}");
    assert_eq!(
        reply.matches("&lt;meta name=&quot;referrer&quot; content=&quot;no-referrer&quot;&gt;").count(),
        3,
        "{reply}"
    );
    assert_eq!(upstream.hits(), 1);
}

#[tokio::test]
async fn rsshubs_other_outputs_can_be_asked_for() {
    let upstream = upstream().await;
    let server = Server::start(&config(&[("a", upstream.url("/feed"), "[{ drop = '广告' }]")])).await;
    for format in ["ums", "rss3"] {
        let reply = server.get(&format!("/feed/a?format={format}"), &[]).await;
        assert_eq!(reply.header("content-type"), "application/json");
        let action = &reply.json()["data"][0]["actions"][0];
        assert_eq!(action["metadata"]["title"], "台灣新聞");
        assert_eq!(action["metadata"]["pub_date"], "2027-01-12T08:00:00Z");
    }
    assert_eq!(server.get("/feed/a.ums", &[]).await.status, 200);
    let csv = server.get("/feed/a.csv", &[]).await;
    assert_eq!(csv.header("content-type"), "text/csv; charset=utf-8; header=present");
    assert_eq!(csv.text().matches("\r\n").count(), 6, "a head and five items");
    let item = server.get("/feed/a?format=1.debug.html&opencc=s2t", &[]).await;
    assert_eq!(item.header("content-type"), "text/html; charset=utf-8");
    assert!(item.header("content-security-policy").contains("sandbox"), "nothing in it runs");
    assert_eq!(
        item.text(),
        "<p>說<b>明</b>書 <img src=\"https://img.example.org/a/b.png?c=d\"></p>",
        "after all rules"
    );
    assert_eq!(server.get("/feed/a?format=9.debug.html", &[]).await.text(), "data.item[9].description not found");
    assert_eq!(
        server.get("/feed/a?format=1.debug.html", &[ELSEWHERE]).await.status,
        403,
        "for who may ask for any URL"
    );
    assert_eq!(upstream.hits(), 1);
}

#[tokio::test]
async fn the_text_and_the_links_of_items_can_be_asked_for_as_rsshub_has_them() {
    let upstream = upstream().await;
    upstream.answers(
        200,
        "",
        &format!(
            "<rss version=\"2.0\"><channel><title>t</title><link>https://example.org/</link><description>d</description><item><title>a</title>\
             <link>https://example.org/p/1?a=b&amp;c=台</link><description>&lt;p&gt;{}&lt;/p&gt;</description></item></channel></rss>",
            "很长的文字".repeat(40)
        ),
    );
    let server = Server::of(&upstream).await;
    let reply = server.get("/feed/a?brief=100&tgiv=bd3c42818a7f7e", &[]).await.text();
    let link = "https://t.me/iv?url=https%3A%2F%2Fexample.org%2Fp%2F1%3Fa%3Db%26c%3D%E5%8F%B0&amp;rhash=bd3c42818a7f7e";
    assert!(reply.contains(&format!("<link>{link}</link>")), "{reply}");
    assert!(reply.contains(&format!("&lt;p&gt;{}…&lt;/p&gt;", "很长的文字".repeat(20))), "{reply}");
    // pages are fetched for those who may ask for any URL
    assert_eq!(server.get("/feed/a?mode=fulltext", &[ELSEWHERE]).await.status, 403);
}

#[tokio::test]
async fn a_wrong_parameter_is_a_400_that_names_it_and_the_accepted_ones() {
    let upstream = upstream().await;
    let server = Server::of(&upstream).await;
    let url = encode(&upstream.url("/feed"));
    for (target, told) in [
        (
            format!("/feed?url={url}&limits=3"),
            "`limits`: did you mean `limit`? accepted are sorted, filter, filter_title",
        ),
        (format!("/feed?url={url}&filter=a("), "`filter` cannot be used: bad pattern: unclosed group"),
        ("/feed/a?limit=0".to_owned(), "`limit` must be"),
        (format!("/via/limit=no/{}", upstream.url("/feed")), "`limit` must be"),
        (format!("/feed?url={}&b=2", upstream.url("/feed?a=1")), "%26"),
    ] {
        let reply = server.get(&target, &[]).await;
        assert_eq!(reply.status, 400, "{target}");
        let detail = reply.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains(told), "{target}: {detail}");
    }
    assert_eq!(upstream.hits(), 0);
}

#[tokio::test]
async fn a_path_asks_for_the_same_as_a_query() {
    let upstream = upstream().await;
    let server = Server::of(&upstream).await;
    let url = upstream.url("/feed?x=1");
    let query = server.get(&format!("/feed?url={}&opencc=t2s&limit=1", encode(&url)), &[]).await;
    assert_eq!(days(&query.text()), "14");
    for path in [
        format!("/via/limit=1,opencc=t2s/{url}"),
        format!("/via/limit=1,opencc=t2s/{}", url.replace("://", ":/")),
        format!("/f/:opencc=t2s:limit=1/{url}"),
        format!("/:opencc=t2s:limit=1/{url}"),
        format!("/via/opencc=t2s,limit=1/{}", encode(&url)),
    ] {
        let reply = server.get(&path, &[]).await;
        assert_eq!((reply.status, &reply.body), (200, &query.body), "{path}");
    }
    assert_eq!(upstream.hits(), 1);
}

/// Asked from elsewhere: a proxy has sent the request on.
const ELSEWHERE: (&str, &str) = ("X-Forwarded-For", "192.0.2.7");

#[tokio::test]
async fn the_key_the_code_or_a_signature_opens_and_nothing_else() {
    let upstream = upstream().await;
    let key = Secret::new("ILoveRSSHub");
    let start = async |open| {
        let mut config = config(&[("a", upstream.url("/feed"), "")]);
        (config.server.open, config.server.access_key) = (open, Some(key.clone()));
        Server::start(&config).await
    };
    let url = encode(&upstream.url("/feed"));
    let feed = format!("/feed?url={url}&limit=1");
    let code = "10bb2879996425a437d1942bb96b4514"; // md5 of "/feed" and the key, as RSSHub makes it
    let via = format!("/via/limit=1/{}", upstream.url("/feed"));
    let until = |seconds: i64| format!("{feed}&exp={}", NOW.secs() + seconds);
    let signed = |target: &str| format!("/s/{}{target}", sign::sign(&key, target));
    let good = [
        format!("{feed}&key=ILoveRSSHub"),
        format!("{feed}&code={code}"),
        format!("/via/key=ILoveRSSHub,limit=1/{}", upstream.url("/feed")),
        signed(&feed),
        signed(&via),
        signed(&via).replace("http://", "http:/"),
        signed(&until(60)),
    ];
    let bad = [
        (feed.clone(), "key"),
        (format!("{feed}&key=iloversshub"), "key"),
        (format!("{feed}&code={}", "0".repeat(32)), "key"),
        (format!("{feed}&code="), "key"),
        (signed(&feed).replace("limit=1", "limit=2"), "signature"),
        (signed(&feed).replace("%2Ffeed", "%2Fother"), "signature"),
        (signed(&until(-1)), "expired"),
        (signed(&until(-1)).replace(&(NOW.secs() - 1).to_string(), &(NOW.secs() + 9).to_string()), "signature"),
        (format!("/s/AAAA{feed}"), "signature"),
        (format!("/s/{feed}"), "signature"),
    ];
    for open in [None, Some(Open::Key)] {
        let server = start(open).await;
        for target in &good {
            assert_eq!(server.get(target, &[ELSEWHERE]).await.status, 200, "{target}");
        }
        for (target, why) in &bad {
            let reply = server.get(target, &[ELSEWHERE]).await;
            assert_eq!(reply.status, 403, "{target}");
            assert!(reply.json()["type"].as_str().unwrap().ends_with(why), "{target}: {}", reply.text());
            assert!(!reply.text().contains("ILoveRSSHub"), "{target}");
        }
        // the code is made of the path, and cannot stand in it
        for path in
            [format!("/via/code={code}/{}", upstream.url("/feed")), format!("/:code={code}/{}", upstream.url("/feed"))]
        {
            let reply = server.get(&path, &[ELSEWHERE]).await;
            assert!(reply.status == 400 && reply.text().contains("`key=…`"), "{path}: {}", reply.text());
        }
        // a feed of the configuration is for all who reach it
        assert_eq!(server.get("/feed/a?limit=1", &[ELSEWHERE]).await.status, 200);
    }
    let nobody = start(Some(Open::Nobody)).await;
    for target in good.iter().chain([&feed]) {
        let reply = nobody.get(target, &[]).await;
        assert_eq!((reply.status, reply.json()["config_key"].as_str()), (403, Some("server.open")), "{target}");
    }
    let everybody = start(Some(Open::Everybody)).await;
    assert_eq!(everybody.get(&feed, &[ELSEWHERE]).await.status, 200);
    assert_eq!(everybody.get(&bad[4].0, &[ELSEWHERE]).await.status, 403, "a wrong signature is never good");
}

#[tokio::test]
async fn a_format_and_an_explanation_can_be_asked_for() {
    let upstream = upstream().await;
    let mut config = config(&[("a", upstream.url("/feed"), "[{ drop = '广告' }]")]);
    config.server.access_key = Some(Secret::new("k"));
    let server = Server::start(&config).await;
    let url = encode(&upstream.url("/feed"));
    for (target, content_type) in [
        (format!("/feed?url={url}&format=json"), "application/feed+json; charset=utf-8"),
        ("/feed/a?format=atom&limit=1".to_owned(), "application/atom+xml; charset=utf-8"),
        (format!("/via/format=atom,limit=1/{}", upstream.url("/feed")), "application/atom+xml; charset=utf-8"),
        ("/feed/a.json?limit=1".to_owned(), "application/feed+json; charset=utf-8"),
    ] {
        let reply = server.get(&target, &[]).await;
        assert_eq!((reply.status, reply.header("content-type")), (200, content_type), "{target}");
    }
    let reply = server.get("/feed/a?format=epub", &[]).await;
    assert_eq!(reply.status, 400);
    assert!(reply.text().contains("`format` can be rss, atom, json"), "{}", reply.text());

    for target in ["/feed/a?explain&opencc=t2s&key=k", "/feed/a?format=debug.json&opencc=t2s&key=k"] {
        let told = server.get(target, &[ELSEWHERE]).await.json();
        assert_eq!(told["rules"][1]["rule"], "{ drop = \"广告\" }");
        assert_eq!(
            (&told["items"][1]["dropped_by"], &told["items"][1]["position"]),
            (&1.into(), &serde_json::Value::Null)
        );
        assert_eq!(
            (&told["items"][0]["dropped_by"], &told["items"][0]["position"]),
            (&serde_json::Value::Null, &1.into())
        );
        let change = &told["items"][0]["changes"][0];
        assert_eq!((&change["rule"], &change["field"]), (&2.into(), &"title".into()));
        assert_eq!((&change["before"], &change["after"]), (&"台灣新聞".into(), &"台湾新闻".into()));
        assert_eq!(change["diff"][0]["removed"], "灣");
    }
    let refused = server.get("/feed/a?explain", &[ELSEWHERE]).await;
    assert_eq!(refused.status, 403, "the rules of a feed are told to who may ask for any URL");
    assert_eq!(upstream.hits(), 1);
}
