//! Single elements as plain data: texts, persons, categories, files, in the ways in which they are written.

use super::model::{Category, Enclosure, Person, Source, Text};
use super::read::{address, fill, non_empty, rel};
use super::text::{html_of_xhtml, mime_of};
use crate::feed::{Element, Ns};

/// An Atom text construct (RFC 4287 §3.1), Atom 0.3's `mode` too.
pub(super) fn construct(element: &Element<'_>) -> Option<Text> {
    let kind = element.attribute("type").unwrap_or_default().trim().to_ascii_lowercase();
    let mode = element.attribute("mode").unwrap_or_default();
    let has_elements = || element.children().next().is_some();
    match (&*kind, &*mode) {
        (_, "base64") => None,
        ("xhtml" | "application/xhtml+xml", _) | (_, "xml") => Text::html(&html_of_xhtml(element.inner())),
        ("html" | "text/html", _) | (_, "escaped") if !has_elements() => Text::html(&element.text()),
        _ if has_elements() => Text::html(&html_of_xhtml(element.inner())),
        ("" | "text", _) => Text::plain(&element.text()),
        (mime, _) if mime.starts_with("text/") => Text::plain(&element.text()),
        _ => None, // another document: a picture, XML of its own
    }
}

pub(super) fn person(element: &Element<'_>) -> Option<Person> {
    let mut person = Person::default();
    for child in element.children() {
        match child.name() {
            "name" => person.name = child.text().trim().to_owned(),
            "email" => person.email = non_empty(&child.text()),
            "uri" | "url" => person.url = non_empty(&child.text()),
            _ => {}
        }
    }
    (!person.name.is_empty() || person.email.is_some()).then_some(person)
}

/// `mail@host (Name)`, `Name <mail@host>`, `mail@host` or `Name`.
pub(super) fn person_of_text(text: &str) -> Option<Person> {
    let text = text.trim();
    let split = |open: char, close: char| {
        let (before, rest) = text.split_once(open)?;
        Some((before.trim(), rest.trim_end().strip_suffix(close)?.trim()))
    };
    let (name, email) = match (split('(', ')'), split('<', '>')) {
        (Some((email, name)), _) if is_email(email) => (name, Some(email)),
        (_, Some((name, email))) if is_email(email) => (name.trim_matches('"'), Some(email)),
        _ if is_email(text) => ("", Some(text)),
        _ => (text, None),
    };
    let person = Person { name: name.to_owned(), email: email.map(str::to_owned), ..Person::default() };
    (!text.is_empty()).then_some(person)
}

fn is_email(text: &str) -> bool {
    let host = text.split_once('@').filter(|(local, _)| !local.is_empty()).map(|(_, host)| host);
    host.is_some_and(|host| host.contains('.') && !host.ends_with('.'))
        && !text.contains(|c: char| c.is_whitespace() || c.is_control() || "<>()[],;:\\\"".contains(c))
        && text.matches('@').count() == 1
}

pub(super) fn category(element: &Element<'_>) -> Option<Category> {
    let (term, label) = (address(element, "term"), address(element, "label"));
    let term = term.or_else(|| label.clone()).or_else(|| non_empty(&element.text()))?;
    Some(Category { label: label.filter(|label| *label != term), term, scheme: address(element, "scheme") })
}

pub(super) fn category_of_text(element: &Element<'_>, scheme: &str) -> Option<Category> {
    Some(Category { term: non_empty(&element.text())?, label: None, scheme: address(element, scheme) })
}

pub(super) fn enclosure(element: &Element<'_>, url: &str, length: &str) -> Option<Enclosure> {
    Some(Enclosure {
        url: address(element, url)?,
        mime: address(element, "type"),
        length: address(element, length).and_then(|length| length.parse().ok()),
        title: address(element, "title"),
        seconds: None,
    })
}

pub(super) fn source(element: &Element<'_>) -> Option<Source> {
    let mut source = Source::default();
    for child in element.children() {
        match child.name() {
            "title" => source.title = construct(&child).map(|title| title.as_plain().into_owned()).unwrap_or_default(),
            "id" => source.id = non_empty(&child.text()),
            "link" if source.url.is_none() || rel(&child) == "self" => source.url = address(&child, "href"),
            _ => {}
        }
    }
    (source != Source::default()).then_some(source)
}

/// Media RSS: files, a picture, and a text for items that have no other (YouTube's).
pub(super) fn media(
    element: &Element<'_>,
    files: &mut Vec<Enclosure>,
    picture: &mut Option<String>,
    text: &mut Option<Text>,
) {
    match element.name() {
        "group" => element.children().for_each(|child| media(&child, files, picture, text)),
        "content" => {
            let mut file = enclosure(element, "url", "fileSize");
            if let Some(file) = &mut file {
                file.seconds = address(element, "duration").and_then(|seconds| playing_time(&seconds));
                if file.mime.is_none() {
                    file.mime = address(element, "medium").filter(|m| m == "image").map(|_| "image/*".to_owned());
                }
            }
            let mime = |file: &Enclosure| file.mime.clone().unwrap_or_else(|| mime_of(&file.url).to_owned());
            let is_picture = file.as_ref().is_some_and(|file| mime(file).starts_with("image/"));
            match file {
                Some(file) if is_picture => fill(picture, || Some(file.url)),
                file => files.extend(file),
            }
            element
                .children()
                .filter(|child| child.ns() == Ns::Media)
                .for_each(|child| media(&child, files, picture, text));
        }
        "thumbnail" => fill(picture, || address(element, "url")),
        "description" => {
            let is_html = element.attribute("type").is_some_and(|kind| kind.eq_ignore_ascii_case("html"));
            fill(text, || if is_html { Text::html(&element.text()) } else { Text::plain(&element.text()) });
        }
        _ => {}
    }
}

/// `1:02:03`, `62:03` or `3723`, in seconds.
pub(super) fn playing_time(text: &str) -> Option<u64> {
    let part = |part: &str| part.trim().split('.').next()?.parse::<u64>().ok();
    text.split(':').try_fold(0u64, |total, next| total.checked_mul(60)?.checked_add(part(next)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn persons_are_found_in_the_ways_they_are_written() {
        let read = |text: &str| person_of_text(text).map(|p| (p.name, p.email));
        let some = |name: &str, email: Option<&str>| Some((name.to_owned(), email.map(str::to_owned)));
        assert_eq!(read("a@b.org (Ann Lee)"), some("Ann Lee", Some("a@b.org")));
        assert_eq!(read("Ann Lee <a@b.org>"), some("Ann Lee", Some("a@b.org")));
        assert_eq!(read("a@b.org"), some("", Some("a@b.org")));
        assert_eq!(read("王小明"), some("王小明", None));
        assert_eq!(read("Ann (Lee)"), some("Ann (Lee)", None));
        assert_eq!(read(" "), None);
    }

    #[test]
    fn playing_times_are_read_in_the_ways_they_are_written() {
        let all = ["1:02:03", "62:03", "3723", "3723.5", "x", ""].map(playing_time);
        assert_eq!(all, [Some(3723), Some(3723), Some(3723), Some(3723), None, None]);
    }
}
