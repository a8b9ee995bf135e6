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
    assert_eq!((cea.line, &cea.previous_close_fen, cea.high_fen.get()), (2, &Figure::Absent, Some(5_280)));
    let exact = first.method_row("CEA", Method::Listed).unwrap();
    assert_eq!((exact.line, exact.amount_fen.get()), (3, Some(21_023_005_325)));
    assert_eq!(cea.agreement(exact), Some(Agreement::CutToYuan));
    assert_eq!(cea.agreement(first.method_row("CEA", Method::Block).unwrap()), Some(Agreement::Different));
    assert_eq!(second.listed_row("CEA").unwrap().low_fen, Figure::Absent);
    assert_eq!(second.method_row("CEA", Method::Auction), None);
}

#[test]
fn mark_crlf_blank_lines_and_the_order_of_columns() {
    let windows = |file: &str| format!("\u{feff}{}", file.replace('\n', "\r\n"));
    assert_eq!(
        parse(&windows(LISTED), &windows(METHODS), &windows(HOLIDAYS)),
        parse(LISTED, METHODS, HOLIDAYS)
    );
    let blank = HOLIDAYS.replace('\n', "\n\n");
    assert_eq!(parse(LISTED, METHODS, &blank), parse(LISTED, METHODS, HOLIDAYS));
    let mut columns: Vec<usize> = (0..9).collect();
    columns.reverse();
    let turned = |line: &str| {
        let values: Vec<&str> = line.split(',').collect();
        columns.iter().map(|at| values[*at]).collect::<Vec<_>>().join(",")
    };
    let turned: String = LISTED.lines().map(|line| turned(line) + "\n").collect();
    assert_eq!(parse(&turned, METHODS, HOLIDAYS), parse(LISTED, METHODS, HOLIDAYS));
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
            "2021-07-19,CEA,51.2x",
            "listed.csv, line 4, column previous_close_cny: \"51.2x\", expected a number, a price in CNY such as 48.00",
        ),
        (
            ",0,0.00\n2021-07-16,CEA,listed",
            ",0,none\n2021-07-16,CEA,listed",
            "methods.csv, line 2, column total_amount_cny: \"none\", expected a number, an amount in CNY such as \
             490000.00",
        ),
        (
            "CEA,block,0,",
            "CEA,block,0x5,",
            "methods.csv, line 2, column volume_t: \"0x5\", expected a number, whole tonnes such as 5000",
        ),
        (
            "CEA,block",
            "CEA,blok",
            "methods.csv, line 2, column method: \"blok\", expected a way of trading: listed, block, auction",
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
             expected a header with this column; the column \"opening\" is not known",
        ),
        (
            "date\n2021-09-20\n2021-09-21",
            "date,why\n2021-09-20,x\n2021-09-21,y",
            "holidays.csv, line 1, column why: \"date,why\", expected a known column: date",
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
fn what_is_no_number_is_refused_in_every_column() {
    for (file, text, from) in [(LISTED_FILE, LISTED, 2), (METHODS_FILE, METHODS, 3)] {
        let header: Vec<&str> = text.lines().next().unwrap().split(',').collect();
        for (at, column) in header.iter().enumerate().skip(from) {
            let spoilt: Vec<String> = text.lines().map(str::to_owned).collect();
            let mut values: Vec<&str> = spoilt[2].split(',').collect();
            values[at] = "about 5";
            let spoilt: String =
                [&spoilt[0], &spoilt[1], &values.join(",")].map(|line| format!("{line}\n")).concat();
            let (listed, methods) =
                if file == LISTED_FILE { (&*spoilt, METHODS) } else { (LISTED, &*spoilt) };
            let error = parse(listed, methods, HOLIDAYS).unwrap_err();
            assert_eq!((&*error.file, error.line, &*error.column), (file, 3, *column));
        }
    }
}

#[test]
fn rows_out_of_order_are_refused() {
    let cases = [
        (
            "2021-07-19,CEA,51",
            "2021-07-15,CEA,51",
            "listed.csv, line 4, column date: \"2021-07-15\", expected a date not before 2021-07-16, that of the row \
             above",
        ),
        (
            "2021-07-16,ALL,listed",
            "2021-07-15,ALL,listed",
            "methods.csv, line 4, column date: \"2021-07-15\", expected a date not before 2021-07-16, that of the row \
             above",
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
fn a_row_that_stands_there_twice_counts_once() {
    let again = |text: &str, line: usize, to: &str| {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.insert(line, to.to_owned());
        lines.join("\n") + "\n"
    };
    let same = LISTED.lines().nth(2).unwrap();
    let other = "2021-07-16,CEA,listed,5,210230053.25,4103953,210230053.25";
    let record = parse(&again(LISTED, 3, same), &again(METHODS, 3, other), &again(HOLIDAYS, 2, "2021-09-20"));
    let record = record.unwrap();
    let plain = parse(LISTED, METHODS, HOLIDAYS).unwrap();
    assert_eq!(record.holidays, plain.holidays);
    assert_eq!(
        record.days[0].method_row("CEA", Method::Listed),
        plain.days[0].method_row("CEA", Method::Listed)
    );
    assert_eq!((record.days[0].listed.len(), record.days[0].methods.len()), (2, 3));
    let slips: Vec<_> = record
        .slips
        .iter()
        .map(|slip| (&*slip.instrument, &*slip.column, &*slip.record, &*slip.counted))
        .collect();
    assert_eq!(
        slips,
        [
            ("ALL", "row", "line 4 of listed.csv, again and the same", "line 3"),
            ("CEA", "listed.row", "line 4 of methods.csv, again and something else", "line 3"),
            ("holidays.csv", "date", "line 3 of holidays.csv, again and the same", "line 2"),
        ]
    );
}

#[test]
fn what_only_one_file_has_is_kept() {
    let methods =
        METHODS.replace("2021-07-16,CEA,block", "2021-07-15,NEW,block").replace("ALL,listed", "NEW,block");
    let record = parse(LISTED, &methods, HOLIDAYS).unwrap();
    let names: Vec<_> = record.days.iter().map(|day| (day.date.to_string(), day.names())).collect();
    let day = |date: &str, names: &[&'static str]| (date.to_owned(), names.to_vec());
    assert_eq!(
        names,
        [day("2021-07-15", &["NEW"]), day("2021-07-16", &["CEA", "ALL", "NEW"]), day("2021-07-19", &["CEA"])]
    );
}

#[test]
fn a_record_of_another_shape() {
    let listed = "Day;What;Close;Open;Vol;Money;Blocks;Block money;Remark\n\
        16.07.2021;EU-A;48,5;-;1.000;48.500,0;0;0,00;x\n\
        19.07.2021;EU-A;49;48,75;;;100.000;4.900.000,00;y\n";
    let own = |columns: &[(&'static str, &str)]| {
        columns.iter().map(|(ours, theirs)| (*ours, (*theirs).to_owned())).collect()
    };
    let layout = Layout {
        listed: Sheet {
            file: "prices.txt".to_owned(),
            separator: b';',
            columns: own(&[
                ("date", "Day"),
                ("instrument", "What"),
                ("open_cny", "Open"),
                ("close_cny", "Close"),
                ("volume_t", "Vol"),
                ("amount_cny", "Money"),
            ]),
            ignore: vec!["Remark".to_owned()],
        },
        methods: None,
        wide: vec![(Method::Block, own(&[("volume_t", "Blocks"), ("amount_cny", "Block money")]))],
        holidays: None,
        instruments: vec![("EU-A".to_owned(), "EUA21".to_owned())],
        dates: "%d.%m.%Y".to_owned(),
        numbers: Numbers { point: ',', thousands: Some('.'), empty: vec!["-".to_owned()] },
        ..Layout::default()
    };
    let record = Record::parse_as(&layout, listed.as_bytes(), b"", b"").unwrap();
    let [first, second] = &record.days[..] else { panic!("two days") };
    assert_eq!((&*record.listed_file, &*record.methods_file), ("prices.txt", "prices.txt"));
    let row = first.listed_row("EUA21").unwrap();
    assert_eq!(
        (&row.open_fen, row.close_fen.get(), &row.high_fen),
        (&Figure::Absent, Some(4_850), &Figure::Untold)
    );
    let listed_row = first.method_row("EUA21", Method::Listed).unwrap();
    assert_eq!((listed_row.volume_t.get(), listed_row.amount_fen.get()), (Some(1_000), Some(4_850_000)));
    let block = second.method_row("EUA21", Method::Block).unwrap();
    assert_eq!((block.volume_t.get(), &block.total_volume_t), (Some(100_000), &Figure::Untold));
    assert_eq!(second.method_row("EUA21", Method::Auction), None);
    let error = Record::parse_as(&layout, listed.replace("19.07", "19/07").as_bytes(), b"", b"").unwrap_err();
    assert_eq!(
        error.to_string(),
        "prices.txt, line 3, column Day: \"19/07.2021\", expected a date such as 16.07.2021"
    );
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
