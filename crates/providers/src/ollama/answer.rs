//! An answer line by line: shared by streams and whole answers.

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use tollgate_wire::json::mend_surrogates;
use tollgate_wire::chat::{ChatEvent, FinishReason, ReasoningDetail, ReasoningFormat};

use super::fault::refined;
use super::shape::{Line, Message, ToolCall, usage};
use crate::encoding::is_object;
use crate::{Fault, FaultKind};

/// The state of an answer being read.
#[derive(Debug, Default)]
pub(super) struct Answer {
    calls: u32,
    /// Elements of `reasoning_details` so far.
    details: u32,
    /// The last of them may go on.
    thinking: bool,
    done: bool,
}

impl Answer {
    /// Whether the last line has come.
    pub(super) const fn is_done(&self) -> bool {
        self.done
    }

    /// Reads a line; `data` is its JSON.
    pub(super) fn take(&mut self, data: &[u8], out: &mut Vec<ChatEvent>) -> Result<(), Fault> {
        let line: Line =
            serde_json::from_slice(&mend_surrogates(data)).map_err(|_| not_a_line())?;
        if line.error.is_some() {
            return Err(refined(Fault::in_band(data)));
        }
        let created_at = line.created_at.unwrap_or_default();
        self.message(line.message.unwrap_or_default(), &created_at, out);
        out.extend(line.logprobs.as_deref().and_then(logprobs));
        if line.done != Some(true) {
            return Ok(());
        }
        out.extend(usage(line.prompt_eval_count, line.eval_count).map(ChatEvent::Usage));
        let native = line.done_reason.filter(|it| !it.is_empty());
        let native = native.unwrap_or_else(|| "stop".to_owned());
        let Some(reason) = reason(&native, self.calls) else {
            return Err(Fault::with_message(FaultKind::Empty, "The provider's answer was empty"));
        };
        self.done = true;
        out.push(ChatEvent::Finish { reason, native });
        Ok(())
    }

    fn message(&mut self, message: Message, created_at: &str, out: &mut Vec<ChatEvent>) {
        if let Some(text) = message.thinking.filter(|text| !text.is_empty()) {
            if !self.thinking {
                self.thinking = true;
                self.details = self.details.saturating_add(1);
            }
            let index = self.details.saturating_sub(1);
            let detail = ReasoningDetail::thought(text, ReasoningFormat::Unknown, index);
            out.push(ChatEvent::Reasoning(detail));
        }
        if let Some(text) = message.content.filter(|text| !text.is_empty()) {
            self.thinking = false;
            out.push(ChatEvent::Text(text));
        }
        for call in message.tool_calls.unwrap_or_default() {
            self.call(call, created_at, out);
        }
    }

    fn call(&mut self, call: ToolCall, created_at: &str, out: &mut Vec<ChatEvent>) {
        let index = self.calls;
        self.calls = self.calls.saturating_add(1);
        self.thinking = false;
        let name = call.function.name.unwrap_or_default();
        let given = call.id.filter(|id| !id.is_empty());
        let id = given.unwrap_or_else(|| call_id(created_at, index));
        out.push(ChatEvent::ToolCallStart { index, id, name });
        let fragment = arguments(call.function.arguments.as_deref());
        out.push(ChatEvent::ToolCallArguments { index, fragment });
    }
}

/// What a line that is not one of an answer is.
pub(super) fn not_a_line() -> Fault {
    Fault::malformed("a line is not one of a chat")
}

/// Why it ended; nothing where no answer was given at all: a model was loaded or unloaded.
pub(super) fn reason(native: &str, calls: u32) -> Option<FinishReason> {
    match native {
        "load" | "unload" => None,
        "stop" if calls > 0 => Some(FinishReason::ToolCalls),
        native => Some(FinishReason::from_native(native)),
    }
}

/// An id for a call without one.
fn call_id(created_at: &str, index: u32) -> String {
    let moment: String = created_at.chars().filter(char::is_ascii_digit).take(24).collect();
    if moment.is_empty() { format!("call_{index}") } else { format!("call_{moment}_{index}") }
}

/// Arguments are an object; some imitations give it as text, or none.
pub(super) fn arguments(raw: Option<&RawValue>) -> String {
    let text = match raw {
        Some(raw) if is_object(raw) => raw.get().to_owned(),
        Some(raw) => serde_json::from_str(raw.get()).unwrap_or_default(),
        None => String::new(),
    };
    if text.is_empty() { "{}".to_owned() } else { text }
}

/// The server's list is in the contract's form (§3.1) but for what is around it.
fn logprobs(raw: &RawValue) -> Option<ChatEvent> {
    #[derive(Serialize)]
    struct Logprobs<'a> {
        content: &'a RawValue,
        refusal: Option<()>,
    }
    let has_some = raw.get().starts_with('[') && raw.get().len() > 2;
    let logprobs = has_some.then(|| to_raw_value(&Logprobs { content: raw, refusal: None }).ok());
    logprobs.flatten().map(ChatEvent::Logprobs)
}
