//! How long a row is, and what time is asked about.

use std::ops::Range;

use serde::Deserialize;
use tollgate_store::{ActivityQuery, PartQuery, RowTime, Span, TimesAsked};
use tollgate_types::{Timestamp, UsageWindows, UtcDay};

use super::question::wrong;
use crate::error::ApiError;

/// From an instant to another, as they are asked for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TimeRange {
    start: String,
    end: String,
}

/// How long one row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Granularity {
    Minute,
    Hour,
    Day,
    Week,
    Month,
}

/// The time that is asked about, and in what steps it is read.
#[derive(Debug)]
pub(super) struct Time {
    span: Span,
    range: Range<Timestamp>,
    /// How much of it a row is for.
    rows: RowTime,
    /// What is asked of how long calls took.
    times: TimesAsked,
}

/// Two years at most.
const DAYS_MAX: i64 = 731;
const DAY_MILLIS: i64 = Span::Day.millis();

impl Granularity {
    pub(super) const ALL: [Self; 5] =
        [Self::Minute, Self::Hour, Self::Day, Self::Week, Self::Month];

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
        }
    }

    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::Minute => "Minute",
            Self::Hour => "Hour",
            Self::Day => "Day",
            Self::Week => "Week",
            Self::Month => "Month",
        }
    }

    pub(super) fn read(name: &str) -> Result<Self, ApiError> {
        let found = Self::ALL.into_iter().find(|it| it.as_str() == name);
        found.ok_or_else(|| wrong("granularity", "Expected minute, hour, day, week or month"))
    }

    /// When the row begins that an instant belongs to.
    pub(super) fn row_of(self, at: Timestamp) -> Timestamp {
        let windows = UsageWindows::at(at);
        match self {
            Self::Minute => Span::Minute.starts_at(Span::Minute.index(at)),
            Self::Hour => Span::Hour.starts_at(Span::Hour.index(at)),
            Self::Day => windows.day().starts_at(),
            Self::Week => windows.week().start.starts_at(),
            Self::Month => windows.month().start.starts_at(),
        }
    }

    /// What a row is told by: its first day, or the minute in which it begins.
    pub(super) fn date(self, at: Timestamp) -> String {
        let text = at.to_rfc3339();
        match self {
            Self::Minute | Self::Hour => text,
            Self::Day | Self::Week | Self::Month => text.chars().take(10).collect(),
        }
    }

    const fn span(self) -> Span {
        match self {
            Self::Minute => Span::Minute,
            Self::Hour => Span::Hour,
            Self::Day | Self::Week | Self::Month => Span::Day,
        }
    }
}

impl Time {
    /// Whole spans, from the first that the range touches to the last; what can't be told of it is
    /// said in `warnings`.
    pub(super) fn read(
        range: Option<&TimeRange>,
        granularity: Option<Granularity>,
        times: TimesAsked,
        now: Timestamp,
        warnings: &mut Vec<String>,
    ) -> Result<Self, ApiError> {
        let span = match granularity.map_or(Span::Day, Granularity::span) {
            // How long calls took is known by hour, and added up to days.
            Span::Day if !times.is_empty() => Span::Hour,
            span => span,
        };
        let rows = match granularity {
            None => RowTime::All,
            Some(Granularity::Minute | Granularity::Hour) => RowTime::Each,
            // Weeks and months are added up of days.
            Some(Granularity::Day | Granularity::Week | Granularity::Month) => RowTime::Day,
        };
        let Some(asked) = range else {
            let range = latest(granularity, span, now);
            return Ok(Self { span, range, rows, times });
        };
        let (start, end) = (instant(&asked.start)?, instant(&asked.end)?);
        if start >= end {
            return Err(wrong("time_range", "It ends before it begins"));
        }
        let first = span.starts_at(span.index(start));
        let until = span.starts_at(span.index(end.plus_millis(-1)).saturating_add(1));
        let days_max = span.kept_days().unwrap_or(DAYS_MAX);
        if until.millis_since(first) > days_max.saturating_mul(DAY_MILLIS) {
            return Err(wrong("time_range", &format!("Expected at most {days_max} days")));
        }
        if first != start || until != end {
            warnings.push(match span {
                Span::Minute => "Sums are kept by minute: minutes are told of whole".to_owned(),
                Span::Hour => "Sums are kept by hour: hours are told of whole".to_owned(),
                Span::Day => "Sums are kept by UTC day: days are told of whole".to_owned(),
            });
        }
        if let Some(days) = span.kept_days()
            && now.millis_since(first) > days.saturating_mul(DAY_MILLIS)
        {
            let what = if span == Span::Minute { "minutes" } else { "hours" };
            warnings.push(format!("Sums by {what} are kept for {days} days"));
        }
        // Of hours that have not begun there is nothing: the day's sums say the same, and are fewer.
        let is_of_days = span == Span::Hour && rows != RowTime::Each && until > now;
        let until = if is_of_days { end_of_day(until) } else { until };
        Ok(Self { span, range: first..until, rows, times })
    }

    /// What the store is asked, one after another; how long calls took is not known by tag.
    pub(super) fn queries(&self, tag: Option<&str>) -> impl Iterator<Item = ActivityQuery> {
        self.pieces().map(move |Range { start: from, end: until }| {
            let tag = tag.map(str::to_owned);
            let query = ActivityQuery { tag, rows: self.rows, ..ActivityQuery::default() };
            if self.span == Span::Day {
                let (from, until) = (Some(UtcDay::of(from)), Some(UtcDay::of(until)));
                return ActivityQuery { from, until, ..query };
            }
            let part = PartQuery { span: self.span, from, until, times: self.times };
            ActivityQuery { part: Some(part), ..query }
        })
    }

    /// The time in pieces. Where hours are added up anyway, whole days are one and the hours before
    /// and behind them others: of days the store has sums that are fewer.
    fn pieces(&self) -> impl Iterator<Item = Range<Timestamp>> + use<> {
        let Range { start, end } = self.range;
        let (first, last) = (end_of_day(start), Span::Day.starts_at(Span::Day.index(end)));
        let is_cut = self.span == Span::Hour && self.rows != RowTime::Each && first < last;
        let pieces = if is_cut {
            [start..first, first..last, last..end]
        } else {
            [start..end, end..end, end..end]
        };
        pieces.into_iter().filter(|it| !it.is_empty())
    }
}

/// What is told of unless something else is asked for, with the present minute, hour or day: an
/// hour by minute, a day by hour, else thirty days.
fn latest(granularity: Option<Granularity>, span: Span, now: Timestamp) -> Range<Timestamp> {
    let (of, count) = match granularity {
        Some(Granularity::Minute) => (Span::Minute, 60),
        Some(Granularity::Hour) => (Span::Hour, 24),
        _ => (Span::Day, 30),
    };
    let next = of.index(now).saturating_add(1);
    let (start, end) = (of.starts_at(next.saturating_sub(count)), of.starts_at(next));
    span.starts_at(span.index(start))..end
}

/// When the day is over that an instant ends, or is in.
const fn end_of_day(at: Timestamp) -> Timestamp {
    Span::Day.starts_at(Span::Day.index(at.plus_millis(-1)).saturating_add(1))
}

fn instant(text: &str) -> Result<Timestamp, ApiError> {
    let problem = "Expected times such as 2026-01-31T00:00:00Z";
    Timestamp::parse_rfc3339(text).ok_or_else(|| wrong("time_range", problem))
}
