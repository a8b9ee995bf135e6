//! Blocks: proposed to one counterparty, accepted, declined or withdrawn.

use super::finding::{Finding, Found, Kind};
use super::shadow::{Block, Market, Shadow};
use super::verdict::{Verdict, first, trading as exactly};
use base::ProposalId;
use trading::{AcceptBlock, End, Event, ProposeBlock, WithdrawBlock};

type Judged = Result<Verdict, &'static str>;

impl Shadow {
    pub(super) fn judge_propose(&self, c: &ProposeBlock) -> Judged {
        let (Some(instrument), Some(market)) =
            (self.instrument(c.instrument.0), self.market_of(c.instrument.0))
        else {
            return Err("propose/instrument_unknown");
        };
        first(&[(instrument.delisted, "propose/instrument_delisted")])?;
        let Some(rules) = &market.rules.trading.block else { return Err("propose/method_not_offered") };
        let (low, high) = Market::band(instrument.reference, rules.band.0);
        let (price, quantity) = (i128::from(c.price.0), i128::from(c.quantity.0));
        first(&[
            (!market.open[1], "propose/market_closed"),
            (instrument.halted, "propose/instrument_halted"),
            (self.is_own(c.instrument.0, c.account.0, c.counterparty.0), "propose/own_block"),
            (self.owner(c.counterparty.0).is_none(), "propose/counterparty_unknown"),
            (quantity % i128::from(market.rules.trading.lot.0) != 0, "propose/quantity_off_lot"),
            (c.quantity < rules.quantity_min || quantity <= 0, "propose/block_too_small"),
            (price < low || price > high, "propose/price_outside_band"),
        ])?;
        let amount = self.amount(c.instrument.0, price, quantity).ok_or("propose/amount_too_large")?;
        self.judge_hold((c.account.0, c.instrument.0), (1, c.side), amount, quantity)?;
        Ok(exactly(vec![Event::BlockProposed { proposal: ProposalId(self.given[0] + 1), terms: *c }]))
    }

    pub(super) fn judge_accept(&self, c: &AcceptBlock) -> Judged {
        let Some(block) = self.blocks.get(&c.proposal.0) else { return Err("block/proposal_unknown") };
        let order = &block.order;
        let halted = self.instrument(order.instrument).is_some_and(|instrument| instrument.halted);
        let open = self.market_of(order.instrument).is_some_and(|market| market.open[1]);
        first(&[
            (block.counterparty != c.account.0, "block/not_the_counterparty"),
            (!open, "block/market_closed"),
            (halted, "block/instrument_halted"),
        ])?;
        let amount = self.amount(order.instrument, order.price, order.quantity).unwrap_or_default();
        let (who, how) = ((c.account.0, order.instrument), (1, order.side.opposite()));
        self.judge_hold(who, how, amount, order.quantity)?;
        Ok(Verdict::Taken)
    }

    pub(super) fn judge_withdraw_block(&self, c: &WithdrawBlock) -> Judged {
        let Some(block) = self.blocks.get(&c.proposal.0) else { return Err("block/proposal_unknown") };
        let end = match c.account.0 {
            account if account == block.order.account => End::Withdrawn,
            account if account == block.counterparty => End::Declined,
            _ => return Err("block/not_the_counterparty"),
        };
        Ok(exactly(vec![Event::BlockEnded { proposal: c.proposal, end }]))
    }

    pub(super) fn see_block_proposed(&mut self, id: u64, c: &ProposeBlock) -> Found {
        self.give_id(0, id)?;
        let order = self.set_aside((c.account.0, c.instrument.0), (1, c.side), c.price.0, c.quantity.0)?;
        self.blocks.insert(id, Block { order, counterparty: c.counterparty.0 });
        Ok(())
    }

    pub(super) fn see_block_ended(&mut self, id: u64) -> Found {
        let Some(block) = self.blocks.remove(&id) else {
            return Err(Finding::new(Kind::Event, format!("block {id} ended, and none waits")));
        };
        self.give_back(&block.order)
    }
}
