//! Who may do what, over HTTP: every endpoint is called by everyone and by nobody, and is open exactly to those whom the docs name;
//! nobody learns of another's orders, holdings or existence.

#![allow(clippy::unwrap_used)] // the lint does not know what a test needs

mod common;

use base::Role;
use common::{PASSWORD, PEOPLE, Person, Served};
use huangpu::serve::{Allowed, Endpoint, endpoints};
use roster::Duty;
use serde_json::{Value, json};

/// What the docs say of an institution's staff: docs/access.md and the table of docs/api.md.
fn roles(participant: &str) -> &'static [Role] {
    match participant {
        "operator" => &[Role::Operator],
        "REGISTRY" => &[Role::Registrar],
        "AUTHORITY" => &[Role::Authority],
        "SETTLEBANK" => &[Role::SettlementBank],
        "REGULATOR" => &[Role::Supervisor],
        "DONGJIANG" => &[Role::ComplianceEntity],
        _ => &[Role::Institution],
    }
}

fn may(allowed: Allowed, person: Option<&Person>) -> bool {
    let Some(person) = person else { return allowed == Allowed::Anyone };
    let has = |duties: &[Duty]| person.duties.iter().any(|duty| duties.contains(duty));
    let at = |wanted: &[Role]| roles(person.participant).iter().any(|role| wanted.contains(role));
    let watches = has(&[Duty::Supervisor, Duty::Auditor])
        && at(&[Role::Supervisor, Role::Operator, Role::Authority, Role::Registrar]);
    let institution =
        at(&[Role::Operator, Role::Registrar, Role::Authority, Role::SettlementBank, Role::Supervisor]);
    match allowed {
        Allowed::Anyone | Allowed::MarketData | Allowed::SignedIn => true,
        Allowed::Duties(duties) => has(duties),
        Allowed::Keepers => {
            watches || (institution && has(&[Duty::Operator, Duty::Custodian, Duty::Clearing]))
        }
        Allowed::Watchers => watches,
        Allowed::Operators => has(&[Duty::Operator]) && at(&[Role::Operator]),
    }
}

/// A path with something in the place of its parameters.
fn path(endpoint: &Endpoint) -> String {
    let filled = endpoint.path.replace("{instrument}", "B2609").replace("{market}", "carbon-cn");
    let filled = filled
        .replace("{account}", "DJ")
        .replace("{order}", "1")
        .replace("{act}", "1")
        .replace("{record}", "1");
    filled.replace("{user}", "trader").replace("{key}", "nosuchkey1")
}

#[test]
fn every_endpoint_is_open_exactly_to_those_whom_the_docs_name() {
    let served = Served::start();
    let all = endpoints();
    let mut calls = 0;
    let everyone = PEOPLE.iter().map(Some).chain([None]);
    for person in everyone {
        let client = match person {
            Some(person) => served.program(person.name),
            None => served.nobody(),
        };
        for endpoint in all.iter().filter(|endpoint| !endpoint.path.starts_with("/v1/session")) {
            let name = person.map_or("nobody", |person| person.name);
            let body = json!({ "no such field": 1 });
            let body = (endpoint.method != axum::http::Method::GET).then_some(&body);
            let got = client.send(endpoint.method.as_str(), &path(endpoint), body);
            let open = got.status != 401 && got.code() != "forbidden";
            let called =
                format!("{} {} as {name}: {} {}", endpoint.method, endpoint.path, got.status, got.json());
            assert_eq!(open, may(endpoint.allowed, person), "{called}");
            assert_eq!(person.is_none() && !open, got.status == 401, "{called}");
            assert!(got.status < 500, "{called}");
            calls += 1;
        }
    }
    assert!(calls > 1_500, "only {calls} calls");
}

#[test]
fn market_data_is_open_to_everyone_only_where_the_node_says_so() {
    let closed = Served::start();
    assert_eq!(closed.nobody().get("/v1/instruments").status, 401);
    let open = Served::with(|config| config.market_data.public = true);
    assert_eq!(open.nobody().get("/v1/instruments").status, 200);
    assert_eq!(open.nobody().get("/v1/instruments/B2609/trades").status, 200);
    assert_eq!(open.nobody().get("/v1/orders").status, 401);
}

#[test]
fn a_participant_learns_nothing_of_another() {
    let served = Served::start();
    let (trader, other) = (served.program("trader"), served.program("other"));
    let order = json!({ "id": "mine", "account": "DJ", "instrument": "B2609", "side": "sell", "price": "99.00", "quantity": 1000 });
    let placed = trader.post("/v1/orders", &order).good();
    let number = placed["created"]["number"].as_u64().unwrap();
    assert_eq!(trader.get(&format!("/v1/orders/{number}")).status, 200);
    // What is another's looks as what is not there.
    for (own, none) in [
        (format!("/v1/orders/{number}"), "/v1/orders/77".to_owned()),
        ("/v1/accounts/DJ/holdings".to_owned(), "/v1/accounts/ZZ/holdings".to_owned()),
        ("/v1/accounts/DJ/trail".to_owned(), "/v1/accounts/ZZ/trail".to_owned()),
        ("/v1/orders?account=DJ".to_owned(), "/v1/orders?account=ZZ".to_owned()),
        ("/v1/fills?account=DJ".to_owned(), "/v1/fills?account=ZZ".to_owned()),
    ] {
        let (found, absent) = (other.get(&own), other.get(&none));
        assert_eq!((found.status, found.code()), (404, "not_found".to_owned()), "{own}");
        assert_eq!((absent.status, absent.code()), (404, "not_found".to_owned()), "{none}");
        assert_eq!(trader.get(&own).status, 200, "{own}");
    }
    // So does a command for another's account.
    let with = |account: &str| {
        let mut order = order.clone();
        (order["account"], order["id"]) = (json!(account), json!(format!("for-{account}")));
        let got = other.post("/v1/orders", &order);
        (got.status, got.code(), got.json()["detail"].as_str().unwrap_or_default().replace(account, "X"))
    };
    assert_eq!(with("DJ"), with("ZZ"));
    // Lists hold what is one's own.
    for path in [
        "/v1/orders?status=all",
        "/v1/fills",
        "/v1/accounts",
        "/v1/pledges",
        "/v1/withdrawals",
        "/v1/settlements?date=2026-03-03",
    ] {
        let got = other.get(path).good();
        for item in got["items"].as_array().unwrap() {
            let account = item["account"].as_str().or(item["code"].as_str()).unwrap();
            assert_eq!(account, "HM", "{path}: {item}");
        }
    }
    let statement = other.get("/v1/statements").good();
    assert!(statement["participants"].as_array().unwrap().iter().all(|line| line["participant"] == "HUIMIN"));
    // What everyone sees names nobody.
    for path in [
        "/v1/instruments/B2609/book",
        "/v1/instruments/B2609/trades",
        "/v1/instruments/CEA26/listings",
        "/v1/auctions",
    ] {
        let text = String::from_utf8(other.get(path).body).unwrap();
        assert!(!text.contains("DJ") && !text.contains("DONGJIANG"), "{path}: {text}");
    }
    // Whoever watches for the market sees both; whoever watches for a firm sees the firm.
    assert_eq!(served.program("supervisor").get(&format!("/v1/orders/{number}")).status, 200);
    assert_eq!(served.program("watcher").get("/v1/accounts/HM/holdings").status, 404);
}

#[test]
fn signatures_sessions_and_their_limits() {
    let served = Served::start();
    let trader = served.program("trader");
    assert_eq!(trader.get("/v1/session").good()["user"], "trader");
    // A wrong secret, a time that is stale, a request that is sent again.
    let wrong =
        common::client::Client::new(served.address).signing(&common::key_of("trader"), "not the secret");
    assert_eq!(wrong.get("/v1/session").code(), "bad_signature");
    let unknown = common::client::Client::new(served.address).signing("keyofnobody", "not the secret");
    assert_eq!(unknown.get("/v1/session").code(), "bad_signature");
    // A session: changes carry its token.
    let person = served.person("trader");
    assert_eq!(person.get("/v1/session").good()["participant"], "DONGJIANG");
    let order =
        json!({ "account": "DJ", "instrument": "B2609", "side": "sell", "price": "99.00", "quantity": 1000 });
    assert_eq!(person.clone().without_csrf().post("/v1/orders", &order).code(), "csrf");
    assert_eq!(person.post("/v1/orders", &order).status, 200);
    assert_eq!(person.send("DELETE", "/v1/session", None).status, 204);
    assert_eq!(person.get("/v1/session").status, 401);
    // Wrong passwords lock a name out, whether it is a user's or not.
    for name in ["trader", "no-such-user"] {
        for _ in 0..5 {
            assert_eq!(served.nobody().sign_in(name, "wrong").code(), "bad_credentials");
        }
        let got = served.nobody().sign_in(name, PASSWORD);
        assert_eq!((got.code().as_str(), got.headers.contains_key("retry-after")), ("locked_out", true));
    }
}

#[test]
fn a_password_is_chosen_by_its_user_alone() {
    let served = Served::start();
    let trader = served.person("trader");
    let choose =
        |old: &str, new: &str| trader.post("/v1/session/password", &json!({ "old": old, "new": new }));
    assert_eq!(choose("something else", "my own choice").code(), "bad_credentials");
    for (weak, why) in [
        ("short", "at least 10"),
        ("Password123!", "guessed first"),
        ("abcdefghijkl", "pattern"),
        ("trader-2026", "name"),
        (PASSWORD, "in use"),
    ] {
        let got = choose(PASSWORD, weak);
        assert_eq!((got.code().as_str(), &got.json()["field"]), ("bad_field", &json!("new")), "{weak}");
        assert!(got.json()["detail"].as_str().unwrap().contains(why), "{weak}: {}", got.json());
    }
    assert_eq!(choose(PASSWORD, "my own choice").status, 204);
    assert_eq!(served.nobody().sign_in("trader", PASSWORD).code(), "bad_credentials");
    served.nobody().sign_in("trader", "my own choice").good();
}

#[test]
fn the_rate_of_a_key_is_limited() {
    let served = Served::with(|config| {
        config.limits.requests_per_second = 1;
        config.limits.burst = 5;
    });
    let trader = served.program("trader");
    let codes: Vec<Value> = (0..6).map(|_| json!(trader.get("/v1/time").status)).collect();
    assert_eq!(codes, [json!(200), json!(200), json!(200), json!(200), json!(200), json!(429)]);
    let got = trader.get("/v1/time");
    assert_eq!(
        (got.code().as_str(), got.headers.get("ratelimit-remaining").map(String::as_str)),
        ("rate_limited", Some("0"))
    );
    assert!(got.headers.contains_key("retry-after"));
    assert_eq!(served.program("other").get("/v1/time").status, 200, "another key has its own");
}

/// Asks for a key, has it approved, and gives a client that signs with it.
fn keyed(served: &Served, owner: &str, body: &Value) -> common::client::Client {
    let made = served.person(owner).post("/v1/keys", body).good();
    let act = made["act"].as_u64().unwrap();
    let approved = served.program("operator2").post(&format!("/v1/acts/{act}/approve"), &json!({}));
    approved.good();
    let (key, secret) = (made["key"].as_str().unwrap(), made["secret"].as_str().unwrap());
    common::client::Client::new(served.address).signing(key, secret)
}

#[test]
fn a_key_may_what_it_is_for_and_no_more() {
    let served = Served::start();
    // For one account: it stops that one's orders alone.
    let narrow = keyed(&served, "trader", &json!({ "account": "DJ", "duties": ["trader"] }));
    assert_eq!(narrow.send("DELETE", "/v1/orders", None).status, 200);
    assert_eq!(narrow.send("DELETE", "/v1/orders?account=DJ", None).status, 200);
    assert_eq!(narrow.send("DELETE", "/v1/orders?participant=DONGJIANG", None).code(), "forbidden");
    // It acts for no institution, and on no user, whatever its user may; nor does it see what those see.
    let fees = keyed(&served, "operator1", &json!({ "account": "carbon-cn-fees", "duties": ["operator"] }));
    let halt = json!({ "instrument": "B2609", "reason": "a test" });
    assert_eq!(fees.post("/v1/commands/halt", &halt).code(), "forbidden");
    assert_eq!(fees.get("/v1/operations").code(), "forbidden");
    assert_eq!(fees.get("/v1/accounts").good()["items"].as_array().unwrap().len(), 1);
    let manager = keyed(&served, "manager", &json!({ "account": "DJ", "duties": ["operator"] }));
    let user = json!({ "participant": "DONGJIANG", "name": "new", "duties": ["operator"] });
    assert_eq!(manager.post("/v1/users", &user).code(), "forbidden");
    assert_eq!(
        manager.post("/v1/commands/deactivate_user", &json!({ "user": "trader", "reason": "a test" })).code(),
        "forbidden"
    );
    assert_eq!(manager.post("/v1/keys", &json!({ "duties": ["operator"] })).status, 202, "one like itself");
    // Without a duty of its user: it neither sends nor approves what takes it.
    let asked = served.person("other").post("/v1/keys", &json!({ "duties": ["operator"] }));
    assert_eq!(asked.json()["field"], "duties");
    let cash_only = keyed(&served, "other", &json!({ "duties": ["custodian"] }));
    let order =
        json!({ "account": "HM", "instrument": "B2609", "side": "buy", "price": "98.00", "quantity": 1000 });
    assert_eq!(cash_only.post("/v1/orders", &order).code(), "forbidden");
    // Revoked, it is nobody's.
    let key = served.program("other").get("/v1/keys").good()["items"][1]["key"].as_str().unwrap().to_owned();
    assert_eq!(served.program("other").send("DELETE", &format!("/v1/keys/{key}"), None).status, 200);
    assert_eq!(cash_only.get("/v1/accounts").code(), "bad_signature");
}

#[test]
fn a_rulebook_is_looked_at_and_its_change_is_seen_by_those_alone_whom_it_concerns() {
    let served = Served::start();
    let (first, second) = (served.program("operator1"), served.program("operator2"));
    let rules = first.get("/v1/markets/bond-continuous/rules").good();
    let (text, day) = (rules["rulebook"].as_str().unwrap(), rules["holds_from"].as_str().unwrap());
    let check = |text: &str| first.post("/v1/markets/check", &json!({ "rulebook": text })).good();
    assert_eq!(check(text)["changes"], json!([]), "what was adopted changes nothing");
    // A mistake is told with its place, and what is another market's format with its reason.
    let wrong = check(&text.replacen("band = \"10%\"", "band = \"ten\"", 1));
    let line = text.lines().position(|line| line == "band = \"10%\"").unwrap() + 1;
    let mistake = &wrong["mistakes"][0];
    assert_eq!((&mistake["line"], &mistake["column"]), (&json!(line), &json!(8)), "{wrong}");
    assert_eq!(mistake["key"], "version[0].trading.continuous.band");
    // In parts too, and in none that do not belong to it.
    let (expected, found) = ("a percentage such as \"10%\"", "\"ten\"");
    assert_eq!(mistake["detail"], format!("expected {expected}, found {found}"));
    let parts = json!({ "kind": "unexpected", "expected": expected, "found": found });
    assert!(parts.as_object().unwrap().iter().all(|(part, said)| &mistake[part] == said), "{mistake}");
    assert_eq!((&mistake["rule"], &mistake["nearest"]), (&Value::Null, &Value::Null));
    let kind = |text: &str| check(text)["mistakes"][0]["kind"].clone();
    let broken = text.replacen("band = \"10%\"", "band = \"0%\"", 1);
    assert_eq!(check(&broken)["mistakes"][0]["rule"], "a band must be above 0%");
    let renamed = check(&text.replacen("\nband = ", "\nbands = ", 1));
    let told =
        |kind: &str| renamed["mistakes"].as_array().unwrap().iter().find(|one| one["kind"] == kind).cloned();
    assert_eq!(told("unknown").unwrap()["nearest"], "band", "{renamed}");
    assert_eq!(told("missing").unwrap()["table"], "[version.trading.continuous]", "{renamed}");
    assert_eq!((kind("code ="), kind(&broken)), (json!("syntax"), json!("broken")));
    assert_eq!(check(&text.replace("tick = \"0.01\"", "tick = \"0.02\""))["refusal"], "format_changed");
    assert_eq!(check(&text.replace("bond-continuous", "bond-two"))["opens"], true);
    // From the next day on, and ended again later.
    let version = |from: &str, most: &str| {
        format!(
            "\n[[version]]\nfrom = {from}\nsource = \"s\"\n[version.trading.continuous]\nquantity_max = {most}\nsource = \"s\"\n"
        )
    };
    let draft = format!("{text}{}{}", version(day, "500_000"), version("2050-01-01", "1_000_000"));
    let change = |from: &str, will: &str| json!({ "from": from, "path": "trading.continuous.quantity_max", "was": "1_000_000", "will": will, "source": "s" });
    let changes = json!([change(day, "500_000"), change("2050-01-01", "1_000_000")]);
    assert_eq!(check(&draft)["changes"], changes);
    // A version of a day that has begun holds from the next one.
    let late = check(&format!("{text}{}", version("2026-01-05", "500_000")));
    assert_eq!(late["changes"], json!([change(day, "500_000")]), "{late}");

    let act = first.post("/v1/markets", &json!({ "rulebook": draft })).good()["act"].as_u64().unwrap();
    let path = format!("/v1/acts/{act}/rules");
    for who in ["operator1", "operator2", "supervisor"] {
        assert_eq!(served.program(who).get(&path).good()["changes"], changes, "{who}");
    }
    assert_eq!(served.program("trader").get(&path).code(), "not_found");
    second.post(&format!("/v1/acts/{act}/approve"), &json!({})).good();
    let rules = first.get("/v1/markets/bond-continuous/rules").good();
    let versions = rules["versions"].as_array().unwrap();
    let coming: Vec<_> = versions.iter().filter(|version| version["status"] == "coming").collect();
    assert_eq!((coming.len(), &coming[0]["from"]), (2, &json!(day)), "{rules}");
    let held = rules["rules"]
        .as_array()
        .unwrap()
        .iter()
        .find(|rule| rule["path"] == "trading.continuous.quantity_max");
    assert_eq!(held.unwrap()["value"], "1_000_000", "in force is what was");
    assert_eq!(check(&draft)["changes"], json!([]));
}

#[test]
fn what_is_wrong_with_a_field_is_told_in_parts() {
    let served = Served::start();
    let trader = served.program("trader");
    let order = json!({ "account": "DJ", "instrument": "B2609", "side": "buy", "price": "98.50", "quantity": "1000" });
    let told = |field: &str, value: &str| {
        let mut order = order.clone();
        order[field] = json!(value);
        if field == "until" {
            order["life"] = json!("gtd");
        }
        let problem = trader.post("/v1/orders", &order).json();
        assert_eq!((&problem["code"], &problem["field"]), (&json!("bad_field"), &json!(field)), "{problem}");
        (problem["wrong"].clone(), problem["detail"].as_str().unwrap_or_default().to_owned())
    };
    let date = "a date such as \"2021-07-16\"";
    for (field, value, parts, detail) in [
        (
            "instrument",
            "B9",
            json!({ "kind": "absent", "what": "instrument", "found": "B9" }),
            "there is no instrument \"B9\"".to_owned(),
        ),
        (
            "price",
            "98.501",
            json!({ "kind": "too_fine", "found": "98.501", "decimals": 2 }),
            "\"98.501\" has more than 2 decimals".to_owned(),
        ),
        (
            "quantity",
            "99999999999999999999",
            json!({ "kind": "too_large", "found": "99999999999999999999" }),
            "\"99999999999999999999\" is too large to be counted".to_owned(),
        ),
        (
            "until",
            "soon",
            json!({ "kind": "unexpected", "expected": date, "found": "soon" }),
            format!("expected {date}, found \"soon\""),
        ),
        (
            "trigger",
            "0.00",
            json!({ "kind": "broken", "rule": "this is above zero, or left out" }),
            "this is above zero, or left out".to_owned(),
        ),
    ] {
        assert_eq!(told(field, value), (parts, detail), "{field} {value}");
    }
    let missing = trader.get("/v1/instruments/B9/book").json();
    assert_eq!(
        missing["wrong"],
        json!({ "kind": "absent", "what": "instrument", "found": "B9" }),
        "{missing}"
    );
}

#[test]
fn what_is_sent_again_is_answered_as_at_first() {
    let served = Served::start();
    let trader = served.program("trader");
    let order = json!({ "id": "again", "account": "DJ", "instrument": "B2609", "side": "sell", "price": "99.00", "quantity": 1000 });
    let first = trader.post("/v1/orders", &order).good();
    let second = trader.post("/v1/orders", &order).good();
    assert_eq!((&first["sequence"], &first["created"]), (&second["sequence"], &second["created"]));
    assert_eq!((&first["repeated"], &second["repeated"]), (&json!(false), &json!(true)));
    let other = json!({ "id": "again", "account": "DJ", "instrument": "B2609", "side": "sell", "price": "99.01", "quantity": 1000 });
    assert_eq!(trader.post("/v1/orders", &other).code(), "id_used");
    // A proposal too, while it waits and when it is done.
    let (first, second) = (served.program("authority1"), served.program("authority2"));
    let issue =
        json!({ "id": "issue-1", "account": "DJ", "asset": "CEA26", "quantity": 5, "reason": "a test" });
    let proposed = first.post("/v1/commands/issue", &issue).good();
    assert_eq!(first.post("/v1/commands/issue", &issue).good()["act"], proposed["act"]);
    let approve = |who: &common::client::Client, id: &str| {
        who.post(&format!("/v1/acts/{}/approve", proposed["act"]), &json!({ "id": id }))
    };
    let approved = approve(&second, "yes").good();
    let approved_again = approve(&second, "yes").good();
    assert_eq!(
        (&approved_again["sequence"], &approved_again["repeated"]),
        (&approved["sequence"], &json!(true))
    );
    assert_eq!(approve(&second, "yes-2").code(), "not_found", "it waits no more");
    assert_eq!(approve(&served.program("other"), "yes").code(), "not_found", "ids are the participant's own");
    let again = first.post("/v1/commands/issue", &issue).good();
    assert_eq!((&again["act"], &again["repeated"]), (&proposed["act"], &json!(true)));
    let held = served.program("trader").get("/v1/accounts/DJ/holdings").good();
    let held =
        held["items"].as_array().unwrap().iter().find(|held| held["asset"] == "CEA26").unwrap()["total"]
            .clone();
    assert_eq!(held, "30005", "issued once");
    // And at once: what is sent again before it is answered is done once.
    let hurried =
        json!({ "id": "issue-2", "account": "DJ", "asset": "CEA26", "quantity": 5, "reason": "a test" });
    let told: Vec<Value> = std::thread::scope(|scope| {
        let propose = || first.post("/v1/commands/issue", &hurried).good();
        let all: Vec<_> = (0..8).map(|_| scope.spawn(propose)).collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    for one in &told {
        assert_eq!((&one["act"], &one["expires"]), (&told[0]["act"], &told[0]["expires"]));
    }
    assert_eq!(told.iter().filter(|one| one["repeated"] == false).count(), 1);
    // And after a restart.
    let dir = served.stop();
    let node = common::open(dir.path());
    let served = Served::serve(
        node,
        huangpu::config::Config { listen: ([127, 0, 0, 1], 0).into(), ..Default::default() },
        dir,
    );
    assert_eq!(served.program("trader").post("/v1/orders", &order).good()["repeated"], true);
}
