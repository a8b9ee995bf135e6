//! Numbers on the wire: `"48.00"` or `48`. Zeros in front, and behind the last decimal that counts, are the same number. A number with a fraction is written as text, so that no float ever touches it.

use base::decimal::{self, Refusal};
use serde::de::{Deserializer, Error, Visitor};
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

            fn visit_i64<E: Error>(self, value: i64) -> Result<Number, E> {
                match u64::try_from(value) {
                    Ok(value) => self.visit_u64(value),
                    Err(_) => Err(negative(&value.to_string())),
                }
            }

            fn visit_f64<E: Error>(self, value: f64) -> Result<Number, E> {
                Err(if value.is_sign_negative() {
                    negative(&value.to_string())
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
                let read = |text| decimal::units(text, 0) != Err(Refusal::Form);
                if read(text) {
                    return Ok(Number(text.to_owned()));
                }
                if text.strip_prefix('-').is_some_and(read) {
                    return Err(negative(&format!("{text:?}")));
                }
                let expected = "expected a number such as \"100000\" or \"48.00\", without sign and exponent";
                Err(E::custom(format!("{expected}, found {text:?}")))
            }
        }

        fn negative<E: Error>(found: &str) -> E {
            E::custom(format!(
                "expected a number such as 100000 or \"48.00\": it is not negative, found {found}"
            ))
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
