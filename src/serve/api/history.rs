//! What was, from the projection: orders and fills here, what everyone sees of it in `trades.rs`, an account's trail in `trail.rs`.

use super::trades::{CandleView, Span, StatsView, TradeView, candles, stats, trades};
use super::trail::{Trail, TrailPage, trail};
use super::views::{List, Written, account, instrument, local, word};
use crate::projection::{FillFilter, FillRow, Kinds, OrderFilter, OrderRow, Seen, View};
use crate::serve::endpoint::{Allowed, Answered, Call, Endpoint};
use crate::serve::problem::{Code, Problem};
use crate::serve::reply::Reply;
use anyhow::Result;
use base::{AccountId, InstrumentId, OrderId, Timestamp};
use engine::{ClientId, State};
use gateway::read_time;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

const TAG: &str = "history";
/// Items a page where nothing is said, and at most.
pub(super) const PAGE: u32 = 100;
pub(super) const PAGE_MAX: u32 = 1_000;

pub(super) fn endpoints() -> Vec<Endpoint> {
    use Allowed::{MarketData, SignedIn};
    vec![
        Endpoint::looks_up(
            "/v1/instruments/{instrument}/trades",
            MarketData,
            TAG,
            "Trades, the latest first",
            trades,
        )
        .with_query::<Page>()
        .gives_list::<TradeView>(),
        Endpoint::looks_up(
            "/v1/instruments/{instrument}/candles",
            MarketData,
            TAG,
            "Candles, in order of time",
            candles,
        )
        .with_query::<Span>()
        .gives_list::<CandleView>(),
        Endpoint::looks_up("/v1/instruments/{instrument}/stats", MarketData, TAG, "The last 24 hours", stats)
            .gives::<StatsView>(),
        Endpoint::looks_up("/v1/orders", SignedIn, TAG, "Your orders and listings, the latest first", orders)
            .with_query::<WhichOrders>()
            .gives_list::<OrderView>(),
        Endpoint::looks_up(
            "/v1/orders/{order}",
            SignedIn,
            TAG,
            "One order: its number, or id: and your name for it",
            order,
        )
        .gives::<OrderView>(),
        Endpoint::looks_up("/v1/fills", SignedIn, TAG, "What your orders traded, the latest first", fills)
            .with_query::<WhichFills>()
            .gives_list::<FillView>(),
        Endpoint::looks_up(
            "/v1/settlements",
            SignedIn,
            TAG,
            "What was settled for you on a trading day",
            settlements,
        )
        .with_query::<OnDate>()
        .gives_list::<FillView>(),
        Endpoint::looks_up(
            "/v1/accounts/{account}/trail",
            SignedIn,
            TAG,
            "Everything that touched an account, the latest first",
            trail,
        )
        .with_query::<TrailPage>()
        .gives::<Trail>(),
    ]
}

/// Asks the projection.
pub(crate) fn look_up<T>(
    call: &Call,
    ask: impl FnOnce(&mut View<'_>) -> Result<T>,
) -> Result<Seen<T>, Problem> {
    call.app.past.projection.read(ask).map_err(|error| {
        tracing::error!("the projection cannot be read: {error:#}");
        Problem::new(Code::Internal, "the past cannot be looked up now")
    })
}

pub(super) fn limit(limit: Option<u32>) -> Result<u32, Problem> {
    match limit.unwrap_or(PAGE) {
        limit @ 1..=PAGE_MAX => Ok(limit),
        limit => Err(Problem::new(Code::BadQuery, format!("limit: 1 to {PAGE_MAX}, found {limit}"))),
    }
}

pub(super) fn time(name: &str, text: Option<&str>) -> Result<Option<Timestamp>, Problem> {
    let wrong = |why: String| Problem::new(Code::BadQuery, format!("{name}: {why}"));
    text.map(|text| read_time(text).map_err(wrong)).transpose()
}

/// A page of a list that goes back in time.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct Page {
    /// Only what came before this number.
    pub before: Option<u64>,
    /// Items at most, 1 to 1000; 100 where nothing is said.
    #[param(minimum = 1, maximum = 1000)]
    pub limit: Option<u32>,
}

/// The `next` of a page: there may be more where it is full.
pub(super) fn next<T>(items: &[T], limit: u32, place: impl Fn(&T) -> u64) -> Option<u64> {
    if items.len() == limit as usize { items.last().map(place) } else { None }
}

/// Which orders.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct WhichOrders {
    /// `open` or `all`; `open` where nothing is said.
    pub status: Option<String>,
    /// Those of an instrument.
    pub instrument: Option<String>,
    /// Those of an account.
    pub account: Option<String>,
    /// Only those that came with a record before this one.
    pub before: Option<u64>,
    /// Items at most, 1 to 1000; 100 where nothing is said.
    #[param(minimum = 1, maximum = 1000)]
    pub limit: Option<u32>,
}

/// An order or a listing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(super) struct OrderView {
    /// Its number.
    pub order: u64,
    /// The sender's name for it; none where an old log has only its hash.
    pub id: Option<String>,
    /// The record it came with.
    pub sequence: u64,
    /// When.
    pub time: String,
    /// Whose.
    pub account: String,
    /// What.
    pub instrument: String,
    /// `buy` or `sell`.
    pub side: String,
    /// `limit`, `market` or `listing`.
    pub kind: String,
    /// How long it may stand: `day`, `gtc`, `gtd`, `ioc`, `fok`, `at_open` or `at_close`; none of a listing.
    pub life: Option<String>,
    /// Its last day, where its life is `gtd`.
    pub until: Option<String>,
    /// It only adds to the book.
    pub post_only: bool,
    /// What happens where it would meet an order of its owner: `cancel_incoming`, `cancel_resting`, `cancel_both`, `decrement` or
    /// `allow`; none of a listing.
    pub self_trade: Option<String>,
    /// What it must trade at once at the least; none where nothing was said.
    pub minimum: Option<String>,
    /// What of it is shown; none where all is.
    pub display: Option<String>,
    /// The price; none of a market order.
    pub price: Option<String>,
    /// The price at which a stop wakes.
    pub trigger: Option<String>,
    /// How much; of an order for an amount, what it has traded.
    pub quantity: String,
    /// The amount of money that an order is for which is for no quantity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub funds: Option<String>,
    /// Of that amount: what a buyer has paid, fees included, or what a seller was paid, before fees.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spent: Option<String>,
    /// Of it, traded.
    pub filled: String,
    /// Of it, still to trade.
    pub left: String,
    /// Money for what was traded.
    pub amount: String,
    /// Fees for it.
    pub fee: String,
    /// `open`, `filled`, `cancelled`, `expired`, `removed`.
    pub status: String,
    /// Why it ended.
    pub ended: Option<String>,
    /// It is a listing.
    pub listing: bool,
}

fn order_view(state: &State, row: &OrderRow) -> Option<OrderView> {
    let written = Written::of(state, row.instrument)?;
    let priced = row.kind != "market";
    Some(OrderView {
        order: row.order.0,
        id: row.client_id.clone(),
        sequence: row.sequence.0,
        time: local(state, Some(written.market), row.time),
        account: written.names.account(row.account),
        instrument: written.names.instrument(row.instrument),
        side: word(&row.side),
        kind: row.kind.clone(),
        life: row.life.clone(),
        until: row.until.map(|until| until.to_string()),
        post_only: row.post_only,
        self_trade: row.self_trade.clone(),
        minimum: written.part(row.minimum),
        display: written.part(row.display),
        price: priced.then(|| written.price(row.price)),
        trigger: row.trigger.map(|trigger| written.price(trigger)),
        quantity: written.quantity(row.quantity),
        funds: row.funds.map(|funds| written.money(funds.0.into())),
        spent: row.funds.map(|_| written.money(row.spent())),
        filled: written.quantity(row.filled),
        left: written.quantity(row.left),
        amount: written.money(row.amount.0.into()),
        fee: written.money(row.fee.0.into()),
        status: row.status.clone(),
        ended: row.ended.clone(),
        listing: row.kind == "listing",
    })
}

/// What a caller asks about: an account that it may see and an instrument, by name; its own participant where it names no account.
struct Asked {
    account: Option<AccountId>,
    participant: Option<base::ParticipantId>,
    instrument: Option<InstrumentId>,
}

fn asked(call: &Call, account_code: Option<&str>, instrument_code: Option<&str>) -> Result<Asked, Problem> {
    let caller = call.caller()?;
    let follower = call.app.reader.read();
    let state = follower.state();
    let wide = caller.sees_all(state);
    let named =
        account_code.map(|code| account(state, code, |id| wide || caller.owns(state, id))).transpose()?;
    let account = named.or(caller.account);
    let instrument = instrument_code.map(|code| instrument(state, code)).transpose()?;
    Ok(Asked { account, participant: (!wide).then_some(caller.participant), instrument })
}

fn orders(call: &Call) -> Answered {
    let query: WhichOrders = call.query()?;
    let wanted = limit(query.limit)?;
    let open = match query.status.as_deref() {
        None | Some("open") => true,
        Some("all") => false,
        Some(other) => {
            return Err(Problem::new(Code::BadQuery, format!("status: open or all, found {other:?}")));
        }
    };
    let Asked { account, participant, instrument } =
        asked(call, query.account.as_deref(), query.instrument.as_deref())?;
    let (before, kinds) = (query.before, Kinds::Orders);
    let filter = OrderFilter { participant, account, instrument, open, kinds, before, limit: wanted };
    let seen = look_up(call, |view| view.orders(&filter))?;
    let follower = call.app.reader.read();
    let next = next(&seen.value, wanted, |order| order.sequence.0);
    let items = seen.value.iter().filter_map(|row| order_view(follower.state(), row)).collect();
    Ok(Reply::json(&List { sequence: seen.sequence, items, next }).at(seen.sequence))
}

fn order(call: &Call) -> Answered {
    let (caller, text) = (call.caller()?, call.parameter("order"));
    let seen = match text.strip_prefix("id:") {
        Some(id) => look_up(call, |view| view.order_by_client(caller.participant, ClientId::of(id)))?,
        None => {
            let id = OrderId(call.number("order")?);
            look_up(call, |view| view.order(id))?
        }
    };
    let follower = call.app.reader.read();
    let state = follower.state();
    let row = seen.value.filter(|row| caller.sees_account(state, row.account));
    let view = row.and_then(|row| order_view(state, &row));
    let view = view.ok_or_else(|| Problem::not_found(format_args!("order {text:?}")))?;
    Ok(Reply::json(&view).at(seen.sequence))
}

/// Which fills.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct WhichFills {
    /// Those of an instrument.
    pub instrument: Option<String>,
    /// Those of an account.
    pub account: Option<String>,
    /// Those of an order, by its number.
    pub order: Option<u64>,
    /// Only what came before this number.
    pub before: Option<u64>,
    /// Items at most, 1 to 1000; 100 where nothing is said.
    #[param(minimum = 1, maximum = 1000)]
    pub limit: Option<u32>,
}

/// One side of a trade.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(super) struct FillView {
    /// Its number, for the next page.
    pub fill: u64,
    /// The trade.
    pub trade: u64,
    /// The record it came of.
    pub sequence: u64,
    /// When.
    pub time: String,
    /// The trading day.
    pub date: String,
    /// Whose.
    pub account: String,
    /// What.
    pub instrument: String,
    /// `buy` or `sell`.
    pub side: String,
    /// The price.
    pub price: String,
    /// How much.
    pub quantity: String,
    /// Money for it.
    pub amount: String,
    /// The fee; a rebate has a minus sign.
    pub fee: String,
    /// The order.
    pub order: Option<u64>,
    /// How it was traded.
    pub method: String,
    /// `maker` or `taker`; none where nobody took.
    pub role: Option<String>,
    /// The record with which it was settled, delivery against payment.
    pub settled: Option<u64>,
    /// `stands`, `corrected` or `busted`; of one that was taken back this is what it was.
    pub status: String,
    /// The record with which it was last corrected, or taken back.
    pub revised: Option<u64>,
}

fn fill_view(state: &State, row: &FillRow) -> Option<FillView> {
    let written = Written::of(state, row.instrument)?;
    let role = row.aggressor.map(|taker| if taker == row.side { "taker" } else { "maker" });
    Some(FillView {
        fill: row.fill,
        trade: row.trade.0,
        sequence: row.sequence.0,
        time: local(state, Some(written.market), row.time),
        date: row.date.to_string(),
        account: written.names.account(row.account),
        instrument: written.names.instrument(row.instrument),
        side: word(&row.side),
        price: written.price(row.price),
        quantity: written.quantity(row.quantity),
        amount: written.money(row.amount.0.into()),
        fee: written.money(row.fee.0.into()),
        order: row.order.map(|order| order.0),
        method: row.method.clone(),
        role: role.map(str::to_owned),
        settled: row.settled.map(|settled| settled.0),
        status: row.status.clone(),
        revised: row.revised.map(|revised| revised.0),
    })
}

fn page_of_fills(call: &Call, filter: &FillFilter) -> Answered {
    let seen = look_up(call, |view| view.fills(filter))?;
    let follower = call.app.reader.read();
    let next = next(&seen.value, filter.limit, |fill| fill.fill);
    let items = seen.value.iter().filter_map(|row| fill_view(follower.state(), row)).collect();
    Ok(Reply::json(&List { sequence: seen.sequence, items, next }).at(seen.sequence))
}

fn fills(call: &Call) -> Answered {
    let query: WhichFills = call.query()?;
    let Asked { account, participant, instrument } =
        asked(call, query.account.as_deref(), query.instrument.as_deref())?;
    let (order, before, limit) = (query.order.map(OrderId), query.before, limit(query.limit)?);
    page_of_fills(call, &FillFilter { participant, account, instrument, order, date: None, before, limit })
}

/// Which day.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct OnDate {
    /// The trading day; the first market's own where nothing is said.
    pub date: Option<String>,
    /// Those of an account.
    pub account: Option<String>,
    /// Only what came before this number.
    pub before: Option<u64>,
    /// Items at most, 1 to 1000; 100 where nothing is said.
    #[param(minimum = 1, maximum = 1000)]
    pub limit: Option<u32>,
}

fn settlements(call: &Call) -> Answered {
    let query: OnDate = call.query()?;
    let date = match &query.date {
        Some(text) => {
            gateway::read_date(text).map_err(|why| Problem::new(Code::BadQuery, format!("date: {why}")))?
        }
        None => {
            let follower = call.app.reader.read();
            let state = follower.state();
            if state.markets().is_empty() {
                base::Date::default()
            } else {
                state.venue().date(base::MarketId(0))
            }
        }
    };
    let Asked { account, participant, instrument } = asked(call, query.account.as_deref(), None)?;
    let (before, limit) = (query.before, limit(query.limit)?);
    page_of_fills(
        call,
        &FillFilter { participant, account, instrument, order: None, date: Some(date), before, limit },
    )
}
