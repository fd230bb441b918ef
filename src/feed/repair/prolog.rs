//! What stands before the root: the XML declaration comes first, comments, instructions and a harmless document type are
//! kept, the rest (white space before the declaration, a server's warnings, a page's markup) goes.

use super::ahead::{Ahead, Mark, NOWHERE};
use super::chars::{self, all_allowed, is_space, space_len};
use super::{FixKind, Out, Stop};
use crate::feed::prolog::{is_declaration, is_doctype};
use crate::feed::sniff::Wrap;

/// Writes what is kept of `text[..start]`; the root's tag, of that name, begins at `start`.
pub(super) fn copy(out: &mut Out, text: &str, start: usize, wrap: Wrap, root: &str) -> Result<(), Stop> {
    let before = &text[..start];
    let declaration = declaration_span(before);
    if let Some((from, to)) = declaration {
        if is_declaration(&before[from..to]) {
            out.push(&before[from..to]);
        } else {
            out.push("<?xml version=\"1.0\" encoding=\"UTF-8\"?>");
            out.fix(FixKind::Declaration, from);
        }
    }
    if wrap != Wrap::Bare {
        out.fix(FixKind::Wrapped, 0);
        return Ok(());
    }
    let mut walk =
        Walk { out, text: before, root, ahead: Ahead::new(before), spaces: declaration.is_none(), typed: false };
    match declaration {
        None => walk.range(0, start),
        Some((from, to)) => {
            if from > 0 {
                walk.out.fix(FixKind::BeforeRoot, 0);
                walk.range(0, from)?;
            }
            walk.spaces = true;
            walk.range(to, start)
        }
    }
}

/// Where the first XML declaration stands, to its `>`; one that a comment or an instruction quotes is none.
fn declaration_span(before: &str) -> Option<(usize, usize)> {
    let mut ahead = Ahead::new(before);
    let mut at = 0;
    loop {
        at += memchr::memchr(b'<', before.as_bytes().get(at..)?)?;
        let rest = &before.as_bytes()[at..];
        if rest.starts_with(b"<?xml") && rest.get(5).is_some_and(|b| is_space(*b) || *b == b'?') {
            return Some((at, at + memchr::memchr(b'>', rest)? + 1));
        }
        let (end, len) = match rest {
            [b'<', b'!', b'-', b'-', ..] => (ahead.find(Mark::Text("-->"), at + 4), 3),
            [b'<', b'?', ..] => (ahead.find(Mark::Text("?>"), at + 2), 2),
            _ => (NOWHERE, 0),
        };
        at = if end == NOWHERE { at + 1 } else { end + len };
    }
}

struct Walk<'o, 'a> {
    out: &'o mut Out,
    text: &'a str,
    root: &'a str,
    ahead: Ahead<'a>,
    /// White space is kept.
    spaces: bool,
    /// A document type was kept; there may be one.
    typed: bool,
}

impl Walk<'_, '_> {
    fn range(&mut self, mut at: usize, end: usize) -> Result<(), Stop> {
        while at < end {
            let rest = &self.text[at..end];
            let space = space_len(rest);
            if self.spaces {
                self.out.push(&rest[..space]);
            }
            at += space;
            let rest = &rest[space..];
            if rest.is_empty() {
                break;
            }
            at += self.token(rest, at)?;
        }
        Ok(())
    }

    /// Copies or drops what `rest` starts with; its length.
    fn token(&mut self, rest: &str, at: usize) -> Result<usize, Stop> {
        if let Some(len) = comment(self.out, rest, at, &mut self.ahead) {
            return Ok(len);
        }
        if rest.get(..9).is_some_and(|head| head.eq_ignore_ascii_case("<!DOCTYPE")) {
            return self.doctype(rest, at);
        }
        if let Some(len) = instruction(self.out, rest, at, &mut self.ahead) {
            return Ok(len);
        }
        self.out.fix(FixKind::BeforeRoot, at);
        Ok(1 + rest.as_bytes()[1..].iter().position(|b| *b == b'<').unwrap_or(rest.len() - 1))
    }

    fn doctype(&mut self, rest: &str, at: usize) -> Result<usize, Stop> {
        let len = doctype_len(rest);
        let text = &rest[..len.unwrap_or(rest.len())];
        if memchr::memmem::find(text.as_bytes(), b"<!ENTITY").is_some() {
            return Err(Stop::EntityDeclarations(at));
        }
        if !self.typed && is_doctype(text, Some(self.root)) {
            self.typed = true;
            self.out.push(text);
        } else {
            self.out.fix(FixKind::Doctype, at);
        }
        Ok(text.len())
    }
}

/// The length of the document type declaration that starts `rest`.
fn doctype_len(rest: &str) -> Option<usize> {
    let mut quote = None;
    let mut subset = false;
    for (at, b) in rest.bytes().enumerate() {
        match (quote, b) {
            (Some(open), _) if open == b => quote = None,
            (Some(_), _) => {}
            (None, b'"' | b'\'') => quote = Some(b),
            (None, b'[') => subset = true,
            (None, b']') => subset = false,
            (None, b'>') if !subset => return Some(at + 1),
            _ => {}
        }
    }
    None
}

/// Copies the comment that starts `rest`, mended; its length.
pub(super) fn comment(out: &mut Out, rest: &str, at: usize, ahead: &mut Ahead<'_>) -> Option<usize> {
    let body = rest.strip_prefix("<!--")?;
    let len = ahead.find(Mark::Text("-->"), at + 4).checked_sub(at + 4)?;
    chars::copy_comment(out, body.get(..len)?, at);
    Some(len + 7)
}

/// Copies the processing instruction that starts `rest`, without forbidden characters; its length. `None` where none
/// begins, or an XML declaration that may not stand there.
pub(super) fn instruction(out: &mut Out, rest: &str, at: usize, ahead: &mut Ahead<'_>) -> Option<usize> {
    let body = rest.strip_prefix("<?")?;
    let target = chars::name(body);
    let len = ahead.find(Mark::Text("?>"), at + 2).checked_sub(at + 2)?;
    let body = body.get(..len)?;
    let ends = body.as_bytes().get(target.len()).is_none_or(|b| is_space(*b));
    if target.is_empty() || target.contains(':') || target.eq_ignore_ascii_case("xml") || !ends {
        return None;
    }
    if all_allowed(body) {
        out.push(&rest[..len + 4]);
    } else {
        out.fix(FixKind::Character, at);
        let allowed: String = body.chars().filter(|c| all_allowed(c.encode_utf8(&mut [0; 4]))).collect();
        out.text.extend(["<?", &allowed.replace("?>", "? >"), "?>"]);
    }
    Some(len + 4)
}
