//! What a provider may read of a body: text, pictures, recordings, documents, and what it only
//! points to.
//!
//! What a call may cost is held before it begins, and a body's length alone does not tell: nobody
//! reads a picture by the byte, and an address of forty bytes may stand for a book. So bodies that
//! have more than text are walked once. The others are taken by their length.

mod plain;
mod server_tools;
mod walk;

use std::borrow::Cow;
use std::sync::LazyLock;

use memchr::memmem::Finder;

use crate::dialect::GATEWAY_MEMBERS;
use crate::json::{RawObject, compact_length};
use crate::operation::OperationCall;
use crate::{Call, Dialect};

use server_tools::ServerTools;

/// What a provider may read of a body.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Weight {
    /// Bytes of all that a model may read and that is no media: text, names and JSON, wherever it
    /// stands, without white space between tokens. What is around a message is not among it.
    pub text: u64,
    /// Pictures inside.
    pub images: u64,
    /// Their bytes in Base64.
    pub image_bytes: u64,
    /// Pictures that are given by address or name.
    pub remote_images: u64,
    /// Bytes of audio and video inside, in Base64.
    pub recorded_bytes: u64,
    /// Bytes of documents inside, in Base64.
    pub document_bytes: u64,
    /// Documents that are given by address or name, prompts that a provider keeps among them.
    pub pointed_documents: u64,
    /// What is given by address or name and may be as long as a context: recordings, and contents
    /// that a provider has cached.
    pub pointed_contexts: u64,
    /// Searches in the web that the provider may run, where it is offered any.
    pub searches: u64,
    /// Whether the provider is offered tools of its own, and reads what they find.
    pub reads_more: bool,
}

/// Where conversations have their media, in all dialects.
const CONVERSATIONS: &[&str] = &[
    "messages",
    "input",
    "contents",
    "prompt",
    "system",
    "systemInstruction",
    "system_instruction",
];
/// Where operations have theirs.
const MATERIALS: &[&str] =
    &["input", "documents", "image", "images", "input_references", "references"];
/// Members that no model reads: who asks, what the request is filed under, and how it is answered.
const UNREAD: &[&str] = &[
    "model",
    "metadata",
    "user",
    "safety_identifier",
    "prompt_cache_key",
    "stream_options",
    "service_tier",
];
/// A document that a provider keeps, wherever in a body it is named.
static KEPT_DOCUMENT: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("file_id"));
/// Bytes around a conversation, and around each of its messages and tools, up to which a body is
/// taken by its length: as clients write them they have less.
const FRAME_BYTES: u64 = 1_024;
const FRAME_BYTES_EACH: u64 = 64;
/// Bytes around a message that say who speaks: `{"role":"user","content":""}`. Providers count about
/// four tokens in their place, which whoever weighs tokens adds.
const MESSAGE_FRAME_BYTES: u64 = 28;

impl Call {
    /// What a provider may read of the body. Found out once.
    pub fn weight(&self) -> Weight {
        *self.known_weight().get_or_init(|| self.weigh())
    }

    fn weigh(&self) -> Weight {
        let (object, survey) = (self.object(), self.survey());
        let tools = ServerTools::of(self);
        let mut weight = if self.has_more_than_text() {
            of_object(object, CONVERSATIONS)
        } else {
            let text = read_members(object).map(|(name, raw)| count(name.len() + raw.len()));
            Weight { text: text.fold(0, u64::saturating_add), ..Weight::default() }
        };
        let frames = survey.messages.saturating_mul(MESSAGE_FRAME_BYTES);
        weight.text = weight.text.saturating_sub(frames).max(survey.text_bytes);
        // What stands there in a form that the walk does not know is there all the same.
        let images = weight.images.saturating_add(weight.remote_images);
        weight.images = weight.images.saturating_add(survey.images.saturating_sub(images));
        if self.dialect() == Dialect::Responses && has_object(self.member("prompt")) {
            weight.pointed_documents = weight.pointed_documents.saturating_add(1);
        }
        let cached = ["cachedContent", "cached_content"];
        if cached.iter().any(|name| self.member(name).is_some()) {
            weight.pointed_contexts = weight.pointed_contexts.saturating_add(1);
        }
        Weight { searches: tools.searches, reads_more: tools.reads_more, ..weight }
    }

    /// Whether anything in the body is more or less than it is long.
    fn has_more_than_text(&self) -> bool {
        let survey = self.survey();
        let has_media = survey.images > 0
            || survey.audio
            || survey.video
            || survey.files
            || survey.tool_media
            || survey.answers.images
            || survey.answers.audio;
        let each = survey.messages.saturating_add(survey.tools).saturating_mul(FRAME_BYTES_EACH);
        let known = survey.text_bytes.saturating_add(FRAME_BYTES).saturating_add(each);
        let text = self.object().text();
        // What the survey does not look into, and what it can't read because it is written otherwise.
        has_media
            || count(text.len()) > known
            || self.instructions().any(has_object)
            || KEPT_DOCUMENT.find(text.as_bytes()).is_some()
            || plain::is_escaped(text)
    }

    fn instructions(&self) -> impl Iterator<Item = Option<&str>> {
        ["systemInstruction", "system_instruction", "system"].into_iter().map(|it| self.member(it))
    }
}

impl OperationCall {
    /// What a provider may read of the body: of the members that are known, what the operation is
    /// billed by and media; of all others, every byte.
    pub fn weight(&self) -> Weight {
        let survey = self.survey();
        let unknown = self.unknown_members().filter(|(name, _)| !UNREAD.contains(name));
        let unknown = unknown.fold(0_u64, |sum, (name, raw)| {
            sum.saturating_add(count(name.len())).saturating_add(count(raw.len()))
        });
        let text = survey.text_bytes.saturating_add(unknown);
        let has_media = survey.images > 0 || survey.audio || survey.video || survey.files;
        let found = if has_media { of_object(self.object(), MATERIALS) } else { Weight::default() };
        let images = found.images.saturating_add(found.remote_images);
        Weight {
            text,
            images: found.images.saturating_add(survey.images.saturating_sub(images)),
            ..found
        }
    }
}

/// Weighs a body whose media stand in some of its members.
fn of_object(object: &RawObject, places: &[&str]) -> Weight {
    let mut weight = Weight::default();
    for (name, raw) in read_members(object) {
        // What was read as a call is JSON.
        let is_place = places.contains(&name);
        let raw = if is_place { plain::written(raw) } else { Cow::Borrowed(raw) };
        if !is_place || walk::weigh(raw.as_bytes(), name.as_bytes(), &mut weight).is_err() {
            let text = compact_length(raw.as_bytes()).saturating_add(name.len());
            weight.text = weight.text.saturating_add(count(text));
        }
    }
    weight
}

/// Members that a model may read something of. Numbers and switches only say how it answers.
fn read_members(object: &RawObject) -> impl Iterator<Item = (&str, &str)> {
    object.members().filter(|(name, raw)| {
        raw.starts_with(['"', '{', '['])
            && !UNREAD.contains(name)
            && !GATEWAY_MEMBERS.contains(name)
    })
}

fn has_object(raw: Option<&str>) -> bool {
    raw.is_some_and(|raw| raw.starts_with(['{', '[']))
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
