//! Vectors for texts.

use serde::Serialize;
use serde_json::value::RawValue;
use tollgate_wire::operation::{EmbeddingsRequest, VectorEncoding};

use crate::operation::inputs::texts;
use crate::{Task, Unsupported};

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    input: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    encoding_format: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_dimension: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<&'a RawValue>,
}

/// The body. What vectors are for can't be said; numbers other than floats are not vectors of the
/// contract.
pub(super) fn body(task: &Task<'_>, request: &EmbeddingsRequest) -> Result<Vec<u8>, Unsupported> {
    let metadata = task.call.member("metadata");
    let body = Body {
        model: task.target.upstream_model,
        input: texts(&request.inputs)?,
        encoding_format: (request.encoding == VectorEncoding::Base64).then_some("base64"),
        output_dimension: request.dimensions,
        metadata: metadata.and_then(|raw| serde_json::from_str(raw).ok()),
    };
    serde_json::to_vec(&body).map_err(|error| Unsupported(error.to_string()))
}
