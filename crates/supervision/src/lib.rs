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
    AccountId, AlertId, AssetId, CaseId, Date, Directive, Fill, InstrumentId, MarketId, OwnerId,
    ParticipantId, Quantity, Sequence, Side, Trade,
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
    /// Both sides of a trade are one owner; where "own" means the account alone, one participant.
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
    /// What the rulebook says: from so many occurrences on, above so many units. Of an alert that does not grow, the greatest
    /// measure without one.
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
    /// An alert grew with what followed it on its day.
    Grown {
        /// Which.
        alert: AlertId,
        /// The record that it rests on besides.
        record: Sequence,
        /// What is measured now.
        measured: i128,
    },
}

/// Who is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
enum Who {
    Participant(ParticipantId),
    Owner(OwnerId),
}

type Key = (MarketId, AlertRule, Who, InstrumentId);

/// What was seen of one on a day.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Count {
    times: u32,
    records: Vec<Sequence>,
    /// What it led to.
    alert: Option<AlertId>,
}

fn note(records: &mut Vec<Sequence>, record: Sequence) {
    if records.len() == EVIDENCE_MAX {
        records.remove(0);
    }
    records.push(record);
}

/// The state of supervision.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watch {
    rules: Vec<Rules>,
    /// Whether the rules of a market go by beneficial owner.
    by_owner: Vec<bool>,
    /// Who answers for each account.
    owners: Vec<ParticipantId>,
    /// Units held, by asset and participant: never more than the ledger counts.
    positions: Vec<Vec<i64>>,
    counts: BTreeMap<Key, Count>,
    alerts: Vec<Alert>,
    /// The record with which each alert was raised.
    raised: Vec<Sequence>,
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
    /// Which side came in, where one did.
    came_in: Option<Side>,
    at_limit: bool,
    /// Buyer and seller.
    owners: [OwnerId; 2],
}

/// Something that calls for an alert.
struct Found {
    rule: AlertRule,
    /// Who is counted.
    who: Who,
    /// The account that acted.
    account: AccountId,
    measured: i128,
    threshold: i128,
    act: Act,
}

impl Watch {
    /// Opens a market, or puts its rules into force between two days. `by_owner`: what is one's own goes by beneficial owner, and
    /// not by account.
    pub fn set_rules(&mut self, market: MarketId, rules: Rules, by_owner: bool) {
        if self.rules.len() <= market.index() {
            self.rules.resize_with(market.index() + 1, Rules::default);
            self.by_owner.resize(market.index() + 1, false);
        }
        self.rules[market.index()] = rules;
        self.by_owner[market.index()] = by_owner;
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

    /// The alert with a number.
    #[must_use]
    pub fn alert(&self, id: AlertId) -> Option<&Alert> {
        self.alerts.get(id.index().checked_sub(1)?)
    }

    /// The record with which an alert was raised.
    #[must_use]
    pub fn raised(&self, id: AlertId) -> Option<Sequence> {
        self.raised.get(id.index().checked_sub(1)?).copied()
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

    /// Looks at a trade. `owners` are those of buyer and seller; what is to be done about it is `directed`.
    pub fn observe_trade(
        &mut self,
        record: Sequence,
        trade: &Trade,
        owners: [OwnerId; 2],
        out: &mut impl FnMut(Event),
        directed: &mut Vec<Directive>,
    ) {
        let &Trade { market, date, instrument, asset, quantity, at_limit, .. } = trade;
        let (buyer, seller) = (trade.buyer.account, trade.seller.account);
        let came_in = None;
        self.observe(
            &Seen {
                record,
                market,
                date,
                instrument,
                asset,
                quantity,
                buyer,
                seller,
                came_in,
                at_limit,
                owners,
            },
            out,
            directed,
        );
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
        owners: [OwnerId; 2],
        out: &mut impl FnMut(Event),
        directed: &mut Vec<Directive>,
    ) {
        let &Fill { market, date, instrument, asset, quantity, at_limit, aggressor: came_in, .. } = fill;
        let (buyer, seller) = (fill.buyer.account, fill.seller.account);
        self.observe(
            &Seen {
                record,
                market,
                date,
                instrument,
                asset,
                quantity,
                buyer,
                seller,
                came_in,
                at_limit,
                owners,
            },
            out,
            directed,
        );
    }

    fn observe(&mut self, seen: &Seen, out: &mut impl FnMut(Event), directed: &mut Vec<Directive>) {
        let rules = self.rules[seen.market.index()];
        let firms = [self.owner(seen.buyer), self.owner(seen.seller)];
        let by_owner = self.by_owner[seen.market.index()];
        let who = if by_owner { seen.owners.map(Who::Owner) } else { firms.map(Who::Participant) };
        let own = who[0] == who[1];
        self.change(seen.buyer, seen.asset, seen.quantity.0);
        self.change(seen.seller, seen.asset, -seen.quantity.0);

        if let Some(rule) = rules.self_trade.filter(|_| own) {
            // By owner: whoever came in did it, with whichever of its accounts.
            let sold = by_owner && seen.came_in == Some(Side::Sell);
            let account = if sold { seen.seller } else { seen.buyer };
            self.count(seen, AlertRule::SelfTrade, (who[0], account), rule, out, directed);
        }
        // By owner, what one trades with itself is counted as that.
        let both = own && by_owner;
        if let Some(rule) = rules.at_price_limit.filter(|_| seen.at_limit && !both) {
            self.count(seen, AlertRule::AtPriceLimit, (who[0], seen.buyer), rule, out, directed);
            if !own {
                self.count(seen, AlertRule::AtPriceLimit, (who[1], seen.seller), rule, out, directed);
            }
        }
        if let Some(limit) = rules.position_limit.filter(|_| firms[0] != firms[1]) {
            let position = i128::from(self.position(seen.asset, firms[0]));
            let (threshold, gained) = (i128::from(limit.quantity.0), i128::from(seen.quantity.0));
            let crossed = position > threshold && position - gained <= threshold;
            if crossed || rules.grow && position > threshold {
                let (rule, account, act) = (AlertRule::PositionLimit, seen.buyer, limit.act);
                let (who, measured) = (Who::Participant(firms[0]), position);
                let found = Found { rule, who, account, measured, threshold, act };
                self.raise_or_grow(seen, &found, vec![seen.record], out, directed);
            }
        }
    }

    fn count(
        &mut self,
        seen: &Seen,
        rule: AlertRule,
        (who, account): (Who, AccountId),
        CountRule { times, act }: CountRule,
        out: &mut impl FnMut(Event),
        directed: &mut Vec<Directive>,
    ) {
        let grow = self.rules[seen.market.index()].grow;
        let count = self.counts.entry((seen.market, rule, who, seen.instrument)).or_default();
        count.times = count.times.saturating_add(1);
        note(&mut count.records, seen.record);
        if count.times == times || grow && count.times > times {
            let threshold = i128::from(times) - i128::from(!grow);
            let (measured, records) = (i128::from(count.times), count.records.clone());
            let found = Found { rule, who, account, measured, threshold, act };
            self.raise_or_grow(seen, &found, records, out, directed);
        }
    }

    /// Raises the day's alert, or lets it grow, where the rules say that one does.
    fn raise_or_grow(
        &mut self,
        seen: &Seen,
        found: &Found,
        records: Vec<Sequence>,
        out: &mut impl FnMut(Event),
        directed: &mut Vec<Directive>,
    ) {
        let grow = self.rules[seen.market.index()].grow;
        let count = self.counts.entry((seen.market, found.rule, found.who, seen.instrument)).or_default();
        let raised = count.alert.filter(|_| grow);
        let Some(alert) = raised.and_then(|id| self.alerts.get_mut(id.index().checked_sub(1)?)) else {
            count.alert = Some(AlertId(self.alerts.len() as u64 + 1));
            return self.raise(seen, found, records, out, directed);
        };
        // A position that shrank and grew again is told when it is larger than it was.
        if found.measured > alert.measured {
            alert.measured = found.measured;
            note(&mut alert.records, seen.record);
            out(Event::Grown { alert: alert.id, record: seen.record, measured: found.measured });
        }
    }

    fn raise(
        &mut self,
        seen: &Seen,
        found: &Found,
        records: Vec<Sequence>,
        out: &mut impl FnMut(Event),
        directed: &mut Vec<Directive>,
    ) {
        let id = AlertId(self.alerts.len() as u64 + 1);
        let &Seen { market, date, instrument, .. } = seen;
        let &Found { rule, account, measured, threshold, .. } = found;
        let participant = self.owner(account);
        let by_owner = self.by_owner[market.index()];
        let alert = Alert { id, rule, market, date, participant, instrument, records, measured, threshold };
        self.alerts.push(alert.clone());
        self.raised.push(seen.record);
        out(Event::Raised(Box::new(alert)));
        let both = found.rule == AlertRule::SelfTrade && by_owner && seen.buyer != seen.seller;
        match found.act {
            Act::AlertOnly => {}
            Act::StopOwner => directed.push(Directive::StopOwner(account)),
            Act::HaltInstrument if !by_owner => {
                directed.push(Directive::HaltInstrument(instrument));
            }
            Act::HaltInstrument => {
                directed.push(Directive::StopOwner(account));
                if self.is_second(seen, found) {
                    directed.push(Directive::HaltInstrument(instrument));
                }
            }
            Act::FreezeAccount => {
                directed.push(Directive::FreezeAccount(account));
                if both {
                    let other = if account == seen.buyer { seen.seller } else { seen.buyer };
                    directed.push(Directive::FreezeAccount(other));
                }
            }
        }
    }

    /// Whether another has had the same alert in the same instrument on this day.
    fn is_second(&self, seen: &Seen, found: &Found) -> bool {
        self.counts.iter().any(|(&(market, rule, who, instrument), count)| {
            (market, rule, instrument) == (seen.market, found.rule, seen.instrument)
                && who != found.who
                && count.alert.is_some()
        })
    }
}
