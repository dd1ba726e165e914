//! How what rules made of a call lies in its column, beside the plan.

use std::borrow::Cow;

use crate::{ArmRecord, RuleRecord, StageRecord, SteeredRecord};
use serde::{Deserialize, Serialize};
use tollgate_types::Usd;

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct SteeredRow<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<u64>,
    #[serde(borrow)]
    rules: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    #[serde(borrow, skip_serializing_if = "Vec::is_empty")]
    labels: Vec<Cow<'a, str>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    arm: Option<(Cow<'a, str>, Cow<'a, str>)>,
    #[serde(borrow, skip_serializing_if = "Vec::is_empty")]
    stages: Vec<StageRow<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    confidence: Option<u32>,
}

#[derive(Debug, Serialize, Deserialize)]
struct StageRow<'a> {
    #[serde(borrow)]
    model: Cow<'a, str>,
    #[serde(borrow)]
    outcome: Cow<'a, str>,
    /// Nano-dollars.
    cost: i64,
}

impl<'a> SteeredRow<'a> {
    pub(super) fn of(record: &'a SteeredRecord) -> Self {
        let rule = |it: &'a RuleRecord| ((&*it.rule).into(), (&*it.what).into());
        let arm = |it: &'a ArmRecord| ((&*it.experiment).into(), (&*it.arm).into());
        let stage = |it: &'a StageRecord| StageRow {
            model: (&*it.model).into(),
            outcome: (&*it.outcome).into(),
            cost: it.cost.nanos(),
        };
        Self {
            version: record.version,
            rules: record.rules.iter().map(rule).collect(),
            labels: record.labels.iter().map(|it| (&**it).into()).collect(),
            arm: record.arm.as_ref().map(arm),
            stages: record.stages.iter().map(stage).collect(),
            confidence: record.confidence_millionths,
        }
    }

    pub(super) fn into_record(self) -> SteeredRecord {
        let rule = |(rule, what): (Cow<'_, str>, Cow<'_, str>)| RuleRecord {
            rule: rule.as_ref().into(),
            what: what.into_owned().into(),
        };
        let arm = |(experiment, arm): (Cow<'_, str>, Cow<'_, str>)| ArmRecord {
            experiment: experiment.as_ref().into(),
            arm: arm.as_ref().into(),
        };
        let stage = |it: StageRow<'_>| StageRecord {
            model: it.model.into_owned(),
            outcome: it.outcome.into_owned(),
            cost: Usd::from_nanos(it.cost),
        };
        SteeredRecord {
            version: self.version,
            rules: self.rules.into_iter().map(rule).collect(),
            labels: self.labels.into_iter().map(|it| it.as_ref().into()).collect(),
            arm: self.arm.map(arm),
            stages: self.stages.into_iter().map(stage).collect(),
            confidence_millionths: self.confidence,
        }
    }
}
