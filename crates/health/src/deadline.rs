//! An instant until which something holds.

use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use std::time::Duration;

use tollgate_types::Timestamp;

/// No instant: far enough in the past to be over at any time.
const NONE: i64 = i64::MIN;
/// By how much a thread that was held up may be late with the time it read.
const LATE: Duration = Duration::from_secs(1);

/// The instant until which something holds, if it holds at all.
///
/// Whoever asks says how far ahead the instant can be at most. One that is farther ahead was set
/// before the clock went back, and no longer holds: what an hour's jump of the clock does is over at
/// once, not in an hour.
#[derive(Debug)]
pub(crate) struct Deadline(AtomicI64);

impl Default for Deadline {
    fn default() -> Self {
        Self(AtomicI64::new(NONE))
    }
}

impl Deadline {
    /// It holds until then, whatever was set before.
    pub(crate) fn set(&self, until: Timestamp) {
        self.0.store(until.unix_millis(), Relaxed);
    }

    /// Sets it, and returns whether it held before: of several at once all but one find that it did,
    /// those too that read the clock a moment before the one that was first.
    pub(crate) fn renew(&self, until: Timestamp, now: Timestamp, longest: Duration) -> bool {
        let held = self.0.swap(until.unix_millis(), Relaxed);
        pending(held, now, longest.saturating_add(LATE)).is_some()
    }

    /// It holds until then, or until what was set before when that is later.
    pub(crate) fn extend(&self, until: Timestamp, now: Timestamp, longest: Duration) {
        self.0.update(Relaxed, Relaxed, |held| {
            pending(held, now, longest).map_or(until, |it| it.max(until)).unix_millis()
        });
    }

    /// Sets it where it does not hold; returns whether it was this call that did, and what was
    /// there before.
    pub(crate) fn begin(
        &self,
        until: Timestamp,
        now: Timestamp,
        longest: Duration,
    ) -> Result<Timestamp, Timestamp> {
        self.0
            .try_update(Relaxed, Relaxed, |held| {
                pending(held, now, longest).is_none().then_some(until.unix_millis())
            })
            .map(Timestamp::from_unix_millis)
            .map_err(Timestamp::from_unix_millis)
    }

    /// It no longer holds.
    pub(crate) fn clear(&self) {
        self.0.store(NONE, Relaxed);
    }

    /// Until when it holds, if it does.
    pub(crate) fn pending(&self, now: Timestamp, longest: Duration) -> Option<Timestamp> {
        pending(self.0.load(Relaxed), now, longest)
    }
}

/// A duration in whole milliseconds, held at the end of the range.
pub(crate) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// The instant that is `duration` after `now`.
pub(crate) fn after(now: Timestamp, duration: Duration) -> Timestamp {
    now.plus_millis(millis(duration))
}

fn pending(until: i64, now: Timestamp, longest: Duration) -> Option<Timestamp> {
    let until = Timestamp::from_unix_millis(until);
    let ahead = until.millis_since(now);
    (ahead > 0 && ahead <= millis(longest)).then_some(until)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix_millis(seconds * 1_000)
    }

    #[test]
    fn it_holds_until_it_is_over_or_the_clock_went_back() {
        let deadline = Deadline::default();
        assert_eq!(deadline.pending(at(0), MINUTE), None);
        deadline.set(at(160));
        assert_eq!(deadline.pending(at(100), MINUTE), Some(at(160)));
        assert_eq!(deadline.pending(at(160), MINUTE), None);
        assert_eq!(deadline.pending(at(99), MINUTE), None, "farther ahead than it can be");
        deadline.clear();
        assert_eq!(deadline.pending(at(100), MINUTE), None);
    }

    #[test]
    fn the_later_of_two_wins_unless_the_clock_went_back() {
        let deadline = Deadline::default();
        deadline.extend(at(150), at(100), MINUTE);
        deadline.extend(at(110), at(100), MINUTE);
        assert_eq!(deadline.pending(at(100), MINUTE), Some(at(150)));
        deadline.extend(at(20), at(10), MINUTE);
        assert_eq!(deadline.pending(at(10), MINUTE), Some(at(20)));
    }

    #[test]
    fn of_many_at_once_all_but_one_find_that_it_held() {
        let deadline = Deadline::default();
        let deadline = &deadline;
        let found = std::thread::scope(|scope| {
            let renew = |late: i64| {
                let now = Timestamp::from_unix_millis(100_000 - late);
                deadline.renew(after(now, MINUTE), now, MINUTE)
            };
            let threads = [0, 1, 2, 3, 4, 5, 6, 7].map(|late| scope.spawn(move || renew(late)));
            threads.map(|it| it.join().unwrap()).iter().filter(|held| **held).count()
        });
        assert_eq!(found, 7);
        assert!(deadline.pending(at(100), MINUTE).is_some());
    }

    #[test]
    fn it_begins_once() {
        let deadline = Deadline::default();
        assert!(deadline.begin(at(150), at(100), MINUTE).is_ok());
        assert_eq!(deadline.begin(at(155), at(101), MINUTE), Err(at(150)));
        assert_eq!(deadline.begin(at(170), at(150), MINUTE), Ok(at(150)));
    }
}
