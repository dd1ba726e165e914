//! What a model takes, as far as its name tells.
//!
//! Anthropic changed the request's contract from one generation to the next, and refuses what a
//! generation doesn't take. The version is part of the name, so it is read from there:
//! `claude-3-7-sonnet-20250219`, `claude-opus-4-5`, `claude-sonnet-5@20260601`.
//!
//! <https://platform.claude.com/docs/en/build-with-claude/adaptive-thinking>,
//! <https://platform.claude.com/docs/en/build-with-claude/effort>

use tollgate_wire::chat::Effort;

/// What is known of a model.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Model {
    /// Whether it is one of Anthropic's own.
    pub(crate) claude: bool,
    line: Line,
    /// Its version, when the name says one.
    pub(crate) version: Option<(u32, u32)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line {
    Opus,
    /// Fable and Mythos: they always think.
    Fable,
    Other,
}

/// How a model is asked to think.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ThinkingStyle {
    /// It can't.
    Unavailable,
    /// With a number of tokens.
    Budget,
    /// Either way; a budget is deprecated.
    Either,
    /// It decides by itself; a budget is refused.
    Adaptive,
}

/// A number in a name that can't be a version is a date.
const VERSION_MAX: u32 = 99;

impl Model {
    /// Reads a model's name.
    pub(crate) fn read(name: &str) -> Self {
        let name = name.to_ascii_lowercase();
        let Some((_, rest)) = name.split_once("claude") else {
            return Self { claude: false, line: Line::Other, version: None };
        };
        let line = if rest.contains("opus") {
            Line::Opus
        } else if rest.contains("fable") || rest.contains("mythos") {
            Line::Fable
        } else {
            Line::Other
        };
        Self { claude: true, line, version: version(rest) }
    }

    /// How it is asked to think. A model nothing is known of gets a budget: that is what
    /// providers imitate.
    pub(super) fn thinking(self) -> ThinkingStyle {
        match self.version {
            _ if self.line == Line::Fable => ThinkingStyle::Adaptive,
            None => ThinkingStyle::Budget,
            Some(version) if version < (3, 7) => ThinkingStyle::Unavailable,
            Some(version) if version < (4, 6) => ThinkingStyle::Budget,
            Some((4, 6)) => ThinkingStyle::Either,
            Some(_) => ThinkingStyle::Adaptive,
        }
    }

    /// Whether it thinks unless told not to, and can be told.
    pub(super) fn can_be_told_not_to_think(self) -> bool {
        self.line != Line::Fable && self.version.is_some_and(|version| version >= (5, 0))
    }

    /// Whether it takes `temperature`, `top_p` and `top_k`.
    pub(super) fn takes_sampling(self) -> bool {
        self.thinking() != ThinkingStyle::Adaptive
    }

    /// Whether it takes `temperature` and `top_p` in one request.
    pub(super) fn takes_temperature_with_top_p(self) -> bool {
        self.version.is_none_or(|version| version < (4, 1))
    }

    /// Whether it goes on with an answer that was begun for it. Versions from 4.6 on refuse that
    /// (<https://platform.claude.com/docs/en/about-claude/models/migration-guide>); of imitations
    /// nothing is known.
    pub(crate) fn takes_prefill(self) -> bool {
        self.claude && self.version.is_some_and(|version| version < (4, 6))
    }

    /// Whether it can be held to a JSON schema.
    pub(super) fn takes_schema(self) -> bool {
        self.version.is_none_or(|version| version >= (4, 1))
    }

    /// The word for an effort, or for the nearest one it has; `None` when it takes none.
    ///
    /// `xhigh` without that level is `max`: both stand for the same share of tokens (contract
    /// §2.4).
    pub(super) fn effort(self, wanted: Effort) -> Option<&'static str> {
        let (max, xhigh) = match self.version {
            Some(version) if version < (4, 5) => return None,
            Some((4, 5)) if self.line == Line::Opus => (false, false),
            Some((4, 5)) => return None,
            Some((4, 6)) => (true, false),
            None | Some(_) => (true, true),
        };
        let word = match wanted {
            Effort::None => return None,
            Effort::Minimal | Effort::Low => Effort::Low,
            Effort::Medium => Effort::Medium,
            Effort::Xhigh if xhigh => Effort::Xhigh,
            Effort::Xhigh | Effort::Max if max => Effort::Max,
            Effort::High | Effort::Xhigh | Effort::Max => Effort::High,
        };
        Some(word.as_str())
    }
}

/// The first number, and the one right behind it.
fn version(rest: &str) -> Option<(u32, u32)> {
    let number = |word: &str| word.parse::<u32>().ok().filter(|it| *it <= VERSION_MAX);
    let mut words = rest.split(['-', '.', '@', ':', '_', '/']);
    let major = words.find_map(number)?;
    Some((major, words.next().and_then(number).unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_what_a_model_takes() {
        use ThinkingStyle::{Adaptive, Budget, Either, Unavailable};
        for (name, version, thinking, xhigh) in [
            ("claude-3-5-sonnet-20241022", Some((3, 5)), Unavailable, None),
            ("claude-3-7-sonnet-20250219", Some((3, 7)), Budget, None),
            ("claude-opus-4-20250514", Some((4, 0)), Budget, None),
            ("anthropic.claude-sonnet-4-5-20250929-v1:0", Some((4, 5)), Budget, None),
            ("claude-opus-4.5", Some((4, 5)), Budget, Some("high")),
            ("claude-sonnet-4-6", Some((4, 6)), Either, Some("max")),
            ("claude-opus-4-7", Some((4, 7)), Adaptive, Some("xhigh")),
            ("claude-sonnet-5@20260601", Some((5, 0)), Adaptive, Some("xhigh")),
            ("Claude-Opus-5-5", Some((5, 5)), Adaptive, Some("xhigh")),
            ("claude-mythos-preview", None, Adaptive, Some("xhigh")),
            ("MiniMax-M2.5", None, Budget, Some("xhigh")),
        ] {
            let model = Model::read(name);
            assert_eq!(model.version, version, "{name}");
            assert_eq!(model.thinking(), thinking, "{name}");
            assert_eq!(model.effort(Effort::Xhigh), xhigh, "{name}");
        }
        for (name, takes) in [
            ("claude-haiku-4-5", true),
            ("claude-3-haiku-20240307", true),
            ("claude-sonnet-4-6", false),
            ("claude-opus-5", false),
            ("claude-mythos-preview", false),
            ("MiniMax-M2.5", false),
        ] {
            assert_eq!(Model::read(name).takes_prefill(), takes, "{name}");
        }
        assert!(Model::read("claude-opus-5").can_be_told_not_to_think());
        assert!(!Model::read("claude-fable-5").can_be_told_not_to_think());
        assert!(!Model::read("claude-opus-4-8").can_be_told_not_to_think());
        assert!(!Model::read("claude-sonnet-4-5").takes_temperature_with_top_p());
    }
}
