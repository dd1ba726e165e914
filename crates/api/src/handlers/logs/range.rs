//! Ranges of time, buckets in them, and places in the list.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use tollgate_store::{GenerationCursor, RecordFilter, StatusCounts};
use tollgate_types::{GenerationId, Timestamp};

use crate::error::ApiError;
use crate::router::App;

/// The range that an answer is of.
#[derive(Debug, Serialize)]
pub(super) struct RangeView {
    /// Null from the beginning.
    from: Option<String>,
    to: String,
}

impl RangeView {
    pub(super) fn of(filter: &RecordFilter, app: &App) -> Self {
        let until = filter.until.unwrap_or_else(|| app.engine.now());
        Self { from: filter.from.map(Timestamp::to_rfc3339), to: until.to_rfc3339() }
    }
}

/// Widths of buckets in seconds, each of which people know.
const WIDTHS: [i64; 26] = [
    1,
    2,
    5,
    10,
    15,
    30,
    60,
    120,
    300,
    600,
    900,
    1_800,
    3_600,
    7_200,
    10_800,
    21_600,
    43_200,
    86_400,
    2 * 86_400,
    7 * 86_400,
    14 * 86_400,
    30 * 86_400,
    60 * 86_400,
    90 * 86_400,
    180 * 86_400,
    365 * 86_400,
];

/// How a range is cut: into buckets of one width that begin at its multiples since the epoch, so
/// that they hold still while the range moves on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Buckets {
    from: i64,
    until: i64,
    seconds: i64,
}

impl Buckets {
    /// About as many as are wanted, of the range of a filter that begins somewhere. One without an
    /// end has the bucket of `now`, too.
    pub(super) fn of(filter: &RecordFilter, now: Timestamp, wanted: u32) -> Self {
        let from = filter.from.unwrap_or_default().unix_millis();
        let length = filter.until.unwrap_or(now).unix_millis().saturating_sub(from);
        let wanted = i64::from(wanted.max(1));
        let fits = |it: &&i64| it.saturating_mul(1_000).saturating_mul(wanted) >= length;
        let longer = || (length / 1_000 / wanted).saturating_add(1);
        let seconds = WIDTHS.iter().find(fits).copied().unwrap_or_else(longer);
        let until = filter.until.unwrap_or_else(|| now.plus_millis(1)).unix_millis();
        Self { from, until, seconds }
    }

    pub(super) const fn seconds(&self) -> i64 {
        self.seconds
    }

    pub(super) const fn width_ms(&self) -> i64 {
        self.seconds.saturating_mul(1_000)
    }

    /// Every bucket of the range, also those without calls.
    pub(super) fn filled(
        self,
        found: &[(Timestamp, StatusCounts)],
    ) -> impl Iterator<Item = (Timestamp, StatusCounts)> {
        let width = self.width_ms();
        let first = self.from.saturating_sub(self.from.rem_euclid(width));
        let starts = std::iter::successors(Some(first), move |at| at.checked_add(width));
        let starts = starts.take_while(move |at| *at < self.until);
        starts.map(Timestamp::from_unix_millis).map(|at| {
            let place = found.binary_search_by_key(&at, |(begins, _)| *begins);
            let counts = place.ok().and_then(|place| found.get(place));
            (at, counts.map(|(_, counts)| *counts).unwrap_or_default())
        })
    }
}

/// A place in the list, as callers are given it.
pub(super) fn cursor_text(cursor: &GenerationCursor) -> String {
    let place = format!("{} {}", cursor.created_at.unix_millis(), cursor.id.as_str());
    URL_SAFE_NO_PAD.encode(place)
}

/// The place that a caller sends back.
pub(super) fn cursor_of(text: &str) -> Result<GenerationCursor, ApiError> {
    let read = || {
        let place = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        let (millis, id) = place.split_once(' ')?;
        let created_at = Timestamp::from_unix_millis(millis.parse().ok()?);
        Some(GenerationCursor { created_at, id: GenerationId::from_text(id) })
    };
    read().ok_or_else(|| ApiError::bad_request("cursor: Expected `next` of the page before"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_millis(0);

    fn range(from: i64, until: i64) -> RecordFilter {
        RecordFilter {
            from: Some(Timestamp::from_unix_millis(from)),
            until: Some(Timestamp::from_unix_millis(until)),
            ..RecordFilter::default()
        }
    }

    #[test]
    fn buckets_are_of_widths_that_people_know_and_hold_still() {
        let hour = 3_600_000;
        for (millis, wanted, seconds) in [
            (1, 60, 1),
            (hour, 60, 60),
            (hour + 1, 60, 120),
            (24 * hour, 60, 1_800),
            (24 * hour, 24, 3_600),
            (30 * 24 * hour, 60, 43_200),
            (90_000 * 24 * hour, 1, 90_000 * 86_400 + 1),
        ] {
            let buckets = Buckets::of(&range(0, millis), NOW, wanted);
            assert_eq!(buckets.seconds(), seconds, "{millis} {wanted}");
            // One more where the range begins within one.
            let later = Buckets::of(&range(500, millis + 500), NOW, wanted).filled(&[]).count();
            assert!(later <= usize::try_from(wanted).unwrap() + 1, "{millis} {wanted}");
        }
        let counts = StatusCounts { ok: 7, ..StatusCounts::default() };
        let buckets = Buckets::of(&range(90_000, 200_000), NOW, 2);
        let at = Timestamp::from_unix_millis;
        let found: Vec<_> = buckets.filled(&[(at(120_000), counts)]).collect();
        assert_eq!(
            found,
            [
                (at(60_000), StatusCounts::default()),
                (at(120_000), counts),
                (at(180_000), StatusCounts::default())
            ]
        );
    }

    #[test]
    fn a_range_without_an_end_has_the_bucket_that_begins_now() {
        let open = RecordFilter { until: None, ..range(0, 0) };
        let now = Timestamp::from_unix_millis(10_000);
        let buckets = Buckets::of(&open, now, 10);
        let begins: Vec<_> = buckets.filled(&[]).map(|(at, _)| at).collect();
        assert_eq!((buckets.seconds(), begins.len(), begins[10]), (1, 11, now));
    }

    #[test]
    fn cursors_read_back() {
        let id = GenerationId::from_text("gen-1 x");
        let cursor = GenerationCursor { created_at: Timestamp::from_unix_millis(-5), id };
        assert_eq!(cursor_of(&cursor_text(&cursor)).unwrap(), cursor);
        for wrong in ["", "x", "!", "MQ"] {
            assert!(cursor_of(wrong).is_err(), "{wrong}");
        }
    }
}
