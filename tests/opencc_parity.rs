//! The engine gives byte for byte what OpenCC's own library gives: on every word of its dictionaries, on the corpus, and
//! on millions of characters of random text, in all 16 configurations.
//!
//! Needs the library: `tests/get-libopencc`, then `cargo test --release --features libopencc --test opencc_parity`.
//! Without it every test here is reported as ignored.
//!
//! OpenCC's library cuts a segment at a NUL, and opencc-rust refuses text with one; refeed keeps NUL as a character
//! that is in no key. So the library is asked about U+0001 in its place.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, clippy::disallowed_methods)]

#[path = "opencc/inputs.rs"]
mod inputs;

#[cfg(feature = "libopencc")]
mod oracle {
    use refeed::chinese::{Config, Converter, Library};
    use std::path::Path;

    /// The engine and the library in all configurations.
    pub struct Pairs(Vec<(Config, Converter, Library)>);

    impl Pairs {
        pub fn open() -> Self {
            let folder = Path::new("vendor/opencc/share/opencc");
            let pair = |config| (config, Converter::new(config), Library::open(config, Some(folder)).unwrap());
            Self(Config::ALL.map(pair).into())
        }

        /// Both on `text`, in every configuration; panics with the shortest piece on which they differ.
        pub fn same(&self, text: &str) {
            let library_text = text.replace('\0', "\u{1}");
            for (config, converter, library) in &self.0 {
                let differ = |ours: &str, theirs: &str| {
                    converter.convert(ours).replace('\0', "\u{1}") != library.convert(theirs).unwrap()
                };
                if differ(text, &library_text) {
                    let short = shortest(&library_text, &|piece| differ(piece, piece));
                    let (ours, theirs) = (converter.convert(&short), library.convert(&short).unwrap());
                    panic!(
                        "{config}: {short:?} ({})\n  ours    {ours:?}\n  library {theirs:?}",
                        short.escape_unicode()
                    );
                }
            }
        }
    }

    /// Takes characters away from both ends and the middle as long as the difference stays.
    fn shortest(text: &str, differs: &dyn Fn(&str) -> bool) -> String {
        let mut chars: Vec<char> = text.chars().collect();
        let mut step = chars.len() / 2;
        while step > 0 {
            let mut at = 0;
            while at < chars.len() {
                let without: Vec<char> = chars.iter().take(at).chain(chars.iter().skip(at + step)).copied().collect();
                if differs(&without.iter().collect::<String>()) { chars = without } else { at += step }
            }
            step /= 2;
        }
        chars.into_iter().collect()
    }
}

/// Without the library nothing can be compared.
#[cfg(not(feature = "libopencc"))]
mod oracle {
    pub struct Pairs;

    impl Pairs {
        pub fn open() -> Self {
            panic!("not run: build with --features libopencc")
        }

        pub fn same(&self, _: &str) {}
    }
}

use inputs::Random;
use oracle::Pairs;

const SEED: u64 = 20_261_123;

#[test]
#[cfg_attr(not(feature = "libopencc"), ignore = "not run: needs --features libopencc (tests/get-libopencc)")]
fn every_word_of_every_dictionary_converts_alike() {
    let pairs = Pairs::open();
    for word in inputs::dictionary_words() {
        pairs.same(&word);
    }
}

#[test]
#[cfg_attr(not(feature = "libopencc"), ignore = "not run: needs --features libopencc (tests/get-libopencc)")]
fn random_texts_convert_alike() {
    let pairs = Pairs::open();
    let words = inputs::dictionary_words();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let shorter: Vec<&str> = words.iter().copied().filter(|word| word.chars().count() < 3).collect();
    let rounds = std::env::var("REFEED_PARITY_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(1);
    let mut total = 0;
    for round in 0..rounds {
        let mut random = Random(SEED + round);
        for _ in 0..100 {
            for text in [
                inputs::run_together(&words, &mut random, 1000),
                inputs::run_together(&shorter, &mut random, 1000),
                inputs::overlapping(&words, &mut random, 1000),
                inputs::overlapping(&shorter, &mut random, 1000),
                inputs::characters(&words, &mut random, 1000),
                inputs::unicode(&words, &mut random, 1000),
                inputs::sequences(&words, &mut random, 300),
            ] {
                total += text.chars().count();
                pairs.same(&text);
            }
            for _ in 0..50 {
                let text = inputs::sequences(&shorter, &mut random, 12);
                total += text.chars().count();
                pairs.same(&text);
            }
        }
    }
    eprintln!("{total} characters in each of 16 configurations, no difference");
}

#[test]
#[cfg_attr(not(feature = "libopencc"), ignore = "not run: needs --features libopencc (tests/get-libopencc)")]
fn the_corpus_converts_alike() {
    let Ok(folder) = std::env::var("REFEED_CORPUS") else {
        eprintln!("not run: REFEED_CORPUS is not set");
        return;
    };
    let pairs = Pairs::open();
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut total = 0;
    for path in files.iter().filter(|path| path.is_file()) {
        let text = String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned();
        total += text.len();
        pairs.same(&text);
    }
    eprintln!("{} files, {total} bytes in each of 16 configurations, no difference", files.len());
}

/// `refeed run` on a feed with each engine; the library finds its files in the folder where refeed was started.
#[test]
#[cfg_attr(not(feature = "libopencc"), ignore = "not run: needs --features libopencc (tests/get-libopencc)")]
fn feeds_come_out_alike_by_either_engine() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    for feed in ["fixtures/feeds/rss-2.0-rich.xml", "fixtures/feeds/site-voa-zone.xml", "fixtures/voachinese/feed.xml"]
    {
        for config in ["s2t", "s2twp", "t2s"] {
            let run = |engine: &str| {
                let rules = format!("[{{ opencc = {{ config = '{config}', engine = '{engine}', force = true }} }}]");
                let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_refeed"));
                command.current_dir(root.join("vendor/opencc/share/opencc"));
                command.args(["run", "--rules", &rules]).arg(root.join(feed));
                let output = command.output().unwrap();
                assert!(output.status.success(), "{feed}: {}", String::from_utf8_lossy(&output.stderr));
                String::from_utf8(output.stdout).unwrap()
            };
            assert_eq!(run("opencc"), run("han"), "{feed}: {config}");
        }
    }
}
