//! Databases of their own.

use std::ops::Deref;

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection as _};
use tollgate_store::Stores;
use tollgate_store_postgres::PostgresStore;
use tollgate_store_postgres::test_server::TestServer;

/// Stores, and where their database is.
pub(crate) struct Fresh {
    pub(crate) stores: Stores,
    pub(crate) url: String,
}

impl Deref for Fresh {
    type Target = Stores;

    fn deref(&self) -> &Stores {
        &self.stores
    }
}

impl Fresh {
    /// A connection past the store.
    pub(crate) async fn connect(&self) -> PgConnection {
        PgConnection::connect(&self.url).await.unwrap()
    }

    /// Runs statements past the store.
    pub(crate) async fn execute(&self, sql: &str) {
        execute(&self.url, sql).await;
    }
}

pub(crate) async fn fresh() -> Fresh {
    let url = TestServer::shared().database().await;
    Fresh { stores: open(&url).await, url }
}

pub(crate) async fn open(url: &str) -> Stores {
    PostgresStore::open(url).await.unwrap().into_stores()
}

pub(crate) async fn execute(url: &str, sql: &str) {
    let mut connection = PgConnection::connect(url).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}
