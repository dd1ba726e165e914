//! How much a node sets aside at once.

use tollgate_types::{Timestamp, Usd};

use crate::{AccountId, Kind, Movement, NodeId};

/// How slices are cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlicePolicy {
    /// A slice is at most this part of what is available: one of so many.
    pub parts: u32,
    /// And at most this.
    pub most: Usd,
}

impl Default for SlicePolicy {
    /// A sixteenth, at most five dollars: enough for thousands of ordinary calls, and sixteen
    /// nodes find something.
    fn default() -> Self {
        Self { parts: 16, most: Usd::from_nanos(5_000_000_000) }
    }
}

/// What to set aside for a node that needs `need` at once: that, or a slice with room for more
/// calls. `None` when there is not as much.
///
/// As the balance falls slices shrink, down to what one call needs: slower, and then nothing lies
/// idle at one node that another could spend.
pub fn slice(available: Usd, need: Usd, policy: &SlicePolicy) -> Option<Usd> {
    if available < need {
        return None;
    }
    let part = available.nanos().checked_div(i64::from(policy.parts.max(1)))?;
    Some(Usd::from_nanos(part).min(policy.most).max(need))
}

/// The movement that takes back what a node has set aside of an account and does not give back any
/// more. `ever` is what was taken back of it so, this included: it grows each time, and so each
/// movement has an id of its own.
pub fn reclaim(
    (node, account): (&NodeId, &AccountId),
    amount: Usd,
    ever: Usd,
    at: Timestamp,
) -> Movement {
    let id = format!("reclaim-{node}/{account}/{}", ever.nanos());
    let reference = Some(node.as_str().to_owned());
    Movement { reference, ..Movement::new(&id, account.clone(), Kind::Release, amount, at) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn slices_shrink_with_the_balance() {
        let policy = SlicePolicy::default();
        let cut = |available: i64, need: i64| {
            slice(Usd::from_nanos(available), Usd::from_nanos(need), &policy).map(Usd::nanos)
        };
        assert_eq!(cut(1_000_000_000_000, 1_000), Some(5_000_000_000));
        assert_eq!(cut(16_000_000_000, 1_000), Some(1_000_000_000));
        assert_eq!(cut(1_000, 100), Some(100));
        assert_eq!(cut(100, 100), Some(100));
        assert_eq!(cut(99, 100), None);
        assert_eq!(cut(-5, 1), None);
        assert_eq!(cut(0, 0), Some(0));
    }

    proptest! {
        #[test]
        fn a_slice_is_enough_and_there(available in any::<i64>(), need in 0..i64::MAX) {
            let (available, need) = (Usd::from_nanos(available), Usd::from_nanos(need));
            match slice(available, need, &SlicePolicy::default()) {
                Some(slice) => prop_assert!(slice >= need && slice <= available),
                None => prop_assert!(available < need),
            }
        }
    }
}
