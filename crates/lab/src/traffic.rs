//! Who calls, when, and with what.

use std::f64::consts::{FRAC_PI_2, TAU};
use std::time::Duration;

use crate::fleet::Directory;
use crate::number::{count, float, seconds, whole};
use crate::random::Random;

/// How many callers come, and what kind they are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Traffic {
    /// How long they come.
    pub length: Duration,
    /// Calls a second, on average.
    pub per_second: f64,
    /// A daily curve.
    pub day: Option<Day>,
    /// The share of callers who begin a conversation rather than ask once.
    pub conversations: f64,
    /// How long everybody waits for the first token; as callers do when not set.
    pub patience: Option<Duration>,
}

/// A daily curve: a sine that begins at its lowest.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Day {
    /// How long a day takes.
    pub length: Duration,
    /// How far the load rises above and falls below its average, as a share of it.
    pub depth: f64,
}

/// A call of somebody.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Call {
    pub(crate) at: Duration,
    pub(crate) model: usize,
    pub(crate) prompt_tokens: u32,
    pub(crate) answer_tokens: u32,
    /// The conversation it is a turn of.
    pub(crate) conversation: Option<usize>,
    /// How much of the prompt was said in earlier turns.
    pub(crate) said_before: u32,
    /// How long the caller waits for the first token.
    pub(crate) patience: Duration,
}

/// Turns of a conversation, on average.
const TURNS: f64 = 6.0;
/// Seconds between turns, on average.
const THINKING: f64 = 40.0;
const PROMPT_TOKENS: (f64, f64) = (1_200.0, 0.8);
const TURN_TOKENS: (f64, f64) = (150.0, 0.7);
const ANSWER_TOKENS: (f64, f64) = (250.0, 0.8);
const ANSWER_TOKENS_MAX: u32 = 4_000;
/// How long callers wait for the first token: one of five leaves after 20 s, most after a minute,
/// one of five is a program that waits for five minutes.
const PATIENCE: [(f64, u64); 3] = [(0.2, 20), (0.8, 60), (1.0, 300)];

impl Traffic {
    /// All calls, by time, and how many conversations there are.
    pub(crate) fn calls(&self, directory: &Directory, seed: u64) -> (Vec<Call>, usize) {
        let mut random = Random::keyed(seed, [u64::MAX, 0, 0]);
        let mut calls = Vec::new();
        let mut conversations = 0;
        let first_turns = self.per_second / self.conversations.mul_add(TURNS - 1.0, 1.0);
        let depth = self.day.map_or(0.0, |day| day.depth);
        let mut at = 0.0;
        loop {
            // Thinning: as many as at the peak, of which the curve lets some through.
            at += random.exponential(1.0 / (first_turns * (1.0 + depth)));
            if at >= self.length.as_secs_f64() {
                break;
            }
            if !random.chance(self.level(at) / (1.0 + depth)) {
                continue;
            }
            let call = self.first(directory, at, &mut random);
            if random.chance(self.conversations) {
                self.converse(call, conversations, &mut calls, &mut random);
                conversations += 1;
            } else {
                calls.push(call);
            }
        }
        // Stable: calls of one moment keep their order.
        calls.sort_by_key(|call| call.at);
        (calls, conversations)
    }

    fn first(&self, directory: &Directory, at: f64, random: &mut Random) -> Call {
        let total: f64 = directory.models.iter().map(|model| model.weight).sum();
        let mut left = random.unit() * total;
        let drawn = directory.models.iter().position(|model| {
            left -= model.weight;
            left < 0.0
        });
        let patient = random.unit();
        let patience = PATIENCE.iter().find(|(share, _)| patient < *share).map_or(60, |it| it.1);
        Call {
            at: seconds(at),
            model: drawn.unwrap_or(0),
            prompt_tokens: whole(random.log_normal(PROMPT_TOKENS.0, PROMPT_TOKENS.1)).max(1),
            answer_tokens: answer_tokens(random),
            conversation: None,
            said_before: 0,
            patience: self.patience.unwrap_or(Duration::from_secs(patience)),
        }
    }

    /// The load at that time, as a share of the average.
    fn level(&self, at: f64) -> f64 {
        self.day.map_or(1.0, |day| {
            let turned = TAU * at / day.length.as_secs_f64() - FRAC_PI_2;
            day.depth.mul_add(turned.sin(), 1.0)
        })
    }

    fn converse(&self, first: Call, number: usize, calls: &mut Vec<Call>, random: &mut Random) {
        let mut call = Call { conversation: Some(number), ..first };
        loop {
            calls.push(call);
            call.at += seconds(random.exponential(THINKING));
            if random.chance(1.0 / TURNS) || call.at >= self.length {
                return;
            }
            call.said_before = call.prompt_tokens.saturating_add(call.answer_tokens);
            let said = whole(random.log_normal(TURN_TOKENS.0, TURN_TOKENS.1));
            call.prompt_tokens = call.said_before.saturating_add(said);
            call.answer_tokens = answer_tokens(random);
        }
    }
}

fn answer_tokens(random: &mut Random) -> u32 {
    whole(random.log_normal(ANSWER_TOKENS.0, ANSWER_TOKENS.1)).clamp(1, ANSWER_TOKENS_MAX)
}

/// How many calls there were a second.
pub(crate) fn rate(calls: &[Call], length: Duration) -> f64 {
    count(calls.len()) / float(length.as_secs()).max(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::{Fleet, Host, ServedModel};

    fn directory() -> Directory {
        let model = |weight, provider| ServedModel {
            weight,
            thinks: false,
            hosts: vec![Host::new(provider, 100)],
        };
        let fleet = Fleet { models: vec![model(3.0, 0), model(1.0, 1)], ..Fleet::default() };
        Directory::new(&fleet).unwrap()
    }

    #[test]
    fn the_rate_and_the_shares_are_what_was_asked_for() {
        let length = Duration::from_hours(2);
        let traffic =
            Traffic { length, per_second: 10.0, day: None, conversations: 0.3, patience: None };
        let (calls, conversations) = traffic.calls(&directory(), 1);
        let per_second = rate(&calls, length);
        assert!((per_second - 10.0).abs() < 0.6, "{per_second}");
        assert!(calls.is_sorted_by_key(|call| call.at));
        let first_model = calls.iter().filter(|call| call.model == 0).count();
        assert!((count(first_model) / count(calls.len()) - 0.75).abs() < 0.03);
        let turns = calls.iter().filter(|call| call.conversation.is_some()).count();
        assert!((count(turns) / count(conversations) - TURNS).abs() < 0.5);
        for call in calls.iter().filter(|call| call.said_before > 0) {
            assert!(call.prompt_tokens >= call.said_before && call.conversation.is_some());
        }
        assert_eq!(calls, traffic.calls(&directory(), 1).0);
        assert_ne!(calls, traffic.calls(&directory(), 2).0);
    }

    #[test]
    fn a_day_has_a_night() {
        let length = Duration::from_hours(1);
        let day = Some(Day { length, depth: 0.9 });
        let traffic = Traffic { length, per_second: 20.0, day, conversations: 0.0, patience: None };
        let (calls, _) = traffic.calls(&directory(), 1);
        let within = |from, to| {
            let hour = Duration::from_mins(from)..Duration::from_mins(to);
            calls.iter().filter(|call| hour.contains(&call.at)).count()
        };
        assert!(within(25, 35) > 10 * within(0, 5), "{} {}", within(25, 35), within(0, 5));
    }
}
