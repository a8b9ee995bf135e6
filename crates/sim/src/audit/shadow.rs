//! What the auditor knows: everything that commands and events tell, kept a second time in plain tables.

use super::book::{Order, Pit};
use super::ledger::Ledger;
use super::people::People;
use base::{Method, Role, Side};
use engine::rulebook::{Rulebook, Version};
use registry::AssetClass;
use std::collections::{BTreeMap, BTreeSet};
use trading::{Phase, Whose};

/// A participant.
#[derive(Clone, Debug)]
pub struct Participant {
    /// Its full name.
    pub name: String,
    /// What it may do.
    pub roles: Vec<Role>,
}

/// Whose the assets of an account are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    /// A participant.
    Participant(u32),
    /// A client that was named.
    Named(String),
    /// The client of one account.
    Client(u32),
}

/// An account.
#[derive(Clone, Debug)]
pub struct Account {
    /// Who answers for it.
    pub participant: u32,
    /// Whose its assets are: a participant by its number, a client by its code or by the account's number.
    pub owner: Owner,
    /// No disposals.
    pub frozen: bool,
    /// Closed for good.
    pub closed: bool,
}

/// An asset.
#[derive(Clone, Debug)]
pub struct Asset {
    /// Its kind.
    pub class: AssetClass,
    /// Where it belongs.
    pub market: Option<u32>,
    /// Digits after the point.
    pub decimals: u8,
}

/// A market, and where it is in its day.
#[derive(Clone, Debug)]
pub struct Market {
    /// The rulebook as it was adopted last.
    pub rulebook: Rulebook,
    /// The rules of today.
    pub rules: Version,
    /// The rulebook was adopted again since the day began.
    pub amended: bool,
    /// What it trades in.
    pub currency: u32,
    /// Where its fees go.
    pub fee_account: u32,
    /// No trading before this day.
    pub first_day: i32,
    /// Declared besides those of the rules.
    pub holidays: BTreeSet<i32>,
    /// The local date.
    pub date: i32,
    /// The day of the price list.
    pub list_date: i32,
    /// Which methods are open: listed, block, auction.
    pub open: [bool; 3],
    /// The last trading day is over.
    pub ended: bool,
    /// What the clock says that its order books do.
    pub clock: Phase,
    /// Some rulebook of it has had a composite line.
    pub composite: bool,
    /// When it was adopted.
    pub adopted: (i32, u32),
    /// It did at once what the clock said; if not, it opened with the next bell.
    pub opened_with_the_clock: bool,
}

/// A trade of the day.
#[derive(Clone, Copy, Debug)]
pub struct Print {
    /// Its number.
    pub trade: u64,
    /// Listed, block or auction.
    pub method: usize,
    /// Ticks.
    pub price: i128,
    /// Units.
    pub quantity: i128,
    /// Minor units.
    pub amount: i128,
    /// An owner traded with itself, where that moves no price.
    pub own: bool,
}

/// An instrument and its day.
#[derive(Clone, Debug)]
pub struct Instrument {
    /// Where it trades.
    pub market: u32,
    /// What is traded.
    pub asset: u32,
    /// Its name.
    pub code: String,
    /// Minor units a tick, as when it was listed.
    pub tick_value: i128,
    /// Trading is stopped.
    pub halted: bool,
    /// It left the list.
    pub delisted: bool,
    /// The price that bands are drawn around.
    pub reference: i128,
    /// The price the next day starts from, where an operator set one.
    pub corrected: Option<i128>,
    /// Its line closes with the last price, not the average.
    pub closes_last: bool,
    /// The trades of the day.
    pub prints: Vec<Print>,
    /// What was traded before the day, by method: units and minor units.
    pub before: [(i128, i128); 3],
}

impl Instrument {
    /// What traded today by a method.
    #[must_use]
    pub fn turnover(&self, method: usize) -> (i128, i128) {
        let prints = self.prints.iter().filter(|print| print.method == method);
        prints.fold((0, 0), |(volume, amount), print| (volume + print.quantity, amount + print.amount))
    }

    /// The volume-weighted average of the day's trades by orders, a half up, or the last of them, as the rules say; without
    /// trades the reference.
    #[must_use]
    pub fn close(&self) -> i128 {
        if self.closes_last {
            return self.last();
        }
        let prints = self.prints.iter().filter(|print| print.method == 0 && !print.own);
        let sum =
            |(volume, amount): (i128, i128), print: &Print| (volume + print.quantity, amount + print.amount);
        match prints.fold((0, 0), sum) {
            (0, _) => self.reference,
            (volume, amount) => half_up(amount, volume * self.tick_value),
        }
    }
}

/// Something that stands in the market, and what is set aside for it.
#[derive(Clone, Copy, Debug)]
pub struct Standing {
    /// Whose.
    pub account: u32,
    /// In what.
    pub instrument: u32,
    /// What its owner does.
    pub side: Side,
    /// Ticks; for an auction the reserve price, where there is one.
    pub price: i128,
    /// Units.
    pub quantity: i128,
    /// Units not traded.
    pub left: i128,
    /// Minor units traded.
    pub traded: i128,
    /// What is still set aside: money for a buyer, units for a seller.
    pub held: i128,
}

/// A block that waits.
#[derive(Clone, Copy, Debug)]
pub struct Block {
    /// The proposer's side of it.
    pub order: Standing,
    /// Who may accept.
    pub counterparty: u32,
}

/// An auction that is not decided.
#[derive(Clone, Copy, Debug)]
pub struct Auction {
    /// The initiator's side of it.
    pub order: Standing,
    /// The worst price for the initiator.
    pub reserve: Option<i128>,
    /// First moment for bids.
    pub opens: i64,
    /// First moment after them.
    pub closes: i64,
    /// Bids are closed, the lot is awaited.
    pub awaits_lot: bool,
}

/// A bid that stands.
#[derive(Clone, Copy, Debug)]
pub struct Bid {
    /// The auction.
    pub auction: u64,
    /// The bidder's side of it.
    pub order: Standing,
}

/// Units set apart: by a pledge, a freeze, an application or a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Apart {
    /// Whose.
    pub account: u32,
    /// What.
    pub asset: u32,
    /// Units.
    pub quantity: i128,
}

/// An application to carry over.
#[derive(Clone, Copy, Debug)]
pub struct Conversion {
    /// What is frozen for it.
    pub from: Apart,
    /// What it becomes.
    pub into: u32,
    /// The answer.
    pub approved: Option<bool>,
}

/// What a participant owes for a period.
#[derive(Clone, Copy, Debug, Default)]
pub struct Duty {
    /// Verified emissions.
    pub verified: i128,
    /// Surrendered: allowances and offsets.
    pub given: [i128; 2],
    /// What was stated missing.
    pub determined: Option<i128>,
    /// What the next allocations are cut by.
    pub to_cut: i128,
}

impl Duty {
    /// Still to be surrendered.
    #[must_use]
    pub fn open(&self) -> i128 {
        self.verified - self.given[0] - self.given[1]
    }
}

/// What a trade owes until it is settled.
#[derive(Clone, Copy, Debug)]
pub struct Obligation {
    /// Where.
    pub market: u32,
    /// What was traded.
    pub instrument: u32,
    /// How.
    pub method: Method,
    /// The side that came in, of a fill outside a call auction.
    pub aggressor: Option<Side>,
    /// What the fees of the buyer and the seller ran on before.
    pub before: (i128, i128),
    /// What the seller's order of a book had paid before.
    pub paid_before: i128,
    /// Ticks.
    pub price: i128,
    /// When.
    pub date: i32,
    /// What moves.
    pub asset: u32,
    /// Against what.
    pub currency: u32,
    /// Gets the asset.
    pub buyer: u32,
    /// Gets the money.
    pub seller: u32,
    /// Units.
    pub quantity: i128,
    /// Minor units.
    pub amount: i128,
    /// On top, for the buyer.
    pub buyer_fee: i128,
    /// Out of the proceeds.
    pub seller_fee: i128,
    /// Clearing has said so.
    pub novated: bool,
}

/// A trade for as long as it can be taken back: what it moved, how many trading days end before it is final, and whether it was taken
/// back.
#[derive(Clone, Copy, Debug)]
pub struct Made {
    /// What it moved, as it stands.
    pub due: Obligation,
    /// Trading days that end before it is final.
    pub ends: u32,
    /// It was taken back.
    pub busted: bool,
}

/// A step of an auction that is being decided: what has to be seen yet.
#[derive(Clone, Debug)]
pub struct Expected {
    /// The account on the other side of the initiator.
    pub bidder: u32,
    /// The bid.
    pub bid: u64,
    /// Units it gets.
    pub share: i128,
    /// Units it does not get.
    pub left: i128,
    /// Minor units its order traded.
    pub traded: i128,
}

/// An auction that is being decided.
#[derive(Clone, Debug)]
pub struct Deciding {
    /// The auction.
    pub auction: Auction,
    /// The one price.
    pub price: i128,
    /// Minor units traded so far.
    pub traded: i128,
    /// Bids whose part is still to come, in their order.
    pub bids: std::collections::VecDeque<Expected>,
}

/// See the module.
#[derive(Clone, Debug, Default)]
pub struct Shadow {
    /// The time of the last record, nanoseconds.
    pub time: i64,
    /// By id.
    pub participants: Vec<Participant>,
    /// By id.
    pub accounts: Vec<Account>,
    /// By id.
    pub assets: Vec<Asset>,
    /// By id.
    pub markets: Vec<Market>,
    /// By id.
    pub instruments: Vec<Instrument>,
    /// Codes taken: participants, accounts, assets, instruments.
    pub codes: [BTreeMap<String, u32>; 4],
    /// Users, their keys, what waits for a second person, and cases.
    pub people: People,
    /// Who sent the command that is looked at: a participant, and its user.
    pub sender: (u32, u16),
    /// Every holding.
    pub ledger: Ledger,
    /// Listings that stand.
    pub orders: BTreeMap<u64, Standing>,
    /// Orders of books, wherever they are.
    pub books: BTreeMap<u64, Order>,
    /// What the books do, by instrument.
    pub pits: BTreeMap<u32, Pit>,
    /// Places given in queues so far.
    pub queued: u64,
    /// Accounts and firms that may not trade.
    pub blocked: BTreeSet<Whose>,
    /// Orders entered and amended by an account in a second.
    pub paces: BTreeMap<u32, (i64, u32)>,
    /// An instrument that leaves the list with this record: its orders end with it.
    pub delisting: Option<u32>,
    /// The command amends an order.
    pub amending: bool,
    /// One of two orders of an owner has shrunk by so much; the other is to follow.
    pub reducing: Option<i128>,
    /// One of two orders of an owner has ended; the other is to follow.
    pub prevented: bool,
    /// Blocks that wait.
    pub blocks: BTreeMap<u64, Block>,
    /// Auctions that are not decided.
    pub auctions: BTreeMap<u64, Auction>,
    /// Bids that stand.
    pub bids: BTreeMap<u64, Bid>,
    /// Pledges, and in whose favour.
    pub pledges: BTreeMap<u64, (Apart, u32)>,
    /// Judicial freezes.
    pub freezes: BTreeMap<u64, Apart>,
    /// Applications, answered or not.
    pub conversions: BTreeMap<u64, Conversion>,
    /// Withdrawals that wait, by the record that asked.
    pub withdrawals: BTreeMap<u64, Apart>,
    /// By market, year and participant.
    pub duties: BTreeMap<(u32, i32, u32), Duty>,
    /// By participant and asset.
    pub preallocated: BTreeMap<(u32, u32), i128>,
    /// By participant and asset.
    pub allocated: BTreeSet<(u32, u32)>,
    /// What was bought and is locked until a date of a market.
    pub locks: Vec<(u32, i32, Apart)>,
    /// Trades that are not settled.
    pub obligations: BTreeMap<u64, Obligation>,
    /// Trades that can be taken back.
    pub made: BTreeMap<u64, Made>,
    /// The rules by which the trades of a market's day paid.
    pub day_rules: BTreeMap<(u32, i32), Version>,
    /// Auctions that are being decided; and what is given back when their trades are settled.
    pub deciding: Option<Deciding>,
    /// To be given back once everything owed is settled.
    pub releases: Vec<Apart>,
    /// Trades so far.
    pub trades: u64,
    /// Ids given by the trading room and by the registry so far.
    pub given: [u64; 2],
}

/// `numerator / denominator` to the nearest whole number, a half up; both are not negative.
#[must_use]
pub fn half_up(numerator: i128, denominator: i128) -> i128 {
    (2 * numerator + denominator) / (2 * denominator)
}

impl Shadow {
    /// Before the first record: the operator is there.
    #[must_use]
    pub fn new() -> Self {
        let mut shadow = Self { time: i64::MIN, ..Self::default() };
        let name = "Operator of this node".to_owned();
        shadow.participants.push(Participant { name, roles: vec![Role::Operator] });
        shadow.codes[0].insert("operator".to_owned(), 0);
        shadow
    }

    /// Whether a participant has a role.
    #[must_use]
    pub fn has_role(&self, participant: u32, role: Role) -> bool {
        self.participants.get(participant as usize).is_some_and(|p| p.roles.contains(&role))
    }

    /// Who answers for an account.
    #[must_use]
    pub fn owner(&self, account: u32) -> Option<u32> {
        let known = self.accounts.get(account as usize).filter(|account| !account.closed);
        known.map(|account| account.participant)
    }

    /// Whether an account may not dispose.
    #[must_use]
    pub fn frozen(&self, account: u32) -> bool {
        self.accounts.get(account as usize).is_some_and(|account| account.frozen)
    }

    /// The instrument of an id.
    #[must_use]
    pub fn instrument(&self, id: u32) -> Option<&Instrument> {
        self.instruments.get(id as usize)
    }

    /// The market of an instrument that exists.
    #[must_use]
    pub fn market_of(&self, instrument: u32) -> Option<&Market> {
        self.markets.get(self.instrument(instrument)?.market as usize)
    }

    /// What a quantity costs at a price; `None` where that is more than sixty-three bits count.
    #[must_use]
    pub fn amount(&self, instrument: u32, price: i128, quantity: i128) -> Option<i128> {
        let tick_value = self.instrument(instrument)?.tick_value;
        let amount = price.checked_mul(quantity)?.checked_mul(tick_value)?;
        i64::try_from(amount).ok().map(i128::from)
    }

    /// What an order sets aside: which asset, and how much of it.
    #[must_use]
    pub fn hold(
        &self,
        instrument: u32,
        method: usize,
        side: Side,
        amount: i128,
        quantity: i128,
    ) -> (u32, i128) {
        let (Some(listed), Some(market)) = (self.instrument(instrument), self.market_of(instrument)) else {
            return (u32::MAX, 0);
        };
        match side {
            Side::Sell => (listed.asset, quantity),
            Side::Buy => (market.currency, amount + market.fee(method, Side::Buy, amount)),
        }
    }

    /// The asset in which an order of a side holds.
    #[must_use]
    pub fn held_in(&self, instrument: u32, side: Side) -> u32 {
        self.hold(instrument, 0, side, 0, 0).0
    }

    /// What stands of an account or in an instrument, and what is set aside for it, of everything in the market.
    pub fn standing(&self) -> impl Iterator<Item = (usize, u64, &Standing)> {
        let orders = self.orders.iter().map(|(id, order)| (0, *id, order));
        let blocks = self.blocks.iter().map(|(id, block)| (1, *id, &block.order));
        let auctions = self.auctions.iter().map(|(id, auction)| (2, *id, &auction.order));
        let bids = self.bids.iter().map(|(id, bid)| (3, *id, &bid.order));
        orders.chain(blocks).chain(auctions).chain(bids)
    }
}

impl Market {
    /// The fee on an order that has traded an amount in all.
    #[must_use]
    pub fn fee(&self, method: usize, side: Side, traded: i128) -> i128 {
        fee_by(&self.rules, method, side, traded)
    }

    /// The lowest and the highest price within so many hundredths of a percent of a reference.
    #[must_use]
    pub fn band(reference: i128, width: i64) -> (i128, i128) {
        let limit = |share: i128| {
            let product = reference * (10_000 + share);
            if product < 0 { -half_up(-product, 10_000) } else { half_up(product, 10_000) }
        };
        let width = i128::from(width);
        (limit(-width).clamp(1, i64::MAX.into()), limit(width).min(i64::MAX.into()))
    }
}

/// The fee on an order that has traded an amount in all, by the rules of a day.
pub(super) fn fee_by(rules: &Version, method: usize, side: Side, traded: i128) -> i128 {
    let Some(rule) = rules.clearing.fees.get(method) else { return 0 };
    let schedule = match side {
        Side::Buy => rule.buyer,
        Side::Sell => rule.seller,
    };
    if traded <= 0 {
        return 0;
    }
    let rate = half_up(traded * i128::from(schedule.rate_ppm), 1_000_000).min(i64::MAX.into());
    let fee = rate.max(schedule.least.0.into());
    let fee = schedule.most.map_or(fee, |most| fee.min(most.0.into()));
    // A seller never pays more than the order has brought.
    if side == Side::Sell { fee.min(traded) } else { fee }
}
