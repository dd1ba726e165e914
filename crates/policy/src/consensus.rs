//! Consensus: several models are asked at once, and the answer that most agree on is told.

mod agree;

use std::sync::Arc;

use serde_json::Value;
use tollgate_types::Usd;

use crate::action::model_names;
use crate::reader::Reader;
use agree::Agree;

/// Models that are asked, and when their answers agree.
#[derive(Debug)]
pub struct Consensus {
    models: Arc<[String]>,
    agree: Agree,
    quorum: Quorum,
    tie: Tie,
}

/// How many answers must agree.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Quorum {
    /// More than half.
    Most,
    Models(usize),
    /// Of those asked, 0 to 1.
    Share(f64),
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Verdict {
    /// Which answer to tell: of those that most agree on, the first in the order of the models.
    /// Nothing when nobody answered.
    pub winner: Option<usize>,
    /// How many answers agree with it, itself included. 0 when none says anything that can be
    /// compared, such as a number where numbers are.
    pub agreeing: usize,
    /// The same as a share of the models asked, 0 to 1.
    pub confidence: f64,
    /// Whether as many agree as the rule asks for.
    pub met: bool,
}

/// Which of two answers is told that as many agree on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tie {
    First,
    Cheapest,
}

impl Consensus {
    /// The models, all of which are asked.
    pub fn models(&self) -> &[String] {
        &self.models
    }

    /// How many answers must agree where so many models are asked: never more than all.
    pub fn quorum(&self, asked: usize) -> usize {
        match self.quorum {
            Quorum::Most => asked / 2 + 1,
            Quorum::Models(models) => models,
            Quorum::Share(share) => {
                let reaches = |models: &usize| count(*models) >= share * count(asked) - 1e-9;
                (1..=asked).find(reaches).unwrap_or(asked)
            }
        }
        .min(asked)
    }

    /// The verdict on the answers, in the order of the models that were asked; nothing for a model
    /// that failed. `costs` stand beside them and decide between groups of the same size, where the
    /// rule says so: without them the first group wins.
    pub fn verdict(&self, answers: &[Option<&str>], costs: &[Usd]) -> Verdict {
        let groups = self.agree.groups(answers);
        let best = self.best(&groups, costs);
        let agreeing = best.map_or(0, Vec::len);
        Verdict {
            winner: best
                .and_then(|group| group.first().copied())
                .or_else(|| answers.iter().position(Option::is_some)),
            agreeing,
            confidence: (count(agreeing) / count(answers.len().max(1))).min(1.0),
            met: agreeing >= self.quorum(answers.len()),
        }
    }

    /// Whether those that are still to come can change neither what is agreed on nor whether enough
    /// agree, whatever they say. `pending` are their places among the answers.
    ///
    /// Texts that agree with the same one need not agree with each other: all that are not with
    /// those in front count as if they were together.
    pub fn is_decided(&self, answers: &[Option<&str>], pending: &[usize]) -> bool {
        let groups = self.agree.groups(answers);
        let Some(ahead) = self.best(&groups, &[]) else { return pending.is_empty() };
        let others = groups.iter().filter(|group| !std::ptr::eq(*group, ahead));
        let sizes = others.clone().map(Vec::len);
        let largest = if self.agree.is_loose() { sizes.sum() } else { sizes.max().unwrap_or(0) };
        let rivals = largest.saturating_add(pending.len());
        let is_before_all = others.flatten().chain(pending).all(|at| ahead.first() < Some(at));
        let wins_ties = self.tie == Tie::First && is_before_all;
        let quorum = self.quorum(answers.len());
        let may_be_met_yet = ahead.len() < quorum && quorum <= ahead.len() + pending.len();
        pending.is_empty()
            || (!may_be_met_yet && (ahead.len() > rivals || (wins_ties && ahead.len() == rivals)))
    }

    /// The group that wins.
    fn best<'g>(&self, groups: &'g [Vec<usize>], costs: &[Usd]) -> Option<&'g Vec<usize>> {
        let mut best: Option<&Vec<usize>> = None;
        for group in groups {
            let is_better = best.is_none_or(|best| {
                group.len() > best.len()
                    || (group.len() == best.len()
                        && self.tie == Tie::Cheapest
                        && cheapest(group, costs) < cheapest(best, costs))
            });
            if is_better {
                best = Some(group);
            }
        }
        best
    }
}

impl PartialEq for Consensus {
    /// Whether both are the same consensus of the same policy.
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

/// What the cheapest answer of a group cost. One of unknown cost is none; a group of such is dear.
fn cheapest(group: &[usize], costs: &[Usd]) -> (bool, Option<Usd>) {
    let least = group.iter().filter_map(|at| costs.get(*at).copied()).min();
    (least.is_none(), least)
}

/// A number of models, to calculate with.
fn count(models: usize) -> f64 {
    u32::try_from(models).map_or(f64::MAX, f64::from)
}

/// Most models of a consensus.
const MODELS_MAX: usize = 8;
const TIES: &[&str] = &["first", "cheapest"];

/// Reads a consensus.
pub(crate) fn read(value: &Value, reader: &mut Reader) -> Option<Consensus> {
    let table = reader.table(value, &["models", "agree", "quorum", "tie"])?;
    let models =
        reader.required(table, "models", |it, reader| model_names(it, (2, MODELS_MAX), reader));
    let agree = reader.member(table, "agree", |it, reader| {
        reader.word(it, "way to agree", Agree::NAMES).map(Agree::from_name)
    });
    let tie = reader.member(table, "tie", |it, reader| {
        let word = reader.word(it, "way to break a tie", TIES)?;
        Some(if word == "cheapest" { Tie::Cheapest } else { Tie::First })
    });
    let count = models.as_ref().map_or(0, |it| it.len());
    let quorum = reader.member(table, "quorum", |it, reader| quorum(it, count, reader));
    Some(Consensus {
        models: models?,
        agree: agree.unwrap_or(Agree::Text),
        quorum: quorum.unwrap_or(Quorum::Most),
        tie: tie.unwrap_or(Tie::First),
    })
}

/// A number of models, or a share of them.
fn quorum(value: &Value, models: usize, reader: &mut Reader) -> Option<Quorum> {
    let count = value.as_u64().and_then(|it| usize::try_from(it).ok());
    if let Some(count) = count.filter(|it| (1..=models).contains(it)) {
        return Some(Quorum::Models(count));
    }
    let share = value.as_f64().filter(|share| count.is_none() && *share > 0.0 && *share <= 1.0);
    // Without models there is a problem already.
    if share.is_none() && models > 0 {
        reader.problem(format!("expected 1 to {models} models, or a share of them such as 0.5"));
    }
    share.map(Quorum::Share)
}
