//! What the scenario tables cannot show of the roster.

#![allow(clippy::unwrap_used, clippy::panic)] // tests, also outside the functions marked so

use base::{AccountId, ParticipantId, UserId};
use roster::{
    CreateKey, CreateUser, Duties, Duty, Event, Roster, RosterRejection, SetUserDuties, is_key, is_name,
};

fn user(number: usize) -> CreateUser {
    CreateUser {
        participant: ParticipantId(3),
        name: format!("user{number}"),
        duties: Duties::of(&[Duty::Trader, Duty::Custodian]),
        password: String::new(),
        must_change: false,
    }
}

fn key(user: u16, duties: &[Duty]) -> CreateKey {
    let id = "key00001".to_owned();
    CreateKey { user: UserId(user), id, secret_hash: [7; 32], account: None, duties: Duties::of(duties) }
}

#[test]
fn a_node_counts_65535_users() {
    let mut roster = Roster::default();
    for number in 1..=usize::from(u16::MAX) {
        roster.create_user(&user(number), true, &mut |_| ()).unwrap();
    }
    assert_eq!(roster.user_named("user65535"), Some(UserId(65_535)));
    let refused = roster.create_user(&user(65_536), true, &mut |_| panic!("nothing happened"));
    assert_eq!(refused, Err(RosterRejection::TooMany));
    assert_eq!(roster.users().len(), 65_535);
    assert!(roster.user(UserId(65_535)).is_some() && roster.user(UserId::NOBODY).is_none());
}

#[test]
fn users_are_numbered_from_one_and_found_by_name() {
    let mut roster = Roster::default();
    let mut events = Vec::new();
    roster.create_user(&user(1), true, &mut |event| events.push(event)).unwrap();
    assert_eq!(events, [Event::UserCreated { user: UserId(1) }]);
    assert_eq!(roster.user_named("user1"), Some(UserId(1)));
    assert_eq!(roster.user(UserId(1)).unwrap().name, "user1");
    assert!(roster.user(UserId(2)).is_none() && !roster.in_force());
}

#[test]
fn a_key_never_has_more_than_its_user() {
    let mut roster = Roster::default();
    roster.create_user(&user(1), true, &mut |_| ()).unwrap();
    let refused = roster.create_key(&key(1, &[Duty::Operator]), None, &mut |_| ());
    assert_eq!(refused, Err(RosterRejection::NotTheirDuties));
    let with = CreateKey { account: Some(AccountId(0)), ..key(1, &[Duty::Trader]) };
    for owner in [None, Some(ParticipantId(4))] {
        assert_eq!(roster.create_key(&with, owner, &mut |_| ()), Err(RosterRejection::NotTheirAccount));
    }
    roster.create_key(&with, Some(ParticipantId(3)), &mut |_| ()).unwrap();
    assert_eq!(roster.key("key00001").unwrap().duties, Duties::of(&[Duty::Trader]));

    let less = SetUserDuties { user: UserId(1), duties: Duties::of(&[Duty::Custodian]) };
    roster.set_user_duties(&less, &mut |_| ()).unwrap();
    assert_eq!(roster.key("key00001").unwrap().duties, Duties::NONE);
    let more = SetUserDuties { user: UserId(1), duties: Duties::ALL };
    roster.set_user_duties(&more, &mut |_| ()).unwrap();
    assert_eq!(roster.key("key00001").unwrap().duties, Duties::NONE, "what it lost it does not get back");
}

#[test]
fn names_are_what_can_be_typed() {
    for (name, fits) in
        [("a", true), ("li.wei-2_x", true), ("", false), ("Li", false), ("李", false), ("a b", false)]
    {
        assert_eq!(is_name(name), fits, "{name}");
    }
    assert!(is_name(&"a".repeat(32)) && !is_name(&"a".repeat(33)));
    for (key, fits) in [("K7Q2M9X4", true), ("short12", false), ("with-hyphen", false)] {
        assert_eq!(is_key(key), fits, "{key}");
    }
    assert!(is_key(&"k".repeat(32)) && !is_key(&"k".repeat(33)));
}
