//! Mistral: calls as they are encoded, and recorded answers as they are read.

#![expect(clippy::indexing_slicing, reason = "a test should panic where something is missing")]

mod support;

#[path = "support/reading.rs"]
mod reading;

use http::header::AUTHORIZATION;
use reading::{Place, kept_message, recording, streamed, whole};
use serde_json::{Value, json};
use support::{stream, whole_answer};
use tollgate_catalog::{Auth, Quirks};
use tollgate_providers::{Adapter, Mistral};

fn place(model: &'static str) -> Place {
    Place {
        base_url: "https://mistral.test/v1",
        model,
        credential: "mi-x",
        max_output: Some(8_000),
        supported: Vec::new(),
        auth: Auth::Bearer,
        quirks: Quirks::default(),
    }
}

fn body(model: &'static str, call: &Value) -> Value {
    place(model).body(&Mistral, call)
}

/// A call with one message and these members.
fn call(members: &Value) -> Value {
    let mut call = json!({"messages": [{"role": "user", "content": "hi"}]});
    for (key, value) in members.as_object().into_iter().flatten() {
        call[key] = value.clone();
    }
    call
}

/// What these members become, without what every request has.
fn members(model: &'static str, sent: &Value) -> Value {
    let mut sent = body(model, &call(sent));
    if let Some(members) = sent.as_object_mut() {
        for always in ["model", "messages", "stream"] {
            members.remove(always);
        }
    }
    sent
}

fn messages(model: &'static str, messages: &Value) -> Value {
    body(model, &json!({ "messages": messages }))["messages"].clone()
}

#[test]
fn a_request_has_the_protocols_address_and_headers() {
    for base_url in ["https://mistral.test", "https://mistral.test/v1"] {
        let place = Place { base_url, ..place("mistral-small-latest") };
        let request = place.request(&Mistral, &call(&json!({"stream": true}))).unwrap();
        assert_eq!(request.uri(), "https://mistral.test/v1/chat/completions");
        assert_eq!(request.headers()[AUTHORIZATION], "Bearer mi-x");
        assert!(request.headers()[AUTHORIZATION].is_sensitive());
        let sent: Value = serde_json::from_slice(request.body()).unwrap();
        assert_eq!(
            sent,
            json!({
                "model": "mistral-small-latest", "stream": true,
                "messages": [{"role": "user", "content": "hi"}]
            })
        );
        assert_eq!(Mistral.probe(&place.target()).unwrap().uri(), "https://mistral.test/v1/models");
    }
}

#[test]
fn messages_get_the_order_the_provider_wants() {
    let sent = messages(
        "mistral-large-2512",
        &json!([
            {"role": "developer", "content": "Be brief."},
            {"role": "user", "name": "Ada", "content": "Weather?"},
            {"role": "system", "content": "Be quick."},
            {"role": "assistant", "content": "", "reasoning": "Hm.", "tool_calls": [
                {"id": "call_0", "type": "function", "function": {"name": "get_weather", "arguments": "{\"city\":\"Paris\"}"}},
                {"id": "D681PevKs", "type": "function", "function": {"name": "now", "arguments": ""}}]},
            {"role": "tool", "tool_call_id": "call_0", "content": "21", "is_error": true},
            {"role": "tool", "tool_call_id": "D681PevKs", "content": [
                {"type": "text", "text": "noon"}, {"type": "image_url", "image_url": {"url": "https://x.test/a.png"}}]},
            {"role": "user", "content": "Thanks"},
            {"role": "assistant", "content": ""},
            {"role": "assistant", "content": "Welcome."},
            {"role": "system", "content": "Be kind."},
            {"role": "user", "content": "Bye"},
            {"role": "assistant", "content": "Good"}
        ]),
    );
    let mapped = sent[4]["tool_calls"][0]["id"].clone();
    assert_eq!(mapped.as_str().map(str::len), Some(9));
    assert_eq!(
        sent,
        json!([
            {"role": "system", "content": "Be brief."},
            {"role": "system", "content": "Be kind."},
            {"role": "user", "content": "Ada: Weather?"},
            {"role": "system", "content": "Be quick."},
            {"role": "assistant", "tool_calls": [
                {"id": mapped, "type": "function", "function": {"name": "get_weather", "arguments": "{\"city\":\"Paris\"}"}},
                {"id": "D681PevKs", "type": "function", "function": {"name": "now", "arguments": "{}"}}
            ]},
            {"role": "tool", "content": "Error: 21", "tool_call_id": mapped, "name": "get_weather"},
            {"role": "tool", "tool_call_id": "D681PevKs", "name": "now", "content": [
                {"type": "text", "text": "noon"},
                {"type": "image_url", "image_url": {"url": "https://x.test/a.png"}}
            ]},
            {"role": "assistant", "content": "OK."},
            {"role": "user", "content": "Thanks"},
            {"role": "assistant", "content": "Welcome."},
            {"role": "user", "content": "Bye"},
            {"role": "assistant", "content": "Good", "prefix": true}
        ])
    );
}

#[test]
fn media_become_pieces_or_are_refused() {
    let content = |parts: Value| {
        messages("mistral-small-latest", &json!([{"role": "user", "content": parts}]))[0]["content"]
            .clone()
    };
    assert_eq!(
        content(json!([
            {"type": "text", "text": "Read", "cache_control": {"type": "ephemeral"}},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw==", "detail": "high"}},
            {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBERi0="}},
            {"type": "file", "file": {"file_data": "https://x.test/b.pdf"}},
            {"type": "file", "file": {"file_data": "data:text/markdown;base64,aGk="}},
            {"type": "file", "file": {"file_id": "0d93cd05-3f4c-4b3c-a627-ccd07cf2f18c"}},
            {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}}
        ])),
        json!([
            {"type": "text", "text": "Read"},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw==", "detail": "high"}},
            {"type": "document_url", "document_url": "data:application/pdf;base64,JVBERi0=", "document_name": "a.pdf"},
            {"type": "document_url", "document_url": "https://x.test/b.pdf"},
            {"type": "text", "text": "hi"},
            {"type": "file", "file_id": "0d93cd05-3f4c-4b3c-a627-ccd07cf2f18c"},
            {"type": "input_audio", "input_audio": "UklGRg=="}
        ])
    );
    for (part, reason) in [
        (json!({"type": "video_url", "video_url": {"url": "https://x.test/a.mp4"}}), "video"),
        (
            json!({"type": "image_url", "image_url": {"url": "gs://x/y"}}),
            "an address that is neither http(s) nor a data URI",
        ),
    ] {
        let call = json!({"messages": [{"role": "user", "content": [part]}]});
        assert_eq!(place("pixtral-12b").refusal(&Mistral, &call), reason);
    }
}

#[test]
fn thoughts_go_back_to_models_that_think() {
    let conversation = json!([
        {"role": "user", "content": "Three?"},
        {"role": "assistant", "content": "Yes.", "reasoning_details": [
            {"type": "reasoning.text", "text": "Count.", "signature": "c2ln", "format": "unknown", "index": 0}]},
        {"role": "user", "content": "Sure?"}
    ]);
    assert_eq!(
        messages("magistral-medium-2509", &conversation)[1],
        json!({"role": "assistant", "content": [
            {"type": "thinking", "thinking": [{"type": "text", "text": "Count."}], "signature": "c2ln"},
            {"type": "text", "text": "Yes."}
        ]})
    );
    assert_eq!(
        messages("codestral-2508", &conversation)[1],
        json!({"role": "assistant", "content": "Yes."})
    );
}

#[test]
fn what_a_client_keeps_of_a_stream_goes_back_as_it_came() {
    let back = |name| {
        let bytes = recording("mistral", name);
        let kept = kept_message(&stream(&Mistral, [bytes.as_slice()]).out);
        let conversation = json!([{"role": "user", "content": "hi"}, kept]);
        messages("magistral-medium-2509", &conversation)[1].clone()
    };
    assert_eq!(
        back("thinking.sse"),
        json!({"role": "assistant", "prefix": true, "content": [
            {"type": "thinking", "thinking": [{"type": "text", "text": "Count them."}]},
            {"type": "text", "text": "There are three."}
        ]})
    );
    assert_eq!(
        back("tools-parallel.sse"),
        json!({"role": "assistant", "tool_calls": [
            {"id": "D681PevKs", "type": "function",
             "function": {"name": "get_weather", "arguments": "{\"city\": \"Paris\"}"}},
            {"id": "9fZk2LmQx", "type": "function",
             "function": {"name": "get_weather", "arguments": "{\"city\": \"Rome\"}"}}
        ]})
    );
}

#[test]
fn only_documented_members_go_up() {
    for (sent, expected) in [
        (
            json!({
                "max_tokens": 9_000, "temperature": 2, "top_p": 0.5, "stop": "x", "seed": -7,
                "frequency_penalty": -1, "presence_penalty": 1, "top_k": 5, "min_p": 0.1,
                "repetition_penalty": 1.1, "logit_bias": {"5": 1}, "logprobs": true,
                "top_logprobs": 2, "user": "me", "stream_options": {"include_usage": true},
                "verbosity": "low", "n": 1, "unknown": 1, "store": true, "provider": {"sort": "price"}
            }),
            json!({
                "max_tokens": 8_000, "temperature": 1.5, "top_p": 0.5, "stop": ["x"], "random_seed": 7,
                "frequency_penalty": -1.0, "presence_penalty": 1.0
            }),
        ),
        (
            json!({
                "safe_prompt": true, "prompt_cache_key": "k", "metadata": {"a": "b"},
                "prediction": {"type": "content", "content": "x"}, "guardrails": [{}],
                "service_tier": "default"
            }),
            json!({
                "safe_prompt": true, "prompt_cache_key": "k", "metadata": {"a": "b"},
                "prediction": {"type": "content", "content": "x"}, "guardrails": [{}],
                "service_tier": "standard_only"
            }),
        ),
        (
            json!({"prediction": {"type": "content", "content": [{"type": "text", "text": "x"}]}, "service_tier": "flex"}),
            json!({}),
        ),
    ] {
        assert_eq!(members("codestral-2508", &sent), expected, "{sent}");
    }
}

#[test]
fn tools_and_forms_are_told() {
    let tool = json!({"type": "function", "function": {"name": "f", "strict": true, "parameters": {"type": "object"}}});
    let bare = json!({"type": "function", "function": {"name": "g"}, "cache_control": {"type": "ephemeral"}});
    let schema =
        json!({"name": "n", "description": "d", "schema": {"type": "object"}, "strict": true});
    for (sent, expected) in [
        (
            json!({"tools": [tool, bare], "tool_choice": "required", "parallel_tool_calls": false}),
            json!({
                "tools": [tool, {"type": "function", "function": {"name": "g", "parameters": {"type": "object", "properties": {}}}}],
                "tool_choice": "any", "parallel_tool_calls": false
            }),
        ),
        (
            json!({"tools": [tool], "tool_choice": {"type": "function", "function": {"name": "f"}}}),
            json!({"tools": [tool], "tool_choice": {"type": "function", "function": {"name": "f"}}}),
        ),
        (
            json!({"tools": [tool], "tool_choice": "none"}),
            json!({"tools": [tool], "tool_choice": "none"}),
        ),
        (json!({"tool_choice": "auto", "parallel_tool_calls": true}), json!({})),
        (
            json!({"response_format": {"type": "json_object"}}),
            json!({"response_format": {"type": "json_object"}}),
        ),
        (
            json!({"response_format": {"type": "json_schema", "json_schema": schema}}),
            json!({"response_format": {"type": "json_schema", "json_schema": schema}}),
        ),
        (json!({"response_format": {"type": "text"}}), json!({})),
    ] {
        assert_eq!(members("codestral-2508", &sent), expected, "{sent}");
    }
    for (format, reason) in [
        (json!({"type": "grammar", "grammar": "x"}), "answers by a grammar"),
        (json!({"type": "python"}), "answers in Python"),
    ] {
        let call = call(&json!({ "response_format": format }));
        assert_eq!(place("codestral-2508").refusal(&Mistral, &call), reason);
    }
}

#[test]
fn reasoning_is_asked_for_as_the_model_wants() {
    for (model, sent, expected) in [
        (
            "mistral-small-2603",
            json!({"reasoning_effort": "low"}),
            json!({"reasoning_effort": "high"}),
        ),
        (
            "mistral-small-2603",
            json!({"reasoning": {"enabled": false}}),
            json!({"reasoning_effort": "none"}),
        ),
        (
            "mistral-large-4-0",
            json!({"reasoning_effort": "medium"}),
            json!({"reasoning_effort": "medium"}),
        ),
        (
            "mistral-large-4-0",
            json!({"reasoning": {"max_tokens": 100}, "max_tokens": 1_000}),
            json!({"max_tokens": 1_000, "reasoning_effort": "low"}),
        ),
        (
            "magistral-medium-2509",
            json!({"reasoning_effort": "high"}),
            json!({"prompt_mode": "reasoning"}),
        ),
        ("magistral-medium-2509", json!({"reasoning": {"enabled": false}}), json!({})),
        (
            "magistral-medium-2509",
            json!({"prompt_mode": "reasoning"}),
            json!({"prompt_mode": "reasoning"}),
        ),
        ("mistral-small-2603", json!({}), json!({})),
    ] {
        assert_eq!(members(model, &sent), expected, "{model} {sent}");
    }
    let supported = vec!["temperature".to_owned()];
    let place = Place { supported, ..place("mistral-small-2506") };
    let sent = place.body(&Mistral, &call(&json!({"reasoning_effort": "high", "seed": 1})));
    assert_eq!((&sent["reasoning_effort"], &sent["random_seed"]), (&Value::Null, &Value::Null));
}

#[test]
fn streams_are_read() {
    for (name, expected) in STREAMS {
        assert_eq!(streamed(&Mistral, name), *expected, "{name}");
    }
}

#[test]
fn whole_answers_are_read() {
    for (name, expected) in WHOLES {
        assert_eq!(whole(&Mistral, name), *expected, "{name}");
    }
}

/// What a client sees of each recorded stream, and what is known of it in the end.
const STREAMS: &[(&str, &str)] = &[
    (
        "cut.sse",
        r#"content "It was a dark and"
id cmpl-e5cc70bb28c444948073e77776eb30ef
fault truncated "The provider's answer broke off before it was complete"
"#,
    ),
    (
        "empty.sse",
        r#"id cmpl-e5cc70bb28c444948073e77776eb30ef
fault empty "The provider's answer ended before it began"
"#,
    ),
    (
        "error-event.sse",
        r#"content "Half an"
id cmpl-e5cc70bb28c444948073e77776eb30ef
fault overloaded code=unreachable_backend "Service unavailable."
"#,
    ),
    (
        "error-finish.sse",
        r#"content "Half an"
finish error (error)
id cmpl-e5cc70bb28c444948073e77776eb30ef
usage Reported prompt=77 completion=40 cached=64
"#,
    ),
    (
        "malformed.sse",
        r#"content "Fine so far"
id cmpl-e5cc70bb28c444948073e77776eb30ef
fault broken "The provider's answer is malformed: it is no chat answer: EOF while parsing a list at line 1 column 12"
"#,
    ),
    (
        "model-length.sse",
        r#"content "It was a dark and"
finish length (model_length)
id cmpl-e5cc70bb28c444948073e77776eb30ef
usage Reported prompt=77 completion=40 cached=64
"#,
    ),
    (
        "text.sse",
        r#"content "Grüß"
content " dich."
finish stop (stop)
id cmpl-e5cc70bb28c444948073e77776eb30ef
usage Reported prompt=77 completion=40 cached=64
"#,
    ),
    (
        "thinking.sse",
        r#"text[0] unknown text="Count"
text[0] unknown text=" them."
content "There are "
content "three."
finish stop (stop)
id cmpl-e5cc70bb28c444948073e77776eb30ef
usage Reported prompt=77 completion=40 cached=64
"#,
    ),
    (
        "tools-fragments.sse",
        r#"call[0] id="D681PevKs" name="write_file"
call[0] arguments={"path":
call[0] arguments="a.txt"}
finish tool_calls (tool_calls)
id cmpl-e5cc70bb28c444948073e77776eb30ef
usage Reported prompt=77 completion=40 cached=64
"#,
    ),
    (
        "tools-parallel.sse",
        r#"call[0] id="D681PevKs" name="get_weather"
call[0] arguments={"city": "Paris"}
call[1] id="9fZk2LmQx" name="get_weather"
call[1] arguments={"city": "Rome"}
finish tool_calls (tool_calls)
id cmpl-e5cc70bb28c444948073e77776eb30ef
usage Reported prompt=77 completion=40 cached=64
"#,
    ),
];

/// The same of each recorded whole answer.
const WHOLES: &[(&str, &str)] = &[
    (
        "error.json",
        r#"fault broken code=internal_server_error "Internal error"
"#,
    ),
    (
        "garbage.json",
        r#"fault broken "The provider's answer is malformed: it is no chat answer: expected value at line 1 column 1"
"#,
    ),
    (
        "text.json",
        r#"content "Grüß dich."
finish stop (stop)
id cmpl-1
usage Reported prompt=77 completion=40 cached=64
"#,
    ),
    (
        "thinking.json",
        r#"text[0] unknown text="Count them."
content "Three."
finish stop (stop)
id cmpl-1
usage Reported prompt=77 completion=40 cached=64
"#,
    ),
    (
        "tools.json",
        r#"call[0] id="D681PevKs" name="get_weather" arguments={"city": "Paris"}
finish tool_calls (tool_calls)
id cmpl-1
usage Reported prompt=77 completion=40 cached=64
"#,
    ),
];

#[test]
fn the_tier_that_served_is_told_with_the_counts() {
    for (said, told) in [("standard", "default"), ("priority", "priority")] {
        let choice =
            r#"{"index":0,"message":{"role":"assistant","content":"x"},"finish_reason":"stop"}"#;
        let usage =
            format!(r#"{{"prompt_tokens":1,"completion_tokens":1,"service_tier":"{said}"}}"#);
        let body = format!(r#"{{"id":"1","choices":[{choice}],"usage":{usage}}}"#);
        let answer = whole_answer(&Mistral, body.into()).unwrap();
        assert_eq!(answer.progress().service_tier.as_deref(), Some(told));
    }
}
