//! Supervision (交易监管): it reads what the other rooms say happened, raises alerts, and asks for halts and freezes.
//!
//! Architecture Invariant: no room imports this one, and it changes none. It acts by returning a [`Directive`] that the
//! engine carries out through the room that owns the act.

pub mod rules;

use base::{
    AccountId, AlertId, AssetId, Date, Directive, InstrumentId, MarketId, ParticipantId, Sequence, Trade,
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
    positions: BTreeMap<(AssetId, ParticipantId), i128>,
    counts: BTreeMap<(MarketId, AlertRule, ParticipantId, InstrumentId), Count>,
    alerts: Vec<Alert>,
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
        *self.positions.entry((asset, owner)).or_default() += i128::from(units);
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
        let rules = self.rules[trade.market.index()];
        let (buyer, seller) = (self.owner(trade.buyer.account), self.owner(trade.seller.account));
        self.change(trade.buyer.account, trade.asset, trade.quantity.0);
        self.change(trade.seller.account, trade.asset, -trade.quantity.0);

        let own = rules.self_trade.filter(|_| buyer == seller);
        let own = own.and_then(|rule| self.count(record, trade, AlertRule::SelfTrade, buyer, rule, out));
        let edge = rules.at_price_limit.filter(|_| trade.at_limit);
        let edge_buyer =
            edge.and_then(|rule| self.count(record, trade, AlertRule::AtPriceLimit, buyer, rule, out));
        let edge = edge.filter(|_| seller != buyer);
        let edge_seller =
            edge.and_then(|rule| self.count(record, trade, AlertRule::AtPriceLimit, seller, rule, out));

        let limit = rules.position_limit.and_then(|limit| {
            let position = self.positions.get(&(trade.asset, buyer)).copied().unwrap_or_default();
            let (threshold, gained) = (i128::from(limit.quantity.0), i128::from(trade.quantity.0));
            let crossed = buyer != seller && position > threshold && position - gained <= threshold;
            crossed.then(|| {
                let found = (AlertRule::PositionLimit, buyer, position, threshold);
                self.raise(trade, found, vec![record], limit.act, out)
            })
        });
        [own, edge_buyer, edge_seller, limit.flatten()]
    }

    fn count(
        &mut self,
        record: Sequence,
        trade: &Trade,
        rule: AlertRule,
        who: ParticipantId,
        CountRule { times, act }: CountRule,
        out: &mut impl FnMut(Event),
    ) -> Outcome {
        let count = self.counts.entry((trade.market, rule, who, trade.instrument)).or_default();
        count.times = count.times.saturating_add(1);
        if count.records.len() == EVIDENCE_MAX {
            count.records.remove(0);
        }
        count.records.push(record);
        if count.times != times {
            return None;
        }
        let (measured, records) = (i128::from(count.times), count.records.clone());
        self.raise(trade, (rule, who, measured, i128::from(times) - 1), records, act, out)
    }

    fn raise(
        &mut self,
        trade: &Trade,
        (rule, participant, measured, threshold): (AlertRule, ParticipantId, i128, i128),
        records: Vec<Sequence>,
        act: Act,
        out: &mut impl FnMut(Event),
    ) -> Outcome {
        let id = AlertId(self.alerts.len() as u64 + 1);
        let &Trade { market, date, instrument, .. } = trade;
        let alert = Alert { id, rule, market, date, participant, instrument, records, measured, threshold };
        self.alerts.push(alert.clone());
        out(Event::Raised(Box::new(alert)));
        match act {
            Act::AlertOnly => None,
            Act::HaltInstrument => Some(Directive::HaltInstrument(instrument)),
            Act::FreezeAccount if self.owner(trade.buyer.account) == participant => {
                Some(Directive::FreezeAccount(trade.buyer.account))
            }
            Act::FreezeAccount => Some(Directive::FreezeAccount(trade.seller.account)),
        }
    }
}
