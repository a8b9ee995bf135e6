//! Business: what everyone does on a day, valid and hostile, as a seed says. It is made step by step from what the auditor knows, and
//! each step is a plain fact once it is made: a history needs no generator to run again.
//!
//! A family of commands is one file: a table of weights and makers.

mod auction;
mod block;
mod book;
mod case;
mod compliance;
mod control;
mod custody;
mod faults;
mod listing;
mod maker;
mod markets;
mod opening;
mod people;
mod sender;

use crate::audit::shadow::Shadow;
use crate::step::Step;
use base::{AccountId, AssetId, Quantity, Timestamp, UserId};
use engine::{ClientId, Command, Door, Envelope};
use faulty_disk::Dice;
use maker::Maker;
use registry::Issue;

/// Makes a command of its kind, where there is something to make it of.
type Make = fn(&mut Maker<'_>) -> Option<Command>;

/// What a seed decides once: how much of everything.
#[derive(Clone, Debug)]
pub(crate) struct Profile {
    /// Steps after the opening.
    pub(crate) steps: usize,
    /// A flush after a command, once in so many.
    pub(crate) flush_once_in: usize,
    /// A fault, once in so many steps; none where there is no number.
    pub(crate) fault_once_in: Option<usize>,
    /// A hostile command, once in so many.
    pub(crate) hostile_once_in: usize,
    /// The first day.
    pub(crate) start: i64,
    /// Users are made and the roster is put in force after so many steps; never where there is no number.
    pub(crate) roster_after: Option<usize>,
    /// Users of the operator with its duty, then.
    pub(crate) operators: usize,
    /// Traders, and accounts of each at most.
    pub(crate) traders: usize,
    pub(crate) accounts: usize,
    /// The markets to open.
    pub(crate) markets: Vec<engine::rulebook::Rulebook>,
    /// The weight of each family, in hundredths.
    pub(crate) weights: [u32; FAMILIES.len()],
}

/// The families, each a table of makers.
const FAMILIES: [&[(u32, Make)]; 9] = [
    book::COMMANDS,
    listing::COMMANDS,
    block::COMMANDS,
    auction::COMMANDS,
    control::COMMANDS,
    custody::COMMANDS,
    compliance::COMMANDS,
    people::COMMANDS,
    case::COMMANDS,
];

/// See the module.
pub struct Source {
    dice: Dice,
    faults: Dice,
    profile: Profile,
    time: i64,
    made: usize,
    /// Steps that have been decided and not been given out.
    next: Vec<Step>,
    /// Steps that sent something.
    sent: Vec<usize>,
}

const SECOND: i64 = 1_000_000_000;
const DAY: i64 = 86_400 * SECOND;

impl Source {
    /// The business of a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let mut dice = Dice(seed);
        let mut faults = dice.fork();
        let profile = Profile::roll(&mut dice.fork(), &mut faults);
        let time = profile.start;
        Self { dice: dice.fork(), faults, profile, time, made: 0, next: Vec::new(), sent: Vec::new() }
    }

    /// The next step, whose place is `index`; none when the days are over.
    pub fn step(&mut self, index: usize, shadow: &Shadow, pending: usize) -> Option<Step> {
        if let Some(step) = self.next.pop() {
            return Some(self.give(index, step));
        }
        if pending == 0
            && !shadow.people.in_force
            && let Some(command) = opening::next(shadow, &self.profile, &mut self.dice)
        {
            self.time = self.time.max(shadow.time);
            let step = self.send(index, shadow, command);
            self.next.push(Step::Flush);
            return Some(self.give(index, step));
        }
        if self.made >= self.profile.steps {
            return None;
        }
        if pending == 0
            && !shadow.people.in_force
            && self.profile.roster_after.is_some_and(|after| self.made >= after)
            && let Some(command) = people::next(shadow, &self.profile)
        {
            self.time = self.time.max(shadow.time);
            let step = self.send(index, shadow, command);
            self.next.push(Step::Flush);
            return Some(self.give(index, step));
        }
        self.made += 1;
        if self.profile.fault_once_in.is_some_and(|times| self.faults.once_in(times)) {
            let step = faults::next(&mut self.faults);
            return Some(self.give(index, step));
        }
        if pending > 0 && self.dice.once_in(self.profile.flush_once_in) {
            return Some(self.give(index, Step::Flush));
        }
        self.pass_time(shadow);
        if self.dice.once_in(40)
            && let Some(of) = self.dice.pick(&self.sent).copied()
        {
            let altered = self.dice.once_in(4);
            return Some(Step::Again { of, time: Timestamp(self.time), altered });
        }
        if shadow.people.in_force && self.dice.once_in(1_500) {
            self.flood(index, shadow);
        }
        let command = self.command(shadow);
        let step = self.send(index, shadow, command);
        Some(self.give(index, step))
    }

    fn give(&mut self, index: usize, step: Step) -> Step {
        if matches!(step, Step::Send { .. }) {
            self.sent.push(index);
        }
        step
    }

    fn command(&mut self, shadow: &Shadow) -> Command {
        for _ in 0..8 {
            let total: u32 = self.profile.weights.iter().sum();
            let mut at = self.dice.between(0, i64::from(total) - 1);
            let mut family = FAMILIES[0];
            for (weight, commands) in self.profile.weights.iter().zip(FAMILIES) {
                family = commands;
                at -= i64::from(*weight);
                if at < 0 {
                    break;
                }
            }
            let total: u32 = family.iter().map(|(weight, _)| weight).sum();
            let mut at = self.dice.between(0, i64::from(total) - 1);
            let make = family.iter().find(|(weight, _)| {
                at -= i64::from(*weight);
                at < 0
            });
            let hostile = self.dice.once_in(self.profile.hostile_once_in);
            let mut maker = Maker { dice: &mut self.dice, shadow, time: self.time, hostile };
            if let Some(command) = make.and_then(|(_, make)| make(&mut maker)) {
                return command;
            }
        }
        Command::Tick
    }

    fn send(&mut self, index: usize, shadow: &Shadow, mut command: Command) -> Step {
        let (actor, user) = self.sender(shadow, &command);
        // What takes two is proposed, most of the time.
        let alone = if matches!(command, Command::SetUserActive(_)) { 2 } else { 10 };
        if shadow.takes_two(actor, user, &command) && (user == UserId::NOBODY || !self.dice.once_in(alone)) {
            let expires = people::until(&mut self.dice, self.time);
            command = Command::ProposeAct { command: Box::new(command), expires };
        }
        // Every third as long as the ids that clients make, of which the header of a payload holds a hash alone.
        let long = if index.is_multiple_of(3) { "6f1c2f2e-9a50-4a0e-8b5f-5d0f9f0a7c11-" } else { "" };
        let client_id = ClientId::of(&format!("{long}s{index}"));
        let envelope = Envelope { actor, user, client_id, door: Door::Http, command };
        // A clock that runs back, now and then: such a command must be turned down.
        let back = if self.dice.once_in(200) { self.dice.between(1, DAY) } else { 0 };
        Step::Send { time: Timestamp(self.time - back), envelope }
    }

    /// One sender proposes the same again and again, until no more of it may wait.
    fn flood(&mut self, index: usize, shadow: &Shadow) {
        let quantity = Quantity(1);
        let issue = Issue { account: AccountId(0), asset: AssetId(1), quantity, reason: String::new() };
        let (actor, user) = self.sender(shadow, &Command::Issue(issue.clone()));
        let expires = Timestamp(self.time + 2 * DAY);
        for number in 0..104 {
            let command = Box::new(Command::Issue(issue.clone()));
            let client_id = ClientId::of(&format!("f{index}-{number}"));
            let command = Command::ProposeAct { command, expires };
            let envelope = Envelope { actor, user, client_id, door: Door::Stream, command };
            self.next.push(Step::Send { time: Timestamp(self.time), envelope });
        }
    }

    /// Moments pass between most commands; nights, weekends and years now and then.
    fn pass_time(&mut self, shadow: &Shadow) {
        self.time = self.time.max(shadow.time);
        let books = shadow.pits.values().any(|pit| pit.phase != trading::Phase::Closed);
        let trading = books || shadow.markets.iter().any(|market| market.open.contains(&true));
        let step = match self.dice.roll(1_000) {
            0..3 => self.dice.between(1, 20) * DAY,
            3 => self.dice.between(20, 400) * DAY,
            4..10 => self.dice.between(3_600, 5 * 3_600) * SECOND,
            10..22 => self.dice.between(60, 1_800) * SECOND,
            22..30 => {
                let closing = self.edge(shadow, |(_, closes)| closes);
                self.time = self.time.max(closing);
                self.dice.between(0, 50) * SECOND
            }
            _ if !trading && !self.dice.once_in(6) => {
                let opening = self.edge(shadow, |(opens, _)| opens);
                self.time = self.time.max(opening);
                self.dice.between(0, SECOND)
            }
            30..200 => self.dice.between(1, 30) * SECOND,
            200..600 => self.dice.between(0, SECOND),
            _ => 0,
        };
        self.time = self
            .time
            .saturating_add(step)
            .min(base::Date::new(2039, 1, 1).map_or(0, |end| i64::from(end.0) * DAY));
    }

    /// When a session of some market has its edge next.
    fn edge(&mut self, shadow: &Shadow, edge: impl Fn((u32, u32)) -> u32) -> i64 {
        let Some(market) = self.dice.pick(&shadow.markets) else { return self.time };
        let (of_book, method) = (self.dice.once_in(2), self.dice.roll(3));
        let of_book = of_book && market.rules.trading.continuous.is_some();
        let (calendar, edge) = (&market.rules.trading.calendar, &edge);
        let days = (market.date..market.date + 20).filter(|day| market.trades_on(*day));
        let edges = days.flat_map(|day| {
            let hours = market.hours(day);
            let spans = if of_book {
                [hours.book, hours.opening, hours.closing].concat()
            } else {
                hours.methods[method].clone()
            };
            spans.into_iter().map(move |span| crate::audit::calendar::instant(calendar, day, edge(span)))
        });
        edges.filter(|edge| *edge > self.time).min().unwrap_or(self.time + DAY)
    }
}
