//! The auditor's own ledger: every holding counted again from the events, in 128 bits.

use super::finding::{Finding, Found, Kind, check};
use std::collections::{BTreeMap, BTreeSet};

/// The parts of a holding: available, reserved, locked, pledged, frozen.
pub type Buckets = [i128; 5];

/// Free to dispose of.
pub const AVAILABLE: usize = 0;
/// Held for an order, a bid or a withdrawal.
pub const RESERVED: usize = 1;
/// Bought, and not yet to be sold again.
pub const LOCKED: usize = 2;
/// Pledged.
pub const PLEDGED: usize = 3;
/// Frozen by a court or for an application.
pub const FROZEN: usize = 4;

/// What an auditor can look up in the books that it audits: read-only views, and nothing computed.
pub trait Books {
    /// What an account holds of an asset.
    fn holding(&self, account: u32, asset: u32) -> Buckets;
    /// Units of an asset ever issued and ever retired.
    fn issued_and_retired(&self, asset: u32) -> (i128, i128);
    /// How many accounts and assets there are.
    fn size(&self) -> (u32, u32);
    /// Where users, acts and cases are read.
    fn state(&self) -> &engine::State;
}

impl Books for engine::State {
    fn holding(&self, account: u32, asset: u32) -> Buckets {
        let held = self.registry().ledger().holding(base::AccountId(account), base::AssetId(asset));
        [held.available, held.reserved, held.locked, held.pledged, held.frozen].map(|units| units.0.into())
    }

    fn issued_and_retired(&self, asset: u32) -> (i128, i128) {
        let (ledger, asset) = (self.registry().ledger(), base::AssetId(asset));
        (ledger.issued(asset).0.into(), ledger.retired(asset).0.into())
    }

    fn size(&self) -> (u32, u32) {
        let count = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
        (count(self.registry().accounts().len()), count(self.registry().assets().len()))
    }

    fn state(&self) -> &engine::State {
        self
    }
}

/// See the module.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    cells: BTreeMap<(u32, u32), Buckets>,
    issued: BTreeMap<u32, i128>,
    retired: BTreeMap<u32, i128>,
    touched: BTreeSet<(u32, u32)>,
}

impl Ledger {
    /// What an account holds of an asset.
    #[must_use]
    pub fn holding(&self, account: u32, asset: u32) -> Buckets {
        self.cells.get(&(account, asset)).copied().unwrap_or_default()
    }

    /// What is free of it.
    #[must_use]
    pub fn available(&self, account: u32, asset: u32) -> i128 {
        self.holding(account, asset)[AVAILABLE]
    }

    /// Everything held of it.
    #[must_use]
    pub fn total(&self, account: u32, asset: u32) -> i128 {
        self.holding(account, asset).iter().sum()
    }

    /// Units in the world.
    #[must_use]
    pub fn issued(&self, asset: u32) -> i128 {
        self.issued.get(&asset).copied().unwrap_or_default()
    }

    fn add(&mut self, cell: (u32, u32), bucket: usize, units: i128) -> Found {
        self.touched.insert(cell);
        let held = &mut self.cells.entry(cell).or_default()[bucket];
        *held += units;
        let (account, asset) = cell;
        check(*held >= 0, Kind::Negative, || {
            format!("bucket {bucket} of account {account}, asset {asset}: {held}")
        })
    }

    /// Brings units into the world.
    ///
    /// # Errors
    /// A bucket would hold less than nothing.
    pub fn issue(&mut self, account: u32, asset: u32, units: i128) -> Found {
        *self.issued.entry(asset).or_default() += units;
        self.add((account, asset), AVAILABLE, units)
    }

    /// Takes units out of the world.
    ///
    /// # Errors
    /// A bucket would hold less than nothing.
    pub fn retire(&mut self, account: u32, asset: u32, bucket: usize, units: i128) -> Found {
        *self.retired.entry(asset).or_default() += units;
        self.add((account, asset), bucket, -units)
    }

    /// Moves units between two buckets of a holding.
    ///
    /// # Errors
    /// A bucket would hold less than nothing.
    pub fn shift(&mut self, account: u32, asset: u32, (from, to): (usize, usize), units: i128) -> Found {
        self.add((account, asset), from, -units)?;
        self.add((account, asset), to, units)
    }

    /// Moves units from a bucket of one account to one of another.
    ///
    /// # Errors
    /// A bucket would hold less than nothing.
    pub fn transfer(&mut self, asset: u32, from: (u32, usize), to: (u32, usize), units: i128) -> Found {
        self.add((from.0, asset), from.1, -units)?;
        self.add((to.0, asset), to.1, units)
    }

    /// Moves free units into an account, or out of it where they are below zero: others get or give the same.
    ///
    /// # Errors
    /// The bucket would hold less than nothing.
    pub fn pay(&mut self, account: u32, asset: u32, units: i128) -> Found {
        self.add((account, asset), AVAILABLE, units)
    }

    /// Compares what the last record changed with the books.
    ///
    /// # Errors
    /// The first thing that differs.
    pub fn check_touched(&mut self, books: &dyn Books) -> Found {
        let touched = std::mem::take(&mut self.touched);
        touched.into_iter().try_for_each(|cell| self.check_cell(cell, books))
    }

    fn check_cell(&self, (account, asset): (u32, u32), books: &dyn Books) -> Found {
        let (counted, found) = (self.holding(account, asset), books.holding(account, asset));
        if let Some(bucket) = found.iter().position(|units| *units < 0) {
            let text = format!("bucket {bucket} of account {account}, asset {asset}: {}", found[bucket]);
            return Err(Finding::new(Kind::Negative, text));
        }
        let kind = if counted.iter().sum::<i128>() == found.iter().sum::<i128>() {
            Kind::Holds
        } else {
            Kind::Conservation
        };
        check(counted == found, kind, || {
            format!("account {account}, asset {asset}: counted {counted:?}, the books have {found:?}")
        })
    }

    /// Compares everything with the books, and the books with themselves.
    ///
    /// # Errors
    /// The first thing that differs.
    pub fn check_all(&self, books: &dyn Books) -> Found {
        let (accounts, assets) = books.size();
        for asset in 0..assets {
            let (issued, retired) = books.issued_and_retired(asset);
            let held: i128 = (0..accounts).flat_map(|account| books.holding(account, asset)).sum();
            check(held == issued - retired, Kind::Conservation, || {
                format!("asset {asset}: held {held}, issued {issued}, retired {retired}")
            })?;
            let counted = (self.issued(asset), self.retired.get(&asset).copied().unwrap_or_default());
            check(counted == (issued, retired), Kind::Conservation, || {
                format!(
                    "asset {asset}: counted {counted:?} issued and retired, the books have {issued}, {retired}"
                )
            })?;
            (0..accounts).try_for_each(|account| self.check_cell((account, asset), books))?;
        }
        Ok(())
    }

    /// The cells in which something is held.
    pub fn cells(&self) -> impl Iterator<Item = ((u32, u32), Buckets)> {
        self.cells.iter().map(|(cell, buckets)| (*cell, *buckets))
    }
}
