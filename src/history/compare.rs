//! The engine's price list against the record, row by row and column by column.

use crate::history::collect::Collector;
use crate::history::facts::{shown, yuan};
use crate::history::outcome::{Exception, Outcome};
use crate::history::plan::{Findings, MARKET, composite_code, date_of, instruments};
use crate::history::sources::Place;
use crate::history::totals::Carry;
use anyhow::Result;
use base::{Date, InstrumentId, decimal};
use engine::rulebook::{Rulebook, Version};
use markets::carbon::record::{Agreement, Day, Figure, ListedRow, Method, MethodRow, Record};
use std::collections::{BTreeMap, BTreeSet};
use trading::rules::CompositePrice;
use trading::{Line, PriceLine, Turnover};

/// What became of a column.
pub(super) enum Column {
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
    /// By line and method: how the record's running totals, volume and amount, stand to the engine's.
    carried: BTreeMap<(String, Method), [Carry; 2]>,
    /// The last running totals of the engine.
    totals: BTreeMap<(String, Method), Turnover>,
    /// The first and the last day of the record that has each line.
    lives: BTreeMap<&'a str, (jiff::civil::Date, jiff::civil::Date)>,
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
    /// The names of the two files.
    files: (&'d str, &'d str),
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
        let (carried, totals, lives) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Self { rulebook, codes, lists, findings, carried, totals, lives, out }
    }

    /// Compares every row of some days of a record.
    pub(super) fn days(mut self, record: &'a Record, days: &'a [Day]) -> Result<()> {
        for day in &record.days {
            for name in day.names() {
                self.lives.entry(name).or_insert((day.date, day.date)).1 = day.date;
            }
        }
        let files = (record.listed_file.as_str(), record.methods_file.as_str());
        if let Some(first) = days.first() {
            self.carry_in(&self.scene(first, files)?);
        }
        let mut before = None;
        for day in days {
            let scene = self.scene(day, files)?;
            self.missing_rows(&scene, before);
            for row in &day.listed {
                self.listed_row(&scene, row);
            }
            for row in &day.methods {
                self.method_row(&scene, row);
            }
            before = Some(day);
        }
        Ok(())
    }

    fn scene<'d>(&self, day: &'d Day, files: (&'d str, &'d str)) -> Result<Scene<'d>>
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
        Ok(Scene { date, day, version, composite, several, not_made, files })
    }

    /// Rows that a line should have on a day on which it trades, and has not.
    fn missing_rows(&mut self, scene: &Scene<'_>, before: Option<&Day>) {
        let (listed_file, methods_file) = scene.files;
        let mut names = scene.day.names();
        let gone = before.map(Day::names).unwrap_or_default();
        for name in gone {
            if self.lives.get(name).is_some_and(|(_, last)| *last > scene.day.date) && !names.contains(&name)
            {
                names.push(name);
            }
        }
        names.retain(|name| self.line(scene, name).is_some());
        for name in names {
            let has_methods = scene.day.methods.iter().any(|row| row.instrument == name);
            if scene.day.listed_row(name).is_none() {
                let reason = match has_methods {
                    true => format!("{methods_file} has rows of it on this day, {listed_file} has not"),
                    false => "the record has it before and after this day".to_owned(),
                };
                self.missing_row(scene, name, "row", reason);
            }
            if methods_file == listed_file {
                continue;
            }
            for method in [Method::Listed, Method::Block, Method::Auction] {
                let due = method == Method::Listed
                    || before.is_some_and(|before| before.method_row(name, method).is_some());
                if due && scene.day.method_row(name, method).is_none() {
                    let reason = format!("{methods_file} has no row of its {method} trading on this day");
                    self.missing_row(scene, name, &format!("{method}.row"), reason);
                    let carried = self.carried.entry((name.to_owned(), method)).or_default();
                    carried.iter_mut().for_each(|carry| carry.said = true);
                }
            }
        }
    }

    fn missing_row(&mut self, scene: &Scene<'_>, name: &str, column: &str, reason: String) {
        self.out.exceptions.push(Exception {
            date: scene.date.to_string(),
            instrument: name.to_owned(),
            column: column.to_owned(),
            record: "no row".to_owned(),
            engine: "a row".to_owned(),
            reason,
        });
    }

    /// Where the record begins in its middle, the composite's totals know instruments that had left the list.
    fn carry_in(&mut self, scene: &Scene<'_>) {
        let Some(composite) = scene.composite else { return };
        let row = scene.day.listed_row(composite);
        if row.is_some_and(|row| row.previous_close_fen == Figure::Absent) {
            return; // its first day
        }
        let before = |row: &MethodRow| {
            let less = |total: &Figure, day: &Figure| {
                let both = total.get().zip(day.get()).filter(|(total, day)| total >= day);
                both.map(|(total, day)| i128::from(total) - i128::from(day))
            };
            let volume = less(&row.total_volume_t, &row.volume_t);
            let amount = less(&row.total_amount_fen, &row.amount_fen);
            volume.zip(amount).map(|(volume, amount)| Turnover { volume, amount })
        };
        for row in scene.day.methods.iter().filter(|row| row.instrument == composite) {
            let Some(mut left) = before(row) else { continue };
            let parts =
                scene.day.methods.iter().filter(|p| p.method == row.method && p.instrument != composite);
            for part in parts.filter_map(before) {
                left = Turnover { volume: left.volume - part.volume, amount: left.amount - part.amount };
            }
            if left != Turnover::default() {
                let (date, method, volume) = (scene.date, row.method, left.volume);
                self.out.notes.push(format!(
                    "the {method} totals of {composite} begin on {date} with {volume} t and {} CNY of instruments \
                     that have no row on that day",
                    yuan(left.amount)
                ));
                let carried = [left.volume, left.amount].map(Carry::from);
                self.carried.insert((composite.to_owned(), row.method), carried);
            }
        }
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
        let context =
            |column: Column, figure: &Figure| match not_made && !matches!(figure, Figure::Unfit { .. }) {
                true => Column::NotMade,
                false => column,
            };
        // The order of trades between instruments is not in the record, and the composite's open, high and low hang on it.
        let price = |name, figure: &Figure, engine: Option<i64>| match shuffled {
            true => within_itself(name, row, figure, engine),
            false => context(self.price(scene, row, name, figure, engine), figure),
        };
        let first = self.lives.get(row.instrument.as_str()).is_some_and(|(first, _)| *first == row.date);
        let previous = match &row.previous_close_fen {
            Figure::Absent if first => Column::Undetermined,
            figure => cell(figure, Some(line.previous_close.0), yuan, || BY_THE_RULES.to_owned()),
        };
        let close = cell(&row.close_fen, Some(line.close.0), yuan, || self.why_close(scene, row));
        let columns = vec![
            ("previous_close".to_owned(), previous),
            ("open".to_owned(), price("open", &row.open_fen, Some(line.open.0))),
            ("high".to_owned(), price("high", &row.high_fen, line.high.map(|price| price.0))),
            ("low".to_owned(), price("low", &row.low_fen, line.low.map(|price| price.0))),
            ("close".to_owned(), context(close, &row.close_fen)),
            ("volume".to_owned(), context(self.volume(scene, row, turnover), &row.volume_t)),
            ("amount".to_owned(), context(self.amount(scene, row, turnover, not_made), &row.amount_fen)),
        ];
        self.tally(scene, &row.instrument, columns);
    }

    /// A price of an instrument; if no trades make it with the rest of its row, the reason says so.
    fn price(
        &self,
        scene: &Scene<'_>,
        row: &ListedRow,
        name: &'static str,
        figure: &Figure,
        engine: Option<i64>,
    ) -> Column {
        let set_aside = self.findings.set_aside.get(&(scene.date, row.instrument.clone(), name));
        cell(figure, engine, yuan, || match set_aside {
            Some(why) => format!("{why}; the day is made without this price"),
            None => BY_THE_RULES.to_owned(),
        })
    }

    fn volume(&self, scene: &Scene<'_>, row: &ListedRow, turnover: Turnover) -> Column {
        match &row.volume_t {
            Figure::Of(record) if i128::from(*record) == turnover.volume => Column::Agrees,
            Figure::Of(record) => Column::Differs {
                record: record.to_string(),
                engine: turnover.volume.to_string(),
                reason: contradiction(scene, row),
            },
            other => odd(other, turnover.volume.to_string()),
        }
    }

    fn amount(&mut self, scene: &Scene<'_>, row: &ListedRow, turnover: Turnover, not_made: bool) -> Column {
        let Figure::Of(record) = &row.amount_fen else { return odd(&row.amount_fen, yuan(turnover.amount)) };
        let record = i128::from(*record);
        let cut = record != turnover.amount && record == turnover.amount - turnover.amount.rem_euclid(100);
        self.out.amounts_cut_to_yuan += u64::from(cut && !not_made);
        differs(cut || record == turnover.amount, || {
            (yuan(record), yuan(turnover.amount), contradiction(scene, row))
        })
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
        if rest != 0 || halves % 2 == 0 || row.close_fen.get().map(i128::from) != Some(halves / 2) {
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
        let names = ["volume", "amount", "total_volume", "total_amount"];
        let names = names.map(|name| format!("{}.{name}", row.method));
        let method = match row.method {
            Method::Listed => base::Method::Listed,
            Method::Block => base::Method::Block,
            Method::Auction => base::Method::Auction,
        };
        let line = self.line(scene, &row.instrument);
        let not_made = scene.not_made.contains(&key);
        let total = match line {
            Some(line) => line.total[method.index()],
            None => self.totals.get(&key).copied().unwrap_or_default(),
        };
        self.totals.insert(key.clone(), total);
        let [mut volumes, mut amounts] = self.carried.get(&key).copied().unwrap_or_default();
        let place = self.findings.made_from.get(&(scene.date, row.instrument.clone(), row.method));
        let gap = self.findings.after_gap.contains(&scene.date);
        volumes.said |= gap;
        // Made from the daily prices, an amount may be cut to whole yuan.
        amounts.said |= gap || place == Some(&Place::Prices);
        let made_here = line.is_some() && !not_made;
        let total_volume = volumes.column(&row.total_volume_t, total.volume, i128_text, made_here);
        let total_amount = amounts.column(&row.total_amount_fen, total.amount, yuan, made_here);
        self.carried.insert(key, [volumes, amounts]);
        let Some(line) = line else {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            self.tally(scene, &row.instrument, missing(&names, not_made));
            return;
        };
        let turnover = line.turnover[method.index()];
        let reason = || match place {
            Some(place) => format!("{} tell the engine's figure", place.name()),
            None => BY_THE_RULES.to_owned(),
        };
        let figure = |figure: &Figure, engine: i128, text: fn(i128) -> String| match figure {
            Figure::Of(record) => {
                differs(i128::from(*record) == engine, || (text(i128::from(*record)), text(engine), reason()))
            }
            other => odd(other, text(engine)),
        };
        let context =
            |column: Column, figure: &Figure| match not_made && !matches!(figure, Figure::Unfit { .. }) {
                true => Column::NotMade,
                false => column,
            };
        let columns = [
            context(figure(&row.volume_t, turnover.volume, i128_text), &row.volume_t),
            context(figure(&row.amount_fen, turnover.amount, yuan), &row.amount_fen),
            context(total_volume, &row.total_volume_t),
            context(total_amount, &row.total_amount_fen),
        ];
        let columns = names.into_iter().zip(columns).collect();
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

pub(super) fn differs(agrees: bool, why: impl FnOnce() -> (String, String, String)) -> Column {
    if agrees {
        return Column::Agrees;
    }
    let (record, engine, reason) = why();
    Column::Differs { record, engine, reason }
}

fn i128_text(number: i128) -> String {
    number.to_string()
}

/// A cell that tells no figure to compare: an exception, unless the record has no such column.
pub(super) fn odd(figure: &Figure, engine: String) -> Column {
    let reason = match figure {
        Figure::Of(_) | Figure::Untold => return Column::Undetermined,
        Figure::Absent => "the cell is empty".to_owned(),
        Figure::Unfit { why, .. } => (*why).to_owned(),
    };
    Column::Differs { record: shown(figure, |number| number.to_string()), engine, reason }
}

/// A figure and the engine's, which may have none.
fn cell(
    figure: &Figure,
    engine: Option<i64>,
    text: fn(i64) -> String,
    reason: impl FnOnce() -> String,
) -> Column {
    let engine_text = || engine.map_or("none".to_owned(), text);
    match figure {
        Figure::Of(record) => differs(Some(*record) == engine, || (text(*record), engine_text(), reason())),
        Figure::Absent if engine.is_none() => Column::Agrees,
        other => odd(other, engine_text()),
    }
}

/// The composite's open, high and low on a day of several instruments, as far as the row itself determines them.
fn within_itself(name: &str, row: &ListedRow, figure: &Figure, engine: Option<i64>) -> Column {
    let price = |figure: &Figure| shown(figure, yuan);
    let Figure::Of(record) = figure else {
        return match (figure, engine) {
            (Figure::Absent, None) => Column::Undetermined,
            (other, engine) => odd(other, engine.map_or("none".to_owned(), |_| "a price".to_owned())),
        };
    };
    if engine.is_none() {
        let reason = "nothing traded on this day".to_owned();
        return Column::Differs { record: yuan(*record), engine: "none".to_owned(), reason };
    }
    let beyond = match (name, row.low_fen.get(), row.high_fen.get()) {
        ("open", Some(low), Some(high)) if low <= high => !(low..=high).contains(record),
        ("low", _, Some(high)) => *record > high,
        _ => false,
    };
    if !beyond {
        return Column::Undetermined;
    }
    let (low, high) = (price(&row.low_fen), price(&row.high_fen));
    let (engine, reason) = match name {
        "open" => (format!("{low} to {high}"), "the opening price is not between the lowest and the highest"),
        _ => (format!("at most {high}"), "the lowest price is above the highest"),
    };
    Column::Differs { record: yuan(*record), engine, reason: reason.to_owned() }
}

/// Why the daily prices tell another volume or amount than was made.
fn contradiction(scene: &Scene<'_>, row: &ListedRow) -> String {
    let Some(exact) = scene.day.method_row(&row.instrument, Method::Listed) else {
        return BY_THE_RULES.to_owned();
    };
    if row.agreement(exact) != Some(Agreement::Different) {
        return BY_THE_RULES.to_owned();
    }
    let (listed, methods) = scene.files;
    let (volume, amount) =
        (shown(&exact.volume_t, |tonnes| tonnes.to_string()), shown(&exact.amount_fen, yuan));
    format!("{listed} and {methods} contradict each other: {methods} has {volume} t for {amount} CNY")
}
