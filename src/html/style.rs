//! `url(…)` in the declarations of a `style` attribute, changed in place; quotes, strings, comments and all else stay.
//! A URL that is written with CSS escapes is left alone. Linear; any text is accepted.

use std::ops::Range;

/// `style` with each of its URLs given to `change`, which says what to write instead. `None` where nothing changed. What
/// could end the URL in any quotes (quotes, parentheses, backslash, white space) is percent-encoded in the new one.
pub(super) fn map(style: &str, mut change: impl FnMut(&str) -> Option<String>) -> Option<String> {
    let mut out: Option<String> = None;
    let mut from = 0;
    for range in urls(style.as_bytes()) {
        let url = style.get(range.clone()).unwrap_or_default();
        let Some(new) = change(url).filter(|new| new != url) else { continue };
        let out = out.get_or_insert_with(|| String::with_capacity(style.len() * 2));
        out.push_str(style.get(from..range.start).unwrap_or_default());
        push_url(&new, out);
        from = range.end;
    }
    let mut out = out?;
    out.push_str(style.get(from..).unwrap_or_default());
    Some(out)
}

/// Where the URLs stand, without quotes and outer space.
fn urls(bytes: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        while let Some(&byte) = bytes.get(at) {
            match byte {
                b'"' | b'\'' => at = string_end(bytes, at + 1, byte) + 1,
                b'/' if bytes.get(at + 1) == Some(&b'*') => {
                    let rest = bytes.get(at + 2..).unwrap_or_default();
                    at = memchr::memmem::find(rest, b"*/").map_or(bytes.len(), |offset| at + 2 + offset + 2);
                }
                b'\\' => at += 2,
                b'(' if is_url_function(bytes.get(..at).unwrap_or_default()) => {
                    let (end, found) = argument(bytes, at + 1);
                    at = end;
                    if found.is_some() {
                        return found;
                    }
                }
                _ => at += 1,
            }
        }
        None
    })
}

/// True where a `(` after `head` opens a `url(`, and not the end of some other name.
fn is_url_function(head: &[u8]) -> bool {
    let Some((rest, name)) = head.split_last_chunk::<3>() else { return false };
    let part_of_name = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'\\') || !b.is_ascii();
    name.eq_ignore_ascii_case(b"url") && !rest.last().is_some_and(part_of_name)
}

/// The argument that begins at `at`: where to go on, and the URL where it is one.
fn argument(bytes: &[u8], at: usize) -> (usize, Option<Range<usize>>) {
    let rest = bytes.get(at..).unwrap_or_default();
    let start = at + rest.iter().take_while(|b| b.is_ascii_whitespace()).count();
    if let Some(&quote @ (b'"' | b'\'')) = bytes.get(start) {
        let end = string_end(bytes, start + 1, quote);
        return (end + 1, plain(bytes, start + 1..end).filter(|_| end < bytes.len()));
    }
    let len = memchr::memchr(b')', bytes.get(start..).unwrap_or_default());
    let Some(mut end) = len.map(|len| start + len) else { return (bytes.len(), None) };
    let next = end + 1;
    while end > start && bytes.get(end - 1).is_some_and(u8::is_ascii_whitespace) {
        end -= 1;
    }
    let bad = |b: &u8| b.is_ascii_whitespace() || matches!(b, b'"' | b'\'' | b'(');
    let is_bad = bytes.get(start..end).unwrap_or_default().iter().any(bad);
    (next, plain(bytes, start..end).filter(|_| !is_bad))
}

/// The range where it is not empty and holds no escape.
fn plain(bytes: &[u8], range: Range<usize>) -> Option<Range<usize>> {
    let url = bytes.get(range.clone())?;
    (!url.is_empty() && !url.contains(&b'\\')).then_some(range)
}

/// Where the string from `at` on is closed by `quote`, or the end.
fn string_end(bytes: &[u8], at: usize, quote: u8) -> usize {
    let mut at = at;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'\\' => at += 2,
            b if b == quote => return at,
            _ => at += 1,
        }
    }
    bytes.len()
}

fn push_url(url: &str, out: &mut String) {
    for c in url.chars() {
        match c {
            '"' | '\'' | '(' | ')' | '\\' | ' ' | '\t' | '\n' | '\r' | '\x0C' => {
                out.push_str(&format!("%{:02X}", u32::from(c)));
            }
            c => out.push(c),
        }
    }
}

/// The declarations of a `style` attribute: names and values, without outer space. Semicolons in strings and
/// parentheses end none.
pub fn declarations(style: &str) -> Vec<(&str, &str)> {
    let parts = parts(style).into_iter().filter_map(|range| style.get(range)?.split_once(':'));
    parts.map(|(name, value)| (name.trim(), value.trim())).filter(|(name, _)| !name.is_empty()).collect()
}

/// `style` with the property `name` set to `value` where it stands, else at the end; with `None` without it.
pub fn declare(style: &str, name: &str, value: Option<&str>) -> String {
    let is_meant = |range: &Range<usize>| {
        let found = style.get(range.clone()).and_then(|part| part.split_once(':'));
        found.is_some_and(|(found, _)| found.trim().eq_ignore_ascii_case(name))
    };
    let parts = parts(style);
    let Some(last) = parts.iter().rposition(is_meant) else {
        let Some(value) = value else { return style.to_owned() };
        let style = style.trim_end().trim_end_matches(';');
        return if style.trim().is_empty() { format!("{name}:{value}") } else { format!("{style};{name}:{value}") };
    };
    let kept = parts.iter().enumerate().filter(|(at, part)| !is_meant(part) || value.is_some() && *at == last);
    let spelled = kept.map(|(at, part)| match (style.get(part.clone()).unwrap_or_default(), value) {
        (old, Some(value)) if at == last => {
            let (head, rest) = old.split_once(':').unwrap_or((old, ""));
            let space = rest.len() - rest.trim_start().len();
            format!("{head}:{}{value}", rest.get(..space).unwrap_or_default())
        }
        (old, _) => old.to_owned(),
    });
    spelled.collect::<Vec<_>>().join(";").trim_start().to_owned()
}

/// The stretches between semicolons.
fn parts(style: &str) -> Vec<Range<usize>> {
    let bytes = style.as_bytes();
    let mut parts = Vec::new();
    let (mut at, mut from, mut depth) = (0, 0, 0usize);
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'"' | b'\'' => at = string_end(bytes, at + 1, byte),
            b'\\' => at += 1,
            b'(' => depth += 1,
            b')' => depth = depth.saturating_sub(1),
            b';' if depth == 0 => {
                parts.push(from..at);
                from = at + 1;
            }
            _ => {}
        }
        at += 1;
    }
    parts.push(from..bytes.len());
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxied(style: &str) -> Option<String> {
        map(style, |url| Some(format!("/p?{url}")))
    }

    #[test]
    fn urls_change_within_their_quotes() {
        for (style, new) in [
            ("background:url(a.png)", "background:url(/p?a.png)"),
            ("background: URL( 'a b.png' ) no-repeat", "background: URL( '/p?a%20b.png' ) no-repeat"),
            ("x:url(\"a\"),url( b )", "x:url(\"/p?a\"),url( /p?b )"),
            ("content:\"url(a)\";/* url(b) */x:url(c)", "content:\"url(a)\";/* url(b) */x:url(/p?c)"),
        ] {
            assert_eq!(proxied(style).as_deref(), Some(new));
        }
    }

    #[test]
    fn what_is_no_url_is_left_alone() {
        for style in [
            "",
            "color:red",
            "x:curl(a)",
            "x:url()",
            "x:url(a",
            "x:url('a",
            "x:url(a b)",
            "x:url(a\\))",
            "\\",
            "x:url('\\",
        ] {
            assert_eq!(proxied(style), None, "{style}");
        }
    }

    #[test]
    fn a_new_url_cannot_break_out() {
        let style = map("x:url(a)", |_| Some("b');y:(\"\\".into()));
        assert_eq!(style.as_deref(), Some("x:url(b%27%29;y:%28%22%5C)"));
    }

    #[test]
    fn a_property_is_set_where_it_stands() {
        for (style, value, out) in [
            ("", Some("1px"), "width:1px"),
            ("color: red", Some("1px"), "color: red;width:1px"),
            ("color: red; ", Some("1px"), "color: red;width:1px"),
            ("Width: 9px; color: red;", Some("1px"), "Width: 1px; color: red;"),
            ("x:url(data:a;width:2);width:3;width:4", Some("1px"), "x:url(data:a;width:2);width:1px"),
            ("a:';width:2';b:c", None, "a:';width:2';b:c"),
            ("width:2; b:c", None, "b:c"),
        ] {
            assert_eq!(declare(style, "width", value), out);
        }
        assert_eq!(declarations("a: b;; c:';'"), [("a", "b"), ("c", "';'")]);
    }
}
