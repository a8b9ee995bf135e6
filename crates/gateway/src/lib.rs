//! The gateway: what people and programs write, in names and decimals, and what the engine reads, in ids and integers.
//!
//! Architecture Invariant: wire types are not domain types. Names are resolved here, once; behind this door there are only ids.

mod act;
mod decimal;
mod door;
mod hex;
mod line;
mod parties;
mod render;
mod resolve;
mod text;
mod time;
mod wire;
mod wrong;

pub use act::WireAct;
pub use decimal::Number;
pub use door::check_texts;
pub use line::{
    FieldsError, ID_RULE, Line, LineError, Meant, PRINTED_BYTES_MAX, Printed, parse_fields, parse_line,
    parse_printed,
};
pub use parties::Party;
pub use render::Names;
pub use resolve::{Created, Reference, ReferenceBook, ResolveError, Resolver};
pub use text::{is_unseen, shown, shown_in_line};
pub use time::{DATE_FORM, TIME_FORM, format_time, parse_time, read_date, read_time};
pub use wire::{Class, Life, WireCommand};
pub use wrong::Wrong;
