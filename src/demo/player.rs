//! Puts commands into a log before its node serves, as a command file would.

use crate::node::Node;
use anyhow::{Context, Result, anyhow, bail};
use base::{MarketId, Timestamp, UserId};
use engine::{ClientId, Command, Door, Envelope, Event, OPERATOR};
use gateway::{ResolveError, Resolver, parse_fields};
use serde_json::Value;

/// See the module.
pub(super) struct Player<'n> {
    node: &'n mut Node,
    time: Timestamp,
    prefix: &'static str,
    number: u64,
}

impl<'n> Player<'n> {
    /// A player whose commands bear this time, or that of the log's last record if it is later.
    pub(super) fn new(node: &'n mut Node, time: Timestamp, prefix: &'static str) -> Self {
        let time = time.max(node.time());
        Self { node, time, prefix, number: 0 }
    }

    /// Sends a command as it is written in a command file, by the code of its sender.
    pub(super) fn says(&mut self, by: &str, command: &Value) -> Result<()> {
        let mut fields = command.as_object().context("a command is an object")?.clone();
        let name = fields.shift_remove("do");
        let name = name.as_ref().and_then(Value::as_str).context("a command has a name")?;
        let (_, wire) = parse_fields(name, &Value::Object(fields).to_string())
            .map_err(|error| anyhow!("{command}: {}", error.error))?;
        let resolve = |node: &Node| -> Result<_, ResolveError> {
            let resolver = Resolver { state: node.state(), market: Some(MarketId(0)), book: node };
            Ok((resolver.participant("by", by)?, resolver.resolve(&wire)?))
        };
        let mut resolved = resolve(self.node);
        if self.node.has_pending() && (wire.looks_at_state() || resolved.is_err()) {
            self.flush()?;
            resolved = resolve(self.node);
        }
        let (actor, command) = resolved.map_err(|error| anyhow!("{command}: {error}"))?;
        self.submit(actor, command)
    }

    /// Sends a command of the operator.
    pub(super) fn orders(&mut self, command: Command) -> Result<()> {
        self.submit(OPERATOR, command)
    }

    fn submit(&mut self, actor: base::ParticipantId, command: Command) -> Result<()> {
        self.number += 1;
        let client_id = ClientId::of(&format!("{}/{}", self.prefix, self.number));
        let envelope = Envelope { actor, user: UserId::NOBODY, client_id, door: Door::Node, command };
        self.node.submit(self.time, envelope, &mut told)?;
        Ok(())
    }

    /// Makes everything durable.
    pub(super) fn flush(&mut self) -> Result<()> {
        self.node.flush(&mut told)
    }

    /// The node as of the last flush.
    pub(super) fn node(&self) -> &Node {
        self.node
    }
}

/// Nothing here is refused.
fn told(record: &engine::Record, events: &[Event], _: &engine::State) -> Result<()> {
    match events
        .iter()
        .find_map(|event| if let Event::Refused(reason) = event { Some(*reason) } else { None })
    {
        Some(reason) => bail!("record {} was refused: {}", record.sequence, reason.sentence()),
        None => Ok(()),
    }
}
