//! Request targets: percent-decoding, and the parameters of a query. Linear in a target of at most 4 KiB.
//!
//! `+` stays `+`: feed URLs are often pasted as they are, and there it is no space. Raw UTF-8 is taken as it is.

use std::borrow::Cow;

/// `text` percent-decoded, or `None` where that is not UTF-8 or holds a control character. A `%` that no two hexadecimal
/// digits follow stands for itself.
pub fn decode(text: &str) -> Option<Cow<'_, str>> {
    let decoded = if text.contains('%') {
        let mut bytes = Vec::with_capacity(text.len());
        let mut rest = text.as_bytes();
        while let [first, tail @ ..] = rest {
            let (byte, left) = match tail {
                [high, low, left @ ..] if *first == b'%' => match (hex(*high), hex(*low)) {
                    (Some(high), Some(low)) => (high << 4 | low, left),
                    _ => (*first, tail),
                },
                _ => (*first, tail),
            };
            bytes.push(byte);
            rest = left;
        }
        Cow::Owned(String::from_utf8(bytes).ok()?)
    } else {
        Cow::Borrowed(text)
    };
    (!decoded.chars().any(char::is_control)).then_some(decoded)
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

/// The parameters of `query` in order, names decoded, values as they stand. Empty ones (`a=1&&b=2`) are passed over.
pub fn parameters(query: &str) -> impl Iterator<Item = (Cow<'_, str>, &str)> {
    query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        // a name that cannot be decoded is no name we know; it is shown as it was sent
        (decode(name).unwrap_or(Cow::Borrowed(name)), value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn percent_signs_are_decoded_and_plus_is_not_a_space() {
        for (text, expected) in [
            ("voa", Some("voa")),
            ("%E5%8F%B0", Some("台")),
            ("台", Some("台")),
            ("a+b", Some("a+b")),
            ("100%", Some("100%")),
            ("%4", Some("%4")),
            ("%zz%41", Some("%zzA")),
            ("%FF", None),
            ("%00", None),
            ("a%0D%0Ab", None),
        ] {
            assert_eq!(decode(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn parameters_keep_their_order_and_their_equals_signs() {
        let found: Vec<_> = parameters("url=https://a/?b=c&k%65y=1&&x").collect();
        assert_eq!(found, [("url".into(), "https://a/?b=c"), ("key".into(), "1"), ("x".into(), "")]);
    }

    proptest! {
        #[test]
        fn nothing_panics_or_grows(text in "\\PC{0,60}|(%[0-9a-fA-F]{0,2}){0,20}") {
            prop_assert!(decode(&text).is_none_or(|decoded| decoded.len() <= text.len()));
            let _ = parameters(&text).count();
        }
    }
}
