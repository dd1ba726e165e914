//! What can be found where the database should be.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use sqlx::{Connection as _, Row as _};
use tokio::task::JoinSet;
use tollgate_store::conformance::sample::{hash, plain_key};
use tollgate_store_postgres::test_server::TestServer;
use tollgate_store_postgres::{OpenError, PostgresStore};

use crate::fixture::{execute, fresh, open};

async fn refusal(url: &str) -> OpenError {
    let error = PostgresStore::open(url).await.unwrap_err();
    assert!(!format!("{error} {error:?}").contains("not-needed"), "{error:?}");
    error
}

#[tokio::test(flavor = "multi_thread")]
async fn many_may_open_the_same_new_database_at_once() {
    let url = TestServer::shared().database().await;
    let mut opening = JoinSet::new();
    for byte in 0..5 {
        let url = url.clone();
        opening.spawn(async move {
            let stores = open(&url).await;
            stores.keys.insert(plain_key(byte)).await.unwrap();
        });
    }
    opening.join_all().await;
    let keys = open(&url).await.keys.all().await.unwrap();
    let hashes: Vec<_> = keys.iter().map(|key| key.hash).collect();
    assert_eq!(hashes, [0, 1, 2, 3, 4].map(hash));
}

#[tokio::test]
async fn closing_and_opening_again_keeps_everything() {
    let fresh = fresh().await;
    fresh.keys.insert(plain_key(1)).await.unwrap();
    fresh.health.close().await;
    assert_eq!(open(&fresh.url).await.keys.all().await.unwrap(), [plain_key(1)]);
}

#[tokio::test]
async fn another_programs_database_is_refused_and_left_alone() {
    for sql in ["CREATE TABLE bookmark (url TEXT)", "CREATE VIEW one AS SELECT 1 AS one"] {
        let url = TestServer::shared().database().await;
        execute(&url, sql).await;
        let error = refusal(&url).await;
        assert!(matches!(error, OpenError::Foreign { .. }), "{error:?}");
        let mut connection = sqlx::PgConnection::connect(&url).await.unwrap();
        let sql = "SELECT count(*) AS tables FROM pg_class
                   WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v', 'p')";
        let row = sqlx::query(sql).fetch_one(&mut connection).await.unwrap();
        assert_eq!(row.get::<i64, _>("tables"), 1);
    }
}

/// A schema of its own is enough beside another program.
#[tokio::test]
async fn a_schema_of_its_own_will_do() {
    let url = TestServer::shared().database().await;
    execute(&url, "CREATE TABLE bookmark (url TEXT); CREATE SCHEMA tollgate").await;
    let url = format!("{url}?options[search_path]=tollgate");
    let stores = open(&url).await;
    stores.keys.insert(plain_key(1)).await.unwrap();
    assert!(stores.keys.revision().await.unwrap() > 0);
    stores.health.close().await;
    assert_eq!(open(&url).await.keys.all().await.unwrap(), [plain_key(1)]);
    let nowhere = url.replace("=tollgate", "=nowhere");
    assert!(matches!(refusal(&nowhere).await, OpenError::NoSchema { .. }));
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_refused_and_left_alone() {
    let fresh = fresh().await;
    fresh.health.close().await;
    let newer = "INSERT INTO tollgate_migration
                     (version, description, success, checksum, execution_time)
                 VALUES (1000, 'next', true, '', 0)";
    execute(&fresh.url, newer).await;
    for _ in 0..2 {
        let error = refusal(&fresh.url).await;
        assert!(matches!(error, OpenError::TooNew { found: 1_000, .. }), "{error:?}");
        assert!(error.to_string().contains("newer version of Tollgate"), "{error}");
    }
}

#[tokio::test]
async fn what_keeps_a_database_from_being_opened_has_a_name() {
    let server = TestServer::shared();
    let missing = refusal(&server.url("nowhere")).await;
    assert!(matches!(missing, OpenError::Missing { .. }), "{missing:?}");

    let unreachable = refusal("postgres://me:not-needed@127.0.0.1:1/db").await;
    assert!(matches!(unreachable, OpenError::Unreachable { .. }), "{unreachable:?}");
    assert!(unreachable.to_string().contains("127.0.0.1:1"), "{unreachable}");

    let url = server.database().await;

    let name = url.rsplit('/').next().unwrap();
    server.execute(&format!("CREATE ROLE of_{name} LOGIN")).await;
    let stranger = url.replace("postgres:not-needed", &format!("of_{name}:not-needed"));
    let not_allowed = refusal(&stranger).await;
    assert!(matches!(not_allowed, OpenError::NotAllowed { .. }), "{not_allowed:?}");
    let nobody = url.replace("postgres:not-needed", "nobody-there:not-needed");
    assert!(matches!(refusal(&nobody).await, OpenError::Refused { .. }));

    server
        .execute(&format!("CREATE DATABASE {name}_ascii ENCODING 'SQL_ASCII' TEMPLATE template0"))
        .await;
    let encoding = refusal(&format!("{url}_ascii")).await;
    assert!(matches!(encoding, OpenError::Encoding { .. }), "{encoding:?}");
}

/// Certificates are a matter of the server; that the wish for one is not passed over is ours.
#[tokio::test]
async fn a_server_without_tls_is_refused_where_tls_is_wanted() {
    let url = TestServer::shared().database().await;
    let error = refusal(&format!("{url}?sslmode=require")).await;
    assert!(matches!(error, OpenError::Unreachable { .. }), "{error:?}");
}

fn pem(what: &str, der: &[u8]) -> String {
    let text = BASE64_STANDARD.encode(der);
    let lines: Vec<&str> =
        text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {what}-----\n{}\n-----END {what}-----\n", lines.join("\n"))
}

/// What is asked of the server's certificate is what `sslmode` says.
#[tokio::test]
async fn a_certificate_is_checked_where_that_is_wanted() {
    let certified = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let server = TestServer::private();
    let database = server.database().await;
    let name = database.rsplit('/').next().unwrap();
    let certificate = pem("CERTIFICATE", certified.cert.der());
    let key = pem("PRIVATE KEY", &certified.signing_key.serialize_der());
    let port = server.speak_tls(&certificate, &key).await;
    let folder = tempfile::tempdir().unwrap();
    let authority = folder.path().join("authority.pem");
    std::fs::write(&authority, certificate).unwrap();
    let trusted = format!("&sslrootcert={}", authority.display());
    let url = |host: &str, mode: &str, rest: &str| {
        format!("postgres://postgres:not-needed@{host}:{port}/{name}?sslmode={mode}{rest}")
    };
    for well in [
        url("127.0.0.1", "require", ""),
        url("127.0.0.1", "verify-ca", &trusted),
        url("localhost", "verify-full", &trusted),
    ] {
        let stores = open(&well).await;
        let mut connection = sqlx::PgConnection::connect(&well).await.unwrap();
        let sql = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
        let row = sqlx::query(sql).fetch_one(&mut connection).await.unwrap();
        assert!(row.get::<bool, _>("ssl"), "{well}");
        stores.health.close().await;
    }
    for ill in [
        // Signed by nobody whom anybody knows.
        url("localhost", "verify-ca", ""),
        url("localhost", "verify-full", ""),
        // Not the name that it is for.
        url("127.0.0.1", "verify-full", &trusted),
    ] {
        let error = refusal(&ill).await;
        assert!(matches!(error, OpenError::Unreachable { .. }), "{ill}: {error:?}");
    }
}
