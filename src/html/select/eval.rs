//! Finding elements: sets of them as sorted lists of indexes, narrowed step by step.
//!
//! A compound begins with the elements that have its class, id or name, and tests each. `a > b` is the elements of `b`
//! that stand so to one of the set of `a`: one walk over both lists. `:has(> b)` is the same from the other side, so
//! that no selector walks up or down from each element.

use std::cell::OnceCell;
use std::collections::HashMap;

use aho_corasick::AhoCorasick;

use super::{Combinator, Complex, Compound, Operator, Test, Value};
use crate::html::elements::{Called, Elements, NONE};
use crate::html::fragment::{Fragment, Kind};

/// Elements by index, ascending.
type Set = Vec<u32>;

pub(super) fn run(fragment: &Fragment, list: &[Complex]) -> Vec<usize> {
    let elements = fragment.elements();
    let scope = Scope { fragment, elements, text: OnceCell::new() };
    let found = scope.any_of(list);
    found.iter().filter_map(|&index| elements.get(index)).map(|element| element.token as usize).collect()
}

struct Scope<'a> {
    fragment: &'a Fragment,
    elements: &'a Elements,
    text: OnceCell<Text>,
}

impl Scope<'_> {
    /// The union of what each selector means.
    fn any_of(&self, list: &[Complex]) -> Set {
        let mut found: Set = list.iter().flat_map(|complex| self.complex(complex)).collect();
        if list.len() > 1 {
            found.sort_unstable();
            found.dedup();
        }
        found
    }

    fn complex(&self, complex: &Complex) -> Set {
        let mut parts = complex.0.iter();
        let Some((_, first)) = parts.next() else { return Set::new() };
        let mut found = self.compound(first);
        for (combinator, compound) in parts {
            if found.is_empty() {
                return found;
            }
            found = self.reached(&found, *combinator, self.compound(compound));
        }
        found
    }

    /// Those of `all` from which an element of the relative selector is reached.
    fn having(&self, all: &[u32], complex: &Complex) -> Set {
        let mut parts = complex.0.iter().rev();
        let Some((mut combinator, last)) = parts.next().map(|(combinator, compound)| (*combinator, compound)) else {
            return Set::new();
        };
        let mut found = self.compound(last);
        for (next, compound) in parts {
            found = self.reaching(self.compound(compound), combinator, &found);
            combinator = *next;
        }
        self.reaching(all.to_vec(), combinator, &found)
    }

    /// Those of `candidates` that `combinator` leads to from an element of `from`.
    fn reached(&self, from: &[u32], combinator: Combinator, mut candidates: Set) -> Set {
        let contains = |index: u32| from.binary_search(&index).is_ok();
        match combinator {
            Combinator::Child => candidates.retain(|&it| contains(self.elements.parent(it))),
            Combinator::Next => candidates.retain(|&it| contains(self.elements.previous(it))),
            Combinator::Descendant => {
                let mut from = from.iter().peekable();
                let mut end = 0;
                candidates.retain(|&it| {
                    while let Some(&outer) = from.next_if(|outer| **outer < it) {
                        end = end.max(self.elements.get(outer).map_or(0, |element| element.end));
                    }
                    it < end
                });
            }
            Combinator::Later => {
                let mut first: HashMap<u32, u32> = HashMap::new();
                from.iter().for_each(|&it| _ = first.entry(self.elements.parent(it)).or_insert(it));
                candidates.retain(|&it| first.get(&self.elements.parent(it)).is_some_and(|&first| first < it));
            }
        }
        candidates
    }

    /// Those of `candidates` from which `combinator` leads to an element of `to`.
    fn reaching(&self, mut candidates: Set, combinator: Combinator, to: &[u32]) -> Set {
        match combinator {
            Combinator::Child => {
                let mut parents: Set = to.iter().map(|&it| self.elements.parent(it)).collect();
                parents.sort_unstable();
                candidates.retain(|it| parents.binary_search(it).is_ok());
            }
            Combinator::Next => candidates.retain(|&it| to.binary_search(&self.elements.next(it)).is_ok()),
            Combinator::Descendant => candidates.retain(|&it| {
                let end = self.elements.get(it).map_or(0, |element| element.end);
                let next = to.partition_point(|&inner| inner <= it);
                to.get(next).is_some_and(|&inner| inner < end)
            }),
            Combinator::Later => {
                let last: HashMap<u32, u32> = to.iter().map(|&it| (self.elements.parent(it), it)).collect();
                candidates.retain(|&it| last.get(&self.elements.parent(it)).is_some_and(|&last| last > it));
            }
        }
        candidates
    }

    fn compound(&self, compound: &Compound) -> Set {
        let mut found = self.candidates(compound);
        for test in &compound.tests {
            if found.is_empty() {
                break;
            }
            self.narrow(&mut found, test);
        }
        found
    }

    /// The smallest list at hand that holds every element of the compound.
    fn candidates(&self, compound: &Compound) -> Set {
        let named = compound.tests.iter().find_map(|test| match test {
            Test::Id(id) => Some(self.elements.called(Called::Id(id))),
            Test::Class(class) => Some(self.elements.called(Called::Class(class))),
            _ => None,
        });
        match (named, compound.name) {
            (Some(mut found), Some(key)) => {
                found.retain(|&it| self.elements.get(it).is_some_and(|element| element.key == key));
                found
            }
            (Some(found), None) => found,
            (None, Some(key)) => self.elements.called(Called::Name(key)),
            (None, None) => (0..self.elements.list.len() as u32).collect(),
        }
    }

    fn narrow(&self, found: &mut Set, test: &Test) {
        let token = |it: u32| self.elements.get(it).map_or(usize::MAX, |element| element.token as usize);
        match test {
            Test::Id(id) => found.retain(|&it| self.fragment.attr(token(it), "id").is_some_and(|value| value == *id)),
            Test::Class(class) => found.retain(|&it| {
                let value = self.fragment.attr(token(it), "class");
                value.is_some_and(|value| value.split_ascii_whitespace().any(|found| found == class))
            }),
            Test::Attribute { name, test } => {
                found.retain(|&it| test.holds(self.fragment.attr(token(it), name).as_deref()));
            }
            Test::Is(list) => intersect(found, &self.any_of(list)),
            Test::Not(list) => {
                let not = self.any_of(list);
                found.retain(|it| not.binary_search(it).is_err());
            }
            Test::Has(list) => {
                let all = std::mem::take(found);
                found.extend(list.iter().flat_map(|complex| self.having(&all, complex)));
                found.sort_unstable();
                found.dedup();
            }
            Test::Nth { step, offset, of_type, from_end } => {
                let places = self.places(*of_type, *from_end);
                found.retain(|&it| places.get(it as usize).is_some_and(|&place| is_nth(place, *step, *offset)));
            }
            Test::Root => found.retain(|&it| self.elements.parent(it) == NONE),
            Test::Empty => found.retain(|&it| self.is_empty(it)),
            Test::Contains(text) => {
                let text = self.text.get_or_init(|| Text::of(self.fragment)).find(text);
                found.retain(|&it| {
                    let start = token(it);
                    text.is_in(start, self.fragment.element_end(start))
                });
            }
        }
    }

    /// The place of every element among its siblings, from 1.
    fn places(&self, of_type: bool, from_end: bool) -> Vec<i32> {
        let mut places = vec![0; self.elements.list.len()];
        let mut seen: HashMap<(u32, u64), i32> = HashMap::new();
        let mut place = |(index, slot): (usize, &mut i32)| {
            let Some(element) = self.elements.list.get(index) else { return };
            let key = (element.parent, if of_type { element.key } else { 0 });
            let count = seen.entry(key).or_insert(0);
            *count += 1;
            *slot = *count;
        };
        match from_end {
            false => places.iter_mut().enumerate().for_each(&mut place),
            true => places.iter_mut().enumerate().rev().for_each(&mut place),
        }
        places
    }

    /// No element and no text inside.
    fn is_empty(&self, it: u32) -> bool {
        let Some(element) = self.elements.get(it).filter(|element| element.end == it + 1) else { return false };
        let start = element.token as usize;
        let is_text = |id| matches!(self.fragment.kind(id), Kind::Text | Kind::RawText);
        !(start + 1..self.fragment.element_end(start)).any(is_text)
    }
}

/// What of `found` is also in `other`.
fn intersect(found: &mut Set, other: &[u32]) {
    found.retain(|it| other.binary_search(it).is_ok());
}

/// True where `place` is `step`·n + `offset` for some n ≥ 0.
fn is_nth(place: i32, step: i32, offset: i32) -> bool {
    let difference = i64::from(place) - i64::from(offset);
    match i64::from(step) {
        0 => difference == 0,
        step => difference % step == 0 && difference / step >= 0,
    }
}

impl Value {
    fn holds(&self, value: Option<&str>) -> bool {
        let Value::Compared { op, to, fold } = self else { return value.is_some() };
        let Some(value) = value else { return *op == Operator::Differs };
        if *fold {
            return op.compare(&value.to_ascii_lowercase(), &to.to_ascii_lowercase());
        }
        op.compare(value, to)
    }
}

impl Operator {
    fn compare(self, value: &str, to: &str) -> bool {
        match self {
            Operator::Equals => value == to,
            Operator::Differs => value != to,
            Operator::Word => !to.is_empty() && value.split_ascii_whitespace().any(|word| word == to),
            Operator::Language => {
                value == to || value.strip_prefix(to).is_some_and(|rest| !to.is_empty() && rest.starts_with('-'))
            }
            Operator::Begins => !to.is_empty() && value.starts_with(to),
            Operator::Ends => !to.is_empty() && value.ends_with(to),
            Operator::Contains => !to.is_empty() && value.contains(to),
        }
    }
}

/// The text of the whole fragment, and where each token's begins.
struct Text {
    whole: String,
    starts: Vec<(usize, usize)>,
}

impl Text {
    fn of(fragment: &Fragment) -> Text {
        let mut text = Text { whole: String::new(), starts: Vec::new() };
        for id in (0..fragment.len()).filter(|&id| fragment.kind(id) == Kind::Text) {
            text.starts.push((id, text.whole.len()));
            text.whole.push_str(&fragment.text(id));
        }
        text
    }

    /// Where `needle` begins, ASCII case ignored; one may overlap the next.
    fn find(&self, needle: &str) -> Occurrences<'_> {
        let automaton = AhoCorasick::builder().ascii_case_insensitive(true).build([needle]);
        let found =
            automaton.map(|automaton| automaton.find_overlapping_iter(&self.whole).map(|it| it.start()).collect());
        Occurrences { text: self, found: found.unwrap_or_default(), len: needle.len() }
    }

    /// Where the text of the tokens from `id` on begins.
    fn start_of(&self, id: usize) -> usize {
        let next = self.starts.partition_point(|(token, _)| *token < id);
        self.starts.get(next).map_or(self.whole.len(), |(_, start)| *start)
    }
}

/// Where a text was found.
struct Occurrences<'a> {
    text: &'a Text,
    found: Vec<usize>,
    len: usize,
}

impl Occurrences<'_> {
    /// True where one lies in the tokens from `start` to `end`.
    fn is_in(&self, start: usize, end: usize) -> bool {
        let (from, to) = (self.text.start_of(start), self.text.start_of(end));
        let next = self.found.partition_point(|at| *at < from);
        self.found.get(next).is_some_and(|at| at + self.len <= to)
    }
}
