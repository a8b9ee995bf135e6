//! A line of a printed log becomes the command of its record again.

use super::{Created, ReferenceBook, ResolveError, Resolved, Resolver};
use crate::{Meant, Printed};
use base::{MarketId, ParticipantId, UserId, decimal};
use engine::{Door, Envelope, State};

/// A printed log names by numbers: ids of earlier commands are not looked up.
pub(crate) struct Numbers;

impl ReferenceBook for Numbers {
    fn created(&self, _: Option<ParticipantId>, _: &str) -> Result<Option<Created>, String> {
        Err("a printed log names by numbers".to_owned())
    }
}

impl Printed {
    /// The command of the record and who sent it, in the state before it. It comes by a file now, by whatever door it came first.
    ///
    /// # Errors
    /// The first field that means nothing.
    pub fn envelope(&self, state: &State) -> Resolved<Envelope> {
        if let Some(payload) = &self.payload {
            return engine::decode(payload)
                .map(|envelope| Envelope { door: Door::File, ..envelope })
                .map_err(|error| ResolveError { field: "payload", wrong: error.to_string().into() });
        }
        let market = (!state.markets().is_empty()).then_some(MarketId(0));
        let resolver = Resolver { state, market, book: &Numbers };
        // A sender and a user that never were are printed by their numbers.
        let actor = match numbered(&self.by) {
            Some(number) => ParticipantId(number),
            None => resolver.participant("by", &self.by)?,
        };
        let user = match &self.user {
            None => UserId::NOBODY,
            Some(name) => match numbered(name) {
                Some(number) => UserId(number),
                None => resolver.user("as", name)?,
            },
        };
        let command = match &self.command {
            Meant::Written(command) => resolver.resolve(command)?,
            Meant::Exact(command) => (**command).clone(),
            Meant::Bytes => return super::wrong("payload", "missing: the bytes of the payload"),
        };
        Ok(Envelope { actor, user, client_id: self.id, door: Door::File, command })
    }

    /// Whether what this means is looked up in more than names; see [`crate::WireCommand::looks_at_state`].
    #[must_use]
    pub fn looks_at_state(&self) -> bool {
        matches!(&self.command, Meant::Written(command) if command.looks_at_state())
    }
}

fn numbered<T: std::str::FromStr>(name: &str) -> Option<T> {
    decimal::whole(name.strip_prefix('#')?)
}
