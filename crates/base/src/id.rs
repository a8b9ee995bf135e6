//! Ids are small dense integers that the engine assigns, so that a table of them is a vector.

use serde::{Deserialize, Serialize};

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident($int:ty);)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub $int);

        impl $name {
            /// The place of this id in a table of its kind.
            #[must_use]
            #[allow(clippy::cast_possible_truncation)] // ids are assigned from the length of a table in memory
            pub const fn index(self) -> usize {
                self.0 as usize
            }

            /// The id of the entry that will stand at `index`. Panics when a table outgrows its id, which memory forbids.
            #[must_use]
            #[allow(clippy::cast_possible_truncation)]
            pub const fn at(index: usize) -> Self {
                assert!(index as u64 <= <$int>::MAX as u64, "a table outgrew its id");
                Self(index as $int)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}", self.0)
            }
        }
    )*};
}

ids! {
    /// A market: one rulebook and the instruments that trade under it.
    MarketId(u32);
    /// A legal person known to the registry: compliance entity, institution, operator, authority, bank.
    ParticipantId(u32);
    /// An account of a participant, house or client.
    AccountId(u32);
    /// A beneficial owner: whoever an account's assets are for.
    OwnerId(u32);
    /// Anything the ledger holds: a currency, an allowance vintage, an offset, a note.
    AssetId(u32);
    /// A line on the price list: an asset traded against a currency in a market.
    InstrumentId(u32);
    /// A resting order or listing (挂牌).
    OrderId(u64);
    /// A block proposal (大宗协议).
    ProposalId(u64);
    /// A one-way auction (单向竞价).
    AuctionId(u64);
    /// A sealed bid in an auction.
    BidId(u64);
    /// A trade, and the obligation novated from it.
    TradeId(u64);
    /// A pledge over a holding.
    PledgeId(u64);
    /// A judicial freeze of a quantity.
    FreezeId(u64);
    /// An application to convert one asset into another (carry-over, 结转).
    ConversionId(u64);
    /// An alert raised by supervision.
    AlertId(u64);
    /// A user of a participant, from 1; 0 is nobody.
    UserId(u16);
    /// An act that waits for a second person, from 1.
    ActId(u32);
    /// A supervisor's case, from 1.
    CaseId(u32);
    /// The number of a record in the log, from 1.
    Sequence(u64);
}

impl UserId {
    /// No user: a command file, or the node itself.
    pub const NOBODY: Self = Self(0);
}

/// Whether `text` can be a sender's own name for a command: 1 to 64 printable characters of ASCII, without space and slash, so that
/// it can stand in a path, and behind the code of its sender and a slash.
#[must_use]
pub fn is_id(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic() && b != b'/')
}

/// Whether `text` can be the code of something: 1 to 32 letters, digits, `-`, `_` and `.`.
#[must_use]
pub fn is_code(text: &str) -> bool {
    (1..=32).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
}
