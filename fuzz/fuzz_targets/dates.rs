//! Any text as a date: no panic, and no year beyond what feeds can say.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Some(time) = refeed::feed::dates::parse(text) {
        assert!((-62_135_683_200..=253_402_387_199).contains(&time.secs()), "{time:?}");
    }
});
