//! What a stream remembers is what the client was told, over every recording and in every dialect,
//! and whoever takes over writes on where the client's reading stands.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "this is a test, which should panic where something is not as expected"
)]

use std::path::{Path, PathBuf};

use allocation_counter::measure;
use bytes::Bytes;
use serde_json::Value;
use tollgate_catalog::{Auth, Prefill, Quirks};
use tollgate_providers::{
    ADAPTERS, Adapter, AnswerStream, Continuation, Decoder, Fault, Target, ToolCalled, adapter,
    stream,
};
use tollgate_types::{GenerationId, Timestamp, Usage, Usd};
use tollgate_wire::chat::{AnswerHead, ChatEvent, FinishReason, UsageView};
use tollgate_wire::{Address, Call, DIALECTS, Dialect};

const MESSAGES: &str = r#""messages":[{"role":"user","content":"hi"}]"#;

fn head() -> AnswerHead {
    AnswerHead {
        id: GenerationId::from_text("gen-1-x"),
        created: Timestamp::from_unix_millis(1_000),
        model: "a/b".to_owned(),
        provider: "Acme".to_owned(),
        hides_reasoning: false,
    }
}

/// Where a protocol's recordings are.
fn recordings(protocol: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recordings").join(protocol)
}

fn call(dialect: Dialect) -> Call {
    let body = match dialect {
        Dialect::Chat | Dialect::Ollama => format!(r#"{{"model":"a/b","stream":true,{MESSAGES}}}"#),
        Dialect::Messages => {
            format!(r#"{{"model":"a/b","stream":true,"max_tokens":9,{MESSAGES}}}"#)
        }
        Dialect::Completions => r#"{"model":"a/b","stream":true,"prompt":"hi"}"#.to_owned(),
        Dialect::Responses => r#"{"model":"a/b","stream":true,"input":"hi"}"#.to_owned(),
        Dialect::Gemini => r#"{"contents":[{"role":"user","parts":[{"text":"hi"}]}]}"#.to_owned(),
    };
    let is_gemini = dialect == Dialect::Gemini;
    let address = Address {
        model: is_gemini.then(|| "a/b".to_owned()),
        stream: is_gemini.then_some(true),
        ..Address::default()
    };
    Call::read(dialect, Bytes::from(body), address).unwrap()
}

/// Name and bytes of every recorded stream of an adapter's protocol.
fn streams(adapter: &dyn Adapter) -> Vec<(String, Vec<u8>)> {
    let Ok(folder) = std::fs::read_dir(recordings(adapter.protocol())) else { return Vec::new() };
    let files = folder.map(|entry| entry.unwrap().path());
    let streams = files.filter(|path| path.is_file() && path.extension().unwrap() != "json");
    let mut all: Vec<_> =
        streams.map(|path| (path.display().to_string(), std::fs::read(path).unwrap())).collect();
    all.sort();
    all
}

fn events(dialect: Dialect, out: &[u8]) -> Vec<Value> {
    // A lone half of a character goes on as it came; JSON's readers take none.
    let out = tollgate_wire::json::mend_surrogates(out);
    let text = std::str::from_utf8(&out).unwrap();
    let lines = text.lines().map(str::trim).filter_map(|line| match dialect {
        Dialect::Ollama => Some(line),
        _ => line.strip_prefix("data: "),
    });
    let lines = lines.filter(|line| !line.is_empty() && *line != "[DONE]");
    lines
        .map(|line| serde_json::from_str(line).unwrap_or_else(|it| panic!("{it}: {line}")))
        .collect()
}

/// The text that a client reads.
fn read(dialect: Dialect, out: &[u8]) -> String {
    let mut text = String::new();
    for event in events(dialect, out) {
        let pieces: Vec<&Value> = match dialect {
            Dialect::Chat => vec![&event["choices"][0]["delta"]["content"]],
            Dialect::Completions => vec![&event["choices"][0]["text"]],
            Dialect::Responses if event["type"] == "response.output_text.delta" => {
                vec![&event["delta"]]
            }
            Dialect::Responses => Vec::new(),
            // A block may begin with text.
            Dialect::Messages => vec![&event["content_block"]["text"], &event["delta"]["text"]],
            Dialect::Gemini => {
                let parts = event["candidates"][0]["content"]["parts"].as_array();
                let parts = parts.into_iter().flatten().filter(|part| part["thought"] != true);
                parts.map(|part| &part["text"]).collect()
            }
            Dialect::Ollama => vec![&event["message"]["content"]],
        };
        text.extend(pieces.into_iter().filter_map(Value::as_str));
    }
    text
}

/// Content blocks begin one after the other, and each ends before the next begins.
fn must_have_whole_blocks(out: &[u8], context: &str) {
    let (mut next, mut open) = (0, None);
    for event in events(Dialect::Messages, out) {
        let index = event["index"].as_u64();
        match event["type"].as_str().unwrap_or_default() {
            "message_start" => assert_eq!((next, open), (0, None), "{context}"),
            "content_block_start" => {
                assert!(open.is_none() && index >= Some(next), "{context}: {event}");
                (open, next) = (index, index.unwrap() + 1);
            }
            "content_block_delta" => assert!(open.is_some() && open == index, "{context}: {event}"),
            "content_block_stop" => {
                assert!(open.is_some() && open == index, "{context}: {event}");
                open = None;
            }
            "message_delta" | "message_stop" => assert_eq!(open, None, "{context}"),
            _ => {}
        }
    }
}

/// Says what it is given.
#[derive(Debug)]
struct Parrot;

impl Decoder for Parrot {
    fn push(&mut self, bytes: &[u8], out: &mut Vec<ChatEvent>) -> Result<(), Fault> {
        out.push(ChatEvent::Text(String::from_utf8(bytes.to_vec()).unwrap()));
        Ok(())
    }

    fn finish(&mut self, out: &mut Vec<ChatEvent>) -> Result<(), Fault> {
        let (reason, native) = (FinishReason::Stop, "stop".to_owned());
        out.push(ChatEvent::Finish { reason, native });
        Ok(())
    }
}

fn view() -> UsageView {
    UsageView {
        usage: Usage::default(),
        cost: Usd::ZERO,
        prompt_cost: Usd::ZERO,
        completion_cost: Usd::ZERO,
        upstream_cost: Usd::ZERO,
        unpriced: false,
        is_byok: false,
    }
}

fn opened(adapter: &dyn Adapter, call: &Call) -> Box<dyn AnswerStream> {
    let mut stream = stream(adapter, call, &head());
    stream.remember(true);
    stream
}

/// Dies after so many bytes; what follows is written by somebody else.
fn taken_over(adapter: &dyn Adapter, dialect: Dialect, bytes: &[u8], context: &str) {
    let call = call(dialect);
    let (mut broken, mut out) = (opened(adapter, &call), Vec::new());
    // Whether it is a fault that ends it or the cut, the client has what came before.
    drop(broken.push(bytes, &mut out));
    let said = broken.progress().said.clone();
    let Some(before) = said.text() else { return };
    assert_eq!(read(dialect, &out), before, "{context}");
    let mut rest = Continuation::new(Box::new(Parrot), &said);
    rest.push(b"the ").unwrap();
    let mut answer = rest.written_by(broken.hand_over(&call, &head()), &mut out);
    answer.push("r\u{e9}st".as_bytes(), &mut out).unwrap();
    assert_eq!(answer.progress().said.text(), Some(format!("{before}the r\u{e9}st").as_str()));
    answer.finish(&mut out).unwrap();
    answer.end(&mut out, &view());
    assert_eq!(read(dialect, &out), format!("{before}the r\u{e9}st"), "{context}");
    if dialect == Dialect::Messages {
        must_have_whole_blocks(&out, context);
    }
}

/// Has a stream die after each of its bytes; says how often somebody could go on.
fn dies_everywhere(adapter: &dyn Adapter, dialect: Dialect, name: &str, bytes: &[u8]) -> usize {
    let call = call(dialect);
    let (mut stream, mut out) = (opened(adapter, &call), Vec::new());
    let signs = matches!(dialect, Dialect::Messages | Dialect::Responses);
    let (mut moments, mut told) = (0, 0);
    for at in 0..bytes.len() {
        let result = stream.push(&bytes[at..=at], &mut out);
        let progress = stream.progress();
        // Thoughts that are open are not taken over in a dialect that signs them.
        let is_open = signs && progress.said.ends_in_thoughts();
        let goes_on = progress.finish.is_none() && progress.said.text().is_some() && !is_open;
        if goes_on && out.len() > told {
            let context = format!("{name} for {dialect}, dead after {at}");
            taken_over(adapter, dialect, &bytes[..=at], &context);
            moments += 1;
        }
        told = out.len();
        if result.is_err() {
            break;
        }
    }
    moments
}

#[test]
fn what_is_remembered_is_what_was_told_and_is_gone_on_with() {
    let mut moments = 0;
    for adapter in ADAPTERS {
        for (name, bytes) in streams(*adapter) {
            let died = DIALECTS.map(|dialect| dies_everywhere(*adapter, dialect, &name, &bytes));
            moments += died.iter().sum::<usize>();
        }
    }
    assert!(moments > 1_000, "{moments}");
}

#[test]
fn who_goes_on_with_an_answer_is_known() {
    let plain = Quirks::default();
    let told = Quirks { prefill: Some(Prefill::Plain), ..Quirks::default() };
    for (protocol, model, quirks, continues) in [
        ("openai-chat", "gpt-5", &plain, false),
        ("openai-chat", "qwen3", &told, true),
        ("openai-responses", "gpt-5", &told, false),
        ("azure-openai", "gpt-5", &told, false),
        ("anthropic-messages", "claude-haiku-4-5", &plain, true),
        ("anthropic-messages", "claude-sonnet-4-6", &plain, false),
        ("anthropic-messages", "MiniMax-M2.5", &plain, false),
        ("anthropic-messages", "MiniMax-M2.5", &told, true),
        ("vertex-anthropic", "claude-sonnet-4-5@20250929", &plain, true),
        ("bedrock-converse", "us.anthropic.claude-sonnet-4-5-20250929-v1:0", &plain, true),
        ("bedrock-converse", "us.anthropic.claude-opus-4-6-v1", &plain, false),
        ("bedrock-converse", "amazon.nova-pro-v1:0", &plain, false),
        ("gemini", "gemini-2.5-flash", &plain, true),
        ("gemini", "gemma-3-27b-it", &plain, false),
        ("vertex", "gemini-2.5-pro", &plain, true),
        ("vertex-openai", "meta/llama-4", &plain, false),
        ("cohere", "command-a", &plain, false),
        ("mistral", "mistral-large-latest", &plain, true),
        ("ollama", "llama3.2", &plain, true),
        ("ollama", "gpt-oss:20b", &plain, false),
    ] {
        let target = Target {
            base_url: "",
            upstream_model: model,
            credential: None,
            max_output: None,
            supported_parameters: &[],
            auth: Auth::Bearer,
            quirks,
            service: tollgate_catalog::Service::default(),
        };
        assert_eq!(adapter(protocol).unwrap().continues(&target), continues, "{protocol} {model}");
    }
}

#[test]
fn what_was_called_is_not_said_again() {
    for (protocol, name) in [
        ("openai-chat", "tools-parallel.sse"),
        ("anthropic-messages", "tools-parallel.sse"),
        ("anthropic-messages", "citations.sse"),
        ("gemini", "tools-parallel.sse"),
        ("ollama", "tools-parallel.ndjson"),
    ] {
        let adapter = adapter(protocol).unwrap();
        let Ok(bytes) = std::fs::read(recordings(protocol).join(name)) else {
            panic!("{protocol}/{name} is gone")
        };
        for dialect in DIALECTS {
            let call = call(dialect);
            let (mut stream, mut out) = (opened(adapter, &call), Vec::new());
            stream.push(&bytes, &mut out).unwrap();
            assert_eq!(stream.progress().said.text(), None, "{protocol}/{name} for {dialect}");
        }
    }
}

/// What tools a whole stream calls, and with what.
fn called(adapter: &dyn Adapter, dialect: Dialect, bytes: &[u8]) -> Vec<(String, Option<Value>)> {
    let call = call(dialect);
    let (mut stream, mut out) = (stream(adapter, &call, &head()), Vec::new());
    if stream.push(bytes, &mut out).and_then(|()| stream.finish(&mut out)).is_err() {
        return Vec::new();
    }
    let calls = stream.progress().called.calls().iter();
    let json = |it: &ToolCalled| {
        let text = it.arguments()?;
        // Nothing at all is taken for no arguments.
        Some(serde_json::from_str(if text.is_empty() { "{}" } else { &text }).unwrap())
    };
    calls.map(|it| (it.name().to_owned(), json(it))).collect()
}

#[test]
fn contract_5_4_what_is_called_is_kept_for_every_client() {
    for protocol in ["openai-chat", "anthropic-messages", "gemini", "ollama", "openai-responses"] {
        let adapter = adapter(protocol).unwrap();
        let mut calls = 0;
        for (name, bytes) in streams(adapter) {
            let all = DIALECTS.map(|dialect| (dialect, called(adapter, dialect, &bytes)));
            calls += all[0].1.len();
            for (dialect, called) in &all {
                assert_eq!(*called, all[0].1, "{name} for {dialect} and {}", all[0].0);
            }
        }
        assert!(calls > 1, "{protocol}: {calls}");
    }
}

/// What is left after text and one thing more: the text, or nothing that can be gone on with.
fn left_after(protocol: &str, more: &str) -> Option<String> {
    let adapter = adapter(protocol).unwrap();
    let dialect = adapter.native().unwrap().dialect();
    let text = match dialect {
        Dialect::Chat => r#"data: {"choices":[{"index":0,"delta":{"content":"so "}}]}"#,
        Dialect::Messages => {
            r#"data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":"so "}}"#
        }
        Dialect::Gemini => {
            r#"data: {"candidates":[{"content":{"parts":[{"text":"so "}],"role":"model"}}]}"#
        }
        _ => r#"{"message":{"role":"assistant","content":"so "},"done":false}"#,
    };
    let (mut stream, mut out) = (opened(adapter, &call(dialect)), Vec::new());
    stream.push(format!("{text}\n\n").as_bytes(), &mut out).unwrap();
    drop(stream.push(format!("{more}\n\n").as_bytes(), &mut out));
    let progress = stream.progress();
    let said = progress.said.text().filter(|_| progress.finish.is_none())?;
    assert_eq!(read(dialect, &out), said, "{protocol} {more}");
    Some(said.to_owned())
}

#[test]
fn what_the_client_did_not_see_is_not_remembered() {
    for (protocol, more) in [
        (
            "openai-chat",
            r#"data: {"choices":[{"index":0,"delta":{"content":"lost"}}],"error":{"code":500,"message":"x"}}"#,
        ),
        (
            "openai-chat",
            r#"data: {"choices":[{"index":0,"delta":{"content":""},"finish_reason":"error"}],"error":{"code":500,"message":"x"}}"#,
        ),
        ("openai-chat", r#"data: {"choices":[{"index":0,"delta":{"content":"lost"}}"#),
        (
            "anthropic-messages",
            r#"data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"lost"}"#,
        ),
        (
            "anthropic-messages",
            r#"data: {"type":"error","error":{"type":"overloaded_error","message":"x"}}"#,
        ),
        ("gemini", r#"data: {"candidates":[{"content":{"parts":[{"text":"lost"}]}}]"#),
        (
            "gemini",
            r#"data: {"candidates":[{"content":{"parts":[{"text":"lost"}]}}],"error":{"code":503,"message":"x"}}"#,
        ),
        ("ollama", r#"{"message":{"role":"assistant","content":"lost"},"done":fal"#),
        ("ollama", r#"{"message":{"role":"assistant","content":"lost"},"error":"x"}"#),
    ] {
        assert_eq!(left_after(protocol, more).as_deref(), Some("so "), "{protocol} {more}");
    }
}

#[test]
fn what_can_not_be_said_again_is_not_remembered() {
    for (protocol, more) in [
        (
            "openai-chat",
            r#"data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"c","function":{"name":"f","arguments":""}}]}}]}"#,
        ),
        ("openai-chat", r#"data: {"choices":[{"index":0,"delta":{"refusal":"No"}}]}"#),
        (
            "openai-chat",
            r#"data: {"choices":[{"index":0,"delta":{"annotations":[{"type":"url_citation"}]}}]}"#,
        ),
        (
            "openai-chat",
            r#"data: {"choices":[{"index":0,"delta":{"images":[{"type":"image_url"}]}}]}"#,
        ),
        ("openai-chat", r#"data: {"choices":[{"index":0,"delta":{"audio":{"data":"AAAA"}}}]}"#),
        ("openai-chat", r#"data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#),
        (
            "anthropic-messages",
            r#"data: {"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"c","name":"f","input":{}}}"#,
        ),
        (
            "anthropic-messages",
            r#"data: {"type":"content_block_start","index":1,"content_block":{"type":"server_tool_use","id":"c","name":"web_search","input":{}}}"#,
        ),
        (
            "anthropic-messages",
            r#"data: {"type":"content_block_delta","index":0,"delta":{"type":"citations_delta","citation":{}}}"#,
        ),
        (
            "anthropic-messages",
            r#"data: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":1}}"#,
        ),
        (
            "gemini",
            r#"data: {"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":{}}}]}}]}"#,
        ),
        (
            "gemini",
            r#"data: {"candidates":[{"content":{"parts":[{"inlineData":{"mimeType":"image/png","data":"AA=="}}]}}]}"#,
        ),
        ("gemini", r#"data: {"candidates":[{"content":{"parts":[]},"logprobsResult":{}}]}"#),
        (
            "gemini",
            r#"data: {"candidates":[{"content":{"parts":[{"text":""}]},"finishReason":"STOP"}]}"#,
        ),
        (
            "ollama",
            r#"{"message":{"role":"assistant","content":"","tool_calls":[{"function":{"name":"f","arguments":{}}}]},"done":false}"#,
        ),
        (
            "ollama",
            r#"{"message":{"role":"assistant","content":"","images":["AA=="]},"done":false}"#,
        ),
        (
            "ollama",
            r#"{"message":{"role":"assistant","content":""},"done":true,"done_reason":"stop"}"#,
        ),
    ] {
        assert_eq!(left_after(protocol, more), None, "{protocol} {more}");
    }
}

#[test]
fn two_parts_of_one_packet_are_both_remembered() {
    let more = r#"data: {"candidates":[{"content":{"parts":[{"text":"it"},{"text":" hm","thought":true},{"text":"\n"},{"text":" goes"}]}}]}"#;
    assert_eq!(left_after("gemini", more).as_deref(), Some("so it\n goes"));
    let more =
        r#"data: {"choices":[{"index":0,"delta":{"content":[{"type":"text","text":"it goes"}]}}]}"#;
    // A list is passed on as it came; clients of such providers read it.
    let adapter = adapter("openai-chat").unwrap();
    let (mut stream, mut out) = (opened(adapter, &call(Dialect::Chat)), Vec::new());
    stream.push(format!("{more}\n\n").as_bytes(), &mut out).unwrap();
    assert_eq!(stream.progress().said.text(), Some("it goes"));
}

/// One text grows: it is doubled now and then, and that is all.
#[test]
fn remembering_takes_no_allocation_for_a_chunk() {
    let chunk = |dialect| match dialect {
        Dialect::Chat => r#"data: {"choices":[{"index":0,"delta":{"content":"wor\n\u00e9d "}}]}"#,
        Dialect::Messages => {
            r#"data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"wor\n\u00e9d "}}"#
        }
        Dialect::Gemini => {
            r#"data: {"candidates":[{"content":{"parts":[{"text":"wor\n\u00e9d "}],"role":"model"}}]}"#
        }
        _ => r#"{"message":{"role":"assistant","content":"wor\n\u00e9d "},"done":false}"#,
    };
    for protocol in ["openai-chat", "anthropic-messages", "gemini", "ollama"] {
        let adapter = adapter(protocol).unwrap();
        let dialect = adapter.native().unwrap().dialect();
        let bytes = format!("{}\n\n", chunk(dialect));
        let call = call(dialect);
        let allocations = |remembers: bool| {
            let mut stream = stream(adapter, &call, &head());
            if remembers {
                stream.remember(true);
            }
            let mut out = Vec::with_capacity(1 << 20);
            let count = measure(|| {
                for _ in 0..1_000 {
                    stream.push(bytes.as_bytes(), &mut out).unwrap();
                }
            });
            assert_eq!(stream.progress().said.text().is_some(), remembers, "{protocol}");
            count.count_total
        };
        let (without, with) = (allocations(false), allocations(true));
        assert!(with <= without + 16, "{protocol}: {without} allocations, {with} remembering");
    }
}
