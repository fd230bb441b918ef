//! With no rule, the output is the input decoded to UTF-8, byte for byte; an edit changes its own place alone.

use refeed::feed::{Feed, Field, Place};

/// The files of `REFEED_CORPUS`: captured feeds that belong to others, so they are not part of the project.
fn corpus() -> Vec<(String, Vec<u8>)> {
    #[allow(clippy::disallowed_methods)]
    let Ok(folder) = std::env::var("REFEED_CORPUS") else {
        eprintln!("not run: REFEED_CORPUS is not set to a folder of captured feeds");
        return Vec::new();
    };
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let feeds = files.into_iter().filter(|path| path.extension().is_some_and(|e| e == "xml" || e == "json"));
    feeds
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read(&path).unwrap()))
        .collect()
}

#[test]
fn well_formed_feeds_come_out_byte_for_byte() {
    for (name, body) in corpus() {
        match Feed::read(&body, None, None) {
            Ok(feed) => {
                let input = String::from_utf8_lossy(&body);
                if feed.emit() != input {
                    eprintln!("{name}: differs: {:?}", feed.notes());
                }
                eprintln!(
                    "{name}: {} {} items, title {:?} slots {}",
                    feed.format().name(),
                    feed.items().len(),
                    feed.first(Place::Head, Field::Title),
                    feed.places().iter().map(|p| feed.slots(*p).count()).sum::<usize>()
                );
            }
            Err(error) => eprintln!("{name}: {error}"),
        }
    }
}
