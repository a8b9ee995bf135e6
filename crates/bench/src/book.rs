//! The order book alone, in this process: a workload of our own, the same every time, at several depths.
//!
//! Of the messages 45% are new orders, 10% immediate-or-cancel ones, 38% cancellations and 7% amendments, half of which only reduce
//! the quantity. Prices lie around a middle that wanders, most of them near it. Orders are found by their ids, as a venue
//! finds them; orders that traded meanwhile are asked for in vain. What an owner keeps with an order is 32 bytes.

use base::{OrderId, Price, Quantity, Side};
use book::{Book, Orders, Slot};
use serde_json::{Value, json};
use std::time::Instant;

/// What a venue would keep with an order.
type Owner = [u64; 4];

enum Act {
    New,
    ImmediateOrCancel,
    Cancel,
    Reprice,
    Reduce,
}

struct Message {
    act: Act,
    side: Side,
    price: i64,
    quantity: i64,
    /// Chooses one of the orders sent so far.
    which: usize,
}

/// Repeatable numbers (xorshift64*).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 11) % bound
    }

    fn signed(&mut self, bound: u64) -> i64 {
        self.below(bound).cast_signed()
    }
}

fn messages(count: usize, depth: usize) -> Vec<Message> {
    let mut numbers = Numbers(23);
    let spread = (depth as u64 / 100).clamp(50, 5_000);
    let mut middle = 1_000_000;
    let message = |_| {
        middle += numbers.signed(3) - 1;
        let side = if numbers.below(2) == 0 { Side::Buy } else { Side::Sell };
        let away = numbers.signed(spread) * numbers.signed(spread) / spread.cast_signed() + 1;
        let act = match numbers.below(100) {
            0..45 => Act::New,
            45..55 => Act::ImmediateOrCancel,
            55..93 => Act::Cancel,
            93..97 => Act::Reprice,
            _ => Act::Reduce,
        };
        let toward = if matches!(act, Act::ImmediateOrCancel) { 3 } else { -away };
        Message {
            act,
            side,
            price: if side == Side::Buy { middle + toward } else { middle - toward },
            quantity: numbers.signed(100) + 1,
            which: usize::try_from(numbers.below(1 << 40)).unwrap_or(0),
        }
    };
    (0..count).map(message).collect()
}

#[derive(Default)]
struct Market {
    orders: Orders<Owner>,
    book: Book,
    ids: Vec<OrderId>,
    trades: u64,
}

impl Market {
    fn fill(&mut self, side: Side, limit: Price, mut left: Quantity) -> Quantity {
        while left.is_positive() && self.book.crosses(side, limit) {
            let Some(slot) = self.book.front(side.opposite()) else { break };
            let standing = self.orders.get(slot).left;
            self.trades += 1;
            if standing > left {
                self.book.reduce(&mut self.orders, slot, left);
                return Quantity::ZERO;
            }
            left.0 -= standing.0;
            self.book.leave(&mut self.orders, slot);
            self.orders.close(slot);
        }
        left
    }

    fn enter(&mut self, message: &Message) {
        let (side, price) = (message.side, Price(message.price));
        let left = self.fill(side, price, Quantity(message.quantity));
        if !left.is_positive() {
            return;
        }
        if let Some(slot) = self.orders.open(side, price, left, [message.which as u64; 4]) {
            self.book.join(&mut self.orders, slot);
            self.ids.push(self.orders.id(slot));
        }
    }

    /// An order sent before, if it still stands; it is forgotten if it does not, or if it is about to go.
    fn pick(&mut self, which: usize, goes: bool) -> Option<Slot> {
        if self.ids.is_empty() {
            return None;
        }
        let place = which % self.ids.len();
        let found = self.orders.find(self.ids[place]);
        if goes || found.is_none() {
            self.ids.swap_remove(place);
        }
        found
    }

    fn apply(&mut self, message: &Message, depth: usize) {
        match message.act {
            // The depth is kept: what would make the book deeper cancels instead.
            Act::New if self.ids.len() < depth + 2 => self.enter(message),
            Act::New | Act::Cancel => {
                if let Some(slot) = self.pick(message.which, true) {
                    self.book.leave(&mut self.orders, slot);
                    self.orders.close(slot);
                }
            }
            Act::ImmediateOrCancel => {
                self.fill(message.side, Price(message.price), Quantity(message.quantity));
            }
            Act::Reprice => {
                let Some(slot) = self.pick(message.which, false) else { return };
                self.book.leave(&mut self.orders, slot);
                let (side, left) = (self.orders.get(slot).side, self.orders.get(slot).left);
                let price = Price(self.orders.get(slot).price.0 + if side == Side::Buy { -1 } else { 1 });
                self.orders.amend(slot, price, left);
                self.book.join(&mut self.orders, slot);
            }
            Act::Reduce => {
                let Some(slot) = self.pick(message.which, false) else { return };
                if self.orders.get(slot).left.0 > 1 {
                    self.book.reduce(&mut self.orders, slot, Quantity(1));
                }
            }
        }
    }

    /// A market with about `depth` standing orders.
    fn filled(messages: &[Message], depth: usize) -> Self {
        let mut market = Self::default();
        for message in messages.iter().cycle().take(8 * depth.max(messages.len() / 8)) {
            if market.orders.len() >= depth {
                break;
            }
            if matches!(message.act, Act::New) {
                market.enter(message);
            }
        }
        market
    }
}

/// For each depth: messages a second in one go, then nanoseconds a message one by one (with the clock's own cost, given
/// beside), and memory an order.
pub(crate) fn measure(count: usize, depths: &[usize]) -> Value {
    let mut found = serde_json::Map::new();
    let clock = percentiles(&mut (0..100_000).map(|_| nanoseconds(|| ())).collect());
    for &depth in depths {
        let messages = messages(count.max(1), depth);
        let mut market = Market::filled(&messages, depth);
        let bytes = market.orders.len().max(1);
        let bytes = (market.orders.memory_bytes() + market.book.memory_bytes()) / bytes;
        let start = Instant::now();
        for message in &messages {
            market.apply(message, depth);
        }
        let seconds = start.elapsed().as_secs_f64();
        let standing = market.orders.len();
        let mut market = Market::filled(&messages, depth);
        let mut each = messages.iter().map(|message| nanoseconds(|| market.apply(message, depth))).collect();
        found.insert(
            format!("depth_{depth}"),
            json!({
                "messages_per_s": (messages.len() as f64 / seconds).round(),
                "ns_mean": (seconds * 1e9 / messages.len() as f64 * 10.0).round() / 10.0,
                "ns_with_clock": percentiles(&mut each),
                "trades": market.trades,
                "orders_standing": standing,
                "bytes_per_order": bytes,
            }),
        );
    }
    found.insert("ns_of_the_clock".to_owned(), clock);
    Value::Object(found)
}

fn nanoseconds(act: impl FnOnce()) -> u64 {
    let start = Instant::now();
    act();
    u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX)
}

fn percentiles(each: &mut Vec<u64>) -> Value {
    each.sort_unstable();
    let at = |share: usize| each[(each.len() - 1) * share / 1_000];
    json!({"p50": at(500), "p90": at(900), "p99": at(990), "p999": at(999)})
}
