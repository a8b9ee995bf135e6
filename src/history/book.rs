//! What the invented participants own, as far as the planner needs to know: never more than they own on the ledger, so that
//! no order it plans is refused.

use crate::history::cast::{ALLOCATED, COUNT};
use base::{Date, Method, Side};
use clearing::rules::{FeeSchedule, Rules};
use std::collections::BTreeMap;

/// One of those who trade.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Trader(pub(super) usize);

/// Tonnes are allocated in multiples of this.
const ALLOCATION_T: i128 = 100_000;
/// Fen are paid in in multiples of this: a million CNY.
const DEPOSIT_FEN: i128 = 100_000_000;

/// Something that has to come in before the day's session, because someone is to sell or buy more than anyone has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Supply {
    /// Allowances for a compliance entity.
    Units { to: Trader, asset: usize, quantity_t: i128 },
    /// Money.
    Cash { to: Trader, amount_fen: i128 },
}

/// Holdings and cash.
#[derive(Debug, Default)]
pub(super) struct Book {
    /// By asset and trader: what may be sold now.
    units: Vec<[i128; COUNT]>,
    cash: [i128; COUNT],
    /// What was bought, by the day from which it may be sold.
    locked: BTreeMap<Date, Vec<(Trader, usize, i128)>>,
    /// Whose turn it is.
    turn: usize,
    /// What the day still needs to come in before its session.
    pub(super) supplies: Vec<Supply>,
}

/// A trade between two of them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deal {
    pub(super) method: Method,
    pub(super) buyer: Trader,
    pub(super) seller: Trader,
    pub(super) asset: usize,
    pub(super) quantity_t: i128,
    pub(super) amount_fen: i128,
}

/// The most that a schedule can ask on an amount, or on its parts one by one.
fn fee_most(schedule: &FeeSchedule, amount: i128) -> i128 {
    let rate = amount.saturating_mul(i128::from(schedule.rate_ppm)).saturating_add(999_999) / 1_000_000;
    let fee = rate.max(i128::from(schedule.least.0));
    schedule.most.map_or(fee, |most| fee.min(i128::from(most.0)))
}

/// What an order to buy can cost at most, fees included.
pub(super) fn cost(rules: &Rules, method: Method, amount_fen: i128) -> i128 {
    amount_fen + fee_most(&rules.fee(method).buyer, amount_fen)
}

impl Book {
    pub(super) fn add_asset(&mut self) {
        self.units.push([0; COUNT]);
    }

    /// Begins a day: what was bought may be sold again.
    pub(super) fn begin_day(&mut self, date: Date) {
        while let Some(entry) = self.locked.first_entry().filter(|entry| *entry.key() <= date) {
            for (trader, asset, quantity_t) in entry.remove() {
                self.units[asset][trader.0] += quantity_t;
            }
        }
    }

    /// Everyone, beginning with the one whose turn it is, except one.
    fn round(&mut self, except: Option<Trader>) -> impl Iterator<Item = Trader> + use<> {
        // Three and the number of traders have no common divisor, so that the turn comes to everyone.
        self.turn = (self.turn + 3) % COUNT;
        let first = self.turn;
        (0..COUNT)
            .map(move |step| Trader((first + step) % COUNT))
            .filter(move |trader| Some(*trader) != except)
    }

    /// Someone who can sell so much; where nobody can, a compliance entity is allocated what is missing.
    pub(super) fn seller(&mut self, asset: usize, quantity_t: i128, except: Option<Trader>) -> Trader {
        if let Some(seller) = self.seller_if_any(asset, quantity_t, except) {
            return seller;
        }
        let entities = (0..ALLOCATED).map(Trader).filter(|trader| Some(*trader) != except);
        let to = entities.max_by_key(|trader| self.units[asset][trader.0]).unwrap_or(Trader(0));
        let missing = quantity_t - self.units[asset][to.0];
        let allocated = (missing + ALLOCATION_T - 1) / ALLOCATION_T * ALLOCATION_T;
        self.units[asset][to.0] += allocated;
        self.supplies.push(Supply::Units { to, asset, quantity_t: allocated });
        to
    }

    /// Someone who can sell so much.
    pub(super) fn seller_if_any(
        &mut self,
        asset: usize,
        quantity_t: i128,
        except: Option<Trader>,
    ) -> Option<Trader> {
        let mut round = self.round(except);
        round.find(|trader| self.units[asset][trader.0] >= quantity_t)
    }

    /// Someone who can pay so much; where nobody can, the one whose turn it is pays in what is missing.
    pub(super) fn buyer(&mut self, cost_fen: i128, except: Option<Trader>) -> Trader {
        let mut round = self.round(except);
        let first = round.next().unwrap_or(Trader(0));
        if let Some(buyer) =
            std::iter::once(first).chain(round).find(|trader| self.cash[trader.0] >= cost_fen)
        {
            return buyer;
        }
        let missing = cost_fen - self.cash[first.0];
        let amount_fen = (missing + DEPOSIT_FEN - 1) / DEPOSIT_FEN * DEPOSIT_FEN;
        self.cash[first.0] += amount_fen;
        self.supplies.push(Supply::Cash { to: first, amount_fen });
        first
    }

    /// Sets units aside, or with a negative quantity gives them back.
    pub(super) fn hold_units(&mut self, trader: Trader, asset: usize, quantity_t: i128) {
        self.units[asset][trader.0] -= quantity_t;
    }

    /// Sets money aside, or with a negative amount gives it back.
    pub(super) fn hold_cash(&mut self, trader: Trader, amount_fen: i128) {
        self.cash[trader.0] -= amount_fen;
    }

    /// Delivers against payment. Fees are counted at their most.
    pub(super) fn settle(&mut self, deal: &Deal, fees: &Rules, sellable_from: Option<Date>) {
        let Deal { method, buyer, seller, asset, quantity_t, amount_fen } = *deal;
        self.units[asset][seller.0] -= quantity_t;
        match sellable_from {
            Some(date) => self.locked.entry(date).or_default().push((buyer, asset, quantity_t)),
            None => self.units[asset][buyer.0] += quantity_t,
        }
        self.cash[buyer.0] -= cost(fees, method, amount_fen);
        let fee = fee_most(&fees.fee(method).seller, amount_fen).min(amount_fen);
        self.cash[seller.0] += amount_fen - fee;
    }

    /// The side that takes a listing of `side` needs a counterparty.
    pub(super) fn counterparty(
        &mut self,
        side: Side,
        asset: usize,
        (quantity_t, cost_fen): (i128, i128),
        maker: Option<Trader>,
    ) -> Trader {
        match side {
            Side::Buy => self.buyer(cost_fen, maker),
            Side::Sell => self.seller(asset, quantity_t, maker),
        }
    }
}
