//! Answers of another dialect: a decoder's events, written as chunks or collected.

use tollgate_wire::chat::{AnswerHead, ChatEvent, ChunkWriter, CompletionBuilder, UsageView};

use crate::{AnswerStream, Decoder, Fault, FaultKind, Progress, WholeAnswer};

/// A stream that is translated event by event.
#[derive(Debug)]
pub(crate) struct TranslatedStream {
    decoder: Box<dyn Decoder>,
    writer: ChunkWriter,
    progress: Progress,
    hides_reasoning: bool,
    /// Kept between packets for its capacity.
    events: Vec<ChatEvent>,
}

impl TranslatedStream {
    pub(crate) fn new(head: &AnswerHead, decoder: Box<dyn Decoder>) -> Self {
        Self {
            decoder,
            writer: ChunkWriter::new(head),
            progress: Progress::default(),
            hides_reasoning: head.hides_reasoning,
            events: Vec::new(),
        }
    }

    fn write(&mut self, out: &mut Vec<u8>) {
        for event in self.events.drain(..) {
            if hidden(self.hides_reasoning, &event, &mut self.progress) {
                continue;
            }
            self.progress.note(&event);
            self.writer.event(out, &event);
        }
    }
}

impl AnswerStream for TranslatedStream {
    fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), Fault> {
        let result = self.decoder.push(bytes, &mut self.events);
        // What came before a fault in the same packet was said nevertheless.
        self.write(out);
        result
    }

    fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), Fault> {
        let result = self.decoder.finish(&mut self.events);
        self.write(out);
        result
    }

    fn is_done(&self) -> bool {
        self.decoder.is_done()
    }

    fn progress(&self) -> &Progress {
        &self.progress
    }

    fn chunks(&self) -> &ChunkWriter {
        &self.writer
    }
}

/// Whether the event is reasoning that the caller does not want to see. It was written all the
/// same, and counts.
fn hidden(hides_reasoning: bool, event: &ChatEvent, progress: &mut Progress) -> bool {
    match event {
        ChatEvent::Reasoning(detail) if hides_reasoning => {
            progress.wrote(detail.text().len());
            true
        }
        _ => false,
    }
}

/// A whole answer that was translated.
#[derive(Debug, Default)]
pub(crate) struct TranslatedWhole {
    builder: CompletionBuilder,
    progress: Progress,
}

impl TranslatedWhole {
    /// Collects the events of a whole answer.
    pub(crate) fn collect(
        head: &AnswerHead,
        events: impl IntoIterator<Item = ChatEvent>,
    ) -> Result<Box<dyn WholeAnswer>, Fault> {
        let mut whole = Self::default();
        for event in events {
            if hidden(head.hides_reasoning, &event, &mut whole.progress) {
                continue;
            }
            whole.progress.note(&event);
            whole.builder.event(event);
        }
        if !whole.progress.content {
            return Err(Fault::with_message(FaultKind::Empty, "The provider's answer was empty"));
        }
        Ok(Box::new(whole))
    }
}

impl WholeAnswer for TranslatedWhole {
    fn progress(&self) -> &Progress {
        &self.progress
    }

    fn render(&self, head: &AnswerHead, usage: &UsageView) -> Vec<u8> {
        self.builder.build(head, usage, None)
    }
}
