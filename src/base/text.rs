//! Small text helpers: excerpts for messages, sizes for people. No allocation beyond the result.

use std::borrow::Cow;

/// The first `chars` characters of `text` on one line, white space folded, with `…` where it was cut.
pub fn excerpt(text: &str, chars: usize) -> String {
    let mut out = String::new();
    let mut count = 0;
    for word in text.split_whitespace() {
        if count > 0 {
            out.push(' ');
            count += 1;
        }
        for c in word.chars() {
            if count >= chars {
                out.push('…');
                return out;
            }
            out.push(if c.is_control() { '\u{FFFD}' } else { c });
            count += 1;
        }
    }
    out
}

/// The words of `text` with one space between them.
pub fn fold_space(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// True for a character of a script without spaces between words, which counts as a word: Han, hiragana, katakana.
pub fn is_word_alone(c: char) -> bool {
    matches!(c, '\u{3041}'..='\u{30FF}' | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFF}')
}

/// Line and column (both from 1, the column in characters) of a byte offset; an offset inside a character counts as its start.
pub fn line_column(text: &str, offset: usize) -> (usize, usize) {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    let before = &text[..offset];
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    (memchr::memchr_iter(b'\n', before.as_bytes()).count() + 1, before[line_start..].chars().count() + 1)
}

/// `text` with a `*` for each byte of the user and the password in the addresses that stand in it, so that everything else keeps
/// its place. Of an address of Redis or Valkey all up to the last `@` is taken for such: its password may be any text.
pub fn hide_credentials(text: &str) -> Cow<'_, str> {
    let mut hidden = Cow::Borrowed(text);
    for (colon, _) in text.match_indices("://") {
        let start = colon + 3;
        let rest = &text[start..];
        let rest = &rest[..rest.find(|c: char| c.is_whitespace() || c == '"' || c == '\'').unwrap_or(rest.len())];
        let scheme = text[..colon].rsplit(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
        let is_store = ["redis", "rediss", "valkey", "valkeys"].contains(&scheme.to_ascii_lowercase().as_str());
        let authority = if is_store { rest } else { &rest[..rest.find(['/', '?', '#']).unwrap_or(rest.len())] };
        if let Some(at) = authority.rfind('@') {
            hidden.to_mut().replace_range(start..start + at, &"*".repeat(at));
        }
    }
    hidden
}

/// A byte count for people: `1.5 MiB`, `512 B`.
pub fn human_size(bytes: usize) -> String {
    match bytes {
        0..1024 => format!("{bytes} B"),
        1024..1_048_576 => format!("{:.1} KiB", bytes as f64 / 1024.0),
        1_048_576..1_073_741_824 => format!("{:.1} MiB", bytes as f64 / 1_048_576.0),
        _ => format!("{:.1} GiB", bytes as f64 / 1_073_741_824.0),
    }
}

/// The lengths of what two texts have in common at their starts and, beyond that, at their ends, in whole characters.
pub fn common_ends(old: &str, new: &str) -> (usize, usize) {
    let same = |(a, b): &(&[u8; 8], &[u8; 8])| a == b;
    let eights = old.as_bytes().as_chunks().0.iter().zip(new.as_bytes().as_chunks().0).take_while(same).count() * 8;
    let [old_bytes, new_bytes] = [old, new].map(|text| text.as_bytes().get(eights..).unwrap_or_default());
    let mut start = eights + old_bytes.iter().zip(new_bytes).take_while(|(a, b)| a == b).count();
    while !old.is_char_boundary(start) || !new.is_char_boundary(start) {
        start -= 1;
    }
    let (old_rest, new_rest) = (old.get(start..).unwrap_or_default(), new.get(start..).unwrap_or_default());
    let mut end = old_rest.bytes().rev().zip(new_rest.bytes().rev()).take_while(|(a, b)| a == b).count();
    while !old_rest.is_char_boundary(old_rest.len() - end) || !new_rest.is_char_boundary(new_rest.len() - end) {
        end -= 1;
    }
    (start, end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_in_addresses_are_hidden_where_they_stand() {
        for (text, hidden) in [
            ("shared = 'redis://:geheim@cache:6379/0' # note", "shared = 'redis://*******@cache:6379/0' # note"),
            ("\"rediss://me:a/b@c#d@cache\"", "\"rediss://**********@cache\""),
            ("socks5://ü:p@host/", "socks5://****@host/"),
            ("https://example.org/@me and https://a@b", "https://example.org/@me and https://*@b"),
            ("no address @ all ://", "no address @ all ://"),
        ] {
            assert_eq!(hide_credentials(text), hidden);
        }
    }

    #[test]
    fn excerpt_folds_white_space_and_says_where_it_cut() {
        assert_eq!(excerpt(" a\n  b ", 10), "a b");
        assert_eq!(excerpt("人工智能", 2), "人工…");
    }

    #[test]
    fn line_and_column_count_characters_from_one() {
        assert_eq!(line_column("a\n人b", 5), (2, 2));
        assert_eq!(line_column("", 9), (1, 1));
    }
}
