//! Compliance: verified emissions, surrender against them, shortfalls, and conversion of old units into new ones.

use crate::{
    ApplyCarryOver, AssetClass, Bucket, CarryOverRejection, ComplianceRejection, DecideCarryOver,
    DetermineShortfall, Event, RecordEmissions, Registry, Surrender, Traded, rules::Period,
};
use base::{AccountId, AssetId, ConversionId, Date, MarketId, ParticipantId, Quantity, Role, share};
use serde::{Deserialize, Serialize};

/// What a participant owes for a period, and what it has given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Duty {
    /// Verified emissions.
    pub verified: Quantity,
    /// Allowances surrendered.
    pub allowances: Quantity,
    /// Offsets surrendered.
    pub offsets: Quantity,
    /// What was missing when the authority looked after the deadline.
    pub determined: Option<Quantity>,
    /// What of it the next allocations still have to be cut by.
    pub to_cut: Quantity,
}

impl Duty {
    /// Still to be surrendered.
    #[must_use]
    pub fn open(&self) -> Quantity {
        Quantity(self.verified.0 - self.allowances.0 - self.offsets.0)
    }
}

/// A duty with its period, for the compliance report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// In which market.
    pub market: MarketId,
    /// Last year of the period.
    pub year: i32,
    /// Whose.
    pub participant: ParticipantId,
    /// Its duty.
    pub duty: Duty,
    /// The last day to surrender, where the rules in force name the period.
    pub deadline: Option<Date>,
}

/// An application to carry units over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conversion {
    /// Whose.
    pub account: AccountId,
    /// Old vintage.
    pub from: AssetId,
    /// New vintage.
    pub into: AssetId,
    /// Units.
    pub quantity: Quantity,
    /// `None` while it waits.
    pub approved: Option<bool>,
}

impl Registry {
    fn period(&self, market: MarketId, year: i32) -> Option<&Period> {
        self.rules.get(market.index())?.periods.iter().find(|period| period.year == year)
    }

    /// Records verified emissions.
    ///
    /// # Errors
    /// See [`ComplianceRejection`].
    pub fn record_emissions(
        &mut self,
        command: &RecordEmissions,
        out: &mut impl FnMut(Event),
    ) -> Result<(), ComplianceRejection> {
        let &RecordEmissions { market, participant, year, verified } = command;
        if !self.has_role(participant, Role::ComplianceEntity) {
            return Err(ComplianceRejection::NotAComplianceEntity);
        }
        if self.period(market, year).is_none() {
            return Err(ComplianceRejection::PeriodUnknown);
        }
        if !verified.is_positive() {
            return Err(ComplianceRejection::QuantityNotPositive);
        }
        if self.duties.contains_key(&(market, year, participant)) {
            return Err(ComplianceRejection::EmissionsAlreadyRecorded);
        }
        self.duties.insert((market, year, participant), Duty { verified, ..Duty::default() });
        out(Event::EmissionsRecorded { market, participant, year, verified });
        Ok(())
    }

    /// Surrenders available units against the duty of the account's participant. `today` is the market's local date. That the
    /// account is the sender's was checked before.
    ///
    /// # Errors
    /// See [`ComplianceRejection`].
    pub fn surrender(
        &mut self,
        today: Date,
        command: &Surrender,
        out: &mut impl FnMut(Event),
    ) -> Result<(), ComplianceRejection> {
        let &Surrender { account, year, asset, quantity } = command;
        let holder = &self.accounts[account.index()];
        let (participant, frozen) = (holder.participant, holder.frozen);
        if !quantity.is_positive() {
            return Err(ComplianceRejection::QuantityNotPositive);
        }
        let unit = self.assets.get(asset.index()).ok_or(ComplianceRejection::NotAComplianceUnit)?;
        let Some(market) = unit.market else { return Err(ComplianceRejection::NotAComplianceUnit) };
        let Some(duty) = self.duties.get(&(market, year, participant)).copied() else {
            return Err(ComplianceRejection::NoDuty);
        };
        let borrowing = self.rules[market.index()].borrowing;
        let offset = match unit.class {
            AssetClass::Allowance { first_vintage, .. } if borrowing || first_vintage <= year => false,
            AssetClass::Offset { vintage } if borrowing || vintage <= year => true,
            AssetClass::Offsets { last_vintage, .. } if borrowing || last_vintage <= year => true,
            other if other.meets_duties() => return Err(ComplianceRejection::VintageTooLate),
            _ => return Err(ComplianceRejection::NotAComplianceUnit),
        };
        if quantity > duty.open() {
            return Err(ComplianceRejection::ExceedsDuty);
        }
        let cap = share(duty.verified.0, self.rules[market.index()].offset_cap).unwrap_or(0);
        if offset && duty.offsets.0 + quantity.0 > cap {
            return Err(ComplianceRejection::OffsetCapExceeded);
        }
        if frozen {
            return Err(ComplianceRejection::AccountFrozen);
        }
        if self.ledger.holding(account, asset).available < quantity {
            return Err(ComplianceRejection::InsufficientHolding);
        }
        let late = self.period(market, year).is_some_and(|period| today > period.deadline);
        self.ledger.retire(account, asset, Bucket::Available, quantity);
        let duty = self.duties.entry((market, year, participant)).or_default();
        if offset {
            duty.offsets.0 += quantity.0;
        } else {
            duty.allowances.0 += quantity.0;
        }
        // Who makes good what was found missing is not cut for it too (interim regulation 2024, art. 24).
        duty.to_cut.0 = (duty.to_cut.0 - quantity.0).max(0);
        out(Event::Surrendered { account, participant, year, asset, quantity, late });
        Ok(())
    }

    /// States what is missing after the deadline; the next allocations are cut by as much.
    ///
    /// # Errors
    /// See [`ComplianceRejection`].
    pub fn determine_shortfall(
        &mut self,
        today: Date,
        command: &DetermineShortfall,
        out: &mut impl FnMut(Event),
    ) -> Result<(), ComplianceRejection> {
        let &DetermineShortfall { market, participant, year } = command;
        let deadline = self.period(market, year).ok_or(ComplianceRejection::PeriodUnknown)?.deadline;
        let duty = self.duties.get_mut(&(market, year, participant)).ok_or(ComplianceRejection::NoDuty)?;
        if today <= deadline {
            return Err(ComplianceRejection::DeadlineNotPassed);
        }
        let shortfall = duty.open();
        if !shortfall.is_positive() {
            return Err(ComplianceRejection::NoShortfall);
        }
        if duty.determined.is_some() {
            return Err(ComplianceRejection::ShortfallAlreadyDetermined);
        }
        duty.determined = Some(shortfall);
        duty.to_cut = shortfall;
        out(Event::ShortfallDetermined { market, participant, year, shortfall });
        Ok(())
    }

    /// Freezes units for a conversion that is applied for. The market's formula proposed `limit`; that all applications of
    /// the participant stay within it, and everything else, is checked here; that the account is the sender's was before.
    ///
    /// # Errors
    /// See [`CarryOverRejection`].
    pub fn apply_carry_over(
        &mut self,
        today: Date,
        command: &ApplyCarryOver,
        out: &mut impl FnMut(Event),
    ) -> Result<(), CarryOverRejection> {
        let &ApplyCarryOver { account, from, into, quantity, limit } = command;
        let holder = &self.accounts[account.index()];
        let old = self.assets.get(from.index()).ok_or(CarryOverRejection::NotConvertible)?;
        let rules = old.market.and_then(|market| self.rules[market.index()].carry_over.as_ref());
        let Some(rules) = rules.filter(|rules| (rules.opens..=rules.closes).contains(&today)) else {
            return Err(CarryOverRejection::CarryOverNotOpen);
        };
        if !matches!(old.class, AssetClass::Allowance { last_vintage, .. } if last_vintage <= rules.vintage_to)
        {
            return Err(CarryOverRejection::NotConvertible);
        }
        let new = self.assets.get(into.index()).filter(|new| new.market == old.market);
        let target = |class| {
            matches!(class, AssetClass::Allowance { first_vintage, last_vintage }
                if first_vintage == rules.into_vintage && last_vintage == rules.into_vintage)
        };
        if !new.is_some_and(|new| target(new.class)) {
            return Err(CarryOverRejection::WrongTarget);
        }
        if !quantity.is_positive() {
            return Err(CarryOverRejection::QuantityNotPositive);
        }
        let owner = |account: AccountId| self.accounts[account.index()].participant;
        let earlier = self.conversions.values().filter(|c| c.into == into && c.approved != Some(false));
        let earlier = earlier.filter(|c| owner(c.account) == holder.participant);
        let applied: i128 = earlier.map(|c| i128::from(c.quantity.0)).sum();
        if applied + i128::from(quantity.0) > i128::from(limit.0) {
            return Err(CarryOverRejection::CarryOverLimitExceeded);
        }
        if holder.frozen {
            return Err(CarryOverRejection::AccountFrozen);
        }
        if self.ledger.holding(account, from).available < quantity {
            return Err(CarryOverRejection::InsufficientHolding);
        }
        self.ledger.shift(account, from, Bucket::Available, Bucket::Frozen, quantity);
        let conversion = ConversionId(self.next_id());
        self.conversions.insert(conversion, Conversion { account, from, into, quantity, approved: None });
        out(Event::CarryOverApplied { conversion, account, from, into, quantity });
        Ok(())
    }

    /// Converts what was applied for, or releases it.
    ///
    /// # Errors
    /// See [`CarryOverRejection`].
    pub fn decide_carry_over(
        &mut self,
        command: &DecideCarryOver,
        out: &mut impl FnMut(Event),
    ) -> Result<(), CarryOverRejection> {
        let &DecideCarryOver { conversion, approved } = command;
        let waiting = self.conversions.get_mut(&conversion).filter(|c| c.approved.is_none());
        let Some(waiting) = waiting else { return Err(CarryOverRejection::ApplicationUnknown) };
        let Conversion { account, from, into, quantity, .. } = *waiting;
        if approved && !self.ledger.can_issue(into, quantity) {
            return Err(CarryOverRejection::IssueTooLarge);
        }
        waiting.approved = Some(approved);
        if approved {
            self.ledger.retire(account, from, Bucket::Frozen, quantity);
            self.ledger.issue(account, into, quantity);
        } else {
            self.ledger.shift(account, from, Bucket::Frozen, Bucket::Available, quantity);
        }
        out(Event::CarryOverDecided { conversion, account, from, into, quantity, approved });
        Ok(())
    }

    /// Applications to carry units over, answered or not.
    pub fn conversions(&self) -> impl Iterator<Item = (ConversionId, &Conversion)> {
        self.conversions.iter().map(|(id, conversion)| (*id, conversion))
    }

    /// Every duty of every market, by market, year and participant.
    pub fn standings(&self) -> impl Iterator<Item = Standing> {
        self.duties.iter().map(|(&(market, year, participant), &duty)| {
            let deadline = self.period(market, year).map(|period| period.deadline);
            Standing { market, year, participant, duty, deadline }
        })
    }

    /// What an account bought and sold of an asset by trades in the months of two dates and between them.
    #[must_use]
    pub fn traded(&self, account: AccountId, asset: AssetId, from: Date, to: Date) -> Traded {
        let month = |date: Date| date.civil().0 * 12 + date.civil().1 - 1;
        let months = self.traded.range((account, asset, month(from))..=(account, asset, month(to)));
        months.fold(Traded::default(), |sum, (_, traded)| Traded {
            bought: sum.bought + traded.bought,
            sold: sum.sold + traded.sold,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AccountKind, DefineAsset, OpenAccount, RegisterParticipant, rules::Rules};

    /// Whatever the year: a bond has no vintage that could be too late.
    #[test]
    fn a_duty_is_met_with_allowances_and_offsets_alone() {
        use AssetClass::{Certificate, Commodity, FundUnit, Right, Security};
        for class in [Security, Certificate, Right, Commodity, FundUnit] {
            no_duty_is_met_with(class);
        }
    }

    fn no_duty_is_met_with(class: AssetClass) {
        let (mut registry, year) = (Registry::default(), 2020);
        let out = &mut |_| ();
        let (code, roles) = ("P".to_owned(), vec![Role::ComplianceEntity]);
        let register = RegisterParticipant { name: code.clone(), code: code.clone(), roles };
        let participant = registry.register_participant(&register, out).unwrap();
        let open = OpenAccount { participant, code: code.clone(), kind: AccountKind::House, owner: None };
        let account = registry.open_account(&open, out).unwrap();
        let market = MarketId(0);
        let define = DefineAsset { code, class, decimals: 0, market: Some(market) };
        let asset = registry.define_asset(&define, out).unwrap();
        for borrowing in [false, true] {
            let periods = vec![Period { year, deadline: Date(20_000) }];
            registry.set_rules(market, Rules { borrowing, periods, ..Rules::default() });
            let record = RecordEmissions { market, participant, year, verified: Quantity(10) };
            let _ = registry.record_emissions(&record, out);
            let surrender = Surrender { account, year, asset, quantity: Quantity(1) };
            let refused = registry.surrender(Date(0), &surrender, out);
            assert_eq!(refused, Err(ComplianceRejection::NotAComplianceUnit));
        }
    }
}
