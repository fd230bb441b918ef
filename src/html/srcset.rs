//! `srcset`: its URLs changed in place (HTML §4.8.4.2.1, "parse a srcset attribute"). URLs may hold commas, `data:` URLs
//! do; spacing, descriptors and stray commas stay as they are. Linear; any text is accepted.

use std::ops::Range;

/// `value` with the URL of each candidate given to `change`, which says what to write instead. `None` where nothing
/// changed. A new URL that would not be read as one URL (white space, commas at its ends) is percent-encoded there; an
/// empty one counts as no change.
pub fn map(value: &str, mut change: impl FnMut(&str) -> Option<String>) -> Option<String> {
    let mut out: Option<String> = None;
    let mut from = 0;
    for range in urls(value) {
        let url = value.get(range.clone()).unwrap_or_default();
        let Some(new) = change(url).filter(|new| !new.is_empty() && new != url) else { continue };
        let out = out.get_or_insert_with(|| String::with_capacity(value.len() * 2));
        out.push_str(value.get(from..range.start).unwrap_or_default());
        push_url(&new, out);
        from = range.end;
    }
    let mut out = out?;
    out.push_str(value.get(from..).unwrap_or_default());
    Some(out)
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0C)
}

/// Where the URLs stand, in order.
fn urls(value: &str) -> impl Iterator<Item = Range<usize>> {
    let bytes = value.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        let skipped = |from: usize, stop: fn(u8) -> bool| {
            let rest = bytes.get(from..).unwrap_or_default();
            from + rest.iter().position(|&b| stop(b)).unwrap_or(rest.len())
        };
        let start = skipped(at, |b| !is_space(b) && b != b',');
        if start >= bytes.len() {
            return None;
        }
        at = skipped(start, is_space);
        let word = bytes.get(start..at).unwrap_or_default();
        let commas = word.iter().rev().take_while(|&&b| b == b',').count();
        let end = at - commas;
        if commas == 0 {
            at = descriptors_end(bytes, at);
        }
        Some(start..end)
    })
}

/// After the comma that ends the descriptors from `at` on; commas in parentheses do not.
fn descriptors_end(bytes: &[u8], at: usize) -> usize {
    let mut in_parens = false;
    for (offset, &byte) in bytes.get(at..).unwrap_or_default().iter().enumerate() {
        match byte {
            b'(' => in_parens = true,
            b')' => in_parens = false,
            b',' if !in_parens => return at + offset + 1,
            _ => {}
        }
    }
    bytes.len()
}

fn push_url(url: &str, out: &mut String) {
    let inner = url.trim_start_matches(',');
    let leading = url.len() - inner.len();
    let body = inner.trim_end_matches(',');
    out.extend(std::iter::repeat_n("%2C", leading));
    for c in body.chars() {
        match c {
            '\t' => out.push_str("%09"),
            '\n' => out.push_str("%0A"),
            '\x0C' => out.push_str("%0C"),
            '\r' => out.push_str("%0D"),
            ' ' => out.push_str("%20"),
            c => out.push(c),
        }
    }
    out.extend(std::iter::repeat_n("%2C", inner.len() - body.len()));
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn list(value: &str) -> Vec<&str> {
        urls(value).map(|range| &value[range]).collect()
    }

    #[test]
    fn urls_are_found_as_the_specification_finds_them() {
        assert_eq!(list("a.jpg 1x, b.jpg 2x"), ["a.jpg", "b.jpg"]);
        assert_eq!(list(" a.jpg,\n b.jpg 200w ,c.jpg"), ["a.jpg", "b.jpg", "c.jpg"]);
        assert_eq!(
            list("https://x/w_1,h_2/a.jpg 1x,https://x/w_2,h_4/a.jpg 2x"),
            ["https://x/w_1,h_2/a.jpg", "https://x/w_2,h_4/a.jpg"]
        );
        assert_eq!(list("data:image/png;base64,AA== 1x, b 2x"), ["data:image/png;base64,AA==", "b"]);
        assert_eq!(list("a (x,y) 1x, b"), ["a", "b"]);
        assert_eq!(list("a,, b"), ["a", "b"]);
        assert_eq!(list(" ,, "), Vec::<&str>::new());
    }

    #[test]
    fn only_urls_change() {
        let proxied = map("  a.jpg 1x ,\tb.jpg  200w", |url| Some(format!("/p?{url}")));
        assert_eq!(proxied.as_deref(), Some("  /p?a.jpg 1x ,\t/p?b.jpg  200w"));
        assert_eq!(map("a 1x, b 2x", |_| None), None);
        assert_eq!(
            map("a 1x, b 2x", |url| (url == "b").then(|| ",c d,".into())).as_deref(),
            Some("a 1x, %2Cc%20d%2C 2x")
        );
    }

    proptest! {
        #[test]
        fn candidates_are_as_many_as_before(value in "[a-z,() \t]{0,40}", new in "[a-z, ()]{1,8}") {
            let before = list(&value).len();
            if let Some(mapped) = map(&value, |_| Some(new.clone())) {
                prop_assert_eq!(list(&mapped).len(), before, "{}", mapped);
            }
        }
    }
}
