//! Every model in every protocol, whole and streamed: both must say the same.

use serde_json::{Value, json};
use tollgate_simulator::Protocol;

use crate::support::asking::Turn;
use crate::support::{Call, Family, PROTOCOLS, Said, World};

/// Asks whole and streamed, checks that both agree, and returns what was said.
async fn both(world: &World, call: Call) -> Said {
    let whole = world.said(&call).await;
    let streamed = world.said(&call.clone().streamed()).await;
    assert_eq!(whole, streamed, "{:?} {}", call.protocol, call.model);
    whole
}

/// How each protocol names the end: of itself, at a stop sequence, at the limit, with calls, with
/// a refusal.
fn finish(protocol: Protocol) -> [&'static str; 5] {
    match Family::of(protocol) {
        Family::Chat => ["stop", "stop", "length", "tool_calls", "stop"],
        Family::Responses => ["completed", "", "incomplete", "completed", "completed"],
        Family::Messages => ["end_turn", "stop_sequence", "max_tokens", "tool_use", "refusal"],
        Family::Contents => ["STOP", "STOP", "MAX_TOKENS", "STOP", "SAFETY"],
        Family::Converse => {
            ["end_turn", "stop_sequence", "max_tokens", "tool_use", "content_filtered"]
        }
        Family::Ollama => ["stop", "stop", "length", "stop", "stop"],
        Family::Cohere => ["COMPLETE", "STOP_SEQUENCE", "MAX_TOKENS", "TOOL_CALL", "COMPLETE"],
    }
}

#[tokio::test]
async fn echo_gives_back_the_last_user_message() {
    let world = World::new().await;
    for protocol in PROTOCOLS {
        for text in ["one two  three\n\nfour", "Grüße, 世界 🌍!", "x"] {
            let said = both(&world, Call::new(protocol, "echo", text)).await;
            assert_eq!(said.text, text);
            assert_eq!(said.finish, finish(protocol)[0]);
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
    let words = "w ".repeat(20);
    for protocol in PROTOCOLS {
        let said = both(&world, Call::new(protocol, "echo", words.trim()).limited(16)).await;
        assert_eq!((said.text.as_str(), said.usage[1]), ("w ".repeat(16).trim(), 16));
        assert_eq!(said.finish, finish(protocol)[2]);
        if Family::of(protocol) == Family::Responses {
            continue;
        }
        let call = Call::new(protocol, "echo", "one two three four").stopping(" three");
        let said = both(&world, call).await;
        assert_eq!(said.text, "one two");
        assert_eq!(said.finish, finish(protocol)[1]);
    }
}

#[tokio::test]
async fn refusals_have_their_own_form() {
    let world = World::new().await;
    for protocol in PROTOCOLS {
        let said = both(&world, Call::new(protocol, "refuse", "hi")).await;
        assert_eq!(said.text, "I'm sorry, but I can't help with that.");
        assert_eq!(said.finish, finish(protocol)[4]);
    }
}

#[tokio::test]
async fn tools_are_called_when_mentioned_in_parallel() {
    let world = World::new().await;
    let asked = "Use get_weather for Paris and get_time for Rome";
    for protocol in PROTOCOLS {
        let call = Call::new(protocol, "tools", asked).tools(&["other", "get_weather", "get_time"]);
        let said = both(&world, call).await;
        let expected = [
            ("get_weather".to_owned(), json!({ "city": "Paris", "days": 1 })),
            ("get_time".to_owned(), json!({ "city": "Rome", "days": 1 })),
        ];
        assert_eq!(said.calls, expected);
        assert_eq!((said.text.as_str(), said.finish.as_str()), ("", finish(protocol)[3]));
        let first = both(&world, Call::new(protocol, "tools", "hi").tools(&["a", "b"])).await;
        assert_eq!(first.calls, [("a".to_owned(), json!({ "city": "example", "days": 1 }))]);
    }
}

#[tokio::test]
async fn the_choice_of_tools_is_honoured() {
    let world = World::new().await;
    let choices = [(None, false, None), (None, true, Some("a")), (Some("b"), true, Some("b"))];
    for (name, any, expected) in choices {
        let calls = PROTOCOLS.into_iter().flat_map(|protocol| {
            let call = |model| Call::new(protocol, model, "hi").tools(&["a", "b"]);
            [call("tools"), call("prose")].into_iter().filter_map(|call| call.choosing(name, any))
        });
        for call in calls {
            let protocol = call.protocol;
            let said = both(&world, call).await;
            let called = said.calls.first().map(|(name, _)| name.as_str());
            assert_eq!(called, expected, "{protocol}");
            assert_eq!(said.calls.len(), usize::from(called.is_some()));
        }
    }
}

#[tokio::test]
async fn tool_results_are_told_with_the_name_of_the_tool() {
    let world = World::new().await;
    let turns = [
        Turn::User("hi"),
        Turn::Calls(&[("callid001", "a"), ("callid002", "b")]),
        Turn::Results(&[("callid001", "a", "18 C"), ("callid002", "b", "noon")]),
    ];
    for protocol in PROTOCOLS {
        let call = Call::new(protocol, "tools", "").tools(&["a", "b"]).turns(&turns);
        assert_eq!(both(&world, call).await.text, "Tool results: a: 18 C; b: noon", "{protocol}");
    }
}

#[tokio::test]
async fn thinking_comes_first_and_is_counted() {
    let world = World::new().await;
    for protocol in PROTOCOLS {
        for model in ["think", "think-reasoning"] {
            let said = both(&world, Call::new(protocol, model, "why foxes").thinking()).await;
            assert!(said.reasoning.contains("why foxes"), "{said:?}");
            assert!(said.text.starts_with("About why foxes: "), "{said:?}");
            assert!(said.usage[1] > said.usage[2]);
            let told = match Family::of(protocol) {
                Family::Chat => protocol != Protocol::Mistral,
                Family::Responses | Family::Contents => true,
                Family::Messages | Family::Converse | Family::Ollama | Family::Cohere => false,
            };
            assert_eq!(said.usage[2] > 0, told, "{protocol}");
        }
        let off = both(&world, Call::new(protocol, "think", "why").thoughtless()).await;
        assert_eq!((off.reasoning.as_str(), off.usage[2]), ("", 0));
    }
    for protocol in [Protocol::Gemini, Protocol::Vertex, Protocol::Responses] {
        let hidden = both(&world, Call::new(protocol, "think", "why")).await;
        assert_eq!(hidden.reasoning, "");
        assert!(hidden.usage[2] > 0, "hidden thoughts are counted");
    }
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
    let expected = json!({ "city": "Oslo", "kind": "big", "tags": ["Oslo"] });
    for protocol in PROTOCOLS {
        let call = Call::new(protocol, "json", "Tell me about Oslo");
        let free = both(&world, call.clone()).await;
        assert_eq!(free.text, r#"{"answer":"Tell me about Oslo"}"#);
        let said = both(&world, call.schema(&schema)).await;
        assert_eq!(serde_json::from_str::<Value>(&said.text).unwrap(), expected, "{protocol}");
    }
    let config = json!({ "responseMimeType": "application/json", "responseJsonSchema": schema });
    let call = Call::new(Protocol::Gemini, "json", "Tell me about Oslo");
    let said = both(&world, call.with("generationConfig", config)).await;
    assert_eq!(serde_json::from_str::<Value>(&said.text).unwrap(), expected);
}

#[tokio::test]
async fn images_are_seen_and_counted() {
    let world = World::new().await;
    let line = "[image: image/png, 5 bytes]";
    for protocol in PROTOCOLS {
        let said = both(&world, Call::new(protocol, "echo", "").image("look", "aGVsbG8=")).await;
        assert_eq!(said.text, format!("look\n{line}"), "{protocol}");
        assert_eq!(said.usage[0], 86, "one word and one image");
        let vision = Call::new(protocol, "vision", "").image("look", "aGVsbG8=");
        assert_eq!(both(&world, vision).await.text, format!("I see one image.\n{line}"));
    }
}

#[tokio::test]
async fn images_can_be_addresses() {
    let world = World::new().await;
    let url = "https://example.com/a.png";
    let chat = json!([{ "role": "user", "content": [
        { "type": "image_url", "image_url": { "url": url } },
    ] }]);
    let responses = json!([{ "role": "user", "content": [
        { "type": "input_image", "image_url": url },
    ] }]);
    let messages = json!([{ "role": "user", "content": [
        { "type": "image", "source": { "type": "url", "url": url } },
    ] }]);
    let contents = json!([{ "role": "user", "parts": [
        { "fileData": { "mimeType": "image/png", "fileUri": url } },
    ] }]);
    for protocol in PROTOCOLS {
        let (key, turns) = match Family::of(protocol) {
            Family::Chat | Family::Cohere => ("messages", &chat),
            Family::Responses => ("input", &responses),
            Family::Messages => ("messages", &messages),
            Family::Contents => ("contents", &contents),
            // Neither fetches anything.
            Family::Converse | Family::Ollama => continue,
        };
        let call = Call::new(protocol, "vision", "").with(key, turns.clone());
        let text = both(&world, call).await.text;
        assert_eq!(text, format!("I see one image.\n[image: {url}]"), "{protocol}");
    }
}

#[tokio::test]
async fn cached_reports_what_was_read_and_written() {
    let world = World::new().await;
    let long = "word ".repeat(2_000);
    for protocol in PROTOCOLS {
        let told = protocol != Protocol::Ollama;
        let said = both(&world, Call::new(protocol, "cached", "one two three four")).await;
        assert_eq!(said.usage, [4, 4, 0, if told { 2 } else { 0 }], "half of a short prompt");
        let said = both(&world, Call::new(protocol, "cached", long.trim_end())).await;
        let read = if told { 1_920 } else { 0 };
        assert_eq!(said.usage[3], read, "all but the last block of a long one");
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
    for protocol in PROTOCOLS {
        let prose = world.said(&Call::new(protocol, "prose", "go on")).await.text;
        let (begun, rest) = prose.split_at(prose.find(". ").unwrap() + 1);
        for (model, user, begun, rest) in [
            ("echo", "one two three", "one two", " three"),
            ("echo", "one two three", "other", "one two three"),
            ("prose", "go on", begun, rest),
        ] {
            let turns = [Turn::User(user), Turn::Assistant(begun)];
            let call = Call::new(protocol, model, "").turns(&turns);
            assert_eq!(both(&world, call).await.text, rest, "{protocol}");
        }
    }
}

#[tokio::test]
async fn a_system_prompt_is_counted_and_not_echoed() {
    let world = World::new().await;
    for protocol in PROTOCOLS {
        let said = both(&world, Call::new(protocol, "echo", "hi").system("be brief")).await;
        assert_eq!((said.text.as_str(), said.usage[0]), ("hi", 3));
    }
    for protocol in [Protocol::OpenAi, Protocol::Responses] {
        let key = if protocol == Protocol::OpenAi { "messages" } else { "input" };
        let developer = json!({ "role": "developer", "content": "be brief" });
        let turns = json!([developer, { "role": "user", "content": "hi" }]);
        let said = both(&world, Call::new(protocol, "echo", "").with(key, turns)).await;
        assert_eq!((said.text.as_str(), said.usage[0]), ("hi", 3));
    }
}
