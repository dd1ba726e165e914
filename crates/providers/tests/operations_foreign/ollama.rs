//! Ollama.

use serde_json::json;
use tollgate_catalog::{Auth, Quirks};
use tollgate_providers::{Adapter, Ollama};
use tollgate_wire::operation::Operation;

use crate::{PNG, Place};

pub(crate) fn place() -> Place {
    Place {
        adapter: &Ollama,
        base_url: "http://127.0.0.1:11434/v1",
        model: "nomic-embed-text",
        credential: "o-x",
        auth: Auth::Bearer,
        quirks: Quirks::default(),
    }
}

#[test]
fn texts_are_embedded() {
    let operations = Ollama.operations().unwrap();
    let all: Vec<_> = Operation::ALL.into_iter().filter(|it| operations.performs(*it)).collect();
    assert_eq!(all, [Operation::Embeddings]);
    let given = json!({
        "input": ["hi", "ho"], "dimensions": 64, "truncate": false, "input_type": "search_query",
        "other": 1
    });
    let (line, sent) = place().sent(Operation::Embeddings, &given);
    assert_eq!(line, "POST http://127.0.0.1:11434/api/embed");
    let expected = json!({
        "model": "nomic-embed-text", "input": ["hi", "ho"], "dimensions": 64, "truncate": false
    });
    assert_eq!(sent, expected);
    for (word, expected) in [("NONE", false), ("START", true), ("END", true)] {
        let given = json!({"input": ["hi"], "truncate": word});
        let (_, sent) = place().sent(Operation::Embeddings, &given);
        assert_eq!(sent["truncate"], expected, "{word}");
    }
    let request = place().request(Operation::Embeddings, &given).unwrap();
    assert_eq!(request.headers()["authorization"], "Bearer o-x");
}

#[test]
fn nothing_but_texts_is_embedded() {
    let image = json!({"type": "image_url", "image_url": {"url": PNG}});
    for (given, why) in [
        (json!({"input": [[1, 2]]}), "embeddings of tokens"),
        (json!({"input": [{"content": [image]}]}), "embeddings of several parts"),
    ] {
        assert_eq!(place().refusal(Operation::Embeddings, &given), why);
    }
}
