//! A provider's whole response with ours put in.

use bytes::Bytes;
use tollgate_wire::chat::{AnswerHead, UsageView};
use tollgate_wire::json::{Leaf, Scanner, leaves, mend_surrogates};

use super::super::fault::of_response;
use super::super::shape::Response;
use super::end::{self, Counts};
use super::splice::{Ours, put_usage};
use crate::splice::{Edits, malformed, patch, text_length};
use crate::{Fault, Progress, WholeAnswer};

/// A response that is passed on.
#[derive(Debug)]
pub(in super::super) struct SplicedWhole {
    body: Bytes,
    progress: Progress,
}

impl SplicedWhole {
    /// Reads a response.
    pub(in super::super) fn read(body: Bytes) -> Result<Self, Fault> {
        if std::str::from_utf8(&body).is_err() {
            return Err(Fault::malformed("it is not UTF-8"));
        }
        let mut scanner = Scanner::new(&body);
        scanner.value().and_then(|_| scanner.end()).map_err(malformed)?;
        let mended = mend_surrogates(&body);
        let response: Response<'_> =
            serde_json::from_slice(&mended).map_err(|_| Fault::malformed("it is not a response"))?;
        if response.error.is_some() {
            return Err(of_response(response.error));
        }
        if response.output.is_none() {
            return Err(Fault::malformed("it is a response without output"));
        }
        let mut progress = Progress {
            upstream_id: response.id.as_deref().map(str::to_owned),
            ..Progress::default()
        };
        end::note(&response, Counts::default(), &mut progress)?;
        for raw in response.output.iter().flatten() {
            let count = |leaf: Leaf<'_>| {
                if matches!(leaf.key, b"text" | b"refusal" | b"arguments" | b"input") {
                    progress.wrote(text_length(leaf.text));
                }
            };
            leaves(raw.get().as_bytes(), 0, count).map_err(malformed)?;
        }
        drop(response);
        Ok(Self { body, progress })
    }
}

impl WholeAnswer for SplicedWhole {
    fn progress(&self) -> &Progress {
        &self.progress
    }

    fn render(&self, head: &AnswerHead, usage: &UsageView) -> Vec<u8> {
        let mut edits = Edits::default();
        let mut out = Vec::with_capacity(self.body.len().saturating_add(512));
        // The body was walked when it was read, so this walk comes to its end.
        if let Ok(mut places) = Ours::of(head).put(&self.body, 0, &mut edits) {
            put_usage(&self.body, &mut places, usage, &mut edits);
        }
        patch(&self.body, &mut edits, &mut out);
        out
    }
}
