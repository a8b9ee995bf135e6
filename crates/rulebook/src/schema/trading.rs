//! `[version.trading.…]`

mod hours;

use super::Context;
use crate::fields::Fields;
use crate::tree::{Node, Value};
use crate::want::{Want, band, choice, code, count, date, flag, integer, percent, session, sessions, time};
use crate::zone;
use base::{AfterKnown, Calendar, Quantity, Session, TimeOfDay};
use std::collections::BTreeSet;
use trading::rules::{
    AuctionRules, BlockRules, ClosePrice, Composite, CompositePrice, ContinuousRules, Corrections,
    ListingRules, Own, Rules, TieRule,
};

const DAYS: &[(&str, u8)] =
    &[("Mon", 0), ("Tue", 1), ("Wed", 2), ("Thu", 3), ("Fri", 4), ("Sat", 5), ("Sun", 6)];
const AFTER: &[(&str, AfterKnown)] = &[("closed", AfterKnown::Closed), ("open", AfterKnown::Open)];
const TIES: &[(&str, TieRule)] = &[("time", TieRule::Time), ("lot", TieRule::Lot)];
const OWNS: &[(&str, Own)] = &[("owner", Own::Owner), ("account", Own::Account)];
const CLOSES: &[(&str, ClosePrice)] = &[("last", ClosePrice::Last), ("average", ClosePrice::Average)];

pub(super) fn read(node: &Node, context: Context<'_>) -> Option<Rules> {
    let mut room = Fields::of(node, context.sink, "a table")?;
    let calendar = room.table_of("calendar", "a table of trading days and local time");
    let calendar = calendar.and_then(calendar_of);
    let lot = room.table("quantity").and_then(|mut fields| {
        let lot = fields.must("lot", &context.scale.quantity());
        fields.close();
        lot
    });
    let launch_reference = room.table("launch").and_then(|mut fields| {
        let reference = fields.must("reference", &context.scale.price());
        fields.close();
        reference
    });
    let reading = Reading {
        context,
        lot: lot.unwrap_or(Quantity(1)),
        begins: calendar.as_ref().map(|calendar| calendar.day_begins).unwrap_or_default(),
        day_end: calendar.as_ref().map(|calendar| calendar.day_end),
    };
    let listing = room.table("listing").and_then(|fields| reading.listing(fields));
    let block = room.table("block").and_then(|fields| reading.block(fields));
    let auction = room.table("auction").and_then(|fields| reading.auction(fields));
    let continuous = room.table("continuous").and_then(|fields| reading.continuous(fields));
    if listing.is_some() && continuous.is_some() {
        room.broken("continuous", "a market has listed or continuous trading, not both");
    }
    let own = room.table("owners").and_then(|mut fields| {
        let own = fields.must("own", &choice(OWNS));
        fields.close();
        own
    });
    let corrections = room.table("corrections").and_then(|mut fields| {
        let until = fields.must("until", &until());
        fields.close();
        until
    });
    let composite = room.table("composite").and_then(|fields| composite_of(fields, context));
    let days = room.node("hours").and_then(|node| hours::read(node, reading.begins, context.sink));
    room.close();
    let rules = Rules {
        calendar: calendar?,
        tick_value: context.tick_value,
        lot: reading.lot,
        launch_reference,
        listing,
        continuous,
        block,
        auction,
        hours: Vec::new(),
        composite,
        own: own.unwrap_or(Own::Owner),
        corrections: corrections.unwrap_or(Corrections::DaysAfter(0)),
    };
    let hours = days.map(|days| hours::fitting(days, &rules, context.sink));
    Some(Rules { hours: hours.unwrap_or_default(), ..rules })
}

fn calendar_of(mut fields: Fields<'_>) -> Option<Calendar> {
    let zone = Want::new(r#"a time zone such as "Asia/Shanghai""#, |node| zone::offsets(node.text()?));
    let offsets = fields.must("time_zone", &zone);
    let weekdays = fields.must("weekdays", &weekdays());
    let holidays = date().list("an array of dates such as [2021-09-20, 2021-09-21]");
    let holidays = BTreeSet::from_iter(fields.may("holidays", &holidays).unwrap_or_default());
    let day_begins = time().keeping("a day must begin before it is over", |time| *time < TimeOfDay::DAY);
    let day_begins = fields.may("day_begins", &day_begins).unwrap_or_default();
    let day_end = time().keeping("the day must end after it begins", move |time| {
        (TimeOfDay(0)..TimeOfDay::DAY).contains(&time.since(day_begins))
            && time.since(day_begins) > TimeOfDay(0)
    });
    let day_end = fields.must("day_end", &day_end);
    let known_until = fields.may("known_until", &date());
    if known_until.zip(holidays.last()).is_some_and(|(known, last)| known < *last) {
        fields.broken("known_until", "a calendar must be known until its last holiday");
    }
    let after_known = fields.may("after_known", &choice(AFTER));
    if after_known.is_some() && known_until.is_none() {
        fields.broken("after_known", "what follows the last known day needs that day (known_until)");
    }
    let unless_said = known_until.map(|_| AfterKnown::Closed).unwrap_or_default();
    let opens_on_adoption = fields.may("opens_on_adoption", &flag()).unwrap_or(true);
    fields.close();
    Some(Calendar {
        offsets: offsets?,
        weekdays: weekdays?,
        holidays,
        day_end: day_end?,
        day_begins,
        known_until,
        after_known: after_known.unwrap_or(unless_said),
        opens_on_adoption,
    })
}

/// Days of the week: bit 0 is Monday.
fn weekdays() -> Want<'static, u8> {
    choice(DAYS)
        .list(r#"an array of weekdays such as ["Mon", "Tue"]"#)
        .keeping("there must be at least one trading day a week", |days| !days.is_empty())
        .map(|days| days.into_iter().fold(0, |bits, day| bits | 1 << day))
}

/// What every way to trade is read with.
struct Reading<'a> {
    context: Context<'a>,
    lot: Quantity,
    begins: TimeOfDay,
    day_end: Option<TimeOfDay>,
}

impl Reading<'_> {
    fn sessions(&self, fields: &mut Fields<'_>) -> Option<Vec<Session>> {
        let sessions = fields.must("sessions", &sessions(self.begins))?;
        if sessions.last().is_some_and(|last| self.is_late(last)) {
            fields.broken("sessions", "sessions must close by the end of the trading day (calendar.day_end)");
        }
        Some(sessions)
    }

    /// Whether a session closes after the day has ended.
    fn is_late(&self, session: &Session) -> bool {
        self.day_end.is_some_and(|end| session.since(self.begins).closes > end.since(self.begins))
    }

    /// A least quantity, which someone must be able to enter.
    fn least(&self, fields: &mut Fields<'_>, key: &'static str) -> Option<Quantity> {
        let quantity = fields.must(key, &self.context.scale.quantity())?;
        if quantity.0 % self.lot.0.max(1) != 0 {
            fields.broken(key, "a least quantity must be a whole number of lots");
        }
        Some(quantity)
    }

    fn listing(&self, mut fields: Fields<'_>) -> Option<ListingRules> {
        let sessions = self.sessions(&mut fields);
        let band = fields.must("band", &band());
        let quantity_below = fields.must("quantity_below", &self.context.scale.quantity());
        if quantity_below.is_some_and(|below| below <= self.lot) {
            fields.broken("quantity_below", "a listing of one lot must be possible");
        }
        let best_prices = fields.must("best_prices", &count());
        fields.close();
        Some(ListingRules {
            sessions: sessions?,
            band: band?,
            quantity_below: quantity_below?,
            best_prices: best_prices?,
        })
    }

    fn continuous(&self, mut fields: Fields<'_>) -> Option<ContinuousRules> {
        let scale = self.context.scale;
        let sessions = self.sessions(&mut fields);
        let opening_call = fields.may("opening_call", &session(self.begins));
        let closing_call = fields.may("closing_call", &session(self.begins));
        let (first, last) = sessions.as_ref().map_or((None, None), |all| (all.first(), all.last()));
        if opening_call
            .zip(first)
            .is_some_and(|(call, first)| call.since(self.begins).closes > first.since(self.begins).opens)
        {
            fields.broken("opening_call", "the opening call must be over when the first session opens");
        }
        if closing_call
            .zip(last)
            .is_some_and(|(call, last)| call.since(self.begins).opens < last.since(self.begins).closes)
        {
            fields.broken("closing_call", "the closing call must not open before the last session is over");
        }
        if closing_call.is_some_and(|call| self.is_late(&call)) {
            fields.broken(
                "closing_call",
                "the closing call must be over by the end of the trading day (calendar.day_end)",
            );
        }
        let (band, dynamic_band) = (fields.must("band", &band()), fields.may("dynamic_band", &band()));
        if dynamic_band.zip(band).is_some_and(|(dynamic, fixed)| dynamic > fixed) {
            fields.broken("dynamic_band", "a dynamic band must not be wider than the band");
        }
        let seconds = integer("a whole number of seconds from 0 to 86400", 0, 86_400);
        let interruption_s = match dynamic_band {
            Some(_) => fields.must("interruption_s", &seconds),
            None => Some(fields.may("interruption_s", &seconds).unwrap_or_default()),
        };
        if dynamic_band.is_some() && interruption_s == Some(0) {
            fields.broken("interruption_s", "where there is a dynamic band, an interruption must last");
        }
        let resumption_s = fields.may("resumption_s", &seconds).unwrap_or_default();
        let quantity_max = fields.must("quantity_max", &scale.quantity());
        if quantity_max.is_some_and(|most| most < self.lot) {
            fields.broken("quantity_max", "an order of one lot must be possible");
        }
        let value = scale.money().keeping("a greatest value must be above zero", |value| value.0 > 0);
        let value_max = fields.may("value_max", &value);
        let orders_per_second_max = fields.may("orders_per_second_max", &count());
        let close = fields.must("close", &choice(CLOSES));
        let stop_at_reference = fields.may("stop_at_reference", &flag()).unwrap_or(true);
        fields.close();
        Some(ContinuousRules {
            sessions: sessions?,
            opening_call,
            closing_call,
            band: band?,
            dynamic_band,
            interruption_s: interruption_s?,
            resumption_s,
            quantity_max: quantity_max?,
            value_max,
            orders_per_second_max,
            close: close?,
            stop_at_reference,
        })
    }

    fn block(&self, mut fields: Fields<'_>) -> Option<BlockRules> {
        let sessions = self.sessions(&mut fields);
        let band = fields.must("band", &band());
        let quantity_min = self.least(&mut fields, "quantity_min");
        fields.close();
        Some(BlockRules { sessions: sessions?, band: band?, quantity_min: quantity_min? })
    }

    fn auction(&self, mut fields: Fields<'_>) -> Option<AuctionRules> {
        let sessions = self.sessions(&mut fields);
        let band = fields.may("band", &band());
        let bid_min = self.least(&mut fields, "bid_min");
        let tie = fields.must("tie", &choice(TIES));
        let cancel_if_underbid = fields.must("cancel_if_underbid", &flag());
        let reserve = percent().keeping("a reserve price must be above zero", |share| share.0 > 0);
        let reserve_of_reference = fields.may("reserve_of_reference", &reserve);
        fields.close();
        Some(AuctionRules {
            sessions: sessions?,
            band,
            bid_min: bid_min?,
            tie: tie?,
            cancel_if_underbid: cancel_if_underbid?,
            reserve_of_reference,
        })
    }
}

/// How long a trade can be corrected.
fn until() -> Want<'static, Corrections> {
    Want::new(r#""day_end", "never", or a number of trading days from 1 to 30"#, |node| {
        let days = match &node.value {
            Value::Integer(days) => u16::try_from(*days).ok(),
            _ => None,
        };
        match (node.text(), days) {
            (Some("day_end"), _) => Some(Corrections::DaysAfter(0)),
            (Some("never"), _) => Some(Corrections::Never),
            (_, Some(days @ 1..=Corrections::DAYS_MAX)) => Some(Corrections::DaysAfter(days)),
            _ => None,
        }
    })
}

fn composite_of(mut fields: Fields<'_>, context: Context<'_>) -> Option<Composite> {
    let line = code(r#"the code of the composite line such as "COMCEA""#);
    let line = fields.must("code", &line);
    let expected = r#""mean" or { instrument = "…" }"#;
    let price = match fields.node("price") {
        Some(node) if matches!(node.value, Value::Table(_)) => {
            let mut price = Fields::of(node, context.sink, "a table")?;
            let instrument = price.must("instrument", &code(r#"the code of an instrument such as "CEA25""#));
            price.close();
            instrument.map(CompositePrice::Instrument)
        }
        _ => {
            let mean = |node: &Node| (node.text()? == "mean").then_some(CompositePrice::Mean);
            fields.must("price", &Want::new(expected, mean))
        }
    };
    fields.close();
    Some(Composite { code: line?, price: price? })
}
