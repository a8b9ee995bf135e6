//! What supervisors look into.

use super::finding::{Finding, Found, Kind, check};
use super::shadow::Shadow;
use super::verdict::{Verdict, first};
use base::{AccountId, AlertId, CaseId, UserId};
use engine::{Command, Event as Happened, State};
use std::collections::BTreeSet;
use supervision::{Event, OpenCase};

type Judged = Result<Verdict, &'static str>;

/// Something written down: when, by whom, and what.
type Note = (i64, UserId, String);

/// A case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// What it is about.
    pub title: String,
    /// What led to it.
    pub alerts: BTreeSet<AlertId>,
    /// Who is looked into.
    pub account: Option<AccountId>,
    /// When it was opened, and by whom.
    pub opened: (i64, UserId),
    /// What was written into it.
    pub notes: Vec<Note>,
    /// What it came to.
    pub finding: Option<Note>,
}

fn fits(text: &str, most: usize) -> Result<(), &'static str> {
    first(&[(text.is_empty() || text.len() > most, "case/text_malformed")])
}

fn told(event: Event) -> Judged {
    Ok(Verdict::Exactly(vec![Happened::Supervision(event)]))
}

impl Shadow {
    pub(super) fn judge_open_case(&self, c: &OpenCase) -> Judged {
        fits(&c.title, 200)?;
        let different: BTreeSet<_> = c.alerts.iter().collect();
        let raised = |alert: &AlertId| alert.0 >= 1 && alert.0 <= self.people.alerts;
        let account = c.account.is_some_and(|account| account.index() >= self.accounts.len());
        first(&[
            (different.len() < c.alerts.len() || !c.alerts.iter().all(raised), "case/alert_unknown"),
            (account, "case/account_unknown"),
        ])?;
        told(Event::CaseOpened { case: CaseId::at(self.people.cases.len() + 1) })
    }

    fn open_case(&self, case: CaseId) -> Result<(), &'static str> {
        let known = case.index().checked_sub(1).and_then(|place| self.people.cases.get(place));
        let known = known.ok_or("case/case_unknown")?;
        first(&[(known.finding.is_some(), "case/case_is_closed")])
    }

    pub(super) fn judge_note_case(&self, case: CaseId, note: &str) -> Judged {
        fits(note, 4_096)?;
        self.open_case(case)?;
        told(Event::CaseNoted { case })
    }

    pub(super) fn judge_close_case(&self, case: CaseId, finding: &str) -> Judged {
        fits(finding, 4_096)?;
        self.open_case(case)?;
        told(Event::CaseClosed { case })
    }

    pub(super) fn see_case(&mut self, event: &Event, command: &Command) -> Found {
        let (now, by) = (self.time, UserId(self.sender.1));
        let place = |case: &CaseId| case.index().wrapping_sub(1);
        let cases = &mut self.people.cases;
        match (event, command) {
            (Event::CaseOpened { .. }, Command::OpenCase(c)) => cases.push(Case {
                title: c.title.clone(),
                alerts: c.alerts.iter().copied().collect(),
                account: c.account,
                opened: (now, by),
                notes: Vec::new(),
                finding: None,
            }),
            (Event::CaseNoted { case }, Command::NoteCase(c)) => {
                let known = cases.get_mut(place(case));
                known.into_iter().for_each(|known| known.notes.push((now, by, c.note.clone())));
            }
            (Event::CaseClosed { case }, Command::CloseCase(c)) => {
                let known = cases.get_mut(place(case));
                known.into_iter().for_each(|known| known.finding = Some((now, by, c.finding.clone())));
            }
            _ => return Err(Finding::new(Kind::Event, format!("{event:?} came of {command:?}"))),
        }
        Ok(())
    }

    pub(super) fn check_cases(&self, state: &State) -> Found {
        let note = |note: &supervision::Note| (note.time.0, note.by, note.text.clone());
        let found = state.watch().cases().iter().map(|case| Case {
            title: case.title.clone(),
            alerts: case.alerts.iter().copied().collect(),
            account: case.account,
            opened: (case.opened.0, case.by),
            notes: case.notes.iter().map(note).collect(),
            finding: case.finding.as_ref().map(note),
        });
        let same = found.eq(self.people.cases.iter().cloned());
        check(same, Kind::Event, || "the cases are not those that were opened".to_owned())?;
        let alerts = state.watch().alerts().len() as u64;
        check(alerts == self.people.alerts, Kind::Event, || {
            format!("{alerts} alerts, told were {}", self.people.alerts)
        })
    }
}
