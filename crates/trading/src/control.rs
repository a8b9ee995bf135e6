//! Acts of the operator: the list of instruments, halts, corrections of reference prices, holidays.

use crate::{
    ControlRejection, CorrectReference, DeclareHoliday, DelistInstrument, End, Event, Instrument, Line,
    ListInstrument, PostTrade, RelistInstrument, RevokeHoliday, SetHalted, Statistics, Terms, Turnover,
    Venue, board::Board, floor,
};
use base::{Date, InstrumentId, Price, Timestamp, is_code};
use serde::{Deserialize, Serialize};

/// A reference price that an operator corrected: it stands in every report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Correction {
    /// The trading day whose close was corrected, or whose reference, before its trading began.
    pub date: Date,
    /// Which line.
    pub line: Line,
    /// As computed.
    pub from: Price,
    /// As published.
    pub to: Price,
    /// Why.
    pub reason: String,
}

impl Venue {
    /// Whether an asset may be listed under a code, and the reference price it would start from.
    ///
    /// # Errors
    /// See [`ControlRejection`].
    pub fn check_list(&self, command: &ListInstrument) -> Result<Price, ControlRejection> {
        let market = self.markets.get(command.market.index()).ok_or(ControlRejection::MarketUnknown)?;
        let composite = market.rules.composite.as_ref();
        if !is_code(&command.code) {
            return Err(ControlRejection::CodeMalformed);
        }
        if self.codes.contains_key(&command.code) || composite.is_some_and(|c| c.code == command.code) {
            return Err(ControlRejection::CodeTaken);
        }
        let carried = market.composite.as_ref().and_then(|composite| {
            let close =
                if market.ended { self.composite_close(command.market) } else { Some(composite.reference) };
            composite.corrected.or(close)
        });
        let first = self.instruments.iter().all(|instrument| instrument.market != command.market);
        let launch = market.rules.launch_reference.filter(|_| first);
        let reference = command.reference.or(carried).or(launch);
        let reference = reference.ok_or(ControlRejection::ReferenceMissing)?;
        if !reference.is_positive() {
            return Err(ControlRejection::PriceNotPositive);
        }
        // What 64 bits count leaves room for every trade to come, in sums of 128.
        let fits = |number: i128| (0..=i128::from(i64::MAX)).contains(&number);
        let fit = command.carried.iter().all(|carried| fits(carried.volume) && fits(carried.amount));
        if fit { Ok(reference) } else { Err(ControlRejection::TurnoverUnfit) }
    }

    /// Admits an asset to trading. That the asset exists and belongs to the market is checked by the engine.
    ///
    /// # Errors
    /// See [`ControlRejection`].
    pub fn list(
        &mut self,
        command: &ListInstrument,
        out: &mut impl FnMut(Event),
    ) -> Result<InstrumentId, ControlRejection> {
        let reference = self.check_list(command)?;
        let ListInstrument { market, code, asset, carried, .. } = command.clone();
        let home = &mut self.markets[market.index()];
        let id = InstrumentId::at(self.instruments.len());
        assert!(id.index() < floor::INSTRUMENTS_MAX, "an engine has at most 2^20 instruments");
        if home.rules.composite.is_some() {
            let composite =
                home.composite.get_or_insert_with(|| Statistics::starting_at(reference, Default::default()));
            for (total, carried) in composite.total.iter_mut().zip(carried) {
                let Turnover { volume, amount } = carried;
                *total = Turnover { volume: total.volume + volume, amount: total.amount + amount };
            }
        }
        self.codes.insert(code.clone(), id);
        self.instruments.push(Instrument {
            code,
            market,
            asset,
            currency: home.currency,
            tick_value: home.rules.tick_value,
            halted: false,
            delisted: false,
            day: Statistics::starting_at(reference, carried),
            past: Vec::new(),
            close_price: home.rules.continuous.as_ref().map(|rules| rules.close).unwrap_or_default(),
        });
        self.boards.push(Board::default());
        out(Event::InstrumentListed { instrument: id, reference });
        self.floor.add();
        self.join_floor(id, out);
        Ok(id)
    }

    /// Whether an instrument is on the list.
    ///
    /// # Errors
    /// It never was, or was taken off.
    pub fn check_standing(&self, id: InstrumentId) -> Result<(), ControlRejection> {
        let instrument = self.instruments.get(id.index()).ok_or(ControlRejection::InstrumentUnknown)?;
        if instrument.delisted { Err(ControlRejection::InstrumentDelisted) } else { Ok(()) }
    }

    fn standing(&mut self, id: InstrumentId) -> Result<&mut Instrument, ControlRejection> {
        let instrument = self.instruments.get_mut(id.index()).ok_or(ControlRejection::InstrumentUnknown)?;
        if instrument.delisted { Err(ControlRejection::InstrumentDelisted) } else { Ok(instrument) }
    }

    /// Takes an instrument off the list. Returns what was set aside for it.
    ///
    /// # Errors
    /// See [`ControlRejection`].
    pub fn delist(
        &mut self,
        command: &DelistInstrument,
        out: &mut impl FnMut(Event),
    ) -> Result<Vec<Terms>, ControlRejection> {
        self.standing(command.instrument)?;
        let ended = self.remove_where(End::Removed, |_, instrument| instrument == command.instrument, out);
        self.standing(command.instrument)?.delisted = true;
        out(Event::InstrumentDelisted { instrument: command.instrument });
        Ok(ended)
    }

    /// Brings an instrument back to the list: it goes on where it left, or from another reference price, and is not halted.
    ///
    /// # Errors
    /// See [`ControlRejection`].
    pub fn relist(
        &mut self,
        command: &RelistInstrument,
        out: &mut impl FnMut(Event),
    ) -> Result<(), ControlRejection> {
        let &RelistInstrument { instrument: id, reference, .. } = command;
        let instrument = self.instruments.get_mut(id.index()).ok_or(ControlRejection::InstrumentUnknown)?;
        if !instrument.delisted {
            return Err(ControlRejection::NothingToDo);
        }
        if let Some(reference) = reference {
            if !reference.is_positive() {
                return Err(ControlRejection::PriceNotPositive);
            }
            if instrument.day.has_traded() {
                return Err(ControlRejection::TradingHasBegun);
            }
            (instrument.day.reference, instrument.day.corrected) = (reference, None);
        }
        (instrument.delisted, instrument.halted) = (false, false);
        let reference = instrument.day.reference;
        out(Event::InstrumentRelisted { instrument: id, reference });
        self.join_floor(id, out);
        Ok(())
    }

    /// Stops or resumes trading. Listings and orders stand through a halt; nothing can be entered, taken, proposed or bid
    /// meanwhile. A call auction that runs does not trade; an order book resumes as the rules say.
    ///
    /// # Errors
    /// See [`ControlRejection`].
    pub fn set_halted(
        &mut self,
        now: Timestamp,
        command: &SetHalted,
        after: &mut impl PostTrade,
    ) -> Result<(), ControlRejection> {
        let &SetHalted { instrument: id, halted, .. } = command;
        let instrument = self.standing(id)?;
        if instrument.halted == halted {
            return Err(ControlRejection::NothingToDo);
        }
        instrument.halted = halted;
        after.event(Event::HaltedSet { instrument: id, halted });
        self.halt_book(now, id, after);
        Ok(())
    }

    /// Whether a listing, a block or an auction waits in an instrument.
    fn anything_stands(&self, id: InstrumentId) -> bool {
        self.floor.anything_stands(id)
            || self.orders.values().any(|order| order.terms.instrument == id)
            || self.proposals.values().any(|proposal| proposal.terms.instrument == id)
            || self.auctions.values().any(|auction| auction.terms.instrument == id)
    }

    /// Sets the price that a line starts from: after the day's end that of the next trading day, before anything stands or
    /// trades on a day that of the day itself.
    ///
    /// # Errors
    /// See [`ControlRejection`].
    pub fn correct_reference(
        &mut self,
        command: &CorrectReference,
        out: &mut impl FnMut(Event),
    ) -> Result<(), ControlRejection> {
        let CorrectReference { line, price, reason } = command.clone();
        let (market, computed) = match line {
            Line::Instrument(id) => {
                let instrument = self.standing(id)?;
                (instrument.market, Some(instrument.close()))
            }
            Line::Composite(id) if id.index() < self.markets.len() => (id, self.composite_close(id)),
            Line::Composite(_) => return Err(ControlRejection::MarketUnknown),
        };
        let stands = matches!(line, Line::Instrument(id) if self.anything_stands(id));
        let market = &mut self.markets[market.index()];
        let day = match line {
            Line::Instrument(id) => Some(&mut self.instruments[id.index()].day),
            Line::Composite(_) => market.composite.as_mut(),
        };
        let (Some(day), Some(computed)) = (day, computed) else { return Err(ControlRejection::NoComposite) };
        if !price.is_positive() {
            return Err(ControlRejection::PriceNotPositive);
        }
        if !market.ended && (day.has_traded() || stands) {
            return Err(ControlRejection::TradingHasBegun);
        }
        let from = if market.ended { day.corrected.unwrap_or(computed) } else { day.reference };
        if from == price {
            return Err(ControlRejection::NothingToDo);
        }
        if market.ended {
            day.corrected = Some(price);
        } else {
            day.reference = price;
        }
        self.corrections.push(Correction { date: market.list_date, line, from, to: price, reason });
        if let Line::Instrument(id) = line {
            self.draw_band(id);
        }
        out(Event::ReferenceCorrected { line, from, to: price });
        Ok(())
    }

    /// Adds a day without trading to the calendar.
    ///
    /// # Errors
    /// See [`ControlRejection`].
    pub fn declare_holiday(
        &mut self,
        command: &DeclareHoliday,
        out: &mut impl FnMut(Event),
    ) -> Result<(), ControlRejection> {
        let &DeclareHoliday { market: id, date } = command;
        let market = self.markets.get_mut(id.index()).ok_or(ControlRejection::MarketUnknown)?;
        if date <= market.date {
            return Err(ControlRejection::DateNotAhead);
        }
        if !market.trades_on(date) {
            return Err(ControlRejection::NothingToDo);
        }
        market.holidays.insert(date);
        out(Event::HolidayDeclared { market: id, date });
        Ok(())
    }

    /// Takes back a day without trading that was declared. Those of the rulebook are changed by another rulebook.
    ///
    /// # Errors
    /// See [`ControlRejection`].
    pub fn revoke_holiday(
        &mut self,
        command: &RevokeHoliday,
        out: &mut impl FnMut(Event),
    ) -> Result<(), ControlRejection> {
        let &RevokeHoliday { market: id, date } = command;
        let market = self.markets.get_mut(id.index()).ok_or(ControlRejection::MarketUnknown)?;
        if date <= market.date {
            return Err(ControlRejection::DateNotAhead);
        }
        if !market.holidays.remove(&date) {
            return Err(ControlRejection::NothingToDo);
        }
        out(Event::HolidayRevoked { market: id, date });
        Ok(())
    }
}
