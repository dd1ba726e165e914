//! One line of the server's with our fields put in. One walk, nothing built.

use tollgate_wire::chat::AnswerHead;
use tollgate_wire::json::{ObjectWriter, ScanError, Scanner};

use super::answer::{arguments, reason};
use super::fault::refined;
use super::shape::{ToolCall, usage};
use crate::counts::Count;
use crate::splice::text_length;
use crate::{Fault, Progress};

/// A line that was walked.
#[derive(Debug, Default)]
pub(super) struct Walked {
    /// Every member but those that are ours, as `,"key":value`.
    pub(super) members: Vec<u8>,
    /// It is the last one.
    pub(super) done: bool,
    done_reason: Option<String>,
    prompt_eval_count: Option<u64>,
    eval_count: Option<u64>,
    has_message: bool,
    error: Option<Fault>,
}

impl Walked {
    /// Walks a line and takes note of what it holds. With `hides_reasoning` thoughts are left out.
    pub(super) fn read(
        line: &[u8],
        hides_reasoning: bool,
        progress: &mut Progress,
    ) -> Result<Self, Fault> {
        let mut walked = Self { members: Vec::with_capacity(line.len()), ..Self::default() };
        let valid = std::str::from_utf8(line).is_ok();
        if !valid || walked.walk(line, hides_reasoning, progress).is_err() {
            return Err(super::answer::not_a_line());
        }
        if let Some(fault) = walked.error.take() {
            return Err(fault);
        }
        if !walked.has_message && !walked.done {
            return Err(super::answer::not_a_line());
        }
        if walked.done {
            walked.note_end(progress);
        }
        Ok(walked)
    }

    /// Writes the line without its end.
    pub(super) fn write<'a>(&self, out: &'a mut Vec<u8>, head: &AnswerHead) -> ObjectWriter<'a> {
        let mut object = ObjectWriter::new(out);
        object.field("model", &head.model);
        object.splice(&self.members);
        object
    }

    fn walk(
        &mut self,
        line: &[u8],
        hides_reasoning: bool,
        progress: &mut Progress,
    ) -> Result<(), ScanError> {
        let mut scanner = Scanner::new(line);
        let mut first = true;
        scanner.begin_object()?;
        while let Some(key) = scanner.next_member(first)? {
            first = false;
            if key == b"message" && scanner.peek() == Some(b'{') {
                self.has_message = true;
                self.members.extend_from_slice(b",\"message\":");
                self.message(line, &mut scanner, hides_reasoning, progress)?;
                continue;
            }
            let span = scanner.value()?;
            let raw = line.get(span).unwrap_or_default();
            match key {
                // Ours take their place.
                b"model" | b"provider" | b"cost" => continue,
                b"error" if raw != b"null" => self.error = Some(refined(Fault::in_band(line))),
                b"done" => self.done = raw == b"true",
                b"done_reason" => self.done_reason = serde_json::from_slice(raw).ok(),
                b"prompt_eval_count" => self.prompt_eval_count = count(raw),
                b"eval_count" => self.eval_count = count(raw),
                _ => {}
            }
            member(&mut self.members, key, raw);
        }
        scanner.end()
    }

    fn message(
        &mut self,
        line: &[u8],
        scanner: &mut Scanner<'_>,
        hides_reasoning: bool,
        progress: &mut Progress,
    ) -> Result<(), ScanError> {
        let start = self.members.len();
        let mut first = true;
        scanner.begin_object()?;
        while let Some(key) = scanner.next_member(first)? {
            first = false;
            let raw = line.get(scanner.value()?).unwrap_or_default();
            match (key, raw) {
                (b"thinking", [b'"', text @ .., b'"']) if hides_reasoning => {
                    progress.wrote(text_length(text));
                }
                (b"content" | b"thinking", [b'"', text @ .., b'"']) if !text.is_empty() => {
                    progress.content = true;
                    progress.wrote(text_length(text));
                    if key == b"content" {
                        progress.said.tell_escaped(text);
                    } else {
                        progress.said.think();
                    }
                }
                (b"images", _) => progress.said.lose(),
                (b"tool_calls", _) => calls(raw, progress),
                _ => {}
            }
            if key == b"thinking" && hides_reasoning {
                continue;
            }
            member(&mut self.members, key, raw);
        }
        // The first member has no comma before it.
        match self.members.get_mut(start) {
            Some(comma) => *comma = b'{',
            None => self.members.push(b'{'),
        }
        self.members.push(b'}');
        Ok(())
    }

    fn note_end(&mut self, progress: &mut Progress) {
        let native = self.done_reason.take().filter(|it| !it.is_empty());
        let native = native.unwrap_or_else(|| "stop".to_owned());
        // A client of this protocol may want a model loaded and nothing said.
        let reason = reason(&native, progress.tool_calls);
        let reason = reason.unwrap_or(tollgate_wire::chat::FinishReason::Stop);
        progress.finish = Some((reason, native));
        progress.content = true;
        if let Some(usage) = usage(self.prompt_eval_count, self.eval_count) {
            progress.usage = Some(usage);
        }
    }
}

fn count(raw: &[u8]) -> Option<u64> {
    serde_json::from_slice::<Count>(raw).ok()?.get()
}

fn member(members: &mut Vec<u8>, key: &[u8], raw: &[u8]) {
    members.extend_from_slice(b",\"");
    members.extend_from_slice(key);
    members.extend_from_slice(b"\":");
    members.extend_from_slice(raw);
}

/// Takes note of calls: of the words that the model wrote for them, not of what is around these.
fn calls(raw: &[u8], progress: &mut Progress) {
    let calls: Option<Vec<ToolCall>> = serde_json::from_slice(raw).unwrap_or_default();
    for ToolCall { function, .. } in calls.into_iter().flatten() {
        progress.said.lose();
        progress.content = true;
        progress.tool_calls = progress.tool_calls.saturating_add(1);
        let name = function.name.as_deref().unwrap_or_default();
        let arguments = arguments(function.arguments.as_deref());
        progress.wrote(name.len());
        progress.wrote(arguments.len());
        progress.called.with_text(name, &arguments);
    }
}
