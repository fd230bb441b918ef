//! Values that mean nothing, of whatever type is wanted: so that serde goes on to the next key.

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, Visitor};
use serde_spanned::de::{SpannedDeserializer, is_spanned};

use super::{KeyProbe, Parts, Stop};

/// A table of these keys.
pub(super) struct Table(std::vec::IntoIter<&'static str>);

impl Table {
    pub(super) fn of(keys: Vec<&'static str>) -> Table {
        Table(keys.into_iter())
    }
}

impl<'de> MapAccess<'de> for Table {
    type Error = Stop;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Stop> {
        self.0.next().map(|key| seed.deserialize(KeyProbe(key))).transpose()
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Stop> {
        seed.deserialize(Value)
    }
}

/// Any value; a text where any type will do.
#[derive(Clone, Copy)]
struct Value;

/// What is nothing: no element, no entry.
const NOTHING: Parts<'static> = Parts { key: None, value: None };

/// Methods that do as another does.
macro_rules! as_others {
    ($($method:ident => $as:ident),+ $(,)?) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
            self.$as(visitor)
        }
    )+};
}

impl<'de> Deserializer<'de> for Value {
    type Error = Stop;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        visitor.visit_borrowed_str("x")
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        visitor.visit_bool(true)
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        visitor.visit_i64(1)
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        visitor.visit_u64(1)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        visitor.visit_f64(1.5)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        visitor.visit_none()
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Stop> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        visitor.visit_seq(NOTHING)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        visitor.visit_map(NOTHING)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Stop> {
        match is_spanned(name) {
            true => visitor.visit_map(SpannedDeserializer::new(self, 0..1)),
            // what it lacks is not what the table around it lacks
            false => visitor.visit_map(NOTHING).map_err(|_| Stop::Otherwise),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Stop> {
        let first: BorrowedStrDeserializer<'_, Stop> =
            BorrowedStrDeserializer::new(variants.first().copied().unwrap_or_default());
        visitor.visit_enum(first)
    }

    as_others! {
        deserialize_i8 => deserialize_i64, deserialize_i16 => deserialize_i64, deserialize_i32 => deserialize_i64,
        deserialize_u8 => deserialize_u64, deserialize_u16 => deserialize_u64, deserialize_u32 => deserialize_u64,
        deserialize_f32 => deserialize_f64,
    }

    serde::forward_to_deserialize_any! {
        char str string bytes byte_buf unit_struct tuple tuple_struct identifier ignored_any
    }
}

impl serde::de::IntoDeserializer<'_, Stop> for Value {
    type Deserializer = Value;

    fn into_deserializer(self) -> Value {
        self
    }
}
