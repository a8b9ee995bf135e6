//! The words every room shares: ids, integer amounts, time and the calendar, and the facts that one room hands to
//! the next ([`Trade`], [`Obligation`], [`Directive`]).
//!
//! Architecture Invariant: this crate knows no rule of any market, does no I/O, reads no clock and holds no state.

mod amount;
mod calendar;
mod date;
pub mod decimal;
mod fact;
mod id;
mod nearest;
mod rejection;
mod role;
mod tariff;

pub use amount::{BasisPoints, Money, Price, Quantity, amount_of, div_half_up, half_up, share};
pub use calendar::{AfterKnown, Calendar, Session, TimeOfDay, UtcOffset};
pub use date::{Date, Timestamp, Unreadable};
pub use fact::{
    Delivery, Directive, FeeLine, Fill, Hold, Leg, Method, Obligation, Outcome, Party, Payment, Side, Trade,
    Unwinding,
};
pub use id::{
    AccountId, ActId, AlertId, AssetId, AuctionId, BidId, CaseId, ConversionId, FreezeId, InstrumentId,
    MarketId, OrderId, OwnerId, ParticipantId, PledgeId, ProposalId, Sequence, TradeId, UserId, is_code,
    is_id,
};
pub use nearest::nearest;
pub use rejection::Sentence;
pub use role::Role;
pub use tariff::{Charge, Part, Tariff};
