//! A relay copies: it builds no tree of what it passes on, and what it passes on is what came.
//!
//! Whoever builds a tree allocates for each node of it. So a conversation of a thousand nodes more
//! may cost the growth of a buffer, and nothing else.

#![expect(clippy::unwrap_used, reason = "tests should panic where something is not as expected")]

use allocation_counter::measure;
use bytes::Bytes;
use memchr::memmem;
use serde_json::{Value, json};
use tollgate_catalog::{Auth, Quirks};
use tollgate_providers::{ADAPTERS, Adapter, Inbound, Native, Target, dropped, encode};
use tollgate_types::{GenerationId, Timestamp};
use tollgate_wire::chat::AnswerHead;
use tollgate_wire::{Address, Call, Dialect};

/// What a longer conversation may cost besides its buffers: their growth, and its own bytes.
const GROWTH: u64 = 16;

/// Adapters with a relay.
fn relays() -> impl Iterator<Item = (&'static dyn Adapter, &'static dyn Native)> {
    ADAPTERS.iter().filter_map(|adapter| Some((*adapter, adapter.native()?)))
}

/// A conversation of so many turns, with a tool's schema as deep as real ones, in a dialect.
fn conversation(dialect: Dialect, turns: usize, text: &str) -> Value {
    let schema = json!({"type": "object", "properties": {"a": {"type": "object", "properties": {
        "b": {"type": "array", "items": {"enum": ["x", "y", "z"]}}}}}});
    let arguments = json!({"a": {"b": ["x", "y"], "c": [[1, 2, 3], {"d": null}]}});
    let repeated = |turn: Value| vec![turn; turns];
    match dialect {
        Dialect::Messages => json!({"model": "a/b", "max_tokens": 100, "unknown": text,
            "tools": [{"name": "f", "input_schema": schema}],
            "messages": repeated(json!({"role": "user", "content": [{"type": "text", "text": text}]}))}),
        Dialect::Responses => json!({"model": "a/b", "unknown": text,
            "tools": [{"type": "function", "name": "f", "parameters": schema}],
            "input": repeated(json!({"role": "user", "content": [{"type": "input_text", "text": text}]}))}),
        Dialect::Gemini => json!({"unknown": text,
            "tools": [{"functionDeclarations": [{"name": "f", "parametersJsonSchema": schema}]}],
            "contents": repeated(json!({"role": "user", "parts": [{"text": text},
                {"functionResponse": {"name": "f", "response": arguments}}]}))}),
        Dialect::Ollama => json!({"model": "a/b", "unknown": text,
            "tools": [{"type": "function", "function": {"name": "f", "parameters": schema}}],
            "messages": repeated(json!({"role": "assistant", "content": text,
                "tool_calls": [{"function": {"name": "f", "arguments": arguments}}]}))}),
        Dialect::Chat | Dialect::Completions => json!({"model": "a/b", "unknown": text,
            "tools": [{"type": "function", "function": {"name": "f", "parameters": schema}}],
            "messages": repeated(json!({"role": "user", "content": [{"type": "text", "text": text}]}))}),
    }
}

fn address(dialect: Dialect) -> Address {
    let is_gemini = dialect == Dialect::Gemini;
    Address {
        model: is_gemini.then(|| "a/b".to_owned()),
        stream: is_gemini.then_some(false),
        ..Address::default()
    }
}

/// Reads a request and writes the provider's, with the names of what is left out.
fn pass_on(adapter: &dyn Adapter, dialect: Dialect, body: Bytes) -> (Bytes, Vec<String>) {
    let quirks = Quirks::default();
    let target = Target {
        base_url: "https://api.example",
        upstream_model: "m",
        credential: Some("key"),
        max_output: None,
        supported_parameters: &[],
        auth: Auth::Bearer,
        quirks: &quirks,
        service: tollgate_catalog::Service::default(),
    };
    let call = &Call::read(dialect, body, address(dialect)).unwrap();
    let now = Timestamp::from_unix_millis(1_000);
    let request = encode(adapter, &Inbound { call, target, end_user: None, now }).unwrap();
    (request.into_body(), dropped(adapter, call, &target))
}

#[test]
fn a_longer_request_takes_no_more_allocations() {
    for (adapter, native) in relays() {
        let dialect = native.dialect();
        let allocations = |turns: usize| {
            let body = Bytes::from(conversation(dialect, turns, "hi").to_string());
            measure(|| drop(pass_on(adapter, dialect, body))).count_total
        };
        let (short, long) = (allocations(1), allocations(1_000));
        assert!(
            long <= short + GROWTH,
            "{}: {short} allocations for a turn, {long} for a thousand",
            adapter.protocol()
        );
    }
}

#[test]
fn half_a_character_goes_up_as_it_came() {
    for (adapter, native) in relays() {
        let dialect = native.dialect();
        let given = conversation(dialect, 1, "HALF").to_string().replace("HALF", r"a\ud83d");
        let (body, _) = pass_on(adapter, dialect, Bytes::from(given));
        let arrived = memmem::find_iter(&body, br#""a\ud83d""#).count();
        assert_eq!(arrived, 2, "{}: {}", adapter.protocol(), body.escape_ascii());
    }
}

/// A whole answer with so many parts, in a dialect.
fn answer(dialect: Dialect, parts: usize) -> Value {
    let nested = json!({"b": ["x", "y"], "c": [[1, 2, 3], {"d": null}]});
    let unknown = vec![nested; parts];
    match dialect {
        Dialect::Messages => {
            json!({"id": "1", "type": "message", "role": "assistant", "model": "m",
            "content": [{"type": "text", "text": "hi"}], "unknown": unknown, "stop_reason": "end_turn",
            "usage": {"input_tokens": 1, "output_tokens": 1}})
        }
        Dialect::Responses => json!({"id": "1", "object": "response", "status": "completed",
            "model": "m", "unknown": unknown, "output": [{"type": "message", "role": "assistant",
                "content": [{"type": "output_text", "text": "hi", "annotations": []}]}],
            "usage": {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}}),
        Dialect::Gemini => json!({"unknown": unknown, "candidates": [{"finishReason": "STOP",
                "content": {"role": "model", "parts": [{"text": "hi"}]}}],
            "usageMetadata": {"promptTokenCount": 1, "candidatesTokenCount": 1}}),
        Dialect::Ollama => json!({"model": "m", "created_at": "2026-01-01T00:00:00Z",
            "unknown": unknown, "message": {"role": "assistant", "content": "hi"}, "done": true,
            "done_reason": "stop", "prompt_eval_count": 1, "eval_count": 1}),
        Dialect::Chat | Dialect::Completions => json!({"id": "1", "object": "chat.completion",
            "model": "m", "unknown": unknown, "choices": [{"index": 0, "finish_reason": "stop",
                "message": {"role": "assistant", "content": "hi"}}],
            "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}}),
    }
}

#[test]
fn a_longer_answer_takes_no_more_allocations() {
    for (adapter, native) in relays() {
        let allocations = |parts: usize| {
            let body = Bytes::from(answer(native.dialect(), parts).to_string());
            let head = AnswerHead {
                id: GenerationId::from_text("gen-1-x"),
                created: Timestamp::from_unix_millis(1_000),
                model: "a/b".to_owned(),
                provider: "Acme".to_owned(),
                hides_reasoning: false,
            };
            measure(|| drop(native.whole(&head, body).unwrap())).count_total
        };
        let (short, long) = (allocations(1), allocations(1_000));
        assert!(
            long <= short + GROWTH,
            "{}: {short} allocations for a part, {long} for a thousand",
            adapter.protocol()
        );
    }
}
