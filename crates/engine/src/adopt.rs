//! Adoption of a rulebook: a market opens, or its rules are amended.

use crate::rulebook::{Rulebook, Version};
use crate::{Adopted, EngineRejection, Event, Events, OPERATOR, Rejection, State};
use base::{AssetId, MarketId, TimeOfDay};
use registry::{AccountKind, AssetClass, DefineAsset, OpenAccount, OpeningRejection};
use trading::rules::Corrections;

impl State {
    /// Adopts a rulebook. For a market that is open it takes effect from the next day: versions that begin later hold from
    /// their own dates.
    pub(crate) fn adopt(&mut self, rulebook: &Rulebook, out: &mut Events) -> Result<(), Rejection> {
        self.check_adopted(rulebook)?;
        if let Some(market) = self.market_id(&rulebook.code) {
            let adopted = &mut self.markets[market.index()];
            adopted.rulebook = rulebook.clone();
            adopted.amended = true;
            out.push(Event::RulebookAdopted { market });
            return Ok(());
        }
        self.open_market(rulebook, out)
    }

    /// Whether a rulebook is one, and fits the market that it amends.
    pub(crate) fn check_adopted(&self, rulebook: &Rulebook) -> Result<(), Rejection> {
        check(rulebook)?;
        let Some(market) = self.market_id(&rulebook.code) else { return Ok(()) };
        let old = &self.markets[market.index()].rulebook;
        if begins(old) != begins(rulebook) {
            return Err(EngineRejection::DayBeginsChanged.into());
        }
        if (&old.currency, &old.unit, old.price) == (&rulebook.currency, &rulebook.unit, rulebook.price) {
            Ok(())
        } else {
            Err(EngineRejection::FormatChanged.into())
        }
    }

    fn open_market(&mut self, rulebook: &Rulebook, out: &mut Events) -> Result<(), Rejection> {
        let currency = self.currency(rulebook)?;
        let fees = format!("{}-fees", rulebook.code);
        if fees.len() > 32 {
            return Err(OpeningRejection::CodeMalformed.into());
        }
        if self.registry.account_id(&fees).is_some() {
            return Err(OpeningRejection::CodeTaken.into());
        }
        let currency = match currency {
            Some(currency) => currency,
            None => {
                let (code, decimals) = (rulebook.currency.code.clone(), rulebook.currency.decimals);
                let define = DefineAsset { code, class: AssetClass::Currency, decimals, market: None };
                self.registry.define_asset(&define, &mut out.registry())?
            }
        };
        let open = OpenAccount { participant: OPERATOR, code: fees, kind: AccountKind::House, owner: None };
        let fee_account = self.registry.open_account(&open, &mut out.registry())?;

        let market = MarketId::at(self.markets.len());
        let first_day = rulebook.versions[0].from;
        let today = rulebook.versions[0].trading.calendar.local(self.time).0;
        let version = rulebook.version_on(today);
        self.venue.add_market(version.trading.clone(), currency, first_day, self.time);
        self.clearing.add_market(version.clearing.clone(), fee_account, today);
        self.clearing.set_window(market, version.trading.corrections.day_ends());
        self.registry.set_rules(market, version.registry.clone());
        self.watch.set_rules(market, version.supervision, version.trading.own == trading::rules::Own::Owner);
        let (in_force, two_persons) = (version.from, version.two_persons.clone());
        self.markets.push(Adopted {
            rulebook: rulebook.clone(),
            currency,
            fee_account,
            in_force,
            amended: false,
            two_persons,
        });
        self.schedule();
        out.push(Event::RulebookAdopted { market });
        out.push(Event::RulesInForce { market, from: in_force });
        self.venue.take_up_clock(market, &mut out.trading());
        Ok(())
    }

    fn currency(&self, rulebook: &Rulebook) -> Result<Option<AssetId>, Rejection> {
        let Some(id) = self.registry.asset_id(&rulebook.currency.code) else {
            self.registry.check_asset_code(&rulebook.currency.code)?;
            return Ok(None);
        };
        let asset = self.registry.asset(id);
        let same = asset.class == AssetClass::Currency && asset.decimals == rulebook.currency.decimals;
        if same { Ok(Some(id)) } else { Err(EngineRejection::CurrencyMismatch.into()) }
    }
}

/// The engine trusts no rulebook: a zero lot or a missing version would break an invariant later.
fn check(rulebook: &Rulebook) -> Result<(), EngineRejection> {
    if !base::is_code(&rulebook.code) {
        return Err(EngineRejection::CodeMalformed);
    }
    if rulebook.versions.is_empty() || !rulebook.versions.is_sorted_by(|a, b| a.from < b.from) {
        return Err(EngineRejection::VersionsNotRising);
    }
    let sound = rulebook.versions.iter().all(|version| {
        let (trading, registry) = (&version.trading, &version.registry);
        let fees = version.clearing.fees.iter().flat_map(|fee| [&fee.buyer, &fee.seller]);
        let bands = [
            trading.listing.as_ref().map(|listing| listing.band),
            trading.block.as_ref().map(|block| block.band),
            trading.auction.as_ref().and_then(|auction| auction.band),
        ];
        bands.iter().flatten().all(|band| band.0 > 0)
            && trading.tick_value > 0
            && trading.lot.is_positive()
            && trading.corrections.day_ends().is_none_or(|days| days <= u32::from(Corrections::DAYS_MAX) + 1)
            && is_calendar_sound(trading)
            && trading.launch_reference.is_none_or(base::Price::is_positive)
            && registry.resale_after_days <= 3_660
            && registry.offset_cap.0 >= 0
            && version.two_persons.as_ref().is_none_or(|two| two.deposit_from.0 >= 0)
            && registry.preallocation.is_none_or(|rate| rate.0 >= 0)
            && fees
                .into_iter()
                .all(|f| f.rate_ppm >= 0 && f.least.0 >= 0 && f.most.is_none_or(|most| most >= f.least))
    });
    if !sound || !rulebook.versions.iter().all(is_continuous_sound) {
        return Err(EngineRejection::NumberNotPositive);
    }
    if rulebook.versions.iter().any(|version| version.trading.calendar.day_begins != begins(rulebook)) {
        return Err(EngineRejection::DayBeginsChanged);
    }
    let both = |version: &Version| version.trading.listing.is_some() && version.trading.continuous.is_some();
    if rulebook.versions.iter().any(both) { Err(EngineRejection::TwoWaysToTrade) } else { Ok(()) }
}

/// When the trading day of a market begins, in every version of its rules.
fn begins(rulebook: &Rulebook) -> TimeOfDay {
    rulebook.versions.first().map(|first| first.trading.calendar.day_begins).unwrap_or_default()
}

/// Every day ends after it begins and before the next one does.
fn is_calendar_sound(rules: &trading::rules::Rules) -> bool {
    let begins = rules.calendar.day_begins;
    let ends = rules.hours.iter().filter_map(|hours| hours.day_end).chain([rules.calendar.day_end]);
    let within = |end: TimeOfDay| TimeOfDay(0) < end && end < TimeOfDay::DAY;
    begins < TimeOfDay::DAY && ends.map(|end| end.since(begins)).all(within)
}

fn is_continuous_sound(version: &Version) -> bool {
    version.clearing.book.is_sound()
        && version.trading.continuous.as_ref().is_none_or(|rules| {
            rules.band.0 > 0
                && rules.dynamic_band.is_none_or(|band| band.0 > 0 && rules.interruption_s > 0)
                && rules.quantity_max >= version.trading.lot
                && rules.value_max.is_none_or(base::Money::is_positive)
                && rules.orders_per_second_max != Some(0)
        })
}
