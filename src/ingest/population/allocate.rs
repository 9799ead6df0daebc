//! Splitting people without losing any: largest remainders (Hamilton's method).

/// Splits a whole number in proportion to the weights. The parts add up to `total` exactly; what is left after rounding
/// down goes to the largest remainders, the first of equals. All 0 when the weights are all 0.
pub fn apportion(total: u64, weights: &[u64]) -> Vec<u64> {
    let sum: u128 = weights.iter().map(|&w| u128::from(w)).sum();
    if sum == 0 {
        return vec![0; weights.len()];
    }
    // total · weight fits in 128 bits; a quotient is at most `total`.
    let products = weights.iter().map(|&w| u128::from(total) * u128::from(w));
    let mut parts: Vec<u64> = products.clone().map(|p| (p / sum) as u64).collect();
    let left = total - parts.iter().sum::<u64>();
    let mut order: Vec<(u128, usize)> = products.enumerate().map(|(i, p)| (p % sum, i)).collect();
    order.sort_unstable_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    for (_, i) in order.into_iter().take(usize::try_from(left).unwrap_or(usize::MAX)) {
        parts[i] += 1;
    }
    parts
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn remainders_go_to_the_largest() {
        // 10 by 1 : 2 : 4 is 1.43, 2.86, 5.71: floors 1, 2, 5 leave 2, to .86 and .71.
        assert_eq!(apportion(10, &[1, 2, 4]), [1, 3, 6]);
        // Equal remainders: the first gets it.
        assert_eq!(apportion(4, &[1, 1, 1]), [2, 1, 1]);
        assert_eq!(apportion(5, &[0, 0]), [0, 0]);
        assert_eq!(apportion(u64::MAX, &[u64::MAX, 0]), [u64::MAX, 0]);
    }

    proptest! {
        #[test]
        fn nobody_is_lost(persons in 0u64..1_000_000_000, weights in prop::collection::vec(0u64..1000, 16)) {
            let parts = apportion(persons, &weights);
            let sum = if weights.iter().all(|w| *w == 0) { 0 } else { persons };
            prop_assert_eq!(parts.iter().sum::<u64>(), sum);
            // A part is within one of its exact share.
            let all: u64 = weights.iter().sum::<u64>().max(1);
            for (part, weight) in parts.iter().zip(&weights) {
                prop_assert!((*part as f64 - persons as f64 * *weight as f64 / all as f64).abs() < 1.0 + 1e-6);
            }
        }
    }
}
