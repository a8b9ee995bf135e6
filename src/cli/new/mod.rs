//! `huangpu new`: what one begins with.

mod market;

use crate::cli::Ended;

/// What to begin.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Write a market of your own: a rulebook, who takes part, and a first day with a trade
    Market(market::Args),
}

pub(crate) fn run(args: &Args) -> Ended {
    match &args.what {
        What::Market(args) => market::run(args),
    }
}
