//! What a mirror remembers of a feed: every item that it ever saw, with its file. One line for each item, in the order in which they
//! were first seen, so that a version control system shows what came.

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};

use super::files::{Folder, MirrorError};
use super::once;
use crate::base::clock::Time;
use crate::base::limits::{EXCERPT_CHARS, MAX_MIRROR_INDEX};
use crate::base::text::excerpt;
use crate::config::{ConfigError, read_capped};
use crate::emit::Format;
use crate::emit::model::{Document, Item, Text};

/// Its file.
const FILE: &str = "index.json";
/// What its first line says.
const VERSION: u32 = 1;

/// The memory of one feed.
#[derive(Debug)]
pub(super) struct Index {
    head: Head,
    entries: Vec<Entry>,
    /// Where the entry of an id stands.
    places: HashMap<String, usize>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Head {
    refeed_mirror: u32,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    title: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    link: Option<String>,
}

/// One item.
#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    first_seen: i64,
    id: String,
    /// None until the document is written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    title: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    link: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    date: Option<String>,
    #[serde(default, skip_serializing_if = "is_false")]
    removed: bool,
    /// Files copied along: address → name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    media: Vec<(String, String)>,
}

impl Entry {
    /// The files that belong to it.
    fn files(&self) -> impl Iterator<Item = &str> {
        self.file.as_deref().into_iter().chain(self.media.iter().map(|(_, name)| name.as_str()))
    }
}

/// True of a name that a mirror gives: a file of its folder, or of the folder of copies.
fn is_inside(name: &str) -> bool {
    let name = name.strip_prefix("media/").unwrap_or(name);
    !name.is_empty() && !name.starts_with('.') && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.')
}

#[allow(clippy::trivially_copy_pass_by_ref)] // as serde asks
fn is_false(value: &bool) -> bool {
    !value
}

impl Index {
    /// That of `folder`; empty where there is none.
    pub(super) fn read(folder: &Folder) -> Result<Index, MirrorError> {
        let path = folder.path(FILE);
        let wrong = |what: String| MirrorError::Index { path: path.clone(), what };
        let text = match read_capped(&path, MAX_MIRROR_INDEX, None) {
            Ok(bytes) => String::from_utf8(bytes).map_err(|_| wrong("it is not UTF-8".to_owned()))?,
            Err(ConfigError::Read { error, .. }) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(wrong(error.to_string())),
        };
        let mut lines = text.lines().enumerate().filter(|(_, line)| !matches!(line.trim(), "" | "[" | "]"));
        let bad = |(at, error): (usize, serde_json::Error)| wrong(format!("line {}: {error}", at + 1));
        fn value<'a, T: Deserialize<'a>>((at, line): (usize, &'a str)) -> Result<T, (usize, serde_json::Error)> {
            serde_json::from_str(line.trim().trim_end_matches(',')).map_err(|error| (at, error))
        }
        let head = lines.next().map(value::<Head>).transpose().map_err(bad)?;
        let head = head.unwrap_or(Head { refeed_mirror: VERSION, title: String::new(), link: None });
        if head.refeed_mirror != VERSION {
            return Err(wrong(format!("it is of version {}, this program writes {VERSION}", head.refeed_mirror)));
        }
        let entries = lines.map(value::<Entry>).collect::<Result<Vec<_>, _>>().map_err(bad)?;
        // an index may come from elsewhere, and files that it names are removed
        if let Some(name) = entries.iter().flat_map(Entry::files).find(|name| !is_inside(name)) {
            return Err(wrong(format!("it names a file that no mirror has: {}", excerpt(name, EXCERPT_CHARS))));
        }
        let places = entries.iter().enumerate().map(|(at, entry)| (entry.id.clone(), at)).collect();
        Ok(Index { head, entries, places })
    }

    /// Writes it, where it changed.
    pub(super) fn write(&self, folder: &Folder) -> Result<(), MirrorError> {
        let mut lines = vec![line(&self.head)];
        lines.extend(self.entries.iter().map(line));
        folder.put(FILE, format!("[\n{}\n]\n", lines.join(",\n")).as_bytes()).map(drop)
    }

    /// Gives each item the moment at which it was first seen, and remembers those that are new. How many they are.
    pub(super) fn see(&mut self, document: &mut Document, now: Time, folder: &Folder) -> Result<usize, MirrorError> {
        once(document);
        let mut taken: HashSet<i64> = self.entries.iter().map(|entry| entry.first_seen).collect();
        for item in &mut document.items {
            item.first_seen = self.entry(item).map(|entry| Time(entry.first_seen));
        }
        let is_new: Vec<bool> = document.items.iter().map(|item| item.first_seen.is_none()).collect();
        document.see(now, |time| !taken.contains(&time.0) && !folder.has_stem(&time.0.to_string()));
        let mut new: Vec<&Item> =
            document.items.iter().zip(is_new).filter(|(_, new)| *new).map(|(item, _)| item).collect();
        new.sort_by_key(|item| item.first_seen);
        let count = new.len();
        for item in new {
            let first_seen = item.first_seen.map_or(now.0, |time| time.0);
            taken.insert(first_seen);
            self.places.insert(item.id.clone(), self.entries.len());
            self.entries.push(Entry {
                first_seen,
                id: item.id.clone(),
                file: None,
                title: String::new(),
                link: None,
                date: None,
                removed: false,
                media: Vec::new(),
            });
        }
        Ok(count)
    }

    /// Marks the items that the feed took back: gone, although one that was first seen before is still there. How many
    /// are newly marked. One that is there again loses its mark.
    pub(super) fn mark(&mut self, document: &Document) -> usize {
        let present: HashSet<&str> = document.items.iter().map(|item| item.id.as_str()).collect();
        let oldest = document.items.iter().filter_map(|item| item.first_seen).min().map_or(i64::MAX, |time| time.0);
        let mut marked = 0;
        for entry in &mut self.entries {
            let is_there = present.contains(entry.id.as_str());
            if !is_there && !entry.removed && entry.first_seen > oldest {
                entry.removed = true;
                marked += 1;
            }
            entry.removed &= !is_there;
        }
        marked
    }

    /// True for an item that was seen.
    pub(super) fn knows(&self, item: &Item) -> bool {
        self.places.contains_key(&item.id)
    }

    /// The name of its document.
    pub(super) fn name(&self, item: &Item, extension: &str) -> Option<String> {
        self.entry(item).map(|entry| format!("{}.{extension}", entry.first_seen))
    }

    /// Remembers what the document in `file` shows. One that the item had under another ending goes.
    pub(super) fn update(&mut self, item: &Item, file: String, folder: &Folder) -> Result<(), MirrorError> {
        let Some(entry) = self.places.get(&item.id).and_then(|at| self.entries.get_mut(*at)) else { return Ok(()) };
        if let Some(old) = entry.file.as_ref().filter(|old| **old != file) {
            folder.remove(old)?;
        }
        entry.file = Some(file);
        entry.title = item.title.as_ref().map(Text::as_plain).unwrap_or_default().into_owned();
        entry.link.clone_from(&item.link);
        entry.date.clone_from(&item.date);
        Ok(())
    }

    /// Remembers the feed's own title and page.
    pub(super) fn describe(&mut self, document: &Document) {
        self.head.title = document.title.as_ref().map(Text::as_plain).unwrap_or_default().into_owned();
        self.head.link.clone_from(&document.link);
    }

    /// The name of the copy of `url` that belongs to an item.
    pub(super) fn copy(&self, item: &Item, url: &str) -> Option<&str> {
        self.entry(item)?.media.iter().find(|(known, _)| known == url).map(|(_, name)| name.as_str())
    }

    /// Remembers a copy.
    pub(super) fn copied(&mut self, item: &Item, url: &str, name: &str) {
        if let Some(entry) = self.places.get(&item.id).and_then(|at| self.entries.get_mut(*at)) {
            entry.media.push((url.to_owned(), name.to_owned()));
        }
    }

    fn entry(&self, item: &Item) -> Option<&Entry> {
        self.places.get(&item.id).and_then(|at| self.entries.get(*at))
    }

    /// For people: the newest first.
    pub(super) fn page(&self, format: Format) -> String {
        let entries = self.entries.iter().rev().filter_map(|entry| Some((entry, entry.file.as_deref()?)));
        let title = |entry: &Entry| if entry.title.is_empty() { entry.id.clone() } else { entry.title.clone() };
        match format {
            Format::Html => {
                let escape = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
                let rows = entries.map(|(entry, file)| {
                    let link = format!("<a href=\"{}\">{}</a>", escape(file), escape(&title(entry)));
                    let link = if entry.removed { format!("<del>{link}</del>") } else { link };
                    format!("<li>{link} <small>{}</small></li>\n", escape(entry.date.as_deref().unwrap_or_default()))
                });
                let rows: String = rows.collect();
                let name = escape(&self.head.title);
                format!(
                    "<!DOCTYPE html>\n<meta charset=\"utf-8\">\n<title>{name}</title>\n<h1>{name}</h1>\n<ul>\n{rows}</ul>\n"
                )
            }
            _ => {
                let rows = entries.map(|(entry, file)| {
                    let link = format!("[{}]({file})", Text::Plain(title(entry)).as_markdown());
                    let link = if entry.removed { format!("~~{link}~~") } else { link };
                    format!("- {link} {}\n", entry.date.as_deref().unwrap_or_default()).replace(" \n", "\n")
                });
                let rows: String = rows.collect();
                format!("# {}\n\n{rows}", Text::Plain(self.head.title.clone()).as_markdown())
            }
        }
    }
}

/// One value on one line.
fn line(value: &impl Serialize) -> String {
    // plain strings and numbers: nothing that could fail
    serde_json::to_string(value).unwrap_or_default()
}
