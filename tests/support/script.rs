//! The script of a scenario: one line a command, what came of it under it, indented.
//!
//! | line | meaning |
//! |---|---|
//! | `day 2021-07-16` | the day of the times that follow |
//! | `market carbon-cn` | the market meant where a command names none; its local time is that of the times |
//! | `09:30:00 HN place_listing account=HN …` | a command: time, sender, its name, its fields |
//! | `09:30:00 HN/li place_listing …` | the same, sent by one of its users |
//! | `09:30:00 HN/li propose 18:00 issue …` | proposes a command for another to approve before six |
//! | `09:30:00 operator adopt FILE` | adopts a rulebook, found beside the scenarios or under the root |
//! | `09:30:00 #7 raw {"issue": …}` | a command of the engine itself, past the gateway; `#7` is a sender by number |
//! | `? holding HN CEA` | a question about the state, see [`super::probe`] |
//! | `include setup/market.txt` | runs another file and shows nothing of it; nothing in it may be refused |
//! | `show settled`, `hide bid_placed` | which events are shown |

use super::probe::{self, OrderNames};
use super::world::World;
use base::{
    Calendar, Date, MarketId, Money, ParticipantId, Party, TimeOfDay, Timestamp, Trade, UserId, UtcOffset,
};
use engine::{Command, Event, State};
use gateway::{Names, Resolver, WireCommand, format_time};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Events that are not shown unless a script says so.
const QUIET: [&str; 10] = [
    "novated",
    "settled",
    "phase_changed",
    "line_closed",
    "day_began",
    "day_ended",
    "order_entered",
    "funds_entered",
    "book_phase_changed",
    "call_indicated",
];
/// Fields that are numbers in JSON.
const NUMBERS: [&str; 5] = ["year", "base_year", "seed", "times", "trade"];

/// Runs a script.
pub struct Script {
    pub world: World,
    folder: PathBuf,
    day: Date,
    market: Option<MarketId>,
    quiet: BTreeSet<String>,
    ids: usize,
    /// Orders of a book are shown by the name of the command that entered them.
    orders: OrderNames,
    shown: String,
    silent: bool,
}

impl Script {
    pub fn new(folder: &Path) -> Self {
        Self {
            world: World::new(),
            folder: folder.to_owned(),
            day: Date::parse("2021-07-16").unwrap(),
            market: None,
            quiet: QUIET.into_iter().map(str::to_owned).collect(),
            ids: 0,
            orders: OrderNames::new(),
            shown: String::new(),
            silent: false,
        }
    }

    /// The text of a script as it should be: its lines, each with what came of it.
    pub fn run(&mut self, text: &str) -> String {
        self.lines(text);
        std::mem::take(&mut self.shown)
    }

    fn lines(&mut self, text: &str) {
        for line in text.lines().filter(|line| !line.starts_with("  ")) {
            self.show(line);
            if !line.is_empty() && !line.starts_with('#') {
                self.line(line);
            }
        }
    }

    fn show(&mut self, line: &str) {
        if !self.silent {
            self.shown.push_str(line);
            self.shown.push('\n');
        }
    }

    fn line(&mut self, line: &str) {
        let (first, rest) = line.split_once(' ').unwrap_or((line, ""));
        match first {
            "day" => self.day = Date::parse(rest).unwrap_or_else(|| panic!("no date: {line}")),
            "market" => {
                self.market =
                    Some(self.world.state.market_id(rest).unwrap_or_else(|| panic!("no market: {line}")))
            }
            "include" => {
                let text = std::fs::read_to_string(self.folder.join(rest)).unwrap();
                let silent = std::mem::replace(&mut self.silent, true);
                self.lines(&text);
                self.silent = silent;
            }
            "show" => self.quiet.retain(|event| rest.split(' ').all(|shown| shown != event)),
            "hide" => self.quiet.extend(rest.split(' ').map(str::to_owned)),
            "?" => {
                let lines = probe::ask(&self.world.state, self.market, &self.orders, rest);
                lines.iter().for_each(|line| self.show(&format!("  {line}")));
            }
            time => {
                let time = TimeOfDay::parse(time).unwrap_or_else(|| panic!("no time: {line}"));
                self.command(line, self.calendar().instant(self.day, time), rest);
            }
        }
    }

    fn calendar(&self) -> Calendar {
        let market = self.market.or((!self.world.state.markets().is_empty()).then_some(MarketId(0)));
        market.map_or_else(
            || Calendar {
                offsets: vec![UtcOffset { from: Timestamp(i64::MIN), seconds: 8 * 3_600 }],
                weekdays: 0,
                holidays: BTreeSet::new(),
                day_end: TimeOfDay(0),
                ..Calendar::default()
            },
            |market| self.world.state.venue().rules(market).calendar.clone(),
        )
    }

    fn command(&mut self, line: &str, time: Timestamp, rest: &str) {
        let (by, rest) = rest.split_once(' ').unwrap_or_else(|| panic!("no sender: {line}"));
        let (name, fields) = rest.split_once(' ').unwrap_or((rest, ""));
        let (by, user) = self.user(by);
        let by = match by.strip_prefix('#') {
            Some(number) => ParticipantId(number.parse().unwrap()),
            None => {
                self.world.state.registry().participant_id(by).unwrap_or_else(|| panic!("no sender: {line}"))
            }
        };
        self.ids += 1;
        let mut id = format!("c{}", self.ids);
        let command = match name {
            "adopt" => Ok(self.adopt(fields)),
            "propose" => self.propose(line, fields, &mut id),
            "raw" => Ok(serde_json::from_str(fields).unwrap_or_else(|error| panic!("{error}: {line}"))),
            _ => self.named(line, name, self.object(line, fields, &mut id)),
        };
        let command = match command {
            Ok(command) => command,
            Err(error) => {
                assert!(!self.silent, "{error}: {line}");
                return self.show(&format!("  not understood: {error}"));
            }
        };
        let events = self.world.send_as(time, (by, user), &id, command);
        for event in &events {
            if let Event::Trading(
                trading::Event::OrderEntered { order, .. } | trading::Event::FundsEntered { order, .. },
            ) = event
            {
                self.orders.insert(*order, id.clone());
            }
        }
        for event in &events {
            assert!(!self.silent || !matches!(event, Event::Refused(_)), "{event:?}: {line}");
            if let Some(line) = self.written(event) {
                self.show(&format!("  {line}"));
            }
        }
    }

    /// The fields of a command, and its name where it has one.
    fn object(&self, line: &str, fields: &str, id: &mut String) -> Map<String, Value> {
        let mut object = Map::new();
        for word in words(fields) {
            let (key, value) = word.split_once('=').unwrap_or_else(|| panic!("{word}: {line}"));
            if key == "id" {
                value.clone_into(id);
            } else {
                object.insert(key.to_owned(), self.value(key, value));
            }
        }
        object
    }

    fn named(&self, line: &str, name: &str, fields: Map<String, Value>) -> Result<Command, String> {
        let wire = WireCommand::named(name, fields).map_err(|error| {
            assert!(!self.silent, "{error}: {line}");
            error.to_string()
        })?;
        let market = self.market.or((!self.world.state.markets().is_empty()).then_some(MarketId(0)));
        // The clock has moved on by the time a command is resolved: names of this morning's lines are known.
        let resolver = Resolver { state: &self.world.state, market, book: &self.world.book };
        resolver.resolve(&wire).map_err(|error| error.to_string())
    }

    /// `propose 18:00 issue account=HN …`: what another is to approve before six. `2/18:00` is two days on.
    fn propose(&self, line: &str, rest: &str, id: &mut String) -> Result<Command, String> {
        let (until, rest) = rest.split_once(' ').unwrap_or_else(|| panic!("until when: {line}"));
        let (name, fields) = rest.split_once(' ').unwrap_or((rest, ""));
        let (days, time) =
            until.split_once('/').map_or((0, until), |(days, time)| (days.parse().unwrap(), time));
        let time = TimeOfDay::parse(time).unwrap_or_else(|| panic!("no time: {line}"));
        let expires = self.calendar().instant(Date(self.day.0 + days), time);
        let command = Box::new(match name {
            "adopt" => self.adopt(fields),
            _ => {
                let mut act = self.object(line, fields, id);
                act.insert("do".to_owned(), json!(name));
                let expires = json!(format_time(expires, Some(&self.calendar())));
                let fields = [("act".to_owned(), Value::Object(act)), ("expires".to_owned(), expires)];
                return self.named(line, "propose_act", Map::from_iter(fields));
            }
        });
        Ok(Command::ProposeAct { command, expires })
    }

    /// The user of a sender `HUANENG/li`, by the name that it signs in with or by `#` and its number.
    fn user<'a>(&self, by: &'a str) -> (&'a str, UserId) {
        let Some((by, name)) = by.split_once('/') else { return (by, UserId::NOBODY) };
        let user = match name.strip_prefix('#') {
            Some(number) => UserId(number.parse().unwrap()),
            None => self.world.state.roster().user_named(name).unwrap_or_else(|| panic!("no user {name}")),
        };
        (by, user)
    }

    /// A rulebook by its file, and perhaps something that no file can say: `lot=0`, `listing=too`.
    fn adopt(&self, fields: &str) -> Command {
        let (file, change) = fields.split_once(' ').unwrap_or((fields, ""));
        let beside = self.folder.join(file);
        let path = if beside.exists() { beside } else { Path::new(env!("CARGO_MANIFEST_DIR")).join(file) };
        let mut rulebook = rulebook::read(&path).unwrap_or_else(|error| panic!("{error}"));
        match change.split_once('=') {
            None => {}
            Some(("code", code)) => code.clone_into(&mut rulebook.code),
            Some(("versions", _)) => rulebook.versions.clear(),
            Some(("listing", _)) => {
                let continuous = rulebook.versions[0].trading.continuous.as_ref().unwrap();
                rulebook.versions[0].trading.listing = Some(trading::rules::ListingRules {
                    sessions: continuous.sessions.clone(),
                    band: continuous.band,
                    quantity_below: continuous.quantity_max,
                    best_prices: 5,
                });
            }
            Some(("lot", lot)) => rulebook.versions[0].trading.lot.0 = lot.parse().unwrap(),
            Some((key, _)) => panic!("a rulebook has no {key}"),
        }
        Command::AdoptRulebook(Box::new(rulebook))
    }

    fn value(&self, key: &str, text: &str) -> Value {
        let word = |text: &str| text.parse::<i64>().map_or_else(|_| json!(text), |number| json!(number));
        if let Some(items) = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) {
            return items.split(',').filter(|item| !item.is_empty()).map(word).collect();
        }
        match text {
            "true" => json!(true),
            "false" => json!(false),
            _ if NUMBERS.contains(&key) => word(text),
            _ => match (text.strip_prefix('#'), TimeOfDay::parse(text)) {
                (Some(number), _) => word(number),
                (None, Some(time)) if ["opens", "closes", "expires"].contains(&key) => {
                    let calendar = self.calendar();
                    json!(format_time(calendar.instant(self.day, time), Some(&calendar)))
                }
                _ => json!(text),
            },
        }
    }

    /// An event on one line; nothing where it is not shown.
    fn written(&self, event: &Event) -> Option<String> {
        let state = &self.world.state;
        if let Event::Refused(rejection) = event {
            return Some(format!("refused {}/{}", rejection.stage(), rejection.code()));
        }
        let mut value = Names(state).event(event);
        self.name_orders(&mut value);
        let name = match &value {
            Value::Object(object) if object.len() == 1 => object.keys().next().cloned(),
            _ => None,
        };
        let name = name.unwrap_or_else(|| panic!("an event has one name: {value}"));
        if self.quiet.contains(&name) {
            return None;
        }
        if let Event::Trading(trading::Event::Traded(trade)) = event {
            return Some(traded(state, trade));
        }
        if let Event::Trading(event @ trading::Event::Filled { .. }) = event {
            return Some(self.filled(event));
        }
        if let Event::Trading(trading::Event::LineClosed(line)) = event {
            return Some(format!("line_closed {}", probe::price_line(state, line)));
        }
        let mut text = name.clone();
        flatten(&value[&name], "", &mut text);
        Some(text)
    }
}

impl Script {
    /// A fill of two orders of a book, from the selling to the buying one.
    fn filled(&self, event: &trading::Event) -> String {
        let trading::Event::Filled {
            trade,
            instrument,
            price,
            quantity,
            buy,
            sell,
            buyer,
            seller,
            aggressor,
        } = event
        else {
            unreachable!("asked only of fills")
        };
        let (state, names) = (&self.world.state, Names(&self.world.state));
        let market = state.venue().instruments()[instrument.index()].market;
        let how = match aggressor {
            Some(base::Side::Buy) => "bought",
            Some(base::Side::Sell) => "sold",
            None => "in the call",
        };
        let (from, to) = (&self.orders[sell], &self.orders[buy]);
        format!(
            "filled {trade} {} {quantity} at {}, {from} ({}) to {to} ({}), {how}",
            names.instrument(*instrument),
            names.price(Some(market), *price),
            names.account(*seller),
            names.account(*buyer)
        )
    }

    /// Puts the names of orders in the place of their numbers.
    fn name_orders(&self, value: &mut Value) {
        let Value::Object(object) = value else { return };
        for (key, value) in object.iter_mut() {
            let order = value.as_u64().filter(|_| ["order", "buy", "sell"].contains(&key.as_str()));
            match order.and_then(|number| self.orders.get(&base::OrderId(number))) {
                Some(name) => *value = json!(name),
                None => self.name_orders(value),
            }
        }
    }
}

/// A trade from seller to buyer; `again` where a fee runs on from what the order traded before.
fn traded(state: &State, trade: &Trade) -> String {
    let names = Names(state);
    let (price, amount) = (
        names.price(Some(trade.market), trade.price),
        names.units(trade.currency, i128::from(trade.amount.0)),
    );
    let party = |party: Party| {
        let again = if party.traded_before == Money::ZERO { "" } else { "(again)" };
        format!("{}{again}", names.account(party.account))
    };
    let (seller, buyer) = (party(trade.seller), party(trade.buyer));
    let (instrument, quantity) =
        (names.instrument(trade.instrument), names.units(trade.asset, i128::from(trade.quantity.0)));
    let (id, edge) = (trade.id, if trade.at_limit { " at the limit" } else { "" });
    let method = format!("{:?}", trade.method).to_lowercase();
    format!("traded {id} {method} {instrument} {quantity} at {price} = {amount}, {seller} to {buyer}{edge}")
}

/// Splits at spaces outside quotes; the quotes go.
fn words(text: &str) -> Vec<String> {
    let (mut words, mut word, mut quoted) = (Vec::new(), String::new(), false);
    for c in text.chars() {
        match c {
            '"' => quoted = !quoted,
            ' ' if !quoted => words.push(std::mem::take(&mut word)),
            _ => word.push(c),
        }
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}

/// `key=value` for every value in a tree; what is nested in `terms` or in an id stands on its own.
fn flatten(value: &Value, key: &str, text: &mut String) {
    match value {
        Value::Object(object) => {
            for (inner, value) in object {
                let key = match (key, inner.as_str()) {
                    ("" | "terms", inner) => inner.to_owned(),
                    (outer, "account") => outer.to_owned(),
                    (outer, inner) => format!("{outer}.{inner}"),
                };
                flatten(value, &key, text);
            }
        }
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(plain).collect();
            text.push_str(&format!(" {key}=[{}]", items.join(",")));
        }
        Value::Null => {}
        value => text.push_str(&format!(" {key}={}", plain(value))),
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
