//! From what the operator wrote to a file that SQLite may open.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use crate::OpenError;

/// Reads a path, `sqlite:PATH` or `sqlite://PATH`.
///
/// `?mode=rwc`, common in URLs for sqlx, is what happens anyway; other parameters are refused
/// rather than ignored.
pub(crate) fn parse(location: &str) -> Result<PathBuf, OpenError> {
    let url = location.strip_prefix("sqlite://").or_else(|| location.strip_prefix("sqlite:"));
    let path = match url {
        Some(rest) => rest.strip_suffix("?mode=rwc").unwrap_or(rest),
        None => location,
    };
    let why = if path.is_empty() {
        "it is empty"
    } else if path == ":memory:" {
        "use the in-memory store instead of an in-memory database"
    } else if url.is_some() && path.contains('?') {
        "its parameters are not supported"
    } else if path.contains("://") {
        "it is the URL of something else"
    } else {
        return Ok(PathBuf::from(path));
    };
    Err(OpenError::Location { why })
}

/// Makes sure that the file exists, readable by its owner only when it is made here.
///
/// A file that exists is not opened: closing it again would release the locks that other
/// connections of this process hold on it (POSIX advisory locks).
pub(crate) fn prepare(path: &Path) -> Result<(), OpenError> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        create_folder(folder)
            .map_err(|source| OpenError::Folder { path: folder.to_owned(), source })?;
    }
    match create_file(path) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            refuse_folder(path).map_err(|source| OpenError::File { path: path.to_owned(), source })
        }
        Err(source) => Err(OpenError::File { path: path.to_owned(), source }),
    }
}

fn create_folder(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// SQLite gives its side files (`-wal`, `-shm`) the mode of this one.
fn create_file(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

fn refuse_folder(path: &Path) -> io::Result<()> {
    if fs::metadata(path)?.is_dir() {
        return Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a folder"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_is_a_path_or_a_url() {
        for (location, path) in [
            ("data/tollgate.db", "data/tollgate.db"),
            ("sqlite://./data/tollgate.db", "./data/tollgate.db"),
            ("sqlite:///srv/tollgate.db?mode=rwc", "/srv/tollgate.db"),
            ("sqlite:tollgate.db", "tollgate.db"),
            ("what?.db", "what?.db"),
        ] {
            assert_eq!(parse(location).unwrap(), PathBuf::from(path), "{location}");
        }
        for location in ["", "sqlite://", ":memory:", "sqlite::memory:", "sqlite://a.db?mode=ro"] {
            assert!(parse(location).is_err(), "{location}");
        }
    }

    #[test]
    fn a_refused_location_does_not_show_its_password() {
        let error = parse("postgres://user:hunter2@host/db").unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }
}
