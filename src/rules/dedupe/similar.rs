//! Titles that say the same in slightly other words: compared by the pairs of words that they share.
//!
//! A word is one of an alphabet's, or one Chinese or Japanese character; script, width, case and punctuation do not count. The
//! likeness of two titles is the share of pairs that both have (Dice). Titles whose numbers differ are never alike (第12集, 第13集),
//! and one of fewer than [`SHORT_TITLE`] words only equals itself. Each title is compared with those that share a pair with it, of
//! each pair the last [`MAX_SHARING`].

use std::collections::{BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use crate::base::clock::Time;
use crate::base::limits::{MAX_SHARING, MAX_TITLE_WORDS, SHORT_TITLE};
use crate::base::text::is_word_alone;
use crate::chinese::fold;

/// The titles that were kept so far.
pub(super) struct Titles {
    likeness: f64,
    within: Duration,
    kept: Vec<Title>,
    /// For each of them, the pairs that it shares with the title at hand; nothing between two titles.
    shared: Vec<usize>,
    /// For each pair of words, the kept titles that have it.
    having: HashMap<u64, Vec<usize>>,
}

struct Title {
    pairs: usize,
    numbers: BTreeSet<String>,
    date: Option<Time>,
}

impl Titles {
    /// None yet. Alike are titles that share `likeness` (0 to 1) of their pairs and are dated `within` each other.
    pub fn new(likeness: f64, within: Duration) -> Titles {
        Titles { likeness, within, kept: Vec::new(), shared: Vec::new(), having: HashMap::new() }
    }

    /// True where one like it is there; else it is added.
    pub fn has(&mut self, title: &str, date: Option<Time>) -> bool {
        let words = words(title);
        if words.is_empty() {
            return false;
        }
        let numbers = words.iter().filter(|word| word.starts_with(|c: char| c.is_numeric())).cloned().collect();
        let pairs: BTreeSet<u64> = match words.len() {
            0..SHORT_TITLE => [hash(&words)].into(),
            _ => words.windows(2).map(hash).collect(),
        };
        let title = Title { pairs: pairs.len(), numbers, date };
        let mut sharing = Vec::new();
        for other in pairs.iter().filter_map(|pair| self.having.get(pair)).flatten().copied() {
            if let Some(count) = self.shared.get_mut(other) {
                if *count == 0 {
                    sharing.push(other);
                }
                *count += 1;
            }
        }
        let mut found = false;
        for other in sharing {
            if let (Some(kept), Some(count)) = (self.kept.get(other), self.shared.get(other)) {
                found = found || self.alike(&title, kept, *count);
            }
            self.shared[other] = 0;
        }
        if found {
            return true;
        }
        for pair in pairs {
            let having = self.having.entry(pair).or_default();
            if having.len() == MAX_SHARING {
                having.remove(0);
            }
            having.push(self.kept.len());
        }
        self.kept.push(title);
        self.shared.push(0);
        false
    }

    fn alike(&self, one: &Title, other: &Title, shared: usize) -> bool {
        let is_near = match (one.date, other.date) {
            (Some(one), Some(other)) => one.since(other).max(other.since(one)) <= self.within,
            _ => true,
        };
        is_near
            && 2.0 * shared as f64 >= self.likeness * (one.pairs + other.pairs) as f64
            && one.numbers == other.numbers
    }
}

fn hash(words: &[String]) -> u64 {
    let mut hasher = DefaultHasher::new();
    words.hash(&mut hasher);
    hasher.finish()
}

/// The words of a title, at most [`MAX_TITLE_WORDS`].
fn words(title: &str) -> Vec<String> {
    let folded = fold(title).to_lowercase();
    let mut words = Vec::new();
    let mut word = String::new();
    for c in folded.chars() {
        let is_alone = is_word_alone(c);
        let begins_another = word.chars().next_back().is_some_and(|last| last.is_numeric() != c.is_numeric());
        if (is_alone || !c.is_alphanumeric() || begins_another) && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if is_alone {
            words.push(c.to_string());
        } else if c.is_alphanumeric() {
            word.push(c);
        }
        if words.len() >= MAX_TITLE_WORDS {
            return words;
        }
    }
    words.extend(Some(word).filter(|word| !word.is_empty()));
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_secs(86_400);

    fn alike(one: &str, other: &str) -> bool {
        let mut titles = Titles::new(0.7, DAY);
        assert!(!titles.has(one, None));
        titles.has(other, None)
    }

    #[test]
    fn the_same_in_other_words_is_alike() {
        assert!(alike("台灣總統大選今天開始投票", "台湾总统大选今日开始投票"));
        assert!(alike("Ferry to the islands delayed by fog", "Ferry to the islands delayed by heavy fog!"));
        assert!(alike("【快訊】央行宣布降息", "央行宣布降息"));
        assert!(alike("OK", "ok"));
        assert!(!alike("第12集：港口的早晨", "第13集：港口的早晨"));
        assert!(!alike("Weather for Monday", "Weather for Tuesday"));
        assert!(!alike("央行宣布降息", "央行宣布加薪計畫延後到明年"));
        assert!(!alike("", ""));
    }

    #[test]
    fn what_lies_far_apart_in_time_is_not_alike() {
        let mut titles = Titles::new(0.7, DAY);
        let at = |days: i64| Some(Time::from_secs(days * 86_400));
        assert!(!titles.has("The weekly letter from the harbour", at(0)));
        assert!(titles.has("The weekly letter from the harbour", at(1)));
        assert!(!titles.has("The weekly letter from the harbour", at(7)));
    }

    #[test]
    fn titles_that_all_share_their_words_are_compared_with_few() {
        let mut titles = Titles::new(0.9, DAY);
        let found = (0..1000).filter(|n| titles.has(&format!("the same words in every one of them {n}"), None)).count();
        assert_eq!(found, 0);
        assert!(titles.having.values().all(|having| having.len() <= MAX_SHARING));
    }
}
