//! What a comparison of the record with the engine's price list came to, for programs and for people.

use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write;

/// A place where the record and the engine differ, or that the engine could not be brought to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Exception {
    /// The day of the row.
    pub date: String,
    /// The line of the price list.
    pub instrument: String,
    /// The column: of listed.csv by its name, of methods.csv behind the method (`block.amount`).
    pub column: String,
    /// What the record says.
    pub record: String,
    /// What the engine says.
    pub engine: String,
    /// Why.
    pub reason: String,
}

/// A reference price that the operator set to the published figure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Corrected {
    /// The day whose close it is, or whose reference, before its trading began.
    pub date: String,
    /// The line of the price list.
    pub line: String,
    /// As computed.
    pub from: String,
    /// As published.
    pub to: String,
    /// Why.
    pub reason: String,
}

/// The outcome of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// The first day compared.
    pub from: String,
    /// The last day compared.
    pub to: String,
    /// Days of the record.
    pub days: u64,
    /// Rows of listed.csv and methods.csv.
    pub rows: u64,
    /// Rows of which every column that the record determines agrees.
    pub rows_matched: u64,
    /// Columns of these rows: previous close, open, high, low, close, volume and amount of listed.csv; volume, amount and
    /// their running totals of methods.csv.
    pub columns: u64,
    /// Columns that agree.
    pub columns_matched: u64,
    /// Columns that the record does not determine.
    pub columns_undetermined: u64,
    /// The same by column.
    pub undetermined: BTreeMap<String, u64>,
    /// Columns of days that no trades can make: the exception is reported once.
    pub columns_not_made: u64,
    /// Amounts of listed.csv that are cut to whole yuan: they agree when the engine's amount, so cut, is the same.
    pub amounts_cut_to_yuan: u64,
    /// Where the two differ.
    pub exceptions: Vec<Exception>,
    /// The operator's corrections of reference prices.
    pub corrections: Vec<Corrected>,
    /// What else a reader should know.
    pub notes: Vec<String>,
    /// Trades in the log.
    pub trades: u64,
    /// Commands that the record asks for.
    pub commands: u64,
    /// How many of them were in the log before this run.
    pub already_in_log: u64,
    /// Records in the log.
    pub records: u64,
    /// Every asset's holdings are what was issued less what was retired, and nothing is negative.
    pub conserved: bool,
    /// The digest of the log.
    pub digest: String,
}

impl Outcome {
    /// The outcome as people read it.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = self.write(&mut text);
        text
    }

    fn write(&self, out: &mut String) -> std::fmt::Result {
        let Self { from, to, days, rows, rows_matched, columns, columns_matched, .. } = self;
        writeln!(out, "{days} days of the record, {from} to {to}")?;
        writeln!(out, "{rows_matched} of {rows} rows agree, {columns_matched} of {columns} columns")?;
        let list: Vec<String> =
            self.undetermined.iter().map(|(column, count)| format!("{column} {count}")).collect();
        if !list.is_empty() {
            let count = self.columns_undetermined;
            writeln!(out, "{count} columns are not determined by the record ({})", list.join(", "))?;
        }
        if self.columns_not_made > 0 {
            writeln!(out, "{} columns belong to days that no trades can make", self.columns_not_made)?;
        }
        if self.amounts_cut_to_yuan > 0 {
            let count = self.amounts_cut_to_yuan;
            writeln!(out, "{count} amounts of listed.csv are cut to whole yuan, and agree so far")?;
        }
        match self.exceptions.len() {
            0 => writeln!(out, "no exception")?,
            1 => writeln!(out, "1 exception")?,
            count => writeln!(out, "{count} exceptions")?,
        }
        for Exception { date, instrument, column, record, engine, reason } in &self.exceptions {
            writeln!(out, "  {date} {instrument} {column}: record {record}, engine {engine}")?;
            writeln!(out, "    {reason}")?;
        }
        if !self.corrections.is_empty() {
            writeln!(out, "reference prices corrected by the operator: {}", self.corrections.len())?;
        }
        for Corrected { date, line, from, to, reason } in &self.corrections {
            writeln!(out, "  {date} {line}: {from} to {to}, {reason}")?;
        }
        for note in &self.notes {
            writeln!(out, "note: {note}")?;
        }
        let Self { trades, commands, records, .. } = self;
        writeln!(out, "{trades} trades, {commands} commands, {records} records in the log")?;
        match self.already_in_log {
            0 => {}
            known if known == *commands => {
                writeln!(out, "already in the log: all {known} commands; nothing was changed")?;
            }
            known => writeln!(out, "already in the log: {known} commands; {} are new", commands - known)?,
        }
        let conserved = if self.conserved { "add up" } else { "DO NOT ADD UP" };
        writeln!(out, "holdings and cash {conserved}")?;
        writeln!(out, "digest {}", self.digest)
    }
}
