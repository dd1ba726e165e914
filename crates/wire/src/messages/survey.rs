//! What a request contains, found out in one walk that builds nothing (contract §3.6).

use std::fmt::Arguments;

use crate::chat::Survey;
use crate::error::BadRequest;
use crate::json::{ScanError, Scanner, Span, kind_of, not_json, prompt_length};
use crate::messages::seal;
use crate::translation::data_uri::check_image;

/// Deepest blocks in blocks looked into: a result, a document in it, a block of its content.
const DEPTH_MAX: u32 = 4;

/// Walks the `messages` array that starts at `offset`.
pub(super) fn messages(text: &[u8], offset: usize, survey: &mut Survey) -> Result<(), BadRequest> {
    let mut walk = Walk::at(text, offset, survey);
    walk.begin_array(format_args!("messages"))?;
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

/// Walks `system`, which starts at `offset`.
pub(super) fn system(text: &[u8], offset: usize, survey: &mut Survey) -> Result<(), BadRequest> {
    Walk::at(text, offset, survey).content(format_args!("system"), 0)
}

/// Walks the `tools` array that starts at `offset`. Definitions are part of what the model reads.
pub(super) fn tools(text: &[u8], offset: usize, survey: &mut Survey) -> Result<(), BadRequest> {
    let mut walk = Walk::at(text, offset, survey);
    walk.begin_array(format_args!("tools"))?;
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

/// What was seen of a block before its type was known.
#[derive(Default)]
struct Seen<'a> {
    kind: Option<&'a [u8]>,
    source: Option<Source<'a>>,
}

/// Where the content of an image or document is.
#[derive(Default)]
struct Source<'a> {
    kind: Option<&'a [u8]>,
    url: Option<&'a [u8]>,
    data_bytes: u64,
}

impl<'a, 's> Walk<'a, 's> {
    const fn at(text: &'a [u8], offset: usize, survey: &'s mut Survey) -> Self {
        Self { text, scanner: Scanner::at(text, offset), survey }
    }

    fn message(&mut self, index: u64) -> Result<(), BadRequest> {
        let path = format_args!("messages.{index}");
        let mut role: Option<&[u8]> = None;
        let (mut has_content, mut first) = (false, true);
        self.begin_object(path)?;
        while let Some(key) = self.member(first)? {
            first = false;
            match key {
                b"role" => {
                    let span = self.value()?;
                    role = self.text.get(span);
                }
                b"content" if self.scanner.peek() != Some(b'n') => {
                    self.content(format_args!("{path}.content"), 0)?;
                    has_content = true;
                }
                _ => self.skip()?,
            }
        }
        self.survey.prefill = role == Some(br#""assistant""#);
        match role {
            Some(br#""user""# | br#""assistant""# | br#""system""#) => {}
            other => {
                return Err(BadRequest::new(format!(
                    "{path}.role: Expected one of user, assistant, system, received {}",
                    shown(other)
                )));
            }
        }
        if has_content {
            return Ok(());
        }
        Err(BadRequest::new(format!("{path}.content: Required")))
    }

    /// A string or an array of blocks.
    fn content(&mut self, path: Arguments<'_>, depth: u32) -> Result<(), BadRequest> {
        match self.scanner.peek() {
            Some(b'"') => self.counted(),
            Some(b'[') if depth < DEPTH_MAX => {
                self.scanner.begin_array().map_err(|error| not_json(self.text, error))?;
                let mut index = 0;
                while self.more(index)? {
                    self.block(path, index, depth)?;
                    index += 1;
                }
                Ok(())
            }
            _ if depth > 0 => self.skip(),
            _ => Err(self.wrong_kind(path, "string or array of blocks")),
        }
    }

    fn block(&mut self, path: Arguments<'_>, index: u64, depth: u32) -> Result<(), BadRequest> {
        if self.scanner.peek() != Some(b'{') {
            return Err(self.wrong_kind(format_args!("{path}.{index}"), "object"));
        }
        let (mut seen, mut first) = (Seen::default(), true);
        self.scanner.begin_object().map_err(|error| not_json(self.text, error))?;
        while let Some(key) = self.member(first)? {
            first = false;
            self.block_member(key, &mut seen, path, depth)?;
        }
        let source = seen.source.unwrap_or_default();
        match (seen.kind, source.kind) {
            (Some(br#""image""#), kind) => {
                let is_remote = kind == Some(br#""url""#);
                if let Some(url) = source.url.filter(|_| is_remote) {
                    check_image(format_args!("{path}.{index}.source.url"), url)?;
                }
                self.survey.images += 1;
                self.survey.remote_images |= is_remote;
            }
            (Some(br#""document""#), Some(br#""text""#)) => {
                self.survey.text_bytes += source.data_bytes;
            }
            // The content was counted block by block.
            (Some(br#""document""#), Some(br#""content""#)) => {}
            (Some(br#""document""#), _) => self.survey.files = true,
            _ => {}
        }
        Ok(())
    }

    fn block_member(
        &mut self,
        key: &[u8],
        seen: &mut Seen<'a>,
        path: Arguments<'_>,
        depth: u32,
    ) -> Result<(), BadRequest> {
        match (key, self.scanner.peek()) {
            (b"type", _) => {
                let span = self.value()?;
                seen.kind = self.text.get(span);
            }
            (b"text" | b"thinking" | b"title" | b"context", Some(b'"')) => self.counted()?,
            (b"content", _) => self.content(path, depth + 1)?,
            (b"source", Some(b'{')) => seen.source = Some(self.source(path, depth)?),
            (b"input", _) => self.read()?,
            (b"signature" | b"data", Some(b'"')) => {
                let span = self.value()?;
                let sealed = self.text.get(span).unwrap_or_default();
                let sealed = sealed.get(1..).unwrap_or_default();
                self.survey.extensions |= sealed.starts_with(seal::PREFIX.as_bytes());
            }
            (b"cache_control", Some(b'{')) => {
                self.value()?;
                self.survey.cache_markers = true;
            }
            _ => self.skip()?,
        }
        Ok(())
    }

    fn source(&mut self, path: Arguments<'_>, depth: u32) -> Result<Source<'a>, BadRequest> {
        let (mut source, mut first) = (Source::default(), true);
        self.scanner.begin_object().map_err(|error| not_json(self.text, error))?;
        while let Some(key) = self.member(first)? {
            first = false;
            match key {
                b"type" => {
                    let span = self.value()?;
                    source.kind = self.text.get(span);
                }
                b"url" => {
                    let span = self.value()?;
                    source.url = self.text.get(span);
                }
                b"data" => source.data_bytes = length(&self.value()?),
                b"content" => self.content(path, depth + 1)?,
                _ => self.skip()?,
            }
        }
        Ok(source)
    }

    fn tool(&mut self, index: u64) -> Result<(), BadRequest> {
        let mut first = true;
        self.begin_object(format_args!("tools.{index}"))?;
        while let Some(key) = self.member(first)? {
            first = false;
            match (key, self.scanner.peek()) {
                (b"cache_control", Some(b'{')) => {
                    self.value()?;
                    self.survey.cache_markers = true;
                }
                _ => self.read()?,
            }
        }
        Ok(())
    }

    /// Counts a string as text of the prompt.
    fn counted(&mut self) -> Result<(), BadRequest> {
        self.survey.text_bytes += length(&self.value()?);
        Ok(())
    }

    /// Counts a value that the model reads as it is.
    fn read(&mut self) -> Result<(), BadRequest> {
        let span = self.value()?;
        self.survey.text_bytes += prompt_length(self.text.get(span).unwrap_or_default());
        Ok(())
    }

    fn begin_array(&mut self, path: Arguments<'_>) -> Result<(), BadRequest> {
        if self.scanner.peek() != Some(b'[') {
            return Err(self.wrong_kind(path, "array"));
        }
        self.scanner.begin_array().map_err(|error| not_json(self.text, error))
    }

    fn begin_object(&mut self, path: Arguments<'_>) -> Result<(), BadRequest> {
        if self.scanner.peek() != Some(b'{') {
            return Err(self.wrong_kind(path, "object"));
        }
        self.scanner.begin_object().map_err(|error| not_json(self.text, error))
    }

    fn more(&mut self, index: u64) -> Result<bool, BadRequest> {
        self.scanner.next_element(index == 0).map_err(|error| not_json(self.text, error))
    }

    fn member(&mut self, first: bool) -> Result<Option<&'a [u8]>, BadRequest> {
        self.scanner.next_member(first).map_err(|error| not_json(self.text, error))
    }

    fn value(&mut self) -> Result<Span, BadRequest> {
        self.scanner.value().map_err(|error: ScanError| not_json(self.text, error))
    }

    fn skip(&mut self) -> Result<(), BadRequest> {
        self.value().map(|_| ())
    }

    fn wrong_kind(&self, path: Arguments<'_>, expected: &str) -> BadRequest {
        let mut scanner = self.scanner.clone();
        let found = scanner.value().ok().and_then(|span| self.text.get(span));
        BadRequest::new(format!("{path}: Expected {expected}, received {}", shown(found)))
    }
}

fn shown(json: Option<&[u8]>) -> String {
    json.and_then(|json| std::str::from_utf8(json).ok())
        .map_or_else(|| "nothing".to_owned(), kind_of)
}

fn length(span: &Span) -> u64 {
    u64::try_from(span.len()).unwrap_or(u64::MAX)
}
