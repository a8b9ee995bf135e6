//! The first two operators of a node. Neither makes the other: the node prints a link for each, to be handed to two persons, and each
//! chooses a password that nobody else knows. Until both have, every start says so, and prints what is still to be used.

use crate::cli::serve::own;
use crate::node::Node;
use crate::serve::access::{Secrets, hash_of};
use crate::serve::{Clock, Running, link_path};
use anyhow::{Context, Result};
use base::{Timestamp, UserId};
use engine::{Command, OPERATOR, State};
use roster::{Duties, Duty, InviteUser, Link, OfferLink, User};
use std::path::Path;

/// How many operators there are at the beginning: one proposes, another approves.
const OPERATORS: usize = 2;
/// How long such a link is good.
const HOURS: i64 = 72;

/// An operator who is yet to choose a password, and the token of its link.
pub(crate) struct Awaited {
    name: String,
    token: String,
}

/// Where there are no users, admits the first two operators, and from then on every command names its user. Gives those operators who
/// have no password yet; whose link is over is given another.
pub(crate) fn admit(node: &mut Node, clock: &Clock, data: &Path) -> Result<Vec<Awaited>> {
    let (secrets, log) = (Secrets::open(data)?, node.log_id());
    let now = clock.now().max(node.time());
    let expires = Timestamp(now.0.saturating_add(HOURS * 3_600_000_000_000));
    let stamp = |node: &Node| -> Result<Timestamp> {
        Ok(clock.stamp().context("the first operators cannot be admitted")?.max(node.time()))
    };
    let link = |name: &str, expires| {
        let token = secrets.first_token(log, name, expires);
        let token_hash = hash_of(token.as_bytes());
        (token, Link { token_hash, expires, coded: false, codes_off: false })
    };
    if !node.state().roster().in_force() {
        let (mut count, mut number) = (operators(node.state()).count(), 1);
        while count < OPERATORS {
            let name = if number == 1 { "operator".to_owned() } else { format!("operator{number}") };
            number += 1;
            if node.state().roster().user_named(&name).is_some() {
                continue;
            }
            let (_, link) = link(&name, expires);
            let (participant, duties, id) =
                (OPERATOR, Duties::of(&[Duty::Operator]), format!("serve/invite/{name}"));
            let time = stamp(node)?;
            own(node, time, &id, Command::InviteUser(InviteUser { participant, name, duties, link }))?;
            count += 1;
        }
        let time = stamp(node)?;
        own(node, time, "serve/in_force", Command::PutRosterInForce)?;
    }
    let mut awaited = Vec::new();
    if operators(node.state()).filter(|(_, user)| user.is_enrolled()).count() >= OPERATORS {
        return Ok(awaited);
    }
    let waiting: Vec<(UserId, User)> =
        operators(node.state()).filter(|(_, user)| !user.is_enrolled()).collect();
    for (user, User { name, link: has, .. }) in waiting {
        let lasting = has.filter(|has| has.expires > now).map(|has| link(&name, has.expires));
        let (token, link) = match lasting.filter(|(_, link)| has.as_ref() == Some(link)) {
            Some(lasting) => lasting,
            // Another operator gave it that link, which is good: it is his to hand over.
            None if has.is_some_and(|has| has.expires > now && has.coded) => continue,
            None => {
                let (token, link) = link(&name, expires);
                let id = format!("serve/link/{name}/{}", expires.0);
                let time = stamp(node)?;
                own(node, time, &id, Command::OfferLink(OfferLink { user, link }))?;
                (token, link)
            }
        };
        debug_assert_eq!(hash_of(token.as_bytes()), link.token_hash);
        awaited.push(Awaited { name, token });
    }
    Ok(awaited)
}

/// The operators of the node who are not stopped.
fn operators(state: &State) -> impl Iterator<Item = (UserId, User)> {
    let users = state.roster().users().iter().enumerate();
    let operates =
        |user: &User| user.active && user.participant == OPERATOR && user.duties.has(Duty::Operator);
    users.filter(move |(_, user)| operates(user)).map(|(place, user)| (UserId::at(place + 1), user.clone()))
}

/// What is said of those who are awaited.
pub(crate) fn said(awaited: &[Awaited], running: &Running) -> String {
    if awaited.is_empty() {
        return String::new();
    }
    let scheme = if running.app.secure { "https" } else { "http" };
    let mut text = String::from(
        "operators who have yet to choose a password, each by a link that is good once, for 72 hours, and for one person alone:\n",
    );
    for Awaited { name, token } in awaited {
        let path = link_path(name, token);
        text.push_str(&format!("  {name:<12}{scheme}://{}{path}\n", running.address));
        tracing::warn!(user = name, "an operator has yet to choose a password");
    }
    text
}
