//! Answers, streamed and whole.

use serde_json::{Map, Value, json};

use crate::chat::{ChatEvent, CompletionBuilder, FinishReason, ReasoningFormat};
use crate::translation::testing::{
    answers, arguments, call, chat, failure, finish, head, sealed, start, stream, text, thought,
    usage, whole,
};
use crate::{Address, AnswerBuilder, Call, Dialect, error_body};
use bytes::Bytes;

const HIDES: &str = r#"{"contents":[{"parts":[{"text":"hi"}]}]}"#;
const SHOWS: &str = r#"{"contents":[{"parts":[{"text":"hi"}]}],"generationConfig":{"thinkingConfig":{"includeThoughts":true}}}"#;

fn array(body: &'static str) -> Call {
    let address = Address { as_array: true, ..Address::default() };
    Call::read(Dialect::Gemini, Bytes::from_static(body.as_bytes()), address).unwrap()
}

/// The events of a stream; every one must be framed as the API does.
fn chunks(stream: &str) -> Vec<Value> {
    let mut rest = stream;
    let mut chunks = Vec::new();
    while !rest.is_empty() {
        let (event, after) = rest.split_once("\r\n\r\n").unwrap();
        let data = event.strip_prefix("data: ").unwrap();
        assert!(!data.contains(['\n', '\r']), "{data}");
        chunks.push(serde_json::from_str(data).unwrap());
        rest = after;
    }
    chunks
}

/// What a client makes of a stream: parts one after the other, text joined.
fn collected(chunks: &[Value]) -> Value {
    let mut parts: Vec<Value> = Vec::new();
    let mut last = Map::new();
    let (mut chosen, mut top) = (Vec::new(), Vec::new());
    for chunk in chunks.iter().filter(|it| it.get("error").is_none()) {
        let candidate = &chunk["candidates"][0];
        assert_eq!(candidate["content"]["role"], "model");
        for part in candidate["content"]["parts"].as_array().unwrap() {
            collect(&mut parts, part);
        }
        if let Some(result) = candidate.get("logprobsResult") {
            chosen.extend_from_slice(result["chosenCandidates"].as_array().unwrap());
            top.extend_from_slice(result["topCandidates"].as_array().unwrap());
        }
        last = chunk.as_object().unwrap().clone();
    }
    if parts.is_empty() {
        parts.push(json!({ "text": "" }));
    }
    let candidate = last["candidates"][0].as_object_mut().unwrap();
    candidate.insert("content".to_owned(), json!({ "parts": parts, "role": "model" }));
    if !chosen.is_empty() {
        let result = json!({ "chosenCandidates": chosen, "topCandidates": top });
        candidate.insert("logprobsResult".to_owned(), result);
    }
    Value::Object(last)
}

fn collect(parts: &mut Vec<Value>, part: &Value) {
    let Some(text) = part.get("text").and_then(Value::as_str) else {
        parts.push(part.clone());
        return;
    };
    let signature = part.get("thoughtSignature");
    if text.is_empty() && signature.is_none() {
        return;
    }
    match parts.last_mut() {
        Some(last)
            if last.get("text").is_some()
                && last.get("thought") == part.get("thought")
                && last.get("thoughtSignature").is_none() =>
        {
            last["text"] = json!(format!("{}{text}", last["text"].as_str().unwrap()));
            if let Some(signature) = signature {
                last["thoughtSignature"] = signature.clone();
            }
        }
        _ => parts.push(part.clone()),
    }
}

#[test]
fn a_stream_and_a_whole_answer_agree() {
    for body in [HIDES, SHOWS] {
        let call = call(Dialect::Gemini, body).unwrap();
        for (name, events, fails) in answers() {
            let streamed = chunks(&stream(&call, &events, fails));
            let whole: Value = serde_json::from_str(&whole(&call, &events, fails)).unwrap();
            assert_eq!(collected(&streamed), whole, "{name}");
            let ends = streamed.iter().filter(|it| it["candidates"][0]["finishReason"].is_string());
            assert_eq!(ends.count(), 1, "{name}");
            let errors = streamed.iter().filter(|it| it.get("error").is_some());
            assert_eq!(errors.count(), usize::from(fails), "{name}");
            let elements = stream(&array(body), &events, fails);
            let elements: Vec<Value> = serde_json::from_str(&elements).unwrap();
            assert_eq!(elements, streamed, "{name}");
        }
    }
}

/// The message that chat makes of the same events.
fn said(events: &[ChatEvent]) -> Value {
    let mut builder = CompletionBuilder::default();
    for event in events {
        builder.event(event.clone());
    }
    let bytes = builder.build(&head(), &usage(), None);
    let completion: Value = serde_json::from_slice(&bytes).unwrap();
    completion["choices"][0]["message"].clone()
}

/// The message that chat sees when a client sends contents back.
fn sent_back(contents: &[Value]) -> Value {
    let body = json!({ "contents": contents }).to_string();
    match chat(Dialect::Gemini, &body) {
        Ok((text, _)) => serde_json::from_str::<Value>(&text).unwrap()["messages"][0].take(),
        Err(error) => {
            assert_eq!(error, "messages: Array must contain at least 1 element");
            json!({ "content": "" })
        }
    }
}

/// Thoughts of a message, but for what a client that sees none can't send back: plain ones.
fn details(message: &Value, shows: bool) -> Vec<Value> {
    let mut details = message["reasoning_details"].as_array().cloned().unwrap_or_default();
    for detail in &mut details {
        let detail = detail.as_object_mut().unwrap();
        detail.remove("index");
        // Thoughts of nobody in particular come back as Gemini's.
        if detail["format"] == "unknown" {
            detail.insert("format".to_owned(), json!("google-gemini-v1"));
        }
    }
    let is_plain =
        |it: &Value| it["format"] == "google-gemini-v1" && it["type"] == "reasoning.text";
    details.retain(|it| shows || !is_plain(it));
    details
}

fn calls(message: &Value) -> Vec<Value> {
    let list = message["tool_calls"].as_array().cloned().unwrap_or_default();
    let call = |it: &Value| {
        let arguments = it["function"]["arguments"].as_str().unwrap();
        let arguments: Value = serde_json::from_str(arguments).unwrap_or(json!({}));
        json!([it["id"], it["function"]["name"], arguments])
    };
    list.iter().map(call).collect()
}

fn text_of(message: &Value) -> String {
    if let Some(refusal) = message["refusal"].as_str() {
        return refusal.to_owned();
    }
    match &message["content"] {
        Value::Array(parts) => parts.iter().map(|it| it["text"].as_str().unwrap()).collect(),
        content => content.as_str().unwrap_or_default().to_owned(),
    }
}

/// Whatever provider signed them, thoughts and calls come back as they were: from a stream whose
/// chunks are sent back one by one, and from a whole answer.
#[test]
fn what_a_client_sends_back_is_what_was_answered() {
    for (body, shows) in [(HIDES, false), (SHOWS, true)] {
        let call = call(Dialect::Gemini, body).unwrap();
        for (name, events, fails) in answers() {
            if fails
                || ["images", "sound", "half a call", "a call that is not JSON"].contains(&name)
            {
                continue;
            }
            let said = said(&events);
            let mut responses = chunks(&stream(&call, &events, false));
            let whole = serde_json::from_str(&whole(&call, &events, false)).unwrap();
            for responses in [std::mem::take(&mut responses), vec![whole]] {
                let contents = responses.iter().map(|it| it["candidates"][0]["content"].clone());
                let back = sent_back(&contents.collect::<Vec<_>>());
                assert_eq!(details(&back, shows), details(&said, shows), "{name}");
                assert_eq!(calls(&back), calls(&said), "{name}");
                assert_eq!(text_of(&back), text_of(&said), "{name}");
            }
        }
    }
}

const TAIL: &str = r#""modelVersion":"a/b","responseId":"gen-1-x"}"#;
const COUNTS: &str = r#""usageMetadata":{"promptTokenCount":9,"candidatesTokenCount":3,"totalTokenCount":14,"cachedContentTokenCount":4,"thoughtsTokenCount":2}"#;

fn events() -> Vec<ChatEvent> {
    vec![
        thought("hm", ReasoningFormat::Gemini, 0),
        text("So \"it\" is."),
        sealed("c2lnMQ==", Some("c1"), ReasoningFormat::Gemini, 1),
        start(0, "c1", "f"),
        arguments(0, "{\"a\":"),
        arguments(0, "1}"),
        finish(FinishReason::ToolCalls, "tool_use"),
    ]
}

fn part(part: &str) -> String {
    format!(
        r#"{{"candidates":[{{"content":{{"parts":[{part}],"role":"model"}},"index":0}}],{TAIL}"#
    )
}

fn last(reason: &str) -> String {
    format!(
        r#"{{"candidates":[{{"content":{{"parts":[{{"text":""}}],"role":"model"}},{reason},"index":0}}],{COUNTS},{TAIL}"#
    )
}

fn framed(events: &[String]) -> String {
    let framed: Vec<String> = events.iter().map(|it| format!("data: {it}\r\n\r\n")).collect();
    framed.concat()
}

#[test]
fn a_stream_is_written_in_the_apis_form() {
    let call = call(Dialect::Gemini, SHOWS).unwrap();
    let expected = [
        part(r#"{"text":"hm","thought":true}"#),
        part(r#"{"text":"So \"it\" is."}"#),
        part(
            r#"{"functionCall":{"id":"c1","name":"f","args":{"a":1}},"thoughtSignature":"c2lnMQ=="}"#,
        ),
        last(r#""finishReason":"STOP""#),
    ];
    assert_eq!(stream(&call, &events(), false), framed(&expected));
    assert_eq!(call.stream_type(), "text/event-stream");
    let call = array(SHOWS);
    assert_eq!(stream(&call, &events(), false), format!("[{}\n]", expected.join("\n,\r\n")));
    assert_eq!(call.stream_type(), "application/json");
    assert_eq!(call.keep_alive(), b"\r\n", "no comment: the official clients take it for JSON");
}

#[test]
fn a_whole_answer_is_written_in_the_apis_form() {
    let call = call(Dialect::Gemini, HIDES).unwrap();
    assert_eq!(
        whole(&call, &events(), false),
        format!(
            r#"{{"candidates":[{{"content":{{"parts":[{{"text":"So \"it\" is."}},{{"functionCall":{{"id":"c1","name":"f","args":{{"a":1}}}},"thoughtSignature":"c2lnMQ=="}}],"role":"model"}},"finishReason":"STOP","index":0}}],{COUNTS},{TAIL}"#
        )
    );
}

#[test]
fn a_stream_that_breaks_off_says_so() {
    let call = call(Dialect::Gemini, HIDES).unwrap();
    let error = r#"{"error":{"code":502,"message":"The provider broke off","status":"UNAVAILABLE","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"PROVIDER_UNAVAILABLE","domain":"tollgate","metadata":{"generation_id":"gen-1-x"}}]}}"#;
    let reason = r#""finishReason":"OTHER","finishMessage":"The provider broke off""#;
    let expected = [part(r#"{"text":"Hel"}"#), last(reason), error.to_owned()];
    assert_eq!(stream(&call, &[text("Hel")], true), framed(&expected));
    let body = error_body(Dialect::Gemini, &failure(), Some(&head().id));
    assert_eq!(String::from_utf8(body).unwrap(), error);
}

#[test]
fn reasons_are_the_apis_own() {
    let call = call(Dialect::Gemini, HIDES).unwrap();
    for (reason, native, expected) in [
        (FinishReason::Stop, "end_turn", "STOP"),
        (FinishReason::ToolCalls, "STOP", "STOP"),
        (FinishReason::Length, "length", "MAX_TOKENS"),
        (FinishReason::ContentFilter, "refusal", "SAFETY"),
        (FinishReason::ContentFilter, "RECITATION", "RECITATION"),
        (FinishReason::Error, "MALFORMED_FUNCTION_CALL", "MALFORMED_FUNCTION_CALL"),
        (FinishReason::Error, "error", "OTHER"),
    ] {
        let answer: Value =
            serde_json::from_str(&whole(&call, &[finish(reason, native)], false)).unwrap();
        assert_eq!(answer["candidates"][0]["finishReason"], expected, "{native}");
    }
}

#[test]
fn a_call_that_is_not_json_is_not_made() {
    let call = call(Dialect::Gemini, HIDES).unwrap();
    let events = [
        start(0, "c1", "f"),
        arguments(0, "{}"),
        start(1, "c2", "g"),
        arguments(1, "{\"a\":"),
        finish(FinishReason::ToolCalls, "tool_calls"),
    ];
    let answer: Value = serde_json::from_str(&whole(&call, &events, false)).unwrap();
    let candidate = &answer["candidates"][0];
    assert_eq!(candidate["content"]["parts"].as_array().unwrap().len(), 1);
    assert_eq!(candidate["finishReason"], "MALFORMED_FUNCTION_CALL");
    assert_eq!(candidate["finishMessage"], "Malformed function call: the arguments of g");
}

#[test]
fn citations_and_probabilities_have_the_apis_form() {
    let call = call(Dialect::Gemini, HIDES).unwrap();
    let answer = |name: &str| -> Value {
        let (_, events, _) = answers().into_iter().find(|it| it.0 == name).unwrap();
        serde_json::from_str(&whole(&call, &events, false)).unwrap()
    };
    assert_eq!(
        answer("a citation")["candidates"][0]["groundingMetadata"],
        json!({
            "groundingChunks": [{ "web": { "uri": "https://x", "title": "X" } }],
            "groundingSupports": [{
                "segment": { "startIndex": 0, "endIndex": 2, "text": "so" },
                "groundingChunkIndices": [0],
            }],
        })
    );
    let token =
        |token: &str, probability: f64| json!({ "token": token, "logProbability": probability });
    let top = json!({ "candidates": [token("a", -0.5), token("b", -1.5)] });
    assert_eq!(
        answer("probabilities")["candidates"][0]["logprobsResult"],
        json!({
            "topCandidates": [top, top],
            "chosenCandidates": [token("a", -0.5), token("a", -0.5)],
        })
    );
    assert_eq!(
        answer("images")["candidates"][0]["content"]["parts"],
        json!([
            { "text": "Here: " },
            { "inlineData": { "mimeType": "image/png", "data": "iVBORw0KGgo=" } },
            { "inlineData": { "mimeType": "image/webp", "data": "UklGRg==" }, "thoughtSignature": "aW1n" },
            { "fileData": { "fileUri": "https://x/y.png" } },
        ])
    );
}
