//! Models, whoever serves them.

use std::sync::Arc;

use tollgate_types::ModelSlug;

use crate::format::DefaultParameters;
use crate::vocabulary::Modality;

/// A model as callers name it. Immutable, and shared by its endpoints.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// Public name, e.g. `openai/gpt-4o-mini`.
    pub id: ModelSlug,
    /// Permanent name; variants such as `:free` share it.
    pub canonical_slug: String,
    /// The model this one is a moving name for.
    pub alias_target: Option<ModelSlug>,
    /// Other names.
    pub aliases: Vec<String>,
    /// Name for people, e.g. `OpenAI: GPT-4o-mini`.
    pub name: String,
    /// A sentence or two, often empty.
    pub description: String,
    /// When it was published, Unix seconds; 0 when unknown.
    pub created: i64,
    /// Most tokens of prompt and answer together.
    pub context_length: Option<u64>,
    /// Most tokens of an answer.
    pub max_output: Option<u64>,
    /// What it reads and writes.
    pub architecture: Architecture,
    /// Its weights on Hugging Face.
    pub hugging_face_id: Option<String>,
    /// Last day of its training data, `YYYY-MM-DD`.
    pub knowledge_cutoff: Option<String>,
    /// Day it goes away, `YYYY-MM-DD`.
    pub expiration_date: Option<String>,
    /// The author screens prompts.
    pub is_moderated: bool,
    /// Whether the author permits to train other models on the answers; `None` when that is not
    /// known.
    pub distillable: Option<bool>,
    /// How good it is at code, from 0 to 1; `None` when nobody said.
    pub coding_score: Option<f64>,
    /// Request parameters that at least one endpoint takes.
    pub supported_parameters: Arc<[String]>,
    /// Sampling parameters its author recommends.
    pub default_parameters: Option<DefaultParameters>,
}

/// What a model reads and writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Architecture {
    /// What it reads.
    pub input_modalities: Vec<Modality>,
    /// What it writes.
    pub output_modalities: Vec<Modality>,
    /// Family of its tokenizer, e.g. `GPT`.
    pub tokenizer: String,
    /// Prompt template, e.g. `chatml`.
    pub instruct_type: Option<String>,
}

impl Architecture {
    /// The contract's summary, e.g. `text+image->text`.
    pub fn modality(&self) -> String {
        let joined = |modalities: &[Modality]| {
            let names: Vec<&str> = modalities.iter().map(|m| m.as_str()).collect();
            names.join("+")
        };
        format!("{}->{}", joined(&self.input_modalities), joined(&self.output_modalities))
    }
}

impl Model {
    /// Whether the id is a catalogue variant of another model, e.g. `….:free`.
    pub fn is_variant(&self) -> bool {
        self.id.as_str().contains(':')
    }
}
