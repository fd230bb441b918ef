//! What edits made of a fragment's tokens and of the gaps around them, by token.
//!
//! Finding one takes constant time. Nothing is allocated before the first edit; then four bytes for each token.
//! Called by the edits of a fragment and by what writes it.

/// What edits made of a token and of the gaps around it, in markup.
#[derive(Clone, Debug, Default)]
pub(super) struct Override {
    /// The token's new spelling.
    pub(super) now: Option<String>,
    pub(super) before: String,
    pub(super) after: String,
}

/// The overrides of a fragment.
#[derive(Clone, Debug, Default)]
pub(super) struct Overrides {
    /// How many tokens there are.
    tokens: usize,
    /// For each token the place of its override, counted from 1; 0 where it has none. Empty before the first edit.
    places: Vec<u32>,
    /// In the order in which they were made.
    all: Vec<Override>,
}

impl Overrides {
    /// None yet, of so many tokens.
    pub(super) fn of(tokens: usize) -> Overrides {
        Overrides { tokens, ..Overrides::default() }
    }

    /// That of token `id`.
    pub(super) fn get(&self, id: usize) -> Option<&Override> {
        self.at(*self.places.get(id)?)
    }

    fn at(&self, place: u32) -> Option<&Override> {
        self.all.get((place as usize).checked_sub(1)?)
    }

    /// That of token `id`, an empty one where it had none.
    pub(super) fn entry(&mut self, id: usize) -> &mut Override {
        if id >= self.places.len() {
            self.places.resize(self.tokens.max(id + 1), 0);
        }
        if self.places[id] == 0 {
            if self.all.is_empty() {
                self.all.reserve(self.tokens.min(16));
            }
            self.all.push(Override::default());
            self.places[id] = self.all.len() as u32;
        }
        &mut self.all[self.places[id] as usize - 1]
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// All, by ascending token.
    pub(super) fn iter(&self) -> impl Iterator<Item = (usize, &Override)> {
        self.places.iter().enumerate().filter_map(|(id, place)| Some((id, self.at(*place)?)))
    }

    /// True where something was written into a gap.
    pub(super) fn has_insertions(&self) -> bool {
        self.all.iter().any(Override::has_insertions)
    }
}

impl Override {
    /// True where something was written before or after the token.
    pub(super) fn has_insertions(&self) -> bool {
        !self.before.is_empty() || !self.after.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overrides_are_found_by_token_and_listed_in_order() {
        let mut overrides = Overrides::default();
        for id in [7, 2, 5, 2] {
            overrides.entry(id).before.push('x');
        }
        let all: Vec<_> = overrides.iter().map(|(id, entry)| (id, entry.before.len())).collect();
        assert_eq!(all, [(2, 2), (5, 1), (7, 1)]);
        assert_eq!(overrides.get(5).map(|entry| entry.before.as_str()), Some("x"));
        assert!(overrides.get(6).is_none() && overrides.get(8).is_none());
        assert!(overrides.has_insertions());
    }
}
