//! Looks ahead over a group of records, so that what they will touch is in the cache when they are applied.
//!
//! A ledger of a million holdings and a table of a million orders are larger than any cache, and a command waits for memory several
//! times, one wait after the other. The waits of different commands do not depend on each other: read ahead for many of them, they pass
//! together. Whatever is read is thrown away; the state does not change, and nothing is decided by it, so records applied one by one
//! and records applied in groups come to the same.

use crate::{Command, Record, State};
use base::AccountId;
use std::hint::black_box;
use trading::EnterOrder;

/// How many records are looked at together.
pub const GROUP: usize = 32;

impl State {
    /// Reads what `records` will touch: first what they name, then what stands around that, then what trades will touch.
    #[inline]
    pub fn glance(&self, records: &[Record]) {
        let mut seen = 0_i64;
        for record in records {
            seen ^= match &record.envelope.command {
                Command::EnterOrder(order) => self.glance_hold(order),
                Command::CancelOrder(cancel) => self.venue.glance_at(cancel.order),
                Command::AmendOrder(amend) => self.venue.glance_at(amend.order),
                _ => 0,
            };
        }
        let mut meetings = [None; GROUP];
        for (record, meeting) in records.iter().zip(&mut meetings) {
            let order = match &record.envelope.command {
                Command::EnterOrder(order) => {
                    match self.venue.glance_for(order) {
                        Ok(slot) => *meeting = Some((order, slot)),
                        Err(back) => seen ^= back,
                    }
                    continue;
                }
                Command::CancelOrder(cancel) => cancel.order,
                Command::AmendOrder(amend) => amend.order,
                _ => continue,
            };
            if let Some((beside, account, asset)) = self.venue.glance_beside(order) {
                seen ^= beside ^ self.registry.glance(account, asset);
            }
        }
        for (order, slot) in meetings.into_iter().flatten() {
            seen ^= self.glance_party(order.account, order);
            seen ^= self.glance_party(self.venue.glance_owner(slot), order);
        }
        black_box(seen);
    }

    #[inline]
    fn glance_hold(&self, order: &EnterOrder) -> i64 {
        self.venue.glance_asset(order).map_or(0, |asset| self.registry.glance(order.account, asset))
    }

    /// What a trade touches of one of its parties.
    #[inline]
    fn glance_party(&self, account: AccountId, order: &EnterOrder) -> i64 {
        let Some(who) = self.registry.desk(account).map(|desk| desk.participant) else { return 0 };
        let Some(instrument) = self.venue.instrument(order.instrument) else { return 0 };
        let (asset, currency) = (instrument.asset, instrument.currency);
        let holdings = self.registry.glance(account, asset) ^ self.registry.glance(account, currency);
        let counted = self.clearing.glance(instrument.market, who, order.instrument);
        holdings ^ counted ^ self.watch.glance(asset, who)
    }
}
