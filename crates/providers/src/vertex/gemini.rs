//! Gemini on Vertex AI.

use bytes::Bytes;
use http::Request;
use http::header::{HeaderName, HeaderValue};
use tollgate_wire::chat::ChatEvent;

use super::address;
use crate::gemini::encode::{body, service_tier};
use crate::gemini::model::Host;
use crate::{
    Adapter, Counter, Decoder, EncodeError, Failure, Fault, Gemini, Operations, Outbound, Target,
    Unsupported,
};

/// The adapter for `vertex`.
#[derive(Debug)]
pub struct Vertex;

/// The tier asked for: <https://cloud.google.com/vertex-ai/generative-ai/docs/priority-paygo>.
const TIER: HeaderName = HeaderName::from_static("x-vertex-ai-llm-shared-request-type");

impl Adapter for Vertex {
    fn protocol(&self) -> &'static str {
        "vertex"
    }

    fn takes_key_files(&self) -> bool {
        true
    }

    fn encode(&self, outbound: &Outbound<'_>) -> Result<Request<Bytes>, EncodeError> {
        let (params, target) = (outbound.call.params(), &outbound.target);
        let is_claude = target.upstream_model.starts_with("claude");
        if is_claude {
            return Err(Unsupported("Claude by the protocol of Gemini".to_owned()).into());
        }
        let operation =
            if params.stream { "streamGenerateContent?alt=sse" } else { "generateContent" };
        let body = body(outbound, Host::Vertex)?;
        let mut request = address::call(target, "google", operation, body)?;
        if let Some(tier @ ("flex" | "priority")) = service_tier(params) {
            request.headers_mut().insert(TIER, HeaderValue::from_static(tier));
        }
        Ok(request)
    }

    fn knows(&self, member: &str) -> bool {
        Gemini.knows(member)
    }

    fn leaves_out(&self, target: &Target<'_>, member: &str, json: &str) -> bool {
        Gemini.leaves_out(target, member, json)
    }

    fn decoder(&self) -> Box<dyn Decoder> {
        Gemini.decoder()
    }

    fn array_decoder(&self) -> Option<Box<dyn Decoder>> {
        Gemini.array_decoder()
    }

    fn events(&self, body: &[u8]) -> Result<Vec<ChatEvent>, Fault> {
        Gemini.events(body)
    }

    fn classify(&self, failure: &Failure<'_>) -> Fault {
        Gemini.classify(failure)
    }

    fn probe(&self, target: &Target<'_>) -> Result<Request<Bytes>, Unsupported> {
        address::probe(target)
    }

    fn operations(&self) -> Option<&dyn Operations> {
        Some(self)
    }

    fn counter(&self) -> Option<&dyn Counter> {
        Some(self)
    }
}
