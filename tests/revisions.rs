//! Trades that are taken back: whatever was traded, everything is conserved, and what is taken back leaves everyone as before; and two
//! operators do it at a node that serves.

#![allow(clippy::unwrap_used, clippy::panic, dead_code, unreachable_pub)] // tests, also outside the functions marked so

mod common;
mod support;

use base::{AccountId, AssetId, InstrumentId, Price, Quantity, Side, TradeId};
use common::Served;
use common::client::Client;
use engine::{ClientId, Command, Door, Envelope, Event, Events, OPERATOR, Record, State};
use proptest::prelude::*;
use serde_json::{Value, json};
use support::book_market::{BookMarket, TRADERS};
use trading::{BustTrade, CorrectTrade, EnterOrder, Event as T};

/// What someone does.
#[derive(Clone, Debug)]
enum Act {
    Enter { trader: u32, buys: bool, away: i64, quantity: i64 },
    Bust { nth: usize },
    Correct { nth: usize, price: Option<i64>, less: i64 },
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        6 => (1..=TRADERS, any::<bool>(), -3_i64..4, 1_i64..60)
            .prop_map(|(trader, buys, away, quantity)| Act::Enter { trader, buys, away, quantity }),
        1 => any::<prop::sample::Index>().prop_map(|at| Act::Bust { nth: at.index(64) }),
        1 => (any::<prop::sample::Index>(), prop::option::of(9_000_i64..11_000), 0_i64..20)
            .prop_map(|(at, price, less)| Act::Correct { nth: at.index(64), price, less }),
    ]
}

fn send(state: &mut State, events: &mut Events, account: Option<AccountId>, command: Command) {
    let actor = account.map_or(OPERATOR, BookMarket::owner);
    let number = state.sequence().0 + 1;
    let client_id = ClientId::of(&format!("r{number}"));
    let envelope = Envelope { actor, user: base::UserId::NOBODY, client_id, door: Door::Unsaid, command };
    let time = base::Timestamp(state.time().0 + 1_000_000);
    state.apply(&Record { sequence: base::Sequence(number), time, envelope }, events);
}

/// What every account has of money and of the asset, in all.
fn holdings(state: &State) -> Vec<[i64; 2]> {
    let of = |account, asset| state.registry().ledger().holding(account, AssetId(asset)).total().0;
    (0..=TRADERS).map(|n| [of(AccountId(n), 0), of(AccountId(n), 1)]).collect()
}

/// Units and money that the trades which stand have turned over, and the last price.
fn counted(state: &State) -> (i128, i128, Option<Price>) {
    let date = state.venue().list_date(base::MarketId(0));
    let standing = || state.clearing().standing(base::MarketId(0), date);
    let volume = standing().map(|kept| i128::from(kept.quantity.0)).sum();
    let amount = standing().map(|kept| i128::from(kept.quantity.0) * i128::from(kept.price.0)).sum();
    (volume, amount, standing().filter(|kept| !kept.own).last().map(|kept| kept.price))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn what_is_taken_back_leaves_everyone_as_before(acts in prop::collection::vec(act(), 1..120)) {
        let (mut state, mut events, mut made) = (BookMarket::open(), Events::new(), 0_u64);
        let before = holdings(&state);
        let total = |state: &State| holdings(state).iter().fold([0, 0], |sum, of| [sum[0] + of[0], sum[1] + of[1]]);
        let whole = total(&state);
        for act in acts {
            match act {
                Act::Enter { trader, buys, away, quantity } => {
                    let (account, side) = (AccountId(trader), if buys { Side::Buy } else { Side::Sell });
                    let price = Price(BookMarket::REFERENCE + away);
                    let order = EnterOrder::limit(account, InstrumentId(0), side, price, Quantity(quantity));
                    send(&mut state, &mut events, Some(account), Command::EnterOrder(order));
                }
                Act::Bust { nth } => {
                    let trade = TradeId(nth as u64 + 1);
                    send(&mut state, &mut events, None, Command::BustTrade(BustTrade { trade, reason: String::new() }));
                }
                Act::Correct { nth, price, less } => {
                    let trade = TradeId(nth as u64 + 1);
                    let stands = state.clearing().kept(trade).map_or(1, |(_, _, kept)| kept.quantity.0);
                    let correct = CorrectTrade {
                        trade,
                        price: price.map(Price),
                        quantity: Some(Quantity(stands - less)),
                        reason: String::new(),
                    };
                    send(&mut state, &mut events, None, Command::CorrectTrade(correct));
                }
            }
            let fills = events.as_slice().iter().filter(|event| matches!(event, Event::Trading(T::Filled { .. })));
            made += fills.count() as u64;
            prop_assert_eq!(total(&state), whole);
            prop_assert!(state.registry().ledger().audit().is_empty());
            let day = &state.venue().instruments()[0].day;
            prop_assert_eq!((day.turnover[0].volume, day.turnover[0].amount, day.last), counted(&state));
        }
        // In the end everything is taken back, the last trade first; orders that stand give back what they hold.
        for trade in (1..=made).rev().map(TradeId) {
            if state.clearing().kept(trade).is_some_and(|(_, _, kept)| !kept.busted) {
                send(&mut state, &mut events, None, Command::BustTrade(BustTrade { trade, reason: String::new() }));
                prop_assert_eq!(events.refusal(), None);
            }
        }
        prop_assert_eq!(holdings(&state), before);
        prop_assert_eq!(counted(&state), (0, 0, None));
    }
}

/// What an account holds in all, asset by asset: what its orders of the day before held is free by now.
fn held(client: &Client, account: &str) -> Vec<(Value, Value)> {
    let all = client.get(&format!("/v1/accounts/{account}/holdings")).good()["items"].clone();
    all.as_array().unwrap().iter().map(|one| (one["asset"].clone(), one["total"].clone())).collect()
}

/// Proposed by one operator, approved by the other.
fn by_two(served: &Served, command: &str, body: &Value) {
    let (first, second) = (served.program("operator1"), served.program("operator2"));
    let proposed = first.post(&format!("/v1/commands/{command}"), body).good();
    let path = format!("/v1/acts/{}/approve", proposed["act"]);
    assert_eq!(first.post(&path, &json!({})).json()["reason"], "same_person");
    second.post(&path, &json!({})).good();
}

#[test]
fn two_operators_take_a_trade_back_at_a_node_that_serves() {
    let served = Served::start();
    let (seller, buyer) = (served.program("trader"), served.program("other"));
    let before = [held(&seller, "DJ"), held(&buyer, "HM")];
    let order = |account: &str, side: &str| json!({ "account": account, "instrument": "B2609", "side": side, "price": "98.61", "quantity": 2000, "life": "day" });
    seller.post("/v1/orders", &order("DJ", "sell")).good();
    buyer.post("/v1/orders", &order("HM", "buy")).good();
    let newest = || buyer.get("/v1/fills?limit=1").good()["items"][0].clone();
    let made = newest();
    assert_eq!(
        (&made["status"], &made["quantity"], &made["revised"]),
        (&json!("stands"), &json!("2000"), &json!(null))
    );
    let trade = made["trade"].as_u64().unwrap();
    let candles = || {
        buyer.get("/v1/instruments/B2609/candles?interval=1d").good()["items"]
            .as_array()
            .unwrap()
            .last()
            .cloned()
    };
    let (day, volume) =
        (candles().unwrap(), |candle: &Value| candle["volume"].as_str().unwrap().parse::<u64>().unwrap());

    // One alone may not, and no one else.
    let bust = json!({ "trade": trade, "reason": "a slip" });
    assert_eq!(served.program("trader").post("/v1/commands/bust_trade", &bust).status, 403);
    // What is refused whoever asks is refused before it is proposed.
    let none = json!({ "trade": 999, "reason": "none such" });
    assert_eq!(
        served.program("operator1").post("/v1/commands/bust_trade", &none).json()["reason"],
        "trade_unknown"
    );

    by_two(
        &served,
        "correct_trade",
        &json!({ "trade": trade, "price": "98.60", "quantity": "1000", "reason": "half of it, at 98.60" }),
    );
    let corrected = newest();
    assert_eq!(
        (&corrected["status"], &corrected["quantity"], &corrected["price"]),
        (&json!("corrected"), &json!("1000"), &json!("98.60"))
    );
    assert_eq!(volume(&candles().unwrap()), volume(&day) - 1000);

    by_two(&served, "bust_trade", &bust);
    assert_eq!([held(&seller, "DJ"), held(&buyer, "HM")], before);
    let busted = newest();
    assert_eq!((&busted["status"], &busted["quantity"]), (&json!("busted"), &json!("1000")));
    assert!(busted["revised"].as_u64() > corrected["revised"].as_u64());
    let told = buyer.get("/v1/instruments/B2609/trades?limit=1").good()["items"][0].clone();
    assert_eq!((&told["trade"], &told["status"]), (&json!(trade), &json!("busted")));
    let again = served.program("operator1").post("/v1/commands/bust_trade", &bust).json();
    assert_eq!((&again["stage"], &again["reason"]), (&json!("revise"), &json!("already_busted")));
}
