//! Numbers, codes and names of others: in every path that the OpenAPI document has.

use crate::common::client::Got;
use crate::common::{PEOPLE, Person, Served};
use crate::table::{Table, order, proposed};
use roster::Duty;
use serde_json::{Value, json};

/// What stands in the place of a parameter: something of Dongjiang's, and something that there never was.
fn named(parameter: &str, number: u64, act: u64) -> Option<(String, String)> {
    let (theirs, none) = match parameter {
        "account" => ("DJ".to_owned(), "ZZ".to_owned()),
        "order" => (number.to_string(), (number + 4_096).to_string()),
        "act" => (act.to_string(), (act + 4_096).to_string()),
        "user" => ("custodian".to_owned(), "nobodyever".to_owned()),
        "key" => ("keycustodian".to_owned(), "keyofnobodyever".to_owned()),
        "record" => ("1".to_owned(), "9999999".to_owned()),
        // Everyone's.
        "instrument" | "market" => return None,
        other => panic!("{other} is a new parameter: whose is it?"),
    };
    Some((theirs, none))
}

/// Whether somebody might see it after all: then nothing is tried.
fn may_see(person: &Person, parameter: &str) -> bool {
    let has = |duties: &[Duty]| person.duties.iter().any(|duty| duties.contains(duty));
    let institution = !["DONGJIANG", "HUIMIN"].contains(&person.participant);
    let own = person.participant == "DONGJIANG";
    let watches =
        institution && person.participant != "SETTLEBANK" && has(&[Duty::Supervisor, Duty::Auditor]);
    match parameter {
        "account" => own || institution,
        "order" => own || watches,
        // It is the authority's, and those see it who might approve it.
        "act" => person.participant == "AUTHORITY" || watches,
        "user" => (own && has(&[Duty::Operator])) || (person.participant == "operator") || watches,
        "key" => person.name == "custodian" || person.participant == "operator",
        _ => watches,
    }
}

#[test]
fn what_is_another_s_is_as_what_there_never_was() {
    let mut table = Table::of("idor");
    let served = Served::start();
    let number =
        served.program("trader").post("/v1/orders", &order("theirs")).good()["created"]["number"].clone();
    let issue = json!({ "account": "DJ", "asset": "CEA26", "quantity": 1, "reason": "a test" });
    let act = proposed(&served.program("authority1"), "/v1/commands/issue", &issue);
    let document = served.nobody().get("/v1/openapi.json").good();
    let (mut compared, mut differ, mut alone) = (0, Vec::new(), Vec::new());
    for (path, methods) in document["paths"].as_object().unwrap() {
        let Some(parameter) = path.split_once('{').and_then(|(_, rest)| rest.split('}').next()) else {
            continue;
        };
        let Some((theirs, none)) = named(parameter, number.as_u64().unwrap(), act) else { continue };
        let fill = |name: &str| path.replace(&format!("{{{parameter}}}"), name);
        for method in methods.as_object().unwrap().keys().map(|method| method.to_uppercase()) {
            let body = (method != "GET" && method != "DELETE").then(|| body_for(path));
            for person in PEOPLE.iter().filter(|person| !may_see(person, parameter)) {
                let client = served.program(person.name);
                let ask = |name: &str| {
                    let got = client.send(&method, &fill(name), body.as_ref());
                    (got.status, told(&got, name))
                };
                let (there, nowhere) = (ask(&theirs), ask(&none));
                if there != nowhere || there.0 < 400 {
                    differ.push(format!("{method} {path} as {}: {there:?}, {nowhere:?}", person.name));
                }
                compared += 1;
            }
            let nobody = served.nobody().send(&method, &fill(&theirs), body.as_ref());
            if nobody.code() != "unauthenticated" {
                alone.push(format!("{method} {path}: {}", nobody.status));
            }
        }
    }
    assert!(compared > 60, "only {compared} compared");
    let as_none = |told: &[String]| {
        if told.is_empty() { "as one that there never was".to_owned() } else { format!("{told:#?}") }
    };
    table.note(
        "the number, code or name of another's in every path, as everyone whose it is not",
        as_none(&differ),
    );
    let other = served.program("other");
    let ask = |path: &str, account: &str| {
        let got = other.get(&format!("{path}?account={account}"));
        (got.status, String::from_utf8_lossy(&got.body).replace(account, "THIS"))
    };
    let paths = ["/v1/orders", "/v1/fills", "/v1/settlements"];
    let told: Vec<String> = paths
        .iter()
        .filter(|path| ask(path, "DJ") != ask(path, "ZZ") || ask(path, "DJ").0 < 400)
        .map(|path| format!("{path}: {:?}", ask(path, "DJ")))
        .collect();
    table.note("an account of another in a query", as_none(&told));
    let alone = if alone.is_empty() { "401 unauthenticated".to_owned() } else { format!("{alone:#?}") };
    table.note("the same paths as nobody", alone);
    table.done();
}

/// What was told, without the name that was asked for, and without the record of the refusal, which is the asker's own.
fn told(got: &Got, name: &str) -> String {
    let mut answer = got.json();
    if let Some(fields) = answer.as_object_mut() {
        fields.retain(|field, _| !["sequence", "id"].contains(&field.as_str()));
    }
    answer.to_string().replace(name, "THIS")
}

/// A body that the endpoint can read.
fn body_for(path: &str) -> Value {
    match path.rsplit('/').next() {
        Some("withdraw") => json!({ "reason": "a test" }),
        Some("{order}") => json!({ "account": "HM", "price": "98.00", "quantity": 1000 }),
        _ => json!({}),
    }
}
