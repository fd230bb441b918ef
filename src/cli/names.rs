//! Names for feeds that come from elsewhere: of their titles, or of their hosts; no two alike, in upper or lower case.

use std::collections::{BTreeMap, BTreeSet};

use crate::base::limits::MAX_NAME_MADE;
use crate::base::url::Url;
use crate::config::name;

/// The names that are given away.
#[derive(Default)]
pub(super) struct Names {
    taken: BTreeSet<String>,
    /// For each name that was wanted: the number that its next double may get.
    numbers: BTreeMap<String, usize>,
}

impl Names {
    /// With names that are `taken` already.
    pub(super) fn with<'a>(taken: impl Iterator<Item = &'a str>) -> Names {
        Names { taken: taken.map(|name| name.to_lowercase()).collect(), ..Names::default() }
    }

    /// One for a feed called `title` at `url`.
    pub(super) fn make(&mut self, title: &str, url: &str) -> String {
        let made = made_name(title, url);
        if self.taken.insert(made.clone()) {
            return made;
        }
        let number = self.numbers.entry(made.clone()).or_insert(2);
        loop {
            let name = format!("{made}-{number}");
            *number += 1;
            if self.taken.insert(name.clone()) {
                return name;
            }
        }
    }
}

/// A name in a path: letters and digits of the title in any script, `-` between them; of the host where the title has none.
fn made_name(title: &str, url: &str) -> String {
    let host = || Url::parse(url).ok().and_then(|url| Some(url.host_str()?.trim_start_matches("www.").to_owned()));
    let slug = |text: &str| {
        let mut out = String::new();
        let mut count = 0;
        for c in text.chars().flat_map(char::to_lowercase) {
            if c.is_alphanumeric() && count < MAX_NAME_MADE {
                out.push(c);
            } else if !out.is_empty() && !out.ends_with('-') {
                out.push('-');
            } else {
                continue;
            }
            count += 1;
        }
        out.trim_end_matches('-').to_owned()
    };
    let from_title = slug(title);
    let made = if from_title.is_empty() { slug(&host().unwrap_or_default()) } else { from_title };
    if name::check(&made).is_ok() { made } else { "feed".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_made_of_titles_in_any_script() {
        for (title, url, name) in [
            ("美国之音 · 中文网", "https://a.example/", "美国之音-中文网"),
            ("The Verge (All Posts)", "https://a.example/", "the-verge-all-posts"),
            ("★", "https://www.example.org/feed", "example-org"),
            ("", "http://127.0.0.1/", "127-0-0-1"),
            ("voa.json", "https://a.example/", "voa-json"),
            ("", "", "feed"),
        ] {
            assert_eq!(made_name(title, url), name);
            assert_eq!(name::check(&made_name(title, url)), Ok(()));
        }
        assert!(name::check(&made_name(&"很長".repeat(500), "https://a.example/")).is_ok());
    }

    #[test]
    fn no_two_are_alike_and_many_doubles_take_no_longer() {
        let old = ["A".to_owned(), "b-2".to_owned()];
        let mut names = Names::with(old.iter().map(String::as_str));
        let made: Vec<_> = ["a", "b", "B", "a", "a-2"].iter().map(|title| names.make(title, "")).collect();
        assert_eq!(made, ["a-2", "b", "b-3", "a-3", "a-2-2"]);
        // counted from the start for each, these would be twenty thousand million looks
        for _ in 1..200_000 {
            names.make("same", "");
        }
        assert_eq!(names.make("same", ""), "same-200000");
    }
}
