//! The operator's rules: which of them match a call, and what they make of it.

use std::borrow::Cow;
use std::sync::Arc;

use http::HeaderMap;
use tollgate_catalog::Modality;
use tollgate_policy::{Applied, Decision, Denied, Facts, Policy, Strategy, TEXT_BYTES_MAX};
use tollgate_store::{ArmRecord, Attribution, RuleRecord, StageRecord, SteeredRecord};
use tollgate_types::Timestamp;
use tollgate_wire::router_metadata::{ModelTold, StageTold, StrategyTold};

use crate::asked::Asked;
use crate::expand::Composed;
use crate::{CallError, KeyEntry, Policies, resolve};

/// The kind of call that several models may be asked for.
const CONVERSATION: &str = "completions";

/// Who calls, as far as rules look at it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Caller<'a> {
    pub(crate) key: &'a KeyEntry,
    pub(crate) attribution: &'a Attribution,
    pub(crate) headers: &'a HeaderMap,
}

/// What the rules made of a call, and what came of it.
#[derive(Debug, Default)]
pub(crate) struct Steering {
    pub(crate) decision: Decision,
    version: Option<u64>,
    /// What a router has models do.
    pub(crate) composed: Option<Composed>,
    /// The models that were asked, where rules or a router have several asked.
    pub(crate) stages: Vec<StageRecord>,
    /// Which part of them agreed, in millionths.
    pub(crate) confidence_millionths: Option<u32>,
}

impl Steering {
    /// Asks the rules.
    ///
    /// # Errors
    ///
    /// When one of them refuses the call.
    pub(crate) fn of(
        policies: &Policies,
        call: &impl Asked,
        caller: Caller<'_>,
        (seed, now): (u64, Timestamp),
    ) -> Result<Self, CallError> {
        let mut decision = decide(&policies.policy, call, caller, (seed, now));
        decision.restrictions.extend(caller.key.restriction().cloned());
        if let Some(Denied { rule, message }) = &decision.denied {
            return Err(CallError::Denied { rule: Arc::clone(rule), message: Arc::clone(message) });
        }
        // Vectors and pictures are not judged, nor compared.
        if call.api_type() != CONVERSATION {
            decision.strategy = Strategy::Single;
        }
        match &decision.strategy {
            Strategy::Single => {}
            Strategy::Cascade(it) => decision.models = Some(it.models().into()),
            Strategy::Consensus(it) => decision.models = Some(it.models().into()),
        }
        Ok(Self { decision, version: policies.version, ..Self::default() })
    }

    /// What callers who ask are told of it: the rules that matched, and behind the one with several
    /// models what came of these; and the same of a router that has several asked.
    pub(crate) fn told(&self) -> Vec<StageTold> {
        let stage =
            |it: &StageRecord| ModelTold { model: it.model.clone(), outcome: it.outcome.clone() };
        let strategy = StrategyTold {
            stages: self.stages.iter().map(stage).collect(),
            confidence: self.confidence_millionths.map(|it| f64::from(it) / 1e6),
        };
        let mut data = (!self.stages.is_empty()).then_some(strategy);
        let rule = |it: &Applied| {
            let has_several = it.what.contains("cascade") || it.what.contains("consensus");
            StageTold {
                kind: "plugin",
                name: "policy",
                summary: format!("{}: {}", it.rule, it.what),
                data: data.take_if(|_| has_several),
            }
        };
        let mut told: Vec<StageTold> = self.decision.applied.iter().map(rule).collect();
        let composed = self.composed.as_ref().map(|it| StageTold {
            kind: "plugin",
            name: it.name(),
            summary: it.summary(),
            data: data.take(),
        });
        told.extend(composed);
        told
    }

    /// The record of it, when any rule matched or several models were asked.
    pub(crate) fn record(&self) -> Option<Box<SteeredRecord>> {
        let Decision { applied, labels, arm, .. } = &self.decision;
        if applied.is_empty() && self.stages.is_empty() {
            return None;
        }
        let rule = |it: &Applied| RuleRecord { rule: Arc::clone(&it.rule), what: it.what.clone() };
        let arm = arm
            .as_ref()
            .map(|it| ArmRecord { experiment: Arc::clone(&it.rule), arm: Arc::clone(&it.name) });
        Some(Box::new(SteeredRecord {
            version: self.version,
            rules: applied.iter().map(rule).collect(),
            labels: labels.clone(),
            arm,
            stages: self.stages.clone(),
            confidence_millionths: self.confidence_millionths,
        }))
    }
}

/// What the rules make of a call.
fn decide(
    policy: &Policy,
    call: &impl Asked,
    caller: Caller<'_>,
    (seed, now): (u64, Timestamp),
) -> Decision {
    if policy.is_empty() {
        return Decision::default();
    }
    let Caller { key, attribution, headers } = caller;
    let (params, parameters) = (call.params(), call.parameters());
    let words = |modalities: &[Modality]| -> Vec<&'static str> {
        modalities.iter().map(|it| it.as_str()).collect()
    };
    let models: Vec<String> = params.model.iter().chain(&params.models).cloned().collect();
    policy.decide(&Facts {
        key_name: &key.record.name,
        key_hash: &key.record.hash.to_hex(),
        workspace: &key.record.workspace_id,
        tags: &attribution.tags,
        header: &|name| headers.get(name)?.to_str().ok(),
        models: &models,
        dialect: call.dialect_name(),
        operation: call.api_type(),
        stream: params.stream,
        prompt_tokens: resolve::prompt_tokens(call),
        max_tokens: params.max_tokens,
        messages: call.survey().messages,
        input: &words(&resolve::input(call)),
        output: &words(&call.output()),
        parameters: &parameters,
        user: params.user.as_deref(),
        session: attribution.session_id.as_deref(),
        spent: key.share_spent(now),
        text: &|| Cow::Owned(call.user_text(TEXT_BYTES_MAX)),
        now,
        seed,
    })
}
