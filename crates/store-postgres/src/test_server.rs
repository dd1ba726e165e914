//! A Postgres server for tests: started from what is installed, gone with whoever uses it.
//!
//! Tests that run as processes of their own (`cargo nextest`) share one server for the whole run.
//! Every user holds a lock on a file beside it, which the kernel gives back however the user ends;
//! a watching shell stops the server and removes its files when nobody has held one for a while.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a test that can't have its server fails here, and says why"
)]

use std::fs::{self, File};
use std::io::Write as _;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::sleep;
use std::time::Duration;

use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};

use crate::location;

/// A running server.
#[derive(Debug)]
pub struct TestServer {
    folder: PathBuf,
    /// Keeps the server.
    _user: File,
}

/// Who the server runs as: Postgres refuses root.
#[derive(Debug, Clone, Copy)]
struct User {
    uid: u32,
    gid: u32,
}

/// A crash of the machine is not what is tested; a crash of the server loses nothing.
const SETTINGS: &str = "
listen_addresses = ''
fsync = off
full_page_writes = off
max_connections = 400
shared_buffers = 64MB
log_min_messages = fatal
";

/// Starts the server named by `$1`, and ends it when its folder has had no user for two looks in
/// a row. It holds the lock from then on, so that whoever comes too late waits for the end and then
/// finds it.
const WATCH: &str = r#"
cd "$1" || exit 1
"$2/postgres" -D "$1/data" -k "$1" >"$1/log" 2>&1 &
echo "$!" >"$1/pid"
exec 9<"$1/users"
unused=0
while [ "$unused" -lt 2 ]; do
    sleep 2
    if flock -n -x 9; then
        unused=$((unused + 1))
        [ "$unused" -lt 2 ] && flock -u 9
    else
        unused=0
    fi
done
rm -f "$1/ready"
server=$(cat "$1/pid")
kill -QUIT "$server" 2>/dev/null
while kill -0 "$server" 2>/dev/null; do sleep 0.1; done
rm -rf "$1" "$1.lock"
"#;

/// Starts a server that has crashed.
const RESTART: &str = r#"
"$2/postgres" -D "$1/data" -k "$1" </dev/null >"$1/log" 2>&1 &
echo "$!" >"$1/pid"
"#;

/// Databases that this process has made.
static MADE: AtomicU32 = AtomicU32::new(0);

/// The server that everybody in this run shares.
static SHARED: LazyLock<TestServer> = LazyLock::new(|| {
    let run = std::env::var_os("NEXTEST_RUN_ID")
        .map_or_else(|| std::process::id().to_string(), |id| id.to_string_lossy().into_owned());
    TestServer::at(&std::env::temp_dir().join(format!("tollgate-postgres-{run}")))
});

impl TestServer {
    /// The server of this run of tests, started when it is first asked for.
    pub fn shared() -> &'static Self {
        &SHARED
    }

    /// A server for one test that stops it.
    pub fn private() -> Self {
        let made = MADE.fetch_add(1, Ordering::Relaxed);
        let name = format!("tollgate-postgres-own-{}-{made}", std::process::id());
        Self::at(&std::env::temp_dir().join(name))
    }

    fn at(folder: &Path) -> Self {
        let mut lock = folder.as_os_str().to_owned();
        lock.push(".lock");
        let starting = File::create(&lock).unwrap();
        give(Path::new(&lock));
        starting.lock().unwrap();
        let user = use_it(folder).unwrap_or_else(|| start(folder));
        drop(starting);
        Self { folder: folder.to_owned(), _user: user }
    }

    /// A new and empty database.
    pub async fn database(&self) -> String {
        let made = MADE.fetch_add(1, Ordering::Relaxed);
        let name = format!("test_{}_{made}", std::process::id());
        self.execute(&format!("CREATE DATABASE {name}")).await;
        self.url(&name)
    }

    /// Runs a statement in the database of the server's own.
    pub async fn execute(&self, sql: &str) {
        let options = location::parse(&self.url("postgres")).unwrap().options;
        let mut connection = options.connect().await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    }

    /// The URL of a database of this server.
    pub fn url(&self, database: &str) -> String {
        let socket = self.folder.display().to_string().replace('/', "%2F");
        format!("postgres://postgres:not-needed@{socket}/{database}")
    }

    /// Has the server speak TLS on a port of its own, with a certificate and its key in PEM, and
    /// says on which. Answers nowhere else from then on.
    pub async fn speak_tls(&self, certificate: &str, key: &str) -> u16 {
        for (name, pem) in [("server.crt", certificate), ("server.key", key)] {
            let path = self.folder.join("data").join(name);
            fs::write(&path, pem).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
            give(&path);
        }
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        self.execute("ALTER SYSTEM SET listen_addresses = '127.0.0.1'").await;
        self.execute(&format!("ALTER SYSTEM SET port = {port}")).await;
        self.execute("ALTER SYSTEM SET ssl = on").await;
        self.crash();
        self.restart();
        port
    }

    /// Stops the server as a crash does.
    pub fn crash(&self) {
        let pid = fs::read_to_string(self.folder.join("pid")).unwrap();
        let killed = Command::new("kill").args(["-QUIT", pid.trim()]).status().unwrap();
        assert!(killed.success());
        while self.folder.join("data/postmaster.pid").exists() {
            sleep(Duration::from_millis(20));
        }
    }

    /// Starts it again after [`crash`](Self::crash).
    pub fn restart(&self) {
        let started = as_server(Path::new("sh"))
            .args(["-c", RESTART, "sh"])
            .args([self.folder.as_path(), &programs()])
            .current_dir(&self.folder)
            .process_group(0)
            .status()
            .unwrap();
        assert!(started.success());
        wait_until_it_answers(&self.folder);
    }
}

/// Marks this process as a user of a server, if there is one that is not being stopped.
fn use_it(folder: &Path) -> Option<File> {
    let user = File::open(folder.join("users")).ok()?;
    user.lock_shared().unwrap();
    folder.join("ready").exists().then_some(user)
}

fn start(folder: &Path) -> File {
    // What a run that was cut off has left.
    fs::remove_dir_all(folder).ok();
    fs::create_dir(folder).unwrap();
    let users = folder.join("users");
    File::create(&users).unwrap();
    let user = File::open(&users).unwrap();
    user.lock_shared().unwrap();
    give(folder);
    give(&users);
    let programs = programs();
    let made = as_server(&programs.join("initdb"))
        .arg("-D")
        .arg(folder.join("data"))
        .args(["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"])
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let settings = fs::OpenOptions::new().append(true).open(folder.join("data/postgresql.conf"));
    settings.unwrap().write_all(SETTINGS.as_bytes()).unwrap();
    let watched = as_server(Path::new("sh"))
        .args(["-c", r#"sh -c "$0" sh "$1" "$2" </dev/null >/dev/null 2>&1 &"#, WATCH])
        .args([folder, &programs])
        .current_dir(folder)
        // A group of its own: what is typed at the tests' terminal is not for the server.
        .process_group(0)
        .status()
        .unwrap();
    assert!(watched.success());
    wait_until_it_answers(folder);
    fs::write(folder.join("ready"), "").unwrap();
    user
}

/// Lets the server's user have a file.
fn give(path: &Path) {
    if let Some(User { uid, gid }) = server_user() {
        chown(path, Some(uid), Some(gid)).unwrap();
    }
}

/// A program that runs as the user of the server.
fn as_server(program: &Path) -> Command {
    let mut command = Command::new(program);
    if let Some(User { uid, gid }) = server_user() {
        command.uid(uid).gid(gid);
    }
    command.env("LC_ALL", "C");
    command
}

fn wait_until_it_answers(folder: &Path) {
    for _ in 0..600 {
        // The server's own word for it, on the last line.
        let state = fs::read_to_string(folder.join("data/postmaster.pid")).unwrap_or_default();
        if state.lines().last().is_some_and(|line| line.trim() == "ready") {
            return;
        }
        sleep(Duration::from_millis(50));
    }
    let log = fs::read_to_string(folder.join("log")).unwrap_or_default();
    panic!("the Postgres server for tests does not start: {log}");
}

/// The programs of a server: the newest that Debian has installed, else what is found elsewhere.
/// One of the programs of the server's version, such as `pg_dump`.
pub fn program(name: &str) -> PathBuf {
    programs().join(name)
}

fn programs() -> PathBuf {
    let version = |path: &Path| path.file_name()?.to_str()?.parse::<u32>().ok();
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut versions: Vec<PathBuf> = versions.map(|entry| entry.path()).collect();
    versions.sort_by_key(|path| std::cmp::Reverse(version(path)));
    let versions = versions.into_iter().map(|path| path.join("bin"));
    let others = ["/usr/bin", "/usr/local/bin", "/usr/local/pgsql/bin", "/opt/homebrew/bin"];
    let mut folders = versions.chain(others.map(PathBuf::from));
    let Some(found) = folders.find(|folder| folder.join("initdb").exists()) else {
        panic!("these tests start a Postgres server: `apt-get install postgresql`, or `make test`")
    };
    found
}

/// Root hands over to the user that the package has made, or to nobody.
fn server_user() -> Option<User> {
    let me = Command::new("id").arg("-u").output().unwrap();
    if String::from_utf8_lossy(&me.stdout).trim() != "0" {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").unwrap();
    let find = |name: &str| {
        users.lines().find_map(|line| {
            let mut fields = line.split(':');
            let is_it = fields.next() == Some(name);
            let uid = fields.nth(1)?.parse().ok()?;
            let gid = fields.next()?.parse().ok()?;
            is_it.then_some(User { uid, gid })
        })
    };
    find("postgres").or_else(|| find("nobody"))
}
