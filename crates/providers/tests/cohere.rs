//! Cohere: calls as they are encoded, and recorded answers as they are read.

#![expect(clippy::indexing_slicing, reason = "a test should panic where something is missing")]

mod support;

#[path = "support/reading.rs"]
mod reading;

use bytes::Bytes;
use http::header::AUTHORIZATION;
use reading::{Place, completion, deltas, kept_message, recording, streamed, whole};
use serde_json::{Value, json};
use support::{head, stream};
use tollgate_catalog::{Auth, Quirks};
use tollgate_providers::{Adapter, Cohere};
use tollgate_wire::chat::ChatEvent;
use tollgate_wire::{Address, Call, Dialect};

fn place(model: &'static str) -> Place {
    Place {
        base_url: "https://cohere.test",
        model,
        credential: "co-x",
        max_output: Some(8_000),
        supported: Vec::new(),
        auth: Auth::Bearer,
        quirks: Quirks::default(),
    }
}

fn body(call: &Value) -> Value {
    place("command-a-03-2025").body(&Cohere, call)
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
fn members(sent: &Value) -> Value {
    let mut sent = body(&call(sent));
    if let Some(members) = sent.as_object_mut() {
        for always in ["model", "messages", "stream"] {
            members.remove(always);
        }
    }
    sent
}

fn messages(messages: &Value) -> Value {
    body(&json!({ "messages": messages }))["messages"].clone()
}

#[test]
fn a_request_has_the_protocols_address_and_headers() {
    for (base_url, url) in [
        ("https://cohere.test", "https://cohere.test/v2/chat"),
        ("https://cohere.test/v2", "https://cohere.test/v2/chat"),
        ("https://cohere.test/compatibility/v1", "https://cohere.test/v2/chat"),
        ("https://cohere.test/v1", "https://cohere.test/v2/chat"),
    ] {
        let request = Place { base_url, ..place("command-r") }.request(&Cohere, &call(&json!({})));
        assert_eq!(request.unwrap().uri(), url, "{base_url}");
    }
    let request = place("command-r").request(&Cohere, &call(&json!({"stream": true}))).unwrap();
    assert_eq!(request.headers()[AUTHORIZATION], "Bearer co-x");
    assert!(request.headers()[AUTHORIZATION].is_sensitive());
    let sent: Value = serde_json::from_slice(request.body()).unwrap();
    assert_eq!(
        sent,
        json!({
            "model": "command-r", "stream": true, "messages": [{"role": "user", "content": "hi"}]
        })
    );
    let probe = Cohere.probe(&place("command-r").target()).unwrap();
    assert_eq!(probe.uri(), "https://cohere.test/v1/models?page_size=1");
    assert_eq!(probe.headers()[AUTHORIZATION], "Bearer co-x");
}

#[test]
fn messages_keep_their_roles_and_places() {
    let sent = messages(&json!([
        {"role": "system", "content": "Be brief."},
        {"role": "user", "name": "Ada", "content": [
            {"type": "text", "text": "What is it?"},
            {"type": "image_url", "image_url": {"url": "https://x.test/a.png", "detail": "low"}},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw==", "detail": "original"}},
            {"type": "file", "file": {"filename": "a.txt", "file_data": "data:text/plain;base64,aGk="}}
        ]},
        {"role": "assistant", "content": "A fox."},
        {"role": "developer", "content": [{"type": "text", "text": "Be kind."}, {"type": "text", "text": "Be fair."}]},
        {"role": "assistant", "content": ""},
        {"role": "user", "content": ""}
    ]));
    assert_eq!(
        sent,
        json!([
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": [
                {"type": "text", "text": "Ada: What is it?"},
                {"type": "image_url", "image_url": {"url": "https://x.test/a.png", "detail": "low"}},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw=="}},
                {"type": "text", "text": "hi"}
            ]},
            {"role": "assistant", "content": "A fox."},
            {"role": "system", "content": [
                {"type": "text", "text": "Be kind."}, {"type": "text", "text": "Be fair."}
            ]},
            {"role": "user", "content": ""}
        ])
    );
}

#[test]
fn calls_and_results_come_back_with_their_plan() {
    let conversation = json!([
        {"role": "user", "content": "Weather?"},
        {"role": "assistant", "content": null,
         "reasoning_details": [
            {"type": "reasoning.text", "text": "Look ", "format": "unknown", "index": 0},
            {"type": "reasoning.encrypted", "data": "x", "format": "openai-responses-v1", "index": 1},
            {"type": "reasoning.text", "text": "it up.", "format": "unknown", "index": 0}],
         "tool_calls": [
            {"id": "w_1", "type": "function", "function": {"name": "get_weather", "arguments": "{\"city\":\"Paris\"}"}},
            {"id": "w_2", "type": "function", "function": {"name": "now", "arguments": ""}}]},
        {"role": "tool", "tool_call_id": "w_1", "content": "[{\"url\":\"https://w.test\"},{\"c\":21.50}]"},
        {"role": "tool", "tool_call_id": "w_2", "content": [
            {"type": "text", "text": "noon"}, {"type": "text", "text": "{\"h\":12}"},
            {"type": "image_url", "image_url": {"url": "https://x.test/clock.png"}}]},
        {"role": "tool", "tool_call_id": "w_3", "content": ""},
        {"role": "tool", "tool_call_id": "w_4", "content": "{\"code\":7}", "is_error": true},
        {"role": "assistant", "content": "Warm.", "reasoning": "Done."}
    ]);
    let calls = json!([
        {"id": "w_1", "type": "function", "function": {"name": "get_weather", "arguments": "{\"city\":\"Paris\"}"}},
        {"id": "w_2", "type": "function", "function": {"name": "now", "arguments": "{}"}}
    ]);
    let sent = messages(&conversation);
    assert_eq!(
        sent,
        json!([
            {"role": "user", "content": "Weather?"},
            {"role": "assistant", "tool_plan": "Look it up.", "tool_calls": calls},
            {"role": "tool", "tool_call_id": "w_1", "content": [
                {"type": "document", "document": {"data": {"url": "https://w.test"}}},
                {"type": "document", "document": {"data": {"c": 21.50}}}
            ]},
            {"role": "tool", "tool_call_id": "w_2", "content": [
                {"type": "text", "text": "noon"},
                {"type": "document", "document": {"data": {"h": 12}}}
            ]},
            {"role": "tool", "tool_call_id": "w_3", "content": ""},
            {"role": "tool", "tool_call_id": "w_4", "content": "Error: {\"code\":7}"},
            {"role": "user", "content": [
                {"type": "image_url", "image_url": {"url": "https://x.test/clock.png"}}
            ]},
            {"role": "assistant", "content": "Warm."}
        ])
    );
    let reasoning = place("command-a-reasoning-08-2025");
    let sent = reasoning.body(&Cohere, &json!({ "messages": conversation }))["messages"].clone();
    assert_eq!(
        sent[1],
        json!({"role": "assistant", "tool_calls": calls, "content": [
            {"type": "thinking", "thinking": "Look it up."}
        ]})
    );
    assert_eq!(
        sent[7],
        json!({"role": "assistant", "content": [
            {"type": "thinking", "thinking": "Done."}, {"type": "text", "text": "Warm."}
        ]})
    );
}

#[test]
fn what_has_no_form_is_refused() {
    let place = place("command-r");
    let refusal = |part: Value| {
        let call = json!({"messages": [{"role": "user", "content": [part]}]});
        place.refusal(&Cohere, &call)
    };
    for (part, reason) in [
        (json!({"type": "input_audio", "input_audio": {"data": "AA", "format": "wav"}}), "audio"),
        (json!({"type": "video_url", "video_url": {"url": "https://x.test/a.mp4"}}), "video"),
        (
            json!({"type": "file", "file": {"file_data": "data:application/pdf;base64,JVBERi0="}}),
            "a file of the type application/pdf",
        ),
        (json!({"type": "file", "file": {"file_id": "file-1"}}), "an uploaded file"),
        (
            json!({"type": "image_url", "image_url": {"url": "gs://x/y"}}),
            "an address that is neither http(s) nor a data URI",
        ),
    ] {
        assert_eq!(refusal(part), reason);
    }
    let refusal = |members| place.refusal(&Cohere, &call(&members));
    assert_eq!(
        refusal(json!({"response_format": {"type": "grammar", "grammar": "x"}})),
        "answers by a grammar"
    );
    assert_eq!(refusal(json!({"response_format": {"type": "python"}})), "answers in Python");
    assert_eq!(
        refusal(
            json!({"tools": [tool("f", &json!({}))], "tool_choice": {"type": "function", "function": {"name": "g"}}})
        ),
        "tool_choice: No tool is named \"g\""
    );
}

fn tool(name: &str, more: &Value) -> Value {
    let mut function = json!({"name": name, "parameters": {"type": "object"}});
    for (key, value) in more.as_object().into_iter().flatten() {
        function[key] = value.clone();
    }
    json!({"type": "function", "function": function})
}

#[test]
fn tools_and_their_choice_are_told() {
    let (f, g) = (tool("f", &json!({"description": "Does."})), tool("g", &json!({})));
    let strict = tool("g", &json!({"strict": true}));
    for (sent, expected) in [
        (json!({"tools": [f, g]}), json!({"tools": [f, g]})),
        (json!({"tools": [f, g], "tool_choice": "auto"}), json!({"tools": [f, g]})),
        (
            json!({"tools": [f], "tool_choice": "none", "parallel_tool_calls": false}),
            json!({"tools": [f], "tool_choice": "NONE"}),
        ),
        (
            json!({"tools": [f], "tool_choice": "required"}),
            json!({"tools": [f], "tool_choice": "REQUIRED"}),
        ),
        (
            json!({"tools": [f, g], "tool_choice": {"type": "function", "function": {"name": "g"}}}),
            json!({"tools": [g], "tool_choice": "REQUIRED"}),
        ),
        (json!({"tools": [f, strict]}), json!({"tools": [f, g], "strict_tools": true})),
        (
            json!({"tools": [{"type": "function", "function": {"name": "h"}}]}),
            json!({"tools": [{"type": "function", "function": {"name": "h", "parameters": {"type": "object", "properties": {}}}}]}),
        ),
        (json!({"tool_choice": "required"}), json!({})),
    ] {
        assert_eq!(members(&sent), expected, "{sent}");
    }
}

#[test]
fn parameters_have_other_names_and_bounds() {
    for (sent, expected) in [
        (
            json!({
                "max_completion_tokens": 9_000, "temperature": 1.5, "top_p": 1, "top_k": 40,
                "stop": ["a", ""], "seed": -7, "frequency_penalty": 1.5, "presence_penalty": -1,
                "logprobs": true, "top_logprobs": 3, "min_p": 0.1, "logit_bias": {"5": 1}, "user": "me",
                "metadata": {"a": "b"}, "service_tier": "flex"
            }),
            json!({
                "max_tokens": 8_000, "temperature": 1.0, "p": 0.99, "k": 40,
                "stop_sequences": ["a"], "seed": 7, "frequency_penalty": 1.0, "presence_penalty": 0.0,
                "logprobs": true
            }),
        ),
        (
            json!({
                "documents": ["a"], "citation_options": {"mode": "FAST"}, "safety_mode": "STRICT",
                "priority": 3, "unknown": 1
            }),
            json!({
                "documents": ["a"], "citation_options": {"mode": "FAST"}, "safety_mode": "STRICT",
                "priority": 3
            }),
        ),
        (
            json!({"response_format": {"type": "json_object"}}),
            json!({"response_format": {"type": "json_object"}}),
        ),
        (
            json!({"response_format": {"type": "json_schema", "json_schema": {"name": "n", "strict": true, "schema": {"type": "object"}}}}),
            json!({"response_format": {"type": "json_object", "json_schema": {"type": "object"}}}),
        ),
        (json!({"response_format": {"type": "text"}}), json!({})),
        (json!({"reasoning": {"enabled": false}}), json!({"thinking": {"type": "disabled"}})),
        (
            json!({"reasoning_effort": "high", "max_tokens": 1_000}),
            json!({"max_tokens": 1_000, "thinking": {"type": "enabled", "token_budget": 800}}),
        ),
        (
            json!({"reasoning": {"max_tokens": 50}}),
            json!({"thinking": {"type": "enabled", "token_budget": 50}}),
        ),
        (
            json!({"reasoning": {"enabled": true}}),
            json!({"thinking": {"type": "enabled", "token_budget": 4_000}}),
        ),
        (json!({"include_reasoning": true}), json!({})),
    ] {
        assert_eq!(members(&sent), expected, "{sent}");
    }
    let unbounded = Place { max_output: None, ..place("command-a-reasoning-08-2025") };
    let sent = unbounded.body(&Cohere, &call(&json!({"reasoning_effort": "low"})));
    assert_eq!(sent["thinking"], json!({"type": "enabled"}));
}

#[test]
fn parameters_the_endpoint_does_not_know_are_left_out() {
    let supported = vec!["max_tokens".to_owned(), "seed".to_owned()];
    let quirks = Quirks { drop_params: vec!["seed".to_owned()], ..Quirks::default() };
    let place = Place { supported, quirks, ..place("command-r") };
    let sent = place.body(
        &Cohere,
        &call(&json!({"temperature": 1, "seed": 1, "max_tokens": 5, "reasoning_effort": "low"})),
    );
    assert_eq!(
        sent,
        json!({
            "model": "command-r", "stream": false, "max_tokens": 5,
            "messages": [{"role": "user", "content": "hi"}]
        })
    );
}

#[test]
fn a_form_beside_tools_is_told_in_words() {
    let sent = body(&json!({
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "hi"}],
        "tools": [tool("f", &json!({}))],
        "response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object"}}}
    }));
    assert_eq!(sent["response_format"], Value::Null);
    assert_eq!(
        sent["messages"][1],
        json!({"role": "system", "content": "Your final answer must be a single valid JSON object and nothing else: no prose, no code fences. It must match this JSON schema:\n{\"type\":\"object\"}"})
    );
}

#[test]
fn arguments_come_as_they_are_written() {
    let bytes = recording("cohere", "tools-parallel.sse");
    let read = stream(&Cohere, [bytes.as_slice()]);
    let arguments = |index: u64| -> String {
        deltas(&read.out)
            .iter()
            .flat_map(|choice| {
                choice["delta"]["tool_calls"].as_array().cloned().unwrap_or_default()
            })
            .filter(|call| call["index"] == index)
            .map(|call| call["function"]["arguments"].as_str().unwrap_or_default().to_owned())
            .collect()
    };
    assert_eq!(arguments(0), "{\n    \"city\": \"Paris\"\n}");
    assert_eq!(arguments(1), "{\"city\":\"Rome\"}");
}

#[test]
fn what_a_client_keeps_of_a_stream_goes_back_as_it_came() {
    let bytes = recording("cohere", "tools-parallel.sse");
    let kept = kept_message(&stream(&Cohere, [bytes.as_slice()]).out);
    let sent = messages(&json!([{"role": "user", "content": "Weather?"}, kept]));
    assert_eq!(
        sent[1],
        json!({
            "role": "assistant", "tool_plan": "I will look up the weather in both.",
            "tool_calls": [
                {"id": "get_weather_8gbg3zk3ys1p", "type": "function",
                 "function": {"name": "get_weather", "arguments": "{\n    \"city\": \"Paris\"\n}"}},
                {"id": "get_weather_q3z1f0vj9n2m", "type": "function",
                 "function": {"name": "get_weather", "arguments": "{\"city\":\"Rome\"}"}}
            ]
        })
    );
}

#[test]
fn streams_are_read() {
    for (name, expected) in STREAMS {
        assert_eq!(streamed(&Cohere, name), *expected, "{name}");
    }
}

#[test]
fn whole_answers_are_read() {
    for (name, expected) in WHOLES {
        assert_eq!(whole(&Cohere, name), *expected, "{name}");
    }
}

/// What a client sees of each recorded stream, and what is known of it in the end.
const STREAMS: &[(&str, &str)] = &[
    (
        "citations.sse",
        r#"content "Foxes are red."
annotation {"type":"url_citation","url_citation":{"content":"The fox is red.","end_index":13,"start_index":0,"title":"Foxes","url":"https://fox.test/a"}}
finish stop (COMPLETE)
id k-1
usage Reported prompt=900 completion=40
"#,
    ),
    (
        "cut.sse",
        r#"content "It was a dark and"
id u-1
fault truncated "The provider's answer broke off before it was complete"
"#,
    ),
    (
        "error-end.sse",
        r#"content "Half an"
id e-1
usage Reported prompt=5 completion=2
fault broken "NETWORK_ERROR: the model did not answer"
"#,
    ),
    (
        "error-message.sse",
        r#"fault context_length_exceeded "too many tokens: total number of tokens (prompt and prediction) cannot exceed 4096"
"#,
    ),
    (
        "later-version.sse",
        r#"content "Still here."
finish stop (MOON)
id v-1
usage Reported prompt=5 completion=3
"#,
    ),
    (
        "logprobs.sse",
        r#"content "Hi"
logprobs {"content":[{"bytes":[72,105],"logprob":-0.25,"token":"Hi","top_logprobs":[]}],"refusal":null}
content " there"
logprobs {"content":[{"bytes":[32,116,104,101,114,101],"logprob":-0.75,"token":" there","top_logprobs":[]}],"refusal":null}
finish stop (STOP_SEQUENCE)
id l-1
usage Reported prompt=3 completion=2
"#,
    ),
    (
        "malformed.sse",
        r#"content "Fine so far"
id f-1
fault broken "The provider's answer is malformed: an event is not one of a chat"
"#,
    ),
    (
        "max-tokens.sse",
        r#"content "It was a dark and"
finish length (MAX_TOKENS)
id m-1
usage Reported prompt=5 completion=5
"#,
    ),
    (
        "stalled.sse",
        r#"id s-1
fault truncated "The provider's answer broke off before it was complete"
"#,
    ),
    (
        "text.sse",
        r#"content "Grüß"
content " dich"
content "."
finish stop (COMPLETE)
id c14c80c3-18eb-4519-9460-6c92edd8cfb4
usage Reported prompt=11 completion=7
"#,
    ),
    (
        "thinking.sse",
        r#"text[0] unknown text="Count"
text[0] unknown text=" them."
content "There are "
content "three."
finish stop (COMPLETE)
id r-1
usage Reported prompt=20 completion=40
"#,
    ),
    (
        "timeout-at-once.sse",
        r#"id e-2
usage Reported prompt=5
fault timeout "The provider could not complete the answer"
"#,
    ),
    (
        "tools-parallel.sse",
        r#"text[0] unknown text="I will look up"
text[0] unknown text=" the weather in both."
call[0] id="get_weather_8gbg3zk3ys1p" name="get_weather"
call[0] arguments={
    "
call[0] arguments=city
call[0] arguments=": "Paris"
}
call[1] id="get_weather_q3z1f0vj9n2m" name="get_weather"
call[1] arguments={"city":
call[1] arguments="Rome"}
finish tool_calls (TOOL_CALL)
id t-1
usage Reported prompt=67 completion=25
"#,
    ),
    (
        "toxic.sse",
        r"finish content_filter (ERROR_TOXIC)
id x-1
usage Reported prompt=5
",
    ),
];

/// The same of each recorded whole answer.
const WHOLES: &[(&str, &str)] = &[
    (
        "error-message.json",
        r#"fault broken "internal server error, this has been reported to our developers."
"#,
    ),
    (
        "error.json",
        r#"fault broken "The provider could not complete the answer"
"#,
    ),
    (
        "garbage.json",
        r#"fault broken "The provider's answer is malformed: it is no chat answer: expected value at line 1 column 1"
"#,
    ),
    (
        "shapeless.json",
        r#"fault broken "The provider's answer is malformed: it has no message"
"#,
    ),
    (
        "text.json",
        r#"content "Grüß dich."
finish stop (COMPLETE)
id msg_1
usage Reported prompt=11 completion=7
"#,
    ),
    (
        "thinking-citations.json",
        r#"text[0] unknown text="Count them."
content "Foxes are red."
annotation {"type":"url_citation","url_citation":{"end_index":13,"start_index":0,"title":"Foxes","url":"https://fox.test/a"}}
logprobs {"content":[{"bytes":[70,111,120,101,115],"logprob":-0.5,"token":"Foxes","top_logprobs":[]}],"refusal":null}
finish stop (COMPLETE)
id msg_3
usage Reported prompt=3 completion=9
"#,
    ),
    (
        "cited-tools.json",
        r#"text[0] unknown text="Look it up.\n\nFoxes?"
content "Foxes are red."
call[0] id="f_1" name="count" arguments={}
annotation {"type":"url_citation","url_citation":{"end_index":13,"start_index":0,"title":"Foxes","url":"https://fox.test/a"}}
finish tool_calls (TOOL_CALL)
id msg_4
usage Reported completion=9
"#,
    ),
    (
        "tools.json",
        r#"text[0] unknown text="I will look it up."
call[0] id="w_1" name="get_weather" arguments={"city":"Paris"}
call[1] id="w_2" name="now" arguments={}
finish tool_calls (TOOL_CALL)
id msg_2
usage Reported prompt=67 completion=25
"#,
    ),
];

#[test]
fn a_citation_belongs_to_its_text_and_not_to_the_call_behind_it() {
    let events = Cohere.events(&recording("cohere", "cited-tools.json")).unwrap();
    let kinds: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            ChatEvent::Text(_) => Some("text"),
            ChatEvent::Annotation(_) => Some("citation"),
            ChatEvent::ToolCallStart { .. } => Some("call"),
            _ => None,
        })
        .collect();
    assert_eq!(kinds, ["text", "citation", "call"]);
    let body = br#"{"max_tokens":9,"messages":[{"role":"user","content":"hi"}]}"#;
    let call = Call::read(Dialect::Messages, Bytes::from_static(body), Address::default()).unwrap();
    let recorded = Bytes::from(recording("cohere", "cited-tools.json"));
    let answer = tollgate_providers::whole(&Cohere, &call, &head(), recorded).unwrap();
    let answer = completion(answer.as_ref());
    let blocks = answer["content"].as_array().unwrap();
    let texts: Vec<_> = blocks.iter().filter(|block| block["type"] == "text").collect();
    assert_eq!(texts.len(), 1, "{answer}");
    assert_eq!(texts[0]["text"], "Foxes are red.");
    assert_eq!(texts[0]["citations"].as_array().map(Vec::len), Some(1), "{answer}");
}
