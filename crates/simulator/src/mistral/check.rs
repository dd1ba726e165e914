//! What Mistral refuses: fields that it does not know (422), and messages in an order, or with ids,
//! that its models can't take (400).

use serde_json::{Value, json};

use crate::event::set;
use crate::failure::{Cause, Failure};
use crate::vector::texts;

const ID_LETTERS: usize = 9;

/// Top-level fields of a request; anything else is refused.
const FIELDS: [&str; 23] = [
    "frequency_penalty",
    "guardrails",
    "max_tokens",
    "messages",
    "metadata",
    "model",
    "n",
    "parallel_tool_calls",
    "prediction",
    "presence_penalty",
    "prompt_cache_key",
    "prompt_mode",
    "random_seed",
    "reasoning_effort",
    "response_format",
    "safe_prompt",
    "service_tier",
    "stop",
    "stream",
    "temperature",
    "tool_choice",
    "tools",
    "top_p",
];

const BAD_ORDER: &str = "invalid_request_message_order";

/// Everything that is checked.
pub(super) fn request(body: &Value) -> Result<(), Failure> {
    let mut problems = extra(body, &FIELDS);
    let messages = body.get("messages").and_then(Value::as_array);
    if body.get("messages").is_none() {
        problems.push(problem("missing", json!(["body", "messages"]), "Field required", body));
    }
    for (index, message) in messages.into_iter().flatten().enumerate() {
        problems.extend(self::message(message, index));
    }
    if let Some(choice) = body.get("tool_choice").and_then(Value::as_str)
        && !matches!(choice, "auto" | "none" | "any" | "required")
    {
        let said = "Input should be 'auto', 'none', 'any' or 'required'";
        let place = json!(["body", "tool_choice", "str-enum[ToolChoiceEnum]"]);
        problems.push(problem("enum", place, said, &json!(choice)));
    }
    if let Some(tier) = body.get("service_tier").filter(|tier| !tier.is_null())
        && !matches!(tier.as_str(), Some("auto" | "standard_only"))
    {
        let place = json!(["body", "service_tier"]);
        problems.push(problem("enum", place, "Input should be 'auto' or 'standard_only'", tier));
    }
    if !problems.is_empty() {
        return Err(unprocessable(problems));
    }
    order(messages.map_or(&[][..], Vec::as_slice))
}

/// What is wrong with fields that are not among `fields`.
pub(super) fn extra(body: &Value, fields: &[&str]) -> Vec<Value> {
    let extra = body.as_object().into_iter().flatten();
    let extra = extra.filter(|(field, _)| !fields.contains(&field.as_str()));
    extra.map(|(field, input)| forbidden(json!(["body", field]), input)).collect()
}

/// The texts to work on. What is wrong with them is put to `problems`.
pub(super) fn inputs<'a>(body: &'a Value, problems: &mut Vec<Value>) -> Vec<&'a str> {
    let inputs = texts(body.get("input")).unwrap_or_default();
    if inputs.is_empty() {
        let (kind, said) = match body.get("input") {
            None => ("missing", "Field required"),
            Some(_) => ("string_type", "Input should be a valid string"),
        };
        let input = body.get("input").unwrap_or(body);
        problems.push(problem(kind, json!(["body", "input"]), said, input));
    }
    inputs
}

/// The request names no model.
pub(crate) fn no_model() -> Failure {
    unprocessable(vec![problem("missing", json!(["body", "model"]), "Field required", &json!({}))])
}

/// The body is no JSON.
pub(crate) fn bad_json(error: &serde_json::Error) -> Failure {
    let mut problem =
        problem("json_invalid", json!(["body", error.column()]), "JSON decode error", &json!({}));
    set(&mut problem, "ctx", json!({ "error": error.to_string() }));
    unprocessable(vec![problem])
}

/// The problems as JSON text; writing the error reads them back.
pub(super) fn unprocessable(problems: Vec<Value>) -> Failure {
    let message = Value::Array(problems).to_string();
    let cause = Cause::Invalid { message, param: None, code: None };
    Failure { status: 422, cause, retry_after_s: None }
}

/// One problem, as the web framework tells it.
pub(super) fn problem(kind: &str, place: Value, message: &str, input: &Value) -> Value {
    let mut problem = json!({ "type": kind, "msg": message, "input": input });
    set(&mut problem, "loc", place);
    problem
}

fn forbidden(place: Value, input: &Value) -> Value {
    problem("extra_forbidden", place, "Extra inputs are not permitted", input)
}

fn message(message: &Value, index: usize) -> Vec<Value> {
    let place = ["body", "messages"];
    let role = message.get("role").and_then(Value::as_str).unwrap_or_default();
    let fields: &[&str] = match role {
        "system" | "user" => &["content", "role"],
        "assistant" => &["content", "prefix", "role", "tool_calls"],
        "tool" => &["content", "name", "role", "tool_call_id"],
        _ => {
            let said = format!(
                "Input tag '{role}' found using 'role' does not match any of the expected tags: \
                 'system', 'user', 'assistant', 'tool'"
            );
            let place = json!([place[0], place[1], index]);
            return vec![problem("union_tag_invalid", place, &said, message)];
        }
    };
    let extra = message.as_object().into_iter().flatten();
    extra
        .filter(|(field, _)| !fields.contains(&field.as_str()))
        .map(|(field, input)| forbidden(json!(["body", "messages", index, role, field]), input))
        .collect()
}

/// Who may speak after whom, and which ids calls may have.
fn order(messages: &[Value]) -> Result<(), Failure> {
    let mut before = "";
    let mut open: Vec<&str> = Vec::new();
    for message in messages {
        let role = message.get("role").and_then(Value::as_str).unwrap_or_default();
        if role != "tool" && !open.is_empty() {
            let said = "Not the same number of function calls and responses";
            return Err(refused(said, BAD_ORDER, "3230"));
        }
        if (before, role) == ("tool", "user") || (before, role) == ("tool", "system") {
            let said = format!("Unexpected role '{role}' after role '{before}'");
            return Err(refused(&said, BAD_ORDER, "3230"));
        }
        if role == "tool" {
            let id = message.get("tool_call_id").and_then(Value::as_str).unwrap_or_default();
            let Some(at) = open.iter().position(|one| *one == id) else {
                let said = "Unexpected tool call id in tool message";
                return Err(refused(said, BAD_ORDER, "3230"));
            };
            open.remove(at);
        }
        for call in message.get("tool_calls").and_then(Value::as_array).into_iter().flatten() {
            let id = call.get("id").and_then(Value::as_str).unwrap_or_default();
            if id.len() != ID_LETTERS || !id.chars().all(|letter| letter.is_ascii_alphanumeric()) {
                let said =
                    format!("Tool call id was {id} but must be a-z, A-Z, 0-9, with a length of 9.");
                return Err(refused(&said, "invalid_function_call", "3280"));
            }
            open.push(id);
        }
        before = role;
    }
    last(messages.last())
}

fn last(message: Option<&Value>) -> Result<(), Failure> {
    let role = message.and_then(|message| message.get("role")).and_then(Value::as_str);
    let prefix = message.and_then(|message| message.get("prefix")) == Some(&Value::Bool(true));
    match role {
        Some("user" | "tool") => Ok(()),
        Some("assistant") if prefix => Ok(()),
        role => {
            let said = format!(
                "Expected last role User or Tool (or Assistant with prefix True) for serving but \
                 got {}",
                role.unwrap_or("none")
            );
            Err(refused(&said, BAD_ORDER, "3230"))
        }
    }
}

fn refused(message: &str, kind: &'static str, code: &'static str) -> Failure {
    // The type takes the place of the parameter, which is always null here.
    Failure::invalid_param(message, kind, Some(code))
}
