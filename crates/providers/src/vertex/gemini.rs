//! Gemini on Vertex AI.

use bytes::Bytes;
use http::Request;
use http::header::{HeaderName, HeaderValue};
use tollgate_wire::chat::{AnswerHead, ChatEvent, ChatParams};
use tollgate_wire::{Call, Dialect};

use super::contents::{self, Contents};
use super::address;
use crate::gemini::encode::{body, service_tier};
use crate::gemini::model::Host;
use crate::gemini::relay::request::{self as relay, Member};
use crate::splice::same_name;
use crate::translate::{ANSWERED_CONTENT, ANSWERED_IMAGES};
use crate::{
    Adapter, AnswerStream, Counter, Decoder, EncodeError, Failure, Fault, Gemini, Inbound, Native,
    Operations, Outbound, Target, Unsupported, WholeAnswer,
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
        let body = body(outbound, Host::Vertex)?;
        Ok(send(&outbound.target, outbound.call.params(), body)?)
    }

    fn knows(&self, member: &str) -> bool {
        Gemini.knows(member)
    }

    fn leaves_out(&self, target: &Target<'_>, member: &str, json: &str) -> bool {
        Adapter::leaves_out(&Gemini, target, member, json)
    }

    fn carries(&self, _target: &Target<'_>, lost: &str) -> bool {
        [ANSWERED_IMAGES, ANSWERED_CONTENT].contains(&lost)
    }

    fn continues(&self, target: &Target<'_>) -> bool {
        Gemini.continues(target)
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

    fn native(&self) -> Option<&dyn Native> {
        Some(self)
    }

    fn operations(&self) -> Option<&dyn Operations> {
        Some(self)
    }

    fn counter(&self) -> Option<&dyn Counter> {
        Some(self)
    }
}

/// Clients of Gemini's own API are served as Google AI Studio serves them, but for what is said in
/// another way here.
impl Native for Vertex {
    fn dialect(&self) -> Dialect {
        Gemini.dialect()
    }

    fn hides_thoughts(&self) -> bool {
        Gemini.hides_thoughts()
    }

    fn leaves_out(&self, target: &Target<'_>, member: &str, json: &str) -> bool {
        Native::leaves_out(&Gemini, target, member, json)
    }

    fn translates(&self, call: &Call) -> bool {
        let contents = call.member("contents").unwrap_or_default();
        relay::translates(call) || Contents::read(contents).must_be_translated()
    }

    fn forward(&self, inbound: &Inbound<'_>) -> Result<Request<Bytes>, EncodeError> {
        let Inbound { call, target, .. } = *inbound;
        if self.translates(call) {
            return Adapter::encode(self, &inbound.outbound()?);
        }
        Ok(send(&target, call.params(), relay::body(inbound, None, adapted))?)
    }

    fn stream(&self, head: &AnswerHead) -> Box<dyn AnswerStream> {
        Native::stream(&Gemini, head)
    }

    fn whole(&self, head: &AnswerHead, body: Bytes) -> Result<Box<dyn WholeAnswer>, Fault> {
        Native::whole(&Gemini, head, body)
    }
}

fn send(
    target: &Target<'_>,
    params: &ChatParams,
    body: Vec<u8>,
) -> Result<Request<Bytes>, Unsupported> {
    if target.upstream_model.starts_with("claude") {
        return Err(Unsupported("Claude by the protocol of Gemini".to_owned()));
    }
    let operation = if params.stream { "streamGenerateContent?alt=sse" } else { "generateContent" };
    let mut request = address::call(target, "google", operation, body)?;
    if let Some(tier @ ("flex" | "priority")) = service_tier(params, target) {
        request.headers_mut().insert(TIER, HeaderValue::from_static(tier));
    }
    Ok(request)
}

/// What becomes of a member of a client's request.
fn adapted(name: &str, json: &str) -> Member {
    match name {
        "contents" if Contents::read(json).must_change() => {
            contents::adapted(json).map_or(Member::AsItCame, Member::Otherwise)
        }
        // It goes in a header.
        name if same_name(name, "serviceTier") => Member::LeftOut,
        _ => Member::AsItCame,
    }
}
