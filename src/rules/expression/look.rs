//! An item as an expression looks at it: how each of its values is read.

use std::collections::BTreeMap;

use minijinja::Value;

use super::functions::Moment;
use crate::base::clock::Time;
use crate::base::text::is_word_alone;
use crate::base::url::Url;
use crate::chinese::{Script, Tally};
use crate::feed::{Feed, Field, Format, Kind, Medium, Place, Slot};
use crate::html::{Kind as Token, escape};
use crate::rules::Context;

/// An item as an expression looks at it.
pub struct Look<'a> {
    pub feed: &'a Feed,
    pub place: Place,
    /// From 1, among the items that are left.
    pub position: usize,
    pub cx: &'a Context,
}

impl Look<'_> {
    /// The feed's own fields.
    pub fn head(&self) -> Look<'_> {
        Look { place: Place::Head, ..*self }
    }

    pub fn text(&self, field: Field) -> Value {
        Value::from(self.feed.first(self.place, field).unwrap_or_default().into_owned())
    }

    pub fn plain(&self) -> String {
        self.feed.first(self.place, Field::Content).map(|text| text.into_owned()).unwrap_or_default()
    }

    /// HTML, not to be escaped again. Plain text is made HTML.
    pub fn html(&self, field: Field) -> Value {
        let slots = self.feed.field(self.place, field);
        let Some(slot) = slots.iter().find(|slot| !self.feed.value(slot).trim().is_empty()) else {
            return Value::from_safe_string(String::new());
        };
        let value = self.feed.value(slot);
        Value::from_safe_string(if slot.kind == Kind::Html { value.into_owned() } else { escape(&value).into_owned() })
    }

    /// The values of a field that are for people, each once.
    pub fn list(&self, field: Field) -> Vec<String> {
        let mut list = Vec::new();
        for slot in self.feed.slots(self.place).filter(|slot| slot.field == field && slot.kind != Kind::Opaque) {
            let value = self.feed.plain(&slot).into_owned();
            if !value.is_empty() && !list.contains(&value) {
                list.push(value);
            }
        }
        list
    }

    /// What tells the item from others for good: its id, else its link or title.
    pub fn identity(&self) -> String {
        let of = |field| self.feed.first(self.place, field).map(|value| value.into_owned());
        of(Field::Id).or_else(|| self.feed.link(self.place)).or_else(|| of(Field::Title)).unwrap_or_default()
    }

    /// The address of the page.
    pub fn link(&self) -> String {
        self.feed.link(self.place).unwrap_or_default()
    }

    /// The address that the feed came from.
    pub fn feed_url(&self) -> &str {
        self.cx.feed_url.as_ref().map_or("", Url::as_str)
    }

    /// The language of the item, else of the feed.
    pub fn language(&self) -> Value {
        let of = |place| self.feed.first(place, Field::Language).map(|tag| tag.into_owned());
        Value::from(of(self.place).or_else(|| of(Place::Head)).unwrap_or_default())
    }

    /// The family of the feed's format.
    pub fn format(&self) -> &'static str {
        match self.feed.format() {
            Format::Atom03 | Format::Atom10 => "atom",
            format if format.is_json() => "json",
            _ => "rss",
        }
    }

    /// How many characters the content has, without white space.
    pub fn chars(&self) -> usize {
        self.plain().chars().filter(|c| !c.is_whitespace()).count()
    }

    pub fn moment(time: Option<Time>) -> Value {
        time.map_or(Value::UNDEFINED, |time| Value::from_object(Moment::utc(time)))
    }

    pub fn age(&self) -> Value {
        self.feed.date(self.place).map_or(Value::UNDEFINED, |date| Value::from(self.cx.now().secs() - date.secs()))
    }

    /// A part of the date of publication, in UTC: `hour`, `weekday` …
    pub fn date_part(&self, part: &str) -> Value {
        Look::moment(self.feed.date(self.place)).get_attr(part).unwrap_or(Value::UNDEFINED)
    }

    pub fn script(&self) -> Value {
        let mut tally = Tally::new();
        tally.add(&self.feed.first(self.place, Field::Title).unwrap_or_default());
        tally.add(&self.plain());
        Value::from(match tally.script() {
            Script::Simplified => "hans",
            Script::Traditional => "hant",
            Script::Mixed => "mixed",
            Script::Japanese => "ja",
            Script::Korean => "ko",
            Script::Neither => "",
        })
    }

    pub fn enclosures(&self) -> Value {
        let files = self.feed.enclosures(self.place).into_iter().map(|file| {
            Value::from(BTreeMap::from([
                ("url", Value::from(file.url)),
                ("type", Value::from(file.mime.unwrap_or_default())),
                ("length", Value::from(file.length.unwrap_or(0))),
                ("medium", Value::from(medium(file.medium))),
            ]))
        });
        files.collect()
    }

    /// The values of an attribute of all elements of a name in the content.
    pub fn addresses(&self, element: &str, attribute: &str) -> Vec<String> {
        let mut found = Vec::new();
        for slot in self.feed.field(self.place, Field::Content).iter().filter(|slot| slot.kind == Kind::Html) {
            let html = self.feed.html(slot);
            let tags =
                (0..html.len()).filter(|id| matches!(html.kind(*id), Token::Start { .. }) && html.is(*id, element));
            found.extend(tags.filter_map(|id| html.attr(id, attribute)).map(|value| value.trim().to_owned()));
        }
        found
    }

    /// What stands in the content, is attached, or stands for the item.
    pub fn has(&self, medium: Medium) -> bool {
        let element = match medium {
            Medium::Image => "img",
            Medium::Audio => "audio",
            _ => "video",
        };
        let is_file = |slot: &Slot| slot.field == Field::Enclosure && slot.medium == medium;
        let stands_for = |slot: &Slot| medium == Medium::Image && slot.field == Field::Image;
        self.feed.slots(self.place).any(|slot| is_file(&slot) || stands_for(&slot)) || self.has_element(element)
    }

    fn has_element(&self, element: &str) -> bool {
        self.feed.field(self.place, Field::Content).iter().filter(|slot| slot.kind == Kind::Html).any(|slot| {
            let html = self.feed.html(slot);
            (0..html.len()).any(|id| matches!(html.kind(id), Token::Start { .. }) && html.is(id, element))
        })
    }

    /// Words between spaces; of a script without spaces each character.
    pub fn words(&self) -> usize {
        count_words(&self.plain())
    }
}

fn count_words(text: &str) -> usize {
    let mut count = 0;
    let mut inside = false;
    for c in text.chars() {
        let is_alone = is_word_alone(c);
        let is_word = !is_alone && (c.is_alphanumeric() || inside && matches!(c, '\'' | '’' | '-'));
        count += usize::from(is_alone || is_word && !inside);
        inside = is_word;
    }
    count
}

/// The host of an address, in small letters, without `www.`.
pub(super) fn host(address: &str) -> String {
    let url = Url::parse(address.trim());
    let host = url.as_ref().ok().and_then(Url::host_str).unwrap_or_default();
    host.strip_prefix("www.").unwrap_or(host).to_owned()
}

fn medium(medium: Medium) -> &'static str {
    match medium {
        Medium::Image => "image",
        Medium::Audio => "audio",
        Medium::Video => "video",
        Medium::Other | Medium::Unknown => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_counted_in_any_script() {
        for (text, words) in [
            ("", 0),
            ("it's a well-known fact", 4),
            ("人工智能 AI 2024", 6),
            ("ひらがな", 4),
            ("한국어 기사", 2),
            ("— … —", 0),
        ] {
            assert_eq!(count_words(text), words, "{text}");
        }
    }

    #[test]
    fn a_host_is_without_www() {
        assert_eq!(host("https://www.Example.org:8080/x"), "example.org");
        assert_eq!(host("no address"), "");
    }
}
