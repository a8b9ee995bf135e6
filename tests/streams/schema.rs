//! Every message that a test sees or says is one that the AsyncAPI document describes: it has the fields that are named there, and
//! no other.

use serde_json::Value;
use std::sync::LazyLock;

static DOCUMENT: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(&huangpu::serve::asyncapi()).unwrap());

/// What the words of a schema say, but for those that describe and do not restrict.
const DESCRIBE: [&str; 7] =
    ["description", "title", "format", "examples", "default", "deprecated", "pattern"];

/// Checks a message that was told.
pub(crate) fn told(text: &str) {
    let message: Value = serde_json::from_str(text).unwrap();
    let name = match (message["op"].as_str(), message["channel"].as_str(), message["type"].as_str()) {
        (Some(op), ..) => op.to_owned(),
        (None, Some(channel), Some(kind)) => format!("{channel}_{kind}"),
        _ => panic!("neither an answer nor of a channel: {message}"),
    };
    check(&name, &message);
}

/// Checks a message that was said, and understood.
pub(crate) fn said(message: &Value) {
    let word = |name: &str| message[name].as_str().unwrap_or_default();
    let name = match word("op") {
        "command" => format!("do_{}", word("do")),
        op => format!("say_{op}"),
    };
    check(&name, message);
}

fn check(name: &str, message: &Value) {
    let described = &DOCUMENT["components"]["messages"][name];
    assert!(described.is_object(), "no message {name:?} is described: {message}");
    if let Err(wrong) = fits(&described["payload"], message, "") {
        panic!("{name}: {wrong}: {message}");
    }
}

/// Whether a value is what a schema says.
fn fits(schema: &Value, value: &Value, at: &str) -> Result<(), String> {
    let Value::Object(words) = schema else {
        return if *schema == Value::Bool(true) { Ok(()) } else { Err(format!("{at}: nothing is here")) };
    };
    for (word, says) in words {
        let well = match word.as_str() {
            "$ref" => {
                let named = DOCUMENT.pointer(says.as_str().unwrap().trim_start_matches('#')).unwrap();
                fits(named, value, at)?;
                true
            }
            "type" => {
                says.as_array().map_or_else(|| is(says, value), |any| any.iter().any(|one| is(one, value)))
            }
            "const" => says == value,
            "enum" => says.as_array().unwrap().contains(value),
            "oneOf" => {
                let each = says.as_array().unwrap().iter().map(|one| fits(one, value, at));
                let (well, wrong): (Vec<_>, Vec<_>) = each.partition(Result::is_ok);
                match well.len() {
                    1 => true,
                    0 => return Err(format!("{at}: none of {wrong:?}")),
                    more => return Err(format!("{at}: {more} of these at once")),
                }
            }
            "properties" => {
                all_known(words, value, at)?;
                true
            }
            "required" => {
                let missing =
                    says.as_array().unwrap().iter().find(|name| value.get(name.as_str().unwrap()).is_none());
                if let Some(name) = missing {
                    return Err(format!("{at}: {name} is missing"));
                }
                true
            }
            "items" => {
                items(says, value, at)?;
                true
            }
            "minItems" => value.as_array().is_none_or(|items| items.len() as u64 >= says.as_u64().unwrap()),
            "maxItems" => value.as_array().is_none_or(|items| items.len() as u64 <= says.as_u64().unwrap()),
            "minLength" => value.as_str().is_none_or(|text| text.len() as u64 >= says.as_u64().unwrap()),
            "maxLength" => value.as_str().is_none_or(|text| text.len() as u64 <= says.as_u64().unwrap()),
            "minimum" => value.as_i64().is_none_or(|number| number >= says.as_i64().unwrap()),
            // Nothing is let through that is not named.
            "additionalProperties" | "additionalItems" => *says == Value::Bool(false),
            word => {
                assert!(DESCRIBE.contains(&word), "{at}: no test understands {word:?}");
                true
            }
        };
        if !well {
            return Err(format!("{at}: {value} is not {word} {says}"));
        }
    }
    Ok(())
}

fn is(kind: &Value, value: &Value) -> bool {
    match kind.as_str().unwrap() {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_u64() || value.is_i64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("no type {other:?}"),
    }
}

fn all_known(words: &serde_json::Map<String, Value>, value: &Value, at: &str) -> Result<(), String> {
    for (name, field) in value.as_object().into_iter().flatten() {
        let Some(schema) = words["properties"].get(name) else {
            return Err(format!("{at}: the field {name:?} is not described"));
        };
        fits(schema, field, &format!("{at}.{name}"))?;
    }
    Ok(())
}

fn items(says: &Value, value: &Value, at: &str) -> Result<(), String> {
    for (place, item) in value.as_array().into_iter().flatten().enumerate() {
        let schema = says.as_array().map_or(Some(says), |parts| parts.get(place));
        let Some(schema) = schema else { return Err(format!("{at}: there are only {place}")) };
        fits(schema, item, &format!("{at}[{place}]"))?;
    }
    Ok(())
}

#[test]
fn what_is_not_described_is_found() {
    let good = serde_json::json!({"channel":"book","instrument":"B1","seq":5,"prev":0,"time":"t","type":"snapshot","data":{
        "bids":[["98.00","1000",1]],"asks":[],"checksum":1,"phase":"continuous","indication":null}});
    told(&good.to_string());
    let fails = |change: fn(&mut Value)| {
        let mut bad = good.clone();
        change(&mut bad);
        let payload = &DOCUMENT["components"]["messages"]["book_snapshot"]["payload"];
        fits(payload, &bad, "").unwrap_err()
    };
    assert!(fails(|bad| bad["surprise"] = 1.into()).contains("not described"));
    assert!(fails(|bad| bad["seq"] = "5".into()).contains("seq"));
    assert!(fails(|bad| bad["data"]["bids"][0][2] = "1".into()).contains("[2]"));
    assert!(fails(|bad| bad["data"]["bids"][0].as_array_mut().unwrap().truncate(2)).contains("minItems"));
    assert!(fails(|bad| bad["data"]["phase"] = Value::Null).contains("phase"));
    assert!(fails(|bad| drop(bad["data"].as_object_mut().unwrap().remove("checksum"))).contains("missing"));
}
