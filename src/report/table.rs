//! Tables in plain text: numbers to the right, thousands apart, no colour, no line that depends on the terminal.

use comfy_table::{Cell, CellAlignment, ContentArrangement, LineStyle, Table, TableStyle};
use gateway::shown_in_line;

/// The head of a column, and to which side its cells stand.
pub(super) struct Head {
    title: String,
    side: CellAlignment,
}

/// A column of names.
pub(super) fn left(title: impl Into<String>) -> Head {
    Head { title: title.into(), side: CellAlignment::Left }
}

/// A column of numbers.
pub(super) fn right(title: impl Into<String>) -> Head {
    Head { title: title.into(), side: CellAlignment::Right }
}

/// A table; it ends with a line break.
pub(super) fn table(heads: &[Head], rows: Vec<Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(TableStyle::new().header_separator(LineStyle::none().fill('-').junction('-')));
    table.set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(heads.iter().map(|head| cell(&head.title, head.side)));
    for row in rows {
        table.add_row(row.iter().zip(heads).map(|(content, head)| cell(content, head.side)));
    }
    let last = heads.len().saturating_sub(1);
    for (index, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, if index == last { 0 } else { 1 }));
    }
    format!("{}\n", table.trim_fmt())
}

fn cell(content: &str, side: CellAlignment) -> Cell {
    let content =
        if side == CellAlignment::Right { grouped(content) } else { shown_in_line(content).into_owned() };
    Cell::new_owned(content).set_alignment(side)
}

/// A decimal number with its thousands apart; anything else as it is.
pub(super) fn grouped(number: &str) -> String {
    let (sign, digits) = number.strip_prefix('-').map_or(("", number), |digits| ("-", digits));
    let (whole, fraction) = digits.split_once('.').map_or((digits, None), |(w, f)| (w, Some(f)));
    if whole.is_empty() || !whole.bytes().all(|byte| byte.is_ascii_digit()) {
        return shown_in_line(number).into_owned();
    }
    let mut grouped = String::from(sign);
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    if let Some(fraction) = fraction {
        grouped.push('.');
        grouped.push_str(fraction);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_stand_apart() {
        for (number, expected) in [
            ("0", "0"),
            ("999", "999"),
            ("1000", "1,000"),
            ("-1000", "-1,000"),
            ("-123456.789", "-123,456.789"),
            ("9223372036854775807", "9,223,372,036,854,775,807"),
            ("100000.00", "100,000.00"),
            ("", ""),
            ("-", "-"),
            ("too large", "too large"),
        ] {
            assert_eq!(grouped(number), expected);
        }
    }
}
