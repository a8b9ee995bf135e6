//! Who may send what, over HTTP: a command of every kind is sent by everyone and by nobody, and what each is answered is what the
//! table of docs/access.md says, read from the page itself. What is not somebody's to know is, to him, not there.

#![allow(clippy::unwrap_used, unreachable_pub)] // the lints do not know what a test needs

mod cases;
#[path = "../common/mod.rs"]
mod common;
mod table;

use base::UserId;
use cases::{Case, Names, others, with, with_accounts};
use common::client::{Client, Got};
use common::{PASSWORD, PEOPLE, Person, Served};
use roster::{CreateUser, Duties, Duty};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use table::{Outcome, expected, hidden, outcome, page, table};

/// Everyone, with accounts and users beside that no other test needs.
fn served() -> Served {
    let dir = tempfile::tempdir().unwrap();
    let mut node = common::open(dir.path());
    common::play(&mut node);
    let time = node.time();
    for (firm, name) in [("DONGJIANG", "spare"), ("HUIMIN", "stranger")] {
        let participant = node.state().registry().participant_id(firm).unwrap();
        let (name, duties) = (name.to_owned(), Duties::of(&[Duty::Trader]));
        let user = CreateUser { participant, name, duties, password: String::new(), must_change: false };
        let id = format!("user-{}", user.name);
        common::send(&mut node, time, engine::OPERATOR, &id, engine::Command::CreateUser(user));
    }
    let (user, id) = (UserId(1), "keyspare".to_owned());
    let key = roster::CreateKey {
        user,
        id,
        secret_hash: [0; 32],
        account: None,
        duties: Duties::of(&[Duty::Trader]),
    };
    common::send(&mut node, time, engine::OPERATOR, "keyspare", engine::Command::CreateKey(key));
    let participant = node.state().registry().participant_id("DONGJIANG").unwrap();
    let account = registry::OpenAccount {
        participant,
        code: "SP".to_owned(),
        kind: registry::AccountKind::default(),
        owner: None,
    };
    common::send(&mut node, time, engine::OPERATOR, "SP", engine::Command::OpenAccount(account));
    common::admit(&mut node, dir.path());
    Served::serve(node, common::config(), dir)
}

fn client(served: &Served, person: Option<&Person>) -> Client {
    person.map_or_else(|| served.nobody(), |person| served.program(person.name))
}

fn send(client: &Client, case: &Case, body: &Value) -> Got {
    let path = case.elsewhere.map_or_else(|| format!("/v1/commands/{}", case.command), str::to_owned);
    client.post(&path, body)
}

#[test]
fn every_command_is_permitted_exactly_to_those_whom_the_table_names() {
    let (served, table) = (served(), table());
    let everyone: Vec<Option<&Person>> = PEOPLE.iter().map(Some).chain([None]).collect();
    let clients: Vec<Client> = everyone.iter().map(|person| client(&served, *person)).collect();
    let (mut sent, mut outcomes) = (BTreeSet::new(), BTreeMap::<String, usize>::new());
    for case in with_accounts().iter().chain(&others()) {
        sent.insert(case.command);
        for (person, client) in everyone.iter().zip(&clients) {
            let name = person.map_or("nobody", |person| person.name);
            let got = send(client, case, &case.body);
            let (found, wanted) = (outcome(&got), expected(&table[case.command], case, *person));
            assert_eq!(
                found,
                wanted,
                "{} {} as {name}: {} {}",
                case.command,
                case.body,
                got.status,
                got.json()
            );
            *outcomes.entry(format!("{found:?}")).or_default() += 1;
        }
    }
    // Those that are left are tried below, or are the node's own.
    let own = [
        "create_key",
        "create_user",
        "enrol",
        "enrol_totp",
        "set_password",
        "set_totp",
        "propose_act",
        "approve_act",
        "withdraw_act",
        "put_roster_in_force",
        "tick",
    ];
    let left: BTreeSet<&str> = table.keys().map(String::as_str).filter(|name| !sent.contains(name)).collect();
    assert_eq!(left, BTreeSet::from(own));
    assert!(outcomes.len() >= 8 && outcomes.values().all(|count| *count > 5), "{outcomes:?}");
}

/// What a command names, and the same body with another name in its place.
fn renamed(case: &Case, name: &str) -> Option<(&'static str, Value)> {
    let (field, named) = match case.names {
        Names::Nothing | Names::Key(_) => return None,
        Names::Account(named) if case.command == "transfer" => ("from", named),
        Names::Account(named) => ("account", named),
        Names::Participant(named) => ("participant", named),
        Names::User(named) => ("user", named),
    };
    Some((named, with(case.body.clone(), json!({ field: name }))))
}

#[test]
fn what_is_another_s_is_answered_as_what_is_not_there() {
    let served = served();
    let mut compared = 0;
    for person in &PEOPLE {
        let client = served.program(person.name);
        for case in with_accounts().iter().chain(&others()).filter(|case| case.elsewhere.is_none()) {
            if !matches!(hidden(case, person), Some(Outcome::NotThere(_))) {
                continue;
            }
            let Some((named, body)) = renamed(case, "NOSUCH") else { continue };
            let (there, nowhere) = (send(&client, case, &case.body), send(&client, case, &body));
            let told = there.json().to_string().replace(named, "NOSUCH");
            assert_eq!(
                (there.status, told),
                (nowhere.status, nowhere.json().to_string()),
                "{} as {}",
                case.command,
                person.name
            );
            compared += 1;
        }
    }
    assert!(compared > 100, "only {compared} compared");
    // What another sent is not found by its name: whoever sent it, and whether there is such a participant.
    let trader = served.program("trader");
    let cancel = |order: Value| {
        let got = trader.post("/v1/commands/cancel_order", &json!({ "account": "DJ", "order": order }));
        (got.status, got.code(), got.json()["reason"].clone())
    };
    let answer = cancel(json!("NOSUCH/bills"));
    assert_eq!(answer, (422, "bad_field".to_owned(), Value::Null));
    assert_eq!(cancel(json!("HUIMIN/bills")), answer);
    assert_eq!(cancel(json!("HUIMIN/nosuch")), answer);
    assert_eq!(cancel(json!("bills")), cancel(json!("nosuch")));
    // Nor by its number, which anyone can guess.
    let order =
        json!({ "account": "HM", "instrument": "B2609", "side": "sell", "price": "99.00", "quantity": 1000 });
    let order = served.program("other").post("/v1/commands/place_order", &order).good();
    let order = order["created"]["number"].clone();
    assert_eq!(cancel(order.clone()).2, "order_unknown");
    assert_eq!(cancel(order.clone()), cancel(json!(1_000_000)));
    let amend = |order: &Value| {
        let body = json!({ "account": "DJ", "order": order, "price": "99.00", "quantity": 2000 });
        let got = trader.post("/v1/commands/amend_order", &body);
        (got.status, got.code(), got.json()["reason"].clone(), got.json()["detail"].clone())
    };
    assert_eq!(amend(&order).2, "order_unknown");
    assert_eq!(amend(&order), amend(&json!(1_000_000)));
    let own =
        trader.post("/v1/commands/cancel_order", &json!({ "account": "DJ", "order": "DONGJIANG/nosuch" }));
    assert!(
        own.json()["detail"].as_str().unwrap().contains("no earlier command has the id"),
        "{}",
        own.json()
    );
}

#[test]
fn whoever_comes_too_late_is_told_what_became_of_the_order() {
    let served = served();
    let (other, trader) = (served.program("other"), served.program("trader"));
    let sell = |price: &str| {
        let body = json!({ "account": "HM", "instrument": "B2609", "side": "sell", "price": price, "quantity": 1000 });
        let sent = other.post("/v1/commands/place_order", &body).good();
        sent["created"]["number"].clone()
    };
    let late = |client: &Client, name: &str, body: Value| {
        let got = client.post(&format!("/v1/commands/{name}"), &body).json();
        assert_eq!(got["reason"], "order_unknown", "{got}");
        (got["ended"].clone(), got["detail"].as_str().unwrap().to_owned())
    };
    let cancel = |order: &Value| json!({ "account": "HM", "order": order });
    let amend =
        |order: &Value| json!({ "account": "HM", "order": order, "price": "99.00", "quantity": 2000 });
    // Cancelled.
    let order = sell("99.00");
    let first = other.post("/v1/commands/cancel_order", &cancel(&order)).good();
    for (name, body) in [("cancel_order", cancel(&order)), ("amend_order", amend(&order))] {
        let (ended, detail) = late(&other, name, body);
        assert_eq!((&ended["status"], &ended["why"]), (&json!("cancelled"), &json!("withdrawn")));
        assert_eq!(ended["sequence"], first["sequence"]);
        assert!(ended["time"].is_string() && detail.contains(" It was cancelled, with record "), "{detail}");
    }
    // Traded in full.
    let order = sell("98.00");
    let buy =
        json!({ "account": "DJ", "instrument": "B2609", "side": "buy", "price": "98.00", "quantity": 1000 });
    let bought = trader.post("/v1/commands/place_order", &buy).good();
    let (ended, detail) = late(&other, "cancel_order", cancel(&order));
    assert_eq!((&ended["status"], &ended["why"]), (&json!("filled"), &Value::Null));
    assert_eq!(ended["sequence"], bought["sequence"]);
    assert!(detail.contains(" It has traded in full, with record "), "{detail}");
    // Never there, and another's, which is told as if it never were.
    let never = late(&other, "cancel_order", cancel(&json!(1_000_000)));
    assert_eq!(never.0, Value::Null);
    assert!(never.1.ends_with(" Nothing of yours has ever had this number."), "{}", never.1);
    let anothers = late(&trader, "cancel_order", json!({ "account": "DJ", "order": order }));
    assert_eq!(anothers, never);
}

/// Whoever might send what is proposed: the proposer, what it proposes, and who else may.
fn proposals() -> [(&'static str, &'static str, Value, &'static [&'static str]); 4] {
    let issue = json!({ "account": "DJ", "asset": "CEA26", "quantity": 1, "reason": "a test" });
    let user = json!({ "user": "spare", "duties": ["trader", "auditor"] });
    [
        ("authority1", "issue", issue, &["authority2"]),
        (
            "operator1",
            "correct_reference",
            json!({ "line": "B2609", "price": "98.60", "reason": "a test" }),
            &["operator2"],
        ),
        (
            "operator1",
            "resume",
            json!({ "instrument": "CEA26", "reason": "a test" }),
            &["operator2", "supervisor"],
        ),
        ("operator1", "set_user_duties", user, &["operator2", "manager"]),
    ]
}

#[test]
fn what_is_proposed_is_approved_or_rejected_by_those_who_might_send_it() {
    let served = served();
    let mut did = 0;
    for (proposer, command, body, others) in proposals() {
        for person in &PEOPLE {
            for (act, reason) in [("approve", json!({})), ("withdraw", json!({ "reason": "a test" }))] {
                let proposed =
                    served.program(proposer).post(&format!("/v1/commands/{command}"), &body).good();
                let path = format!("/v1/acts/{}/{act}", proposed["act"]);
                assert_eq!(served.nobody().post(&path, &reason).status, 401);
                let got = served.program(person.name).post(&path, &reason);
                let (code, answer) = (got.code(), got.json());
                let what = format!("{act} {command} as {}: {answer}", person.name);
                let same_house =
                    PEOPLE.iter().any(|p| p.name == proposer && p.participant == person.participant);
                if others.contains(&person.name) || (act == "withdraw" && person.name == proposer) {
                    // Done, or refused as what it is, by another rule than that of who may.
                    let refused =
                        got.status == 422 && !["access", "act"].contains(&answer["stage"].as_str().unwrap());
                    assert!(got.status == 200 || refused, "{what}");
                    did += 1;
                } else if person.name == proposer {
                    assert_eq!(
                        (code.as_str(), &answer["reason"]),
                        ("refused", &json!("same_person")),
                        "{what}"
                    );
                } else {
                    // Who does not see it is told the same of an act that there never was.
                    assert!(!same_house, "{what}");
                    let never = served.program(person.name).post(&format!("/v1/acts/999999/{act}"), &reason);
                    let told =
                        answer["detail"].as_str().unwrap().replace(&proposed["act"].to_string(), "999999");
                    assert_eq!(
                        (code.as_str(), told.as_str()),
                        ("not_found", never.json()["detail"].as_str().unwrap()),
                        "{what}"
                    );
                }
            }
        }
    }
    assert_eq!(did, 16);
}

#[test]
fn everyone_may_propose_a_key_of_its_own_and_end_it() {
    let served = served();
    for person in &PEOPLE {
        let (own, duties) = (served.person(person.name), json!({ "duties": [person.duties[0].name()] }));
        let made = own.post("/v1/keys", &duties);
        assert_eq!(made.status, 202, "{}: {}", person.name, made.json());
        let approver = if person.name == "operator2" { "operator1" } else { "operator2" };
        let path = format!("/v1/acts/{}/approve", made.json()["act"]);
        served.program(approver).post(&path, &json!({})).good();
        let key = json!({ "key": made.json()["key"] });
        own.post("/v1/commands/revoke_key", &key).good();
        // No key makes another, but an operator's: its duties are what it may.
        let by_key = served.program(person.name).post("/v1/keys", &duties);
        let wanted =
            if person.duties.contains(&Duty::Operator) { Outcome::Proposed } else { Outcome::NotYourDuty };
        assert_eq!(outcome(&by_key), wanted, "{}: {}", person.name, by_key.json());
    }
    assert_eq!(served.nobody().post("/v1/keys", &json!({ "duties": ["trader"] })).status, 401);
}

#[test]
fn what_is_the_node_s_own_is_nobody_s_to_send() {
    let served = served();
    let act = json!({ "do": "halt", "instrument": "CEA26", "reason": "a test" });
    for person in PEOPLE.iter().map(Some).chain([None]) {
        let client = client(&served, person);
        for (command, body) in [
            ("tick", json!({})),
            ("put_roster_in_force", json!({})),
            ("propose_act", json!({ "act": act, "expires": "2026-03-05T10:00:00+08:00" })),
            ("approve_act", json!({ "act": 1 })),
            ("create_user", json!({ "participant": "DONGJIANG", "name": "x", "duties": [] })),
            ("set_password", json!({ "user": "trader", "password_hash": "" })),
            ("set_totp", json!({ "user": "trader" })),
            ("invite_user", json!({ "participant": "DONGJIANG", "name": "x", "duties": [] })),
            ("offer_link", json!({ "user": "trader" })),
            ("enrol", json!({ "user": "trader", "token_hash": "", "password_hash": "" })),
            ("enrol_totp", json!({ "user": "trader", "secret_hash": "", "sealed": "" })),
            (
                "create_key",
                json!({ "user": "trader", "key": "a-key-of-mine", "secret_hash": "", "duties": [] }),
            ),
        ] {
            let got = client.post(&format!("/v1/commands/{command}"), &body);
            assert_eq!(got.status, 404, "{command}: {}", got.json());
        }
        // One's own codes are turned off within a session only.
        let codes = client.post("/v1/session/totp/off", &json!({ "password": PASSWORD }));
        assert_eq!(codes.status, if person.is_some() { 403 } else { 401 });
    }
    let trader = served.person("trader");
    let off = trader.post("/v1/session/totp/off", &json!({ "password": PASSWORD }));
    assert_eq!(outcome(&off), Outcome::Looked, "alone, as they are the user's own: {}", off.json());
}

#[test]
fn rules_are_adopted_by_the_operator_with_a_second_person() {
    let served = served();
    assert!(page().contains(
        "it is sent by the `operator`, by a user with the duty `operator`, and needs a second person"
    ));
    let rules = concat!(env!("CARGO_MANIFEST_DIR"), "/rulebooks/bond-continuous.toml");
    let body = json!({ "rulebook": std::fs::read_to_string(rules).unwrap() });
    for person in PEOPLE.iter().map(Some).chain([None]) {
        let got = client(&served, person).post("/v1/markets", &body);
        let wanted = match person {
            None => Outcome::Unknown,
            Some(person) if !person.duties.contains(&Duty::Operator) => Outcome::NotYourDuty,
            Some(person) if person.participant != "operator" => Outcome::NotPermitted,
            Some(_) => Outcome::Proposed,
        };
        assert_eq!(outcome(&got), wanted, "{} {}", got.status, got.json());
    }
}
