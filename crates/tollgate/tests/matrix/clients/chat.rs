//! OpenAI's chat completions with OpenRouter's extensions (contract §2, §3.1–3.3).

use serde_json::{Value, json};

use super::{Dialect, Sent, Stream};
use crate::media::{SOUND, base64, film_uri, image_uri, pdf_uri};
use crate::question::{
    Call, Choice, Counts, Finish, Format, Heard, Part, Proof, Question, Thinking, Tool, ToolResult,
    Turn, append, list, must, needed, parsed, same, set, text, wrong,
};
use crate::sse::chunks;

/// The dialect.
pub(super) struct Chat;

impl Dialect for Chat {
    fn write(&self, question: &Question, model: &str, streamed: bool) -> Proof<Sent> {
        let mut body = json!({ "model": model, "messages": messages(question) });
        if !question.tools.is_empty() {
            set(&mut body, "tools", question.tools.iter().map(tool).collect::<Vec<_>>());
        }
        match question.choice {
            None => {}
            Some(Choice::Auto) => set(&mut body, "tool_choice", "auto"),
            Some(Choice::None) => set(&mut body, "tool_choice", "none"),
            Some(Choice::Required) => set(&mut body, "tool_choice", "required"),
            Some(Choice::Named(name)) => {
                let named = json!({ "type": "function", "function": { "name": name } });
                set(&mut body, "tool_choice", named);
            }
        }
        if question.one_call {
            set(&mut body, "parallel_tool_calls", false);
        }
        parameters(&mut body, question);
        if streamed {
            set(&mut body, "stream", true);
        }
        let path = "/api/v1/chat/completions".to_owned();
        Ok(Sent { path, key: ("authorization", "Bearer "), headers: Vec::new(), body })
    }

    fn whole(&self, body: &Value) -> Proof<Heard> {
        same("object", &text(body, "/object"), &"chat.completion".to_owned())?;
        same("choices", &list(body, "/choices").count(), &1)?;
        let choice = &body["choices"][0];
        let message = &choice["message"];
        same("role", &text(message, "/role"), &"assistant".to_owned())?;
        let heard = heard(body, message.clone(), &text(choice, "/finish_reason"))?;
        Ok(Heard { weighed: tokens(choice), ..heard })
    }

    fn stream(&self, stream: &str) -> Proof<Stream> {
        let chunks = chunks(stream)?;
        let Some((last, before)) = chunks.split_last() else { return wrong("no chunk came") };
        let mut message = json!({ "role": "assistant" });
        let (mut finish, mut weighed) = (String::new(), String::new());
        for (position, chunk) in chunks.iter().enumerate() {
            same("object", &text(chunk, "/object"), &"chat.completion.chunk".to_owned())?;
            for member in ["id", "created", "model", "provider"] {
                same(member, &chunk[member], &last[member])?;
            }
            let choice = &chunk["choices"][0];
            let failed = chunk.get("error").is_some();
            if position == 0 && !failed {
                same("first role", &text(choice, "/delta/role"), &"assistant".to_owned())?;
            }
            let delta = &choice["delta"];
            let is_finished = !finish.is_empty() && text(choice, "/finish_reason") != finish;
            must(!is_finished || failed, || format!("more behind the finish: {stream}"))?;
            add_delta(&mut message, delta)?;
            weighed.push_str(&tokens(choice));
            if !text(choice, "/finish_reason").is_empty() {
                finish = text(choice, "/finish_reason");
            }
        }
        let early = |chunk: &&Value| chunk["usage"].is_object() || chunk.get("error").is_some();
        must(!before.iter().any(|chunk| early(&chunk)), || {
            format!("usage or an error before the last chunk: {stream}")
        })?;
        if last.get("error").is_some() {
            same("finish", &finish, &"error".to_owned())?;
            let error = error_message(&last["error"])?;
            let heard = Heard { text: text(&message, "/content"), ..Heard::default() };
            return Ok(Stream { heard, error: Some(error) });
        }
        let heard = Heard { weighed, ..heard(last, message, &finish)? };
        Ok(Stream { heard, error: None })
    }

    fn error(&self, status: u16, body: &Value) -> Proof<String> {
        same("error.code", &body["error"]["code"], &json!(status))?;
        error_message(&body["error"])
    }
}

/// The tokens of a choice's probabilities.
fn tokens(choice: &Value) -> String {
    list(choice, "/logprobs/content").map(|entry| text(entry, "/token")).collect()
}

/// The message of the contract's error (§4.1), checked.
pub(super) fn error_message(error: &Value) -> Proof<String> {
    let message = text(error, "/message");
    let named = !text(error, "/metadata/error_type").is_empty();
    must(error["code"].is_u64() && named && !message.is_empty(), || format!("error: {error}"))?;
    Ok(message)
}

/// The parameters that chat and the legacy completions share.
pub(super) fn parameters(body: &mut Value, question: &Question) {
    match &question.format {
        Format::Free => {}
        Format::Json => set(body, "response_format", json!({ "type": "json_object" })),
        Format::Schema(schema) => {
            let named = json!({ "name": "weather", "strict": true, "schema": schema });
            set(body, "response_format", json!({ "type": "json_schema", "json_schema": named }));
        }
    }
    match question.thinking {
        Thinking::Unsaid => {}
        Thinking::Shown => set(body, "reasoning", json!({ "effort": "high" })),
        Thinking::Hidden => set(body, "reasoning", json!({ "effort": "high", "exclude": true })),
    }
    let numbers = [("temperature", question.temperature), ("top_p", question.top_p)];
    for (name, number) in numbers {
        if let Some(number) = number {
            set(body, name, number);
        }
    }
    for (name, number) in [("max_tokens", question.max_tokens), ("seed", question.seed)] {
        if let Some(number) = number {
            set(body, name, number);
        }
    }
    if let Some(stop) = question.stop {
        set(body, "stop", stop);
    }
}

/// `usage` of the contract (§3.2).
pub(super) fn usage(usage: &Value) -> Proof<Counts> {
    let counts = Counts {
        input: needed(usage, "/prompt_tokens")?,
        output: needed(usage, "/completion_tokens")?,
        cached: Some(needed(usage, "/prompt_tokens_details/cached_tokens")?),
        reasoning: Some(needed(usage, "/completion_tokens_details/reasoning_tokens")?),
        cost: usage["cost"].as_f64(),
    };
    let total = counts.input + counts.output;
    same("total_tokens", &needed(usage, "/total_tokens")?, &total)?;
    must(counts.cost.is_some(), || format!("no cost in {usage}"))?;
    Ok(counts)
}

/// The contract's reasons to end.
pub(super) fn finish(word: &str) -> Proof<Finish> {
    match word {
        "stop" => Ok(Finish::Stop),
        "length" => Ok(Finish::Length),
        "tool_calls" => Ok(Finish::Calls),
        "content_filter" => Ok(Finish::Filter),
        _ => wrong(format!("finish_reason {word:?}")),
    }
}

fn heard(body: &Value, message: Value, finish: &str) -> Proof<Heard> {
    let mut calls = Vec::new();
    for call in list(&message, "/tool_calls") {
        same("type", &text(call, "/type"), &"function".to_owned())?;
        let arguments = parsed(&text(call, "/function/arguments"))?;
        let (id, name) = (text(call, "/id"), text(call, "/function/name"));
        must(!id.is_empty(), || format!("a call without an id: {call}"))?;
        calls.push(Call { id, name, arguments });
    }
    let refusal = text(&message, "/refusal");
    Ok(Heard {
        id: Some(text(body, "/id")),
        text: text(&message, "/content") + &refusal,
        reasoning: text(&message, "/reasoning"),
        calls,
        refused: !refusal.is_empty() || finish == "content_filter",
        finish: Some(self::finish(finish)?),
        pictures: list(&message, "/images")
            .map(|it| picture(&text(it, "/image_url/url")))
            .collect(),
        sound: text(&message, "/audio/data"),
        sources: list(&message, "/annotations").map(|it| text(it, "/url_citation/url")).collect(),
        usage: usage(&body["usage"])?,
        turn: vec![message],
        ..Heard::default()
    })
}

/// What a data URI holds.
pub(super) fn picture(uri: &str) -> String {
    uri.split_once("base64,").map_or_else(String::new, |(_, data)| data.to_owned())
}

/// Adds a delta to the message, as SDKs do.
fn add_delta(message: &mut Value, delta: &Value) -> Proof {
    for name in ["content", "refusal", "reasoning"] {
        if let Some(more) = delta[name].as_str() {
            append(message, name, more);
        }
    }
    for detail in list(delta, "/reasoning_details") {
        add_detail(message, detail);
    }
    for name in ["images", "annotations"] {
        for more in list(delta, &format!("/{name}")) {
            if message.get(name).is_none() {
                set(message, name, json!([]));
            }
            message[name].as_array_mut().unwrap().push(more.clone());
        }
    }
    if delta["audio"].is_object() {
        if message.get("audio").is_none() {
            set(message, "audio", json!({}));
        }
        for (name, more) in delta["audio"].as_object().into_iter().flatten() {
            match more.as_str() {
                Some(more) if name != "id" => append(&mut message["audio"], name, more),
                _ => set(&mut message["audio"], name, more.clone()),
            }
        }
    }
    for fragment in list(delta, "/tool_calls") {
        add_call(message, fragment)?;
    }
    Ok(())
}

/// Adds a piece to the detail it goes on with.
fn add_detail(message: &mut Value, detail: &Value) {
    if message.get("reasoning_details").is_none() {
        set(message, "reasoning_details", json!([]));
    }
    let details = message["reasoning_details"].as_array_mut().unwrap();
    let goes_on = |it: &Value| it["type"] == detail["type"] && it["index"] == detail["index"];
    let Some(last) = details.last_mut().filter(|it| goes_on(it)) else {
        details.push(detail.clone());
        return;
    };
    for name in ["text", "summary", "signature", "data"] {
        if let Some(more) = detail[name].as_str() {
            append(last, name, more);
        }
    }
}

fn add_call(message: &mut Value, fragment: &Value) -> Proof {
    if message.get("tool_calls").is_none() {
        set(message, "tool_calls", json!([]));
    }
    let calls = message["tool_calls"].as_array_mut().unwrap();
    let index = usize::try_from(needed(fragment, "/index")?).unwrap();
    must(index <= calls.len(), || format!("call {index} behind {}", calls.len()))?;
    if index == calls.len() {
        let named =
            !text(fragment, "/id").is_empty() && !text(fragment, "/function/name").is_empty();
        must(named, || format!("a call begins without id and name: {fragment}"))?;
        calls.push(json!({
            "id": fragment["id"],
            "type": fragment["type"],
            "function": fragment["function"],
        }));
        return Ok(());
    }
    let again = fragment.get("id").filter(|id| !id.is_null() && **id != calls[index]["id"]);
    must(again.is_none(), || format!("another id for call {index}: {fragment}"))?;
    append(&mut calls[index]["function"], "arguments", &text(fragment, "/function/arguments"));
    Ok(())
}

fn tool(tool: &Tool) -> Value {
    json!({ "type": "function", "function": {
        "name": tool.name, "description": tool.description(), "parameters": tool.schema(),
    } })
}

fn messages(question: &Question) -> Vec<Value> {
    let mut messages = Vec::new();
    if let Some(system) = &question.system {
        let content = if question.cached {
            let mark = json!({ "type": "ephemeral" });
            json!([{ "type": "text", "text": system, "cache_control": mark }])
        } else {
            json!(system)
        };
        messages.push(json!({ "role": "system", "content": content }));
    }
    for turn in &question.turns {
        match turn {
            Turn::User(parts) => {
                messages.push(json!({ "role": "user", "content": content(parts) }));
            }
            Turn::Said(text) => messages.push(json!({ "role": "assistant", "content": text })),
            Turn::Heard(heard) => messages.extend(heard.iter().cloned()),
            Turn::Results(results) => messages.extend(results.iter().map(result)),
        }
    }
    messages
}

fn result(result: &ToolResult) -> Value {
    let mut parts = vec![Part::Text(result.text.clone())];
    parts.extend(result.image.then_some(Part::Image));
    let mut message =
        json!({ "role": "tool", "tool_call_id": result.call.id, "content": content(&parts) });
    if result.failed {
        set(&mut message, "is_error", true);
    }
    message
}

fn content(parts: &[Part]) -> Value {
    if let [Part::Text(text)] = parts {
        return json!(text);
    }
    let image = |url: &str| json!({ "type": "image_url", "image_url": { "url": url } });
    let part = |part: &Part| match part {
        Part::Text(text) => json!({ "type": "text", "text": text }),
        Part::Image => image(&image_uri()),
        Part::ImageUrl(url) => image(url),
        Part::Sound => {
            let sound = json!({ "data": base64(SOUND), "format": "wav" });
            json!({ "type": "input_audio", "input_audio": sound })
        }
        Part::Film => json!({ "type": "video_url", "video_url": { "url": film_uri() } }),
        Part::Pdf => {
            let file = json!({ "filename": "paper.pdf", "file_data": pdf_uri() });
            json!({ "type": "file", "file": file })
        }
    };
    parts.iter().map(part).collect()
}
