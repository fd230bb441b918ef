//! The bit layout of a conversion table, shared with the build script that writes it.
//!
//! A table is a trie over characters. The first character of a walk has an entry, every further one a slot; a slot is
//! found at the parent's base plus the character's code and holds that code as its label. No two parents share a base,
//! so the label alone says whether the slot is the parent's child.
//!
//! Entry (`u64`): bits 0..24 what the character alone becomes, as three bytes of UTF-8; 24 `LONG`: that is the place of
//! a record instead; 25 `SELF`: it stays as it is and is not three bytes long; 26 `CHANGED`: those three bytes are another
//! character; 32..45 code; 45..64 base.
//! Slot (`u32`): bits 0..13 label; 13 `OWN`: here or further along is an answer other than the characters one by one;
//! 14..32 base, 0 for a node without children.
//! Answer (three bytes, one for each slot): bits 0..4 how many characters it takes; 4..7 its kind; 7..24 the place of
//! its record.
//! Pairs: a set of bits, of a length that is a power of two; that of every two characters that follow each other in a key is set.
//! Record: length of the source in bytes, length of the value in bytes, the value. It begins at twice its place.

/// First character of the page, the characters looked up by index.
pub const PAGE_START: u32 = 0x3000;
/// Characters in the page; a power of two, so that an index can be masked.
pub const PAGE_LEN: usize = 0x8000;
/// First character after the page that UTF-8's lead bytes E3 to E9 reach.
pub const PAGE_END: u32 = 0xA000;

/// Entry: the value is a record.
pub const LONG: u64 = 1 << 24;
/// Entry: the character stays as it is.
pub const SELF: u64 = 1 << 25;
/// Entry: the value is three bytes, and not those of the character.
pub const CHANGED: u64 = 1 << 26;
/// Where a code begins in an entry.
pub const CODE_SHIFT: u32 = 32;
/// Bits of a code or label.
pub const CODE_BITS: u32 = 13;
/// A code or label by itself.
pub const CODE_MASK: u64 = (1 << CODE_BITS) - 1;
/// The label of a slot that is nobody's; no code has this value. The code 0 is that of characters in no key.
pub const EMPTY: u64 = CODE_MASK;
/// Slot: some path from here on has an answer of a kind that [`is_own`].
pub const OWN: u64 = 1 << CODE_BITS;
/// Where a base begins in an entry.
pub const ENTRY_BASE_SHIFT: u32 = 45;
/// Where a base begins in a slot.
pub const SLOT_BASE_SHIFT: u32 = CODE_BITS + 1;
/// Bits of a base.
pub const BASE_BITS: u32 = 18;
/// Bits of the number of characters of an answer.
pub const COUNT_BITS: u32 = 4;
/// Where the kind begins in an answer.
pub const KIND_SHIFT: u32 = COUNT_BITS;
/// Where the record's place begins in an answer.
pub const RECORD_SHIFT: u32 = 7;
/// Bits of a record's place.
pub const RECORD_BITS: u32 = 17;

/// The answer is the first character's own.
pub const ONE: u32 = 0;
/// A matched word, or segment, whose characters become what each becomes alone.
pub const WORD_CHARS: u32 = 1;
/// A matched word with a record.
pub const WORD_RECORD: u32 = 2;
/// A match inside a stretch between words, of characters as each alone; a word that begins inside cuts it.
pub const RUN_CHARS: u32 = 3;
/// The same with a record.
pub const RUN_RECORD: u32 = 4;
/// Only the stages one after the other tell.
pub const EXACT: u32 = 5;

/// True of the kinds by which a text may become something else than its characters one by one.
pub const fn is_own(kind: u32) -> bool {
    !matches!(kind, ONE | WORD_CHARS)
}

/// Bytes after the last record, so that records can be copied in blocks.
pub const PADDING: usize = 64;

/// The bit of two characters of the page, by their indices in it, among as many as there are bits; others may share it.
pub const fn pair(first: usize, second: usize, bits: usize) -> usize {
    (first.wrapping_mul(0x9E37) ^ second.wrapping_mul(0x85EB_CA6B) >> 9) & bits.wrapping_sub(1)
}
