//! stub
use std::borrow::Cow;
use std::ops::Range;
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Syntax {
    Html,
    Xhtml,
}
#[derive(Debug)]
pub struct Fragment {
    s: String,
}
pub struct Edit {
    pub range: Range<usize>,
    pub with: String,
}
impl Fragment {
    pub fn parse(s: String, _: Syntax) -> Fragment {
        Fragment { s }
    }
    pub fn is_edited(&self) -> bool {
        false
    }
    pub fn render(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.s)
    }
    pub fn edits(&self) -> Vec<Edit> {
        vec![]
    }
    pub fn plain_text(&self) -> String {
        self.s.clone()
    }
}
