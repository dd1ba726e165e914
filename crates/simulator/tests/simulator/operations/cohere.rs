//! Cohere's embeddings and its ranking.

use serde_json::{Value, json};

use super::{answer, dimensions, refused};
use crate::support::World;

const EMBED: &str = "/v2/embed";
const RERANK: &str = "/v2/rerank";
const MESSAGE: &str = "/message";

#[tokio::test]
async fn every_type_of_embedding_comes_at_once() {
    let world = World::new().await;
    let types = json!(["float", "int8", "uint8", "binary", "ubinary", "base64"]);
    let body = json!({
        "model": "embed", "texts": ["one two", "three"], "input_type": "search_document",
        "embedding_types": types,
    });
    let list = answer(&world, "/cohere/v2/embed", body).await;
    let embeddings = &list["embeddings"];
    assert_eq!(dimensions(&embeddings["float"][1]), 8);
    for (name, range, numbers) in [
        ("int8", -128..=127, 8),
        ("uint8", 0..=255, 8),
        ("binary", -128..=127, 1),
        ("ubinary", 0..=255, 1),
    ] {
        let vector = embeddings[name][0].as_array().unwrap();
        assert_eq!(vector.len(), numbers, "{name}");
        assert!(vector.iter().all(|it| range.contains(&it.as_i64().unwrap())), "{name}");
    }
    assert!(embeddings["base64"][0].is_string());
    assert_eq!(list["texts"], json!(["one two", "three"]));
    assert_eq!(list["response_type"], "embeddings_by_type");
    let meta = json!({ "api_version": { "version": "2" }, "billed_units": { "input_tokens": 3 } });
    assert_eq!(list["meta"], meta);
}

#[tokio::test]
async fn images_and_mixed_inputs_are_embedded() {
    let world = World::new().await;
    let url = "data:image/png;base64,AAAA";
    let image = json!({ "type": "image_url", "image_url": { "url": url } });
    let text = json!({ "type": "text", "text": "hi" });
    for (key, value, units) in [
        ("images", json!([url]), json!({ "input_tokens": 85, "images": 1 })),
        (
            "inputs",
            json!([{ "content": [text, image] }]),
            json!({ "input_tokens": 86, "images": 1 }),
        ),
    ] {
        let mut body =
            json!({ "model": "embed-v4.0", "input_type": "image", "output_dimension": 256 });
        body[key] = value;
        let list = answer(&world, EMBED, body).await;
        assert_eq!(dimensions(&list["embeddings"]["float"][0]), 256);
        assert_eq!(list["meta"]["billed_units"], units);
        assert!(list.get("texts").is_none());
    }
}

#[tokio::test]
async fn wrong_embedding_requests_are_refused() {
    let world = World::new().await;
    let body = json!({ "model": "embed", "texts": ["hi"], "input_type": "search_query" });
    let many = json!(vec!["a"; 97]);
    let cases = [
        ("input_type", Value::Null, 400, MESSAGE, "valid input_type must be provided"),
        ("input_type", json!("x"), 400, MESSAGE, "valid input_type must be provided"),
        ("texts", Value::Null, 400, MESSAGE, "exactly one of texts, images or inputs"),
        ("images", json!(["data:image/png;base64,AA"]), 400, MESSAGE, "exactly one of"),
        ("texts", many, 400, MESSAGE, "total number of texts must be at most 96 - received 97"),
        ("texts", json!([7]), 400, MESSAGE, "texts are not valid"),
        ("embedding_types", json!(["x"]), 400, MESSAGE, "not a valid embedding type"),
        ("output_dimension", json!(7), 400, MESSAGE, "output_dimension must be one of"),
        ("truncate", json!("MIDDLE"), 400, MESSAGE, "truncate must be one of"),
        ("input", json!("hi"), 422, MESSAGE, "https://docs.cohere.com/reference/embed"),
        ("model", Value::Null, 400, MESSAGE, "model is required"),
    ];
    refused(&world, EMBED, &body, &cases).await;
}

#[tokio::test]
async fn documents_are_ranked_and_paid_by_the_hundred() {
    let world = World::new().await;
    let documents: Vec<String> = (0..101).map(|number| format!("boat {number}")).collect();
    let body = json!({ "model": "rerank", "query": "boat 42", "documents": documents, "top_n": 2 });
    let ranked = answer(&world, RERANK, body.clone()).await;
    let results = ranked["results"].as_array().unwrap();
    assert_eq!((results.len(), &results[0]["index"]), (2, &json!(42)));
    assert_eq!(results[0].as_object().unwrap().len(), 2, "documents are not given back");
    assert_eq!(ranked["meta"]["billed_units"], json!({ "search_units": 2 }));
    let cases = [
        ("query", Value::Null, 400, MESSAGE, "query must not be empty"),
        ("documents", json!([]), 400, MESSAGE, "list of documents must not be empty"),
        ("documents", json!([{ "text": "a" }]), 400, MESSAGE, "all documents must be strings"),
        ("top_n", json!(0), 400, MESSAGE, "top_n must be at least 1"),
        ("return_documents", json!(true), 422, MESSAGE, "parameter 'return_documents'"),
    ];
    refused(&world, RERANK, &body, &cases).await;
}
