//! Growth: what a command costs, and how many bytes an order takes, while accounts and standing orders grow tenfold and tenfold.

use crate::history::peak_kib;
use crate::market::{Market, Shape};
use crate::venue;
use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::process::Command;

/// Lines that trade at every size, so that a row of accounts is what grows.
const INSTRUMENTS: u32 = 10;
/// Accounts at most: each has ten holdings to begin with, and each of those is a command that has to be kept for the next run.
const ACCOUNTS_MAX: usize = 1_000_000;

/// One size, in this process.
///
/// # Errors
/// The market does not open.
pub(crate) fn one(size: usize, commands: usize, progress: &mut dyn FnMut(usize)) -> Result<Value> {
    let accounts = u32::try_from(size.min(ACCOUNTS_MAX))?;
    let shape = Shape { instruments: INSTRUMENTS, accounts, standing: size, commands, seed: 1 };
    let market = Market::new(shape, progress)?;
    let state = market.open();
    let (orders, bytes) = (state.venue().standing_orders(), state.venue().order_bytes());
    drop(state);
    let found = venue::run(&market, 3);
    Ok(json!({
        "accounts": accounts, "standing_orders": orders,
        "commands_a_second_median": found["commands_a_second_median"],
        "ns_a_command": (1e9 / found["commands_a_second_median"].as_f64().unwrap_or(1.0)).round(),
        "latency_ns_p50": found["latency_ns_p50"],
        "latency_ns_p99": found["latency_ns_p99"],
        "bytes_a_standing_order": bytes / orders.max(1),
        "peak_memory_mib": peak_kib()? / 1_024,
    }))
}

/// Each size in a process of its own, so that its memory is its own.
///
/// # Errors
/// A process failed.
pub(crate) fn measure(sizes: &[usize], commands: usize) -> Result<Value> {
    let mut found = json!({});
    for size in sizes {
        let mut child = Command::new(std::env::current_exe()?);
        child.args(["growth-of", &size.to_string(), "--commands", &commands.to_string(), "--json"]);
        let output = child.stderr(std::process::Stdio::inherit()).output()?;
        let one: Value = serde_json::from_slice(&output.stdout)
            .with_context(|| format!("the process for {size} accounts ended with {}", output.status))?;
        found[format!("{size:>9}")] = one;
    }
    Ok(found)
}
