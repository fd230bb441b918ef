//! Tests of the edits of a fragment, apart because `edit.rs` is long with its reasons.

use crate::html::{Fragment, Kind, Syntax};

fn html(source: &str) -> Fragment {
    Fragment::parse(source.into(), Syntax::Html)
}

fn xhtml(source: &str) -> Fragment {
    Fragment::parse(source.into(), Syntax::Xhtml)
}

/// The first tag of `source` after `edit`.
fn tag(source: &str, edit: impl FnOnce(&mut Fragment)) -> String {
    let mut fragment = html(source);
    edit(&mut fragment);
    fragment.render().into_owned()
}

#[test]
fn text_edits_keep_the_spelling_around_them() {
    let mut fragment = html("<p>a&nbsp;b&#8217;s</p>");
    fragment.set_text(1, "a\u{A0}c<’s");
    assert_eq!(fragment.render(), "<p>a&nbsp;c&lt;&#8217;s</p>");
    assert_eq!(fragment.text(1), "a\u{A0}c<’s");
    fragment.set_text(1, "a\u{A0}b’s");
    assert!(!fragment.is_edited());
    assert_eq!(fragment.edits(), []);
}

#[test]
fn attributes_are_set_where_they_stand() {
    assert_eq!(
        tag("<img src='a' alt=\"b\">", |f| f.set_attr(0, "SRC", "c'\"&")),
        "<img src='c&#39;\"&amp;' alt=\"b\">"
    );
    assert_eq!(tag("<img src=a/>", |f| f.set_attr(0, "src", "b")), "<img src=\"b\">");
    assert_eq!(tag("<img alt src>", |f| f.set_attr(0, "alt", "b")), "<img alt=\"b\" src>");
    assert_eq!(tag("<img src=a />", |f| f.set_attr(0, "alt", "b")), "<img src=a alt=\"b\" />");
    assert_eq!(tag("<br/>", |f| f.set_attr(0, "id", "b")), "<br id=\"b\"/>");
    assert_eq!(tag("<a b=>", |f| f.set_attr(0, "id", "c")), "<a b=\"\" id=\"c\">");
    assert_eq!(tag("<a b=>", |f| f.set_attr(0, "b", "c")), "<a b=\"c\">");
    assert_eq!(tag("<a b>", |f| f.set_attr(0, "b c", "x")), "<a b>");
}

#[test]
fn attributes_are_removed_without_joining_their_neighbours() {
    assert_eq!(tag("<a b='1'  c=2 d>", |f| f.remove_attr(0, "c")), "<a b='1' d>");
    assert_eq!(tag("<a b='1'c=2>", |f| f.remove_attr(0, "b")), "<a c=2>");
    assert_eq!(tag("<img src=x alt='y'/>", |f| f.remove_attr(0, "alt")), "<img src=x />");
    assert_eq!(tag("<a x b=1 B=2 y>", |f| f.remove_attr(0, "b")), "<a x y>");
}

#[test]
fn later_reads_see_earlier_edits() {
    let mut fragment = html("<img src=a>b");
    fragment.set_attr(0, "src", "c d");
    fragment.set_attr(0, "alt", "e");
    assert_eq!(fragment.attr(0, "src").as_deref(), Some("c d"));
    fragment.remove(0..1);
    assert_eq!(fragment.kind(0), Kind::Removed);
    assert_eq!(fragment.attr(0, "src"), None);
    assert_eq!(fragment.render(), "b");
    assert_eq!(fragment.edits().len(), 1);
}

#[test]
fn what_is_removed_does_not_let_its_neighbours_grow_together() {
    for (source, expected) in [
        ("a <<br>b", "a &lt;b"),
        ("&<br>amp;", "&amp;amp;"),
        ("&amp<br>;", "&amp;;"),
        ("a<br>b", "ab"),
        ("&lt;<br>b", "&lt;b"),
    ] {
        let mut fragment = html(source);
        fragment.remove(1..2);
        assert_eq!(fragment.render(), expected);
        assert_eq!(html(expected).text(0), html(source).text(0) + html(source).text(2).as_ref());
    }
}

#[test]
fn insertions_stand_in_the_order_they_were_made() {
    let mut fragment = html("a<br>b");
    fragment.insert_before(1, "<i>1</i>");
    fragment.insert_before(1, "<i>2</i>");
    fragment.insert_after(1, "3");
    fragment.insert_after(1, "4");
    fragment.insert_before(9, "5");
    assert_eq!(fragment.render(), "a<i>1</i><i>2</i><br>34b5");
    fragment.remove(1..2);
    assert_eq!(fragment.render(), "a<i>1</i><i>2</i>34b5");
    fragment.remove(0..3);
    assert_eq!(fragment.render(), "5");
    let mut empty = html("");
    empty.insert_before(0, "x");
    assert_eq!(empty.render(), "x");
}

#[test]
fn nothing_is_inserted_where_it_would_not_be_read() {
    for source in ["a<!-- b", "a<b c='", "a<script>b", "a<script>", "a<?b"] {
        let mut fragment = html(source);
        fragment.insert_after(fragment.len() - 1, "<i>x</i>");
        let end = source.strip_prefix('a').unwrap();
        assert_eq!(fragment.render(), format!("a<i>x</i>{end}"));
    }
}

#[test]
fn raw_text_never_becomes_markup() {
    let mut fragment = html("<script>a</script><textarea>b</textarea>c");
    fragment.set_text(1, "x</script><img>");
    assert_eq!(fragment.text(1), "a");
    fragment.set_text(1, "if (a < b) {}");
    fragment.set_text(4, "</textarea>&");
    fragment.remove(2..3);
    assert_eq!(fragment.render(), "<script>if (a < b) {}</script><textarea>&lt;/textarea&gt;&amp;</textarea>c");
    fragment.remove(1..3);
    assert_eq!(fragment.kind(2), Kind::End);
    fragment.remove(0..1);
    fragment.remove(2..3);
    assert_eq!(fragment.kind(2), Kind::Removed);
}

#[test]
fn cdata_stays_cdata() {
    let mut fragment = xhtml("<p>a<![CDATA[b<c]]></p>");
    fragment.set_text(2, "b]]>&c");
    assert_eq!(fragment.render(), "<p>a<![CDATA[b]]]]><![CDATA[>&c]]></p>");
    assert_eq!(fragment.text(2), "b]]>&c");
    fragment.set_text(2, "d\u{1}");
    assert_eq!(fragment.render(), "<p>a<![CDATA[d\u{FFFD}]]></p>");
}

#[test]
fn xhtml_stays_well_formed() {
    let mut fragment = xhtml("<h:p>a ]]<h:br/></h:p>");
    fragment.set_text(1, "a ]]>\u{0}");
    fragment.set_attr(0, "title", "<&\n\"");
    fragment.insert_after(2, "<br>a & b");
    assert_eq!(fragment.render(), "<h:p title=\"&lt;&amp;&#10;&quot;\">a ]]&gt;\u{FFFD}<h:br/><h:br/>a &amp; b</h:p>");
    assert!(fragment.is(2, "BR") && fragment.is(3, "p"));
}

#[test]
fn the_head_and_the_end_of_xhtml_content_lie_inside_its_element() {
    let mut fragment = xhtml(" <h:div>a</h:div>\n");
    fragment.prepend("1<br>");
    fragment.append("2");
    assert_eq!(fragment.render(), " <h:div>1<h:br/>a2</h:div>\n");
    let mut fragment = html("<div>a</div>");
    fragment.prepend("1");
    fragment.append("2");
    assert_eq!(fragment.render(), "1<div>a</div>2");
    let mut fragment = html("<div>a</div>b");
    fragment.replace_element(0, "<hr>");
    assert_eq!(fragment.render(), "<hr>b");
}
