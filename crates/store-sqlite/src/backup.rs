//! A copy of the file as it is at one moment, made while others read and write it.

use std::path::PathBuf;

use sqlx::Connection as _;
use sqlx::sqlite::SqliteConnectOptions;

use crate::OpenError;
use crate::location;
use crate::migrations::{MIGRATIONS, is_ours};
use crate::writer::{BUSY_TIMEOUT, connect};

/// The newest version of the schema that this version knows, and brings files to.
pub fn schema() -> i64 {
    MIGRATIONS.last().map_or(0, |file| file.version)
}

/// The file that a path or `sqlite://` URL leads to.
///
/// # Errors
///
/// [`OpenError::Location`] when it is the URL of something else.
pub fn file(location: &str) -> Result<PathBuf, OpenError> {
    location::parse(location)
}

/// Copies the database into `copy`, which is empty or not there. The copy is one file, without a
/// log beside it, and has what was committed when copying began. Nobody waits for it: readers and
/// the writer go on, and what they write meanwhile is not in it.
///
/// # Errors
///
/// When there is no database of Tollgate, or the copy can't be written.
pub async fn copy(location: &str, copy: &str) -> Result<(), OpenError> {
    let path = location::parse(location)?;
    let unusable = |error| OpenError::of(path.clone(), error);
    let options = SqliteConnectOptions::new().filename(&path).busy_timeout(BUSY_TIMEOUT);
    let mut connection = connect(&options).await.map_err(unusable)?;
    if !is_ours(&mut connection).await.map_err(unusable)? {
        return Err(OpenError::Foreign { path });
    }
    let copied = sqlx::query("VACUUM INTO ?1").bind(copy).execute(&mut connection).await;
    connection.close().await.map_err(unusable)?;
    copied.map(drop).map_err(unusable)
}

#[cfg(test)]
mod tests {
    use tollgate_store::conformance::sample::plain_key;
    use tollgate_store::{KeyStore as _, StoreHealth as _};

    use super::*;
    use crate::SqliteStore;

    #[tokio::test]
    async fn a_copy_has_what_was_committed_and_is_a_store() {
        let folder = tempfile::tempdir().unwrap();
        let place = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        let (from, to) = (place("a.db"), place("b.db"));
        let store = SqliteStore::open(&from).await.unwrap();
        store.insert(plain_key(1)).await.unwrap();
        // The writer's file is open, with its log beside it.
        copy(&from, &to).await.unwrap();
        store.insert(plain_key(2)).await.unwrap();
        let copied = SqliteStore::open(&to).await.unwrap();
        assert_eq!(copied.all().await.unwrap(), [plain_key(1)]);
        assert_eq!(store.all().await.unwrap().len(), 2);
        copied.close().await;
        assert!(copy(&from, &to).await.is_err(), "what is there is not overwritten");
        assert!(copy(&place("nothing.db"), &place("c.db")).await.is_err());
        store.close().await;
    }
}
