//! SQLite's failures in the words of the store, and of the operator.

use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tollgate_store::StoreError;

/// Why a database can't be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The location doesn't name a file. The text given isn't repeated: it may hold a password.
    #[error("the database location is not a path or sqlite:// URL: {why}")]
    Location {
        /// What is wrong with it.
        why: &'static str,
    },
    /// The folder is missing and can't be made.
    #[error("can't create the folder {}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The file can't be made or reached.
    #[error("can't create or open the database file {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The file, its folder or the whole file system is read-only to this process.
    #[error("the database {} or its folder is read-only", path.display())]
    ReadOnly {
        /// The file.
        path: PathBuf,
    },
    /// The file is something else, or damaged beyond recognition.
    #[error("{} is not a SQLite database", path.display())]
    NotADatabase {
        /// The file.
        path: PathBuf,
    },
    /// The file belongs to another program.
    #[error("{} is a SQLite database of another program", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// The file was made by a version that knows more.
    #[error(
        "{} was made by a newer version of Tollgate: it has schema {found}, this version knows {known}",
        path.display()
    )]
    TooNew {
        /// The file.
        path: PathBuf,
        /// The newest schema version in the file that this program doesn't know.
        found: i64,
        /// The newest schema version this program knows.
        known: i64,
    },
    /// Another process holds the write lock for longer than this one waits.
    #[error("the database {} is locked by another process", path.display())]
    Locked {
        /// The file.
        path: PathBuf,
    },
    /// Anything else.
    #[error("can't use the database {}", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: Box<dyn Error + Send + Sync>,
    },
}

// SQLite's primary result codes, https://www.sqlite.org/rescode.html.
const BUSY: i32 = 5;
const READ_ONLY: i32 = 8;
const CORRUPT: i32 = 11;
const FULL: i32 = 13;
const NOT_A_DATABASE: i32 = 26;

impl OpenError {
    /// Says what an error of SQLite means for opening the file at `path`.
    pub(crate) fn of(path: PathBuf, error: sqlx::Error) -> Self {
        match primary_code(&error) {
            Some(BUSY) => Self::Locked { path },
            Some(READ_ONLY) => Self::ReadOnly { path },
            Some(NOT_A_DATABASE | CORRUPT) => Self::NotADatabase { path },
            _ => Self::Unusable { path, source: error.into() },
        }
    }
}

/// Says what an error of SQLite means for a caller of the store.
pub(crate) fn failed(error: sqlx::Error) -> StoreError {
    plain(&error).unwrap_or_else(|| StoreError::unavailable(error))
}

/// The same for an error that several callers of the file at `path` share.
pub(crate) fn failed_together(error: &Arc<sqlx::Error>, path: &Path) -> StoreError {
    if primary_code(error) == Some(FULL) {
        return StoreError::unavailable(NoRoom {
            path: path.to_owned(),
            source: Arc::clone(error),
        });
    }
    plain(error).unwrap_or_else(|| StoreError::unavailable(NotCommitted(Arc::clone(error))))
}

/// The error of SQLite that a store is unavailable for, if it is one.
pub(crate) fn cause_of(cause: Box<dyn Error + Send + Sync>) -> Option<sqlx::Error> {
    cause.downcast::<sqlx::Error>().ok().map(|error| *error)
}

/// Whether another connection holds the lock.
pub(crate) fn is_busy(error: &sqlx::Error) -> bool {
    primary_code(error) == Some(BUSY)
}

/// Stored text that isn't what was written.
pub(crate) fn corrupt(what: &str) -> StoreError {
    StoreError::Corrupt { what: what.to_owned() }
}

#[derive(Debug, thiserror::Error)]
#[error("the transaction was not committed")]
struct NotCommitted(#[source] Arc<sqlx::Error>);

#[derive(Debug, thiserror::Error)]
#[error("no room is left on the disk of {}", path.display())]
struct NoRoom {
    path: PathBuf,
    source: Arc<sqlx::Error>,
}

/// The errors that need no cause.
fn plain(error: &sqlx::Error) -> Option<StoreError> {
    if matches!(error, sqlx::Error::PoolClosed) {
        return Some(StoreError::Closed);
    }
    match primary_code(error) {
        Some(CORRUPT | NOT_A_DATABASE) => Some(corrupt(&error.to_string())),
        _ => None,
    }
}

fn primary_code(error: &sqlx::Error) -> Option<i32> {
    let code = error.as_database_error()?.code()?;
    // Extended codes carry the primary one in their lowest byte.
    code.parse::<i32>().ok().map(|code| code & 0xff)
}
