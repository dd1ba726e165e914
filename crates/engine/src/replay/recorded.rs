//! A recorded call, in the place of the call itself.

use tollgate_catalog::Modality;
use tollgate_providers::{Adapter, Fault, Target};
use tollgate_store::{GenerationRecord, RoutingRecord};
use tollgate_types::Usage;
use tollgate_upstream::MediaFetcher;
use tollgate_wire::chat::{ChatParams, Survey, known_parameter};
use tollgate_wire::error::BadRequest;
use tollgate_wire::{Preset, Weight};

use crate::asked::Asked;

/// What a record says of a call.
#[derive(Debug)]
pub(super) struct Recorded {
    params: ChatParams,
    survey: Survey,
    parameters: Vec<&'static str>,
    output: Vec<Modality>,
    provider: Option<Box<str>>,
    dialect: &'static str,
    api_type: &'static str,
}

/// About how many bytes of text a token has: the inverse of how the prompt was estimated.
const BYTES_PER_TOKEN: u64 = 4;

impl Recorded {
    pub(super) fn of(record: &GenerationRecord, routing: &RoutingRecord) -> Self {
        let asked = &routing.asked;
        let mut models = if asked.models.is_empty() {
            vec![record.requested_model.clone()]
        } else {
            asked.models.clone()
        };
        let rest = models.split_off(1);
        let has = |word: &str| asked.input.iter().any(|it| it == word);
        Self {
            params: ChatParams {
                model: models.pop(),
                models: rest,
                stream: record.streamed,
                max_tokens: asked.max_tokens,
                user: record.attribution.external_user.clone(),
                session_id: record.attribution.session_id.clone(),
                ..ChatParams::default()
            },
            survey: Survey {
                messages: asked.messages,
                text_bytes: asked.prompt_tokens.saturating_mul(BYTES_PER_TOKEN),
                images: u64::from(has("image")),
                audio: has("audio"),
                files: has("file"),
                video: has("video"),
                ..Survey::default()
            },
            parameters: asked.parameters.iter().filter_map(|it| known_parameter(it)).collect(),
            output: asked.output.iter().filter_map(|it| Modality::parse(it)).collect(),
            provider: asked.provider.clone(),
            dialect: known_word(&asked.dialect, DIALECTS),
            api_type: known_word(&record.api_type, API_TYPES),
        }
    }
}

const DIALECTS: &[&str] = &["chat", "completions", "responses", "messages", "gemini", "ollama"];
const API_TYPES: &[&str] =
    &["completions", "embeddings", "rerank", "tts", "stt", "image", "moderation"];

fn known_word(word: &str, known: &[&'static str]) -> &'static str {
    known.iter().chain(API_TYPES).find(|it| **it == word).copied().unwrap_or_default()
}

impl Asked for Recorded {
    const CONVERSES: bool = true;

    fn params(&self) -> &ChatParams {
        &self.params
    }

    fn survey(&self) -> &Survey {
        &self.survey
    }

    fn least(&self) -> Usage {
        Usage::default()
    }

    fn weight(&self) -> Weight {
        Weight::default()
    }

    fn member(&self, name: &str) -> Option<&str> {
        self.provider.as_deref().filter(|_| name == "provider")
    }

    /// What its preset said is in the record already.
    fn preset(&self) -> Result<Option<String>, BadRequest> {
        Ok(None)
    }

    fn with_preset(&self, _: &Preset) -> Result<Self, BadRequest> {
        Err(BadRequest::new("a recorded call has no body"))
    }

    fn parameters(&self) -> Vec<&'static str> {
        self.parameters.clone()
    }

    fn output(&self) -> Vec<Modality> {
        self.output.clone()
    }

    fn opening(&self) -> Option<u64> {
        None
    }

    fn wants_metadata(&self) -> bool {
        false
    }

    fn dialect_name(&self) -> &'static str {
        self.dialect
    }

    /// Prompts are not recorded.
    fn user_text(&self, _: usize) -> String {
        String::new()
    }

    fn api_type(&self) -> &'static str {
        self.api_type
    }

    fn dropped(&self, _: &dyn Adapter, _: &Target<'_>) -> Vec<String> {
        Vec::new()
    }

    async fn inlined(&self, _: &MediaFetcher) -> Result<Option<Box<Self>>, Fault> {
        Ok(None)
    }
}
