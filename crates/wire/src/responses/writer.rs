//! An answer as a stream of events (contract §3.5).
//!
//! <https://platform.openai.com/docs/api-reference/responses-streaming>

use serde::Serialize;
use serde_json::value::RawValue;

use crate::answer::AnswerWriter;
use crate::chat::{AnswerHead, AudioDelta, ChatEvent, DONE, FinishReason, UsageView};
use crate::error::ErrorBody;
use crate::json::{ObjectWriter, RawObject};
use crate::responses::echo::Echo;
use crate::responses::item::{Growth, Item, Kind, Part, Step, Watcher};
use crate::responses::output::Output;
use crate::responses::response::{Ending, IN_PROGRESS, Identity, ItemView, Response};
use crate::translation::custom::CustomArguments;

/// Writes the events of one answer.
#[derive(Debug)]
pub(super) struct ResponseWriter {
    identity: Identity,
    echo: Echo,
    output: Output,
    /// Number of the next event.
    sequence: u64,
    begun: bool,
}

/// Writes what happens to items as it happens.
struct Events<'a> {
    out: &'a mut Vec<u8>,
    sequence: &'a mut u64,
    identity: &'a Identity,
}

impl ResponseWriter {
    /// An answer to a request.
    pub(super) fn new(request: Option<&RawObject>, head: &AnswerHead) -> Self {
        Self {
            identity: Identity::of(head),
            echo: Echo::of(request),
            output: Output::new(request),
            sequence: 0,
            begun: false,
        }
    }

    fn begin(&mut self, out: &mut Vec<u8>) {
        if std::mem::replace(&mut self.begun, true) {
            return;
        }
        for kind in ["response.created", "response.in_progress"] {
            self.response(out, kind, &Ending::InProgress, None);
        }
    }

    fn response(
        &mut self,
        out: &mut Vec<u8>,
        kind: &str,
        ending: &Ending,
        usage: Option<&UsageView>,
    ) {
        let Self { identity, echo, output, sequence, .. } = self;
        let response = Response { identity, ending, output, echo, usage };
        Events { out, sequence, identity }
            .event(kind, |object| object.field("response", &response));
    }

    /// Writes how it ended. Items that were cut by a failure are not told to be done: no client
    /// should act on half a call.
    fn close(&mut self, out: &mut Vec<u8>, ending: &Ending, usage: Option<&UsageView>) {
        let kind = match ending {
            Ending::InProgress | Ending::Completed => "response.completed",
            Ending::Incomplete(_) => "response.incomplete",
            Ending::Failed { .. } => "response.failed",
        };
        if !matches!(ending, Ending::Failed { .. }) {
            let Self { identity, output, sequence, .. } = self;
            output.end(ending.of_open_items(), &mut Events { out, sequence, identity });
        }
        self.response(out, kind, ending, usage);
        out.extend_from_slice(DONE);
    }
}

impl AnswerWriter for ResponseWriter {
    fn event(&mut self, out: &mut Vec<u8>, event: &ChatEvent) {
        if event.is_content() {
            self.begin(out);
        }
        let Self { identity, output, sequence, .. } = self;
        output.event(event, &mut Events { out, sequence, identity });
    }

    fn end(&mut self, out: &mut Vec<u8>, finish: (FinishReason, &str), usage: &UsageView) {
        self.begin(out);
        let ending = Ending::of(finish, &self.output);
        self.close(out, &ending, Some(usage));
    }

    fn fail(&mut self, out: &mut Vec<u8>, error: &ErrorBody, usage: Option<&UsageView>) {
        self.begin(out);
        let ending = Ending::broken(error, &self.output);
        self.close(out, &ending, usage);
    }
}

impl Watcher for Events<'_> {
    fn step(&mut self, item: &Item, step: Step<'_>) {
        match step {
            Step::Began => self.began(item),
            Step::PartBegan(at, part) => self.part(item, "response.content_part.added", at, part),
            Step::PartGrew(at, growth) => self.part_grew(item, at, &growth),
            Step::PartEnded(at, part) => {
                self.part_whole(item, at, part);
                self.part(item, "response.content_part.done", at, part);
            }
            Step::SummaryBegan(at) => {
                let part = SummaryPart { kind: "summary_text", text: "" };
                let kind = "response.reasoning_summary_part.added";
                self.summary(item, kind, at, |object| object.field("part", &part));
            }
            Step::SummaryGrew(at, delta) => {
                let kind = "response.reasoning_summary_text.delta";
                self.summary(item, kind, at, |object| object.field("delta", delta));
            }
            Step::SummaryEnded(at, summary) => {
                let kind = "response.reasoning_summary_text.done";
                self.summary(item, kind, at, |object| object.field("text", &summary.text));
                let kind = "response.reasoning_summary_part.done";
                self.summary(item, kind, at, |object| object.field("part", summary));
            }
            Step::ArgumentsGrew(delta) => {
                let kind = "response.function_call_arguments.delta";
                self.of_item(item, kind, |object| object.field("delta", delta));
            }
            Step::Ended => self.ended(item),
        }
    }
}

#[derive(Serialize)]
struct SummaryPart {
    #[serde(rename = "type")]
    kind: &'static str,
    text: &'static str,
}

impl Events<'_> {
    /// Writes one event with its number.
    fn event(&mut self, kind: &str, members: impl FnOnce(&mut ObjectWriter<'_>)) {
        self.out.extend_from_slice(b"event: ");
        self.out.extend_from_slice(kind.as_bytes());
        self.out.extend_from_slice(b"\ndata: ");
        let mut object = ObjectWriter::new(self.out);
        object.field("type", kind);
        object.field("sequence_number", self.sequence);
        members(&mut object);
        object.end();
        self.out.extend_from_slice(b"\n\n");
        *self.sequence = self.sequence.saturating_add(1);
    }

    fn of_item(&mut self, item: &Item, kind: &str, members: impl FnOnce(&mut ObjectWriter<'_>)) {
        let id = self.identity.item(item);
        self.event(kind, |object| {
            object.field("item_id", &id);
            object.field("output_index", &item.index);
            members(object);
        });
    }

    fn of_part(
        &mut self,
        item: &Item,
        kind: &str,
        at: usize,
        members: impl FnOnce(&mut ObjectWriter<'_>),
    ) {
        self.of_item(item, kind, |object| {
            object.field("content_index", &at);
            members(object);
        });
    }

    fn summary(
        &mut self,
        item: &Item,
        kind: &str,
        at: usize,
        members: impl FnOnce(&mut ObjectWriter<'_>),
    ) {
        self.of_item(item, kind, |object| {
            object.field("summary_index", &at);
            members(object);
        });
    }

    fn part(&mut self, item: &Item, kind: &str, at: usize, part: &Part) {
        self.of_part(item, kind, at, |object| object.field("part", part));
    }

    fn item(&mut self, item: &Item, kind: &str) {
        let view = ItemView { item, identity: self.identity, open: IN_PROGRESS };
        self.event(kind, |object| {
            object.field("output_index", &item.index);
            object.field("item", &view);
        });
    }

    fn began(&mut self, item: &Item) {
        self.item(item, "response.output_item.added");
        if let Kind::Image(_) = &item.kind {
            self.of_item(item, "response.image_generation_call.in_progress", |_| {});
            self.of_item(item, "response.image_generation_call.generating", |_| {});
        }
    }

    fn ended(&mut self, item: &Item) {
        match &item.kind {
            Kind::Call(call) if call.custom => {
                let input = CustomArguments::input_of(&call.arguments);
                let kind = "response.custom_tool_call_input.delta";
                self.of_item(item, kind, |object| object.field("delta", &input));
                let kind = "response.custom_tool_call_input.done";
                self.of_item(item, kind, |object| object.field("input", &input));
            }
            Kind::Call(call) => {
                let kind = "response.function_call_arguments.done";
                self.of_item(item, kind, |object| {
                    object.field("name", &call.name);
                    object.field("arguments", &call.arguments);
                });
            }
            Kind::Image(_) => {
                self.of_item(item, "response.image_generation_call.completed", |_| {});
            }
            Kind::Message | Kind::Reasoning(_) => {}
        }
        self.item(item, "response.output_item.done");
    }

    fn part_grew(&mut self, item: &Item, at: usize, growth: &Growth<'_>) {
        match growth {
            Growth::Text(delta) => self.of_part(item, "response.output_text.delta", at, |object| {
                object.field("delta", delta);
                object.raw(b"logprobs", b"[]");
            }),
            Growth::Logprobs(logprobs) => {
                self.of_part(item, "response.output_text.delta", at, |object| {
                    object.field("delta", "");
                    object.field("logprobs", logprobs);
                });
            }
            Growth::Refusal(delta) => {
                let kind = "response.refusal.delta";
                self.of_part(item, kind, at, |object| object.field("delta", delta));
            }
            Growth::Thought(delta) => {
                let kind = "response.reasoning_text.delta";
                self.of_part(item, kind, at, |object| object.field("delta", delta));
            }
            Growth::Audio(audio) => self.audio(item, at, audio),
            Growth::Annotation(place, annotation) => self.annotation(item, at, *place, annotation),
        }
    }

    fn audio(&mut self, item: &Item, at: usize, audio: &AudioDelta) {
        let pieces = [
            ("response.audio.delta", &audio.data),
            ("response.audio.transcript.delta", &audio.transcript),
        ];
        for (kind, piece) in pieces {
            if let Some(piece) = piece.as_ref().filter(|piece| !piece.is_empty()) {
                self.of_part(item, kind, at, |object| object.field("delta", piece));
            }
        }
    }

    fn annotation(&mut self, item: &Item, at: usize, place: usize, annotation: &RawValue) {
        self.of_part(item, "response.output_text.annotation.added", at, |object| {
            object.field("annotation_index", &place);
            object.field("annotation", annotation);
        });
    }

    /// Repeats a part that is whole.
    fn part_whole(&mut self, item: &Item, at: usize, part: &Part) {
        match part {
            Part::OutputText { text, logprobs, .. } => {
                self.of_part(item, "response.output_text.done", at, |object| {
                    object.field("text", text);
                    object.field("logprobs", logprobs);
                });
            }
            Part::Refusal { refusal } => {
                let kind = "response.refusal.done";
                self.of_part(item, kind, at, |object| object.field("refusal", refusal));
            }
            Part::OutputAudio { .. } => {
                self.of_part(item, "response.audio.done", at, |_| {});
                self.of_part(item, "response.audio.transcript.done", at, |_| {});
            }
            Part::ReasoningText { text } => {
                let kind = "response.reasoning_text.done";
                self.of_part(item, kind, at, |object| object.field("text", text));
            }
        }
    }
}
