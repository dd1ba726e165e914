//! What befalls an endpoint, and when.

use std::time::Duration;

/// What befalls an endpoint.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Condition {
    /// It refuses every new call at once. Answers under way are finished.
    Outage,
    /// This share of its calls fails with a server's error.
    Errors(f64),
    /// This share of its calls is accepted and never answered.
    Stalls(f64),
    /// This share of its answers breaks off in the middle.
    Cuts(f64),
    /// It takes this many times as long, to the first token and between tokens.
    Slow(f64),
    /// Its prices are multiplied by this.
    Price(f64),
}

/// A condition and the time for which it holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Span {
    /// When it begins.
    pub from: Duration,
    /// When it is over.
    pub to: Duration,
    /// It comes and goes, for so long each; it comes first.
    pub flaps: Option<Duration>,
    /// What it is.
    pub condition: Condition,
}

/// What holds for an endpoint at one moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Weather {
    pub(crate) is_out: bool,
    pub(crate) errors: f64,
    pub(crate) stalls: f64,
    pub(crate) cuts: f64,
    pub(crate) slow: f64,
    pub(crate) price: f64,
}

impl Span {
    /// A condition that holds from then to then, in seconds.
    pub const fn of(condition: Condition, from: u64, to: u64) -> Self {
        let (from, to) = (Duration::from_secs(from), Duration::from_secs(to));
        Self { from, to, flaps: None, condition }
    }

    /// Whether it holds.
    pub fn holds(&self, at: Duration) -> bool {
        let since = at.saturating_sub(self.from).as_millis();
        let is_on = |length: Duration| {
            since.checked_div(length.as_millis()).is_none_or(|pulse| pulse.is_multiple_of(2))
        };
        at >= self.from && at < self.to && self.flaps.is_none_or(is_on)
    }
}

impl Weather {
    pub(crate) fn at(spans: &[Span], at: Duration) -> Self {
        let calm =
            Self { is_out: false, errors: 0.0, stalls: 0.0, cuts: 0.0, slow: 1.0, price: 1.0 };
        spans.iter().filter(|span| span.holds(at)).fold(calm, |weather, span| {
            match span.condition {
                Condition::Outage => Self { is_out: true, ..weather },
                Condition::Errors(share) => Self { errors: weather.errors.max(share), ..weather },
                Condition::Stalls(share) => Self { stalls: weather.stalls.max(share), ..weather },
                Condition::Cuts(share) => Self { cuts: weather.cuts.max(share), ..weather },
                Condition::Slow(times) => Self { slow: weather.slow * times, ..weather },
                Condition::Price(times) => Self { price: weather.price * times, ..weather },
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_begins_and_ends_and_flaps() {
        let span = Span::of(Condition::Outage, 10, 50);
        let flapping = Span { flaps: Some(Duration::from_secs(10)), ..span };
        for (second, holds, flaps) in [
            (9, false, false),
            (10, true, true),
            (20, true, false),
            (30, true, true),
            (50, false, false),
        ] {
            let at = Duration::from_secs(second);
            assert_eq!((span.holds(at), flapping.holds(at)), (holds, flaps), "{second}");
        }
    }

    #[test]
    fn conditions_of_one_moment_come_together() {
        let spans = [
            Span::of(Condition::Errors(0.4), 0, 9),
            Span::of(Condition::Slow(3.0), 0, 9),
            Span::of(Condition::Slow(2.0), 5, 9),
            Span::of(Condition::Outage, 8, 9),
        ];
        let at = |second| Weather::at(&spans, Duration::from_secs(second));
        assert_eq!((at(1).errors, at(1).slow, at(1).is_out), (0.4, 3.0, false));
        assert_eq!((at(6).slow, at(8).is_out), (6.0, true));
        assert_eq!((at(9).slow, at(9).errors), (1.0, 0.0));
    }
}
