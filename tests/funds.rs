//! Orders for an amount of money beside a model that buys and sells lot by lot, from the whole of what it has traded.

#![allow(clippy::unwrap_used, clippy::panic)] // tests, also outside the functions marked so

mod support;

use base::{AccountId, InstrumentId, Money, ParticipantId, Price, Quantity, Side};
use engine::{Command, Event, OPERATOR};
use proptest::prelude::*;
use support::opened::{beijing, floor, rulebook};
use support::world::World;
use trading::{End, EnterFunds, EnterOrder, SelfTrade};

/// A rulebook, and its fees by hand: a taker's in thousandths, at least and at most.
#[derive(Clone, Copy, Debug)]
struct Book {
    path: &'static str,
    lot: i64,
    per_mille: i128,
    least: i128,
    most: i128,
    /// Hundredths of a percent, where a trade farther away interrupts.
    dynamic: Option<i128>,
    units_max: i64,
}

const BOOKS: [Book; 3] = [
    Book {
        path: "tests/scenarios/rulebooks/book-funds.toml",
        lot: 10,
        per_mille: 1,
        least: 0,
        most: i128::MAX,
        dynamic: Some(500),
        units_max: 200,
    },
    Book {
        path: "tests/scenarios/rulebooks/book-fees.toml",
        lot: 1,
        per_mille: 1,
        least: 200,
        most: 5_000,
        dynamic: None,
        units_max: 1_000_000,
    },
    Book {
        path: "tests/scenarios/rulebooks/book.toml",
        lot: 1,
        per_mille: 0,
        least: 0,
        most: 0,
        dynamic: None,
        units_max: 1_000_000,
    },
];

impl Book {
    /// The fee of a taker on all that it has traded.
    fn fee(&self, amount: i128) -> i128 {
        if amount == 0 || self.per_mille == 0 {
            return 0;
        }
        ((amount * self.per_mille + 500) / 1_000).max(self.least).min(self.most)
    }

    /// What so much takes of the money.
    fn cost(&self, side: Side, amount: i128) -> i128 {
        amount + if side == Side::Buy { self.fee(amount) } else { 0 }
    }
}

/// What the model says comes of it.
#[derive(Debug, PartialEq, Eq)]
enum Comes {
    TooSmall,
    Ended { units: i64, amount: i128, end: End },
}

/// One lot after the other, from the best price on. `standing`: price and units, best first; icebergs are no different.
fn model(book: &Book, side: Side, standing: &[(i64, i64)], funds: i128, whole: bool, held: i64) -> Comes {
    let lot = i128::from(book.lot);
    let lots: Vec<i64> = standing
        .iter()
        .flat_map(|(price, units)| vec![*price; usize::try_from(units / book.lot).unwrap()])
        .collect();
    let (mut amount, mut taken) = (0_i128, 0_usize);
    let units_max = book.units_max.min(if side == Side::Sell { held } else { i64::MAX });
    let (mut spent, mut last) = (false, None);
    let pays = |amount: i128, price: i64| book.cost(side, amount + i128::from(price) * lot) <= funds;
    if lots.first().is_some_and(|best| !pays(0, *best)) {
        return Comes::TooSmall;
    }
    loop {
        let Some(&price) = lots.get(taken) else {
            spent = last.is_some_and(|last| !pays(amount, last));
            break;
        };
        if !pays(amount, price) {
            spent = true;
            break;
        }
        let units = i64::try_from(taken + 1).unwrap() * book.lot;
        // The last price was 100.00.
        let away = i128::from(price.abs_diff(10_000)) * 10_000;
        if units > units_max || book.dynamic.is_some_and(|width| away > width * 10_000) {
            break;
        }
        (amount, taken, last) = (amount + i128::from(price) * lot, taken + 1, Some(price));
    }
    let units = i64::try_from(taken).unwrap() * book.lot;
    match (whole, spent && units > 0) {
        (true, false) => Comes::Ended { units: 0, amount: 0, end: End::Unfillable },
        (_, true) => Comes::Ended { units, amount, end: End::Spent },
        (false, false) => Comes::Ended { units, amount, end: End::Immediate },
    }
}

const BOND: InstrumentId = InstrumentId(0);
/// Who comes in, and who stands: other owners.
const TAKER: (AccountId, ParticipantId) = (AccountId(6), ParticipantId(4));
const MAKERS: [(AccountId, ParticipantId); 2] =
    [(AccountId(2), ParticipantId(2)), (AccountId(5), ParticipantId(3))];

fn cash(world: &World) -> i128 {
    world.state.registry().ledger().available(TAKER.0, base::AssetId(0)).0.into()
}

fn units(world: &World) -> i64 {
    world.state.registry().ledger().available(TAKER.0, base::AssetId(1)).0
}

/// Enters an order for an amount, and compares what comes of it, what it paid and what it got with the model.
fn check(world: &mut World, book: &Book, standing: &[(i64, i64)], (side, funds, whole): (Side, i64, bool)) {
    let expected = model(book, side, standing, funds.into(), whole, units(world) / book.lot * book.lot);
    let (money, held, now) = (cash(world), units(world), world.state.time());
    let order = EnterFunds {
        account: TAKER.0,
        instrument: BOND,
        side,
        funds: Money(funds),
        fill_or_kill: whole,
        self_trade: SelfTrade::default(),
    };
    let events = world.send(now, TAKER.1, "funds", Command::EnterFunds(order));
    let said = format!("{book:?} {side:?} {standing:?} for {funds}, whole: {whole}: {events:?}");
    if let Some(refused) = events.iter().find_map(|event| match event {
        Event::Refused(reason) => Some(reason.code()),
        _ => None,
    }) {
        assert_eq!((refused, &expected), ("funds_too_small", &Comes::TooSmall), "{said}");
        assert_eq!((cash(world), units(world)), (money, held), "{said}");
        return;
    }
    let end = events.iter().find_map(|event| match event {
        Event::Trading(trading::Event::OrderEnded { order, end, .. })
            if events.iter().any(|came| matches!(came, Event::Trading(trading::Event::FundsEntered { order: own, .. }) if own == order)) =>
        {
            Some(*end)
        }
        _ => None,
    });
    let got = i64::try_from(i128::from(units(world) - held).abs()).unwrap();
    let (paid, fee) = match side {
        Side::Buy => (money - cash(world), 0),
        Side::Sell => (cash(world) - money, 1),
    };
    let Comes::Ended { units, amount, end: ended } = expected else { panic!("not refused: {said}") };
    assert_eq!((got, end), (units, Some(ended)), "{said}");
    let expected = if fee == 0 { book.cost(side, amount) } else { amount - book.fee(amount) };
    assert_eq!(paid, expected, "{said}");
    assert!(book.cost(side, amount) <= funds.into(), "{said}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn an_order_for_an_amount_trades_what_it_would_lot_by_lot(
        book in 0..BOOKS.len(),
        sells in any::<bool>(),
        orders in proptest::collection::vec((0..9_i64, 1..12_i64, 0..3_u8, any::<bool>()), 0..6),
        tries in proptest::collection::vec((0..13_u8, -1..2_i64, 1..3_000_000_i64, any::<bool>()), 1..3),
    ) {
        let book = BOOKS[book];
        let mut world = floor(book.path);
        let now = beijing("2026-03-02", "09:30");
        world.send(now, OPERATOR, "open", Command::Tick);
        let side = if sells { Side::Sell } else { Side::Buy };
        for (away, lots, show, other) in orders {
            // Some beyond the dynamic band.
            let away = if away == 8 { 800 } else { away * 30 };
            let price = if sells { 10_000 - away } else { 10_000 + away };
            let (account, by) = MAKERS[usize::from(other)];
            let quantity = lots * book.lot;
            let display = if show == 0 && lots > 2 { Quantity(book.lot * 2) } else { Quantity::ZERO };
            let order = EnterOrder::limit(account, BOND, side.opposite(), Price(price), Quantity(quantity));
            world.send(now, by, "maker", Command::EnterOrder(EnterOrder { display, ..order }));
        }
        for (how, by, any, whole) in tries {
            let standing: Vec<(i64, i64)> = {
                let queue = world.state.venue().queue(BOND, side.opposite());
                let mut all: Vec<(i64, i64)> = queue.map(|order| (order.price.0, order.left.0)).collect();
                all.sort_by_key(|(price, _)| if sells { -price } else { *price });
                all
            };
            // What some of the lots cost to the minor unit, and one more or less; or anything.
            let lots: Vec<i64> = standing.iter().flat_map(|(price, units)| {
                vec![*price; usize::try_from(units / book.lot).unwrap()]
            }).collect();
            let some = lots.iter().take(usize::from(how)).map(|price| i128::from(price * book.lot)).sum();
            let exact = i64::try_from(book.cost(side, some)).unwrap() + by;
            let funds = if how == 0 || exact <= 0 { any } else { exact };
            // The last price must still be that of the morning for the model of the dynamic band.
            if world.state.venue().instruments()[0].day.last.is_some() && book.dynamic.is_some() {
                break;
            }
            check(&mut world, &book, &standing, (side, funds, whole));
        }
        world.check_replay();
    }
}

/// An amount for k lots to the minor unit, one less and one more, over prices and fees, both ways.
#[test]
fn a_minor_unit_makes_a_lot() {
    for book in BOOKS {
        for side in [Side::Buy, Side::Sell] {
            for lots in 1..=5_usize {
                for by in -1..=1 {
                    for whole in [false, true] {
                        let mut world = floor(book.path);
                        let now = beijing("2026-03-02", "09:30");
                        world.send(now, OPERATOR, "open", Command::Tick);
                        let mut standing = Vec::new();
                        for (index, (account, sender)) in MAKERS.iter().cycle().take(6).enumerate() {
                            let away = i64::try_from(index).unwrap() * 7;
                            let price = if side == Side::Buy { 10_000 + away } else { 10_000 - away };
                            let order = EnterOrder::limit(
                                *account,
                                BOND,
                                side.opposite(),
                                Price(price),
                                Quantity(book.lot),
                            );
                            world.send(now, *sender, &format!("maker-{index}"), Command::EnterOrder(order));
                            standing.push((price, book.lot));
                        }
                        let amount =
                            standing[..lots].iter().map(|(price, units)| i128::from(price * units)).sum();
                        let funds = i64::try_from(book.cost(side, amount)).unwrap() + by;
                        check(&mut world, &book, &standing, (side, funds, whole));
                    }
                }
            }
        }
    }
    // The rulebooks say what is written here of them.
    let Command::AdoptRulebook(rules) = rulebook(BOOKS[1].path) else { panic!("no rulebook") };
    let fees = rules.versions[0].clearing.book;
    assert_eq!((fees.taker_ppm, fees.least, fees.most), (1_000, Money(200), Some(Money(5_000))));
}
