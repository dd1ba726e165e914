//! Ollama's own API.
//!
//! <https://docs.ollama.com/api/chat>
//!
//! A client that speaks it itself is served with its own bytes: only the model's name is ours, and
//! the last line gets `cost` and `provider`. For any other client everything is translated.
//!
//! # Decisions
//!
//! - Images go as bytes: an address is [`Unsupported`], because the server fetches nothing.
//! - A call of a tool can't be demanded: one tool narrows the offer to it, none empties it, and
//!   required is what the model makes of it.
//! - Calls come whole and, from older servers, without an id: then it is made of the answer's time
//!   and the call's number, because other providers refuse a conversation in which two calls share
//!   an id.
//! - `options` and `keep_alive`, which chat doesn't know, are passed on; parameters of chat win over
//!   options of the same meaning.
//! - Thinking is on or off; only the models that have levels get a level.

mod answer;
mod conversation;
mod decode;
mod encode;
mod fault;
mod lines;
mod native;
mod operations;
mod options;
mod shape;
mod splice;

use bytes::Bytes;
use http::Request;
use tollgate_wire::chat::{AnswerHead, ChatEvent};
use tollgate_wire::{Call, Dialect};

use crate::adapter::get;
use crate::encoding::{authorize, has_place};
use crate::translate::{ANSWERED_CONTENT, ANSWERED_IMAGES};
use crate::{
    Adapter, AnswerStream, Decoder, EncodeError, Fetches, Failure, Fault, Inbound, Native, Operations,
    Outbound, Target, Unsupported, WholeAnswer,
};

/// The adapter for `ollama`.
#[derive(Debug)]
pub struct Ollama;

impl Adapter for Ollama {
    fn protocol(&self) -> &'static str {
        "ollama"
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

    fn carries(&self, _target: &Target<'_>, lost: &str) -> bool {
        [ANSWERED_IMAGES, ANSWERED_CONTENT].contains(&lost)
    }

    fn continues(&self, target: &Target<'_>) -> bool {
        // Its form of a conversation leaves no answer open.
        !target.upstream_model.contains("gpt-oss")
    }

    fn decoder(&self) -> Box<dyn Decoder> {
        Box::new(decode::OllamaDecoder::default())
    }

    fn events(&self, body: &[u8]) -> Result<Vec<ChatEvent>, Fault> {
        decode::whole(body)
    }

    fn classify(&self, failure: &Failure<'_>) -> Fault {
        fault::refined(Fault::from_failure(failure))
    }

    /// The server's list in OpenAI's form: whoever looks for local models reads that one.
    fn probe(&self, target: &Target<'_>) -> Result<Request<Bytes>, Unsupported> {
        let mut request = get(&format!("{}/v1/models", root(target.base_url)))?;
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

impl Native for Ollama {
    fn dialect(&self) -> Dialect {
        Dialect::Ollama
    }

    fn leaves_out(&self, _: &Target<'_>, member: &str, _: &str) -> bool {
        encode::leaves_out(member)
    }

    fn translates(&self, call: &Call) -> bool {
        encode::translates(call)
    }

    fn forward(&self, inbound: &Inbound<'_>) -> Result<Request<Bytes>, EncodeError> {
        encode::forward(inbound)
    }

    fn stream(&self, head: &AnswerHead) -> Box<dyn AnswerStream> {
        Box::new(native::SplicedLines::new(head))
    }

    fn whole(&self, head: &AnswerHead, body: Bytes) -> Result<Box<dyn WholeAnswer>, Fault> {
        Ok(Box::new(native::SplicedAnswer::read(head, &body)?))
    }
}

/// The address before the API: operators give it with `/api`, without, or as that of the server's
/// imitation of OpenAI.
fn root(base_url: &str) -> &str {
    ["/api", "/v1"].into_iter().find_map(|path| base_url.strip_suffix(path)).unwrap_or(base_url)
}
