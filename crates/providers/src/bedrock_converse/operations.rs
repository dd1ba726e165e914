//! Vectors, rankings and pictures, by `InvokeModel`: here every maker's models have bodies of
//! their own, told apart by the model's name.
//!
//! <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModel.html>
//!
//! Most answers don't say how many tokens were read; what was counted here stands then.

mod canvas;
mod nova;
mod titan;

use bytes::Bytes;
use http::Request;
use http::header::{ACCEPT, HeaderValue};
use serde_json::{Map, Value};
use tollgate_wire::operation::{
    EmbeddingsRequest, ImageRequest, Operation, OperationAnswer, OperationRequest, RerankRequest,
    VectorEncoding,
};

use super::encode::path_segment;
use super::{BedrockConverse, fault, sign};
use crate::adapter::post;
use crate::cohere::operations::{embed, rerank};
use crate::operation::inputs::unperformed;
use crate::{EncodeError, Fault, Operations, Reply, Target, Task, Unsupported};

/// The version of the rerankers' bodies, which Cohere's insist on being told.
const COHERE_API_VERSION: u64 = 2;

/// Whose form the bodies of a model have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// Amazon's models that embed texts, or a text with an image.
    Titan,
    /// Amazon's model that embeds anything.
    Nova,
    /// Cohere's.
    Cohere,
    /// Amazon's that draw.
    Canvas,
    /// Amazon's that rank.
    AmazonRerank,
}

impl Form {
    /// Reads a model's name: with the region it is served from, or as a whole ARN.
    fn read(model: &str) -> Option<Self> {
        const WORDS: &[(&str, Form)] = &[
            ("titan-embed", Form::Titan),
            ("multimodal-embeddings", Form::Nova),
            ("cohere.embed", Form::Cohere),
            ("cohere.rerank", Form::Cohere),
            ("nova-canvas", Form::Canvas),
            ("titan-image-generator", Form::Canvas),
            ("amazon.rerank", Form::AmazonRerank),
        ];
        WORDS.iter().find(|(word, _)| model.contains(word)).map(|(_, form)| *form)
    }
}

impl Operations for BedrockConverse {
    fn performs(&self, operation: Operation) -> bool {
        matches!(operation, Operation::Embeddings | Operation::Rerank | Operation::Image)
    }

    fn takes(&self, _: &Target<'_>, operation: Operation, member: &str) -> bool {
        let members: &[&str] = match operation {
            Operation::Embeddings => &["dimensions", "input_type"],
            Operation::Image => {
                &["n", "size", "aspect_ratio", "resolution", "quality", "seed", "output_format"]
            }
            _ => &[],
        };
        members.contains(&member)
    }

    fn encode(&self, task: &Task<'_>) -> Result<Request<Bytes>, EncodeError> {
        let model = task.target.upstream_model;
        let body = match task.call.request() {
            OperationRequest::Embeddings(request) => embeddings(request, model)?,
            OperationRequest::Rerank(request) => ranking(request, model)?,
            OperationRequest::Image(request) => picture(request, model)?,
            _ => return Err(unperformed(task.call.operation()).into()),
        };
        let bytes = serde_json::to_vec(&body).map_err(|error| Unsupported(error.to_string()))?;
        let url = format!("{}/model/{}/invoke", task.target.base_url, path_segment(model));
        let mut request = post(&url, bytes)?;
        request.headers_mut().insert(ACCEPT, HeaderValue::from_static("application/json"));
        sign::authorize(&mut request, &task.target, task.now)?;
        Ok(request)
    }

    fn answer(&self, task: &Task<'_>, reply: &Reply) -> Result<OperationAnswer, Fault> {
        let (body, measured) = (reply.body.as_ref(), task.call.measured());
        let form = Form::read(task.target.upstream_model);
        let answer = match (task.call.request(), form) {
            (OperationRequest::Embeddings(request), Some(Form::Titan)) => {
                titan::read(body, request, measured)
            }
            (OperationRequest::Embeddings(request), Some(Form::Nova)) => {
                nova::read(body, request, measured)
            }
            (OperationRequest::Embeddings(request), _) => embed::read(body, request, measured),
            (OperationRequest::Rerank(request), _) => rerank::read(body, request, measured),
            (OperationRequest::Image(request), _) => canvas::read(body, request, measured),
            _ => Err(Fault::malformed("it is of another operation")),
        };
        answer.map_err(fault::refined)
    }
}

fn embeddings(request: &EmbeddingsRequest, model: &str) -> Result<Map<String, Value>, Unsupported> {
    match Form::read(model) {
        Some(Form::Titan) => titan::members(request, model),
        Some(Form::Nova) => nova::members(request),
        Some(Form::Cohere) => {
            // Here the provider writes no base64.
            let plain = EmbeddingsRequest { encoding: VectorEncoding::Float, ..request.clone() };
            embed::members(&plain, model)
        }
        _ => Err(unknown("embeddings", model)),
    }
}

fn ranking(request: &RerankRequest, model: &str) -> Result<Map<String, Value>, Unsupported> {
    let mut body = match Form::read(model) {
        Some(Form::Cohere | Form::AmazonRerank) => rerank::members(request)?,
        _ => return Err(unknown("reranking", model)),
    };
    if Form::read(model) == Some(Form::Cohere) {
        body.insert("api_version".to_owned(), COHERE_API_VERSION.into());
    }
    Ok(body)
}

fn picture(request: &ImageRequest, model: &str) -> Result<Map<String, Value>, Unsupported> {
    match Form::read(model) {
        Some(Form::Canvas) => canvas::members(request),
        _ => Err(unknown("pictures", model)),
    }
}

/// A model whose bodies nobody has described.
fn unknown(what: &str, model: &str) -> Unsupported {
    Unsupported(format!("{what} by {model}"))
}

/// Members of a body from what is known to be an object.
fn members(object: Value) -> Map<String, Value> {
    match object {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_whose_form_the_bodies_have() {
        for (name, form) in [
            ("amazon.titan-embed-text-v2:0", Some(Form::Titan)),
            ("amazon.titan-embed-image-v1", Some(Form::Titan)),
            ("amazon.nova-2-multimodal-embeddings-v1:0", Some(Form::Nova)),
            ("us.cohere.embed-v4:0", Some(Form::Cohere)),
            (
                "arn:aws:bedrock:us-west-2::foundation-model/cohere.rerank-v3-5:0",
                Some(Form::Cohere),
            ),
            ("amazon.nova-canvas-v1:0", Some(Form::Canvas)),
            ("amazon.rerank-v1:0", Some(Form::AmazonRerank)),
            ("amazon.nova-pro-v1:0", None),
        ] {
            assert_eq!(Form::read(name), form, "{name}");
        }
    }
}
