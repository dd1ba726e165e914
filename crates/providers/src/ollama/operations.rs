//! Vectors.
//!
//! <https://docs.ollama.com/api/embed>

use bytes::Bytes;
use http::Request;
use serde::Deserialize;
use serde_json::value::RawValue;
use tollgate_types::UsageSource;
use tollgate_wire::json::ObjectWriter;
use tollgate_wire::operation::{
    EmbeddingsRequest, Operation, OperationAnswer, OperationRequest, Vector,
};

use super::{Ollama, fault, root};
use crate::adapter::post;
use crate::encoding::authorize;
use crate::operation::answers::{embeddings, numbers, parse};
use crate::operation::inputs::{texts, unperformed};
use crate::{EncodeError, Fault, Operations, Reply, Target, Task, Unsupported};

/// Members that only this server knows, passed on as they are.
const EXTRAS: &[&str] = &["truncate", "options", "keep_alive"];

impl Operations for Ollama {
    fn performs(&self, operation: Operation) -> bool {
        operation == Operation::Embeddings
    }

    fn takes(&self, _: &Target<'_>, _: Operation, member: &str) -> bool {
        member == "dimensions" || EXTRAS.contains(&member)
    }

    fn encode(&self, task: &Task<'_>) -> Result<Request<Bytes>, EncodeError> {
        let OperationRequest::Embeddings(request) = task.call.request() else {
            return Err(unperformed(task.call.operation()).into());
        };
        let body = body(task, request)?;
        let mut request = post(&format!("{}/api/embed", root(task.target.base_url)), body)?;
        authorize(request.headers_mut(), &task.target)?;
        Ok(request)
    }

    fn answer(&self, task: &Task<'_>, reply: &Reply) -> Result<OperationAnswer, Fault> {
        let OperationRequest::Embeddings(request) = task.call.request() else {
            return Err(Fault::malformed("it is of another operation"));
        };
        let response: Response = parse(&reply.body)?;
        let Some(found) = response.embeddings else {
            return Err(fault::refined(Fault::in_band(&reply.body)));
        };
        let vectors: Vec<Vector> = found.into_iter().map(numbers).collect::<Result<_, _>>()?;
        let mut usage = task.call.measured();
        if let Some(tokens) = response.prompt_eval_count {
            usage.source = UsageSource::Reported;
            usage.prompt_tokens = tokens;
        }
        let content = embeddings(vectors, request.inputs.len())?;
        Ok(OperationAnswer { content, usage, upstream_id: None })
    }
}

fn body(task: &Task<'_>, request: &EmbeddingsRequest) -> Result<Vec<u8>, Unsupported> {
    let texts = texts(&request.inputs)?;
    let mut body = Vec::new();
    let mut object = ObjectWriter::new(&mut body);
    object.field("model", task.target.upstream_model);
    object.field("input", &texts);
    if let Some(dimensions) = request.dimensions {
        object.field("dimensions", &dimensions);
    }
    for name in EXTRAS {
        if let Some(raw) = task.call.member(name) {
            object.raw(name.as_bytes(), own_word(name, raw).as_bytes());
        }
    }
    object.end();
    Ok(body)
}

/// What others say in words is yes or no here: too long a text is cut, or it is refused.
fn own_word<'a>(name: &str, raw: &'a str) -> &'a str {
    match (name, raw) {
        ("truncate", r#""NONE""#) => "false",
        ("truncate", raw) if raw.starts_with('"') => "true",
        (_, raw) => raw,
    }
}

/// The answer. Its fields may be absent or null.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Response {
    embeddings: Option<Vec<Box<RawValue>>>,
    prompt_eval_count: Option<u64>,
}
