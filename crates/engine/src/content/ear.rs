//! Hears the words of an answer in the bytes that its client is given.

use serde::{Deserialize, Serialize};
use tollgate_providers::{
    Adapter, AnthropicMessages, Decoder, Fault, Gemini, Ollama, OpenAiChat, OpenAiResponses,
};
use tollgate_wire::Dialect;
use tollgate_wire::chat::ChatEvent;
use tollgate_wire::sse::{EventTooLarge, SseDecoder};

/// Most bytes of an answer that are kept; a longer one is cut.
pub(super) const OUTPUT_BYTES_MAX: usize = 512 * 1024;
/// Most tools of which it is kept that they were called.
const TOOL_CALLS_MAX: usize = 1_000;

/// Who listens to a stream.
#[derive(Debug)]
pub(super) struct Ear {
    listener: Listener,
    events: Vec<ChatEvent>,
    pub(super) spoken: Spoken,
}

#[derive(Debug)]
enum Listener {
    Protocol(Box<dyn Decoder>),
    /// The one dialect that no provider's protocol is.
    Completions(SseDecoder),
    /// Nothing more is kept.
    Nobody,
}

/// What an answer says.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Spoken {
    completion: Option<String>,
    reasoning: Option<String>,
    /// Ours: the contract has text and thoughts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<ToolCall>,
    #[serde(skip)]
    bytes: usize,
    #[serde(skip)]
    pub(super) is_cut: bool,
}

#[derive(Debug, Default, PartialEq, Eq, Serialize)]
struct ToolCall {
    #[serde(skip)]
    index: u32,
    id: String,
    name: String,
    arguments: String,
}

/// An answer, or a chunk of one, in the dialect of text completions (contract §1.1).
#[derive(Deserialize)]
struct TextCompletion {
    #[serde(default)]
    choices: Vec<TextChoice>,
}

#[derive(Deserialize)]
struct TextChoice {
    text: Option<String>,
    reasoning: Option<String>,
}

/// The adapter that reads what a client of a dialect is given; none for text completions.
fn adapter_of(dialect: Dialect) -> Option<&'static dyn Adapter> {
    match dialect {
        Dialect::Chat => Some(&OpenAiChat),
        Dialect::Completions => None,
        Dialect::Responses => Some(&OpenAiResponses),
        Dialect::Messages => Some(&AnthropicMessages),
        Dialect::Gemini => Some(&Gemini),
        Dialect::Ollama => Some(&Ollama),
    }
}

impl Ear {
    pub(super) fn new(dialect: Dialect, as_array: bool) -> Self {
        let listener = match adapter_of(dialect) {
            None => Listener::Completions(SseDecoder::default()),
            Some(adapter) => {
                let array = if as_array { adapter.array_decoder() } else { None };
                Listener::Protocol(array.unwrap_or_else(|| adapter.decoder()))
            }
        };
        Self { listener, events: Vec::new(), spoken: Spoken::default() }
    }

    /// Takes the next bytes. What can't be made sense of, such as the error that ends an answer,
    /// ends it here, too.
    pub(super) fn hear(&mut self, bytes: &[u8]) {
        let heard = match &mut self.listener {
            Listener::Nobody => return,
            Listener::Protocol(decoder) => {
                let heard = decoder.push(bytes, &mut self.events).is_ok();
                self.events.drain(..).for_each(|event| self.spoken.note(event));
                heard
            }
            Listener::Completions(events) => {
                let spoken = &mut self.spoken;
                let heard = events.push(bytes, |event| {
                    spoken.note_completion(event.data);
                    Ok::<(), EventTooLarge>(())
                });
                heard.is_ok()
            }
        };
        if !heard || self.spoken.is_cut {
            self.listener = Listener::Nobody;
        }
    }
}

impl Spoken {
    /// What a whole answer says.
    ///
    /// # Errors
    ///
    /// When it is no answer.
    pub(super) fn of(dialect: Dialect, body: &[u8]) -> Result<Self, Fault> {
        let mut spoken = Self::default();
        match adapter_of(dialect) {
            None => spoken.note_completion(body),
            Some(adapter) => {
                adapter.events(body)?.into_iter().for_each(|event| spoken.note(event));
            }
        }
        Ok(spoken)
    }

    fn note(&mut self, event: ChatEvent) {
        match event {
            ChatEvent::Text(text) | ChatEvent::Refusal(text) => self.complete(&text),
            ChatEvent::Reasoning(detail) => self.think(detail.text()),
            ChatEvent::Audio(piece) => self.complete(&piece.transcript.unwrap_or_default()),
            ChatEvent::ToolCallStart { index, id, name } => {
                self.is_cut |= self.tool_calls.len() >= TOOL_CALLS_MAX;
                if !self.is_cut {
                    let (id, name) = (self.fitting(&id).to_owned(), self.fitting(&name).to_owned());
                    self.tool_calls.push(ToolCall { index, id, name, arguments: String::new() });
                }
            }
            ChatEvent::ToolCallArguments { index, fragment } => {
                let fitting = self.fitting(&fragment);
                let call = self.tool_calls.iter_mut().rfind(|call| call.index == index);
                if let Some(call) = call {
                    call.arguments.push_str(fitting);
                }
            }
            ChatEvent::UpstreamId(_)
            | ChatEvent::Image { .. }
            | ChatEvent::Annotation(_)
            | ChatEvent::Logprobs(_)
            | ChatEvent::StopSequence(_)
            | ChatEvent::ServiceTier(_)
            | ChatEvent::Usage(_)
            | ChatEvent::Finish { .. } => {}
        }
    }

    fn note_completion(&mut self, json: &[u8]) {
        let Ok(chunk) = serde_json::from_slice::<TextCompletion>(json) else { return };
        if let Some(choice) = chunk.choices.into_iter().next() {
            self.think(&choice.reasoning.unwrap_or_default());
            self.complete(&choice.text.unwrap_or_default());
        }
    }

    fn complete(&mut self, text: &str) {
        let fitting = self.fitting(text);
        if !fitting.is_empty() {
            self.completion.get_or_insert_default().push_str(fitting);
        }
    }

    fn think(&mut self, text: &str) {
        let fitting = self.fitting(text);
        if !fitting.is_empty() {
            self.reasoning.get_or_insert_default().push_str(fitting);
        }
    }

    /// About how much memory it holds.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// As much of a text as there is room for.
    fn fitting<'t>(&mut self, text: &'t str) -> &'t str {
        let room = OUTPUT_BYTES_MAX.saturating_sub(self.bytes);
        let fitting = text.get(..text.floor_char_boundary(room)).unwrap_or_default();
        self.bytes = self.bytes.saturating_add(fitting.len());
        self.is_cut |= fitting.len() < text.len();
        fitting
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_completions_are_heard_whatever_their_packets() {
        let stream = b": OPENROUTER PROCESSING\n\ndata: {\"choices\":[{\"text\":\"Hi \"}]}\n\n\
            data: {\"choices\":[{\"text\":\"there\",\"reasoning\":\"hm\"}]}\n\n\
            data: {\"choices\":[],\"usage\":{}}\n\ndata: [DONE]\n\n";
        for size in [1, 7, stream.len()] {
            let mut ear = Ear::new(Dialect::Completions, false);
            stream.chunks(size).for_each(|packet| ear.hear(packet));
            assert_eq!(ear.spoken.completion.as_deref(), Some("Hi there"), "{size}");
            assert_eq!(ear.spoken.reasoning.as_deref(), Some("hm"));
            assert!(!ear.spoken.is_cut);
        }
    }

    #[test]
    fn what_is_too_long_is_cut_at_a_character_and_nobody_listens_any_longer() {
        let mut ear = Ear::new(Dialect::Completions, false);
        let chunk = |text: &str| format!("data: {{\"choices\":[{{\"text\":\"{text}\"}}]}}\n\n");
        ear.hear(chunk(&"x".repeat(OUTPUT_BYTES_MAX - 1)).as_bytes());
        assert!(!ear.spoken.is_cut);
        ear.hear(chunk("ö").as_bytes());
        ear.hear(chunk("y").as_bytes());
        assert!(ear.spoken.is_cut && matches!(ear.listener, Listener::Nobody));
        assert_eq!(ear.spoken.completion.map(|it| it.len()), Some(OUTPUT_BYTES_MAX - 1));
    }

    #[test]
    fn garbage_is_no_answer() {
        for dialect in tollgate_wire::DIALECTS {
            let spoken = Spoken::of(dialect, b"{").unwrap_or_default();
            assert_eq!(spoken, Spoken::default(), "{dialect:?}");
            Ear::new(dialect, false).hear(b"data: {\n\n{\n");
        }
    }
}
