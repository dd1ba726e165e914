//! Counting over the last so many seconds without a timer.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use tollgate_types::Timestamp;

/// How often something happened, in a ring of `BUCKETS` buckets of `SECONDS` seconds each.
///
/// A bucket is one word: the low half of the number of its stretch of time since the epoch, and a
/// count. Whoever writes to a bucket of an older stretch (or of a later one, when the clock went
/// back) begins it anew in the same exchange, so that racing writers lose nothing. A reader passes
/// over the buckets outside its window, those of the future with them.
///
/// The last bucket is the one that is being filled: a window of `n` buckets looks back over more
/// than `n - 1` and at most `n` of them.
#[derive(Debug)]
pub(crate) struct Ring<const BUCKETS: usize, const SECONDS: i64> {
    words: [AtomicU64; BUCKETS],
}

impl<const BUCKETS: usize, const SECONDS: i64> Default for Ring<BUCKETS, SECONDS> {
    fn default() -> Self {
        Self { words: [const { AtomicU64::new(0) }; BUCKETS] }
    }
}

impl<const BUCKETS: usize, const SECONDS: i64> Ring<BUCKETS, SECONDS> {
    /// It happened once more.
    pub(crate) fn add(&self, now: Timestamp) {
        let stretch = stretch(now, SECONDS);
        let Some(word) = self.words.get(place(stretch, BUCKETS)) else { return };
        let mark = mark(stretch);
        word.update(Relaxed, Relaxed, |word| {
            let (marked, count) = split(word);
            join(mark, if marked == mark { count.saturating_add(1) } else { 1 })
        });
    }

    /// It happened so often in a stretch that is over, or under way. What has been counted since in
    /// that one's place stays.
    pub(crate) fn add_past(&self, stretch: i64, times: u64) {
        let Some(word) = self.words.get(place(stretch, BUCKETS)) else { return };
        let times = u32::try_from(times).unwrap_or(u32::MAX);
        let mark = mark(stretch);
        word.update(Relaxed, Relaxed, |word| {
            let (marked, count) = split(word);
            let is_later = mark.wrapping_sub(marked) > u32::MAX / 2;
            match count {
                _ if marked == mark => join(mark, count.saturating_add(times)),
                1.. if is_later => word,
                _ => join(mark, times),
            }
        });
    }

    /// How often it happened within the last `buckets` buckets.
    pub(crate) fn sum(&self, now: Timestamp, buckets: u32) -> u64 {
        let latest = mark(stretch(now, SECONDS));
        self.words
            .iter()
            .map(|word| split(word.load(Relaxed)))
            .filter(|(mark, _)| latest.wrapping_sub(*mark) < buckets)
            .fold(0, |sum, (_, count)| sum.saturating_add(u64::from(count)))
    }
}

/// The number of the stretch of so many seconds that `now` falls into.
pub(crate) fn stretch(now: Timestamp, seconds: i64) -> i64 {
    now.unix_seconds().div_euclid(seconds.max(1))
}

/// The place of a stretch in a ring of so many places.
pub(crate) fn place(stretch: i64, places: usize) -> usize {
    let places = i64::try_from(places).unwrap_or(i64::MAX).max(1);
    usize::try_from(stretch.rem_euclid(places)).unwrap_or(0)
}

/// The low half of a stretch's number. It repeats after 136 years of seconds.
fn mark(stretch: i64) -> u32 {
    u32::try_from(stretch.rem_euclid(1 << 32)).unwrap_or(0)
}

fn split(word: u64) -> (u32, u32) {
    let half = |it| u32::try_from(it).unwrap_or(u32::MAX);
    (half(word >> 32), half(word & u64::from(u32::MAX)))
}

fn join(mark: u32, count: u32) -> u64 {
    (u64::from(mark) << 32) | u64::from(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix_millis(seconds * 1_000)
    }

    #[test]
    fn what_is_older_than_the_window_is_not_counted() {
        let ring = Ring::<30, 1>::default();
        for second in 100..140 {
            ring.add(at(second));
        }
        for (now, buckets, expected) in [
            (139, 30, 30),
            (139, 10, 10),
            (139, 1, 1),
            (139, 0, 0),
            (150, 30, 19),
            (168, 30, 1),
            (169, 30, 0),
            // The clock went back: what is ahead of it is not counted, what was overwritten is gone.
            (120, 30, 11),
        ] {
            assert_eq!(ring.sum(at(now), buckets), expected, "{now} {buckets}");
        }
    }

    #[test]
    fn a_clock_that_goes_back_counts_on() {
        let ring = Ring::<30, 1>::default();
        ring.add(at(1_000_000));
        for _ in 0..5 {
            ring.add(at(40));
        }
        assert_eq!(ring.sum(at(40), 30), 5);
        ring.add(at(-3));
        assert_eq!(ring.sum(at(-3), 30), 1);
    }

    #[test]
    fn what_is_past_is_counted_where_nothing_later_is() {
        let ring = Ring::<4, 1>::default();
        ring.add(at(100));
        ring.add_past(100, 5);
        ring.add_past(99, 7);
        // In the places of 100 and of 99.
        ring.add_past(96, 50);
        ring.add_past(103, 1);
        ring.add_past(101, u64::MAX);
        assert_eq!(ring.sum(at(100), 2), 6);
        assert_eq!(ring.sum(at(101), 1), u64::from(u32::MAX));
        assert_eq!(ring.sum(at(103), 1), 1);
        assert_eq!(ring.sum(at(103), 4), 7 + u64::from(u32::MAX));
    }

    #[test]
    fn the_ends_of_time_are_like_any_other() {
        for millis in [i64::MIN, -1, 0, i64::MAX] {
            let now = Timestamp::from_unix_millis(millis);
            let ring = Ring::<96, 900>::default();
            ring.add(now);
            assert_eq!(ring.sum(now, 96), 1, "{millis}");
        }
    }

    #[test]
    fn a_count_stops_at_its_end() {
        let ring = Ring::<1, 1>::default();
        ring.words[0].store(join(mark(7), u32::MAX), Relaxed);
        ring.add(at(7));
        assert_eq!(ring.sum(at(7), 1), u64::from(u32::MAX));
    }
}
