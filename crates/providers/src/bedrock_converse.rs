//! Amazon Bedrock, by its Converse operations.
//!
//! <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html>
//!
//! One protocol for the models of many makers. Messages become turns of blocks, an answer comes as
//! frames of a binary event stream. What only some models know goes beside the common fields, in
//! `additionalModelRequestFields`.
//!
//! # Decisions
//!
//! - A model's maker and version are read from its name (`model`). A name that says nothing, such
//!   as the ARN of an application inference profile, gets the common fields only.
//! - Claude is asked to think exactly as on Anthropic's own API: the same rules, other places.
//! - The common fields can't say that no tool may be called, nor that only one may. Claude is told
//!   in its own fields; others are instructed in words.
//! - Prompt-cache markers go only to models that take them: others refuse the call.
//! - A schema for the answer is enforced where Bedrock can (`outputConfig`), and asked for in words
//!   elsewhere. It is not turned into a forced tool, which would take the place of the caller's.
//! - Tools are `strict` only where the caller asks for it and the model can: their schemas are
//!   adapted then, because those written for other providers may hold words that are refused.
//! - Media at an http(s) address is [`Unsupported`]: Bedrock fetches from S3 only.
//! - Seeds, penalties, log probabilities and the end user have no place here and are dropped.

mod answer;
mod block;
mod cache;
mod claude_tools;
mod conversation;
mod counter;
mod credential;
mod decode;
mod encode;
mod fault;
mod fields;
mod frames;
mod media;
mod model;
mod operations;
mod output;
mod shape;
mod sign;
mod tools;
mod usage;

use bytes::Bytes;
use http::Request;
use tollgate_wire::chat::{ChatCall, ChatEvent};

use self::model::{Family, Model};
use crate::adapter::get;
use crate::encoding::{has_place, lacks};
use crate::tier::Tier;
use crate::{
    Adapter, Counter, Decoder, EncodeError, Fetches, Failure, Fault, Operations, Outbound, Target,
    Unsupported,
};

/// The adapter for `bedrock-converse`.
#[derive(Debug)]
pub struct BedrockConverse;

impl Adapter for BedrockConverse {
    fn protocol(&self) -> &'static str {
        "bedrock-converse"
    }

    fn fetches(&self) -> Fetches {
        Fetches::NOTHING
    }

    fn encode(&self, outbound: &Outbound<'_>) -> Result<Request<Bytes>, EncodeError> {
        encode::request(outbound)
    }

    fn knows(&self, member: &str) -> bool {
        has_place(member, encode::OWN_MEMBERS)
    }

    fn leaves_out(&self, target: &Target<'_>, member: &str, json: &str) -> bool {
        lacks(target, member) || Tier::is_lost(member, json, encode::tier_word)
    }

    fn rules_out(&self, target: &Target<'_>, call: &ChatCall) -> Vec<&'static str> {
        encode::ruled_out(call, target)
    }

    fn carries(&self, target: &Target<'_>, lost: &str) -> bool {
        let kind = lost.strip_prefix("tools.").unwrap_or_default();
        claude_tools::is_one(kind) && Model::read(target.upstream_model).family == Family::Claude
    }

    fn continues(&self, target: &Target<'_>) -> bool {
        let is_known = Model::read(target.upstream_model).takes_prefill();
        is_known || target.quirks.prefill.is_some()
    }

    fn decoder(&self) -> Box<dyn Decoder> {
        Box::new(decode::ConverseDecoder::default())
    }

    fn events(&self, body: &[u8]) -> Result<Vec<ChatEvent>, Fault> {
        decode::whole(body)
    }

    fn classify(&self, failure: &Failure<'_>) -> Fault {
        fault::classify(failure)
    }

    /// Lists the models of the region, which a Bedrock API key may do. An access key would have to
    /// be signed with the time of day, which a probe does not have.
    fn probe(&self, target: &Target<'_>) -> Result<Request<Bytes>, Unsupported> {
        // The runtime's host has no operation that costs nothing; the control plane's host has.
        let base_url = target.base_url.replacen("://bedrock-runtime", "://bedrock", 1);
        let mut request = get(&format!("{base_url}/foundation-models"))?;
        sign::authorize_unsigned(request.headers_mut(), target)?;
        Ok(request)
    }

    fn operations(&self) -> Option<&dyn Operations> {
        Some(self)
    }

    fn counter(&self) -> Option<&dyn Counter> {
        Some(self)
    }
}
