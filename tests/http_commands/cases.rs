//! A command of every kind, as it is sent.

use serde_json::{Value, json};

/// What a command names, and whose that is.
#[derive(Clone, Copy, PartialEq)]
pub enum Names {
    Nothing,
    Account(&'static str),
    Participant(&'static str),
    User(&'static str),
    /// A key, of a user of this participant.
    Key(&'static str),
}

/// A command as it is sent.
pub struct Case {
    pub command: &'static str,
    pub names: Names,
    pub body: Value,
    /// Where it is sent, if not as a command of its name; then the duty is asked for at the door.
    pub elsewhere: Option<&'static str>,
    /// It stops one of the last two operators.
    pub last_two: bool,
}

pub fn case(command: &'static str, names: Names, body: Value) -> Case {
    Case { command, names, body, elsewhere: None, last_two: false }
}

/// The fields of both.
pub fn with(mut fields: Value, more: Value) -> Value {
    let Value::Object(more) = more else { unreachable!("{more} has fields") };
    fields.as_object_mut().unwrap().extend(more);
    fields
}

/// Everything that is said of one's own account, and of another's.
pub fn with_accounts() -> Vec<Case> {
    let mut cases = Vec::new();
    for account in ["DJ", "HM"] {
        let mut of = |command, mut body: Value| {
            let field = if command == "transfer" { "from" } else { "account" };
            body[field] = account.into();
            cases.push(case(command, Names::Account(account), body));
        };
        let traded = json!({ "instrument": "B2609", "side": "buy", "price": "98.00", "quantity": 1 });
        let held = |more: Value| with(json!({ "asset": "CEA26", "quantity": 1 }), more);
        of("place_order", traded.clone());
        of("place_listing", with(traded.clone(), json!({ "instrument": "CEA26", "price": "69.00" })));
        of("propose_block", with(traded, json!({ "counterparty": "HM" })));
        of("amend_order", json!({ "order": 1, "price": "98.00", "quantity": 1 }));
        of("cancel_order", json!({ "order": 1 }));
        of("take_listing", json!({ "listing": 1, "quantity": 1 }));
        of("cancel_listing", json!({ "listing": 1 }));
        of("accept_block", json!({ "proposal": 1 }));
        of("withdraw_block", json!({ "proposal": 1 }));
        of("place_bid", json!({ "auction": 1, "price": "69.00", "quantity": 1 }));
        of("close_account", json!({ "reason": "a test" }));
        of("withdraw_bid", json!({ "bid": 1 }));
        let times = json!({ "opens": "2026-03-05T10:00:00+08:00", "closes": "2026-03-05T11:00:00+08:00" });
        of("announce_auction", with(times, json!({ "instrument": "CEA26", "side": "sell", "quantity": 1 })));
        of("mass_cancel", json!({}));
        of("issue", held(json!({ "reason": "a test" })));
        of("preallocate", json!({ "asset": "CEA26", "base_year": 2025 }));
        of("allocate", held(json!({ "base_year": 2025 })));
        of("cancel_units", held(json!({ "reason": "a test" })));
        of("transfer", held(json!({ "to": "HM" })));
        of("pledge", held(json!({ "pledgee": "SETTLEBANK" })));
        of("freeze", held(json!({ "order": "(2026) 1" })));
        of("deposit", json!({ "amount": "1.00", "reference": "a test" }));
        of("request_withdrawal", json!({ "amount": "1.00" }));
        of("surrender", held(json!({ "year": 2025 })));
        of("apply_carry_over", json!({ "from": "CEA26", "into": "CEA26", "quantity": 1 }));
    }
    // What stops an account for long stops one that is not needed.
    for command in ["freeze_account", "unfreeze_account", "block_trading", "unblock_trading"] {
        let body = json!({ "account": "SP", "reason": "a test" });
        cases.push(case(command, Names::Account("SP"), body));
    }
    cases
}

/// Everything else.
pub fn others() -> Vec<Case> {
    use Names::{Key, Nothing, Participant, User};
    let mut cases = vec![
        case(
            "register_participant",
            Nothing,
            json!({ "code": "NEW", "name": "New", "roles": ["institution"] }),
        ),
        case("define_asset", Nothing, json!({ "code": "NEW26", "vintages": [2026], "class": "allowance" })),
        case("list_instrument", Nothing, json!({ "code": "NEW26", "reference": "70.00" })),
        case("halt", Nothing, json!({ "instrument": "CEA26", "reason": "a test" })),
        case("resume", Nothing, json!({ "instrument": "CEA26", "reason": "a test" })),
        case("delist_instrument", Nothing, json!({ "instrument": "CEA26" })),
        case("relist_instrument", Nothing, json!({ "instrument": "B2609", "reason": "a test" })),
        case("bust_trade", Nothing, json!({ "trade": 1, "reason": "a test" })),
        case("correct_trade", Nothing, json!({ "trade": 1, "quantity": "1", "reason": "a test" })),
        case("correct_reference", Nothing, json!({ "line": "B2609", "price": "98.60", "reason": "a test" })),
        case("declare_holiday", Nothing, json!({ "date": "2026-05-06" })),
        case("revoke_holiday", Nothing, json!({ "date": "2026-05-07" })),
        case("draw_lot", Nothing, json!({ "auction": 1, "seed": 1 })),
        case("cancel_auction", Nothing, json!({ "auction": 1, "reason": "a test" })),
        case("settle_withdrawal", Nothing, json!({ "withdrawal": 1, "paid": true })),
        case("release_pledge", Nothing, json!({ "pledge": 1 })),
        case("unfreeze", Nothing, json!({ "freeze": 1 })),
        case("decide_carry_over", Nothing, json!({ "application": 1, "approved": true })),
        case("open_case", Nothing, json!({ "title": "a test" })),
        case("note_case", Nothing, json!({ "case": 1, "note": "a test" })),
        case("close_case", Nothing, json!({ "case": 1, "finding": "a test" })),
        case("mass_cancel", Nothing, json!({ "instrument": "B2609" })),
        case("revoke_key", Key("DONGJIANG"), json!({ "key": "keyspare" })),
    ];
    for firm in ["DONGJIANG", "HUIMIN"] {
        let year = json!({ "participant": firm, "year": 2025 });
        let verified = json!({ "participant": firm, "year": 2025, "verified": 1 });
        let user = json!({ "participant": firm, "name": "newcomer", "duties": ["auditor"] });
        cases.extend([
            case("open_account", Participant(firm), json!({ "participant": firm, "code": "NEW" })),
            case(
                "rename_participant",
                Participant(firm),
                json!({ "participant": firm, "name": "Another name", "reason": "a test" }),
            ),
            case("record_emissions", Participant(firm), verified),
            case("determine_shortfall", Participant(firm), year),
            case("mass_cancel", Participant(firm), json!({ "participant": firm })),
            Case { elsewhere: Some("/v1/users"), ..case("invite_user", Participant(firm), user) },
        ]);
    }
    for user in ["spare", "stranger"] {
        let because = json!({ "user": user, "reason": "a test" });
        let of = if user == "spare" { "/v1/users/spare/link" } else { "/v1/users/stranger/link" };
        cases.extend([
            case("set_user_duties", User(user), json!({ "user": user, "duties": ["auditor"] })),
            case("activate_user", User(user), because.clone()),
            case("unlock_user", User(user), because.clone()),
            case("deactivate_user", User(user), because),
            Case { elsewhere: Some(of), ..case("offer_link", User(user), json!({ "codes_off": true })) },
        ]);
    }
    let last = json!({ "user": "operator2", "reason": "a test" });
    cases.push(Case { last_two: true, ..case("deactivate_user", User("operator2"), last) });
    // What stops everyone of a participant comes last.
    for command in ["block_trading", "unblock_trading"] {
        let body = json!({ "participant": "HUIMIN", "reason": "a test" });
        cases.push(case(command, Participant("HUIMIN"), body));
    }
    cases
}
