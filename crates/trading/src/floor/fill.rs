//! Two orders meet: what each pays, what it keeps set aside, and what the price list says of it.

use super::PostTrade;
use super::ticket::Ticket;
use crate::day::Made;
use crate::rules::Own;
use crate::{Event, Venue};
use base::{Fill, Leg, Method, Money, Part, Price, Quantity, Side, Tariff, TradeId, amount_of};
use book::Slot;

/// A meeting about to be made.
pub(super) struct Meeting {
    pub(super) buy: Slot,
    pub(super) sell: Slot,
    pub(super) price: Price,
    pub(super) quantity: Quantity,
    /// Which side came in; none in a call auction.
    pub(super) aggressor: Option<Side>,
    /// Both orders are of one owner.
    pub(super) own: bool,
}

impl Meeting {
    fn part(&self, side: Side) -> Part {
        match self.aggressor {
            None => Part::Call,
            Some(came_in) if came_in == side => Part::Taker,
            Some(_) => Part::Maker,
        }
    }
}

/// The fee of one more trade of an order, and its base after it.
pub(super) fn fee_step(tariff: &Tariff, base: i64, part: Part, amount: Money) -> (i64, i64) {
    // An order whose whole amount could be counted never comes to the bound.
    let after = tariff.base_after(base, part, amount).unwrap_or(i64::MAX / 2);
    (tariff.fee(after).0 - tariff.fee(base).0, after)
}

impl Venue {
    /// Makes a fill. What the two orders have left is the caller's to take off; their tickets are brought up to date here.
    #[inline]
    pub(super) fn fill(&mut self, meeting: &Meeting, tariff: &Tariff, after: &mut impl PostTrade) {
        let &Meeting { buy, sell, price, quantity, aggressor, own } = meeting;
        let (buyer_ticket, seller_ticket) =
            (self.floor.orders.get(buy).owner, self.floor.orders.get(sell).owner);
        let id = buyer_ticket.instrument();
        let rest = Quantity(self.floor.left(buy).0 - quantity.0);
        let limit = self.floor.orders.get(buy).price;
        let instrument = &mut self.instruments[id.index()];
        let amount = amount_of(price, quantity, instrument.tick_value);
        let rest = amount_of(limit, rest, instrument.tick_value).map_or(0, |rest| rest.0);
        let amount = amount.unwrap_or_else(|| unreachable!("the buyer has set more than this aside"));

        let spare = buyer_ticket.held - amount.0 - rest;
        let (buyer, seller) = charge(meeting, tariff, amount, &buyer_ticket, spare, &seller_ticket);
        let spent = amount.0 + buyer.fee.max(0);
        let update = |ticket: &mut Ticket, held: i64, base: i64| {
            (ticket.held, ticket.base) = (held, base);
            ticket.filled.0 += quantity.0;
        };
        update(self.floor.orders.owner_mut(buy), buyer_ticket.held - spent, buyer.base);
        update(self.floor.orders.owner_mut(sell), seller_ticket.held + seller.paid, seller.base);

        instrument.day.count(Method::Continuous, quantity.0, amount.0);
        let market = &self.markets[instrument.market.index()];
        let own = own && market.rules.own == Own::Owner;
        if own {
            instrument.day.count_own(quantity.0, amount.0);
        } else {
            instrument.day.mark(price);
        }
        self.trades += 1;
        let (lower, upper) = self.floor.pits[id.index()].band;
        let leg = |ticket: &Ticket, slot, fee| Leg {
            account: ticket.account,
            order: self.floor.orders.id(slot),
            fee: Money(fee),
        };
        let fill = Fill {
            id: TradeId(self.trades),
            market: instrument.market,
            instrument: id,
            date: market.date,
            price,
            quantity,
            amount,
            asset: instrument.asset,
            currency: instrument.currency,
            buyer: leg(&buyer_ticket, buy, buyer.fee),
            seller: leg(&seller_ticket, sell, seller.fee),
            aggressor,
            at_limit: price <= lower || price >= upper,
        };
        if market.composite.is_some() {
            let (market, method) = (fill.market, Method::Continuous);
            self.record_composite(&Made { market, instrument: id, method, quantity, amount, own });
        }
        after.event(Event::Filled {
            trade: fill.id,
            instrument: id,
            price,
            quantity,
            buy: fill.buyer.order,
            sell: fill.seller.order,
            buyer: fill.buyer.account,
            seller: fill.seller.account,
            aggressor,
        });
        after.settle(&fill);
    }
}

/// What a side pays.
struct Charge {
    /// Its fee.
    paid: i64,
    /// The same, less its rebate.
    fee: i64,
    /// What its next fee runs on.
    base: i64,
}

/// What each side pays. A buyer never pays more than `spare`, what it has set aside beyond this trade and the amount of all
/// that can still trade: fees may have risen since. A seller never pays more than the trade brings; a maker's rebate is paid
/// out of the other side's fee.
fn charge(
    meeting: &Meeting,
    tariff: &Tariff,
    amount: Money,
    buyer: &Ticket,
    spare: i64,
    seller: &Ticket,
) -> (Charge, Charge) {
    let (buyer_part, seller_part) = (meeting.part(Side::Buy), meeting.part(Side::Sell));
    let (buyer_fee, buyer_base) = fee_step(tariff, buyer.base, buyer_part, amount);
    let (_, seller_base) = fee_step(tariff, seller.base, seller_part, amount);
    let buyer_fee = buyer_fee.clamp(0, spare);
    // What a small part could not pay, the next parts of a sale do.
    let seller_fee = (tariff.fee(seller_base).0 - seller.held).clamp(0, amount.0);
    let buyer_rebate = tariff.rebate(buyer_part, amount).0.min(seller_fee);
    let seller_rebate = tariff.rebate(seller_part, amount).0.min(buyer_fee);
    let buyer = Charge { paid: buyer_fee, fee: buyer_fee - buyer_rebate, base: buyer_base };
    let seller = Charge { paid: seller_fee, fee: seller_fee - seller_rebate, base: seller_base };
    (buyer, seller)
}
