//! The decoded tables of the configurations: decoded on first use, then shared without a lock.
//!
//! The build script writes what this reads (`build/encode.rs`, `layout.rs`).

use super::{Config, layout::*};
use std::sync::LazyLock;

/// One trie, ready for walking.
#[derive(Debug)]
pub(super) struct Table {
    /// Entries of the characters of the page, by index.
    page: Box<[u64; PAGE_LEN]>,
    /// Entries of all other characters of keys, ascending.
    others: Box<[(u32, u64)]>,
    /// Lead bytes of those others.
    leads: [bool; 256],
    slots: Box<[u64]>,
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
        let [slots, count, records] = [(); 3].map(|()| reader.u32() as usize);
        let records = reader.bytes(records);
        let singles = reader;
        reader.bytes(12 * count);
        let mut table = Self {
            page: page(),
            others: Box::default(),
            leads: [false; 256],
            slots: vec![EMPTY; slots.min(1 << BASE_BITS)].into(),
            records,
            segmented,
        };
        let cursor = table.add_singles(singles, count);
        let mut nodes = Nodes { stream: reader, slots: &mut table.slots, records, cursor };
        for entry in singles.singles(count).map(|(_, entry)| entry) {
            if entry >> ENTRY_BASE_SHIFT != 0 {
                nodes.subtree(entry >> ENTRY_BASE_SHIFT, 0, 2);
            }
        }
        table
    }

    /// Enters the singles; gives where the records of the nodes begin.
    fn add_singles(&mut self, singles: Reader, count: usize) -> usize {
        let (mut others, mut cursor) = (Vec::new(), 0);
        for (c, entry) in singles.singles(count) {
            if let Some(place) = self.page.get_mut(c.wrapping_sub(PAGE_START) as usize)
                && c < PAGE_END
            {
                *place = entry;
            } else {
                let mut buffer = [0; 4];
                let lead = char::from_u32(c).and_then(|c| c.encode_utf8(&mut buffer).bytes().next()).unwrap_or(0);
                self.leads[usize::from(lead)] = true;
                others.push((c, entry));
            }
            if entry & LONG != 0 {
                let record = self.record(entry & (LONG - 1));
                cursor = cursor.max(record.start + record.length);
            }
        }
        self.others = others.into();
        cursor
    }

    /// The entry of a character of the page, by index.
    #[inline(always)]
    pub fn page(&self, index: usize) -> u64 {
        self.page[index % PAGE_LEN]
    }

    /// The entry of any other character; one that stays as it is, without code and base, if it is in no key.
    pub fn other(&self, lead: u8, c: impl FnOnce() -> u32) -> u64 {
        if !self.leads[usize::from(lead)] {
            return SELF;
        }
        let c = c();
        let found = self.others.binary_search_by_key(&c, |(known, _)| *known);
        found.ok().and_then(|at| self.others.get(at)).map_or(SELF, |(_, entry)| *entry)
    }

    /// Whether keys begin with this ASCII character.
    pub fn heads(&self, ascii: u8) -> bool {
        self.leads[usize::from(ascii)] && self.other(ascii, || u32::from(ascii)) >> ENTRY_BASE_SHIFT != 0
    }

    /// The slot at a parent's base for a code; its label tells whether it is the parent's child.
    #[inline(always)]
    pub fn slot(&self, base: u64, code: u64) -> u64 {
        self.slots.get((base + code) as usize).copied().unwrap_or(EMPTY)
    }

    /// The record at an offset.
    #[inline]
    pub fn record(&self, offset: u64) -> Record {
        let offset = offset as usize;
        match self.records.get(offset..).and_then(|rest| rest.first_chunk()) {
            Some([source, length]) => {
                Record { source: usize::from(*source), start: offset + 2, length: usize::from(*length) }
            }
            None => Record { source: 0, start: 0, length: 0 },
        }
    }

    /// The bytes of all records, [`PADDING`] longer than they are.
    #[inline(always)]
    pub fn records(&self) -> &'static [u8] {
        self.records
    }

    /// Bytes of memory that the decoded table holds.
    pub fn memory(&self) -> usize {
        8 * (PAGE_LEN + self.slots.len()) + size_of_val(&*self.others) + size_of::<Self>()
    }
}

/// Every character of the page as it is, in no key.
fn page() -> Box<[u64; PAGE_LEN]> {
    let itself = |c: u32| u64::from(0xE0 | c >> 12 | (0x80 | c >> 6 & 0x3F) << 8 | (0x80 | c & 0x3F) << 16);
    let entries: Vec<u64> = (PAGE_START..).map(itself).take(PAGE_LEN).collect();
    entries.into_boxed_slice().try_into().unwrap_or_else(|_| Box::new([0; PAGE_LEN]))
}

/// The subtrees, being read.
struct Nodes<'t> {
    stream: Reader,
    slots: &'t mut [u64],
    records: &'static [u8],
    cursor: usize,
}

impl Nodes<'_> {
    /// The children of the parent at `base`, `answer` being the parent's and `depth` their number of characters.
    fn subtree(&mut self, base: u64, answer: u64, depth: u64) {
        for _ in 0..self.stream.u16() {
            let child = u64::from(self.stream.u16());
            let answer = match child >> CODE_BITS & 3 {
                0 => answer,
                1 => WORD_CHARS << KIND_SHIFT | depth << COUNT_SHIFT,
                2 => self.next_record() | WORD_RECORD << KIND_SHIFT | depth << COUNT_SHIFT,
                _ => self.told(),
            };
            let code = child & CODE_MASK;
            let mut slot = answer | code;
            let inner = child >> 15 != 0 && depth < 1 << (KIND_SHIFT - COUNT_SHIFT);
            let own = if inner { u64::from(self.stream.u32()) } else { 0 };
            slot |= own << SLOT_BASE_SHIFT;
            if let Some(place) = self.slots.get_mut((base + code) as usize) {
                *place = slot;
            }
            if inner {
                self.subtree(own, answer, depth + 1);
            }
        }
    }

    fn told(&mut self) -> u64 {
        let told = u64::from(self.stream.bytes(1).first().copied().unwrap_or(0));
        let kind = told & 7;
        let record = if matches!(kind, WORD_RECORD | RUN_RECORD) { self.next_record() } else { 0 };
        record | kind << KIND_SHIFT | told >> 3 << COUNT_SHIFT
    }

    fn next_record(&mut self) -> u64 {
        let offset = self.cursor;
        self.cursor += 2 + self.records.get(offset + 1).map_or(0, |length| usize::from(*length));
        (offset as u64) << RECORD_SHIFT
    }
}

/// Little-endian numbers off the front of a slice; zeros after its end.
#[derive(Clone, Copy)]
struct Reader(&'static [u8]);

impl Reader {
    fn bytes(&mut self, count: usize) -> &'static [u8] {
        let (front, rest) = self.0.split_at_checked(count).unwrap_or((&[], &[]));
        self.0 = rest;
        front
    }

    #[inline(always)]
    fn u16(&mut self) -> u16 {
        let Some((front, rest)) = self.0.split_first_chunk() else { return 0 };
        self.0 = rest;
        u16::from_le_bytes(*front)
    }

    #[inline(always)]
    fn u32(&mut self) -> u32 {
        let Some((front, rest)) = self.0.split_first_chunk() else { return 0 };
        self.0 = rest;
        u32::from_le_bytes(*front)
    }

    fn singles(self, count: usize) -> impl Iterator<Item = (u32, u64)> {
        self.0.as_chunks::<12>().0.iter().take(count).map(|bytes| {
            let [a, b, c, d, entry @ ..] = *bytes;
            (u32::from_le_bytes([a, b, c, d]), u64::from_le_bytes(entry))
        })
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
            let memory = of(config).memory();
            assert!(memory < 3 * crate::base::limits::MIB, "{config} holds {memory} bytes");
        }
    }
}
