//! Clients that speak the protocol themselves: their bytes go up, the provider's come down
//! (contract §3.6).
//!
//! Only what is ours is changed. Going up: the model's name, the end user, the bound on the
//! answer, and the members that mean something to the gateway alone. Coming down: the id, the
//! model, the provider's name, and what the answer cost. Unknown members, blocks and events
//! survive, and the provider's own words stay as they are written.
//!
//! Progress is read on the side, and comes to what the translation's decoder comes to; a test
//! holds the two together over every recording.

mod cost;
mod frame;
pub(crate) mod request;
mod stream;
mod watch;
mod whole;

use bytes::Bytes;
use http::Request;
use tollgate_wire::chat::AnswerHead;
use tollgate_wire::{Call, Dialect};

use super::AnthropicMessages;
use super::encode::Host;
use crate::{AnswerStream, EncodeError, Fault, Inbound, Native, Target, WholeAnswer};

impl Native for AnthropicMessages {
    fn dialect(&self) -> Dialect {
        Dialect::Messages
    }

    fn leaves_out(&self, target: &Target<'_>, member: &str, json: &str) -> bool {
        request::leaves_out(target, Host::Anthropic, member, json)
    }

    fn hides_thoughts(&self) -> bool {
        false
    }

    fn translates(&self, call: &Call) -> bool {
        request::translates(call)
    }

    fn forward(&self, inbound: &Inbound<'_>) -> Result<Request<Bytes>, EncodeError> {
        request::forward(inbound)
    }

    fn stream(&self, head: &AnswerHead) -> Box<dyn AnswerStream> {
        Box::new(stream::RelayedStream::new(head))
    }

    fn whole(&self, _: &AnswerHead, body: Bytes) -> Result<Box<dyn WholeAnswer>, Fault> {
        Ok(Box::new(whole::RelayedWhole::read(body)?))
    }
}
