//! stub
use std::borrow::Cow;
pub struct Decoded<'a> {
    pub text: Cow<'a, str>,
    pub notes: Vec<String>,
}
pub fn decode<'a>(b: &'a [u8], _l: Option<&str>) -> Decoded<'a> {
    Decoded { text: String::from_utf8_lossy(b), notes: vec![] }
}
pub fn label_of_content_type(_: &str) -> Option<&str> {
    None
}
