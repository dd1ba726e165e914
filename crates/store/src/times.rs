//! How long calls took, added up so that shares of them can be told: for analytics.

use std::collections::BTreeMap;

use tollgate_types::Timestamp;

use crate::GenerationRecord;

/// How much time a row of sums is for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Span {
    /// A minute of UTC.
    Minute,
    /// An hour of UTC.
    Hour,
    /// A day of UTC.
    #[default]
    Day,
}

impl Span {
    /// Its length in milliseconds.
    pub const fn millis(self) -> i64 {
        match self {
            Self::Minute => 60_000,
            Self::Hour => 3_600_000,
            Self::Day => 86_400_000,
        }
    }

    /// How many days its sums are kept; `None` is for ever.
    pub const fn kept_days(self) -> Option<i64> {
        match self {
            Self::Minute => Some(2),
            Self::Hour => Some(93),
            Self::Day => None,
        }
    }

    /// Which one since 1970 an instant is in.
    pub const fn index(self, at: Timestamp) -> i64 {
        at.unix_millis().div_euclid(self.millis())
    }

    /// When one of them begins.
    pub const fn starts_at(self, index: i64) -> Timestamp {
        Timestamp::from_unix_millis(index.saturating_mul(self.millis()))
    }
}

/// What of a call is timed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timed {
    /// From its admission to the first word.
    FirstWord,
    /// From its admission to the end of the answer.
    Whole,
    /// From the first word to the end; all of it where nothing was streamed. Of calls that wrote
    /// tokens and did not fail.
    Writing,
}

impl Timed {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::FirstWord, Self::Whole, Self::Writing];

    /// The number it is stored under.
    pub const fn code(self) -> i64 {
        match self {
            Self::FirstWord => 0,
            Self::Whole => 1,
            Self::Writing => 2,
        }
    }

    /// Reads that number.
    pub fn of_code(code: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.code() == code)
    }
}

/// What of how long calls took is asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TimesAsked([bool; 3]);

impl TimesAsked {
    /// All that is timed.
    pub const ALL: Self = Self([true; 3]);

    /// Whether nothing is.
    pub fn is_empty(self) -> bool {
        self == Self::default()
    }

    /// What is asked for.
    pub fn iter(self) -> impl Iterator<Item = Timed> {
        Timed::ALL.into_iter().zip(self.0).filter_map(|(timed, asked)| asked.then_some(timed))
    }
}

impl FromIterator<Timed> for TimesAsked {
    fn from_iter<I: IntoIterator<Item = Timed>>(asked: I) -> Self {
        asked.into_iter().fold(Self::default(), |all, one| {
            let mut each = Timed::ALL.into_iter().zip(all.0).map(|(it, asked)| asked || it == one);
            Self(std::array::from_fn(|_| each.next().unwrap_or_default()))
        })
    }
}

/// Times of about one length: of [`bucket_of`] one number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TimeSums {
    /// How many.
    pub calls: u64,
    /// Their sum.
    pub millis: u64,
    /// The tokens that were written in them; only of [`Timed::Writing`].
    pub tokens: u64,
}

impl TimeSums {
    /// Adds `other`, held at the end of the range.
    pub const fn add(&mut self, other: &Self) {
        self.calls = self.calls.saturating_add(other.calls);
        self.millis = self.millis.saturating_add(other.millis);
        self.tokens = self.tokens.saturating_add(other.tokens);
    }
}

/// Times of calls, by what was timed and by how long that was.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallTimes(BTreeMap<(Timed, u8), TimeSums>);

/// Buckets to a doubling.
const STEPS: u64 = 4;

/// The number of the bucket that a time in milliseconds belongs to: those of one bucket differ by
/// less than a quarter. Times below 8 ms have a bucket each.
pub fn bucket_of(millis: u64) -> u8 {
    let number = match millis.checked_ilog2() {
        None | Some(0..=2) => millis,
        Some(power) => {
            let step = (millis >> power.saturating_sub(2)) % STEPS;
            u64::from(power).saturating_sub(1).saturating_mul(STEPS).saturating_add(step)
        }
    };
    u8::try_from(number).unwrap_or(u8::MAX)
}

/// The shortest time of a bucket, and the shortest of the one behind it.
pub fn bounds_of(bucket: u8) -> (u64, u64) {
    (lowest(u32::from(bucket)), lowest(u32::from(bucket) + 1))
}

fn lowest(bucket: u32) -> u64 {
    let (doublings, step) = (bucket / 4, u64::from(bucket % 4));
    if doublings < 2 {
        return u64::from(bucket);
    }
    2_u64.checked_pow(doublings - 1).and_then(|it| it.checked_mul(STEPS + step)).unwrap_or(u64::MAX)
}

impl CallTimes {
    /// What one call adds. Every backend adds up by this and nothing else.
    pub fn of(record: &GenerationRecord) -> Self {
        let mut times = Self::default();
        let mut add = |timed, millis, tokens| {
            times.add(timed, bucket_of(millis), &TimeSums { calls: 1, millis, tokens });
        };
        if let Some(millis) = record.latency_ms {
            add(Timed::FirstWord, millis, 0);
        }
        if let Some(millis) = record.generation_time_ms {
            add(Timed::Whole, millis, 0);
            let silent = record.latency_ms.filter(|_| record.streamed).unwrap_or(0);
            let (writing, tokens) = (millis.saturating_sub(silent), record.usage.completion_tokens);
            if record.error.is_none() && tokens > 0 && writing > 0 {
                add(Timed::Writing, writing, tokens);
            }
        }
        times
    }

    /// Adds times of about one length.
    pub fn add(&mut self, timed: Timed, bucket: u8, sums: &TimeSums) {
        self.0.entry((timed, bucket)).or_default().add(sums);
    }

    /// These, as far as they are asked for.
    #[must_use]
    pub fn of_asked(self, asked: TimesAsked) -> Self {
        let is_asked = |timed| asked.iter().any(|it| it == timed);
        Self(self.0.into_iter().filter(|((timed, _), _)| is_asked(*timed)).collect())
    }

    /// Adds `other`.
    pub fn add_all(&mut self, other: &Self) {
        for ((timed, bucket), sums) in &other.0 {
            self.add(*timed, *bucket, sums);
        }
    }

    /// All of them: what was timed, the bucket, the sums.
    pub fn iter(&self) -> impl Iterator<Item = (Timed, u8, &TimeSums)> {
        self.0.iter().map(|((timed, bucket), sums)| (*timed, *bucket, sums))
    }

    /// The sums over all lengths.
    pub fn total(&self, timed: Timed) -> TimeSums {
        let mut total = TimeSums::default();
        self.buckets(timed).for_each(|(_, sums)| total.add(sums));
        total
    }

    /// The time in milliseconds that `percent` of calls did not exceed, within the width of a
    /// bucket; `None` where none was timed.
    pub fn percentile(&self, timed: Timed, percent: u64) -> Option<u64> {
        let calls = self.total(timed).calls;
        let rank = calls.saturating_mul(percent).div_ceil(100).max(1);
        let mut before = 0_u64;
        for (bucket, sums) in self.buckets(timed) {
            let upto = before.saturating_add(sums.calls);
            if upto >= rank {
                let (lowest, next) = bounds_of(bucket);
                let place = rank.saturating_sub(before).saturating_sub(1);
                let width = next.saturating_sub(lowest);
                let within = width.saturating_mul(place).checked_div(sums.calls).unwrap_or(0);
                return Some(lowest.saturating_add(within));
            }
            before = upto;
        }
        None
    }

    fn buckets(&self, timed: Timed) -> impl Iterator<Item = (u8, &TimeSums)> {
        self.0.range((timed, 0)..=(timed, u8::MAX)).map(|((_, bucket), sums)| (*bucket, sums))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::sample::full_generation;

    #[test]
    fn every_time_is_within_the_bounds_of_its_bucket() {
        let mut last = 0;
        let times = (0..70_000).chain((17..64).flat_map(|power| {
            let exact = 1_u64 << power;
            [exact - 1, exact, exact + 1, exact + exact / 3]
        }));
        for millis in times.chain([u64::MAX]) {
            let bucket = bucket_of(millis);
            let (lowest, next) = bounds_of(bucket);
            assert!(lowest <= millis && (millis < next || next == u64::MAX), "{millis}: {bucket}");
            assert!(
                next == u64::MAX || next - lowest <= lowest / 4 + 1,
                "{millis}: {lowest} {next}"
            );
            assert!(bucket == last || millis == 0 || bucket == last + 1 || millis > 70_000);
            last = bucket;
        }
    }

    #[test]
    fn percentiles_are_near_the_truth() {
        let mut times = CallTimes::default();
        assert_eq!(times.percentile(Timed::Whole, 50), None);
        for millis in 1..=1_000 {
            times.add(Timed::Whole, bucket_of(millis), &TimeSums { calls: 1, millis, tokens: 0 });
        }
        assert_eq!(times.total(Timed::Whole).millis, 500_500);
        for (percent, truth) in [(1, 10), (50, 500), (95, 950), (99, 990), (100, 1_000)] {
            let told = times.percentile(Timed::Whole, percent).unwrap();
            assert!(told.abs_diff(truth) <= truth / 20 + 1, "{percent}: {told}");
        }
        assert_eq!(times.percentile(Timed::FirstWord, 50), None);
    }

    #[test]
    fn what_a_call_adds() {
        let record = GenerationRecord {
            latency_ms: Some(100),
            generation_time_ms: Some(1_100),
            streamed: true,
            error: None,
            ..full_generation("gen-1")
        };
        let tokens = record.usage.completion_tokens;
        let total = |record: &GenerationRecord, timed| {
            let TimeSums { calls, millis, tokens } = CallTimes::of(record).total(timed);
            (calls, millis, tokens)
        };
        assert_eq!(total(&record, Timed::FirstWord), (1, 100, 0));
        assert_eq!(total(&record, Timed::Whole), (1, 1_100, 0));
        assert_eq!(total(&record, Timed::Writing), (1, 1_000, tokens));
        let whole = GenerationRecord { streamed: false, ..record.clone() };
        assert_eq!(total(&whole, Timed::Writing), (1, 1_100, tokens));
        let failed = GenerationRecord { error: full_generation("gen-1").error, ..record.clone() };
        assert_eq!(total(&failed, Timed::Writing), (0, 0, 0));
        let silent = GenerationRecord { latency_ms: None, generation_time_ms: None, ..record };
        assert_eq!(CallTimes::of(&silent), CallTimes::default());
    }
}
