//! Segments that are cut, changed or made up: no wrong entry, no panic, and nothing goes silently.

use std::fs;
use std::path::PathBuf;

use proptest::prelude::*;
use tollgate_journal::{Journal, Replayed, Settings};

use super::{LARGE, next_start, segments};

/// A folder with one segment of these entries, and where each entry begins. The last is its end.
fn folder_of(entries: &[&[u8]]) -> (tempfile::TempDir, PathBuf, Vec<usize>) {
    let folder = tempfile::tempdir().unwrap();
    let (journal, _) = Journal::open(folder.path(), LARGE).unwrap();
    let mut starts = vec![16];
    for entry in entries {
        drop(journal.append(entry).unwrap());
        starts.push(starts.last().unwrap() + 16 + entry.len());
    }
    drop(journal);
    let path = segments(folder.path()).remove(0);
    (folder, path, starts)
}

const ENTRIES: [&[u8]; 4] =
    [b"the first", b"", b"\xFF\xC1\xF8\xFE looks like another", b"the last"];

fn bytes(length: usize) -> u64 {
    u64::try_from(length).unwrap()
}

#[test]
fn a_segment_that_is_cut_anywhere_has_the_entries_before() {
    let (folder, path, starts) = folder_of(&ENTRIES);
    let whole = fs::read(&path).unwrap();
    assert_eq!(whole.len(), starts[4]);
    for cut in 0..=whole.len() {
        fs::write(&path, &whole[..cut]).unwrap();
        let kept = starts[1..].iter().filter(|end| **end <= cut).count();
        let end = if cut < 16 { 0 } else { starts[kept] };
        let (entries, replayed) = next_start(folder.path());
        assert_eq!(entries, ENTRIES[..kept], "cut at {cut}");
        let expected = Replayed {
            entries: bytes(kept),
            segments: 1,
            torn_bytes: bytes(cut - end),
            ..Replayed::default()
        };
        assert_eq!(replayed, expected, "cut at {cut}");
    }
}

#[test]
fn a_changed_byte_costs_its_entry_and_no_other() {
    let (folder, path, starts) = folder_of(&ENTRIES);
    let whole = fs::read(&path).unwrap();
    for at in 0..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 1 << (at % 8);
        fs::write(&path, &changed).unwrap();
        let (entries, replayed) = next_start(folder.path());
        let mut expected = ENTRIES.to_vec();
        let mut said = Replayed { entries: 4, segments: 1, ..Replayed::default() };
        match starts[1..].iter().position(|end| at < *end) {
            _ if at < 16 => (said.damaged_bytes, said.damaged_places) = (16, 1),
            Some(3) => said.torn_bytes = bytes(16 + expected.remove(3).len()),
            Some(lost) => {
                said.damaged_places = 1;
                said.damaged_bytes = bytes(16 + expected.remove(lost).len());
            }
            None => panic!("byte {at} is in no entry"),
        }
        said.entries = bytes(expected.len());
        assert_eq!(entries, expected, "byte {at}");
        assert_eq!(replayed, said, "byte {at}");
    }
}

/// Whoever can have bytes written may not have them read as an entry, even where the entry around
/// them is broken.
#[test]
fn an_entry_inside_an_entry_is_none() {
    let (_keep, inner, _) = folder_of(&[b"forged"]);
    let forged = fs::read(&inner).unwrap()[16..].to_vec();
    let (folder, path, _) = folder_of(&[b"before", &forged, b"after"]);
    let whole = fs::read(&path).unwrap();
    let start = whole.windows(forged.len()).position(|it| it == forged).unwrap();
    for broken in start - 16..start {
        let mut changed = whole.clone();
        changed[broken] ^= 1;
        fs::write(&path, &changed).unwrap();
        assert_eq!(next_start(folder.path()).0, [&b"before"[..], b"after"], "byte {broken}");
    }
}

/// Not even one that says the right place: a broken body is stepped over whole.
#[test]
fn a_broken_body_is_not_looked_through() {
    // An empty entry is as long as the header that will be before the forged one.
    let (_keep, inner, starts) = folder_of(&[b"before", b"", b"forged"]);
    let forged = fs::read(&inner).unwrap()[starts[2]..].to_vec();
    let body = [&forged[..], b"tail"].concat();
    let (folder, path, starts) = folder_of(&[b"before", &body, b"after"]);
    let mut file = fs::read(&path).unwrap();
    file[starts[2] - 1] ^= 1;
    fs::write(&path, &file).unwrap();
    assert_eq!(next_start(folder.path()).0, [&b"before"[..], b"after"]);
}

#[test]
fn an_entry_counts_only_where_it_was_appended() {
    let (folder, path, starts) = folder_of(&[b"one", b"two"]);
    let whole = fs::read(&path).unwrap();
    // Twice.
    let twice = [&whole[..], &whole[starts[0]..starts[1]]].concat();
    fs::write(&path, &twice).unwrap();
    let (entries, replayed) = next_start(folder.path());
    assert_eq!(entries, [b"one", b"two"]);
    assert_eq!(replayed.torn_bytes, 19);
    // In another segment.
    fs::rename(&path, folder.path().join("00000000000000000009.journal")).unwrap();
    fs::write(folder.path().join("00000000000000000009.journal"), &whole).unwrap();
    let (entries, replayed) = next_start(folder.path());
    assert!(entries.is_empty());
    assert_eq!(replayed.torn_bytes, 38);
}

/// As a machine leaves it that went before it had written all that it was given.
#[test]
fn zeros_at_the_end_are_torn() {
    let (folder, path, starts) = folder_of(&[b"one", b"two"]);
    let mut whole = fs::read(&path).unwrap();
    whole[starts[1] + 10..].fill(0);
    whole.resize(1_000_000, 0);
    fs::write(&path, &whole).unwrap();
    let (entries, replayed) = next_start(folder.path());
    assert_eq!(entries, [b"one"]);
    assert_eq!(replayed.torn_bytes, bytes(whole.len() - starts[1]));
}

/// The gap is longer than what is read at once.
#[test]
fn entries_behind_a_long_gap_are_found() {
    let long = vec![b'x'; 700_000];
    let (folder, path, starts) = folder_of(&[b"one", &long, b"three"]);
    let whole = fs::read(&path).unwrap();
    for broken in [starts[1], starts[1] + 6, starts[1] + 300_000] {
        let mut changed = whole.clone();
        changed[broken] ^= 0xFF;
        fs::write(&path, &changed).unwrap();
        let (entries, replayed) = next_start(folder.path());
        assert_eq!(entries, [&b"one"[..], b"three"]);
        let expected = Replayed {
            entries: 2,
            segments: 1,
            damaged_bytes: 700_016,
            damaged_places: 1,
            ..Replayed::default()
        };
        assert_eq!(replayed, expected);
    }
}

#[test]
fn damage_in_one_segment_does_not_touch_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let (journal, _) =
        Journal::open(folder.path(), Settings { segment_bytes: 1, keeps_spare: false }).unwrap();
    for entry in [b"1", b"2", b"3"] {
        drop(journal.append(entry).unwrap());
    }
    drop(journal);
    let paths = segments(folder.path());
    fs::write(&paths[0], "").unwrap();
    fs::write(&paths[1], "nothing of ours").unwrap();
    let (entries, replayed) = next_start(folder.path());
    assert_eq!(entries, [b"3"]);
    let expected = Replayed { entries: 1, segments: 3, torn_bytes: 15, ..Replayed::default() };
    assert_eq!(replayed, expected);
}

/// What nobody could read may be all that is left of a call: it is put aside, and read by no start.
#[test]
fn a_damaged_segment_is_kept_aside() {
    let (folder, path, starts) = folder_of(&ENTRIES);
    let mut changed = fs::read(&path).unwrap();
    changed[starts[0] + 20] ^= 1;
    fs::write(&path, &changed).unwrap();
    let (journal, mut replay) = Journal::open(folder.path(), LARGE).unwrap();
    let mut read = 0;
    while replay.next_entry().unwrap().is_some() {
        read += 1;
    }
    assert_eq!((read, replay.finished().unwrap().damaged_places), (ENTRIES.len() - 1, 1));
    assert_eq!(fs::read(path.with_extension("damaged")).unwrap(), changed);
    journal.close().unwrap();
    assert!(segments(folder.path()).is_empty());
    assert_eq!(next_start(folder.path()).1, Replayed::default());
}

#[cfg(unix)]
#[test]
fn a_segment_that_can_not_be_read_is_told_of_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings { segment_bytes: 1, keeps_spare: false };
    let (journal, _) = Journal::open(folder.path(), settings).unwrap();
    for entry in [b"1", b"2", b"3"] {
        drop(journal.append(entry).unwrap());
    }
    drop(journal);
    let paths = segments(folder.path());
    let (_journal, mut replay) = Journal::open(folder.path(), settings).unwrap();
    // The first is not there to be opened, and of the second nothing can be read.
    let aside: Vec<_> = ["a", "b"].iter().map(|it| folder.path().join(it)).collect();
    fs::rename(&paths[0], &aside[0]).unwrap();
    fs::rename(&paths[1], &aside[1]).unwrap();
    fs::create_dir(&paths[1]).unwrap();
    for (action, path) in [("open", &paths[0]), ("read", &paths[1])] {
        let error = replay.next_entry().unwrap_err();
        assert_eq!(error.to_string(), format!("can't {action} {}", path.display()));
    }
    fs::remove_dir(&paths[1]).unwrap();
    fs::rename(&aside[0], &paths[0]).unwrap();
    fs::rename(&aside[1], &paths[1]).unwrap();
    assert_eq!(replay.next_entry().unwrap(), Some(&b"3"[..]));
    assert_eq!(replay.next_entry().unwrap(), None);
    let replayed = replay.finished().unwrap();
    assert_eq!((replayed.entries, replayed.segments, replayed.segments_unread), (1, 1, 2));
    assert_eq!(next_start(folder.path()).0, [b"1", b"2"]);
}

proptest! {
    /// Every byte of a segment is in an entry, or counted.
    #[test]
    fn whatever_a_file_holds_is_read_to_its_end(
        pieces in proptest::collection::vec(prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..40),
            Just(b"TOLLJRNL\x01\0\0\0".to_vec()),
            Just(b"\xFF\xC1\xF8\xFE\x03\0\0\0".to_vec()),
            Just(b"\xFF\xC1\xF8".to_vec()),
        ], 0..20),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let file = pieces.concat();
        fs::write(folder.path().join("00000000000000000001.journal"), &file).unwrap();
        let (entries, replayed) = next_start(folder.path());
        prop_assert!(entries.is_empty());
        prop_assert_eq!(replayed.torn_bytes, bytes(file.len()));
        prop_assert_eq!(replayed.damaged_bytes, 0);
    }

    /// Whatever becomes of a part of a segment, what is replayed was appended, in order, and what
    /// was not touched is replayed.
    #[test]
    fn what_was_not_touched_is_replayed(
        lengths in proptest::collection::vec(0..200_usize, 1..20),
        at in any::<prop::sample::Index>(),
        garbage in proptest::collection::vec(any::<u8>(), 1..300),
    ) {
        let appended: Vec<Vec<u8>> =
            lengths.iter().zip(1..).map(|(length, fill)| vec![fill; *length]).collect();
        let slices: Vec<&[u8]> = appended.iter().map(Vec::as_slice).collect();
        let (folder, path, starts) = folder_of(&slices);
        let mut file = fs::read(&path).unwrap();
        let from = 16 + at.index(file.len() - 16);
        let until = file.len().min(from + garbage.len());
        let before = file.clone();
        file[from..until].copy_from_slice(&garbage[..until - from]);
        fs::write(&path, &file).unwrap();
        let untouched = |it: usize| file[starts[it]..starts[it + 1]] == before[starts[it]..starts[it + 1]];
        let expected: Vec<_> =
            (0..appended.len()).filter(|it| untouched(*it)).map(|it| appended[it].clone()).collect();
        let (entries, replayed) = next_start(folder.path());
        prop_assert_eq!(&entries, &expected);
        let kept: usize = entries.iter().map(|it| 16 + it.len()).sum();
        let lost = replayed.torn_bytes + replayed.damaged_bytes;
        prop_assert_eq!(bytes(16 + kept) + lost, bytes(file.len()));
    }
}
