//! The `serde` side of a spanned [`Value`]: a deserializer whose errors keep what was expected and where it stood.
//!
//! Only [`super::decode`] calls it.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, EnumAccess, Expected, IntoDeserializer, MapAccess, SeqAccess};
use serde::de::{Unexpected, VariantAccess, Visitor};
use serde_spanned::de::{SpannedDeserializer, is_spanned};

use super::problem::Span;
use super::value::{Data, Entry, Value};

/// Why a value does not fit, and where: the span of exactly one key or value.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) kind: Kind,
    pub(super) span: Option<Span>,
}

#[derive(Debug)]
pub(super) enum Kind {
    UnknownKey(String, &'static [&'static str]),
    UnknownValue(String, &'static [&'static str]),
    Missing(&'static str),
    /// A message; after a line break, the help.
    Other(String),
}

impl Fault {
    fn new(kind: Kind) -> Fault {
        Fault { kind, span: None }
    }

    /// The innermost place wins.
    fn at(mut self, span: &Span) -> Fault {
        self.span.get_or_insert_with(|| span.clone());
        self
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.kind)
    }
}

impl std::error::Error for Fault {}

impl serde::de::Error for Fault {
    fn custom<T: fmt::Display>(message: T) -> Fault {
        Fault::new(Kind::Other(message.to_string()))
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Fault {
        let found = match found {
            Unexpected::Map => "a table".to_owned(),
            Unexpected::Seq => "an array".to_owned(),
            other => other.to_string(),
        };
        Fault::new(Kind::Other(format!("expected {}, found {found}", plain(&expected.to_string()))))
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Fault {
        Fault::invalid_type(found, expected)
    }

    fn unknown_field(field: &str, known: &'static [&'static str]) -> Fault {
        Fault::new(Kind::UnknownKey(field.to_owned(), known))
    }

    fn unknown_variant(variant: &str, known: &'static [&'static str]) -> Fault {
        Fault::new(Kind::UnknownValue(variant.to_owned(), known))
    }

    fn missing_field(field: &'static str) -> Fault {
        Fault::new(Kind::Missing(field))
    }
}

/// serde's words for Rust types in the words of TOML.
fn plain(expected: &str) -> &str {
    match expected {
        "a sequence" => "an array",
        "a map" => "a table",
        "usize" | "u8" | "u16" | "u32" | "u64" => "a whole number from 0",
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
        "a nonzero usize" | "a nonzero u8" | "a nonzero u16" | "a nonzero u32" | "a nonzero u64" => {
            "a whole number above 0"
        }
        "f32" | "f64" => "a number",
        other => other,
    }
}

/// Reads one value.
#[derive(Clone, Copy)]
pub(super) struct Cursor<'a>(pub(super) &'a Value);

impl<'de> Deserializer<'de> for Cursor<'de> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match &self.0.data {
            Data::String(string) | Data::Datetime(string) => visitor.visit_borrowed_str(string),
            Data::Integer(integer) => visitor.visit_i64(*integer),
            Data::Float(float) => visitor.visit_f64(*float),
            Data::Boolean(boolean) => visitor.visit_bool(*boolean),
            Data::Array(items) => visitor.visit_seq(Items(items.iter())),
            Data::Table(entries) => visitor.visit_map(Entries(entries.iter(), None)),
        }
        .map_err(|fault| fault.at(&self.0.span))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self).map_err(|fault| fault.at(&self.0.span))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        if is_spanned(name) {
            return visitor.visit_map(SpannedDeserializer::new(self, self.0.span.clone()));
        }
        let Data::Table(entries) = &self.0.data else {
            return Err(Fault::new(Kind::Other(format!("expected a table, found {}", self.0.kind()))).at(&self.0.span));
        };
        if let Some(entry) = entries.iter().find(|entry| !fields.contains(&entry.key.as_str())) {
            return Err(Fault::new(Kind::UnknownKey(entry.key.clone(), fields)).at(&entry.key_span));
        }
        self.deserialize_any(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        match &self.0.data {
            Data::String(string) => visitor.visit_enum(Word(string)),
            _ => Err(Fault::new(Kind::Other(format!("expected a string, found {}", self.0.kind())))),
        }
        .map_err(|fault| fault.at(&self.0.span))
    }

    serde::forward_to_deserialize_any! {
        bool u8 u16 u32 u64 i8 i16 i32 i64 f32 f64 char str string seq bytes byte_buf map unit
        ignored_any unit_struct tuple_struct tuple identifier
    }
}

impl<'de> IntoDeserializer<'de, Fault> for Cursor<'de> {
    type Deserializer = Self;
    fn into_deserializer(self) -> Self {
        self
    }
}

struct Items<'a>(std::slice::Iter<'a, Value>);

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = Fault;
    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Fault> {
        self.0.next().map(|item| seed.deserialize(Cursor(item)).map_err(|fault| fault.at(&item.span))).transpose()
    }
}

struct Entries<'a>(std::slice::Iter<'a, Entry>, Option<&'a Entry>);

impl<'de> MapAccess<'de> for Entries<'de> {
    type Error = Fault;
    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Fault> {
        self.1 = self.0.next();
        self.1.map(|entry| seed.deserialize(Key(entry)).map_err(|fault| fault.at(&entry.key_span))).transpose()
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Fault> {
        match self.1.take() {
            Some(entry) => seed.deserialize(Cursor(&entry.value)).map_err(|fault| fault.at(&entry.value.span)),
            None => Err(serde::de::Error::custom("a value was asked for before its key")),
        }
    }
}

/// A key, which may be asked for with its span.
#[derive(Clone, Copy)]
struct Key<'a>(&'a Entry);

impl<'de> Deserializer<'de> for Key<'de> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_borrowed_str(&self.0.key)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        if is_spanned(name) {
            return visitor.visit_map(SpannedDeserializer::new(self, self.0.key_span.clone()));
        }
        self.deserialize_any(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_enum(Word(&self.0.key))
    }

    serde::forward_to_deserialize_any! {
        bool u8 u16 u32 u64 i8 i16 i32 i64 f32 f64 char str string seq bytes byte_buf map unit option
        ignored_any unit_struct tuple_struct tuple identifier
    }
}

impl<'de> IntoDeserializer<'de, Fault> for Key<'de> {
    type Deserializer = Self;
    fn into_deserializer(self) -> Self {
        self
    }
}

/// A word that names one value of a closed list.
struct Word<'a>(&'a str);

impl<'de> EnumAccess<'de> for Word<'de> {
    type Error = Fault;
    type Variant = Bare;
    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Bare), Fault> {
        let word: serde::de::value::BorrowedStrDeserializer<'de, Fault> =
            serde::de::value::BorrowedStrDeserializer::new(self.0);
        Ok((seed.deserialize(word)?, Bare))
    }
}

/// Only words without content are allowed.
struct Bare;

impl<'de> VariantAccess<'de> for Bare {
    type Error = Fault;
    fn unit_variant(self) -> Result<(), Fault> {
        Ok(())
    }
    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, _: T) -> Result<T::Value, Fault> {
        Err(serde::de::Error::custom("this word needs a value"))
    }
    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, Fault> {
        Err(serde::de::Error::custom("this word needs a value"))
    }
    fn struct_variant<V: Visitor<'de>>(self, _: &'static [&'static str], _: V) -> Result<V::Value, Fault> {
        Err(serde::de::Error::custom("this word needs a value"))
    }
}
