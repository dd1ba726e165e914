//! Reads Gemini requests. Field names come in camel case, or in snake case, which the real service
//! also takes. A top-level field that it does not know is a 400 there, and so it is here.

use serde_json::Value;

use super::write::{Encoder, Framing};
use crate::failure::Failure;
use crate::prompt::{Format, Image, Part, Prompt, Role, Thinking, Tool, ToolChoice, Turn};
use crate::protocol::{Asked, Asking};
use crate::route::Verb;

/// Top-level fields, in snake case.
const FIELDS: [&str; 11] = [
    "cached_content",
    "contents",
    "generation_config",
    "labels",
    "model",
    "safety_settings",
    "service_tier",
    "store",
    "system_instruction",
    "tool_config",
    "tools",
];

/// Reads a request; `vertex` is whether it came to Vertex AI.
pub(crate) fn read(asking: Asking<'_>, vertex: bool) -> Result<Asked, Failure> {
    let query = asking.head.uri.query().unwrap_or_default();
    let sse = query.split('&').any(|pair| pair == "alt=sse");
    let framing = if sse { Framing::Sse } else { Framing::Array };
    let Asking { body, label, verb, .. } = asking;
    let prompt = read_prompt(body)?;
    let encoder = Box::new(Encoder::new(label, framing, prompt.thinking, vertex));
    Ok(Asked { prompt, encoder, streamed: verb == Verb::Stream })
}

/// Reads what is asked.
pub(crate) fn read_prompt(body: &Value) -> Result<Prompt, Failure> {
    known(body, &FIELDS)?;
    let contents = body.get("contents").and_then(Value::as_array);
    let contents = contents.filter(|contents| !contents.is_empty()).ok_or_else(|| {
        Failure::invalid("* GenerateContentRequest.contents: contents is not specified\n")
    })?;
    let turns = contents.iter().map(turn).collect::<Result<Vec<_>, _>>()?;
    let config = get(body, "generationConfig").unwrap_or(&Value::Null);
    let system = get(body, "systemInstruction").map(parts).unwrap_or_default();
    let stops = get(config, "stopSequences").and_then(Value::as_array).into_iter().flatten();
    Ok(Prompt {
        system: Turn { role: Role::User, parts: system }.text(),
        turns,
        tools: tools(body),
        choice: choice(body),
        one_call: false,
        format: format(config),
        tokens_max: get(config, "maxOutputTokens").and_then(Value::as_u64),
        stops: stops.filter_map(Value::as_str).map(str::to_owned).collect(),
        seed: config.get("seed").and_then(Value::as_i64).map_or(0, i64::cast_unsigned),
        thinking: thinking(config),
        ..Prompt::default()
    })
}

/// Refuses fields that are not among `fields`, which are in snake case.
pub(super) fn known(body: &Value, fields: &[&str]) -> Result<(), Failure> {
    let mut names = body.as_object().into_iter().flatten().map(|(field, _)| field);
    match names.find(|field| !fields.contains(&snake(field).as_str())) {
        Some(field) => Err(Failure::invalid(format!(
            "Invalid JSON payload received. Unknown name \"{field}\": Cannot find field."
        ))),
        None => Ok(()),
    }
}

fn turn(content: &Value) -> Result<Turn, Failure> {
    let role = match content.get("role").and_then(Value::as_str) {
        None | Some("user" | "function") => Role::User,
        Some("model") => Role::Assistant,
        Some(_) => return Err(Failure::invalid("Please use a valid role: user, model.")),
    };
    Ok(Turn { role, parts: parts(content) })
}

fn parts(content: &Value) -> Vec<Part> {
    let parts = content.get("parts").and_then(Value::as_array).into_iter().flatten();
    parts.filter(|part| part.get("thought") != Some(&Value::Bool(true))).filter_map(part).collect()
}

fn part(part: &Value) -> Option<Part> {
    let text =
        |value: &Value, key: &str| get(value, key).and_then(Value::as_str).map(str::to_owned);
    if let Some(text) = text(part, "text") {
        return Some(Part::Text(text));
    }
    if let Some(data) = get(part, "inlineData") {
        let media_type = text(data, "mimeType")?;
        return Some(Part::Image(Image::from_base64(&media_type, &text(data, "data")?)));
    }
    if let Some(data) = get(part, "fileData") {
        return Some(Part::Image(Image::Url(text(data, "fileUri")?)));
    }
    if let Some(call) = get(part, "functionCall") {
        return Some(Part::Call {
            id: text(call, "id").unwrap_or_default(),
            name: text(call, "name")?,
            arguments: call.get("args").map(Value::to_string).unwrap_or_default(),
        });
    }
    let result = get(part, "functionResponse")?;
    Some(Part::Result {
        id: text(result, "id").unwrap_or_default(),
        name: text(result, "name"),
        content: result.get("response").map(result_text).unwrap_or_default(),
    })
}

/// A result is an object; by convention the text stands under `result` or `output`.
fn result_text(response: &Value) -> String {
    let named = response.get("result").or_else(|| response.get("output")).unwrap_or(response);
    named.as_str().map_or_else(|| named.to_string(), str::to_owned)
}

fn tools(body: &Value) -> Vec<Tool> {
    let declarations = body
        .get("tools")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|tool| get(tool, "functionDeclarations").and_then(Value::as_array))
        .flatten();
    declarations
        .filter_map(|declaration| {
            let text = |key: &str| declaration.get(key).and_then(Value::as_str).map(str::to_owned);
            let schema = get(declaration, "parametersJsonSchema").or(declaration.get("parameters"));
            Some(Tool {
                name: text("name")?,
                description: text("description").unwrap_or_default(),
                schema: schema.cloned().unwrap_or_else(|| serde_json::json!({ "type": "object" })),
            })
        })
        .collect()
}

fn choice(body: &Value) -> ToolChoice {
    let config = get(body, "toolConfig").and_then(|tools| get(tools, "functionCallingConfig"));
    let names = || {
        let names = config.and_then(|config| get(config, "allowedFunctionNames"));
        let names = names.and_then(Value::as_array).into_iter().flatten();
        names.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    match config.and_then(|config| config.get("mode")).and_then(Value::as_str) {
        Some("NONE") => ToolChoice::None,
        Some("ANY") => ToolChoice::Forced(names()),
        _ => ToolChoice::Auto,
    }
}

fn format(config: &Value) -> Format {
    let schema = get(config, "responseJsonSchema").or_else(|| get(config, "responseSchema"));
    match (schema, get(config, "responseMimeType").and_then(Value::as_str)) {
        (Some(schema), _) => Format::Schema(schema.clone()),
        (None, Some("application/json")) => Format::Object,
        (None, _) => Format::Text,
    }
}

/// Models that reason do so unless the budget is 0, and show it only on demand.
fn thinking(config: &Value) -> Thinking {
    let thinking = get(config, "thinkingConfig").unwrap_or(&Value::Null);
    let budget = get(thinking, "thinkingBudget").and_then(Value::as_i64);
    match (budget, get(thinking, "includeThoughts")) {
        (Some(0), _) => Thinking::Off,
        (_, Some(Value::Bool(true))) => Thinking::Shown,
        _ => Thinking::Hidden,
    }
}

/// The value under a camel-case name or its snake-case twin.
pub(super) fn get<'a>(value: &'a Value, camel: &str) -> Option<&'a Value> {
    value.get(camel).or_else(|| value.get(snake(camel)))
}

fn snake(camel: &str) -> String {
    let mut snake = String::with_capacity(camel.len() + 4);
    for letter in camel.chars() {
        if letter.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}
