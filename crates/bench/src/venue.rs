//! The venue: access, limits, holds, self-trade prevention, matching, fees, postings, statements, supervision and events, on one
//! core, without the journal.

use crate::market::{Market, Shape};
use anyhow::Result;
use engine::{Events, State};
use serde_json::{Value, json};
use std::hint::black_box;
use std::time::{Duration, Instant};

/// Runs the same flow `times` times through engines of their own, and once more with a clock around each command.
///
/// # Errors
/// The market does not open.
pub(crate) fn measure(shape: Shape, times: usize, progress: &mut dyn FnMut(usize)) -> Result<Value> {
    let market = Market::new(shape, progress)?;
    let mut found = run(&market, times);
    found["instruments"] = json!(shape.instruments);
    found["accounts"] = json!(shape.accounts);
    found["standing_at_start"] = json!(shape.standing);
    Ok(found)
}

/// The flow of a market, `times` times.
pub(crate) fn run(market: &Market, times: usize) -> Value {
    let records = market.records();
    let mut rates: Vec<f64> = Vec::new();
    let mut end = None;
    for _ in 0..times.max(1) {
        let (mut state, mut events) = (market.open(), Events::new());
        let start = Instant::now();
        let mut happened = 0_usize;
        for group in records.chunks(engine::GROUP) {
            state.glance(group);
            for record in group {
                state.apply(record, &mut events);
                happened += events.as_slice().len();
            }
        }
        let took = start.elapsed();
        black_box(happened);
        rates.push(records.len() as f64 / took.as_secs_f64());
        end = Some((happened, state.venue().standing_orders()));
    }
    rates.sort_by(f64::total_cmp);
    let (happened, standing) = end.unwrap_or_default();
    let clock = clock_cost();
    let [p50, p99, p999, most] = latencies(market.open(), &records, clock);
    json!({
        "commands": records.len(),
        "standing_at_end": standing,
        "events": happened,
        "mix": market.mix.to_json(),
        "commands_a_second_median": rates[rates.len() / 2].round(),
        "commands_a_second_worst": rates[0].round(),
        "commands_a_second_best": rates[rates.len() - 1].round(),
        "latency_ns_p50": p50, "latency_ns_p99": p99, "latency_ns_p99_9": p999, "latency_ns_most": most,
        "clock_ns_taken_off": clock,
        "event_bytes": size_of::<engine::Event>(), "record_bytes": size_of::<engine::Record>(),
    })
}

/// Nanoseconds that two looks at the clock cost, at least.
fn clock_cost() -> u64 {
    let looks = (0..10_000).map(|_| {
        let start = Instant::now();
        nanoseconds(black_box(start.elapsed()))
    });
    looks.min().unwrap_or(0)
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// Nanoseconds of each command: its own, and its part of the look ahead over its group, as a node works.
fn latencies(mut state: State, records: &[engine::Record], clock: u64) -> [u64; 4] {
    let mut events = Events::new();
    let mut took: Vec<u64> = Vec::with_capacity(records.len());
    for group in records.chunks(engine::GROUP) {
        let start = Instant::now();
        state.glance(group);
        let ahead = nanoseconds(start.elapsed()).saturating_sub(clock) / group.len() as u64;
        for record in group {
            let start = Instant::now();
            state.apply(record, &mut events);
            took.push(ahead + nanoseconds(start.elapsed()).saturating_sub(clock));
        }
    }
    took.sort_unstable();
    let at = |share: usize| took[(took.len() - 1) * share / 1_000];
    [at(500), at(990), at(999), took[took.len() - 1]]
}
