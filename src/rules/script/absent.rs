//! In the place of the engine where refeed was built without the feature `script`.

use super::Limits;
use super::exchange::Answer;

const ABSENT: &str = "this refeed was built without scripts (the cargo feature `script`)";

pub(super) fn check(_: &str, _: Limits) -> Result<(), String> {
    Err(ABSENT.to_owned())
}

pub(super) fn run(_: &str, _: Limits, _: &str) -> Result<Answer, String> {
    Err(ABSENT.to_owned())
}
