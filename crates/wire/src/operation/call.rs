//! A call for an operation, as received.

use bytes::Bytes;

use super::fields::Fields;
use super::survey::survey;
use super::{
    EmbeddingsRequest, ImageRequest, MediaSource, ModerationRequest, Operation, RerankRequest,
    SpeechRequest, TranscriptionRequest, Upload, embeddings, image, moderation, rerank, speech,
    transcription,
};
use crate::chat::{ChatParams, Survey};
use crate::dialect::GATEWAY_MEMBERS;
use crate::error::BadRequest;
use crate::json::{RawObject, raw_value};
use crate::preset::{self, Preset};

/// A call for an operation: read and checked, its members kept.
#[derive(Debug, Clone)]
pub struct OperationCall {
    object: RawObject,
    params: ChatParams,
    survey: Survey,
    request: OperationRequest,
}

/// What an operation is asked to do.
#[derive(Debug, Clone, PartialEq)]
pub enum OperationRequest {
    /// Vectors for texts, tokens or media.
    Embeddings(EmbeddingsRequest),
    /// Documents in the order of their relevance to a query.
    Rerank(RerankRequest),
    /// Text read aloud.
    Speech(SpeechRequest),
    /// Speech written down.
    Transcription(TranscriptionRequest),
    /// Pictures from a text.
    Image(ImageRequest),
    /// Whether a text or a picture is harmful.
    Moderation(ModerationRequest),
}

impl OperationCall {
    /// Reads a request body.
    ///
    /// # Errors
    ///
    /// Names the line and column where the body stops being JSON, or the field that is missing, has
    /// the wrong type or is out of bounds (contract §1.1, §4.1).
    pub fn read(operation: Operation, body: Bytes) -> Result<Self, BadRequest> {
        Self::of_object(operation, RawObject::read(body)?, None)
    }

    /// Reads a form: its fields as a JSON object, and its file.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub fn of_form(
        operation: Operation,
        fields: RawObject,
        file: Upload,
    ) -> Result<Self, BadRequest> {
        Self::of_object(operation, fields, Some(file))
    }

    /// What is asked for.
    pub const fn operation(&self) -> Operation {
        match &self.request {
            OperationRequest::Embeddings(_) => Operation::Embeddings,
            OperationRequest::Rerank(_) => Operation::Rerank,
            OperationRequest::Speech(_) => Operation::Speech,
            OperationRequest::Transcription(_) => Operation::Transcription,
            OperationRequest::Image(_) => Operation::Image,
            OperationRequest::Moderation(_) => Operation::Moderation,
        }
    }

    /// What to do.
    pub const fn request(&self) -> &OperationRequest {
        &self.request
    }

    /// The parameters that the gateway acts on: models, user, session.
    pub const fn params(&self) -> &ChatParams {
        &self.params
    }

    /// What the request contains.
    pub const fn survey(&self) -> &Survey {
        &self.survey
    }

    /// The members as received; of a form, its fields.
    pub const fn object(&self) -> &RawObject {
        &self.object
    }

    /// The raw JSON of one member, unless it is absent or `null`.
    pub fn member(&self, name: &str) -> Option<&str> {
        self.object.member(name)
    }

    /// The members that mean nothing to the gateway: key and raw JSON value. They go on to
    /// providers whose requests have the same form.
    pub fn unknown_members(&self) -> impl Iterator<Item = (&str, &str)> {
        let known = self.operation().members();
        self.object.members().filter(move |(name, _)| {
            !known.contains(name) && !COMMON.contains(name) && !GATEWAY_MEMBERS.contains(name)
        })
    }

    /// The addresses of media in it, each once, in their order.
    pub fn remote_media(&self) -> Vec<String> {
        let mut addresses: Vec<String> = Vec::new();
        for address in self.media().into_iter().filter_map(MediaSource::address) {
            if !addresses.iter().any(|known| known == address) {
                addresses.push(address.to_owned());
            }
        }
        addresses
    }

    /// The same call with addresses replaced by what they hold: pairs of address and data URI.
    /// The members as received stay what they were.
    #[must_use]
    pub fn with_media(&self, media: &[(String, String)]) -> Self {
        let mut call = self.clone();
        match &mut call.request {
            OperationRequest::Embeddings(request) => request.fill(media),
            OperationRequest::Rerank(request) => request.fill(media),
            OperationRequest::Image(request) => request.fill(media),
            OperationRequest::Moderation(request) => request.fill(media),
            OperationRequest::Speech(_) | OperationRequest::Transcription(_) => {}
        }
        call.survey = survey(&call.request);
        call
    }

    /// The slug of the preset that the call names, in its model or in `preset` (contract §2.1).
    ///
    /// # Errors
    ///
    /// When it names two, or one where only models may stand.
    pub fn preset(&self) -> Result<Option<String>, BadRequest> {
        preset::named(&self.params, self.member("preset"))
    }

    /// The same call with what a preset says of models and providers. The rest of a preset is about
    /// conversations.
    ///
    /// # Errors
    ///
    /// When the preset's own members have the wrong type.
    pub fn with_preset(&self, preset: &Preset) -> Result<Self, BadRequest> {
        let mut asked = self.params.clone();
        // A model that the caller left to us is no choice of theirs.
        asked.model = asked.model.filter(|_| self.member("model").is_some());
        let model = preset.model(&asked);
        let object = preset.over_gateway_members(&self.object, model.as_deref())?;
        let params = params(self.operation(), &object)?;
        Ok(Self { object, params, ..self.clone() })
    }

    fn media(&self) -> Vec<&MediaSource> {
        match &self.request {
            OperationRequest::Embeddings(request) => request.media().collect(),
            OperationRequest::Rerank(request) => request.media().collect(),
            OperationRequest::Image(request) => request.references.iter().collect(),
            OperationRequest::Moderation(request) => request.media().collect(),
            OperationRequest::Speech(_) | OperationRequest::Transcription(_) => Vec::new(),
        }
    }

    fn of_object(
        operation: Operation,
        object: RawObject,
        file: Option<Upload>,
    ) -> Result<Self, BadRequest> {
        if file.is_some() && operation != Operation::Transcription {
            return Err(BadRequest::new("file: Only a transcription takes a file"));
        }
        let params = params(operation, &object)?;
        let fields = Fields::of_call(&object, file.is_some());
        let request = match operation {
            Operation::Embeddings => {
                OperationRequest::Embeddings(EmbeddingsRequest::read(&fields)?)
            }
            Operation::Rerank => OperationRequest::Rerank(RerankRequest::read(&fields)?),
            Operation::Speech => OperationRequest::Speech(SpeechRequest::read(&fields)?),
            Operation::Transcription => {
                OperationRequest::Transcription(TranscriptionRequest::read(&fields, file)?)
            }
            Operation::Image => OperationRequest::Image(ImageRequest::read(&fields)?),
            Operation::Moderation => {
                OperationRequest::Moderation(ModerationRequest::read(&fields)?)
            }
        };
        let survey = survey(&request);
        Ok(Self { object, params, survey, request })
    }
}

/// Members of every operation that the gateway acts on or never passes on.
const COMMON: &[&str] = &["model", "stream", "user"];

impl Operation {
    /// Members of a request that its own reader knows.
    const fn members(self) -> &'static [&'static str] {
        match self {
            Self::Embeddings => embeddings::MEMBERS,
            Self::Rerank => rerank::MEMBERS,
            Self::Speech => speech::MEMBERS,
            Self::Transcription => transcription::MEMBERS,
            Self::Image => image::MEMBERS,
            Self::Moderation => moderation::MEMBERS,
        }
    }
}

/// The parameters that every operation has in common with a chat. No answer is streamed.
fn params(operation: Operation, object: &RawObject) -> Result<ChatParams, BadRequest> {
    let mut params = ChatParams::default();
    for (name, raw) in object.members() {
        if matches!(name, "model" | "user") || GATEWAY_MEMBERS.contains(&name) {
            params.take(name, raw_value(raw)?)?;
        }
    }
    let unnamed = params.model.is_none() && params.models.is_empty();
    if operation == Operation::Moderation && unnamed {
        params.model = Some(moderation::DEFAULT_MODEL.to_owned());
    }
    Ok(params)
}
