//! Turns the built dashboard, `web/dist`, into a table that the library embeds. It never runs Node
//! and never asks the network: `make web` builds the dashboard, and without one the table is empty.
//!
//! `TOLLGATE_DASHBOARD_DIST` names another folder, which then has to be there.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::{env, fmt, fs, io};

#[path = "src/table.rs"]
mod table;
#[expect(unreachable_pub, reason = "shared with the library")]
#[path = "src/tag.rs"]
mod tag;

/// Names another folder than `web/dist`.
const VARIABLE: &str = "TOLLGATE_DASHBOARD_DIST";

/// Why there is no table. `Debug`, which cargo prints, is for people.
enum Failure {
    NotSet(&'static str),
    NoDashboard(PathBuf),
    Unreadable(PathBuf, io::Error),
    Unwritable(PathBuf, io::Error),
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotSet(name) => write!(f, "cargo did not set {name}"),
            Self::NoDashboard(path) => {
                write!(f, "{VARIABLE}: {} has no index.html", path.display())
            }
            Self::Unreadable(path, error) => {
                write!(f, "{} can't be read: {error}", path.display())
            }
            Self::Unwritable(path, error) => {
                write!(f, "{} can't be written: {error}", path.display())
            }
        }
    }
}

fn main() -> Result<(), Failure> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=src/table.rs");
    println!("cargo::rerun-if-changed=src/tag.rs");
    println!("cargo::rerun-if-env-changed={VARIABLE}");
    let mut files = match env::var_os(VARIABLE) {
        Some(named) => given(Path::new(&named))?,
        None => built(&Path::new(&variable("CARGO_MANIFEST_DIR")?).join("../../web"))?,
    };
    let out = PathBuf::from(variable("OUT_DIR")?);
    let compressed = out.join("compressed");
    table::compress(&mut files, &compressed)
        .map_err(|error| Failure::Unwritable(compressed, error))?;
    let path = out.join("files.rs");
    fs::write(&path, table::source(&files)).map_err(|error| Failure::Unwritable(path, error))
}

fn variable(name: &'static str) -> Result<OsString, Failure> {
    env::var_os(name).ok_or(Failure::NotSet(name))
}

/// The files of the folder that was named.
fn given(folder: &Path) -> Result<Vec<table::Row>, Failure> {
    println!("cargo::rerun-if-changed={}", folder.display());
    if !table::is_dashboard(folder) {
        return Err(Failure::NoDashboard(folder.to_owned()));
    }
    rows(folder)
}

/// The files of `web/dist`, if it was built.
///
/// What is watched depends on what is there. A folder is watched with all that is in it, and `web`
/// holds thousands of files of packages, so it is watched only while there is no dashboard in it:
/// its own time of change says when one appears, however old that is. While there is one, it is
/// watched itself: when it goes it is missing, which cargo takes for a change. A path that was never
/// there would be one each time, and have everything compiled each time.
fn built(web: &Path) -> Result<Vec<table::Row>, Failure> {
    let dist = web.join("dist");
    if table::is_dashboard(&dist) {
        println!("cargo::rerun-if-changed={}", dist.display());
        return rows(&dist);
    }
    if web.is_dir() {
        println!("cargo::rerun-if-changed={}", web.display());
    }
    Ok(Vec::new())
}

fn rows(folder: &Path) -> Result<Vec<table::Row>, Failure> {
    table::rows(folder).map_err(|error| Failure::Unreadable(folder.to_owned(), error))
}
