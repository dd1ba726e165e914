//! An answer part by part: shared by streams and whole responses.

use serde_json::value::RawValue;
use tollgate_wire::chat::{AudioDelta, ChatEvent, FinishReason, ReasoningDetail, ReasoningFormat};

use super::conversation::IMAGE;
use super::fault::refined;
use super::grounding::{Grounding, Text};
use super::shape::{Blob, Candidate, FunctionCall, Part, PromptFeedback, Response};
use crate::Fault;
use crate::encoding::is_object;

/// Most signatures that wait for the end of a text. No model signs so often.
const SIGNATURES_MAX: usize = 64;

/// The state of an answer being read.
#[derive(Debug, Default)]
pub(super) struct Answer {
    /// Something of an answer was there.
    begun: bool,
    id: Option<String>,
    calls: u32,
    images: u32,
    /// Elements of `reasoning_details` so far.
    details: u32,
    /// The last of them is thoughts that may go on.
    thinking: bool,
    /// Signatures of the text that is being told. They wait for its end: a stream may bring them
    /// with any piece of it, and a text is one text.
    signatures: Vec<String>,
    /// Why the model stopped. Told at the end, because some versions repeat it with every part.
    finish: Option<(FinishReason, String)>,
    /// Sources so far: the provider repeats them with every part, so they are told at the end.
    grounding: Option<Grounding>,
    /// What they are the sources of.
    text: Text,
}

impl Answer {
    /// Whether anything of an answer was there.
    pub(super) const fn has_begun(&self) -> bool {
        self.begun
    }

    /// Whether it was told why the model stopped: only then the answer is complete.
    pub(super) const fn is_finished(&self) -> bool {
        self.finish.is_some()
    }

    /// Reads a response; `data` is its JSON.
    pub(super) fn take(
        &mut self,
        response: Response,
        data: &[u8],
        out: &mut Vec<ChatEvent>,
    ) -> Result<(), Fault> {
        if response.error.is_some() {
            return Err(refined(Fault::in_band(data), data));
        }
        self.identify(response.response_id, out);
        let candidates = response.candidates.unwrap_or_default();
        let first = candidates.into_iter().find(|it| it.index.unwrap_or(0) == 0);
        if let Some(candidate) = first {
            self.begun = true;
            self.candidate(candidate, out);
        }
        if let Some(feedback) = response.prompt_feedback {
            self.begun = true;
            self.feedback(feedback, out);
        }
        if let Some(report) = response.usage_metadata {
            self.begun = true;
            if report.has_counts() {
                out.push(ChatEvent::Usage(report.usage()));
            }
            out.extend(report.tier().map(ChatEvent::ServiceTier));
        }
        Ok(())
    }

    /// The response has ended.
    pub(super) fn end(&mut self, out: &mut Vec<ChatEvent>) {
        let grounding = self.grounding.take();
        out.extend(grounding.iter().flat_map(|grounding| grounding.annotations(&self.text)));
        self.end_text(out);
        if let Some((reason, native)) = self.finish.take() {
            out.push(ChatEvent::Finish { reason, native });
        }
    }

    fn identify(&mut self, id: Option<String>, out: &mut Vec<ChatEvent>) {
        if let Some(id) = id.filter(|id| self.id.is_none() && !id.is_empty()) {
            out.push(ChatEvent::UpstreamId(id.clone()));
            self.id = Some(id);
        }
    }

    fn candidate(&mut self, candidate: Candidate, out: &mut Vec<ChatEvent>) {
        let parts = candidate.content.and_then(|content| content.parts);
        for part in parts.unwrap_or_default() {
            self.part(part, out);
        }
        out.extend(candidate.logprobs_result.and_then(|it| it.event()));
        self.grounding = candidate.grounding_metadata.or(self.grounding.take());
        if let Some(native) = candidate.finish_reason.filter(|it| is_telling(it)) {
            self.finish = Some((reason(&native, self.calls), native));
        }
    }

    fn part(&mut self, part: Part, out: &mut Vec<ChatEvent>) {
        self.text.part();
        let signature = part.thought_signature.filter(|it| !it.is_empty());
        let text = part.text.filter(|text| !text.is_empty());
        if part.thought == Some(true) {
            // An image thought of is a draft, not an answer.
            if text.is_some() || signature.is_some() {
                self.end_text(out);
            }
            self.thought(text, out);
            self.sealed(signature, None, out);
            return;
        }
        if let Some(call) = part.function_call {
            self.end_text(out);
            self.call(call, signature, out);
            return;
        }
        if let Some(text) = text {
            self.thinking = false;
            self.text.says(&text);
            out.push(ChatEvent::Text(text));
        }
        match part.inline_data.and_then(media) {
            Some(Said::Sound(data)) => {
                self.end_text(out);
                self.thinking = false;
                out.push(ChatEvent::Audio(AudioDelta {
                    data: Some(data),
                    ..AudioDelta::default()
                }));
                self.sealed(signature, None, out);
            }
            Some(Said::Image(url)) => {
                self.end_text(out);
                // Bound to an id no call has.
                let id = format!("{IMAGE}{}", self.images);
                self.images = self.images.saturating_add(1);
                out.push(ChatEvent::Image { url });
                self.sealed(signature, Some(id), out);
            }
            None => self.signatures.extend(signature),
        }
        if self.signatures.len() >= SIGNATURES_MAX {
            self.end_text(out);
        }
    }

    /// The text has ended: its signatures follow.
    fn end_text(&mut self, out: &mut Vec<ChatEvent>) {
        for signature in std::mem::take(&mut self.signatures) {
            self.sealed(Some(signature), None, out);
        }
    }

    fn thought(&mut self, text: Option<String>, out: &mut Vec<ChatEvent>) {
        let Some(text) = text else { return };
        if !self.thinking {
            self.thinking = true;
            self.details = self.details.saturating_add(1);
        }
        let index = self.details.saturating_sub(1);
        let detail = ReasoningDetail::thought(text, ReasoningFormat::Gemini, index);
        out.push(ChatEvent::Reasoning(detail));
    }

    /// Every signature is an element of its own: joined, none of them would hold.
    fn sealed(&mut self, data: Option<String>, id: Option<String>, out: &mut Vec<ChatEvent>) {
        let Some(data) = data else { return };
        let index = self.details;
        self.details = self.details.saturating_add(1);
        self.thinking = false;
        let detail = ReasoningDetail::sealed(data, ReasoningFormat::Gemini, index);
        out.push(ChatEvent::Reasoning(ReasoningDetail { id, ..detail }));
    }

    fn call(&mut self, call: FunctionCall, signature: Option<String>, out: &mut Vec<ChatEvent>) {
        let index = self.calls;
        self.calls = self.calls.saturating_add(1);
        self.thinking = false;
        let name = call.name.unwrap_or_default();
        let given = call.id.filter(|id| !id.is_empty());
        let id = given.unwrap_or_else(|| self.call_id(index, &name));
        self.sealed(signature, Some(id.clone()), out);
        out.push(ChatEvent::ToolCallStart { index, id, name });
        let args = call.args.filter(|args| is_object(args));
        let fragment = args.map_or_else(|| "{}".to_owned(), |args| compact(&args));
        out.push(ChatEvent::ToolCallArguments { index, fragment });
    }

    /// An id for a call without one. It holds the answer's, because other providers refuse a
    /// conversation in which two calls share an id.
    fn call_id(&self, index: u32, name: &str) -> String {
        match &self.id {
            Some(answer) => format!("call_{answer}_{index}"),
            None => format!("call_{index}_{name}"),
        }
    }

    fn feedback(&mut self, feedback: PromptFeedback, out: &mut Vec<ChatEvent>) {
        let Some(native) = feedback.block_reason.filter(|it| is_telling(it)) else { return };
        let message = feedback.block_reason_message.filter(|it| !it.is_empty());
        out.extend(message.map(ChatEvent::Refusal));
        self.finish = Some((FinishReason::ContentFilter, native));
    }
}

/// The contract's word for the provider's, of an answer that called so many tools.
pub(super) fn reason(native: &str, calls: u32) -> FinishReason {
    match native {
        "STOP" if calls > 0 => FinishReason::ToolCalls,
        "IMAGE_PROHIBITED_CONTENT" | "IMAGE_RECITATION" => FinishReason::ContentFilter,
        "TOO_MANY_TOOL_CALLS"
        | "MISSING_THOUGHT_SIGNATURE"
        | "MALFORMED_RESPONSE"
        | "NO_IMAGE"
        | "IMAGE_OTHER" => FinishReason::Error,
        _ => FinishReason::from_native(native),
    }
}

/// The provider's zero value says nothing.
pub(super) fn is_telling(reason: &str) -> bool {
    !reason.is_empty() && !reason.ends_with("_UNSPECIFIED")
}

/// What an answer has besides words.
enum Said {
    /// A data URI.
    Image(String),
    /// Base64.
    Sound(String),
}

fn media(blob: Blob) -> Option<Said> {
    let (mime_type, data) = (blob.mime_type?, blob.data?);
    if mime_type.starts_with("image/") {
        return Some(Said::Image(format!("data:{mime_type};base64,{data}")));
    }
    mime_type.starts_with("audio/").then_some(Said::Sound(data))
}

/// JSON without the white space between its tokens: the array form is indented.
fn compact(json: &RawValue) -> String {
    let mut text = String::with_capacity(json.get().len());
    let (mut in_string, mut escaped) = (false, false);
    for character in json.get().chars() {
        if in_string {
            in_string = escaped || character != '"';
            escaped = !escaped && character == '\\';
        } else if character.is_ascii_whitespace() {
            continue;
        } else {
            in_string = character == '"';
        }
        text.push(character);
    }
    text
}
