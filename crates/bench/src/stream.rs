//! What is sent to a node: commands by the million, that find money and holdings.

use anyhow::Result;
use base::{
    AccountId, AssetId, Date, InstrumentId, MarketId, Money, OrderId, ParticipantId, Price, Quantity, Role,
    Side, TimeOfDay, Timestamp,
};
use engine::{ClientId, Command, Envelope, OPERATOR};
use std::path::Path;

/// A stream of commands without end, in order of time.
pub(crate) trait Stream: Send {
    /// What must have been applied before the stream begins.
    fn setup(&self) -> Result<Vec<(Timestamp, Envelope)>>;

    /// The next command.
    fn next(&mut self) -> (Timestamp, Envelope);
}

const ADMIN: ParticipantId = ParticipantId(1);
const FIRST_TRADER: u32 = 2;
const TRADERS: u32 = 1_000;
/// Accounts 0 and 1 are not the traders': they are the market's own, in the order in which they came to be.
const FIRST_ACCOUNT: u32 = 1;
/// Listings that stand when the stream has warmed up.
const STANDING: usize = 10_000;
/// The least time between two commands.
const STEP_NS: i64 = 400;

/// Listings of the carbon market placed, withdrawn and taken: of a hundred commands about fifty are new listings, forty-four are
/// withdrawn, six are taken. Nothing is refused.
pub(crate) struct Listings {
    number: u64,
    placed: u64,
    time: Timestamp,
    dice: u64,
    /// Standing listings with their accounts.
    standing: Vec<(OrderId, AccountId)>,
}

fn beijing(time: &str) -> Result<Timestamp> {
    let (date, time) = (Date::parse("2021-07-16"), TimeOfDay::parse(time));
    let (Some(date), Some(time)) = (date, time) else { anyhow::bail!("not a moment") };
    Ok(Timestamp((i64::from(date.0) * 86_400 + i64::from(time.0) - 8 * 3_600) * 1_000_000_000))
}

impl Listings {
    pub(crate) fn new() -> Result<Self> {
        let time = beijing("09:30:01")?;
        Ok(Self { number: 0, placed: 0, time, dice: 1, standing: Vec::new() })
    }

    fn roll(&mut self, sides: u64) -> u64 {
        self.dice = self.dice.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.dice ^ (self.dice >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % sides
    }

    #[allow(clippy::cast_possible_truncation)] // below the number of traders
    fn account(&mut self) -> AccountId {
        AccountId(FIRST_ACCOUNT + self.roll(u64::from(TRADERS)) as u32)
    }

    fn place(&mut self) -> (AccountId, Command) {
        let account = self.account();
        let side = if self.roll(2) == 0 { Side::Buy } else { Side::Sell };
        let price = Price(if side == Side::Buy { 4_790 } else { 4_810 });
        let quantity = Quantity(10_000 + self.roll(1_000).cast_signed());
        self.placed += 1;
        self.standing.push((OrderId(self.placed), account));
        let order = trading::PlaceOrder { account, instrument: InstrumentId(0), side, price, quantity };
        (account, Command::PlaceOrder(order))
    }

    #[allow(clippy::cast_possible_truncation)] // below a length in memory
    fn command(&mut self) -> (AccountId, Command) {
        if self.standing.len() < STANDING || self.roll(2) == 0 {
            return self.place();
        }
        let at = self.roll(self.standing.len() as u64) as usize;
        let (order, owner) = self.standing[at];
        let taker = self.account();
        if self.roll(100) >= 12 || taker == owner {
            self.standing.swap_remove(at);
            return (owner, Command::CancelOrder(trading::CancelOrder { account: owner, order }));
        }
        // One unit of many: what is left stays where it is, to be withdrawn later.
        let take = trading::TakeListing { account: taker, listing: order, quantity: Quantity(1) };
        (taker, Command::TakeListing(take))
    }
}

impl Stream for Listings {
    fn setup(&self) -> Result<Vec<(Timestamp, Envelope)>> {
        let rulebook = concat!(env!("CARGO_MANIFEST_DIR"), "/../../rulebooks/carbon-cn.toml");
        let rulebook = Box::new(rulebook::read(Path::new(rulebook))?);
        let register = |code: String, roles: &[Role]| {
            let (name, roles) = (code.clone(), roles.to_vec());
            Command::RegisterParticipant(registry::RegisterParticipant { code, name, roles })
        };
        let admin = register("ADMIN".to_owned(), &[Role::Authority, Role::SettlementBank]);
        let mut commands = vec![(OPERATOR, admin), (OPERATOR, Command::AdoptRulebook(rulebook))];
        commands.extend((0..TRADERS).map(|n| (OPERATOR, register(format!("T{n}"), &[Role::Institution]))));
        let class = registry::AssetClass::Allowance { first_vintage: 2019, last_vintage: 2020 };
        let asset =
            registry::DefineAsset { code: "CEA".to_owned(), class, decimals: 0, market: Some(MarketId(0)) };
        commands.push((OPERATOR, Command::DefineAsset(asset)));
        commands.push((
            OPERATOR,
            Command::ListInstrument(trading::ListInstrument {
                market: MarketId(0),
                code: "CEA".to_owned(),
                asset: AssetId(1),
                reference: None,
                carried: [trading::Turnover::default(); 3],
            }),
        ));
        for n in 0..TRADERS {
            let (participant, account) = (ParticipantId(FIRST_TRADER + n), AccountId(FIRST_ACCOUNT + n));
            let (code, kind) = (format!("T{n}"), registry::AccountKind::House);
            commands
                .push((OPERATOR, Command::OpenAccount(registry::OpenAccount { participant, code, kind })));
            let (currency, amount, reference) = (AssetId(0), Money(1 << 50), String::new());
            commands
                .push((ADMIN, Command::Deposit(registry::Deposit { account, currency, amount, reference })));
            let (asset, quantity, reason) = (AssetId(1), Quantity(1 << 40), String::new());
            commands.push((ADMIN, Command::Issue(registry::Issue { account, asset, quantity, reason })));
        }
        let time = beijing("08:00")?;
        let numbered = commands.into_iter().zip(1_u64..);
        Ok(numbered
            .map(|((actor, command), n)| (time, Envelope { actor, client_id: id(u64::MAX - n), command }))
            .collect())
    }

    fn next(&mut self) -> (Timestamp, Envelope) {
        self.number += 1;
        self.time = Timestamp(self.time.0 + STEP_NS);
        let (account, command) = self.command();
        let actor = ParticipantId(FIRST_TRADER + account.0 - FIRST_ACCOUNT);
        (self.time, Envelope { actor, client_id: id(self.number), command })
    }
}

/// An id as senders make them: a number, and something that is always the same.
fn id(number: u64) -> ClientId {
    let mut id = *b"12345678 session";
    id[..8].copy_from_slice(&number.to_be_bytes());
    ClientId(id)
}
