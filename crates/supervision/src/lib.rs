//! Supervision (交易监管): it reads what the other rooms say happened, raises alerts, and asks for halts and freezes.
//!
//! Architecture Invariant: no room imports this one, and it changes none. It acts by returning a [`Directive`] that the
//! engine carries out through the room that owns the act.

mod cases;
mod messages;
pub mod rules;

pub use cases::{Case, Note};
pub use messages::*;

use base::{
    AccountId, AlertId, AssetId, CaseId, Date, Directive, Fill, InstrumentId, MarketId, ParticipantId,
    Quantity, Sequence, Trade,
};
use rules::{Act, CountRule, Rules};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The rule behind an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertRule {
    /// A position above the limit.
    PositionLimit,
    /// Both sides of a trade are one participant.
    SelfTrade,
    /// Trades at the edge of the price band.
    AtPriceLimit,
}

/// Something a supervisor should look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// Dense, in order of raising.
    pub id: AlertId,
    /// The rule.
    pub rule: AlertRule,
    /// In which market.
    pub market: MarketId,
    /// The local trading day.
    pub date: Date,
    /// Who.
    pub participant: ParticipantId,
    /// In what.
    pub instrument: InstrumentId,
    /// The records it rests on: the latest [`EVIDENCE_MAX`] of them.
    pub records: Vec<Sequence>,
    /// What was measured: units for a position, occurrences for a count.
    pub measured: i128,
    /// The greatest measure without an alert.
    pub threshold: i128,
}

/// How many records an alert names at most.
pub const EVIDENCE_MAX: usize = 32;

/// A supervision event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// An alert was raised.
    Raised(Box<Alert>),
    /// A case was opened.
    CaseOpened {
        /// Dense, from 1.
        case: CaseId,
    },
    /// Something was written into a case.
    CaseNoted {
        /// Which.
        case: CaseId,
    },
    /// A case was closed.
    CaseClosed {
        /// Which.
        case: CaseId,
    },
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Count {
    times: u32,
    records: Vec<Sequence>,
}

/// The state of supervision.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watch {
    rules: Vec<Rules>,
    /// Who answers for each account.
    owners: Vec<ParticipantId>,
    /// Units held, by asset and participant: never more than the ledger counts.
    positions: Vec<Vec<i64>>,
    counts: BTreeMap<(MarketId, AlertRule, ParticipantId, InstrumentId), Count>,
    alerts: Vec<Alert>,
    cases: Vec<Case>,
}

/// A trade as supervision sees it.
struct Seen {
    record: Sequence,
    market: MarketId,
    date: Date,
    instrument: InstrumentId,
    asset: AssetId,
    quantity: Quantity,
    buyer: AccountId,
    seller: AccountId,
    at_limit: bool,
}

/// What an observation led to.
pub type Outcome = Option<Directive>;

impl Watch {
    /// Opens a market, or puts its rules into force between two days.
    pub fn set_rules(&mut self, market: MarketId, rules: Rules) {
        if self.rules.len() <= market.index() {
            self.rules.resize_with(market.index() + 1, Rules::default);
        }
        self.rules[market.index()] = rules;
    }

    /// The rules in force in a market.
    #[must_use]
    pub fn rules(&self, market: MarketId) -> &Rules {
        &self.rules[market.index()]
    }

    /// Begins a trading day: counts start again.
    pub fn begin_day(&mut self, market: MarketId) {
        self.counts.retain(|(counted, ..), _| *counted != market);
    }

    /// Alerts raised so far.
    #[must_use]
    pub fn alerts(&self) -> &[Alert] {
        &self.alerts
    }

    fn owner(&self, account: AccountId) -> ParticipantId {
        self.owners[account.index()]
    }

    fn change(&mut self, account: AccountId, asset: AssetId, units: i64) {
        let owner = self.owner(account);
        if self.positions.len() <= asset.index() {
            self.positions.resize_with(asset.index() + 1, Vec::new);
        }
        let column = &mut self.positions[asset.index()];
        if column.len() <= owner.index() {
            column.resize(owner.index() + 1, 0);
        }
        column[owner.index()] += units;
    }

    fn position(&self, asset: AssetId, who: ParticipantId) -> i64 {
        let column = self.positions.get(asset.index());
        column.and_then(|column| column.get(who.index())).copied().unwrap_or_default()
    }

    /// Learns from the registry who holds what, other than by trades.
    pub fn observe_registry(&mut self, event: &registry::Event) {
        use registry::Event as E;
        match *event {
            E::AccountOpened { participant, .. } => self.owners.push(participant),
            E::Issued { account, asset, quantity } => self.change(account, asset, quantity.0),
            E::Cancelled { account, asset, quantity } | E::Surrendered { account, asset, quantity, .. } => {
                self.change(account, asset, -quantity.0);
            }
            E::Transferred { from, to, asset, quantity } => {
                self.change(from, asset, -quantity.0);
                self.change(to, asset, quantity.0);
            }
            E::CarryOverDecided { account, from, into, quantity, approved: true, .. } => {
                self.change(account, from, -quantity.0);
                self.change(account, into, quantity.0);
            }
            _ => {}
        }
    }

    /// Looks at a trade: up to four alerts, and what is to be done about each.
    pub fn observe_trade(
        &mut self,
        record: Sequence,
        trade: &Trade,
        out: &mut impl FnMut(Event),
    ) -> [Outcome; 4] {
        let &Trade { market, date, instrument, asset, quantity, at_limit, .. } = trade;
        let (buyer, seller) = (trade.buyer.account, trade.seller.account);
        let seen = Seen { record, market, date, instrument, asset, quantity, buyer, seller, at_limit };
        self.observe(&seen, out)
    }

    /// A look ahead at a position, which brings the place where it stands into the cache.
    #[must_use]
    #[inline]
    pub fn glance(&self, asset: AssetId, who: ParticipantId) -> i64 {
        self.position(asset, who)
    }

    /// The same for a fill of an order book.
    #[inline]
    pub fn observe_fill(
        &mut self,
        record: Sequence,
        fill: &Fill,
        out: &mut impl FnMut(Event),
    ) -> [Outcome; 4] {
        let &Fill { market, date, instrument, asset, quantity, at_limit, .. } = fill;
        let (buyer, seller) = (fill.buyer.account, fill.seller.account);
        let seen = Seen { record, market, date, instrument, asset, quantity, buyer, seller, at_limit };
        self.observe(&seen, out)
    }

    fn observe(&mut self, seen: &Seen, out: &mut impl FnMut(Event)) -> [Outcome; 4] {
        let rules = self.rules[seen.market.index()];
        let (buyer, seller) = (self.owner(seen.buyer), self.owner(seen.seller));
        self.change(seen.buyer, seen.asset, seen.quantity.0);
        self.change(seen.seller, seen.asset, -seen.quantity.0);

        let own = rules.self_trade.filter(|_| buyer == seller);
        let own = own.and_then(|rule| self.count(seen, AlertRule::SelfTrade, buyer, rule, out));
        let edge = rules.at_price_limit.filter(|_| seen.at_limit);
        let edge_buyer = edge.and_then(|rule| self.count(seen, AlertRule::AtPriceLimit, buyer, rule, out));
        let edge = edge.filter(|_| seller != buyer);
        let edge_seller = edge.and_then(|rule| self.count(seen, AlertRule::AtPriceLimit, seller, rule, out));

        let limit = rules.position_limit.and_then(|limit| {
            let position = i128::from(self.position(seen.asset, buyer));
            let (threshold, gained) = (i128::from(limit.quantity.0), i128::from(seen.quantity.0));
            let crossed = buyer != seller && position > threshold && position - gained <= threshold;
            crossed.then(|| {
                let found = (AlertRule::PositionLimit, buyer, position, threshold);
                self.raise(seen, found, vec![seen.record], limit.act, out)
            })
        });
        [own, edge_buyer, edge_seller, limit.flatten()]
    }

    fn count(
        &mut self,
        seen: &Seen,
        rule: AlertRule,
        who: ParticipantId,
        CountRule { times, act }: CountRule,
        out: &mut impl FnMut(Event),
    ) -> Outcome {
        let count = self.counts.entry((seen.market, rule, who, seen.instrument)).or_default();
        count.times = count.times.saturating_add(1);
        if count.records.len() == EVIDENCE_MAX {
            count.records.remove(0);
        }
        count.records.push(seen.record);
        if count.times != times {
            return None;
        }
        let (measured, records) = (i128::from(count.times), count.records.clone());
        self.raise(seen, (rule, who, measured, i128::from(times) - 1), records, act, out)
    }

    fn raise(
        &mut self,
        seen: &Seen,
        (rule, participant, measured, threshold): (AlertRule, ParticipantId, i128, i128),
        records: Vec<Sequence>,
        act: Act,
        out: &mut impl FnMut(Event),
    ) -> Outcome {
        let id = AlertId(self.alerts.len() as u64 + 1);
        let &Seen { market, date, instrument, .. } = seen;
        let alert = Alert { id, rule, market, date, participant, instrument, records, measured, threshold };
        self.alerts.push(alert.clone());
        out(Event::Raised(Box::new(alert)));
        match act {
            Act::AlertOnly => None,
            Act::HaltInstrument => Some(Directive::HaltInstrument(instrument)),
            Act::FreezeAccount if self.owner(seen.buyer) == participant => {
                Some(Directive::FreezeAccount(seen.buyer))
            }
            Act::FreezeAccount => Some(Directive::FreezeAccount(seen.seller)),
        }
    }
}
