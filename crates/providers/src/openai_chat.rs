//! OpenAI Chat Completions, and the many providers that speak it.
//!
//! <https://platform.openai.com/docs/api-reference/chat>
//!
//! The client's dialect is this protocol with extensions, so nothing is translated: the client's
//! bytes go up with our fields taken out, and the provider's bytes come back with our fields put
//! in. What providers do differently is data (`Quirks`).

mod encode;
mod messages;
mod splice;
mod stream;
mod usage;
mod whole;

use bytes::Bytes;
use http::Request;
use tollgate_wire::chat::AnswerHead;

use crate::adapter::get;
use crate::encoding::authorize;
use crate::{
    Adapter, AnswerStream, EncodeError, Failure, Fault, Outbound, Target, Unsupported, WholeAnswer,
};

/// The adapter for `openai-chat`.
#[derive(Debug)]
pub struct OpenAiChat;

impl Adapter for OpenAiChat {
    fn protocol(&self) -> &'static str {
        "openai-chat"
    }

    fn encode(&self, outbound: &Outbound<'_>) -> Result<Request<Bytes>, EncodeError> {
        Ok(encode::request(outbound)?)
    }

    fn stream(&self, head: &AnswerHead) -> Box<dyn AnswerStream> {
        Box::new(stream::SplicedStream::new(head))
    }

    fn whole(&self, head: &AnswerHead, body: Bytes) -> Result<Box<dyn WholeAnswer>, Fault> {
        Ok(Box::new(whole::SplicedWhole::read(head, &body)?))
    }

    fn classify(&self, failure: &Failure<'_>) -> Fault {
        Fault::from_failure(failure)
    }

    fn probe(&self, target: &Target<'_>) -> Result<Request<Bytes>, Unsupported> {
        let mut request = get(&format!("{}/models", target.base_url))?;
        authorize(request.headers_mut(), target)?;
        Ok(request)
    }
}
