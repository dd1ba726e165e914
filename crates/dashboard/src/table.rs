//! From a folder to the source of a table. For the build script, and the library's
//! tests: the library has what came of it.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::{fs, io};

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::tag::etag;

/// A file to be embedded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    /// Its path below the folder, with `/` between the parts on any system.
    pub(crate) path: String,
    /// Where it is, or what it was compressed to.
    pub(crate) place: PathBuf,
    /// Whether it was compressed.
    pub(crate) is_gzip: bool,
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
                rows.push(Row { path, place: entry.path(), is_gzip: false, etag });
            }
        }
    }
    rows.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(rows)
}

/// Compresses what gets shorter by it, into files of a folder: fonts and pictures are short already.
///
/// # Errors
///
/// When a file can't be read or written.
pub(crate) fn compress(rows: &mut [Row], folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    for (number, row) in rows.iter_mut().enumerate() {
        let content = fs::read(&row.place)?;
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(&content)?;
        let compressed = encoder.finish()?;
        if compressed.len() < content.len() / 10 * 9 {
            row.place = folder.join(format!("{number}.gz"));
            row.is_gzip = true;
            fs::write(&row.place, compressed)?;
        }
    }
    Ok(())
}

/// The table as an expression of Rust.
pub(crate) fn source(rows: &[Row]) -> String {
    let mut source = String::from("&[\n");
    for Row { path, place, is_gzip, etag } in rows {
        let place = place.display().to_string();
        // Writing to a String can't fail.
        let _infallible = writeln!(
            source,
            "    File {{ path: {path:?}, bytes: include_bytes!({place:?}), is_gzip: {is_gzip}, etag: {etag:?} }},"
        );
    }
    source.push(']');
    source
}
