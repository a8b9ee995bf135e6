//! The venue's order book behind the C ABI of the public benchmark of matching engines
//! (`flash1-dev/matching-engine-benchmark`), so that its harness can load it. docs/benchmarks.md says how it is built and what
//! it measured.
//!
//! What matches here is the `book` crate as the venue uses it; this crate translates messages and reports and adds nothing
//! that would make it faster. It is the one place of the project where code is `unsafe`: a caller in C hands over
//! pointers. Each use says what it relies on.

pub mod abi;
pub mod matcher;
pub mod ring;

use abi::{Cancel, Message, Modify, NewOrder, Report, Transport};
use base::Side;
use matcher::{Matcher, Sink};
use ring::Ring;
use std::cell::UnsafeCell;
use std::ffi::c_void;
use std::ptr;

/// The engine between `engine_init` and `engine_shutdown`.
struct Engine {
    matcher: Matcher,
    sink: Way,
}

/// Where reports go: our own queue, or one that the harness chose.
#[derive(Clone, Copy)]
enum Way {
    Ours(&'static Ring),
    Theirs { push: unsafe extern "C" fn(*mut c_void, *const Report) -> i32, handle: *mut c_void },
}

struct Cell(UnsafeCell<Option<Engine>>);

// SAFETY: the ABI delivers every call that reaches the cell (init, messages, queries, shutdown) from one thread; the
// draining thread gets a ring only.
#[allow(unsafe_code)]
unsafe impl Sync for Cell {}

static ENGINE: Cell = Cell(UnsafeCell::new(None));

/// How many messages ahead the line of the table of names is asked for that a message will want. Nothing else is done
/// with a message before its turn.
const AHEAD: usize = 8;

/// Asks the processor for a line that will be written. Changes nothing but the cache.
#[inline]
#[allow(unsafe_code)]
pub(crate) fn prefetch_to_write<T>(at: &T) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: prefetching has no effect on memory, whatever the address; this one is that of a reference.
    unsafe {
        std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_ET0 }>(ptr::from_ref(at).cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = at;
}

/// Runs `act` on the engine, if there is one.
#[inline]
#[allow(unsafe_code)]
fn with<R>(act: impl FnOnce(&mut Engine) -> R) -> Option<R> {
    // SAFETY: calls come from one thread (see `Cell`), and no `act` calls back into the ABI's functions, so there is no
    // other reference to the engine while this one lives.
    let engine = unsafe { &mut *ENGINE.0.get() };
    engine.as_mut().map(act)
}

struct Ours(&'static Ring);

impl Sink for Ours {
    #[inline(always)]
    fn push(&mut self, report: Report) {
        while !self.0.push(&report) {
            std::hint::spin_loop();
        }
    }
}

struct Theirs {
    push: unsafe extern "C" fn(*mut c_void, *const Report) -> i32,
    handle: *mut c_void,
}

impl Sink for Theirs {
    #[allow(unsafe_code)]
    fn push(&mut self, report: Report) {
        // SAFETY: the harness gave this function for this handle, and the report outlives the call.
        while unsafe { (self.push)(self.handle, &raw const report) } == 0 {
            std::hint::spin_loop();
        }
    }
}

/// Runs `$act` with the sink that is in use as `$sink`: the choice is made once a call, not once a report.
macro_rules! deliver {
    (|$matcher:ident, $sink:ident| $act:expr) => {
        with(|engine| {
            let $matcher = &mut engine.matcher;
            match engine.sink {
                Way::Ours(ring) => {
                    let $sink = &mut Ours(ring);
                    $act
                }
                Way::Theirs { push, handle } => {
                    let $sink = &mut Theirs { push, handle };
                    $act
                }
            }
        })
    };
}

/// Starts an engine with an empty book.
///
/// # Safety
/// `transport` points to a table of functions, and `report_sink` is a queue that its `create` made.
#[unsafe(no_mangle)]
#[allow(unsafe_code)]
pub unsafe extern "C" fn engine_init(_seed: u64, transport: *const Transport, report_sink: *mut c_void) {
    // SAFETY: the caller vouches for the pointer, which may be null.
    let push = unsafe { transport.as_ref() }.and_then(|transport| transport.push);
    let Some(push) = push else { return };
    let ours = ptr::fn_addr_eq(push, ring_push as unsafe extern "C" fn(*mut c_void, *const Report) -> i32);
    let sink = if ours && !report_sink.is_null() {
        // SAFETY: the queue is a ring of ours, and the harness destroys it after `engine_shutdown`.
        Way::Ours(unsafe { &*report_sink.cast::<Ring>() })
    } else {
        Way::Theirs { push, handle: report_sink }
    };
    // SAFETY: as in `with`: one thread, and no reference to the engine is alive.
    unsafe { *ENGINE.0.get() = Some(Engine { matcher: Matcher::new(), sink }) };
}

/// Ends the engine.
#[unsafe(no_mangle)]
#[allow(unsafe_code)]
pub extern "C" fn engine_shutdown() {
    // SAFETY: as in `with`: one thread, and no reference to the engine is alive.
    unsafe { *ENGINE.0.get() = None };
}

/// A new order.
///
/// # Safety
/// `order` points to an order.
#[unsafe(no_mangle)]
#[allow(unsafe_code)]
pub unsafe extern "C" fn engine_on_new_order(order: *const NewOrder) {
    // SAFETY: the caller vouches for the pointer.
    let order = unsafe { &*order };
    deliver!(|matcher, sink| matcher.new_order(order, sink));
}

/// A cancellation.
///
/// # Safety
/// `cancel` points to a cancellation.
#[unsafe(no_mangle)]
#[allow(unsafe_code)]
pub unsafe extern "C" fn engine_on_cancel(cancel: *const Cancel) {
    // SAFETY: the caller vouches for the pointer.
    let cancel = unsafe { &*cancel };
    deliver!(|matcher, sink| matcher.cancel(cancel, sink));
}

/// A modification.
///
/// # Safety
/// `modify` points to a modification.
#[unsafe(no_mangle)]
#[allow(unsafe_code)]
pub unsafe extern "C" fn engine_on_modify(modify: *const Modify) {
    // SAFETY: the caller vouches for the pointer.
    let modify = unsafe { &*modify };
    deliver!(|matcher, sink| matcher.modify(modify, sink));
}

/// A run of messages, one after the other, as if each had come alone.
///
/// # Safety
/// `messages` points to `count` messages.
#[unsafe(no_mangle)]
#[allow(unsafe_code)]
pub unsafe extern "C" fn engine_on_batch(messages: *const Message, count: u32) {
    if count == 0 {
        return;
    }
    // SAFETY: the caller vouches for the pointer and the count.
    let messages = unsafe { std::slice::from_raw_parts(messages, count as usize) };
    deliver!(|matcher, sink| {
        for (number, message) in messages.iter().enumerate() {
            if let Some(later) = messages.get(number + AHEAD) {
                // SAFETY: whatever the kind, the name of the order stands first in the message.
                matcher.expect(unsafe { later.body.cancel.order_id });
            }
            match message.kind {
                // SAFETY: the kind says which of the three the message holds, here and below.
                0 => matcher.new_order(unsafe { &message.body.new }, sink),
                // SAFETY: as above.
                1 => matcher.cancel(unsafe { &message.body.cancel }, sink),
                // SAFETY: as above.
                _ => matcher.modify(unsafe { &message.body.modify }, sink),
            }
        }
    });
}

/// Returns when everything delivered was matched and reported: at once, for nothing is put off; what the queue has not shown
/// yet it shows now.
#[unsafe(no_mangle)]
#[allow(unsafe_code)] // exported by name
pub extern "C" fn engine_flush() {
    with(|engine| {
        if let Way::Ours(ring) = engine.sink {
            ring.flush();
        }
    });
}

/// The highest bid, or the least number.
#[unsafe(no_mangle)]
#[allow(unsafe_code)] // exported by name
pub extern "C" fn engine_query_best_bid() -> i64 {
    with(|engine| engine.matcher.best(Side::Buy)).flatten().unwrap_or(i64::MIN)
}

/// The lowest offer, or the greatest number.
#[unsafe(no_mangle)]
#[allow(unsafe_code)] // exported by name
pub extern "C" fn engine_query_best_ask() -> i64 {
    with(|engine| engine.matcher.best(Side::Sell)).flatten().unwrap_or(i64::MAX)
}

/// What stands at a price on a side (0: buy).
#[unsafe(no_mangle)]
#[allow(unsafe_code)] // exported by name
pub extern "C" fn engine_query_depth_at(price: i64, side: u8) -> u64 {
    with(|engine| engine.matcher.depth(side, price)).unwrap_or(0)
}

static TRANSPORT: Transport = Transport {
    create: Some(ring_create),
    push: Some(ring_push),
    drain: Some(ring_drain),
    flush: Some(ring_flush),
    destroy: Some(ring_destroy),
};

/// The queue that we bring.
#[unsafe(no_mangle)]
#[allow(unsafe_code)] // exported by name
pub extern "C" fn engine_get_transport() -> *const Transport {
    &raw const TRANSPORT
}

extern "C" fn ring_create(capacity: u32) -> *mut c_void {
    Box::into_raw(Box::new(Ring::new(capacity))).cast()
}

#[allow(unsafe_code)]
unsafe extern "C" fn ring_push(handle: *mut c_void, report: *const Report) -> i32 {
    // SAFETY: the handle is from `ring_create`, and the caller vouches for the report.
    unsafe { i32::from((*handle.cast::<Ring>()).push(&*report)) }
}

#[allow(unsafe_code)]
unsafe extern "C" fn ring_drain(handle: *mut c_void, out: *mut Report, count: u32) -> u32 {
    // SAFETY: the handle is from `ring_create`; the caller vouches for room for `count` reports, which may hold anything:
    // every pattern of bits is a report.
    let (ring, out) =
        unsafe { (&*handle.cast::<Ring>(), std::slice::from_raw_parts_mut(out, count as usize)) };
    u32::try_from(ring.drain(out)).unwrap_or(count)
}

#[allow(unsafe_code)]
unsafe extern "C" fn ring_flush(handle: *mut c_void) {
    // SAFETY: the handle is from `ring_create`.
    unsafe { (*handle.cast::<Ring>()).flush() };
}

#[allow(unsafe_code)]
unsafe extern "C" fn ring_destroy(handle: *mut c_void) {
    // SAFETY: the handle is from `ring_create` and is not used again.
    drop(unsafe { Box::from_raw(handle.cast::<Ring>()) });
}
