//! The XPath that site recipes are written in, as CSS selectors: [`to_css`].
//!
//! Recipes for full text (FiveFilters' site configs, FreshRSS, feedless) name elements by XPath 1.0. The part that they use
//! has an exact counterpart in CSS; what has none (`text()` in a condition, `..`, `ancestor::`) is an error that names it.
//! Pure, linear in the expression, bounded by [`MAX_SELECTOR`].

use crate::base::limits::{MAX_SELECTOR, MAX_SELECTOR_DEPTH};

/// What an expression selects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    /// The elements, as a CSS selector.
    pub css: String,
    /// Of them, the value of this attribute (`…/@href`); none: the elements themselves.
    pub attribute: Option<String>,
}

/// Why an expression has no counterpart.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct XpathError(String);

/// The selections of `xpath`, one for each side of its `|`.
pub fn to_css(xpath: &str) -> Result<Vec<Selection>, XpathError> {
    if xpath.len() > MAX_SELECTOR {
        return Err(XpathError(format!("the expression has more than {MAX_SELECTOR} bytes")));
    }
    let mut reader = Reader { rest: xpath.trim(), depth: 0 };
    let mut found = Vec::new();
    loop {
        found.push(reader.path()?);
        reader.space();
        if reader.rest.is_empty() {
            return Ok(found);
        }
        if !reader.take("|") {
            return Err(reader.unexpected());
        }
    }
}

struct Reader<'a> {
    rest: &'a str,
    /// Open parentheses around a condition.
    depth: usize,
}

impl<'a> Reader<'a> {
    fn space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn take(&mut self, token: &str) -> bool {
        self.space();
        let found = self.rest.strip_prefix(token);
        self.rest = found.unwrap_or(self.rest);
        found.is_some()
    }

    fn expect(&mut self, token: &str) -> Result<(), XpathError> {
        if self.take(token) { Ok(()) } else { Err(self.unexpected()) }
    }

    fn unexpected(&self) -> XpathError {
        let rest = crate::base::text::excerpt(self.rest, 40);
        XpathError(if rest.is_empty() {
            "the expression ends too early".to_owned()
        } else {
            format!("`{rest}` has no counterpart in CSS")
        })
    }

    fn name(&mut self) -> &'a str {
        self.space();
        let end = self.rest.find(|c: char| !(c.is_alphanumeric() || matches!(c, '-' | '_'))).unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(end);
        self.rest = rest;
        name
    }

    fn string(&mut self) -> Result<&'a str, XpathError> {
        self.space();
        let quote = self.rest.chars().next().filter(|c| matches!(c, '\'' | '"')).ok_or_else(|| self.unexpected())?;
        let (text, rest) = self.rest[1..].split_once(quote).ok_or_else(|| self.unexpected())?;
        self.rest = rest;
        Ok(text)
    }

    fn number(&mut self) -> Option<u32> {
        self.space();
        let end = self.rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(self.rest.len());
        let number = self.rest[..end].parse().ok()?;
        self.rest = &self.rest[end..];
        Some(number)
    }

    /// `//div[@id='a']/p/@title`.
    fn path(&mut self) -> Result<Selection, XpathError> {
        let mut css = String::new();
        if self.take("(") {
            return Err(XpathError("`(…)[n]` has no counterpart in CSS".to_owned()));
        }
        let mut joint = if self.take("//") {
            ""
        } else if self.take("/") {
            ":root-"
        } else {
            let _ = self.take(".//") || self.take("./");
            ""
        };
        loop {
            if self.take("@") {
                let attribute = self.name().to_owned();
                if attribute.is_empty() {
                    return Err(self.unexpected());
                }
                let css = if css.is_empty() { format!("[{attribute}]") } else { css };
                return Ok(Selection { css, attribute: Some(attribute) });
            }
            let axis = self.axis()?;
            if self.take("text()") || self.take("node()") {
                return Ok(Selection { css: if css.is_empty() { "*".to_owned() } else { css }, attribute: None });
            }
            css += axis.unwrap_or(if joint == ":root-" { "" } else { joint });
            self.step(&mut css)?;
            joint = if self.take("//") {
                " "
            } else if self.take("/") {
                " > "
            } else {
                return Ok(Selection { css, attribute: None });
            };
        }
    }

    fn axis(&mut self) -> Result<Option<&'static str>, XpathError> {
        for (axis, css) in [("following-sibling::", Some(" ~ ")), ("descendant::", Some(" ")), ("child::", None)] {
            if self.take(axis) {
                return Ok(css);
            }
        }
        for axis in
            ["..", "parent::", "ancestor::", "ancestor-or-self::", "preceding-sibling::", "preceding::", "following::"]
        {
            self.space();
            if self.rest.starts_with(axis) {
                return Err(XpathError(format!("`{axis}` has no counterpart in CSS")));
            }
        }
        Ok(None)
    }

    /// `div[…][…]`.
    fn step(&mut self, css: &mut String) -> Result<(), XpathError> {
        let start = css.len();
        let named = if self.take("*") {
            false
        } else {
            let name = self.name();
            if name.is_empty() {
                return Err(self.unexpected());
            }
            css.push_str(&name.to_ascii_lowercase());
            true
        };
        while self.take("[") {
            match self.position()? {
                Some(position) if named => css.push_str(&position),
                Some(_) => return Err(XpathError("`*[n]` has no counterpart in CSS".to_owned())),
                None => {
                    let condition = self.either()?;
                    self.expect("]")?;
                    css.push_str(&condition);
                }
            }
        }
        if css.len() == start {
            css.push('*');
        }
        Ok(())
    }

    /// `[2]`, `[last()]`, `[position() <= 3]`: exact where the step names its element.
    fn position(&mut self) -> Result<Option<String>, XpathError> {
        let before = self.rest;
        let found = if let Some(n) = self.number() {
            Some(format!(":nth-of-type({n})"))
        } else if self.take("last()") {
            Some(":last-of-type".to_owned())
        } else if self.take("position()") {
            let operator = ["<=", "<", ">=", ">", "="].into_iter().find(|operator| self.take(operator));
            let n = self.number().ok_or_else(|| self.unexpected())?;
            match operator {
                Some("=") => Some(format!(":nth-of-type({n})")),
                Some("<=") => Some(format!(":nth-of-type(-n+{n})")),
                Some("<") => Some(format!(":nth-of-type(-n+{})", n.saturating_sub(1))),
                Some(">=") => Some(format!(":nth-of-type(n+{n})")),
                Some(">") => Some(format!(":nth-of-type(n+{})", n.saturating_add(1))),
                _ => None,
            }
        } else {
            None
        };
        match found {
            Some(position) if self.take("]") => Ok(Some(position)),
            Some(_) => Err(self.unexpected()),
            None => {
                self.rest = before;
                Ok(None)
            }
        }
    }

    fn either(&mut self) -> Result<String, XpathError> {
        if self.depth > MAX_SELECTOR_DEPTH * 4 {
            return Err(XpathError("the conditions are nested too deep".to_owned()));
        }
        self.depth += 1;
        let sides = self.sides();
        self.depth -= 1;
        sides
    }

    fn sides(&mut self) -> Result<String, XpathError> {
        let mut sides = vec![self.all()?];
        while self.word("or") {
            sides.push(self.all()?);
        }
        Ok(if sides.len() == 1 { sides.remove(0) } else { format!(":is({})", sides.join(", ")) })
    }

    fn all(&mut self) -> Result<String, XpathError> {
        let mut css = self.condition()?;
        while self.word("and") {
            css += &self.condition()?;
        }
        Ok(css)
    }

    fn word(&mut self, word: &str) -> bool {
        self.space();
        let ends = |rest: &str| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '-');
        let found = self.rest.strip_prefix(word).filter(|rest| ends(rest));
        self.rest = found.unwrap_or(self.rest);
        found.is_some()
    }

    fn condition(&mut self) -> Result<String, XpathError> {
        if self.take("not(") {
            let inner = self.either()?;
            self.expect(")")?;
            return Ok(format!(":not({inner})"));
        }
        if self.take("(") {
            let inner = self.either()?;
            self.expect(")")?;
            return Ok(inner);
        }
        if self.take("contains(") {
            return self.contains();
        }
        if self.take("starts-with(") {
            return self.compared("^=");
        }
        if self.take("ends-with(") {
            return self.compared("$=");
        }
        if self.take("@") {
            let name = self.name();
            if name.is_empty() {
                return Err(self.unexpected());
            }
            if self.take("!=") {
                return Ok(format!("[{name}]:not([{name}={}])", quoted(self.string()?)));
            }
            if self.take("=") {
                return Ok(attribute_is(name, self.string()?));
            }
            return Ok(format!("[{name}]"));
        }
        self.inside()
    }

    /// `.//img`, `./a[@rel]`, `p`: an element that holds one.
    fn inside(&mut self) -> Result<String, XpathError> {
        let joint = if self.take(".//") { "" } else { "> " };
        let _ = joint == "> " && self.take("./");
        let rest = self.rest.trim_start();
        if rest.starts_with("text()") || !rest.starts_with(|c: char| c.is_alphabetic() || c == '*') {
            return Err(self.unexpected());
        }
        let Selection { css, attribute } = self.path()?;
        let attribute = attribute.map(|name| format!("[{name}]")).unwrap_or_default();
        Ok(format!(":has({joint}{css}{attribute})"))
    }

    /// After `contains(`: an attribute, the text of all of the element or its own, or the idiom for one word of a list of words.
    fn contains(&mut self) -> Result<String, XpathError> {
        let own = self.take("text()");
        if own || self.take("string(.)") || self.take("normalize-space(.)") || self.dot() {
            self.expect(",")?;
            let text = format!(":contains({})", quoted(self.string()?));
            self.expect(")")?;
            // its own: no element inside has it
            return Ok(if own { format!("{text}:not(:has({text}))") } else { text });
        }
        if !self.take("concat(") {
            return self.compared("*=");
        }
        let lead = self.string()?;
        self.expect(",")?;
        let normalized = self.take("normalize-space(");
        self.expect("@")?;
        let name = self.name();
        if normalized {
            self.expect(")")?;
        }
        self.expect(",")?;
        let tail = self.string()?;
        self.expect(")")?;
        self.expect(",")?;
        let word = self.string()?;
        self.expect(")")?;
        match word.strip_prefix(' ').and_then(|word| word.strip_suffix(' ')) {
            Some(word) if lead == " " && tail == " " && !word.contains(' ') => {
                Ok(format!("[{name}~={}]", quoted(word)))
            }
            _ => Err(XpathError("`concat` has a counterpart in CSS only where it looks for one word".to_owned())),
        }
    }

    /// `.`, where no path goes on from there.
    fn dot(&mut self) -> bool {
        let is_all = self.rest.trim_start().strip_prefix('.').is_some_and(|rest| rest.trim_start().starts_with(','));
        is_all && self.take(".")
    }

    /// `@name, 'value')` under a comparison of CSS.
    fn compared(&mut self, operator: &str) -> Result<String, XpathError> {
        if !self.take("@") {
            return Err(self.unexpected());
        }
        let name = self.name();
        self.expect(",")?;
        let value = self.string()?;
        self.expect(")")?;
        Ok(format!("[{name}{operator}{}]", quoted(value)))
    }
}

fn attribute_is(name: &str, value: &str) -> String {
    let plain = !value.is_empty()
        && value.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
        && value.starts_with(|c: char| c.is_ascii_alphabetic());
    if name == "id" && plain { format!("#{value}") } else { format!("[{name}={}]", quoted(value)) }
}

/// A CSS string.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => out.push_str(&format!("\\{:x} ", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn css(xpath: &str) -> String {
        let show = |found: Selection| match found.attribute {
            Some(attribute) => format!("{} @{attribute}", found.css),
            None => found.css,
        };
        to_css(xpath).unwrap().into_iter().map(show).collect::<Vec<_>>().join(" | ")
    }

    #[test]
    fn what_recipes_use_has_its_counterpart() {
        for (xpath, expected) in [
            ("//div[@id = 'content']", "div#content"),
            ("//div[@class='a b']", "div[class=\"a b\"]"),
            ("//*[@id='x']//p", "#x p"),
            ("//div/p/span", "div > p > span"),
            ("/html/body//article", "html > body article"),
            ("//div[contains(@class, 'post')]", "div[class*=\"post\"]"),
            ("//div[contains(concat(' ',normalize-space(@class),' '),' post ')]", "div[class~=\"post\"]"),
            ("//a[starts-with(@href,'http')]/@href", "a[href^=\"http\"] @href"),
            ("//meta[@property='og:image']/@content", "meta[property=\"og:image\"] @content"),
            ("//ul/li[2]", "ul > li:nth-of-type(2)"),
            ("//p[last()] | //h1", "p:last-of-type | h1"),
            ("//p[position()<=3]", "p:nth-of-type(-n+3)"),
            ("//div[@a and not(@b)]", "div[a]:not([b])"),
            ("//div[@a='1' or contains(@b,'2')]", "div:is([a=\"1\"], [b*=\"2\"])"),
            ("//H1[@itemprop=\"headline\"]", "h1[itemprop=\"headline\"]"),
            ("//a[@rel!='x']", "a[rel]:not([rel=\"x\"])"),
            ("//span[@id='1\"2']", "span[id=\"1\\\"2\"]"),
            ("//h2/following-sibling::p", "h2 ~ p"),
            ("//p/text()", "p"),
            ("//a[contains(., 'Next page')]", "a:contains(\"Next page\")"),
            ("//a[contains(text(), 'Next')]/@href", "a:contains(\"Next\"):not(:has(:contains(\"Next\"))) @href"),
            ("//p[contains(normalize-space(.), \"it's\")]", "p:contains(\"it's\")"),
            ("//div[.//img]", "div:has(img)"),
            ("//div[./a[@rel='x'] and @id='y']/p", "div:has(> a[rel=\"x\"])#y > p"),
            ("//li[not(a/@href)]", "li:not(:has(> a[href]))"),
            ("//*", "*"),
            ("//@title", "[title] @title"),
        ] {
            assert_eq!(css(xpath), expected, "{xpath}");
        }
    }

    #[test]
    fn what_has_none_is_named() {
        for (xpath, named) in [
            ("//a[text()='next']", "text()"),
            ("//a/..", ".."),
            ("//a/ancestor::div", "ancestor::"),
            ("(//a)[1]", "(…)[n]"),
            ("//div[", "ends too early"),
            ("//div[@id='x", "'x"),
            ("", "ends too early"),
            ("//a[contains(.//b, 'x')]", ".//b"),
            ("//a[string-length(.) > 3]", "(.) > 3"),
            ("//a[count(b) = 1]", "(b) = 1"),
            ("//*[1]", "*[n]"),
            (format!("//a[{}@b", "(".repeat(4000)).as_str(), "too deep"),
            (format!("//a[{}@b", "not(".repeat(1000)).as_str(), "too deep"),
        ] {
            let error = to_css(xpath).unwrap_err().to_string();
            assert!(error.contains(named), "{xpath}: {error}");
        }
    }

    proptest::proptest! {
        #[test]
        fn nothing_panics(xpath in "[/@a-z\\[\\]()'\"=, .*|:0-9-]{0,60}", any in "\\PC{0,40}") {
            let _ = to_css(&xpath);
            let _ = to_css(&any);
        }
    }
}
