//! Claude on Vertex AI.

use bytes::Bytes;
use http::Request;
use tollgate_wire::chat::{AnswerHead, ChatCall, ChatEvent};
use tollgate_wire::{Call, Dialect};

use super::address;
use crate::anthropic_messages::betas;
use crate::anthropic_messages::encode::{Host, body};
use crate::anthropic_messages::relay::request as relay;
use crate::{Adapter, AnswerStream, AnthropicMessages, Counter, Decoder, EncodeError, Failure, Fault, Fetches, Gemini, Inbound, Native, Outbound, Target, Unsupported, WholeAnswer};

/// The adapter for `vertex-anthropic`.
#[derive(Debug)]
pub struct VertexAnthropic;

impl Adapter for VertexAnthropic {
    fn protocol(&self) -> &'static str {
        "vertex-anthropic"
    }

    fn takes_key_files(&self) -> bool {
        true
    }

    fn fetches(&self) -> Fetches {
        Fetches::NOTHING
    }

    fn encode(&self, outbound: &Outbound<'_>) -> Result<Request<Bytes>, EncodeError> {
        let body = body(outbound, Host::Vertex)?;
        let streamed = outbound.call.params().stream;
        Ok(send(&outbound.target, streamed, outbound.betas, body)?)
    }

    fn knows(&self, member: &str) -> bool {
        member != "service_tier" && AnthropicMessages.knows(member)
    }

    fn leaves_out(&self, target: &Target<'_>, member: &str, json: &str) -> bool {
        Adapter::leaves_out(&AnthropicMessages, target, member, json)
    }

    fn rules_out(&self, target: &Target<'_>, call: &ChatCall) -> Vec<&'static str> {
        AnthropicMessages.rules_out(target, call)
    }

    fn continues(&self, target: &Target<'_>) -> bool {
        AnthropicMessages.continues(target)
    }

    fn decoder(&self) -> Box<dyn Decoder> {
        AnthropicMessages.decoder()
    }

    fn events(&self, body: &[u8]) -> Result<Vec<ChatEvent>, Fault> {
        AnthropicMessages.events(body)
    }

    /// Google answers in its own form before a request reaches the model, and in Anthropic's
    /// afterwards.
    fn classify(&self, failure: &Failure<'_>) -> Fault {
        let anthropic = AnthropicMessages.classify(failure);
        let google = Gemini.classify(failure);
        if anthropic.kind == Fault::from_failure(failure).kind { google } else { anthropic }
    }

    fn probe(&self, target: &Target<'_>) -> Result<Request<Bytes>, Unsupported> {
        address::probe(target)
    }

    fn native(&self) -> Option<&dyn Native> {
        Some(self)
    }

    fn counter(&self) -> Option<&dyn Counter> {
        Some(self)
    }
}

/// Clients of Anthropic's own API are served as Anthropic serves them, but for the body's frame.
impl Native for VertexAnthropic {
    fn dialect(&self) -> Dialect {
        AnthropicMessages.dialect()
    }

    fn hides_thoughts(&self) -> bool {
        AnthropicMessages.hides_thoughts()
    }

    fn leaves_out(&self, target: &Target<'_>, member: &str, json: &str) -> bool {
        relay::leaves_out(target, Host::Vertex, member, json)
    }

    fn translates(&self, call: &Call) -> bool {
        relay::translates(call)
    }

    fn forward(&self, inbound: &Inbound<'_>) -> Result<Request<Bytes>, EncodeError> {
        let Inbound { call, target, .. } = *inbound;
        if relay::translates(call) {
            return Adapter::encode(self, &inbound.outbound()?);
        }
        let betas = call.address().anthropic_beta.as_deref();
        let body = relay::body(inbound, Host::Vertex);
        Ok(send(&target, call.params().stream, betas, body)?)
    }

    fn stream(&self, head: &AnswerHead) -> Box<dyn AnswerStream> {
        Native::stream(&AnthropicMessages, head)
    }

    fn whole(&self, head: &AnswerHead, body: Bytes) -> Result<Box<dyn WholeAnswer>, Fault> {
        Native::whole(&AnthropicMessages, head, body)
    }
}

fn send(
    target: &Target<'_>,
    streamed: bool,
    betas: Option<&str>,
    body: Vec<u8>,
) -> Result<Request<Bytes>, Unsupported> {
    let operation = if streamed { "streamRawPredict" } else { "rawPredict" };
    let mut request = address::call(target, "anthropic", operation, body)?;
    betas::add(request.headers_mut(), betas)?;
    Ok(request)
}
