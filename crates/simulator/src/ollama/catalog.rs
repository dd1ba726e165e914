//! What Ollama tells of its models. Every model has the tag `latest`, which may be left out.

use bytes::Bytes;
use serde_json::{Value, json};

use super::moment;
use crate::failure::Failure;
use crate::model::{MODELS, OPERATION_MODELS};

/// The one model that is not for conversations.
const EMBED: &str = "embed";

/// The answer to `GET /api/tags`.
pub(crate) fn models(now: i64) -> Value {
    let entry = |(id, _): &(&str, &str)| {
        let name = format!("{id}:latest");
        json!({
            "name": name,
            "model": name,
            "modified_at": moment(now),
            "size": 2_019_393_189_u64,
            "digest": "a80c4f17acd55265feec403c7aef86be0c25983ab279d83f3bcd3abbcb5b8b72",
            "details": details(),
        })
    };
    json!({ "models": listed().map(entry).collect::<Vec<_>>() })
}

fn listed() -> impl Iterator<Item = &'static (&'static str, &'static str)> {
    MODELS.iter().chain(OPERATION_MODELS.iter().filter(|(id, _)| *id == EMBED))
}

/// The answer to `POST /api/show`.
pub(crate) fn show(body: &Bytes, now: i64) -> Result<Value, Failure> {
    let body: Value = serde_json::from_slice(body)
        .map_err(|_| Failure::invalid("invalid character looking for beginning of value"))?;
    // `name` is the older name of `model`.
    let name = body.get("model").or_else(|| body.get("name")).and_then(Value::as_str);
    let name = name.filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| Failure::invalid("model is required"))?;
    let base = name.split(['+', ':']).next().unwrap_or(name);
    if !listed().any(|(id, _)| *id == base) {
        return Err(Failure::model_missing(name));
    }
    let mut capabilities =
        if base == EMBED { vec!["embedding"] } else { vec!["completion", "tools", "vision"] };
    if base.starts_with("think") {
        capabilities.push("thinking");
    }
    Ok(json!({
        "modelfile": format!("FROM {name}\n"),
        "parameters": "",
        "template": "{{ .Prompt }}",
        "details": details(),
        "model_info": {
            "general.architecture": "llama",
            "general.parameter_count": 3_212_749_888_u64,
            "llama.context_length": 131_072,
            "llama.embedding_length": 3_072,
        },
        "capabilities": capabilities,
        "modified_at": moment(now),
    }))
}

/// The answer to `GET /api/version`.
pub(crate) fn version() -> Value {
    json!({ "version": "0.12.6" })
}

fn details() -> Value {
    json!({
        "parent_model": "",
        "format": "gguf",
        "family": "llama",
        "families": ["llama"],
        "parameter_size": "3.2B",
        "quantization_level": "Q4_K_M",
    })
}
