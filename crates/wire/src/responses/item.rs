//! One item of an answer's output, and how it grows (contract §3.5).

use serde::Serialize;
use serde_json::value::RawValue;

use crate::chat::{AudioDelta, ReasoningDetail, ReasoningFormat, ReasoningKind};
use crate::json::Scanner;

/// An item.
#[derive(Debug)]
pub(super) struct Item {
    /// Its place in the output, from zero.
    pub(super) index: usize,
    /// What it is.
    pub(super) kind: Kind,
    /// Content of a message or of reasoning.
    pub(super) parts: Vec<Part>,
    /// Summaries of reasoning.
    pub(super) summaries: Vec<Summary>,
    /// How it ended; `None` while it may grow.
    pub(super) status: Option<Status>,
    part_open: bool,
    summary_open: bool,
}

/// What an item is.
#[derive(Debug)]
pub(super) enum Kind {
    /// Words, and sound.
    Message,
    /// Thoughts.
    Reasoning(Reasoning),
    /// A call of a tool.
    Call(Call),
    /// An image: its URL.
    Image(String),
}

/// What reasoning has besides its text.
#[derive(Debug)]
pub(super) struct Reasoning {
    /// The provider's id.
    pub(super) id: Option<String>,
    /// Which provider family can read it again.
    pub(super) format: ReasoningFormat,
    /// Sealed thoughts.
    pub(super) sealed: Option<String>,
    /// The provider's proof that the text is its own.
    pub(super) signature: Option<String>,
    /// Index of the last detail taken.
    place: u32,
}

/// A call.
#[derive(Debug)]
pub(super) struct Call {
    /// Which of the answer's calls.
    pub(super) number: u32,
    /// The call's id; empty when the provider gave none.
    pub(super) id: String,
    /// The tool.
    pub(super) name: String,
    /// JSON, as far as it came.
    pub(super) arguments: String,
    /// Whether the tool is one that takes text.
    pub(super) custom: bool,
    /// Something else has begun since.
    pub(super) left: bool,
}

/// A part of an item's content.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Part {
    /// Words.
    OutputText {
        /// The words.
        text: String,
        /// What they cite.
        annotations: Vec<Box<RawValue>>,
        /// How probable they were.
        logprobs: Vec<Box<RawValue>>,
        /// Characters of the answer before them.
        #[serde(skip)]
        before: u64,
    },
    /// A refusal.
    Refusal {
        /// Its words.
        refusal: String,
    },
    /// Sound. OpenAI has no such part in a final response, but events for it.
    OutputAudio {
        /// The provider's id of the sound.
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        /// Base64.
        data: String,
        /// What is said in it.
        transcript: String,
        /// Unix seconds until which the id can be referred to.
        #[serde(skip_serializing_if = "Option::is_none")]
        expires_at: Option<i64>,
    },
    /// Plain thoughts.
    ReasoningText {
        /// The thoughts.
        text: String,
    },
}

/// A summary of thoughts.
#[derive(Debug, Serialize)]
pub(super) struct Summary {
    #[serde(rename = "type")]
    kind: &'static str,
    /// The summary.
    pub(super) text: String,
}

/// How an item ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    /// It is whole.
    Completed,
    /// It was cut.
    Incomplete,
}

/// What happened to an item. The item shows the state after it.
#[derive(Debug)]
pub(super) enum Step<'a> {
    /// It was added.
    Began,
    /// A part of its content was added.
    PartBegan(usize, &'a Part),
    /// A part grew.
    PartGrew(usize, Growth<'a>),
    /// A part is whole.
    PartEnded(usize, &'a Part),
    /// A summary was added.
    SummaryBegan(usize),
    /// A summary grew.
    SummaryGrew(usize, &'a str),
    /// A summary is whole.
    SummaryEnded(usize, &'a Summary),
    /// The arguments of a function grew.
    ArgumentsGrew(&'a str),
    /// It ended.
    Ended,
}

/// By what a part grew.
#[derive(Debug)]
pub(super) enum Growth<'a> {
    /// Words.
    Text(&'a str),
    /// Probabilities of words.
    Logprobs(&'a [Box<RawValue>]),
    /// Words of a refusal.
    Refusal(&'a str),
    /// Thoughts.
    Thought(&'a str),
    /// Sound.
    Audio(&'a AudioDelta),
    /// A citation and its place among the part's.
    Annotation(usize, &'a RawValue),
}

/// Sees every step of every item.
pub(super) trait Watcher {
    /// `item` took a step.
    fn step(&mut self, item: &Item, step: Step<'_>);
}

impl Item {
    /// A new item.
    pub(super) const fn new(index: usize, kind: Kind) -> Self {
        Self {
            index,
            kind,
            parts: Vec::new(),
            summaries: Vec::new(),
            status: None,
            part_open: false,
            summary_open: false,
        }
    }

    /// How it ends when the answer does with `ending`. A call that is whole by then was not cut.
    pub(super) fn status_at_end(&self, ending: Status) -> Status {
        match (&self.status, &self.kind) {
            (Some(status), _) => *status,
            (None, Kind::Call(call)) if call.is_whole() => Status::Completed,
            (None, _) => ending,
        }
    }

    /// Ends the item.
    pub(super) fn end(&mut self, status: Status, to: &mut dyn Watcher) {
        self.end_summary(to);
        self.end_part(to);
        self.status = Some(status);
        to.step(self, Step::Ended);
    }

    /// Words of a message, with `before` characters of the answer before them.
    pub(super) fn say(&mut self, more: &str, before: u64, to: &mut dyn Watcher) {
        self.text_part(before, to);
        if let Some(Part::OutputText { text, .. }) = self.parts.last_mut() {
            text.push_str(more);
        }
        to.step(self, Step::PartGrew(self.last_part(), Growth::Text(more)));
    }

    /// Probabilities of words that came already.
    pub(super) fn weigh(&mut self, more: Vec<Box<RawValue>>, before: u64, to: &mut dyn Watcher) {
        self.text_part(before, to);
        let Some(Part::OutputText { logprobs, .. }) = self.parts.last_mut() else { return };
        let known = logprobs.len();
        logprobs.extend(more);
        if let Some(Part::OutputText { logprobs, .. }) = self.parts.last()
            && let Some(more) = logprobs.get(known..)
        {
            to.step(self, Step::PartGrew(self.last_part(), Growth::Logprobs(more)));
        }
    }

    /// Words of a refusal.
    pub(super) fn refuse(&mut self, more: &str, to: &mut dyn Watcher) {
        if !self.part_open || !matches!(self.parts.last(), Some(Part::Refusal { .. })) {
            self.begin_part(Part::Refusal { refusal: String::new() }, to);
        }
        if let Some(Part::Refusal { refusal }) = self.parts.last_mut() {
            refusal.push_str(more);
        }
        to.step(self, Step::PartGrew(self.last_part(), Growth::Refusal(more)));
    }

    /// A piece of sound.
    pub(super) fn sound(&mut self, more: &AudioDelta, to: &mut dyn Watcher) {
        if !self.part_open || !matches!(self.parts.last(), Some(Part::OutputAudio { .. })) {
            let (data, transcript) = (String::new(), String::new());
            let part = Part::OutputAudio { id: None, data, transcript, expires_at: None };
            self.begin_part(part, to);
        }
        if let Some(Part::OutputAudio { id, data, transcript, expires_at }) = self.parts.last_mut()
        {
            data.push_str(more.data.as_deref().unwrap_or_default());
            transcript.push_str(more.transcript.as_deref().unwrap_or_default());
            if id.is_none() {
                id.clone_from(&more.id);
            }
            *expires_at = expires_at.or(more.expires_at);
        }
        to.step(self, Step::PartGrew(self.last_part(), Growth::Audio(more)));
    }

    /// A citation for one of the parts.
    pub(super) fn cite(&mut self, part: usize, citation: Box<RawValue>, to: &mut dyn Watcher) {
        let Some(Part::OutputText { annotations, .. }) = self.parts.get_mut(part) else { return };
        let place = annotations.len();
        annotations.push(citation);
        if let Some(Part::OutputText { annotations, .. }) = self.parts.get(part)
            && let Some(citation) = annotations.last()
        {
            to.step(self, Step::PartGrew(part, Growth::Annotation(place, citation)));
        }
    }

    /// Whether a detail goes on with the thoughts of this item.
    ///
    /// An item has one id, one format, one seal and one signature, and it holds summaries, then
    /// text, then the seal: whatever would not come back as it was begins an item of its own.
    pub(super) fn takes(&self, detail: &ReasoningDetail) -> bool {
        let Kind::Reasoning(reasoning) = &self.kind else { return false };
        let same_block = match (&reasoning.id, &detail.id) {
            (ours, Some(theirs)) => ours.as_ref() == Some(theirs),
            (_, None) => reasoning.place == detail.index,
        };
        let in_order = match detail.kind {
            ReasoningKind::Summary => self.parts.is_empty() && reasoning.signature.is_none(),
            ReasoningKind::Text => reasoning.signature.is_none(),
            ReasoningKind::Encrypted => true,
            ReasoningKind::ServerToolCall => false,
        };
        self.status.is_none()
            && reasoning.format == detail.format
            && reasoning.sealed.is_none()
            && same_block
            && in_order
    }

    /// Takes a detail of reasoning.
    pub(super) fn think(&mut self, detail: &ReasoningDetail, to: &mut dyn Watcher) {
        let Kind::Reasoning(reasoning) = &mut self.kind else { return };
        let moved = std::mem::replace(&mut reasoning.place, detail.index) != detail.index;
        reasoning.sealed.clone_from(&detail.data);
        if detail.signature.is_some() {
            reasoning.signature.clone_from(&detail.signature);
        }
        let more = detail.text();
        match detail.kind {
            ReasoningKind::Summary if !more.is_empty() => {
                if moved || !self.summary_open {
                    self.begin_summary(to);
                }
                if let Some(summary) = self.summaries.last_mut() {
                    summary.text.push_str(more);
                }
                let last = self.summaries.len().saturating_sub(1);
                to.step(self, Step::SummaryGrew(last, more));
            }
            ReasoningKind::Text if !more.is_empty() => {
                self.end_summary(to);
                if moved || !self.part_open {
                    self.begin_part(Part::ReasoningText { text: String::new() }, to);
                }
                if let Some(Part::ReasoningText { text }) = self.parts.last_mut() {
                    text.push_str(more);
                }
                to.step(self, Step::PartGrew(self.last_part(), Growth::Thought(more)));
            }
            ReasoningKind::Summary
            | ReasoningKind::Text
            | ReasoningKind::Encrypted
            | ReasoningKind::ServerToolCall => {}
        }
    }

    /// More of a call's arguments.
    pub(super) fn argue(&mut self, fragment: &str, to: &mut dyn Watcher) {
        let Kind::Call(call) = &mut self.kind else { return };
        call.arguments.push_str(fragment);
        // The text for a custom tool is known when its JSON is.
        if !call.custom {
            to.step(self, Step::ArgumentsGrew(fragment));
        }
    }

    /// Makes sure that words can be added.
    pub(super) fn text_part(&mut self, before: u64, to: &mut dyn Watcher) {
        if !self.part_open || !matches!(self.parts.last(), Some(Part::OutputText { .. })) {
            let (text, annotations, logprobs) = (String::new(), Vec::new(), Vec::new());
            self.begin_part(Part::OutputText { text, annotations, logprobs, before }, to);
        }
    }

    fn last_part(&self) -> usize {
        self.parts.len().saturating_sub(1)
    }

    fn begin_part(&mut self, part: Part, to: &mut dyn Watcher) {
        self.end_part(to);
        self.parts.push(part);
        self.part_open = true;
        if let Some(part) = self.parts.last() {
            to.step(self, Step::PartBegan(self.last_part(), part));
        }
    }

    fn end_part(&mut self, to: &mut dyn Watcher) {
        if std::mem::take(&mut self.part_open)
            && let Some(part) = self.parts.last()
        {
            to.step(self, Step::PartEnded(self.last_part(), part));
        }
    }

    fn begin_summary(&mut self, to: &mut dyn Watcher) {
        self.end_summary(to);
        self.summaries.push(Summary { kind: "summary_text", text: String::new() });
        self.summary_open = true;
        to.step(self, Step::SummaryBegan(self.summaries.len().saturating_sub(1)));
    }

    fn end_summary(&mut self, to: &mut dyn Watcher) {
        if std::mem::take(&mut self.summary_open)
            && let Some(summary) = self.summaries.last()
        {
            let last = self.summaries.len().saturating_sub(1);
            to.step(self, Step::SummaryEnded(last, summary));
        }
    }
}

impl Reasoning {
    /// Reasoning that begins with a detail.
    pub(super) const fn new(detail: &ReasoningDetail, id: Option<String>) -> Self {
        Self { id, format: detail.format, sealed: None, signature: None, place: detail.index }
    }
}

impl Call {
    /// Whether its arguments are whole, so that none can follow.
    pub(super) fn is_whole(&self) -> bool {
        let mut scanner = Scanner::new(self.arguments.as_bytes());
        scanner.value().is_ok() && scanner.end().is_ok()
    }
}

impl Status {
    /// The word on the wire.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Incomplete => "incomplete",
        }
    }
}
