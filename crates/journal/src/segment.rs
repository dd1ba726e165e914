//! How long a segment's file stays: as long as somebody holds it. The tail holds the segment that
//! it appends to, every entry holds its segment until it is applied, and whoever lets go last
//! deletes the file.

use std::fmt;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::Mutex;

use crate::JournalError;
use crate::folder::{self, Files};

/// What the parts of a journal share. The folder stays locked as long as one of them lives, because
/// each of them may delete files.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) folder: PathBuf,
    pub(crate) files: Box<dyn Files>,
    /// Bytes in segments, those of earlier starts with them.
    pub(crate) bytes: AtomicU64,
    /// Entries of this start that are not applied.
    pub(crate) unapplied: AtomicU64,
    /// Whether there is no spare segment: what is appended may soon find no room.
    pub(crate) is_short: AtomicBool,
    /// Files that could not be deleted, with their lengths. It is tried again at every sync.
    undeleted: Mutex<Vec<(PathBuf, u64)>>,
    _lock: File,
}

impl Shared {
    pub(crate) fn new(folder: &Path, files: Box<dyn Files>, lock: File) -> Self {
        Self {
            folder: folder.to_owned(),
            files,
            bytes: AtomicU64::new(0),
            unapplied: AtomicU64::new(0),
            is_short: AtomicBool::new(false),
            undeleted: Mutex::default(),
            _lock: lock,
        }
    }

    /// Deletes a segment, now or at a later sync.
    pub(crate) fn delete(&self, path: PathBuf, bytes: u64) -> Result<(), JournalError> {
        match self.files.remove(&path) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                let error = JournalError::io("delete", &path)(source);
                self.undeleted.lock().push((path, bytes));
                Err(error)
            }
            _ => {
                self.bytes.fetch_sub(bytes, Ordering::Relaxed);
                Ok(())
            }
        }
    }

    /// Puts a segment aside that is damaged.
    pub(crate) fn put_aside(&self, path: &Path, bytes: u64) -> Result<(), JournalError> {
        let renamed = self.files.rename(path, &folder::damaged(path));
        renamed.map_err(JournalError::io("put aside", path))?;
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
        Ok(())
    }

    /// Deletes what could not be deleted before. The error is the last.
    pub(crate) fn delete_again(&self) -> Result<(), JournalError> {
        let undeleted = std::mem::take(&mut *self.undeleted.lock());
        let mut outcome = Ok(());
        for (path, bytes) in undeleted {
            if let Err(error) = self.delete(path, bytes) {
                outcome = Err(error);
            }
        }
        outcome
    }
}

/// A segment of this start.
pub(crate) struct Segment {
    pub(crate) number: u64,
    pub(crate) path: PathBuf,
    shared: Arc<Shared>,
    bytes: AtomicU64,
    holds: AtomicU64,
}

impl Segment {
    /// A new segment, which its maker holds.
    pub(crate) fn new(shared: &Arc<Shared>, number: u64, path: PathBuf) -> Self {
        Self {
            number,
            path,
            shared: Arc::clone(shared),
            bytes: AtomicU64::new(0),
            holds: AtomicU64::new(1),
        }
    }

    /// Counts what was written to it.
    pub(crate) fn grow(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.shared.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// One entry more is in it. Somebody must hold it already.
    pub(crate) fn hold(self: &Arc<Self>) -> Receipt {
        self.holds.fetch_add(1, Ordering::Relaxed);
        self.shared.unapplied.fetch_add(1, Ordering::Relaxed);
        Receipt { segment: Arc::clone(self) }
    }

    /// Deletes the file when nobody else holds the segment.
    pub(crate) fn release(&self) {
        if self.holds.fetch_sub(1, Ordering::AcqRel) == 1 {
            // A file that stays is tried again at the next sync, which has the error then.
            let _kept = self.shared.delete(self.path.clone(), self.bytes.load(Ordering::Relaxed));
        }
    }

    /// Whether nobody holds it any more.
    pub(crate) fn is_gone(&self) -> bool {
        self.holds.load(Ordering::Acquire) == 0
    }
}

impl fmt::Debug for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Segment").field("path", &self.path).finish_non_exhaustive()
    }
}

/// An entry that is in the journal and not yet applied.
///
/// Dropped, it says nothing: the entry is replayed at the next start.
#[derive(Debug)]
#[must_use = "an entry that nobody says is applied is replayed at the next start"]
pub struct Receipt {
    segment: Arc<Segment>,
}

impl Receipt {
    /// The entry is in the database, durably. The last receipt of a segment that is full deletes
    /// its file.
    pub fn applied(self) {
        self.segment.shared.unapplied.fetch_sub(1, Ordering::Relaxed);
        self.segment.release();
    }
}
