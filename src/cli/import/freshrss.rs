//! FreshRSS: searches, as filter actions and user queries have them, one a line.
//!
//! `intitle:`, `intext:`, `inurl:`, `author:`, `#tag`, `date:` and `pubdate:` (an ISO 8601 interval), words, `'phrases'`, `/patterns/im`; `!` and `-`,
//! `OR`, parentheses. Words are found in title or content whatever their case, as there. What refers to the reader's own store (feeds by
//! number, labels, other searches) has no translation. What any line finds is dropped, or kept and nothing else.

use jiff::civil::DateTime;
use jiff::{Span, ToSpan, Unit};

use super::draft::{Draft, any, expression_string};
use crate::config::value::quoted;
use crate::rules::refusal;

/// A draft of `text`; `keep`: the searches say what stays.
pub(super) fn read(text: &str, keep: bool) -> Draft {
    let mut draft = Draft::default();
    let mut table = Draft::set("freshrss");
    let mut found: Vec<(usize, String)> = Vec::new();
    for (number, line) in (1..).zip(text.lines().map(str::trim)).filter(|(_, line)| !line.is_empty()) {
        let when = Search::of(line).map(|expression| format!("when = {}", quoted(&expression)));
        match when.and_then(|when| refusal(&format!("{{ drop = {{ {when} }} }}")).map_or(Ok(when), Err)) {
            Err(why) => draft.omit(&mut table, Some(number), line, &why),
            Ok(when) => found.push((number, when)),
        }
    }
    let first = found.first().map(|(number, _)| *number);
    let found: Vec<_> = found.into_iter().map(|(_, when)| when).collect();
    if let Some(rule) = any(if keep { "keep" } else { "drop" }, &found) {
        draft.rule(&mut table, first, rule);
    }
    draft.push(table);
    draft
}

/// What is left of a search.
struct Search<'a> {
    rest: &'a str,
    /// Open parentheses and negations.
    depth: usize,
}

/// How deep parentheses and negations may nest: a person reads no more.
const MAX_DEPTH: usize = 32;

impl Search<'_> {
    /// `line` as an expression.
    fn of(line: &str) -> Result<String, String> {
        let mut search = Search { rest: line, depth: 0 };
        let expression = search.either()?;
        match search.rest.trim_start() {
            "" => Ok(expression),
            rest => Err(format!("`{rest}` stands where nothing may")),
        }
    }

    fn either(&mut self) -> Result<String, String> {
        let mut found = vec![self.all()?];
        while let Some(rest) = self.rest.trim_start().strip_prefix("OR ") {
            self.rest = rest;
            found.push(self.all()?);
        }
        Ok(if found.len() > 1 { format!("({})", found.join(" or ")) } else { found.concat() })
    }

    fn all(&mut self) -> Result<String, String> {
        let mut found = Vec::new();
        loop {
            self.rest = self.rest.trim_start();
            if self.rest.is_empty() || self.rest.starts_with(')') || self.rest.starts_with("OR ") {
                break;
            }
            found.push(self.one()?);
        }
        match found.as_slice() {
            [] => Err("a part of the search is empty".to_owned()),
            [one] => Ok(one.clone()),
            _ => Ok(format!("({})", found.join(" and "))),
        }
    }

    fn one(&mut self) -> Result<String, String> {
        if let Some(rest) = self.rest.strip_prefix(['!', '-', '(']) {
            let is_negation = !self.rest.starts_with('(');
            self.depth += 1;
            if self.depth > MAX_DEPTH {
                return Err(format!("more than {MAX_DEPTH} parts inside each other"));
            }
            self.rest = rest;
            let inside = if is_negation { format!("not ({})", self.one()?) } else { self.either()? };
            if !is_negation {
                self.rest = self.rest.trim_start().strip_prefix(')').ok_or("a parenthesis is not closed")?;
            }
            self.depth -= 1;
            return Ok(inside);
        }
        if let Some(rest) = self.rest.strip_prefix('#') {
            self.rest = rest;
            let tag = match self.text()? {
                pattern @ Text::Pattern(_) => return Ok(pattern.found_in(&["categories"])),
                Text::Words(tag) if rest.starts_with(['\'', '"']) => tag,
                Text::Words(tag) => tag.replace('+', " "),
            };
            let pattern = format!("^{}$", regex::escape(&tag));
            return Ok(format!("categories is matches({})", expression_string(&pattern)));
        }
        let end = self.rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(end);
        let Some(rest) = rest.strip_prefix(':') else { return Ok(self.text()?.found_in(&["title", "content"])) };
        let fields: &[&str] = match name {
            "intitle" => &["title"],
            "intext" => &["content"],
            "inurl" => &["link"],
            "author" => &["authors"],
            "date" | "pubdate" => {
                self.rest = rest;
                return interval(&self.word());
            }
            "f" | "c" | "e" | "L" | "S" | "label" | "labels" | "search" | "userdate" => {
                return Err(format!("`{name}:` refers to what FreshRSS keeps"));
            }
            // a word with a colon in it, such as the beginning of an address
            _ => return Ok(self.text()?.found_in(&["title", "content"])),
        };
        self.rest = rest;
        Ok(self.text()?.found_in(fields))
    }

    /// Up to white space or a parenthesis that is not escaped.
    fn word(&mut self) -> String {
        let mut out = String::new();
        let mut chars = self.rest.char_indices().peekable();
        let mut end = self.rest.len();
        while let Some((at, c)) = chars.next() {
            match c {
                '\\' if chars.peek().is_some_and(|(_, next)| matches!(next, '(' | ')')) => {
                    out.extend(chars.next().map(|(_, paren)| paren));
                }
                c if c.is_whitespace() || c == ')' => {
                    end = at;
                    break;
                }
                c => out.push(c),
            }
        }
        self.rest = self.rest.get(end..).unwrap_or_default();
        out
    }

    fn text(&mut self) -> Result<Text, String> {
        let open = self.rest.chars().next().unwrap_or(' ');
        if !matches!(open, '\'' | '"' | '/') {
            return match self.word() {
                word if word.is_empty() => Err("a part of the search is empty".to_owned()),
                word => Ok(Text::Words(word)),
            };
        }
        let inside = self.rest.get(1..).unwrap_or_default();
        let mut is_escaped = false;
        let end = inside.char_indices().find(|(_, c)| {
            let is_end = *c == open && !is_escaped;
            is_escaped = *c == '\\' && !is_escaped;
            is_end
        });
        let Some((end, _)) = end else { return Err(format!("the closing `{open}` is missing")) };
        let (inside, rest) = (&inside[..end], &inside[end + 1..]);
        let modifiers = if open == '/' { rest.len() - rest.trim_start_matches(['i', 'm']).len() } else { 0 };
        self.rest = &rest[modifiers..];
        Ok(match (open, &rest[..modifiers]) {
            ('/', "") => Text::Pattern(inside.replace("\\/", "/")),
            ('/', modifiers) => Text::Pattern(format!("(?{modifiers}){}", inside.replace("\\/", "/"))),
            (quote, _) => Text::Words(inside.replace(&format!("\\{quote}"), &quote.to_string())),
        })
    }
}

/// What is looked for in a text.
enum Text {
    Words(String),
    Pattern(String),
}

impl Text {
    fn found_in(&self, fields: &[&str]) -> String {
        let test = match self {
            Text::Words(words) => format!("contains({})", expression_string(words)),
            Text::Pattern(pattern) => format!("matches({}, exact=true)", expression_string(pattern)),
        };
        let each: Vec<_> = fields.iter().map(|field| format!("{field} is {test}")).collect();
        if each.len() > 1 { format!("({})", each.join(" or ")) } else { each.concat() }
    }
}

/// An interval of ISO 8601 as FreshRSS reads it: a moment that stands for its day, month …, two with `/` or `--` between, a duration up to now.
fn interval(text: &str) -> Result<String, String> {
    let wrong = || format!("`{text}` is no interval of dates");
    let (from, to) = match text.split_once('/').or_else(|| text.split_once("--")) {
        Some((from, "")) if from.starts_with('P') => (from, None),
        Some((from, to)) => (from, Some(to)),
        None => (text, None),
    };
    if to.is_none() && from.starts_with('P') {
        let span: Span = from.to_ascii_uppercase().parse().map_err(|_| wrong())?;
        let seconds = span.total((Unit::Second, DateTime::constant(2023, 1, 1, 0, 0, 0, 0))).map_err(|_| wrong())?;
        return Ok(format!("age < duration(\"{}s\")", seconds as i64));
    }
    let span = |text: &str| -> Option<Span> { text.to_ascii_uppercase().parse().ok() };
    let (start, end) = match (from, to) {
        (one, None) => moment(one).map(|(start, end)| (Some(start), Some(end))).ok_or_else(wrong)?,
        (one, Some("")) => (Some(moment(one).ok_or_else(wrong)?.0), None),
        ("", Some(one)) => (None, Some(moment(one).ok_or_else(wrong)?.1)),
        (one, Some(length)) if length.starts_with('P') => {
            let (start, _) = moment(one).ok_or_else(wrong)?;
            (Some(start), Some(span(length).and_then(|span| start.checked_add(span).ok()).ok_or_else(wrong)?))
        }
        (length, Some(one)) if length.starts_with('P') => {
            let (_, end) = moment(one).ok_or_else(wrong)?;
            (Some(span(length).and_then(|span| end.checked_sub(span).ok()).ok_or_else(wrong)?), Some(end))
        }
        (one, Some(other)) => {
            // the second may leave out what it has in common with the first
            let whole = match one.len().checked_sub(other.len()).and_then(|at| one.get(..at)) {
                Some(common) if moment(other).is_none() || other.len() < 4 => format!("{common}{other}"),
                _ => other.to_owned(),
            };
            (Some(moment(one).ok_or_else(wrong)?.0), Some(moment(&whole).ok_or_else(wrong)?.1))
        }
    };
    let start = start.map(|start| format!("published >= date(\"{start}\")"));
    let end = end.map(|end| format!("published < date(\"{end}\")"));
    let both: Vec<_> = start.into_iter().chain(end).collect();
    Ok(if both.len() > 1 { format!("({})", both.join(" and ")) } else { both.concat() })
}

/// Where a year, month, day, hour, minute or second begins and ends.
fn moment(text: &str) -> Option<(DateTime, DateTime)> {
    let digits: Vec<i64> = {
        let (date, time) = text.split_once('T').unwrap_or((text, ""));
        let date: String = date.chars().filter(|c| *c != '-').collect();
        let time: String = time.chars().filter(|c| *c != ':').collect();
        let all = date + &time;
        if all.len() < 4 || !all.len().is_multiple_of(2) || all.len() > 14 || !all.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let pairs = all.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).ok()?.parse().ok());
        pairs.collect::<Option<Vec<i64>>>()?
    };
    let part = |at: usize, least: i64| i8::try_from(digits.get(at + 1).copied().unwrap_or(least)).ok();
    let year = i16::try_from(digits.first()? * 100 + digits.get(1)?).ok()?;
    let start = DateTime::new(year, part(1, 1)?, part(2, 1)?, part(3, 0)?, part(4, 0)?, part(5, 0)?, 0).ok()?;
    let length = match digits.len() {
        2 => 1.year(),
        3 => 1.month(),
        4 => 1.day(),
        5 => 1.hour(),
        6 => 1.minute(),
        _ => 1.second(),
    };
    Some((start, start.checked_add(length).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn searches_become_expressions() {
        for (search, expression) in [
            ("intitle:foo -author:bar", "(title is contains(\"foo\") and not (authors is contains(\"bar\")))"),
            (
                "(#tag OR inurl:x) !'composed words'",
                "((categories is matches(\"^tag$\") or link is contains(\"x\")) and not ((title is contains(\"composed words\") or content is contains(\"composed words\"))))",
            ),
            ("intitle:/^Lo+l\\b/i", "title is matches(\"(?i)^Lo+l\\\\b\", exact=true)"),
            (
                "author:/a\\/b/ #two+words",
                "(authors is matches(\"a/b\", exact=true) and categories is matches(\"^two words$\"))",
            ),
            (
                "台灣 date:P1W",
                "((title is contains(\"台灣\") or content is contains(\"台灣\")) and age < duration(\"604800s\"))",
            ),
            ("intitle:\"a \\\"b\\\"\"", "title is contains(\"a \\\"b\\\"\")"),
            (
                "https://a.example",
                "(title is contains(\"https://a.example\") or content is contains(\"https://a.example\"))",
            ),
            (
                "#'two words' #\"a+b\" #/^ad/i",
                "(categories is matches(\"^two words$\") and categories is matches(\"^a\\\\+b$\") and categories is matches(\"(?i)^ad\", exact=true))",
            ),
            ("intext:a\\)", "content is contains(\"a)\")"),
        ] {
            assert_eq!(Search::of(search).as_deref(), Ok(expression), "{search}");
        }
    }

    #[test]
    fn intervals_are_read_as_freshrss_documents_them() {
        let between = |from: &str, to: &str| format!("(published >= date(\"{from}\") and published < date(\"{to}\"))");
        let day = |date: &str| format!("{date}T00:00:00");
        for (text, expected) in [
            ("2014-03-30", between(&day("2014-03-30"), &day("2014-03-31"))),
            ("2014-03", between(&day("2014-03-01"), &day("2014-04-01"))),
            ("201403", between(&day("2014-03-01"), &day("2014-04-01"))),
            ("2014", between(&day("2014-01-01"), &day("2015-01-01"))),
            ("2014-05-30T13:30", between("2014-05-30T13:30:00", "2014-05-30T13:31:00")),
            ("2014-02/2014-04", between(&day("2014-02-01"), &day("2014-05-01"))),
            ("2014-02--2014-04", between(&day("2014-02-01"), &day("2014-05-01"))),
            ("2014-02/04", between(&day("2014-02-01"), &day("2014-05-01"))),
            ("2014-02-03/05", between(&day("2014-02-03"), &day("2014-02-06"))),
            ("2014-02-03T22:00/22:15", between("2014-02-03T22:00:00", "2014-02-03T22:16:00")),
            ("2014-02-03T22:00/15", between("2014-02-03T22:00:00", "2014-02-03T22:16:00")),
            ("2014-03/", "published >= date(\"2014-03-01T00:00:00\")".to_owned()),
            ("/2014-03", "published < date(\"2014-04-01T00:00:00\")".to_owned()),
            ("2014-03/P1W", between(&day("2014-03-01"), &day("2014-03-08"))),
            ("P1W/2014-05-25T23:59:59", between(&day("2014-05-19"), &day("2014-05-26"))),
            ("PT5H/", "age < duration(\"18000s\")".to_owned()),
            ("P1DT1H", "age < duration(\"90000s\")".to_owned()),
            ("P1Y", "age < duration(\"31536000s\")".to_owned()),
        ] {
            assert_eq!(interval(text), Ok(expected), "{text}");
        }
        for text in ["", "/", "2014-13", "20", "P", "today", "2014-02/x"] {
            assert!(interval(text).is_err(), "{text}");
        }
    }

    #[test]
    fn lines_drop_or_are_alternatives_and_the_rest_is_said() {
        let text = "intitle:ads\n\n-#news f:12\nauthor:/(?=x)/\n(a\n";
        let draft = read(text, false);
        let shown = draft.to_string();
        assert!(shown.contains("  { drop = { when = 'title is contains(\"ads\")' } },\n"), "{shown}");
        let notes = draft.notes().join("\n");
        for said in [
            "line 3: `-#news f:12` is not translated: `f:` refers",
            "line 4: ",
            "look-around",
            "line 5: ",
            "not closed",
        ] {
            assert!(notes.contains(said), "{said}: {notes}");
        }
        let kept = read("intitle:a\nintitle:b OR intitle:c\n", true).to_string();
        let either = "    { when = 'title is contains(\"a\")' },\n    { when = '(title is contains(\"b\") or title is contains(\"c\"))' },\n";
        assert!(kept.contains(&format!("{{ keep = {{ any_of = [\n{either}  ] }} }},\n")), "{kept}");
    }

    proptest::proptest! {
        #[test]
        fn nothing_panics(text in "((intitle|date|author|#|OR|!|-|\\(|\\)|:|'|\"|/|P1W|2014-02| ){0,8}\\PC{0,6}){0,3}") {
            let _ = read(&text, false).to_string();
        }
    }
}
