//! Vectors, pictures and speech by Google's models on Vertex AI. Pictures and speech are those of
//! Google AI Studio at other addresses; vectors have operations of their own.
//!
//! <https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/imagen-api>,
//! <https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference>

mod embeddings;

use bytes::Bytes;
use http::Request;
use tollgate_wire::operation::{Operation, OperationAnswer, OperationRequest};

use super::{Vertex, address};
use crate::gemini::model::Host;
use crate::gemini::operations::{image, imagen, made, performs, speech, takes};
use crate::operation::inputs::unperformed;
use crate::{EncodeError, Fault, Operations, Reply, Target, Task};

impl Operations for Vertex {
    fn performs(&self, operation: Operation) -> bool {
        performs(operation)
    }

    fn takes(&self, target: &Target<'_>, operation: Operation, member: &str) -> bool {
        takes(target.upstream_model, operation, member)
    }

    fn encode(&self, task: &Task<'_>) -> Result<Request<Bytes>, EncodeError> {
        let model = task.target.upstream_model;
        let (method, body) = match task.call.request() {
            OperationRequest::Embeddings(request) => embeddings::body(request, model)?,
            OperationRequest::Image(request) if imagen::is_one(model) => {
                ("predict", imagen::body(request)?)
            }
            OperationRequest::Image(request) => {
                ("generateContent", image::body(request, model, Host::Vertex)?)
            }
            OperationRequest::Speech(request) => ("generateContent", speech::body(request, model)?),
            _ => return Err(unperformed(task.call.operation()).into()),
        };
        Ok(address::call(&task.target, "google", method, body)?)
    }

    fn answer(&self, task: &Task<'_>, reply: &Reply) -> Result<OperationAnswer, Fault> {
        match task.call.request() {
            OperationRequest::Embeddings(request) => {
                embeddings::read(&reply.body, request, task.call.measured())
            }
            _ => made(task, reply),
        }
    }
}
