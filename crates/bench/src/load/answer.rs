//! Whether an answer is the right one: every answer of every cell is read to its end and compared.
//!
//! Answers come in the dialect they were asked in, OpenAI's chat or Anthropic's Messages; the few
//! members that are looked at are read by one shape for both.

use std::borrow::Cow;

use anyhow::{Context as _, bail};
use serde::Deserialize;

/// Words in a stream.
pub(super) const WORDS: u64 = 100;

/// What the upstream is known to say.
#[derive(Clone, Debug)]
pub(crate) struct Expected {
    dialect: Dialect,
    /// The text of a whole completion.
    pub(crate) completion: String,
    /// The text of a stream.
    words: String,
}

/// How answers are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// OpenAI's chat completions.
    Chat,
    /// Anthropic's Messages.
    Messages,
}

/// A stream while it is read.
#[derive(Debug)]
pub(super) struct Transcript {
    dialect: Dialect,
    text: String,
    line: Vec<u8>,
    events: u64,
    done: bool,
    usage: bool,
}

/// What a stream turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    /// Events with content.
    pub(super) events: u64,
    /// Whether the text was exactly the expected one.
    pub(super) right: bool,
    /// Whether `[DONE]` was the last event.
    pub(super) done: bool,
    /// Whether the usage was told, and right.
    pub(super) usage: bool,
}

/// The little of a completion, or of a chunk of one, that is looked at.
#[derive(Deserialize)]
struct Completion<'a> {
    #[serde(borrow, default)]
    choices: Vec<Choice<'a>>,
    usage: Option<Usage>,
}

#[derive(Deserialize)]
struct Choice<'a> {
    #[serde(borrow, alias = "delta")]
    message: Message<'a>,
}

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow, default)]
    content: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Usage {
    #[serde(alias = "output_tokens")]
    completion_tokens: u64,
}

/// The little of an answer in Messages, or of an event of one, that is looked at.
#[derive(Deserialize)]
struct Said<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(borrow, default)]
    content: Vec<Part<'a>>,
    #[serde(borrow)]
    delta: Option<Part<'a>>,
    usage: Option<Usage>,
}

#[derive(Deserialize)]
struct Part<'a> {
    #[serde(borrow)]
    text: Option<Cow<'a, str>>,
}

impl Expected {
    /// Takes the text of a completion from the upstream's own answer.
    pub(crate) fn learn(body: &[u8]) -> anyhow::Result<Self> {
        let completion = read(body)?.text().context("the upstream's answer has no text")?;
        let words = (0..WORDS).fold(String::new(), |text, word| format!("{text}w{word} "));
        Ok(Self { dialect: Dialect::Chat, completion: completion.into_owned(), words })
    }

    /// The same answers in another dialect.
    pub(crate) fn translated(&self, dialect: Dialect) -> Self {
        Self { dialect, ..self.clone() }
    }

    /// Says what is wrong with a whole completion.
    pub(super) fn check(&self, body: &[u8]) -> anyhow::Result<()> {
        let (text, usage) = match self.dialect {
            Dialect::Chat => {
                let mut completion = read(body)?;
                let usage = completion.usage.take();
                (completion.text(), usage)
            }
            Dialect::Messages => {
                let said = heard(body)?;
                (said.content.into_iter().find_map(|part| part.text), said.usage)
            }
        };
        if usage.is_none_or(|usage| usage.completion_tokens != WORDS) {
            bail!("a completion without the right usage");
        }
        if text.is_none_or(|text| text != self.completion) {
            bail!("a completion with the wrong text");
        }
        Ok(())
    }
}

impl Transcript {
    /// Of a stream that is to be the expected one.
    pub(super) const fn of(expected: &Expected) -> Self {
        Self {
            dialect: expected.dialect,
            text: String::new(),
            line: Vec::new(),
            events: 0,
            done: false,
            usage: false,
        }
    }

    /// Reads more of the stream; true when it had content.
    pub(super) fn read(&mut self, bytes: &[u8]) -> anyhow::Result<bool> {
        let events_before = self.events;
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            if self.line.is_empty() && part.ends_with(b"\n") {
                self.read_line(part)?;
                continue;
            }
            self.line.extend_from_slice(part);
            if part.ends_with(b"\n") {
                let line = std::mem::take(&mut self.line);
                self.read_line(&line)?;
            }
        }
        Ok(self.events > events_before)
    }

    pub(super) fn verdict(&self, expected: &Expected) -> Verdict {
        Verdict {
            events: self.events,
            right: self.text == expected.words,
            done: self.done,
            usage: self.usage,
        }
    }

    fn read_line(&mut self, line: &[u8]) -> anyhow::Result<()> {
        let Some(data) = line.strip_prefix(b"data:").map(<[u8]>::trim_ascii) else { return Ok(()) };
        if data == b"[DONE]" {
            self.done = true;
            return Ok(());
        }
        // Nothing may follow the end.
        self.done = false;
        let (text, usage) = match self.dialect {
            Dialect::Chat => {
                let mut chunk = read(data)?;
                let usage = chunk.usage.take();
                (chunk.text(), usage)
            }
            Dialect::Messages => {
                let said = heard(data)?;
                self.done = said.kind == "message_stop";
                (said.delta.and_then(|part| part.text), said.usage)
            }
        };
        self.usage |= usage.is_some_and(|usage| usage.completion_tokens == WORDS);
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            self.text.push_str(&text);
            self.events += 1;
        }
        Ok(())
    }
}

impl<'a> Completion<'a> {
    fn text(self) -> Option<Cow<'a, str>> {
        self.choices.into_iter().next()?.message.content
    }
}

fn read(json: &[u8]) -> anyhow::Result<Completion<'_>> {
    serde_json::from_slice(json).context("an answer that is not a completion")
}

fn heard(json: &[u8]) -> anyhow::Result<Said<'_>> {
    serde_json::from_slice(json).context("an answer that is not a message")
}

#[cfg(test)]
mod tests {
    use super::{Dialect, Expected, Transcript, Verdict, WORDS};

    fn completion(text: &str, tokens: u64) -> String {
        format!(
            r#"{{"id":"x","choices":[{{"message":{{"role":"assistant","content":"{text}"}}}}],
            "usage":{{"completion_tokens":{tokens}}}}}"#
        )
    }

    fn expected() -> Expected {
        Expected::learn(completion("and so on", WORDS).as_bytes()).unwrap()
    }

    fn stream(words: u64, end: &str) -> String {
        let chunk = |content: &str| {
            format!(
                "data: {{\"choices\":[{{\"delta\":{{\"content\":{content}}}}}],\
                 \"usage\":null}}\n\n"
            )
        };
        let words: String = (0..words).map(|word| chunk(&format!("\"w{word} \""))).collect();
        format!(": a comment\n\n{}{}{words}{end}", chunk("null"), chunk("\"\""))
    }

    const END: &str =
        "data: {\"choices\":[],\"usage\":{\"completion_tokens\":100}}\n\ndata: [DONE]\n\n";

    fn verdict(stream: &str, size: usize) -> Verdict {
        let mut transcript = Transcript::of(&expected());
        for part in stream.as_bytes().chunks(size) {
            transcript.read(part).unwrap();
        }
        transcript.verdict(&expected())
    }

    #[test]
    fn only_the_right_completion_passes() {
        let expected = expected();
        assert!(expected.check(completion("and so on", WORDS).as_bytes()).is_ok());
        for wrong in [
            completion("and so", WORDS),
            completion("and so on", 99),
            r#"{"choices":[]}"#.to_owned(),
            r#"{"error":{"message":"no"}}"#.to_owned(),
            completion("and so on", WORDS).split_off(1),
        ] {
            assert!(expected.check(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_whole_stream_is_right_however_it_is_cut() {
        let stream = stream(WORDS, END);
        for size in [1, 2, 3, 7, 100, 1000, stream.len()] {
            let right = Verdict { events: WORDS, right: true, done: true, usage: true };
            assert_eq!(verdict(&stream, size), right, "in parts of {size}");
        }
    }

    #[test]
    fn what_a_stream_lacks_is_told() {
        assert!(!verdict(&stream(WORDS - 1, END), 64).right);
        assert!(!verdict(&stream(WORDS + 1, END), 64).right);
        let without_end = verdict(&stream(WORDS, ""), 64);
        assert!(without_end.right && !without_end.done && !without_end.usage);
        let after_end = format!("{END}data: {{\"choices\":[]}}\n\n");
        assert!(!verdict(&stream(WORDS, &after_end), 64).done);
        assert!(Transcript::of(&expected()).read(b"data: {\"error\":\n").is_err());
    }

    #[test]
    fn messages_are_read_like_chat() {
        let expected = expected().translated(Dialect::Messages);
        let body = |text: &str, tokens: u64| {
            format!(
                r#"{{"type":"message","content":[{{"type":"text","text":"{text}"}}],
                "usage":{{"input_tokens":9,"output_tokens":{tokens}}}}}"#
            )
        };
        assert!(expected.check(body("and so on", WORDS).as_bytes()).is_ok());
        assert!(expected.check(body("and so", WORDS).as_bytes()).is_err());
        assert!(expected.check(body("and so on", 99).as_bytes()).is_err());
        let event = |json: String| format!("event: x\ndata: {json}\n\n");
        let mut stream = event(r#"{"type":"message_start","message":{}}"#.to_owned());
        for word in 0..WORDS {
            stream += &event(format!(
                r#"{{"type":"content_block_delta","delta":{{"type":"text_delta","text":"w{word} "}}}}"#
            ));
        }
        stream += &event(
            r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":100}}"#
                .to_owned(),
        );
        let read = |stream: &str| {
            let mut transcript = Transcript::of(&expected);
            transcript.read(stream.as_bytes()).unwrap();
            transcript.verdict(&expected)
        };
        let cut = Verdict { events: WORDS, right: true, done: false, usage: true };
        assert_eq!(read(&stream), cut);
        let end = event(r#"{"type":"message_stop"}"#.to_owned());
        assert_eq!(read(&(stream + &end)), Verdict { done: true, ..cut });
    }

    #[test]
    fn content_is_told_from_framing() {
        let mut transcript = Transcript::of(&expected());
        assert!(!transcript.read(b": wait\n\ndata: {\"choices\":[]}\n\n").unwrap());
        assert!(transcript.read(stream(1, "").as_bytes()).unwrap());
    }
}
