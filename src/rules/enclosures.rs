//! Show attached files in the content, attach what stands in the content, keep or drop attached files by kind.
//!
//! ## What it does
//! Each setting takes kinds, one or a list: `image`, `audio`, `video`, `other`, or a media type (`audio/mpeg`, `application/*`).
//! - `show` (the short form): players, pictures and links of attached files are put at the end of the content, unless it has them already.
//! - `attach`: pictures, audio and video of the content become attached files, unless they are already; the content keeps them.
//! - `keep`, `drop`: other attached files, or these, go. The feed's entries for them go with all that belongs to them.
//!
//! In this order, whatever the order of the settings: `keep` and `drop`, `attach`, `show`.
//!
//! ## When to use
//! A reader that shows no enclosures; a podcast client that plays nothing else; pictures attached that the content shows anyway.
//!
//! ## Example
//! ```toml
//! rules = [{ enclosures = ["audio", "video"] }]
//! ```
//! ```toml
//! rules = [{ enclosures = { attach = "audio", drop = ["image", "application/*"] } }]
//! ```
//!
//! ## Order
//! Before `images` and other rules that write addresses, which then reach what is shown; after `sanitize` and `clean`.
//!
//! ## Cost
//! One look at each attached file; `show` and `attach` read the content.

use serde::Deserialize;
use toml::Spanned;

use super::fragments::is_body;
use super::pattern::Patterns;
use super::{Build, Context, Rule, RuleError};
use crate::base::limits::MAX_ATTACHED;
use crate::config::Report;
use crate::feed::{Enclosure, Feed, Field, Medium, Place};
use crate::html::{UrlKind, escape};

/// Settings of `enclosures`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    show: Option<Patterns>,
    attach: Option<Patterns>,
    keep: Option<Patterns>,
    drop: Option<Patterns>,
}

/// A kind of file.
#[derive(Debug, PartialEq)]
enum Sort {
    Medium(Medium),
    /// A media type, in small letters.
    Type(String),
    /// All below a media type: `application/`.
    Below(String),
}

impl Sort {
    fn read(text: &Spanned<String>, report: &mut Report) -> Option<Sort> {
        let name = text.get_ref().to_ascii_lowercase();
        Some(match name.as_str() {
            "image" => Sort::Medium(Medium::Image),
            "audio" => Sort::Medium(Medium::Audio),
            "video" => Sort::Medium(Medium::Video),
            "other" => Sort::Medium(Medium::Other),
            _ => match name.split_once('/') {
                Some((main, "*")) if !main.is_empty() => Sort::Below(format!("{main}/")),
                Some((main, sub)) if !main.is_empty() && !sub.is_empty() => Sort::Type(name),
                _ => {
                    report.error(text.span(), format!("`{name}` is no kind of file")).help(
                        "write `image`, `audio`, `video`, `other`, or a media type as `audio/mpeg` or `application/*`",
                    );
                    return None;
                }
            },
        })
    }

    fn is(&self, file: &Enclosure) -> bool {
        let mime = || file.mime.as_deref().map(str::to_ascii_lowercase).unwrap_or_default();
        match self {
            Sort::Medium(Medium::Other) => matches!(file.medium, Medium::Other | Medium::Unknown),
            Sort::Medium(medium) => file.medium == *medium,
            Sort::Type(known) => mime() == *known,
            Sort::Below(main) => mime().starts_with(main),
        }
    }
}

impl Build for Config {
    const SHORT: Option<&'static str> = Some("show");
    type Rule = Enclosures;

    fn build(self, report: &mut Report) -> Option<Enclosures> {
        let before = report.count();
        let mut sorts = |list: Option<Patterns>| -> Vec<Sort> {
            list.into_iter().flat_map(|list| list.list).filter_map(|text| Sort::read(&text, report)).collect()
        };
        let built = Enclosures {
            show: sorts(self.show),
            attach: sorts(self.attach),
            keep: sorts(self.keep),
            drop: sorts(self.drop),
        };
        if report.count() == before
            && [&built.show, &built.attach, &built.keep, &built.drop].into_iter().all(Vec::is_empty)
        {
            report.error_here("nothing to do").help("write `{ enclosures = [\"audio\", \"video\"] }`");
        }
        (report.count() == before).then_some(built)
    }
}

/// The compiled rule.
#[derive(Debug)]
pub struct Enclosures {
    show: Vec<Sort>,
    attach: Vec<Sort>,
    keep: Vec<Sort>,
    drop: Vec<Sort>,
}

impl Rule for Enclosures {
    fn apply(&self, feed: &mut Feed, _: &Context) -> Result<(), RuleError> {
        for item in feed.items() {
            self.sift(feed, item);
            if !self.attach.is_empty() {
                self.attach(feed, item);
            }
            if !self.show.is_empty() {
                self.show(feed, item);
            }
        }
        Ok(())
    }
}

impl Enclosures {
    /// Takes away what shall go.
    fn sift(&self, feed: &mut Feed, item: Place) {
        let goes = |file: &Enclosure| {
            let is_any = |sorts: &[Sort]| sorts.iter().any(|sort| sort.is(file));
            is_any(&self.drop) || !self.keep.is_empty() && !is_any(&self.keep)
        };
        // One element may have several slots: each is looked for anew.
        loop {
            let found = feed.slots(item).find(|slot| feed.enclosure(slot).is_some_and(|file| goes(&file)));
            if !found.is_some_and(|slot| feed.remove(item, &slot)) {
                return;
            }
        }
    }

    /// Attaches what the content shows.
    fn attach(&self, feed: &mut Feed, item: Place) {
        let mut known: Vec<String> = feed.enclosures(item).into_iter().map(|file| file.url).collect();
        for (url, medium) in media(feed, item) {
            let file = Enclosure { medium, ..Enclosure::of(&url) };
            let is_asked = self.attach.iter().any(|sort| sort.is(&file));
            if is_asked
                && known.len() < MAX_ATTACHED
                && !known.contains(&url)
                && feed.add_enclosure(item, &file).is_some()
            {
                known.push(url);
            }
        }
    }

    /// Puts attached files into the content.
    fn show(&self, feed: &mut Feed, item: Place) {
        let shown: Vec<String> = media(feed, item).into_iter().map(|(url, _)| url).collect();
        let mut html = String::new();
        for file in feed.enclosures(item).into_iter().take(MAX_ATTACHED) {
            if self.show.iter().any(|sort| sort.is(&file))
                && !shown.contains(&file.url)
                && !html.contains(&*escape(&file.url))
            {
                html.push_str(&player(&file));
            }
        }
        if html.is_empty() {
            return;
        }
        let slots = feed.field(item, Field::Content);
        match slots.iter().find(|slot| is_body(slot)) {
            Some(slot) => feed.fragment(slot).append(&html),
            None => {
                let text = feed.first(item, Field::Content).map(|text| escape(&text).into_owned()).unwrap_or_default();
                feed.set(item, Field::Content, &format!("{text}{html}"));
            }
        }
    }
}

/// The addresses of pictures, sound and moving pictures in the content.
fn media(feed: &Feed, item: Place) -> Vec<(String, Medium)> {
    let mut found = Vec::new();
    for slot in feed.field(item, Field::Content).iter().filter(|slot| is_body(slot)) {
        let mut html = feed.html(slot).into_owned();
        html.map_urls(|kind, url| {
            let of_address = Enclosure::of(url).medium;
            let medium = match kind {
                UrlKind::Image => Some(Medium::Image),
                UrlKind::Media if of_address == Medium::Video => Some(Medium::Video),
                UrlKind::Media => Some(Medium::Audio),
                _ => None,
            };
            found.extend(medium.map(|medium| (url.to_owned(), medium)));
            None
        });
    }
    found
}

/// What shows a file, well-formed as XML too.
fn player(file: &Enclosure) -> String {
    let url = escape(&file.url);
    let name = file.url.split(['?', '#']).next().and_then(|path| path.rsplit('/').next()).unwrap_or_default();
    let name = escape(file.title.as_deref().filter(|title| !title.is_empty()).unwrap_or(name));
    let link = format!("<a href=\"{url}\">{name}</a>");
    match file.medium {
        Medium::Image => {
            format!("<p><img src=\"{url}\" alt=\"{}\"/></p>", escape(file.title.as_deref().unwrap_or_default()))
        }
        Medium::Audio => format!("<p><audio controls=\"controls\" preload=\"none\" src=\"{url}\">{link}</audio></p>"),
        Medium::Video => format!("<p><video controls=\"controls\" preload=\"none\" src=\"{url}\">{link}</video></p>"),
        Medium::Other | Medium::Unknown => format!("<p>{link}</p>"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::fragments::problems;

    #[test]
    fn what_cannot_work_is_refused() {
        assert_eq!(
            problems(
                "[{ enclosures = 'pictures' }, { enclosures = { keep = ['audio', '/x'] } }, { enclosures = true }]"
            ),
            ["17: `pictures` is no kind of file", "65: `/x` is no kind of file", "91: nothing to do"]
        );
    }
}
