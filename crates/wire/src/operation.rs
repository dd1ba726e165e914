//! Calls that are not conversations: embeddings, reranking, speech, transcription, images and
//! moderation (contract §1.1).
//!
//! A request is read into values, because no provider but OpenAI's copies takes it as it is; what
//! is not known here stays in [`OperationCall::object`] for those that do. An answer is values too,
//! written once its cost is known.

mod answer;
mod call;
mod embeddings;
mod fields;
mod image;
mod measure;
mod media;
mod moderation;
mod render;
mod rerank;
mod sound;
mod speech;
mod survey;
#[cfg(test)]
mod tests;
mod transcription;
mod upload;

pub use answer::{OperationAnswer, OperationContent, Rendered};
pub use call::{OperationCall, OperationRequest};
pub use embeddings::{EmbeddingInput, EmbeddingsRequest, InputPart, Vector, VectorEncoding};
pub use image::{Background, GeneratedImage, ImageFormat, ImageQuality, ImageRequest, Pixels};
pub use media::MediaSource;
pub use moderation::{ModerationInput, ModerationRequest, ModerationVerdict};
pub use rerank::{Document, Ranked, RerankRequest};
pub use speech::{SpeechAnswer, SpeechFormat, SpeechReference, SpeechRequest};
pub use transcription::{
    Granularity, Segment, Transcript, TranscriptFormat, TranscriptionRequest, Word,
};
pub use upload::Upload;

/// What is asked for besides a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operation {
    /// Vectors for texts, tokens or media.
    Embeddings,
    /// Documents in the order of their relevance to a query.
    Rerank,
    /// Text read aloud.
    Speech,
    /// Speech written down.
    Transcription,
    /// Pictures from a text.
    Image,
    /// Whether a text or a picture is harmful.
    Moderation,
}

impl Operation {
    /// Every operation.
    pub const ALL: [Self; 6] = [
        Self::Embeddings,
        Self::Rerank,
        Self::Speech,
        Self::Transcription,
        Self::Image,
        Self::Moderation,
    ];

    /// Its `api_type` in a generation record (contract §1.3).
    pub const fn api_type(self) -> &'static str {
        match self {
            Self::Embeddings => "embeddings",
            Self::Rerank => "rerank",
            Self::Speech => "tts",
            Self::Transcription => "stt",
            Self::Image => "image",
            Self::Moderation => "moderation",
        }
    }
}
