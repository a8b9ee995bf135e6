//! The trading day: which market is where in its calendar, and the steps by which it moves on.

use crate::{
    End, Event, Instrument, Line, Phase, PostTrade, PriceLine, Statistics, Terms, Turnover, Venue,
    floor::phase_at,
    instrument,
    rules::{CompositePrice, DayHours, Rules},
};
use base::{
    AssetId, AuctionId, Calendar, Date, InstrumentId, MarketId, Method, Money, Price, Quantity, Session,
    TimeOfDay, Timestamp,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A market and its place in the calendar.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Market {
    pub(crate) rules: Rules,
    pub(crate) currency: AssetId,
    /// There is no trading before this day.
    pub(crate) first_day: Date,
    /// Declared after the rulebook was adopted.
    pub(crate) holidays: BTreeSet<Date>,
    /// The trading day.
    pub(crate) date: Date,
    /// The hours of that day.
    pub(crate) hours: DayHours,
    /// The last moment of that day whose bell has rung, counted from its beginning.
    pub(crate) rung: TimeOfDay,
    /// Which methods are open, in the order of [`Method::ALL`].
    open: [bool; 3],
    /// What the clock says the order books do.
    pub(crate) book_phase: Phase,
    /// The last trading day is over, and its price list stands.
    pub(crate) ended: bool,
    /// The day whose statistics the instruments carry.
    pub(crate) list_date: Date,
    /// The composite line.
    pub(crate) composite: Option<Statistics>,
    /// Its close as it was published when the last day ended.
    published: Option<Price>,
}

/// What the composite line sees of a trade.
pub(crate) struct Made {
    pub(crate) market: MarketId,
    pub(crate) instrument: InstrumentId,
    pub(crate) method: Method,
    pub(crate) quantity: Quantity,
    pub(crate) amount: Money,
    /// An owner traded with itself: it moves no price.
    pub(crate) own: bool,
}

/// A step that is due by the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Due {
    /// An interruption of an order book ends.
    Interruption(InstrumentId),
    /// The bids of an auction close.
    Auction(AuctionId),
    /// A date begins in a market.
    DayBegins(MarketId, Date),
    /// A session opens or closes, or the trading day ends.
    Bell(MarketId),
}

impl Market {
    pub(crate) fn is_open(&self, method: Method) -> bool {
        self.open[method.index()]
    }

    pub(crate) fn trades_on(&self, date: Date) -> bool {
        date >= self.first_day && self.rules.calendar.is_trading_day(date) && !self.holidays.contains(&date)
    }

    /// Whether a span lies within one session of a method on the current day.
    pub(crate) fn spans_session(&self, method: Method, opens: Timestamp, closes: Timestamp) -> bool {
        let at = |since| self.rules.calendar.moment(self.date, since);
        let within = |s: &Session| at(s.opens) <= opens && opens < closes && closes <= at(s.closes);
        self.trades_on(self.date) && self.hours.sessions(method).iter().any(within)
    }

    /// Opens and closes methods as the last bell says; the beginning of the day is one, for a session that begins with it.
    fn change_phases(&mut self, id: MarketId, out: &mut impl FnMut(Event)) {
        let bell = self.rung;
        let day_goes_on = !self.ended && bell < self.hours.day_end;
        for method in Method::ALL {
            let inside = |s: &Session| s.opens <= bell && bell < s.closes;
            let open = day_goes_on && self.hours.sessions(method).iter().any(inside);
            if open != self.open[method.index()] {
                self.open[method.index()] = open;
                out(Event::PhaseChanged { market: id, method, open });
            }
        }
        self.book_phase = if day_goes_on { phase_at(&self.hours, bell) } else { Phase::Closed };
    }

    fn next_bell(&self) -> (Timestamp, Option<TimeOfDay>) {
        let calendar: &Calendar = &self.rules.calendar;
        if self.trades_on(self.date)
            && let Some(bell) = self.hours.bell_after(self.rung)
        {
            return (calendar.moment(self.date, bell), Some(bell));
        }
        let tomorrow = calendar.begins(self.date.next());
        // Instants end in the year 2262; a day that cannot be told begins never.
        let begins = calendar.local(tomorrow).0 > self.date;
        (if begins { tomorrow } else { Timestamp::MAX }, None)
    }
}

impl Venue {
    /// Opens a market. It starts at `now`, in the middle of whatever day that is, with trading closed until the next bell, or
    /// until [`Venue::take_up_clock`].
    pub fn add_market(
        &mut self,
        rules: Rules,
        currency: AssetId,
        first_day: Date,
        now: Timestamp,
    ) -> MarketId {
        let (date, time) = rules.calendar.local(now);
        let (hours, rung) = (rules.hours_on(date), time.since(rules.calendar.day_begins));
        let id = MarketId::at(self.markets.len());
        self.markets.push(Market {
            rules,
            currency,
            first_day,
            holidays: BTreeSet::new(),
            date,
            hours,
            rung,
            open: [false; 3],
            book_phase: Phase::Closed,
            ended: true,
            list_date: date,
            composite: None,
            published: None,
        });
        // A market that opens in the morning trades from the next bell of that same day.
        let market = &mut self.markets[id.index()];
        market.ended = !market.trades_on(date) || rung >= market.hours.day_end;
        id
    }

    /// A market that was opened during a session does what the clock says, if its rules say so.
    pub fn take_up_clock(&mut self, id: MarketId, out: &mut impl FnMut(Event)) {
        let market = &mut self.markets[id.index()];
        if market.rules.calendar.opens_on_adoption {
            market.change_phases(id, out);
        }
    }

    /// Puts rules into force. The engine does this between two days.
    pub fn set_rules(&mut self, market: MarketId, rules: Rules) {
        self.markets[market.index()].rules = rules;
    }

    /// The local date of a market.
    #[must_use]
    pub fn date(&self, market: MarketId) -> Date {
        self.markets[market.index()].date
    }

    /// Whether a market trades on a day: by its rules, and by what was declared since.
    #[must_use]
    pub fn trades_on(&self, market: MarketId, date: Date) -> bool {
        self.markets[market.index()].trades_on(date)
    }

    /// Whether a method of a market is open; of order books see [`Venue::book_phase`].
    #[must_use]
    pub fn is_open(&self, market: MarketId, method: Method) -> bool {
        self.markets[market.index()].is_open(method)
    }

    /// Holidays of a market that were declared and are not in its rules.
    #[must_use]
    pub fn declared_holidays(&self, market: MarketId) -> &BTreeSet<Date> {
        &self.markets[market.index()].holidays
    }

    /// The day of the price list that stands or is being made.
    #[must_use]
    pub fn list_date(&self, market: MarketId) -> Date {
        self.markets[market.index()].list_date
    }

    /// Whether that day is over, so that its price list stands.
    #[must_use]
    pub fn day_ended(&self, market: MarketId) -> bool {
        self.markets[market.index()].ended
    }

    /// The first step that is due by the calendar, and when.
    #[must_use]
    pub fn next_due(&self) -> Option<(Timestamp, Due)> {
        let bells = self.markets.iter().enumerate().map(|(index, market)| {
            let id = MarketId::at(index);
            match market.next_bell() {
                (at, Some(_)) => (at, Due::Bell(id)),
                (at, None) => (at, Due::DayBegins(id, market.date.next())),
            }
        });
        let auction = self.next_auction().map(|(at, id)| (at, Due::Auction(id)));
        let interruption = self.floor.next_interruption().map(|(at, id)| (at, Due::Interruption(id)));
        bells.chain(auction).chain(interruption).min()
    }

    /// Begins a date. A trading day starts a new price list from the closes of the last one.
    pub fn begin_day(&mut self, now: Timestamp, id: MarketId, date: Date, after: &mut impl PostTrade) {
        let trading = self.markets[id.index()].trades_on(date);
        if trading {
            let composite = self.composite_close(id);
            let list_date = self.markets[id.index()].list_date;
            let close_price = self.markets[id.index()].rules.continuous.as_ref().map(|rules| rules.close);
            for instrument in self.instruments.iter_mut().filter(|instrument| instrument.market == id) {
                if instrument.day.has_traded() {
                    instrument.past.push((list_date, instrument.day.priced()));
                }
                instrument.day = instrument.day.next_day(instrument.close());
                instrument.close_price = close_price.unwrap_or_default();
            }
            self.begin_composite(id, composite);
            let market = &mut self.markets[id.index()];
            market.list_date = date;
            market.ended = false;
        }
        let market = &mut self.markets[id.index()];
        (market.date, market.hours) = (date, market.rules.hours_on(date));
        market.rung = TimeOfDay(0);
        after.event(Event::DayBegan { market: id, date, trading });
        market.change_phases(id, &mut |event| after.event(event));
        if trading {
            self.begin_book_day(id, after);
        }
        self.move_books(now, id, after);
    }

    /// Rings the next bell of a market: sessions open and close; at the end of the day what still stands expires. Returns
    /// what was set aside for that.
    pub fn ring(&mut self, now: Timestamp, id: MarketId, after: &mut impl PostTrade) -> Vec<Terms> {
        let market = &mut self.markets[id.index()];
        let (_, Some(bell)) = market.next_bell() else { return Vec::new() };
        market.rung = bell;
        let day_ends = bell == market.hours.day_end;
        let over = market.ended;
        market.change_phases(id, &mut |event| after.event(event));
        self.move_books(now, id, after);
        if !day_ends || over {
            return Vec::new();
        }
        let listed_here: Vec<bool> =
            self.instruments.iter().map(|instrument| instrument.market == id).collect();
        let ended = self.remove_where(
            End::Expired,
            |_, instrument: InstrumentId| listed_here[instrument.index()],
            &mut |event| after.event(event),
        );
        self.expire_orders(id, after);
        self.markets[id.index()].published = self.composite_close(id);
        self.markets[id.index()].ended = true;
        for line in self.price_list(id) {
            after.event(Event::LineClosed(Box::new(line)));
        }
        after.event(Event::DayEnded { market: id, date: self.markets[id.index()].date });
        ended
    }

    /// The price list of a market as it stands: its instruments, then its composite.
    #[must_use]
    pub fn price_list(&self, id: MarketId) -> Vec<PriceLine> {
        let market = &self.markets[id.index()];
        let line = |(index, instrument): (usize, &Instrument)| {
            let line = Line::Instrument(InstrumentId::at(index));
            PriceLine::of(line, market.list_date, &instrument.day, instrument.close())
        };
        let here = self.instruments.iter().enumerate().filter(|(_, instrument)| instrument.market == id);
        let mut lines: Vec<PriceLine> =
            here.filter(|(_, i)| !i.delisted || i.day.has_traded()).map(line).collect();
        if let (Some(composite), Some(close)) = (&market.composite, self.composite_close(id)) {
            lines.push(PriceLine::of(Line::Composite(id), market.list_date, composite, close));
        }
        lines
    }

    fn on_list(&self, id: MarketId) -> impl Iterator<Item = &Instrument> {
        self.instruments.iter().filter(move |instrument| instrument.market == id && !instrument.delisted)
    }

    /// The composite line of a new day. A rule that begins to ask for one finds the line from that day on, with what its
    /// instruments traded before; where the rule names an instrument that is not listed, the line stands still.
    fn begin_composite(&mut self, id: MarketId, close: Option<Price>) {
        let mut total = [Turnover::default(); 3];
        for instrument in self.instruments.iter().filter(|instrument| instrument.market == id) {
            for (sum, traded) in total.iter_mut().zip(instrument.day.total) {
                sum.volume += traded.volume;
                sum.amount += traded.amount;
            }
        }
        let composite = &mut self.markets[id.index()].composite;
        *composite = match (&*composite, close) {
            (Some(composite), close) => Some(composite.next_day(close.unwrap_or(composite.reference))),
            (None, Some(close)) => Some(Statistics::starting_at(close, total)),
            (None, None) => None,
        };
    }

    /// The composite's close as it stands; when the day is over, as it was published: what is listed, delisted or ruled
    /// differently in the evening does not change it.
    pub(crate) fn composite_close(&self, id: MarketId) -> Option<Price> {
        let market = &self.markets[id.index()];
        let rule = market.rules.composite.as_ref()?;
        if let Some(published) = market.published.filter(|_| market.ended) {
            return Some(published);
        }
        let closes = self.on_list(id).map(|instrument| (instrument.code.as_str(), instrument.close()));
        instrument::composite_price(&rule.price, closes)
    }

    /// The composite moves with each listed trade that its rule looks at: the same rule over the last prices.
    pub(crate) fn record_composite(&mut self, made: &Made) {
        let market = &self.markets[made.market.index()];
        let Some(rule) = market.rules.composite.as_ref() else { return };
        let last = self.on_list(made.market).map(|i| (i.code.as_str(), i.last_or_reference()));
        let moves = match &rule.price {
            CompositePrice::Mean => true,
            CompositePrice::Instrument(code) => self.instruments[made.instrument.index()].code == *code,
        };
        let price = instrument::composite_price(&rule.price, last).filter(|_| moves);
        let Some(composite) = &mut self.markets[made.market.index()].composite else { return };
        composite.count(made.method, made.quantity.0, made.amount.0);
        if let (Method::Listed | Method::Continuous, false, Some(price)) = (made.method, made.own, price) {
            composite.mark(price);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::{Composite, ListingRules};
    use crate::{ListInstrument, PlaceOrder, TakeListing};
    use base::{AccountId, BasisPoints, Quantity, Side};

    fn rules(price: CompositePrice) -> Rules {
        let time = |text: &str| TimeOfDay::parse(text).unwrap();
        Rules {
            calendar: Calendar {
                offsets: Vec::new(),
                weekdays: 0b111_1111,
                holidays: BTreeSet::new(),
                day_end: time("15:00"),
                ..Calendar::default()
            },
            tick_value: 1,
            lot: Quantity(1),
            launch_reference: Some(Price(100)),
            listing: Some(ListingRules {
                sessions: vec![Session { opens: time("09:00"), closes: time("15:00") }],
                band: BasisPoints(1_000),
                quantity_below: Quantity(1_000),
                best_prices: 5,
            }),
            block: None,
            auction: None,
            continuous: None,
            hours: Vec::new(),
            composite: Some(Composite { code: "ALL".to_owned(), price }),
            own: crate::rules::Own::Owner,
            corrections: crate::rules::Corrections::Never,
        }
    }

    const MARKET: MarketId = MarketId(0);

    /// Nobody to tell.
    struct Quiet;

    impl PostTrade for Quiet {
        fn event(&mut self, _: Event) {}
        fn settle(&mut self, _: &base::Fill) {}
        fn release(&mut self, _: base::Hold) {}
        fn same_owner(&self, one: AccountId, other: AccountId) -> bool {
            one == other
        }
        fn tariff(&self, _: &Instrument) -> base::Tariff {
            base::Tariff::default()
        }
    }

    fn list(venue: &mut Venue, code: &str, reference: i64) -> InstrumentId {
        let (code, reference, carried) = (code.to_owned(), Some(Price(reference)), Default::default());
        let command = ListInstrument { market: MARKET, code, asset: AssetId(1), reference, carried };
        venue.list(&command, &mut |_| ()).unwrap()
    }

    fn trade(venue: &mut Venue, instrument: InstrumentId, price: i64) {
        let (price, quantity) = (Price(price), Quantity(1));
        let order = PlaceOrder { account: AccountId(1), instrument, side: Side::Sell, price, quantity };
        let amount = venue.check_place(&order).unwrap().amount;
        let listing = venue.place(&order, amount, &mut |_| ());
        let take = TakeListing { account: AccountId(2), listing, quantity };
        venue.check_take(&take, |_, _| false).unwrap();
        venue.take(&take, &mut |_| ());
    }

    fn ring_until_the_end(venue: &mut Venue) {
        while !venue.markets[0].ended {
            venue.ring(Timestamp(0), MARKET, &mut Quiet);
        }
    }

    fn composite(venue: &Venue) -> PriceLine {
        venue.price_list(MARKET).into_iter().find(|line| line.line == Line::Composite(MARKET)).unwrap()
    }

    #[test]
    fn a_close_that_was_published_is_not_computed_again() {
        let mut venue = Venue::default();
        venue.add_market(rules(CompositePrice::Mean), AssetId(0), Date(0), Timestamp(0));
        venue.begin_day(Timestamp(0), MARKET, Date(1), &mut Quiet);
        list(&mut venue, "A", 100);
        let second = list(&mut venue, "B", 100);
        venue.ring(Timestamp(0), MARKET, &mut Quiet);
        trade(&mut venue, second, 110);
        ring_until_the_end(&mut venue);
        assert_eq!(composite(&venue).close, Price(105));
        // Other rules, another instrument: the day that is over keeps its price list, and the next one starts from it.
        list(&mut venue, "C", 300);
        venue.set_rules(MARKET, rules(CompositePrice::Instrument("B".to_owned())));
        assert_eq!(composite(&venue).close, Price(105));
        venue.begin_day(Timestamp(0), MARKET, Date(2), &mut Quiet);
        assert_eq!(composite(&venue).previous_close, Price(105));
        assert_eq!(composite(&venue).close, Price(110));
    }

    #[test]
    fn a_composite_of_one_instrument_has_its_prices() {
        let mut venue = Venue::default();
        let one = CompositePrice::Instrument("B".to_owned());
        venue.add_market(rules(one), AssetId(0), Date(0), Timestamp(0));
        venue.begin_day(Timestamp(0), MARKET, Date(1), &mut Quiet);
        let (first, second) = (list(&mut venue, "A", 100), list(&mut venue, "B", 100));
        venue.ring(Timestamp(0), MARKET, &mut Quiet);
        trade(&mut venue, first, 91);
        trade(&mut venue, second, 105);
        trade(&mut venue, second, 103);
        let line = composite(&venue);
        let prices = (line.open, line.high, line.low, line.close);
        assert_eq!(prices, (Price(105), Some(Price(105)), Some(Price(103)), Price(104)));
        assert_eq!(line.turnover[0].volume, 3, "its turnover is that of the whole market");
    }
}
