//! What earlier starts left, in the order in which it was appended.

use std::collections::VecDeque;
use std::fs::File;
use std::sync::Arc;

use crate::JournalError;
use crate::folder::OldSegment;
use crate::reader::{Damage, SegmentReader};
use crate::segment::Shared;

/// The entries of earlier starts.
///
/// Read to its end, and everything applied, [`finished`](Self::finished) deletes them. Dropped, it
/// deletes nothing.
#[derive(Debug)]
pub struct Replay {
    shared: Arc<Shared>,
    waiting: VecDeque<OldSegment>,
    current: Option<(OldSegment, SegmentReader<File>)>,
    /// Segments that were read to their end.
    read: Vec<OldSegment>,
    /// Those with bytes that are no entries.
    damaged: Vec<OldSegment>,
    buffer: Vec<u8>,
    replayed: Replayed,
}

/// What a replay has come upon so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Replayed {
    /// Entries that were handed out.
    pub entries: u64,
    /// Segments that were read to their end.
    pub segments: u64,
    /// Segments that could not be read, or not to their end. They are kept for the next start.
    pub segments_unread: u64,
    /// Bytes at the ends of segments that are no entries: what was being written when the process
    /// or the machine went.
    pub torn_bytes: u64,
    /// Other bytes that are no entries. They were damaged on the disk, and entries are lost.
    pub damaged_bytes: u64,
    /// In how many places they are.
    pub damaged_places: u64,
}

impl Replay {
    pub(crate) fn new(shared: Arc<Shared>, old: Vec<OldSegment>) -> Self {
        Self {
            shared,
            waiting: old.into(),
            current: None,
            read: Vec::new(),
            damaged: Vec::new(),
            buffer: Vec::new(),
            replayed: Replayed::default(),
        }
    }

    /// The next entry, or `None` after the last.
    ///
    /// # Errors
    ///
    /// When a segment can't be read any further. It is kept for the next start, and the next call
    /// goes on with the segment after it.
    pub fn next_entry(&mut self) -> Result<Option<&[u8]>, JournalError> {
        let found = self.advance()?;
        let current = self.current.as_ref().filter(|_| found);
        Ok(current.map(|(_, reader)| reader.entry()))
    }

    /// What was come upon so far.
    pub fn replayed(&self) -> Replayed {
        let damage = self.current.as_ref().map(|(_, reader)| reader.damage()).unwrap_or_default();
        self.replayed.with(damage)
    }

    /// Everything that was handed out is in the database, durably. Deletes the segments that were
    /// read to their end, puts those aside that have bytes which are no entries (`….damaged` in the
    /// folder, which nobody reads again), and keeps the others.
    ///
    /// # Errors
    ///
    /// When a segment can't be put aside or deleted, which [`Journal::sync`](crate::Journal::sync) tries again,
    /// or the folder can't be synced.
    pub fn finished(mut self) -> Result<Replayed, JournalError> {
        let replayed = self.replayed();
        let mut outcome = Ok(());
        for old in std::mem::take(&mut self.read) {
            if let Err(error) = self.shared.delete(old.path, old.bytes) {
                outcome = Err(error);
            }
        }
        for old in std::mem::take(&mut self.damaged) {
            if let Err(error) = self.shared.put_aside(&old.path, old.bytes) {
                outcome = Err(error);
            }
        }
        let folder = &self.shared.folder;
        let synced = self.shared.files.sync_folder(folder);
        synced.map_err(JournalError::io("sync the folder", folder)).and(outcome)?;
        Ok(replayed)
    }

    fn advance(&mut self) -> Result<bool, JournalError> {
        while self.begin_segment()? {
            let Some((old, reader)) = &mut self.current else { break };
            match reader.advance() {
                Ok(true) => {
                    self.replayed.entries = self.replayed.entries.saturating_add(1);
                    return Ok(true);
                }
                Ok(false) => self.end_segment(true),
                Err(source) => {
                    let error = JournalError::io("read", &old.path)(source);
                    self.end_segment(false);
                    return Err(error);
                }
            }
        }
        Ok(false)
    }

    /// Opens the next segment where none is open. `false` when there is none.
    fn begin_segment(&mut self) -> Result<bool, JournalError> {
        if self.current.is_some() {
            return Ok(true);
        }
        let Some(old) = self.waiting.pop_front() else { return Ok(false) };
        match File::open(&old.path) {
            Ok(file) => {
                let buffer = std::mem::take(&mut self.buffer);
                let reader = SegmentReader::new(file, old.number, buffer);
                self.current = Some((old, reader));
                Ok(true)
            }
            Err(source) => {
                self.replayed.segments_unread = self.replayed.segments_unread.saturating_add(1);
                Err(JournalError::io("open", &old.path)(source))
            }
        }
    }

    fn end_segment(&mut self, whole: bool) {
        let Some((old, reader)) = self.current.take() else { return };
        let damage = reader.damage();
        self.replayed = self.replayed.with(damage);
        self.buffer = reader.into_buffer();
        if whole {
            self.replayed.segments = self.replayed.segments.saturating_add(1);
            let is_whole = damage == Damage::default();
            if is_whole { &mut self.read } else { &mut self.damaged }.push(old);
        } else {
            self.replayed.segments_unread = self.replayed.segments_unread.saturating_add(1);
        }
    }
}

impl Replayed {
    fn with(self, damage: Damage) -> Self {
        Self {
            torn_bytes: self.torn_bytes.saturating_add(damage.torn_bytes),
            damaged_bytes: self.damaged_bytes.saturating_add(damage.damaged_bytes),
            damaged_places: self.damaged_places.saturating_add(damage.damaged_places),
            ..self
        }
    }
}
