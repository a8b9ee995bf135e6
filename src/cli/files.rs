//! Command files: JSON Lines, one command a line, one file a market day. Empty lines and lines that begin with `#` are
//! passed over. Everything is read and checked for form before the first command is sent.

use anyhow::{Context, Result, anyhow, bail};
use base::{Date, Timestamp};
use engine::rulebook::Rulebook;
use gateway::{Line, LineError};
use std::fs;
use std::path::{Path, PathBuf};

/// A command with its place.
pub(crate) struct Placed {
    pub(crate) number: usize,
    pub(crate) text: String,
    pub(crate) line: Line,
}

/// A day's commands.
pub(crate) struct DayFile {
    pub(crate) path: PathBuf,
    pub(crate) date: Date,
    pub(crate) lines: Vec<Placed>,
}

/// Rulebooks and command files.
pub(crate) struct Story {
    /// One a market; the first is that of the market meant where a command names none.
    pub(crate) rulebooks: Vec<Rulebook>,
    pub(crate) days: Vec<DayFile>,
    /// What the data directory is called where none is named.
    pub(crate) name: String,
}

/// Whether the dates of command files are taken as they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::Args)]
pub(crate) struct Dates {
    /// Take the dates of command files as they are, also where a file is named for another day, or begins more than a year
    /// after the record before it
    #[arg(long = "any-date")]
    any: bool,
}

/// Seconds between two records that follow each other, beyond which a mistyped year is likelier than a pause.
const PAUSE_S_MAX: i64 = 366 * 86_400;

impl Dates {
    /// Whether the day of a line is that for which its file is named.
    fn check_name(self, path: &Path, date: Date) -> Result<(), String> {
        let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        match stem.get(..10).and_then(Date::parse) {
            Some(named) if named != date && !self.any => {
                Err(format!("{date} in a file that is named for {named} (--any-date takes it as it is)"))
            }
            _ => Ok(()),
        }
    }

    /// Whether no file begins long after what comes before it: the last record of the log, or the file before.
    ///
    /// # Errors
    /// The place of the first line that does.
    pub(crate) fn check_pauses(self, story: &Story, last: Option<Timestamp>) -> Result<()> {
        let mut last = last;
        for day in &story.days {
            let (Some(first), Some(end)) = (day.lines.first(), day.lines.last()) else { continue };
            if let Some(before) = last.filter(|before| first.line.time > before.after_seconds(PAUSE_S_MAX))
                && !self.any
            {
                let [time, before] = [first.line.time, before].map(|time| gateway::format_time(time, None));
                let message = format!(
                    "{time} is more than a year after the record before it, {before}: a log cannot go back (--any-date takes it as it is)"
                );
                return Err(wrong_time(&day.path, first.number, &first.text, message));
            }
            last = last.max(Some(end.line.time));
        }
        Ok(())
    }
}

/// Reads a folder (all its `.toml` and `.jsonl`, by name), or rulebooks and files.
pub(crate) fn read(paths: &[PathBuf], dates: Dates) -> Result<Story> {
    let story = read_to_serve(paths, dates)?;
    if story.days.is_empty() {
        bail!("there are no command files (.jsonl) to run beside {}", paths[0].display());
    }
    Ok(story)
}

/// The same; there need be no command files.
pub(crate) fn read_to_serve(paths: &[PathBuf], dates: Dates) -> Result<Story> {
    let (rulebooks, files, named) = match paths {
        [folder] if folder.is_dir() => {
            let rulebooks = listed(folder, "toml")?;
            if rulebooks.is_empty() {
                bail!(
                    "{}: a folder to run has a rulebook (.toml) for each market, this one has none",
                    folder.display()
                );
            }
            (rulebooks, listed(folder, "jsonl")?, folder.clone())
        }
        [only] if !only.exists() => bail!("{}: there is no such folder", only.display()),
        [first, others @ ..] => {
            let is_rulebook = |path: &&PathBuf| path.extension().is_some_and(|found| found == "toml");
            let more = others.iter().take_while(is_rulebook).count();
            let (more, files) = others.split_at(more);
            let rulebooks = std::iter::once(first).chain(more).cloned().collect();
            (rulebooks, files.to_vec(), first.clone())
        }
        [] => bail!("name a folder, or a rulebook and command files"),
    };
    let rulebooks = read_rulebooks(&rulebooks)?;
    let days = files.iter().map(|path| read_day(path, &rulebooks[0], dates)).collect::<Result<Vec<_>>>()?;
    for pair in days.windows(2) {
        if pair[1].date < pair[0].date {
            bail!(
                "{}: its day {} lies before that of {}",
                pair[1].path.display(),
                pair[1].date,
                pair[0].path.display()
            );
        }
    }
    let name = fs::canonicalize(&named).unwrap_or(named);
    let name = name.file_stem().map_or_else(|| "run".to_owned(), |name| name.to_string_lossy().into_owned());
    Ok(Story { rulebooks, days, name })
}

fn read_rulebooks(paths: &[PathBuf]) -> Result<Vec<Rulebook>> {
    let mut rulebooks: Vec<Rulebook> = Vec::with_capacity(paths.len());
    for path in paths {
        let rulebook = rulebook::read(path)?;
        if let Some(first) = rulebooks.first() {
            let offsets = |rulebook: &Rulebook| rulebook.versions[0].trading.calendar.offsets.clone();
            if offsets(first) != offsets(&rulebook) {
                bail!(
                    "{}: its time zone is not that of {}: a file holds one day of all its markets",
                    path.display(),
                    paths[0].display()
                );
            }
        }
        if rulebooks.iter().any(|other| other.code == rulebook.code) {
            bail!("{}: another rulebook here is also for the market {}", path.display(), rulebook.code);
        }
        rulebooks.push(rulebook);
    }
    Ok(rulebooks)
}

fn listed(folder: &Path, extension: &str) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    paths.retain(|path| path.extension().is_some_and(|found| found == extension));
    paths.sort();
    Ok(paths)
}

/// A line whose time cannot be taken.
fn wrong_time(path: &Path, number: usize, text: &str, message: String) -> anyhow::Error {
    anyhow!("{}:{number}:{}", path.display(), LineError::at(text, "time", message))
}

fn read_day(path: &Path, rulebook: &Rulebook, dates: Dates) -> Result<DayFile> {
    let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let text = match std::str::from_utf8(&bytes) {
        Ok(text) => text.strip_prefix('\u{feff}').unwrap_or(text),
        Err(error) => {
            let line = bytes[..error.valid_up_to()].iter().filter(|&&byte| byte == b'\n').count() + 1;
            bail!("{}:{line}: not UTF-8 text", path.display());
        }
    };
    let calendar = &rulebook.versions[0].trading.calendar;
    let mut day: Option<DayFile> = None;
    for (index, text) in text.lines().enumerate() {
        let number = index + 1;
        if text.trim().is_empty() || text.trim_start().starts_with('#') {
            continue;
        }
        let place = || format!("{}:{number}", path.display());
        let line = gateway::parse_line(text).map_err(|error| anyhow!("{}:{error}", place()))?;
        let date = calendar.local(line.time).0;
        let wrong = |message| wrong_time(path, number, text, message);
        dates.check_name(path, date).map_err(wrong)?;
        let day = day.get_or_insert_with(|| DayFile { path: path.to_owned(), date, lines: Vec::new() });
        if date != day.date {
            return Err(wrong(format!(
                "{date} in a file that began on {}: one file holds one market day",
                day.date
            )));
        }
        if day.lines.last().is_some_and(|last| line.time < last.line.time) {
            return Err(wrong("it lies before that of the line before it".to_owned()));
        }
        day.lines.push(Placed { number, text: text.to_owned(), line });
    }
    day.with_context(|| format!("{}: there are no commands in it", path.display()))
}
