//! OpenAI's Responses (contract §3.5), without storage.

mod stream;

use serde_json::{Value, json};

use super::{Dialect, Sent, Stream};
use crate::media::{SOUND, base64, film_uri, image_uri, pdf_uri};
use crate::question::{
    Call, Choice, Counts, Finish, Flaw, Format, Heard, Part, Proof, Question, Thinking, Tool,
    ToolResult, Turn, list, must, needed, parsed, same, set, text, wrong,
};

/// The dialect.
pub(super) struct Responses;

impl Dialect for Responses {
    fn write(&self, question: &Question, model: &str, streamed: bool) -> Proof<Sent> {
        let mut body = json!({ "model": model, "input": input(question)?, "store": false });
        if let Some(system) = &question.system {
            set(&mut body, "instructions", system.as_str());
        }
        if question.cached {
            set(&mut body, "cache_control", json!({ "type": "ephemeral" }));
        }
        tools(&mut body, question);
        parameters(&mut body, question)?;
        if streamed {
            set(&mut body, "stream", true);
        }
        let path = "/api/v1/responses".to_owned();
        Ok(Sent { path, key: ("authorization", "Bearer "), headers: Vec::new(), body })
    }

    fn whole(&self, body: &Value) -> Proof<Heard> {
        response(body)
    }

    fn stream(&self, text: &str) -> Proof<Stream> {
        stream::read(text)
    }

    fn error(&self, _: u16, body: &Value) -> Proof<String> {
        // What the contract's readers look for, and what OpenAI's SDK looks for.
        same("status", &text(body, "/status"), &"failed".to_owned())?;
        let words = ["/error_type", "/error/code", "/error/type", "/error/message"];
        for pointer in words {
            must(!text(body, pointer).is_empty(), || format!("no {pointer} in {body}"))?;
        }
        Ok(text(body, "/error/message"))
    }
}

/// Reads a response object that ended well.
pub(super) fn response(body: &Value) -> Proof<Heard> {
    same("object", &text(body, "/object"), &"response".to_owned())?;
    must(body["error"].is_null(), || format!("an error: {body}"))?;
    must(body["created_at"].is_number(), || format!("no created_at: {body}"))?;
    let mut heard = Heard {
        id: Some(text(body, "/id")),
        usage: usage(&body["usage"])?,
        shape: list(body, "/output").map(|item| text(item, "/type")).collect(),
        turn: list(body, "/output").cloned().collect(),
        ..Heard::default()
    };
    for item in list(body, "/output") {
        add_item(&mut heard, item)?;
    }
    let reason = text(body, "/incomplete_details/reason");
    heard.finish = Some(match (text(body, "/status").as_str(), reason.as_str()) {
        ("completed", "") if heard.calls.is_empty() => Finish::Stop,
        ("completed", "") => Finish::Calls,
        ("incomplete", "max_output_tokens") => Finish::Length,
        ("incomplete", "content_filter") => Finish::Filter,
        (status, reason) => return wrong(format!("status {status:?} {reason:?}")),
    });
    heard.refused |= heard.finish == Some(Finish::Filter);
    Ok(heard)
}

fn add_item(heard: &mut Heard, item: &Value) -> Proof {
    must(!text(item, "/id").is_empty(), || format!("an item without an id: {item}"))?;
    match text(item, "/type").as_str() {
        "message" => {
            same("role", &text(item, "/role"), &"assistant".to_owned())?;
            for part in list(item, "/content") {
                match text(part, "/type").as_str() {
                    "output_text" => {
                        must(part["annotations"].is_array(), || format!("annotations: {part}"))?;
                        heard.text.push_str(&text(part, "/text"));
                        heard.sources.extend(list(part, "/annotations").map(|it| text(it, "/url")));
                        heard.weighed.extend(list(part, "/logprobs").map(|it| text(it, "/token")));
                    }
                    "refusal" => {
                        heard.refused = true;
                        heard.text.push_str(&text(part, "/refusal"));
                    }
                    kind => return wrong(format!("a part of type {kind:?}")),
                }
            }
        }
        "reasoning" => {
            must(item["summary"].is_array(), || format!("no summary: {item}"))?;
            for part in list(item, "/summary").chain(list(item, "/content")) {
                heard.reasoning.push_str(&text(part, "/text"));
            }
        }
        "function_call" => {
            let (id, name) = (text(item, "/call_id"), text(item, "/name"));
            must(!id.is_empty() && !name.is_empty(), || format!("a call: {item}"))?;
            let arguments = parsed(&text(item, "/arguments"))?;
            heard.calls.push(Call { id, name, arguments });
        }
        "image_generation_call" => {
            same("status", &text(item, "/status"), &"completed".to_owned())?;
            heard.pictures.push(text(item, "/result"));
        }
        kind => return wrong(format!("an item of type {kind:?}")),
    }
    Ok(())
}

fn usage(usage: &Value) -> Proof<Counts> {
    let counts = Counts {
        input: needed(usage, "/input_tokens")?,
        output: needed(usage, "/output_tokens")?,
        cached: Some(needed(usage, "/input_tokens_details/cached_tokens")?),
        reasoning: Some(needed(usage, "/output_tokens_details/reasoning_tokens")?),
        cost: usage["cost"].as_f64(),
    };
    let total = counts.input + counts.output;
    same("total_tokens", &needed(usage, "/total_tokens")?, &total)?;
    must(counts.cost.is_some(), || format!("no cost in {usage}"))?;
    Ok(counts)
}

fn tools(body: &mut Value, question: &Question) {
    if !question.tools.is_empty() {
        let tool = |tool: &Tool| {
            json!({
                "type": "function",
                "name": tool.name,
                "description": tool.description(),
                "parameters": tool.schema(),
                "strict": false,
            })
        };
        set(body, "tools", question.tools.iter().map(tool).collect::<Vec<_>>());
    }
    match question.choice {
        None => {}
        Some(Choice::Auto) => set(body, "tool_choice", "auto"),
        Some(Choice::None) => set(body, "tool_choice", "none"),
        Some(Choice::Required) => set(body, "tool_choice", "required"),
        Some(Choice::Named(name)) => {
            set(body, "tool_choice", json!({ "type": "function", "name": name }));
        }
    }
    if question.one_call {
        set(body, "parallel_tool_calls", false);
    }
}

fn parameters(body: &mut Value, question: &Question) -> Proof {
    match &question.format {
        Format::Free => {}
        Format::Json => set(body, "text", json!({ "format": { "type": "json_object" } })),
        Format::Schema(schema) => {
            let format = json!({ "type": "json_schema", "name": "weather", "strict": true, "schema": schema });
            set(body, "text", json!({ "format": format }));
        }
    }
    match question.thinking {
        Thinking::Unsaid => {}
        Thinking::Shown => {
            set(body, "reasoning", json!({ "effort": "high", "summary": "auto" }));
            set(body, "include", json!(["reasoning.encrypted_content"]));
        }
        Thinking::Hidden => return Err(Flaw::Unsayable("reasoning can't be hidden")),
    }
    if question.stop.is_some() {
        return Err(Flaw::Unsayable("there are no stop sequences"));
    }
    if question.seed.is_some() {
        return Err(Flaw::Unsayable("there are no seeds"));
    }
    for (name, number) in [("temperature", question.temperature), ("top_p", question.top_p)] {
        if let Some(number) = number {
            set(body, name, number);
        }
    }
    if let Some(tokens) = question.max_tokens {
        set(body, "max_output_tokens", tokens);
    }
    Ok(())
}

fn input(question: &Question) -> Proof<Vec<Value>> {
    let mut input = Vec::new();
    for turn in &question.turns {
        match turn {
            Turn::User(parts) => input.push(json!({ "role": "user", "content": content(parts) })),
            Turn::Said(text) => input.push(json!({ "role": "assistant", "content": text })),
            Turn::Heard(items) => input.extend(items.iter().cloned()),
            Turn::Results(results) => {
                for result in results {
                    input.push(self::result(result)?);
                }
            }
        }
    }
    Ok(input)
}

fn result(result: &ToolResult) -> Proof<Value> {
    if result.failed {
        return Err(Flaw::Unsayable("a result can't be marked as an error"));
    }
    let output = if result.image {
        content(&[Part::Text(result.text.clone()), Part::Image])
    } else {
        json!(result.text)
    };
    Ok(json!({ "type": "function_call_output", "call_id": result.call.id, "output": output }))
}

fn content(parts: &[Part]) -> Value {
    if let [Part::Text(text)] = parts {
        return json!(text);
    }
    let image = |url: &str| json!({ "type": "input_image", "image_url": url, "detail": "auto" });
    let part = |part: &Part| match part {
        Part::Text(text) => json!({ "type": "input_text", "text": text }),
        Part::Image => image(&image_uri()),
        Part::ImageUrl(url) => image(url),
        Part::Sound => {
            let sound = json!({ "data": base64(SOUND), "format": "wav" });
            json!({ "type": "input_audio", "input_audio": sound })
        }
        Part::Film => json!({ "type": "input_video", "video_url": film_uri() }),
        Part::Pdf => {
            json!({ "type": "input_file", "filename": "paper.pdf", "file_data": pdf_uri() })
        }
    };
    parts.iter().map(part).collect()
}
