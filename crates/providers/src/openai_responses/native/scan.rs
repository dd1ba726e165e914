//! One event of a provider's stream, walked once: what it is, and what of it is ours.

use tollgate_wire::json::{ScanError, Scanner, Span};

use super::splice::{Ours, ResponsePlaces};
use crate::splice::{Edits, members, text_length};

/// What is known of an event.
#[derive(Debug, Default)]
pub(super) struct Scanned {
    /// What to replace.
    pub(super) edits: Edits,
    /// Its `type`.
    pub(super) kind: Span,
    /// Its `delta`.
    delta: Span,
    /// Its `item`.
    pub(super) item: Span,
    /// Its `sequence_number`.
    pub(super) sequence_number: Span,
    /// Its `response`: where it stands, and its members.
    pub(super) response: Option<(Span, ResponsePlaces)>,
}

impl Scanned {
    /// Walks an event.
    pub(super) fn read(data: &[u8], ours: &Ours) -> Result<Self, ScanError> {
        let mut scanned = Self::default();
        let mut cursor = Scanner::new(data);
        members(&mut cursor, |key, cursor| {
            let is_object = cursor.peek() == Some(b'{');
            let span = cursor.value()?;
            match key {
                b"type" => scanned.kind = span,
                b"delta" => scanned.delta = span,
                b"item" => scanned.item = span,
                b"sequence_number" => scanned.sequence_number = span,
                b"response_id" => scanned.edits.push((span, ours.id.clone())),
                b"response" if is_object => {
                    let places = ours.put(data, span.start, &mut scanned.edits)?;
                    scanned.response = Some((span, places));
                }
                _ => {}
            }
            Ok(())
        })?;
        cursor.end()?;
        Ok(scanned)
    }

    /// How many bytes the answer grows by.
    pub(super) fn growth(&self, data: &[u8]) -> usize {
        match data.get(self.delta.clone()).unwrap_or_default() {
            [b'"', inner @ .., b'"'] => text_length(inner),
            other => other.len(),
        }
    }
}

/// A string without its quotes; nothing for another value, and for one with escapes: no word of
/// the protocol has any.
pub(super) fn word<'a>(data: &'a [u8], span: &Span) -> &'a str {
    let quoted = data.get(span.clone()).unwrap_or_default();
    serde_json::from_slice::<&str>(quoted).unwrap_or_default()
}
