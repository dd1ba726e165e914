//! Ollama: calls as they are encoded, recorded answers as they are read, and what a client of the
//! same protocol gets.

#![expect(clippy::indexing_slicing, reason = "a test should panic where something is missing")]

mod support;

#[path = "support/reading.rs"]
mod reading;

use http::header::AUTHORIZATION;
use reading::{Place, kept_message, recording, streamed, whole};
use serde_json::{Value, json};
use support::stream;
use tollgate_catalog::{Auth, Quirks};
use tollgate_providers::{Adapter, Ollama};

#[path = "ollama/native.rs"]
mod native;

fn place(model: &'static str) -> Place {
    Place {
        base_url: "http://ollama.test:11434",
        model,
        credential: "ol-x",
        max_output: Some(8_000),
        supported: Vec::new(),
        auth: Auth::None,
        quirks: Quirks::default(),
    }
}

fn body(model: &'static str, call: &Value) -> Value {
    place(model).body(&Ollama, call)
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

#[test]
fn a_request_has_the_protocols_address_and_headers() {
    for base_url in
        ["http://ollama.test:11434", "http://ollama.test:11434/api", "http://ollama.test:11434/v1"]
    {
        let place = Place { base_url, ..place("llama3.2") };
        let request = place.request(&Ollama, &call(&json!({}))).unwrap();
        assert_eq!(request.uri(), "http://ollama.test:11434/api/chat");
        assert_eq!(request.headers().get(AUTHORIZATION), None);
        let sent: Value = serde_json::from_slice(request.body()).unwrap();
        assert_eq!(
            sent,
            json!({
                "model": "llama3.2", "stream": false,
                "messages": [{"role": "user", "content": "hi"}]
            })
        );
    }
    let place = Place { auth: Auth::Bearer, ..place("llama3.2") };
    let request = place.request(&Ollama, &call(&json!({"stream": true}))).unwrap();
    assert_eq!(request.headers()[AUTHORIZATION], "Bearer ol-x");
    let probe = Ollama.probe(&place.target()).unwrap();
    assert_eq!(probe.uri(), "http://ollama.test:11434/v1/models");
}

#[test]
fn messages_become_one_text_each() {
    let sent = body(
        "llama3.2",
        &json!({"messages": [
            {"role": "developer", "content": "Be brief."},
            {"role": "user", "name": "Ada", "content": [
                {"type": "text", "text": "What "}, {"type": "text", "text": "is it?"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw=="}},
                {"type": "file", "file": {"file_data": "data:text/plain;base64,IEhpLg=="}}
            ]},
            {"role": "assistant", "content": null, "reasoning": "Look.", "tool_calls": [
                {"id": "c1", "type": "function", "function": {"name": "get_weather", "arguments": "{\"city\":\"Paris\"}"}},
                {"id": "c2", "type": "function", "function": {"name": "now", "arguments": "broken"}}]},
            {"role": "tool", "tool_call_id": "c2", "content": "noon", "is_error": true},
            {"role": "tool", "tool_call_id": "c1", "content": [
                {"type": "text", "text": "21"}, {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}]}
        ]}),
    );
    assert_eq!(
        sent["messages"],
        json!([
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Ada: What is it? Hi.", "images": ["iVBORw=="]},
            {"role": "assistant", "content": "", "thinking": "Look.", "tool_calls": [
                {"id": "c1", "function": {"index": 0, "name": "get_weather", "arguments": {"city": "Paris"}}},
                {"id": "c2", "function": {"index": 1, "name": "now", "arguments": {}}}
            ]},
            {"role": "tool", "content": "Error: noon", "tool_name": "now", "tool_call_id": "c2"},
            {"role": "tool", "content": "21", "images": ["AAAA"], "tool_name": "get_weather", "tool_call_id": "c1"}
        ])
    );
}

#[test]
fn what_a_client_keeps_of_a_stream_goes_back_as_it_came() {
    let bytes = recording("ollama", "tools-parallel.ndjson");
    let kept = kept_message(&stream(&Ollama, [bytes.as_slice()]).out);
    let sent = body("qwen3", &json!({"messages": [{"role": "user", "content": "Weather?"}, kept]}));
    assert_eq!(
        sent["messages"][1],
        json!({"role": "assistant", "content": "", "thinking": "Both.", "tool_calls": [
            {"id": "call_20261120210015000002_0", "function": {
                "index": 0, "name": "get_weather", "arguments": {"city": "Paris \"P\"", "days": [1, 2.5]}}},
            {"id": "call_x9k2", "function": {"index": 1, "name": "now", "arguments": {}}}
        ]})
    );
}

#[test]
fn sounds_go_where_pictures_go() {
    let sound = |format: &str| json!({"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": format}});
    let content = json!([{"type": "text", "text": "hear"}, sound("wav"), sound("mp3")]);
    let sent = body("gemma3n", &json!({"messages": [{"role": "user", "content": content}]}));
    assert_eq!(
        sent["messages"][0],
        json!({"role": "user", "content": "hear", "images": ["UklGRg==", "UklGRg=="]})
    );
}

#[test]
fn what_has_no_form_is_refused() {
    for (part, reason) in [
        (
            json!({"type": "image_url", "image_url": {"url": "https://x.test/a.png"}}),
            "an image by its address",
        ),
        (
            json!({"type": "input_audio", "input_audio": {"data": "AA", "format": "flac"}}),
            "audio of the type flac",
        ),
        (json!({"type": "video_url", "video_url": {"url": "https://x.test/a.mp4"}}), "video"),
        (
            json!({"type": "file", "file": {"file_data": "data:application/pdf;base64,JVBERi0="}}),
            "a file of the type application/pdf",
        ),
        (
            json!({"type": "file", "file": {"file_data": "https://x.test/a.pdf"}}),
            "a file by its address",
        ),
        (json!({"type": "file", "file": {"file_id": "file-1"}}), "an uploaded file"),
    ] {
        let call = json!({"messages": [{"role": "user", "content": [part]}]});
        assert_eq!(place("llava").refusal(&Ollama, &call), reason);
    }
    for (format, reason) in [
        (json!({"type": "grammar", "grammar": "x"}), "answers by a grammar"),
        (json!({"type": "python"}), "answers in Python"),
    ] {
        let call = call(&json!({ "response_format": format }));
        assert_eq!(place("llama3.2").refusal(&Ollama, &call), reason);
    }
}

#[test]
fn parameters_have_their_places() {
    let f = json!({"type": "function", "function": {"name": "f", "description": "Does.", "parameters": {"type": "object"}}});
    let g = json!({"type": "function", "function": {"name": "g", "parameters": {"type": "object", "properties": {}}}});
    for (sent, expected) in [
        (
            json!({
                "max_tokens": 9_000, "temperature": 2, "top_p": 0.5, "top_k": 5, "min_p": 0.25, "stop": "x",
                "seed": -7, "frequency_penalty": -1, "presence_penalty": 1, "repetition_penalty": 1.5,
                "logit_bias": {"5": 1}, "user": "me"
            }),
            json!({"options": {
                "num_predict": 8_000, "temperature": 2.0, "top_p": 0.5, "top_k": 5, "min_p": 0.25,
                "stop": ["x"], "seed": -7, "frequency_penalty": -1.0, "presence_penalty": 1.0,
                "repeat_penalty": 1.5
            }}),
        ),
        (
            json!({"options": {"num_ctx": 32_768, "temperature": 1}, "temperature": 0.5, "keep_alive": "5m"}),
            json!({"options": {"num_ctx": 32_768, "temperature": 0.5}, "keep_alive": "5m"}),
        ),
        (json!({"response_format": {"type": "json_object"}}), json!({"format": "json"})),
        (
            json!({"response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object"}}}}),
            json!({"format": {"type": "object"}}),
        ),
        (json!({"reasoning_effort": "high"}), json!({"think": true})),
        (json!({"reasoning": {"enabled": false}}), json!({"think": false})),
        (
            json!({"logprobs": true, "top_logprobs": 2}),
            json!({"logprobs": true, "top_logprobs": 2}),
        ),
        (json!({"tools": [f, g], "tool_choice": "required"}), json!({"tools": [f, g]})),
        (
            json!({"tools": [f, g], "tool_choice": {"type": "function", "function": {"name": "g"}}}),
            json!({"tools": [g]}),
        ),
        (json!({"tools": [f], "tool_choice": "none"}), json!({})),
    ] {
        assert_eq!(members("llama3.2", &sent), expected, "{sent}");
    }
    for (sent, level) in [
        (json!({"reasoning_effort": "minimal"}), "low"),
        (json!({"reasoning": {"enabled": true}}), "medium"),
        (json!({"reasoning_effort": "xhigh"}), "high"),
        (json!({"reasoning": {"enabled": false}}), "low"),
    ] {
        assert_eq!(members("gpt-oss:20b", &sent), json!({ "think": level }), "{sent}");
    }
    let unknown = call(
        &json!({"tools": [f], "tool_choice": {"type": "function", "function": {"name": "h"}}}),
    );
    assert_eq!(place("llama3.2").refusal(&Ollama, &unknown), "tool_choice: No tool is named \"h\"");
}

#[test]
fn streams_are_read() {
    for (name, expected) in STREAMS {
        assert_eq!(streamed(&Ollama, name), *expected, "{name}");
    }
}

#[test]
fn whole_answers_are_read() {
    for (name, expected) in WHOLES {
        assert_eq!(whole(&Ollama, name), *expected, "{name}");
    }
}

/// What a client sees of each recorded stream, and what is known of it in the end.
const STREAMS: &[(&str, &str)] = &[
    (
        "cut-line.ndjson",
        r#"content "It was a dark"
fault truncated "The provider's answer broke off before it was complete"
"#,
    ),
    (
        "cut.ndjson",
        r#"content "It was a dark and"
fault truncated "The provider's answer broke off before it was complete"
"#,
    ),
    (
        "error-at-once.ndjson",
        r#"fault overloaded "model requires more system memory (48.0 GiB) than is available (15.2 GiB)"
"#,
    ),
    (
        "error-line.ndjson",
        r#"content "Half an"
fault broken "an error was encountered while running the model: unexpected EOF"
"#,
    ),
    (
        "extra-fields.ndjson",
        r#"content "Hi"
finish stop (stop)
usage Reported prompt=26 completion=282
"#,
    ),
    (
        "length.ndjson",
        r#"content "It was a dark and"
finish length (length)
usage Reported prompt=26 completion=282
"#,
    ),
    (
        "load.ndjson",
        r#"fault empty "The provider's answer was empty"
"#,
    ),
    (
        "logprobs.ndjson",
        r#"content "Hi"
logprobs {"content":[{"bytes":[72,105],"logprob":-0.25,"token":"Hi","top_logprobs":[{"bytes":[72,105],"logprob":-0.25,"token":"Hi"}]}],"refusal":null}
finish stop (stop)
usage Reported prompt=26 completion=282
"#,
    ),
    (
        "malformed.ndjson",
        r#"content "Fine so far"
fault broken "The provider's answer is malformed: a line is not one of a chat"
"#,
    ),
    (
        "no-counts.ndjson",
        r#"content "Hi"
finish stop (stop)
"#,
    ),
    (
        "noise-behind.ndjson",
        r#"content "Hi"
finish stop (stop)
usage Reported prompt=26 completion=282
"#,
    ),
    (
        "text.ndjson",
        r#"content "Grüß"
content " dich"
content "."
finish stop (stop)
usage Reported prompt=26 completion=282
"#,
    ),
    (
        "thinking.ndjson",
        r#"text[0] unknown text="Count"
text[0] unknown text=" them."
content "Three"
content "."
finish stop (stop)
usage Reported prompt=26 completion=282
"#,
    ),
    (
        "tools-parallel.ndjson",
        r#"text[0] unknown text="Both."
call[0] id="call_20261120210015000002_0" name="get_weather"
call[0] arguments={"city":"Paris \"P\"","days":[1,2.5]}
call[1] id="call_x9k2" name="now"
call[1] arguments={}
finish tool_calls (stop)
usage Reported prompt=26 completion=282
"#,
    ),
];

/// The same of each recorded whole answer.
const WHOLES: &[(&str, &str)] = &[
    (
        "error.json",
        r#"fault model_missing "model 'llama9' not found"
"#,
    ),
    (
        "garbage.json",
        r#"fault broken "The provider's answer is malformed: a line is not one of a chat"
"#,
    ),
    (
        "shapeless.json",
        r#"fault broken "The provider's answer is malformed: it is not done"
"#,
    ),
    (
        "text.json",
        r#"content "Grüß dich."
finish stop (stop)
usage Reported prompt=26 completion=282
"#,
    ),
    (
        "thinking-tools.json",
        r#"text[0] unknown text="Look it up."
call[0] id="call_20261120210015000005_0" name="get_weather" arguments={"city":"Paris"}
finish tool_calls (stop)
usage Reported prompt=26 completion=282
"#,
    ),
];
