//! OpenAI Responses: calls as they are encoded, recorded answers as they are read, and clients of
//! the same dialect.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "this is a test, which should panic where something is not as expected"
)]

mod support;

#[path = "support/reading.rs"]
mod reading;

#[path = "openai_responses/answers.rs"]
mod answers;

#[path = "openai_responses/native.rs"]
mod native;

use reading::{Place, completion, kept_message, recording};
use serde_json::{Value, json};
use support::{stream, whole_answer};
use tollgate_catalog::{Auth, Quirks};
use tollgate_providers::{Adapter, OpenAiResponses};

pub(crate) fn place(model: &'static str) -> Place {
    Place {
        base_url: "https://api.openai.test/v1",
        model,
        credential: "sk-x",
        max_output: Some(64_000),
        supported: Vec::new(),
        auth: Auth::Bearer,
        quirks: Quirks { developer_role: true, ..Quirks::default() },
    }
}

/// A call with one message and these members.
fn call(members: &Value) -> Value {
    let mut call = json!({"messages": [{"role": "user", "content": "hi"}]});
    for (key, value) in members.as_object().into_iter().flatten() {
        call[key] = value.clone();
    }
    call
}

/// The body of a call with one message and these members, without what every body has.
fn with(place: &Place, members: &Value) -> Value {
    let mut body = place.body(&OpenAiResponses, &call(members));
    for common in ["model", "input", "store", "safety_identifier"] {
        body.as_object_mut().unwrap().remove(common).unwrap();
    }
    body
}

/// The input these messages become.
fn input(model: &'static str, messages: &Value) -> Value {
    place(model).body(&OpenAiResponses, &json!({ "messages": messages }))["input"].clone()
}

fn refusal(members: &Value) -> String {
    place("gpt-5.1").refusal(&OpenAiResponses, &call(members))
}

#[test]
fn a_request_has_the_protocols_address_and_form() {
    let call = call(&json!({"stream": true, "user": "me", "max_tokens": 100_000}));
    let request = place("gpt-5.1").request(&OpenAiResponses, &call).unwrap();
    assert_eq!(request.uri(), "https://api.openai.test/v1/responses");
    assert_eq!(request.headers()["authorization"], "Bearer sk-x");
    assert!(request.headers()["authorization"].is_sensitive());
    assert_eq!(
        String::from_utf8(request.body().to_vec()).unwrap(),
        r#"{"model":"gpt-5.1","input":[{"type":"message","role":"user","content":"hi"}],"store":false,"stream":true,"max_output_tokens":64000,"include":["reasoning.encrypted_content"],"safety_identifier":"u-1"}"#
    );
    let azure =
        Place { base_url: "https://x.test/openai/v1?api-version=preview", ..place("gpt-5.1") };
    let request = azure.request(&OpenAiResponses, &call).unwrap();
    assert_eq!(request.uri(), "https://x.test/openai/v1/responses?api-version=preview");
    let probe = OpenAiResponses.probe(&azure.target()).unwrap();
    assert_eq!(probe.uri(), "https://x.test/openai/v1/models?api-version=preview");
}

#[test]
fn messages_become_items_in_their_order() {
    let messages = json!([
        {"role": "system", "content": "Be brief."},
        {"role": "developer", "content": [{"type": "text", "text": "Be kind."}, {"type": "text", "text": "Always."}]},
        {"role": "user", "content": "hi", "name": "Ada"},
        {"role": "assistant", "content": "Hello.", "refusal": "But no more."},
        {"role": "assistant", "content": ""},
        {"role": "developer", "content": "Now rhyme."}
    ]);
    let items = json!([
        {"type": "message", "role": "system", "content": "Be brief."},
        {"type": "message", "role": "developer", "content": [
            {"type": "input_text", "text": "Be kind."}, {"type": "input_text", "text": "Always."}
        ]},
        {"type": "message", "role": "user", "content": "Ada: hi"},
        {"type": "message", "role": "assistant", "content": [
            {"type": "output_text", "text": "Hello."}, {"type": "refusal", "refusal": "But no more."}
        ]},
        {"type": "message", "role": "developer", "content": "Now rhyme."}
    ]);
    assert_eq!(input("gpt-5.1", &messages), items);
    let imitation = Place { quirks: Quirks::default(), ..place("qwen") };
    let sent = imitation.body(&OpenAiResponses, &json!({ "messages": messages }));
    assert_eq!(sent["input"][4]["role"], "system");
}

#[test]
fn calls_and_results_become_items() {
    let call = |id: &str, arguments: &str| json!({"id": id, "type": "function", "function": {"name": "f", "arguments": arguments}});
    let long = "x".repeat(65);
    let sent = input(
        "gpt-5.1",
        &json!([
            {"role": "assistant", "content": null, "tool_calls": [call("call_a", "{\"x\": 1.50}"), call("toolu_b", ""), call(&long, "not json")]},
            {"role": "tool", "tool_call_id": "call_a", "content": "one"},
            {"role": "tool", "tool_call_id": "toolu_b", "content": [
                {"type": "text", "text": "two"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw=="}},
                {"type": "file", "file": {"file_data": "data:application/pdf;base64,JVBERi0="}}
            ]},
            {"role": "tool", "tool_call_id": long, "content": ""}
        ]),
    );
    let short = "call_5f1d2ee1d5a36a80";
    let short = sent[2]["call_id"].as_str().filter(|id| id.len() == short.len()).unwrap();
    assert_eq!(
        sent,
        json!([
            {"type": "function_call", "call_id": "call_a", "name": "f", "arguments": "{\"x\": 1.50}"},
            {"type": "function_call", "call_id": "toolu_b", "name": "f", "arguments": "{}"},
            {"type": "function_call", "call_id": short, "name": "f", "arguments": "not json"},
            {"type": "function_call_output", "call_id": "call_a", "output": "one"},
            {"type": "function_call_output", "call_id": "toolu_b", "output": [
                {"type": "input_text", "text": "two"},
                {"type": "input_image", "image_url": "data:image/png;base64,iVBORw==", "detail": "auto"},
                {"type": "input_file", "filename": "document.pdf", "file_data": "data:application/pdf;base64,JVBERi0="}
            ]},
            {"type": "function_call_output", "call_id": short, "output": ""}
        ])
    );
}

#[test]
fn media_become_blocks_or_are_refused() {
    let file = |file: Value| json!({"type": "file", "file": file});
    let content = json!([
        {"type": "image_url", "image_url": {"url": "https://x.test/a.png", "detail": "low"}},
        file(json!({"filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBERi0="})),
        file(json!({"filename": "a.pdf", "file_data": "https://x.test/a.pdf"})),
        file(json!({"file_id": "file-1"})),
        file(json!({"file_data": "data:image/png;base64,iVBORw=="})),
        file(json!({}))
    ]);
    assert_eq!(
        input("gpt-5.1", &json!([{"role": "user", "content": content}]))[0]["content"],
        json!([
            {"type": "input_image", "image_url": "https://x.test/a.png", "detail": "low"},
            {"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBERi0="},
            {"type": "input_file", "file_url": "https://x.test/a.pdf"},
            {"type": "input_file", "file_id": "file-1"},
            {"type": "input_image", "image_url": "data:image/png;base64,iVBORw==", "detail": "auto"}
        ])
    );
    for (part, reason) in [
        (json!({"type": "video_url", "video_url": {"url": "https://x.test/a"}}), "video input"),
        (
            json!({"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}}),
            "audio input",
        ),
        (
            json!({"type": "image_url", "image_url": {"url": "gs://x/a.png"}}),
            "an image address that is neither http(s) nor a data URI",
        ),
    ] {
        let members = json!({"messages": [{"role": "user", "content": [part]}]});
        assert_eq!(refusal(&members), reason);
    }
    assert_eq!(refusal(&json!({"response_format": {"type": "python"}})), "answers in Python");
    assert_eq!(refusal(&json!({"modalities": ["text", "audio"]})), "answers in sound");
}

#[test]
fn prompt_cache_markers_go_to_models_that_know_them() {
    let messages = json!([{"role": "user", "content": [
        {"type": "text", "text": "long", "cache_control": {"type": "ephemeral", "ttl": "1h"}}
    ]}]);
    assert_eq!(
        input("gpt-5.6", &messages)[0]["content"],
        json!([{"type": "input_text", "text": "long", "prompt_cache_breakpoint": {"mode": "explicit"}}])
    );
    assert_eq!(input("gpt-5.1", &messages)[0]["content"], json!("long"));
}

#[test]
fn thoughts_of_this_family_come_back_as_the_items_they_were() {
    let detail = |kind: &str, id: &str, index: u32, text: &str| {
        let key = match kind {
            "summary" => "summary",
            "text" => "text",
            _ => "data",
        };
        json!({"type": format!("reasoning.{kind}"), "id": id, "index": index, key: text, "format": "openai-responses-v1"})
    };
    let items = |details: Value| {
        let message = json!({"role": "assistant", "content": "x", "reasoning_details": details});
        let sent = input("gpt-5.1", &json!([message]));
        let mut sent = sent.as_array().unwrap().clone();
        assert_eq!(sent.pop().unwrap()["role"], "assistant");
        Value::Array(sent)
    };
    let summary = |text: &str| json!({"type": "summary_text", "text": text});
    // The pieces of a stream, kept one by one.
    assert_eq!(
        items(json!([
            detail("summary", "rs_1", 0, "Look"),
            detail("summary", "rs_1", 0, " up."),
            detail("summary", "rs_1", 1, "Then."),
            detail("encrypted", "rs_1", 2, "seal1"),
            {"type": "reasoning.text", "text": "not ours", "signature": "s", "format": "anthropic-claude-v1", "index": 0},
            detail("encrypted", "rs_2", 3, "seal2")
        ])),
        json!([
            {"type": "reasoning", "id": "rs_1", "summary": [summary("Look up."), summary("Then.")], "encrypted_content": "seal1"},
            {"type": "reasoning", "id": "rs_2", "summary": [], "encrypted_content": "seal2"}
        ])
    );
    // Plain thoughts need no seal; a summary alone is of no use.
    assert_eq!(
        items(json!([
            detail("text", "rs_1", 0, "Hm"),
            detail("text", "rs_1", 0, "."),
            detail("summary", "rs_2", 1, "x")
        ])),
        json!([{"type": "reasoning", "id": "rs_1", "summary": [], "content": [{"type": "reasoning_text", "text": "Hm."}]}])
    );
    // Without ids, a seal ends an item.
    let bare = |kind: &str, key: &str, text: &str| json!({"type": format!("reasoning.{kind}"), key: text, "format": "openai-responses-v1"});
    assert_eq!(
        items(json!([
            bare("summary", "summary", "a"),
            bare("encrypted", "data", "s1"),
            bare("encrypted", "data", "s2"),
            bare("summary", "summary", "b"),
            detail("encrypted", "rs_3", 0, "s3")
        ])),
        json!([
            {"type": "reasoning", "summary": [summary("a")], "encrypted_content": "s1"},
            {"type": "reasoning", "summary": [], "encrypted_content": "s2"},
            {"type": "reasoning", "id": "rs_3", "summary": [summary("b")], "encrypted_content": "s3"}
        ])
    );
    // Thoughts that led nowhere are refused, and so are any by a model that does not reason.
    let message = |content: &str| json!([{"role": "assistant", "content": content, "reasoning_details": [detail("encrypted", "rs_1", 0, "s")]}]);
    assert_eq!(input("gpt-5.1", &message("")), json!([]));
    assert_eq!(input("gpt-4o", &message("x")).as_array().unwrap().len(), 1);
}

#[test]
fn a_streamed_answer_comes_back_as_it_was() {
    for name in ["reasoning-tools.sse", "reasoning-tools.json"] {
        let recorded = recording("openai-responses", name);
        let mut message = if name.ends_with("sse") {
            kept_message(&stream(&OpenAiResponses, [recorded.as_slice()]).out)
        } else {
            let answer = whole_answer(&OpenAiResponses, recorded.into()).unwrap();
            completion(answer.as_ref())["choices"][0]["message"].clone()
        };
        message["role"] = json!("assistant");
        let output: Value =
            serde_json::from_slice(&recording("openai-responses", "reasoning-tools.json")).unwrap();
        let mut items = output["output"].clone();
        for item in items.as_array_mut().unwrap() {
            let item = item.as_object_mut().unwrap();
            item.remove("status");
            if item["type"] == "function_call" {
                item.remove("id");
            }
        }
        assert_eq!(input("gpt-5.1", &json!([message])), items, "{name}");
    }
}

#[test]
fn parameters_are_put_in_the_protocols_words() {
    let plain = place("gpt-4.1");
    let include = json!(["message.output_text.logprobs"]);
    for (members, expected) in [
        (
            json!({"temperature": 0.5, "top_p": 0.9, "max_tokens": 5, "stop": "x", "seed": 1, "frequency_penalty": 1, "logit_bias": {"1": 1}, "n": 1}),
            json!({"temperature": 0.5, "top_p": 0.9, "max_output_tokens": 16}),
        ),
        (json!({"max_completion_tokens": 1_000}), json!({"max_output_tokens": 1_000})),
        (
            json!({"logprobs": true, "top_logprobs": 3}),
            json!({"top_logprobs": 3, "include": include}),
        ),
        (json!({"logprobs": true}), json!({"top_logprobs": 0, "include": include})),
        (
            json!({"metadata": {"a": "b"}, "moderation": {"model": "m"}, "prompt_cache_key": "k", "prompt_cache_retention": "24h", "truncation": "auto", "unknown": 1, "provider": {}}),
            json!({"metadata": {"a": "b"}, "moderation": {"model": "m"}, "prompt_cache_key": "k", "prompt_cache_retention": "24h", "truncation": "auto"}),
        ),
        (json!({"service_tier": "fast"}), json!({"service_tier": "priority"})),
        (json!({"service_tier": "flex"}), json!({"service_tier": "flex"})),
        (json!({"verbosity": "max"}), json!({"text": {"verbosity": "high"}})),
        (
            json!({"stream": true, "stream_options": {"include_usage": true, "include_obfuscation": false}}),
            json!({"stream": true, "stream_options": {"include_obfuscation": false}}),
        ),
        (json!({"stream_options": {"include_usage": true}}), json!({})),
        (
            json!({"response_format": {"type": "json_object"}}),
            json!({"text": {"format": {"type": "json_object"}}}),
        ),
        (
            json!({"response_format": {"type": "text"}}),
            json!({"text": {"format": {"type": "text"}}}),
        ),
        (
            json!({"response_format": {"type": "json_schema", "json_schema": {"schema": {"type": "object"}}}}),
            json!({"text": {"format": {"type": "json_schema", "name": "response", "schema": {"type": "object"}}}}),
        ),
    ] {
        assert_eq!(with(&plain, &members), expected, "{members}");
    }
    let known = Place { supported: vec!["top_p".to_owned()], ..place("grok-4") };
    assert_eq!(
        with(
            &known,
            &json!({"temperature": 1, "top_p": 1, "reasoning": {"effort": "low"}, "verbosity": "low", "response_format": {"type": "json_object"}, "logprobs": true})
        ),
        json!({"top_p": 1})
    );
}

#[test]
fn a_schema_goes_up_byte_for_byte() {
    let schema = r#"{"type":"object","properties":{"z":{"type":"number","minimum":1.50},"a":{}},"required":["z","a"]}"#;
    let call = format!(
        r#"{{"messages":[{{"role":"user","content":"hi"}}],"response_format":{{"type":"json_schema","json_schema":{{"name":"n","strict":true,"schema":{schema}}}}},"tools":[{{"type":"function","function":{{"name":"f","strict":true,"parameters":{schema}}}}}]}}"#
    );
    let call = support::chat(&call);
    let (place, now) = (place("gpt-4.1"), tollgate_types::Timestamp::from_unix_millis(0));
    let inbound =
        tollgate_providers::Inbound { call: &call, target: place.target(), end_user: None, now };
    let request = tollgate_providers::encode(&OpenAiResponses, &inbound).unwrap();
    assert_eq!(
        String::from_utf8(request.body().to_vec()).unwrap(),
        format!(
            r#"{{"model":"gpt-4.1","input":[{{"type":"message","role":"user","content":"hi"}}],"store":false,"tools":[{{"type":"function","name":"f","parameters":{schema},"strict":true}}],"text":{{"format":{{"type":"json_schema","name":"n","schema":{schema},"strict":true}}}}}}"#
        )
    );
}

#[test]
fn tools_are_flat_and_the_providers_own_have_parameters() {
    let tools = json!([{"type": "function", "function": {"name": "f", "description": "d", "parameters": {"type": "object"}}, "cache_control": {"type": "ephemeral"}},
        {"type": "function", "function": {"name": "g", "strict": true}}]);
    let flat = json!([
        {"type": "function", "name": "f", "description": "d", "parameters": {"type": "object"}, "strict": false},
        {"type": "function", "name": "g", "parameters": {"type": "object", "properties": {}}, "strict": true}
    ]);
    let plain = place("gpt-4.1");
    for (choice, expected) in [
        (json!("none"), json!("none")),
        (json!("auto"), json!("auto")),
        (json!("required"), json!("required")),
        (
            json!({"type": "function", "function": {"name": "g"}}),
            json!({"type": "function", "name": "g"}),
        ),
    ] {
        assert_eq!(
            with(
                &plain,
                &json!({"tools": tools, "tool_choice": choice, "parallel_tool_calls": false})
            ),
            json!({"tools": flat, "tool_choice": expected, "parallel_tool_calls": false})
        );
    }
    assert_eq!(
        with(&plain, &json!({"tool_choice": "auto", "parallel_tool_calls": true})),
        json!({})
    );
    assert_eq!(
        with(
            &plain,
            &json!({"modalities": ["image", "text"], "web_search_options": {"search_context_size": "low", "user_location": {"type": "approximate", "approximate": {"city": "Köln", "country": "DE"}}}})
        ),
        json!({"tools": [
            {"type": "web_search", "search_context_size": "low", "user_location": {"type": "approximate", "country": "DE", "city": "Köln"}},
            {"type": "image_generation"}
        ]})
    );
}

#[test]
fn reasoning_is_asked_for_as_the_model_takes_it() {
    let include = json!(["reasoning.encrypted_content"]);
    let quiet = Quirks { drop_params: vec!["reasoning.summary".to_owned()], ..Quirks::default() };
    for (model, members, reasoning) in [
        ("gpt-5.1", json!({}), Value::Null),
        (
            "gpt-5.1",
            json!({"reasoning": {"effort": "minimal"}}),
            json!({"effort": "low", "summary": "auto"}),
        ),
        (
            "gpt-5",
            json!({"reasoning_effort": "minimal"}),
            json!({"effort": "minimal", "summary": "auto"}),
        ),
        (
            "gpt-5.2",
            json!({"reasoning": {"enabled": true, "summary": "detailed"}}),
            json!({"effort": "medium", "summary": "detailed"}),
        ),
        (
            "o4-mini",
            json!({"reasoning": {"max_tokens": 80}, "max_tokens": 100}),
            json!({"effort": "high", "summary": "auto"}),
        ),
        (
            "gpt-5.1",
            json!({"reasoning": {"effort": "high", "exclude": true}}),
            json!({"effort": "high"}),
        ),
        ("gpt-5.1", json!({"reasoning": {"effort": "none"}}), json!({"effort": "none"})),
        ("gpt-5.1", json!({"reasoning": {"summary": "concise"}}), json!({"summary": "concise"})),
        (
            "grok-4",
            json!({"reasoning": {"effort": "max"}}),
            json!({"effort": "high", "summary": "auto"}),
        ),
    ] {
        let body = with(&place(model), &members);
        assert_eq!(body["reasoning"], reasoning, "{model} {members}");
        assert_eq!(body["include"], include, "{model} {members}");
    }
    assert_eq!(with(&place("gpt-4o"), &json!({"reasoning": {"effort": "low"}})), json!({}));
    let quiet = Place { quirks: quiet, ..place("o3") };
    assert_eq!(
        with(&quiet, &json!({"reasoning": {"effort": "low"}, "temperature": 0.5})),
        json!({"reasoning": {"effort": "low"}, "include": include})
    );
    let sampled = json!({"temperature": 0.5, "reasoning": {"effort": "low"}});
    assert_eq!(with(&place("gpt-5.1"), &sampled).get("temperature"), None);
}
