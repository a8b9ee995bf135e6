//! Emissions, surrender, shortfalls and carry-over.

use super::custody::share;
use super::finding::{Finding, Found, Kind};
use super::ledger::{AVAILABLE, FROZEN};
use super::shadow::{Apart, Conversion, Duty, Shadow};
use super::verdict::{Verdict, first, registry as exactly};
use base::{AccountId, AssetId, ConversionId, ParticipantId, Quantity, Role};
use registry::rules::Period;
use registry::{
    ApplyCarryOver, AssetClass, DecideCarryOver, DetermineShortfall, Event, RecordEmissions, Surrender,
};

type Judged = Result<Verdict, &'static str>;

impl Shadow {
    fn period(&self, market: u32, year: i32) -> Option<&Period> {
        let rules = &self.markets.get(market as usize)?.rules.registry;
        rules.periods.iter().find(|period| period.year == year)
    }

    pub(super) fn judge_emissions(&self, c: &RecordEmissions) -> Judged {
        let RecordEmissions { market, participant, year, verified } = *c;
        let known = self.duties.contains_key(&(market.0, year, participant.0));
        first(&[
            (!self.has_role(participant.0, Role::ComplianceEntity), "compliance/not_a_compliance_entity"),
            (self.period(market.0, year).is_none(), "compliance/period_unknown"),
            (verified.0 <= 0, "compliance/quantity_not_positive"),
            (known, "compliance/emissions_already_recorded"),
        ])?;
        Ok(exactly(vec![Event::EmissionsRecorded { market, participant, year, verified }]))
    }

    pub(super) fn judge_surrender(&self, c: &Surrender) -> Judged {
        let Surrender { account, year, asset, quantity } = *c;
        let units = i128::from(quantity.0);
        first(&[(units <= 0, "compliance/quantity_not_positive")])?;
        let unit = self.assets.get(asset.index()).and_then(|asset| Some((asset.class, asset.market?)));
        let Some((class, id)) = unit else { return Err("compliance/not_a_compliance_unit") };
        let owner = self.owner(account.0).unwrap_or_default();
        let Some(duty) = self.duties.get(&(id, year, owner)) else { return Err("compliance/no_duty") };
        let Some(market) = self.markets.get(id as usize) else { return Err("compliance/no_duty") };
        let (vintage, offset) = match class {
            AssetClass::Allowance { first_vintage, .. } => (first_vintage, false),
            AssetClass::Offset { vintage } => (vintage, true),
            AssetClass::Offsets { last_vintage, .. } => (last_vintage, true),
            AssetClass::Currency
            | AssetClass::Security
            | AssetClass::Certificate
            | AssetClass::Right
            | AssetClass::Commodity
            | AssetClass::FundUnit => return Err("compliance/not_a_compliance_unit"),
        };
        let cap = share(duty.verified, market.rules.registry.offset_cap.0);
        first(&[
            (vintage > year && !market.rules.registry.borrowing, "compliance/vintage_too_late"),
            (units > duty.open(), "compliance/exceeds_duty"),
            (offset && duty.given[1] + units > cap, "compliance/offset_cap_exceeded"),
            (self.frozen(account.0), "compliance/account_frozen"),
            (self.ledger.available(account.0, asset.0) < units, "compliance/insufficient_holding"),
        ])?;
        let late = self.period(id, year).is_some_and(|period| market.date > period.deadline.0);
        let participant = ParticipantId(owner);
        Ok(exactly(vec![Event::Surrendered { account, participant, year, asset, quantity, late }]))
    }

    pub(super) fn judge_shortfall(&self, c: &DetermineShortfall) -> Judged {
        let DetermineShortfall { market, participant, year } = *c;
        let today = self.markets.get(market.index()).map(|market| market.date);
        let period = self.period(market.0, year).and_then(|period| Some((period.deadline.0, today?)));
        let Some((deadline, today)) = period else { return Err("compliance/period_unknown") };
        let Some(duty) = self.duties.get(&(market.0, year, participant.0)) else {
            return Err("compliance/no_duty");
        };
        first(&[
            (today <= deadline, "compliance/deadline_not_passed"),
            (duty.open() <= 0, "compliance/no_shortfall"),
            (duty.determined.is_some(), "compliance/shortfall_already_determined"),
        ])?;
        let shortfall = Quantity(i64::try_from(duty.open()).unwrap_or(i64::MAX));
        Ok(exactly(vec![Event::ShortfallDetermined { market, participant, year, shortfall }]))
    }

    pub(super) fn judge_carry_over(&self, c: &ApplyCarryOver) -> Judged {
        let ApplyCarryOver { account, from, into, quantity, limit } = *c;
        let Some(old) = self.assets.get(from.index()) else { return Err("carry_over/not_convertible") };
        let market = old.market.and_then(|market| self.markets.get(market as usize));
        let open = market.and_then(|market| Some((market.rules.registry.carry_over.as_ref()?, market.date)));
        let Some((rules, today)) = open else { return Err("carry_over/carry_over_not_open") };
        let fits = matches!(old.class, AssetClass::Allowance { last_vintage, .. } if last_vintage <= rules.vintage_to);
        let target =
            AssetClass::Allowance { first_vintage: rules.into_vintage, last_vintage: rules.into_vintage };
        let new = self.assets.get(into.index()).filter(|new| new.market == old.market && new.class == target);
        let owner = self.owner(account.0);
        let applied: i128 = self
            .conversions
            .values()
            .filter(|c| c.into == into.0 && c.approved != Some(false) && self.owner(c.from.account) == owner)
            .map(|c| c.from.quantity)
            .sum();
        let units = i128::from(quantity.0);
        first(&[
            (today < rules.opens.0 || today > rules.closes.0, "carry_over/carry_over_not_open"),
            (!fits, "carry_over/not_convertible"),
            (new.is_none(), "carry_over/wrong_target"),
            (units <= 0, "carry_over/quantity_not_positive"),
            (applied + units > limit.0.into(), "carry_over/carry_over_limit_exceeded"),
            (self.frozen(account.0), "carry_over/account_frozen"),
            (self.ledger.available(account.0, from.0) < units, "carry_over/insufficient_holding"),
        ])?;
        let conversion = ConversionId(self.given[1] + 1);
        Ok(exactly(vec![Event::CarryOverApplied { conversion, account, from, into, quantity }]))
    }

    pub(super) fn judge_decide(&self, c: &DecideCarryOver) -> Judged {
        let waiting = self.conversions.get(&c.conversion.0).filter(|waiting| waiting.approved.is_none());
        let Some(waiting) = waiting else { return Err("carry_over/application_unknown") };
        let fits = self.ledger.issued(waiting.into) + waiting.from.quantity <= i64::MAX.into();
        first(&[(c.approved && !fits, "carry_over/issue_too_large")])?;
        let (account, from, quantity) = waiting.from.ids();
        let (conversion, into, approved) = (c.conversion, AssetId(waiting.into), c.approved);
        Ok(exactly(vec![Event::CarryOverDecided { conversion, account, from, into, quantity, approved }]))
    }

    pub(super) fn see_compliance(&mut self, event: &Event) -> Found {
        match *event {
            Event::EmissionsRecorded { market, participant, year, verified } => {
                let duty = Duty { verified: verified.0.into(), ..Duty::default() };
                self.duties.insert((market.0, year, participant.0), duty);
                Ok(())
            }
            Event::Surrendered { account, participant, year, asset, quantity, .. } => {
                let unit = self.assets.get(asset.index()).and_then(|unit| Some((unit.market?, unit.class)));
                let duty = unit.and_then(|(market, _)| self.duties.get_mut(&(market, year, participant.0)));
                let (Some(duty), Some((_, class))) = (duty, unit) else {
                    return Err(Finding::new(Kind::Event, "something was surrendered against no duty"));
                };
                let units = i128::from(quantity.0);
                duty.given
                    [usize::from(matches!(class, AssetClass::Offset { .. } | AssetClass::Offsets { .. }))] +=
                    units;
                duty.to_cut = (duty.to_cut - units).max(0);
                self.ledger.retire(account.0, asset.0, AVAILABLE, units)
            }
            Event::ShortfallDetermined { market, participant, year, shortfall } => {
                if let Some(duty) = self.duties.get_mut(&(market.0, year, participant.0)) {
                    duty.determined = Some(shortfall.0.into());
                    duty.to_cut = shortfall.0.into();
                }
                Ok(())
            }
            Event::CarryOverApplied { conversion, account, from, into, quantity } => {
                self.give_id(1, conversion.0)?;
                let from = Apart { account: account.0, asset: from.0, quantity: quantity.0.into() };
                self.conversions.insert(conversion.0, Conversion { from, into: into.0, approved: None });
                self.move_apart(from, (AVAILABLE, FROZEN))
            }
            Event::CarryOverDecided { conversion, approved, .. } => {
                let Some(waiting) = self.conversions.get_mut(&conversion.0) else {
                    return Err(Finding::new(Kind::Event, format!("application {conversion} was answered")));
                };
                waiting.approved = Some(approved);
                let (from, into) = (waiting.from, waiting.into);
                if approved {
                    self.ledger.retire(from.account, from.asset, FROZEN, from.quantity)?;
                    self.ledger.issue(from.account, into, from.quantity)
                } else {
                    self.move_apart(from, (FROZEN, AVAILABLE))
                }
            }
            _ => Ok(()),
        }
    }

    /// The owner of an account as an id.
    #[must_use]
    pub fn owner_of(&self, account: AccountId) -> Option<ParticipantId> {
        self.owner(account.0).map(ParticipantId)
    }
}
