//! Answers: recorded ones, and what must not become one.

use std::fmt::Write as _;

use serde_json::{Value, json};
use tollgate_providers::Fault;
use tollgate_wire::operation::{Operation, OperationAnswer, OperationContent, Vector};

use crate::google::{studio, vertex};
use crate::{PNG, Place, bedrock, cohere, ollama, recording};

const IMAGEN: &str = "imagen-4.0-generate-001";

/// A question, and whom it is put to.
struct Asked {
    place: Place,
    operation: Operation,
    body: Value,
}

fn embedding(place: Place, inputs: &[&str]) -> Asked {
    Asked { place, operation: Operation::Embeddings, body: json!({ "input": inputs }) }
}

fn ranking(place: Place) -> Asked {
    let body = json!({"query": "q", "documents": ["a", "b", "c", "d"]});
    Asked { place, operation: Operation::Rerank, body }
}

fn drawing(place: Place, count: u64) -> Asked {
    let body = json!({"prompt": "a boat", "n": count});
    Asked { place, operation: Operation::Image, body }
}

fn speaking(place: Place, format: &str) -> Asked {
    let body = json!({"input": "Hello.", "response_format": format});
    Asked { place, operation: Operation::Speech, body }
}

/// Every recording, with what was asked.
fn recorded() -> Vec<(Asked, &'static str)> {
    let two = &["hi", "ho"];
    let embed_v4 = || cohere::place("embed-v4.0");
    let banana = || studio("gemini-2.5-flash-image");
    let tts = || studio("gemini-2.5-flash-preview-tts");
    let canvas = || bedrock::place("amazon.nova-canvas-v1:0");
    let titan = || bedrock::place("amazon.titan-embed-text-v2:0");
    let image = json!({"type": "image_url", "image_url": {"url": PNG}});
    let images = Asked {
        body: json!({"input": [{"content": [image]}, {"content": [image]}]}),
        ..embedding(embed_v4(), two)
    };
    vec![
        (embedding(embed_v4(), two), "cohere-embed.json"),
        (images, "cohere-embed-images.json"),
        (embedding(embed_v4(), two), "cohere-error.json"),
        (ranking(cohere::place("rerank-v4.0")), "cohere-rerank.json"),
        (embedding(studio("gemini-embedding-2"), two), "gemini-embed.json"),
        (embedding(studio("gemini-embedding-2"), two), "gemini-error.json"),
        (drawing(studio("gemini-3-pro-image-preview"), 1), "gemini-image.json"),
        (drawing(banana(), 1), "gemini-image-refused.json"),
        (drawing(banana(), 1), "gemini-image-talk.json"),
        (drawing(banana(), 1), "gemini-blocked.json"),
        (speaking(tts(), "pcm"), "gemini-speech.json"),
        (speaking(tts(), "wav"), "gemini-speech.json"),
        (speaking(tts(), "pcm"), "gemini-speech-wav.json"),
        (speaking(tts(), "wav"), "gemini-speech-wav.json"),
        (speaking(tts(), "pcm"), "gemini-speech-cut.json"),
        (drawing(studio(IMAGEN), 2), "imagen.json"),
        (drawing(vertex(IMAGEN), 4), "imagen.json"),
        (drawing(studio(IMAGEN), 1), "imagen-filtered.json"),
        (drawing(studio(IMAGEN), 1), "imagen-empty.json"),
        (embedding(vertex("text-embedding-005"), two), "vertex-predict.json"),
        (embedding(vertex("gemini-embedding-2"), &["hi"]), "vertex-embed-content.json"),
        (embedding(vertex("gemini-embedding-001"), &["hi"]), "gemini-error.json"),
        (embedding(ollama::place(), two), "ollama-embed.json"),
        (embedding(ollama::place(), two), "ollama-error.json"),
        (embedding(titan(), &["hi"]), "titan-embed.json"),
        (embedding(titan(), &["hi"]), "titan-error.json"),
        (
            embedding(bedrock::place("amazon.nova-2-multimodal-embeddings-v1:0"), &["hi"]),
            "nova-embed.json",
        ),
        (embedding(bedrock::place("us.cohere.embed-v4:0"), two), "bedrock-cohere-embed.json"),
        (
            embedding(bedrock::place("cohere.embed-english-v3"), two),
            "bedrock-cohere-embed-plain.json",
        ),
        (ranking(bedrock::place("amazon.rerank-v1:0")), "bedrock-rerank.json"),
        (drawing(canvas(), 2), "nova-canvas.json"),
        (drawing(canvas(), 2), "nova-canvas-filtered.json"),
    ]
}

impl Asked {
    fn read(&self, answer: &[u8]) -> Result<OperationAnswer, Fault> {
        self.place.read(self.operation, &self.body, answer)
    }

    fn rendered(&self, answer: &[u8]) -> String {
        match self.read(answer) {
            Ok(answer) => rendered(&answer),
            Err(fault) => format!(
                "{} {:?} {}",
                fault.kind.as_str(),
                fault.code.unwrap_or_default(),
                fault.message.unwrap_or_default()
            ),
        }
    }
}

fn rendered(answer: &OperationAnswer) -> String {
    let mut text = String::new();
    match &answer.content {
        OperationContent::Embeddings(vectors) => {
            for vector in vectors {
                match vector {
                    Vector::Numbers(raw) => write!(text, "{raw} ").unwrap(),
                    Vector::Base64(packed) => write!(text, "{packed} ").unwrap(),
                }
            }
        }
        OperationContent::Rerank(ranked) => {
            for it in ranked {
                write!(text, "{}:{} ", it.index, it.relevance_score).unwrap();
            }
        }
        OperationContent::Image(images) => {
            for it in images {
                write!(text, "{}={} ", it.media_type.as_deref().unwrap(), it.data).unwrap();
            }
        }
        OperationContent::Speech(speech) => {
            write!(text, "{}={:?} ", speech.media_type, speech.audio).unwrap();
        }
        other => panic!("{other:?}"),
    }
    let usage = answer.usage;
    write!(text, "{:?}", usage.source).unwrap();
    for (name, count) in [
        ("prompt", usage.prompt_tokens),
        ("completion", usage.completion_tokens),
        ("reasoning", usage.reasoning_tokens),
        ("image_prompt", usage.image_prompt_tokens),
        ("image_completion", usage.image_completion_tokens),
        ("audio_completion", usage.audio_completion_tokens),
        ("prompt_images", usage.prompt_images),
        ("prompt_characters", usage.prompt_characters),
        ("completion_images", usage.completion_images),
        ("search_units", usage.search_units),
    ] {
        if count > 0 {
            write!(text, " {name}={count}").unwrap();
        }
    }
    if let Some(id) = &answer.upstream_id {
        write!(text, " id={id}").unwrap();
    }
    text
}

#[test]
fn recorded_answers_are_read() {
    let wav = r#"b"RIFF*\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\xc0]\0\0\x80\xbb\0\0\x02\0\x10\0data\x06\0\0\0\x01\0\x02\0\xff\xff""#;
    let expected = [
        "[0.016296387,-0.008354187,-0.04699707] [0.1,0.2500,-1e-05] Reported prompt=2 id=da6e531f-54c5-4a73-bf92-f60566d8d753",
        "AACAPwAAAEA= AAAAAAAAgD8= Reported prompt=512 image_prompt=512 prompt_images=2 id=5807ee2e-0cda-445a-9ec8-864c60a06606",
        "context_length_exceeded \"\" too many tokens: total number of tokens cannot exceed 128000",
        "3:0.999071 2:0.7867867 0:0.32713068 Reported prompt=2 search_units=1 id=07734bd2-2473-4f07-94e1-0d9f0e6843cf",
        "[0.013168523, -0.008711934, -0.046782676] [0.02, 0.03, 0.04] Reported prompt=261 image_prompt=258",
        "rate_limited \"RESOURCE_EXHAUSTED\" Resource has been exhausted (e.g. check quota).",
        "image/png=iVBORw== Reported prompt=9 completion=1442 reasoning=147 image_completion=1290 completion_images=1 id=b0xZaKuoO6",
        "content_policy \"IMAGE_SAFETY\" The provider's filters took the answer",
        "empty \"STOP\" What should the boat look like?",
        "content_policy \"PROHIBITED_CONTENT\" The prompt was refused: PROHIBITED_CONTENT",
        r#"audio/pcm=b"\x01\0\x02\0\xff\xff" Reported prompt=7 completion=45 audio_completion=45 prompt_characters=6 id=s-1"#,
        &format!(
            "audio/wav={wav} Reported prompt=7 completion=45 audio_completion=45 prompt_characters=6 id=s-1"
        ),
        r#"audio/pcm=b"\x01\0\x02\0\xff\xff" Reported prompt=7 completion=45 prompt_characters=6 id=s-2"#,
        &format!("audio/wav={wav} Reported prompt=7 completion=45 prompt_characters=6 id=s-2"),
        "truncated \"\" The provider's answer broke off before it was complete",
        "image/png=iVBORw== image/png=iVBORw0= Estimated prompt=2 completion_images=2",
        "image/png=iVBORw== image/png=iVBORw0= Estimated prompt=2 completion_images=2",
        "content_policy \"\" Unable to show generated images. All images were filtered out because they violated usage guidelines. Support codes: 56562880",
        "empty \"\" The provider's answer has no pictures",
        "[-0.06424779444932938,0.03474659472703934] [0.1,0.2] Reported prompt=15 prompt_characters=42",
        "[0.5,0.25] Reported prompt=260 image_prompt=258",
        "rate_limited \"RESOURCE_EXHAUSTED\" Resource has been exhausted (e.g. check quota).",
        "[0.010071029,-0.0017594862] [-0.0098027075,0.06042469] Reported prompt=8",
        "model_missing \"\" model 'nomic-embed-text' not found",
        "[-0.09192,0.046,0.03] Reported prompt=3",
        "broken \"\" Could not decode the image",
        "[0.031115104,0.032478657] Estimated prompt=1",
        "[0.01,0.02] [0.03,0.04] Estimated prompt=1 id=e4fc1c4d",
        "[0.01,0.02] [0.03,0.04] Estimated prompt=1 id=e4fc1c4d",
        "1:0.9 0:0.1 Estimated prompt=2 search_units=1",
        "image/png=iVBORw== image/png=iVBORw0= Estimated prompt=2 completion_images=2",
        "content_policy \"\" All of the generated images have been blocked by our content filters.",
    ];
    let recorded = recorded();
    assert_eq!(recorded.len(), expected.len());
    for ((asked, name), expected) in recorded.iter().zip(expected) {
        assert_eq!(asked.rendered(&recording(name)), expected, "{name}");
    }
}

#[test]
fn an_answer_to_another_question_is_malformed() {
    for (asked, name) in [
        (embedding(cohere::place("embed-v4.0"), &["hi"]), "cohere-embed.json"),
        (embedding(cohere::place("embed-v4.0"), &["a", "b", "c"]), "cohere-embed.json"),
        (embedding(studio("gemini-embedding-001"), &["hi"]), "gemini-embed.json"),
        (embedding(vertex("text-embedding-005"), &["hi"]), "vertex-predict.json"),
        (embedding(vertex("text-embedding-005"), &["hi", "ho"]), "vertex-embed-content.json"),
        (embedding(ollama::place(), &["hi"]), "ollama-embed.json"),
        (embedding(bedrock::place("cohere.embed-v4:0"), &["hi"]), "bedrock-cohere-embed.json"),
        (drawing(studio(IMAGEN), 1), "imagen.json"),
        (drawing(bedrock::place("amazon.nova-canvas-v1:0"), 1), "nova-canvas.json"),
        (
            Asked {
                body: json!({"query": "q", "documents": ["a", "b"]}),
                ..ranking(cohere::place("rerank-v4.0"))
            },
            "cohere-rerank.json",
        ),
    ] {
        let rendered = asked.rendered(&recording(name));
        assert!(
            rendered.starts_with("broken \"\" The provider's answer is malformed: "),
            "{name} {rendered}"
        );
    }
}

#[test]
fn nothing_at_all_is_empty() {
    for (asked, body) in [
        (embedding(cohere::place("embed-v4.0"), &["hi"]), r#"{"embeddings":{"float":[]}}"#),
        (ranking(cohere::place("rerank-v4.0")), r#"{"results":[]}"#),
        (embedding(studio("gemini-embedding-001"), &["hi"]), r#"{"embeddings":[]}"#),
        (embedding(studio("gemini-embedding-001"), &["hi"]), "{}"),
        (embedding(vertex("text-embedding-005"), &["hi"]), r#"{"predictions":[]}"#),
        (embedding(ollama::place(), &["hi"]), r#"{"embeddings":[]}"#),
        (drawing(studio("gemini-2.5-flash-image"), 1), r#"{"candidates":[]}"#),
        (
            speaking(studio("gemini-2.5-flash-preview-tts"), "wav"),
            r#"{"candidates":[{"content":{"parts":[{"inlineData":{"mimeType":"audio/pcm","data":""}}]}}]}"#,
        ),
        (drawing(bedrock::place("amazon.nova-canvas-v1:0"), 1), r#"{"images":[]}"#),
    ] {
        assert!(asked.rendered(body.as_bytes()).starts_with("empty "), "{body}");
    }
}

/// Every value of a document, replaced one at a time by each of these.
fn spoilt(document: &Value, each: &mut dyn FnMut(&Value)) {
    let replacements = [
        Value::Null,
        json!(true),
        json!(-1),
        json!(1.5),
        json!(u64::MAX),
        json!(""),
        json!("\u{e9}\u{0}"),
        json!([]),
        json!([[[]]]),
        json!({}),
        json!({"error": {"code": 99999, "message": ["x"]}}),
    ];
    let pointers = pointers(document);
    for pointer in &pointers {
        for replacement in &replacements {
            let mut changed = document.clone();
            *changed.pointer_mut(pointer).unwrap() = replacement.clone();
            each(&changed);
        }
    }
}

fn pointers(value: &Value) -> Vec<String> {
    let mut all = vec![String::new()];
    let children: Vec<(String, &Value)> = match value {
        Value::Array(list) => {
            list.iter().enumerate().map(|(at, it)| (at.to_string(), it)).collect()
        }
        Value::Object(members) => members.iter().map(|(key, it)| (key.clone(), it)).collect(),
        _ => Vec::new(),
    };
    for (key, child) in children {
        all.extend(pointers(child).into_iter().map(|rest| format!("/{key}{rest}")));
    }
    all
}

/// What an answer must be whatever it was made of.
fn check(asked: &Asked, answer: &OperationAnswer, body: &str) {
    match &answer.content {
        OperationContent::Embeddings(vectors) => {
            let wanted = asked.body["input"].as_array().unwrap().len();
            assert_eq!(vectors.len(), wanted, "{body}");
            for vector in vectors {
                let Vector::Numbers(raw) = vector else { continue };
                let numbers: Vec<f64> = serde_json::from_str(raw.get()).unwrap();
                assert!(!numbers.is_empty(), "{body}");
            }
        }
        OperationContent::Rerank(ranked) => {
            let documents = asked.body["documents"].as_array().unwrap().len();
            assert!(ranked.iter().all(|it| it.index < documents), "{body}");
            assert!(ranked.is_sorted_by(|one, next| one.relevance_score >= next.relevance_score));
        }
        OperationContent::Image(images) => {
            let wanted = asked.body["n"].as_u64().unwrap();
            let found = u64::try_from(images.len()).unwrap();
            assert!((1..=wanted).contains(&found), "{body}");
            assert!(images.iter().all(|it| !it.data.is_empty()), "{body}");
        }
        OperationContent::Speech(speech) => assert!(!speech.audio.is_empty(), "{body}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn no_body_panics_or_becomes_half_an_answer() {
    let all = recorded();
    for (asked, name) in &all {
        let bytes = recording(name);
        let whole = bytes.trim_ascii_end();
        for length in 0..whole.len() {
            let cut = asked.read(&whole[..length]);
            assert!(cut.is_err(), "{name} {length}");
        }
        let document: Value = serde_json::from_slice(&bytes).unwrap();
        spoilt(&document, &mut |changed| {
            let body = changed.to_string();
            if let Ok(answer) = asked.read(body.as_bytes()) {
                check(asked, &answer, &body);
            }
        });
    }
    // Each asked gets each other's answer, too.
    for (asked, _) in &all {
        for (_, name) in &all {
            if let Ok(answer) = asked.read(&recording(name)) {
                check(asked, &answer, name);
            }
        }
        let deep = "[".repeat(100_000);
        for body in ["", " ", "null", "\"x\"", "[]", "\u{0}", deep.as_str()] {
            assert!(asked.read(body.as_bytes()).is_err(), "{body:.20}");
        }
    }
}
