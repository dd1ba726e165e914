//! An answer item by item: shared by streams and whole responses.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tollgate_wire::chat::{
    ChatEvent, FinishReason, ReasoningDetail, ReasoningFormat, ReasoningKind, UrlCitation,
};

use super::places::{Places, Slot};
use super::shape::{
    CallItem, Citation, Event, ImageItem, Kind, MessageItem, Piece, ReasoningItem, Response, read,
    text,
};
use super::{fault, usage};
use crate::Fault;

/// The state of an answer being read.
#[derive(Debug, Default)]
pub(super) struct Answer {
    places: Places,
    /// Calls, details and searches so far.
    counts: Counts,
    /// Characters of text so far, for the place of a citation.
    characters: u64,
    /// The reasoning item being read, and its id as it was first given: some providers change it
    /// from event to event.
    thinking: Option<(u64, String)>,
    identified: bool,
    finished: bool,
}

#[derive(Debug, Default, Clone, Copy)]
struct Counts {
    calls: u32,
    details: u32,
    messages: u32,
    images: u32,
    searches: u64,
}

type Events = Vec<ChatEvent>;

impl Answer {
    /// Whether the response came to its end.
    pub(super) const fn is_finished(&self) -> bool {
        self.finished
    }

    /// The response object as it stands at the beginning.
    pub(super) fn begin(&mut self, response: &Response<'_>, out: &mut Events) {
        let id = response.id.as_deref().filter(|id| !id.is_empty() && !self.identified);
        if let Some(id) = id {
            self.identified = true;
            out.push(ChatEvent::UpstreamId(id.to_owned()));
        }
    }

    /// The response object at its end. What was not said before is said now.
    pub(super) fn end(&mut self, response: &Response<'_>, out: &mut Events) -> Result<(), Fault> {
        self.begin(response, out);
        self.rest(response.output.as_deref().unwrap_or_default(), out)?;
        let searches = self.counts.searches;
        let usage = response.usage.and_then(|raw| usage::read(raw.get(), searches));
        out.extend(usage.map(ChatEvent::Usage));
        if let Some(tier) = tier(response) {
            out.push(ChatEvent::ServiceTier(tier.to_owned()));
        }
        let finish = finish(response, self.counts.calls > 0)?;
        self.finished = true;
        let (reason, native) = finish;
        out.push(ChatEvent::Finish { reason, native });
        Ok(())
    }

    /// Reads the items of a kind of which nothing came before.
    fn rest(&mut self, items: &[&RawValue], out: &mut Events) -> Result<(), Fault> {
        let before = self.counts;
        for (place, raw) in items.iter().copied().enumerate() {
            let is_new = match kind(raw).as_deref() {
                Some("message") => before.messages == 0,
                Some("reasoning") => before.details == 0,
                Some("function_call") => before.calls == 0,
                Some("image_generation_call") => before.images == 0,
                Some("web_search_call") => before.searches == 0,
                _ => false,
            };
            if is_new {
                self.close(u64::try_from(place).unwrap_or(u64::MAX), raw, out)?;
            }
        }
        Ok(())
    }

    /// An item begins.
    pub(super) fn open(
        &mut self,
        item: u64,
        raw: &RawValue,
        out: &mut Events,
    ) -> Result<(), Fault> {
        match kind(raw).as_deref() {
            Some("function_call") => self.call(item, &parse(raw)?, out),
            Some("reasoning") => {
                let it: ReasoningItem<'_> = parse(raw)?;
                self.thinks(item, it.id.as_deref());
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// An item is complete: what its deltas did not say is said now.
    pub(super) fn close(
        &mut self,
        item: u64,
        raw: &RawValue,
        out: &mut Events,
    ) -> Result<(), Fault> {
        match kind(raw).as_deref() {
            Some("message") => {
                let it: MessageItem<'_> = parse(raw)?;
                for (part, raw) in numbered(it.content) {
                    self.piece((item, part), raw, out)?;
                }
                Ok(())
            }
            Some("reasoning") => self.reasoning(item, &parse(raw)?, out),
            Some("function_call") => {
                let it: CallItem<'_> = parse(raw)?;
                self.call(item, &it, out)?;
                if self.places.has(item, Slot::Arguments) {
                    return Ok(());
                }
                // A call of a tool without parameters may come without arguments.
                let arguments = text(it.arguments).unwrap_or_else(|| "{}".to_owned());
                self.arguments(item, arguments, out)
            }
            Some("image_generation_call") => self.image(item, parse(raw)?, out),
            Some("web_search_call") if !self.places.has(item, Slot::Search) => {
                self.counts.searches = self.counts.searches.saturating_add(1);
                self.places.put(item, Slot::Search, 0)
            }
            _ => Ok(()),
        }
    }

    /// A piece of a message is complete.
    pub(super) fn piece(
        &mut self,
        at: (u64, u64),
        raw: &RawValue,
        out: &mut Events,
    ) -> Result<(), Fault> {
        let piece: Piece<'_> = parse(raw)?;
        match piece.kind.as_deref() {
            Some("output_text") => {
                if !self.places.has(at.0, Slot::Text(at.1)) {
                    let whole = piece.text.map(Cow::into_owned).unwrap_or_default();
                    self.text(at, whole, piece.logprobs, out)?;
                }
                if self.places.has(at.0, Slot::Citations(at.1)) {
                    return Ok(());
                }
                for annotation in piece.annotations.into_iter().flatten() {
                    self.citation(at, annotation, out)?;
                }
                Ok(())
            }
            Some("refusal") if !self.places.has(at.0, Slot::Refusal(at.1)) => {
                self.refusal(at, piece.refusal.map(Cow::into_owned).unwrap_or_default(), out)
            }
            // A piece of thought comes here too: its item will say it again.
            _ => Ok(()),
        }
    }

    /// Whether there is text at a place already.
    pub(super) fn has(&self, item: u64, slot: Slot) -> bool {
        self.places.has(item, slot)
    }

    /// More text.
    pub(super) fn text(
        &mut self,
        at: (u64, u64),
        text: String,
        logprobs: Option<&RawValue>,
        out: &mut Events,
    ) -> Result<(), Fault> {
        if text.is_empty() {
            return Ok(());
        }
        let slot = Slot::Text(at.1);
        if !self.places.has(at.0, slot) {
            self.places.put(at.0, slot, self.characters)?;
            self.counts.messages = self.counts.messages.saturating_add(1);
        }
        let characters = u64::try_from(text.chars().count()).unwrap_or(u64::MAX);
        self.characters = self.characters.saturating_add(characters);
        out.push(ChatEvent::Text(text));
        out.extend(logprobs.and_then(probabilities).map(ChatEvent::Logprobs));
        Ok(())
    }

    /// More of a refusal.
    pub(super) fn refusal(
        &mut self,
        at: (u64, u64),
        text: String,
        out: &mut Events,
    ) -> Result<(), Fault> {
        if text.is_empty() {
            return Ok(());
        }
        if !self.places.has(at.0, Slot::Refusal(at.1)) {
            self.places.put(at.0, Slot::Refusal(at.1), 0)?;
            self.counts.messages = self.counts.messages.saturating_add(1);
        }
        out.push(ChatEvent::Refusal(text));
        Ok(())
    }

    /// A citation in the contract's form (§3.1): its place is counted from the beginning of the
    /// answer, the provider's from that of the piece.
    pub(super) fn citation(
        &mut self,
        at: (u64, u64),
        raw: &RawValue,
        out: &mut Events,
    ) -> Result<(), Fault> {
        let Some(citation) = read::<Citation<'_>>(Some(raw)) else { return Ok(()) };
        let url =
            citation.url.as_deref().filter(|_| citation.kind.as_deref() == Some("url_citation"));
        let Some(url) = url else { return Ok(()) };
        let begin = self.places.get(at.0, Slot::Text(at.1)).unwrap_or(0);
        let place = |index: Option<u64>| begin.saturating_add(index.unwrap_or(0));
        let cited = UrlCitation {
            url,
            title: citation.title.as_deref().unwrap_or_default(),
            content: None,
            start_index: place(citation.start_index),
            end_index: place(citation.end_index),
        };
        out.extend(cited.event());
        self.places.put(at.0, Slot::Citations(at.1), 0)
    }

    /// More of a call's arguments. Those of a call that was not announced wait for its end, which
    /// names it.
    pub(super) fn arguments(
        &mut self,
        item: u64,
        fragment: String,
        out: &mut Events,
    ) -> Result<(), Fault> {
        let Some(number) = self.places.get(item, Slot::Call) else { return Ok(()) };
        if fragment.is_empty() {
            return Ok(());
        }
        self.places.put(item, Slot::Arguments, 0)?;
        let index = u32::try_from(number).unwrap_or(u32::MAX);
        out.push(ChatEvent::ToolCallArguments { index, fragment });
        Ok(())
    }

    /// More of a thought or of its summary.
    pub(super) fn thought(
        &mut self,
        at: (u64, Slot),
        id: Option<&str>,
        text: String,
        out: &mut Events,
    ) -> Result<(), Fault> {
        if text.is_empty() {
            return Ok(());
        }
        let (item, slot) = at;
        let index = match self.places.get(item, slot) {
            Some(index) => u32::try_from(index).unwrap_or(u32::MAX),
            None => self.detail(item, slot)?,
        };
        let (kind, text, summary) = match slot {
            Slot::Thought(_) => (ReasoningKind::Text, Some(text), None),
            _ => (ReasoningKind::Summary, None, Some(text)),
        };
        let id = self.thinks(item, id);
        let empty = ReasoningDetail::thought(String::new(), ReasoningFormat::OpenAi, index);
        out.push(ChatEvent::Reasoning(ReasoningDetail { kind, text, summary, id, ..empty }));
        Ok(())
    }

    fn reasoning(
        &mut self,
        item: u64,
        it: &ReasoningItem<'_>,
        out: &mut Events,
    ) -> Result<(), Fault> {
        let id = it.id.as_deref();
        let summary =
            it.summary.iter().flatten().zip(0..).map(|(raw, at)| (raw, Slot::Summary(at)));
        let content =
            it.content.iter().flatten().zip(0..).map(|(raw, at)| (raw, Slot::Thought(at)));
        for (raw, slot) in summary.chain(content) {
            if !self.places.has(item, slot) {
                let piece: Piece<'_> = parse(raw)?;
                let text = piece.text.map(Cow::into_owned).unwrap_or_default();
                self.thought((item, slot), id, text, out)?;
            }
        }
        let data = it.encrypted_content.as_deref().filter(|data| !data.is_empty());
        let Some(data) = data.filter(|_| !self.places.has(item, Slot::Seal)) else {
            return Ok(());
        };
        let index = self.detail(item, Slot::Seal)?;
        let id = self.thinks(item, id);
        let sealed = ReasoningDetail::sealed(data.to_owned(), ReasoningFormat::OpenAi, index);
        out.push(ChatEvent::Reasoning(ReasoningDetail { id, ..sealed }));
        Ok(())
    }

    /// The id of the reasoning item being read.
    fn thinks(&mut self, item: u64, id: Option<&str>) -> Option<String> {
        if self.thinking.as_ref().is_none_or(|(known, _)| *known != item) {
            let id = id.filter(|id| !id.is_empty())?;
            self.thinking = Some((item, id.to_owned()));
        }
        self.thinking.as_ref().map(|(_, id)| id.clone())
    }

    /// A number for a new detail.
    fn detail(&mut self, item: u64, slot: Slot) -> Result<u32, Fault> {
        let index = self.counts.details;
        self.places.put(item, slot, u64::from(index))?;
        self.counts.details = index.saturating_add(1);
        Ok(index)
    }

    /// Announces a call, once.
    fn call(&mut self, item: u64, it: &CallItem<'_>, out: &mut Events) -> Result<(), Fault> {
        if self.places.has(item, Slot::Call) {
            return Ok(());
        }
        let index = self.counts.calls;
        self.places.put(item, Slot::Call, u64::from(index))?;
        self.counts.calls = index.saturating_add(1);
        let id = it.call_id.as_deref().or(it.id.as_deref()).filter(|id| !id.is_empty());
        let id = id.map_or_else(|| format!("call_{index}"), str::to_owned);
        let name = it.name.as_deref().unwrap_or_default().to_owned();
        out.push(ChatEvent::ToolCallStart { index, id, name });
        Ok(())
    }

    fn image(&mut self, item: u64, it: ImageItem<'_>, out: &mut Events) -> Result<(), Fault> {
        let result = it.result.filter(|result| !result.is_empty());
        let Some(result) = result.filter(|_| !self.places.has(item, Slot::Image)) else {
            return Ok(());
        };
        self.places.put(item, Slot::Image, 0)?;
        self.counts.images = self.counts.images.saturating_add(1);
        let format = it.output_format.as_deref().unwrap_or("png");
        out.push(ChatEvent::Image { url: format!("data:image/{format};base64,{result}") });
        Ok(())
    }
}

/// The tier that served; what was asked for is none.
pub(super) fn tier<'a>(response: &'a Response<'_>) -> Option<&'a str> {
    response.service_tier.as_deref().filter(|tier| *tier != "auto")
}

/// Why the response ended, in our words and in the provider's.
pub(super) fn finish(
    response: &Response<'_>,
    called: bool,
) -> Result<(FinishReason, String), Fault> {
    match response.status.as_deref() {
        Some("failed" | "cancelled") => Err(fault::of_response(response.error)),
        Some("incomplete") => {
            let details = response.incomplete_details.as_ref();
            let native = details.and_then(|it| it.reason.as_deref()).unwrap_or("incomplete");
            let reason = match FinishReason::from_native(native) {
                // It did not stop by itself, whatever the word.
                FinishReason::Stop => FinishReason::Length,
                reason => reason,
            };
            Ok((reason, native.to_owned()))
        }
        Some("in_progress" | "queued") => Err(Fault::truncated()),
        None | Some(_) => {
            let reason = if called { FinishReason::ToolCalls } else { FinishReason::Stop };
            Ok((reason, "completed".to_owned()))
        }
    }
}

/// The kind of an item.
pub(super) fn kind(raw: &RawValue) -> Option<Cow<'_, str>> {
    read::<Kind<'_>>(Some(raw)).and_then(|it| it.kind)
}

fn parse<'a, T: Deserialize<'a>>(raw: &'a RawValue) -> Result<T, Fault> {
    serde_json::from_str(raw.get())
        .map_err(|error| Fault::malformed(&format!("an item can't be read: {error}")))
}

fn numbered(list: Option<Vec<&RawValue>>) -> impl Iterator<Item = (u64, &RawValue)> {
    (0..).zip(list.into_iter().flatten())
}

/// The place an event is about.
pub(super) fn content_of(event: &Event<'_>) -> (u64, u64) {
    (event.output_index.unwrap_or(0), event.content_index.unwrap_or(0))
}

/// Probabilities in the contract's form (§3.1), which has a list of bytes with every token.
fn probabilities(raw: &RawValue) -> Option<Box<RawValue>> {
    #[derive(Deserialize, Serialize)]
    struct Token<'a> {
        #[serde(borrow)]
        token: Cow<'a, str>,
        #[serde(borrow)]
        logprob: &'a RawValue,
        #[serde(default)]
        bytes: Option<Vec<u8>>,
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        top_logprobs: Option<Vec<Self>>,
    }
    #[derive(Serialize)]
    struct Probabilities<'a> {
        content: Vec<Token<'a>>,
        refusal: Option<()>,
    }
    let content: Vec<Token<'_>> = read(Some(raw))?;
    if content.is_empty() {
        return None;
    }
    serde_json::value::to_raw_value(&Probabilities { content, refusal: None }).ok()
}
