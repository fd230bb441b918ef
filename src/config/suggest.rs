//! «Did you mean»: the known name nearest to a mistyped one.

use crate::base::limits::{LISTED_NAMES, SUGGEST_CHARS};

/// The name of `known` that `typed` most likely meant, or nothing where none is near. Case, `-` and `_` count for
/// nothing; a third of the letters may differ.
pub fn nearest<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let typed = fold(typed);
    let allowed = typed.len() / 3 + 1;
    known
        .into_iter()
        .map(|name| (distance(&typed, &fold(name)), name))
        .filter(|(far, name)| *far <= allowed && *far < name.chars().count())
        .min_by_key(|(far, _)| *far)
        .map(|(_, name)| name)
}

/// `` `a`, `b` `` for messages; of many only the first, and how many there are.
pub fn list<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let mut names = names.into_iter();
    let shown: Vec<_> = names.by_ref().take(LISTED_NAMES).map(|name| format!("`{name}`")).collect();
    match names.count() {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// The help for an unknown name: the nearest, or all of them.
pub fn advice<'a>(typed: &str, known: impl IntoIterator<Item = &'a str> + Clone) -> String {
    match nearest(typed, known.clone()) {
        Some(name) => format!("did you mean `{name}`?"),
        None => format!("known are {}", list(known)),
    }
}

/// Bounded: a name longer than any of ours is compared by its beginning.
fn fold(name: &str) -> Vec<char> {
    name.chars().filter(|c| !matches!(c, '-' | '_')).flat_map(char::to_lowercase).take(SUGGEST_CHARS).collect()
}

/// Edits (insertion, deletion, replacement, exchange of neighbours) from `a` to `b`: optimal string alignment.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let mut best = (rows[i][j] + usize::from(x != y)).min(rows[i][j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *x == b[j - 1] && a[i - 1] == *y {
                best = best.min(rows[i - 1][j - 1] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typo_finds_its_name_and_nonsense_finds_none() {
        let known = ["listen", "public_url", "open", "access_key", "limit"];
        assert_eq!(nearest("lsiten", known), Some("listen"));
        assert_eq!(nearest("public-url", known), Some("public_url"));
        assert_eq!(nearest("Limits", known), Some("limit"));
        assert_eq!(nearest("frobnicate", known), None);
        assert_eq!(nearest("x", known), None);
        assert_eq!(nearest("", known), None);
    }
}
