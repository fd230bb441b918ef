//! `?dropped`: what the rules of a feed dropped, as a feed beside it, each item with the rule that dropped it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod serve_support;

use serve_support::{Server, Upstream, config};

const RULES: &str = "[{ keep = { title = 'news|ads' } }, { drop = '廣告|ads' }, { limit = 1 }]";

async fn upstream(format: &str) -> Upstream {
    let upstream = Upstream::start("").await;
    let titles = ["news one", "weather", "ads &lt;b&gt;", "news two"];
    let body = match format {
        "rss" => {
            let item = |title| format!("<item xmlns:x=\"urn:x\"><title>{title}</title><x:kept a='1'/></item>");
            let items: String = titles.map(item).concat();
            format!(
                "<rss version=\"2.0\"><channel><title>t</title><link>https://e.example/</link>{items}</channel></rss>"
            )
        }
        "json" => {
            let items =
                titles.map(|title| format!("{{\"id\": \"{title}\", \"title\": \"{title}\", \"_x\": 1}}")).join(", ");
            format!("{{\"version\": \"https://jsonfeed.org/version/1.1\", \"title\": \"t\", \"items\": [{items}]}}")
        }
        _ => {
            let entry = |title: &str| format!("<entry><id>urn:{}</id><title>{title}</title></entry>", title.len());
            let entries: String = titles.map(entry).concat();
            format!("<feed xmlns=\"http://www.w3.org/2005/Atom\"><title>t</title>{entries}</feed>")
        }
    };
    upstream.answers(200, "Cache-Control: max-age=3600\r\n", &body);
    upstream
}

#[tokio::test]
async fn dropped_items_are_a_feed_that_names_the_rules() {
    let upstream = upstream("rss").await;
    let server = Server::start(&config(&[("a", upstream.url("/feed"), RULES)])).await;
    let kept = server.get("/feed/a", &[]).await.text();
    assert_eq!(kept.matches("<item").count(), 1);
    let reply = server.get("/feed/a?dropped", &[]).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let dropped = reply.text();
    assert!(dropped.contains("<title>t (dropped)</title>"), "{dropped}");
    assert_eq!(dropped.matches("<x:kept a='1'/>").count(), 3, "items are whole: {dropped}");
    let order: Vec<_> =
        ["weather", "ads &lt;b&gt;", "news two"].iter().map(|title| dropped.find(title).unwrap()).collect();
    assert!(order.is_sorted(), "{dropped}");
    for rule in ["keep", "drop", "limit"] {
        assert_eq!(dropped.matches(&format!("<category>dropped by {rule}</category>")).count(), 1, "{dropped}");
    }
    assert_eq!(upstream.hits(), 1, "one fetch serves both");
}

#[tokio::test]
async fn atom_and_json_feeds_have_their_dropped_items_too() {
    for (format, mark) in [("atom", "term=\"dropped by keep\""), ("json", "\"dropped by keep\"")] {
        let upstream = upstream(format).await;
        let server = Server::start(&config(&[("a", upstream.url("/feed"), RULES)])).await;
        let dropped = server.get("/feed/a?dropped", &[]).await.text();
        assert!(dropped.contains(mark) && dropped.contains("weather") && !dropped.contains("news one"), "{dropped}");
    }
}

#[tokio::test]
async fn where_nothing_was_dropped_the_feed_is_empty() {
    let upstream = upstream("rss").await;
    let server = Server::start(&config(&[("a", upstream.url("/feed"), "[{ sort = 'title' }]")])).await;
    let reply = server.get("/feed/a?dropped", &[]).await;
    assert_eq!((reply.status, reply.text().matches("<item").count()), (200, 0));
}

#[tokio::test]
async fn a_wrong_question_is_refused() {
    let upstream = upstream("rss").await;
    let server = Server::start(&config(&[("a", upstream.url("/feed"), RULES)])).await;
    for (query, problem) in [("dropped=7", "takes no value"), ("dropped&since=7d", "cannot stand beside")] {
        let reply = server.get(&format!("/feed/a?{query}"), &[]).await;
        assert_eq!(reply.status, 400);
        assert!(reply.text().contains(problem), "{}", reply.text());
    }
}
