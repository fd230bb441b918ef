//! The name of a feed: a path segment (`/feed/NAME`), a log field, a cache key.
//!
//! Letters and digits of any script (percent-encoded in paths), `-`, `_`, `.`, `~`; no dot at either end, and no ending
//! that asks for a format (`voa.json` is the feed `voa` as JSON).

use crate::base::limits::MAX_FEED_NAME;

/// Endings of `/feed/NAME` that ask for a format.
pub const FORMATS: [&str; 8] = ["rss", "atom", "json", "md", "html", "csv", "sfeed", "ums"];

/// What to write instead of a bad name.
pub(super) const ADVICE: &str = "use letters, digits, `-` and `_`";

/// Why `name` cannot be the name of a feed.
pub fn check(name: &str) -> Result<(), String> {
    if name.is_empty() {
        return Err("a feed needs a name".to_owned());
    }
    if name.len() > MAX_FEED_NAME {
        return Err(format!("a feed's name is longer than {MAX_FEED_NAME} bytes"));
    }
    if let Some(c) = name.chars().find(|c| !c.is_alphanumeric() && !matches!(c, '-' | '_' | '.' | '~')) {
        return Err(format!("a feed's name cannot hold {c:?}"));
    }
    if name.starts_with('.') || name.ends_with('.') {
        return Err("a feed's name cannot begin or end with a dot".to_owned());
    }
    match name.rsplit_once('.') {
        Some((_, end)) if FORMATS.iter().any(|format| format.eq_ignore_ascii_case(end)) => {
            Err(format!("a feed's name cannot end in `.{end}`, which asks for that format"))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_safe_as_one_path_segment() {
        for name in ["voa", "VOA_2-x", "美国之音", "a.b", "v1.2", "rss"] {
            assert_eq!(check(name), Ok(()), "{name}");
        }
        let long = "x".repeat(MAX_FEED_NAME + 1);
        for name in ["", ".", "..", ".a", "a.", "a/b", "a b", "a?b", "a%b", "a\u{0}", "voa.json", "voa.RSS", &long] {
            assert!(check(name).is_err(), "{name}");
        }
    }
}
