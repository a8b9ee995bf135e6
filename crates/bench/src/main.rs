//! Measurements that take their time: `cargo run --release -p bench --
//! venue|book|bells|durable|load|growth|recovery|projection|journal|history|lobster [--json]`. docs/benchmarks.md says what they
//! printed, on which machine, and when.

mod bells;
mod book;
mod durable;
mod growth;
mod histogram;
mod history;
mod journal;
mod load;
mod lobster;
mod market;
mod probe;
mod projection;
mod recovery;
mod stream;
mod venue;

use clap::{Parser, Subcommand};
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

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
    /// Commands through a whole node, each acknowledged when it is durable: full speed, and under a load of its own pace
    Durable {
        /// Seconds a measurement
        #[arg(long, default_value_t = 5)]
        seconds: u64,
        /// Commands a second that arrive, one measurement each
        #[arg(long, value_delimiter = ',', default_value = "1000,10000,100000,300000,500000,800000")]
        rates: Vec<u64>,
    },
    /// A whole node under load from a second process: commands a second, and latency from request to durable answer
    Load {
        /// Connections at a time, one measurement each
        #[arg(long, value_delimiter = ',', default_value = "1,50,500")]
        connections: Vec<usize>,
        /// Seconds a measurement
        #[arg(long, default_value_t = 10)]
        seconds: u64,
        /// Subscribers of market data beside the load, in the last measurements: first of an instrument that does not
        /// trade, then of the one that does; 0 leaves these out
        #[arg(long, default_value_t = 1_000)]
        subscribers: usize,
        /// Channels that each of them subscribes to
        #[arg(long, value_delimiter = ',', default_value = "book,trades")]
        channels: Vec<String>,
    },
    /// `huangpu`, as the node that is loaded
    #[command(hide = true, disable_help_flag = true)]
    Node {
        /// As of `huangpu`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<OsString>,
    },
    /// How long a node takes to open a long log, with and without a snapshot, and what a snapshot costs
    Recovery {
        /// Records in the log
        #[arg(long, default_value_t = 10_000_000)]
        records: u64,
    },
    /// What a command costs and an order takes as accounts and standing orders grow
    Growth {
        /// Accounts, and as many standing orders
        #[arg(long, value_delimiter = ',', default_value = "1000,100000,1000000,10000000")]
        sizes: Vec<usize>,
        /// Commands of each flow
        #[arg(long, default_value_t = 1_000_000)]
        commands: usize,
    },
    /// One size of `growth`
    #[command(hide = true)]
    GrowthOf {
        /// Accounts, and as many standing orders
        size: usize,
        /// Commands of the flow
        #[arg(long)]
        commands: usize,
    },
    /// Opens a data directory and says how long it took
    #[command(hide = true)]
    Open {
        /// The data directory
        data: PathBuf,
    },
    /// The projection: records a second that are fed, and how long a question takes
    Projection {
        /// Commands that are fed, behind those that open the market
        #[arg(long, default_value_t = 1_000_000)]
        records: u64,
        /// Where to: sqlite:PATH or postgres://… [default: a temporary file]
        #[arg(long, value_name = "URL")]
        to: Option<String>,
    },
    /// The order book alone: messages a second, nanoseconds a message and bytes an order, at several depths
    Book {
        /// Messages a measurement
        #[arg(long, default_value_t = 4_000_000)]
        messages: usize,
        /// Orders that stand, one measurement each
        #[arg(long, value_delimiter = ',', default_value = "1000,100000,1000000")]
        depths: Vec<usize>,
    },
    /// Bells: how long the phases of a day take to change with many orders in many lines
    Bells {
        /// Lines that trade
        #[arg(long, default_value_t = 1_000)]
        instruments: u32,
        /// Orders that stand
        #[arg(long, default_value_t = 100_000)]
        standing: usize,
    },
    /// Real order flow through the book: a LOBSTER message file
    Lobster {
        /// The message file
        messages: PathBuf,
        /// The order-book file; its first row seeds the book, and with more rows the best states are compared
        #[arg(long, value_name = "FIRST_ROW.csv")]
        first_book: PathBuf,
        /// Levels a side that are written after each message
        #[arg(long, default_value_t = 10)]
        levels: usize,
        /// Where they are written, in LOBSTER's own format
        #[arg(long, value_name = "BOOK.csv")]
        out: PathBuf,
    },
}

fn main() -> anyhow::Result<ExitCode> {
    let cli = Cli::parse();
    let dir = cli.dir.unwrap_or_else(std::env::temp_dir);
    let found = match cli.what {
        What::Journal { seconds } => journal::measure(&dir, seconds)?,
        What::Durable { seconds, rates } => durable::measure(&dir, seconds, &rates)?,
        What::Load { connections, seconds, subscribers, channels } => {
            load::measure(&dir, &load::Plan { connections, seconds, subscribers, channels })?
        }
        What::Node { args } => return Ok(huangpu::cli::main_with(args)),
        What::Recovery { records } => recovery::measure(&dir, records)?,
        What::Projection { records, to } => projection::measure(&dir, records, to)?,
        What::Open { data } => recovery::open(&data)?,
        What::Venue { instruments, accounts, standing, commands, times, seed } => {
            let shape = market::Shape { instruments, accounts, standing, commands, seed };
            venue::measure(shape, times, &mut |_| ())?
        }
        What::Bells { instruments, standing } => bells::measure(instruments, standing)?,
        What::Book { messages, depths } => book::measure(messages, &depths),
        What::Lobster { messages, first_book, levels, out } => {
            lobster::replay(&messages, &first_book, levels, &out)?
        }
        What::Growth { sizes, commands } => growth::measure(&sizes, commands)?,
        What::GrowthOf { size, commands } => growth::one(size, commands, &mut |_| ())?,
        What::History { rulebook, record, times } => history::measure(&dir, &rulebook, &record, times)?,
    };
    if cli.json {
        println!("{}", serde_json::to_string_pretty(&found)?);
    } else if let Some(found) = found.as_object() {
        for (name, value) in found {
            println!("{name:<64} {value}");
        }
    }
    Ok(ExitCode::SUCCESS)
}
