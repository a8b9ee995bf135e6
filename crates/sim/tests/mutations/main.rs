//! Planted faults, and that each is caught: what the simulator is worth. An engine that does something else in every respect is
//! planted by giving the node another command, or another rulebook, than the auditor knows of; one that says something else than it
//! does by other events or other books; a log that forgets by a disk that lies, and by bytes that are wiped behind its back.

#![allow(clippy::unwrap_used, clippy::panic)] // tests, also outside the functions marked so

mod funds;
mod people;
mod trades;

use base::{AccountId, BasisPoints, Money, OrderId, ParticipantId, Quantity, Side};
use engine::rulebook::Version;
use engine::{AccessRejection, Command, Envelope, Event, Record, State};
use faulty_disk::FaultyDisk;
use registry::Event as R;
use sim::audit::finding::Kind;
use sim::audit::ledger::{AVAILABLE, Buckets, LOCKED, RESERVED};
use sim::plant::Plant;
use sim::reduce::reduce;
use sim::{replay, simulate};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use trading::Event as T;

/// Where a fault is planted, and what it does there: true where it found something to do.
#[derive(Clone, Copy)]
enum Way {
    /// The node gets another command.
    Send(fn(&mut Envelope, &State) -> bool),
    /// The node gets another command, and the auditor sees what would have come of the right one.
    Both(fn(&mut Envelope, &State) -> bool, fn(&Record, &mut Vec<Event>)),
    /// The node gets another rulebook.
    Rules(fn(&mut Version) -> bool),
    /// The auditor sees other events.
    Events(fn(&Record, &mut Vec<Event>) -> bool),
    /// The auditor sees other books.
    Books(fn(Buckets) -> Buckets),
    /// The disk is changed before the node opens.
    Disk(fn(&FaultyDisk) -> bool),
    /// The disk says that it has synced.
    Lie,
    /// A replay leaves out a record.
    Skip,
    /// A repeat gets another answer.
    Answer,
    /// A later order of a queue trades first.
    Queue,
}

struct Planted {
    way: Way,
    bloomed: Cell<bool>,
    queues: Queues,
}

impl Planted {
    fn new(way: Way) -> Self {
        Self { way, bloomed: Cell::new(false), queues: Queues::default() }
    }
}

impl Plant for Planted {
    fn send(&mut self, envelope: &mut Envelope, state: &State) {
        let bloomed = match (self.way, &mut envelope.command) {
            (Way::Send(change) | Way::Both(change, _), _) => change(envelope, state),
            (Way::Rules(change), Command::AdoptRulebook(rulebook)) => {
                rulebook.versions.iter_mut().filter_map(|version| change(version).then_some(())).count() > 0
            }
            _ => false,
        };
        self.bloomed.set(self.bloomed.get() || bloomed);
    }

    fn events(&mut self, record: &Record, events: &mut Vec<Event>) {
        if let Way::Events(change) = self.way {
            self.bloomed.set(change(record, events) || self.bloomed.get());
        }
        if let Way::Both(_, change) = self.way {
            change(record, events);
        }
        if matches!(self.way, Way::Queue) {
            self.bloomed.set(self.queues.jump(events) || self.bloomed.get());
        }
    }

    fn holding(&self, _: u32, _: u32, held: Buckets) -> Buckets {
        let Way::Books(change) = self.way else { return held };
        let shown = change(held);
        self.bloomed.set(self.bloomed.get() || shown != held);
        shown
    }

    fn before_opening(&mut self, disk: &FaultyDisk) {
        if let Way::Disk(change) = self.way {
            self.bloomed.set(change(disk) || self.bloomed.get());
        }
    }

    fn skips(&mut self, record: &Record) -> bool {
        let skips = matches!(self.way, Way::Skip) && record.sequence.0 == 20;
        self.bloomed.set(self.bloomed.get() || skips);
        skips
    }

    fn lies(&self) -> bool {
        self.bloomed.set(self.bloomed.get() || matches!(self.way, Way::Lie));
        matches!(self.way, Way::Lie)
    }

    fn answer(&mut self, answer: &mut huangpu::node::Answer) {
        if matches!(self.way, Way::Answer) {
            answer.sequence.0 += 1;
            self.bloomed.set(true);
        }
    }

    fn bloomed(&self) -> bool {
        self.bloomed.get()
    }
}

/// Changes the first event that a function finds something to change in.
fn first(events: &mut [Event], change: impl FnMut(&mut Event) -> bool) -> bool {
    events.iter_mut().any(change)
}

/// Leaves out the first event of a kind.
fn without(events: &mut Vec<Event>, which: impl FnMut(&Event) -> bool) -> bool {
    let at = events.iter().position(which);
    at.map(|at| events.remove(at)).is_some()
}

fn trade(events: &mut [Event], change: impl Fn(&mut base::Trade)) -> bool {
    first(events, |event| match event {
        Event::Trading(T::Traded(trade)) => {
            change(trade);
            true
        }
        _ => false,
    })
}

/// The last thing that the log says is wiped, sector by sector, as if it had never been written.
fn wipe(disk: &FaultyDisk) -> bool {
    let segments = disk.names().into_iter().filter(|name| name.extension().is_some_and(|e| e == "hpj"));
    let Some(path) = segments.max() else { return false };
    let mut bytes = disk.bytes(&path);
    let Some(last) = bytes.iter().rposition(|byte| *byte != 0).filter(|last| *last >= 8_192) else {
        return false;
    };
    let from = last / 512 * 512;
    bytes[from..].fill(0);
    disk.set_bytes(&path, bytes);
    true
}

struct Mutation {
    name: &'static str,
    way: Way,
    /// What the auditor says of it.
    caught_as: &'static [Kind],
}

const fn planted(name: &'static str, caught_as: &'static [Kind], way: Way) -> Mutation {
    Mutation { name, way, caught_as }
}

use Kind::{
    Answer, Calendar, Conservation, Damage, Event as Unled, Fee, Finality, Holds, Legs, Lost, Negative,
    PriceList, Priority, Trade, Verdict,
};

#[rustfmt::skip]
const MUTATIONS: &[Mutation] = &[
    // what an engine says
    planted("a trade at another price", &[Trade], Way::Events(|_, e| trade(e, |t| t.price.0 += 1))),
    planted("a trade in another quantity", &[Trade, Priority], Way::Events(|_, e| trade(e, |t| t.quantity.0 += 1))),
    planted("a trade for another account", &[Trade, Priority], Way::Events(|_, e| trade(e, |t| t.seller.account.0 += 1))),
    planted("a trade with its sides changed", &[Trade, Priority], Way::Events(|_, e| trade(e, |t| std::mem::swap(&mut t.buyer, &mut t.seller)))),
    planted("a trade of another amount", &[Trade], Way::Events(|_, e| trade(e, |t| t.amount.0 += 1))),
    planted("a trade number left out", &[Unled], Way::Events(|_, e| trade(e, |t| t.id.0 += 1))),
    planted("a trade that says what its order traded before wrongly", &[Trade], Way::Events(|_, e| trade(e, |t| t.buyer.traded_before.0 += 1))),
    planted("two bids allotted in the wrong order", &[Priority], Way::Events(swap_allotments)),
    planted("an auction at another price", &[Trade], Way::Events(|_, e| first(e, |event| match event {
        Event::Trading(T::AuctionUncrossed { price, .. }) => { price.0 += 1; true }
        _ => false,
    }))),
    planted("a fee off by one", &[Fee], Way::Events(|_, e| first(e, |event| match event {
        Event::Clearing(clearing::Event::Novated { buyer_fee, .. }) => { buyer_fee.0 += 1; true }
        _ => false,
    }))),
    planted("a trade that is not novated", &[Legs], Way::Events(|_, e| without(e, |event| matches!(event, Event::Clearing(_))))),
    planted("a trade that is not settled", &[Legs], Way::Events(|_, e| without(e, |event| matches!(event, Event::Registry(R::Settled { .. }))))),
    planted("a trade that is settled twice", &[Legs], Way::Events(|_, e| {
        let settled = e.iter().find(|event| matches!(event, Event::Registry(R::Settled { .. }))).cloned();
        settled.map(|event| e.push(event)).is_some()
    })),
    planted("a refusal that is not told", &[Verdict], Way::Events(|_, e| without(e, |event| matches!(event, Event::Refused(_))))),
    planted("a refusal for another reason", &[Verdict], Way::Events(|_, e| first(e, |event| match event {
        Event::Refused(reason) => { *reason = engine::Rejection::Access(engine::AccessRejection::ActorUnknown); true }
        _ => false,
    }))),
    planted("an order that outlives its day", &[Calendar], Way::Events(|_, e| without(e, |event| matches!(event, Event::Trading(T::OrderEnded { end: trading::End::Expired, .. }))))),
    planted("a session that does not open", &[Calendar], Way::Events(|_, e| without(e, |event| matches!(event, Event::Trading(T::PhaseChanged { open: true, .. }))))),
    planted("a day that does not begin", &[Verdict, Calendar, PriceList], Way::Events(|_, e| without(e, |event| matches!(event, Event::Trading(T::DayBegan { .. }))))),
    planted("a day that does not end", &[Calendar], Way::Events(|_, e| without(e, |event| matches!(event, Event::Trading(T::DayEnded { .. }))))),
    planted("rules that do not come into force", &[Calendar, Trade, Verdict, Holds], Way::Events(|record, e| {
        !matches!(record.envelope.command, Command::AdoptRulebook(_)) && without(e, |event| matches!(event, Event::RulesInForce { .. }))
    })),
    planted("a close off by a tick", &[PriceList], Way::Events(|_, e| first(e, |event| match event {
        Event::Trading(T::LineClosed(line)) => { line.close.0 += 1; true }
        _ => false,
    }))),
    planted("a turnover that is not the day's", &[PriceList], Way::Events(|_, e| first(e, |event| match event {
        Event::Trading(T::LineClosed(line)) if line.turnover[0].volume > 0 => { line.turnover[0].volume -= 1; true }
        _ => false,
    }))),
    planted("more issued than was asked", &[Unled], Way::Events(|_, e| first(e, |event| match event {
        Event::Registry(R::Issued { quantity, .. }) => { quantity.0 += 1; true }
        _ => false,
    }))),
    planted("an order that ends with something else left", &[Unled], Way::Events(|_, e| first(e, |event| match event {
        Event::Trading(T::OrderEnded { left, .. }) => { left.0 += 1; true }
        _ => false,
    }))),
    // what the books say
    planted("a unit too many in an account", &[Conservation], Way::Books(|mut held| { held[AVAILABLE] += i128::from(held[AVAILABLE] > 1_000); held })),
    planted("a bucket below zero", &[Negative], Way::Books(|mut held| { if held[RESERVED] > 0 { held[AVAILABLE] += held[RESERVED] * 2; held[RESERVED] = -held[RESERVED]; } held })),
    planted("a hold that is skipped", &[Holds], Way::Books(|mut held| { held[AVAILABLE] += std::mem::take(&mut held[RESERVED]); held })),
    planted("a purchase that may be sold at once", &[Holds], Way::Books(|mut held| { held[AVAILABLE] += std::mem::take(&mut held[LOCKED]); held })),
    planted("a pledge that binds nothing", &[Holds], Way::Books(|mut held| { held[AVAILABLE] += std::mem::take(&mut held[3]); held })),
    planted("a freeze that binds nothing", &[Holds], Way::Books(|mut held| { held[AVAILABLE] += std::mem::take(&mut held[4]); held })),
    // an engine that does, in every respect, something else
    planted("another listing is taken than was asked for", &[Trade, Verdict, Priority], Way::Send(trades::take_another)),
    planted("an order is placed at another price", &[Unled, Verdict], Way::Send(|e, _| match &mut e.command {
        Command::PlaceOrder(c) => { c.price.0 -= 1; true }
        _ => false,
    })),
    planted("an order is placed on the other side", &[Unled, Verdict], Way::Send(|e, _| match &mut e.command {
        Command::PlaceOrder(c) => { c.side = c.side.opposite(); true }
        _ => false,
    })),
    planted("a bid is entered for less", &[Unled, Trade, Verdict, Priority, Holds], Way::Send(|e, _| match &mut e.command {
        Command::PlaceBid(c) if c.quantity.0 > 1 => { c.quantity.0 -= 1; true }
        _ => false,
    })),
    planted("a transfer goes to another account", &[Unled, Verdict], Way::Send(|e, _| match &mut e.command {
        Command::Transfer(c) => { c.to.0 += 1; true }
        _ => false,
    })),
    planted("a withdrawal that was refused is paid", &[Unled, Conservation], Way::Send(|e, _| match &mut e.command {
        Command::SettleWithdrawal(c) if !c.paid => { c.paid = true; true }
        _ => false,
    })),
    planted("anyone may do anything", &[Verdict], Way::Send(|e, state| {
        let asked = e.command.permission();
        let may = |id: usize| matches!(asked, engine::Permission::Roles(roles) if roles.iter().any(|role| state.registry().has_role(ParticipantId::at(id), *role)));
        let someone = (0..state.registry().participants().len()).find(|id| may(*id)).filter(|_| !may(e.actor.index()));
        someone.map(|id| e.actor = ParticipantId::at(id)).is_some()
    })),
    planted("a frozen account goes on", &[Verdict, Calendar, Unled], Way::Send(|e, _| match &mut e.command {
        Command::SetAccountFrozen(c) if c.frozen => { c.frozen = false; true }
        _ => false,
    })),
    // an engine that does not know a rule
    planted("prices outside the band", &[Verdict, Trade], Way::Rules(|v| v.trading.listing.as_mut().map(|l| l.band = BasisPoints(50_000)).is_some())),
    planted("every price is among the best", &[Verdict], Way::Rules(|v| v.trading.listing.as_mut().map(|l| l.best_prices = 1_000).is_some())),
    planted("a listing of any size", &[Verdict], Way::Rules(|v| v.trading.listing.as_mut().map(|l| l.quantity_below = Quantity(i64::MAX)).is_some())),
    planted("a block of any size", &[Verdict], Way::Rules(|v| v.trading.block.as_mut().map(|b| b.quantity_min = Quantity(1)).is_some())),
    planted("no lots", &[Verdict], Way::Rules(|v| std::mem::replace(&mut v.trading.lot, Quantity(1)).0 != 1)),
    planted("a fee rate off by one millionth", &[Fee, Holds, Verdict], Way::Rules(|v| { v.clearing.fees.iter_mut().for_each(|f| f.buyer.rate_ppm += 1); true })),
    planted("no least fee", &[Fee, Holds], Way::Rules(|v| v.clearing.fees.iter_mut().filter_map(|f| Some(std::mem::take(&mut f.seller.least)).filter(|least| *least != Money::ZERO)).count() > 0)),
    planted("no greatest fee", &[Fee, Holds], Way::Rules(|v| v.clearing.book.most.take().is_some() | (v.clearing.fees.iter_mut().filter_map(|f| f.buyer.most.take()).count() > 0))),
    planted("what was bought may be sold at once", &[Holds], Way::Rules(|v| std::mem::take(&mut v.registry.resale_after_days) > 0)),
    planted("no holding limit", &[Verdict], Way::Rules(|v| v.registry.holding_limit.take().is_some())),
    planted("ties by time where a lot is due", &[Trade, Unled, Verdict, Priority, Calendar], Way::Rules(|v| v.trading.auction.as_mut().is_some_and(|a| std::mem::replace(&mut a.tie, trading::rules::TieRule::Time) == trading::rules::TieRule::Lot))),
    planted("an auction that is underbid trades", &[Trade], Way::Rules(|v| v.trading.auction.as_mut().is_some_and(|a| std::mem::take(&mut a.cancel_if_underbid)))),
    planted("trading on a holiday", &[Calendar, Verdict], Way::Rules(|v| { let some = !v.trading.calendar.holidays.is_empty(); v.trading.calendar.holidays.clear(); some })),
    planted("a session that lasts a minute longer", &[Calendar, Verdict], Way::Rules(|v| v.trading.listing.as_mut().is_some_and(|l| l.sessions.last_mut().map(|s| s.closes.0 += 60).is_some()))),
    planted("a share rounded up", &[Unled, Verdict], Way::Rules(|v| v.registry.preallocation.as_mut().map(|rate| rate.0 += 1).is_some())),
    planted("no cap on offsets", &[Verdict], Way::Rules(|v| { v.registry.offset_cap = BasisPoints(10_000); true })),
    planted("a deadline a day later", &[Verdict, Unled], Way::Rules(|v| { v.registry.periods.iter_mut().for_each(|p| p.deadline.0 += 400); !v.registry.periods.is_empty() })),
    planted("a reserve price off by a hundredth of a percent", &[Unled, Verdict], Way::Rules(|v| v.trading.auction.as_mut().is_some_and(|a| a.reserve_of_reference.as_mut().map(|rate| rate.0 += 10).is_some()))),
    // trades that are taken back
    planted("a trade taken back that keeps its fees", &[Unled], Way::Events(|_, e| trades::revised(e, |r| std::mem::replace(&mut r.to.buyer_fee, r.from.buyer_fee) != r.from.buyer_fee))),
    planted("a trade corrected to other fees", &[Unled], Way::Events(|_, e| trades::revised(e, |r| r.to.quantity.0 > 0 && { r.to.seller_fee.0 += 1; true }))),
    planted("a trade taken back for another account", &[Unled], Way::Events(|_, e| trades::revised(e, |r| { r.seller.0 += 1; true }))),
    planted("a trade taken back that is not told", &[Unled, Verdict], Way::Events(|_, e| without(e, |event| matches!(event, Event::Trading(T::TradeBusted(_)))))),
    planted("another trade is taken back than was asked for", &[Unled, Verdict], Way::Send(trades::another)),
    planted("fewer units go back than were asked for", &[Unled, Verdict], Way::Send(trades::fewer)),
    planted("trades that can be taken back for ever", &[Verdict], Way::Rules(|v| std::mem::replace(&mut v.trading.corrections, trading::rules::Corrections::DaysAfter(30)) != trading::rules::Corrections::DaysAfter(30))),
    // an order book that says or does something else
    planted("a later order trades first", &[Priority], Way::Queue),
    planted("a fill at another price", &[Trade], Way::Events(|_, e| fill(e, |f| if let T::Filled { price, .. } = f { price.0 += 1; }))),
    planted("a fill of another quantity", &[Trade], Way::Events(|_, e| fill(e, |f| if let T::Filled { quantity, .. } = f { quantity.0 += 1; }))),
    planted("a fill for another account", &[Trade], Way::Events(|_, e| fill(e, |f| if let T::Filled { buyer, .. } = f { buyer.0 += 1; }))),
    planted("a fill left out", &[Unled, Trade, Priority, Legs, Holds], Way::Events(|_, e| without(e, |event| matches!(event, Event::Trading(T::Filled { .. }))))),
    planted("a call at another price", &[Trade], Way::Events(|_, e| first(e, |event| match event {
        Event::Trading(T::CallUncrossed { price: Some(price), .. }) => { price.0 += 1; true }
        _ => false,
    }))),
    planted("a call that trades less than it could", &[Trade], Way::Events(|_, e| first(e, |event| match event {
        Event::Trading(T::CallUncrossed { price: Some(_), quantity, .. }) => { quantity.0 -= 1; true }
        _ => false,
    }))),
    planted("an indication off by a tick", &[Trade], Way::Events(|_, e| first(e, |event| match event {
        Event::Trading(T::CallIndicated { price: Some(price), .. }) => { price.0 += 1; true }
        _ => false,
    }))),
    planted("an indication that is not told", &[Unled], Way::Events(|_, e| without(e, |event| matches!(event, Event::Trading(T::CallIndicated { .. }))))),
    planted("a slice of an iceberg that is not told", &[Unled, Priority, Trade], Way::Events(|_, e| {
        let filled = e.iter().position(|event| matches!(event, Event::Trading(T::Filled { .. })));
        let Some(from) = filled else { return false };
        let rested = e[from..].iter().position(|event| matches!(event, Event::Trading(T::OrderRested { .. })));
        rested.map(|at| e.remove(from + at)).is_some()
    })),
    planted("an order that keeps a place that it loses", &[Unled], Way::Events(|_, e| first(e, |event| match event {
        Event::Trading(T::OrderAmended { kept_place, .. }) if !*kept_place => { *kept_place = true; true }
        _ => false,
    }))),
    planted("a stop that is not triggered", &[Priority, Unled], Way::Events(|_, e| without(e, |event| matches!(event, Event::Trading(T::OrderTriggered { .. }))))),
    planted("an interruption that is not told", &[Calendar, Unled], Way::Events(|_, e| without(e, |event| matches!(event, Event::Trading(T::BookPhaseChanged { phase: trading::Phase::Interruption, .. }))))),
    planted("an interruption that lasts a second longer", &[Calendar], Way::Events(|_, e| first(e, |event| match event {
        Event::Trading(T::BookPhaseChanged { until: Some(until), .. }) => { until.0 += 1_000_000_000; true }
        _ => false,
    }))),
    planted("an order shrinks by too much", &[Priority], Way::Events(|_, e| first(e, |event| match event {
        Event::Trading(T::OrderReduced { by, .. }) => { by.0 += 1; true }
        _ => false,
    }))),
    planted("an order until cancelled ends with its day", &[Unled], Way::Send(|e, _| enters(e, |c| c.life == trading::Life::UntilCancelled && { c.life = trading::Life::Day; true }))),
    planted("an order for the day stands overnight", &[Calendar, Unled], Way::Send(|e, _| enters(e, |c| c.kind == trading::OrderKind::Limit && c.life == trading::Life::Day && { c.life = trading::Life::UntilCancelled; true }))),
    planted("an order that must end rests", &[Unled, Verdict], Way::Send(|e, _| enters(e, |c| c.kind == trading::OrderKind::Limit && c.life == trading::Life::Immediate && { c.life = trading::Life::Day; true }))),
    planted("all or nothing fills in part", &[Trade, Unled], Way::Send(|e, _| enters(e, |c| c.life == trading::Life::FillOrKill && { c.life = trading::Life::Immediate; true }))),
    planted("a minimum is not asked for", &[Trade, Unled, Verdict], Way::Send(|e, _| enters(e, |c| std::mem::take(&mut c.minimum) != Quantity::ZERO))),
    planted("an order that only adds takes", &[Verdict], Way::Send(|e, _| enters(e, |c| std::mem::take(&mut c.post_only)))),
    planted("an iceberg shows all of it", &[Unled, Verdict], Way::Send(|e, _| enters(e, |c| std::mem::take(&mut c.display) != Quantity::ZERO))),
    planted("a stop does not wait", &[Unled, Verdict, Trade, Priority], Way::Send(|e, _| enters(e, |c| std::mem::take(&mut c.trigger) != base::Price::ZERO))),
    planted("an owner trades with itself", &[Trade], Way::Send(|e, _| enters(e, |c| std::mem::replace(&mut c.self_trade, trading::SelfTrade::Allow) != trading::SelfTrade::Allow))),
    planted("the resting order ends where the incoming one should", &[Unled], Way::Send(|e, _| enters(e, |c| c.self_trade == trading::SelfTrade::CancelIncoming && { c.self_trade = trading::SelfTrade::CancelResting; true }))),
    planted("an order for an amount gets a unit less", &[Trade, Priority, Unled], Way::Events(funds::gets_less)),
    planted("an order for an amount pays a minor unit more", &[Trade, Unled, Verdict, Holds], Way::Send(funds::pays_more)),
    planted("all of an amount or nothing trades in part", &[Trade, Unled], Way::Send(funds::in_part)),
    planted("an order for an amount ends as if it had not spent it", &[Unled], Way::Events(funds::unspent)),
    planted("an amount shrinks by too little", &[Priority], Way::Events(funds::shrinks_by_less)),
    planted("an order is amended to less than was asked", &[Unled, Verdict], Way::Send(|e, _| match &mut e.command {
        Command::AmendOrder(c) => { c.quantity.0 -= 1; true }
        _ => false,
    })),
    planted("a mass cancellation that leaves an instrument out", &[Unled, Verdict], Way::Send(|e, _| match &mut e.command {
        Command::MassCancel(c) if c.instrument.is_none() => { c.instrument = Some(base::InstrumentId(0)); true }
        _ => false,
    })),
    planted("a kill switch that hits another account", &[Unled, Verdict], Way::Send(|e, _| match &mut e.command {
        Command::SetTradingBlocked(trading::SetTradingBlocked { of: trading::Whose::Account(id), blocked: true, .. }) => { id.0 += 1; true }
        _ => false,
    })),
    planted("no dynamic band", &[Trade, Calendar, Unled], Way::Rules(|v| book(v, |b| b.dynamic_band.take().is_some()))),
    planted("no closing call", &[Calendar, Verdict], Way::Rules(|v| book(v, |b| b.closing_call.take().is_some()))),
    planted("orders without a limit of pace", &[Verdict], Way::Rules(|v| book(v, |b| b.orders_per_second_max.take().is_some()))),
    planted("orders of any value", &[Verdict], Way::Rules(|v| book(v, |b| b.value_max.take().is_some()))),
    planted("a close that is the average of the day", &[PriceList], Way::Rules(|v| book(v, |b| std::mem::take(&mut b.close) != trading::rules::ClosePrice::Average))),
    planted("a taker's rate off by a thousandth", &[Fee, Holds], Way::Rules(|v| book(v, |_| true) && { v.clearing.book.taker_ppm += 1_000; true })),
    planted("a call's rate off by a thousandth", &[Fee, Holds], Way::Rules(|v| book(v, |_| true) && { v.clearing.book.call_ppm += 1_000; true })),
    planted("no rebate", &[Fee, Holds], Way::Rules(|v| std::mem::take(&mut v.clearing.book.rebate_ppm) > 0)),
    planted("a rebate that the venue pays", &[Fee, Holds], Way::Events(|_, e| first(e, |event| match event {
        Event::Clearing(clearing::Event::Novated { seller_fee, .. }) => { seller_fee.0 = -1; true }
        _ => false,
    }))),
    // users, acts for two and cases
    planted("an approval by who proposed is accepted", &[Verdict], Way::Send(people::by_another)),
    planted("a user without the duty may act", &[Verdict], Way::Send(|e, s| people::who_may(e, s, AccessRejection::NotYourDuty))),
    planted("a user who was stopped may act", &[Verdict], Way::Send(|e, s| people::who_may(e, s, AccessRejection::UserInactive))),
    planted("a user of another participant may act", &[Verdict], Way::Send(|e, s| people::who_may(e, s, AccessRejection::NotYourParticipant))),
    planted("a user who is not there may act", &[Verdict], Way::Send(|e, s| people::who_may(e, s, AccessRejection::UserUnknown))),
    planted("nobody may act", &[Verdict], Way::Send(|e, s| people::who_may(e, s, AccessRejection::UserNeeded))),
    planted("the second person is not asked for", &[Verdict], Way::Events(people::alone)),
    planted("the roster is in force in name only", &[Verdict, Unled], Way::Both(people::in_name_only, people::in_force)),
    planted("a stopped user counts as one of the last operators", &[Verdict], Way::Both(people::stopped_counts, people::stops)),
    planted("one of the last two operators is stopped by one", &[Verdict], Way::Events(people::stopped_by_one)),
    planted("the only operator makes no second", &[Verdict], Way::Both(people::no_second, people::asks_for_a_second)),
    planted("an act that no longer waits is carried out", &[Verdict], Way::Events(people::carried_out)),
    planted("an act is done whose proposer may no longer send it", &[Verdict], Way::Both(people::lost_the_right, people::approves)),
    planted("an act outlives its time by a second", &[Calendar, Unled, Verdict], Way::Both(|e, _| people::expires(e, 1), people::expires_as_asked)),
    planted("an act is over a second early", &[Calendar, Unled, Verdict], Way::Both(|e, _| people::expires(e, -1), people::expires_as_asked)),
    planted("an act that is over is not told", &[Calendar], Way::Events(|_, e| without(e, |event| matches!(event, Event::ActExpired { .. })))),
    planted("something else is approved than was proposed", &[Unled, Verdict], Way::Send(|e, _| match &mut e.command {
        Command::ProposeAct { command, .. } => match &mut **command {
            Command::Issue(c) => { c.quantity.0 -= 1; true }
            _ => false,
        },
        _ => false,
    })),
    planted("anyone takes an act back", &[Verdict], Way::Events(people::taken_back)),
    planted("more than a hundred acts wait", &[Verdict], Way::Events(people::too_many)),
    planted("a key of a duty that its user has not", &[Verdict, Unled], Way::Send(people::more_than_its_user)),
    planted("a member is not asked", &[Verdict], Way::Events(people::unasked)),
    planted("a link is good twice", &[Verdict], Way::Events(people::used_again)),
    planted("a link outlives its time by a second", &[Verdict, Unled], Way::Both(people::link_lasts, people::lasts_as_asked)),
    planted("one-time codes stay on when a link ends them", &[Verdict, Unled], Way::Both(people::codes_stay, |_, _| ())),
    planted("what takes two persons is what it was before rulebooks said so", &[Verdict], Way::Rules(|v| v.two_persons.take().is_some())),
    planted("a case closes unsaid", &[Verdict, Unled], Way::Both(people::closes, people::is_noted)),
    planted("a note in another's name", &[Unled], Way::Send(people::in_anothers_name)),
    // a log that forgets
    planted("acknowledged before it is synced", &[Lost, Damage], Way::Lie),
    planted("the last record is gone", &[Lost], Way::Disk(wipe)),
    planted("a replay leaves out a record", &[Finality, Lost], Way::Skip),
    planted("a repeat gets another answer", &[Answer], Way::Answer),
];

/// Changes the first fill of a book.
fn fill(events: &mut [Event], change: impl Fn(&mut T)) -> bool {
    first(events, |event| match event {
        Event::Trading(fill @ T::Filled { .. }) => {
            change(fill);
            true
        }
        _ => false,
    })
}

fn enters(envelope: &mut Envelope, change: impl Fn(&mut trading::EnterOrder) -> bool) -> bool {
    if let Command::EnterOrder(c) = &mut envelope.command { change(c) } else { false }
}

fn book(version: &mut Version, change: impl Fn(&mut trading::rules::ContinuousRules) -> bool) -> bool {
    version.trading.continuous.as_mut().is_some_and(change)
}

/// What stands in books, as events say: enough to put a later order of a queue before an earlier one.
#[derive(Default)]
struct Queues(Vec<Standing>);

#[derive(Clone, Copy)]
struct Standing {
    order: OrderId,
    account: AccountId,
    side: Side,
    price: base::Price,
    instrument: base::InstrumentId,
    /// Units that can still trade.
    left: i64,
    /// Zero until it rests.
    shown: i64,
}

impl Queues {
    fn trade(&mut self, order: OrderId, units: i64) {
        for standing in self.0.iter_mut().filter(|standing| standing.order == order) {
            standing.left -= units;
            standing.shown = (standing.shown - units).max(0);
        }
        self.0.retain(|standing| standing.left > 0);
    }

    /// The first fill whose maker has another behind it at its price, that could have traded as much, is given to that one.
    fn jump(&mut self, events: &mut [Event]) -> bool {
        let mut jumped = false;
        for event in events {
            let Event::Trading(event) = event else { continue };
            match event {
                T::OrderEntered { order, account, instrument, side, price, quantity } => {
                    let left = quantity.0;
                    let (order, account, side, price, instrument) =
                        (*order, *account, *side, *price, *instrument);
                    self.0.push(Standing { order, account, side, price, instrument, left, shown: 0 });
                }
                T::OrderRested { order, price, shown, .. } => {
                    let at = self.0.iter().position(|standing| standing.order == *order);
                    let standing = at.map(|at| self.0.remove(at));
                    self.0.extend(standing.map(|s| Standing { price: *price, shown: shown.0, ..s }));
                }
                T::OrderEnded { order, .. } => self.0.retain(|standing| standing.order != *order),
                T::OrderAmended { order, price, left, .. } => {
                    if let Some(standing) = self.0.iter_mut().find(|standing| standing.order == *order) {
                        (standing.price, standing.left, standing.shown) = (*price, left.0, 0);
                    }
                }
                T::OrderReduced { order, by } => self.trade(*order, by.0),
                T::Filled { quantity, buy, sell, aggressor: None, .. } => {
                    self.trade(*buy, quantity.0);
                    self.trade(*sell, quantity.0);
                }
                T::Filled { quantity, buy, sell, buyer, seller, aggressor: Some(side), .. } => {
                    let before = (*buy, *sell, quantity.0);
                    let (maker, owner) = if *side == Side::Buy { (sell, seller) } else { (buy, buyer) };
                    let first = self.0.iter().find(|standing| standing.order == *maker).copied();
                    let behind = first.and_then(|first| {
                        let same = |s: &&Standing| {
                            (s.instrument, s.side, s.price) == (first.instrument, first.side, first.price)
                                && s.order != first.order
                                && s.shown >= quantity.0
                        };
                        self.0.iter().find(same).copied()
                    });
                    if let Some(behind) = behind.filter(|_| !jumped) {
                        (*maker, *owner) = (behind.order, behind.account);
                        jumped = true;
                    }
                    self.trade(before.0, before.2);
                    self.trade(before.1, before.2);
                }
                _ => {}
            }
        }
        jumped
    }
}

/// Two parts of one auction change places.
#[allow(clippy::ptr_arg)] // as every planted change
fn swap_allotments(_: &Record, events: &mut Vec<Event>) -> bool {
    let of_auction = |event: &Event| matches!(event, Event::Trading(T::Traded(trade)) if trade.method == base::Method::Auction);
    let places: Vec<usize> = (0..events.len()).filter(|at| of_auction(&events[*at])).collect();
    let [a, b, ..] = places[..] else { return false };
    let parties = |event: &Event| match event {
        Event::Trading(T::Traded(trade)) => (trade.buyer.account, trade.seller.account, trade.quantity),
        _ => unreachable!(),
    };
    if parties(&events[a]) == parties(&events[b]) {
        return false;
    }
    let (Event::Trading(T::Traded(first)), Event::Trading(T::Traded(second))) =
        (events[a].clone(), events[b].clone())
    else {
        return false;
    };
    let same = |id, other: &base::Trade| {
        let mut trade = *other;
        trade.id = id;
        Event::Trading(T::Traded(Box::new(trade)))
    };
    (events[a], events[b]) = (same(first.id, &second), same(second.id, &first));
    true
}

/// Seeds at most until a planted fault has to be caught.
const SEEDS_MAX: u64 = 180;

#[test]
fn every_planted_fault_is_caught() {
    sim::keep_panics();
    // One by one, as they stand, by as many hands as there are cores: they do not cost the same.
    let next = AtomicUsize::new(0);
    let hands = std::thread::available_parallelism().map_or(1, usize::from);
    let take = || std::iter::from_fn(|| Some(next.fetch_add(1, Ordering::Relaxed)));
    let work = || take().map_while(|at| Some((at, judge(MUTATIONS.get(at)?)))).collect::<Vec<_>>();
    let judged: Vec<(usize, Result<String, String>)> = std::thread::scope(|scope| {
        let hands: Vec<_> = (0..hands).map(|_| scope.spawn(work)).collect();
        hands.into_iter().flat_map(|hand| hand.join().unwrap()).collect()
    });
    let judged: BTreeMap<usize, Result<String, String>> = judged.into_iter().collect();
    assert_eq!(judged.len(), MUTATIONS.len());
    judged.values().flatten().for_each(|caught| println!("{caught}"));
    let missed: Vec<&str> =
        judged.values().filter_map(|one| one.as_ref().err()).map(String::as_str).collect();
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

/// The line of docs/simulator.md of a planted fault that is caught as it must be, or what is wrong.
fn judge(mutation: &Mutation) -> Result<String, String> {
    let (name, mut bloomed) = (mutation.name, 0);
    for seed in 0..SEEDS_MAX {
        let mut plant = Planted::new(mutation.way);
        let outcome = simulate(seed, &mut plant);
        bloomed += u64::from(plant.bloomed());
        let Some(finding) = outcome.finding else { continue };
        if !plant.bloomed() {
            return Err(format!("{name}: seed {seed} fails without it: {finding}"));
        }
        if mutation.caught_as.contains(&finding.kind) {
            return Ok(format!("| {name} | {:?} | {} |", finding.kind, seed + 1));
        }
        return Err(format!("{name}: seed {seed}: {finding}"));
    }
    Err(format!("{name}: not caught, though {bloomed} seeds had it"))
}

/// A failing seed runs again exactly, and a shorter history is found that fails in the same way, and runs again exactly too.
#[test]
fn a_failing_history_is_shortened_and_runs_again() {
    // A price that is out by a tick needs something to trade, someone to sell it, someone to buy it, and little more.
    shorten(Way::Events(|_, events| trade(events, |trade| trade.price.0 += 1)), 40);
    // An approval needs a roster in force, two who may do the same, and something proposed: a user of every participant's at most.
    shorten(Way::Send(people::by_another), 40);
}

fn shorten(way: Way, steps_max: usize) {
    let mut plant = || Box::new(Planted::new(way)) as Box<dyn Plant>;
    let seed = (0..SEEDS_MAX).find(|seed| simulate(*seed, &mut *plant()).finding.is_some()).unwrap();
    let (once, again) = (simulate(seed, &mut *plant()), simulate(seed, &mut *plant()));
    assert_eq!((&once.history, &once.finding), (&again.history, &again.finding), "a seed is a whole run");

    let finding = once.finding.clone().unwrap();
    let reduced = reduce(seed, &mut plant, &once, &finding, 400);
    println!("{} steps became {} in {} runs", once.history.len(), reduced.history.len(), reduced.runs);
    assert!(reduced.history.len() * 4 < once.history.len(), "{} steps are left", reduced.history.len());
    let shorter = replay(seed, &mut *plant(), &reduced.history, &once.created);
    assert_eq!(shorter.finding, Some(reduced.finding));
    assert!(reduced.history.len() < steps_max, "{}", reduced.history.len());
}

#[test]
fn nothing_is_found_where_nothing_is_planted() {
    for seed in 0..10 {
        let mut idle = Planted::new(Way::Rules(|_| false));
        assert_eq!(simulate(seed, &mut idle).finding, None, "seed {seed}");
    }
}
