//! Who failed to sign in too often: an address with a name, for a while; and a name from anywhere, after many more failures, until
//! as long has passed or two persons unlock it. A name is treated alike whether it is a user's or not. An address from which a user
//! has signed in keeps its own count: others cannot lock that user out there.

use crate::serve::seats::network;
use std::collections::{HashMap, HashSet};
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Failures of a name from anywhere are so many times those from one address before it is locked out everywhere.
pub const EVERYWHERE_TIMES: u32 = 10;
/// Counts that are remembered at most, of each kind. Past this, those are forgotten that failed longest ago.
const REMEMBERED: usize = 50_000;

/// A name is kept as its hash: someone may send long ones.
type Name = [u8; 32];
type Pair = (Name, IpAddr);

#[derive(Clone, Copy)]
struct Failures {
    count: u32,
    last: Instant,
}

#[derive(Default)]
struct Inside {
    /// By name and address.
    pairs: HashMap<Pair, Failures>,
    /// By name.
    names: HashMap<Name, Failures>,
    /// Names with addresses from which they signed in.
    known: HashSet<Pair>,
}

/// See the module.
pub struct Lockouts {
    attempts: u32,
    lasts: Duration,
    inside: Mutex<Inside>,
}

fn of_name(name: &str) -> Name {
    super::hash_of(name.as_bytes())
}

fn of_pair(name: &str, peer: IpAddr) -> Pair {
    (of_name(name), network(peer))
}

impl Lockouts {
    /// Locks out after so many failures, for so long.
    #[must_use]
    pub fn new(attempts: u32, lasts: Duration) -> Self {
        Self { attempts, lasts, inside: Mutex::default() }
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Seconds for which a name is locked out for an address.
    #[must_use]
    pub fn locked_out(&self, name: &str, peer: IpAddr) -> Option<u64> {
        self.shut_for(&self.inside(), name, peer)
    }

    /// Seconds for which a name is locked out from everywhere that it is not known to come from.
    #[must_use]
    pub fn locked_everywhere(&self, name: &str) -> Option<u64> {
        self.shut(self.inside().names.get(&of_name(name)), self.everywhere())
    }

    /// A name tried to sign in, and was right or was not. While it was looked at, others may have tried: who is locked out by now
    /// learns nothing.
    ///
    /// # Errors
    /// It is locked out: for so many seconds.
    pub fn tried(&self, name: &str, peer: IpAddr, right: bool) -> Result<(), u64> {
        let (mut inside, pair) = (self.inside(), of_pair(name, peer));
        if let Some(seconds) = self.shut_for(&inside, name, peer) {
            return Err(seconds);
        }
        if right {
            inside.pairs.remove(&pair);
            if inside.known.len() >= REMEMBERED {
                inside.known.clear();
            }
            inside.known.insert(pair);
        } else {
            self.failed(&mut inside.pairs, pair);
            if !inside.known.contains(&pair) {
                self.failed(&mut inside.names, of_name(name));
            }
        }
        Ok(())
    }

    /// Lets a name try again, from wherever it was locked out.
    pub fn unlock(&self, name: &str) {
        let (mut inside, name) = (self.inside(), of_name(name));
        inside.names.remove(&name);
        inside.pairs.retain(|(of, _), _| *of != name);
    }

    fn everywhere(&self) -> u32 {
        self.attempts.saturating_mul(EVERYWHERE_TIMES)
    }

    fn shut_for(&self, inside: &Inside, name: &str, peer: IpAddr) -> Option<u64> {
        let pair = of_pair(name, peer);
        let here = self.shut(inside.pairs.get(&pair), self.attempts);
        let known = inside.known.contains(&pair);
        here.or_else(|| self.shut(inside.names.get(&of_name(name)).filter(|_| !known), self.everywhere()))
    }

    /// Seconds for which who failed so often is locked out.
    fn shut(&self, failures: Option<&Failures>, most: u32) -> Option<u64> {
        let failures = failures.filter(|failures| failures.count >= most)?;
        let left = self.lasts.checked_sub(failures.last.elapsed())?;
        Some(left.as_secs() + 1)
    }

    fn failed<K: Eq + Hash>(&self, failures: &mut HashMap<K, Failures>, whose: K) {
        let now = Instant::now();
        if failures.len() >= REMEMBERED {
            failures.retain(|_, failed| now.duration_since(failed.last) < self.lasts);
            forget_oldest(failures);
        }
        let failed = failures.entry(whose).or_insert(Failures { count: 0, last: now });
        if now.duration_since(failed.last) >= self.lasts {
            failed.count = 0;
        }
        *failed = Failures { count: failed.count.saturating_add(1), last: now };
    }
}

/// Where all are recent, a quarter goes: those that failed longest ago.
fn forget_oldest<K: Eq + Hash>(failures: &mut HashMap<K, Failures>) {
    let most = REMEMBERED / 4 * 3;
    if failures.len() > most {
        let mut times: Vec<Instant> = failures.values().map(|failed| failed.last).collect();
        let place = times.len() - most;
        let (_, first_kept, _) = times.select_nth_unstable(place);
        let first_kept = *first_kept;
        failures.retain(|_, failed| failed.last >= first_kept);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_is_locked_out_of_a_name_and_of_no_other() {
        let locks = Lockouts::new(3, Duration::from_secs(900));
        let (here, there) = (from("192.0.2.1"), from("192.0.2.2"));
        for _ in 0..3 {
            assert_eq!(locks.tried("ann", here, false), Ok(()));
        }
        assert!(locks.locked_out("ann", here).is_some_and(|seconds| (899..=900).contains(&seconds)));
        assert!(locks.tried("ann", here, true).is_err(), "the right password comes too late");
        assert_eq!((locks.locked_out("ann", there), locks.locked_out("bob", here)), (None, None));
    }

    #[test]
    fn many_addresses_lock_a_name_out_where_it_never_was_and_two_persons_unlock_it() {
        let locks = Lockouts::new(3, Duration::from_secs(900));
        let own = from("198.51.100.7");
        assert_eq!(locks.tried("ann", own, true), Ok(()));
        for place in 0..30 {
            assert_eq!(locks.tried("ann", from(&format!("192.0.2.{place}")), false), Ok(()));
        }
        let new = from("203.0.113.9");
        assert!(locks.locked_out("ann", new).is_some() && locks.locked_everywhere("ann").is_some());
        assert_eq!(locks.locked_out("ann", own), None, "nobody locks it out where it signs in");
        locks.unlock("ann");
        assert_eq!((locks.locked_out("ann", new), locks.locked_everywhere("ann")), (None, None));
    }

    #[test]
    fn all_addresses_of_a_network_are_one() {
        let locks = Lockouts::new(2, Duration::from_secs(900));
        for peer in ["2001:db8:1:2::1", "2001:db8:1:2:ffff::2"] {
            assert_eq!(locks.tried("ann", from(peer), false), Ok(()));
        }
        assert!(locks.locked_out("ann", from("2001:db8:1:2:3:4:5:6")).is_some());
        assert_eq!(locks.locked_out("ann", from("2001:db8:1:3::1")), None);
        assert_eq!(network(from("::ffff:192.0.2.1")), from("192.0.2.1"));
    }

    #[test]
    fn a_flood_of_names_takes_so_much_memory_and_no_more() {
        let locks = Lockouts::new(2, Duration::from_secs(900));
        for name in 0..REMEMBERED + 10 {
            let _ = locks.tried(&name.to_string(), from("192.0.2.1"), false);
        }
        let inside = locks.inside();
        assert!(inside.pairs.len() <= REMEMBERED && inside.names.len() <= REMEMBERED);
        assert!(inside.pairs.contains_key(&of_pair(&(REMEMBERED + 9).to_string(), from("192.0.2.1"))));
    }
}
