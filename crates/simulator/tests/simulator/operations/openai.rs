//! OpenAI's embeddings and moderation, and ranking as its followers have it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use serde_json::{Value, json};

use super::{Order, answer, dimensions, refused};
use crate::support::World;

const EMBEDDINGS: &str = "/v1/embeddings";
const MODERATIONS: &str = "/v1/moderations";
const RERANK: &str = "/v1/rerank";
const MESSAGE: &str = "/error/message";

#[tokio::test]
async fn embeddings_have_the_form_and_the_size_that_is_asked_for() {
    let world = World::new().await;
    let body = json!({ "model": "embed", "input": ["one two", "three"] });
    let list = answer(&world, EMBEDDINGS, body).await;
    assert_eq!(
        (&list["object"], &list["model"], &list["usage"]),
        (&json!("list"), &json!("embed"), &json!({ "prompt_tokens": 3, "total_tokens": 3 }))
    );
    for index in 0..2 {
        let entry = &list["data"][index];
        assert_eq!((&entry["object"], &entry["index"]), (&json!("embedding"), &json!(index)));
        assert_eq!(dimensions(&entry["embedding"]), 8);
    }
    assert_ne!(list["data"][0]["embedding"], list["data"][1]["embedding"]);
    for (model, asked, got) in [
        ("text-embedding-3-small", Value::Null, 1_536),
        ("text-embedding-3-large", Value::Null, 3_072),
        ("text-embedding-3-large", json!(256), 256),
        ("embed", json!(12), 12),
        ("anything", Value::Null, 1_536),
    ] {
        let body = json!({ "model": model, "input": "hi", "dimensions": asked });
        let list = answer(&world, EMBEDDINGS, body).await;
        assert_eq!(dimensions(&list["data"][0]["embedding"]), got, "{model}");
    }
}

#[tokio::test]
async fn embeddings_in_base64_are_the_same_floats() {
    let world = World::new().await;
    for input in [json!("hi"), json!([1, 2, 3]), json!([[1, 2], [3]])] {
        let body = json!({ "model": "embed", "input": input });
        let floats = answer(&world, EMBEDDINGS, body.clone()).await;
        let mut body = body;
        body["encoding_format"] = json!("base64");
        let coded = answer(&world, EMBEDDINGS, body).await;
        assert_eq!(floats["usage"], coded["usage"]);
        for (float, coded) in
            floats["data"].as_array().unwrap().iter().zip(coded["data"].as_array().unwrap())
        {
            let bytes = STANDARD.decode(coded["embedding"].as_str().unwrap()).unwrap();
            let decoded: Vec<f32> = bytes
                .chunks(4)
                .map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap()))
                .collect();
            let floats: Vec<f32> = serde_json::from_value(float["embedding"].clone()).unwrap();
            assert_eq!(floats, decoded);
        }
    }
}

#[tokio::test]
async fn wrong_embedding_requests_are_refused() {
    let world = World::new().await;
    let body = json!({ "model": "text-embedding-3-small", "input": "hi" });
    let long = "word ".repeat(8_193);
    let cases = [
        ("input", Value::Null, 400, MESSAGE, "Missing required parameter: 'input'."),
        ("input", json!([]), 400, MESSAGE, "'$.input' is invalid"),
        ("input", json!(""), 400, MESSAGE, "'$.input' is invalid"),
        ("input", json!({ "text": "hi" }), 400, MESSAGE, "'$.input' is invalid"),
        ("input", json!(vec!["a"; 2_049]), 400, "/error/code", "array_above_max_length"),
        ("input", json!(long), 400, MESSAGE, "maximum context length is 8192 tokens"),
        ("dimensions", json!(0), 400, "/error/code", "integer_below_min_value"),
        ("dimensions", json!(1_537), 400, MESSAGE, "less than or equal to 1536"),
        ("dimensions", json!("8"), 400, "/error/code", "invalid_type"),
        ("encoding_format", json!("int8"), 400, MESSAGE, "'float' and 'base64'"),
        ("model", Value::Null, 400, MESSAGE, "you must provide a model parameter"),
    ];
    refused(&world, EMBEDDINGS, &body, &cases).await;
    let old = json!({ "model": "text-embedding-ada-002", "input": "hi" });
    let cases = [("dimensions", json!(8), 400, MESSAGE, "does not support specifying dimensions")];
    refused(&world, EMBEDDINGS, &old, &cases).await;
}

#[tokio::test]
async fn azure_names_the_model_in_the_path_and_wants_a_version() {
    let world = World::new().await;
    let body = json!({ "input": "hi" });
    let path = "/openai/deployments/embed/embeddings";
    assert_eq!(Order::new(path, &body).send(&world).await.status, 404);
    let path = "/openai/deployments/embed/embeddings?api-version=2024-10-21";
    let list = answer(&world, path, body).await;
    assert_eq!(dimensions(&list["data"][0]["embedding"]), 8);
    let path = "/openai/deployments/image/images/generations?api-version=2025-04-01-preview";
    let images = answer(&world, path, json!({ "prompt": "a boat" })).await;
    assert!(images["data"][0]["b64_json"].is_string());
}

#[tokio::test]
async fn moderation_flags_what_has_bad_words() {
    let world = World::new().await;
    let body = json!({ "model": "moderate", "input": ["I will kill it", "good morning"] });
    let judged = answer(&world, MODERATIONS, body).await;
    assert!(judged["id"].as_str().unwrap().starts_with("modr-"));
    let [bad, good] = [0, 1].map(|index| &judged["results"][index]);
    assert_eq!((&bad["flagged"], &good["flagged"]), (&json!(true), &json!(false)));
    assert_eq!(bad["categories"].as_object().unwrap().len(), 13);
    assert_eq!(bad["categories"]["violence"], true);
    assert_eq!(bad["categories"]["hate"], false);
    assert!(bad["category_scores"]["violence"].as_f64().unwrap() > 0.9);
    assert!(good["category_scores"]["violence"].as_f64().unwrap() < 0.1);
    assert_eq!(bad["category_applied_input_types"]["violence"], json!(["text"]));
}

#[tokio::test]
async fn moderation_takes_parts_as_one_and_needs_no_model() {
    let world = World::new().await;
    let image = json!({ "type": "image_url", "image_url": { "url": "https://x/a.png" } });
    let parts = json!([{ "type": "text", "text": "kill" }, image]);
    let judged = answer(&world, MODERATIONS, json!({ "input": parts })).await;
    assert_eq!(judged["model"], "omni-moderation-latest");
    assert_eq!(judged["results"].as_array().unwrap().len(), 1);
    let applied = &judged["results"][0]["category_applied_input_types"];
    assert_eq!(
        (&applied["violence"], &applied["hate"]),
        (&json!(["text", "image"]), &json!(["text"]))
    );
    let cases = [
        ("input", Value::Null, 400, MESSAGE, "Missing required parameter: 'input'."),
        ("input", json!([]), 400, "/error/param", "input"),
        ("input", json!([{ "type": "audio" }]), 400, "/error/param", "input"),
        ("input", json!(["a", 7]), 400, "/error/param", "input"),
    ];
    refused(&world, MODERATIONS, &json!({}), &cases).await;
}

#[tokio::test]
async fn documents_are_ranked_by_shared_words() {
    let world = World::new().await;
    let documents =
        json!(["a blue door", { "text": "red boats" }, { "image": "https://x/red.png" }]);
    let mut body = json!({ "model": "rerank", "query": "red boats", "documents": documents });
    let ranked = answer(&world, RERANK, body.clone()).await;
    let order: Vec<_> =
        ranked["results"].as_array().unwrap().iter().map(|it| it["index"].clone()).collect();
    assert_eq!(order, [json!(1), json!(2), json!(0)]);
    assert_eq!(ranked["results"][0]["document"], json!({ "text": "red boats" }));
    assert_eq!(ranked["results"][2]["document"], json!({ "text": "a blue door" }));
    // The query with each document, an image, and the words of the others.
    assert_eq!(ranked["usage"], json!({ "total_tokens": 3 * 2 + 85 + 3 + 2 }));
    body["top_n"] = json!(1);
    body["return_documents"] = json!(false);
    let top = answer(&world, RERANK, body.clone()).await;
    let score = ranked["results"][0]["relevance_score"].clone();
    assert_eq!(top["results"], json!([{ "index": 1, "relevance_score": score }]));
    let cases = [
        ("query", Value::Null, 400, MESSAGE, "Missing required parameter: 'query'."),
        ("documents", Value::Null, 400, MESSAGE, "Missing required parameter: 'documents'."),
        ("documents", json!([]), 400, "/error/param", "documents"),
        ("documents", json!(["a", 7]), 400, "/error/param", "documents[1]"),
        ("top_n", json!(0), 400, "/error/code", "integer_below_min_value"),
    ];
    refused(&world, RERANK, &body, &cases).await;
}

#[tokio::test]
async fn models_for_operations_are_listed_where_they_are_served() {
    let world = World::new().await;
    let listed = async |path: &str| world.http(Method::GET, path).await.text();
    for (path, there, not_there) in [
        (
            "/v1/models",
            &["embed", "rerank", "image", "speech", "transcribe", "moderate"][..],
            "none",
        ),
        ("/cohere/v1/models", &["embed", "rerank"], "speech"),
        ("/v1beta/models", &["embed", "image"], "rerank"),
        ("/mistral/v1/models", &["embed", "moderate"], "image"),
        ("/api/tags", &["embed:latest"], "moderate"),
    ] {
        let list = listed(path).await;
        for name in there {
            assert!(list.contains(&format!("{name}\"")), "{path} {name}");
        }
        assert!(!list.contains(&format!("\"{not_there}\"")), "{path} {not_there}");
    }
    let one = world.http(Method::GET, "/cohere/v1/models/rerank").await.json();
    assert_eq!(one["endpoints"], json!(["rerank"]));
}
