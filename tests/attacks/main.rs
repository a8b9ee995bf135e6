//! The attacks are tests: what was tried against a node that serves, and what must come back, is in `table.txt`; each part of it is
//! tried here against a node with people of every kind.

#![allow(clippy::unwrap_used, clippy::panic, unreachable_pub)] // tests, also outside the functions marked so

#[path = "../common/mod.rs"]
mod common;
mod floods;
mod idor;
mod links;
mod oracles;
mod persons;
mod races;
mod replay;
mod sessions;
mod table;
mod wire;
