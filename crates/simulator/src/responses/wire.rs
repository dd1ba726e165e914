//! Response objects, their items, and the events that carry them.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::answer;
use crate::event::Nullable;

#[derive(Serialize)]
pub(super) struct Response<'a> {
    pub(super) id: &'a str,
    pub(super) object: &'static str,
    pub(super) created_at: i64,
    pub(super) status: &'static str,
    pub(super) background: bool,
    pub(super) error: Option<Fault>,
    pub(super) incomplete_details: Option<Incomplete>,
    pub(super) model: &'a str,
    pub(super) output: Vec<Item<'a>>,
    #[serde(flatten)]
    pub(super) echoed: &'a Map<String, Value>,
    /// Left out; or null; or there, at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) usage: Option<Nullable<Usage>>,
}

#[derive(Serialize)]
pub(super) struct Fault {
    pub(super) code: &'static str,
    pub(super) message: &'static str,
}

#[derive(Serialize)]
pub(super) struct Incomplete {
    pub(super) reason: &'static str,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Item<'a> {
    Reasoning {
        id: &'a str,
        summary: Vec<Summary<'a>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        encrypted_content: Option<&'a str>,
    },
    Message {
        id: &'a str,
        status: &'static str,
        role: &'static str,
        content: Vec<Content<'a>>,
    },
    FunctionCall {
        id: &'a str,
        status: &'static str,
        arguments: &'a str,
        call_id: &'a str,
        name: &'a str,
    },
}

#[derive(Serialize)]
#[serde(tag = "type", rename = "summary_text")]
pub(super) struct Summary<'a> {
    pub(super) text: &'a str,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Content<'a> {
    OutputText { annotations: [(); 0], logprobs: [(); 0], text: &'a str },
    Refusal { refusal: &'a str },
}

#[derive(Serialize)]
pub(super) struct Usage {
    input_tokens: u64,
    input_tokens_details: InputDetails,
    output_tokens: u64,
    output_tokens_details: OutputDetails,
    total_tokens: u64,
}

#[derive(Serialize)]
struct InputDetails {
    cached_tokens: u64,
}

#[derive(Serialize)]
struct OutputDetails {
    reasoning_tokens: u64,
}

/// An event. All have their name and their number within the stream.
#[derive(Serialize)]
pub(super) struct Frame<'a> {
    pub(super) r#type: &'static str,
    pub(super) sequence_number: u64,
    #[serde(flatten)]
    pub(super) body: Body<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Body<'a> {
    Response { response: Box<Response<'a>> },
    Item { output_index: usize, item: Item<'a> },
    Part { item_id: &'a str, output_index: usize, content_index: u32, part: Content<'a> },
    Text(Text<'a>),
    SummaryPart { item_id: &'a str, output_index: usize, summary_index: u32, part: Summary<'a> },
    SummaryText(SummaryText<'a>),
    Arguments(Arguments<'a>),
    Error { error: StreamError },
}

/// A piece of a text or of a refusal, or the whole of it.
#[derive(Default, Serialize)]
pub(super) struct Text<'a> {
    pub(super) item_id: &'a str,
    pub(super) output_index: usize,
    pub(super) content_index: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) delta: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) text: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) refusal: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) logprobs: Option<[(); 0]>,
}

#[derive(Default, Serialize)]
pub(super) struct SummaryText<'a> {
    pub(super) item_id: &'a str,
    pub(super) output_index: usize,
    pub(super) summary_index: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) delta: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) text: Option<&'a str>,
}

#[derive(Default, Serialize)]
pub(super) struct Arguments<'a> {
    pub(super) item_id: &'a str,
    pub(super) output_index: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) delta: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) arguments: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<&'a str>,
}

#[derive(Serialize)]
pub(super) struct StreamError {
    pub(super) r#type: &'static str,
    pub(super) code: &'static str,
    pub(super) message: &'static str,
    pub(super) param: Option<&'static str>,
}

impl Usage {
    pub(super) const fn of(usage: answer::Usage) -> Self {
        Self {
            input_tokens: usage.prompt,
            input_tokens_details: InputDetails { cached_tokens: usage.cache_read },
            output_tokens: usage.completion,
            output_tokens_details: OutputDetails { reasoning_tokens: usage.reasoning },
            total_tokens: usage.prompt + usage.completion,
        }
    }
}
