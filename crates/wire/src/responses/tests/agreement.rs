//! A stream and a whole answer are the same answer.

use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::support::*;
use crate::chat::{ChatEvent, FinishReason, ReasoningFormat};
use crate::error::{ErrorBody, ErrorType};

/// Puts an answer together again as OpenAI's SDKs do, from what was added and done.
#[derive(Default)]
struct Collector {
    items: Vec<Value>,
}

impl Collector {
    fn take(&mut self, kind: &str, data: &Value) {
        if kind.contains("output_item") {
            self.item(kind, data);
            return;
        }
        let Some(id) = data.get("item_id") else { return };
        let item = &mut self.items[place(data, "output_index")];
        assert_eq!(&item["id"], id, "{kind}");
        match kind {
            "response.function_call_arguments.delta" => add(&mut item["arguments"], data),
            "response.function_call_arguments.done" => {
                assert_eq!(item["arguments"], data["arguments"]);
            }
            kind if kind.contains("reasoning_summary") => summary_event(item, kind, data),
            kind if data.get("content_index").is_some() => part_event(item, kind, data),
            _ => {}
        }
    }

    fn item(&mut self, kind: &str, data: &Value) {
        let at = place(data, "output_index");
        if kind == "response.output_item.added" {
            assert_eq!(at, self.items.len());
            self.items.push(data["item"].clone());
            return;
        }
        let known = &mut self.items[at];
        let mut item = data["item"].clone();
        assert!(["completed", "incomplete"].contains(&item["status"].as_str().unwrap()));
        // Everything but these was there before.
        for late in ["status", "encrypted_content", "signature", "input", "result"] {
            known[late] = item[late].clone();
        }
        if item.get("content").is_none() {
            item["content"] = known["content"].clone();
        }
        for (name, value) in item.as_object().unwrap() {
            assert_eq!(&known[name], value, "{name}");
        }
        *known = data["item"].clone();
    }
}

fn part_event(item: &mut Value, kind: &str, data: &Value) {
    let at = place(data, "content_index");
    if kind == "response.content_part.added" {
        if item.get("content").is_none() {
            item["content"] = json!([]);
        }
        let content = item["content"].as_array_mut().unwrap();
        assert_eq!(at, content.len());
        content.push(data["part"].clone());
        return;
    }
    let part = &mut item["content"][at];
    match kind {
        "response.content_part.done" => {
            // The id of a sound is known at its end.
            if let Some(id) = data["part"].get("id") {
                part["id"] = id.clone();
            }
            assert_eq!(*part, data["part"]);
        }
        "response.output_text.delta" => {
            add(&mut part["text"], data);
            let more = data["logprobs"].as_array().unwrap().clone();
            part["logprobs"].as_array_mut().unwrap().extend(more);
        }
        "response.output_text.annotation.added" => {
            let known = part["annotations"].as_array_mut().unwrap();
            assert_eq!(data["annotation_index"], known.len());
            known.push(data["annotation"].clone());
        }
        "response.reasoning_text.delta" => add(&mut part["text"], data),
        "response.refusal.delta" => add(&mut part["refusal"], data),
        "response.audio.delta" => add(&mut part["data"], data),
        "response.audio.transcript.delta" => add(&mut part["transcript"], data),
        _ => {}
    }
}

fn summary_event(item: &mut Value, kind: &str, data: &Value) {
    let at = place(data, "summary_index");
    match kind {
        "response.reasoning_summary_part.added" => {
            let summaries = item["summary"].as_array_mut().unwrap();
            assert_eq!(at, summaries.len());
            summaries.push(data["part"].clone());
        }
        "response.reasoning_summary_text.delta" => add(&mut item["summary"][at]["text"], data),
        "response.reasoning_summary_part.done" => assert_eq!(item["summary"][at], data["part"]),
        _ => {}
    }
}

fn place(data: &Value, name: &str) -> usize {
    usize::try_from(data[name].as_u64().unwrap()).unwrap()
}

fn add(value: &mut Value, data: &Value) {
    let delta = data["delta"].as_str().unwrap();
    *value = Value::String(format!("{}{delta}", value.as_str().unwrap_or("")));
}

const ANTHROPIC: ReasoningFormat = ReasoningFormat::Anthropic;
const GEMINI: ReasoningFormat = ReasoningFormat::Gemini;
const OPENAI: ReasoningFormat = ReasoningFormat::OpenAi;

type Case = (&'static str, Vec<ChatEvent>);

fn stop() -> ChatEvent {
    finish(FinishReason::Stop)
}

fn calls() -> ChatEvent {
    finish(FinishReason::ToolCalls)
}

fn of_words() -> Vec<Case> {
    vec![
        ("nothing", vec![stop()]),
        ("nothing at all", vec![]),
        ("text", vec![text("a\n\""), text(""), text("é"), stop()]),
        (
            "a refusal",
            vec![
                text("well"),
                ChatEvent::Refusal("n".to_owned()),
                ChatEvent::Refusal("o".to_owned()),
                text("!"),
                stop(),
            ],
        ),
        (
            "images",
            vec![
                text("see"),
                ChatEvent::Image { url: "data:image/png;base64,AAAA".to_owned() },
                ChatEvent::Image { url: "https://x/y.png".to_owned() },
                stop(),
            ],
        ),
        ("sound", vec![audio(Some("AA"), None), audio(Some("BB"), Some("hi")), stop()]),
        (
            "probabilities and sources",
            vec![
                text("a"),
                logprobs("a"),
                text("b"),
                logprobs("b"),
                citation(0),
                citation(1),
                stop(),
            ],
        ),
        ("a source of nothing", vec![citation(0), stop()]),
        ("cut text", vec![text("a"), finish(FinishReason::Length)]),
        ("withheld", vec![text("a"), finish(FinishReason::ContentFilter)]),
        ("ended in error", vec![text("a"), finish(FinishReason::Error)]),
        ("a tier", vec![ChatEvent::ServiceTier("flex".to_owned()), text("a"), stop()]),
    ]
}

fn of_thoughts() -> Vec<Case> {
    vec![
        (
            "signed thoughts",
            vec![
                thought("h", ANTHROPIC, 0),
                thought("m", ANTHROPIC, 0),
                signed("SIG", 0),
                text("x"),
                stop(),
            ],
        ),
        (
            "summaries and a seal",
            vec![
                summary("a", Some("rs_1"), 0),
                summary("b", Some("rs_1"), 0),
                summary("c", Some("rs_1"), 1),
                sealed("ENC", Some("rs_1"), OPENAI, 1),
                text("x"),
                stop(),
            ],
        ),
        (
            "an id that comes late, and twice",
            vec![
                summary("a", None, 0),
                sealed("E1", Some("rs_1"), OPENAI, 0),
                sealed("E2", Some("rs_1"), OPENAI, 0),
                stop(),
            ],
        ),
        (
            "signatures of calls",
            vec![
                thought("t", GEMINI, 0),
                sealed("S", Some("c0"), GEMINI, 1),
                tool(0, "c0", "f"),
                arguments(0, "{}"),
                calls(),
            ],
        ),
        (
            "interleaved",
            vec![
                thought("1", ANTHROPIC, 0),
                signed("S1", 0),
                text("a"),
                thought("2", ANTHROPIC, 1),
                signed("S2", 1),
                tool(0, "c0", "f"),
                arguments(0, "{}"),
                sealed("R", None, ANTHROPIC, 2),
                text("b"),
                citation(1),
                citation(0),
                calls(),
            ],
        ),
    ]
}

fn of_calls() -> Vec<Case> {
    vec![
        (
            "parallel calls",
            vec![
                text("on it"),
                tool(0, "c0", "f"),
                arguments(0, "{\"a\""),
                arguments(0, ":1}"),
                tool(1, "c1", "f"),
                arguments(1, "{}"),
                calls(),
            ],
        ),
        (
            "calls that grow in turns",
            vec![
                tool(0, "c0", "f"),
                arguments(0, "{\"a\":"),
                tool(1, "", "f"),
                arguments(1, "{\"b\":"),
                arguments(0, "1}"),
                text("meanwhile"),
                arguments(1, "2}"),
                calls(),
            ],
        ),
        (
            "custom calls",
            vec![
                tool(0, "c0", "g"),
                arguments(0, "{\"input\":\"*** \\n"),
                arguments(0, "x\"}"),
                tool(1, "c1", "g"),
                arguments(1, "bare"),
                calls(),
            ],
        ),
        (
            "a cut call",
            vec![tool(0, "c0", "f"), arguments(0, "{\"a"), finish(FinishReason::Length)],
        ),
    ]
}

/// Checks that the stream is well formed and that it ends as the whole answer is.
fn agree(name: &str, events: &[ChatEvent], error: Option<&ErrorBody>) {
    let seen = parsed(&stream(events, error));
    for (number, (_, data)) in seen.iter().enumerate() {
        assert_eq!(data["sequence_number"], number, "{name}");
    }
    assert_eq!(seen[0].0, "response.created", "{name}");
    assert_eq!(seen[1].0, "response.in_progress", "{name}");
    let terminal = |kind: &str| {
        ["response.completed", "response.incomplete", "response.failed"].contains(&kind)
    };
    assert_eq!(seen.iter().filter(|(kind, _)| terminal(kind)).count(), 1, "{name}");
    let (kind, last) = seen.last().unwrap();
    assert!(terminal(kind), "{name}: {kind}");
    let response = &last["response"];
    assert_eq!(format!("response.{}", response["status"].as_str().unwrap()), *kind);
    let whole: Value = serde_json::from_str(&whole(events.to_vec(), error)).unwrap();
    assert_eq!(*response, whole, "{name}");
    let mut collector = Collector::default();
    for (kind, data) in &seen {
        collector.take(kind, data);
    }
    if response["status"] != "failed" {
        assert_eq!(Value::Array(collector.items), whole["output"], "{name}");
    }
    let items = whole["output"].as_array().unwrap();
    let ids: BTreeSet<&str> = items.iter().map(|it| it["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), items.len(), "{name}");
}

#[test]
fn stream_and_whole_answer_agree() {
    let broken = ErrorBody::new(ErrorType::ProviderUnavailable, "gone");
    let outgrown = ErrorBody::new(ErrorType::ContextLengthExceeded, "too long");
    for (name, events) in [of_words(), of_thoughts(), of_calls()].concat() {
        for error in [None, Some(&broken), Some(&outgrown)] {
            agree(name, &events, error);
        }
    }
}

proptest! {
    #[test]
    fn any_sequence_of_events_agrees(picks in vec(0usize..200, 0..24), cut in any::<bool>()) {
        let cases = [of_words(), of_thoughts(), of_calls()].concat();
        let all: Vec<ChatEvent> = cases.into_iter().flat_map(|(_, events)| events).collect();
        let pick = |at: &usize| all.get(at % all.len()).cloned();
        let mut events: Vec<ChatEvent> = picks.iter().filter_map(pick).collect();
        events.push(finish(if cut { FinishReason::Length } else { FinishReason::Stop }));
        agree(&format!("{events:?}"), &events, None);
    }
}
