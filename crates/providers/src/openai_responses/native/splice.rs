//! A provider's response object with ours put in (contract §3.5).

use serde::Serialize;
use tollgate_wire::chat::{AnswerHead, UsageView};
use tollgate_wire::json::{ObjectWriter, ScanError, UsdNumber};

use crate::splice::{Edits, Places, quoted};

/// The members of a response object that are ours or that are read.
pub(super) type ResponsePlaces = Places<5>;

const MEMBERS: [&str; 5] = ["id", "created_at", "model", "usage", "output"];

/// The members of `usage` that are the gateway's.
const COST: [&str; 5] = ["cost", "is_byok", "cost_details", "is_estimated", "is_unpriced"];

/// What of a response object is ours, as JSON.
#[derive(Debug, Clone)]
pub(super) struct Ours {
    /// The generation's id.
    pub(super) id: Vec<u8>,
    /// The model that answers.
    pub(super) model: Vec<u8>,
    /// When the call was admitted, in Unix seconds.
    pub(super) created_at: Vec<u8>,
}

#[derive(Serialize)]
struct CostDetails {
    upstream_inference_cost: UsdNumber,
    upstream_inference_input_cost: UsdNumber,
    upstream_inference_output_cost: UsdNumber,
}

#[derive(Serialize)]
struct InputDetails {
    cached_tokens: u64,
    cache_write_tokens: u64,
}

#[derive(Serialize)]
struct OutputDetails {
    reasoning_tokens: u64,
}

impl Ours {
    /// What is ours in the answers of one generation.
    pub(super) fn of(head: &AnswerHead) -> Self {
        Self {
            id: quoted(head.id.as_str()),
            model: quoted(&head.model),
            created_at: head.created.unix_seconds().to_string().into_bytes(),
        }
    }

    /// Puts what is ours into the response object that stands at `offset` in `text`.
    pub(super) fn put(
        &self,
        text: &[u8],
        offset: usize,
        edits: &mut Edits,
    ) -> Result<ResponsePlaces, ScanError> {
        let mut places = Places::find(text, offset, MEMBERS)?;
        places.put("id", self.id.clone(), edits);
        places.put("created_at", self.created_at.clone(), edits);
        places.put("model", self.model.clone(), edits);
        Ok(places)
    }
}

/// Puts the cost into the usage of a response object, or a usage of ours where there is none.
pub(super) fn put_usage(
    text: &[u8],
    places: &mut ResponsePlaces,
    view: &UsageView,
    edits: &mut Edits,
) {
    let object = places.span("usage").filter(|span| text.get(span.start) == Some(&b'{'));
    let Some(mut usage) = object.and_then(|span| Places::find(text, span.start, COST).ok()) else {
        places.put("usage", whole_usage(view), edits);
        return;
    };
    for (name, value) in cost(view) {
        usage.put(name, value, edits);
    }
}

/// The members of `usage` that are the gateway's, as JSON.
fn cost(view: &UsageView) -> Vec<(&'static str, Vec<u8>)> {
    let details = CostDetails {
        upstream_inference_cost: UsdNumber(view.upstream_cost),
        upstream_inference_input_cost: UsdNumber(view.prompt_cost),
        upstream_inference_output_cost: UsdNumber(view.completion_cost),
    };
    let mut members = vec![
        ("cost", json(&UsdNumber(view.cost))),
        ("is_byok", json(&view.is_byok)),
        ("cost_details", json(&details)),
    ];
    if view.usage.is_estimated() {
        members.push(("is_estimated", b"true".to_vec()));
    }
    if view.unpriced {
        members.push(("is_unpriced", b"true".to_vec()));
    }
    members
}

/// A whole `usage`, for a response that has none.
pub(super) fn whole_usage(view: &UsageView) -> Vec<u8> {
    let usage = &view.usage;
    let (cached_tokens, cache_write_tokens) = (usage.cached_tokens, usage.cache_write_tokens);
    let mut out = Vec::new();
    let mut object = ObjectWriter::new(&mut out);
    object.count("input_tokens", usage.prompt_tokens);
    object.field("input_tokens_details", &InputDetails { cached_tokens, cache_write_tokens });
    object.count("output_tokens", usage.completion_tokens);
    let details = OutputDetails { reasoning_tokens: usage.reasoning_tokens };
    object.field("output_tokens_details", &details);
    object.count("total_tokens", usage.total_tokens());
    for (key, value) in cost(view) {
        object.raw(key.as_bytes(), &value);
    }
    object.end();
    out
}

fn json<T: Serialize>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_else(|_| b"null".to_vec())
}
