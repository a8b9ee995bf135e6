//! The public record through the whole engine.

use crate::probe;
use anyhow::{Context, Result};
use huangpu::history::{self, Options};
use serde_json::{Value, json};
use std::path::Path;
use std::time::Instant;

/// Makes the record again `times` times, each into an empty data directory. CPU time and peak memory are those of this
/// process, as the kernel counts them.
pub(crate) fn measure(dir: &Path, rulebook: &Path, record: &Path, times: usize) -> Result<Value> {
    let (p50, p99) = probe::sync_us(dir)?;
    let mut wall = Vec::with_capacity(times);
    let mut cpu = Vec::with_capacity(times);
    let mut last = None;
    for _ in 0..times.max(1) {
        let data = tempfile::tempdir_in(dir)?;
        let options = Options {
            rulebook: rulebook.to_owned(),
            record: record.to_owned(),
            layout: None,
            data: data.path().join("data"),
            from: None,
            to: None,
        };
        let (start, before) = (Instant::now(), cpu_ticks()?);
        last = Some(history::run(&options, &mut |_, _| ())?);
        wall.push(start.elapsed().as_micros());
        cpu.push(cpu_ticks()?.saturating_sub(before) * 10);
    }
    wall.sort_unstable();
    cpu.sort_unstable();
    let outcome = last.context("no run")?;
    let middle = wall.len() / 2;
    Ok(json!({
        "disk sync p50, us": p50,
        "disk sync p99, us": p99,
        "records": outcome.records,
        "trades": outcome.trades,
        "exceptions": outcome.exceptions.len(),
        "wall, median, us": wall[middle],
        "wall, least and most, us": [wall[0], wall[wall.len() - 1]],
        "cpu, median, ms (in steps of 10)": cpu[middle],
        "records a second, median": outcome.records as u128 * 1_000_000 / wall[middle].max(1),
        "peak memory, KiB": peak_kib()?,
    }))
}

/// User and system time of this process in hundredths of a second (Linux).
fn cpu_ticks() -> Result<u64> {
    let stat = std::fs::read_to_string("/proc/self/stat").context("CPU time is read from /proc, on Linux")?;
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let field = |index: usize| fields.get(index).and_then(|text| text.parse::<u64>().ok()).unwrap_or(0);
    Ok(field(11) + field(12))
}

/// The most memory this process ever held, KiB (Linux).
pub(crate) fn peak_kib() -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap_or_default();
    Ok(line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).unwrap_or(0))
}
