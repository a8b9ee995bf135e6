//! `huangpu report`: any report, as of any day or record.

use crate::cli::log::{Point, point};
use crate::cli::{Ended, print, print_json};
use crate::node::{DataDir, replay};
use crate::report::{self, Report};
use anyhow::{Context, bail};
use base::{Date, MarketId};
use engine::State;
use std::path::PathBuf;
use std::process::ExitCode;

/// The reports there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Kind {
    /// All of them
    All,
    /// The price list of the day
    Prices,
    /// The settlement statement of the day
    Statement,
    /// Every alert so far
    Alerts,
    /// What every account holds
    Holdings,
    /// Duties, surrender, shortfalls and fines
    Compliance,
    /// Whether everything adds up
    Conservation,
}

/// Which report.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The data directory
    #[arg(value_name = "DIR")]
    data: PathBuf,
    /// Which report
    #[arg(value_enum, default_value = "all")]
    kind: Kind,
    /// As it stood at the end of this day, or after this record [default: now]
    #[arg(long, value_name = "RECORD | DATE", value_parser = point)]
    as_of: Option<Point>,
    /// The market, by its code [default: the only one]
    #[arg(long, value_name = "CODE")]
    market: Option<String>,
    /// Print JSON
    #[arg(long, conflicts_with = "csv")]
    json: bool,
    /// Write CSV files into this folder
    #[arg(long, value_name = "FOLDER")]
    csv: Option<PathBuf>,
}

pub(crate) fn run(args: &Args) -> Ended {
    let replayed = replay(&DataDir::at(&args.data), Point::until(args.as_of), &mut |_, _, _| Ok(()))?;
    let state = &replayed.state;
    let last = state.sequence().0;
    if let Some(Point::Record(wanted)) =
        args.as_of.filter(|point| matches!(point, Point::Record(at) if *at > last))
    {
        bail!("the log ends with record {last}: there is no record {wanted} yet");
    }
    let market = match (&args.market, state.markets().len()) {
        (Some(code), _) => {
            state.market_id(code).with_context(|| format!("there is no market {code:?} in this log"))?
        }
        (None, 1) => MarketId(0),
        (None, 0) => bail!("no rulebook is adopted at that point of the log"),
        (None, _) => bail!("there are several markets in this log: name one with --market"),
    };
    show(args, state, market)?;
    Ok(ExitCode::SUCCESS)
}

fn show(args: &Args, state: &State, market: MarketId) -> anyhow::Result<()> {
    let wanted = |kind| args.kind == kind || args.kind == Kind::All;
    let mut shown = Shown { args, text: String::new(), json: serde_json::Map::new() };
    if wanted(Kind::Prices) {
        shown.add("price_list", &report::price_list(state, market))?;
    }
    if wanted(Kind::Statement) {
        shown.add("statement", &report::statement(state, market))?;
    }
    if wanted(Kind::Alerts) {
        shown.add("alerts", &report::alerts(state, market, Date(i32::MIN)))?;
    }
    if wanted(Kind::Holdings) {
        shown.add("holdings", &report::holdings(state))?;
    }
    // Of all reports, those that the market has something for.
    if args.kind == Kind::Compliance || (wanted(Kind::Compliance) && report::has_duties(state, market)) {
        shown.add("compliance", &report::compliance(state, market))?;
    }
    if wanted(Kind::Conservation) {
        shown.add("conservation", &report::conservation(state))?;
    }
    if args.json {
        print_json(&shown.json)?;
    } else {
        print(&shown.text)?;
    }
    Ok(())
}

/// Reports on their way out.
struct Shown<'a> {
    args: &'a Args,
    text: String,
    json: serde_json::Map<String, serde_json::Value>,
}

impl Shown<'_> {
    fn add(&mut self, name: &str, report: &impl Report) -> anyhow::Result<()> {
        if let Some(folder) = &self.args.csv {
            let path = report::write_csv(folder, report)?;
            self.text.push_str(&format!("{}\n", path.display()));
        } else if self.args.json {
            self.json.insert(name.to_owned(), serde_json::to_value(report)?);
        } else {
            if !self.text.is_empty() {
                self.text.push('\n');
            }
            self.text.push_str(&report.text());
        }
        Ok(())
    }
}
