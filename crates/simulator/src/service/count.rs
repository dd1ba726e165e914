//! Counting the tokens of a request, in each protocol that has it. Fields that only an answer needs
//! are refused, as they are by the real ones.

use bytes::Bytes;
use serde_json::{Value, json};

use super::{Exchange, Outcome};
use crate::failure::Failure;
use crate::prompt::Prompt;
use crate::protocol::Protocol;
use crate::{anthropic, bedrock, gemini, responses};

/// Source: <https://docs.anthropic.com/en/api/messages-count-tokens>.
const OF_ANTHROPIC: &[&str] = &[
    "cache_control",
    "context_management",
    "mcp_servers",
    "messages",
    "model",
    "output_config",
    "output_format",
    "speed",
    "system",
    "thinking",
    "tool_choice",
    "tools",
];

/// Source: <https://platform.openai.com/docs/api-reference/responses/input-tokens>.
const OF_RESPONSES: &[&str] = &[
    "conversation",
    "input",
    "instructions",
    "model",
    "parallel_tool_calls",
    "personality",
    "previous_response_id",
    "reasoning",
    "text",
    "tool_choice",
    "tools",
    "truncation",
];

/// Source:
/// <https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/count-tokens>.
const OF_VERTEX: &[&str] =
    &["contents", "generationConfig", "instances", "model", "systemInstruction", "tools"];

/// Source:
/// <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseTokensRequest.html>.
const OF_CONVERSE: &[&str] = &["additionalModelRequestFields", "messages", "system", "toolConfig"];

impl Exchange {
    pub(super) fn count(&self, body: &Bytes) -> Result<Outcome, Failure> {
        let body = self.parsed(body)?;
        let answer = match self.protocol {
            Protocol::Gemini => {
                let inner = body.get("generateContentRequest").unwrap_or(&body);
                json!({ "totalTokens": gemini::read_prompt(inner)?.tokens() })
            }
            Protocol::Vertex => json!({ "totalTokens": of_vertex(&body)?.tokens() }),
            Protocol::Bedrock => json!({ "inputTokens": of_bedrock(&body)?.tokens() }),
            Protocol::Responses | Protocol::AzureResponses => {
                let tokens = of_responses(&body)?.tokens();
                json!({ "object": "response.input_tokens", "input_tokens": tokens })
            }
            Protocol::VertexAnthropic => json!({ "input_tokens": of_claude(body)?.tokens() }),
            // No path leads here for the others.
            _ => json!({ "input_tokens": of_anthropic(&body)?.tokens() }),
        };
        Ok(Outcome::json(&answer))
    }
}

fn of_vertex(body: &Value) -> Result<Prompt, Failure> {
    let unknown = |name: &str| {
        let place = "Cannot find field.";
        Failure::invalid(format!("Invalid JSON payload received. Unknown name \"{name}\": {place}"))
    };
    unknown_field(body, OF_VERTEX).map_or(Ok(()), |name| Err(unknown(name)))?;
    gemini::read_prompt(body)
}

fn of_bedrock(body: &Value) -> Result<Prompt, Failure> {
    let Some(converse) = body.pointer("/input/converse") else {
        return Err(Failure::invalid("The input field must have exactly one member"));
    };
    if let Some(name) = unknown_field(converse, OF_CONVERSE) {
        return Err(Failure::invalid(format!("Unexpected field: input.converse.{name}")));
    }
    bedrock::read_prompt(converse)
}

fn of_responses(body: &Value) -> Result<Prompt, Failure> {
    if let Some(name) = unknown_field(body, OF_RESPONSES) {
        let message = format!("Unknown parameter: '{name}'.");
        return Err(Failure::invalid_param(message, name, Some("unknown_parameter")));
    }
    responses::read_prompt(body)
}

/// At Google the path says that tokens are counted, so the body names the model.
fn of_claude(mut body: Value) -> Result<Prompt, Failure> {
    if body.get("model").is_none() {
        return Err(Failure::invalid("model: Field required"));
    }
    if let Some(fields) = body.as_object_mut() {
        fields.remove("anthropic_version");
    }
    of_anthropic(&body)
}

fn of_anthropic(body: &Value) -> Result<Prompt, Failure> {
    if let Some(name) = unknown_field(body, OF_ANTHROPIC) {
        return Err(Failure::invalid(format!("{name}: Extra inputs are not permitted")));
    }
    anthropic::read_prompt(body)
}

/// The first field that is not among `known`.
fn unknown_field<'a>(body: &'a Value, known: &[&str]) -> Option<&'a str> {
    let mut names = body.as_object().into_iter().flatten().map(|(name, _)| name.as_str());
    names.find(|name| !known.contains(name))
}
