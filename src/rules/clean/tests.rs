//! `clean`, part by part.

use super::super::fragments::{after, problems};

fn clean(html: &str) -> String {
    after("[{ clean = true }]", html)
}

#[test]
fn scripts_and_handlers_go() {
    for (html, left) in [
        ("<p onclick='x()' class=a>a</p><script>b</script>", "<p class=a>a</p>"),
        ("<a href=' java\tscript:x()'>a</a>", "<a>a</a>"),
        ("<a href='&#106;avascript:x()'>a</a>", "<a>a</a>"),
        ("<p on=1 data-on=2 one='3'>a</p>", "<p on=1 data-on=2>a</p>"),
        ("<p title='only one'>a</p>", "<p title='only one'>a</p>"),
    ] {
        assert_eq!(clean(html), left);
    }
    assert_eq!(after("[{ clean = { scripts = false } }]", "<p onclick=x>a</p>"), "<p onclick=x>a</p>");
}

#[test]
fn pixels_and_hidden_frames_go_with_the_paragraphs_they_leave_empty() {
    let frame = "<iframe src='http://tracker.example/1' style='display:none;'></iframe>";
    for (html, left) in [
        ("<p><img width=1 height=1 src=x> </p><p>a</p>", "<p>a</p>"),
        (&*format!("<p>{}文</p>", frame.repeat(40)), "<p>文</p>"),
        ("<div style='display:none'><iframe src=x></iframe>a</div>", "<div style='display:none'>a</div>"),
        ("<img src=x style='display:none' data-src=y>", "<img src=x style='display:none' data-src=y>"),
        ("<img src='https://pixel.wp.com/b.gif?x=1'>a", "a"),
        ("<p>&nbsp;<a href=x><img src='//stats.wordpress.com/b.gif'></a></p>a", "a"),
        ("<img src=x width=600 height=1>", "<img src=x width=600 height=1>"),
    ] {
        assert_eq!(clean(html), left);
    }
}

#[test]
fn share_buttons_go() {
    let html = "<p>a</p><div class='x sharedaddy sd'><a href=y>b</a></div>\
                <ul><li><a href='https://www.facebook.com/sharer/sharer.php?u=x'>f</a></li>\
                <li><a href='https://twitter.com/intent/tweet?url=x'>t</a></li></ul>";
    assert_eq!(clean(html), "<p>a</p>");
    assert_eq!(after("[{ clean = { widgets = false } }]", html), html);
}

#[test]
fn links_lose_what_follows_the_reader() {
    let html = "<a href='https://a.example/?utm_source=x&amp;b=1'>a</a><img src='https://a.example/?utm_source=x'>";
    let left = "<a href='https://a.example/?b=1'>a</a><img src='https://a.example/?utm_source=x'>";
    assert_eq!(clean(html), left);
    let html = "<a href='https://www.google.com/url?q=https://a.example/%3Futm_term%3D1%26b'>a</a>";
    assert_eq!(clean(html), "<a href='https://a.example/?b'>a</a>");
    assert_eq!(clean("<a href='https://b.example/?ref=site.example'>"), "<a href='https://b.example/'>");
}

#[test]
fn what_is_added_counts() {
    let rules = "[{ clean = { more_parameters = ['from', 'x_*'], more_trackers = ['c.example/p'] } }]";
    let html = "<a href='//a.example/?from=1&x_y=2&z=3'>a</a><img src='https://c.example/p/1.gif'><img src='https://c.example/q'>";
    assert_eq!(
        after(rules, html),
        "<a href='https://a.example/?z=3'>a</a><img src='https://c.example/q'>".replace("https://a", "//a")
    );
    assert_eq!(
        problems("[{ clean = { more_parameters = ['a=b'], more_trackers = ['https://x.example'] } }]"),
        ["33: `a=b` is no name of a parameter", "58: `https://x.example` is no host"]
    );
    assert_eq!(problems("[{ clean = { trackers = false, more_trackers = ['x.example'] } }]").len(), 1);
    let off = "scripts = false, trackers = false, widgets = false, parameters = false, redirects = false";
    assert_eq!(problems(&format!("[{{ clean = {{ {off} }} }}]")).len(), 1);
}

#[test]
fn hostile_html_is_cleaned_in_linear_time() {
    let nested = "<div style='display:none'><p>".repeat(30_000) + "<img width=1 height=1>";
    assert!(clean(&nested).len() < nested.len());
    let wide = "<p><iframe hidden></iframe></p>".repeat(10_000);
    assert_eq!(clean(&wide), "");
    let long = format!("<a href='https://a.example/?{}'>", "utm_x=1&".repeat(50_000));
    assert_eq!(clean(&long), "<a href='https://a.example/'>");
}

#[test]
fn an_item_gets_the_link_that_a_service_replaced() {
    use crate::base::clock::Time;
    use crate::config::RuleList;
    use crate::feed::Feed;
    use crate::rules::{BuildContext, Chain, Context};
    let clean = |rules: &str, source: &str| {
        let chain = Chain::build(&RuleList::parse("test", rules).unwrap(), &BuildContext::default()).unwrap();
        let mut feed = Feed::read(source.as_bytes(), None, None).unwrap();
        chain.apply(&mut feed, &Context::new(Time::from_secs(0), None)).unwrap();
        feed.into_string()
    };
    let service = "http://feedproxy.google.com/~r/a/~3/x/";
    let original = "https://a.example/1?utm_source=feedburner&amp;b=2";
    let rss = format!(
        "<rss version=\"2.0\" xmlns:feedburner=\"http://rssnamespace.org/feedburner/ext/1.0\"><channel><title>t</title><item><title>i</title>\
         <link>{service}</link><guid>g</guid><feedburner:origLink>{original}</feedburner:origLink></item></channel></rss>"
    );
    let expected = rss.replace(&format!("<link>{service}"), "<link>https://a.example/1?b=2");
    assert_eq!(clean("[{ clean = true }]", &rss), expected, "nothing else changes");
    assert_eq!(clean("[{ clean = { redirects = false } }]", &rss), rss);
    let atom = format!(
        "<feed xmlns=\"http://www.w3.org/2005/Atom\" xmlns:p=\"http://www.pheedo.com/namespace/pheedo\"><title>t</title><entry><id>urn:1</id>\
         <link rel='self' href='https://a.example/s'/><link href='{service}'/><p:origLink>https://a.example/1</p:origLink></entry></feed>"
    );
    assert_eq!(clean("[{ clean = true }]", &atom), atom.replace(service, "https://a.example/1"));
}
