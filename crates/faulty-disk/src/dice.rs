//! A small random source: a seed gives the same run anywhere, whatever the version of anything else.

/// SplitMix64 (Steele, Lea, Flood 2014): one addition and one mix a number. Its stream is part of what a seed means, and is not
/// changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dice(pub u64);

impl Dice {
    /// The next sixty-four bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 up to but not including `sides`; 0 where there are none.
    pub fn roll(&mut self, sides: usize) -> usize {
        let rolled = self.bits() % (sides as u64).max(1);
        usize::try_from(rolled).unwrap_or_default()
    }

    /// True once in `times`.
    pub fn once_in(&mut self, times: usize) -> bool {
        self.roll(times) == 0
    }

    /// A number from `from` up to and including `to`.
    pub fn between(&mut self, from: i64, to: i64) -> i64 {
        let span = u64::try_from(i128::from(to) - i128::from(from)).unwrap_or(u64::MAX).saturating_add(1);
        from.saturating_add_unsigned(self.bits() % span)
    }

    /// One of some things; none of nothing.
    pub fn pick<'a, T>(&mut self, among: &'a [T]) -> Option<&'a T> {
        among.get(self.roll(among.len()))
    }

    /// Another source, so that what is drawn from it moves nothing drawn from this one.
    pub fn fork(&mut self) -> Self {
        Self(self.bits())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first numbers of seed 1234567, from the reference implementation.
    #[test]
    fn the_stream_is_that_of_the_reference() {
        let mut dice = Dice(1_234_567);
        let first = [(); 3].map(|()| dice.bits());
        assert_eq!(first, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }

    #[test]
    fn rolls_stay_within_their_bounds() {
        let mut dice = Dice(3);
        for _ in 0..10_000 {
            assert!((-3..=5).contains(&dice.between(-3, 5)));
            assert!(dice.roll(6) < 6);
        }
        assert_eq!((dice.roll(0), dice.pick::<u8>(&[])), (0, None));
        dice.between(i64::MIN, i64::MAX);
    }
}
