//! What a caller asks for beside the common parameters: it arrives where the protocol has a place
//! for it, and is named where it has none.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests should panic where something is not as expected"
)]

use bytes::Bytes;
use http::Request;
use serde_json::{Value, json};
use tollgate_catalog::{Auth, Quirks};
use tollgate_providers::{
    ADAPTERS, Adapter, AnthropicMessages, AzureOpenAi, BedrockConverse, Cohere, Gemini, Inbound,
    Mistral, Ollama, OpenAiChat, OpenAiResponses, Target, Vertex, VertexAnthropic, VertexOpenAi,
    dropped, encode,
};
use tollgate_types::Timestamp;
use tollgate_wire::{Address, Call, Dialect};

/// A chat call with these members, and features asked for in a header.
fn call(members: &Value, betas: Option<&str>) -> Call {
    let mut body = json!({"model": "a/b", "messages": [{"role": "user", "content": "hi"}]});
    for (key, value) in members.as_object().unwrap() {
        body[key] = value.clone();
    }
    let address = Address { anthropic_beta: betas.map(str::to_owned), ..Address::default() };
    Call::read(Dialect::Chat, body.to_string().into(), address).unwrap()
}

/// An endpoint that takes these parameters; with none named, any.
fn target<'a>(model: &'a str, takes: &'a [String], quirks: &'a Quirks) -> Target<'a> {
    Target {
        base_url: "https://bedrock-runtime.us-east-1.amazonaws.com",
        upstream_model: model,
        credential: Some("key"),
        max_output: Some(8_192),
        supported_parameters: takes,
        auth: Auth::Bearer,
        quirks,
        service: tollgate_catalog::Service::default(),
    }
}

fn request(adapter: &dyn Adapter, model: &str, call: &Call) -> Request<Bytes> {
    let quirks = Quirks::default();
    let target = target(model, &[], &quirks);
    let now = Timestamp::from_unix_millis(1_000);
    encode(adapter, &Inbound { call, target, end_user: None, now }).unwrap()
}

fn body(request: &Request<Bytes>) -> Value {
    serde_json::from_slice(request.body()).unwrap()
}

#[test]
fn members_without_a_place_are_named() {
    let members = json!({
        "temperature": 0.5,
        "reasoning": {"effort": "high"},
        "stop": ["x"],
        "logit_bias": {"1": 1},
        "safe_prompt": true,
        "knob": 1,
    });
    let call = call(&members, None);
    let adapters: [(&dyn Adapter, &[&str]); 8] = [
        // Claude takes no temperature while it thinks.
        (&AnthropicMessages, &["logit_bias", "safe_prompt", "knob", "temperature"]),
        (&VertexAnthropic, &["logit_bias", "safe_prompt", "knob", "temperature"]),
        (&Gemini, &["logit_bias", "safe_prompt", "knob"]),
        (&Vertex, &["logit_bias", "safe_prompt", "knob"]),
        // Nothing is known of a model of this name, so nothing of how it reasons.
        (&BedrockConverse, &["logit_bias", "safe_prompt", "knob", "reasoning"]),
        (&Cohere, &["logit_bias", "safe_prompt", "knob"]),
        (&Mistral, &["logit_bias", "knob"]),
        (&Ollama, &["logit_bias", "safe_prompt", "knob"]),
    ];
    for (adapter, names) in adapters {
        let quirks = Quirks::default();
        let mut found = dropped(adapter, &call, &target("m", &[], &quirks));
        found.sort();
        let mut names = names.to_vec();
        names.sort_unstable();
        assert_eq!(found, names, "{}", adapter.protocol());
    }
}

#[test]
fn what_an_endpoint_does_not_take_is_named() {
    let members = json!({
        "temperature": 0.5,
        "seed": 7,
        "stop": ["x"],
        "top_p": null,
        "reasoning": {"effort": "high"},
        "response_format": {"type": "json_object"},
        "metadata": {"a": "b"},
    });
    let call = call(&members, None);
    let quirks = Quirks { drop_params: vec!["metadata".to_owned()], ..Quirks::default() };
    let takes = ["stop".to_owned(), "response_format".to_owned()];
    let cases: [(&dyn Adapter, &[&str]); 4] = [
        (&OpenAiChat, &["metadata", "reasoning", "seed", "temperature"]),
        (&AzureOpenAi, &["metadata", "reasoning", "seed", "temperature"]),
        (&VertexOpenAi, &["metadata", "reasoning", "seed", "temperature"]),
        (&Mistral, &["reasoning", "seed", "temperature"]),
    ];
    for (adapter, names) in cases {
        let mut found = dropped(adapter, &call, &target("m", &takes, &quirks));
        found.sort();
        assert_eq!(found, names, "{}", adapter.protocol());
    }
    // Sampling is refused by the model, whatever the endpoint is said to take.
    let quirks = Quirks::default();
    assert_eq!(dropped(&OpenAiChat, &call, &target("gpt-5", &[], &quirks)), ["temperature"]);
}

#[test]
fn what_one_wish_rules_out_of_another_is_named() {
    let tools = json!([{"type": "function", "function": {"name": "f"}}]);
    let thinks = json!({"effort": "high"});
    let asking = json!({"role": "user", "content": "hi"});
    let begun = json!([asking, {"role": "assistant", "content": "So"}]);
    for (members, names) in [
        (json!({"temperature": 0.5, "top_p": 0.5, "top_k": 3}), &["top_p"][..]),
        (json!({"temperature": 0.5, "top_k": 3, "reasoning": thinks}), &["temperature", "top_k"]),
        (json!({"reasoning": thinks, "tools": tools, "tool_choice": "required"}), &["reasoning"]),
        (json!({"reasoning_effort": "high", "messages": begun}), &["reasoning_effort"]),
        (json!({"reasoning": {"enabled": false}, "temperature": 0.5}), &[]),
        (json!({"top_p": 0.5, "reasoning": thinks}), &[]),
    ] {
        let call = call(&members, None);
        let places: [(&dyn Adapter, &str); 3] = [
            (&AnthropicMessages, "claude-sonnet-4-5"),
            (&VertexAnthropic, "claude-sonnet-4-5@20250929"),
            (&BedrockConverse, "us.anthropic.claude-sonnet-4-5-20250929-v1:0"),
        ];
        for (adapter, model) in places {
            let quirks = Quirks::default();
            let mut found = dropped(adapter, &call, &target(model, &[], &quirks));
            found.sort();
            assert_eq!(found, names, "{} {members}", adapter.protocol());
        }
    }
    let quirks = Quirks::default();
    let both = call(&json!({"temperature": 0.5, "top_p": 0.5}), None);
    let nova = target("amazon.nova-pro-v1:0", &[], &quirks);
    assert!(dropped(&BedrockConverse, &both, &nova).is_empty());
}

#[test]
fn no_tier_is_asked_for_where_none_is_to_be() {
    let call = call(&json!({"service_tier": "priority"}), None);
    let quirks = Quirks { drop_params: vec!["service_tier".to_owned()], ..Quirks::default() };
    let adapters: [&dyn Adapter; 6] =
        [&OpenAiChat, &AzureOpenAi, &AnthropicMessages, &Gemini, &BedrockConverse, &Mistral];
    for adapter in adapters {
        let target = target("m", &[], &quirks);
        let now = Timestamp::from_unix_millis(1_000);
        let sent = encode(adapter, &Inbound { call: &call, target, end_user: None, now }).unwrap();
        let text = String::from_utf8_lossy(sent.body()).to_lowercase();
        assert!(!text.contains("tier"), "{}: {text}", adapter.protocol());
        assert_eq!(dropped(adapter, &call, &target), ["service_tier"], "{}", adapter.protocol());
    }
}

#[test]
fn features_reach_claude_wherever_it_is_served() {
    let asked = Some("context-1m-2025-08-07, oauth-2025-04-20");
    let call = call(&json!({}), asked);
    let adapters: [&dyn Adapter; 2] = [&AnthropicMessages, &VertexAnthropic];
    for adapter in adapters {
        let request = request(adapter, "claude-sonnet-4-5", &call);
        let header = &request.headers()["anthropic-beta"];
        assert_eq!(header, "context-1m-2025-08-07", "{}", adapter.protocol());
    }
    let claude = "anthropic.claude-sonnet-4-5-20250929-v1:0";
    let sent = body(&request(&BedrockConverse, claude, &call));
    let fields = &sent["additionalModelRequestFields"];
    assert_eq!(fields["anthropic_beta"], json!(["context-1m-2025-08-07"]));
    let sent = body(&request(&BedrockConverse, "amazon.nova-pro-v1:0", &call));
    assert_eq!(sent.get("additionalModelRequestFields"), None);
}

#[test]
fn tools_are_strict_only_with_the_feature_for_it() {
    let function = json!({"name": "f", "parameters": {"type": "object"}, "strict": true});
    let tools = json!({"tools": [{"type": "function", "function": function}]});
    for (betas, strict) in [
        (Some("structured-outputs-2025-11-13"), json!(true)),
        (Some("context-1m-2025-08-07"), Value::Null),
        (None, Value::Null),
    ] {
        let sent = body(&request(&AnthropicMessages, "claude-sonnet-4-5", &call(&tools, betas)));
        assert_eq!(sent["tools"][0]["strict"], strict, "{betas:?}");
    }
}

/// A call after a tool has answered, with or without success.
fn answered(content: &Value, is_error: bool) -> Call {
    let function = json!({"name": "f", "arguments": "{}"});
    let messages = json!([
        {"role": "user", "content": "hi"},
        {"role": "assistant", "tool_calls": [{"id": "c", "type": "function", "function": function}]},
        {"role": "tool", "tool_call_id": "c", "content": content, "is_error": is_error},
    ]);
    call(&json!({"messages": messages}), None)
}

#[test]
fn every_protocol_says_that_a_tool_failed() {
    let image =
        json!({"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0K"}});
    let text = json!({"type": "text", "text": "no"});
    for content in [json!("no"), json!(""), json!([text, image]), json!([image])] {
        for adapter in ADAPTERS {
            let sent = |is_error| body(&request(*adapter, "m", &answered(&content, is_error)));
            let name = adapter.protocol();
            assert_ne!(sent(true), sent(false), "{name} {content}");
            assert!(!sent(false).to_string().contains("Error"), "{name} {content}");
        }
    }
    let sent = body(&request(&OpenAiResponses, "m", &answered(&json!("no"), true)));
    assert_eq!(sent["input"][2]["output"], "Error: no");
    let shown = answered(&json!([image]), true);
    let sent = body(&request(&OpenAiResponses, "m", &shown));
    assert_eq!(sent["input"][2]["output"][0], json!({"type": "input_text", "text": "Error: "}));
}

#[test]
fn a_tier_without_a_word_is_named() {
    let quirks = Quirks::default();
    let cases: [(&dyn Adapter, &[&str]); 7] = [
        (&AnthropicMessages, &["flex", "scale"]),
        (&VertexAnthropic, &["auto", "default", "flex", "priority", "scale"]),
        (&Mistral, &["flex", "scale"]),
        (&Gemini, &["scale"]),
        (&Vertex, &["scale"]),
        (&BedrockConverse, &["scale"]),
        (&OpenAiResponses, &[]),
    ];
    for (adapter, lost) in cases {
        let is_named = |word: &&str| {
            let call = call(&json!({"service_tier": word}), None);
            dropped(adapter, &call, &target("m", &[], &quirks)) == ["service_tier"]
        };
        let words = ["auto", "default", "flex", "priority", "scale"];
        let named: Vec<&str> = words.into_iter().filter(is_named).collect();
        assert_eq!(named, lost, "{}", adapter.protocol());
    }
}

#[test]
fn fast_is_priority_and_standard_only_is_the_default() {
    let tier = |adapter: &dyn Adapter, word: &str| {
        let sent = request(adapter, "m", &call(&json!({"service_tier": word}), None));
        let header = sent.headers().get("x-vertex-ai-llm-shared-request-type");
        let header = header.map(|it| it.to_str().unwrap().to_owned());
        let sent = body(&sent);
        let places = ["/service_tier", "/serviceTier", "/serviceTier/type"];
        header.or(places.iter().find_map(|at| sent.pointer(at)?.as_str().map(str::to_owned)))
    };
    let cases: [(&dyn Adapter, Option<&str>, Option<&str>); 9] = [
        (&OpenAiChat, Some("priority"), Some("default")),
        (&AzureOpenAi, Some("priority"), Some("default")),
        (&OpenAiResponses, Some("priority"), Some("default")),
        (&AnthropicMessages, Some("auto"), Some("standard_only")),
        (&Mistral, Some("auto"), Some("standard_only")),
        (&Gemini, Some("priority"), Some("standard")),
        (&Vertex, Some("priority"), None),
        (&BedrockConverse, Some("priority"), Some("default")),
        (&VertexOpenAi, Some("priority"), Some("default")),
    ];
    for (adapter, fast, standard) in cases {
        let name = adapter.protocol();
        assert_eq!(tier(adapter, "fast").as_deref(), fast, "{name}");
        assert_eq!(tier(adapter, "fast"), tier(adapter, "priority"), "{name}");
        assert_eq!(tier(adapter, "standard_only").as_deref(), standard, "{name}");
        assert_eq!(tier(adapter, "standard_only"), tier(adapter, "default"), "{name}");
    }
}
