//! Keep the items that meet all conditions, drop the rest.
//!
//! ## What it does
//! Each field takes a regular expression or a list of them: `title`, `content`, `summary`, `author`, `category`, `link`, `id`,
//! `comments`, `enclosure` (address or media type), `language`, `description` (content or summary, or the title of an item without
//! either) and `any` (title, summary, content, author or category); the short form is `any`. Patterns of one field are ORed, fields
//! are ANDed. HTML is matched as the text a person reads (`markup = true`: as it is written); upper and lower case, Simplified and
//! Traditional Chinese, full and half width are one, unless `exact = true`: `台灣` also finds 台湾 and 臺灣. A word ends where another script
//! begins: `\bAI\b` is found in 用AI写作, not in OpenAI.
//!
//! - Dates: `newer_than` and `older_than` take an age (`7d`), `before` and `after` a date (both for between), `future` true or false;
//!   `weekday` takes `monday` … `sunday`, `weekend`, or a list, `hour` such as `9-17`, both in `zone` (`Asia/Taipei`, `+08:00`; else UTC).
//! - Counts: `words` (a Chinese or Japanese character is one), `chars`, `links`, `images` and `position` (from 1) take `> 100`,
//!   `<= 50`, `= 3` or `10-20`.
//! - `has`: `image`, `audio` or `video` in the content or attached; of a list any.
//! - `sample = 25`: a quarter of the items, always the same ones.
//! - `when`: an [expression](#expressions), for all that the others cannot say.
//! - `any_of`, `all_of`, `none_of`: lists of such tables, which nest.
//!
//! An item that lacks what these ask for (a readable date) is kept.
//!
//! ## When to use
//! A feed has more than you want to read, and what you want has a name.
//!
//! ## Example
//! ```toml
//! rules = [{ keep = "AI|人工智能" }]
//! ```
//! Of the last week, on either of two subjects, but only by one author:
//! ```toml
//! rules = [{ keep = { title = ["台灣", "香港"], author = "王小明", newer_than = "7d" } }]
//! ```
//!
//! Long reads, or anything with a picture that is no advertisement:
//! ```toml
//! rules = [{ keep = { any_of = [{ words = "> 800" }, { has = "image", none_of = [{ title = "广告" }] }] } }]
//! ```
//! Whatever an expression can say:
//! ```toml
//! rules = [{ keep = { when = "words > 200 and not (host == 'example.org' or 'ads' in categories)" } }]
//! ```
//!
//! ## Order
//! Early: rules after it have less to do. After `opencc` it sees converted text, which makes no difference to what it finds.
//!
//! ## Cost
//! One pass over the text of the fields it names, in linear time.

use serde::Deserialize;

use super::conditions::{Conditions, Test};
use super::{Build, Context, Rule, RuleError};
use crate::config::Report;
use crate::feed::Feed;

/// Settings of `keep`.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub struct Config(Conditions);

impl Build for Config {
    const SHORT: Option<&'static str> = Some("any");
    type Rule = Keep;

    fn build(self, report: &mut Report) -> Option<Keep> {
        self.0.build(report).map(Keep)
    }
}

/// The compiled rule.
pub struct Keep(Test);

impl Rule for Keep {
    fn apply(&self, feed: &mut Feed, cx: &Context) -> Result<(), RuleError> {
        let mut answers = self.0.ask("keep", feed, cx)?.into_iter();
        feed.retain(|_, _| answers.next().flatten() != Some(false));
        Ok(())
    }
}
