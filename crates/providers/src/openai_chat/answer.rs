//! What chunks and completions hold, and the events it becomes.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;
use tollgate_wire::chat::{AudioDelta, ChatEvent, FinishReason, ReasoningDetail, ReasoningFormat};

use super::usage;

/// A chunk or a completion.
#[derive(Debug, Deserialize)]
pub(super) struct Body<'a> {
    #[serde(borrow, default)]
    id: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) choices: Option<Vec<Choice<'a>>>,
    #[serde(borrow, default)]
    usage: Option<&'a RawValue>,
    #[serde(borrow, default)]
    x_groq: Option<Groq<'a>>,
    #[serde(borrow, default)]
    service_tier: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) error: Option<&'a RawValue>,
    #[serde(borrow, default)]
    object: Option<Cow<'a, str>>,
}

impl Body<'_> {
    /// Whether it is an error in the form of Mistral and of vLLM, which have no member for it.
    pub(super) fn is_error(&self) -> bool {
        self.object.as_deref() == Some("error")
    }
}

/// Groq puts a stream's usage into a member of its own
/// (<https://console.groq.com/docs/api-reference>).
#[derive(Debug, Deserialize)]
struct Groq<'a> {
    #[serde(borrow, default)]
    usage: Option<&'a RawValue>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Choice<'a> {
    #[serde(borrow, default, alias = "message")]
    delta: Option<Delta<'a>>,
    #[serde(borrow, default)]
    finish_reason: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    native_finish_reason: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    logprobs: Option<&'a RawValue>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Delta<'a> {
    #[serde(borrow)]
    content: Option<Content<'a>>,
    #[serde(borrow)]
    refusal: Option<Cow<'a, str>>,
    #[serde(borrow)]
    reasoning: Option<&'a RawValue>,
    #[serde(borrow)]
    reasoning_content: Option<&'a RawValue>,
    reasoning_details: Option<Vec<ReasoningDetail>>,
    #[serde(borrow)]
    tool_calls: Option<Vec<Call<'a>>>,
    #[serde(borrow)]
    function_call: Option<Function<'a>>,
    #[serde(borrow)]
    images: Option<Vec<Image<'a>>>,
    audio: Option<AudioDelta>,
    annotations: Option<Vec<Box<RawValue>>>,
}

/// Most give text; Mistral's reasoning models give pieces
/// (<https://docs.mistral.ai/capabilities/reasoning/>).
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Content<'a> {
    Text(#[serde(borrow)] Cow<'a, str>),
    Pieces(#[serde(borrow)] Vec<Piece<'a>>),
    Other(serde::de::IgnoredAny),
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Piece<'a> {
    #[serde(borrow)]
    text: Option<Cow<'a, str>>,
    #[serde(borrow)]
    thinking: Option<Vec<Thought<'a>>>,
    signature: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Thought<'a> {
    #[serde(borrow)]
    text: Cow<'a, str>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Call<'a> {
    index: Option<u32>,
    #[serde(borrow)]
    id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    function: Function<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Function<'a> {
    #[serde(borrow)]
    name: Option<Cow<'a, str>>,
    #[serde(borrow)]
    arguments: Option<&'a RawValue>,
}

#[derive(Debug, Deserialize)]
struct Image<'a> {
    #[serde(borrow)]
    image_url: ImageUrl<'a>,
}

#[derive(Debug, Deserialize)]
struct ImageUrl<'a> {
    #[serde(borrow)]
    url: Cow<'a, str>,
}

/// An answer while it is read.
#[derive(Debug, Default)]
pub(super) struct Answer {
    identified: bool,
    begun: bool,
    finished: bool,
    calls: Vec<KnownCall>,
}

/// A call that has been announced.
#[derive(Debug)]
struct KnownCall {
    /// The provider's index, or its position where it gives none.
    index: u32,
    id: String,
}

/// No answer calls so many tools; one that does is not one.
const CALLS_MAX: usize = 1_024;

impl Answer {
    /// Whether there was any content.
    pub(super) const fn has_begun(&self) -> bool {
        self.begun
    }

    /// Whether the model said why it stopped.
    pub(super) const fn has_finished(&self) -> bool {
        self.finished
    }

    /// Takes a chunk or a completion.
    pub(super) fn take(&mut self, body: Body<'_>, out: &mut Vec<ChatEvent>) {
        let begin = out.len();
        if let Some(id) = body.id.filter(|id| !self.identified && !id.is_empty()) {
            self.identified = true;
            out.push(ChatEvent::UpstreamId(id.into_owned()));
        }
        // One choice is asked for; where a provider gives more, the first is the answer.
        if let Some(choice) = body.choices.into_iter().flatten().next() {
            self.choice(choice, out);
        }
        let counted = body.usage.or(body.x_groq.and_then(|groq| groq.usage));
        let usage = counted.and_then(|raw| usage::read(raw.get().as_bytes()));
        out.extend(usage.map(ChatEvent::Usage));
        out.extend(body.service_tier.map(|tier| ChatEvent::ServiceTier(tier.into_owned())));
        self.begun |= out.iter().skip(begin).any(ChatEvent::is_content);
    }

    fn choice(&mut self, choice: Choice<'_>, out: &mut Vec<ChatEvent>) {
        let delta = choice.delta.unwrap_or_default();
        thoughts(&delta, out);
        match delta.content {
            Some(Content::Text(text)) => push_text(out, text),
            Some(Content::Pieces(pieces)) => pieces.into_iter().for_each(|it| piece(it, out)),
            Some(Content::Other(_)) | None => {}
        }
        let refusal = delta.refusal.filter(|text| !text.is_empty());
        out.extend(refusal.map(|text| ChatEvent::Refusal(text.into_owned())));
        for (position, call) in delta.tool_calls.into_iter().flatten().enumerate() {
            self.call(position, call, out);
        }
        if let Some(function) = delta.function_call {
            self.call(0, Call { index: Some(0), id: None, function }, out);
        }
        let images = delta.images.into_iter().flatten();
        out.extend(images.map(|it| ChatEvent::Image { url: it.image_url.url.into_owned() }));
        out.extend(delta.audio.map(ChatEvent::Audio));
        out.extend(delta.annotations.into_iter().flatten().map(ChatEvent::Annotation));
        let logprobs = choice.logprobs.filter(|raw| raw.get() != "null");
        out.extend(logprobs.map(|raw| ChatEvent::Logprobs(raw.to_owned())));
        self.finish(choice.finish_reason, choice.native_finish_reason, out);
    }

    /// A call is announced once; providers differ in whether they repeat its id, number it, or
    /// give it an id at all.
    fn call(&mut self, position: usize, call: Call<'_>, out: &mut Vec<ChatEvent>) {
        let id = call.id.filter(|id| !id.is_empty());
        let known = match (call.index, &id) {
            (Some(index), _) => self.calls.iter().position(|it| it.index == index),
            (None, Some(id)) => self.calls.iter().position(|it| it.id == **id),
            (None, None) if call.function.name.is_none() => self.calls.len().checked_sub(1),
            (None, None) => None,
        };
        let name = call.function.name.filter(|name| !name.is_empty());
        let place = match (known, name) {
            (Some(place), _) => place,
            (None, _) if self.calls.len() >= CALLS_MAX => return,
            (None, name) => {
                let place = self.calls.len();
                let number = u32::try_from(position).unwrap_or_default();
                let index = call.index.unwrap_or_else(|| {
                    self.calls.last().map_or(number, |last| last.index.saturating_add(1))
                });
                let id = id.map_or_else(|| format!("call_{place}"), Cow::into_owned);
                self.calls.push(KnownCall { index, id: id.clone() });
                let name = name.map(Cow::into_owned).unwrap_or_default();
                out.push(ChatEvent::ToolCallStart { index: count(place), id, name });
                place
            }
        };
        let fragment = call.function.arguments.map(arguments).unwrap_or_default();
        if !fragment.is_empty() {
            out.push(ChatEvent::ToolCallArguments { index: count(place), fragment });
        }
    }

    fn finish(
        &mut self,
        reason: Option<Cow<'_, str>>,
        native: Option<Cow<'_, str>>,
        out: &mut Vec<ChatEvent>,
    ) {
        let Some(reason) = reason.filter(|it| !it.is_empty() && !self.finished) else { return };
        self.finished = true;
        let native = native.filter(|it| !it.is_empty());
        let native = native.unwrap_or_else(|| reason.clone()).into_owned();
        out.push(ChatEvent::Finish { reason: FinishReason::from_native(&reason), native });
    }
}

/// Thoughts with their structure where the provider gives it, else as the one text they are.
fn thoughts(delta: &Delta<'_>, out: &mut Vec<ChatEvent>) {
    if let Some(details) = delta.reasoning_details.as_ref().filter(|it| !it.is_empty()) {
        out.extend(details.iter().cloned().map(ChatEvent::Reasoning));
        return;
    }
    let spelt = [delta.reasoning, delta.reasoning_content];
    let text = spelt.into_iter().flatten().find_map(|raw| {
        serde_json::from_str::<String>(raw.get()).ok().filter(|text| !text.is_empty())
    });
    if let Some(text) = text {
        let detail = ReasoningDetail::thought(text, ReasoningFormat::Unknown, 0);
        out.push(ChatEvent::Reasoning(detail));
    }
}

fn piece(piece: Piece<'_>, out: &mut Vec<ChatEvent>) {
    for thought in piece.thinking.into_iter().flatten().filter(|it| !it.text.is_empty()) {
        let text = thought.text.into_owned();
        let detail = ReasoningDetail::thought(text, ReasoningFormat::Unknown, 0);
        out.push(ChatEvent::Reasoning(detail));
    }
    if let Some(signature) = piece.signature.filter(|it| !it.is_empty()) {
        let detail = ReasoningDetail::signed(signature, ReasoningFormat::Unknown, 0);
        out.push(ChatEvent::Reasoning(detail));
    }
    if let Some(text) = piece.text {
        push_text(out, text);
    }
}

fn push_text(out: &mut Vec<ChatEvent>, text: Cow<'_, str>) {
    if !text.is_empty() {
        out.push(ChatEvent::Text(text.into_owned()));
    }
}

/// Arguments are JSON in a string; some providers give the object itself.
fn arguments(raw: &RawValue) -> String {
    match serde_json::from_str::<String>(raw.get()) {
        Ok(text) => text,
        Err(_) if raw.get() == "null" => String::new(),
        Err(_) => raw.get().to_owned(),
    }
}

fn count(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}
