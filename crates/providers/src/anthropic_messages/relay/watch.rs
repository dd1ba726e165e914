//! How far an answer got that is passed on: what the gateway bills, records and decides by.

use tollgate_types::UsageSource;
use tollgate_wire::Position;
use tollgate_wire::chat::FinishReason;

use super::super::shape::{Message, StopDetails, UsageObject};
use super::super::usage::Counts;
use super::frame::Piece;
use crate::Progress;
use crate::splice::text_length;

/// The state of an answer being passed on.
#[derive(Debug, Default)]
pub(super) struct Watch {
    progress: Progress,
    counts: Counts,
    open: Open,
    /// Where the client stands.
    position: Position,
}

/// The block that is open, where its kind decides what its pieces are.
#[derive(Debug, Default)]
enum Open {
    /// None, or one whose pieces say themselves what they are.
    #[default]
    Other,
    /// Thoughts.
    Thinking,
    /// A call of the client's tool, with the length of the arguments it began with.
    Tool { given: usize, written: bool },
}

impl Watch {
    /// How far the answer got.
    pub(super) const fn progress(&self) -> &Progress {
        &self.progress
    }

    /// Whether the model said why it stopped: only then the answer is complete.
    pub(super) const fn is_finished(&self) -> bool {
        self.progress.finish.is_some()
    }

    /// Keeps what the client is told.
    pub(super) fn remember(&mut self, keeps_text: bool) {
        self.progress.said.listen(keeps_text);
    }

    /// Where the client stands.
    pub(super) const fn position(&self) -> Position {
        self.position
    }

    /// The message begins. Its counts are those of the prompt, so they are marked as estimated
    /// until the provider's final report.
    pub(super) fn begin(&mut self, message: Message) {
        if let Some(id) = message.id.filter(|id| !id.is_empty()) {
            self.progress.upstream_id = Some(id);
        }
        if let Some(report) = &message.usage {
            self.report(report, UsageSource::Estimated);
        }
    }

    /// A block begins; the one before it has ended, whether that was said or not. A kind that
    /// isn't known here is content: the client may know it.
    pub(super) fn open_block(&mut self, block: &Piece<'_>, index: Option<u32>) {
        self.close_block();
        let index = index.unwrap_or(self.position.next);
        self.position.next = self.position.next.max(index.saturating_add(1));
        let Some(kind) = block.kind else { return self.progress.said.lose() };
        match kind {
            b"text" => {
                self.position.open_text = Some(index);
                self.progress.said.tell_escaped(block.text);
                self.wrote(block.text);
            }
            b"thinking" => {
                self.open = Open::Thinking;
                self.progress.said.think();
                self.wrote(block.thinking);
                self.progress.content |= !block.signature.is_empty();
            }
            b"tool_use" => {
                let input = if block.input.starts_with(b"{") { block.input } else { b"{}" };
                self.open = Open::Tool { given: input.len(), written: false };
                self.progress.called.whole(block.name, input);
                self.progress.tool_calls = self.progress.tool_calls.saturating_add(1);
                self.wrote(block.name);
                self.progress.said.lose();
                self.progress.content = true;
            }
            _ => {
                self.progress.said.lose();
                self.progress.content = true;
            }
        }
    }

    /// The block grows.
    pub(super) fn grow_block(&mut self, delta: &Piece<'_>) {
        let Some(kind) = delta.kind else { return };
        let piece = match (kind, &mut self.open) {
            (b"text_delta", _) => {
                self.progress.said.tell_escaped(delta.text);
                delta.text
            }
            (b"input_json_delta", Open::Tool { written, .. }) => {
                if !delta.partial_json.is_empty() {
                    *written = true;
                    self.progress.called.grow_escaped(delta.partial_json);
                }
                delta.partial_json
            }
            (b"thinking_delta", Open::Thinking) => {
                self.progress.said.think();
                delta.thinking
            }
            (b"signature_delta", _) => {
                self.progress.content |= !delta.signature.is_empty();
                return;
            }
            // The arguments of the provider's own tools, citations, and what a later version adds.
            _ => {
                self.progress.said.lose();
                self.progress.content = true;
                return;
            }
        };
        self.wrote(piece);
    }

    /// The block ends. A call of which no piece came has the arguments it began with.
    pub(super) fn close_block(&mut self) {
        self.position.open_text = None;
        if let Open::Tool { given, written: false } = std::mem::take(&mut self.open) {
            self.progress.wrote(given);
        }
    }

    /// The model stopped, or the counts have changed.
    pub(super) fn end(
        &mut self,
        reason: Option<String>,
        details: Option<StopDetails>,
        usage: Option<&UsageObject>,
    ) {
        if let Some(report) = usage {
            self.report(report, UsageSource::Reported);
        }
        let Some(native) = reason.filter(|_| !self.is_finished()) else { return };
        self.close_block();
        let explanation = details.and_then(|it| it.explanation).unwrap_or_default();
        self.progress.wrote(explanation.len());
        self.progress.content = true;
        self.progress.finish = Some((FinishReason::from_native(&native), native));
    }

    fn report(&mut self, report: &UsageObject, source: UsageSource) {
        self.counts.take(report);
        if let Some(tier) = &report.service_tier {
            // The contract's word for the ordinary tier (§3.6).
            let tier = if tier == "standard" { "default" } else { tier };
            self.progress.service_tier = Some(tier.to_owned());
        }
        self.progress.usage = Some(self.counts.usage(source));
    }

    fn wrote(&mut self, text: &[u8]) {
        self.progress.content |= !text.is_empty();
        self.progress.wrote(text_length(text));
    }
}
