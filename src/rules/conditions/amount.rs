//! Bounds of a number as a user writes them: `"> 100"`, `">= 100"`, `"< 50"`, `"<= 50"`, `"= 3"`, `"10-20"` (both count).

/// The numbers that are meant; where the first is above the last, all but those between (`22-6` of the hours).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Amount {
    first: u64,
    last: u64,
}

impl Amount {
    /// Reads one; the second line of an error is the help.
    pub fn parse(text: &str) -> Result<Amount, String> {
        let wrong = || format!("`{text}` is no bound of a number\nwrite `> 100`, `<= 50`, `= 3` or `10-20`");
        let number = |text: &str| text.trim().parse::<u64>().map_err(|_| wrong());
        let text = text.trim();
        if let Some((first, last)) = text.split_once('-') {
            return Ok(Amount { first: number(first)?, last: number(last)? });
        }
        let (sign, rest) = text.split_at(text.find(|c: char| !"<>=".contains(c)).unwrap_or(text.len()));
        let bound = number(rest)?;
        let (first, last) = match sign {
            ">" => (bound.saturating_add(1), u64::MAX),
            ">=" => (bound, u64::MAX),
            "<" => (0, bound.checked_sub(1).ok_or_else(wrong)?),
            "<=" => (0, bound),
            "=" | "==" | "" => (bound, bound),
            _ => return Err(wrong()),
        };
        Ok(Amount { first, last })
    }

    /// True for a number that is meant.
    pub fn holds(self, number: u64) -> bool {
        if self.first <= self.last {
            (self.first..=self.last).contains(&number)
        } else {
            number >= self.first || number <= self.last
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_read_as_written() {
        for (text, yes, no) in [
            ("> 100", 101, 100),
            (">=100", 100, 99),
            ("< 50", 49, 50),
            ("<= 50", 50, 51),
            ("= 3", 3, 4),
            ("3", 3, 2),
            ("10-20", 20, 21),
            ("22-6", 23, 12),
            ("22 - 6", 0, 7),
        ] {
            let amount = Amount::parse(text).unwrap();
            assert!(amount.holds(yes) && !amount.holds(no), "{text}");
        }
        for text in ["", ">", "many", "> -1", "=> 3", "1-2-3", "< 0", "99999999999999999999"] {
            assert!(Amount::parse(text).is_err(), "{text}");
        }
    }
}
