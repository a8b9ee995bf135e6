//! The planner: from the record, the rulebook and nothing else to the commands of each day. It never asks the engine, so
//! that a second run plans the same commands under the same ids, whatever of them is in the log already.

use crate::history::book::{Book, Supply};
use crate::history::cast::{self, AUTHORITY, BANK, REGISTRAR};
use crate::history::facts::{Impossible, yuan};
use crate::history::lines::Lines;
use crate::history::made::made;
use crate::history::outcome::Exception;
use crate::history::sender::{Planned, Sender};
use crate::history::session::{Desk, money};
use crate::history::sources::{Place, Sources};
use anyhow::{Context, Result, bail};
use base::{AccountId, AssetId, Date, InstrumentId, MarketId, Price, Quantity, TimeOfDay, Timestamp};
use engine::rulebook::{Rulebook, Version};
use engine::{Command, OPERATOR};
use markets::carbon::record::{Day, Figure, Method, Record};
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
    /// Where the row of volume and amount was outvoted or missing, and what the day was made from.
    pub(super) made_from: BTreeMap<(Date, String, Method), Place>,
    /// Days before which a trading day is missing.
    pub(super) after_gap: BTreeSet<Date>,
    /// Prices that no trades make while the rest of the row stands: day, line, column, and why.
    pub(super) set_aside: BTreeMap<(Date, String, &'static str), String>,
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
    /// Where each line closed by the rules; nothing where that is not known, since its day could not be made.
    made: BTreeMap<String, Option<i64>>,
    /// The day of the record before the next one.
    before: Option<&'a Day>,
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

/// The instruments of a day, in either file.
pub(super) fn instruments<'d>(day: &'d Day, version: &Version) -> Vec<&'d str> {
    let composite = composite_code(version);
    day.names().into_iter().filter(|name| Some(*name) != composite).collect()
}

/// The previous close that the record gives a line, if it can be used.
fn previous_close(day: &Day, code: &str) -> Option<i64> {
    day.listed_row(code).and_then(|row| row.previous_close_fen.get())
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
        let (mut before, mut closes) = (None, BTreeMap::new());
        for day in &record.days {
            let date = date_of(day.date)?;
            last_rows.extend(day.names().into_iter().map(|name| (name, date)));
            if date < first {
                before = Some(day);
                let usable =
                    day.listed.iter().filter_map(|row| row.close_fen.get().map(|close| (row, close)));
                closes.extend(usable.map(|(row, close)| (row.instrument.clone(), close)));
            }
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
            published: closes,
            made: BTreeMap::new(),
            before,
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
    pub(super) fn day(&mut self, day: &'a Day) -> Result<()> {
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
        (self.today, self.before) = (date, Some(day));
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
            let version = self.rulebook.version_on(between);
            let line = composite_code(version).filter(|_| self.lines.composite.is_some());
            let line = line.or(self.lines.instruments.first().map(|line| line.code.as_str()));
            let line = line.unwrap_or_default().to_owned();
            let reason = "a trading day by the calendar, but the record has no row on it: a day that is missing, or one \
                          without trading that the list of holidays lacks";
            let record = "no rows".to_owned();
            self.exception(between, &line, "date", (record, "a trading day"), reason.to_owned());
            // Nobody knows where that day closed: the next one says from where it starts.
            self.made.values_mut().for_each(|made| *made = None);
            self.findings.after_gap.insert(date);
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
        if let (None, Some(code)) = (self.lines.composite, composite_code(version))
            && let Some(previous) = previous_close(day, code)
        {
            self.published.insert(code.to_owned(), previous);
        }
        self.follow_previous_closes(day, version);
        let mut rows = instruments(day, version);
        rows.sort_by_key(|code| previous_close(day, code).is_none());
        for code in rows {
            if self.lines.position(code).is_none() {
                self.restore_published(at, version);
                self.list(at, day, code, date, version)?;
            }
        }
        self.restore_published(at, version);
        Ok(())
    }

    /// A published close that was a slip does not last: where the day's previous close is the one that the rules made, or the
    /// rules made none, the line starts from there.
    fn follow_previous_closes(&mut self, day: &Day, version: &Version) {
        for (_, code, stands) in self.standing(version) {
            let Some(previous) = previous_close(day, &code).filter(|previous| *previous != stands) else {
                continue;
            };
            if self.made.get(&code).is_some_and(|made| made.is_none_or(|made| made == previous)) {
                self.published.insert(code, previous);
            }
        }
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

    fn list(&mut self, at: Timestamp, day: &Day, code: &str, date: Date, version: &Version) -> Result<()> {
        let Some((first_vintage, last_vintage)) = vintages(code) else {
            let reason = "its name does not say of which years its allowances are".to_owned();
            let note = format!("{code} is not listed: {reason}");
            if !self.findings.notes.contains(&note) {
                self.exception(date, code, "instrument", (code.to_owned(), "not listed"), reason);
                self.findings.notes.push(note);
            }
            return Ok(());
        };
        let rules = &version.trading;
        let given = previous_close(day, code).or_else(|| self.published.get(code).copied());
        let Some(index) = self.lines.list(code, given, rules.launch_reference, rules.composite.is_some())
        else {
            bail!("{date}: neither the record nor the rulebook says from which price {code} starts");
        };
        self.book.add_asset();
        let define = DefineAsset {
            code: code.to_owned(),
            class: AssetClass::Allowance { first_vintage, last_vintage },
            decimals: self.rulebook.unit.decimals,
            market: Some(MARKET),
        };
        self.sender.send(at, REGISTRAR, Command::DefineAsset(define));
        let sources = Sources { day, before: self.before, composite: composite_code(version) };
        let before = METHODS.map(|method| carried(sources, code, method));
        let list = ListInstrument {
            market: MARKET,
            code: code.to_owned(),
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
        let sources = Sources { day, before: self.before, composite: composite_code(version) };
        let (book, lines, sender) = (&mut self.book, &mut self.lines, &mut self.sender);
        let mut desk = Desk::new((version, date), book, lines, sender, &mut self.serial);
        let mut auctions = Vec::new();
        let codes = instruments(day, version);
        let witness =
            composite_code(version).filter(|_| codes.len() == 1).and_then(|code| day.listed_row(code));
        for code in codes {
            let Some(index) = desk.lines.position(code) else {
                self.findings.not_made.extend(METHODS.map(|method| (date, code.to_owned(), method)));
                continue;
            };
            let reference = desk.lines.instruments[index].prices.reference;
            for method in METHODS {
                let trades = match made(version, reference, sources, (code, method), witness) {
                    Ok(None) => continue,
                    Ok(Some(made)) => made,
                    Err(impossible) => {
                        found.push((code.to_owned(), method, impossible));
                        continue;
                    }
                };
                if trades.place != Place::Own {
                    self.findings.made_from.insert((date, code.to_owned(), method), trades.place);
                }
                if let Some(Impossible { column, reason, .. }) = trades.set_aside {
                    self.findings.set_aside.insert((date, code.to_owned(), column), reason);
                }
                match method {
                    Method::Listed => desk.plan_listed(index, &trades.trades),
                    Method::Block => desk.plan_blocks(index, &trades.trades),
                    Method::Auction => auctions.extend(trades.trades.into_iter().map(|trade| (index, trade))),
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
        let names = day.names();
        let line = composite_code(version).filter(|code| names.contains(code));
        let line = line.or(names.first().copied()).unwrap_or_default().to_owned();
        let why = if date < self.rulebook.versions[0].from {
            "the rulebook begins later"
        } else if self.declared.contains(&date) {
            "holidays.csv has it as a day without trading"
        } else {
            "it is no trading day by the rulebook's calendar"
        };
        let reason = format!("the record has rows on this day, but {why}");
        self.exception(date, &line, "date", (date.to_string(), "no trading day"), reason);
        for code in instruments(day, version) {
            self.findings.not_made.extend(METHODS.map(|method| (date, code.to_owned(), method)));
        }
    }

    /// After the day: where the published close is another than the engine's, the published one is carried forward.
    fn evening(&mut self, day: &Day, date: Date, version: &Version, end: Timestamp) {
        let not_made = |code: &str| self.findings.not_made.contains(&(date, code.to_owned(), Method::Listed));
        let impossible: Vec<String> =
            day.names().into_iter().filter(|code| not_made(code)).map(str::to_owned).collect();
        for row in &day.listed {
            if let Some(close) = row.close_fen.get() {
                self.published.insert(row.instrument.clone(), close);
            }
        }
        for (line, code, stands) in self.standing(version) {
            let by_rules = match line {
                Line::Composite(_) => impossible.is_empty(),
                Line::Instrument(_) => !impossible.contains(&code),
            };
            let published = day.listed_row(&code).and_then(|row| row.close_fen.get());
            match published {
                // What the day came to is the best that is known of it.
                None if by_rules => self.published.insert(code.clone(), stands),
                None => self.published.remove(&code),
                Some(_) => None,
            };
            self.made.insert(code.clone(), if by_rules { Some(stands) } else { published });
            let Some(published) = published.filter(|close| *close != stands) else { continue };
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
                    format!("the published close is {}, the rules make {}", yuan(published), yuan(stands))
                }
            };
            self.correct(end, line, published, reason);
        }
    }
}

/// What a line's running totals have when it joins the list, less what it trades on that day: nothing on an instrument's first
/// day, which has no previous close.
fn carried(sources: Sources<'_>, code: &str, method: Method) -> Turnover {
    let first_day = sources.day.listed_row(code).is_some_and(|row| row.previous_close_fen == Figure::Absent);
    let row = sources.day.method_row(code, method).filter(|_| !first_day);
    let told = sources.read(code, method).first().copied();
    let (Some(row), Some(told)) = (row, told) else { return Turnover::default() };
    let less = |total: &Figure, day: i64| {
        total.get().filter(|total| *total >= day).map_or(0, |total| i128::from(total) - i128::from(day))
    };
    Turnover {
        volume: less(&row.total_volume_t, told.volume_t),
        amount: less(&row.total_amount_fen, told.amount_fen),
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
