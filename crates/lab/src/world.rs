//! The providers: what they answer, and when.

use std::time::Duration;

use tollgate_health::{FailureKind, Headroom, Outcome};

use crate::condition::Weather;
use crate::fleet::{Full, Host};
use crate::number::seconds;
use crate::random::Random;
use crate::stamp;

/// What an endpoint does with a call.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Reaction {
    /// It says no, so long after it was asked.
    Refuses { after: Duration, refusal: Refusal },
    /// It accepts and never says a word.
    Stalls,
    /// It answers.
    Speaks {
        /// So long after it was asked comes the first token.
        after: Duration,
        /// So long after that the last one comes, or would.
        writes: Duration,
        /// The share of its answer after which it breaks off, if it does.
        cut: Option<f64>,
    },
}

/// How an endpoint says no.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It takes no connection.
    Unreachable,
    /// A 500.
    Broken,
    /// A 503.
    Busy,
    /// A 429, with a `Retry-After` or without.
    TooMany(Option<Duration>),
}

impl Refusal {
    /// What it says of the endpoint.
    pub(crate) const fn outcome(self) -> Outcome {
        match self {
            Self::Unreachable => Outcome::Failure(FailureKind::Unreachable),
            Self::Broken => Outcome::Failure(FailureKind::Broken),
            Self::Busy => Outcome::Failure(FailureKind::Overloaded),
            Self::TooMany(retry_after) => Outcome::RateLimited { retry_after },
        }
    }

    /// How long the endpoint wants to be left alone; zero where it does not say.
    pub(crate) fn wait(self) -> Duration {
        match self {
            Self::TooMany(retry_after) => retry_after.unwrap_or_default(),
            Self::Unreachable | Self::Broken | Self::Busy => Duration::ZERO,
        }
    }
}

/// An attempt, by what its fate is drawn from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Question {
    /// The number of the call.
    pub(crate) call: usize,
    /// The endpoint.
    pub(crate) host: usize,
    /// How often the call was there before.
    pub(crate) before: u32,
    /// How much it has to write.
    pub(crate) tokens: u32,
}

/// All endpoints and what they are doing.
#[derive(Debug)]
pub(crate) struct World<'a> {
    hosts: &'a [Host],
    states: Vec<State>,
    seed: u64,
}

#[derive(Debug, Clone, Copy, Default)]
struct State {
    serving: u32,
    most: u32,
    /// The minute that is counted.
    minute: u64,
    served: u32,
}

impl<'a> World<'a> {
    pub(crate) fn new(hosts: &'a [Host], seed: u64) -> Self {
        Self { hosts, states: vec![State::default(); hosts.len()], seed }
    }

    /// What the endpoint would do.
    pub(crate) fn foresee(&self, question: Question, now: Duration) -> Reaction {
        let (Some(host), Some(state)) =
            (self.hosts.get(question.host), self.states.get(question.host))
        else {
            return Reaction::Stalls;
        };
        let weather = Weather::at(&host.spans, now);
        let refuses = |refusal| Reaction::Refuses { after: host.round_trip, refusal };
        if weather.is_out {
            return refuses(Refusal::Unreachable);
        }
        if state.serving >= host.capacity {
            return refuses(match host.full {
                Full::Busy => Refusal::Busy,
                Full::TooMany => Refusal::TooMany(None),
            });
        }
        if host.per_minute.is_some_and(|most| state.served_in(minute(now)) >= most) {
            return refuses(Refusal::TooMany(Some(until_reset(now))));
        }
        let key = [widened(question.call), widened(question.host), question.before.into()];
        let mut random = Random::keyed(self.seed, key);
        // Always as many draws, so that a condition changes nothing else.
        let [stalls, errors, cut, cut_at] = std::array::from_fn(|_| random.unit());
        let speaks = random.log_normal(host.first_token, host.spread) * weather.slow;
        if stalls < weather.stalls {
            return Reaction::Stalls;
        }
        if errors < weather.errors {
            let after = host.round_trip.mul_f64(weather.slow);
            return Reaction::Refuses { after, refusal: Refusal::Broken };
        }
        let writing = f64::from(question.tokens) / host.tokens_per_second * weather.slow;
        Reaction::Speaks {
            after: host.round_trip + seconds(speaks),
            writes: seconds(writing),
            cut: (cut < weather.cuts).then_some(cut_at),
        }
    }

    /// Sends a call. What is not refused is served until it [leaves](Self::leave).
    pub(crate) fn send(&mut self, question: Question, now: Duration) -> Reaction {
        let reaction = self.foresee(question, now);
        if !matches!(reaction, Reaction::Refuses { .. })
            && let Some(state) = self.states.get_mut(question.host)
        {
            state.serving += 1;
            state.most = state.most.max(state.serving);
            state.served = state.served_in(minute(now)) + 1;
            state.minute = minute(now);
        }
        reaction
    }

    /// A call that was not refused has ended.
    pub(crate) fn leave(&mut self, host: usize) {
        if let Some(state) = self.states.get_mut(host) {
            state.serving = state.serving.saturating_sub(1);
        }
    }

    /// What an endpoint's headers say of its limit.
    pub(crate) fn headroom(&self, host: usize, now: Duration) -> Option<Headroom> {
        let most = self.hosts.get(host)?.per_minute?;
        let left = most.saturating_sub(self.states.get(host)?.served_in(minute(now)));
        Some(Headroom {
            requests_left: Some(left.into()),
            tokens_left: None,
            resets_at: Some(stamp(now + until_reset(now))),
        })
    }

    /// The most calls that an endpoint has served at once, as a share of its capacity, and how many
    /// calls are being served.
    pub(crate) fn occupancy(&self) -> (f64, u32) {
        let states = self.hosts.iter().zip(&self.states);
        let shares = states.map(|(host, state)| f64::from(state.most) / f64::from(host.capacity));
        (shares.fold(0.0, f64::max), self.states.iter().map(|state| state.serving).sum())
    }
}

impl State {
    const fn served_in(&self, minute: u64) -> u32 {
        if self.minute == minute { self.served } else { 0 }
    }
}

const fn minute(now: Duration) -> u64 {
    now.as_secs() / 60
}

fn until_reset(now: Duration) -> Duration {
    Duration::from_secs((minute(now) + 1) * 60).saturating_sub(now)
}

fn widened(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::condition::Condition;

    const AT: Duration = Duration::from_secs(90);

    fn question(call: usize) -> Question {
        Question { call, host: 0, before: 0, tokens: 60 }
    }

    #[test]
    fn what_is_beyond_capacity_and_limit_is_refused() {
        let hosts = [Host { capacity: 2, per_minute: Some(3), ..Host::new(0, 100) }];
        let mut world = World::new(&hosts, 1);
        let refused = |reaction| match reaction {
            Reaction::Refuses { refusal, .. } => Some(refusal),
            _ => None,
        };
        assert_eq!(refused(world.send(question(0), AT)), None);
        assert_eq!(refused(world.send(question(1), AT)), None);
        assert_eq!(refused(world.send(question(2), AT)), Some(Refusal::TooMany(None)));
        world.leave(0);
        assert_eq!(world.headroom(0, AT).unwrap().requests_left, Some(1));
        assert_eq!(refused(world.send(question(3), AT)), None);
        world.leave(0);
        let told = Duration::from_secs(30);
        assert_eq!(refused(world.send(question(4), AT)), Some(Refusal::TooMany(Some(told))));
        assert_eq!(refused(world.send(question(4), AT + told)), None);
        assert_eq!(world.occupancy(), (1.0, 2));
    }

    #[test]
    fn shares_are_kept_and_fates_do_not_depend_on_who_asks() {
        let hosts = [Host::new(0, 100).with(Condition::Errors(0.3), 0, 100)];
        let world = World::new(&hosts, 1);
        let fate = |call| world.foresee(question(call), AT);
        let errors =
            (0..10_000).filter(|call| matches!(fate(*call), Reaction::Refuses { .. })).count();
        assert!((2_800..3_200).contains(&errors), "{errors}");
        assert_eq!(fate(17), World::new(&hosts, 1).foresee(question(17), AT));
    }
}
