//! A market with an order book, open, with traders who have cash and units.

use base::{AccountId, AssetId, MarketId, Money, ParticipantId, Price, Quantity, Role, Sequence, Timestamp};
use engine::{ClientId, ClientKey, Command, Envelope, Events, OPERATOR, Record, State};
use std::path::PathBuf;

/// How many trade.
pub const TRADERS: u32 = 6;

/// See [`BookMarket::open`].
pub struct BookMarket;

impl BookMarket {
    pub const REFERENCE: i64 = 10_000;

    /// Who answers for an account: the market's own account is the first, the operator is the first participant.
    pub fn owner(account: AccountId) -> ParticipantId {
        ParticipantId(account.0)
    }

    /// The market of the measurements, an hour into its day.
    pub fn open() -> State {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("crates/bench/rulebook.toml");
        let rulebook = rulebook::read(&path).unwrap();
        let (mut state, mut events) = (State::new(), Events::new());
        let midnight = 1_767_571_200_000_000_000;
        let mut send = |state: &mut State, time: i64, actor: ParticipantId, command: Command| {
            let number = state.sequence().0 + 1;
            let mut id = [1; 16];
            id[..8].copy_from_slice(&number.to_le_bytes());
            let envelope = Envelope {
                actor,
                user: base::UserId::NOBODY,
                client_id: ClientId::known_by(ClientKey(id)),
                door: engine::Door::Unsaid,
                command,
            };
            let record = Record { sequence: Sequence(number), time: Timestamp(time), envelope };
            state.apply(&record, &mut events);
            assert_eq!(events.refusal(), None);
        };
        let admin = ParticipantId(1);
        for n in 1..=TRADERS {
            let roles = [Role::Institution, Role::Registrar, Role::Authority, Role::SettlementBank];
            let roles = roles[..if n == 1 { 4 } else { 1 }].to_vec();
            let (code, name) = (format!("P{n}"), format!("Trader {n}"));
            let register = registry::RegisterParticipant { code, name, roles };
            send(&mut state, midnight, OPERATOR, Command::RegisterParticipant(register));
        }
        send(&mut state, midnight, OPERATOR, Command::AdoptRulebook(Box::new(rulebook)));
        let (code, class) = ("L1".to_owned(), registry::AssetClass::Security);
        let define =
            registry::DefineAsset { code: code.clone(), class, decimals: 0, market: Some(MarketId(0)) };
        send(&mut state, midnight, OPERATOR, Command::DefineAsset(define));
        let (market, asset, reference) = (MarketId(0), AssetId(1), Some(Price(Self::REFERENCE)));
        let list = trading::ListInstrument { market, code, asset, reference, carried: Default::default() };
        send(&mut state, midnight, OPERATOR, Command::ListInstrument(list));
        for n in 1..=TRADERS {
            let (participant, code) = (ParticipantId(n), format!("A{n}"));
            let open =
                registry::OpenAccount { participant, code, kind: registry::AccountKind::House, owner: None };
            send(&mut state, midnight, OPERATOR, Command::OpenAccount(open));
            let (account, reference) = (AccountId(n), format!("in-{n}"));
            let (currency, amount) = (AssetId(0), Money(1 << 45));
            let deposit = registry::Deposit { account, currency, amount, reference };
            send(&mut state, midnight, admin, Command::Deposit(deposit));
            let (quantity, reason) = (Quantity(1 << 30), "opening".to_owned());
            let issue = registry::Issue { account, asset, quantity, reason };
            send(&mut state, midnight, admin, Command::Issue(issue));
        }
        send(&mut state, midnight + 3_600_000_000_000, OPERATOR, Command::Tick);
        state
    }
}
