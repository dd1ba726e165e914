//! Plays an answer step by step, and goes wrong where the script says so. Knows neither sockets
//! nor clocks: a wait is a step like any other.

use std::time::Duration;

use bytes::{Bytes, BytesMut};

use crate::answer::Answer;
use crate::encode::{Encode, broken_off};
use crate::event::{Cursor, Event, Events};
use crate::pace::Pace;
use crate::script::{Break, Script};

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Write(Bytes),
    Wait(Duration),
    Stall,
    Cut,
    Reset,
    End,
}

impl From<Break> for Step {
    fn from(kind: Break) -> Self {
        match kind {
            Break::Stall => Self::Stall,
            Break::Cut => Self::Cut,
            Break::Reset => Self::Reset,
            Break::End | Break::Error => Self::End,
        }
    }
}

/// One answer on its way.
#[derive(Debug)]
pub(crate) struct Player {
    source: Source,
    events: Events,
    script: Script,
    pace: Pace,
    content_sent: u32,
    begun: bool,
    /// The wait before the next content event is over.
    waited: bool,
    garbage_sent: bool,
    /// What comes after the bytes that were already gathered.
    last: Option<Step>,
}

#[derive(Debug)]
enum Source {
    Answer {
        answer: Answer,
        encoder: Box<dyn Encode>,
        cursor: Cursor,
    },
    /// Events that are ready, and the one to end with when the script has the stream fail.
    Ready {
        events: Events,
        error: Event,
    },
    /// Bytes to send at once, and what to do after them.
    Bytes {
        bytes: Option<Bytes>,
        then: Step,
    },
}

impl Player {
    /// Streams `answer`.
    pub(crate) fn stream(
        answer: Answer,
        encoder: Box<dyn Encode>,
        script: Script,
        pace: Pace,
    ) -> Self {
        let source = Source::Answer { answer, encoder, cursor: Cursor::default() };
        Self::new(source, script, pace)
    }

    /// Streams events that are ready; `error` comes when the script has the stream fail.
    pub(crate) fn events(events: Events, error: Event, script: Script, pace: Pace) -> Self {
        Self::new(Source::Ready { events, error }, script, pace)
    }

    /// Sends the body of a whole answer; when the script breaks it off, only its first half.
    pub(crate) fn whole(body: &Bytes, script: Script, pace: Pace) -> Self {
        let half = body.slice(..body.len() / 2);
        let (bytes, then) = match (script.break_after, script.garbage_after) {
            (Some((_, Break::Stall)), _) => (half, Step::Stall),
            (Some((_, Break::Cut)), _) => (half, Step::Cut),
            (Some((_, Break::Reset)), _) => (half, Step::Reset),
            (Some((_, Break::End)), _) | (None, Some(_)) => (half, Step::End),
            (Some((_, Break::Error)) | None, _) => (body.clone(), Step::End),
        };
        let source = Source::Bytes { bytes: Some(bytes), then };
        // The wait for a whole answer is before its headers.
        Self { begun: true, ..Self::new(source, script, pace) }
    }

    /// Sends nothing, for ever.
    pub(crate) fn silence(pace: Pace) -> Self {
        let source = Source::Bytes { bytes: None, then: Step::Stall };
        Self { begun: true, ..Self::new(source, Script::default(), pace) }
    }

    fn new(source: Source, script: Script, pace: Pace) -> Self {
        Self {
            source,
            events: Events::new(),
            script,
            pace,
            content_sent: 0,
            begun: false,
            waited: false,
            garbage_sent: false,
            last: None,
        }
    }

    /// The next step. After [`Step::End`] and the breaks there is no other.
    pub(crate) fn step(&mut self) -> Step {
        if let Some(last) = &self.last {
            return last.clone();
        }
        if !self.begun {
            self.begun = true;
            if !self.pace.ttft().is_zero() {
                return Step::Wait(self.pace.ttft());
            }
        }
        if self.script.coalesce { self.gathered() } else { self.single() }
    }

    /// Everything up to the end or the break, as one write.
    fn gathered(&mut self) -> Step {
        let mut bytes = BytesMut::new();
        loop {
            match self.single() {
                Step::Write(more) => bytes.extend_from_slice(&more),
                Step::Wait(_) => {}
                last @ (Step::Stall | Step::Cut | Step::Reset | Step::End) => {
                    self.last = Some(last.clone());
                    return if bytes.is_empty() { last } else { Step::Write(bytes.freeze()) };
                }
            }
        }
    }

    fn single(&mut self) -> Step {
        match self.script.break_after {
            Some((after, kind)) if self.is_stream() && self.content_sent >= after => {
                return self.break_off(kind);
            }
            _ => {}
        }
        let Some(event) = self.next_event() else { return self.finish() };
        let Some(tokens) = event.content_tokens else { return Step::Write(event.bytes) };
        if self.script.garbage_after == Some(self.content_sent) && !self.garbage_sent {
            self.garbage_sent = true;
            let garbage = self.truncated(&event.bytes);
            self.events.push_front(event);
            return Step::Write(garbage);
        }
        if !self.waited && self.content_sent > 0 {
            let gap = self.pace.gap(tokens);
            if !gap.is_zero() {
                self.waited = true;
                self.events.push_front(event);
                return Step::Wait(gap);
            }
        }
        self.waited = false;
        self.content_sent += 1;
        Step::Write(event.bytes)
    }

    fn next_event(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Some(event);
            }
            match &mut self.source {
                Source::Answer { answer, encoder, cursor } => {
                    let beat = cursor.next(answer)?;
                    encoder.encode(beat, answer, &mut self.events);
                }
                Source::Ready { events, .. } => return events.pop_front(),
                Source::Bytes { bytes, .. } => return bytes.take().map(Event::framing),
            }
        }
    }

    fn break_off(&mut self, kind: Break) -> Step {
        let last = Step::from(kind);
        self.last = Some(last.clone());
        let error = match &self.source {
            Source::Answer { encoder, .. } => encoder.error().bytes,
            Source::Ready { error, .. } => error.bytes.clone(),
            Source::Bytes { .. } => return last,
        };
        if kind != Break::Error {
            return last;
        }
        // Cleared, so that a gathering player comes to its end behind the error.
        self.script.break_after = Some((0, Break::End));
        Step::Write(error)
    }

    fn finish(&mut self) -> Step {
        let last = match &self.source {
            Source::Answer { .. } | Source::Ready { .. } => Step::End,
            Source::Bytes { then, .. } => then.clone(),
        };
        self.last = Some(last.clone());
        last
    }

    fn truncated(&self, event: &Bytes) -> Bytes {
        match &self.source {
            Source::Answer { encoder, .. } => encoder.truncated(event),
            Source::Ready { .. } => broken_off(event, b"\n\n"),
            Source::Bytes { .. } => event.clone(),
        }
    }

    const fn is_stream(&self) -> bool {
        matches!(self.source, Source::Answer { .. } | Source::Ready { .. })
    }
}
