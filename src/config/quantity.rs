//! Durations and sizes as people write them: `90s`, `1h30m`, `7d`, `500ms`; `512 KiB`, `1 GiB`, `10 MB`, `1000 B`.
//!
//! Each function is a parser from text with an error that says what to write; overflow is an error.

use std::time::Duration;

/// The units of a duration with their milliseconds, long to short, as they must follow each other.
const TIMES: [(&str, u64); 7] = [
    ("y", 365 * 86_400_000),
    ("w", 7 * 86_400_000),
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1000),
    ("ms", 1),
];

/// The units of a size with their bytes.
const SIZES: [(&str, u64); 9] = [
    ("B", 1),
    ("kB", 1000),
    ("KiB", 1 << 10),
    ("MB", 1_000_000),
    ("MiB", 1 << 20),
    ("GB", 1_000_000_000),
    ("GiB", 1 << 30),
    ("TB", 1_000_000_000_000),
    ("TiB", 1 << 40),
];

/// A duration: whole numbers with the units `y w d h m s ms` (a year has 365 days), long before short, each once; spaces are allowed.
/// `0s` is a duration, a bare `0` is not.
pub fn duration(text: &str) -> Result<Duration, String> {
    let wrong = |why: String| format!("{why}\nwrite a duration as `90s`, `1h30m`, `7d` or `500ms`");
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err(wrong("an empty duration".to_owned()));
    }
    let (mut total, mut next) = (0u64, 0);
    while !rest.is_empty() {
        let (number, after) = number(rest).ok_or_else(|| wrong(format!("`{rest}` does not begin with a number")))?;
        let after = after.trim_start();
        let end = after.find(|c: char| !c.is_alphabetic()).unwrap_or(after.len());
        let (unit, after) = after.split_at(end);
        let at = TIMES
            .iter()
            .position(|(name, _)| *name == unit)
            .ok_or_else(|| wrong(if unit.is_empty() { no_unit(number) } else { format!("unknown unit `{unit}`") }))?;
        if at < next {
            return Err(wrong(format!("the unit `{unit}` stands twice or after a shorter one")));
        }
        next = at + 1;
        total = number
            .checked_mul(TIMES[at].1)
            .and_then(|part| total.checked_add(part))
            .ok_or_else(|| wrong("a duration too long to count".to_owned()))?;
        rest = after.trim_start();
    }
    Ok(Duration::from_millis(total))
}

/// A size in bytes: a whole number and a unit, decimal (`kB`) or binary (`KiB`); upper and lower case alike.
pub fn size(text: &str) -> Result<usize, String> {
    let wrong = |why: String| format!("{why}\nwrite a size as `512 KiB`, `1 GiB`, `10 MB` or `1000 B`");
    let text = text.trim();
    let (number, unit) = number(text).ok_or_else(|| wrong(format!("`{text}` does not begin with a number")))?;
    let unit = unit.trim();
    let (_, factor) = SIZES
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(unit))
        .ok_or_else(|| wrong(if unit.is_empty() { no_unit(number) } else { format!("unknown unit `{unit}`") }))?;
    number
        .checked_mul(*factor)
        .and_then(|bytes| usize::try_from(bytes).ok())
        .ok_or_else(|| wrong("a size too large to count".to_owned()))
}

/// A duration in the shape that [`duration`] reads.
pub fn human_duration(duration: Duration) -> String {
    let mut rest = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let mut out = String::new();
    for (unit, length) in TIMES {
        if rest >= length {
            out.push_str(&format!("{}{unit}", rest / length));
            rest %= length;
        }
    }
    if out.is_empty() { "0s".to_owned() } else { out }
}

fn no_unit(number: u64) -> String {
    format!("`{number}` has no unit")
}

/// The leading digits and what follows them.
fn number(text: &str) -> Option<(u64, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    Some((digits.parse().ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_written() {
        for (text, millis) in [
            ("90s", 90_000),
            ("1h30m", 5_400_000),
            ("7d", 604_800_000),
            ("500ms", 500),
            ("0s", 0),
            ("1m 5s", 65_000),
            ("1 h 30 m", 5_400_000),
            (" 2w ", 1_209_600_000),
        ] {
            assert_eq!(duration(text), Ok(Duration::from_millis(millis)), "{text}");
        }
    }

    #[test]
    fn what_is_no_duration_is_refused_with_advice() {
        for text in ["", " ", "0", "30", "s", "5 minutes", "1.5h", "-1s", "1s1h", "1s1s", "99999999999999999w", "1h-"] {
            let error = duration(text).unwrap_err();
            assert!(error.contains("write a duration as"), "{text}: {error}");
        }
    }

    #[test]
    fn sizes_are_decimal_or_binary() {
        for (text, bytes) in
            [("512 KiB", 524_288), ("1 GiB", 1 << 30), ("1000 B", 1000), ("10 MB", 10_000_000), ("3kib", 3072)]
        {
            assert_eq!(size(text), Ok(bytes), "{text}");
        }
        for text in ["", "12", "KiB", "1 k", "1.5 MiB", "-1 B", "99999999999 TiB", "1 B B"] {
            assert!(size(text).unwrap_err().contains("write a size as"), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn what_is_printed_is_read_back(millis in 0u64..4_000_000_000_000) {
            let time = Duration::from_millis(millis);
            proptest::prop_assert_eq!(duration(&human_duration(time)), Ok(time));
        }

        #[test]
        fn no_text_makes_the_parsers_panic(text in "\\PC{0,40}") {
            let _ = (duration(&text), size(&text));
        }
    }
}
