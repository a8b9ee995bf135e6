//! Acts of the operator: instruments, halts, corrections, holidays, rulebooks; and the price list of a day.

use super::calendar::{local, version};
use super::finding::{Finding, Found, Kind, check};
use super::shadow::{Instrument, Market, Shadow};
use super::verdict::{Verdict, first, trading as exactly};
use base::{BasisPoints, InstrumentId, MarketId, Price};
use engine::rulebook::Rulebook;
use engine::{Command, Event as Happened};
use std::collections::BTreeSet;
use trading::rules::{ClosePrice, Corrections};
use trading::{
    CorrectReference, DeclareHoliday, DelistInstrument, Event, Line, ListInstrument, PriceLine,
    RelistInstrument, RevokeHoliday, SetHalted,
};

type Judged = Result<Verdict, &'static str>;

/// Whether something can be a code: 1 to 32 letters, digits, '-', '_' or '.'.
pub(super) fn is_code(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    !text.is_empty() && text.len() <= 32 && text.chars().all(fits)
}

impl Shadow {
    fn listed(&self, id: InstrumentId) -> Result<&Instrument, &'static str> {
        let instrument = self.instrument(id.0).ok_or("control/instrument_unknown")?;
        if instrument.delisted { Err("control/instrument_delisted") } else { Ok(instrument) }
    }

    pub(super) fn judge_list(&self, c: &ListInstrument) -> Judged {
        let home = self.assets.get(c.asset.index()).and_then(|asset| asset.market);
        let Some(market) = self.markets.get(c.market.index()).filter(|_| home == Some(c.market.0)) else {
            return Err("control/asset_unfit");
        };
        let composite = market.rules.trading.composite.as_ref().map(|composite| &composite.code);
        let taken = self.codes[3].contains_key(&c.code) || composite == Some(&c.code);
        first(&[(!is_code(&c.code), "control/code_malformed"), (taken, "control/code_taken")])?;
        let unfit = |number: i128| number < 0 || number > i64::MAX.into();
        let unfit = c.carried.iter().any(|carried| unfit(carried.volume) || unfit(carried.amount));
        let rest = |reference: Option<Price>| {
            first(&[
                (reference.is_none(), "control/reference_missing"),
                (reference.is_some_and(|price| price.0 <= 0), "control/price_not_positive"),
                (unfit, "control/turnover_unfit"),
            ])
        };
        if c.reference.is_none() && market.composite {
            // It would start from the composite's close, which is not kept here.
            return Ok(Verdict::Unknown);
        }
        let first_here = self.instruments.iter().all(|instrument| instrument.market != c.market.0);
        let launch = market.rules.trading.launch_reference.filter(|_| first_here);
        let reference = c.reference.or(launch);
        rest(reference)?;
        let instrument = InstrumentId::at(self.instruments.len());
        let reference = reference.unwrap_or_default();
        // Where there is an order book, it opens.
        Ok(Verdict::Begins(Happened::Trading(Event::InstrumentListed { instrument, reference })))
    }

    pub(super) fn judge_delist(&self, c: &DelistInstrument) -> Judged {
        self.listed(c.instrument).map(|_| Verdict::Taken)
    }

    pub(super) fn judge_relist(&self, c: &RelistInstrument) -> Judged {
        let instrument = self.instrument(c.instrument.0).ok_or("control/instrument_unknown")?;
        let given = c.reference.map(|price| i128::from(price.0));
        first(&[
            (!instrument.delisted, "control/nothing_to_do"),
            (given.is_some_and(|price| price <= 0), "control/price_not_positive"),
            (given.is_some() && !instrument.prints.is_empty(), "control/trading_has_begun"),
        ])?;
        let reference = Price(i64::try_from(given.unwrap_or(instrument.reference)).unwrap_or(i64::MAX));
        // Where there is an order book, it opens.
        let relisted = Event::InstrumentRelisted { instrument: c.instrument, reference };
        Ok(Verdict::Begins(Happened::Trading(relisted)))
    }

    pub(super) fn see_relisted(&mut self, id: InstrumentId, reference: Price, command: &Command) -> Found {
        let known = self.instruments.get_mut(id.index()).filter(|known| known.delisted);
        let Some(known) = known else {
            return Err(Finding::new(Kind::Event, format!("instrument {id} came back, and had not left")));
        };
        if matches!(command, Command::RelistInstrument(c) if c.reference.is_some()) {
            (known.reference, known.corrected) = (reference.0.into(), None);
        }
        (known.delisted, known.halted) = (false, false);
        Ok(())
    }

    pub(super) fn judge_halt(&self, c: &SetHalted) -> Judged {
        let instrument = self.listed(c.instrument)?;
        first(&[(instrument.halted == c.halted, "control/nothing_to_do")])?;
        let set = Event::HaltedSet { instrument: c.instrument, halted: c.halted };
        Ok(Verdict::Begins(Happened::Trading(set)))
    }

    pub(super) fn judge_correct(&self, c: &CorrectReference) -> Judged {
        let Line::Instrument(id) = c.line else {
            return match c.line {
                Line::Composite(market) if market.index() >= self.markets.len() => {
                    Err("control/market_unknown")
                }
                _ => Ok(Verdict::Unknown),
            };
        };
        let instrument = self.listed(id)?;
        let ended = self.markets.get(instrument.market as usize).is_some_and(|market| market.ended);
        // A bid stands in an auction that stands.
        let stands = self.standing().any(|(kind, _, order)| kind < 3 && order.instrument == id.0)
            || self.books.values().any(|order| order.instrument == id.0);
        let begun = !ended && (!instrument.prints.is_empty() || stands);
        let from =
            if ended { instrument.corrected.unwrap_or(instrument.close()) } else { instrument.reference };
        first(&[
            (c.price.0 <= 0, "control/price_not_positive"),
            (begun, "control/trading_has_begun"),
            (from == c.price.0.into(), "control/nothing_to_do"),
        ])?;
        let from = Price(i64::try_from(from).unwrap_or(i64::MAX));
        Ok(exactly(vec![Event::ReferenceCorrected { line: c.line, from, to: c.price }]))
    }

    pub(super) fn judge_holiday(&self, c: &DeclareHoliday) -> Judged {
        let Some(market) = self.markets.get(c.market.index()) else { return Err("control/market_unknown") };
        first(&[
            (c.date.0 <= market.date, "control/date_not_ahead"),
            (!market.trades_on(c.date.0), "control/nothing_to_do"),
        ])?;
        Ok(exactly(vec![Event::HolidayDeclared { market: c.market, date: c.date }]))
    }

    pub(super) fn judge_revoked(&self, c: &RevokeHoliday) -> Judged {
        let Some(market) = self.markets.get(c.market.index()) else { return Err("control/market_unknown") };
        first(&[
            (c.date.0 <= market.date, "control/date_not_ahead"),
            (!market.holidays.contains(&c.date.0), "control/nothing_to_do"),
        ])?;
        Ok(exactly(vec![Event::HolidayRevoked { market: c.market, date: c.date }]))
    }

    pub(super) fn judge_adopt(&self, c: &Rulebook) -> Judged {
        let rising = c.versions.windows(2).all(|pair| pair[0].from < pair[1].from);
        first(&[
            (!is_code(&c.code), "rulebook/code_malformed"),
            (c.versions.is_empty() || !rising, "rulebook/versions_not_rising"),
            (!c.versions.iter().all(sound), "rulebook/number_not_positive"),
            (
                c.versions.windows(2).any(|pair| begins(&pair[0]) != begins(&pair[1])),
                "rulebook/day_begins_changed",
            ),
            (c.versions.iter().any(two_ways), "rulebook/two_ways_to_trade"),
        ])?;
        if let Some(market) = self.markets.iter().find(|market| market.rulebook.code == c.code) {
            let old = &market.rulebook;
            let moved = old.versions.first().map(begins) != c.versions.first().map(begins);
            first(&[(moved, "rulebook/day_begins_changed")])?;
            let same = (&old.currency, &old.unit, old.price) == (&c.currency, &c.unit, c.price);
            first(&[(!same, "rulebook/format_changed")])?;
            return Ok(Verdict::Taken);
        }
        let fees = format!("{}-fees", c.code);
        match self.codes[2].get(&c.currency.code).and_then(|id| self.assets.get(*id as usize)) {
            Some(asset) => {
                let same =
                    asset.class == registry::AssetClass::Currency && asset.decimals == c.currency.decimals;
                first(&[(!same, "rulebook/currency_mismatch")])?;
            }
            None => first(&[(!is_code(&c.currency.code), "opening/code_malformed")])?,
        }
        first(&[
            (fees.len() > 32, "opening/code_malformed"),
            (self.codes[1].contains_key(&fees), "opening/code_taken"),
        ])?;
        Ok(Verdict::Taken)
    }

    /// A rulebook was adopted. What a new market needs (its currency, its account for fees) came just before.
    pub(super) fn see_adopted(&mut self, id: MarketId, command: &Command) -> Found {
        let Command::AdoptRulebook(rulebook) = command else {
            return Err(Finding::new(Kind::Event, "a rulebook was adopted by nobody"));
        };
        if let Some(market) = self.markets.get_mut(id.index()) {
            let same = market.rulebook.code == rulebook.code;
            (market.rulebook, market.amended) = ((**rulebook).clone(), true);
            market.composite |= has_composite(rulebook);
            return check(same, Kind::Event, || format!("market {id} got the rulebook of another"));
        }
        let day = rulebook.versions.first().map(|first| local(&first.trading.calendar, self.time));
        let rules = day.and_then(|(day, _)| version(rulebook, day));
        let currency = self.codes[2].get(&rulebook.currency.code);
        let fee_account = self.codes[1].get(&format!("{}-fees", rulebook.code));
        let (Some(day), Some(rules), Some(currency), Some(fee_account)) = (day, rules, currency, fee_account)
        else {
            return Err(Finding::new(Kind::Event, "a market opened without currency or account"));
        };
        let date = local(&rules.trading.calendar, self.time).0;
        let mut market = Market {
            rulebook: (**rulebook).clone(),
            rules: rules.clone(),
            amended: false,
            currency: *currency,
            fee_account: *fee_account,
            first_day: rulebook.versions.first().map_or(0, |first| first.from.0),
            holidays: BTreeSet::new(),
            date,
            list_date: date,
            open: [false; 3],
            ended: true,
            clock: trading::Phase::Closed,
            composite: has_composite(rulebook),
            adopted: local(&rules.trading.calendar, self.time),
            opened_with_the_clock: rules.trading.calendar.opens_on_adoption,
        };
        market.ended = !market.trades_on(date) || day.1 >= market.hours(date).end;
        self.markets.push(market);
        check(id.index() + 1 == self.markets.len(), Kind::Event, || format!("market {id} is not the next"))
    }

    pub(super) fn see_listed(&mut self, id: InstrumentId, reference: Price, command: &Command) -> Found {
        let Command::ListInstrument(c) = command else {
            return Err(Finding::new(Kind::Event, "an instrument was listed by nobody"));
        };
        check(id.index() == self.instruments.len(), Kind::Event, || {
            format!("instrument {id} is not the next")
        })?;
        let tick_value =
            self.markets.get(c.market.index()).map_or(1, |market| market.rules.trading.tick_value);
        let continuous = self.markets.get(c.market.index()).map(|market| &market.rules.trading.continuous);
        let closes_last =
            continuous.map(|rules| rules.as_ref().is_some_and(|rules| rules.close == ClosePrice::Last));
        self.codes[3].insert(c.code.clone(), id.0);
        self.instruments.push(Instrument {
            market: c.market.0,
            asset: c.asset.0,
            code: c.code.clone(),
            tick_value: tick_value.into(),
            halted: false,
            delisted: false,
            reference: reference.0.into(),
            corrected: None,
            closes_last: closes_last.unwrap_or_default(),
            prints: Vec::new(),
            before: c.carried.map(|carried| (carried.volume, carried.amount)),
        });
        Ok(())
    }

    pub(super) fn see_delisted(&mut self, id: InstrumentId) -> Found {
        self.check_nothing_stands("the delisting", |_, instrument| instrument == id.0)?;
        self.delisting = Some(id.0);
        self.instruments.get_mut(id.index()).map_or(Ok(()), |instrument| {
            instrument.delisted = true;
            Ok(())
        })
    }

    pub(super) fn see_corrected(&mut self, line: Line, to: Price) {
        let Line::Instrument(id) = line else { return };
        let market = self.instrument(id.0).map(|instrument| instrument.market as usize);
        let ended = market.and_then(|market| self.markets.get(market)).is_some_and(|market| market.ended);
        if let Some(instrument) = self.instruments.get_mut(id.index()) {
            if ended {
                instrument.corrected = Some(to.0.into());
            } else {
                instrument.reference = to.0.into();
            }
        }
    }

    /// A line of the price list against the trades of the day. Composite lines are not kept here.
    pub(super) fn see_line(&self, line: &PriceLine) -> Found {
        let Line::Instrument(id) = line.line else { return Ok(()) };
        let known = self.instrument(id.0).and_then(|i| Some((i, self.markets.get(i.market as usize)?)));
        let Some((instrument, market)) = known else {
            return Err(Finding::new(Kind::PriceList, format!("a line of instrument {id}")));
        };
        let listed = || {
            instrument.prints.iter().filter(|print| print.method == 0 && !print.own).map(|print| print.price)
        };
        let counted = (
            market.list_date,
            instrument.reference,
            listed().next().unwrap_or(instrument.reference),
            listed().max(),
            listed().min(),
            instrument.close(),
        );
        let of = |price: Option<Price>| price.map(|price| i128::from(price.0));
        let (date, reference, open) = (line.date.0, line.previous_close.0.into(), line.open.0.into());
        let found = (date, reference, open, of(line.high), of(line.low), i128::from(line.close.0));
        check(counted == found, Kind::PriceList, || {
            format!("instrument {id}: date, reference, open, high, low, close {found:?}, counted {counted:?}")
        })?;
        for method in 0..3 {
            let ((volume, amount), before) = (instrument.turnover(method), instrument.before[method]);
            let (day, total) = (line.turnover[method], line.total[method]);
            let right = (day.volume, day.amount) == (volume, amount)
                && (total.volume, total.amount) == (before.0 + volume, before.1 + amount);
            check(right, Kind::PriceList, || {
                format!("instrument {id}, method {method}: {day:?}, {total:?}")
            })?;
        }
        Ok(())
    }
}

/// A market's orders meet either in listed or in continuous trading.
fn two_ways(version: &engine::rulebook::Version) -> bool {
    version.trading.listing.is_some() && version.trading.continuous.is_some()
}

fn book_sound(version: &engine::rulebook::Version) -> bool {
    let tariff = &version.clearing.book;
    let rates = [tariff.taker_ppm, tariff.maker_ppm, tariff.call_ppm, tariff.rebate_ppm];
    rates.iter().all(|rate| (0..=1_000_000).contains(rate))
        && tariff.least.0 >= 0
        && tariff.most.is_none_or(|most| most >= tariff.least)
        && version.trading.continuous.as_ref().is_none_or(|rules| {
            rules.band.0 > 0
                && rules.dynamic_band.is_none_or(|band| band.0 > 0 && rules.interruption_s > 0)
                && rules.quantity_max >= version.trading.lot
                && rules.value_max.is_none_or(|most| most.0 > 0)
                && rules.orders_per_second_max != Some(0)
        })
}

fn has_composite(rulebook: &Rulebook) -> bool {
    rulebook.versions.iter().any(|version| version.trading.composite.is_some())
}

/// When its trading day begins.
fn begins(version: &engine::rulebook::Version) -> u32 {
    version.trading.calendar.day_begins.0
}

/// Lot, tick and counts are above zero, rates are not below it, and a day ends within the day.
fn sound(version: &engine::rulebook::Version) -> bool {
    let (trading, registry) = (&version.trading, &version.registry);
    let positive = |band: BasisPoints| band.0 > 0;
    let fee = |fee: &clearing::rules::FeeSchedule| {
        fee.rate_ppm >= 0 && fee.least.0 >= 0 && fee.most.is_none_or(|most| most.0 >= fee.least.0)
    };
    trading.listing.as_ref().is_none_or(|rules| positive(rules.band))
        && trading.block.as_ref().is_none_or(|rules| positive(rules.band))
        && trading.auction.as_ref().is_none_or(|rules| rules.band.is_none_or(positive))
        && trading.tick_value > 0
        && trading.lot.0 > 0
        && !matches!(trading.corrections, Corrections::DaysAfter(31..))
        && trading.calendar.day_begins.0 < 86_400
        && trading
            .hours
            .iter()
            .filter_map(|hours| hours.day_end)
            .chain([trading.calendar.day_end])
            .all(|end| (1..86_400).contains(&super::calendar::counted(&trading.calendar, end.0)))
        && trading.launch_reference.is_none_or(|price| price.0 > 0)
        && registry.resale_after_days <= 3_660
        && registry.offset_cap.0 >= 0
        && registry.preallocation.is_none_or(|rate| rate.0 >= 0)
        && version.two_persons.as_ref().is_none_or(|rules| rules.deposit_from.0 >= 0)
        && book_sound(version)
        && version.clearing.fees.iter().all(|rule| fee(&rule.buyer) && fee(&rule.seller))
}
