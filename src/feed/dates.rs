//! stub
pub fn parse(t: &str) -> Option<crate::base::clock::Time> {
    let t = t.trim();
    t.parse::<jiff::Timestamp>()
        .ok()
        .or_else(|| jiff::fmt::rfc2822::parse(t).ok().map(|z| z.timestamp()))
        .map(|t| crate::base::clock::Time(t.as_millisecond()))
}
