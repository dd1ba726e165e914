//! Anthropic Messages, and the providers that speak it.
//!
//! <https://docs.anthropic.com/en/api/messages>
//!
//! Another dialect than chat, so a chat client's call is translated: messages become turns of
//! blocks, and the provider's events become ours. Clients that speak the protocol themselves are
//! served by `relay`, which translates nothing.
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
pub(crate) mod betas;
mod block;
mod cache;
mod conversation;
mod counter;
mod decode;
pub(crate) mod encode;
mod fault;
pub(crate) mod model;
mod output;
pub(crate) mod reasoning;
pub(crate) mod relay;
pub(crate) mod rules;
pub(crate) mod schema;
mod shape;
pub(crate) mod thoughts;
pub(crate) mod tools;
mod usage;

use bytes::Bytes;
use http::Request;
use tollgate_catalog::Auth;
use tollgate_wire::chat::{ChatCall, ChatEvent};

use crate::adapter::{get, versioned};
use crate::encoding::{has_place, lacks};
use crate::tier::Tier;
use crate::{
    Adapter, Counter, Decoder, EncodeError, Failure, Fault, Native, Outbound, Target, Unsupported,
};

pub(crate) use conversation::Speaker;
pub(crate) use counter::COUNTED;

/// The adapter for `anthropic-messages`.
#[derive(Debug)]
pub struct AnthropicMessages;

impl Adapter for AnthropicMessages {
    fn protocol(&self) -> &'static str {
        "anthropic-messages"
    }

    fn auth(&self) -> Auth {
        Auth::XApiKey
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

    fn rules_out(&self, target: &Target<'_>, call: &ChatCall) -> Vec<&'static str> {
        rules::ruled_out(call, target)
    }

    fn continues(&self, target: &Target<'_>) -> bool {
        let is_known = model::Model::read(target.upstream_model).takes_prefill();
        is_known || target.quirks.prefill.is_some()
    }

    fn decoder(&self) -> Box<dyn Decoder> {
        Box::new(decode::MessagesDecoder::default())
    }

    fn events(&self, body: &[u8]) -> Result<Vec<ChatEvent>, Fault> {
        decode::whole(body)
    }

    fn classify(&self, failure: &Failure<'_>) -> Fault {
        fault::refined(Fault::from_failure(failure))
    }

    fn probe(&self, target: &Target<'_>) -> Result<Request<Bytes>, Unsupported> {
        let mut request = get(&versioned(target.base_url, "v1", "models?limit=1"))?;
        encode::headers(request.headers_mut(), target)?;
        Ok(request)
    }

    fn native(&self) -> Option<&dyn Native> {
        Some(self)
    }

    fn counter(&self) -> Option<&dyn Counter> {
        Some(self)
    }
}
