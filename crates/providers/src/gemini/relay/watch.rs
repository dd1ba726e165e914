//! How far an answer got that is passed on: what the gateway bills, records and decides by.

use tollgate_wire::chat::FinishReason;

use super::super::answer::{is_telling, reason};
use super::super::fault::refined;
use super::super::shape::PromptFeedback;
use super::super::usage::UsageMetadata;
use super::chunk::{Candidate, Chunk};
use crate::{Fault, Progress};

/// The state of an answer being passed on.
#[derive(Debug, Default)]
pub(super) struct Watch {
    progress: Progress,
    /// Something of an answer was there.
    begun: bool,
    /// Why the model stopped. Told at the end, because some versions repeat it with every part.
    finish: Option<(FinishReason, String)>,
}

impl Watch {
    /// How far the answer got.
    pub(super) const fn progress(&self) -> &Progress {
        &self.progress
    }

    /// Keeps what the client is told.
    pub(super) fn remember(&mut self, keeps_text: bool) {
        self.progress.said.listen(keeps_text);
    }

    /// Whether anything of an answer was there.
    pub(super) const fn has_begun(&self) -> bool {
        self.begun
    }

    /// Whether it was told why the model stopped: only then the answer is complete.
    pub(super) const fn is_finished(&self) -> bool {
        self.finish.is_some()
    }

    /// Takes note of a response, partial or whole; `data` is its JSON.
    pub(super) fn take(&mut self, chunk: Chunk<'_>, data: &[u8]) -> Result<(), Fault> {
        if chunk.is_error {
            return Err(refined(Fault::in_band(data), data));
        }
        let Chunk { id, candidate, feedback, usage, .. } = chunk;
        if self.progress.upstream_id.is_none() && !id.is_empty() {
            self.progress.upstream_id = Some(id);
        }
        self.begun |= candidate.is_some() || feedback.is_some() || usage.is_some();
        if let Some(candidate) = candidate {
            self.candidate(candidate);
        }
        if let Some(feedback) = feedback {
            self.feedback(feedback);
        }
        if let Some(report) = usage {
            self.report(&report);
        }
        Ok(())
    }

    /// The response has ended.
    pub(super) fn end(&mut self) {
        if let Some(finish) = self.finish.take() {
            self.progress.content = true;
            self.progress.finish = Some(finish);
        }
    }

    fn candidate(&mut self, candidate: Candidate<'_>) {
        let progress = &mut self.progress;
        if candidate.thinks {
            progress.said.think();
        }
        for text in [candidate.text].iter().chain(&candidate.more_text) {
            progress.said.tell_escaped(text);
        }
        // Once the client knows why the answer ended, nothing can follow.
        if candidate.has_more || is_telling(&candidate.finish_reason) {
            progress.said.lose();
        }
        progress.content |= candidate.content;
        for call in &candidate.calls {
            progress.tool_calls = progress.tool_calls.saturating_add(1);
            progress.called.whole(call.name, call.arguments());
        }
        progress.wrote(candidate.bytes);
        let native = candidate.finish_reason;
        if is_telling(&native) {
            self.finish = Some((reason(&native, progress.tool_calls), native));
        }
    }

    fn feedback(&mut self, feedback: PromptFeedback) {
        let Some(native) = feedback.block_reason.filter(|it| is_telling(it)) else { return };
        let message = feedback.block_reason_message.unwrap_or_default();
        self.progress.content |= !message.is_empty();
        self.progress.wrote(message.len());
        self.progress.said.lose();
        self.finish = Some((FinishReason::ContentFilter, native));
    }

    fn report(&mut self, report: &UsageMetadata) {
        if report.has_counts() {
            self.progress.usage = Some(report.usage());
        }
        if let Some(tier) = report.tier() {
            self.progress.service_tier = Some(tier);
        }
    }
}
