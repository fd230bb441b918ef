//! The malformed feeds of the corpus are saved, and what is cut out of any of its feeds is.

use refeed::feed::{charset, repair};

use crate::strict;

fn corpus() -> Vec<(String, String)> {
    let Some(dir) = std::env::var_os("REFEED_CORPUS") else {
        eprintln!("REFEED_CORPUS is unset: corpus not read");
        return Vec::new();
    };
    let mut files: Vec<_> = std::fs::read_dir(dir)
        .unwrap()
        .flatten()
        .filter(|file| file.path().extension().is_some_and(|ext| ext == "xml"))
        .map(|file| {
            let body = std::fs::read(file.path()).unwrap();
            (file.file_name().to_string_lossy().into_owned(), charset::decode(&body, None).text.into_owned())
        })
        .collect();
    files.sort();
    files
}

#[test]
fn well_formed_feeds_come_out_as_they_came_in_and_the_others_well_formed() {
    for (name, text) in corpus() {
        let done = repair::xml(&text).unwrap_or_else(|e| panic!("{name}: {e}"));
        match strict::check(&text) {
            Ok(()) => assert!(done.text == text, "{name}: {:?}", done.fixes),
            Err(why) => {
                eprintln!("{name}: {why}: {} fixes {:?}, cut {}", done.count, done.fixes.first(), done.truncated);
                strict::check(&done.text).unwrap_or_else(|e| panic!("{name}: {e}"));
                let items = |text: &str| text.matches("<item>").count() + text.matches("<entry").count();
                assert!(items(&done.text) + usize::from(done.truncated) >= items(&text), "{name} lost items");
            }
        }
    }
}

#[test]
fn cut_and_damaged_feeds_of_the_corpus_come_out_well_formed() {
    let mut seed = 1_u64;
    let mut random = |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(seed >> 33).unwrap() % below.max(1)
    };
    for (name, text) in corpus().into_iter().filter(|(_, text)| text.len() < 200_000) {
        for round in 0..4 {
            let mut damaged = text.clone();
            if round % 2 == 0 {
                damaged.truncate(damaged.floor_char_boundary(random(text.len())));
            }
            for _ in 0..round {
                let from = damaged.floor_char_boundary(random(damaged.len()));
                let to = damaged.floor_char_boundary((from + random(40)).min(damaged.len()));
                damaged.replace_range(from..to.max(from), ["", "<", "&", "]]>", "</item>", "\"", "<!--"][random(7)]);
            }
            if let Ok(done) = repair::xml(&damaged) {
                strict::check(&done.text).unwrap_or_else(|e| panic!("{name}, round {round}: {e}"));
            }
        }
    }
}
