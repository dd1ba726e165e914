//! `tollgate restore`

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Args;
use tokio::task::spawn_blocking;
use tollgate_engine::{Clock, SystemClock};
use tollgate_store_sqlite as sqlite;

use super::{Session, ledger};
use crate::backup::{self, DATABASE, Manifest};
use crate::config::Config;
use crate::gateway::{JOURNAL_FOLDER, NODE_FILE, UNREADABLE_FILE, open_store};
use crate::secrets;

#[derive(Debug, Args)]
pub(super) struct RestoreArgs {
    /// The backup
    file: PathBuf,
    /// Put it in the place of data that is there; that is kept beside it, under other names
    #[arg(long)]
    replace: bool,
}

/// Runs the command; ends with 1 when the books that were restored don't balance.
pub(super) async fn run(args: &RestoreArgs, session: &Session) -> anyhow::Result<ExitCode> {
    let config = session.config()?;
    let places = Places::of(&config)?;
    let (file, replaces) = (args.file.clone(), args.replace);
    let manifest = spawn_blocking(move || restore(&file, replaces, &places)).await??;
    anstream::println!(
        "Restored what Tollgate {} had at {} into {}.",
        manifest.origin.version,
        manifest.origin.made_at,
        config.data_dir.display()
    );
    let stores = match open_store(&config).await {
        Err(error) if config.database_url.is_postgres() => {
            anstream::println!("Its database is not in the backup: restore it with pg_restore.");
            return Err(error);
        }
        opened => opened?,
    };
    let pepper = secrets::pepper(&config, &session.environment, &stores).await;
    let audited = ledger::show_books(&stores).await;
    stores.health.close().await;
    if let Err(error) = pepper {
        anstream::eprintln!("warning: no API key works yet: {error:#}");
    }
    audited
}

/// Where the files of a backup belong.
struct Places {
    data_dir: PathBuf,
    /// Where it is a file.
    database: Option<PathBuf>,
}

impl Places {
    fn of(config: &Config) -> anyhow::Result<Self> {
        let url = &config.database_url;
        let database = if url.is_postgres() { None } else { Some(sqlite::file(url.expose())?) };
        Ok(Self { data_dir: config.data_dir.clone(), database })
    }

    /// The place of a file, or of the folder that it is in.
    fn top(&self, name: &str) -> PathBuf {
        match (name, &self.database) {
            (DATABASE, Some(path)) => path.clone(),
            _ => self.data_dir.join(name.split('/').next().unwrap_or(name)),
        }
    }

    /// Everything that a gateway has written here.
    fn there(&self, manifest: &Manifest) -> Vec<PathBuf> {
        let secret = manifest.has(secrets::FILE).then_some(secrets::FILE);
        let names = [JOURNAL_FOLDER, UNREADABLE_FILE, NODE_FILE].into_iter().chain(secret);
        let mut there: Vec<PathBuf> = names.map(|name| self.data_dir.join(name)).collect();
        if let Some(path) = &self.database {
            there.extend(["", "-wal", "-shm"].map(|end| beside(path, end)));
        }
        there.retain(|path| path.exists());
        there
    }
}

/// A path with something behind its name.
fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}

fn restore(file: &Path, replaces: bool, places: &Places) -> anyhow::Result<Manifest> {
    // Once to see that all of it is right, before anything is touched.
    let manifest = backup::read(file, |_| Ok(io::sink()))?;
    check(&manifest, places)?;
    let there = places.there(&manifest);
    if let Some(first) = there.first().filter(|_| !replaces) {
        bail!(
            "{} is there already. Choose another folder with --data-dir, or have it replaced with \
             --replace",
            first.display()
        );
    }
    let lock = places.data_dir.join(JOURNAL_FOLDER).join("lock");
    let held = File::open(&lock).ok();
    if held.as_ref().is_some_and(|it| it.try_lock().is_err()) {
        bail!("a gateway is running on {}; stop it first", places.data_dir.display());
    }
    let now = SystemClock.now().unix_millis();
    let mut drafts = Drafts { end: format!(".restoring-{now}"), tops: Vec::new() };
    backup::read(file, |name| drafts.open(places, name))?;
    for path in there {
        let aside = beside(&path, &format!(".replaced-{now}"));
        fs::rename(&path, &aside).with_context(|| format!("{} can't be moved", path.display()))?;
        anstream::println!("What was in {} is in {} now.", path.display(), aside.display());
    }
    drafts.put()?;
    Ok(manifest)
}

fn check(manifest: &Manifest, places: &Places) -> anyhow::Result<()> {
    let origin = &manifest.origin;
    if origin.schema.is_some_and(|schema| schema > sqlite::schema()) {
        bail!(
            "the backup was made by the newer version {}; restore it with that one",
            origin.version
        );
    }
    match (manifest.has(DATABASE), &places.database) {
        (true, Some(_)) | (false, None) => Ok(()),
        (true, None) => bail!("the backup has a SQLite database, and Postgres is configured"),
        (false, Some(_)) => bail!(
            "the backup is of a gateway with Postgres; set TOLLGATE_DATABASE_URL to where its \
             database is restored"
        ),
    }
}

/// Files that are unpacked beside their places.
struct Drafts {
    end: String,
    tops: Vec<PathBuf>,
}

impl Drafts {
    /// Makes the draft of a file.
    fn open(&mut self, places: &Places, name: &str) -> anyhow::Result<Synced> {
        let top = places.top(name);
        let draft = beside(&top, &self.end);
        if !self.tops.contains(&top) {
            self.tops.push(top);
        }
        let path = match name.split_once('/') {
            Some((_, rest)) => draft.join(rest),
            None => draft,
        };
        let said = || format!("{} can't be made", path.display());
        if let Some(folder) = path.parent().filter(|it| !it.as_os_str().is_empty()) {
            DirBuilder::new().recursive(true).mode(0o700).create(folder).with_context(said)?;
        }
        let mut options = OpenOptions::new();
        let options = options.write(true).create_new(true).mode(0o600);
        Ok(Synced(options.open(&path).with_context(said)?))
    }

    /// Puts them into their places.
    fn put(&mut self) -> anyhow::Result<()> {
        for top in self.tops.drain(..) {
            let draft = beside(&top, &self.end);
            if draft.is_dir() {
                // Its files are on the disk; that it has them is not yet.
                File::open(&draft)?.sync_all()?;
            }
            fs::rename(&draft, &top)
                .with_context(|| format!("{} can't be put in its place", top.display()))?;
            if let Some(folder) = top.parent().filter(|it| !it.as_os_str().is_empty()) {
                File::open(folder)?.sync_all()?;
            }
        }
        Ok(())
    }
}

impl Drop for Drafts {
    /// What was not put into its place is of no use.
    fn drop(&mut self) {
        for top in &self.tops {
            let draft = beside(top, &self.end);
            let is_folder = draft.is_dir();
            let gone = if is_folder { fs::remove_dir_all(draft) } else { fs::remove_file(draft) };
            gone.ok();
        }
    }
}

/// A file that outlives a loss of power once it is flushed.
struct Synced(File);

impl io::Write for Synced {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.sync_all()
    }
}
