//! `thinking` and `output_config.effort` as chat's reasoning (contract §2.4, §3.6).

use crate::chat::{Effort, Reasoning};
use crate::error::BadRequest;
use crate::json::{ObjectWriter, RawObject, whole};
use crate::messages::fields::{Fields, Path};
use crate::translation::Translation;

/// What the client wants of thinking.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Thinking {
    mode: Option<Mode>,
    effort: Option<Effort>,
    /// Whether a summary of the thoughts is asked for outright.
    summarized: bool,
    /// Whether thoughts are not to be shown, only signed.
    omitted: bool,
}

#[derive(Debug, Clone, Copy)]
enum Mode {
    /// With a number of tokens.
    Budget(u64),
    /// As the model sees fit.
    Adaptive,
    /// Not at all.
    Disabled,
}

impl Thinking {
    /// Reads both members.
    pub(super) fn read(object: &RawObject) -> Result<Self, BadRequest> {
        let mut thinking = Self::default();
        if let Some(raw) = object.member("thinking") {
            let fields = Fields::read(raw, Path::top("thinking"))?;
            thinking.mode = Some(mode(&fields)?);
            let display = fields.text("display")?;
            let is = |word: &str| display.is_some_and(|it| it.as_str() == word);
            (thinking.summarized, thinking.omitted) = (is("summarized"), is("omitted"));
        }
        if let Some(raw) = object.member("output_config") {
            thinking.effort = effort(&Fields::read(raw, Path::top("output_config"))?)?;
        }
        Ok(thinking)
    }

    /// In chat's words. Without thinking, or with a budget, the effort says how much to write: that
    /// is [`verbosity`](Self::verbosity).
    pub(super) fn reasoning(self) -> Option<Reasoning> {
        let reasoning = Reasoning {
            requested: true,
            summary: self.summarized.then(|| "auto".to_owned()),
            ..Reasoning::default()
        };
        Some(match self.mode? {
            Mode::Budget(tokens) => Reasoning { max_tokens: Some(tokens), ..reasoning },
            Mode::Adaptive => Reasoning { enabled: Some(true), effort: self.effort, ..reasoning },
            Mode::Disabled => Reasoning { enabled: Some(false), ..reasoning },
        })
    }

    /// The effort where it is not reasoning's: the contract's `verbosity` stands for it (§2.1).
    pub(super) fn verbosity(self) -> Option<Effort> {
        match self.mode {
            Some(Mode::Adaptive) => None,
            Some(Mode::Budget(_) | Mode::Disabled) | None => self.effort,
        }
    }

    /// Whether thoughts are not to be shown. Unlike `reasoning.exclude`, blocks stay in the answer,
    /// empty and signed: the client sends them back.
    pub(super) const fn is_omitted(self) -> bool {
        self.omitted && self.is_wanted()
    }

    /// Whether the model is asked to think.
    pub(super) const fn is_wanted(self) -> bool {
        matches!(self.mode, Some(Mode::Budget(_) | Mode::Adaptive))
    }

    /// Writes chat's `reasoning`.
    pub(super) fn write(self, chat: &mut Translation<'_, '_>) {
        let Some(reasoning) = self.reasoning() else { return };
        let mut json = Vec::new();
        let mut object = ObjectWriter::new(&mut json);
        if let Some(enabled) = reasoning.enabled {
            object.field("enabled", &enabled);
        }
        if let Some(effort) = reasoning.effort {
            object.field("effort", effort.as_str());
        }
        if let Some(tokens) = reasoning.max_tokens {
            object.field("max_tokens", &tokens);
        }
        if let Some(summary) = &reasoning.summary {
            object.field("summary", summary);
        }
        if self.is_omitted() {
            object.field("exclude", &true);
        }
        object.end();
        chat.raw("reasoning", json);
    }
}

fn mode(fields: &Fields<'_, '_>) -> Result<Mode, BadRequest> {
    let kind = fields.required_text("type")?;
    match kind.as_str() {
        "adaptive" => Ok(Mode::Adaptive),
        "disabled" => Ok(Mode::Disabled),
        "enabled" => {
            let path = fields.path().member("budget_tokens");
            let Some(raw) = fields.get("budget_tokens") else { return Err(path.wrong("", None)) };
            let tokens = whole(raw).filter(|tokens| *tokens > 0);
            tokens.map(Mode::Budget).ok_or_else(|| path.wrong("integer of at least 1", Some(raw)))
        }
        _ => Err(fields
            .path()
            .member("type")
            .wrong("one of enabled, adaptive, disabled", fields.get("type"))),
    }
}

fn effort(config: &Fields<'_, '_>) -> Result<Option<Effort>, BadRequest> {
    let Some(raw) = config.get("effort") else { return Ok(None) };
    match serde_json::from_str(raw) {
        Ok(
            effort @ (Effort::Low | Effort::Medium | Effort::High | Effort::Xhigh | Effort::Max),
        ) => Ok(Some(effort)),
        Ok(Effort::None | Effort::Minimal) | Err(_) => {
            let expected = "one of low, medium, high, xhigh, max";
            Err(config.path().member("effort").wrong(expected, Some(raw)))
        }
    }
}
