//! Claude on Vertex AI.

use bytes::Bytes;
use http::Request;
use tollgate_wire::chat::ChatEvent;

use super::address;
use crate::anthropic_messages::betas;
use crate::anthropic_messages::encode::{Host, body};
use crate::{
    Adapter, AnthropicMessages, Counter, Decoder, EncodeError, Fetches, Failure, Fault, Gemini, Outbound,
    Target, Unsupported,
};

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
        let streamed = outbound.call.params().stream;
        let operation = if streamed { "streamRawPredict" } else { "rawPredict" };
        let body = body(outbound, Host::Vertex)?;
        let mut request = address::call(&outbound.target, "anthropic", operation, body)?;
        betas::add(request.headers_mut(), outbound.betas)?;
        Ok(request)
    }

    fn knows(&self, member: &str) -> bool {
        member != "service_tier" && AnthropicMessages.knows(member)
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

    fn counter(&self) -> Option<&dyn Counter> {
        Some(self)
    }
}
