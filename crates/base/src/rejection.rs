//! A refusal by the rules is an event with a reason, not an error. Each operation has one enum of reasons, listed in the
//! order in which they are checked.

/// A plain sentence for a person, beside the stable code that a program reads.
pub trait Sentence: Copy {
    /// Every reason, in order of precedence.
    fn all() -> &'static [Self];
    /// The stable code, for example `insufficient_holding`.
    fn code(self) -> &'static str;
    /// The reason as a sentence.
    fn sentence(self) -> &'static str;
}

/// Declares the reasons of one operation: variants in order of precedence, each with its code, and its sentence as the
/// doc comment.
#[macro_export]
macro_rules! rejections {
    ($(#[$meta:meta])* pub enum $name:ident { $(#[doc = $sentence:literal] $variant:ident = $code:literal,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $name {
            $(#[doc = $sentence] $variant,)*
        }

        // Written by its code, not by its place: a reason may be added anywhere in the order of precedence, and a log that
        // was digested before keeps its digest.
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str($crate::Sentence::code(*self))
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let code = <String as serde::Deserialize>::deserialize(deserializer)?;
                match code.as_str() {
                    $($code => Ok(Self::$variant),)*
                    _ => Err(serde::de::Error::custom(format!("{code:?} is no reason of this operation"))),
                }
            }
        }

        impl $crate::Sentence for $name {
            fn all() -> &'static [Self] {
                &[$(Self::$variant,)*]
            }

            fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }

            fn sentence(self) -> &'static str {
                match self { $(Self::$variant => str::trim_ascii_start($sentence),)* }
            }
        }
    };
}
