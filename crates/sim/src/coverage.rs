//! What has been exercised.

use crate::step::{KINDS, Step, kind};
use engine::{Event, Record, Rejection};
use faulty_disk::Fault;
use std::collections::BTreeMap;
use trading::Event as T;

/// The name under which an event is counted, where it says how an order fared.
fn name(event: &Event) -> Option<String> {
    Some(match event {
        Event::Trading(event) => match event {
            T::Traded(trade) => format!("trade: {:?}", trade.method),
            T::Filled { aggressor: Some(_), .. } => "trade: Continuous".to_owned(),
            T::Filled { aggressor: None, .. } => "trade: Continuous, in a call".to_owned(),
            T::OrderEnded { end, .. } => format!("order ended: {end:?}"),
            T::BidEnded { end, .. } => format!("bid ended: {end:?}"),
            T::BlockEnded { end, .. } => format!("block ended: {end:?}"),
            T::AuctionCancelled { end, .. } => format!("auction cancelled: {end:?}"),
            T::AuctionUncrossed { .. } => "auction decided".to_owned(),
            T::BookPhaseChanged { phase, .. } => format!("book: {phase:?}"),
            T::CallUncrossed { price: Some(_), .. } => "call that trades".to_owned(),
            T::CallIndicated { .. } => "call indicated".to_owned(),
            T::OrderTriggered { .. } => "stop triggered".to_owned(),
            T::OrderReduced { .. } => "order reduced".to_owned(),
            T::FundsReduced { .. } => "funds reduced".to_owned(),
            T::OrderAmended { kept_place, .. } => format!("order amended, kept its place: {kept_place}"),
            _ => return None,
        },
        Event::ActProposed { .. } => "act proposed".to_owned(),
        Event::ActApproved { .. } => "act approved".to_owned(),
        Event::ActWithdrawn { .. } => "act withdrawn".to_owned(),
        Event::ActExpired { .. } => "act expired".to_owned(),
        Event::Roster(roster::Event::RosterPutInForce {}) => "roster put in force".to_owned(),
        Event::Supervision(supervision::Event::Raised(alert)) => format!("alert: {:?}", alert.rule),
        Event::Supervision(supervision::Event::Grown { .. }) => "alert grown".to_owned(),
        _ => return None,
    })
}

/// Counts over one run or many.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    /// Seeds run.
    pub seeds: u64,
    /// Records looked at by the auditor.
    pub records: u64,
    /// Verdicts that the auditor could not give.
    pub unknown: u64,
    /// Trading days that ended.
    pub days: u64,
    /// Trades.
    pub trades: u64,
    /// Commands taken and refused, by kind.
    pub commands: BTreeMap<&'static str, (u64, u64)>,
    /// Refusals, by stage and code.
    pub refusals: BTreeMap<(&'static str, &'static str), u64>,
    /// What came of commands and of the calendar, by kind.
    pub events: BTreeMap<String, u64>,
    /// Steps, by kind.
    pub steps: BTreeMap<&'static str, u64>,
    /// Faults of the disk that struck, by kind.
    pub faults: BTreeMap<String, u64>,
    /// How often the node was opened, and over a snapshot.
    pub openings: (u64, u64),
    /// How often a torn write was cut, and damage was told.
    pub cuts: (u64, u64),
    /// Records that were durable though nobody had been told.
    pub found: u64,
    /// Commands that were lost before they were acknowledged.
    pub lost: u64,
}

impl Coverage {
    /// Counts a record.
    pub fn record(&mut self, record: &Record, events: &[Event]) {
        self.records += 1;
        let count = self.commands.entry(kind(&record.envelope.command)).or_default();
        let refusal = events.iter().find_map(|event| match event {
            Event::Refused(reason) => Some(*reason),
            _ => None,
        });
        match refusal {
            None => count.0 += 1,
            Some(reason) => {
                count.1 += 1;
                *self.refusals.entry((reason.stage(), reason.code())).or_default() += 1;
            }
        }
        for event in events {
            match event {
                Event::Trading(T::DayEnded { .. }) => self.days += 1,
                Event::Trading(T::Traded(_) | T::Filled { .. }) => self.trades += 1,
                _ => {}
            }
            if let Some(name) = name(event) {
                *self.events.entry(name).or_default() += 1;
            }
        }
    }

    /// Counts a step.
    pub fn step(&mut self, step: &Step) {
        *self.steps.entry(step.kind()).or_default() += 1;
    }

    /// Counts a fault that struck.
    pub fn fault(&mut self, fault: Fault) {
        *self.faults.entry(format!("{fault:?}")).or_default() += 1;
    }

    /// Adds what another run exercised.
    pub fn add(&mut self, other: &Self) {
        self.seeds += other.seeds;
        self.records += other.records;
        self.unknown += other.unknown;
        self.days += other.days;
        self.trades += other.trades;
        self.openings = (self.openings.0 + other.openings.0, self.openings.1 + other.openings.1);
        self.cuts = (self.cuts.0 + other.cuts.0, self.cuts.1 + other.cuts.1);
        self.found += other.found;
        self.lost += other.lost;
        for (kind, (taken, refused)) in &other.commands {
            let count = self.commands.entry(kind).or_default();
            *count = (count.0 + taken, count.1 + refused);
        }
        other.refusals.iter().for_each(|(key, count)| *self.refusals.entry(*key).or_default() += count);
        other.events.iter().for_each(|(key, count)| *self.events.entry(key.clone()).or_default() += count);
        other.steps.iter().for_each(|(key, count)| *self.steps.entry(key).or_default() += count);
        other.faults.iter().for_each(|(key, count)| *self.faults.entry(key.clone()).or_default() += count);
    }

    /// Kinds of commands that were never taken.
    #[must_use]
    pub fn never_taken(&self) -> Vec<&'static str> {
        let taken = |kind: &&&str| self.commands.get(**kind).is_some_and(|(taken, _)| *taken > 0);
        KINDS.iter().filter(|kind| !taken(kind)).copied().collect()
    }

    /// Refusals of the catalogue that were never seen.
    #[must_use]
    pub fn never_seen(&self) -> Vec<(&'static str, &'static str)> {
        let all = Rejection::catalogue().into_iter().map(|reason| (reason.stage(), reason.code()));
        all.filter(|reason| !self.refusals.contains_key(reason)).collect()
    }
}
