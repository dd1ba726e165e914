//! Cohere Chat, version 2 of its API.
//!
//! <https://docs.cohere.com/v2/reference/chat>
//!
//! Another dialect than the client's, so everything is translated. Messages keep their places and
//! roles; sampling has other names and narrower bounds.
//!
//! # Plans and thoughts
//!
//! Models that don't reason write a plan before they call tools, models that do write thoughts.
//! Both become reasoning. On the way back it is thoughts for a model that reasons and the plan of
//! the calls for any other; elsewhere such a model has no place for it.
//!
//! # Decisions
//!
//! - One tool can't be demanded: the others are taken out of the offer and any is required. Calls
//!   one at a time can't be asked for.
//! - `strict_tools` holds for all tools: it is set when one of them is strict.
//! - A form of the answer is refused together with tools: then the model is told instead.
//! - A tool's result in JSON goes as documents, so that the model can cite it; what it cites with
//!   an address becomes an annotation, other citations have no form in the chat dialect.
//! - Images in a tool's result have no place in it: they follow as the user's.
//! - Members that only this provider knows (`documents`, `citation_options`, `safety_mode`,
//!   `priority`) are passed on.
//! - What is billed is what counts as usage, where the provider says it.

mod answer;
mod conversation;
mod decode;
mod encode;
mod fault;
pub(crate) mod operations;
mod shape;
mod usage;

use bytes::Bytes;
use http::Request;
use tollgate_wire::chat::ChatEvent;

use crate::adapter::get;
use crate::encoding::{authorize, has_place};
use crate::{
    Adapter, Decoder, EncodeError, Fetches, Failure, Fault, Operations, Outbound, Target, Unsupported,
};

/// The adapter for `cohere`.
#[derive(Debug)]
pub struct Cohere;

impl Adapter for Cohere {
    fn protocol(&self) -> &'static str {
        "cohere"
    }

    fn fetches(&self) -> Fetches {
        Fetches::IMAGES
    }

    fn encode(&self, outbound: &Outbound<'_>) -> Result<Request<Bytes>, EncodeError> {
        encode::request(outbound)
    }

    fn knows(&self, member: &str) -> bool {
        has_place(member, encode::OWN_MEMBERS)
    }

    fn decoder(&self) -> Box<dyn Decoder> {
        Box::new(decode::CohereDecoder::default())
    }

    fn events(&self, body: &[u8]) -> Result<Vec<ChatEvent>, Fault> {
        decode::whole(body)
    }

    fn classify(&self, failure: &Failure<'_>) -> Fault {
        fault::refined(Fault::from_failure(failure))
    }

    fn probe(&self, target: &Target<'_>) -> Result<Request<Bytes>, Unsupported> {
        let mut request = get(&format!("{}/v1/models?page_size=1", root(target.base_url)))?;
        authorize(request.headers_mut(), target)?;
        Ok(request)
    }

    fn operations(&self) -> Option<&dyn Operations> {
        Some(self)
    }
}

/// The address before the version: operators give it with one, without one, or as that of the
/// provider's imitation of OpenAI.
fn root(base_url: &str) -> &str {
    ["/v2", "/compatibility/v1", "/v1"]
        .into_iter()
        .find_map(|version| base_url.strip_suffix(version))
        .unwrap_or(base_url)
}
