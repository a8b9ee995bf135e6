//! What is checked of texts and new names when a command comes in, and not in the engine: logs from before these checks replay as they
//! are. The grammar of a code is the engine's own ([`base::is_code`]), that of a user's name and a key's the roster's.

use crate::text::Free;
use crate::{ResolveError, Wrong};
use engine::{Command, State};

/// A full name, a title, a reference.
const NAME: Free = Free::line(200);
/// A reason: it need not be there.
const REASON: Free = Free { most: 500, lines: false, empty: true };
/// A note of a case: the engine bounds it.
const NOTE: Free = Free { most: usize::MAX, lines: true, empty: true };

/// Checks the texts of a command, and that a new code looks like no other of its kind.
///
/// # Errors
/// The first text that has what is not seen, is too long, or is missing where it is needed; a code that differs from another only
/// in what people do not tell apart.
pub fn check_texts(state: &State, command: &Command) -> Result<(), ResolveError> {
    use Command as C;
    let free = |field, rule: Free, text: &str| {
        rule.check(text).map_err(|because| ResolveError { field, wrong: because.into() })
    };
    let (registry, venue) = (state.registry(), state.venue());
    match command {
        C::RegisterParticipant(c) => {
            new("code", &c.code, registry.participants().iter().map(|one| one.code.as_str()))?;
            free("name", NAME, &c.name)
        }
        C::OpenAccount(c) => {
            new("code", &c.code, registry.accounts().iter().map(|one| one.code.as_str()))?;
            // Owners are participants, and whoever was named before.
            let participants = registry.participants().iter().map(|one| one.code.as_str());
            let owners =
                participants.chain(registry.accounts().iter().filter_map(|one| one.owner.as_deref()));
            c.owner.as_ref().map_or(Ok(()), |owner| new("owner", owner, owners))
        }
        C::RenameParticipant(c) => {
            free("name", NAME, &c.name)?;
            free("reason", REASON, &c.reason)
        }
        C::CloseAccount(c) => free("reason", REASON, &c.reason),
        C::RelistInstrument(c) => free("reason", REASON, &c.reason),
        C::BustTrade(c) => free("reason", REASON, &c.reason),
        C::CorrectTrade(c) => free("reason", REASON, &c.reason),
        C::DefineAsset(c) => new("code", &c.code, registry.assets().iter().map(|one| one.code.as_str())),
        C::ListInstrument(c) => new("code", &c.code, venue.instruments().iter().map(|one| one.code.as_str())),
        C::CreateUser(c) => new("name", &c.name, state.roster().users().iter().map(|one| one.name.as_str())),
        C::AdoptRulebook(rulebook) => {
            new("code", &rulebook.code, state.markets().iter().map(|one| one.rulebook.code.as_str()))?;
            let assets = registry.assets().iter().map(|one| one.code.as_str());
            new("currency", &rulebook.currency.code, assets)?;
            free("name", NAME, &rulebook.name)
        }
        C::Issue(c) => free("reason", REASON, &c.reason),
        C::CancelUnits(c) => free("reason", REASON, &c.reason),
        C::Deposit(c) => free("reference", REASON, &c.reference),
        C::FreezeUnits(c) => free("order", REASON, &c.order),
        C::SetAccountFrozen(c) => free("reason", REASON, &c.reason),
        C::SetHalted(c) => free("reason", REASON, &c.reason),
        C::CorrectReference(c) => free("reason", REASON, &c.reason),
        C::CancelAuction(c) => free("reason", REASON, &c.reason),
        C::SetTradingBlocked(c) => free("reason", REASON, &c.reason),
        C::SetUserActive(c) => free("reason", REASON, &c.reason),
        C::WithdrawAct { reason, .. } => free("reason", REASON, reason),
        C::OpenCase(c) => free("title", Free { empty: true, ..NAME }, &c.title),
        C::NoteCase(c) => free("note", NOTE, &c.note),
        C::CloseCase(c) => free("finding", NOTE, &c.finding),
        C::ProposeAct { command, .. } => check_texts(state, command)
            .map_err(|inner| ResolveError { field: "act", wrong: inner.to_string().into() }),
        _ => Ok(()),
    }
}

/// Checks that a code which is new looks like none that is there. The same one is left to the engine, which says that it is taken.
fn new<'a>(
    field: &'static str,
    code: &str,
    mut others: impl Iterator<Item = &'a str> + Clone,
) -> Result<(), ResolveError> {
    if others.clone().any(|other| other == code) {
        return Ok(());
    }
    let Some(twin) = others.find(|other| are_twins(code, other)) else { return Ok(()) };
    let wrong = Wrong::Broken(format!("{code:?} looks like {twin:?}, which is there: choose another"));
    Err(ResolveError { field, wrong })
}

/// Whether two codes are told apart only by the case of their letters, or by characters that look alike.
fn are_twins(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other) || skeleton(one).eq(skeleton(other))
}

/// The characters of a code as they look: of those that a code may have, Unicode Technical Standard 39 (`confusables.txt`) has `0` for
/// `O`, `1` and `I` for `l`, and `m` for `rn`.
fn skeleton(code: &str) -> impl Iterator<Item = u8> {
    code.bytes()
        .flat_map(|byte| match byte {
            b'0' => [Some(b'O'), None],
            b'1' | b'I' => [Some(b'l'), None],
            b'm' => [Some(b'r'), Some(b'n')],
            byte => [Some(byte), None],
        })
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_do_not_tell_apart_is_one() {
        for (one, other, twins) in [
            ("DJ", "dj", true),
            ("CEA-O", "CEA-0", true),
            ("Al", "AI", true),
            ("A1", "AI", true),
            ("A1", "Al", true),
            ("Farm", "Farrn", true),
            ("A1", "AL", false),
            ("DJ", "DJ1", false),
            ("B-10", "B-11", false),
            ("a.b", "a_b", false),
        ] {
            assert_eq!(are_twins(one, other), twins, "{one} {other}");
        }
    }
}
