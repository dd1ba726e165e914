//! An answer block by block: shared by streams and whole messages.

use serde_json::value::RawValue;
use tollgate_types::UsageSource;
use tollgate_wire::chat::{ChatEvent, FinishReason, ReasoningDetail, ReasoningFormat, UrlCitation};

use super::shape::{Citation, ContentBlock, Delta, Message, Stop, UsageObject};
use super::usage::Counts;
use crate::encoding::{is_http, is_object};

/// The state of an answer being read.
#[derive(Debug, Default)]
pub(super) struct Answer {
    counts: Counts,
    open: Open,
    /// Tools called: the contract numbers calls, the provider numbers blocks.
    calls: u32,
    /// Blocks of thought so far.
    thoughts: u32,
    /// Characters of text so far, for the place of a citation.
    characters: u64,
    finished: bool,
}

/// The block being read. Blocks come one after the other.
#[derive(Debug, Default)]
enum Open {
    /// None, or one that is passed over: the provider's own tools.
    #[default]
    Nothing,
    /// Text, with the character it starts at. Citations wait for its end, because they may come
    /// before the text they are for.
    Text { start: u64, citations: Vec<Citation> },
    /// Thoughts.
    Thinking { index: u32 },
    /// A call, with the arguments it began with.
    Tool { index: u32, given: Option<Box<RawValue>>, written: bool },
}

/// Most citations kept of one block of text, so that a provider can't make us buffer without bound.
const CITATIONS_MAX: usize = 256;

impl Answer {
    /// Whether the model said why it stopped: only then the answer is complete.
    pub(super) const fn is_finished(&self) -> bool {
        self.finished
    }

    /// The message begins. Its counts are those of the prompt; what was written is not known yet,
    /// so they are marked as estimated until the provider's final report.
    pub(super) fn begin(&mut self, message: Message, out: &mut Vec<ChatEvent>) {
        out.extend(message.id.filter(|id| !id.is_empty()).map(ChatEvent::UpstreamId));
        if let Some(report) = &message.usage {
            self.report(report, UsageSource::Estimated, out);
        }
    }

    /// A block begins; the one before it has ended, whether that was said or not.
    pub(super) fn open_block(&mut self, block: ContentBlock, out: &mut Vec<ChatEvent>) {
        self.close_block(out);
        match block.kind.as_deref() {
            Some("text") => {
                let citations = block.citations.unwrap_or_default();
                self.open = Open::Text { start: self.characters, citations };
                self.text(block.text, out);
            }
            Some("thinking") => {
                self.open = Open::Thinking { index: self.thoughts };
                self.thoughts = self.thoughts.saturating_add(1);
                self.thought(block.thinking, out);
                self.signature(block.signature, out);
            }
            Some("redacted_thinking") => {
                let (data, index) = (block.data.unwrap_or_default(), self.thoughts);
                self.thoughts = self.thoughts.saturating_add(1);
                let sealed = ReasoningDetail::sealed(data, ReasoningFormat::Anthropic, index);
                out.push(ChatEvent::Reasoning(sealed));
            }
            Some("tool_use") => {
                let (id, name) = (block.id.unwrap_or_default(), block.name.unwrap_or_default());
                let index = self.calls;
                self.calls = self.calls.saturating_add(1);
                self.open = Open::Tool { index, given: block.input, written: false };
                out.push(ChatEvent::ToolCallStart { index, id, name });
            }
            _ => {}
        }
    }

    /// The block grows.
    pub(super) fn grow_block(&mut self, delta: Delta, out: &mut Vec<ChatEvent>) {
        match delta.kind.as_deref() {
            Some("text_delta") => self.text(delta.text, out),
            Some("input_json_delta") => self.arguments(delta.partial_json, out),
            Some("thinking_delta") => self.thought(delta.thinking, out),
            Some("signature_delta") => self.signature(delta.signature, out),
            Some("citations_delta") => {
                if let (Open::Text { citations, .. }, Some(it)) = (&mut self.open, delta.citation) {
                    citations.push(it);
                    citations.truncate(CITATIONS_MAX);
                }
            }
            _ => {}
        }
    }

    /// The block ends.
    pub(super) fn close_block(&mut self, out: &mut Vec<ChatEvent>) {
        match std::mem::take(&mut self.open) {
            Open::Text { start, citations } => {
                let annotation = |it| annotation(it, start, self.characters);
                out.extend(citations.iter().take(CITATIONS_MAX).filter_map(annotation));
            }
            Open::Tool { index, given, written: false } => {
                // No piece came: the arguments are those the block began with, if any.
                let fragment = given.filter(|input| is_object(input));
                let fragment = fragment.map_or_else(|| "{}".to_owned(), |it| it.get().to_owned());
                out.push(ChatEvent::ToolCallArguments { index, fragment });
            }
            Open::Tool { written: true, .. } | Open::Thinking { .. } | Open::Nothing => {}
        }
    }

    /// The model stopped, or the counts have changed.
    pub(super) fn end(
        &mut self,
        stop: Stop,
        usage: Option<&UsageObject>,
        out: &mut Vec<ChatEvent>,
    ) {
        if let Some(report) = usage {
            self.report(report, UsageSource::Reported, out);
        }
        let Some(native) = stop.reason.filter(|_| !self.finished) else { return };
        self.close_block(out);
        self.finished = true;
        let sequence = stop.sequence.filter(|_| native == "stop_sequence");
        out.extend(sequence.map(ChatEvent::StopSequence));
        let explanation = stop.details.and_then(|it| it.explanation).filter(|it| !it.is_empty());
        out.extend(explanation.map(ChatEvent::Refusal));
        out.push(ChatEvent::Finish { reason: FinishReason::from_native(&native), native });
    }

    fn report(&mut self, report: &UsageObject, source: UsageSource, out: &mut Vec<ChatEvent>) {
        self.counts.take(report);
        if let Some(tier) = &report.service_tier {
            // The contract's word for the ordinary tier on this endpoint (§3.6).
            let tier = if tier == "standard" { "default" } else { tier };
            out.push(ChatEvent::ServiceTier(tier.to_owned()));
        }
        out.push(ChatEvent::Usage(self.counts.usage(source)));
    }

    fn text(&mut self, text: Option<String>, out: &mut Vec<ChatEvent>) {
        let Some(text) = text.filter(|text| !text.is_empty()) else { return };
        let characters = u64::try_from(text.chars().count()).unwrap_or(u64::MAX);
        self.characters = self.characters.saturating_add(characters);
        out.push(ChatEvent::Text(text));
    }

    fn arguments(&mut self, fragment: Option<String>, out: &mut Vec<ChatEvent>) {
        let Open::Tool { index, written, .. } = &mut self.open else { return };
        let Some(fragment) = fragment.filter(|it| !it.is_empty()) else { return };
        *written = true;
        out.push(ChatEvent::ToolCallArguments { index: *index, fragment });
    }

    fn thought(&mut self, text: Option<String>, out: &mut Vec<ChatEvent>) {
        let Open::Thinking { index } = self.open else { return };
        let Some(text) = text.filter(|it| !it.is_empty()) else { return };
        let detail = ReasoningDetail::thought(text, ReasoningFormat::Anthropic, index);
        out.push(ChatEvent::Reasoning(detail));
    }

    fn signature(&mut self, signature: Option<String>, out: &mut Vec<ChatEvent>) {
        let Open::Thinking { index } = self.open else { return };
        let Some(signature) = signature.filter(|it| !it.is_empty()) else { return };
        let detail = ReasoningDetail::signed(signature, ReasoningFormat::Anthropic, index);
        out.push(ChatEvent::Reasoning(detail));
    }
}

/// A citation in the contract's form (§3.1): the range of the cited text, in characters of the
/// answer. Citations of the caller's own documents have no address and no form there.
fn annotation(citation: &Citation, start_index: u64, end_index: u64) -> Option<ChatEvent> {
    let source = citation.source.as_deref().filter(|source| is_http(source));
    let url = citation.url.as_deref().or(source)?;
    let cited = UrlCitation {
        url,
        title: citation.title.as_deref().unwrap_or_default(),
        content: citation.cited_text.as_deref(),
        start_index,
        end_index,
    };
    cited.event()
}
