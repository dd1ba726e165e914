//! The journal itself: opening, appending, syncing, closing.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use parking_lot::Mutex;

use crate::folder::{self, Disk, Files};
use crate::format::EntryHeader;
use crate::segment::{Receipt, Shared};
use crate::tail::Tail;
use crate::{JournalError, Replay};

/// How a journal is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Length in bytes at which a segment is full. A segment goes only as a whole, so shorter
    /// ones are replayed less after a crash.
    pub segment_bytes: u64,
    /// Whether room for a segment is set aside on the disk beside the one that is appended to.
    pub keeps_spare: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self { segment_bytes: 8 * 1024 * 1024, keeps_spare: true }
    }
}

/// An append-only journal in a folder of its own. Threads may share it.
#[derive(Debug)]
pub struct Journal {
    shared: Arc<Shared>,
    tail: Mutex<Tail>,
}

impl Journal {
    /// Takes a folder, makes it where it is missing, and begins a segment. What earlier starts
    /// left is in the [`Replay`].
    ///
    /// A full disk does not keep a journal from opening, because replaying makes room.
    ///
    /// # Errors
    ///
    /// When somebody else has the folder, a segment has a format of another version, or the
    /// operating system refuses.
    pub fn open(folder: &Path, settings: Settings) -> Result<(Self, Replay), JournalError> {
        Self::open_with(folder, settings, Box::new(Disk))
    }

    pub(crate) fn open_with(
        folder: &Path,
        settings: Settings,
        files: Box<dyn Files>,
    ) -> Result<(Self, Replay), JournalError> {
        let lock = folder::lock(folder)?;
        let old = folder::segments(folder)?;
        let shared = Arc::new(Shared::new(folder, files, lock));
        shared.bytes.store(old.iter().map(|it| it.bytes).sum(), Ordering::Relaxed);
        let mut tail = Tail::behind(old.last().map(|it| it.number), settings);
        match tail.begin(&shared) {
            Err(error) if !error.is_disk_full() => return Err(error),
            _ => {}
        }
        let journal = Self { shared: Arc::clone(&shared), tail: Mutex::new(tail) };
        Ok((journal, Replay::new(shared, old)))
    }

    /// Appends an entry. When this returns, the entry outlives the process, and after the next
    /// [`sync`](Self::sync) the machine's failure.
    ///
    /// # Errors
    ///
    /// When the entry is too long or could not be written. The journal stays as it was, entries
    /// before it can be read, and the next append tries again.
    pub fn append(&self, entry: &[u8]) -> Result<Receipt, JournalError> {
        // Under one lock: whoever writes in between and fails would take this entry with them.
        let (receipt, written) = self.at_the_end(entry, Tail::write)?;
        match written {
            Ok(()) => Ok(receipt),
            Err(error) => {
                // Nobody needs the segment for an entry that isn't there.
                receipt.applied();
                Err(error)
            }
        }
    }

    /// Puts an entry behind those that wait to be written, and writes it with the next
    /// [`write`](Self::write), whoever calls that: several entries are written as fast as one.
    ///
    /// # Errors
    ///
    /// As [`append`](Self::append), where other entries had to be written first.
    pub fn enqueue(&self, entry: &[u8]) -> Result<Receipt, JournalError> {
        self.at_the_end(entry, |_| ()).map(|(receipt, ())| receipt)
    }

    /// Gives an entry its place, and does something more before anybody else does.
    fn at_the_end<T>(
        &self,
        entry: &[u8],
        then: impl FnOnce(&mut Tail) -> T,
    ) -> Result<(Receipt, T), JournalError> {
        let too_long = JournalError::TooLong { bytes: entry.len() };
        let header = EntryHeader::of(entry).ok_or(too_long)?;
        let mut tail = self.tail.lock();
        let placed = tail.enqueue(&self.shared, header, entry);
        let placed = placed.map(|receipt| (receipt, then(&mut tail)));
        let left = tail.take_left();
        drop(tail);
        for segment in left {
            segment.release();
        }
        placed
    }

    /// Writes the entries that wait for it. When this returns, all that was put there before
    /// outlives the process.
    ///
    /// # Errors
    ///
    /// When they could not be written: then none of them is in the journal, which stays as it was.
    /// Only one of those who wait for them hears of it.
    pub fn write(&self) -> Result<(), JournalError> {
        let written = self.tail.lock().write();
        if written.is_err() {
            self.release_left();
        }
        written
    }

    /// Whether there is room on the disk for a segment more than the one that is appended to. What is
    /// appended without it may find the disk full; a caller that begins nothing new then finds room
    /// for what it has begun, about as much as a segment holds. File systems that set no room aside
    /// always have it.
    pub fn has_room(&self) -> bool {
        !self.shared.is_short.load(Ordering::Acquire)
    }

    /// Tries to have that room again.
    ///
    /// # Errors
    ///
    /// When the operating system refuses, as where the disk is still full.
    pub fn make_room(&self) -> Result<(), JournalError> {
        let made = self.tail.lock().make_spare(&self.shared);
        self.release_left();
        made
    }

    /// Makes all that was appended before outlive the machine's failure. Appending goes on
    /// meanwhile. It also deletes files that could not be deleted before.
    ///
    /// # Errors
    ///
    /// The last of those that the operating system gave; all segments were tried. After one,
    /// some entries may be lost with the machine, whatever a later call returns.
    pub fn sync(&self) -> Result<(), JournalError> {
        let mut outcome = self.shared.delete_again();
        let (unsynced, begun) = self.tail.lock().unsynced();
        for open in unsynced {
            match open.file.sync() {
                Ok(()) => self.tail.lock().is_synced(&open),
                Err(source) => {
                    let written = self.tail.lock().is_not_synced(&open);
                    let unsynced = JournalError::io("sync", &open.segment.path)(source);
                    outcome = written.and(Err(unsynced));
                }
            }
        }
        if begun && let Err(source) = self.shared.files.sync_folder(&self.shared.folder) {
            self.tail.lock().folder_is_not_synced();
            outcome = Err(JournalError::io("sync the folder", &self.shared.folder)(source));
        }
        self.release_left();
        outcome
    }

    /// Length in bytes of all segments, those of earlier starts with them until they are deleted.
    pub fn bytes(&self) -> u64 {
        self.shared.bytes.load(Ordering::Relaxed)
    }

    /// How many entries of this start nobody has said to be applied.
    pub fn unapplied(&self) -> u64 {
        self.shared.unapplied.load(Ordering::Relaxed)
    }

    /// Ends the journal. What is applied leaves no file behind; what is not is synced and left for
    /// the next start. Receipts stay good.
    ///
    /// # Errors
    ///
    /// Those of [`sync`](Self::sync).
    pub fn close(self) -> Result<(), JournalError> {
        let mut tail = self.tail.lock();
        let written = tail.write();
        tail.leave();
        tail.drop_spare();
        drop(tail);
        self.release_left();
        self.sync().and(written)
    }

    fn release_left(&self) {
        let left = self.tail.lock().take_left();
        for segment in left {
            segment.release();
        }
    }
}
