//! The feed: records in, rows out, each record exactly once.
//!
//! [`Writer::note`] turns a record and what happened because of it into rows; [`Writer::commit`] writes the rows of a batch and
//! the number of its last record in one transaction. What was noted and not committed never was.

mod candles;
mod orders;
mod postings;
mod trades;
mod word;

use super::db::{Db, Value};
use super::schema;
use super::tables::{self, Rows};
use anyhow::{Context, Result, bail};
use base::{Date, MarketId, Timestamp};
use candles::{Candle, CandleKey};
use engine::{ClientId, Event, Record, State};
use gateway::Names;
use orders::Live;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use trades::Made;
use word::{Word, name_of};

/// Rows that are kept back before they go into the transaction.
const ROWS_MAX: usize = 200_000;

/// Feeds a projection. There is one for a projection at a time; a second one is refused when it commits.
pub struct Writer {
    db: Db,
    /// The last record that is committed.
    last: u64,
    /// The last record that was noted.
    noted: u64,
    open: bool,
    failed: bool,
    rows: Buffers,
    /// Orders that stand, those too that ended since rows were last written.
    live: HashMap<u64, Live>,
    changed: BTreeSet<u64>,
    /// Orders that this record changed.
    marked: Vec<u64>,
    /// Auctions that this record decided.
    uncrossed: Vec<i64>,
    made: BTreeMap<u64, Made>,
    candles: BTreeMap<CandleKey, Candle>,
    latest: HashMap<(i64, i64), (i64, Candle)>,
    known: Known,
    /// The date of each market, as its days began.
    dates: HashMap<u32, Date>,
    began: HashMap<(u32, i32), (bool, u64)>,
}

/// How many of each thing with a name are written.
#[derive(Default)]
struct Known {
    participants: usize,
    accounts: usize,
    assets: usize,
    markets: usize,
    instruments: usize,
}

/// Rows on their way, a buffer a table.
struct Buffers {
    participants: Rows,
    accounts: Rows,
    assets: Rows,
    markets: Rows,
    instruments: Rows,
    days: Rows,
    records: Rows,
    events: Rows,
    orders: Rows,
    trades: Rows,
    candles: Rows,
    postings: Rows,
    alerts: Rows,
}

impl Default for Buffers {
    fn default() -> Self {
        Self {
            participants: Rows::of(&tables::PARTICIPANTS),
            accounts: Rows::of(&tables::ACCOUNTS),
            assets: Rows::of(&tables::ASSETS),
            markets: Rows::of(&tables::MARKETS),
            instruments: Rows::of(&tables::INSTRUMENTS),
            days: Rows::of(&tables::DAYS),
            records: Rows::of(&tables::RECORDS),
            events: Rows::of(&tables::EVENTS),
            orders: Rows::of(&tables::ORDERS),
            trades: Rows::of(&tables::TRADES),
            candles: Rows::of(&tables::CANDLES),
            postings: Rows::of(&tables::POSTINGS),
            alerts: Rows::of(&tables::ALERTS),
        }
    }
}

impl Buffers {
    fn all(&mut self) -> [&mut Rows; 13] {
        let Self {
            participants,
            accounts,
            assets,
            markets,
            instruments,
            days,
            records,
            events,
            orders,
            trades,
            candles,
            postings,
            alerts,
        } = self;
        [
            participants,
            accounts,
            assets,
            markets,
            instruments,
            days,
            records,
            events,
            orders,
            trades,
            candles,
            postings,
            alerts,
        ]
    }
}

/// A record on its way into rows, and the state after it.
#[derive(Clone, Copy)]
struct Told<'a> {
    record: &'a Record,
    state: &'a State,
    seq: i64,
    time: i64,
    /// The number of the event that is looked at.
    n: i64,
}

/// A number of 64 bits as the databases have them.
fn int(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// A place in a table as the databases have it.
fn place(index: usize) -> i64 {
    i64::try_from(index).unwrap_or(i64::MAX)
}

/// The user who sent a record; 0 where a command file or the node itself did. The one place to fill the column.
fn user_of(record: &Record) -> i64 {
    record.envelope.user.0.into()
}

/// The text of a sender's own id, where it is known and a database takes it.
fn client_text(id: &ClientId) -> Option<String> {
    id.text().filter(|text| !text.contains('\0')).map(str::to_owned)
}

/// A name as it is kept: without the one character that a database does not take.
fn clean(name: &str) -> String {
    name.replace('\0', "\u{fffd}")
}

impl Writer {
    pub(super) fn start(mut db: Db, last: u64) -> Result<Self> {
        let live = orders::standing(&mut db)?;
        let mut count = |table: &str| -> Result<usize> {
            let sql = format!("SELECT COUNT(*) FROM {table}");
            let counted = db.rows(&sql, &[], |row| row.int(0))?;
            Ok(counted.first().and_then(|count| usize::try_from(*count).ok()).unwrap_or(0))
        };
        let known = Known {
            participants: count("participants")?,
            accounts: count("accounts")?,
            assets: count("assets")?,
            markets: count("markets")?,
            instruments: count("instruments")?,
        };
        let mut writer = Self {
            db,
            last,
            noted: last,
            open: false,
            failed: false,
            rows: Buffers::default(),
            live,
            changed: BTreeSet::new(),
            marked: Vec::new(),
            uncrossed: Vec::new(),
            made: BTreeMap::new(),
            candles: BTreeMap::new(),
            latest: HashMap::new(),
            known,
            dates: HashMap::new(),
            began: HashMap::new(),
        };
        writer.load_days()?;
        Ok(writer)
    }

    fn load_days(&mut self) -> Result<()> {
        let sql = "SELECT market, date, trading, began_seq FROM days ORDER BY market, date";
        let days = self.db.rows(sql, &[], |row| Ok((row.int(0)?, row.int(1)?, row.int(2)?, row.int(3)?)))?;
        for (market, date, trading, began) in days {
            let (market, date) = (u32::try_from(market)?, i32::try_from(date)?);
            self.dates.insert(market, Date(date));
            self.began.insert((market, date), (trading != 0, u64::try_from(began)?));
        }
        Ok(())
    }

    /// The last record that is committed: the next one to be noted is the one after it.
    #[must_use]
    pub fn last(&self) -> u64 {
        self.last
    }

    /// The last record that was noted.
    #[must_use]
    pub fn noted(&self) -> u64 {
        self.noted
    }

    /// Takes a record, what happened because of it, and the state after it. `false`: it was taken before, and is passed over.
    ///
    /// # Errors
    /// Records before it are missing, or the database failed: then nothing of the batch stands, and a new writer goes on from
    /// the last commit.
    pub fn note(&mut self, record: &Record, events: &[Event], state: &State) -> Result<bool> {
        let seq = record.sequence.0;
        if self.failed {
            bail!("the projection failed before: it goes on with a new writer");
        }
        if seq <= self.noted {
            return Ok(false);
        }
        if seq != self.noted + 1 {
            bail!(
                "the projection has records up to {}, and was given {seq}: records are missing",
                self.noted
            );
        }
        let told = Told { record, state, seq: int(seq), time: record.time.0, n: 0 };
        self.guard(|writer| {
            writer.write_names(state);
            writer.write_record(told, events);
            let names = Names(state);
            for (n, event) in events.iter().enumerate() {
                let told = Told { n: place(n), ..told };
                writer.write_event(told, event, &names);
                writer.follow(told, event)?;
            }
            writer.finish_record(told);
            writer.noted = seq;
            if writer.rows.all().iter().map(|rows| rows.len()).sum::<usize>() > ROWS_MAX {
                writer.spill()?;
            }
            Ok(true)
        })
    }

    /// Makes everything noted stand, together with the number of its last record, or nothing of it. Returns that number.
    ///
    /// # Errors
    /// The database failed, or another writer fed this projection.
    pub fn commit(&mut self) -> Result<u64> {
        if self.failed {
            bail!("the projection failed before: it goes on with a new writer");
        }
        if self.noted == self.last {
            return Ok(self.last);
        }
        self.guard(|writer| {
            writer.spill()?;
            let sql = "UPDATE meta SET value = $1 WHERE key = 'last_seq'";
            writer.db.run(sql, &[writer.noted.to_string().into()])?;
            writer.db.script("COMMIT")?;
            writer.open = false;
            writer.last = writer.noted;
            Ok(writer.last)
        })
    }

    /// Makes the indices that questions are answered by, where they are not there: a projection that is filled with a whole log gets
    /// them at the end, which is sooner done than to keep them up row by row.
    ///
    /// # Errors
    /// The database failed.
    pub fn index(&mut self) -> Result<()> {
        self.commit()?;
        schema::index(&mut self.db).context("the projection could not be indexed")
    }

    /// What failed is rolled back, and the writer is at its end.
    fn guard<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let done = work(self);
        if done.is_err() {
            self.failed = true;
            if std::mem::take(&mut self.open) {
                // The connection may be gone: then the database rolls back by itself.
                let _ = self.db.script("ROLLBACK");
            }
        }
        done.context("the projection could not be fed")
    }

    /// Writes the rows that are kept back into the transaction, which stays open.
    fn spill(&mut self) -> Result<()> {
        if !self.open {
            self.db.begin()?;
            self.open = true;
            // Holds the row until the end: who began first feeds, and the other one finds another number here.
            let sql = "UPDATE meta SET value = value WHERE key = 'last_seq' AND value = $1";
            if self.db.run(sql, &[self.last.to_string().into()])? != 1 {
                bail!("another writer feeds this projection: there can be one only");
            }
        }
        self.spill_orders();
        self.spill_trades();
        self.spill_candles()?;
        self.rows.postings.sort();
        for rows in self.rows.all() {
            rows.write(&mut self.db)?;
        }
        Ok(())
    }

    fn write_record(&mut self, told: Told<'_>, events: &[Event]) {
        let Told { record, state, seq, time, .. } = told;
        let command = Names(state).command(&record.envelope.command, events);
        let name = command.get("do").and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
        let refusal = events.iter().find_map(|event| match event {
            Event::Refused(rejection) => Some(*rejection),
            _ => None,
        });
        self.rows.records.push([
            seq.into(),
            time.into(),
            i64::from(record.envelope.actor.0).into(),
            user_of(record).into(),
            opt(client_text(&record.envelope.client_id)),
            record.envelope.door.name().into(),
            name.into(),
            command.to_string().into(),
            refusal.map(|rejection| rejection.stage()).into(),
            refusal.map(|rejection| rejection.code()).into(),
        ]);
    }

    fn write_event(&mut self, told: Told<'_>, event: &Event, names: &Names<'_>) {
        let json = names.event(event);
        let kind = json.as_object().and_then(|object| object.keys().next()).cloned();
        let kind = kind.unwrap_or_else(|| json.as_str().unwrap_or_default().to_owned());
        self.rows.events.push([told.seq.into(), told.n.into(), kind.into(), json.to_string().into()]);
    }

    /// What an event changes beyond the list of events.
    fn follow(&mut self, told: Told<'_>, event: &Event) -> Result<()> {
        match event {
            Event::Trading(event) => {
                self.follow_day(told, event);
                self.follow_order(told, event);
                self.follow_trade(told, event)?;
            }
            Event::Clearing(event) => self.follow_clearing(event)?,
            Event::Registry(event) => self.follow_registry(told, event)?,
            Event::Supervision(supervision::Event::Raised(alert)) => self.write_alert(told, alert.id),
            Event::Supervision(supervision::Event::Grown { alert, .. }) => self.write_alert(told, *alert),
            _ => {}
        }
        Ok(())
    }

    /// An alert as it stands: what it was raised with, and what it grew with since.
    fn write_alert(&mut self, told: Told<'_>, id: base::AlertId) {
        let watch = told.state.watch();
        let Some((alert, raised)) = watch.alert(id).zip(watch.raised(id)) else { return };
        let records: Vec<u64> = alert.records.iter().map(|record| record.0).collect();
        let row = [
            int(alert.id.0).into(),
            int(raised.0).into(),
            i64::from(alert.market.0).into(),
            i64::from(alert.date.0).into(),
            name_of(alert.rule).into(),
            i64::from(alert.participant.0).into(),
            i64::from(alert.instrument.0).into(),
            alert.measured.to_string().into(),
            alert.threshold.to_string().into(),
            serde_json::to_string(&records).unwrap_or_default().into(),
        ];
        // It may grow within the batch that it was raised in, which writes a row once.
        self.rows.alerts.replace(1, row);
    }

    fn follow_day(&mut self, told: Told<'_>, event: &trading::Event) {
        let (market, date, ended) = match *event {
            trading::Event::DayBegan { market, date, trading } => {
                self.dates.insert(market.0, date);
                self.began.insert((market.0, date.0), (trading, told.record.sequence.0));
                (market, date, None)
            }
            trading::Event::DayEnded { market, date } => (market, date, Some(told.seq)),
            _ => return,
        };
        let (trading, began) = self.began.get(&(market.0, date.0)).copied().unwrap_or((true, 0));
        // A day may begin and end within one batch, which writes a row once.
        let row = [
            i64::from(market.0).into(),
            i64::from(date.0).into(),
            trading.into(),
            int(began).into(),
            ended.into(),
        ];
        self.rows.days.replace(2, row);
    }

    /// The trading day of a market, and of a time the instant at which its local day began.
    fn day_of(&self, state: &State, market: MarketId) -> Date {
        self.dates.get(&market.0).copied().unwrap_or_else(|| state.venue().date(market))
    }

    /// A participant has another name; it may have come to be within the same batch.
    fn rename(&mut self, state: &State, participant: base::ParticipantId) {
        let one = state.registry().participant(participant);
        let id = i64::from(participant.0);
        self.rows.participants.replace(1, [id.into(), clean(&one.code).into(), clean(&one.name).into()]);
    }

    /// Things that have a name, as they come to be.
    fn write_names(&mut self, state: &State) {
        let registry = state.registry();
        for (index, one) in registry.participants().iter().enumerate().skip(self.known.participants) {
            self.rows.participants.push([
                place(index).into(),
                clean(&one.code).into(),
                clean(&one.name).into(),
            ]);
        }
        for (index, one) in registry.accounts().iter().enumerate().skip(self.known.accounts) {
            let (owner, kind) = (i64::from(one.participant.0), name_of(one.kind));
            self.rows.accounts.push([
                place(index).into(),
                clean(&one.code).into(),
                owner.into(),
                kind.into(),
            ]);
        }
        for (index, one) in registry.assets().iter().enumerate().skip(self.known.assets) {
            let market = one.market.map(|market| i64::from(market.0));
            let decimals = i64::from(one.decimals);
            self.rows.assets.push([
                place(index).into(),
                clean(&one.code).into(),
                decimals.into(),
                market.into(),
            ]);
        }
        for (index, one) in state.markets().iter().enumerate().skip(self.known.markets) {
            let (code, format) = (clean(&one.rulebook.code), one.rulebook.price);
            self.rows.markets.push([
                place(index).into(),
                code.into(),
                i64::from(one.currency.0).into(),
                i64::from(format.decimals).into(),
                format.tick.into(),
            ]);
        }
        for (index, one) in state.venue().instruments().iter().enumerate().skip(self.known.instruments) {
            self.rows.instruments.push([
                place(index).into(),
                clean(&one.code).into(),
                i64::from(one.market.0).into(),
                i64::from(one.asset.0).into(),
                i64::from(one.currency.0).into(),
                one.tick_value.into(),
            ]);
        }
        self.known = Known {
            participants: registry.participants().len(),
            accounts: registry.accounts().len(),
            assets: registry.assets().len(),
            markets: state.markets().len(),
            instruments: state.venue().instruments().len(),
        };
    }
}

/// The instant at which a local day of a market begins.
fn midnight(state: &State, market: MarketId, date: Date) -> Timestamp {
    let adopted = state.markets().get(market.index());
    adopted.map_or(Timestamp(0), |adopted| adopted.rulebook.versions[0].trading.calendar.begins(date))
}

impl Drop for Writer {
    fn drop(&mut self) {
        if std::mem::take(&mut self.open) {
            let _ = self.db.script("ROLLBACK");
        }
    }
}

/// Makes the projection empty, whatever stood there.
pub(super) fn empty(db: &mut Db, log_id: &[u8; 16]) -> Result<()> {
    db.begin()?;
    let made = schema::remove(db).and_then(|()| schema::create(db, log_id));
    db.script(if made.is_ok() { "COMMIT" } else { "ROLLBACK" })?;
    made
}

/// The account's participant, as a number.
fn owner(state: &State, account: base::AccountId) -> i64 {
    state.registry().account(account).map_or(-1, |account| i64::from(account.participant.0))
}

fn opt<T: Into<Value>>(value: Option<T>) -> Value {
    value.into()
}
