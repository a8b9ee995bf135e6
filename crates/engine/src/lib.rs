//! (engine)

pub mod rulebook;
