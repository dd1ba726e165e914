//! What the pipeline needs to know of a call, whatever is asked for.

use std::fmt;

use tollgate_catalog::Modality;
use tollgate_providers::{Adapter, Fault, Target, dropped, left_out};
use tollgate_types::Usage;
use tollgate_upstream::MediaFetcher;
use tollgate_wire::chat::{ChatParams, Survey};
use tollgate_wire::error::BadRequest;
use tollgate_wire::json::RawObject;
use tollgate_wire::operation::{Operation, OperationCall};
use tollgate_wire::{Call, Preset, Weight};

use crate::cache;
use crate::content::Input;
use crate::media;

/// A conversation or an operation, on its way through the same pipeline.
pub(crate) trait Asked: fmt::Debug + Send + Sync + Sized + 'static {
    /// Whether what answers it is written by a model, word by word.
    const CONVERSES: bool;

    /// The parameters that the gateway acts on.
    fn params(&self) -> &ChatParams;

    /// What the request contains.
    fn survey(&self) -> &Survey;

    /// What whoever answers must have consumed, as counted here: nobody does so for nothing.
    fn least(&self) -> Usage;

    /// What a provider may read of all that is sent on. It may take a walk through all of it.
    fn weight(&self) -> Weight;

    /// The raw JSON of one top-level member, unless it is absent or `null`.
    fn member(&self, name: &str) -> Option<&str>;

    /// The slug of the preset that it names (contract §2.1).
    fn preset(&self) -> Result<Option<String>, BadRequest>;

    /// The same with a preset laid under it.
    fn with_preset(&self, preset: &Preset) -> Result<Self, BadRequest>;

    /// Parameters sent, in the contract's vocabulary (§7.1).
    fn parameters(&self) -> Vec<&'static str>;

    /// What the answer must contain.
    fn output(&self) -> Vec<Modality>;

    /// What its conversation is recognised by, if it is one (contract §5.8).
    fn opening(&self) -> Option<u64>;

    /// Whether the caller wants to be told of routing (contract §3.4).
    fn wants_metadata(&self) -> bool;

    /// What the client speaks, for rules.
    fn dialect_name(&self) -> &'static str;

    /// What the user says in it, the latest first, about `most` bytes of it.
    fn user_text(&self, most: usize) -> String;

    /// Its kind in a generation record (contract §1.3).
    fn api_type(&self) -> &'static str;

    /// What is said in it, for who keeps it; none of an operation.
    fn said(&self) -> Option<Input> {
        None
    }

    /// The form of the call and what is in its body, presets included, where answers to calls of that
    /// form may be kept (contract §6.4).
    fn kept_as(&self) -> Option<(&'static str, &RawObject)> {
        None
    }

    /// What of it is left out on the way to an endpoint.
    fn dropped(&self, adapter: &dyn Adapter, target: &Target<'_>) -> Vec<String>;

    /// The same with everything inside that it only points to; `None` when it points to nothing.
    fn inlined(
        &self,
        fetcher: &MediaFetcher,
    ) -> impl Future<Output = Result<Option<Box<Self>>, Fault>> + Send;
}

impl Asked for Call {
    const CONVERSES: bool = true;

    fn least(&self) -> Usage {
        Usage { prompt_tokens: self.survey().tokens_estimated(), ..Usage::default() }
    }

    fn weight(&self) -> Weight {
        self.weight()
    }

    fn params(&self) -> &ChatParams {
        self.params()
    }

    fn survey(&self) -> &Survey {
        self.survey()
    }

    fn member(&self, name: &str) -> Option<&str> {
        self.member(name)
    }

    fn preset(&self) -> Result<Option<String>, BadRequest> {
        self.preset()
    }

    fn with_preset(&self, preset: &Preset) -> Result<Self, BadRequest> {
        self.with_preset(preset)
    }

    fn parameters(&self) -> Vec<&'static str> {
        self.parameters()
    }

    /// Text, unless the caller says what else, or that there need be none (contract §2.1).
    fn output(&self) -> Vec<Modality> {
        let named = self.params().modalities.iter().filter_map(|name| match name.as_str() {
            "text" => Some(Modality::Text),
            "image" => Some(Modality::Image),
            "audio" => Some(Modality::Audio),
            _ => None,
        });
        let named: Vec<Modality> = named.collect();
        if named.is_empty() { vec![Modality::Text] } else { named }
    }

    fn opening(&self) -> Option<u64> {
        self.opening()
    }

    fn wants_metadata(&self) -> bool {
        self.address().wants_metadata
    }

    fn dialect_name(&self) -> &'static str {
        self.dialect().as_str()
    }

    fn user_text(&self, most: usize) -> String {
        self.user_text(most)
    }

    fn api_type(&self) -> &'static str {
        "completions"
    }

    fn said(&self) -> Option<Input> {
        Input::of(self)
    }

    fn kept_as(&self) -> Option<(&'static str, &RawObject)> {
        let form = cache::form_of(self)?;
        let all = if self.may_be_passed_on() { self.object() } else { self.chat().ok()?.object() };
        Some((form, all))
    }

    fn dropped(&self, adapter: &dyn Adapter, target: &Target<'_>) -> Vec<String> {
        dropped(adapter, self, target)
    }

    async fn inlined(&self, fetcher: &MediaFetcher) -> Result<Option<Box<Self>>, Fault> {
        media::inlined_conversation(fetcher, self).await
    }
}

impl Asked for OperationCall {
    const CONVERSES: bool = false;

    fn weight(&self) -> Weight {
        self.weight()
    }

    fn least(&self) -> Usage {
        let measured = self.measured();
        let prompt_tokens =
            if self.operation() == Operation::Embeddings { measured.prompt_tokens } else { 0 };
        Usage {
            prompt_tokens,
            prompt_characters: measured.prompt_characters,
            prompt_audio_milliseconds: measured.prompt_audio_milliseconds,
            search_units: measured.search_units,
            ..Usage::default()
        }
    }

    fn params(&self) -> &ChatParams {
        self.params()
    }

    fn survey(&self) -> &Survey {
        self.survey()
    }

    fn member(&self, name: &str) -> Option<&str> {
        self.member(name)
    }

    fn preset(&self) -> Result<Option<String>, BadRequest> {
        self.preset()
    }

    fn with_preset(&self, preset: &Preset) -> Result<Self, BadRequest> {
        self.with_preset(preset)
    }

    /// None: the vocabulary (§7.1) is about conversations.
    fn parameters(&self) -> Vec<&'static str> {
        Vec::new()
    }

    fn output(&self) -> Vec<Modality> {
        vec![match self.operation() {
            Operation::Embeddings => Modality::Embeddings,
            Operation::Rerank => Modality::Rerank,
            Operation::Speech => Modality::Speech,
            Operation::Transcription => Modality::Transcription,
            Operation::Image => Modality::Image,
            Operation::Moderation => Modality::Moderation,
        }]
    }

    fn opening(&self) -> Option<u64> {
        None
    }

    fn wants_metadata(&self) -> bool {
        false
    }

    /// Operations have one form.
    fn dialect_name(&self) -> &'static str {
        self.operation().api_type()
    }

    /// What is embedded, searched or read aloud, where it is one text.
    fn user_text(&self, most: usize) -> String {
        let text = ["input", "query", "prompt"].into_iter().find_map(|name| self.member(name));
        let mut text =
            text.and_then(|it| serde_json::from_str::<String>(it).ok()).unwrap_or_default();
        text.truncate(text.floor_char_boundary(most));
        text
    }

    fn api_type(&self) -> &'static str {
        self.operation().api_type()
    }

    fn kept_as(&self) -> Option<(&'static str, &RawObject)> {
        let is_kept = self.operation() == Operation::Embeddings;
        is_kept.then(|| (self.operation().api_type(), self.object()))
    }

    fn dropped(&self, adapter: &dyn Adapter, target: &Target<'_>) -> Vec<String> {
        let operations = adapter.operations();
        operations.map_or_else(Vec::new, |it| left_out(it, self, target))
    }

    async fn inlined(&self, fetcher: &MediaFetcher) -> Result<Option<Box<Self>>, Fault> {
        media::inlined_operation(fetcher, self).await
    }
}
