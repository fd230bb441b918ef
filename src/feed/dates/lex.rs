//! A date's text as tokens: numbers in any decimal digits or Chinese numerals, words, marks, and the words of Chinese,
//! Japanese and Korean, which stand without spaces. What is in parentheses or brackets is a comment.

use super::words::{self, Part};
use crate::base::limits::MAX_DATE_TOKENS;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind<'a> {
    Number {
        value: u64,
        digits: u8,
    },
    /// Letters.
    Word(&'a str),
    /// A word of Chinese, Japanese or Korean.
    Part(Part),
    Mark(char),
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Token<'a> {
    pub(super) kind: Kind<'a>,
    pub(super) start: usize,
    pub(super) end: usize,
    /// What stands before it: a mark, a space, or NUL where it touches the token before.
    pub(super) before: char,
    /// The token before is the `T` between date and time.
    pub(super) after_t: bool,
}

/// Up to [`MAX_DATE_TOKENS`] tokens.
pub(super) struct Tokens<'a> {
    tokens: [Option<Token<'a>>; MAX_DATE_TOKENS],
    len: usize,
}

impl<'a> Tokens<'a> {
    pub(super) fn get(&self, at: usize) -> Option<Token<'a>> {
        *self.tokens.get(at)?
    }

    fn push(&mut self, token: Token<'a>) -> Option<()> {
        *self.tokens.get_mut(self.len)? = Some(token);
        self.len += 1;
        Some(())
    }
}

/// The tokens of `text`; `None` where there are too many, or a character that no date has.
pub(super) fn tokens(text: &str) -> Option<Tokens<'_>> {
    let mut tokens = Tokens { tokens: [None; MAX_DATE_TOKENS], len: 0 };
    let (mut at, mut before, mut after_t) = (0, ' ', false);
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        if c.is_whitespace() {
            before = ' ';
            at += c.len_utf8();
            continue;
        }
        if let Some(close) = closing(c) {
            at += rest.find(close).map_or(c.len_utf8(), |end| end + close.len_utf8());
            before = ' ';
            continue;
        }
        let (kind, len) = token(rest, c)?;
        if let Kind::Word("T" | "t") = kind {
            (after_t, before) = (true, '\0');
        } else {
            tokens.push(Token { kind, start: at, end: at + len, before, after_t })?;
            before = if let Kind::Mark(mark) = kind { mark } else { '\0' };
            after_t = false;
        }
        at += len;
    }
    Some(tokens)
}

fn closing(open: char) -> Option<char> {
    match open {
        '(' => Some(')'),
        '（' => Some('）'),
        '[' => Some(']'),
        '【' => Some('】'),
        '<' => Some('>'),
        _ => None,
    }
}

/// The token that starts `rest`, whose first character is `c`, and its length.
fn token(rest: &str, c: char) -> Option<(Kind<'_>, usize)> {
    if digit(c).is_some() {
        return Some(number(rest));
    }
    if let Some((part, len)) = words::part(rest) {
        return Some((Kind::Part(part), len));
    }
    if let Some((value, digits, len)) = chinese_number(rest) {
        return Some((Kind::Number { value, digits }, len));
    }
    // `a.m.`, in whatever case
    if rest.len() >= 3 && rest.as_bytes()[1] == b'.' && matches!(rest.as_bytes()[2], b'm' | b'M') {
        match c {
            'a' | 'A' => return Some((Kind::Word("am"), 3)),
            'p' | 'P' => return Some((Kind::Word("pm"), 3)),
            _ => {}
        }
    }
    if c.is_alphabetic() {
        let letter = |c: char| (c.is_alphabetic() || matches!(c, '_' | '\u{300}'..='\u{36F}')) && words::part_char(c);
        let mut len = rest.find(|c| !letter(c)).unwrap_or(rest.len()).max(c.len_utf8());
        // `America/Los_Angeles`
        while let Some(more) =
            rest[len..].strip_prefix('/').filter(|more| more.starts_with(|c: char| c.is_ascii_alphabetic()))
        {
            len += 1 + more.find(|c| !letter(c)).unwrap_or(more.len());
        }
        return Some((Kind::Word(&rest[..len]), len));
    }
    let known = ",./-–—−+:：;'’\"|·•@、，。º°ª～~";
    known.contains(c).then_some((Kind::Mark(if matches!(c, '–' | '—') { '~' } else { c }), c.len_utf8()))
}

/// Decimal digits of ASCII, full width, Arabic, Persian and Devanagari.
fn digit(c: char) -> Option<u64> {
    let zero = match c {
        '0'..='9' => '0',
        '０'..='９' => '０',
        '٠'..='٩' => '٠',
        '۰'..='۹' => '۰',
        '०'..='९' => '०',
        _ => return None,
    };
    Some(u64::from(u32::from(c) - u32::from(zero)))
}

fn number(rest: &str) -> (Kind<'_>, usize) {
    let (mut value, mut digits, mut len) = (0_u64, 0_u8, 0);
    for c in rest.chars() {
        let Some(digit) = digit(c) else { break };
        value = value.saturating_mul(10).saturating_add(digit);
        digits = digits.saturating_add(1);
        len += c.len_utf8();
    }
    (Kind::Number { value, digits }, len)
}

/// `二〇二四` digit by digit, `十二`, `二十一`, `廿三` by their tens.
fn chinese_number(rest: &str) -> Option<(u64, u8, usize)> {
    let (mut value, mut count, mut len) = (0_u64, 0_u8, 0);
    let mut tens = false;
    for c in rest.chars() {
        let digit = "〇一二三四五六七八九".chars().position(|known| known == c);
        let digit = digit.or(matches!(c, '零' | '○').then_some(0)).or((c == '元').then_some(1));
        match (digit, c) {
            (Some(digit), _) => {
                let digit = u64::try_from(digit).ok()?;
                value = if tens { value + digit } else { value.saturating_mul(10).saturating_add(digit) };
            }
            (None, '十') if !tens => {
                value = if count == 0 { 10 } else { value.saturating_mul(10) };
                tens = true;
            }
            (None, '廿' | '卅') if count == 0 => {
                value = if c == '廿' { 20 } else { 30 };
                tens = true;
            }
            _ => break,
        }
        count = count.saturating_add(1);
        len += c.len_utf8();
    }
    (count > 0).then_some((value, if tens { 2 } else { count }, len))
}
