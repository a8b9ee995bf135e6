//! The matcher against the benchmark's contract, and the queue of reports between two threads.

#![allow(clippy::unwrap_used, clippy::panic)]

use book_abi::abi::{
    CANCEL_ACK, CANCEL_REJECT, Cancel, MODIFY_ACK, MODIFY_REJECT, Modify, NewOrder, ORDER_ACK, Report, TRADE,
};
use book_abi::matcher::{Matcher, Sink};
use book_abi::ring::Ring;
use std::sync::Arc;

#[derive(Default)]
struct Kept(Vec<Report>);

impl Sink for Kept {
    fn push(&mut self, report: Report) {
        self.0.push(report);
    }
}

/// Kind, order (or maker and taker), price and quantity of what one message caused.
fn told(reports: &mut Kept) -> Vec<(u8, u64, u64, i64, u32)> {
    let told = reports.0.drain(..).map(|report| {
        let (first, second) =
            if report.kind == TRADE { (report.maker, report.taker) } else { (report.order_id, 0) };
        (report.kind, first, second, report.price, report.quantity)
    });
    told.collect()
}

const BUY: u8 = 0;
const SELL: u8 = 1;

#[test]
fn a_conversation_as_the_contract_has_it() {
    let (mut matcher, mut sink) = (Matcher::new(), Kept::default());
    let mut sequence = 0;
    let mut new = |matcher: &mut Matcher, sink: &mut Kept, id, side, price, quantity, ioc: bool| {
        sequence += 1;
        matcher.new_order(&NewOrder::new(id, sequence, price, quantity, side, ioc), sink);
        told(sink)
    };
    let far = u64::MAX - 3; // a name that no table has room for
    assert_eq!(new(&mut matcher, &mut sink, 1, SELL, 100, 5, false), [(ORDER_ACK, 1, 0, 100, 5)]);
    assert_eq!(new(&mut matcher, &mut sink, far, SELL, 100, 5, false), [(ORDER_ACK, far, 0, 100, 5)]);
    assert_eq!(new(&mut matcher, &mut sink, 3, SELL, 99, 1, false), [(ORDER_ACK, 3, 0, 99, 1)]);
    // The better price first, then the older order, at the price of the order that stood.
    let want =
        [(ORDER_ACK, 4, 0, 100, 8), (TRADE, 3, 4, 99, 1), (TRADE, 1, 4, 100, 5), (TRADE, far, 4, 100, 2)];
    assert_eq!(new(&mut matcher, &mut sink, 4, BUY, 100, 8, false), want);
    assert_eq!((matcher.best(base::Side::Buy), matcher.best(base::Side::Sell)), (None, Some(100)));
    assert_eq!(matcher.depth(SELL, 100), 3);
    // An immediate-or-cancel order gives back what it cannot trade.
    let want = [(ORDER_ACK, 5, 0, 101, 9), (TRADE, far, 5, 100, 3), (CANCEL_ACK, 5, 0, 101, 6)];
    assert_eq!(new(&mut matcher, &mut sink, 5, BUY, 101, 9, true), want);
    // Who is gone cannot be cancelled or modified; who never was, neither.
    for id in [1, far, 4, 5, 77, 1 << 40] {
        matcher.cancel(&Cancel { order_id: id, sequence: 9 }, &mut sink);
        matcher.modify(&Modify::new(id, 10, 50, 1, BUY), &mut sink);
        assert_eq!(told(&mut sink), [(CANCEL_REJECT, id, 0, 0, 0), (MODIFY_REJECT, id, 0, 0, 0)]);
    }
    // A name can be used again, and a modification loses its place and trades what it meets.
    new(&mut matcher, &mut sink, 1, BUY, 90, 5, false);
    new(&mut matcher, &mut sink, 6, BUY, 90, 5, false);
    matcher.modify(&Modify::new(1, 11, 90, 6, BUY), &mut sink);
    assert_eq!(told(&mut sink), [(MODIFY_ACK, 1, 0, 90, 6)]);
    let want = [(ORDER_ACK, 7, 0, 90, 7), (TRADE, 6, 7, 90, 5), (TRADE, 1, 7, 90, 2)];
    assert_eq!(new(&mut matcher, &mut sink, 7, SELL, 90, 7, false), want);
    new(&mut matcher, &mut sink, 8, SELL, 95, 3, false);
    matcher.modify(&Modify::new(1, 12, 95, 5, BUY), &mut sink);
    assert_eq!(told(&mut sink), [(MODIFY_ACK, 1, 0, 95, 5), (TRADE, 8, 1, 95, 3)]);
    matcher.cancel(&Cancel { order_id: 1, sequence: 13 }, &mut sink);
    assert_eq!(told(&mut sink), [(CANCEL_ACK, 1, 0, 95, 2)]);
    assert_eq!(matcher.best(base::Side::Buy), None);
}

#[test]
fn reports_pass_between_threads_whole_and_in_order() {
    const REPORTS: u64 = 200_000;
    let made = |number: u64| {
        let price = i64::try_from(number).unwrap() - 1_000;
        let quantity = u32::try_from(number % 1_000).unwrap();
        if number.is_multiple_of(3) {
            Report::of_trade(number, price, quantity, number + 1, number + 2)
        } else {
            Report::of_order(MODIFY_ACK, (number % 2) as u8, number, !number, price, quantity)
        }
    };
    // Smaller than what passes through, so that it fills and goes round.
    let ring = Arc::new(Ring::new(300));
    let reader = Arc::clone(&ring);
    let drained = std::thread::spawn(move || {
        let (mut all, mut some) = (Vec::new(), vec![Report::default(); 17]);
        while (all.len() as u64) < REPORTS {
            let taken = reader.drain(&mut some);
            all.extend_from_slice(&some[..taken]);
            if taken == 0 {
                std::thread::yield_now();
            }
        }
        all
    });
    for number in 0..REPORTS {
        while !ring.push(&made(number)) {
            std::thread::yield_now();
        }
    }
    ring.flush();
    let all = drained.join().unwrap();
    assert!((0..REPORTS).map(made).eq(all));
    assert_eq!(ring.drain(&mut [Report::default(); 4]), 0);
}

#[test]
fn a_queue_has_room_for_what_it_was_asked_for_even_if_all_are_trades() {
    let ring = Ring::new(1_000);
    let trades = (0..2_000).take_while(|number| ring.push(&Report::of_trade(*number, 1, 1, 2, 3))).count();
    assert!(trades >= 1_000, "only {trades}");
    assert!(trades < 2_000);
}
