//! What the projection answers, against the state and the reports.

use super::place::{Place, example};
use base::{AccountId, AssetId, InstrumentId, Method, OrderId, Side};
use engine::State;
use huangpu::projection::{FillFilter, Kinds, OrderFilter, Position, Projection, Seen, Step, TrailRow, View};
use std::collections::{BTreeMap, BTreeSet};

fn seen<T>(projection: &Projection, ask: impl FnOnce(&mut View<'_>) -> anyhow::Result<T>) -> T {
    let Seen { value, .. } = projection.read(ask).unwrap();
    value
}

/// Everything that both the state and the projection know.
pub fn agrees(projection: &Projection, state: &State, name: &str) {
    assert_eq!(projection.read(|_| Ok(())).unwrap().sequence, state.sequence().0, "{name}");
    open_orders_are_the_venues(projection, state, name);
    trails_add_up_to_holdings(projection, state, name);
    turnover_is_the_price_lists(projection, state, name);
    alerts_are_those_of_supervision(projection, state, name);
}

fn open_orders_are_the_venues(projection: &Projection, state: &State, name: &str) {
    let filter = OrderFilter { open: true, kinds: Kinds::All, ..OrderFilter::default() };
    let found = seen(projection, |view| view.orders(&filter));
    let found: BTreeMap<u64, _> = found.into_iter().map(|row| (row.order.0, row)).collect();
    let venue = state.venue();
    assert!(found.values().all(|row| row.quantity.0 == row.filled.0 + row.reduced.0 + row.left.0), "{name}");
    let mut standing = 0;
    for order in venue.book_orders() {
        let row = &found[&order.order.0];
        assert_eq!(
            (row.account, row.instrument, row.side),
            (order.account, order.instrument, order.side),
            "{name}"
        );
        assert_eq!((row.price, row.left, row.filled), (order.price, order.left, order.filled), "{name}");
        assert_eq!(row.waiting, order.trigger.is_some() || order.waits_for_close, "{name} {row:?}");
        let kind = if order.kind == trading::OrderKind::Market { "market" } else { "limit" };
        assert_eq!(row.kind, kind, "{name}");
        standing += 1;
    }
    for (id, order) in venue.orders() {
        let row = &found[&id.0];
        assert_eq!(row.kind, "listing");
        assert_eq!(
            (row.account, row.price, row.left),
            (order.terms.account, order.terms.price, order.left())
        );
        assert_eq!((row.filled, row.amount), (order.filled, order.traded), "{name}");
        standing += 1;
    }
    for (id, proposal) in venue.proposals() {
        let row = &found[&id.0];
        assert_eq!(row.kind, "block");
        assert_eq!(
            (row.account, row.counterparty),
            (proposal.terms.account, Some(proposal.terms.counterparty))
        );
        standing += 1;
    }
    for (id, auction) in venue.auctions() {
        let row = &found[&id.0];
        assert_eq!((row.kind.as_str(), row.account), ("auction", auction.terms.account), "{name}");
        standing += 1;
    }
    for (id, bid) in venue.bids() {
        let row = &found[&id.0];
        assert_eq!(
            (row.kind.as_str(), row.account, row.price),
            ("bid", bid.terms.account, bid.terms.price),
            "{name}"
        );
        assert_eq!(row.auction, Some(bid.terms.auction), "{name}");
        standing += 1;
    }
    assert_eq!(found.len(), standing, "{name}");
}

/// The whole trail of an account, page by page.
fn trail(projection: &Projection, account: AccountId, page: u32) -> Vec<TrailRow> {
    let (mut all, mut before) = (Vec::new(), None::<Position>);
    loop {
        let rows = seen(projection, |view| view.trail(account, before, page));
        assert!(rows.len() <= page as usize);
        let Some(last) = rows.last() else { return all };
        before = Some(last.position);
        all.extend(rows);
    }
}

fn trails_add_up_to_holdings(projection: &Projection, state: &State, name: &str) {
    for index in 0..state.registry().accounts().len() {
        let account = AccountId::at(index);
        let mut sums: BTreeMap<AssetId, i128> = BTreeMap::new();
        let rows = trail(projection, account, 50);
        assert!(rows.windows(2).all(|pair| pair[0].position > pair[1].position), "{name}");
        for (asset, change) in rows.iter().flat_map(|row| &row.changes) {
            *sums.entry(*asset).or_default() += i128::from(*change);
        }
        for asset in (0..state.registry().assets().len()).map(AssetId::at) {
            let held = state.registry().ledger().holding(account, asset).total();
            let sum = sums.get(&asset).copied().unwrap_or_default();
            assert_eq!(sum, i128::from(held.0), "{name}: account {account}, asset {asset}");
        }
    }
}

fn turnover_is_the_price_lists(projection: &Projection, state: &State, name: &str) {
    let forever = (base::Timestamp(i64::MIN), base::Timestamp::MAX);
    for (index, instrument) in state.venue().instruments().iter().enumerate() {
        let id = InstrumentId::at(index);
        let days = seen(projection, |view| view.candles(id, Step::Day, forever, 0));
        for step in Step::ALL {
            let parts = seen(projection, |view| view.candles(id, step, forever, 0));
            let sum = |candles: &[huangpu::projection::CandleRow]| {
                candles
                    .iter()
                    .fold((0, 0, 0), |sum, c| (sum.0 + c.volume, sum.1 + c.amount, sum.2 + c.trades))
            };
            assert_eq!(sum(&parts), sum(&days), "{name} {}", step.name());
            assert!(parts.windows(2).all(|pair| pair[0].start < pair[1].start));
        }
        let mut by_day: BTreeMap<i32, [(i128, i128); 3]> = BTreeMap::new();
        let (mut priced, mut revised) = (by_day.clone(), BTreeSet::new());
        let mut before = None;
        loop {
            let trades = seen(projection, |view| view.trades(id, before, 7));
            let Some(last) = trades.last() else { break };
            before = Some(last.trade.0);
            for trade in trades {
                let method = match trade.method.as_str() {
                    "block" => Method::Block,
                    "auction" => Method::Auction,
                    _ => Method::Listed,
                };
                if trade.revised.is_some() {
                    revised.insert(trade.date.0);
                }
                if trade.status == "busted" {
                    continue;
                }
                let count = |turnover: &mut (i128, i128)| {
                    turnover.0 += i128::from(trade.quantity.0);
                    turnover.1 += i128::from(trade.amount.0);
                };
                count(&mut by_day.entry(trade.date.0).or_default()[method.index()]);
                // Without what an owner traded with itself on a book, where that moves no price.
                let day = priced.entry(trade.date.0).or_default();
                let by_owner = state.venue().rules(instrument.market).own == trading::rules::Own::Owner;
                let own = by_owner && state.registry().same_owner(trade.buyer, trade.seller);
                if trade.method != "continuous" || !own {
                    count(&mut day[method.index()]);
                }
            }
        }
        // The candles are of the trades that make prices.
        let listed: Vec<_> = by_day.values().map(|day| day[0]).filter(|(volume, _)| *volume > 0).collect();
        let candles: Vec<_> = days.iter().map(|day| (day.volume, day.amount)).collect();
        assert_eq!(candles, listed, "{name} {}", instrument.code);
        // And they are the price list's, of days past and of today.
        let today = state.venue().list_date(instrument.market);
        let past = instrument.past.iter().map(|(date, turnover)| (date.0, *turnover));
        let now = (today.0, instrument.day.turnover);
        let all: BTreeMap<i32, [trading::Turnover; 3]> = past.chain([now]).collect();
        for (date, turnover) in &all {
            // What is kept of a day that ended is what made prices, and it stays when a trade of it is taken back later.
            let is_past = *date != today.0;
            if is_past && revised.contains(date) {
                continue;
            }
            let found = if is_past { &priced } else { &by_day }.get(date).copied().unwrap_or_default();
            let expected = turnover.map(|turnover| (turnover.volume, turnover.amount));
            assert_eq!(found, expected, "{name} {} {}", instrument.code, base::Date(*date));
        }
        assert!(by_day.keys().all(|date| all.contains_key(date)), "{name}");
        if let (Some(last), Some(high)) = (days.last(), instrument.day.high)
            && all.get(&today.0).is_some_and(|turnover| turnover[0].volume > 0)
        {
            assert_eq!((Some(last.open), last.high), (instrument.day.open, high), "{name}");
            assert_eq!(
                (Some(last.low), Some(last.close)),
                (instrument.day.low, instrument.day.last),
                "{name}"
            );
        }
    }
}

fn alerts_are_those_of_supervision(projection: &Projection, state: &State, name: &str) {
    let mut found = seen(projection, |view| view.alerts(None, None, 0));
    found.reverse();
    let expected = state.watch().alerts();
    assert_eq!(found.len(), expected.len(), "{name}");
    for (row, alert) in found.iter().zip(expected) {
        assert_eq!(
            (row.alert, row.participant, row.instrument),
            (alert.id, alert.participant, alert.instrument)
        );
        assert_eq!((row.measured, row.threshold, row.date), (alert.measured, alert.threshold, alert.date));
        assert_eq!(row.records, alert.records.iter().map(|record| record.0).collect::<Vec<_>>());
    }
}

#[test]
fn the_examples_agree_with_their_state() {
    for name in ["carbon", "bond-continuous", "side-by-side"] {
        let log = example(name);
        for place in Place::all(&format!("agrees_{}", name.replace('-', "_"))) {
            let (projection, state) = log.feed(&place.url(), 50);
            agrees(&projection, &state, name);
        }
    }
}

#[test]
fn fills_are_the_two_sides_of_trades_and_add_up_to_orders_and_statements() {
    for name in ["carbon", "bond-continuous"] {
        let log = example(name);
        for place in Place::all(&format!("fills_{}", name.replace('-', "_"))) {
            let (projection, state) = log.feed(&place.url(), 50);
            let all = seen(&projection, |view| view.fills(&FillFilter::default()));
            let trades: BTreeMap<u64, _> = (0..state.venue().instruments().len())
                .flat_map(|index| seen(&projection, |view| view.trades(InstrumentId::at(index), None, 0)))
                .map(|trade| (trade.trade.0, trade))
                .collect();
            assert_eq!(all.len(), trades.len() * 2);
            assert!(all.windows(2).all(|pair| pair[0].fill > pair[1].fill));
            for fill in &all {
                let trade = &trades[&fill.trade.0];
                let account = if fill.side == Side::Buy { trade.buyer } else { trade.seller };
                assert_eq!((fill.account, fill.price, fill.quantity), (account, trade.price, trade.quantity));
                assert_eq!(fill.settled, Some(fill.sequence), "settlement is gross and at once");
            }
            let mut of_everyone = Vec::new();
            for participant in (0..state.registry().participants().len()).map(base::ParticipantId::at) {
                let mut before = None;
                loop {
                    let filter = FillFilter {
                        participant: Some(participant),
                        before,
                        limit: 3,
                        ..FillFilter::default()
                    };
                    let page = seen(&projection, |view| view.fills(&filter));
                    let Some(last) = page.last() else { break };
                    before = Some(last.fill);
                    of_everyone.extend(page);
                }
                statement_agrees(&projection, &state, participant);
            }
            of_everyone.sort_by_key(|fill| std::cmp::Reverse(fill.fill));
            assert_eq!(of_everyone, all);
            orders_add_up(&projection);
        }
    }
}

fn statement_agrees(projection: &Projection, state: &State, participant: base::ParticipantId) {
    for market in (0..state.markets().len()).map(base::MarketId::at) {
        let (date, lines) = state.clearing().statements(market);
        let found = seen(projection, |view| view.statement(participant, date));
        for (_, instrument, line) in lines.filter(|(who, ..)| *who == participant) {
            let row = found[&instrument];
            assert_eq!((row.bought, row.sold, row.paid), (line.bought, line.sold, line.paid));
            assert_eq!((row.received, row.fees), (line.received, line.fees));
        }
    }
}

fn orders_add_up(projection: &Projection) {
    let orders = seen(projection, |view| view.orders(&OrderFilter::default()));
    assert!(!orders.is_empty());
    for order in orders {
        let filter = FillFilter { order: Some(order.order), ..FillFilter::default() };
        let fills = seen(projection, |view| view.fills(&filter));
        let sum = fills.iter().fold((0, 0, 0), |sum, fill| {
            (sum.0 + fill.quantity.0, sum.1 + fill.amount.0, sum.2 + fill.fee.0)
        });
        assert_eq!((order.filled.0, order.amount.0, order.fee.0), sum, "{order:?}");
        assert!(fills.iter().all(|fill| fill.side == order.side && fill.account == order.account));
        let one = seen(projection, |view| view.order(order.order)).unwrap();
        assert_eq!(one, order);
        let client = engine::ClientId::of(order.client_id.as_deref().unwrap());
        assert_eq!(seen(projection, |view| view.order_by_client(order.actor, client)).unwrap(), order);
        assert_eq!(order.status == "open", order.left.0 > 0, "{order:?}");
        assert_eq!(order.status == "open", order.ended_sequence.is_none(), "{order:?}");
        if order.status == "filled" {
            assert_eq!(order.filled, order.quantity, "{order:?}");
        }
    }
    assert_eq!(seen(projection, |view| view.order(OrderId(u64::MAX))), None);
}

#[test]
fn the_log_is_there_record_by_record_as_the_log_command_prints_it() {
    let log = example("bond-continuous");
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_huangpu"))
        .args(["log", "--json"])
        .arg(log.dir.root())
        .output()
        .unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    let printed: Vec<serde_json::Value> =
        printed.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for place in Place::all("records") {
        let (projection, _) = log.feed(&place.url(), 50);
        let (mut records, mut after) = (Vec::new(), 0);
        loop {
            let page = seen(&projection, |view| view.records(after, 9));
            let Some(last) = page.last() else { break };
            after = last.sequence.0;
            records.extend(page);
        }
        assert_eq!(records.len(), printed.len());
        for (record, line) in records.iter().zip(&printed) {
            assert_eq!(line["record"], record.sequence.0);
            assert_eq!(line["id"].as_str(), record.client_id.as_deref());
            assert_eq!(line["do"], record.command.as_str());
            let command: serde_json::Value = serde_json::from_str(&record.json).unwrap();
            for (field, value) in command.as_object().unwrap() {
                assert_eq!(line[field], *value, "record {}", record.sequence);
            }
            let events: Vec<serde_json::Value> =
                record.events.iter().map(|event| serde_json::from_str(&event.json).unwrap()).collect();
            assert_eq!(line["events"], serde_json::Value::Array(events), "record {}", record.sequence);
            let refused = line["events"].as_array().unwrap().iter().find_map(|event| event.get("refused"));
            let field = |name: &str| refused.map(|refused| refused[name].as_str().unwrap().to_owned());
            assert_eq!((&record.stage, &record.reason), (&field("stage"), &field("reason")));
            assert!(record.events.iter().all(events_kind));
        }
        let one = seen(&projection, |view| view.record(17)).unwrap();
        assert_eq!(one, records[16]);
        assert_eq!(seen(&projection, |view| view.record(0)), None);
        assert_eq!(seen(&projection, |view| view.record(1 << 40)), None);
        let time = one.time;
        let at = seen(&projection, |view| view.sequence_at(time));
        assert!(records[usize::try_from(at).unwrap() - 1].time == time);
    }
}

fn events_kind(event: &huangpu::projection::EventRow) -> bool {
    let json: serde_json::Value = serde_json::from_str(&event.json).unwrap();
    json.as_object().unwrap().contains_key(&event.kind)
}
