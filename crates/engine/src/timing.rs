//! Where the time of a call goes: to its provider, or to us.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use tokio::time::Instant;

/// How long a call took until its answer was there; of a stream, until its first word.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Timing {
    /// Until it was admitted: the key, the request, the plan and what is held for it. What the
    /// client took to send its request is none of it.
    pub admission: Duration,
    /// What its providers were waited for: connections, answers.
    pub upstream: Duration,
    /// The rest: requests written, answers read, the call settled, pauses between attempts.
    pub answer: Duration,
}

impl Timing {
    /// As `Server-Timing` has it, in milliseconds.
    ///
    /// <https://www.w3.org/TR/server-timing/>
    pub fn to_header(&self) -> String {
        // By hand: every answer has one.
        let mut text = String::with_capacity(HEADER_BYTES);
        for (name, took) in [
            ("admission;dur=", self.admission),
            (", upstream;dur=", self.upstream),
            (", answer;dur=", self.answer),
        ] {
            let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
            text.push_str(name);
            text.push_str(&(micros / 1_000).to_string());
            text.push('.');
            let rest = micros % 1_000;
            let digits = [rest / 100, rest / 10 % 10, rest % 10];
            let digit =
                |digit: u64| u32::try_from(digit).ok().and_then(|it| char::from_digit(it, 10));
            text.extend(digits.into_iter().filter_map(digit));
        }
        text
    }
}

/// As long as such a header usually is.
const HEADER_BYTES: usize = 80;

/// Measures a call.
#[derive(Debug)]
pub(crate) struct Stopwatch {
    begun: Instant,
    admitted: Option<Instant>,
    /// Nanoseconds that providers were waited for.
    waited: AtomicU64,
}

impl Stopwatch {
    /// Runs since the request was received.
    pub(crate) fn since(received: Instant) -> Self {
        Self { begun: received, admitted: None, waited: AtomicU64::new(0) }
    }

    /// The call is admitted.
    pub(crate) fn admitted(&mut self) {
        self.admitted = Some(Instant::now());
    }

    /// Waits for a provider.
    ///
    /// Cancel safe as what it waits for; what was waited by then is lost.
    pub(crate) async fn waiting<T>(&self, provider: impl Future<Output = T>) -> T {
        let begun = Instant::now();
        let outcome = provider.await;
        let nanos = u64::try_from(begun.elapsed().as_nanos()).unwrap_or(u64::MAX);
        // 584 years of waiting would wrap.
        self.waited.fetch_add(nanos, Relaxed);
        outcome
    }

    /// Where the time went until now. Providers that were waited for at once count once at most.
    pub(crate) fn read(&self) -> Timing {
        let now = Instant::now();
        let admitted = self.admitted.unwrap_or(now);
        let rest = now.saturating_duration_since(admitted);
        let upstream = Duration::from_nanos(self.waited.load(Relaxed)).min(rest);
        Timing {
            admission: admitted.saturating_duration_since(self.begun),
            upstream,
            answer: rest.saturating_sub(upstream),
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::{advance, pause, sleep};

    use super::*;

    const fn millis(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[tokio::test]
    async fn what_is_not_waited_for_a_provider_is_ours() {
        pause();
        let mut watch = Stopwatch::since(Instant::now());
        advance(millis(2)).await;
        watch.admitted();
        advance(millis(3)).await;
        watch.waiting(sleep(millis(40))).await;
        advance(millis(5)).await;
        let timing = watch.read();
        assert_eq!(timing.admission, millis(2));
        assert!(timing.upstream >= millis(40) && timing.upstream <= millis(42), "{timing:?}");
        assert_eq!(timing.upstream + timing.answer, millis(48).max(timing.upstream + millis(8)));
    }

    #[tokio::test]
    async fn providers_that_are_asked_at_once_count_once() {
        pause();
        let mut watch = Stopwatch::since(Instant::now());
        watch.admitted();
        let one = || watch.waiting(sleep(millis(30)));
        tokio::join!(one(), one());
        assert_eq!(watch.read().answer, Duration::ZERO);
    }

    #[test]
    fn it_is_told_in_milliseconds() {
        let timing = Timing {
            admission: Duration::from_micros(80),
            upstream: Duration::from_micros(1_234_005),
            answer: Duration::from_nanos(999),
        };
        let told = "admission;dur=0.080, upstream;dur=1234.005, answer;dur=0.000";
        assert_eq!(timing.to_header(), told);
    }
}
