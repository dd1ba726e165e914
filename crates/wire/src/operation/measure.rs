//! What a request comes to, counted here: for providers that do not say.

use super::survey::{BYTES_PER_TOKEN, size};
use super::{OperationCall, OperationRequest, sound};
use tollgate_types::{Usage, UsageSource};

/// Documents of one search unit, as Cohere counts them.
const DOCUMENTS_PER_SEARCH: usize = 100;

impl OperationCall {
    /// Counts from the request alone, and none from the answer. Tokens are estimated from the
    /// text; tokens that the client sent are counted.
    pub fn measured(&self) -> Usage {
        let mut usage = Usage {
            source: UsageSource::Estimated,
            prompt_tokens: self.survey().text_bytes.div_ceil(BYTES_PER_TOKEN),
            prompt_images: self.survey().images,
            ..Usage::default()
        };
        match self.request() {
            OperationRequest::Rerank(request) => {
                usage.search_units = size(request.documents.len().div_ceil(DOCUMENTS_PER_SEARCH));
            }
            OperationRequest::Speech(request) => {
                usage.prompt_characters = size(request.input.chars().count());
            }
            OperationRequest::Transcription(request) => {
                let format = request.audio_format.as_deref();
                usage.prompt_audio_milliseconds = sound::length(&request.audio.bytes, format);
            }
            OperationRequest::Embeddings(_)
            | OperationRequest::Image(_)
            | OperationRequest::Moderation(_) => {}
        }
        usage
    }
}
