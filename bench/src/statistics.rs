//! Medians and percentiles of small samples.

use std::time::Duration;

/// A count as a real number; exact below 2^53.
pub fn real(count: u64) -> f64 {
    let (high, low) = (count >> 32, count & u64::from(u32::MAX));
    let part = |half: u64| f64::from(u32::try_from(half).unwrap_or(u32::MAX));
    part(high) * 4_294_967_296.0 + part(low)
}

/// A length as a real number.
pub fn real_len(count: usize) -> f64 {
    real(u64::try_from(count).unwrap_or(u64::MAX))
}

/// A duration in milliseconds.
pub fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}

/// A sample, in order.
#[derive(Debug, Clone, Default)]
pub struct Sample(Vec<f64>);

impl Sample {
    /// Of values in any order; what is not a number is left out.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.into_iter().filter(|value| !value.is_nan()).collect();
        values.sort_by(f64::total_cmp);
        Self(values)
    }

    /// How many values.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The nearest-rank percentile, `percent` from 0 to 100; `None` of nothing.
    pub fn percentile(&self, percent: usize) -> Option<f64> {
        let rank = (self.0.len() * percent.min(100)).div_ceil(100).max(1);
        self.0.get(rank - 1).copied()
    }

    /// The middle value, or the mean of the two middle ones; `None` of nothing.
    pub fn median(&self) -> Option<f64> {
        let middle = self.0.len() / 2;
        let upper = self.0.get(middle)?;
        if self.0.len() % 2 == 1 {
            return Some(*upper);
        }
        let lower = self.0.get(middle.checked_sub(1)?)?;
        Some(f64::midpoint(*lower, *upper))
    }
}

/// The median of a few values; `None` of nothing.
pub fn median(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    Sample::of(values).median()
}

#[cfg(test)]
mod tests {
    use super::{Sample, median, millis, real};
    use proptest::prelude::*;
    use std::time::Duration;

    #[test]
    fn percentiles_are_values_of_the_sample() {
        let sample = Sample::of((1..=100).rev().map(f64::from));
        assert_eq!(sample.percentile(50), Some(50.0));
        assert_eq!(sample.percentile(99), Some(99.0));
        assert_eq!(sample.percentile(100), Some(100.0));
        assert_eq!(sample.percentile(0), Some(1.0));
        assert_eq!(Sample::of([7.0]).percentile(99), Some(7.0));
        assert_eq!(Sample::default().percentile(50), None);
    }

    #[test]
    fn the_median_of_an_even_number_lies_between() {
        assert_eq!(median([3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median([4.0, 1.0, 2.0, 3.0]), Some(2.5));
        assert_eq!(median([]), None);
        assert_eq!(median([f64::NAN, 1.0]), Some(1.0));
    }

    #[test]
    fn numbers_keep_their_size() {
        assert!((real((5 << 32) + 7) - 21_474_836_487.0).abs() < 1.0);
        assert!((millis(Duration::from_micros(1_500)) - 1.5).abs() < 1e-9);
    }

    proptest! {
        #[test]
        fn percentiles_rise_and_stay_within_the_sample(
            values in prop::collection::vec(-1e9_f64..1e9, 1..50),
            low in 0_usize..=100,
            high in 0_usize..=100,
        ) {
            let sample = Sample::of(values.clone());
            let (low, high) = (low.min(high), low.max(high));
            let (at_low, at_high) = (sample.percentile(low).unwrap(), sample.percentile(high).unwrap());
            prop_assert!(at_low <= at_high);
            prop_assert!(values.contains(&at_low) && values.contains(&at_high));
            let middle = sample.median().unwrap();
            prop_assert!(sample.percentile(0).unwrap() <= middle);
            prop_assert!(middle <= sample.percentile(100).unwrap());
        }
    }
}
