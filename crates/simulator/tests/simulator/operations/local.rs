//! Ollama's embeddings.

use serde_json::json;

use super::{answer, dimensions, refused};
use crate::support::World;

const EMBED: &str = "/api/embed";

#[tokio::test]
async fn texts_are_embedded() {
    let world = World::new().await;
    for (model, input, dimensions_asked, count, got) in [
        ("embed:latest", json!("one two"), json!(null), 1, 8),
        ("nomic-embed-text", json!(["one", "two"]), json!(null), 2, 768),
        ("nomic-embed-text", json!(["one", "two"]), json!(64), 2, 64),
    ] {
        let body = json!({ "model": model, "input": input, "dimensions": dimensions_asked });
        let answered = answer(&world, EMBED, body).await;
        let vectors = answered["embeddings"].as_array().unwrap();
        assert_eq!((vectors.len(), dimensions(&vectors[0])), (count, got), "{model}");
        assert_eq!(
            (&answered["model"], &answered["prompt_eval_count"]),
            (&json!(model), &json!(2))
        );
        assert!(answered["total_duration"].is_u64());
    }
    let nothing = answer(&world, EMBED, json!({ "model": "embed" })).await;
    assert_eq!(nothing["embeddings"], json!([]));
}

#[tokio::test]
async fn wrong_requests_are_refused() {
    let world = World::new().await;
    let body = json!({ "model": "embed", "input": "hi" });
    let cases = [
        ("input", json!(7), 400, "/error", "invalid input type"),
        ("input", json!(["a", 7]), 400, "/error", "invalid input type"),
        ("model", json!(null), 400, "/error", "model is required"),
        ("model", json!("missing-model"), 404, "/error", "model 'missing-model' not found"),
    ];
    refused(&world, EMBED, &body, &cases).await;
}
