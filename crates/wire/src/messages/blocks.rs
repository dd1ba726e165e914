//! Events become content blocks, one operation at a time.
//!
//! # Invariants
//!
//! - Blocks are numbered without a gap and every one that opens is closed once.
//! - Of text and thoughts one block at most is open. A call stays open until its arguments are a
//!   whole value: some providers begin the next call before they have written the last one.
//! - Nothing is kept but what a later event needs: no text, no arguments.

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::answer::Position;
use crate::chat::{ChatEvent, ReasoningDetail, ReasoningKind};
use crate::messages::object::{BlockObject, Citation, Delta, Source};
use crate::messages::seal;

/// Where operations go.
pub(super) trait Sink {
    /// A block begins.
    fn open(&mut self, index: u32, block: &BlockObject<'_>);
    /// It grows.
    fn grow(&mut self, index: u32, delta: Delta<'_>);
    /// It ends.
    fn close(&mut self, index: u32);
}

/// Most citations that wait for a text to stand in.
const CITATIONS_MAX: usize = 256;
/// Most calls open at once. No model makes so many; a provider that begins more is broken.
const CALLS_MAX: usize = 256;

/// The state of an answer being written.
#[derive(Debug, Default, Clone)]
pub(super) struct Blocks {
    /// Blocks so far.
    count: u32,
    open: Open,
    /// Calls that are not whole.
    calls: Vec<Call>,
    /// Citations that came when no text was open.
    citations: Vec<Citation>,
    /// Thoughts are not shown: what is left of them is what the client must send back.
    omits_thoughts: bool,
}

/// The text or the thoughts being written.
#[derive(Debug, Default, Clone)]
enum Open {
    #[default]
    Nothing,
    /// `cited`: what comes next is not covered by the citations, so it is a block of its own.
    Text { index: u32, cited: bool },
    /// The detail without its text.
    Thoughts { index: u32, detail: Box<ReasoningDetail> },
}

/// A call whose arguments are not whole yet.
#[derive(Debug, Clone)]
struct Call {
    /// Its number among the answer's calls.
    number: u32,
    /// Its number among the blocks.
    index: u32,
    arguments: Arguments,
}

/// How far the JSON text of a call's arguments has come.
#[derive(Debug, Default, Clone)]
struct Arguments {
    begun: bool,
    depth: u32,
    in_string: bool,
    escaped: bool,
}

impl Blocks {
    /// No blocks yet. Thoughts may be left out of theirs.
    pub(super) fn new(omits_thoughts: bool) -> Self {
        Self { omits_thoughts, ..Self::default() }
    }

    /// Goes on behind blocks that somebody else wrote.
    pub(super) fn resume(&mut self, at: Position) {
        self.count = at.next;
        self.open = at.open_text.map_or(Open::Nothing, |index| Open::Text { index, cited: false });
    }

    /// Takes an event; those that add nothing to the content are passed over.
    pub(super) fn event(&mut self, event: &ChatEvent, sink: &mut impl Sink) {
        match event {
            ChatEvent::Text(text) | ChatEvent::Refusal(text) => self.text(text, sink),
            ChatEvent::Reasoning(detail) => self.reasoning(detail, sink),
            ChatEvent::ToolCallStart { index, id, name } => self.call(*index, id, name, sink),
            ChatEvent::ToolCallArguments { index, fragment } => {
                self.arguments(*index, fragment, sink);
            }
            ChatEvent::Image { url } => {
                self.whole(&BlockObject::Image { source: Source::of(url) }, sink);
            }
            // There is no block for sound: what can be read of it is text.
            ChatEvent::Audio(audio) => {
                self.text(audio.transcript.as_deref().unwrap_or_default(), sink);
            }
            ChatEvent::Annotation(annotation) => {
                if let Some(citation) = Citation::read(annotation) {
                    self.cite(citation, sink);
                }
            }
            ChatEvent::UpstreamId(_)
            | ChatEvent::Logprobs(_)
            | ChatEvent::StopSequence(_)
            | ChatEvent::ServiceTier(_)
            | ChatEvent::Usage(_)
            | ChatEvent::Finish { .. } => {}
        }
    }

    /// Ends a complete answer: citations still waiting get a text of their own, a call without
    /// arguments gets none in so many words.
    pub(super) fn finish(&mut self, sink: &mut impl Sink) {
        if !self.citations.is_empty() {
            self.open_text(sink);
        }
        for call in self.calls.iter().filter(|call| !call.arguments.begun) {
            sink.grow(call.index, Delta::Arguments { partial_json: "{}" });
        }
        self.abort(sink);
    }

    /// Ends an answer that broke off: what is open is closed as it stands.
    pub(super) fn abort(&mut self, sink: &mut impl Sink) {
        self.close(sink);
        for call in self.calls.drain(..) {
            sink.close(call.index);
        }
    }

    fn text(&mut self, text: &str, sink: &mut impl Sink) {
        if text.is_empty() {
            return;
        }
        let index = match self.open {
            Open::Text { index, cited: false } => index,
            Open::Text { .. } | Open::Thoughts { .. } | Open::Nothing => self.open_text(sink),
        };
        sink.grow(index, Delta::Text { text });
    }

    fn open_text(&mut self, sink: &mut impl Sink) -> u32 {
        self.close(sink);
        let index = self.next(&BlockObject::Text { text: "", citations: &[] }, sink);
        for citation in self.citations.drain(..) {
            sink.grow(index, Delta::Citation { citation: &citation });
        }
        self.open = Open::Text { index, cited: false };
        index
    }

    fn cite(&mut self, citation: Citation, sink: &mut impl Sink) {
        if let Open::Text { index, cited } = &mut self.open {
            *cited = true;
            sink.grow(*index, Delta::Citation { citation: &citation });
        } else if self.citations.len() < CITATIONS_MAX {
            self.citations.push(citation);
        }
    }

    fn reasoning(&mut self, detail: &ReasoningDetail, sink: &mut impl Sink) {
        if detail.kind == ReasoningKind::Encrypted {
            let seal = seal::is_native(detail).then(|| detail.data.clone().unwrap_or_default());
            let data = seal.unwrap_or_else(|| seal::seal(detail));
            self.whole(&BlockObject::RedactedThinking { data: &data }, sink);
            return;
        }
        let signed = detail.signature.as_deref().is_some_and(|it| !it.is_empty());
        let shown = !self.omits_thoughts && !detail.text().is_empty();
        if !shown && !signed && (self.omits_thoughts || detail.id.is_none()) {
            return;
        }
        let index = self.open_thoughts(detail, sink);
        if shown {
            sink.grow(index, Delta::Thinking { thinking: detail.text() });
        }
        // A signature ends a block: what follows has one of its own.
        if signed {
            self.close(sink);
        }
    }

    /// Goes on with the block that the detail belongs to, or begins one.
    fn open_thoughts(&mut self, detail: &ReasoningDetail, sink: &mut impl Sink) -> u32 {
        if let Open::Thoughts { index, detail: open } = &mut self.open {
            let of = |it: &ReasoningDetail| (it.kind, it.format, it.index);
            if of(open) == of(detail) {
                open.signature.clone_from(&detail.signature);
                open.id = open.id.take().or_else(|| detail.id.clone());
                return *index;
            }
        }
        self.close(sink);
        let index = self.next(&BlockObject::Thinking { thinking: "", signature: "" }, sink);
        let detail = ReasoningDetail {
            kind: detail.kind,
            text: None,
            summary: None,
            data: detail.data.clone(),
            signature: detail.signature.clone(),
            id: detail.id.clone(),
            format: detail.format,
            index: detail.index,
        };
        self.open = Open::Thoughts { index, detail: Box::new(detail) };
        index
    }

    fn call(&mut self, number: u32, id: &str, name: &str, sink: &mut impl Sink) {
        self.close(sink);
        if self.calls.len() >= CALLS_MAX {
            sink.close(self.calls.remove(0).index);
        }
        let input = Cow::Borrowed(empty_object());
        let index = self.next(&BlockObject::ToolUse { id, name, input }, sink);
        self.calls.push(Call { number, index, arguments: Arguments::default() });
    }

    fn arguments(&mut self, number: u32, fragment: &str, sink: &mut impl Sink) {
        let Some(at) = self.calls.iter().rposition(|call| call.number == number) else { return };
        let Some(call) = self.calls.get_mut(at) else { return };
        if fragment.is_empty() {
            return;
        }
        sink.grow(call.index, Delta::Arguments { partial_json: fragment });
        if call.arguments.take(fragment) {
            sink.close(self.calls.remove(at).index);
        }
    }

    /// A block that comes in one piece.
    fn whole(&mut self, block: &BlockObject<'_>, sink: &mut impl Sink) {
        self.close(sink);
        let index = self.next(block, sink);
        sink.close(index);
    }

    fn next(&mut self, block: &BlockObject<'_>, sink: &mut impl Sink) -> u32 {
        let index = self.count;
        self.count = index.saturating_add(1);
        sink.open(index, block);
        index
    }

    /// Closes the text or the thoughts being written. Thoughts of other providers take along what
    /// the block has no place for.
    fn close(&mut self, sink: &mut impl Sink) {
        match std::mem::take(&mut self.open) {
            Open::Nothing => {}
            Open::Text { index, .. } => sink.close(index),
            Open::Thoughts { index, detail } => {
                if !seal::is_native(&detail) {
                    sink.grow(index, Delta::Signature { signature: &seal::seal(&detail) });
                } else if let Some(signature) =
                    detail.signature.as_deref().filter(|it| !it.is_empty())
                {
                    sink.grow(index, Delta::Signature { signature });
                }
                sink.close(index);
            }
        }
    }
}

impl Arguments {
    /// Takes a piece; says whether the value is whole.
    fn take(&mut self, fragment: &str) -> bool {
        for byte in fragment.bytes() {
            self.begun |= !byte.is_ascii_whitespace();
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' if self.in_string => self.escaped = true,
                b'"' => self.in_string = !self.in_string,
                _ if self.in_string => {}
                b'{' | b'[' => self.depth = self.depth.saturating_add(1),
                b'}' | b']' => {
                    self.depth = self.depth.saturating_sub(1);
                    if self.depth == 0 {
                        return true;
                    }
                }
                _ => {}
            }
        }
        false
    }
}

/// `{}`.
pub(super) fn empty_object() -> &'static RawValue {
    serde_json::from_str("{}").unwrap_or(RawValue::NULL)
}
