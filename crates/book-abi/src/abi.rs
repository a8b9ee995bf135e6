//! The messages and reports as the benchmark's header lays them out.

use std::ffi::c_void;

/// A new order.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct NewOrder {
    /// The caller's name for it.
    pub order_id: u64,
    /// The number of the message.
    pub sequence: u64,
    /// In ticks.
    pub price: i64,
    /// In units.
    pub quantity: u32,
    /// 0: buy, 1: sell.
    pub side: u8,
    /// 1: what does not trade at once is cancelled.
    pub ioc: u8,
    padding: [u8; 2],
}

impl NewOrder {
    /// A new order.
    #[must_use]
    pub const fn new(order_id: u64, sequence: u64, price: i64, quantity: u32, side: u8, ioc: bool) -> Self {
        Self { order_id, sequence, price, quantity, side, ioc: ioc as u8, padding: [0; 2] }
    }
}

/// A cancellation.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Cancel {
    /// The order.
    pub order_id: u64,
    /// The number of the message.
    pub sequence: u64,
}

/// A new price and quantity for an order, which loses its place.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Modify {
    /// The order.
    pub order_id: u64,
    /// The number of the message.
    pub sequence: u64,
    /// In ticks.
    pub price: i64,
    /// In units.
    pub quantity: u32,
    /// 0: buy, 1: sell; the side of the order.
    pub side: u8,
    padding: [u8; 3],
}

impl Modify {
    /// A modification.
    #[must_use]
    pub const fn new(order_id: u64, sequence: u64, price: i64, quantity: u32, side: u8) -> Self {
        Self { order_id, sequence, price, quantity, side, padding: [0; 3] }
    }
}

/// One of the three.
#[repr(C)]
#[derive(Clone, Copy)]
pub union Body {
    /// Kind 0.
    pub new: NewOrder,
    /// Kind 1.
    pub cancel: Cancel,
    /// Kind 2.
    pub modify: Modify,
}

/// A message of a batch.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Message {
    /// 0: new, 1: cancel, 2: modify.
    pub kind: u8,
    padding: [u8; 7],
    /// What `kind` says.
    pub body: Body,
}

/// What came of a message.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// One of the constants of this module.
    pub kind: u8,
    /// The side of the order, where that says something.
    pub side: u8,
    padding: [u8; 6],
    /// The number of the message that caused it.
    pub sequence: u64,
    /// The order; 0 for a trade.
    pub order_id: u64,
    /// For a trade: that of the standing order.
    pub price: i64,
    /// In units.
    pub quantity: u32,
    padding_too: u32,
    /// For a trade: the standing order.
    pub maker: u64,
    /// For a trade: the incoming order.
    pub taker: u64,
    padding_last: u64,
}

/// A new order was accepted.
pub const ORDER_ACK: u8 = 0;
/// Two orders traded.
pub const TRADE: u8 = 1;
/// An order, or what an immediate-or-cancel order left over, was cancelled.
pub const CANCEL_ACK: u8 = 2;
/// An order has a new price and quantity.
pub const MODIFY_ACK: u8 = 3;
/// There was nothing to cancel.
pub const CANCEL_REJECT: u8 = 4;
/// There was nothing to modify.
pub const MODIFY_REJECT: u8 = 5;

impl Report {
    /// Anything but a trade.
    #[must_use]
    pub const fn of_order(
        kind: u8,
        side: u8,
        sequence: u64,
        order_id: u64,
        price: i64,
        quantity: u32,
    ) -> Self {
        let (maker, taker) = (0, 0);
        let (padding, padding_too, padding_last) = ([0; 6], 0, 0);
        Self {
            kind,
            side,
            padding,
            sequence,
            order_id,
            price,
            quantity,
            padding_too,
            maker,
            taker,
            padding_last,
        }
    }

    /// A trade.
    #[must_use]
    pub const fn of_trade(sequence: u64, price: i64, quantity: u32, maker: u64, taker: u64) -> Self {
        Self { maker, taker, ..Self::of_order(TRADE, 0, sequence, 0, price, quantity) }
    }
}

/// How reports are carried from the matching thread to the one that publishes them.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Transport {
    /// A queue for at least so many reports.
    pub create: Option<unsafe extern "C" fn(u32) -> *mut c_void>,
    /// 1: taken; 0: full.
    pub push: Option<unsafe extern "C" fn(*mut c_void, *const Report) -> i32>,
    /// How many were taken out.
    pub drain: Option<unsafe extern "C" fn(*mut c_void, *mut Report, u32) -> u32>,
    /// Publishes what was pushed.
    pub flush: Option<unsafe extern "C" fn(*mut c_void)>,
    /// Frees it.
    pub destroy: Option<unsafe extern "C" fn(*mut c_void)>,
}

const _: () = assert!(size_of::<NewOrder>() == 32 && size_of::<Cancel>() == 16 && size_of::<Modify>() == 32);
const _: () = assert!(size_of::<Message>() == 40 && size_of::<Report>() == 64);
