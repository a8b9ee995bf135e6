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
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $(#[doc = $sentence] #[serde(rename = $code)] $variant,)*
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
