//! The node that is loaded: this program again, as a process of its own.

use anyhow::{Context, Result, bail};
use gateway::parse_time;
use huangpu::demo::{Stage, set as set_stage};
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// Before the market of the measurement opens.
const BEFORE: &str = "2026-01-05T00:00:00Z";
/// And when the node begins to serve.
const CLOCK: &str = "2026-01-05T01:00:00Z";
/// What a measurement runs into nowhere.
const LIMITS: [&str; 6] = [
    "limits.requests_per_second=1000000",
    "limits.burst=1000000",
    "limits.connections_max=10000",
    "limits.connections_per_address=10000",
    "limits.streams_per_user=10000",
    "limits.stream_queue_messages=100000",
];

/// A market with so many traders.
pub(crate) fn set(data: &Path, traders: usize) -> Result<Stage> {
    let time = parse_time(BEFORE).context("the clock is a time")?;
    std::fs::write(data.join("rulebook.toml"), include_str!("../../rulebook.toml"))?;
    set_stage(data, &crate::market::rulebook()?, time, traders)
}

/// A node in a process of its own.
pub(crate) struct Process {
    child: Child,
    /// Where it listens.
    pub(crate) address: SocketAddr,
}

impl Process {
    pub(crate) fn start(data: &Path) -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["node", "serve"]).arg(data.join("rulebook.toml")).arg("--data").arg(data);
        command.args(["--listen", "127.0.0.1:0", "--clock", CLOCK, "--log-level", "warn"]);
        for limit in LIMITS {
            command.args(["--set", limit]);
        }
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let out = child.stdout.take().context("the node's output is piped")?;
        for line in BufReader::new(out).lines() {
            let line = line?;
            if let Some(address) = line.strip_prefix("console: http://") {
                let address =
                    address.trim_end_matches('/').parse().context("the node says where it listens")?;
                return Ok(Self { child, address });
            }
        }
        let _ = child.kill();
        bail!("the node did not say where it listens")
    }

    /// Memory that it has now, MiB.
    pub(crate) fn mib(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        Some(line.trim().trim_end_matches(" kB").parse::<u64>().ok()? / 1_024)
    }

    /// Lets it stop as a service manager would.
    pub(crate) fn stop(mut self) -> Result<()> {
        let stopped = Command::new("kill").arg(self.child.id().to_string()).status();
        stopped.context("the node could not be told to stop")?;
        let ended = self.child.wait()?;
        if !ended.success() {
            writeln!(std::io::stderr(), "the node ended with {ended}")?;
        }
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
