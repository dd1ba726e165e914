//! What few dialects and few protocols have words for: where both do, it arrives.

use serde_json::{Value, json};
use tollgate_testkit::Protocol;

use super::parameters::arrived;
use crate::clients::{BETA, Client, Extra, UNKNOWN};
use crate::question::{
    Flaw, Format, Proof, Question, Thinking, Tool, list, must, parsed, same, text, wrong,
};
use crate::world::Ask;

fn asking(ask: &Ask<'_>, extra: Extra) -> Question {
    let turns = vec![ask.user("Hello")];
    Question { model: "echo", turns, extras: vec![extra], ..Question::default() }
}

pub(super) async fn penalties(ask: &mut Ask<'_>) -> Proof {
    ask.hear(&asking(ask, Extra::Penalties)).await?;
    let (frequency, presence) = match ask.protocol {
        Protocol::Gemini | Protocol::Vertex => {
            ("/generationConfig/frequencyPenalty", "/generationConfig/presencePenalty")
        }
        Protocol::Ollama => ("/options/frequency_penalty", "/options/presence_penalty"),
        _ => ("/frequency_penalty", "/presence_penalty"),
    };
    arrived(ask, frequency, &json!(0.25))?;
    arrived(ask, presence, &json!(0.5))
}

pub(super) async fn logit_bias(ask: &mut Ask<'_>) -> Proof {
    ask.hear(&asking(ask, Extra::LogitBias)).await?;
    arrived(ask, "/logit_bias", &json!({ "50256": -100 }))
}

pub(super) async fn prediction(ask: &mut Ask<'_>) -> Proof {
    ask.hear(&asking(ask, Extra::Prediction)).await?;
    arrived(ask, "/prediction", &json!({ "type": "content", "content": "probably this" }))
}

/// The contract has one answer to a request (§2.1): more are refused by name, not given singly.
pub(super) async fn several(ask: &mut Ask<'_>) -> Proof {
    let reply = ask.send(&asking(ask, Extra::Several)).await?;
    same("status", &reply.status, &400)?;
    let message = ask.client.dialect().error(reply.status, &parsed(&reply.text())?)?;
    must(message.contains("Only one choice"), || format!("not refused by name: {message}"))
}

/// The tier asked for arrives in the provider's word; the one that served is on record.
pub(super) async fn tier(ask: &mut Ask<'_>) -> Proof {
    ask.hear(&asking(ask, Extra::Tier)).await?;
    let (pointer, word, served) = match ask.protocol {
        Protocol::OpenAi | Protocol::Azure | Protocol::VertexOpenAi | Protocol::Responses => {
            ("/service_tier", "priority", "priority")
        }
        Protocol::Anthropic if ask.client == Client::Messages => ("/speed", "fast", "default"),
        // What is reserved for the account, if anything: nothing is.
        Protocol::Anthropic => ("/service_tier", "auto", "default"),
        Protocol::Gemini => ("/serviceTier", "priority", "priority"),
        Protocol::Bedrock => ("/serviceTier/type", "priority", "priority"),
        Protocol::Mistral => ("/service_tier", "auto", "priority"),
        Protocol::Vertex => {
            let header = "x-vertex-ai-llm-shared-request-type";
            let upstream = ask.upstream()?;
            let found = upstream.header(header);
            must(found == Some("priority"), || format!("{header}: {found:?}"))?;
            return on_record(ask, "default").await;
        }
        Protocol::VertexAnthropic | Protocol::Cohere | Protocol::Ollama => {
            return Err(Flaw::Unsayable("the provider has no such tier"));
        }
    };
    arrived(ask, pointer, &json!(word))?;
    on_record(ask, served).await
}

async fn on_record(ask: &Ask<'_>, tier: &str) -> Proof {
    let record = ask.record().await;
    same("tier on record", &text(&record, "/service_tier").as_str(), &tier)
}

/// What is unknown goes through where the dialects agree; where they don't, the record names it.
pub(super) async fn unknown(ask: &mut Ask<'_>) -> Proof {
    ask.hear(&asking(ask, Extra::Unknown)).await?;
    if ask.upstream()?.json().get(UNKNOWN) == Some(&json!(7)) {
        return Ok(());
    }
    let record = ask.record().await;
    let mut dropped = list(&record, "/provider_responses").flat_map(|it| list(it, "/dropped"));
    let named = dropped.any(|name| name == UNKNOWN);
    must(named, || format!("it vanished: {}", record["provider_responses"]))
}

pub(super) async fn strict_tools(ask: &mut Ask<'_>) -> Proof {
    let mut question = asking(ask, Extra::StrictTools);
    question.tools = vec![Tool { name: "get_weather", parameter: "city" }];
    ask.hear(&question).await?;
    let (pointer, word) = match ask.protocol {
        Protocol::Responses | Protocol::Anthropic | Protocol::VertexAnthropic => {
            ("/tools/0/strict", json!(true))
        }
        Protocol::Bedrock => ("/toolConfig/tools/0/toolSpec/strict", json!(true)),
        Protocol::Gemini | Protocol::Vertex => {
            ("/toolConfig/functionCallingConfig/mode", json!("VALIDATED"))
        }
        Protocol::Cohere => ("/strict_tools", json!(true)),
        _ => ("/tools/0/function/strict", json!(true)),
    };
    arrived(ask, pointer, &word)
}

/// A bound that some providers refuse in a schema: there it becomes words.
pub(super) async fn bounded_schema(ask: &mut Ask<'_>) -> Proof {
    let schema = json!({
        "type": "object",
        "properties": { "degrees": { "type": "integer", "minimum": -90 } },
        "required": ["degrees"],
        "additionalProperties": false,
    });
    let turns = vec![ask.user("How warm is it in Oslo?")];
    let format = Format::Schema(schema);
    let heard = ask.hear(&Question { model: "json", turns, format, ..Question::default() }).await?;
    let value = parsed(&heard.text)?;
    must(value["degrees"].is_i64(), || format!("not of the schema: {value}"))?;
    let upstream = ask.upstream()?.json();
    let schema = sent_schema(&upstream)?;
    let degrees = &schema["properties"]["degrees"];
    let refuses =
        matches!(ask.protocol, Protocol::Anthropic | Protocol::VertexAnthropic | Protocol::Bedrock);
    if !refuses {
        return same("minimum", &degrees["minimum"], &json!(-90));
    }
    same("minimum", &degrees["minimum"], &Value::Null)?;
    same("closed", &schema["additionalProperties"], &json!(false))?;
    let told = text(degrees, "/description");
    must(told.contains("minimum: -90"), || format!("the bound is lost: {schema}"))
}

/// The schema, wherever the provider has it.
fn sent_schema(upstream: &Value) -> Proof<Value> {
    let places = [
        "/response_format/json_schema/schema",
        "/response_format/json_schema",
        "/text/format/schema",
        "/output_config/format/schema",
        "/generationConfig/responseJsonSchema",
        "/generationConfig/responseSchema",
        "/format",
    ];
    if let Some(found) = places.iter().find_map(|place| upstream.pointer(place)) {
        return Ok(found.clone());
    }
    let written = text(upstream, "/outputConfig/textFormat/structure/jsonSchema/schema");
    if written.is_empty() { wrong(format!("no schema in {upstream}")) } else { parsed(&written) }
}

pub(super) async fn beta(ask: &mut Ask<'_>) -> Proof {
    ask.hear(&asking(ask, Extra::Beta)).await?;
    let upstream = ask.upstream()?;
    let found = match ask.protocol {
        Protocol::Bedrock => {
            let body = upstream.json();
            let fields = list(&body, "/additionalModelRequestFields/anthropic_beta");
            fields.filter_map(Value::as_str).collect::<Vec<_>>().join(",")
        }
        _ => upstream.header("anthropic-beta").unwrap_or_default().to_owned(),
    };
    must(found.split(',').any(|it| it == BETA), || format!("the feature did not arrive: {found:?}"))
}

/// High of 8 000 tokens, or 2 048 of them, or simply on: each in the provider's words.
pub(super) async fn effort(ask: &mut Ask<'_>) -> Proof {
    let question = Question {
        model: "think",
        turns: vec![ask.user("Why is the sky blue?")],
        thinking: Thinking::Shown,
        max_tokens: Some(8_000),
        ..Question::default()
    };
    ask.hear(&question).await?;
    let (word, tokens) = ask.client.wants();
    let (pointer, value) = match ask.protocol {
        Protocol::OpenAi | Protocol::Azure | Protocol::VertexOpenAi | Protocol::Mistral => {
            ("/reasoning_effort", json!(word))
        }
        Protocol::Responses => ("/reasoning/effort", json!(word)),
        Protocol::Anthropic | Protocol::VertexAnthropic => {
            ("/thinking/budget_tokens", json!(tokens))
        }
        Protocol::Bedrock => {
            ("/additionalModelRequestFields/thinking/budget_tokens", json!(tokens))
        }
        Protocol::Gemini | Protocol::Vertex => {
            ("/generationConfig/thinkingConfig/thinkingBudget", json!(tokens))
        }
        Protocol::Cohere => ("/thinking/token_budget", json!(tokens)),
        Protocol::Ollama => ("/think", json!(true)),
    };
    arrived(ask, pointer, &value)
}
