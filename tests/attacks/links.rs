//! Links by which users choose their passwords, and the secrets of one-time codes: what whoever has a part of them can do.

use crate::common::client::{Got, fresh_ms};
use crate::common::{PASSWORD, Served, config, open, play};
use crate::table::{Table, approve};
use hmac::{Hmac, KeyInit, Mac};
use huangpu::serve::access::hash_of;
use serde_json::{Value, json};
use sha2::Sha256;
use totp_rs::Totp;

const NEW: &str = "nobody knows this one";

/// Whoever was invited, the link, and the code.
struct Invited {
    user: String,
    token: String,
    code: String,
}

fn invite(served: &Served, name: &str) -> Value {
    let user = json!({ "participant": "HUIMIN", "name": name, "duties": ["trader"] });
    served.program("operator1").post("/v1/users", &user).good()
}

fn approved(served: &Served, made: &Value, name: &str) -> Invited {
    let done = approve(&served.program("operator2"), made["act"].as_u64().unwrap()).good();
    assert_eq!(done["code_for"], name);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    Invited { user: name.to_owned(), token: text(&made["token"]), code: text(&done["code"]) }
}

fn linked(served: &Served, name: &str) -> Invited {
    let made = served.program("operator1").post(&format!("/v1/users/{name}/link"), &json!({})).good();
    approved(served, &made, name)
}

fn enrol(served: &Served, user: &str, token: &str, code: Option<&str>, password: &str) -> Got {
    let mut body = json!({ "user": user, "token": token, "password": password });
    if let Some(code) = code {
        body["code"] = code.into();
    }
    served.nobody().post("/v1/session/enrol", &body)
}

impl Invited {
    fn enrol(&self, served: &Served, password: &str) -> Got {
        enrol(served, &self.user, &self.token, Some(&self.code), password)
    }
}

#[test]
fn nobody_comes_in_by_another_s_link() {
    let mut table = Table::of("links");
    let served = Served::with(|config| config.sessions.lock_out_after = 40);
    let made = invite(&served, "newcomer");
    let token = made["token"].as_str().unwrap();
    let early = enrol(&served, "newcomer", token, Some("aaaaaaaa"), NEW);
    let new = approved(&served, &made, "newcomer");
    let other = approved(&served, &invite(&served, "another"), "another");
    table.answered(
        "a link without the code of the second person",
        &enrol(&served, "newcomer", token, None, NEW),
    );
    table.answered("a link with a guessed code", &enrol(&served, "newcomer", token, Some(&other.code), NEW));
    table.answered("the code without the link", &enrol(&served, "newcomer", "", Some(&new.code), NEW));
    table.answered("the link before anybody approved", &early);
    table.answered("the link of another user", &enrol(&served, "another", token, Some(&new.code), NEW));
    table.answered(
        "a link of a name that is nobody's",
        &enrol(&served, "nosuchuser", token, Some(&new.code), NEW),
    );
    table.answered("a link and its code, with a common password", &new.enrol(&served, "Password2026!"));
    table.answered("a link and its code, with the user's name", &new.enrol(&served, "newcomer42"));
    table.answered("a link and its code", &new.enrol(&served, NEW));
    table.answered("the same link again", &new.enrol(&served, NEW));
    served.nobody().sign_in("newcomer", NEW).good();

    let (old, newer) = (linked(&served, "newcomer"), linked(&served, "newcomer"));
    table.answered("a link that a newer one has replaced", &old.enrol(&served, "yet another one of mine"));
    let waits = served.nobody().sign_in("newcomer", NEW);
    assert_eq!(newer.enrol(&served, "yet another one of mine").status, 204);
    let before = served.nobody().sign_in("newcomer", NEW);
    let changed = linked(&served, "other");
    let change = json!({ "old": PASSWORD, "new": "chosen at the same time" });
    assert_eq!(served.person("other").post("/v1/session/password", &change).status, 204);
    table.answered("a link whose user has changed the password since", &changed.enrol(&served, NEW));
    let stopped = linked(&served, "another");
    let stop = json!({ "user": "another", "reason": "has left" });
    served.program("operator1").post("/v1/commands/deactivate_user", &stop).good();
    table.answered("a link whose user was stopped", &stopped.enrol(&served, NEW));
    let made = invite(&served, "rejected");
    let reject = format!("/v1/acts/{}/withdraw", made["act"]);
    served.program("operator2").post(&reject, &json!({ "reason": "nobody knows him" })).good();
    let rejected = enrol(&served, "rejected", made["token"].as_str().unwrap(), Some("aaaaaaaa"), NEW);
    table.answered("a link whose act was rejected", &rejected);
    table.answered("the password in use, while a link waits", &waits);
    table.answered("the password before the link was used", &before);
    guesses(&mut table);
    names(&served, &mut table);
    codes(&served, &mut table);
    table.done();
}

fn guesses(table: &mut Table) {
    let served = Served::start();
    let new = approved(&served, &invite(&served, "newcomer"), "newcomer");
    let guess = |number: u32| enrol(&served, "newcomer", &new.token, Some(&format!("aaaaaaa{number}")), NEW);
    assert!((2..7).all(|number| guess(number).code() == "bad_credentials"));
    table.answered("a sixth guess of a code", &guess(7));
}

/// What is wrong with a proposal is told to its proposer.
fn names(served: &Served, table: &mut Table) {
    let first = served.program("operator1");
    let user = |name: &str| {
        first.post("/v1/users", &json!({ "participant": "HUIMIN", "name": name, "duties": ["trader"] }))
    };
    table.answered("a user name that is taken, proposed", &user("trader"));
    table.answered("a user name in capitals, proposed", &user("Trader"));
    let list = json!({ "code": "CEA26", "reference": "70.00" });
    table.answered(
        "the code of a listing that is taken, proposed",
        &first.post("/v1/commands/list_instrument", &list),
    );
}

fn shown(got: &Got) -> Totp {
    let secret = totp_rs::Secret::try_from_base32(got.json()["secret"].as_str().unwrap()).unwrap();
    totp_rs::Builder::new().with_secret(secret).build().unwrap()
}

fn code_at(totp: &Totp, steps: u64) -> String {
    totp.generate(u64::try_from(fresh_ms()).unwrap() / 1_000 + 30 * steps).to_string()
}

fn codes(served: &Served, table: &mut Table) {
    let trader = served.person("trader");
    let ask = |password: &str| trader.post("/v1/session/totp", &json!({ "password": password }));
    table.answered(
        "a secret for one-time codes without the password",
        &trader.post("/v1/session/totp", &json!({})),
    );
    table.answered("a secret for one-time codes with a guess", &ask("a guess"));
    let first = ask(PASSWORD);
    let on = json!({ "code": code_at(&shown(&first), 0), "password": PASSWORD });
    assert_eq!(trader.send("PUT", "/v1/session/totp", Some(&on)).status, 204);
    let off = trader.post("/v1/session/totp/off", &json!({ "password": PASSWORD }));
    assert_eq!(off.status, 204);
    let again = ask(PASSWORD);
    let same = first.json()["secret"] == again.json()["secret"];
    table
        .note("codes turned off and on: the secret of before", if same { "the same" } else { "another one" });
    table.answered("codes that were turned on before secrets were random", &enrolled_before());
}

/// A user whose secret follows from the node's key, as all did: it signs in as before.
fn enrolled_before() -> Got {
    let dir = tempfile::tempdir().unwrap();
    let mut node = open(dir.path());
    play(&mut node);
    crate::common::admit(&mut node, dir.path());
    let key = std::fs::read(dir.path().join("node.key")).unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
    mac.update(b"totp/1/trader");
    let secret = mac.finalize().into_bytes()[..20].to_vec();
    let user = node.state().roster().user_named("trader").unwrap();
    let set = roster::SetTotp { user, secret_hash: Some(hash_of(&secret)) };
    let participant = node.state().roster().user(user).unwrap().participant;
    let envelope = engine::Envelope {
        actor: participant,
        user,
        client_id: engine::ClientId::of("before"),
        door: engine::Door::Http,
        command: engine::Command::SetTotp(set),
    };
    node.submit(node.time(), envelope, &mut |_, _, _| Ok(())).unwrap();
    node.flush(&mut |_, _, _| Ok(())).unwrap();
    let served = Served::serve(node, config(), dir);
    let totp: Totp = totp_rs::Builder::new().with_secret(secret).build().unwrap();
    let body = json!({ "user": "trader", "password": PASSWORD, "code": code_at(&totp, 0) });
    served.nobody().post("/v1/session", &body)
}
