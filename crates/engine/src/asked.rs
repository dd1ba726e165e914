//! What the pipeline needs to know of a call, whatever is asked for.

use std::fmt;

use tollgate_catalog::Modality;
use tollgate_providers::{Adapter, Fault, Target, dropped, left_out};
use tollgate_upstream::MediaFetcher;
use tollgate_wire::Call;
use tollgate_wire::chat::{ChatParams, Survey};
use tollgate_wire::operation::{Operation, OperationCall};

use crate::media;

/// A conversation or an operation, on its way through the same pipeline.
pub(crate) trait Asked: fmt::Debug + Send + Sync + Sized + 'static {
    /// Whether whoever answers must have read tokens: no provider reads none for nothing.
    const READS_TOKENS: bool;

    /// The parameters that the gateway acts on.
    fn params(&self) -> &ChatParams;

    /// What the request contains.
    fn survey(&self) -> &Survey;

    /// The raw JSON of one top-level member, unless it is absent or `null`.
    fn member(&self, name: &str) -> Option<&str>;

    /// Parameters sent, in the contract's vocabulary (§7.1).
    fn parameters(&self) -> Vec<&'static str>;

    /// What the answer must contain.
    fn output(&self) -> Vec<Modality>;

    /// Its kind in a generation record (contract §1.3).
    fn api_type(&self) -> &'static str;

    /// What of it is left out on the way to an endpoint.
    fn dropped(&self, adapter: &dyn Adapter, target: &Target<'_>) -> Vec<String>;

    /// The same with everything inside that it only points to; `None` when it points to nothing.
    fn inlined(
        &self,
        fetcher: &MediaFetcher,
    ) -> impl Future<Output = Result<Option<Box<Self>>, Fault>> + Send;
}

impl Asked for Call {
    const READS_TOKENS: bool = true;

    fn params(&self) -> &ChatParams {
        self.params()
    }

    fn survey(&self) -> &Survey {
        self.survey()
    }

    fn member(&self, name: &str) -> Option<&str> {
        self.member(name)
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

    fn api_type(&self) -> &'static str {
        "completions"
    }

    fn dropped(&self, adapter: &dyn Adapter, target: &Target<'_>) -> Vec<String> {
        dropped(adapter, self, target)
    }

    async fn inlined(&self, fetcher: &MediaFetcher) -> Result<Option<Box<Self>>, Fault> {
        media::inlined_conversation(fetcher, self).await
    }
}

impl Asked for OperationCall {
    const READS_TOKENS: bool = false;

    fn params(&self) -> &ChatParams {
        self.params()
    }

    fn survey(&self) -> &Survey {
        self.survey()
    }

    fn member(&self, name: &str) -> Option<&str> {
        self.member(name)
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

    fn api_type(&self) -> &'static str {
        self.operation().api_type()
    }

    fn dropped(&self, adapter: &dyn Adapter, target: &Target<'_>) -> Vec<String> {
        let operations = adapter.operations();
        operations.map_or_else(Vec::new, |it| left_out(it, self, target))
    }

    async fn inlined(&self, fetcher: &MediaFetcher) -> Result<Option<Box<Self>>, Fault> {
        media::inlined_operation(fetcher, self).await
    }
}
