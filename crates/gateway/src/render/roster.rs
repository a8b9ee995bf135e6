//! Users, keys, acts for two and cases as they are written.

use super::Names;
use crate::{Reference, WireAct, WireCommand, hex};
use base::UserId;
use engine::Command;

impl Names<'_> {
    /// The name that a user signs in with.
    #[must_use]
    pub fn user(&self, id: UserId) -> String {
        match self.0.roster().user(id) {
            Some(user) => user.name.clone(),
            None if id == UserId::NOBODY => "nobody".to_owned(),
            None => format!("#{id}"),
        }
    }

    pub(super) fn roster(&self, command: &Command) -> WireCommand {
        use Command as C;
        use WireCommand as W;
        match command.clone() {
            C::CreateUser(c) => W::CreateUser {
                participant: self.participant(c.participant),
                name: c.name,
                duties: c.duties,
                password_hash: c.password,
                must_change: c.must_change,
            },
            C::SetUserDuties(c) => W::SetUserDuties { user: self.user(c.user), duties: c.duties },
            C::SetUserActive(c) if c.active => W::ActivateUser { user: self.user(c.user), reason: c.reason },
            C::SetUserActive(c) => W::DeactivateUser { user: self.user(c.user), reason: c.reason },
            C::SetPassword(c) => W::SetPassword {
                user: self.user(c.user),
                password_hash: c.password,
                must_change: c.must_change,
            },
            C::SetTotp(c) => {
                let secret_hash = c.secret_hash.as_ref().map(|hash| hex::write(hash));
                W::SetTotp { user: self.user(c.user), secret_hash }
            }
            C::CreateKey(c) => W::CreateKey {
                user: self.user(c.user),
                key: c.id,
                secret_hash: hex::write(&c.secret_hash),
                account: c.account.map(|account| self.account(account)),
                duties: c.duties,
            },
            C::RevokeKey(c) => W::RevokeKey { key: c.id },
            C::InviteUser(c) => W::InviteUser {
                participant: self.participant(c.participant),
                name: c.name,
                duties: c.duties,
                token_hash: hex::write(&c.link.token_hash),
                expires: self.local(None, c.link.expires),
                coded: c.link.coded,
            },
            C::OfferLink(c) => W::OfferLink {
                user: self.user(c.user),
                token_hash: hex::write(&c.link.token_hash),
                expires: self.local(None, c.link.expires),
                coded: c.link.coded,
                codes_off: c.link.codes_off,
            },
            C::Enrol(c) => W::Enrol {
                user: self.user(c.user),
                token_hash: hex::write(&c.token_hash),
                password_hash: c.password,
            },
            C::EnrolTotp(c) => W::EnrolTotp {
                user: self.user(c.user),
                secret_hash: hex::write(&c.secret_hash),
                sealed: hex::write(&c.sealed),
            },
            C::UnlockUser(c) => W::UnlockUser { user: self.user(c.user), reason: c.reason },
            C::PutRosterInForce => W::PutRosterInForce {},
            C::ProposeAct { command, expires } => {
                let act = WireAct::new(self.wire(&command, None));
                W::ProposeAct { act, expires: self.local(None, expires) }
            }
            C::ApproveAct { act } => W::ApproveAct { act: Reference::Number(act.0.into()) },
            C::WithdrawAct { act, reason } => W::WithdrawAct { act: Reference::Number(act.0.into()), reason },
            C::OpenCase(c) => {
                let alerts = c.alerts.iter().map(|alert| alert.0).collect();
                W::OpenCase { title: c.title, alerts, account: c.account.map(|id| self.account(id)) }
            }
            C::NoteCase(c) => W::NoteCase { case: Reference::Number(c.case.0.into()), note: c.note },
            C::CloseCase(c) => W::CloseCase { case: Reference::Number(c.case.0.into()), finding: c.finding },
            _ => W::Tick {},
        }
    }
}
