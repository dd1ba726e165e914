//! The answer of an operation.

use super::{
    GeneratedImage, ModerationVerdict, Operation, Ranked, SpeechAnswer, Transcript, Vector,
};
use tollgate_types::Usage;

/// What a provider answered.
#[derive(Debug, Clone)]
pub struct OperationAnswer {
    /// The answer itself.
    pub content: OperationContent,
    /// Counts: the provider's, completed by what can be counted here
    /// ([`OperationCall::measured`](super::OperationCall::measured)).
    pub usage: Usage,
    /// The provider's own id of the answer.
    pub upstream_id: Option<String>,
}

/// The answer itself.
#[derive(Debug, Clone)]
pub enum OperationContent {
    /// A vector for each input, in their order.
    Embeddings(Vec<Vector>),
    /// The documents, the most relevant first.
    Rerank(Vec<Ranked>),
    /// The sound.
    Speech(SpeechAnswer),
    /// The text.
    Transcription(Transcript),
    /// The pictures.
    Image(Vec<GeneratedImage>),
    /// The judgements, one for each input or one for all parts.
    Moderation(Vec<ModerationVerdict>),
}

/// An answer as the client gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// Its media type.
    pub media_type: String,
    /// Its bytes.
    pub body: Vec<u8>,
}

impl OperationContent {
    /// What it answers.
    pub const fn operation(&self) -> Operation {
        match self {
            Self::Embeddings(_) => Operation::Embeddings,
            Self::Rerank(_) => Operation::Rerank,
            Self::Speech(_) => Operation::Speech,
            Self::Transcription(_) => Operation::Transcription,
            Self::Image(_) => Operation::Image,
            Self::Moderation(_) => Operation::Moderation,
        }
    }
}
