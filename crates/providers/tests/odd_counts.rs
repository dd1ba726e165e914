//! A report of counts that can't be true harms nobody's answer: what is odd in it is not said, and
//! the rest counts.

#![expect(
    clippy::unwrap_used,
    reason = "this is a test, which should panic where something is not as expected"
)]

use bytes::Bytes;
use serde_json::{Value, json};
use tollgate_providers::{
    Adapter, AnthropicMessages, BedrockConverse, Cohere, Gemini, Mistral, Native, Ollama,
    OpenAiChat, OpenAiResponses, Vertex, VertexAnthropic, whole,
};
use tollgate_types::{GenerationId, Timestamp};
use tollgate_wire::chat::AnswerHead;
use tollgate_wire::{Address, Call, Dialect};

/// An adapter, an answer of its provider's with counts of what was read and written, and the name
/// of the member that holds them; none where they stand alone.
type Case = (&'static dyn Adapter, fn(&Value, &Value) -> Value, Option<&'static str>);

fn chat(prompt: &Value, completion: &Value) -> Value {
    json!({"choices": [{"index": 0, "message": {"content": "hi"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": prompt, "completion_tokens": completion}})
}

fn anthropic(prompt: &Value, completion: &Value) -> Value {
    json!({"type": "message", "content": [{"type": "text", "text": "hi"}], "stop_reason": "end_turn",
        "usage": {"input_tokens": prompt, "output_tokens": completion}})
}

fn bedrock(prompt: &Value, completion: &Value) -> Value {
    json!({"output": {"message": {"content": [{"text": "hi"}]}}, "stopReason": "end_turn",
        "usage": {"inputTokens": prompt, "outputTokens": completion}})
}

fn gemini(prompt: &Value, completion: &Value) -> Value {
    json!({"candidates": [{"content": {"parts": [{"text": "hi"}]}, "finishReason": "STOP"}],
        "usageMetadata": {"promptTokenCount": prompt, "candidatesTokenCount": completion}})
}

fn cohere(prompt: &Value, completion: &Value) -> Value {
    json!({"message": {"content": [{"text": "hi"}]}, "finish_reason": "COMPLETE",
        "usage": {"tokens": {"input_tokens": prompt, "output_tokens": completion}}})
}

fn ollama(prompt: &Value, completion: &Value) -> Value {
    json!({"message": {"content": "hi"}, "done": true, "done_reason": "stop",
        "prompt_eval_count": prompt, "eval_count": completion})
}

fn responses(prompt: &Value, completion: &Value) -> Value {
    let content = json!([{"type": "output_text", "text": "hi", "annotations": []}]);
    json!({"id": "r", "object": "response", "status": "completed",
        "output": [{"type": "message", "role": "assistant", "content": content}],
        "usage": {"input_tokens": prompt, "output_tokens": completion}})
}

const CASES: [Case; 10] = [
    (&OpenAiChat, chat, Some("usage")),
    (&Mistral, chat, Some("usage")),
    (&AnthropicMessages, anthropic, Some("usage")),
    (&VertexAnthropic, anthropic, Some("usage")),
    (&BedrockConverse, bedrock, Some("usage")),
    (&Gemini, gemini, Some("usageMetadata")),
    (&Vertex, gemini, Some("usageMetadata")),
    (&Cohere, cohere, Some("usage")),
    (&Ollama, ollama, None),
    (&OpenAiResponses, responses, Some("usage")),
];

/// The counts of an answer, for a chat client and for one of the provider's own dialect.
fn counts(adapter: &dyn Adapter, body: &Value) -> Vec<Option<(u64, u64)>> {
    let body = Bytes::from(body.to_string());
    let own = match adapter.native().map(Native::dialect) {
        Some(Dialect::Messages) => {
            (Dialect::Messages, r#"{"max_tokens":9,"messages":[{"role":"user","content":"hi"}]}"#)
        }
        Some(Dialect::Gemini) => (Dialect::Gemini, r#"{"contents":[{"parts":[{"text":"hi"}]}]}"#),
        Some(Dialect::Responses) => (Dialect::Responses, r#"{"input":"hi"}"#),
        Some(Dialect::Ollama) => {
            (Dialect::Ollama, r#"{"messages":[{"role":"user","content":"hi"}]}"#)
        }
        _ => (Dialect::Chat, r#"{"messages":[{"role":"user","content":"hi"}]}"#),
    };
    let call = Call::read(own.0, Bytes::from_static(own.1.as_bytes()), Address::default()).unwrap();
    let chat = Bytes::from_static(br#"{"messages":[{"role":"user","content":"hi"}]}"#);
    let chat = Call::read(Dialect::Chat, chat, Address::default()).unwrap();
    let head = AnswerHead {
        id: GenerationId::from_text("gen-1-x"),
        created: Timestamp::from_unix_millis(1_000),
        model: "a/b".to_owned(),
        provider: "Acme".to_owned(),
        hides_reasoning: false,
    };
    let answers = [whole(adapter, &chat, &head, body.clone()), whole(adapter, &call, &head, body)];
    let usage = |answer: Result<Box<dyn tollgate_providers::WholeAnswer>, _>| {
        let answer = answer.map_err(|fault: tollgate_providers::Fault| fault.message).unwrap();
        answer.progress().usage.map(|it| (it.prompt_tokens, it.completion_tokens))
    };
    answers.map(usage).into()
}

#[test]
fn an_odd_count_is_not_said_and_the_other_one_is() {
    for (adapter, body, _) in CASES {
        for odd in [json!(-5), json!(5.5), json!([5]), json!({"a": 5})] {
            let context = format!("{} {odd}", adapter.protocol());
            let found = counts(adapter, &body(&odd, &json!(7)));
            assert_eq!(found, [Some((0, 7)), Some((0, 7))], "{context}");
            let found = counts(adapter, &body(&json!(7.0), &odd));
            assert_eq!(found, [Some((7, 0)), Some((7, 0))], "{context}");
        }
    }
}

#[test]
fn a_report_that_is_no_object_is_none() {
    for (adapter, body, member) in CASES {
        let Some(member) = member else { continue };
        for odd in [json!([7, 7]), json!(7), json!("7")] {
            let mut body = body(&json!(7), &json!(7));
            if let Some(report) = body.get_mut(member) {
                *report = odd.clone();
            }
            let found = counts(adapter, &body);
            assert!(
                found.iter().all(|it| it.is_none_or(|it| it == (0, 0))),
                "{} {odd}: {found:?}",
                adapter.protocol()
            );
        }
    }
}
