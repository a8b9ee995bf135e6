//! What was sent or used once, again; and signatures that are over something else.

use crate::common::client::{Got, fresh_ms};
use crate::common::{PASSWORD, Served, key_of};
use crate::table::{Forged, Table, approve, order, proposed, standing};
use serde_json::json;
use totp_rs::Totp;

fn send(served: &Served, method: &str, path: &str, forged: &Forged<'_>, body: &[u8]) -> Got {
    served.nobody().raw(method, path, &forged.headers(served), body)
}

#[test]
fn what_was_signed_or_approved_once_is_done_once() {
    let mut table = Table::of("replay");
    let served = Served::start();
    let body = serde_json::to_vec(&order("once")).unwrap();
    let key = key_of("trader");
    let now = || fresh_ms().to_string();
    let sign = |time: String| Forged { key: &key, time, method: "POST", path: "/v1/orders", body: &body };
    let first = sign(now());
    assert_eq!(send(&served, "POST", "/v1/orders", &first, &body).status, 200);
    let once = |again: &Got| {
        let repeated = again.status == 200 && again.json()["repeated"] == true;
        let refused = matches!(again.status, 401 | 409 | 425 | 429);
        let done = standing(&served) == 1 && (repeated || refused);
        if done { "done once".to_owned() } else { format!("{} {}", again.status, again.json()) }
    };
    table.note("a signed order, byte for byte", once(&send(&served, "POST", "/v1/orders", &first, &body)));
    table.note(
        "a signed order under its own id, signed anew",
        once(&send(&served, "POST", "/v1/orders", &sign(now()), &body)),
    );

    let other = serde_json::to_vec(&order("other")).unwrap();
    let post = |forged: &Forged<'_>, path: &str, body: &[u8]| send(&served, "POST", path, forged, body);
    table.answered(
        "a signature over another path",
        &post(&Forged { path: "/v1/orders/1", ..sign(now()) }, "/v1/orders", &body),
    );
    table.answered(
        "a signature over another method",
        &post(&Forged { method: "PUT", ..sign(now()) }, "/v1/orders", &body),
    );
    table.answered("a signature over another body", &post(&sign(now()), "/v1/orders", &other));
    table.answered(
        "a signature over another query",
        &post(&Forged { path: "/v1/orders?a=1", ..sign(now()) }, "/v1/orders", &body),
    );
    let away = |ms: i64| (fresh_ms() + ms).to_string();
    table.answered("a signature of eleven seconds ago", &post(&sign(away(-11_000)), "/v1/orders", &body));
    table.answered("a signature of eleven seconds ahead", &post(&sign(away(11_000)), "/v1/orders", &body));
    table
        .answered("a signature whose time is no number", &post(&sign("now".to_owned()), "/v1/orders", &body));
    let mut headers = sign(now()).headers(&served);
    headers.retain(|(name, _)| name != "hp-sign");
    table.answered("a key without a signature", &served.nobody().raw("POST", "/v1/orders", &headers, &body));
    headers.push(("hp-sign".to_owned(), String::new()));
    table.answered("an empty signature", &served.nobody().raw("POST", "/v1/orders", &headers, &body));
    let strange = key_of("other");
    table.answered(
        "the key of another with one's own secret",
        &post(&Forged { key: &strange, ..sign(now()) }, "/v1/orders", &body),
    );
    assert_eq!(standing(&served), 1);

    codes(&served, &mut table);
    let act = proposed(
        &served.program("operator1"),
        "/v1/commands/declare_holiday",
        &json!({ "date": "2026-05-06" }),
    );
    let second = served.program("operator2");
    let approval = || second.post(&format!("/v1/acts/{act}/approve"), &json!({ "id": "approval" }));
    let (one, again) = (approval().good(), approval().good());
    let done = one["sequence"] == again["sequence"]
        && again["repeated"] == true
        && approve(&second, act).status == 404;
    table.note(
        "an approval under its own id",
        if done { "done once".to_owned() } else { format!("{one} {again}") },
    );
    table.done();
}

fn codes(served: &Served, table: &mut Table) {
    let trader = served.person("trader");
    let shown = trader.post("/v1/session/totp", &json!({ "password": PASSWORD })).good();
    let secret = totp_rs::Secret::try_from_base32(shown["secret"].as_str().unwrap()).unwrap();
    let totp: Totp = totp_rs::Builder::new().with_secret(secret).build().unwrap();
    let now = u64::try_from(fresh_ms()).unwrap() / 1_000;
    let (first, next) = (totp.generate(now).to_string(), totp.generate(now + 30).to_string());
    let on = json!({ "code": first, "password": PASSWORD });
    assert_eq!(trader.send("PUT", "/v1/session/totp", Some(&on)).status, 204);
    let sign_in = |code: &str| {
        served.nobody().post("/v1/session", &json!({ "user": "trader", "password": PASSWORD, "code": code }))
    };
    let on_again = sign_in(&first);
    assert_eq!(sign_in(&next).status, 200);
    table.answered("a one-time code that was used to sign in", &sign_in(&next));
    table.answered("a one-time code that turned codes on", &on_again);
}
