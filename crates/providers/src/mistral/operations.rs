//! What Mistral does besides conversations.
//!
//! <https://docs.mistral.ai/api/endpoint/embeddings>,
//! <https://docs.mistral.ai/api/endpoint/classifiers>,
//! <https://docs.mistral.ai/api/endpoint/audio/transcriptions>
//!
//! As strict as its chat: only what it documents is sent. Answers are read as OpenAI's.

mod embeddings;
mod moderation;
mod transcription;

use bytes::Bytes;
use http::Request;
use tollgate_wire::operation::{Operation, OperationAnswer, OperationCall, OperationRequest};

use super::Mistral;
use crate::adapter::versioned;
use crate::encoding::authorize;
use crate::openai_chat::operations::{Body, Message, answer};
use crate::operation::inputs::unperformed;
use crate::{EncodeError, Fault, Operations, Reply, Target, Task, Unsupported};

impl Operations for Mistral {
    fn performs(&self, operation: Operation) -> bool {
        match operation {
            Operation::Embeddings | Operation::Transcription | Operation::Moderation => true,
            Operation::Rerank | Operation::Speech | Operation::Image => false,
        }
    }

    fn takes(&self, _: &Target<'_>, operation: Operation, member: &str) -> bool {
        let members: &[&str] = match operation {
            Operation::Embeddings => &["dimensions"],
            Operation::Transcription => &["language", "temperature", "timestamp_granularities"],
            _ => &[],
        };
        members.contains(&member)
    }

    fn encode(&self, task: &Task<'_>) -> Result<Request<Bytes>, EncodeError> {
        let message = message(task)?;
        let url = versioned(task.target.base_url, "v1", message.path);
        let mut request = message.at(&url)?;
        authorize(request.headers_mut(), &task.target)?;
        Ok(request)
    }

    fn answer(&self, task: &Task<'_>, reply: &Reply) -> Result<OperationAnswer, Fault> {
        answer(task, reply)
    }
}

fn message(task: &Task<'_>) -> Result<Message, Unsupported> {
    let call: &OperationCall = task.call;
    match call.request() {
        OperationRequest::Embeddings(request) => {
            Ok(Message::json("embeddings", embeddings::body(task, request)?))
        }
        OperationRequest::Moderation(request) => {
            Ok(Message::json("moderations", moderation::body(task, request)?))
        }
        OperationRequest::Transcription(request) => {
            let body = Body::Form(transcription::form(task, request)?);
            Ok(Message { path: "audio/transcriptions", body })
        }
        OperationRequest::Rerank(_) | OperationRequest::Speech(_) | OperationRequest::Image(_) => {
            Err(unperformed(call.operation()))
        }
    }
}
