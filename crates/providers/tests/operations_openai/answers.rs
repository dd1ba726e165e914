//! Recorded answers of `openai-chat` providers, common and odd ones.

use bytes::Bytes;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::TestRunner;
use serde_json::json;
use tollgate_providers::{Adapter as _, Fault, OpenAiChat, Reply};
use tollgate_wire::operation::{Operation, OperationAnswer, OperationCall};

use crate::{Place, call, form, recordings, shown};

pub(crate) fn recording(name: &str) -> Vec<u8> {
    std::fs::read(recordings().join(name)).unwrap()
}

fn read(call: &OperationCall, name: &str) -> Result<OperationAnswer, Fault> {
    Place::of("m").answer(&OpenAiChat, call, &recording(&format!("openai-chat/{name}.json")))
}

fn check(call: &OperationCall, expected: &[(&str, &str)]) {
    for (name, expected) in expected {
        assert_eq!(shown(read(call, name)), *expected, "{name}");
    }
}

fn embeddings() -> OperationCall {
    call(Operation::Embeddings, &json!({"model": "a/b", "input": ["four", "letters"]}))
}

fn rerank() -> OperationCall {
    let documents = ["a", "b", "c"];
    call(Operation::Rerank, &json!({"model": "a/b", "query": "q", "documents": documents}))
}

fn image() -> OperationCall {
    call(Operation::Image, &json!({"model": "a/b", "prompt": "a boat"}))
}

fn speech() -> OperationCall {
    call(Operation::Speech, &json!({"model": "a/b", "input": "hello", "response_format": "mp3"}))
}

fn transcription(format: &str) -> OperationCall {
    form(&json!({"model": "a/b", "response_format": format}), Some("a.mp3"), b"ID3")
}

fn moderation() -> OperationCall {
    call(Operation::Moderation, &json!({"model": "a/b", "input": "hi"}))
}

const GARBAGE: &str =
    "broken: The provider's answer is malformed: expected value at line 1 column 1";
const OVERLOADED: &str = "overloaded: The server is overloaded";
const TOO_LONG: &str = "context_length_exceeded: This model's maximum context length is 512 tokens";

#[test]
fn vectors_are_in_the_order_of_their_inputs() {
    let malformed = |what: &str| format!("broken: The provider's answer is malformed: {what}");
    check(
        &embeddings(),
        &[
            ("embeddings", "[0.0100,1] [0.5, -2.5e-3] | reported prompt 8"),
            ("embeddings-base64", "AACAPw== AAAAQA== | reported prompt 8"),
            ("embeddings-bare", "[1] [2] | reported prompt 4 id emb-7"),
            ("embeddings-one", &malformed("it has 1 vectors for a request with 2")),
            ("embeddings-twice", &malformed("two vectors are number 1")),
            ("embeddings-beyond", &malformed("vector 2 is of no input")),
            ("embeddings-nested", &malformed("a vector is not a list of numbers")),
            ("embeddings-empty", "empty: The provider's answer has no vectors"),
            ("error", OVERLOADED),
            ("error-object", TOO_LONG),
            ("garbage", GARBAGE),
        ],
    );
}

#[test]
fn documents_are_ranked_whoever_ranks_them() {
    let malformed = |what: &str| format!("broken: The provider's answer is malformed: {what}");
    check(
        &rerank(),
        &[
            ("rerank-jina", "2:0.9 0:0.25 1:-3.5 | reported prompt 38 searches 1"),
            ("rerank-cohere", "1:0.7 0:0.1 | reported prompt 30 searches 2 id r-1"),
            ("rerank-voyage", "2:0.5 0:0.4375 1:0.42 | reported prompt 26 searches 1"),
            ("rerank-openrouter", "0:1 | reported prompt 1 searches 1 id gen-1"),
            ("rerank-score", "1:0.5 | estimated prompt 1 searches 1"),
            ("rerank-beyond", &malformed("a result is of no document of the request")),
            ("rerank-twice", &malformed("a document is ranked twice")),
            ("rerank-nothing", "empty: The provider's answer has no results"),
            ("rerank-without", &malformed("it has no results")),
            ("error", OVERLOADED),
            ("garbage", GARBAGE),
        ],
    );
    let body = json!({"model": "a/b", "query": "q", "documents": ["a", "b", "c"], "top_n": 2});
    let best = call(Operation::Rerank, &body);
    check(&best, &[("rerank-voyage", "2:0.5 0:0.4375 | reported prompt 26 searches 1")]);
}

#[test]
fn pictures_are_pictures_and_no_addresses() {
    let malformed = |what: &str| format!("broken: The provider's answer is malformed: {what}");
    check(
        &image(),
        &[
            (
                "images-gpt",
                "image/webp AAAA | reported prompt 50 completion 60 images in 40 image tokens 60 images 1",
            ),
            (
                "images-dall-e",
                "image/png iVBORw0KGgo= image/jpeg /9j/4AAQ | estimated prompt 2 images 2",
            ),
            (
                "images-openrouter",
                "image/svg+xml PHN2ZyA= | reported prompt 4 completion 1300 image tokens 1290 images 1",
            ),
            ("images-data-uri", "image/jpeg /9j/4AAQ | estimated prompt 2 images 1"),
            (
                "images-url",
                &malformed(
                    "a picture is an address, and not the picture itself; nothing is fetched",
                ),
            ),
            ("images-nothing", "empty: The provider's answer has no pictures"),
            ("images-blank", "empty: The provider's answer has no picture where one should be"),
            ("images-garbage", &malformed("a picture is not base64")),
            ("error", OVERLOADED),
            ("garbage", GARBAGE),
        ],
    );
}

#[test]
fn transcripts_come_with_their_times_and_their_price() {
    let malformed = |what: &str| format!("broken: The provider's answer is malformed: {what}");
    let untimed = malformed("a part of the transcript does not say when it begins and ends");
    check(
        &transcription("json"),
        &[
            (
                "transcription-tokens",
                "\"Hello.\" None None | reported prompt 14 completion 5 audio in 12 ms 1",
            ),
            ("transcription-duration", "\"Hello.\" None None | reported ms 9000"),
            ("transcription-odd", "\"Hi.\" None Some(2.5) | reported ms 2500"),
            ("transcription-silent", "\"\" None None | estimated ms 1"),
            ("transcription-untimed", &untimed),
            ("transcription-without", &malformed("missing field `text` at line 1 column 20")),
            ("error", OVERLOADED),
            ("garbage", GARBAGE),
        ],
    );
    check(
        &transcription("verbose_json"),
        &[
            (
                "transcription-verbose",
                r#""Hello there." Some("english") Some(8.47) [{"id":0,"start":0.0,"end":3.32,"text":" Hello there.","no_speech_prob":0.01,"seek":0,"compression_ratio":1.2,"avg_logprob":-0.28,"temperature":0.0,"tokens":[50364]}] (Hello 0-0.5) (there 0.5-1) | reported ms 8470"#,
            ),
            (
                "transcription-diarized",
                r#""Hi. Yes." None Some(2.5) [{"id":0,"start":0.0,"end":1.0,"text":"Hi.","speaker":"A"}] [{"id":1,"start":1.0,"end":2.5,"text":"Yes.","speaker":"agent"}] | reported ms 3000"#,
            ),
        ],
    );
    check(
        &transcription("srt"),
        &[
            ("transcription-duration", &malformed("it has no segments to make subtitles of")),
            ("transcription-silent", "\"\" None None | estimated ms 1"),
        ],
    );
}

#[test]
fn judgements_are_as_many_as_inputs() {
    let malformed = |what: &str| format!("broken: The provider's answer is malformed: {what}");
    check(
        &moderation(),
        &[
            (
                "moderation",
                r#"{"flagged":true,"categories":{"violence":true,"sexual":false},"category_scores":{"violence":0.9700,"sexual":1e-6},"category_applied_input_types":{"violence":["text"],"sexual":[]}} | estimated prompt 1 id modr-1"#,
            ),
            ("moderation-two", &malformed("2 judgements of 1 inputs")),
            ("moderation-nothing", "empty: The provider's answer has no judgement"),
            ("moderation-shapeless", &malformed("`categories` does not say which apply")),
            ("error", OVERLOADED),
        ],
    );
    let two = call(Operation::Moderation, &json!({"model": "a/b", "input": ["a", "b"]}));
    check(
        &two,
        &[(
            "moderation-two",
            r#"{"flagged":false,"categories":{"violence":false,"illicit":null},"category_scores":{"violence":0.1}} {"flagged":true,"categories":{"violence":true},"category_scores":{}} | estimated prompt 1 id modr-1"#,
        )],
    );
    let part = json!({"type": "text", "text": "a"});
    let parts = call(Operation::Moderation, &json!({"model": "a/b", "input": [part, part]}));
    assert!(shown(read(&parts, "moderation")).contains("\"flagged\":true"));
}

#[test]
fn a_sound_is_no_json_and_not_empty() {
    let call = speech();
    let place = Place::of("m");
    let read = |media_type: &str, body: &'static [u8]| {
        let reply = Reply { media_type: media_type.to_owned(), body: Bytes::from_static(body) };
        shown(OpenAiChat.operations().unwrap().answer(&place.task(&call), &reply))
    };
    for (media_type, body, expected) in [
        ("audio/mpeg", &b"ID3"[..], "audio/mpeg b\"ID3\" | estimated prompt 2 characters 5"),
        ("", b"ID3", "audio/mpeg b\"ID3\" | estimated prompt 2 characters 5"),
        ("audio/mpeg", b"", "empty: The provider's answer has no sound"),
        (
            "application/json; charset=utf-8",
            b"{}",
            "broken: The provider's answer is malformed: it is JSON and not sound",
        ),
        (
            "application/json",
            br#"{"error":{"message":"slow down","code":429}}"#,
            "rate_limited: slow down",
        ),
    ] {
        assert_eq!(read(media_type, body), expected, "{media_type}");
    }
}

/// Every recording, every operation: damaged as they may be, they are read or refused.
#[test]
fn no_body_of_a_provider_panics() {
    let calls = [
        embeddings(),
        rerank(),
        image(),
        speech(),
        transcription("json"),
        transcription("srt"),
        moderation(),
    ];
    let folder = recordings().join("openai-chat");
    let mut files: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let bodies: Vec<_> = files.iter().map(|path| std::fs::read(path).unwrap()).collect();
    assert!(bodies.len() > 30);
    let place = Place::of("m");
    let read_all = |body: &[u8]| {
        for call in &calls {
            let answer = place.answer(&OpenAiChat, call, body);
            assert!(!shown(answer).is_empty());
        }
    };
    for body in &bodies {
        for end in 0..body.len() {
            read_all(&body[..end]);
        }
    }
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) };
    let damage = (any::<Index>(), any::<Index>(), any::<u8>());
    TestRunner::new(config)
        .run(&damage, |(which, at, byte)| {
            let mut body = which.get(&bodies).clone();
            let at = at.index(body.len());
            body[at] = byte;
            read_all(&body);
            Ok(())
        })
        .unwrap();
    TestRunner::new(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(256)
    })
    .run(&proptest::collection::vec(any::<u8>(), 0..64), |body| {
        read_all(&body);
        Ok(())
    })
    .unwrap();
}
