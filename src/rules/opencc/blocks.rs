//! Text as it is read, gathered from the nodes it is cut into: inline tags, references and zero-width characters do not end a word.
//!
//! All blocks of a place stand in one text, a line feed between them, so that one call converts them: no key of a dictionary and no
//! word of a user holds one. [`Blocks::changes`] puts what [`Blocks::convert`] made back at the source's cuts. Linear in the text. Called by the `opencc`
//! rule for HTML, attributes and plain values alike.

use std::ops::Range;

use crate::chinese::Converter;

/// Where a piece of text came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Node {
    /// The slot of the place, by its number.
    pub slot: usize,
    /// What of the slot.
    pub part: Part,
}

/// A text inside a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// All of its value, which is no HTML.
    Value,
    /// A text token of its fragment.
    Text(usize),
    /// An attribute of a start tag of its fragment.
    Attribute(usize, &'static str),
}

/// Texts in blocks, and the nodes they came from.
#[derive(Debug, Default)]
pub struct Blocks {
    text: String,
    pieces: Vec<Piece>,
    /// Where the text is cut for conversion: a description sequence that begins in one block must not end in another.
    cuts: Vec<usize>,
    /// Where the open block begins in the text, and its first piece.
    open: (usize, usize),
}

/// A stretch of a node's text that stands in a block without a gap.
#[derive(Debug, Clone)]
struct Piece {
    node: Node,
    /// Where it begins in the node's text.
    in_node: usize,
    /// Its bytes of the blocks' text.
    range: Range<usize>,
}

/// What blocks become.
#[derive(Debug, Default)]
pub struct Converted {
    text: String,
    /// Where the ends of the pieces come to lie in it.
    ends: Vec<usize>,
}

/// What becomes of a piece that changed.
#[derive(Debug)]
pub struct Change<'a> {
    /// The node it belongs to.
    pub node: Node,
    /// Bytes of the node's text.
    pub range: Range<usize>,
    /// What stands there now.
    pub with: &'a str,
}

impl Blocks {
    /// Forgets all of it.
    pub fn clear(&mut self) {
        self.text.clear();
        self.pieces.clear();
        self.cuts.clear();
        self.open = (0, 0);
    }

    /// Appends the text of a node to the open block, in parts that change one by one; `ends` are their ends. Zero-width characters stay
    /// where they are in the node and out of the block.
    pub fn add(&mut self, node: Node, text: &str, ends: &[usize]) {
        let mut start = 0;
        for end in ends {
            let part = text.get(start..*end).unwrap_or_default();
            let mut from = 0;
            if holds_zero_width(part) {
                for (at, hidden) in part.match_indices(ZERO_WIDTH) {
                    self.add_piece(node, start + from, part.get(from..at).unwrap_or_default());
                    from = at + hidden.len();
                }
            }
            self.add_piece(node, start + from, part.get(from..).unwrap_or_default());
            start = *end;
        }
    }

    fn add_piece(&mut self, node: Node, in_node: usize, text: &str) {
        if !text.is_empty() {
            let start = self.text.len();
            self.text.push_str(text);
            self.pieces.push(Piece { node, in_node, range: start..self.text.len() });
        }
    }

    /// Ends the open block. One of ASCII alone is forgotten.
    pub fn end(&mut self) {
        let (start, first) = self.open;
        let block = self.text.get(start..).unwrap_or_default();
        if block.is_ascii() {
            self.text.truncate(start);
            self.pieces.truncate(first);
            return;
        }
        if may_begin_sequence(block) {
            self.cuts.extend([start, self.text.len()]);
        }
        self.text.push('\n');
        self.open = (self.text.len(), self.pieces.len());
    }

    /// The text of all blocks.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Converts the text, run by run, and finds the ends of the pieces in it.
    pub fn convert(&self, converter: &Converter) -> Converted {
        let mut made = Converted { text: String::new(), ends: Vec::with_capacity(self.pieces.len()) };
        let [mut cuts, mut found] = [(); 2].map(|()| Vec::with_capacity(self.pieces.len()));
        let mut pieces = self.pieces.iter().map(|piece| piece.range.end).peekable();
        let mut at = 0;
        for end in self.cuts.iter().copied().chain([self.text.len()]) {
            let source = self.text.get(at..end).unwrap_or_default();
            let start = made.text.len();
            cuts.clear();
            cuts.extend(std::iter::from_fn(|| pieces.next_if(|cut| *cut <= end)).map(|cut| cut - at));
            match converter.convert_cut(source, &cuts, &mut found) {
                Some(converted) if start == 0 => made.text = converted,
                Some(converted) => made.text.push_str(&converted),
                None => {
                    made.text.push_str(source);
                    found.extend(&cuts);
                }
            }
            made.ends.extend(found.iter().map(|found| start + found));
            at = end;
        }
        made
    }

    /// The pieces that conversion `made` something else of, in the order they were added. What was converted as one over a cut is
    /// split by character where both sides have equally many, else it stays with its first piece.
    pub fn changes<'a>(&'a self, made: &'a Converted) -> impl Iterator<Item = Change<'a>> {
        let (mut source, mut target) = (0, 0);
        self.pieces.iter().zip(&made.ends).filter_map(move |(piece, end)| {
            // Between two pieces stand line feeds at most.
            let start = target + (piece.range.start - source);
            (source, target) = (piece.range.end, *end);
            let with = made.text.get(start..*end).unwrap_or_default();
            let range = piece.in_node..piece.in_node + piece.range.len();
            (self.text.get(piece.range.clone()) != Some(with)).then_some(Change { node: piece.node, range, with })
        })
    }
}

/// A text with its `changes` made.
pub fn spliced(text: &str, changes: &[Change<'_>]) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    let mut at = 0;
    for change in changes {
        out.push_str(text.get(at..change.range.start).unwrap_or_default());
        out.push_str(change.with);
        at = change.range.end;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}

/// Whether a text holds a description operator (U+2FF0–F), whose sequence may go on over what follows.
fn may_begin_sequence(text: &str) -> bool {
    let bytes = text.as_bytes();
    memchr::memchr_iter(0xE2, bytes).any(|at| matches!(bytes.get(at + 1..), Some([0xBF, 0xB0..=0xBF, ..])))
}

/// Characters that show nothing and end no word.
const ZERO_WIDTH: [char; 6] = ['\u{AD}', '\u{200B}', '\u{200C}', '\u{200D}', '\u{2060}', '\u{FEFF}'];

/// Whether a text holds one of [`ZERO_WIDTH`].
fn holds_zero_width(text: &str) -> bool {
    let bytes = text.as_bytes();
    let pairs = bytes.iter().zip(bytes.get(1..).unwrap_or_default());
    // How those of three bytes end, and the only one of two; other characters end so too, but seldom. Without an early end the loop
    // is done in blocks.
    let may_end_one = |(b, c): (&u8, &u8)| {
        (*b == 0x80) & (c.wrapping_sub(0x8B) < 3)
            | (*b == 0x81) & (*c == 0xA0)
            | (*b == 0xBB) & (*c == 0xBF)
            | (*b == 0xC2) & (*c == 0xAD)
    };
    pairs.fold(false, |found, pair| found | may_end_one(pair)) && text.contains(ZERO_WIDTH)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chinese::Config;

    fn token(id: usize) -> Node {
        Node { slot: 0, part: Part::Text(id) }
    }

    fn converted(nodes: &[&str], config: Config) -> Vec<String> {
        let mut blocks = Blocks::default();
        nodes.iter().enumerate().for_each(|(node, text)| blocks.add(token(node), text, &[text.len()]));
        blocks.end();
        let mut out: Vec<String> = nodes.iter().map(|text| (*text).to_owned()).collect();
        let made = blocks.convert(&Converter::new(config));
        for change in blocks.changes(&made).collect::<Vec<_>>().iter().rev() {
            let Part::Text(node) = change.node.part else { continue };
            out[node].replace_range(change.range.clone(), change.with);
        }
        out
    }

    #[test]
    fn a_word_cut_by_tags_is_converted_as_one() {
        assert_eq!(converted(&["人工智", "能"], Config::S2twp), ["人工智", "慧"]);
        assert_eq!(converted(&["头", "发发", "展"], Config::S2t), ["頭", "髮發", "展"]);
        assert_eq!(converted(&["软", "件"], Config::S2twp), ["軟", "體"]);
    }

    #[test]
    fn a_match_of_another_length_stays_with_its_first_node() {
        assert_eq!(converted(&["默", "认。"], Config::S2twp), ["預", "設。"]);
        let three = converted(&["打", "印机"], Config::S2twp);
        assert_eq!(three.concat(), "印表機");
    }

    #[test]
    fn zero_width_characters_stay_and_end_no_word() {
        assert_eq!(converted(&["人工\u{200B}智\u{AD}能"], Config::S2twp), ["人工\u{200B}智\u{AD}慧"]);
        for hidden in ZERO_WIDTH {
            for text in [format!("{hidden}"), format!("能{hidden}"), format!("{hidden}能"), format!("“能{hidden}能”")]
            {
                assert!(holds_zero_width(&text), "{text:?}");
            }
        }
        assert!(!holds_zero_width("“能”—…，。\u{2008}\u{200A}\u{200E}\u{2061}ﻼ\u{AE}\u{2D}"));
    }

    #[test]
    fn blocks_are_converted_apart() {
        let mut blocks = Blocks::default();
        for (node, text) in ["人工智", "能", "ASCII", "⿳头", "头发"].into_iter().enumerate() {
            blocks.add(token(node), text, &[text.len()]);
            blocks.end();
        }
        let made = blocks.convert(&Converter::new(Config::S2twp));
        let changed: Vec<_> = blocks.changes(&made).map(|change| (change.node, change.with)).collect();
        assert_eq!(changed, [(token(3), "⿳頭"), (token(4), "頭髮")]);
    }
}
