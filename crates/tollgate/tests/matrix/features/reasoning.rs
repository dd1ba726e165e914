//! Reasoning: shown, hidden, and given back as it came.

use serde_json::Value;
use tollgate_testkit::Protocol;

use crate::clients::Client;
use crate::question::{Finish, Heard, Proof, Question, Thinking, Turn, must, same, wrong};
use crate::world::Ask;

fn asking(ask: &Ask<'_>, thinking: Thinking) -> Question {
    Question {
        model: "think",
        turns: vec![ask.user("Why is the sky blue?")],
        thinking,
        max_tokens: Some(8_000),
        ..Question::default()
    }
}

/// Whether the protocol says how many tokens were reasoning.
const fn counts_reasoning(protocol: Protocol) -> bool {
    matches!(
        protocol,
        Protocol::OpenAi
            | Protocol::Responses
            | Protocol::Azure
            | Protocol::VertexOpenAi
            | Protocol::Gemini
            | Protocol::Vertex
    )
}

fn answered(ask: &Ask<'_>, heard: &Heard) -> Proof {
    same("finish", &heard.finish, &Some(Finish::Stop))?;
    must(heard.text.starts_with("About "), || format!("text: {}", heard.text))?;
    let counted = heard.usage.reasoning.is_none_or(|tokens| tokens > 0);
    must(counted || !counts_reasoning(ask.protocol), || {
        format!("no tokens of reasoning: {:?}", heard.usage)
    })
}

pub(super) async fn shown(ask: &mut Ask<'_>) -> Proof {
    let heard = ask.hear(&asking(ask, Thinking::Shown)).await?;
    answered(ask, &heard)?;
    must(heard.reasoning.starts_with("The user asks about"), || {
        let upstream = ask.upstream_text().unwrap_or_default();
        format!("reasoning: {:?}; sent {upstream}", heard.reasoning)
    })
}

pub(super) async fn hidden(ask: &mut Ask<'_>) -> Proof {
    let heard = ask.hear(&asking(ask, Thinking::Hidden)).await?;
    answered(ask, &heard)?;
    let is_relayed = matches!(ask.protocol, Protocol::Anthropic | Protocol::VertexAnthropic);
    if ask.client == Client::Messages && is_relayed {
        // The client's own words reach the provider, whose simulation shows thoughts all the same.
        let upstream = ask.upstream_text()?;
        let asked = upstream.contains("\"display\":\"omitted\"");
        return must(asked, || format!("display did not arrive: {upstream}"));
    }
    must(heard.reasoning.is_empty(), || format!("shown: {}", heard.reasoning))
}

pub(super) async fn replayed(ask: &mut Ask<'_>) -> Proof {
    let mut question = asking(ask, Thinking::Shown);
    let heard = ask.hear(&question).await?;
    answered(ask, &heard)?;
    let reasoning = heard.reasoning.clone();
    question.turns.push(Turn::Heard(heard.turn));
    question.turns.push(ask.user("And at night?"));
    let heard = ask.hear(&question).await?;
    answered(ask, &heard)?;
    // The SDKs of Gemini keep a stream's pieces apart, which the simulated model answers otherwise.
    ask.log.truncate(1);
    let upstream = ask.upstream()?;
    let body = upstream.json();
    // How the provider's own proof of its reasoning begins, and how long it is; or the text
    // itself, where that is all there is.
    let (begin, length) = match ask.protocol {
        Protocol::Anthropic | Protocol::VertexAnthropic => ("EqQBCkYI", 96),
        Protocol::Bedrock => return bedrock(&body, &reasoning),
        Protocol::Gemini | Protocol::Vertex => ("CiQB", 92),
        Protocol::Responses => return responses(&body, &reasoning),
        Protocol::OpenAi
        | Protocol::Azure
        | Protocol::VertexOpenAi
        | Protocol::Cohere
        | Protocol::Mistral
        | Protocol::Ollama => (reasoning.as_str(), reasoning.len()),
    };
    let has_text = !matches!(ask.protocol, Protocol::Gemini | Protocol::Vertex);
    let found = leaf(&body, &|text| text.starts_with(begin) && text.len() == length);
    must(found && !reasoning.is_empty(), || format!("{begin:?} did not come back: {body}"))?;
    let text = leaf(&body, &|text| text == reasoning);
    must(text || !has_text, || format!("the reasoning did not come back: {body}"))
}

/// A conversation that moves to another family leaves the first one's signatures behind.
pub(super) async fn foreign(ask: &mut Ask<'_>) -> Proof {
    let (elsewhere, signature) = match ask.protocol {
        Protocol::Gemini | Protocol::Vertex => (Protocol::Anthropic, "EqQBCkYI"),
        _ => (Protocol::Gemini, "CiQB"),
    };
    let mut question = asking(ask, Thinking::Shown);
    let heard = ask.hear_at(elsewhere, &question).await?;
    same("finish", &heard.finish, &Some(Finish::Stop))?;
    ask.log.clear();
    question.turns.push(Turn::Heard(heard.turn));
    question.turns.push(ask.user("And at night?"));
    let heard = ask.hear(&question).await?;
    answered(ask, &heard)?;
    let upstream = ask.upstream_text()?;
    let left = !upstream.contains(signature) && !upstream.contains("tollgate:");
    must(left, || format!("the other family's signature arrived: {upstream}"))?;
    let said = upstream.contains(&ask.marked("And at night?")) && upstream.contains("About ");
    must(said, || format!("the conversation did not arrive: {upstream}"))
}

/// Bedrock's reasoning, with its signature.
fn bedrock(body: &Value, reasoning: &str) -> Proof {
    let signed =
        leaf(body, &|text| text == reasoning) && body.to_string().contains("\"signature\":");
    must(signed, || format!("the reasoning or its signature did not come back: {body}"))
}

/// OpenAI's reasoning item, encrypted, with its id and summary.
fn responses(body: &Value, reasoning: &str) -> Proof {
    let items = body["input"].as_array().into_iter().flatten();
    let Some(item) = items.clone().find(|item| item["type"] == "reasoning") else {
        return wrong(format!("the item of reasoning did not come back: {body}"));
    };
    let id = item["id"].as_str().unwrap_or_default();
    must(id.starts_with("rs_") && id.len() == 51, || format!("another id: {item}"))?;
    let sealed = item["encrypted_content"].as_str().unwrap_or_default();
    must(sealed.len() > 100, || format!("not encrypted: {item}"))?;
    must(leaf(&item["summary"], &|text| text == reasoning), || format!("no summary: {item}"))
}

/// Whether a text within the value is such a one.
fn leaf(value: &Value, is_it: &dyn Fn(&str) -> bool) -> bool {
    match value {
        Value::String(text) => is_it(text),
        Value::Array(values) => values.iter().any(|value| leaf(value, is_it)),
        Value::Object(members) => members.values().any(|value| leaf(value, is_it)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}
