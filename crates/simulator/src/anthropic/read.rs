//! Reads message requests that have passed the checks.

use serde_json::Value;

use super::check;
use super::write::Encoder;
use crate::failure::Failure;
use crate::prompt::{
    CacheMark, Format, Image, Part, Prompt, Role, Thinking, Tool, ToolChoice, Turn,
};
use crate::protocol::{Asked, Asking, Label};

/// Reads a request for an answer.
pub(crate) fn read(asking: Asking<'_>) -> Result<Asked, Failure> {
    check::headers(&asking.head.headers)?;
    read_body(asking.body, asking.label)
}

/// Reads `body` for an answer, whatever the headers say.
pub(crate) fn read_body(body: &Value, label: Label) -> Result<Asked, Failure> {
    check::request(body)?;
    let prompt = read_prompt(body)?;
    let streamed = body.get("stream") == Some(&Value::Bool(true));
    let encoder = Box::new(Encoder::new(label, prompt.cache_mark));
    Ok(Asked { prompt, encoder, streamed })
}

/// Reads the part of `body` that is counted as input.
pub(crate) fn read_prompt(body: &Value) -> Result<Prompt, Failure> {
    let messages = body.get("messages").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    check::messages(messages)?;
    let system = Turn { role: Role::User, parts: content(body.get("system")) }.text();
    let turns = messages.iter().map(turn).collect();
    Ok(Prompt {
        system,
        turns,
        tools: tools(body),
        choice: choice(body),
        one_call: body.pointer("/tool_choice/disable_parallel_tool_use") == Some(&true.into()),
        format: format(body),
        tokens_max: body.get("max_tokens").and_then(Value::as_u64),
        stops: stops(body),
        seed: 0,
        thinking: thinking(body),
        cache_mark: cache_mark(body),
    })
}

fn turn(message: &Value) -> Turn {
    let role = match message.get("role").and_then(Value::as_str) {
        Some("assistant") => Role::Assistant,
        _ => Role::User,
    };
    Turn { role, parts: content(message.get("content")) }
}

fn content(content: Option<&Value>) -> Vec<Part> {
    match content {
        Some(Value::String(text)) => vec![Part::Text(text.clone())],
        Some(Value::Array(blocks)) => blocks.iter().filter_map(part).collect(),
        _ => Vec::new(),
    }
}

fn part(block: &Value) -> Option<Part> {
    let text = |key: &str| block.get(key).and_then(Value::as_str).map(str::to_owned);
    match text("type")?.as_str() {
        "text" => text("text").map(Part::Text),
        "image" => image(block.get("source")?).map(Part::Image),
        "tool_use" => Some(Part::Call {
            id: text("id")?,
            name: text("name")?,
            arguments: block.get("input").map(Value::to_string).unwrap_or_default(),
        }),
        "tool_result" => {
            let content = Turn { role: Role::Tool, parts: content(block.get("content")) }.text();
            Some(Part::Result { id: text("tool_use_id")?, name: None, content })
        }
        _ => None,
    }
}

fn image(source: &Value) -> Option<Image> {
    let text = |key: &str| source.get(key).and_then(Value::as_str);
    match text("type")? {
        "base64" => Some(Image::from_base64(text("media_type")?, text("data")?)),
        "url" => text("url").map(|url| Image::Url(url.to_owned())),
        _ => None,
    }
}

fn tools(body: &Value) -> Vec<Tool> {
    let tools = body.get("tools").and_then(Value::as_array);
    let tool = |tool: &Value| {
        let text = |key: &str| tool.get(key).and_then(Value::as_str).map(str::to_owned);
        Some(Tool {
            name: text("name")?,
            description: text("description").unwrap_or_default(),
            schema: tool.get("input_schema")?.clone(),
        })
    };
    tools.into_iter().flatten().filter_map(tool).collect()
}

fn choice(body: &Value) -> ToolChoice {
    let text = |key: &str| body.pointer(key).and_then(Value::as_str);
    match text("/tool_choice/type") {
        Some("none") => ToolChoice::None,
        Some("any") => ToolChoice::Forced(Vec::new()),
        Some("tool") => {
            ToolChoice::Forced(text("/tool_choice/name").map(str::to_owned).into_iter().collect())
        }
        _ => ToolChoice::Auto,
    }
}

fn format(body: &Value) -> Format {
    // `output_format` is the older name of `output_config.format`.
    let format = body.pointer("/output_config/format").or_else(|| body.get("output_format"));
    match format.and_then(|format| format.get("schema")) {
        Some(schema) => Format::Schema(schema.clone()),
        None => Format::Text,
    }
}

fn stops(body: &Value) -> Vec<String> {
    let stops = body.get("stop_sequences").and_then(Value::as_array).into_iter().flatten();
    stops.filter_map(Value::as_str).map(str::to_owned).collect()
}

fn thinking(body: &Value) -> Thinking {
    match body.pointer("/thinking/type").and_then(Value::as_str) {
        Some("enabled" | "adaptive") => Thinking::Shown,
        _ => Thinking::Off,
    }
}

/// The longest of the marks in the request.
fn cache_mark(body: &Value) -> CacheMark {
    let blocks = |value: &'_ Value, key: &str| -> Vec<CacheMark> {
        value.get(key).and_then(Value::as_array).into_iter().flatten().map(own_mark).collect()
    };
    let messages = body.get("messages").and_then(Value::as_array).into_iter().flatten();
    std::iter::once(own_mark(body))
        .chain(blocks(body, "system"))
        .chain(blocks(body, "tools"))
        .chain(messages.flat_map(|message| blocks(message, "content")))
        .max()
        .unwrap_or_default()
}

/// The mark of one block.
fn own_mark(block: &Value) -> CacheMark {
    match block.get("cache_control") {
        Some(mark) if mark.get("ttl").and_then(Value::as_str) == Some("1h") => CacheMark::Hour,
        Some(Value::Object(_)) => CacheMark::FiveMinutes,
        _ => CacheMark::None,
    }
}
