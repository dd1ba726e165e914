//! Mistral's embeddings, moderation and transcriptions.

use serde_json::{Value, json};

use super::{Order, answer, dimensions, recording, refused};
use crate::support::World;

const EMBEDDINGS: &str = "/mistral/v1/embeddings";
const MODERATIONS: &str = "/mistral/v1/moderations";
const DETAIL: &str = "/message/detail";

#[tokio::test]
async fn embeddings_have_the_type_that_is_asked_for() {
    let world = World::new().await;
    let body = json!({ "model": "embed", "input": ["one two", "three"] });
    let list = answer(&world, EMBEDDINGS, body).await;
    assert_eq!(dimensions(&list["data"][1]["embedding"]), 8);
    let usage = json!({ "prompt_tokens": 3, "total_tokens": 3, "completion_tokens": 0 });
    assert_eq!((&list["usage"], &list["data"][1]["index"]), (&usage, &json!(1)));
    let usual = json!({ "model": "mistral-embed", "input": "hi" });
    let list = answer(&world, EMBEDDINGS, usual).await;
    assert_eq!(dimensions(&list["data"][0]["embedding"]), 1_024);
    let mut small = json!({ "model": "codestral-embed", "input": "hi", "output_dimension": 16 });
    small["output_dtype"] = json!("ubinary");
    let list = answer(&world, EMBEDDINGS, small.clone()).await;
    assert_eq!(list["data"][0]["embedding"].as_array().unwrap().len(), 2);
    small["encoding_format"] = json!("base64");
    let list = answer(&world, EMBEDDINGS, small).await;
    assert_eq!(list["data"][0]["embedding"].as_str().unwrap().len(), 4);
}

#[tokio::test]
async fn texts_are_judged() {
    let world = World::new().await;
    let body = json!({ "model": "moderate", "input": ["kill", "my passport", "good morning"] });
    let judged = answer(&world, MODERATIONS, body).await;
    let is = |index: usize, name: &str| judged["results"][index]["categories"][name].clone();
    assert_eq!([is(0, "violence_and_threats"), is(0, "pii")], [json!(true), json!(false)]);
    assert_eq!([is(1, "violence_and_threats"), is(1, "pii")], [json!(false), json!(true)]);
    assert_eq!(judged["results"][2]["category_scores"].as_object().unwrap().len(), 9);
}

#[tokio::test]
async fn wrong_requests_are_refused() {
    let world = World::new().await;
    let body = json!({ "model": "embed", "input": "hi" });
    let cases = [
        ("input", Value::Null, 422, DETAIL, "Field required"),
        ("input", json!([1, 2]), 422, DETAIL, "Input should be a valid string"),
        ("dimensions", json!(8), 422, DETAIL, "extra_forbidden"),
        ("output_dtype", json!("x"), 422, DETAIL, "'float', 'int8'"),
        ("encoding_format", json!("x"), 422, DETAIL, "'float' or 'base64'"),
        ("output_dimension", json!(0), 422, DETAIL, "between 1 and 3072"),
        ("model", Value::Null, 422, DETAIL, "Field required"),
    ];
    refused(&world, EMBEDDINGS, &body, &cases).await;
    let cases = [
        ("input", Value::Null, 422, DETAIL, "Field required"),
        ("user", json!("x"), 422, DETAIL, "extra_forbidden"),
    ];
    refused(&world, MODERATIONS, &body, &cases).await;
}

#[tokio::test]
async fn a_recording_is_heard_with_times_or_in_a_language() {
    const PATH: &str = "/mistral/v1/audio/transcriptions";
    let world = World::new().await;
    let bytes = recording();
    let file = Some(("a.mp3", bytes.as_slice()));
    let texts = [("model", "transcribe"), ("timestamp_granularities", "segment")];
    let heard = Order::form(PATH, file, &texts).send(&world).await.json();
    assert_eq!(heard["segments"][0]["text"], heard["text"]);
    assert_eq!(heard["usage"]["prompt_audio_seconds"], 3);
    let heard = Order::form(PATH, file, &[("model", "transcribe"), ("language", "de")]);
    let heard = heard.send(&world).await.json();
    assert_eq!((&heard["segments"], &heard["language"]), (&json!([]), &json!("de")));
    for (file, name, text, problem) in [
        (None, "language", "de", "Field required"),
        (file, "response_format", "json", "Extra inputs are not permitted"),
        (file, "timestamp_granularities", "line", "Input should be 'segment' or 'word'"),
    ] {
        let order = Order::form(PATH, file, &[("model", "transcribe"), (name, text)]);
        let reply = order.send(&world).await;
        assert_eq!(reply.status, 422);
        assert!(reply.text().contains(problem), "{}", reply.text());
    }
    let both = [("model", "m"), ("language", "de"), ("timestamp_granularities", "word")];
    assert_eq!(Order::form(PATH, file, &both).send(&world).await.status, 422);
}
