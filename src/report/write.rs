//! Reports as CSV files.

use super::{DayReport, FinalReport, Report};
use anyhow::{Context, Result, bail};
use base::MarketId;
use journal::{Disk, RealDisk};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Writes a report into its file in `dir`, which is made where it does not exist. The file is replaced whole: a reader sees
/// the old one or the new one.
///
/// # Errors
/// The file cannot be written.
pub fn write_csv(dir: &Path, report: &impl Report) -> Result<PathBuf> {
    let path = dir.join(file_of(report));
    write(dir, &path, report).with_context(|| format!("the report {} cannot be written", path.display()))?;
    Ok(path)
}

/// Writes the reports of a day into a directory of its date below `dir`: `2021-07-16/price_list.csv`, `statement.csv` and
/// `alerts.csv`. Two markets need two directories: see [`market_dir`].
///
/// # Errors
/// A file cannot be written, or the report is of no market and so has no date.
pub fn write_day(dir: &Path, report: &DayReport) -> Result<[PathBuf; 3]> {
    let date = &report.price_list.date;
    if date.is_empty() {
        bail!("the report of a day that never began cannot be written");
    }
    let dir = dir.join(date);
    Ok([
        write_csv(&dir, &report.price_list)?,
        write_csv(&dir, &report.statement)?,
        write_csv(&dir, &report.alerts)?,
    ])
}

/// Writes `conservation.csv` into `dir`, and `compliance.csv` of a market that has duties.
///
/// # Errors
/// A file cannot be written.
pub fn write_final(dir: &Path, report: &FinalReport) -> Result<Vec<PathBuf>> {
    let compliance = report.compliance.as_ref().map(|compliance| write_csv(dir, compliance)).transpose()?;
    Ok(compliance.into_iter().chain([write_csv(dir, &report.conservation)?]).collect())
}

/// The directory of a market's reports below `dir`: the first market of a log has `dir` itself, any other one of its code.
#[must_use]
pub fn market_dir(dir: &Path, market: MarketId, code: &str) -> PathBuf {
    if market == MarketId(0) { dir.to_owned() } else { dir.join(code) }
}

fn file_of<R: Report>(_: &R) -> &'static str {
    R::FILE
}

fn write(dir: &Path, path: &Path, report: &impl Report) -> Result<()> {
    RealDisk.create_dir(dir)?;
    let unfinished = path.with_extension("csv.tmp");
    // What an interrupted life was writing.
    match fs::remove_file(&unfinished) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    let mut writer = csv::Writer::from_writer(RealDisk.create(&unfinished)?);
    writer.write_record(report.header())?;
    for row in report.rows() {
        writer.write_record(row)?;
    }
    writer.flush()?;
    drop(writer);
    fs::rename(&unfinished, path)?;
    Ok(())
}
