//! How the files of a record are laid out: which file has which columns, and how they are called there.

use super::figure::Numbers;
use super::record::Method;

/// Columns of the daily prices, by the names that this project gives them; those after `instrument` may be missing in a
/// record of another layout, but for the close.
pub const LISTED_COLUMNS: [&str; 9] = [
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
/// Columns of volume and amount by way of trading; the running totals may be missing.
pub const METHODS_COLUMNS: [&str; 7] =
    ["date", "instrument", "method", "volume_t", "amount_cny", "total_volume_t", "total_amount_cny"];
/// Columns that the daily prices may have for a way of trading, where a record has no file of its own for these.
pub const WIDE_COLUMNS: [&str; 4] = ["volume_t", "amount_cny", "total_volume_t", "total_amount_cny"];

/// One file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sheet {
    /// Its name in the record's folder.
    pub file: String,
    /// Between two values.
    pub separator: u8,
    /// What each column is called there, by the name it has here; a column that is not named is not in the record.
    pub columns: Vec<(&'static str, String)>,
    /// Columns that the file has besides, and that are left out. Any other column is refused.
    pub ignore: Vec<String>,
}

impl Sheet {
    /// A file whose columns are called as they are here.
    pub fn plain(file: &str, columns: &[&'static str]) -> Sheet {
        let columns = columns.iter().map(|name| (*name, (*name).to_owned())).collect();
        Sheet { file: file.to_owned(), separator: b',', columns, ignore: Vec::new() }
    }

    /// What a column is called in the file.
    pub fn column(&self, name: &str) -> Option<&str> {
        self.columns.iter().find(|(known, _)| *known == name).map(|(_, column)| column.as_str())
    }
}

/// The layout of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Daily prices: one row a day and instrument.
    pub listed: Sheet,
    /// Volume and amount by way of trading: one row a day, instrument and way; or none.
    pub methods: Option<Sheet>,
    /// Where there is no such file: the columns of the daily prices that tell a way of trading, of [`WIDE_COLUMNS`].
    pub wide: Vec<(Method, Vec<(&'static str, String)>)>,
    /// The weekdays without trading, or none.
    pub holidays: Option<Sheet>,
    /// The words of the file for the ways of trading.
    pub words: Vec<(String, Method)>,
    /// Instruments that are called otherwise there: the name there, the name here.
    pub instruments: Vec<(String, String)>,
    /// How dates are written, as `strptime` has it.
    pub dates: String,
    /// How numbers are written.
    pub numbers: Numbers,
}

impl Default for Layout {
    fn default() -> Self {
        let words = [Method::Listed, Method::Block, Method::Auction];
        Layout {
            listed: Sheet::plain(super::record::LISTED_FILE, &LISTED_COLUMNS),
            methods: Some(Sheet::plain(super::record::METHODS_FILE, &METHODS_COLUMNS)),
            wide: Vec::new(),
            holidays: Some(Sheet::plain(super::record::HOLIDAYS_FILE, &["date"])),
            words: words.map(|method| (method.name().to_owned(), method)).to_vec(),
            instruments: Vec::new(),
            dates: "%Y-%m-%d".to_owned(),
            numbers: Numbers::default(),
        }
    }
}
