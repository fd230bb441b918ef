//! The engine and OpenCC's own library on any text, in the configuration that the first byte picks.
//!
//! NUL is left out: the library cuts text there. What is no UTF-8 becomes U+FFFD, so that a flipped bit does not cut the text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use refeed::chinese::{Config, Converter, Library};
use std::{path::Path, sync::LazyLock};

static PAIRS: LazyLock<Vec<(Converter, Library)>> = LazyLock::new(|| {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../vendor/opencc/share/opencc"));
    let pair =
        |config| (Converter::new(config), Library::open(config, Some(folder)).expect("tests/get-libopencc was run"));
    Config::ALL.map(pair).into()
});

fuzz_target!(|input: (u8, &[u8])| {
    let (converter, library) = &PAIRS[usize::from(input.0) % PAIRS.len()];
    let text = String::from_utf8_lossy(input.1).replace('\0', "\u{1}");
    let mut matches = Vec::new();
    let expected = library.convert(&text).expect("text without NUL converts");
    assert_eq!(converter.convert(&text), expected);
    assert_eq!(converter.convert_spans(&text, &mut matches).unwrap_or(text), expected);
});
