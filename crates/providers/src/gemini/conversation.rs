//! Messages become a system instruction and contents of parts.
//!
//! # Invariants
//!
//! Contents alternate, the first is the user's, and tool results come first in theirs.

use std::borrow::Cow;
use std::collections::HashMap;

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use tollgate_wire::chat::{self, Message, ReasoningDetail, ReasoningFormat, Role};

use super::model::Model;
use super::part::{FunctionCall, FunctionResponse, Part};
use crate::Unsupported;
use crate::encoding::{arguments, empty_object, is_object, prefixed};

/// A whole conversation.
#[derive(Debug)]
pub(super) struct Conversation<'a> {
    /// Instructions, wherever they stood.
    pub(super) system: Vec<Part<'a>>,
    /// What was said.
    pub(super) contents: Vec<Content<'a>>,
    model: Model,
    /// Functions by the id of the call: a result names its function.
    names: HashMap<&'a str, &'a str>,
}

/// All that one side says before the other answers.
#[derive(Debug, Serialize)]
pub(super) struct Content<'a> {
    role: Speaker,
    parts: Vec<Part<'a>>,
}

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Speaker {
    /// The person, and the tools on their behalf.
    User,
    /// The model.
    Model,
}

/// What the user is made to say where the provider wants the user first and the caller sent
/// nothing.
const OPENING: &str = ".";

/// What the provider documents for calls that it did not make itself, or whose signature is lost:
/// <https://ai.google.dev/gemini-api/docs/thought-signatures>.
const UNSIGNED: &str = "skip_thought_signature_validator";

/// What the id of an image begins with that an answer told, before its number.
pub(super) const IMAGE: &str = "image_";

impl<'a> Conversation<'a> {
    /// Reads the messages.
    pub(super) fn read(messages: &'a [Message<'a>], model: Model) -> Result<Self, Unsupported> {
        let (system, contents, names) = (Vec::new(), Vec::new(), HashMap::new());
        let mut conversation = Self { system, contents, model, names };
        for message in messages {
            match message.role {
                Role::System | Role::Developer => conversation.system(message),
                Role::User => conversation.user(message)?,
                Role::Assistant => conversation.assistant(message),
                Role::Tool => conversation.tool(message)?,
            }
        }
        if conversation.contents.first().is_none_or(|it| it.role != Speaker::User) {
            let parts = Part::text(Cow::Borrowed(OPENING)).into_iter().collect();
            conversation.contents.insert(0, Content { role: Speaker::User, parts });
        }
        if model.is_third_generation() {
            conversation.sign_foreign_parts();
        }
        if !model.takes_call_ids() {
            conversation.go_by_order();
        }
        Ok(conversation)
    }

    fn system(&mut self, message: &'a Message<'a>) {
        for part in &message.content {
            if let chat::Part::Text { text, .. } = part {
                self.system.extend(Part::text(Cow::Borrowed(text)));
            }
        }
    }

    fn user(&mut self, message: &'a Message<'a>) -> Result<(), Unsupported> {
        let mut parts = Vec::with_capacity(message.content.len());
        let mut name = message.name.as_deref();
        for part in &message.content {
            let Some(mut part) = Part::read(part, self.model)? else { continue };
            if let (Some(text), true) = (&mut part.text, name.is_some()) {
                *text = Cow::Owned(prefixed(name.take(), text).into_owned());
            }
            parts.push(part);
        }
        self.say(Speaker::User, parts);
        Ok(())
    }

    fn assistant(&mut self, message: &'a Message<'a>) {
        let mut parts = Vec::new();
        for part in &message.content {
            if let chat::Part::Text { text, .. } = part {
                parts.extend(Part::text(Cow::Borrowed(text)));
            }
        }
        // Those it drew; it takes back none by their address.
        let images = message.content.iter().filter(|it| matches!(it, chat::Part::Image { .. }));
        let images = images.filter_map(|image| Part::read(image, self.model).ok().flatten());
        parts.extend(images.filter(|image| image.inline_data.is_some()));
        parts.extend(message.refusal.as_deref().and_then(|it| Part::text(Cow::Borrowed(it))));
        for call in &message.tool_calls {
            self.names.insert(&call.id, &call.name);
            parts.push(Part {
                function_call: Some(FunctionCall {
                    id: &call.id,
                    name: &call.name,
                    args: arguments(&call.arguments),
                }),
                ..Part::default()
            });
        }
        sign(&mut parts, &message.reasoning_details);
        self.say(Speaker::Model, parts);
    }

    fn tool(&mut self, message: &'a Message<'a>) -> Result<(), Unsupported> {
        let mut inside = Vec::new();
        let mut beside = Vec::new();
        for part in &message.content {
            match Part::read(part, self.model)? {
                Some(media) if media.text.is_none() => {
                    let nested = self.model.is_third_generation() && media.inline_data.is_some();
                    if nested { inside.push(media) } else { beside.push(media) }
                }
                _ => {}
            }
        }
        let id = message.tool_call_id.as_deref().unwrap_or_default();
        let known = self.names.get(id).copied();
        let name = known.or(message.name.as_deref()).unwrap_or(id);
        let response = response(message);
        self.answer(Part {
            function_response: Some(FunctionResponse { id, name, response, parts: inside }),
            ..Part::default()
        });
        self.say(Speaker::User, beside);
        Ok(())
    }

    fn say(&mut self, role: Speaker, parts: Vec<Part<'a>>) {
        if parts.is_empty() {
            return;
        }
        match self.contents.last_mut() {
            Some(content) if content.role == role => content.parts.extend(parts),
            _ => self.contents.push(Content { role, parts }),
        }
    }

    /// Adds a tool's result before everything else the content has, and behind earlier results.
    fn answer(&mut self, result: Part<'a>) {
        match self.contents.last_mut() {
            Some(content) if content.role == Speaker::User => {
                let is_result = |part: &&Part<'_>| part.function_response.is_some();
                // Usually there is nothing but results: they are not counted for each.
                if content.parts.last().is_none_or(|last| is_result(&last)) {
                    content.parts.push(result);
                    return;
                }
                let results = content.parts.iter().take_while(is_result).count();
                content.parts.insert(results, result);
            }
            _ => self.contents.push(Content { role: Speaker::User, parts: vec![result] }),
        }
    }

    /// Puts results into the order of their calls and takes the ids away.
    fn go_by_order(&mut self) {
        let mut order = HashMap::new();
        for content in &mut self.contents {
            content.parts.sort_by_key(|part| match &part.function_response {
                Some(result) => order.get(result.id).copied().unwrap_or(usize::MAX - 1),
                // Results come first, and everything else keeps its place behind them.
                None => usize::MAX,
            });
            for part in &mut content.parts {
                if let Some(call) = &mut part.function_call {
                    let place = order.len();
                    order.insert(std::mem::take(&mut call.id), place);
                }
                if let Some(result) = &mut part.function_response {
                    result.id = "";
                }
            }
        }
    }

    /// The first call of each step must be signed; later ones of the same step never are. So must
    /// every image that the model drew.
    fn sign_foreign_parts(&mut self) {
        for content in &mut self.contents {
            let drew = content.role == Speaker::Model;
            for part in content.parts.iter_mut().filter(|it| drew && it.inline_data.is_some()) {
                part.thought_signature.get_or_insert(UNSIGNED);
            }
            let first = content.parts.iter_mut().find(|part| part.function_call.is_some());
            if let Some(part) = first {
                part.thought_signature.get_or_insert(UNSIGNED);
            }
        }
    }
}

/// Puts this provider's signatures back where they hung: on a call, or on an image by its number.
/// One that names neither was on the text;
/// where there is no text, it opens the step's first call. Of several, the first stays on the text
/// and the others follow it on empty texts, as the provider's own streams have them.
fn sign<'a>(parts: &mut Vec<Part<'a>>, details: &'a [ReasoningDetail]) {
    for detail in details.iter().filter(|it| it.format == ReasoningFormat::Gemini) {
        let signature = detail.data.as_deref().or(detail.signature.as_deref());
        let Some(signature) = signature.filter(|it| !it.is_empty()) else { continue };
        let slot = match detail.id.as_deref() {
            Some(id) => signed_part(parts, id),
            None => match parts.iter().rposition(|part| part.text.is_some()) {
                Some(at) if parts.get(at).is_some_and(|it| it.thought_signature.is_some()) => {
                    parts.insert(at + 1, signed_nothing(signature));
                    continue;
                }
                Some(at) => parts.get_mut(at),
                None => parts.first_mut(),
            },
        };
        if let Some(part) = slot {
            part.thought_signature = Some(signature);
        } else if parts.is_empty() && detail.id.is_none() {
            parts.push(signed_nothing(signature));
        }
    }
}

fn signed_part<'p, 'a>(parts: &'p mut [Part<'a>], id: &str) -> Option<&'p mut Part<'a>> {
    let calls = |part: &Part<'_>| part.function_call.as_ref().is_some_and(|call| call.id == id);
    let images = || parts.iter().enumerate().filter(|(_, part)| part.inline_data.is_some());
    let number = || id.strip_prefix(IMAGE)?.parse::<usize>().ok();
    let at = parts.iter().position(calls).or_else(|| Some(images().nth(number()?)?.0));
    parts.get_mut(at?)
}

/// A signature on an empty text.
fn signed_nothing(signature: &str) -> Part<'_> {
    let text = Some(Cow::Borrowed(""));
    Part { text, thought_signature: Some(signature), ..Part::default() }
}

/// A result must be an object: one in JSON is kept, everything else becomes `{"result": …}`.
fn response<'a>(message: &'a Message<'a>) -> Cow<'a, RawValue> {
    #[derive(Serialize)]
    #[serde(rename_all = "snake_case")]
    enum Wrapped<'a> {
        Result(&'a str),
        Error(&'a str),
    }

    let text = message.text();
    if message.is_error {
        return to_raw_value(&Wrapped::Error(&text))
            .map_or_else(|_| Cow::Borrowed(empty_object()), Cow::Owned);
    }
    if let Cow::Borrowed(text) = text
        && let Ok(raw) = serde_json::from_str::<&RawValue>(text)
        && is_object(raw)
    {
        return Cow::Borrowed(raw);
    }
    to_raw_value(&Wrapped::Result(&text)).map_or_else(|_| Cow::Borrowed(empty_object()), Cow::Owned)
}
