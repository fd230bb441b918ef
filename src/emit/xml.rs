//! Writing XML that no input can break: text is escaped, characters that XML 1.0 forbids are left out, names are ours.

use crate::feed::is_xml_char;

/// A document being written.
pub(super) struct Writer {
    out: String,
    depth: usize,
}

impl Writer {
    /// A document with its declaration.
    pub(super) fn new(capacity: usize) -> Writer {
        let mut out = String::with_capacity(capacity);
        out.push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        Writer { out, depth: 0 }
    }

    /// `<name a="b">`, on a line of its own; what follows until [`Writer::close`] stands inside.
    pub(super) fn open(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.tag(name, attributes);
        self.out.push_str(">\n");
        self.depth += 1;
    }

    /// `</name>`.
    pub(super) fn close(&mut self, name: &str) {
        self.depth = self.depth.saturating_sub(1);
        self.indent();
        self.out.extend(["</", name, ">\n"]);
    }

    /// `<name a="b"/>`.
    pub(super) fn empty(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.tag(name, attributes);
        self.out.push_str("/>\n");
    }

    /// `<name a="b">text</name>`.
    pub(super) fn text(&mut self, name: &str, attributes: &[(&str, &str)], text: &str) {
        self.tag(name, attributes);
        self.out.push('>');
        escape(&mut self.out, text, false);
        self.out.extend(["</", name, ">\n"]);
    }

    /// The same for HTML, which a CDATA section keeps readable.
    pub(super) fn cdata(&mut self, name: &str, attributes: &[(&str, &str)], text: &str) {
        if !text.contains(['<', '&']) {
            return self.text(name, attributes, text);
        }
        self.tag(name, attributes);
        self.out.push_str("><![CDATA[");
        let mut rest = text;
        while let Some(end) = rest.find("]]>") {
            push_allowed(&mut self.out, &rest[..end + 2]);
            self.out.push_str("]]><![CDATA[");
            rest = &rest[end + 2..];
        }
        push_allowed(&mut self.out, rest);
        self.out.extend(["]]></", name, ">\n"]);
    }

    /// An element that is well-formed as it stands.
    pub(super) fn raw(&mut self, element: &str) {
        self.indent();
        self.out.extend([element, "\n"]);
    }

    /// The document.
    pub(super) fn finish(self) -> String {
        self.out
    }

    fn tag(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.indent();
        self.out.extend(["<", name]);
        for (name, value) in attributes {
            self.out.extend([" ", name, "=\""]);
            escape(&mut self.out, value, true);
            self.out.push('"');
        }
    }

    fn indent(&mut self) {
        self.out.extend(std::iter::repeat_n("  ", self.depth));
    }
}

/// `text` as XML text, or as the value of an attribute in double quotes.
pub(super) fn escape(out: &mut String, text: &str, attribute: bool) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' if attribute => out.push_str("&quot;"),
            '\t' | '\n' if attribute => out.push(' '), // as a parser would read them (XML 1.0 §3.3.3)
            '\r' => out.push_str("&#13;"),             // else it is read as a line feed
            _ if is_xml_char(c) => out.push(c),
            _ => {}
        }
    }
}

fn push_allowed(out: &mut String, text: &str) {
    // a section knows no references, so that a carriage return can only be the line break it was meant as
    out.extend(text.chars().filter(|c| *c != '\r' && is_xml_char(*c)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn whatever_is_written_is_read_as_it_was_but_for_what_xml_cannot_hold(
            text in "(\\PC|[\u{0}-\u{20}]|\\]\\]>|--|<!\\[CDATA\\[|&|\u{FFFE}){0,40}",
        ) {
            let mut writer = Writer::new(0);
            writer.open("a", &[("b", &text)]);
            writer.text("c", &[], &text);
            writer.cdata("d", &[], &text);
            writer.close("a");
            let written = writer.finish();
            let document = roxmltree::Document::parse(&written).unwrap();
            let allowed: String = text.chars().filter(|c| is_xml_char(*c)).collect();
            let texts: Vec<&str> = ["c", "d"].map(|name| {
                document.descendants().find(|node| node.has_tag_name(name)).unwrap().text().unwrap_or("")
            }).to_vec();
            prop_assert_eq!(texts[0], &*allowed);
            prop_assert_eq!(texts[1].replace('\r', ""), allowed.replace('\r', ""));
            let spaced = allowed.replace(['\t', '\n'], " ");
            prop_assert_eq!(document.root_element().attribute("b").unwrap(), &*spaced);
        }
    }
}
