//! What earlier commands created, and how it is named.

use base::{
    ActId, AuctionId, BidId, CaseId, ConversionId, FreezeId, InstrumentId, OrderId, ParticipantId, PledgeId,
    ProposalId, Sequence,
};
use engine::State;
use registry as r;
use serde::{Deserialize, Serialize};
use trading as t;

/// Names something an earlier command created: by that command's id (`"0716-001"`, or `"HUANENG/0716-001"` where several
/// senders used the same id), or by the number that the engine gave it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, expecting = "expected the id of an earlier command, or a number that the engine gave")]
pub enum Reference {
    /// The engine's number.
    Number(u64),
    /// The id of the command.
    Command(String),
}

impl utoipa::PartialSchema for Reference {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
        ObjectBuilder::new()
            .schema_type(SchemaType::from_iter([Type::String, Type::Integer]))
            .minimum(Some(0))
            .description(Some("The id of an earlier command of yours, or the number that the engine gave."))
            .into()
    }
}

impl utoipa::ToSchema for Reference {}

/// What a command created.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum Created {
    Order(OrderId, InstrumentId),
    Proposal(ProposalId),
    Auction(AuctionId, InstrumentId),
    Bid(BidId),
    Pledge(PledgeId),
    Freeze(FreezeId),
    Conversion(ConversionId),
    Withdrawal(Sequence),
    Act(ActId),
    Case(CaseId),
}

impl Created {
    /// What the events of a record say was created.
    #[must_use]
    pub fn by(events: &[engine::Event]) -> Option<Self> {
        events.iter().find_map(|event| match event {
            engine::Event::Trading(t::Event::OrderPlaced { order, terms }) => {
                Some(Self::Order(*order, terms.instrument))
            }
            engine::Event::Trading(
                t::Event::OrderEntered { order, instrument, .. }
                | t::Event::FundsEntered { order, instrument, .. },
            ) => Some(Self::Order(*order, *instrument)),
            engine::Event::Trading(t::Event::BlockProposed { proposal, .. }) => {
                Some(Self::Proposal(*proposal))
            }
            engine::Event::Trading(t::Event::AuctionAnnounced { auction, instrument, .. }) => {
                Some(Self::Auction(*auction, *instrument))
            }
            engine::Event::Trading(t::Event::BidPlaced { bid, .. }) => Some(Self::Bid(*bid)),
            engine::Event::Registry(r::Event::Pledged { pledge, .. }) => Some(Self::Pledge(*pledge)),
            engine::Event::Registry(r::Event::Frozen { freeze, .. }) => Some(Self::Freeze(*freeze)),
            engine::Event::Registry(r::Event::CarryOverApplied { conversion, .. }) => {
                Some(Self::Conversion(*conversion))
            }
            engine::Event::Registry(r::Event::WithdrawalRequested { withdrawal, .. }) => {
                Some(Self::Withdrawal(*withdrawal))
            }
            engine::Event::ActProposed { act, .. } => Some(Self::Act(*act)),
            engine::Event::Supervision(supervision::Event::CaseOpened { case }) => Some(Self::Case(*case)),
            _ => None,
        })
    }
}

/// Who remembers what earlier commands created.
pub trait ReferenceBook {
    /// What the command with this id created: `Err` where no such command is known, `Ok(None)` where it created nothing.
    ///
    /// # Errors
    /// A sentence: the id is unknown, or several senders used it.
    fn created(&self, by: Option<ParticipantId>, id: &str) -> Result<Option<Created>, String>;

    /// The sender with a code, as far as its commands may be named by their ids.
    fn sender(&self, state: &State, code: &str) -> Option<ParticipantId> {
        state.registry().participant_id(code)
    }
}
