//! A strict reading of XML 1.0 with namespaces, written apart from the code it judges: by the productions, one after the
//! other, and by quick-xml a second time.

use std::collections::{HashMap, HashSet};

use quick_xml::events::Event;
use quick_xml::name::ResolveResult;
use quick_xml::reader::NsReader;

/// `Err` says what is not well-formed, and where.
pub fn check(text: &str) -> Result<(), String> {
    Strict { text, at: 0, open: Vec::new(), roots: 0 }.document()?;
    by_quick_xml(text)
}

fn by_quick_xml(text: &str) -> Result<(), String> {
    let mut reader = NsReader::from_str(text);
    reader.config_mut().check_comments = true;
    loop {
        let at = reader.buffer_position();
        let event = match reader.read_resolved_event() {
            Ok((ResolveResult::Unknown(prefix), _)) => return Err(format!("quick-xml: unknown prefix {prefix}")),
            Ok((_, event)) => event,
            Err(e) => return Err(format!("quick-xml at {at}: {e}")),
        };
        match event {
            Event::Eof => return Ok(()),
            Event::Start(tag) | Event::Empty(tag) => {
                for attribute in tag.attributes().with_checks(true) {
                    attribute.map_err(|e| format!("quick-xml at {at}: {e}"))?;
                }
            }
            _ => {}
        }
    }
}

/// The start of the character at `at`.
pub fn floor(text: &str, mut at: usize) -> usize {
    at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

struct Strict<'a> {
    text: &'a str,
    at: usize,
    /// Name and bindings of the open elements.
    open: Vec<(&'a str, HashMap<&'a str, &'a str>)>,
    roots: usize,
}

impl<'a> Strict<'a> {
    fn document(&mut self) -> Result<(), String> {
        if let Some(bad) =
            self.text.chars().find(|c| (*c < ' ' && !"\t\n\r".contains(*c)) || "\u{FFFE}\u{FFFF}".contains(*c))
        {
            return Err(format!("character {bad:?}"));
        }
        while self.at < self.text.len() {
            let rest = &self.text[self.at..];
            let taken = if rest.starts_with("<?xml ") || rest.starts_with("<?xml\n") || rest.starts_with("<?xml\t") {
                if self.at > 0 {
                    return self.bad("declaration not at the start");
                }
                self.until("?>")?
            } else if let Some(inner) = rest.strip_prefix("<?") {
                let Some(len) = inner.find("?>").map(|at| at + 4) else { return self.bad("open instruction") };
                let inner = &inner[..len - 4];
                let target = name(inner);
                if target.is_empty() || target.contains(':') || target.eq_ignore_ascii_case("xml") {
                    return self.bad("instruction's target");
                }
                if inner.len() > target.len() && !inner[target.len()..].starts_with([' ', '\t', '\n', '\r']) {
                    return self.bad("instruction without space");
                }
                len
            } else if let Some(body) = rest.strip_prefix("<!--") {
                let end = body.find("--").ok_or("unclosed comment")?;
                if !body[end..].starts_with("-->") {
                    return self.bad("-- in comment");
                }
                end + 7
            } else if rest.starts_with("<![CDATA[") {
                if self.open.is_empty() {
                    return self.bad("CDATA outside the root");
                }
                self.until("]]>")?
            } else if rest.starts_with("<!DOCTYPE ") {
                if self.roots > 0 || rest[..self.until(">")?].contains('[') {
                    return self.bad("doctype");
                }
                self.until(">")?
            } else if let Some(end) = rest.strip_prefix("</") {
                let found = name(end);
                let len = self.until(">")?;
                if !rest[2 + found.len()..len - 1].trim_matches([' ', '\t', '\n', '\r']).is_empty() {
                    return self.bad("junk in end tag");
                }
                match self.open.pop() {
                    Some((open, _)) if open == found => len,
                    other => return self.bad(&format!("</{found}> closes {other:?}")),
                }
            } else if rest.starts_with('<') {
                self.start_tag(rest)?
            } else {
                let end = rest.find('<').unwrap_or(rest.len());
                let text = &rest[..end];
                if self.open.is_empty() && !text.trim_matches([' ', '\t', '\n', '\r']).is_empty() {
                    return self.bad("text outside the root");
                }
                if text.contains("]]>") {
                    return self.bad("]]> in text");
                }
                self.references(text)?;
                end
            };
            self.at += taken;
        }
        if self.roots == 1 && self.open.is_empty() { Ok(()) } else { self.bad("not one closed root") }
    }

    fn bad<T>(&self, why: &str) -> Result<T, String> {
        let from = floor(self.text, self.at);
        Err(format!("{why} at {}: {:?}", self.at, self.text[from..].chars().take(60).collect::<String>()))
    }

    fn until(&self, what: &str) -> Result<usize, String> {
        match self.text[self.at..].find(what) {
            Some(at) => Ok(at + what.len()),
            None => self.bad(&format!("no {what}")),
        }
    }

    fn references(&self, text: &str) -> Result<(), String> {
        for piece in text.split('&').skip(1) {
            let Some((body, _)) = piece.split_once(';') else { return self.bad("bare &") };
            let code = if let Some(hex) = body.strip_prefix("#x") {
                Some(u32::from_str_radix(hex, 16))
            } else {
                body.strip_prefix('#').map(str::parse::<u32>)
            };
            let fine = match code {
                Some(Ok(code)) => {
                    !body.contains('+')
                        && char::from_u32(code).is_some_and(|c| {
                            matches!(c, '\t' | '\n' | '\r') || (c >= ' ' && !matches!(c, '\u{FFFE}' | '\u{FFFF}'))
                        })
                }
                Some(Err(_)) => false,
                None => matches!(body, "amp" | "lt" | "gt" | "quot" | "apos"),
            };
            if !fine {
                return self.bad(&format!("reference &{body};"));
            }
        }
        Ok(())
    }

    fn start_tag(&mut self, rest: &'a str) -> Result<usize, String> {
        let element = name(&rest[1..]);
        if element.is_empty() {
            return self.bad("bare <");
        }
        let mut at = 1 + element.len();
        let (mut attributes, mut bindings) = (Vec::new(), HashMap::new());
        let empty = loop {
            let space = rest[at..].len() - rest[at..].trim_start_matches([' ', '\t', '\n', '\r']).len();
            at += space;
            if rest[at..].starts_with("/>") {
                at += 2;
                break true;
            }
            if rest[at..].starts_with('>') {
                at += 1;
                break false;
            }
            let key = name(&rest[at..]);
            if space == 0 || key.is_empty() {
                return self.bad("malformed tag");
            }
            at += key.len();
            let after = rest[at..].trim_start_matches([' ', '\t', '\n', '\r']);
            let Some(after) = after.strip_prefix('=') else { return self.bad("attribute without =") };
            let after = after.trim_start_matches([' ', '\t', '\n', '\r']);
            let Some(quote) = after.chars().next().filter(|c| "\"'".contains(*c)) else { return self.bad("no quote") };
            let Some((value, after)) = after[1..].split_once(quote) else { return self.bad("open quote") };
            if value.contains('<') {
                return self.bad("< in value");
            }
            self.references(value)?;
            at = rest.len() - after.len();
            if let Some(prefix) = key.strip_prefix("xmlns:") {
                if value.is_empty()
                    || prefix == "xmlns"
                    || (prefix == "xml") != (value == "http://www.w3.org/XML/1998/namespace")
                {
                    return self.bad("reserved binding");
                }
                bindings.insert(prefix, value);
            }
            attributes.push(key);
        };
        if self.open.is_empty() {
            self.roots += 1;
        }
        self.open.push((element, bindings));
        self.namespaces(element, &attributes)?;
        if empty {
            self.open.pop();
        }
        Ok(at)
    }

    fn namespaces(&self, element: &str, attributes: &[&'a str]) -> Result<(), String> {
        let resolve = |prefix: &str| {
            let bound = self.open.iter().rev().find_map(|(_, bindings)| bindings.get(prefix)).copied();
            bound.or((prefix == "xml").then_some("http://www.w3.org/XML/1998/namespace"))
        };
        let mut seen = HashSet::new();
        for key in std::iter::once(&element).chain(attributes) {
            let parts: Vec<&str> = key.split(':').collect();
            if parts.len() > 2 || parts.iter().any(|part| !part.starts_with(is_name_start)) {
                return self.bad(&format!("{key} is no qualified name"));
            }
            if let [prefix, local] = parts[..]
                && prefix != "xmlns"
            {
                let Some(namespace) = resolve(prefix) else { return self.bad(&format!("unbound {prefix}")) };
                if *key != element && !seen.insert((namespace, local)) {
                    return self.bad("duplicate expanded attribute");
                }
            }
        }
        let names: HashSet<&&str> = attributes.iter().collect();
        if names.len() == attributes.len() { Ok(()) } else { self.bad("duplicate attribute") }
    }
}

fn is_name_start(c: char) -> bool {
    c == '_' || c.is_ascii_alphabetic() || (c > '\u{BF}' && !"×÷\u{37E}\u{2000}\u{3000}".contains(c))
}

fn name(text: &str) -> &str {
    if !text.starts_with(|c| c == ':' || is_name_start(c)) {
        return "";
    }
    let ends = |c: char| !(c == ':' || is_name_start(c) || c.is_ascii_digit() || "-.\u{B7}".contains(c));
    &text[..text.find(ends).unwrap_or(text.len())]
}
