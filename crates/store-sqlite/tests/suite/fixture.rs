//! Databases in folders of their own.

use std::ops::Deref;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use tollgate_store::Stores;
use tollgate_store_sqlite::SqliteStore;

/// Stores, and the folder that goes when they do.
pub(crate) struct Fresh {
    pub(crate) stores: Stores,
    folder: TempDir,
}

impl Fresh {
    pub(crate) fn path(&self) -> PathBuf {
        database(self.folder.path())
    }
}

impl Deref for Fresh {
    type Target = Stores;

    fn deref(&self) -> &Stores {
        &self.stores
    }
}

pub(crate) async fn fresh() -> Fresh {
    let folder = tempfile::tempdir().unwrap();
    let stores = open(&database(folder.path())).await;
    Fresh { stores, folder }
}

pub(crate) async fn open(path: &Path) -> Stores {
    SqliteStore::open(path.to_str().unwrap()).await.unwrap().into_stores()
}

pub(crate) fn database(folder: &Path) -> PathBuf {
    folder.join("tollgate.db")
}
