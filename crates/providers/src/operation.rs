//! What a provider does besides conversations.

pub(crate) mod answers;
pub(crate) mod inputs;
pub(crate) mod purpose;

use std::fmt;

use bytes::Bytes;
use http::Request;
use tollgate_types::Timestamp;
use tollgate_wire::GATEWAY_MEMBERS;
use tollgate_wire::operation::{Operation, OperationAnswer, OperationCall};

use crate::translate::DROPPED_MAX;
use crate::{EncodeError, Fault, Inbound, Target};

/// The operations of a protocol: embeddings, reranking, speech, transcription, images and
/// moderation. An adapter names its own in [`Adapter::operations`](crate::Adapter::operations).
pub trait Operations: Send + Sync + fmt::Debug + 'static {
    /// Whether the protocol has this operation.
    fn performs(&self, operation: Operation) -> bool;

    /// Whether a member of a request has a place at this endpoint. One without is left out and named
    /// in the record of the attempt. Not asked for what the operation is about, such as `input`, and
    /// what the gateway sees to by itself, such as the form of vectors.
    fn takes(&self, target: &Target<'_>, operation: Operation, member: &str) -> bool;

    /// Encodes one call.
    ///
    /// # Errors
    ///
    /// When the protocol can't express the request, or the request itself turns out to be wrong.
    fn encode(&self, task: &Task<'_>) -> Result<Request<Bytes>, EncodeError>;

    /// Reads the answer.
    ///
    /// # Errors
    ///
    /// When the body is not an answer: garbage, an error in a 200, nothing at all.
    fn answer(&self, task: &Task<'_>, reply: &Reply) -> Result<OperationAnswer, Fault>;

    /// Whether a successful response's body is the very thing that was asked for, such as a sound:
    /// then it is passed on as it comes and [`answer`](Self::answer) is not asked.
    fn passes_on(&self, _call: &OperationCall) -> bool {
        false
    }
}

/// What every protocol has a place for, or what the gateway sees to.
const EVERYWHERE: &[&str] = &[
    "model",
    "user",
    "stream",
    "input",
    "encoding_format",
    "query",
    "documents",
    "top_n",
    "return_documents",
    "prompt",
    "input_references",
    "file",
    "input_audio",
    "voice",
    "response_format",
    "stream_format",
];

/// The members of a call that are left out on the way to an endpoint.
pub fn left_out(
    operations: &dyn Operations,
    call: &OperationCall,
    target: &Target<'_>,
) -> Vec<String> {
    let operation = call.operation();
    let members = call.object().members().filter(|(name, json)| {
        *json != "null"
            && !EVERYWHERE.contains(name)
            && !GATEWAY_MEMBERS.contains(name)
            && !operations.takes(target, operation, name)
    });
    members.map(|(name, _)| name.to_owned()).take(DROPPED_MAX).collect()
}

/// Counts the tokens of a conversation without holding it.
pub trait Counter: Send + Sync + fmt::Debug + 'static {
    /// Encodes the question how many tokens a call has.
    ///
    /// # Errors
    ///
    /// As [`Operations::encode`].
    fn encode(&self, inbound: &Inbound<'_>) -> Result<Request<Bytes>, EncodeError>;

    /// Reads the count.
    ///
    /// # Errors
    ///
    /// When the body is not a count.
    fn count(&self, body: &[u8]) -> Result<u64, Fault>;
}

/// A call for an operation on its way to one endpoint.
#[derive(Debug, Clone, Copy)]
pub struct Task<'a> {
    /// The call.
    pub call: &'a OperationCall,
    /// Where it goes, and what goes with it.
    pub target: Target<'a>,
    /// The end user, made anonymous: what goes upstream in place of the caller's `user`.
    pub end_user: Option<&'a str>,
    /// The time of day, for protocols that sign it.
    pub now: Timestamp,
}

/// A successful response, whole.
#[derive(Debug, Clone)]
pub struct Reply {
    /// Its `Content-Type`; empty when it has none.
    pub media_type: String,
    /// Its body.
    pub body: Bytes,
}
