//! What the provider sends, as far as it is read.
//!
//! Unknown fields are ignored and every field may be absent or null. What has another type in
//! another event or item stays raw until it is known which one it is.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

/// One event of a stream.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Event<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Option<Cow<'a, str>>,
    /// Which output item.
    pub(super) output_index: Option<u64>,
    /// Which piece of its content.
    pub(super) content_index: Option<u64>,
    /// Which piece of its summary.
    pub(super) summary_index: Option<u64>,
    #[serde(borrow)]
    pub(super) item_id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) delta: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) text: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) refusal: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) arguments: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) item: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) part: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) annotation: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) logprobs: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) response: Option<&'a RawValue>,
}

/// The response object: whole, or as it stands.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Response<'a> {
    #[serde(borrow)]
    pub(super) id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) status: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) output: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    pub(super) usage: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) service_tier: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) error: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) incomplete_details: Option<Incomplete<'a>>,
}

/// Why an answer is not complete.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Incomplete<'a> {
    #[serde(borrow)]
    pub(super) reason: Option<Cow<'a, str>>,
}

/// The kind of an item or of a piece.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Kind<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Option<Cow<'a, str>>,
}

/// An item of kind `message`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct MessageItem<'a> {
    #[serde(borrow)]
    pub(super) content: Option<Vec<&'a RawValue>>,
}

/// An item of kind `reasoning`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ReasoningItem<'a> {
    #[serde(borrow)]
    pub(super) id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) summary: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    pub(super) content: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    pub(super) encrypted_content: Option<Cow<'a, str>>,
}

/// An item of kind `function_call`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct CallItem<'a> {
    #[serde(borrow)]
    pub(super) id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) call_id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) name: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) arguments: Option<&'a RawValue>,
}

/// An item of kind `image_generation_call`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ImageItem<'a> {
    #[serde(borrow)]
    pub(super) result: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) output_format: Option<Cow<'a, str>>,
}

/// A piece of a message, of a summary or of a thought.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Piece<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) text: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) refusal: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) annotations: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    pub(super) logprobs: Option<&'a RawValue>,
}

/// A citation of a web page.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Citation<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) url: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) title: Option<Cow<'a, str>>,
    pub(super) start_index: Option<u64>,
    pub(super) end_index: Option<u64>,
}

/// A value of the form expected, or nothing.
pub(super) fn read<'a, T: Deserialize<'a>>(raw: Option<&'a RawValue>) -> Option<T> {
    serde_json::from_str(raw?.get()).ok()
}

/// A text that is not empty.
pub(super) fn text(raw: Option<&RawValue>) -> Option<String> {
    read::<String>(raw).filter(|text| !text.is_empty())
}
