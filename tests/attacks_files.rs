//! Attacks by someone who can write to the data directory or run the binary, and what must come of each: against the real command,
//! and a real node in a process of its own.

#![allow(clippy::unwrap_used, clippy::panic)] // tests, also outside the functions marked so

#[path = "attacks_files/doors.rs"]
mod doors;
#[path = "attacks_files/forge.rs"]
mod forge;
#[path = "attacks_files/forged.rs"]
mod forged;
#[path = "attacks_files/locks.rs"]
mod locks;
#[path = "attacks_files/modes.rs"]
mod modes;

mod common;

use common::process::huangpu;
use std::path::Path;
use std::process::Output;

const CARBON: &str = "examples/carbon";

/// The exit code of a command, and what it said.
fn ended(output: &Output) -> (Option<i32>, String) {
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), said(&output.stdout) + &said(&output.stderr))
}

/// Runs the binary, which must end well; gives what it printed.
fn good(args: &[&str]) -> String {
    let (code, said) = ended(&huangpu(args));
    assert_eq!(code, Some(0), "{args:?}: {said}");
    said
}

/// Runs the binary, which must refuse and say why.
fn refused(args: &[&str], why: &str) {
    let (code, said) = ended(&huangpu(args));
    assert_eq!((code, said.contains(why)), (Some(1), true), "{args:?} should say {why:?}: {said}");
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}
