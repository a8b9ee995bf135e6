//! A trade is taken back or corrected, room by room: clearing has kept what it came to and says what fees it pays instead, the
//! registry moves units and money back in one step, trading counts the day's lines again. What refuses it does so before anything
//! changes.

use crate::{Events, Rejection, State};
use base::{
    Date, InstrumentId, MarketId, Money, Outcome, ParticipantId, Quantity, TradeId, Unwinding, amount_of,
};
use clearing::Kept;
use registry::UnwindRejection;
use trading::{BustTrade, CorrectTrade, ReviseRejection, Revision, Stands};

/// A trade that can be corrected, and what it comes to.
struct Found {
    market: MarketId,
    date: Date,
    kept: Kept,
    outcome: Outcome,
}

impl State {
    pub(crate) fn bust_trade(&mut self, command: &BustTrade, out: &mut Events) -> Result<(), Rejection> {
        let found = self.correctable(command.trade)?;
        self.revise(&found, Outcome::default(), &command.reason, out)
    }

    pub(crate) fn correct_trade(
        &mut self,
        command: &CorrectTrade,
        out: &mut Events,
    ) -> Result<(), Rejection> {
        let (found, to) = self.corrected(command)?;
        self.revise(&found, to, &command.reason, out)
    }

    /// Whether a trade is one that can be taken back.
    ///
    /// # Errors
    /// See [`ReviseRejection`].
    pub(crate) fn check_bust(&self, command: &BustTrade) -> Result<(), ReviseRejection> {
        self.correctable(command.trade).map(drop)
    }

    /// Whether a trade can be corrected to this, as far as it and its market go.
    ///
    /// # Errors
    /// See [`ReviseRejection`].
    pub(crate) fn check_correction(&self, command: &CorrectTrade) -> Result<(), ReviseRejection> {
        self.corrected(command).map(drop)
    }

    fn correctable(&self, trade: TradeId) -> Result<Found, ReviseRejection> {
        let Some((market, date, &kept)) = self.clearing.kept(trade) else {
            let made = self.venue.was_made(trade);
            return Err(if made { ReviseRejection::TooLate } else { ReviseRejection::TradeUnknown });
        };
        if kept.busted {
            return Err(ReviseRejection::AlreadyBusted);
        }
        let amount = amount_of(kept.price, kept.quantity, self.tick_value(kept.instrument));
        let amount = amount.unwrap_or_else(|| unreachable!("a trade's amount was counted"));
        let Kept { price, quantity, buyer_fee, seller_fee, .. } = kept;
        let outcome = Outcome { price, quantity, amount, buyer_fee, seller_fee };
        Ok(Found { market, date, kept, outcome })
    }

    fn corrected(&self, command: &CorrectTrade) -> Result<(Found, Outcome), ReviseRejection> {
        let found = self.correctable(command.trade)?;
        let now = (found.outcome.price, found.outcome.quantity);
        let (price, quantity, amount) = self.venue.check_correction(found.kept.instrument, now, command)?;
        let fees = self.clearing.fees_anew(found.market, command.trade, amount);
        let (buyer_fee, seller_fee) = fees.ok_or(ReviseRejection::AmountTooLarge)?;
        if amount.plus(buyer_fee).is_none() {
            return Err(ReviseRejection::AmountTooLarge);
        }
        Ok((found, Outcome { price, quantity, amount, buyer_fee, seller_fee }))
    }

    fn tick_value(&self, instrument: InstrumentId) -> i64 {
        self.venue.instruments()[instrument.index()].tick_value
    }

    fn revise(
        &mut self,
        found: &Found,
        to: Outcome,
        reason: &str,
        out: &mut Events,
    ) -> Result<(), Rejection> {
        let &Found { market, date, kept, outcome: from } = found;
        let parties = self.parties(&kept).ok_or(UnwindRejection::AccountClosed)?;
        let instrument = &self.venue.instruments()[kept.instrument.index()];
        let fees_to = self.clearing.fee_account(market);
        let less = |from: Money, to: Money| i128::from(from.0) - i128::from(to.0);
        let (amount, buyer_fee) = (less(from.amount, to.amount), less(from.buyer_fee, to.buyer_fee));
        let seller_fee = less(from.seller_fee, to.seller_fee);
        let due = Unwinding {
            market,
            date,
            asset: instrument.asset,
            currency: instrument.currency,
            buyer: kept.buyer,
            seller: kept.seller,
            fees_to,
            quantity: Quantity(from.quantity.0 - to.quantity.0),
            to_buyer: amount + buyer_fee,
            to_seller: seller_fee - amount,
            to_fees: -buyer_fee - seller_fee,
        };
        self.registry.check_unwinding(&due)?;
        self.clearing.revise((market, kept.trade), parties, (&from, &to));
        self.registry.unwind(&due);
        let revision = Revision {
            trade: kept.trade,
            market,
            instrument: kept.instrument,
            method: kept.method,
            date,
            buyer: kept.buyer,
            seller: kept.seller,
            fees_to,
            from,
            to,
            reason: reason.to_owned(),
        };
        let standing: Vec<Stands> = if self.venue.is_made_of(market, date) {
            self.clearing.standing(market, date).map(stands).collect()
        } else {
            Vec::new()
        };
        let now = self.time;
        let (venue, mut after) = self.floor(out);
        venue.revise(now, revision, standing.into_iter(), &mut after);
        self.schedule_interruption();
        Ok(())
    }

    /// Who answers for the two accounts of a trade.
    fn parties(&self, kept: &Kept) -> Option<(ParticipantId, ParticipantId)> {
        let of = |account| self.registry.live(account).map(|account| account.participant);
        Some((of(kept.buyer)?, of(kept.seller)?))
    }
}

fn stands(kept: &Kept) -> Stands {
    let &Kept { instrument, method, price, quantity, own, .. } = kept;
    Stands { instrument, method, price, quantity, own }
}
