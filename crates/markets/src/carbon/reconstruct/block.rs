//! Block trading (大宗协议): volume and amount, each block at least so large and within price limits.

use super::{Infeasible, Trade, traded};
use crate::carbon::rounding::Band;

/// Steps after which the search for blocks is given up. The record needs at most a few dozen. Pairs take one step for
/// each fen between the limits, so limits must be 500,000 CNY apart to exhaust it; triples, searched only where the
/// volume has room for three blocks and not for four, take about half the square, so limits 100 CNY apart may.
pub const SEARCH_STEPS_MAX: u64 = 50_000_000;

/// What the record says of the block trading of one instrument-day, and the rules of that day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockFacts {
    /// Volume, t.
    pub volume_t: i64,
    /// Amount, fen, exact.
    pub amount_fen: i64,
    /// The day's price limits (±30%).
    pub band: Band,
    /// Smallest block, t: 100,000 (market notice of 2021-06-22).
    pub block_min_t: i64,
}

/// The fewest blocks that make this day, ascending by price: each at least `block_min_t` at a whole-fen price within
/// the limits, with exactly this volume and amount. Of several pairs it gives one whose prices are closest together.
/// Empty where nothing traded.
///
/// # How many blocks are needed
///
/// Write `V` and `A` for volume and amount, `m` for the smallest block, `W` for the width of the band, and count prices
/// from its lower limit: a block at `lower + e` has `0 <= e <= W`, and `E = A − lower·V` is what the blocks' `e` must
/// make: `E = Σ v·e`.
///
/// *One* if `V` divides `A`: its price is then the average, which is within the band.
///
/// *Two* with prices `p` and `p + d` and volumes `V − v`, `v`: `v·d = A − p·V`. For each `d` from 1 to `W`, `p` must
/// solve `V·p ≡ A (mod d)`, and `m <= v <= V − m` and the band bound `p` from both sides. The least solution not below
/// the lower bound is one step of Euclid's algorithm away, so every pair of prices is decided in `W` such steps.
///
/// *Three*, and never more. A block not at the lower limit adds at least `m` to `E`, so `E = 0` or `E >= m`; in the same
/// way from above, `E = W·V` or `E <= W·V − m`. `E = 0` and `E = W·V` are one block. Let `m <= E <= W·V − m` and
/// `V >= 4m − 1`, and `S = V − 3m`, so `S >= m − 1`. If `W <= 1`, two blocks do it, or none can. Else take blocks of
/// `m` at `f`, and together `2m + S` at `c` and `c + 1`, `m` at least of each:
///
/// ```text
/// E = c·(V − m) + m + m·f + t,   0 <= c < W,   0 <= f <= W,   0 <= t <= S.
/// ```
///
/// For a fixed `c`, `m·f + t` takes every value from 0 to `m·W + S` since `S >= m − 1`; the next `c` begins `V − m`
/// higher, which is at most `m·W + S + 1` for `W >= 2`; the first begins at `m`, the last ends at `W·V − m`. So every `E`
/// in question is made, by three blocks. If `3m <= V < 4m − 1` there is no room for four, and all triples of prices
/// are searched, up to [`SEARCH_STEPS_MAX`]; beyond, the answer is [`Infeasible::Undecided`]. If `V < 3m` there is no room for three.
///
/// # Errors
/// Why no blocks make this day, or that it was not decided.
pub fn block_trades(facts: &BlockFacts) -> Result<Vec<Trade>, Infeasible> {
    let BlockFacts { volume_t, amount_fen, band, block_min_t } = *facts;
    if !traded(volume_t, amount_fen)? {
        return Ok(Vec::new());
    }
    if block_min_t < 1 {
        return Err(Infeasible::SizeLimitNotPositive { limit_t: block_min_t });
    }
    if volume_t < block_min_t {
        return Err(Infeasible::BelowBlockMin { volume_t, block_min_t });
    }
    let (low_fen, high_fen) = (band.lower_fen, band.upper_fen);
    if low_fen > high_fen {
        return Err(Infeasible::RangeReversed { low_fen, high_fen });
    }
    if low_fen < 1 {
        return Err(Infeasible::PriceNotPositive { price_fen: low_fen });
    }
    let volume = i128::from(volume_t);
    let (least_fen, most_fen) = (i128::from(low_fen) * volume, i128::from(high_fen) * volume);
    if i128::from(amount_fen) < least_fen {
        return Err(Infeasible::AmountBelowLow { amount_fen, least_fen });
    }
    if i128::from(amount_fen) > most_fen {
        return Err(Infeasible::AmountAboveHigh { amount_fen, most_fen });
    }
    let mut search = Search {
        lower: i128::from(low_fen),
        width: i128::from(high_fen) - i128::from(low_fen),
        volume,
        excess: i128::from(amount_fen) - least_fen,
        min: i128::from(block_min_t),
        steps_left: SEARCH_STEPS_MAX,
    };
    match search.blocks()? {
        Some(blocks) => blocks.into_iter().map(|(e, v)| Trade::new(search.lower + e, v)).collect(),
        None => Err(Infeasible::NoBlocks {
            volume_t,
            amount_fen,
            block_min_t,
            lower_fen: low_fen,
            upper_fen: high_fen,
        }),
    }
}

/// The search, in prices counted from the lower limit. Volumes and prices come from `i64`, and
/// `0 <= excess <= width·volume < 2^126`, so no product below leaves `i128`.
struct Search {
    lower: i128,
    width: i128,
    volume: i128,
    excess: i128,
    min: i128,
    steps_left: u64,
}

type Blocks = Vec<(i128, i128)>;

impl Search {
    fn blocks(&mut self) -> Result<Option<Blocks>, Infeasible> {
        if self.excess % self.volume == 0 {
            return Ok(Some(vec![(self.excess / self.volume, self.volume)]));
        }
        let to_top = self.width * self.volume - self.excess;
        if self.volume < 2 * self.min || self.excess < self.min || to_top < self.min {
            return Ok(None);
        }
        if let Some(two) = self.two()? {
            return Ok(Some(two));
        }
        if self.volume < 3 * self.min || self.width < 2 {
            return Ok(None);
        }
        if self.volume >= 4 * self.min - 1 { Ok(Some(self.three_with_room())) } else { self.three() }
    }

    fn step(&mut self) -> Result<(), Infeasible> {
        match self.steps_left.checked_sub(1) {
            Some(left) => self.steps_left = left,
            None => return Err(Infeasible::Undecided { steps: SEARCH_STEPS_MAX }),
        }
        Ok(())
    }

    /// Two blocks at `e` and `e + d`, the smallest `d` first.
    fn two(&mut self) -> Result<Option<Blocks>, Infeasible> {
        let Search { width, volume, excess, min, .. } = *self;
        let mut d = 1;
        while d <= width && min * d <= excess {
            self.step()?;
            let from = ceil_div(excess - (volume - min) * d, volume).max(0);
            let to = (excess - min * d).div_euclid(volume).min(width - d);
            if let Some(e) = least_solution(volume, excess, d, from).filter(|e| *e <= to) {
                let upper = (excess - e * volume) / d;
                return Ok(Some(vec![(e, volume - upper), (e + d, upper)]));
            }
            d += 1;
        }
        Ok(None)
    }

    /// Three blocks where the volume is at least `4·min − 1`: always there, see [`block_trades`]. The pair of
    /// neighbours stands at the average where that is possible.
    fn three_with_room(&self) -> Blocks {
        let Search { width, volume, excess, min, .. } = *self;
        let slack = volume - 3 * min;
        let at = |c: i128| {
            let rest = excess - c * (volume - min) - min;
            let f = (rest / min).min(width);
            let t = rest - f * min;
            (rest >= 0 && t <= slack).then(|| {
                let mut blocks = vec![(c, min + slack - t), (c + 1, min + t), (f, min)];
                blocks.sort_unstable();
                blocks
            })
        };
        let average = (excess / volume).min(width - 1);
        let lowest = ((excess - min) / (volume - min)).min(width - 1);
        at(average).or_else(|| at(lowest)).unwrap_or_default()
    }

    /// Three blocks at `e`, `e + a` and `e + d`, the smallest `d` first. The prices differ, as two blocks at one price
    /// would be one block. Each has `min`; `slack` more tonnes are to be shared out so that `x` of them at `a` and `y`
    /// at `d` make what is missing.
    fn three(&mut self) -> Result<Option<Blocks>, Infeasible> {
        let Search { width, volume, excess, min, .. } = *self;
        let slack = volume - 3 * min;
        for d in 2..=width {
            for a in 1..d {
                self.step()?;
                let above = excess - min * (a + d);
                let to = above.div_euclid(volume).min(width - d);
                let mut e = ceil_div(above - slack * d, volume).max(0);
                while e <= to {
                    self.step()?;
                    if let Some((x, y)) = share(above - e * volume, a, d, slack) {
                        return Ok(Some(vec![(e, min + slack - x - y), (e + a, min + x), (e + d, min + y)]));
                    }
                    e += 1;
                }
            }
        }
        Ok(None)
    }
}

/// `x, y >= 0` with `a·x + d·y = amount` and `x + y <= slack`, for `1 <= a < d`, `amount >= 0`.
fn share(amount: i128, a: i128, d: i128, slack: i128) -> Option<(i128, i128)> {
    // x = (amount − d·y) / a, so x + y <= slack asks for y >= (amount − a·slack) / (d − a).
    let from = ceil_div(amount - a * slack, d - a).max(0);
    let y = least_solution(d, amount, a, from).filter(|y| *y <= amount / d)?;
    Some(((amount - d * y) / a, y))
}

/// The least `x >= from` with `factor·x ≡ target (mod modulus)`, for `modulus >= 1`.
fn least_solution(factor: i128, target: i128, modulus: i128, from: i128) -> Option<i128> {
    // Euclid: `next` and `inverse` keep inverse·factor ≡ rest (mod modulus).
    let (mut rest, mut next_rest) = (factor.rem_euclid(modulus), modulus);
    let (mut inverse, mut next_inverse) = (1, 0);
    while next_rest != 0 {
        let quotient = rest / next_rest;
        (rest, next_rest) = (next_rest, rest - quotient * next_rest);
        (inverse, next_inverse) = (next_inverse, inverse - quotient * next_inverse);
    }
    if target % rest != 0 {
        return None;
    }
    let period = modulus / rest;
    let solution = (target / rest).rem_euclid(period) * i128::rem_euclid(inverse, period) % period;
    Some(from + (solution - from).rem_euclid(period))
}

fn ceil_div(numerator: i128, denominator: i128) -> i128 {
    -(-numerator).div_euclid(denominator)
}

#[cfg(test)]
mod tests;
