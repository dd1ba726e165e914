//! What Bedrock does by `InvokeModel`.

use serde_json::{Value, json};

use super::{answer, dimensions, refused};
use crate::support::World;

const TITAN: &str = "/model/amazon.titan-embed-text-v2%3A0/invoke";
const COHERE: &str = "/model/us.cohere.embed-v4%3A0/invoke";
const RERANK: &str = "/model/cohere.rerank-v3-5%3A0/invoke";
const CANVAS: &str = "/model/amazon.nova-canvas-v1%3A0/invoke";
const MESSAGE: &str = "/message";

#[tokio::test]
async fn each_maker_has_a_form_of_its_own() {
    let world = World::new().await;
    let titan = answer(&world, TITAN, json!({ "inputText": "one two", "dimensions": 256 })).await;
    assert_eq!(dimensions(&titan["embedding"]), 256);
    assert_eq!(titan["inputTextTokenCount"], 2);
    let body = json!({
        "texts": ["one", "two"], "input_type": "search_query", "embedding_types": ["float"],
        "output_dimension": 256
    });
    let cohere = answer(&world, COHERE, body).await;
    assert_eq!(dimensions(&cohere["embeddings"]["float"][1]), 256);
    assert_eq!(cohere["meta"]["billed_units"], Value::Null);
    let body = json!({ "query": "b", "documents": ["a", "b"], "api_version": 2 });
    assert_eq!(answer(&world, RERANK, body).await["results"][0]["index"], 1);
    let body = json!({
        "taskType": "TEXT_IMAGE", "textToImageParams": { "text": "a boat" },
        "imageGenerationConfig": { "numberOfImages": 2, "width": 320, "height": 336 }
    });
    let drawn = answer(&world, CANVAS, body).await;
    assert_eq!(drawn["images"].as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn what_the_makers_refuse_is_refused() {
    let world = World::new().await;
    let body = json!({ "inputText": "one" });
    let cases = [
        ("dimensions", json!(7), 400, MESSAGE, "256, 512 or 1024"),
        ("texts", json!(["x"]), 400, MESSAGE, "extraneous key [texts]"),
        ("inputText", json!(["x"]), 400, MESSAGE, "expected type: String"),
    ];
    refused(&world, TITAN, &body, &cases).await;
    let body = json!({ "query": "b", "documents": ["a"], "api_version": 2 });
    let cases = [
        ("api_version", Value::Null, 400, MESSAGE, "api_version must be at least 2"),
        ("model", json!("x"), 400, MESSAGE, "extraneous key [model]"),
    ];
    refused(&world, RERANK, &body, &cases).await;
    let body = json!({
        "taskType": "TEXT_IMAGE", "textToImageParams": { "text": "a boat" },
        "imageGenerationConfig": {}
    });
    let cases = [
        ("taskType", json!("X"), 400, MESSAGE, "taskType"),
        ("imageGenerationConfig", json!({ "numberOfImages": 6 }), 400, MESSAGE, "between 1 and 5"),
        ("imageGenerationConfig", json!({ "width": 321 }), 400, MESSAGE, "multiples of 16"),
        ("imageGenerationConfig", json!({ "n": 1 }), 400, MESSAGE, "extraneous key [n]"),
    ];
    refused(&world, CANVAS, &body, &cases).await;
}
