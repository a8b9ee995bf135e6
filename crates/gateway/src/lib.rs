//! The gateway: what people and programs write, in names and decimals, and what the engine reads, in ids and integers.
//!
//! Architecture Invariant: wire types are not domain types. Names are resolved here, once; behind this door there are only ids.

mod act;
mod decimal;
mod line;
mod render;
mod resolve;
mod time;
mod wire;
mod wrong;

pub use act::WireAct;
pub use decimal::Number;
pub use line::{FieldsError, Line, LineError, parse_fields, parse_line};
pub use render::Names;
pub use resolve::{Created, Reference, ReferenceBook, ResolveError, Resolver};
pub use time::{DATE_FORM, TIME_FORM, format_time, parse_time, read_date, read_time};
pub use wire::{Class, Life, Party, WireCommand};
pub use wrong::Wrong;
