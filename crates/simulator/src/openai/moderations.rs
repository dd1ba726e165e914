//! OpenAI's moderation of texts and images. Images are never found to be harmful.
//!
//! Source: <https://platform.openai.com/docs/api-reference/moderations>.

use serde_json::{Map, Value, json};

use super::check;
use crate::failure::Failure;
use crate::harm::{Topic, Verdict};
use crate::operation::{Output, Task};

/// The categories, what they look for, and whether they look at images too.
const CATEGORIES: [(&str, Topic, bool); 13] = [
    ("harassment", Topic::Harassment, false),
    ("harassment/threatening", Topic::Unseen, false),
    ("hate", Topic::Hate, false),
    ("hate/threatening", Topic::Unseen, false),
    ("illicit", Topic::Illicit, false),
    ("illicit/violent", Topic::Unseen, false),
    ("self-harm", Topic::SelfHarm, true),
    ("self-harm/instructions", Topic::Unseen, true),
    ("self-harm/intent", Topic::SelfHarm, true),
    ("sexual", Topic::Sexual, true),
    ("sexual/minors", Topic::Unseen, false),
    ("violence", Topic::Violence, true),
    ("violence/graphic", Topic::Unseen, true),
];

/// One thing to judge.
#[derive(Default)]
struct Input {
    text: String,
    pictured: bool,
}

/// Judges the input.
pub(crate) fn moderate(task: &mut Task<'_>) -> Result<Output, Failure> {
    let mut inputs = inputs(task.body)?;
    if task.empty {
        inputs.clear();
    }
    Ok(Output::json(&json!({
        "id": task.label.ids.id("modr-", 29),
        "model": task.label.model,
        "results": inputs.iter().map(result).collect::<Vec<_>>(),
    })))
}

fn result(input: &Input) -> Value {
    let verdict = Verdict::of(&input.text);
    let each = |tell: &dyn Fn(&(&str, Topic, bool)) -> Value| -> Map<String, Value> {
        CATEGORIES.iter().map(|category| (category.0.to_owned(), tell(category))).collect()
    };
    let applied = |(_, _, pictures): &(&str, Topic, bool)| {
        let text = (!input.text.is_empty()).then_some("text");
        let image = (*pictures && input.pictured).then_some("image");
        json!(text.into_iter().chain(image).collect::<Vec<_>>())
    };
    json!({
        "flagged": CATEGORIES.iter().any(|(_, topic, _)| verdict.is(*topic)),
        "categories": each(&|(_, topic, _)| json!(verdict.is(*topic))),
        "category_scores": each(&|(name, topic, _)| json!(verdict.score(*topic, name))),
        "category_applied_input_types": each(&applied),
    })
}

/// A text, texts, or parts that are judged as one.
fn inputs(body: &Value) -> Result<Vec<Input>, Failure> {
    let wrong = || Failure::invalid_param("Invalid value for 'input'.", "input", None);
    let whole = |text: &str| Input { text: text.to_owned(), pictured: false };
    match body.get("input") {
        None | Some(Value::Null) => Err(check::missing("input")),
        Some(Value::String(text)) => Ok(vec![whole(text)]),
        Some(Value::Array(list)) if list.first().is_some_and(Value::is_string) => {
            list.iter().map(|text| Ok(whole(text.as_str().ok_or_else(wrong)?))).collect()
        }
        Some(Value::Array(parts)) if !parts.is_empty() => {
            let mut input = Input::default();
            for part in parts {
                let text = part.get("text").and_then(Value::as_str);
                let url = part.pointer("/image_url/url").and_then(Value::as_str);
                match (part.get("type").and_then(Value::as_str), text, url) {
                    (Some("text"), Some(text), _) => {
                        input.text.push_str(text);
                        input.text.push('\n');
                    }
                    (Some("image_url"), _, Some(_)) => input.pictured = true,
                    _ => return Err(wrong()),
                }
            }
            Ok(vec![input])
        }
        Some(_) => Err(wrong()),
    }
}
