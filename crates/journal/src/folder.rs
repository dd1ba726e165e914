//! The folder of a journal: its lock, the names of its segments, and the files behind a trait, so
//! that tests can have them fail.

use std::fmt::Debug;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::JournalError;
use crate::format::{self, Opening, SEGMENT_HEADER_BYTES};

const LOCK: &str = "lock";
const EXTENSION: &str = "journal";
/// What a segment is called that was replayed and is damaged: nobody reads it again, and it is kept
/// for who wants to look.
const DAMAGED_EXTENSION: &str = "damaged";
const DIGITS: usize = 20;

/// Makes and removes the files of segments.
pub(crate) trait Files: Debug + Send + Sync {
    /// Makes a file that is not there yet.
    fn create(&self, path: &Path) -> io::Result<Arc<dyn SegmentFile>>;
    /// Removes a file.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Gives a file another name.
    fn rename(&self, path: &Path, to: &Path) -> io::Result<()>;
    /// Makes what was created in a folder outlive the machine's failure.
    fn sync_folder(&self, folder: &Path) -> io::Result<()>;
}

/// The file of one segment, which is written at its end only.
pub(crate) trait SegmentFile: Debug + Send + Sync {
    /// One write, which may be short.
    fn write(&self, bytes: &[u8]) -> io::Result<usize>;
    /// Has the disk set aside room for so many bytes in all, without making the file longer. What
    /// can't set room aside does nothing.
    fn reserve(&self, bytes: u64) -> io::Result<()>;
    /// Takes away what is behind `bytes`.
    fn cut(&self, bytes: u64) -> io::Result<()>;
    /// Makes what was written outlive the machine's failure.
    fn sync(&self) -> io::Result<()>;
}

/// A segment of an earlier start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OldSegment {
    pub(crate) number: u64,
    pub(crate) path: PathBuf,
    pub(crate) bytes: u64,
}

/// The files of the operating system.
#[derive(Debug)]
pub(crate) struct Disk;

impl Files for Disk {
    fn create(&self, path: &Path) -> io::Result<Arc<dyn SegmentFile>> {
        let mut options = private();
        options.append(true).create_new(true);
        Ok(Arc::new(options.open(path)?))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn rename(&self, path: &Path, to: &Path) -> io::Result<()> {
        fs::rename(path, to)
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        // Elsewhere folders can't be opened, and need not be.
        if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
    }
}

impl SegmentFile for File {
    fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        Write::write(&mut { self }, bytes)
    }

    fn reserve(&self, bytes: u64) -> io::Result<()> {
        set_aside(self, bytes)
    }

    fn cut(&self, bytes: u64) -> io::Result<()> {
        self.set_len(bytes)
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }
}

/// Only a full disk is an error: some file systems, and other systems, can't.
#[cfg(target_os = "linux")]
fn set_aside(file: &File, bytes: u64) -> io::Result<()> {
    use rustix::fs::{FallocateFlags, fallocate};
    use rustix::io::Errno;

    match fallocate(file, FallocateFlags::KEEP_SIZE, 0, bytes) {
        Err(full @ (Errno::NOSPC | Errno::DQUOT)) => Err(full.into()),
        _ => Ok(()),
    }
}

#[cfg(not(target_os = "linux"))]
fn set_aside(_: &File, _: u64) -> io::Result<()> {
    Ok(())
}

/// Takes a folder for this journal alone, and makes it where it is missing. It is free again when
/// the file is dropped, and when the process ends however it does.
pub(crate) fn lock(folder: &Path) -> Result<File, JournalError> {
    create(folder).map_err(JournalError::io("create the folder", folder))?;
    let path = folder.join(LOCK);
    let mut options = private();
    let file = options.write(true).create(true).truncate(false).open(&path);
    let file = file.map_err(JournalError::io("open", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(JournalError::InUse { folder: folder.to_owned() }),
        Err(TryLockError::Error(source)) => Err(JournalError::io("lock", &path)(source)),
    }
}

fn create(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)?;
    match folder.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        Some(parent) => Disk.sync_folder(parent),
        None => Ok(()),
    }
}

/// Readable by the owner only: an entry may hold what callers said.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// The segments of earlier starts, oldest first. Files of other names are not looked at.
pub(crate) fn segments(folder: &Path) -> Result<Vec<OldSegment>, JournalError> {
    let refused = || JournalError::io("list the folder", folder);
    let mut segments = Vec::new();
    for entry in fs::read_dir(folder).map_err(refused())? {
        let entry = entry.map_err(refused())?;
        let path = entry.path();
        let Some(number) = number(&path) else { continue };
        let bytes = entry.metadata().map_err(JournalError::io("look at", &path))?.len();
        check_version(&path)?;
        segments.push(OldSegment { number, path, bytes });
    }
    segments.sort_unstable_by_key(|it| it.number);
    Ok(segments)
}

/// The path of a segment.
pub(crate) fn path(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("{number:0DIGITS$}.{EXTENSION}"))
}

/// The path of a segment that is put aside because it is damaged.
pub(crate) fn damaged(path: &Path) -> PathBuf {
    path.with_extension(DAMAGED_EXTENSION)
}

fn number(path: &Path) -> Option<u64> {
    let is_ours = path.extension().is_some_and(|it| it == EXTENSION);
    let name = path.file_stem().filter(|_| is_ours)?.to_str()?;
    let digits = name.len() == DIGITS && name.bytes().all(|it| it.is_ascii_digit());
    name.parse().ok().filter(|_| digits)
}

/// Whoever reads a newer segment would call its entries damaged, and delete them.
fn check_version(path: &Path) -> Result<(), JournalError> {
    let mut header = Vec::new();
    let file = File::open(path).map_err(JournalError::io("open", path))?;
    let bytes = u64::try_from(SEGMENT_HEADER_BYTES).unwrap_or(u64::MAX);
    file.take(bytes).read_to_end(&mut header).map_err(JournalError::io("read", path))?;
    match format::opening(&header) {
        Opening::Known | Opening::Damaged => Ok(()),
        Opening::Other(version) => {
            Err(JournalError::OtherFormat { path: path.to_owned(), version })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_segments_are_read() {
        let folder = tempfile::tempdir().unwrap();
        for number in [12, 3] {
            fs::write(path(folder.path(), number), "").unwrap();
        }
        for other in
            ["1.journal", "lock", "00000000000000000001.jour", "+0000000000000000001.journal"]
        {
            fs::write(folder.path().join(other), "").unwrap();
        }
        let found = segments(folder.path()).unwrap();
        assert_eq!(found.iter().map(|it| it.number).collect::<Vec<_>>(), [3, 12]);
    }
}
