//! `[version.registry.…]`

use super::{Context, METHODS};
use crate::fields::Fields;
use crate::mistake::Sink;
use crate::tree::{Node, Value};
use crate::want::{Want, choice, date, flag, integer, percent, year};
use base::BasisPoints;
use registry::rules::{CarryOver, Fine, Period, Rules};

#[derive(Clone, Copy)]
enum Kind {
    OfAveragePrice,
    Fixed,
}

const KINDS: &[(&str, Kind)] = &[("of_average_price", Kind::OfAveragePrice), ("fixed", Kind::Fixed)];

/// A share of the whole.
fn share() -> Want<'static, BasisPoints> {
    percent().keeping("a share must be at most 100%", |share| *share <= BasisPoints::ONE)
}

pub(super) fn read(node: &Node, context: Context<'_>) -> Option<Rules> {
    let mut room = Fields::of(node, context.sink, "a table")?;
    let (share, quantity) = (share(), context.scale.quantity());
    let days = integer("a whole number of days from 0 to 366", 0, 366);
    let resale = one(&mut room, "resale", "after_days", &days);
    let holding_limit = one(&mut room, "holding_limit", "quantity", &quantity);
    let preallocation = one(&mut room, "preallocation", "of_emissions", &share);
    let shortfall_cap = one(&mut room, "allocation", "shortfall_cap", &share);
    let borrowing = one(&mut room, "vintages", "borrowing", &flag());
    let offset_cap = one(&mut room, "offsets", "cap", &share);
    let fine = room.table("fine").and_then(|fields| fine_of(fields, context));
    let carry_over = room.table("carry_over").and_then(|fields| carry_over_of(fields, context));
    let periods = room.node("period").and_then(|node| periods_of(node, context.sink));
    room.close();
    Some(Rules {
        resale_after_days: resale.unwrap_or_default(),
        holding_limit,
        preallocation,
        shortfall_cap,
        periods: periods.unwrap_or_default(),
        borrowing: borrowing.unwrap_or_default(),
        offset_cap: offset_cap.unwrap_or_default(),
        fine,
        carry_over,
    })
}

/// The one key of a rule table.
fn one<T>(room: &mut Fields<'_>, table: &'static str, key: &'static str, want: &Want<'_, T>) -> Option<T> {
    let mut fields = room.table(table)?;
    let value = fields.must(key, want);
    fields.close();
    value
}

fn periods_of(node: &Node, sink: &Sink) -> Option<Vec<Period>> {
    let Value::List(items) = &node.value else {
        sink.unexpected(node, "[[version.registry.period]] tables");
        return None;
    };
    let mut periods: Vec<Period> = Vec::with_capacity(items.len());
    for item in items {
        let Some(mut fields) = Fields::of(item, sink, "a [[version.registry.period]] table") else {
            continue;
        };
        let year = fields.must("year", &year());
        let deadline = fields.must("deadline", &date());
        if let (Some(year), Some(deadline)) = (year, deadline) {
            if deadline.year() <= year {
                fields.broken("deadline", "a deadline must lie after the period's year");
            }
            if let Some(last) = periods.last() {
                if year <= last.year {
                    fields.broken("year", "years of periods must rise");
                } else if deadline < last.deadline {
                    fields.broken("deadline", "deadlines of periods must not fall");
                }
            }
            periods.push(Period { year, deadline });
        }
        fields.close();
    }
    Some(periods)
}

fn fine_of(mut fields: Fields<'_>, context: Context<'_>) -> Option<Fine> {
    let fine = match fields.must("kind", &choice(KINDS))? {
        Kind::OfAveragePrice => {
            let times = integer("a multiple such as 5", 1, 1_000_000);
            let (least, most) = (fields.must("least", &times), fields.must("most", &times));
            let methods = choice(METHODS)
                .list(r#"an array of methods such as ["listed", "block"]"#)
                .keeping("an average needs the trades of at least one method", |methods| !methods.is_empty());
            let methods = fields.must("methods", &methods);
            rising(&fields, least, most);
            least.zip(most).zip(methods).map(|((least, most), methods)| Fine::OfAveragePrice {
                least,
                most,
                methods,
            })
        }
        Kind::Fixed => {
            let money = context.scale.money();
            let (least, most) = (fields.must("least", &money), fields.must("most", &money));
            rising(&fields, least, most);
            least.zip(most).map(|(least, most)| Fine::Fixed { least, most })
        }
    };
    fields.close();
    fine
}

fn rising<T: PartialOrd>(fields: &Fields<'_>, least: Option<T>, most: Option<T>) {
    if least.zip(most).is_some_and(|(least, most)| most < least) {
        fields.broken("most", "a greatest fine must not be below the least");
    }
}

fn carry_over_of(mut fields: Fields<'_>, context: Context<'_>) -> Option<CarryOver> {
    let (date, year) = (date(), year());
    let (opens, closes) = (fields.must("opens", &date), fields.must("closes", &date));
    let (sales_from, sales_to) = (fields.must("sales_from", &date), fields.must("sales_to", &date));
    let base = fields.must("base", &context.scale.quantity());
    let times = percent().keeping("a carry-over is at most 100 times the net sales", |times| {
        times.0 <= 100 * BasisPoints::ONE.0
    });
    let of_net_sales = fields.must("of_net_sales", &times);
    let (vintage_to, into_vintage) = (fields.must("vintage_to", &year), fields.must("into_vintage", &year));
    if closes < opens && closes.is_some() {
        fields.broken("closes", "a carry-over must not close before it opens");
    }
    if opens <= sales_to && opens.is_some() {
        // What the formula looks back on must not change any more: the same application is the same command whenever it is read.
        fields.broken("opens", "a carry-over opens after the last day of the sales that it counts");
    }
    if sales_to < sales_from && sales_to.is_some() {
        fields.broken("sales_to", "the span of sales must not end before it begins");
    }
    if into_vintage <= vintage_to && into_vintage.is_some() {
        fields.broken("into_vintage", "units are carried over into a later vintage");
    }
    fields.close();
    Some(CarryOver {
        opens: opens?,
        closes: closes?,
        sales_from: sales_from?,
        sales_to: sales_to?,
        base: base?,
        of_net_sales: of_net_sales?,
        vintage_to: vintage_to?,
        into_vintage: into_vintage?,
    })
}
