//! How an article is laid out as an item's content: by the user's template, or as refeed does it.
//!
//! A template is minijinja's, its values escaped but for `content`; [`NAMES`] are all that it can name. Bounds: its length,
//! and fuel per article.

use std::sync::Arc;

use minijinja::{AutoEscape, Environment, Error, Output, State, UndefinedBehavior, Value, context};
use toml::Spanned;

use super::article::Article;
use crate::base::limits::{EXPRESSION_FUEL, MAX_EXPRESSION};
use crate::config::{Report, suggest};
use crate::rules::expression;

/// What a template can name: of the page, and (the last three) of the item as the feed gave it.
const NAMES: [&str; 12] = [
    "content",
    "title",
    "author",
    "date",
    "category",
    "image",
    "caption",
    "audio",
    "item",
    "link",
    "published",
    "summary",
];

/// A compiled template.
#[derive(Debug, Clone)]
pub(super) struct Layout(Arc<Environment<'static>>);

/// What the item itself says.
#[derive(Debug, Default)]
pub(super) struct ItemText {
    pub title: String,
    pub link: String,
    /// The date as the feed spells it.
    pub published: String,
    /// HTML.
    pub summary: String,
}

impl Layout {
    /// Compiles `text`, or reports what is wrong with it.
    pub fn compile(text: &Spanned<String>, report: &mut Report) -> Option<Layout> {
        if text.get_ref().len() > MAX_EXPRESSION {
            report.error(text.span(), format!("a template has at most {MAX_EXPRESSION} bytes"));
            return None;
        }
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Lenient);
        environment.set_fuel(Some(EXPRESSION_FUEL));
        environment.set_auto_escape_callback(|_| AutoEscape::Html);
        environment.set_formatter(write);
        if let Err(error) = environment.add_template_owned("layout", text.get_ref().clone()) {
            report.error(text.span(), format!("bad template: {error}"));
            return None;
        }
        if let Some(fault) = expression::fault(&environment, "layout") {
            report.error(text.span(), format!("bad template: {fault}"));
            return None;
        }
        let asked = environment.get_template("layout").ok()?.undeclared_variables(false);
        let mut unknown: Vec<_> = asked.into_iter().filter(|name| !NAMES.contains(&name.as_str())).collect();
        unknown.sort();
        for name in &unknown {
            report
                .error(text.span(), format!("a template of `full_text` knows no `{name}`"))
                .help(suggest::advice(name, NAMES));
        }
        unknown.is_empty().then(|| Layout(Arc::new(environment)))
    }

    /// The content of the item, or why the template made none.
    pub fn render(&self, article: &Article, item: &ItemText) -> Result<String, String> {
        let values = context! {
            content => Value::from_safe_string(article.content.clone()),
            title => article.title.as_deref().unwrap_or(&item.title),
            author => article.author.as_deref(),
            date => article.date.as_deref(),
            category => article.category.as_deref(),
            image => article.image.as_deref(),
            caption => article.caption.as_deref(),
            audio => article.audio.as_deref(),
            item => context! { title => item.title.as_str() },
            link => item.link.as_str(),
            published => item.published.as_str(),
            summary => Value::from_safe_string(item.summary.clone()),
        };
        let template = self.0.get_template("layout").map_err(|error| error.to_string())?;
        template.render(values).map_err(|error| format!("the template failed: {error}"))
    }
}

/// Nothing for what is not there, HTML as it is, text escaped.
fn write(out: &mut Output<'_>, state: &mut State<'_, '_>, value: &Value) -> Result<(), Error> {
    if value.is_undefined() || value.is_none() { Ok(()) } else { expression::write(out, state, value) }
}
