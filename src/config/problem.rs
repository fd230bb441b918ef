//! What is wrong with a configuration, shown where it stands: file, line, column, an excerpt with a caret, and what to
//! write instead.
//!
//! A [`Report`] gathers the problems of one [`Source`]; [`Problems`] is what comes out, for a person to read. At most
//! [`MAX_PROBLEMS`] are kept. Used by everything that reads what a user wrote: the schema, the rules, the rule sets.

use std::fmt;
use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet, normalize_untrusted_str};

use crate::base::limits::{MAX_DRAWN, MAX_PROBLEMS, MESSAGE_CHARS};
use crate::base::text::{excerpt, hide_credentials, line_column};

/// A byte range of a source's text.
pub type Span = std::ops::Range<usize>;

/// A text that a user wrote, and how to call it in a message.
#[derive(Clone, PartialEq, Eq)]
pub struct Source {
    /// A path, or the option it came by (`--rules`).
    pub name: String,
    /// The text, UTF-8.
    pub text: String,
}

impl Source {
    /// A source to share among the values read from it.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Arc<Source> {
        Arc::new(Source { name: name.into(), text: text.into() })
    }
}

/// Without the text, which may hold the access key.
impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").field("name", &self.name).finish_non_exhaustive()
    }
}

/// One thing that is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The text it stands in.
    pub source: Arc<Source>,
    /// The part of it that is wrong.
    pub span: Span,
    /// What is wrong: lower case, no full stop.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
}

impl Problem {
    /// Sets what to write instead.
    pub fn help(&mut self, help: impl Into<String>) -> &mut Problem {
        self.help = Some(excerpt(&help.into(), MESSAGE_CHARS));
        self
    }

    /// What is wrong and what to write instead, in one line.
    pub fn in_short(&self) -> String {
        let help = self.help.as_ref().map(|help| format!("; {help}")).unwrap_or_default();
        format!("{}{help}", self.message)
    }

    /// Line and column, both from 1, the column in characters.
    pub fn position(&self) -> (usize, usize) {
        line_column(&self.source.text, self.span.start)
    }

    /// The lines to draw and the span within them; nothing where they are too long. Inside the text and on character
    /// boundaries, so that drawing cannot fail.
    fn excerpt(&self) -> Option<(&str, Span)> {
        let text = &self.source.text;
        let on_boundary = |mut at: usize| {
            while !text.is_char_boundary(at) {
                at -= 1;
            }
            at
        };
        let start = on_boundary(self.span.start.min(text.len()));
        let end = on_boundary(self.span.end.clamp(start, text.len()));
        let from = text[..start].rfind('\n').map_or(0, |at| at + 1);
        let line_end = |at: usize| memchr::memchr(b'\n', &text.as_bytes()[at..]).map_or(text.len(), |more| at + more);
        [end, line_end(start)].into_iter().find_map(|end| {
            let to = line_end(end);
            (to - from <= MAX_DRAWN).then(|| (&text[from..to], start - from..end - from))
        })
    }

    /// Drawn as a compiler would. Characters that would steer a terminal are replaced, and users and passwords in addresses.
    fn draw(&self, renderer: &Renderer) -> String {
        let (line, column) = self.position();
        let message = normalize_untrusted_str(&self.message);
        let group = Group::with_title(Level::ERROR.primary_title(message));
        let group = match self.excerpt() {
            Some((text, span)) => group.element(
                Snippet::source(hide_credentials(text))
                    .line_start(line)
                    .path(&self.source.name)
                    .annotation(AnnotationKind::Primary.span(span)),
            ),
            None => group.element(Origin::path(&self.source.name).line(line).char_column(column)),
        };
        let group = match &self.help {
            Some(help) => group.element(Level::HELP.message(normalize_untrusted_str(help))),
            None => group,
        };
        renderer.render(&[group])
    }
}

/// How problems are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paint {
    /// Characters only: files, pipes, logs.
    Plain,
    /// With a terminal's colours.
    Coloured,
}

/// All problems found in one go, in the order in which they were found. May be empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, thiserror::Error)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// Each of them.
    pub fn iter(&self) -> std::slice::Iter<'_, Problem> {
        self.0.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// True where nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds others, and puts all in the order of their texts, that of the first problem first.
    pub fn extend(&mut self, other: Problems) {
        self.0.extend(other.0);
        self.0.truncate(MAX_PROBLEMS);
        if let Some(first) = self.0.first().map(|problem| problem.source.name.clone()) {
            self.sort(&first);
        }
    }

    /// A mistake in a rule set is found once for each use, and told once.
    fn sort(&mut self, first: &str) {
        self.0.sort_by_cached_key(|p| (p.source.name != first, p.source.name.clone(), p.span.start));
        for problem in std::mem::take(&mut self.0) {
            if !self.0.contains(&problem) {
                self.0.push(problem);
            }
        }
    }

    /// `value` where nothing is wrong, the problems otherwise.
    pub fn or<T>(self, value: T) -> Result<T, Problems> {
        if self.is_empty() { Ok(value) } else { Err(self) }
    }

    /// Excerpts with carets, one paragraph each, with an empty line behind it.
    pub fn render(&self, paint: Paint) -> String {
        let renderer = match paint {
            Paint::Plain => Renderer::plain(),
            Paint::Coloured => Renderer::styled(),
        };
        let mut out = String::new();
        for problem in &self.0 {
            out.push_str(&problem.draw(&renderer));
            out.push_str("\n\n");
        }
        out
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.render(Paint::Plain).trim_end())
    }
}

/// Gathers the problems of one source.
#[derive(Debug)]
pub struct Report {
    source: Arc<Source>,
    problems: Problems,
    here: Span,
}

impl Report {
    /// An empty report on `source`.
    pub fn new(source: &Arc<Source>) -> Report {
        Report { source: Arc::clone(source), problems: Problems::default(), here: 0..0 }
    }

    /// The text that is being read.
    pub fn source(&self) -> &Arc<Source> {
        &self.source
    }

    /// Records that `span` is wrong: `report.error(span, "…").help("…")`. What follows a line break in `message` is the
    /// help (so that an error that passes through serde can carry one). Beyond [`MAX_PROBLEMS`] the last one is
    /// replaced.
    pub fn error(&mut self, span: Span, message: impl Into<String>) -> &mut Problem {
        let message = message.into();
        let (message, help) = match message.split_once('\n') {
            Some((message, help)) => (message, Some(excerpt(help, MESSAGE_CHARS))),
            None => (message.as_str(), None),
        };
        let message = excerpt(message, MESSAGE_CHARS);
        let problem = Problem { source: Arc::clone(&self.source), span, message, help };
        let list = &mut self.problems.0;
        list.truncate(MAX_PROBLEMS - 1);
        list.push(problem);
        let last = list.len() - 1;
        &mut list[last]
    }

    /// Records that the whole value being built is wrong, where no part of it is to blame.
    pub fn error_here(&mut self, message: impl Into<String>) -> &mut Problem {
        self.error(self.here.clone(), message)
    }

    /// Sets what [`Report::error_here`] blames.
    pub fn set_here(&mut self, span: Span) {
        self.here = span;
    }

    /// The place of `part` of a string in the source, where it can be told: bytes of the string's value. Else all of it.
    pub fn within(&self, text: &toml::Spanned<String>, part: Span) -> Span {
        self.find_within(text, &part).unwrap_or(text.span())
    }

    fn find_within(&self, text: &toml::Spanned<String>, part: &Span) -> Option<Span> {
        let spelled = self.source.text.get(text.span())?;
        let quote = ["\"\"\"", "'''", "\"", "'"].into_iter().find(|quote| spelled.starts_with(quote))?;
        let inner = spelled.get(quote.len()..spelled.len().checked_sub(quote.len())?)?;
        let begun = inner.strip_prefix("\r\n").or(inner.strip_prefix('\n')).filter(|_| quote.len() == 3);
        let skipped = inner.len() - begun.unwrap_or(inner).len();
        let inner = inner.get(skipped..)?;
        let start = text.span().start + quote.len() + skipped;
        if inner == text.get_ref() {
            return Some(start + part.start..start + part.end);
        }
        // Of escapes only those of one letter keep the two in step.
        let (mut spelled_at, mut value_at, mut found) = (0, 0, None);
        let mut chars = inner.chars();
        loop {
            if value_at == part.start {
                found = found.or(Some(spelled_at));
            }
            if value_at >= part.end {
                return found.map(|from| start + from..start + spelled_at);
            }
            let c = chars.next()?;
            spelled_at += c.len_utf8();
            value_at += c.len_utf8();
            if c == '\\' && quote.starts_with('"') {
                spelled_at += chars.next().filter(|c| "btnfre\"\\".contains(*c))?.len_utf8();
            }
        }
    }

    /// How many problems there are by now; a builder compares it with an earlier count.
    pub fn count(&self) -> usize {
        self.problems.len()
    }

    /// Takes in those of another source.
    pub fn extend(&mut self, other: Problems) {
        self.problems.0.extend(other.0);
        self.problems.0.truncate(MAX_PROBLEMS);
    }

    /// The end of the report: the problems of its own source first, in the order of the text.
    pub fn finish(mut self) -> Problems {
        self.problems.sort(&self.source.name);
        self.problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_string_is_found_however_it_is_spelled() {
        for (text, value, part, expected) in [
            ("x = 'a bc'", "a bc", 2..4, "bc"),
            (r#"x = "a \"bc""#, "a \"bc", 3..5, "bc"),
            (r#"x = "a \"bc""#, "a \"bc", 2..3, "\\\""),
            ("x = '''\nbc\n'''", "bc\n", 0..2, "bc"),
            (r#"x = "\u0061bc""#, "abc", 1..3, r#""\u0061bc""#),
        ] {
            let report = Report::new(&Source::new("t", text));
            let spanned = toml::Spanned::new(4..text.len(), value.to_owned());
            assert_eq!(&text[report.within(&spanned, part)], expected, "{text}");
        }
    }

    #[test]
    fn a_problem_is_drawn_with_file_line_column_and_caret() {
        let source = Source::new("refeed.toml", "[server]\nlisten = 5\n");
        let mut report = Report::new(&source);
        report.error(18..19, "expected a string").help("write `listen = \"127.0.0.1:4600\"`");
        let text = report.finish().render(Paint::Plain);
        assert!(text.contains("error: expected a string"), "{text}");
        assert!(text.contains("refeed.toml:2:10"), "{text}");
        assert!(text.contains("2 | listen = 5\n  |          ^"), "{text}");
        assert!(text.contains("help: write"), "{text}");
    }

    #[test]
    fn a_span_outside_the_text_or_inside_a_character_is_still_drawn() {
        let source = Source::new("x", "台");
        for span in [0..9, 1..2, 2..2, 7..9, 3..3] {
            let mut report = Report::new(&source);
            report.error(span, "odd");
            assert!(report.finish().render(Paint::Plain).contains("odd"));
        }
    }

    #[test]
    fn a_long_line_is_named_but_not_drawn_and_nothing_steers_the_terminal() {
        let long = "x".repeat(MAX_DRAWN);
        let mut report = Report::new(&Source::new("t", format!("a\n{long}\u{1b}y\n\u{1b}[31mz\nlist = [\n{long}]\n")));
        report.error(4099..4100, "far \u{1b}[2J");
        report.error(4101..4105, "near").help("\u{7}");
        report.error(4114..4500, "over two lines");
        let text = report.finish().render(Paint::Plain);
        assert!(text.contains("t:2:4098\n") && text.contains("t:3:1\n") && text.contains("t:4:"), "{text}");
        assert!(text.len() < 600 && !text.contains(['\u{1b}', '\u{7}']), "{text:?}");
    }

    #[test]
    fn the_number_of_problems_is_bounded() {
        let mut report = Report::new(&Source::new("x", "x"));
        for _ in 0..MAX_PROBLEMS * 2 {
            report.error(0..1, "again");
        }
        assert_eq!(report.count(), MAX_PROBLEMS);
    }
}
