//! Events as stream chunks (contract §3.3).

use serde::Serialize;
use serde_json::value::RawValue;

use crate::answer::{AnswerWriter, Position};
use crate::chat::event::{AnswerHead, ChatEvent, FinishReason, ReasoningDetail};
use crate::chat::usage::UsageView;
use crate::error::ErrorBody;
use crate::json::write_string;
use crate::translation::custom::CustomArguments;
use crate::translation::whole_calls::WholeCalls;

/// The end of every stream, exactly once.
pub const DONE: &[u8] = b"data: [DONE]\n\n";

/// What keeps a quiet connection open; clients skip it as a comment.
pub const KEEP_ALIVE: &[u8] = b": OPENROUTER PROCESSING\n\n";

/// Writes the chunks of one generation. What all of them share is rendered once.
#[derive(Debug, Clone)]
pub struct ChunkWriter {
    /// `{"id":…,"provider":…,"model":…,"object":…,"created":…` without an end.
    head: Vec<u8>,
    begun: bool,
    /// Images written so far.
    images: u32,
    custom: CustomCalls,
}

/// Calls of custom tools that are on their way.
#[derive(Debug, Clone, Default)]
struct CustomCalls {
    /// The custom tools that are offered.
    names: Vec<String>,
    open: WholeCalls,
    /// Which calls are held.
    held: Vec<u32>,
}

impl CustomCalls {
    /// Takes what is a custom tool's; says whether it was.
    fn take(&mut self, event: &ChatEvent) -> bool {
        match event {
            ChatEvent::ToolCallStart { index, id, name } => {
                self.held.retain(|held| held != index);
                let is_custom = self.names.contains(name);
                if is_custom {
                    self.held.push(*index);
                    self.open.start(*index, id, name);
                }
                is_custom
            }
            ChatEvent::ToolCallArguments { index, fragment } => {
                let is_held = self.held.contains(index);
                if is_held {
                    self.open.add(*index, fragment);
                }
                is_held
            }
            _ => false,
        }
    }
}

#[derive(Serialize)]
struct ToolCallDelta<'a> {
    index: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    function: FunctionDelta<'a>,
}

#[derive(Serialize)]
struct FunctionDelta<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    arguments: &'a str,
}

/// A whole call of a custom tool: its text is known when the function's arguments are.
#[derive(Serialize)]
struct CustomCallDelta<'a> {
    index: u32,
    id: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    custom: CustomDelta<'a>,
}

#[derive(Serialize)]
struct CustomDelta<'a> {
    name: &'a str,
    input: &'a str,
}

#[derive(Serialize)]
struct ImageDelta<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    image_url: ImageUrl<'a>,
    index: u32,
}

#[derive(Serialize)]
struct ImageUrl<'a> {
    url: &'a str,
}

impl ChunkWriter {
    /// Prepares the chunks of one generation.
    pub fn new(head: &AnswerHead) -> Self {
        let mut text = b"{\"id\":".to_vec();
        write_string(&mut text, head.id.as_str());
        text.extend_from_slice(b",\"provider\":");
        write_string(&mut text, &head.provider);
        text.extend_from_slice(b",\"model\":");
        write_string(&mut text, &head.model);
        text.extend_from_slice(b",\"object\":\"chat.completion.chunk\",\"created\":");
        text.extend_from_slice(head.created.unix_seconds().to_string().as_bytes());
        Self { head: text, begun: false, images: 0, custom: CustomCalls::default() }
    }

    /// Calls of these tools are written as calls of custom tools.
    pub(super) fn with_custom(mut self, names: Vec<String>) -> Self {
        self.custom.names = names;
        self
    }

    /// Writes the calls of custom tools that are whole, at the end all.
    fn custom_calls(&mut self, out: &mut Vec<u8>, is_end: bool) {
        let next = if is_end { WholeCalls::next } else { WholeCalls::next_complete };
        while let Some(call) = next(&mut self.custom.open) {
            let input = CustomArguments::input_of(&call.arguments);
            let custom = CustomDelta { name: &call.name, input: &input };
            let (index, id) = (call.index, call.id.as_str());
            let call = CustomCallDelta { index, id, kind: "custom", custom };
            self.chunk(out, |out| member(out, "tool_calls", &[call]), None, None);
        }
    }

    /// The members every chunk begins with, as `{"id":…,"created":…` without an end.
    pub fn head(&self) -> &[u8] {
        &self.head
    }

    fn chunk(
        &self,
        out: &mut Vec<u8>,
        delta: impl FnOnce(&mut Vec<u8>),
        logprobs: Option<&RawValue>,
        finish: Option<(FinishReason, &str)>,
    ) {
        self.open(out);
        choice(out, delta, logprobs, finish);
        out.extend_from_slice(b"]}\n\n");
    }

    fn open(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"data: ");
        out.extend_from_slice(&self.head);
        out.extend_from_slice(b",\"choices\":[");
    }
}

impl AnswerWriter for ChunkWriter {
    /// The first event is preceded by the chunk that says who speaks. Usage is not written: it
    /// rides on the last chunk.
    fn event(&mut self, out: &mut Vec<u8>, event: &ChatEvent) {
        if !event.is_content() {
            return;
        }
        if !self.begun {
            self.chunk(out, speaker, None, None);
            self.begun = true;
        }
        let is_custom = self.custom.take(event);
        self.custom_calls(out, matches!(event, ChatEvent::Finish { .. }));
        if is_custom {
            return;
        }
        match event {
            ChatEvent::Text(text) => {
                self.chunk(out, |out| string(out, "content", text), None, None);
            }
            ChatEvent::Refusal(text) => {
                self.chunk(out, |out| string(out, "refusal", text), None, None);
            }
            ChatEvent::Reasoning(detail) => {
                self.chunk(out, |out| reasoning(out, detail), None, None);
            }
            ChatEvent::ToolCallStart { index, id, name } => {
                let function = FunctionDelta { name: Some(name), arguments: "" };
                let (id, kind) = (Some(id.as_str()), Some("function"));
                let call = ToolCallDelta { index: *index, id, kind, function };
                self.chunk(out, |out| member(out, "tool_calls", &[call]), None, None);
            }
            ChatEvent::ToolCallArguments { index, fragment } => {
                let function = FunctionDelta { name: None, arguments: fragment };
                let call = ToolCallDelta { index: *index, id: None, kind: None, function };
                self.chunk(out, |out| member(out, "tool_calls", &[call]), None, None);
            }
            ChatEvent::Image { url } => {
                let image_url = ImageUrl { url };
                let image = ImageDelta { kind: "image_url", image_url, index: self.images };
                self.images = self.images.saturating_add(1);
                self.chunk(out, |out| member(out, "images", &[image]), None, None);
            }
            ChatEvent::Audio(audio) => {
                self.chunk(out, |out| member(out, "audio", audio), None, None);
            }
            ChatEvent::Annotation(annotation) => {
                self.chunk(out, |out| member(out, "annotations", &[annotation]), None, None);
            }
            ChatEvent::Logprobs(logprobs) => self.chunk(out, |_| {}, Some(logprobs), None),
            ChatEvent::Finish { reason, native } => {
                self.chunk(out, |_| {}, None, Some((*reason, native)));
            }
            ChatEvent::UpstreamId(_)
            | ChatEvent::StopSequence(_)
            | ChatEvent::ServiceTier(_)
            | ChatEvent::Usage(_) => {}
        }
    }

    /// The last chunk repeats the finish reason and carries the usage.
    fn end(&mut self, out: &mut Vec<u8>, finish: (FinishReason, &str), usage: &UsageView) {
        self.custom_calls(out, true);
        self.open(out);
        choice(out, |_| {}, None, Some(finish));
        out.extend_from_slice(b"],\"usage\":");
        usage.write(out);
        out.extend_from_slice(b"}\n\n");
        out.extend_from_slice(DONE);
    }

    /// As §3.3 has it for a failure in the middle of a stream.
    fn fail(&mut self, out: &mut Vec<u8>, error: &ErrorBody, usage: Option<&UsageView>) {
        self.open(out);
        out.extend_from_slice(
            b"{\"index\":0,\"delta\":{\"content\":\"\"},\"finish_reason\":\"error\",\"native_finish_reason\":\"error\",\"logprobs\":null}],\"error\":",
        );
        out.extend_from_slice(error.error_json().get().as_bytes());
        if let Some(usage) = usage {
            out.extend_from_slice(b",\"usage\":");
            usage.write(out);
        }
        out.extend_from_slice(b"}\n\n");
        out.extend_from_slice(DONE);
    }

    fn resume(&mut self, _: Position) {
        self.begun = true;
    }
}

fn choice(
    out: &mut Vec<u8>,
    delta: impl FnOnce(&mut Vec<u8>),
    logprobs: Option<&RawValue>,
    finish: Option<(FinishReason, &str)>,
) {
    out.extend_from_slice(b"{\"index\":0,\"delta\":{");
    let before = out.len();
    delta(out);
    let says = |key: &[u8]| out.get(before..).is_some_and(|it| it.starts_with(key));
    if !says(b",\"content\"") && !says(b",\"tool_calls\"") {
        out.extend_from_slice(b",\"content\":\"\"");
    }
    // Members are written with a comma before them.
    out.remove(before);
    match finish {
        None => out.extend_from_slice(b"},\"finish_reason\":null,\"native_finish_reason\":null"),
        Some((reason, native)) => {
            out.extend_from_slice(b"},\"finish_reason\":\"");
            out.extend_from_slice(reason.as_str().as_bytes());
            out.extend_from_slice(b"\",\"native_finish_reason\":");
            write_string(out, native);
        }
    }
    out.extend_from_slice(b",\"logprobs\":");
    out.extend_from_slice(logprobs.map_or("null", RawValue::get).as_bytes());
    out.push(b'}');
}

/// Who speaks is said once: clients that add deltas up add this up too.
fn speaker(out: &mut Vec<u8>) {
    out.extend_from_slice(b",\"role\":\"assistant\"");
}

fn reasoning(out: &mut Vec<u8>, detail: &ReasoningDetail) {
    out.extend_from_slice(b",\"content\":\"\"");
    if !detail.text().is_empty() {
        string(out, "reasoning", detail.text());
    }
    member(out, "reasoning_details", &[detail]);
}

fn string(out: &mut Vec<u8>, key: &str, text: &str) {
    open_member(out, key);
    write_string(out, text);
}

fn member<T: Serialize + ?Sized>(out: &mut Vec<u8>, key: &str, value: &T) {
    open_member(out, key);
    json(out, value);
}

fn open_member(out: &mut Vec<u8>, key: &str) {
    out.extend_from_slice(b",\"");
    out.extend_from_slice(key.as_bytes());
    out.extend_from_slice(b"\":");
}

fn json<T: Serialize + ?Sized>(out: &mut Vec<u8>, value: &T) {
    let start = out.len();
    if serde_json::to_writer(&mut *out, value).is_err() {
        out.truncate(start);
        out.extend_from_slice(b"null");
    }
}
