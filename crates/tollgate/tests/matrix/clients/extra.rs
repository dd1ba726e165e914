//! What few dialects have words for: each in the words of its dialect, or said to have none.

use serde_json::{Value, json};

use super::{Client, Sent};
use crate::question::{Flaw, Proof, set};

/// Something more to ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extra {
    /// Against repetition.
    Penalties,
    /// Against a token.
    LogitBias,
    /// What the answer will probably be.
    Prediction,
    /// Two answers at once.
    Several,
    /// The probabilities of tokens, with one other of each.
    Logprobs,
    /// A tier of service.
    Tier,
    /// A member nobody has heard of.
    Unknown,
    /// Arguments that follow their schema to the letter.
    StrictTools,
    /// A feature of Anthropic's that is asked for in a header.
    Beta,
    /// Pictures in the answer.
    Pictures,
    /// Sound in the answer.
    Sound,
}

/// The member nobody has heard of.
pub(crate) const UNKNOWN: &str = "x_matrix_knob";
/// The feature that is asked for in a header.
pub(crate) const BETA: &str = "context-1m-2025-08-07";

/// Adds it to a request.
pub(super) fn add(client: Client, extra: Extra, sent: &mut Sent) -> Proof {
    match extra {
        Extra::Penalties => penalties(client, &mut sent.body),
        Extra::LogitBias => {
            of_chat(client, &mut sent.body, "logit_bias", json!({ "50256": -100 }), "no logit bias")
        }
        Extra::Prediction => {
            let prediction = json!({ "type": "content", "content": "probably this" });
            of_chat(client, &mut sent.body, "prediction", prediction, "no prediction")
        }
        Extra::Several => several(client, &mut sent.body),
        Extra::Logprobs => logprobs(client, &mut sent.body),
        Extra::Tier => tier(client, &mut sent.body),
        Extra::Unknown => {
            set(&mut sent.body, UNKNOWN, 7);
            Ok(())
        }
        Extra::StrictTools => strict_tools(client, sent),
        Extra::Beta => {
            sent.headers.push(("anthropic-beta", BETA));
            Ok(())
        }
        Extra::Pictures => modalities(client, &mut sent.body, "image"),
        Extra::Sound => modalities(client, &mut sent.body, "audio"),
    }
}

/// What only chat and the dialect beside it have.
fn of_chat(
    client: Client,
    body: &mut Value,
    name: &str,
    value: Value,
    none: &'static str,
) -> Proof {
    match client {
        Client::Chat | Client::Completions => set(body, name, value),
        Client::Responses | Client::Messages | Client::Gemini | Client::Ollama => {
            return Err(Flaw::Unsayable(none));
        }
    }
    Ok(())
}

fn penalties(client: Client, body: &mut Value) -> Proof {
    match client {
        Client::Chat | Client::Completions | Client::Responses => {
            set(body, "frequency_penalty", 0.25);
            set(body, "presence_penalty", 0.5);
        }
        Client::Gemini => {
            within(body, "generationConfig", "frequencyPenalty", 0.25);
            within(body, "generationConfig", "presencePenalty", 0.5);
        }
        Client::Ollama => {
            within(body, "options", "frequency_penalty", 0.25);
            within(body, "options", "presence_penalty", 0.5);
        }
        Client::Messages => return Err(Flaw::Unsayable("there are no penalties")),
    }
    Ok(())
}

fn several(client: Client, body: &mut Value) -> Proof {
    match client {
        Client::Chat | Client::Completions => set(body, "n", 2),
        Client::Gemini => within(body, "generationConfig", "candidateCount", 2),
        Client::Responses | Client::Messages | Client::Ollama => {
            return Err(Flaw::Unsayable("an answer is one"));
        }
    }
    Ok(())
}

fn logprobs(client: Client, body: &mut Value) -> Proof {
    match client {
        Client::Chat | Client::Ollama => {
            set(body, "logprobs", true);
            set(body, "top_logprobs", 1);
        }
        Client::Completions => set(body, "logprobs", 1),
        Client::Responses => {
            set(body, "top_logprobs", 1);
            set(body, "include", json!(["message.output_text.logprobs"]));
        }
        Client::Gemini => {
            within(body, "generationConfig", "responseLogprobs", true);
            within(body, "generationConfig", "logprobs", 1);
        }
        Client::Messages => return Err(Flaw::Unsayable("there are no probabilities")),
    }
    Ok(())
}

/// What others call priority is a speed to Anthropic's own clients.
fn tier(client: Client, body: &mut Value) -> Proof {
    match client {
        Client::Chat | Client::Completions | Client::Responses => {
            set(body, "service_tier", "priority");
        }
        Client::Messages => set(body, "speed", "fast"),
        Client::Gemini => set(body, "serviceTier", "priority"),
        Client::Ollama => return Err(Flaw::Unsayable("there are no tiers")),
    }
    Ok(())
}

fn strict_tools(client: Client, sent: &mut Sent) -> Proof {
    let Sent { headers, body, .. } = sent;
    // Anthropic wants to be asked for it.
    headers.push(("anthropic-beta", "structured-outputs-2025-11-13"));
    let path = match client {
        Client::Chat => "/function",
        Client::Responses | Client::Messages => "",
        Client::Gemini => {
            validated(body);
            return Ok(());
        }
        Client::Completions | Client::Ollama => {
            return Err(Flaw::Unsayable("a tool can't be strict"));
        }
    };
    for tool in body["tools"].as_array_mut().into_iter().flatten() {
        set(tool.pointer_mut(path).unwrap(), "strict", true);
    }
    Ok(())
}

/// Calls are held to their schemas, where those leave nothing open.
fn validated(body: &mut Value) {
    set(body, "toolConfig", json!({ "functionCallingConfig": { "mode": "VALIDATED" } }));
    let schema = json!({
        "type": "object",
        "properties": { "city": { "type": "string" } },
        "required": ["city"],
        "additionalProperties": false,
    });
    let tool = body.pointer_mut("/tools/0/functionDeclarations/0").unwrap();
    tool.as_object_mut().unwrap().remove("parameters");
    set(tool, "parametersJsonSchema", schema);
}

fn modalities(client: Client, body: &mut Value, kind: &str) -> Proof {
    match client {
        Client::Chat => {
            set(body, "modalities", json!(["text", kind]));
            if kind == "audio" {
                set(body, "audio", json!({ "voice": "alloy", "format": "pcm16" }));
            }
        }
        Client::Responses if kind == "image" => {
            set(body, "modalities", json!(["text", "image"]));
        }
        Client::Gemini => {
            let kinds = json!(["TEXT", kind.to_uppercase()]);
            within(body, "generationConfig", "responseModalities", kinds);
        }
        Client::Completions | Client::Responses | Client::Messages | Client::Ollama => {
            return Err(Flaw::Unsayable("answers are words"));
        }
    }
    Ok(())
}

fn within(body: &mut Value, object: &str, name: &str, value: impl Into<Value>) {
    if body.get(object).is_none() {
        set(body, object, json!({}));
    }
    set(&mut body[object], name, value);
}
