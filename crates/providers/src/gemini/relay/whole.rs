//! A whole response that is passed on.

use bytes::Bytes;
use tollgate_wire::chat::{AnswerHead, UsageView};
use tollgate_wire::json::{ScanError, Scanner, Span};

use super::chunk::Chunk;
use super::stream::Identity;
use super::watch::Watch;
use crate::splice::{elements, malformed};
use crate::{Fault, FaultKind, Progress, WholeAnswer};

/// A response that is passed on.
#[derive(Debug)]
pub(super) struct RelayedWhole {
    /// One JSON object.
    body: Bytes,
    /// Where its id and its model's name stand.
    places: [Option<Span>; 2],
    watch: Watch,
}

impl RelayedWhole {
    /// Reads a response. Some gateways before the provider put it into an array.
    pub(super) fn read(body: Bytes) -> Result<Self, Fault> {
        let body = match only_element(&body).map_err(malformed)? {
            Some(span) => body.get(span).map(|it| body.slice_ref(it)).unwrap_or_default(),
            None => body,
        };
        let mut watch = Watch::default();
        let chunk = Chunk::read(&body)?;
        let places = [chunk.response_id.clone(), chunk.model_version.clone()];
        watch.take(chunk, &body)?;
        if !watch.has_begun() {
            return Err(Fault::malformed("it is not a response"));
        }
        watch.end();
        if !watch.progress().content {
            return Err(Fault::with_message(FaultKind::Empty, "The provider's answer was empty"));
        }
        Ok(Self { body, places, watch })
    }
}

/// Where the only element of an array stands; none when the body is no array.
fn only_element(body: &[u8]) -> Result<Option<Span>, ScanError> {
    let mut scanner = Scanner::new(body);
    if scanner.peek() != Some(b'[') {
        return Ok(None);
    }
    let mut only = None;
    elements(&mut scanner, |scanner| {
        let offset = scanner.offset();
        match only.replace(scanner.value()?) {
            // A client that asked for a whole response can't be given pieces of one.
            Some(_) => Err(ScanError { offset, expected: "one response" }),
            None => Ok(()),
        }
    })?;
    scanner.end()?;
    only.map(Some).ok_or(ScanError { offset: scanner.offset(), expected: "a response" })
}

impl WholeAnswer for RelayedWhole {
    fn progress(&self) -> &Progress {
        self.watch.progress()
    }

    fn render(&self, head: &AnswerHead, _: &UsageView) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.body.len().saturating_add(128));
        Identity::new(head).write(&self.body, &self.places, &mut out);
        out
    }
}
