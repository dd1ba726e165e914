//! Mistral's moderation of texts.
//!
//! Source: <https://docs.mistral.ai/api/endpoint/classifiers>.

use serde_json::{Map, Value, json};

use super::check::{extra, inputs, unprocessable};
use crate::event::set;
use crate::failure::Failure;
use crate::harm::{Topic, Verdict};
use crate::operation::{Output, Task};
use crate::tokens;

const FIELDS: [&str; 3] = ["input", "metadata", "model"];
const CATEGORIES: [(&str, Topic); 9] = [
    ("sexual", Topic::Sexual),
    ("hate_and_discrimination", Topic::Hate),
    ("violence_and_threats", Topic::Violence),
    ("dangerous_and_criminal_content", Topic::Illicit),
    ("selfharm", Topic::SelfHarm),
    ("health", Topic::Health),
    ("financial", Topic::Financial),
    ("law", Topic::Law),
    ("pii", Topic::PersonalData),
];

/// Judges the input.
pub(crate) fn moderate(task: &mut Task<'_>) -> Result<Output, Failure> {
    let body = task.body;
    let mut problems = extra(body, &FIELDS);
    let mut inputs = inputs(body, &mut problems);
    if !problems.is_empty() {
        return Err(unprocessable(problems));
    }
    if task.empty {
        inputs.clear();
    }
    let mut answer = json!({
        "id": task.label.ids.hex(32),
        "model": task.label.model,
        "results": inputs.iter().map(|text| result(text)).collect::<Vec<_>>(),
    });
    if task.label.usage_reported {
        let tokens: u64 = inputs.iter().map(|text| tokens::count(text)).sum();
        let usage =
            json!({ "prompt_tokens": tokens, "total_tokens": tokens, "completion_tokens": 0 });
        set(&mut answer, "usage", usage);
    }
    Ok(Output::json(&answer))
}

fn result(text: &str) -> Value {
    let verdict = Verdict::of(text);
    let each = |tell: &dyn Fn(&str, Topic) -> Value| -> Map<String, Value> {
        CATEGORIES.iter().map(|(name, topic)| ((*name).to_owned(), tell(name, *topic))).collect()
    };
    json!({
        "categories": each(&|_, topic| json!(verdict.is(topic))),
        "category_scores": each(&|name, topic| json!(verdict.score(topic, name))),
    })
}
