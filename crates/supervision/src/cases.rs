//! Cases: what a supervisor looks into, written down as it goes.

use crate::{CaseRejection, CloseCase, Event, NoteCase, OpenCase, Watch};
use base::{AccountId, AlertId, CaseId, Timestamp, UserId};
use serde::{Deserialize, Serialize};

/// Something written into a case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// When.
    pub time: Timestamp,
    /// By whom.
    pub by: UserId,
    /// What.
    pub text: String,
}

/// What a supervisor looks into.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Case {
    /// Dense, from 1.
    pub id: CaseId,
    /// What it is about.
    pub title: String,
    /// The alerts that led to it.
    pub alerts: Vec<AlertId>,
    /// The account that is looked into, where it is one.
    pub account: Option<AccountId>,
    /// When it was opened.
    pub opened: Timestamp,
    /// By whom.
    pub by: UserId,
    /// What was written into it.
    pub notes: Vec<Note>,
    /// What it came to, where it is closed.
    pub finding: Option<Note>,
}

const TITLE_BYTES_MAX: usize = 200;
const NOTE_BYTES_MAX: usize = 4_096;

fn check_text(text: &str, most: usize) -> Result<(), CaseRejection> {
    if (1..=most).contains(&text.len()) { Ok(()) } else { Err(CaseRejection::TextMalformed) }
}

impl Watch {
    /// All cases, the closed ones too: the first has the number 1.
    #[must_use]
    pub fn cases(&self) -> &[Case] {
        &self.cases
    }

    /// The case with a number.
    #[must_use]
    pub fn case(&self, case: CaseId) -> Option<&Case> {
        self.cases.get(case.index().checked_sub(1)?)
    }

    fn open(&mut self, case: CaseId) -> Result<&mut Case, CaseRejection> {
        let found = case.index().checked_sub(1).and_then(|place| self.cases.get_mut(place));
        let found = found.ok_or(CaseRejection::CaseUnknown)?;
        if found.finding.is_some() { Err(CaseRejection::CaseIsClosed) } else { Ok(found) }
    }

    /// Opens a case.
    ///
    /// # Errors
    /// See [`CaseRejection`].
    pub fn open_case(
        &mut self,
        (opened, by): (Timestamp, UserId),
        command: &OpenCase,
        out: &mut impl FnMut(Event),
    ) -> Result<(), CaseRejection> {
        check_text(&command.title, TITLE_BYTES_MAX)?;
        let raised = self.alerts.len() as u64;
        let known = |alert: &AlertId| (1..=raised).contains(&alert.0);
        let mut alerts = command.alerts.clone();
        alerts.sort_unstable();
        alerts.dedup();
        if alerts.len() != command.alerts.len() || !alerts.iter().all(known) {
            return Err(CaseRejection::AlertUnknown);
        }
        if command.account.is_some_and(|account| account.index() >= self.owners.len()) {
            return Err(CaseRejection::AccountUnknown);
        }
        let (title, account) = (command.title.clone(), command.account);
        let id = CaseId::at(self.cases.len() + 1);
        self.cases.push(Case { id, title, alerts, account, opened, by, notes: Vec::new(), finding: None });
        out(Event::CaseOpened { case: id });
        Ok(())
    }

    /// Writes something into a case.
    ///
    /// # Errors
    /// See [`CaseRejection`].
    pub fn note_case(
        &mut self,
        (time, by): (Timestamp, UserId),
        command: &NoteCase,
        out: &mut impl FnMut(Event),
    ) -> Result<(), CaseRejection> {
        check_text(&command.note, NOTE_BYTES_MAX)?;
        self.open(command.case)?.notes.push(Note { time, by, text: command.note.clone() });
        out(Event::CaseNoted { case: command.case });
        Ok(())
    }

    /// Closes a case.
    ///
    /// # Errors
    /// See [`CaseRejection`].
    pub fn close_case(
        &mut self,
        (time, by): (Timestamp, UserId),
        command: &CloseCase,
        out: &mut impl FnMut(Event),
    ) -> Result<(), CaseRejection> {
        check_text(&command.finding, NOTE_BYTES_MAX)?;
        self.open(command.case)?.finding = Some(Note { time, by, text: command.finding.clone() });
        out(Event::CaseClosed { case: command.case });
        Ok(())
    }
}
