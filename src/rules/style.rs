//! Set inline styles and attributes of elements in the HTML of items.
//!
//! ## What it does
//! A table of CSS selectors. A text is CSS that is set in the `style` of what the selector finds, property by property: what the element
//! says otherwise stays. A table sets attributes: a text is the value, `false` takes the attribute away. Lines are applied in the order in
//! which they stand.
//!
//! ## When to use
//! Pictures that are wider than the page, letters too small, tables without lines: readers show inline styles and few others. And
//! `referrerpolicy`, for pictures that their host shows to its own pages only.
//!
//! ## Example
//! ```toml
//! rules = [{ style = { "img, video" = "max-width: 100%; height: auto", "td" = "border: 1px solid" } }]
//! ```
//! ```toml
//! rules = [{ style = { "img" = { width = "100%", height = false, referrerpolicy = "no-referrer" } } }]
//! ```
//!
//! ## Order
//! After `sanitize`, which takes styles away; after `embed` and `lazy`, which make pictures and frames.
//!
//! ## Cost
//! One pass over the tags of the HTML, shared with the other rules that look into it.

use std::fmt;

use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, Visitor};
use toml::Spanned;

use super::{Build, Context, Rule, RuleError, fragments};
use crate::config::Report;
use crate::feed::Feed;
use crate::html::{Fragment, Selectors, declarations, declare};

/// Settings of `style`: selectors, with what is set.
#[derive(Debug)]
pub struct Config(Vec<(Spanned<String>, Spanned<Setting>)>);

#[derive(Debug)]
enum Setting {
    Css(String),
    Attributes(Vec<(Spanned<String>, Value)>),
}

/// The value of an attribute, or that it goes.
#[derive(Debug)]
enum Value {
    Text(String),
    None,
}

impl<'de> Deserialize<'de> for Config {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Config, D::Error> {
        from.deserialize_map(Pairs).map(Config)
    }
}

/// A table in its own order.
struct Pairs;

impl<'de> Visitor<'de> for Pairs {
    type Value = Vec<(Spanned<String>, Spanned<Setting>)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table of selectors")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut pairs = Vec::new();
        while let Some(pair) = map.next_entry()? {
            pairs.push(pair);
        }
        Ok(pairs)
    }
}

impl<'de> Deserialize<'de> for Setting {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Setting, D::Error> {
        struct CssOrAttributes;
        impl<'de> Visitor<'de> for CssOrAttributes {
            type Value = Setting;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("CSS or a table of attributes")
            }

            fn visit_str<E: de::Error>(self, css: &str) -> Result<Setting, E> {
                Ok(Setting::Css(css.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Setting, A::Error> {
                let mut attributes = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    attributes.push(pair);
                }
                Ok(Setting::Attributes(attributes))
            }
        }
        from.deserialize_any(CssOrAttributes)
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Value, D::Error> {
        struct TextOrFalse;
        impl Visitor<'_> for TextOrFalse {
            type Value = Value;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, or `false` to take the attribute away")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Value, E> {
                Ok(Value::Text(text.to_owned()))
            }

            fn visit_bool<E: de::Error>(self, is_there: bool) -> Result<Value, E> {
                Ok(if is_there { Value::Text(String::new()) } else { Value::None })
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Value, E> {
                Ok(Value::Text(number.to_string()))
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Value, E> {
                Ok(Value::Text(number.to_string()))
            }
        }
        from.deserialize_any(TextOrFalse)
    }
}

impl Build for Config {
    const SHORT: Option<&'static str> = None;
    type Rule = Style;

    fn build(self, report: &mut Report) -> Option<Style> {
        let before = report.count();
        if self.0.is_empty() {
            report.error_here("no selector: nothing to style").help("write `{ \"img\" = \"max-width: 100%\" }`");
        }
        let mut lines = Vec::new();
        for (css, setting) in self.0 {
            let span = setting.span();
            let changes = match setting.into_inner() {
                Setting::Css(text) => {
                    let found = declarations(&text);
                    if found.is_empty() || found.iter().any(|(_, value)| value.is_empty()) {
                        report.error(span, "no CSS declaration").help("write `property: value; property: value`");
                    }
                    found.into_iter().map(|(name, value)| Change::Style(name.to_owned(), value.to_owned())).collect()
                }
                Setting::Attributes(attributes) => {
                    for (name, _) in attributes.iter().filter(|(name, _)| !is_name(name.get_ref())) {
                        report.error(name.span(), format!("`{}` is no attribute's name", name.get_ref()));
                    }
                    let change = |(name, value): (Spanned<String>, Value)| Change::Attribute(name.into_inner(), value);
                    attributes.into_iter().map(change).collect()
                }
            };
            lines.extend(fragments::selectors(&css, report).map(|elements| Line { elements, changes }));
        }
        (report.count() == before).then_some(Style(lines))
    }
}

fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b':' | b'.'))
}

/// One selector and what it does.
#[derive(Debug)]
struct Line {
    elements: Selectors,
    changes: Vec<Change>,
}

#[derive(Debug)]
enum Change {
    Style(String, String),
    Attribute(String, Value),
}

/// The compiled rule.
#[derive(Debug)]
pub struct Style(Vec<Line>);

impl Line {
    fn edit(&self, fragment: &mut Fragment) {
        for start in fragment.select(&self.elements) {
            let mut style = None;
            for change in &self.changes {
                match change {
                    Change::Style(name, value) => {
                        let old =
                            style.unwrap_or_else(|| fragment.attr(start, "style").unwrap_or_default().into_owned());
                        style = Some(declare(&old, name, Some(value)));
                    }
                    Change::Attribute(name, Value::Text(value)) => fragment.set_attr(start, name, value),
                    Change::Attribute(name, Value::None) => fragment.remove_attr(start, name),
                }
            }
            if let Some(style) = style {
                fragment.set_attr(start, "style", &style);
            }
        }
    }
}

impl Rule for Style {
    fn apply(&self, feed: &mut Feed, _: &Context) -> Result<(), RuleError> {
        let items = feed.items();
        fragments::for_each(feed, items, |fragment| self.0.iter().for_each(|line| line.edit(fragment)));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::fragments::{after, problems};

    #[test]
    fn styles_are_joined_and_attributes_set() {
        let rule = "[{ style = { 'img' = 'max-width: 100%; color: red', 'p > img' = { width = '100%', height = false, hidden = true, border = 0 } } }]";
        assert_eq!(
            after(rule, "<img style='color: blue; margin: 0'><p><img height=9></p>"),
            "<img style='color: red; margin: 0;max-width:100%'><p><img style=\"max-width:100%;color:red\" width=\"100%\" hidden=\"\" border=\"0\"></p>"
        );
        assert_eq!(after(rule, "<b>x</b>"), "<b>x</b>");
    }

    #[test]
    fn what_cannot_work_is_refused_where_it_stands() {
        assert_eq!(
            problems("[{ style = { 'p..' = 'a: b', 'b' = 'red', 'i' = { 'a b' = 'c' } } }]"),
            [
                "17: bad selector: expected a name, found `.`",
                "36: no CSS declaration",
                "51: `a b` is no attribute's name"
            ]
        );
        assert_eq!(problems("[{ style = {} }]").len(), 1);
    }
}
