//! What holds whatever anyone sends: random business over two markets, watched by an auditor after each command, and the
//! book of listings against a naive one.

#![allow(clippy::unwrap_used, clippy::panic)] // tests, also outside the functions marked so

mod support;

use base::{
    AccountId, AssetId, AuctionId, BidId, ConversionId, Date, FreezeId, InstrumentId, MarketId, Method,
    OrderId, ParticipantId, PledgeId, Price, ProposalId, Quantity, Role, Sequence, Side, Timestamp,
};
use engine::{Command, Event, OPERATOR, Permission};
use proptest::prelude::*;
use registry as r;
use support::opened::{ADMIN, SECOND, beijing, opened, rulebook};
use support::world::World;
use trading as t;

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
        Self::trader(self.who)
    }

    /// An account of a trader; that of staff, of the venue or of nobody now and then.
    fn trader(number: u8) -> AccountId {
        AccountId(match number {
            0..248 => 2 + u32::from(number % 4),
            248..251 => 6,
            251..254 => 1,
            _ => 99,
        })
    }

    fn other(self) -> AccountId {
        Self::trader(self.other.rotate_left(3))
    }

    fn instrument(self) -> InstrumentId {
        InstrumentId(match self.what {
            0..140 => 0,
            140..190 => 1,
            190..240 => 2,
            240..250 => 3,
            _ => 9,
        })
    }

    fn asset(self) -> AssetId {
        AssetId([1, 1, 1, 1, 1, 2, 2, 2, 3, 3, 4, 4, 5, 5, 0, 99][usize::from(self.what) % 16])
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
        let local = (now.0 / SECOND + 8 * 3_600).rem_euclid(day);
        // To one in the afternoon, when everything is open, some days later.
        let to_one = |days: u16| (13 * 3_600 - local).rem_euclid(day) + day * i64::from(days);
        let calendar = &world.state.venue().rules(MarketId(0)).calendar;
        let trades = calendar.is_trading_day(calendar.local(now).0);
        let open = trades && (13 * 3_600..15 * 3_600 - 600).contains(&local);
        let seconds = match self.jump {
            0..240 if !open && !self.fine.is_multiple_of(4) => to_one(u16::from(!trades)),
            0..236 => i64::from(self.jump % 3),
            236..243 => i64::from(self.fine % 300),
            243 => 3_600,
            244..247 => to_one(0),
            247 | 248 => to_one(self.fine % 4),
            249..251 => i64::from(self.fine) * 3,
            251..253 => to_one(self.fine % 60),
            253 => to_one(365),
            254 => (beijing("2025-12-31", "13:00").0 - now.0).max(0) / SECOND,
            255 => (beijing("2026-01-05", "13:00").0 - now.0).max(0) / SECOND,
        };
        now.after_seconds(seconds)
    }

    #[allow(clippy::too_many_lines)] // one arm a command
    fn command(self, world: &World, time: Timestamp) -> Command {
        let (venue, registry) = (world.state.venue(), world.state.registry());
        let (account, other, asset, instrument) =
            (self.account(), self.other(), self.asset(), self.instrument());
        let (quantity, side, price) = (self.quantity(), self.side(), self.price(world));
        let reason = String::new;
        let year = [2020, 2020, 2020, 2022, 2024][usize::from(self.price) % 5];
        let market = MarketId([0, 0, 0, 0, 0, 1, 1, 9][usize::from(self.what) % 8]);
        // Where nothing stands that could be taken, accepted or bid for, something is placed instead, mostly.
        let kind = match self.kind % 64 {
            kind if self.fine.is_multiple_of(8) => kind,
            13..26 if venue.orders().next().is_none() => 0,
            29..32 if venue.proposals().next().is_none() => 26,
            35..43 if venue.auctions().next().is_none() => 32,
            kind => kind,
        };
        match kind {
            0..13 => Command::PlaceOrder(t::PlaceOrder { account, instrument, side, price, quantity }),
            13..24 => {
                let listing = OrderId(self.one_of(venue.orders().map(|(id, _)| id.0)));
                let left = venue.order(listing).map_or(quantity, |order| order.left());
                let quantity = if self.price.is_multiple_of(4) { left } else { quantity };
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
                let reserve = self.jump.is_multiple_of(4).then_some(price);
                let opens = time.after_seconds(i64::from(self.jump % 2));
                let closes = opens.after_seconds(i64::from(self.fine % 300));
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
                let found = venue.bids().find(|(id, _)| *id == bid);
                let account = found.map_or(account, |(_, bid)| bid.terms.account);
                Command::WithdrawBid(t::WithdrawBid { account, bid })
            }
            42 => {
                let auction = AuctionId(self.one_of(venue.auctions().map(|(id, _)| id.0)));
                match self.price % 4 {
                    0 => Command::CancelAuction(t::CancelAuction { auction, reason: reason() }),
                    _ => Command::DrawLot(t::DrawLot { auction, seed: u64::from(self.fine) }),
                }
            }
            43 => Command::SetHalted(t::SetHalted {
                instrument,
                halted: self.who.is_multiple_of(4),
                reason: reason(),
            }),
            44 => {
                let line = if self.who.is_multiple_of(4) {
                    t::Line::Composite(market)
                } else {
                    t::Line::Instrument(instrument)
                };
                Command::CorrectReference(t::CorrectReference { line, price, reason: reason() })
            }
            45 => match self.price % 16 {
                0 => Command::DelistInstrument(t::DelistInstrument { instrument }),
                1 => rulebook("tests/scenarios/rulebooks/fees.toml"),
                2 => rulebook("tests/scenarios/rulebooks/limits.toml"),
                3 => {
                    let code = format!("L{}", self.fine);
                    let carried = [t::Turnover { volume: i128::from(quantity.0), amount: 0 }; 3];
                    let reference = (self.jump.is_multiple_of(2)).then_some(price);
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
                let (currency, amount) =
                    (AssetId(u32::from(self.what.is_multiple_of(16))), base::Money(quantity.0));
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
                let frozen = self.other.is_multiple_of(8);
                Command::SetAccountFrozen(r::SetAccountFrozen { account, frozen, reason: reason() })
            }
            59 => {
                let participant = ParticipantId([2, 2, 3, 3, 4, 9][usize::from(self.who) % 6]);
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
                let limit = Quantity(i64::from(self.fine) * 100);
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
            _ => self.sweep(account, instrument),
        }
    }

    /// Many listings end at once, or the kill switch is pulled: it ends blocks, bids and auctions too.
    fn sweep(self, account: AccountId, instrument: InstrumentId) -> Command {
        let of = match self.other % 8 {
            0..5 => t::Whose::Account(account),
            5 | 6 => t::Whose::Participant(ParticipantId(u32::from(self.quantity % 8))),
            _ => t::Whose::Everyone,
        };
        match self.price % 8 {
            0..3 => {
                let instrument = self.fine.is_multiple_of(2).then_some(instrument);
                Command::MassCancel(t::MassCancel { of, instrument })
            }
            3..7 => {
                let blocked = self.fine.is_multiple_of(4);
                Command::SetTradingBlocked(t::SetTradingBlocked { of, blocked, reason: String::new() })
            }
            _ => Command::Tick,
        }
    }

    /// Who sends it: someone who may, most of the time.
    fn sender(self, world: &World, command: &Command) -> ParticipantId {
        if self.jump % 32 == 7 {
            return ParticipantId(u32::from(self.other));
        }
        match command.permission() {
            Permission::Owner(account) | Permission::Trader(account) | Permission::OwnerOr(account, _) => {
                world.state.registry().account(account).map_or(ADMIN, |account| account.participant)
            }
            Permission::SelfOr(participant, _) => participant,
            Permission::OfUser(_) | Permission::OfKey | Permission::Themself(_) => ParticipantId(0),
            Permission::Roles(roles) if roles.contains(&Role::Operator) => OPERATOR,
            Permission::Roles(_) => ADMIN,
            Permission::Anyone => ParticipantId(u32::from(self.other % 6)),
        }
    }
}

/// As many as the environment asks for (`PROPTEST_CASES`), else few enough to run every time.
fn cases(few: u32) -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|asked| asked.parse().ok()).unwrap_or(few)
}

const RULEBOOKS: [&str; 4] = [
    "rulebooks/carbon-cn.toml",
    "tests/scenarios/rulebooks/fees.toml",
    "tests/scenarios/rulebooks/lot.toml",
    "tests/scenarios/rulebooks/limits.toml",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(96), ..ProptestConfig::default() })]

    /// The auditor of `support/audit.rs` looks after every command: conservation, buckets made of what fills them, both legs
    /// or neither, refusals that change nothing. At the end the log is replayed.
    #[test]
    fn whatever_is_sent_the_books_add_up(book in 0..RULEBOOKS.len(), day in proptest::collection::vec(dice(), 1..160)) {
        let mut world = opened(RULEBOOKS[book]);
        world.send(beijing("2021-07-16", "13:00"), OPERATOR, "open", Command::Tick);
        for (index, dice) in day.into_iter().enumerate() {
            let time = dice.time(&world);
            let command = dice.command(&world, time);
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
        // Accounts 2 and 3 are one firm's.
        let owner = |account: AccountId| account.0.max(3);
        if owner(listed.account) == owner(take.account) {
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
    #![proptest_config(ProptestConfig { cases: cases(48), ..ProptestConfig::default() })]

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

// --- auctions against the rule as it is written ----------------------------------------------------------------------------

/// What each bid gets, in the order of the bids, and the price: better prices first, earlier bids first among equals, until
/// the quantity is used up; everyone at the price of the last who gets anything.
fn allotted(side: Side, mut left: i64, bids: &[(i64, i64)]) -> (Vec<i64>, Option<i64>) {
    let (mut shares, mut price) = (vec![0; bids.len()], None);
    while left > 0 {
        let open = (0..bids.len()).filter(|&at| shares[at] == 0);
        // min_by_key keeps the first of equals
        let Some(next) = open.min_by_key(|&at| if side == Side::Sell { -bids[at].0 } else { bids[at].0 })
        else {
            break;
        };
        shares[next] = bids[next].1.min(left);
        left -= shares[next];
        price = Some(bids[next].0);
    }
    (shares, price)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(64), ..ProptestConfig::default() })]

    #[test]
    fn an_auction_allots_as_the_rule_says(
        sale: bool,
        quantity in 1_i64..2_000,
        bids in proptest::collection::vec((4_790_i64..4_800, 1_i64..900), 0..12),
    ) {
        let mut world = opened("rulebooks/carbon-cn.toml");
        let side = if sale { Side::Sell } else { Side::Buy };
        let (start, account) = (beijing("2021-07-16", "13:00"), AccountId(5));
        let (instrument, quantity, reserve) = (InstrumentId(0), Quantity(quantity), (!sale).then_some(Price(4_800)));
        let (opens, closes) = (start, start.after_seconds(60));
        let announced = t::AnnounceAuction { instrument, side, account, quantity, reserve, opens, closes };
        world.send(start, OPERATOR, "announce", Command::AnnounceAuction(announced));
        let (auction, _) = world.state.venue().auctions().next().unwrap();
        let bids: Vec<(i64, i64)> = bids.into_iter().filter(|(_, bid)| *bid <= quantity.0).collect();
        for (at, (price, quantity)) in bids.iter().enumerate() {
            let account = AccountId(2 + u32::try_from(at % 3).unwrap());
            let by = world.state.registry().account(account).unwrap().participant;
            let bid = t::PlaceBid { account, auction, price: Price(*price), quantity: Quantity(*quantity) };
            let events = world.send(start.after_seconds(1), by, "bid", Command::PlaceBid(bid));
            prop_assert!(!events.iter().any(|event| matches!(event, Event::Refused(_))));
        }
        let events = world.send(closes, OPERATOR, "close", Command::Tick);
        let traded = events.iter().filter_map(|event| match event {
            Event::Trading(t::Event::Traded(trade)) => {
                let bidder = if sale { trade.buyer } else { trade.seller };
                Some((bidder.account, trade.quantity.0, trade.price.0))
            }
            _ => None,
        });
        let (shares, price) = allotted(side, quantity.0, &bids);
        let expected = shares.iter().enumerate().filter(|(_, share)| **share > 0);
        let mut expected: Vec<_> = expected
            .map(|(at, share)| (AccountId(2 + u32::try_from(at % 3).unwrap()), *share, price.unwrap()))
            .collect();
        let mut traded: Vec<_> = traded.collect();
        expected.sort_unstable();
        traded.sort_unstable();
        prop_assert_eq!(traded, expected);
        prop_assert!(world.state.venue().auctions().next().is_none() && world.state.venue().bids().next().is_none());
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
