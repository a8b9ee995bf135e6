//! A figure as a publisher printed it: a number, nothing, or a number that cannot be what it stands for.

/// One cell of the record. Only what is no number at all makes a file unreadable; a number that cannot be right is kept
/// with its text, so that whoever compares can report it.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Figure {
    /// A number: fen, or tonnes.
    Of(i64),
    /// The cell is empty.
    #[default]
    Absent,
    /// The record has no such column.
    Untold,
    /// A number that this column cannot hold: a price of zero, a volume below zero, half a fen.
    Unfit {
        /// As it stands in the file.
        text: String,
        /// Why it cannot be right.
        why: &'static str,
    },
}

impl Figure {
    /// The number, if it can be used.
    pub fn get(&self) -> Option<i64> {
        match self {
            Figure::Of(number) => Some(*number),
            _ => None,
        }
    }
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// CNY a tonne, above zero.
    Price,
    /// CNY, zero or more.
    Amount,
    /// Whole tonnes, zero or more.
    Tonnes,
}

impl Kind {
    /// What an error says was expected.
    pub(super) fn expected(self) -> &'static str {
        match self {
            Kind::Price => "a number, a price in CNY such as 48.00",
            Kind::Amount => "a number, an amount in CNY such as 490000.00",
            Kind::Tonnes => "a number, whole tonnes such as 5000",
        }
    }

    fn decimals(self) -> usize {
        if self == Kind::Tonnes { 0 } else { 2 }
    }
}

/// How numbers are written in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Numbers {
    /// Between whole and decimals.
    pub point: char,
    /// Between groups of digits; none: digits are not grouped.
    pub thousands: Option<char>,
    /// What stands where there is no figure, besides nothing: `-`, `--`.
    pub empty: Vec<String>,
}

impl Default for Numbers {
    fn default() -> Self {
        Numbers { point: '.', thousands: None, empty: Vec::new() }
    }
}

impl Numbers {
    /// Reads a cell; `None` if it is no number. No exponent, no plus sign. Zeros at the end of the decimals change nothing:
    /// 52.800 is 52.80.
    pub(super) fn read(&self, text: &str, kind: Kind) -> Option<Figure> {
        if text.is_empty() || self.empty.iter().any(|empty| empty == text) {
            return Some(Figure::Absent);
        }
        let unfit = |why| Some(Figure::Unfit { text: text.to_owned(), why });
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, decimals) = match digits.split_once(self.point) {
            Some((whole, decimals)) if all_digits(decimals) => (whole, decimals.trim_end_matches('0')),
            Some(_) => return None,
            None => (digits, ""),
        };
        let whole = self.ungrouped(whole)?;
        if decimals.len() > kind.decimals() {
            return unfit(match kind {
                Kind::Tonnes => "it is not in whole tonnes",
                Kind::Price | Kind::Amount => "it is finer than 0.01 CNY",
            });
        }
        let padded = format!("{whole}{decimals:0<width$}", width = kind.decimals());
        match padded.parse::<i64>() {
            Err(_) => unfit("it is too large to be counted"),
            Ok(number) if negative && number != 0 => unfit("it is below zero"),
            Ok(0) if kind == Kind::Price => unfit("a price is above zero"),
            Ok(number) => Some(Figure::Of(number)),
        }
    }

    /// The digits without what groups them by three.
    fn ungrouped(&self, whole: &str) -> Option<String> {
        let Some(mark) = self.thousands.filter(|mark| whole.contains(*mark)) else {
            return all_digits(whole).then(|| whole.to_owned());
        };
        let mut groups = whole.split(mark);
        let first = groups.next()?;
        let well_grouped = all_digits(first)
            && first.len() <= 3
            && groups.clone().all(|group| group.len() == 3 && all_digits(group));
        well_grouped.then(|| whole.replace(mark, ""))
    }
}

/// One or more ASCII digits.
pub(super) fn all_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, kind: Kind) -> Option<Figure> {
        Numbers::default().read(text, kind)
    }

    fn why(text: &str, kind: Kind) -> &'static str {
        match read(text, kind) {
            Some(Figure::Unfit { text: kept, why }) if kept == text => why,
            other => panic!("{text:?} is {other:?}"),
        }
    }

    #[test]
    fn fen_are_exact() {
        let numbers = [
            ("48.00", 4_800),
            ("52.800", 5_280),
            ("52.8", 5_280),
            ("0.1", 10),
            ("7", 700),
            ("007.50", 750),
            ("1.00000000000000000000000000", 100),
            ("92233720368547758.07", i64::MAX),
        ];
        for (text, fen) in numbers {
            assert_eq!(read(text, Kind::Price), Some(Figure::Of(fen)), "{text:?}");
            assert_eq!(read(text, Kind::Amount), Some(Figure::Of(fen)), "{text:?}");
        }
        assert_eq!(read("5000.0", Kind::Tonnes), Some(Figure::Of(5_000)));
        assert_eq!(read("-0.00", Kind::Amount), Some(Figure::Of(0)));
        assert_eq!(read("", Kind::Tonnes), Some(Figure::Absent));
    }

    #[test]
    fn numbers_that_cannot_be_right_are_kept() {
        assert_eq!(why("0.00", Kind::Price), "a price is above zero");
        assert_eq!(why("-48.00", Kind::Price), "it is below zero");
        assert_eq!(why("48.005", Kind::Price), "it is finer than 0.01 CNY");
        assert_eq!(why("-1", Kind::Tonnes), "it is below zero");
        assert_eq!(why("1.5", Kind::Tonnes), "it is not in whole tonnes");
        assert_eq!(why("92233720368547758.08", Kind::Amount), "it is too large to be counted");
        assert_eq!(why("99999999999999999999", Kind::Tonnes), "it is too large to be counted");
    }

    #[test]
    fn what_is_no_number() {
        let refused =
            [".", "1.", ".5", "+1", "1e3", "1,000", " 1", "１", "n/a", "-", "--1", "1.-5", "1.2.3", "0x10"];
        for text in refused {
            for kind in [Kind::Price, Kind::Amount, Kind::Tonnes] {
                assert_eq!(read(text, kind), None, "{text:?}");
            }
        }
    }

    #[test]
    fn other_ways_to_write_numbers() {
        let numbers =
            Numbers { point: ',', thousands: Some('.'), empty: vec!["-".to_owned(), "n/a".to_owned()] };
        let read = |text| numbers.read(text, Kind::Amount);
        assert_eq!(read("1.234.567,8"), Some(Figure::Of(123_456_780)));
        assert_eq!(read("1234567,80"), Some(Figure::Of(123_456_780)));
        assert_eq!((read("-"), read("n/a")), (Some(Figure::Absent), Some(Figure::Absent)));
        for text in ["1.23,4", "12.3456", "1234.567,00", "1,2,3", ".123,0"] {
            assert_eq!(read(text), None, "{text:?}");
        }
    }
}
