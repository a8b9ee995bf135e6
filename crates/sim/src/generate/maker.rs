//! What commands are made of: accounts, instruments, prices and quantities that fit what stands, and such that do not.

use crate::audit::shadow::{Market, Shadow};
use base::{AccountId, AssetId, InstrumentId, ParticipantId, Price, Quantity, Role, Side};
use faulty_disk::Dice;
use registry::AssetClass;

/// Makes the parts of a command.
pub(crate) struct Maker<'a> {
    pub(crate) dice: &'a mut Dice,
    pub(crate) shadow: &'a Shadow,
    pub(crate) time: i64,
    /// The command may be such as no one should send.
    pub(crate) hostile: bool,
}

impl Maker<'_> {
    /// Whether this part of the command is the one that is wrong.
    pub(crate) fn wrong(&mut self) -> bool {
        self.hostile && self.dice.once_in(3)
    }

    pub(crate) fn coin(&mut self) -> bool {
        self.dice.once_in(2)
    }

    pub(crate) fn side(&mut self) -> Side {
        if self.coin() { Side::Buy } else { Side::Sell }
    }

    /// An account of someone who trades; of anyone, or of no one, where something is to be wrong.
    pub(crate) fn account(&mut self) -> AccountId {
        let count = self.shadow.accounts.len();
        if self.wrong() {
            return AccountId::at(self.dice.roll(count + 1));
        }
        let shadow = self.shadow;
        let trades = |id: &usize| {
            let has = |role| shadow.has_role(shadow.accounts[*id].participant, role);
            (has(Role::ComplianceEntity) || has(Role::Institution)) && !has(Role::BarredStaff)
        };
        let trading: Vec<usize> = (0..count).filter(trades).collect();
        self.dice.pick(&trading).map_or(AccountId(0), |id| AccountId::at(*id))
    }

    /// An account that holds something free of an asset, where there is one.
    pub(crate) fn holder(&mut self, asset: AssetId) -> AccountId {
        if self.wrong() {
            return self.account();
        }
        let holding: Vec<u32> = (self.shadow.ledger.cells())
            .filter(|((_, of), buckets)| *of == asset.0 && buckets[0] > 0)
            .map(|((account, _), _)| account)
            .collect();
        match self.dice.pick(&holding) {
            Some(account) => AccountId(*account),
            None => self.account(),
        }
    }

    pub(crate) fn instrument(&mut self) -> InstrumentId {
        let count = self.shadow.instruments.len();
        if self.wrong() {
            return InstrumentId::at(self.dice.roll(count + 2));
        }
        // One that trades now, most of the time.
        let shadow = self.shadow;
        let live = |id: &usize| {
            let instrument = &shadow.instruments[*id];
            let market = &shadow.markets[instrument.market as usize];
            !instrument.delisted && !instrument.halted && market.open.contains(&true)
        };
        let live: Vec<usize> = (0..count).filter(live).collect();
        if !self.dice.once_in(8)
            && let Some(id) = self.dice.pick(&live)
        {
            return InstrumentId::at(*id);
        }
        InstrumentId::at(self.dice.roll(count))
    }

    pub(crate) fn market_of(&self, instrument: InstrumentId) -> Option<&Market> {
        self.shadow.market_of(instrument.0)
    }

    /// An asset that is not money; now and then one that is.
    pub(crate) fn units(&mut self) -> AssetId {
        let count = self.shadow.assets.len();
        if self.wrong() {
            return AssetId::at(self.dice.roll(count + 2));
        }
        let units: Vec<usize> =
            (0..count).filter(|id| self.shadow.assets[*id].class != AssetClass::Currency).collect();
        self.dice.pick(&units).map_or(AssetId(0), |id| AssetId::at(*id))
    }

    pub(crate) fn currency(&mut self) -> AssetId {
        if self.wrong() {
            return self.units();
        }
        let money = |id: &usize| self.shadow.assets[*id].class == AssetClass::Currency;
        let money: Vec<usize> = (0..self.shadow.assets.len()).filter(money).collect();
        self.dice.pick(&money).map_or(AssetId(0), |id| AssetId::at(*id))
    }

    pub(crate) fn participant(&mut self) -> ParticipantId {
        ParticipantId::at(self.dice.roll(self.shadow.participants.len() + usize::from(self.hostile)))
    }

    /// Numbers at the edges of what sixty-four bits hold.
    pub(crate) fn extreme(&mut self) -> i64 {
        *self.dice.pick(&[0, -1, -10, 1, i64::MAX, i64::MIN, i64::MAX - 1, 1 << 40, 1 << 62]).unwrap_or(&0)
    }

    /// A quantity around `usual`, in whole lots.
    pub(crate) fn quantity(&mut self, lot: i64, usual: i64) -> Quantity {
        if self.wrong() {
            let usual = usual.saturating_add(self.dice.between(0, lot));
            let (extreme, much) = (self.extreme(), usual.saturating_mul(1_000));
            return Quantity(
                *self
                    .dice
                    .pick(&[extreme, usual.saturating_add(1), usual.saturating_neg(), much])
                    .unwrap_or(&0),
            );
        }
        let lots = self.dice.between(1, (usual / lot).max(1));
        Quantity(lots * lot)
    }

    /// All, or some, of what is there.
    pub(crate) fn part(&mut self, whole: i128, lot: i64) -> Quantity {
        let whole = i64::try_from(whole).unwrap_or(i64::MAX);
        if self.wrong() {
            let extreme = self.extreme();
            return Quantity(
                *self
                    .dice
                    .pick(&[whole.saturating_add(lot), whole.saturating_sub(1), extreme, 0])
                    .unwrap_or(&0),
            );
        }
        if self.dice.once_in(3) {
            return Quantity(whole);
        }
        self.quantity(lot, whole)
    }

    /// A price within a band around the reference, near it most of the time.
    pub(crate) fn price(&mut self, instrument: InstrumentId, band: i64) -> Price {
        let reference = self.shadow.instrument(instrument.0).map_or(100, |instrument| instrument.reference);
        let (low, high) = Market::band(reference, band);
        let near = |offset: i64| (reference + i128::from(offset)).clamp(low, high);
        let price = match self.dice.roll(10) {
            0 => low,
            1 => high,
            2..8 => near(self.dice.between(-6, 6)),
            _ => {
                let span = i64::try_from(high - low).unwrap_or(i64::MAX);
                low + i128::from(self.dice.between(0, span))
            }
        };
        let price = i64::try_from(price).unwrap_or(i64::MAX);
        if self.wrong() {
            let (low, high) = (i64::try_from(low).unwrap_or(0), i64::try_from(high).unwrap_or(i64::MAX));
            let extreme = self.extreme();
            return Price(
                *self.dice.pick(&[low.saturating_sub(1), high.saturating_add(1), extreme]).unwrap_or(&0),
            );
        }
        Price(price)
    }

    /// The id of something that stands, most of the time; one that is gone or was never there, now and then.
    pub(crate) fn one_of(&mut self, standing: &[u64]) -> Option<u64> {
        if self.wrong() {
            let last = self.shadow.given[0] + self.shadow.given[1] + 3;
            return Some(self.dice.bits() % last);
        }
        self.dice.pick(standing).copied()
    }

    pub(crate) fn reason(&mut self) -> String {
        (*self.dice.pick(&["", "by order", "司法冻结", "a reason that is longer than most"]).unwrap_or(&""))
            .to_owned()
    }

    pub(crate) fn lot(&self, instrument: InstrumentId) -> i64 {
        self.market_of(instrument).map_or(1, |market| market.rules.trading.lot.0)
    }
}
