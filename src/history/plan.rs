//! The planner: from the record, the rulebook and nothing else to the commands of each day. It never asks the engine, so
//! that a second run plans the same commands under the same ids, whatever of them is in the log already.

use crate::history::book::{Book, Supply};
use crate::history::cast::{self, AUTHORITY, BANK, REGISTRAR};
use crate::history::facts::{self, Impossible, yuan};
use crate::history::lines::Lines;
use crate::history::outcome::Exception;
use crate::history::sender::{Planned, Sender};
use crate::history::session::{Desk, money};
use anyhow::{Context, Result, bail};
use base::{AccountId, AssetId, Date, InstrumentId, MarketId, Price, Quantity, TimeOfDay, Timestamp};
use engine::rulebook::{Rulebook, Version};
use engine::{Command, OPERATOR};
use markets::carbon::reconstruct::Trade;
use markets::carbon::record::{Day, ListedRow, Method, Record};
use registry::{AssetClass, DefineAsset, Deposit, Issue};
use std::collections::{BTreeMap, BTreeSet};
use trading::{CorrectReference, DeclareHoliday, DelistInstrument, Line, ListInstrument, Turnover};

pub(super) const MARKET: MarketId = MarketId(0);
const CURRENCY: AssetId = AssetId(0);
const METHODS: [Method; 3] = [Method::Listed, Method::Block, Method::Auction];

/// What the planner found that no comparison of price lists would say.
#[derive(Debug, Default)]
pub(super) struct Findings {
    pub(super) exceptions: Vec<Exception>,
    /// What was not traded, because no trades make it: day, line, method.
    pub(super) not_made: BTreeSet<(Date, String, Method)>,
    pub(super) notes: Vec<String>,
}

/// The planner of one run.
pub(super) struct Planner<'a> {
    rulebook: &'a Rulebook,
    /// The last day on which each line has a row.
    last_rows: BTreeMap<&'a str, Date>,
    /// Of the record, and those of them that were declared because the rulebook lacks them.
    holidays: BTreeSet<Date>,
    declared: BTreeSet<Date>,
    book: Book,
    lines: Lines,
    sender: Sender,
    serial: i64,
    /// The last published close of each line.
    published: BTreeMap<String, i64>,
    /// The last day planned.
    today: Date,
    pub(super) findings: Findings,
}

/// A date of the record.
pub(super) fn date_of(date: jiff::civil::Date) -> Result<Date> {
    let (year, month, day) = (i32::from(date.year()), i32::from(date.month()), i32::from(date.day()));
    Date::new(year, month, day).with_context(|| format!("{date} lies beyond the calendar"))
}

/// The name of the composite line on a day.
pub(super) fn composite_code(version: &Version) -> Option<&str> {
    version.trading.composite.as_ref().map(|composite| composite.code.as_str())
}

/// The rows of the instruments of a day.
pub(super) fn instruments<'d>(day: &'d Day, version: &Version) -> Vec<&'d ListedRow> {
    let composite = composite_code(version);
    day.listed.iter().filter(|row| Some(row.instrument.as_str()) != composite).collect()
}

/// The years whose allowances trade under a code: CEA are those of 2019 and 2020, CEA21 those of 2021.
fn vintages(code: &str) -> Option<(i32, i32)> {
    if code == "CEA" {
        return Some((2019, 2020));
    }
    let digits = code.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    let year: i32 = digits.parse().ok().filter(|_| digits.bytes().all(|b| b.is_ascii_digit()))?;
    match digits.len() {
        2 => Some((2000 + year, 2000 + year)),
        4 => Some((year, year)),
        _ => None,
    }
}

impl<'a> Planner<'a> {
    /// Plans the adoption of the rulebook on the day before the first day of the record, and everyone's accounts.
    pub(super) fn new(rulebook: &'a Rulebook, record: &'a Record, first: Date) -> Result<Self> {
        check_units(rulebook)?;
        let mut last_rows = BTreeMap::new();
        for day in &record.days {
            let date = date_of(day.date)?;
            last_rows.extend(day.listed.iter().map(|row| (row.instrument.as_str(), date)));
        }
        let mut planner = Self {
            rulebook,
            last_rows,
            holidays: record.holidays.iter().map(|date| date_of(*date)).collect::<Result<_>>()?,
            declared: BTreeSet::new(),
            book: Book::default(),
            lines: Lines::default(),
            sender: Sender::new(),
            serial: 0,
            published: BTreeMap::new(),
            today: Date(first.0 - 1),
            findings: Findings::default(),
        };
        planner.open();
        Ok(planner)
    }

    fn open(&mut self) {
        let calendar = &self.rulebook.versions[0].trading.calendar;
        let at = calendar.instant(self.today, TimeOfDay(9 * 3_600));
        self.sender.begin_day(self.today);
        self.sender.send(at, OPERATOR, Command::AdoptRulebook(Box::new(self.rulebook.clone())));
        for member in cast::members() {
            self.sender.send(at, OPERATOR, Command::RegisterParticipant(member));
        }
        for account in cast::accounts() {
            self.sender.send(at, REGISTRAR, Command::OpenAccount(account));
        }
    }

    fn trades_on(&self, date: Date) -> bool {
        let calendar = &self.rulebook.version_on(date).trading.calendar;
        date >= self.rulebook.versions[0].from
            && calendar.is_trading_day(date)
            && !self.declared.contains(&date)
    }

    /// What is planned and was not yet handed over.
    pub(super) fn take(&mut self) -> Vec<Planned> {
        std::mem::take(&mut self.sender.out)
    }

    /// Plans a day of the record.
    pub(super) fn day(&mut self, day: &Day) -> Result<()> {
        let date = date_of(day.date)?;
        self.declare_holidays(date);
        self.pass_days_before(date);
        self.sender.begin_day(date);
        let version = self.rulebook.version_on(date);
        let end = version.trading.calendar.instant(date, version.trading.calendar.day_end);
        if self.trades_on(date) {
            self.book.begin_day(date);
            self.lines.begin_day();
            self.morning(day, date, version)?;
            self.trade(day, date, version)?;
            self.sender.send(end, OPERATOR, Command::Tick);
            self.lines.end_day(version.trading.composite.as_ref().map(|composite| &composite.price));
        } else {
            self.closed(day, date, version);
        }
        self.evening(day, date, version, end);
        self.today = date;
        Ok(())
    }

    /// On the evening of the day before, holidays up to `date` that the rulebook lacks. Not earlier: a record that has grown
    /// since the last run goes on in the same log.
    fn declare_holidays(&mut self, date: Date) {
        // The engine asks the calendar of the rules in force on the day of the declaration.
        let calendar = &self.rulebook.version_on(self.today).trading.calendar;
        let at = calendar.instant(self.today, calendar.day_end);
        let first = self.rulebook.versions[0].from.max(self.today.next());
        for holiday in (first.0..=date.0).map(Date).filter(|day| self.holidays.contains(day)) {
            if calendar.is_trading_day(holiday) {
                let command = DeclareHoliday { market: MARKET, date: holiday };
                self.sender.send(at, OPERATOR, Command::DeclareHoliday(command));
                self.declared.insert(holiday);
                self.findings
                    .notes
                    .push(format!("{holiday}: holidays.csv has it, the rulebook has not; declared"));
            }
        }
    }

    /// Trading days that the record does not have: nothing trades, and the composite is made anew.
    fn pass_days_before(&mut self, date: Date) {
        for between in
            (self.today.0 + 1..date.0).map(Date).filter(|day| self.trades_on(*day)).collect::<Vec<_>>()
        {
            let rule = self.rulebook.version_on(between).trading.composite.as_ref();
            self.lines.begin_day();
            self.lines.end_day(rule.map(|composite| &composite.price));
            self.findings.notes.push(format!("{between}: a trading day of the calendar without rows"));
        }
    }

    /// Before the session: who leaves the list, who joins it, and from which prices the day starts.
    fn morning(&mut self, day: &Day, date: Date, version: &Version) -> Result<()> {
        let opening = Desk::opening(version, date);
        let midnight = version.trading.calendar.begins(date);
        let at = Timestamp(opening.after_seconds(-3_600).0.max(midnight.0));
        for index in 0..self.lines.instruments.len() {
            let instrument = &mut self.lines.instruments[index];
            let gone = self.last_rows.get(instrument.code.as_str()).is_some_and(|last| *last < date);
            if gone && !instrument.delisted {
                instrument.delisted = true;
                let command = DelistInstrument { instrument: InstrumentId::at(index) };
                self.sender.send(at, OPERATOR, Command::DelistInstrument(command));
            }
        }
        let composite = composite_code(version).and_then(|code| day.listed_row(code));
        if let (None, Some(row)) = (self.lines.composite, composite)
            && let Some(previous) = row.previous_close_fen
        {
            self.published.insert(row.instrument.clone(), previous);
        }
        let mut rows = instruments(day, version);
        rows.sort_by_key(|row| row.previous_close_fen.is_none());
        for row in rows {
            if self.lines.position(&row.instrument).is_none() {
                self.restore_published(at, version);
                self.list(at, day, row, date, version)?;
            }
        }
        self.restore_published(at, version);
        Ok(())
    }

    /// Starts every line from its published close, where that is not where it stands: when the record begins in its middle,
    /// and after days that the record does not have.
    fn restore_published(&mut self, at: Timestamp, version: &Version) {
        for (line, code, stands) in self.standing(version) {
            if let Some(published) = self.published.get(&code).copied().filter(|price| *price != stands) {
                let reason = format!(
                    "the last close that was published is {}, this log comes to {}",
                    yuan(published),
                    yuan(stands)
                );
                self.correct(at, line, published, reason);
                if let Some(prices) = self.prices(line) {
                    prices.reference = published;
                }
            }
        }
    }

    /// Every line on the list, and the price from which its next trades start.
    fn standing(&self, version: &Version) -> Vec<(Line, String, i64)> {
        let on_list =
            self.lines.instruments.iter().enumerate().filter(|(_, instrument)| !instrument.delisted);
        let instruments = on_list.map(|(index, instrument)| {
            (Line::Instrument(InstrumentId::at(index)), instrument.code.clone(), instrument.prices.next)
        });
        let composite = composite_code(version).zip(self.lines.composite);
        let composite =
            composite.map(|(code, prices)| (Line::Composite(MARKET), code.to_owned(), prices.next));
        instruments.chain(composite).collect()
    }

    fn prices(&mut self, line: Line) -> Option<&mut crate::history::lines::Prices> {
        match line {
            Line::Instrument(id) => self.lines.instruments.get_mut(id.index()).map(|line| &mut line.prices),
            Line::Composite(_) => self.lines.composite.as_mut(),
        }
    }

    fn correct(&mut self, at: Timestamp, line: Line, price: i64, reason: String) {
        let command = CorrectReference { line, price: Price(price), reason };
        self.sender.send(at, OPERATOR, Command::CorrectReference(command));
        if let Some(prices) = self.prices(line) {
            prices.next = price;
        }
    }

    fn list(
        &mut self,
        at: Timestamp,
        day: &Day,
        row: &ListedRow,
        date: Date,
        version: &Version,
    ) -> Result<()> {
        let code = &row.instrument;
        let Some((first_vintage, last_vintage)) = vintages(code) else {
            let reason = "its name does not say of which years its allowances are".to_owned();
            let note = format!("{code} is not listed: {reason}");
            if !self.findings.notes.contains(&note) {
                self.exception(date, code, "instrument", (code.clone(), "not listed"), reason);
                self.findings.notes.push(note);
            }
            return Ok(());
        };
        let rules = &version.trading;
        let given = row.previous_close_fen;
        let Some(index) = self.lines.list(code, given, rules.launch_reference, rules.composite.is_some())
        else {
            bail!("{date}: neither the record nor the rulebook says from which price {code} starts");
        };
        self.book.add_asset();
        let define = DefineAsset {
            code: code.clone(),
            class: AssetClass::Allowance { first_vintage, last_vintage },
            decimals: self.rulebook.unit.decimals,
            market: Some(MARKET),
        };
        self.sender.send(at, REGISTRAR, Command::DefineAsset(define));
        let before = METHODS.map(|method| {
            day.method_row(code, method).map_or(Turnover::default(), |row| Turnover {
                volume: i128::from(row.total_volume_t) - i128::from(row.volume_t),
                amount: i128::from(row.total_amount_fen) - i128::from(row.amount_fen),
            })
        });
        let list = ListInstrument {
            market: MARKET,
            code: code.clone(),
            asset: asset(index),
            reference: given.map(Price),
            carried: before,
        };
        self.sender.send(at, OPERATOR, Command::ListInstrument(list));
        Ok(())
    }

    fn exception(
        &mut self,
        date: Date,
        instrument: &str,
        column: &str,
        (record, engine): (String, &str),
        reason: String,
    ) {
        let (date, instrument, column) = (date.to_string(), instrument.to_owned(), column.to_owned());
        let engine = engine.to_owned();
        self.findings.exceptions.push(Exception { date, instrument, column, record, engine, reason });
    }

    /// The session, and before it what it needs.
    fn trade(&mut self, day: &Day, date: Date, version: &'a Version) -> Result<()> {
        let mark = self.sender.mark();
        let mut found: Vec<(String, Method, Impossible)> = Vec::new();
        let (book, lines, sender) = (&mut self.book, &mut self.lines, &mut self.sender);
        let mut desk = Desk::new((version, date), book, lines, sender, &mut self.serial);
        let mut auctions = Vec::new();
        for row in instruments(day, version) {
            let code = &row.instrument;
            let Some(index) = desk.lines.position(code) else {
                self.findings.not_made.extend(METHODS.map(|method| (date, code.clone(), method)));
                continue;
            };
            let reference = desk.lines.instruments[index].prices.reference;
            for method in METHODS {
                let Some(exact) = day.method_row(code, method) else { continue };
                let trades: Result<Vec<Trade>, Impossible> = match method {
                    Method::Listed => facts::listed(version, reference, row, exact),
                    Method::Block => facts::blocks(version, reference, exact),
                    Method::Auction => facts::auctions(version, reference, exact),
                };
                match (trades, method) {
                    (Ok(trades), Method::Listed) => desk.plan_listed(index, &trades),
                    (Ok(trades), Method::Block) => desk.plan_blocks(index, &trades),
                    (Ok(trades), Method::Auction) => {
                        auctions.extend(trades.into_iter().map(|trade| (index, trade)))
                    }
                    (Err(impossible), _) => found.push((code.clone(), method, impossible)),
                }
            }
        }
        desk.plan_auctions(&auctions);
        let supplies = desk.run();
        let commands =
            supplies.into_iter().map(|supply| supply_command(supply, date)).collect::<Result<_>>()?;
        self.sender.supply(mark, commands);
        for (code, method, Impossible { column, record, reason }) in found {
            let column =
                if method == Method::Listed { column.to_owned() } else { format!("{method}.{column}") };
            self.exception(date, &code, &column, (record, "not traded"), reason);
            self.findings.not_made.insert((date, code, method));
        }
        Ok(())
    }

    /// A day of the record on which the rules have no trading.
    fn closed(&mut self, day: &Day, date: Date, version: &Version) {
        let line = composite_code(version).filter(|code| day.listed_row(code).is_some());
        let line =
            line.or(day.listed.first().map(|row| row.instrument.as_str())).unwrap_or_default().to_owned();
        let why = if date < self.rulebook.versions[0].from {
            "the rulebook begins later"
        } else if self.declared.contains(&date) {
            "holidays.csv has it as a day without trading"
        } else {
            "it is no trading day by the rulebook's calendar"
        };
        let reason = format!("the record has rows on this day, but {why}");
        self.exception(date, &line, "date", (date.to_string(), "no trading day"), reason);
        for row in instruments(day, version) {
            self.findings.not_made.extend(METHODS.map(|method| (date, row.instrument.clone(), method)));
        }
    }

    /// After the day: where the published close is another than the engine's, the published one is carried forward.
    fn evening(&mut self, day: &Day, date: Date, version: &Version, end: Timestamp) {
        let not_made = |code: &str| self.findings.not_made.contains(&(date, code.to_owned(), Method::Listed));
        let impossible: Vec<String> =
            day.listed.iter().map(|row| row.instrument.clone()).filter(|code| not_made(code)).collect();
        for row in &day.listed {
            self.published.insert(row.instrument.clone(), row.close_fen);
        }
        for (line, code, stands) in self.standing(version) {
            let Some(row) = day.listed_row(&code).filter(|row| row.close_fen != stands) else { continue };
            let cause = self.findings.exceptions.iter().rev().find(|found| {
                found.date == date.to_string() && (found.instrument == code || found.column == "date")
            });
            let reason = match cause {
                Some(found) if impossible.contains(&code) || found.column == "date" => {
                    format!("the record cannot be made by any set of trades: {}", found.reason)
                }
                _ if matches!(line, Line::Composite(_)) && !impossible.is_empty() => {
                    format!(
                        "made without {}, whose day cannot be made by any set of trades",
                        impossible.join(", ")
                    )
                }
                _ => {
                    format!("the published close is {}, the rules make {}", yuan(row.close_fen), yuan(stands))
                }
            };
            self.correct(end, line, row.close_fen, reason);
        }
    }
}

/// The record is in CNY with two decimals, whole tonnes and prices of a fen: so must the rulebook be.
fn check_units(rulebook: &Rulebook) -> Result<()> {
    let units = (rulebook.currency.code.as_str(), rulebook.currency.decimals, rulebook.unit.decimals);
    if units != ("CNY", 2, 0) {
        bail!(
            "the record is in CNY with two decimals and in whole units, the rulebook {} is not",
            rulebook.code
        );
    }
    for version in &rulebook.versions {
        if (version.trading.tick_value, version.trading.lot) != (1, Quantity(1)) {
            bail!(
                "the record has prices in steps of 0.01 CNY and lots of 1 t, the rulebook {} from {} has not",
                rulebook.code,
                version.from
            );
        }
    }
    Ok(())
}

/// The asset of an instrument: the currency is the first, then they come as they are listed.
fn asset(instrument: usize) -> AssetId {
    AssetId::at(1 + instrument)
}

fn supply_command(supply: Supply, date: Date) -> Result<(base::ParticipantId, Command)> {
    match supply {
        Supply::Units { to, asset: instrument, quantity_t } => {
            let quantity = Quantity(i64::try_from(quantity_t).context("more tonnes than can be counted")?);
            let (account, asset): (AccountId, AssetId) = (to.account(), asset(instrument));
            let reason = "allocation (invented: the record names no holders)".to_owned();
            Ok((AUTHORITY, Command::Issue(Issue { account, asset, quantity, reason })))
        }
        Supply::Cash { to, amount_fen } => {
            let amount = money(amount_fen).context("more money than can be counted")?;
            let reference = format!("paid in on {date} (invented)");
            Ok((
                BANK,
                Command::Deposit(Deposit { account: to.account(), currency: CURRENCY, amount, reference }),
            ))
        }
    }
}
