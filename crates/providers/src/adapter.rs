//! What every adapter does.

use std::fmt;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, Method, Request, Uri};
use tollgate_types::Timestamp;
use tollgate_wire::chat::{AnswerHead, ChatCall, ChatEvent, UsageView};
use tollgate_wire::error::{BadRequest, ErrorBody};
use tollgate_wire::{AnswerWriter, Call, Dialect, Position};

use crate::encoding::lacks;
use crate::{Counter, Failure, Fault, Operations, Progress};
use tollgate_catalog::{Auth, Quirks, Service};

/// Translates between the chat dialect and one provider protocol.
///
/// A client that speaks another dialect reaches the adapter through chat, request and answer
/// alike; one that speaks the protocol itself is served by [`Adapter::native`].
pub trait Adapter: Send + Sync + fmt::Debug + 'static {
    /// Name in configuration and in the catalog, e.g. `anthropic-messages`.
    fn protocol(&self) -> &'static str;

    /// Where the key goes, unless a provider wants it elsewhere.
    fn auth(&self) -> Auth {
        Auth::Bearer
    }

    /// Whether a key may be the key file of a Google service account.
    fn takes_key_files(&self) -> bool {
        false
    }

    /// What its servers fetch that a request gives by its address. The rest must be sent inline.
    fn fetches(&self) -> Fetches {
        Fetches { images: true, files: true }
    }

    /// Encodes one call.
    ///
    /// # Errors
    ///
    /// When this protocol can't express the request, or the request itself turns out to be wrong;
    /// either way the engine moves on to the next endpoint of the plan.
    fn encode(&self, outbound: &Outbound<'_>) -> Result<Request<Bytes>, EncodeError>;

    /// Whether a member of a chat request means something to this protocol; what does not is left
    /// out and named in the record of the attempt.
    fn knows(&self, _member: &str) -> bool {
        true
    }

    /// Whether a member of a chat request, given as JSON, is left out at this endpoint although the
    /// protocol knows it: the endpoint or its model does not. It is named in the record too.
    fn leaves_out(&self, target: &Target<'_>, member: &str, _json: &str) -> bool {
        lacks(target, member)
    }

    /// Members of a call that are left out at this endpoint because of what else the call says: the
    /// model takes either, not both. They are named in the record too, where the call says them.
    fn rules_out(&self, _target: &Target<'_>, _call: &ChatCall) -> Vec<&'static str> {
        Vec::new()
    }

    /// Whether something that a call lost on its way into chat, or that few protocols take, reaches
    /// the endpoint all the same. It is given by the name it would have in the record.
    fn carries(&self, _target: &Target<'_>, _lost: &str) -> bool {
        false
    }

    /// Starts reading a streamed answer. Dropping it is the only clean-up.
    fn decoder(&self) -> Box<dyn Decoder>;

    /// Starts reading a streamed answer that comes as a JSON array, where the protocol has such.
    fn array_decoder(&self) -> Option<Box<dyn Decoder>> {
        None
    }

    /// Reads a whole answer.
    ///
    /// # Errors
    ///
    /// When the body is not an answer: garbage, an error in a 200.
    fn events(&self, body: &[u8]) -> Result<Vec<ChatEvent>, Fault>;

    /// Says, in our vocabulary, why a response was not a success.
    fn classify(&self, failure: &Failure<'_>) -> Fault {
        Fault::from_failure(failure)
    }

    /// A cheap request that succeeds when base URL and credential are right.
    fn probe(&self, target: &Target<'_>) -> Result<Request<Bytes>, Unsupported>;

    /// Whether a conversation that ends with the beginning of the assistant's answer is answered
    /// there with the rest of it, and nothing else: so an answer that broke off elsewhere can go
    /// on. Only where the provider's documentation says so.
    fn continues(&self, _target: &Target<'_>) -> bool {
        false
    }

    /// How clients are served that speak this protocol themselves.
    fn native(&self) -> Option<&dyn Native> {
        None
    }

    /// What the protocol does besides conversations.
    fn operations(&self) -> Option<&dyn Operations> {
        None
    }

    /// How the protocol counts the tokens of a conversation, if it does.
    fn counter(&self) -> Option<&dyn Counter> {
        None
    }
}

/// Serves clients that speak the provider's own protocol: the client's bytes go up and the
/// provider's bytes come down, changed only where a field is ours. Unknown fields survive.
pub trait Native: Send + Sync + fmt::Debug + 'static {
    /// What the client must speak.
    fn dialect(&self) -> Dialect;

    /// Whether a member of the client's request, given as JSON, is left out at this endpoint, and
    /// so named in the record of the attempt.
    fn leaves_out(&self, _target: &Target<'_>, _member: &str, _json: &str) -> bool {
        false
    }

    /// As [`Adapter::carries`], for a call that is passed on: all of it, if nothing else is said.
    fn carries(&self, _target: &Target<'_>, _lost: &str) -> bool {
        true
    }

    /// Whether it leaves thoughts out of an answer where the caller wants none shown
    /// (`reasoning.exclude`). A relay that does not is passed over for such a call, which is
    /// translated.
    fn hides_thoughts(&self) -> bool {
        true
    }

    /// Whether a call can't go up as it came, so that [`Native::forward`] translates it. What that
    /// leaves out is named as of any other translation; the answer is passed on all the same.
    fn translates(&self, _call: &Call) -> bool {
        false
    }

    /// Forwards one call.
    ///
    /// # Errors
    ///
    /// As [`Adapter::encode`].
    fn forward(&self, inbound: &Inbound<'_>) -> Result<Request<Bytes>, EncodeError>;

    /// Starts reading a streamed answer.
    fn stream(&self, head: &AnswerHead) -> Box<dyn AnswerStream>;

    /// Reads a whole answer.
    ///
    /// # Errors
    ///
    /// When the body is not an answer: garbage, an error in a 200, nothing at all.
    fn whole(&self, head: &AnswerHead, body: Bytes) -> Result<Box<dyn WholeAnswer>, Fault>;
}

/// A streamed answer being read. Writes the client's bytes; knows how far it got.
pub trait AnswerStream: Send + fmt::Debug {
    /// Takes the next bytes of the response, appends what the client shall see.
    ///
    /// # Errors
    ///
    /// When the provider reports an error or sends what can't be understood. Nothing may be
    /// pushed afterwards.
    fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), Fault>;

    /// The response has ended.
    ///
    /// # Errors
    ///
    /// When the answer was not complete.
    fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), Fault>;

    /// Whether the provider's terminator has come: whatever follows is noise, and a connection
    /// that stays open behind it is not worth waiting for.
    fn is_done(&self) -> bool;

    /// How far the answer got.
    fn progress(&self) -> &Progress;

    /// Writes the end of a complete answer, with its usage and cost.
    fn end(&mut self, out: &mut Vec<u8>, usage: &UsageView);

    /// Writes the end of an answer that broke off.
    fn fail(&mut self, out: &mut Vec<u8>, error: &ErrorBody, usage: Option<&UsageView>);

    /// Keeps in [`Progress::said`] what the client is told, so that another endpoint can go on with
    /// it; without `keeps_text` only as long as it is no text. A stream that can't be handed over
    /// keeps nothing.
    fn remember(&mut self, _keeps_text: bool) {}

    /// Gives up its place: the writer stands where the client's reading does, and goes on under the
    /// same `head`, since one answer has one name. Only for a stream that remembers.
    fn hand_over(self: Box<Self>, call: &Call, head: &AnswerHead) -> Box<dyn AnswerWriter> {
        let mut writer = call.writer(head);
        writer.resume(Position::default());
        writer
    }
}

/// A whole answer that was read. Written only once its cost is known.
pub trait WholeAnswer: Send + fmt::Debug {
    /// What the answer came to.
    fn progress(&self) -> &Progress;

    /// Writes the completion.
    fn render(&self, head: &AnswerHead, usage: &UsageView) -> Vec<u8>;
}

/// Turns a provider's stream into events.
pub trait Decoder: Send + fmt::Debug {
    /// Takes the next bytes, appends the events they complete.
    fn push(&mut self, bytes: &[u8], out: &mut Vec<ChatEvent>) -> Result<(), Fault>;

    /// The body has ended. An answer that was not complete is [`Fault::truncated`].
    fn finish(&mut self, out: &mut Vec<ChatEvent>) -> Result<(), Fault>;

    /// Whether the protocol's terminator has come, for a protocol that has one.
    fn is_done(&self) -> bool {
        false
    }
}

/// A call on its way to one endpoint, in the chat dialect.
#[derive(Debug, Clone, Copy)]
pub struct Outbound<'a> {
    /// The call.
    pub call: &'a ChatCall,
    /// Where it goes, and what goes with it.
    pub target: Target<'a>,
    /// The end user, made anonymous: what goes upstream in place of the caller's `user`.
    pub end_user: Option<&'a str>,
    /// Features that the caller asks Anthropic for in a header (contract §0), where the provider
    /// serves Claude.
    pub betas: Option<&'a str>,
    /// The tools, as JSON, of a caller who speaks Anthropic's API: chat has no word for those that
    /// only Claude knows, and Claude is served by other protocols too.
    pub claude_tools: Option<&'a str>,
    /// The time of day, for protocols that sign it.
    pub now: Timestamp,
}

/// A call on its way to an endpoint that speaks the caller's dialect, as it came.
#[derive(Debug, Clone, Copy)]
pub struct Inbound<'a> {
    /// The call.
    pub call: &'a Call,
    /// Where it goes, and what goes with it.
    pub target: Target<'a>,
    /// The end user, made anonymous: what goes upstream in place of the caller's `user`.
    pub end_user: Option<&'a str>,
    /// The time of day, for protocols that sign it.
    pub now: Timestamp,
}

/// Where a call goes, and what is known of that place.
#[derive(Clone, Copy)]
pub struct Target<'a> {
    /// Base URL without a slash at the end.
    pub base_url: &'a str,
    /// The model's name there.
    pub upstream_model: &'a str,
    /// The credential, if the provider needs one.
    pub credential: Option<&'a str>,
    /// Most tokens the endpoint can write.
    pub max_output: Option<u64>,
    /// Parameters the endpoint knows, in the contract's words (§7.1); empty when unknown.
    pub supported_parameters: &'a [String],
    /// Where the credential goes.
    pub auth: Auth,
    /// What this provider does differently from its protocol.
    pub quirks: &'a Quirks,
    /// How the endpoint stands to the provider's service tiers.
    pub service: Service,
}

impl<'a> Inbound<'a> {
    /// The same call in the chat dialect.
    ///
    /// # Errors
    ///
    /// When the request turns out to be wrong where it is translated.
    pub fn outbound(&self) -> Result<Outbound<'a>, BadRequest> {
        let Self { call, target, end_user, now } = *self;
        let betas = call.address().anthropic_beta.as_deref();
        let claude_tools = call.member("tools").filter(|_| call.dialect() == Dialect::Messages);
        Ok(Outbound { call: call.chat()?, target, end_user, betas, claude_tools, now })
    }
}

impl fmt::Debug for Target<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target")
            .field("base_url", &self.base_url)
            .field("upstream_model", &self.upstream_model)
            .finish_non_exhaustive()
    }
}

impl Target<'_> {
    /// Whether the endpoint knows a parameter of the contract's vocabulary. An endpoint that says
    /// nothing is taken to know everything.
    pub fn supports(&self, parameter: &str) -> bool {
        self.supported_parameters.is_empty()
            || self.supported_parameters.iter().any(|known| known == parameter)
    }
}

/// What is fetched by its address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fetches {
    /// Images.
    pub images: bool,
    /// Documents.
    pub files: bool,
}

impl Fetches {
    /// Nothing at all.
    pub const NOTHING: Self = Self { images: false, files: false };
    /// Images, and no documents.
    pub const IMAGES: Self = Self { images: true, files: false };

    /// The same at a provider with these quirks.
    #[must_use]
    pub fn with(self, quirks: &Quirks) -> Self {
        let images = self.images && quirks.takes_image_urls;
        Self { images, files: images && quirks.takes_file_urls.unwrap_or(self.files) }
    }
}

/// Why a call could not be encoded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// The protocol can't express it: another may.
    #[error(transparent)]
    Unsupported(#[from] Unsupported),
    /// The request is wrong, which shows only where it is translated: the caller's to mend.
    #[error(transparent)]
    BadRequest(#[from] BadRequest),
}

/// A request a protocol can't express, and what of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unsupported(pub String);

/// A GET of `url`.
pub(crate) fn get(url: &str) -> Result<Request<Bytes>, Unsupported> {
    let mut request = Request::new(Bytes::new());
    *request.method_mut() = Method::GET;
    *request.uri_mut() = uri(url)?;
    Ok(request)
}

/// A POST of JSON to `url`.
pub(crate) fn post(url: &str, body: Vec<u8>) -> Result<Request<Bytes>, Unsupported> {
    let mut request = Request::new(Bytes::from(body));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = uri(url)?;
    request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(request)
}

fn uri(url: &str) -> Result<Uri, Unsupported> {
    url.parse().map_err(|_| Unsupported(format!("`{url}` is not a URL")))
}

/// Adds a header whose value must not be logged.
pub(crate) fn secret_header(
    headers: &mut HeaderMap,
    name: HeaderName,
    value: &str,
) -> Result<(), Unsupported> {
    let mut value = HeaderValue::from_str(value).map_err(|_| {
        Unsupported("the provider's key has characters a header can't carry".into())
    })?;
    value.set_sensitive(true);
    headers.insert(name, value);
    Ok(())
}

/// Joins `path` to a base URL; a base without a version segment gets `version` first, because
/// operators give either form.
pub(crate) fn versioned(base_url: &str, version: &str, path: &str) -> String {
    let last = base_url.rsplit('/').next().unwrap_or_default();
    let mut characters = last.bytes();
    let has_version =
        characters.next() == Some(b'v') && characters.next().is_some_and(|b| b.is_ascii_digit());
    if has_version { format!("{base_url}/{path}") } else { format!("{base_url}/{version}/{path}") }
}
