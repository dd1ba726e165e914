//! Answers for clients that speak the protocol themselves: the server's lines with our fields put
//! in. The model's name is ours in every line; the last one is held back until its cost is known.

use tollgate_wire::chat::{AnswerHead, UsageView};
use tollgate_wire::error::ErrorBody;
use tollgate_wire::json::ObjectWriter;
use tollgate_wire::{Dialect, error_body};

use super::answer::not_a_line;
use super::lines::Lines;
use super::splice::Walked;
use crate::{AnswerStream, Fault, Progress, WholeAnswer};

/// A stream that is passed on.
#[derive(Debug)]
pub(super) struct SplicedLines {
    lines: Lines,
    splicer: LineSplicer,
}

#[derive(Debug)]
struct LineSplicer {
    head: AnswerHead,
    progress: Progress,
    /// The last line, once it has come: whatever follows is noise.
    last: Option<Walked>,
}

impl SplicedLines {
    pub(super) fn new(head: &AnswerHead) -> Self {
        let splicer = LineSplicer { head: head.clone(), progress: Progress::default(), last: None };
        Self { lines: Lines::default(), splicer }
    }
}

impl AnswerStream for SplicedLines {
    fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), Fault> {
        let Self { lines, splicer } = self;
        lines.push(bytes, |line| splicer.line(line, out))
    }

    fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), Fault> {
        let Self { lines, splicer } = self;
        // A line that was cut is not malformed, it is cut.
        lines
            .finish(|line| splicer.line(line, out))
            .map_err(|fault| if fault == not_a_line() { Fault::truncated() } else { fault })?;
        if splicer.last.is_some() { Ok(()) } else { Err(Fault::truncated()) }
    }

    fn is_done(&self) -> bool {
        self.splicer.last.is_some()
    }

    fn progress(&self) -> &Progress {
        &self.splicer.progress
    }

    fn end(&mut self, out: &mut Vec<u8>, usage: &UsageView) {
        let LineSplicer { head, last, .. } = &self.splicer;
        if let Some(last) = last {
            write_last(last, out, head, usage);
            out.push(b'\n');
        }
    }

    fn fail(&mut self, out: &mut Vec<u8>, error: &ErrorBody, _: Option<&UsageView>) {
        let line = error_body(Dialect::Ollama, error, Some(&self.splicer.head.id));
        out.extend_from_slice(line.trim_ascii_end());
        out.push(b'\n');
    }

    fn remember(&mut self, keeps_text: bool) {
        self.splicer.progress.said.listen(keeps_text);
    }
}

impl LineSplicer {
    fn line(&mut self, line: &[u8], out: &mut Vec<u8>) -> Result<(), Fault> {
        if self.last.is_some() {
            return Ok(());
        }
        let said = self.progress.said.mark();
        let walked = Walked::read(line, self.head.hides_reasoning, &mut self.progress);
        // The client sees nothing of a line that can't be read.
        let walked = walked.inspect_err(|_| self.progress.said.back_to(said))?;
        if walked.done {
            self.last = Some(walked);
        } else {
            walked.write(out, &self.head).end();
            out.push(b'\n');
        }
        Ok(())
    }
}

/// A whole answer that is passed on.
#[derive(Debug)]
pub(super) struct SplicedAnswer {
    answer: Walked,
    progress: Progress,
}

impl SplicedAnswer {
    /// Reads a whole answer.
    pub(super) fn read(head: &AnswerHead, body: &[u8]) -> Result<Self, Fault> {
        let mut progress = Progress::default();
        let answer = Walked::read(body, head.hides_reasoning, &mut progress)?;
        if answer.done {
            Ok(Self { answer, progress })
        } else {
            Err(Fault::malformed("it is not done"))
        }
    }
}

impl WholeAnswer for SplicedAnswer {
    fn progress(&self) -> &Progress {
        &self.progress
    }

    fn render(&self, head: &AnswerHead, usage: &UsageView) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.answer.members.len().saturating_add(128));
        write_last(&self.answer, &mut out, head, usage);
        out
    }
}

/// Writes the last line, which says who answered and what it cost.
fn write_last(last: &Walked, out: &mut Vec<u8>, head: &AnswerHead, usage: &UsageView) {
    let mut object: ObjectWriter<'_> = last.write(out, head);
    object.amount("cost", usage.cost);
    object.field("provider", &head.provider);
    object.end();
}
