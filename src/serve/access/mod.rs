//! Who asks: sessions of people, signatures of programs, and how often they may.

mod caller;
mod lockouts;
mod passwords;
mod pending;
mod rate;
mod secrets;
mod sessions;
mod signature;
mod strength;
mod used;

pub use caller::{Caller, Via};
pub use lockouts::{EVERYWHERE_TIMES, Lockouts};
pub use passwords::{Passwords, hash as hash_password};
pub use pending::Pending;
pub use rate::{Rates, Spent};
use secrets::letters;
pub use secrets::{Secrets, hash_of, random, random_text};
pub use sessions::{COOKIE, Session, Sessions, Terms, token_in};
pub use signature::{Signature, Signed, sign, verify};
pub use used::Used;
