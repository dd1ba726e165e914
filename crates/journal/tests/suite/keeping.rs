//! What is kept, how long, and by whom.

use std::error::Error as _;
use std::fs;
use std::sync::Barrier;

use tollgate_journal::{ENTRY_BYTES_MAX, Journal, JournalError, Replayed, Settings};

use super::{LARGE, entries, next_start, segments};

#[test]
fn what_is_appended_is_replayed_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let (journal, mut replay) = Journal::open(folder.path(), LARGE).unwrap();
    assert_eq!(replay.next_entry().unwrap(), None);
    assert_eq!(replay.finished().unwrap(), Replayed::default());
    let appended: Vec<Vec<u8>> =
        [0, 1, 100, 300_000, 0, ENTRY_BYTES_MAX, 12].iter().map(|it| vec![b'x'; *it]).collect();
    for entry in &appended {
        drop(journal.append(entry).unwrap());
    }
    assert_eq!(journal.unapplied(), 7);
    drop(journal);

    let (journal, mut replay) = Journal::open(folder.path(), LARGE).unwrap();
    assert!(entries(&mut replay) == appended);
    assert_eq!(journal.unapplied(), 0);
    let bytes = appended.iter().map(|it| 16 + u64::try_from(it.len()).unwrap()).sum::<u64>();
    assert_eq!(journal.bytes(), 16 + bytes + 16);
    let replayed = replay.finished().unwrap();
    assert_eq!(replayed, Replayed { entries: 7, segments: 1, ..Replayed::default() });
    assert_eq!(journal.bytes(), 16);
    assert_eq!(segments(folder.path()).len(), 1);
}

#[test]
fn what_is_not_finished_is_replayed_again() {
    let folder = tempfile::tempdir().unwrap();
    for start in 0..3_u8 {
        let (journal, mut replay) = Journal::open(folder.path(), LARGE).unwrap();
        let before: Vec<_> = (0..start).map(|it| vec![it]).collect();
        assert_eq!(entries(&mut replay), before);
        drop(journal.append(&[start]).unwrap());
    }
}

#[test]
fn finishing_early_deletes_only_what_was_read() {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings { segment_bytes: 1, keeps_spare: false };
    let (journal, _) = Journal::open(folder.path(), settings).unwrap();
    for entry in [b"1", b"2", b"3"] {
        drop(journal.append(entry).unwrap());
    }
    drop(journal);
    let (journal, mut replay) = Journal::open(folder.path(), settings).unwrap();
    assert_eq!(replay.next_entry().unwrap(), Some(&b"1"[..]));
    assert_eq!(replay.next_entry().unwrap(), Some(&b"2"[..]));
    assert_eq!(replay.finished().unwrap().segments, 1);
    drop(journal);
    assert_eq!(next_start(folder.path()).0, [b"2", b"3"]);
}

#[test]
fn a_segment_goes_when_all_of_it_is_applied() {
    let folder = tempfile::tempdir().unwrap();
    // Two entries of 100 bytes.
    let (journal, _) =
        Journal::open(folder.path(), Settings { segment_bytes: 16 + 232, keeps_spare: false })
            .unwrap();
    let mut receipts: Vec<_> = (0..5).map(|it| journal.append(&[it; 100]).unwrap()).collect();
    assert_eq!(segments(folder.path()).len(), 3);
    assert_eq!((journal.unapplied(), journal.bytes()), (5, 3 * 16 + 5 * 116));

    receipts.remove(2).applied();
    assert_eq!(segments(folder.path()).len(), 3);
    receipts.remove(2).applied();
    assert_eq!(segments(folder.path()).len(), 2);
    // The last one is appended to, so it stays though all of it is applied.
    receipts.remove(2).applied();
    assert_eq!(segments(folder.path()).len(), 2);
    assert_eq!((journal.unapplied(), journal.bytes()), (2, 2 * 16 + 3 * 116));
    assert_eq!(next_start(folder.path()).0, [[0; 100], [1; 100], [4; 100]]);

    // A receipt that is dropped keeps its segment.
    receipts.remove(0).applied();
    receipts.clear();
    assert_eq!((segments(folder.path()).len(), journal.unapplied()), (2, 1));
    journal.close().unwrap();
    assert_eq!(next_start(folder.path()).0, [[0; 100], [1; 100]]);
}

#[test]
fn a_journal_that_is_closed_leaves_what_is_not_applied() {
    let folder = tempfile::tempdir().unwrap();
    let (journal, _) = Journal::open(folder.path(), LARGE).unwrap();
    journal.append(b"applied").unwrap().applied();
    journal.close().unwrap();
    let left: Vec<_> =
        fs::read_dir(folder.path()).unwrap().map(|it| it.unwrap().file_name()).collect();
    assert_eq!(left, ["lock"]);

    let (journal, _) = Journal::open(folder.path(), LARGE).unwrap();
    let receipt = journal.append(b"late").unwrap();
    journal.close().unwrap();
    assert_eq!(next_start(folder.path()).0, [b"late"]);
    receipt.applied();
    assert_eq!(segments(folder.path()).len(), 0);
}

#[test]
fn a_folder_has_one_journal() {
    let folder = tempfile::tempdir().unwrap();
    let (journal, replay) = Journal::open(folder.path(), LARGE).unwrap();
    let refused = || {
        let error = Journal::open(folder.path(), LARGE).unwrap_err();
        assert!(matches!(error, JournalError::InUse { .. }), "{error}");
        let said =
            format!("the journal in {} is in use by another process", folder.path().display());
        assert_eq!(error.to_string(), said);
    };
    refused();
    // Each of these may still delete files.
    let receipt = journal.append(b"entry").unwrap();
    drop(journal);
    refused();
    drop(replay);
    refused();
    receipt.applied();
    Journal::open(folder.path(), LARGE).unwrap();
}

#[test]
fn an_entry_that_is_too_long_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (journal, _) = Journal::open(folder.path(), LARGE).unwrap();
    let error = journal.append(&vec![0; ENTRY_BYTES_MAX + 1]).unwrap_err();
    assert_eq!(error.to_string(), "an entry of 16777217 bytes is longer than 16777216");
    assert!(!error.is_disk_full());
    drop(journal.append(b"short").unwrap());
    assert_eq!(next_start(folder.path()).0, [b"short"]);
}

#[test]
fn an_error_says_what_was_tried_and_why() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let error = Journal::open(&file.join("journal"), LARGE).unwrap_err();
    let said = format!("can't create the folder {}", file.join("journal").display());
    assert_eq!(error.to_string(), said);
    error.source().unwrap();
}

#[test]
fn a_segment_of_another_version_is_refused_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("00000000000000000007.journal");
    // A header of version 2, with its checksum.
    let newer = b"TOLLJRNL\x02\0\0\0\x6C\x6D\x77\xB3and what this version can't know";
    fs::write(&path, newer).unwrap();
    let error = Journal::open(folder.path(), LARGE).unwrap_err();
    assert!(matches!(error, JournalError::OtherFormat { version: 2, .. }), "{error}");
    let said = format!("{} has format 2; this program reads format 1 only", path.display());
    assert_eq!(error.to_string(), said);
    assert_eq!(fs::read(&path).unwrap(), newer);
    assert_eq!(segments(folder.path()), [path]);
}

#[test]
fn segments_are_numbered_on() {
    let folder = tempfile::tempdir().unwrap();
    for _ in 0..3 {
        drop(Journal::open(folder.path(), LARGE).unwrap());
    }
    let names: Vec<_> =
        segments(folder.path()).iter().map(|it| it.file_stem().unwrap().to_owned()).collect();
    assert_eq!(names, ["00000000000000000001", "00000000000000000002", "00000000000000000003"]);
    fs::write(folder.path().join(format!("{}.journal", u64::MAX)), "").unwrap();
    let error = Journal::open(folder.path(), LARGE).unwrap_err();
    assert_eq!(error.source().unwrap().to_string(), "there is no number left for another segment");
}

#[cfg(unix)]
#[test]
fn only_the_owner_may_read() {
    use std::os::unix::fs::PermissionsExt as _;
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("data").join("journal");
    let (_journal, _) = Journal::open(&folder, LARGE).unwrap();
    let mode = |path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(folder.clone()), 0o700);
    for entry in fs::read_dir(&folder).unwrap() {
        assert_eq!(mode(entry.unwrap().path()), 0o600);
    }
}

#[test]
fn threads_lose_nothing() {
    const THREADS: u32 = 8;
    const EACH: u32 = 500;
    let folder = tempfile::tempdir().unwrap();
    let (journal, _) =
        Journal::open(folder.path(), Settings { segment_bytes: 10_000, keeps_spare: false })
            .unwrap();
    let together = Barrier::new(8);
    let append = |thread: u32| {
        together.wait();
        for number in 0..EACH {
            let receipt = journal.append(format!("{thread} {number}").as_bytes()).unwrap();
            // A half of them are applied at once, so that segments go meanwhile.
            if thread.is_multiple_of(2) {
                receipt.applied();
            }
            if number.is_multiple_of(100) {
                journal.sync().unwrap();
            }
        }
    };
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            scope.spawn({
                let append = &append;
                move || append(thread)
            });
        }
    });
    assert_eq!(journal.unapplied(), u64::from(THREADS * EACH / 2));
    let (replayed, said) = next_start(folder.path());
    assert_eq!((said.torn_bytes, said.damaged_bytes), (0, 0));
    for thread in (0..THREADS).filter(|it| it % 2 == 1) {
        let start = format!("{thread} ");
        let numbers: Vec<u32> = replayed
            .iter()
            .filter_map(|it| std::str::from_utf8(it).unwrap().strip_prefix(&start))
            .map(|it| it.parse().unwrap())
            .collect();
        assert_eq!(numbers, (0..EACH).collect::<Vec<_>>(), "thread {thread}");
    }
}
