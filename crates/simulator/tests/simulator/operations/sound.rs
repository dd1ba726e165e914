//! OpenAI's speech and transcriptions.

use serde_json::{Value, json};

use super::{Order, recording, refused};
use crate::support::{Reply, World};

const SPEECH: &str = "/v1/audio/speech";
const TRANSCRIPTIONS: &str = "/v1/audio/transcriptions";
const MESSAGE: &str = "/error/message";

async fn speak(world: &World, key: &str, value: Value) -> Reply {
    let mut body = json!({ "model": "speech", "input": "good morning", "voice": "alloy" });
    body[key] = value;
    let reply = Order::new(SPEECH, &body).send(world).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply
}

#[tokio::test]
async fn speech_comes_in_the_format_that_is_asked_for() {
    let world = World::new().await;
    for (format, content_type, head) in [
        ("mp3", "audio/mpeg", &b"\xFF\xFB"[..]),
        ("opus", "audio/opus", b"OggS"),
        ("aac", "audio/aac", b"\xFF\xF1"),
        ("flac", "audio/flac", b"fLaC"),
        ("wav", "audio/wav", b"RIFF"),
        ("pcm", "audio/pcm", b""),
    ] {
        let reply = speak(&world, "response_format", json!(format)).await;
        assert_eq!(reply.header("content-type"), content_type);
        let bytes = reply.chunks.concat();
        assert!(bytes.starts_with(head) && bytes.len() > 30, "{format} {}", bytes.len());
    }
    let usual = speak(&world, "instructions", json!("softly")).await;
    assert_eq!(usual.header("content-type"), "audio/mpeg");
    let own = speak(&world, "voice", json!({ "id": "voice_1" })).await;
    assert_eq!(own.header("content-type"), "audio/mpeg");
}

#[tokio::test]
async fn speech_is_as_long_as_its_text_and_its_speed_make_it() {
    let world = World::new().await;
    let mut lengths = Vec::new();
    for (input, speed) in
        [("one two three", 1.0), ("one two three four five", 1.0), ("one two three", 2.0)]
    {
        let body = json!({
            "model": "speech", "input": input, "voice": "ash", "response_format": "pcm",
            "speed": speed,
        });
        lengths.push(Order::new(SPEECH, &body).send(&world).await.chunks.concat().len());
    }
    // 48 bytes a millisecond, 60 ms a token.
    assert_eq!(lengths, [180 * 48, 300 * 48, 90 * 48]);
}

#[tokio::test]
async fn wrong_speech_requests_are_refused() {
    let world = World::new().await;
    let code = "/error/code";
    let cases = [
        ("input", Value::Null, 400, MESSAGE, "Missing required parameter: 'input'."),
        ("input", json!(""), 400, code, "empty_string"),
        ("input", json!("x".repeat(4_097)), 400, code, "string_above_max_length"),
        ("voice", Value::Null, 400, MESSAGE, "Missing required parameter: 'voice'."),
        ("voice", json!("nobody"), 400, code, "invalid_value"),
        ("response_format", json!("ogg"), 400, MESSAGE, "'wav', and 'pcm'"),
        ("speed", json!(0.1), 400, code, "decimal_below_min_value"),
        ("speed", json!(5), 400, code, "decimal_above_max_value"),
    ];
    let body = json!({ "model": "speech", "input": "hi", "voice": "alloy" });
    refused(&world, SPEECH, &body, &cases).await;
}

async fn hear(world: &World, file: &[u8], texts: &[(&str, &str)]) -> Reply {
    Order::form(TRANSCRIPTIONS, Some(("a.wav", file)), texts).send(world).await
}

#[tokio::test]
async fn transcripts_are_paid_by_the_second_or_by_the_token() {
    let world = World::new().await;
    let file = speak(&world, "response_format", json!("wav")).await.chunks.concat();
    let whisper = hear(&world, &file, &[("model", "whisper-1")]).await.json();
    assert_eq!(whisper["usage"], json!({ "type": "duration", "seconds": 1 }));
    let text = whisper["text"].as_str().unwrap();
    assert!(text.ends_with('.'), "{text}");
    let texts = [("model", "gpt-4o-transcribe"), ("prompt", "one two"), ("language", "en")];
    let newer = hear(&world, &file, &texts).await.json();
    assert_eq!(newer["text"], text);
    let said = newer["usage"]["output_tokens"].as_u64().unwrap();
    let usage = json!({
        "type": "tokens",
        "input_tokens": 12,
        "input_token_details": { "text_tokens": 2, "audio_tokens": 10 },
        "output_tokens": said,
        "total_tokens": 12 + said,
    });
    assert_eq!(newer["usage"], usage);
    let other = hear(&world, &recording(), &[("model", "whisper-1")]).await.json();
    assert_ne!(other["text"], text);
    assert_eq!(other["usage"]["seconds"], 3);
}

#[tokio::test]
async fn transcripts_have_the_form_that_is_asked_for() {
    let world = World::new().await;
    let file = recording();
    let text = hear(&world, &file, &[("model", "transcribe")]).await.json()["text"].clone();
    let text = text.as_str().unwrap();
    for (format, body) in [
        ("text", format!("{text}\n")),
        ("srt", format!("1\n00:00:00,000 --> 00:00:02,500\n{text}\n\n")),
        ("vtt", format!("WEBVTT\n\n00:00:00.000 --> 00:00:02.500\n{text}\n\n")),
    ] {
        let texts = [("model", "transcribe"), ("response_format", format)];
        let reply = hear(&world, &file, &texts).await;
        assert_eq!(reply.header("content-type"), "text/plain; charset=utf-8");
        assert_eq!(reply.text(), body);
    }
    let granularity = "timestamp_granularities[]";
    let texts = [
        ("model", "transcribe"),
        ("response_format", "verbose_json"),
        (granularity, "word"),
        (granularity, "segment"),
    ];
    let verbose = hear(&world, &file, &texts).await.json();
    assert_eq!((&verbose["duration"], &verbose["task"]), (&json!(2.5), &json!("transcribe")));
    assert_eq!(verbose["segments"][0]["end"], 2.5);
    assert_eq!(verbose["words"].as_array().unwrap().len(), text.split(' ').count());
    assert_eq!(verbose["words"][0]["word"], text.split(' ').next().unwrap());
    let plain = hear(&world, &file, &texts[..2]).await.json();
    assert!(plain["segments"].is_array() && plain.get("words").is_none());
}

#[tokio::test]
async fn wrong_transcription_requests_are_refused() {
    let world = World::new().await;
    let file = recording();
    let model = ("model", "transcribe");
    let newer = ("model", "gpt-4o-transcribe");
    let form =
        |name, file, texts: &[(&str, &str)]| Order::form(TRANSCRIPTIONS, Some((name, file)), texts);
    let words = ("timestamp_granularities[]", "word");
    let cases = [
        (Order::form(TRANSCRIPTIONS, None, &[model]), "Missing required parameter: 'file'."),
        (form("a.wav", &file, &[]), "you must provide a model parameter"),
        (form("a.txt", &file, &[model]), "Invalid file format. Supported formats: [\"flac\""),
        (form("a.wav", &[1], &[model]), "Audio file is too short"),
        (form("a.wav", &file, &[model, ("response_format", "xml")]), "Supported values are"),
        (form("a.wav", &file, &[newer, ("response_format", "vtt")]), "is not compatible with"),
        (form("a.wav", &file, &[model, words]), "'verbose_json'"),
        (Order::new(TRANSCRIPTIONS, &json!({ "model": "transcribe" })), "you must provide a model"),
    ];
    for (order, message) in cases {
        let reply = order.send(&world).await;
        let said = reply.json()["error"]["message"].to_string();
        assert_eq!(reply.status, 400, "{message}");
        assert!(said.replace("\\\"", "\"").contains(message), "{said}");
    }
    let mut cut = form("a.wav", &file, &[model]);
    cut.body.truncate(1_000);
    let reply = cut.send(&world).await;
    assert_eq!(reply.json()["error"]["message"], "Could not parse multipart form");
}
