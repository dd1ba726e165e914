//! Pictures from a text, and from other pictures.
//!
//! <https://platform.openai.com/docs/api-reference/images>
//!
//! Members that only some models know go to those alone: providers refuse what a model does not
//! take. What a model is, its name tells.

mod answer;
mod openai;
mod others;

use tollgate_catalog::OperationStyle;
use tollgate_wire::operation::ImageRequest;

use super::Message;
use crate::{EncodeError, Target, Task};

pub(super) use answer::answer;

/// Where pictures are made.
const GENERATIONS: &str = "images/generations";
/// Where pictures are made of pictures.
const EDITS: &str = "images/edits";

/// Whether a member of a request has a place at the endpoint.
pub(super) fn takes(target: &Target<'_>, member: &str) -> bool {
    match target.quirks.operation_style {
        OperationStyle::OpenAi => openai::takes(target.upstream_model, member),
        OperationStyle::OpenRouter => true,
        OperationStyle::Together => {
            !matches!(member, "quality" | "background" | "output_compression")
        }
        OperationStyle::Xai => {
            !matches!(member, "background" | "output_format" | "output_compression" | "seed")
        }
    }
}

/// What a call becomes.
pub(super) fn message(task: &Task<'_>, request: &ImageRequest) -> Result<Message, EncodeError> {
    Ok(match task.target.quirks.operation_style {
        OperationStyle::OpenAi => openai::message(task, request)?,
        OperationStyle::OpenRouter => Message::json("images", others::openrouter(task, request)),
        OperationStyle::Together => Message::json(GENERATIONS, others::together(task, request)),
        OperationStyle::Xai => {
            let path = if request.references.is_empty() { GENERATIONS } else { EDITS };
            Message::json(path, others::xai(task, request))
        }
    })
}
