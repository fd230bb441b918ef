//! Headers that a rule has sent along: which ones it may.

use hyper::header::{HeaderName, HeaderValue};
use toml::Spanned;

use crate::config::Report;

/// What the client decides itself is not for a rule to say.
const OURS: [&str; 8] =
    ["host", "connection", "content-length", "transfer-encoding", "accept-encoding", "via", "te", "upgrade"];

/// The header in lower case, or a report of why it cannot be sent.
pub(super) fn check(name: &Spanned<String>, value: &Spanned<String>, report: &mut Report) -> Option<(String, String)> {
    let lower = name.get_ref().to_ascii_lowercase();
    if HeaderName::try_from(lower.as_str()).is_err() || OURS.contains(&lower.as_str()) {
        report.error(name.span(), format!("`{}` is no header that a rule can set", name.get_ref()));
        return None;
    }
    if HeaderValue::try_from(value.get_ref().as_str()).is_err() {
        report.error(value.span(), "a header's value holds visible ASCII characters only");
        return None;
    }
    Some((lower, value.get_ref().clone()))
}
