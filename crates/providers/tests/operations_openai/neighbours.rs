//! Protocols next to OpenAI's: Azure's and Mistral's.

use http::header::AUTHORIZATION;
use serde_json::{Value, json};
use tollgate_catalog::Auth;
use tollgate_providers::{Adapter, AzureOpenAi, Mistral};
use tollgate_wire::operation::{Operation, OperationCall};

use crate::answers::recording;
use crate::{Place, call, form, parts, shown};

fn speech() -> OperationCall {
    call(Operation::Speech, &json!({"model": "a/b", "input": "hi"}))
}

fn moderation(input: &Value) -> OperationCall {
    call(Operation::Moderation, &json!({"model": "a/b", "input": input}))
}

fn embeddings(members: &Value) -> OperationCall {
    let mut body = json!({"model": "a/b"});
    body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    call(Operation::Embeddings, &body)
}

#[test]
fn azure_has_deployments_or_names_the_model() {
    let recorded = form(&json!({"model": "a/b"}), Some("a.wav"), b"RIFF");
    let picture = call(Operation::Image, &json!({"model": "a/b", "prompt": "a boat"}));
    for (base_url, prefix, query) in [
        (
            "https://acme.openai.azure.test",
            "/openai/deployments/d/",
            Some("api-version=2024-10-21"),
        ),
        ("https://acme.openai.azure.test/openai/v1", "/openai/v1/", None),
    ] {
        let place = Place { base_url, auth: Auth::ApiKey, ..Place::of("d") };
        for (call, path) in [
            (&embeddings(&json!({"input": "hi"})), "embeddings"),
            (&speech(), "audio/speech"),
            (&picture, "images/generations"),
            (&recorded, "audio/transcriptions"),
        ] {
            let request = place.encode(&AzureOpenAi, call).unwrap();
            assert_eq!(request.uri().path(), format!("{prefix}{path}"));
            assert_eq!(request.uri().query(), query);
            assert_eq!(request.headers()["api-key"], "sk-x");
            assert!(!request.headers().contains_key(AUTHORIZATION));
        }
    }
    let place = Place { base_url: "https://x.test", auth: Auth::ApiKey, ..Place::of("d") };
    assert_eq!(
        place.sent(&AzureOpenAi, &embeddings(&json!({"input": ["hi"], "dimensions": 8}))).1,
        json!({"model": "d", "input": ["hi"], "dimensions": 8, "user": "u-1"})
    );
    assert_eq!(
        place.refusal(&AzureOpenAi, &moderation(&json!("hi"))),
        "moderation by this protocol"
    );
    let operations = AzureOpenAi.operations().unwrap();
    let performed = Operation::ALL.map(|operation| operations.performs(operation));
    assert_eq!(performed, [true, false, true, true, true, false]);
    assert!(operations.passes_on(&speech()));
    assert!(!operations.passes_on(&picture));
}

fn mistral(model: &'static str) -> Place {
    Place { base_url: "https://mistral.test", ..Place::of(model) }
}

#[test]
fn mistral_is_sent_only_what_it_documents() {
    let given = embeddings(&json!({
        "input": ["a", {"content": [{"type": "text", "text": "b"}]}], "dimensions": 256,
        "encoding_format": "base64", "input_type": "search_query", "user": "me", "truncate": true,
        "metadata": {"team": "x"}
    }));
    assert_eq!(
        mistral("codestral-embed").sent(&Mistral, &given),
        (
            "/v1/embeddings".to_owned(),
            json!({"model": "codestral-embed", "input": ["a", "b"], "output_dimension": 256,
                "encoding_format": "base64", "metadata": {"team": "x"}})
        )
    );
    let given = embeddings(&json!({"input": "a"}));
    assert_eq!(
        mistral("mistral-embed").sent(&Mistral, &given).1,
        json!({"model": "mistral-embed", "input": ["a"]})
    );
    let image = json!({"type": "image_url", "image_url": {"url": "https://x.test/a.png"}});
    for (given, refusal) in [
        (embeddings(&json!({"input": [1, 2]})), "embeddings of tokens"),
        (embeddings(&json!({"input": [{"content": [image]}]})), "embeddings of several parts"),
        (moderation(&json!([image])), "moderation of pictures"),
        (speech(), "tts by this protocol"),
    ] {
        assert_eq!(mistral("m").refusal(&Mistral, &given), refusal);
    }
    for (input, sent) in [
        (json!("a"), json!(["a"])),
        (json!(["a", "b"]), json!(["a", "b"])),
        (json!([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]), json!(["a\nb"])),
    ] {
        assert_eq!(
            mistral("m").sent(&Mistral, &moderation(&input)),
            ("/v1/moderations".to_owned(), json!({"model": "m", "input": sent}))
        );
    }
}

#[test]
fn mistral_hears_times_or_a_language() {
    const FILE: &str = "name=\"file\"; filename=\"a.wav\" | Content-Type: audio/wav";
    for (fields, expected) in [
        (json!({"language": "de"}), vec![("language", "de")]),
        (
            json!({"language": "de", "response_format": "vtt", "temperature": "0", "prompt": "x"}),
            vec![("timestamp_granularities", "segment"), ("temperature", "0")],
        ),
        (
            json!({"response_format": "verbose_json", "timestamp_granularities": ["word"],
                "diarize": "true", "other": "x"}),
            vec![("timestamp_granularities", "word"), ("diarize", "true")],
        ),
    ] {
        let mut all = json!({"model": "a/b"});
        all.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        let given = form(&all, Some("a.wav"), b"RIFF");
        let request = mistral("voxtral-mini-latest").encode(&Mistral, &given).unwrap();
        assert_eq!(request.uri(), "https://mistral.test/v1/audio/transcriptions");
        let mut wanted = vec![
            (FILE.to_owned(), "RIFF".to_owned()),
            ("name=\"model\"".to_owned(), "voxtral-mini-latest".to_owned()),
        ];
        let more = expected.into_iter();
        wanted.extend(more.map(|(name, text)| (format!("name=\"{name}\""), text.to_owned())));
        assert_eq!(parts(&request), wanted, "{fields}");
    }
}

#[test]
fn mistrals_answers_are_read_as_openais() {
    let recorded =
        form(&json!({"model": "a/b", "response_format": "verbose_json"}), Some("a.mp3"), b"ID3");
    for (name, call, expected) in [
        (
            "embeddings",
            embeddings(&json!({"input": "hi"})),
            "[-0.016,0.1] | reported prompt 5 id 98d1",
        ),
        (
            "moderation",
            moderation(&json!(["a", "b"])),
            r#"{"flagged":true,"categories":{"sexual":false,"selfharm":true},"category_scores":{"sexual":0.00001,"selfharm":0.99}} {"flagged":false,"categories":{"sexual":false,"selfharm":false},"category_scores":{"sexual":0.00001,"selfharm":0.02}} | reported prompt 9 id 4d71"#,
        ),
        (
            "transcription",
            recorded,
            r#""Hello there." Some("en") None [{"id":0,"start":0.4,"end":1.7,"text":"Hello there.","speaker":"speaker_1","score":null}] | reported prompt 4 completion 35 ms 4000"#,
        ),
    ] {
        let body = recording(&format!("mistral/{name}.json"));
        assert_eq!(shown(mistral("m").answer(&Mistral, &call, &body)), expected, "{name}");
    }
}
