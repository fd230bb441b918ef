//! Expressions: one language for conditions (`when`) and templates (`set`), minijinja's.
//!
//! What a rule's user can name is the table of `variables`, the filters, tests and functions of `functions` and
//! minijinja's own. Compiled at load, where `check` refuses what cannot work; evaluated per item, with only the values
//! that the text names. Bounds: [`MAX_EXPRESSION`] of text, [`EXPRESSION_FUEL`] per item,
//! which also bounds the memory of what is made, and [`MAX_EXHAUSTED`] items that may run out of it.
//!
//! An item may lack what is asked of it (an undated item has no `age`): then the answer is neither yes nor no.

mod check;
mod functions;
mod look;
mod template;
mod variables;

use std::fmt;
use std::sync::LazyLock;

use minijinja::{AutoEscape, Environment, Error, ErrorKind, Output, State, UndefinedBehavior, Value, escape_formatter};
use toml::Spanned;

use super::{Context, RuleError};
use crate::base::limits::{EXPRESSION_FUEL, MAX_EXHAUSTED, MAX_EXPRESSION, MAX_NOTES, REASON_CHARS};
use crate::base::text::excerpt;
use crate::config::Report;
use crate::feed::{Feed, Place};
use crate::html::escape;
pub(super) use functions::is_sampled;
pub(super) use look::Look;
pub use template::{Makes, Template};
use variables::Needs;

/// The language: the same for all expressions.
static LANGUAGE: LazyLock<Environment<'static>> = LazyLock::new(language);

fn language() -> Environment<'static> {
    let mut language = Environment::new();
    language.set_undefined_behavior(UndefinedBehavior::Strict);
    language.set_fuel(Some(EXPRESSION_FUEL));
    language.set_debug(false);
    for name in ["debug", "namespace"] {
        language.remove_global(name);
    }
    language.set_formatter(write);
    functions::register(&mut language);
    language
}

/// Why the template `name` of `language` cannot work, whatever it is given: a filter, test or function that nobody knows.
pub(super) fn fault(language: &Environment<'_>, name: &str) -> Option<String> {
    let error = language.get_template(name).and_then(|template| template.render(())).err()?;
    check::is_certain(&error).then(|| check::say(&error))
}

/// The manual's section.
pub fn docs() -> String {
    format!(
        "Any rule takes `when = \"…\"`, an expression: the rule then sees only the items that meet it, and leaves the feed's own fields \
         alone. `keep` and `drop` take it as a condition. The language is that of \
         [minijinja](https://docs.rs/minijinja/latest/minijinja/syntax/index.html), whose templates `set` takes. An expression that asks for \
         what an item lacks (`age` of an undated one) leaves that item as it is.\n\n\
         ```toml\nrules = [{{ images = {{ via = \"weserv\", when = \"host != 'example.org' and images | length < 50\" }} }}]\n```\n\n\
         What it can name:\n\n{}\nWhat it can do:\n\n{}",
        variables::docs(),
        functions::DOCS
    )
}

/// Writes a value, text escaped where HTML is made.
pub(super) fn write(out: &mut Output<'_>, state: &mut State<'_, '_>, value: &Value) -> Result<(), Error> {
    match value.as_str() {
        // minijinja's own escaping spells every `/` as `&#x2f;`, which no address needs.
        Some(text) if matches!(state.auto_escape(), AutoEscape::Html) && !value.is_safe() => {
            // A template may put values into single quotes too.
            Ok(out.write_str(&escape(text).replace('\'', "&#39;"))?)
        }
        _ => escape_formatter(out, state, value),
    }
}

/// A compiled condition.
pub struct Expression {
    text: String,
    compiled: minijinja::Expression<'static, 'static>,
    needs: Needs,
    patterns: Value,
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Expression").field(&self.text).finish()
    }
}

impl Expression {
    /// Compiles `text`, or reports each thing in it that cannot work, where it stands.
    pub fn compile(text: &Spanned<String>, report: &mut Report) -> Option<Expression> {
        if !check::is_sized(text, MAX_EXPRESSION, "an expression", report) {
            return None;
        }
        let compiled = match LANGUAGE.compile_expression_owned(text.get_ref().clone()) {
            Ok(compiled) => compiled,
            Err(error) => {
                check::refuse(text, &error, report);
                return None;
            }
        };
        let asked = compiled.undeclared_variables(true);
        let whole = 0..text.get_ref().len();
        let (needs, patterns) = check::names(text, &asked, std::slice::from_ref(&whole), report)?;
        let expression = Expression { text: text.get_ref().clone(), compiled, needs, patterns };
        match expression.compiled.eval(expression.needs.sample(&expression.patterns)) {
            Err(error) if check::is_certain(&error) => {
                check::refuse(text, &error, report);
                None
            }
            _ => Some(expression),
        }
    }

    /// Reads the HTML that will be looked into, so that the rules that follow find it read.
    pub fn prepare(&self, feed: &mut Feed) {
        self.needs.prepare(feed);
    }

    /// Whether the item meets the condition; `None` where it lacks something that the condition asks for.
    pub(super) fn holds(&self, look: &Look<'_>) -> Result<Option<bool>, Trouble> {
        match self.compiled.eval(self.needs.read(look, &self.patterns)) {
            Ok(value) if value.is_undefined() => Ok(None),
            Ok(value) => Ok(Some(value.is_true())),
            Err(error) => Trouble::of(&error, &self.text).map_or(Ok(None), Err),
        }
    }

    /// The items of the feed that meet the condition.
    pub fn select(&self, rule: &'static str, feed: &mut Feed, cx: &Context) -> Result<Vec<Place>, RuleError> {
        self.prepare(feed);
        let mut selected = Vec::new();
        let mut troubles = Troubles::new(rule);
        for (index, item) in feed.items().into_iter().enumerate() {
            match self.holds(&Look { feed, place: item, position: index + 1, cx }) {
                Ok(Some(true)) => selected.push(item),
                Ok(_) => {}
                Err(trouble) => troubles.add(trouble)?,
            }
        }
        troubles.note(feed);
        Ok(selected)
    }
}

/// Why an expression gave no answer on an item that has all it asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// What went wrong, with the expression.
    reason: String,
    /// It ran out of fuel.
    is_endless: bool,
}

impl Trouble {
    /// `None` where the item lacks what was asked for, which is no trouble.
    fn of(error: &Error, text: &str) -> Option<Trouble> {
        let is_endless = error.kind() == ErrorKind::OutOfFuel;
        (error.kind() != ErrorKind::UndefinedError).then(|| Trouble {
            reason: format!("`{}`: {}", excerpt(text, REASON_CHARS), check::say(error)),
            is_endless,
        })
    }
}

/// The troubles of one rule on one feed: a few become notes, endless ones end the rule.
pub struct Troubles {
    rule: &'static str,
    found: Vec<String>,
    exhausted: usize,
}

impl Troubles {
    /// None yet.
    pub fn new(rule: &'static str) -> Troubles {
        Troubles { rule, found: Vec::new(), exhausted: 0 }
    }

    /// One more item on which the expression failed; too many that ran out of fuel are an error.
    pub fn add(&mut self, trouble: Trouble) -> Result<(), RuleError> {
        self.exhausted += usize::from(trouble.is_endless);
        if self.exhausted > MAX_EXHAUSTED {
            return Err(RuleError::Expression { rule: self.rule, reason: trouble.reason });
        }
        if !self.found.contains(&trouble.reason) && self.found.len() < MAX_NOTES {
            self.found.push(trouble.reason);
        }
        Ok(())
    }

    /// Tells the feed.
    pub fn note(self, feed: &mut Feed) {
        for reason in self.found {
            feed.note(format!("the rule `{}` left items as they are: {reason}", self.rule));
        }
    }
}

#[cfg(test)]
mod tests;
