//! Users, keys and acts for two under random business: an auditor that keeps its own roster, from commands and events alone, checks
//! every record. Nothing is done by who was stopped, nothing that takes two is done by one, and what is over is not approved.

#![allow(clippy::unwrap_used, clippy::panic)] // tests, also outside the functions marked so

mod support;

use base::{AccountId, ActId, AssetId, InstrumentId, ParticipantId, Quantity, Timestamp, UserId};
use engine::{ClientId, Command, Envelope, Event, OPERATOR};
use proptest::prelude::*;
use roster::{CreateKey, CreateUser, Duties, Duty, SetPassword, SetUserActive, SetUserDuties};
use std::collections::BTreeMap;
use std::path::Path;
use support::script::Script;
use support::world::World;

const SECOND: i64 = 1_000_000_000;

#[derive(Clone)]
struct Person {
    firm: ParticipantId,
    duties: Vec<Duty>,
    active: bool,
}

#[derive(Clone)]
struct Waiting {
    proposer: UserId,
    command: Command,
    expires: Timestamp,
}

/// What the auditor knows.
#[derive(Default)]
struct Shadow {
    people: Vec<Person>,
    acts: BTreeMap<ActId, Waiting>,
    in_force: bool,
    proposed: u32,
    approved: usize,
}

impl Shadow {
    fn person(&self, user: UserId) -> Option<&Person> {
        self.people.get(usize::from(user.0).checked_sub(1)?)
    }

    fn operators(&self) -> usize {
        let counts = |p: &&Person| p.active && p.firm == OPERATOR && p.duties.contains(&Duty::Operator);
        self.people.iter().filter(counts).count()
    }

    /// What docs/access.md asks of a user, of the commands that are sent here.
    fn may(&self, user: UserId, command: &Command) -> bool {
        let person = self.person(user).unwrap();
        let has = |duties: &[Duty]| duties.iter().any(|duty| person.duties.contains(duty));
        match command {
            Command::Issue(_) | Command::CreateUser(_) => has(&[Duty::Operator]),
            Command::SetUserDuties(_) | Command::SetUserActive(_) => has(&[Duty::Operator]),
            Command::SetPassword(c) => c.user == user || has(&[Duty::Operator]),
            Command::CreateKey(c) => c.user == user || has(&[Duty::Operator]),
            Command::SetHalted(_) => has(&[Duty::Operator, Duty::Supervisor]),
            Command::MassCancel(_) => has(&[Duty::Operator, Duty::Supervisor, Duty::Trader]),
            Command::Transfer(_) => has(&[Duty::Custodian]),
            Command::ProposeAct { command, .. } => self.may(user, command),
            _ => true,
        }
    }

    /// Whether docs/access.md wants a second person.
    fn takes_two(&self, user: UserId, command: &Command) -> bool {
        match command {
            Command::Issue(_) | Command::SetUserDuties(_) | Command::CreateKey(_) => true,
            Command::SetHalted(c) => !c.halted,
            Command::SetPassword(c) => c.user != user,
            Command::CreateUser(c) => c.participant != OPERATOR || self.operators() != 1,
            Command::SetUserActive(c) if c.active => true,
            Command::SetUserActive(c) => self.person(c.user).is_some_and(|stopped| {
                let last = stopped.active && stopped.firm == OPERATOR && self.operators() <= 2;
                last && stopped.duties.contains(&Duty::Operator)
            }),
            _ => false,
        }
    }

    fn look(
        &mut self,
        world: &World,
        (actor, user): (ParticipantId, UserId),
        command: &Command,
        events: &[Event],
    ) {
        let now = world.state.time();
        // What is over is over before the command is looked at.
        for event in events {
            let Event::ActExpired { act } = event else { continue };
            let over = self.acts.remove(act).unwrap_or_else(|| panic!("{act} was not waiting"));
            assert!(over.expires <= now, "{act} is over too early");
        }
        assert!(self.acts.values().all(|act| act.expires > now), "what is over still waits");
        let of_an_act = |event: &&Event| {
            matches!(
                event,
                Event::ActProposed { .. } | Event::ActApproved { .. } | Event::ActWithdrawn { .. }
            )
        };
        let told = events.iter().find(of_an_act);
        if events.iter().any(|event| matches!(event, Event::Refused(_))) {
            let roster = events.iter().any(|event| matches!(event, Event::Roster(_)));
            assert!(told.is_none() && !roster, "a refusal is all that comes of it");
            return;
        }
        if user == UserId::NOBODY {
            assert!(
                !self.in_force || (actor == OPERATOR && *command == Command::Tick),
                "{command:?} by nobody"
            );
        } else {
            let person = self.person(user).unwrap_or_else(|| panic!("{user} is nobody"));
            assert!(person.active, "{user} was stopped: {command:?}");
            assert_eq!(person.firm, actor);
            assert!(self.may(user, command), "{user} has no duty for {command:?}");
        }
        assert!(!self.in_force || !self.takes_two(user, command), "one alone: {command:?}");
        match (command, told) {
            (Command::ProposeAct { command, expires }, Some(Event::ActProposed { act, .. })) => {
                self.proposed += 1;
                assert_eq!(act.0, self.proposed);
                let (proposer, command) = (user, (**command).clone());
                self.acts.insert(*act, Waiting { proposer, command, expires: *expires });
            }
            (Command::ApproveAct { act }, Some(Event::ActApproved { act: approved, by })) => {
                assert_eq!((approved, *by), (act, user));
                let done = self.acts.remove(act).unwrap_or_else(|| panic!("{act} was not waiting"));
                assert_ne!(done.proposer, user, "{act} was approved by its proposer");
                assert!(self.person(done.proposer).unwrap().active, "the proposer of {act} was stopped");
                let colleague = matches!(&done.command, Command::CreateKey(key) if {
                    key.duties.iter().all(|duty| self.person(user).unwrap().duties.contains(&duty))
                });
                assert!(self.may(user, &done.command) || colleague, "{user} might not do {act}");
                self.approved += 1;
                self.done(&done.command);
            }
            (Command::WithdrawAct { act, .. }, Some(Event::ActWithdrawn { .. })) => {
                assert!(self.acts.remove(act).is_some(), "{act} was not waiting");
            }
            (
                Command::ProposeAct { .. } | Command::ApproveAct { .. } | Command::WithdrawAct { .. },
                other,
            ) => {
                panic!("{command:?} came to {other:?}")
            }
            _ => self.done(command),
        }
        assert!(!self.in_force || self.operators() > 0, "nobody can go on from here");
    }

    /// What a command that was taken does to the roster.
    fn done(&mut self, command: &Command) {
        let place = |user: UserId| usize::from(user.0) - 1;
        match command {
            Command::CreateUser(c) => {
                let (firm, duties) = (c.participant, c.duties.iter().collect());
                self.people.push(Person { firm, duties, active: true });
            }
            Command::SetUserDuties(c) => self.people[place(c.user)].duties = c.duties.iter().collect(),
            Command::SetUserActive(c) => self.people[place(c.user)].active = c.active,
            Command::PutRosterInForce => self.in_force = true,
            _ => {}
        }
    }

    fn check(&self, world: &World) {
        let state = &world.state;
        assert!(state.acts().map(|act| act.id).eq(self.acts.keys().copied()), "what waits");
        let users = state.roster().users().iter();
        let told = users.map(|u| (u.participant, u.active, u.duties.iter().collect::<Vec<_>>()));
        assert!(told.eq(self.people.iter().map(|p| (p.firm, p.active, p.duties.clone()))), "who is there");
        for key in state.roster().keys() {
            let user = self.person(key.user).unwrap();
            assert!(
                key.duties.iter().all(|duty| user.duties.contains(&duty)),
                "a key may more than its user"
            );
        }
    }
}

/// Something that someone does.
#[derive(Clone, Copy, Debug)]
struct Move {
    what: u8,
    who: u8,
    whom: u8,
    which: u8,
    more: u8,
}

impl Move {
    fn duties(self) -> Duties {
        let all = Duty::ALL;
        Duties::of(&[all[usize::from(self.more) % 6], all[usize::from(self.which) % 6]])
    }

    fn inner(self, known: usize) -> Command {
        let user = UserId(u16::from(self.whom) % u16::try_from(known + 2).unwrap());
        match self.which % 7 {
            0 => Command::Issue(registry::Issue {
                account: AccountId(1),
                asset: AssetId(1),
                quantity: Quantity(i64::from(self.more)),
                reason: String::new(),
            }),
            1 => Command::SetUserActive(SetUserActive {
                user,
                active: !self.more.is_multiple_of(3),
                reason: String::new(),
            }),
            2 => Command::SetUserDuties(SetUserDuties { user, duties: self.duties() }),
            3 => Command::SetHalted(trading::SetHalted {
                instrument: InstrumentId(0),
                halted: self.more.is_multiple_of(2),
                reason: String::new(),
            }),
            4 => Command::CreateKey(CreateKey {
                user,
                id: format!("key{:03}{:03}", self.more, self.whom),
                secret_hash: [0; 32],
                account: None,
                duties: self.duties(),
            }),
            5 => Command::SetPassword(SetPassword { user, password: String::new(), must_change: false }),
            _ => Command::CreateUser(CreateUser {
                participant: ParticipantId(u32::from(self.more) % 6),
                name: format!("u{}-{}", self.whom, self.more),
                duties: self.duties(),
                password: String::new(),
                must_change: false,
            }),
        }
    }

    fn command(self, world: &World, shadow: &Shadow) -> Command {
        let inner = self.inner(shadow.people.len());
        let act = ActId(u32::from(self.whom) % (shadow.proposed + 2));
        let act = shadow.acts.keys().nth(usize::from(self.which) % 4).copied().unwrap_or(act);
        match self.what % 10 {
            0..3 => {
                let wait = [0, 1, 60, 3_600, 86_400, 40 * 86_400][usize::from(self.more) % 6];
                let expires = Timestamp(world.state.time().0 + wait * SECOND);
                Command::ProposeAct { command: Box::new(inner), expires }
            }
            3..6 => Command::ApproveAct { act },
            6 if self.more.is_multiple_of(4) => Command::WithdrawAct { act, reason: String::new() },
            6 => Command::Tick,
            7 if self.more.is_multiple_of(8) => Command::PutRosterInForce,
            7 => Command::MassCancel(trading::MassCancel { of: trading::Whose::Everyone, instrument: None }),
            _ => inner,
        }
    }
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let one = any::<[u8; 5]>();
    prop::collection::vec(
        one.prop_map(|[what, who, whom, which, more]| Move { what, who, whom, which, more }),
        80,
    )
}

fn play(moves: &[Move]) -> usize {
    let mut script = Script::new(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios"));
    script.run("include setup/users.txt\n08:10:00 operator/ann put_roster_in_force\n");
    let mut world = script.world;
    let mut shadow = Shadow { in_force: true, ..Shadow::default() };
    let users = world.state.roster().users().iter();
    shadow.people = users
        .map(|u| Person { firm: u.participant, duties: u.duties.iter().collect(), active: true })
        .collect();
    for (number, one) in moves.iter().enumerate() {
        let command = one.command(&world, &shadow);
        let count = u16::try_from(shadow.people.len() + 2).unwrap();
        let firm = |user| shadow.person(user).map_or(OPERATOR, |person| person.firm);
        let someone = UserId(u16::from(one.who) % count);
        // Someone who may, most of the time.
        let able = (0..count).map(|more| UserId((someone.0 + more) % count)).find(|user| match &command {
            Command::ApproveAct { act } => {
                world.state.act(*act).is_some_and(|act| world.state.may_approve(firm(*user), *user, act))
            }
            command => {
                let (actor, client_id) = (firm(*user), ClientId::of(""));
                let sent = Envelope { actor, user: *user, client_id, command: command.clone() };
                world.state.check_access(&sent).is_ok()
            }
        });
        let user = able.filter(|_| !one.more.is_multiple_of(4)).unwrap_or(someone);
        let actor = if one.more == 8 { ParticipantId(u32::from(one.which) % 9) } else { firm(user) };
        let pause = if one.which.is_multiple_of(16) { i64::from(one.more) * 600 } else { 1 };
        let time = Timestamp(world.state.time().0 + pause * SECOND);
        let events = world.send_as(time, (actor, user), &format!("m{number}"), command.clone());
        shadow.look(&world, (actor, user), &command, &events);
        shadow.check(&world);
    }
    world.check_replay();
    shadow.approved
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_done_by_one_that_takes_two(moves in moves()) {
        play(&moves);
    }
}

/// The business above is not all refused.
#[test]
fn some_acts_are_approved() {
    let mut state = 7_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state.to_be_bytes()[0]
    };
    let mut approved = 0;
    for _ in 0..20 {
        let moves: Vec<Move> = (0..80)
            .map(|_| Move { what: next(), who: next(), whom: next(), which: next(), more: next() })
            .collect();
        approved += play(&moves);
    }
    assert!(approved > 30, "only {approved} acts were approved");
}
