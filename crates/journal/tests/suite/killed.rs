//! A process that is killed while it appends: what it said to have appended is there.

use std::collections::BTreeMap;
use std::env;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::ops::Range;
use std::path::Path;
use std::process::{Command, Stdio};

use tollgate_journal::{Journal, Settings};

use super::entries;

const THREADS: u32 = 3;
const SETTINGS: Settings = Settings { segment_bytes: 100_000, keeps_spare: false };
/// Set for the process that is to be killed: where it appends.
const FOLDER: &str = "TOLLGATE_JOURNAL_TEST_FOLDER";

/// Entries of all lengths, some longer than a page and some than a segment.
fn entry(thread: u32, number: u32) -> Vec<u8> {
    let mut entry = format!("{thread} {number} ").into_bytes();
    let length = (number * 7919 + thread) % if number.is_multiple_of(8) { 150_000 } else { 2_000 };
    entry.resize(entry.len() + usize::try_from(length).unwrap(), b'x');
    entry
}

fn append(folder: &Path, numbers: &Range<u32>) {
    let (journal, _) = Journal::open(folder, SETTINGS).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let journal = &journal;
            scope.spawn(move || {
                let mut said = io::stdout();
                for number in numbers.clone() {
                    drop(journal.append(&entry(thread, number)).unwrap());
                    writeln!(said, "appended {thread} {number}").unwrap();
                }
            });
        }
    });
}

/// How many entries of each thread a folder holds. They must be the first ones, whole and in order.
fn counted(folder: &Path) -> BTreeMap<u32, u32> {
    let (_journal, mut replay) = Journal::open(folder, SETTINGS).unwrap();
    let mut counts = BTreeMap::new();
    for found in entries(&mut replay) {
        let text = String::from_utf8(found).unwrap();
        let thread: u32 = text.split(' ').next().unwrap().parse().unwrap();
        let number = counts.entry(thread).or_default();
        assert!(text.as_bytes() == entry(thread, *number), "thread {thread}, entry {number}");
        *number += 1;
    }
    assert_eq!(replay.replayed().damaged_bytes, 0);
    counts
}

/// The process that is killed runs this very test. Run by itself it comes to its end.
#[test]
fn who_appends() {
    if let Some(folder) = env::var_os(FOLDER) {
        append(Path::new(&folder), &(0..u32::MAX));
    }
    let folder = tempfile::tempdir().unwrap();
    append(folder.path(), &(0..20));
    assert_eq!(counted(folder.path()), (0..THREADS).map(|it| (it, 20)).collect());
}

/// Kills a process after it said to have appended so many entries.
fn kill_after(said_until_killed: usize) {
    let folder = tempfile::tempdir().unwrap();
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["--exact", "killed::who_appends", "--nocapture"])
        .env(FOLDER, folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said: BTreeMap<u32, u32> = BTreeMap::new();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut hear = |line: String| {
        // A line that the kill cut short was not said.
        let words: Vec<_> = line.split(' ').collect();
        if let ["appended", thread, _number] = words[..] {
            *said.entry(thread.parse().unwrap()).or_default() += 1;
        }
    };
    lines
        .by_ref()
        .filter(|it| it.starts_with("appended"))
        .take(said_until_killed)
        .for_each(&mut hear);
    child.kill().unwrap();
    lines.for_each(&mut hear);
    assert!(!child.wait().unwrap().success());

    let there = counted(folder.path());
    assert!(said.values().sum::<u32>() >= u32::try_from(said_until_killed).unwrap());
    for (thread, said) in said {
        let there = there.get(&thread).copied().unwrap_or_default();
        assert!(there == said || there == said + 1, "thread {thread}: {said} said, {there} there");
    }
}

#[test]
fn what_a_killed_process_appended_is_replayed() {
    for said in [1, 2, 17, 120, 400, 401, 402, 403] {
        kill_after(said);
    }
}
