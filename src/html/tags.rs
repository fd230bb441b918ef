//! What the HTML specification says of element names: void, raw text, block. Names are compared by a 64-bit key that
//! ignores ASCII case, so that a set of names is a set of numbers.
//!
//! A key of a name over eight bytes is a hash: two such names could share one, which at worst pairs a tag wrongly.

/// The key of a tag or attribute name, ASCII case ignored.
pub(super) const fn key(name: &[u8]) -> u64 {
    let mut packed = 0u64;
    let mut at = 0;
    if name.len() <= 8 {
        while at < name.len() {
            packed |= (name[at].to_ascii_lowercase() as u64) << (8 * at);
            at += 1;
        }
        return packed;
    }
    packed = 0xcbf2_9ce4_8422_2325; // FNV-1a
    while at < name.len() {
        packed = (packed ^ name[at].to_ascii_lowercase() as u64).wrapping_mul(0x0100_0000_01b3);
        at += 1;
    }
    packed | 1 << 63
}

macro_rules! keys {
    ($($name:literal)*) => { &[$(key($name.as_bytes())),*] };
}

/// Elements that have no content and no end tag (HTML §13.1.2, with the obsolete ones parsers still treat so).
pub(super) fn is_void(key: u64) -> bool {
    const VOID: &[u64] = keys!("area" "base" "basefont" "bgsound" "br" "col" "embed" "frame" "hr" "image" "img" "input"
        "keygen" "link" "meta" "param" "source" "track" "wbr");
    VOID.contains(&key)
}

/// Elements that a person sees as a block of their own (HTML §15.3, and `br`): a word ends at them.
pub(super) fn is_block(key: u64) -> bool {
    const BLOCK: &[u64] = keys!("address" "article" "aside" "blockquote" "body" "br" "button" "canvas" "caption" "center"
        "dd" "details" "dialog" "dir" "div" "dl" "dt" "fieldset" "figcaption" "figure" "footer" "form" "frameset" "h1"
        "h2" "h3" "h4" "h5" "h6" "head" "header" "hgroup" "hr" "html" "iframe" "legend" "li" "listing" "main" "menu"
        "nav" "object" "ol" "optgroup" "option" "p" "plaintext" "pre" "search" "section" "select" "summary" "table"
        "tbody" "td" "textarea" "tfoot" "th" "thead" "title" "tr" "ul" "video" "xmp");
    BLOCK.contains(&key)
}

/// Start tags that end an open paragraph (HTML §13.2.6.4.7, "close a p element").
pub(super) fn closes_paragraph(key: u64) -> bool {
    const CLOSES: &[u64] = keys!("address" "article" "aside" "blockquote" "center" "details" "dialog" "dir" "div" "dl"
        "dd" "dt" "fieldset" "figcaption" "figure" "footer" "form" "h1" "h2" "h3" "h4" "h5" "h6" "header" "hgroup" "hr"
        "li" "listing" "main" "menu" "nav" "ol" "p" "plaintext" "pre" "search" "section" "summary" "table" "ul" "xmp");
    CLOSES.contains(&key)
}

/// Elements that an end tag of another kind, written inside them, does not reach out of (HTML §13.2.4.2, scopes).
pub(super) fn is_scope(key: u64) -> bool {
    const SCOPE: &[u64] = keys!("applet" "button" "caption" "marquee" "object" "table" "td" "template" "th");
    SCOPE.contains(&key)
}

/// Parts of a table: their end tags close cells left open.
pub(super) fn is_table_part(key: u64) -> bool {
    const PARTS: &[u64] = keys!("table" "tbody" "td" "tfoot" "th" "thead" "tr");
    PARTS.contains(&key)
}

/// How the tokenizer reads the content of an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// Markup.
    Data,
    /// Text with character references (`textarea`, `title`).
    Rcdata,
    /// Text as it stands (`style`, `xmp`, `iframe`, `noembed`, `noframes`).
    Rawtext,
    /// `script`: as it stands, with the states of `<!--` and `<script` inside.
    Script,
    /// `plaintext`: all the rest.
    Plaintext,
}

/// The content model of an HTML element. `noscript` is markup: feeds are read without scripts.
pub(super) fn content(name: &[u8]) -> Content {
    let Some(&first) = name.first() else { return Content::Data };
    let (same, found): (&[&[u8]], Content) = match (first | 0x20, name.len()) {
        (b's', 6) => (&[b"script"], Content::Script),
        (b's', 5) => (&[b"style"], Content::Rawtext),
        (b't', 5) => (&[b"title"], Content::Rcdata),
        (b't', 8) => (&[b"textarea"], Content::Rcdata),
        (b'x', 3) => (&[b"xmp"], Content::Rawtext),
        (b'i', 6) => (&[b"iframe"], Content::Rawtext),
        (b'n', 7 | 8) => (&[b"noembed", b"noframes"], Content::Rawtext),
        (b'p', 9) => (&[b"plaintext"], Content::Plaintext),
        _ => return Content::Data,
    };
    if same.iter().any(|it| name.eq_ignore_ascii_case(it)) { found } else { Content::Data }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_same_in_any_case() {
        assert_eq!(key(b"IMG"), key(b"img"));
        assert_eq!(key(b"BlockQuote"), key(b"blockquote"));
        assert_ne!(key(b"b"), key(b"br"));
        assert!(is_void(key(b"Br")) && !is_void(key(b"b")));
        assert!(is_block(key(b"FIGCAPTION")));
        assert_eq!(content(b"NoFrames"), Content::Rawtext);
        assert_eq!(content(b"noscript"), Content::Data);
    }
}
