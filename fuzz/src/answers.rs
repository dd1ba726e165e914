//! The laws of answers.
//!
//! - Any split of the same bytes gives the same bytes, result and progress.
//! - What a stream gives that stops early is the beginning of what the whole one gives, and it is
//!   a fault unless it is all of it, or the provider has said why it ended: then what may follow is
//!   not waited for. An event that the end interrupts is read nevertheless, and may say something
//!   else than it would have: what it gives is not held to be the beginning.
//! - Whatever a provider sends, the client gets what its dialect can read, and not much more of it
//!   than there was.

use bytes::Bytes;
use tollgate_providers::{AnswerStream, Decoder, Fault, Progress, WholeAnswer};
use tollgate_types::{GenerationId, Usage, UsageSource, Usd};
use tollgate_wire::chat::{AnswerHead, ChatEvent, UsageView};
use tollgate_wire::error::{ErrorBody, ErrorType};
use tollgate_wire::sse::{EventTooLarge, SseDecoder, SseEvent};
use tollgate_wire::{Address, Call, Dialect};

use crate::NOW;
use crate::json::{check, value};
use crate::split::Split;

/// The most bytes that one byte of an answer may become: an event of a few letters becomes a whole
/// chunk, and is repeated at the end in some dialects.
const GROWTH_MAX: usize = 1_024;
/// What an empty answer may come to.
const FRAME_MAX: usize = 64 * 1_024;

/// What every answer begins with.
pub fn head(hides_reasoning: bool) -> AnswerHead {
    AnswerHead {
        id: GenerationId::from_text("gen-1-x"),
        created: NOW,
        model: "a/b".to_owned(),
        provider: "Acme".to_owned(),
        hides_reasoning,
    }
}

/// What every answer cost.
pub fn usage() -> UsageView {
    UsageView {
        usage: Usage {
            source: UsageSource::Reported,
            prompt_tokens: 12,
            completion_tokens: 3,
            ..Usage::default()
        },
        cost: Usd::from_nanos(1_200),
        prompt_cost: Usd::from_nanos(900),
        completion_cost: Usd::from_nanos(300),
        upstream_cost: Usd::from_nanos(1_200),
        is_byok: false,
        unpriced: false,
    }
}

/// A small call of a client's dialect.
pub fn call(dialect: Dialect, as_array: bool) -> Call {
    let body = match dialect {
        Dialect::Chat | Dialect::Messages | Dialect::Ollama => {
            r#"{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}"#
        }
        Dialect::Completions => r#"{"model":"m","prompt":"hi"}"#,
        Dialect::Responses => r#"{"model":"m","input":"hi"}"#,
        Dialect::Gemini => r#"{"contents":[{"role":"user","parts":[{"text":"hi"}]}]}"#,
    };
    let address = Address {
        model: (dialect == Dialect::Gemini).then(|| "m".to_owned()),
        stream: (dialect == Dialect::Gemini).then_some(true),
        as_array: dialect == Dialect::Gemini && as_array,
        ..Address::default()
    };
    Call::read(dialect, Bytes::from_static(body.as_bytes()), address).unwrap()
}

/// A stream read to its end.
#[derive(Debug)]
pub struct Streamed {
    /// What the client was given.
    pub out: Vec<u8>,
    /// How much of that before the end.
    pub pushed: usize,
    /// How it ended.
    pub result: Result<(), Fault>,
    /// How far it got.
    pub progress: Progress,
}

impl Streamed {
    /// Everything that can be seen of it.
    pub fn seen(&self) -> (&str, String) {
        let out = str::from_utf8(&self.out).unwrap();
        (out, format!("{:?}\n{:?}", self.result, self.progress))
    }
}

fn push<'a>(
    stream: &mut dyn AnswerStream,
    packets: impl IntoIterator<Item = &'a [u8]>,
    out: &mut Vec<u8>,
    pushed: &mut usize,
) -> Result<(), Fault> {
    for packet in packets {
        let result = stream.push(packet, out);
        *pushed = out.len();
        result?;
    }
    stream.finish(out)
}

/// Reads a stream that comes in these packets.
pub fn read<'a>(
    mut stream: Box<dyn AnswerStream>,
    packets: impl IntoIterator<Item = &'a [u8]>,
) -> Streamed {
    let (mut out, mut pushed) = (Vec::new(), 0);
    let result = push(stream.as_mut(), packets, &mut out, &mut pushed);
    Streamed { out, pushed, result, progress: stream.progress().clone() }
}

/// Holds a stream to the laws; returns it as it came at once.
pub fn stream_keeps_the_laws(
    open: impl Fn() -> Box<dyn AnswerStream>,
    bytes: &[u8],
    split: Split,
) -> Streamed {
    let whole = read(open(), [bytes]);
    assert_eq!(read(open(), split.packets(bytes)).seen(), whole.seen(), "the split shows");
    let came = split.cut(bytes);
    let cut = read(open(), [came]);
    assert!(whole.out.starts_with(&cut.out[..cut.pushed]), "what came first was taken back");
    if cut.result.is_ok() {
        let is_ended = cut.progress.finish.is_some() || cut.out == whole.out;
        assert!(is_ended, "it was cut off and is complete");
    }
    if is_between_events(bytes, came) {
        assert!(whole.out.starts_with(&cut.out), "what was cut off is not the beginning");
    }
    assert!(whole.out.len() <= FRAME_MAX + GROWTH_MAX * bytes.len(), "it outgrows what came");
    whole
}

/// Whether what came ends where a line ends, and with it every event that began.
fn is_between_events(bytes: &[u8], came: &[u8]) -> bool {
    let is_end = |byte: Option<&u8>| byte.is_none_or(|byte| matches!(byte, b'\n' | b'\r'));
    let at_a_line = is_end(came.last()) || is_end(bytes.get(came.len()));
    at_a_line && events(bytes).starts_with(&events(came))
}

/// The server-sent events in an answer; none in one of another form.
fn events(bytes: &[u8]) -> Vec<Vec<u8>> {
    let (mut decoder, mut events) = (SseDecoder::default(), Vec::new());
    let mut visit = |event: SseEvent<'_>| {
        events.push([event.name, b":", event.data].concat());
        Ok::<(), EventTooLarge>(())
    };
    decoder.push(bytes, &mut visit).unwrap();
    decoder.finish(&mut visit).unwrap();
    events
}

/// Holds a stream's bytes, to their very end, to being what the dialect's clients can read.
pub fn stream_is_readable(mut stream: Box<dyn AnswerStream>, bytes: &[u8], call: &Call) {
    let mut out = Vec::new();
    match push(stream.as_mut(), [bytes], &mut out, &mut 0) {
        Ok(()) => stream.end(&mut out, &usage()),
        Err(fault) => {
            let message = fault.message.unwrap_or_default();
            let error = ErrorBody::new(ErrorType::ProviderUnavailable, message);
            stream.fail(&mut out, &error, Some(&usage()));
        }
    }
    let out = str::from_utf8(&out).unwrap();
    match call.dialect() {
        Dialect::Gemini if call.address().as_array => check("the array", out.as_bytes(), false),
        Dialect::Ollama => out.lines().for_each(|line| check("a line", line.as_bytes(), false)),
        _ => {
            let mut events = SseDecoder::default();
            let mut visit = |event: SseEvent<'_>| {
                if event.data != b"[DONE]" {
                    check("an event", event.data, false);
                }
                Ok::<(), EventTooLarge>(())
            };
            events.push(out.as_bytes(), &mut visit).unwrap();
            events.finish(&mut visit).unwrap();
        }
    }
}

/// Holds a whole answer to being what clients can read.
pub fn whole_is_readable(answer: &dyn WholeAnswer, head: &AnswerHead, body: &[u8]) -> Vec<u8> {
    let out = answer.render(head, &usage());
    check("the answer", &out, value(body).is_some());
    assert!(out.len() <= FRAME_MAX + GROWTH_MAX * body.len(), "it outgrows what came");
    out
}

/// Everything that can be seen of a decoder.
pub fn decoded<'a>(
    mut decoder: Box<dyn Decoder>,
    packets: impl IntoIterator<Item = &'a [u8]>,
) -> (Vec<ChatEvent>, Result<(), Fault>, bool) {
    let mut events = Vec::new();
    let take = || {
        for packet in packets {
            decoder.push(packet, &mut events)?;
        }
        decoder.finish(&mut events)
    };
    let result = take();
    (events, result, decoder.is_done())
}
