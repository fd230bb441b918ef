//! RSS 2.0 (rssboard.org/rss-specification), with `content:encoded`, `dc:creator` and `atom:link` as its profile advises.

use super::dates::rfc822;
use super::extensions::Prefixes;
use super::model::{Category, Document, Enclosure, Item, Person, Text};
use super::read::is_uri;
use super::text::mime_of;
use super::xml::Writer;
use crate::feed;

const ATOM: &str = "http://www.w3.org/2005/Atom";
const CONTENT: &str = "http://purl.org/rss/1.0/modules/content/";
const DC: &str = "http://purl.org/dc/elements/1.1/";

/// `document` as RSS.
pub(super) fn write(document: &Document) -> String {
    let own = [("atom", ATOM), ("content", CONTENT), ("dc", DC)];
    let prefixes = Prefixes::of(document, &own);
    let declarations = prefixes.declarations();
    let mut root = vec![("version", "2.0")];
    root.extend(declarations.iter().map(|(name, uri)| (name.as_str(), *uri)));
    let mut out = Writer::new(document.items.len() * 2048);
    out.open("rss", &root);
    out.open("channel", &[]);
    head(&mut out, document);
    for extension in &document.extensions {
        prefixes.write(&mut out, extension, "");
    }
    for entry in &document.items {
        out.open("item", &[]);
        item(&mut out, entry);
        for extension in &entry.extensions {
            prefixes.write(&mut out, extension, "");
        }
        out.close("item");
    }
    out.close("channel");
    out.close("rss");
    out.finish()
}

fn head(out: &mut Writer, document: &Document) {
    let title = document.title.as_ref().map(Text::as_title).unwrap_or_default();
    let link = document.page();
    let link = link.as_str();
    out.text("title", &[], &title);
    out.text("link", &[], link);
    html(
        out,
        "description",
        document.description.as_ref().or(document.title.as_ref()).unwrap_or(&Text::Plain(String::new())),
    );
    if let Some(own) = &document.own_url {
        let mime = essence(feed::Format::Rss20.content_type());
        out.empty("atom:link", &[("rel", "self"), ("type", mime), ("href", own)]);
    }
    if let Some(language) = &document.language {
        out.text("language", &[], language);
    }
    if let Some(rights) = &document.rights {
        out.text("copyright", &[], &rights.as_plain());
    }
    authors(out, "managingEditor", &document.authors);
    if let Some(changed) = document.last_change().and_then(rfc822) {
        out.text("lastBuildDate", &[], &changed);
    }
    categories(out, &document.categories);
    if let Some(generator) = &document.generator {
        out.text("generator", &[], generator);
    }
    if let Some(image) = document.image.as_ref().or(document.icon.as_ref()).filter(|image| is_uri(image)) {
        out.open("image", &[]);
        out.text("url", &[], image);
        out.text("title", &[], &title);
        out.text("link", &[], link);
        out.close("image");
    }
}

fn item(out: &mut Writer, item: &Item) {
    if let Some(title) = &item.title {
        out.text("title", &[], &title.as_title());
    }
    if let Some(link) = &item.link {
        out.text("link", &[], link);
    }
    let is_link = item.link.as_ref() == Some(&item.id) && item.id.starts_with("http");
    out.text("guid", &[("isPermaLink", if is_link { "true" } else { "false" })], &item.id);
    if let Some(date) = item.published.or(item.updated).and_then(rfc822) {
        out.text("pubDate", &[], &date);
    }
    if let (Some(updated), true) = (item.updated.and_then(super::dates::rfc3339), item.published.is_some()) {
        out.text("atom:updated", &[], &updated);
    }
    authors(out, "author", &item.authors);
    categories(out, &item.categories);
    match (&item.summary, &item.content) {
        (Some(summary), Some(content)) => {
            html(out, "description", summary);
            html(out, "content:encoded", content);
        }
        (Some(text), None) | (None, Some(text)) => html(out, "description", text),
        (None, None) if item.title.is_none() => out.text("description", &[], ""), // one of the two must be there
        (None, None) => {}
    }
    if let Some(comments) = &item.comments {
        out.text("comments", &[], comments);
    }
    for enclosure in item.enclosures.iter().filter(|enclosure| is_uri(&enclosure.url)) {
        write_enclosure(out, enclosure);
    }
    if let Some(source) = &item.source
        && let Some(url) = &source.url
    {
        out.text("source", &[("url", url)], &source.title);
    }
}

/// The size is required; 0 stands for one that is not known.
fn write_enclosure(out: &mut Writer, enclosure: &Enclosure) {
    let length = enclosure.length.unwrap_or(0).to_string();
    let mime = enclosure.mime.as_deref().unwrap_or_else(|| mime_of(&enclosure.url));
    out.empty("enclosure", &[("url", &enclosure.url), ("length", &length), ("type", mime)]);
}

/// RSS names authors by their mail address; who has none is named by Dublin Core.
fn authors(out: &mut Writer, element: &str, authors: &[Person]) {
    let mut named = false;
    for person in authors {
        match &person.email {
            Some(email) if !named => {
                named = true; // the specification has room for one
                let name = if person.name.is_empty() { email } else { &person.name };
                out.text(element, &[], &format!("{email} ({name})"));
            }
            Some(email) if person.name.is_empty() => out.text("dc:creator", &[], email),
            _ => out.text("dc:creator", &[], &person.name),
        }
    }
}

fn categories(out: &mut Writer, categories: &[Category]) {
    for Category { term, label, scheme } in categories {
        let domain: Vec<_> = scheme.iter().map(|scheme| ("domain", scheme.as_str())).collect();
        out.text("category", &domain, label.as_ref().unwrap_or(term));
    }
}

fn html(out: &mut Writer, element: &str, text: &Text) {
    out.cdata(element, &[], &text.as_html());
}

fn essence(content_type: &str) -> &str {
    content_type.split(';').next().unwrap_or(content_type)
}
