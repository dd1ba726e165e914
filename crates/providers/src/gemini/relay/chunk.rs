//! A response, partial or whole, as far as it must be understood to be passed on.

use serde::de::DeserializeOwned;
use tollgate_wire::json::{ScanError, Scanner, Span, mend_surrogates};

use super::super::shape::PromptFeedback;
use super::super::usage::UsageMetadata;
use crate::Fault;
use crate::counts::object;
use crate::splice::{
    compact_length, elements, malformed, members, null, raw, string, text_length, unescaped,
};

/// A response that was walked.
#[derive(Debug, Default)]
pub(super) struct Chunk<'a> {
    /// Where the model's name stands.
    pub(super) model_version: Option<Span>,
    /// Where the id stands.
    pub(super) response_id: Option<Span>,
    /// The id.
    pub(super) id: String,
    /// It is an error instead of an answer.
    pub(super) is_error: bool,
    /// The first of the answers, or more of it: the one that is billed by.
    pub(super) candidate: Option<Candidate<'a>>,
    /// Why there is no answer.
    pub(super) feedback: Option<PromptFeedback>,
    /// Counts.
    pub(super) usage: Option<UsageMetadata>,
}

/// What an answer grew by.
#[derive(Debug, Default)]
pub(super) struct Candidate<'a> {
    /// Which of the answers, when it is not the first.
    is_other: bool,
    /// Something a client would notice.
    pub(super) content: bool,
    /// Tools called.
    pub(super) calls: Vec<Call<'a>>,
    /// Bytes of text, thoughts and arguments.
    pub(super) bytes: usize,
    /// Its text, without quotes and with its escapes: mostly one part, seldom more.
    pub(super) text: &'a [u8],
    /// The rest of its text.
    pub(super) more_text: Vec<&'a [u8]>,
    /// It has thoughts.
    pub(super) thinks: bool,
    /// It has more than text and thoughts.
    pub(super) has_more: bool,
    /// Why the model stopped, in its words.
    pub(super) finish_reason: String,
}

/// A part of an answer. Strings are without quotes and with their escapes.
#[derive(Debug, Default)]
struct Part<'a> {
    text: &'a [u8],
    thought: bool,
    signature: &'a [u8],
    call: Option<Call<'a>>,
    /// Media, code the provider ran, and what a later version adds.
    other: bool,
}

/// A call of a tool.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Call<'a> {
    /// The inside of a JSON string.
    pub(super) name: &'a [u8],
    /// A JSON value.
    arguments: &'a [u8],
}

impl<'a> Chunk<'a> {
    /// Walks a response.
    pub(super) fn read(data: &'a [u8]) -> Result<Self, Fault> {
        if std::str::from_utf8(data).is_err() {
            return Err(Fault::malformed("a part of it is not UTF-8"));
        }
        let mut scanner = Scanner::new(data);
        let mut chunk = Self::default();
        let (mut feedback, mut usage): (&'a [u8], &'a [u8]) = (b"", b"");
        let mut walk = || -> Result<(), ScanError> {
            members(&mut scanner, |key, scanner| {
                match key {
                    b"candidates" => return chunk.candidates(data, scanner),
                    b"promptFeedback" => feedback = raw(data, scanner)?,
                    b"usageMetadata" => usage = raw(data, scanner)?,
                    b"modelVersion" => chunk.model_version = Some(scanner.value()?),
                    b"responseId" => {
                        chunk.response_id = Some(span(scanner));
                        chunk.id = string(data, scanner)?.map(unescaped).unwrap_or_default();
                    }
                    b"error" => chunk.is_error = !is_null(scanner)?,
                    _ => return scanner.value().map(drop),
                }
                Ok(())
            })?;
            scanner.end()
        };
        walk().map_err(malformed)?;
        (chunk.feedback, chunk.usage) = (value(feedback)?, object(usage));
        Ok(chunk)
    }

    fn candidates(&mut self, data: &'a [u8], scanner: &mut Scanner<'a>) -> Result<(), ScanError> {
        if null(scanner)? {
            return Ok(());
        }
        elements(scanner, |scanner| {
            let candidate = Candidate::read(data, scanner)?;
            if self.candidate.is_none() && !candidate.is_other {
                self.candidate = Some(candidate);
            }
            Ok(())
        })
    }
}

/// Where the value at the scanner's position stands, without consuming it.
fn span(scanner: &Scanner<'_>) -> Span {
    scanner.clone().value().unwrap_or_default()
}

/// Consumes a value; says whether it was `null`.
fn is_null(scanner: &mut Scanner<'_>) -> Result<bool, ScanError> {
    Ok(null(scanner)? || scanner.value().map(|_| false)?)
}

/// A small member as a value; none where it is absent or `null`.
fn value<T: DeserializeOwned>(raw: &[u8]) -> Result<Option<T>, Fault> {
    if raw.is_empty() {
        return Ok(None);
    }
    serde_json::from_slice(&mend_surrogates(raw))
        .map_err(|_| Fault::malformed("a part of it is not a response"))
}

impl<'a> Candidate<'a> {
    fn read(data: &'a [u8], scanner: &mut Scanner<'a>) -> Result<Self, ScanError> {
        let mut candidate = Self::default();
        members(scanner, |key, scanner| {
            match key {
                b"content" => return candidate.content(data, scanner),
                b"index" => candidate.is_other = !matches!(raw(data, scanner)?, b"0" | b"null"),
                b"finishReason" => {
                    let reason = string(data, scanner)?.map(unescaped);
                    candidate.finish_reason = reason.unwrap_or_default();
                }
                b"logprobsResult" => {
                    let is_there = !is_null(scanner)?;
                    candidate.content |= is_there;
                    candidate.has_more |= is_there;
                }
                _ => return scanner.value().map(drop),
            }
            Ok(())
        })?;
        Ok(candidate)
    }

    fn content(&mut self, data: &'a [u8], scanner: &mut Scanner<'a>) -> Result<(), ScanError> {
        if null(scanner)? {
            return Ok(());
        }
        members(scanner, |key, scanner| {
            if key != b"parts" {
                return scanner.value().map(drop);
            }
            if null(scanner)? {
                return Ok(());
            }
            elements(scanner, |scanner| {
                self.part(&Part::read(data, scanner)?);
                Ok(())
            })
        })
    }

    fn part(&mut self, part: &Part<'a>) {
        self.content |= !part.signature.is_empty() || part.other;
        self.has_more |= part.other || part.call.is_some();
        match (part.thought, self.text.is_empty()) {
            (true, _) => self.thinks = true,
            (false, true) => self.text = part.text,
            (false, false) => self.more_text.push(part.text),
        }
        match &part.call {
            Some(call) if !part.thought => {
                self.content = true;
                self.bytes = self.bytes.saturating_add(call.length());
                self.calls.push(*call);
            }
            _ => {
                self.content |= !part.text.is_empty();
                self.bytes = self.bytes.saturating_add(text_length(part.text));
            }
        }
    }
}

impl<'a> Part<'a> {
    fn read(data: &'a [u8], scanner: &mut Scanner<'a>) -> Result<Self, ScanError> {
        let mut part = Self::default();
        members(scanner, |key, scanner| {
            match key {
                b"text" => part.text = string(data, scanner)?.unwrap_or_default(),
                b"thought" => part.thought = raw(data, scanner)? == b"true",
                b"thoughtSignature" => part.signature = string(data, scanner)?.unwrap_or_default(),
                b"functionCall" => part.call = Call::read(data, scanner)?,
                _ => part.other |= !is_null(scanner)?,
            }
            Ok(())
        })?;
        Ok(part)
    }
}

impl<'a> Call<'a> {
    fn read(data: &'a [u8], scanner: &mut Scanner<'a>) -> Result<Option<Self>, ScanError> {
        if null(scanner)? {
            return Ok(None);
        }
        let mut call = Self::default();
        members(scanner, |key, scanner| {
            match key {
                b"name" => call.name = string(data, scanner)?.unwrap_or_default(),
                b"args" => call.arguments = raw(data, scanner)?,
                _ => return scanner.value().map(drop),
            }
            Ok(())
        })?;
        Ok(Some(call))
    }

    /// Its arguments, which are `{}` when there are none.
    pub(super) fn arguments(&self) -> &'a [u8] {
        if self.arguments.starts_with(b"{") { self.arguments } else { b"{}" }
    }

    /// Bytes of its name and of its arguments.
    fn length(&self) -> usize {
        text_length(self.name).saturating_add(compact_length(self.arguments()))
    }
}
