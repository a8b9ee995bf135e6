//! What holds whatever anyone sends: random business over two markets, watched by an auditor after each command, and the
//! book of listings against a naive one.

#![allow(clippy::unwrap_used, clippy::panic)] // tests, also outside the functions marked so

mod support;

use base::{
    AccountId, AssetId, AuctionId, BidId, ConversionId, Date, FreezeId, InstrumentId, MarketId, Method,
    OrderId, ParticipantId, PledgeId, Price, ProposalId, Quantity, Role, Sequence, Side, TimeOfDay,
    Timestamp,
};
use engine::{Command, Event, OPERATOR, Permission};
use proptest::prelude::*;
use registry as r;
use std::path::Path;
use support::world::World;
use trading as t;

/// Everything with a role but trading, and three who trade; the last is staff.
const ADMIN: ParticipantId = ParticipantId(1);
const SECOND: i64 = 1_000_000_000;

fn rulebook(path: &str) -> Command {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    Command::AdoptRulebook(Box::new(rulebook::read(&path).unwrap_or_else(|error| panic!("{error}"))))
}

fn beijing(date: &str, time: &str) -> Timestamp {
    let days = i64::from(Date::parse(date).unwrap().0);
    Timestamp((days * 86_400 + i64::from(TimeOfDay::parse(time).unwrap().0) - 8 * 3_600) * SECOND)
}

/// A world the morning the market opens: two markets, five traders' accounts, something in most of them.
fn opened(first: &str) -> World {
    let mut world = World::new();
    let time = beijing("2021-07-16", "08:00");
    let mut send = |by, command| {
        let events = world.send(time, by, "setup", command);
        assert!(!events.iter().any(|event| matches!(event, Event::Refused(_))), "{events:?}");
    };
    let register = |code: &str, roles: &[Role]| {
        let (code, roles) = (code.to_owned(), roles.to_vec());
        Command::RegisterParticipant(r::RegisterParticipant { name: code.clone(), code, roles })
    };
    let all = [Role::Registrar, Role::Authority, Role::Supervisor, Role::SettlementBank];
    send(OPERATOR, register("ADMIN", &all));
    send(OPERATOR, register("A", &[Role::ComplianceEntity]));
    send(OPERATOR, register("B", &[Role::ComplianceEntity]));
    send(OPERATOR, register("C", &[Role::Institution]));
    send(OPERATOR, register("STAFF", &[Role::ComplianceEntity, Role::BarredStaff]));
    send(OPERATOR, rulebook(first));
    send(OPERATOR, rulebook("rulebooks/carbon-shanghai.toml"));
    // Accounts 0 and 1 are the markets' own; assets: 0 is money.
    for (owner, code) in [(2, "A1"), (2, "A2"), (3, "B1"), (4, "C1"), (5, "S1")] {
        let (participant, code) = (ParticipantId(owner), code.to_owned());
        send(
            OPERATOR,
            Command::OpenAccount(r::OpenAccount { participant, code, kind: r::AccountKind::House }),
        );
    }
    let years = |first_vintage, last_vintage| r::AssetClass::Allowance { first_vintage, last_vintage };
    for (code, class, market) in [
        ("CEA", years(2019, 2020), 0),
        ("CEA24", years(2024, 2024), 0),
        ("CEA25", years(2025, 2025), 0),
        ("CCER", r::AssetClass::Offset { vintage: 2020 }, 0),
        ("SHEA", years(2022, 2022), 1),
    ] {
        let (code, market) = (code.to_owned(), Some(MarketId(market)));
        send(OPERATOR, Command::DefineAsset(r::DefineAsset { code, class, decimals: 0, market }));
    }
    for (code, asset, market) in [("CEA", 1, 0), ("CEA24", 2, 0), ("SHEA", 5, 1)] {
        let (market, code, asset, reference) = (MarketId(market), code.to_owned(), AssetId(asset), None);
        let carried = [t::Turnover::default(); 3];
        send(
            OPERATOR,
            Command::ListInstrument(t::ListInstrument { market, code, asset, reference, carried }),
        );
    }
    for account in 2..6 {
        let account = AccountId(account);
        let (amount, reference) = (base::Money(5_000_000_000), String::new());
        send(ADMIN, Command::Deposit(r::Deposit { account, currency: AssetId(0), amount, reference }));
        for asset in [1, 2, 4, 5] {
            let (asset, quantity, reason) = (AssetId(asset), Quantity(1_000_000), String::new());
            send(ADMIN, Command::Issue(r::Issue { account, asset, quantity, reason }));
        }
    }
    world
}

/// What a random command is made of; what each number means depends on the command and on the state it meets.
#[derive(Clone, Copy, Debug)]
struct Dice {
    kind: u8,
    who: u8,
    what: u8,
    other: u8,
    quantity: u8,
    price: u8,
    jump: u8,
    fine: u16,
}

fn dice() -> impl Strategy<Value = Dice> {
    (any::<[u8; 7]>(), any::<u16>()).prop_map(|([kind, who, what, other, quantity, price, jump], fine)| {
        Dice { kind, who, what, other, quantity, price, jump, fine }
    })
}

impl Dice {
    fn account(self) -> AccountId {
        AccountId([2, 3, 4, 5, 2, 4, 5, 6, 0, 99][usize::from(self.who) % 10])
    }

    fn other(self) -> AccountId {
        AccountId([2, 3, 4, 5, 2, 4, 5, 6, 1, 99][usize::from(self.other) % 10])
    }

    fn instrument(self) -> InstrumentId {
        InstrumentId([0, 0, 0, 0, 1, 1, 2, 9][usize::from(self.what) % 8])
    }

    fn asset(self) -> AssetId {
        AssetId([1, 1, 1, 2, 2, 3, 4, 5, 0, 99][usize::from(self.what) % 10])
    }

    fn side(self) -> Side {
        if self.other.is_multiple_of(2) { Side::Buy } else { Side::Sell }
    }

    fn quantity(self) -> Quantity {
        let few = i64::from(self.fine % 500) + 1;
        Quantity(match self.quantity % 16 {
            0..8 => few,
            8 => few * 100,
            9 | 10 => 100_000 + few,
            11 => 99_999,
            12 => i64::from(self.quantity / 16) * 10,
            13 => 0,
            14 => -few,
            _ => [i64::MAX, i64::MIN, i64::MAX - 1, 1 << 40][usize::from(self.fine) % 4],
        })
    }

    fn price(self, world: &World) -> Price {
        let instrument = world.state.venue().instrument(self.instrument());
        let reference = instrument.map_or(4_800, |instrument| instrument.day.reference.0);
        let (low, high) = t::band_limits(Price(reference), base::BasisPoints(1_000));
        Price(match self.price % 16 {
            0..8 => reference.saturating_add(i64::from(self.price / 16) - 8).max(1),
            8..11 => reference,
            11 => low.0,
            12 => high.0,
            13 => low.0 - 1,
            14 => high.0.saturating_add(1),
            _ => [0, -1, i64::MAX, i64::MIN][usize::from(self.fine) % 4],
        })
    }

    /// One of what stands there, most of the time.
    fn one_of(self, standing: impl Iterator<Item = u64>) -> u64 {
        let standing: Vec<u64> = standing.collect();
        match standing.len() {
            0 => u64::from(self.fine),
            _ if self.fine.is_multiple_of(16) => u64::from(self.fine) / 16,
            count => standing[usize::from(self.fine) % count],
        }
    }

    /// How much later than the command before: seconds mostly, to the next session often, weeks and years seldom.
    fn time(self, world: &World) -> Timestamp {
        let now = world.state.time();
        let day = 86_400;
        let seconds = match self.jump {
            0..150 => i64::from(self.jump % 5),
            150..190 => i64::from(self.fine % 1_800),
            190..215 => 3_600,
            215..240 => {
                // to ten in the morning, or to one in the afternoon
                let local = (now.0 / SECOND + 8 * 3_600).rem_euclid(day);
                let hour = if self.fine.is_multiple_of(2) { 10 } else { 13 };
                (hour * 3_600 - local).rem_euclid(day)
            }
            240..250 => day * i64::from(self.fine % 4),
            250..253 => day * i64::from(self.fine % 60),
            253 => day * 365,
            254 => (beijing("2025-12-31", "13:30").0 - now.0).max(0) / SECOND,
            255 => (beijing("2026-01-05", "13:30").0 - now.0).max(0) / SECOND,
        };
        now.after_seconds(seconds)
    }

    #[allow(clippy::too_many_lines)] // one arm a command
    fn command(self, world: &World) -> Command {
        let (venue, registry) = (world.state.venue(), world.state.registry());
        let (account, other, asset, instrument) =
            (self.account(), self.other(), self.asset(), self.instrument());
        let (quantity, side, price) = (self.quantity(), self.side(), self.price(world));
        let reason = String::new;
        let year = [2020, 2021, 2022, 2023, 2024][usize::from(self.price) % 5];
        let market = MarketId([0, 0, 0, 1, 9][usize::from(self.what) % 5]);
        match self.kind % 64 {
            0..13 => Command::PlaceOrder(t::PlaceOrder { account, instrument, side, price, quantity }),
            13..24 => {
                let listing = OrderId(self.one_of(venue.orders().map(|(id, _)| id.0)));
                Command::TakeListing(t::TakeListing { account, listing, quantity })
            }
            24 | 25 => {
                let order = OrderId(self.one_of(venue.orders().map(|(id, _)| id.0)));
                let owner = venue.order(order).map_or(account, |order| order.terms.account);
                Command::CancelOrder(t::CancelOrder { account: owner, order })
            }
            26..29 => {
                let (counterparty, quantity) = (other, Quantity(quantity.0.max(100_000)));
                Command::ProposeBlock(t::ProposeBlock {
                    account,
                    instrument,
                    side,
                    counterparty,
                    price,
                    quantity,
                })
            }
            29 | 30 => {
                let proposal = ProposalId(self.one_of(venue.proposals().map(|(id, _)| id.0)));
                let found = venue.proposals().find(|(id, _)| *id == proposal);
                let account = found.map_or(account, |(_, proposal)| proposal.terms.counterparty);
                Command::AcceptBlock(t::AcceptBlock { account, proposal })
            }
            31 => {
                let proposal = ProposalId(self.one_of(venue.proposals().map(|(id, _)| id.0)));
                Command::WithdrawBlock(t::WithdrawBlock { account, proposal })
            }
            32..35 => {
                let reserve = (self.jump % 4 != 0).then_some(price);
                let opens = world.state.time().after_seconds(5);
                let closes = opens.after_seconds(i64::from(self.fine % 900));
                Command::AnnounceAuction(t::AnnounceAuction {
                    instrument,
                    side,
                    account,
                    quantity,
                    reserve,
                    opens,
                    closes,
                })
            }
            35..41 => {
                let auction = AuctionId(self.one_of(venue.auctions().map(|(id, _)| id.0)));
                Command::PlaceBid(t::PlaceBid { account, auction, price, quantity })
            }
            41 => {
                let bid = BidId(self.one_of(venue.bids().map(|(id, _)| id.0)));
                Command::WithdrawBid(t::WithdrawBid { account, bid })
            }
            42 => {
                let auction = AuctionId(self.one_of(venue.auctions().map(|(id, _)| id.0)));
                match self.price % 4 {
                    0 => Command::CancelAuction(t::CancelAuction { auction, reason: reason() }),
                    _ => Command::DrawLot(t::DrawLot { auction, seed: u64::from(self.fine) }),
                }
            }
            43 => {
                Command::SetHalted(t::SetHalted { instrument, halted: side == Side::Buy, reason: reason() })
            }
            44 => {
                let line = if self.who.is_multiple_of(4) {
                    t::Line::Composite(market)
                } else {
                    t::Line::Instrument(instrument)
                };
                Command::CorrectReference(t::CorrectReference { line, price, reason: reason() })
            }
            45 => match self.price % 8 {
                0 => Command::DelistInstrument(t::DelistInstrument { instrument }),
                1 => rulebook("tests/scenarios/rulebooks/fees.toml"),
                2 => rulebook("tests/scenarios/rulebooks/limits.toml"),
                3 => {
                    let code = format!("L{}", self.fine);
                    let carried = [t::Turnover { volume: i128::from(quantity.0), amount: 0 }; 3];
                    let reference = (self.jump % 2 == 0).then_some(price);
                    Command::ListInstrument(t::ListInstrument { market, code, asset, reference, carried })
                }
                _ => {
                    let days = [1, 2, 3, 30, i32::MAX][usize::from(self.fine) % 5];
                    let today = if market.index() < 2 { venue.date(market).0 } else { 0 };
                    Command::DeclareHoliday(t::DeclareHoliday {
                        market,
                        date: Date(today.saturating_add(days)),
                    })
                }
            },
            46 => Command::Issue(r::Issue { account, asset, quantity, reason: reason() }),
            47 => Command::Preallocate(r::Preallocate { account, asset, base_year: year }),
            48 => Command::CancelUnits(r::CancelUnits { account, asset, quantity, reason: reason() }),
            49 => {
                let (currency, amount) = (AssetId(u32::from(self.what % 16 == 0)), base::Money(quantity.0));
                Command::Deposit(r::Deposit { account, currency, amount, reference: reason() })
            }
            50 => {
                let amount = base::Money(quantity.0);
                Command::RequestWithdrawal(r::RequestWithdrawal { account, currency: AssetId(0), amount })
            }
            51 => {
                let withdrawal = Sequence(self.one_of(registry.withdrawals().map(|(id, _)| id.0)));
                Command::SettleWithdrawal(r::SettleWithdrawal { withdrawal, paid: side == Side::Buy })
            }
            52 | 53 => Command::Transfer(r::Transfer { from: account, to: other, asset, quantity }),
            54 => {
                let pledgee = ParticipantId(u32::from(self.other % 8));
                Command::PledgeUnits(r::PledgeUnits { account, asset, quantity, pledgee })
            }
            55 => {
                let pledge = PledgeId(self.one_of(registry.pledges().map(|(id, _)| id.0)));
                Command::ReleasePledge(r::ReleasePledge { pledge })
            }
            56 => Command::FreezeUnits(r::FreezeUnits { account, asset, quantity, order: reason() }),
            57 => {
                let freeze = FreezeId(self.one_of(registry.freezes().map(|(id, _)| id.0)));
                Command::UnfreezeUnits(r::UnfreezeUnits { freeze })
            }
            58 => {
                let frozen = self.other % 4 == 0;
                Command::SetAccountFrozen(r::SetAccountFrozen { account, frozen, reason: reason() })
            }
            59 => {
                let participant = ParticipantId(u32::from(self.who % 7));
                match self.price % 2 {
                    0 => Command::RecordEmissions(r::RecordEmissions {
                        market,
                        participant,
                        year,
                        verified: quantity,
                    }),
                    _ => Command::DetermineShortfall(r::DetermineShortfall { market, participant, year }),
                }
            }
            60 => Command::Surrender(r::Surrender { account, year, asset, quantity }),
            61 => {
                let limit = Quantity(i64::from(self.fine));
                Command::ApplyCarryOver(r::ApplyCarryOver {
                    account,
                    from: asset,
                    into: AssetId(3),
                    quantity,
                    limit,
                })
            }
            62 => {
                let conversion = ConversionId(self.one_of(registry.conversions().map(|(id, _)| id.0)));
                Command::DecideCarryOver(r::DecideCarryOver { conversion, approved: side == Side::Buy })
            }
            _ => Command::Tick,
        }
    }

    /// Who sends it: someone who may, most of the time.
    fn sender(self, world: &World, command: &Command) -> ParticipantId {
        if self.who >= 250 {
            return ParticipantId(u32::from(self.other));
        }
        match command.permission() {
            Permission::Owner(account) | Permission::Trader(account) => {
                world.state.registry().account(account).map_or(ADMIN, |account| account.participant)
            }
            Permission::Roles(roles) if roles.contains(&Role::Operator) => OPERATOR,
            Permission::Roles(_) => ADMIN,
            Permission::Anyone => ParticipantId(u32::from(self.other % 6)),
        }
    }
}

const RULEBOOKS: [&str; 4] = [
    "rulebooks/carbon-cn.toml",
    "tests/scenarios/rulebooks/fees.toml",
    "tests/scenarios/rulebooks/lot.toml",
    "tests/scenarios/rulebooks/limits.toml",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, max_shrink_iters: 2_000, ..ProptestConfig::default() })]

    /// The auditor of `support/audit.rs` looks after every command: conservation, buckets made of what fills them, both legs
    /// or neither, refusals that change nothing. At the end the log is replayed.
    #[test]
    fn whatever_is_sent_the_books_add_up(book in 0..RULEBOOKS.len(), day in proptest::collection::vec(dice(), 1..160)) {
        let mut world = opened(RULEBOOKS[book]);
        world.send(beijing("2021-07-16", "09:30"), OPERATOR, "open", Command::Tick);
        for (index, dice) in day.into_iter().enumerate() {
            let time = dice.time(&world);
            let command = dice.command(&world);
            let by = dice.sender(&world, &command);
            world.send(time, by, &format!("{index}"), command);
        }
        world.check_replay();
    }
}

// --- the book of listings against a naive one ------------------------------------------------------------------------------

/// A listing as anyone would note it down.
#[derive(Clone, Debug, PartialEq)]
struct Listed {
    id: u64,
    account: AccountId,
    side: Side,
    price: i64,
    left: i64,
}

/// A book that is a list, and rules that are read off the notice.
#[derive(Default)]
struct NaiveBook(Vec<Listed>);

impl NaiveBook {
    fn place(&mut self, id: u64, order: &t::PlaceOrder) -> Result<(), &'static str> {
        let t::PlaceOrder { account, side, price, quantity, .. } = *order;
        if quantity.0 <= 0 {
            return Err("quantity_not_positive");
        }
        if quantity.0 >= 100_000 {
            return Err("listing_too_large");
        }
        if price.0 < 4_320 || price.0 > 5_280 {
            return Err("price_outside_band");
        }
        self.0.push(Listed { id, account, side, price: price.0, left: quantity.0 });
        Ok(())
    }

    fn best(&self, side: Side) -> Vec<i64> {
        let mut prices: Vec<i64> = self.0.iter().filter(|l| l.side == side).map(|l| l.price).collect();
        prices.sort_unstable();
        prices.dedup();
        if side == Side::Buy {
            prices.reverse();
        }
        prices.truncate(5);
        prices
    }

    /// The price of the trade.
    fn take(&mut self, take: &t::TakeListing) -> Result<i64, &'static str> {
        let Some(at) = self.0.iter().position(|listed| listed.id == take.listing.0) else {
            return Err("listing_unknown");
        };
        let listed = self.0[at].clone();
        if listed.account == take.account {
            return Err("own_listing");
        }
        if take.quantity.0 <= 0 {
            return Err("quantity_not_positive");
        }
        if take.quantity.0 > listed.left {
            return Err("exceeds_listing");
        }
        if !self.best(listed.side).contains(&listed.price) {
            return Err("not_among_best_prices");
        }
        self.0[at].left -= take.quantity.0;
        self.0.retain(|listed| listed.left > 0);
        Ok(listed.price)
    }

    fn cancel(&mut self, cancel: &t::CancelOrder) -> Result<(), &'static str> {
        let Some(at) = self.0.iter().position(|listed| listed.id == cancel.order.0) else {
            return Err("order_unknown");
        };
        if self.0[at].account != cancel.account {
            return Err("not_the_owner");
        }
        self.0.remove(at);
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn the_book_does_what_a_naive_one_does(moves in proptest::collection::vec(any::<(u8, u8, u8, u8, i8)>(), 1..150)) {
        let mut world = opened("rulebooks/carbon-cn.toml");
        for account in 2..6 {
            let (account, reason) = (AccountId(account), String::new());
            let money = r::Deposit { account, currency: AssetId(0), amount: base::Money(1 << 50), reference: reason.clone() };
            world.send(Timestamp(0), ADMIN, "money", Command::Deposit(money));
            let units = r::Issue { account, asset: AssetId(1), quantity: Quantity(1 << 40), reason };
            world.send(Timestamp(0), ADMIN, "units", Command::Issue(units));
        }
        let (mut naive, mut last) = (NaiveBook::default(), 0_u64);
        for (kind, who, which, size, tick) in moves {
            let account = AccountId(2 + u32::from(who % 4));
            let by = world.state.registry().account(account).unwrap().participant;
            let quantity = Quantity([i64::from(size % 8), i64::from(size), 99_999, 100_000, -1, i64::MAX][usize::from(size) % 6]);
            let id = match naive.0.len() {
                0 => u64::from(which),
                _ if which == 255 => last + 1,
                count => naive.0[usize::from(which) % count].id,
            };
            let price = [Price(4_800 + i64::from(tick % 16)), Price(4_800 + 8 * i64::from(tick))][usize::from(which) % 2];
            let side = if who.is_multiple_of(2) { Side::Buy } else { Side::Sell };
            let order = t::PlaceOrder { account, instrument: InstrumentId(0), side, price, quantity };
            let take = t::TakeListing { account, listing: OrderId(id), quantity };
            let cancel = t::CancelOrder { account, order: OrderId(id) };
            let (command, expected) = match kind % 16 {
                0..8 => (Command::PlaceOrder(order), naive.place(last + 1, &order).map(|()| None)),
                8..14 => (Command::TakeListing(take), naive.take(&take).map(Some)),
                _ => (Command::CancelOrder(cancel), naive.cancel(&cancel).map(|()| None)),
            };
            if matches!(command, Command::PlaceOrder(_)) && expected.is_ok() {
                last += 1;
            }
            let events = world.send(beijing("2021-07-16", "09:30"), by, "move", command);
            let refused = events.iter().find_map(|event| match event {
                Event::Refused(rejection) => Some(rejection.code()),
                _ => None,
            });
            prop_assert_eq!(refused, expected.err());
            let traded = events.iter().find_map(|event| match event {
                Event::Trading(t::Event::Traded(trade)) => Some((trade.method, trade.price.0, trade.quantity)),
                _ => None,
            });
            prop_assert_eq!(traded, expected.ok().flatten().map(|price| (Method::Listed, price, quantity)));
            let stands = world.state.venue().orders().map(|(id, order)| Listed {
                id: id.0,
                account: order.terms.account,
                side: order.terms.side,
                price: order.terms.price.0,
                left: order.left().0,
            });
            prop_assert_eq!(stands.collect::<Vec<_>>(), naive.0.clone());
        }
    }
}

#[test]
fn time_may_run_to_its_end() {
    let mut world = World::new();
    world.send(beijing("2261-12-20", "08:00"), OPERATOR, "adopt", rulebook("rulebooks/carbon-cn.toml"));
    for time in [Timestamp(i64::MAX - 9 * 3_600 * SECOND), Timestamp(i64::MAX - 1), Timestamp(i64::MAX)] {
        world.send(time, OPERATOR, "tick", Command::Tick);
        world.send(time, OPERATOR, "tick", Command::Tick);
    }
    world.check_replay();
}
