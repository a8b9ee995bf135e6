//! Users, keys, acts for two and cases: users by the names they sign in with, hashes in hexadecimal.

use super::{Created, NOTHING, Reference, ReferenceBook, ResolveError, Resolved, Resolver, absent, wrong};
use crate::WireCommand;
use base::{ActId, AlertId, CaseId, UserId};
use engine::Command;
use roster as o;
use supervision as w;

impl<B: ReferenceBook> Resolver<'_, B> {
    /// The user who signs in with a name.
    ///
    /// # Errors
    /// There is none.
    pub fn user(&self, field: &'static str, name: &str) -> Resolved<UserId> {
        match self.state.roster().user_named(name) {
            Some(id) => Ok(id),
            None => absent(field, "user", name),
        }
    }

    pub(super) fn roster(&self, wire: &WireCommand) -> Resolved<Command> {
        use WireCommand as W;
        let user = |name: &str| self.user("user", name);
        Ok(match wire {
            W::CreateUser { participant, name, duties, password_hash, must_change } => {
                let participant = self.participant("participant", participant)?;
                let (name, password) = (name.clone(), password_hash.clone());
                let (duties, must_change) = (*duties, *must_change);
                Command::CreateUser(o::CreateUser { participant, name, duties, password, must_change })
            }
            W::SetUserDuties { user: name, duties } => {
                Command::SetUserDuties(o::SetUserDuties { user: user(name)?, duties: *duties })
            }
            W::ActivateUser { user: name, reason } => {
                let (user, reason) = (user(name)?, reason.clone());
                Command::SetUserActive(o::SetUserActive { user, active: true, reason })
            }
            W::DeactivateUser { user: name, reason } => {
                let (user, reason) = (user(name)?, reason.clone());
                Command::SetUserActive(o::SetUserActive { user, active: false, reason })
            }
            W::SetPassword { user: name, password_hash, must_change } => {
                let (user, password, must_change) = (user(name)?, password_hash.clone(), *must_change);
                Command::SetPassword(o::SetPassword { user, password, must_change })
            }
            W::SetTotp { user: name, secret_hash } => {
                let secret_hash = secret_hash.as_deref().map(|text| hash("secret_hash", text)).transpose()?;
                Command::SetTotp(o::SetTotp { user: user(name)?, secret_hash })
            }
            W::CreateKey { user: name, key, secret_hash, account, duties } => {
                let account = account.as_deref().map(|code| self.account("account", code)).transpose()?;
                let (user, id, duties) = (user(name)?, key.clone(), *duties);
                let secret_hash = hash("secret_hash", secret_hash)?;
                Command::CreateKey(o::CreateKey { user, id, secret_hash, account, duties })
            }
            W::RevokeKey { key } => Command::RevokeKey(o::RevokeKey { id: key.clone() }),
            W::PutRosterInForce {} => Command::PutRosterInForce,
            _ => return self.enrolment(wire),
        })
    }

    /// Links, and what a user does by one; secrets for one-time codes.
    fn enrolment(&self, wire: &WireCommand) -> Resolved<Command> {
        use WireCommand as W;
        let user = |name: &str| self.user("user", name);
        let token_hash = |text: &str| hash("token_hash", text);
        Ok(match wire {
            W::InviteUser { participant, name, duties, token_hash: token, expires, coded } => {
                let (name, duties) = (name.clone(), *duties);
                let participant = self.participant("participant", participant)?;
                let (token_hash, expires) = (token_hash(token)?, Self::time("expires", expires)?);
                let link = o::Link { token_hash, expires, coded: *coded, codes_off: false };
                Command::InviteUser(o::InviteUser { participant, name, duties, link })
            }
            W::OfferLink { user: name, token_hash: token, expires, coded, codes_off } => {
                let user = user(name)?;
                let (token_hash, expires) = (token_hash(token)?, Self::time("expires", expires)?);
                let link = o::Link { token_hash, expires, coded: *coded, codes_off: *codes_off };
                Command::OfferLink(o::OfferLink { user, link })
            }
            W::Enrol { user: name, token_hash: token, password_hash } => {
                let (user, token_hash) = (user(name)?, token_hash(token)?);
                Command::Enrol(o::Enrol { user, token_hash, password: password_hash.clone() })
            }
            W::EnrolTotp { user: name, secret_hash, sealed } => {
                let (user, secret_hash) = (user(name)?, hash("secret_hash", secret_hash)?);
                let sealed = match crate::hex::read(sealed) {
                    Some(sealed) => sealed,
                    None => return wrong("sealed", "expected bytes: an even number of hexadecimal digits"),
                };
                Command::EnrolTotp(o::EnrolTotp { user, secret_hash, sealed })
            }
            W::UnlockUser { user: name, reason } => {
                Command::UnlockUser(o::UnlockUser { user: user(name)?, reason: reason.clone() })
            }
            _ => self.act(wire)?,
        })
    }

    /// What is proposed and approved, and the supervisor's cases.
    fn act(&self, wire: &WireCommand) -> Resolved<Command> {
        use WireCommand as W;
        Ok(match wire {
            W::ProposeAct { act, expires } => {
                let inner = self
                    .resolve(act.command())
                    .map_err(|error| ResolveError { field: "act", wrong: error.to_string().into() })?;
                Command::ProposeAct { command: Box::new(inner), expires: Self::time("expires", expires)? }
            }
            W::ApproveAct { act } => Command::ApproveAct { act: self.act_id(act)? },
            W::WithdrawAct { act, reason } => {
                Command::WithdrawAct { act: self.act_id(act)?, reason: reason.clone() }
            }
            W::OpenCase { title, alerts, account } => {
                let account = account.as_deref().map(|code| self.account("account", code)).transpose()?;
                let alerts = alerts.iter().copied().map(AlertId).collect();
                Command::OpenCase(w::OpenCase { title: title.clone(), alerts, account })
            }
            W::NoteCase { case, note } => {
                Command::NoteCase(w::NoteCase { case: self.case_id(case)?, note: note.clone() })
            }
            W::CloseCase { case, finding } => {
                Command::CloseCase(w::CloseCase { case: self.case_id(case)?, finding: finding.clone() })
            }
            _ => unreachable!("resolve() sends only commands about users, acts and cases here"),
        })
    }

    fn act_id(&self, reference: &Reference) -> Resolved<ActId> {
        Ok(match self.reference("act", reference)? {
            Ok(number) => ActId(short(number)),
            Err(Some(Created::Act(act))) => act,
            Err(_) => ActId(short(NOTHING)),
        })
    }

    fn case_id(&self, reference: &Reference) -> Resolved<CaseId> {
        Ok(match self.reference("case", reference)? {
            Ok(number) => CaseId(short(number)),
            Err(Some(Created::Case(case))) => case,
            Err(_) => CaseId(short(NOTHING)),
        })
    }
}

/// A number that is larger than any the engine gives names what does not exist.
fn short(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// Thirty-two bytes in hexadecimal.
fn hash(field: &'static str, text: &str) -> Resolved<[u8; 32]> {
    match crate::hex::read(text).and_then(|bytes| bytes.try_into().ok()) {
        Some(bytes) => Ok(bytes),
        None => wrong(field, "expected a hash: 64 hexadecimal digits"),
    }
}
