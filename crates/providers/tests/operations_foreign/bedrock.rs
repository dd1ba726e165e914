//! Bedrock's InvokeModel.

use serde_json::{Value, json};
use tollgate_catalog::{Auth, Quirks};
use tollgate_providers::{Adapter, BedrockConverse};
use tollgate_wire::operation::Operation;

use crate::{PNG, Place};

const BASE: &str = "https://bedrock-runtime.us-east-1.amazonaws.com";
const CANVAS: &str = "amazon.nova-canvas-v1:0";
const TITAN: &str = "amazon.titan-embed-text-v2:0";
const TITAN_IMAGE: &str = "amazon.titan-embed-image-v1";
const NOVA: &str = "amazon.nova-2-multimodal-embeddings-v1:0";

pub(crate) fn place(model: &'static str) -> Place {
    Place {
        adapter: &BedrockConverse,
        base_url: BASE,
        model,
        credential: "ABSKx",
        auth: Auth::Bearer,
        quirks: Quirks::default(),
    }
}

fn sent(model: &'static str, operation: Operation, given: &Value) -> Value {
    let (line, sent) = place(model).sent(operation, given);
    let name = model.replace(':', "%3A");
    assert_eq!(line, format!("POST {BASE}/model/{name}/invoke"));
    sent
}

#[test]
fn requests_are_signed() {
    let operations = BedrockConverse.operations().unwrap();
    let all: Vec<_> = Operation::ALL.into_iter().filter(|it| operations.performs(*it)).collect();
    assert_eq!(all, [Operation::Embeddings, Operation::Rerank, Operation::Image]);
    let hi = json!({"input": "hi"});
    let request = place(TITAN).request(Operation::Embeddings, &hi).unwrap();
    assert_eq!(request.headers()["authorization"], "Bearer ABSKx");
    assert_eq!(request.headers()["accept"], "application/json");
    let signed = Place { credential: "AKIA1:secret", ..place(TITAN) };
    let request = signed.request(Operation::Embeddings, &hi).unwrap();
    assert_eq!(request.headers()["x-amz-date"], "20260101T000000Z");
    let authorization = request.headers()["authorization"].to_str().unwrap();
    let scope = "AWS4-HMAC-SHA256 Credential=AKIA1/20260101/us-east-1/bedrock/aws4_request, ";
    assert!(authorization.starts_with(scope), "{authorization}");
    assert!(authorization.contains("accept;content-type;host;x-amz-date"), "{authorization}");
}

#[test]
fn each_maker_embeds_in_a_form_of_its_own() {
    let image = json!({"type": "image_url", "image_url": {"url": PNG}});
    let text = json!({"type": "text", "text": "a fox"});
    let embed = |model, given: Value| sent(model, Operation::Embeddings, &given);
    assert_eq!(
        embed(TITAN, json!({"input": "hi", "dimensions": 512})),
        json!({"inputText": "hi", "dimensions": 512})
    );
    assert_eq!(
        embed(TITAN_IMAGE, json!({"input": [{"content": [text, image]}], "dimensions": 256})),
        json!({
            "inputText": "a fox", "inputImage": "iVBORw==",
            "embeddingConfig": {"outputEmbeddingLength": 256}
        })
    );
    assert_eq!(
        embed(
            "cohere.embed-english-v3",
            json!({
                "input": ["hi"], "input_type": "search_query", "encoding_format": "base64"
            })
        ),
        json!({"texts": ["hi"], "input_type": "search_query", "embedding_types": ["float"]})
    );
    assert_eq!(
        embed(
            "us.cohere.embed-v4:0",
            json!({
                "input": [{"content": [text, image]}], "dimensions": 1024
            })
        ),
        json!({
            "inputs": [{"content": [text, image]}], "input_type": "search_document",
            "embedding_types": ["float"], "output_dimension": 1024
        })
    );
    let nova = |purpose: &str, dimensions: u64, kind: &str, subject: Value| {
        json!({
            "schemaVersion": "nova-multimodal-embed-v1", "taskType": "SINGLE_EMBEDDING",
            "singleEmbeddingParams": {
                "embeddingPurpose": purpose, "embeddingDimension": dimensions, kind: subject
            }
        })
    };
    assert_eq!(
        embed(NOVA, json!({"input": "hi", "input_type": "query", "dimensions": 384})),
        nova("GENERIC_RETRIEVAL", 384, "text", json!({"truncationMode": "END", "value": "hi"}))
    );
    assert_eq!(
        embed(NOVA, json!({"input": [{"content": [image]}]})),
        nova(
            "GENERIC_INDEX",
            3072,
            "image",
            json!({
                "format": "png", "source": {"bytes": "iVBORw=="}, "detailLevel": "STANDARD_IMAGE"
            })
        )
    );
}

#[test]
fn documents_are_ranked() {
    let given = json!({"query": "q", "documents": ["a", "b"], "top_n": 1});
    assert_eq!(
        sent("cohere.rerank-v3-5:0", Operation::Rerank, &given),
        json!({"query": "q", "documents": ["a", "b"], "top_n": 1, "api_version": 2})
    );
    assert_eq!(
        sent("amazon.rerank-v1:0", Operation::Rerank, &given),
        json!({"query": "q", "documents": ["a", "b"], "top_n": 1})
    );
}

#[test]
fn pictures_are_drawn_and_varied() {
    let draw = |given: Value| sent(CANVAS, Operation::Image, &given);
    assert_eq!(
        draw(json!({"prompt": "a boat"})),
        json!({
            "taskType": "TEXT_IMAGE", "textToImageParams": {"text": "a boat"},
            "imageGenerationConfig": {"numberOfImages": 1}
        })
    );
    assert_eq!(
        draw(json!({
            "prompt": "a boat", "n": 2, "size": "1280x720", "quality": "high", "seed": -1
        })),
        json!({
            "taskType": "TEXT_IMAGE", "textToImageParams": {"text": "a boat"},
            "imageGenerationConfig": {
                "numberOfImages": 2, "width": 1280, "height": 720, "quality": "premium",
                "seed": 858_993_459
            }
        })
    );
    assert_eq!(
        draw(json!({
            "prompt": "a boat", "aspect_ratio": "16:9", "quality": "low",
            "input_references": [{"type": "image_url", "image_url": {"url": PNG}}]
        })),
        json!({
            "taskType": "IMAGE_VARIATION",
            "imageVariationParams": {"text": "a boat", "images": ["iVBORw=="]},
            "imageGenerationConfig": {
                "numberOfImages": 1, "width": 1360, "height": 768, "quality": "standard"
            }
        })
    );
}

#[test]
fn what_has_no_form_is_refused() {
    let image = json!({"type": "image_url", "image_url": {"url": PNG}});
    for (model, given, why) in [
        (TITAN, json!({"input": ["a", "b"]}), "embeddings of several inputs at once"),
        (TITAN, json!({"input": [1]}), "embeddings of tokens"),
        (TITAN, json!({"input": [{"content": [image]}]}), "embeddings of several parts"),
        (
            TITAN_IMAGE,
            json!({"input": [{"content": [image, image]}]}),
            "embeddings of several texts or images as one",
        ),
        (
            "amazon.titan-embed-text-v1",
            json!({"input": "a", "dimensions": 256}),
            "embeddings of so many dimensions",
        ),
        (NOVA, json!({"input": ["a", "b"]}), "embeddings of several inputs at once"),
        (NOVA, json!({"input": "a", "input_type": "odd"}), "embeddings of the input type `odd`"),
        ("amazon.nova-pro-v1:0", json!({"input": "a"}), "embeddings by amazon.nova-pro-v1:0"),
    ] {
        assert_eq!(place(model).refusal(Operation::Embeddings, &given), why, "{given}");
    }
    for (members, why) in [
        (json!({"n": 6}), "more than 5 pictures at once"),
        (json!({"size": "100x100"}), "a picture of 100x100"),
        (json!({"size": "1000x1001"}), "a picture of 1000x1001"),
        (json!({"aspect_ratio": "1:8"}), "a picture of 352x2896"),
        (json!({"resolution": "4K"}), "a picture of 4096x4096"),
        (json!({"output_format": "jpeg"}), "pictures other than PNG"),
        (
            json!({"background": "transparent", "output_format": "png"}),
            "pictures with a transparent background",
        ),
    ] {
        let mut given = members.clone();
        given["prompt"] = json!("a boat");
        assert_eq!(place(CANVAS).refusal(Operation::Image, &given), why, "{members}");
    }
    let ranked = json!({"query": "q", "documents": ["a"]});
    assert_eq!(place(TITAN).refusal(Operation::Rerank, &ranked), format!("reranking by {TITAN}"));
    let spoken = place(TITAN).refusal(Operation::Speech, &json!({"input": "a"}));
    assert_eq!(spoken, "tts by this protocol");
}
