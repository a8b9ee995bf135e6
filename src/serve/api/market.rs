//! Market data from the state: markets, instruments, books, listings, auctions.

use super::negotiated::{AuctionView, BlockView, auctions, blocks};
use super::views::{List, Written, date, instrument, local, market, word};
use crate::node::Follower;
use crate::report;
use crate::serve::book::{BookView, LEVELS_MAX};
use crate::serve::endpoint::{Allowed, Answered, Call, Endpoint};
use crate::serve::problem::Problem;
use crate::serve::reply::Reply;
use base::{InstrumentId, MarketId, Price, Side};
use engine::State;
use gateway::Names;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use trading::Phase;
use utoipa::{IntoParams, ToSchema};

const TAG: &str = "market data";

pub(super) fn endpoints() -> Vec<Endpoint> {
    use Allowed::MarketData as Market;
    vec![
        Endpoint::reads("/v1/time", Market, TAG, "The time of the market", time).gives::<Time>(),
        Endpoint::reads("/v1/markets", Market, TAG, "The markets", markets).gives_list::<MarketView>(),
        Endpoint::reads(
            "/v1/markets/{market}/price-list",
            Market,
            TAG,
            "The price list of the day",
            price_list,
        )
        .gives::<report::PriceList>(),
        Endpoint::reads("/v1/instruments", Market, TAG, "What is traded, and at what price", instruments)
            .with_query::<InMarket>()
            .gives_list::<InstrumentView>(),
        Endpoint::reads("/v1/instruments/{instrument}", Market, TAG, "One instrument", one_instrument)
            .gives::<InstrumentView>(),
        Endpoint::reads("/v1/instruments/{instrument}/book", Market, TAG, "The order book by price", book)
            .with_query::<Levels>()
            .gives::<BookView>(),
        Endpoint::reads(
            "/v1/instruments/{instrument}/listings",
            Market,
            TAG,
            "Listings that may be picked",
            listings,
        )
        .gives::<Listings>(),
        Endpoint::reads("/v1/auctions", Market, TAG, "Auctions that are announced and not decided", auctions)
            .gives_list::<AuctionView>(),
        Endpoint::reads(
            "/v1/blocks",
            Allowed::SignedIn,
            TAG,
            "Your block proposals, sent and received",
            blocks,
        )
        .gives_list::<BlockView>(),
    ]
}

/// The time.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct Time {
    /// Of the market.
    pub time: String,
    /// The last record of the log that is applied.
    pub sequence: u64,
    /// `real`, or `sandbox` where the clock was set.
    pub clock: String,
}

fn time(call: &Call, follower: &Follower) -> Answered {
    let state = follower.state();
    let clock = if call.app.clock.is_sandbox() { "sandbox" } else { "real" }.to_owned();
    let time = local(state, None, call.app.clock.now());
    Ok(Reply::json(&Time { time, sequence: state.sequence().0, clock }))
}

/// A market.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct MarketView {
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// What is paid.
    pub currency: String,
    /// What assets are counted in.
    pub unit: String,
    /// Digits after the point of a price.
    pub price_decimals: u8,
    /// One step of a price.
    pub tick: String,
    /// Digits after the point of a quantity.
    pub unit_decimals: u8,
    /// Digits after the point of an amount of money.
    pub currency_decimals: u8,
    /// The market's date.
    pub date: String,
    /// Whether its trading day is over.
    pub day_ended: bool,
    /// Whether it trades on that date.
    pub trading_day: bool,
    /// How it trades.
    pub mechanisms: Mechanisms,
    /// The first day of the version of its rules in force.
    pub rules_from: String,
    /// Where they come from.
    pub rules_source: String,
}

/// How a market trades: the sessions of each mechanism, as `09:30-11:30`; none where it has it not.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct Mechanisms {
    /// Listings (挂牌).
    pub listing: Option<Vec<String>>,
    /// Blocks (大宗).
    pub block: Option<Vec<String>>,
    /// One-way auctions (单向竞价).
    pub auction: Option<Vec<String>>,
    /// An order book (竞价).
    pub book: Option<Vec<String>>,
}

fn markets(_: &Call, follower: &Follower) -> Answered {
    let state = follower.state();
    let all = (0..state.markets().len()).map(|index| market_view(state, MarketId::at(index)));
    Ok(Reply::json(&List::all(follower, all.collect())))
}

fn market_view(state: &State, id: MarketId) -> MarketView {
    let adopted = &state.markets()[id.index()];
    let (rulebook, rules, today) = (&adopted.rulebook, state.venue().rules(id), state.venue().date(id));
    let sessions = |sessions: &Vec<base::Session>| -> Vec<String> {
        sessions.iter().map(|session| format!("{}-{}", session.opens, session.closes)).collect()
    };
    let version = rulebook.version_on(adopted.in_force);
    MarketView {
        code: rulebook.code.clone(),
        name: rulebook.name.clone(),
        currency: rulebook.currency.code.clone(),
        unit: rulebook.unit.code.clone(),
        price_decimals: rulebook.price.decimals,
        tick: Names(state).price(Some(id), Price(1)),
        unit_decimals: rulebook.unit.decimals,
        currency_decimals: rulebook.currency.decimals,
        date: date(today),
        day_ended: state.venue().day_ended(id),
        trading_day: state.venue().trades_on(id, today),
        mechanisms: Mechanisms {
            listing: rules.listing.as_ref().map(|rules| sessions(&rules.sessions)),
            block: rules.block.as_ref().map(|rules| sessions(&rules.sessions)),
            auction: rules.auction.as_ref().map(|rules| sessions(&rules.sessions)),
            book: rules.continuous.as_ref().map(|rules| sessions(&rules.sessions)),
        },
        rules_from: date(adopted.in_force),
        rules_source: version.source.clone(),
    }
}

fn price_list(call: &Call, follower: &Follower) -> Answered {
    let id = market(follower.state(), call.parameter("market"))?;
    Ok(Reply::json(&report::price_list(follower.state(), id)))
}

/// Which market.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct InMarket {
    /// Its code; every market where none is named.
    pub market: Option<String>,
}

/// An instrument and its day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct InstrumentView {
    /// Its code.
    pub code: String,
    /// Where it trades.
    pub market: String,
    /// What is traded.
    pub asset: String,
    /// What is paid.
    pub currency: String,
    /// `listing` or `book`.
    pub kind: String,
    /// `closed`, `opening_call`, `continuous`, `interruption`, `closing_call`; of listings `closed` or `continuous`.
    pub phase: String,
    /// Trading is stopped.
    pub halted: bool,
    /// It has left the list.
    pub delisted: bool,
    /// An order would be taken now.
    pub tradable: bool,
    /// The previous close, or what stands for it.
    pub reference: String,
    /// The last price of the day.
    pub last: Option<String>,
    /// The first.
    pub open: Option<String>,
    /// The highest.
    pub high: Option<String>,
    /// The lowest.
    pub low: Option<String>,
    /// The close as it stands.
    pub close: String,
    /// The last price less the reference.
    pub change: Option<String>,
    /// Units traded today, by every method.
    pub volume: String,
    /// Money for them.
    pub amount: String,
    /// Lowest and highest price that may be asked today.
    pub band: Option<[String; 2]>,
    /// The best bid.
    pub bid: Option<String>,
    /// The best ask.
    pub ask: Option<String>,
    /// Quantities are whole multiples of this.
    pub lot: String,
    /// Digits after the point of a price.
    pub price_decimals: u8,
    /// Digits after the point of a quantity.
    pub unit_decimals: u8,
}

fn instruments(call: &Call, follower: &Follower) -> Answered {
    let (state, query) = (follower.state(), call.query::<InMarket>()?);
    let wanted = query.market.as_deref().map(|code| market(state, code)).transpose()?;
    let all = state.venue().instruments().iter().enumerate();
    let all = all.filter(|(_, instrument)| wanted.is_none_or(|wanted| instrument.market == wanted));
    let all = all.filter_map(|(index, _)| instrument_view(state, InstrumentId::at(index)));
    Ok(Reply::json(&List::all(follower, all.collect())))
}

fn one_instrument(call: &Call, follower: &Follower) -> Answered {
    let id = instrument(follower.state(), call.parameter("instrument"))?;
    let view = instrument_view(follower.state(), id);
    view.map(|view| Reply::json(&view)).ok_or_else(|| Problem::not_found("such instrument"))
}

/// An instrument, as it is shown.
#[must_use]
pub(crate) fn instrument_view(state: &State, id: InstrumentId) -> Option<InstrumentView> {
    let (instrument, written) = (state.venue().instrument(id)?, Written::of(state, id)?);
    let (day, rules) = (&instrument.day, state.venue().rules(instrument.market));
    let price = |price: Price| written.price(price);
    let is_book = rules.continuous.is_some();
    let phase = phase(state, id);
    let band = rules.continuous.as_ref().map(|rules| rules.band);
    let band = band.or(rules.listing.as_ref().map(|rules| rules.band));
    let best = |side: Side| {
        let best = if is_book {
            state.venue().depth(id, side).next().map(|(price, _)| price)
        } else {
            best_listing(state, id, side)
        };
        best.map(price)
    };
    let decimals = state.registry().assets().get(instrument.asset.index()).map_or(0, |asset| asset.decimals);
    let change = day.last.map(|last| Price(last.0 - day.reference.0));
    Some(InstrumentView {
        code: instrument.code.clone(),
        market: written.names.market(instrument.market),
        asset: written.names.asset(instrument.asset),
        currency: written.names.asset(instrument.currency),
        kind: if is_book { "book" } else { "listing" }.to_owned(),
        phase: word(&phase),
        halted: instrument.halted,
        delisted: instrument.delisted,
        tradable: !instrument.halted && !instrument.delisted && phase != Phase::Closed,
        reference: price(day.reference),
        last: day.last.map(price),
        open: day.open.map(price),
        high: day.high.map(price),
        low: day.low.map(price),
        close: price(instrument.close()),
        change: change.map(price),
        volume: written.units(day.turnover.iter().map(|turnover| turnover.volume).sum()),
        amount: written.money(day.turnover.iter().map(|turnover| turnover.amount).sum()),
        band: band
            .map(|band| trading::band_limits(day.reference, band))
            .map(|(low, high)| [price(low), price(high)]),
        bid: best(Side::Buy),
        ask: best(Side::Sell),
        lot: written.quantity(rules.lot),
        price_decimals: state.markets()[instrument.market.index()].rulebook.price.decimals,
        unit_decimals: decimals,
    })
}

/// What an instrument is doing: its order book, or listed trading in its market.
#[must_use]
pub(crate) fn phase(state: &State, id: InstrumentId) -> Phase {
    let Some(instrument) = state.venue().instrument(id) else { return Phase::Closed };
    let rules = state.venue().rules(instrument.market);
    if rules.continuous.is_some() {
        return state.venue().book_phase(id);
    }
    let open = state.venue().is_open(instrument.market, base::Method::Listed);
    if open && !instrument.halted { Phase::Continuous } else { Phase::Closed }
}

fn best_listing(state: &State, id: InstrumentId, side: Side) -> Option<Price> {
    let here =
        state.venue().orders().filter(|(_, order)| order.terms.instrument == id && order.terms.side == side);
    let prices = here.map(|(_, order)| order.terms.price);
    if side == Side::Buy { prices.max() } else { prices.min() }
}

/// How deep.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct Levels {
    /// Prices a side, 1 to 500; 50 where nothing is said.
    #[param(minimum = 1, maximum = 500)]
    pub levels: Option<usize>,
}

fn book(call: &Call, follower: &Follower) -> Answered {
    let id = instrument(follower.state(), call.parameter("instrument"))?;
    let levels = call.query::<Levels>()?.levels.unwrap_or(50);
    if !(1..=LEVELS_MAX).contains(&levels) {
        let rule = format!("levels: 1 to {LEVELS_MAX}, found {levels}");
        return Err(Problem::new(crate::serve::problem::Code::BadQuery, rule));
    }
    let book = BookView::of(follower.state(), id, levels);
    book.map(|book| Reply::json(&book)).ok_or_else(|| Problem::not_found("such instrument"))
}

/// Listings of an instrument that may be picked now: those at the best prices, and the caller's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct Listings {
    /// The record of the log after which it was so.
    pub sequence: u64,
    /// Buyers, the highest price first.
    pub bids: Vec<ListingView>,
    /// Sellers, the lowest price first.
    pub asks: Vec<ListingView>,
}

/// A listing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct ListingView {
    /// Its number.
    pub listing: u64,
    /// The price.
    pub price: String,
    /// What is left of it.
    pub quantity: String,
    /// It is the caller's.
    pub own: bool,
}

fn listings(call: &Call, follower: &Follower) -> Answered {
    let (state, caller) = (follower.state(), call.caller.as_ref());
    let id = instrument(state, call.parameter("instrument"))?;
    let own = |account| caller.is_some_and(|caller| caller.owns(state, account));
    Ok(Reply::json(&listings_view(state, id, own)))
}

/// The listings of an instrument, as someone sees them.
pub(crate) fn listings_view(
    state: &State,
    id: InstrumentId,
    own: impl Fn(base::AccountId) -> bool,
) -> Listings {
    let (bids, asks) = (listed(state, id, Side::Buy, &own), listed(state, id, Side::Sell, &own));
    Listings { sequence: state.sequence().0, bids, asks }
}

fn listed(
    state: &State,
    id: InstrumentId,
    side: Side,
    own: &impl Fn(base::AccountId) -> bool,
) -> Vec<ListingView> {
    let Some(written) = Written::of(state, id) else { return Vec::new() };
    let rules = state.venue().rules(written.market).listing.as_ref();
    let best_prices = rules.map_or(0, |rules| rules.best_prices as usize);
    let here =
        state.venue().orders().filter(|(_, order)| order.terms.instrument == id && order.terms.side == side);
    let mut here: Vec<_> = here.collect();
    let rank = |price: Price| if side == Side::Buy { -price.0 } else { price.0 };
    here.sort_by_key(|(order, listing)| (rank(listing.terms.price), order.0));
    let prices: BTreeSet<i64> = here.iter().map(|(_, listing)| rank(listing.terms.price)).collect();
    let last = prices.iter().nth(best_prices.min(prices.len()).wrapping_sub(1)).copied();
    let view = |(order, listing): &(base::OrderId, &trading::Order)| {
        let own = own(listing.terms.account);
        let (price, quantity) = (written.price(listing.terms.price), written.quantity(listing.left()));
        let seen = own || last.is_some_and(|last| rank(listing.terms.price) <= last);
        seen.then_some(ListingView { listing: order.0, price, quantity, own })
    };
    here.iter().filter_map(view).collect()
}
