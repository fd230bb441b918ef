//! Which of the open elements an end tag closes, found without going through them.
//!
//! A document may hold a stray end tag in every four bytes and `MAX_DEPTH` open elements: each is looked up by name. Holds
//! no more names than there are open elements.

use std::collections::HashMap;

/// The places in the stack of the open elements of each name, the innermost last.
#[derive(Default)]
pub(super) struct OpenNames<'a> {
    exact: HashMap<&'a str, Vec<usize>>,
    /// By the name in lower case.
    folded: HashMap<String, Vec<usize>>,
}

impl<'a> OpenNames<'a> {
    /// An element opens at place `at`, inside all those before.
    pub(super) fn push(&mut self, name: &'a str, at: usize) {
        self.exact.entry(name).or_default().push(at);
        self.folded.entry(name.to_ascii_lowercase()).or_default().push(at);
    }

    /// The innermost element, of that name, closes.
    pub(super) fn pop(&mut self, name: &str) {
        pop(&mut self.exact, name);
        pop(&mut self.folded, name.to_ascii_lowercase().as_str());
    }

    /// The place of the innermost open element of that name, else of one that differs from it in letter case.
    pub(super) fn innermost(&self, name: &str) -> Option<usize> {
        let places = self.exact.get(name).or_else(|| self.folded.get(&name.to_ascii_lowercase()))?;
        places.last().copied()
    }
}

fn pop<K>(places: &mut HashMap<K, Vec<usize>>, name: &str)
where
    K: std::borrow::Borrow<str> + std::hash::Hash + Eq,
{
    if let Some(open) = places.get_mut(name) {
        open.pop();
        if open.is_empty() {
            places.remove(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_tag_closes_the_innermost_of_its_name_before_one_in_other_letter_case() {
        let mut open = OpenNames::default();
        for (at, name) in ["rss", "Title", "title", "TITLE", "b"].into_iter().enumerate() {
            open.push(name, at);
        }
        let of = |open: &OpenNames<'_>| ["rss", "title", "Title", "tITLE", "RSS", "i"].map(|name| open.innermost(name));
        assert_eq!(of(&open), [Some(0), Some(2), Some(1), Some(3), Some(0), None]);
        for name in ["b", "TITLE", "title"] {
            open.pop(name);
        }
        assert_eq!(of(&open), [Some(0), Some(1), Some(1), Some(1), Some(0), None]);
        for name in ["Title", "rss"] {
            open.pop(name);
        }
        assert_eq!((of(&open), open.exact.len(), open.folded.len()), ([None; 6], 0, 0));
    }
}
