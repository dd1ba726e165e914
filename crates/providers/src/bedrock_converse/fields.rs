//! What governs the answer: common fields, and those that only some models know (contract §2.1,
//! §2.4).
//!
//! <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters.html>

use serde::Serialize;
use tollgate_wire::chat::{ChatParams, Effort};

use super::claude_tools::ClaudeTool;
use super::model::{Family, Model};
use crate::Target;
use crate::anthropic_messages::encode::{sampling, stop_sequences};
use crate::anthropic_messages::reasoning::{Circumstances, Thinking, plan};
use crate::anthropic_messages::tools::Choice;
use crate::encoding::takes;

/// `inferenceConfig`, which every model knows.
#[derive(Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Inference<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<f64>,
    /// Texts that end the answer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) stop_sequences: Vec<&'a str>,
}

/// `additionalModelRequestFields`: what a model's own protocol has beyond the common one, in that
/// protocol's names.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Own<'a> {
    /// Claude.
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking: Option<Thinking>,
    /// Claude.
    #[serde(skip_serializing_if = "Option::is_none")]
    output_config: Option<WithEffort>,
    /// Claude.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    anthropic_beta: Vec<&'a str>,
    /// Claude.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tool_choice: Option<Choice<'a>>,
    /// Claude: beside those of the common fields.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) tools: Vec<ClaudeTool<'a>>,
    /// Claude and Mistral.
    #[serde(skip_serializing_if = "Option::is_none")]
    top_k: Option<u64>,
    /// Nova.
    #[serde(rename = "inferenceConfig", skip_serializing_if = "Option::is_none")]
    inference_config: Option<TopK>,
    /// The second generation of Nova.
    #[serde(rename = "reasoningConfig", skip_serializing_if = "Option::is_none")]
    reasoning_config: Option<NovaReasoning>,
    /// OpenAI's open models.
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning_effort: Option<&'static str>,
    /// OpenAI's other models.
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning: Option<WithEffort>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
struct WithEffort {
    effort: &'static str,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
struct TopK {
    #[serde(rename = "topK")]
    top_k: u64,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum NovaReasoning {
    Enabled {
        #[serde(rename = "maxReasoningEffort")]
        max_reasoning_effort: &'static str,
    },
    Disabled,
}

impl<'a> Own<'a> {
    /// Asks Claude for the features that the caller asks for.
    pub(super) fn ask_for(&mut self, features: impl Iterator<Item = &'a str>) {
        for feature in features {
            if !self.anthropic_beta.contains(&feature) {
                self.anthropic_beta.push(feature);
            }
        }
    }
}

/// What Claude Opus 4.5 wants before it takes an effort.
const EFFORT_BETA: &str = "effort-2025-11-24";

/// Reads the parameters.
pub(super) fn read<'a>(
    params: &'a ChatParams,
    target: &Target<'_>,
    model: Model,
    circumstances: Circumstances,
) -> (Inference<'a>, Own<'a>) {
    let common = Inference {
        max_tokens: params.max_tokens.map(|it| it.min(target.max_output.unwrap_or(u64::MAX))),
        // The contract's temperature goes to 2, the protocol's to 1.
        temperature: params
            .temperature
            .filter(|_| takes(target, "temperature"))
            .map(|it| it.min(1.0)),
        top_p: params.top_p.filter(|_| takes(target, "top_p")),
        stop_sequences: stop_sequences(params, target),
    };
    let top_k = params.top_k.filter(|top_k| *top_k > 0 && takes(target, "top_k"));
    let effort = wanted_effort(params, target);
    match model.family {
        Family::Claude => claude(params, target, model, circumstances),
        Family::Nova => {
            (common, Own { inference_config: top_k.map(|top_k| TopK { top_k }), ..Own::default() })
        }
        Family::Nova2 => nova(common, top_k, effort),
        Family::Mistral => (common, Own { top_k, ..Own::default() }),
        Family::GptOss => {
            let reasoning_effort = effort.map(three_levels);
            (common, Own { reasoning_effort, ..Own::default() })
        }
        Family::OpenAi => {
            let reasoning = effort.map(|effort| WithEffort { effort: openai_level(effort) });
            (common, Own { reasoning, ..Own::default() })
        }
        Family::Other | Family::Hidden => (common, Own::default()),
    }
}

/// As on Anthropic's own API. A limit is sent only where the caller gave one or a budget needs
/// one: Bedrock sets the whole limit against the account's quota until the answer is there.
fn claude<'a>(
    params: &'a ChatParams,
    target: &Target<'_>,
    model: Model,
    circumstances: Circumstances,
) -> (Inference<'a>, Own<'a>) {
    let plan = plan(params, target, model.claude, circumstances);
    let chosen = sampling(params, target, model.claude, &plan);
    let budgeted = matches!(plan.thinking, Some(Thinking::Enabled { .. }));
    let common = Inference {
        max_tokens: (params.max_tokens.is_some() || budgeted).then_some(plan.max_tokens),
        temperature: chosen.temperature,
        top_p: chosen.top_p,
        stop_sequences: stop_sequences(params, target),
    };
    let needs_beta = plan.effort.is_some() && model.claude.version == Some((4, 5));
    let own = Own {
        thinking: plan.thinking,
        output_config: plan.effort.map(|effort| WithEffort { effort }),
        anthropic_beta: needs_beta.then_some(EFFORT_BETA).into_iter().collect(),
        top_k: chosen.top_k,
        ..Own::default()
    };
    (common, own)
}

/// At the highest effort, Nova takes neither a limit nor sampling.
fn nova(
    common: Inference<'_>,
    top_k: Option<u64>,
    effort: Option<Effort>,
) -> (Inference<'_>, Own<'_>) {
    let level = effort.filter(|effort| *effort != Effort::None).map(three_levels);
    let (common, top_k) = if level == Some("high") {
        (Inference { stop_sequences: common.stop_sequences, ..Inference::default() }, None)
    } else {
        (common, top_k)
    };
    let reasoning_config = effort.map(|_| match level {
        Some(max_reasoning_effort) => NovaReasoning::Enabled { max_reasoning_effort },
        None => NovaReasoning::Disabled,
    });
    let inference_config = top_k.map(|top_k| TopK { top_k });
    (common, Own { inference_config, reasoning_config, ..Own::default() })
}

/// The members of a chat request that a model of another maker than Anthropic is not sent.
pub(super) fn ruled_out(
    params: &ChatParams,
    target: &Target<'_>,
    model: Model,
) -> Vec<&'static str> {
    let is_nova_at_most = model.family == Family::Nova2
        && wanted_effort(params, target).is_some_and(|it| three_levels(it) == "high");
    let takes_top_k = matches!(model.family, Family::Nova | Family::Nova2 | Family::Mistral);
    let reasons = matches!(model.family, Family::Nova2 | Family::GptOss | Family::OpenAi)
        || params.reasoning.wanted() != Some(true);
    let marks = model.takes_markers();
    [
        (false, &["verbosity"][..]),
        (marks, &["cache_control"]),
        (reasons, &["reasoning", "reasoning_effort"]),
        (takes_top_k && !is_nova_at_most, &["top_k"]),
        (!is_nova_at_most, &["max_tokens", "max_completion_tokens", "temperature", "top_p"]),
    ]
    .into_iter()
    .filter_map(|(is_sent, names)| (!is_sent).then_some(names))
    .flatten()
    .copied()
    .collect()
}

/// The effort asked for.
fn wanted_effort(params: &ChatParams, target: &Target<'_>) -> Option<Effort> {
    let wanted = params.reasoning.wanted().filter(|_| takes(target, "reasoning"))?;
    let most = params.max_tokens.or(target.max_output);
    Some(if wanted { params.reasoning.effort_within(most) } else { Effort::None })
}

fn three_levels(effort: Effort) -> &'static str {
    match effort {
        Effort::None | Effort::Minimal | Effort::Low => "low",
        Effort::Medium => "medium",
        Effort::High | Effort::Xhigh | Effort::Max => "high",
    }
}

fn openai_level(effort: Effort) -> &'static str {
    match effort {
        Effort::Minimal => "low",
        Effort::Max => "xhigh",
        other => other.as_str(),
    }
}
