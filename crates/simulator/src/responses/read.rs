//! Reads Responses requests, as strictly as OpenAI does where gateways go wrong.

use serde_json::Value;

use super::write::{Encoder, Options};
use super::{check, echo};
use crate::failure::Failure;
use crate::prompt::{Format, Image, Part, Prompt, Role, Thinking, Tool, ToolChoice, Turn};
use crate::protocol::{Asked, Asking};

/// Reads a request.
pub(crate) fn read(asking: Asking<'_>) -> Result<Asked, Failure> {
    let Asking { body, label, .. } = asking;
    let prompt = read_prompt(body)?;
    let includes = |what: &str| {
        let include = body.get("include").and_then(Value::as_array);
        include.into_iter().flatten().any(|one| one.as_str() == Some(what))
    };
    let encrypted = includes("reasoning.encrypted_content");
    let options = Options { encrypted, echoed: echo::of(body) };
    let streamed = body.get("stream") == Some(&Value::Bool(true));
    Ok(Asked { prompt, encoder: Box::new(Encoder::new(label, options)), streamed })
}

/// Reads the part of `body` that is counted as input.
pub(crate) fn read_prompt(body: &Value) -> Result<Prompt, Failure> {
    check::request(body)?;
    let mut prompt = Prompt {
        system: text(body, "instructions").unwrap_or_default(),
        tools: tools(body),
        choice: choice(body),
        one_call: body.get("parallel_tool_calls") == Some(&Value::Bool(false)),
        format: format(body),
        tokens_max: body.get("max_output_tokens").and_then(Value::as_u64),
        thinking: thinking(body),
        ..Prompt::default()
    };
    match body.get("input") {
        Some(Value::String(input)) => {
            let parts = vec![Part::Text(input.clone())];
            prompt.turns.push(Turn { role: Role::User, parts });
        }
        Some(Value::Array(items)) => {
            check::pairs(items)?;
            let mut items = items.iter().enumerate().peekable();
            while let Some((index, item)) = items.next() {
                add_item(&mut prompt, item, index, items.peek().map(|(_, next)| *next))?;
            }
        }
        _ => return Err(check::missing("input")),
    }
    Ok(prompt)
}

fn add_item(
    prompt: &mut Prompt,
    item: &Value,
    index: usize,
    next: Option<&Value>,
) -> Result<(), Failure> {
    let text = |key: &str| text(item, key);
    match text("type").as_deref() {
        None | Some("message") => message(prompt, item, index),
        Some("function_call") => {
            let (Some(id), Some(name)) = (text("call_id"), text("name")) else {
                let key = if text("name").is_none() { "name" } else { "call_id" };
                return Err(check::missing(&format!("input[{index}].{key}")));
            };
            let arguments = text("arguments").unwrap_or_default();
            push(prompt, Role::Assistant, vec![Part::Call { id, name, arguments }]);
            Ok(())
        }
        Some("function_call_output") => {
            let output = match item.get("output") {
                Some(Value::String(output)) => output.clone(),
                Some(Value::Array(parts)) => {
                    let parts = parts.iter().filter_map(part).collect();
                    Turn { role: Role::Tool, parts }.text()
                }
                _ => return Err(check::missing(&format!("input[{index}].output"))),
            };
            let id = text("call_id").unwrap_or_default();
            push(prompt, Role::Tool, vec![Part::Result { id, name: None, content: output }]);
            Ok(())
        }
        Some("reasoning") => check::reasoning(item, next),
        Some("item_reference") => Err(check::reference(item)),
        Some(kind) => {
            let supported = "'function_call', 'function_call_output', 'item_reference', \
                             'message', and 'reasoning'";
            Err(check::invalid_value(kind, supported, format!("input[{index}]")))
        }
    }
}

/// Items that belong to one message of a conversation stay together.
fn push(prompt: &mut Prompt, role: Role, parts: Vec<Part>) {
    match prompt.turns.last_mut().filter(|turn| turn.role == role && role != Role::User) {
        Some(turn) => turn.parts.extend(parts),
        None => prompt.turns.push(Turn { role, parts }),
    }
}

fn message(prompt: &mut Prompt, item: &Value, index: usize) -> Result<(), Failure> {
    let role_name = text(item, "role").ok_or_else(|| {
        // An item with neither a type nor a role could be anything.
        check::missing(&format!("input[{index}].role"))
    })?;
    let role = match role_name.as_str() {
        "user" | "system" | "developer" => Role::User,
        "assistant" => Role::Assistant,
        other => {
            let supported = "'assistant', 'system', 'developer', and 'user'";
            return Err(check::invalid_value(other, supported, format!("input[{index}]")));
        }
    };
    let parts = match item.get("content") {
        Some(Value::String(text)) => vec![Part::Text(text.clone())],
        Some(Value::Array(parts)) => {
            for (at, part) in parts.iter().enumerate() {
                check::part(part, &role_name, &format!("input[{index}].content[{at}]"))?;
            }
            parts.iter().filter_map(part).collect()
        }
        _ => return Err(check::missing(&format!("input[{index}].content"))),
    };
    if matches!(role_name.as_str(), "system" | "developer") {
        if !prompt.system.is_empty() {
            prompt.system.push('\n');
        }
        prompt.system.push_str(&Turn { role, parts }.text());
    } else {
        push(prompt, role, parts);
    }
    Ok(())
}

fn part(part: &Value) -> Option<Part> {
    match text(part, "type")?.as_str() {
        "input_text" | "output_text" => text(part, "text").map(Part::Text),
        "refusal" => text(part, "refusal").map(Part::Text),
        // Here the URL stands by itself, not within an object as in chat completions.
        "input_image" => text(part, "image_url").map(|url| Part::Image(Image::from_url(&url))),
        _ => None,
    }
}

fn tools(body: &Value) -> Vec<Tool> {
    let tools = body.get("tools").and_then(Value::as_array).into_iter().flatten();
    let functions = tools.filter(|tool| text(tool, "type").as_deref() == Some("function"));
    let read = |tool: &Value| {
        let parameters = tool.get("parameters").filter(|parameters| parameters.is_object());
        Some(Tool {
            name: text(tool, "name")?,
            description: text(tool, "description").unwrap_or_default(),
            schema: parameters.cloned().unwrap_or_else(|| serde_json::json!({ "type": "object" })),
        })
    };
    functions.filter_map(read).collect()
}

fn choice(body: &Value) -> ToolChoice {
    let Some(choice) = body.get("tool_choice") else { return ToolChoice::Auto };
    let word = choice.as_str().map(str::to_owned).or_else(|| text(choice, "mode"));
    let named = choice.get("tools").and_then(Value::as_array).into_iter().flatten();
    let named = named.chain(std::iter::once(choice)).filter_map(|tool| text(tool, "name"));
    match (word.as_deref(), text(choice, "type").as_deref()) {
        (Some("none"), _) => ToolChoice::None,
        (Some("required"), _) | (_, Some("function")) => ToolChoice::Forced(named.collect()),
        _ => ToolChoice::Auto,
    }
}

fn format(body: &Value) -> Format {
    let format = body.pointer("/text/format").unwrap_or(&Value::Null);
    match (text(format, "type").as_deref(), format.get("schema")) {
        (Some("json_schema"), Some(schema)) => Format::Schema(schema.clone()),
        (Some("json_object"), _) => Format::Object,
        _ => Format::Text,
    }
}

/// Models that reason do so unless told otherwise, and tell of it only in summaries.
fn thinking(body: &Value) -> Thinking {
    let said = |path: &str| body.pointer(path).and_then(Value::as_str);
    match (said("/reasoning/effort"), said("/reasoning/summary")) {
        (Some("none"), _) => Thinking::Off,
        (_, Some(_)) => Thinking::Shown,
        _ => Thinking::Hidden,
    }
}

fn text(value: &Value, key: &str) -> Option<String> {
    value.get(key).and_then(Value::as_str).map(str::to_owned)
}
