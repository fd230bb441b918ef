//! What `refeed::html` promises of any input: nothing is lost, nothing unasked changes, nothing panics.

use proptest::prelude::*;
use refeed::html::{Edit, Fragment, Kind, Syntax};

/// Markup as it is found, and as nobody should write it.
fn soup() -> impl Strategy<Value = String> {
    const PARTS: &[&str] = &[
        "<p>",
        "</p>",
        "<div class=a>",
        "</div>",
        "<br/>",
        "<img src='a.png' alt=\"x\">",
        "<a href=\"/b?c&amp;d\">",
        "</a>",
        "<b",
        "<",
        "</",
        "</>",
        "<!--",
        "-->",
        "--!>",
        "<!-->",
        "<!",
        "<?",
        "<!doctype html>",
        "<![CDATA[",
        "]]>",
        ">",
        "/>",
        "<script>",
        "</script>",
        "<textarea>",
        "</textarea>",
        "<style>",
        "</style ",
        "<title/>",
        "<iframe>",
        "</iframe>",
        "<plaintext>",
        "<svg>",
        "</svg>",
        "<li>",
        "<td>",
        "</table>",
        "<picture>",
        "<source srcset='a 1x, b,c 2x'>",
        "</picture>",
        "<video poster=p>",
        "<x:img y:src=z>",
        "&",
        "&amp",
        "&amp;",
        "&nbsp;",
        "&#",
        "&#x",
        "&#56;",
        "&no",
        "t;",
        "=",
        "\"",
        "'",
        " ",
        "\n",
        "\0",
        "a",
        "amp;",
        "头发",
        "é",
        "\u{A0}",
        "#",
        ";",
        "x=",
        "/",
        "!",
        "-",
        "style=\"a:url('b')\"",
    ];
    prop::collection::vec(prop_oneof![8 => prop::sample::select(PARTS).prop_map(str::to_owned), 1 => ".{0,6}"], 0..24)
        .prop_map(|parts| parts.concat())
}

/// XHTML content, well-formed.
fn xhtml() -> impl Strategy<Value = String> {
    const LEAVES: &[&str] = &[
        "text &amp; more",
        "]]&gt; ]] >",
        "<![CDATA[a <b> & c]]>",
        "<!-- c -->",
        "<br/>",
        "<?pi x?>",
        "&#8217;",
        "头发 ",
        "<h:img src=\"a.png?x&amp;y\" alt='\"q\"'/>",
        "<a href='b' title=\"1 &lt; 2\">l</a>",
        "<p class = \"x\" />",
    ];
    let leaf = prop::sample::select(LEAVES).prop_map(str::to_owned);
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop::collection::vec(inner, 0..4).prop_map(|parts| format!("<div id=\"d\">{}</div >", parts.concat()))
    })
}

#[derive(Clone, Debug)]
enum Step {
    SetText(usize, String),
    Replace(usize, usize, usize, String),
    SetAttr(usize, &'static str, String),
    RemoveAttr(usize, &'static str),
    Remove(usize, usize),
    RemoveElement(usize),
    Unwrap(usize),
    InsertBefore(usize, String),
    InsertAfter(usize, String),
    MapUrls,
    Settle,
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![".{0,8}", "[&<>;#a-z/!\"' \\]\\-]{0,8}", Just("amp;".to_owned()), Just("髮".to_owned())]
}

fn step() -> impl Strategy<Value = Step> {
    let name = || prop::sample::select(vec!["src", "href", "alt", "class", "x", "srcset", "ID"]);
    let markup = || prop::sample::select(vec!["<i>x</i>", "y", "<br/>", ""]).prop_map(str::to_owned);
    let id = || 0..24usize;
    prop_oneof![
        (id(), text()).prop_map(|(id, text)| Step::SetText(id, text)),
        (id(), 0..9usize, 0..9usize, text()).prop_map(|(id, a, b, text)| Step::Replace(id, a, b, text)),
        (id(), name(), text()).prop_map(|(id, name, text)| Step::SetAttr(id, name, text)),
        (id(), name()).prop_map(|(id, name)| Step::RemoveAttr(id, name)),
        (id(), 0..4usize).prop_map(|(id, len)| Step::Remove(id, len)),
        id().prop_map(Step::RemoveElement),
        id().prop_map(Step::Unwrap),
        (id(), markup()).prop_map(|(id, html)| Step::InsertBefore(id, html)),
        (id(), markup()).prop_map(|(id, html)| Step::InsertAfter(id, html)),
        Just(Step::MapUrls),
        Just(Step::Settle),
    ]
}

fn apply(fragment: &mut Fragment, step: &Step) {
    match step {
        Step::SetText(id, text) => fragment.set_text(*id, text),
        Step::Replace(id, a, b, text) => {
            fragment.replace_in_text(*id, &[(*a.min(b)..*a.max(b), text), (*a.max(b)..a.max(b) + 1, "")]);
        }
        Step::SetAttr(id, name, text) => fragment.set_attr(*id, name, text),
        Step::RemoveAttr(id, name) => fragment.remove_attr(*id, name),
        Step::Remove(id, len) => fragment.remove(*id..*id + *len),
        Step::RemoveElement(id) => fragment.remove_element(*id),
        Step::Unwrap(id) => fragment.unwrap_element(*id),
        Step::InsertBefore(id, html) => fragment.insert_before(*id, html),
        Step::InsertAfter(id, html) => fragment.insert_after(*id, html),
        Step::Settle => fragment.settle(),
        Step::MapUrls => fragment.map_urls(|_, url| Some(format!("https://p/?u={url}"))),
    }
}

fn html(source: &str) -> Fragment {
    Fragment::parse(source.to_owned(), Syntax::Html)
}

fn applied(source: &str, edits: &[Edit<'_>]) -> String {
    let mut out = String::new();
    let mut from = 0;
    for edit in edits {
        assert!(edit.range.start >= from && (from == 0 || edit.range.start > from), "apart: {edits:?}");
        out.push_str(&source[from..edit.range.start]);
        out.push_str(&edit.with);
        from = edit.range.end;
    }
    out + &source[from..]
}

/// What a tag says: its name and the first attribute of each name, decoded.
fn tag(fragment: &Fragment, id: usize) -> Vec<(String, String)> {
    let mut all = vec![(fragment.name(id).to_owned(), String::new())];
    for (name, value) in fragment.attrs(id) {
        let name = name.to_ascii_lowercase();
        if !all[1..].iter().any(|(met, _)| *met == name) {
            all.push((name, value.into_owned()));
        }
    }
    all
}

/// What is left of a fragment, token by token; neighbouring texts joined, inert tokens left out.
fn meaning(fragment: &Fragment) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut text = String::new();
    for id in 0..fragment.len() {
        let kind = fragment.kind(id);
        if kind == Kind::Text {
            text.push_str(&fragment.text(id));
            continue;
        }
        let said = match kind {
            Kind::Start { self_closing } => format!("start {self_closing} {:?}", tag(fragment, id)),
            Kind::End => format!("end {}", fragment.name(id)),
            Kind::RawText if fragment.text(id).is_empty() => continue, // as if it were not there
            Kind::RawText => format!("raw {}", fragment.text(id)),
            Kind::Comment => format!("comment {}", fragment.raw(id)),
            _ => continue,
        };
        if !text.is_empty() {
            out.push(std::mem::take(&mut text));
        }
        out.push(said);
    }
    out.extend((!text.is_empty()).then_some(text));
    out
}

fn is_well_formed(content: &str) -> Result<(), String> {
    let whole = format!("<r xmlns:h='u'>{content}</r>");
    let mut reader = quick_xml::Reader::from_str(&whole);
    loop {
        use quick_xml::events::Event;
        match reader.read_event().map_err(|error| format!("{error}: {whole}"))? {
            Event::Eof => return Ok(()),
            Event::Start(tag) | Event::Empty(tag) => {
                for attr in tag.attributes() {
                    let attr = attr.map_err(|error| format!("{error}: {whole}"))?;
                    let value: &str = &attr.value;
                    quick_xml::escape::unescape(value).map_err(|error| format!("{error}: {whole}"))?;
                    if value.contains('<') {
                        return Err(format!("`<` in an attribute: {whole}"));
                    }
                }
            }
            Event::Text(text) if text.contains("]]>") => return Err(format!("`]]>` in text: {whole}")),
            Event::Text(text) if text.chars().any(|c| c < ' ' && !c.is_ascii_whitespace()) => {
                return Err(format!("control character: {whole}"));
            }
            _ => {}
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn an_unedited_fragment_is_its_source(source in soup(), xml in any::<bool>()) {
        let fragment = Fragment::parse(source.clone(), if xml { Syntax::Xhtml } else { Syntax::Html });
        prop_assert_eq!(&fragment.render(), &source);
        prop_assert_eq!(fragment.edits(), vec![]);
        let mut end = 0;
        for id in 0..fragment.len() {
            prop_assert_eq!(fragment.span(id).start, end);
            end = fragment.span(id).end;
            prop_assert!(!fragment.span(id).is_empty());
            prop_assert!((id + 1..=fragment.len()).contains(&fragment.element_end(id)));
        }
        prop_assert_eq!(end, source.len());
        fragment.plain_text();
    }

    #[test]
    fn any_edits_on_any_soup_are_what_the_output_says(
        source in soup(), steps in prop::collection::vec(step(), 0..8), xml in any::<bool>(),
    ) {
        let mut fragment = Fragment::parse(source.clone(), if xml { Syntax::Xhtml } else { Syntax::Html });
        for step in &steps {
            apply(&mut fragment, step);
        }
        let rendered = fragment.render();
        prop_assert_eq!(applied(&source, &fragment.edits()), rendered.as_ref());
        if !fragment.is_edited() {
            prop_assert_eq!(rendered.as_ref(), source);
        }
    }

    #[test]
    fn what_is_rendered_reads_as_what_was_edited(source in soup(), steps in prop::collection::vec(step(), 0..6)) {
        // a self-closing `title` is whole only inside `svg`, and edits may take that away
        prop_assume!(!source.contains("<title/>"));
        let mut fragment = html(&source);
        for step in steps.iter().filter(|step| !matches!(step, Step::InsertBefore(..) | Step::InsertAfter(..))) {
            apply(&mut fragment, step);
        }
        let again = html(&fragment.render());
        prop_assert_eq!(meaning(&again), meaning(&fragment), "{} -> {}", source, fragment.render());
    }

    #[test]
    fn neighbours_of_what_is_removed_do_not_grow_together(
        parts in prop::collection::vec(prop::sample::select(vec!["&", "amp", ";", "<", "/", "b", "<br>", "</i>", "#5", " "]), 2..9),
        steps in prop::collection::vec((0..5usize, 0..3usize, any::<bool>()), 1..3),
    ) {
        let mut fragment = html(&parts.concat());
        for (id, at, remove) in steps {
            if remove {
                fragment.remove(id..id + 1);
            } else {
                fragment.replace_in_text(id, &[(at..at + 1, "")]);
            }
        }
        let again = html(&fragment.render());
        prop_assert_eq!(meaning(&again), meaning(&fragment), "{} -> {}", fragment.source(), fragment.render());
    }

    #[test]
    fn a_text_set_is_the_text_read(source in soup(), new in text()) {
        let mut fragment = html(&source);
        for id in 0..fragment.len() {
            if fragment.kind(id) == Kind::Text {
                fragment.set_text(id, &new);
                prop_assert_eq!(fragment.text(id), new.as_str());
            }
        }
        let again = html(&fragment.render());
        prop_assert_eq!(meaning(&again), meaning(&fragment));
    }

    #[test]
    fn an_attribute_set_is_the_attribute_read(source in soup(), value in text()) {
        let mut fragment = html(&source);
        let tags: Vec<_> = (0..fragment.len()).filter(|&id| matches!(fragment.kind(id), Kind::Start { .. })).collect();
        for &id in &tags {
            for name in ["src", "x"] {
                fragment.set_attr(id, name, &value);
                prop_assert_eq!(fragment.attr(id, name).unwrap_or_default(), value.as_str());
            }
            fragment.remove_attr(id, "alt");
            prop_assert!(fragment.attr(id, "alt").is_none());
        }
        let again = html(&fragment.render());
        prop_assert_eq!(meaning(&again), meaning(&fragment));
    }

    #[test]
    fn edited_xhtml_is_well_formed(source in xhtml(), steps in prop::collection::vec(step(), 0..8)) {
        is_well_formed(&source).map_err(TestCaseError::fail)?;
        let mut fragment = Fragment::parse(source, Syntax::Xhtml);
        for step in steps.iter().filter(|step| !matches!(step, Step::Remove(..))) {
            apply(&mut fragment, step);
            is_well_formed(&fragment.render()).map_err(|error| TestCaseError::fail(format!("{step:?}: {error}")))?;
        }
    }

    #[test]
    fn every_url_is_visited_again_as_it_was_written(source in soup()) {
        let mut fragment = html(&source);
        let mut count = 0;
        fragment.map_urls(|_, url| {
            count += 1;
            Some(format!("https://proxy.example/{count}?{}", url.len()))
        });
        let mut again = html(&fragment.render());
        let mut seen = 0;
        again.map_urls(|_, url| {
            seen += 1;
            assert!(url.starts_with(&format!("https://proxy.example/{seen}?")), "{url}");
            None
        });
        prop_assert_eq!(count, seen);
    }
}

#[test]
fn hostile_sources_take_linear_time() {
    // each would take minutes if anything were quadratic
    for part in [
        "<!--",
        "<a \"",
        "<a b='",
        "<",
        "</",
        "&",
        "&#1",
        "<p>",
        "</p>",
        "<script>",
        "<b><i></b>",
        "<![CDATA[",
        "<a b=c ",
    ] {
        let source = part.repeat((1 << 20) / part.len());
        for syntax in [Syntax::Html, Syntax::Xhtml] {
            let mut fragment = Fragment::parse(source.clone(), syntax);
            fragment.element_end(0);
            fragment.map_urls(|_, url| Some(format!("{url}x")));
            for id in 0..fragment.len() {
                fragment.set_text(id, "x");
                fragment.remove(id..id + 1);
            }
            fragment.plain_text();
            fragment.edits();
            fragment.render();
        }
    }
}

/// Feeds are read here as if they were HTML: real text, real markup, in all its states of repair.
#[test]
#[allow(clippy::disallowed_methods, clippy::print_stderr)] // the corpus is named by the environment
fn real_documents_come_through_unchanged_but_for_what_was_edited() {
    let Ok(corpus) = std::env::var("REFEED_CORPUS") else {
        return eprintln!("REFEED_CORPUS is unset: nothing to read");
    };
    for file in std::fs::read_dir(corpus).unwrap() {
        let Ok(source) = std::fs::read_to_string(file.unwrap().path()) else { continue };
        for source in [htmlize::unescape(source.as_str()).into_owned(), source] {
            for syntax in [Syntax::Html, Syntax::Xhtml] {
                let mut fragment = Fragment::parse(source.clone(), syntax);
                fragment.map_urls(|_, _| None);
                assert!(!fragment.is_edited() && fragment.render() == source);
                fragment.plain_text();
                fragment.map_urls(|_, url| Some(format!("/p?{url}")));
                assert_eq!(applied(&source, &fragment.edits()), fragment.render());
            }
        }
    }
}
