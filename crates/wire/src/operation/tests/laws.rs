//! What holds for every vector and every request.

use bytes::Bytes;
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use tollgate_types::Usage;

use super::support::{form, raw, read, rendered};
use crate::operation::{Operation, OperationCall, OperationContent, Vector};

/// Names that the readers know, and texts that some of them take.
const WORDS: &[&str] = &[
    "input",
    "content",
    "type",
    "text",
    "image_url",
    "url",
    "input_audio",
    "input_file",
    "data",
    "format",
    "file",
    "file_data",
    "query",
    "documents",
    "image",
    "top_n",
    "prompt",
    "n",
    "size",
    "1K",
    "9x9",
    "aspect_ratio",
    "16:9",
    "input_references",
    "response_format",
    "b64_json",
    "verbose_json",
    "timestamp_granularities",
    "word",
    "temperature",
    "speed",
    "seed",
    "model",
    "https://x.test/a",
    "data:image/png;base64,AAAA",
    "AAAA",
    "",
    "é",
];

fn word() -> impl Strategy<Value = String> {
    (0..WORDS.len()).prop_map(|at| WORDS[at].to_owned())
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        (-2_i64..20).prop_map(|number| json!(number)),
        any::<f64>().prop_map(|number| json!(number)),
        word().prop_map(Value::String),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            members(inner).prop_map(Value::Object),
        ]
    })
}

fn members(value: impl Strategy<Value = Value>) -> impl Strategy<Value = Map<String, Value>> {
    proptest::collection::btree_map(word(), value, 0..5).prop_map(|map| map.into_iter().collect())
}

fn embedding(call: &OperationCall, vector: Vector) -> Value {
    let content = OperationContent::Embeddings(vec![vector]);
    let body: Value =
        serde_json::from_slice(&rendered(call, content, Usage::default()).body).unwrap();
    body["data"][0]["embedding"].clone()
}

proptest! {
    #[test]
    fn numbers_and_base64_are_the_same_vector(bits in proptest::collection::vec(any::<u32>(), 0..20)) {
        let floats: Vec<f32> =
            bits.into_iter().map(f32::from_bits).filter(|float| float.is_finite()).collect();
        let numbers = read(Operation::Embeddings, r#"{"input":"x"}"#);
        let base64 = read(Operation::Embeddings, r#"{"input":"x","encoding_format":"base64"}"#);
        let written = embedding(&base64, Vector::of_floats(&floats));
        let as_numbers = embedding(&numbers, Vector::of_floats(&floats));
        prop_assert!(as_numbers.is_array());
        let back = embedding(&base64, Vector::Numbers(raw(&serde_json::to_string(&floats).unwrap())));
        prop_assert_eq!(&back, &written);
        let read_back = Vector::Base64(written.as_str().unwrap().to_owned()).floats().unwrap();
        let bits = |floats: &[f32]| floats.iter().map(|float| float.to_bits()).collect::<Vec<_>>();
        prop_assert_eq!(bits(&read_back), bits(&floats));
    }

    #[test]
    fn no_request_breaks_anything(mut object in members(value()), whole in value()) {
        // A member that must be there comes first in half of the cases.
        if let Value::Object(more) = whole {
            object.extend(more);
        }
        let body = serde_json::to_string(&object).unwrap();
        for operation in Operation::ALL {
            if let Ok(call) = OperationCall::read(operation, Bytes::from(body.clone())) {
                let addresses = call.remote_media();
                let found: Vec<_> = addresses
                    .into_iter()
                    .map(|address| (address, "data:image/png;base64,AAAA".to_owned()))
                    .collect();
                prop_assert!(call.with_media(&found).remote_media().is_empty());
                let _: Usage = call.measured();
            }
        }
        drop(form(&body));
    }

    #[test]
    fn no_input_breaks_anything(value in value()) {
        for (operation, name) in [
            (Operation::Embeddings, "input"),
            (Operation::Moderation, "input"),
            (Operation::Transcription, "input_audio"),
        ] {
            let body = json!({ name: value }).to_string();
            drop(OperationCall::read(operation, Bytes::from(body)));
        }
        let body = json!({ "query": "q", "documents": [value] }).to_string();
        drop(OperationCall::read(Operation::Rerank, Bytes::from(body)));
        for (operation, name) in [(Operation::Image, "prompt"), (Operation::Speech, "input")] {
            let body = json!({ name: "x", "input_references": [value] }).to_string();
            drop(OperationCall::read(operation, Bytes::from(body)));
        }
    }
}
