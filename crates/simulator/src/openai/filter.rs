//! The verdicts of Azure's content filters, which never find anything.
//!
//! Source: <https://learn.microsoft.com/azure/ai-services/openai/concepts/content-filter>.

use serde_json::{Value, json};

use crate::event::set;

/// The verdict on a piece of an answer.
pub(super) fn results() -> Value {
    let safe = json!({ "filtered": false, "severity": "safe" });
    json!({ "hate": safe, "self_harm": safe, "sexual": safe, "violence": safe })
}

/// No verdict: there was nothing to judge.
pub(super) fn none() -> Value {
    json!({})
}

/// The verdict on the prompt.
pub(super) fn prompt_results() -> Value {
    let mut results = results();
    set(&mut results, "jailbreak", json!({ "detected": false, "filtered": false }));
    json!([{ "prompt_index": 0, "content_filter_results": results }])
}

/// The chunk before the answer's own: it has no choice, and brings the verdict on the prompt.
pub(super) fn first_chunk() -> Value {
    json!({
        "choices": [],
        "created": 0,
        "id": "",
        "model": "",
        "object": "",
        "prompt_filter_results": prompt_results(),
    })
}
