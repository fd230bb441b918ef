//! The filters, tests and functions of expressions, beside minijinja's own. [`DOCS`] is their manual.
//!
//! Patterns are compiled at load ([`super::check`]) and travel with the values; a pattern that was not written as a string
//! is refused there. Each costs fuel by the text it looks into.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use minijinja::value::{DynObject, Kwargs, Object, ObjectRepr};
use minijinja::{Environment, Error, ErrorKind, State, Value};
use regex::Regex;

use super::look::host;
use super::variables::{IDENTITY, PATTERNS};
use crate::base::clock::Time;
use crate::base::limits::MAX_TEMPLATE_OUTPUT;
use crate::base::url::encode_component;
use crate::chinese;
use crate::config::quantity;
use crate::feed::dates::{self, Zone};
use crate::html::{Fragment, Syntax};
use crate::rules::pattern;

/// The manual's list.
pub(super) const DOCS: &str = "\
- `x is matches(\"RE\")`: the regular expression is found in a text, or in any of a list. Case, script (台灣 and 台湾) and width \
are one, unless `exact=true`: `matches(\"RE\", exact=true)`. Write `\\\\b` for `\\b`, which else is a backspace.
- `x is contains(\"TEXT\")`: the same with plain text.
- `x | sub(\"RE\", \"TO\")`: what is found is replaced, `$1` is a group; case counts unless the pattern says `(?i)`.
- `x | host`, `x | fold`, `x | plain`: the host of an address; a text as it is compared; HTML as text.
- `x | urlencode`: as a part of an address, in which no character means anything (JavaScript's `encodeURIComponent`).
- `duration(\"7d\")`, `date(\"2024-05-08\")`: seconds, and a date, to compare with.
- `d | zone(\"Asia/Taipei\")`, `d | strftime(\"%Y-%m-%d\")`: a date elsewhere (it is in UTC before), and as text. A date has `year`, \
`month`, `day`, `hour`, `minute`, `weekday` (`monday` …).
- `sample(25)`: true for 25 % of all items, and always for the same ones.
- Beside these, what minijinja has: `and or not in`, `+ - * / ~`, `a if b else c`, `x | length`, `lower`, `trim`, `replace`, \
`split`, `join`, `first`, `last`, `default`, `round` …
";

/// The filters that a misspelt one is compared with.
pub(super) const FILTERS: &[&str] = &[
    "abs",
    "contains",
    "default",
    "escape",
    "first",
    "float",
    "fold",
    "host",
    "int",
    "join",
    "last",
    "length",
    "list",
    "lower",
    "map",
    "matches",
    "max",
    "min",
    "plain",
    "reject",
    "replace",
    "round",
    "safe",
    "select",
    "sort",
    "split",
    "strftime",
    "string",
    "sub",
    "sum",
    "title",
    "trim",
    "unique",
    "upper",
    "urlencode",
    "zone",
];
/// The tests that a misspelt one is compared with.
pub(super) const TESTS: &[&str] =
    &["contains", "defined", "endingwith", "in", "matches", "none", "number", "startingwith", "string", "undefined"];
/// The functions there are.
pub(super) const FUNCTIONS: &[&str] = &["date", "dict", "duration", "range", "sample"];

/// Adds them to the language.
pub(super) fn register(language: &mut Environment<'static>) {
    language.add_test("matches", matches);
    language.add_filter("matches", matches);
    language.add_test("contains", contains);
    language.add_filter("contains", contains);
    language.add_filter("sub", sub);
    language.add_filter("host", |address: String| host(&address));
    language.add_filter("fold", |text: String| folded(&text));
    language.add_filter("plain", plain);
    language.add_filter("urlencode", |text: String| encode_component(&text).into_owned());
    language.add_filter("zone", zone);
    language.add_filter("strftime", strftime);
    language.add_function("duration", duration);
    language.add_function("date", date);
    language.add_function("sample", sample);
}

/// A text as it is compared: script, width and case are one.
pub(super) fn folded(text: &str) -> String {
    chinese::fold(text).to_lowercase()
}

/// Compiled patterns, by their text and whether all is taken as it stands.
#[derive(Debug, Default)]
pub(super) struct Compiled(pub HashMap<(String, bool), Regex>);

impl Object for Compiled {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }
}

fn wrong(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidOperation, message.into())
}

fn with_pattern<T>(
    state: &State<'_, '_>,
    pattern: &str,
    exact: bool,
    use_it: impl FnOnce(&Regex) -> T,
) -> Result<T, Error> {
    let patterns = state.lookup(PATTERNS).unwrap_or_default();
    let compiled = patterns.downcast_object_ref::<Compiled>();
    let regex = compiled.and_then(|compiled| compiled.0.get(&(pattern.to_owned(), exact)));
    regex.map(use_it).ok_or_else(|| wrong("a pattern must be written as a string"))
}

/// True where `test` is of the text, or of any in a list.
fn any(state: &State<'_, '_>, value: &Value, test: impl Fn(&str) -> bool) -> Result<bool, Error> {
    let one = |value: &Value| -> Result<bool, Error> {
        let text = value.to_string();
        state.consume_fuel(text.len() as u64 / 64)?;
        Ok(test(&text))
    };
    if value.is_undefined() {
        return Err(Error::from(ErrorKind::UndefinedError));
    }
    if value.kind() != minijinja::value::ValueKind::Seq {
        return one(value);
    }
    for item in value.try_iter()? {
        if one(&item)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn matches(state: &State<'_, '_>, value: Value, pattern: String, options: Kwargs) -> Result<bool, Error> {
    let exact = options.get::<Option<bool>>("exact")?.unwrap_or(false);
    options.assert_all_used()?;
    with_pattern(state, &pattern, exact, |regex| {
        any(
            state,
            &value,
            |text| if exact { regex.is_match(text) } else { pattern::is_found(regex, &chinese::fold(text)) },
        )
    })?
}

fn contains(state: &State<'_, '_>, value: Value, wanted: String, options: Kwargs) -> Result<bool, Error> {
    let exact = options.get::<Option<bool>>("exact")?.unwrap_or(false);
    options.assert_all_used()?;
    let wanted = if exact { wanted } else { folded(&wanted) };
    any(state, &value, |text| if exact { text.contains(&wanted) } else { folded(text).contains(&wanted) })
}

fn sub(state: &State<'_, '_>, text: String, pattern: String, to: String) -> Result<String, Error> {
    with_pattern(state, &pattern, true, |regex| replace(regex, &text, &to))?
        .ok_or_else(|| wrong(format!("`sub` makes more than {MAX_TEMPLATE_OUTPUT} bytes")))
}

/// `text` with each match of `regex` replaced by `to`, in which `$1` and `${name}` are groups; `None` where the result would
/// pass [`MAX_TEMPLATE_OUTPUT`].
pub(in crate::rules) fn replace(regex: &Regex, text: &str, to: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for found in regex.captures_iter(text) {
        let whole = found.get(0)?;
        out.push_str(text.get(at..whole.start())?);
        found.expand(to, &mut out);
        at = whole.end();
        if out.len() > MAX_TEMPLATE_OUTPUT {
            return None;
        }
    }
    out.push_str(text.get(at..)?);
    (out.len() <= MAX_TEMPLATE_OUTPUT).then_some(out)
}

fn plain(html: String) -> String {
    Fragment::parse(html, Syntax::Html).plain_text()
}

fn duration(text: String) -> Result<i64, Error> {
    let duration = quantity::duration(&text).map_err(|error| wrong(error.replace('\n', "; ")))?;
    Ok(i64::try_from(duration.as_secs()).unwrap_or(i64::MAX))
}

fn date(text: String) -> Result<Value, Error> {
    let time = dates::parse(&text).ok_or_else(|| wrong(format!("`{text}` is no date; write `2024-03-02`")))?;
    Ok(Value::from_object(Moment::utc(time)))
}

fn moment(value: &Value) -> Result<Moment, Error> {
    match value.downcast_object_ref::<Moment>() {
        Some(moment) => Ok(*moment),
        None if value.is_undefined() => Err(Error::from(ErrorKind::UndefinedError)),
        None => Err(wrong("this is no date; dates are `published`, `updated`, `now` and `date(\"…\")`")),
    }
}

fn zone(value: Value, name: String) -> Result<Value, Error> {
    let zone = Zone::parse(&name).map_err(|error| wrong(error.replace('\n', "; ")))?;
    Ok(Value::from_object(Moment { zone, ..moment(&value)? }))
}

fn strftime(value: Value, format: String) -> Result<String, Error> {
    let Moment { time, zone } = moment(&value)?;
    let local = zone.local(time).ok_or_else(|| wrong("this date is outside the calendar"))?;
    jiff::fmt::strtime::format(&format, &local).map_err(|_| wrong(format!("bad format of a date: `{format}`")))
}

fn sample(state: &State<'_, '_>, percent: f64) -> Result<bool, Error> {
    let identity = state.lookup(IDENTITY).unwrap_or_default();
    Ok(is_sampled(identity.as_str().unwrap_or_default(), percent))
}

/// True for `percent` of all identities, by a stable hash.
pub(in crate::rules) fn is_sampled(identity: &str, percent: f64) -> bool {
    let hash = blake3::hash(identity.as_bytes());
    let [a, b, c, d, ..] = *hash.as_bytes();
    f64::from(u32::from_be_bytes([a, b, c, d])) < f64::from(u32::MAX) * percent / 100.0
}

/// A date and the zone that it is shown in.
#[derive(Clone, Copy)]
pub(super) struct Moment {
    time: Time,
    zone: Zone,
}

impl Moment {
    pub fn utc(time: Time) -> Moment {
        Moment { time, zone: Zone::UTC }
    }
}

impl fmt::Debug for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.zone.local(self.time) {
            Some(local) => write!(f, "{}", local.strftime("%Y-%m-%dT%H:%M:%S%:z")),
            None => f.write_str("a date outside the calendar"),
        }
    }
}

impl Object for Moment {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        let local = self.zone.local(self.time)?;
        Some(match key {
            "year" => Value::from(local.year()),
            "month" => Value::from(local.month()),
            "day" => Value::from(local.day()),
            "hour" => Value::from(local.hour()),
            "minute" => Value::from(local.minute()),
            "weekday" => Value::from(local.strftime("%A").to_string().to_lowercase()),
            _ => return None,
        })
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.get_value_by_str(key.as_str()?)
    }

    fn custom_cmp(self: &Arc<Self>, other: &DynObject) -> Option<Ordering> {
        Some(self.time.cmp(&other.downcast_ref::<Moment>()?.time))
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}
