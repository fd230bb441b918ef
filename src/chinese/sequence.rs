//! Ideographic description sequences, as OpenCC delimits them: ⿰木目 describes one character and is never converted.
//!
//! Bounded at 16 levels and 64 characters, so that a text of operators takes linear time.

/// Deepest nesting of operators that OpenCC follows.
const MAX_LEVELS: usize = 16;
/// Most characters of one sequence that OpenCC follows.
const MAX_CHARACTERS: usize = 64;

/// How many operands an operator takes; 0 for any other character, and for U+31EF, which OpenCC does not know.
pub(super) fn operands(c: char) -> usize {
    match c {
        '\u{2FFE}' | '\u{2FFF}' => 1,
        '\u{2FF2}' | '\u{2FF3}' => 3,
        '\u{2FF0}'..='\u{2FFD}' => 2,
        _ => 0,
    }
}

/// The length in bytes of the sequence that begins `text` with an operator; none if it is incomplete or over a bound.
pub(super) fn complete(text: &str) -> Option<usize> {
    // Operands still missing at each open level.
    let mut missing = [0_usize; MAX_LEVELS];
    let mut level = 0;
    for (count, (at, c)) in text.char_indices().enumerate() {
        if count >= MAX_CHARACTERS || level >= MAX_LEVELS {
            return None;
        }
        let wanted = operands(c);
        if wanted > 0 {
            *missing.get_mut(level)? = wanted;
            level += 1;
            continue;
        }
        loop {
            let Some(open) = level.checked_sub(1) else { return Some(at + c.len_utf8()) };
            let left = missing.get_mut(open)?;
            *left -= 1;
            if *left > 0 {
                break;
            }
            level = open;
        }
        if level == 0 {
            return Some(at + c.len_utf8());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_complete_sequences_have_a_length() {
        assert_eq!(complete("⿰木目林"), Some(9));
        assert_eq!(complete("⿱⿰木目心林"), Some(15));
        assert_eq!(complete("⿲彳氵亍"), Some(12));
        assert_eq!(complete("⿾木"), Some(6));
        assert_eq!(complete("⿰木"), None);
        assert_eq!(complete("⿱⿰木目"), None);
        assert_eq!(complete(&format!("{}木", "⿾".repeat(15))), Some(48));
        assert_eq!(complete(&format!("{}木", "⿾".repeat(16))), None);
    }
}
