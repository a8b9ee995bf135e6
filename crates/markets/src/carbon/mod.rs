//! China's national carbon market: its public record, and the trades that could have made it.
//!
//! Prices and amounts are in fen (0.01 CNY) as `i64`, quantities in whole tonnes of CO2e as `i64`;
//! products go through `i128`.

pub mod carry_over;
mod figure;
mod layout;
pub mod reconstruct;
pub mod record;
pub mod rounding;
mod table;
