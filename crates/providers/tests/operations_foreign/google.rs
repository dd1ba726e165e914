//! Gemini at Google AI Studio, and the same models on Vertex AI.

use serde_json::{Value, json};
use tollgate_catalog::{Auth, Quirks};
use tollgate_providers::{Adapter, Gemini, Vertex};
use tollgate_wire::operation::Operation;

use crate::{PNG, Place};

pub(crate) const VERTEX: &str =
    "https://us-east5-aiplatform.googleapis.com/v1/projects/p/locations/us-east5";

pub(crate) fn studio(model: &'static str) -> Place {
    Place {
        adapter: &Gemini,
        base_url: "https://gemini.test",
        model,
        credential: "AIza-x",
        auth: Auth::XGoogApiKey,
        quirks: Quirks::default(),
    }
}

pub(crate) fn vertex(model: &'static str) -> Place {
    Place {
        adapter: &Vertex,
        base_url: VERTEX,
        model,
        credential: "ya29.x",
        auth: Auth::Bearer,
        quirks: Quirks::default(),
    }
}

fn images() -> Value {
    json!({"input": [{"content": [
        {"type": "text", "text": "a fox"},
        {"type": "image_url", "image_url": {"url": PNG}}
    ]}]})
}

#[test]
fn both_hosts_have_the_same_operations_and_their_own_credentials() {
    let adapters: [&dyn Adapter; 2] = [&Gemini, &Vertex];
    for adapter in adapters {
        let operations = adapter.operations().unwrap();
        let all: Vec<_> =
            Operation::ALL.into_iter().filter(|it| operations.performs(*it)).collect();
        assert_eq!(all, [Operation::Embeddings, Operation::Speech, Operation::Image]);
    }
    let hi = json!({"input": "hi"});
    let request = studio("gemini-embedding-001").request(Operation::Embeddings, &hi).unwrap();
    assert_eq!(request.headers()["x-goog-api-key"], "AIza-x");
    let request = vertex("gemini-embedding-001").request(Operation::Embeddings, &hi).unwrap();
    assert_eq!(request.headers()["authorization"], "Bearer ya29.x");
    let ranked = json!({"query": "q", "documents": ["a"]});
    assert_eq!(studio("m").refusal(Operation::Rerank, &ranked), "rerank by this protocol");
    assert_eq!(vertex("m").refusal(Operation::Rerank, &ranked), "rerank by this protocol");
}

#[test]
fn studio_embeds_a_batch() {
    let given = json!({"input": ["hi", "ho"], "dimensions": 768, "input_type": "search_query"});
    let (line, sent) = studio("gemini-embedding-001").sent(Operation::Embeddings, &given);
    let base = "POST https://gemini.test/v1beta/models";
    assert_eq!(line, format!("{base}/gemini-embedding-001:batchEmbedContents"));
    let one = |text: &str| {
        json!({
            "model": "models/gemini-embedding-001", "content": {"parts": [{"text": text}]},
            "taskType": "RETRIEVAL_QUERY", "outputDimensionality": 768
        })
    };
    assert_eq!(sent, json!({"requests": [one("hi"), one("ho")]}));

    // The second generation is told in words, and sees.
    let (_, sent) = studio("models/gemini-embedding-2").sent(Operation::Embeddings, &given);
    assert_eq!(
        sent["requests"][1],
        json!({
            "model": "models/gemini-embedding-2", "outputDimensionality": 768,
            "content": {"parts": [{"text": "task: search result | query: ho"}]}
        })
    );
    let (_, sent) = studio("gemini-embedding-2-preview").sent(Operation::Embeddings, &images());
    assert_eq!(
        sent,
        json!({"requests": [{
            "model": "models/gemini-embedding-2-preview",
            "content": {"parts": [
                {"text": "a fox"}, {"inlineData": {"mimeType": "image/png", "data": "iVBORw=="}}
            ]}
        }]})
    );
}

#[test]
fn every_purpose_has_a_word() {
    for (asked, task, told) in [
        ("search_query", "RETRIEVAL_QUERY", "task: search result | query: x"),
        ("search_document", "RETRIEVAL_DOCUMENT", "title: none | text: x"),
        ("code", "CODE_RETRIEVAL_QUERY", "task: code retrieval | query: x"),
        ("question_answering", "QUESTION_ANSWERING", "task: question answering | query: x"),
        ("FACT_VERIFICATION", "FACT_VERIFICATION", "task: fact checking | query: x"),
        ("classification", "CLASSIFICATION", "task: classification | query: x"),
        ("clustering", "CLUSTERING", "task: clustering | query: x"),
        ("semantic_similarity", "SEMANTIC_SIMILARITY", "task: sentence similarity | query: x"),
    ] {
        let given = json!({"input": "x", "input_type": asked});
        let (_, sent) = studio("gemini-embedding-001").sent(Operation::Embeddings, &given);
        assert_eq!(sent["requests"][0]["taskType"], task);
        let (_, sent) = vertex("text-embedding-005").sent(Operation::Embeddings, &given);
        assert_eq!(sent["instances"][0], json!({"content": "x", "task_type": task}));
        let (_, sent) = studio("gemini-embedding-2").sent(Operation::Embeddings, &given);
        assert_eq!(sent["requests"][0]["content"]["parts"][0]["text"], told);
    }
}

#[test]
fn vertex_embeds_by_predict_or_by_content() {
    let google = format!("POST {VERTEX}/publishers/google/models");
    let given = json!({"input": ["hi", "ho"], "dimensions": 256});
    let (line, sent) = vertex("text-embedding-005").sent(Operation::Embeddings, &given);
    assert_eq!(line, format!("{google}/text-embedding-005:predict"));
    assert_eq!(
        sent,
        json!({
            "instances": [{"content": "hi"}, {"content": "ho"}],
            "parameters": {"outputDimensionality": 256}
        })
    );
    let (line, sent) =
        vertex("gemini-embedding-001").sent(Operation::Embeddings, &json!({"input": "hi"}));
    assert_eq!(line, format!("{google}/gemini-embedding-001:predict"));
    assert_eq!(sent, json!({"instances": [{"content": "hi"}]}));
    let mut pictured = images();
    pictured["dimensions"] = json!(768);
    let (line, sent) = vertex("google/gemini-embedding-2").sent(Operation::Embeddings, &pictured);
    assert_eq!(line, format!("{google}/gemini-embedding-2:embedContent"));
    assert_eq!(
        sent,
        json!({
            "content": {"role": "user", "parts": [
                {"text": "a fox"}, {"inlineData": {"mimeType": "image/png", "data": "iVBORw=="}}
            ]},
            "embedContentConfig": {"outputDimensionality": 768}
        })
    );
}

#[test]
fn embeddings_that_can_t_be_asked_for_are_refused() {
    let many = |count: usize| json!({ "input": vec!["x"; count] });
    for (place, given, why) in [
        (studio("gemini-embedding-001"), json!({"input": [1]}), "embeddings of tokens"),
        (studio("gemini-embedding-001"), images(), "an image for a model that embeds texts"),
        (studio("gemini-embedding-001"), many(101), "embeddings of more than 100 inputs at once"),
        (
            studio("gemini-embedding-001"),
            json!({"input": "x", "input_type": "odd"}),
            "embeddings of the input type `odd`",
        ),
        (vertex("gemini-embedding-001"), many(2), "embeddings of more than 1 inputs at once"),
        (vertex("gemini-embedding-2"), many(2), "embeddings of more than 1 inputs at once"),
        (vertex("text-embedding-005"), many(251), "embeddings of more than 250 inputs at once"),
        (vertex("text-embedding-005"), images(), "embeddings of several parts"),
        (vertex("text-embedding-005"), json!({"input": [1]}), "embeddings of tokens"),
    ] {
        assert_eq!(place.refusal(Operation::Embeddings, &given), why);
    }
}

#[test]
fn imagen_draws_by_predict() {
    let given = json!({
        "prompt": "a boat", "n": 3, "aspect_ratio": "16:9", "resolution": "2K",
        "output_format": "jpeg", "output_compression": 80, "seed": 7, "quality": "high"
    });
    let expected = json!({
        "instances": [{"prompt": "a boat"}],
        "parameters": {
            "sampleCount": 3, "aspectRatio": "16:9", "sampleImageSize": "2K",
            "outputOptions": {"mimeType": "image/jpeg", "compressionQuality": 80}
        }
    });
    let model = "imagen-4.0-generate-001";
    let (line, sent) = studio(model).sent(Operation::Image, &given);
    assert_eq!(line, format!("POST https://gemini.test/v1beta/models/{model}:predict"));
    assert_eq!(sent, expected);
    let (line, sent) = vertex(model).sent(Operation::Image, &given);
    assert_eq!(line, format!("POST {VERTEX}/publishers/google/models/{model}:predict"));
    assert_eq!(sent, expected);
    let (_, sent) = studio(model).sent(Operation::Image, &json!({"prompt": "a boat"}));
    let plain = json!({"instances": [{"prompt": "a boat"}], "parameters": {"sampleCount": 1}});
    assert_eq!(sent, plain);
}

#[test]
fn gemini_draws_by_generating_content() {
    let given = json!({
        "prompt": "a boat", "n": 1, "size": "2048x2048", "output_format": "jpeg",
        "output_compression": 80, "seed": 7,
        "input_references": [{"type": "image_url", "image_url": {"url": PNG}}]
    });
    let mut expected = json!({
        "contents": [{"role": "user", "parts": [
            {"inlineData": {"mimeType": "image/png", "data": "iVBORw=="}}, {"text": "a boat"}
        ]}],
        "generationConfig": {
            "responseModalities": ["IMAGE"], "seed": 7,
            "imageConfig": {"aspectRatio": "1:1", "imageSize": "2K"}
        }
    });
    let model = "gemini-3-pro-image-preview";
    let (line, sent) = studio(model).sent(Operation::Image, &given);
    assert_eq!(line, format!("POST https://gemini.test/v1beta/models/{model}:generateContent"));
    assert_eq!(sent, expected);
    expected["generationConfig"]["imageConfig"]["imageOutputOptions"] =
        json!({"mimeType": "image/jpeg", "compressionQuality": 80});
    let (line, sent) = vertex(model).sent(Operation::Image, &given);
    assert_eq!(line, format!("POST {VERTEX}/publishers/google/models/{model}:generateContent"));
    assert_eq!(sent, expected);
    // Earlier models know one size and are not told.
    let given = json!({"prompt": "a boat", "resolution": "1K", "aspect_ratio": "auto"});
    let (_, sent) = studio("gemini-2.5-flash-image").sent(Operation::Image, &given);
    assert_eq!(
        sent,
        json!({
            "contents": [{"role": "user", "parts": [{"text": "a boat"}]}],
            "generationConfig": {"responseModalities": ["IMAGE"]}
        })
    );
}

#[test]
fn pictures_that_can_t_be_asked_for_are_refused() {
    const IMAGEN: &str = "imagen-4.0-generate-001";
    const BANANA: &str = "gemini-2.5-flash-image";
    let reference = json!([{"type": "image_url", "image_url": {"url": "https://x.test/a.png"}}]);
    for (model, members, why) in [
        (IMAGEN, json!({"n": 5}), "more than 4 pictures at once"),
        (IMAGEN, json!({"resolution": "4K"}), "a picture of the size 4K"),
        (IMAGEN, json!({"aspect_ratio": "2:3"}), "a picture of the shape 2:3"),
        (IMAGEN, json!({"output_format": "webp"}), "pictures other than PNG and JPEG"),
        (
            IMAGEN,
            json!({"background": "transparent", "output_format": "png"}),
            "pictures with a transparent background",
        ),
        (
            IMAGEN,
            json!({"input_references": reference}),
            "pictures to begin with, for a model that takes texts",
        ),
        (BANANA, json!({"n": 2}), "several pictures at once"),
        (BANANA, json!({"resolution": "2K"}), "a picture of the size 2K"),
        (BANANA, json!({"output_format": "svg"}), "pictures other than PNG and JPEG"),
        (BANANA, json!({"input_references": reference}), "an image by an address"),
    ] {
        let mut given = members.clone();
        given["prompt"] = json!("a boat");
        assert_eq!(studio(model).refusal(Operation::Image, &given), why, "{members}");
    }
}

#[test]
fn speech_is_generated_content() {
    let given = json!({"input": "Hello.", "voice": "Kore", "speed": 1.5});
    let expected = json!({
        "contents": [{"role": "user", "parts": [{"text": "Hello."}]}],
        "generationConfig": {
            "responseModalities": ["AUDIO"],
            "speechConfig": {"voiceConfig": {"prebuiltVoiceConfig": {"voiceName": "Kore"}}}
        }
    });
    let model = "gemini-2.5-flash-preview-tts";
    let (line, sent) = studio(model).sent(Operation::Speech, &given);
    assert_eq!(line, format!("POST https://gemini.test/v1beta/models/{model}:generateContent"));
    assert_eq!(sent, expected);
    let (line, sent) = vertex(model).sent(Operation::Speech, &given);
    assert_eq!(line, format!("POST {VERTEX}/publishers/google/models/{model}:generateContent"));
    assert_eq!(sent, expected);

    let told = json!({
        "input": "Hello.", "voice": "voice_1", "instructions": "Whisper.", "response_format": "wav"
    });
    let (_, sent) = studio("gemini-3.8-flash-tts").sent(Operation::Speech, &told);
    assert_eq!(
        sent,
        json!({
            "contents": [{"role": "user", "parts": [
                {"text": "Hello.", "speechMetadata": {"style": "Whisper."}}
            ]}],
            "generationConfig": {
                "responseModalities": ["AUDIO"],
                "speechConfig": {"voiceConfig": {"voice": "voice_1"}}
            }
        })
    );
    let told = json!({"input": "Hello.", "instructions": "Whisper."});
    let (_, sent) = studio(model).sent(Operation::Speech, &told);
    assert_eq!(
        sent,
        json!({
            "contents": [{"role": "user", "parts": [{"text":
                "Read aloud the text below, and nothing else. How to read it: Whisper.\n\nHello."}]}],
            "generationConfig": {"responseModalities": ["AUDIO"]}
        })
    );
    for (members, why) in [
        (json!({"response_format": "mp3"}), "speech in a form other than pcm and wav"),
        (
            json!({"input_references": [{"type": "text", "text": "x"}]}),
            "speech in the voice of a recording",
        ),
    ] {
        let mut given = members;
        given["input"] = json!("Hello.");
        assert_eq!(studio(model).refusal(Operation::Speech, &given), why);
    }
}
