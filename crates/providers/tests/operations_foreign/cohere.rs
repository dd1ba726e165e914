//! Cohere.

use serde_json::{Value, json};
use tollgate_catalog::{Auth, Quirks};
use tollgate_providers::{Adapter, Cohere};
use tollgate_wire::operation::Operation;

use crate::{PNG, Place};

pub(crate) fn place(model: &'static str) -> Place {
    Place {
        adapter: &Cohere,
        base_url: "https://cohere.test",
        model,
        credential: "co-x",
        auth: Auth::Bearer,
        quirks: Quirks::default(),
    }
}

fn embed(model: &'static str, body: &Value) -> Value {
    let (line, sent) = place(model).sent(Operation::Embeddings, body);
    assert_eq!(line, "POST https://cohere.test/v2/embed");
    sent
}

#[test]
fn it_embeds_and_ranks() {
    let operations = Cohere.operations().unwrap();
    for operation in Operation::ALL {
        let expected = matches!(operation, Operation::Embeddings | Operation::Rerank);
        assert_eq!(operations.performs(operation), expected, "{operation:?}");
    }
    let refusal = place("c").refusal(Operation::Image, &json!({"prompt": "a boat"}));
    assert_eq!(refusal, "image by this protocol");
    let request = place("c").request(Operation::Embeddings, &json!({"input": "hi"})).unwrap();
    assert_eq!(request.headers()["authorization"], "Bearer co-x");
    assert!(request.headers()["authorization"].is_sensitive());
}

#[test]
fn texts_images_and_mixtures_have_members_of_their_own() {
    let image = json!({"type": "image_url", "image_url": {"url": PNG}});
    let text = json!({"type": "text", "text": "a fox"});
    for (model, given, expected) in [
        (
            "embed-v4.0",
            json!({"input": ["hi", "ho"], "dimensions": 256, "input_type": "query"}),
            json!({
                "model": "embed-v4.0", "texts": ["hi", "ho"], "input_type": "search_query",
                "embedding_types": ["float"], "output_dimension": 256
            }),
        ),
        (
            "embed-v4.0",
            json!({"input": "hi", "encoding_format": "base64", "truncate": "START", "user": "me"}),
            json!({
                "model": "embed-v4.0", "texts": ["hi"], "input_type": "search_document",
                "embedding_types": ["base64"], "truncate": "START"
            }),
        ),
        (
            "embed-v4.0",
            json!({"input": [{"content": [image]}, {"content": [image]}], "input_type": "clustering"}),
            json!({
                "model": "embed-v4.0", "images": [PNG, PNG], "input_type": "clustering",
                "embedding_types": ["float"]
            }),
        ),
        (
            "embed-english-v3.0",
            json!({"input": [{"content": [image]}], "input_type": "search_query"}),
            json!({
                "model": "embed-english-v3.0", "images": [PNG], "input_type": "image",
                "embedding_types": ["float"]
            }),
        ),
        (
            "embed-v4.0",
            json!({"input": [{"content": [text, image]}, {"content": [text]}], "input_type": "odd"}),
            json!({
                "model": "embed-v4.0", "input_type": "odd", "embedding_types": ["float"],
                "inputs": [
                    {"content": [text, image]},
                    {"content": [text]}
                ]
            }),
        ),
    ] {
        assert_eq!(embed(model, &given), expected, "{given}");
    }
}

#[test]
fn what_has_no_place_is_refused() {
    let many: Vec<&str> = vec!["x"; 97];
    for (given, why) in [
        (json!({"input": [1, 2]}), "embeddings of tokens"),
        (json!({"input": many}), "embeddings of more than 96 inputs at once"),
        (
            json!({"input": [{"content": [
                {"type": "image_url", "image_url": {"url": "https://x.test/a.png"}}]}]}),
            "an image by an address",
        ),
        (
            json!({"input": [{"content": [
                {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}}]}]}),
            "embeddings of audio",
        ),
    ] {
        assert_eq!(place("embed-v4.0").refusal(Operation::Embeddings, &given), why);
    }
    let pictured = json!({"query": "q", "documents": [{"text": "a", "image": PNG}]});
    let refusal = place("rerank-v4.0").refusal(Operation::Rerank, &pictured);
    assert_eq!(refusal, "documents with images");
}

#[test]
fn documents_are_ranked_as_texts() {
    let given = json!({
        "query": "q", "documents": ["a", {"text": "b"}], "top_n": 5, "max_tokens_per_doc": 512,
        "other": 1
    });
    let (line, sent) = place("rerank-v4.0").sent(Operation::Rerank, &given);
    assert_eq!(line, "POST https://cohere.test/v2/rerank");
    let expected = json!({
        "model": "rerank-v4.0", "query": "q", "documents": ["a", "b"], "top_n": 2,
        "max_tokens_per_doc": 512
    });
    assert_eq!(sent, expected);
}
