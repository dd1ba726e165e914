//! Reads chat requests, with the types that Ollama insists on: content is a text and nothing else,
//! arguments are an object, images are bare base64.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::write::Encoder;
use crate::failure::Failure;
use crate::prompt::{Format, Image, Part, Prompt, Role, Thinking, Tool, ToolChoice, Turn};
use crate::protocol::{Asked, Asking};

/// Reads a request.
pub(crate) fn read(asking: Asking<'_>) -> Result<Asked, Failure> {
    let Asking { body, label, .. } = asking;
    let prompt = prompt(body)?;
    let streamed = body.get("stream") != Some(&Value::Bool(false));
    Ok(Asked { prompt, encoder: Box::new(Encoder::new(label)), streamed })
}

fn prompt(body: &Value) -> Result<Prompt, Failure> {
    let options = body.get("options").unwrap_or(&Value::Null);
    let mut prompt = Prompt {
        tools: tools(body),
        choice: ToolChoice::Auto,
        format: format(body)?,
        // A negative number is no limit.
        tokens_max: options.get("num_predict").and_then(Value::as_u64),
        stops: match options.get("stop") {
            Some(Value::String(stop)) => vec![stop.clone()],
            Some(Value::Array(stops)) => {
                stops.iter().filter_map(Value::as_str).map(str::to_owned).collect()
            }
            _ => Vec::new(),
        },
        seed: options.get("seed").and_then(Value::as_i64).map_or(0, i64::cast_unsigned),
        // Models that think do so unless told not to.
        thinking: match body.get("think") {
            Some(Value::Bool(false)) => Thinking::Off,
            _ => Thinking::Shown,
        },
        ..Prompt::default()
    };
    for message in body.get("messages").and_then(Value::as_array).into_iter().flatten() {
        add_message(&mut prompt, message)?;
    }
    Ok(prompt)
}

fn add_message(prompt: &mut Prompt, message: &Value) -> Result<(), Failure> {
    let content = match message.get("content") {
        Some(Value::String(content)) => content.clone(),
        Some(Value::Null) | None => String::new(),
        Some(other) => return Err(mistyped(other, "messages.content", "string")),
    };
    let mut parts = Vec::new();
    if !content.is_empty() {
        parts.push(Part::Text(content.clone()));
    }
    let role = match message.get("role").and_then(Value::as_str) {
        Some("system") => {
            if !prompt.system.is_empty() {
                prompt.system.push('\n');
            }
            prompt.system.push_str(&content);
            return Ok(());
        }
        Some("user") => Role::User,
        Some("assistant") => {
            parts.extend(calls(message)?);
            Role::Assistant
        }
        Some("tool") => {
            let name = ["tool_name", "name"].iter().find_map(|key| text(message, key));
            parts = vec![Part::Result { id: String::new(), name, content }];
            Role::Tool
        }
        _ => {
            return Err(Failure::invalid(
                "invalid role: must be one of [system user assistant tool]",
            ));
        }
    };
    for image in message.get("images").and_then(Value::as_array).into_iter().flatten() {
        parts.push(Part::Image(self::image(image)?));
    }
    prompt.turns.push(Turn { role, parts });
    Ok(())
}

/// Calls have names and arguments; ids are a newer thing, and tools answer by name.
fn calls(message: &Value) -> Result<Vec<Part>, Failure> {
    let calls = message.get("tool_calls").and_then(Value::as_array).into_iter().flatten();
    let read = |call: &Value| {
        let function = call.get("function").unwrap_or(&Value::Null);
        let arguments = function.get("arguments").unwrap_or(&Value::Null);
        if !arguments.is_object() && !arguments.is_null() {
            let field = "messages.tool_calls.function.arguments";
            return Err(mistyped(arguments, field, "api.ToolCallFunctionArguments"));
        }
        Ok(Part::Call {
            id: text(call, "id").unwrap_or_default(),
            name: text(function, "name").unwrap_or_default(),
            arguments: arguments.to_string(),
        })
    };
    calls.map(read).collect()
}

fn image(image: &Value) -> Result<Image, Failure> {
    let data = image.as_str().unwrap_or_default();
    if let Ok(bytes) = STANDARD.decode(data) {
        let media_type = media_type(&bytes).to_owned();
        return Ok(Image::Inline { media_type, bytes: bytes.len() });
    }
    let alphabet = |letter: char| letter.is_ascii_alphanumeric() || "+/=".contains(letter);
    let at = data.find(|letter| !alphabet(letter)).unwrap_or(data.len());
    Err(Failure::invalid(format!("illegal base64 data at input byte {at}")))
}

/// Nobody says what an image is, or whether it is a sound, so its first bytes have to.
fn media_type(bytes: &[u8]) -> &'static str {
    match bytes {
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'A', b'V', b'E', ..] => "audio/wav",
        [b'I', b'D', b'3', ..] | [0xFF, 0xE0..=0xFF, ..] => "audio/mpeg",
        [0xFF, 0xD8, ..] => "image/jpeg",
        [b'G', b'I', b'F', ..] => "image/gif",
        [b'R', b'I', b'F', b'F', ..] => "image/webp",
        _ => "image/png",
    }
}

fn tools(body: &Value) -> Vec<Tool> {
    let tools = body.get("tools").and_then(Value::as_array).into_iter().flatten();
    let read = |tool: &Value| {
        let function = tool.get("function")?;
        let schema = function.get("parameters").cloned();
        Some(Tool {
            name: text(function, "name")?,
            description: text(function, "description").unwrap_or_default(),
            schema: schema.unwrap_or_else(|| serde_json::json!({ "type": "object" })),
        })
    };
    tools.filter_map(read).collect()
}

fn format(body: &Value) -> Result<Format, Failure> {
    match body.get("format") {
        None | Some(Value::Null) => Ok(Format::Text),
        Some(Value::String(word)) if word.is_empty() => Ok(Format::Text),
        Some(Value::String(word)) if word == "json" => Ok(Format::Object),
        Some(schema @ Value::Object(_)) => Ok(Format::Schema(schema.clone())),
        Some(other) => Err(Failure::invalid(format!(
            "invalid format: {other}; expected \"json\" or a valid JSON Schema object"
        ))),
    }
}

fn mistyped(value: &Value, field: &str, wanted: &str) -> Failure {
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    Failure::invalid(format!(
        "json: cannot unmarshal {kind} into Go struct field ChatRequest.{field} of type {wanted}"
    ))
}

fn text(value: &Value, key: &str) -> Option<String> {
    value.get(key).and_then(Value::as_str).map(str::to_owned)
}
