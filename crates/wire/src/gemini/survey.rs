//! What a request contains, found out without building it.

use std::fmt::Arguments;

use super::names::camel;
use super::seal::MARK_BASE64;
use crate::chat::Survey;
use crate::error::BadRequest;
use crate::json::{RawObject, leaves, not_json, prompt_length};
use crate::translation::walk::{Walk, count, shown};

/// Surveys the request.
///
/// # Errors
///
/// Names what is missing or has the wrong type.
pub(super) fn request(object: &RawObject, survey: &mut Survey) -> Result<(), BadRequest> {
    let text = object.text().as_bytes();
    let mut surveyor = Surveyor { text, survey };
    let mut has_contents = false;
    for (name, raw, offset) in object.members_at().filter(|(_, raw, _)| *raw != "null") {
        match camel(name).as_ref() {
            "contents" => {
                surveyor.contents(offset)?;
                has_contents = true;
            }
            "systemInstruction" if raw.starts_with('"') => {
                surveyor.survey.text_bytes += count(raw.len());
            }
            "systemInstruction" => {
                let mut walk = Walk::at(text, offset);
                surveyor.content(&mut walk, format_args!("systemInstruction"))?;
            }
            "tools" => surveyor.tools(offset)?,
            _ => {}
        }
    }
    if has_contents { Ok(()) } else { Err(BadRequest::new("contents: Required")) }
}

#[derive(Debug)]
struct Surveyor<'a, 's> {
    text: &'a [u8],
    survey: &'s mut Survey,
}

impl<'a> Surveyor<'a, '_> {
    fn contents(&mut self, offset: usize) -> Result<(), BadRequest> {
        let mut walk = Walk::at(self.text, offset);
        let mut index = 0_u64;
        match walk.peek() {
            Some(b'[') => {
                walk.array("contents")?;
                while walk.element(index == 0)? {
                    self.speech(&mut walk, format_args!("contents.{index}"))?;
                    index += 1;
                }
            }
            Some(b'{') => {
                self.speech(&mut walk, format_args!("contents"))?;
                index = 1;
            }
            _ => return Err(walk.wrong("contents", "array")),
        }
        if index == 0 {
            return Err(BadRequest::new("contents: Array must contain at least 1 element"));
        }
        self.survey.messages = index;
        Ok(())
    }

    /// One element of `contents`.
    fn speech(&mut self, walk: &mut Walk<'a>, path: Arguments<'_>) -> Result<(), BadRequest> {
        let role = self.content(walk, path)?;
        self.survey.prefill = role == Some(br#""model""#);
        match role {
            None | Some(br#""user""# | br#""model""# | br#""function""# | b"null") => Ok(()),
            other => Err(BadRequest::new(format!(
                "{path}.role: Expected one of user, model, function, received {}",
                shown(other)
            ))),
        }
    }

    /// A role and parts; returns the role.
    fn content(
        &mut self,
        walk: &mut Walk<'a>,
        path: Arguments<'_>,
    ) -> Result<Option<&'a [u8]>, BadRequest> {
        let mut role = None;
        let mut first = true;
        walk.object(path)?;
        while let Some(key) = walk.member(first)? {
            first = false;
            match key {
                b"role" => role = Some(walk.raw()?),
                b"parts" => self.parts(walk, format_args!("{path}.parts"))?,
                _ => walk.skip()?,
            }
        }
        Ok(role)
    }

    fn parts(&mut self, walk: &mut Walk<'a>, path: Arguments<'_>) -> Result<(), BadRequest> {
        match walk.peek() {
            Some(b'[') => {
                walk.array(path)?;
                let mut index = 0_u64;
                while walk.element(index == 0)? {
                    self.part(walk, format_args!("{path}.{index}"))?;
                    index += 1;
                }
                Ok(())
            }
            Some(b'{') => self.part(walk, path),
            Some(b'n') => walk.skip(),
            _ => Err(walk.wrong(path, "array of parts")),
        }
    }

    fn part(&mut self, walk: &mut Walk<'a>, path: Arguments<'_>) -> Result<(), BadRequest> {
        let mut first = true;
        walk.object(path)?;
        while let Some(key) = walk.member(first)? {
            first = false;
            let span = walk.value()?;
            match key {
                b"text" => self.survey.text_bytes += count(span.len()),
                b"inlineData" | b"inline_data" => self.media(span.start, false)?,
                b"fileData" | b"file_data" => self.media(span.start, true)?,
                b"functionCall" | b"function_call" => {
                    self.survey.text_bytes +=
                        prompt_length(self.text.get(span).unwrap_or_default());
                }
                b"functionResponse" | b"function_response" => self.result(span.start)?,
                b"executableCode"
                | b"executable_code"
                | b"codeExecutionResult"
                | b"code_execution_result" => self.strings(span.start)?,
                b"thoughtSignature" | b"thought_signature" => {
                    let signature = self.text.get(span).unwrap_or_default();
                    let inner = signature.get(1..).unwrap_or_default();
                    self.survey.extensions |= inner.starts_with(MARK_BASE64.as_bytes());
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// `inlineData` or `fileData`.
    fn media(&mut self, offset: usize, remote: bool) -> Result<(), BadRequest> {
        let mut media_type: &[u8] = b"";
        let mut uri: &[u8] = b"";
        leaves(self.text, offset, |leaf| match leaf.key {
            b"mimeType" | b"mime_type" => media_type = leaf.text,
            b"fileUri" | b"file_uri" => uri = leaf.text,
            _ => {}
        })
        .map_err(|error| not_json(self.text, error))?;
        if media_type.starts_with(b"image/") {
            self.survey.images += 1;
            self.survey.remote_images |= remote;
        } else if media_type.starts_with(b"audio/") && !remote {
            self.survey.audio = true;
        } else if media_type.starts_with(b"video/") || (media_type.is_empty() && is_film(uri)) {
            self.survey.video = true;
        } else {
            self.survey.files = true;
        }
        Ok(())
    }

    /// `functionResponse`: what the tool said, and media beside it.
    fn result(&mut self, offset: usize) -> Result<(), BadRequest> {
        let mut walk = Walk::at(self.text, offset);
        if walk.peek() != Some(b'{') {
            return Ok(());
        }
        let mut first = true;
        walk.object("functionResponse")?;
        while let Some(key) = walk.member(first)? {
            first = false;
            match key {
                b"response" => self.survey.text_bytes += count(walk.value()?.len()),
                b"parts" if walk.peek() == Some(b'[') => self.result_media(&mut walk)?,
                _ => walk.skip()?,
            }
        }
        Ok(())
    }

    fn result_media(&mut self, walk: &mut Walk<'a>) -> Result<(), BadRequest> {
        let mut first = true;
        walk.array("parts")?;
        while walk.element(first)? {
            first = false;
            let span = walk.value()?;
            self.media(span.start, false)?;
            self.survey.tool_media = true;
        }
        Ok(())
    }

    fn strings(&mut self, offset: usize) -> Result<(), BadRequest> {
        let mut bytes = 0;
        leaves(self.text, offset, |leaf| bytes += count(leaf.text.len()))
            .map_err(|error| not_json(self.text, error))?;
        self.survey.text_bytes += bytes;
        Ok(())
    }

    /// Counts function declarations, which are part of what the model reads.
    fn tools(&mut self, offset: usize) -> Result<(), BadRequest> {
        let mut walk = Walk::at(self.text, offset);
        if walk.peek() != Some(b'[') {
            return self.tool(&mut walk, format_args!("tools"));
        }
        let mut index = 0_u64;
        walk.array("tools")?;
        while walk.element(index == 0)? {
            self.tool(&mut walk, format_args!("tools.{index}"))?;
            index += 1;
        }
        Ok(())
    }

    fn tool(&mut self, walk: &mut Walk<'a>, path: Arguments<'_>) -> Result<(), BadRequest> {
        let mut first = true;
        walk.object(path)?;
        while let Some(key) = walk.member(first)? {
            first = false;
            let declares = matches!(key, b"functionDeclarations" | b"function_declarations");
            match walk.peek() {
                Some(b'[') if declares => {
                    let mut none = true;
                    walk.array(path)?;
                    while walk.element(none)? {
                        none = false;
                        self.declaration(walk)?;
                    }
                }
                Some(b'{') if declares => self.declaration(walk)?,
                _ => walk.skip()?,
            }
        }
        Ok(())
    }

    fn declaration(&mut self, walk: &mut Walk<'a>) -> Result<(), BadRequest> {
        self.survey.text_bytes += prompt_length(walk.raw()?);
        self.survey.tools += 1;
        Ok(())
    }
}

/// As far into an address its host has ended.
const FILM_ADDRESS_MAX: usize = 128;

/// Whether an address without a type is a film's.
pub(crate) fn is_film(uri: &[u8]) -> bool {
    let begin = uri.get(..FILM_ADDRESS_MAX).unwrap_or(uri);
    let uri = begin.trim_ascii_start().to_ascii_lowercase();
    let host = uri.strip_prefix(b"https://").or_else(|| uri.strip_prefix(b"http://"));
    let ends = |it: &u8| matches!(it, b'/' | b'?' | b'#' | b':');
    let host = host.and_then(|it| it.split(ends).next()).unwrap_or_default();
    host == b"youtu.be" || host == b"youtube.com" || host.ends_with(b".youtube.com")
}
