//! Events become parts: shared by streams and whole answers.
//!
//! # Decisions
//!
//! - A function call is written when its arguments are complete.
//! - Gemini's signature of a call is told before the call and is written on it. One of an image is
//!   told behind it, so an image waits for the next event.
//! - What another provider signed or encrypted goes into an envelope (see `seal`) on an empty part
//!   behind the thoughts it belongs to. Where the client does not want to see thoughts, the
//!   envelope holds them: without them the signature would be worth nothing.

use super::response::{Blob, FunctionCall, Part};
use super::seal;
use crate::chat::{ChatEvent, FinishReason, ReasoningDetail, ReasoningFormat, ReasoningKind};
use crate::translation::whole_calls::{WholeCall, WholeCalls};

/// Takes a part that is complete.
pub(super) type Sink<'s> = &'s mut dyn FnMut(&Part<'_>);

/// An answer being composed.
#[derive(Debug, Clone, Default)]
pub(super) struct Composer {
    shows_thoughts: bool,
    calls: WholeCalls,
    /// Signatures of calls that were not written yet, by the call's id.
    signatures: Vec<(String, String)>,
    image: Option<String>,
    thought: Option<ReasoningDetail>,
    /// A thought outgrew what is held: it can't be sent back whole.
    overflowed: bool,
    malformed: Option<String>,
}

/// Most bytes held of a thought that is not shown.
const THOUGHT_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Most signatures that wait for their calls.
const SIGNATURES_MAX: usize = 1_024;

/// What sound in an answer is: samples of 16 bits, 24 000 a second, as was asked for.
const SAMPLES: &str = "audio/L16;codec=pcm;rate=24000";

impl Composer {
    /// Starts an answer.
    pub(super) fn new(shows_thoughts: bool) -> Self {
        Self { shows_thoughts, ..Self::default() }
    }

    /// Takes an event; citations and probabilities are not parts and left to the caller.
    pub(super) fn event(&mut self, event: &ChatEvent, sink: Sink<'_>) {
        match event {
            ChatEvent::Text(text) | ChatEvent::Refusal(text) if text.is_empty() => {}
            ChatEvent::Text(text) | ChatEvent::Refusal(text) => {
                self.settle(sink);
                sink(&Part::text(text, false, None));
            }
            ChatEvent::Reasoning(detail) => self.reason(detail, sink),
            ChatEvent::ToolCallStart { index, id, name } => {
                self.settle(sink);
                self.calls.start(*index, id, name);
            }
            ChatEvent::ToolCallArguments { index, fragment } => {
                self.calls.add(*index, fragment);
                while let Some(call) = self.calls.next_complete() {
                    self.call(&call, sink);
                }
            }
            ChatEvent::Image { url } => {
                self.settle(sink);
                self.image = Some(url.clone());
            }
            ChatEvent::Audio(piece) => {
                self.settle(sink);
                if let Some(data) = piece.data.as_deref().filter(|it| !it.is_empty()) {
                    let blob = Blob { mime_type: SAMPLES, data };
                    sink(&Part { inline_data: Some(blob), ..Part::default() });
                }
                if let Some(text) = piece.transcript.as_deref().filter(|it| !it.is_empty()) {
                    sink(&Part::text(text, false, None));
                }
            }
            ChatEvent::Finish { reason, .. } => self.finish(*reason, sink),
            ChatEvent::Annotation(_)
            | ChatEvent::Logprobs(_)
            | ChatEvent::UpstreamId(_)
            | ChatEvent::StopSequence(_)
            | ChatEvent::ServiceTier(_)
            | ChatEvent::Usage(_) => {}
        }
    }

    /// Writes what was waiting for more: no more will come.
    pub(super) fn finish(&mut self, reason: FinishReason, sink: Sink<'_>) {
        self.settle(sink);
        let complete = matches!(reason, FinishReason::Stop | FinishReason::ToolCalls);
        while let Some(call) = self.calls.next() {
            // An answer that was cut off leaves half a call behind; the reason it gives says so.
            let half = call.arguments.trim().is_empty() || call.object().is_none();
            if complete || !half {
                self.call(&call, sink);
            }
        }
    }

    /// Writes what is complete: an image, a thought.
    pub(super) fn settle(&mut self, sink: Sink<'_>) {
        if let Some(url) = self.image.take() {
            sink(&Part::media(&url, None));
        }
        let Some(thought) = self.thought.take() else { return };
        let overflowed = std::mem::take(&mut self.overflowed);
        let sealed = thought.signature.is_some() || thought.data.is_some() || thought.id.is_some();
        let known = thought.format != ReasoningFormat::Unknown;
        let told = self.shows_thoughts || thought.kind == ReasoningKind::Summary;
        if !overflowed && (sealed || (known && told)) {
            sink(&Part::text("", self.shows_thoughts, Some(&seal::seal(&thought))));
        }
    }

    /// What is wrong with a call that could not be written.
    pub(super) fn malformed(&self) -> Option<&str> {
        self.malformed.as_deref()
    }

    fn reason(&mut self, detail: &ReasoningDetail, sink: Sink<'_>) {
        if detail.kind == ReasoningKind::ServerToolCall {
            return;
        }
        let signature = detail.data.as_deref().or(detail.signature.as_deref());
        let signature = signature.filter(|it| !it.is_empty());
        let plain = detail.format == ReasoningFormat::Unknown && signature.is_none();
        if detail.format != ReasoningFormat::Gemini && !(plain && detail.id.is_none()) {
            self.foreign(detail, sink);
            return;
        }
        if !detail.text().is_empty() {
            self.settle(sink);
            if self.shows_thoughts {
                sink(&Part::text(detail.text(), true, None));
            }
        }
        let Some(signature) = signature else { return };
        match (detail.id.as_deref(), &self.image) {
            (None, _) => {
                self.settle(sink);
                sink(&Part::text("", false, Some(signature)));
            }
            (Some(id), Some(_)) if id.starts_with("image_") => {
                let image = self.image.take().unwrap_or_default();
                sink(&Part::media(&image, Some(signature)));
            }
            (Some(id), _) => {
                self.settle(sink);
                if self.signatures.len() < SIGNATURES_MAX {
                    self.signatures.push((id.to_owned(), signature.to_owned()));
                }
            }
        }
    }

    /// A thought of another provider: its pieces are one block until its signature has come.
    fn foreign(&mut self, detail: &ReasoningDetail, sink: Sink<'_>) {
        let goes_on = self.thought.as_ref().is_some_and(|it| {
            it.index == detail.index
                && it.kind == detail.kind
                && it.format == detail.format
                && it.signature.is_none()
        });
        if !goes_on {
            self.settle(sink);
        }
        let shows = self.shows_thoughts;
        if shows && !detail.text().is_empty() {
            sink(&Part::text(detail.text(), true, None));
        }
        let thought = self.thought.get_or_insert_with(|| ReasoningDetail {
            text: None,
            summary: None,
            data: None,
            signature: None,
            ..detail.clone()
        });
        let mut hold = |held: &mut Option<String>, more: Option<&str>| {
            let Some(more) = more else { return };
            let held = held.get_or_insert_default();
            if held.len().saturating_add(more.len()) > THOUGHT_BYTES_MAX {
                self.overflowed = true;
            } else {
                held.push_str(more);
            }
        };
        if !shows {
            hold(&mut thought.text, detail.text.as_deref());
            hold(&mut thought.summary, detail.summary.as_deref());
        }
        hold(&mut thought.data, detail.data.as_deref());
        hold(&mut thought.signature, detail.signature.as_deref().filter(|it| !it.is_empty()));
        if thought.id.is_none() {
            thought.id.clone_from(&detail.id);
        }
    }

    fn call(&mut self, call: &WholeCall, sink: Sink<'_>) {
        let Some(args) = call.object() else {
            let name = &call.name;
            self.malformed = Some(format!("Malformed function call: the arguments of {name}"));
            return;
        };
        let at = self.signatures.iter().position(|(id, _)| *id == call.id);
        let signature = at.map(|at| self.signatures.swap_remove(at).1);
        sink(&Part {
            function_call: Some(FunctionCall { id: &call.id, name: &call.name, args: &args }),
            thought_signature: signature.as_deref(),
            ..Part::default()
        });
    }
}
