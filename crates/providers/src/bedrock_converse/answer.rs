//! An answer block by block: shared by streams and whole answers.

use std::collections::BTreeMap;

use serde_json::value::RawValue;
use tollgate_wire::chat::{ChatEvent, FinishReason, ReasoningDetail, ReasoningFormat, UrlCitation};

use super::shape::{
    Block, Citation, CitedText, Delta, Image, OwnFields, ReasoningDelta, ServiceTier, ToolUse,
    UsageObject,
};
use super::usage::usage;
use crate::Fault;
use crate::encoding::{is_http, is_object};

/// The state of an answer being read.
#[derive(Debug, Default)]
pub(super) struct Answer {
    /// Blocks begun and not ended, by their number.
    open: BTreeMap<u64, Open>,
    /// Tools called: the contract numbers calls, the provider numbers blocks.
    calls: u32,
    /// Blocks of thought so far.
    thoughts: u32,
    /// Characters of text so far, for the place of a citation.
    characters: u64,
    /// Bytes kept of images.
    kept: usize,
    finished: bool,
}

/// A block being read.
#[derive(Debug)]
enum Open {
    /// Passed over: the provider's own tools.
    Nothing,
    /// Text, with the character it starts at. Citations wait for its end, because they may come
    /// before the text they are for.
    Text { start: u64, citations: Vec<Citation> },
    /// Thoughts.
    Thinking { index: u32 },
    /// A call.
    Tool { index: u32, written: bool },
    /// An image, in pieces.
    Image { format: Option<String>, data: String },
}

/// Most blocks open at a time, so that a provider can't make us buffer without bound.
const OPEN_MAX: usize = 1_024;

/// Most citations kept of one block of text.
const CITATIONS_MAX: usize = 256;

/// Most bytes kept of images.
const IMAGES_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Whose thoughts they are. Other makers' have no proof and are never sent back, whatever they
/// are called; Claude's must be called by their name to be.
const FORMAT: ReasoningFormat = ReasoningFormat::Anthropic;

impl Answer {
    /// Whether the model said why it stopped: only then the answer is complete.
    pub(super) const fn is_finished(&self) -> bool {
        self.finished
    }

    /// A block begins. Only calls and images announce themselves.
    pub(super) fn begin(
        &mut self,
        number: u64,
        block: Block,
        out: &mut Vec<ChatEvent>,
    ) -> Result<(), Fault> {
        self.close(number, out);
        if let Some(tool) = block.tool_use {
            let open = self.call(&tool, out);
            return self.open(number, open);
        }
        if let Some(image) = block.image {
            self.open(number, Open::Image { format: image.format, data: String::new() })?;
        }
        Ok(())
    }

    /// A block grows, or begins without a word.
    pub(super) fn grow(
        &mut self,
        number: u64,
        delta: Delta,
        out: &mut Vec<ChatEvent>,
    ) -> Result<(), Fault> {
        if let Some(text) = delta.text.filter(|text| !text.is_empty()) {
            self.ensure_text(number, out)?;
            self.text(text, out);
        }
        if let Some(citation) = delta.citation {
            self.ensure_text(number, out)?;
            if let Some(Open::Text { citations, .. }) = self.open.get_mut(&number) {
                citations.push(citation);
                citations.truncate(CITATIONS_MAX);
            }
        }
        if let Some(reasoning) = delta.reasoning_content {
            self.thought(number, reasoning, out)?;
        }
        if let Some(fragment) = delta.tool_use.and_then(|it| it.input).filter(|it| !it.is_empty())
            && let Some(Open::Tool { index, written }) = self.open.get_mut(&number)
        {
            *written = true;
            out.push(ChatEvent::ToolCallArguments { index: *index, fragment });
        }
        if let Some(image) = delta.image {
            self.image(number, image, out)?;
        }
        Ok(())
    }

    /// A block ends.
    pub(super) fn close(&mut self, number: u64, out: &mut Vec<ChatEvent>) {
        match self.open.remove(&number) {
            Some(Open::Text { start, citations }) => {
                let annotation = |it| annotation(it, start, self.characters);
                out.extend(citations.iter().filter_map(annotation));
            }
            // No piece came: it has no arguments.
            Some(Open::Tool { index, written: false }) => {
                out.push(ChatEvent::ToolCallArguments { index, fragment: "{}".to_owned() });
            }
            Some(Open::Image { format, data }) => out.extend(picture(format.as_deref(), &data)),
            Some(Open::Tool { written: true, .. } | Open::Thinking { .. } | Open::Nothing)
            | None => {}
        }
    }

    /// A whole block.
    pub(super) fn block(&mut self, block: Block, out: &mut Vec<ChatEvent>) {
        if let Some(text) = block.text {
            self.text(text, out);
        }
        if let Some(cited) = block.citations_content {
            let start = self.characters;
            for text in cited.content.unwrap_or_default() {
                self.text(text.text.unwrap_or_default(), out);
            }
            let citations = cited.citations.unwrap_or_default();
            let end = self.characters;
            out.extend(citations.iter().filter_map(|it| annotation(it, start, end)));
        }
        if let Some(reasoning) = block.reasoning_content {
            let index = self.next_thought();
            let mut words = reasoning.reasoning_text.unwrap_or_default();
            words.redacted_content = words.redacted_content.or(reasoning.redacted_content);
            think(index, words, out);
        }
        if let Some(tool) = block.tool_use
            && let Open::Tool { index, .. } = self.call(&tool, out)
        {
            let fragment = arguments(tool.input);
            out.push(ChatEvent::ToolCallArguments { index, fragment });
        }
        if let Some(Image { format, source: Some(source) }) = block.image {
            out.extend(picture(format.as_deref(), &source.bytes.unwrap_or_default()));
        }
    }

    /// The model stopped.
    pub(super) fn stop(
        &mut self,
        stop_reason: Option<String>,
        own: Option<OwnFields>,
        out: &mut Vec<ChatEvent>,
    ) {
        if self.finished {
            return;
        }
        while let Some((number, _)) = self.open.first_key_value() {
            let number = *number;
            self.close(number, out);
        }
        self.finished = true;
        let native = stop_reason.unwrap_or_else(|| "end_turn".to_owned());
        let met = own.and_then(|it| it.stop_sequence.or(it.delta?.stop_sequence));
        out.extend(met.filter(|it| !it.is_empty()).map(ChatEvent::StopSequence));
        out.push(ChatEvent::Finish { reason: reason(&native), native });
    }

    fn open(&mut self, number: u64, open: Open) -> Result<(), Fault> {
        if self.open.len() >= OPEN_MAX {
            return Err(Fault::malformed("it has too many blocks"));
        }
        self.open.insert(number, open);
        Ok(())
    }

    fn ensure_text(&mut self, number: u64, out: &mut Vec<ChatEvent>) -> Result<(), Fault> {
        if matches!(self.open.get(&number), Some(Open::Text { .. })) {
            return Ok(());
        }
        self.close(number, out);
        self.open(number, Open::Text { start: self.characters, citations: Vec::new() })
    }

    fn thought(
        &mut self,
        number: u64,
        delta: ReasoningDelta,
        out: &mut Vec<ChatEvent>,
    ) -> Result<(), Fault> {
        let index = if let Some(Open::Thinking { index }) = self.open.get(&number) {
            *index
        } else {
            self.close(number, out);
            let index = self.next_thought();
            self.open(number, Open::Thinking { index })?;
            index
        };
        think(index, delta, out);
        Ok(())
    }

    fn image(&mut self, number: u64, piece: Image, out: &mut Vec<ChatEvent>) -> Result<(), Fault> {
        let bytes = piece.source.and_then(|it| it.bytes).unwrap_or_default();
        self.kept = self.kept.saturating_add(bytes.len());
        if self.kept > IMAGES_BYTES_MAX {
            return Err(Fault::malformed("its images are too large"));
        }
        if let Some(Open::Image { data, .. }) = self.open.get_mut(&number) {
            data.push_str(&bytes);
            return Ok(());
        }
        self.close(number, out);
        self.open(number, Open::Image { format: piece.format, data: bytes })
    }

    fn call(&mut self, tool: &ToolUse, out: &mut Vec<ChatEvent>) -> Open {
        if tool.kind.as_deref().is_some_and(|kind| kind != "tool_use") {
            return Open::Nothing;
        }
        let index = self.calls;
        self.calls = self.calls.saturating_add(1);
        let id = tool.tool_use_id.clone().unwrap_or_default();
        let name = tool.name.clone().unwrap_or_default();
        out.push(ChatEvent::ToolCallStart { index, id, name });
        Open::Tool { index, written: false }
    }

    fn text(&mut self, text: String, out: &mut Vec<ChatEvent>) {
        if text.is_empty() {
            return;
        }
        let characters = u64::try_from(text.chars().count()).unwrap_or(u64::MAX);
        self.characters = self.characters.saturating_add(characters);
        out.push(ChatEvent::Text(text));
    }

    const fn next_thought(&mut self) -> u32 {
        let index = self.thoughts;
        self.thoughts = self.thoughts.saturating_add(1);
        index
    }
}

/// What an answer came to.
pub(super) fn metadata(
    report: Option<&UsageObject>,
    tier: Option<ServiceTier>,
    out: &mut Vec<ChatEvent>,
) {
    out.extend(tier.and_then(|it| it.kind).map(ChatEvent::ServiceTier));
    out.extend(report.map(|report| ChatEvent::Usage(usage(report))));
}

fn think(index: u32, words: ReasoningDelta, out: &mut Vec<ChatEvent>) {
    let given = |it: &String| !it.is_empty();
    let thought = words.text.filter(given);
    let signature = words.signature.filter(given);
    let sealed = words.redacted_content.filter(given);
    let details = [
        thought.map(|it| ReasoningDetail::thought(it, FORMAT, index)),
        signature.map(|it| ReasoningDetail::signed(it, FORMAT, index)),
        sealed.map(|it| ReasoningDetail::sealed(it, FORMAT, index)),
    ];
    out.extend(details.into_iter().flatten().map(ChatEvent::Reasoning));
}

fn arguments(input: Option<Box<RawValue>>) -> String {
    let input = input.filter(|input| is_object(input));
    input.map_or_else(|| "{}".to_owned(), |it| it.get().to_owned())
}

/// The provider's words for a broken answer are its own.
fn reason(native: &str) -> FinishReason {
    match native {
        "malformed_model_output" | "malformed_tool_use" => FinishReason::Error,
        _ => FinishReason::from_native(native),
    }
}

fn picture(format: Option<&str>, data: &str) -> Option<ChatEvent> {
    let format = format.unwrap_or("png");
    (!data.is_empty())
        .then(|| ChatEvent::Image { url: format!("data:image/{format};base64,{data}") })
}

/// A citation in the contract's form (§3.1): the range of the cited text, in characters of the
/// answer. Citations of the caller's own documents have no address and no form there.
fn annotation(citation: &Citation, start_index: u64, end_index: u64) -> Option<ChatEvent> {
    let web = citation.location.as_ref().and_then(|it| it.web.as_ref()?.url.as_deref());
    let source = citation.source.as_deref().filter(|source| is_http(source));
    let quoted = citation.source_content.iter().flatten();
    let quoted: Vec<&str> = quoted.filter_map(|CitedText { text }| text.as_deref()).collect();
    let content = quoted.concat();
    let cited = UrlCitation {
        url: web.or(source)?,
        title: citation.title.as_deref().unwrap_or_default(),
        content: (!content.is_empty()).then_some(content.as_str()),
        start_index,
        end_index,
    };
    cited.event()
}
