//! Google Gemini: what an answer has besides words, and where its signatures stand.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests should panic where something is not as expected"
)]

mod support;

#[path = "support/reading.rs"]
#[expect(dead_code, reason = "these tests need a part of it")]
mod reading;

use reading::{Place, completion};
use serde_json::{Value, json};
use support::{stream, whole_answer};
use tollgate_catalog::{Auth, Quirks};
use tollgate_providers::Gemini;

/// A response with these parts.
fn response(parts: &Value) -> Value {
    let content = json!({"role": "model", "parts": parts});
    json!({"responseId": "r", "candidates": [{"content": content, "finishReason": "STOP"}]})
}

/// The kinds of what a stream of these parts tells, one part an event.
fn told(parts: &[Value]) -> Vec<String> {
    let mut packets: Vec<String> = Vec::new();
    for (at, part) in parts.iter().enumerate() {
        let mut event = response(&json!([part]));
        if at + 1 < parts.len() {
            event["candidates"][0].as_object_mut().unwrap().remove("finishReason");
        }
        packets.push(format!("data: {event}\n\n"));
    }
    let packets: Vec<&[u8]> = packets.iter().map(String::as_bytes).collect();
    let streamed = stream(&Gemini, packets);
    streamed.result.unwrap();
    let out = String::from_utf8(streamed.out).unwrap();
    let mut told = Vec::new();
    for line in out.lines().filter_map(|line| line.strip_prefix("data: {")) {
        let chunk: Value = serde_json::from_str(&format!("{{{line}")).unwrap();
        let delta = &chunk["choices"][0]["delta"];
        for detail in delta["reasoning_details"].as_array().into_iter().flatten() {
            told.push(detail["data"].as_str().unwrap_or("thought").to_owned());
        }
        told.extend(delta["content"].as_str().filter(|it| !it.is_empty()).map(str::to_owned));
        told.extend(delta["tool_calls"].is_array().then(|| "call".to_owned()));
    }
    told.dedup();
    told
}

#[test]
fn signatures_of_a_text_follow_the_whole_text() {
    let text = |text: &str, signature: &str| match signature {
        "" => json!({"text": text}),
        signature => json!({"text": text, "thoughtSignature": signature}),
    };
    for (parts, expected) in [
        (vec![text("a", "S1"), text("b", ""), text("", "")], vec!["a", "b", "S1"]),
        (vec![text("a", ""), text("", "S1")], vec!["a", "S1"]),
        (vec![text("a", "S1"), text("b", "S2")], vec!["a", "b", "S1", "S2"]),
        (
            vec![text("a", "S1"), json!({"functionCall": {"name": "f", "args": {}}})],
            vec!["a", "S1", "call"],
        ),
        (
            vec![text("a", "S1"), json!({"text": "hm", "thought": true}), text("b", "S2")],
            vec!["a", "S1", "thought", "b", "S2"],
        ),
    ] {
        assert_eq!(told(&parts), expected, "{parts:?}");
    }
}

#[test]
fn several_signatures_of_a_text_come_back_one_by_one() {
    let detail = |data: &str, index: u32| json!({"type": "reasoning.encrypted", "data": data, "format": "google-gemini-v1", "index": index});
    let assistant = json!({
        "role": "assistant",
        "content": "a",
        "reasoning_details": [detail("S1", 0), detail("S2", 1)],
    });
    let user = json!({"role": "user", "content": "u"});
    let place = Place {
        base_url: "https://google.test/v1beta",
        model: "gemini-2.5-flash",
        credential: "AIza-x",
        max_output: None,
        supported: Vec::new(),
        auth: Auth::XGoogApiKey,
        quirks: Quirks::default(),
    };
    let call = json!({
        "messages": [user, assistant, user],
        "image_config": {"aspect_ratio": "16:9", "quality": "high"},
    });
    let sent = place.body(&Gemini, &call);
    let parts = json!([
        {"text": "a", "thoughtSignature": "S1"},
        {"text": "", "thoughtSignature": "S2"},
    ]);
    assert_eq!(sent["contents"][1]["parts"], parts);
    assert_eq!(sent["generationConfig"]["imageConfig"], json!({"aspectRatio": "16:9"}));
}

#[test]
fn sound_is_read() {
    let data = |data: &str| json!({"inlineData": {"mimeType": "audio/L16;codec=pcm;rate=24000", "data": data}});
    let body = response(&json!([data("AAD/"), {"text": "hm"}])).to_string();
    let answer = whole_answer(&Gemini, body.into()).unwrap();
    let message = &completion(answer.as_ref())["choices"][0]["message"];
    assert_eq!(message["audio"]["data"], json!("AAD/"));
    assert_eq!(message["content"], json!("hm"));
}
