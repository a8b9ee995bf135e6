//! The engine's price list against the record, row by row and column by column.

use crate::history::collect::Collector;
use crate::history::facts::yuan;
use crate::history::outcome::{Exception, Outcome};
use crate::history::plan::{Findings, MARKET, composite_code, date_of, instruments};
use anyhow::Result;
use base::{Date, InstrumentId, decimal};
use engine::rulebook::{Rulebook, Version};
use markets::carbon::record::{Agreement, Day, ListedRow, Method, MethodRow};
use std::collections::{BTreeMap, BTreeSet};
use trading::rules::CompositePrice;
use trading::{Line, PriceLine, Turnover};

/// What became of a column.
enum Column {
    Agrees,
    Undetermined,
    NotMade,
    Differs { record: String, engine: String, reason: String },
}

/// A comparison under way.
pub(super) struct Comparison<'a> {
    rulebook: &'a Rulebook,
    /// The engine's instruments by their codes.
    codes: &'a BTreeMap<String, InstrumentId>,
    lists: &'a Collector,
    findings: &'a Findings,
    /// By line and method: what the record's running total has and the engine's has not, since an exception said so.
    offsets: BTreeMap<(String, Method), Turnover>,
    /// The last running totals of the engine.
    totals: BTreeMap<(String, Method), Turnover>,
    out: &'a mut Outcome,
}

/// A day of the record, while it is compared.
struct Scene<'d> {
    date: Date,
    day: &'d Day,
    version: &'d Version,
    composite: Option<&'d str>,
    /// How many instruments have rows.
    several: bool,
    /// What was not traded.
    not_made: BTreeSet<(String, Method)>,
}

const BY_THE_RULES: &str = "the trades that make the day's other columns come to the engine's figure";

impl<'a> Comparison<'a> {
    pub(super) fn new(
        rulebook: &'a Rulebook,
        codes: &'a BTreeMap<String, InstrumentId>,
        lists: &'a Collector,
        findings: &'a Findings,
        out: &'a mut Outcome,
    ) -> Self {
        let (offsets, totals) = (BTreeMap::new(), BTreeMap::new());
        Self { rulebook, codes, lists, findings, offsets, totals, out }
    }

    /// Compares every row of some days.
    pub(super) fn days(mut self, days: &[Day]) -> Result<()> {
        if let Some(first) = days.first() {
            self.carry_in(first)?;
        }
        for day in days {
            let scene = self.scene(day)?;
            for row in &day.listed {
                self.listed_row(&scene, row);
            }
            for row in &day.methods {
                self.method_row(&scene, row);
            }
        }
        Ok(())
    }

    fn scene<'d>(&self, day: &'d Day) -> Result<Scene<'d>>
    where
        'a: 'd,
    {
        let date = date_of(day.date)?;
        let version = self.rulebook.version_on(date);
        let composite = composite_code(version);
        let found = self.findings.not_made.iter().filter(|(found, ..)| *found == date);
        let mut not_made: BTreeSet<(String, Method)> =
            found.map(|(_, code, method)| (code.clone(), *method)).collect();
        if let Some(composite) = composite {
            let methods: Vec<Method> = not_made.iter().map(|(_, method)| *method).collect();
            not_made.extend(methods.into_iter().map(|method| (composite.to_owned(), method)));
        }
        let several = instruments(day, version).len() > 1;
        Ok(Scene { date, day, version, composite, several, not_made })
    }

    /// Where the record begins in its middle, the composite's totals know instruments that had left the list.
    fn carry_in(&mut self, first: &Day) -> Result<()> {
        let scene = self.scene(first)?;
        let Some(composite) = scene.composite else { return Ok(()) };
        for row in first.methods.iter().filter(|row| row.instrument == composite) {
            let before = |row: &MethodRow| Turnover {
                volume: i128::from(row.total_volume_t) - i128::from(row.volume_t),
                amount: i128::from(row.total_amount_fen) - i128::from(row.amount_fen),
            };
            let mut left = before(row);
            let parts = first.methods.iter().filter(|p| p.method == row.method && p.instrument != composite);
            for part in parts.map(before) {
                left = Turnover { volume: left.volume - part.volume, amount: left.amount - part.amount };
            }
            if left != Turnover::default() {
                let (date, method, volume) = (scene.date, row.method, left.volume);
                self.out.notes.push(format!(
                    "the {method} totals of {composite} begin on {date} with {volume} t and {} CNY of instruments \
                     that have no row on that day",
                    yuan(left.amount)
                ));
                self.offsets.insert((composite.to_owned(), row.method), left);
            }
        }
        Ok(())
    }

    fn line(&self, scene: &Scene<'_>, code: &str) -> Option<&'a PriceLine> {
        let line = if scene.composite == Some(code) {
            Line::Composite(MARKET)
        } else {
            Line::Instrument(*self.codes.get(code)?)
        };
        self.lists.lists.get(&(scene.date, line))
    }

    fn listed_row(&mut self, scene: &Scene<'_>, row: &ListedRow) {
        let line = self.line(scene, &row.instrument);
        let not_made = scene.not_made.contains(&(row.instrument.clone(), Method::Listed));
        let shuffled = scene.composite == Some(&row.instrument) && scene.several;
        let Some(line) = line else {
            self.tally(scene, &row.instrument, missing(&LISTED_COLUMNS, not_made));
            return;
        };
        let turnover = line.turnover[base::Method::Listed.index()];
        let price = |record: Option<i64>, engine: Option<i64>| {
            let text = |price: Option<i64>| price.map_or("none".to_owned(), yuan);
            differs(record == engine, || (text(record), text(engine), BY_THE_RULES.to_owned()))
        };
        // The order of trades between instruments is not in the record, and the composite's open, high and low hang on it.
        let within = |column: Column| match (shuffled, not_made) {
            (true, _) => Column::Undetermined,
            (_, true) => Column::NotMade,
            _ => column,
        };
        let made = |column: Column| if not_made { Column::NotMade } else { column };
        let previous = match row.previous_close_fen {
            None => Column::Undetermined,
            Some(_) => price(row.previous_close_fen, Some(line.previous_close.0)),
        };
        let close = differs(row.close_fen == line.close.0, || {
            (yuan(row.close_fen), yuan(line.close.0), self.why_close(scene, row))
        });
        let contradiction = scene.day.method_row(&row.instrument, Method::Listed).and_then(|exact| {
            let text = |amount: i64| format!("{} t for {} CNY", exact.volume_t, yuan(amount));
            (row.agreement(exact) == Agreement::Different).then(|| {
                format!(
                    "listed.csv and methods.csv contradict each other: methods.csv has {}",
                    text(exact.amount_fen)
                )
            })
        });
        let reason = || contradiction.clone().unwrap_or_else(|| BY_THE_RULES.to_owned());
        let volume = differs(i128::from(row.volume_t) == turnover.volume, || {
            (row.volume_t.to_string(), turnover.volume.to_string(), reason())
        });
        let record = i128::from(row.amount_fen);
        let cut = record != turnover.amount && record == turnover.amount - turnover.amount.rem_euclid(100);
        let amount =
            differs(cut || record == turnover.amount, || (yuan(record), yuan(turnover.amount), reason()));
        self.out.amounts_cut_to_yuan += u64::from(cut && !not_made);
        let columns = vec![
            ("previous_close".to_owned(), previous),
            ("open".to_owned(), within(price(Some(row.open_fen), Some(line.open.0)))),
            ("high".to_owned(), within(price(row.high_fen, line.high.map(|price| price.0)))),
            ("low".to_owned(), within(price(row.low_fen, line.low.map(|price| price.0)))),
            ("close".to_owned(), made(close)),
            ("volume".to_owned(), made(volume)),
            ("amount".to_owned(), made(amount)),
        ];
        self.tally(scene, &row.instrument, columns);
    }

    /// Why a close differs: a mean that lies exactly between two prices is where a published figure goes wrong.
    fn why_close(&self, scene: &Scene<'_>, row: &ListedRow) -> String {
        let rule = scene.version.trading.composite.as_ref().map(|composite| &composite.price);
        if scene.composite != Some(&row.instrument) || rule != Some(&CompositePrice::Mean) {
            return BY_THE_RULES.to_owned();
        }
        let lines = self.lists.lists.range((scene.date, Line::Instrument(InstrumentId(0)))..);
        let of_day = lines.take_while(|((date, _), _)| *date == scene.date);
        let closes = of_day.filter(|((_, line), _)| matches!(line, Line::Instrument(_)));
        let (sum, count) = closes
            .fold((0_i128, 0_i128), |(sum, count), (_, line)| (sum + i128::from(line.close.0), count + 1));
        // An odd number of half fen.
        let (halves, rest) = (2 * sum / count.max(1), 2 * sum % count.max(1));
        if rest != 0 || halves % 2 == 0 || i128::from(row.close_fen) != halves / 2 {
            return format!("the mean of the {count} closes, rounded half-up, is the engine's figure");
        }
        format!(
            "the mean of the {count} closes is exactly {}, which rounds half-up to {}; the published figure carries a \
             floating-point error",
            decimal::text(halves * 5, 3),
            yuan(halves / 2 + 1)
        )
    }

    fn method_row(&mut self, scene: &Scene<'_>, row: &MethodRow) {
        let key = (row.instrument.clone(), row.method);
        let not_made = scene.not_made.contains(&key);
        let names = ["volume", "amount", "total_volume", "total_amount"];
        let names = names.map(|name| format!("{}.{name}", row.method));
        let method = match row.method {
            Method::Listed => base::Method::Listed,
            Method::Block => base::Method::Block,
            Method::Auction => base::Method::Auction,
        };
        let line = self.line(scene, &row.instrument);
        let total = match line {
            Some(line) => line.total[method.index()],
            None => self.totals.get(&key).copied().unwrap_or_default(),
        };
        self.totals.insert(key.clone(), total);
        let offset = self.offsets.get(&key).copied().unwrap_or_default();
        let (volume, amount) = (i128::from(row.total_volume_t), i128::from(row.total_amount_fen));
        let expected =
            Turnover { volume: total.volume + offset.volume, amount: total.amount + offset.amount };
        if (expected.volume, expected.amount) != (volume, amount) {
            // Said once, here or with the day that cannot be made: from now on the increments are compared.
            let offset = Turnover { volume: volume - total.volume, amount: amount - total.amount };
            self.offsets.insert(key, offset);
        }
        let Some(line) = line else {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            self.tally(scene, &row.instrument, missing(&names, not_made));
            return;
        };
        let turnover = line.turnover[method.index()];
        let reason = "the running total does not go on from the day before by this day's trades; \
                      from here on its increments are compared";
        let columns = [
            differs(i128::from(row.volume_t) == turnover.volume, || {
                (row.volume_t.to_string(), turnover.volume.to_string(), BY_THE_RULES.to_owned())
            }),
            differs(i128::from(row.amount_fen) == turnover.amount, || {
                (yuan(row.amount_fen), yuan(turnover.amount), BY_THE_RULES.to_owned())
            }),
            differs(volume == expected.volume, || {
                (volume.to_string(), expected.volume.to_string(), reason.to_owned())
            }),
            differs(amount == expected.amount, || (yuan(amount), yuan(expected.amount), reason.to_owned())),
        ];
        let made = |column| if not_made { Column::NotMade } else { column };
        let columns = names.into_iter().zip(columns.into_iter().map(made)).collect();
        self.tally(scene, &row.instrument, columns);
    }

    fn tally(&mut self, scene: &Scene<'_>, instrument: &str, columns: Vec<(String, Column)>) {
        let out = &mut *self.out;
        out.rows += 1;
        let mut matched = true;
        for (name, column) in columns {
            out.columns += 1;
            match column {
                Column::Agrees => out.columns_matched += 1,
                Column::Undetermined => {
                    out.columns_undetermined += 1;
                    *out.undetermined.entry(name).or_default() += 1;
                }
                Column::NotMade => {
                    out.columns_not_made += 1;
                    matched = false;
                }
                Column::Differs { record, engine, reason } => {
                    let (date, instrument) = (scene.date.to_string(), instrument.to_owned());
                    let column = name;
                    out.exceptions.push(Exception { date, instrument, column, record, engine, reason });
                    matched = false;
                }
            }
        }
        out.rows_matched += u64::from(matched);
    }
}

const LISTED_COLUMNS: [&str; 7] = ["previous_close", "open", "high", "low", "close", "volume", "amount"];

/// The columns of a row to which the engine has no line.
fn missing(names: &[&str], not_made: bool) -> Vec<(String, Column)> {
    let mut columns: Vec<(String, Column)> =
        names.iter().map(|name| ((*name).to_owned(), Column::NotMade)).collect();
    if let (false, Some(first)) = (not_made, columns.first_mut()) {
        let reason = "the engine's price list has no such line on this day".to_owned();
        first.1 = Column::Differs { record: "a row".to_owned(), engine: "none".to_owned(), reason };
    }
    columns
}

fn differs(agrees: bool, why: impl FnOnce() -> (String, String, String)) -> Column {
    if agrees {
        return Column::Agrees;
    }
    let (record, engine, reason) = why();
    Column::Differs { record, engine, reason }
}
