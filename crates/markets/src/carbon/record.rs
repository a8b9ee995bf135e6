//! The public record of the market: the three files `listed.csv`, `methods.csv` and `holidays.csv` of a directory,
//! read into typed rows.
//!
//! The reader refuses what is malformed and names the file, the line, the column, the value and what it expected. It
//! does not judge the figures: a day that no trades could have made is read as it stands, and
//! [`super::reconstruct`] says why it is impossible.
//!
//! Columns are found by their name in the header; further columns are ignored; a byte order mark, CRLF line ends
//! and blank lines are tolerated.

use std::fmt;
use std::path::Path;

use jiff::civil::Date;

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
    /// The days of the record, ascending.
    pub days: Vec<Day>,
    /// Weekdays without trading, ascending. The list may reach beyond the last day of the record.
    pub holidays: Vec<Date>,
}

/// What the record says of one day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Day {
    /// The trading day (UTC+8).
    pub date: Date,
    /// The rows of `listed.csv`, in file order; at most one an instrument.
    pub listed: Vec<ListedRow>,
    /// The rows of `methods.csv`, in file order; at most one an instrument and method.
    pub methods: Vec<MethodRow>,
}

/// One row of `listed.csv`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedRow {
    /// Line in the file, from 1 (the header).
    pub line: u64,
    /// The trading day.
    pub date: Date,
    /// The instrument's name, or that of the exchange's composite line.
    pub instrument: String,
    /// Previous close, fen a tonne; empty on an instrument's first day.
    pub previous_close_fen: Option<i64>,
    /// Price of the first listed trade, fen a tonne; without trades the record repeats the previous close.
    pub open_fen: i64,
    /// Highest price, fen a tonne; empty without trades.
    pub high_fen: Option<i64>,
    /// Lowest price, fen a tonne; empty without trades.
    pub low_fen: Option<i64>,
    /// Closing price, fen a tonne.
    pub close_fen: i64,
    /// Listed volume, tonnes.
    pub volume_t: i64,
    /// Listed amount, fen. Cut to whole yuan on some days: take the amount of the [`MethodRow`].
    pub amount_fen: i64,
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

    fn named(name: &str) -> Option<Method> {
        [Method::Listed, Method::Block, Method::Auction].into_iter().find(|method| method.name() == name)
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
    pub volume_t: i64,
    /// The day's amount, fen, exact.
    pub amount_fen: i64,
    /// Volume from the first day to this one, tonnes.
    pub total_volume_t: i64,
    /// Amount from the first day to this one, fen.
    pub total_amount_fen: i64,
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
    /// Compares this row with the listed row of `methods.csv` for the same day and instrument.
    pub fn agreement(&self, exact: &MethodRow) -> Agreement {
        if self.volume_t != exact.volume_t {
            Agreement::Different
        } else if self.amount_fen == exact.amount_fen {
            Agreement::Same
        } else if self.amount_fen == exact.amount_fen - exact.amount_fen % 100 {
            Agreement::CutToYuan
        } else {
            Agreement::Different
        }
    }
}

impl Day {
    /// The rows of the instruments, without the composite line of that name (in the public record `COMCEA`).
    pub fn instruments<'a>(&'a self, composite: &'a str) -> impl Iterator<Item = &'a ListedRow> {
        self.listed.iter().filter(move |row| row.instrument != composite)
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
        let file = |name: &str| {
            let path = directory.join(name);
            std::fs::read(&path)
                .map_err(|source| RecordError::Unreadable { file: path.display().to_string(), source })
        };
        Ok(Record::parse(&file(LISTED_FILE)?, &file(METHODS_FILE)?, &file(HOLIDAYS_FILE)?)?)
    }

    /// Reads the record from the bytes of the three files.
    ///
    /// # Errors
    /// The first line that is not as it must be.
    pub fn parse(listed: &[u8], methods: &[u8], holidays: &[u8]) -> Result<Record, Malformed> {
        let listed = listed_rows(listed)?;
        let methods = method_rows(methods)?;
        Ok(Record { days: days(listed, methods)?, holidays: holiday_dates(holidays)? })
    }
}

fn listed_rows(bytes: &[u8]) -> Result<Vec<ListedRow>, Malformed> {
    const COLUMNS: [&str; 9] = [
        "date",
        "instrument",
        "previous_close_cny",
        "open_cny",
        "high_cny",
        "low_cny",
        "close_cny",
        "volume_t",
        "amount_cny",
    ];
    let mut rows: Vec<ListedRow> = Vec::new();
    Table::new(LISTED_FILE, bytes, COLUMNS)?.each(|line, fields| {
        let [date, instrument, previous_close, open, high, low, close, volume, amount] = fields;
        let row = ListedRow {
            line,
            date: date_not_before(date, rows.last().map(|row| row.date))?,
            instrument: instrument.name()?,
            previous_close_fen: previous_close.price_if_any()?,
            open_fen: open.price()?,
            high_fen: high.price_if_any()?,
            low_fen: low.price_if_any()?,
            close_fen: close.price()?,
            volume_t: volume.tonnes()?,
            amount_fen: amount.amount()?,
        };
        let mut same_day = rows.iter().rev().take_while(|earlier| earlier.date == row.date);
        if let Some(earlier) = same_day.find(|earlier| earlier.instrument == row.instrument) {
            return Err(
                instrument.refuse(format!("one row a day and instrument; line {} is the same", earlier.line))
            );
        }
        rows.push(row);
        Ok(())
    })?;
    Ok(rows)
}

fn method_rows(bytes: &[u8]) -> Result<Vec<MethodRow>, Malformed> {
    const COLUMNS: [&str; 7] =
        ["date", "instrument", "method", "volume_t", "amount_cny", "total_volume_t", "total_amount_cny"];
    let mut rows: Vec<MethodRow> = Vec::new();
    Table::new(METHODS_FILE, bytes, COLUMNS)?.each(|line, fields| {
        let [date, instrument, method, volume, amount, total_volume, total_amount] = fields;
        let row = MethodRow {
            line,
            date: date_not_before(date, rows.last().map(|row| row.date))?,
            instrument: instrument.name()?,
            method: Method::named(method.value).ok_or_else(|| method.refuse("listed, block or auction"))?,
            volume_t: volume.tonnes()?,
            amount_fen: amount.amount()?,
            total_volume_t: total_volume.tonnes()?,
            total_amount_fen: total_amount.amount()?,
        };
        let mut same_day = rows.iter().rev().take_while(|earlier| earlier.date == row.date);
        let same =
            |earlier: &&MethodRow| earlier.instrument == row.instrument && earlier.method == row.method;
        if let Some(earlier) = same_day.find(same) {
            let expected = format!("one row a day, instrument and method; line {} is the same", earlier.line);
            return Err(method.refuse(expected));
        }
        rows.push(row);
        Ok(())
    })?;
    Ok(rows)
}

fn holiday_dates(bytes: &[u8]) -> Result<Vec<Date>, Malformed> {
    let mut dates: Vec<Date> = Vec::new();
    Table::new(HOLIDAYS_FILE, bytes, ["date"])?.each(|_, [field]| {
        let date = date_not_before(field, dates.last().copied())?;
        if dates.last() == Some(&date) {
            return Err(field.refuse("each holiday once"));
        }
        dates.push(date);
        Ok(())
    })?;
    Ok(dates)
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

/// Joins the rows of the two files, both in order of date, to days. Every row of `listed.csv` has its row for
/// listed trading in `methods.csv`, and every row of `methods.csv` its row in `listed.csv`.
fn days(listed: Vec<ListedRow>, methods: Vec<MethodRow>) -> Result<Vec<Day>, Malformed> {
    let mut days: Vec<Day> = Vec::new();
    for row in listed {
        match days.last_mut() {
            Some(day) if day.date == row.date => day.listed.push(row),
            _ => days.push(Day { date: row.date, listed: vec![row], methods: Vec::new() }),
        }
    }
    let mut at = 0;
    for row in methods {
        while days.get(at).is_some_and(|day| day.date < row.date) {
            at += 1;
        }
        match days.get_mut(at) {
            Some(day) if day.date == row.date && day.listed_row(&row.instrument).is_some() => {
                day.methods.push(row)
            }
            _ => {
                return Err(Malformed {
                    file: METHODS_FILE,
                    line: row.line,
                    column: "instrument",
                    value: row.instrument,
                    expected: format!("an instrument that {LISTED_FILE} has on {}", row.date),
                });
            }
        }
    }
    for day in &days {
        for row in &day.listed {
            if day.method_row(&row.instrument, Method::Listed).is_none() {
                return Err(Malformed {
                    file: LISTED_FILE,
                    line: row.line,
                    column: "instrument",
                    value: row.instrument.clone(),
                    expected: format!(
                        "an instrument that {METHODS_FILE} has with method listed on {}",
                        row.date
                    ),
                });
            }
        }
    }
    Ok(days)
}

#[cfg(test)]
mod tests;
