//! What a provider says is left of its rate limits.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use jiff::SignedDuration;
use tollgate_types::Timestamp;

use crate::deadline::{Deadline, after, millis};

/// How long what is left holds when the provider does not say when it resets: limits are mostly per
/// minute.
pub const RESET_ASSUMED: Duration = Duration::from_mins(1);
/// A reset that is farther ahead is read as this far ahead: as with a pause that is asked for, an
/// endpoint is asked again after so long whatever it said.
pub const RESET_MAX: Duration = Duration::from_mins(10);

/// What is left of a provider's rate limits for our key.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Headroom {
    /// Requests.
    pub requests_left: Option<u64>,
    /// Tokens, of the scarcest kind that the provider counts.
    pub tokens_left: Option<u64>,
    /// When this no longer holds: the reset of what is used up, else the earliest reset.
    pub resets_at: Option<Timestamp>,
}

impl Headroom {
    /// Reads it from a response's headers, names in any case. What can't be read is passed over.
    ///
    /// | Headers | Who sends them |
    /// | --- | --- |
    /// | `x-ratelimit-{remaining,reset}-{requests,tokens}` | OpenAI and most that speak its protocol |
    /// | `x-ratelimit-{remaining,reset}`, `ratelimit-{remaining,reset}` | gateways; of requests |
    /// | `anthropic-ratelimit-{requests,tokens,input-tokens,output-tokens}-{remaining,reset}` | Anthropic |
    /// | `retry-after` | everybody; where no reset is said |
    ///
    /// A reset is a duration (`1s`, `6m0s`, `12ms`), a number of seconds, an instant in RFC 3339 or
    /// RFC 2822, or a number so large that it must be an instant.
    pub fn read<'a>(headers: impl IntoIterator<Item = (&'a str, &'a str)>, now: Timestamp) -> Self {
        let mut requests = Limit::default();
        let mut tokens = Limit::default();
        let mut retry_at = None;
        for (name, value) in headers {
            match Said::by(name) {
                Some(Said::RequestsLeft) => requests.left(value),
                Some(Said::TokensLeft) => tokens.left(value),
                Some(Said::RequestsReset) => requests.reset(value, now),
                Some(Said::TokensReset) => tokens.reset(value, now),
                Some(Said::RetryAfter) => retry_at = instant(value, now),
                None => {}
            }
        }
        let used_up = [requests, tokens].into_iter().filter(|it| it.left == Some(0));
        let resets_at = used_up
            .filter_map(|it| it.resets_at)
            .max()
            .or_else(|| [requests, tokens].into_iter().filter_map(|it| it.resets_at).min())
            .or(retry_at);
        Self { requests_left: requests.left, tokens_left: tokens.left, resets_at }
    }
}

/// What one header says.
#[derive(Clone, Copy)]
enum Said {
    RequestsLeft,
    RequestsReset,
    TokensLeft,
    TokensReset,
    RetryAfter,
}

impl Said {
    fn by(name: &str) -> Option<Self> {
        const NAMES: &[(&str, Said)] = &[
            ("x-ratelimit-remaining-requests", Said::RequestsLeft),
            ("x-ratelimit-reset-requests", Said::RequestsReset),
            ("x-ratelimit-remaining-tokens", Said::TokensLeft),
            ("x-ratelimit-reset-tokens", Said::TokensReset),
            ("x-ratelimit-remaining", Said::RequestsLeft),
            ("x-ratelimit-reset", Said::RequestsReset),
            ("ratelimit-remaining", Said::RequestsLeft),
            ("ratelimit-reset", Said::RequestsReset),
            ("anthropic-ratelimit-requests-remaining", Said::RequestsLeft),
            ("anthropic-ratelimit-requests-reset", Said::RequestsReset),
            ("anthropic-ratelimit-tokens-remaining", Said::TokensLeft),
            ("anthropic-ratelimit-tokens-reset", Said::TokensReset),
            ("anthropic-ratelimit-input-tokens-remaining", Said::TokensLeft),
            ("anthropic-ratelimit-input-tokens-reset", Said::TokensReset),
            ("anthropic-ratelimit-output-tokens-remaining", Said::TokensLeft),
            ("anthropic-ratelimit-output-tokens-reset", Said::TokensReset),
            ("retry-after", Said::RetryAfter),
        ];
        NAMES.iter().find(|(known, _)| name.eq_ignore_ascii_case(known)).map(|(_, said)| *said)
    }
}

/// One limit, put together from its headers: the least that is left, the latest reset.
#[derive(Debug, Clone, Copy, Default)]
struct Limit {
    left: Option<u64>,
    resets_at: Option<Timestamp>,
}

impl Limit {
    fn left(&mut self, value: &str) {
        if let Ok(left) = value.trim().parse::<u64>() {
            self.left = Some(self.left.map_or(left, |it| it.min(left)));
        }
    }

    fn reset(&mut self, value: &str, now: Timestamp) {
        self.resets_at = self.resets_at.max(instant(value, now));
    }
}

/// Seconds from which on a number is no duration but an instant: 31 years.
const INSTANT_SECONDS: f64 = 1e9;
/// From which on it is an instant in milliseconds, as OpenRouter writes it.
const INSTANT_MILLIS: f64 = 1e12;

/// When a reset is, within [`RESET_MAX`] from now; one that is past is now.
fn instant(value: &str, now: Timestamp) -> Option<Timestamp> {
    let value = value.trim();
    let at = match value.parse::<f64>() {
        Ok(number) if number >= INSTANT_MILLIS => since_epoch(number / 1_000.0)?,
        Ok(number) if number >= INSTANT_SECONDS => since_epoch(number)?,
        Ok(seconds) => after(now, Duration::try_from_secs_f64(seconds).ok()?),
        Err(_) => match value.parse::<SignedDuration>() {
            Ok(wait) => after(now, Duration::try_from(wait).ok()?),
            Err(_) => {
                Timestamp::parse_rfc3339(value).or_else(|| Timestamp::parse_rfc2822(value))?
            }
        },
    };
    Some(at.clamp(now, after(now, RESET_MAX)))
}

fn since_epoch(seconds: f64) -> Option<Timestamp> {
    let since = Duration::try_from_secs_f64(seconds).ok()?;
    Some(Timestamp::from_unix_millis(millis(since)))
}

/// What was said last, in atomics.
#[derive(Debug)]
pub(crate) struct LastHeadroom {
    requests: AtomicU64,
    tokens: AtomicU64,
    until: Deadline,
}

/// In place of a number that was not said.
const UNSAID: u64 = u64::MAX;

impl Default for LastHeadroom {
    fn default() -> Self {
        Self {
            requests: AtomicU64::new(UNSAID),
            tokens: AtomicU64::new(UNSAID),
            until: Deadline::default(),
        }
    }
}

impl LastHeadroom {
    /// Keeps it in place of what was said before, unless it says nothing.
    pub(crate) fn keep(&self, headroom: Headroom, now: Timestamp) {
        if headroom.requests_left.is_none() && headroom.tokens_left.is_none() {
            return;
        }
        let longest = after(now, RESET_MAX);
        self.requests.store(headroom.requests_left.unwrap_or(UNSAID), Relaxed);
        self.tokens.store(headroom.tokens_left.unwrap_or(UNSAID), Relaxed);
        let until = headroom.resets_at.unwrap_or_else(|| after(now, RESET_ASSUMED));
        self.until.set(until.min(longest));
    }

    /// What still holds of it.
    pub(crate) fn holding(&self, now: Timestamp) -> Headroom {
        let Some(resets_at) = self.until.pending(now, RESET_MAX) else {
            return Headroom::default();
        };
        let said = |it: &AtomicU64| Some(it.load(Relaxed)).filter(|it| *it != UNSAID);
        Headroom {
            requests_left: said(&self.requests),
            tokens_left: said(&self.tokens),
            resets_at: Some(resets_at),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-09-21T14:13:20Z.
    const NOW: i64 = 1_790_000_000_000;

    fn later(millis: i64) -> Timestamp {
        Timestamp::from_unix_millis(NOW + millis)
    }

    fn read(headers: &[(&str, &str)]) -> (Option<u64>, Option<u64>, Option<i64>) {
        let headroom = Headroom::read(headers.iter().copied(), later(0));
        let wait = headroom.resets_at.map(|at| at.millis_since(later(0)));
        (headroom.requests_left, headroom.tokens_left, wait)
    }

    #[test]
    fn a_reset_is_read_in_every_form() {
        for (value, millis) in [
            ("1s", Some(1_000)),
            ("6m0s", Some(360_000)),
            ("12ms", Some(12)),
            ("2m59.56s", Some(179_560)),
            ("1h2m3s", Some(600_000)),
            ("7.66s", Some(7_660)),
            ("0s", Some(0)),
            ("30", Some(30_000)),
            (" 0.5 ", Some(500)),
            ("1790000009", Some(9_000)),
            ("1790000009250", Some(9_250)),
            ("2026-09-21T14:13:45Z", Some(25_000)),
            ("2026-09-21T16:13:45+02:00", Some(25_000)),
            ("Mon, 21 Sep 2026 14:14:20 GMT", Some(60_000)),
            // Past, or too far ahead.
            ("2020-01-01T00:00:00Z", Some(0)),
            ("2090-01-01T00:00:00Z", Some(600_000)),
            ("999999999", Some(600_000)),
            ("99999h", Some(600_000)),
            ("-1", None),
            ("-5s", None),
            ("NaN", None),
            ("inf", None),
            ("1e300", None),
            ("soon", None),
            ("", None),
            ("s", None),
        ] {
            assert_eq!(read(&[("x-ratelimit-reset-requests", value)]).2, millis, "{value}");
        }
    }

    type Case<'a> = (&'a [(&'a str, &'a str)], (Option<u64>, Option<u64>, Option<i64>));

    fn check(cases: &[Case<'_>]) {
        for (headers, expected) in cases {
            assert_eq!(read(headers), *expected, "{headers:?}");
        }
    }

    #[test]
    fn every_provider_s_headers_are_read() {
        check(&[
            (
                &[
                    ("X-RateLimit-Limit-Requests", "60"),
                    ("X-RateLimit-Remaining-Requests", "59"),
                    ("x-ratelimit-remaining-tokens", "149984"),
                    ("x-ratelimit-reset-requests", "1s"),
                    ("x-ratelimit-reset-tokens", "6m0s"),
                ],
                (Some(59), Some(149_984), Some(1_000)),
            ),
            (
                &[
                    ("anthropic-ratelimit-requests-remaining", "49"),
                    ("anthropic-ratelimit-requests-reset", "2026-09-21T14:13:50Z"),
                    ("anthropic-ratelimit-tokens-remaining", "9000"),
                    ("anthropic-ratelimit-tokens-reset", "2026-09-21T14:13:40Z"),
                    ("anthropic-ratelimit-input-tokens-remaining", "8000"),
                    ("anthropic-ratelimit-output-tokens-remaining", "1000"),
                    ("anthropic-ratelimit-output-tokens-reset", "2026-09-21T14:13:45Z"),
                ],
                (Some(49), Some(1_000), Some(25_000)),
            ),
            (
                &[("ratelimit-remaining", "3"), ("ratelimit-reset", "7")],
                (Some(3), None, Some(7_000)),
            ),
            (
                &[("x-ratelimit-remaining", "3"), ("x-ratelimit-reset", "1790000060000")],
                (Some(3), None, Some(60_000)),
            ),
        ]);
    }

    #[test]
    fn what_is_used_up_says_when_to_come_back() {
        check(&[
            (
                &[
                    ("x-ratelimit-remaining-requests", "0"),
                    ("x-ratelimit-reset-requests", "50s"),
                    ("x-ratelimit-remaining-tokens", "10"),
                    ("x-ratelimit-reset-tokens", "1s"),
                ],
                (Some(0), Some(10), Some(50_000)),
            ),
            (
                &[
                    ("x-ratelimit-remaining-requests", "0"),
                    ("x-ratelimit-reset-requests", "5s"),
                    ("x-ratelimit-remaining-tokens", "0"),
                    ("x-ratelimit-reset-tokens", "20s"),
                ],
                (Some(0), Some(0), Some(20_000)),
            ),
            (
                &[("retry-after", "9"), ("x-ratelimit-remaining-requests", "0")],
                (Some(0), None, Some(9_000)),
            ),
            (
                &[("retry-after", "9"), ("x-ratelimit-reset-requests", "1s")],
                (None, None, Some(1_000)),
            ),
            (&[("x-ratelimit-remaining-requests", "many")], (None, None, None)),
            (&[("x-ratelimit-remaining-requests", "-1")], (None, None, None)),
            (&[("content-type", "9")], (None, None, None)),
            (&[], (None, None, None)),
        ]);
    }

    #[test]
    fn what_is_left_holds_until_its_reset() {
        let last = LastHeadroom::default();
        assert_eq!(last.holding(later(0)), Headroom::default());
        let said =
            Headroom { requests_left: Some(3), tokens_left: None, resets_at: Some(later(5_000)) };
        last.keep(said, later(0));
        assert_eq!(last.holding(later(4_999)), said);
        last.keep(Headroom::default(), later(100));
        assert_eq!(last.holding(later(4_999)), said, "nothing said, nothing forgotten");
        assert_eq!(last.holding(later(5_000)), Headroom::default());
        last.keep(Headroom { resets_at: None, ..said }, later(0));
        assert_eq!(last.holding(later(0)).resets_at, Some(later(60_000)));
        last.keep(Headroom { resets_at: Some(later(i64::MAX - NOW)), ..said }, later(0));
        assert_eq!(last.holding(later(0)).resets_at, Some(later(600_000)));
        assert_eq!(last.holding(later(-1)), Headroom::default(), "the clock went back");
    }
}
