//! Text as it is read, gathered from the nodes it is cut into: inline tags, references and zero-width characters do not end a word.
//!
//! [`Block::convert`] converts such a text once and puts the result back at the source's cuts. Linear in the text. Called by the
//! `opencc` rule for HTML, attributes and plain values alike.

use std::ops::Range;

use crate::chinese::{Converter, Match};

/// A text in one piece, and the nodes it came from.
#[derive(Debug, Default)]
pub struct Block {
    text: String,
    pieces: Vec<Piece>,
}

/// A stretch of a node's text that stands in a block without a gap.
#[derive(Debug, Clone, Copy)]
struct Piece {
    node: usize,
    /// Where it begins in the node's text.
    in_node: usize,
    /// Where it begins in the block's text.
    in_block: usize,
}

/// Room for what a block becomes, used again for the next.
#[derive(Debug, Default)]
pub struct Converted {
    text: String,
    matches: Vec<Match>,
}

/// What of a node's text becomes what.
#[derive(Debug, PartialEq, Eq)]
pub struct Edit<'a> {
    /// The node, as it was given to [`Block::add`].
    pub node: usize,
    /// Bytes of its text.
    pub range: Range<usize>,
    /// What stands there now.
    pub with: &'a str,
}

impl Block {
    /// A block of one node.
    pub fn of(text: &str) -> Block {
        let mut block = Block::default();
        block.add(0, text);
        block
    }

    /// Appends the text of a node. Zero-width characters stay where they are in the node and out of the block.
    pub fn add(&mut self, node: usize, text: &str) {
        let mut start = 0;
        for (at, length) in zero_widths(text) {
            self.add_piece(node, start, &text[start..at]);
            start = at + length;
        }
        self.add_piece(node, start, &text[start..]);
    }

    fn add_piece(&mut self, node: usize, in_node: usize, text: &str) {
        if !text.is_empty() {
            self.pieces.push(Piece { node, in_node, in_block: self.text.len() });
            self.text.push_str(text);
        }
    }

    /// The text in one piece.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The edits that conversion makes, in the order of the nodes and their text. A match over a cut is split by character where both
    /// sides have equally many, else it stays with its first node.
    pub fn convert<'a>(&self, converter: &Converter, room: &'a mut Converted) -> Vec<Edit<'a>> {
        match converter.convert_spans(&self.text, &mut room.matches) {
            Some(new) => room.text = new,
            None => return Vec::new(),
        }
        let Converted { text: converted, matches } = room;
        let mut edits = Vec::with_capacity(matches.len());
        let mut piece = 0;
        for Match { source, target } in matches.iter() {
            let source = source.start as usize..source.end as usize;
            let with = converted.get(target.start as usize..target.end as usize).unwrap_or_default();
            while self.end_of(piece) <= source.start && piece + 1 < self.pieces.len() {
                piece += 1;
            }
            if source.end <= self.end_of(piece) {
                self.edit(piece, source, with, &mut edits);
            } else {
                self.edit_over_cuts(piece, source, with, &mut edits);
            }
        }
        edits
    }

    fn end_of(&self, piece: usize) -> usize {
        self.pieces.get(piece + 1).map_or(self.text.len(), |next| next.in_block)
    }

    fn edit<'a>(&self, piece: usize, source: Range<usize>, with: &'a str, edits: &mut Vec<Edit<'a>>) {
        let Some(Piece { node, in_node, in_block }) = self.pieces.get(piece).copied() else { return };
        let range = source.start - in_block + in_node..source.end - in_block + in_node;
        if self.text.get(source) != Some(with) {
            edits.push(Edit { node, range, with });
        }
    }

    fn edit_over_cuts<'a>(&self, first: usize, source: Range<usize>, with: &'a str, edits: &mut Vec<Edit<'a>>) {
        let is_even = self.text.get(source.clone()).unwrap_or("").chars().count() == with.chars().count();
        let mut rest = with;
        let mut start = source.start;
        for piece in first..self.pieces.len() {
            let end = self.end_of(piece).min(source.end);
            let part = if is_even {
                let count = self.text.get(start..end).unwrap_or("").chars().count();
                let length = rest.char_indices().nth(count).map_or(rest.len(), |(at, _)| at);
                rest.split_at(length).0
            } else {
                rest
            };
            self.edit(piece, start..end, part, edits);
            rest = &rest[part.len()..];
            start = end;
            if start == source.end {
                break;
            }
        }
    }
}

/// Where characters stand that show nothing and end no word (U+00AD, U+200B–D, U+2060, U+FEFF), and how long they are.
/// Looked for by their first bytes, of which ordinary text has few.
fn zero_widths(text: &str) -> impl Iterator<Item = (usize, usize)> {
    let bytes = text.as_bytes();
    memchr::memchr3_iter(0xC2, 0xE2, 0xEF, bytes).filter_map(move |at| match bytes.get(at..)? {
        [0xC2, 0xAD, ..] => Some((at, 2)),
        [0xE2, 0x80, 0x8B..=0x8D, ..] | [0xE2, 0x81, 0xA0, ..] | [0xEF, 0xBB, 0xBF, ..] => Some((at, 3)),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chinese::Config;

    fn converted(nodes: &[&str], config: Config) -> Vec<String> {
        let mut block = Block::default();
        nodes.iter().enumerate().for_each(|(node, text)| block.add(node, text));
        let mut out: Vec<String> = nodes.iter().map(|text| (*text).to_owned()).collect();
        for edit in block.convert(&Converter::new(config), &mut Converted::default()).iter().rev() {
            out[edit.node].replace_range(edit.range.clone(), edit.with);
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
    }
}
