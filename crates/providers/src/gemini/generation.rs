//! `generationConfig`: sampling, the form of the answer, and how to think (contract §2.1, §2.4).

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tollgate_wire::chat::{ChatParams, Effort, ResponseFormat};

use super::model::{Budget, Model, ThinkingStyle};
use crate::encoding::{takes, told_json};
use crate::{Target, Unsupported};

/// `generationConfig`.
#[derive(Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Generation<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_k: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_output_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    stop_sequences: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    presence_penalty: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    frequency_penalty: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_logprobs: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    logprobs: Option<u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    response_modalities: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_mime_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_json_schema: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking_config: Option<ThinkingConfig>,
    #[serde(skip_serializing_if = "Option::is_none")]
    image_config: Option<ImageConfig>,
}

/// How pictures are drawn, of chat's `image_config` (contract §2.1).
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all(serialize = "camelCase"), default)]
struct ImageConfig {
    #[serde(skip_serializing_if = "Option::is_none")]
    aspect_ratio: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    image_size: Option<String>,
}

#[derive(Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct ThinkingConfig {
    include_thoughts: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking_budget: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking_level: Option<&'static str>,
}

/// What the second generation and later write at most, for an endpoint whose limit is unknown.
const MAX_OUTPUT_DEFAULT: u64 = 65_536;

impl<'a> Generation<'a> {
    /// Reads the parameters, all but the form of the answer.
    pub(super) fn read(params: &'a ChatParams, target: &Target<'_>, model: Model) -> Self {
        let number = |name: &str, value: Option<f64>| value.filter(|_| takes(target, name));
        let logprobs = params.logprobs == Some(true) && takes(target, "logprobs");
        let bounded = |tokens: u64| tokens.min(target.max_output.unwrap_or(u64::MAX));
        let mut read = Self {
            temperature: number("temperature", params.temperature),
            top_p: number("top_p", params.top_p),
            top_k: params.top_k.filter(|top_k| *top_k > 0 && takes(target, "top_k")),
            max_output_tokens: params.max_tokens.map(bounded),
            stop_sequences: stop_sequences(params, target),
            seed: params.seed.filter(|_| takes(target, "seed")).and_then(seed),
            presence_penalty: number("presence_penalty", params.presence_penalty),
            frequency_penalty: number("frequency_penalty", params.frequency_penalty),
            response_logprobs: logprobs.then_some(true),
            logprobs: params.top_logprobs.filter(|count| logprobs && *count > 0),
            response_modalities: params.modalities.iter().map(|it| it.to_uppercase()).collect(),
            response_mime_type: None,
            response_json_schema: None,
            thinking_config: thinking(params, target, model),
            image_config: None,
        };
        read.make_room(target);
        read
    }

    /// Thoughts are part of what is bounded: where they would leave no room for an answer, the
    /// bound grows by them as far as the endpoint goes.
    fn make_room(&mut self, target: &Target<'_>) {
        let budget = self.thinking_config.as_mut().and_then(|it| it.thinking_budget.as_mut());
        let (Some(budget), Some(bound)) = (budget, &mut self.max_output_tokens) else { return };
        if *budget >= *bound {
            let most = target.max_output.unwrap_or(MAX_OUTPUT_DEFAULT);
            *bound = bound.saturating_add(*budget).min(most);
            *budget = (*budget).min(bound.saturating_sub(1));
        }
    }

    /// Takes chat's `image_config`, as JSON: what the provider knows of it.
    pub(super) fn draw(&mut self, config: Option<&str>) {
        let config = config.and_then(|json| serde_json::from_str(json).ok());
        self.image_config = config.filter(|it| *it != ImageConfig::default());
    }

    /// Asks for the form of the answer. Earlier models refuse one together with tools: then what
    /// they must be told instead is returned.
    pub(super) fn form(
        &mut self,
        asked: Option<&'a ResponseFormat>,
        with_tools: bool,
        model: Model,
    ) -> Result<Option<String>, Unsupported> {
        let schema = match asked {
            None | Some(ResponseFormat::Text) => return Ok(None),
            Some(ResponseFormat::JsonObject) => None,
            Some(ResponseFormat::JsonSchema { schema, .. }) => schema.as_ref(),
            Some(ResponseFormat::Grammar { .. }) => {
                return Err(Unsupported("answers by a grammar".to_owned()));
            }
            Some(ResponseFormat::Python) => {
                return Err(Unsupported("answers in Python".to_owned()));
            }
        };
        if !with_tools || model.is_third_generation() {
            self.response_mime_type = Some("application/json");
            self.response_json_schema = schema;
            return Ok(None);
        }
        Ok(Some(told_json(schema, true)))
    }
}

fn stop_sequences<'a>(params: &'a ChatParams, target: &Target<'_>) -> Vec<&'a str> {
    if !takes(target, "stop") {
        return Vec::new();
    }
    params.stop.iter().map(String::as_str).filter(|stop| !stop.is_empty()).collect()
}

/// The provider's seeds have 32 bits; a wider one is folded, which keeps it repeatable.
pub(super) fn seed(seed: i64) -> Option<i32> {
    i32::try_from(seed).or_else(|_| i32::try_from(seed & 0x7fff_ffff)).ok()
}

fn thinking(params: &ChatParams, target: &Target<'_>, model: Model) -> Option<ThinkingConfig> {
    if !params.reasoning.requested || !takes(target, "reasoning") {
        return None;
    }
    let wanted = params.reasoning.wanted();
    let plain = ThinkingConfig {
        include_thoughts: !params.reasoning.exclude && wanted != Some(false),
        ..ThinkingConfig::default()
    };
    match model.thinking() {
        ThinkingStyle::Unavailable => None,
        ThinkingStyle::Fixed => Some(plain),
        ThinkingStyle::Budget(bounds) => {
            let thinking_budget = budget(params, target, bounds);
            Some(ThinkingConfig { thinking_budget, ..plain })
        }
        ThinkingStyle::Level => {
            let effort = effort(params, target);
            let thinking_level = effort.map(|effort| model.level(effort));
            Some(ThinkingConfig { thinking_level, ..plain })
        }
    }
}

fn budget(params: &ChatParams, target: &Target<'_>, bounds: Budget) -> Option<u64> {
    if !params.reasoning.wanted()? {
        return Some(bounds.off);
    }
    let by_effort = || {
        let percent = params.reasoning.effort_or_default().percent_of_max_tokens();
        max_tokens(params, target).saturating_mul(percent) / 100
    };
    let tokens = params.reasoning.max_tokens.unwrap_or_else(by_effort);
    Some(tokens.clamp(bounds.min, bounds.max))
}

/// The effort asked for.
fn effort(params: &ChatParams, target: &Target<'_>) -> Option<Effort> {
    let most = Some(max_tokens(params, target));
    let wanted = params.reasoning.wanted()?;
    Some(if wanted { params.reasoning.effort_within(most) } else { Effort::None })
}

fn max_tokens(params: &ChatParams, target: &Target<'_>) -> u64 {
    let most = target.max_output.unwrap_or(MAX_OUTPUT_DEFAULT);
    params.max_tokens.map_or(most, |asked| asked.min(most))
}
