//! An answer piece by piece: shared by streams and whole answers.

use serde::Serialize;
use serde_json::value::to_raw_value;
use serde_json::{Map, Value};
use tollgate_wire::chat::{ChatEvent, FinishReason, ReasoningDetail, ReasoningFormat, UrlCitation};

use super::fault::refined;
use super::shape::{
    Citation, Content, Delta, Event, LogprobItem, Message, Pieces, Response, Said, ToolCall,
};
use crate::{Fault, FaultKind};

/// The state of an answer being read.
#[derive(Debug, Default)]
pub(super) struct Answer {
    /// The provider's number of each call.
    calls: Vec<u32>,
    /// Elements of `reasoning_details` so far.
    details: u32,
    /// The last of them may go on with what this one is.
    thinking: Option<Thought>,
    done: bool,
}

/// What a thought is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Thought {
    /// What to do with the tools.
    Plan,
    /// Anything.
    Thinking,
}

/// What stands between a plan and other thoughts.
const PARAGRAPH: &str = "\n\n";

/// No answer calls so many tools; one that does is not one.
const CALLS_MAX: usize = 1_024;

impl Answer {
    /// Whether the provider said that the answer is complete.
    pub(super) const fn is_done(&self) -> bool {
        self.done
    }

    /// Reads an event of a stream. Events of a later version are passed over.
    pub(super) fn event(&mut self, event: Event, out: &mut Vec<ChatEvent>) -> Result<(), Fault> {
        let kind = event.kind.unwrap_or_default();
        let delta = event.delta.unwrap_or_default();
        match kind.as_str() {
            "message-start" => identify(event.id, out),
            "content-start" | "content-delta" => {
                let before = out.len();
                self.message(delta.message.unwrap_or_default(), out);
                let says = out.iter().skip(before).any(|it| matches!(it, ChatEvent::Text(_)));
                let items: Vec<_> = event.logprobs.into_iter().filter(|_| says).collect();
                out.extend(logprobs(&items));
            }
            "tool-plan-delta" | "citation-start" => {
                self.message(delta.message.unwrap_or_default(), out);
            }
            "tool-call-start" | "tool-call-delta" => {
                let calls = delta.message.and_then(|message| message.tool_calls);
                for call in calls.into_iter().flat_map(Pieces::into_list) {
                    self.call(event.index, call, out);
                }
            }
            "message-end" => return self.end(delta, out),
            "" => {
                if let Some(message) = event.message.as_ref().and_then(Value::as_str) {
                    return Err(broken(FaultKind::Broken, Some(message)));
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Reads a whole answer.
    pub(super) fn whole(
        &mut self,
        response: Response,
        out: &mut Vec<ChatEvent>,
    ) -> Result<(), Fault> {
        identify(response.id, out);
        match response.message {
            Some(Said::Answer(message)) => self.message(message, out),
            Some(Said::Error(message)) => {
                return Err(broken(FaultKind::Broken, Some(&message)));
            }
            None => return Err(Fault::malformed("it has no message")),
        }
        out.extend(logprobs(&response.logprobs.unwrap_or_default()));
        let (finish_reason, usage) = (response.finish_reason, response.usage);
        self.end(Delta { finish_reason, usage, ..Delta::default() }, out)
    }

    fn message(&mut self, message: Message, out: &mut Vec<ChatEvent>) {
        if let Some(plan) = message.tool_plan {
            self.thought(Thought::Plan, plan, out);
        }
        for Content { text, thinking } in message.content.into_iter().flat_map(Pieces::into_list) {
            self.thought(Thought::Thinking, thinking.unwrap_or_default(), out);
            if let Some(text) = text.filter(|text| !text.is_empty()) {
                self.thinking = None;
                out.push(ChatEvent::Text(text));
            }
        }
        // Right behind the text that they are about.
        for citation in message.citations.into_iter().flat_map(Pieces::into_list) {
            out.extend(annotations(&citation));
        }
        for call in message.tool_calls.into_iter().flat_map(Pieces::into_list) {
            self.call(None, call, out);
        }
    }

    fn thought(&mut self, kind: Thought, text: String, out: &mut Vec<ChatEvent>) {
        if text.is_empty() {
            return;
        }
        let text = match self.thinking.replace(kind) {
            Some(before) if before != kind => format!("{PARAGRAPH}{text}"),
            Some(_) => text,
            None => {
                self.details = self.details.saturating_add(1);
                text
            }
        };
        let index = self.details.saturating_sub(1);
        let detail = ReasoningDetail::thought(text, ReasoningFormat::Unknown, index);
        out.push(ChatEvent::Reasoning(detail));
    }

    /// A call that has a name is a new one; whatever has none goes on with the one of its number.
    fn call(&mut self, number: Option<u32>, call: ToolCall, out: &mut Vec<ChatEvent>) {
        let function = call.function.unwrap_or_default();
        let known = number.and_then(|number| self.calls.iter().rposition(|it| *it == number));
        let place = match function.name.filter(|name| !name.is_empty()) {
            Some(_) if self.calls.len() >= CALLS_MAX => return,
            Some(name) => {
                let place = self.calls.len();
                let index = count(place);
                self.calls.push(number.unwrap_or(index));
                self.thinking = None;
                let id = call.id.filter(|id| !id.is_empty());
                let id = id.unwrap_or_else(|| format!("{name}_{index}"));
                out.push(ChatEvent::ToolCallStart { index, id, name });
                place
            }
            None => match known.or_else(|| self.calls.len().checked_sub(1)) {
                Some(place) => place,
                None => return,
            },
        };
        if let Some(fragment) = function.arguments.filter(|fragment| !fragment.is_empty()) {
            out.push(ChatEvent::ToolCallArguments { index: count(place), fragment });
        }
    }

    /// An answer that failed is a fault, not a shorter answer: before the first word another
    /// endpoint can still give it.
    fn end(&mut self, delta: Delta, out: &mut Vec<ChatEvent>) -> Result<(), Fault> {
        out.extend(delta.usage.and_then(|it| it.usage()).map(ChatEvent::Usage));
        let error = delta.error.filter(|error| !error.is_empty());
        let native = delta.finish_reason.unwrap_or_default();
        let reason = match (native.as_str(), &error) {
            ("TIMEOUT", _) => return Err(broken(FaultKind::Timeout, error.as_deref())),
            ("ERROR", _) | ("", Some(_)) => {
                return Err(broken(FaultKind::Broken, error.as_deref()));
            }
            ("ERROR_TOXIC", _) => FinishReason::ContentFilter,
            ("ERROR_LIMIT", _) => FinishReason::Length,
            ("USER_CANCEL", _) => FinishReason::Error,
            ("", None) => return Err(Fault::truncated()),
            (native, _) => FinishReason::from_native(native),
        };
        self.done = true;
        out.push(ChatEvent::Finish { reason, native });
        Ok(())
    }
}

fn identify(id: Option<String>, out: &mut Vec<ChatEvent>) {
    out.extend(id.filter(|id| !id.is_empty()).map(ChatEvent::UpstreamId));
}

fn broken(kind: FaultKind, message: Option<&str>) -> Fault {
    let message = message.unwrap_or("The provider could not complete the answer");
    refined(Fault::with_message(kind, message))
}

/// What is cited with an address. Places in a plan or in thoughts are not places in the text.
fn annotations(citation: &Citation) -> Vec<ChatEvent> {
    if citation.kind.as_deref().is_some_and(|kind| kind != "TEXT_CONTENT") {
        return Vec::new();
    }
    let sources = citation.sources.as_deref().unwrap_or_default();
    let documents =
        sources.iter().filter_map(|it| it.document.as_ref().or(it.tool_output.as_ref()));
    documents.filter_map(|document| annotation(citation, document)).collect()
}

fn annotation(citation: &Citation, document: &Map<String, Value>) -> Option<ChatEvent> {
    let word = |names: &[&str]| names.iter().find_map(|name| document.get(*name)?.as_str());
    let cited = UrlCitation {
        url: word(&["url", "link", "source_url"])?,
        title: word(&["title", "name"]).unwrap_or_default(),
        content: word(&["snippet", "text", "content"]),
        start_index: citation.start.unwrap_or(0),
        end_index: citation.end.unwrap_or(0),
    };
    cited.event()
}

/// A token in the contract's form (§3.1).
#[derive(Serialize)]
struct Token<'a> {
    token: &'a str,
    logprob: f64,
    bytes: &'a [u8],
    /// The provider tells of no others.
    top_logprobs: [(); 0],
}

impl<'a> Token<'a> {
    /// A piece of several tokens is as likely as all of them together.
    fn of(item: &'a LogprobItem) -> Option<Self> {
        let token = item.text.as_deref()?;
        let logprob = item.logprobs.as_ref()?.iter().sum();
        Some(Self { token, logprob, bytes: token.as_bytes(), top_logprobs: [] })
    }
}

fn logprobs(items: &[LogprobItem]) -> Option<ChatEvent> {
    #[derive(Serialize)]
    struct Logprobs<'a> {
        content: Vec<Token<'a>>,
        refusal: Option<()>,
    }
    let content: Vec<Token<'_>> = items.iter().filter_map(Token::of).collect();
    if content.is_empty() {
        return None;
    }
    to_raw_value(&Logprobs { content, refusal: None }).ok().map(ChatEvent::Logprobs)
}

fn count(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}
