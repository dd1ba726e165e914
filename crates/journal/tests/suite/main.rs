//! What a journal promises, from outside.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "these are tests, which should panic where something is not as expected"
)]

mod crashes;
mod damage;
mod keeping;
mod killed;

use std::fs;
use std::path::{Path, PathBuf};

use tollgate_journal::{Journal, Replay, Replayed, Settings};

/// One segment holds all that a test appends.
const LARGE: Settings = Settings { segment_bytes: 1 << 30, keeps_spare: false };

/// Everything that a replay hands out.
fn entries(replay: &mut Replay) -> Vec<Vec<u8>> {
    let mut entries = Vec::new();
    while let Some(entry) = replay.next_entry().unwrap() {
        entries.push(entry.to_vec());
    }
    entries
}

/// What the next start is handed. Deletes nothing.
fn next_start(folder: &Path) -> (Vec<Vec<u8>>, Replayed) {
    let copy = copied(folder);
    let (_journal, mut replay) = Journal::open(copy.path(), LARGE).unwrap();
    (entries(&mut replay), replay.replayed())
}

/// The folder as it would be found if the process ended now.
fn copied(folder: &Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    for path in segments(folder) {
        fs::copy(&path, copy.path().join(path.file_name().unwrap())).unwrap();
    }
    copy
}

/// The segments' files, oldest first.
fn segments(folder: &Path) -> Vec<PathBuf> {
    let paths = fs::read_dir(folder).unwrap().map(|it| it.unwrap().path());
    let is_segment = |it: &PathBuf| it.extension().is_some_and(|it| it == "journal");
    let mut paths: Vec<_> = paths.filter(is_segment).collect();
    paths.sort();
    paths
}
