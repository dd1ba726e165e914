//! What a client may speak, and what each dialect must bring.

use std::fmt;

use tollgate_types::GenerationId;

use crate::answer::{AnswerBuilder, AnswerWriter};
use crate::chat::{AnswerHead, ChatParams, KEEP_ALIVE, RemoteMedia, Survey};
use crate::error::{BadRequest, ErrorBody};
use crate::json::{ObjectWriter, RawObject};

/// A public API that clients are written for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// OpenAI chat completions with OpenRouter's extensions (contract §2, §3.1 to §3.3): the
    /// dialect that every other one is translated through.
    Chat,
    /// OpenAI's legacy text completions (contract §1.1).
    Completions,
    /// OpenAI Responses (contract §3.5).
    Responses,
    /// Anthropic Messages (contract §3.6).
    Messages,
    /// Gemini `generateContent`.
    Gemini,
    /// Ollama `/api/chat`.
    Ollama,
}

/// Every dialect.
pub const DIALECTS: [Dialect; 6] = [
    Dialect::Chat,
    Dialect::Completions,
    Dialect::Responses,
    Dialect::Messages,
    Dialect::Gemini,
    Dialect::Ollama,
];

impl Dialect {
    /// How a signature begins, as a client of this dialect sends it back, that is an envelope of
    /// ours around another provider's thoughts: the dialect's own provider would refuse it. None
    /// for a dialect without such envelopes.
    pub const fn seal(self) -> Option<&'static str> {
        match self {
            Self::Messages => Some(crate::messages::SEAL),
            Self::Gemini => Some(crate::gemini::SEAL),
            Self::Chat | Self::Completions | Self::Responses | Self::Ollama => None,
        }
    }

    /// Whether a part of a request, as JSON, holds such an envelope.
    pub fn holds_seal(self, json: &str) -> bool {
        let Some(seal) = self.seal() else { return false };
        memchr::memmem::find_iter(json.as_bytes(), seal).any(|at| {
            at.checked_sub(1).and_then(|before| json.as_bytes().get(before)) == Some(&b'"')
        })
    }
}

/// Members that mean the same in the body of every dialect, because they are the gateway's own
/// (contract §2.1): they are read, and never translated.
pub const GATEWAY_MEMBERS: &[&str] = &[
    "models",
    "route",
    "provider",
    "plugins",
    "transforms",
    "preset",
    "session_id",
    "trace",
    "usage",
    "debug",
    "stop_server_tools_when",
    "routing_strategy",
    "max_price_per_million_tokens",
];

/// What a request says outside its body: in its path, its query or its headers.
#[derive(Debug, Clone, Default)]
pub struct Address {
    /// The model, for a dialect that names it in the path.
    pub model: Option<String>,
    /// Whether to stream, for a dialect that says so in the path.
    pub stream: Option<bool>,
    /// Gemini without `alt=sse`: a stream is the elements of one JSON array.
    pub as_array: bool,
    /// Whether the caller wants to be told of routing (`X-OpenRouter-Metadata: enabled`, contract
    /// §3.4).
    pub wants_metadata: bool,
    /// `anthropic-beta`: features the client asks Anthropic for.
    pub anthropic_beta: Option<String>,
}

/// A request as it came.
#[derive(Debug, Clone, Copy)]
pub struct Received<'a> {
    /// The body.
    pub object: &'a RawObject,
    /// What was said outside it.
    pub address: &'a Address,
}

/// What routing and metering need to know of a request, found out without building it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reading {
    /// Model, stream, bounds: the parameters that the gateway itself acts on, in chat's words.
    pub(crate) params: ChatParams,
    /// What the prompt contains.
    pub(crate) survey: Survey,
    /// Parameters sent, in the contract's vocabulary (§7.1).
    pub(crate) parameters: Vec<&'static str>,
}

/// How requests of one dialect are read.
pub(crate) trait RequestForm: Sync + fmt::Debug {
    /// Checks the members that the gateway acts on and surveys the prompt, in walks over the
    /// bytes: this is all a call needs that goes to a provider of the same dialect.
    ///
    /// # Errors
    ///
    /// Names the member that is missing or has the wrong type.
    fn read(&self, received: &Received<'_>) -> Result<Reading, BadRequest>;

    /// Writes the request as members of a chat request: all but `model`, `stream` and
    /// [`GATEWAY_MEMBERS`], which the caller writes. Returns the names of members that chat can't
    /// express and that were left out.
    ///
    /// # Errors
    ///
    /// Names the part of the request that is malformed.
    fn to_chat(
        &self,
        received: &Received<'_>,
        chat: &mut ObjectWriter<'_>,
    ) -> Result<Vec<String>, BadRequest>;

    /// The body with media that it points to put inside, as data URIs; `None` where this dialect
    /// can't follow.
    fn with_media(
        &self,
        _object: &RawObject,
        _media: &[(RemoteMedia, String)],
    ) -> Option<RawObject> {
        None
    }
}

/// How answers of one dialect are written.
pub(crate) trait AnswerForm: Sync + fmt::Debug {
    /// Writes a stream. `received` is `None` before a request was read.
    fn writer(&self, received: Option<&Received<'_>>, head: &AnswerHead) -> Box<dyn AnswerWriter>;

    /// Collects a whole answer.
    fn builder(&self, received: Option<&Received<'_>>) -> Box<dyn AnswerBuilder>;

    /// Writes a failure that comes instead of an answer (contract §4.1, §4.7).
    fn error(&self, error: &ErrorBody, id: Option<&GenerationId>) -> Vec<u8>;

    /// What keeps a quiet connection open: bytes that every client of the dialect skips. Empty
    /// where a dialect has none.
    fn keep_alive(&self, _: Option<&Received<'_>>) -> &'static [u8] {
        KEEP_ALIVE
    }

    /// The media type of a stream.
    fn stream_type(&self, _: Option<&Received<'_>>) -> &'static str {
        "text/event-stream"
    }
}

impl Dialect {
    /// Its name in records, metrics and tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Completions => "completions",
            Self::Responses => "responses",
            Self::Messages => "messages",
            Self::Gemini => "gemini",
            Self::Ollama => "ollama",
        }
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
