//! Pictures and speech by Gemini's models that also talk, and Vertex AI's vectors.

use serde_json::{Value, json};

use super::{answer, dimensions, refused};
use crate::support::World;

const DRAW: &str = "/v1beta/models/gemini-3-pro-image-preview:generateContent";
const SPEAK: &str = "/v1beta/models/gemini-2.5-flash-preview-tts:generateContent";
const SEVERAL: &str =
    "/v1/projects/p/locations/l/publishers/google/models/text-embedding-005:predict";
const ONE: &str =
    "/v1/projects/p/locations/l/publishers/google/models/gemini-embedding-001:predict";
const CONTENT: &str =
    "/v1/projects/p/locations/l/publishers/google/models/gemini-embedding-2:embedContent";
const MESSAGE: &str = "/error/message";
const BLOB: &str = "/candidates/0/content/parts/0/inlineData";

fn asked(config: &Value) -> Value {
    let contents = json!([{ "role": "user", "parts": [{ "text": "a boat" }] }]);
    json!({ "contents": contents, "generationConfig": config })
}

#[tokio::test]
async fn pictures_and_speech_are_generated() {
    let world = World::new().await;
    let config = json!({
        "responseModalities": ["IMAGE"], "imageConfig": { "aspectRatio": "16:9", "imageSize": "2K" }
    });
    let drawn = answer(&world, DRAW, asked(&config)).await;
    let blob = drawn.pointer(BLOB).unwrap();
    assert_eq!(blob["mimeType"], "image/png");
    assert!(blob["data"].as_str().unwrap().starts_with("iVBORw0KGgo"));
    assert_eq!(drawn["usageMetadata"]["candidatesTokensDetails"][0]["tokenCount"], 1_290);

    let voice = json!({ "prebuiltVoiceConfig": { "voiceName": "Kore" } });
    let config = json!({
        "responseModalities": ["AUDIO"], "speechConfig": { "voiceConfig": voice }
    });
    let spoken = answer(&world, SPEAK, asked(&config)).await;
    assert_eq!(spoken.pointer(BLOB).unwrap()["mimeType"], "audio/L16;codec=pcm;rate=24000");
    let later = "/v1beta/models/gemini-3.8-flash-tts:generateContent";
    let spoken = answer(&world, later, asked(&config)).await;
    let blob = spoken.pointer(BLOB).unwrap();
    assert_eq!(blob["mimeType"], "audio/wav");
    assert!(blob["data"].as_str().unwrap().starts_with("UklGR"));
}

#[tokio::test]
async fn what_a_model_can_t_make_is_refused() {
    let world = World::new().await;
    let image = |config: Value| json!({ "responseModalities": ["IMAGE"], "imageConfig": config });
    let cases = [
        ("contents", json!([]), 400, MESSAGE, "contents is not specified"),
        ("generationConfig", json!({}), 400, MESSAGE, "response modalities (TEXT)"),
        ("generationConfig", image(json!({ "aspectRatio": "7:1" })), 400, MESSAGE, "Aspect ratio"),
        ("generationConfig", image(json!({ "imageSize": "8K" })), 400, MESSAGE, "Image size"),
        (
            "generationConfig",
            image(json!({ "imageOutputOptions": {} })),
            400,
            MESSAGE,
            "Unknown name",
        ),
    ];
    refused(&world, DRAW, &asked(&image(json!({}))), &cases).await;
    let voice = json!({ "prebuiltVoiceConfig": { "voiceName": "Nobody" } });
    let spoken = json!({
        "responseModalities": ["AUDIO"], "speechConfig": { "voiceConfig": voice }
    });
    let cases = [
        ("generationConfig", spoken, 400, MESSAGE, "Voice name Nobody is not supported"),
        ("generationConfig", image(json!({})), 400, MESSAGE, "Unknown name"),
    ];
    refused(&world, SPEAK, &asked(&json!({ "responseModalities": ["AUDIO"] })), &cases).await;
}

#[tokio::test]
async fn vertex_embeds_by_predict_and_by_content() {
    let world = World::new().await;
    let body = json!({
        "instances": [{ "content": "one two", "task_type": "CLUSTERING" }, { "content": "three" }],
        "parameters": { "outputDimensionality": 16 }
    });
    let predicted = answer(&world, SEVERAL, body.clone()).await;
    let first = &predicted["predictions"][0]["embeddings"];
    assert_eq!(dimensions(&first["values"]), 16);
    assert_eq!(first["statistics"], json!({ "token_count": 2, "truncated": false }));
    assert_eq!(predicted["metadata"]["billableCharacterCount"], 11);
    let cases = [
        ("instances", json!([{ "content": "" }]), 400, MESSAGE, "text content is empty"),
        ("instances", json!([{ "content": "a", "x": 1 }]), 400, MESSAGE, "Unknown field"),
        ("parameters", json!({ "outputDimensionality": 769 }), 400, MESSAGE, "between 1 and 768"),
    ];
    refused(&world, SEVERAL, &body, &cases).await;
    let many = json!([{ "content": "a" }, { "content": "b" }]);
    let cases = [("instances", many, 400, MESSAGE, "maximum allowed number of instances: 1")];
    refused(&world, ONE, &json!({ "instances": [{ "content": "a" }] }), &cases).await;
    let body = json!({
        "content": { "role": "user", "parts": [{ "text": "hi" }] },
        "embedContentConfig": { "outputDimensionality": 32 }
    });
    assert_eq!(dimensions(&answer(&world, CONTENT, body).await["embedding"]["values"]), 32);
}
