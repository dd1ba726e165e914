//! Anthropic's Messages (contract §3.6).

mod stream;

use serde_json::{Value, json};

use super::{Dialect, Sent, Stream};
use crate::media::{IMAGE, PDF, base64};
use crate::question::{
    Call, Choice, Counts, Finish, Flaw, Format, Heard, Part, Proof, Question, Thinking, Tool,
    ToolResult, Turn, count, list, must, needed, same, set, text, wrong,
};

/// The dialect.
pub(super) struct Messages;

/// What the SDKs make their callers send.
const MAX_TOKENS: u64 = 4_096;
const BUDGET_TOKENS: u64 = 2_048;

impl Dialect for Messages {
    fn write(&self, question: &Question, model: &str, streamed: bool) -> Proof<Sent> {
        for part in question.parts() {
            match part {
                Part::Sound => return Err(Flaw::Unsayable("there is no sound")),
                Part::Film => return Err(Flaw::Unsayable("there are no films")),
                Part::Text(_) | Part::Image | Part::ImageUrl(_) | Part::Pdf => {}
            }
        }
        let max_tokens = question.max_tokens.unwrap_or(MAX_TOKENS);
        let turns = turns(question);
        let mut body = json!({ "model": model, "max_tokens": max_tokens, "messages": turns });
        if let Some(system) = &question.system {
            let mut block = json!({ "type": "text", "text": system });
            if question.cached {
                set(&mut block, "cache_control", json!({ "type": "ephemeral" }));
            }
            set(&mut body, "system", json!([block]));
        }
        tools(&mut body, question);
        parameters(&mut body, question)?;
        if streamed {
            set(&mut body, "stream", true);
        }
        Ok(Sent {
            path: "/api/v1/messages".to_owned(),
            key: ("x-api-key", ""),
            headers: Vec::new(),
            body,
        })
    }

    fn whole(&self, body: &Value) -> Proof<Heard> {
        message(body)
    }

    fn stream(&self, text: &str) -> Proof<Stream> {
        stream::read(text)
    }

    fn error(&self, _: u16, body: &Value) -> Proof<String> {
        error_message(body)
    }
}

/// The message of an error, its form checked (contract §4.7).
pub(super) fn error_message(body: &Value) -> Proof<String> {
    same("type", &text(body, "/type"), &"error".to_owned())?;
    for pointer in ["/error/type", "/error/message", "/error/error_type"] {
        must(!text(body, pointer).is_empty(), || format!("no {pointer} in {body}"))?;
    }
    let kind = text(body, "/error/type");
    must(kind.ends_with("_error"), || format!("error.type {kind:?}"))?;
    must(body.get("request_id").is_some(), || format!("no request_id in {body}"))?;
    Ok(text(body, "/error/message"))
}

/// Reads a finished message.
pub(super) fn message(body: &Value) -> Proof<Heard> {
    same("type", &text(body, "/type"), &"message".to_owned())?;
    same("role", &text(body, "/role"), &"assistant".to_owned())?;
    must(body["content"].is_array(), || format!("no content: {body}"))?;
    let mut heard = Heard {
        id: Some(text(body, "/id")),
        usage: usage(&body["usage"])?,
        shape: list(body, "/content").map(|block| text(block, "/type")).collect(),
        turn: list(body, "/content").cloned().collect(),
        ..Heard::default()
    };
    for block in list(body, "/content") {
        match text(block, "/type").as_str() {
            "text" => {
                heard.text.push_str(&text(block, "/text"));
                heard.sources.extend(list(block, "/citations").map(|it| text(it, "/url")));
            }
            "image" => heard.pictures.push(text(block, "/source/data")),
            "thinking" => {
                must(block["signature"].is_string(), || format!("no signature: {block}"))?;
                heard.reasoning.push_str(&text(block, "/thinking"));
            }
            "redacted_thinking" => {}
            "tool_use" => {
                let (id, name) = (text(block, "/id"), text(block, "/name"));
                let arguments = block["input"].clone();
                must(arguments.is_object() && !id.is_empty(), || format!("a call: {block}"))?;
                heard.calls.push(Call { id, name, arguments });
            }
            kind => return wrong(format!("a block of type {kind:?}")),
        }
    }
    heard.finish = Some(match text(body, "/stop_reason").as_str() {
        "end_turn" | "stop_sequence" => Finish::Stop,
        "max_tokens" => Finish::Length,
        "tool_use" => Finish::Calls,
        "refusal" => Finish::Filter,
        reason => return wrong(format!("stop_reason {reason:?}")),
    });
    heard.refused = heard.finish == Some(Finish::Filter);
    let sequence = body["stop_sequence"].as_str().map(str::to_owned);
    let stopped = text(body, "/stop_reason") == "stop_sequence";
    must(stopped || sequence.is_none(), || format!("a stop_sequence: {body}"))?;
    heard.stop_sequence = sequence;
    Ok(heard)
}

fn usage(usage: &Value) -> Proof<Counts> {
    let cached = needed(usage, "/cache_read_input_tokens")?;
    let written = needed(usage, "/cache_creation_input_tokens")?;
    let counts = Counts {
        // Here the cached tokens stand beside the others.
        input: needed(usage, "/input_tokens")? + cached + written,
        output: needed(usage, "/output_tokens")?,
        cached: Some(cached),
        reasoning: count(usage, "/output_tokens_details/thinking_tokens"),
        cost: usage["cost"].as_f64(),
    };
    must(counts.cost.is_some(), || format!("no cost in {usage}"))?;
    Ok(counts)
}

fn tools(body: &mut Value, question: &Question) {
    if question.tools.is_empty() {
        return;
    }
    let tool = |tool: &Tool| {
        json!({
            "name": tool.name,
            "description": tool.description(),
            "input_schema": tool.schema(),
        })
    };
    set(body, "tools", question.tools.iter().map(tool).collect::<Vec<_>>());
    let mut choice = match question.choice {
        None if !question.one_call => return,
        None | Some(Choice::Auto) => json!({ "type": "auto" }),
        Some(Choice::None) => json!({ "type": "none" }),
        Some(Choice::Required) => json!({ "type": "any" }),
        Some(Choice::Named(name)) => json!({ "type": "tool", "name": name }),
    };
    if question.one_call {
        set(&mut choice, "disable_parallel_tool_use", true);
    }
    set(body, "tool_choice", choice);
}

fn parameters(body: &mut Value, question: &Question) -> Proof {
    match &question.format {
        Format::Free => {}
        Format::Json => return Err(Flaw::Unsayable("there is no JSON without a schema")),
        Format::Schema(schema) => {
            let format = json!({ "type": "json_schema", "schema": schema });
            set(body, "output_config", json!({ "format": format }));
        }
    }
    let thinking = json!({ "type": "enabled", "budget_tokens": BUDGET_TOKENS });
    match question.thinking {
        Thinking::Unsaid => {}
        Thinking::Shown => set(body, "thinking", thinking),
        Thinking::Hidden => {
            let mut thinking = thinking;
            set(&mut thinking, "display", "omitted");
            set(body, "thinking", thinking);
        }
    }
    if let Some(stop) = question.stop {
        set(body, "stop_sequences", json!([stop]));
    }
    if question.seed.is_some() {
        return Err(Flaw::Unsayable("there are no seeds"));
    }
    for (name, number) in [("temperature", question.temperature), ("top_p", question.top_p)] {
        if let Some(number) = number {
            set(body, name, number);
        }
    }
    Ok(())
}

/// What the user says beside results stands in the same message, behind them.
fn turns(question: &Question) -> Vec<Value> {
    let mut turns: Vec<Value> = Vec::new();
    let mut results = false;
    for turn in &question.turns {
        match (turn, turns.last_mut()) {
            (Turn::User(parts), Some(last)) if results => {
                let mut blocks: Vec<Value> = list(last, "/content").cloned().collect();
                blocks.extend(parts.iter().map(part));
                set(last, "content", blocks);
            }
            _ => turns.push(self::turn(turn)),
        }
        results = matches!(turn, Turn::Results(_));
    }
    turns
}

fn turn(turn: &Turn) -> Value {
    match turn {
        Turn::User(parts) => json!({ "role": "user", "content": content(parts) }),
        Turn::Said(text) => json!({ "role": "assistant", "content": text }),
        Turn::Heard(blocks) => json!({ "role": "assistant", "content": blocks }),
        Turn::Results(results) => {
            let results: Vec<Value> = results.iter().map(result).collect();
            json!({ "role": "user", "content": results })
        }
    }
}

fn result(result: &ToolResult) -> Value {
    let mut parts = vec![Part::Text(result.text.clone())];
    parts.extend(result.image.then_some(Part::Image));
    let mut block = json!({
        "type": "tool_result",
        "tool_use_id": result.call.id,
        "content": content(&parts),
    });
    if result.failed {
        set(&mut block, "is_error", true);
    }
    block
}

fn content(parts: &[Part]) -> Value {
    if let [Part::Text(text)] = parts {
        return json!(text);
    }
    parts.iter().map(part).collect()
}

fn part(part: &Part) -> Value {
    let inside = |kind: &str, bytes: &[u8]| json!({ "type": "base64", "media_type": kind, "data": base64(bytes) });
    match part {
        Part::Text(text) => json!({ "type": "text", "text": text }),
        Part::Image => json!({ "type": "image", "source": inside("image/png", IMAGE) }),
        Part::ImageUrl(url) => {
            json!({ "type": "image", "source": { "type": "url", "url": url } })
        }
        Part::Pdf => json!({ "type": "document", "source": inside("application/pdf", PDF) }),
        Part::Sound | Part::Film => panic!("there are no words for {part:?}"),
    }
}
