//! Anthropic Messages: calls as they are encoded, and recorded answers as they are read.

#![expect(clippy::indexing_slicing, reason = "a test should panic where something is missing")]

mod support;

#[path = "support/reading.rs"]
mod reading;

#[path = "anthropic_messages/answers.rs"]
mod answers;

use http::header::{AUTHORIZATION, HeaderValue};
use reading::{Place, completion, kept_message, recording};
use serde_json::{Value, json};
use support::{stream, whole_answer};
use tollgate_catalog::{Auth, Quirks};
use tollgate_providers::{Adapter, AnthropicMessages};

fn place(model: &'static str) -> Place {
    Place {
        base_url: "https://api.anthropic.test/v1",
        model,
        credential: "sk-ant-api03-x",
        max_output: Some(64_000),
        supported: Vec::new(),
        auth: Auth::XApiKey,
        quirks: Quirks::default(),
    }
}

fn body(model: &'static str, call: &Value) -> Value {
    place(model).body(&AnthropicMessages, call)
}

/// The members `keys` of the body of a call with one message and these members.
fn with(model: &'static str, members: &Value, keys: &[&str]) -> Value {
    let mut call = json!({"messages": [{"role": "user", "content": "hi"}]});
    for (key, value) in members.as_object().into_iter().flatten() {
        call[key] = value.clone();
    }
    let body = body(model, &call);
    let of = |key: &&str| Some(((*key).to_owned(), body.get(*key)?.clone()));
    Value::Object(keys.iter().filter_map(of).collect())
}

/// The turns these messages become.
fn turns(messages: &Value) -> Value {
    body("claude-sonnet-4-5", &json!({ "messages": messages }))["messages"].clone()
}

fn refusal(members: &Value) -> String {
    let mut call = json!({"messages": [{"role": "user", "content": "hi"}]});
    for (key, value) in members.as_object().into_iter().flatten() {
        call[key] = value.clone();
    }
    place("claude-sonnet-4-5").refusal(&AnthropicMessages, &call)
}

#[test]
fn a_request_has_the_protocols_address_and_headers() {
    let call =
        json!({"messages": [{"role": "user", "content": "hi"}], "stream": true, "user": "me"});
    let request = place("claude-sonnet-4-5").request(&AnthropicMessages, &call).unwrap();
    assert_eq!(request.uri(), "https://api.anthropic.test/v1/messages");
    assert_eq!(request.headers()["anthropic-version"], "2023-06-01");
    assert_eq!(request.headers()["x-api-key"], "sk-ant-api03-x");
    assert!(request.headers()["x-api-key"].is_sensitive());
    let body: Value = serde_json::from_slice(request.body()).unwrap();
    assert_eq!(
        body,
        json!({
            "model": "claude-sonnet-4-5",
            "max_tokens": 64_000,
            "messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}],
            "stream": true,
            "metadata": {"user_id": "u-1"}
        })
    );

    let subscription = Place {
        base_url: "https://api.anthropic.test",
        credential: "sk-ant-oat01-x",
        ..place("claude-sonnet-4-5")
    };
    let request = subscription.request(&AnthropicMessages, &call).unwrap();
    assert_eq!(request.uri(), "https://api.anthropic.test/v1/messages");
    assert_eq!(request.headers()[AUTHORIZATION], "Bearer sk-ant-oat01-x");
    assert!(request.headers()[AUTHORIZATION].is_sensitive());
    assert_eq!(request.headers().get("x-api-key"), None::<&HeaderValue>);

    let probe = AnthropicMessages.probe(&subscription.target()).unwrap();
    assert_eq!(
        (probe.method().as_str(), probe.uri().to_string().as_str()),
        ("GET", "https://api.anthropic.test/v1/models?limit=1")
    );
    assert_eq!(probe.headers()["anthropic-version"], "2023-06-01");
}

#[test]
fn instructions_become_the_system_prompt_wherever_they_stand() {
    let messages = json!([
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "hi"},
        {"role": "developer", "content": [{"type": "text", "text": "Be kind."}, {"type": "text", "text": ""}]},
        {"role": "user", "content": "again", "name": "Ada"}
    ]);
    let sent = body("claude-sonnet-4-5", &json!({ "messages": messages }));
    assert_eq!(sent["system"], json!("Be brief.\n\nBe kind."));
    assert_eq!(
        sent["messages"],
        json!([{"role": "user", "content": [
            {"type": "text", "text": "hi"}, {"type": "text", "text": "Ada: again"}
        ]}])
    );
    let marked = json!({"messages": [
        {"role": "system", "content": [
            {"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral", "ttl": "1h"}}
        ]},
        {"role": "user", "content": "hi"}
    ]});
    assert_eq!(
        body("claude-sonnet-4-5", &marked)["system"],
        json!([{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral", "ttl": "1h"}}])
    );
}

#[test]
fn tools_and_their_results_become_blocks() {
    let call = |id: &str, arguments: &str| json!({"id": id, "type": "function", "function": {"name": "f", "arguments": arguments}});
    let sent = turns(&json!([
        {"role": "user", "content": "go"},
        {"role": "assistant", "content": null, "tool_calls": [
            call("a", "{\"x\": 1.50}"), call("functions.f:1", ""), call("c", "[1]"), call("d", "{\"x\":")
        ]},
        {"role": "tool", "tool_call_id": "a", "content": "one"},
        {"role": "tool", "tool_call_id": "functions.f:1", "content": [
            {"type": "text", "text": "two", "cache_control": {"type": "ephemeral"}},
            {"type": "image_url", "image_url": {"url": "data:image/jpg;base64,/9j="}}
        ]},
        {"role": "user", "content": "and now?"},
        {"role": "tool", "tool_call_id": "c", "content": ""}
    ]));
    assert_eq!(
        sent,
        json!([
            {"role": "user", "content": [{"type": "text", "text": "go"}]},
            {"role": "assistant", "content": [
                {"type": "tool_use", "id": "a", "name": "f", "input": {"x": 1.50}},
                {"type": "tool_use", "id": "functions_f_1", "name": "f", "input": {}},
                {"type": "tool_use", "id": "c", "name": "f", "input": {"value": [1]}},
                {"type": "tool_use", "id": "d", "name": "f", "input": {}}
            ]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "a", "content": [{"type": "text", "text": "one"}]},
                {"type": "tool_result", "tool_use_id": "functions_f_1", "content": [
                    {"type": "text", "text": "two"},
                    {"type": "image", "source": {"type": "base64", "media_type": "image/jpeg", "data": "/9j="}}
                ], "cache_control": {"type": "ephemeral"}},
                {"type": "tool_result", "tool_use_id": "c"},
                {"type": "text", "text": "and now?"}
            ]}
        ])
    );
}

#[test]
fn media_become_blocks_or_are_refused() {
    let file = |data: &str| json!({"type": "file", "file": {"filename": "a.x", "file_data": data}});
    let sent = turns(&json!([{"role": "user", "content": [
        {"type": "image_url", "image_url": {"url": "https://x.test/a.png"}, "cache_control": {"type": "ephemeral"}},
        file("data:application/pdf;base64,JVBERi0="),
        file("https://x.test/a.pdf"),
        file("data:text/plain;base64,aGnDvA=="),
        file("data:image/png;base64,iVBORw=="),
        {"type": "text", "text": " \n"}
    ]}]));
    assert_eq!(
        sent[0]["content"],
        json!([
            {"type": "image", "source": {"type": "url", "url": "https://x.test/a.png"}, "cache_control": {"type": "ephemeral"}},
            {"type": "document", "title": "a.x", "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="}},
            {"type": "document", "title": "a.x", "source": {"type": "url", "url": "https://x.test/a.pdf"}},
            {"type": "document", "title": "a.x", "source": {"type": "text", "media_type": "text/plain", "data": "hiü"}},
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw=="}}
        ])
    );
    for (part, reason) in [
        (
            json!({"type": "input_audio", "input_audio": {"data": "AA", "format": "wav"}}),
            "audio input",
        ),
        (json!({"type": "video_url", "video_url": {"url": "https://x.test/a.mp4"}}), "video input"),
        (json!({"type": "file", "file": {"file_id": "file-1"}}), "an uploaded file"),
        (file("data:application/zip;base64,AA"), "a file of type application/zip"),
        (
            json!({"type": "image_url", "image_url": {"url": "ftp://x.test/a.png"}}),
            "an address that is neither http(s) nor a data URI",
        ),
    ] {
        let members = json!({"messages": [{"role": "user", "content": [part]}]});
        assert_eq!(refusal(&members), reason);
    }
    assert_eq!(refusal(&json!({"response_format": {"type": "python"}})), "answers in Python");
    assert_eq!(
        refusal(&json!({"response_format": {"type": "grammar", "grammar": "x"}})),
        "answers by a grammar"
    );
}

#[test]
fn thoughts_go_back_signed_in_order_and_to_their_own_family_only() {
    let text = |text: &str, index: u32| json!({"type": "reasoning.text", "text": text, "format": "anthropic-claude-v1", "index": index});
    let signature = |signature: &str, index: u32| json!({"type": "reasoning.text", "signature": signature, "format": "anthropic-claude-v1", "index": index});
    let sent = turns(&json!([
        {"role": "user", "content": "go"},
        {"role": "assistant", "content": "done", "reasoning": "hm, unsigned", "reasoning_details": [
            text("h", 0), text("m", 0), signature("s0", 0),
            {"type": "reasoning.encrypted", "data": "sealed", "format": "anthropic-claude-v1", "index": 1},
            {"type": "reasoning.encrypted", "data": "theirs", "format": "openai-responses-v1", "index": 2},
            text("never signed", 3), signature("s4", 4)
        ]},
        {"role": "user", "content": "on"}
    ]));
    assert_eq!(
        sent[1]["content"],
        json!([
            {"type": "thinking", "thinking": "hm", "signature": "s0"},
            {"type": "redacted_thinking", "data": "sealed"},
            {"type": "thinking", "thinking": "", "signature": "s4"},
            {"type": "text", "text": "done"}
        ])
    );
}

#[test]
fn a_conversation_begins_with_the_user_and_may_end_with_the_model() {
    assert_eq!(
        turns(&json!([
            {"role": "assistant", "content": "Hello. "},
            {"role": "assistant", "content": [{"type": "text", "text": "I say:\n "}]}
        ])),
        json!([
            {"role": "user", "content": [{"type": "text", "text": "."}]},
            {"role": "assistant", "content": [
                {"type": "text", "text": "Hello. "}, {"type": "text", "text": "I say:"}
            ]}
        ])
    );
    assert_eq!(
        turns(&json!([{"role": "system", "content": "Write a poem."}])),
        json!([{"role": "user", "content": [{"type": "text", "text": "."}]}])
    );
}

#[test]
fn sampling_is_what_the_model_takes() {
    let all = json!({"temperature": 1.5, "top_p": 0.5, "top_k": 40, "stop": ["END", "\n"], "seed": 7, "min_p": 0.1});
    let keys = ["temperature", "top_p", "top_k", "stop_sequences", "seed", "min_p"];
    let with = |model| with(model, &all, &keys);
    let stops = json!(["END"]);
    assert_eq!(
        with("claude-3-haiku-20240307"),
        json!({"temperature": 1.0, "top_p": 0.5, "top_k": 40, "stop_sequences": stops})
    );
    assert_eq!(
        with("claude-sonnet-4-5"),
        json!({"temperature": 1.0, "top_k": 40, "stop_sequences": stops})
    );
    assert_eq!(with("claude-opus-4-7"), json!({ "stop_sequences": stops }));

    let mut choosy = place("claude-3-haiku-20240307");
    choosy.supported = vec!["temperature".to_owned()];
    let mut call = all;
    call["messages"] = json!([{"role": "user", "content": "hi"}]);
    let sent = choosy.body(&AnthropicMessages, &call);
    assert_eq!(sent["temperature"], json!(1.0));
    assert_eq!((&sent["top_p"], &sent["stop_sequences"]), (&Value::Null, &Value::Null));
}

/// The members of a body that thinking is about.
const THINKING: &[&str] = &["max_tokens", "thinking", "output_config", "temperature", "top_p"];

#[test]
fn reasoning_is_a_budget_where_the_model_takes_one() {
    for (model, members, expected) in [
        // The ratio of §2.4, and its bounds.
        (
            "claude-sonnet-4-5",
            json!({"max_tokens": 10_000, "reasoning": {"effort": "high"}, "temperature": 0.2, "top_p": 0.3}),
            json!({"max_tokens": 10_000, "thinking": {"type": "enabled", "budget_tokens": 8_000}, "top_p": 0.95}),
        ),
        (
            "claude-sonnet-4-5",
            json!({"max_tokens": 2_000, "reasoning_effort": "minimal"}),
            json!({"max_tokens": 2_000, "thinking": {"type": "enabled", "budget_tokens": 1_024}}),
        ),
        (
            "claude-sonnet-4-5",
            json!({"max_tokens": 100, "reasoning": {"enabled": true}}),
            json!({"max_tokens": 1_124, "thinking": {"type": "enabled", "budget_tokens": 1_024}}),
        ),
        (
            "claude-sonnet-4-5",
            json!({"max_tokens": 60_000, "reasoning": {"max_tokens": 500_000}}),
            json!({"max_tokens": 64_000, "thinking": {"type": "enabled", "budget_tokens": 63_999}}),
        ),
        (
            "claude-sonnet-4-5",
            json!({"reasoning": {"effort": "none"}}),
            json!({"max_tokens": 64_000}),
        ),
        (
            "claude-3-5-haiku-20241022",
            json!({"reasoning": {"enabled": true}}),
            json!({"max_tokens": 64_000}),
        ),
    ] {
        assert_eq!(with(model, &members, THINKING), expected, "{model} {members}");
    }
}

#[test]
fn reasoning_is_adaptive_where_a_budget_is_refused_or_deprecated() {
    for (model, members, expected) in [
        (
            "claude-opus-4-7",
            json!({"max_tokens": 10_000, "reasoning": {"max_tokens": 4_000, "exclude": true}}),
            json!({"max_tokens": 10_000, "thinking": {"type": "adaptive", "display": "omitted"}, "output_config": {"effort": "medium"}}),
        ),
        (
            "claude-sonnet-4-6",
            json!({"reasoning": {"effort": "xhigh"}}),
            json!({"max_tokens": 64_000, "thinking": {"type": "adaptive", "display": "summarized"}, "output_config": {"effort": "max"}}),
        ),
        (
            "claude-sonnet-4-6",
            json!({"reasoning": {"max_tokens": 2_000}}),
            json!({"max_tokens": 64_000, "thinking": {"type": "enabled", "budget_tokens": 2_000}}),
        ),
        // Off, where the model would otherwise think.
        (
            "claude-opus-5",
            json!({"reasoning": {"enabled": false}, "verbosity": "max"}),
            json!({"max_tokens": 64_000, "thinking": {"type": "disabled"}, "output_config": {"effort": "high"}}),
        ),
        ("claude-fable-5", json!({"reasoning": {"enabled": false}}), json!({"max_tokens": 64_000})),
        // Verbosity is the provider's effort, where there is one.
        (
            "claude-opus-4-5",
            json!({"verbosity": "xhigh"}),
            json!({"max_tokens": 64_000, "output_config": {"effort": "high"}}),
        ),
        ("claude-sonnet-4-5", json!({"verbosity": "low"}), json!({"max_tokens": 64_000})),
    ] {
        assert_eq!(with(model, &members, THINKING), expected, "{model} {members}");
    }
}

#[test]
fn thinking_gives_way_to_what_it_does_not_go_with() {
    let keys = ["thinking", "tool_choice"];
    let tools = json!([{"type": "function", "function": {"name": "f"}}]);
    let forced = json!({"reasoning": {"enabled": true}, "tools": tools, "tool_choice": "required"});
    assert_eq!(with("claude-sonnet-4-5", &forced, &keys), json!({"tool_choice": {"type": "any"}}));
    assert_eq!(
        with("claude-opus-5", &forced, &keys),
        json!({"tool_choice": {"type": "any"}, "thinking": {"type": "disabled"}})
    );
    let prefilled = json!({"reasoning": {"enabled": true}, "messages": [
        {"role": "user", "content": "hi"}, {"role": "assistant", "content": "I"}
    ]});
    assert_eq!(with("claude-sonnet-4-5", &prefilled, &keys), json!({}));
    // Another model began to use tools, so there are no thoughts to go on from.
    let foreign = json!({"reasoning": {"enabled": true}, "tools": tools, "messages": [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "tool_calls": [{"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}]},
        {"role": "tool", "tool_call_id": "a", "content": "1"}
    ]});
    assert_eq!(with("claude-sonnet-4-5", &foreign, &keys), json!({}));
    assert_eq!(
        with("claude-opus-4-7", &foreign, &keys),
        json!({"thinking": {"type": "adaptive", "display": "summarized"}})
    );
}

#[test]
fn tools_are_offered_as_the_protocol_has_them() {
    let tools = json!([
        {"type": "function", "function": {"name": "f", "description": "d", "strict": true,
            "parameters": {"type": "object", "properties": {"a": {"type": "string"}}}},
            "cache_control": {"type": "ephemeral"}},
        {"type": "function", "function": {"name": "g", "parameters": {"properties": {}}}},
        {"type": "function", "function": {"name": "h", "parameters": {}}},
        {"type": "function", "function": {"name": "i"}}
    ]);
    let sent = with(
        "claude-sonnet-4-5",
        &json!({"tools": tools, "parallel_tool_calls": false}),
        &["tools", "tool_choice"],
    );
    let empty = json!({"type": "object", "properties": {}});
    assert_eq!(
        sent,
        json!({
            "tools": [
                {"name": "f", "description": "d", "input_schema": {"type": "object", "properties": {"a": {"type": "string"}}}, "cache_control": {"type": "ephemeral"}},
                {"name": "g", "input_schema": empty}, {"name": "h", "input_schema": empty}, {"name": "i", "input_schema": empty}
            ],
            "tool_choice": {"type": "auto", "disable_parallel_tool_use": true}
        })
    );
    let one = json!([{"type": "function", "function": {"name": "f"}}]);
    for (members, expected) in [
        (json!({"tools": one, "tool_choice": "auto"}), json!({"tool_choice": {"type": "auto"}})),
        (json!({"tools": one, "tool_choice": "none"}), json!({})),
        (json!({"tool_choice": "required"}), json!({})),
        (
            json!({"tools": one, "tool_choice": {"type": "function", "function": {"name": "f"}}, "parallel_tool_calls": false}),
            json!({"tool_choice": {"type": "tool", "name": "f", "disable_parallel_tool_use": true}}),
        ),
        (
            json!({"tools": one, "tool_choice": "none", "messages": [
                {"role": "user", "content": "hi"},
                {"role": "assistant", "tool_calls": [{"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}]},
                {"role": "tool", "tool_call_id": "a", "content": "1"}
            ]}),
            json!({"tool_choice": {"type": "none"}}),
        ),
    ] {
        assert_eq!(with("claude-sonnet-4-5", &members, &["tool_choice"]), expected, "{members}");
    }
    let streaming = with("claude-sonnet-4-5", &json!({"tools": one, "stream": true}), &["tools"]);
    assert_eq!(streaming["tools"][0]["eager_input_streaming"], json!(true));
    let imitation = with("MiniMax-M2.5", &json!({"tools": one, "stream": true}), &["tools"]);
    assert_eq!(imitation["tools"][0]["eager_input_streaming"], Value::Null);
}

#[test]
fn the_form_of_the_answer_is_enforced_or_asked_for() {
    let schema = json!({"type": "object", "properties": {"a": {"type": "integer"}}});
    let format = json!({"response_format": {"type": "json_schema", "json_schema": {"name": "x", "strict": true, "schema": schema}}});
    assert_eq!(
        with("claude-sonnet-4-5", &format, &["output_config", "system"]),
        json!({"output_config": {"format": {"type": "json_schema", "schema": {
            "type": "object", "properties": {"a": {"type": "integer"}}, "additionalProperties": false
        }}}})
    );
    let told = with("claude-sonnet-4-20250514", &format, &["output_config", "system"]);
    let told = told["system"].as_str().unwrap();
    assert!(told.contains("It must match this JSON schema:\n{\"type\":\"object\""), "{told}");
    let json_object = json!({"response_format": {"type": "json_object"}, "messages": [
        {"role": "system", "content": "Be brief."}, {"role": "user", "content": "hi"}
    ]});
    assert_eq!(
        with("claude-sonnet-4-5", &json_object, &["output_config", "system"]),
        json!({"system": "Be brief.\n\nRespond with a single valid JSON object and nothing else: no prose, no code fences."})
    );
}

#[test]
fn the_last_four_cache_markers_are_kept() {
    let mark = json!({"type": "ephemeral"});
    let text = |text: &str| json!({"type": "text", "text": text, "cache_control": mark});
    let call = json!({
        "tools": [{"type": "function", "function": {"name": "f"}, "cache_control": mark}],
        "messages": [
            {"role": "system", "content": [text("s")]},
            {"role": "user", "content": [text("a"), text("b")]},
            {"role": "assistant", "content": "c"},
            {"role": "user", "content": [text("d"), {"type": "text", "text": "e"}]}
        ],
        "cache_control": {"type": "ephemeral", "ttl": "1h"}
    });
    let sent = body("claude-sonnet-4-5", &call);
    assert_eq!(sent["tools"][0]["cache_control"], Value::Null);
    assert_eq!(sent["system"], json!("s"));
    let marked: Vec<(&str, &Value)> = sent["messages"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|turn| turn["content"].as_array().unwrap())
        .filter(|block| !block["cache_control"].is_null())
        .map(|block| (block["text"].as_str().unwrap(), &block["cache_control"]))
        .collect();
    let whole = json!({"type": "ephemeral", "ttl": "1h"});
    assert_eq!(marked, [("a", &mark), ("b", &mark), ("d", &mark), ("e", &whole)]);
}

#[test]
fn the_rest_of_the_parameters() {
    for (tier, sent) in [
        ("auto", json!({"service_tier": "auto"})),
        ("priority", json!({"service_tier": "auto"})),
        ("default", json!({"service_tier": "standard_only"})),
        ("flex", json!({})),
    ] {
        assert_eq!(
            with("claude-sonnet-4-5", &json!({"service_tier": tier}), &["service_tier"]),
            sent
        );
    }
    let unknown = Place { max_output: None, ..place("claude-sonnet-4-5") };
    let call = json!({"messages": [{"role": "user", "content": "hi"}]});
    assert_eq!(unknown.body(&AnthropicMessages, &call)["max_tokens"], json!(8_192));
    let much = with("claude-sonnet-4-5", &json!({"max_tokens": 1_000_000}), &["max_tokens"]);
    assert_eq!(much["max_tokens"], json!(64_000));
}

/// What the model said, given back, is what the model said.
#[test]
fn an_answer_goes_back_as_it_came() {
    let bytes = recording("anthropic-messages", "thinking-tools.json");
    let answer = whole_answer(&AnthropicMessages, bytes.into()).unwrap();
    let collected = completion(answer.as_ref())["choices"][0]["message"].clone();
    let bytes = recording("anthropic-messages", "thinking-tools.sse");
    let kept = kept_message(&stream(&AnthropicMessages, [bytes.as_slice()]).out);
    let back = |message: &Value| {
        turns(
            &json!([{"role": "user", "content": "go"}, message, {"role": "user", "content": "on"}]),
        )[1]["content"]
            .clone()
    };
    assert_eq!(
        back(&collected),
        json!([
            {"type": "thinking", "thinking": "The user wants foxes.", "signature": "EqoBCkgIARABGAIiQL=="},
            {"type": "redacted_thinking", "data": "EmwKAhgBEgy3va3p"},
            {"type": "text", "text": "Let me count."},
            {"type": "tool_use", "id": "toolu_02FOX", "name": "count", "input": {"what": "fox"}},
            {"type": "tool_use", "id": "toolu_02HEN", "name": "count", "input": {}}
        ])
    );
    assert_eq!(
        back(&kept),
        json!([
            {"type": "thinking", "thinking": "The user wants foxes.", "signature": "EqoBCkgIARABGAIiQL=="},
            {"type": "redacted_thinking", "data": "EmwKAhgBEgy3va3p"},
            {"type": "thinking", "thinking": "", "signature": "Eo8CCkYIBRgCKkA="},
            {"type": "text", "text": "Let me count."},
            {"type": "tool_use", "id": "toolu_01FOX", "name": "count", "input": {"what": "fox", "in": {"a": [1, 2.50]}}}
        ])
    );
}
