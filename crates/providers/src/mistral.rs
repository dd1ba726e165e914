//! Mistral's own API.
//!
//! <https://docs.mistral.ai/api/endpoint/chat>
//!
//! Nearly the client's dialect, and strict about the difference: unknown fields are refused, ids
//! of tool calls have a form of their own, roles an order. So requests are written anew from what
//! the provider documents. Answers are read as OpenAI's, whose reader knows the pieces that
//! Mistral's content may be made of, and are rewritten: fields nobody knows are lost in them.
//!
//! # Decisions
//!
//! - An id that is not nine letters and digits is replaced by a hash of it, the same for the call
//!   and its result. The caller never sees it.
//! - Instructions may not follow the assistant or a tool: there they join those at the beginning.
//! - The user may not follow a tool: the assistant says a word between them.
//! - Where the conversation ends with the assistant, the answer goes on from it (`prefix`).
//! - Members that only this provider knows (`safe_prompt`, `guardrails`, `prompt_mode`) are passed
//!   on.

mod conversation;
mod encode;
mod fault;
mod model;
mod operations;
mod tools;

use bytes::Bytes;
use http::Request;
use tollgate_wire::chat::ChatEvent;

use crate::adapter::{get, versioned};
use crate::encoding::{authorize, has_place, lacks};
use crate::openai_chat::decode::{self, ChunkDecoder};
use crate::tier::Tier;
use crate::{
    Adapter, Decoder, EncodeError, Failure, Fault, Operations, Outbound, Target, Unsupported,
};

/// The adapter for `mistral`.
#[derive(Debug)]
pub struct Mistral;

impl Adapter for Mistral {
    fn protocol(&self) -> &'static str {
        "mistral"
    }

    fn encode(&self, outbound: &Outbound<'_>) -> Result<Request<Bytes>, EncodeError> {
        encode::request(outbound)
    }

    fn knows(&self, member: &str) -> bool {
        has_place(member, encode::OWN_MEMBERS)
    }

    fn leaves_out(&self, target: &Target<'_>, member: &str, json: &str) -> bool {
        lacks(target, member) || Tier::is_lost(member, json, Tier::reserved)
    }

    fn continues(&self, _: &Target<'_>) -> bool {
        true
    }

    fn decoder(&self) -> Box<dyn Decoder> {
        Box::new(ChunkDecoder::default())
    }

    fn events(&self, body: &[u8]) -> Result<Vec<ChatEvent>, Fault> {
        decode::whole(body)
    }

    fn classify(&self, failure: &Failure<'_>) -> Fault {
        fault::refined(Fault::from_failure(failure), failure.body)
    }

    fn probe(&self, target: &Target<'_>) -> Result<Request<Bytes>, Unsupported> {
        let mut request = get(&versioned(target.base_url, "v1", "models"))?;
        authorize(request.headers_mut(), target)?;
        Ok(request)
    }

    fn operations(&self) -> Option<&dyn Operations> {
        Some(self)
    }
}
