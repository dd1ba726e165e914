//! Reads chat completion requests, as strictly as OpenAI does where gateways go wrong.

use serde_json::Value;

use super::write::{Encoder, Options};
use crate::failure::Failure;
use crate::model::{Behaviour, ReasoningField};
use crate::prompt::{Format, Image, Part, Prompt, Role, Thinking, Tool, ToolChoice, Turn};
use crate::protocol::{Asked, Asking};

const TOP_LOGPROBS_MAX: u64 = 20;
const STOPS_MAX: usize = 4;

/// Reads a request; `filtered` asks for the verdicts of Azure's content filters.
pub(crate) fn read(asking: Asking<'_>, filtered: bool) -> Result<Asked, Failure> {
    let Asking { body, label, behaviour, .. } = asking;
    let streamed = flag(body, "stream");
    let field = match behaviour {
        Behaviour::Think(field) => field,
        Behaviour::Echo
        | Behaviour::Prose
        | Behaviour::Tools
        | Behaviour::Json
        | Behaviour::Vision
        | Behaviour::Cached
        | Behaviour::Refuse
        | Behaviour::Draw
        | Behaviour::Speak
        | Behaviour::Cite
        | Behaviour::Bench
        | Behaviour::Missing => ReasoningField::ReasoningContent,
    };
    let prompt = read_prompt(body)?;
    check_stops(body)?;
    let include_usage = body.pointer("/stream_options/include_usage") == Some(&Value::Bool(true));
    if !streamed && body.get("stream_options").is_some_and(|options| !options.is_null()) {
        return Err(Failure::invalid_param(
            "The 'stream_options' parameter is only allowed when 'stream' is enabled.",
            "stream_options",
            None,
        ));
    }
    let logprobs = logprobs(body)?;
    let options = Options { include_usage, logprobs, field, seed: prompt.seed, filtered };
    let encoder = Box::new(Encoder::new(label, options));
    Ok(Asked { prompt, encoder, streamed })
}

/// Reads what is asked.
pub(crate) fn read_prompt(body: &Value) -> Result<Prompt, Failure> {
    let messages = body.get("messages").and_then(Value::as_array).ok_or_else(|| {
        Failure::invalid_param(
            "Missing required parameter: 'messages'.",
            "messages",
            Some("missing_required_parameter"),
        )
    })?;
    if messages.is_empty() {
        return Err(Failure::invalid_param(
            "Invalid 'messages': empty array. Expected an array with minimum length 1, but got \
             an empty array instead.",
            "messages",
            Some("empty_array"),
        ));
    }
    let mut prompt = Prompt {
        tools: tools(body),
        choice: choice(body),
        one_call: body.get("parallel_tool_calls") == Some(&Value::Bool(false)),
        format: format(body),
        tokens_max: tokens_max(body)?,
        stops: stops(body),
        seed: body.get("seed").and_then(Value::as_i64).map_or(0, i64::cast_unsigned),
        thinking: match body.get("reasoning_effort").and_then(Value::as_str) {
            Some("none") => Thinking::Off,
            _ => Thinking::Shown,
        },
        ..Prompt::default()
    };
    for (index, message) in messages.iter().enumerate() {
        add_message(&mut prompt, message, index)?;
    }
    Ok(prompt)
}

fn add_message(prompt: &mut Prompt, message: &Value, index: usize) -> Result<(), Failure> {
    let mut parts = content(message.get("content"));
    let role = match message.get("role").and_then(Value::as_str) {
        Some("system" | "developer") => {
            let text = Turn { role: Role::User, parts }.text();
            if !prompt.system.is_empty() {
                prompt.system.push('\n');
            }
            prompt.system.push_str(&text);
            return Ok(());
        }
        Some("user") => Role::User,
        Some("assistant") => {
            parts.extend(calls(message));
            Role::Assistant
        }
        Some("tool" | "function") => {
            parts = vec![tool_result(prompt, message, index)?];
            Role::Tool
        }
        other => {
            return Err(Failure::invalid_param(
                format!(
                    "Invalid value: '{}'. Supported values are: 'system', 'assistant', 'user', \
                     'function', 'tool', and 'developer'.",
                    other.unwrap_or_default()
                ),
                format!("messages[{index}].role"),
                Some("invalid_value"),
            ));
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
    let text = |key: &str| part.get(key).and_then(Value::as_str);
    match text("type")? {
        "text" => text("text").map(|text| Part::Text(text.to_owned())),
        "refusal" => text("refusal").map(|text| Part::Text(text.to_owned())),
        "image_url" => {
            let image = part.get("image_url")?;
            let url = image.get("url").unwrap_or(image).as_str()?;
            Some(Part::Image(Image::from_url(url)))
        }
        _ => None,
    }
}

fn calls(message: &Value) -> Vec<Part> {
    let calls = message.get("tool_calls").and_then(Value::as_array);
    let call = |call: &Value| {
        let text = |path: &str| call.pointer(path).and_then(Value::as_str).map(str::to_owned);
        Some(Part::Call {
            id: text("/id")?,
            name: text("/function/name")?,
            arguments: text("/function/arguments").unwrap_or_default(),
        })
    };
    calls.into_iter().flatten().filter_map(call).collect()
}

/// A tool message must answer a call of the assistant message before it.
fn tool_result(prompt: &Prompt, message: &Value, index: usize) -> Result<Part, Failure> {
    let text = |key: &str| message.get(key).and_then(Value::as_str).map(str::to_owned);
    let id = text("tool_call_id").unwrap_or_default();
    let asked = prompt.turns.iter().rev().find(|turn| turn.role != Role::Tool);
    let called = asked.is_some_and(|turn| {
        turn.parts.iter().any(|part| matches!(part, Part::Call { id: one, .. } if *one == id))
    });
    if !called && message.get("role").and_then(Value::as_str) == Some("tool") {
        return Err(Failure::invalid_param(
            "Invalid parameter: messages with role 'tool' must be a response to a preceeding \
             message with 'tool_calls'.",
            format!("messages.[{index}].role"),
            None,
        ));
    }
    let content = Turn { role: Role::Tool, parts: content(message.get("content")) }.text();
    Ok(Part::Result { id, name: text("name"), content })
}

fn tools(body: &Value) -> Vec<Tool> {
    let tools = body.get("tools").and_then(Value::as_array);
    let tool = |tool: &Value| {
        let function = tool.get("function")?;
        let text = |key: &str| function.get(key).and_then(Value::as_str).map(str::to_owned);
        Some(Tool {
            name: text("name")?,
            description: text("description").unwrap_or_default(),
            schema: function.get("parameters").cloned().unwrap_or_else(no_parameters),
        })
    };
    tools.into_iter().flatten().filter_map(tool).collect()
}

fn no_parameters() -> Value {
    serde_json::json!({ "type": "object", "properties": {} })
}

fn choice(body: &Value) -> ToolChoice {
    match body.get("tool_choice") {
        Some(Value::String(word)) if word == "none" => ToolChoice::None,
        Some(Value::String(word)) if word == "required" => ToolChoice::Forced(Vec::new()),
        Some(choice) => match choice.pointer("/function/name").and_then(Value::as_str) {
            Some(name) => ToolChoice::Forced(vec![name.to_owned()]),
            None => ToolChoice::Auto,
        },
        None => ToolChoice::Auto,
    }
}

fn format(body: &Value) -> Format {
    match body.pointer("/response_format/type").and_then(Value::as_str) {
        Some("json_object") => Format::Object,
        Some("json_schema") => match body.pointer("/response_format/json_schema/schema") {
            Some(schema) => Format::Schema(schema.clone()),
            None => Format::Object,
        },
        _ => Format::Text,
    }
}

fn tokens_max(body: &Value) -> Result<Option<u64>, Failure> {
    for key in ["max_completion_tokens", "max_tokens"] {
        let Some(value) = body.get(key).filter(|value| !value.is_null()) else { continue };
        return match value.as_u64() {
            Some(tokens) if tokens > 0 => Ok(Some(tokens)),
            _ => Err(Failure::invalid_param(
                format!(
                    "Invalid '{key}': integer below minimum value. Expected a value >= 1, but \
                     got {value} instead."
                ),
                key,
                Some("integer_below_min_value"),
            )),
        };
    }
    Ok(None)
}

fn stops(body: &Value) -> Vec<String> {
    match body.get("stop") {
        Some(Value::String(stop)) => vec![stop.clone()],
        Some(Value::Array(stops)) => {
            stops.iter().filter_map(Value::as_str).map(str::to_owned).collect()
        }
        _ => Vec::new(),
    }
}

fn check_stops(body: &Value) -> Result<(), Failure> {
    let count = body.get("stop").and_then(Value::as_array).map_or(0, Vec::len);
    if count <= STOPS_MAX {
        return Ok(());
    }
    Err(Failure::invalid_param(
        format!(
            "Invalid 'stop': array too long. Expected an array with maximum length {STOPS_MAX}, \
             but got an array with length {count} instead."
        ),
        "stop",
        Some("array_above_max_length"),
    ))
}

/// How many alternatives to report per token; `None` when no log probabilities are asked for.
fn logprobs(body: &Value) -> Result<Option<usize>, Failure> {
    let top = body.get("top_logprobs").and_then(Value::as_u64);
    match (flag(body, "logprobs"), top) {
        (true, Some(top)) if top > TOP_LOGPROBS_MAX => Err(Failure::invalid_param(
            format!(
                "Invalid value for 'top_logprobs': must be less than or equal to {TOP_LOGPROBS_MAX}."
            ),
            "top_logprobs",
            None,
        )),
        (true, top) => Ok(Some(usize::try_from(top.unwrap_or(0)).unwrap_or(0))),
        (false, Some(_)) => Err(Failure::invalid_param(
            "The 'top_logprobs' parameter is only allowed when 'logprobs' is enabled.",
            "top_logprobs",
            None,
        )),
        (false, None) => Ok(None),
    }
}

fn flag(body: &Value, key: &str) -> bool {
    body.get(key) == Some(&Value::Bool(true))
}
