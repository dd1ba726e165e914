//! What a model takes, as far as its name tells.
//!
//! <https://ai.google.dev/gemini-api/docs/thinking>,
//! <https://ai.google.dev/gemini-api/docs/thought-signatures>

use tollgate_wire::chat::Effort;

/// Who serves a model: the protocol is the same, what is missing of it is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Host {
    /// Google AI Studio.
    Studio,
    /// Google Vertex AI.
    Vertex,
}

/// What is known of a model.
#[derive(Debug, Clone, Copy)]
pub(super) struct Model {
    host: Host,
    version: Option<(u32, u32)>,
    kind: Kind,
    /// It makes images or speech, which the ways to think don't apply to.
    media: bool,
    /// Its name is not one of Google's: what the endpoint says of it is all that is known.
    foreign: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Pro,
    Flash,
    FlashLite,
}

/// How a model is asked to think.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ThinkingStyle {
    /// It can't; being asked is an error.
    Unavailable,
    /// By itself; its thoughts can be shown.
    Fixed,
    /// With a number of tokens.
    Budget(Budget),
    /// At a level.
    Level,
}

/// The bounds of a budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Budget {
    /// The least it thinks with, when it thinks.
    pub(super) min: u64,
    /// The most.
    pub(super) max: u64,
    /// The budget for no thinking at all, or the nearest to it.
    pub(super) off: u64,
}

/// What the moving names `gemini-pro-latest` and the like stand for at least.
const LATEST: (u32, u32) = (3, 1);

impl Model {
    /// Reads a model's name, with or without its `models/`.
    pub(super) fn read(name: &str, host: Host) -> Self {
        let name = name.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
        let kind = if name.contains("flash-lite") {
            Kind::FlashLite
        } else if name.contains("flash") {
            Kind::Flash
        } else {
            Kind::Pro
        };
        let media = ["-image", "-tts", "-audio"].iter().any(|word| name.contains(word));
        let foreign = !name.starts_with("gemini-") && !name.starts_with("gemma-");
        Self { host, version: version(&name), kind, media, foreign }
    }

    /// How it is asked to think.
    pub(super) fn thinking(self) -> ThinkingStyle {
        match self.version {
            Some(version) if version >= (3, 0) && self.media => ThinkingStyle::Fixed,
            Some(version) if version >= (3, 0) => ThinkingStyle::Level,
            Some(version) if version >= (2, 5) && !self.media => {
                ThinkingStyle::Budget(match self.kind {
                    Kind::Pro => Budget { min: 128, max: 32_768, off: 128 },
                    Kind::Flash => Budget { min: 1, max: 24_576, off: 0 },
                    Kind::FlashLite => Budget { min: 512, max: 24_576, off: 0 },
                })
            }
            // An endpoint that lists reasoning is believed; a budget is the older way to ask.
            None if self.foreign && !self.media => {
                ThinkingStyle::Budget(Budget { min: 128, max: 24_576, off: 0 })
            }
            _ => ThinkingStyle::Unavailable,
        }
    }

    /// The level for an effort, or the nearest it has. None of them can be told not to think.
    pub(super) fn level(self, effort: Effort) -> &'static str {
        let pro = self.kind == Kind::Pro;
        match effort {
            Effort::None | Effort::Minimal if !pro => "minimal",
            Effort::None | Effort::Minimal | Effort::Low => "low",
            Effort::Medium if !(pro && self.version == Some((3, 0))) => "medium",
            Effort::Medium | Effort::High | Effort::Xhigh | Effort::Max => "high",
        }
    }

    /// Whether a call without its signature is refused, whether results may hold media, and
    /// whether tools go together with a form of the answer: all that came with the third
    /// generation.
    pub(super) fn is_third_generation(self) -> bool {
        self.version.is_some_and(|version| version >= (3, 0))
    }
}

impl Model {
    /// Whether calls and results may have ids. Vertex AI refuses them and goes by the order.
    pub(super) fn takes_call_ids(self) -> bool {
        self.host == Host::Studio
    }

    /// Whether films are fetched from any address.
    pub(super) fn fetches_films(self) -> bool {
        self.host == Host::Vertex
    }

    /// Whether media given by address must have their type, also where nobody knows it.
    pub(super) fn needs_media_types(self) -> bool {
        self.host == Host::Vertex
    }
}

/// The version in a name without its path.
pub(super) fn version(name: &str) -> Option<(u32, u32)> {
    let rest = name.strip_prefix("gemini-")?;
    let word = rest.split('-').next().unwrap_or_default();
    let (major, minor) = word.split_once('.').unwrap_or((word, "0"));
    match (major.parse(), minor.parse()) {
        (Ok(major), Ok(minor)) => Some((major, minor)),
        _ => rest.ends_with("-latest").then_some(LATEST),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_how_a_model_thinks() {
        let budget = |min, max, off| ThinkingStyle::Budget(Budget { min, max, off });
        for (name, thinking, none, medium) in [
            ("gemini-2.0-flash-001", ThinkingStyle::Unavailable, "minimal", "medium"),
            ("models/gemini-2.5-pro", budget(128, 32_768, 128), "low", "medium"),
            ("gemini-2.5-flash-preview-09-2025", budget(1, 24_576, 0), "minimal", "medium"),
            ("gemini-2.5-flash-lite", budget(512, 24_576, 0), "minimal", "medium"),
            ("gemini-2.5-flash-image", ThinkingStyle::Unavailable, "minimal", "medium"),
            ("gemini-3-pro-preview", ThinkingStyle::Level, "low", "high"),
            ("gemini-3.1-pro-preview", ThinkingStyle::Level, "low", "medium"),
            ("gemini-3-pro-image-preview", ThinkingStyle::Fixed, "low", "high"),
            ("gemini-flash-latest", ThinkingStyle::Level, "minimal", "medium"),
            ("tunedModels/mine", budget(128, 24_576, 0), "low", "medium"),
            ("gemini-experimental", ThinkingStyle::Unavailable, "low", "medium"),
            ("gemma-3-27b-it", ThinkingStyle::Unavailable, "low", "medium"),
        ] {
            let model = Model::read(name, Host::Studio);
            assert_eq!(model.thinking(), thinking, "{name}");
            assert_eq!(model.level(Effort::None), none, "{name}");
            assert_eq!(model.level(Effort::Medium), medium, "{name}");
        }
    }
}
