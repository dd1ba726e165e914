//! What chunks and completions hold, and the events it becomes.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;
use tollgate_wire::chat::{AudioDelta, ChatEvent, FinishReason, ReasoningDetail, ReasoningFormat};

use super::calls::{Call, Calls, Function};
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
pub(super) enum Content<'a> {
    Text(#[serde(borrow)] Cow<'a, str>),
    Pieces(#[serde(borrow)] Vec<Piece<'a>>),
    Other(serde::de::IgnoredAny),
}

impl Content<'_> {
    /// Appends what it says.
    pub(super) fn take(self, out: &mut Vec<ChatEvent>) {
        match self {
            Self::Text(text) => push_text(out, text),
            Self::Pieces(pieces) => pieces.into_iter().for_each(|it| piece(it, out)),
            Self::Other(_) => {}
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Piece<'a> {
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
    calls: Calls,
}

impl Answer {
    /// An answer that comes at once.
    pub(super) fn whole() -> Self {
        Self { calls: Calls::of_whole(), ..Self::default() }
    }

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
        let counted = counted.map(|raw| raw.get().as_bytes());
        out.extend(counted.and_then(usage::read).map(ChatEvent::Usage));
        let tier = body.service_tier.map(Cow::into_owned);
        out.extend(tier.or_else(|| usage::tier(counted?)).map(ChatEvent::ServiceTier));
        self.begun |= out.iter().skip(begin).any(ChatEvent::is_content);
    }

    fn choice(&mut self, choice: Choice<'_>, out: &mut Vec<ChatEvent>) {
        let delta = choice.delta.unwrap_or_default();
        thoughts(&delta, out);
        if let Some(content) = delta.content {
            content.take(out);
        }
        let refusal = delta.refusal.filter(|text| !text.is_empty());
        out.extend(refusal.map(|text| ChatEvent::Refusal(text.into_owned())));
        for (position, call) in delta.tool_calls.into_iter().flatten().enumerate() {
            self.calls.take(position, call, out);
        }
        if let Some(function) = delta.function_call {
            self.calls.take(0, Call::only(function), out);
        }
        let images = delta.images.into_iter().flatten();
        out.extend(images.map(|it| ChatEvent::Image { url: it.image_url.url.into_owned() }));
        out.extend(delta.audio.map(ChatEvent::Audio));
        out.extend(delta.annotations.into_iter().flatten().map(ChatEvent::Annotation));
        let logprobs = choice.logprobs.filter(|raw| raw.get() != "null");
        out.extend(logprobs.map(|raw| ChatEvent::Logprobs(raw.to_owned())));
        self.finish(choice.finish_reason, choice.native_finish_reason, out);
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
