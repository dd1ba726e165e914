//! Why an answer ended, in Anthropic's words (contract §3.6).

use serde::Serialize;

use crate::chat::{ChatEvent, FinishReason};
use crate::error::ErrorBody;

/// What is said about the end before the end.
#[derive(Debug, Default, Clone)]
pub(super) struct Ending {
    /// The client's stop sequence that was met.
    sequence: Option<String>,
    /// Whether the model declined.
    refused: bool,
    /// Whether it calls tools.
    called: bool,
    /// The tier that served.
    service_tier: Option<String>,
    /// Whether the client names a `speed`, and is told it.
    names_speed: bool,
}

/// What served, in Anthropic's words (contract §3.6).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Served<'a> {
    /// The tier.
    pub(super) tier: Option<&'a str>,
    /// How fast that is.
    pub(super) speed: Option<&'static str>,
}

/// The members of a message that say why it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) struct Stop<'a> {
    stop_reason: &'a str,
    stop_sequence: Option<&'a str>,
    stop_details: Option<StopDetails>,
}

/// What kind of refusal it was: nobody but Anthropic says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
struct StopDetails {
    #[serde(rename = "type")]
    kind: &'static str,
    category: Option<&'static str>,
    explanation: Option<&'static str>,
}

/// Words of the dialect. A provider that uses one of them means it.
const WORDS: &[&str] = &[
    "end_turn",
    "max_tokens",
    "stop_sequence",
    "tool_use",
    "pause_turn",
    "refusal",
    "model_context_window_exceeded",
    "compaction",
];

impl Ending {
    /// Nothing is said yet.
    pub(super) fn new(names_speed: bool) -> Self {
        Self { names_speed, ..Self::default() }
    }

    /// What served, as far as it is told. Chat's ordinary tier has another name here, and its fast
    /// one is a speed as well (contract §5.7).
    pub(super) fn served(&self) -> Served<'_> {
        let tier = self.service_tier.as_deref();
        let speed = |tier| if tier == "priority" { "fast" } else { "standard" };
        Served {
            tier: tier.map(|tier| if tier == "default" { "standard" } else { tier }),
            speed: tier.filter(|_| self.names_speed).map(speed),
        }
    }

    /// Notes what an event says about the end.
    pub(super) fn note(&mut self, event: &ChatEvent) {
        match event {
            ChatEvent::StopSequence(sequence) => self.sequence = Some(sequence.clone()),
            ChatEvent::ServiceTier(tier) => self.service_tier = Some(tier.clone()),
            ChatEvent::Refusal(_) => self.refused = true,
            ChatEvent::ToolCallStart { .. } => self.called = true,
            ChatEvent::UpstreamId(_)
            | ChatEvent::Text(_)
            | ChatEvent::Reasoning(_)
            | ChatEvent::ToolCallArguments { .. }
            | ChatEvent::Image { .. }
            | ChatEvent::Audio(_)
            | ChatEvent::Annotation(_)
            | ChatEvent::Logprobs(_)
            | ChatEvent::Usage(_)
            | ChatEvent::Finish { .. } => {}
        }
    }

    /// Why the answer ended; none where it failed (see [`failure`]).
    pub(super) fn stop(&self, (reason, native): (FinishReason, &str)) -> Option<Stop<'_>> {
        let known = WORDS.iter().find(|word| **word == native);
        let known = known.filter(|word| FinishReason::from_native(word) == reason);
        let word = match reason {
            FinishReason::Stop if self.refused => "refusal",
            FinishReason::Stop if self.sequence.is_some() => "stop_sequence",
            _ if known.is_some() => known.copied().unwrap_or_default(),
            // Some providers call tools and say that they stopped; clients go by this word.
            FinishReason::Stop if self.called => "tool_use",
            FinishReason::Stop => "end_turn",
            FinishReason::Error => return None,
            FinishReason::Length => "max_tokens",
            FinishReason::ToolCalls => "tool_use",
            FinishReason::ContentFilter => "refusal",
        };
        let refusal = StopDetails { kind: "refusal", category: None, explanation: None };
        Some(Stop {
            stop_reason: word,
            stop_sequence: self.sequence.as_deref().filter(|_| word == "stop_sequence"),
            stop_details: (word == "refusal").then_some(refusal),
        })
    }
}

/// What is wrong with an answer that failed on its own: the dialect has no reason for it to have
/// stopped, and none of those it has is true.
pub(super) fn failure((reason, native): (FinishReason, &str)) -> Option<ErrorBody> {
    (reason == FinishReason::Error).then(|| ErrorBody::failed_answer(native))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_anthropics_and_native_words_are_kept() {
        let ending = |events: &[ChatEvent]| {
            let mut ending = Ending::default();
            for event in events {
                ending.note(event);
            }
            ending
        };
        let plain = ending(&[]);
        let called = ending(&[ChatEvent::ToolCallStart {
            index: 0,
            id: String::new(),
            name: String::new(),
        }]);
        let refused = ending(&[ChatEvent::Refusal("no".to_owned())]);
        let stopped = ending(&[ChatEvent::StopSequence("###".to_owned())]);
        for (ending, reason, native, word) in [
            (&plain, FinishReason::Stop, "stop", "end_turn"),
            (&plain, FinishReason::Stop, "pause_turn", "pause_turn"),
            (&plain, FinishReason::Stop, "compaction", "compaction"),
            (&plain, FinishReason::Length, "length", "max_tokens"),
            (
                &plain,
                FinishReason::Length,
                "model_context_window_exceeded",
                "model_context_window_exceeded",
            ),
            (&plain, FinishReason::ToolCalls, "STOP", "tool_use"),
            (&called, FinishReason::Stop, "stop", "tool_use"),
            (&called, FinishReason::Stop, "end_turn", "end_turn"),
            (&plain, FinishReason::ContentFilter, "SAFETY", "refusal"),
            (&refused, FinishReason::Stop, "stop", "refusal"),
            (&refused, FinishReason::Length, "length", "max_tokens"),
            (&stopped, FinishReason::Stop, "stop_sequence", "stop_sequence"),
            (&stopped, FinishReason::Stop, "stop", "stop_sequence"),
            (&stopped, FinishReason::ToolCalls, "tool_calls", "tool_use"),
        ] {
            let stop = ending.stop((reason, native)).unwrap();
            assert_eq!(stop.stop_reason, word, "{reason:?} {native}");
            assert_eq!(stop.stop_sequence.is_some(), word == "stop_sequence");
            assert_eq!(stop.stop_details.is_some(), word == "refusal");
        }
        assert_eq!(plain.stop((FinishReason::Error, "MALFORMED_FUNCTION_CALL")), None);
    }
}
