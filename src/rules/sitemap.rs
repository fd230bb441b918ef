//! A feed made of a sitemap.
//!
//! ## What it does
//! Each `url` of a sitemap (sitemaps.org; Google's news and image extensions too) becomes an item: its address, its date, the
//! title of the news extension or else one made of the address's last part, its first picture. Files may be packed (`.gz`). The newest come first, at most
//! `limit` (100). Of an index of sitemaps the newest are read, at most `sitemaps` (3). `only` is a regular expression that addresses must
//! meet. Titles and texts come with `full_text`.
//!
//! ## When to use
//! The site has no feed, but a sitemap for search engines.
//!
//! ## Example
//! ```toml
//! rules = [{ sitemap = { only = "/news/", limit = 30 } }, { full_text = { take = ["title"] } }]
//! ```
//!
//! ## Order
//! Before all others, wherever it stands.
//!
//! ## Cost
//! One pass over the sitemap.

use std::borrow::Cow;
use std::io::Read;

use flate2::bufread::MultiGzDecoder;
use quick_xml::Reader as XmlReader;
use quick_xml::events::Event;
use regex::Regex;
use serde::Deserialize;
use toml::Spanned;

use super::source::{Draft, DraftItem, Raw, Reader};
use super::{Build, Context, Rule, RuleError, Want};
use crate::base::clock::Time;
use crate::base::limits::{LISTING_KEPT, MAX_BODY, MAX_ITEMS, MAX_PATTERN, MAX_SITEMAPS, SITEMAP_ITEMS, SITEMAPS_READ};
use crate::base::url::Url;
use crate::config::Report;
use crate::feed::{Feed, charset, dates};

/// Settings of `sitemap`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    only: Option<Spanned<String>>,
    limit: Option<Spanned<usize>>,
    sitemaps: Option<Spanned<usize>>,
}

impl Build for Config {
    const SHORT: Option<&'static str> = Some("only");
    type Rule = Sitemap;

    fn build(self, report: &mut Report) -> Option<Sitemap> {
        let before = report.count();
        let only = self.only.and_then(|text| match Regex::new(text.get_ref()) {
            _ if text.get_ref().len() > MAX_PATTERN => {
                report.error(text.span(), format!("a pattern has at most {MAX_PATTERN} bytes"));
                None
            }
            Ok(regex) => Some(regex),
            Err(error) => {
                report.error(text.span(), format!("bad pattern: {error}"));
                None
            }
        });
        let mut within = |given: Option<Spanned<usize>>, most: usize, otherwise: usize| match given {
            Some(count) if !(1..=most).contains(count.get_ref()) => {
                report.error(count.span(), format!("expected 1 to {most}"));
                otherwise
            }
            Some(count) => count.into_inner(),
            None => otherwise,
        };
        let limit = within(self.limit, MAX_ITEMS, SITEMAP_ITEMS);
        let sitemaps = within(self.sitemaps, MAX_SITEMAPS, SITEMAPS_READ);
        (report.count() == before).then_some(Sitemap { only, limit, sitemaps })
    }
}

/// The compiled rule.
#[derive(Debug)]
pub struct Sitemap {
    only: Option<Regex>,
    limit: usize,
    sitemaps: usize,
}

/// An entry of a sitemap or of an index.
#[derive(Debug, Default, Clone)]
struct Entry {
    address: String,
    date: Option<String>,
    title: Option<String>,
    image: Option<String>,
}

impl Entry {
    fn time(&self) -> Option<Time> {
        self.date.as_deref().and_then(dates::parse)
    }
}

impl Rule for Sitemap {
    fn apply(&self, _: &mut Feed, _: &Context) -> Result<(), RuleError> {
        Ok(())
    }

    fn reader(&self) -> Option<&dyn Reader> {
        Some(self)
    }
}

impl Reader for Sitemap {
    fn wants(&self, raw: &Raw, _: &Context) -> Vec<Want> {
        match read(&text(raw)) {
            Ok((true, entries)) => self.parts(entries),
            _ => Vec::new(),
        }
    }

    fn read(&self, raw: &Raw, cx: &Context) -> Result<Draft, String> {
        let (is_index, mut entries) = read(&text(raw))?;
        if is_index {
            let mut found = Vec::new();
            for want in self.parts(entries) {
                let Some(body) = cx.pages.ready(&want) else { continue };
                let raw = Raw { bytes: body.bytes.clone(), content_type: body.content_type.clone(), url: None };
                found.extend(read(&text(&raw)).map(|(_, entries)| entries).unwrap_or_default());
            }
            entries = found;
        }
        entries
            .retain(|entry| matches!(Url::parse(&entry.address), Ok(url) if matches!(url.scheme(), "http" | "https")));
        entries.retain(|entry| self.only.as_ref().is_none_or(|only| only.is_match(&entry.address)));
        entries.sort_by_key(|entry| std::cmp::Reverse(entry.time()));
        let items: Vec<DraftItem> = entries.into_iter().take(self.limit).map(draft).collect();
        if items.is_empty() {
            return Err("the sitemap names no page that is meant".to_owned());
        }
        let link = raw.url.as_ref().and_then(|url| url.join("/").ok()).map(String::from);
        Ok(Draft { link, items, ..Draft::default() })
    }
}

impl Sitemap {
    /// The newest parts of an index.
    fn parts(&self, mut entries: Vec<Entry>) -> Vec<Want> {
        entries.sort_by_key(|entry| std::cmp::Reverse(entry.time()));
        let urls = entries.iter().filter_map(|entry| Url::parse(&entry.address).ok());
        urls.take(self.sitemaps).map(|url| Want { kept: LISTING_KEPT, ..Want::page(url) }).collect()
    }
}

fn draft(entry: Entry) -> DraftItem {
    let title = entry.title.clone().or_else(|| slug(&entry.address));
    DraftItem { title, link: Some(entry.address), date: entry.date, image: entry.image, ..DraftItem::default() }
}

/// Longest ending of a file (`xhtml`, `shtml`): more is a part of a title.
const MAX_ENDING: usize = 5;

/// `/2024/05/a-fine-day.html` → `a fine day`.
fn slug(address: &str) -> Option<String> {
    let url = Url::parse(address).ok()?;
    let last = url.path_segments()?.rfind(|part| !part.is_empty())?;
    let last = percent_encoding::percent_decode_str(last).decode_utf8_lossy().into_owned();
    let is_ending = |end: &str| end.len() <= MAX_ENDING && end.bytes().all(|b| b.is_ascii_alphabetic());
    let stem = last.rsplit_once('.').filter(|(_, end)| is_ending(end)).map_or(last.as_str(), |(stem, _)| stem);
    Some(stem.replace(['-', '_', '+'], " "))
}

fn text(raw: &Raw) -> String {
    let bytes = unpacked(&raw.bytes);
    charset::decode(&bytes, raw.content_type.as_deref().and_then(charset::label)).text.into_owned()
}

/// The bytes of a `.gz` file, at most [`MAX_BODY`] of them; what is cut off or damaged ends there.
fn unpacked(bytes: &[u8]) -> Cow<'_, [u8]> {
    if !bytes.starts_with(&[0x1f, 0x8b, 8]) {
        return Cow::Borrowed(bytes);
    }
    let mut out = Vec::new();
    let _ = MultiGzDecoder::new(bytes).take(MAX_BODY as u64).read_to_end(&mut out);
    Cow::Owned(out)
}

/// The entries, and whether they are sitemaps themselves.
fn read(text: &str) -> Result<(bool, Vec<Entry>), String> {
    let mut reader = XmlReader::from_str(text);
    let (mut entries, mut entry, mut path): (Vec<Entry>, Entry, Vec<Vec<u8>>) = Default::default();
    let mut is_index = None;
    let mut value = String::new();
    loop {
        match reader.read_event().map_err(|error| format!("not a sitemap: {error}"))? {
            Event::Eof => break,
            Event::Start(tag) => {
                let name = tag.local_name().as_ref().as_bytes().to_vec();
                if is_index.is_none() {
                    is_index = match name.as_slice() {
                        b"sitemapindex" => Some(true),
                        b"urlset" => Some(false),
                        _ => return Err("not a sitemap: its root is neither `urlset` nor `sitemapindex`".to_owned()),
                    };
                }
                path.push(name);
                if path.len() == 2 {
                    entry = Entry::default();
                }
                value.clear();
            }
            Event::Text(text) => value.push_str(&text),
            Event::CData(text) => value.push_str(&text),
            Event::GeneralRef(reference) => {
                value.push_str(&htmlize::unescape(format!("&{};", &*reference)));
            }
            Event::End(_) => {
                let taken = std::mem::take(&mut value);
                let taken = taken.trim();
                if !taken.is_empty() {
                    let at = |depth: usize| path.get(depth).map_or(&b""[..], Vec::as_slice);
                    match (path.len(), at(path.len() - 1)) {
                        (3, b"loc") => entry.address = taken.to_owned(),
                        (3, b"lastmod") => entry.date = entry.date.take().or_else(|| Some(taken.to_owned())),
                        (_, b"publication_date") => entry.date = Some(taken.to_owned()),
                        (4, b"title") if at(2) == b"news" => {
                            entry.title = entry.title.take().or_else(|| Some(taken.to_owned()))
                        }
                        (4, b"loc") if at(2) == b"image" => {
                            entry.image = entry.image.take().or_else(|| Some(taken.to_owned()))
                        }
                        _ => {}
                    }
                }
                path.pop();
                if path.len() == 1 && !entry.address.is_empty() && entries.len() < MAX_ITEMS * 10 {
                    entries.push(std::mem::take(&mut entry));
                }
            }
            _ => {}
        }
    }
    is_index.map(|is_index| (is_index, entries)).ok_or_else(|| "not a sitemap: the document is empty".to_owned())
}
