//! A JSON Schema of anything that serde reads, found by asking: a deserializer that holds no value, only notes what it is asked for.
//!
//! So the schema knows what the reader knows, also where a rule reads its settings in its own way. serde gives one value one way, so a
//! type is read once for each of its parts, on the way to that part (`Step`). Where a type takes whatever comes, each kind of value is
//! offered and the refusals are noted. What it cannot see: bounds, patterns, which keys go together; these are the reader's to refuse.
//!
//! Bounded by [`MAX_SHAPE_DEPTH`]. Used by `refeed schema` and its tests.

mod made_up;

use std::cell::RefCell;
use std::fmt;

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, Expected, MapAccess, SeqAccess, Unexpected, Visitor};
use serde_json::{Map, Value, json};
use serde_spanned::de::{SpannedDeserializer, is_spanned};

use crate::base::limits::MAX_SHAPE_DEPTH;

/// The schema of `T`.
pub fn schema<T: DeserializeOwned>() -> Value {
    explore::<T>(&mut Vec::new())
}

/// The way to a part of a value.
#[derive(Clone, Copy, PartialEq)]
enum Step {
    /// A key of a table.
    Key(&'static str),
    /// Any element of an array, or any value of a map.
    Inside,
    /// A value that may be anything, taken as this.
    As(Form),
    /// A table that has some of its keys: a bit for each.
    Given(u64),
}

#[derive(Clone, Copy, PartialEq)]
enum Form {
    Boolean,
    Integer,
    Float,
    Text,
    Array,
    Table,
}

const FORMS: [Form; 6] = [Form::Boolean, Form::Integer, Form::Float, Form::Text, Form::Array, Form::Table];

/// What was asked for at the end of the way.
enum Asked {
    Simple(Value),
    Array,
    Map,
    Struct(&'static [&'static str]),
    /// What a table with some of its keys lacks first, if anything.
    Missing(Option<&'static str>),
    Any(String),
}

fn explore<T: DeserializeOwned>(way: &mut Vec<Step>) -> Value {
    if way.len() >= MAX_SHAPE_DEPTH {
        return json!({});
    }
    let asked = RefCell::new(None);
    let read = T::deserialize(Probe { way, asked: &asked });
    drop(read);
    let part = |way: &mut Vec<Step>, step| {
        way.push(step);
        let schema = explore::<T>(way);
        way.pop();
        schema
    };
    match asked.into_inner() {
        None | Some(Asked::Missing(_)) => json!({}),
        Some(Asked::Simple(schema)) => schema,
        Some(Asked::Array) => json!({ "type": "array", "items": part(way, Step::Inside) }),
        Some(Asked::Map) => json!({ "type": "object", "additionalProperties": part(way, Step::Inside) }),
        Some(Asked::Struct(fields)) => {
            let properties: Map<_, _> =
                fields.iter().map(|field| ((*field).to_owned(), part(way, Step::Key(field)))).collect();
            let mut schema = json!({ "type": "object", "properties": properties, "additionalProperties": false });
            let required = required::<T>(way, fields);
            if !required.is_empty() {
                schema["required"] = required.into();
            }
            schema
        }
        Some(Asked::Any(expected)) => {
            let taken: Vec<_> = FORMS.iter().filter_map(|form| form_of::<T>(way, *form)).collect();
            json!({ "description": expected, "anyOf": taken })
        }
    }
}

/// The keys that the table at the end of the way must have: those that serde misses, one after another, with made-up values for those
/// that it missed before. Where none of these is taken for a value, the keys after it stay unknown.
fn required<T: DeserializeOwned>(way: &mut Vec<Step>, fields: &[&'static str]) -> Vec<&'static str> {
    let mut given = 0;
    loop {
        way.push(Step::Given(given));
        let asked = RefCell::new(None);
        let read = T::deserialize(Probe { way, asked: &asked });
        drop(read);
        way.pop();
        let Some(Asked::Missing(Some(name))) = asked.into_inner() else { break };
        match fields.iter().position(|field| *field == name) {
            Some(at) if at < 64 && given & (1 << at) == 0 => given |= 1 << at,
            _ => break,
        }
    }
    given_of(fields, given).collect()
}

fn given_of(fields: &[&'static str], given: u64) -> impl Iterator<Item = &'static str> {
    fields.iter().take(64).enumerate().filter(move |(at, _)| given & (1 << at) != 0).map(|(_, field)| *field)
}

/// The schema of what may be anything, as far as it is taken as `form`; `None` where that is refused.
fn form_of<T: DeserializeOwned>(way: &mut Vec<Step>, form: Form) -> Option<Value> {
    way.push(Step::As(form));
    let asked = RefCell::new(None);
    let refused = matches!(T::deserialize(Probe { way, asked: &asked }), Err(Stop::WrongType));
    let inside = |way: &mut Vec<Step>| {
        way.push(Step::Inside);
        let schema = explore::<T>(way);
        way.pop();
        schema
    };
    let schema = match form {
        _ if refused => None,
        Form::Boolean => Some(json!({ "type": "boolean" })),
        Form::Integer => Some(json!({ "type": "integer" })),
        Form::Float => Some(json!({ "type": "number" })),
        Form::Text => Some(json!({ "type": "string" })),
        Form::Array => Some(json!({ "type": "array", "items": inside(way) })),
        Form::Table => Some(json!({ "type": "object", "additionalProperties": inside(way) })),
    };
    way.pop();
    schema
}

/// Why the reading ended: always.
#[derive(Debug)]
enum Stop {
    /// A value of another kind was wanted.
    WrongType,
    /// A table lacks this key.
    Missing(&'static str),
    /// Anything else: what was wanted has been noted, or the value is no good, which is no matter.
    Otherwise,
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

impl std::error::Error for Stop {}

impl serde::de::Error for Stop {
    fn custom<T: fmt::Display>(_: T) -> Stop {
        Stop::Otherwise
    }

    fn invalid_type(_: Unexpected<'_>, _: &dyn Expected) -> Stop {
        Stop::WrongType
    }

    fn missing_field(name: &'static str) -> Stop {
        Stop::Missing(name)
    }
}

struct Probe<'a> {
    way: &'a [Step],
    asked: &'a RefCell<Option<Asked>>,
}

impl<'a> Probe<'a> {
    fn note<V>(&self, asked: Asked) -> Result<V, Stop> {
        self.asked.borrow_mut().get_or_insert(asked);
        Err(Stop::Otherwise)
    }

    fn simple<'de, V: Visitor<'de>>(&self, visitor: &V, mut schema: Value) -> Result<V::Value, Stop> {
        let expected = expected(visitor);
        // serde's own words say no more than the type does
        if expected.contains(' ') && !expected.starts_with("a string") && !expected.starts_with("a boolean") {
            schema["description"] = expected.into();
        }
        self.note(Asked::Simple(schema))
    }

    fn on(&self) -> Probe<'a> {
        Probe { way: &self.way[1..], asked: self.asked }
    }
}

fn expected<'de, V: Visitor<'de>>(visitor: &V) -> String {
    let expected: &dyn Expected = visitor;
    expected.to_string()
}

/// Methods that ask for a simple value.
macro_rules! simple {
    ($($method:ident => $schema:tt),+ $(,)?) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
            self.simple(&visitor, json!($schema))
        }
    )+};
}

impl<'de> Deserializer<'de> for Probe<'_> {
    type Error = Stop;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        let Some(Step::As(form)) = self.way.first() else {
            return self.note(Asked::Any(expected(&visitor)));
        };
        let inside = self.way.len() > 1;
        match form {
            Form::Boolean => visitor.visit_bool(true),
            Form::Integer => visitor.visit_i64(1),
            Form::Float => visitor.visit_f64(1.5),
            Form::Text => visitor.visit_borrowed_str("x"),
            Form::Array if inside => self.on().deserialize_seq(visitor),
            Form::Array => visitor.visit_seq(Parts { key: None, value: None }),
            Form::Table if inside => self.on().deserialize_map(visitor),
            Form::Table => visitor.visit_map(Parts { key: None, value: None }),
        }
    }

    simple! {
        deserialize_bool => { "type": "boolean" },
        deserialize_i8 => { "type": "integer" }, deserialize_i16 => { "type": "integer" },
        deserialize_i32 => { "type": "integer" }, deserialize_i64 => { "type": "integer" },
        deserialize_u8 => { "type": "integer", "minimum": 0 }, deserialize_u16 => { "type": "integer", "minimum": 0 },
        deserialize_u32 => { "type": "integer", "minimum": 0 }, deserialize_u64 => { "type": "integer", "minimum": 0 },
        deserialize_f32 => { "type": "number" }, deserialize_f64 => { "type": "number" },
        deserialize_char => { "type": "string" }, deserialize_str => { "type": "string" },
        deserialize_string => { "type": "string" }, deserialize_bytes => { "type": "string" },
        deserialize_byte_buf => { "type": "string" },
    }

    fn deserialize_unit<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Stop> {
        self.note(Asked::Simple(json!({})))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Stop> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        match self.way.first() {
            Some(Step::Inside) => visitor.visit_seq(Parts { key: None, value: Some(self.on()) }),
            _ => self.note(Asked::Array),
        }
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        match self.way.first() {
            Some(Step::Inside) => visitor.visit_map(Parts { key: Some("x"), value: Some(self.on()) }),
            _ => self.note(Asked::Map),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Stop> {
        if is_spanned(name) {
            return visitor.visit_map(SpannedDeserializer::new(Wrapped(self), 0..1));
        }
        match self.way.first() {
            Some(Step::Key(key)) => visitor.visit_map(Parts { key: Some(key), value: Some(self.on()) }),
            Some(Step::Given(given)) => {
                let missing = match visitor.visit_map(made_up::Table::of(given_of(fields, *given).collect())) {
                    Err(Stop::Missing(name)) => Some(name),
                    _ => None,
                };
                self.note(Asked::Missing(missing))
            }
            _ => self.note(Asked::Struct(fields)),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Stop> {
        self.note(Asked::Simple(json!({ "enum": variants })))
    }

    serde::forward_to_deserialize_any! { ignored_any unit_struct tuple_struct tuple identifier }
}

/// serde_spanned asks for something that becomes a deserializer.
struct Wrapped<'a>(Probe<'a>);

impl<'a> serde::de::IntoDeserializer<'_, Stop> for Wrapped<'a> {
    type Deserializer = Probe<'a>;

    fn into_deserializer(self) -> Probe<'a> {
        self.0
    }
}

/// One element, one entry, or none.
struct Parts<'a> {
    key: Option<&'static str>,
    value: Option<Probe<'a>>,
}

impl<'de> SeqAccess<'de> for Parts<'_> {
    type Error = Stop;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Stop> {
        self.value.take().map(|value| seed.deserialize(value)).transpose()
    }
}

impl<'de> MapAccess<'de> for Parts<'_> {
    type Error = Stop;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Stop> {
        let key = |key| seed.deserialize(KeyProbe(key));
        self.key.take().map(key).transpose()
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Stop> {
        self.value.take().map_or(Err(Stop::Otherwise), |value| seed.deserialize(value))
    }
}

/// A key, which may be asked for with its span.
struct KeyProbe(&'static str);

impl<'de> serde::de::IntoDeserializer<'de, Stop> for KeyProbe {
    type Deserializer = BorrowedStrDeserializer<'de, Stop>;

    fn into_deserializer(self) -> BorrowedStrDeserializer<'de, Stop> {
        BorrowedStrDeserializer::new(self.0)
    }
}

impl<'de> Deserializer<'de> for KeyProbe {
    type Error = Stop;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        visitor.visit_borrowed_str(self.0)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Stop> {
        match is_spanned(name) {
            true => visitor.visit_map(SpannedDeserializer::new(self, 0..1)),
            false => visitor.visit_borrowed_str(self.0),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Stop> {
        visitor.visit_newtype_struct(self)
    }

    serde::forward_to_deserialize_any! {
        bool u8 u16 u32 u64 i8 i16 i32 i64 f32 f64 char str string seq bytes byte_buf map unit option
        enum ignored_any unit_struct tuple_struct tuple identifier
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;
    use toml::Spanned;

    use super::*;

    #[derive(Deserialize)]
    #[allow(dead_code)]
    struct Outer {
        count: std::num::NonZeroUsize,
        #[serde(default)]
        names: Vec<Spanned<String>>,
        inner: Option<Inner>,
        map: BTreeMap<Spanned<String>, Spanned<bool>>,
    }

    #[derive(Deserialize)]
    #[allow(dead_code)]
    struct Inner {
        mode: Mode,
        share: f64,
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Mode {
        Keep,
        Drop,
    }

    #[test]
    fn what_serde_reads_is_described() {
        let found = schema::<Outer>();
        let property = |name: &str| found["properties"][name].clone();
        assert_eq!(property("count")["type"], "integer");
        assert_eq!(property("names"), json!({ "type": "array", "items": { "type": "string" } }));
        let inner = json!({ "type": "object", "additionalProperties": false, "required": ["mode", "share"], "properties": {
            "mode": { "enum": ["keep", "drop"] }, "share": { "type": "number" } } });
        assert_eq!(property("inner"), inner);
        assert_eq!(property("map"), json!({ "type": "object", "additionalProperties": { "type": "boolean" } }));
        assert_eq!(found["additionalProperties"], false);
        assert_eq!(found["required"], json!(["count", "map"]), "not what has a default");
    }

    #[test]
    fn what_may_be_several_things_is_offered_each() {
        let found = schema::<crate::config::fields::Allow>();
        assert_eq!(found["type"], "string");
    }
}
