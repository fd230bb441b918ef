//! Post items to a service of yours and take its answer: translation, summaries, scoring.
//!
//! ## What it does
//! For each of `fields` of an item (`title` and `content`, if nothing is said), posts `body` to `url` as JSON and puts what `answer` finds in
//! the response into the field, or into the field that `into` names. The texts in `body` are templates (minijinja) with `text` (the
//! field: a title as text, content and summary as HTML), `field`, `title`, `link`, `language` and `key`; `headers` too. `answer` is a path
//! (`choices[0].message.content`); without it the whole response is the answer.
//!
//! `show` says what becomes of the original: `replace` (the default), `above` or `below` the answer, with `separator` (` | ` in titles,
//! a line in HTML) between. An answer that equals the original changes nothing.
//!
//! Each answer is kept for thirty days by what was asked, so an item is paid for once. At most `fetch.pages_per_host` requests are under
//! way at once. What fails leaves the item as it was and is tried again later; what is not there within two seconds is in the next
//! answer. A service on this machine must be named in `fetch.allow`.
//!
//! ## When to use
//! With the rule sets `libretranslate`, `deepl` and `openai`, or a service of your own.
//!
//! ## Example
//! ```toml
//! rules = [{ http = {
//!   url = "http://127.0.0.1:5000/translate",
//!   body = { q = "{{ text }}", source = "auto", target = "en", format = "html" },
//!   answer = "translatedText",
//!   show = "above",
//! } }]
//! ```
//!
//! ## Order
//! After rules that drop items, so that none is sent in vain.
//!
//! ## Cost
//! A request for each field of each item, once.

mod message;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use toml::Spanned;

use self::message::{Message, Spoken};
use super::one_or_many::OneOrMany;
use super::pages::Page;
use super::{Build, Context, Rule, RuleError, Want, headers};
use crate::base::limits::{MAX_ANSWER, MAX_NOTES, SERVICE_KEPT};
use crate::base::url::Url;
use crate::config::Report;
use crate::feed::{Feed, Field, Place, Slot};

/// Settings of `http`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    url: Spanned<String>,
    body: Spanned<serde_json::Value>,
    #[serde(default)]
    headers: BTreeMap<Spanned<String>, Spanned<String>>,
    #[serde(default)]
    key: String,
    answer: Option<Spanned<String>>,
    fields: Option<OneOrMany<Sent>>,
    into: Option<Into>,
    #[serde(default)]
    show: Show,
    separator: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Sent {
    Title,
    Content,
    Summary,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Into {
    Title,
    Content,
    Summary,
    Category,
    Author,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Show {
    #[default]
    Replace,
    Above,
    Below,
}

impl Build for Config {
    const SHORT: Option<&'static str> = None;
    type Rule = Http;

    fn build(self, report: &mut Report) -> Option<Http> {
        let before = report.count();
        let url = Url::parse(self.url.get_ref()).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        if url.is_none() {
            report.error(self.url.span(), "expected the address of the service, `http:` or `https:`");
        }
        let message = Message::compile(&self.body, &self.headers, self.answer.as_ref(), self.key, report);
        let headers: Vec<_> =
            self.headers.iter().filter_map(|(name, value)| headers::check(name, value, report)).collect();
        let fields = self.fields.map_or(vec![Sent::Title, Sent::Content], |fields| fields.0);
        let rule = Http {
            url: url?,
            message: message?,
            headers,
            fields,
            into: self.into,
            show: self.show,
            separator: self.separator,
        };
        (report.count() == before).then_some(rule)
    }
}

/// The compiled rule.
#[derive(Debug)]
pub struct Http {
    url: Url,
    message: Message,
    /// Names; the values are templates of [`Message`].
    headers: Vec<(String, String)>,
    fields: Vec<Sent>,
    into: Option<Into>,
    show: Show,
    separator: Option<String>,
}

impl Sent {
    fn field(self) -> Field {
        match self {
            Sent::Title => Field::Title,
            Sent::Content => Field::Content,
            Sent::Summary => Field::Summary,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Sent::Title => "title",
            Sent::Content => "content",
            Sent::Summary => "summary",
        }
    }
}

impl Rule for Http {
    fn wants(&self, feed: &mut Feed, _: &Context) -> Vec<Want> {
        let mut wants = Vec::new();
        for place in feed.items() {
            wants.extend(self.fields.iter().filter_map(|sent| self.want(feed, place, *sent)?.0.ok()));
        }
        wants
    }

    fn apply(&self, feed: &mut Feed, cx: &Context) -> Result<(), RuleError> {
        let mut failed = 0;
        for place in feed.items() {
            // all are read before any is set: a title that was translated is not sent with the content
            let asked: Vec<_> =
                self.fields.iter().filter_map(|sent| Some((*sent, self.want(feed, place, *sent)?))).collect();
            for (sent, (want, slot, text)) in asked {
                let answer = match want.as_ref().map(|want| cx.pages.get(want)) {
                    Err(why) => Err(why.clone()),
                    Ok(Some(Page::Ready(body))) => self.message.answer(&body.bytes),
                    Ok(Some(Page::Failed(why))) => Err(why.to_string()),
                    Ok(Some(Page::Pending) | None) => continue,
                };
                let put = answer.and_then(|answer| self.put(feed, place, sent, &slot, &text, answer));
                if let Err(why) = put {
                    failed += 1;
                    if failed <= MAX_NOTES {
                        feed.note(format!(
                            "no answer of the service at {} for a {}: {why}",
                            host(&self.url),
                            sent.name()
                        ));
                    }
                }
            }
        }
        Ok(())
    }
}

impl Http {
    /// What is posted for a field (or why nothing can be), where it stands, and its text; none for an item without such a field.
    fn want(&self, feed: &Feed, place: Place, sent: Sent) -> Option<(Result<Want, String>, Slot, String)> {
        let slot = feed.field(place, sent.field()).into_iter().next()?;
        let text = match sent {
            Sent::Title => feed.plain(&slot).into_owned(),
            Sent::Content | Sent::Summary => feed.value(&slot).into_owned(),
        };
        if text.trim().is_empty() {
            return None;
        }
        let spoken = Spoken {
            text: &text,
            field: sent.name(),
            title: feed.first(place, Field::Title).unwrap_or_default().into_owned(),
            link: feed.link(place).unwrap_or_default(),
            language: feed.first(Place::Head, Field::Language).unwrap_or_default().into_owned(),
        };
        let want = self.message.speak(&spoken).map(|(body, values)| {
            let mut headers = vec![("content-type".to_owned(), "application/json".to_owned())];
            headers.extend(self.headers.iter().map(|(name, _)| name.clone()).zip(values));
            Want { url: self.url.clone(), headers, post: Some(body.into()), kept: SERVICE_KEPT }
        });
        Some((want, slot, text))
    }

    fn put(
        &self,
        feed: &mut Feed,
        place: Place,
        sent: Sent,
        slot: &Slot,
        text: &str,
        answer: String,
    ) -> Result<(), String> {
        let answer = answer.trim();
        if answer.is_empty() || answer == text.trim() {
            return Ok(());
        }
        if answer.len() > MAX_ANSWER {
            return Err("its answer is too long".to_owned());
        }
        let full = || "its answer has no place in the item".to_owned();
        match self.into {
            Some(Into::Category) => feed.add(place, Field::Category, answer).map(drop).ok_or_else(full),
            Some(Into::Author) => feed.set(place, Field::Author, answer).map(drop).ok_or_else(full),
            Some(Into::Title) => feed.set(place, Field::Title, answer).map(drop).ok_or_else(full),
            Some(Into::Content) => feed.set(place, Field::Content, answer).map(drop).ok_or_else(full),
            Some(Into::Summary) => feed.set(place, Field::Summary, answer).map(drop).ok_or_else(full),
            None => {
                let between = match (&self.separator, sent) {
                    (Some(separator), _) => separator.as_str(),
                    (None, Sent::Title) => " | ",
                    (None, _) => "<hr>",
                };
                let whole = match self.show {
                    Show::Replace => answer.to_owned(),
                    Show::Below => format!("{answer}{between}{text}"),
                    Show::Above => format!("{text}{between}{answer}"),
                };
                match sent {
                    Sent::Title => feed.set(place, Field::Title, &whole).map(drop).ok_or_else(full),
                    Sent::Content | Sent::Summary => feed.set(place, slot.field, &whole).map(drop).ok_or_else(full),
                }
            }
        }
    }
}

fn host(url: &Url) -> Arc<str> {
    url.host_str().unwrap_or_default().into()
}
