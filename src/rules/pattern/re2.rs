//! Patterns of programs that use RE2 (RSSHub, Miniflux and all of Go), written so that they mean here what they mean there.
//!
//! To RE2 `\w`, `\d`, `\s` and `\b` speak of ASCII, so that `\bAI\b` is found in 用AI写; and in a class `[`, `&&` and `~~` are characters.
//! All else is the same in both, or refused. Linear in the pattern.

/// `pattern` of RE2 as one of ours.
pub fn translated(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len());
    let mut rest = pattern.chars().peekable();
    // How many characters of a class were read; none outside.
    let mut class: Option<usize> = None;
    while let Some(c) = rest.next() {
        let at = class;
        class = class.map(|read| read + 1);
        match (c, at) {
            ('\\', _) => {
                let Some(escaped) = rest.next() else {
                    out.push('\\');
                    break;
                };
                match (escaped, at) {
                    ('w', _) => out.push_str("[0-9A-Za-z_]"),
                    ('W', _) => out.push_str("[^0-9A-Za-z_]"),
                    ('d', _) => out.push_str("[0-9]"),
                    ('D', _) => out.push_str("[^0-9]"),
                    ('s', _) => out.push_str("[\\t\\n\\f\\r ]"),
                    ('S', _) => out.push_str("[^\\t\\n\\f\\r ]"),
                    ('b', None) => out.push_str("(?-u:\\b)"),
                    (other, _) => out.extend(['\\', other]),
                }
            }
            ('[', None) => {
                class = Some(0);
                out.push('[');
                if let Some(not) = rest.next_if_eq(&'^') {
                    out.push(not);
                }
            }
            ('[', Some(_)) if rest.peek() == Some(&':') => {
                out.push('[');
                while let Some(c) = rest.next() {
                    out.push(c);
                    if c == ':' && rest.peek() == Some(&']') {
                        out.extend(rest.next());
                        break;
                    }
                }
            }
            ('[' | '&' | '~', Some(_)) => out.extend(['\\', c]),
            // the first character of a class does not end it
            (']', Some(0)) => out.push_str("\\]"),
            (']', Some(_)) => {
                class = None;
                out.push(']');
            }
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finds(pattern: &str, text: &str) -> bool {
        regex::Regex::new(&translated(pattern)).unwrap_or_else(|error| panic!("{pattern}: {error}")).is_match(text)
    }

    #[test]
    fn classes_and_boundaries_are_of_ascii() {
        for (pattern, text, is_found) in [
            (r"\bAI\b", "用AI写", true),
            (r"\bAI\b", "OpenAI", false),
            (r"^\w+$", "台灣", false),
            (r"^\w+$", "a_1", true),
            (r"^\W+$", "台灣", true),
            (r"^[\w\s]+$", "a b", true),
            (r"^[^\W\d]+$", "ab", true),
            (r"^[^\W\d]+$", "a1", false),
            (r"\d", "１", false),
            (r"^\S$", "\u{3000}", true),
            (r"\\w", "\\w", true),
        ] {
            assert_eq!(finds(pattern, text), is_found, "{pattern} {text}");
        }
    }

    #[test]
    fn what_is_special_in_our_classes_only_is_a_character() {
        for (pattern, text, is_found) in [
            ("[【[]广告[]】]", "[广告]", true),
            ("^[]a]+$", "]a", true),
            ("^[^]a]+$", "b[", true),
            ("^[^]a]+$", "b]", false),
            ("^[a&&b]+$", "&", true),
            ("^[~~]+$", "~", true),
            ("^[[:alpha:][]+$", "a[", true),
            (r"^[\]\[x]+$", "[x]", true),
            ("^a{2,3}(b|c)*?$", "aabc", true),
        ] {
            assert_eq!(finds(pattern, text), is_found, "{pattern} {text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn a_pattern_without_these_is_left_alone(pattern in "[a-z台灣.*+?(|)^$]{0,20}") {
            proptest::prop_assert_eq!(translated(&pattern), pattern);
        }

        #[test]
        fn nothing_panics(pattern in "\\PC{0,20}|[\\[\\]^:\\\\wbs-]{0,12}") {
            translated(&pattern);
        }
    }
}
