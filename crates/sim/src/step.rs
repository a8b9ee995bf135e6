//! What can happen in a run: one step after another, each written so that a person can read it.

use base::{Timestamp, UserId};
use engine::{Command, Envelope};
use faulty_disk::Fault;
use std::fmt;

/// One step of a history.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::large_enum_variant,
    reason = "most steps send something, and a history has some hundreds of them"
)]
pub enum Step {
    /// A command is submitted. Its time may lie before the last one's: then it must be turned down.
    Send {
        /// When.
        time: Timestamp,
        /// Who asks what.
        envelope: Envelope,
    },
    /// The command of an earlier step is sent again under its id: as it was, or changed.
    Again {
        /// The step that sent it first.
        of: usize,
        /// When.
        time: Timestamp,
        /// Another command under the same id.
        altered: bool,
    },
    /// What was submitted is made durable and applied.
    Flush,
    /// The disk will fail.
    Arm {
        /// After so many more steps of the disk.
        after: usize,
        /// How.
        fault: Fault,
        /// Counted from the next opening, not from now.
        opening: bool,
        /// When the node has ended of it, the power goes too.
        power: bool,
    },
    /// The machine loses power and starts again. The number says what becomes of unsynced sectors.
    Crash(u64),
    /// The process ends without a word and starts again.
    Kill,
    /// A clean stop and start.
    Close,
    /// A snapshot while the node runs.
    Snapshot,
    /// The process ends (with the power, where `power`), one bit of one file turns over, and the process starts again.
    Flip {
        /// Which file, byte and bit.
        seed: u64,
        /// Among the snapshots, not the log.
        snapshot: bool,
        /// The power went too.
        power: bool,
    },
}

impl Step {
    /// What kind of step it is, for counting.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Send { .. } => "send",
            Self::Again { altered: false, .. } => "repeat",
            Self::Again { altered: true, .. } => "repeat, altered",
            Self::Flush => "flush",
            Self::Arm { .. } => "arm a fault",
            Self::Crash(_) => "power cut",
            Self::Kill => "kill",
            Self::Close => "clean stop",
            Self::Snapshot => "snapshot",
            Self::Flip { snapshot: false, .. } => "bit flip in the log",
            Self::Flip { snapshot: true, .. } => "bit flip in a snapshot",
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Send { time, envelope } => {
                write!(f, "send     {} by {}", utc(*time), envelope.actor)?;
                if envelope.user != UserId::NOBODY {
                    write!(f, ", user {}", envelope.user)?;
                }
                f.write_str(": ")?;
                asked(&envelope.command, f)
            }
            Self::Again { of, time, altered } => {
                let how = if *altered { "changed, under the same id" } else { "as it was" };
                write!(f, "again    {} what step {of} sent, {how}", utc(*time))
            }
            Self::Flush => write!(f, "flush"),
            Self::Arm { after, fault, opening, power } => {
                let from = if *opening { "the next opening" } else { "now" };
                let then = if *power { ", and the power goes" } else { "" };
                write!(f, "disk     {fault:?} at its step {} from {from}{then}", after + 1)
            }
            Self::Crash(_) => write!(f, "crash    the power goes and comes back"),
            Self::Kill => write!(f, "kill     the process ends and starts again"),
            Self::Close => write!(f, "close    a clean stop and start"),
            Self::Snapshot => write!(f, "snapshot"),
            Self::Flip { snapshot, power, .. } => {
                let (file, power) = (
                    if *snapshot { "a snapshot" } else { "the log" },
                    if *power { " after a power cut" } else { "" },
                );
                write!(f, "flip     one bit of {file}{power}")
            }
        }
    }
}

/// A command. A whole rulebook is pages long.
fn asked(command: &Command, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match command {
        Command::AdoptRulebook(rulebook) => {
            write!(f, "AdoptRulebook({}, {} versions)", rulebook.code, rulebook.versions.len())
        }
        Command::ProposeAct { command, expires } => {
            f.write_str("ProposeAct ")?;
            asked(command, f)?;
            write!(f, " until {}", utc(*expires))
        }
        command => write!(f, "{command:?}"),
    }
}

/// An instant as people read it, to the millisecond.
fn utc(time: Timestamp) -> String {
    let (seconds, millis) = (time.0.div_euclid(1_000_000_000), time.0.rem_euclid(1_000_000_000) / 1_000_000);
    let day = base::Date(i32::try_from(seconds.div_euclid(86_400)).unwrap_or_default());
    let second = seconds.rem_euclid(86_400);
    format!("{day} {:02}:{:02}:{:02}.{millis:03}Z", second / 3_600, second / 60 % 60, second % 60)
}

macro_rules! kinds {
    ($($variant:ident)*) => {
        /// The name of a command's kind, for counting.
        #[must_use]
        pub fn kind(command: &Command) -> &'static str {
            match command {
                $(Command::$variant { .. } => stringify!($variant),)*
            }
        }

        /// The kinds of commands there are: every one should be taken at least once.
        pub const KINDS: &[&str] = &[$(stringify!($variant),)*];
    };
}

kinds! {
    EnterOrder EnterFunds AmendOrder MassCancel SetTradingBlocked PlaceOrder TakeListing CancelOrder ProposeBlock AcceptBlock WithdrawBlock AnnounceAuction PlaceBid WithdrawBid
    DrawLot CancelAuction ListInstrument DelistInstrument RelistInstrument BustTrade CorrectTrade SetHalted CorrectReference DeclareHoliday RevokeHoliday
    RegisterParticipant RenameParticipant OpenAccount CloseAccount DefineAsset Issue Preallocate Allocate CancelUnits Deposit RequestWithdrawal
    SettleWithdrawal Transfer PledgeUnits ReleasePledge FreezeUnits UnfreezeUnits SetAccountFrozen RecordEmissions
    Surrender DetermineShortfall ApplyCarryOver DecideCarryOver AdoptRulebook Tick CreateUser SetUserDuties SetUserActive SetPassword SetTotp
    InviteUser OfferLink Enrol EnrolTotp UnlockUser CreateKey RevokeKey PutRosterInForce ProposeAct ApproveAct WithdrawAct OpenCase NoteCase CloseCase
}
