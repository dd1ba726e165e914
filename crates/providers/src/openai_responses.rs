//! OpenAI Responses, and the providers that speak it.
//!
//! <https://platform.openai.com/docs/api-reference/responses>
//!
//! A client of another dialect is translated: messages become input items, and the provider's
//! events become ours. A client that speaks Responses itself is passed through (`native`).
//!
//! # Decisions
//!
//! - Nothing is stored upstream: `store` is always false, and reasoning comes back to us encrypted,
//!   so that a client can carry it from turn to turn.
//! - Instructions stay where they stand, as messages: `instructions` would join several into one
//!   and move late ones to the front.
//! - What the protocol has no field for (`stop`, `seed`, penalties, `logit_bias`, `prediction`) is
//!   dropped; content it can't carry (video, answers in sound or by a grammar) is [`Unsupported`].
//! - What an OpenAI model takes (efforts, sampling, encrypted reasoning) is told by its name, see
//!   `model`. A name that says nothing is sent what the caller asked for.

mod answer;
mod block;
mod conversation;
mod counter;
mod decode;
mod encode;
mod fault;
mod format;
mod native;
mod places;
mod reasoning;
mod shape;
mod tools;
mod usage;

use bytes::Bytes;
use http::Request;
use tollgate_wire::chat::{AnswerHead, ChatCall, ChatEvent};
use tollgate_wire::{Call, Dialect};

use crate::adapter::get;
use crate::azure_openai::joined;
use crate::encoding::{authorize, lacks};
use crate::openai_chat;
use crate::{
    Adapter, AnswerStream, Counter, Decoder, EncodeError, Failure, Fault, Inbound, Native,
    Outbound, Target, Unsupported, WholeAnswer,
};

/// The adapter for `openai-responses`.
#[derive(Debug)]
pub struct OpenAiResponses;

impl Adapter for OpenAiResponses {
    fn protocol(&self) -> &'static str {
        "openai-responses"
    }

    fn encode(&self, outbound: &Outbound<'_>) -> Result<Request<Bytes>, EncodeError> {
        encode::request(outbound)
    }

    fn knows(&self, member: &str) -> bool {
        encode::knows(member)
    }

    fn leaves_out(&self, target: &Target<'_>, member: &str, json: &str) -> bool {
        let is_form = member == "response_format";
        lacks(target, member) || is_form && openai_chat::is_left_out(target, member, json)
    }

    fn rules_out(&self, target: &Target<'_>, call: &ChatCall) -> Vec<&'static str> {
        encode::ruled_out(call, target)
    }

    fn decoder(&self) -> Box<dyn Decoder> {
        Box::new(decode::ResponseDecoder::default())
    }

    fn events(&self, body: &[u8]) -> Result<Vec<ChatEvent>, Fault> {
        decode::whole(body)
    }

    fn classify(&self, failure: &Failure<'_>) -> Fault {
        fault::refined(Fault::from_failure(failure))
    }

    fn probe(&self, target: &Target<'_>) -> Result<Request<Bytes>, Unsupported> {
        let mut request = get(&joined(target.base_url, "models"))?;
        authorize(request.headers_mut(), target)?;
        Ok(request)
    }

    fn native(&self) -> Option<&dyn Native> {
        Some(self)
    }

    fn counter(&self) -> Option<&dyn Counter> {
        Some(self)
    }
}

impl Native for OpenAiResponses {
    fn dialect(&self) -> Dialect {
        Dialect::Responses
    }

    fn leaves_out(&self, target: &Target<'_>, member: &str, _json: &str) -> bool {
        native::leaves_out(target, member)
    }

    fn translates(&self, call: &Call) -> bool {
        native::translates(call)
    }

    fn forward(&self, inbound: &Inbound<'_>) -> Result<Request<Bytes>, EncodeError> {
        native::forward(inbound)
    }

    fn stream(&self, head: &AnswerHead) -> Box<dyn AnswerStream> {
        Box::new(native::SplicedStream::new(head))
    }

    fn whole(&self, _: &AnswerHead, body: Bytes) -> Result<Box<dyn WholeAnswer>, Fault> {
        Ok(Box::new(native::SplicedWhole::read(body)?))
    }
}
