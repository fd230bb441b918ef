//! Templates: text with `{{ expressions }}` in it, and minijinja's `{% if %}`, `{% for %}`, `{% set %}`.
//!
//! One template is for text or for HTML; in HTML the values of text fields are escaped, those that are HTML (`content`,
//! `summary`) are not. Other templates cannot be reached. What it makes is bounded by its fuel and by
//! [`MAX_TEMPLATE_OUTPUT`].

use std::fmt;
use std::ops::Range;

use minijinja::{AutoEscape, Environment, Value};
use toml::Spanned;

use super::look::Look;
use super::variables::Needs;
use super::{Trouble, check, language};
use crate::base::limits::{MAX_EXPRESSION, MAX_TEMPLATE_OUTPUT};
use crate::config::Report;
use crate::feed::Feed;

/// What a template makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Makes {
    /// Plain text.
    Text,
    /// HTML.
    Html,
}

/// The one template of an environment.
const NAME: &str = "template";

/// A compiled template.
pub struct Template {
    text: String,
    language: Environment<'static>,
    needs: Needs,
    patterns: Value,
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Template").field(&self.text).finish()
    }
}

impl Template {
    /// Compiles `text`, or reports each thing in it that cannot work, where it stands.
    pub fn compile(text: &Spanned<String>, makes: Makes, report: &mut Report) -> Option<Template> {
        if text.get_ref().len() > MAX_EXPRESSION && !check::is_sized(text, MAX_EXPRESSION, "a template", report) {
            return None;
        }
        let mut language = language();
        language.set_auto_escape_callback(move |_| match makes {
            Makes::Text => AutoEscape::None,
            Makes::Html => AutoEscape::Html,
        });
        if let Err(error) = language.add_template_owned(NAME, text.get_ref().clone()) {
            check::refuse(text, &error, report);
            return None;
        }
        let asked = language.get_template(NAME).ok()?.undeclared_variables(true);
        let (needs, patterns) = check::names(text, &asked, &code(text.get_ref()), report)?;
        let template = Template { text: text.get_ref().clone(), language, needs, patterns };
        match template.render(template.needs.sample(&template.patterns)) {
            Err(error) if check::is_certain(&error) => {
                check::refuse(text, &error, report);
                None
            }
            _ => Some(template),
        }
    }

    /// True where it names no field of an item, so that it can serve the feed itself.
    pub fn is_of_feed(&self) -> bool {
        self.needs.is_of_feed()
    }

    /// Reads the HTML that will be looked into.
    pub fn prepare(&self, feed: &mut Feed) {
        self.needs.prepare(feed);
    }

    /// What it makes of an item, or of the feed; `None` where that lacks something that the template asks for.
    pub(in crate::rules) fn make(&self, look: &Look<'_>) -> Result<Option<String>, Trouble> {
        match self.render(self.needs.read(look, &self.patterns)) {
            Ok(made) if made.len() > MAX_TEMPLATE_OUTPUT => Ok(None),
            Ok(made) => Ok(Some(made)),
            Err(error) => Trouble::of(&error, &self.text).map_or(Ok(None), Err),
        }
    }

    fn render(&self, values: Value) -> Result<String, minijinja::Error> {
        self.language.get_template(NAME)?.render(values)
    }
}

/// Where the expressions and statements of a template stand.
fn code(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(open) = text.get(at..).and_then(|rest| rest.find('{')).map(|open| at + open) {
        let close = match text.get(open..open + 2) {
            Some("{{") => "}}",
            Some("{%") => "%}",
            Some("{#") => "#}",
            _ => {
                at = open + 1;
                continue;
            }
        };
        let end = text.get(open + 2..).and_then(|rest| rest.find(close)).map_or(text.len(), |end| open + 2 + end);
        if close != "#}" {
            found.push(open + 2..end);
        }
        at = end;
    }
    found
}
