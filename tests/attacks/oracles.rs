//! What an answer, and the work behind it, tell of who there is. Time is not measured here: what is counted is the work that takes it.

use crate::common::client::Got;
use crate::common::{PASSWORD, Served};
use crate::table::{Table, answer, approve};
use serde_json::{Value, json};

#[test]
fn who_is_nobody_costs_as_much_as_who_is_somebody() {
    let mut table = Table::of("oracles");
    let served = Served::with(|config| config.sessions.lock_out_after = 100);
    let first = served.program("operator1");
    let stop = json!({ "user": "clearer", "reason": "a test" });
    first.post("/v1/commands/deactivate_user", &stop).good();
    let user = json!({ "participant": "HUIMIN", "name": "invited", "duties": ["trader"] });
    let made = first.post("/v1/users", &user).good();
    approve(&served.program("operator2"), made["act"].as_u64().unwrap()).good();
    turn_codes_on(&served);

    let mut bodies: Vec<Value> = Vec::new();
    let tried = |table: &mut Table, what: &str, ask: &dyn Fn() -> Got| {
        let before = served.hashed();
        let got = ask();
        let work = ["no hash", "one hash", "two hashes"][usize::try_from(served.hashed() - before).unwrap()];
        table.note(what, format!("{}, {work}", answer(&got)));
        got.json()
    };
    let sign_in =
        |name: &'static str, password: String| move || -> (&'static str, String) { (name, password.clone()) };
    let long = "x".repeat(1_000);
    for (what, name, password) in [
        ("a wrong password, of a user", "trader", "a wrong one".to_owned()),
        ("a wrong password, of a name that is nobody's", "nosuchuser", "a wrong one".to_owned()),
        ("a wrong password, of a user who was stopped", "clearer", PASSWORD.to_owned()),
        ("a wrong password, of a user who has none", "invited", "a wrong one".to_owned()),
        ("an empty password", "trader", String::new()),
        ("a password of a thousand bytes, of a user", "trader", long.clone()),
        ("a password of a thousand bytes, of a name that is nobody's", "nosuchuser", long),
        ("the right password with no code, where codes are on", "other", PASSWORD.to_owned()),
    ] {
        let as_whom = sign_in(name, password);
        bodies.push(tried(&mut table, what, &|| {
            let (name, password) = as_whom();
            served.nobody().sign_in(name, &password)
        }));
    }
    let same = bodies.windows(2).all(|pair| pair[0] == pair[1]);
    let enrol = |name: &str| {
        let body =
            json!({ "user": name, "token": "a guess", "code": "aaaaaaaa", "password": "a password of mine" });
        served.nobody().post("/v1/session/enrol", &body)
    };
    let linked = tried(&mut table, "a wrong token, of a user with a link", &|| enrol("invited"));
    let nobody = tried(&mut table, "a wrong token, of a name that is nobody's", &|| enrol("nosuchuser"));
    let told = if same && linked == nobody {
        "the same".to_owned()
    } else {
        format!("{bodies:?} {linked} {nobody}")
    };
    table.note("what all of them are told", told);
    table.done();
}

fn turn_codes_on(served: &Served) {
    let other = served.person("other");
    let shown = other.post("/v1/session/totp", &json!({ "password": PASSWORD })).good();
    let secret = totp_rs::Secret::try_from_base32(shown["secret"].as_str().unwrap()).unwrap();
    let totp: totp_rs::Totp = totp_rs::Builder::new().with_secret(secret).build().unwrap();
    let now = u64::try_from(crate::common::client::fresh_ms()).unwrap() / 1_000;
    let on = json!({ "code": totp.generate(now).to_string(), "password": PASSWORD });
    assert_eq!(other.send("PUT", "/v1/session/totp", Some(&on)).status, 204);
}
