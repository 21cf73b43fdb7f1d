//! What many rounds amount to: medians, percentiles, ratios within a round.

use serde::Serialize;

/// The middle of several figures and how far they lie apart.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Spread {
    pub median: f64,
    pub least: f64,
    pub most: f64,
}

impl Spread {
    /// `None` of nothing.
    #[must_use]
    pub fn of(figures: &[f64]) -> Option<Self> {
        let sorted = sorted(figures);
        let (least, most) = (*sorted.first()?, *sorted.last()?);
        Some(Self { median: percentile_of_sorted(&sorted, 0.5), least, most })
    }

    /// Each round's figure over the other's figure of the same round: what slowed the machine down slowed both.
    #[must_use]
    pub fn of_ratios(figures: &[f64], others: &[f64]) -> Option<Self> {
        let ratios: Vec<f64> = figures
            .iter()
            .zip(others)
            .map(|(figure, other)| figure / other)
            .filter(|ratio| ratio.is_finite())
            .collect();
        Self::of(&ratios)
    }
}

/// The figure below which this share lies, between two figures in proportion. `None` of nothing.
#[must_use]
pub fn percentile(figures: &[f64], share: f64) -> Option<f64> {
    let sorted = sorted(figures);
    (!sorted.is_empty()).then(|| percentile_of_sorted(&sorted, share))
}

fn sorted(figures: &[f64]) -> Vec<f64> {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
}

fn percentile_of_sorted(sorted: &[f64], share: f64) -> f64 {
    let place = share.clamp(0.0, 1.0) * count(sorted.len() - 1);
    // A place within the list is a small whole number.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and the list's length")]
    let below = place.floor() as usize;
    let above = (below + 1).min(sorted.len() - 1);
    let between = place - place.floor();
    sorted[below] * (1.0 - between) + sorted[above] * between
}

/// A count as a figure; counts here are far from where a float has gaps.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "counts here are far below 2^52")]
pub fn count(n: usize) -> f64 {
    n as f64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_median_is_the_middle_and_between_two_in_proportion() {
        assert_eq!(Spread::of(&[3.0, 1.0, 2.0]), Some(Spread { median: 2.0, least: 1.0, most: 3.0 }));
        assert_eq!(Spread::of(&[4.0, 1.0]).unwrap().median, 2.5);
        assert_eq!(Spread::of(&[7.0]).unwrap().median, 7.0);
        assert_eq!(Spread::of(&[]), None);
    }

    #[test]
    fn percentiles_reach_from_the_least_to_the_most() {
        let hundred: Vec<f64> = (0..=100).rev().map(f64::from).collect();
        assert_eq!(percentile(&hundred, 0.99), Some(99.0));
        assert_eq!(percentile(&hundred, 0.0), Some(0.0));
        assert_eq!(percentile(&hundred, 1.0), Some(100.0));
        assert_eq!(percentile(&[], 0.5), None);
    }

    #[test]
    fn ratios_are_taken_within_a_round() {
        let ratios = Spread::of_ratios(&[2.0, 20.0, 9.0], &[1.0, 10.0, 3.0]).unwrap();
        assert_eq!((ratios.median, ratios.least, ratios.most), (2.0, 2.0, 3.0));
        assert_eq!(Spread::of_ratios(&[1.0], &[0.0]), None);
    }

    proptest! {
        #[test]
        fn a_percentile_lies_within_the_figures(figures in proptest::collection::vec(-1e9..1e9, 1..50), share in 0.0..1.0) {
            let spread = Spread::of(&figures).unwrap();
            let one = percentile(&figures, share).unwrap();
            prop_assert!(spread.least <= one && one <= spread.most);
        }
    }
}
