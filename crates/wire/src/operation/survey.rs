//! What a request contains, for routing: only endpoints that read it can answer it.

use super::{
    EmbeddingInput, EmbeddingsRequest, InputPart, MediaSource, ModerationInput, OperationRequest,
    SpeechReference,
};
use crate::chat::Survey;

/// Bytes of text that a token stands for, about.
pub(super) const BYTES_PER_TOKEN: u64 = 4;

/// Surveys a request.
pub(super) fn survey(request: &OperationRequest) -> Survey {
    let mut survey = Survey::default();
    match request {
        OperationRequest::Embeddings(request) => embeddings(&mut survey, request),
        OperationRequest::Rerank(request) => {
            add_text(&mut survey, &request.query);
            for document in &request.documents {
                add_text(&mut survey, document.text.as_deref().unwrap_or_default());
                document.image.iter().for_each(|image| add_image(&mut survey, image));
            }
        }
        OperationRequest::Speech(request) => {
            add_text(&mut survey, &request.input);
            add_text(&mut survey, request.instructions.as_deref().unwrap_or_default());
            for reference in &request.references {
                match reference {
                    SpeechReference::Audio { .. } => survey.audio = true,
                    SpeechReference::Text(text) => add_text(&mut survey, text),
                }
            }
        }
        OperationRequest::Transcription(request) => {
            add_text(&mut survey, request.prompt.as_deref().unwrap_or_default());
            survey.audio = true;
        }
        OperationRequest::Image(request) => {
            add_text(&mut survey, &request.prompt);
            request.references.iter().for_each(|image| add_image(&mut survey, image));
        }
        OperationRequest::Moderation(request) => {
            for input in &request.inputs {
                match input {
                    ModerationInput::Text(text) | ModerationInput::TextPart(text) => {
                        add_text(&mut survey, text);
                    }
                    ModerationInput::ImagePart(image) => add_image(&mut survey, image),
                }
            }
        }
    }
    survey
}

fn embeddings(survey: &mut Survey, request: &EmbeddingsRequest) {
    for input in &request.inputs {
        match input {
            EmbeddingInput::Text(text) => add_text(survey, text),
            EmbeddingInput::Tokens(tokens) => {
                let bytes = size(tokens.len()).saturating_mul(BYTES_PER_TOKEN);
                survey.text_bytes = survey.text_bytes.saturating_add(bytes);
            }
            EmbeddingInput::Parts(parts) => parts.iter().for_each(|part| add_part(survey, part)),
        }
    }
}

fn add_part(survey: &mut Survey, part: &InputPart) {
    match part {
        InputPart::Text(text) => add_text(survey, text),
        InputPart::Image(image) => add_image(survey, image),
        InputPart::Audio(_) => survey.audio = true,
        InputPart::Video(_) => survey.video = true,
        InputPart::File { .. } => survey.files = true,
    }
}

fn add_text(survey: &mut Survey, text: &str) {
    survey.text_bytes = survey.text_bytes.saturating_add(size(text.len()));
}

fn add_image(survey: &mut Survey, image: &MediaSource) {
    survey.images = survey.images.saturating_add(1);
    survey.remote_images |= image.address().is_some();
}

/// A length as a count.
pub(super) fn size(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
