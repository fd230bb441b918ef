//! Markdown and HTML by templates (minijinja): refeed's own, or the user's. One template makes a whole feed or a single item: it is
//! given `feed` and the list `items`.
//!
//! Bounded: fuel for the work, a cap on the output. A template reads no file and no other template. In HTML every value is
//! escaped but the content, which is sanitised; in Markdown the content is HTML as the feed has it.

use std::fmt;
use std::io::{self, Write};
use std::sync::{Arc, LazyLock};

use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value};

use super::EmitError;
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
        environment.set_keep_trailing_newline(true);
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
                let mut report = Report::new(&source);
                let span = error.range().unwrap_or(0..0);
                report.error(span, error.detail().map_or_else(|| error.kind().to_string(), str::to_owned));
                problems.extend(report.finish());
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
        let mut out = Capped(Vec::new());
        let failed = |error: minijinja::Error| EmitError::Template {
            name: name.to_owned(),
            line: error.line().unwrap_or(0),
            what: error.detail().map_or_else(|| error.kind().to_string(), str::to_owned),
        };
        let template = self.0.environment.get_template(name).map_err(failed)?;
        template.render_captured_to(values, &mut out).map_err(failed)?;
        String::from_utf8(out.0).map_err(|_| EmitError::Template {
            name: name.to_owned(),
            line: 0,
            what: "cut a character".to_owned(),
        })
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
fn markdown_text(text: &str) -> String {
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
        for text in [
            "{% for a in range(100000) %}{% for b in range(100000) %}x{% endfor %}{% endfor %}",
            "{% set x = 'x' * 1000000 %}{% for a in range(1000) %}{{ x }}{% endfor %}",
        ] {
            let source = Source::new("mine.md", text);
            let templates = Templates::compile(Some(&source), None).unwrap();
            let error = templates.markdown(Value::from(())).unwrap_err().to_string();
            assert!(error.contains("line 1"), "{error}");
        }
    }
}
