//! Who may enter, amend and end orders of a book: docs/trading.md, read once more.

use super::{Order, Place, hold, reaches};
use crate::audit::shadow::Shadow;
use crate::audit::verdict::{Verdict, first};
use base::{OrderId, Price, Quantity, Side};
use engine::Event as Happened;
use trading::rules::ContinuousRules;
use trading::{
    AmendOrder, CancelOrder, End, EnterOrder, Event, Life, MassCancel, OrderKind, Phase, SetTradingBlocked,
    Whose,
};

type Judged = Result<Verdict, &'static str>;

const SECOND: i64 = 1_000_000_000;

fn small(units: i128) -> i64 {
    i64::try_from(units).unwrap_or(i64::MAX)
}

impl Shadow {
    pub(super) fn paced(&self, account: u32, rules: &ContinuousRules) -> bool {
        let (second, orders) = self.paces.get(&account).copied().unwrap_or((i64::MIN, 0));
        let orders = if second == self.time.div_euclid(SECOND) { orders } else { 0 };
        rules.orders_per_second_max.is_some_and(|most| orders >= most)
    }

    pub(super) fn count_pace(&mut self, account: u32, instrument: u32) {
        let rules = self.market_of(instrument).and_then(|market| market.rules.trading.continuous.as_ref());
        if rules.is_none_or(|rules| rules.orders_per_second_max.is_none()) {
            return;
        }
        let now = self.time.div_euclid(SECOND);
        let pace = self.paces.entry(account).or_insert((now, 0));
        *pace = if pace.0 == now { (now, pace.1 + 1) } else { (now, 1) };
    }

    pub(super) fn judge_reserve(
        &self,
        account: u32,
        asset: u32,
        needed: i128,
        side: Side,
    ) -> Result<(), &'static str> {
        let short = if side == Side::Buy { "hold/insufficient_cash" } else { "hold/insufficient_holding" };
        first(&[
            (self.frozen(account), "hold/account_frozen"),
            (self.ledger.available(account, asset) < needed, short),
        ])
    }

    pub(in crate::audit) fn judge_enter(&self, c: &EnterOrder) -> Judged {
        let id = c.instrument.0;
        let (Some(instrument), Some(market)) = (self.instrument(id), self.market_of(id)) else {
            return Err("enter/instrument_unknown");
        };
        first(&[(instrument.delisted, "enter/instrument_delisted")])?;
        let Some(rules) = &market.rules.trading.continuous else { return Err("enter/method_not_offered") };
        let (low, high) = self.book_band(id);
        let lot = i128::from(market.rules.trading.lot.0);
        let (price, quantity) = (i128::from(c.price.0), i128::from(c.quantity.0));
        let limit = c.kind == OrderKind::Limit;
        first(&[
            (market.book_phase() == Phase::Closed, "enter/market_closed"),
            (instrument.halted, "enter/instrument_halted"),
            (self.paced(c.account.0, rules), "enter/rate_exceeded"),
            (quantity <= 0, "enter/quantity_not_positive"),
            (quantity % lot != 0, "enter/quantity_off_lot"),
            (c.quantity > rules.quantity_max, "enter/quantity_too_large"),
            (limit != (price > 0) || !limit && price != 0, "enter/price_unfit"),
            (limit && (price < low || price > high), "enter/price_outside_band"),
        ])?;
        let worst = match (limit, c.side) {
            (true, _) => price,
            (false, Side::Buy) => high,
            (false, Side::Sell) => low,
        };
        self.judge_conditions(c, rules, lot)?;
        let best = if c.side == Side::Buy { worst } else { high };
        let held = self.amount(id, best, quantity).and_then(|amount| hold(&self.tariff(id), 0, amount));
        let value =
            rules.value_max.map(|most| self.amount(id, worst, quantity).map(|value| value > most.0.into()));
        let crosses = self
            .queue(id, c.side.opposite())
            .first()
            .is_some_and(|(_, maker)| reaches(c.side, worst, maker.price));
        let continuous = self.phase(id) == Phase::Continuous;
        first(&[
            (held.is_none() || value == Some(None), "enter/amount_too_large"),
            (value == Some(Some(true)), "enter/value_too_large"),
            (c.post_only && continuous && crosses, "enter/would_take"),
        ])?;
        let (asset, needed) = match c.side {
            Side::Buy => (market.currency, held.unwrap_or_default()),
            Side::Sell => (instrument.asset, quantity),
        };
        self.judge_reserve(c.account.0, asset, needed, c.side)?;
        Ok(Verdict::Taken)
    }

    fn judge_conditions(
        &self,
        c: &EnterOrder,
        rules: &ContinuousRules,
        lot: i128,
    ) -> Result<(), &'static str> {
        let id = c.instrument.0;
        let phase = self.phase(id);
        let today = self.market_of(id).map_or(0, |market| market.date);
        let limit = c.kind == OrderKind::Limit;
        let lasts = matches!(c.life, Life::Day | Life::UntilCancelled | Life::UntilDate(_));
        let possible = match c.life {
            Life::Day => true,
            Life::UntilCancelled => limit,
            Life::UntilDate(last) => limit && last.0 >= today,
            Life::Immediate | Life::FillOrKill => phase == Phase::Continuous,
            Life::AtOpen => phase == Phase::OpeningCall,
            Life::AtClose => {
                self.market_of(id).is_some_and(|market| !market.hours(market.date).closing.is_empty())
            }
        };
        let (minimum, display) = (i128::from(c.minimum.0), i128::from(c.display.0));
        let (quantity, trigger) = (i128::from(c.quantity.0), i128::from(c.trigger.0));
        let lots = |units: i128| units > 0 && units % lot == 0;
        let for_call = matches!(c.life, Life::AtOpen | Life::AtClose);
        let at_once = phase == Phase::Continuous || trigger != 0;
        let last = self.instrument(id).map_or(0, super::Instrument::last);
        let untraded = self.instrument(id).is_some_and(|listed| listed.last_traded().is_none());
        let ahead = if c.side == Side::Buy { trigger > last } else { trigger < last }
            || untraded && trigger == last && rules.stop_at_reference;
        let (low, high) = self.book_band(id);
        first(&[
            (!possible, "enter/life_unfit"),
            (c.post_only && !(limit && lasts && trigger == 0), "enter/post_only_unfit"),
            (
                minimum != 0
                    && !(lots(minimum) && minimum <= quantity && at_once && !for_call && !c.post_only),
                "enter/minimum_unfit",
            ),
            (display != 0 && !(lots(display) && display < quantity && limit && lasts), "enter/display_unfit"),
            (trigger != 0 && !(ahead && low <= trigger && trigger <= high && lasts), "enter/trigger_unfit"),
        ])
    }

    pub(in crate::audit) fn judge_amend(&self, c: &AmendOrder) -> Judged {
        let Some(order) = self.books.get(&c.order.0) else { return Err("amend/order_unknown") };
        first(&[(order.account != c.account.0, "amend/not_the_owner")])?;
        let id = order.instrument;
        let known = self.instrument(id).zip(self.market_of(id));
        let rules = known.and_then(|(_, market)| market.rules.trading.continuous.as_ref());
        let (Some((instrument, market)), Some(rules)) = (known, rules) else {
            return Err("amend/market_closed");
        };
        let (low, high) = self.book_band(id);
        let (price, quantity) = (i128::from(c.price.0), i128::from(c.quantity.0));
        let left = quantity - order.filled;
        first(&[
            (market.book_phase() == Phase::Closed, "amend/market_closed"),
            (instrument.halted, "amend/instrument_halted"),
            (self.paced(c.account.0, rules), "amend/rate_exceeded"),
            (order.place != Place::Book, "amend/not_in_the_book"),
            (left <= 0, "amend/quantity_not_above_traded"),
            (quantity % i128::from(market.rules.trading.lot.0) != 0, "amend/quantity_off_lot"),
            (c.quantity > rules.quantity_max, "amend/quantity_too_large"),
            (price < low || price > high, "amend/price_outside_band"),
            ((price, left) == (order.price, order.left), "amend/nothing_to_do"),
        ])?;
        let best = if order.side == Side::Buy { price } else { high };
        let held = self.amount(id, best, left).and_then(|amount| hold(&self.tariff(id), order.base, amount));
        let value =
            rules.value_max.map(|most| self.amount(id, price, quantity).map(|value| value > most.0.into()));
        let crosses = self
            .queue(id, order.side.opposite())
            .first()
            .is_some_and(|(_, maker)| reaches(order.side, price, maker.price));
        first(&[
            (held.is_none() || value == Some(None), "amend/amount_too_large"),
            (value == Some(Some(true)), "amend/value_too_large"),
            (order.post_only && self.phase(id) == Phase::Continuous && crosses, "amend/would_take"),
        ])?;
        let (asset, more) = match order.side {
            // What keeps its place is covered: fees that have risen are bounded by what was set aside.
            Side::Buy if price == order.price && left < order.left => (market.currency, 0),
            Side::Buy => (market.currency, held.unwrap_or_default() - order.held),
            Side::Sell => (instrument.asset, left - order.left),
        };
        self.judge_reserve(c.account.0, asset, more.max(0), order.side)?;
        Ok(Verdict::Begins(Happened::Trading(Event::OrderAmended {
            order: c.order,
            instrument: base::InstrumentId(id),
            price: c.price,
            left: Quantity(small(left)),
            kept_place: price == order.price && left < order.left,
        })))
    }

    pub(in crate::audit) fn judge_cancel_book(&self, c: &CancelOrder) -> Judged {
        let Some(order) = self.books.get(&c.order.0) else { return Err("cancel/order_unknown") };
        first(&[(order.account != c.account.0, "cancel/not_the_owner")])?;
        let left = Quantity(small(order.left));
        Ok(Verdict::Begins(Happened::Trading(Event::OrderEnded {
            order: c.order,
            left,
            end: End::Withdrawn,
        })))
    }

    fn judge_whose(&self, of: Whose) -> Result<(), &'static str> {
        match of {
            Whose::Account(id) => first(&[(self.owner(id.0).is_none(), "sweep/account_unknown")]),
            Whose::Participant(id) => {
                first(&[(id.index() >= self.participants.len(), "sweep/participant_unknown")])
            }
            Whose::Everyone => Ok(()),
        }
    }

    pub(in crate::audit) fn judge_mass_cancel(&self, c: &MassCancel) -> Judged {
        let unknown = c.instrument.is_some_and(|id| id.index() >= self.instruments.len());
        first(&[(unknown, "sweep/instrument_unknown")])?;
        self.judge_whose(c.of)?;
        // That there is nothing to end is no refusal.
        Ok(Verdict::Sweeps)
    }

    pub(in crate::audit) fn judge_block(&self, c: &SetTradingBlocked) -> Judged {
        self.judge_whose(c.of)?;
        first(&[
            (c.of == Whose::Everyone, "sweep/not_everyone"),
            (self.blocked.contains(&c.of) == c.blocked, "sweep/nothing_to_do"),
        ])?;
        let set = Event::TradingBlockedSet { of: c.of, blocked: c.blocked };
        Ok(Verdict::Begins(Happened::Trading(set)))
    }

    /// Whether an account is one of those that are meant.
    pub(in crate::audit) fn is_of(&self, account: u32, of: Whose) -> bool {
        match of {
            Whose::Account(id) => id.0 == account,
            Whose::Participant(id) => self.owner(account) == Some(id.0),
            Whose::Everyone => true,
        }
    }

    /// Whether an account or its firm is blocked from trading.
    pub(in crate::audit) fn is_blocked(&self, account: u32) -> bool {
        let firm = self.owner(account).map(|owner| Whose::Participant(base::ParticipantId(owner)));
        self.blocked.contains(&Whose::Account(base::AccountId(account)))
            || firm.is_some_and(|firm| self.blocked.contains(&firm))
    }

    /// The order that a command enters, with what it sets aside.
    pub(super) fn incoming(&self, c: &EnterOrder, worst: Price) -> Order {
        let (price, quantity) = (i128::from(worst.0), i128::from(c.quantity.0));
        let amount = self.amount(c.instrument.0, price, quantity).unwrap_or_default();
        let held = match c.side {
            Side::Sell => quantity,
            Side::Buy => hold(&self.tariff(c.instrument.0), 0, amount).unwrap_or_default(),
        };
        Order {
            account: c.account.0,
            instrument: c.instrument.0,
            side: c.side,
            kind: c.kind,
            price,
            life: c.life,
            post_only: c.post_only,
            self_trade: c.self_trade,
            minimum: c.minimum.0.into(),
            display: c.display.0.into(),
            trigger: c.trigger.0.into(),
            filled: 0,
            left: quantity,
            shown: quantity,
            place: Place::Under,
            since: 0,
            held,
            base: 0,
            paid: 0,
            purse: None,
        }
    }

    /// What a buyer's order can still need; for a seller its units.
    pub(super) fn still_needed(&self, order: &Order) -> i128 {
        let amount = self.amount(order.instrument, order.price, order.left).unwrap_or_default();
        match order.side {
            Side::Sell => order.left,
            // Where fees have risen since, what was set aside bounds them.
            Side::Buy => hold(&self.tariff(order.instrument), order.base, amount)
                .map_or(order.held, |n| n.min(order.held)),
        }
    }

    /// The number of an order, as the trading room writes it.
    #[must_use]
    pub fn is_book_order(id: OrderId) -> bool {
        id.0 & 1 << 52 != 0
    }
}
