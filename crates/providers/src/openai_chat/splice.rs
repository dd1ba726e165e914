//! A provider's choices with our fields put in. One walk, written as it goes.

use serde::Deserialize;
use tollgate_wire::chat::{AudioDelta, ChatEvent, FinishReason, ReasoningDetail};
use tollgate_wire::json::{ScanError, Scanner, Span};

use super::answer::Content;
use super::calls::{Call, Calls};
use crate::Progress;
pub(super) use crate::splice::malformed;
use crate::splice::text_length;

/// Which member of a choice holds the message.
#[derive(Debug, Clone, Copy)]
pub(super) enum Form {
    /// A chunk's `delta`.
    Delta,
    /// A completion's `message`.
    Message,
}

impl Form {
    const fn key(self) -> &'static [u8] {
        match self {
            Self::Delta => b"delta",
            Self::Message => b"message",
        }
    }
}

/// A walk over the choices of one body or one chunk.
pub(super) struct Splice<'a, 'p> {
    /// What is walked.
    pub(super) text: &'a [u8],
    pub(super) form: Form,
    /// Whether reasoning is left out of what is written.
    pub(super) hides_reasoning: bool,
    pub(super) progress: &'p mut Progress,
    /// The calls of the answer so far.
    pub(super) calls: &'p mut Calls,
    pub(super) out: &'p mut Vec<u8>,
    /// Whether anything was said besides why the model stopped.
    pub(super) says: bool,
}

/// What was walked over.
#[derive(Debug, Default)]
pub(super) struct Choices {
    pub(super) count: usize,
    /// Whether one of them says more than why the model stopped.
    pub(super) say: bool,
}

/// Reasoning as the provider spelt it.
#[derive(Default)]
struct Thoughts {
    /// A JSON string.
    text: Option<Span>,
    details: Option<Span>,
}

impl<'a> Splice<'a, '_> {
    /// Writes the `choices` array at the scanner's position, normalised: `native_finish_reason`
    /// beside `finish_reason`, reasoning under its contract names (§3.1).
    pub(super) fn choices(mut self, scanner: &mut Scanner<'a>) -> Result<Choices, ScanError> {
        if scanner.peek() == Some(b'n') {
            scanner.value()?;
            self.out.extend_from_slice(b"[]");
            return Ok(Choices::default());
        }
        scanner.begin_array()?;
        self.out.push(b'[');
        let mut count = 0;
        while scanner.next_element(count == 0)? {
            if count > 0 {
                self.out.push(b',');
            }
            self.choice(scanner)?;
            count += 1;
        }
        self.out.push(b']');
        Ok(Choices { count, say: self.says })
    }

    fn choice(&mut self, scanner: &mut Scanner<'a>) -> Result<(), ScanError> {
        scanner.begin_object()?;
        let mut members = Members::open(self.out);
        let (mut reason, mut native) = (0..0, 0..0);
        let mut first = true;
        while let Some(key) = scanner.next_member(first)? {
            first = false;
            if key == self.form.key() && scanner.peek() == Some(b'{') {
                members.key(self.out, key);
                self.message(scanner)?;
                continue;
            }
            let span = scanner.value()?;
            match key {
                b"finish_reason" => reason = span,
                b"native_finish_reason" => native = span,
                _ => {
                    members.key(self.out, key);
                    self.raw(span);
                }
            }
        }
        self.finish(&mut members, reason, native);
        self.out.push(b'}');
        Ok(())
    }

    /// Writes the normalised reason and the native one: a provider of our own dialect gives both,
    /// any other only its own.
    fn finish(&mut self, members: &mut Members, reason: Span, native: Span) {
        let native = if self.is_text(&native) { native } else { reason.clone() };
        let raw = self.text.get(native).unwrap_or_default();
        let word = |raw| serde_json::from_slice::<&str>(raw).ok().filter(|it| !it.is_empty());
        let ours = self.text.get(reason).unwrap_or_default();
        members.key(self.out, b"finish_reason");
        let (Some(reason), Some(native)) = (word(ours), word(raw)) else {
            self.out.extend_from_slice(b"null,\"native_finish_reason\":null");
            return;
        };
        let reason = FinishReason::from_native(reason);
        self.out.push(b'"');
        self.out.extend_from_slice(reason.as_str().as_bytes());
        self.out.extend_from_slice(b"\",\"native_finish_reason\":");
        self.out.extend_from_slice(raw);
        self.progress.finish = Some((reason, native.to_owned()));
        self.progress.content = true;
    }

    fn message(&mut self, scanner: &mut Scanner<'a>) -> Result<(), ScanError> {
        scanner.begin_object()?;
        let mut members = Members::open(self.out);
        let mut thoughts = Thoughts::default();
        let mut first = true;
        while let Some(key) = scanner.next_member(first)? {
            first = false;
            let span = scanner.value()?;
            match key {
                b"reasoning" | b"reasoning_content" => {
                    if self.is_text(&span) {
                        thoughts.text = Some(span);
                    }
                    continue;
                }
                b"reasoning_details" => {
                    thoughts.details = Some(span.clone()).filter(|span| self.is_list(span));
                    if self.hides_reasoning {
                        continue;
                    }
                }
                _ => self.count(key, &span),
            }
            members.key(self.out, key);
            self.raw(span);
        }
        self.thoughts(&mut members, &thoughts);
        self.out.push(b'}');
        Ok(())
    }

    /// Takes note of what a member of a message says. What was written is what a translation
    /// would give: neither pictures and sounds, which are no text, nor what is around a call.
    fn count(&mut self, key: &[u8], span: &Span) {
        match key {
            b"content" | b"refusal" if self.is_text(span) => {
                match self.text.get(span.clone()) {
                    Some([b'"', inner @ .., b'"']) if key == b"content" => {
                        self.progress.said.tell_escaped(inner);
                    }
                    _ => self.progress.said.lose(),
                }
                let length = self.text_length(span);
                self.wrote(length);
            }
            b"content" if self.is_list(span) => {
                let mut events = Vec::new();
                if let Some(content) = self.parsed::<Content<'_>>(span) {
                    content.take(&mut events);
                }
                self.note(&events);
            }
            b"tool_calls" if self.is_list(span) => {
                let calls = self.parsed::<Vec<Call<'_>>>(span).unwrap_or_default();
                let mut events = Vec::new();
                for (position, call) in calls.into_iter().enumerate() {
                    self.calls.take(position, call, &mut events);
                }
                self.note(&events);
            }
            // Longer than `null`, `[]` and `{}`.
            b"function_call" if span.len() > 4 => {
                let mut events = Vec::new();
                if let Some(function) = self.parsed(span) {
                    self.calls.take(0, Call::only(function), &mut events);
                }
                self.note(&events);
            }
            b"audio" if span.len() > 4 => {
                let audio = self.parsed::<AudioDelta>(span).map(ChatEvent::Audio);
                self.note(audio.as_slice());
            }
            b"images" | b"annotations" if span.len() > 4 => {
                self.progress.said.lose();
                self.wrote(0);
            }
            _ => {}
        }
    }

    /// Writes reasoning under the contract's two names.
    fn thoughts(&mut self, members: &mut Members, thoughts: &Thoughts) {
        let texts = |details: Vec<ReasoningDetail>| details.iter().map(|it| it.text().len()).sum();
        let length = match (&thoughts.details, &thoughts.text) {
            (Some(details), _) => self.parsed(details).map_or(0, texts),
            (None, Some(text)) => self.text_length(text),
            (None, None) => {
                self.no_thoughts(members);
                return;
            }
        };
        if self.hides_reasoning {
            self.progress.wrote(length);
            self.no_thoughts(members);
            return;
        }
        self.wrote(length);
        self.progress.said.think();
        let Some(span) = thoughts.text.clone() else {
            self.no_thoughts(members);
            return;
        };
        let text = self.text.get(span).unwrap_or_default();
        members.key(self.out, b"reasoning");
        self.out.extend_from_slice(text);
        if thoughts.details.is_none() {
            members.key(self.out, b"reasoning_details");
            self.out.extend_from_slice(b"[{\"type\":\"reasoning.text\",\"text\":");
            self.out.extend_from_slice(text);
            self.out.extend_from_slice(b",\"format\":\"unknown\",\"index\":0}]");
        }
    }

    /// A whole message says that there is no reasoning (§3.1); a chunk says nothing.
    fn no_thoughts(&mut self, members: &mut Members) {
        if matches!(self.form, Form::Message) {
            members.key(self.out, b"reasoning");
            self.out.extend_from_slice(b"null");
        }
    }

    fn note(&mut self, events: &[ChatEvent]) {
        for event in events {
            self.progress.note(event);
        }
        self.wrote(0);
    }

    fn wrote(&mut self, bytes: usize) {
        self.says = true;
        self.progress.content = true;
        self.progress.wrote(bytes);
    }

    fn parsed<T: Deserialize<'a>>(&self, span: &Span) -> Option<T> {
        serde_json::from_slice(self.text.get(span.clone())?).ok()
    }

    /// How long a JSON string is once its escapes are read.
    fn text_length(&self, span: &Span) -> usize {
        match self.text.get(span.clone()) {
            Some([b'"', inner @ .., b'"']) => text_length(inner),
            _ => 0,
        }
    }

    /// Whether the value is a string with something in it.
    fn is_text(&self, span: &Span) -> bool {
        span.len() > 2 && self.text.get(span.start) == Some(&b'"')
    }

    /// Whether the value is an array with something in it.
    fn is_list(&self, span: &Span) -> bool {
        span.len() > 2 && self.text.get(span.start) == Some(&b'[')
    }

    fn raw(&mut self, span: Span) {
        self.out.extend_from_slice(self.text.get(span).unwrap_or_default());
    }
}

/// Commas between the members of the object being written.
pub(super) struct Members {
    empty: bool,
}

impl Members {
    pub(super) fn open(out: &mut Vec<u8>) -> Self {
        out.push(b'{');
        Self { empty: true }
    }

    /// Goes on in an object that has members already.
    pub(super) const fn resume() -> Self {
        Self { empty: false }
    }

    pub(super) fn key(&mut self, out: &mut Vec<u8>, key: &[u8]) {
        if !self.empty {
            out.push(b',');
        }
        self.empty = false;
        out.push(b'"');
        out.extend_from_slice(key);
        out.extend_from_slice(b"\":");
    }
}
