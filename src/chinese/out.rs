//! Where the walk writes: a small buffer that is checked and handed over whenever it is full.
//!
//! Fixed-size stores into a buffer that stays in the cache, one UTF-8 check per buffer, one copy: cheaper than pushing
//! strings, and the result is never resized byte by byte.

use std::borrow::Cow;

/// Bytes after which the buffer is handed over.
const FULL: usize = 1024;
/// Bytes that one unit may add after the last look at [`Out::make_room`], with the overshoot of its last block.
const SLACK: usize = 320;

/// The converted text so far.
pub(super) struct Out {
    text: String,
    buffer: [u8; FULL + SLACK],
    length: usize,
}

impl Out {
    /// Nothing yet; `expected` is the length of the source.
    pub fn new(expected: usize) -> Self {
        Self { text: String::with_capacity(expected + expected / 16 + 16), buffer: [0; FULL + SLACK], length: 0 }
    }

    /// Bytes written so far.
    pub fn len(&self) -> usize {
        self.text.len() + self.length
    }

    /// To write many units at once.
    #[inline(always)]
    pub fn pen(&mut self) -> Pen<'_> {
        Pen { at: self.length, before: self.text.len(), buffer: &mut self.buffer, length: &mut self.length }
    }

    /// To be called before every unit. True where the buffer was full.
    #[inline(always)]
    pub fn make_room(&mut self) -> bool {
        let is_full = self.length >= FULL;
        if is_full {
            self.hand_over();
        }
        is_full
    }

    #[inline(never)]
    fn hand_over(&mut self) {
        let bytes = self.buffer.get(..self.length).unwrap_or_default();
        // Everything written is whole characters of a source that is a `str` or of the tables.
        match simdutf8::basic::from_utf8(bytes) {
            Ok(text) => self.text.push_str(text),
            Err(_) => self.text.push_str(&String::from_utf8_lossy(bytes)),
        }
        self.length = 0;
    }

    /// The lower three bytes.
    #[inline(always)]
    pub fn put_three(&mut self, bytes: u64) {
        if let Some(place) = self.buffer.get_mut(self.length..).and_then(|rest| rest.first_chunk_mut::<4>()) {
            *place = (bytes as u32).to_le_bytes();
            self.length += 3;
        }
    }

    /// The first `count` of a block; at most all of it.
    #[inline(always)]
    pub fn put_block<const N: usize>(&mut self, block: &[u8; N], count: usize) {
        if let Some(place) = self.buffer.get_mut(self.length..).and_then(|rest| rest.first_chunk_mut::<N>()) {
            *place = *block;
            self.length += count;
        }
    }

    /// At most 256 bytes.
    #[inline]
    pub fn put(&mut self, bytes: &[u8]) {
        if let Some(place) = self.buffer.get_mut(self.length..self.length + bytes.len()) {
            place.copy_from_slice(bytes);
            self.length += bytes.len();
        }
    }

    /// Text of any length.
    pub fn put_text(&mut self, text: &str) {
        self.hand_over();
        self.text.push_str(text);
    }

    /// Takes back the last `count` bytes, ASCII.
    pub fn take_back(&mut self, count: usize) {
        self.hand_over();
        self.text.truncate(self.text.len() - count);
    }

    /// What was written from an offset on that [`Out::len`] gave since [`Out::make_room`].
    pub fn since(&self, offset: usize) -> &[u8] {
        self.buffer.get(offset.wrapping_sub(self.text.len())..self.length).unwrap_or_default()
    }

    /// What was written from any offset on.
    pub fn written(&self, offset: usize) -> Cow<'_, [u8]> {
        match self.text.as_bytes().get(offset..) {
            Some(text) if !text.is_empty() => {
                Cow::Owned([text, self.buffer.get(..self.length).unwrap_or_default()].concat())
            }
            _ => Cow::Borrowed(self.since(offset)),
        }
    }

    /// The whole text.
    pub fn finish(mut self) -> String {
        self.hand_over();
        self.text
    }
}

/// Writes into the buffer with the position in a register; [`Pen::done`] gives it back.
pub(super) struct Pen<'o> {
    at: usize,
    before: usize,
    buffer: &'o mut [u8; FULL + SLACK],
    length: &'o mut usize,
}

impl Pen<'_> {
    /// Whether the buffer is to be handed over before the next unit.
    #[inline(always)]
    pub fn is_full(&self) -> bool {
        self.at >= FULL
    }

    /// The lower three bytes.
    #[inline(always)]
    pub fn put_three(&mut self, bytes: u64) {
        self.put_block(&(bytes as u32).to_le_bytes(), 3);
    }

    /// The first `count` of a block; at most all of it.
    #[inline(always)]
    pub fn put_block<const N: usize>(&mut self, block: &[u8; N], count: usize) {
        if let Some(place) = self.buffer.get_mut(self.at..).and_then(|rest| rest.first_chunk_mut::<N>()) {
            *place = *block;
            self.at += count;
        }
    }

    /// Where in the buffer the next byte goes.
    #[inline(always)]
    pub fn at(&self) -> usize {
        self.at
    }

    /// A place of the buffer as an offset of the whole text.
    pub fn offset(&self, at: usize) -> usize {
        self.before + at
    }

    /// What was written from a place on.
    #[inline(always)]
    pub fn since(&self, at: usize) -> &[u8] {
        self.buffer.get(at..self.at).unwrap_or_default()
    }

    /// Ends the writing.
    #[inline(always)]
    pub fn done(self) {
        *self.length = self.at;
    }
}
