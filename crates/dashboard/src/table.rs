//! From a folder to the source of a table. For the build script, and the library's
//! tests: the library has what came of it.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::tag::etag;

/// A file to be embedded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    /// Its path below the folder, with `/` between the parts on any system.
    pub(crate) path: String,
    /// Where it is.
    pub(crate) place: PathBuf,
    /// Tells its content from any other.
    pub(crate) etag: String,
}

/// Whether a folder holds a built dashboard.
pub(crate) fn is_dashboard(folder: &Path) -> bool {
    folder.join("index.html").is_file()
}

/// The files below a folder, by path. Those whose names begin with a dot are left out: they are for
/// tools.
///
/// # Errors
///
/// When a file can't be read.
pub(crate) fn rows(folder: &Path) -> io::Result<Vec<Row>> {
    let folder = folder.canonicalize()?;
    let mut rows = Vec::new();
    let mut open = vec![(folder, String::new())];
    while let Some((folder, prefix)) = open.pop() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            if name.starts_with('.') {
                continue;
            }
            let path = format!("{prefix}{name}");
            if entry.file_type()?.is_dir() {
                open.push((entry.path(), format!("{path}/")));
            } else {
                let etag = etag(&fs::read(entry.path())?);
                rows.push(Row { path, place: entry.path(), etag });
            }
        }
    }
    rows.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(rows)
}

/// The table as an expression of Rust.
pub(crate) fn source(rows: &[Row]) -> String {
    let mut source = String::from("&[\n");
    for Row { path, place, etag } in rows {
        let place = place.display().to_string();
        // Writing to a String can't fail.
        let _infallible = writeln!(
            source,
            "    File {{ path: {path:?}, bytes: include_bytes!({place:?}), etag: {etag:?} }},"
        );
    }
    source.push(']');
    source
}
