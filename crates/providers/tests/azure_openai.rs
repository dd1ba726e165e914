//! OpenAI's models on Azure: where calls go, and what its answers have of their own.

mod support;

#[path = "support/reading.rs"]
mod reading;

use http::header::AUTHORIZATION;
use reading::{Place, kept_message, recording, streamed, whole};
use serde_json::json;
use support::{stream, whole_answer};
use tollgate_catalog::{Auth, MaxTokensField, Quirks};
use tollgate_providers::{Adapter, AzureOpenAi};

fn place(base_url: &'static str) -> Place {
    Place {
        base_url,
        model: "gpt-41",
        credential: "azure-key",
        max_output: Some(100),
        supported: Vec::new(),
        auth: Auth::ApiKey,
        quirks: Quirks {
            max_tokens_field: MaxTokensField::MaxCompletionTokens,
            developer_role: true,
            ..Quirks::default()
        },
    }
}

#[test]
fn a_call_is_a_chat_call_at_an_address_of_azures() {
    let call = json!({"model": "openai/gpt-4.1", "messages": [{"role": "user", "content": "hi"}], "stream": true, "max_tokens": 500, "provider": {}, "data_sources": [{"type": "azure_search"}]});
    for (base, url) in [
        (
            "https://acme.openai.azure.test",
            "https://acme.openai.azure.test/openai/deployments/gpt-41/chat/completions?api-version=2024-10-21",
        ),
        (
            "https://acme.openai.azure.test/openai/v1",
            "https://acme.openai.azure.test/openai/v1/chat/completions",
        ),
        (
            "https://acme.openai.azure.test/openai?api-version=2025-04-01-preview",
            "https://acme.openai.azure.test/openai/deployments/gpt-41/chat/completions?api-version=2025-04-01-preview",
        ),
    ] {
        let request = place(base).request(&AzureOpenAi, &call).unwrap();
        assert_eq!(request.uri(), url);
        assert_eq!(request.headers()["api-key"], "azure-key");
        assert!(request.headers()["api-key"].is_sensitive());
        assert!(!request.headers().contains_key(AUTHORIZATION));
        assert_eq!(
            place(base).body(&AzureOpenAi, &call),
            json!({
                "model": "gpt-41",
                "messages": [{"role": "user", "content": "hi"}],
                "stream": true,
                "data_sources": [{"type": "azure_search"}],
                "max_completion_tokens": 100,
                "user": "u-1",
                "stream_options": {"include_usage": true}
            })
        );
    }
}

#[test]
fn a_token_is_a_bearer() {
    let token = "eyJ0eXAiOiJKV1QifQ.eyJhdWQiOiJ4In0.c2ln";
    let call = json!({"messages": [{"role": "user", "content": "hi"}]});
    for (auth, credential, bearer) in [
        (Auth::ApiKey, token, true),
        (Auth::ApiKey, "eyJ0eXA", false),
        (Auth::Bearer, "azure-key", true),
    ] {
        let place = Place { credential, auth, ..place("https://x.test") };
        let request = place.request(&AzureOpenAi, &call).unwrap();
        assert_eq!(request.headers().contains_key(AUTHORIZATION), bearer, "{credential}");
        assert_eq!(request.headers().contains_key("api-key"), !bearer, "{credential}");
        let probe = AzureOpenAi.probe(&place.target()).unwrap();
        assert_eq!(probe.uri(), "https://x.test/openai/models?api-version=2024-10-21");
        assert_eq!(probe.headers().contains_key(AUTHORIZATION), bearer, "{credential}");
    }
    let broken = Place { credential: "azure\nkey", ..place("https://x.test") };
    assert_eq!(
        broken.refusal(&AzureOpenAi, &call),
        "the provider's key has characters a header can't carry"
    );
}

#[test]
fn filter_results_survive() {
    let streamed = stream(&AzureOpenAi, [recording("azure-openai", "filtered.sse").as_slice()]);
    let out = String::from_utf8(streamed.out).unwrap();
    assert_eq!(streamed.result, Ok(()));
    assert!(out.contains(r#","prompt_filter_results":[{"prompt_index":0,"#), "{out}");
    assert!(out.contains(r#""violence":{"filtered":true,"severity":"medium"}"#), "{out}");
    let answer = whole_answer(&AzureOpenAi, recording("azure-openai", "text.json").into()).unwrap();
    let completion = reading::completion(answer.as_ref());
    assert_eq!(completion["prompt_filter_results"][0]["prompt_index"], 0);
    assert_eq!(completion["choices"][0]["content_filter_results"]["hate"]["severity"], "safe");
}

#[test]
fn answers_are_those_of_chat() {
    assert_eq!(
        whole(&AzureOpenAi, "text.json"),
        "content \"Hello\"\nfinish stop (stop)\nid chatcmpl-R1\nusage Reported prompt=12 completion=1\n"
    );
    let streamed =
        stream(&AzureOpenAi, [recording("azure-openai", "tools-parallel.sse").as_slice()]);
    let message = kept_message(&streamed.out);
    let calls: Vec<_> = message["tool_calls"].as_array().unwrap().iter().collect();
    let arguments: Vec<_> = calls.iter().map(|call| &call["function"]["arguments"]).collect();
    assert_eq!(arguments, ["{\"x\":1}", "{}"]);
}

#[test]
fn streams_are_read() {
    for (name, expected) in STREAMS {
        let shown = streamed(&AzureOpenAi, name);
        let lines: Vec<&str> = shown.lines().filter(|line| !line.starts_with("id ")).collect();
        assert_eq!(lines, expected.lines().collect::<Vec<_>>(), "{name}");
    }
}

/// What a client sees of each recorded stream, and what is known of it in the end but its id: that
/// of Azure's first chunk is empty.
const STREAMS: &[(&str, &str)] = &[
    (
        "text.sse",
        r#"content "Hello"
content " there"
finish stop (stop)
usage Reported prompt=12 completion=5 cached=4
"#,
    ),
    (
        "filtered.sse",
        r#"content "How to"
finish content_filter (content_filter)
usage Reported prompt=12 completion=5 cached=4
"#,
    ),
    (
        "filter-error.sse",
        r#"content "a"
fault content_policy code=content_filter "The response was filtered due to the prompt triggering content management policy."
"#,
    ),
    (
        "cut.sse",
        r#"content "Hel"
fault truncated "The provider's answer broke off before it was complete"
"#,
    ),
    (
        "tools-parallel.sse",
        r#"call[0] id="call_a" name="f"
call[0] arguments={"x":
call[0] arguments=1}
call[1] id="call_b" name="g"
call[1] arguments={}
finish tool_calls (tool_calls)
usage Reported prompt=12 completion=5 cached=4
"#,
    ),
];
