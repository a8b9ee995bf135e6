//! Compliance, to the fen.

use crate::desk::{Desk, MARKET, carbon_cn, csv, json, same};
use huangpu::report::{Compliance, Report, compliance, final_report};

fn record(desk: &mut Desk, time: &str, participant: &str, year: i32, verified: u32) {
    let what = format!(
        r#""do": "record_emissions", "participant": "{participant}", "year": {year}, "verified": {verified}"#
    );
    desk.ask(time, "MEE", &what);
}

fn surrender(desk: &mut Desk, time: &str, account: (&str, &str), year: i32, asset: &str, quantity: u32) {
    let (by, account) = account;
    let what = format!(
        r#""do": "surrender", "account": "{account}", "year": {year}, "asset": "{asset}", "quantity": {quantity}"#
    );
    desk.ask(time, by, &what);
}

/// The month before the deadline of 2023: a trade on the day before it begins, one on its first trading day, one on its
/// last day, one after it. The average is 97.005.
fn december() -> Desk {
    let mut desk = Desk::open(carbon_cn(), "2024-11-28T16:00:00");
    desk.list("2024-11-28T16:00:00", "CEA", "[2019, 2020]", "97.00");
    let offset = r#""do": "define_asset", "code": "CCER", "class": "offset", "vintages": [2022]"#;
    desk.ask("2024-11-28T16:00:00", "CHRE", offset);
    let issue = r#""do": "issue", "account": "HN", "asset": "CCER", "quantity": 50, "reason": "registered""#;
    desk.ask("2024-11-28T16:00:00", "MEE", issue);
    desk.fund("2024-11-28T16:00:00", "CT", "100000000.00");
    record(&mut desk, "2024-11-28T16:00:00", "HUANENG", 2023, 1_001);
    record(&mut desk, "2024-11-28T16:00:00", "DATANG", 2023, 3);
    record(&mut desk, "2024-11-28T16:00:00", "HUANENG", 2024, 10);
    record(&mut desk, "2024-11-28T16:00:00", "DATANG", 2024, 2_500);
    desk.trade("2024-11-29T10:00:00", "CEA", "90.00", 500, ("CITIC", "CT"));
    desk.trade("2024-12-02T10:00:00", "CEA", "97.00", 1, ("CITIC", "CT"));
    surrender(&mut desk, "2024-12-03T10:00:00", ("HUANENG", "HN"), 2023, "CCER", 50);
    surrender(&mut desk, "2024-12-03T10:00:00", ("HUANENG", "HN"), 2023, "CEA", 950);
    surrender(&mut desk, "2024-12-03T10:00:00", ("HUANENG", "HN"), 2024, "CEA", 10);
    desk.trade("2024-12-31T10:00:00", "CEA", "97.01", 1, ("CITIC", "CT"));
    desk
}

#[test]
fn before_the_deadline_a_shortfall_is_open_and_no_fine_is_shown() {
    let desk = december();
    let report = compliance(&desk.state, MARKET);
    same(
        &report.text(),
        "
Compliance carbon-cn 2024-12-31, quantities in t, money in CNY

Period 2023, deadline 2024-12-31

Participant  Verified  Allowances  Offsets  Offset cap  Open  State
-------------------------------------------------------------------
HUANENG         1,001         950       50          50     1  open
DATANG              3           0        0           0     3  open

Fine on a shortfall (rules from 2024-10-21): 5 to 10 times average price times shortfall;
average of the month before the deadline, trades by listed, block, auction.

Period 2024, deadline 2025-12-31

Participant  Verified  Allowances  Offsets  Offset cap   Open  State
--------------------------------------------------------------------
HUANENG            10          10        0           0      0  met
DATANG          2,500           0        0         125  2,500  open

Fine on a shortfall (rules from 2026-01-01): 5 to 10 times average price times shortfall;
average of the month before the deadline, trades by listed, block, auction.
",
    );
    assert!(report.periods.iter().all(|period| !period.passed && period.average.is_none()));
    assert!(report.periods.iter().flat_map(|period| &period.duties).all(|duty| duty.shortfall.is_none()));
}

#[test]
fn after_the_deadline_the_fine_stands_on_the_exact_average_of_the_month() {
    let mut desk = december();
    // The day of the deadline is still the day whose turnover the instruments carry.
    desk.tick("2025-01-01T08:00:00");
    let holiday = compliance(&desk.state, MARKET);
    desk.trade("2025-01-02T10:00:00", "CEA", "99.00", 1_000, ("CITIC", "CT"));
    let determine = r#""do": "determine_shortfall", "participant": "DATANG", "year": 2023"#;
    desk.ask("2025-01-02T11:00:00", "MEE", determine);
    let report = compliance(&desk.state, MARKET);
    assert_eq!(report.periods[0].average, holiday.periods[0].average);
    assert_eq!(report.periods[0].duties[0], holiday.periods[0].duties[0]);

    // 1 t × 97.005 × 5 = 485.025, a half that goes up; from the average as it is shown it would be 485.05.
    same(
        &report.text(),
        "
Compliance carbon-cn 2025-01-02, quantities in t, money in CNY

Period 2023, deadline 2024-12-31, passed

Participant  Verified  Allowances  Offsets  Offset cap  Open  Shortfall  Fine from   Fine to  State
--------------------------------------------------------------------------------------------------------
HUANENG         1,001         950       50          50     1          1     485.03    970.05  short
DATANG              3           0        0           0     3          3   1,455.08  2,910.15  determined

Fine on a shortfall (rules from 2024-10-21): 5 to 10 times average price times shortfall;
average of the month before the deadline, trades by listed, block, auction.
Month before the deadline, 2024-12-01 to 2024-12-31: 2 t for 194.01 CNY, average price 97.01

Period 2024, deadline 2025-12-31

Participant  Verified  Allowances  Offsets  Offset cap   Open  State
--------------------------------------------------------------------
HUANENG            10          10        0           0      0  met
DATANG          2,500           0        0         125  2,500  open

Fine on a shortfall (rules from 2026-01-01): 5 to 10 times average price times shortfall;
average of the month before the deadline, trades by listed, block, auction.
",
    );
    same(
        &csv(&report),
        "
year,deadline,deadline_passed,participant,verified,allowances,offsets,offset_cap,open,determined,shortfall,state,average_price,fine_least,fine_most,no_fine_because
2023,2024-12-31,yes,HUANENG,1001,950,50,50,1,,1,short,97.01,485.03,970.05,
2023,2024-12-31,yes,DATANG,3,0,0,0,3,3,3,short,97.01,1455.08,2910.15,
2024,2025-12-31,no,HUANENG,10,10,0,0,0,,,met,,,,
2024,2025-12-31,no,DATANG,2500,0,0,125,2500,,,open,,,,
",
    );
    let report = json(&report);
    same(
        &report["periods"][0]["fine"].to_string(),
        r#"{"of_average_price":{"least":5,"most":10,"methods":["listed","block","auction"]}}"#,
    );
    same(
        &report["periods"][0]["average"].to_string(),
        r#"{"from":"2024-12-01","to":"2024-12-31","volume":"2","turnover":"194.01","price":"97.01"}"#,
    );
    same(
        &report["periods"][0]["duties"][0].to_string(),
        r#"{"participant":"HUANENG","verified":"1001","allowances":"950","offsets":"50","offset_cap":"50","open":"1","determined":null,"shortfall":"1","state":"short","fine":{"least":"485.03","most":"970.05"},"no_fine_because":null}"#,
    );

    // What was determined stays what the fine is on, also when it is surrendered late.
    desk.fund("2025-01-02T11:30:00", "DT", "1000.00");
    desk.trade("2025-01-02T13:00:00", "CEA", "99.00", 3, ("DATANG", "DT"));
    surrender(&mut desk, "2025-01-03T10:00:00", ("DATANG", "DT"), 2023, "CEA", 3);
    let late = json(&compliance(&desk.state, MARKET))["periods"][0]["duties"][1].clone();
    same(
        &late.to_string(),
        r#"{"participant":"DATANG","verified":"3","allowances":"3","offsets":"0","offset_cap":"0","open":"0","determined":"3","shortfall":"3","state":"late","fine":{"least":"1455.08","most":"2910.15"},"no_fine_because":null}"#,
    );
}

#[test]
fn blocks_count_where_the_rule_counts_them() {
    let fine = |report: &Compliance| {
        let average = report.periods[0].average.clone().unwrap();
        let fine = report.periods[0].duties[0].fine.clone().unwrap();
        [average.volume, average.turnover, average.price.unwrap(), fine.least, fine.most]
    };
    let mut desk = december();
    desk.block("2024-12-31T14:00:00", "CEA", "77.77", 100_000, ("CITIC", "CT"));
    desk.tick("2025-01-02T08:00:00");
    // (97.00 + 97.01 + 7,777,000.00) / 100,002 = 77.77038…
    let all = ["100002", "7777194.01", "77.77", "388.85", "777.70"];
    assert_eq!(fine(&compliance(&desk.state, MARKET)), all);

    let mut rules = carbon_cn();
    for version in &mut rules.versions {
        if let Some(registry::rules::Fine::OfAveragePrice { methods, .. }) = &mut version.registry.fine {
            *methods = vec![base::Method::Listed];
        }
    }
    let adopt = engine::Command::AdoptRulebook(Box::new(rules));
    desk.command("2025-01-02T08:00:00", adopt);
    desk.tick("2025-01-03T08:00:00");
    assert_eq!(fine(&compliance(&desk.state, MARKET)), ["2", "194.01", "97.01", "485.03", "970.05"]);
}

#[test]
fn a_month_without_trades_has_no_average_and_a_fixed_fine_needs_none() {
    let mut desk = Desk::open(carbon_cn(), "2024-11-28T16:00:00");
    record(&mut desk, "2024-11-28T16:00:00", "HUANENG", 2023, 1_001);
    desk.tick("2025-01-02T08:00:00");
    same(
        &compliance(&desk.state, MARKET).text(),
        "
Compliance carbon-cn 2025-01-02, quantities in t, money in CNY

Period 2023, deadline 2024-12-31, passed

Participant  Verified  Allowances  Offsets  Offset cap   Open  Shortfall  Fine from  Fine to  State
---------------------------------------------------------------------------------------------------
HUANENG         1,001           0        0          50  1,001      1,001          -        -  short

Fine on a shortfall (rules from 2024-10-21): 5 to 10 times average price times shortfall;
average of the month before the deadline, trades by listed, block, auction.
Month before the deadline, 2024-12-01 to 2024-12-31: no trades, no average price
No fine is shown: no trades in the month before the deadline
",
    );
    same(
        &csv(&compliance(&desk.state, MARKET)),
        "
year,deadline,deadline_passed,participant,verified,allowances,offsets,offset_cap,open,determined,shortfall,state,average_price,fine_least,fine_most,no_fine_because
2023,2024-12-31,yes,HUANENG,1001,0,0,50,1001,,1001,short,,,,no trades in the month before the deadline
",
    );

    let mut desk = Desk::open(carbon_cn(), "2021-11-28T16:00:00");
    record(&mut desk, "2021-11-28T16:00:00", "HUANENG", 2020, 1_001);
    desk.tick("2022-01-02T08:00:00");
    same(
        &final_report(&desk.state, MARKET, "0123abcd").text(),
        "
Compliance carbon-cn 2022-01-02, quantities in t, money in CNY

Period 2020, deadline 2021-12-31, passed

Participant  Verified  Allowances  Offsets  Offset cap   Open  Shortfall  Fine from    Fine to  State
-----------------------------------------------------------------------------------------------------
HUANENG         1,001           0        0          50  1,001      1,001  20,000.00  30,000.00  short

Fine on a shortfall (rules from 2021-07-16): 20,000.00 to 30,000.00 CNY.

Conservation

Asset  Issued  Retired  Outstanding  Held  Adds up
--------------------------------------------------
CNY      0.00     0.00         0.00  0.00  yes

As of record 13, 2022-01-02T08:00:00+08:00
Digest 0123abcd
",
    );
}

#[test]
fn rules_without_a_fine_say_so() {
    let mut rules = carbon_cn();
    rules.versions.iter_mut().for_each(|version| version.registry.fine = None);
    let mut desk = Desk::open(rules, "2024-11-28T16:00:00");
    record(&mut desk, "2024-11-28T16:00:00", "HUANENG", 2023, 1_001);
    desk.tick("2025-01-02T08:00:00");
    let text = compliance(&desk.state, MARKET).text();
    assert!(text.ends_with("\nNo fine is shown: the rules name no fine\n"), "{text}");
}

#[test]
fn beside_alerts_stands_what_manipulation_is_fined_by_the_rules_of_the_day() {
    let mut desk = december();
    for minute in 10..13 {
        desk.trade(&format!("2024-12-31T14:{minute}:00"), "CEA", "106.70", 1, ("CITIC", "CT"));
    }
    let text = huangpu::report::alerts(&desk.state, MARKET, base::Date(0)).text();
    let fine = "1 to 10 times the illegal gain; without one, 500,000.00 to 5,000,000.00 CNY";
    assert!(text.ends_with(&format!("\nIf it was manipulation, the fine is {fine}.\n")), "{text}");
}
