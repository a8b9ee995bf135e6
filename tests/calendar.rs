//! Calendars at random: half days, weekdays with hours of their own, days that begin in the evening before. Bells ring in order, a
//! market is in one phase at every instant, and it is that of its rules; a log says the same however often it was looked at.

#![allow(clippy::unwrap_used, clippy::panic)] // tests, also outside the functions marked so

use base::{
    AfterKnown, Date, InstrumentId, MarketId, Method, Sequence, Session, TimeOfDay, Timestamp, UserId,
};
use engine::rulebook::Rulebook;
use engine::{ClientId, Command, Envelope, Event, Events, OPERATOR, Record, State};
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::path::Path;
use trading::Phase;
use trading::rules::Hours;

const SECOND: i64 = 1_000_000_000;
const DAY: i64 = 86_400;

/// Spans of a day in seconds from its beginning: opening call, sessions of the book, closing call, sessions of blocks, its end.
#[derive(Clone, Debug)]
struct Plan {
    opening: Option<(u32, u32)>,
    book: Vec<(u32, u32)>,
    closing: Option<(u32, u32)>,
    block: Vec<(u32, u32)>,
    end: u32,
}

impl Plan {
    fn phase(&self, second: u32) -> Phase {
        let within = |span: &(u32, u32)| span.0 <= second && second < span.1.min(self.end);
        match () {
            () if self.opening.iter().any(within) => Phase::OpeningCall,
            () if self.closing.iter().any(within) => Phase::ClosingCall,
            () if self.book.iter().any(within) => Phase::Continuous,
            () => Phase::Closed,
        }
    }

    fn blocks(&self, second: u32) -> bool {
        self.block.iter().any(|span| span.0 <= second && second < span.1.min(self.end))
    }
}

/// A calendar, as who made it up knows it.
#[derive(Clone, Debug)]
struct World {
    offset: i32,
    begins: u32,
    weekdays: u8,
    holidays: BTreeSet<i32>,
    usual: Plan,
    of_dates: (BTreeSet<i32>, Plan),
    of_weekday: (u8, Plan),
    known_until: Option<i32>,
}

impl World {
    fn local(&self, time: i64) -> (i32, u32) {
        let ahead = if self.begins == 0 { 0 } else { DAY - i64::from(self.begins) };
        let seconds = time.div_euclid(SECOND) + i64::from(self.offset) + ahead;
        (seconds.div_euclid(DAY).try_into().unwrap(), seconds.rem_euclid(DAY).try_into().unwrap())
    }

    fn plan(&self, day: i32) -> &Plan {
        match () {
            () if self.of_dates.0.contains(&day) => &self.of_dates.1,
            () if self.of_weekday.0 >> (day + 3).rem_euclid(7) & 1 == 1 => &self.of_weekday.1,
            () => &self.usual,
        }
    }

    fn trades(&self, day: i32) -> bool {
        day >= MONDAY
            && self.weekdays >> (day + 3).rem_euclid(7) & 1 == 1
            && !self.holidays.contains(&day)
            && self.known_until.is_none_or(|last| day <= last)
    }

    /// What clocks show so many seconds after the beginning of a day.
    fn shown(&self, second: u32) -> TimeOfDay {
        let shown = second + self.begins;
        TimeOfDay(if shown > 86_400 || self.begins > 0 { shown % 86_400 } else { shown })
    }

    fn sessions(&self, spans: &[(u32, u32)]) -> Vec<Session> {
        spans.iter().map(|(a, b)| Session { opens: self.shown(*a), closes: self.shown(*b) }).collect()
    }

    fn hours(&self, plan: &Plan) -> Hours {
        let call = |call: Option<(u32, u32)>| Some(self.sessions(call.as_slice()));
        Hours {
            day_end: Some(self.shown(plan.end)),
            block: Some(self.sessions(&plan.block)),
            continuous: Some(self.sessions(&plan.book)),
            opening_call: call(plan.opening),
            closing_call: call(plan.closing),
            ..Hours::default()
        }
    }

    fn rulebook(&self) -> Rulebook {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios/rulebooks/hong-kong.toml");
        let mut rulebook = rulebook::read(&path).unwrap();
        let rules = &mut rulebook.versions[0].trading;
        let calendar = &mut rules.calendar;
        calendar.offsets[0].seconds = self.offset;
        calendar.offsets.truncate(1);
        (calendar.weekdays, calendar.day_begins) = (self.weekdays, TimeOfDay(self.begins));
        calendar.holidays = self.holidays.iter().copied().map(Date).collect();
        calendar.day_end = self.shown(self.usual.end);
        calendar.known_until = self.known_until.map(Date);
        calendar.after_known = AfterKnown::Closed;
        let book = rules.continuous.as_mut().unwrap();
        book.sessions = self.sessions(&self.usual.book);
        book.opening_call = self.sessions(self.usual.opening.as_slice()).first().copied();
        book.closing_call = self.sessions(self.usual.closing.as_slice()).first().copied();
        rules.block.as_mut().unwrap().sessions = self.sessions(&self.usual.block);
        let dates = self.of_dates.0.iter().copied().map(Date).collect();
        rules.hours = vec![
            Hours { weekdays: self.of_weekday.0, ..self.hours(&self.of_weekday.1) },
            Hours { dates, ..self.hours(&self.of_dates.1) },
        ];
        rulebook
    }
}

/// Rising moments of a day, two by two: what lies between them is a call or a session.
fn plan() -> impl Strategy<Value = Plan> {
    let moments = proptest::collection::btree_set(0_u32..86_300, 8);
    (moments, any::<[bool; 3]>()).prop_map(|(moments, [opening, closing, late])| {
        let m: Vec<u32> = moments.into_iter().collect();
        let block = if late { vec![(m[0], m[1]), (m[4], m[7])] } else { vec![(m[3], m[6])] };
        // Some days end in the midst of what the rules would still have open.
        let end = if late { m[7] } else { m[7] + 60 };
        Plan {
            opening: opening.then_some((m[0], m[1])),
            book: vec![(m[1], m[2]), (m[3], m[5])],
            closing: closing.then_some((m[5], m[6])),
            block,
            end,
        }
    })
}

/// The Monday of the first day of the rules.
const MONDAY: i32 = 20_514;

fn world() -> impl Strategy<Value = World> {
    let days = || proptest::collection::btree_set(MONDAY..MONDAY + 21, 0..5);
    let begins = prop_oneof![Just(0), Just(61_200), Just(75_600), 1_u32..86_400];
    let known = proptest::option::of(MONDAY + 5..MONDAY + 21);
    ((-12_i32..=14, begins, 1_u8..128, days(), known), (plan(), days(), plan(), 0_u8..128, plan())).prop_map(
        |((hours, begins, weekdays, holidays, known_until), (usual, dates, own, bits, weekly))| World {
            offset: hours * 3_600,
            begins,
            weekdays,
            holidays,
            usual,
            of_dates: (dates, own),
            of_weekday: (bits, weekly),
            known_until,
        },
    )
}

struct Market {
    state: State,
    events: Events,
    told: Vec<Event>,
}

impl Market {
    fn open(world: &World, time: i64) -> Self {
        let mut market = Self { state: State::new(), events: Events::new(), told: Vec::new() };
        market.send(time, Command::AdoptRulebook(Box::new(world.rulebook())));
        let (code, class) = ("X".to_owned(), registry::AssetClass::Security);
        let market_id = Some(MarketId(0));
        // The operator of the node is its registrar here.
        let register = registry::RegisterParticipant {
            code: "R".to_owned(),
            name: "R".to_owned(),
            roles: vec![base::Role::Registrar],
        };
        market.send(time, Command::RegisterParticipant(register));
        let define = registry::DefineAsset { code: code.clone(), class, decimals: 0, market: market_id };
        market.send_as(base::ParticipantId(1), time, Command::DefineAsset(define));
        let (asset, reference) = (base::AssetId(1), Some(base::Price(10_000)));
        let list = trading::ListInstrument {
            market: MarketId(0),
            code,
            asset,
            reference,
            carried: Default::default(),
        };
        market.send(time, Command::ListInstrument(list));
        market.told.clear();
        market
    }

    fn send(&mut self, time: i64, command: Command) {
        self.send_as(OPERATOR, time, command);
    }

    fn send_as(&mut self, actor: base::ParticipantId, time: i64, command: Command) {
        let number = self.state.sequence().0 + 1;
        let client_id = ClientId::of(&number.to_string());
        let envelope =
            Envelope { actor, user: UserId::NOBODY, door: engine::Door::Unsaid, client_id, command };
        let record = Record { sequence: Sequence(number), time: Timestamp(time), envelope };
        self.state.apply(&record, &mut self.events);
        assert_eq!(self.events.refusal(), None);
        self.told.extend_from_slice(self.events.as_slice());
    }

    fn tick(&mut self, time: i64) {
        self.send(time, Command::Tick);
    }

    fn is_as(&self, world: &World, time: i64) {
        let (day, second) = world.local(time);
        let (venue, plan) = (self.state.venue(), world.plan(day));
        let trades = world.trades(day);
        assert_eq!(venue.date(MarketId(0)), Date(day));
        let phase = if trades { plan.phase(second) } else { Phase::Closed };
        assert_eq!(venue.book_phase(InstrumentId(0)), phase, "day {day}, second {second}: {plan:?}");
        assert_eq!(venue.is_open(MarketId(0), Method::Block), trades && plan.blocks(second));
        assert_eq!(venue.day_ended(MarketId(0)), !trades || second >= plan.end);
    }
}

/// Something happens only once a day: its beginning, and its end if it was one of trading.
fn check_days(told: &[Event], world: &World) {
    let (mut begun, mut open) = (None, None);
    for event in told {
        match event {
            Event::Trading(trading::Event::DayBegan { date, trading, .. }) => {
                assert!(begun.is_none_or(|before: Date| before.next() == *date), "days come one by one");
                assert_eq!(open, None, "a day ends before the next one begins");
                assert_eq!(*trading, world.trades(date.0));
                (begun, open) = (Some(*date), trading.then_some(*date));
            }
            Event::Trading(trading::Event::DayEnded { date, .. }) => {
                assert!(begun.is_none() || open == Some(*date), "what ends has begun");
                open = None;
            }
            _ => {}
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_market_is_in_the_phase_of_its_rules_at_every_instant(
        world in world(), start in 0_i64..DAY, steps in proptest::collection::vec(1_i64..40_000, 1..60),
    ) {
        let mut time = (i64::from(MONDAY) * DAY + start) * SECOND;
        let mut market = Market::open(&world, time);
        market.is_as(&world, time);
        for step in steps {
            // Bells that are due lie ahead of what was done, and behind each other.
            let due = market.state.next_due();
            prop_assert!(due.0 > time);
            time += step * SECOND;
            market.tick(time);
            market.is_as(&world, time);
            if due.0 <= time {
                market.is_as(&world, time);
            }
        }
        check_days(&market.told, &world);
    }

    #[test]
    fn every_bell_rings_at_its_own_instant(world in world(), start in 0_i64..DAY) {
        let mut time = (i64::from(MONDAY) * DAY + start) * SECOND;
        let mut market = Market::open(&world, time);
        for _ in 0..60 {
            let due = market.state.next_due().0;
            prop_assert!(due > time, "bells are in order");
            // Just before it nothing has happened, and at it the rules hold.
            let before = market.told.len();
            market.tick(due - 1);
            prop_assert_eq!(market.told.len(), before);
            market.tick(due);
            market.is_as(&world, due);
            time = due;
        }
    }

    #[test]
    fn a_log_says_the_same_however_often_it_was_looked_at(
        world in world(), start in 0_i64..DAY, steps in proptest::collection::vec(1_i64..40_000, 1..40),
    ) {
        let first = (i64::from(MONDAY) * DAY + start) * SECOND;
        let (mut often, mut once) = (Market::open(&world, first), Market::open(&world, first));
        let mut time = first;
        for step in steps {
            time += step * SECOND;
            often.tick(time);
        }
        once.tick(time);
        prop_assert_eq!(&often.told, &once.told);
        prop_assert_eq!(often.state.venue(), once.state.venue());
    }
}
