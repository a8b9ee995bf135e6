//! `[[version.trading.hours]]`: the hours of days that are unlike the others.

use super::weekdays;
use crate::fields::Fields;
use crate::mistake::Sink;
use crate::tree::{Node, Value};
use crate::want::{date, session, sessions, time};
use base::{Date, Session, TimeOfDay};
use std::collections::BTreeSet;
use trading::rules::{Hours, Rules};

/// The hours of some days, and where they stand.
pub(super) struct Own<'a> {
    hours: Hours,
    node: &'a Node,
}

/// Reads every entry.
pub(super) fn read<'a>(node: &'a Node, begins: TimeOfDay, sink: &Sink) -> Option<Vec<Own<'a>>> {
    let Value::List(items) = &node.value else {
        sink.unexpected(node, "[[version.trading.hours]] tables");
        return None;
    };
    let one = |item| {
        let fields = Fields::of(item, sink, "a [[version.trading.hours]] table")?;
        Some(Own { hours: hours_of(fields, begins, sink), node: item })
    };
    Some(items.iter().filter_map(one).collect())
}

fn hours_of(mut fields: Fields<'_>, begins: TimeOfDay, sink: &Sink) -> Hours {
    let dates = date().list("an array of dates such as [2026-12-24, 2026-12-31]");
    let dates: Option<BTreeSet<Date>> = fields.may("dates", &dates).map(BTreeSet::from_iter);
    let weekdays = fields.may("weekdays", &weekdays());
    if dates.is_none() && weekdays.is_none() {
        sink.missing(fields.node, "dates", "the days that have these hours, or their weekdays");
    }
    let day_end = time().keeping("the day must end after it begins", move |end| {
        TimeOfDay(0) < end.since(begins) && end.since(begins) < TimeOfDay::DAY
    });
    let day_end = fields.may("day_end", &day_end);
    let mut all = |key| {
        let stated = fields.stated(key)?;
        Some(stated.map_or_else(Vec::new, |node| sessions(begins).read(node, sink).unwrap_or_default()))
    };
    let (listing, block) = (all("listing"), all("block"));
    let (auction, continuous) = (all("auction"), all("continuous"));
    let mut call = |key| -> Option<Vec<Session>> {
        let stated = fields.stated(key)?;
        Some(stated.and_then(|node| session(begins).read(node, sink)).into_iter().collect())
    };
    let (opening_call, closing_call) = (call("opening_call"), call("closing_call"));
    fields.close();
    Hours {
        dates: dates.unwrap_or_default(),
        weekdays: weekdays.unwrap_or_default(),
        day_end,
        listing,
        block,
        auction,
        continuous,
        opening_call,
        closing_call,
    }
}

/// Those entries, held against the other rules.
pub(super) fn fitting(own: Vec<Own<'_>>, rules: &Rules, sink: &Sink) -> Vec<Hours> {
    let own = own.into_iter();
    own.map(|Own { hours, node }| {
        check(&hours, node, rules, sink);
        hours
    })
    .collect()
}

fn check(hours: &Hours, node: &Node, rules: &Rules, sink: &Sink) {
    let calendar = &rules.calendar;
    let broken = |key: &str, rule: &str| sink.broken(node.get(key).unwrap_or(node), rule);
    if hours.dates.iter().any(|date| calendar.holidays.contains(date)) {
        broken("dates", "a day with hours of its own must not be a holiday");
    }
    let begins = calendar.day_begins;
    let end = hours.day_end.unwrap_or(calendar.day_end).since(begins);
    let book = rules.continuous.is_some();
    for (key, stated, offered) in [
        ("listing", &hours.listing, rules.listing.is_some()),
        ("block", &hours.block, rules.block.is_some()),
        ("auction", &hours.auction, rules.auction.is_some()),
        ("continuous", &hours.continuous, book),
        ("opening_call", &hours.opening_call, book),
        ("closing_call", &hours.closing_call, book),
    ] {
        let Some(stated) = stated else { continue };
        if !offered && !stated.is_empty() {
            broken(key, "a day has no hours of what the market does not offer");
        }
        if stated.iter().any(|session| session.since(begins).closes > end) {
            broken(key, "sessions must close by the end of that trading day (day_end)");
        }
    }
}
