//! Orders of a book: entered with every kind, life and condition, amended, cancelled alone and together; the kill switch.

use super::Make;
use super::maker::Maker;
use crate::audit::book::Place;
use base::{AccountId, Date, InstrumentId, Money, OrderId, Price, Quantity, Side};
use engine::Command;
use trading::{
    AmendOrder, CancelOrder, EnterFunds, EnterOrder, Life, MassCancel, OrderKind, Phase, SelfTrade,
    SetTradingBlocked, Whose,
};

pub(super) const COMMANDS: &[(u32, Make)] = &[
    (60, enter),
    (15, join),
    (30, cross),
    (20, amend),
    (12, cancel),
    (1, sweep),
    (1, block),
    (12, free),
    (14, spend),
];

/// An instrument with an order book that is open, most of the time.
fn instrument(m: &mut Maker<'_>) -> InstrumentId {
    let shadow = m.shadow;
    let open = |id: &u32| shadow.phase(*id) != Phase::Closed;
    let open: Vec<u32> =
        (0..u32::try_from(shadow.instruments.len()).unwrap_or_default()).filter(open).collect();
    match m.dice.pick(&open) {
        Some(id) if !m.dice.once_in(10) => InstrumentId(*id),
        _ => m.instrument(),
    }
}

fn life(m: &mut Maker<'_>, instrument: InstrumentId) -> Life {
    let today = m.market_of(instrument).map_or(0, |market| market.date);
    let phase = m.shadow.phase(instrument.0);
    let date = Date(today.saturating_add(i32::try_from(m.dice.between(0, 4)).unwrap_or_default()));
    let date = if m.wrong() { Date(today - 1) } else { date };
    let any = [
        Life::Day,
        Life::UntilCancelled,
        Life::UntilDate(date),
        Life::Immediate,
        Life::FillOrKill,
        Life::AtOpen,
        Life::AtClose,
    ];
    if m.wrong() {
        return *m.dice.pick(&any).unwrap_or(&Life::Day);
    }
    let now: &[Life] = match phase {
        Phase::Continuous => &[Life::Immediate, Life::FillOrKill, Life::AtClose],
        Phase::OpeningCall => &[Life::AtOpen, Life::AtClose],
        _ => &[Life::AtClose],
    };
    match m.dice.roll(10) {
        0..4 => Life::Day,
        4 | 5 => Life::UntilCancelled,
        6 => Life::UntilDate(date),
        _ => *m.dice.pick(now).unwrap_or(&Life::Day),
    }
}

fn self_trade(m: &mut Maker<'_>) -> SelfTrade {
    let ways = [
        SelfTrade::CancelIncoming,
        SelfTrade::CancelResting,
        SelfTrade::CancelBoth,
        SelfTrade::Decrement,
        SelfTrade::Allow,
    ];
    *m.dice.pick(&ways).unwrap_or(&SelfTrade::CancelIncoming)
}

/// The widest price that the rules of an instrument's book allow, hundredths of a percent.
fn band(m: &Maker<'_>, instrument: InstrumentId) -> i64 {
    let rules = m.market_of(instrument).and_then(|market| market.rules.trading.continuous.as_ref());
    rules.map_or(1_000, |rules| rules.band.0)
}

/// The most that the rules of an instrument's book allow in one order.
fn quantity_max(m: &Maker<'_>, instrument: InstrumentId) -> Option<i64> {
    Some(m.market_of(instrument)?.rules.trading.continuous.as_ref()?.quantity_max.0)
}

/// Whether an instrument has an order book; where it has none, only someone who is mistaken sends it an order.
fn has_book(m: &Maker<'_>, instrument: InstrumentId) -> bool {
    let market = m.market_of(instrument);
    m.hostile || market.is_some_and(|market| market.rules.trading.continuous.is_some())
}

fn enter(m: &mut Maker<'_>) -> Option<Command> {
    let instrument = instrument(m);
    if !has_book(m, instrument) {
        return None;
    }
    let (account, side, life) = (m.account(), m.side(), life(m, instrument));
    let (lot, width) = (m.lot(instrument), band(m, instrument));
    let price = m.price(instrument, width);
    let most = quantity_max(m, instrument);
    let usual = if m.dice.once_in(25) { most.unwrap_or(lot).min(1 << 40) } else { lot * 12 };
    let quantity = m.quantity(lot, usual);
    let mut order = EnterOrder {
        life,
        self_trade: self_trade(m),
        ..EnterOrder::limit(account, instrument, side, price, quantity)
    };
    let lasts = matches!(life, Life::Day | Life::UntilCancelled | Life::UntilDate(_));
    if (!lasts || life == Life::Day || m.wrong()) && m.dice.once_in(5) {
        (order.kind, order.price) = (OrderKind::Market, Price::ZERO);
    }
    let limit = order.kind == OrderKind::Limit;
    match m.dice.roll(12) {
        0 if lasts && limit || m.wrong() => order.post_only = true,
        1 | 2 => order.minimum = m.part(quantity.0.into(), lot),
        3 | 4 if lasts && limit || m.wrong() => order.display = m.quantity(lot, (quantity.0 / 3).max(lot)),
        5 | 6 if lasts || m.wrong() => order.trigger = trigger(m, instrument, side),
        7 => order.trigger = if m.hostile { price } else { Price::ZERO },
        _ => {}
    }
    Some(Command::EnterOrder(order))
}

/// An order that queues behind another: at its price, on its side.
fn join(m: &mut Maker<'_>) -> Option<Command> {
    let id = standing(m)?;
    let ahead = m.shadow.books.get(&id).copied().filter(|order| order.place == Place::Book)?;
    let (account, instrument) = (m.account(), InstrumentId(ahead.instrument));
    let (lot, price) = (m.lot(instrument), Price(i64::try_from(ahead.price).unwrap_or_default()));
    let quantity = m.quantity(lot, lot * 12);
    Some(Command::EnterOrder(EnterOrder::limit(account, instrument, ahead.side, price, quantity)))
}

/// A price that the last one has not reached.
fn trigger(m: &mut Maker<'_>, instrument: InstrumentId, side: Side) -> Price {
    let last = m.shadow.instrument(instrument.0).map_or(0, crate::audit::shadow::Instrument::last);
    let away = i128::from(if m.wrong() { -1 } else { m.dice.between(1, 12) });
    let trigger = if side == Side::Buy { last + away } else { last - away };
    Price(i64::try_from(trigger).unwrap_or_default())
}

/// An order that meets what stands: at the best price of the other side, or a few ticks through it.
fn cross(m: &mut Maker<'_>) -> Option<Command> {
    let (instrument, side) = (instrument(m), m.side());
    let queue = m.shadow.queue(instrument.0, side.opposite());
    let (_, best) = queue.first()?;
    let through = i128::from(m.dice.between(0, 3));
    let price = if side == Side::Buy { best.price + through } else { best.price - through };
    let whole: i128 = queue.iter().take(4).map(|(_, order)| order.left).sum();
    let lot = m.lot(instrument);
    let quantity = if m.coin() { m.quantity(lot, lot * 8) } else { m.part(whole, lot) };
    let price = Price(i64::try_from(price).unwrap_or_default());
    // The owner of what stands, now and then.
    let account = if m.dice.once_in(6) { AccountId(best.account) } else { m.account() };
    let mut order = EnterOrder {
        self_trade: self_trade(m),
        ..EnterOrder::limit(account, instrument, side, price, quantity)
    };
    order.life = match m.dice.roll(6) {
        0 => Life::Immediate,
        1 => Life::FillOrKill,
        2 => life(m, instrument),
        _ => Life::Day,
    };
    Some(Command::EnterOrder(order))
}

/// An order for an amount: of what stands on the other side a part, or all of it, a minor unit more or less, with a fee or without.
fn spend(m: &mut Maker<'_>) -> Option<Command> {
    let (instrument, side) = (instrument(m), m.side());
    let queue = m.shadow.queue(instrument.0, side.opposite());
    let (_, best) = queue.first()?;
    let account = if m.dice.once_in(6) { AccountId(best.account) } else { m.account() };
    let orders = m.dice.between(1, 5);
    let whole = queue.iter().take(usize::try_from(orders).unwrap_or(1));
    let amount = |price, units| m.shadow.amount(instrument.0, price, units).unwrap_or_default();
    let whole: i128 = whole.map(|(_, order)| amount(order.price, order.left)).sum();
    let one = amount(best.price, m.lot(instrument).into());
    let small = |units: i128| i64::try_from(units).unwrap_or(i64::MAX);
    let near = m.dice.between(-1, 1);
    let funds = match m.dice.roll(8) {
        0..3 => m.dice.between(1, small(whole).max(1)),
        3 => small(one).saturating_add(near),
        4 => small(whole).saturating_add(near),
        // With a fee of a thousandth, and with half as much again.
        5 => small(whole + whole / 1_000).saturating_add(near),
        6 => small(whole + whole / 2),
        _ if m.wrong() => m.extreme(),
        _ => small(one).saturating_mul(m.dice.between(1, 20)),
    };
    let (fill_or_kill, self_trade) = (m.dice.once_in(3), self_trade(m));
    let funds = Money(funds);
    Some(Command::EnterFunds(EnterFunds { account, instrument, side, funds, fill_or_kill, self_trade }))
}

fn standing(m: &mut Maker<'_>) -> Option<u64> {
    let standing: Vec<u64> = m.shadow.books.keys().copied().collect();
    match m.dice.pick(&standing).copied() {
        // One that has ended, or was never there.
        Some(id) if m.wrong() => Some(id ^ (1 << m.dice.roll(20))),
        None if m.hostile => Some((1 << 52) | (m.dice.bits() % 1_000)),
        id => id,
    }
}

fn amend(m: &mut Maker<'_>) -> Option<Command> {
    let id = standing(m)?;
    let order = m.shadow.books.get(&id).copied().filter(|order| order.place == Place::Book || m.hostile);
    let Some(order) = order else {
        let (account, price) = (m.account(), Price(100));
        return m.hostile.then_some(Command::AmendOrder(AmendOrder {
            account,
            order: OrderId(id),
            price,
            quantity: Quantity(1),
        }));
    };
    let instrument = InstrumentId(order.instrument);
    let (lot, width) = (m.lot(instrument), band(m, instrument));
    let account = if m.wrong() { m.account() } else { AccountId(order.account) };
    let small = |units: i128| i64::try_from(units).unwrap_or(i64::MAX);
    let now = small(order.filled + order.left);
    let (price, quantity) = match m.dice.roll(24) {
        0..12 => (Price(small(order.price)), m.part(order.filled + order.left, lot)),
        12..16 => (Price(small(order.price)), Quantity(now.saturating_add(lot * m.dice.between(1, 5)))),
        16..20 => (m.price(instrument, width), Quantity(now)),
        20 => (m.price(instrument, width), m.quantity(lot, quantity_max(m, instrument).unwrap_or(lot))),
        _ => (m.price(instrument, width), m.quantity(lot, lot * 12)),
    };
    Some(Command::AmendOrder(AmendOrder { account, order: OrderId(id), price, quantity }))
}

fn cancel(m: &mut Maker<'_>) -> Option<Command> {
    let id = standing(m)?;
    let owner = m.shadow.books.get(&id).map(|order| AccountId(order.account));
    let account = if m.wrong() { m.account() } else { owner.unwrap_or_else(|| m.account()) };
    Some(Command::CancelOrder(CancelOrder { account, order: OrderId(id) }))
}

fn whose(m: &mut Maker<'_>) -> Whose {
    match m.dice.roll(8) {
        0 => Whose::Everyone,
        1..4 => Whose::Participant(m.participant()),
        _ => Whose::Account(m.account()),
    }
}

fn sweep(m: &mut Maker<'_>) -> Option<Command> {
    let (of, only) = (whose(m), m.coin());
    let instrument = only.then(|| m.instrument());
    Some(Command::MassCancel(MassCancel { of, instrument }))
}

fn block(m: &mut Maker<'_>) -> Option<Command> {
    let of = whose(m);
    let blocked = !m.wrong();
    Some(Command::SetTradingBlocked(SetTradingBlocked { of, blocked, reason: m.reason() }))
}

/// Who is blocked is freed soon: business goes on.
fn free(m: &mut Maker<'_>) -> Option<Command> {
    let blocked: Vec<Whose> = m.shadow.blocked.iter().copied().collect();
    let of = *m.dice.pick(&blocked)?;
    Some(Command::SetTradingBlocked(SetTradingBlocked { of, blocked: false, reason: m.reason() }))
}
