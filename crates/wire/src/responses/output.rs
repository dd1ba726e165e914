//! An answer's events as output items: what a stream shows step by step and a whole answer at the
//! end is the same by construction, because both come from here.

use std::collections::HashSet;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::chat::{ChatEvent, FinishReason, ReasoningDetail, ReasoningKind};
use crate::json::RawObject;
use crate::responses::item::{Call, Item, Kind, Part, Reasoning, Status, Step, Watcher};
use crate::responses::{annotation, tools};

/// Most bytes of an answer that are held, since the end of a stream repeats all of it. No model
/// writes so much; a provider that does is broken.
const HELD_BYTES_MAX: usize = 64 * 1024 * 1024;

/// What an event is counted as besides its text.
const EVENT_BYTES: usize = 64;

/// How many parts are looked at to find the words of a citation.
const LOOKED_BACK_MAX: usize = 1_000;

/// The output so far.
#[derive(Debug, Default)]
pub(super) struct Output {
    items: Vec<Item>,
    /// The item that words or thoughts are added to.
    current: Option<usize>,
    /// Tools that take text.
    custom: Vec<String>,
    /// Characters of words so far.
    characters: u64,
    /// Ids of reasoning so far.
    reasoning_ids: HashSet<String>,
    held_bytes: usize,
    /// The tier that served.
    pub(super) service_tier: Option<String>,
    /// Why the model stopped, in our words and in the provider's.
    pub(super) finish: Option<(FinishReason, String)>,
}

impl Output {
    /// No output yet, for an answer to a request.
    pub(super) fn new(request: Option<&RawObject>) -> Self {
        let custom = request.map(tools::custom_names).unwrap_or_default();
        Self { custom, ..Self::default() }
    }

    /// The items in their order.
    pub(super) fn items(&self) -> &[Item] {
        &self.items
    }

    /// Whether nothing was said, thought, called or drawn.
    pub(super) const fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Whether there was more than is held; then the answer is not whole.
    pub(super) const fn overflowed(&self) -> bool {
        self.held_bytes > HELD_BYTES_MAX
    }

    /// All words of the answer.
    pub(super) fn text(&self) -> String {
        let parts = self.items.iter().flat_map(|item| &item.parts);
        let texts = parts.filter_map(|part| match part {
            Part::OutputText { text, .. } => Some(text.as_str()),
            Part::Refusal { .. } | Part::OutputAudio { .. } | Part::ReasoningText { .. } => None,
        });
        texts.collect()
    }

    /// Takes the next event.
    pub(super) fn event(&mut self, event: &ChatEvent, to: &mut dyn Watcher) {
        self.held_bytes = self.held_bytes.saturating_add(weight(event));
        if self.overflowed() {
            return;
        }
        match event {
            ChatEvent::Text(text) if !text.is_empty() => {
                let before = self.characters;
                let count = u64::try_from(text.chars().count()).unwrap_or(u64::MAX);
                self.characters = before.saturating_add(count);
                self.message(to, |item, to| item.say(text, before, to));
            }
            ChatEvent::Refusal(text) if !text.is_empty() => {
                self.message(to, |item, to| item.refuse(text, to));
            }
            ChatEvent::Audio(audio) => self.message(to, |item, to| item.sound(audio, to)),
            ChatEvent::Reasoning(detail) => self.reason(detail, to),
            ChatEvent::ToolCallStart { index, id, name } => {
                let custom = self.custom.contains(name);
                let (id, name, arguments) = (id.clone(), name.clone(), String::new());
                let call = Call { number: *index, id, name, arguments, custom, left: false };
                self.begin(Kind::Call(call), to);
            }
            ChatEvent::ToolCallArguments { index, fragment } if !fragment.is_empty() => {
                self.argue(*index, fragment, to);
            }
            ChatEvent::Image { url } => {
                self.begin(Kind::Image(url.clone()), to);
                self.leave(to);
            }
            ChatEvent::Annotation(citation) => self.cite(citation, to),
            ChatEvent::Logprobs(logprobs) => self.weigh(logprobs, to),
            ChatEvent::ServiceTier(tier) => self.service_tier = Some(tier.clone()),
            ChatEvent::Finish { reason, native } => self.finish = Some((*reason, native.clone())),
            ChatEvent::Text(_)
            | ChatEvent::Refusal(_)
            | ChatEvent::ToolCallArguments { .. }
            | ChatEvent::UpstreamId(_)
            | ChatEvent::StopSequence(_)
            | ChatEvent::Usage(_) => {}
        }
    }

    /// Ends every item that may still grow.
    pub(super) fn end(&mut self, ending: Status, to: &mut dyn Watcher) {
        self.current = None;
        for item in self.items.iter_mut().filter(|item| item.status.is_none()) {
            item.end(item.status_at_end(ending), to);
        }
    }

    fn begin(&mut self, kind: Kind, to: &mut dyn Watcher) {
        self.leave(to);
        let index = self.items.len();
        self.current = Some(index);
        let item = Item::new(index, kind);
        to.step(&item, Step::Began);
        self.items.push(item);
    }

    /// The current item is whole once another begins. Only of a call more may come: unless its
    /// arguments are whole it stays open. This is looked at once, so that calls which grow in
    /// turns are not read over and over.
    fn leave(&mut self, to: &mut dyn Watcher) {
        let Some(item) = self.current.take().and_then(|at| self.items.get_mut(at)) else { return };
        if let Kind::Call(call) = &mut item.kind
            && (std::mem::replace(&mut call.left, true) || !call.is_whole())
        {
            return;
        }
        item.end(Status::Completed, to);
    }

    fn current(&self) -> Option<&Item> {
        self.current.and_then(|at| self.items.get(at))
    }

    /// Adds to the message being written, or begins one.
    fn message(&mut self, to: &mut dyn Watcher, add: impl FnOnce(&mut Item, &mut dyn Watcher)) {
        if !self.current().is_some_and(|item| matches!(item.kind, Kind::Message)) {
            self.begin(Kind::Message, to);
        }
        if let Some(item) = self.current.and_then(|at| self.items.get_mut(at)) {
            add(item, to);
        }
    }

    fn reason(&mut self, detail: &ReasoningDetail, to: &mut dyn Watcher) {
        let blank = detail.text().is_empty() && detail.data.is_none() && detail.signature.is_none();
        // What a provider's own tools did has no item in this dialect that a client could read.
        if blank || detail.kind == ReasoningKind::ServerToolCall {
            return;
        }
        if !self.current().is_some_and(|item| item.takes(detail)) {
            // Ids are unique within a response.
            let id = detail.id.clone().filter(|id| !id.is_empty());
            let id = id.filter(|id| self.reasoning_ids.insert(id.clone()));
            self.begin(Kind::Reasoning(Reasoning::new(detail, id)), to);
        }
        if let Some(item) = self.current.and_then(|at| self.items.get_mut(at)) {
            item.think(detail, to);
        }
    }

    fn argue(&mut self, number: u32, fragment: &str, to: &mut dyn Watcher) {
        let open = self.items.iter_mut().rev().filter(|item| item.status.is_none());
        let mut calls =
            open.filter(|item| matches!(&item.kind, Kind::Call(call) if call.number == number));
        if let Some(item) = calls.next() {
            item.argue(fragment, to);
        }
    }

    /// A citation belongs to the words it is about, which may be in a message that is whole:
    /// some providers tell all sources at the end.
    fn cite(&mut self, citation: &RawValue, to: &mut dyn Watcher) {
        let start = annotation::start(citation).unwrap_or(u64::MAX);
        let place = self.place_of(start).or_else(|| self.place_of(u64::MAX));
        let Some((at, part, before)) = place else {
            self.message(to, |item, to| {
                item.text_part(0, to);
                item.cite(0, annotation::flat(citation, 0), to);
            });
            return;
        };
        if let Some(item) = self.items.get_mut(at) {
            item.cite(part, annotation::flat(citation, before), to);
        }
    }

    /// The last words that begin at or before `start`: item, part, and characters before them.
    fn place_of(&self, start: u64) -> Option<(usize, usize, u64)> {
        let parts = self.items.iter().rev().flat_map(|item| {
            item.parts.iter().enumerate().rev().map(|(part, it)| (item.index, part, it))
        });
        parts.take(LOOKED_BACK_MAX).find_map(|(item, part, it)| match it {
            Part::OutputText { before, .. } if *before <= start => Some((item, part, *before)),
            Part::OutputText { .. }
            | Part::Refusal { .. }
            | Part::OutputAudio { .. }
            | Part::ReasoningText { .. } => None,
        })
    }

    /// Probabilities of words. Those of thoughts and calls have no place in this dialect.
    fn weigh(&mut self, logprobs: &RawValue, to: &mut dyn Watcher) {
        #[derive(Deserialize)]
        struct Logprobs {
            content: Option<Vec<Box<RawValue>>>,
        }
        let read = serde_json::from_str::<Logprobs>(logprobs.get());
        let Some(content) = read.ok().and_then(|it| it.content).filter(|it| !it.is_empty()) else {
            return;
        };
        if self.current().is_none_or(|item| matches!(item.kind, Kind::Message)) {
            let before = self.characters;
            self.message(to, |item, to| item.weigh(content, before, to));
        }
    }
}

/// Bytes an event adds to what is held.
fn weight(event: &ChatEvent) -> usize {
    let length = |text: &Option<String>| text.as_ref().map_or(0, String::len);
    let text = match event {
        ChatEvent::Text(text) | ChatEvent::Refusal(text) | ChatEvent::Image { url: text } => {
            text.len()
        }
        ChatEvent::Reasoning(detail) => detail.text().len().saturating_add(length(&detail.data)),
        ChatEvent::ToolCallStart { id, name, .. } => id.len().saturating_add(name.len()),
        ChatEvent::ToolCallArguments { fragment, .. } => fragment.len(),
        ChatEvent::Audio(audio) => length(&audio.data).saturating_add(length(&audio.transcript)),
        ChatEvent::Annotation(raw) | ChatEvent::Logprobs(raw) => raw.get().len(),
        ChatEvent::UpstreamId(_)
        | ChatEvent::StopSequence(_)
        | ChatEvent::ServiceTier(_)
        | ChatEvent::Usage(_)
        | ChatEvent::Finish { .. } => 0,
    };
    text.saturating_add(EVENT_BYTES)
}
