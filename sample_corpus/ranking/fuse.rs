//! Rank fusion for lists of document identifiers.
//!
//! Both functions are deterministic: equal scores are ordered by identifier, so
//! a test can compare whole rankings and not only their first entry.

use std::collections::BTreeMap;

/// One ranked list with the weight it carries in the merger.
pub struct Ranking<'a> {
    pub weight: f64,
    /// Identifiers, best first, without duplicates.
    pub ids: &'a [&'a str],
}

/// The smoothing constant of the SIGIR 2009 paper.
pub const DEFAULT_K: f64 = 60.0;

/// Sums `weight / (k + rank)` over the lists, with ranks counted from one.
pub fn reciprocal_rank_merge(lists: &[Ranking], k: f64) -> Vec<(String, f64)> {
    let mut total: BTreeMap<&str, f64> = BTreeMap::new();
    for list in lists {
        for (position, id) in list.ids.iter().enumerate() {
            *total.entry(id).or_insert(0.0) += list.weight / (k + position as f64 + 1.0);
        }
    }
    sort_descending(total)
}

/// Borda count: a list of n entries gives n points to its first, 1 to its last.
pub fn borda_merge(lists: &[Ranking]) -> Vec<(String, f64)> {
    let mut total: BTreeMap<&str, f64> = BTreeMap::new();
    for list in lists {
        let n = list.ids.len();
        for (position, id) in list.ids.iter().enumerate() {
            *total.entry(id).or_insert(0.0) += list.weight * (n - position) as f64;
        }
    }
    sort_descending(total)
}

fn sort_descending(total: BTreeMap<&str, f64>) -> Vec<(String, f64)> {
    let mut merged: Vec<(String, f64)> =
        total.into_iter().map(|(id, s)| (id.to_string(), s)).collect();
    // The map is ordered by identifier and the sort is stable.
    merged.sort_by(|a, b| b.1.total_cmp(&a.1));
    merged
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agreement_beats_a_single_first_place() {
        let words = Ranking { weight: 1.0, ids: &["a", "c", "x", "b"] };
        let vectors = Ranking { weight: 1.0, ids: &["p", "q", "r", "s", "b"] };
        let merged = reciprocal_rank_merge(&[words, vectors], DEFAULT_K);
        assert_eq!(merged[0].0, "b");
    }
}
