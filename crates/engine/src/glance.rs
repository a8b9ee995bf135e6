//! Looks ahead over a group of records, so that what they will touch is in the cache when they are applied.
//!
//! A ledger of a million holdings and a table of a million orders are larger than any cache, and a command waits for memory several
//! times, one wait after the other. The waits of different commands do not depend on each other: read ahead for sixteen of them, they pass
//! together. Whatever is read is thrown away; the state does not change, and nothing is decided by it, so records applied one by one
//! and records applied in groups come to the same.

use crate::{Command, Record, State};
use base::{AccountId, Side};
use std::hint::black_box;
use trading::Meets;

/// How many records are looked at together.
pub const GROUP: usize = 16;

impl State {
    /// Reads what `records` will touch first, in two rounds: where the first leads, the second reads on.
    #[inline]
    pub fn glance(&self, records: &[Record]) {
        let mut met = [None; GROUP];
        let mut seen = 0_i64;
        for (record, met) in records.iter().zip(&mut met) {
            let (found, first) = self.glance_first(&record.envelope.command);
            *met = first;
            seen = seen.wrapping_add(found);
        }
        for (record, met) in records.iter().zip(met) {
            seen = seen.wrapping_add(self.glance_second(&record.envelope.command, met));
        }
        black_box(seen);
    }

    /// What the command names itself.
    #[inline]
    fn glance_first(&self, command: &Command) -> (i64, Option<Meets>) {
        match command {
            Command::EnterOrder(order) => {
                let Some(instrument) = self.venue.instrument(order.instrument) else { return (0, None) };
                let asset = if order.side == Side::Buy { instrument.currency } else { instrument.asset };
                let (back, met) = self.venue.glance_for(order);
                (back.wrapping_add(self.registry.glance(order.account, asset)), met)
            }
            Command::CancelOrder(cancel) => (0, self.venue.glance_at(cancel.order)),
            Command::AmendOrder(amend) => (0, self.venue.glance_at(amend.order)),
            _ => (0, None),
        }
    }

    /// What stands around that.
    #[inline]
    fn glance_second(&self, command: &Command, met: Option<Meets>) -> i64 {
        let Some(met) = met else { return 0 };
        let held = if met.side == Side::Buy { met.currency } else { met.asset };
        match command {
            Command::EnterOrder(order) => {
                self.glance_party(met.account, &met).wrapping_add(self.glance_party(order.account, &met))
            }
            Command::CancelOrder(cancel) => {
                self.venue.glance_beside(cancel.order).wrapping_add(self.registry.glance(met.account, held))
            }
            Command::AmendOrder(amend) => {
                self.venue.glance_beside(amend.order).wrapping_add(self.registry.glance(met.account, held))
            }
            _ => 0,
        }
    }

    /// What a trade touches of one of its parties.
    #[inline]
    fn glance_party(&self, account: AccountId, met: &Meets) -> i64 {
        let Some(who) = self.registry.desk(account).map(|desk| desk.participant) else { return 0 };
        let holdings = self.registry.glance(account, met.asset) ^ self.registry.glance(account, met.currency);
        let counted =
            self.clearing.glance(met.market, who, met.instrument) ^ self.watch.glance(met.asset, who);
        holdings ^ counted
    }
}
