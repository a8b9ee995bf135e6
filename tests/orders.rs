//! What holds on order books whatever anyone sends: random orders of every kind over days of call auctions, interruptions and halts,
//! beside the listed trading of another market, watched by the auditor and by a second book after each command.

#![allow(clippy::unwrap_used, clippy::panic)] // tests, also outside the functions marked so

mod support;

use base::{
    AccountId, AssetId, Date, InstrumentId, MarketId, Money, OrderId, ParticipantId, Price, Quantity, Role,
    Side, TimeOfDay, Timestamp,
};
use engine::{Command, Event, OPERATOR, Permission};
use proptest::prelude::*;
use registry as r;
use std::collections::BTreeSet;
use support::opened::{ADMIN, SECOND, beijing, floor, rulebook};
use support::world::World;
use trading as t;
use trading::{EnterFunds, EnterOrder, Life, OrderKind, SelfTrade, Whose};

/// What a random command is made of; what each number means depends on the command and on the state it meets.
#[derive(Clone, Copy, Debug)]
struct Dice {
    kind: u8,
    who: u8,
    what: u8,
    manner: u8,
    condition: u8,
    quantity: u8,
    price: u8,
    jump: u8,
    fine: u16,
}

fn dice() -> impl Strategy<Value = Dice> {
    any::<([u8; 8], u16)>().prop_map(|(bytes, fine)| Dice::of(bytes, fine))
}

impl Dice {
    fn of([kind, who, what, manner, condition, quantity, price, jump]: [u8; 8], fine: u16) -> Self {
        Self { kind, who, what, manner, condition, quantity, price, jump, fine }
    }

    fn account(self) -> AccountId {
        AccountId(if self.who == 255 { 99 } else { 2 + u32::from(self.who % 5) })
    }

    fn instrument(self) -> InstrumentId {
        InstrumentId(match self.what {
            0..170 => 0,
            170..245 => 1,
            245..253 => 2,
            _ => 9,
        })
    }

    fn side(self) -> Side {
        if self.manner.is_multiple_of(2) { Side::Buy } else { Side::Sell }
    }

    fn quantity(self) -> Quantity {
        let few = i64::from(self.fine % 60) + 1;
        Quantity(match self.quantity % 32 {
            0..16 => few,
            16..28 => few * 10 / 3,
            28 => few * 100,
            29 => 0,
            30 => -few,
            _ => [i64::MAX, i64::MIN, 1 << 40, i64::MAX / 10_000][usize::from(self.fine) % 4],
        })
    }

    /// Near the last price mostly, so that orders meet; the edges of the band, what lies outside, and what is no price seldom.
    fn price(self, world: &World) -> Price {
        let instrument = world.state.venue().instrument(self.instrument());
        let day = instrument.map(|instrument| (instrument.day.last, instrument.day.reference));
        let (last, reference) = day.unwrap_or((None, Price(10_000)));
        let (near, (low, high)) =
            (last.unwrap_or(reference).0, t::band_limits(reference, base::BasisPoints(1_000)));
        Price(match self.price % 32 {
            0..22 => near.saturating_add(i64::from(self.price / 22) - 5),
            22..26 => near.saturating_add((i64::from(self.price) - 128) * 3),
            26 => low.0,
            27 => high.0,
            28 => low.0 - 1,
            29 => high.0.saturating_add(1),
            30 => near,
            _ => [0, -1, i64::MAX, i64::MIN][usize::from(self.fine) % 4],
        })
    }

    fn order(self, world: &World) -> EnterOrder {
        let date = world.state.venue().date(MarketId(0));
        let lives = [Life::UntilCancelled, Life::Immediate, Life::FillOrKill, Life::AtOpen, Life::AtClose];
        let life = match self.manner / 16 {
            0..7 => Life::Day,
            7..15 => lives[usize::from(self.manner / 2) % 5],
            _ => Life::UntilDate(Date(date.0 + i32::from(self.fine % 4) - 1)),
        };
        let modes = [
            SelfTrade::CancelIncoming,
            SelfTrade::CancelResting,
            SelfTrade::CancelBoth,
            SelfTrade::Decrement,
            SelfTrade::Allow,
        ];
        let kind = if self.condition % 8 == 1 { OrderKind::Market } else { OrderKind::Limit };
        let is_priced = kind == OrderKind::Limit || self.fine.is_multiple_of(64);
        let (quantity, price) = (self.quantity(), self.price(world));
        let part = |divisor: i64| Quantity((quantity.0 / divisor).max(1));
        let none = Quantity::ZERO;
        EnterOrder {
            account: self.account(),
            instrument: self.instrument(),
            side: self.side(),
            kind,
            price: if is_priced { price } else { Price::ZERO },
            quantity,
            life,
            post_only: self.condition % 16 == 2,
            self_trade: modes[usize::from(self.condition / 16) % 5],
            minimum: if self.condition % 16 == 3 { part(2) } else { none },
            display: if self.condition % 8 == 4 { part(4) } else { none },
            trigger: match self.condition % 8 {
                5 | 6 => Price(price.0.saturating_add(i64::from(self.fine % 40) - 20)),
                _ => Price::ZERO,
            },
        }
    }

    /// For what a few of the units would cost, mostly.
    fn funds(self, world: &World) -> EnterFunds {
        let order = self.order(world);
        let price = if self.price % 32 < 24 { self.price(world).0 } else { 10_000 };
        EnterFunds {
            account: order.account,
            instrument: order.instrument,
            side: order.side,
            funds: Money(price.saturating_mul(order.quantity.0).saturating_add(i64::from(self.fine % 200))),
            fill_or_kill: self.manner % 8 < 2,
            self_trade: order.self_trade,
        }
    }

    /// One of the orders that stand, mostly.
    fn standing(self, world: &World) -> OrderId {
        let all: Vec<OrderId> = world.state.venue().book_orders().map(|order| order.order).collect();
        match all.len() {
            0 => OrderId(u64::from(self.fine)),
            _ if self.fine.is_multiple_of(32) => OrderId((1 << 52) | (u64::from(self.fine) / 32)),
            count => all[usize::from(self.fine) % count],
        }
    }

    /// How much later: within the second mostly, to the next bell where nothing is open, to other days seldom.
    fn time(self, world: &World) -> Timestamp {
        let now = world.state.time();
        let closed = world.state.venue().book_phase(InstrumentId(0)) == t::Phase::Closed;
        let halted = world.state.venue().instruments()[0].halted;
        match self.jump {
            0..200 if closed && !halted => next_bell(now),
            0..140 => now,
            140..225 => now.after_seconds(i64::from(self.jump % 2)),
            225..248 => now.after_seconds(i64::from(self.fine % 100)),
            248..252 => next_bell(now),
            252 => now.after_seconds(3_600),
            253 => now.after_seconds(86_400),
            254 => now.after_seconds(i64::from(self.fine)),
            255 => now.after_seconds(86_400 * i64::from(self.fine % 9)),
        }
    }

    #[allow(clippy::too_many_lines)] // one arm a command
    fn command(self, world: &World) -> Command {
        let venue = world.state.venue();
        let (account, instrument, side) = (self.account(), self.instrument(), self.side());
        let (quantity, price, reason) = (self.quantity(), self.price(world), String::new);
        let whose = match self.who % 8 {
            0..5 => Whose::Account(account),
            5 | 6 => Whose::Participant(ParticipantId(2 + u32::from(self.what % 4))),
            _ => Whose::Everyone,
        };
        match self.kind {
            0..135 => Command::EnterOrder(self.order(world)),
            135..150 => Command::EnterFunds(self.funds(world)),
            150..180 => {
                let order = self.standing(world);
                let found = venue.book_order(order);
                let owner = found.map_or(account, |found| found.account);
                let price = found.filter(|_| self.price.is_multiple_of(2)).map_or(price, |found| found.price);
                let all = found.map_or(quantity.0, |found| found.filled.0 + found.left.0);
                let quantity = match self.quantity % 4 {
                    0 => quantity,
                    1 => Quantity(all - i64::from(self.fine % 9)),
                    2 => Quantity(all + i64::from(self.fine % 9)),
                    _ => Quantity(all),
                };
                Command::AmendOrder(t::AmendOrder { account: owner, order, price, quantity })
            }
            180..206 => {
                let order = self.standing(world);
                let owner = venue.book_order(order).map_or(account, |found| found.account);
                Command::CancelOrder(t::CancelOrder { account: owner, order })
            }
            206 | 207 => Command::MassCancel(t::MassCancel {
                of: whose,
                instrument: self.fine.is_multiple_of(2).then_some(instrument),
            }),
            208..216 => {
                let blocked = self.kind == 210 && self.fine.is_multiple_of(2);
                Command::SetTradingBlocked(t::SetTradingBlocked { of: whose, blocked, reason: reason() })
            }
            216..220 => {
                let halted = self.kind == 216 && self.fine.is_multiple_of(2);
                Command::SetHalted(t::SetHalted { instrument, halted, reason: reason() })
            }
            220..222 => {
                let frozen = self.kind == 220 && self.fine.is_multiple_of(2);
                Command::SetAccountFrozen(r::SetAccountFrozen { account, frozen, reason: reason() })
            }
            222..225 => {
                let (currency, amount, reference) = (AssetId(0), Money(quantity.0), reason());
                Command::Deposit(r::Deposit { account, currency, amount, reference })
            }
            225 => {
                let amount = Money(quantity.0);
                Command::RequestWithdrawal(r::RequestWithdrawal { account, currency: AssetId(0), amount })
            }
            226 => {
                let (to, asset) = (AccountId(2 + u32::from(self.manner % 5)), AssetId(1));
                Command::Transfer(r::Transfer { from: account, to, asset, quantity })
            }
            227..230 => {
                let asset = AssetId(1 + u32::from(self.what % 3));
                Command::Issue(r::Issue { account, asset, quantity, reason: reason() })
            }
            230..236 => {
                let instrument = InstrumentId(2);
                Command::PlaceOrder(t::PlaceOrder { account, instrument, side, price, quantity })
            }
            236..240 => {
                let listing = venue.orders().next().map_or(OrderId(1), |(id, _)| id);
                Command::TakeListing(t::TakeListing { account, listing, quantity })
            }
            240 => {
                let line = t::Line::Instrument(instrument);
                let price = if self.fine.is_multiple_of(4) { Price(price.0 / 10 * 8) } else { price };
                Command::CorrectReference(t::CorrectReference { line, price, reason: reason() })
            }
            241 if self.fine.is_multiple_of(64) => {
                Command::DelistInstrument(t::DelistInstrument { instrument: InstrumentId(1) })
            }
            242 if self.fine.is_multiple_of(2) => {
                rulebook(RULEBOOKS[usize::from(self.what) % RULEBOOKS.len()])
            }
            _ => Command::Tick,
        }
    }

    /// Who sends it: someone who may, most of the time.
    fn sender(self, world: &World, command: &Command) -> ParticipantId {
        if self.jump % 64 == 7 {
            return ParticipantId(u32::from(self.manner % 8));
        }
        let owner =
            |account| world.state.registry().account(account).map_or(ADMIN, |found| found.participant);
        match command.permission() {
            Permission::Owner(account) | Permission::Trader(account) | Permission::OwnerOr(account, _) => {
                owner(account)
            }
            Permission::SelfOr(participant, _) => participant,
            Permission::OfUser(_) | Permission::OfKey | Permission::Themself(_) => OPERATOR,
            Permission::Roles(roles) if roles.contains(&Role::Operator) => OPERATOR,
            Permission::Roles(_) => ADMIN,
            Permission::Anyone => OPERATOR,
        }
    }
}

/// The next moment at which a book may change its phase by the clock.
fn next_bell(now: Timestamp) -> Timestamp {
    let second = now.0.div_euclid(SECOND) + 8 * 3_600;
    let (day, local) = (second.div_euclid(86_400), second.rem_euclid(86_400));
    let bells = ["09:15", "09:25", "09:30", "11:30", "13:00", "14:57", "15:00", "15:30"];
    let bells = bells.map(|bell| i64::from(TimeOfDay::parse(bell).unwrap().0));
    let next = bells.into_iter().find(|bell| *bell > local).unwrap_or(86_400 + bells[0]);
    Timestamp((day * 86_400 + next - 8 * 3_600) * SECOND)
}

/// As many as the environment asks for (`PROPTEST_CASES`), else few enough to run every time.
fn cases(few: u32) -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|asked| asked.parse().ok()).unwrap_or(few)
}

const RULEBOOKS: [&str; 7] = [
    "tests/scenarios/rulebooks/book.toml",
    "tests/scenarios/rulebooks/book-volatile.toml",
    "tests/scenarios/rulebooks/book-fees.toml",
    "tests/scenarios/rulebooks/book-fees-later.toml",
    "tests/scenarios/rulebooks/book-limits.toml",
    "tests/scenarios/rulebooks/book-narrow.toml",
    "tests/scenarios/rulebooks/book-no-calls.toml",
];

fn step(world: &mut World, index: usize, dice: Dice) -> Vec<Event> {
    let time = dice.time(world);
    let command = dice.command(world);
    let by = dice.sender(world, &command);
    world.send(time, by, &format!("{index}"), command)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(64), ..ProptestConfig::default() })]

    /// The auditor and the second book look after every command. At the end the log is replayed.
    #[test]
    fn whatever_is_sent_the_books_hold(book in 0..RULEBOOKS.len(), day in proptest::collection::vec(dice(), 1..160)) {
        let mut world = floor(RULEBOOKS[book]);
        world.send(beijing("2026-03-02", "09:30"), OPERATOR, "open", Command::Tick);
        for (index, dice) in day.into_iter().enumerate() {
            step(&mut world, index, dice);
        }
        world.check_replay();
    }
}

/// One long story, always the same: what makes sure that the random ones above trade at all, and how they end.
#[test]
fn a_long_day_trades_in_every_way() {
    let mut world = floor("tests/scenarios/rulebooks/book-volatile.toml");
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = || {
        // xorshift64: plain, and the same everywhere
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed
    };
    let mut ends = BTreeSet::new();
    for index in 0..16_000 {
        let (bytes, fine) = (random().to_le_bytes(), u16::try_from(random() >> 48).unwrap());
        for event in step(&mut world, index, Dice::of(bytes, fine)) {
            if let Event::Trading(t::Event::OrderEnded { order, end, .. }) = event
                && t::Venue::is_book_order(order)
            {
                ends.insert(format!("{end:?}"));
            }
        }
        // Nobody stays poor, blocked or halted for long.
        if index % 500 == 499 {
            refill(&mut world);
            // The rules change for the next day: the band is narrow one time, wide the next.
            let (narrow, wide) = (RULEBOOKS[5], RULEBOOKS[1]);
            let book = if index % 1_000 == 499 { narrow } else { wide };
            world.send(world.state.time(), OPERATOR, "rules", rulebook(book));
        }
    }
    world.check_replay();
    let (fills, calls) = (world.audit.floor.fills, world.audit.floor.calls);
    assert!(fills > 500 && calls > 50, "{fills} fills, {calls} calls: does anybody trade?");
    for end in [
        "Withdrawn",
        "Expired",
        "Immediate",
        "Spent",
        "Unfillable",
        "SelfTrade",
        "CallOver",
        "OutsideBand",
        "Blocked",
        "MassCancelled",
        "Removed",
    ] {
        assert!(ends.contains(end), "no order ended as {end}: {ends:?}");
    }
}

fn refill(world: &mut World) {
    let time = world.state.time();
    for account in (2..7).map(AccountId) {
        let reason = String::new;
        let thaw = r::SetAccountFrozen { account, frozen: false, reason: reason() };
        world.send(time, ADMIN, "thaw", Command::SetAccountFrozen(thaw));
        let (amount, reference) = (Money(20_000_000), reason());
        let pay = r::Deposit { account, currency: AssetId(0), amount, reference };
        world.send(time, ADMIN, "pay", Command::Deposit(pay));
        let issue = r::Issue { account, asset: AssetId(1), quantity: Quantity(500), reason: reason() };
        world.send(time, ADMIN, "issue", Command::Issue(issue));
        for of in [Whose::Account(account), Whose::Participant(ParticipantId(2 + account.0 % 3))] {
            let free = t::SetTradingBlocked { of, blocked: false, reason: reason() };
            world.send(time, OPERATOR, "free", Command::SetTradingBlocked(free));
        }
    }
    for instrument in [InstrumentId(0), InstrumentId(1)] {
        let resume = t::SetHalted { instrument, halted: false, reason: String::new() };
        world.send(time, OPERATOR, "resume", Command::SetHalted(resume));
    }
}
