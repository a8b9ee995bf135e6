//! The path of an order allocates nothing once the market has warmed up: counted, not timed.

#![allow(clippy::unwrap_used)] // a test that cannot go on has failed

mod support;

use base::{AccountId, InstrumentId, OrderId, Price, Quantity, Side};
use engine::{ClientId, ClientKey, Command, Envelope, Event, Events, Record, State};
use support::book_market::{BookMarket, TRADERS};
use trading::{AmendOrder, CancelOrder, EnterOrder, Life};

/// One round of business that leaves the book as it found it: orders that rest, are amended, trade in part and in full, at once and
/// as makers, and are cancelled.
fn round(state: &mut State, events: &mut Events, number: &mut u64) {
    let instrument = InstrumentId(0);
    let account = |n: u64| AccountId(1 + u32::try_from(n % u64::from(TRADERS)).unwrap());
    let mut send = |state: &mut State, account: AccountId, command: Command| -> Option<OrderId> {
        *number += 1;
        let mut id = [0; 16];
        id[..8].copy_from_slice(&number.to_le_bytes());
        let envelope = Envelope {
            actor: BookMarket::owner(account),
            user: base::UserId::NOBODY,
            client_id: ClientId::known_by(ClientKey(id)),
            door: engine::Door::Unsaid,
            command,
        };
        let record = Record {
            sequence: base::Sequence(state.sequence().0 + 1),
            time: base::Timestamp(state.time().0 + 1_000),
            envelope,
        };
        state.apply(&record, events);
        assert_eq!(events.refusal(), None);
        events.as_slice().iter().find_map(|event| match event {
            Event::Trading(trading::Event::OrderEntered { order, .. }) => Some(*order),
            _ => None,
        })
    };
    for step in 0..8_u64 {
        let (maker, taker) = (account(step), account(step + 3));
        let price = |away: i64| Price(BookMarket::REFERENCE + away);
        let enter = |account, side, away, quantity, life| {
            let order = EnterOrder::limit(account, instrument, side, price(away), Quantity(quantity));
            Command::EnterOrder(EnterOrder { life, ..order })
        };
        let buy = send(state, maker, enter(maker, Side::Buy, -1, 10, Life::Day)).unwrap();
        let sell = send(state, maker, enter(maker, Side::Sell, 1, 10, Life::Day)).unwrap();
        let far = send(state, taker, enter(taker, Side::Buy, -9, 10, Life::Day)).unwrap();
        let amend = |order, away, quantity| AmendOrder {
            account: taker,
            order,
            price: price(away),
            quantity: Quantity(quantity),
        };
        send(state, taker, Command::AmendOrder(amend(far, -9, 6)));
        send(state, taker, Command::AmendOrder(amend(far, -8, 12)));
        send(state, taker, enter(taker, Side::Sell, -1, 4, Life::Immediate));
        send(state, taker, enter(taker, Side::Buy, 1, 25, Life::Immediate));
        send(state, maker, Command::CancelOrder(CancelOrder { account: maker, order: buy }));
        send(state, taker, Command::CancelOrder(CancelOrder { account: taker, order: far }));
        assert!(state.venue().book_order(sell).is_none(), "it was bought");
    }
}

#[test]
fn an_order_allocates_nothing_once_the_market_is_warm() {
    let mut state = BookMarket::open();
    let (mut events, mut number) = (Events::new(), 0);
    for _ in 0..50 {
        round(&mut state, &mut events, &mut number);
    }
    let kept = |state: &State| state.clearing().all_kept(base::MarketId(0)).count();
    let before = kept(&state);
    let counted = allocation_counter::measure(|| {
        for _ in 0..200 {
            round(&mut state, &mut events, &mut number);
        }
    });
    // Trades that can still be corrected are kept, in blocks of 4,096.
    let blocks = kept(&state).div_ceil(4_096) - before.div_ceil(4_096);
    let allowed = 2 * u64::try_from(blocks).unwrap();
    assert!(counted.count_total <= allowed, "{} allocations in {number} commands", counted.count_total);
    // The counter counts: a first order in a new market does allocate.
    let mut state = BookMarket::open();
    let counted = allocation_counter::measure(|| round(&mut state, &mut Events::new(), &mut 0));
    assert!(counted.count_total > 0);
}
