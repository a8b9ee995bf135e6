//! The auditor: from the commands that were sent, the events that came back and read-only views of the books it says whether
//! everything is right. It shares no code with the engine: it keeps its own books ([`shadow`]), reads the rules itself
//! ([`verdict`] and the file of each family) and looks at what happened event by event.
//!
//! A family of commands is one file: what is expected of each of its commands (`judge_…`), and what each of its events does to
//! the auditor's books (`see_…`). Refusals are checked both ways: nothing is taken that the rules refuse, and nothing refused that
//! they take, or for another reason.

mod access;
pub mod acts;
mod auction;
mod block;
pub mod book;
pub mod calendar;
pub mod cases;
mod compliance;
mod control;
mod custody;
pub mod finding;
pub mod ledger;
mod listing;
mod opening;
pub mod people;
mod revise;
mod settle;
pub mod shadow;
mod split;
pub mod verdict;

use base::Sequence;
use book::Filled;
use engine::{Command, Envelope, Event, Record};
use finding::{Finding, Found, Kind, check};
use ledger::{Books, FROZEN, LOCKED, PLEDGED, RESERVED};
use shadow::Shadow;
use std::borrow::Cow;
use std::collections::BTreeMap;
use trading::Event as T;
use verdict::Verdict;

/// See the module.
#[derive(Clone, Debug)]
pub struct Auditor {
    /// What it knows.
    pub shadow: Shadow,
    /// Records it has looked at.
    pub records: u64,
    /// Verdicts that it could not give.
    pub unknown: u64,
}

fn raised(event: &Event) -> bool {
    matches!(event, Event::Supervision(supervision::Event::Raised(_)))
}

/// An alert was raised or grew.
fn alerted(event: &Event) -> bool {
    raised(event) || matches!(event, Event::Supervision(supervision::Event::Grown { .. }))
}

impl Default for Auditor {
    fn default() -> Self {
        Self { shadow: Shadow::new(), records: 0, unknown: 0 }
    }
}

/// Records after which everything is compared, and not only what a record touched.
const WHOLE_EVERY: u64 = 64;

impl Auditor {
    /// Looks at the next record, at what came of it, and at the books after it.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn look(&mut self, record: &Record, events: &[Event], books: &dyn Books) -> Found {
        self.look_at(record, events, books)
            .map_err(|finding| Finding { record: record.sequence.0, ..finding })
    }

    fn look_at(&mut self, record: &Record, events: &[Event], books: &dyn Books) -> Found {
        self.records += 1;
        check(record.sequence == Sequence(self.records), Kind::Finality, || {
            format!("record {} came after {}", record.sequence, self.records - 1)
        })?;
        check(record.time.0 >= self.shadow.time, Kind::Finality, || "time ran back".to_owned())?;
        self.shadow.time = record.time.0;
        let command = &record.envelope.command;
        self.shadow.sender = (record.envelope.actor.0, record.envelope.user.0);
        // Alerts are raised in the midst of other events and change nothing.
        let told: Vec<Event> = events.iter().filter(|event| !alerted(event)).cloned().collect();
        let start = split::own(command, &told);
        let (before, supervision) = told.split_at(split::supervision(command, &told, start));
        let (calendar, own) = before.split_at(start);
        calendar.iter().try_for_each(|event| self.see(event, &Command::Tick))?;
        self.shadow.give_back_later()?;
        self.shadow.read_clocks();
        self.shadow.check_over()?;
        let (command, own) = self.answer(record, events, own)?;
        let command = &*command;
        if !own.iter().any(|event| matches!(event, Event::Refused(_))) {
            self.shadow.see_allocated(command);
        }
        own.iter().try_for_each(|event| self.see(event, command))?;
        supervision.iter().try_for_each(|event| self.see(event, &Command::Tick))?;
        self.shadow.give_back_later()?;
        self.check_settled()?;
        self.shadow.check_calendar()?;
        self.shadow.check_books()?;
        self.check_swept(command, own)?;
        self.check_frozen(events)?;
        self.shadow.ledger.check_touched(books)?;
        let day_ended = events.iter().any(|event| matches!(event, Event::Trading(T::DayEnded { .. })));
        if day_ended || self.records.is_multiple_of(WHOLE_EVERY) {
            self.check_whole(books)?;
        }
        Ok(())
    }

    /// Judges the command, and compares with it what came. Of what is approved comes what its command says: that command, and what
    /// came of it, is what is given back.
    fn answer<'a>(
        &mut self,
        record: &'a Record,
        events: &[Event],
        own: &'a [Event],
    ) -> Result<(Cow<'a, Command>, &'a [Event]), Finding> {
        // A case names alerts that were raised before it.
        let of_a_case = |event: &Event| matches!(event, Event::Supervision(_)) && !alerted(event);
        let answer = events.iter().position(|event| of_a_case(event) || matches!(event, Event::Refused(_)));
        let (before, after) = events.split_at(answer.unwrap_or(events.len()));
        let count = |events: &[Event]| events.iter().filter(|event| raised(event)).count() as u64;
        self.shadow.people.alerts += count(before);
        let verdict = self.shadow.judge(record);
        self.shadow.people.alerts += count(after);
        let Envelope { user, command, .. } = &record.envelope;
        self.shadow.amending = matches!(command, Command::AmendOrder(_));
        let refused =
            matches!(verdict, Verdict::Refused(_)) || matches!(own.first(), Some(Event::Refused(_)));
        let approved = match command {
            Command::ApproveAct { act } if !refused => {
                self.shadow.people.acts.get(&act.0).map(|known| (*act, known))
            }
            _ => None,
        };
        let Some((act, known)) = approved else {
            self.compare(&verdict, command, own)?;
            return Ok((Cow::Borrowed(command), own));
        };
        let done = known.command.clone();
        let told = own.split_first().filter(|(first, _)| **first == Event::ActApproved { act, by: *user });
        let (_, own) = told.ok_or_else(|| {
            Finding::new(Kind::Event, format!("that act {act} is approved by {user} is not told: {own:?}"))
        })?;
        self.compare(&verdict, &done, own)?;
        self.shadow.see_act_gone(act)?;
        Ok((Cow::Owned(done), own))
    }

    /// What was expected against what came.
    fn compare(&mut self, verdict: &Verdict, command: &Command, own: &[Event]) -> Found {
        let refusal = own.iter().find_map(|event| match event {
            Event::Refused(reason) => Some(format!("{}/{}", reason.stage(), reason.code())),
            _ => None,
        });
        let wrong = |expected: &str| {
            let came = refusal.as_ref().map_or("taken".to_owned(), |code| format!("refused {code}"));
            Err(Finding::new(Kind::Verdict, format!("{came}, expected {expected}: {command:?}")))
        };
        match verdict {
            Verdict::Unknown => {
                self.unknown += 1;
                Ok(())
            }
            Verdict::Refused(code) if refusal.as_deref() != Some(code) => wrong(&format!("refused {code}")),
            Verdict::Refused(_) => check(own.len() == 1, Kind::Event, || {
                format!("more than a refusal came of a refused command: {own:?}")
            }),
            _ if refusal.is_some() => wrong("that it is taken"),
            Verdict::Begins(event) => {
                check(own.first() == Some(event), Kind::Event, || format!("expected {event:?}, came {own:?}"))
            }
            Verdict::Sweeps => Ok(()),
            Verdict::Taken => {
                let trades = own.iter().filter(|event| matches!(event, Event::Trading(T::Traded(_)))).count();
                let asked = matches!(command, Command::TakeListing(_) | Command::AcceptBlock(_));
                check(!own.is_empty() && (!asked || trades == 1), Kind::Event, || {
                    format!("of {command:?} came {own:?}")
                })
            }
            Verdict::Exactly(events) => check(events == own, Kind::Event, || {
                format!("expected {events:?}, came {own:?} of {command:?}")
            }),
        }
    }

    /// What an event does to the auditor's books.
    fn see(&mut self, event: &Event, command: &Command) -> Found {
        let shadow = &mut self.shadow;
        match event {
            Event::Trading(event) => Self::see_trading(shadow, event, command),
            Event::Clearing(clearing::Event::Novated { trade, buyer_fee, seller_fee }) => {
                shadow.see_novated(trade.0, buyer_fee.0, seller_fee.0)
            }
            Event::Registry(event) => match event {
                registry::Event::ParticipantRegistered { .. } => shadow.see_registered(command),
                registry::Event::AccountOpened { account, participant } => {
                    shadow.see_opened(*account, *participant, command)
                }
                registry::Event::AssetDefined { asset } => shadow.see_defined(*asset, command),
                registry::Event::ParticipantRenamed { .. } => shadow.see_renamed(command),
                registry::Event::AccountClosed { account } => shadow.see_closed(*account),
                registry::Event::Settled { trade } => shadow.see_settled(trade.0),
                other => {
                    shadow.see_registry(other)?;
                    shadow.see_compliance(other)
                }
            },
            Event::RulebookAdopted { market } => {
                let known = market.index() < shadow.markets.len();
                shadow.see_adopted(*market, command)?;
                self.adopting(known)
            }
            Event::RulesInForce { market, from } => {
                let adopting = matches!(command, Command::AdoptRulebook(_));
                shadow.rules_in_force(market.0, from.0, adopting)
            }
            Event::Roster(event) => shadow.see_roster(event, command),
            Event::Supervision(event) => shadow.see_case(event, command),
            Event::ActProposed { act, .. } => shadow.see_proposed(*act, command),
            Event::ActWithdrawn { act, .. } => shadow.see_act_gone(*act),
            Event::ActExpired { act } => shadow.see_act_over(*act),
            Event::ActApproved { act, .. } => {
                Err(Finding::new(Kind::Event, format!("act {act} was approved by nobody")))
            }
            Event::Refused(_) => Ok(()),
        }
    }

    fn adopting(&self, known: bool) -> Found {
        let market = self.shadow.markets.last().map(|market| market.amended);
        check(known || market == Some(false), Kind::Event, || "a new market has old rules".to_owned())
    }

    #[allow(clippy::too_many_lines)] // one arm an event
    fn see_trading(shadow: &mut Shadow, event: &T, command: &Command) -> Found {
        match event {
            T::DayBegan { market, date, trading } => shadow.begin_day(market.0, date.0, *trading),
            T::PhaseChanged { market, method, open } => {
                let phase =
                    shadow.markets.get_mut(market.index()).map(|market| &mut market.open[method.index()]);
                let changed = phase.is_some_and(|phase| std::mem::replace(phase, *open) != *open);
                check(changed, Kind::Calendar, || {
                    format!("market {market}, {method:?}: open is {open} twice")
                })
            }
            T::LineClosed(line) => shadow.see_line(line),
            T::DayEnded { market, date } => {
                let here: Vec<bool> = shadow.instruments.iter().map(|i| i.market == market.0).collect();
                shadow.check_nothing_stands("its day", |_, instrument| here[instrument as usize])?;
                shadow.check_expired(market.0, date.0)?;
                let ended = shadow.markets.get_mut(market.index()).filter(|market| market.date == date.0);
                check(ended.is_some(), Kind::Calendar, || format!("day {date} ended in market {market}"))?;
                ended.map_or(Ok(()), |market| {
                    market.ended = true;
                    Ok(())
                })?;
                shadow.make_final(market.0);
                Ok(())
            }
            T::InstrumentListed { instrument, reference } => {
                shadow.see_listed(*instrument, *reference, command)
            }
            T::InstrumentDelisted { instrument } => shadow.see_delisted(*instrument),
            T::InstrumentRelisted { instrument, reference } => {
                shadow.see_relisted(*instrument, *reference, command)
            }
            T::HaltedSet { instrument, halted } => {
                let known = shadow.instruments.get_mut(instrument.index());
                check(known.is_some(), Kind::Event, || format!("instrument {instrument} was halted"))?;
                known.map_or(Ok(()), |known| {
                    known.halted = *halted;
                    Ok(())
                })
            }
            T::ReferenceCorrected { line, to, .. } => {
                shadow.see_corrected(*line, *to);
                Ok(())
            }
            T::HolidayDeclared { market, date } => {
                if let Some(market) = shadow.markets.get_mut(market.index()) {
                    market.holidays.insert(date.0);
                }
                Ok(())
            }
            T::HolidayRevoked { market, date } => {
                if let Some(market) = shadow.markets.get_mut(market.index()) {
                    market.holidays.remove(&date.0);
                }
                Ok(())
            }
            T::OrderPlaced { order, terms } => shadow.see_order_placed(order.0, terms),
            T::OrderEnded { order, left, end } if Shadow::is_book_order(*order) => {
                shadow.see_book_order_ended(*order, *left, *end, command)
            }
            T::OrderEnded { order, left, .. } => shadow.see_order_ended(order.0, left.0),
            T::OrderEntered { .. } => shadow.see_entered(event, command),
            T::FundsEntered { .. } => shadow.see_funds_entered(event, command),
            T::FundsReduced { order, amount, .. } => shadow.see_funds_reduced(*order, *amount),
            T::OrderRested { order, price, shown, .. } => shadow.see_rested(*order, *price, *shown),
            T::OrderWaits { order } => shadow.see_waits(*order),
            T::OrderTriggered { order } => shadow.see_triggered(*order),
            T::OrderAmended { order, price, left, kept_place, .. } => {
                shadow.see_amended(*order, *price, *left, *kept_place)
            }
            T::OrderReduced { order, by } => shadow.see_reduced(*order, *by),
            T::Filled { trade, instrument, price, quantity, buy, sell, buyer, seller, aggressor } => shadow
                .see_filled(&Filled {
                    trade: trade.0,
                    instrument: instrument.0,
                    price: price.0.into(),
                    quantity: quantity.0.into(),
                    buy: buy.0,
                    sell: sell.0,
                    parties: (buyer.0, seller.0),
                    aggressor: *aggressor,
                }),
            T::BookPhaseChanged { instrument, phase, until } => {
                shadow.see_phase(*instrument, *phase, *until, !matches!(command, Command::Tick))
            }
            T::CallIndicated { instrument, price, quantity, imbalance } => {
                shadow.see_indicated(*instrument, *price, *quantity, *imbalance)
            }
            T::CallUncrossed { instrument, price, quantity } => {
                shadow.see_call_uncrossed(*instrument, *price, *quantity)
            }
            T::TradingBlockedSet { of, blocked } => {
                let changed = if *blocked { shadow.blocked.insert(*of) } else { shadow.blocked.remove(of) };
                check(changed, Kind::Event, || format!("{of:?} was blocked or freed twice"))
            }
            T::BlockProposed { proposal, terms } => shadow.see_block_proposed(proposal.0, terms),
            T::BlockEnded { proposal, .. } => shadow.see_block_ended(proposal.0),
            T::AuctionAnnounced { auction, reserve, .. } => {
                shadow.see_announced(auction.0, *reserve, command)
            }
            T::BidPlaced { bid, .. } => shadow.see_bid(bid.0, command),
            T::BidEnded { bid, left, end } => shadow.see_bid_ended(bid.0, left.0, *end),
            T::LotAwaited { auction } => shadow.see_lot_awaited(auction.0),
            T::AuctionUncrossed { auction, price, quantity } => {
                shadow.see_uncrossed(auction.0, price.0, quantity.0, command)
            }
            T::AuctionCancelled { auction, end } => shadow.see_auction_cancelled(auction.0, *end, command),
            T::Traded(trade) => shadow.see_traded(trade, command),
            T::TradeBusted(revision) => shadow.see_revised(revision, true),
            T::TradeCorrected(revision) => shadow.see_revised(revision, false),
        }
    }

    /// Nothing is left half done by a record.
    fn check_settled(&self) -> Found {
        let owed = self.shadow.obligations.first_key_value();
        check(owed.is_none(), Kind::Legs, || format!("something is owed and not settled: {owed:?}"))?;
        let deciding = &self.shadow.deciding;
        check(deciding.is_none(), Kind::Trade, || {
            format!("an auction was not decided to its end: {deciding:?}")
        })?;
        let orphan =
            self.shadow.bids.iter().find(|(_, bid)| !self.shadow.auctions.contains_key(&bid.auction));
        check(orphan.is_none(), Kind::Event, || format!("a bid outlived its auction: {orphan:?}"))
    }

    /// A frozen account keeps nothing in the market, not even as a counterparty; nor does one that was blocked.
    fn check_frozen(&self, events: &[Event]) -> Found {
        for event in events {
            if let Event::Trading(T::TradingBlockedSet { of, blocked: true }) = event {
                self.shadow.check_nothing_stands("a stop", |owner, _| self.shadow.is_of(owner, *of))?;
                let order = self.shadow.books.values().find(|order| self.shadow.is_of(order.account, *of));
                check(order.is_none(), Kind::Event, || format!("an order outlived a stop: {order:?}"))?;
            }
            if let Event::Registry(registry::Event::AccountFrozenSet { account, frozen: true }) = event {
                self.shadow.check_nothing_stands("a freeze", |owner, _| owner == account.0)?;
                let order = self.shadow.books.iter().find(|(_, order)| order.account == account.0);
                check(order.is_none(), Kind::Event, || format!("an order outlived a freeze: {order:?}"))?;
                let block = self.shadow.blocks.values().any(|block| block.counterparty == account.0);
                check(!block, Kind::Event, || format!("a block waits for frozen account {account}"))?;
            }
        }
        Ok(())
    }

    /// A command that ends many orders leaves none of them; nor does a delisting.
    fn check_swept(&mut self, command: &Command, own: &[Event]) -> Found {
        let shadow = &mut self.shadow;
        if let Some(id) = shadow.delisting.take() {
            let left = shadow.books.values().any(|order| order.instrument == id);
            check(!left, Kind::Event, || format!("an order outlived the delisting of instrument {id}"))?;
        }
        if own.iter().any(|event| matches!(event, Event::Refused(_))) {
            return Ok(());
        }
        let (of, only, whole) = match command {
            Command::MassCancel(c) => (c.of, c.instrument, false),
            Command::SetTradingBlocked(c) if c.blocked => (c.of, None, true),
            _ => return Ok(()),
        };
        let meant = |account: u32, instrument: u32| {
            only.is_none_or(|only| only.0 == instrument) && shadow.is_of(account, of)
        };
        let order = shadow.books.iter().find(|(_, order)| meant(order.account, order.instrument));
        check(order.is_none(), Kind::Event, || format!("{order:?} outlived {command:?}"))?;
        // Listings go with the orders; with the kill switch everything does.
        let left = shadow
            .standing()
            .find(|(kind, _, order)| (whole || *kind == 0) && meant(order.account, order.instrument));
        check(left.is_none(), Kind::Event, || format!("{left:?} outlived {command:?}"))
    }

    /// Compares everything: the books with the auditor's and with themselves, and every bucket with what fills it.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check_whole(&self, books: &dyn Books) -> Found {
        self.shadow.ledger.check_all(books)?;
        self.shadow.check_people(books.state())?;
        let mut expected: BTreeMap<(u32, u32), [i128; 5]> = BTreeMap::new();
        let mut fill = |account: u32, asset: u32, bucket: usize, units: i128| {
            expected.entry((account, asset)).or_default()[bucket] += units;
        };
        let shadow = &self.shadow;
        for (_, _, order) in shadow.standing() {
            fill(order.account, shadow.held_in(order.instrument, order.side), RESERVED, order.held);
        }
        for order in shadow.books.values() {
            fill(order.account, shadow.held_in(order.instrument, order.side), RESERVED, order.held);
        }
        for apart in shadow.withdrawals.values() {
            fill(apart.account, apart.asset, RESERVED, apart.quantity);
        }
        for (apart, _) in shadow.pledges.values() {
            fill(apart.account, apart.asset, PLEDGED, apart.quantity);
        }
        let waiting = shadow.conversions.values().filter(|conversion| conversion.approved.is_none());
        for apart in shadow.freezes.values().copied().chain(waiting.map(|conversion| conversion.from)) {
            fill(apart.account, apart.asset, FROZEN, apart.quantity);
        }
        for (_, _, lock) in &shadow.locks {
            fill(lock.account, lock.asset, LOCKED, lock.quantity);
        }
        let (accounts, assets) = books.size();
        for cell in (0..accounts).flat_map(|account| (0..assets).map(move |asset| (account, asset))) {
            let filled = expected.get(&cell).copied().unwrap_or_default();
            let found = books.holding(cell.0, cell.1);
            check(filled[1..] == found[1..], Kind::Holds, || {
                format!(
                    "account {}, asset {}: {found:?} set aside, what stands gives {filled:?}",
                    cell.0, cell.1
                )
            })?;
        }
        Ok(())
    }
}
