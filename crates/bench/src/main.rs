//! Measurements that take their time: `cargo run --release -p bench -- journal|history [--json]`. docs/benchmarks.md says what
//! they printed, on which machine, and when.

mod history;
mod journal;
mod market;
mod probe;
mod venue;

use clap::{Parser, Subcommand};
use std::path::PathBuf;

/// Measure Huangpu. Run it in release mode, on a machine that does nothing else.
#[derive(Debug, Parser)]
#[command(name = "bench")]
struct Cli {
    #[command(subcommand)]
    what: What,
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
    /// Where the logs are written [default: the system's temporary folder]
    #[arg(long, global = true, value_name = "DIR")]
    dir: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum What {
    /// The journal alone: frames and records a second, with and without sync
    Journal {
        /// Seconds a measurement
        #[arg(long, default_value_t = 3)]
        seconds: u64,
    },
    /// The venue without its journal: commands a second and latency on one core
    Venue {
        /// Lines that trade
        #[arg(long, default_value_t = 100)]
        instruments: u32,
        /// Accounts, one a participant
        #[arg(long, default_value_t = 10_000)]
        accounts: u32,
        /// Orders that stand when it begins
        #[arg(long, default_value_t = 100_000)]
        standing: usize,
        /// Commands
        #[arg(long, default_value_t = 2_000_000)]
        commands: usize,
        /// How often
        #[arg(long, default_value_t = 5)]
        times: usize,
        /// Which flow
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// The public record through the whole engine, durable
    History {
        /// The rulebook
        rulebook: PathBuf,
        /// The folder of the record
        record: PathBuf,
        /// How often
        #[arg(long, default_value_t = 11)]
        times: usize,
    },
}

fn main() -> anyhow::Result<()> {
    let cli = Cli::parse();
    let dir = cli.dir.unwrap_or_else(std::env::temp_dir);
    let found = match cli.what {
        What::Journal { seconds } => journal::measure(&dir, seconds)?,
        What::Venue { instruments, accounts, standing, commands, times, seed } => {
            let shape = market::Shape { instruments, accounts, standing, commands, seed };
            venue::measure(shape, times, &mut |_| ())?
        }
        What::History { rulebook, record, times } => history::measure(&dir, &rulebook, &record, times)?,
    };
    if cli.json {
        println!("{}", serde_json::to_string_pretty(&found)?);
    } else if let Some(found) = found.as_object() {
        for (name, value) in found {
            println!("{name:<44} {value}");
        }
    }
    Ok(())
}
