//! Answers of another dialect: a decoder's events, written in the client's words.

use bytes::Bytes;
use http::Request;
use tollgate_wire::chat::{AnswerHead, ChatEvent, FinishReason, Survey, UsageView};
use tollgate_wire::error::ErrorBody;
use tollgate_wire::json::mend_surrogates;
use tollgate_wire::{AnswerBuilder, AnswerWriter, Call, GATEWAY_MEMBERS};

use crate::continuation::Echo;
use crate::tier::Tier;
use crate::{
    Adapter, AnswerStream, Decoder, EncodeError, Fault, FaultKind, Inbound, Native, Progress,
    Target, WholeAnswer,
};

/// Encodes a call for an adapter: as it came where the client speaks the protocol itself,
/// translated otherwise.
///
/// # Errors
///
/// As [`Adapter::encode`].
pub fn encode(adapter: &dyn Adapter, inbound: &Inbound<'_>) -> Result<Request<Bytes>, EncodeError> {
    if let Some(native) = native(adapter, inbound.call) {
        return native.forward(inbound);
    }
    adapter.encode(&inbound.outbound()?)
}

/// Starts reading an adapter's streamed answer to a call.
pub fn stream(adapter: &dyn Adapter, call: &Call, head: &AnswerHead) -> Box<dyn AnswerStream> {
    match native(adapter, call) {
        Some(native) => native.stream(head),
        None => Box::new(TranslatedStream::new(adapter.decoder(), call.writer(head), head)),
    }
}

/// Starts reading a streamed answer that comes as a JSON array; `None` where that is no stream.
pub fn array_stream(
    adapter: &dyn Adapter,
    call: &Call,
    head: &AnswerHead,
) -> Option<Box<dyn AnswerStream>> {
    let decoder = adapter.array_decoder()?;
    Some(Box::new(TranslatedStream::new(decoder, call.writer(head), head)))
}

/// Reads an adapter's whole answer to a call.
///
/// # Errors
///
/// When the body is not an answer: garbage, an error in a 200, nothing at all, or an answer that the
/// provider itself calls failed.
pub fn whole(
    adapter: &dyn Adapter,
    call: &Call,
    head: &AnswerHead,
    body: Bytes,
) -> Result<Box<dyn WholeAnswer>, Fault> {
    let answer = if let Some(native) = native(adapter, call) {
        native.whole(head, body)?
    } else {
        let events = adapter.events(&mend_surrogates(&body))?;
        TranslatedWhole::collect(call.builder(), head, events)?
    };
    answer.progress().failure().map_or(Ok(answer), Err)
}

/// Parts of a call that are left out on the way to an endpoint: what its client's dialect says and
/// chat can't, what chat says and the adapter's protocol can't, and what the endpoint does not take.
pub fn dropped(adapter: &dyn Adapter, call: &Call, target: &Target<'_>) -> Vec<String> {
    let is_said = |(name, json): &(&str, &str)| says_something(call, name, json);
    if let Some(native) = native(adapter, call).filter(|native| !native.translates(call)) {
        let members = call.object().members().filter(is_said);
        let left_out = members.filter(|(name, json)| {
            native.leaves_out(target, name, json) || Tier::withholds(target, name, call.params())
        });
        let media = lost_of_answers(call.survey()).filter(|name| !native.carries(target, name));
        return media
            .chain(left_out.map(|(name, _)| name))
            .take(DROPPED_MAX)
            .map(str::to_owned)
            .collect();
    }
    let Ok(chat) = call.chat() else { return Vec::new() };
    let ruled_out = adapter.rules_out(target, chat);
    let left_out = chat.members().filter(is_said).filter(|(name, json)| {
        !adapter.knows(name)
            || adapter.leaves_out(target, name, json)
            || Tier::withholds(target, name, call.params())
            || ruled_out.contains(name)
    });
    let lost = call.lost().iter().map(String::as_str).chain(lost_of_answers(chat.survey()));
    let lost = lost.filter(|name| !adapter.carries(target, name));
    lost.chain(left_out.map(|(name, _)| name)).take(DROPPED_MAX).map(str::to_owned).collect()
}

/// Whether a member of a request asks for something that a provider could do.
fn says_something(call: &Call, name: &str, json: &str) -> bool {
    match name {
        // Whether thoughts are shown the gateway sees to.
        "reasoning" => json != "null" && call.params().reasoning.wanted().is_some(),
        "modalities" => !matches!(json, "null" | "[]" | r#"["text"]"#),
        name => json != "null" && !GATEWAY_MEMBERS.contains(&name),
    }
}

/// What earlier answers have besides text, by name: few protocols take it back.
fn lost_of_answers(survey: &Survey) -> impl Iterator<Item = &str> {
    let answers = survey.answers;
    let places = [
        (answers.images, ANSWERED_IMAGES),
        (answers.audio, ANSWERED_AUDIO),
        (answers.content, ANSWERED_CONTENT),
    ];
    places.into_iter().filter_map(|(is_there, name)| is_there.then_some(name))
}

/// What the record calls pictures that an earlier answer drew.
pub(crate) const ANSWERED_IMAGES: &str = "messages.images";
/// What the record calls the sound of an earlier answer.
pub(crate) const ANSWERED_AUDIO: &str = "messages.audio";
/// What the record calls other parts than text in an earlier answer.
pub(crate) const ANSWERED_CONTENT: &str = "messages.content";

/// Most names kept of what was left out.
pub(crate) const DROPPED_MAX: usize = 32;

fn native<'a>(adapter: &'a dyn Adapter, call: &Call) -> Option<&'a dyn Native> {
    let may_be_passed_on = call.may_be_passed_on() && !call.address().as_array;
    let hides = call.params().reasoning.exclude;
    adapter.native().filter(|native| {
        let suits = native.dialect() == call.dialect() && (!hides || native.hides_thoughts());
        may_be_passed_on && suits
    })
}

/// A stream that is translated event by event.
#[derive(Debug)]
pub(crate) struct TranslatedStream {
    pub(crate) decoder: Box<dyn Decoder>,
    pub(crate) writer: Box<dyn AnswerWriter>,
    pub(crate) progress: Progress,
    pub(crate) hides_reasoning: bool,
    /// What the client was told already and may come again.
    pub(crate) echo: Echo,
    /// Kept between packets for its capacity.
    pub(crate) events: Vec<ChatEvent>,
}

impl TranslatedStream {
    fn new(decoder: Box<dyn Decoder>, writer: Box<dyn AnswerWriter>, head: &AnswerHead) -> Self {
        Self {
            decoder,
            writer,
            progress: Progress::default(),
            hides_reasoning: head.hides_reasoning,
            echo: Echo::default(),
            events: Vec::new(),
        }
    }

    fn write(&mut self, out: &mut Vec<u8>) {
        for mut event in self.events.drain(..) {
            if !self.echo.leaves(&mut event) {
                continue;
            }
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

    fn end(&mut self, out: &mut Vec<u8>, usage: &UsageView) {
        let finish = self.progress.finish.as_ref();
        let finish = finish.map_or((FinishReason::Stop, "stop"), |(ours, native)| (*ours, native));
        self.writer.end(out, finish, usage);
    }

    fn fail(&mut self, out: &mut Vec<u8>, error: &ErrorBody, usage: Option<&UsageView>) {
        self.writer.fail(out, error, usage);
    }

    fn remember(&mut self, keeps_text: bool) {
        self.progress.said.listen(keeps_text);
    }

    fn hand_over(self: Box<Self>, _: &Call, _: &AnswerHead) -> Box<dyn AnswerWriter> {
        self.writer
    }
}

/// Whether the event is reasoning that the caller does not want to see. It was written all the
/// same, and counts.
pub(crate) fn hidden(hides_reasoning: bool, event: &ChatEvent, progress: &mut Progress) -> bool {
    match event {
        ChatEvent::Reasoning(detail) if hides_reasoning => {
            progress.wrote(detail.text().len());
            true
        }
        _ => false,
    }
}

/// A whole answer that was translated.
#[derive(Debug)]
struct TranslatedWhole {
    builder: Box<dyn AnswerBuilder>,
    progress: Progress,
}

impl TranslatedWhole {
    /// Collects the events of a whole answer.
    fn collect(
        builder: Box<dyn AnswerBuilder>,
        head: &AnswerHead,
        events: impl IntoIterator<Item = ChatEvent>,
    ) -> Result<Box<dyn WholeAnswer>, Fault> {
        let mut whole = Self { builder, progress: Progress::default() };
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
