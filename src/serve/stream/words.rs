//! What a client says: one JSON object a message.

use crate::serve::problem::{Code, Problem};
use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, Error, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// The client's own name for its message, a text or a number: it comes back as it was written.
#[derive(Clone, Debug)]
pub(crate) struct Ref(Box<RawValue>);

impl Ref {
    /// An object under the client's name, where there is one.
    pub(super) fn on(reference: Option<&Self>, mut object: String) -> String {
        if let Some(Self(written)) = reference
            && object.pop() == Some('}')
        {
            let comma = if object.ends_with('{') { "" } else { "," };
            object.push_str(&format!("{comma}\"ref\":{}}}", written.get()));
        }
        object
    }
}

/// A message, and the client's own name for it.
pub(super) struct Word {
    pub(super) reference: Option<Ref>,
    pub(super) said: Result<Said, Problem>,
}

/// What it says.
#[derive(Debug)]
pub(super) enum Said {
    Auth(Auth),
    Subscribe(Subscription),
    Unsubscribe(Subscription),
    Ping,
    /// The name of a command, and its fields, as JSON.
    Command {
        name: String,
        id: Option<String>,
        fields: String,
    },
    CancelOnDisconnect {
        on: bool,
    },
    DeadMan {
        seconds: u64,
    },
}

/// Who signs, and that it does.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Auth {
    /// The public name of the key.
    pub(super) key: String,
    #[schema(inline)]
    pub(super) time: Time,
    /// HMAC-SHA256, in hex, over time, `GET` and `/v1/stream`, under the key's secret.
    pub(super) sign: String,
}

/// Milliseconds since 1970, within ten seconds of the node's, as text or as a number.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(untagged)]
pub(super) enum Time {
    Text(String),
    Number(u64),
}

impl Time {
    pub(super) fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Number(number) => number.to_string(),
        }
    }
}

/// What is wanted, and of what or whom.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Subscription {
    /// The channel.
    pub(super) channel: String,
    /// Of this instrument: of the channels that are of one.
    pub(super) instrument: Option<String>,
    /// Of this account: of the channels that may be of one.
    pub(super) account: Option<String>,
    /// Everything up to this `seq` was seen.
    pub(super) from: Option<u64>,
}

/// Nothing else.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}

/// On or off.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct On {
    /// On or off.
    on: bool,
}

/// A time.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Seconds {
    /// 1 to 3,600; 0 turns it off.
    seconds: u64,
}

/// The fields of an object, none of them twice, and what is written under `ref`.
struct Fields(Map<String, Value>, Option<Box<RawValue>>);

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reading;
        impl<'de> Visitor<'de> for Reading {
            type Value = Fields;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
                let (mut fields, mut reference) = (Map::new(), None);
                while let Some(name) = map.next_key::<String>()? {
                    if fields.contains_key(&name) || (name == "ref" && reference.is_some()) {
                        return Err(A::Error::custom(format_args!("the field {name:?} is written twice")));
                    }
                    if name == "ref" {
                        reference = Some(map.next_value()?);
                    } else {
                        fields.insert(name, map.next_value()?);
                    }
                }
                Ok(Fields(fields, reference))
            }
        }
        deserializer.deserialize_map(Reading)
    }
}

pub(super) const OPS: &str = "auth, subscribe, unsubscribe, ping, command, cancel_on_disconnect, dead_man";

/// Reads a message.
pub(super) fn read(text: &str) -> Word {
    let Fields(mut fields, reference) = match serde_json::from_str(text) {
        Ok(fields) => fields,
        Err(error) => {
            return Word { reference: None, said: Err(crate::serve::endpoint::bad_json(&error, None)) };
        }
    };
    let is_name = |written: &RawValue| {
        written.get().starts_with(['"', '-']) || written.get().starts_with(|c: char| c.is_ascii_digit())
    };
    if !reference.as_deref().is_none_or(is_name) {
        let wrong = Problem::field("ref", "expected your own name for this message, a text or a number");
        return Word { reference: None, said: Err(wrong) };
    }
    let said = match fields.shift_remove("op") {
        Some(Value::String(op)) => say(&op, fields),
        _ => Err(Problem::field("op", format!("expected one of {OPS}"))),
    };
    Word { reference: reference.map(Ref), said }
}

fn say(op: &str, fields: Map<String, Value>) -> Result<Said, Problem> {
    match op {
        "auth" => typed(fields).map(Said::Auth),
        "subscribe" => typed(fields).map(Said::Subscribe),
        "unsubscribe" => typed(fields).map(Said::Unsubscribe),
        "ping" => typed(fields).map(|Nothing {}| Said::Ping),
        "cancel_on_disconnect" => typed(fields).map(|On { on }| Said::CancelOnDisconnect { on }),
        "dead_man" => typed(fields).map(|Seconds { seconds }| Said::DeadMan { seconds }),
        "command" => command(fields),
        other => Err(Problem::field("op", format!("expected one of {OPS}, found {other:?}"))),
    }
}

fn typed<T: DeserializeOwned>(fields: Map<String, Value>) -> Result<T, Problem> {
    serde_json::from_value(Value::Object(fields))
        .map_err(|error| Problem::new(Code::BadJson, error.to_string()))
}

fn command(mut fields: Map<String, Value>) -> Result<Said, Problem> {
    let Some(Value::String(name)) = fields.shift_remove("do") else {
        return Err(Problem::field("do", "expected the name of a command"));
    };
    let id = fields.get("id").and_then(Value::as_str).map(str::to_owned);
    Ok(Said::Command { name, id, fields: Value::Object(fields).to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(text: &str) -> Problem {
        read(text).said.unwrap_err()
    }

    #[test]
    fn what_cannot_be_read_says_why() {
        assert_eq!(problem("{\"op\":\"ping\"").code, Code::BadJson);
        assert_eq!(problem("[1]").code, Code::BadJson);
        assert!(problem("{\"op\":\"ping\",\"op\":\"ping\"}").detail.contains("twice"));
        assert_eq!(problem("{}").field.as_deref(), Some("op"));
        assert_eq!(problem("{\"op\":\"dance\"}").field.as_deref(), Some("op"));
        assert!(problem("{\"op\":\"subscribe\",\"channel\":\"book\",\"speed\":1}").detail.contains("speed"));
        assert!(problem("{\"op\":\"subscribe\",\"channel\":\"book\",\"from\":-1}").detail.contains("-1"));
        assert_eq!(problem("{\"op\":\"command\"}").field.as_deref(), Some("do"));
        assert_eq!(problem("{\"op\":\"ping\",\"ref\":{}}").field.as_deref(), Some("ref"));
    }

    #[test]
    fn a_reference_comes_back_as_it_was_written() {
        for written in
            ["1", "1.0", "-0", "1e3", "1E+03", "12345678901234567890123", "0.1000", "\"a\\u0062\"", "\"\""]
        {
            let word = read(&format!("{{\"ref\": {written} ,\"op\":\"ping\"}}"));
            let told = Ref::on(word.reference.as_ref(), "{\"op\":\"pong\"}".to_owned());
            assert_eq!(told, format!("{{\"op\":\"pong\",\"ref\":{written}}}"));
        }
        for wrong in ["null", "true", "[1]", "{}"] {
            assert_eq!(
                problem(&format!("{{\"op\":\"ping\",\"ref\":{wrong}}}")).field.as_deref(),
                Some("ref")
            );
        }
        assert!(problem("{\"op\":\"ping\",\"ref\":1,\"ref\":1}").detail.contains("twice"));
    }

    #[test]
    fn a_command_keeps_its_fields_and_its_reference() {
        let word = read("{\"op\":\"command\",\"ref\":7,\"id\":\"a\",\"do\":\"place_order\",\"quantity\":5}");
        assert_eq!(Ref::on(word.reference.as_ref(), "{}".to_owned()), "{\"ref\":7}");
        let Ok(Said::Command { name, id, fields }) = word.said else { panic!("no command") };
        assert_eq!((name.as_str(), id.as_deref()), ("place_order", Some("a")));
        assert_eq!(fields, "{\"id\":\"a\",\"quantity\":5}");
    }
}
