//! Acts of the operator: the list, trades that are taken back or corrected, halts, reference prices, holidays.

use super::{ReferenceBook, Resolved, Resolver, absent};
use crate::WireCommand;
use base::{MarketId, Quantity, TradeId};
use engine::Command;
use trading as t;

impl<B: ReferenceBook> Resolver<'_, B> {
    pub(super) fn operate(&self, wire: &WireCommand) -> Resolved<Command> {
        use WireCommand as W;
        let halted = |instrument: &str, halted, reason: &str| {
            let instrument = self.instrument("instrument", instrument)?;
            Ok(Command::SetHalted(t::SetHalted { instrument, halted, reason: reason.to_owned() }))
        };
        Ok(match wire {
            W::ListInstrument { code, asset, reference, market } => {
                let market = self.market(market.as_deref())?;
                Command::ListInstrument(t::ListInstrument {
                    market,
                    code: code.clone(),
                    asset: self.asset("asset", asset.as_deref().unwrap_or(code))?,
                    reference: reference
                        .as_ref()
                        .map(|price| self.price("reference", market, price))
                        .transpose()?,
                    carried: [t::Turnover::default(); 3],
                })
            }
            W::DelistInstrument { instrument } => {
                let instrument = self.instrument("instrument", instrument)?;
                Command::DelistInstrument(t::DelistInstrument { instrument })
            }
            W::RelistInstrument { instrument, reference, reason } => {
                let instrument = self.instrument("instrument", instrument)?;
                let market = self.state.venue().instruments()[instrument.index()].market;
                let price = |price| self.price("reference", market, price);
                let (reference, reason) = (reference.as_ref().map(price).transpose()?, reason.clone());
                Command::RelistInstrument(t::RelistInstrument { instrument, reference, reason })
            }
            W::BustTrade { trade, reason } => {
                Command::BustTrade(t::BustTrade { trade: TradeId(*trade), reason: reason.clone() })
            }
            W::CorrectTrade { trade, price, quantity, reason } => {
                let trade = TradeId(*trade);
                let kept = self.state.clearing().kept(trade).map(|(_, _, kept)| kept.instrument);
                let (market, decimals) = self.formats(kept)?;
                let price = price.as_ref().map(|price| self.price("price", market, price)).transpose()?;
                let units = |units| Self::number("quantity", units, decimals).map(Quantity);
                let (quantity, reason) = (quantity.as_ref().map(units).transpose()?, reason.clone());
                Command::CorrectTrade(t::CorrectTrade { trade, price, quantity, reason })
            }
            W::Halt { instrument, reason } => halted(instrument, true, reason)?,
            W::Resume { instrument, reason } => halted(instrument, false, reason)?,
            W::CorrectReference { line, price, reason } => {
                let (line, market) = self.line(line)?;
                let price = self.price("price", market, price)?;
                Command::CorrectReference(t::CorrectReference { line, price, reason: reason.clone() })
            }
            W::DeclareHoliday { date, market } => {
                let market = self.market(market.as_deref())?;
                Command::DeclareHoliday(t::DeclareHoliday { market, date: Self::date("date", date)? })
            }
            W::RevokeHoliday { date, market } => {
                let market = self.market(market.as_deref())?;
                Command::RevokeHoliday(t::RevokeHoliday { market, date: Self::date("date", date)? })
            }
            _ => Command::Tick,
        })
    }

    fn line(&self, code: &str) -> Resolved<(t::Line, MarketId)> {
        if let Some(id) = self.state.venue().instrument_id(code) {
            let market = self.state.venue().instruments()[id.index()].market;
            return Ok((t::Line::Instrument(id), market));
        }
        let is_composite = |market: &MarketId| {
            let rules = self.state.venue().rules(*market);
            rules.composite.as_ref().is_some_and(|composite| composite.code == code)
        };
        let market = (0..self.state.markets().len()).map(MarketId::at).find(is_composite);
        let found = market.map(|market| (t::Line::Composite(market), market));
        found.map_or_else(|| absent("line", "instrument or composite", code), Ok)
    }
}
