//! The reports of a day: prices, statement, alerts, holdings, conservation.

use crate::desk::{Desk, MARKET, carbon_cn, csv, json, same};
use base::{Date, MarketId};
use engine::State;
use huangpu::report::{
    Report, alerts, compliance, conservation, day_report, final_report, holdings, price_list, statement,
    write_day, write_final,
};

/// The launch day with two instruments, a fee on the buyer of listed trades, and HUANENG trading with itself.
fn launch_day() -> Desk {
    let mut rules = carbon_cn();
    for version in &mut rules.versions {
        version.clearing.fees[0].buyer.rate_ppm = 300;
        version.trading.auction = None;
        // Trades of one firm with itself are listed trades here.
        version.trading.own = trading::rules::Own::Account;
    }
    let mut desk = Desk::open(rules, "2021-07-15T08:00:00");
    desk.list("2021-07-15T08:00:00", "CEA", "[2019, 2020]", "48.00");
    desk.list("2021-07-15T08:00:00", "CEA21", "[2021]", "50.01");
    for account in ["HN-2", "DT", "CT"] {
        desk.fund("2021-07-15T09:00:00", account, "10000000.00");
    }
    desk.trade("2021-07-16T09:30:00", "CEA", "48.00", 1_000, ("DATANG", "DT"));
    desk.trade("2021-07-16T09:40:00", "CEA", "52.80", 501, ("CITIC", "CT"));
    desk.trade("2021-07-16T10:00:00", "CEA21", "50.00", 20, ("CITIC", "CT"));
    desk.trade("2021-07-16T10:30:00", "CEA", "51.23", 7, ("HUANENG", "HN-2"));
    desk.block("2021-07-16T13:30:00", "CEA", "40.50", 100_000, ("DATANG", "DT"));
    desk
}

#[test]
fn a_day_as_text() {
    let mut desk = launch_day();
    let meanwhile = price_list(&desk.state, MARKET);
    assert!(!meanwhile.ended);
    let title = "Price list carbon-cn 2021-07-16, CNY per t (the day is not over: prices as they stand)\n\n";
    assert!(meanwhile.text().starts_with(title), "{}", meanwhile.text());
    desk.tick("2021-07-16T16:00:00");
    same(
        &day_report(&desk.state, MARKET).text(),
        "
Price list carbon-cn 2021-07-16, CNY per t

Line    Previous close   Open   High    Low  Close
--------------------------------------------------
CEA              48.00  48.00  52.80  48.00  49.61
CEA21            50.01  50.00  50.00  50.00  50.00
COMCEA           49.01  49.01  51.41  49.01  49.81

Line    Method  Volume t  Turnover CNY  Total volume t  Total turnover CNY
--------------------------------------------------------------------------
CEA     listed     1,508     74,811.41           1,508           74,811.41
        block    100,000  4,050,000.00         100,000        4,050,000.00
CEA21   listed        20      1,000.00              20            1,000.00
        block          0          0.00               0                0.00
COMCEA  listed     1,528     75,811.41           1,528           75,811.41
        block    100,000  4,050,000.00         100,000        4,050,000.00

Settlement carbon-cn 2021-07-16, quantities in t, money in CNY

Participant  Instrument   Bought     Sold          Paid      Received   Fees       Net cash
-------------------------------------------------------------------------------------------
HUANENG      CEA               7  101,508        358.61  4,124,811.41   0.11   4,124,452.69
             CEA21             0       20          0.00      1,000.00   0.00       1,000.00
             all               7  101,528        358.61  4,125,811.41   0.11   4,125,452.69
DATANG       CEA         101,000        0  4,098,000.00          0.00  14.40  -4,098,014.40
CITIC        CEA             501        0     26,452.80          0.00   7.94     -26,460.74
             CEA21            20        0      1,000.00          0.00   0.30      -1,000.30
             all             521        0     27,452.80          0.00   8.24     -27,461.04
Total                    101,528  101,528  4,125,811.41  4,125,811.41  22.75         -22.75

Balanced: bought equals sold and paid equals received in every instrument.

Alerts carbon-cn since 2021-07-16

Alert  Day         Rule        Participant  Instrument  Measured  Threshold  Records
------------------------------------------------------------------------------------
    1  2021-07-16  self_trade  HUANENG      CEA                1          1  28

As of record 31, 2021-07-16T16:00:00+08:00
",
    );
}

#[test]
fn a_day_as_json() {
    let mut desk = launch_day();
    desk.tick("2021-07-16T16:00:00");
    let report = json(&day_report(&desk.state, MARKET));
    let compact = |path: &str| report.pointer(path).unwrap().to_string();
    let keys: Vec<&String> = report.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["as_of", "price_list", "statement", "alerts"]);
    same(&compact("/as_of"), r#"{"record":31,"time":"2021-07-16T16:00:00+08:00"}"#);
    same(&compact("/price_list/methods"), r#"["listed","block"]"#);
    same(
        &compact("/price_list/lines/2"),
        r#"{"line":"COMCEA","composite":true,"previous_close":"49.01","open":"49.01","high":"51.41","low":"49.01","close":"49.81","next_reference":null,"halted":false,"turnover":[{"method":"listed","volume":"1528","turnover":"75811.41","total_volume":"1528","total_turnover":"75811.41"},{"method":"block","volume":"100000","turnover":"4050000.00","total_volume":"100000","total_turnover":"4050000.00"}]}"#,
    );
    same(
        &compact("/statement/participants/2"),
        r#"{"participant":"CITIC","instruments":[{"instrument":"CEA","bought":"501","sold":"0","paid":"26452.80","received":"0.00","fees":"7.94","net":"-26460.74"},{"instrument":"CEA21","bought":"20","sold":"0","paid":"1000.00","received":"0.00","fees":"0.30","net":"-1000.30"}],"total":{"bought":"521","sold":"0","paid":"27452.80","received":"0.00","fees":"8.24","net":"-27461.04"}}"#,
    );
    same(
        &compact("/statement/total"),
        r#"{"bought":"101528","sold":"101528","paid":"4125811.41","received":"4125811.41","fees":"22.75","net":"-22.75"}"#,
    );
    same(&compact("/statement/balanced"), "true");
    same(
        &compact("/alerts"),
        r#"{"market":"carbon-cn","since":"2021-07-16","alerts":[{"id":1,"date":"2021-07-16","rule":"self_trade","participant":"HUANENG","instrument":"CEA","measured":"1","threshold":"1","records":[28]}]}"#,
    );
}

#[test]
fn a_day_as_csv() {
    let mut desk = launch_day();
    desk.tick("2021-07-16T16:00:00");
    let dir = tempfile::tempdir().unwrap();
    let reports = dir.path().join("reports");
    let day = day_report(&desk.state, MARKET);
    // The second time the files are replaced, not appended to.
    for _ in 0..2 {
        let written = write_day(&reports, &day).unwrap();
        let names = written.map(|path| path.strip_prefix(dir.path()).unwrap().to_string_lossy().into_owned());
        let names = names.each_ref().map(String::as_str);
        let statement = "reports/2021-07-16/statement.csv";
        assert_eq!(names, ["reports/2021-07-16/price_list.csv", statement, "reports/2021-07-16/alerts.csv"]);
        assert_eq!(std::fs::read_dir(reports.join("2021-07-16")).unwrap().count(), 3);
    }
    let read = |name: &str| std::fs::read_to_string(reports.join("2021-07-16").join(name)).unwrap();
    same(
        &read("price_list.csv"),
        "
date,line,previous_close,open,high,low,close,next_reference,listed_volume,listed_turnover,listed_total_volume,listed_total_turnover,block_volume,block_turnover,block_total_volume,block_total_turnover,halted,corrections
2021-07-16,CEA,48.00,48.00,52.80,48.00,49.61,,1508,74811.41,1508,74811.41,100000,4050000.00,100000,4050000.00,no,
2021-07-16,CEA21,50.01,50.00,50.00,50.00,50.00,,20,1000.00,20,1000.00,0,0.00,0,0.00,no,
2021-07-16,COMCEA,49.01,49.01,51.41,49.01,49.81,,1528,75811.41,1528,75811.41,100000,4050000.00,100000,4050000.00,no,
",
    );
    same(
        &read("statement.csv"),
        "
date,participant,instrument,bought,sold,paid,received,fees,net
2021-07-16,HUANENG,CEA,7,101508,358.61,4124811.41,0.11,4124452.69
2021-07-16,HUANENG,CEA21,0,20,0.00,1000.00,0.00,1000.00
2021-07-16,DATANG,CEA,101000,0,4098000.00,0.00,14.40,-4098014.40
2021-07-16,CITIC,CEA,501,0,26452.80,0.00,7.94,-26460.74
2021-07-16,CITIC,CEA21,20,0,1000.00,0.00,0.30,-1000.30
",
    );
    same(
        &read("alerts.csv"),
        "
id,date,rule,participant,instrument,measured,threshold,records
1,2021-07-16,self_trade,HUANENG,CEA,1,1,28
",
    );
}

#[test]
fn a_correction_stands_in_every_list_whose_prices_come_from_it() {
    let mut desk = launch_day();
    desk.tick("2021-07-16T16:00:00");
    let correct = |desk: &mut Desk, time: &str, line: &str, price: &str, reason: &str| {
        let what = format!(
            r#""do": "correct_reference", "line": "{line}", "price": "{price}", "reason": "{reason}""#
        );
        desk.ask(time, "operator", &what);
    };
    correct(&mut desk, "2021-07-16T17:00:00", "COMCEA", "49.80", "the published figure");
    correct(&mut desk, "2021-07-16T17:00:00", "CEA", "49.60", "a typing error");
    correct(&mut desk, "2021-07-16T17:00:00", "CEA21", "50.02", "by notice");
    let friday = price_list(&desk.state, MARKET);
    same(
        &friday.text(),
        "
Price list carbon-cn 2021-07-16, CNY per t

Line    Previous close   Open   High    Low  Close  Next reference
------------------------------------------------------------------
CEA              48.00  48.00  52.80  48.00  49.61           49.60
CEA21            50.01  50.00  50.00  50.00  50.00           50.02
COMCEA           49.01  49.01  51.41  49.01  49.81           49.80

Line    Method  Volume t  Turnover CNY  Total volume t  Total turnover CNY
--------------------------------------------------------------------------
CEA     listed     1,508     74,811.41           1,508           74,811.41
        block    100,000  4,050,000.00         100,000        4,050,000.00
CEA21   listed        20      1,000.00              20            1,000.00
        block          0          0.00               0                0.00
COMCEA  listed     1,528     75,811.41           1,528           75,811.41
        block    100,000  4,050,000.00         100,000        4,050,000.00

Reference prices corrected by the operator

Day         Line     From     To  Reason
------------------------------------------------------
2021-07-16  COMCEA  49.81  49.80  the published figure
2021-07-16  CEA     49.61  49.60  a typing error
2021-07-16  CEA21   50.00  50.02  by notice
",
    );
    same(
        &csv(&friday),
        "
date,line,previous_close,open,high,low,close,next_reference,listed_volume,listed_turnover,listed_total_volume,listed_total_turnover,block_volume,block_turnover,block_total_volume,block_total_turnover,halted,corrections
2021-07-16,CEA,48.00,48.00,52.80,48.00,49.61,49.60,1508,74811.41,1508,74811.41,100000,4050000.00,100000,4050000.00,no,2021-07-16 from 49.61 to 49.60: a typing error
2021-07-16,CEA21,50.01,50.00,50.00,50.00,50.00,50.02,20,1000.00,20,1000.00,0,0.00,0,0.00,no,2021-07-16 from 50.00 to 50.02: by notice
2021-07-16,COMCEA,49.01,49.01,51.41,49.01,49.81,49.80,1528,75811.41,1528,75811.41,100000,4050000.00,100000,4050000.00,no,2021-07-16 from 49.81 to 49.80: the published figure
",
    );
    same(
        &json(&friday)["corrections"][0].to_string(),
        r#"{"date":"2021-07-16","line":"COMCEA","from":"49.81","to":"49.80","reason":"the published figure"}"#,
    );

    // On Monday all three are where the previous closes come from; CEA is corrected once more before it trades.
    let shown = |desk: &Desk| -> Vec<String> {
        let list = price_list(&desk.state, MARKET);
        list.corrections.iter().map(|c| format!("{} {} {}>{}", c.date, c.line, c.from, c.to)).collect()
    };
    desk.tick("2021-07-19T08:00:00");
    let (composite, cea, cea21) =
        ("2021-07-16 COMCEA 49.81>49.80", "2021-07-16 CEA 49.61>49.60", "2021-07-16 CEA21 50.00>50.02");
    assert_eq!(shown(&desk), [composite, cea, cea21]);
    correct(&mut desk, "2021-07-19T08:30:00", "CEA", "49.70", "again");
    let again = "2021-07-19 CEA 49.60>49.70";
    assert_eq!(shown(&desk), [composite, cea, cea21, again]);
    desk.trade("2021-07-19T10:00:00", "CEA", "50.00", 10, ("DATANG", "DT"));
    assert_eq!(shown(&desk), [composite, cea, cea21, again]);
    // On Tuesday CEA starts from the price it made, CEA21 still from the corrected one, the composite from the mean.
    desk.tick("2021-07-20T09:00:00");
    let previous: Vec<String> =
        price_list(&desk.state, MARKET).lines.into_iter().map(|line| line.previous_close).collect();
    assert_eq!(previous, ["50.00", "50.02", "50.01"]);
    assert_eq!(shown(&desk), [cea21]);
}

#[test]
fn a_halted_instrument_is_named_and_a_reason_cannot_steer_the_terminal() {
    let mut desk = launch_day();
    let halt = r#""do": "halt", "instrument": "CEA21", "reason": "news""#;
    desk.ask("2021-07-16T14:00:00", "operator", halt);
    desk.tick("2021-07-16T16:00:00");
    let reason =
        r#""do": "correct_reference", "line": "CEA", "price": "49.60", "reason": "a\u001b[2Jb, \"c\"""#;
    desk.ask("2021-07-16T16:00:00", "operator", reason);
    let list = price_list(&desk.state, MARKET);
    assert!(list.text().contains("\nHalted: CEA21\n"), "{}", list.text());
    assert!(list.text().contains(r#"a\u001b[2Jb, "c""#), "{}", list.text());
    let rows = csv(&list);
    let mut rows = csv::Reader::from_reader(rows.as_bytes());
    let cea = rows.records().next().unwrap().unwrap();
    assert_eq!(cea.iter().next_back(), Some("2021-07-16 from 49.61 to 49.60: a\u{1b}[2Jb, \"c\""));
}

#[test]
fn holdings_by_what_may_be_done_with_them() {
    let mut desk = launch_day();
    let reserve = r#""do": "place_listing", "account": "HN", "instrument": "CEA", "side": "sell", "price": "50.00", "quantity": 92"#;
    desk.ask("2021-07-16T14:00:00", "HUANENG", reserve);
    let pledge = r#""do": "pledge", "account": "HN", "asset": "CEA", "quantity": 400, "pledgee": "BANK""#;
    desk.ask("2021-07-16T14:00:00", "HUANENG", pledge);
    let freeze = r#""do": "freeze", "account": "HN", "asset": "CEA21", "quantity": 80, "order": "court""#;
    desk.ask("2021-07-16T14:00:00", "CHRE", freeze);
    let account = r#""do": "freeze_account", "account": "CT", "reason": "inquiry""#;
    desk.ask("2021-07-16T14:00:00", "CHRE", account);
    let holdings = holdings(&desk.state);
    same(
        &holdings.text(),
        "
Holdings

Account         Asset     Available  Reserved   Locked  Pledged  Frozen         Total
-------------------------------------------------------------------------------------
carbon-cn-fees  CNY           22.75         -        -        -       -         22.75
HN              CNY    4,125,811.41         -        -        -       -  4,125,811.41
                CEA         898,000        92        -      400       -       898,492
                CEA21       999,900         -        -        -      80       999,980
HN-2            CNY    9,999,641.28         -        -        -       -  9,999,641.28
                CEA               -         -        7        -       -             7
DT              CNY    5,901,985.60         -        -        -       -  5,901,985.60
                CEA               -         -  101,000        -       -       101,000
CT              CNY    9,972,538.96         -        -        -       -  9,972,538.96
                CEA               -         -      501        -       -           501
                CEA21             -         -       20        -       -            20

Accounts that may dispose of nothing: CT
",
    );
    same(
        &csv(&holdings),
        "
account,participant,account_frozen,asset,available,reserved,locked,pledged,frozen,total
carbon-cn-fees,operator,no,CNY,22.75,0.00,0.00,0.00,0.00,22.75
HN,HUANENG,no,CNY,4125811.41,0.00,0.00,0.00,0.00,4125811.41
HN,HUANENG,no,CEA,898000,92,0,400,0,898492
HN,HUANENG,no,CEA21,999900,0,0,0,80,999980
HN-2,HUANENG,no,CNY,9999641.28,0.00,0.00,0.00,0.00,9999641.28
HN-2,HUANENG,no,CEA,0,0,7,0,0,7
DT,DATANG,no,CNY,5901985.60,0.00,0.00,0.00,0.00,5901985.60
DT,DATANG,no,CEA,0,0,101000,0,0,101000
CT,CITIC,yes,CNY,9972538.96,0.00,0.00,0.00,0.00,9972538.96
CT,CITIC,yes,CEA,0,0,501,0,0,501
CT,CITIC,yes,CEA21,0,0,20,0,0,20
",
    );
    same(
        &json(&holdings)["holdings"][2].to_string(),
        r#"{"account":"HN","participant":"HUANENG","account_frozen":false,"asset":"CEA","available":"898000","reserved":"92","locked":"0","pledged":"400","frozen":"0","total":"898492"}"#,
    );
}

#[test]
fn everything_adds_up() {
    let mut desk = launch_day();
    let cancel =
        r#""do": "cancel_units", "account": "HN", "asset": "CEA21", "quantity": 30, "reason": "voluntary""#;
    desk.ask("2021-07-16T14:00:00", "HUANENG", cancel);
    let conservation = conservation(&desk.state);
    assert!(conservation.ok);
    same(
        &conservation.text(),
        "
Conservation

Asset         Issued  Retired    Outstanding           Held  Adds up
--------------------------------------------------------------------
CNY    30,000,000.00     0.00  30,000,000.00  30,000,000.00  yes
CEA        1,000,000        0      1,000,000      1,000,000  yes
CEA21      1,000,000       30        999,970        999,970  yes
",
    );
    same(
        &csv(&conservation),
        "
asset,issued,retired,outstanding,held,negative,ok
CNY,30000000.00,0.00,30000000.00,30000000.00,,yes
CEA,1000000,0,1000000,1000000,,yes
CEA21,1000000,30,999970,999970,,yes
",
    );
    same(
        &json(&conservation)["assets"][2].to_string(),
        r#"{"asset":"CEA21","issued":"1000000","retired":"30","outstanding":"999970","held":"999970","negative":null,"ok":true}"#,
    );
}

#[test]
fn alerts_are_those_of_the_market_since_a_day() {
    let mut desk = launch_day();
    for minute in 10..20 {
        desk.trade(&format!("2021-07-16T14:{minute}:00"), "CEA", "52.80", 1, ("CITIC", "CT"));
    }
    let since = |day: &str| alerts(&desk.state, MARKET, Date::parse(day).unwrap());
    same(
        &since("2021-07-16").text(),
        "
Alerts carbon-cn since 2021-07-16

Alert  Day         Rule            Participant  Instrument  Measured  Threshold  Records
--------------------------------------------------------------------------------------------------
    1  2021-07-16  self_trade      HUANENG      CEA                1          1  28
    2  2021-07-16  at_price_limit  CITIC        CEA               11          3  24 32 ... 50 (11)
    3  2021-07-16  at_price_limit  HUANENG      CEA               11          3  24 32 ... 50 (11)
",
    );
    assert!(since("2021-07-17").alerts.is_empty());
    same(
        &since("2021-07-17").text(),
        "
Alerts carbon-cn since 2021-07-17

None.
",
    );
}

#[test]
fn a_market_in_which_nothing_happened() {
    let mut desk = Desk::open(carbon_cn(), "2021-07-15T08:00:00");
    desk.tick("2021-07-16T10:00:00");
    same(
        &day_report(&desk.state, MARKET).text(),
        "
Price list carbon-cn 2021-07-16, CNY per t (the day is not over: prices as they stand)

No instrument is listed.

Settlement carbon-cn 2021-07-16, quantities in t, money in CNY

Nothing traded.

Alerts carbon-cn since 2021-07-16

None.

As of record 12, 2021-07-16T10:00:00+08:00
",
    );
    same(
        &final_report(&desk.state, MARKET, "0123abcd").text(),
        "
Compliance carbon-cn 2021-07-16, quantities in t, money in CNY

No verified emissions are recorded.

Conservation

Asset  Issued  Retired  Outstanding  Held  Adds up
--------------------------------------------------
CNY      0.00     0.00         0.00  0.00  yes

As of record 12, 2021-07-16T10:00:00+08:00
Digest 0123abcd
",
    );
    desk.list("2021-07-16T11:00:00", "CEA", "[2019, 2020]", "48.00");
    desk.tick("2021-07-19T18:00:00");
    same(
        &price_list(&desk.state, MARKET).text(),
        "
Price list carbon-cn 2021-07-19, CNY per t

Line    Previous close   Open  High  Low  Close
-----------------------------------------------
CEA              48.00  48.00     -    -  48.00
COMCEA           48.00  48.00     -    -  48.00

Nothing traded.

Line    Method   Volume t  Turnover CNY  Total volume t  Total turnover CNY
---------------------------------------------------------------------------
CEA     listed          0          0.00               0                0.00
        block           0          0.00               0                0.00
        auction         0          0.00               0                0.00
COMCEA  listed          0          0.00               0                0.00
        block           0          0.00               0                0.00
        auction         0          0.00               0                0.00
",
    );
    same(
        &csv(&price_list(&desk.state, MARKET)),
        "
date,line,previous_close,open,high,low,close,next_reference,listed_volume,listed_turnover,listed_total_volume,listed_total_turnover,block_volume,block_turnover,block_total_volume,block_total_turnover,auction_volume,auction_turnover,auction_total_volume,auction_total_turnover,halted,corrections
2021-07-19,CEA,48.00,48.00,,,48.00,,0,0.00,0,0.00,0,0.00,0,0.00,0,0.00,0,0.00,no,
2021-07-19,COMCEA,48.00,48.00,,,48.00,,0,0.00,0,0.00,0,0.00,0,0.00,0,0.00,0,0.00,no,
",
    );
}

#[test]
fn a_market_that_is_not_there_gives_empty_reports() {
    let state = State::new();
    let nowhere = MarketId(7);
    assert_eq!(price_list(&state, nowhere).market, "#7");
    assert!(statement(&state, nowhere).participants.is_empty());
    assert!(compliance(&state, nowhere).periods.is_empty());
    assert!(holdings(&state).holdings.is_empty());
    assert!(holdings(&state).text().contains("Nobody holds anything."));
    assert!(conservation(&state).text().contains("No asset is defined."));
    let dir = tempfile::tempdir().unwrap();
    let refused = write_day(dir.path(), &day_report(&state, nowhere)).unwrap_err();
    assert_eq!(refused.to_string(), "the report of a day that never began cannot be written");
    let report = final_report(&state, nowhere, "00");
    let written = write_final(dir.path(), &report).unwrap();
    let names: Vec<_> = written.iter().map(|path| path.file_name().unwrap()).collect();
    assert_eq!(names, ["conservation.csv"]);
}

#[test]
fn a_file_that_cannot_be_written_says_which() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    std::fs::write(&file, "").unwrap();
    let refused = write_final(&file, &final_report(&State::new(), MARKET, "00")).unwrap_err();
    let path = file.join("conservation.csv");
    assert_eq!(refused.to_string(), format!("the report {} cannot be written", path.display()));
}
