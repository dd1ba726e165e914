//! Vectors, pictures and speech.
//!
//! <https://ai.google.dev/api/embeddings>,
//! <https://ai.google.dev/gemini-api/docs/image-generation>,
//! <https://ai.google.dev/gemini-api/docs/imagen>,
//! <https://ai.google.dev/gemini-api/docs/speech-generation>
//!
//! Vertex AI has the same models; what it does otherwise is in its own adapter, the rest is used
//! there too.
//!
//! # Decisions
//!
//! - Imagen draws by `predict`, any other model by `generateContent`.
//! - Speech comes as samples or as WAV, by the model's generation, and is turned into what was
//!   asked for; no other form can be made here. How fast to speak can't be asked for and is dropped.
//! - There is no transcription: a model that is told to write down what it hears may as well answer
//!   it.

pub(crate) mod embeddings;
pub(crate) mod generate;
pub(crate) mod image;
pub(crate) mod imagen;
pub(crate) mod speech;
mod wav;

use bytes::Bytes;
use http::Request;
use tollgate_wire::operation::{Operation, OperationAnswer, OperationRequest};

use super::model::Host;
use super::{Gemini, encode};
use crate::adapter::{post, versioned};
use crate::operation::inputs::unperformed;
use crate::{EncodeError, Fault, Operations, Reply, Target, Task, Unsupported};

impl Operations for Gemini {
    fn performs(&self, operation: Operation) -> bool {
        performs(operation)
    }

    fn takes(&self, target: &Target<'_>, operation: Operation, member: &str) -> bool {
        takes(target.upstream_model, operation, member)
    }

    fn encode(&self, task: &Task<'_>) -> Result<Request<Bytes>, EncodeError> {
        let model = task.target.upstream_model;
        let (method, body) = match task.call.request() {
            OperationRequest::Embeddings(request) => {
                ("batchEmbedContents", embeddings::body(request, &resource(model))?)
            }
            OperationRequest::Image(request) if imagen::is_one(model) => {
                ("predict", imagen::body(request)?)
            }
            OperationRequest::Image(request) => {
                ("generateContent", image::body(request, model, Host::Studio)?)
            }
            OperationRequest::Speech(request) => ("generateContent", speech::body(request, model)?),
            _ => return Err(unperformed(task.call.operation()).into()),
        };
        let path = format!("{}:{method}", resource(model));
        let mut request = post(&versioned(task.target.base_url, "v1beta", &path), body)?;
        encode::credential(request.headers_mut(), &task.target)?;
        Ok(request)
    }

    fn answer(&self, task: &Task<'_>, reply: &Reply) -> Result<OperationAnswer, Fault> {
        let measured = task.call.measured();
        match task.call.request() {
            OperationRequest::Embeddings(request) => {
                embeddings::read(&reply.body, request, measured)
            }
            _ => made(task, reply),
        }
    }
}

/// Whether Google's models have this operation.
pub(crate) const fn performs(operation: Operation) -> bool {
    matches!(operation, Operation::Embeddings | Operation::Image | Operation::Speech)
}

/// Whether a member of a request has a place with a model of Google's.
pub(crate) fn takes(model: &str, operation: Operation, member: &str) -> bool {
    let members: &[&str] = match operation {
        Operation::Embeddings => &["dimensions", "input_type"],
        Operation::Image if imagen::is_one(model) => {
            &["n", "size", "aspect_ratio", "resolution", "output_format", "output_compression"]
        }
        Operation::Image => &[
            "n",
            "size",
            "aspect_ratio",
            "resolution",
            "output_format",
            "output_compression",
            "seed",
        ],
        Operation::Speech => &["instructions"],
        _ => &[],
    };
    members.contains(&member)
}

/// Reads pictures and sounds, which both of Google's hosts answer in the same form.
pub(crate) fn made(task: &Task<'_>, reply: &Reply) -> Result<OperationAnswer, Fault> {
    let measured = task.call.measured();
    match task.call.request() {
        OperationRequest::Image(request) if imagen::is_one(task.target.upstream_model) => {
            imagen::read(&reply.body, request, measured)
        }
        OperationRequest::Image(request) => image::read(&reply.body, request, measured),
        OperationRequest::Speech(request) => speech::read(&reply.body, request, measured),
        _ => Err(Fault::malformed("it is of another operation")),
    }
}

/// A model's whole name.
fn resource(model: &str) -> String {
    if model.contains('/') { model.to_owned() } else { format!("models/{model}") }
}

/// A body as JSON.
fn json(body: &impl serde::Serialize) -> Result<Vec<u8>, Unsupported> {
    serde_json::to_vec(body).map_err(|error| Unsupported(error.to_string()))
}
