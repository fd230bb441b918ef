//! The tables of the configurations: each made ready on first use, then shared without a lock.
//!
//! The build script writes what this reads (`build/encode.rs`, `layout.rs`).

use super::{
    Config,
    engine::{length_of, page_index},
    layout::*,
};
use std::sync::LazyLock;

/// One trie, ready for walking. Slots, answers and records are read where they are embedded; only the page is made.
#[derive(Debug)]
pub(super) struct Table {
    /// Entries of the characters of the page, by index.
    page: Box<[u64; PAGE_LEN]>,
    /// Entries of all other characters of keys, ascending.
    others: Box<[(u32, u64)]>,
    /// Lead bytes of those others.
    leads: [bool; 256],
    /// ASCII characters with which keys begin, one bit each.
    heads: u128,
    slots: &'static [[u8; 4]],
    answers: &'static [[u8; 3]],
    pairs: &'static [u8],
    records: &'static [u8],
    /// Whether stretches between words go through two stages.
    pub segmented: bool,
}

/// A value that stands in a record, and how many bytes it stands for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Record {
    /// Bytes of the source.
    pub source: usize,
    /// Where the value begins in the records.
    pub start: usize,
    /// Bytes of the value.
    pub length: usize,
}

impl Table {
    fn decode(bytes: &'static [u8], segmented: bool) -> Self {
        let mut reader = Reader(bytes);
        let [slots, singles, pairs, records] = [(); 4].map(|()| reader.u32() as usize);
        let mut table = Self {
            page: page(),
            others: Box::default(),
            leads: [false; 256],
            heads: 0,
            slots: reader.bytes(4 * slots).as_chunks().0,
            answers: reader.bytes(3 * slots).as_chunks().0,
            pairs: &[],
            records: &[],
            segmented,
        };
        table.add_singles(reader.bytes(12 * singles).as_chunks().0);
        table.pairs = reader.bytes(pairs);
        table.records = reader.bytes(records);
        table
    }

    fn add_singles(&mut self, singles: &[[u8; 12]]) {
        let mut others = Vec::new();
        for [a, b, c, d, entry @ ..] in singles {
            let (c, entry) = (u32::from_le_bytes([*a, *b, *c, *d]), u64::from_le_bytes(*entry));
            if let Some(place) = self.page.get_mut(c.wrapping_sub(PAGE_START) as usize)
                && c < PAGE_END
            {
                *place = entry;
                continue;
            }
            if c < 128 && entry >> ENTRY_BASE_SHIFT != 0 {
                self.heads |= 1 << c;
            }
            let mut buffer = [0; 4];
            let lead = char::from_u32(c).and_then(|c| c.encode_utf8(&mut buffer).bytes().next()).unwrap_or(0);
            self.leads[usize::from(lead)] = true;
            others.push((c, entry));
        }
        self.others = others.into();
    }

    /// The entry of a character of the page, by index.
    #[inline(always)]
    pub fn page(&self, index: usize) -> u64 {
        self.page[index % PAGE_LEN]
    }

    /// The entry of any other character; one that stays as it is, without code and base, if it is in no key.
    fn other(&self, lead: u8, c: impl FnOnce() -> u32) -> u64 {
        if !self.leads[usize::from(lead)] {
            return SELF;
        }
        let c = c();
        let found = self.others.binary_search_by_key(&c, |(known, _)| *known);
        found.ok().and_then(|at| self.others.get(at)).map_or(SELF, |(_, entry)| *entry)
    }

    /// The entry of the character of `text` at `at`, and where it ends.
    #[inline(always)]
    pub fn entry(&self, text: &str, at: usize) -> (u64, usize) {
        match page_index(text.as_bytes(), at) {
            Some(index) => (self.page(index), at + 3),
            None => self.other_entry(text, at),
        }
    }

    fn other_entry(&self, text: &str, at: usize) -> (u64, usize) {
        let Some(&lead) = text.as_bytes().get(at) else { return (SELF, at) };
        let c = || text.get(at..).and_then(|rest| rest.chars().next()).map_or(0, u32::from);
        (self.other(lead, c), at + length_of(lead))
    }

    /// Whether two characters of the page, by their indices, may follow each other in a key: false where they never do.
    #[inline(always)]
    pub fn may_follow(&self, first: usize, second: usize) -> bool {
        let pair = pair(first, second, 8 * self.pairs.len());
        self.pairs.get(pair / 8).is_some_and(|bits| bits >> (pair % 8) & 1 != 0)
    }

    /// Whether keys begin with this ASCII character.
    #[inline(always)]
    pub fn heads(&self, ascii: u8) -> bool {
        self.heads >> (ascii & 127) & 1 != 0
    }

    /// Whether the character at `at` may be one of the others.
    #[inline(always)]
    pub fn is_told(&self, source: &[u8], at: usize) -> bool {
        source.get(at).is_some_and(|lead| self.leads[usize::from(*lead)])
    }

    /// The slot at a place; its label tells whose child it is.
    #[inline(always)]
    pub fn slot(&self, place: u64) -> u64 {
        self.slots.get(place as usize).map_or(EMPTY, |slot| u64::from(u32::from_le_bytes(*slot)))
    }

    /// The answer of the slot at a place.
    #[inline(always)]
    pub fn answer(&self, place: u64) -> Answer {
        let [a, b, c] = self.answers.get(place as usize).copied().unwrap_or_default();
        Answer(u32::from_le_bytes([a, b, c, 0]))
    }

    /// The record at a place.
    #[inline]
    pub fn record(&self, place: u32) -> Record {
        let start = 2 * place as usize;
        match self.records.get(start..).and_then(|rest| rest.first_chunk()) {
            Some([source, length]) => {
                Record { source: usize::from(*source), start: start + 2, length: usize::from(*length) }
            }
            None => Record { source: 0, start: 0, length: 0 },
        }
    }

    /// The bytes of all records, [`PADDING`] longer than they are.
    #[inline(always)]
    pub fn records(&self) -> &'static [u8] {
        self.records
    }

    /// Bytes of memory that the table holds beside what is embedded, and with it.
    #[cfg(test)]
    fn memory(&self) -> (usize, usize) {
        let made = 8 * PAGE_LEN + size_of_val(&*self.others) + size_of::<Self>();
        (made, made + size_of_val(self.slots) + size_of_val(self.answers) + self.pairs.len() + self.records.len())
    }
}

/// What to do at a place, as `layout.rs` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Answer(u32);

impl Answer {
    /// The first character's own.
    pub const ONE: Self = Self(ONE << KIND_SHIFT);

    /// Its kind.
    #[inline(always)]
    pub fn kind(self) -> u32 {
        self.0 >> KIND_SHIFT & 7
    }

    /// How many characters it takes.
    #[inline(always)]
    pub fn count(self) -> usize {
        (self.0 & ((1 << COUNT_BITS) - 1)) as usize
    }

    /// The place of its record.
    #[inline(always)]
    pub fn record(self) -> u32 {
        self.0 >> RECORD_SHIFT
    }
}

/// Every character of the page as it is, in no key.
fn page() -> Box<[u64; PAGE_LEN]> {
    let itself = |c: u32| u64::from(0xE0 | c >> 12 | (0x80 | c >> 6 & 0x3F) << 8 | (0x80 | c & 0x3F) << 16);
    // The rest of the page is never read: memory that is zero from the start need not be there.
    let mut entries = vec![0; PAGE_LEN];
    for (entry, c) in entries.iter_mut().zip(PAGE_START..PAGE_END) {
        *entry = itself(c);
    }
    entries.into_boxed_slice().try_into().unwrap_or_else(|_| Box::new([0; PAGE_LEN]))
}

/// Little-endian numbers off the front of a slice; zeros after its end.
struct Reader(&'static [u8]);

impl Reader {
    fn bytes(&mut self, count: usize) -> &'static [u8] {
        let (front, rest) = self.0.split_at_checked(count).unwrap_or((&[], &[]));
        self.0 = rest;
        front
    }

    #[inline(always)]
    fn u32(&mut self) -> u32 {
        let Some((front, rest)) = self.0.split_first_chunk() else { return 0 };
        self.0 = rest;
        u32::from_le_bytes(*front)
    }
}

macro_rules! tables {
    ($($name:literal)+) => {
        [$(LazyLock::new(|| Table::decode(include_bytes!(concat!(env!("OUT_DIR"), "/", $name, ".table")), segmented($name)))),+]
    };
}

/// Those of [`Config::ALL`] in its order, then the single stages that only the exact way needs.
static TABLES: [LazyLock<Table>; 20] = tables!(
    "s2t" "t2s" "s2tw" "tw2s" "s2twp" "tw2sp" "s2hk" "hk2s" "s2hkp" "hk2sp" "t2tw" "tw2t" "t2hk" "hk2t" "t2jp" "jp2t"
    "s2twp.1" "s2hkp.1" "tw2sp.0" "hk2sp.0"
);

fn segmented(name: &str) -> bool {
    name.parse().is_ok_and(|config: Config| config.stages().is_some())
}

/// The table of a configuration.
pub(super) fn of(config: Config) -> &'static Table {
    &TABLES[config.index()]
}

/// The two stages of a segmented configuration, each as a table of its own.
pub(super) fn stages(config: Config) -> Option<[&'static Table; 2]> {
    let [first, second] = config.stages()?;
    Some([TABLES.get(first)?, TABLES.get(second)?])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_holds_less_than_three_megabytes() {
        for config in Config::ALL {
            let (made, all) = of(config).memory();
            assert!(made < 3 * crate::base::limits::MIB / 8, "{config} makes {made} bytes");
            assert!(all < 3 * crate::base::limits::MIB, "{config} reads {all} bytes");
        }
    }
}
