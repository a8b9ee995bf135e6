//! A CSV file by its header: columns by name, lines by number, decimals without floating point.

use std::io;

use jiff::civil::Date;

use super::figure::{Figure, Kind, Numbers, all_digits};
use super::layout::{Layout, Sheet};

/// Why the record could not be read.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// A file is missing or cannot be read.
    #[error("{file}: cannot be read")]
    Unreadable {
        /// The path as given.
        file: String,
        /// What the operating system said.
        source: io::Error,
    },
    /// A file does not say what it should.
    #[error(transparent)]
    Malformed(#[from] Malformed),
}

/// One place in a file that does not hold what it should.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}, line {line}, column {column}: {value:?}, expected {expected}")]
pub struct Malformed {
    /// The file's name.
    pub file: String,
    /// The line, from 1 (the header).
    pub line: u64,
    /// The column's name; `(row)` where the whole row is meant, `(header)` where the header is.
    pub column: String,
    /// What stands there.
    pub value: String,
    /// What should stand there.
    pub expected: String,
}

/// The text of a file, and where its columns stand.
pub(super) struct Table<'a, const N: usize> {
    sheet: &'a Sheet,
    layout: &'a Layout,
    text: &'a str,
    /// What the wanted columns are called in the file, if it has them.
    columns: [Option<&'a str>; N],
}

/// One value of a row, with all that an error says about it.
#[derive(Clone, Copy)]
pub(super) struct Field<'a> {
    layout: &'a Layout,
    file: &'a str,
    pub(super) line: u64,
    column: &'a str,
    /// Nothing where the record has no such column.
    pub(super) value: Option<&'a str>,
}

impl<'a, const N: usize> Table<'a, N> {
    pub(super) fn new(
        sheet: &'a Sheet,
        layout: &'a Layout,
        bytes: &'a [u8],
        columns: [Option<&'a str>; N],
    ) -> Result<Table<'a, N>, Malformed> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        match std::str::from_utf8(bytes) {
            Ok(text) => Ok(Table { sheet, layout, text, columns }),
            Err(error) => {
                let (valid, rest) = bytes.split_at(error.valid_up_to());
                let line = 1 + newlines(valid);
                let value = format!("byte {:#04x}", rest.first().copied().unwrap_or_default());
                let (file, column) = (sheet.file.clone(), "(row)".to_owned());
                Err(Malformed { file, line, column, value, expected: "UTF-8 text".to_owned() })
            }
        }
    }

    /// Calls `row` with the line number and the wanted fields of each row, in the order of `columns`.
    pub(super) fn each(
        &self,
        mut row: impl FnMut(u64, [Field<'_>; N]) -> Result<(), Malformed>,
    ) -> Result<(), Malformed> {
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(self.sheet.separator)
            .from_reader(self.text.as_bytes());
        let mut lines = Lines { text: self.text.as_bytes(), at: 0, line: 1 };
        let mut record = csv::StringRecord::new();
        let mut header: Option<(usize, [Option<usize>; N])> = None;
        loop {
            let start = reader.position().byte();
            let more = reader.read_record(&mut record);
            let line = lines.line_of_row(start);
            match more {
                Ok(true) => {}
                Ok(false) if header.is_none() => {
                    let wanted: Vec<&str> = self.columns.iter().flatten().copied().collect();
                    return Err(self.malformed(1, "(header)", String::new(), wanted.join(",")));
                }
                Ok(false) => return Ok(()),
                Err(error) => {
                    return Err(self.malformed(
                        line,
                        "(row)",
                        error.to_string(),
                        "a row of comma-separated values",
                    ));
                }
            }
            let Some((width, places)) = header else {
                header = Some((record.len(), self.places(line, &record)?));
                continue;
            };
            if record.len() != width {
                let expected = format!("{width} values, as many as the header has, not {}", record.len());
                let value = record.iter().collect::<Vec<_>>().join(",");
                return Err(self.malformed(line, "(row)", value, expected));
            }
            let (layout, file) = (self.layout, self.sheet.file.as_str());
            let mut fields = self.columns.map(|column| {
                let column = column.unwrap_or_default();
                Field { layout, file, line, column, value: None }
            });
            for (field, place) in fields.iter_mut().zip(places) {
                field.value = place.map(|place| record.get(place).unwrap_or_default());
            }
            row(line, fields)?;
        }
    }

    /// Where the wanted columns stand in the header, which has each of them once and no other.
    fn places(&self, line: u64, header: &csv::StringRecord) -> Result<[Option<usize>; N], Malformed> {
        let known = |name: &str| {
            self.columns.iter().flatten().any(|column| *column == name)
                || self.sheet.columns.iter().any(|(_, column)| column == name)
                || self.layout.wide.iter().flat_map(|(_, columns)| columns).any(|(_, column)| column == name)
                || self.sheet.ignore.iter().any(|column| column == name)
        };
        let whole = || header.iter().collect::<Vec<_>>().join(",");
        let unknown: Vec<&str> = header.iter().filter(|name| !known(name)).collect();
        let mut places = [None; N];
        for (place, column) in places.iter_mut().zip(self.columns) {
            let Some(column) = column else { continue };
            let mut found = header.iter().enumerate().filter(|(_, name)| *name == column);
            *place = match (found.next(), found.next()) {
                (Some((at, _)), None) => Some(at),
                (None, _) => {
                    let but = match unknown.first() {
                        Some(other) => format!("; the column {other:?} is not known"),
                        None => String::new(),
                    };
                    let expected = format!("a header with this column{but}");
                    return Err(self.malformed(line, column, whole(), expected));
                }
                (Some(_), Some(_)) => {
                    return Err(self.malformed(line, column, whole(), "a header with this column once"));
                }
            };
        }
        match unknown.first() {
            None => Ok(places),
            Some(column) => {
                let known: Vec<&str> = self.columns.iter().flatten().copied().collect();
                let expected = format!("a known column: {}", known.join(", "));
                Err(self.malformed(line, column, whole(), expected))
            }
        }
    }

    fn malformed(&self, line: u64, column: &str, value: String, expected: impl Into<String>) -> Malformed {
        let (file, column) = (self.sheet.file.clone(), column.to_owned());
        Malformed { file, line, column, value, expected: expected.into() }
    }
}

impl Field<'_> {
    pub(super) fn refuse(&self, expected: impl Into<String>) -> Malformed {
        let (file, line, column) = (self.file.to_owned(), self.line, self.column.to_owned());
        let value = self.value.unwrap_or_default().to_owned();
        Malformed { file, line, column, value, expected: expected.into() }
    }

    /// A date, written as the layout says.
    pub(super) fn date(&self) -> Result<Date, Malformed> {
        let (text, form) = (self.value.unwrap_or_default(), self.layout.dates.as_str());
        let date = match form {
            "%Y-%m-%d" => parse_date(text),
            other => Date::strptime(other, text).ok(),
        };
        date.ok_or_else(|| {
            let example = Date::constant(2021, 7, 16).strftime(form).to_string();
            self.refuse(format!("a date such as {example}"))
        })
    }

    /// A name that is not empty and has no blanks around it.
    pub(super) fn name(&self) -> Result<&str, Malformed> {
        match self.value {
            Some(name) if !name.is_empty() && name.trim() == name => Ok(name),
            _ => Err(self.refuse("a name, not empty and without blanks around it")),
        }
    }

    pub(super) fn price(&self) -> Result<Figure, Malformed> {
        self.figure(Kind::Price)
    }

    pub(super) fn amount(&self) -> Result<Figure, Malformed> {
        self.figure(Kind::Amount)
    }

    pub(super) fn tonnes(&self) -> Result<Figure, Malformed> {
        self.figure(Kind::Tonnes)
    }

    fn figure(&self, kind: Kind) -> Result<Figure, Malformed> {
        let Some(text) = self.value else { return Ok(Figure::Untold) };
        let numbers: &Numbers = &self.layout.numbers;
        numbers.read(text, kind).ok_or_else(|| self.refuse(kind.expected()))
    }
}

/// Follows the reader through the text: the reader counts lines by LF as it consumes them, which puts it one line
/// behind after CRLF and after blank lines.
struct Lines<'a> {
    text: &'a [u8],
    at: usize,
    line: u64,
}

impl Lines<'_> {
    /// The line of the first byte at or after `start` that is not a line end. Starts must not decrease.
    fn line_of_row(&mut self, start: u64) -> u64 {
        let start = usize::try_from(start).unwrap_or(usize::MAX);
        while let Some(byte) = self.text.get(self.at) {
            let blank = matches!(byte, b'\r' | b'\n');
            if self.at >= start && !blank {
                break;
            }
            self.line += u64::from(*byte == b'\n');
            self.at += 1;
        }
        self.line
    }
}

fn newlines(bytes: &[u8]) -> u64 {
    bytes.iter().map(|byte| u64::from(*byte == b'\n')).sum()
}

/// Exactly `YYYY-MM-DD`.
fn parse_date(text: &str) -> Option<Date> {
    let mut parts = text.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || year.len() != 4 || month.len() != 2 || day.len() != 2 {
        return None;
    }
    if ![year, month, day].into_iter().all(all_digits) {
        return None;
    }
    Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_strict() {
        assert_eq!(parse_date("2024-02-29"), Date::new(2024, 2, 29).ok());
        for text in
            ["", "2023-02-29", "20240229", "2024-2-29", "2024-02-29T00:00", "2024-02-+9", "2024/02/29"]
        {
            assert_eq!(parse_date(text), None, "{text:?}");
        }
    }
}
