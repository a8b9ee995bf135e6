//! Two at once: of what can be done once, one does it.

use crate::common::client::{Client, Got};
use crate::common::{PASSWORD, Served};
use crate::table::{Table, approve, order, proposed, standing};
use serde_json::{Value, json};
use std::sync::Barrier;

/// Does all of these at once.
fn at_once(all: Vec<Box<dyn Fn() -> Got + Send + Sync + '_>>) -> Vec<Got> {
    let together = Barrier::new(all.len());
    std::thread::scope(|scope| {
        let together = &together;
        let started: Vec<_> = all
            .into_iter()
            .map(|one| {
                scope.spawn(move || {
                    together.wait();
                    one()
                })
            })
            .collect();
        started.into_iter().map(|one| one.join().unwrap()).collect()
    })
}

fn good(all: &[Got]) -> usize {
    all.iter().filter(|got| (200..300).contains(&got.status)).count()
}

fn told(all: &[Got]) -> String {
    all.iter().map(|got| format!("{} {}", got.status, got.json())).collect::<Vec<_>>().join("; ")
}

#[test]
fn of_many_at_once_one_does_it() {
    let mut table = Table::of("races");
    let served = Served::start();
    let (first, second, watch) =
        (served.program("operator1"), served.program("operator2"), served.program("supervisor"));
    let halted = json!({ "instrument": "B2609", "reason": "a test" });
    let (mut twice, mut neither) = (Vec::new(), Vec::new());
    for _ in 0..8 {
        first.post("/v1/commands/halt", &halted).good();
        let act = proposed(&first, "/v1/commands/resume", &halted);
        let both = at_once(vec![Box::new(|| approve(&second, act)), Box::new(|| approve(&watch, act))]);
        if good(&both) != 1 {
            twice.push(told(&both));
        }
        first.post("/v1/commands/halt", &halted).good();
        let act = proposed(&first, "/v1/commands/resume", &halted);
        let withdraw = || first.post(&format!("/v1/acts/{act}/withdraw"), &json!({ "reason": "a test" }));
        let both = at_once(vec![Box::new(|| approve(&second, act)), Box::new(withdraw)]);
        let phase = first.get("/v1/instruments/B2609").good()["halted"].clone();
        let resumed = both[0].status == 200;
        if good(&both) != 1 || (phase == Value::Bool(false)) != resumed {
            neither.push(told(&both));
        }
        if !resumed {
            let act = proposed(&first, "/v1/commands/resume", &halted);
            approve(&second, act).good();
        }
    }
    let came =
        |wrong: &[String], well: &str| if wrong.is_empty() { well.to_owned() } else { wrong.join("\n") };
    table.note("one act approved by two at once", came(&twice, "done once"));
    table.note("one act approved and withdrawn at once", came(&neither, "one of the two"));

    let user = json!({ "participant": "HUIMIN", "name": "racer", "duties": ["trader"] });
    let made = first.post("/v1/users", &user).good();
    let code = approve(&second, made["act"].as_u64().unwrap()).good()["code"].clone();
    let enrol = |number: usize| {
        let password = format!("the password of runner {number}");
        let body = json!({ "user": "racer", "token": made["token"], "code": code, "password": password });
        served.nobody().post("/v1/session/enrol", &body)
    };
    let all = at_once(
        (0..4).map(|number| Box::new(move || enrol(number)) as Box<dyn Fn() -> Got + Send + Sync>).collect(),
    );
    let signs_in = |number: usize| {
        Client::new(served.address).sign_in("racer", &format!("the password of runner {number}")).status
            == 200
    };
    let winners = all.iter().enumerate().filter(|(_, got)| got.status == 204).map(|(number, _)| number);
    let winners: Vec<usize> = winners.collect();
    let once = winners.len() == 1 && signs_in(winners[0]);
    table.note("one link used by many at once", if once { "done once".to_owned() } else { told(&all) });

    let trader = served.program("trader");
    let all = at_once(
        (0..6)
            .map(|_| {
                Box::new(|| trader.post("/v1/orders", &order("same"))) as Box<dyn Fn() -> Got + Send + Sync>
            })
            .collect(),
    );
    let fresh = all.iter().filter(|got| got.status == 200 && got.json()["repeated"] == false).count();
    let once = good(&all) == 6 && fresh == 1 && standing(&served) == 1;
    table.note("one id sent by many at once", if once { "done once".to_owned() } else { told(&all) });

    let guess =
        || served.nobody().post("/v1/session", &json!({ "user": "watcher", "password": "a wrong one" }));
    let all = at_once((0..12).map(|_| Box::new(guess) as Box<dyn Fn() -> Got + Send + Sync>).collect());
    let looked = all.iter().filter(|got| got.code() == "bad_credentials").count();
    let locked = all.iter().filter(|got| got.code() == "locked_out").count();
    let right = served.nobody().sign_in("watcher", PASSWORD).code() == "locked_out";
    let five = (looked, locked, right) == (5, 7, true);
    table.note("twelve guesses at once", if five { "five are looked at".to_owned() } else { told(&all) });
    table.done();
}
