//! What the dictionaries say of single characters: on which side they stand, and to which spelling they fold.

use super::engine::{dictionary, model::Dictionary};
use std::{collections::HashMap, sync::LazyLock};

/// A character's side and its folded spelling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Traits {
    /// Only simplified text has it.
    pub simplified: bool,
    /// Only traditional text has it.
    pub traditional: bool,
    /// The spelling that stands for all of its spellings.
    pub fold: char,
}

/// What is known of `c`; most characters are on neither side and fold to themselves.
pub(super) fn of(c: char) -> Traits {
    TABLE.get(&c).copied().unwrap_or(Traits { simplified: false, traditional: false, fold: c })
}

static TABLE: LazyLock<HashMap<char, Traits>> = LazyLock::new(build);

fn build() -> HashMap<char, Traits> {
    let values = |name: &str| -> HashMap<char, Vec<char>> {
        let lines = dictionary(name).lines().filter(|line| !line.starts_with('#'));
        lines
            .filter_map(|line| line.split_once('\t'))
            .filter_map(|(key, values)| Some((key.chars().next()?, values.chars().filter(|c| *c != ' ').collect())))
            .collect()
    };
    let (st, ts) = (values("STCharacters"), values("TSCharacters"));
    let one_sided = |side: &HashMap<char, Vec<char>>, c: char| side.get(&c).is_some_and(|values| !values.contains(&c));
    let chain = ["CJK_Compatibility_Ideographs", "TWVariantsRev", "HKVariantsRev", "TSCharactersExt", "TSCharacters"]
        .map(|name| Dictionary::parse(dictionary(name)));
    let folded = |c: char| {
        let mut text = c.to_string();
        for _ in 0..3 {
            for step in &chain {
                if let Some((_, value)) = step.prefix(&text) {
                    text = value.to_owned();
                }
            }
        }
        text.chars().next().unwrap_or(c)
    };
    let mut all: Vec<char> = st.keys().chain(ts.keys()).copied().collect();
    for name in ["CJK_Compatibility_Ideographs", "TWVariantsRev", "HKVariantsRev", "TSCharactersExt"] {
        all.extend(values(name).keys());
    }
    all.into_iter()
        .map(|c| {
            let (simplified, traditional) = (one_sided(&st, c), one_sided(&ts, c));
            (
                c,
                Traits {
                    simplified: simplified && !traditional,
                    traditional: traditional && !simplified,
                    fold: folded(c),
                },
            )
        })
        .collect()
}
