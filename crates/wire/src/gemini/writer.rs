//! A streamed answer: server-sent events, or the elements of one array.

use super::compose::Composer;
use super::grounding::Grounding;
use super::response::{
    Candidate, Content, LogprobsResult, Part, Parts, Response, UsageMetadata, finish_reason,
};
use super::status::error_json;
use crate::answer::{AnswerWriter, Position};
use crate::chat::{AnswerHead, ChatEvent, FinishReason, UsageView};
use crate::error::ErrorBody;

/// Writes a stream.
#[derive(Debug)]
pub(super) struct StreamWriter {
    composer: Composer,
    frame: Frame,
    grounding: Grounding,
}

/// What every chunk is written with.
#[derive(Debug)]
struct Frame {
    model: String,
    id: String,
    as_array: bool,
    begun: bool,
}

/// What keeps a quiet connection open. A comment would be in order for server-sent events, but
/// Google's own clients take every line that is not empty for JSON.
pub(super) const KEEP_ALIVE: &[u8] = b"\r\n";

impl StreamWriter {
    /// Prepares a stream.
    pub(super) fn new(head: &AnswerHead, as_array: bool, shows_thoughts: bool) -> Self {
        let (model, id) = (head.model.clone(), head.id.as_str().to_owned());
        Self {
            composer: Composer::new(shows_thoughts),
            frame: Frame { model, id, as_array, begun: false },
            grounding: Grounding::default(),
        }
    }

    /// The last chunk says why the answer ended, and in which words.
    fn last(&mut self, out: &mut Vec<u8>, finish: (&str, Option<&str>), usage: Option<&UsageView>) {
        // An empty text, because clients reach for the first part of every chunk.
        let parts = [Part::text("", false, None)];
        let grounding = self.grounding.metadata();
        let candidate = Candidate {
            content: Content::new(Parts::Values(&parts)),
            finish_reason: Some(finish.0),
            finish_message: finish.1,
            grounding_metadata: grounding.as_ref(),
            ..Candidate::default()
        };
        self.frame.chunk(out, candidate, usage.map(|it| UsageMetadata::new(&it.usage)));
    }
}

impl AnswerWriter for StreamWriter {
    fn event(&mut self, out: &mut Vec<u8>, event: &ChatEvent) {
        self.grounding.take(event);
        match event {
            ChatEvent::Logprobs(logprobs) => {
                let mut result = LogprobsResult::default();
                result.add(logprobs);
                if !result.is_empty() {
                    let parts = [Part::text("", false, None)];
                    let content = Content::new(Parts::Values(&parts));
                    let logprobs_result = Some(&result);
                    let candidate = Candidate { content, logprobs_result, ..Candidate::default() };
                    self.frame.chunk(out, candidate, None);
                }
            }
            event => self.composer.event(event, &mut |part| self.frame.part(out, part)),
        }
    }

    fn end(&mut self, out: &mut Vec<u8>, finish: (FinishReason, &str), usage: &UsageView) {
        let (reason, native) = finish;
        self.composer.finish(reason, &mut |part| self.frame.part(out, part));
        let malformed = self.composer.malformed().map(str::to_owned);
        let word = match malformed {
            Some(_) => MALFORMED,
            None => finish_reason(reason, native),
        };
        self.last(out, (word, malformed.as_deref()), Some(usage));
        self.frame.end(out);
    }

    /// The official clients don't read errors inside a stream, so the answer is also ended with a
    /// reason that is no success.
    fn fail(&mut self, out: &mut Vec<u8>, error: &ErrorBody, usage: Option<&UsageView>) {
        self.composer.settle(&mut |part| self.frame.part(out, part));
        if self.frame.begun || usage.is_some() {
            self.last(out, ("OTHER", Some(&error.error.message)), usage);
        }
        self.frame.open(out);
        out.extend_from_slice(&error_json(error, Some(&self.frame.id)));
        self.frame.close(out);
        self.frame.end(out);
    }

    fn resume(&mut self, _: Position) {
        self.frame.begun = true;
    }
}

/// What a call that can't be read ends an answer with.
pub(super) const MALFORMED: &str = "MALFORMED_FUNCTION_CALL";

impl Frame {
    fn part(&mut self, out: &mut Vec<u8>, part: &Part<'_>) {
        let content = Content::new(Parts::Values(std::slice::from_ref(part)));
        self.chunk(out, Candidate { content, ..Candidate::default() }, None);
    }

    fn chunk(
        &mut self,
        out: &mut Vec<u8>,
        candidate: Candidate<'_>,
        usage_metadata: Option<UsageMetadata>,
    ) {
        self.open(out);
        let start = out.len();
        let response = Response {
            candidates: [candidate],
            usage_metadata,
            model_version: &self.model,
            response_id: &self.id,
        };
        if serde_json::to_writer(&mut *out, &response).is_err() {
            out.truncate(start);
            out.extend_from_slice(b"{}");
        }
        self.close(out);
    }

    fn open(&mut self, out: &mut Vec<u8>) {
        let opening: &[u8] = match (self.as_array, self.begun) {
            (false, _) => b"data: ",
            (true, false) => b"[",
            (true, true) => b",\r\n",
        };
        out.extend_from_slice(opening);
        self.begun = true;
    }

    fn close(&self, out: &mut Vec<u8>) {
        let closing: &[u8] = if self.as_array { b"\n" } else { b"\r\n\r\n" };
        out.extend_from_slice(closing);
    }

    fn end(&self, out: &mut Vec<u8>) {
        if self.as_array {
            out.push(b']');
        }
    }
}
