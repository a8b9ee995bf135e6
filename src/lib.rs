//! The node behind the `huangpu` binary: data directories, the run loop, reports and commands.
//!
//! Architecture Invariant: files, clocks and terminals are known here and in the journal only.

pub mod backup;
pub mod cli;
pub mod config;
pub mod demo;
pub mod history;
pub mod node;
pub mod projection;
pub mod report;
pub mod serve;
