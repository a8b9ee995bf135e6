//! Words: the names under which values without fields are serialised, `block` or `self_trade`, without a copy of any.

use serde::ser::{Error, Impossible, Serialize, Serializer};
use std::borrow::Cow;
use std::fmt::{self, Display, Formatter};

/// A word of the program itself, or one that was read.
pub(super) type Word = Cow<'static, str>;

/// The name under which something is serialised; empty where it is more than a name.
pub(super) fn name_of(value: impl Serialize) -> Word {
    Word::Borrowed(value.serialize(Name).unwrap_or_default())
}

/// Takes the name of a variant, and nothing else.
struct Name;

/// It is more than a name.
#[derive(Debug)]
struct More;

impl Display for More {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("more than a name")
    }
}

impl std::error::Error for More {}

impl Error for More {
    fn custom<T: Display>(_: T) -> Self {
        Self
    }
}

type Never = Impossible<&'static str, More>;
type Named = Result<&'static str, More>;

macro_rules! more {
    ($($method:ident($($kind:ty),*) -> $answer:ty;)*) => {
        $(fn $method(self, $(_: $kind),*) -> $answer {
            Err(More)
        })*
    };
}

impl Serializer for Name {
    type Ok = &'static str;
    type Error = More;
    type SerializeSeq = Never;
    type SerializeTuple = Never;
    type SerializeTupleStruct = Never;
    type SerializeTupleVariant = Never;
    type SerializeMap = Never;
    type SerializeStruct = Never;
    type SerializeStructVariant = Never;

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Named {
        Ok(variant)
    }

    fn serialize_some<T: ?Sized + Serialize>(self, value: &T) -> Named {
        value.serialize(self)
    }

    fn serialize_newtype_struct<T: ?Sized + Serialize>(self, _: &'static str, value: &T) -> Named {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: ?Sized + Serialize>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Named {
        Err(More)
    }

    more! {
        serialize_bool(bool) -> Named;
        serialize_i8(i8) -> Named;
        serialize_i16(i16) -> Named;
        serialize_i32(i32) -> Named;
        serialize_i64(i64) -> Named;
        serialize_u8(u8) -> Named;
        serialize_u16(u16) -> Named;
        serialize_u32(u32) -> Named;
        serialize_u64(u64) -> Named;
        serialize_f32(f32) -> Named;
        serialize_f64(f64) -> Named;
        serialize_char(char) -> Named;
        serialize_str(&str) -> Named;
        serialize_bytes(&[u8]) -> Named;
        serialize_none() -> Named;
        serialize_unit() -> Named;
        serialize_unit_struct(&'static str) -> Named;
        serialize_seq(Option<usize>) -> Result<Never, More>;
        serialize_tuple(usize) -> Result<Never, More>;
        serialize_tuple_struct(&'static str, usize) -> Result<Never, More>;
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> Result<Never, More>;
        serialize_map(Option<usize>) -> Result<Never, More>;
        serialize_struct(&'static str, usize) -> Result<Never, More>;
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> Result<Never, More>;
    }
}
