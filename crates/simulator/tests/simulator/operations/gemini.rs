//! Gemini's embeddings and Imagen's images.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{answer, dimensions, refused};
use crate::support::World;

const EMBED: &str = "/v1beta/models/embed:embedContent";
const BATCH: &str = "/v1beta/models/embed:batchEmbedContents";
const PREDICT: &str = "/v1beta/models/image:predict";
const MESSAGE: &str = "/error/message";
const STATUS: &str = "/error/status";

fn content(text: &str) -> Value {
    json!({ "parts": [{ "text": text }] })
}

#[tokio::test]
async fn contents_are_embedded_one_by_one_and_in_batches() {
    let world = World::new().await;
    let one = answer(&world, EMBED, json!({ "content": content("one two") })).await;
    assert_eq!(dimensions(&one["embedding"]["values"]), 8);
    assert_eq!(one["usageMetadata"], json!({ "promptTokenCount": 2 }));
    let request = |text: &str, key: &str| {
        let mut request = json!({ "model": "models/embed", "content": content(text) });
        request[key] = json!(16);
        request
    };
    let requests = [
        json!({ "model": "models/embed", "content": content("one two") }),
        request("three", "outputDimensionality"),
        request("four", "output_dimensionality"),
    ];
    let batch = answer(&world, BATCH, json!({ "requests": requests })).await;
    assert_eq!(batch["embeddings"][0], one["embedding"]);
    assert_eq!(dimensions(&batch["embeddings"][1]["values"]), 16);
    assert_eq!(dimensions(&batch["embeddings"][2]["values"]), 16);
    let usual = "/v1beta/models/gemini-embedding-001:embedContent";
    let body = json!({ "content": content("hi"), "taskType": "RETRIEVAL_QUERY", "title": "x" });
    assert_eq!(dimensions(&answer(&world, usual, body).await["embedding"]["values"]), 3_072);
}

#[tokio::test]
async fn wrong_embedding_requests_are_refused() {
    let world = World::new().await;
    let body = json!({ "content": content("hi") });
    let cases = [
        ("content", Value::Null, 400, MESSAGE, "contents is not specified"),
        ("content", json!({ "parts": [] }), 400, STATUS, "INVALID_ARGUMENT"),
        ("taskType", json!("X"), 400, MESSAGE, "Invalid value at 'task_type'"),
        ("outputDimensionality", json!(0), 400, MESSAGE, "between 1 and 3072"),
        ("input", json!("hi"), 400, MESSAGE, "Unknown name \\\"input\\\""),
    ];
    refused(&world, EMBED, &body, &cases).await;
    let request = |model: &str| json!([{ "model": model, "content": content("hi") }]);
    let many: Vec<Value> = vec![request("models/embed")[0].clone(); 101];
    let cases = [
        ("requests", json!([]), 400, MESSAGE, "between 1 and 100 requests"),
        ("requests", json!(many), 400, MESSAGE, "between 1 and 100 requests"),
        ("requests", request("models/other"), 400, MESSAGE, "does not match the model"),
    ];
    refused(&world, BATCH, &json!({}), &cases).await;
}

#[tokio::test]
async fn predictions_are_images_of_the_shape_that_is_asked_for() {
    let world = World::new().await;
    let mut body = json!({
        "instances": [{ "prompt": "a boat" }],
        "parameters": { "sampleCount": 2, "aspectRatio": "16:9" },
    });
    let made = answer(&world, PREDICT, body.clone()).await;
    let images = made["predictions"].as_array().unwrap();
    assert_eq!((images.len(), &images[0]["mimeType"]), (2, &json!("image/png")));
    let bytes = STANDARD.decode(images[0]["bytesBase64Encoded"].as_str().unwrap()).unwrap();
    assert_eq!(bytes[16..24], [0, 0, 5, 128, 0, 0, 3, 0], "1408 by 768");
    body["parameters"] = json!({ "outputOptions": { "mimeType": "image/jpeg" } });
    let vertex = "/v1/projects/p/locations/l/publishers/google/models/image:predict";
    let made = answer(&world, vertex, body.clone()).await;
    assert_eq!(made["predictions"].as_array().unwrap().len(), 4);
    assert_eq!(made["predictions"][0]["mimeType"], "image/jpeg");
    let parameters = |key: &str, value: Value| json!({ key: value });
    let cases = [
        ("instances", json!([]), 400, MESSAGE, "empty prompt"),
        ("parameters", parameters("sampleCount", json!(5)), 400, MESSAGE, "between 1 and 4"),
        ("parameters", parameters("aspectRatio", json!("2:1")), 400, STATUS, "INVALID_ARGUMENT"),
        ("contents", json!([]), 400, MESSAGE, "Unknown name"),
    ];
    refused(&world, PREDICT, &body, &cases).await;
}
