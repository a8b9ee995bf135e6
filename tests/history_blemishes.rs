//! Publishers' slips: one of every kind in every column, rows that are missing or there twice. Each is an exception where it
//! stands, and the rest goes on.

#![allow(clippy::unwrap_used, clippy::panic, reason = "what does not hold fails the test")]

use huangpu::history::{Options, Outcome, run};
use std::io::Write;
use std::path::{Path, PathBuf};

const HEAD: [&str; 2] = [
    "date,instrument,previous_close_cny,open_cny,high_cny,low_cny,close_cny,volume_t,amount_cny",
    "date,instrument,method,volume_t,amount_cny,total_volume_t,total_amount_cny",
];

/// Four days by hand. On the first there is one instrument, then two; blocks on the second day; on the third CEA21 does not
/// trade. The composite is the mean: (50.04 + 52.00) / 2 = 51.02, (50.10 + 52.00) / 2 = 51.05, (50.20 + 52.10) / 2 = 51.15.
const LISTED: &str = "\
2022-03-07,CEA,,48.00,51.00,48.00,50.00,300,15000.00
2022-03-07,COMCEA,,48.00,51.00,48.00,50.00,300,15000.00
2022-03-08,CEA,50.00,50.00,50.20,49.90,50.04,1000,50040.00
2022-03-08,CEA21,,51.90,52.10,51.90,52.00,200,10400.00
2022-03-08,COMCEA,50.00,50.00,52.10,49.90,51.02,1200,60440.00
2022-03-09,CEA,50.04,50.10,50.10,50.10,50.10,100,5010.00
2022-03-09,CEA21,52.00,52.00,,,52.00,0,0.00
2022-03-09,COMCEA,51.02,50.10,50.10,50.10,51.05,100,5010.00
2022-03-10,CEA,50.10,50.20,50.20,50.20,50.20,40,2008.00
2022-03-10,CEA21,52.00,52.10,52.10,52.10,52.10,60,3126.00
2022-03-10,COMCEA,51.05,50.20,52.10,50.20,51.15,100,5134.00
";
const METHODS: &str = "\
2022-03-07,CEA,listed,300,15000.00,300,15000.00
2022-03-07,CEA,block,0,0.00,0,0.00
2022-03-07,COMCEA,listed,300,15000.00,300,15000.00
2022-03-07,COMCEA,block,0,0.00,0,0.00
2022-03-08,CEA,listed,1000,50040.00,1300,65040.00
2022-03-08,CEA,block,200000,10000000.00,200000,10000000.00
2022-03-08,CEA21,listed,200,10400.00,200,10400.00
2022-03-08,CEA21,block,0,0.00,0,0.00
2022-03-08,COMCEA,listed,1200,60440.00,1500,75440.00
2022-03-08,COMCEA,block,200000,10000000.00,200000,10000000.00
2022-03-09,CEA,listed,100,5010.00,1400,70050.00
2022-03-09,CEA,block,0,0.00,200000,10000000.00
2022-03-09,CEA21,listed,0,0.00,200,10400.00
2022-03-09,CEA21,block,0,0.00,0,0.00
2022-03-09,COMCEA,listed,100,5010.00,1600,80450.00
2022-03-09,COMCEA,block,0,0.00,200000,10000000.00
2022-03-10,CEA,listed,40,2008.00,1440,72058.00
2022-03-10,CEA,block,0,0.00,200000,10000000.00
2022-03-10,CEA21,listed,60,3126.00,260,13526.00
2022-03-10,CEA21,block,0,0.00,0,0.00
2022-03-10,COMCEA,listed,100,5134.00,1700,85584.00
2022-03-10,COMCEA,block,0,0.00,200000,10000000.00
";

/// A record as its lines, the two files one behind the other.
#[derive(Clone)]
struct Lines([Vec<String>; 2]);

impl Lines {
    fn good() -> Self {
        Lines([LISTED, METHODS].map(|text| text.lines().map(str::to_owned).collect()))
    }

    /// Writes the record, plays it, and gives what came of it.
    fn play(&self) -> Result<Outcome, String> {
        let dir = tempfile::tempdir().unwrap();
        self.play_in(dir.path())
    }

    fn play_in(&self, dir: &Path) -> Result<Outcome, String> {
        for ((head, lines), file) in HEAD.iter().zip(&self.0).zip(["listed.csv", "methods.csv"]) {
            std::fs::write(dir.join(file), format!("{head}\n{}\n", lines.join("\n"))).unwrap();
        }
        std::fs::write(dir.join("holidays.csv"), "date\n2022-04-04\n").unwrap();
        let outcome = run(&options(dir, dir), &mut |_, _| ()).map_err(|error| format!("{error:#}"))?;
        assert!(outcome.conserved);
        Ok(outcome)
    }
}

fn options(record: &Path, dir: &Path) -> Options {
    let rulebook = Path::new(env!("CARGO_MANIFEST_DIR")).join("rulebooks/carbon-cn.toml");
    let (record, data) = (record.to_owned(), dir.join("data"));
    Options { rulebook, record, layout: None, data, from: None, to: None }
}

/// Where the exceptions stand, and what the record says there.
fn places(outcome: &Outcome) -> Vec<String> {
    let place = |e: &huangpu::history::Exception| {
        assert!(!e.reason.is_empty());
        format!("{} {} {}: {}", e.date, e.instrument, e.column, e.record)
    };
    outcome.exceptions.iter().map(place).collect()
}

/// What a publisher may write in the place of a figure.
const KINDS: [&str; 6] = ["0.00", "-1.00", "", "0.001", "99999999999999999999999", "another"];

/// A planted cell: the file, the line, the column's place.
type Cell = (usize, usize, usize);

/// What the engine may say of a slip of one kind at one place: the exception's column and the record's text.
fn expected(at: Cell, kind: &str, planted: &Lines) -> Vec<Vec<String>> {
    let (file, line, column) = at;
    let row: Vec<&str> = planted.0[file][line].split(',').collect();
    let name = HEAD[file].split(',').nth(column).unwrap().trim_end_matches("_cny").trim_end_matches("_t");
    let name = if file == 1 { format!("{}.{name}", row[2]) } else { name.to_owned() };
    let shown = if row[column].is_empty() { "none" } else { row[column] };
    let place =
        |instrument: &str, name: &str, shown: &str| format!("{} {instrument} {name}: {shown}", row[0]);
    let mut allowed = vec![vec![place(row[1], &name, shown)]];
    let is_price = file == 0 && (3..=5).contains(&column);
    if kind == "another" && is_price && !row[4].is_empty() {
        // A price that is possible: nobody can tell on a day of several instruments, and the composite's row tells on a day of
        // one. Of prices that exclude each other, one is set aside.
        let other = |file: usize| {
            let rows = planted.0[file].iter().map(|line| line.split(',').collect::<Vec<_>>());
            let mut rows = rows.filter(|other| other[0] == row[0] && other[1] != row[1]);
            rows.next().map(|other| place(other[1], &name, other[column]))
        };
        allowed.push(if row[0].ends_with("-07") { other(0).into_iter().collect() } else { Vec::new() });
        let names = ["open", "high", "low"];
        allowed.extend(names.into_iter().zip(3..).map(|(name, at)| vec![place(row[1], name, row[at])]));
    }
    allowed
}

/// Every cell of a day's rows with every kind of slip, but for those that are no slips.
fn planted() -> Vec<(Cell, &'static str, Lines)> {
    let good = Lines::good();
    let mut all = Vec::new();
    for (file, first) in [(0, 2), (1, 3)] {
        // The last day shows that the rest goes on; of the third, what has no trades.
        let planted_in =
            |text: &str| !text.contains("-03-10,") && (!text.contains("-03-09,") || text.contains(",CEA21,"));
        for (line, text) in good.0[file].iter().enumerate().filter(|(_, text)| planted_in(text)) {
            let values: Vec<&str> = text.split(',').collect();
            // Every kind in every column of the second day; on the others, of the figures that cannot be right, zero.
            let kinds = if text.contains("-03-08,") { &KINDS[..] } else { &["0.00", "", "another"][..] };
            for column in first..values.len() {
                for kind in kinds.iter().copied() {
                    let whole = HEAD[file].split(',').nth(column).unwrap().ends_with("_t");
                    let value = match (kind, values[column]) {
                        // An empty first previous close, and no high without trades, are as they must be.
                        (_, "") if kind.is_empty() || column == 2 && file == 0 => continue,
                        ("another", "") => "50.00".to_owned(),
                        ("another", number) if whole => (number.parse::<i64>().unwrap() + 7).to_string(),
                        ("another", number) => format!("{:.2}", number.parse::<f64>().unwrap() + 0.05),
                        ("0.00", _) if whole => "0".to_owned(),
                        (kind, _) => kind.to_owned(),
                    };
                    let same = |a: &str, b: &str| a.parse::<f64>().ok() == b.parse::<f64>().ok();
                    if same(&value, values[column]) {
                        continue;
                    }
                    let mut lines = good.clone();
                    let mut values: Vec<&str> = values.clone();
                    values[column] = &value;
                    lines.0[file][line] = values.join(",");
                    all.push(((file, line, column), kind, lines));
                }
            }
        }
    }
    all
}

#[test]
fn every_kind_in_every_column_is_one_exception_where_it_stands() {
    let good = Lines::good().play().unwrap();
    assert_eq!(places(&good), [] as [String; 0], "{}", good.text());
    let all = planted();
    assert!(all.len() > 300, "{}", all.len());
    let workers = std::thread::available_parallelism().map_or(2, usize::from);
    let failures: Vec<String> = std::thread::scope(|scope| {
        let handles: Vec<_> = (0..workers)
            .map(|worker| {
                let mine = all.iter().skip(worker).step_by(workers);
                scope.spawn(move || mine.filter_map(judge).collect::<Vec<String>>())
            })
            .collect();
        handles.into_iter().flat_map(|handle| handle.join().unwrap()).collect()
    });
    assert!(failures.is_empty(), "{} of {}:\n{}", failures.len(), all.len(), failures.join("\n"));
}

/// What is wrong with what came of a planted slip.
fn judge((at, kind, lines): &(Cell, &'static str, Lines)) -> Option<String> {
    let allowed = expected(*at, kind, lines);
    let found = match lines.play() {
        Ok(outcome) => places(&outcome),
        Err(error) => vec![error],
    };
    let good = allowed.contains(&found);
    (!good).then(|| format!("{kind:?} in {}: {found:?}, not {allowed:?}", lines.0[at.0][at.1]))
}

#[test]
fn a_row_that_is_missing_is_an_exception() {
    let good = Lines::good();
    for (file, lines) in good.0.iter().enumerate() {
        // The last day of an instrument is where it ends, and its first where it begins.
        for (at, line) in lines
            .iter()
            .enumerate()
            .filter(|(_, line)| line.contains("-03-09,") || line.contains("-03-08,CO"))
        {
            let mut without = good.clone();
            without.0[file].remove(at);
            let outcome = without.play().unwrap();
            let row: Vec<&str> = line.split(',').collect();
            let column = if file == 0 { "row".to_owned() } else { format!("{}.row", row[2]) };
            let expected = format!("{} {} {column}: no row", row[0], row[1]);
            assert_eq!(places(&outcome), [expected], "{line}\n{}", outcome.text());
        }
    }
}

#[test]
fn a_day_that_is_missing_and_a_row_that_is_there_twice() {
    let mut without = Lines::good();
    without.0.iter_mut().for_each(|lines| lines.retain(|line| !line.starts_with("2022-03-09")));
    let outcome = without.play().unwrap();
    // Where that day closed and what it traded is told by the next one, and is no exception again.
    assert_eq!(places(&outcome), ["2022-03-09 COMCEA date: no rows"], "{}", outcome.text());
    assert!(outcome.exceptions[0].reason.contains("list of holidays"));

    let mut twice = Lines::good();
    let row = twice.0[0][3].clone();
    twice.0[0].insert(4, row);
    let other = twice.0[1][4].replace("50040.00", "50041.00");
    twice.0[1].insert(5, other);
    let outcome = twice.play().unwrap();
    assert_eq!(
        places(&outcome),
        [
            "2022-03-08 CEA21 row: line 6 of listed.csv, again and the same",
            "2022-03-08 CEA listed.row: line 7 of methods.csv, again and something else"
        ]
    );
}

#[test]
fn a_slip_in_the_close_does_not_last() {
    // The next day starts from the close that the rules make, or from the published one: as the record goes on.
    for (next, corrections) in [("50.04", 2), ("50.09", 1)] {
        let mut lines = Lines::good();
        lines.0[0][2] = lines.0[0][2].replace(",50.04,", ",50.09,");
        lines.0[0][5] = lines.0[0][5].replace(",50.04,", &format!(",{next},"));
        let outcome = lines.play().unwrap();
        assert_eq!(places(&outcome), ["2022-03-08 CEA close: 50.09"], "{}", outcome.text());
        assert_eq!(outcome.corrections.len(), corrections);
    }
}

#[test]
fn a_run_over_blemishes_goes_on_in_its_log() {
    let mut lines = Lines::good();
    lines.0[0][2] = lines.0[0][2].replace(",50.04,", ",50.09,");
    lines.0[1][5] = lines.0[1][5].replace(",200000,10000000.00,2", ",-200000,10000000.00,2");
    let dir = tempfile::tempdir().unwrap();
    let first = lines.play_in(dir.path()).unwrap();
    let again = lines.play_in(dir.path()).unwrap();
    assert_eq!((again.already_in_log, again.exceptions), (first.commands, first.exceptions));
    assert_eq!(again.digest, first.digest);
}

#[test]
fn what_makes_a_record_unreadable_is_refused_with_its_place() {
    let mut words = Lines::good();
    words.0[0][2] = words.0[0][2].replace("1000,", "some,");
    let error = words.play().err().unwrap();
    assert_eq!(
        error,
        "listed.csv, line 4, column volume_t: \"some\", expected a number, whole tonnes such as 5000"
    );
    let mut order = Lines::good();
    order.0[1].swap(0, 5);
    assert!(order.play().err().unwrap().starts_with("methods.csv, line 3, column date: "));
    let nowhere = options(Path::new("no/such/record"), tempfile::tempdir().unwrap().path());
    let error = format!("{:#}", run(&nowhere, &mut |_, _| ()).err().unwrap());
    assert!(error.contains("is not a folder with listed.csv") && error.contains("www.cneeex.com"), "{error}");
}

#[test]
fn zeros_at_the_end_are_the_same_number() {
    let mut lines = Lines::good();
    lines.0[0][2] = lines.0[0][2].replace("50.20,49.90", "50.200,49.9");
    lines.0[1][4] = lines.0[1][4].replace("1000,50040.00", "1000.0,50040");
    assert_eq!(places(&lines.play().unwrap()), [] as [String; 0]);
}

#[test]
fn a_record_of_another_shape_is_read_by_the_layout_of_the_docs() {
    let docs =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/history.md")).unwrap();
    let layout = docs.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("layout.toml");
    std::fs::write(&path, layout).unwrap();
    let prices = "Day;Product;Change;Before;First;Highest;Lowest;Settlement;Volume;Turnover;Block volume;Block turnover;Remark\n\
        07.03.2022;Allowance 2019-20;;-;48,00;51;48;50,00;300;15.000,00;0;0;\n\
        07.03.2022;Index;;-;48,00;51;48;50,00;300;15.000,00;0;0;\n\
        08.03.2022;Allowance 2019-20;0,0008;50;50;50,2;49,9;50,04;1.000;50.040,00;200.000;10.000.000,00;x\n\
        08.03.2022;Index;;50;50;50,2;49,9;50,04;1.000;50.040,00;200.000;10.000.000,00;\n\
        09.03.2022;Allowance 2019-20;;50,04;50,04;n/a;-;50,04;0;0;-5;0;\n\
        09.03.2022;Index;;50,04;0,00;n/a;-;50,04;0;0;0;0;\n";
    std::fs::write(dir.path().join("prices.csv"), prices).unwrap();
    let outcome = run(&Options { layout: Some(path), ..options(dir.path(), dir.path()) }, &mut |_, _| ());
    let outcome = outcome.unwrap_or_else(|error| panic!("{error:#}"));
    assert_eq!(outcome.days, 3);
    let found = ["2022-03-09 CEA block.volume: -5", "2022-03-09 COMCEA open: 0,00"];
    assert_eq!(places(&outcome).len(), 2, "{}", outcome.text());
    for place in found {
        assert!(places(&outcome).iter().any(|found| found == place), "{}", outcome.text());
    }
}

#[test]
fn slips_planted_in_the_public_record() {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    let record = std::env::var_os("HUANGPU_SHARED").map_or_else(beside, PathBuf::from).join("data/cea");
    if !record.is_dir() {
        // Not `eprintln!`, which the test harness keeps to itself when a test passes.
        let place = record.display();
        let _ = writeln!(std::io::stderr(), "skipped: no public record at {place} (set HUANGPU_SHARED)");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let read = |name: &str| std::fs::read_to_string(record.join(name)).unwrap();
    let (mut listed, mut methods) = (read("listed.csv"), read("methods.csv"));
    let row = |text: &str, start: &str| text.lines().find(|line| line.starts_with(start)).unwrap().to_owned();
    // An instrument without trades opens at nothing; a composite row is missing; the files disagree; a vintage has no amount.
    let untraded =
        listed.lines().find(|line| line.contains(",CEA21,") && line.contains(",,,")).unwrap().to_owned();
    let values: Vec<&str> = untraded.split(',').collect();
    let zero = format!("{},{},{},0.00,{}", values[0], values[1], values[2], values[4..].join(","));
    let mut expected = vec![format!("{} CEA21 open: 0.00", values[0])];
    listed = listed.replace(&untraded, &zero);
    let missing = row(&listed, "2023-10-10,COMCEA,");
    listed = listed.replace(&format!("{missing}\n"), "");
    expected.push("2023-10-10 COMCEA row: no row".to_owned());
    let disagrees = row(&methods, "2024-05-06,CEA,listed,");
    let values: Vec<&str> = disagrees.split(',').collect();
    let volume = values[3].parse::<i64>().unwrap() + 1;
    let other = format!("2024-05-06,CEA,listed,{volume},{}", values[4..].join(","));
    methods = methods.replace(&disagrees, &other);
    expected.push(format!("2024-05-06 CEA listed.volume: {volume}"));
    let empty = row(&methods, "2024-11-05,CEA22,block,");
    let values: Vec<&str> = empty.split(',').collect();
    methods =
        methods.replace(&empty, &format!("2024-11-05,CEA22,block,{},,{}", values[3], values[5..].join(",")));
    expected.push("2024-11-05 CEA22 block.amount: none".to_owned());
    expected.push("2024-12-26 COMCEA close: 97.80".to_owned());
    std::fs::write(dir.path().join("listed.csv"), listed).unwrap();
    std::fs::write(dir.path().join("methods.csv"), methods).unwrap();
    std::fs::copy(record.join("holidays.csv"), dir.path().join("holidays.csv")).unwrap();
    let outcome = run(&options(dir.path(), dir.path()), &mut |_, _| ()).unwrap();
    assert_eq!(places(&outcome), expected, "{}", outcome.text());
}
