//! The market that is measured, and its order flow: a workload that one number determines.
//!
//! The flow is made once, against an engine of its own, so that cancels and amendments name orders that stand; what is timed
//! later is the same records again.

use anyhow::{Result, ensure};
use base::{
    AccountId, AssetId, InstrumentId, MarketId, Money, OrderId, ParticipantId, Price, Quantity, Role,
    Sequence, Side, Timestamp,
};
use engine::{ClientId, ClientKey, Command, Envelope, Event, Events, OPERATOR, Record, State};
use huangpu::demo::Random;
use registry::{AccountKind, AssetClass, DefineAsset, Deposit, Issue, OpenAccount, RegisterParticipant};
use serde_json::{Value, json};
use trading::{AmendOrder, CancelOrder, EnterOrder, Life, ListInstrument};

/// 2026-01-05, a Monday, at midnight UTC, before the bell; and an hour later, when the market is open.
pub(crate) const MIDNIGHT: i64 = 1_767_571_200_000_000_000;
pub(crate) const MORNING: i64 = MIDNIGHT + 3_600_000_000_000;
const REFERENCE: i64 = 10_000;

/// What a flow looks like.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    /// Lines that trade.
    pub(crate) instruments: u32,
    /// Accounts, one a participant.
    pub(crate) accounts: u32,
    /// Orders that stand when the flow begins, and about which it keeps their number.
    pub(crate) standing: usize,
    /// Commands of the flow.
    pub(crate) commands: usize,
    /// Which flow.
    pub(crate) seed: u64,
}

/// An order that stood when the flow last looked.
#[derive(Clone, Copy, Debug)]
struct Standing {
    order: OrderId,
    account: AccountId,
}

/// The market with its flow.
#[derive(Debug)]
pub(crate) struct Market {
    /// Everything before trading: participants, assets, cash.
    pub(crate) opening: Vec<Envelope>,
    /// The orders that stand when the flow begins.
    pub(crate) standing: Vec<Envelope>,
    /// The flow that is measured.
    pub(crate) flow: Vec<Envelope>,
    /// What the flow was made of.
    pub(crate) mix: Mix,
}

/// What a flow was made of.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Mix {
    /// New orders, and those of them that came in at a price that could trade at once.
    pub(crate) new: u64,
    /// Of the new ones.
    pub(crate) marketable: u64,
    /// Cancels.
    pub(crate) cancels: u64,
    /// Amendments.
    pub(crate) amends: u64,
    /// Fills.
    pub(crate) fills: u64,
    /// Commands that were refused.
    pub(crate) refused: u64,
    /// Orders that stood at the end.
    pub(crate) standing: usize,
}

impl Mix {
    /// As it is printed.
    pub(crate) fn to_json(self) -> Value {
        json!({
            "new": self.new, "marketable": self.marketable, "cancels": self.cancels, "amends": self.amends,
            "fills": self.fills, "refused": self.refused, "standing": self.standing,
        })
    }
}

/// The rulebook of the market.
///
/// # Errors
/// It cannot be read, which a test would have found.
pub(crate) fn rulebook() -> Result<engine::rulebook::Rulebook> {
    let none = &mut |_: &str| Err(std::io::Error::other("it extends nothing"));
    Ok(rulebook::parse(include_str!("../rulebook.toml"), "rulebook.toml", none)?)
}

/// An envelope with the number of its command as its client id.
fn envelope(actor: ParticipantId, number: u64, command: Command) -> Envelope {
    let mut id = [0; 16];
    id[..8].copy_from_slice(&number.to_le_bytes());
    id[8] = 1;
    Envelope {
        actor,
        user: base::UserId::NOBODY,
        client_id: ClientId::known_by(ClientKey(id)),
        door: engine::Door::Unsaid,
        command,
    }
}

/// Numbers and stamps envelopes as a node would, a microsecond apart.
fn records(envelopes: &[Envelope], after: u64, from: i64) -> Vec<Record> {
    let stamped = (after + 1..).zip(envelopes);
    stamped.map(|(sequence, envelope)| record(sequence, envelope, from)).collect()
}

fn record(sequence: u64, envelope: &Envelope, from: i64) -> Record {
    let time = Timestamp(from + sequence.cast_signed() * 1_000);
    Record { sequence: Sequence(sequence), time, envelope: envelope.clone() }
}

fn participant(account: AccountId) -> ParticipantId {
    // The operator is the first; the market's fee account is the first account.
    ParticipantId(account.0)
}

fn opening(shape: Shape) -> Result<Vec<Envelope>> {
    let mut all = Vec::new();
    let mut add = |actor, command| all.push(envelope(actor, all.len() as u64, command));
    let everything = vec![Role::Registrar, Role::Authority, Role::SettlementBank, Role::Institution];
    for index in 1..=shape.accounts {
        let roles = if index == 1 { everything.clone() } else { vec![Role::Institution] };
        let (code, name) = (format!("P{index}"), format!("Participant {index}"));
        add(OPERATOR, Command::RegisterParticipant(RegisterParticipant { code, name, roles }));
    }
    add(OPERATOR, Command::AdoptRulebook(Box::new(rulebook()?)));
    let (admin, currency) = (ParticipantId(1), AssetId(0));
    for index in 1..=shape.accounts {
        let (participant, code) = (ParticipantId(index), format!("A{index}"));
        add(
            admin,
            Command::OpenAccount(OpenAccount { participant, code, kind: AccountKind::House, owner: None }),
        );
        let (account, amount) = (AccountId(index), Money(1_000_000_000_000));
        let reference = format!("in-{index}");
        add(admin, Command::Deposit(Deposit { account, currency, amount, reference }));
    }
    for index in 1..=shape.instruments {
        let (code, market) = (format!("L{index}"), MarketId(0));
        let define = DefineAsset {
            code: code.clone(),
            class: AssetClass::Security,
            decimals: 0,
            market: Some(market),
        };
        add(admin, Command::DefineAsset(define));
        let (asset, reference) = (AssetId(index), Some(Price(REFERENCE)));
        let list = ListInstrument { market, code, asset, reference, carried: Default::default() };
        add(OPERATOR, Command::ListInstrument(list));
        for account in 1..=shape.accounts {
            let (account, quantity) = (AccountId(account), Quantity(10_000_000));
            let reason = "opening".to_owned();
            add(admin, Command::Issue(Issue { account, asset, quantity, reason }));
        }
    }
    Ok(all)
}

/// Makes a flow command by command against an engine.
struct Maker {
    state: State,
    events: Events,
    random: Random,
    shape: Shape,
    live: Vec<Standing>,
    number: u64,
    mix: Mix,
}

impl Maker {
    fn apply(&mut self, envelope: &Envelope, from: i64) {
        let record = record(self.state.sequence().0 + 1, envelope, from);
        self.state.apply(&record, &mut self.events);
        for event in self.events.as_slice() {
            match event {
                Event::Trading(trading::Event::OrderRested { order, .. }) => {
                    if let Some(account) = self.state.venue().book_order(*order).map(|order| order.account) {
                        self.live.push(Standing { order: *order, account });
                    }
                }
                Event::Trading(trading::Event::Filled { .. }) => self.mix.fills += 1,
                Event::Refused(_) => self.mix.refused += 1,
                _ => {}
            }
        }
    }

    fn send(&mut self, account: AccountId, command: Command, into: &mut Vec<Envelope>) {
        self.number += 1;
        let envelope = envelope(participant(account), 1 << 40 | self.number, command);
        self.apply(&envelope, MORNING);
        into.push(envelope);
    }

    /// Takes an order that still stands off the list.
    fn pick(&mut self) -> Option<Standing> {
        while !self.live.is_empty() {
            let at = usize::try_from(self.random.below(self.live.len() as u64)).unwrap_or(0);
            let found = self.live.swap_remove(at);
            if self.state.venue().book_order(found.order).is_some() {
                return Some(found);
            }
        }
        None
    }

    #[allow(clippy::cast_possible_truncation)] // bounds are small
    fn new_order(&mut self, marketable: bool, into: &mut Vec<Envelope>) {
        let account = AccountId(1 + self.random.below(u64::from(self.shape.accounts)) as u32);
        let instrument = InstrumentId(self.random.below(u64::from(self.shape.instruments)) as u32);
        let side = if self.random.below(2) == 0 { Side::Buy } else { Side::Sell };
        // Distances from the middle thin out away from it, as those of real books do.
        let far = self.random.below(8) + self.random.below(8) * self.random.below(8);
        let away = if marketable { -2 } else { 1 + far.cast_signed() };
        let price = Price(REFERENCE + if side == Side::Buy { -away } else { away });
        let quantity = Quantity(1 + self.random.below(100).cast_signed());
        let mut order = EnterOrder::limit(account, instrument, side, price, quantity);
        if marketable && self.random.below(2) == 0 {
            order.life = Life::Immediate;
        }
        self.mix.new += 1;
        self.mix.marketable += u64::from(marketable);
        self.send(account, Command::EnterOrder(order), into);
    }

    fn amend(&mut self, into: &mut Vec<Envelope>) {
        let Some(found) = self.pick() else { return self.new_order(false, into) };
        let Some(order) = self.state.venue().book_order(found.order) else { return };
        let total = order.filled.0 + order.left.0;
        let (account, order_id) = (found.account, found.order);
        // Half shrink and keep their place; half go one tick away.
        let smaller = Quantity(order.filled.0 + (order.left.0 + 1) / 2);
        let away = if order.side == Side::Buy { -1 } else { 1 };
        let (price, quantity) = if self.random.below(2) == 0 && smaller.0 < total {
            (order.price, smaller)
        } else {
            (Price(order.price.0 + away), Quantity(total))
        };
        self.mix.amends += 1;
        self.send(
            account,
            Command::AmendOrder(AmendOrder { account, order: order_id, price, quantity }),
            into,
        );
        if price == order.price {
            self.live.push(found);
        }
    }

    fn cancel(&mut self, into: &mut Vec<Envelope>) {
        let Some(Standing { order, account }) = self.pick() else { return self.new_order(false, into) };
        self.mix.cancels += 1;
        self.send(account, Command::CancelOrder(CancelOrder { account, order }), into);
    }
}

impl Market {
    /// Makes a market and its flow: of the commands 44% cancel and 7% amend, the rest are new orders, of which about one in eight
    /// comes in at a price that trades; where the book has thinned out, a cancel becomes a new order.
    ///
    /// # Errors
    /// The market does not open, which a test would have found.
    pub(crate) fn new(shape: Shape, progress: &mut dyn FnMut(usize)) -> Result<Self> {
        let opening = opening(shape)?;
        let mut maker = Maker {
            state: State::new(),
            events: Events::new(),
            random: Random(shape.seed),
            shape,
            live: Vec::new(),
            number: 0,
            mix: Mix::default(),
        };
        for envelope in &opening {
            maker.apply(envelope, MIDNIGHT);
            let refusal = maker.events.refusal().map(engine::Rejection::sentence);
            ensure!(refusal.is_none(), "the market did not open: {}", refusal.unwrap_or_default());
        }
        let mut standing = Vec::with_capacity(shape.standing);
        while standing.len() < shape.standing {
            maker.new_order(false, &mut standing);
        }
        maker.mix = Mix::default();
        let mut flow = Vec::with_capacity(shape.commands);
        while flow.len() < shape.commands {
            let thin = maker.state.venue().standing_orders() < shape.standing * 9 / 10;
            match maker.random.below(100) {
                0..44 if !thin => maker.cancel(&mut flow),
                0..44 => maker.new_order(false, &mut flow),
                44..51 => maker.amend(&mut flow),
                _ => {
                    let marketable = maker.random.below(8) == 0;
                    maker.new_order(marketable, &mut flow);
                }
            }
            progress(flow.len());
        }
        ensure!(maker.mix.refused * 50 < shape.commands as u64, "more than 2% of the flow was refused");
        maker.mix.standing = maker.state.venue().standing_orders();
        let audit = maker.state.registry().ledger().audit();
        ensure!(audit.is_empty(), "the ledger does not add up: {audit:?}");
        Ok(Self { opening, standing, flow, mix: maker.mix })
    }

    /// An engine that stands where the flow begins.
    pub(crate) fn open(&self) -> State {
        let (mut state, mut events) = (State::new(), Events::new());
        let parts = [(0, &self.opening, MIDNIGHT), (self.opening.len() as u64, &self.standing, MORNING)];
        for (after, part, from) in parts {
            for record in records(part, after, from) {
                state.apply(&record, &mut events);
            }
        }
        state
    }

    /// The records of the flow, numbered behind what opened the market.
    pub(crate) fn records(&self) -> Vec<Record> {
        records(&self.flow, (self.opening.len() + self.standing.len()) as u64, MORNING)
    }
}
