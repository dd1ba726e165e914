//! Models of other makers on Vertex AI, which speak OpenAI's chat there.
//!
//! <https://cloud.google.com/vertex-ai/generative-ai/docs/maas/call-open-model-apis>

use bytes::Bytes;
use http::Request;
use tollgate_wire::Dialect;
use tollgate_wire::chat::{AnswerHead, ChatEvent};

use super::address;
use crate::openai_chat::{self, OpenAiChat};
use crate::{
    Adapter, AnswerStream, Decoder, EncodeError, Fetches, Failure, Fault, Gemini, Inbound, Native, Outbound,
    Target, Unsupported, WholeAnswer,
};

/// The adapter for `vertex-openai`.
#[derive(Debug)]
pub struct VertexOpenAi;

impl Adapter for VertexOpenAi {
    fn protocol(&self) -> &'static str {
        "vertex-openai"
    }

    fn takes_key_files(&self) -> bool {
        true
    }

    fn fetches(&self) -> Fetches {
        Fetches::IMAGES
    }

    fn encode(&self, outbound: &Outbound<'_>) -> Result<Request<Bytes>, EncodeError> {
        Ok(address::partners(&outbound.target, openai_chat::body(outbound))?)
    }

    fn leaves_out(&self, target: &Target<'_>, member: &str, json: &str) -> bool {
        openai_chat::is_left_out(target, member, json)
    }

    fn carries(&self, target: &Target<'_>, lost: &str) -> bool {
        openai_chat::carries(target, lost)
    }

    fn decoder(&self) -> Box<dyn Decoder> {
        OpenAiChat.decoder()
    }

    fn events(&self, body: &[u8]) -> Result<Vec<ChatEvent>, Fault> {
        OpenAiChat.events(body)
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
}

impl Native for VertexOpenAi {
    fn dialect(&self) -> Dialect {
        Dialect::Chat
    }

    fn leaves_out(&self, target: &Target<'_>, member: &str, json: &str) -> bool {
        openai_chat::is_left_out(target, member, json)
    }

    fn carries(&self, target: &Target<'_>, lost: &str) -> bool {
        openai_chat::carries(target, lost)
    }

    fn forward(&self, inbound: &Inbound<'_>) -> Result<Request<Bytes>, EncodeError> {
        self.encode(&inbound.outbound()?)
    }

    fn stream(&self, head: &AnswerHead) -> Box<dyn AnswerStream> {
        Native::stream(&OpenAiChat, head)
    }

    fn whole(&self, head: &AnswerHead, body: Bytes) -> Result<Box<dyn WholeAnswer>, Fault> {
        Native::whole(&OpenAiChat, head, body)
    }
}
