//! Whether texts and pictures are harmful.
//!
//! <https://platform.openai.com/docs/api-reference/moderations>

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tollgate_wire::json::ObjectWriter;
use tollgate_wire::operation::{
    ModerationInput, ModerationRequest, ModerationVerdict, OperationAnswer, OperationContent,
};

use super::shape::Frame;
use super::{members, usage};
use crate::encoding::{empty_object, is_object};
use crate::operation::answers;
use crate::{Fault, Task};

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Part<'a> {
    Text { text: &'a str },
    ImageUrl { image_url: Url },
}

#[derive(Serialize)]
struct Url {
    url: String,
}

#[derive(Deserialize)]
struct List<'a> {
    #[serde(borrow)]
    results: Vec<Verdict<'a>>,
    #[serde(borrow, default)]
    usage: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Verdict<'a> {
    #[serde(default)]
    flagged: Option<bool>,
    #[serde(borrow)]
    categories: &'a RawValue,
    #[serde(borrow, default)]
    category_scores: Option<&'a RawValue>,
    #[serde(borrow, default)]
    category_applied_input_types: Option<&'a RawValue>,
}

/// The body.
pub(super) fn body(task: &Task<'_>, request: &ModerationRequest) -> Vec<u8> {
    let has_pictures =
        request.inputs.iter().any(|input| matches!(input, ModerationInput::ImagePart(_)));
    let write = |object: &mut ObjectWriter<'_>, key: &str, raw: &str| match key {
        "input" if has_pictures => {
            let parts: Vec<Part<'_>> = request.inputs.iter().map(part).collect();
            object.field("input", &parts);
        }
        key => object.member(key, raw),
    };
    members::body(task, write, |_| {})
}

fn part(input: &ModerationInput) -> Part<'_> {
    match input {
        ModerationInput::Text(text) | ModerationInput::TextPart(text) => Part::Text { text },
        ModerationInput::ImagePart(source) => {
            Part::ImageUrl { image_url: Url { url: source.to_uri() } }
        }
    }
}

/// Reads the answer: a judgement for each text, or one for all parts. Where the provider does not
/// say whether anything is harmful, its categories do.
pub(crate) fn answer(
    task: &Task<'_>,
    request: &ModerationRequest,
    body: &[u8],
) -> Result<OperationAnswer, Fault> {
    let frame = Frame::read(body)?;
    let list: List<'_> = answers::parse(body)?;
    let (wanted, given) = (verdicts(request), list.results.len());
    if given == 0 {
        return Err(answers::empty("judgement"));
    }
    if given != wanted {
        return Err(Fault::malformed(&format!("{given} judgements of {wanted} inputs")));
    }
    let verdicts = list.results.iter().map(verdict).collect::<Result<_, _>>()?;
    let mut usage = task.call.measured();
    usage::lay_over(list.usage, &mut usage);
    let content = OperationContent::Moderation(verdicts);
    Ok(OperationAnswer { content, usage, upstream_id: frame.id() })
}

/// How many judgements a request asks for.
fn verdicts(request: &ModerationRequest) -> usize {
    let is_text = |input: &&ModerationInput| matches!(input, ModerationInput::Text(_));
    request.inputs.iter().filter(is_text).count().max(1)
}

fn verdict(verdict: &Verdict<'_>) -> Result<ModerationVerdict, Fault> {
    let Verdict { flagged, categories, category_scores, category_applied_input_types } = *verdict;
    let applies: BTreeMap<String, Option<bool>> = serde_json::from_str(categories.get())
        .map_err(|_| Fault::malformed("`categories` does not say which apply"))?;
    let category_scores = category_scores.unwrap_or(empty_object());
    if !is_object(category_scores) {
        return Err(Fault::malformed("`category_scores` is not an object"));
    }
    let any = || applies.values().any(|applies| *applies == Some(true));
    Ok(ModerationVerdict {
        flagged: flagged.unwrap_or_else(any),
        categories: categories.to_owned(),
        category_scores: category_scores.to_owned(),
        category_applied_input_types: category_applied_input_types
            .filter(|types| is_object(types))
            .map(ToOwned::to_owned),
    })
}
