//! Decimal numbers as people write them, converted exactly to integers or refused.

/// Why a number is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Not digits with at most one point between them.
    Form,
    /// It has more decimals than there is room for.
    TooFine,
    /// It does not fit.
    TooLarge,
}

/// A whole number that is not negative: digits alone, without a sign.
#[must_use]
pub fn whole<T: std::str::FromStr>(text: &str) -> Option<T> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|_| digits)
}

/// `text` in units of `10^-decimals`. There is no sign: nobody enters a negative number. Zeros in front, and zeros behind the last decimal
/// that counts, are the same number.
///
/// # Errors
/// See [`Refusal`].
pub fn units(text: &str, decimals: u8) -> Result<i64, Refusal> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(fraction) {
        return Err(Refusal::Form);
    }
    let room = usize::from(decimals).min(fraction.len());
    let (kept, cut) = fraction.split_at(room);
    if cut.bytes().any(|b| b != b'0') {
        return Err(Refusal::TooFine);
    }
    let padding = std::iter::repeat_n(b'0', usize::from(decimals) - room);
    let add = |sum: i64, digit: u8| sum.checked_mul(10)?.checked_add(i64::from(digit - b'0'));
    whole.bytes().chain(kept.bytes()).chain(padding).try_fold(0, add).ok_or(Refusal::TooLarge)
}

/// An amount in units of `10^-decimals` as people write it, every decimal shown.
#[must_use]
pub fn text(units: i128, decimals: u8) -> String {
    let sign = if units < 0 { "-" } else { "" };
    let decimals = usize::from(decimals);
    let digits = format!("{:0>width$}", units.unsigned_abs(), width = decimals + 1);
    let (whole, fraction) = digits.split_at(digits.len() - decimals);
    if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_or_refused() {
        for (text, decimals, result) in [
            ("48.00", 2, Ok(4_800)),
            ("48", 2, Ok(4_800)),
            ("48.000", 2, Ok(4_800)),
            ("52.800", 2, Ok(5_280)),
            ("0048.00", 2, Ok(4_800)),
            ("000", 2, Ok(0)),
            ("1e5", 2, Err(Refusal::Form)),
            ("1E5", 2, Err(Refusal::Form)),
            (" 5", 2, Err(Refusal::Form)),
            ("5 ", 2, Err(Refusal::Form)),
            ("1_000", 2, Err(Refusal::Form)),
            ("0x10", 2, Err(Refusal::Form)),
            ("NaN", 2, Err(Refusal::Form)),
            ("∞", 2, Err(Refusal::Form)),
            ("−5", 2, Err(Refusal::Form)),
            ("５", 2, Err(Refusal::Form)),
            (".", 2, Err(Refusal::Form)),
            ("99999999999999999999999999999999999999999", 2, Err(Refusal::TooLarge)),
            ("0.00000000000000000000000000000000000000000", 2, Ok(0)),
            ("0.01", 2, Ok(1)),
            ("7", 0, Ok(7)),
            ("7.0", 0, Ok(7)),
            ("92233720368547758.07", 2, Ok(i64::MAX)),
            ("92233720368547758.08", 2, Err(Refusal::TooLarge)),
            ("0.001", 2, Err(Refusal::TooFine)),
            ("7.5", 0, Err(Refusal::TooFine)),
            ("", 2, Err(Refusal::Form)),
            (".5", 2, Err(Refusal::Form)),
            ("5.", 2, Err(Refusal::Form)),
            ("-5", 2, Err(Refusal::Form)),
            ("+5", 2, Err(Refusal::Form)),
            ("1.2.3", 2, Err(Refusal::Form)),
            ("1,000", 2, Err(Refusal::Form)),
            ("٣", 2, Err(Refusal::Form)),
        ] {
            assert_eq!(units(text, decimals), result, "{text}");
        }
    }

    #[test]
    fn a_whole_number_is_digits_alone() {
        for (text, number) in [("0", Some(0_u64)), ("007", Some(7)), ("18446744073709551615", Some(u64::MAX))]
        {
            assert_eq!(whole(text), number);
        }
        for text in ["", "+5", "-5", "5.0", "1e3", " 5", "18446744073709551616", "٣"] {
            assert_eq!(whole::<u64>(text), None, "{text}");
        }
    }

    #[test]
    fn written_as_read() {
        for (units, decimals, expected) in [
            (4_800, 2, "48.00"),
            (5, 2, "0.05"),
            (-5, 2, "-0.05"),
            (0, 0, "0"),
            (7, 0, "7"),
            (-123_456, 3, "-123.456"),
        ] {
            assert_eq!(text(units, decimals), expected);
        }
    }
}
