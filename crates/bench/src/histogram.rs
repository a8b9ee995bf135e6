//! Latencies by the million in a few kilobytes: buckets that grow with the value, each within one part in sixty-four.

const SUB_BITS: u32 = 6;

/// Counts of nanoseconds.
#[derive(Clone, Debug)]
pub(crate) struct Histogram {
    counts: Vec<u64>,
    total: u64,
    most: u64,
}

impl Histogram {
    pub(crate) fn new() -> Self {
        Self { counts: vec![0; 64 << SUB_BITS], total: 0, most: 0 }
    }

    pub(crate) fn add(&mut self, ns: u64) {
        if let Some(count) = self.counts.get_mut(bucket(ns)) {
            *count += 1;
        }
        self.total += 1;
        self.most = self.most.max(ns);
    }

    /// Counts what another one counted.
    pub(crate) fn absorb(&mut self, other: &Self) {
        self.counts.iter_mut().zip(&other.counts).for_each(|(count, others)| *count += others);
        self.total += other.total;
        self.most = self.most.max(other.most);
    }

    pub(crate) fn total(&self) -> u64 {
        self.total
    }

    /// The most, ns.
    pub(crate) fn most(&self) -> u64 {
        self.most
    }

    /// The value that so many in ten thousand do not exceed, ns, rounded up to its bucket.
    pub(crate) fn at(&self, of_10_000: u64) -> u64 {
        let rank = (u128::from(self.total) * u128::from(of_10_000)).div_ceil(10_000);
        let mut seen = 0_u128;
        for (bucket, count) in self.counts.iter().enumerate() {
            seen += u128::from(*count);
            if seen >= rank.max(1) {
                return upper(bucket).min(self.most);
            }
        }
        self.most
    }
}

/// Values below 64 have a bucket each; above, each power of two has 64.
fn bucket(ns: u64) -> usize {
    let power = (63 - (ns | 1).leading_zeros()).saturating_sub(SUB_BITS);
    (power << SUB_BITS) as usize + usize::try_from(ns >> power).unwrap_or(0)
}

/// The largest value in a bucket.
fn upper(bucket: usize) -> u64 {
    let sub = 1_usize << SUB_BITS;
    if bucket < 2 * sub {
        return bucket as u64;
    }
    let power = bucket / sub - 1;
    (((bucket - power * sub) as u64 + 1) << power) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_in_its_bucket_and_the_bucket_is_small() {
        let mut values: Vec<u64> = (0..5_000).collect();
        values.extend(
            (12..62).flat_map(|power| [(1 << power) - 1, 1 << power, (1 << power) + 1, 3 << (power - 1)]),
        );
        for ns in values {
            let upper = upper(bucket(ns));
            assert!(ns <= upper && upper - ns <= ns / 64, "{ns} in a bucket up to {upper}");
            assert!(bucket(upper) == bucket(ns) && bucket(upper + 1) == bucket(ns) + 1, "{ns}");
        }
    }

    #[test]
    fn ranks_are_those_of_a_sorted_list() {
        let mut histogram = Histogram::new();
        (1..=1_000).rev().for_each(|ns| histogram.add(ns));
        assert_eq!((histogram.total(), histogram.most(), histogram.at(10_000)), (1_000, 1_000, 1_000));
        for (of_10_000, exact) in [(1, 1), (5_000, 500), (9_900, 990), (9_990, 999)] {
            let found = histogram.at(of_10_000);
            assert!(exact <= found && found - exact <= exact / 64, "{found}, {exact}");
        }
    }
}
