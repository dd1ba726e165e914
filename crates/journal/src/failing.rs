//! Disks that fail, and what a journal makes of them.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use parking_lot::Mutex;

use crate::folder::{Disk, Files, SegmentFile};
use crate::{Journal, JournalError, Left, Settings};

/// What is wrong with the disk now.
#[derive(Debug, Default)]
struct Trouble {
    /// How many bytes may still be written.
    room: Option<usize>,
    /// Whether no room can be set aside.
    is_full: bool,
    create: Option<io::ErrorKind>,
    cut: bool,
    sync: bool,
    sync_folder: bool,
    remove: bool,
    interrupt: bool,
    /// Told when the next sync has begun, and asked when it may go on.
    hold_sync: Option<(Sender<()>, Receiver<()>)>,
    writes: usize,
    syncs: usize,
}

#[derive(Debug, Clone, Default)]
struct Failing(Arc<Mutex<Trouble>>);

#[derive(Debug)]
struct FailingFile {
    file: Arc<dyn SegmentFile>,
    trouble: Failing,
}

fn fail(fails: bool) -> io::Result<()> {
    if fails { Err(io::Error::other("the disk is broken")) } else { Ok(()) }
}

impl Files for Failing {
    fn create(&self, path: &Path) -> io::Result<Arc<dyn SegmentFile>> {
        if let Some(kind) = self.0.lock().create {
            return Err(kind.into());
        }
        Ok(Arc::new(FailingFile { file: Disk.create(path)?, trouble: self.clone() }))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fail(self.0.lock().remove)?;
        Disk.remove(path)
    }

    fn rename(&self, path: &Path, to: &Path) -> io::Result<()> {
        fail(self.0.lock().remove)?;
        Disk.rename(path, to)
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        fail(self.0.lock().sync_folder)?;
        Disk.sync_folder(folder)
    }
}

impl SegmentFile for FailingFile {
    fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        let mut trouble = self.trouble.0.lock();
        trouble.writes += 1;
        if std::mem::take(&mut trouble.interrupt) {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let Some(room) = &mut trouble.room else { return self.file.write(bytes) };
        if *room == 0 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let written = self.file.write(&bytes[..bytes.len().min(*room)])?;
        *room -= written;
        Ok(written)
    }

    fn reserve(&self, bytes: u64) -> io::Result<()> {
        if self.trouble.0.lock().is_full {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.file.reserve(bytes)
    }

    fn cut(&self, bytes: u64) -> io::Result<()> {
        fail(self.trouble.0.lock().cut)?;
        self.file.cut(bytes)
    }

    fn sync(&self) -> io::Result<()> {
        let held = self.trouble.0.lock().hold_sync.take();
        if let Some((begun, go_on)) = held {
            begun.send(()).map_err(io::Error::other)?;
            go_on.recv_timeout(Duration::from_secs(20)).map_err(io::Error::other)?;
        }
        let mut trouble = self.trouble.0.lock();
        trouble.syncs += 1;
        fail(trouble.sync)?;
        self.file.sync()
    }
}

/// Takes nothing and gives no reason.
#[derive(Debug)]
struct Nothing;

impl SegmentFile for Nothing {
    fn write(&self, _: &[u8]) -> io::Result<usize> {
        Ok(0)
    }
    fn reserve(&self, _: u64) -> io::Result<()> {
        Ok(())
    }
    fn cut(&self, _: u64) -> io::Result<()> {
        Ok(())
    }
    fn sync(&self) -> io::Result<()> {
        Ok(())
    }
}

#[derive(Debug)]
struct Nowhere;

impl Files for Nowhere {
    fn create(&self, _: &Path) -> io::Result<Arc<dyn SegmentFile>> {
        Ok(Arc::new(Nothing))
    }
    fn remove(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }
    fn rename(&self, _: &Path, _: &Path) -> io::Result<()> {
        Ok(())
    }
    fn sync_folder(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }
}

struct World {
    folder: tempfile::TempDir,
    disk: Failing,
    journal: Journal,
}

const LARGE: Settings = Settings { segment_bytes: 1 << 20, keeps_spare: false };
/// Every entry has a segment of its own.
const SMALL: Settings = Settings { segment_bytes: 1, keeps_spare: false };

impl World {
    fn new(settings: Settings) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let disk = Failing::default();
        let opened = Journal::open_with(folder.path(), settings, Box::new(disk.clone())).unwrap();
        Self { folder, disk, journal: opened.0 }
    }

    fn disk(&self) -> parking_lot::MutexGuard<'_, Trouble> {
        self.disk.0.lock()
    }

    fn files(&self) -> usize {
        std::fs::read_dir(self.folder.path()).unwrap().count()
    }

    /// What the next start is handed, and how many bytes are torn.
    fn replayed(self) -> (Vec<Vec<u8>>, u64) {
        drop(self.journal);
        let (_journal, mut replay) = Journal::open(self.folder.path(), LARGE).unwrap();
        let mut entries = Vec::new();
        while let Some(entry) = replay.next_entry().unwrap() {
            entries.push(entry.to_vec());
        }
        let replayed = replay.finished().unwrap();
        assert_eq!((replayed.damaged_bytes, replayed.segments_unread), (0, 0));
        (entries, replayed.torn_bytes)
    }
}

#[test]
fn an_entry_is_one_write() {
    let world = World::new(LARGE);
    for _ in 0..10 {
        drop(world.journal.append(&[7; 1000]).unwrap());
    }
    assert_eq!(world.disk().writes, 1 + 10, "the segment's header and each entry");
}

/// What has begun when the disk is full is written into room that was set aside before.
#[test]
fn on_a_full_disk_there_is_room_for_what_has_begun() {
    let (folder, trouble) = (tempfile::tempdir().unwrap(), Failing::default());
    let settings = Settings { segment_bytes: 4_096, keeps_spare: true };
    let (journal, _) =
        Journal::open_with(folder.path(), settings, Box::new(trouble.clone())).unwrap();
    assert!(journal.has_room());
    trouble.0.lock().is_full = true;
    let mut kept = Vec::new();
    while journal.has_room() {
        kept.push(journal.append(&[b'a'; 500]).unwrap());
    }
    // The first segment is full, and what was spare is appended to.
    assert_eq!(kept.len(), 8);
    for _ in 0..6 {
        kept.push(journal.append(&[b'b'; 500]).unwrap());
        assert!(journal.make_room().unwrap_err().is_disk_full());
    }
    trouble.0.lock().is_full = false;
    journal.make_room().unwrap();
    assert!(journal.has_room());
    let expected = kept.len();
    drop((journal, kept));
    let (journal, mut replay) =
        Journal::open_with(folder.path(), settings, Box::new(trouble)).unwrap();
    let mut found = 0;
    while replay.next_entry().unwrap().is_some() {
        found += 1;
    }
    assert_eq!(found, expected);
    replay.finished().unwrap();
    journal.close().unwrap();
    // The lock is all that is left.
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_full_disk_costs_the_entry_and_no_other() {
    let entry = b"does not fit";
    for room in 0..16 + entry.len() {
        let world = World::new(LARGE);
        drop(world.journal.append(b"first").unwrap());
        let bytes = world.journal.bytes();
        world.disk().room = Some(room);
        for _ in 0..2 {
            let error = world.journal.append(entry).unwrap_err();
            assert!(error.is_disk_full());
            let JournalError::NotAppended { left: Left::CutBack, .. } = error else {
                panic!("{error}")
            };
        }
        assert_eq!((world.journal.bytes(), world.journal.unapplied()), (bytes, 1));
        world.disk().room = None;
        drop(world.journal.append(b"last").unwrap());
        assert_eq!(world.files(), 2, "the lock and one segment");
        assert_eq!(world.replayed(), (vec![b"first".to_vec(), b"last".to_vec()], 0));
    }
}

#[test]
fn a_segment_that_can_not_be_cut_back_is_left() {
    let world = World::new(LARGE);
    drop(world.journal.append(b"first").unwrap());
    world.disk().room = Some(18);
    world.disk().cut = true;
    let error = world.journal.append(b"does not fit").unwrap_err();
    assert!(matches!(error, JournalError::NotAppended { left: Left::Abandoned, .. }), "{error}");
    assert!(error.is_disk_full());
    // There is no room for another either.
    assert!(world.journal.append(b"does not fit").unwrap_err().is_disk_full());
    world.disk().room = None;
    drop(world.journal.append(b"last").unwrap());
    assert_eq!(world.files(), 3, "the lock and two segments");
    assert_eq!(world.replayed(), (vec![b"first".to_vec(), b"last".to_vec()], 18));
}

#[test]
fn a_segment_that_was_left_goes_when_it_is_applied() {
    let world = World::new(LARGE);
    let receipt = world.journal.append(b"first").unwrap();
    world.disk().room = Some(0);
    world.disk().cut = true;
    world.journal.append(b"does not fit").unwrap_err();
    assert_eq!(world.files(), 2);
    receipt.applied();
    assert_eq!(world.files(), 1);
    assert_eq!(world.journal.bytes(), 0);
}

#[test]
fn a_segment_that_can_not_be_begun_is_tried_again() {
    let world = World::new(SMALL);
    drop(world.journal.append(b"first").unwrap());
    for kind in [io::ErrorKind::StorageFull, io::ErrorKind::PermissionDenied] {
        world.disk().create = Some(kind);
        let error = world.journal.append(b"no file").unwrap_err();
        assert_eq!(error.is_disk_full(), kind == io::ErrorKind::StorageFull, "{error}");
    }
    world.disk().create = None;
    world.disk().room = Some(3);
    world.journal.append(b"no header").unwrap_err();
    world.disk().room = None;
    drop(world.journal.append(b"last").unwrap());
    assert_eq!(world.replayed(), (vec![b"first".to_vec(), b"last".to_vec()], 0));
}

#[test]
fn a_full_disk_does_not_keep_a_journal_from_opening() {
    let world = World::new(LARGE);
    drop(world.journal.append(b"first").unwrap());
    drop(world.journal);
    world.disk.0.lock().create = Some(io::ErrorKind::StorageFull);
    let open = || Journal::open_with(world.folder.path(), LARGE, Box::new(world.disk.clone()));
    let (journal, mut replay) = open().unwrap();
    assert_eq!(replay.next_entry().unwrap(), Some(&b"first"[..]));
    assert!(journal.append(b"no room").unwrap_err().is_disk_full());
    world.disk.0.lock().create = None;
    journal.append(b"room again").unwrap().applied();
    drop((journal, replay));
    world.disk.0.lock().create = Some(io::ErrorKind::PermissionDenied);
    open().unwrap_err();
}

#[test]
fn an_interrupted_write_is_tried_again_and_one_that_takes_nothing_is_not() {
    let world = World::new(LARGE);
    world.disk().interrupt = true;
    drop(world.journal.append(b"first").unwrap());
    assert_eq!(world.replayed(), (vec![b"first".to_vec()], 0));

    let folder = tempfile::tempdir().unwrap();
    let error = Journal::open_with(folder.path(), LARGE, Box::new(Nowhere)).unwrap_err();
    let JournalError::Io { source, .. } = error else { panic!("{error}") };
    assert_eq!(source.kind(), io::ErrorKind::WriteZero);
}

#[test]
fn what_is_synced_is_not_synced_again() {
    let world = World::new(SMALL);
    for entry in [b"1", b"2", b"3"] {
        drop(world.journal.append(entry).unwrap());
    }
    world.journal.sync().unwrap();
    assert_eq!(world.disk().syncs, 3);
    world.journal.sync().unwrap();
    assert_eq!(world.disk().syncs, 3);
    drop(world.journal.append(b"4").unwrap());
    world.journal.sync().unwrap();
    assert_eq!(world.disk().syncs, 4);
}

#[test]
fn what_is_deleted_is_not_synced() {
    let world = World::new(SMALL);
    world.journal.append(b"1").unwrap().applied();
    drop(world.journal.append(b"2").unwrap());
    world.journal.sync().unwrap();
    assert_eq!(world.disk().syncs, 1);
}

#[test]
fn a_journal_of_which_all_is_applied_is_closed_without_a_sync() {
    let world = World::new(LARGE);
    world.journal.append(b"1").unwrap().applied();
    world.disk().sync = true;
    world.journal.close().unwrap();
    assert_eq!(world.disk.0.lock().syncs, 0);
}

#[test]
fn an_entry_that_is_longer_than_a_segment_makes_no_empty_one() {
    let world = World::new(SMALL);
    for entry in [b"1", b"2", b"3"] {
        drop(world.journal.append(entry).unwrap());
    }
    assert_eq!(world.disk().writes, 3 + 3, "a header and an entry in each");
    assert_eq!(world.files(), 1 + 3);
}

#[test]
fn a_segment_that_can_not_be_synced_is_not_appended_to() {
    let world = World::new(LARGE);
    drop(world.journal.append(b"first").unwrap());
    world.disk().sync = true;
    let error = world.journal.sync().unwrap_err();
    assert!(matches!(error, JournalError::Io { action: "sync", .. }), "{error}");
    world.disk().sync = false;
    drop(world.journal.append(b"last").unwrap());
    assert_eq!(world.files(), 3, "the lock and two segments");
    let syncs = world.disk().syncs;
    world.journal.sync().unwrap();
    assert_eq!(world.disk().syncs, syncs + 2);
    assert_eq!(world.replayed(), (vec![b"first".to_vec(), b"last".to_vec()], 0));
}

#[test]
fn a_folder_that_can_not_be_synced_is_tried_again() {
    let world = World::new(LARGE);
    world.disk().sync_folder = true;
    for _ in 0..2 {
        let error = world.journal.sync().unwrap_err();
        assert!(matches!(error, JournalError::Io { action: "sync the folder", .. }), "{error}");
    }
    world.disk().sync_folder = false;
    world.journal.sync().unwrap();
    world.disk().sync_folder = true;
    world.journal.sync().unwrap();
}

#[test]
fn appending_goes_on_while_a_sync_is_under_way() {
    let world = World::new(LARGE);
    drop(world.journal.append(b"first").unwrap());
    let ((begun, has_begun), (go_on, may_go_on)) = (channel(), channel());
    world.disk().hold_sync = Some((begun, may_go_on));
    std::thread::scope(|scope| {
        let sync = scope.spawn(|| world.journal.sync());
        has_begun.recv().unwrap();
        drop(world.journal.append(b"meanwhile").unwrap());
        go_on.send(()).unwrap();
        sync.join().unwrap().unwrap();
    });
    // What came meanwhile is not taken for synced.
    let syncs = world.disk().syncs;
    world.journal.sync().unwrap();
    assert_eq!(world.disk().syncs, syncs + 1);
}

#[test]
fn a_file_that_can_not_be_deleted_is_tried_again() {
    let world = World::new(SMALL);
    let receipt = world.journal.append(b"1").unwrap();
    drop(world.journal.append(b"2").unwrap());
    let bytes = world.journal.bytes();
    world.disk().remove = true;
    receipt.applied();
    assert_eq!((world.files(), world.journal.bytes()), (3, bytes));
    let error = world.journal.sync().unwrap_err();
    assert!(matches!(error, JournalError::Io { action: "delete", .. }), "{error}");
    world.disk().remove = false;
    world.journal.sync().unwrap();
    assert_eq!((world.files(), world.journal.bytes()), (2, bytes / 2));
    assert_eq!(world.replayed(), (vec![b"2".to_vec()], 0));
}
