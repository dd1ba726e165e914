//! How far an answer got, whatever its dialect.

use tollgate_types::Usage;
use tollgate_wire::chat::{ChatEvent, FinishReason};

use crate::{Called, Fault, FaultKind, Said};

/// What is known of an answer so far: enough to decide about failover, to bill and to record.
#[derive(Debug, Clone, Default)]
pub struct Progress {
    /// Whether the client was given something that can't be taken back.
    pub content: bool,
    /// Why the model stopped: our word and the provider's.
    pub finish: Option<(FinishReason, String)>,
    /// Counts the provider reported; the last report counts.
    pub usage: Option<Usage>,
    /// The provider's own id of the answer.
    pub upstream_id: Option<String>,
    /// The tier that served.
    pub service_tier: Option<String>,
    /// Bytes of text, reasoning and arguments written: what an estimate starts from when the
    /// provider reports no usage.
    pub output_bytes: u64,
    /// Tools called.
    pub tool_calls: u32,
    /// The same with what they were called with.
    pub called: Called,
    /// What the client was told, if anybody listens.
    pub said: Said,
}

impl Progress {
    /// Takes note of an event.
    pub fn note(&mut self, event: &ChatEvent) {
        self.content |= event.is_content();
        self.hear(event);
        match event {
            ChatEvent::Text(text) | ChatEvent::Refusal(text) => self.wrote(text.len()),
            ChatEvent::Reasoning(detail) => self.wrote(detail.text().len()),
            ChatEvent::ToolCallStart { index, name, .. } => {
                self.tool_calls = self.tool_calls.saturating_add(1);
                self.called.begin(*index, name);
                self.wrote(name.len());
            }
            ChatEvent::ToolCallArguments { index, fragment } => {
                self.called.grow(*index, fragment);
                self.wrote(fragment.len());
            }
            ChatEvent::UpstreamId(id) => self.upstream_id = Some(id.clone()),
            ChatEvent::ServiceTier(tier) => self.service_tier = Some(tier.clone()),
            ChatEvent::Usage(usage) => self.report(*usage),
            ChatEvent::Finish { reason, native } => self.finish = Some((*reason, native.clone())),
            ChatEvent::Audio(piece) => {
                self.wrote(piece.transcript.as_deref().map_or(0, str::len));
            }
            ChatEvent::Image { .. }
            | ChatEvent::Annotation(_)
            | ChatEvent::Logprobs(_)
            | ChatEvent::StopSequence(_) => {}
        }
    }

    fn hear(&mut self, event: &ChatEvent) {
        match event {
            ChatEvent::Text(text) => self.said.tell(text),
            ChatEvent::Reasoning(_) => self.said.think(),
            ChatEvent::Refusal(text) if text.is_empty() => {}
            ChatEvent::Refusal(_)
            | ChatEvent::ToolCallStart { .. }
            | ChatEvent::ToolCallArguments { .. }
            | ChatEvent::Image { .. }
            | ChatEvent::Audio(_)
            | ChatEvent::Annotation(_)
            | ChatEvent::Logprobs(_) => self.said.lose(),
            ChatEvent::UpstreamId(_)
            | ChatEvent::ServiceTier(_)
            | ChatEvent::StopSequence(_)
            | ChatEvent::Usage(_)
            | ChatEvent::Finish { .. } => {}
        }
    }

    /// The fault of an answer that the provider ended with an error of its own: it failed, whatever
    /// it says besides. Content that was filtered and a refusal are answers.
    pub fn failure(&self) -> Option<Fault> {
        let (_, native) = self.finish.as_ref().filter(|(it, _)| *it == FinishReason::Error)?;
        let message = format!("The provider ended the answer with \"{native}\"");
        Some(Fault {
            code: Some(native.clone()),
            ..Fault::with_message(FaultKind::Broken, &message)
        })
    }

    /// Takes what the provider says it consumed. The last word counts, but for zeros at the end of
    /// a stream, which take nothing back.
    pub(crate) fn report(&mut self, usage: Usage) {
        let is_nothing = usage.total_tokens() == 0;
        if self.usage.is_none_or(|said| !is_nothing || said.total_tokens() == 0) {
            self.usage = Some(usage);
        }
    }

    /// Counts `bytes` more of output.
    pub fn wrote(&mut self, bytes: usize) {
        self.output_bytes =
            self.output_bytes.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
    }
}
