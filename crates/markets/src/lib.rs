//! What only one market computes: pure functions beside the rulebooks, which never see the engine.
//!
//! Architecture Invariant: nothing here holds state, and a replay of the log needs none of it.

pub mod carbon;
