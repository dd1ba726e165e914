//! Every model in every protocol, whole and streamed: both must say the same.

use serde_json::{Value, json};
use tollgate_simulator::Protocol;

use crate::support::{Call, PROTOCOLS, Said, World};

/// Asks whole and streamed, checks that both agree, and returns what was said.
async fn both(world: &World, call: Call) -> Said {
    let whole = world.said(&call).await;
    let streamed = world.said(&call.clone().streamed()).await;
    assert_eq!(whole, streamed, "{:?} {}", call.protocol, call.model);
    whole
}

fn finish(protocol: Protocol, names: [&str; 3]) -> &str {
    match protocol {
        Protocol::OpenAi => names[0],
        Protocol::Anthropic => names[1],
        Protocol::Gemini => names[2],
    }
}

const STOP: [&str; 3] = ["stop", "end_turn", "STOP"];
const LENGTH: [&str; 3] = ["length", "max_tokens", "MAX_TOKENS"];
const CALLS: [&str; 3] = ["tool_calls", "tool_use", "STOP"];

#[tokio::test]
async fn echo_gives_back_the_last_user_message() {
    let world = World::new().await;
    for protocol in PROTOCOLS {
        for text in ["one two  three\n\nfour", "Grüße, 世界 🌍!", "x"] {
            let said = both(&world, Call::new(protocol, "echo", text)).await;
            assert_eq!(said.text, text);
            assert_eq!(said.finish, finish(protocol, STOP));
            assert_eq!(said.usage[0], said.usage[1], "an echo is as long as its prompt");
        }
    }
}

#[tokio::test]
async fn prose_is_fixed_by_the_prompt_and_long_enough() {
    let world = World::new().await;
    let mut texts = Vec::new();
    for prompt in ["a", "b", "c"] {
        let mut of_protocols = Vec::new();
        for protocol in PROTOCOLS {
            let said = both(&world, Call::new(protocol, "gpt-unknown", prompt)).await;
            let words = said.text.split_whitespace().count();
            assert!((60..=160).contains(&words), "{words} words");
            of_protocols.push(said.text);
        }
        of_protocols.dedup();
        assert_eq!(of_protocols.len(), 1, "the same in every protocol");
        texts.extend(of_protocols);
    }
    texts.dedup();
    assert_eq!(texts.len(), 3, "another prompt gives another text");
    let seeded = Call::new(Protocol::OpenAi, "prose", "a").with("seed", json!(7));
    assert_ne!(world.said(&seeded).await.text, texts[0]);
}

#[tokio::test]
async fn limits_and_stop_sequences_are_kept() {
    let world = World::new().await;
    for protocol in PROTOCOLS {
        let call = Call::new(protocol, "echo", "one two three four");
        let (limited, stopped) = match protocol {
            Protocol::OpenAi => (
                call.clone().with("max_completion_tokens", json!(2)),
                call.with("stop", json!(" three")),
            ),
            Protocol::Anthropic => (
                call.clone().with("max_tokens", json!(2)),
                call.with("stop_sequences", json!([" three"])),
            ),
            Protocol::Gemini => (
                call.clone().with("generationConfig", json!({ "maxOutputTokens": 2 })),
                call.with("generationConfig", json!({ "stopSequences": [" three"] })),
            ),
        };
        let said = both(&world, limited).await;
        assert_eq!((said.text.as_str(), said.usage[1]), ("one two", 2));
        assert_eq!(said.finish, finish(protocol, LENGTH));
        let said = both(&world, stopped).await;
        assert_eq!(said.text, "one two");
        assert_eq!(said.finish, finish(protocol, ["stop", "stop_sequence", "STOP"]));
    }
}

fn with_tools(call: Call, names: &[&str]) -> Call {
    let schema = json!({
        "type": "object",
        "properties": { "city": { "type": "string" }, "days": { "type": "integer" } },
        "required": ["city", "days"],
    });
    let list =
        |make: &dyn Fn(&str) -> Value| -> Value { names.iter().map(|one| make(one)).collect() };
    match call.protocol {
        Protocol::OpenAi => call.with(
            "tools",
            list(&|name| {
                let function = json!({ "name": name, "parameters": schema });
                json!({ "type": "function", "function": function })
            }),
        ),
        Protocol::Anthropic => {
            call.with("tools", list(&|name| json!({ "name": name, "input_schema": schema })))
        }
        Protocol::Gemini => {
            let all = list(&|name| json!({ "name": name, "parameters": schema }));
            call.with("tools", json!([{ "functionDeclarations": all }]))
        }
    }
}

#[tokio::test]
async fn tools_are_called_when_mentioned_in_parallel() {
    let world = World::new().await;
    let asked = "Use get_weather for Paris and get_time for Rome";
    for protocol in PROTOCOLS {
        let call =
            with_tools(Call::new(protocol, "tools", asked), &["other", "get_weather", "get_time"]);
        let said = both(&world, call).await;
        let expected = [
            ("get_weather".to_owned(), json!({ "city": "Paris", "days": 1 })),
            ("get_time".to_owned(), json!({ "city": "Rome", "days": 1 })),
        ];
        assert_eq!(said.calls, expected);
        assert_eq!((said.text.as_str(), said.finish.as_str()), ("", finish(protocol, CALLS)));
        let first = both(&world, with_tools(Call::new(protocol, "tools", "hi"), &["a", "b"])).await;
        assert_eq!(first.calls, [("a".to_owned(), json!({ "city": "example", "days": 1 }))]);
    }
}

#[tokio::test]
async fn the_choice_of_tools_is_honoured() {
    let world = World::new().await;
    // Key and values for: none, any, this one.
    let choices = |protocol| match protocol {
        Protocol::OpenAi => (
            "tool_choice",
            [
                json!("none"),
                json!("required"),
                json!({ "type": "function", "function": { "name": "b" } }),
            ],
        ),
        Protocol::Anthropic => (
            "tool_choice",
            [
                json!({ "type": "none" }),
                json!({ "type": "any" }),
                json!({ "type": "tool", "name": "b" }),
            ],
        ),
        Protocol::Gemini => (
            "toolConfig",
            [("NONE", json!([])), ("ANY", json!([])), ("ANY", json!(["b"]))].map(
                |(mode, names)| {
                    let config = json!({ "mode": mode, "allowedFunctionNames": names });
                    json!({ "functionCallingConfig": config })
                },
            ),
        ),
    };
    for protocol in PROTOCOLS {
        let (key, values) = choices(protocol);
        for (value, expected) in values.into_iter().zip([None, Some("a"), Some("b")]) {
            for model in ["tools", "prose"] {
                let call = with_tools(Call::new(protocol, model, "hi"), &["a", "b"]);
                let said = both(&world, call.with(key, value.clone())).await;
                let name = said.calls.first().map(|(name, _)| name.as_str());
                assert_eq!((name, said.calls.len()), (expected, usize::from(name.is_some())));
            }
        }
    }
}

#[tokio::test]
async fn tool_results_are_told_with_the_name_of_the_tool() {
    let world = World::new().await;
    let openai = json!([
        { "role": "user", "content": "hi" },
        { "role": "assistant", "content": null, "tool_calls": [
            { "id": "c1", "type": "function", "function": { "name": "a", "arguments": "{}" } },
            { "id": "c2", "type": "function", "function": { "name": "b", "arguments": "{}" } },
        ] },
        { "role": "tool", "tool_call_id": "c1", "content": "18 C" },
        { "role": "tool", "tool_call_id": "c2", "content": [{ "type": "text", "text": "noon" }] },
    ]);
    let anthropic = json!([
        { "role": "user", "content": "hi" },
        { "role": "assistant", "content": [
            { "type": "tool_use", "id": "c1", "name": "a", "input": {} },
            { "type": "tool_use", "id": "c2", "name": "b", "input": {} },
        ] },
        { "role": "user", "content": [
            { "type": "tool_result", "tool_use_id": "c1", "content": "18 C" },
            { "type": "tool_result", "tool_use_id": "c2", "content": [{ "type": "text", "text": "noon" }] },
        ] },
    ]);
    let gemini = json!([
        { "role": "user", "parts": [{ "text": "hi" }] },
        { "role": "model", "parts": [
            { "functionCall": { "name": "a", "args": {} } },
            { "functionCall": { "name": "b", "args": {} } },
        ] },
        { "role": "user", "parts": [
            { "functionResponse": { "name": "a", "response": { "result": "18 C" } } },
            { "function_response": { "name": "b", "response": { "output": "noon" } } },
        ] },
    ]);
    let all = [("messages", openai), ("messages", anthropic), ("contents", gemini)];
    for (protocol, (key, turns)) in PROTOCOLS.into_iter().zip(all) {
        let call = with_tools(Call::new(protocol, "tools", ""), &["a", "b"]).with(key, turns);
        assert_eq!(both(&world, call).await.text, "Tool results: a: 18 C; b: noon");
    }
}

#[tokio::test]
async fn thinking_comes_first_and_is_counted() {
    let world = World::new().await;
    let shown = |protocol, model| {
        let call = Call::new(protocol, model, "why foxes");
        match protocol {
            Protocol::OpenAi => call,
            Protocol::Anthropic => {
                call.with("thinking", json!({ "type": "enabled", "budget_tokens": 1024 }))
            }
            Protocol::Gemini => {
                let config = json!({ "thinkingConfig": { "includeThoughts": true } });
                call.with("generationConfig", config)
            }
        }
    };
    for protocol in PROTOCOLS {
        for model in ["think", "think-reasoning"] {
            let said = both(&world, shown(protocol, model)).await;
            assert!(said.reasoning.contains("why foxes"), "{said:?}");
            assert!(said.text.starts_with("About why foxes: "), "{said:?}");
            assert!(said.usage[1] > said.usage[2]);
            assert_eq!(said.usage[2] > 0, protocol != Protocol::Anthropic, "not told there");
        }
    }
    let hidden = both(&world, Call::new(Protocol::Gemini, "think", "why")).await;
    assert_eq!(hidden.reasoning, "");
    assert!(hidden.usage[2] > 0, "hidden thoughts are counted");
    let off = both(&world, Call::new(Protocol::Anthropic, "think", "why")).await;
    assert_eq!(off.reasoning, "");
    let effort =
        Call::new(Protocol::OpenAi, "think", "why").with("reasoning_effort", json!("none"));
    assert_eq!(both(&world, effort).await.reasoning, "");
}

#[tokio::test]
async fn json_follows_the_schema_that_was_asked_for() {
    let world = World::new().await;
    let schema = json!({
        "type": "object",
        "properties": {
            "city": { "type": "string" },
            "kind": { "enum": ["big", "small"] },
            "tags": { "type": "array", "items": { "type": "string" } },
        },
        "required": ["city", "kind", "tags"],
    });
    for protocol in PROTOCOLS {
        let call = Call::new(protocol, "json", "Tell me about Oslo");
        let free = both(&world, call.clone()).await;
        assert_eq!(free.text, r#"{"answer":"Tell me about Oslo"}"#);
        let calls = match protocol {
            Protocol::OpenAi => {
                let format = json!({ "type": "json_schema", "json_schema": { "name": "x", "schema": schema } });
                vec![call.with("response_format", format)]
            }
            Protocol::Anthropic => {
                let format = json!({ "type": "json_schema", "schema": schema });
                vec![call.with("output_config", json!({ "format": format }))]
            }
            Protocol::Gemini => ["responseSchema", "responseJsonSchema"]
                .map(|key| {
                    let config = json!({ "responseMimeType": "application/json", key: schema });
                    call.clone().with("generationConfig", config)
                })
                .to_vec(),
        };
        for call in calls {
            let value: Value = serde_json::from_str(&both(&world, call).await.text).unwrap();
            assert_eq!(value, json!({ "city": "Oslo", "kind": "big", "tags": ["Oslo"] }));
        }
    }
}

#[tokio::test]
async fn images_are_seen_and_counted() {
    let world = World::new().await;
    let data = "aGVsbG8=";
    let url = "https://example.com/a.png";
    let contents = [
        json!([{ "role": "user", "content": [
            { "type": "text", "text": "look" },
            { "type": "image_url", "image_url": { "url": format!("data:image/png;base64,{data}") } },
            { "type": "image_url", "image_url": { "url": url } },
        ] }]),
        json!([{ "role": "user", "content": [
            { "type": "text", "text": "look" },
            { "type": "image", "source": { "type": "base64", "media_type": "image/png", "data": data } },
            { "type": "image", "source": { "type": "url", "url": url } },
        ] }]),
        json!([{ "role": "user", "parts": [
            { "text": "look" },
            { "inlineData": { "mimeType": "image/png", "data": data } },
            { "fileData": { "mimeType": "image/png", "fileUri": url } },
        ] }]),
    ];
    let lines = format!("[image: image/png, 5 bytes]\n[image: {url}]");
    for (protocol, content) in PROTOCOLS.into_iter().zip(contents) {
        let key = if protocol == Protocol::Gemini { "contents" } else { "messages" };
        let echo = Call::new(protocol, "echo", "").with(key, content.clone());
        let said = both(&world, echo).await;
        assert_eq!(said.text, format!("look\n{lines}"));
        assert_eq!(said.usage[0], 171, "one word and two images");
        let vision = Call::new(protocol, "vision", "").with(key, content);
        assert_eq!(both(&world, vision).await.text, format!("I see 2 images.\n{lines}"));
    }
}

#[tokio::test]
async fn cached_reports_what_was_read_and_written() {
    let world = World::new().await;
    let long = "word ".repeat(2_000);
    for protocol in PROTOCOLS {
        let said = both(&world, Call::new(protocol, "cached", "one two three four")).await;
        assert_eq!(said.usage, [4, 4, 0, 2], "half of a short prompt");
        let said = both(&world, Call::new(protocol, "cached", long.trim_end())).await;
        assert_eq!(said.usage[3], 1_920, "all but the last block of a long one");
    }
    let mark = json!([{ "role": "user", "content": [
        { "type": "text", "text": "one two three four five six", "cache_control": { "type": "ephemeral", "ttl": "1h" } },
    ] }]);
    let call = Call::new(Protocol::Anthropic, "cached", "").with("messages", mark);
    let usage = world.call(&call).await.json()["usage"].clone();
    assert_eq!(usage["input_tokens"], 2);
    assert_eq!(usage["cache_read_input_tokens"], 3);
    assert_eq!(usage["cache_creation_input_tokens"], 1);
    assert_eq!(usage["cache_creation"]["ephemeral_1h_input_tokens"], 1);
    assert_eq!(usage["cache_creation"]["ephemeral_5m_input_tokens"], 0);
}

#[tokio::test]
async fn a_prefill_is_continued() {
    let world = World::new().await;
    let turns = |protocol, user: &str, said: &str| match protocol {
        Protocol::Gemini => (
            "contents",
            json!([
                { "role": "user", "parts": [{ "text": user }] },
                { "role": "model", "parts": [{ "text": said }] },
            ]),
        ),
        Protocol::OpenAi | Protocol::Anthropic => (
            "messages",
            json!([{ "role": "user", "content": user }, { "role": "assistant", "content": said }]),
        ),
    };
    for protocol in PROTOCOLS {
        let prose = world.said(&Call::new(protocol, "prose", "go on")).await.text;
        let (begun, rest) = prose.split_at(prose.find(". ").unwrap() + 1);
        for (model, user, begun, rest) in [
            ("echo", "one two three", "one two", " three"),
            ("echo", "one two three", "other", "one two three"),
            ("prose", "go on", begun, rest),
        ] {
            let (key, turns) = turns(protocol, user, begun);
            let call = Call::new(protocol, model, "").with(key, turns);
            assert_eq!(both(&world, call).await.text, rest);
        }
    }
}

#[tokio::test]
async fn a_system_prompt_is_counted_and_not_echoed() {
    let world = World::new().await;
    for protocol in PROTOCOLS {
        let call = Call::new(protocol, "echo", "hi");
        let call = match protocol {
            Protocol::OpenAi => {
                let developer = json!({ "role": "developer", "content": "be brief" });
                call.with("messages", json!([developer, { "role": "user", "content": "hi" }]))
            }
            Protocol::Anthropic => {
                call.with("system", json!([{ "type": "text", "text": "be brief" }]))
            }
            Protocol::Gemini => {
                call.with("systemInstruction", json!({ "parts": [{ "text": "be brief" }] }))
            }
        };
        let said = both(&world, call).await;
        assert_eq!((said.text.as_str(), said.usage[0]), ("hi", 3));
    }
}
