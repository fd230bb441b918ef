//! What is said to a service, and what is heard: a JSON body whose texts are templates, and a path into the answer.
//!
//! Bounds: the length of each template, fuel, [`MAX_POSTED`] for the whole.

use std::collections::BTreeMap;

use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value, context};
use serde_json::Value as Json;
use toml::Spanned;

use crate::base::limits::{EXPRESSION_FUEL, MAX_EXPRESSION, MAX_POSTED};
use crate::base::text::{excerpt, human_size};
use crate::config::{Report, suggest};
use crate::rules::{expression, json};

/// What the templates can name.
const NAMES: [&str; 6] = ["text", "field", "title", "link", "language", "key"];

/// A compiled message.
#[derive(Debug)]
pub(super) struct Message {
    language: Environment<'static>,
    /// Its texts are names of templates.
    body: Json,
    headers: usize,
    answer: Option<String>,
    key: String,
}

/// What is sent of an item.
pub(super) struct Spoken<'a> {
    pub text: &'a str,
    pub field: &'static str,
    pub title: String,
    pub link: String,
    pub language: String,
}

impl Message {
    /// Compiles all templates, or reports what is wrong with them.
    pub fn compile(
        body: &Spanned<Json>,
        headers: &BTreeMap<Spanned<String>, Spanned<String>>,
        answer: Option<&Spanned<String>>,
        key: String,
        report: &mut Report,
    ) -> Option<Message> {
        let before = report.count();
        let mut language = Environment::new();
        language.set_undefined_behavior(UndefinedBehavior::Strict);
        language.set_fuel(Some(EXPRESSION_FUEL));
        language.set_auto_escape_callback(|_| AutoEscape::None);
        let mut names = 0;
        let mut add = |text: &str, span: crate::config::Span, report: &mut Report| {
            names += 1;
            let name = format!("{names}");
            if text.len() > MAX_EXPRESSION {
                report.error(span, format!("a template has at most {MAX_EXPRESSION} bytes"));
                return name;
            }
            if let Err(error) = language.add_template_owned(name.clone(), text.to_owned()) {
                report.error(span, format!("bad template: {error}"));
                return name;
            }
            if let Some(fault) = expression::fault(&language, &name) {
                report.error(span, format!("bad template: {fault}"));
                return name;
            }
            let asked = language.get_template(&name).map(|template| template.undeclared_variables(false));
            for unknown in asked.unwrap_or_default().into_iter().filter(|name| !NAMES.contains(&name.as_str())) {
                report
                    .error(span.clone(), format!("a template of `http` knows no `{unknown}`"))
                    .help(suggest::advice(&unknown, NAMES));
            }
            name
        };
        for value in headers.values() {
            add(value.get_ref(), value.span(), report);
        }
        let body = named(body.get_ref(), &mut |text| add(text, body.span(), report));
        if let Some(path) = answer
            && let Err(error) = language.compile_expression(path.get_ref())
        {
            report.error(path.span(), format!("bad path: {error}")).help("write `choices[0].message.content`");
        }
        let answer = answer.map(|path| path.get_ref().clone());
        (report.count() == before).then(|| Message { language, body, headers: headers.len(), answer, key })
    }

    /// The body and the values of the headers, or which template fails or that they make too much.
    pub fn speak(&self, spoken: &Spoken<'_>) -> Result<(Vec<u8>, Vec<String>), String> {
        let values = context! {
            text => spoken.text,
            field => spoken.field,
            title => spoken.title.as_str(),
            link => spoken.link.as_str(),
            language => spoken.language.as_str(),
            key => self.key.as_str(),
        };
        let failed = |error: minijinja::Error| format!("a template failed: {error}");
        let render = |name: &str| {
            self.language.get_template(name).and_then(|template| template.render(values.clone())).map_err(failed)
        };
        let headers = (1..=self.headers).map(|name| render(&name.to_string())).collect::<Result<Vec<_>, _>>()?;
        let body = serde_json::to_vec(&filled(&self.body, &render)?).map_err(|error| error.to_string())?;
        if body.len() > MAX_POSTED {
            return Err(format!("it is too long: at most {} are posted", human_size(MAX_POSTED)));
        }
        Ok((body, headers))
    }

    /// What the answer of the service says.
    pub fn answer(&self, bytes: &[u8]) -> Result<String, String> {
        let text = String::from_utf8_lossy(bytes);
        let Some(path) = &self.answer else { return Ok(text.into_owned()) };
        let unread = |why: String| format!("its answer cannot be read: {why}: {}", excerpt(&text, 80));
        let whole: Json = serde_json::from_str(&text).map_err(|error| unread(error.to_string()))?;
        let found = self.language.compile_expression(path).and_then(|path| path.eval(json::value(whole)));
        let found: Value = found.map_err(|error| unread(error.to_string()))?;
        match found.as_str() {
            Some(text) => Ok(text.to_owned()),
            None if found.is_number() => Ok(found.to_string()),
            None => Err(unread(format!("`{path}` finds no text"))),
        }
    }
}

/// The same with the name of a template for each text.
fn named(body: &Json, name: &mut impl FnMut(&str) -> String) -> Json {
    match body {
        Json::String(text) => Json::String(name(text)),
        Json::Array(items) => items.iter().map(|item| named(item, name)).collect(),
        Json::Object(members) => members
            .iter()
            .map(|(key, value)| (key.clone(), named(value, name)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        other => other.clone(),
    }
}

/// The same with what the templates make.
fn filled(body: &Json, render: &impl Fn(&str) -> Result<String, String>) -> Result<Json, String> {
    Ok(match body {
        Json::String(name) => Json::String(render(name)?),
        Json::Array(items) => Json::Array(items.iter().map(|item| filled(item, render)).collect::<Result<_, _>>()?),
        Json::Object(members) => {
            let pairs = members.iter().map(|(key, value)| Ok((key.clone(), filled(value, render)?)));
            Json::Object(pairs.collect::<Result<_, String>>()?)
        }
        other => other.clone(),
    })
}
