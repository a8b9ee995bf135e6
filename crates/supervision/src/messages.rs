//! The doors of supervision: commands and rejections. Its events stand beside its state.

use base::{AccountId, AlertId, CaseId, rejections};
use serde::{Deserialize, Serialize};

/// Opens a case: what a supervisor looks into.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenCase {
    /// What it is about, in a line.
    pub title: String,
    /// The alerts that led to it.
    pub alerts: Vec<AlertId>,
    /// The account that is looked into, where it is one.
    pub account: Option<AccountId>,
}

/// Writes something into a case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoteCase {
    /// Which.
    pub case: CaseId,
    /// What was found or done.
    pub note: String,
}

/// Closes a case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CloseCase {
    /// Which.
    pub case: CaseId,
    /// What it came to.
    pub finding: String,
}

rejections! {
    /// Why a case is not opened, continued or closed.
    pub enum CaseRejection {
        /// A title has 1 to 200 bytes, a note or a finding 1 to 4096.
        TextMalformed = "text_malformed",
        /// There is no such alert, or it is named twice.
        AlertUnknown = "alert_unknown",
        /// The account does not exist.
        AccountUnknown = "account_unknown",
        /// There is no such case.
        CaseUnknown = "case_unknown",
        /// The case is closed.
        CaseIsClosed = "case_is_closed",
    }
}
