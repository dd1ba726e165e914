//! Answers, streamed and whole.

use serde_json::{Value, json};

use crate::chat::{ChatEvent, FinishReason, ReasoningFormat};
use crate::translation::testing::{
    answers, arguments, call, failure, finish, raw, start, stream, text, thought, whole,
};
use crate::{Dialect, error_body};

const BODY: &str = r#"{"messages":[{"role":"user","content":"hi"}]}"#;
const HEAD: &str = r#"{"model":"a/b","created_at":"2026-09-21T14:13:20.123Z","message":{"role":"assistant","content":"#;
const ENDING: &str = r#""total_duration":0,"load_duration":0,"prompt_eval_count":9,"prompt_eval_duration":0,"eval_count":5,"eval_duration":0,"cost":0.0000012,"provider":"Acme","native_finish_reason":"#;

fn lines(stream: &str) -> Vec<Value> {
    let lines = stream.strip_suffix('\n').unwrap().split('\n');
    lines.map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// What a client makes of a stream: strings joined, lists appended.
fn collected(lines: &[Value]) -> Value {
    let mut all = lines.last().unwrap().clone();
    let (mut content, mut thinking) = (String::new(), String::new());
    let (mut images, mut calls, mut logprobs) = (Vec::new(), Vec::new(), Vec::new());
    for line in lines {
        let message = &line["message"];
        content.push_str(message["content"].as_str().unwrap());
        thinking.push_str(message["thinking"].as_str().unwrap_or_default());
        images.extend(line["images"].as_array().cloned().unwrap_or_default());
        calls.extend(message["tool_calls"].as_array().cloned().unwrap_or_default());
        logprobs.extend(line["logprobs"].as_array().cloned().unwrap_or_default());
    }
    let mut message = json!({ "role": "assistant", "content": content });
    if !thinking.is_empty() {
        message["thinking"] = json!(thinking);
    }
    if !calls.is_empty() {
        message["tool_calls"] = json!(calls);
    }
    all["message"] = message;
    for (key, list) in [("images", images), ("logprobs", logprobs)] {
        if !list.is_empty() {
            all[key] = json!(list);
        }
    }
    all
}

#[test]
fn a_stream_and_a_whole_answer_agree() {
    let call = call(Dialect::Ollama, BODY).unwrap();
    for (name, events, fails) in answers() {
        let mut streamed = lines(&stream(&call, &events, fails));
        let mut whole: Value = serde_json::from_str(&whole(&call, &events, fails)).unwrap();
        if fails {
            let error = streamed.pop().unwrap();
            assert_eq!(error, json!({ "error": "The provider broke off" }), "{name}");
            assert_eq!(whole["error"], error["error"], "{name}");
            assert_eq!(whole["native_finish_reason"], "error", "{name}");
            // A stream that fails has no last line.
            let message = whole["message"].take();
            whole = json!({ "message": message });
            streamed.push(json!({ "message": { "content": "" } }));
        } else {
            let done = streamed.iter().filter(|it| it["done"] == true);
            assert_eq!(done.count(), 1, "{name}");
        }
        assert_eq!(collected(&streamed), whole, "{name}");
    }
}

fn events() -> Vec<ChatEvent> {
    vec![
        thought("h\nm", ReasoningFormat::Unknown, 0),
        text("So \"it\" is."),
        start(0, "c1", "f"),
        start(1, "c2", "g"),
        arguments(0, "{\"a\":\n"),
        arguments(1, "{}"),
        arguments(0, "1}"),
        ChatEvent::Image { url: "data:image/png;base64,AAAA".to_owned() },
        ChatEvent::Logprobs(raw(
            "{\"content\":[{\"token\":\"a\",\n\"logprob\":-0.5,\"bytes\":[97],\"top_logprobs\":[]}]}",
        )),
        finish(FinishReason::ToolCalls, "tool_use"),
    ]
}

#[test]
fn a_stream_is_written_in_the_apis_form() {
    let call = call(Dialect::Ollama, BODY).unwrap();
    let expected = [
        format!(r#"{HEAD}"","thinking":"h\nm"}},"done":false}}"#),
        format!(r#"{HEAD}"So \"it\" is."}},"done":false}}"#),
        format!(
            r#"{HEAD}"","tool_calls":[{{"id":"c1","function":{{"index":0,"name":"f","arguments":{{"a": 1}}}}}}]}},"done":false}}"#
        ),
        format!(
            r#"{HEAD}"","tool_calls":[{{"id":"c2","function":{{"index":1,"name":"g","arguments":{{}}}}}}]}},"done":false}}"#
        ),
        format!(r#"{HEAD}""}},"images":["AAAA"],"done":false}}"#),
        format!(
            r#"{HEAD}""}},"logprobs":[{{"token":"a", "logprob":-0.5,"bytes":[97],"top_logprobs":[]}}],"done":false}}"#
        ),
        format!(r#"{HEAD}""}},"done":true,"done_reason":"stop",{ENDING}"tool_use"}}"#),
        String::new(),
    ];
    assert_eq!(stream(&call, &events(), false), expected.join("\n"));
    assert_eq!(call.stream_type(), "application/x-ndjson");
    assert!(call.keep_alive().is_empty(), "clients take every line for JSON");
}

#[test]
fn a_whole_answer_is_written_in_the_apis_form() {
    let call = call(Dialect::Ollama, BODY).unwrap();
    assert_eq!(
        whole(&call, &events(), false),
        format!(
            r#"{HEAD}"So \"it\" is.","thinking":"h\nm","tool_calls":[{{"id":"c1","function":{{"index":0,"name":"f","arguments":{{"a": 1}}}}}},{{"id":"c2","function":{{"index":1,"name":"g","arguments":{{}}}}}}]}},"images":["AAAA"],"logprobs":[{{"token":"a", "logprob":-0.5,"bytes":[97],"top_logprobs":[]}}],"done":true,"done_reason":"stop",{ENDING}"tool_use"}}"#
        )
    );
}

#[test]
fn reasons_are_the_apis_own() {
    let call = call(Dialect::Ollama, BODY).unwrap();
    for (reason, native, expected) in [
        (FinishReason::Stop, "end_turn", "stop"),
        (FinishReason::Length, "max_tokens", "length"),
        (FinishReason::ContentFilter, "SAFETY", "stop"),
    ] {
        let answer: Value =
            serde_json::from_str(&whole(&call, &[finish(reason, native)], false)).unwrap();
        assert_eq!(answer["done_reason"], expected);
        assert_eq!(answer["native_finish_reason"], native);
    }
}

#[test]
fn a_call_that_is_not_json_stays_in_the_text() {
    let call = call(Dialect::Ollama, BODY).unwrap();
    let mut events = vec![start(0, "c1", "f"), arguments(0, "{a:1")];
    events.push(finish(FinishReason::ToolCalls, "tool_calls"));
    let answer: Value = serde_json::from_str(&whole(&call, &events, false)).unwrap();
    assert_eq!(answer["message"], json!({ "role": "assistant", "content": "f({a:1)" }));
    events.pop();
    events.push(finish(FinishReason::Length, "length"));
    let answer: Value = serde_json::from_str(&whole(&call, &events, false)).unwrap();
    assert_eq!(answer["message"], json!({ "role": "assistant", "content": "" }));
    assert_eq!(answer["done_reason"], "length");
}

#[test]
fn failures_are_one_sentence() {
    let body = error_body(Dialect::Ollama, &failure(), None);
    assert_eq!(String::from_utf8(body).unwrap(), r#"{"error":"The provider broke off"}"#);
}

#[test]
fn no_messages_ask_to_load_a_model_or_to_let_it_go() {
    let now = tollgate_types::Timestamp::from_unix_millis(1_790_000_000_123);
    let loaded = |dialect, body: &str| {
        let line = call(dialect, body).unwrap().loaded(now);
        line.map(|it| String::from_utf8(it).unwrap())
    };
    let line =
        |reason: &str| Some(format!("{HEAD}\"\"}},\"done_reason\":\"{reason}\",\"done\":true}}\n"));
    for body in [
        r#"{"model":"a/b","messages":[]}"#,
        r#"{"model":"a/b"}"#,
        r#"{"model":"a/b","messages":null,"stream":false,"keep_alive":-1}"#,
    ] {
        assert_eq!(loaded(Dialect::Ollama, body), line("load"), "{body}");
    }
    for keep_alive in ["0", r#""0""#, r#""0s""#] {
        let body = format!(r#"{{"model":"a/b","messages":[],"keep_alive":{keep_alive}}}"#);
        assert_eq!(loaded(Dialect::Ollama, &body), line("unload"), "{body}");
    }
    assert_eq!(loaded(Dialect::Ollama, BODY), None);
    assert_eq!(loaded(Dialect::Responses, r#"{"prompt":{"id":"p"}}"#), None);
}
