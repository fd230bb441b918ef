//! The grammar of selectors (Selectors Level 4 §3–14, CSS Syntax §4.3 for names, strings and escapes), by hand: the
//! result is bounded by [`MAX_SELECTOR`] bytes of text and [`MAX_SELECTOR_DEPTH`] nested lists.

use std::borrow::Cow;

use super::{Combinator, Complex, Compound, Operator, SelectorError, Test, Value};
use crate::base::limits::{MAX_SELECTOR, MAX_SELECTOR_DEPTH};
use crate::html::elements::name_key;

type Parsed<T> = Result<T, SelectorError>;

pub(super) fn list(text: &str) -> Parsed<Vec<Complex>> {
    if text.len() > MAX_SELECTOR {
        let message = format!("a selector of {} bytes; at most {MAX_SELECTOR} are allowed", text.len());
        return Err(SelectorError {
            at: 0,
            message: message.into(),
            help: Some("write a list of shorter ones".into()),
        });
    }
    let mut parser = Parser { text, at: 0, depth: 0 };
    let list = parser.list(Where::Top)?;
    match parser.peek() {
        None => Ok(list),
        Some(found) => parser.fail(format!("`{found}` has no place here")),
    }
}

/// Where a list stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Where {
    Top,
    /// In `:is()` or `:not()`.
    Inside,
    /// In `:has()`: a combinator may come first.
    Relative,
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn eat(&mut self, mark: char) -> bool {
        let found = self.peek() == Some(mark);
        self.at += if found { mark.len_utf8() } else { 0 };
        found
    }

    fn skip_space(&mut self) -> bool {
        let rest = self.rest();
        let space = rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r', '\x0C']).len();
        self.at += space;
        space > 0
    }

    fn fail<T>(&self, message: impl Into<Cow<'static, str>>) -> Parsed<T> {
        Err(SelectorError { at: self.at, message: message.into(), help: None })
    }

    fn advise<T>(&self, message: impl Into<Cow<'static, str>>, help: impl Into<Cow<'static, str>>) -> Parsed<T> {
        Err(SelectorError { at: self.at, message: message.into(), help: Some(help.into()) })
    }

    fn list(&mut self, place: Where) -> Parsed<Vec<Complex>> {
        let mut list = Vec::new();
        loop {
            self.skip_space();
            list.push(self.complex(place)?);
            if !self.eat(',') {
                return Ok(list);
            }
        }
    }

    fn complex(&mut self, place: Where) -> Parsed<Complex> {
        let mut parts = Vec::new();
        let mut combinator = match (self.combinator(), place) {
            (None, _) => Combinator::Descendant,
            (Some(found), Where::Relative) => found,
            (Some(_), _) => return self.fail("a selector cannot begin with a combinator"),
        };
        loop {
            self.skip_space();
            parts.push((combinator, self.compound()?));
            let space = self.skip_space();
            combinator = match self.combinator() {
                Some(found) => found,
                None if space && !matches!(self.peek(), None | Some(',' | ')')) => Combinator::Descendant,
                None => return Ok(Complex(parts)),
            };
        }
    }

    fn combinator(&mut self) -> Option<Combinator> {
        let found = match self.peek()? {
            '>' => Combinator::Child,
            '+' => Combinator::Next,
            '~' => Combinator::Later,
            _ => return None,
        };
        self.at += 1;
        Some(found)
    }

    fn compound(&mut self) -> Parsed<Compound> {
        let mut compound = Compound::default();
        let start = self.at;
        if !self.eat('*') && self.begins_name() {
            compound.name = Some(name_key(&self.name()?));
        }
        if self.peek() == Some('|') {
            return self.advise("namespaces are not known here", "write the element's name alone");
        }
        loop {
            let test = match self.peek() {
                Some('#') => {
                    self.at += 1;
                    Test::Id(self.name()?)
                }
                Some('.') => {
                    self.at += 1;
                    Test::Class(self.name()?)
                }
                Some('[') => self.attribute()?,
                Some(':') => self.pseudo_class(&mut compound)?,
                None if self.at == start => return self.fail("a selector is missing here"),
                Some(found) if self.at == start => return self.fail(format!("expected a selector, found `{found}`")),
                _ => return Ok(compound),
            };
            compound.tests.push(test);
        }
    }

    fn attribute(&mut self) -> Parsed<Test> {
        self.at += 1;
        self.skip_space();
        let name = self.name()?;
        self.skip_space();
        let op = match self.peek() {
            Some(']') => {
                self.at += 1;
                return Ok(Test::Attribute { name, test: Value::Present });
            }
            Some('=') => Operator::Equals,
            Some('!') => Operator::Differs,
            Some('~') => Operator::Word,
            Some('|') => Operator::Language,
            Some('^') => Operator::Begins,
            Some('$') => Operator::Ends,
            Some('*') => Operator::Contains,
            Some('#') => {
                return self.advise("`#=` (a regular expression) is not known here", "write `*=`, `^=` or `$=`");
            }
            _ => return self.fail("expected `=`, `^=`, `$=`, `*=`, `~=`, `|=` or `]`"),
        };
        self.at += usize::from(op != Operator::Equals);
        if !self.eat('=') {
            return self.fail("expected `=`");
        }
        self.skip_space();
        let to = self.value()?;
        self.skip_space();
        let fold = match self.peek() {
            Some('i' | 'I') => true,
            Some('s' | 'S') => false,
            _ => {
                return self
                    .closed(']')
                    .map(|()| Test::Attribute { name, test: Value::Compared { op, to, fold: false } });
            }
        };
        self.at += 1;
        self.skip_space();
        self.closed(']').map(|()| Test::Attribute { name, test: Value::Compared { op, to, fold } })
    }

    fn closed(&mut self, mark: char) -> Parsed<()> {
        if self.eat(mark) { Ok(()) } else { self.fail(format!("expected `{mark}`")) }
    }

    /// A name or a string.
    fn value(&mut self) -> Parsed<String> {
        match self.peek() {
            Some(quote @ ('"' | '\'')) => self.string(quote),
            // `[width=1]` is no CSS, but what people write.
            Some(digit) if digit.is_ascii_digit() => {
                let rest = self.rest();
                let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_alphanumeric()).len();
                self.at += digits;
                Ok(rest.get(..digits).unwrap_or_default().to_owned())
            }
            _ => self.name(),
        }
    }

    fn string(&mut self, quote: char) -> Parsed<String> {
        let start = self.at;
        self.at += 1;
        let mut out = String::new();
        while let Some(c) = self.peek() {
            match c {
                '\\' => self.escape(&mut out)?,
                _ => {
                    self.at += c.len_utf8();
                    if c == quote {
                        return Ok(out);
                    }
                    out.push(c);
                }
            }
        }
        self.at = start;
        self.fail("this string is not closed")
    }

    fn begins_name(&self) -> bool {
        let mut chars = self.rest().chars();
        match chars.next() {
            Some('-') => chars.next().is_some_and(|c| c == '-' || c == '\\' || is_name_start(c)),
            Some(c) => c == '\\' || is_name_start(c),
            None => false,
        }
    }

    fn name(&mut self) -> Parsed<String> {
        if !self.begins_name() {
            return match self.peek() {
                Some(digit) if digit.is_ascii_digit() => self.advise(
                    "a name cannot begin with a digit",
                    format!("write `\\3{digit} ` for it, or `[class~=\"…\"]`"),
                ),
                Some(found) => self.fail(format!("expected a name, found `{found}`")),
                None => self.fail("expected a name"),
            };
        }
        let mut out = String::new();
        while let Some(c) = self.peek() {
            match c {
                '\\' => self.escape(&mut out)?,
                _ if is_name_start(c) || c.is_ascii_digit() || c == '-' => {
                    self.at += c.len_utf8();
                    out.push(c);
                }
                _ => break,
            }
        }
        Ok(out)
    }

    /// A `\` and what it stands before: up to six hexadecimal digits and one space, or a character.
    fn escape(&mut self, out: &mut String) -> Parsed<()> {
        self.at += 1;
        let rest = self.rest();
        let digits = rest.bytes().take(6).take_while(u8::is_ascii_hexdigit).count();
        if digits > 0 {
            let number = u32::from_str_radix(rest.get(..digits).unwrap_or_default(), 16).unwrap_or(0);
            out.push(char::from_u32(number).filter(|c| *c != '\0').unwrap_or(char::REPLACEMENT_CHARACTER));
            self.at += digits;
            let _ = self.eat(' ');
            return Ok(());
        }
        let Some(c) = self.peek() else { return self.fail("a `\\` needs a character after it") };
        self.at += c.len_utf8();
        out.push(c);
        Ok(())
    }

    fn pseudo_class(&mut self, compound: &mut Compound) -> Parsed<Test> {
        let start = self.at;
        self.at += 1;
        if self.peek() == Some(':') {
            self.at = start;
            return self.advise("a pseudo-element is no element", "name the element itself");
        }
        let name = self.name()?.to_ascii_lowercase();
        let nth = |offset, of_type, from_end| Test::Nth { step: 0, offset, of_type, from_end };
        let takes_argument = self.eat('(');
        let test = match (name.as_str(), takes_argument) {
            ("first-child", false) => nth(1, false, false),
            ("last-child", false) => nth(1, false, true),
            ("first-of-type", false) => nth(1, true, false),
            ("last-of-type", false) => nth(1, true, true),
            ("only-child", false) => {
                compound.tests.push(nth(1, false, false));
                nth(1, false, true)
            }
            ("only-of-type", false) => {
                compound.tests.push(nth(1, true, false));
                nth(1, true, true)
            }
            ("root", false) => Test::Root,
            ("empty", false) => Test::Empty,
            ("is" | "where" | "matches" | "any", true) => Test::Is(self.nested(Where::Inside)?),
            ("not", true) => Test::Not(self.nested(Where::Inside)?),
            ("has", true) => Test::Has(self.nested(Where::Relative)?),
            ("nth-child", true) => self.nth(false, false)?,
            ("nth-last-child", true) => self.nth(false, true)?,
            ("nth-of-type", true) => self.nth(true, false)?,
            ("nth-last-of-type", true) => self.nth(true, true)?,
            ("contains" | "icontains", true) => {
                self.skip_space();
                let text = match self.peek() {
                    Some('"' | '\'') => self.value()?,
                    _ => self.bare_text(),
                };
                self.skip_space();
                if text.is_empty() {
                    return self.fail("an empty text is in every element");
                }
                Test::Contains(text)
            }
            (known, false) if matches!(known, "is" | "not" | "has" | "nth-child" | "contains") => {
                return self.fail(format!("`:{known}` needs something in parentheses"));
            }
            _ => {
                self.at = start;
                return self.advise(
                    format!("unknown pseudo-class `:{name}`"),
                    "known are :is :not :has :contains :first-child :last-child :only-child :nth-child :nth-last-child and \
                     the same with of-type, :empty and :root",
                );
            }
        };
        if takes_argument {
            self.closed(')')?;
        }
        Ok(test)
    }

    /// The argument of `:contains(…)` without quotes, as jQuery reads it.
    fn bare_text(&mut self) -> String {
        let rest = self.rest();
        let text = rest.get(..rest.find(')').unwrap_or(rest.len())).unwrap_or_default();
        self.at += text.len();
        text.trim_end().to_owned()
    }

    fn nested(&mut self, place: Where) -> Parsed<Vec<Complex>> {
        if self.depth == MAX_SELECTOR_DEPTH {
            return self.fail(format!("more than {MAX_SELECTOR_DEPTH} selectors inside each other"));
        }
        self.depth += 1;
        let list = self.list(place)?;
        self.skip_space();
        self.depth -= 1;
        Ok(list)
    }

    /// `odd`, `even`, `3`, `2n`, `-n+3`, `2n + 1`.
    fn nth(&mut self, of_type: bool, from_end: bool) -> Parsed<Test> {
        let rest = self.rest();
        let written = rest.get(..rest.find(')').unwrap_or(rest.len())).unwrap_or_default();
        let text: String =
            written.chars().filter(|c| !c.is_ascii_whitespace()).collect::<String>().to_ascii_lowercase();
        let number = |text: &str| text.strip_prefix('+').unwrap_or(text).parse::<i32>().ok();
        let parsed = match (text.as_str(), text.split_once('n')) {
            ("odd", _) => Some((2, 1)),
            ("even", _) => Some((2, 0)),
            (_, Some((step, offset))) => {
                let step = match step {
                    "" | "+" => Some(1),
                    "-" => Some(-1),
                    step => number(step),
                };
                step.zip(if offset.is_empty() { Some(0) } else { number(offset) })
            }
            (offset, None) => number(offset).map(|offset| (0, offset)),
        };
        let Some((step, offset)) = parsed else {
            return self.advise(format!("`{}` counts nothing", written.trim()), "write `odd`, `even`, `3` or `2n+1`");
        };
        self.at += written.len();
        Ok(Test::Nth { step, offset, of_type, from_end })
    }
}

fn is_name_start(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_' || !c.is_ascii()
}
