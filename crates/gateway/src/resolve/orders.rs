//! The commands of the order book: what is said of an order, field by field.

use super::{ReferenceBook, Resolved, Resolver, wrong};
use crate::{Life, Number, WireCommand};
use base::{AssetId, MarketId, Price, Quantity};
use engine::Command;
use trading as t;

impl<B: ReferenceBook> Resolver<'_, B> {
    pub(super) fn order_book(&self, wire: &WireCommand) -> Resolved<Command> {
        use WireCommand as W;
        Ok(match wire {
            W::PlaceOrder { quantity, funds, .. } => match (quantity, funds) {
                (Some(quantity), None) => Command::EnterOrder(self.enter(wire, quantity)?),
                (None, Some(funds)) => Command::EnterFunds(self.enter_funds(wire, funds)?),
                (Some(_), Some(_)) => {
                    return wrong("funds", "an order is for a quantity or for an amount, not for both");
                }
                (None, None) => {
                    return wrong(
                        "quantity",
                        "missing: an order is for a quantity, or a market order for \"funds\"",
                    );
                }
            },
            W::AmendOrder { account, order, price, quantity } => {
                let (order, instrument) = self.order("order", order)?;
                let (market, decimals) = self.formats(instrument)?;
                Command::AmendOrder(t::AmendOrder {
                    account: self.account("account", account)?,
                    order,
                    price: self.price("price", market, price)?,
                    quantity: Quantity(Self::number("quantity", quantity, decimals)?),
                })
            }
            W::CancelOrder { account, order } => Command::CancelOrder(t::CancelOrder {
                account: self.account("account", account)?,
                order: self.order("order", order)?.0,
            }),
            W::MassCancel { account, participant, instrument } => {
                let of = self.whose(account.as_deref(), participant.as_deref())?;
                let instrument = instrument.as_deref().map(|code| self.instrument("instrument", code));
                Command::MassCancel(t::MassCancel { of, instrument: instrument.transpose()? })
            }
            W::BlockTrading { account, participant, reason } => {
                let of = self.whose(account.as_deref(), participant.as_deref())?;
                Command::SetTradingBlocked(t::SetTradingBlocked { of, blocked: true, reason: reason.clone() })
            }
            W::UnblockTrading { account, participant, reason } => {
                let of = self.whose(account.as_deref(), participant.as_deref())?;
                Command::SetTradingBlocked(t::SetTradingBlocked {
                    of,
                    blocked: false,
                    reason: reason.clone(),
                })
            }
            _ => unreachable!("resolve() sends only commands of the order book here"),
        })
    }

    fn enter(&self, wire: &WireCommand, quantity: &Number) -> Resolved<t::EnterOrder> {
        let WireCommand::PlaceOrder {
            account,
            instrument,
            side,
            kind,
            price,
            life,
            until,
            post_only,
            self_trade,
            minimum,
            display,
            trigger,
            ..
        } = wire
        else {
            unreachable!("order_book() sends only orders here")
        };
        let instrument = self.instrument("instrument", instrument)?;
        let listed = &self.state.venue().instruments()[instrument.index()];
        let (market, asset) = (listed.market, listed.asset);
        let price = match (kind, price) {
            (t::OrderKind::Limit, Some(price)) => self.price("price", market, price)?,
            (t::OrderKind::Limit, None) => return wrong("price", "a limit order names its price"),
            (t::OrderKind::Market, None) => Price::ZERO,
            (t::OrderKind::Market, Some(_)) => {
                return wrong("price", "a market order names no price: leave it out");
            }
        };
        let life = match (life, until) {
            (Life::Gtd, Some(until)) => t::Life::UntilDate(Self::date("until", until)?),
            (Life::Gtd, None) => return wrong("until", "an order with life \"gtd\" names its last day"),
            (_, Some(_)) => return wrong("until", "only an order with life \"gtd\" names a last day"),
            (Life::Day, None) => t::Life::Day,
            (Life::Gtc, None) => t::Life::UntilCancelled,
            (Life::Ioc, None) => t::Life::Immediate,
            (Life::Fok, None) => t::Life::FillOrKill,
            (Life::AtOpen, None) => t::Life::AtOpen,
            (Life::AtClose, None) => t::Life::AtClose,
        };
        Ok(t::EnterOrder {
            account: self.account("account", account)?,
            instrument,
            side: *side,
            kind: *kind,
            price,
            quantity: self.quantity("quantity", asset, quantity)?,
            life,
            post_only: *post_only,
            self_trade: *self_trade,
            minimum: self.part("minimum", asset, minimum.as_ref())?,
            display: self.part("display", asset, display.as_ref())?,
            trigger: self.trigger(market, trigger.as_ref())?,
        })
    }

    /// A market order for an amount of money. What it cannot be is named: it ends at once, and has no quantity of which a part could be
    /// asked for or shown.
    fn enter_funds(&self, wire: &WireCommand, funds: &Number) -> Resolved<t::EnterFunds> {
        let WireCommand::PlaceOrder {
            account,
            instrument,
            side,
            kind,
            price,
            life,
            until,
            post_only,
            self_trade,
            minimum,
            display,
            trigger,
            ..
        } = wire
        else {
            unreachable!("order_book() sends only orders here")
        };
        if *kind != t::OrderKind::Market {
            return wrong("funds", "only a market order is for an amount");
        }
        let fill_or_kill = match life {
            // Where no life is named: what does not trade at once does not stand.
            Life::Day | Life::Ioc => false,
            Life::Fok => true,
            _ => return wrong("life", "an order for an amount is \"ioc\" or \"fok\": it never stands"),
        };
        let unfit = [
            ("price", price.is_some(), "a market order names no price: leave it out"),
            ("until", until.is_some(), "only an order with life \"gtd\" names a last day"),
            ("post_only", *post_only, "an order for an amount never stands"),
            (
                "minimum",
                minimum.is_some(),
                "an order for an amount has no minimum: \"fok\" asks for all of it",
            ),
            ("display", display.is_some(), "an order for an amount never stands"),
            ("trigger", trigger.is_some(), "an order for an amount does not wait: a stop is for a quantity"),
        ];
        if let Some((field, _, why)) = unfit.into_iter().find(|(_, is_there, _)| *is_there) {
            return wrong(field, why);
        }
        let instrument = self.instrument("instrument", instrument)?;
        let currency = self.state.venue().instruments()[instrument.index()].currency;
        Ok(t::EnterFunds {
            account: self.account("account", account)?,
            instrument,
            side: *side,
            funds: self.money("funds", currency, funds)?,
            fill_or_kill,
            self_trade: *self_trade,
        })
    }

    /// A part of an order's quantity. Whoever writes zero means something else than "none": no order would take it so.
    fn part(&self, field: &'static str, asset: AssetId, number: Option<&Number>) -> Resolved<Quantity> {
        let Some(number) = number else { return Ok(Quantity::ZERO) };
        match self.quantity(field, asset, number)? {
            Quantity::ZERO => wrong(field, "this is above zero, or left out"),
            quantity => Ok(quantity),
        }
    }

    /// As [`Self::part`]: an order with a trigger of zero would not wait.
    fn trigger(&self, market: MarketId, number: Option<&Number>) -> Resolved<Price> {
        let Some(number) = number else { return Ok(Price::ZERO) };
        match self.price("trigger", market, number)? {
            Price::ZERO => wrong("trigger", "this is above zero, or left out"),
            price => Ok(price),
        }
    }

    /// Neither an account nor a participant is everyone.
    fn whose(&self, account: Option<&str>, participant: Option<&str>) -> Resolved<t::Whose> {
        match (account, participant) {
            (Some(_), Some(_)) => wrong("participant", "name an account or a participant, not both"),
            (Some(code), None) => self.account("account", code).map(t::Whose::Account),
            (None, Some(code)) => self.participant("participant", code).map(t::Whose::Participant),
            (None, None) => Ok(t::Whose::Everyone),
        }
    }
}
