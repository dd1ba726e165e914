//! A whole message that is passed on.

use bytes::Bytes;
use tollgate_wire::chat::{AnswerHead, UsageView};
use tollgate_wire::json::{ScanError, Scanner, mend_surrogates};

use super::super::fault::refined;
use super::super::shape::{Message, StopDetails, UsageObject};
use super::cost::Cost;
use super::frame::Piece;
use super::watch::Watch;
use crate::counts::object;
use crate::splice::{Places, elements, malformed, members, null, patch, quoted, raw};
use crate::{Fault, FaultKind, Progress, WholeAnswer};

/// A message that is passed on.
#[derive(Debug)]
pub(super) struct RelayedWhole {
    body: Bytes,
    watch: Watch,
}

/// What a message says, as it is written. Its blocks are followed while they are walked.
#[derive(Debug, Default)]
struct Said<'a> {
    kind: &'a [u8],
    id: &'a [u8],
    stop_reason: &'a [u8],
    stop_details: &'a [u8],
    usage: &'a [u8],
    has_content: bool,
    watch: Watch,
}

impl RelayedWhole {
    /// Reads a message.
    pub(super) fn read(body: Bytes) -> Result<Self, Fault> {
        if std::str::from_utf8(&body).is_err() {
            return Err(Fault::malformed("it is not UTF-8"));
        }
        let watch = Said::read(&body).map_err(malformed)?.finish(&body)?;
        if !watch.progress().content {
            return Err(Fault::with_message(FaultKind::Empty, "The provider's answer was empty"));
        }
        Ok(Self { body, watch })
    }

    fn write(
        &self,
        head: &AnswerHead,
        cost: &Cost<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), ScanError> {
        let mut edits = Vec::with_capacity(10);
        let mut message = Places::find(&self.body, 0, ["id", "model", "provider", "usage"])?;
        message.put("id", quoted(head.id.as_str()), &mut edits);
        message.put("model", quoted(&head.model), &mut edits);
        message.put("provider", quoted(&head.provider), &mut edits);
        cost.put(&self.body, &mut message, &mut edits)?;
        patch(&self.body, &mut edits, out);
        Ok(())
    }
}

/// A member as a value; none where it is absent or `null`.
fn value<T: serde::de::DeserializeOwned>(raw: &[u8]) -> Result<Option<T>, Fault> {
    if raw.is_empty() {
        return Ok(None);
    }
    serde_json::from_slice(&mend_surrogates(raw))
        .map_err(|_| Fault::malformed("it is not a message"))
}

impl<'a> Said<'a> {
    fn read(body: &'a [u8]) -> Result<Self, ScanError> {
        let mut said = Self::default();
        let mut scanner = Scanner::new(body);
        members(&mut scanner, |key, scanner| {
            let place = match key {
                b"type" => &mut said.kind,
                b"id" => &mut said.id,
                b"stop_reason" => &mut said.stop_reason,
                b"stop_details" => &mut said.stop_details,
                b"usage" => &mut said.usage,
                b"content" => return said.blocks(body, scanner),
                _ => return scanner.value().map(drop),
            };
            *place = raw(body, scanner)?;
            Ok(())
        })?;
        scanner.end()?;
        Ok(said)
    }

    fn blocks(&mut self, body: &'a [u8], scanner: &mut Scanner<'a>) -> Result<(), ScanError> {
        if null(scanner)? {
            return Ok(());
        }
        self.has_content = true;
        elements(scanner, |scanner| {
            self.watch.open_block(&Piece::read(body, scanner)?, None);
            Ok(())
        })?;
        self.watch.close_block();
        Ok(())
    }

    fn finish(mut self, body: &[u8]) -> Result<Watch, Fault> {
        if self.kind == b"\"error\"" {
            return Err(refined(Fault::in_band(body)));
        }
        if !self.has_content {
            return Err(Fault::malformed("it is a message without content"));
        }
        self.watch.begin(Message { id: value(self.id)?, ..Message::default() });
        let details: Option<StopDetails> = value(self.stop_details)?;
        let usage: Option<UsageObject> = object(self.usage);
        self.watch.end(value(self.stop_reason)?, details, usage.as_ref());
        Ok(self.watch)
    }
}

impl WholeAnswer for RelayedWhole {
    fn progress(&self) -> &Progress {
        self.watch.progress()
    }

    fn render(&self, head: &AnswerHead, usage: &UsageView) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.body.len().saturating_add(512));
        let tier = self.progress().service_tier.as_deref();
        // What was read once can be read again.
        if self.write(head, &Cost { view: usage, tier }, &mut out).is_err() {
            out.clear();
            out.extend_from_slice(&self.body);
        }
        out
    }
}
