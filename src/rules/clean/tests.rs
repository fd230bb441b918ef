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
