//! The rest of the pass: CDATA sections, comments, declarations and instructions, and what follows the root.

use super::{Ahead, FixKind, Mark, NOWHERE, Place, Stop, Tree, Wrap, chars, prolog};

const CDATA: &str = "<![CDATA[";

impl<'a> Tree<'a> {
    pub(super) fn cdata(&mut self) -> Result<(), Stop> {
        let start = self.pos + CDATA.len();
        let end = self.ahead.find(Mark::Text("]]>"), start);
        if !self.guess {
            if end == NOWHERE {
                return Err(Stop::Unbalanced);
            }
            self.section(start, end);
            self.pos = end + 3;
            return Ok(());
        }
        let edge = self.ahead.item_edge(start);
        if self.leaf.is_none() && edge < end {
            self.out.fix(FixKind::Cdata, self.pos);
            self.pos = start; // the mark alone goes: outside a field a section hides no items
            return Ok(());
        }
        let field = self.leaf.or(self.stack.len().checked_sub(1)).map_or("", |index| self.stack[index].raw);
        let stop = self.ahead.find(Mark::End(field), start).min(edge);
        let inner = self.ahead.find(Mark::Text(CDATA), start);
        let whole = self.text.len();
        if end == NOWHERE || stop.max(inner) < end {
            // unclosed: to the field's own end tag or its item's, else to the end of the text
            let end = stop.min(whole);
            self.cut |= end == whole;
            self.out.fix(FixKind::Cdata, self.pos);
            self.section(start, end);
            self.pos = end;
        } else {
            let end = nested_end(&mut self.ahead, inner, end, stop);
            self.section(start, end);
            self.pos = end + 3;
        }
        Ok(())
    }

    /// Writes a section with the text from `start` to `end`; marks of sections nested in it are left out.
    fn section(&mut self, start: usize, end: usize) {
        let body = &self.text[start..end];
        self.out.push(CDATA);
        if memchr::memmem::find(body.as_bytes(), b"]]>").is_some() {
            self.out.fix(FixKind::Cdata, self.pos);
            let inside = body.replace(CDATA, "").replace("]]>", "");
            chars::copy(&mut self.out, &inside, start, Place::Cdata);
        } else {
            chars::copy(&mut self.out, body, start, Place::Cdata);
        }
        self.out.push("]]>");
    }

    pub(super) fn comment(&mut self, rest: &'a str) -> Result<(), Stop> {
        let end = self.ahead.find(Mark::Text("-->"), self.pos + 4);
        let swallows_items = |ahead: &mut Ahead<'_>, from: usize| {
            let next = ahead.find(Mark::Text("<!--"), from + 4);
            next < end && ahead.item_edge(from) < next
        };
        if end == NOWHERE || (self.guess && swallows_items(&mut self.ahead, self.pos)) {
            if !self.guess {
                return Err(Stop::Unbalanced);
            }
            if end == NOWHERE && memchr::memchr(b'<', &rest.as_bytes()[1..]).is_none() {
                return self.cut_off();
            }
            self.out.fix(FixKind::Comment, self.pos);
            self.pos += 4; // the mark alone goes
            return Ok(());
        }
        let body = &self.text[self.pos + 4..end];
        // what a browser makes of a section when it shows a feed as a page
        let section = body.strip_prefix("[CDATA[").and_then(|body| body.strip_suffix("]]"));
        match section.filter(|_| self.wrap != Wrap::Bare) {
            Some(text) => {
                self.out.push(CDATA);
                chars::copy(&mut self.out, &text.replace("]]>", ""), self.pos, Place::Cdata);
                self.out.push("]]>");
            }
            None => chars::copy_comment(&mut self.out, body, self.pos),
        }
        self.pos = end + 3;
        Ok(())
    }

    /// `<?…` and `<!…`: a well-formed instruction is kept, all else goes.
    pub(super) fn declaration(&mut self, rest: &'a str) -> Result<(), Stop> {
        if let Some(len) = prolog::instruction(&mut self.out, rest, self.pos, &mut self.ahead) {
            self.pos += len;
            return Ok(());
        }
        let Some(len) = memchr::memchr2(b'<', b'>', &rest.as_bytes()[1..]) else { return self.cut_off() };
        if rest.as_bytes()[1 + len] == b'<' {
            self.bare_less();
        } else {
            self.out.fix(FixKind::Instruction, self.pos);
            self.pos += len + 2;
        }
        Ok(())
    }

    /// After the root: white space, comments and instructions stay, whatever they hold.
    pub(super) fn epilog(&mut self) -> Result<(), Stop> {
        while self.pos < self.text.len() && self.wrap == Wrap::Bare {
            let rest = &self.text[self.pos..];
            let space = chars::space_len(rest);
            if space > 0 {
                self.out.push(&rest[..space]);
                self.pos += space;
                continue;
            }
            let kept = prolog::comment(&mut self.out, rest, self.pos, &mut self.ahead)
                .or_else(|| prolog::instruction(&mut self.out, rest, self.pos, &mut self.ahead));
            if let Some(len) = kept {
                self.pos += len;
                continue;
            }
            self.no_more_items()?;
            self.out.fix(FixKind::AfterRoot, self.pos);
            self.pos += 1 + memchr::memchr(b'<', &rest.as_bytes()[1..]).unwrap_or(rest.len() - 1);
        }
        if self.wrap == Wrap::Bare { Ok(()) } else { self.no_more_items() }
    }

    /// Items after the root say that it was not its end.
    fn no_more_items(&mut self) -> Result<(), Stop> {
        if !self.guess && self.ahead.more_items(self.pos) { Err(Stop::Unbalanced) } else { Ok(()) }
    }
}

/// Where a section ends that has others in it: each inner mark may use up one `]]>` more, before `stop`.
fn nested_end(ahead: &mut Ahead<'_>, inner: usize, end: usize, stop: usize) -> usize {
    let (mut inner, mut end) = (inner, end);
    while inner < end {
        let next = ahead.find(Mark::Text("]]>"), end + 3);
        if next == NOWHERE || next > stop {
            break;
        }
        inner = ahead.find(Mark::Text(CDATA), inner + 1);
        end = next;
    }
    end
}
