//! What comes in with a call, and what goes out.

use bytes::Bytes;
use http::HeaderMap;
use tokio::time::Instant;
use tollgate_store::Attribution;
use tollgate_types::GenerationId;

use crate::stream::ChatStream;
use crate::{Cached, Timing};

/// An answer on its way to the client.
#[derive(Debug)]
pub enum Answer {
    /// All of it.
    Whole(WholeReply),
    /// One that was made for an earlier call.
    Again(KeptReply),
    /// A stream that has begun, or is about to.
    Stream {
        /// The generation's id.
        id: GenerationId,
        /// Display name of the provider, when one has spoken already.
        provider: Option<String>,
        /// Where the time went, when one has spoken already.
        timing: Option<Timing>,
        /// What the cache of answers had to do with it, if it was asked.
        cached: Option<Cached>,
        /// The media type of the body.
        media_type: &'static str,
        /// The body.
        body: Box<ChatStream>,
    },
}

/// A whole answer.
#[derive(Debug)]
pub struct WholeReply {
    /// The generation's id.
    pub id: GenerationId,
    /// Display name of the provider.
    pub provider: String,
    /// Where the time went.
    pub timing: Timing,
    /// What the cache of answers had to do with it, if it was asked.
    pub cached: Option<Cached>,
    /// The answer, as JSON in the caller's dialect.
    pub body: Bytes,
}

/// An answer that was made for an earlier call, whole or all of a stream.
#[derive(Debug)]
pub struct KeptReply {
    /// The generation's own id.
    pub id: GenerationId,
    /// Display name of the provider that made it.
    pub provider: String,
    /// Where the time went.
    pub timing: Timing,
    /// For how long it has been kept.
    pub cached: Option<Cached>,
    /// The media type of the body.
    pub media_type: &'static str,
    /// The answer, in the caller's dialect.
    pub body: Bytes,
}

/// Where a call comes from.
#[derive(Debug, Clone)]
pub struct Origin<'a> {
    /// What the caller says about itself.
    pub attribution: Attribution,
    /// The request's headers, for rules that look at them.
    pub headers: &'a HeaderMap,
    /// The region that the call must be processed in, if it must be in one (contract §5.10).
    pub region: Option<String>,
    /// When all of the request was there.
    pub received: Instant,
}
