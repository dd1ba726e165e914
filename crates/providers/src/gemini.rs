//! Google Gemini, as Google AI Studio serves it.
//!
//! <https://ai.google.dev/api/generate-content>
//!
//! Another dialect than chat, so a chat client's call is translated: messages become contents of
//! parts, and the provider's partial responses become our events. Clients that speak the protocol
//! themselves are served by `relay`, which translates nothing.
//!
//! # Thought signatures
//!
//! The provider seals its thoughts into signatures that hang on parts and must come back on the
//! same parts; without them it refuses the call that continues a tool's use. They travel through
//! the client as sealed `reasoning_details` of format `google-gemini-v1`: one with the `id` of a
//! tool call belongs to that call, one without belongs to the text.
//!
//! # Decisions
//!
//! - Tools and answer schemas go as JSON Schema (`parametersJsonSchema`, `responseJsonSchema`), not
//!   as the provider's own subset: nothing has to be rewritten.
//! - An http(s) address of an image or a document goes as `fileData`, which newer models fetch
//!   themselves; of a film only YouTube's and the provider's own (contract §2.2).
//! - Code the provider runs by itself can't be asked for in the chat dialect, so its parts are
//!   passed over, as is audio output, which has no event yet.
//! - A field of the chat dialect that this protocol doesn't know is dropped; content it can't carry
//!   is [`Unsupported`].

mod answer;
mod conversation;
mod counter;
mod decode;
pub(crate) mod encode;
mod fault;
mod framing;
mod generation;
mod grounding;
mod logprobs;
pub(crate) mod model;
pub(crate) mod operations;
mod part;
pub(crate) mod relay;
mod shape;
mod usage;

use bytes::Bytes;
use http::Request;
use tollgate_catalog::Auth;
use tollgate_wire::chat::ChatEvent;

use crate::adapter::{get, versioned};
use crate::encoding::{authorize, has_place, lacks};
use crate::tier::Tier;
use crate::translate::{ANSWERED_CONTENT, ANSWERED_IMAGES};
use crate::{
    Adapter, Counter, Decoder, EncodeError, Failure, Fault, Native, Operations, Outbound, Target,
    Unsupported,
};

/// The adapter for `gemini`.
#[derive(Debug)]
pub struct Gemini;

impl Adapter for Gemini {
    fn protocol(&self) -> &'static str {
        "gemini"
    }

    fn auth(&self) -> Auth {
        Auth::XGoogApiKey
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

    fn carries(&self, _target: &Target<'_>, lost: &str) -> bool {
        [ANSWERED_IMAGES, ANSWERED_CONTENT].contains(&lost)
    }

    fn continues(&self, target: &Target<'_>) -> bool {
        // Open models are served under the protocol too; nothing is documented of those.
        !target.upstream_model.contains("gemma") || target.quirks.prefill.is_some()
    }

    fn decoder(&self) -> Box<dyn Decoder> {
        Box::new(decode::GeminiDecoder::default())
    }

    fn array_decoder(&self) -> Option<Box<dyn Decoder>> {
        Some(self.decoder())
    }

    fn events(&self, body: &[u8]) -> Result<Vec<ChatEvent>, Fault> {
        decode::whole(body)
    }

    fn classify(&self, failure: &Failure<'_>) -> Fault {
        fault::refined(Fault::from_failure(failure), failure.body)
    }

    fn probe(&self, target: &Target<'_>) -> Result<Request<Bytes>, Unsupported> {
        let mut request = get(&versioned(target.base_url, "v1beta", "models?pageSize=1"))?;
        authorize(request.headers_mut(), target)?;
        Ok(request)
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
