//! What a request contains, found out without building it.

use std::fmt::Arguments;

use super::messages::{is_remote, kind};
use crate::chat::Survey;
use crate::error::BadRequest;
use crate::json::{RawObject, prompt_length};
use crate::translation::walk::{Walk, count, shown};

/// Surveys the request. One without messages asks only that the model be loaded.
///
/// # Errors
///
/// Names what has the wrong type.
pub(super) fn request(object: &RawObject, survey: &mut Survey) -> Result<(), BadRequest> {
    let text = object.text().as_bytes();
    let mut surveyor = Surveyor { survey };
    for (name, _, offset) in object.members_at().filter(|(_, raw, _)| *raw != "null") {
        match name {
            "messages" => surveyor.messages(&mut Walk::at(text, offset))?,
            "tools" => surveyor.tools(&mut Walk::at(text, offset))?,
            _ => {}
        }
    }
    Ok(())
}

/// Whose a message may be, as JSON: the server does not look at case.
const ROLES: [&[u8]; 5] =
    [br#""system""#, br#""user""#, br#""assistant""#, br#""tool""#, br#""developer""#];

#[derive(Debug)]
struct Surveyor<'s> {
    survey: &'s mut Survey,
}

impl Surveyor<'_> {
    fn messages(&mut self, walk: &mut Walk<'_>) -> Result<(), BadRequest> {
        let mut index = 0_u64;
        walk.array("messages")?;
        while walk.element(index == 0)? {
            self.message(walk, format_args!("messages.{index}"))?;
            index += 1;
        }
        self.survey.messages = index;
        Ok(())
    }

    fn message(&mut self, walk: &mut Walk<'_>, path: Arguments<'_>) -> Result<(), BadRequest> {
        let mut role: Option<&[u8]> = None;
        let mut has_images = false;
        let mut first = true;
        walk.object(path)?;
        while let Some(key) = walk.member(first)? {
            first = false;
            match key {
                b"role" => role = Some(walk.raw()?),
                b"content" => self.content(walk, format_args!("{path}.content"))?,
                b"thinking" | b"tool_calls" if walk.peek() != Some(b'n') => {
                    self.survey.text_bytes += prompt_length(walk.raw()?);
                }
                b"images" => has_images = self.images(walk, format_args!("{path}.images"))?,
                _ => walk.skip()?,
            }
        }
        let is = |name: &[u8]| role.is_some_and(|role| role.eq_ignore_ascii_case(name));
        self.survey.prefill = is(br#""assistant""#);
        self.survey.developer_role |= is(br#""developer""#);
        self.survey.tool_media |= has_images && is(br#""tool""#);
        if !ROLES.iter().any(|role| is(role)) {
            return Err(BadRequest::new(format!(
                "{path}.role: Expected one of system, user, assistant, tool, received {}",
                shown(role)
            )));
        }
        Ok(())
    }

    fn content(&mut self, walk: &mut Walk<'_>, path: Arguments<'_>) -> Result<(), BadRequest> {
        match walk.peek() {
            Some(b'"') => {
                self.survey.text_bytes += count(walk.value()?.len());
                Ok(())
            }
            Some(b'n') => walk.skip(),
            _ => Err(walk.wrong(path, "string")),
        }
    }

    fn images(&mut self, walk: &mut Walk<'_>, path: Arguments<'_>) -> Result<bool, BadRequest> {
        if walk.peek() == Some(b'n') {
            return walk.value().map(|_| false);
        }
        let mut first = true;
        walk.array(path)?;
        while walk.element(first)? {
            first = false;
            if walk.peek() != Some(b'"') {
                return Err(walk.wrong(path, "array of strings"));
            }
            let image = walk.raw()?;
            let image = image.get(1..image.len().saturating_sub(1)).unwrap_or_default();
            match kind(image) {
                "application" => self.survey.files = true,
                "audio" => self.survey.audio = true,
                _ => {
                    self.survey.images += 1;
                    self.survey.remote_images |= is_remote(image);
                }
            }
        }
        Ok(!first)
    }

    fn tools(&mut self, walk: &mut Walk<'_>) -> Result<(), BadRequest> {
        let mut index = 0_u64;
        walk.array("tools")?;
        while walk.element(index == 0)? {
            if walk.peek() != Some(b'{') {
                return Err(walk.wrong(format_args!("tools.{index}"), "object"));
            }
            self.survey.text_bytes += prompt_length(walk.raw()?);
            index += 1;
        }
        self.survey.tools = index;
        Ok(())
    }
}
