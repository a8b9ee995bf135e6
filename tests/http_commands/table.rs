//! What the table of docs/access.md says of a command that somebody sends.

use crate::cases::{Case, Names};
use crate::common::client::Got;
use crate::common::{PEOPLE, Person};
use roster::Duty;
use std::collections::BTreeMap;

/// The roles of a participant, as the page names them.
pub fn role(participant: &str) -> &'static str {
    match participant {
        "operator" => "operator",
        "REGISTRY" => "registrar",
        "AUTHORITY" => "authority",
        "SETTLEBANK" => "settlement_bank",
        "REGULATOR" => "supervisor",
        "DONGJIANG" => "compliance_entity",
        _ => "institution",
    }
}

/// What becomes of a command.
#[derive(Debug, PartialEq)]
pub enum Outcome {
    /// Nobody is signed in.
    Unknown,
    /// What this field names is not there, as far as the sender knows.
    NotThere(&'static str),
    /// What the path names is not there.
    NoSuchPath,
    /// `not_your_duty`.
    NotYourDuty,
    /// `not_permitted`.
    NotPermitted,
    /// It is proposed to a second person.
    Proposed,
    /// It is done, or refused by another rule than that of who may.
    Looked,
}

/// A row of the table.
pub struct Row {
    sent_by: String,
    duty: String,
    second: String,
}

pub fn page() -> String {
    std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/access.md")).unwrap()
}

pub fn table() -> BTreeMap<String, Row> {
    let page = page();
    let rows = page.lines().filter(|line| line.starts_with("| [`"));
    let rows = rows.map(|line| {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let name = quoted(cells[1]).next().unwrap().to_owned();
        let [sent_by, duty, second] = [cells[2], cells[3], cells[4]].map(str::to_owned);
        (name, Row { sent_by, duty, second })
    });
    rows.collect()
}

pub fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

pub fn has(person: &Person, clause: &str) -> bool {
    quoted(clause).any(|duty| person.duties.iter().any(|own| own.name() == duty))
}

/// What the page says of a command that this person sends.
pub fn expected(row: &Row, case: &Case, person: Option<&Person>) -> Outcome {
    let Some(person) = person else { return Outcome::Unknown };
    // At the door of another endpoint the duty comes first.
    let looked_for = case.elsewhere.is_none() || own_duty(row, case, person);
    if let Some(hidden) = hidden(case, person).filter(|_| looked_for) {
        return hidden;
    }
    if !own_duty(row, case, person) {
        return Outcome::NotYourDuty;
    }
    if let Some(refused) = role_refuses(row, case, person) {
        return refused;
    }
    let two = match row.second.as_str() {
        "" => false,
        "yes" => true,
        "yes, but for one's own" => case.names != Names::User(person.name),
        "for one of the last two operators" => case.last_two,
        "as the rules say: yes" => true,
        // No case is of as much money as that.
        "as the rules say: no" | "as the rules say: from an amount on" => false,
        other => unreachable!("{other:?} is a new word in the table"),
    };
    if two { Outcome::Proposed } else { Outcome::Looked }
}

pub fn own_duty(row: &Row, case: &Case, person: &Person) -> bool {
    let mut clauses = row.duty.split("; ");
    let always = clauses.next().unwrap();
    let own_participant = of(case) == Some(person.participant);
    let more = clauses.any(|clause| match clause {
        "none for one's own" => case.names == Names::User(person.name),
        _ if clause.starts_with("for its own participant also ") => own_participant && has(person, clause),
        other => unreachable!("{other:?} is a new word in the table"),
    });
    always == "any" || always == "none" || has(person, always) || more
}

/// The participant that a command is about.
pub fn of(case: &Case) -> Option<&'static str> {
    match case.names {
        Names::Nothing => None,
        Names::Account(account) => Some(if account == "HM" { "HUIMIN" } else { "DONGJIANG" }),
        Names::Participant(firm) | Names::Key(firm) => Some(firm),
        Names::User(user) => match user {
            "stranger" => Some("HUIMIN"),
            _ => PEOPLE
                .iter()
                .find(|person| person.name == user)
                .map(|person| person.participant)
                .or(Some("DONGJIANG")),
        },
    }
}

pub fn role_refuses(row: &Row, case: &Case, person: &Person) -> Option<Outcome> {
    let own = of(case) == Some(person.participant);
    let mut clauses = row.sent_by.split("; ");
    let first = clauses.next().unwrap();
    let mut not_own = Outcome::NotPermitted;
    let may = if first == "anyone" {
        true
    } else if let Some(rest) = first.strip_prefix("who answers for ") {
        if !own {
            return Some(Outcome::NotThere("account"));
        }
        let trades = rest.split_once(", as ").map(|(_, roles)| roles.split(", and not as ").next().unwrap());
        trades.is_none_or(|roles| quoted(roles).any(|wanted| wanted == role(person.participant)))
    } else {
        quoted(first).any(|wanted| wanted == role(person.participant))
    };
    let more = clauses.any(|clause| match clause {
        "with `account` also who answers for it" => {
            let account = matches!(case.names, Names::Account(_));
            if account {
                not_own = Outcome::NotThere("account");
            }
            account && own
        }
        "with `participant` also that participant" => matches!(case.names, Names::Participant(_)) && own,
        "also the participant whose user it is" | "also the participant whose key it is" => own,
        other => unreachable!("{other:?} is a new word in the table"),
    });
    (!may && !more).then_some(not_own)
}

/// What a person does not learn of: the accounts and the participants there are, unless it keeps accounts; the users of others,
/// unless it runs or watches the node.
pub fn hidden(case: &Case, person: &Person) -> Option<Outcome> {
    let institution = !["compliance_entity", "institution"].contains(&role(person.participant));
    let duty = |duties: &[Duty]| person.duties.iter().any(|duty| duties.contains(duty));
    let watches = duty(&[Duty::Supervisor, Duty::Auditor]) && role(person.participant) == "supervisor";
    let runs = duty(&[Duty::Operator]) && person.participant == "operator";
    let keeps = watches || (institution && duty(&[Duty::Operator, Duty::Custodian, Duty::Clearing]));
    if of(case) == Some(person.participant) {
        return None;
    }
    match (case.names, case.elsewhere) {
        (Names::Nothing | Names::Key(_), _) => None,
        (Names::Account(_), _) => {
            let field = if case.command == "transfer" { "from" } else { "account" };
            (!keeps).then_some(Outcome::NotThere(field))
        }
        (Names::Participant(_), None) => (!keeps).then_some(Outcome::NotThere("participant")),
        (Names::Participant(_), Some(_)) => (!runs).then_some(Outcome::NotThere("participant")),
        (Names::User(_), None) => (!watches && !runs).then_some(Outcome::NotThere("user")),
        (Names::User(_), Some(_)) => (!runs).then_some(Outcome::NoSuchPath),
    }
}

/// What was answered, as one of the outcomes.
pub fn outcome(got: &Got) -> Outcome {
    let answer = got.json();
    let field =
        || ["account", "from", "participant", "user"].into_iter().find(|field| answer["field"] == *field);
    let (code, detail) = (got.code(), answer["detail"].as_str().unwrap_or_default());
    match (got.status, code.as_str()) {
        (200, _) => Outcome::Looked,
        (202, _) if answer["act"].is_u64() => Outcome::Proposed,
        (401, "unauthenticated") => Outcome::Unknown,
        (403, "forbidden") if detail == "The user's duties do not permit this command." => {
            Outcome::NotYourDuty
        }
        (403, "forbidden") if detail == "this is for users whose duty it is" => Outcome::NotYourDuty,
        (403, "forbidden") if detail == "The sender's roles do not permit this command." => {
            Outcome::NotPermitted
        }
        (404, "not_found") => Outcome::NoSuchPath,
        (422, "refused") if answer["stage"] != "access" => Outcome::Looked,
        // Who may propose it is told at once that it could not be done.
        (422, "bad_field") if answer["stage"] == "revise" => Outcome::Proposed,
        (422, "bad_field") if detail.starts_with("there is no ") => {
            field().map_or_else(|| unreachable!("{answer}"), Outcome::NotThere)
        }
        _ => unreachable!("{} {answer}", got.status),
    }
}
