//! Carry-over (结转) of old allowances into the next vintage (allocation plan 2023–24, annex 5):
//! T = floor(10,000 + 1.5 × max(0, net sold)), at most the holding on the record date.

use base::BasisPoints;

/// The most a participant may carry over, tonnes. `sold` and `bought` are its trades of the window, `holding` what it held
/// at the end of the record date (available, and judicially frozen, less what was pending).
#[must_use]
pub fn limit(base: i64, of_net_sales: BasisPoints, sold: i128, bought: i128, holding: i128) -> i128 {
    let net_sold = (sold - bought).max(0);
    let granted =
        i128::from(base) + (net_sold * i128::from(of_net_sales.0)).div_euclid(i128::from(BasisPoints::ONE.0));
    granted.min(holding).max(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checks_of_the_formula() {
        let rate = BasisPoints(15_000);
        let plenty = 1_000_000_000;
        assert_eq!(limit(10_000, rate, 123_457, 0, plenty), 195_185);
        assert_eq!(limit(10_000, rate, 5, 500, plenty), 10_000);
        assert_eq!(limit(10_000, rate, 10_001, 0, 12_000), 12_000);
        assert_eq!(limit(10_000, rate, 1, 0, plenty), 10_001);
        assert_eq!(limit(10_000, rate, 0, 0, 9_999), 9_999);
        assert_eq!(limit(10_000, rate, 0, 0, 0), 0);
    }
}
