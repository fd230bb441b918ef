//! The selectors against hand-made cases, against another engine, and against time.

use super::*;
use crate::html::Syntax;
use proptest::prelude::*;

/// The ids (or names) of the elements found.
fn found(html: &str, selector: &str) -> Vec<String> {
    let fragment = Fragment::parse(html.into(), Syntax::Html);
    let selectors = Selectors::parse(selector).unwrap_or_else(|error| panic!("{selector}: {error:?}"));
    let called = |id| fragment.attr(id, "id").map_or(fragment.name(id).to_owned(), |id| id.into_owned());
    fragment.select(&selectors).into_iter().map(called).collect()
}

const PAGE: &str = "<div id=a class='ad big'><p id=b>one <b id=c>two</b></p><p id=d class=x></p></div>\
                    <ul id=e><li id=f><li id=g class='x y'><a id=h href='https://ads.example/t'>go</a><li id=i></ul>\
                    <p id=j lang=zh-TW data-n=1>查看<i id=k>全文</i></p>";

#[test]
fn elements_are_found_as_css_says() {
    for (selector, ids) in [
        ("p", "b d j"),
        ("P", "b d j"),
        ("*", "a b c d e f g h i j k"),
        (".ad", "a"),
        (".ad.big", "a"),
        (".AD", ""),
        ("#c, .x", "c d g"),
        ("div p", "b d"),
        ("div b", "c"),
        ("div > b", ""),
        ("div > p > b", "c"),
        ("p + p", "d"),
        ("li ~ li", "g i"),
        ("li ~ li a", "h"),
        ("[href]", "h"),
        ("[HREF^='https://ads']", "h"),
        ("a[href$=t][href*=\"example\"]", "h"),
        ("[class~=y]", "g"),
        ("[lang|=zh]", "j"),
        ("[lang=ZH-tw i]", "j"),
        ("[data-n=1]", "j"),
        ("p[lang!=zh-TW]", "b d"),
        ("p:not(.x, [lang])", "b"),
        (":is(div, ul) > .x", "d g"),
        ("div:has(b)", "a"),
        ("div:has(> b)", ""),
        ("div:has(> p > b)", "a"),
        ("p:has(+ .x)", "b"),
        ("li:has(~ .y)", "f"),
        ("ul:has(li a), p:has(b)", "b e"),
        ("p:not(:has(*))", "d"),
        ("li:first-child", "f"),
        ("li:last-child", "i"),
        ("li:nth-child(2n)", "g"),
        ("li:nth-child(odd)", "f i"),
        ("li:nth-child(-n+2)", "f g"),
        ("li:nth-last-child(1)", "i"),
        ("p:only-of-type", "j"),
        ("b:only-child", "c"),
        (":root", "a e j"),
        ("p:empty, li:empty", "d f i"),
        ("p:contains('查看全文')", "j"),
        ("p:contains(TWO)", "b"),
        ("i:contains(全文)", "k"),
        ("b:contains('one')", ""),
    ] {
        assert_eq!(found(PAGE, selector).join(" "), ids, "{selector}");
    }
}

#[test]
fn names_may_be_escaped_and_of_any_script() {
    let html = "<p class='md:flex'></p><div class=廣告></div><b class=1a></b><i class='a\u{301}'></i>";
    assert_eq!(found(html, ".md\\:flex"), ["p"]);
    assert_eq!(found(html, ".廣告"), ["div"]);
    assert_eq!(found(html, ".\\31 a"), ["b"]);
    assert_eq!(found(html, "[class='\\31 a']"), ["b"]);
}

#[test]
fn overlapping_texts_are_all_seen() {
    assert_eq!(found("<p>哈</p><div>哈哈</div>", ":contains(哈哈)"), ["div"]);
}

#[test]
fn edits_are_seen() {
    let mut fragment = Fragment::parse("<div><p class=a>x</p></div><p>y</p>".into(), Syntax::Html);
    let child = Selectors::parse("div > .a").unwrap();
    assert_eq!(fragment.select(&child), [1]);
    fragment.set_attr(1, "class", "b");
    assert_eq!(fragment.select(&child), [0; 0]);
    fragment.set_attr(1, "class", "a");
    fragment.unwrap_element(0);
    assert_eq!(fragment.select(&child), [0; 0]);
    assert_eq!(fragment.select(&Selectors::parse(":root").unwrap()), [1, 5]);
    fragment.insert_before(1, "<div><b class=a></b></div>");
    fragment.settle();
    assert_eq!(fragment.select(&child), [1]);
}

#[test]
fn xhtml_is_searched_without_its_prefixes() {
    let fragment = Fragment::parse("<h:div><h:p class='a'/><h:p/></h:div>".into(), Syntax::Xhtml);
    assert_eq!(fragment.select(&Selectors::parse("div > p:last-child").unwrap()), [2]);
}

#[test]
fn a_wrong_selector_is_shown_where_it_is_wrong() {
    for (selector, at, message) in [
        ("", 0, "a selector is missing here"),
        ("p, ", 3, "a selector is missing here"),
        ("> p", 1, "a selector cannot begin with a combinator"),
        ("p >", 3, "a selector is missing here"),
        ("p..x", 2, "expected a name, found `.`"),
        ("p)", 1, "`)` has no place here"),
        ("[a", 2, "expected `=`, `^=`, `$=`, `*=`, `~=`, `|=` or `]`"),
        ("[a=", 3, "expected a name"),
        ("[a='b]", 3, "this string is not closed"),
        ("p:hover", 1, "unknown pseudo-class `:hover`"),
        ("p::before", 1, "a pseudo-element is no element"),
        ("svg|a", 3, "namespaces are not known here"),
        ("p:not()", 6, "expected a selector, found `)`"),
        ("p:not(b", 7, "expected `)`"),
        ("p:nth-child(x)", 12, "`x` counts nothing"),
        (".1a", 1, "a name cannot begin with a digit"),
        ("[a#=x]", 2, "`#=` (a regular expression) is not known here"),
        ("a{}", 1, "`{` has no place here"),
        (":not(:not(:not(:not(:not(a)))))", 25, "more than 4 selectors inside each other"),
    ] {
        let error = Selectors::parse(selector).unwrap_err();
        assert_eq!((error.at, &*error.message), (at, message), "{selector}");
    }
    assert!(Selectors::parse(&"p,".repeat(3000)).is_err());
}

#[test]
fn hostile_fragments_and_selectors_take_linear_time() {
    let deep = "<b class=a>".repeat(100_000);
    let wide = "<b class=a></b>".repeat(100_000);
    let one_tag = format!("<b {} class='{}'>", "x=1 ".repeat(50_000), "a ".repeat(100_000));
    let selectors = [
        "b b b b b b c",
        "b:not(:has(c)) > b ~ b + b",
        ".a .a .a .a:nth-child(2n+1):nth-last-of-type(3)",
        "b:has(b b b > b ~ b), b:empty:contains(x)",
        "*:not(:not(:not(:not(*))))",
    ];
    for html in [deep, wide, one_tag] {
        let fragment = Fragment::parse(html, Syntax::Html);
        for selector in selectors {
            fragment.select_outermost(&Selectors::parse(selector).unwrap());
        }
    }
}

/// The slow and plain way: each element is asked, combinators are followed upwards.
mod oracle {
    use dom_query::Document;

    pub(super) fn found(html: &str, selector: &str) -> Vec<String> {
        let document = Document::fragment(html); // puts an `html` around it
        let found = document.try_select(selector).map(|it| it.nodes().to_vec()).unwrap_or_default();
        let mut ids: Vec<String> = found.iter().filter_map(|node| node.attr("id")).map(|id| id.to_string()).collect();
        ids.sort();
        ids
    }
}

/// A well-formed tree whose elements have ids.
fn tree() -> impl Strategy<Value = String> {
    let leaf = ("[bi]", "[xy]{0,2}").prop_map(|(name, class)| format!("<{name} id=@ class='{class}'>t</{name}>"));
    let inner = leaf.prop_recursive(4, 24, 4, |inner| {
        ("(div|section)", "[xy]?", prop::collection::vec(inner, 0..4))
            .prop_map(|(name, class, inner)| format!("<{name} id=@ class='{class}'>{}</{name}>", inner.concat()))
    });
    prop::collection::vec(inner, 1..4).prop_map(|trees| {
        let parts = trees.concat();
        let mut parts = parts.split('@');
        let first = parts.next().unwrap_or_default().to_owned();
        parts.enumerate().fold(first, |all, (number, part)| format!("{all}n{number:03}{part}"))
    })
}

fn selector() -> impl Strategy<Value = String> {
    let compound = prop::sample::select(vec![
        "div",
        "b",
        "*",
        ".x",
        "b.y",
        "section",
        ":first-child",
        "i:last-child",
        "div:nth-child(2)",
        ":not(.x)",
        "div:has(b)",
        ":has(> .x)",
        ":has(+ b)",
        "b:only-of-type",
        ":is(b, div)",
        "[class='']",
        "div:empty",
        ":nth-last-of-type(odd)",
    ]);
    let rest = prop::collection::vec((prop::sample::select(vec![" ", " > ", " + ", " ~ "]), compound.clone()), 0..3);
    (compound, rest).prop_map(|(first, rest)| rest.into_iter().fold(first.to_owned(), |all, (c, next)| all + c + next))
}

proptest! {
    #[test]
    fn what_is_found_is_what_another_engine_finds(html in tree(), selector in selector()) {
        let html = format!("<main>{html}</main>");
        let mut ours = found(&format!("<html>{html}</html>"), &selector);
        ours.retain(|id| id.starts_with('n'));
        ours.sort();
        prop_assert_eq!(ours, oracle::found(&html, &selector), "{} in {}", selector, html);
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in "([.#:\\[\\]()>+~*,|='\"\\\\ a-z0-9]|:not\\(|:has\\(|:nth-child\\(|廣){0,20}") {
        if let Ok(selectors) = Selectors::parse(&text) {
            Fragment::parse(PAGE.into(), Syntax::Html).select(&selectors);
        }
    }
}
