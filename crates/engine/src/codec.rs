//! How a command is written in the log (docs/journal-format.md, "Payloads").
//!
//! All payloads begin with 24 bytes: kind, version and door, the user, the sender, its client id. The commands that
//! trade follow with a fixed layout and are read without allocating, at most 64 bytes (80 for an order with a minimum, a hidden
//! part or a trigger); all others follow with their command in CBOR, field names spelled out. Integers are little-endian. The text of
//! an id that the header cannot hold stands behind all that, in version 2 of the same layouts.
//! Layouts are never changed, only added.

use crate::client_id::KEY_TEXT_MAX;
use crate::{ClientId, ClientKey, Command, Door, Envelope, ID_BYTES_MAX};
use base::{AccountId, Date, InstrumentId, Money, OrderId, ParticipantId, Price, Quantity, Side, UserId};
use trading::{
    AmendOrder, CancelOrder, EnterFunds, EnterOrder, Life, OrderKind, PlaceOrder, SelfTrade, TakeListing,
};

/// Bytes before the command.
pub const HEADER_BYTES: usize = 24;

const VERSION: u8 = 1;
/// The layouts of version 1, with the text of the id and its length in one byte behind them.
const VERSION_WITH_ID: u8 = 2;
const PLACE_ORDER: u8 = 1;
const TAKE_LISTING: u8 = 2;
const CANCEL_ORDER: u8 = 3;
const ENTER_ORDER: u8 = 4;
const ENTER_CONDITIONAL: u8 = 5;
const AMEND_ORDER: u8 = 6;
const ENTER_FUNDS: u8 = 7;
const CBOR: u8 = 255;
/// How deep what is within each other is read.
const DEPTH_MAX: usize = 64;

/// A payload that is not one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodecError {
    /// Fewer bytes than the layout has, or more.
    #[error("a payload of kind {kind} has {expected} bytes, this one has {found}")]
    Length {
        /// The kind byte.
        kind: u8,
        /// Bytes of the layout.
        expected: usize,
        /// Bytes found.
        found: usize,
    },
    /// A kind or version that this software does not know.
    #[error("payload kind {kind}, version {version} is not known")]
    Unknown {
        /// The kind byte.
        kind: u8,
        /// The version byte.
        version: u8,
    },
    /// A field with a value that no writer writes.
    #[error("byte {at} of a payload has the value {value}, which no writer writes")]
    Field {
        /// Offset in the payload.
        at: usize,
        /// What stands there.
        value: u8,
    },
    /// The text of the id is not one of which the header has the hash.
    #[error("the text of a payload's id is not the one that its header has the hash of")]
    Id,
    /// The CBOR part does not describe a command.
    #[error("a payload's command cannot be read: {0}")]
    Command(String),
}

/// Appends the payload of an envelope to `out`.
///
/// # Errors
/// A command that cannot be written, which no command is.
pub fn encode(envelope: &Envelope, out: &mut Vec<u8>) -> Result<(), CodecError> {
    let kind = match envelope.command {
        Command::PlaceOrder(_) => PLACE_ORDER,
        Command::TakeListing(_) => TAKE_LISTING,
        Command::CancelOrder(_) => CANCEL_ORDER,
        Command::EnterOrder(order) if order.is_plain() => ENTER_ORDER,
        Command::EnterOrder(_) => ENTER_CONDITIONAL,
        Command::AmendOrder(_) => AMEND_ORDER,
        Command::EnterFunds(_) => ENTER_FUNDS,
        _ => CBOR,
    };
    let beside = envelope.client_id.beside();
    let version = if beside.is_some() { VERSION_WITH_ID } else { VERSION };
    out.extend_from_slice(&[kind, envelope.door.over(version)]);
    out.extend_from_slice(&envelope.user.0.to_le_bytes());
    out.extend_from_slice(&envelope.actor.0.to_le_bytes());
    out.extend_from_slice(&envelope.client_id.key().0);
    match &envelope.command {
        Command::PlaceOrder(PlaceOrder { account, instrument, side, price, quantity }) => {
            out.extend_from_slice(&account.0.to_le_bytes());
            out.extend_from_slice(&instrument.0.to_le_bytes());
            out.extend_from_slice(&price.0.to_le_bytes());
            out.extend_from_slice(&quantity.0.to_le_bytes());
            out.extend_from_slice(&[u8::from(*side == Side::Sell), 0, 0, 0, 0, 0, 0, 0]);
        }
        Command::TakeListing(TakeListing { account, listing, quantity }) => {
            out.extend_from_slice(&account.0.to_le_bytes());
            out.extend_from_slice(&[0; 4]);
            out.extend_from_slice(&listing.0.to_le_bytes());
            out.extend_from_slice(&quantity.0.to_le_bytes());
        }
        Command::CancelOrder(CancelOrder { account, order }) => {
            out.extend_from_slice(&account.0.to_le_bytes());
            out.extend_from_slice(&[0; 4]);
            out.extend_from_slice(&order.0.to_le_bytes());
        }
        Command::EnterOrder(order) => {
            put_order(order, out);
            if kind == ENTER_CONDITIONAL {
                out.extend_from_slice(&order.minimum.0.to_le_bytes());
                out.extend_from_slice(&order.display.0.to_le_bytes());
                out.extend_from_slice(&order.trigger.0.to_le_bytes());
            }
        }
        Command::AmendOrder(AmendOrder { account, order, price, quantity }) => {
            out.extend_from_slice(&account.0.to_le_bytes());
            out.extend_from_slice(&[0; 4]);
            out.extend_from_slice(&order.0.to_le_bytes());
            out.extend_from_slice(&price.0.to_le_bytes());
            out.extend_from_slice(&quantity.0.to_le_bytes());
        }
        Command::EnterFunds(order) => put_funds(order, out),
        command => {
            ciborium::into_writer(command, &mut *out)
                .map_err(|error| CodecError::Command(error.to_string()))?;
        }
    }
    if let Some(text) = beside {
        out.extend_from_slice(text.as_bytes());
        out.push(u8::try_from(text.len()).unwrap_or(u8::MAX));
    }
    Ok(())
}

const SELF_TRADE: [SelfTrade; 5] = [
    SelfTrade::CancelIncoming,
    SelfTrade::CancelResting,
    SelfTrade::CancelBoth,
    SelfTrade::Decrement,
    SelfTrade::Allow,
];
const POST_ONLY: u8 = 1 << 7;

/// The 32 bytes that every order begins with.
fn put_order(order: &EnterOrder, out: &mut Vec<u8>) {
    let (life, until) = match order.life {
        Life::Day => (0, Date(0)),
        Life::UntilCancelled => (1, Date(0)),
        Life::UntilDate(date) => (2, date),
        Life::Immediate => (3, Date(0)),
        Life::FillOrKill => (4, Date(0)),
        Life::AtOpen => (5, Date(0)),
        Life::AtClose => (6, Date(0)),
    };
    let side = u8::from(order.side == Side::Sell);
    let kind = u8::from(order.kind == OrderKind::Market);
    let self_trade = order.self_trade as u8 | if order.post_only { POST_ONLY } else { 0 };
    out.extend_from_slice(&order.account.0.to_le_bytes());
    out.extend_from_slice(&order.instrument.0.to_le_bytes());
    out.extend_from_slice(&order.price.0.to_le_bytes());
    out.extend_from_slice(&order.quantity.0.to_le_bytes());
    out.extend_from_slice(&[side, kind, life, self_trade]);
    out.extend_from_slice(&until.0.to_le_bytes());
}

/// Reads what [`put_order`] wrote, and the three amounts of a conditional order behind it.
fn get_order<const N: usize>(body: &[u8; N]) -> Result<EnterOrder, CodecError> {
    let field = |at: usize| CodecError::Field { at: HEADER_BYTES + at, value: body[at] };
    let flag = |at: usize| match body[at] {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(field(at)),
    };
    let until = Date(u32_at(body, 28).cast_signed());
    if body[26] != 2 && until != Date(0) {
        return Err(field(28));
    }
    let life = match body[26] {
        0 => Life::Day,
        1 => Life::UntilCancelled,
        2 => Life::UntilDate(until),
        3 => Life::Immediate,
        4 => Life::FillOrKill,
        5 => Life::AtOpen,
        6 => Life::AtClose,
        _ => return Err(field(26)),
    };
    let self_trade = SELF_TRADE.get(usize::from(body[27] & !POST_ONLY)).copied();
    let more = |at: usize| if N > 32 { i64_at(body, at) } else { 0 };
    Ok(EnterOrder {
        account: AccountId(u32_at(body, 0)),
        instrument: InstrumentId(u32_at(body, 4)),
        side: if flag(24)? { Side::Sell } else { Side::Buy },
        kind: if flag(25)? { OrderKind::Market } else { OrderKind::Limit },
        price: Price(i64_at(body, 8)),
        quantity: Quantity(i64_at(body, 16)),
        life,
        post_only: body[27] & POST_ONLY != 0,
        self_trade: self_trade.ok_or_else(|| field(27))?,
        minimum: Quantity(more(32)),
        display: Quantity(more(40)),
        trigger: Price(more(48)),
    })
}

/// The 24 bytes of an order for an amount.
fn put_funds(order: &EnterFunds, out: &mut Vec<u8>) {
    let &EnterFunds { account, instrument, side, funds, fill_or_kill, self_trade } = order;
    out.extend_from_slice(&account.0.to_le_bytes());
    out.extend_from_slice(&instrument.0.to_le_bytes());
    out.extend_from_slice(&funds.0.to_le_bytes());
    let marks = [u8::from(side == Side::Sell), u8::from(fill_or_kill), self_trade as u8];
    out.extend_from_slice(&marks);
    out.extend_from_slice(&[0; 5]);
}

/// Reads what [`put_funds`] wrote.
fn get_funds(body: &[u8; 24]) -> Result<EnterFunds, CodecError> {
    let field = |at: usize| CodecError::Field { at: HEADER_BYTES + at, value: body[at] };
    let flag = |at: usize| match body[at] {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(field(at)),
    };
    if let Some(at) = (19..24).find(|&at| body[at] != 0) {
        return Err(field(at));
    }
    Ok(EnterFunds {
        account: AccountId(u32_at(body, 0)),
        instrument: InstrumentId(u32_at(body, 4)),
        side: if flag(16)? { Side::Sell } else { Side::Buy },
        funds: Money(i64_at(body, 8)),
        fill_or_kill: flag(17)?,
        self_trade: SELF_TRADE.get(usize::from(body[18])).copied().ok_or_else(|| field(18))?,
    })
}

/// A payload, and the text that stands behind it, if one does.
fn split(payload: &[u8]) -> Result<(&[u8], Option<&[u8]>), CodecError> {
    let (kind, found) = (payload.first().copied().unwrap_or_default(), payload.len());
    let version = payload.get(1).copied().unwrap_or_default();
    match Door::split(version).map(|(_, layout)| layout) {
        Some(VERSION) => Ok((payload, None)),
        Some(VERSION_WITH_ID) => {
            let length = payload.last().copied().unwrap_or_default();
            if !(KEY_TEXT_MAX + 1..=ID_BYTES_MAX).contains(&usize::from(length)) {
                return Err(CodecError::Field { at: found - 1, value: length });
            }
            let expected = HEADER_BYTES + usize::from(length) + 1;
            let start = (found - 1).checked_sub(usize::from(length)).filter(|start| *start >= HEADER_BYTES);
            let start = start.ok_or(CodecError::Length { kind, expected, found })?;
            Ok((&payload[..start], Some(&payload[start..found - 1])))
        }
        _ => Err(CodecError::Unknown { kind, version }),
    }
}

/// What of a payload tells one command from another: the same for all layouts of the same command, whether or not the text of its id
/// stands there, and by whichever door it came. In two pieces, of which the first is the payload's first two bytes.
#[must_use]
pub fn body(payload: &[u8]) -> ([u8; 2], &[u8]) {
    let kind = payload.first().copied().unwrap_or_default();
    let rest = split(payload).map_or(payload, |(rest, _)| rest);
    ([kind, VERSION], rest.get(2..).unwrap_or_default())
}

/// The sender and the key of its name for the command.
fn header(payload: &[u8]) -> Result<(ParticipantId, ClientKey), CodecError> {
    let kind = payload.first().copied().unwrap_or_default();
    let length = CodecError::Length { kind, expected: HEADER_BYTES, found: payload.len() };
    let head: &[u8; HEADER_BYTES] = payload.first_chunk().ok_or(length)?;
    let mut key = [0; 16];
    key.copy_from_slice(&head[8..24]);
    Ok((ParticipantId(u32::from_le_bytes([head[4], head[5], head[6], head[7]])), ClientKey(key)))
}

/// Reads the payload of an envelope.
///
/// # Errors
/// See [`CodecError`]. Any bytes may be given.
pub fn decode(payload: &[u8]) -> Result<Envelope, CodecError> {
    let (actor, key) = header(payload)?;
    let (kind, version) = (payload[0], payload[1]);
    let unknown = CodecError::Unknown { kind, version };
    let (door, _) = Door::split(version).ok_or_else(|| unknown.clone())?;
    let (payload, text) = split(payload)?;
    let client_id = match text.map(std::str::from_utf8) {
        None => ClientId::known_by(key),
        Some(Ok(text)) if ClientKey::of(text) == key => ClientId::of(text),
        Some(_) => return Err(CodecError::Id),
    };
    // Logs that knew no users have zeros here: nobody.
    let user = UserId(u16::from_le_bytes([payload[2], payload[3]]));
    let body = &payload[HEADER_BYTES..];
    let command = match kind {
        PLACE_ORDER => {
            let body: &[u8; 32] = exact(kind, payload)?;
            zero(payload, 49..56)?;
            let side = match body[24] {
                0 => Side::Buy,
                1 => Side::Sell,
                value => return Err(CodecError::Field { at: 48, value }),
            };
            let (account, instrument) = (AccountId(u32_at(body, 0)), InstrumentId(u32_at(body, 4)));
            let (price, quantity) = (Price(i64_at(body, 8)), Quantity(i64_at(body, 16)));
            Command::PlaceOrder(PlaceOrder { account, instrument, side, price, quantity })
        }
        TAKE_LISTING => {
            let body: &[u8; 24] = exact(kind, payload)?;
            zero(payload, 28..32)?;
            let (account, listing) = (AccountId(u32_at(body, 0)), OrderId(i64_at(body, 8).cast_unsigned()));
            Command::TakeListing(TakeListing { account, listing, quantity: Quantity(i64_at(body, 16)) })
        }
        CANCEL_ORDER => {
            let body: &[u8; 16] = exact(kind, payload)?;
            zero(payload, 28..32)?;
            let order = OrderId(i64_at(body, 8).cast_unsigned());
            Command::CancelOrder(CancelOrder { account: AccountId(u32_at(body, 0)), order })
        }
        ENTER_ORDER => Command::EnterOrder(get_order::<32>(exact(kind, payload)?)?),
        ENTER_CONDITIONAL => {
            let order = get_order::<56>(exact(kind, payload)?)?;
            if order.is_plain() {
                return Err(CodecError::Field { at: 0, value: kind });
            }
            Command::EnterOrder(order)
        }
        AMEND_ORDER => {
            let body: &[u8; 32] = exact(kind, payload)?;
            zero(payload, 28..32)?;
            let order = OrderId(i64_at(body, 8).cast_unsigned());
            let (price, quantity) = (Price(i64_at(body, 16)), Quantity(i64_at(body, 24)));
            Command::AmendOrder(AmendOrder { account: AccountId(u32_at(body, 0)), order, price, quantity })
        }
        ENTER_FUNDS => Command::EnterFunds(get_funds(exact(kind, payload)?)?),
        CBOR => {
            let mut rest = body;
            let command = ciborium::de::from_reader_with_recursion_limit(&mut rest, DEPTH_MAX)
                .map_err(|error| CodecError::Command(error.to_string()))?;
            if !rest.is_empty() {
                return Err(CodecError::Command(format!("{} bytes follow the command", rest.len())));
            }
            command
        }
        _ => return Err(unknown),
    };
    Ok(Envelope { actor, user, client_id, door, command })
}

fn exact<const N: usize>(kind: u8, payload: &[u8]) -> Result<&[u8; N], CodecError> {
    let length = CodecError::Length { kind, expected: HEADER_BYTES + N, found: payload.len() };
    payload.get(HEADER_BYTES..).and_then(|body| body.try_into().ok()).ok_or(length)
}

fn zero(payload: &[u8], range: std::ops::Range<usize>) -> Result<(), CodecError> {
    let bad = range.clone().find(|&at| payload.get(at) != Some(&0));
    bad.map_or(Ok(()), |at| {
        Err(CodecError::Field { at, value: payload.get(at).copied().unwrap_or_default() })
    })
}

fn u32_at<const N: usize>(body: &[u8; N], at: usize) -> u32 {
    u32::from_le_bytes([body[at], body[at + 1], body[at + 2], body[at + 3]])
}

fn i64_at<const N: usize>(body: &[u8; N], at: usize) -> i64 {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&body[at..at + 8]);
    i64::from_le_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn envelope(command: Command) -> Envelope {
        Envelope {
            actor: ParticipantId(7),
            user: UserId(0x0201),
            client_id: ClientId::of("0716-001"),
            door: Door::Http,
            command,
        }
    }

    proptest! {
        #[test]
        fn orders_go_there_and_back(account: u32, instrument: u32, sell: bool, price: i64, quantity: i64, order: u64) {
            let (account, instrument) = (AccountId(account), InstrumentId(instrument));
            let side = if sell { Side::Sell } else { Side::Buy };
            let (price, quantity, listing) = (Price(price), Quantity(quantity), OrderId(order));
            for command in [
                Command::PlaceOrder(PlaceOrder { account, instrument, side, price, quantity }),
                Command::TakeListing(TakeListing { account, listing, quantity }),
                Command::CancelOrder(CancelOrder { account, order: listing }),
                Command::AmendOrder(AmendOrder { account, order: listing, price, quantity }),
                Command::EnterFunds(EnterFunds {
                    account, instrument, side, funds: Money(price.0), fill_or_kill: order % 2 == 1,
                    self_trade: SELF_TRADE[usize::try_from(order % 5).unwrap()],
                }),
            ] {
                let mut payload = Vec::new();
                encode(&envelope(command.clone()), &mut payload).unwrap();
                prop_assert!(payload.len() <= 64);
                prop_assert_eq!(decode(&payload).unwrap(), envelope(command));
                prop_assert!(decode(&payload[..payload.len() - 1]).is_err());
            }
        }

        #[test]
        fn orders_for_a_book_go_there_and_back(
            ids: (u32, u32), amounts: (i64, i64), life in 0_usize..7, date: i32, mode in 0_usize..5,
            flags: [bool; 3], conditions in prop_oneof![Just((0, 0, 0)), any::<(i64, i64, i64)>()],
        ) {
            let lives = [
                Life::Day, Life::UntilCancelled, Life::UntilDate(Date(date)), Life::Immediate, Life::FillOrKill,
                Life::AtOpen, Life::AtClose,
            ];
            let order = EnterOrder {
                account: AccountId(ids.0),
                instrument: InstrumentId(ids.1),
                side: if flags[0] { Side::Sell } else { Side::Buy },
                kind: if flags[1] { OrderKind::Market } else { OrderKind::Limit },
                price: Price(amounts.0),
                quantity: Quantity(amounts.1),
                life: lives[life],
                post_only: flags[2],
                self_trade: SELF_TRADE[mode],
                minimum: Quantity(conditions.0),
                display: Quantity(conditions.1),
                trigger: Price(conditions.2),
            };
            let mut payload = Vec::new();
            encode(&envelope(Command::EnterOrder(order)), &mut payload).unwrap();
            prop_assert_eq!(payload.len(), if order.is_plain() { 56 } else { 80 });
            prop_assert_eq!(decode(&payload).unwrap(), envelope(Command::EnterOrder(order)));
            prop_assert!(decode(&payload[..payload.len() - 1]).is_err());
            payload[0] = if order.is_plain() { ENTER_CONDITIONAL } else { ENTER_ORDER };
            prop_assert!(decode(&payload).is_err());
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200), kind in 0_u8..9) {
            let _ = decode(&bytes);
            for version in [1, 2] {
                let mut payload = vec![if kind == 8 { 255 } else { kind }, version, 0, 0];
                payload.extend(&bytes);
                if let Ok(envelope) = decode(&payload) {
                    let mut again = Vec::new();
                    encode(&envelope, &mut again).unwrap();
                    prop_assert_eq!(decode(&again).unwrap(), envelope);
                }
            }
        }

        #[test]
        fn the_text_of_a_long_id_stands_behind(id in "[!-~]{16,64}", reason in ".{0,40}", bit in 0_usize..8) {
            let withdraw = Command::WithdrawAct { act: base::ActId(7), reason };
            let take = TakeListing { account: AccountId(1), listing: OrderId(2), quantity: Quantity(3) };
            for command in [withdraw, Command::TakeListing(take)] {
                let plain = Envelope { client_id: ClientId::known_by(ClientKey::of(&id)), ..envelope(command) };
                let named = Envelope { client_id: ClientId::of(&id), ..plain.clone() };
                let (mut old, mut new) = (Vec::new(), Vec::new());
                encode(&plain, &mut old).unwrap();
                encode(&named, &mut new).unwrap();
                prop_assert_eq!((old[1], new[1]), (Door::Http.over(1), Door::Http.over(2)));
                prop_assert_eq!(&new[2..old.len()], &old[2..]);
                prop_assert_eq!(&new[old.len()..new.len() - 1], id.as_bytes());
                prop_assert_eq!(usize::from(new[new.len() - 1]), id.len());
                prop_assert_eq!(decode(&new).unwrap(), named);
                prop_assert_eq!(decode(&old).unwrap(), plain);
                prop_assert_eq!(body(&new), body(&old));
                // Another text than the one whose hash stands in the header, a shorter one, a longer one.
                for at in [old.len(), new.len() - 1, 8 + bit] {
                    let mut wrong = new.clone();
                    wrong[at] ^= 1 << bit;
                    prop_assert!(decode(&wrong).is_err());
                }
                prop_assert!(decode(&new[..new.len() - 1]).is_err());
            }
        }
    }
}
