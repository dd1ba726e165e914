//! The models on offer, and what a requested name means: a base name picks the behaviour, the
//! suffixes joined by `+` are a script, as in `prose+status:503`.

use crate::script::{Script, ScriptError};

/// What a model does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Behaviour {
    Echo,
    Prose,
    Tools,
    Json,
    Think(ReasoningField),
    Vision,
    Cached,
    Bench,
    Refuse,
    /// Like echo, with a picture.
    Draw,
    /// Like echo, with sound.
    Speak,
    /// Like echo, with a source.
    Cite,
    Missing,
}

/// The field that carries reasoning in the OpenAI protocol, where providers differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReasoningField {
    /// `reasoning_content`, as DeepSeek and others have it.
    ReasoningContent,
    /// `reasoning`, as OpenRouter and Groq have it.
    Reasoning,
}

/// The names of models for conversations in the lists of models, with what they do.
pub const MODELS: [(&str, &str); 10] = [
    ("echo", "Answers with the text of the last user message"),
    ("prose", "Answers with seeded prose"),
    ("tools", "Calls the tools that it is offered"),
    ("json", "Answers with JSON that follows the requested schema"),
    ("think", "Reasons, then answers"),
    ("think-reasoning", "Like think, with the field called reasoning"),
    ("vision", "Says which images it got"),
    ("cached", "Like echo, with half of the prompt read from a cache"),
    ("refuse", "Refuses to answer"),
    ("bench", "Answers with fixed bytes"),
];

/// The names of models for other operations. They are in the lists of the providers that have such
/// models; every model does every operation, whatever its name.
pub const OPERATION_MODELS: [(&str, &str); 6] = [
    ("embed", "Embeds in 8 dimensions, unless told otherwise"),
    ("rerank", "Ranks documents by the words that they share with the query"),
    ("image", "Makes pictures of one colour"),
    ("speech", "Speaks in a tone"),
    ("transcribe", "Hears prose, whatever is said"),
    ("moderate", "Flags words such as `kill`"),
];

/// A requested model.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Model {
    pub(crate) behaviour: Behaviour,
    pub(crate) script: Script,
}

impl Model {
    /// Reads a requested name.
    pub(crate) fn parse(name: &str) -> Result<Self, ScriptError> {
        let (base, suffixes) = name.split_once('+').unwrap_or((name, ""));
        // Ollama gives every model this tag.
        let base = base.strip_suffix(":latest").unwrap_or(base);
        Ok(Self { behaviour: Behaviour::of(base), script: suffixes.parse()? })
    }
}

impl Behaviour {
    fn of(base: &str) -> Self {
        match base {
            "echo" => Self::Echo,
            "tools" => Self::Tools,
            "json" => Self::Json,
            "think" => Self::Think(ReasoningField::ReasoningContent),
            "think-reasoning" => Self::Think(ReasoningField::Reasoning),
            "vision" => Self::Vision,
            "cached" => Self::Cached,
            "refuse" => Self::Refuse,
            "bench" => Self::Bench,
            "draw" => Self::Draw,
            "speak" => Self::Speak,
            "cite" => Self::Cite,
            "missing-model" => Self::Missing,
            _ => Self::Prose,
        }
    }
}
