//! Markdown and HTML by templates (minijinja): refeed's own, or the user's. One template makes a whole feed or a single item: it is
//! given `feed` and the list `items`.
//!
//! Bounded: fuel for the work, a cap on the output. A template reads no file and no other template. In HTML every value is
//! escaped but the content, which is sanitised; in Markdown the content is HTML as the feed has it.

use std::fmt;
use std::io::{self, Write};
use std::sync::{Arc, LazyLock};

use minijinja::syntax::SyntaxConfig;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value, escape_formatter};

use super::model::Document;
use super::text::escape_html;
use super::values::Content;
use super::{EmitError, values};
use crate::base::limits::{MAX_DOCUMENT_OUTPUT, TEMPLATE_FUEL};
use crate::config::{Problems, Report, Source};

const MARKDOWN: &str = "markdown";
const HTML: &str = "html";

/// The templates of a feed, compiled. Clones share them.
#[derive(Clone)]
pub struct Templates(Arc<Compiled>);

struct Compiled {
    environment: Environment<'static>,
    hash: blake3::Hash,
}

/// Refeed's own.
static DEFAULT: LazyLock<Result<Templates, Problems>> = LazyLock::new(|| Templates::compile(None, None));

impl Templates {
    /// Refeed's own templates.
    ///
    /// # Errors
    /// They do not compile: a bug of this build, which a test would find.
    pub fn standard() -> Result<Templates, Problems> {
        DEFAULT.clone()
    }

    /// Compiles templates; refeed's own stand in for those that are not given.
    ///
    /// # Errors
    /// What is wrong, with its place in the template.
    pub fn compile(markdown: Option<&Arc<Source>>, html: Option<&Arc<Source>>) -> Result<Templates, Problems> {
        let mut environment = Environment::new();
        environment.set_auto_escape_callback(|name| if name == HTML { AutoEscape::Html } else { AutoEscape::None });
        environment.set_undefined_behavior(UndefinedBehavior::Chainable);
        environment.set_fuel(Some(TEMPLATE_FUEL));
        if let Ok(syntax) = SyntaxConfig::builder().keep_trailing_newline(true).build() {
            environment.set_syntax(syntax);
        }
        // minijinja's own escape writes `/` as a reference, which nobody needs and addresses become unreadable by
        environment.set_formatter(|out, state, value| match (state.auto_escape(), value.as_str()) {
            (AutoEscape::Html, Some(text)) if !value.is_safe() => Ok(out.write_str(&escape_html(text))?),
            _ => escape_formatter(out, state, value),
        });
        for name in ["escape", "e"] {
            environment.add_filter(name, |text: Value| Value::from_safe_string(escape_html(&text.to_string())));
        }
        environment.add_filter("text", |text: &str| markdown_text(text));
        environment.add_filter("address", |address: &str| markdown_address(address));
        let own = |name: &str, text: &str| Source::new(name, text);
        let sources = [
            (MARKDOWN, markdown.cloned().unwrap_or_else(|| own("document.md", include_str!("templates/document.md")))),
            (HTML, html.cloned().unwrap_or_else(|| own("page.html", include_str!("templates/page.html")))),
        ];
        let mut problems = Problems::default();
        let mut hasher = blake3::Hasher::new();
        for (name, source) in sources {
            hasher.update(&(source.text.len() as u64).to_le_bytes()).update(source.text.as_bytes());
            if let Err(error) = environment.add_template_owned(name, source.text.clone()) {
                problems.extend(problem(&source, &error));
            } else if let Err(error) = trial(&environment, name) {
                problems.extend(problem(&source, &error));
            }
        }
        problems.or(Templates(Arc::new(Compiled { environment, hash: hasher.finalize() })))
    }

    /// What tells these templates from others.
    pub fn hash(&self) -> &blake3::Hash {
        &self.0.hash
    }

    pub(super) fn markdown(&self, values: Value) -> Result<String, EmitError> {
        self.render(MARKDOWN, values)
    }

    pub(super) fn html(&self, values: Value) -> Result<String, EmitError> {
        self.render(HTML, values)
    }

    fn render(&self, name: &str, values: Value) -> Result<String, EmitError> {
        let failed = |error: minijinja::Error| {
            let line = error.line().map(|line| format!("line {line}: ")).unwrap_or_default();
            EmitError::Template { name: name.to_owned(), what: line + &reason(&error) }
        };
        render(&self.0.environment, name, values).map_err(failed)
    }
}

fn render(environment: &Environment<'_>, name: &str, values: Value) -> Result<String, minijinja::Error> {
    let mut out = Capped(Vec::new());
    environment.get_template(name)?.render_captured_to(values, &mut out)?;
    // it is written whole, text by text
    Ok(String::from_utf8(out.0).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
}

/// What can only be seen at work (a filter that is not there) is seen at load: on an item that has everything and one that has
/// nothing.
fn trial(environment: &Environment<'_>, name: &str) -> Result<(), minijinja::Error> {
    let content = if name == HTML { Content::Sanitised } else { Content::AsItIs };
    let document = Document::sample();
    render(environment, name, values::of(&document, &document.items, content)).map(drop)
}

fn problem(source: &Arc<Source>, error: &minijinja::Error) -> Problems {
    let mut report = Report::new(source);
    report.error(error.range().unwrap_or(0..0), reason(error));
    report.finish()
}

fn reason(error: &minijinja::Error) -> String {
    let what = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
    match std::error::Error::source(error) {
        Some(source) => format!("{what}: {source}"),
        None => what,
    }
}

impl fmt::Debug for Templates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Templates").field(&self.0.hash).finish()
    }
}

/// A buffer that refuses to grow beyond the cap.
struct Capped(Vec<u8>);

impl Write for Capped {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > MAX_DOCUMENT_OUTPUT {
            return Err(io::Error::other("the output is too large"));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Plain text where Markdown would see marks (CommonMark §2.4).
pub(super) fn markdown_text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | '[' | ']' | '*' | '_' | '`' => out.extend(['\\', c]),
            '<' => out.push_str("&lt;"),
            '&' => out.push_str("&amp;"),
            _ if c.is_control() => out.push(' '),
            _ => out.push(c),
        }
    }
    out
}

/// The destination of a link (CommonMark §6.3): nothing in it ends it.
fn markdown_address(address: &str) -> String {
    let mut out = String::with_capacity(address.len());
    for c in address.chars() {
        match c {
            '(' => out.push_str("%28"),
            ')' => out.push_str("%29"),
            '<' => out.push_str("%3C"),
            '>' => out.push_str("%3E"),
            '\\' => out.push_str("%5C"),
            _ if c.is_whitespace() || c.is_control() => out.push_str("%20"),
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_addresses_are_no_markdown() {
        assert_eq!(markdown_text("[AI] *产品*\n<b> & \\"), "\\[AI\\] \\*产品\\* &lt;b> &amp; \\\\");
        assert_eq!(markdown_address("https://a.b/(1) <x>"), "https://a.b/%281%29%20%3Cx%3E");
    }

    #[test]
    fn refeeds_own_templates_are_sound() {
        assert_eq!(Templates::standard().err(), None);
    }

    #[test]
    fn a_template_that_cannot_work_is_refused_with_its_place() {
        let source = Source::new("mine.md", "one\n{% for item in %}");
        let problems = Templates::compile(Some(&source), None).unwrap_err();
        let problem = problems.iter().next().unwrap();
        assert_eq!(problem.position().0, 2, "{problems:?}");
        let unknown = Source::new("mine.md", "{{ items | nonsense }}");
        assert!(Templates::compile(Some(&unknown), None).is_err());
    }

    #[test]
    fn a_template_without_end_is_stopped() {
        for (text, why) in [
            ("{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}", "fuel"),
            ("{% set x = 'x' * 1000000 %}{% for a in range(1000) %}{{ x }}{% endfor %}", "too large"),
        ] {
            let source = Source::new("mine.md", text);
            let problems = Templates::compile(Some(&source), None).unwrap_err();
            assert!(format!("{problems:?}").contains(why), "{problems:?}");
        }
    }
}
