//! Numbers on the wire: `"48.00"` or `48`. A number with a fraction is written as text, so that no float ever touches it.

use base::decimal::{self, Refusal};
use serde::de::{Deserializer, Error, Unexpected, Visitor};
use serde::{Deserialize, Serialize};

/// A non-negative decimal number, kept as it was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Number(pub String);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Written;
        impl Visitor<'_> for Written {
            type Value = Number;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a number such as 100000 or \"48.00\"")
            }

            fn visit_u64<E: Error>(self, value: u64) -> Result<Number, E> {
                Ok(Number(value.to_string()))
            }

            fn visit_f64<E: Error>(self, value: f64) -> Result<Number, E> {
                Err(if value < 0.0 {
                    E::invalid_value(Unexpected::Float(value), &self)
                } else if value.fract() == 0.0 || value < 1e-9 {
                    E::custom(
                        "a number this long, with a point or with an exponent is written as text, such as \"48.00\"",
                    )
                } else {
                    E::custom(format!("a number with a fraction is written as text: \"{value}\""))
                })
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Number, E> {
                // How many decimals there may be depends on what it is a number of.
                if decimal::units(text, 0) == Err(Refusal::Form) {
                    let expected = "expected a number such as \"100000\" or \"48.00\"";
                    return Err(E::custom(format!("{expected}, found {text:?}")));
                }
                Ok(Number(text.to_owned()))
            }
        }
        deserializer.deserialize_any(Written)
    }
}

impl utoipa::PartialSchema for Number {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
        ObjectBuilder::new()
            .schema_type(SchemaType::from_iter([Type::String, Type::Integer]))
            .pattern(Some(r"^[0-9]+(\.[0-9]+)?$"))
            .minimum(Some(0))
            .description(Some("A number: 100000 or \"48.00\". One with a fraction is written as text."))
            .into()
    }
}

impl utoipa::ToSchema for Number {}
