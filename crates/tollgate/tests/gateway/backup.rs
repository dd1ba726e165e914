//! `tollgate backup` beside a gateway under load, and `tollgate restore` elsewhere
//! (`docs/backup.md`).

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use parking_lot::Mutex;
use tollgate_store_postgres::PostgresStore;
use tollgate_store_postgres::test_server::{TestServer, program};
use tollgate_testkit::{Protocol, simulator};
use tollgate_types::Usd;

use crate::crashing::{answer, checked, checked_file, configuration};
use crate::home::Home;
use crate::postgres::SECRET_KEY;

/// What a caller was told to its end before an instant.
const BEFORE: Duration = Duration::from_millis(700);

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_under_load_is_restored_elsewhere() {
    let simulator = simulator().await;
    let base = Protocol::OpenAi.base_url(&simulator);
    thread::scope(|scope| scope.spawn(|| backed_up_and_restored(&base)).join().unwrap());
}

fn backed_up_and_restored(base: &str) {
    let home = Home::new();
    home.file(&configuration(base));
    let made = home.json(&["keys", "create", "--name", "caller", "--json"]);
    let key = made["key"].as_str().unwrap();
    home.does(&["credits", "add", "100"]);
    let serving = home.serve();
    let before = told_before((&serving.address, key), || {
        let said = home.does(&["backup", "all.tar"]);
        assert!(said.starts_with("all.tar has "), "{said}");
    });
    let permissions = home.directory.path().join("all.tar").metadata().unwrap().permissions();
    assert_eq!(permissions.mode() & 0o777, 0o600);
    let left: Vec<_> = std::fs::read_dir(home.directory.path()).unwrap().collect();
    assert_eq!(left.len(), 3, "only data, all.tar and tollgate.toml: {left:?}");
    let again = home.run(&["backup", "all.tar"]);
    assert!(again.code == Some(1) && again.err.contains("all.tar"), "{}", again.err);
    // Nothing is put in the place of data, least of all that of a gateway which runs.
    let refused = home.run(&["restore", "all.tar"]);
    assert!(refused.err.contains("is there already"), "{}", refused.err);
    let refused = home.run(&["restore", "all.tar", "--replace"]);
    assert!(refused.err.contains("a gateway is running"), "{}", refused.err);
    assert_eq!(serving.terminate(), Some(0));

    let backup = home.directory.path().join("all.tar");
    let elsewhere = Home::new();
    elsewhere.file(&configuration(base));
    let said = elsewhere.does(&["restore", backup.to_str().unwrap(), "--data-dir", "data"]);
    assert!(said.contains("balanced") && !said.contains("WRONG"), "{said}");
    let serving = elsewhere.serve();
    assert_eq!(serving.key, "", "its keys are there: no first one is made");
    assert!(answer(&serving.address, key, false).is_some(), "the same key works");
    assert_eq!(serving.terminate(), Some(0));
    let names = |home: &Home| home.json(&["keys", "list", "--json"])[0]["hash"].clone();
    assert_eq!(names(&elsewhere), names(&home));
    assert!(elsewhere.does(&["ledger", "audit"]).contains("balanced"));
    let shown = elsewhere.json(&["credits", "show", "--json"]);
    assert_eq!(shown["total_credits"], "100");
    // Every call that had been answered when the backup began is on record at what was told.
    let path = elsewhere.directory.path().join("data/tollgate.db");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(checked_file(path.to_str().unwrap(), &before));

    replaced(&elsewhere, &backup);
    damaged(&backup);
}

/// Calls again and again, has `made` called meanwhile, and returns what callers had been told to
/// its end before that.
fn told_before((address, key): (&str, &str), made: impl FnOnce()) -> BTreeMap<String, Usd> {
    let (stop, told) = (AtomicBool::new(false), Mutex::new(BTreeMap::new()));
    let before = thread::scope(|scope| {
        for caller in 0..4 {
            let (stop, told) = (&stop, &told);
            scope.spawn(move || {
                let mut streamed = caller % 2 == 0;
                while !stop.load(Ordering::Acquire) {
                    let answered = answer(address, key, streamed);
                    told.lock().extend(answered);
                    streamed = !streamed;
                }
            });
        }
        thread::sleep(BEFORE);
        let before = told.lock().clone();
        made();
        stop.store(true, Ordering::Release);
        before
    });
    assert!(!before.is_empty());
    assert!(told.into_inner().len() > before.len(), "no call ended while it was made");
    before
}

/// As `docs/backup.md` has it: the data directory, then the dump; the dump, then the directory.
#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_on_postgres_is_backed_up_and_restored_elsewhere() {
    let simulator = simulator().await;
    let base = Protocol::OpenAi.base_url(&simulator);
    let server = TestServer::shared();
    let (database, empty) = (server.database().await, server.database().await);
    let before = thread::scope(|scope| {
        scope.spawn(|| dumped_and_restored(&base, &database, &empty)).join().unwrap()
    });
    checked(PostgresStore::open(&empty).await.unwrap().into_stores(), &before).await;
}

fn dumped_and_restored(base: &str, database: &str, empty: &str) -> BTreeMap<String, Usd> {
    let home_on = |url: &str| {
        let home = Home::new().with("TOLLGATE_SECRET_KEY", SECRET_KEY);
        home.file(&format!("[database]\nurl = \"{url}\"\n{}", configuration(base)));
        home
    };
    let home = home_on(database);
    let made = home.json(&["keys", "create", "--name", "caller", "--json"]);
    let key = made["key"].as_str().unwrap();
    home.does(&["credits", "add", "100"]);
    let serving = home.serve();
    let dump = home.directory.path().join("tollgate.dump");
    let before = told_before((&serving.address, key), || {
        let said = home.does(&["backup", "all.tar"]);
        assert!(said.contains("pg_dump"), "{said}");
        let mut dumping = std::process::Command::new(program("pg_dump"));
        let dumped = dumping.arg("-Fc").arg("-f").arg(&dump).arg(database).output().unwrap();
        assert!(dumped.status.success(), "{}", String::from_utf8_lossy(&dumped.stderr));
    });
    assert_eq!(serving.terminate(), Some(0));

    let mut restoring = std::process::Command::new(program("pg_restore"));
    let restored = restoring.arg("--no-owner").arg("-d").arg(empty).arg(&dump).output().unwrap();
    assert!(restored.status.success(), "{}", String::from_utf8_lossy(&restored.stderr));
    let elsewhere = home_on(empty);
    let backup = home.directory.path().join("all.tar");
    let said = elsewhere.does(&["restore", backup.to_str().unwrap()]);
    assert!(said.contains("balanced") && !said.contains("WRONG"), "{said}");
    let serving = elsewhere.serve();
    assert!(answer(&serving.address, key, true).is_some(), "the same key works");
    assert_eq!(serving.terminate(), Some(0));
    assert!(elsewhere.does(&["ledger", "audit"]).contains("balanced"));
    before
}

/// Over data that is there: it is kept beside.
fn replaced(home: &Home, backup: &Path) {
    home.does(&["credits", "add", "7"]);
    let said = home.does(&["restore", backup.to_str().unwrap(), "--replace"]);
    assert!(said.contains("tollgate.db.replaced-"), "{said}");
    assert_eq!(home.json(&["credits", "show", "--json"])["total_credits"], "100");
}

/// What is cut or changed leaves everything as it is.
fn damaged(backup: &Path) {
    let home = Home::new();
    let whole = std::fs::read(backup).unwrap();
    let mut changed = whole.clone();
    let middle = changed.len() / 2;
    changed[middle] ^= 1;
    for bytes in [&whole[..whole.len() / 3], &whole[..whole.len() - 2_048], &changed, b"no"] {
        std::fs::write(home.directory.path().join("bad.tar"), bytes).unwrap();
        let refused = home.run(&["restore", "bad.tar"]);
        assert_eq!(refused.code, Some(1), "{}", refused.out);
        assert!(refused.err.contains("damaged, cut short or no backup"), "{}", refused.err);
        assert!(!home.directory.path().join("data").exists());
    }
}

/// What has the name that the copy of the database would have is somebody else's.
#[test]
fn a_file_that_is_in_the_way_stays() {
    let home = Home::new();
    home.does(&["keys", "create", "--name", "ci"]);
    let theirs = home.directory.path().join("all.tar.database");
    std::fs::write(&theirs, "theirs").unwrap();
    let refused = home.run(&["backup", "all.tar"]);
    assert!(refused.code == Some(1) && refused.err.contains("all.tar.database"), "{}", refused.err);
    assert_eq!(std::fs::read_to_string(&theirs).unwrap(), "theirs");
    assert!(!home.directory.path().join("all.tar").exists());
    std::fs::remove_file(&theirs).unwrap();
    home.does(&["backup", "all.tar"]);
    assert!(!theirs.exists());
}

#[test]
fn a_backup_without_secrets_says_where_the_key_is() {
    let home = Home::new();
    let nothing = home.run(&["backup", "all.tar"]);
    assert!(nothing.err.contains("nothing to back up"), "{}", nothing.err);
    home.does(&["keys", "create", "--name", "ci"]);
    let said = home.does(&["backup", "all.tar", "--without-secrets"]);
    assert!(said.contains("data/secret.key elsewhere"), "{said}");
    let backup = home.directory.path().join("all.tar");
    let elsewhere = Home::new();
    let ran = elsewhere.run(&["restore", backup.to_str().unwrap()]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(ran.err.contains("no API key works yet"), "{}", ran.err);
    let key = std::fs::read_to_string(home.directory.path().join("data/secret.key")).unwrap();
    let elsewhere = Home::new().with("TOLLGATE_SECRET_KEY", key.trim());
    let ran = elsewhere.run(&["restore", backup.to_str().unwrap()]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
}
