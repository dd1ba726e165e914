//! Tools of Claude's own that a client of Anthropic's API runs itself.

#![expect(clippy::unwrap_used, reason = "a test should panic where something is missing")]

use bytes::Bytes;
use serde_json::{Value, json};
use tollgate_providers::{BedrockConverse, EncodeError, Inbound, dropped, encode};
use tollgate_types::Timestamp;
use tollgate_wire::{Address, Call, Dialect};

use crate::{CLAUDE, NOVA, place};

fn messages(members: &Value) -> Call {
    let mut body = json!({
        "model": "a/b", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]
    });
    for (key, value) in members.as_object().into_iter().flatten() {
        body[key] = value.clone();
    }
    Call::read(Dialect::Messages, Bytes::from(body.to_string()), Address::default()).unwrap()
}

fn sent(model: &'static str, call: &Call) -> Result<Value, EncodeError> {
    let place = place(model);
    let now = Timestamp::from_unix_millis(1_000);
    let inbound = Inbound { call, target: place.target(), end_user: None, now };
    let request = encode(&BedrockConverse, &inbound)?;
    Ok(serde_json::from_slice(request.body()).unwrap())
}

fn bash() -> Value {
    json!({"type": "bash_20250124", "name": "bash", "cache_control": {"type": "ephemeral"}})
}

fn own() -> Value {
    json!({"name": "f", "input_schema": {"type": "object"}})
}

#[test]
fn they_go_among_the_fields_of_the_model() {
    let editor = json!({"type": "text_editor_20250728", "name": "str_replace_based_edit_tool", "max_characters": 9});
    let search = json!({"type": "web_search_20250305", "name": "web_search"});
    let call = messages(&json!({"tools": [bash(), own(), editor, search]}));
    let body = sent(CLAUDE, &call).unwrap();
    assert_eq!(body["additionalModelRequestFields"], json!({"tools": [bash(), editor]}));
    assert_eq!(body["toolConfig"]["tools"][0]["toolSpec"]["name"], "f");
    assert_eq!(body["toolConfig"]["tools"].as_array().map(Vec::len), Some(1));
    let names = dropped(&BedrockConverse, &call, &place(CLAUDE).target());
    assert_eq!(names, ["tools.web_search_20250305"]);
}

#[test]
fn a_conversation_that_used_them_goes_on() {
    let turns = json!([
        {"role": "user", "content": "list"},
        {"role": "assistant", "content": [
            {"type": "tool_use", "id": "toolu_1", "name": "bash", "input": {"command": "ls"}}]},
        {"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": "toolu_1", "content": "a.txt"}]},
    ]);
    let body = sent(CLAUDE, &messages(&json!({"messages": turns, "tools": [bash()]}))).unwrap();
    assert_eq!(body["additionalModelRequestFields"], json!({"tools": [bash()]}));
    // Converse wants tools beside calls, and none that is there twice.
    let tools = &body["toolConfig"]["tools"];
    assert_eq!(tools.as_array().map(Vec::len), Some(1), "{tools}");
    assert_eq!(tools[0]["toolSpec"]["name"], "unknown");
}

#[test]
fn one_of_them_can_be_demanded() {
    let choice = json!({"type": "tool", "name": "bash"});
    let call = messages(&json!({"tools": [bash(), own()], "tool_choice": choice}));
    let body = sent(CLAUDE, &call).unwrap();
    let fields = json!({"tools": [bash()], "tool_choice": choice});
    assert_eq!(body["additionalModelRequestFields"], fields);
    assert_eq!(body["toolConfig"].get("toolChoice"), None);
    let none = json!({"tools": [bash(), own()], "tool_choice": {"type": "none"}});
    assert_eq!(sent(CLAUDE, &messages(&none)).unwrap().get("additionalModelRequestFields"), None);
}

#[test]
fn other_makers_models_do_not_take_them() {
    let refused = sent(NOVA, &messages(&json!({"tools": [bash()]}))).unwrap_err();
    assert!(matches!(refused, EncodeError::Unsupported(_)), "{refused}");
    assert!(sent(NOVA, &messages(&json!({"tools": [own()]}))).is_ok());
}
