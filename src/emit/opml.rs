//! OPML 2.0 (opml.org/spec2): lists of feeds, written for readers to import and read from their exports.
//!
//! Reading is lenient, for exports are written by hand and by many programs: names of attributes in any case, a bare `&` in an
//! address, tags that are not closed. Nothing but the outlines is looked at. Bounded by the caller's text and `MAX_FOLDERS`.

use std::collections::HashMap;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::xml::Writer;
use crate::base::limits::MAX_FOLDERS;
use crate::base::text::fold_space;

/// One feed of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outline {
    /// Its title.
    pub title: String,
    /// Its address.
    pub url: String,
    /// Its web page.
    pub page: Option<String>,
    /// The folders that it stands in, the outermost first.
    pub folders: Vec<String>,
}

/// A list called `title`. Feeds stand in their folders, folders where their first feed stands.
pub fn write(title: &str, outlines: &[Outline]) -> String {
    let mut out = Writer::new(outlines.len() * 256);
    out.open("opml", &[("version", "2.0")]);
    out.open("head", &[]);
    out.text("title", &[], title);
    out.close("head");
    out.open("body", &[]);
    folder(&mut out, &outlines.iter().collect::<Vec<_>>(), 0);
    out.close("body");
    out.close("opml");
    out.finish()
}

/// The feeds of one folder, `depth` folders deep, in their order.
fn folder(out: &mut Writer, outlines: &[&Outline], depth: usize) {
    let mut folders: HashMap<&str, Vec<&Outline>> = HashMap::new();
    for outline in outlines {
        if let Some(name) = outline.folders.get(depth) {
            folders.entry(name).or_default().push(outline);
        }
    }
    for outline in outlines {
        let Some(name) = outline.folders.get(depth) else {
            feed(out, outline);
            continue;
        };
        if let Some(inside) = folders.remove(name.as_str()) {
            out.open("outline", &[("text", name), ("title", name)]);
            folder(out, &inside, depth + 1);
            out.close("outline");
        }
    }
}

fn feed(out: &mut Writer, Outline { title, url, page, .. }: &Outline) {
    // `type` is "rss" for every format (spec2, "subscription lists")
    let mut attributes = vec![("type", "rss"), ("text", title), ("title", title), ("xmlUrl", url)];
    attributes.extend(page.as_deref().map(|page| ("htmlUrl", page)));
    out.empty("outline", &attributes);
}

/// The feeds in `text`, in their order; nothing where it holds none.
pub fn read(text: &str) -> Vec<Outline> {
    let mut reader = Reader::from_str(text);
    let config = reader.config_mut();
    config.check_end_names = false;
    config.allow_unmatched_ends = true;
    config.allow_dangling_amp = true;
    let (mut found, mut open): (Vec<Outline>, Vec<Option<String>>) = (Vec::new(), Vec::new());
    loop {
        match reader.read_event() {
            Ok(Event::Start(tag)) if is_outline(tag.name().as_ref()) => {
                let name = take(&tag, &open, &mut found);
                open.push(name);
            }
            Ok(Event::Empty(tag)) if is_outline(tag.name().as_ref()) => drop(take(&tag, &open, &mut found)),
            Ok(Event::End(tag)) if is_outline(tag.name().as_ref()) => drop(open.pop()),
            Ok(Event::Eof) => return found,
            Ok(_) => {}
            Err(_) if reader.error_position() >= text.len() as u64 => return found,
            Err(_) if reader.buffer_position() >= text.len() as u64 => return found,
            Err(_) => {}
        }
    }
}

fn is_outline(name: &str) -> bool {
    name.eq_ignore_ascii_case("outline")
}

/// Adds the feed that `tag` names, or says which folder it opens.
fn take(tag: &BytesStart<'_>, open: &[Option<String>], found: &mut Vec<Outline>) -> Option<String> {
    let attribute = |name: &str| {
        let mut all = tag.html_attributes();
        let all = all.with_checks(false).filter_map(Result::ok);
        let value = all.into_iter().find(|one| one.key.as_ref().eq_ignore_ascii_case(name))?.value;
        let text = fold_space(&htmlize::unescape_attribute(&*value));
        (!text.is_empty()).then_some(text)
    };
    let title = attribute("title").or_else(|| attribute("text"));
    let Some(url) = attribute("xmlUrl") else { return title };
    let mut folders: Vec<String> = open.iter().flatten().take(MAX_FOLDERS).cloned().collect();
    if folders.is_empty()
        && let Some(category) = attribute("category")
    {
        // of several categories the first; `/News/Asia` is a path in it (spec2)
        let first = category.split(',').next().unwrap_or_default();
        folders = first.split('/').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect();
        folders.truncate(MAX_FOLDERS);
    }
    found.push(Outline { title: title.unwrap_or_default(), url, page: attribute("htmlUrl"), folders });
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn outline(title: &str, url: &str, folders: &[&str]) -> Outline {
        let folders = folders.iter().map(|name| (*name).to_owned()).collect();
        Outline { title: title.into(), url: url.into(), page: None, folders }
    }

    #[test]
    fn feeds_stand_in_their_folders() {
        let list = [
            outline("一", "https://a/1", &["新聞", "台灣"]),
            outline("2", "https://a/2", &[]),
            outline("3 & <3>", "https://a/3?x=1&y=2", &["新聞"]),
        ];
        let text = write("mine", &list);
        assert_eq!(text.matches("<outline text=\"新聞\"").count(), 1, "{text}");
        roxmltree::Document::parse(&text).unwrap();
        let mut again = read(&text);
        again.sort_by(|a, b| a.url.cmp(&b.url));
        assert_eq!(again, list);
    }

    #[test]
    fn many_folders_take_no_longer_than_many_feeds() {
        let names: Vec<String> = (0..60_000).map(|n| format!("folder {n}")).collect();
        let list: Vec<Outline> = names.iter().map(|name| outline("a", "https://a.example/", &[name])).collect();
        // each looked for among all, they would take thousands of millions of looks
        assert_eq!(write("mine", &list).matches("<outline text=\"folder ").count(), names.len());
    }

    #[test]
    fn exports_as_they_come_are_read() {
        let text = "<?xml version='1.0'?><opml><body><OUTLINE text='News'><outline TEXT=\"A &amp; B\" XMLURL='https://a/?x=1&y=2' htmlUrl='https://a/'>\
            </outline><outline title='c' text='d' xmlUrl='https://c/' category='/Tech/AI,other'></OUTLINE>\
            <outline xmlUrl='https://e/' category='x/y'/><outline text='no feed'/></body>";
        let found = read(text);
        assert_eq!(
            found[0],
            Outline { page: Some("https://a/".into()), ..outline("A & B", "https://a/?x=1&y=2", &["News"]) }
        );
        assert_eq!(found[1].title, "c");
        assert_eq!(found[2].url, "https://e/");
        assert_eq!(found.len(), 3);
        assert!(read("not OPML <at> all & <").is_empty() && read("").is_empty());
    }

    proptest! {
        #[test]
        fn whatever_is_written_is_read_back_and_nothing_hangs(
            titles in proptest::collection::vec("\\PC{0,12}", 0..5),
            noise in "(<|>|/|outline|xmlUrl=|'|\"|&|]]>|<!--|\\PC{0,3}){0,30}",
        ) {
            let list: Vec<Outline> = titles.iter().map(|title| outline(&fold_space(title), "https://a/", &[])).collect();
            prop_assert_eq!(read(&write("t", &list)), list);
            let _ = read(&noise);
        }
    }
}
