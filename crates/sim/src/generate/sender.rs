//! Who sends a command: someone who may, most of the time; and the wrong participant, the wrong user, someone who was stopped, or
//! nobody, now and then.

use super::Source;
use crate::audit::shadow::Shadow;
use base::{ParticipantId, Role, UserId};
use engine::{Command, Permission};
use faulty_disk::Dice;

/// A participant and a user of it.
pub(super) type Sender = (ParticipantId, UserId);

fn anyone(shadow: &Shadow, dice: &mut Dice) -> ParticipantId {
    ParticipantId::at(dice.roll(shadow.participants.len() + 1))
}

/// Users with the numbers that they have.
fn users(shadow: &Shadow) -> impl Iterator<Item = Sender> {
    let users = shadow.people.users.iter().enumerate();
    users.map(|(place, person)| (ParticipantId(person.firm), UserId::at(place + 1)))
}

impl Source {
    /// Who sends a command.
    pub(super) fn sender(&mut self, shadow: &Shadow, command: &Command) -> Sender {
        if !shadow.people.in_force {
            let actor = self.participant(shadow, command);
            // A user need not be named yet; one that is, is looked at.
            let named = self.dice.once_in(4).then(|| self.user_of(shadow, actor)).flatten();
            return (actor, named.unwrap_or(UserId::NOBODY));
        }
        let dice = &mut self.dice;
        if dice.once_in(20) {
            return Self::wrong(shadow, dice);
        }
        let itself = match command {
            Command::Tick => dice.once_in(2),
            Command::AdoptRulebook(_) => dice.once_in(3),
            Command::OfferLink(_) => dice.once_in(8),
            _ => false,
        };
        if itself {
            return (ParticipantId(0), UserId::NOBODY);
        }
        // A person who may do it; the proposer of an act approves it now and then.
        if let Command::ApproveAct { act } = command
            && dice.once_in(12)
            && let Some(act) = shadow.people.acts.get(&act.0)
        {
            return (act.actor, act.proposer);
        }
        // Two who leave out the member whose user it is.
        if let Command::ApproveAct { act } = command
            && let Some(act) = shadow.people.acts.get(&act.0)
        {
            let strangers: Vec<Sender> =
                users(shadow).filter(|(actor, user)| shadow.leaves_out(act, *actor, *user)).collect();
            if !strangers.is_empty() && dice.once_in(3) {
                return dice.pick(&strangers).copied().unwrap_or_else(|| Self::wrong(shadow, dice));
            }
        }
        let may: Vec<Sender> =
            users(shadow).filter(|(actor, user)| shadow.may_send(*actor, *user, command)).collect();
        dice.pick(&may).copied().unwrap_or_else(|| Self::wrong(shadow, dice))
    }

    /// Some user, under its own participant or another; one who is not there, or nobody.
    fn wrong(shadow: &Shadow, dice: &mut Dice) -> Sender {
        let all: Vec<Sender> = users(shadow).collect();
        let someone = dice.pick(&all).copied().unwrap_or((ParticipantId(0), UserId::NOBODY));
        match dice.roll(8) {
            0 => (someone.0, UserId::NOBODY),
            1 => (someone.0, UserId::at(all.len() + 1 + dice.roll(3))),
            2 => (anyone(shadow, dice), someone.1),
            3 => {
                let stopped: Vec<Sender> = users(shadow)
                    .filter(|(_, user)| shadow.people.person(*user).is_some_and(|person| !person.active))
                    .collect();
                dice.pick(&stopped).copied().unwrap_or(someone)
            }
            _ => someone,
        }
    }

    fn user_of(&mut self, shadow: &Shadow, actor: ParticipantId) -> Option<UserId> {
        let strange = self.dice.once_in(8);
        let fits: Vec<UserId> =
            users(shadow).filter(|(firm, _)| strange || *firm == actor).map(|(_, user)| user).collect();
        self.dice.pick(&fits).copied()
    }

    /// A participant that may send it, most of the time.
    fn participant(&mut self, shadow: &Shadow, command: &Command) -> ParticipantId {
        if self.dice.once_in(40) {
            return anyone(shadow, &mut self.dice);
        }
        let someone = |roles: &[Role], dice: &mut Dice| {
            let has = |id: &usize| shadow.participants[*id].roles.iter().any(|role| roles.contains(role));
            let having: Vec<usize> = (0..shadow.participants.len()).filter(has).collect();
            dice.pick(&having).map_or(ParticipantId(0), |id| ParticipantId::at(*id))
        };
        match command.permission() {
            Permission::Owner(account) | Permission::Trader(account) => {
                shadow.owner_of(account).unwrap_or_else(|| anyone(shadow, &mut self.dice))
            }
            Permission::Roles(roles) => someone(roles, &mut self.dice),
            Permission::SelfOr(firm, _) if self.dice.once_in(2) => firm,
            Permission::OwnerOr(account, _) if self.dice.once_in(2) => {
                shadow.owner_of(account).unwrap_or_else(|| anyone(shadow, &mut self.dice))
            }
            Permission::SelfOr(_, roles) | Permission::OwnerOr(_, roles) => someone(roles, &mut self.dice),
            Permission::OfUser(_) | Permission::OfKey | Permission::Themself(_) => {
                someone(&[Role::Operator], &mut self.dice)
            }
            Permission::Anyone => match command {
                Command::ReleasePledge(c) => {
                    shadow.pledges.get(&c.pledge.0).map_or(ParticipantId(0), |pledge| ParticipantId(pledge.1))
                }
                _ => anyone(shadow, &mut self.dice),
            },
        }
    }
}
