//! The public record of the market: the three files `listed.csv`, `methods.csv` and `holidays.csv` of a directory,
//! or files of another [`Layout`], read into typed rows.
//!
//! The reader refuses what makes a file unreadable (what is no number, no date, no known column; days out of order) and
//! names the file, the line, the column, the value and what it expected. It does not judge the figures: a publisher's slip
//! is read as it stands ([`Figure::Unfit`], [`Slip`], a row that is missing), and whoever compares reports it.
//!
//! Columns are found by their name in the header; a byte order mark, CRLF line ends and blank lines are tolerated.

use std::fmt;
use std::path::Path;

use jiff::civil::Date;

pub use super::figure::{Figure, Numbers};
pub use super::layout::{LISTED_COLUMNS, Layout, METHODS_COLUMNS, Sheet, WIDE_COLUMNS};
use super::table::{Field, Table};
pub use super::table::{Malformed, RecordError};

/// One row a day and instrument: the prices of listed trading.
pub const LISTED_FILE: &str = "listed.csv";
/// One row a day, instrument and way of trading: volume and amount, with running totals.
pub const METHODS_FILE: &str = "methods.csv";
/// The weekdays without trading.
pub const HOLIDAYS_FILE: &str = "holidays.csv";

/// The whole record, days in order of date.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// The days of the record, ascending: those of either file.
    pub days: Vec<Day>,
    /// Weekdays without trading, ascending, each once. The list may reach beyond the last day of the record.
    pub holidays: Vec<Date>,
    /// Rows that stand there twice.
    pub slips: Vec<Slip>,
    /// The name of the file with the daily prices.
    pub listed_file: String,
    /// That of the file with volume and amount by way of trading; of the daily prices where these tell them.
    pub methods_file: String,
}

/// A row that the publisher wrote twice: the first of them counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slip {
    /// Its day.
    pub date: Date,
    /// Its instrument; of a holiday, the name of the file.
    pub instrument: String,
    /// `row`, or the way of trading and `.row`.
    pub column: String,
    /// Where it stands, and whether it says the same.
    pub record: String,
    /// What counts, and where it stands.
    pub counted: String,
}

/// What the record says of one day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Day {
    /// The trading day (UTC+8).
    pub date: Date,
    /// The daily prices, in file order; at most one row an instrument.
    pub listed: Vec<ListedRow>,
    /// Volume and amount, in file order; at most one row an instrument and method.
    pub methods: Vec<MethodRow>,
}

/// One row of the daily prices. A figure may be missing, or be none that can be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedRow {
    /// Line in the file, from 1 (the header).
    pub line: u64,
    /// The trading day.
    pub date: Date,
    /// The instrument's name, or that of the exchange's composite line.
    pub instrument: String,
    /// Previous close, fen a tonne; empty on an instrument's first day.
    pub previous_close_fen: Figure,
    /// Price of the first listed trade, fen a tonne; without trades the record repeats the previous close.
    pub open_fen: Figure,
    /// Highest price, fen a tonne; empty without trades.
    pub high_fen: Figure,
    /// Lowest price, fen a tonne; empty without trades.
    pub low_fen: Figure,
    /// Closing price, fen a tonne.
    pub close_fen: Figure,
    /// Listed volume, tonnes.
    pub volume_t: Figure,
    /// Listed amount, fen. Cut to whole yuan on some days: take the amount of the [`MethodRow`].
    pub amount_fen: Figure,
}
/// A way of trading.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Method {
    /// Listed trading (挂牌协议).
    Listed,
    /// Block trading (大宗协议).
    Block,
    /// One-way auction (单向竞价).
    Auction,
}

impl Method {
    /// The word of the file.
    pub fn name(self) -> &'static str {
        match self {
            Method::Listed => "listed",
            Method::Block => "block",
            Method::Auction => "auction",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One row of `methods.csv`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MethodRow {
    /// Line in the file, from 1 (the header).
    pub line: u64,
    /// The trading day.
    pub date: Date,
    /// The instrument's name, or that of the exchange's composite line.
    pub instrument: String,
    /// The way of trading.
    pub method: Method,
    /// The day's volume, tonnes.
    pub volume_t: Figure,
    /// The day's amount, fen, exact.
    pub amount_fen: Figure,
    /// Volume from the first day to this one, tonnes.
    pub total_volume_t: Figure,
    /// Amount from the first day to this one, fen.
    pub total_amount_fen: Figure,
}

/// How the two files' figures for listed trading stand to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Agreement {
    /// Same volume, same amount.
    Same,
    /// Same volume; `listed.csv` gives the amount without its fen (cut, not rounded).
    CutToYuan,
    /// The files contradict each other.
    Different,
}

impl ListedRow {
    /// Compares this row with the listed row of `methods.csv` for the same day and instrument; `None` where either lacks a
    /// figure.
    pub fn agreement(&self, exact: &MethodRow) -> Option<Agreement> {
        let (volume, amount) = (self.volume_t.get()?, self.amount_fen.get()?);
        let (exact_volume, exact_amount) = (exact.volume_t.get()?, exact.amount_fen.get()?);
        Some(if volume != exact_volume {
            Agreement::Different
        } else if amount == exact_amount {
            Agreement::Same
        } else if amount == exact_amount - exact_amount % 100 {
            Agreement::CutToYuan
        } else {
            Agreement::Different
        })
    }
}

impl Day {
    /// The rows of the instruments, without the composite line of that name (in the public record `COMCEA`).
    pub fn instruments<'a>(&'a self, composite: &'a str) -> impl Iterator<Item = &'a ListedRow> {
        self.listed.iter().filter(move |row| row.instrument != composite)
    }

    /// Every name that either file has on this day: those of the daily prices in their order, then the others.
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::with_capacity(self.listed.len());
        let all = self.listed.iter().map(|row| &row.instrument);
        for name in all.chain(self.methods.iter().map(|row| &row.instrument)) {
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
        names
    }

    /// The row of one instrument, or of the composite line.
    pub fn listed_row(&self, instrument: &str) -> Option<&ListedRow> {
        self.listed.iter().find(|row| row.instrument == instrument)
    }

    /// The volume and amount of one instrument by one method; `None` where the record has no such row (auctions
    /// have none before 2024-09-30).
    pub fn method_row(&self, instrument: &str, method: Method) -> Option<&MethodRow> {
        self.methods.iter().find(|row| row.method == method && row.instrument == instrument)
    }
}

impl Record {
    /// Reads the three files of a directory.
    ///
    /// # Errors
    /// A file cannot be read, or a line of it is not as it must be.
    pub fn read(directory: &Path) -> Result<Record, RecordError> {
        Record::read_as(&Layout::default(), directory)
    }

    /// Reads the files of a directory that are laid out otherwise.
    ///
    /// # Errors
    /// As [`Record::read`].
    pub fn read_as(layout: &Layout, directory: &Path) -> Result<Record, RecordError> {
        let file = |sheet: &Sheet| {
            let path = directory.join(&sheet.file);
            std::fs::read(&path)
                .map_err(|source| RecordError::Unreadable { file: path.display().to_string(), source })
        };
        let listed = file(&layout.listed)?;
        let methods = layout.methods.as_ref().map(file).transpose()?;
        let holidays = layout.holidays.as_ref().map(file).transpose()?;
        Ok(Record::parse_as(layout, &listed, &methods.unwrap_or_default(), &holidays.unwrap_or_default())?)
    }

    /// Reads the record from the bytes of the three files.
    ///
    /// # Errors
    /// The first line that is not as it must be.
    pub fn parse(listed: &[u8], methods: &[u8], holidays: &[u8]) -> Result<Record, Malformed> {
        Record::parse_as(&Layout::default(), listed, methods, holidays)
    }

    /// The same of files that are laid out otherwise; a file that the layout does not have is not looked at.
    ///
    /// # Errors
    /// The first line that is not as it must be.
    pub fn parse_as(
        layout: &Layout,
        listed: &[u8],
        methods: &[u8],
        holidays: &[u8],
    ) -> Result<Record, Malformed> {
        let mut reading = Reading { layout, slips: Vec::new() };
        let (listed, beside) = reading.listed(listed)?;
        let methods = match &layout.methods {
            Some(sheet) => reading.methods(sheet, methods)?,
            None => beside,
        };
        let holidays = match &layout.holidays {
            Some(sheet) => reading.holidays(sheet, holidays)?,
            None => Vec::new(),
        };
        let listed_file = layout.listed.file.clone();
        let methods_file =
            layout.methods.as_ref().map_or_else(|| listed_file.clone(), |sheet| sheet.file.clone());
        Ok(Record { days: days(listed, methods), holidays, slips: reading.slips, listed_file, methods_file })
    }
}

/// The files while they are read.
struct Reading<'a> {
    layout: &'a Layout,
    slips: Vec<Slip>,
}

impl Reading<'_> {
    /// The daily prices, and what they tell of each way of trading besides.
    fn listed(&mut self, bytes: &[u8]) -> Result<(Vec<ListedRow>, Vec<MethodRow>), Malformed> {
        let (layout, sheet) = (self.layout, &self.layout.listed);
        let mut rows: Vec<ListedRow> = Vec::new();
        let mut beside: Vec<MethodRow> = Vec::new();
        let columns = LISTED_COLUMNS.map(|name| sheet.column(name));
        let wide = Wide::of(layout);
        let mut all = [None; LISTED_COLUMNS.len() + Wide::COLUMNS];
        for (place, column) in all.iter_mut().zip(columns.into_iter().chain(wide.columns)) {
            *place = column;
        }
        Table::new(sheet, layout, bytes, all)?.each(|line, fields| {
            let [date, instrument, previous, open, high, low, close, volume, amount, more @ ..] = fields;
            let row = ListedRow {
                line,
                date: date_not_before(date, rows.last().map(|row| row.date))?,
                instrument: self.instrument(instrument)?,
                previous_close_fen: previous.price()?,
                open_fen: open.price()?,
                high_fen: high.price()?,
                low_fen: low.price()?,
                close_fen: close.price()?,
                volume_t: volume.tonnes()?,
                amount_fen: amount.amount()?,
            };
            let mut same_day = rows.iter().rev().take_while(|earlier| earlier.date == row.date);
            if let Some(earlier) = same_day.find(|earlier| earlier.instrument == row.instrument) {
                let same = ListedRow { line, ..earlier.clone() } == row;
                self.twice(&sheet.file, (row.date, &row.instrument), "row", (line, earlier.line), same);
                return Ok(());
            }
            if layout.methods.is_none() {
                beside.extend(wide.rows(&row, &more)?);
            }
            rows.push(row);
            Ok(())
        })?;
        Ok((rows, beside))
    }

    fn methods(&mut self, sheet: &Sheet, bytes: &[u8]) -> Result<Vec<MethodRow>, Malformed> {
        let layout = self.layout;
        let mut rows: Vec<MethodRow> = Vec::new();
        let columns = METHODS_COLUMNS.map(|name| sheet.column(name));
        Table::new(sheet, layout, bytes, columns)?.each(|line, fields| {
            let [date, instrument, method, volume, amount, total_volume, total_amount] = fields;
            let row = MethodRow {
                line,
                date: date_not_before(date, rows.last().map(|row| row.date))?,
                instrument: self.instrument(instrument)?,
                method: self.method(method)?,
                volume_t: volume.tonnes()?,
                amount_fen: amount.amount()?,
                total_volume_t: total_volume.tonnes()?,
                total_amount_fen: total_amount.amount()?,
            };
            let mut same_day = rows.iter().rev().take_while(|earlier| earlier.date == row.date);
            let same =
                |earlier: &&MethodRow| earlier.instrument == row.instrument && earlier.method == row.method;
            if let Some(earlier) = same_day.find(same) {
                let same = MethodRow { line, ..earlier.clone() } == row;
                let column = format!("{}.row", row.method);
                self.twice(&sheet.file, (row.date, &row.instrument), &column, (line, earlier.line), same);
                return Ok(());
            }
            rows.push(row);
            Ok(())
        })?;
        Ok(rows)
    }

    fn holidays(&mut self, sheet: &Sheet, bytes: &[u8]) -> Result<Vec<Date>, Malformed> {
        let mut dates: Vec<(Date, u64)> = Vec::new();
        Table::new(sheet, self.layout, bytes, [sheet.column("date")])?.each(|line, [field]| {
            let date = date_not_before(field, dates.last().map(|(date, _)| *date))?;
            match dates.last() {
                Some((last, before)) if *last == date => {
                    self.twice(&sheet.file, (date, &sheet.file), "date", (line, *before), true);
                }
                _ => dates.push((date, line)),
            }
            Ok(())
        })?;
        Ok(dates.into_iter().map(|(date, _)| date).collect())
    }

    fn twice(
        &mut self,
        file: &str,
        (date, instrument): (Date, &str),
        column: &str,
        (line, earlier): (u64, u64),
        same: bool,
    ) {
        let says = if same { "the same" } else { "something else" };
        self.slips.push(Slip {
            date,
            instrument: instrument.to_owned(),
            column: column.to_owned(),
            record: format!("line {line} of {file}, again and {says}"),
            counted: format!("line {earlier}"),
        });
    }

    fn instrument(&self, field: Field<'_>) -> Result<String, Malformed> {
        let name = field.name()?;
        let known = self.layout.instruments.iter().find(|(theirs, _)| theirs == name);
        Ok(known.map_or(name, |(_, ours)| ours).to_owned())
    }

    fn method(&self, field: Field<'_>) -> Result<Method, Malformed> {
        let words = &self.layout.words;
        let known = words.iter().find(|(word, _)| Some(word.as_str()) == field.value);
        known.map(|(_, method)| *method).ok_or_else(|| {
            let words: Vec<&str> = words.iter().map(|(word, _)| word.as_str()).collect();
            field.refuse(format!("a way of trading: {}", words.join(", ")))
        })
    }
}

/// The columns of the daily prices that tell a way of trading each, three times [`WIDE_COLUMNS`].
struct Wide<'a> {
    columns: [Option<&'a str>; Wide::COLUMNS],
}

impl<'a> Wide<'a> {
    const METHODS: [Method; 3] = [Method::Listed, Method::Block, Method::Auction];
    const COLUMNS: usize = 3 * WIDE_COLUMNS.len();

    fn of(layout: &'a Layout) -> Self {
        let mut columns = [None; Wide::COLUMNS];
        let names = Wide::METHODS.iter().flat_map(|method| WIDE_COLUMNS.map(|name| (*method, name)));
        for (place, (method, name)) in columns.iter_mut().zip(names) {
            let told = layout.wide.iter().filter(|(known, _)| *known == method).flat_map(|(_, told)| told);
            *place = told.into_iter().find(|(known, _)| *known == name).map(|(_, column)| column.as_str());
        }
        Wide { columns }
    }

    /// What a row tells of each way of trading. Listed trading is that of the row itself, if it has no columns of its own.
    fn rows(&self, row: &ListedRow, fields: &[Field<'_>]) -> Result<Vec<MethodRow>, Malformed> {
        let mut rows = Vec::new();
        let (line, date) = (row.line, row.date);
        for (method, fields) in Wide::METHODS.into_iter().zip(fields.chunks(WIDE_COLUMNS.len())) {
            let [volume, amount, total_volume, total_amount] = fields else { continue };
            let (mut volume_t, mut amount_fen) = (volume.tonnes()?, amount.amount()?);
            if method == Method::Listed && (&volume_t, &amount_fen) == (&Figure::Untold, &Figure::Untold) {
                (volume_t, amount_fen) = (row.volume_t.clone(), row.amount_fen.clone());
            }
            if (&volume_t, &amount_fen) == (&Figure::Untold, &Figure::Untold) {
                continue;
            }
            let (total_volume_t, total_amount_fen) = (total_volume.tonnes()?, total_amount.amount()?);
            let instrument = row.instrument.clone();
            rows.push(MethodRow {
                line,
                date,
                instrument,
                method,
                volume_t,
                amount_fen,
                total_volume_t,
                total_amount_fen,
            });
        }
        Ok(rows)
    }
}

fn date_not_before(field: Field<'_>, last: Option<Date>) -> Result<Date, Malformed> {
    let date = field.date()?;
    match last {
        Some(last) if date < last => {
            Err(field.refuse(format!("a date not before {last}, that of the row above")))
        }
        _ => Ok(date),
    }
}

/// Joins the rows of the two files, both in order of date, to the days that either of them has.
fn days(listed: Vec<ListedRow>, methods: Vec<MethodRow>) -> Vec<Day> {
    let mut days: std::collections::BTreeMap<Date, Day> = std::collections::BTreeMap::new();
    let new = |date| Day { date, listed: Vec::new(), methods: Vec::new() };
    for row in listed {
        days.entry(row.date).or_insert_with(|| new(row.date)).listed.push(row);
    }
    for row in methods {
        days.entry(row.date).or_insert_with(|| new(row.date)).methods.push(row);
    }
    days.into_values().collect()
}

#[cfg(test)]
mod tests;
