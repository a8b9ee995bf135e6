//! Ids become names again: events and records as people read them.

mod orders;
mod printed;
mod roster;

use crate::{Class, Number, Reference, WireCommand, format_time};
use base::{
    AccountId, AssetId, InstrumentId, MarketId, Money, ParticipantId, Price, Quantity, Timestamp, UserId,
    decimal,
};
use engine::{Command, State};
use registry::AssetClass;
use serde_json::{Map, Value, json};
use trading::Line;

/// Names and number formats, from a state in which every id already stands.
#[derive(Clone, Copy)]
pub struct Names<'a>(pub &'a State);

impl Names<'_> {
    /// A participant's code.
    #[must_use]
    pub fn participant(&self, id: ParticipantId) -> String {
        let participant = self.0.registry().participants().get(id.index());
        participant.map_or_else(|| format!("#{id}"), |participant| participant.code.clone())
    }

    /// An account's code.
    #[must_use]
    pub fn account(&self, id: AccountId) -> String {
        self.0.registry().account(id).map_or_else(|| format!("#{id}"), |account| account.code.clone())
    }

    /// An asset's code.
    #[must_use]
    pub fn asset(&self, id: AssetId) -> String {
        self.0
            .registry()
            .assets()
            .get(id.index())
            .map_or_else(|| format!("#{id}"), |asset| asset.code.clone())
    }

    /// An instrument's code.
    #[must_use]
    pub fn instrument(&self, id: InstrumentId) -> String {
        self.0.venue().instrument(id).map_or_else(|| format!("#{id}"), |instrument| instrument.code.clone())
    }

    /// A market's code.
    #[must_use]
    pub fn market(&self, id: MarketId) -> String {
        let market = self.0.markets().get(id.index());
        market.map_or_else(|| format!("#{id}"), |market| market.rulebook.code.clone())
    }

    /// The name of a line of the price list.
    #[must_use]
    pub fn line(&self, line: Line) -> String {
        match line {
            Line::Instrument(id) => self.instrument(id),
            Line::Composite(id) => {
                let known = self.0.markets().get(id.index());
                let composite = known.and_then(|_| self.0.venue().rules(id).composite.as_ref());
                composite.map_or_else(|| "composite".to_owned(), |composite| composite.code.clone())
            }
        }
    }

    /// A price in the format of a market.
    #[must_use]
    pub fn price(&self, market: Option<MarketId>, price: Price) -> String {
        match market.and_then(|market| self.0.markets().get(market.index())) {
            Some(market) => {
                let format = market.rulebook.price;
                decimal::text(i128::from(price.0) * i128::from(format.tick), format.decimals)
            }
            None => price.to_string(),
        }
    }

    /// Units of an asset as people write them.
    #[must_use]
    pub fn units(&self, asset: AssetId, units: i128) -> String {
        let decimals = self.0.registry().assets().get(asset.index()).map_or(0, |asset| asset.decimals);
        decimal::text(units, decimals)
    }

    fn quantity(&self, asset: AssetId, quantity: Quantity) -> Number {
        Number(self.units(asset, i128::from(quantity.0)))
    }

    fn money(&self, currency: AssetId, amount: Money) -> Number {
        Number(self.units(currency, i128::from(amount.0)))
    }

    /// A time in the local time of a market; of the first one where none is known.
    fn local(&self, market: Option<MarketId>, time: Timestamp) -> String {
        let adopted = self.0.markets().get(market.map_or(0, MarketId::index));
        format_time(time, adopted.map(|adopted| &adopted.rulebook.versions[0].trading.calendar))
    }

    fn of_instrument(&self, id: InstrumentId) -> (Option<MarketId>, AssetId) {
        let instrument = self.0.venue().instrument(id);
        instrument.map_or((None, AssetId(u32::MAX)), |instrument| (Some(instrument.market), instrument.asset))
    }

    /// A command as it is written on the wire, given what came of it; a rulebook by its code and the dates of its versions.
    #[must_use]
    pub fn command(&self, command: &Command, events: &[engine::Event]) -> Value {
        match command {
            Command::AdoptRulebook(rulebook) => {
                let versions: Vec<_> =
                    rulebook.versions.iter().map(|version| version.from.to_string()).collect();
                json!({ "do": "adopt_rulebook", "code": rulebook.code, "versions": versions })
            }
            Command::ProposeAct { command, expires } => {
                json!({ "do": "propose_act", "act": self.command(command, events), "expires": self.local(None, *expires) })
            }
            command => {
                let Ok(Value::Object(tagged)) =
                    serde_json::to_value(self.wire(command, printed::traded(command, events)))
                else {
                    return Value::Null;
                };
                let mut flat = Map::new();
                for (name, fields) in tagged {
                    flat.insert("do".to_owned(), Value::String(name));
                    flat.extend(fields.as_object().cloned().unwrap_or_default());
                }
                Value::Object(flat)
            }
        }
    }

    /// Price and quantity in the formats of an instrument; where none is known, in those that a reader takes who knows none either.
    fn priced(&self, instrument: Option<InstrumentId>, price: Price, quantity: Quantity) -> (Number, Number) {
        let first = self.0.markets().first();
        let (market, decimals) = match instrument.map(|instrument| self.of_instrument(instrument)) {
            Some((market, asset)) => {
                (market, self.0.registry().assets().get(asset.index()).map(|a| a.decimals))
            }
            None => (first.map(|_| MarketId(0)), first.map(|market| market.rulebook.unit.decimals)),
        };
        let quantity = decimal::text(i128::from(quantity.0), decimals.unwrap_or_default());
        (Number(self.price(market, price)), Number(quantity))
    }

    /// `about`: the instrument that the record's own events say a command is about, where they do.
    #[allow(clippy::too_many_lines)] // the mirror of the resolver: one arm a command
    fn wire(&self, command: &Command, about: Option<InstrumentId>) -> WireCommand {
        use Command as C;
        use WireCommand as W;
        let account = |id| self.account(id);
        let number = Reference::Number;
        let priced = |instrument, price, quantity| {
            let (market, asset) = self.of_instrument(instrument);
            (self.instrument(instrument), Number(self.price(market, price)), self.quantity(asset, quantity))
        };
        let local = |time| self.local(None, time);
        match command.clone() {
            C::PlaceOrder(c) => {
                let (instrument, price, quantity) = priced(c.instrument, c.price, c.quantity);
                W::PlaceListing { account: account(c.account), instrument, side: c.side, price, quantity }
            }
            C::TakeListing(c) => {
                let (_, quantity) =
                    self.priced(about.or_else(|| self.instrument_of(c.listing)), Price::ZERO, c.quantity);
                W::TakeListing { account: account(c.account), listing: number(c.listing.0), quantity }
            }
            C::CancelOrder(_)
            | C::EnterOrder(_)
            | C::EnterFunds(_)
            | C::AmendOrder(_)
            | C::MassCancel(_)
            | C::SetTradingBlocked(_) => self.order_book(command, about),
            C::ProposeBlock(c) => {
                let (instrument, price, quantity) = priced(c.instrument, c.price, c.quantity);
                let (from, counterparty) = (account(c.account), account(c.counterparty));
                W::ProposeBlock { account: from, instrument, side: c.side, counterparty, price, quantity }
            }
            C::AcceptBlock(c) => {
                W::AcceptBlock { account: account(c.account), proposal: number(c.proposal.0) }
            }
            C::WithdrawBlock(c) => {
                W::WithdrawBlock { account: account(c.account), proposal: number(c.proposal.0) }
            }
            C::AnnounceAuction(c) => {
                let (instrument, _, quantity) = priced(c.instrument, Price(0), c.quantity);
                let market = self.of_instrument(c.instrument).0;
                let reserve = c.reserve.map(|reserve| Number(self.price(market, reserve)));
                let (opens, closes) = (local(c.opens), local(c.closes));
                W::AnnounceAuction {
                    account: account(c.account),
                    instrument,
                    side: c.side,
                    quantity,
                    reserve,
                    opens,
                    closes,
                }
            }
            C::PlaceBid(c) => {
                let auction = self.0.venue().auction(c.auction).map(|auction| auction.terms.instrument);
                let (price, quantity) = self.priced(auction, c.price, c.quantity);
                W::PlaceBid { account: account(c.account), auction: number(c.auction.0), price, quantity }
            }
            C::WithdrawBid(c) => W::WithdrawBid { account: account(c.account), bid: number(c.bid.0) },
            C::DrawLot(c) => W::DrawLot { auction: number(c.auction.0), seed: c.seed },
            C::CancelAuction(c) => W::CancelAuction { auction: number(c.auction.0), reason: c.reason },
            C::ListInstrument(c) => {
                let reference = c.reference.map(|price| Number(self.price(Some(c.market), price)));
                let (asset, market) = (Some(self.asset(c.asset)), Some(self.market(c.market)));
                W::ListInstrument { code: c.code, asset, reference, market }
            }
            C::DelistInstrument(c) => W::DelistInstrument { instrument: self.instrument(c.instrument) },
            C::RelistInstrument(c) => {
                let market = self.of_instrument(c.instrument).0;
                let reference = c.reference.map(|price| Number(self.price(market, price)));
                W::RelistInstrument { instrument: self.instrument(c.instrument), reference, reason: c.reason }
            }
            C::BustTrade(c) => W::BustTrade { trade: c.trade.0, reason: c.reason },
            C::CorrectTrade(c) => {
                let (price, quantity) = (c.price.unwrap_or_default(), c.quantity.unwrap_or_default());
                let (price, quantity) = self.priced(self.instrument_traded(c.trade), price, quantity);
                let (price, quantity) = (c.price.map(|_| price), c.quantity.map(|_| quantity));
                W::CorrectTrade { trade: c.trade.0, price, quantity, reason: c.reason }
            }
            C::SetHalted(c) if c.halted => {
                W::Halt { instrument: self.instrument(c.instrument), reason: c.reason }
            }
            C::SetHalted(c) => W::Resume { instrument: self.instrument(c.instrument), reason: c.reason },
            C::CorrectReference(c) => {
                let market = match c.line {
                    Line::Instrument(id) => self.of_instrument(id).0,
                    Line::Composite(id) => Some(id),
                };
                let price = Number(self.price(market, c.price));
                W::CorrectReference { line: self.line(c.line), price, reason: c.reason }
            }
            C::DeclareHoliday(c) => {
                W::DeclareHoliday { date: c.date.to_string(), market: Some(self.market(c.market)) }
            }
            C::RevokeHoliday(c) => {
                W::RevokeHoliday { date: c.date.to_string(), market: Some(self.market(c.market)) }
            }
            C::RegisterParticipant(c) => {
                W::RegisterParticipant { code: c.code, name: c.name, roles: c.roles }
            }
            C::OpenAccount(c) => {
                let participant = self.participant(c.participant);
                W::OpenAccount { participant, code: c.code, kind: c.kind, owner: c.owner }
            }
            C::RenameParticipant(c) => {
                let participant = self.participant(c.participant);
                W::RenameParticipant { participant, name: c.name, reason: c.reason }
            }
            C::CloseAccount(c) => W::CloseAccount { account: account(c.account), reason: c.reason },
            C::DefineAsset(c) => {
                let (class, vintages) = match c.class {
                    AssetClass::Allowance { first_vintage, last_vintage }
                        if first_vintage == last_vintage =>
                    {
                        (Class::Allowance, vec![first_vintage])
                    }
                    AssetClass::Allowance { first_vintage, last_vintage } => {
                        (Class::Allowance, vec![first_vintage, last_vintage])
                    }
                    AssetClass::Offset { vintage } => (Class::Offset, vec![vintage]),
                    AssetClass::Offsets { first_vintage, last_vintage } => {
                        (Class::Offset, vec![first_vintage, last_vintage])
                    }
                    AssetClass::Security => (Class::Security, Vec::new()),
                    AssetClass::Certificate => (Class::Certificate, Vec::new()),
                    AssetClass::Right => (Class::Right, Vec::new()),
                    AssetClass::Commodity => (Class::Commodity, Vec::new()),
                    AssetClass::FundUnit => (Class::FundUnit, Vec::new()),
                    AssetClass::Currency => (Class::Allowance, Vec::new()),
                };
                W::DefineAsset {
                    code: c.code,
                    class,
                    vintages,
                    market: c.market.map(|market| self.market(market)),
                }
            }
            C::Issue(c) => {
                let quantity = self.quantity(c.asset, c.quantity);
                W::Issue {
                    account: account(c.account),
                    asset: self.asset(c.asset),
                    quantity,
                    reason: c.reason,
                }
            }
            C::Preallocate(c) => W::Preallocate {
                account: account(c.account),
                asset: self.asset(c.asset),
                base_year: c.base_year,
            },
            C::Allocate(c) => {
                let (quantity, asset) = (self.quantity(c.asset, c.quantity), self.asset(c.asset));
                W::Allocate { account: account(c.account), asset, base_year: c.base_year, quantity }
            }
            C::CancelUnits(c) => {
                let quantity = self.quantity(c.asset, c.quantity);
                W::CancelUnits {
                    account: account(c.account),
                    asset: self.asset(c.asset),
                    quantity,
                    reason: c.reason,
                }
            }
            C::Deposit(c) => {
                let (amount, currency) = (self.money(c.currency, c.amount), Some(self.asset(c.currency)));
                W::Deposit { account: account(c.account), amount, reference: c.reference, currency }
            }
            C::RequestWithdrawal(c) => {
                let (amount, currency) = (self.money(c.currency, c.amount), Some(self.asset(c.currency)));
                W::RequestWithdrawal { account: account(c.account), amount, currency }
            }
            C::SettleWithdrawal(c) => {
                W::SettleWithdrawal { withdrawal: number(c.withdrawal.0), paid: c.paid }
            }
            C::Transfer(c) => {
                let quantity = self.quantity(c.asset, c.quantity);
                W::Transfer { from: account(c.from), to: account(c.to), asset: self.asset(c.asset), quantity }
            }
            C::PledgeUnits(c) => {
                let (quantity, pledgee) = (self.quantity(c.asset, c.quantity), self.participant(c.pledgee));
                W::Pledge { account: account(c.account), asset: self.asset(c.asset), quantity, pledgee }
            }
            C::ReleasePledge(c) => W::ReleasePledge { pledge: number(c.pledge.0) },
            C::FreezeUnits(c) => {
                let quantity = self.quantity(c.asset, c.quantity);
                W::Freeze {
                    account: account(c.account),
                    asset: self.asset(c.asset),
                    quantity,
                    order: c.order,
                }
            }
            C::UnfreezeUnits(c) => W::Unfreeze { freeze: number(c.freeze.0) },
            C::SetAccountFrozen(c) if c.frozen => {
                W::FreezeAccount { account: account(c.account), reason: c.reason }
            }
            C::SetAccountFrozen(c) => W::UnfreezeAccount { account: account(c.account), reason: c.reason },
            C::RecordEmissions(c) => {
                let decimals =
                    self.0.markets().get(c.market.index()).map(|market| market.rulebook.unit.decimals);
                let verified = Number(decimal::text(c.verified.0.into(), decimals.unwrap_or_default()));
                let participant = self.participant(c.participant);
                W::RecordEmissions {
                    participant,
                    year: c.year,
                    verified,
                    market: Some(self.market(c.market)),
                }
            }
            C::Surrender(c) => {
                let quantity = self.quantity(c.asset, c.quantity);
                W::Surrender {
                    account: account(c.account),
                    year: c.year,
                    asset: self.asset(c.asset),
                    quantity,
                }
            }
            C::DetermineShortfall(c) => {
                let (participant, market) = (self.participant(c.participant), Some(self.market(c.market)));
                W::DetermineShortfall { participant, year: c.year, market }
            }
            C::ApplyCarryOver(c) => {
                let quantity = self.quantity(c.from, c.quantity);
                let (from, into) = (self.asset(c.from), self.asset(c.into));
                W::ApplyCarryOver { account: account(c.account), from, into, quantity }
            }
            C::DecideCarryOver(c) => {
                W::DecideCarryOver { application: number(c.conversion.0), approved: c.approved }
            }
            C::AdoptRulebook(_) | C::Tick => W::Tick {},
            _ => self.roster(command),
        }
    }

    /// The market whose formats and currency are those of all; none where they are not the same. What names no market is written so, or else
    /// in ticks and units.
    fn any_market(&self) -> Option<MarketId> {
        let mut all = self.0.markets().iter().map(|market| (market.rulebook.price, market.currency));
        let first = all.next()?;
        all.all(|market| market == first).then_some(MarketId(0))
    }

    /// An event with names instead of ids and decimals instead of integers, and the end of a call auction in local time.
    #[must_use]
    pub fn event(&self, event: &engine::Event) -> Value {
        if let engine::Event::Refused(rejection) = event {
            let (stage, code) = (rejection.stage(), rejection.code());
            return json!({ "refused": { "stage": stage, "reason": code, "because": rejection.sentence() } });
        }
        let market = match event {
            engine::Event::Trading(trading::Event::Traded(trade)) => Some(trade.market),
            _ => self.any_market(),
        };
        let mut value = serde_json::to_value(event).unwrap_or_default();
        // The room is known from the event's own name: show that alone.
        for room in ["trading", "clearing", "registry", "supervision", "roster"] {
            if let Some(inner) = value.get_mut(room).map(Value::take) {
                value = inner;
            }
        }
        self.name(&mut value, market);
        value
    }

    fn name(&self, value: &mut Value, market: Option<MarketId>) {
        match value {
            Value::Array(items) => items.iter_mut().for_each(|item| self.name(item, market)),
            Value::Object(object) => self.name_fields(object, market),
            _ => {}
        }
    }

    fn name_fields(&self, object: &mut Map<String, Value>, market: Option<MarketId>) {
        let instrument = object.get("instrument").and_then(id).map(InstrumentId);
        let currency = object.get("currency").and_then(id).map(AssetId);
        let line = |key| object.get("line").and_then(|line| line.get(key)).and_then(id);
        let instrument = instrument.or(line("instrument").map(InstrumentId));
        let market = object.get("market").and_then(id).or(line("composite")).map(MarketId).or(market);
        let market = instrument.and_then(|instrument| self.of_instrument(instrument).0).or(market);
        let converts = object.contains_key("into");
        let corrects = object.contains_key("line");
        let acts = object.contains_key("act");
        let transfers = object.contains_key("to");
        for (key, value) in object.iter_mut() {
            let name = id(value).and_then(|id| match key.as_str() {
                "account" | "counterparty" | "buyer" | "seller" | "fees_to" => {
                    Some(self.account(AccountId(id)))
                }
                "from" | "to" | "into" if converts => Some(self.asset(AssetId(id))),
                "from" | "to" if corrects => None,
                "from" if !transfers => Some(base::Date(i32::try_from(id).unwrap_or_default()).to_string()),
                "from" | "to" => Some(self.account(AccountId(id))),
                "participant" | "pledgee" => Some(self.participant(ParticipantId(id))),
                "asset" | "currency" => Some(self.asset(AssetId(id))),
                "instrument" => Some(self.instrument(InstrumentId(id))),
                "composite" => Some(self.line(Line::Composite(MarketId(id)))),
                "market" => Some(self.market(MarketId(id))),
                "by" if !acts => None,
                "user" | "by" => u16::try_from(id).ok().map(|id| self.user(UserId(id))),
                "date" => Some(base::Date(i32::try_from(id).unwrap_or_default()).to_string()),
                _ => None,
            });
            if let Some(name) = name {
                *value = Value::String(name);
                continue;
            }
            let amount = value.as_i64().and_then(|units| match key.as_str() {
                "until" | "expires" => Some(self.local(market, Timestamp(units))),
                "price" | "reference" | "reserve" | "previous_close" | "open" | "high" | "low" | "close"
                | "corrected" => market.map(|_| self.price(market, Price(units))),
                "from" | "to" if corrects => market.map(|_| self.price(market, Price(units))),
                "amount" | "funds" | "buyer_fee" | "seller_fee" | "traded_before" => {
                    let market = market.and_then(|market| self.0.markets().get(market.index()));
                    let currency = currency.or(market.map(|market| market.currency));
                    currency.map(|currency| self.units(currency, i128::from(units)))
                }
                _ => None,
            });
            match amount {
                Some(text) => *value = Value::String(text),
                None => self.name(value, market),
            }
        }
    }
}

fn id(value: &Value) -> Option<u32> {
    value.as_u64().and_then(|id| u32::try_from(id).ok())
}
