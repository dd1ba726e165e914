//! What OpenAI does besides conversations, and so do many that speak its protocol.
//!
//! <https://platform.openai.com/docs/api-reference/embeddings>, and the pages beside it for images,
//! audio and moderations. Reranking is Jina's and Cohere's first version, which compatible
//! providers have under the same base URL: <https://api.jina.ai/redoc>.
//!
//! Requests go as they came as far as both dialects agree: unknown members survive. What the
//! contract says in words of its own (sizes of images, forms of sound) is put into OpenAI's, or
//! into those of a provider that departs from it (`OperationStyle`). Answers become values.
//!
//! # Decisions
//!
//! - Nothing is fetched: a picture that comes as an address instead of itself is malformed.
//! - A bound on the number of ranked documents holds even where the provider passes over it.
//! - `float` is every provider's own form of a vector, so it is not asked for: some know only the
//!   other word.

pub(crate) mod embeddings;
pub(crate) mod form;
mod image;
pub(crate) mod members;
pub(crate) mod moderation;
mod rerank;
mod shape;
mod speech;
pub(crate) mod transcription;
mod usage;

use bytes::Bytes;
use http::Request;
use tollgate_wire::operation::{Operation, OperationAnswer, OperationCall, OperationRequest};

use self::form::Form;
use super::OpenAiChat;
use crate::adapter::post;
use crate::encoding::authorize;
use crate::{EncodeError, Fault, Operations, Reply, Target, Task, Unsupported};

/// A request that has no address yet.
#[derive(Debug)]
pub(crate) struct Message {
    /// Where it goes, below the base URL.
    pub(crate) path: &'static str,
    pub(crate) body: Body,
}

/// What a request carries.
#[derive(Debug)]
pub(crate) enum Body {
    /// A JSON object.
    Json(Vec<u8>),
    /// A form, where there are files.
    Form(Form),
}

impl Message {
    pub(crate) const fn json(path: &'static str, body: Vec<u8>) -> Self {
        Self { path, body: Body::Json(body) }
    }

    /// The request, at this URL.
    pub(crate) fn at(self, url: &str) -> Result<Request<Bytes>, Unsupported> {
        match self.body {
            Body::Json(body) => post(url, body),
            Body::Form(form) => form.post(url),
        }
    }
}

impl Operations for OpenAiChat {
    fn performs(&self, _: Operation) -> bool {
        true
    }

    fn takes(&self, target: &Target<'_>, operation: Operation, member: &str) -> bool {
        let is_passed = members::is_passed(target, member);
        is_passed && (operation != Operation::Image || image::takes(target, member))
    }

    fn encode(&self, task: &Task<'_>) -> Result<Request<Bytes>, EncodeError> {
        let message = message(task)?;
        let url = format!("{}/{}", task.target.base_url, message.path);
        let mut request = message.at(&url)?;
        authorize(request.headers_mut(), &task.target)?;
        Ok(request)
    }

    fn answer(&self, task: &Task<'_>, reply: &Reply) -> Result<OperationAnswer, Fault> {
        answer(task, reply)
    }

    fn passes_on(&self, call: &OperationCall) -> bool {
        call.operation() == Operation::Speech
    }
}

/// What a call becomes, for whoever takes it at an address of its own.
pub(crate) fn message(task: &Task<'_>) -> Result<Message, EncodeError> {
    match task.call.request() {
        OperationRequest::Embeddings(request) => {
            Ok(Message::json("embeddings", embeddings::body(task, request)))
        }
        OperationRequest::Rerank(request) => {
            Ok(Message::json("rerank", rerank::body(task, request)))
        }
        OperationRequest::Image(request) => image::message(task, request),
        OperationRequest::Speech(request) => {
            Ok(Message::json("audio/speech", speech::body(task, request)?))
        }
        OperationRequest::Transcription(request) => {
            let form = transcription::form(task, request)?;
            Ok(Message { path: "audio/transcriptions", body: Body::Form(form) })
        }
        OperationRequest::Moderation(request) => {
            Ok(Message::json("moderations", moderation::body(task, request)))
        }
    }
}

/// Reads the answer to a call.
pub(crate) fn answer(task: &Task<'_>, reply: &Reply) -> Result<OperationAnswer, Fault> {
    match task.call.request() {
        OperationRequest::Embeddings(request) => embeddings::answer(task, request, &reply.body),
        OperationRequest::Rerank(request) => rerank::answer(task, request, &reply.body),
        OperationRequest::Image(_) => image::answer(task, &reply.body),
        OperationRequest::Speech(request) => speech::answer(task, request, reply),
        OperationRequest::Transcription(request) => {
            transcription::answer(task, request, &reply.body)
        }
        OperationRequest::Moderation(request) => moderation::answer(task, request, &reply.body),
    }
}
