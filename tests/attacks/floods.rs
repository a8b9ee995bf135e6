//! Too much from one key, one address, one sender; and who is locked out, and let in again.

use crate::common::client::Client;
use crate::common::{PASSWORD, Served, key_of};
use crate::table::{Table, answer, approve, proposed};
use serde_json::json;

#[test]
fn who_asks_too_often_is_told_when_to_come_again() {
    let mut table = Table::of("floods");
    let few = || {
        Served::with(|config| {
            config.limits.requests_per_second = 1;
            config.limits.burst = 5;
        })
    };
    let served = few();
    let (key, nobody) = (served.program("trader"), served.nobody());
    let last = |ask: &dyn Fn() -> crate::common::client::Got| {
        let all: Vec<_> = (0..6).map(|_| ask()).collect();
        assert!(all[..5].iter().all(|got| got.code() != "rate_limited"));
        assert!(all[5].headers.contains_key("retry-after"));
        answer(&all[5])
    };
    table.note("one request more than a key may send", last(&|| key.get("/v1/session")));
    table.note("one request more than an address may send as nobody", last(&|| nobody.get("/healthz")));
    let served = few();
    let wrong = Client::new(served.address).signing(&key_of("trader"), "not the secret");
    table.note("wrong signatures beyond the allowance of the address", last(&|| wrong.get("/v1/session")));
    let attempts = Served::with(|config| config.limits.sign_in_per_minute = 5);
    let mut number = 0;
    let mut sign_in = || {
        number += 1;
        attempts.nobody().sign_in(&format!("nobody{number}"), "a wrong one")
    };
    let all: Vec<_> = (0..6).map(|_| sign_in()).collect();
    assert!(all[..5].iter().all(|got| got.code() == "bad_credentials"));
    table.answered("one attempt more than an address may make", &all[5]);
    let attempts = Served::with(|config| config.limits.sign_in_per_minute = 5);
    let link = |number: u32| {
        let body = json!({ "user": format!("nobody{number}"), "token": "a guess", "password": "a password of mine" });
        attempts.nobody().post("/v1/session/enrol", &body)
    };
    assert!((0..5).all(|number| link(number).code() == "bad_credentials"));
    table.answered("links guessed beyond the allowance of the address", &link(5));
    locked_out(&mut table);
    table.done();
}

fn locked_out(table: &mut Table) {
    let served = Served::start();
    for (name, line) in [
        ("trader", "a sixth password from an address"),
        ("nosuchuser", "a sixth password of a name that is nobody's"),
    ] {
        assert!((0..5).all(|_| served.nobody().sign_in(name, "a wrong one").code() == "bad_credentials"));
        table.answered(line, &served.nobody().sign_in(name, PASSWORD));
    }
    table.answered("the same address, another name", &served.nobody().sign_in("other", PASSWORD));
    let unlock = json!({ "user": "trader", "reason": "called us" });
    let manager = served.program("manager");
    let alone = manager.post("/v1/commands/unlock_user", &unlock);
    table.answered("unlocked by one alone", &alone);
    assert_eq!(served.nobody().sign_in("trader", PASSWORD).code(), "locked_out");
    approve(&served.program("operator1"), alone.json()["act"].as_u64().unwrap()).good();
    table.answered("unlocked by two", &served.nobody().sign_in("trader", PASSWORD));
    let first = served.program("operator1");
    let holiday = json!({ "date": "2026-05-06" });
    for _ in 0..100 {
        proposed(&first, "/v1/commands/declare_holiday", &holiday);
    }
    let got = first.post("/v1/commands/declare_holiday", &holiday);
    table.answered("a hundred and one proposals of one sender", &got);
}
