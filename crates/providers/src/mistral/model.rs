//! How a model is asked to reason, as far as its name tells.
//!
//! <https://docs.mistral.ai/studio-api/conversations/reasoning>

use tollgate_wire::chat::Effort;

/// How a model is asked to reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ReasoningStyle {
    /// It always does; a mode adds the prompt it was trained with.
    Native,
    /// It does or it doesn't.
    Switch,
    /// It does so more or less.
    Ladder,
}

impl ReasoningStyle {
    /// Reads a model's name.
    pub(super) fn of(name: &str) -> Self {
        let name = name.to_ascii_lowercase();
        if name.contains("magistral") {
            Self::Native
        } else if ["small", "medium"].iter().any(|size| name.contains(size)) {
            Self::Switch
        } else {
            Self::Ladder
        }
    }

    /// The word for an effort: the nearest it knows. Without thoughts a model still thinks a
    /// little, which is what the least effort asks for.
    pub(super) const fn word(self, effort: Effort) -> Option<&'static str> {
        match (self, effort) {
            (Self::Native, _) => None,
            (_, Effort::None) | (Self::Switch, Effort::Minimal) => Some("none"),
            (Self::Switch, _) | (_, Effort::High | Effort::Xhigh | Effort::Max) => Some("high"),
            (Self::Ladder, Effort::Minimal | Effort::Low) => Some("low"),
            (Self::Ladder, Effort::Medium) => Some("medium"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn efforts_become_the_nearest_word() {
        for (name, minimal, low, max) in [
            ("magistral-medium-2509", None, None, None),
            ("mistral-small-2603", Some("none"), Some("high"), Some("high")),
            ("mistral-medium-3-5", Some("none"), Some("high"), Some("high")),
            ("mistral-large-4-0", Some("low"), Some("low"), Some("high")),
        ] {
            let style = ReasoningStyle::of(name);
            let words = [Effort::Minimal, Effort::Low, Effort::Max].map(|it| style.word(it));
            assert_eq!(words, [minimal, low, max], "{name}");
        }
    }
}
