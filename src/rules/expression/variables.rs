//! What an expression can name: the fields of an item and of its feed, each computed only where it is named.

use std::collections::{BTreeMap, HashSet};

use minijinja::Value;

use super::functions::Moment;
use super::look::{Look, host};
use crate::base::clock::Time;
use crate::feed::{Feed, Field, Kind, Medium};

/// A name and what it stands for.
struct Variable {
    name: &'static str,
    /// For the manual.
    about: &'static str,
    sort: Sort,
    /// The field whose HTML is looked into.
    reads: Option<Field>,
    value: fn(&Look<'_>) -> Value,
}

/// What sort of value a variable is.
#[derive(Clone, Copy)]
enum Sort {
    Text,
    Texts,
    Files,
    Number,
    Bool,
    Date,
}

impl Sort {
    /// A value of the sort, for a trial.
    fn sample(self) -> Value {
        match self {
            Sort::Text => Value::from("word"),
            Sort::Texts => Value::from(vec!["one", "two"]),
            Sort::Number => Value::from(1),
            Sort::Bool => Value::from(true),
            Sort::Date => Value::from_object(Moment::utc(Time(0))),
            Sort::Files => Value::from(vec![Value::from(BTreeMap::from([
                ("url", Value::from("https://example.org/a.mp3")),
                ("type", Value::from("audio/mpeg")),
                ("length", Value::from(1)),
                ("medium", Value::from("audio")),
            ]))]),
        }
    }
}

/// A table of variables, one a line: `NAME: SORT, |look| VALUE, ABOUT;` and before the colon, in parentheses, the field whose
/// HTML is looked into.
macro_rules! variables {
    ($table:ident, $doc:literal; $($name:ident $(($reads:ident))?: $sort:ident, $value:expr, $about:literal;)+) => {
        #[doc = $doc]
        const $table: &[Variable] = &[$(Variable {
            name: stringify!($name),
            about: $about,
            sort: Sort::$sort,
            reads: [$(Some(Field::$reads),)? None][0],
            value: $value,
        }),+];
    };
}

variables! { ITEM, "The fields of an item, in the order of the manual.";
    title: Text, |look| look.text(Field::Title), "the title, as text";
    content (Content): Text, |look| look.html(Field::Content), "the content, as HTML; the summary where there is none";
    summary (Summary): Text, |look| look.html(Field::Summary), "the summary, as HTML; the content where there is none";
    text (Content): Text, |look| look.text(Field::Content), "the content as a person reads it";
    author: Text, |look| look.list(Field::Author).join(", ").into(), "the authors, with commas between";
    authors: Texts, |look| look.list(Field::Author).into(), "the authors, a list";
    category: Text, |look| look.list(Field::Category).join(", ").into(), "the categories, with commas between";
    categories: Texts, |look| look.list(Field::Category).into(), "the categories, a list";
    link: Text, |look| look.link().into(), "the address of the item's page";
    host: Text, |look| host(&look.link()).into(), "the host of the link, in small letters, without `www.`";
    id: Text, |look| look.text(Field::Id), "the id or GUID";
    comments: Text, |look| look.text(Field::Comments), "the address of the comments";
    published: Date, |look| Look::moment(look.feed.date(look.place)), "when it was published, a date; undefined where nothing says so";
    updated: Date, |look| Look::moment(look.feed.changed(look.place)), "when it was last changed, a date; else as `published`";
    age: Number, |look| look.age(), "seconds since it was published (`age < duration(\"7d\")`), negative for the future; undefined where undated";
    weekday: Text, |look| look.date_part("weekday"), "the day of the week on which it was published (`monday` …), in UTC; undefined where undated";
    hour: Number, |look| look.date_part("hour"), "the hour in which it was published (0 to 23), in UTC; undefined where undated; elsewhere: `(published | zone(\"Asia/Taipei\")).hour`";
    language: Text, |look| look.language(), "the language tag of the item, or of the feed";
    script (Content): Text, |look| look.script(), "the script of title and content: `hans`, `hant`, `mixed` (Chinese of both), `ja`, `ko`, or empty";
    enclosures: Files, |look| look.enclosures(), "the attached files, a list; each has `url`, `type`, `length` (bytes) and `medium` (`image`, `audio`, `video`, `other`)";
    images (Content): Texts, |look| look.addresses("img", "src").into(), "the addresses of the pictures in the content, a list";
    links (Content): Texts, |look| look.addresses("a", "href").into(), "the addresses of the links in the content, a list";
    has_image (Content): Bool, |look| look.has(Medium::Image).into(), "true where a picture stands in the content, is attached, or stands for the item";
    has_audio (Content): Bool, |look| look.has(Medium::Audio).into(), "true where sound stands in the content or is attached";
    has_video (Content): Bool, |look| look.has(Medium::Video).into(), "true where moving pictures stand in the content or are attached";
    words (Content): Number, |look| look.words().into(), "how many words the content has; a Chinese or Japanese character is one";
    chars (Content): Number, |look| look.chars().into(), "how many characters the content has, without white space";
    position: Number, |look| look.position.into(), "where the item stands among those that are left, from 1";
    source: Text, |look| look.text(Field::Source), "the name of the feed that the item was taken from";
    now: Date, |look| Look::moment(Some(look.cx.now())), "the present, a date";
}

variables! { FEED, "The fields of the feed, named as `feed.NAME`.";
    title: Text, |look| look.head().text(Field::Title), "the feed's title, as text";
    summary: Text, |look| look.head().text(Field::Summary), "its description, as text";
    link: Text, |look| look.head().link().into(), "the address of its page";
    url: Text, |look| look.feed_url().into(), "the address it came from";
    host: Text, |look| host(look.feed_url()).into(), "the host of that address, in small letters, without `www.`";
    language: Text, |look| look.head().language(), "its language tag";
    format: Text, |look| look.format().into(), "`rss`, `atom` or `json`";
    items: Number, |look| look.feed.items().len().into(), "how many items are left";
}

/// The name under which compiled patterns travel.
pub(super) const PATTERNS: &str = "_patterns";
/// The name under which what `sample` counts by travels.
pub(super) const IDENTITY: &str = "_identity";

/// The values that one expression asks for.
#[derive(Default)]
pub(super) struct Needs {
    item: Vec<&'static Variable>,
    feed: Vec<&'static Variable>,
    identity: bool,
}

impl Needs {
    /// Adds what the dotted name stands for. On failure, the known names that it may have meant.
    pub fn add(&mut self, name: &str) -> Result<(), Vec<String>> {
        let mut parts = name.split('.');
        match (parts.next().unwrap_or(""), parts.next()) {
            ("feed", Some(field)) => match FEED.iter().find(|variable| variable.name == field) {
                Some(variable) => self.feed.push(variable),
                None => return Err(FEED.iter().map(|variable| format!("feed.{}", variable.name)).collect()),
            },
            ("feed", None) => self.feed.extend(FEED),
            (first, _) => match ITEM.iter().find(|variable| variable.name == first) {
                Some(variable) if self.item.iter().all(|known| known.name != first) => self.item.push(variable),
                Some(_) => {}
                None => {
                    return Err(ITEM
                        .iter()
                        .map(|variable| variable.name.to_owned())
                        .chain(["feed".to_owned()])
                        .collect());
                }
            },
        }
        Ok(())
    }

    /// The expression takes a sample.
    pub fn add_identity(&mut self) {
        self.identity = true;
    }

    /// True where only the feed's own fields are named.
    pub fn is_of_feed(&self) -> bool {
        self.item.iter().all(|variable| variable.name == "now") && !self.identity
    }

    /// Reads the HTML of the fields that are looked into, once for all rules.
    pub fn prepare(&self, feed: &mut Feed) {
        let fields: HashSet<Field> = self.item.iter().filter_map(|variable| variable.reads).collect();
        for item in if fields.is_empty() { Vec::new() } else { feed.items() } {
            for slot in fields.iter().flat_map(|field| feed.field(item, *field)).collect::<Vec<_>>() {
                if slot.kind == Kind::Html && feed.may_have_tags(&slot) {
                    feed.fragment(&slot);
                }
            }
        }
    }

    /// The values of an item.
    pub fn read(&self, look: &Look<'_>, patterns: &Value) -> Value {
        self.values(patterns, |variable| (variable.value)(look), || look.identity())
    }

    /// Values of the right kinds for a trial.
    pub fn sample(&self, patterns: &Value) -> Value {
        self.values(patterns, |variable| variable.sort.sample(), String::new)
    }

    fn values(&self, patterns: &Value, value: impl Fn(&Variable) -> Value, identity: impl Fn() -> String) -> Value {
        let of = |variables: &[&'static Variable]| {
            variables.iter().map(|variable| (variable.name, value(variable))).collect::<BTreeMap<_, _>>()
        };
        let mut values = of(&self.item);
        if !self.feed.is_empty() {
            values.insert("feed", Value::from(of(&self.feed)));
        }
        if self.identity {
            values.insert(IDENTITY, Value::from(identity()));
        }
        values.insert(PATTERNS, patterns.clone());
        Value::from(values)
    }
}

/// The manual's list.
pub(super) fn docs() -> String {
    let row = |prefix: &str, variable: &Variable| format!("- `{prefix}{}`: {}\n", variable.name, variable.about);
    let item = ITEM.iter().map(|variable| row("", variable));
    item.chain(FEED.iter().map(|variable| row("feed.", variable))).collect()
}
