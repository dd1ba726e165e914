//! Leaving an endpoint alone that wants fewer calls.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use tollgate_types::Timestamp;

use crate::deadline::{Deadline, after};

/// The longest that an endpoint is left alone, whatever it asks for: a day's quota is tried again
/// now and then, for the provider may have raised it.
pub const COOL_DOWN_MAX: Duration = Duration::from_mins(10);
/// How long an endpoint is left alone that does not say how long, the first time.
pub const GUESS_MIN: Duration = Duration::from_secs(2);
/// The same, at most: each guess in a row is twice the one before.
pub const GUESS_MAX: Duration = Duration::from_mins(1);

/// A guess that ended longer ago than this is not repeated but made anew.
const GUESS_REMEMBERED_MILLIS: i64 = 120_000;

/// Until when an endpoint is left alone.
///
/// What the endpoint has told is kept to, even when another call gets through: limits are counted
/// per token and per request, and a small call says little of the next. A guess is only a guess, and
/// the first success ends it.
#[derive(Debug, Default)]
pub(crate) struct Cooling {
    told: Deadline,
    guessed: Deadline,
    guesses: AtomicU32,
}

impl Cooling {
    /// The endpoint refused a call for its rate.
    pub(crate) fn refused(&self, retry_after: Option<Duration>, now: Timestamp) {
        match retry_after.filter(|wait| !wait.is_zero()) {
            Some(wait) => {
                self.told.extend(after(now, wait.min(COOL_DOWN_MAX)), now, COOL_DOWN_MAX);
            }
            None => self.guess(now),
        }
    }

    /// A call got through.
    pub(crate) fn succeeded(&self) {
        self.guessed.clear();
        self.guesses.store(0, Relaxed);
    }

    /// Until when it is left alone, if it is.
    pub(crate) fn until(&self, now: Timestamp) -> Option<Timestamp> {
        self.told.pending(now, COOL_DOWN_MAX).max(self.guessed.pending(now, GUESS_MAX))
    }

    /// Of calls that are refused at the same time only one guesses: they are one refusal.
    fn guess(&self, now: Timestamp) {
        let guesses = self.guesses.load(Relaxed);
        let wait = GUESS_MIN.saturating_mul(1_u32.checked_shl(guesses).unwrap_or(u32::MAX));
        let Ok(last) = self.guessed.begin(after(now, wait.min(GUESS_MAX)), now, GUESS_MAX) else {
            return;
        };
        let ago = now.millis_since(last);
        if guesses > 0 && !(0..=GUESS_REMEMBERED_MILLIS).contains(&ago) {
            self.guesses.store(1, Relaxed);
            self.guessed.set(after(now, GUESS_MIN));
        } else {
            self.guesses.store(guesses.saturating_add(1), Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix_millis(seconds * 1_000)
    }

    fn secs(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn contract_4_6_what_a_provider_asks_for_is_kept_to_within_a_bound() {
        for (retry_after, until) in [
            (Some(secs(7)), 107),
            (Some(secs(600)), 700),
            (Some(secs(86_400)), 700),
            (Some(secs(0)), 102),
            (None, 102),
        ] {
            let cooling = Cooling::default();
            cooling.refused(retry_after, at(100));
            assert_eq!(cooling.until(at(100)), Some(at(until)), "{retry_after:?}");
            assert_eq!(cooling.until(at(until)), None, "{retry_after:?}");
        }
    }

    #[test]
    fn a_guess_grows_with_each_repeat_and_is_forgotten_after_a_while() {
        let cooling = Cooling::default();
        let mut now = 1_000;
        for wait in [2, 4, 8, 16, 32, 60, 60] {
            cooling.refused(None, at(now));
            cooling.refused(None, at(now));
            assert_eq!(cooling.until(at(now)), Some(at(now + wait)));
            now += wait;
        }
        now += 121;
        cooling.refused(None, at(now));
        assert_eq!(cooling.until(at(now)), Some(at(now + 2)));
        cooling.refused(None, at(now + 2));
        assert_eq!(cooling.until(at(now + 2)), Some(at(now + 6)));
    }

    #[test]
    fn a_success_ends_a_guess_but_not_what_was_told() {
        let cooling = Cooling::default();
        cooling.refused(None, at(100));
        cooling.succeeded();
        assert_eq!(cooling.until(at(100)), None);
        cooling.refused(Some(secs(30)), at(100));
        cooling.refused(None, at(100));
        cooling.succeeded();
        assert_eq!(cooling.until(at(100)), Some(at(130)));
    }

    #[test]
    fn a_shorter_wait_does_not_shorten_a_longer_one() {
        let cooling = Cooling::default();
        cooling.refused(Some(secs(60)), at(100));
        cooling.refused(Some(secs(5)), at(101));
        assert_eq!(cooling.until(at(101)), Some(at(160)));
    }

    #[test]
    fn a_clock_that_goes_back_ends_a_cool_down() {
        let cooling = Cooling::default();
        cooling.refused(Some(secs(60)), at(100_000));
        cooling.refused(None, at(100_000));
        assert_eq!(cooling.until(at(50)), None);
    }
}
