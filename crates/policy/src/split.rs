//! Experiments and gradual migrations: which arm a subject belongs to, and shares of subjects.
//!
//! Arms are drawn by weighted rendezvous: each arm has a score of its own hash with the subject and
//! its weight, and the highest wins. Giving an arm more weight raises its scores alone, so that
//! subjects only move to it, and no more than its share grows by. Nothing is remembered.

use std::sync::Arc;

use serde_json::Value;
use tollgate_types::Timestamp;

use crate::action::{Effects, effects};
use crate::facts::Facts;
use crate::hash::{hash, share};
use crate::reader::Reader;

/// An experiment.
#[derive(Debug)]
pub(crate) struct Split {
    by: By,
    /// What tells the draws of rules apart.
    rule: Arc<str>,
    pub(crate) arms: Vec<ArmRule>,
}

/// One of its arms.
#[derive(Debug)]
pub(crate) struct ArmRule {
    pub(crate) name: Arc<str>,
    weight: Weight,
    pub(crate) effects: Effects,
}

/// How much of all an arm gets, beside the others.
#[derive(Debug, Clone, Copy)]
enum Weight {
    Constant(f64),
    /// Moves from one to the other in a straight line between two instants.
    Ramp {
        from: f64,
        to: f64,
        start: Timestamp,
        end: Timestamp,
    },
}

impl Weight {
    fn at(self, now: Timestamp) -> f64 {
        match self {
            Self::Constant(weight) => weight,
            Self::Ramp { from, to, start, end } => {
                let passed = now.millis_since(start).clamp(0, end.millis_since(start));
                from + (to - from) * ratio(passed, end.millis_since(start))
            }
        }
    }

    fn most(self) -> f64 {
        match self {
            Self::Constant(weight) => weight,
            Self::Ramp { from, to, .. } => from.max(to),
        }
    }
}

/// A part of a time; in seconds, because these are exact in a float for longer than calendars go.
fn ratio(passed_ms: i64, all_ms: i64) -> f64 {
    let seconds =
        |millis: i64| i32::try_from(millis / 1_000).map_or(f64::from(i32::MAX), f64::from);
    let all = seconds(all_ms);
    if all > 0.0 { seconds(passed_ms) / all } else { 1.0 }
}

impl Split {
    /// The arm that the call belongs to; none while no arm has any weight.
    pub(crate) fn arm(&self, facts: &Facts<'_>) -> Option<&ArmRule> {
        let subject = Subject::of(facts, self.by);
        let mut best: Option<(f64, &ArmRule)> = None;
        for arm in &self.arms {
            let weight = arm.weight.at(facts.now);
            if weight <= 0.0 {
                continue;
            }
            let drawn = share(subject.hash(&[self.rule.as_bytes(), arm.name.as_bytes()]));
            let score = weight / -drawn.ln();
            if best.is_none_or(|(highest, _)| score > highest) {
                best = Some((score, arm));
            }
        }
        best.map(|(_, arm)| arm)
    }
}

/// What a share is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    User,
    Session,
    Key,
    Call,
}

impl By {
    pub(crate) const ALL: &'static [&'static str] = &["user", "session", "key", "call"];

    pub(crate) fn read(value: &Value, reader: &mut Reader) -> Option<Self> {
        Some(match reader.word(value, "subject", Self::ALL)? {
            "session" => Self::Session,
            "key" => Self::Key,
            "call" => Self::Call,
            _ => Self::User,
        })
    }
}

/// Who or what is drawn for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Subject<'a> {
    User(&'a str),
    Session(&'a str),
    Key(&'a str),
    Call(u64),
}

impl<'a> Subject<'a> {
    /// The subject of a call. A call without a user is its session's, one without a session its
    /// key's.
    pub(crate) fn of(facts: &Facts<'a>, by: By) -> Self {
        let user = facts.user.filter(|_| by == By::User).map(Self::User);
        let session = || facts.session.filter(|_| by != By::Key).map(Self::Session);
        match by {
            By::Call => Self::Call(facts.seed),
            By::User | By::Session | By::Key => {
                user.or_else(session).unwrap_or(Self::Key(facts.key_hash))
            }
        }
    }

    /// Its hash beside what tells draws apart.
    pub(crate) fn hash(self, salt: &[&[u8]; 2]) -> u64 {
        let [first, second] = *salt;
        match self {
            Self::User(it) => hash(&[first, second, b"user", it.as_bytes()]),
            Self::Session(it) => hash(&[first, second, b"session", it.as_bytes()]),
            Self::Key(it) => hash(&[first, second, b"key", it.as_bytes()]),
            Self::Call(seed) => hash(&[first, second, b"call", &seed.to_le_bytes()]),
        }
    }
}

/// Most arms of one split.
const ARMS_MAX: usize = 20;
/// Highest weight.
const WEIGHT_MAX: f64 = 1_000_000.0;

/// Reads a split.
pub(crate) fn read(value: &Value, reader: &mut Reader) -> Option<Split> {
    let table = reader.table(value, &["by", "arms"])?;
    let by = reader.member(table, "by", By::read).unwrap_or(By::User);
    let arms = reader.required(table, "arms", arms)?;
    Some(Split { by, rule: Arc::clone(&reader.rule), arms })
}

fn arms(value: &Value, reader: &mut Reader) -> Option<Vec<ArmRule>> {
    let list = reader.list(value)?;
    if list.len() > ARMS_MAX || list.len() < 2 {
        reader.problem(format!("expected 2 to {ARMS_MAX} arms"));
        return None;
    }
    let mut arms: Vec<ArmRule> = Vec::with_capacity(list.len());
    for (index, value) in (0_usize..).zip(list) {
        let Some(arm) = reader.at(&format!("[{index}]"), |reader| arm(value, reader)) else {
            continue;
        };
        if arms.iter().any(|it| it.name == arm.name) {
            reader.at(&format!("[{index}].name"), |reader| {
                reader.problem(format!("there is an arm `{}` already", arm.name));
            });
        }
        arms.push(arm);
    }
    if arms.iter().all(|it| it.weight.most() <= 0.0) {
        reader.problem("expected an arm with a weight above 0");
    }
    (arms.len() == list.len()).then_some(arms)
}

fn arm(value: &Value, reader: &mut Reader) -> Option<ArmRule> {
    let table = reader.any_table(value)?;
    let name = reader.required(table, "name", |it, reader| reader.text(it).map(Arc::from));
    let weight = reader.required(table, "weight", weight);
    let effects = effects(table, &["name", "weight"], reader);
    Some(ArmRule { name: name?, weight: weight?, effects })
}

fn weight(value: &Value, reader: &mut Reader) -> Option<Weight> {
    if !value.is_object() {
        return bounded(value, reader).map(Weight::Constant);
    }
    let table = reader.table(value, &["from", "to", "start", "end"])?;
    let from = reader.required(table, "from", bounded);
    let to = reader.required(table, "to", bounded);
    let start = reader.required(table, "start", |it, reader| reader.instant(it));
    let end = reader.required(table, "end", |it, reader| reader.instant(it));
    let (from, to, start, end) = (from?, to?, start?, end?);
    if start >= end {
        reader.problem("expected start to be before end");
        return None;
    }
    Some(Weight::Ramp { from, to, start, end })
}

fn bounded(value: &Value, reader: &mut Reader) -> Option<f64> {
    let weight = reader.number(value)?;
    let is_in = (0.0..=WEIGHT_MAX).contains(&weight);
    if !is_in {
        reader.problem("expected a weight from 0 to 1000000");
    }
    is_in.then_some(weight)
}
