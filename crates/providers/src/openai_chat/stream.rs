//! A provider's stream, event by event, with our fields put in.
//!
//! Each event is walked once and written as it is walked. The provider's id, model and creation
//! time make way for ours; usage is kept back for the last chunk; everything else goes through.

use tollgate_wire::AnswerWriter;
use tollgate_wire::chat::{AnswerHead, ChunkWriter, FinishReason, UsageView};
use tollgate_wire::error::ErrorBody;
use tollgate_wire::json::{ScanError, Scanner, Span};
use tollgate_wire::sse::{SseDecoder, SseEvent};

use super::calls::Calls;
use super::splice::{self, Choices, Form, Members, Splice};
use super::usage;
use crate::{AnswerStream, Fault, FaultKind, Progress};

/// A stream that is passed on.
#[derive(Debug)]
pub(super) struct SplicedStream {
    events: SseDecoder,
    chunk: ChunkSplicer,
}

#[derive(Debug)]
struct ChunkSplicer {
    writer: ChunkWriter,
    progress: Progress,
    calls: Calls,
    hides_reasoning: bool,
    /// Members of chunks that had no choice in them, each with a comma before it: they go with the
    /// next chunk that has, because clients look at the first choice of every chunk.
    left_over: Vec<u8>,
    /// `[DONE]` was seen: whatever follows is noise.
    done: bool,
}

/// Azure says what its filters found of a prompt before its first word; nobody says more.
const LEFT_OVER_BYTES_MAX: usize = 64 * 1024;

impl SplicedStream {
    pub(super) fn new(head: &AnswerHead) -> Self {
        let chunk = ChunkSplicer {
            writer: ChunkWriter::new(head),
            progress: Progress::default(),
            calls: Calls::default(),
            hides_reasoning: head.hides_reasoning,
            left_over: Vec::new(),
            done: false,
        };
        Self { events: SseDecoder::default(), chunk }
    }
}

impl AnswerStream for SplicedStream {
    fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), Fault> {
        let chunk = &mut self.chunk;
        self.events.push(bytes, |event| chunk.event(&event, out))
    }

    fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), Fault> {
        let chunk = &mut self.chunk;
        // An event that was cut is not malformed, it is cut.
        self.events.finish(|event| chunk.event(&event, out)).map_err(|fault| {
            if fault.kind == FaultKind::Broken { Fault::truncated() } else { fault }
        })?;
        match (chunk.done, chunk.progress.content, &chunk.progress.finish) {
            (_, _, Some(_)) | (true, true, None) => Ok(()),
            (_, false, None) => Err(Fault::with_message(
                FaultKind::Empty,
                "The provider's answer ended before it began",
            )),
            (false, true, None) => Err(Fault::truncated()),
        }
    }

    fn is_done(&self) -> bool {
        self.chunk.done
    }

    fn progress(&self) -> &Progress {
        &self.chunk.progress
    }

    fn end(&mut self, out: &mut Vec<u8>, usage: &UsageView) {
        let finish = self.chunk.progress.finish.as_ref();
        let finish = finish.map_or((FinishReason::Stop, "stop"), |(ours, native)| (*ours, native));
        self.chunk.writer.end(out, finish, usage);
    }

    fn fail(&mut self, out: &mut Vec<u8>, error: &ErrorBody, usage: Option<&UsageView>) {
        self.chunk.writer.fail(out, error, usage);
    }

    fn remember(&mut self, keeps_text: bool) {
        self.chunk.progress.said.listen(keeps_text);
    }
}

impl ChunkSplicer {
    fn event(&mut self, event: &SseEvent<'_>, out: &mut Vec<u8>) -> Result<(), Fault> {
        if self.done || event.data.is_empty() {
            return Ok(());
        }
        if event.data.trim_ascii() == b"[DONE]" {
            self.done = true;
            return Ok(());
        }
        if std::str::from_utf8(event.data).is_err() {
            return Err(Fault::malformed("an event is not UTF-8"));
        }
        let start = out.len();
        let (said, finished) = (self.progress.said.mark(), self.progress.finish.is_some());
        match self.chunk(event.data, out) {
            Ok(true) => Ok(()),
            Ok(false) => {
                out.truncate(start);
                Ok(())
            }
            // The client sees nothing of it.
            Err(fault) => {
                out.truncate(start);
                self.progress.said.back_to(said);
                self.progress.finish = self.progress.finish.take().filter(|_| finished);
                Err(fault)
            }
        }
    }

    /// Writes one chunk; `false` when there is nothing in it for the client.
    fn chunk(&mut self, data: &[u8], out: &mut Vec<u8>) -> Result<bool, Fault> {
        let mut scanner = Scanner::new(data);
        let finished = self.progress.finish.is_some();
        out.extend_from_slice(b"data: ");
        out.extend_from_slice(self.writer.head());
        let begin = out.len();
        out.extend_from_slice(&self.left_over);
        let mut walk = Walk {
            data,
            progress: &mut self.progress,
            calls: &mut self.calls,
            out,
            hides_reasoning: self.hides_reasoning,
            members: Members::resume(),
            error: None,
            choices: Choices::default(),
            choices_at: 0..0,
            unknown: false,
        };
        walk.members(&mut scanner).map_err(splice::malformed)?;
        let Walk { error, choices, choices_at, unknown, .. } = walk;
        if choices.count == 0 && unknown {
            drop(out.drain(choices_at));
            let kept = out.get(begin..).unwrap_or_default();
            if kept.len() <= LEFT_OVER_BYTES_MAX {
                self.left_over = kept.to_vec();
            }
        } else if choices.count > 0 {
            self.left_over.clear();
        }
        // Once finished, only more output is news: some providers repeat the finished choice with
        // the usage, and so do we, once, at the end.
        let useful = choices.count > 0 && (!finished || choices.say);
        out.extend_from_slice(b"}\n\n");
        match error {
            Some(fault) => Err(fault),
            None => Ok(useful),
        }
    }
}

struct Walk<'a, 'p> {
    data: &'a [u8],
    progress: &'p mut Progress,
    calls: &'p mut Calls,
    out: &'p mut Vec<u8>,
    hides_reasoning: bool,
    members: Members,
    error: Option<Fault>,
    choices: Choices,
    /// Where the choices stand in `out`, with the comma before them.
    choices_at: Span,
    unknown: bool,
}

impl<'a> Walk<'a, '_> {
    fn members(&mut self, scanner: &mut Scanner<'a>) -> Result<(), ScanError> {
        let mut first = true;
        scanner.begin_object()?;
        while let Some(key) = scanner.next_member(first)? {
            first = false;
            if key == b"choices" {
                let begin = self.out.len();
                self.members.key(self.out, key);
                let splice = Splice {
                    text: self.data,
                    form: Form::Delta,
                    hides_reasoning: self.hides_reasoning,
                    progress: self.progress,
                    calls: self.calls,
                    out: self.out,
                    says: false,
                };
                self.choices = splice.choices(scanner)?;
                self.choices_at = begin..self.out.len();
                continue;
            }
            let span = scanner.value()?;
            self.member(key, self.data.get(span).unwrap_or_default());
        }
        scanner.end()
    }

    fn member(&mut self, key: &[u8], raw: &'a [u8]) {
        match key {
            b"id" => note_id(self.progress, raw),
            // Mistral and vLLM have no member for an error.
            b"object" if raw == br#""error""# => self.error = Some(Fault::in_band(self.data)),
            // Ours take their place.
            b"model" | b"object" | b"created" | b"provider" => {}
            b"usage" => note_usage(self.progress, raw),
            b"x_groq" => {
                if let Some(usage) = groq_usage(raw) {
                    self.progress.report(usage);
                }
            }
            b"error" if raw != b"null" => self.error = Some(Fault::in_band(raw)),
            _ => {
                if key == b"service_tier" {
                    self.progress.service_tier = serde_json::from_slice(raw).ok();
                } else {
                    self.unknown |= key != b"system_fingerprint";
                }
                self.members.key(self.out, key);
                self.out.extend_from_slice(raw);
            }
        }
    }
}

pub(super) fn note_id(progress: &mut Progress, raw: &[u8]) {
    if progress.upstream_id.is_none() {
        let id = serde_json::from_slice::<String>(raw).ok();
        progress.upstream_id = id.filter(|id| !id.is_empty());
    }
}

pub(super) fn note_usage(progress: &mut Progress, raw: &[u8]) {
    if let Some(usage) = usage::read(raw) {
        progress.report(usage);
    }
    if progress.service_tier.is_none() {
        progress.service_tier = usage::tier(raw);
    }
}

/// Groq puts a stream's usage into a member of its own
/// (<https://console.groq.com/docs/api-reference>).
fn groq_usage(raw: &[u8]) -> Option<tollgate_types::Usage> {
    #[derive(serde::Deserialize)]
    struct Groq<'a> {
        #[serde(borrow)]
        usage: Option<&'a serde_json::value::RawValue>,
    }
    let groq: Groq<'_> = serde_json::from_slice(raw).ok()?;
    usage::read(groq.usage?.get().as_bytes())
}
