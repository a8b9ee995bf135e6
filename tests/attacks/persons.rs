//! Two persons: what one of them tries alone.

use crate::common::client::Client;
use crate::common::{PEOPLE, Served};
use crate::table::{Table, approve, proposed};
use serde_json::{Value, json};

#[test]
fn nobody_is_both_of_two_persons() {
    let mut table = Table::of("persons");
    let served = Served::start();
    let (first, second) = (served.program("operator1"), served.program("operator2"));
    let resume = json!({ "instrument": "B2609", "reason": "a test" });
    let act = proposed(&first, "/v1/commands/resume", &resume);
    table.answered("one's own proposal, approved", &approve(&first, act));
    table.answered("one's own proposal, approved by one's own key", &approve(&own_key(&served), act));
    let wrapped = json!({ "act": { "do": "resume", "instrument": "B2609", "reason": "a test" }, "expires": "2026-03-05T10:00:00+08:00" });
    table.answered(
        "an act sent as what is proposed already",
        &first.post("/v1/commands/propose_act", &wrapped),
    );
    table.answered(
        "an act approved as a command",
        &second.post("/v1/commands/approve_act", &json!({ "act": act })),
    );
    consent(&served, &mut table);
    let stop = json!({ "user": "operator2", "reason": "a test" });
    table.answered(
        "one of the last two operators stopped by the other",
        &first.post("/v1/commands/deactivate_user", &stop),
    );

    let bank = served.program("banker");
    let deposit = |amount: &str| {
        bank.post(
            "/v1/commands/deposit",
            &json!({ "account": "HM", "amount": amount, "reference": "a test" }),
        )
    };
    table.answered("a deposit at the threshold, alone", &deposit("1000000.00"));
    table.answered("a deposit below the threshold, alone", &deposit("999999.99"));
    let asset = json!({ "code": "CEA30", "class": "allowance", "vintages": [2030] });
    first.post("/v1/commands/define_asset", &asset).good();
    let list = json!({ "code": "CEA30", "reference": "70.00" });
    table.answered("a listing, alone", &first.post("/v1/commands/list_instrument", &list));
    table.answered(
        "a delisting, alone",
        &first.post("/v1/commands/delist_instrument", &json!({ "instrument": "CEA26" })),
    );
    let asked = served
        .program("other")
        .post("/v1/commands/request_withdrawal", &json!({ "account": "HM", "amount": "1.00" }));
    let paid = json!({ "withdrawal": asked.good()["created"]["number"], "paid": true });
    table.answered("a confirmation of the bank, alone", &bank.post("/v1/commands/settle_withdrawal", &paid));
    let user = json!({ "participant": "operator", "name": "mighty", "duties": ["operator", "supervisor"] });
    table.answered("a user with duties that its maker lacks, alone", &first.post("/v1/users", &user));
    let key = served.person("trader").post("/v1/keys", &json!({ "duties": ["trader", "operator"] }));
    table.answered("a key with a duty that its user lacks", &key);
    table.done();
}

/// Another key of the first operator's, approved by the second.
fn own_key(served: &Served) -> Client {
    let made = served.person("operator1").post("/v1/keys", &json!({ "duties": ["operator"] })).good();
    approve(&served.program("operator2"), made["act"].as_u64().unwrap()).good();
    let text = |field: &str| made[field].as_str().unwrap().to_owned();
    Client::new(served.address).signing(&text("key"), &text("secret"))
}

/// Dongjiang keeps its own users: its manager is one of the two, or nothing comes of it.
fn consent(served: &Served, table: &mut Table) {
    let keeps = PEOPLE.iter().any(|person| person.name == "manager" && person.participant == "DONGJIANG");
    assert!(keeps);
    let (first, second) = (served.program("operator1"), served.program("operator2"));
    let user: Value = json!({ "participant": "DONGJIANG", "name": "planted", "duties": ["trader"] });
    let act = proposed(&first, "/v1/users", &user);
    table.answered("a user put into a member by two operators", &approve(&second, act));
    let link = proposed(&first, "/v1/users/trader/link", &json!({}));
    table.answered("a way into a member's user by two operators", &approve(&second, link));
    let manager = served.program("manager");
    assert_eq!(approve(&manager, link).status, 200);
    table.answered("the same, with the member's consent", &approve(&manager, act));
}
