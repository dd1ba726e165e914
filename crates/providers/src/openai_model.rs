//! What a model takes, as far as its name tells.
//!
//! OpenAI's generations differ in the efforts they know and in whether they take sampling
//! parameters, and refuse what they don't know. The generation is part of the name: `o4-mini`,
//! `gpt-4.1`, `gpt-5-codex`, `openai/gpt-5.2-pro`.
//!
//! <https://platform.openai.com/docs/guides/reasoning>

use std::borrow::Cow;

use tollgate_catalog::{EffortLevel, Quirks, ReasoningStyle};
use tollgate_wire::chat::{ChatParams, Effort};

use crate::Target;

/// What is known of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Model {
    line: Line,
    edition: Edition,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line {
    /// `gpt-` and its version.
    Gpt(u32, u32),
    /// `o1`, `o3`, `o4`.
    O,
    /// `gpt-oss`.
    Oss,
    /// Nobody's we know.
    Other,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Edition {
    Plain,
    /// Without reasoning.
    Chat,
    Pro,
    Codex,
    CodexMax,
}

/// From the least to the most.
const LADDER: [Effort; 6] =
    [Effort::Minimal, Effort::Low, Effort::Medium, Effort::High, Effort::Xhigh, Effort::Max];

/// What all who know levels know.
const UP_TO_HIGH: &[Effort] = &[Effort::Low, Effort::Medium, Effort::High];

impl Model {
    /// Reads a model's name.
    pub(crate) fn read(name: &str) -> Self {
        let name = name.to_ascii_lowercase();
        let name = name.rsplit('/').next().unwrap_or_default();
        let line = match name.strip_prefix("gpt-") {
            Some(rest) if rest.starts_with("oss") => Line::Oss,
            Some(rest) => {
                version(rest).map_or(Line::Other, |(major, minor)| Line::Gpt(major, minor))
            }
            None if name.starts_with("chatgpt-4") => Line::Gpt(4, 0),
            None if ["o1", "o3", "o4"].iter().any(|it| is_word_prefix(name, it)) => Line::O,
            None => Line::Other,
        };
        let has = |word: &str| name.split('-').any(|it| it == word);
        let edition = match (has("chat"), has("codex"), has("max"), has("pro")) {
            (true, ..) => Edition::Chat,
            (_, true, true, _) => Edition::CodexMax,
            (_, true, ..) => Edition::Codex,
            (.., true) => Edition::Pro,
            _ => Edition::Plain,
        };
        Self { line, edition }
    }

    /// Whether it reasons; `None` when its name doesn't tell.
    pub(crate) fn reasons(self) -> Option<bool> {
        match self.line {
            Line::Gpt(major, _) => Some(major >= 5 && self.edition != Edition::Chat),
            Line::O | Line::Oss => Some(true),
            Line::Other => None,
        }
    }

    /// Whether it takes `temperature` and `top_p`. Since 5.1 that depends on whether it reasons.
    pub(crate) fn takes_sampling(self, thinks: bool) -> bool {
        match self.line {
            Line::Gpt(5, 0) => self.edition == Edition::Chat,
            Line::Gpt(major, _) if major >= 5 => !thinks || self.edition == Edition::Chat,
            Line::O => false,
            Line::Gpt(..) | Line::Oss | Line::Other => true,
        }
    }

    /// Whether it takes neither `temperature` nor `top_p`, reasoning or not.
    pub(crate) fn refuses_sampling(self) -> bool {
        !self.takes_sampling(false)
    }

    /// Whether it takes prompt-cache markers (contract §2.5).
    pub(crate) fn takes_markers(self) -> bool {
        matches!(self.line, Line::Gpt(major, minor) if (major, minor) >= (5, 6))
    }

    /// The effort to ask for at an endpoint; `None` leaves it to the model.
    ///
    /// The effort `none` is taken at its word, which a model that must reason refuses (contract
    /// §2.4). Where reasoning is but switched off, as most dialects have it, such a model reasons as
    /// little as it can.
    pub(crate) fn asked(self, params: &ChatParams, target: &Target<'_>) -> Option<&'static str> {
        let reasoning = &params.reasoning;
        let most = params.max_tokens.or(target.max_output);
        let word = |effort| self.effort(effort, target.quirks);
        Some(match (reasoning.wanted()?, reasoning.effort) {
            (true, _) => word(reasoning.effort_within(most)),
            (false, Some(Effort::None)) => Effort::None.as_str(),
            (false, _) if self.must_reason() => word(Effort::Minimal),
            (false, _) => Effort::None.as_str(),
        })
    }

    /// Whether it can't be told not to reason. Since 5.1 models can.
    fn must_reason(self) -> bool {
        match (self.line, self.edition) {
            (Line::O | Line::Oss | Line::Gpt(5, 0), _) => true,
            (Line::Gpt(major, _), edition) => {
                major >= 5 && matches!(edition, Edition::Pro | Edition::Codex | Edition::CodexMax)
            }
            (Line::Other, _) => false,
        }
    }

    /// The word for an effort, or for the nearest one it knows (contract §2.4). To be told not to
    /// reason is not a level, so it is never exchanged for one.
    fn effort(self, wanted: Effort, quirks: &Quirks) -> &'static str {
        let place = |effort: Effort| LADDER.iter().position(|it| *it == effort);
        let Some(wanted_at) = place(wanted) else { return wanted.as_str() };
        let nearest = self
            .efforts(quirks)
            .iter()
            .copied()
            .min_by_key(|it| place(*it).map_or(usize::MAX, |at| at.abs_diff(wanted_at)));
        nearest.unwrap_or(wanted).as_str()
    }

    /// The levels it knows; `quirks` are its provider's, which tell where its name doesn't.
    fn efforts(self, quirks: &Quirks) -> Cow<'static, [Effort]> {
        if self.line != Line::Other {
            return Cow::Borrowed(self.known_efforts());
        }
        match &quirks.efforts {
            Some(levels) => levels.iter().copied().map(level).collect(),
            None if quirks.reasoning_style == ReasoningStyle::OpenRouter => Cow::Borrowed(&LADDER),
            None => Cow::Borrowed(UP_TO_HIGH),
        }
    }

    fn known_efforts(self) -> &'static [Effort] {
        let from_low: &[Effort] = &[Effort::Low, Effort::Medium, Effort::High, Effort::Xhigh];
        match (self.line, self.edition) {
            (Line::Other, _) => &LADDER,
            (Line::Gpt(5, 0), Edition::Pro) => &[Effort::High],
            (Line::Gpt(5, 0), Edition::Plain) => {
                &[Effort::Minimal, Effort::Low, Effort::Medium, Effort::High]
            }
            (Line::Gpt(5, 1), Edition::CodexMax) => from_low,
            (Line::O | Line::Oss | Line::Gpt(0..=4, _) | Line::Gpt(5, 0 | 1), _) => UP_TO_HIGH,
            (Line::Gpt(5, 2..=5), Edition::Pro) => &[Effort::Medium, Effort::High, Effort::Xhigh],
            (Line::Gpt(5, 2..=5), _) => from_low,
            (Line::Gpt(..), _) => {
                &[Effort::Low, Effort::Medium, Effort::High, Effort::Xhigh, Effort::Max]
            }
        }
    }
}

const fn level(level: EffortLevel) -> Effort {
    match level {
        EffortLevel::Minimal => Effort::Minimal,
        EffortLevel::Low => Effort::Low,
        EffortLevel::Medium => Effort::Medium,
        EffortLevel::High => Effort::High,
        EffortLevel::Xhigh => Effort::Xhigh,
        EffortLevel::Max => Effort::Max,
    }
}

/// `5.1-codex` is 5.1, `4o-mini` is 4.0, `3.5-turbo` is 3.5.
fn version(rest: &str) -> Option<(u32, u32)> {
    let digits = |text: &str| {
        let length = text.bytes().take_while(u8::is_ascii_digit).count();
        text.get(..length).and_then(|digits| digits.parse::<u32>().ok())
    };
    let major = digits(rest)?;
    let minor = rest.split_once('.').filter(|(before, _)| digits(before) == Some(major));
    Some((major, minor.and_then(|(_, after)| digits(after)).unwrap_or(0)))
}

fn is_word_prefix(name: &str, word: &str) -> bool {
    name.strip_prefix(word).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_what_a_model_takes() {
        for (name, reasons, sampling, minimal, max) in [
            ("gpt-4o-mini", Some(false), true, "low", "high"),
            ("gpt-4.1", Some(false), true, "low", "high"),
            ("chatgpt-4o-latest", Some(false), true, "low", "high"),
            ("o4-mini", Some(true), false, "low", "high"),
            ("gpt-5-2025-08-07", Some(true), false, "minimal", "high"),
            ("gpt-5-chat-latest", Some(false), true, "low", "high"),
            ("gpt-5-codex", Some(true), false, "low", "high"),
            ("gpt-5-pro", Some(true), false, "high", "high"),
            ("openai/gpt-5.1", Some(true), true, "low", "high"),
            ("gpt-5.1-codex-max", Some(true), true, "low", "xhigh"),
            ("gpt-5.2-pro-2025-12-11", Some(true), true, "medium", "xhigh"),
            ("gpt-5.6", Some(true), true, "low", "max"),
            ("gpt-oss-120b", Some(true), true, "low", "high"),
            ("grok-4", None, true, "low", "high"),
            ("olmo-3", None, true, "low", "high"),
        ] {
            let model = Model::read(name);
            assert_eq!(model.reasons(), reasons, "{name}");
            assert_eq!(model.takes_sampling(false), sampling, "{name}");
            let plain = Quirks::default();
            assert_eq!(model.effort(Effort::Minimal, &plain), minimal, "{name}");
            assert_eq!(model.effort(Effort::Max, &plain), max, "{name}");
            assert_eq!(model.effort(Effort::None, &plain), "none", "{name}");
        }
        assert!(!Model::read("gpt-5.2").takes_sampling(true));
        assert!(Model::read("gpt-5.10").takes_markers() && !Model::read("gpt-5.1").takes_markers());
    }
    #[test]
    fn a_provider_tells_the_levels_where_the_name_does_not() {
        let stated =
            |levels: &[EffortLevel]| Quirks { efforts: Some(levels.to_vec()), ..Quirks::default() };
        let ours = Quirks { reasoning_style: ReasoningStyle::OpenRouter, ..Quirks::default() };
        for (name, quirks, wanted, word) in [
            ("deepseek-v4", stated(&[EffortLevel::High, EffortLevel::Max]), Effort::Low, "high"),
            ("deepseek-v4", stated(&[EffortLevel::High, EffortLevel::Max]), Effort::Max, "max"),
            ("deepseek-v4", stated(&[EffortLevel::High]), Effort::None, "none"),
            ("deepseek-v4", stated(&[]), Effort::Xhigh, "xhigh"),
            ("deepseek-v4", Quirks::default(), Effort::Xhigh, "high"),
            ("deepseek-v4", ours, Effort::Xhigh, "xhigh"),
            ("gpt-5.2", stated(&[EffortLevel::Low]), Effort::Xhigh, "xhigh"),
        ] {
            let model = Model::read(name);
            assert_eq!(model.effort(wanted, &quirks), word, "{name} {:?}", quirks.efforts);
        }
    }
}
