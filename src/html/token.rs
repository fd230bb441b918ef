//! The tokenizer: HTML §13.2.5 over a `&str`, into tokens that know where they begin. The end of one is the start of the
//! next, so the spans cover the source without a gap. Never fails; one pass; eight bytes per token.
//!
//! What the specification drops (a tag cut off by the end, `</>`) is a token of sort [`Sort::Other`]: kept, and inert.
//! In [`Syntax::Xhtml`] the rules are XML's: CDATA sections are text, `<?…?>` is an instruction, nothing is raw text.

use super::Syntax;
use super::attrs::{Scan, Step, is_space, name_end};
use super::tags::{Content, content};

/// What a token is in the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    Text,
    Cdata,
    Start,
    End,
    Comment,
    /// Raw text without character references.
    Raw,
    /// Raw text with character references.
    Rcdata,
    Other,
}

/// The tag ends with `/>`.
pub(super) const SELF_CLOSING: u8 = 1;
/// What is written after this token would be read as part of it: the source ended inside.
pub(super) const OPEN: u8 = 2;
/// A start tag whose content is raw text.
pub(super) const RAW_START: u8 = 4;
/// Taken out by an edit.
pub(super) const REMOVED: u8 = 8;
/// Has an entry among the edits.
pub(super) const EDITED: u8 = 16;

/// One token; its end is the start of the next.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    pub(super) start: u32,
    /// Length of a tag's name, prefix included; `u16::MAX` means "at least that": scan for it.
    pub(super) name: u16,
    pub(super) sort: Sort,
    pub(super) flags: u8,
}

/// All tokens of `source`. One inert token where spans would not fit 32 bits.
pub(super) fn tokenize(source: &str, syntax: Syntax) -> Vec<Token> {
    if u32::try_from(source.len()).is_err() {
        return vec![Token { start: 0, name: 0, sort: Sort::Other, flags: OPEN }];
    }
    let mut run =
        Tokenizer { bytes: source.as_bytes(), syntax, foreign: 0, tokens: Vec::with_capacity(source.len() / 48 + 4) };
    run.run();
    run.tokens
}

struct Tokenizer<'a> {
    bytes: &'a [u8],
    syntax: Syntax,
    /// Open `svg` and `math` elements.
    foreign: u32,
    tokens: Vec<Token>,
}

impl Tokenizer<'_> {
    fn push(&mut self, start: usize, sort: Sort, flags: u8) {
        self.push_tag(start, 0, sort, flags);
    }

    fn push_tag(&mut self, start: usize, name: usize, sort: Sort, flags: u8) {
        let name = u16::try_from(name).unwrap_or(u16::MAX);
        self.tokens.push(Token { start: start as u32, name, sort, flags });
    }

    fn byte(&self, at: usize) -> u8 {
        self.bytes.get(at).copied().unwrap_or(0)
    }

    fn rest(&self, at: usize) -> &[u8] {
        self.bytes.get(at..).unwrap_or_default()
    }

    fn run(&mut self) {
        let mut at = 0;
        while at < self.bytes.len() {
            let open = self.markup_from(at);
            if open > at {
                self.push(at, Sort::Text, 0);
            }
            at = if open < self.bytes.len() { self.markup(open) } else { open };
        }
    }

    /// The next `<` that opens something, or the end of the source.
    fn markup_from(&self, from: usize) -> usize {
        for offset in memchr::memchr_iter(b'<', self.rest(from)) {
            let at = from + offset;
            match self.byte(at + 1) {
                b'/' if at + 2 < self.bytes.len() => return at,
                b'!' | b'?' => return at,
                next if next.is_ascii_alphabetic() => return at,
                next if self.syntax == Syntax::Xhtml && (next == b'_' || next == b':' || next >= 0x80) => return at,
                _ => {}
            }
        }
        self.bytes.len()
    }

    /// The token at the `<` at `at`; returns where it ends.
    fn markup(&mut self, at: usize) -> usize {
        match self.byte(at + 1) {
            b'/' => self.end_tag(at),
            b'!' if self.rest(at).starts_with(b"<!--") => self.comment(at),
            b'!' if self.syntax == Syntax::Xhtml && self.rest(at).starts_with(b"<![CDATA[") => {
                self.until(at, 9, b"]]>", Sort::Cdata)
            }
            b'?' if self.syntax == Syntax::Xhtml => self.until(at, 2, b"?>", Sort::Other),
            b'!' | b'?' => self.until(at, 2, b">", Sort::Other),
            _ => self.start_tag(at),
        }
    }

    /// A token that lasts until `mark`, looked for `skip` bytes after its start.
    fn until(&mut self, at: usize, skip: usize, mark: &[u8], sort: Sort) -> usize {
        let found = memchr::memmem::find(self.rest(at + skip), mark);
        let (end, flags) = match found {
            Some(offset) => (at + skip + offset + mark.len(), 0),
            None => (self.bytes.len(), OPEN),
        };
        // an unclosed CDATA section is no text that could be spelled again
        let sort = if sort == Sort::Cdata && flags != 0 { Sort::Other } else { sort };
        self.push(at, sort, flags);
        end
    }

    /// §13.2.5.42–52: `<!-->` and `<!--->` are whole; `-->` and `--!>` end the others.
    fn comment(&mut self, at: usize) -> usize {
        if self.syntax == Syntax::Xhtml {
            return self.until(at, 4, b"-->", Sort::Comment);
        }
        let body = at + 4;
        for whole in [b">".as_slice(), b"->"] {
            if self.rest(body).starts_with(whole) {
                self.push(at, Sort::Comment, 0);
                return body + whole.len();
            }
        }
        for offset in memchr::memchr_iter(b'>', self.rest(body)) {
            let inside = self.bytes.get(body..body + offset).unwrap_or_default();
            if inside.ends_with(b"--") || inside.ends_with(b"--!") {
                self.push(at, Sort::Comment, 0);
                return body + offset + 1;
            }
        }
        self.push(at, Sort::Comment, OPEN);
        self.bytes.len()
    }

    /// Where the tag whose name ends at `name_end` ends, and whether it closes itself.
    fn tag_end(&self, name_end: usize) -> Option<(usize, bool)> {
        if self.byte(name_end) == b'>' {
            return Some((name_end + 1, false));
        }
        let mut scan = Scan::new(self.bytes, name_end);
        loop {
            match scan.step() {
                Step::Attr(_) => {}
                Step::End { at, self_closing } => return Some((at, self_closing)),
                Step::Eof => return None,
            }
        }
    }

    fn end_tag(&mut self, at: usize) -> usize {
        let first = self.byte(at + 2);
        let is_name = first.is_ascii_alphabetic() || self.syntax == Syntax::Xhtml && first != b'>';
        if !is_name {
            return self.until(at, 2, b">", Sort::Other); // `</>` and `</ x>`
        }
        let name_end = name_end(self.bytes, at + 2);
        let Some((end, _)) = self.tag_end(name_end) else {
            self.push(at, Sort::Other, OPEN);
            return self.bytes.len();
        };
        self.push_tag(at, name_end - at - 2, Sort::End, 0);
        if self.foreign > 0 && self.is_foreign(at + 2, name_end) {
            self.foreign -= 1;
        }
        end
    }

    fn is_foreign(&self, from: usize, to: usize) -> bool {
        let name = self.bytes.get(from..to).unwrap_or_default();
        name.eq_ignore_ascii_case(b"svg") || name.eq_ignore_ascii_case(b"math")
    }

    fn start_tag(&mut self, at: usize) -> usize {
        let name_end = name_end(self.bytes, at + 1);
        let Some((end, closed)) = self.tag_end(name_end) else {
            self.push(at, Sort::Other, OPEN);
            return self.bytes.len();
        };
        let flags = if closed { SELF_CLOSING } else { 0 };
        let name_len = name_end - at - 1;
        self.push_tag(at, name_len, Sort::Start, flags);
        if self.syntax == Syntax::Xhtml {
            return end;
        }
        if !closed && self.is_foreign(at + 1, name_end) {
            self.foreign += 1;
        }
        let name = self.bytes.get(at + 1..name_end).unwrap_or_default();
        match content(name) {
            Content::Data => end,
            _ if closed && self.foreign > 0 => end, // `<style/>` inside `svg` is complete
            model => self.raw_text(at, name_end, end, model),
        }
    }

    /// The content of a raw-text element, from `from` to its end tag or the end of the source.
    fn raw_text(&mut self, tag: usize, name_end: usize, from: usize, model: Content) -> usize {
        let name = self.bytes.get(tag + 1..name_end).unwrap_or_default();
        let (len, closed) = match raw_text_len(self.rest(from), name, model) {
            Some(len) => (len, 0),
            None => (self.bytes.len() - from, OPEN),
        };
        if let Some(start) = self.tokens.last_mut() {
            start.flags |= RAW_START | if len == 0 { closed } else { 0 };
        }
        if len > 0 {
            let sort = if model == Content::Rcdata { Sort::Rcdata } else { Sort::Raw };
            self.push(from, sort, closed);
        }
        from + len
    }
}

/// How much of `bytes` is the raw text of an element called `name`: up to its end tag, `None` where it has none.
pub(super) fn raw_text_len(bytes: &[u8], name: &[u8], model: Content) -> Option<usize> {
    if model == Content::Plaintext {
        return None;
    }
    // §13.2.5.15–31: inside `<!-- … -->` of a script, `<script …>` to `</script>` does not end the element.
    let (mut escaped, mut nested) = (0usize, false);
    for at in memchr::memchr2_iter(b'<', b'>', bytes) {
        let rest = bytes.get(at..).unwrap_or_default();
        if rest.first() == Some(&b'>') {
            // `<!-->` opens and closes at once
            if escaped != 0 && bytes.get(..at).unwrap_or_default().ends_with(b"--") && at >= escaped {
                (escaped, nested) = (0, false);
            }
        } else if is_tag(rest, b"</", name) {
            if !nested {
                return Some(at);
            }
            nested = false;
        } else if model == Content::Script && escaped == 0 && rest.starts_with(b"<!--") {
            escaped = at + 4;
        } else if escaped != 0 && !nested && is_tag(rest, b"<", name) {
            nested = true;
        }
    }
    None
}

fn is_tag(bytes: &[u8], open: &[u8], name: &[u8]) -> bool {
    let Some(rest) = bytes.strip_prefix(open) else { return false };
    rest.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name))
        && rest.get(name.len()).is_some_and(|&b| b == b'/' || b == b'>' || is_space(b))
}

#[cfg(test)]
mod tests {
    use super::super::{Fragment, Kind};
    use super::*;

    /// The tokens of `source`, each by the first letter of its kind and its spelling.
    fn list(source: &str, syntax: Syntax) -> Vec<String> {
        let fragment = Fragment::parse(source.into(), syntax);
        let kind = |id| match fragment.kind(id) {
            Kind::Text => "t",
            Kind::Start { self_closing: false } => "s",
            Kind::Start { self_closing: true } => "e",
            Kind::End => "/",
            Kind::Comment => "c",
            Kind::RawText => "r",
            Kind::Other | Kind::Removed => "o",
        };
        (0..fragment.len()).map(|id| format!("{}{}", kind(id), fragment.raw(id))).collect()
    }

    fn html(source: &str) -> Vec<String> {
        list(source, Syntax::Html)
    }

    #[test]
    fn tags_are_what_the_specification_says() {
        assert_eq!(html("<p>a</p>"), ["s<p>", "ta", "/</p>"]);
        assert_eq!(html("<a/b c='>'/>"), ["e<a/b c='>'/>"]);
        assert_eq!(html("<a b=c/>d"), ["s<a b=c/>", "td"]);
        assert_eq!(html("<a / >b"), ["s<a / >", "tb"]);
        assert_eq!(html("<a\"b>c"), ["s<a\"b>", "tc"]);
        assert_eq!(html("</p x='>'>a"), ["/</p x='>'>", "ta"]);
        assert_eq!(html("<é>"), ["t<é>"]);
        assert_eq!(html("a < b <3 <"), ["ta < b <3 <"]);
        assert_eq!(html("a</"), ["ta</"]);
        assert_eq!(html("a</>b</ c>d"), ["ta", "o</>", "tb", "o</ c>", "td"]);
        assert_eq!(html("a<b c='d>"), ["ta", "o<b c='d>"]);
        assert_eq!(html("a</b"), ["ta", "o</b"]);
    }

    #[test]
    fn comments_end_where_the_specification_ends_them() {
        assert_eq!(html("<!-->a<!--->b"), ["c<!-->", "ta", "c<!--->", "tb"]);
        assert_eq!(html("<!--a--!>b<!---->c"), ["c<!--a--!>", "tb", "c<!---->", "tc"]);
        assert_eq!(html("<!--a->b-- >c<!--d-->"), ["c<!--a->b-- >c<!--d-->"]);
        assert_eq!(html("<!--a"), ["c<!--a"]);
        assert_eq!(html("<!a>b<?c?>d<![CDATA[e>f]]>"), ["o<!a>", "tb", "o<?c?>", "td", "o<![CDATA[e>", "tf]]>"]);
    }

    #[test]
    fn raw_text_ends_at_its_own_end_tag() {
        assert_eq!(html("<SCRIPT>a</b></scripty></script >c"), ["s<SCRIPT>", "ra</b></scripty>", "/</script >", "tc"]);
        assert_eq!(html("<style></style>"), ["s<style>", "/</style>"]);
        assert_eq!(html("<title>a<b>"), ["s<title>", "ra<b>"]);
        assert_eq!(html("<plaintext>a</plaintext>"), ["s<plaintext>", "ra</plaintext>"]);
        assert_eq!(html("<noscript><p>"), ["s<noscript>", "s<p>"]);
        assert_eq!(html("<iframe/>a</iframe>"), ["e<iframe/>", "ra", "/</iframe>"]);
        assert_eq!(html("<svg><style/><p></svg>"), ["s<svg>", "e<style/>", "s<p>", "/</svg>"]);
        let nested = "<!--<script>a</script>b-->";
        assert_eq!(
            html(&format!("<script>{nested}</script>c")),
            ["s<script>", &format!("r{nested}"), "/</script>", "tc"]
        );
        assert_eq!(html("<script><!-->a<script></script>b"), ["s<script>", "r<!-->a<script>", "/</script>", "tb"]);
    }

    #[test]
    fn xhtml_is_read_as_xml() {
        let tokens = list("<h:p>a<![CDATA[<b>]]><?x >?><!-- > --><script>c<d/></script></h:p>", Syntax::Xhtml);
        let expected = [
            "s<h:p>",
            "ta",
            "t<![CDATA[<b>]]>",
            "o<?x >?>",
            "c<!-- > -->",
            "s<script>",
            "tc",
            "e<d/>",
            "/</script>",
            "/</h:p>",
        ];
        assert_eq!(tokens, expected);
        assert_eq!(list("<![CDATA[a", Syntax::Xhtml), ["o<![CDATA[a"]);
    }

    #[test]
    fn a_name_of_any_length_is_a_name() {
        let name = "x".repeat(70_000);
        let mut fragment = Fragment::parse(format!("<{name} a=b>"), Syntax::Html);
        assert_eq!(fragment.name(0), name);
        fragment.set_attr(0, "a", "c");
        assert_eq!(fragment.attr(0, "a").as_deref(), Some("c"));
    }
}
