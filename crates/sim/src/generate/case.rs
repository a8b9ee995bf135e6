//! Cases of supervision.

use super::Make;
use super::maker::Maker;
use base::{AccountId, AlertId, CaseId};
use engine::Command;
use supervision::{CloseCase, NoteCase, OpenCase};

pub(super) const COMMANDS: &[(u32, Make)] = &[(3, open), (5, note), (2, close)];

fn text(m: &mut Maker<'_>, most: usize) -> String {
    if m.wrong() {
        return if m.coin() { String::new() } else { "x".repeat(most + 1) };
    }
    if m.dice.once_in(8) { "x".repeat(most) } else { "成交价在涨跌幅边缘: a question".to_owned() }
}

fn open(m: &mut Maker<'_>) -> Option<Command> {
    let raised = i64::try_from(m.shadow.people.alerts).unwrap_or(i64::MAX);
    let mut alerts = Vec::new();
    let some = if raised > 0 || m.hostile { m.dice.roll(3) } else { 0 };
    for _ in 0..some {
        // Zero and the next one are not there; twice the same does not do.
        let edge = i64::from(m.hostile);
        alerts.push(AlertId(u64::try_from(m.dice.between(1 - edge, raised + edge)).unwrap_or_default()));
    }
    if !m.hostile {
        alerts.dedup();
        alerts.retain(|alert| alert.0 >= 1);
    }
    let account =
        if m.wrong() { Some(AccountId::at(m.shadow.accounts.len())) } else { m.coin().then(|| m.account()) };
    Some(Command::OpenCase(OpenCase { title: text(m, 200), alerts, account }))
}

fn case(m: &mut Maker<'_>) -> Option<CaseId> {
    let cases = &m.shadow.people.cases;
    if m.wrong() {
        return Some(CaseId::at(m.dice.roll(cases.len() + 3)));
    }
    let open: Vec<usize> = (0..cases.len()).filter(|place| cases[*place].finding.is_none()).collect();
    m.dice.pick(&open).map(|place| CaseId::at(place + 1))
}

fn note(m: &mut Maker<'_>) -> Option<Command> {
    let (case, note) = (case(m)?, text(m, 4_096));
    Some(Command::NoteCase(NoteCase { case, note }))
}

fn close(m: &mut Maker<'_>) -> Option<Command> {
    let (case, finding) = (case(m)?, text(m, 4_096));
    Some(Command::CloseCase(CloseCase { case, finding }))
}
