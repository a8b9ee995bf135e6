//! Real order flow through the book: a LOBSTER message file (NASDAQ), and its order-book file to begin with and compare with.
//!
//! A message is time, type, id of the order, size, price and direction; an order-book row is ask price, ask size, bid price, bid
//! size, level by level, after the message of the same row. Both as lobsterdata.com documents them. The first row seeds
//! the levels whose orders were sent before the file starts; what stands outside its levels cannot be known, and the
//! book is not patched when it comes into view later.

use anyhow::{Context, bail, ensure};
use base::{Price, Quantity, Side};
use book::{Book, Orders, Slot};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::str::FromStr;

/// What stands in the file for the price of a level that is not there.
const NOTHING: i64 = 9_999_999_999;

/// A row of the message file.
#[derive(Clone, Copy, Debug)]
struct Message {
    kind: Kind,
    order: u64,
    size: Quantity,
    price: Price,
    /// The side of the standing order.
    side: Side,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Submission,
    PartialCancellation,
    Deletion,
    Execution,
    /// A hidden execution, a cross or a halt: the visible book does not change.
    Unseen,
}

/// The best price and size of a side.
type Best = Option<(i64, i64)>;

/// The orders that are known, and the book they stand in. An order that was sent before the file starts has no name.
#[derive(Default)]
struct Replay {
    orders: Orders<Option<u64>>,
    book: Book,
    slots: BTreeMap<u64, Slot>,
    executions_known: u64,
    executions_same_order: u64,
}

impl Replay {
    fn stand(&mut self, name: Option<u64>, side: Side, price: Price, size: Quantity) -> anyhow::Result<()> {
        ensure!(self.book.has_room(side, price, size), "the sizes at price {price} add up to more than 2^63");
        let slot = self.orders.open(side, price, size, name).context("more orders than the table holds")?;
        self.book.join(&mut self.orders, slot);
        if let Some(name) = name {
            self.slots.insert(name, slot);
        }
        Ok(())
    }

    /// Takes up to `size` off an order, and the order out of the book when nothing is left.
    fn take(&mut self, slot: Slot, size: Quantity) -> Quantity {
        let order = self.orders.get(slot);
        let (left, name) = (order.left, order.owner);
        if size < left {
            self.book.reduce(&mut self.orders, slot, size);
            return size;
        }
        self.book.leave(&mut self.orders, slot);
        self.orders.close(slot);
        if let Some(name) = name {
            self.slots.remove(&name);
        }
        left
    }

    /// Fills an incoming order against the other side up to its limit. What is left, and whether nothing but the order `only`
    /// was filled.
    fn fill(&mut self, side: Side, limit: Price, mut size: Quantity, only: Option<u64>) -> (Quantity, bool) {
        let mut same = true;
        while size.is_positive() && self.book.crosses(side, limit) {
            let Some(slot) = self.book.front(side.opposite()) else { break };
            same &= self.orders.get(slot).owner == only;
            size.0 -= self.take(slot, size).0;
        }
        (size, same && size == Quantity::ZERO)
    }

    fn apply(&mut self, message: &Message) -> anyhow::Result<()> {
        let &Message { kind, order, size, price, side } = message;
        match kind {
            Kind::Submission => {
                let (left, _) = self.fill(side, price, size, None);
                if left.is_positive() {
                    self.stand(Some(order), side, price, left)?;
                }
            }
            Kind::PartialCancellation | Kind::Deletion => {
                // One without a name is a part of what the first row showed at this price.
                let seeded =
                    || self.book.front_at(side, price).filter(|slot| self.orders.get(*slot).owner.is_none());
                if let Some(slot) = self.slots.get(&order).copied().or_else(seeded) {
                    self.take(slot, size);
                }
            }
            Kind::Execution => {
                let known = self.slots.contains_key(&order);
                let (_, same) = self.fill(side.opposite(), price, size, Some(order));
                self.executions_known += u64::from(known);
                self.executions_same_order += u64::from(known && same);
            }
            Kind::Unseen => {}
        }
        Ok(())
    }

    /// The first row, of which the first message is already a part.
    fn seed(&mut self, row: &[i64], first: &Message) -> anyhow::Result<()> {
        for level in row.chunks_exact(4) {
            let &[ask, ask_size, bid, bid_size] = level else { continue };
            for (side, price, mut size) in [(Side::Sell, ask, ask_size), (Side::Buy, bid, bid_size)] {
                if price.abs() == NOTHING {
                    continue;
                }
                let own = first.kind == Kind::Submission && (first.side, first.price.0) == (side, price);
                if own {
                    size -= first.size.0;
                }
                if size > 0 {
                    self.stand(None, side, Price(price), Quantity(size))?;
                }
                if own && size >= 0 {
                    self.stand(Some(first.order), side, Price(price), first.size)?;
                }
            }
        }
        Ok(())
    }

    fn row(&self, levels: usize) -> Vec<i64> {
        let mut row = Vec::with_capacity(4 * levels);
        let side = |side, nothing| {
            let standing = self.book.levels(side).map(|(price, level)| [price.0, level.quantity.0]);
            standing.chain(std::iter::repeat([nothing, 0])).take(levels)
        };
        for (ask, bid) in side(Side::Sell, NOTHING).zip(side(Side::Buy, -NOTHING)) {
            row.extend(ask.into_iter().chain(bid));
        }
        row
    }
}

/// The best bid and offer of a row.
fn best(row: &[i64]) -> [Best; 2] {
    let level = |at: usize| match (row.get(at), row.get(at + 1)) {
        (Some(price), Some(size)) if price.abs() != NOTHING => Some((*price, *size)),
        _ => None,
    };
    [level(0), level(2)]
}

/// Rows of a file without a header, whose errors name the file, the line and the column.
struct Rows {
    reader: csv::Reader<File>,
    name: String,
    record: csv::StringRecord,
}

impl Rows {
    fn open(path: &Path) -> anyhow::Result<Self> {
        let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
        let reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(file);
        Ok(Self { reader, name: path.display().to_string(), record: csv::StringRecord::new() })
    }

    /// Whether there was another row.
    fn next(&mut self) -> anyhow::Result<bool> {
        let line = self.reader.position().line();
        let read = self.reader.read_record(&mut self.record);
        read.with_context(|| format!("{}:{line}: not a row of text", self.name))
    }

    fn line(&self) -> u64 {
        self.record.position().map_or(1, csv::Position::line)
    }

    /// A field, by its number from 0.
    fn field<F: FromStr>(&self, column: usize, what: &str) -> anyhow::Result<F> {
        let place = || format!("{}:{}: column {}", self.name, self.line(), column + 1);
        let Some(text) = self.record.get(column) else { bail!("{}: {what} is missing", place()) };
        text.trim().parse().ok().with_context(|| format!("{}: {what} is not {text:?}", place()))
    }

    fn message(&self) -> anyhow::Result<Message> {
        let columns = self.record.len();
        ensure!(columns == 6, "{}:{}: a message has 6 columns, not {columns}", self.name, self.line());
        let _seconds: f64 = self.field(0, "a time in seconds")?;
        let at = |column: usize| format!("{}:{}: column {column}", self.name, self.line());
        let kind = match self.field::<u8>(1, "a type from 1 to 7")? {
            1 => Kind::Submission,
            2 => Kind::PartialCancellation,
            3 => Kind::Deletion,
            4 => Kind::Execution,
            5..=7 => Kind::Unseen,
            other => bail!("{}: a type from 1 to 7 is not {other}", at(2)),
        };
        let message = Message {
            kind,
            order: if kind == Kind::Unseen { 0 } else { self.field(2, "the id of an order")? },
            size: Quantity(self.field(3, "a size")?),
            price: Price(self.field(4, "a price")?),
            side: match self.field::<i8>(5, "a direction (1 or -1)")? {
                1 => Side::Buy,
                -1 => Side::Sell,
                other => bail!("{}: a direction (1 or -1) is not {other}", at(6)),
            },
        };
        let seen = kind != Kind::Unseen;
        ensure!(!seen || message.size.is_positive(), "{}: a size is above zero, not {}", at(4), message.size);
        Ok(message)
    }

    fn levels(&self) -> anyhow::Result<Vec<i64>> {
        let columns = self.record.len();
        ensure!(
            columns > 0 && columns.is_multiple_of(4),
            "{}:{}: a row of the book has four columns a level, not {columns} in all",
            self.name,
            self.line()
        );
        let row: Vec<i64> =
            (0..columns).map(|column| self.field(column, "a price or a size")).collect::<Result<_, _>>()?;
        if let Some(column) = (1..columns).step_by(2).find(|column| row[*column] < 0) {
            bail!("{}:{}: column {}: a size is not below zero", self.name, self.line(), column + 1);
        }
        Ok(row)
    }
}

/// Replays `messages` and writes the `levels` best levels after each to `out`. When `first_book` has more than its first row, the
/// best bid and offer (price and size) after each message are compared with it.
pub(crate) fn replay(messages: &Path, first_book: &Path, levels: usize, out: &Path) -> anyhow::Result<Value> {
    let (mut rows, mut books) = (Rows::open(messages)?, Rows::open(first_book)?);
    let bytes = std::fs::metadata(messages)?.len();
    let style = ProgressStyle::with_template("{bar:40} {percent}% {eta}")?;
    let progress = ProgressBar::new(bytes).with_style(style);
    let file = File::create(out).with_context(|| format!("cannot write {}", out.display()))?;
    let mut written = csv::WriterBuilder::new().from_writer(BufWriter::new(file));
    let (mut replay, mut count, mut compared, mut alike) = (Replay::default(), 0_u64, 0_u64, 0_u64);
    ensure!(books.next()?, "{}: no row to begin with", first_book.display());
    let mut known = Some(books.levels()?);
    while rows.next()? {
        let message = rows.message()?;
        if count == 0 {
            replay.seed(known.as_deref().unwrap_or_default(), &message)
        } else {
            known = if known.is_some() && books.next()? { Some(books.levels()?) } else { None };
            replay.apply(&message)
        }
        .with_context(|| format!("{}:{}", messages.display(), rows.line()))?;
        let row = replay.row(levels.max(1));
        if let Some(known) = &known {
            compared += 1;
            alike += u64::from(best(&row) == best(known));
        }
        let columns = (4 * levels).min(row.len());
        written.write_record(row[..columns].iter().map(i64::to_string))?;
        count += 1;
        if count.is_multiple_of(4_096) {
            progress.set_position(rows.reader.position().byte());
        }
    }
    progress.finish_and_clear();
    written.into_inner()?.flush().with_context(|| format!("cannot write {}", out.display()))?;
    let mut found = json!({
        "messages": count,
        "executions_known": replay.executions_known,
        "executions_same_order": replay.executions_same_order,
    });
    if compared > 1 {
        found["best_states"] = alike.into();
        found["best_states_compared"] = compared.into();
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn run(messages: &str, books: &str) -> anyhow::Result<(Value, String)> {
        let dir = tempfile::tempdir()?;
        let [m, b, out] = ["messages.csv", "books.csv", "out.csv"].map(|name| dir.path().join(name));
        fs::write(&m, messages)?;
        fs::write(&b, books)?;
        let found = replay(&m, &b, 2, &out)?;
        Ok((found, fs::read_to_string(&out)?))
    }

    /// A submission that the first row shows already, one behind it, a part of the first executed, the rest cancelled in part, an
    /// execution of an order from before the file, a hidden one, and a deletion.
    const MESSAGES: &str = "1.0,1,11,10,1000,1\n1.1,1,12,5,1000,1\n1.2,4,11,4,1000,1\n1.3,2,11,1,1000,1\n\
                            1.4,4,7,3,1010,-1\n1.5,5,0,9,1005,1\n1.6,3,12,5,1000,1\n";
    const BOOKS: &str = "1010,3,1000,10,9999999999,0,990,7\n1010,3,1000,15,9999999999,0,990,7\n\
                         1010,3,1000,11,9999999999,0,990,7\n1010,3,1000,10,9999999999,0,990,7\n\
                         9999999999,0,1000,10,9999999999,0,990,7\n9999999999,0,1000,10,9999999999,0,990,7\n\
                         9999999999,0,1000,5,9999999999,0,990,7\n";

    #[test]
    fn a_small_file_is_followed_row_by_row() {
        let (found, out) = run(MESSAGES, BOOKS).unwrap();
        assert_eq!(out, BOOKS);
        let want = json!({"messages": 7, "executions_known": 1, "executions_same_order": 1,
            "best_states": 7, "best_states_compared": 7});
        assert_eq!(found, want);
    }

    #[test]
    fn with_only_the_first_row_nothing_is_compared() {
        let (found, out) = run(MESSAGES, BOOKS.lines().next().unwrap()).unwrap();
        assert_eq!(out, BOOKS);
        assert_eq!(found.get("best_states"), None);
    }

    #[test]
    fn an_execution_of_another_order_than_ours_is_not_the_same() {
        // Order 12 stands behind 11, yet the file says that it was executed.
        let messages = "1.0,1,11,10,1000,1\n1.1,1,12,5,1000,1\n1.2,4,12,5,1000,1\n";
        let (found, _) = run(messages, BOOKS).unwrap();
        assert_eq!((&found["executions_known"], &found["executions_same_order"]), (&json!(1), &json!(0)));
        assert_eq!(found["best_states"], 2);
    }

    #[test]
    fn bad_input_is_named_by_file_line_and_column() {
        for (messages, books, says) in [
            (
                "1.0,1,11,10,1000,1\n1.1,9,12,5,1000,1\n",
                BOOKS,
                "messages.csv:2: column 2: a type from 1 to 7",
            ),
            ("1.0,1,11,ten,1000,1\n", BOOKS, "messages.csv:1: column 4: a size is not \"ten\""),
            ("1.0,1,11,0,1000,1\n", BOOKS, "messages.csv:1: column 4: a size is above zero"),
            ("1.0,1,11,10,1000,2\n", BOOKS, "messages.csv:1: column 6: a direction"),
            ("1.0,1,11\n", BOOKS, "messages.csv:1: a message has 6 columns, not 3"),
            (MESSAGES, "1,2,3\n", "books.csv:1: a row of the book has four columns"),
            (MESSAGES, "1010,3,1000,-1\n", "books.csv:1: column 4: a size is not below zero"),
            (MESSAGES, "", "books.csv: no row"),
            (MESSAGES, "1010,9223372036854775808,1,1\n", "books.csv:1: column 2"),
        ] {
            let error = format!("{:#}", run(messages, books).unwrap_err());
            assert!(error.contains(says), "{error} does not say {says}");
        }
    }

    #[test]
    fn the_order_flow_of_a_day_fills_the_orders_that_the_exchange_filled() {
        let above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
        let Some(data) = above.map(|folder| folder.join("shared/data/lobster")).find(|data| data.is_dir())
        else {
            eprintln!("skipped: there is no shared/data/lobster beside the project");
            return;
        };
        let [messages, books] =
            ["message", "orderbook"].map(|kind| data.join(format!("AAPL_2012-06-21_{kind}_10.csv")));
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("book.csv");
        let found = replay(&messages, &books, 10, &out).unwrap();
        assert_eq!(found["messages"], 999);
        assert_eq!((&found["executions_known"], &found["executions_same_order"]), (&json!(94), &json!(94)));
        assert_eq!(found["best_states"], 955);
        assert_eq!(fs::read_to_string(&out).unwrap().lines().count(), 999);
    }
}
