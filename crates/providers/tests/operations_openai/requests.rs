//! Calls as they are encoded for `openai-chat`, but for images.

use http::Method;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use serde_json::{Value, json};
use tollgate_catalog::{OperationStyle, Quirks};
use tollgate_providers::{Adapter as _, OpenAiChat};
use tollgate_wire::operation::Operation;

use crate::{Place, call, form, parts};

fn sent(model: &'static str, operation: Operation, body: &Value) -> (String, Value) {
    Place::of(model).sent(&OpenAiChat, &call(operation, body))
}

#[test]
fn a_request_has_its_address_and_headers() {
    let call = call(Operation::Embeddings, &json!({"model": "a/b", "input": "hi"}));
    let mut place = Place::of("text-embedding-3-small");
    place.quirks.extra_headers.insert("x-team".to_owned(), "search".to_owned());
    let request = place.encode(&OpenAiChat, &call).unwrap();
    assert_eq!(request.method(), Method::POST);
    assert_eq!(request.uri(), "https://openai.test/v1/embeddings");
    assert_eq!(request.headers()[AUTHORIZATION], "Bearer sk-x");
    assert!(request.headers()[AUTHORIZATION].is_sensitive());
    assert_eq!(request.headers()[CONTENT_TYPE], "application/json");
    assert_eq!(request.headers()["x-team"], "search");
    assert_eq!(request.body(), r#"{"model":"text-embedding-3-small","input":"hi","user":"u-1"}"#);
    for operation in Operation::ALL {
        assert!(OpenAiChat.operations().unwrap().performs(operation));
    }
}

#[test]
fn embeddings_go_as_they_came_but_for_what_is_ours() {
    let given = json!({
        "model": "a/b", "models": ["c/d"], "user": "me", "provider": {"only": ["x"]},
        "session_id": "s", "trace": {}, "stream": false, "truncate": "END", "nothing": null,
        "input": [[1, 2], "three"], "dimensions": 256, "encoding_format": "base64",
        "input_type": "search_query"
    });
    let expected = json!({
        "model": "BAAI/bge-m3", "input": [[1, 2], "three"], "dimensions": 256, "truncate": "END",
        "encoding_format": "base64", "input_type": "search_query", "user": "u-1"
    });
    assert_eq!(
        sent("BAAI/bge-m3", Operation::Embeddings, &given),
        ("/v1/embeddings".to_owned(), expected)
    );
    let given = json!({
        "model": "a/b", "input": "x", "encoding_format": "float", "input_type": "search_query"
    });
    for model in ["text-embedding-3-large", "openai/text-embedding-ada-002"] {
        let expected = json!({"model": model, "input": "x", "user": "u-1"});
        assert_eq!(sent(model, Operation::Embeddings, &given).1, expected);
    }
}

#[test]
fn parts_that_are_embedded_together_have_the_contracts_form() {
    let content = json!([
        {"type": "text", "text": "a"},
        {"type": "image_url", "image_url": {"url": "https://x.test/a.png"}},
        {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "mp3"}},
        {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBE"}}
    ]);
    let given = json!({"model": "a/b", "input": [{"content": content}, "b"]});
    let request = call(Operation::Embeddings, &given);
    let (_, body) = Place::of("m").sent(&OpenAiChat, &request);
    assert_eq!(body["input"], given["input"]);
    // What was fetched takes the place of its address.
    let media = [("https://x.test/a.png".to_owned(), "data:image/png;base64,iVBO".to_owned())];
    let (_, body) = Place::of("m").sent(&OpenAiChat, &request.with_media(&media));
    assert_eq!(
        body["input"][0]["content"][1],
        json!({"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBO"}})
    );
}

#[test]
fn documents_are_bare_where_they_are_text() {
    let given = json!({
        "model": "a/b", "query": "q", "top_n": 2, "max_chunks_per_doc": 3,
        "documents": ["a", {"text": "b"}, {"image": "https://x.test/a.png"},
            {"text": "c", "image": "data:image/png;base64,iVBO"}]
    });
    let expected = json!({
        "model": "jina-reranker-m0", "query": "q", "top_n": 2, "max_chunks_per_doc": 3,
        "documents": ["a", "b", {"image": "https://x.test/a.png"},
            {"text": "c", "image": "data:image/png;base64,iVBO"}],
        "return_documents": false, "user": "u-1"
    });
    assert_eq!(
        sent("jina-reranker-m0", Operation::Rerank, &given),
        ("/v1/rerank".to_owned(), expected)
    );
    let drop_params = vec!["return_documents".to_owned(), "user".to_owned()];
    let quirks = Quirks { drop_params, ..Quirks::default() };
    let place = Place { quirks, ..Place::of("m") };
    let given = call(Operation::Rerank, &json!({"model": "a/b", "query": "q", "documents": ["a"]}));
    assert_eq!(
        place.sent(&OpenAiChat, &given).1,
        json!({"model": "m", "query": "q", "documents": ["a"]})
    );
}

#[test]
fn speech_names_a_voice_and_a_form() {
    for (given, expected) in [
        (json!({}), json!({"voice": "alloy", "response_format": "pcm"})),
        (
            json!({"voice": "coral", "response_format": "mp3", "speed": 1.5, "stream_format": "audio",
                "instructions": "softly", "style": 2}),
            json!({"voice": "coral", "response_format": "mp3", "speed": 1.5,
                "instructions": "softly", "style": 2}),
        ),
    ] {
        let mut body = json!({"model": "a/b", "input": "hi"});
        let mut wanted = json!({"model": "tts-1", "input": "hi", "user": "u-1"});
        for (object, more) in [(&mut body, given), (&mut wanted, expected)] {
            object.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        }
        let request = call(Operation::Speech, &body);
        assert!(OpenAiChat.operations().unwrap().passes_on(&request));
        let sent = Place::of("tts-1").sent(&OpenAiChat, &request);
        assert_eq!(sent, ("/v1/audio/speech".to_owned(), wanted));
    }
}

#[test]
fn only_openrouter_takes_the_recording_of_a_voice() {
    let references = json!([{"type": "text", "text": "slowly"}]);
    let given = json!({"model": "a/b", "input": "hi", "input_references": references});
    let given = call(Operation::Speech, &given);
    assert_eq!(
        Place::of("tts-1").refusal(&OpenAiChat, &given),
        "speech in the voice of a recording"
    );
    let place = Place::styled("m", OperationStyle::OpenRouter);
    assert_eq!(
        place.sent(&OpenAiChat, &given).1,
        json!({"model": "m", "input": "hi", "input_references": references,
            "response_format": "pcm", "user": "u-1"})
    );
}

#[test]
fn moderations_go_as_they_came() {
    for input in [
        json!("a"),
        json!(["a", "b"]),
        json!([{"type": "text", "text": "a"},
            {"type": "image_url", "image_url": {"url": "https://x.test/a.png"}}]),
    ] {
        let given = json!({"model": "a/b", "input": input, "user": "me"});
        let expected = json!({"model": "omni-moderation-latest", "input": input, "user": "u-1"});
        assert_eq!(
            sent("omni-moderation-latest", Operation::Moderation, &given),
            ("/v1/moderations".to_owned(), expected)
        );
    }
}

const FILE: &str = "name=\"file\"; filename=\"a.wav\" | Content-Type: audio/wav";

#[test]
fn a_recording_goes_as_a_form() {
    let fields = json!({
        "model": "a/b", "language": "de", "prompt": "Tollgate", "temperature": "0.2",
        "response_format": "verbose_json", "timestamp_granularities": ["word", "segment"],
        "user": "me", "include": ["logprobs"], "provider": {"only": ["x"]}
    });
    let given = form(&fields, Some("a.wav"), b"RIFF\x00\x01");
    let request = Place::of("whisper-1").encode(&OpenAiChat, &given).unwrap();
    assert_eq!(request.uri(), "https://openai.test/v1/audio/transcriptions");
    assert_eq!(request.headers()[AUTHORIZATION], "Bearer sk-x");
    let expected = [
        (FILE, "RIFF\0\u{1}"),
        ("name=\"model\"", "whisper-1"),
        ("name=\"language\"", "de"),
        ("name=\"prompt\"", "Tollgate"),
        ("name=\"temperature\"", "0.2"),
        ("name=\"response_format\"", "verbose_json"),
        ("name=\"timestamp_granularities[]\"", "word"),
        ("name=\"timestamp_granularities[]\"", "segment"),
        ("name=\"include[]\"", "logprobs"),
    ];
    assert_eq!(parts(&request), expected.map(|(head, text)| (head.to_owned(), text.to_owned())));
}

/// The form of the answer that is asked for, with what is timed; or why none is.
fn asked(model: &'static str, fields: &Value) -> Result<Vec<String>, String> {
    let mut all = json!({"model": "a/b"});
    all.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    let given = form(&all, Some("a.wav"), b"RIFF");
    let request = Place::of(model).encode(&OpenAiChat, &given).map_err(|it| it.to_string())?;
    let parts = parts(&request).into_iter();
    Ok(parts.filter(|(head, _)| head.len() > 14 && !head.contains("file")).map(|it| it.1).collect())
}

#[test]
fn subtitles_are_made_of_a_verbose_answer() {
    let format = |name: &str| json!({ "response_format": name });
    for (name, of_whisper) in [
        ("json", "json"),
        ("text", "json"),
        ("srt", "verbose_json"),
        ("vtt", "verbose_json"),
        ("verbose_json", "verbose_json"),
    ] {
        assert_eq!(asked("whisper-1", &format(name)), Ok(vec![of_whisper.to_owned()]), "{name}");
        let of_gpt = if of_whisper == "json" {
            Ok(vec!["json".to_owned()])
        } else {
            Err(format!("response_format `{name}` with `gpt-4o-mini-transcribe`"))
        };
        assert_eq!(asked("openai/gpt-4o-mini-transcribe", &format(name)), of_gpt, "{name}");
    }
    let diarized = |format| vec![String::from(format), "auto".to_owned()];
    let model = "gpt-4o-transcribe-diarize";
    assert_eq!(asked(model, &format("vtt")), Ok(diarized("diarized_json")));
    assert_eq!(asked(model, &format("json")), Ok(diarized("json")));
    let chunked = json!({"response_format": "json", "chunking_strategy": {"type": "server_vad"}});
    let sent = vec!["json".to_owned(), r#"{"type":"server_vad"}"#.to_owned()];
    assert_eq!(asked(model, &chunked), Ok(sent));
    // What is timed is not said where nothing is.
    let timed = json!({"response_format": "json", "timestamp_granularities": ["word"]});
    assert_eq!(asked("whisper-1", &timed), Ok(vec!["json".to_owned()]));
}

#[test]
fn a_recording_in_json_gets_a_name_that_says_its_format() {
    let body = json!({"model": "a/b", "input_audio": {"data": "SUQz", "format": "mp3"}});
    let given = call(Operation::Transcription, &body);
    let request = Place::of("whisper-1").encode(&OpenAiChat, &given).unwrap();
    let head = "name=\"file\"; filename=\"audio.mp3\" | Content-Type: audio/mpeg";
    let expected =
        [(head, "ID3"), ("name=\"model\"", "whisper-1"), ("name=\"response_format\"", "json")];
    assert_eq!(parts(&request), expected.map(|(head, text)| (head.to_owned(), text.to_owned())));
    // A file that says nothing of its format stays as it is.
    let given = form(&json!({"model": "a/b"}), Some("voice"), b"ID3");
    let request = Place::of("whisper-1").encode(&OpenAiChat, &given).unwrap();
    assert_eq!(
        parts(&request)[0].0,
        "name=\"file\"; filename=\"voice\" | Content-Type: application/octet-stream"
    );
}
