//! Names become ids and decimals become integers, against the state as it stands.

mod operate;
mod orders;
mod printed;
mod reference;
mod roster;

pub(crate) use printed::Numbers;
pub use reference::{Created, Reference, ReferenceBook};

use crate::{Class, DATE_FORM, LineError, Number, TIME_FORM, WireCommand, Wrong};
use base::{
    AccountId, AssetId, AuctionId, BidId, ConversionId, Date, FreezeId, InstrumentId, MarketId, Money,
    OrderId, ParticipantId, PledgeId, Price, ProposalId, Quantity, Sequence, Timestamp,
    decimal::{self, Refusal},
};
use engine::{Adopted, Command, State};
use registry::{self as r, AssetClass};
use trading as t;

/// A name or number that means nothing here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {wrong}")]
pub struct ResolveError {
    /// The field.
    pub field: &'static str,
    /// What was expected and what was found.
    pub wrong: Wrong,
}

impl ResolveError {
    /// The same with its place in a line.
    #[must_use]
    pub fn in_line(&self, text: &str) -> LineError {
        LineError::at(text, self.field, self.wrong.to_string())
    }
}

type Resolved<T> = Result<T, ResolveError>;

fn wrong<T>(field: &'static str, because: impl Into<Wrong>) -> Resolved<T> {
    Err(ResolveError { field, wrong: because.into() })
}

/// Something else stands there.
fn unexpected<T>(field: &'static str, expected: &'static str, found: &str) -> Resolved<T> {
    wrong(field, Wrong::Unexpected { expected, found: found.to_owned() })
}

/// Nothing has this name.
fn absent<T>(field: &'static str, what: &'static str, name: &str) -> Resolved<T> {
    wrong(field, Wrong::absent(what, name))
}

/// Resolves commands against a state, for one market by default.
pub struct Resolver<'a, B: ReferenceBook> {
    /// The state as it stands.
    pub state: &'a State,
    /// The market meant where a command names none.
    pub market: Option<MarketId>,
    /// What earlier commands created.
    pub book: &'a B,
}

/// Something that was named by a command which created nothing: no engine gives this number.
const NOTHING: u64 = 0;

macro_rules! references {
    ($($name:ident: $kind:ident($id:ident);)*) => {$(
        fn $name(&self, field: &'static str, reference: &Reference) -> Resolved<$id> {
            match self.reference(field, reference)? {
                Ok(number) => Ok($id(number)),
                Err(Some(Created::$kind(id))) => Ok(id),
                Err(_) => Ok($id(NOTHING)),
            }
        }
    )*};
}

impl<B: ReferenceBook> Resolver<'_, B> {
    /// The participant with a code.
    ///
    /// # Errors
    /// There is none.
    pub fn participant(&self, field: &'static str, code: &str) -> Resolved<ParticipantId> {
        match self.state.registry().participant_id(code) {
            Some(id) => Ok(id),
            None => absent(field, "participant", code),
        }
    }

    fn account(&self, field: &'static str, code: &str) -> Resolved<AccountId> {
        match self.state.registry().account_id(code) {
            Some(id) => Ok(id),
            None => absent(field, "account", code),
        }
    }

    fn asset(&self, field: &'static str, code: &str) -> Resolved<AssetId> {
        match self.state.registry().asset_id(code) {
            Some(id) => Ok(id),
            None => absent(field, "asset", code),
        }
    }

    fn instrument(&self, field: &'static str, code: &str) -> Resolved<InstrumentId> {
        match self.state.venue().instrument_id(code) {
            Some(id) => Ok(id),
            None => absent(field, "instrument", code),
        }
    }

    fn market(&self, code: Option<&str>) -> Resolved<MarketId> {
        let found = match code {
            Some(code) => self.state.market_id(code),
            None => self.market,
        };
        found.map_or_else(|| wrong("market", "name a market whose rulebook is adopted"), Ok)
    }

    fn adopted(&self, market: MarketId) -> &Adopted {
        &self.state.markets()[market.index()]
    }

    fn number(field: &'static str, number: &Number, decimals: u8) -> Resolved<i64> {
        let refusal = match decimal::units(&number.0, decimals) {
            Ok(units) => return Ok(units),
            Err(refusal) => refusal,
        };
        let found = number.0.clone();
        wrong(
            field,
            match refusal {
                Refusal::Form => {
                    Wrong::Unexpected { expected: r#"a number such as "100000" or "48.00""#, found }
                }
                Refusal::TooFine => Wrong::TooFine { found, decimals },
                Refusal::TooLarge => Wrong::TooLarge { found },
            },
        )
    }

    fn quantity(&self, field: &'static str, asset: AssetId, number: &Number) -> Resolved<Quantity> {
        Self::number(field, number, self.state.registry().asset(asset).decimals).map(Quantity)
    }

    fn money(&self, field: &'static str, currency: AssetId, number: &Number) -> Resolved<Money> {
        Self::number(field, number, self.state.registry().asset(currency).decimals).map(Money)
    }

    fn price(&self, field: &'static str, market: MarketId, number: &Number) -> Resolved<Price> {
        let format = self.adopted(market).rulebook.price;
        let units = Self::number(field, number, format.decimals)?;
        if units % format.tick != 0 {
            let tick = decimal::text(i128::from(format.tick), format.decimals);
            return wrong(field, Wrong::OffTick { found: number.0.clone(), tick });
        }
        Ok(Price(units / format.tick))
    }

    fn currency(&self, code: Option<&str>) -> Resolved<AssetId> {
        match (code, self.market) {
            (Some(code), _) => self.asset("currency", code),
            (None, Some(market)) => Ok(self.adopted(market).currency),
            (None, None) => wrong("currency", "name a currency"),
        }
    }

    fn date(field: &'static str, text: &str) -> Resolved<Date> {
        Date::read(text).or_else(|why| unexpected(field, why.expected(DATE_FORM), text))
    }

    fn time(field: &'static str, text: &str) -> Resolved<Timestamp> {
        Timestamp::read(text).or_else(|why| unexpected(field, why.expected(TIME_FORM), text))
    }

    fn reference(
        &self,
        field: &'static str,
        reference: &Reference,
    ) -> Resolved<Result<u64, Option<Created>>> {
        let text = match reference {
            Reference::Number(number) => return Ok(Ok(*number)),
            Reference::Command(text) => text,
        };
        let (by, id) = match text.split_once('/') {
            Some((code, id)) => match self.book.sender(self.state, code) {
                Some(sender) => (Some(sender), id),
                None => return absent(field, "participant", code),
            },
            None => (None, text.as_str()),
        };
        self.book.created(by, id).map(Err).or_else(|message| wrong(field, message))
    }

    references! {
        proposal: Proposal(ProposalId);
        bid: Bid(BidId);
        pledge: Pledge(PledgeId);
        freeze: Freeze(FreezeId);
        conversion: Conversion(ConversionId);
        withdrawal: Withdrawal(Sequence);
    }

    fn order(&self, field: &'static str, reference: &Reference) -> Resolved<(OrderId, Option<InstrumentId>)> {
        Ok(match self.reference(field, reference)? {
            Ok(number) => {
                let (order, venue) = (OrderId(number), self.state.venue());
                let listed = || venue.order(order).map(|order| order.terms.instrument);
                (order, venue.book_order(order).map(|order| order.instrument).or_else(listed))
            }
            Err(Some(Created::Order(order, instrument))) => (order, Some(instrument)),
            Err(_) => (OrderId(NOTHING), None),
        })
    }

    fn auction(
        &self,
        field: &'static str,
        reference: &Reference,
    ) -> Resolved<(AuctionId, Option<InstrumentId>)> {
        Ok(match self.reference(field, reference)? {
            Ok(number) => {
                let auction = AuctionId(number);
                (auction, self.state.venue().auction(auction).map(|auction| auction.terms.instrument))
            }
            Err(Some(Created::Auction(auction, instrument))) => (auction, Some(instrument)),
            Err(_) => (AuctionId(NOTHING), None),
        })
    }

    /// The market and the decimals of an instrument; of the default market where what was named never stood. That does not
    /// depend on whether it still stands: the same line means the same command whenever it is read.
    fn formats(&self, instrument: Option<InstrumentId>) -> Resolved<(MarketId, u8)> {
        match instrument.and_then(|id| self.state.venue().instrument(id)) {
            Some(instrument) => {
                Ok((instrument.market, self.state.registry().asset(instrument.asset).decimals))
            }
            None => self.market(None).map(|market| (market, self.adopted(market).rulebook.unit.decimals)),
        }
    }

    /// The command that is meant.
    ///
    /// # Errors
    /// The first field that means nothing.
    pub fn resolve(&self, wire: &WireCommand) -> Resolved<Command> {
        match wire {
            WireCommand::PlaceOrder { .. }
            | WireCommand::AmendOrder { .. }
            | WireCommand::CancelOrder { .. }
            | WireCommand::MassCancel { .. }
            | WireCommand::BlockTrading { .. }
            | WireCommand::UnblockTrading { .. } => self.order_book(wire),
            WireCommand::PlaceListing { .. }
            | WireCommand::TakeListing { .. }
            | WireCommand::CancelListing { .. }
            | WireCommand::ProposeBlock { .. }
            | WireCommand::AcceptBlock { .. }
            | WireCommand::WithdrawBlock { .. }
            | WireCommand::AnnounceAuction { .. }
            | WireCommand::PlaceBid { .. }
            | WireCommand::WithdrawBid { .. }
            | WireCommand::DrawLot { .. }
            | WireCommand::CancelAuction { .. } => self.trade(wire),
            WireCommand::ListInstrument { .. }
            | WireCommand::DelistInstrument { .. }
            | WireCommand::RelistInstrument { .. }
            | WireCommand::BustTrade { .. }
            | WireCommand::CorrectTrade { .. }
            | WireCommand::Halt { .. }
            | WireCommand::Resume { .. }
            | WireCommand::CorrectReference { .. }
            | WireCommand::DeclareHoliday { .. }
            | WireCommand::RevokeHoliday { .. }
            | WireCommand::Tick {} => self.operate(wire),
            WireCommand::CreateUser { .. }
            | WireCommand::SetUserDuties { .. }
            | WireCommand::ActivateUser { .. }
            | WireCommand::DeactivateUser { .. }
            | WireCommand::SetPassword { .. }
            | WireCommand::SetTotp { .. }
            | WireCommand::CreateKey { .. }
            | WireCommand::RevokeKey { .. }
            | WireCommand::InviteUser { .. }
            | WireCommand::OfferLink { .. }
            | WireCommand::Enrol { .. }
            | WireCommand::EnrolTotp { .. }
            | WireCommand::UnlockUser { .. }
            | WireCommand::PutRosterInForce {}
            | WireCommand::ProposeAct { .. }
            | WireCommand::ApproveAct { .. }
            | WireCommand::WithdrawAct { .. }
            | WireCommand::OpenCase { .. }
            | WireCommand::NoteCase { .. }
            | WireCommand::CloseCase { .. } => self.roster(wire),
            _ => self.register(wire),
        }
    }

    #[allow(clippy::too_many_lines)] // one arm a command, each of a few lines
    fn trade(&self, wire: &WireCommand) -> Resolved<Command> {
        use WireCommand as W;
        let traded = |instrument: &str| {
            let id = self.instrument("instrument", instrument)?;
            let listed = &self.state.venue().instruments()[id.index()];
            Ok((id, listed.market, listed.asset))
        };
        let account = |code: &str| self.account("account", code);
        Ok(match wire {
            W::PlaceListing { account: code, instrument, side, price, quantity } => {
                let (instrument, market, asset) = traded(instrument)?;
                let (price, quantity) =
                    (self.price("price", market, price)?, self.quantity("quantity", asset, quantity)?);
                Command::PlaceOrder(t::PlaceOrder {
                    account: account(code)?,
                    instrument,
                    side: *side,
                    price,
                    quantity,
                })
            }
            W::TakeListing { account: code, listing, quantity } => {
                let (listing, instrument) = self.order("listing", listing)?;
                let quantity = Quantity(Self::number("quantity", quantity, self.formats(instrument)?.1)?);
                Command::TakeListing(t::TakeListing { account: account(code)?, listing, quantity })
            }
            W::CancelListing { account: code, listing } => Command::CancelOrder(t::CancelOrder {
                account: account(code)?,
                order: self.order("listing", listing)?.0,
            }),
            W::ProposeBlock { account: code, instrument, side, counterparty, price, quantity } => {
                let (instrument, market, asset) = traded(instrument)?;
                let counterparty = self.account("counterparty", counterparty)?;
                let (price, quantity) =
                    (self.price("price", market, price)?, self.quantity("quantity", asset, quantity)?);
                let account = account(code)?;
                Command::ProposeBlock(t::ProposeBlock {
                    account,
                    instrument,
                    side: *side,
                    counterparty,
                    price,
                    quantity,
                })
            }
            W::AcceptBlock { account: code, proposal } => {
                let proposal = self.proposal("proposal", proposal)?;
                Command::AcceptBlock(t::AcceptBlock { account: account(code)?, proposal })
            }
            W::WithdrawBlock { account: code, proposal } => {
                let proposal = self.proposal("proposal", proposal)?;
                Command::WithdrawBlock(t::WithdrawBlock { account: account(code)?, proposal })
            }
            W::AnnounceAuction { account: code, instrument, side, quantity, reserve, opens, closes } => {
                let (instrument, market, asset) = traded(instrument)?;
                Command::AnnounceAuction(t::AnnounceAuction {
                    instrument,
                    side: *side,
                    account: account(code)?,
                    quantity: self.quantity("quantity", asset, quantity)?,
                    reserve: reserve
                        .as_ref()
                        .map(|reserve| self.price("reserve", market, reserve))
                        .transpose()?,
                    opens: Self::time("opens", opens)?,
                    closes: Self::time("closes", closes)?,
                })
            }
            W::PlaceBid { account: code, auction, price, quantity } => {
                let (auction, instrument) = self.auction("auction", auction)?;
                let (market, decimals) = self.formats(instrument)?;
                let price = self.price("price", market, price)?;
                let quantity = Quantity(Self::number("quantity", quantity, decimals)?);
                Command::PlaceBid(t::PlaceBid { account: account(code)?, auction, price, quantity })
            }
            W::WithdrawBid { account: code, bid } => {
                Command::WithdrawBid(t::WithdrawBid { account: account(code)?, bid: self.bid("bid", bid)? })
            }
            W::DrawLot { auction, seed } => {
                Command::DrawLot(t::DrawLot { auction: self.auction("auction", auction)?.0, seed: *seed })
            }
            W::CancelAuction { auction, reason } => {
                let auction = self.auction("auction", auction)?.0;
                Command::CancelAuction(t::CancelAuction { auction, reason: reason.clone() })
            }
            _ => unreachable!("resolve() sends only commands of the trading room here"),
        })
    }

    #[allow(clippy::too_many_lines)] // one arm a command, each of a few lines
    fn register(&self, wire: &WireCommand) -> Resolved<Command> {
        use WireCommand as W;
        let account = |code: &str| self.account("account", code);
        let units = |asset: &str, quantity: &Number| {
            let asset = self.asset("asset", asset)?;
            Ok((asset, self.quantity("quantity", asset, quantity)?))
        };
        let frozen = |code: &str, frozen, reason: &str| {
            let reason = reason.to_owned();
            Ok(Command::SetAccountFrozen(r::SetAccountFrozen { account: account(code)?, frozen, reason }))
        };
        Ok(match wire {
            W::RegisterParticipant { code, name, roles } => {
                let (code, name, roles) = (code.clone(), name.clone(), roles.clone());
                Command::RegisterParticipant(r::RegisterParticipant { code, name, roles })
            }
            W::OpenAccount { participant, code, kind, owner } => {
                let participant = self.participant("participant", participant)?;
                let (code, owner) = (code.clone(), owner.clone());
                Command::OpenAccount(r::OpenAccount { participant, code, kind: *kind, owner })
            }
            W::RenameParticipant { participant, name, reason } => {
                let participant = self.participant("participant", participant)?;
                let (name, reason) = (name.clone(), reason.clone());
                Command::RenameParticipant(r::RenameParticipant { participant, name, reason })
            }
            W::CloseAccount { account: code, reason } => {
                let reason = reason.clone();
                Command::CloseAccount(r::CloseAccount { account: account(code)?, reason })
            }
            W::DefineAsset { code, class, vintages, market } => {
                let market = self.market(market.as_deref())?;
                let class = match (class, vintages.as_slice()) {
                    (Class::Allowance | Class::Offset, [first, .., last])
                        if vintages.is_sorted_by(|year, next| year < next) =>
                    {
                        let (first_vintage, last_vintage) = (*first, *last);
                        if *class == Class::Allowance {
                            AssetClass::Allowance { first_vintage, last_vintage }
                        } else {
                            AssetClass::Offsets { first_vintage, last_vintage }
                        }
                    }
                    (Class::Allowance, [year]) => {
                        AssetClass::Allowance { first_vintage: *year, last_vintage: *year }
                    }
                    (Class::Offset, [vintage]) => AssetClass::Offset { vintage: *vintage },
                    (Class::Security, []) => AssetClass::Security,
                    (Class::Certificate, []) => AssetClass::Certificate,
                    (Class::Right, []) => AssetClass::Right,
                    (Class::Commodity, []) => AssetClass::Commodity,
                    (Class::FundUnit, []) => AssetClass::FundUnit,
                    (
                        Class::Security
                        | Class::Certificate
                        | Class::Right
                        | Class::Commodity
                        | Class::FundUnit,
                        _,
                    ) => {
                        return wrong("vintages", "only allowances and offsets have vintages: leave it out");
                    }
                    (Class::Allowance | Class::Offset, _) => {
                        return wrong("vintages", "expected one year, or several in rising order");
                    }
                };
                let decimals = self.adopted(market).rulebook.unit.decimals;
                Command::DefineAsset(r::DefineAsset {
                    code: code.clone(),
                    class,
                    decimals,
                    market: Some(market),
                })
            }
            W::Issue { account: code, asset, quantity, reason } => {
                let ((asset, quantity), reason) = (units(asset, quantity)?, reason.clone());
                Command::Issue(r::Issue { account: account(code)?, asset, quantity, reason })
            }
            W::Preallocate { account: code, asset, base_year } => {
                let (account, asset) = (account(code)?, self.asset("asset", asset)?);
                Command::Preallocate(r::Preallocate { account, asset, base_year: *base_year })
            }
            W::Allocate { account: code, asset, base_year, quantity } => {
                let ((asset, quantity), base_year) = (units(asset, quantity)?, *base_year);
                Command::Allocate(r::Allocate { account: account(code)?, asset, base_year, quantity })
            }
            W::CancelUnits { account: code, asset, quantity, reason } => {
                let ((asset, quantity), reason) = (units(asset, quantity)?, reason.clone());
                Command::CancelUnits(r::CancelUnits { account: account(code)?, asset, quantity, reason })
            }
            W::Deposit { account: code, amount, reference, currency } => {
                let account = account(code)?;
                let currency = self.currency(currency.as_deref())?;
                let (amount, reference) = (self.money("amount", currency, amount)?, reference.clone());
                Command::Deposit(r::Deposit { account, currency, amount, reference })
            }
            W::RequestWithdrawal { account: code, amount, currency } => {
                let account = account(code)?;
                let currency = self.currency(currency.as_deref())?;
                let amount = self.money("amount", currency, amount)?;
                Command::RequestWithdrawal(r::RequestWithdrawal { account, currency, amount })
            }
            W::SettleWithdrawal { withdrawal, paid } => {
                let withdrawal = self.withdrawal("withdrawal", withdrawal)?;
                Command::SettleWithdrawal(r::SettleWithdrawal { withdrawal, paid: *paid })
            }
            W::Transfer { from, to, asset, quantity } => {
                let (from, to) = (self.account("from", from)?, self.account("to", to)?);
                let (asset, quantity) = units(asset, quantity)?;
                Command::Transfer(r::Transfer { from, to, asset, quantity })
            }
            W::Pledge { account: code, asset, quantity, pledgee } => {
                let (asset, quantity) = units(asset, quantity)?;
                let pledgee = self.participant("pledgee", pledgee)?;
                Command::PledgeUnits(r::PledgeUnits { account: account(code)?, asset, quantity, pledgee })
            }
            W::ReleasePledge { pledge } => {
                Command::ReleasePledge(r::ReleasePledge { pledge: self.pledge("pledge", pledge)? })
            }
            W::Freeze { account: code, asset, quantity, order } => {
                let ((asset, quantity), order) = (units(asset, quantity)?, order.clone());
                Command::FreezeUnits(r::FreezeUnits { account: account(code)?, asset, quantity, order })
            }
            W::Unfreeze { freeze } => {
                Command::UnfreezeUnits(r::UnfreezeUnits { freeze: self.freeze("freeze", freeze)? })
            }
            W::FreezeAccount { account, reason } => frozen(account, true, reason)?,
            W::UnfreezeAccount { account, reason } => frozen(account, false, reason)?,
            W::RecordEmissions { participant, year, verified, market } => {
                let market = self.market(market.as_deref())?;
                let participant = self.participant("participant", participant)?;
                let decimals = self.adopted(market).rulebook.unit.decimals;
                let verified = Quantity(Self::number("verified", verified, decimals)?);
                Command::RecordEmissions(r::RecordEmissions { market, participant, year: *year, verified })
            }
            W::Surrender { account: code, year, asset, quantity } => {
                let (asset, quantity) = units(asset, quantity)?;
                Command::Surrender(r::Surrender { account: account(code)?, year: *year, asset, quantity })
            }
            W::DetermineShortfall { participant, year, market } => {
                let market = self.market(market.as_deref())?;
                let participant = self.participant("participant", participant)?;
                Command::DetermineShortfall(r::DetermineShortfall { market, participant, year: *year })
            }
            W::ApplyCarryOver { account: code, from, into, quantity } => {
                let (from, into) = (self.asset("from", from)?, self.asset("into", into)?);
                let (account, quantity) = (account(code)?, self.quantity("quantity", from, quantity)?);
                let limit = self.carry_over_limit(account, from);
                Command::ApplyCarryOver(r::ApplyCarryOver { account, from, into, quantity, limit })
            }
            W::DecideCarryOver { application, approved } => {
                let conversion = self.conversion("application", application)?;
                Command::DecideCarryOver(r::DecideCarryOver { conversion, approved: *approved })
            }
            _ => unreachable!("resolve() sends only commands of the registry here"),
        })
    }

    /// What the market's formula grants the participant of `account`: its trades of the window and its holding on the record
    /// date, over all its accounts and every vintage that may be carried over.
    fn carry_over_limit(&self, account: AccountId, asset: AssetId) -> Quantity {
        let registry = self.state.registry();
        let Some(market) = registry.asset(asset).market else { return Quantity::ZERO };
        let Some(rules) = &registry.rules(market).carry_over else { return Quantity::ZERO };
        let Some(owner) = registry.account(account).map(|account| account.participant) else {
            return Quantity::ZERO;
        };
        let own = registry.accounts().iter().enumerate().filter(|(_, account)| account.participant == owner);
        let (mut sold, mut bought, mut holding) = (0, 0, 0);
        for account in own.map(|(index, _)| AccountId::at(index)) {
            for (index, asset) in registry.assets().iter().enumerate() {
                let old = matches!(asset.class, AssetClass::Allowance { last_vintage, .. } if last_vintage <= rules.vintage_to);
                if asset.market == Some(market) && old {
                    let id = AssetId::at(index);
                    let traded = registry.traded(account, id, rules.sales_from, rules.sales_to);
                    sold += traded.sold;
                    bought += traded.bought;
                    let recorded = registry.recorded(market, rules.sales_to, account, id);
                    holding += i128::from(recorded.unwrap_or_default().0);
                }
            }
        }
        let limit =
            markets::carbon::carry_over::limit(rules.base.0, rules.of_net_sales, sold, bought, holding);
        Quantity(i64::try_from(limit).unwrap_or(i64::MAX))
    }
}
