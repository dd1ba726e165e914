//! Clients that speak the protocol themselves: their bytes go up, the provider's come down.
//!
//! Only what is ours is changed. Going up: the model, which is part of the address; the bound on
//! the answer, where the endpoint can't write as much; and the members that mean something to the
//! gateway alone. Coming down: `modelVersion` and `responseId`. Nothing is added, because the
//! official clients refuse members they don't know; so the cost is not told here.
//!
//! Progress is read on the side, and comes to what the translation's decoder comes to; a test
//! holds the two together over every recording.

mod chunk;
pub(crate) mod request;
mod stream;
mod watch;
mod whole;

use bytes::Bytes;
use http::Request;
use tollgate_wire::chat::AnswerHead;
use tollgate_wire::{Call, Dialect};

use super::Gemini;
use crate::{AnswerStream, EncodeError, Fault, Inbound, Native, Target, WholeAnswer};

impl Native for Gemini {
    fn dialect(&self) -> Dialect {
        Dialect::Gemini
    }

    fn hides_thoughts(&self) -> bool {
        false
    }

    fn leaves_out(&self, _: &Target<'_>, member: &str, _: &str) -> bool {
        request::leaves_out(member)
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
