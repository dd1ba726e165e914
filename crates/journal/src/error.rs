//! What can go wrong in a journal. No error is sticky: the next call tries again.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::format::{ENTRY_BYTES_MAX, VERSION};

/// Why a journal did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// Another process, or another journal of this one, has the folder.
    #[error("the journal in {} is in use by another process", folder.display())]
    InUse {
        /// The journal's folder.
        folder: PathBuf,
    },
    /// A segment was written by a version of this program that this one does not know.
    #[error("{} has format {version}; this program reads format {VERSION} only", path.display())]
    OtherFormat {
        /// The segment.
        path: PathBuf,
        /// Its format.
        version: u32,
    },
    /// An entry is longer than [`ENTRY_BYTES_MAX`]. Nothing was written.
    #[error("an entry of {bytes} bytes is longer than {ENTRY_BYTES_MAX}")]
    TooLong {
        /// Its length in bytes.
        bytes: usize,
    },
    /// An entry was not written, because the disk is full for example.
    #[error("an entry was not written to {}: {left}", path.display())]
    NotAppended {
        /// The segment.
        path: PathBuf,
        /// What became of the segment.
        left: Left,
        /// Why.
        source: io::Error,
    },
    /// The operating system refused something else.
    #[error("can't {action} {}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// With which file or folder.
        path: PathBuf,
        /// Why it did not work.
        source: io::Error,
    },
}

/// What became of a segment that an entry could not be written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left {
    /// It was cut back to the end of the entry before, and is appended to again.
    CutBack,
    /// It could not be cut back. It keeps what was written of the entry at its end, and the next
    /// append begins another. Where all of it was written it will be replayed.
    Abandoned,
}

impl fmt::Display for Left {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CutBack => "the segment was cut back and goes on",
            Self::Abandoned => "the segment was left, and another will be begun",
        })
    }
}

impl JournalError {
    /// Says what was tried with which file when the operating system refused it.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { action, path: path.to_owned(), source }
    }

    /// Whether there was no room on the disk, or no more of it for this user.
    pub fn is_disk_full(&self) -> bool {
        match self {
            Self::NotAppended { source, .. } | Self::Io { source, .. } => {
                matches!(source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
            }
            Self::InUse { .. } | Self::OtherFormat { .. } | Self::TooLong { .. } => false,
        }
    }
}
