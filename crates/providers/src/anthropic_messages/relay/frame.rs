//! One event, as far as it must be understood to be passed on.

use tollgate_wire::json::{ScanError, Scanner, mend_surrogates};

use super::super::shape::Event;
use crate::Fault;
use crate::splice::{malformed, members, null, raw, string};

/// An event that was walked.
#[derive(Debug, Default)]
pub(super) struct Frame<'a> {
    /// Its type.
    pub(super) kind: &'a [u8],
    /// What it adds to a block, or the block that begins.
    pub(super) piece: Piece<'a>,
    /// The number of the block that it is about.
    pub(super) index: Option<u32>,
    /// The event as values: only for the two that have counts, which come once each.
    pub(super) values: Event,
}

/// A block, or what it grows by. Strings are without quotes and with their escapes.
#[derive(Debug, Default)]
pub(super) struct Piece<'a> {
    /// Its type.
    pub(super) kind: Option<&'a [u8]>,
    /// Text.
    pub(super) text: &'a [u8],
    /// Thoughts.
    pub(super) thinking: &'a [u8],
    /// The seal on the thoughts.
    pub(super) signature: &'a [u8],
    /// A fragment of arguments.
    pub(super) partial_json: &'a [u8],
    /// A tool's name.
    pub(super) name: &'a [u8],
    /// Arguments as a JSON value.
    pub(super) input: &'a [u8],
}

impl<'a> Frame<'a> {
    /// Walks an event.
    pub(super) fn read(data: &'a [u8]) -> Result<Self, Fault> {
        if std::str::from_utf8(data).is_err() {
            return Err(Fault::malformed("an event is not UTF-8"));
        }
        let mut frame = Self::default();
        frame.walk(data).map_err(malformed)?;
        if matches!(frame.kind, b"message_start" | b"message_delta") {
            frame.values = serde_json::from_slice(&mend_surrogates(data))
                .map_err(|_| Fault::malformed("an event is not JSON"))?;
        }
        Ok(frame)
    }

    fn walk(&mut self, data: &'a [u8]) -> Result<(), ScanError> {
        let mut scanner = Scanner::new(data);
        members(&mut scanner, |key, scanner| {
            match key {
                b"type" => self.kind = string(data, scanner)?.unwrap_or_default(),
                b"index" => {
                    let number = std::str::from_utf8(raw(data, scanner)?);
                    self.index = number.ok().and_then(|it| it.parse().ok());
                }
                b"content_block" | b"delta" => self.piece = Piece::read(data, scanner)?,
                _ => return scanner.value().map(drop),
            }
            Ok(())
        })?;
        scanner.end()
    }
}

impl<'a> Piece<'a> {
    /// Walks the object at the scanner's position; one that is `null` says nothing.
    pub(super) fn read(data: &'a [u8], scanner: &mut Scanner<'a>) -> Result<Self, ScanError> {
        let mut piece = Self::default();
        if null(scanner)? {
            return Ok(piece);
        }
        members(scanner, |key, scanner| {
            let place = match key {
                b"type" => {
                    piece.kind = string(data, scanner)?;
                    return Ok(());
                }
                b"text" => &mut piece.text,
                b"thinking" => &mut piece.thinking,
                b"signature" => &mut piece.signature,
                b"partial_json" => &mut piece.partial_json,
                b"name" => &mut piece.name,
                b"input" => {
                    piece.input = raw(data, scanner)?;
                    return Ok(());
                }
                _ => return scanner.value().map(drop),
            };
            *place = string(data, scanner)?.unwrap_or_default();
            Ok(())
        })?;
        Ok(piece)
    }
}
