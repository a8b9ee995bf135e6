//! The ledger: a flat table by asset and account. Every change of title in the house is one of its three acts: issue,
//! retire, move.

use base::{AccountId, AssetId, Quantity};
use serde::{Deserialize, Serialize};

/// What an account holds of an asset, units, by what may be done with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holding {
    /// Free to dispose of.
    pub available: Quantity,
    /// Held for an order, a bid or a withdrawal.
    pub reserved: Quantity,
    /// Bought, and not yet to be sold again.
    pub locked: Quantity,
    /// Pledged (质押).
    pub pledged: Quantity,
    /// Frozen by a court or for an application (冻结).
    pub frozen: Quantity,
}

impl Holding {
    /// Everything the account holds of the asset.
    #[must_use]
    pub fn total(&self) -> Quantity {
        Quantity(self.available.0 + self.reserved.0 + self.locked.0 + self.pledged.0 + self.frozen.0)
    }
}

/// What every order touches: sixteen bytes, so that four accounts share a cache line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Spot {
    available: Quantity,
    reserved: Quantity,
}

/// What few acts touch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Tied {
    locked: Quantity,
    pledged: Quantity,
    frozen: Quantity,
}

/// A part of a holding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bucket {
    /// See [`Holding::available`].
    Available,
    /// See [`Holding::reserved`].
    Reserved,
    /// See [`Holding::locked`].
    Locked,
    /// See [`Holding::pledged`].
    Pledged,
    /// See [`Holding::frozen`].
    Frozen,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Column {
    issued: Quantity,
    retired: Quantity,
    spot: Vec<Spot>,
    tied: Vec<Tied>,
}

impl Column {
    #[inline]
    fn bucket(&mut self, account: AccountId, bucket: Bucket) -> &mut Quantity {
        let at = account.index();
        match bucket {
            Bucket::Available => &mut self.spot[at].available,
            Bucket::Reserved => &mut self.spot[at].reserved,
            Bucket::Locked => &mut self.tied[at].locked,
            Bucket::Pledged => &mut self.tied[at].pledged,
            Bucket::Frozen => &mut self.tied[at].frozen,
        }
    }

    fn holding(&self, at: usize) -> Option<Holding> {
        let (spot, tied) = (self.spot.get(at)?, self.tied.get(at)?);
        Some(Holding {
            available: spot.available,
            reserved: spot.reserved,
            locked: tied.locked,
            pledged: tied.pledged,
            frozen: tied.frozen,
        })
    }

    fn holdings(&self) -> impl Iterator<Item = Holding> {
        (0..self.spot.len()).filter_map(|at| self.holding(at))
    }
}

/// Where the ledger does not add up. It never should: this is what an audit would find.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Discrepancy {
    /// The asset.
    pub asset: AssetId,
    /// Issued less retired.
    pub outstanding: i128,
    /// The sum of all holdings.
    pub held: i128,
    /// An account with a negative bucket.
    pub negative: Option<AccountId>,
}

/// The table of holdings. Callers check first; an act that would make a bucket negative is a broken invariant and asserts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    columns: Vec<Column>,
    accounts: usize,
}

impl Ledger {
    /// Adds a row for one more account, so that no posting has to grow the table.
    pub(crate) fn add_account(&mut self) {
        self.accounts += 1;
        for column in &mut self.columns {
            column.spot.push(Spot::default());
            column.tied.push(Tied::default());
        }
    }

    /// Adds a column for one more asset.
    pub(crate) fn add_asset(&mut self) {
        let (spot, tied) = (vec![Spot::default(); self.accounts], vec![Tied::default(); self.accounts]);
        self.columns.push(Column { spot, tied, ..Column::default() });
    }

    /// What `account` holds of `asset`.
    #[must_use]
    pub fn holding(&self, account: AccountId, asset: AssetId) -> Holding {
        let column = self.columns.get(asset.index());
        column.and_then(|column| column.holding(account.index())).unwrap_or_default()
    }

    /// What `account` has available of `asset`: what an order asks.
    #[must_use]
    #[inline]
    pub fn available(&self, account: AccountId, asset: AssetId) -> Quantity {
        let column = self.columns.get(asset.index());
        column.and_then(|column| column.spot.get(account.index())).copied().unwrap_or_default().available
    }

    /// Units ever issued (for a currency: paid in).
    #[must_use]
    pub fn issued(&self, asset: AssetId) -> Quantity {
        self.columns[asset.index()].issued
    }

    /// Units ever retired: surrendered, cancelled, converted (for a currency: paid out).
    #[must_use]
    pub fn retired(&self, asset: AssetId) -> Quantity {
        self.columns[asset.index()].retired
    }

    /// Every account that holds some of `asset`.
    pub fn holders(&self, asset: AssetId) -> impl Iterator<Item = (AccountId, Holding)> {
        let column = self.columns[asset.index()].holdings().enumerate();
        column
            .filter(|(_, holding)| *holding != Holding::default())
            .map(|(i, holding)| (AccountId::at(i), holding))
    }

    /// Whether `quantity` more can be issued without outgrowing the ledger's integers.
    pub(crate) fn can_issue(&self, asset: AssetId, quantity: Quantity) -> bool {
        self.columns[asset.index()].issued.plus(quantity).is_some()
    }

    pub(crate) fn issue(&mut self, account: AccountId, asset: AssetId, quantity: Quantity) {
        let column = &mut self.columns[asset.index()];
        column.issued.0 += quantity.0;
        // A bucket never exceeds what was issued, so this addition cannot overflow.
        column.spot[account.index()].available.0 += quantity.0;
    }

    #[inline]
    pub(crate) fn retire(&mut self, account: AccountId, asset: AssetId, from: Bucket, quantity: Quantity) {
        let column = &mut self.columns[asset.index()];
        take(column.bucket(account, from), quantity);
        column.retired.0 += quantity.0;
    }

    /// Moves units between two buckets of one holding.
    #[inline]
    pub(crate) fn shift(
        &mut self,
        account: AccountId,
        asset: AssetId,
        from: Bucket,
        to: Bucket,
        quantity: Quantity,
    ) {
        let column = &mut self.columns[asset.index()];
        take(column.bucket(account, from), quantity);
        column.bucket(account, to).0 += quantity.0;
    }

    /// Moves units from one account to another.
    #[inline]
    pub(crate) fn transfer(
        &mut self,
        asset: AssetId,
        (from, out_of): (AccountId, Bucket),
        (to, into): (AccountId, Bucket),
        quantity: Quantity,
    ) {
        let column = &mut self.columns[asset.index()];
        take(column.bucket(from, out_of), quantity);
        column.bucket(to, into).0 += quantity.0;
    }

    /// Pays `paid` out of an account's reserved cash to the available cash of several; what they get adds up to it.
    #[inline]
    pub(crate) fn pay_out<const N: usize>(
        &mut self,
        currency: AssetId,
        from: AccountId,
        paid: Quantity,
        to: [(AccountId, Quantity); N],
    ) {
        let spot = &mut self.columns[currency.index()].spot;
        take(&mut spot[from.index()].reserved, paid);
        let mut given = 0;
        for (account, quantity) in to {
            assert!(quantity.0 >= 0, "nobody is paid less than nothing");
            spot[account.index()].available.0 += quantity.0;
            given += quantity.0;
        }
        assert!(given == paid.0, "a payment adds up");
    }

    /// Moves available money among accounts: what each gets, or gives where it is below zero, adds up to nothing.
    pub(crate) fn pay_among<const N: usize>(&mut self, currency: AssetId, moves: [(AccountId, i128); N]) {
        assert!(
            moves.iter().map(|(_, change)| change).sum::<i128>() == 0,
            "what is moved adds up to nothing"
        );
        let spot = &mut self.columns[currency.index()].spot;
        // What is got comes first: one account may stand here twice, and a bucket never exceeds what was issued.
        let (got, given): (Vec<_>, Vec<_>) = moves.into_iter().partition(|(_, change)| *change > 0);
        for (account, change) in got.into_iter().chain(given) {
            let after = i128::from(spot[account.index()].available.0) + change;
            let Some(after) = i64::try_from(after).ok().filter(|after| *after >= 0) else {
                unreachable!("a bucket of the ledger would become negative")
            };
            spot[account.index()].available = Quantity(after);
        }
    }

    /// Checks the invariant of this room over the whole table: one entry for each asset that breaks it.
    #[must_use]
    pub fn audit(&self) -> Vec<Discrepancy> {
        let mut found = Vec::new();
        for (index, column) in self.columns.iter().enumerate() {
            let outstanding = i128::from(column.issued.0) - i128::from(column.retired.0);
            let buckets = |h: &Holding| [h.available.0, h.reserved.0, h.locked.0, h.pledged.0, h.frozen.0];
            let held = column.holdings().flat_map(|h| buckets(&h)).map(i128::from).sum();
            let negative = column.holdings().position(|h| buckets(&h).iter().any(|&units| units < 0));
            if held != outstanding || negative.is_some() {
                let negative = negative.map(AccountId::at);
                found.push(Discrepancy { asset: AssetId::at(index), outstanding, held, negative });
            }
        }
        found
    }
}

#[inline]
fn take(bucket: &mut Quantity, quantity: Quantity) {
    assert!(quantity.0 >= 0 && quantity.0 <= bucket.0, "a bucket of the ledger would become negative");
    bucket.0 -= quantity.0;
}
