//! A state made by commands as people write them.

use base::{MarketId, ParticipantId, Sequence};
use engine::{ClientId, Command, Envelope, Events, OPERATOR, Record, State, rulebook::Rulebook};
use gateway::{Created, ReferenceBook, Resolver, parse_line};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

pub(crate) struct Desk {
    pub(crate) state: State,
    events: Events,
    created: Memory,
    said: u32,
}

#[derive(Default)]
struct Memory(BTreeMap<String, Option<Created>>);

impl ReferenceBook for Memory {
    fn created(&self, _: Option<ParticipantId>, id: &str) -> Result<Option<Created>, String> {
        self.0.get(id).copied().ok_or_else(|| format!("no command {id}"))
    }
}

pub(crate) fn carbon_cn() -> Rulebook {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("rulebooks/carbon-cn.toml");
    rulebook::read(&path).unwrap()
}

pub(crate) const MARKET: MarketId = MarketId(0);

impl Desk {
    /// The market is open, and everyone is registered.
    pub(crate) fn open(rulebook: Rulebook, time: &str) -> Self {
        let (state, events) = (State::new(), Events::new());
        let mut desk = Self { state, events, created: Memory::default(), said: 0 };
        let time = format!("{time}+08:00");
        desk.apply(&time, OPERATOR, Command::AdoptRulebook(Box::new(rulebook)));
        let participants = [
            ("MEE", r#"["authority"]"#),
            ("CHRE", r#"["registrar"]"#),
            ("BANK", r#"["settlement_bank"]"#),
            ("HUANENG", r#"["compliance_entity"]"#),
            ("DATANG", r#"["compliance_entity"]"#),
            ("CITIC", r#"["institution"]"#),
        ];
        for (code, roles) in participants {
            let name = code.to_lowercase();
            desk.say(
                &time,
                "operator",
                &format!(
                    r#""do": "register_participant", "code": "{code}", "name": "{name}", "roles": {roles}"#
                ),
            );
        }
        for (participant, code) in [("HUANENG", "HN"), ("HUANENG", "HN-2"), ("DATANG", "DT"), ("CITIC", "CT")]
        {
            desk.say(
                &time,
                "CHRE",
                &format!(r#""do": "open_account", "participant": "{participant}", "code": "{code}""#),
            );
        }
        desk
    }

    /// An allowance with its instrument, and units of it for HN.
    pub(crate) fn list(&mut self, time: &str, code: &str, vintages: &str, reference: &str) {
        let time = format!("{time}+08:00");
        self.say(
            &time,
            "CHRE",
            &format!(
                r#""do": "define_asset", "code": "{code}", "class": "allowance", "vintages": {vintages}"#
            ),
        );
        self.say(
            &time,
            "operator",
            &format!(
                r#""do": "list_instrument", "code": "{code}", "asset": "{code}", "reference": "{reference}""#
            ),
        );
        self.say(&time, "MEE", &format!(r#""do": "issue", "account": "HN", "asset": "{code}", "quantity": "1000000", "reason": "allocation""#));
    }

    pub(crate) fn fund(&mut self, time: &str, account: &str, amount: &str) {
        let time = format!("{time}+08:00");
        self.say(
            &time,
            "BANK",
            &format!(r#""do": "deposit", "account": "{account}", "amount": "{amount}", "reference": "wire""#),
        );
    }

    /// HN lists for sale, and `taker` takes it.
    pub(crate) fn trade(
        &mut self,
        time: &str,
        instrument: &str,
        price: &str,
        quantity: u32,
        taker: (&str, &str),
    ) {
        let time = format!("{time}+08:00");
        let id = self.say(&time, "HUANENG", &format!(r#""do": "place_listing", "account": "HN", "instrument": "{instrument}", "side": "sell", "price": "{price}", "quantity": {quantity}"#));
        let (by, account) = taker;
        self.say(
            &time,
            by,
            &format!(
                r#""do": "take_listing", "account": "{account}", "listing": "{id}", "quantity": {quantity}"#
            ),
        );
    }

    pub(crate) fn block(
        &mut self,
        time: &str,
        instrument: &str,
        price: &str,
        quantity: u32,
        buyer: (&str, &str),
    ) {
        let time = format!("{time}+08:00");
        let (by, account) = buyer;
        let id = self.say(&time, "HUANENG", &format!(r#""do": "propose_block", "account": "HN", "instrument": "{instrument}", "side": "sell", "counterparty": "{account}", "price": "{price}", "quantity": {quantity}"#));
        self.say(&time, by, &format!(r#""do": "accept_block", "account": "{account}", "proposal": "{id}""#));
    }

    /// What a participant asks in the market's local time: the command without its braces.
    pub(crate) fn ask(&mut self, time: &str, by: &str, command: &str) {
        self.say(&format!("{time}+08:00"), by, command);
    }

    pub(crate) fn tick(&mut self, time: &str) {
        self.ask(time, "operator", r#""do": "tick""#);
    }

    /// A command of the operator that has no wire form.
    pub(crate) fn command(&mut self, time: &str, command: Command) {
        self.apply(&format!("{time}+08:00"), OPERATOR, command);
    }

    fn say(&mut self, time: &str, by: &str, command: &str) -> String {
        self.said += 1;
        let id = format!("c{}", self.said);
        let line =
            parse_line(&format!(r#"{{"time": "{time}", "id": "{id}", "by": "{by}", {command}}}"#)).unwrap();
        let market = (!self.state.markets().is_empty()).then_some(MARKET);
        let resolver = Resolver { state: &self.state, market, book: &self.created };
        let actor = resolver.participant("by", by).unwrap();
        let resolved = resolver.resolve(&line.command).unwrap();
        self.apply(time, actor, resolved);
        self.created.0.insert(id.clone(), Created::by(self.events.as_slice()));
        id
    }

    fn apply(&mut self, time: &str, actor: ParticipantId, command: Command) {
        let envelope = Envelope {
            actor,
            user: base::UserId::NOBODY,
            client_id: ClientId::of("test"),
            door: engine::Door::Unsaid,
            command,
        };
        let time = gateway::parse_time(time).unwrap();
        let record = Record { sequence: Sequence(self.state.sequence().0 + 1), time, envelope };
        self.state.apply(&record, &mut self.events);
        assert_eq!(self.events.refusal(), None, "{:?}", record.envelope.command);
    }
}

/// The lines of a CSV file as `write_csv` writes it.
pub(crate) fn csv(report: &impl huangpu::report::Report) -> String {
    let dir = tempfile::tempdir().unwrap();
    let path = huangpu::report::write_csv(dir.path(), report).unwrap();
    std::fs::read_to_string(path).unwrap()
}

/// The JSON of a report, and that no number in it has a fraction.
pub(crate) fn json(report: &impl serde::Serialize) -> Value {
    fn check(value: &Value) {
        match value {
            Value::Number(number) => assert!(!number.is_f64(), "{number}"),
            Value::Array(items) => items.iter().for_each(check),
            Value::Object(fields) => fields.values().for_each(check),
            _ => {}
        }
    }
    let value = serde_json::to_value(report).unwrap();
    check(&value);
    value
}

/// That a text is, to the letter, what is expected; the first line break of which stands only for the eye.
#[track_caller]
pub(crate) fn same(text: &str, expected: &str) {
    let expected = expected.strip_prefix('\n').unwrap_or(expected);
    assert_eq!(text, expected, "found:\n{text}");
}
