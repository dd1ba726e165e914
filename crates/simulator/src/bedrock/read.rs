//! Reads Converse requests that have passed the checks.

use serde_json::Value;

use super::check;
use super::write::Encoder;
use crate::failure::Failure;
use crate::prompt::{
    CacheMark, Format, Image, Part, Prompt, Role, Thinking, Tool, ToolChoice, Turn,
};
use crate::protocol::{Asked, Asking};
use crate::route::Verb;

/// Reads a request.
pub(crate) fn read(asking: Asking<'_>) -> Result<Asked, Failure> {
    let Asking { body, label, verb, .. } = asking;
    let prompt = read_prompt(body)?;
    let encoder = Box::new(Encoder::new(label, prompt.cache_mark));
    Ok(Asked { prompt, encoder, streamed: verb == Verb::Stream })
}

/// Reads the part of `body` that is counted as input.
pub(crate) fn read_prompt(body: &Value) -> Result<Prompt, Failure> {
    check::request(body)?;
    Ok(prompt(body))
}

fn prompt(body: &Value) -> Prompt {
    let system = list(body, "system").filter_map(|block| text(block, "text")).map(Part::Text);
    let config = body.get("inferenceConfig").unwrap_or(&Value::Null);
    Prompt {
        system: Turn { role: Role::User, parts: system.collect() }.text(),
        turns: list(body, "messages").map(turn).collect(),
        tools: tools(body),
        choice: choice(body),
        one_call: body
            .pointer("/additionalModelRequestFields/tool_choice/disable_parallel_tool_use")
            == Some(&Value::Bool(true)),
        format: format(body),
        tokens_max: config.get("maxTokens").and_then(Value::as_u64),
        stops: list(config, "stopSequences").filter_map(Value::as_str).map(str::to_owned).collect(),
        seed: 0,
        thinking: thinking(body),
        cache_mark: cache_mark(body),
    }
}

fn turn(message: &Value) -> Turn {
    let role = match message.get("role").and_then(Value::as_str) {
        Some("assistant") => Role::Assistant,
        _ => Role::User,
    };
    Turn { role, parts: list(message, "content").filter_map(part).collect() }
}

fn part(block: &Value) -> Option<Part> {
    if let Some(text) = text(block, "text") {
        return Some(Part::Text(text));
    }
    if let Some(image) = block.get("image") {
        return self::image(image).map(Part::Image);
    }
    if let Some(call) = block.get("toolUse") {
        return Some(Part::Call {
            id: text(call, "toolUseId")?,
            name: text(call, "name")?,
            arguments: call.get("input").map(Value::to_string).unwrap_or_default(),
        });
    }
    let result = block.get("toolResult")?;
    let content = list(result, "content").filter_map(|block| {
        text(block, "text").or_else(|| block.get("json").map(Value::to_string)).map(Part::Text)
    });
    let content = Turn { role: Role::Tool, parts: content.collect() }.text();
    Some(Part::Result { id: text(result, "toolUseId")?, name: None, content })
}

fn image(image: &Value) -> Option<Image> {
    let source = image.get("source")?;
    if let Some(uri) = source.pointer("/s3Location/uri").and_then(Value::as_str) {
        return Some(Image::Url(uri.to_owned()));
    }
    let media_type = format!("image/{}", text(image, "format")?);
    Some(Image::from_base64(&media_type, &text(source, "bytes")?))
}

fn tools(body: &Value) -> Vec<Tool> {
    let tools = body.get("toolConfig").into_iter().flat_map(|config| list(config, "tools"));
    let read = |tool: &Value| {
        let spec = tool.get("toolSpec")?;
        Some(Tool {
            name: text(spec, "name")?,
            description: text(spec, "description").unwrap_or_default(),
            schema: spec.pointer("/inputSchema/json")?.clone(),
        })
    };
    tools.filter_map(read).collect()
}

fn choice(body: &Value) -> ToolChoice {
    let choice = body.pointer("/toolConfig/toolChoice").unwrap_or(&Value::Null);
    match choice.pointer("/tool/name").and_then(Value::as_str) {
        Some(name) => ToolChoice::Forced(vec![name.to_owned()]),
        None if choice.get("any").is_some() => ToolChoice::Forced(Vec::new()),
        None => ToolChoice::Auto,
    }
}

/// The schema stands there as a text.
fn format(body: &Value) -> Format {
    let schema = body.pointer("/outputConfig/textFormat/structure/jsonSchema/schema");
    match schema.and_then(Value::as_str).map(serde_json::from_str) {
        Some(Ok(schema)) => Format::Schema(schema),
        Some(Err(_)) | None => Format::Text,
    }
}

fn thinking(body: &Value) -> Thinking {
    let fields = body.get("additionalModelRequestFields").unwrap_or(&Value::Null);
    let kinds = ["thinking", "reasoning_config", "reasoningConfig"];
    let kind = kinds.iter().find_map(|key| text(fields.get(*key)?, "type"));
    match kind.as_deref() {
        Some("enabled" | "adaptive") => Thinking::Shown,
        _ => Thinking::Off,
    }
}

/// The longest of the cache points.
fn cache_mark(body: &Value) -> CacheMark {
    let tools = body.get("toolConfig").into_iter().flat_map(|config| list(config, "tools"));
    let messages = list(body, "messages").flat_map(|message| list(message, "content"));
    let blocks = list(body, "system").chain(tools).chain(messages);
    let mark = |block: &Value| match block.get("cachePoint") {
        Some(point) if text(point, "ttl").as_deref() == Some("1h") => CacheMark::Hour,
        Some(_) => CacheMark::FiveMinutes,
        None => CacheMark::None,
    };
    blocks.map(mark).max().unwrap_or_default()
}

fn list<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value.get(key).and_then(Value::as_array).into_iter().flatten()
}

fn text(value: &Value, key: &str) -> Option<String> {
    value.get(key).and_then(Value::as_str).map(str::to_owned)
}
