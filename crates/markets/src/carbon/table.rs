//! A CSV file by its header: columns by name, lines by number, decimals without floating point.

use std::io;

use jiff::civil::Date;

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
    pub file: &'static str,
    /// The line, from 1 (the header).
    pub line: u64,
    /// The column's name; `(row)` where the whole row is meant, `(header)` where the header is.
    pub column: &'static str,
    /// What stands there.
    pub value: String,
    /// What should stand there.
    pub expected: String,
}

/// The text of a file, and where its columns stand.
pub(super) struct Table<'a, const N: usize> {
    file: &'static str,
    text: &'a str,
    columns: [&'static str; N],
}

/// One value of a row, with all that an error says about it.
#[derive(Clone, Copy)]
pub(super) struct Field<'a> {
    file: &'static str,
    line: u64,
    column: &'static str,
    pub(super) value: &'a str,
}

impl<'a, const N: usize> Table<'a, N> {
    pub(super) fn new(
        file: &'static str,
        bytes: &'a [u8],
        columns: [&'static str; N],
    ) -> Result<Table<'a, N>, Malformed> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        match std::str::from_utf8(bytes) {
            Ok(text) => Ok(Table { file, text, columns }),
            Err(error) => {
                let (valid, rest) = bytes.split_at(error.valid_up_to());
                let line = 1 + newlines(valid);
                let value = format!("byte {:#04x}", rest.first().copied().unwrap_or_default());
                Err(Malformed { file, line, column: "(row)", value, expected: "UTF-8 text".to_owned() })
            }
        }
    }

    /// Calls `row` with the line number and the wanted fields of each row, in the order of `columns`.
    pub(super) fn each(
        &self,
        mut row: impl FnMut(u64, [Field<'_>; N]) -> Result<(), Malformed>,
    ) -> Result<(), Malformed> {
        let mut reader =
            csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(self.text.as_bytes());
        let mut lines = Lines { text: self.text.as_bytes(), at: 0, line: 1 };
        let mut record = csv::StringRecord::new();
        let mut header: Option<(usize, [usize; N])> = None;
        loop {
            let start = reader.position().byte();
            let more = reader.read_record(&mut record);
            let line = lines.line_of_row(start);
            match more {
                Ok(true) => {}
                Ok(false) if header.is_none() => {
                    return Err(self.malformed(1, "(header)", String::new(), self.columns.join(",")));
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
            let mut fields =
                self.columns.map(|column| Field { file: self.file, line, column, value: Default::default() });
            for (field, place) in fields.iter_mut().zip(places) {
                field.value = record.get(place).unwrap_or_default();
            }
            row(line, fields)?;
        }
    }

    /// Where the wanted columns stand in the header.
    fn places(&self, line: u64, header: &csv::StringRecord) -> Result<[usize; N], Malformed> {
        let mut places = [0; N];
        for (place, column) in places.iter_mut().zip(self.columns) {
            let mut found = header.iter().enumerate().filter(|(_, name)| *name == column);
            let whole = || header.iter().collect::<Vec<_>>().join(",");
            *place = match (found.next(), found.next()) {
                (Some((at, _)), None) => at,
                (None, _) => {
                    return Err(self.malformed(line, column, whole(), "a header with this column"));
                }
                (Some(_), Some(_)) => {
                    return Err(self.malformed(line, column, whole(), "a header with this column once"));
                }
            };
        }
        Ok(places)
    }

    fn malformed(
        &self,
        line: u64,
        column: &'static str,
        value: String,
        expected: impl Into<String>,
    ) -> Malformed {
        Malformed { file: self.file, line, column, value, expected: expected.into() }
    }
}

impl Field<'_> {
    pub(super) fn refuse(&self, expected: impl Into<String>) -> Malformed {
        let (file, line, column) = (self.file, self.line, self.column);
        Malformed { file, line, column, value: self.value.to_owned(), expected: expected.into() }
    }

    /// A date written year-month-day.
    pub(super) fn date(&self) -> Result<Date, Malformed> {
        parse_date(self.value).ok_or_else(|| self.refuse("a date such as 2021-07-16"))
    }

    /// A name that is not empty and has no blanks around it.
    pub(super) fn name(&self) -> Result<String, Malformed> {
        if self.value.is_empty() || self.value.trim() != self.value {
            return Err(self.refuse("a name, not empty and without blanks around it"));
        }
        Ok(self.value.to_owned())
    }

    /// A price above zero, in fen.
    pub(super) fn price(&self) -> Result<i64, Malformed> {
        match parse_fen(self.value) {
            Some(fen) if fen > 0 => Ok(fen),
            _ => Err(self.refuse("a price in CNY above zero with at most 2 decimals, such as 48.00")),
        }
    }

    /// A price, or nothing.
    pub(super) fn price_if_any(&self) -> Result<Option<i64>, Malformed> {
        if self.value.is_empty() { Ok(None) } else { self.price().map(Some) }
    }

    /// An amount of zero or more, in fen.
    pub(super) fn amount(&self) -> Result<i64, Malformed> {
        parse_fen(self.value).ok_or_else(|| {
            self.refuse("an amount in CNY, zero or more, with at most 2 decimals, such as 490000.00")
        })
    }

    /// Whole tonnes, zero or more.
    pub(super) fn tonnes(&self) -> Result<i64, Malformed> {
        parse_digits(self.value).ok_or_else(|| self.refuse("whole tonnes, zero or more, such as 5000"))
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
    let year = i16::try_from(parse_digits(year)?).ok()?;
    let month = i8::try_from(parse_digits(month)?).ok()?;
    let day = i8::try_from(parse_digits(day)?).ok()?;
    Date::new(year, month, day).ok()
}

/// CNY with at most two decimals, exactly, in fen. No sign, no exponent, no grouping.
fn parse_fen(text: &str) -> Option<i64> {
    let (yuan, cents) = match text.split_once('.') {
        None => (text, 0),
        Some((yuan, decimals)) => {
            let cents = parse_digits(decimals)?;
            match decimals.len() {
                1 => (yuan, cents * 10),
                2 => (yuan, cents),
                _ => return None,
            }
        }
    };
    parse_digits(yuan)?.checked_mul(100)?.checked_add(cents)
}

/// One or more ASCII digits.
fn parse_digits(text: &str) -> Option<i64> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fen_are_exact() {
        assert_eq!(parse_fen("48.00"), Some(4_800));
        assert_eq!(parse_fen("0.1"), Some(10));
        assert_eq!(parse_fen("7"), Some(700));
        assert_eq!(parse_fen("92233720368547758.07"), Some(i64::MAX));
        let refused = [
            "",
            ".",
            "1.",
            ".5",
            "-1",
            "+1",
            "1.234",
            "1.000",
            "1e3",
            "1,000",
            " 1",
            "１",
            "92233720368547758.08",
        ];
        for text in refused {
            assert_eq!(parse_fen(text), None, "{text:?}");
        }
    }

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
