//! A feed as a table, a line for each item: comma-separated values (RFC 4180) for spreadsheets, and the tab-separated ones of sfeed(5).
//!
//! Every value stays on its line and in its field, whatever it holds. Linear in the document.

use super::dates::rfc3339;
use super::model::{Category, Document, Item, Person, Text};

/// The columns of a table of comma-separated values; several values in one are separated by spaces (addresses) or `, `.
const COLUMNS: [&str; 10] =
    ["id", "title", "link", "published", "updated", "authors", "categories", "summary", "content", "enclosures"];

/// `document` as comma-separated values, the names of the columns first.
pub(super) fn csv(document: &Document) -> String {
    let mut out = COLUMNS.join(",") + "\r\n";
    for item in &document.items {
        let cells = [
            item.id.clone(),
            plain(item.title.as_ref()),
            item.link.clone().unwrap_or_default(),
            item.published.and_then(rfc3339).unwrap_or_default(),
            item.updated.and_then(rfc3339).unwrap_or_default(),
            authors(item),
            categories(item),
            plain(item.content.as_ref().and(item.summary.as_ref())),
            item.body().map(|text| text.as_html().into_owned()).unwrap_or_default(),
            item.enclosures.iter().chain(&item.media).map(|file| file.url.as_str()).collect::<Vec<_>>().join(" "),
        ];
        for (at, cell) in cells.iter().enumerate() {
            if at > 0 {
                out.push(',');
            }
            quoted(&mut out, cell);
        }
        out.push_str("\r\n");
    }
    out
}

/// In quotes. A spreadsheet would run what begins like a formula: an apostrophe before it says that it is text.
fn quoted(out: &mut String, cell: &str) {
    out.push('"');
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        out.push('\'');
    }
    out.push_str(&cell.replace('"', "\"\""));
    out.push('"');
}

/// `document` as sfeed(5) has it: time, title, link, content, its type, id, author, enclosure, categories.
pub(super) fn sfeed(document: &Document) -> String {
    let mut out = String::new();
    for item in &document.items {
        let (content, kind) = match item.body() {
            Some(Text::Html(html)) => (html.as_str(), "html"),
            Some(Text::Plain(text)) => (text.as_str(), "plain"),
            None => ("", ""),
        };
        let time = item.published.or(item.updated).map(|time| time.secs().to_string()).unwrap_or_default();
        let file = item.enclosures.iter().chain(&item.media).map(|file| file.url.as_str()).next();
        let fields = [
            time,
            one_line(&plain(item.title.as_ref())),
            one_line(item.link.as_deref().unwrap_or_default()),
            escaped(content),
            kind.to_owned(),
            one_line(&item.id),
            one_line(&authors(item)),
            one_line(file.unwrap_or_default()),
            one_line(&item.categories.iter().map(|it| it.label().replace('|', " ")).collect::<Vec<_>>().join("|")),
        ];
        out.push_str(&fields.join("\t"));
        out.push('\n');
    }
    out
}

fn plain(text: Option<&Text>) -> String {
    text.map(|text| text.as_plain().into_owned()).unwrap_or_default()
}

fn authors(item: &Item) -> String {
    item.authors.iter().map(Person::label).collect::<Vec<_>>().join(", ")
}

fn categories(item: &Item) -> String {
    item.categories.iter().map(Category::label).collect::<Vec<_>>().join(", ")
}

/// White space as single spaces, other control characters gone.
fn one_line(text: &str) -> String {
    let words = text.split_whitespace().map(|word| word.replace(char::is_control, ""));
    words.collect::<Vec<_>>().join(" ")
}

/// Line breaks, tabs and backslashes as two characters, other control characters gone.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\\' => out.push_str("\\\\"),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::model::Enclosure;
    use super::*;
    use crate::base::clock::Time;

    fn document() -> Document {
        let item = Item {
            id: "urn:1".to_owned(),
            title: Some(Text::Plain("=1+1, \"台灣\"\nb".to_owned())),
            link: Some("https://a.example/1".to_owned()),
            published: Some(Time::from_secs(1_709_384_400)),
            content: Some(Text::Html("<p>a\\b\tc</p>\n".to_owned())),
            authors: ["A", "B"].map(|name| Person { name: name.to_owned(), ..Person::default() }).to_vec(),
            categories: ["x|y", "z"].map(|term| Category { term: term.to_owned(), label: None, scheme: None }).to_vec(),
            enclosures: vec![Enclosure { url: "https://a.example/1.mp3".to_owned(), ..Enclosure::default() }],
            ..Item::default()
        };
        Document { items: vec![item, Item { id: "urn:2".to_owned(), ..Item::default() }], ..Document::default() }
    }

    #[test]
    fn values_with_commas_quotes_and_line_breaks_stay_in_their_cells() {
        let expected = "id,title,link,published,updated,authors,categories,summary,content,enclosures\r\n\
            \"urn:1\",\"'=1+1, \"\"台灣\"\" b\",\"https://a.example/1\",\"2024-03-02T13:00:00Z\",\"\",\"A, B\",\"x|y, z\",\"\",\"<p>a\\b\tc</p>\n\",\"https://a.example/1.mp3\"\r\n\
            \"urn:2\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\"\r\n";
        assert_eq!(csv(&document()), expected);
    }

    #[test]
    fn an_item_is_one_line_of_nine_fields_in_sfeed() {
        let expected = "1709384400\t=1+1, \"台灣\" b\thttps://a.example/1\t<p>a\\\\b\\tc</p>\\n\thtml\turn:1\tA, B\thttps://a.example/1.mp3\tx y|z\n\
            \t\t\t\t\turn:2\t\t\t\n";
        assert_eq!(sfeed(&document()), expected);
    }
}
