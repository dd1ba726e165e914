//! The parameters of a chat request: their types and bounds (contract §2.1).

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::chat::shapes;
use crate::error::BadRequest;
use crate::json::{kind_of, whole, whole_member, wrong_type};

/// Everything of a request but its messages and tools, checked.
///
/// A parameter the caller did not send, or sent as `null`, is `None`: nothing is defaulted on the
/// caller's behalf.
#[derive(Debug, Clone, Default)]
pub struct ChatParams {
    /// Model asked for.
    pub model: Option<String>,
    /// Models to fall back to, in order.
    pub models: Vec<String>,
    /// Whether the answer is streamed.
    pub stream: bool,
    /// Most tokens to generate; `max_tokens` and `max_completion_tokens` are synonyms.
    pub max_tokens: Option<u64>,
    /// Sampling temperature, 0 to 2.
    pub temperature: Option<f64>,
    /// Nucleus sampling, above 0 to 1; 0 too in dialects whose makers take it.
    pub top_p: Option<f64>,
    /// Only the k likeliest tokens.
    pub top_k: Option<u64>,
    /// Least probability relative to the likeliest token, 0 to 1.
    pub min_p: Option<f64>,
    /// As `min_p`, squared, 0 to 1.
    pub top_a: Option<f64>,
    /// −2 to 2.
    pub frequency_penalty: Option<f64>,
    /// −2 to 2.
    pub presence_penalty: Option<f64>,
    /// Above 0 to 2.
    pub repetition_penalty: Option<f64>,
    /// For repeatable sampling, best effort.
    pub seed: Option<i64>,
    /// Up to four texts that end the answer.
    pub stop: Vec<String>,
    /// Whether to return token probabilities.
    pub logprobs: Option<bool>,
    /// How many alternatives per token, 0 to 20.
    pub top_logprobs: Option<u64>,
    /// Whether several tools may be called at once.
    pub parallel_tool_calls: Option<bool>,
    /// What form the answer must have.
    pub response_format: Option<ResponseFormat>,
    /// Whether and how the model should reason (§2.4).
    pub reasoning: Reasoning,
    /// Length and detail of the answer.
    pub verbosity: Option<String>,
    /// Kinds of output wanted, e.g. `text`, `image`.
    pub modalities: Vec<String>,
    /// The end user, as the caller names them.
    pub user: Option<String>,
    /// Groups calls, and keeps them on one endpoint.
    pub session_id: Option<String>,
    /// Tier asked for.
    pub service_tier: Option<String>,
}

/// How hard to think (§2.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Effort {
    /// Not at all.
    None,
    /// The least the model can.
    Minimal,
    /// Little.
    Low,
    /// The middle.
    Medium,
    /// Much.
    High,
    /// More than that.
    Xhigh,
    /// All it can.
    Max,
}

impl Effort {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Minimal => "minimal",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Xhigh => "xhigh",
            Self::Max => "max",
        }
    }

    /// The share of `max_tokens` it stands for, in hundredths (§2.4).
    pub const fn percent_of_max_tokens(self) -> u64 {
        match self {
            Self::None => 0,
            Self::Minimal => 10,
            Self::Low => 20,
            Self::Medium => 50,
            Self::High => 80,
            Self::Xhigh | Self::Max => 95,
        }
    }
}

/// What the caller wants of reasoning, from `reasoning`, `reasoning_effort` and
/// `include_reasoning` together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reasoning {
    /// Whether the caller said anything about it.
    pub requested: bool,
    /// `false` switches it off, as does the effort `none`.
    pub enabled: Option<bool>,
    /// How hard to think.
    pub effort: Option<Effort>,
    /// Most tokens to think with.
    pub max_tokens: Option<u64>,
    /// Think, but don't show it.
    pub exclude: bool,
    /// Which summary to show: `auto`, `concise` or `detailed`.
    pub summary: Option<String>,
}

impl Reasoning {
    /// Whether the model should reason: `None` leaves it to the model.
    pub fn wanted(&self) -> Option<bool> {
        match (self.enabled, self.effort) {
            (Some(false), _) | (_, Some(Effort::None)) => Some(false),
            (Some(true), _) | (_, Some(_)) => Some(true),
            _ if self.max_tokens.is_some() => Some(true),
            _ => None,
        }
    }

    /// The effort in force when reasoning is wanted; `enabled` alone means medium.
    pub fn effort_or_default(&self) -> Effort {
        self.effort.unwrap_or(Effort::Medium)
    }

    /// The same for who knows no budgets: a number of tokens is the least effort whose share of
    /// `most` tokens it fits in (§2.4: the same ladder both ways).
    pub fn effort_within(&self, most: Option<u64>) -> Effort {
        let (None, Some(budget), Some(most @ 1..)) = (self.effort, self.max_tokens, most) else {
            return self.effort_or_default();
        };
        let percent = budget.saturating_mul(100) / most;
        let ladder = [Effort::Minimal, Effort::Low, Effort::Medium, Effort::High];
        let fits = |effort: &Effort| percent <= effort.percent_of_max_tokens();
        ladder.into_iter().find(fits).unwrap_or(Effort::Xhigh)
    }
}

/// `response_format` (§2.1).
#[derive(Debug, Clone)]
pub enum ResponseFormat {
    /// Plain text.
    Text,
    /// Any JSON object.
    JsonObject,
    /// JSON by a schema.
    JsonSchema {
        /// Name of the schema.
        name: String,
        /// What it is for.
        description: Option<String>,
        /// The schema itself.
        schema: Option<Value>,
        /// Whether it must be followed to the letter.
        strict: Option<bool>,
    },
    /// Text by a grammar.
    Grammar {
        /// The grammar.
        grammar: String,
    },
    /// Python code.
    Python,
}

#[derive(Deserialize)]
struct ReasoningObject {
    enabled: Option<bool>,
    effort: Option<Effort>,
    #[serde(default, deserialize_with = "whole_member")]
    max_tokens: Option<u64>,
    exclude: Option<bool>,
    summary: Option<String>,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum ResponseFormatObject {
    Text,
    JsonObject,
    JsonSchema { json_schema: JsonSchemaObject },
    Grammar { grammar: String },
    Python,
}

#[derive(Deserialize)]
struct JsonSchemaObject {
    #[serde(default)]
    name: String,
    description: Option<String>,
    schema: Option<Value>,
    strict: Option<bool>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

/// Longest `user` and `session_id` taken (§2.1).
const ID_CHARACTERS_MAX: usize = 256;
/// Most stop sequences taken (§2.1).
pub(crate) const STOPS_MAX: usize = 4;
const MODELS_MAX: usize = 64;

impl ChatParams {
    /// Takes the parameter `key`, or checks the form of one that is only passed on; unknown keys
    /// and `null` are left alone.
    pub(crate) fn take(&mut self, key: &str, value: &RawValue) -> Result<(), BadRequest> {
        if value.get() == "null" {
            return Ok(());
        }
        match key {
            "model" => self.model = Some(parse(key, value, "string")?),
            "models" => {
                self.models = at_most(key, parse(key, value, "array of strings")?, MODELS_MAX)?;
            }
            "stream" => self.stream = parse(key, value, "boolean")?,
            "max_tokens" | "max_completion_tokens" => {
                let tokens = integer(key, value, 1, None)?;
                // Synonyms: the smaller one bounds both.
                self.max_tokens = Some(self.max_tokens.map_or(tokens, |other| other.min(tokens)));
            }
            "seed" => {
                let seed = whole(value.get());
                self.seed = Some(seed.ok_or_else(|| wrong_type(key, "integer", value.get()))?);
            }
            "top_k" => self.top_k = Some(integer(key, value, 0, None)?),
            "logprobs" => self.logprobs = Some(parse(key, value, "boolean")?),
            "top_logprobs" => self.top_logprobs = Some(integer(key, value, 0, Some(20))?),
            "n" => only_one_choice(integer(key, value, 1, None)?)?,
            "parallel_tool_calls" => self.parallel_tool_calls = Some(parse(key, value, "boolean")?),
            "response_format" => self.response_format = Some(response_format(value)?),
            "reasoning" | "reasoning_effort" | "include_reasoning" => {
                self.take_reasoning(key, value)?;
            }
            "user" | "session_id" | "verbosity" | "service_tier" | "modalities" | "stop" => {
                self.take_text(key, value)?;
            }
            _ => self.take_sampling(key, value)?,
        }
        Ok(())
    }

    /// Checks the bounds that chat draws narrower than other dialects (§2.1).
    pub(super) fn check_chats_bounds(&self) -> Result<(), BadRequest> {
        if self.top_p.is_some_and(|top_p| top_p <= 0.0) {
            return Err(BadRequest::new(
                "top_p: Number must be greater than 0 and at most 1, received 0",
            ));
        }
        Ok(())
    }

    fn take_sampling(&mut self, key: &str, value: &RawValue) -> Result<(), BadRequest> {
        let (slot, least, most, open) = match key {
            "temperature" => (&mut self.temperature, 0.0, 2.0, false),
            "top_p" => (&mut self.top_p, 0.0, 1.0, false),
            "min_p" => (&mut self.min_p, 0.0, 1.0, false),
            "top_a" => (&mut self.top_a, 0.0, 1.0, false),
            "frequency_penalty" => (&mut self.frequency_penalty, -2.0, 2.0, false),
            "presence_penalty" => (&mut self.presence_penalty, -2.0, 2.0, false),
            "repetition_penalty" => (&mut self.repetition_penalty, 0.0, 2.0, true),
            _ => return shapes::check(key, value),
        };
        let number: f64 = parse(key, value, "number")?;
        let above = if open { number > least } else { number >= least };
        if !above || number > most {
            let bound = if open { "greater than" } else { "at least" };
            return Err(BadRequest::new(format!(
                "{key}: Number must be {bound} {least} and at most {most}, received {number}"
            )));
        }
        *slot = Some(number);
        Ok(())
    }

    fn take_text(&mut self, key: &str, value: &RawValue) -> Result<(), BadRequest> {
        match key {
            "user" => self.user = Some(bounded(key, value)?),
            "session_id" => self.session_id = Some(bounded(key, value)?),
            "verbosity" => {
                let known = ["low", "medium", "high", "xhigh", "max"];
                self.verbosity = Some(one_of(key, value, &known)?);
            }
            "service_tier" => {
                let known =
                    ["auto", "default", "flex", "priority", "fast", "scale", "standard_only"];
                self.service_tier = Some(one_of(key, value, &known)?);
            }
            "modalities" => self.modalities = parse(key, value, "array of strings")?,
            _ => {
                let stops = match parse(key, value, "string or array of strings")? {
                    OneOrMany::One(stop) => vec![stop],
                    OneOrMany::Many(stops) => stops,
                };
                self.stop = at_most(key, stops, STOPS_MAX)?;
            }
        }
        Ok(())
    }

    fn take_reasoning(&mut self, key: &str, value: &RawValue) -> Result<(), BadRequest> {
        self.reasoning.requested = true;
        match key {
            "include_reasoning" => {
                let include: bool = parse(key, value, "boolean")?;
                self.reasoning.exclude = self.reasoning.exclude || !include;
            }
            "reasoning_effort" => self.take_effort(parse(key, value, EFFORTS)?)?,
            _ => {
                let object: ReasoningObject = parse(key, value, REASONING)?;
                if object.effort.is_some() && object.max_tokens.is_some() {
                    return Err(BadRequest::new(
                        "reasoning: Only one of \"reasoning.effort\" and \"reasoning.max_tokens\" can be specified",
                    ));
                }
                if let Some(effort) = object.effort {
                    self.take_effort(effort)?;
                }
                self.reasoning.enabled = object.enabled;
                self.reasoning.max_tokens = object.max_tokens;
                self.reasoning.exclude = self.reasoning.exclude || object.exclude.unwrap_or(false);
                self.reasoning.summary = object.summary;
            }
        }
        Ok(())
    }

    /// `reasoning_effort` and `reasoning.effort` may both be sent when they agree (§2.1).
    fn take_effort(&mut self, effort: Effort) -> Result<(), BadRequest> {
        match self.reasoning.effort {
            Some(other) if other != effort => Err(BadRequest::new(format!(
                "reasoning_effort: conflicts with reasoning.effort ({} and {})",
                other.as_str(),
                effort.as_str()
            ))),
            _ => {
                self.reasoning.effort = Some(effort);
                Ok(())
            }
        }
    }
}

const EFFORTS: &str = "one of none, minimal, low, medium, high, xhigh, max";
const REASONING: &str = "object with enabled, effort (none, minimal, low, medium, high, xhigh, max), max_tokens, exclude or summary";

/// Reads a value of a known type, or says which type was expected and which came.
pub(super) fn parse<T: DeserializeOwned>(
    key: &str,
    value: &RawValue,
    expected: &str,
) -> Result<T, BadRequest> {
    serde_json::from_str(value.get()).map_err(|_| wrong_type(key, expected, value.get()))
}

fn integer(key: &str, value: &RawValue, least: u64, most: Option<u64>) -> Result<u64, BadRequest> {
    let text = value.get();
    let number: u64 = whole(text).ok_or_else(|| {
        BadRequest::new(format!(
            "{key}: Expected integer of at least {least}, received {}",
            kind_of(text)
        ))
    })?;
    if number < least || most.is_some_and(|most| number > most) {
        let upper = most.map_or_else(String::new, |most| format!(" and at most {most}"));
        return Err(BadRequest::new(format!(
            "{key}: Number must be at least {least}{upper}, received {number}"
        )));
    }
    Ok(number)
}

fn only_one_choice(n: u64) -> Result<(), BadRequest> {
    if n == 1 {
        return Ok(());
    }
    Err(BadRequest::new("n: Only one choice per request is supported; send n requests instead"))
}

fn at_most(key: &str, list: Vec<String>, most: usize) -> Result<Vec<String>, BadRequest> {
    if list.len() > most {
        return Err(BadRequest::new(format!(
            "{key}: Array must contain at most {most} elements, received {}",
            list.len()
        )));
    }
    Ok(list)
}

fn bounded(key: &str, value: &RawValue) -> Result<String, BadRequest> {
    let text: String = parse(key, value, "string")?;
    if text.chars().count() > ID_CHARACTERS_MAX {
        return Err(BadRequest::new(format!(
            "{key}: String must contain at most {ID_CHARACTERS_MAX} characters"
        )));
    }
    Ok(text)
}

fn one_of(key: &str, value: &RawValue, known: &[&str]) -> Result<String, BadRequest> {
    let text: String = parse(key, value, "string")?;
    if known.contains(&text.as_str()) {
        return Ok(text);
    }
    Err(BadRequest::new(format!(
        "{key}: Expected one of {}, received \"{text}\"",
        known.join(", ")
    )))
}

fn response_format(value: &RawValue) -> Result<ResponseFormat, BadRequest> {
    let known =
        "object with type text, json_object, json_schema (with json_schema), grammar or python";
    Ok(match parse("response_format", value, known)? {
        ResponseFormatObject::Text => ResponseFormat::Text,
        ResponseFormatObject::JsonObject => ResponseFormat::JsonObject,
        ResponseFormatObject::Grammar { grammar } => ResponseFormat::Grammar { grammar },
        ResponseFormatObject::Python => ResponseFormat::Python,
        ResponseFormatObject::JsonSchema { json_schema: it } => {
            if it.name.chars().count() > 64 {
                return Err(BadRequest::new(
                    "response_format.json_schema.name: String must contain at most 64 characters",
                ));
            }
            ResponseFormat::JsonSchema {
                name: it.name,
                description: it.description,
                schema: it.schema,
                strict: it.strict,
            }
        }
    })
}
