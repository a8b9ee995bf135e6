//! Sessions that are none, and pages of others.

use crate::common::client::Client;
use crate::common::{PASSWORD, Served};
use crate::table::{Table, order};

fn with(
    client: &Client,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> crate::common::client::Got {
    let headers: Vec<(String, String)> =
        headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    client.raw(method, path, &headers, body)
}

#[test]
fn a_session_is_forged_by_nobody_and_used_by_no_page_but_the_console() {
    let mut table = Table::of("sessions");
    let served = Served::start();
    let nobody = served.nobody();
    let cookie = |value: &str| with(&nobody, "GET", "/v1/accounts", &[("cookie", value)], b"");
    table.answered(
        "a cookie of random bytes",
        &cookie("huangpu_session=3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
    );
    table.answered("an empty cookie", &cookie("huangpu_session="));
    table.answered(
        "a cookie of ten thousand bytes",
        &cookie(&format!("huangpu_session={}", "a".repeat(10_000))),
    );
    table
        .answered("a cookie with a quote and a semicolon", &cookie("huangpu_session=\"a;b\"; x=' OR 1=1 --"));

    let gone = served.person("trader");
    let token = gone.cookie().unwrap().to_owned();
    gone.send("DELETE", "/v1/session", None);
    table.answered("the token of a session that signed out", &cookie(&token));
    let (here, there) = (served.person("clearer"), served.person("clearer"));
    let change = serde_json::json!({ "old": PASSWORD, "new": "another of my own" });
    assert_eq!(here.post("/v1/session/password", &change).status, 204);
    table.answered(
        "the token of a session whose password was changed elsewhere",
        &cookie(there.cookie().unwrap()),
    );

    let (trader, other) = (served.person("trader"), served.person("other"));
    let own = trader.cookie().unwrap().to_owned();
    table.answered("a forged cookie before the real one", &cookie(&format!("huangpu_session=forged; {own}")));
    let csrf = |client: &Client| client.get("/v1/session").good()["csrf"].as_str().unwrap().to_owned();
    let body = serde_json::to_vec(&order("forged")).unwrap();
    let json = ("content-type", "application/json");
    let post = |path: &str, headers: &[(&str, &str)]| {
        let headers = [&[("cookie", own.as_str())], headers].concat();
        with(&nobody, "POST", path, &headers, &body)
    };
    table.answered("a change without the session's token", &post("/v1/orders", &[json]));
    let strange = csrf(&other);
    table.answered(
        "a change with the token of another session",
        &post("/v1/orders", &[json, ("x-csrf-token", &strange)]),
    );
    table.answered("a change with an empty token", &post("/v1/orders", &[json, ("x-csrf-token", "")]));
    let query = format!("/v1/orders?x-csrf-token={}", csrf(&trader));
    table.answered("a change with the token in the query", &post(&query, &[json]));
    let text = ("content-type", "text/plain");
    table.answered(
        "a form of another page, as text",
        &post("/v1/orders", &[text, ("origin", "https://evil.example")]),
    );
    let form = ("content-type", "application/x-www-form-urlencoded");
    table.answered("a form of another page, url-encoded", &post("/v1/orders", &[form]));
    let hidden = [("cookie", own.as_str()), ("x-http-method-override", "GET")];
    let got = with(&nobody, "DELETE", "/v1/orders", &hidden, b"");
    table.answered("a DELETE that says by a header that it is a GET", &got);
    let upgrade = [
        ("cookie", own.as_str()),
        ("connection", "Upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("origin", "https://evil.example"),
    ];
    table.answered(
        "a stream with the cookie, from another origin",
        &with(&nobody, "GET", "/v1/stream", &upgrade, b""),
    );
    let change = serde_json::json!({ "old": "a guess", "new": "another of my own" });
    table.answered(
        "a session where a key is asked for: another's password",
        &trader.post("/v1/session/password", &change),
    );
    assert_eq!(crate::table::standing(&served), 0, "nothing of all this came through");
    table.done();
}
