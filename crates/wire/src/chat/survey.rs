//! What a request's messages contain, found out without building them (contract §2.2).

use std::fmt;

use crate::error::BadRequest;
use crate::json::{
    ScanError, Scanner, Span, kind_of, leaves, not_json, prompt_length, text_length,
};
use crate::translation::data_uri::check_image;

/// What routing, metering and the same-dialect path need to know of the messages.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Survey {
    /// How many messages there are.
    pub messages: u64,
    /// Bytes of text in them, escapes included, and of the tools offered: what a token estimate
    /// starts from.
    pub text_bytes: u64,
    /// Images in them.
    pub images: u64,
    /// Whether an image is given by URL rather than inline.
    pub remote_images: bool,
    /// Whether there is audio.
    pub audio: bool,
    /// Whether there are files.
    pub files: bool,
    /// Whether there is video.
    pub video: bool,
    /// Tools offered.
    pub tools: u64,
    /// Whether something carries a prompt-cache marker (§2.5).
    pub cache_markers: bool,
    /// Whether a message carries fields of this dialect that no provider knows, such as
    /// `reasoning_details`.
    pub extensions: bool,
    /// Whether a tool's result has more than text in it.
    pub tool_media: bool,
    /// What earlier answers have besides text.
    pub answers: AnswerMedia,
    /// Whether a message has the role `developer`.
    pub developer_role: bool,
    /// Whether the last message is the assistant's: the answer goes on from it.
    pub prefill: bool,
}

/// What earlier answers have besides text: by the place in an assistant's message where it stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AnswerMedia {
    /// `images`: pictures that a model drew (contract §3.1).
    pub images: bool,
    /// `audio`: an answer that was spoken.
    pub audio: bool,
    /// `content`: parts other than text.
    pub content: bool,
}

impl AnswerMedia {
    /// Joins what another answer has.
    const fn add(&mut self, other: Self) {
        self.images |= other.images;
        self.audio |= other.audio;
        self.content |= other.content;
    }
}

/// About how many bytes of text a token has, and tokens an image.
const BYTES_PER_TOKEN: u64 = 4;
const TOKENS_PER_IMAGE: u64 = 85;

impl Survey {
    /// About how many tokens the prompt has: for a count that nobody reports.
    pub fn tokens_estimated(&self) -> u64 {
        let images = self.images.saturating_mul(TOKENS_PER_IMAGE);
        self.text_bytes.div_ceil(BYTES_PER_TOKEN).saturating_add(images)
    }
}

const MESSAGE_EXTENSIONS: [&[u8]; 4] = [b"is_error", b"annotations", b"images", b"provider"];

/// Walks the `messages` array that starts at `offset`.
pub(super) fn messages(text: &[u8], offset: usize, survey: &mut Survey) -> Result<(), BadRequest> {
    let mut walk = Walk { text, scanner: Scanner::at(text, offset), survey };
    if walk.scanner.peek() != Some(b'[') {
        return Err(wrong_kind("messages", "array", text, offset));
    }
    walk.scanner.begin_array().map_err(|error| not_json(text, error))?;
    let mut index = 0;
    while walk.more(index)? {
        walk.message(index)?;
        index += 1;
    }
    if index == 0 {
        return Err(BadRequest::new("messages: Array must contain at least 1 element"));
    }
    walk.survey.messages = index;
    Ok(())
}

/// A legacy `prompt` in place of messages: one user message.
pub(super) fn prompt(raw: &str, survey: &mut Survey) -> Result<(), BadRequest> {
    if !raw.starts_with('"') {
        return Err(BadRequest::new(format!("prompt: Expected string, received {}", kind_of(raw))));
    }
    survey.messages = 1;
    survey.text_bytes = bytes(raw.len());
    Ok(())
}

/// Walks the `tools` array that starts at `offset`.
pub(super) fn tools(text: &[u8], offset: usize, survey: &mut Survey) -> Result<(), BadRequest> {
    let mut walk = Walk { text, scanner: Scanner::at(text, offset), survey };
    match walk.scanner.peek() {
        Some(b'[') => {}
        Some(b'n') => return Ok(()),
        _ => return Err(wrong_kind("tools", "array", text, offset)),
    }
    walk.scanner.begin_array().map_err(|error| not_json(text, error))?;
    let mut index = 0;
    while walk.more(index)? {
        walk.tool(index)?;
        index += 1;
    }
    walk.survey.tools = index;
    Ok(())
}

struct Walk<'a, 's> {
    text: &'a [u8],
    scanner: Scanner<'a>,
    survey: &'s mut Survey,
}

impl<'a> Walk<'a, '_> {
    fn more(&mut self, index: u64) -> Result<bool, BadRequest> {
        self.scanner.next_element(index == 0).map_err(|error| not_json(self.text, error))
    }

    fn message(&mut self, index: u64) -> Result<(), BadRequest> {
        let path = || format!("messages.{index}");
        let media_before = self.media();
        let mut role: Option<&[u8]> = None;
        let mut has_content = false;
        let mut has_calls = false;
        let mut answer = AnswerMedia::default();
        // Thoughts often come twice: as plain text and with signatures.
        let mut thoughts = 0;
        let mut first = true;
        self.object(&path)?;
        while let Some(key) = self.member(first)? {
            first = false;
            match key {
                b"role" => {
                    let span = self.value()?;
                    role = self.text.get(span);
                }
                b"content" => has_content = self.content(index)?,
                b"tool_calls" => {
                    let span = self.value()?;
                    has_calls = span.len() > 2 && self.text.get(span.start) == Some(&b'[');
                    self.survey.text_bytes +=
                        self.strings(&span, &[b"name", b"arguments", b"input"])?;
                }
                b"cache_control" => {
                    self.value()?;
                    self.survey.cache_markers = true;
                }
                b"reasoning" | b"reasoning_content" | b"reasoning_details" => {
                    let span = self.value()?;
                    let names: &[&[u8]] = &[b"", b"text", b"summary"];
                    thoughts = thoughts.max(self.strings(&span, names)?);
                    self.survey.extensions = true;
                }
                key => self.other(key, &mut answer)?,
            }
        }
        if role == Some(br#""assistant""#) {
            answer.content = self.media() != media_before;
            self.survey.answers.add(answer);
        }
        self.survey.text_bytes += thoughts;
        self.survey.tool_media |= role == Some(br#""tool""#) && self.media() != media_before;
        self.survey.prefill = role == Some(br#""assistant""#);
        match role {
            Some(br#""developer""#) => self.survey.developer_role = true,
            Some(br#""system""# | br#""user""# | br#""tool""# | br#""assistant""#) => {}
            other => return Err(unknown_role(index, other)),
        }
        if !has_content && !has_calls && !self.survey.prefill {
            return Err(BadRequest::new(format!("messages.{index}.content: Required")));
        }
        Ok(())
    }

    /// A member of a message that has no part in the prompt's text.
    fn other(&mut self, key: &[u8], answer: &mut AnswerMedia) -> Result<(), BadRequest> {
        let span = self.value()?;
        let raw = self.text.get(span).unwrap_or_default();
        self.survey.extensions |= MESSAGE_EXTENSIONS.contains(&key);
        if key == b"images" && raw.starts_with(b"[") && raw.len() > 2 {
            answer.images = true;
            self.survey.remote_images |= memchr::memmem::find(raw, b"\"http").is_some();
        }
        answer.audio |= key == b"audio" && raw.starts_with(b"{");
        Ok(())
    }

    /// What there has been so far besides text.
    const fn media(&self) -> (u64, bool, bool, bool) {
        let survey = &*self.survey;
        (survey.images, survey.audio, survey.files, survey.video)
    }

    /// `false` when the content is `null`.
    fn content(&mut self, message: u64) -> Result<bool, BadRequest> {
        match self.scanner.peek() {
            Some(b'"') => {
                let span = self.value()?;
                self.survey.text_bytes += bytes(span.len());
                Ok(true)
            }
            Some(b'n') => self.value().map(|_| false),
            Some(b'[') => {
                self.scanner.begin_array().map_err(|error| not_json(self.text, error))?;
                let mut index = 0;
                while self.more(index)? {
                    self.part(message, index)?;
                    index += 1;
                }
                Ok(true)
            }
            _ => Err(wrong_kind(
                &format!("messages.{message}.content"),
                "string or array of parts",
                self.text,
                self.scanner.offset(),
            )),
        }
    }

    fn part(&mut self, message: u64, index: u64) -> Result<(), BadRequest> {
        let path = || format!("messages.{message}.content.{index}");
        let mut kind: Option<&[u8]> = None;
        let mut image: Option<Span> = None;
        let mut size = 0;
        let mut first = true;
        self.object(&path)?;
        while let Some(key) = self.member(first)? {
            first = false;
            let span = self.value()?;
            match key {
                b"type" => kind = self.text.get(span),
                b"cache_control" | b"prompt_cache_breakpoint" => self.survey.cache_markers = true,
                b"text" => size = span.len(),
                b"image_url" => image = Some(span),
                _ => {}
            }
        }
        match kind {
            Some(br#""text""# | br#""refusal""#) => self.survey.text_bytes += bytes(size),
            Some(br#""image_url""#) => {
                let image = image.unwrap_or_default();
                self.check_image(&image, &path)?;
                self.survey.images += 1;
                self.survey.remote_images |= !self.has_data_uri(image);
            }
            Some(br#""input_audio""#) => self.survey.audio = true,
            Some(br#""video_url""# | br#""input_video""#) => self.survey.video = true,
            Some(br#""file""#) => self.survey.files = true,
            other => {
                return Err(BadRequest::new(format!(
                    "{}.type: Expected one of text, image_url, input_audio, video_url, file, received {}",
                    path(),
                    shown(other)
                )));
            }
        }
        Ok(())
    }

    fn tool(&mut self, index: u64) -> Result<(), BadRequest> {
        let path = || format!("tools.{index}");
        let mut kind: Option<&[u8]> = None;
        let (mut has_function, mut has_custom) = (false, false);
        let mut first = true;
        self.object(&path)?;
        while let Some(key) = self.member(first)? {
            first = false;
            let span = self.value()?;
            match key {
                b"type" => kind = self.text.get(span),
                b"function" | b"custom" => {
                    let is_object = self.text.get(span.start) == Some(&b'{');
                    let has = if key == b"function" { &mut has_function } else { &mut has_custom };
                    *has = is_object;
                    let tool = self.text.get(span).unwrap_or_default();
                    self.survey.text_bytes += prompt_length(tool);
                }
                b"cache_control" => self.survey.cache_markers = true,
                _ => {}
            }
        }
        let (has, name) = match kind {
            Some(br#""function""#) => (has_function, "function"),
            Some(br#""custom""#) => (has_custom, "custom"),
            other => {
                return Err(BadRequest::new(format!(
                    "tools.{index}.type: Expected \"function\" or \"custom\", received {}; this installation runs no server tools",
                    shown(other)
                )));
            }
        };
        if has { Ok(()) } else { Err(BadRequest::new(format!("tools.{index}.{name}: Required"))) }
    }

    fn object(&mut self, path: &impl Fn() -> String) -> Result<(), BadRequest> {
        if self.scanner.peek() != Some(b'{') {
            return Err(wrong_kind(&path(), "object", self.text, self.scanner.offset()));
        }
        self.scanner.begin_object().map_err(|error| not_json(self.text, error))
    }

    fn member(&mut self, first: bool) -> Result<Option<&'a [u8]>, BadRequest> {
        self.scanner.next_member(first).map_err(|error| not_json(self.text, error))
    }

    fn value(&mut self) -> Result<Span, BadRequest> {
        self.scanner.value().map_err(|error: ScanError| not_json(self.text, error))
    }

    /// Bytes of the strings of a value that stand under one of `names`.
    fn strings(&self, span: &Span, names: &[&[u8]]) -> Result<u64, BadRequest> {
        let mut length = 0_u64;
        leaves(self.text, span.start, |leaf| {
            if names.contains(&leaf.key) {
                length += bytes(text_length(leaf.text));
            }
        })
        .map_err(|error| not_json(self.text, error))?;
        Ok(length)
    }

    /// Refuses an image without an address. What has the wrong type is named where it is read.
    fn check_image(&self, image: &Span, path: &impl Fn() -> String) -> Result<(), BadRequest> {
        let broken = |error| not_json(self.text, error);
        let mut scanner = Scanner::at(self.text, image.start);
        let path = || format!("{}.image_url", path());
        if self.text.get(image.start) != Some(&b'{') {
            return check_image(
                fmt::from_fn(|out| out.write_str(&path())),
                self.text.get(image.clone()).unwrap_or_default(),
            );
        }
        scanner.begin_object().map_err(broken)?;
        let mut first = true;
        while let Some(key) = scanner.next_member(first).map_err(broken)? {
            first = false;
            let span = scanner.value().map_err(broken)?;
            if key == b"url" {
                let url = self.text.get(span).unwrap_or_default();
                check_image(fmt::from_fn(|out| write!(out, "{}.url", path())), url)?;
            }
        }
        Ok(())
    }

    /// `{"url":"data:…"}` or the short form `"data:…"`.
    fn has_data_uri(&self, span: Span) -> bool {
        let value = self.text.get(span).unwrap_or_default();
        let head = value.get(..value.len().min(512)).unwrap_or_default();
        memchr::memmem::find(head, b"\"data:").is_some()
    }
}

fn unknown_role(index: u64, role: Option<&[u8]>) -> BadRequest {
    BadRequest::new(format!(
        "messages.{index}.role: Expected one of system, developer, user, assistant, tool, received {}",
        shown(role)
    ))
}

fn shown(json: Option<&[u8]>) -> String {
    json.and_then(|json| std::str::from_utf8(json).ok())
        .map_or_else(|| "nothing".to_owned(), kind_of)
}

fn wrong_kind(path: &str, expected: &str, text: &[u8], offset: usize) -> BadRequest {
    let rest = text.get(offset..).unwrap_or_default();
    let rest = rest.get(..rest.len().min(64)).unwrap_or_default();
    let shown = kind_of(String::from_utf8_lossy(rest).trim_start());
    let shown = shown.split([',', '}', ']']).next().unwrap_or_default();
    BadRequest::new(format!("{path}: Expected {expected}, received {shown}"))
}

fn bytes(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::chat::ChatCall;

    fn survey(messages: &str) -> Result<Survey, String> {
        ChatCall::read(Bytes::from(format!(r#"{{"messages":{messages}}}"#)))
            .map(|call| call.survey().clone())
            .map_err(|error| error.message().to_owned())
    }

    #[test]
    fn what_messages_contain_is_found() {
        let found = survey(
            r#"[{"role":"developer","content":"be brief"},
                {"role":"user","content":[{"type":"text","text":"what?","cache_control":{"type":"ephemeral"}},
                  {"type":"image_url","image_url":{"url":"data:image/png;base64,AA=="}},
                  {"type":"image_url","image_url":{"url":"https://x/y.png"}}]},
                {"role":"assistant","content":null,"tool_calls":[{"id":"1"}],"reasoning_details":[]},
                {"role":"tool","tool_call_id":"1","content":"42"},
                {"role":"assistant","content":"So"}]"#,
        )
        .unwrap();
        assert_eq!(
            found,
            Survey {
                messages: 5,
                text_bytes: 10 + 7 + 4 + 4,
                images: 2,
                remote_images: true,
                cache_markers: true,
                extensions: true,
                developer_role: true,
                prefill: true,
                ..Survey::default()
            }
        );
    }

    #[test]
    fn tools_are_functions_or_custom() {
        let tools = |tools: &str| {
            let body =
                format!(r#"{{"messages":[{{"role":"user","content":"x"}}],"tools":[{tools}]}}"#);
            ChatCall::read(Bytes::from(body))
                .map(|call| call.survey().tools)
                .map_err(|error| error.message().to_owned())
        };
        let both = r#"{"type":"function","function":{"name":"f"}},{"type":"custom","custom":{"name":"p"}}"#;
        assert_eq!(tools(both), Ok(2));
        for (tool, message) in [
            (r#"{"type":"function","custom":{"name":"f"}}"#, "tools.0.function: Required"),
            (r#"{"type":"custom"}"#, "tools.0.custom: Required"),
            (
                r#"{"type":"web_search"}"#,
                "tools.0.type: Expected \"function\" or \"custom\", received string \"web_search\"; this installation runs no server tools",
            ),
        ] {
            assert_eq!(tools(tool).unwrap_err(), message);
        }
    }

    #[test]
    fn what_is_wrong_with_a_message_is_named() {
        for (messages, error) in [
            ("[]", "messages: Array must contain at least 1 element"),
            ("\"hi\"", "messages: Expected array, received string \"hi\""),
            ("[1]", "messages.0: Expected object, received number 1"),
            (
                r#"[{"content":"x"}]"#,
                "messages.0.role: Expected one of system, developer, user, assistant, tool, received nothing",
            ),
            (
                r#"[{"role":"wizard","content":"x"}]"#,
                "messages.0.role: Expected one of system, developer, user, assistant, tool, received string \"wizard\"",
            ),
            (r#"[{"role":"user"}]"#, "messages.0.content: Required"),
            (
                r#"[{"role":"user","content":5}]"#,
                "messages.0.content: Expected string or array of parts, received number 5",
            ),
            (
                r#"[{"role":"user","content":[{"type":"smell"}]}]"#,
                "messages.0.content.0.type: Expected one of text, image_url, input_audio, video_url, file, received string \"smell\"",
            ),
        ] {
            assert_eq!(survey(messages).unwrap_err(), error);
        }
    }
}
