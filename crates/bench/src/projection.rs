//! The projection: records a second that are fed, bytes that they take, and how long a question takes.

use crate::durable::bar;
use crate::stream::{BookFlow, Stream};
use anyhow::{Context, Result};
use base::{AccountId, InstrumentId, ParticipantId, Sequence, Timestamp};
use engine::{Events, Record, State};
use huangpu::projection::{FillFilter, OrderFilter, Projection, Step, View};
use serde_json::{Value, json};
use std::path::Path;
use std::time::{Duration, Instant};

/// Records of a transaction.
const BATCH: u64 = 50_000;
/// Times that a question is asked.
const TIMES: u32 = 200;

/// Feeds a market and a flow of so many commands, and asks.
pub(crate) fn measure(dir: &Path, records: u64, to: Option<String>) -> Result<Value> {
    let data = tempfile::tempdir_in(dir)?;
    let file = data.path().join("projection.sqlite");
    let to = to.unwrap_or_else(|| format!("sqlite:{}", file.display()));
    let making = bar(records, "making the flow");
    let market = BookFlow::market(usize::try_from(records)?, &mut |made| making.set_position(made as u64))?;
    making.finish_and_clear();
    let mut flow = BookFlow::new(&market);

    let projection = Projection::rebuild(&to, [1; 16])?;
    let mut writer = projection.writer()?;
    let (mut state, mut events) = (State::new(), Events::new());
    let setup = flow.setup();
    let feeding = bar(setup.len() as u64 + records, "feeding");
    let (mut engine, mut began) = (0, Instant::now());
    let mut before = setup.into_iter();
    let (mut last, mut begun) = (0, 0);
    let (mut found, mut writing) = (json!({}), Duration::ZERO);
    loop {
        let next = match before.next() {
            Some(next) => next,
            None => {
                if begun == 0 {
                    writer.commit()?;
                    let opened = began.elapsed().as_micros().saturating_sub(engine).max(1);
                    let indexing = Instant::now();
                    writer.index()?;
                    found["records a second, of what opens the market"] =
                        json!(u128::from(last) * 1_000_000 / opened);
                    found["making the indices, ms"] = json!(indexing.elapsed().as_millis());
                    (engine, began, begun, writing) = (0, Instant::now(), last.max(1), Duration::ZERO);
                }
                match flow.next() {
                    Some(next) => next,
                    None => break,
                }
            }
        };
        last += 1;
        let record = Record { sequence: Sequence(last), time: next.0, envelope: next.1 };
        let at = Instant::now();
        state.apply(&record, &mut events);
        engine += at.elapsed().as_micros();
        writer.note(&record, events.as_slice(), &state)?;
        if last.is_multiple_of(BATCH) {
            let at = Instant::now();
            writer.commit()?;
            writing += at.elapsed();
            feeding.set_position(last);
        }
    }
    let at = Instant::now();
    writer.commit()?;
    writing += at.elapsed();
    let took = began.elapsed().as_micros().saturating_sub(engine).max(1);
    feeding.finish_and_clear();
    found["records"] = json!(last);
    found["of them the flow"] = json!(last - begun);
    found["records a second, of the flow"] = json!(u128::from(last - begun) * 1_000_000 / took);
    found["of it in commits, ms"] = json!(writing.as_millis());
    found["bytes in SQLite"] = json!(std::fs::metadata(&file).map(|file| file.len()).ok());
    ask(&projection, &state, &mut found)?;
    Ok(found)
}

/// The questions that people ask, each many times.
fn ask(projection: &Projection, state: &State, found: &mut Value) -> Result<()> {
    let now = state.time();
    let forever = (Timestamp(i64::MIN), Timestamp::MAX);
    let busiest = |view: &mut View<'_>| {
        let trades = view.trades(InstrumentId(0), None, 1)?;
        Ok(trades.first().map_or(AccountId(2), |trade| trade.buyer))
    };
    let account = projection.read(busiest)?.value;
    let owner = state.registry().account(account).context("the account of a trade")?.participant;
    let of =
        |open: bool| OrderFilter { participant: Some(owner), open, limit: 100, ..OrderFilter::default() };
    let fills =
        |owner: ParticipantId| FillFilter { participant: Some(owner), limit: 100, ..FillFilter::default() };
    let mut time = |what: &str, ask: &mut dyn FnMut(&mut View<'_>) -> Result<usize>| -> Result<()> {
        let (began, mut rows) = (Instant::now(), 0);
        for _ in 0..TIMES {
            rows = projection.read(&mut *ask)?.value;
        }
        let micros = (began.elapsed() / TIMES).as_micros();
        found[format!("{what}, us ({rows} rows)")] = json!(micros);
        Ok(())
    };
    time("nothing", &mut |_| Ok(0))?;
    time("open orders of a firm", &mut |view| Ok(view.orders(&of(true))?.len()))?;
    time("orders of a firm", &mut |view| Ok(view.orders(&of(false))?.len()))?;
    time("fills of a firm", &mut |view| Ok(view.fills(&fills(owner))?.len()))?;
    time("trades of an instrument", &mut |view| Ok(view.trades(InstrumentId(0), None, 100)?.len()))?;
    time("minutes of an instrument", &mut |view| {
        Ok(view.candles(InstrumentId(0), Step::Minute, forever, 500)?.len())
    })?;
    time("24 hours of an instrument", &mut |view| {
        Ok(usize::from(view.stats(InstrumentId(0), now)?.is_some()))
    })?;
    time("trail of an account", &mut |view| Ok(view.trail(account, None, 100)?.len()))?;
    time("records with their events", &mut |view| Ok(view.records(50_000, 100)?.len()))?;
    Ok(())
}
