//! Ollama's `/api/chat`.

use serde_json::{Value, json};

use super::{Dialect, Sent, Stream};
use crate::media::{IMAGE, SOUND, base64};
use crate::question::{
    Call, Counts, Finish, Flaw, Format, Heard, Part, Proof, Question, Thinking, Tool, Turn, append,
    list, must, needed, parsed, same, set, text, wrong,
};

/// The dialect.
pub(super) struct Ollama;

impl Dialect for Ollama {
    fn write(&self, question: &Question, model: &str, streamed: bool) -> Proof<Sent> {
        if question.cached {
            return Err(Flaw::Unsayable("nothing can be marked for a cache"));
        }
        if question.choice.is_some() || question.one_call {
            return Err(Flaw::Unsayable("there is no tool_choice"));
        }
        let mut body = json!({ "model": model, "messages": messages(question)? });
        if !question.tools.is_empty() {
            let tool = |tool: &Tool| {
                json!({ "type": "function", "function": {
                    "name": tool.name,
                    "description": tool.description(),
                    "parameters": tool.schema(),
                } })
            };
            set(&mut body, "tools", question.tools.iter().map(tool).collect::<Vec<_>>());
        }
        match &question.format {
            Format::Free => {}
            Format::Json => set(&mut body, "format", "json"),
            Format::Schema(schema) => set(&mut body, "format", schema.clone()),
        }
        match question.thinking {
            Thinking::Unsaid => {}
            Thinking::Shown => set(&mut body, "think", true),
            Thinking::Hidden => return Err(Flaw::Unsayable("thinking can't be hidden")),
        }
        let options = options(question);
        if options != json!({}) {
            set(&mut body, "options", options);
        }
        // Here streaming is what happens when nothing is said.
        if !streamed {
            set(&mut body, "stream", false);
        }
        Ok(Sent {
            path: "/api/chat".to_owned(),
            key: ("authorization", "Bearer "),
            headers: Vec::new(),
            body,
        })
    }

    fn whole(&self, body: &Value) -> Proof<Heard> {
        let heard = heard(body, body["message"].clone())?;
        let weighed = list(body, "/logprobs").map(|it| text(it, "/token")).collect();
        Ok(Heard { weighed, ..heard })
    }

    fn stream(&self, stream: &str) -> Proof<Stream> {
        must(stream.ends_with('\n'), || "the last line has no end".to_owned())?;
        let lines = stream.lines().map(parsed).collect::<Proof<Vec<Value>>>()?;
        let Some((last, before)) = lines.split_last() else { return wrong("no line came") };
        let mut message = json!({ "role": "assistant", "content": "" });
        for line in before {
            same("done", &line["done"], &json!(false))?;
            same("model", &line["model"], &before[0]["model"])?;
            add(&mut message, line)?;
        }
        if last.get("error").is_some() {
            let heard = Heard { text: text(&message, "/content"), ..Heard::default() };
            return Ok(Stream { heard, error: Some(text(last, "/error")) });
        }
        add(&mut message, last)?;
        Ok(Stream { heard: heard(last, message)?, error: None })
    }

    fn error(&self, _: u16, body: &Value) -> Proof<String> {
        must(body["error"].is_string(), || format!("not Ollama's error: {body}"))?;
        Ok(text(body, "/error"))
    }

    fn stream_type(&self) -> &'static str {
        "application/x-ndjson"
    }
}

fn add(message: &mut Value, line: &Value) -> Proof {
    let piece = &line["message"];
    must(line["created_at"].is_string(), || format!("no created_at: {line}"))?;
    same("role", &text(piece, "/role"), &"assistant".to_owned())?;
    must(piece["content"].is_string(), || format!("no content: {line}"))?;
    append(message, "content", &text(piece, "/content"));
    if piece["thinking"].is_string() {
        append(message, "thinking", &text(piece, "/thinking"));
    }
    for token in list(line, "/logprobs") {
        append(message, "weighed", &text(token, "/token"));
    }
    for call in list(piece, "/tool_calls") {
        if message.get("tool_calls").is_none() {
            set(message, "tool_calls", json!([]));
        }
        message["tool_calls"].as_array_mut().unwrap().push(call.clone());
    }
    Ok(())
}

/// Reads the last line, with the message put together.
fn heard(last: &Value, message: Value) -> Proof<Heard> {
    same("done", &last["done"], &json!(true))?;
    must(last["created_at"].is_string(), || format!("no created_at: {last}"))?;
    same("role", &text(&message, "/role"), &"assistant".to_owned())?;
    let mut calls = Vec::new();
    for call in list(&message, "/tool_calls") {
        let arguments = call["function"]["arguments"].clone();
        must(arguments.is_object(), || format!("arguments: {call}"))?;
        let (id, name) = (text(call, "/id"), text(call, "/function/name"));
        calls.push(Call { id, name, arguments });
    }
    let finish = match text(last, "/done_reason").as_str() {
        "stop" if calls.is_empty() => Finish::Stop,
        "stop" => Finish::Calls,
        "length" => Finish::Length,
        reason => return wrong(format!("done_reason {reason:?}")),
    };
    for pointer in ["/total_duration", "/load_duration", "/eval_duration"] {
        needed(last, pointer)?;
    }
    let mut message = message;
    let weighed = message.as_object_mut().and_then(|it| it.remove("weighed"));
    Ok(Heard {
        text: text(&message, "/content"),
        reasoning: text(&message, "/thinking"),
        calls,
        finish: Some(finish),
        weighed: weighed.as_ref().and_then(Value::as_str).unwrap_or_default().to_owned(),
        usage: Counts {
            input: needed(last, "/prompt_eval_count")?,
            output: needed(last, "/eval_count")?,
            cached: None,
            reasoning: None,
            cost: last["cost"].as_f64(),
        },
        turn: vec![message],
        ..Heard::default()
    })
}

fn options(question: &Question) -> Value {
    let mut options = json!({});
    for (name, number) in [("temperature", question.temperature), ("top_p", question.top_p)] {
        if let Some(number) = number {
            set(&mut options, name, number);
        }
    }
    for (name, number) in [("num_predict", question.max_tokens), ("seed", question.seed)] {
        if let Some(number) = number {
            set(&mut options, name, number);
        }
    }
    if let Some(stop) = question.stop {
        set(&mut options, "stop", json!([stop]));
    }
    options
}

fn messages(question: &Question) -> Proof<Vec<Value>> {
    let mut messages = Vec::new();
    if let Some(system) = &question.system {
        messages.push(json!({ "role": "system", "content": system }));
    }
    for turn in &question.turns {
        match turn {
            Turn::User(parts) => messages.push(message("user", parts)?),
            Turn::Said(text) => messages.push(json!({ "role": "assistant", "content": text })),
            Turn::Heard(heard) => messages.extend(heard.iter().cloned()),
            Turn::Results(results) => {
                for result in results {
                    if result.failed {
                        return Err(Flaw::Unsayable("a result can't be marked as an error"));
                    }
                    let mut parts = vec![Part::Text(result.text.clone())];
                    parts.extend(result.image.then_some(Part::Image));
                    let mut message = message("tool", &parts)?;
                    set(&mut message, "tool_name", result.call.name.as_str());
                    messages.push(message);
                }
            }
        }
    }
    Ok(messages)
}

fn message(role: &str, parts: &[Part]) -> Proof<Value> {
    let (mut texts, mut images) = (Vec::new(), Vec::new());
    for part in parts {
        match part {
            Part::Text(text) => texts.push(text.as_str()),
            Part::Image => images.push(base64(IMAGE)),
            Part::ImageUrl(_) => return Err(Flaw::Unsayable("images stand in the request")),
            // Told from an image by how it begins.
            Part::Sound => images.push(base64(SOUND)),
            Part::Film => return Err(Flaw::Unsayable("there are no films")),
            Part::Pdf => return Err(Flaw::Unsayable("there are no files")),
        }
    }
    let mut message = json!({ "role": role, "content": texts.join("\n") });
    if !images.is_empty() {
        set(&mut message, "images", images);
    }
    Ok(message)
}
