//! What was said earlier, for providers that have no field for it.

use std::borrow::Cow;

use tollgate_wire::chat::{Message, ReasoningDetail, ReasoningKind};

/// How a tool's result begins that is a failure.
const ERROR: &str = "Error: ";

/// The thoughts of an earlier message as one text, unless there are none that can be read: sealed
/// ones mean nothing to another provider.
pub(crate) fn thoughts<'a>(message: &'a Message<'a>) -> Option<Cow<'a, str>> {
    let readable = message
        .reasoning_details
        .iter()
        .filter(|it| matches!(it.kind, ReasoningKind::Text | ReasoningKind::Summary))
        .map(ReasoningDetail::text)
        .filter(|text| !text.is_empty());
    let text = readable.fold(Cow::Borrowed(""), joined);
    let plain = message.reasoning.as_deref().unwrap_or_default();
    let text = if text.is_empty() { Cow::Borrowed(plain) } else { text };
    (!text.is_empty()).then_some(text)
}

/// The text of a tool's result that is a failure: it says so itself.
pub(crate) fn failed(text: Cow<'_, str>) -> Cow<'_, str> {
    if text.starts_with(ERROR) { text } else { Cow::Owned(format!("{ERROR}{text}")) }
}

fn joined<'a>(text: Cow<'a, str>, more: &'a str) -> Cow<'a, str> {
    if text.is_empty() { Cow::Borrowed(more) } else { text + more }
}
