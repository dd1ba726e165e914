//! Answers that the provider ended with an error of its own are failures, whoever asked; those that
//! were filtered, refused or cut are answers.

#![expect(
    clippy::unwrap_used,
    reason = "this is a test, which should panic where something is not as expected"
)]

use bytes::Bytes;
use serde_json::{Value, json};
use tollgate_providers::{
    Adapter, AzureOpenAi, BedrockConverse, Cohere, FaultKind, Gemini, Mistral, OpenAiChat, Vertex,
    VertexOpenAi, whole,
};
use tollgate_types::{GenerationId, Timestamp};
use tollgate_wire::chat::AnswerHead;
use tollgate_wire::{Address, Call, Dialect};

/// An adapter, an answer that ended with a word, words of failures, and of ends that are none.
type Case =
    (&'static dyn Adapter, fn(&str) -> Value, &'static [&'static str], &'static [&'static str]);

fn calls() -> [Call; 3] {
    [
        (Dialect::Chat, r#"{"messages":[{"role":"user","content":"hi"}]}"#),
        (Dialect::Messages, r#"{"max_tokens":9,"messages":[{"role":"user","content":"hi"}]}"#),
        (Dialect::Gemini, r#"{"contents":[{"parts":[{"text":"hi"}]}]}"#),
    ]
    .map(|(dialect, body)| {
        Call::read(dialect, Bytes::from_static(body.as_bytes()), Address::default()).unwrap()
    })
}

fn chat(finish: &str) -> Value {
    json!({"id": "c", "choices": [{"index": 0, "finish_reason": finish,
        "message": {"role": "assistant", "content": "par"}}]})
}

fn gemini(finish: &str) -> Value {
    json!({"candidates": [{"content": {"parts": [{"text": "par"}]}, "finishReason": finish}]})
}

fn bedrock(finish: &str) -> Value {
    json!({"output": {"message": {"role": "assistant", "content": [{"text": "par"}]}},
        "stopReason": finish, "usage": {"inputTokens": 1, "outputTokens": 1}})
}

fn cohere(finish: &str) -> Value {
    json!({"id": "c", "finish_reason": finish,
        "message": {"role": "assistant", "content": [{"type": "text", "text": "par"}]}})
}

fn outcome(adapter: &dyn Adapter, call: &Call, body: &Value) -> Result<(), FaultKind> {
    let head = AnswerHead {
        id: GenerationId::from_text("gen-1-x"),
        created: Timestamp::from_unix_millis(1_000),
        model: "a/b".to_owned(),
        provider: "Acme".to_owned(),
        hides_reasoning: false,
    };
    let answer = whole(adapter, call, &head, Bytes::from(body.to_string()));
    answer.map(drop).map_err(|fault| fault.kind)
}

#[test]
fn an_error_is_a_failure_and_an_end_is_none() {
    let broken = Err(FaultKind::Broken);
    let adapters: [Case; 8] = [
        (
            &OpenAiChat,
            chat,
            &["error", "insufficient_system_resource", "network_error"],
            &["stop", "length", "content_filter"],
        ),
        (&AzureOpenAi, chat, &["error"], &["stop", "content_filter"]),
        (&VertexOpenAi, chat, &["error"], &["stop", "content_filter"]),
        (&Mistral, chat, &["error"], &["stop", "model_length"]),
        (&Gemini, gemini, &["MALFORMED_FUNCTION_CALL", "OTHER"], &["STOP", "SAFETY", "MAX_TOKENS"]),
        (&Vertex, gemini, &["MALFORMED_FUNCTION_CALL"], &["STOP", "SAFETY"]),
        (
            &BedrockConverse,
            bedrock,
            &["malformed_tool_use", "malformed_model_output"],
            &["end_turn", "guardrail_intervened", "content_filtered"],
        ),
        (&Cohere, cohere, &["USER_CANCEL"], &["COMPLETE", "MAX_TOKENS", "ERROR_TOXIC"]),
    ];
    for (adapter, body, failed, ended) in adapters {
        for call in &calls() {
            let context = format!("{} for {:?}", adapter.protocol(), call.dialect());
            for word in failed {
                assert_eq!(outcome(adapter, call, &body(word)), broken, "{word} {context}");
            }
            for word in ended {
                assert_eq!(outcome(adapter, call, &body(word)), Ok(()), "{word} {context}");
            }
        }
    }
}
