//! The AsyncAPI document of the stream: every message that a client may say and every one that it is told, with its schema, made
//! of the very types that are read and written.

use super::acts::ActEnded;
use super::book::Data as BookData;
use super::items::{FillItem, OrderItem, TradeItem};
use super::queue::{QueueChange, QueueView, Standing};
use super::upgrade::PATH;
use super::views::{InstrumentStatus, ListingItem, MarketStatus, Tick};
use super::words::{Auth, Nothing, On, Seconds, Subscription};
use crate::serve::api::accounts::HoldingView;
use crate::serve::api::acts::ActView;
use crate::serve::api::commands::{Sent, body_of, command_names, is_offered};
use crate::serve::api::operate::Operations;
use crate::serve::api::supervision::AlertView;
use crate::serve::api::trades::CandleView;
use crate::serve::endpoint::{Body, Schemas, shape};
use crate::serve::problem::Shown;
use gateway::WireCommand;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

const ABOUT: &str = "Market data, your own business and commands over one WebSocket (docs/streams.md). Messages are JSON objects, one \
    a text frame. Prices, quantities and amounts are texts with a decimal point, never floating-point numbers.";

/// The document, as it is sent.
#[must_use]
pub fn text() -> String {
    let text = serde_json::to_string_pretty(&document()).unwrap_or_default();
    crate::serve::openapi::formats(&text)
}

/// A message: its name, what it is for, and its schema.
struct Message {
    name: String,
    about: String,
    payload: Value,
}

fn document() -> Value {
    let mut all = All(Vec::new());
    WireCommand::schemas(&mut all.0);
    let (said, told) = (said(&mut all), told(&mut all));
    let names = |messages: &[Message], within: &str| -> Vec<Value> {
        messages.iter().map(|message| reference(within, &message.name)).collect()
    };
    let of_the_channel: Map<String, Value> = said
        .iter()
        .chain(&told)
        .map(|message| (message.name.clone(), reference("components/messages", &message.name)))
        .collect();
    let operation = |action: &str, about: &str, messages: &[Message]| {
        json!({
            "action": action,
            "channel": reference("channels", "stream"),
            "summary": about,
            "description": "Messages are told apart by `op`, and where there is none by `channel` and `type`; of commands by `do`.",
            "messages": names(messages, "channels/stream/messages"),
        })
    };
    let operations = json!({
        "hear": operation("receive", "What a client says", &said),
        "tell": operation("send", "What a client is told", &told),
    });
    let messages: Map<String, Value> = said.into_iter().chain(told).map(described).collect();
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Huangpu streams",
            "version": env!("CARGO_PKG_VERSION"),
            "description": ABOUT,
            "license": { "name": "Apache-2.0" },
            "contact": { "name": "The operator of this node" },
            "tags": [{ "name": "streams" }],
        },
        "defaultContentType": "application/json",
        "servers": { "node": {
            "host": "{host}",
            "protocol": "ws",
            "description": "The node that serves this document; wss where it has TLS.",
            "variables": { "host": { "default": "127.0.0.1:8080", "description": "Where the node listens" } },
        } },
        "channels": { "stream": {
            "address": PATH,
            "title": "The stream",
            "messages": of_the_channel,
            "bindings": { "ws": { "method": "GET", "bindingVersion": "0.1.0" } },
        } },
        "operations": operations,
        "components": { "messages": messages, "schemas": all.finish() },
    })
}

fn described(message: Message) -> (String, Value) {
    let Message { name, about, payload } = message;
    let described = json!({ "name": name, "title": name, "summary": about, "payload": payload });
    (name, described)
}

fn reference(within: &str, name: &str) -> Value {
    json!({ "$ref": format!("#/{within}/{name}") })
}

/// The schemas that messages refer to.
struct All(Schemas);

impl All {
    /// The schema of a type.
    fn of<T: ToSchema>(&mut self) -> Value {
        serde_json::to_value(shape::<T>(&mut self.0)).unwrap_or_default()
    }

    /// The same, where it stands.
    fn inline<T: ToSchema>(&mut self) -> Value {
        T::schemas(&mut self.0);
        serde_json::to_value(T::schema()).unwrap_or_default()
    }

    fn finish(self) -> Value {
        let all = self.0.into_iter().map(|(name, schema)| {
            let mut schema = serde_json::to_value(schema).unwrap_or_default();
            draft_7(&mut schema);
            (name, schema)
        });
        Value::Object(all.collect())
    }
}

/// Schemas of OpenAPI are of a newer draft than those of AsyncAPI, and differ in how tuples are written.
fn draft_7(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            if let Some(parts) = fields.remove("prefixItems") {
                fields.insert("items".to_owned(), parts);
                fields.insert("additionalItems".to_owned(), false.into());
            }
            fields.values_mut().for_each(draft_7);
        }
        Value::Array(parts) => parts.iter_mut().for_each(draft_7),
        _ => {}
    }
}

/// An object with these fields, some of which need not be there.
fn object(fields: Vec<(&str, Value)>, optional: &[&str]) -> Value {
    let required: Vec<&str> =
        fields.iter().map(|(name, _)| *name).filter(|name| !optional.contains(name)).collect();
    let properties: Map<String, Value> =
        fields.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect();
    json!({ "type": "object", "properties": properties, "required": required })
}

fn list(item: Value) -> Value {
    json!({ "type": "array", "items": item })
}

fn word(is: &str) -> Value {
    json!({ "type": "string", "const": is })
}

fn string() -> Value {
    json!({ "type": "string" })
}

fn number() -> Value {
    json!({ "type": "integer", "minimum": 0 })
}

fn flag() -> Value {
    json!({ "type": "boolean" })
}

fn or_null(schema: Value) -> Value {
    json!({ "oneOf": [{ "type": "null" }, schema] })
}

/// The client's own name for a message, which what answers it carries too.
fn own_name() -> Value {
    json!({ "type": ["string", "number"], "description": "Your own name for this message: what answers it carries it." })
}

/// The schema of fields, and before them the words that say what the message does.
fn with(words: Vec<(&str, Value)>, mut fields: Value) -> Value {
    let required: Vec<Value> = words.iter().map(|(name, _)| (*name).into()).collect();
    let (mut all, mut needed) = (Map::new(), required);
    all.extend(words.into_iter().map(|(name, schema)| (name.to_owned(), schema)));
    all.insert("ref".to_owned(), own_name());
    if let Some(Value::Object(own)) = fields.get_mut("properties") {
        all.extend(std::mem::take(own));
    }
    if let Some(Value::Array(own)) = fields.get_mut("required") {
        needed.append(own);
    }
    if let Some(schema) = fields.as_object_mut() {
        schema.insert("type".to_owned(), "object".into());
        schema.insert("properties".to_owned(), all.into());
        schema.insert("required".to_owned(), needed.into());
    }
    draft_7(&mut fields);
    fields
}

/// What a client may say.
fn said(all: &mut All) -> Vec<Message> {
    let mut messages = Vec::new();
    let mut add = |op: &str, about: &str, fields: Value| {
        messages.push(Message {
            name: format!("say_{op}"),
            about: about.to_owned(),
            payload: with(vec![("op", word(op))], fields),
        });
    };
    add("auth", "Says who one is: the first message, where the request was not signed", all.inline::<Auth>());
    add("subscribe", "Subscribes to a channel", all.inline::<Subscription>());
    add("unsubscribe", "Ends a subscription", all.inline::<Subscription>());
    add("ping", "Asks whether the node is there", all.inline::<Nothing>());
    add("cancel_on_disconnect", "Chooses that orders end with the connection", all.inline::<On>());
    add("dead_man", "Chooses that orders end when nothing was said for a while", all.inline::<Seconds>());
    for name in command_names().filter(|name| is_offered(name)) {
        let Body::Is(fields) = body_of(&name) else { continue };
        messages.push(Message {
            about: format!("Sends the command `{name}` (docs/commands.md)"),
            payload: with(
                vec![("op", word("command")), ("do", word(&name))],
                serde_json::to_value(*fields).unwrap_or_default(),
            ),
            name: format!("do_{name}"),
        });
    }
    messages
}

/// What a client is told.
fn told(all: &mut All) -> Vec<Message> {
    let mut messages = answers(all);
    for (channel, of, snapshot, update) in channels(all) {
        for (kind, data) in [("snapshot", snapshot), ("update", update)] {
            let mut fields = vec![("channel", word(channel))];
            let (name, optional) = match of {
                Of::Node => (None, &[][..]),
                Of::Instrument => (Some("instrument"), &[][..]),
                Of::Account => (Some("account"), &[][..]),
                Of::AccountOrFirm => (Some("account"), &["account"][..]),
            };
            fields.extend(name.map(|name| (name, string())));
            let rest = [("seq", number()), ("prev", number()), ("time", string()), ("type", word(kind))];
            fields.extend(rest);
            fields.push(("data", data));
            messages.push(Message {
                name: format!("{channel}_{kind}"),
                about: match kind {
                    "snapshot" => format!("How `{channel}` stands"),
                    _ => format!("What happened in `{channel}`"),
                },
                payload: object(fields, optional),
            });
        }
    }
    messages
}

/// What answers a message, or stands between them.
fn answers(all: &mut All) -> Vec<Message> {
    let problem = all.of::<Shown<'static>>();
    let message = |name: &str, about: &str, fields: Vec<(&str, Value)>, optional: &[&str]| Message {
        name: name.to_owned(),
        about: about.to_owned(),
        payload: with(vec![("op", word(name))], object(fields, optional)),
    };
    let of = || vec![("channel", string()), ("instrument", string()), ("account", string())];
    let named = ["instrument", "account"];
    let subscribed = of().into_iter().chain([("resumed", flag())]).collect();
    let unsubscribed = of().into_iter().chain([("was_subscribed", flag())]).collect();
    let signed_in = vec![("user", string()), ("participant", string())];
    let dead_man = vec![("seconds", number()), ("cancelled", flag()), ("id", or_null(string()))];
    let failed =
        vec![("id", or_null(string())), ("sequence", or_null(number())), ("problem", problem.clone())];
    let sent = with(vec![("op", word("answer"))], all.inline::<Sent>());
    let failed = with(vec![("op", word("answer"))], object(failed, &[]));
    vec![
        message("authenticated", "Who one is", signed_in, &[]),
        message(
            "subscribed",
            "A subscription begins: a snapshot follows, or what was missed",
            subscribed,
            &named,
        ),
        message("unsubscribed", "A subscription is over", unsubscribed, &named),
        message("pong", "The node is there", Vec::new(), &[]),
        message("cancel_on_disconnect", "Whether orders end with the connection", vec![("on", flag())], &[]),
        message("dead_man", "The timer was set, or went off", dead_man, &["cancelled", "id"]),
        Message {
            name: "answer".to_owned(),
            about: "What came of a command".to_owned(),
            payload: json!({ "oneOf": [sent, failed] }),
        },
        message("error", "What was said cannot be done", vec![("problem", problem)], &[]),
    ]
}

/// Of what a channel is.
#[derive(Clone, Copy)]
enum Of {
    Node,
    Instrument,
    Account,
    AccountOrFirm,
}

/// Every channel, of what it is, and the data of its snapshots and of its updates.
fn channels(all: &mut All) -> Vec<(&'static str, Of, Value, Value)> {
    let items = |item: Value| object(vec![("items", list(item))], &[]);
    let same = |channel, of, data: Value| (channel, of, data.clone(), data);
    all.of::<Standing>();
    let (queue, queue_change) = (all.of::<QueueView>(), all.of::<QueueChange>());
    let (book, listing, trade) = (all.of::<BookData>(), all.of::<ListingItem>(), all.of::<TradeItem>());
    let (candle, tick) = (all.of::<CandleView>(), all.of::<Tick>());
    let (instrument, market) = (all.of::<InstrumentStatus>(), all.of::<MarketStatus>());
    let (order, fill, holding) = (all.of::<OrderItem>(), all.of::<FillItem>(), all.of::<HoldingView>());
    let (act, act_ended) = (all.of::<ActView>(), all.of::<ActEnded>());
    let (alert, operations) = (all.of::<AlertView>(), all.of::<Operations>());
    let sides = || vec![("bids", list(listing.clone())), ("asks", list(listing.clone()))];
    let gone = sides().into_iter().chain([("gone", list(number()))]).collect();
    let firm = |more: Option<(&'static str, Value)>| {
        let parts = [("orders", list(order.clone())), ("fills", list(fill.clone()))];
        object(parts.into_iter().chain(more).collect(), &[])
    };
    vec![
        same("book", Of::Instrument, book),
        ("queue", Of::Instrument, queue, items(queue_change)),
        ("listings", Of::Instrument, object(sides(), &[]), object(gone, &[])),
        same("trades", Of::Instrument, items(trade)),
        ("candles", Of::Instrument, or_null(candle.clone()), candle),
        same("status", Of::Node, object(vec![("items", list(instrument)), ("markets", list(market))], &[])),
        same("ticker", Of::Node, items(tick)),
        (
            "orders",
            Of::AccountOrFirm,
            object(vec![("items", list(order.clone())), ("more", flag())], &[]),
            items(order.clone()),
        ),
        same("fills", Of::AccountOrFirm, items(fill.clone())),
        same("settlement", Of::AccountOrFirm, items(fill.clone())),
        same("holdings", Of::Account, items(holding)),
        same("acts", Of::Node, items(json!({ "oneOf": [act, act_ended] }))),
        ("drop_copy", Of::Node, firm(Some(("more", flag()))), firm(None)),
        same("alerts", Of::Node, items(alert)),
        ("operations", Of::Node, or_null(operations.clone()), operations),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serve::stream::topic::CHANNELS;

    fn references<'a>(of: &'a Value, all: &mut Vec<&'a str>) {
        match of {
            Value::Object(fields) => {
                all.extend(fields.get("$ref").and_then(Value::as_str));
                fields.values().for_each(|value| references(value, all));
            }
            Value::Array(items) => items.iter().for_each(|item| references(item, all)),
            _ => {}
        }
    }

    #[test]
    fn everything_that_is_referred_to_is_there_and_every_channel_is_described() {
        let document = document();
        let mut all = Vec::new();
        references(&document, &mut all);
        let missing: Vec<_> =
            all.iter().filter(|name| document.pointer(name.trim_start_matches('#')).is_none()).collect();
        assert!(all.len() > 100 && missing.is_empty(), "{missing:?}");
        let messages = document["components"]["messages"].as_object().unwrap();
        for channel in CHANNELS.split(", ") {
            for kind in ["snapshot", "update"] {
                assert!(messages.contains_key(&format!("{channel}_{kind}")), "{channel}");
            }
        }
        assert_eq!(channels(&mut All(Vec::new())).len(), CHANNELS.split(", ").count());
        for op in super::super::words::OPS.split(", ").filter(|op| *op != "command") {
            assert!(messages.contains_key(&format!("say_{op}")), "{op}");
        }
        assert!(messages.contains_key("do_place_order") && !messages.contains_key("do_create_user"));
        assert!(!text().contains("prefixItems"));
    }
}
