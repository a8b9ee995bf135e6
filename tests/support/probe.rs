//! Questions about a state, in scenarios: `? holding ACCOUNT ASSET`, `? price_list`, `? statement`, `? alerts`, `? orders`,
//! `? duty PARTICIPANT YEAR`, `? fine`, `? carry_over ACCOUNT ASSET`, `? corrections`, `? book INSTRUMENT` (what stands, in its
//! priority), `? open` (every order of every book), `? users`, `? keys`, `? acts` (what waits for a second person), `? cases`.

use base::{MarketId, Method, OrderId, Quantity, Side, decimal};
use engine::State;
use gateway::Names;
use registry::rules::Fine;
use std::collections::BTreeMap;
use trading::{BookOrder, PriceLine, Turnover};

/// What the commands that entered orders were called.
pub type OrderNames = BTreeMap<OrderId, String>;

#[allow(clippy::too_many_lines)] // one arm a question
pub fn ask(state: &State, market: Option<MarketId>, orders: &OrderNames, question: &str) -> Vec<String> {
    let words: Vec<&str> = question.split(' ').collect();
    let market = market.unwrap_or(MarketId(0));
    let (registry, names) = (state.registry(), Names(state));
    match words[..] {
        ["holding", account, asset] => {
            let asset = registry.asset_id(asset).unwrap();
            let held = registry.ledger().holding(registry.account_id(account).unwrap(), asset);
            let parts = [
                ("available", held.available),
                ("reserved", held.reserved),
                ("locked", held.locked),
                ("pledged", held.pledged),
                ("frozen", held.frozen),
            ];
            let some = parts.iter().filter(|(name, units)| *name == "available" || units.0 != 0);
            let written =
                some.map(|(name, units)| format!("{name}={}", names.units(asset, i128::from(units.0))));
            vec![written.collect::<Vec<_>>().join(" ")]
        }
        ["price_list"] => {
            state.venue().price_list(market).iter().map(|line| price_line(state, line)).collect()
        }
        ["statement"] => statement(state, market),
        ["alerts"] => {
            let alerts = state.watch().alerts().iter();
            let written = alerts.map(|a| {
                let (who, what) = (names.participant(a.participant), names.instrument(a.instrument));
                format!(
                    "{} {:?} {} {who} {what} measured={} threshold={}",
                    a.id, a.rule, a.date, a.measured, a.threshold
                )
            });
            some_or_none(written.collect())
        }
        ["orders"] => {
            let orders = state.venue().orders();
            some_or_none(
                orders
                    .map(|(id, order)| format!("{id} left={} of {}", order.left(), order.terms.quantity))
                    .collect(),
            )
        }
        ["users"] => some_or_none(users(state)),
        ["keys"] => some_or_none(keys(state)),
        ["acts"] => some_or_none(acts(state)),
        ["cases"] => some_or_none(cases(state)),
        ["book", code] => book(state, orders, code),
        ["open"] => {
            let mut all: Vec<BookOrder> = state.venue().book_orders().collect();
            all.sort_by_key(|order| order.order);
            let mut written: Vec<String> = all.iter().map(|order| open(state, orders, order)).collect();
            written.sort();
            some_or_none(written)
        }
        ["duty", participant, year] => {
            let who = registry.participant_id(participant).unwrap();
            let standings =
                registry.standings().filter(|s| s.participant == who && s.year.to_string() == year);
            let written = standings.map(|s| {
                let d = s.duty;
                let (determined, deadline) =
                    (d.determined.map(|q| q.to_string()), s.deadline.map(|date| date.to_string()));
                let determined = determined.unwrap_or_else(|| "no".to_owned());
                format!(
                    "verified={} allowances={} offsets={} open={} determined={determined} to_cut={} deadline={}",
                    d.verified,
                    d.allowances,
                    d.offsets,
                    d.open(),
                    d.to_cut,
                    deadline.unwrap_or_default()
                )
            });
            some_or_none(written.collect())
        }
        ["fine"] => vec![fine(state, market)],
        ["rules"] => vec![format!("from {}", state.markets()[market.index()].in_force)],
        ["corrections"] => {
            let all = state.venue().corrections().iter();
            let price = |price| names.price(Some(market), price);
            let written = all.map(|c| {
                format!(
                    "{} {} {} -> {} {:?}",
                    c.date,
                    names.line(c.line),
                    price(c.from),
                    price(c.to),
                    c.reason
                )
            });
            some_or_none(written.collect())
        }
        ["frozen", account] => {
            let id = registry.account_id(account).unwrap();
            vec![registry.account(id).unwrap().frozen.to_string()]
        }
        ["halted", code] => {
            let id = state.venue().instrument_id(code).unwrap();
            vec![state.venue().instrument(id).unwrap().halted.to_string()]
        }
        _ => panic!("no such question: {question}"),
    }
}

/// What an instrument's book does, and who stands in it: sellers, then buyers, the next to trade first.
fn book(state: &State, orders: &OrderNames, code: &str) -> Vec<String> {
    let (venue, names) = (state.venue(), Names(state));
    let id = venue.instrument_id(code).unwrap();
    let market = venue.instruments()[id.index()].market;
    let price = |price| names.price(Some(market), price);
    let mut phase = serde_json::to_value(venue.book_phase(id)).unwrap().as_str().unwrap().to_owned();
    if let Some(indication) = venue.indication(id) {
        match indication.price {
            Some(at) => {
                let (quantity, left) = (indication.quantity, indication.imbalance);
                phase.push_str(&format!(", {quantity} at {}, {left} left", price(at)));
            }
            None => phase.push_str(", nothing crosses"),
        }
    }
    let mut lines = vec![phase];
    for (side, word) in [(Side::Sell, "sell"), (Side::Buy, "buy")] {
        let mut levels: Vec<(base::Price, Vec<String>)> = Vec::new();
        for order in venue.queue(id, side) {
            let hidden = order.left.0 - order.shown.0;
            let hidden = if hidden > 0 { format!("+{hidden}") } else { String::new() };
            let written = format!("{} {}{hidden}", orders[&order.order], order.shown);
            match levels.last_mut().filter(|(at, _)| *at == order.price) {
                Some((_, level)) => level.push(written),
                None => levels.push((order.price, vec![written])),
            }
        }
        lines.extend(levels.iter().map(|(at, level)| format!("{word} {}: {}", price(*at), level.join(", "))));
    }
    lines
}

fn open(state: &State, orders: &OrderNames, order: &BookOrder) -> String {
    let names = Names(state);
    let instrument = &state.venue().instruments()[order.instrument.index()];
    let price = |price| names.price(Some(instrument.market), price);
    let word = |value: serde_json::Value| value.to_string().replace('"', "");
    let (side, kind) = (serde_json::to_value(order.side).unwrap(), serde_json::to_value(order.kind).unwrap());
    let mut text = format!(
        "{} {} {} {} {} left={} at {}",
        orders[&order.order],
        names.account(order.account),
        word(side),
        word(kind),
        instrument.code,
        order.left,
        price(order.price)
    );
    let life = match order.life {
        trading::Life::UntilDate(date) => format!("until {date}"),
        life => word(serde_json::to_value(life).unwrap()),
    };
    text.push_str(&format!(" {life}"));
    if order.filled != Quantity::ZERO {
        text.push_str(&format!(" filled={}", order.filled));
    }
    if let Some(trigger) = order.trigger {
        text.push_str(&format!(" waits for {}", price(trigger)));
    }
    if order.waits_for_close {
        text.push_str(" waits for the close");
    }
    text
}

fn some_or_none(lines: Vec<String>) -> Vec<String> {
    if lines.is_empty() { vec!["none".to_owned()] } else { lines }
}

pub fn price_line(state: &State, line: &PriceLine) -> String {
    let names = Names(state);
    let market = match line.line {
        trading::Line::Instrument(id) => state.venue().instruments()[id.index()].market,
        trading::Line::Composite(id) => id,
    };
    let currency = state.markets()[market.index()].currency;
    let price = |price| names.price(Some(market), price);
    let mut text = format!(
        "{} {} previous={} open={}",
        names.line(line.line),
        line.date,
        price(line.previous_close),
        price(line.open)
    );
    for (name, value) in
        [("high", line.high), ("low", line.low), ("close", Some(line.close)), ("corrected", line.corrected)]
    {
        text.extend(value.map(|value| format!(" {name}={}", price(value))));
    }
    let turnover = |name: &str, t: Turnover| {
        (t.volume != 0).then(|| format!(" {name}={}t/{}", t.volume, names.units(currency, t.amount)))
    };
    let first = if state.venue().rules(market).continuous.is_some() { "continuous" } else { "listed" };
    for (method, name) in Method::ALL.into_iter().zip([first, "block", "auction"]) {
        text.extend(turnover(name, line.turnover[method.index()]));
    }
    let all = line.total.iter().fold(Turnover::default(), |sum, t| Turnover {
        volume: sum.volume + t.volume,
        amount: sum.amount + t.amount,
    });
    text.extend(turnover("total", all));
    text
}

fn statement(state: &State, market: MarketId) -> Vec<String> {
    let names = Names(state);
    let currency = state.markets()[market.index()].currency;
    let (date, lines) = state.clearing().statements(market);
    let mut written = vec![date.to_string()];
    written.extend(lines.map(|(who, what, s)| {
        let money = |amount| names.units(currency, amount);
        let (who, what) = (names.participant(who), names.instrument(what));
        let (paid, received, fees) = (money(s.paid), money(s.received), money(s.fees));
        format!(
            "{who} {what} bought={} sold={} paid={paid} received={received} fees={fees}",
            s.bought, s.sold
        )
    }));
    written
}

fn fine(state: &State, market: MarketId) -> String {
    match &state.registry().rules(market).fine {
        None => "none".to_owned(),
        Some(Fine::Fixed { least, most }) => {
            let money = |amount: base::Money| decimal::text(i128::from(amount.0), 2);
            format!("{} to {}", money(*least), money(*most))
        }
        Some(Fine::OfAveragePrice { least, most, methods }) => {
            format!("{least} to {most} times shortfall at the average price of {methods:?}")
        }
    }
}

fn duties(duties: roster::Duties) -> String {
    duties.iter().map(roster::Duty::name).collect::<Vec<_>>().join(",")
}

fn users(state: &State) -> Vec<String> {
    let users = state.roster().users().iter().enumerate();
    let written = users.map(|(index, user)| {
        let firm = Names(state).participant(user.participant);
        let mut text = format!("{} {firm}/{} {}", index + 1, user.name, duties(user.duties));
        for (so, what) in [
            (!user.active, " stopped"),
            (user.password.is_empty(), " no password"),
            (user.must_change, " must change"),
            (user.totp.is_some(), " asked for codes"),
            (!user.sealed.is_empty(), " by a sealed secret"),
            (user.link.is_some(), " has a link"),
        ] {
            text.push_str(if so { what } else { "" });
        }
        text
    });
    written.collect()
}

fn keys(state: &State) -> Vec<String> {
    let names = Names(state);
    let written = state.roster().keys().iter().map(|key| {
        let account = key.account.map(|account| format!(" for {}", names.account(account)));
        let revoked = if key.active { "" } else { " revoked" };
        let (user, duties) = (names.user(key.user), duties(key.duties));
        format!("{} of {user} {duties}{}{revoked}", key.id, account.unwrap_or_default())
    });
    written.collect()
}

fn acts(state: &State) -> Vec<String> {
    let names = Names(state);
    let written = state.acts().map(|act| {
        let (by, command) = (names.user(act.proposer), names.command(&act.command, &[]));
        let what = command["do"].as_str().unwrap_or_default();
        format!("{} {}/{by} {what}", act.id, names.participant(act.actor))
    });
    written.collect()
}

fn cases(state: &State) -> Vec<String> {
    let names = Names(state);
    let written = state.watch().cases().iter().map(|case| {
        let account = case.account.map(|account| format!(" of {}", names.account(account)));
        let alerts: Vec<String> = case.alerts.iter().map(ToString::to_string).collect();
        let notes: Vec<String> =
            case.notes.iter().map(|note| format!("{}: {}", names.user(note.by), note.text)).collect();
        let finding = case.finding.as_ref();
        let end = finding.map_or("open".to_owned(), |end| format!("{}: {}", names.user(end.by), end.text));
        let (id, title) = (case.id, &case.title);
        let account = account.unwrap_or_default();
        format!("{id} {title:?}{account} alerts=[{}] notes={notes:?} {end}", alerts.join(","))
    });
    written.collect()
}
