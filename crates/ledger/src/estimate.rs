//! How long answers are, learned: what is held for a call that does not say how much it may write.

use std::sync::atomic::{AtomicU64, Ordering};

/// About the 95th percentile of the lengths seen, in tokens, leaning to the newest.
///
/// A quantile without a list: what is longer pulls the estimate up nineteen times as far as what
/// is shorter pulls it down, so that it rests where one of twenty is longer. Lock-free; of two that
/// observe at once one may be lost, which an estimate can bear.
#[derive(Debug)]
pub struct LearnedLength(AtomicU64);

/// Before anything was seen.
const FIRST: u64 = 1_024;
/// An answer of this length is always expected: estimates never shrink to nothing.
const LEAST: u64 = 64;
/// One step down is this part of the estimate,
const DOWN: u64 = 128;
/// and one step up is so many steps down.
const UP: u64 = 19;

impl Default for LearnedLength {
    fn default() -> Self {
        Self(AtomicU64::new(FIRST))
    }
}

impl LearnedLength {
    /// What to expect, in tokens.
    pub fn expected(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Notes an answer's length, in tokens.
    pub fn observe(&self, tokens: u64) {
        let now = self.expected();
        let step = now.div_ceil(DOWN);
        let next = if tokens > now {
            now.saturating_add(step.saturating_mul(UP)).min(tokens)
        } else {
            now.saturating_sub(step).max(tokens)
        };
        self.0.store(next.max(LEAST), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn it_follows_what_comes() {
        let learned = LearnedLength::default();
        assert_eq!(learned.expected(), FIRST);
        for _ in 0..500 {
            learned.observe(200);
        }
        assert_eq!(learned.expected(), 200);
        for _ in 0..40 {
            learned.observe(8_000);
        }
        assert_eq!(learned.expected(), 8_000);
        for _ in 0..2_000 {
            learned.observe(0);
        }
        assert_eq!(learned.expected(), LEAST);
    }

    #[test]
    fn most_answers_are_shorter_than_expected() {
        let learned = LearnedLength::default();
        let lengths = |index: u64| index * 7_919 % 1_000;
        (0..2_000).for_each(|index| learned.observe(lengths(index)));
        let longer = (2_000..4_000).filter(|index| {
            let length = lengths(*index);
            let is_longer = length > learned.expected();
            learned.observe(length);
            is_longer
        });
        let longer = longer.count();
        assert!((20..250).contains(&longer), "{longer} of 2,000 were longer");
    }

    proptest! {
        #[test]
        fn nothing_overflows(lengths in proptest::collection::vec(any::<u64>(), 0..50)) {
            let learned = LearnedLength::default();
            for length in lengths {
                learned.observe(length);
                prop_assert!(learned.expected() >= LEAST);
            }
        }
    }
}
