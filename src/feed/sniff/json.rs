//! Whether JSON text is a JSON Feed, from the members of its outermost object. Tolerates what `repair` mends.

/// True where the object at the start of `text` has a JSON Feed `version`, or both `items` (an array) and `title`.
pub(super) fn is_feed(text: &str) -> bool {
    let bytes = text.as_bytes();
    let (mut depth, mut at) = (0_usize, 0);
    let (mut items, mut title) = (false, false);
    while at < bytes.len() {
        match bytes[at] {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' => {
                let end = string_end(bytes, at);
                if depth == 1 && bytes[0] == b'{' {
                    let value = bytes.get(end..).unwrap_or_default().trim_ascii_start();
                    if let Some(value) = value.strip_prefix(b":").map(<[u8]>::trim_ascii_start) {
                        match bytes.get(at + 1..end.saturating_sub(1)).unwrap_or_default() {
                            b"version" if is_version(value) => return true,
                            b"items" => items |= value.starts_with(b"["),
                            b"title" => title = true,
                            _ => {}
                        }
                        if items && title {
                            return true;
                        }
                    }
                }
                at = end;
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    false
}

/// `"https://jsonfeed.org/version/1.1"`, also with escaped slashes.
fn is_version(value: &[u8]) -> bool {
    let head: Vec<u8> = value.iter().take(60).copied().filter(|b| *b != b'\\').collect();
    [b"\"https://jsonfeed.org/version/".as_slice(), b"\"http://jsonfeed.org/version/"]
        .iter()
        .any(|v| head.starts_with(v))
}

/// Just after the closing quote of the string that opens at `at`.
fn string_end(bytes: &[u8], mut at: usize) -> usize {
    at += 1;
    while let Some(found) = memchr::memchr2(b'"', b'\\', bytes.get(at..).unwrap_or_default()) {
        at += found + 1;
        if bytes[at - 1] == b'"' {
            return at;
        }
        at += 1;
    }
    bytes.len()
}
