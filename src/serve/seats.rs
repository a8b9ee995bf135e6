//! The seats of a node: how many connections there are at a time, from everywhere and from one address. The last of them are kept for
//! the operators of the node: whoever comes when all others are taken gets in, and is served only as an operator, or to sign in.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Kept seats that one address may have.
const KEPT_EACH: usize = 4;

/// See the module.
pub(super) struct Seats {
    open: Arc<Semaphore>,
    kept: Arc<Semaphore>,
    each: usize,
    taken: Arc<Mutex<HashMap<IpAddr, Taken>>>,
}

/// What an address has.
#[derive(Clone, Copy, Debug, Default)]
struct Taken {
    open: usize,
    kept: usize,
}

/// A seat that is free, before anyone is known to want it.
pub(super) struct Free {
    permit: OwnedSemaphorePermit,
    kept: bool,
}

/// A seat that is taken, until it is dropped.
pub(super) struct Seat {
    _permit: OwnedSemaphorePermit,
    taken: Arc<Mutex<HashMap<IpAddr, Taken>>>,
    from: IpAddr,
    /// It is one of those that are kept for operators.
    pub(super) kept: bool,
}

impl Seats {
    /// So many, of which some are kept, and so many for each address.
    pub(super) fn new(all: usize, kept: usize, each: usize) -> Self {
        let kept = kept.min(all / 2);
        let (open, kept) = (Arc::new(Semaphore::new(all - kept)), Arc::new(Semaphore::new(kept)));
        Self { open, kept, each, taken: Arc::default() }
    }

    /// Waits for a seat. One that is kept is given when there is no other.
    pub(super) async fn free(&self) -> Option<Free> {
        let (open, kept) = (Arc::clone(&self.open), Arc::clone(&self.kept));
        tokio::select! {
            biased;
            permit = open.acquire_owned() => Some(Free { permit: permit.ok()?, kept: false }),
            permit = kept.acquire_owned() => Some(Free { permit: permit.ok()?, kept: true }),
        }
    }

    /// Gives a seat to an address, if that has not as many as it may.
    pub(super) fn take(&self, Free { permit, kept }: Free, from: IpAddr) -> Option<Seat> {
        let from = network(from);
        let mut all = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = all.entry(from).or_default();
        if taken.open + taken.kept >= self.each || (kept && taken.kept >= KEPT_EACH) {
            return None;
        }
        *(if kept { &mut taken.kept } else { &mut taken.open }) += 1;
        Some(Seat { _permit: permit, taken: Arc::clone(&self.taken), from, kept })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut all = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(taken) = all.get_mut(&self.from) {
            let of = if self.kept { &mut taken.kept } else { &mut taken.open };
            *of = of.saturating_sub(1);
            if taken.open + taken.kept == 0 {
                all.remove(&self.from);
            }
        }
    }
}

/// Whose an address is, for counting: one of version 6 stands for its network of 64 bits, which one subscriber has to himself.
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6((u128::from(address) & (u128::MAX << 64)).into()),
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_address_does_not_take_every_seat_and_some_are_kept() {
        let seats = Seats::new(8, 2, 3);
        let [one, two, three]: [IpAddr; 3] =
            ["10.0.0.1", "::ffff:10.0.0.2", "2001:db8::1"].map(|text| text.parse().unwrap());
        let mut held = Vec::new();
        for (from, may) in [(one, true), (one, true), (one, true), (one, false), (two, true), (two, true)] {
            let seat = seats.take(seats.free().await.unwrap(), from);
            assert_eq!(seat.is_some(), may);
            held.extend(seat);
        }
        let neighbour = "2001:db8::ffff".parse().unwrap();
        held.extend(seats.take(seats.free().await.unwrap(), three));
        assert!(held.iter().all(|seat| !seat.kept), "six are for anyone");
        held.extend(seats.take(seats.free().await.unwrap(), neighbour));
        held.extend(seats.take(seats.free().await.unwrap(), neighbour));
        let kept = held.iter().filter(|seat| seat.kept).count();
        assert_eq!((held.len(), kept), (8, 2), "the last two are kept");
        assert!(
            tokio::time::timeout(std::time::Duration::ZERO, seats.free()).await.is_err(),
            "all are taken"
        );
        held.clear();
        assert!(seats.taken.lock().unwrap().is_empty());
        assert!(seats.take(seats.free().await.unwrap(), one).is_some_and(|seat| !seat.kept));
    }
}
