//! Looks ahead over a group of records, so that what they will touch is in the cache when they are applied.
//!
//! A ledger of a million holdings and a table of a million orders are larger than any cache, and a command waits for memory several
//! times, one wait after the other. The waits of different commands do not depend on each other: read ahead for many of them, they pass
//! together. Whatever is read is thrown away; the state does not change, and nothing is decided by it, so records applied one by one
//! and records applied in groups come to the same.

use crate::{Command, Record, State};
use base::{AccountId, OrderId};
use std::hint::black_box;
use trading::EnterOrder;

/// How many records are looked at together.
pub const GROUP: usize = 32;

impl State {
    /// Reads what `records` will touch (the first [`GROUP`] of them): first what they name, then what stands around that, then what
    /// trades will touch.
    ///
    /// They are sorted by kind before anything is read that may not be in the cache: a wrong guess of the processor about what comes
    /// next then costs little, and the loops that wait for memory have nothing to guess.
    #[inline]
    pub fn glance(&self, records: &[Record]) {
        let (mut entered, mut entries) = ([None; GROUP], 0);
        let (mut named, mut names) = ([OrderId(0); GROUP], 0);
        for record in records.iter().take(GROUP) {
            let order = match &record.envelope.command {
                Command::EnterOrder(order) => {
                    entered[entries] = Some(order);
                    entries += 1;
                    continue;
                }
                Command::CancelOrder(cancel) => cancel.order,
                Command::AmendOrder(amend) => amend.order,
                _ => continue,
            };
            named[names] = order;
            names += 1;
        }
        let (entered, named) = (&entered[..entries], &named[..names]);
        let mut seen = 0_i64;
        for order in named {
            seen ^= self.venue.glance_at(*order);
        }
        for order in entered.iter().flatten() {
            seen ^= self.glance_hold(order);
        }
        for order in named {
            if let Some((beside, account, asset)) = self.venue.glance_beside(*order) {
                seen ^= beside ^ self.registry.glance(account, asset);
            }
        }
        black_box(seen ^ self.glance_meetings(entered));
    }

    /// What orders that come in will meet, and what the parties' trades will touch.
    #[inline]
    fn glance_meetings(&self, entered: &[Option<&EnterOrder>]) -> i64 {
        let (mut meetings, mut met) = ([None; GROUP], 0);
        let mut seen = 0_i64;
        for order in entered.iter().flatten() {
            match self.venue.glance_for(order) {
                Ok(slot) => {
                    meetings[met] = Some((*order, slot));
                    met += 1;
                }
                Err(back) => seen ^= back,
            }
        }
        for (order, slot) in meetings[..met].iter().flatten() {
            seen ^= self.glance_party(order.account, order);
            seen ^= self.glance_party(self.venue.glance_owner(*slot), order);
        }
        seen
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
