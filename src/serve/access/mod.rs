//! Who asks: sessions of people, signatures of programs, and how often they may.

mod caller;
mod nonces;
mod passwords;
mod rate;
mod secrets;
mod sessions;
mod signature;

pub use caller::{Caller, Via};
pub use nonces::Nonces;
pub use passwords::{Passwords, hash as hash_password};
pub use rate::{Rates, Spent};
pub use secrets::{Secrets, hash_of, random, random_text};
pub use sessions::{COOKIE, Session, Sessions, Terms, token_in};
pub use signature::{Signed, sign, verify};
