//! Answers, as streams and whole.

use bytes::Bytes;
use serde_json::{Value, json};

use super::support::*;
use crate::chat::{ChatEvent, FinishReason, ReasoningFormat};
use crate::error::{ErrorBody, ErrorType};
use crate::{Address, Call, Dialect};

/// Events as they stand in a stream, from one number on.
fn numbered(first: usize, events: &[(&str, String)]) -> String {
    let event = |(number, (kind, members)): (usize, &(&str, String))| {
        format!(
            "event: response.{kind}\ndata: {{\"type\":\"response.{kind}\",\"sequence_number\":{number},{members}}}\n\n"
        )
    };
    (first..).zip(events).map(event).collect()
}

#[test]
fn a_stream_has_the_apis_form() {
    let events = [
        thought("hm", ReasoningFormat::Anthropic, 0),
        signed("SIG", 0),
        text("o"),
        text("k"),
        logprobs("k"),
        finish(FinishReason::Stop),
    ];
    let logprob = r#"{"token":"k","logprob":-0.5,"bytes":null,"top_logprobs":[]}"#;
    let started = format!(
        r#""response":{{"id":"gen-1-x","object":"response","created_at":1,"completed_at":null,"status":"in_progress","model":"a/b","output":[],"error":null,"incomplete_details":null,{ECHO},"service_tier":"auto","usage":null}}"#
    );
    let thoughts = r#"{"type":"reasoning","id":"rs_gen-1-x_0","status":"completed","summary":[],"content":[{"type":"reasoning_text","text":"hm"}],"format":"anthropic-claude-v1","signature":"SIG"}"#;
    let words =
        format!(r#"{{"type":"output_text","text":"ok","annotations":[],"logprobs":[{logprob}]}}"#);
    let message = format!(
        r#"{{"type":"message","id":"msg_gen-1-x_1","status":"completed","role":"assistant","content":[{words}]}}"#
    );
    let of = |prefix: &str, at: usize| {
        format!(r#""item_id":"{prefix}_gen-1-x_{at}","output_index":{at}"#)
    };
    let completed = format!(
        r#""response":{{"id":"gen-1-x","object":"response","created_at":1,"completed_at":null,"status":"completed","model":"a/b","output":[{thoughts},{message}],"output_text":"ok","error":null,"incomplete_details":null,{ECHO},"service_tier":null,"usage":{USAGE}}}"#
    );
    let expected = [
        ("created", started.clone()),
        ("in_progress", started),
        ("output_item.added", r#""output_index":0,"item":{"type":"reasoning","id":"rs_gen-1-x_0","status":"in_progress","summary":[],"format":"anthropic-claude-v1"}"#.to_owned()),
        ("content_part.added", format!(r#"{},"content_index":0,"part":{{"type":"reasoning_text","text":""}}"#, of("rs", 0))),
        ("reasoning_text.delta", format!(r#"{},"content_index":0,"delta":"hm""#, of("rs", 0))),
        ("reasoning_text.done", format!(r#"{},"content_index":0,"text":"hm""#, of("rs", 0))),
        ("content_part.done", format!(r#"{},"content_index":0,"part":{{"type":"reasoning_text","text":"hm"}}"#, of("rs", 0))),
        ("output_item.done", format!(r#""output_index":0,"item":{thoughts}"#)),
        ("output_item.added", r#""output_index":1,"item":{"type":"message","id":"msg_gen-1-x_1","status":"in_progress","role":"assistant","content":[]}"#.to_owned()),
        ("content_part.added", format!(r#"{},"content_index":0,"part":{{"type":"output_text","text":"","annotations":[],"logprobs":[]}}"#, of("msg", 1))),
        ("output_text.delta", format!(r#"{},"content_index":0,"delta":"o","logprobs":[]"#, of("msg", 1))),
        ("output_text.delta", format!(r#"{},"content_index":0,"delta":"k","logprobs":[]"#, of("msg", 1))),
        ("output_text.delta", format!(r#"{},"content_index":0,"delta":"","logprobs":[{logprob}]"#, of("msg", 1))),
        ("output_text.done", format!(r#"{},"content_index":0,"text":"ok","logprobs":[{logprob}]"#, of("msg", 1))),
        ("content_part.done", format!(r#"{},"content_index":0,"part":{words}"#, of("msg", 1))),
        ("output_item.done", format!(r#""output_index":1,"item":{message}"#)),
        ("completed", completed),
    ];
    assert_eq!(stream(&events, None), numbered(0, &expected) + "data: [DONE]\n\n");
}

#[test]
fn calls_have_the_apis_form() {
    let events = [
        tool(0, "call_1", "f"),
        arguments(0, "{\"a\":1}"),
        tool(1, "call_2", "g"),
        arguments(1, "{\"input\":\"x\"}"),
    ];
    let function = r#"{"type":"function_call","id":"fc_gen-1-x_0","status":"completed","call_id":"call_1","name":"f","arguments":"{\"a\":1}"}"#;
    let custom = r#"{"type":"custom_tool_call","id":"ctc_gen-1-x_1","status":"completed","call_id":"call_2","name":"g","input":"x"}"#;
    let of = |prefix: &str, at: usize| {
        format!(r#""item_id":"{prefix}_gen-1-x_{at}","output_index":{at}"#)
    };
    let expected = [
        ("output_item.added", r#""output_index":0,"item":{"type":"function_call","id":"fc_gen-1-x_0","status":"in_progress","call_id":"call_1","name":"f","arguments":""}"#.to_owned()),
        ("function_call_arguments.delta", format!(r#"{},"delta":"{{\"a\":1}}""#, of("fc", 0))),
        ("function_call_arguments.done", format!(r#"{},"name":"f","arguments":"{{\"a\":1}}""#, of("fc", 0))),
        ("output_item.done", format!(r#""output_index":0,"item":{function}"#)),
        ("output_item.added", r#""output_index":1,"item":{"type":"custom_tool_call","id":"ctc_gen-1-x_1","status":"in_progress","call_id":"call_2","name":"g","input":""}"#.to_owned()),
        ("custom_tool_call_input.delta", format!(r#"{},"delta":"x""#, of("ctc", 1))),
        ("custom_tool_call_input.done", format!(r#"{},"input":"x""#, of("ctc", 1))),
        ("output_item.done", format!(r#""output_index":1,"item":{custom}"#)),
    ];
    let stream = stream(&events, None);
    let expected = numbered(2, &expected);
    assert!(stream.contains(&expected), "{stream}\n{expected}");
}

#[test]
fn summaries_show_as_their_own_events() {
    let events = [
        summary("a", Some("rs_1"), 0),
        summary("b", Some("rs_1"), 1),
        sealed("ENC", Some("rs_1"), ReasoningFormat::OpenAi, 1),
    ];
    let of = |at: usize| format!(r#""item_id":"rs_1","output_index":0,"summary_index":{at}"#);
    let whole = |text: &str| format!(r#"{{"type":"summary_text","text":"{text}"}}"#);
    let expected = [
        ("output_item.added", r#""output_index":0,"item":{"type":"reasoning","id":"rs_1","status":"in_progress","summary":[],"format":"openai-responses-v1"}"#.to_owned()),
        ("reasoning_summary_part.added", format!(r#"{},"part":{}"#, of(0), whole(""))),
        ("reasoning_summary_text.delta", format!(r#"{},"delta":"a""#, of(0))),
        ("reasoning_summary_text.done", format!(r#"{},"text":"a""#, of(0))),
        ("reasoning_summary_part.done", format!(r#"{},"part":{}"#, of(0), whole("a"))),
        ("reasoning_summary_part.added", format!(r#"{},"part":{}"#, of(1), whole(""))),
        ("reasoning_summary_text.delta", format!(r#"{},"delta":"b""#, of(1))),
        ("reasoning_summary_text.done", format!(r#"{},"text":"b""#, of(1))),
        ("reasoning_summary_part.done", format!(r#"{},"part":{}"#, of(1), whole("b"))),
        ("output_item.done", format!(r#""output_index":0,"item":{{"type":"reasoning","id":"rs_1","status":"completed","summary":[{},{}],"encrypted_content":"ENC","format":"openai-responses-v1"}}"#, whole("a"), whole("b"))),
    ];
    let stream = stream(&events, None);
    let expected = numbered(2, &expected);
    assert!(stream.contains(&expected), "{stream}\n{expected}");
}

#[test]
fn images_show_as_generation_calls() {
    let image = ChatEvent::Image { url: "data:image/png;base64,AAAA".to_owned() };
    let seen = parsed(&stream(&[image], None));
    let kinds: Vec<&str> = seen.iter().map(|(kind, _)| kind.as_str()).skip(2).collect();
    assert_eq!(
        kinds,
        [
            "response.output_item.added",
            "response.image_generation_call.in_progress",
            "response.image_generation_call.generating",
            "response.image_generation_call.completed",
            "response.output_item.done",
            "response.completed"
        ]
    );
    assert_eq!(
        seen[2].1["item"],
        json!({"type":"image_generation_call","id":"ig_gen-1-x_0","status":"in_progress","result":null,"output_format":"png"})
    );
    assert_eq!(
        seen[6].1["item"],
        json!({"type":"image_generation_call","id":"ig_gen-1-x_0","status":"completed","result":"AAAA","output_format":"png"})
    );
}

#[test]
fn citations_count_from_the_words_they_are_about() {
    let events = vec![
        text("éé"),
        tool(0, "c", "f"),
        arguments(0, "{}"),
        text("xyz"),
        citation(3),
        citation(1),
    ];
    let output = output(events, None);
    let citation = |start: u64| json!([{"type":"url_citation","url":"https://x","title":"t","start_index":start,"end_index":start + 1}]);
    assert_eq!(output[0]["content"][0]["annotations"], citation(1));
    assert_eq!(output[2]["content"][0]["annotations"], citation(1));
}

#[test]
fn ends_have_the_contracts_words() {
    let response = |events: Vec<ChatEvent>, error: Option<ErrorBody>| -> Value {
        let json: Value = serde_json::from_str(&whole(events, error.as_ref())).unwrap();
        json!([json["status"], json["incomplete_details"], json["error"], json["error_type"]])
    };
    let cut = |reason| vec![text("a"), finish(reason)];
    for (events, error, expected) in [
        (cut(FinishReason::Stop), None, json!(["completed", null, null, null])),
        (
            cut(FinishReason::Length),
            None,
            json!(["incomplete", {"reason":"max_output_tokens"}, null, null]),
        ),
        (
            cut(FinishReason::ContentFilter),
            None,
            json!(["incomplete", {"reason":"content_filter"}, null, null]),
        ),
        (
            cut(FinishReason::Error),
            None,
            json!(["failed", null, {"code":"server_error","message":"The provider ended the answer with \"error\""}, "provider_unavailable"]),
        ),
        (
            vec![text("a")],
            Some(ErrorType::RateLimitExceeded),
            json!(["failed", null, {"code":"rate_limit_exceeded","message":"m"}, "rate_limit_exceeded"]),
        ),
        // An answer that outgrew the context reached a limit; a prompt that did is wrong.
        (
            vec![text("a")],
            Some(ErrorType::ContextLengthExceeded),
            json!(["incomplete", {"reason":"max_output_tokens"}, null, null]),
        ),
        (
            vec![],
            Some(ErrorType::ContextLengthExceeded),
            json!(["failed", null, {"code":"invalid_prompt","message":"m"}, "context_length_exceeded"]),
        ),
    ] {
        let error = error.map(|kind| ErrorBody::new(kind, "m"));
        assert_eq!(response(events, error), expected);
    }
}

#[test]
fn a_failure_says_of_nothing_that_it_is_done() {
    let error = ErrorBody::new(ErrorType::Timeout, "late");
    let events = [text("a"), tool(0, "c", "f"), arguments(0, "{\"a")];
    let seen = parsed(&stream(&events, Some(&error)));
    let done: Vec<&Value> = seen
        .iter()
        .filter(|(kind, _)| kind == "response.output_item.done")
        .map(|(_, data)| &data["item"]["type"])
        .collect();
    assert_eq!(done, ["message"]);
    let (kind, last) = seen.last().unwrap();
    assert_eq!(kind, "response.failed");
    assert_eq!(last["response"]["output"][1]["status"], "incomplete");
    assert_eq!(last["response"]["output"][1]["arguments"], "{\"a");
    assert_eq!(last["response"]["error"], json!({"code":"server_error","message":"late"}));
}

#[test]
fn what_an_answer_leaves_behind_comes_back_as_it_was() {
    let (anthropic, openai) = (ReasoningFormat::Anthropic, ReasoningFormat::OpenAi);
    let output = output(
        vec![
            thought("1", anthropic, 0),
            signed("S1", 0),
            sealed("R", None, anthropic, 1),
            summary("s", Some("rs_1"), 2),
            sealed("E", Some("rs_1"), openai, 2),
            sealed("G", Some("c0"), ReasoningFormat::Gemini, 3),
            text("w"),
            tool(0, "c0", "f"),
            arguments(0, "{\"a\":1}"),
            tool(1, "c1", "g"),
            arguments(1, "{\"input\":\"x\"}"),
        ],
        None,
    );
    let mut input = vec![json!({"role":"user","content":"q"})];
    input.extend(output.as_array().unwrap().iter().cloned());
    let body = json!({ "input": input }).to_string();
    let call = Call::read(Dialect::Responses, Bytes::from(body), Address::default()).unwrap();
    let chat = call.chat().unwrap();
    let message: Value = serde_json::from_str(chat.object().member("messages").unwrap()).unwrap();
    assert_eq!(
        message[1],
        json!({
            "role": "assistant", "content": "w", "reasoning": "1s",
            "reasoning_details": [
                {"type":"reasoning.text","text":"1","signature":"S1","format":"anthropic-claude-v1","index":0},
                {"type":"reasoning.encrypted","data":"R","format":"anthropic-claude-v1","index":1},
                {"type":"reasoning.summary","summary":"s","id":"rs_1","format":"openai-responses-v1","index":2},
                {"type":"reasoning.encrypted","data":"E","id":"rs_1","format":"openai-responses-v1","index":2},
                {"type":"reasoning.encrypted","data":"G","id":"c0","format":"google-gemini-v1","index":3}
            ],
            "tool_calls": [
                {"id":"c0","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}},
                {"id":"c1","type":"function","function":{"name":"g","arguments":"{\"input\":\"x\"}"}}
            ]
        })
    );
}

#[test]
fn an_answer_without_bound_is_not_held() {
    let piece = "x".repeat(1024 * 1024);
    let mut builder = call().builder();
    for _ in 0..70 {
        builder.event(text(&piece));
    }
    let json = builder.build(&head(), &usage(), None);
    assert!(json.len() < 140 * 1024 * 1024);
    for expected in ["\"status\":\"failed\"", "\"message\":\"The answer is too long to hold\""] {
        assert!(memchr::memmem::find(&json, expected.as_bytes()).is_some(), "{expected}");
    }
}
