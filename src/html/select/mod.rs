//! CSS selectors over fragments: which elements a rule means.
//!
//! [`Selectors::parse`] reads a list by the grammar of Selectors Level 4 (and `:contains("…")`, `[a!=b]`, which scrapers
//! know), or says at which byte it is wrong; [`Fragment::select`] finds the elements. Names of elements and attributes
//! are compared without ASCII case, ids, classes and values with it; in XHTML prefixes are ignored.
//!
//! Time is the size of the fragment times that of the selector, whatever stands in either: each step of a selector is
//! one walk over a sorted list of elements (`eval.rs`), never a search upwards from each of them. Nesting inside a
//! selector is bounded by [`MAX_SELECTOR_DEPTH`](crate::base::limits::MAX_SELECTOR_DEPTH); there is no other recursion.

mod eval;
mod parse;

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use super::Fragment;

/// A list of selectors, compiled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selectors {
    list: Vec<Complex>,
}

/// Why a selector cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SelectorError {
    /// Where in the text, in bytes.
    pub at: usize,
    /// What is wrong.
    pub message: Cow<'static, str>,
    /// What to write instead.
    pub help: Option<Cow<'static, str>>,
}

/// Compounds joined by combinators. The combinator stands before its compound; that of the first one counts only in
/// `:has()`, where it says how the first compound stands to the element.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Complex(Vec<(Combinator, Compound)>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Combinator {
    Descendant,
    Child,
    Next,
    Later,
}

/// What one element must be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Compound {
    /// The name, as a key.
    name: Option<u64>,
    tests: Vec<Test>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Test {
    Id(String),
    Class(String),
    Attribute { name: String, test: Value },
    Is(Vec<Complex>),
    Not(Vec<Complex>),
    Has(Vec<Complex>),
    Nth { step: i32, offset: i32, of_type: bool, from_end: bool },
    Root,
    Empty,
    Contains(String),
}

/// What the value of an attribute must be.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Value {
    Present,
    Compared { op: Operator, to: String, fold: bool },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Equals,
    Differs,
    Word,
    Language,
    Begins,
    Ends,
    Contains,
}

impl Selectors {
    /// Reads a list of selectors.
    pub fn parse(text: &str) -> Result<Selectors, SelectorError> {
        parse::list(text).map(|list| Selectors { list })
    }

    /// These and those of `other`.
    pub fn extend(&mut self, other: Selectors) {
        self.list.extend(other.list);
    }
}

impl Fragment {
    /// The start tags of the elements, as they are now, that any of the selectors means; ascending.
    pub fn select(&self, selectors: &Selectors) -> Vec<usize> {
        eval::run(self, &selectors.list)
    }

    /// Of what [`Fragment::select`] finds, the elements that lie in no other of them.
    pub fn select_outermost(&self, selectors: &Selectors) -> Vec<usize> {
        let mut found = self.select(selectors);
        let mut end = 0;
        found.retain(|&start| {
            let outer = start >= end;
            end = if outer { self.element_end(start) } else { end };
            outer
        });
        found
    }
}
