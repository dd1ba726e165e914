//! Anthropic Messages, and the providers that speak it.
//!
//! <https://docs.anthropic.com/en/api/messages>
//!
//! Another dialect than the client's, so everything is translated: messages become turns of
//! blocks, and the provider's events become ours.
//!
//! # Decisions
//!
//! - The API version is 2023-06-01. The next one, 2026-10-21, takes no sampling parameters at all,
//!   and most providers that imitate the protocol don't know it.
//! - What a Claude model takes (budgets or adaptive thinking, effort levels, sampling) is told by
//!   the version in its name, see `model`. A name that says nothing gets the oldest common form.
//! - A field of the chat dialect that this protocol doesn't know is dropped; content it can't carry
//!   (audio, video, uploaded files, grammars) is [`Unsupported`], because an answer to half a
//!   question is worse than another endpoint.

mod answer;
mod block;
mod cache;
mod conversation;
mod decode;
mod encode;
mod fault;
mod model;
mod output;
mod reasoning;
mod schema;
mod shape;
mod tools;
mod usage;

use bytes::Bytes;
use http::Request;
use tollgate_wire::chat::AnswerHead;

use crate::adapter::{get, versioned};
use crate::translate::{TranslatedStream, TranslatedWhole};
use crate::{
    Adapter, AnswerStream, EncodeError, Failure, Fault, Outbound, Target, Unsupported, WholeAnswer,
};

/// The adapter for `anthropic-messages`.
#[derive(Debug)]
pub struct AnthropicMessages;

impl Adapter for AnthropicMessages {
    fn protocol(&self) -> &'static str {
        "anthropic-messages"
    }

    fn encode(&self, outbound: &Outbound<'_>) -> Result<Request<Bytes>, EncodeError> {
        encode::request(outbound)
    }

    fn stream(&self, head: &AnswerHead) -> Box<dyn AnswerStream> {
        Box::new(TranslatedStream::new(head, Box::new(decode::MessagesDecoder::default())))
    }

    fn whole(&self, head: &AnswerHead, body: Bytes) -> Result<Box<dyn WholeAnswer>, Fault> {
        TranslatedWhole::collect(head, decode::whole(&body)?)
    }

    fn classify(&self, failure: &Failure<'_>) -> Fault {
        fault::refined(Fault::from_failure(failure))
    }

    fn probe(&self, target: &Target<'_>) -> Result<Request<Bytes>, Unsupported> {
        let mut request = get(&versioned(target.base_url, "v1", "models?limit=1"))?;
        encode::headers(request.headers_mut(), target)?;
        Ok(request)
    }
}
