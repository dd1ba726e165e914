//! A provider's completion with our fields put in.

use tollgate_wire::chat::{AnswerHead, UsageView};
use tollgate_wire::json::{ObjectWriter, ScanError, Scanner};

use super::calls::Calls;
use super::splice::{self, Form, Members, Splice};
use super::stream::{note_id, note_usage};
use crate::{Fault, FaultKind, Progress, WholeAnswer};

/// A completion that is passed on.
#[derive(Debug, Default)]
pub(super) struct SplicedWhole {
    /// Every member but those that are ours, as `,"key":value`.
    members: Vec<u8>,
    progress: Progress,
    choices: usize,
    hides_reasoning: bool,
    error: Option<Fault>,
}

impl SplicedWhole {
    /// Reads a completion.
    pub(super) fn read(head: &AnswerHead, body: &[u8]) -> Result<Self, Fault> {
        let mut whole = Self {
            members: Vec::with_capacity(body.len()),
            hides_reasoning: head.hides_reasoning,
            ..Self::default()
        };
        whole.walk(body).map_err(splice::malformed)?;
        if std::str::from_utf8(&whole.members).is_err() {
            return Err(Fault::malformed("it is not UTF-8"));
        }
        match whole.error.take() {
            Some(fault) => Err(fault),
            None if whole.choices == 0 => {
                Err(Fault::with_message(FaultKind::Empty, "The provider's answer has no choices"))
            }
            None => Ok(whole),
        }
    }

    fn walk(&mut self, body: &[u8]) -> Result<(), ScanError> {
        let mut scanner = Scanner::new(body);
        let mut members = Members::resume();
        let mut first = true;
        scanner.begin_object()?;
        while let Some(key) = scanner.next_member(first)? {
            first = false;
            if key == b"choices" {
                members.key(&mut self.members, key);
                let splice = Splice {
                    text: body,
                    form: Form::Message,
                    hides_reasoning: self.hides_reasoning,
                    progress: &mut self.progress,
                    calls: &mut Calls::of_whole(),
                    out: &mut self.members,
                    says: false,
                };
                self.choices = splice.choices(&mut scanner)?.count;
                continue;
            }
            let span = scanner.value()?;
            let raw = body.get(span).unwrap_or_default();
            match key {
                b"id" => note_id(&mut self.progress, raw),
                b"object" if raw == br#""error""# => self.error = Some(Fault::in_band(body)),
                b"model" | b"object" | b"created" | b"provider" => {}
                b"usage" => note_usage(&mut self.progress, raw),
                b"error" if raw != b"null" => self.error = Some(Fault::in_band(raw)),
                _ => {
                    if key == b"service_tier" {
                        self.progress.service_tier = serde_json::from_slice(raw).ok();
                    }
                    members.key(&mut self.members, key);
                    self.members.extend_from_slice(raw);
                }
            }
        }
        scanner.end()
    }
}

impl WholeAnswer for SplicedWhole {
    fn progress(&self) -> &Progress {
        &self.progress
    }

    fn render(&self, head: &AnswerHead, usage: &UsageView) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.members.len().saturating_add(512));
        let mut object = ObjectWriter::new(&mut out);
        object.field("id", head.id.as_str());
        object.field("provider", &head.provider);
        object.field("model", &head.model);
        object.field("object", "chat.completion");
        object.field("created", &head.created.unix_seconds());
        object.splice(&self.members);
        object.with("usage", |out| usage.write(out));
        object.end();
        out
    }
}
