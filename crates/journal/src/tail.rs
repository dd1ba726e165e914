//! The end of a journal, where entries are appended. It is kept under one lock.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::folder::{self, SegmentFile};
use crate::format::{self, ENTRY_HEADER_BYTES, EntryHeader, Place, SEGMENT_HEADER_BYTES};
use crate::segment::{Receipt, Segment, Shared};
use crate::{JournalError, Left, Settings};

/// What the buffer keeps after a long entry.
const BUFFER_BYTES_KEPT: usize = 256 * 1024;
/// What waits to be written is written when it is so long.
const WAITING_BYTES_MAX: usize = 64 * 1024;

/// Where entries are appended.
#[derive(Debug)]
pub(crate) struct Tail {
    segment_bytes: u64,
    keeps_spare: bool,
    /// The number of the next segment; `None` when there is none left.
    number_next: Option<u64>,
    current: Option<Open>,
    /// The segment after it, with room set aside on the disk: what is under way when the disk is full
    /// is written there.
    spare: Option<Open>,
    /// Segments that are not appended to any more and may be lost with the machine.
    unsynced: Vec<Open>,
    /// Segments that were left since somebody last asked. They are released outside the lock,
    /// because that may delete files.
    left: Vec<Arc<Segment>>,
    /// Whether a segment was begun since the folder was last synced.
    begun: bool,
    /// Entries that have their places in the current segment and are not in its file yet, one behind
    /// the other.
    waiting: Vec<u8>,
}

/// A segment with its file.
#[derive(Debug, Clone)]
pub(crate) struct Open {
    pub(crate) segment: Arc<Segment>,
    pub(crate) file: Arc<dyn SegmentFile>,
    /// Bytes in whole entries, with the segment's header.
    pub(crate) written: u64,
    synced: u64,
}

impl Tail {
    /// A tail that goes on behind the segments of earlier starts.
    pub(crate) fn behind(newest: Option<u64>, settings: Settings) -> Self {
        let Settings { segment_bytes, keeps_spare } = settings;
        Self {
            segment_bytes,
            keeps_spare,
            number_next: newest.unwrap_or(0).checked_add(1),
            current: None,
            spare: None,
            unsynced: Vec::new(),
            left: Vec::new(),
            begun: false,
            waiting: Vec::new(),
        }
    }

    /// Begins a segment: the spare one, where there is one. Another is made in its place.
    pub(crate) fn begin(&mut self, shared: &Arc<Shared>) -> Result<(), JournalError> {
        let open = match self.spare.take() {
            Some(spare) => spare,
            None => self.make(shared)?,
        };
        self.current = Some(open);
        // Without one the journal is short, and whoever is admitted to it hears so.
        let _short = self.make_spare(shared);
        Ok(())
    }

    /// Makes the spare segment, where there is none.
    pub(crate) fn make_spare(&mut self, shared: &Arc<Shared>) -> Result<(), JournalError> {
        if self.keeps_spare && self.spare.is_none() {
            let made = self.make(shared);
            shared.is_short.store(made.is_err(), Ordering::Release);
            self.spare = Some(made?);
        }
        Ok(())
    }

    fn make(&mut self, shared: &Arc<Shared>) -> Result<Open, JournalError> {
        let Some(number) = self.number_next else {
            let none = io::Error::other("there is no number left for another segment");
            return Err(JournalError::io("begin a segment in", &shared.folder)(none));
        };
        let path = folder::path(&shared.folder, number);
        let create = shared.files.create(&path);
        let file = create.map_err(JournalError::io("create", &path))?;
        self.number_next = number.checked_add(1);
        self.begun = true;
        let segment = Arc::new(Segment::new(shared, number, path));
        let begun = self.set_aside(&*file);
        let begun = begun.and_then(|()| write_whole(&*file, &format::segment_header()));
        if let Err(source) = begun {
            segment.release();
            return Err(JournalError::io("begin", &segment.path)(source));
        }
        let written = length(SEGMENT_HEADER_BYTES);
        segment.grow(written);
        Ok(Open { segment, file, written, synced: 0 })
    }

    fn set_aside(&self, file: &dyn SegmentFile) -> io::Result<()> {
        if self.keeps_spare { file.reserve(self.segment_bytes) } else { Ok(()) }
    }

    /// Gives an entry its place in the current segment, or in another when that is full. It is
    /// written with the next [`write`](Self::write).
    pub(crate) fn enqueue(
        &mut self,
        shared: &Arc<Shared>,
        header: EntryHeader,
        body: &[u8],
    ) -> Result<Receipt, JournalError> {
        let bytes = ENTRY_HEADER_BYTES.saturating_add(body.len());
        if self.is_full(length(bytes)) {
            self.write()?;
            self.leave();
        }
        if self.waiting.len().saturating_add(bytes) > WAITING_BYTES_MAX {
            self.write()?;
        }
        if self.current.is_none() {
            self.begin(shared)?;
        }
        let Some(open) = &self.current else {
            let none = io::Error::other("no segment was begun");
            return Err(JournalError::io("append to", &shared.folder)(none));
        };
        let offset = open.written.saturating_add(length(self.waiting.len()));
        let place = Place { segment: open.segment.number, offset };
        self.waiting.extend_from_slice(&header.written(place));
        self.waiting.extend_from_slice(body);
        Ok(open.segment.hold())
    }

    /// Writes the entries that wait for it. What can't be written does not wait any more.
    pub(crate) fn write(&mut self) -> Result<(), JournalError> {
        let Some(open) = self.current.as_mut().filter(|_| !self.waiting.is_empty()) else {
            return Ok(());
        };
        let outcome = write_whole(&*open.file, &self.waiting);
        let bytes = length(self.waiting.len());
        self.waiting.clear();
        self.waiting.shrink_to(BUFFER_BYTES_KEPT);
        match outcome {
            Ok(()) => {
                open.written = open.written.saturating_add(bytes);
                open.segment.grow(bytes);
                Ok(())
            }
            Err(source) => {
                let path = open.segment.path.clone();
                let left = self.cut_back();
                Err(JournalError::NotAppended { path, left, source })
            }
        }
    }

    /// Takes away what was written of entries that are not in the file as wholes.
    fn cut_back(&mut self) -> Left {
        match &self.current {
            Some(open) if open.file.cut(open.written).is_ok() => {
                // What was set aside behind the end may be gone with it; there may be room again.
                let _full = self.set_aside(&*open.file);
                Left::CutBack
            }
            _ => {
                self.leave();
                Left::Abandoned
            }
        }
    }

    /// An entry that is longer than a segment has one of its own.
    fn is_full(&self, bytes: u64) -> bool {
        self.current.as_ref().is_some_and(|it| {
            let end = it.written.saturating_add(length(self.waiting.len()));
            end > length(SEGMENT_HEADER_BYTES) && end.saturating_add(bytes) > self.segment_bytes
        })
    }

    /// Appends to the current segment no more. Nothing may wait to be written to it.
    pub(crate) fn leave(&mut self) {
        self.unsynced.retain(Open::may_be_lost);
        if let Some(open) = self.current.take() {
            self.left.push(Arc::clone(&open.segment));
            self.unsynced.push(open);
        }
    }

    /// Needs no spare segment any more.
    pub(crate) fn drop_spare(&mut self) {
        self.left.extend(self.spare.take().map(|spare| spare.segment));
    }

    /// The segments that were left, to be released without the lock.
    pub(crate) fn take_left(&mut self) -> Vec<Arc<Segment>> {
        std::mem::take(&mut self.left)
    }

    /// What the machine may lose if it fails now, and whether the folder is a part of it.
    pub(crate) fn unsynced(&mut self) -> (Vec<Open>, bool) {
        let open = self.unsynced.iter().chain(&self.current);
        (open.filter(|it| it.may_be_lost()).cloned().collect(), std::mem::take(&mut self.begun))
    }

    /// Notes that a segment was synced as far as it was written then.
    pub(crate) fn is_synced(&mut self, then: &Open) {
        let mut open = self.unsynced.iter_mut().chain(&mut self.current);
        if let Some(now) = open.find(|it| it.segment.number == then.segment.number) {
            now.synced = now.synced.max(then.written);
        }
        self.unsynced.retain(Open::may_be_lost);
    }

    /// Notes that a segment could not be synced. Whether a second try says the truth depends on
    /// the file system, so nothing more is appended to it.
    pub(crate) fn is_not_synced(&mut self, then: &Open) -> Result<(), JournalError> {
        if self.current.as_ref().is_some_and(|it| it.segment.number == then.segment.number) {
            let written = self.write();
            self.leave();
            return written;
        }
        Ok(())
    }

    /// Notes that the folder could not be synced.
    pub(crate) fn folder_is_not_synced(&mut self) {
        self.begun = true;
    }
}

impl Open {
    fn may_be_lost(&self) -> bool {
        self.synced < self.written && !self.segment.is_gone()
    }
}

/// One write, unless the system takes less than all: then its reason is asked for with the rest.
fn write_whole(file: &dyn SegmentFile, bytes: &[u8]) -> io::Result<()> {
    let mut rest = bytes;
    while !rest.is_empty() {
        match file.write(rest) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => rest = rest.get(written..).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn length(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}
