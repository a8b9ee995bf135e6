//! `huangpu demo`: two markets, and a crowd that trades in them.

use crate::cli::serve::{block_on, serve};
use crate::cli::{self, Ended};
use crate::config::{ConfigArgs, Effective};
use crate::demo::{self, Crowd};
use crate::node::{DataDir, Node};
use crate::serve::{Clock, start_log};
use anyhow::{Context, bail};
use base::Timestamp;

/// How it goes.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    config: ConfigArgs,
    /// Acts of the crowd a second
    #[arg(long, value_name = "NUMBER", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pace: u32,
}

pub(crate) fn run(args: &Args) -> Ended {
    let config = Effective::read(&args.config)?.config;
    if !config.listen.ip().is_loopback() {
        bail!(
            "{}: everyone knows the passwords of a demonstration: it listens on loopback alone",
            config.listen
        );
    }
    start_log(&config.log);
    let data = match &config.data {
        Some(data) => data.clone(),
        None => DataDir::default_for("demo")?,
    };
    let mut node = cli::open(&data, false)?;
    demo::prepare(&mut node)?;
    let from = match &config.clock {
        Some(from) => from.time,
        None => morning(&node)?,
    };
    let clock = Clock::sandbox(from, node.time());
    let pace = args.pace;
    block_on(serve(node, config, data, clock, move |running| {
        let seed = u64::from(std::process::id()) ^ running.app.clock.now().0.unsigned_abs();
        tokio::spawn(Crowd::gather(running.app.clone(), seed)?.trade(pace));
        Ok(sign_ins())
    }))
}

/// When the market opens next.
fn morning(node: &Node) -> anyhow::Result<Timestamp> {
    let market = node.state().markets().first().context("the demonstration has markets")?;
    Ok(demo::morning(&market.rulebook.versions[0].trading.calendar, node.time()))
}

fn sign_ins() -> String {
    let mut text = format!("sign in with the password {} as\n", demo::PASSWORD);
    for guest in demo::guests() {
        text.push_str(&format!("  {:<12}{}\n", guest.user, guest.what));
    }
    text
}
