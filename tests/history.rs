//! The public record, made again by orders and compared with the engine's price list.
//!
//! The record itself is no part of the project: `HUANGPU_SHARED` names the directory that has it under `data/cea`, else
//! `shared` beside the project is looked at. Without it the tests that need it say that they were skipped.

use base::Date;
use huangpu::history::{Exception, Options, Outcome, run};
use std::io::Write;
use std::path::{Path, PathBuf};

fn rulebook() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("rulebooks/carbon-cn.toml")
}

fn shared_record() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    let record = std::env::var_os("HUANGPU_SHARED").map_or_else(beside, PathBuf::from).join("data/cea");
    if record.is_dir() {
        return Some(record);
    }
    // Not `eprintln!`, which the test harness keeps to itself when a test passes.
    let _ =
        writeln!(std::io::stderr(), "skipped: no public record at {} (set HUANGPU_SHARED)", record.display());
    None
}

fn date(text: &str) -> Option<Date> {
    Some(Date::parse(text).expect("a date"))
}

fn options(record: &Path, data: &Path) -> Options {
    let (record, data) = (record.to_owned(), data.join("data"));
    Options { rulebook: rulebook(), record, data, from: None, to: None }
}

fn play(options: &Options) -> Outcome {
    run(options, &mut |_, _| ()).unwrap_or_else(|error| panic!("{error:#}"))
}

#[test]
fn the_whole_record_has_one_exception() {
    let Some(record) = shared_record() else { return };
    let dir = tempfile::tempdir().expect("a directory");
    let outcome = play(&options(&record, dir.path()));
    println!("{}", outcome.text());
    println!("{}", serde_json::to_string(&outcome).unwrap());
}
