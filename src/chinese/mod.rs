//! stub
pub fn fold(text: &str) -> std::borrow::Cow<'_, str> { std::borrow::Cow::Borrowed(text) }
