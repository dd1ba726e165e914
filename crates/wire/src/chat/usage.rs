//! `usage` as callers read it (contract §3.2).

use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use tollgate_types::{Usage, Usd};

use crate::json::ObjectWriter;

/// Counts and what they cost, ready to be written.
#[derive(Debug, Clone, Copy)]
pub struct UsageView {
    /// The counts.
    pub usage: Usage,
    /// What the account is charged.
    pub cost: Usd,
    /// What the provider charges for the prompt.
    pub prompt_cost: Usd,
    /// What the provider charges for the completion.
    pub completion_cost: Usd,
    /// What the provider charges in all.
    pub upstream_cost: Usd,
    /// Whether there was no price: then the cost is unknown, not zero.
    pub unpriced: bool,
    /// Whether the caller's own key was used (contract §6.2): then the provider bills its owner.
    pub is_byok: bool,
}

impl UsageView {
    /// Writes it behind what `out` has, as it is told to callers (contract §3.2).
    pub fn write(&self, out: &mut Vec<u8>) {
        let usage = &self.usage;
        let mut object = ObjectWriter::new(out);
        object.count("prompt_tokens", usage.prompt_tokens);
        object.count("completion_tokens", usage.completion_tokens);
        object.count("total_tokens", usage.total_tokens());
        object.amount("cost", self.cost);
        object.flag("is_byok", self.is_byok);
        let mut read = object.object("prompt_tokens_details");
        read.count("cached_tokens", usage.cached_tokens);
        read.count("cache_write_tokens", usage.cache_write_tokens);
        read.count("audio_tokens", usage.audio_prompt_tokens);
        read.count("video_tokens", usage.video_prompt_tokens);
        read.end();
        let mut costs = object.object("cost_details");
        costs.amount("upstream_inference_cost", self.upstream_cost);
        costs.amount("upstream_inference_prompt_cost", self.prompt_cost);
        costs.amount("upstream_inference_completions_cost", self.completion_cost);
        costs.end();
        let mut written = object.object("completion_tokens_details");
        written.count("reasoning_tokens", usage.reasoning_tokens);
        written.count("image_tokens", usage.image_completion_tokens);
        written.count("audio_tokens", usage.audio_completion_tokens);
        for (name, predicted) in [
            ("accepted_prediction_tokens", usage.accepted_prediction_tokens),
            ("rejected_prediction_tokens", usage.rejected_prediction_tokens),
        ] {
            if predicted > 0 {
                written.count(name, predicted);
            }
        }
        written.end();
        for (name, is) in [("is_estimated", usage.is_estimated()), ("is_unpriced", self.unpriced)] {
            if is {
                object.flag(name, is);
            }
        }
        object.end();
    }
}

impl Serialize for UsageView {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut json = Vec::with_capacity(WRITTEN_BYTES);
        self.write(&mut json);
        let json = String::from_utf8(json).map_err(serde::ser::Error::custom)?;
        RawValue::from_string(json).map_err(serde::ser::Error::custom)?.serialize(to)
    }
}

/// About as many bytes as it is written in.
const WRITTEN_BYTES: usize = 512;
