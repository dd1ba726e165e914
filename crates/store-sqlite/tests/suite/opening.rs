//! What can be found where the database should be.

use std::fs;
use std::path::Path;

use sqlx::{ConnectOptions as _, Connection as _};
use tokio::task::JoinSet;
use tollgate_store::conformance::sample::{hash, plain_key};
use tollgate_store_sqlite::{OpenError, SqliteStore};

use crate::fixture::{database, fresh, open};

async fn refusal(path: &Path) -> OpenError {
    SqliteStore::open(path.to_str().unwrap()).await.unwrap_err()
}

#[tokio::test]
async fn missing_folders_are_made_and_a_url_will_do() {
    let folder = tempfile::tempdir().unwrap();
    let path = database(&folder.path().join("a").join("b"));
    let url = format!("sqlite://{}", path.display());
    let store = SqliteStore::open(&url).await.unwrap();
    assert!(path.is_file());
    store.into_stores().health.close().await;
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_may_read_what_is_made() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = tempfile::tempdir().unwrap();
    let path = database(&folder.path().join("data"));
    let stores = open(&path).await;
    stores.keys.insert(plain_key(1)).await.unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    let files: Vec<_> = fs::read_dir(path.parent().unwrap()).unwrap().collect();
    assert_eq!(files.len(), 3, "database, log and the log's index");
    for file in files {
        let file = file.unwrap().path();
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
}

#[tokio::test]
async fn an_empty_file_becomes_a_database() {
    let folder = tempfile::tempdir().unwrap();
    let path = database(folder.path());
    fs::write(&path, b"").unwrap();
    let stores = open(&path).await;
    stores.keys.insert(plain_key(1)).await.unwrap();
}

#[tokio::test]
async fn a_file_of_something_else_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = database(folder.path());
    for content in [&b"hello"[..], &[b'x'; 100], &[b'x'; 10_000]] {
        fs::write(&path, content).unwrap();
        let error = refusal(&path).await;
        assert!(matches!(error, OpenError::NotADatabase { .. }), "{error:?}");
        assert!(error.to_string().contains("is not a SQLite database"), "{error}");
        assert_eq!(fs::read(&path).unwrap(), content);
    }
}

#[tokio::test]
async fn a_folder_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let error = refusal(folder.path()).await;
    assert!(matches!(error, OpenError::File { .. }), "{error:?}");
    let file = folder.path().join("file");
    fs::write(&file, b"").unwrap();
    let error = refusal(&database(&file)).await;
    assert!(matches!(error, OpenError::Folder { .. }), "{error:?}");
}

#[tokio::test]
async fn another_programs_database_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = database(folder.path());
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&path);
    let mut other = options.clone().create_if_missing(true).connect().await.unwrap();
    sqlx::query("CREATE TABLE bookmark (url TEXT)").execute(&mut other).await.unwrap();
    let before = fs::read(&path).unwrap();
    let error = refusal(&path).await;
    assert!(matches!(error, OpenError::Foreign { .. }), "{error:?}");
    assert_eq!(fs::read(&path).unwrap(), before);
    other.close().await.unwrap();
}

/// Root may write what is read-only, so there this shows only that reading still works.
#[cfg(unix)]
#[tokio::test]
async fn a_read_only_file_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;

    let fresh = fresh().await;
    fresh.health.close().await;
    fs::set_permissions(fresh.path(), fs::Permissions::from_mode(0o400)).unwrap();
    if fs::OpenOptions::new().write(true).open(fresh.path()).is_ok() {
        open(&fresh.path()).await.health.close().await;
        return;
    }
    let error = refusal(&fresh.path()).await;
    assert!(matches!(error, OpenError::ReadOnly { .. }), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_may_open_the_same_new_file_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut opening = JoinSet::new();
    for byte in 0..8 {
        let path = database(folder.path());
        opening.spawn(async move {
            let stores = open(&path).await;
            stores.keys.insert(plain_key(byte)).await.unwrap();
        });
    }
    opening.join_all().await;
    let stores = open(&database(folder.path())).await;
    let keys = stores.keys.all().await.unwrap();
    let hashes: Vec<_> = keys.iter().map(|key| key.hash).collect();
    assert_eq!(hashes, [0, 1, 2, 3, 4, 5, 6, 7].map(hash));
}
