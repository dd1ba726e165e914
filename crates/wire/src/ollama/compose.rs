//! Events become pieces of a message: shared by streams and whole answers.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::chat::{ChatEvent, FinishReason};
use crate::translation::whole_calls::{WholeCall, WholeCalls, one_line};

/// A piece of a message that is complete.
#[derive(Debug)]
pub(super) enum Piece<'a> {
    /// Text.
    Content(&'a str),
    /// Thoughts.
    Thinking(&'a str),
    /// An image: base64, or its address.
    Image(&'a str),
    /// A call of a tool.
    Call {
        /// Its id.
        id: &'a str,
        /// Which of the answer's calls, from zero.
        index: u32,
        /// The function.
        name: &'a str,
        /// Its arguments, an object on one line.
        arguments: &'a RawValue,
    },
    /// Token probabilities, each on one line. They have the form that chat has (contract §3.1).
    Logprobs(Vec<Box<RawValue>>),
}

/// Takes a piece.
pub(super) type Sink<'s> = &'s mut dyn FnMut(Piece<'_>);

/// An answer being composed.
#[derive(Debug, Clone, Default)]
pub(super) struct Composer {
    calls: WholeCalls,
    /// Calls so far.
    count: u32,
}

#[derive(Deserialize)]
struct Logprobs {
    #[serde(default)]
    content: Option<Vec<Box<RawValue>>>,
}

impl Composer {
    /// Takes an event.
    pub(super) fn event(&mut self, event: &ChatEvent, sink: Sink<'_>) {
        match event {
            ChatEvent::Text(text) | ChatEvent::Refusal(text) => content(text, sink),
            ChatEvent::Reasoning(detail) => {
                if !detail.text().is_empty() {
                    sink(Piece::Thinking(detail.text()));
                }
            }
            ChatEvent::ToolCallStart { index, id, name } => self.calls.start(*index, id, name),
            ChatEvent::ToolCallArguments { index, fragment } => {
                self.calls.add(*index, fragment);
                while let Some(call) = self.calls.next_complete() {
                    self.call(&call, sink);
                }
            }
            ChatEvent::Image { url } => {
                let inline = url.strip_prefix("data:").and_then(|rest| rest.split_once(','));
                sink(Piece::Image(inline.map_or(url, |(_, data)| data)));
            }
            ChatEvent::Audio(piece) => {
                content(piece.transcript.as_deref().unwrap_or_default(), sink);
            }
            ChatEvent::Logprobs(logprobs) => {
                let logprobs = serde_json::from_str::<Logprobs>(&one_line(logprobs.get()));
                let list = logprobs.ok().and_then(|it| it.content).unwrap_or_default();
                if !list.is_empty() {
                    sink(Piece::Logprobs(list));
                }
            }
            ChatEvent::Finish { reason, .. } => self.finish(*reason, sink),
            ChatEvent::Annotation(_)
            | ChatEvent::UpstreamId(_)
            | ChatEvent::StopSequence(_)
            | ChatEvent::ServiceTier(_)
            | ChatEvent::Usage(_) => {}
        }
    }

    /// Writes what was waiting for more: no more will come.
    pub(super) fn finish(&mut self, reason: FinishReason, sink: Sink<'_>) {
        let complete = matches!(reason, FinishReason::Stop | FinishReason::ToolCalls);
        while let Some(call) = self.calls.next() {
            // An answer that was cut off leaves half a call behind; the reason it gives says so.
            let half = call.arguments.trim().is_empty() || call.object().is_none();
            if complete || !half {
                self.call(&call, sink);
            }
        }
    }

    fn call(&mut self, call: &WholeCall, sink: Sink<'_>) {
        let Some(arguments) = call.object() else {
            // As the API does with a call it can't read: it stays in the text.
            sink(Piece::Content(&format!("{}({})", call.name, call.arguments)));
            return;
        };
        let index = self.count;
        self.count = index.saturating_add(1);
        sink(Piece::Call { id: &call.id, index, name: &call.name, arguments: &arguments });
    }
}

fn content(text: &str, sink: Sink<'_>) {
    if !text.is_empty() {
        sink(Piece::Content(text));
    }
}
