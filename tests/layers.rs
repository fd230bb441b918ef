//! The shape of the source: imports follow the layers, every file says what it is, none grows past its cap, and the
//! numbers of time stand in `base/limits.rs`. Reads `src/` as text; needs nothing but the standard library.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};

/// The layers, lowest first. A folder (or single file) imports from the rows above its own row and from itself, never
/// from its neighbours on the row.
const LAYERS: &[&[&str]] = &[
    &["base"],
    &["config", "html", "chinese"],
    &["feed"],
    &["rules", "fetch", "cache", "media", "emit", "websub"],
    &["pipeline"],
    &["serve", "web", "mirror"],
    &["cli"],
    &["main"],
];

/// Longest source file, its tests included: beyond it one reads by searching.
const MAX_LINES: usize = 500;

/// Where bare numbers of time may stand: the file and its folder.
const NUMBERS: &str = "src/base/limits";

#[test]
fn imports_follow_the_layers() {
    report("edges against the layers", sources().iter().flat_map(|file| bad_edges(&file.path, &file.text)));
}

#[test]
fn every_file_opens_with_what_it_is() {
    let silent = |file: &&Source| !file.text.starts_with("//!");
    report("files without a `//!` header", sources().iter().filter(silent).map(|file| file.path.clone()));
}

#[test]
fn no_file_is_longer_than_its_cap() {
    let lines = |file: &Source| file.text.lines().count();
    let files = sources();
    let long = files.iter().filter(|file| lines(file) > MAX_LINES);
    report("files over the cap", long.map(|file| format!("{}: {} lines, {MAX_LINES} at most", file.path, lines(file))));
}

#[test]
fn numbers_of_time_stand_in_limits() {
    let files = sources();
    let others = files.iter().filter(|file| !file.path.starts_with(NUMBERS));
    report("bare durations", others.flat_map(|file| bare_durations(&file.path, &file.text)));
}

// ── the rules over one file ─────────────────────────────────────────────────────────────────────────

/// Each import of `text` that the layers forbid, as `path:line: from → to, why`.
fn bad_edges(path: &str, text: &str) -> Vec<String> {
    let module = module_path(path);
    let Some(from) = module.first() else { return Vec::new() }; // lib.rs declares the modules, it imports nothing
    let Some(own) = layer(from) else {
        return vec![format!("{path}: `{from}` is in no layer: add it to LAYERS in tests/layers.rs")];
    };
    let verdict = |to: &str| match layer(to) {
        _ if to == from => None,
        Some(other) if other < own => None,
        Some(other) if other == own => Some("neighbours in one layer"),
        Some(_) => Some("an upper layer"),
        None => Some("not a folder of src/: name the folder that holds it"),
    };
    let edges = roots(&module, &tokens(text));
    edges
        .into_iter()
        .filter_map(|(line, to)| Some(format!("{path}:{line}: {from} → {to}, {}", verdict(&to)?)))
        .collect()
}

/// Each `from_secs(5)` and its like outside test code.
fn bare_durations(path: &str, text: &str) -> Vec<String> {
    let tokens = tokens(text);
    let makes = ["from_secs", "from_millis", "from_micros", "from_nanos", "from_mins", "from_hours", "from_secs_f64"];
    let test_code = path.ends_with("tests.rs") || path.contains("/tests/");
    let found = |at: &usize| {
        let bare = |token: Option<&Token>| token.is_some_and(|t| t.text.starts_with(|c: char| c.is_ascii_digit()));
        makes.contains(&tokens[*at].text.as_str()) && is(&tokens, at + 1, "(") && bare(tokens.get(at + 2))
    };
    let tests = test_regions(&tokens);
    (0..tokens.len())
        .filter(|at| !test_code && found(at) && !tests.iter().any(|(start, end)| (start..end).contains(&at)))
        .map(|at| format!("{path}:{}: {}(number): give it a name in {NUMBERS}", tokens[at].line, tokens[at].text))
        .collect()
}

/// Where `name` stands in [`LAYERS`].
fn layer(name: &str) -> Option<usize> {
    LAYERS.iter().position(|row| row.contains(&name))
}

/// `src/rules/keep.rs` → `[rules, keep]`, `src/rules/mod.rs` → `[rules]`, `src/lib.rs` → `[]`.
fn module_path(path: &str) -> Vec<String> {
    let inner = path.trim_start_matches("src/").trim_end_matches(".rs");
    let inner = inner.strip_suffix("/mod").unwrap_or(inner);
    if inner == "lib" { Vec::new() } else { inner.split('/').map(String::from).collect() }
}

/// The first name below the crate's root of every path that starts there, with its line: `crate::a::b`, `super::super::a`,
/// `crate::{a, b::{c, d}}`, and `refeed::a` in `main.rs`.
fn roots(module: &[String], tokens: &[Token]) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut inline: Vec<usize> = Vec::new(); // brace depths at which an inline `mod` is open
    let mut depth = 0;
    for (at, token) in tokens.iter().enumerate() {
        match token.text.as_str() {
            "{" => {
                depth += 1;
                if at >= 2 && tokens[at - 2].text == "mod" {
                    inline.push(depth);
                }
            }
            "}" => {
                inline.pop_if(|opened| *opened == depth);
                depth = usize::saturating_sub(depth, 1);
            }
            "crate" => found.extend(heads(tokens, at + 1)),
            "refeed" if module == ["main"] => found.extend(heads(tokens, at + 1)),
            "super" if !is(tokens, at.wrapping_sub(1), "::") => {
                let mut end = at;
                let mut levels = 1;
                while is(tokens, end + 1, "::") && is(tokens, end + 2, "super") {
                    end += 2;
                    levels += 1;
                }
                if levels >= module.len() + inline.len() {
                    found.extend(heads(tokens, end + 1));
                }
            }
            _ => {}
        }
    }
    found
}

/// The names that follow `::` at `at`: one, or each head of a group.
fn heads(tokens: &[Token], at: usize) -> Vec<(usize, String)> {
    if !is(tokens, at, "::") {
        return Vec::new(); // `pub(crate)`
    }
    if !is(tokens, at + 1, "{") {
        return tokens.get(at + 1).map(|token| (token.line, token.text.clone())).into_iter().collect();
    }
    let mut found = Vec::new();
    let mut depth = 0;
    for at in at + 1..tokens.len() {
        match tokens[at].text.as_str() {
            "{" => depth += 1,
            "}" => depth -= 1,
            _ if depth == 1 && ["{", ","].contains(&tokens[at - 1].text.as_str()) => {
                found.push((tokens[at].line, tokens[at].text.clone()));
            }
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    found
}

/// The token ranges of what `#[cfg(test)]` stands before.
fn test_regions(tokens: &[Token]) -> Vec<(usize, usize)> {
    let marker = ["#", "[", "cfg", "(", "test", ")", "]"];
    let starts = (0..tokens.len()).filter(|at| (0..marker.len()).all(|i| is(tokens, at + i, marker[i])));
    starts.map(|start| (start, block_end(tokens, start + marker.len()))).collect()
}

/// Where the item that starts at `at` ends: after its block, or its `;`.
fn block_end(tokens: &[Token], at: usize) -> usize {
    let mut depth = 0;
    for (at, token) in tokens.iter().enumerate().skip(at) {
        match token.text.as_str() {
            "{" => depth += 1,
            "}" if depth <= 1 => return at + 1,
            "}" => depth -= 1,
            ";" if depth == 0 => return at + 1,
            _ => {}
        }
    }
    tokens.len()
}

// ── reading Rust, well enough ───────────────────────────────────────────────────────────────────────

struct Source {
    path: String,
    text: String,
}

struct Token {
    line: usize,
    text: String,
}

fn is(tokens: &[Token], at: usize, text: &str) -> bool {
    tokens.get(at).is_some_and(|token| token.text == text)
}

/// Identifiers, numbers, `::` and single punctuation; no comments, strings, characters or lifetimes.
fn tokens(text: &str) -> Vec<Token> {
    let chars: Vec<char> = text.chars().collect();
    let (mut out, mut at, mut line) = (Vec::new(), 0, 1);
    while let Some(&c) = chars.get(at) {
        let next = chars.get(at + 1).copied().unwrap_or('\0');
        let end = match c {
            '/' if next == '/' => find(&chars, at, |i| chars[i] == '\n'),
            '/' if next == '*' => comment_end(&chars, at),
            '"' => string_end(&chars, at),
            'r' if next == '"' || next == '#' => raw_string_end(&chars, at).unwrap_or(at + 1),
            'b' if next == 'r' => raw_string_end(&chars, at + 1).unwrap_or(at),
            '\'' if next == '\\' => find(&chars, at + 3, |i| chars[i] == '\'') + 1,
            '\'' if chars.get(at + 2) == Some(&'\'') => at + 3,
            '\'' => at + 1, // a lifetime: its name is read as an identifier, which no rule looks for
            _ => at,
        };
        if end > at {
            line += chars[at..end.min(chars.len())].iter().filter(|c| **c == '\n').count();
            at = end;
            continue;
        }
        let word = |c: char| c.is_alphanumeric() || c == '_';
        let end = match c {
            _ if word(c) => find(&chars, at, |i| !word(chars[i])),
            ':' if next == ':' => at + 2,
            _ => at + 1,
        };
        if !c.is_whitespace() {
            out.push(Token { line, text: chars[at..end].iter().collect() });
        }
        line += usize::from(c == '\n');
        at = end;
    }
    out
}

fn find(chars: &[char], from: usize, stop: impl Fn(usize) -> bool) -> usize {
    (from..chars.len()).find(|i| stop(*i)).unwrap_or(chars.len())
}

fn comment_end(chars: &[char], from: usize) -> usize {
    let (mut depth, mut at) = (0, from);
    while at + 1 < chars.len() {
        match (chars[at], chars[at + 1]) {
            ('/', '*') => depth += 1,
            ('*', '/') => depth -= 1,
            _ => {
                at += 1;
                continue;
            }
        }
        at += 2;
        if depth == 0 {
            return at;
        }
    }
    chars.len()
}

fn string_end(chars: &[char], from: usize) -> usize {
    let mut at = from + 1;
    while at < chars.len() && chars[at] != '"' {
        at += if chars[at] == '\\' { 2 } else { 1 };
    }
    at + 1
}

/// The end of `r"…"` or `r#"…"#` that starts at `from`; nothing for `r#type` and `r` itself.
fn raw_string_end(chars: &[char], from: usize) -> Option<usize> {
    let quote = find(chars, from + 1, |i| chars[i] != '#');
    let hashes = quote - from - 1;
    (chars.get(quote) == Some(&'"')).then_some(())?;
    let closes = |i: usize| chars[i] == '"' && chars[i + 1..].iter().take_while(|c| **c == '#').count() >= hashes;
    Some(find(chars, quote + 1, closes) + 1 + hashes)
}

/// Every source file, its path relative to the package with `/` between names.
fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut waiting: Vec<PathBuf> = vec![root.join("src")];
    let mut found = Vec::new();
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            waiting.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let relative = path.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/");
            found.push(Source { path: relative, text: fs::read_to_string(&path).unwrap() });
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(found.iter().any(|file| file.path == "src/lib.rs"), "no sources under {}", root.display());
    found
}

fn report(what: &str, found: impl Iterator<Item = String>) {
    let found: Vec<String> = found.collect();
    assert!(found.is_empty(), "{} {what}:\n{}", found.len(), found.join("\n"));
}

// ── the reader itself ───────────────────────────────────────────────────────────────────────────────

#[test]
fn forbidden_edges_are_named_with_file_line_and_edge() {
    let text = "//! x\nuse crate::base::limits;\nuse crate::{feed::{tree, item}, serve, html};\nfn f() { crate::cli::run() }\n";
    let expected =
        ["src/rules/keep.rs:3: rules → serve, an upper layer", "src/rules/keep.rs:4: rules → cli, an upper layer"];
    assert_eq!(bad_edges("src/rules/keep.rs", text), expected);
    assert_eq!(
        bad_edges("src/html/mod.rs", "use crate::chinese;"),
        ["src/html/mod.rs:1: html → chinese, neighbours in one layer"]
    );
    assert_eq!(bad_edges("src/main.rs", "use refeed::{cli, serve};"), [""; 0]);
    assert_eq!(bad_edges("src/odd.rs", "").len(), 1);
    assert_eq!(bad_edges("src/cli/run.rs", "use crate::Pipeline;").len(), 1);
}

#[test]
fn paths_through_super_are_followed_out_of_inline_modules() {
    let text = "mod tests { use super::super::base; use super::super::super::cli; }\nuse super::super::serve;\nuse super::keep;";
    let expected = ["src/rules/a.rs:1: rules → cli, an upper layer", "src/rules/a.rs:2: rules → serve, an upper layer"];
    assert_eq!(bad_edges("src/rules/a.rs", text), expected);
}

#[test]
fn comments_strings_and_characters_are_not_imports() {
    let text = r####"
        // crate::cli
        /* crate::cli /* crate::web */ crate::serve */
        const A: &str = "crate::cli \" crate::web";
        const B: &str = r##"crate::cli "# crate::web"##;
        const C: [char; 3] = ['"', '\'', '\u{22}'];
        fn f<'a>(x: &'a str) -> &'a str { pub(crate) x }
    "####;
    assert_eq!(bad_edges("src/base/text.rs", text), [""; 0]);
}

#[test]
fn bare_durations_are_found_outside_tests_only() {
    let text = "fn a() { Duration::from_secs(5); from_millis(wait) }\n#[cfg(test)]\nmod tests { fn b() { from_secs(1) } }\nfn c() { from_millis(20_000) }";
    let lines: Vec<String> =
        bare_durations("src/serve/x.rs", text).iter().map(|found| found[..17].to_string()).collect();
    assert_eq!(lines, ["src/serve/x.rs:1:", "src/serve/x.rs:4:"]);
    assert_eq!(bare_durations("src/serve/tests.rs", text), [""; 0]);
}
