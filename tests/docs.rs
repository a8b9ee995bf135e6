//! The documents say what the program does: docs/commands.md is checked against the gateway and the engine, and
//! docs/refusals.md is written from the engine's catalogue. `UPDATE_EXPECTED=1` writes it; otherwise a stale page fails.

#![allow(clippy::unwrap_used, clippy::panic)] // tests, also outside the functions marked so

use base::Role;
use engine::rulebook::TwoPersons;
use engine::{Permission, Rejection};
use gateway::{Names, Resolver, parse_line};
use huangpu::node::Node;
use roster::{Duties, Duty};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn page(name: &str) -> String {
    fs::read_to_string(root().join("docs").join(name)).unwrap()
}

/// What docs/commands.md says of one command.
#[derive(Debug, Default)]
struct Documented {
    name: String,
    /// Its heading as the target of a link.
    anchor: String,
    /// Each field, and whether it may be left out.
    fields: BTreeMap<String, bool>,
    sent_by: String,
    stages: Vec<String>,
    examples: Vec<String>,
}

/// The words between backticks.
fn quoted(text: &str) -> impl Iterator<Item = String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned)
}

fn documented() -> Vec<Documented> {
    let text = page("commands.md");
    let mut commands: Vec<Documented> = Vec::new();
    let mut in_command = false;
    let mut in_example = false;
    for line in text.lines() {
        if line.starts_with('#') {
            in_command = line.starts_with("### `");
            if in_command {
                let name = quoted(line).next().unwrap();
                let anchor = line.trim_start_matches("### ").replace('`', "").replace(' ', "-");
                commands.push(Documented { name, anchor, ..Documented::default() });
            }
        }
        let Some(command) = commands.last_mut().filter(|_| in_command) else { continue };
        if line.starts_with("```") {
            in_example = line == "```json";
        } else if in_example {
            command.examples.push(line.to_owned());
        } else if line.starts_with("| `") {
            let optional = line.contains("optional: ") || line.contains("default: ");
            command.fields.insert(quoted(line).next().unwrap(), optional);
        } else if let Some(who) = line.strip_prefix("Sent by: ") {
            who.trim_end_matches(['.', '\\']).clone_into(&mut command.sent_by);
        } else if let Some(stages) = line.strip_prefix("Refused at: ") {
            command.stages = quoted(stages).collect();
        }
    }
    commands
}

const HEAD: &str = r#""time":"2021-07-16T09:00:00+08:00","id":"1","by":"operator""#;

/// The names that the gateway's own error gives as those that it knows.
fn known(command: &str, field: &str) -> BTreeSet<String> {
    let error = parse_line(&format!("{{{HEAD},\"do\":{command:?}{field}}}")).unwrap_err();
    quoted(error.message.split_once("expected ").map_or("", |(_, names)| names)).collect()
}

#[test]
fn every_command_is_documented_with_its_fields() {
    let commands = documented();
    let names: BTreeSet<String> = commands.iter().map(|command| command.name.clone()).collect();
    assert_eq!(names, known("?", ""), "the commands of docs/commands.md, and those that the gateway reads");
    assert_eq!(names.len(), commands.len(), "a command is documented once");

    for command in &commands {
        let fields: BTreeSet<String> = command.fields.keys().cloned().collect();
        assert_eq!(fields, known(&command.name, ",\"?\":0"), "the fields of {}", command.name);
        assert!(!command.examples.is_empty(), "{} has no example", command.name);
        for example in &command.examples {
            parse_line(example).unwrap_or_else(|error| panic!("{example}\n{error}"));
            let written: Map<String, Value> = serde_json::from_str(example).unwrap();
            assert_eq!(written["do"], command.name.as_str(), "{example}");
            for (field, optional) in &command.fields {
                let mut without = written.clone();
                without.shift_remove(field);
                let read = parse_line(&Value::Object(without).to_string());
                assert_eq!(read.is_ok(), *optional, "{}: may {field} be left out?", command.name);
            }
        }
    }
}

fn role(role: Role) -> String {
    format!("`{}`", serde_json::to_value(role).unwrap().as_str().unwrap())
}

/// The node after the days of an example.
fn after(example: &str, data: &Path) -> Node {
    let run = Command::new(env!("CARGO_BIN_EXE_huangpu"))
        .args(["run", "--json", "--data"])
        .arg(data)
        .arg(root().join("examples").join(example))
        .output()
        .unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    Node::open(data, &mut |_, _| ()).unwrap().0
}

/// Nodes in which every example means something: after the days of two examples, and with some users.
fn nodes(data: &tempfile::TempDir) -> [Node; 2] {
    ["carbon", "bond-continuous"].map(|name| {
        let mut node = after(name, &data.path().join(name));
        for (firm, name, duty) in [
            ("operator", "ann", Duty::Operator),
            ("DONGJIANG", "wang", Duty::Trader),
            ("DONGJIANG", "wei", Duty::Operator),
        ] {
            let Some(participant) = node.state().registry().participant_id(firm) else { continue };
            let (duties, password) = (Duties::of(&[duty]), String::new());
            let (name, must_change) = (name.to_owned(), false);
            let create = roster::CreateUser { participant, name, duties, password, must_change };
            let envelope = engine::Envelope {
                actor: engine::OPERATOR,
                user: base::UserId::NOBODY,
                client_id: engine::ClientId::of(&format!("user/{}", create.name)),
                door: engine::Door::Node,
                command: engine::Command::CreateUser(create),
            };
            node.submit(node.time(), envelope, &mut |_, _, _| Ok(())).unwrap();
        }
        node.flush(&mut |_, _, _| Ok(())).unwrap();
        node
    })
}

/// The examples mean something after the days in one of the examples, and who may send them is what the engine says.
#[test]
fn every_example_resolves_and_says_who_may_send_it() {
    let data = tempfile::tempdir().unwrap();
    let nodes = nodes(&data);
    for command in documented() {
        let mut said = BTreeSet::new();
        for example in &command.examples {
            let line = parse_line(example).unwrap();
            let written: Map<String, Value> = serde_json::from_str(example).unwrap();
            let resolved = nodes.each_ref().map(|node| {
                let resolver = Resolver { state: node.state(), market: Some(base::MarketId(0)), book: node };
                resolver.participant("by", &line.by).and_then(|_| resolver.resolve(&line.command))
            });
            let found =
                nodes.iter().zip(&resolved).find_map(|(node, asked)| Some((node, asked.as_ref().ok()?)));
            let (node, asked) = found.unwrap_or_else(|| panic!("{example}\n{resolved:?}"));
            let names = Names(node.state());
            let roles = |all: &[Role]| all.iter().map(|one| role(*one)).collect::<Vec<_>>().join(", ");
            let owner = |account| {
                let code = names.account(account);
                let field = written.iter().find(|(_, value)| **value == *code).unwrap().0;
                format!("who answers for `{field}`")
            };
            // What depends on whom the command is about stands in clauses, and an example for each.
            let mut clauses = command.sent_by.split("; ");
            let mut said_of = |clause: &str| said.insert(clause.to_owned());
            let expected = match asked.permission() {
                Permission::Roles(all) => roles(all),
                Permission::OwnerOr(_, all) => {
                    said_of("with `account` also who answers for it");
                    roles(all)
                }
                Permission::SelfOr(_, all) => {
                    said_of("with `participant` also that participant");
                    roles(all)
                }
                Permission::OfUser(_) => {
                    said_of("also the participant whose user it is");
                    roles(&[Role::Operator])
                }
                Permission::OfKey => {
                    said_of("also the participant whose key it is");
                    roles(&[Role::Operator])
                }
                Permission::Owner(account) => owner(account),
                Permission::Trader(account) => format!(
                    "{}, as {} or {}, and not as {}",
                    owner(account),
                    role(Role::ComplianceEntity),
                    role(Role::Institution),
                    role(Role::BarredStaff)
                ),
                Permission::Themself(_) => "the user itself".to_owned(),
                Permission::Anyone => "anyone".to_owned(),
            };
            // What is proposed, approved or withdrawn is looked at, not who sends that.
            let expected = match command.name.as_str() {
                "propose_act" => "whoever may send what is proposed",
                "approve_act" => "another who may send what was proposed",
                "withdraw_act" => "who proposed it, or another who may send what was proposed",
                _ => &expected,
            };
            assert_eq!(clauses.next(), Some(expected), "who may send {}", command.name);
        }
        let clauses: BTreeSet<String> = command.sent_by.split("; ").skip(1).map(str::to_owned).collect();
        assert_eq!(clauses, said, "who else may send {}", command.name);
    }
}

#[test]
fn every_refusal_in_the_scenarios_is_at_a_documented_stage() {
    let commands: BTreeMap<String, Documented> =
        documented().into_iter().map(|command| (command.name.clone(), command)).collect();
    let stages: BTreeSet<&str> = Rejection::catalogue().iter().map(|refusal| refusal.stage()).collect();
    for command in commands.values() {
        assert_eq!(command.stages.first().map(String::as_str), Some("access"), "{}", command.name);
        let unknown = command.stages.iter().find(|stage| !stages.contains(stage.as_str()));
        assert_eq!(unknown, None, "{} names a stage that does not exist", command.name);
    }
    let mut seen = 0;
    for entry in fs::read_dir(root().join("tests/scenarios")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "txt") {
            continue;
        }
        let mut asked = String::new();
        for line in fs::read_to_string(&path).unwrap().lines() {
            if !line.starts_with(' ') {
                line.split(' ').nth(2).unwrap_or_default().clone_into(&mut asked);
            }
            let refused = line.strip_prefix("  refused ").and_then(|refused| refused.split_once('/'));
            if let (Some((stage, reason)), Some(command)) = (refused, commands.get(&asked)) {
                seen += 1;
                assert!(
                    command.stages.iter().any(|documented| documented == stage),
                    "{}: {asked} is refused at {stage}/{reason}, which docs/commands.md does not say",
                    path.display()
                );
            }
        }
    }
    assert!(seen > 50, "only {seen} refusals: is this test looking at the right lines?");
}

fn refusals() -> String {
    let commands = documented();
    let mut by_stage: Vec<(&str, Vec<Rejection>)> = Vec::new();
    for refusal in Rejection::catalogue() {
        match by_stage.last_mut() {
            Some((stage, reasons)) if *stage == refusal.stage() => reasons.push(refusal),
            _ => by_stage.push((refusal.stage(), vec![refusal])),
        }
    }
    let mut page = "# Refusals\n\n\
        A command that can be read and breaks a rule is refused: an event in the log, with the stage that refused it and its reason, both\n\
        stable codes. A refused command changes nothing. The stages of each command are in [commands.md](commands.md); they are passed in\n\
        order, and the first reason found is the one given. Within a stage the reasons stand in order of precedence, as far as they concern\n\
        the same command.\n\n\
        This page is written by `UPDATE_EXPECTED=1 cargo test --test docs` from `engine::Rejection::catalogue()`; the test fails when it\n\
        is stale.\n"
        .to_owned();
    for (stage, reasons) in by_stage {
        let here = commands.iter().filter(|command| command.stages.iter().any(|named| named == stage));
        let here: Vec<String> =
            here.map(|command| format!("[`{}`](commands.md#{})", command.name, command.anchor)).collect();
        let here = match here.len() {
            0 => "The adoption of a rulebook.".to_owned(),
            all if all == commands.len() => "Every command.".to_owned(),
            _ => format!("{}.", here.join(", ")),
        };
        page.push_str(&format!("\n## {stage}\n\n{here}\n\n| code | because |\n|---|---|\n"));
        for reason in reasons {
            page.push_str(&format!("| `{}` | {} |\n", reason.code(), reason.sentence()));
        }
    }
    page
}

#[test]
fn the_page_of_refusals_is_that_of_the_engine() {
    let expected = refusals();
    let path: &Path = &root().join("docs/refusals.md");
    if std::env::var_os("UPDATE_EXPECTED").is_some() {
        fs::write(path, &expected).unwrap();
    }
    let found = fs::read_to_string(path).unwrap_or_default();
    assert!(
        found == expected,
        "docs/refusals.md is stale: UPDATE_EXPECTED=1 cargo test --test docs writes it"
    );
}

/// A row of docs/access.md: what a command asks of its sender's participant, of its user, and whether it takes two.
fn access_row(command: &Documented, nodes: &[Node]) -> String {
    let mut of_user: Vec<Duties> = Vec::new();
    let mut takes_two = BTreeSet::new();
    let mut paired = None;
    for example in &command.examples {
        let line = parse_line(example).unwrap();
        let resolved = nodes.iter().find_map(|node| {
            Resolver { state: node.state(), market: Some(base::MarketId(0)), book: node }
                .resolve(&line.command)
                .ok()
        });
        let asked = resolved.unwrap();
        of_user.push(asked.duties());
        // To nobody, every user is another.
        takes_two.insert(asked.always_takes_two(base::UserId::NOBODY));
        paired = paired.or(asked.paired());
    }
    let names = |duties: Duties| {
        duties.iter().map(|duty| format!("`{}`", duty.name())).collect::<Vec<_>>().join(", ")
    };
    let always = of_user.iter().fold(Duties::ALL, |all, duties| all.and(*duties));
    let some = of_user.iter().fold(Duties::NONE, |all, duties| all.or(*duties));
    // Whoever stops as a trader stops its own alone, see `State::check_user`.
    let stops = ["mass_cancel", "block_trading"].contains(&command.name.as_str());
    let always: Duties = always.iter().filter(|duty| !(stops && *duty == Duty::Trader)).collect();
    let own = some.iter().filter(|duty| !always.has(*duty)).collect::<Duties>();
    let duties = match command.name.as_str() {
        "propose_act" | "approve_act" | "withdraw_act" => "as for what is proposed".to_owned(),
        "enrol" | "enrol_totp" => "none".to_owned(),
        "set_password" | "set_totp" | "revoke_key" | "create_key" => {
            format!("{}; none for one's own", names(always))
        }
        _ if always == Duties::ALL => "any".to_owned(),
        _ if own.is_empty() => names(always),
        _ => format!("{}; for its own participant also {}", names(always), names(own)),
    };
    let usual = paired.map(|act| TwoPersons::usual(2).acts.contains(&act));
    let two = match (command.name.as_str(), takes_two.contains(&true)) {
        ("deposit", _) => "as the rules say: from an amount on",
        (_, false) if usual == Some(true) => "as the rules say: yes",
        (_, false) if usual == Some(false) => "as the rules say: no",
        ("propose_act" | "approve_act" | "withdraw_act", _) => "",
        ("set_password" | "set_totp", true) => "yes, but for one's own",
        ("deactivate_user", _) => "for one of the last two operators",
        (_, true) => "yes",
        (_, false) => "",
    };
    let (name, anchor) = (&command.name, &command.anchor);
    let sent_by = command.sent_by.replace('|', "or");
    format!("| [`{name}`](commands.md#{anchor}) | {sent_by} | {duties} | {two} |\n")
}

fn access_table() -> String {
    let data = tempfile::tempdir().unwrap();
    let nodes = nodes(&data);
    let rows: String = documented().iter().map(|command| access_row(command, &nodes)).collect();
    format!(
        "| command | sent by, of the participants | its user's duty, any of | a second person |\n|---|---|---|---|\n{rows}"
    )
}

#[test]
fn the_page_of_access_is_that_of_the_engine() {
    let path: &Path = &root().join("docs/access.md");
    let found = fs::read_to_string(path).unwrap();
    let mark = "<!-- the table is written by UPDATE_EXPECTED=1 cargo test --test docs -->\n\n";
    let (before, after) = found.split_once(mark).unwrap();
    let after = after.split_once("\n\n").map_or("", |(_, after)| after);
    let table = access_table();
    let expected = format!("{before}{mark}{table}\n{after}");
    if std::env::var_os("UPDATE_EXPECTED").is_some() {
        fs::write(path, &expected).unwrap();
    }
    let found = fs::read_to_string(path).unwrap();
    assert!(found == expected, "docs/access.md is stale: UPDATE_EXPECTED=1 cargo test --test docs writes it");
}
