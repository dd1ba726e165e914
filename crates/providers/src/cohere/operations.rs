//! Vectors and rankings.
//!
//! <https://docs.cohere.com/v2/reference/embed>, <https://docs.cohere.com/v2/reference/rerank>
//!
//! Bedrock serves the same models with bodies of the same form, so `embed` and `rerank` are used
//! there too.

pub(crate) mod embed;
pub(crate) mod rerank;

use bytes::Bytes;
use http::Request;
use tollgate_wire::operation::{Operation, OperationAnswer, OperationRequest};

use super::{Cohere, fault, root};
use crate::adapter::post;
use crate::encoding::authorize;
use crate::operation::inputs::unperformed;
use crate::{EncodeError, Fault, Operations, Reply, Target, Task, Unsupported};

/// Members that only this provider knows, passed on as they are.
const EMBED_EXTRAS: &[&str] = &["truncate", "max_tokens", "priority"];
const RERANK_EXTRAS: &[&str] = &["max_tokens_per_doc", "priority"];

impl Operations for Cohere {
    fn performs(&self, operation: Operation) -> bool {
        matches!(operation, Operation::Embeddings | Operation::Rerank)
    }

    fn takes(&self, _: &Target<'_>, operation: Operation, member: &str) -> bool {
        match operation {
            Operation::Embeddings => {
                matches!(member, "dimensions" | "input_type") || EMBED_EXTRAS.contains(&member)
            }
            _ => RERANK_EXTRAS.contains(&member),
        }
    }

    fn encode(&self, task: &Task<'_>) -> Result<Request<Bytes>, EncodeError> {
        let model = task.target.upstream_model;
        let (path, mut body, extras) = match task.call.request() {
            OperationRequest::Embeddings(request) => {
                ("embed", embed::members(request, model)?, EMBED_EXTRAS)
            }
            OperationRequest::Rerank(request) => {
                ("rerank", rerank::members(request)?, RERANK_EXTRAS)
            }
            _ => return Err(unperformed(task.call.operation()).into()),
        };
        body.insert("model".to_owned(), model.into());
        for name in extras {
            let given = task.call.member(name).and_then(|raw| serde_json::from_str(raw).ok());
            body.extend(given.map(|value| ((*name).to_owned(), value)));
        }
        let bytes = serde_json::to_vec(&body).map_err(|error| Unsupported(error.to_string()))?;
        let mut request = post(&format!("{}/v2/{path}", root(task.target.base_url)), bytes)?;
        authorize(request.headers_mut(), &task.target)?;
        Ok(request)
    }

    fn answer(&self, task: &Task<'_>, reply: &Reply) -> Result<OperationAnswer, Fault> {
        let answer = match task.call.request() {
            OperationRequest::Embeddings(request) => {
                embed::read(&reply.body, request, task.call.measured())
            }
            OperationRequest::Rerank(request) => {
                rerank::read(&reply.body, request, task.call.measured())
            }
            _ => Err(Fault::malformed("it is of another operation")),
        };
        answer.map_err(fault::refined)
    }
}
