//! The commands of the order book as they are written.

use super::Names;
use crate::{Life, Number, Reference, WireCommand};
use base::{AssetId, InstrumentId, Price, Quantity};
use engine::Command;
use trading as t;

impl Names<'_> {
    /// `about`: see [`Names::wire`].
    pub(super) fn order_book(&self, command: &Command, about: Option<InstrumentId>) -> WireCommand {
        use Command as C;
        use WireCommand as W;
        match command {
            C::EnterOrder(order) => self.enter(order),
            C::EnterFunds(order) => self.enter_funds(order),
            C::AmendOrder(c) => {
                let (price, quantity) =
                    self.priced(about.or_else(|| self.instrument_of(c.order)), c.price, c.quantity);
                W::AmendOrder {
                    account: self.account(c.account),
                    order: Reference::Number(c.order.0),
                    price,
                    quantity,
                }
            }
            C::CancelOrder(c) => {
                let (account, number) = (self.account(c.account), Reference::Number(c.order.0));
                if t::Venue::is_book_order(c.order) {
                    W::CancelOrder { account, order: number }
                } else {
                    W::CancelListing { account, listing: number }
                }
            }
            C::MassCancel(c) => {
                let (account, participant) = self.whose(c.of);
                let instrument = c.instrument.map(|instrument| self.instrument(instrument));
                W::MassCancel { account, participant, instrument }
            }
            C::SetTradingBlocked(c) => {
                let ((account, participant), reason) = (self.whose(c.of), c.reason.clone());
                if c.blocked {
                    W::BlockTrading { account, participant, reason }
                } else {
                    W::UnblockTrading { account, participant, reason }
                }
            }
            _ => W::Tick {},
        }
    }

    fn enter(&self, order: &t::EnterOrder) -> WireCommand {
        let (market, asset) = self.of_instrument(order.instrument);
        let part = |part: Quantity| (part != Quantity::ZERO).then(|| self.quantity(asset, part));
        let price = |price| Number(self.price(market, price));
        let (life, until) = match order.life {
            t::Life::Day => (Life::Day, None),
            t::Life::UntilCancelled => (Life::Gtc, None),
            t::Life::UntilDate(date) => (Life::Gtd, Some(date.to_string())),
            t::Life::Immediate => (Life::Ioc, None),
            t::Life::FillOrKill => (Life::Fok, None),
            t::Life::AtOpen => (Life::AtOpen, None),
            t::Life::AtClose => (Life::AtClose, None),
        };
        // A market order that names a price, which the engine refuses, came past the gateway: it is shown as it is.
        let priced = order.kind == t::OrderKind::Limit || order.price != Price::ZERO;
        WireCommand::PlaceOrder {
            account: self.account(order.account),
            instrument: self.instrument(order.instrument),
            side: order.side,
            kind: order.kind,
            price: priced.then(|| price(order.price)),
            quantity: Some(self.quantity(asset, order.quantity)),
            funds: None,
            life,
            until,
            post_only: order.post_only,
            self_trade: order.self_trade,
            minimum: part(order.minimum),
            display: part(order.display),
            trigger: (order.trigger != Price::ZERO).then(|| price(order.trigger)),
        }
    }

    fn enter_funds(&self, order: &t::EnterFunds) -> WireCommand {
        let instrument = self.0.venue().instrument(order.instrument);
        let currency = instrument.map_or(AssetId(u32::MAX), |instrument| instrument.currency);
        WireCommand::PlaceOrder {
            account: self.account(order.account),
            instrument: self.instrument(order.instrument),
            side: order.side,
            kind: t::OrderKind::Market,
            price: None,
            quantity: None,
            funds: Some(self.money(currency, order.funds)),
            life: if order.fill_or_kill { Life::Fok } else { Life::Ioc },
            until: None,
            post_only: false,
            self_trade: order.self_trade,
            minimum: None,
            display: None,
            trigger: None,
        }
    }

    fn whose(&self, of: t::Whose) -> (Option<String>, Option<String>) {
        match of {
            t::Whose::Account(account) => (Some(self.account(account)), None),
            t::Whose::Participant(participant) => (None, Some(self.participant(participant))),
            t::Whose::Everyone => (None, None),
        }
    }
}
