//! `tollgate backup`

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Args;
use tokio::task::spawn_blocking;
use tokio::time::{MissedTickBehavior, interval};
use tollgate_engine::{Clock, SystemClock};
use tollgate_store_sqlite as sqlite;

use super::Session;
use crate::backup::{DATABASE, Manifest, Origin, Packer, TOLD_EVERY, size};
use crate::config::Config;
use crate::gateway::{JOURNAL_FOLDER, NODE_FILE, UNREADABLE_FILE, open_store};
use crate::secrets;

#[derive(Debug, Args)]
pub(super) struct BackupArgs {
    /// The file to make; one that is there is never overwritten
    file: PathBuf,
    /// Leave the secret key out: without it no API key of the backup works, so keep it elsewhere
    #[arg(long)]
    without_secrets: bool,
}

/// Runs the command. A gateway may go on running beside it.
pub(super) async fn run(args: &BackupArgs, session: &Session) -> anyhow::Result<ExitCode> {
    let config = session.config()?;
    if !config.database_url.is_postgres() {
        let database = sqlite::file(config.database_url.expose())?;
        if !database.exists() {
            bail!("there is nothing to back up: {} is not there", database.display());
        }
        // Brings its schema up to date, as every command does.
        open_store(&config).await?.health.close().await;
    }
    let file =
        private(&args.file).with_context(|| format!("{} can't be made", args.file.display()))?;
    let made = make(args, &config, file).await;
    if made.is_err() {
        // What is half done is no backup.
        fs::remove_file(&args.file).ok();
    }
    let manifest = made?;
    tell(args, &config, session, &manifest);
    Ok(ExitCode::SUCCESS)
}

/// Makes a file, readable by its owner alone.
fn private(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

async fn make(args: &BackupArgs, config: &Config, file: File) -> anyhow::Result<Manifest> {
    let now = SystemClock.now();
    let mut packer = Packer::new(file, now);
    // The journal before the database: what is taken out of it meanwhile is in the database then.
    let (data_dir, with_secrets) = (config.data_dir.clone(), !args.without_secrets);
    let beside = spawn_blocking(move || {
        beside_the_database(&mut packer, &data_dir, with_secrets).map(|()| packer)
    });
    let mut packer = beside.await??;
    let is_postgres = config.database_url.is_postgres();
    if !is_postgres {
        let mut name = args.file.clone().into_os_string();
        name.push(".database");
        let draft = Draft::new(name.into())?;
        copied(config, &draft.0).await?;
        let added = spawn_blocking(move || packer.add(DATABASE, &draft.0).map(|_| packer));
        packer = added.await??;
    }
    let origin = Origin {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        made_at: now.to_rfc3339(),
        database: if is_postgres { "postgres" } else { "sqlite" }.to_owned(),
        schema: (!is_postgres).then(sqlite::schema),
    };
    spawn_blocking(move || packer.finish(origin)).await?.context("the backup can't be written")
}

/// Packs the files of the data directory that belong to the gateway.
fn beside_the_database(
    packer: &mut Packer,
    data_dir: &Path,
    with_secrets: bool,
) -> anyhow::Result<()> {
    let journal = data_dir.join(JOURNAL_FOLDER);
    let mut segments = Vec::new();
    if journal.is_dir() {
        for entry in fs::read_dir(&journal)? {
            segments.push(entry?.path());
        }
    }
    // In the order of their numbers. One that has gone meanwhile is in the database.
    segments.sort();
    for path in segments.iter().filter(|it| it.extension().is_some_and(|it| it == "journal")) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        packer.add(&format!("{JOURNAL_FOLDER}/{name}"), path)?;
    }
    let secret = with_secrets.then_some(secrets::FILE);
    for name in [UNREADABLE_FILE, NODE_FILE].into_iter().chain(secret) {
        packer.add(name, &data_dir.join(name))?;
    }
    Ok(())
}

/// A file that goes when it is no longer used.
struct Draft(PathBuf);

impl Draft {
    /// Makes it. What was there before is somebody else's, and stays.
    fn new(path: PathBuf) -> anyhow::Result<Self> {
        private(&path).with_context(|| format!("{} can't be made", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        fs::remove_file(&self.0).ok();
    }
}

/// Copies the database as it is at one moment, and tells how far it is.
async fn copied(config: &Config, draft: &Path) -> anyhow::Result<()> {
    let name = draft.to_str().context("the file's name is not UTF-8")?;
    let copying = sqlite::copy(config.database_url.expose(), name);
    tokio::pin!(copying);
    let mut ticks = interval(TOLD_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks.tick().await;
    loop {
        tokio::select! {
            copied = &mut copying => return copied.context("the database can't be copied"),
            _ = ticks.tick() => {
                let bytes = fs::metadata(draft).map_or(0, |it| it.len());
                anstream::eprintln!("copied {} of the database", size(bytes));
            }
        }
    }
}

fn tell(args: &BackupArgs, config: &Config, session: &Session, manifest: &Manifest) {
    anstream::println!("{} has {}.", args.file.display(), size(manifest.bytes()));
    if !manifest.has(secrets::FILE) {
        let at = if session.environment.get(secrets::VARIABLE).is_some() {
            format!("the variable {}", secrets::VARIABLE)
        } else {
            config.data_dir.join(secrets::FILE).display().to_string()
        };
        anstream::println!(
            "The secret key is not in it. Keep what is in {at} elsewhere: no API key works without it."
        );
    }
    if config.database_url.is_postgres() {
        anstream::println!(
            "The database is not in it. Dump it now, behind this backup and not before it:\n\n  \
             pg_dump --format=custom --file={}.dump \"{}\"\n",
            args.file.display(),
            config.database_url
        );
    }
}
