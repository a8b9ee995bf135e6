//! A second book, kept from events alone: who stands where, who was next, and what a call auction should have come to. It shares no
//! code with the engine's, and is slow and plain on purpose.

use base::{AccountId, InstrumentId, OrderId, Price, Quantity, Side};
use engine::{Command, Event, Record, State};
use std::collections::BTreeMap;
use trading::{EnterOrder, Event as T, Phase, SelfTrade, Whose, band_limits};

/// An order that has not ended.
#[derive(Clone, Debug)]
struct Known {
    account: AccountId,
    instrument: InstrumentId,
    side: Side,
    limit: Price,
    left: i64,
    traded: i64,
    self_trade: SelfTrade,
    /// Of an order for an amount: what is left of it.
    funds: Option<i64>,
}

/// An order in a queue, or the slice of it that is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Standing {
    order: OrderId,
    price: Price,
    shown: i64,
}

/// One side of one instrument, the next to trade first.
type Queue = Vec<Standing>;

/// A call auction whose fills are still to come.
#[derive(Debug)]
struct Call {
    instrument: InstrumentId,
    price: Option<Price>,
    left: i64,
}

/// See the module.
#[derive(Default)]
pub struct Floor {
    known: BTreeMap<OrderId, Known>,
    queues: BTreeMap<(InstrumentId, Side), Queue>,
    phases: BTreeMap<InstrumentId, Phase>,
    last: BTreeMap<InstrumentId, Price>,
    call: Option<Call>,
    /// Who bought last.
    bought: Option<OrderId>,
    /// Fills so far, for tests that must not pass by doing nothing.
    pub fills: u64,
    pub calls: u64,
}

fn is_better(side: Side, price: Price, than: Price) -> bool {
    if side == Side::Buy { price > than } else { price < than }
}

impl Floor {
    /// Follows the events of a record, and compares where they end with the state.
    pub fn look(&mut self, before: &State, after: &State, record: &Record, events: &[Event]) {
        let one_day = !events.iter().any(|event| matches!(event, Event::Trading(T::DayBegan { .. })));
        for event in events {
            match event {
                Event::Trading(event) => self.follow(before, after, record, one_day, event),
                Event::Clearing(clearing::Event::Novated { buyer_fee, .. }) => {
                    let bought = self.bought.take().and_then(|order| self.known.get_mut(&order));
                    if let Some(funds) = bought.and_then(|known| known.funds.as_mut()) {
                        *funds -= buyer_fee.0;
                        assert!(*funds >= 0, "an order for an amount pays more than that");
                    }
                }
                _ => {}
            }
        }
        self.end_call();
        self.compare(after);
    }

    #[allow(clippy::too_many_lines)] // one arm an event
    fn follow(&mut self, before: &State, after: &State, record: &Record, one_day: bool, event: &T) {
        match *event {
            T::DayBegan { market, trading, .. } if trading => {
                let here = |id: &InstrumentId| after.venue().instruments()[id.index()].market == market;
                self.last.retain(|id, _| !here(id));
            }
            T::OrderEntered { order, account, instrument, side, price, quantity } => {
                let self_trade = match &record.envelope.command {
                    Command::EnterOrder(EnterOrder { self_trade, .. }) => *self_trade,
                    other => panic!("{other:?} entered an order"),
                };
                let (limit, left) = (price, quantity.0);
                let funds = None;
                let known = Known { account, instrument, side, limit, left, traded: 0, self_trade, funds };
                assert!(self.known.insert(order, known).is_none(), "{order} is the number of another order");
            }
            T::FundsEntered { order, account, instrument, side, price: limit, funds } => {
                let Command::EnterFunds(entered) = &record.envelope.command else {
                    panic!("{:?} entered an order for an amount", record.envelope.command)
                };
                // It is for no number of units.
                let (left, traded, self_trade) = (i64::MAX, 0, entered.self_trade);
                let funds = Some(funds.0);
                let known = Known { account, instrument, side, limit, left, traded, self_trade, funds };
                assert!(self.known.insert(order, known).is_none(), "{order} is the number of another order");
            }
            T::FundsReduced { order, amount, .. } => {
                let funds = self.known.get_mut(&order).unwrap().funds.as_mut().unwrap();
                *funds -= amount.0;
                assert!(amount.0 > 0 && *funds >= 0);
            }
            T::OrderRested { order, instrument, price, shown } => {
                let known = self.known[&order].clone();
                assert_eq!(
                    (known.instrument, known.limit),
                    (instrument, price),
                    "{order} rests at its price"
                );
                assert!(shown.0 > 0 && shown.0 <= known.left, "{order} shows {shown} of {}", known.left);
                self.leave(order);
                let queue = self.queues.entry((instrument, known.side)).or_default();
                let at = queue.iter().position(|standing| is_better(known.side, price, standing.price));
                queue.insert(at.unwrap_or(queue.len()), Standing { order, price, shown: shown.0 });
            }
            T::OrderAmended { order, price, left, kept_place, .. } => {
                let known = self.known.get_mut(&order).unwrap();
                assert!(
                    !kept_place || (price == known.limit && left.0 < known.left),
                    "{order} keeps its place"
                );
                (known.limit, known.left) = (price, left.0);
                if kept_place {
                    let standing = self.standing(order).expect("an order that keeps its place has one");
                    standing.shown = standing.shown.min(left.0);
                } else {
                    self.leave(order);
                }
            }
            T::OrderReduced { order, by } => {
                assert!(by.0 > 0);
                self.shorten(order, by.0);
            }
            T::OrderEnded { order, left, .. } => {
                if let Some(known) = self.known.remove(&order) {
                    let expected = if known.funds.is_some() { 0 } else { known.left };
                    assert_eq!(left, Quantity(expected), "what is left of {order}");
                    self.leave(order);
                }
            }
            T::BookPhaseChanged { instrument, phase, .. } => {
                self.end_call();
                self.phases.insert(instrument, phase);
            }
            T::CallUncrossed { instrument, price, quantity } => {
                self.end_call();
                self.check_call(after, instrument, price, quantity, one_day);
                self.call = Some(Call { instrument, price, left: quantity.0 });
                self.calls += 1;
            }
            T::Filled { instrument, price, quantity, buy, sell, buyer, seller, aggressor, .. } => {
                self.fills += 1;
                let sides = [(Side::Buy, buy, buyer), (Side::Sell, sell, seller)];
                self.check_fill(before, after, (instrument, price, quantity), sides, aggressor);
                let tick_value = after.venue().instruments()[instrument.index()].tick_value;
                self.bought = Some(buy);
                for (_, order, _) in sides {
                    let known = self.known.get_mut(&order).unwrap();
                    if let Some(funds) = &mut known.funds {
                        *funds -= base::amount_of(price, quantity, tick_value).unwrap().0;
                        assert!(*funds >= 0, "{order} trades for more than its amount");
                    }
                    known.traded += quantity.0;
                    self.shorten(order, quantity.0);
                }
                self.last.insert(instrument, price);
            }
            _ => {}
        }
    }

    fn check_fill(
        &mut self,
        before: &State,
        after: &State,
        (instrument, price, quantity): (InstrumentId, Price, Quantity),
        sides: [(Side, OrderId, AccountId); 2],
        aggressor: Option<Side>,
    ) {
        assert!(quantity.0 > 0 && price.0 > 0);
        for (side, order, account) in sides {
            let known = &self.known[&order];
            assert_eq!((known.account, known.instrument, known.side), (account, instrument, side), "{order}");
            assert!(
                !is_better(side, price, known.limit) || price == known.limit,
                "{order} traded beyond its limit"
            );
            assert!(quantity.0 <= known.left, "{order} traded more than it had");
            let place = self.queues.get(&(instrument, side)).and_then(|queue| queue.first());
            if aggressor == Some(side) {
                assert!(self.place_of(order).is_none(), "{order} comes in and stands at once");
            } else {
                let first = place.map(|first| first.order);
                assert_eq!(first, Some(order), "{order} trades before the one that is next");
            }
            let blocked = |state: &State| {
                let firm = state.registry().account(account).unwrap().participant;
                state.venue().is_blocked(account, firm) || state.registry().account(account).unwrap().frozen
            };
            assert!(!(blocked(before) && blocked(after)), "{account} is blocked or frozen, and traded");
        }
        let halted = |state: &State| state.venue().instrument(instrument).is_none_or(|found| found.halted);
        assert!(!(halted(before) && halted(after)), "a halted instrument traded");
        match aggressor {
            Some(side) => {
                assert_eq!(self.phases.get(&instrument), Some(&Phase::Continuous));
                let (incoming, maker) = match side {
                    Side::Buy => (&self.known[&sides[0].1], sides[1].1),
                    Side::Sell => (&self.known[&sides[1].1], sides[0].1),
                };
                assert_eq!(
                    price, self.known[&maker].limit,
                    "a trade is at the price of the order that stood"
                );
                let registry = after.registry();
                let (one, other) =
                    (registry.account(sides[0].2).unwrap(), registry.account(sides[1].2).unwrap());
                let house = registry::AccountKind::House;
                let same = sides[0].2 == sides[1].2
                    || (one.participant == other.participant && one.kind == house && other.kind == house);
                assert!(!same || incoming.self_trade == SelfTrade::Allow, "an owner traded with itself");
            }
            None => {
                let call = self.call.as_mut().expect("a call auction fills after it says its price");
                assert_eq!((call.instrument, call.price), (instrument, Some(price)));
                call.left -= quantity.0;
            }
        }
    }

    fn end_call(&mut self) {
        if let Some(call) = self.call.take() {
            assert_eq!(call.left, 0, "a call trades what it said: {call:?}");
        }
    }

    /// The rule of call auctions, price by price.
    fn check_call(
        &self,
        after: &State,
        instrument: InstrumentId,
        price: Option<Price>,
        quantity: Quantity,
        one_day: bool,
    ) {
        let here = |side| {
            let queue = self.queues.get(&(instrument, side)).into_iter().flatten();
            queue.map(|standing| (standing.price.0, i128::from(self.known[&standing.order].left)))
        };
        let at = |price: i64| {
            let demand: i128 =
                here(Side::Buy).filter(|(limit, _)| *limit >= price).map(|(_, units)| units).sum();
            let supply: i128 =
                here(Side::Sell).filter(|(limit, _)| *limit <= price).map(|(_, units)| units).sum();
            (demand.min(supply), (demand - supply).abs())
        };
        let (low, high) = (here(Side::Sell).map(|(p, _)| p).min(), here(Side::Buy).map(|(p, _)| p).max());
        let Some((low, high)) = low.zip(high).filter(|(low, high)| low <= high) else {
            assert_eq!((price, quantity), (None, Quantity(0)), "nothing crosses");
            return;
        };
        let price = price.expect("something crosses").0;
        let (volume, imbalance) = at(price);
        assert_eq!(volume, i128::from(quantity.0), "the volume of a call at its price");
        let reference = after.venue().instruments()[instrument.index()].day.reference;
        let near = self.last.get(&instrument).copied().unwrap_or(reference).0;
        for other in low..=high {
            let (more, less) = at(other);
            assert!(more <= volume, "more would trade at {other} than at {price}");
            assert!(more < volume || less >= imbalance, "less would be left at {other} than at {price}");
            if one_day && more == volume && less == imbalance {
                let (here, there) = (price.abs_diff(near), other.abs_diff(near));
                assert!((here, -price) <= (there, -other), "{other} is nearer to {near} than {price}");
            }
        }
    }

    fn standing(&mut self, order: OrderId) -> Option<&mut Standing> {
        let known = self.known.get(&order)?;
        self.queues
            .get_mut(&(known.instrument, known.side))?
            .iter_mut()
            .find(|standing| standing.order == order)
    }

    fn place_of(&self, order: OrderId) -> Option<(InstrumentId, Side)> {
        let has = |queue: &Queue| queue.iter().any(|standing| standing.order == order);
        self.queues.iter().find(|(_, queue)| has(queue)).map(|(place, _)| *place)
    }

    fn leave(&mut self, order: OrderId) {
        self.queues.values_mut().for_each(|queue| queue.retain(|standing| standing.order != order));
    }

    /// Takes units off an order and off what it shows; an order with nothing left is over.
    fn shorten(&mut self, order: OrderId, by: i64) {
        if let Some(standing) = self.standing(order) {
            standing.shown -= by;
            assert!(standing.shown >= 0, "{order} traded what it did not show");
            if standing.shown == 0 {
                self.leave(order);
            }
        }
        let known = self.known.get_mut(&order).unwrap();
        known.left -= by;
        if known.left == 0 {
            self.known.remove(&order);
        }
    }

    /// What the events say stands is what stands.
    fn compare(&self, after: &State) {
        let venue = after.venue();
        let mut stand: Vec<(OrderId, i64, i64)> =
            venue.book_orders().map(|order| (order.order, order.left.0, order.filled.0)).collect();
        stand.sort_unstable();
        let known = self.known.iter().map(|(id, known)| (*id, known.left, known.traded));
        assert_eq!(stand, Vec::from_iter(known), "orders, what is left of them and what has traded");
        for id in (0..venue.instruments().len()).map(InstrumentId::at) {
            for side in [Side::Buy, Side::Sell] {
                let queue = venue.queue(id, side);
                let queue: Queue = queue
                    .map(|order| Standing { order: order.order, price: order.price, shown: order.shown.0 })
                    .collect();
                let mine = self.queues.get(&(id, side)).cloned().unwrap_or_default();
                assert_eq!(queue, mine, "the queue of {id:?} {side:?}");
                let mut levels: Vec<(Price, i64)> = Vec::new();
                for standing in &mine {
                    match levels.last_mut().filter(|(price, _)| *price == standing.price) {
                        Some((_, shown)) => *shown += standing.shown,
                        None => levels.push((standing.price, standing.shown)),
                    }
                }
                let depth = venue.depth(id, side).map(|(price, level)| (price, level.quantity.0));
                assert_eq!(depth.collect::<Vec<_>>(), levels, "the depth of {id:?} {side:?}");
            }
            let best =
                |side| self.queues.get(&(id, side)).and_then(|queue| queue.first()).map(|first| first.price);
            let phase = venue.book_phase(id);
            assert_eq!(phase, self.phases.get(&id).copied().unwrap_or_default(), "the phase of {id:?}");
            if let (Phase::Continuous, Some(bid), Some(ask)) = (phase, best(Side::Buy), best(Side::Sell)) {
                assert!(bid < ask, "{id:?} is crossed in continuous trading: {bid} {ask}");
            }
        }
        check_orders(after);
    }
}

/// What stands may stand: within the day's band, of someone who may trade, and covered by what was set aside.
fn check_orders(state: &State) {
    let venue = state.venue();
    for order in venue.book_orders() {
        let instrument = &venue.instruments()[order.instrument.index()];
        let rules = venue.rules(instrument.market).continuous.as_ref().expect("there is an order book");
        assert!(!instrument.delisted, "{} is off the list", instrument.code);
        if !venue.day_ended(instrument.market) {
            let (low, high) = band_limits(instrument.day.reference, rules.band);
            assert!((low..=high).contains(&order.price), "{} lies outside the band", order.order);
        }
        let account = state.registry().account(order.account).unwrap();
        assert!(!account.frozen && !venue.is_blocked(order.account, account.participant));
        let covered = match order.side {
            Side::Buy => base::amount_of(order.price, order.left, instrument.tick_value).unwrap().0,
            Side::Sell => order.left.0,
        };
        assert!(
            order.held.0 >= covered,
            "{} has {} set aside, and may need {covered}",
            order.order,
            order.held
        );
    }
    let blocked = venue.blocked().all(|whose| whose != Whose::Everyone);
    assert!(blocked, "everyone is never blocked");
}
