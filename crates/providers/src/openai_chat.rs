//! OpenAI Chat Completions, and the many providers that speak it.
//!
//! <https://platform.openai.com/docs/api-reference/chat>
//!
//! The client's dialect is this protocol with extensions, so nothing is translated: the client's
//! bytes go up with our fields taken out, and the provider's bytes come back with our fields put
//! in. What providers do differently is data (`Quirks`).

mod answer;
mod calls;
pub(crate) mod decode;
mod encode;
mod messages;
pub(crate) mod operations;
mod splice;
mod stream;
mod usage;
mod whole;

use bytes::Bytes;
use http::Request;
use tollgate_wire::Dialect;
use tollgate_wire::chat::{AnswerHead, ChatEvent};

use crate::adapter::get;
use crate::encoding::authorize;
use crate::{
    Adapter, AnswerStream, Decoder, EncodeError, Fetches, Fault, Inbound, Native, Operations, Outbound,
    Target, Unsupported, WholeAnswer,
};

pub(crate) use encode::{body, is_left_out};
pub(crate) use messages::carries;

/// The adapter for `openai-chat`.
#[derive(Debug)]
pub struct OpenAiChat;

impl Adapter for OpenAiChat {
    fn protocol(&self) -> &'static str {
        "openai-chat"
    }

    /// Documents come as data only: <https://platform.openai.com/docs/guides/pdf-files>.
    fn fetches(&self) -> Fetches {
        Fetches::IMAGES
    }

    fn encode(&self, outbound: &Outbound<'_>) -> Result<Request<Bytes>, EncodeError> {
        Ok(encode::request(outbound)?)
    }

    fn leaves_out(&self, target: &Target<'_>, member: &str, json: &str) -> bool {
        is_left_out(target, member, json)
    }

    fn carries(&self, target: &Target<'_>, lost: &str) -> bool {
        carries(target, lost)
    }

    fn continues(&self, target: &Target<'_>) -> bool {
        target.quirks.prefill.is_some()
    }

    fn decoder(&self) -> Box<dyn Decoder> {
        Box::new(decode::ChunkDecoder::default())
    }

    fn events(&self, body: &[u8]) -> Result<Vec<ChatEvent>, Fault> {
        decode::whole(body)
    }

    fn probe(&self, target: &Target<'_>) -> Result<Request<Bytes>, Unsupported> {
        let mut request = get(&format!("{}/models", target.base_url))?;
        authorize(request.headers_mut(), target)?;
        Ok(request)
    }

    fn native(&self) -> Option<&dyn Native> {
        Some(self)
    }

    fn operations(&self) -> Option<&dyn Operations> {
        Some(self)
    }
}

impl Native for OpenAiChat {
    fn dialect(&self) -> Dialect {
        Dialect::Chat
    }

    fn leaves_out(&self, target: &Target<'_>, member: &str, json: &str) -> bool {
        is_left_out(target, member, json)
    }

    fn carries(&self, target: &Target<'_>, lost: &str) -> bool {
        carries(target, lost)
    }

    fn forward(&self, inbound: &Inbound<'_>) -> Result<Request<Bytes>, EncodeError> {
        Adapter::encode(self, &inbound.outbound()?)
    }

    fn stream(&self, head: &AnswerHead) -> Box<dyn AnswerStream> {
        Box::new(stream::SplicedStream::new(head))
    }

    fn whole(&self, head: &AnswerHead, body: Bytes) -> Result<Box<dyn WholeAnswer>, Fault> {
        Ok(Box::new(whole::SplicedWhole::read(head, &body)?))
    }
}
