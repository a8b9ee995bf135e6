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
        let part = |side, ticket: &Ticket| (Part::of(side, aggressor), ticket.base);
        let (buying, selling) = (part(Side::Buy, &buyer_ticket), part(Side::Sell, &seller_ticket));
        let (buyer, seller) = tariff.charge(amount, buying, spare, selling, seller_ticket.held);
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
            base: ticket.base,
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
            own,
            seller_paid: seller_ticket.held,
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
