//! What the reader accepts, and how it says what it does not.

use super::*;

const LISTED: &str = "date,instrument,previous_close_cny,open_cny,high_cny,low_cny,close_cny,volume_t,amount_cny\n\
    2021-07-16,CEA,,48.00,52.80,48.00,51.23,4103953,210230053.00\n\
    2021-07-16,ALL,,48.00,52.80,48.00,51.23,4103953,210230053.00\n\
    2021-07-19,CEA,51.23,51.23,,,51.23,0,0.00\n";
const METHODS: &str = "date,instrument,method,volume_t,amount_cny,total_volume_t,total_amount_cny\n\
    2021-07-16,CEA,block,0,0.00,0,0.00\n\
    2021-07-16,CEA,listed,4103953,210230053.25,4103953,210230053.25\n\
    2021-07-16,ALL,listed,4103953,210230053.25,4103953,210230053.25\n\
    2021-07-19,CEA,listed,0,0.00,4103953,210230053.25\n";
const HOLIDAYS: &str = "date\n2021-09-20\n2021-09-21\n";

fn parse(listed: &str, methods: &str, holidays: &str) -> Result<Record, Malformed> {
    Record::parse(listed.as_bytes(), methods.as_bytes(), holidays.as_bytes())
}

/// The message for files in which `from` is replaced by `to`.
fn refusal(from: &str, to: &str) -> String {
    let count = [LISTED, METHODS, HOLIDAYS].iter().map(|file| file.matches(from).count()).sum::<usize>();
    assert!(count > 0, "{from:?} is not in the sample");
    let change = |file: &str| file.replace(from, to);
    parse(&change(LISTED), &change(METHODS), &change(HOLIDAYS)).expect_err(to).to_string()
}

#[test]
fn rows_as_they_stand() {
    let record = parse(LISTED, METHODS, HOLIDAYS).unwrap();
    assert_eq!(record.days.len(), 2);
    assert_eq!(record.holidays.len(), 2);
    let [first, second] = &record.days[..] else { panic!("two days") };
    assert_eq!((first.listed.len(), first.methods.len()), (2, 3));
    assert_eq!(first.instruments("ALL").map(|row| row.instrument.as_str()).collect::<Vec<_>>(), ["CEA"]);
    let cea = first.listed_row("CEA").unwrap();
    assert_eq!((cea.line, cea.previous_close_fen, cea.high_fen), (2, None, Some(5_280)));
    let exact = first.method_row("CEA", Method::Listed).unwrap();
    assert_eq!((exact.line, exact.amount_fen), (3, 21_023_005_325));
    assert_eq!(cea.agreement(exact), Agreement::CutToYuan);
    assert_eq!(cea.agreement(first.method_row("CEA", Method::Block).unwrap()), Agreement::Different);
    assert_eq!(second.listed_row("CEA").unwrap().low_fen, None);
    assert_eq!(second.method_row("CEA", Method::Auction), None);
}

#[test]
fn mark_crlf_blank_lines_order_and_further_columns() {
    let windows = |file: &str| format!("\u{feff}{}", file.replace('\n', "\r\n"));
    assert_eq!(
        parse(&windows(LISTED), &windows(METHODS), &windows(HOLIDAYS)),
        parse(LISTED, METHODS, HOLIDAYS)
    );
    let blank = HOLIDAYS.replace('\n', "\n\n");
    assert_eq!(parse(LISTED, METHODS, &blank), parse(LISTED, METHODS, HOLIDAYS));
    let other = "note,date\n\"a, b\",2021-09-20\n,2021-09-21\n";
    assert_eq!(parse(LISTED, METHODS, other), parse(LISTED, METHODS, HOLIDAYS));
    let unended = HOLIDAYS.trim_end();
    assert_eq!(parse(LISTED, METHODS, unended), parse(LISTED, METHODS, HOLIDAYS));
}

#[test]
fn line_numbers_survive_crlf_and_blank_lines() {
    let error = parse(LISTED, METHODS, "date\r\n2021-09-20\r\n\r\nnever\r\n").unwrap_err();
    assert_eq!(error.line, 4);
    let error = parse(LISTED, METHODS, "\n\ndate\n2021-09-20\nnever").unwrap_err();
    assert_eq!(error.line, 5);
}

#[test]
fn malformed_values_are_named() {
    let cases = [
        (
            "2021-07-19,CEA,51",
            "2021-07-32,CEA,51",
            "listed.csv, line 4, column date: \"2021-07-32\", expected a date such as 2021-07-16",
        ),
        (
            "2021-07-19,CEA,51.23",
            "2021-07-19,CEA,51.230",
            "listed.csv, line 4, column previous_close_cny: \"51.230\", expected a price in CNY above zero with at \
             most 2 decimals, such as 48.00",
        ),
        (
            ",0,0.00\n2021-07-16,CEA,listed",
            ",0,-1.00\n2021-07-16,CEA,listed",
            "methods.csv, line 2, column total_amount_cny: \"-1.00\", expected an amount in CNY, zero or more, with \
             at most 2 decimals, such as 490000.00",
        ),
        (
            "CEA,block,0,",
            "CEA,block,-5,",
            "methods.csv, line 2, column volume_t: \"-5\", expected whole tonnes, zero or more, such as 5000",
        ),
        (
            "CEA,block",
            "CEA,blok",
            "methods.csv, line 2, column method: \"blok\", expected listed, block or auction",
        ),
        (
            "2021-07-16,ALL,,",
            "2021-07-16, ,,",
            "listed.csv, line 3, column instrument: \" \", expected a name, not empty and without blanks around it",
        ),
        (
            "open_cny",
            "opening",
            "listed.csv, line 1, column open_cny: \
             \"date,instrument,previous_close_cny,opening,high_cny,low_cny,close_cny,volume_t,amount_cny\", \
             expected a header with this column",
        ),
        (
            "51.23,51.23,,,",
            "51.23,51.23,,",
            "listed.csv, line 4, column (row): \"2021-07-19,CEA,51.23,51.23,,51.23,0,0.00\", expected 9 values, as \
             many as the header has, not 8",
        ),
    ];
    for (from, to, message) in cases {
        assert_eq!(refusal(from, to), message);
    }
}

#[test]
fn rows_out_of_order_and_twice() {
    let cases = [
        (
            "2021-07-19,CEA,51",
            "2021-07-15,CEA,51",
            "listed.csv, line 4, column date: \"2021-07-15\", expected a date not before 2021-07-16, that of the row \
             above",
        ),
        (
            "2021-07-16,ALL,,",
            "2021-07-16,CEA,,",
            "listed.csv, line 3, column instrument: \"CEA\", expected one row a day and instrument; line 2 is the \
             same",
        ),
        (
            "CEA,block",
            "CEA,listed",
            "methods.csv, line 3, column method: \"listed\", expected one row a day, instrument and method; line 2 \
             is the same",
        ),
        (
            "2021-09-21",
            "2021-09-20",
            "holidays.csv, line 3, column date: \"2021-09-20\", expected each holiday once",
        ),
        (
            "2021-09-21",
            "2021-09-19",
            "holidays.csv, line 3, column date: \"2021-09-19\", expected a date not before 2021-09-20, that of the \
             row above",
        ),
    ];
    for (from, to, message) in cases {
        assert_eq!(refusal(from, to), message);
    }
}

#[test]
fn the_two_files_must_match() {
    let cases = [
        (
            "2021-07-19,CEA,listed,0",
            "2021-07-19,CEA,block,0",
            "listed.csv, line 4, column instrument: \"CEA\", expected an instrument that methods.csv has with method \
             listed on 2021-07-19",
        ),
        (
            "2021-07-19,CEA,listed",
            "2021-07-20,CEA,listed",
            "methods.csv, line 5, column instrument: \"CEA\", expected an instrument that listed.csv has on \
             2021-07-20",
        ),
        (
            "ALL,listed",
            "NEW,listed",
            "methods.csv, line 4, column instrument: \"NEW\", expected an instrument that listed.csv has on \
             2021-07-16",
        ),
    ];
    for (from, to, message) in cases {
        assert_eq!(refusal(from, to), message);
    }
    let earlier = METHODS.replace("2021-07-16,CEA,block", "2021-07-15,CEA,block");
    assert_eq!(parse(LISTED, &earlier, HOLIDAYS).unwrap_err().line, 2);
}

#[test]
fn files_that_are_no_tables() {
    let message = |holidays: &[u8]| {
        Record::parse(LISTED.as_bytes(), METHODS.as_bytes(), holidays).unwrap_err().to_string()
    };
    assert_eq!(message(b""), "holidays.csv, line 1, column (header): \"\", expected date");
    assert_eq!(
        message(b"date\n2021-09-20\n\xff\n"),
        "holidays.csv, line 3, column (row): \"byte 0xff\", expected UTF-8 text"
    );
    assert_eq!(
        message(b"date,date\n"),
        "holidays.csv, line 1, column date: \"date,date\", expected a header with this column once"
    );
    assert!(Record::parse(LISTED.as_bytes(), METHODS.as_bytes(), b"date\n").unwrap().holidays.is_empty());
}

#[test]
fn a_missing_directory_is_named() {
    let error = Record::read(Path::new("no/such/record")).unwrap_err();
    assert_eq!(error.to_string(), "no/such/record/listed.csv: cannot be read");
    assert!(std::error::Error::source(&error).is_some(), "and its cause is told by itself");
}
