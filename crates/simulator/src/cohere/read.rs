//! Reads chat requests. Documents are not read, only cited.

use serde_json::{Value, json};

use super::check;
use super::write::Encoder;
use crate::failure::Failure;
use crate::prompt::{Format, Image, Part, Prompt, Role, Thinking, Tool, ToolChoice, Turn};
use crate::protocol::{Asked, Asking};

/// Reads a request.
pub(crate) fn read(asking: Asking<'_>) -> Result<Asked, Failure> {
    let Asking { body, label, .. } = asking;
    check::request(body)?;
    let prompt = prompt(body)?;
    let streamed = body.get("stream") == Some(&Value::Bool(true));
    let encoder = Box::new(Encoder::new(label, sources(body, &prompt)));
    Ok(Asked { prompt, encoder, streamed })
}

fn prompt(body: &Value) -> Result<Prompt, Failure> {
    let list = |key: &str| body.get(key).and_then(Value::as_array).into_iter().flatten();
    let mut prompt = Prompt {
        tools: list("tools").filter_map(tool).collect(),
        choice: match body.get("tool_choice").and_then(Value::as_str) {
            Some("NONE") => ToolChoice::None,
            Some("REQUIRED") => ToolChoice::Forced(Vec::new()),
            _ => ToolChoice::Auto,
        },
        format: format(body),
        tokens_max: body.get("max_tokens").and_then(Value::as_u64).filter(|limit| *limit > 0),
        stops: list("stop_sequences").filter_map(Value::as_str).map(str::to_owned).collect(),
        seed: body.get("seed").and_then(Value::as_i64).map_or(0, i64::cast_unsigned),
        // Models that reason do so unless told not to.
        thinking: match body.pointer("/thinking/type").and_then(Value::as_str) {
            Some("disabled") => Thinking::Off,
            _ => Thinking::Shown,
        },
        ..Prompt::default()
    };
    for message in list("messages") {
        add_message(&mut prompt, message)?;
    }
    Ok(prompt)
}

fn add_message(prompt: &mut Prompt, message: &Value) -> Result<(), Failure> {
    let mut parts = content(message.get("content"));
    let role = match check::role(message)? {
        "user" => Role::User,
        "assistant" => {
            parts.extend(calls(message));
            Role::Assistant
        }
        "tool" => {
            let id = text(message, "tool_call_id").unwrap_or_default();
            let asked = prompt.turns.iter().rev().find(|turn| turn.role != Role::Tool);
            let is_it = |part: &Part| matches!(part, Part::Call { id: one, .. } if *one == id);
            if !asked.is_some_and(|turn| turn.parts.iter().any(is_it)) {
                return Err(check::unknown_call(&id));
            }
            let content = Turn { role: Role::Tool, parts }.text();
            parts = vec![Part::Result { id, name: None, content }];
            Role::Tool
        }
        _ => {
            if !prompt.system.is_empty() {
                prompt.system.push('\n');
            }
            prompt.system.push_str(&Turn { role: Role::User, parts }.text());
            return Ok(());
        }
    };
    prompt.turns.push(Turn { role, parts });
    Ok(())
}

fn content(content: Option<&Value>) -> Vec<Part> {
    match content {
        Some(Value::String(text)) => vec![Part::Text(text.clone())],
        Some(Value::Array(parts)) => parts.iter().filter_map(part).collect(),
        _ => Vec::new(),
    }
}

fn part(part: &Value) -> Option<Part> {
    match text(part, "type")?.as_str() {
        "text" => text(part, "text").map(Part::Text),
        "document" => {
            let data = part.pointer("/document/data")?;
            let inner = data.as_str().map_or_else(|| data.to_string(), str::to_owned);
            Some(Part::Text(inner))
        }
        "image_url" => {
            let url = part.pointer("/image_url/url").and_then(Value::as_str)?;
            Some(Part::Image(Image::from_url(url)))
        }
        _ => None,
    }
}

fn calls(message: &Value) -> impl Iterator<Item = Part> {
    let calls = message.get("tool_calls").and_then(Value::as_array).into_iter().flatten();
    calls.filter_map(|call| {
        let function = call.get("function")?;
        Some(Part::Call {
            id: text(call, "id")?,
            name: text(function, "name")?,
            arguments: text(function, "arguments").unwrap_or_default(),
        })
    })
}

fn tool(tool: &Value) -> Option<Tool> {
    let function = tool.get("function")?;
    Some(Tool {
        name: text(function, "name")?,
        description: text(function, "description").unwrap_or_default(),
        schema: function.get("parameters").cloned().unwrap_or_else(|| json!({ "type": "object" })),
    })
}

fn format(body: &Value) -> Format {
    let format = body.get("response_format").unwrap_or(&Value::Null);
    if text(format, "type").as_deref() != Some("json_object") {
        return Format::Text;
    }
    // `schema` is the older name of `json_schema`.
    match format.get("json_schema").or_else(|| format.get("schema")) {
        Some(schema) => Format::Schema(schema.clone()),
        None => Format::Object,
    }
}

/// What the answer can cite: the results of tools, and documents.
fn sources(body: &Value, prompt: &Prompt) -> Vec<Value> {
    let documents = body.get("documents").and_then(Value::as_array).into_iter().flatten();
    let document = |(index, document): (usize, &Value)| {
        let id = text(document, "id").unwrap_or_else(|| format!("doc:{index}"));
        let inner = document.get("data").unwrap_or(document);
        json!({ "type": "document", "id": id, "document": inner })
    };
    let last = prompt.turns.iter().rev().take_while(|turn| turn.role == Role::Tool);
    let mut results: Vec<Value> = last
        .flat_map(|turn| &turn.parts)
        .filter_map(|part| match part {
            Part::Result { id, content, .. } => {
                let output = json!({ "content": content });
                Some(json!({ "type": "tool", "id": format!("{id}:0"), "tool_output": output }))
            }
            Part::Text(_) | Part::Image(_) | Part::Call { .. } => None,
        })
        .collect();
    results.reverse();
    results.extend(documents.enumerate().map(document));
    results
}

fn text(value: &Value, key: &str) -> Option<String> {
    value.get(key).and_then(Value::as_str).map(str::to_owned)
}
