//! Questions how many tokens a conversation has, and what is answered.

use bytes::Bytes;
use http::Request;
use serde_json::{Value, json};
use tollgate_catalog::Auth;
use tollgate_providers::{
    Adapter, AnthropicMessages, BedrockConverse, EncodeError, FaultKind, Gemini, Inbound,
    OpenAiResponses, Vertex, VertexAnthropic,
};
use tollgate_types::Timestamp;
use tollgate_wire::{Address, Call, Dialect};

use crate::Place;

fn ask(
    adapter: &dyn Adapter,
    place: &Place,
    dialect: Dialect,
    body: &Value,
) -> Result<Request<Bytes>, EncodeError> {
    let address = Address {
        model: Some("a/b".to_owned()),
        anthropic_beta: Some("context-1m".to_owned()),
        ..Address::default()
    };
    let call = Call::read(dialect, Bytes::from(body.to_string()), address).unwrap();
    let now = Timestamp::from_unix_millis(1_000);
    let inbound = Inbound { call: &call, target: place.target(), end_user: Some("u-1"), now };
    adapter.counter().unwrap().encode(&inbound)
}

fn chat() -> Value {
    json!({
        "model": "a/b", "temperature": 0.5, "max_tokens": 100, "seed": 7, "stop": ["x"],
        "messages": [{"role": "system", "content": "be brief"}, {"role": "user", "content": "hi"}],
        "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]
    })
}

/// Asks, and checks the address.
fn question(
    adapter: &dyn Adapter,
    place: &Place,
    dialect: Dialect,
    body: &Value,
    url: &str,
) -> Value {
    let request = ask(adapter, place, dialect, body).unwrap();
    assert_eq!(request.uri(), url);
    assert_eq!(request.headers()["content-type"], "application/json");
    serde_json::from_slice(request.body()).unwrap()
}

#[test]
fn anthropic_is_asked_with_the_clients_own_words() {
    let place = Place {
        base_url: "https://anthropic.test",
        auth: Auth::XApiKey,
        ..Place::of("claude-sonnet-4-5")
    };
    let url = "https://anthropic.test/v1/messages/count_tokens";
    let given = json!({
        "model": "a/b", "max_tokens": 100, "stream": true, "temperature": 0.5, "top_k": 2,
        "stop_sequences": ["x"], "metadata": {"user_id": "me"}, "service_tier": "auto",
        "system": [{"type": "text", "text": "be brief", "later": 1}],
        "messages": [{"role": "user", "content": "hi"}], "provider": {"only": ["x"]},
        "thinking": {"type": "enabled", "budget_tokens": 2000}, "tool_choice": {"type": "auto"},
        "tools": [{"name": "f", "input_schema": {"type": "object"}}]
    });
    let sent = question(&AnthropicMessages, &place, Dialect::Messages, &given, url);
    let mut expected = given.clone();
    for gone in [
        "max_tokens",
        "stream",
        "temperature",
        "top_k",
        "stop_sequences",
        "metadata",
        "service_tier",
        "provider",
    ] {
        expected.as_object_mut().unwrap().remove(gone);
    }
    expected["model"] = json!("claude-sonnet-4-5");
    assert_eq!(sent, expected);
    let request = ask(&AnthropicMessages, &place, Dialect::Messages, &given).unwrap();
    assert_eq!(request.headers()["anthropic-version"], "2023-06-01");
    assert_eq!(request.headers()["anthropic-beta"], "context-1m");
    assert_eq!(request.headers()["x-api-key"], "sk-x");
    let sent = question(&AnthropicMessages, &place, Dialect::Chat, &chat(), url);
    assert_eq!(
        sent,
        json!({
            "model": "claude-sonnet-4-5", "system": "be brief",
            "messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}],
            "tools": [{"name": "f", "input_schema": {"type": "object"}}]
        })
    );
}

#[test]
fn claude_at_google_is_named_in_the_body() {
    let base_url = "https://vertex.test/v1/projects/p/locations/l";
    for model in ["claude-sonnet-4-5@20250929", "anthropic/claude-sonnet-4-5@20250929"] {
        let place = Place { base_url, ..Place::of(model) };
        let url = format!("{base_url}/publishers/anthropic/models/count-tokens:rawPredict");
        let sent = question(&VertexAnthropic, &place, Dialect::Chat, &chat(), &url);
        assert_eq!(
            sent,
            json!({
                "model": "claude-sonnet-4-5@20250929", "anthropic_version": "vertex-2023-10-16",
                "system": "be brief",
                "messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}],
                "tools": [{"name": "f", "input_schema": {"type": "object"}}]
            })
        );
    }
}

#[test]
fn gemini_is_asked_about_the_whole_request() {
    let place = Place {
        base_url: "https://gemini.test",
        auth: Auth::XGoogApiKey,
        ..Place::of("gemini-2.5-flash")
    };
    let url = "https://gemini.test/v1beta/models/gemini-2.5-flash:countTokens";
    let given = json!({
        "contents": [{"role": "user", "parts": [{"text": "hi"}]}],
        "system_instruction": {"parts": [{"text": "be brief"}]},
        "tools": [{"functionDeclarations": [{"name": "f"}]}]
    });
    let sent = question(&Gemini, &place, Dialect::Gemini, &given, url);
    let mut expected = given;
    expected["model"] = json!("models/gemini-2.5-flash");
    assert_eq!(sent, json!({ "generateContentRequest": expected }));
    let sent = question(&Gemini, &place, Dialect::Chat, &chat(), url);
    let inner = &sent["generateContentRequest"];
    assert_eq!(inner["model"], "models/gemini-2.5-flash");
    assert_eq!(inner["systemInstruction"], json!({"parts": [{"text": "be brief"}]}));
    assert_eq!(inner["contents"], json!([{"role": "user", "parts": [{"text": "hi"}]}]));
    assert_eq!(inner["tools"][0]["functionDeclarations"][0]["name"], "f");
    // Vertex AI has no place for a whole request.
    let base_url = "https://vertex.test/v1/projects/p/locations/l";
    let place = Place { base_url, ..Place::of("gemini-2.5-flash") };
    let url = format!("{base_url}/publishers/google/models/gemini-2.5-flash:countTokens");
    let sent = question(&Vertex, &place, Dialect::Chat, &chat(), &url);
    let names: Vec<&str> = sent.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(names, ["contents", "systemInstruction", "tools", "generationConfig"]);
}

#[test]
fn responses_are_asked_about_as_they_came() {
    let place = Place::of("gpt-5");
    let url = "https://openai.test/v1/responses/input_tokens";
    let given = json!({
        "model": "a/b", "input": "hi", "instructions": "be brief", "max_output_tokens": 100,
        "store": false, "stream": true, "metadata": {}, "include": ["x"], "truncation": "auto",
        "temperature": 0.5
    });
    assert_eq!(
        question(&OpenAiResponses, &place, Dialect::Responses, &given, url),
        json!({"model": "gpt-5", "input": "hi", "instructions": "be brief", "truncation": "auto"})
    );
    let sent = question(&OpenAiResponses, &place, Dialect::Chat, &chat(), url);
    let names: Vec<&str> = sent.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(names, ["model", "input", "tools"]);
    let place = Place { base_url: "https://x.test/openai/v1?api-version=preview", ..place };
    let url = "https://x.test/openai/v1/responses/input_tokens?api-version=preview";
    question(&OpenAiResponses, &place, Dialect::Chat, &chat(), url);
}

#[test]
fn bedrock_is_asked_about_the_model_behind_a_profile() {
    let base_url = "https://bedrock-runtime.us-east-1.amazonaws.com";
    let place = Place { base_url, ..Place::of("us.anthropic.claude-sonnet-4-5-v1:0") };
    let url = format!("{base_url}/model/anthropic.claude-sonnet-4-5-v1%3A0/count-tokens");
    let sent = question(&BedrockConverse, &place, Dialect::Chat, &chat(), &url);
    let converse = &sent["input"]["converse"];
    assert_eq!(converse["system"], json!([{"text": "be brief"}]));
    assert_eq!(converse["messages"], json!([{"role": "user", "content": [{"text": "hi"}]}]));
    assert_eq!(converse["toolConfig"]["tools"][0]["toolSpec"]["name"], "f");
    assert_eq!(converse["additionalModelRequestFields"], json!({"anthropic_beta": ["context-1m"]}));
    assert_eq!(converse.as_object().unwrap().len(), 4, "{converse}");
    let model = "arn:aws:bedrock:us-east-1:1:application-inference-profile/a1";
    let place = Place { base_url, ..Place::of(model) };
    let refused = ask(&BedrockConverse, &place, Dialect::Chat, &chat()).unwrap_err();
    assert_eq!(refused.to_string(), "counting by an application inference profile");
}

#[test]
fn counts_are_read_and_errors_are_faults() {
    let adapters: [(&dyn Adapter, &str); 6] = [
        (&AnthropicMessages, r#"{"input_tokens":12}"#),
        (&VertexAnthropic, r#"{"input_tokens":12}"#),
        (
            &Gemini,
            r#"{"totalTokens":12,"promptTokensDetails":[{"modality":"TEXT","tokenCount":12}]}"#,
        ),
        (&Vertex, r#"{"totalTokens":12,"totalBillableCharacters":40}"#),
        (&OpenAiResponses, r#"{"object":"response.input_tokens","input_tokens":12}"#),
        (&BedrockConverse, r#"{"inputTokens":12}"#),
    ];
    for (adapter, body) in adapters {
        let counter = adapter.counter().unwrap();
        assert_eq!(counter.count(body.as_bytes()), Ok(12), "{}", adapter.protocol());
        for wrong in ["", "{}", "[]", "12", "{\"input_tokens\":null}", "<html>"] {
            let fault = counter.count(wrong.as_bytes()).unwrap_err();
            assert_eq!(fault.kind, FaultKind::Broken, "{wrong} of {}", adapter.protocol());
        }
        let error = br#"{"error":{"message":"slow down","code":429,"type":"rate_limit_error"}}"#;
        assert_eq!(counter.count(error).unwrap_err().kind, FaultKind::RateLimited);
        for end in 0..body.len() {
            assert!(counter.count(&body.as_bytes()[..end]).is_err());
        }
    }
}
