//! Postgres's failures in the words of the store, and of the operator.

use tollgate_store::StoreError;

/// Why a database can't be opened. None of it shows a password.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The URL can't be read. It isn't repeated: it may hold a password.
    #[error("the database location is not a postgres:// URL: {why}")]
    Location {
        /// What is wrong with it.
        why: String,
    },
    /// Nobody answers there, or not in time, or TLS can't be agreed on.
    #[error("no Postgres server answers at {place}")]
    Unreachable {
        /// The server, without user and password.
        place: String,
        /// Why not.
        source: sqlx::Error,
    },
    /// The server doesn't let this user in.
    #[error("the Postgres server at {place} refuses the user or the password")]
    Refused {
        /// The server, without user and password.
        place: String,
        /// In the server's words.
        source: sqlx::Error,
    },
    /// The server has no such database.
    #[error("the Postgres server has no database {place}: make it with CREATE DATABASE")]
    Missing {
        /// The server and the database.
        place: String,
    },
    /// The user may not make tables in the schema, or not use those that are there.
    #[error(
        "the user may not make or use tables in {place}: \
         GRANT CREATE, USAGE ON SCHEMA to it, or let it own the database"
    )]
    NotAllowed {
        /// The server and the database.
        place: String,
        /// In the server's words.
        source: sqlx::Error,
    },
    /// The server is a replica, or is set to be read-only.
    #[error("the database {place} is read-only: name the primary server")]
    ReadOnly {
        /// The server and the database.
        place: String,
    },
    /// The server is too old.
    #[error("the Postgres server at {place} has version {found}, 15 or later is needed")]
    TooOld {
        /// The server.
        place: String,
        /// Its version.
        found: String,
    },
    /// The database can't hold every text.
    #[error("the database {place} is encoded in {found}: make it with ENCODING 'UTF8'")]
    Encoding {
        /// The server and the database.
        place: String,
        /// The encoding.
        found: String,
    },
    /// No schema is on the search path.
    #[error("the database {place} has no schema to make tables in: see its search_path")]
    NoSchema {
        /// The server and the database.
        place: String,
    },
    /// The database belongs to another program.
    #[error(
        "the database {place} holds tables of another program: give Tollgate a database or a \
         schema of its own"
    )]
    Foreign {
        /// The server and the database.
        place: String,
    },
    /// The database was made by a version that knows more.
    #[error(
        "the database {place} was made by a newer version of Tollgate: \
         it has schema {found}, this version knows {known}"
    )]
    TooNew {
        /// The server and the database.
        place: String,
        /// The newest schema version in it that this program doesn't know.
        found: i64,
        /// The newest schema version this program knows.
        known: i64,
    },
    /// Anything else.
    #[error("can't use the database {place}")]
    Unusable {
        /// The server and the database.
        place: String,
        /// Why not.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

// https://www.postgresql.org/docs/current/errcodes-appendix.html
const READ_ONLY: &str = "25006";
const NO_PARTITION: &str = "23514";
const UNIQUE: &str = "23505";
/// Not serialisable, deadlock, and a lock that was not had in time.
const COLLISIONS: [&str; 3] = ["40001", "40P01", "55P03"];
/// The index or the row would be too large.
const TOO_LARGE: &str = "54000";

impl OpenError {
    /// Says what an error of Postgres means for opening the database at `place`.
    pub(crate) fn of(place: &str, error: sqlx::Error) -> Self {
        let place = place.to_owned();
        match code(&error).as_deref() {
            Some("28P01" | "28000") => Self::Refused { place, source: error },
            Some("3D000") => Self::Missing { place },
            Some("42501") => Self::NotAllowed { place, source: error },
            Some(READ_ONLY) => Self::ReadOnly { place },
            Some(_) => Self::Unusable { place, source: error.into() },
            None => match error {
                sqlx::Error::Io(_)
                | sqlx::Error::Tls(_)
                | sqlx::Error::PoolTimedOut
                | sqlx::Error::Protocol(_) => Self::Unreachable { place, source: error },
                other => Self::Unusable { place, source: other.into() },
            },
        }
    }
}

/// Says what an error of Postgres means for a caller of the store.
pub(crate) fn failed(error: sqlx::Error) -> StoreError {
    if matches!(error, sqlx::Error::PoolClosed) {
        return StoreError::Closed;
    }
    match code(&error).as_deref() {
        Some("XX001" | "XX002") => corrupt(&error.to_string()),
        // It would be so however often it is tried.
        Some(code) if code.starts_with("22") || code == TOO_LARGE => {
            StoreError::OutOfRange { what: "a value" }
        }
        _ => StoreError::unavailable(error),
    }
}

/// What a write's failure says about trying it again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Remedy {
    /// Trying again does not help, or is for the caller to decide.
    None,
    /// Somebody else was at the same rows.
    Again,
    /// Somebody else has just added the same id.
    AgainThenConflict,
    /// There is no partition for a record's month any more.
    MakeMonths,
    /// The connection leads to a server that is not the primary one any more.
    Reconnect,
}

impl Remedy {
    pub(crate) fn of(error: &StoreError) -> Self {
        let StoreError::Unavailable(cause) = error else { return Self::None };
        let code = cause.downcast_ref::<sqlx::Error>().and_then(code);
        match code.as_deref() {
            Some(UNIQUE) => Self::AgainThenConflict,
            Some(NO_PARTITION) => Self::MakeMonths,
            Some(READ_ONLY) => Self::Reconnect,
            Some(code) if COLLISIONS.contains(&code) => Self::Again,
            _ => Self::None,
        }
    }
}

/// Stored text that isn't what was written.
pub(crate) fn corrupt(what: &str) -> StoreError {
    StoreError::Corrupt { what: what.to_owned() }
}

/// The SQLSTATE.
fn code(error: &sqlx::Error) -> Option<String> {
    Some(error.as_database_error()?.code()?.into_owned())
}
