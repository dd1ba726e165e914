//! What a model takes, as far as its name tells.
//!
//! A name has an optional region, the maker, the model and perhaps a version:
//! `us.anthropic.claude-sonnet-4-5-20250929-v1:0`. An ARN ends in such a name, or hides it.
//!
//! <https://docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html>,
//! <https://docs.aws.amazon.com/bedrock/latest/userguide/structured-output.html>

use crate::anthropic_messages::model::Model as Claude;

/// What is known of a model.
#[derive(Debug, Clone, Copy)]
pub(super) struct Model {
    /// Who made it.
    pub(super) family: Family,
    /// What is known of it as a Claude; of others, nothing.
    pub(super) claude: Claude,
    takes_schema: bool,
}

/// Who made a model, as far as requests differ by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    /// Anthropic.
    Claude,
    /// Amazon, first generation.
    Nova,
    /// Amazon, second generation: it reasons.
    Nova2,
    /// Mistral.
    Mistral,
    /// OpenAI's open models.
    GptOss,
    /// OpenAI's other models.
    OpenAi,
    /// Somebody else.
    Other,
    /// The name does not say: a profile's ARN.
    Hidden,
}

/// Makers, and models of a maker, whose answers can be held to a schema; Claude is judged by its
/// version.
const TAKES_SCHEMA: &[&str] = &[
    "qwen.",
    "deepseek.v3",
    "google.gemma",
    "minimax.",
    "moonshot",
    "nvidia.nemotron",
    "openai.",
    "mistral.ministral",
    "mistral.mistral-large-3",
    "mistral.magistral",
    "mistral.voxtral",
];

impl Model {
    /// Reads a model's name.
    pub(super) fn read(name: &str) -> Self {
        let name = name.to_ascii_lowercase();
        let has = |word: &str| name.contains(word);
        let claude = Claude::read(&name);
        let family = if claude.claude {
            Family::Claude
        } else if has("amazon.nova-2") {
            Family::Nova2
        } else if has("amazon.nova") {
            Family::Nova
        } else if has("mistral.") {
            Family::Mistral
        } else if has("openai.gpt-oss") {
            Family::GptOss
        } else if has("openai.") {
            Family::OpenAi
        } else if has("application-inference-profile") || has("prompt-router") {
            Family::Hidden
        } else {
            Family::Other
        };
        let takes_schema = match family {
            Family::Claude => claude.version.is_none_or(|version| version >= (4, 5)),
            _ => TAKES_SCHEMA.iter().any(|known| has(known)),
        };
        Self { family, claude, takes_schema }
    }

    /// Whether it goes on with an answer that was begun for it: of the others nothing is documented.
    pub(super) fn takes_prefill(self) -> bool {
        self.family == Family::Claude && self.claude.takes_prefill()
    }

    /// Whether its answers can be held to a JSON schema.
    pub(super) const fn takes_schema(self) -> bool {
        self.takes_schema
    }

    /// Whether it takes prompt-cache markers in the conversation. A hidden model is believed to be
    /// what the markers were written for.
    pub(super) const fn takes_markers(self) -> bool {
        matches!(self.family, Family::Claude | Family::Nova | Family::Nova2 | Family::Hidden)
    }

    /// Whether it takes them among tools too.
    pub(super) const fn takes_tool_markers(self) -> bool {
        matches!(self.family, Family::Claude | Family::Hidden)
    }

    /// Whether what it cached can be kept for an hour.
    pub(super) fn takes_hour_markers(self) -> bool {
        self.family == Family::Claude && self.claude.version.is_none_or(|version| version >= (4, 5))
    }

    /// Whether it verifies thoughts of earlier turns. Others refuse or ignore them.
    pub(super) const fn replays_thoughts(self) -> bool {
        matches!(self.family, Family::Claude | Family::Hidden)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_what_a_model_takes() {
        for (name, family, schema, markers, hour) in [
            ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", Family::Claude, true, true, true),
            ("anthropic.claude-3-7-sonnet-20250219-v1:0", Family::Claude, false, true, false),
            ("amazon.nova-pro-v1:0", Family::Nova, false, true, false),
            ("us.amazon.nova-2-lite-v1:0", Family::Nova2, false, true, false),
            ("mistral.mistral-large-2407-v1:0", Family::Mistral, false, false, false),
            ("openai.gpt-oss-120b-1:0", Family::GptOss, true, false, false),
            ("openai.gpt-5.4", Family::OpenAi, true, false, false),
            ("meta.llama3-3-70b-instruct-v1:0", Family::Other, false, false, false),
            ("qwen.qwen3-32b-v1:0", Family::Other, true, false, false),
            (
                "arn:aws:bedrock:us-east-1:1:application-inference-profile/a1",
                Family::Hidden,
                false,
                true,
                false,
            ),
            (
                "arn:aws:bedrock:us-east-1:1:inference-profile/us.anthropic.claude-opus-4-6-v1",
                Family::Claude,
                true,
                true,
                true,
            ),
        ] {
            let model = Model::read(name);
            assert_eq!(
                (model.family, model.takes_schema(), model.takes_markers()),
                (family, schema, markers),
                "{name}"
            );
            assert_eq!(model.takes_hour_markers(), hour, "{name}");
        }
    }
}
