//! The tables of a version: each key with the text that stands there.

use super::{quoted, zone_name};
use base::decimal::text;
use base::{AfterKnown, BasisPoints, Date, Method, Money, Price, Quantity, Session, Tariff, TimeOfDay};
use clearing::rules::{FeeRule, FeeSchedule, Settlement};
use engine::rulebook::{Paired, Rulebook, TwoPersons, Version};
use registry::rules::{CarryOver, Fine};
use supervision::rules::{Act, CountRule};
use trading::rules::{
    AuctionRules, BlockRules, ClosePrice, CompositePrice, ContinuousRules, Corrections, Hours, ListingRules,
    Own, TieRule,
};

/// A table of a version and its keys, in the order in which they are written.
pub(super) struct Table {
    /// Below the version: `trading.listing`.
    pub(super) name: &'static str,
    pub(super) keys: Vec<(&'static str, String)>,
}

/// Every table of a version that says something. Lists of tables (`registry.period`) are not among them.
pub(super) fn tables(rulebook: &Rulebook, version: &Version) -> Vec<Table> {
    let pen = Pen { rulebook };
    let mut all = Vec::new();
    pen.trading(version, &mut |name, keys| all.push(Table { name, keys }));
    pen.clearing(version, &mut |name, keys| all.push(Table { name, keys }));
    pen.registry(version, &mut |name, keys| all.push(Table { name, keys }));
    pen.supervision(version, &mut |name, keys| all.push(Table { name, keys }));
    pen.access(version, &mut |name, keys| all.push(Table { name, keys }));
    all
}

pub(super) type Keys = Vec<(&'static str, String)>;

/// Writes numbers in the decimals of a rulebook.
struct Pen<'a> {
    rulebook: &'a Rulebook,
}

impl Pen<'_> {
    fn trading(&self, version: &Version, add: &mut dyn FnMut(&'static str, Keys)) {
        let rules = &version.trading;
        let calendar = &rules.calendar;
        let mut keys = vec![
            ("time_zone", quoted(&zone_name(&calendar.offsets))),
            ("weekdays", weekdays(calendar.weekdays)),
            ("day_end", quoted(&calendar.day_end.to_string())),
        ];
        if calendar.day_begins != TimeOfDay(0) {
            keys.push(("day_begins", quoted(&calendar.day_begins.to_string())));
        }
        if let Some(last) = calendar.known_until {
            keys.push(("known_until", last.to_string()));
            if calendar.after_known == AfterKnown::Open {
                keys.push(("after_known", quoted("open")));
            }
        }
        if !calendar.opens_on_adoption {
            keys.push(("opens_on_adoption", "false".to_owned()));
        }
        if !calendar.holidays.is_empty() {
            keys.push(("holidays", dates(calendar.holidays.iter())));
        }
        add("trading.calendar", keys);
        add("trading.quantity", vec![("lot", self.quantity(rules.lot))]);
        if let Some(price) = rules.launch_reference {
            add("trading.launch", vec![("reference", self.price(price))]);
        }
        if let Some(rules) = &rules.listing {
            add("trading.listing", self.listing(rules));
        }
        if let Some(rules) = &rules.continuous {
            add("trading.continuous", self.continuous(rules));
        }
        if let Some(rules) = &rules.block {
            add("trading.block", self.block(rules));
        }
        if let Some(rules) = &rules.auction {
            add("trading.auction", self.auction(rules));
        }
        if let Some(composite) = &rules.composite {
            let price = match &composite.price {
                CompositePrice::Mean => quoted("mean"),
                CompositePrice::Instrument(code) => format!("{{ instrument = {} }}", quoted(code)),
            };
            add("trading.composite", vec![("code", quoted(&composite.code)), ("price", price)]);
        }
        let own = match rules.own {
            Own::Owner => "owner",
            Own::Account => "account",
        };
        add("trading.owners", vec![("own", quoted(own))]);
        let until = match rules.corrections {
            Corrections::Never => quoted("never"),
            Corrections::DaysAfter(0) => quoted("day_end"),
            Corrections::DaysAfter(days) => days.to_string(),
        };
        add("trading.corrections", vec![("until", until)]);
    }

    fn listing(&self, rules: &ListingRules) -> Keys {
        vec![
            ("sessions", sessions(&rules.sessions)),
            ("band", percent(rules.band)),
            ("quantity_below", self.quantity(rules.quantity_below)),
            ("best_prices", rules.best_prices.to_string()),
        ]
    }

    fn continuous(&self, rules: &ContinuousRules) -> Keys {
        let call = |call: Option<Session>| call.map(|call| quoted(&session(&call)));
        let close = match rules.close {
            ClosePrice::Last => "last",
            ClosePrice::Average => "average",
        };
        let keys = [
            ("opening_call", call(rules.opening_call)),
            ("sessions", Some(sessions(&rules.sessions))),
            ("closing_call", call(rules.closing_call)),
            ("band", Some(percent(rules.band))),
            ("dynamic_band", rules.dynamic_band.map(percent)),
            ("interruption_s", Some(rules.interruption_s.to_string())),
            ("resumption_s", Some(rules.resumption_s.to_string())),
            ("quantity_max", Some(self.quantity(rules.quantity_max))),
            ("value_max", rules.value_max.map(|value| self.money(value))),
            ("orders_per_second_max", rules.orders_per_second_max.map(|most| most.to_string())),
            ("close", Some(quoted(close))),
            ("stop_at_reference", Some(rules.stop_at_reference.to_string())),
        ];
        stated(keys)
    }

    fn block(&self, rules: &BlockRules) -> Keys {
        vec![
            ("sessions", sessions(&rules.sessions)),
            ("band", percent(rules.band)),
            ("quantity_min", self.quantity(rules.quantity_min)),
        ]
    }

    fn auction(&self, rules: &AuctionRules) -> Keys {
        let tie = match rules.tie {
            TieRule::Time => "time",
            TieRule::Lot => "lot",
        };
        stated([
            ("sessions", Some(sessions(&rules.sessions))),
            ("band", rules.band.map(percent)),
            ("bid_min", Some(self.quantity(rules.bid_min))),
            ("tie", Some(quoted(tie))),
            ("cancel_if_underbid", Some(rules.cancel_if_underbid.to_string())),
            ("reserve_of_reference", rules.reserve_of_reference.map(percent)),
        ])
    }

    fn clearing(&self, version: &Version, add: &mut dyn FnMut(&'static str, Keys)) {
        let rules = &version.clearing;
        let mode = match rules.settlement {
            Settlement::Gross => "gross",
        };
        add("clearing.settlement", vec![("mode", quoted(mode))]);
        let names = ["clearing.fees.listed", "clearing.fees.block", "clearing.fees.auction"];
        for (name, fee) in names.into_iter().zip(&rules.fees) {
            if *fee != FeeRule::default() {
                let side = |fee: &FeeSchedule| (*fee != FeeSchedule::default()).then(|| self.fee(fee));
                add(name, stated([("buyer", side(&fee.buyer)), ("seller", side(&fee.seller))]));
            }
        }
        let book = &rules.book;
        if *book != Tariff::default() {
            let keys = [
                ("taker", Some(rate(book.taker_ppm))),
                ("maker", Some(rate(book.maker_ppm))),
                ("call", Some(rate(book.call_ppm))),
                ("rebate", Some(rate(book.rebate_ppm))),
                ("least", Some(self.money(book.least))),
                ("most", book.most.map(|most| self.money(most))),
            ];
            add("clearing.fees.book", stated(keys));
        }
    }

    /// A later schedule is laid over an earlier one key by key, so each states everything.
    fn fee(&self, fee: &FeeSchedule) -> String {
        let most = fee.most.map_or_else(|| quoted("none"), |most| self.money(most));
        format!("{{ rate = {}, least = {}, most = {most} }}", rate(fee.rate_ppm), self.money(fee.least))
    }

    fn registry(&self, version: &Version, add: &mut dyn FnMut(&'static str, Keys)) {
        let rules = &version.registry;
        add("registry.resale", vec![("after_days", rules.resale_after_days.to_string())]);
        if let Some(most) = rules.holding_limit {
            add("registry.holding_limit", vec![("quantity", self.quantity(most))]);
        }
        if let Some(share) = rules.preallocation {
            add("registry.preallocation", vec![("of_emissions", percent(share))]);
        }
        if let Some(share) = rules.shortfall_cap {
            add("registry.allocation", vec![("shortfall_cap", percent(share))]);
        }
        if rules.borrowing {
            add("registry.vintages", vec![("borrowing", "true".to_owned())]);
        }
        if rules.offset_cap.0 != 0 {
            add("registry.offsets", vec![("cap", percent(rules.offset_cap))]);
        }
        match &rules.fine {
            Some(Fine::OfAveragePrice { least, most, methods }) => {
                let methods = list(methods.iter().map(|method| quoted(method_name(*method))));
                let (least, most) = (least.to_string(), most.to_string());
                let kind = quoted("of_average_price");
                let keys = vec![("kind", kind), ("least", least), ("most", most), ("methods", methods)];
                add("registry.fine", keys);
            }
            Some(Fine::Fixed { least, most }) => {
                let (least, most) = (self.money(*least), self.money(*most));
                add("registry.fine", vec![("kind", quoted("fixed")), ("least", least), ("most", most)]);
            }
            None => {}
        }
        if let Some(rules) = &rules.carry_over {
            add("registry.carry_over", self.carry_over(rules));
        }
    }

    fn carry_over(&self, rules: &CarryOver) -> Keys {
        vec![
            ("opens", rules.opens.to_string()),
            ("closes", rules.closes.to_string()),
            ("sales_from", rules.sales_from.to_string()),
            ("sales_to", rules.sales_to.to_string()),
            ("base", self.quantity(rules.base)),
            ("of_net_sales", percent(rules.of_net_sales)),
            ("vintage_to", rules.vintage_to.to_string()),
            ("into_vintage", rules.into_vintage.to_string()),
        ]
    }

    fn supervision(&self, version: &Version, add: &mut dyn FnMut(&'static str, Keys)) {
        let rules = &version.supervision;
        if let Some(limit) = rules.position_limit {
            let keys = vec![("quantity", self.quantity(limit.quantity)), ("act", act(limit.act))];
            add("supervision.position_limit", keys);
        }
        let count = |rule: CountRule| vec![("times", rule.times.to_string()), ("act", act(rule.act))];
        if let Some(rule) = rules.self_trade {
            add("supervision.self_trade", count(rule));
        }
        if let Some(rule) = rules.at_price_limit {
            add("supervision.at_price_limit", count(rule));
        }
        if let Some(fine) = &rules.manipulation {
            let keys = vec![
                ("of_gain_least", fine.of_gain_least.to_string()),
                ("of_gain_most", fine.of_gain_most.to_string()),
                ("least", self.money(fine.least)),
                ("most", self.money(fine.most)),
            ];
            add("supervision.manipulation", keys);
        }
        add("supervision.alerts", vec![("grow", rules.grow.to_string())]);
    }

    /// What a rulebook says that could not say it stands as what held then.
    fn access(&self, version: &Version, add: &mut dyn FnMut(&'static str, Keys)) {
        let before = TwoPersons::before();
        let rules = version.two_persons.as_ref().unwrap_or(&before);
        let acts = Paired::ALL.iter().filter(|(_, act)| rules.acts.contains(act));
        let acts = list(acts.map(|(name, _)| quoted(name)));
        let keys = vec![("acts", acts), ("deposit_from", self.money(rules.deposit_from))];
        add("access.two_persons", keys);
    }

    fn quantity(&self, quantity: Quantity) -> String {
        let plain = text(quantity.0.into(), self.rulebook.unit.decimals);
        let plain = trimmed(&plain);
        if plain.contains('.') { quoted(plain) } else { grouped(plain) }
    }

    fn money(&self, money: Money) -> String {
        quoted(&text(money.0.into(), self.rulebook.currency.decimals))
    }

    fn price(&self, price: Price) -> String {
        let format = self.rulebook.price;
        quoted(&text(i128::from(price.0) * i128::from(format.tick), format.decimals))
    }
}

/// The keys that have something to say.
fn stated<const N: usize>(keys: [(&'static str, Option<String>); N]) -> Keys {
    keys.into_iter().filter_map(|(key, value)| Some((key, value?))).collect()
}

const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// The days of the week in some bits.
fn days(bits: u8) -> impl Iterator<Item = &'static str> {
    DAYS.into_iter().enumerate().filter(move |(bit, _)| bits >> bit & 1 == 1).map(|(_, day)| day)
}

fn weekdays(bits: u8) -> String {
    list(days(bits).map(quoted))
}

/// The days that have some hours, each as it is named.
pub(super) fn days_of(hours: &Hours) -> Vec<String> {
    hours.dates.iter().map(Date::to_string).chain(days(hours.weekdays).map(str::to_owned)).collect()
}

/// The keys of some hours, but for the days that have them.
pub(super) fn hours(hours: &Hours) -> Keys {
    let all = |stated: &Option<Vec<Session>>| match stated.as_deref() {
        Some([]) => Some(quoted("none")),
        stated => stated.map(sessions),
    };
    let call = |stated: &Option<Vec<Session>>| match stated.as_deref() {
        Some([call, ..]) => Some(quoted(&session(call))),
        stated => stated.map(|_| quoted("none")),
    };
    stated([
        ("day_end", hours.day_end.map(|end| quoted(&end.to_string()))),
        ("listing", all(&hours.listing)),
        ("opening_call", call(&hours.opening_call)),
        ("continuous", all(&hours.continuous)),
        ("closing_call", call(&hours.closing_call)),
        ("block", all(&hours.block)),
        ("auction", all(&hours.auction)),
    ])
}

/// The same, with the days.
pub(super) fn hours_table(own: &Hours) -> Keys {
    let days = stated([
        ("dates", (!own.dates.is_empty()).then(|| dates(own.dates.iter()))),
        ("weekdays", (own.weekdays != 0).then(|| weekdays(own.weekdays))),
    ]);
    days.into_iter().chain(hours(own)).collect()
}

fn list(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(", "))
}

/// Dates, eight to a line where there are many.
pub(super) fn dates<'a>(dates: impl Iterator<Item = &'a Date>) -> String {
    let dates: Vec<String> = dates.map(Date::to_string).collect();
    if dates.len() <= 8 {
        return list(dates.into_iter());
    }
    let lines: Vec<String> = dates.chunks(8).map(|line| format!("    {},\n", line.join(", "))).collect();
    format!("[\n{}]", lines.concat())
}

fn session(session: &Session) -> String {
    format!("{}-{}", session.opens, session.closes)
}

fn sessions(sessions: &[Session]) -> String {
    list(sessions.iter().map(|one| quoted(&session(one))))
}

/// Without the zeros at the end that say nothing.
fn trimmed(plain: &str) -> &str {
    if plain.contains('.') { plain.trim_end_matches('0').trim_end_matches('.') } else { plain }
}

/// Digits in groups of three.
fn grouped(plain: &str) -> String {
    let digits = plain.len();
    let mut text = String::with_capacity(digits + digits / 3);
    for (at, digit) in plain.chars().enumerate() {
        if at > 0 && (digits - at).is_multiple_of(3) {
            text.push('_');
        }
        text.push(digit);
    }
    text
}

fn percent(share: BasisPoints) -> String {
    quoted(&format!("{}%", trimmed(&text(share.0.into(), 2))))
}

fn rate(ppm: i64) -> String {
    quoted(&format!("{}%", trimmed(&text(ppm.into(), 4))))
}

fn act(act: Act) -> String {
    let name = match act {
        Act::AlertOnly => "alert_only",
        Act::HaltInstrument => "halt_instrument",
        Act::FreezeAccount => "freeze_account",
        Act::StopOwner => "stop_owner",
    };
    quoted(name)
}

/// Continuous trading goes by the name of listed trading: a market has one or the other.
const fn method_name(method: Method) -> &'static str {
    match method {
        Method::Listed | Method::Continuous => "listed",
        Method::Block => "block",
        Method::Auction => "auction",
    }
}
