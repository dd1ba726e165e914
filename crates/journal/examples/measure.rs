//! Prints how many entries a second are appended, by one thread and by several, and how fast they
//! are replayed. `cargo run --release -p tollgate-journal --example measure [FOLDER]`

#![expect(clippy::disallowed_methods, reason = "this measures, and no test pauses its clock")]

use std::error::Error;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use std::{env, fs, io};

use tollgate_journal::{Journal, Settings};

const ENTRIES: u32 = 400_000;
const ENTRY_BYTES: u32 = 1024;

fn main() -> Result<(), Box<dyn Error>> {
    let parent = env::args_os().nth(1).map_or_else(env::temp_dir, PathBuf::from);
    let folder = parent.join(format!("tollgate-journal-measured-{}", std::process::id()));
    let measured = measure(&folder);
    fs::remove_dir_all(&folder)?;
    measured
}

fn measure(folder: &Path) -> Result<(), Box<dyn Error>> {
    let mut out = io::stdout();
    write(&folder.join("write"), &mut out)?;
    for threads in [1, 4] {
        let folder = folder.join(threads.to_string());
        let (journal, _) = Journal::open(&folder, Settings::default())?;
        let took = append(&journal, threads)?;
        each(&mut out, &format!("append, {threads} threads"), took)?;
        let begun = Instant::now();
        journal.sync()?;
        writeln!(out, "{:24} {:?}", "sync of all", begun.elapsed())?;
        drop(journal);
        replay(&folder, &mut out)?;
    }
    Ok(())
}

/// What the writes cost by themselves.
fn write(folder: &Path, out: &mut impl io::Write) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(folder)?;
    let mut file = fs::OpenOptions::new().append(true).create(true).open(folder.join("file"))?;
    let entry = vec![b'x'; usize::try_from(ENTRY_BYTES + 16)?];
    let begun = Instant::now();
    for _ in 0..ENTRIES {
        file.write_all(&entry)?;
    }
    each(out, "write alone", begun.elapsed())
}

fn append(journal: &Journal, threads: u32) -> Result<Duration, Box<dyn Error>> {
    let entry = vec![b'x'; usize::try_from(ENTRY_BYTES)?];
    let begun = Instant::now();
    std::thread::scope(|scope| {
        let appending: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(|| {
                    (0..ENTRIES / threads).try_for_each(|_| journal.append(&entry).map(drop))
                })
            })
            .collect();
        for thread in appending {
            thread.join().map_err(|_| "a thread panicked")??;
        }
        Ok::<_, Box<dyn Error>>(())
    })?;
    Ok(begun.elapsed())
}

fn replay(folder: &Path, out: &mut impl io::Write) -> Result<(), Box<dyn Error>> {
    let (_journal, mut replay) = Journal::open(folder, Settings::default())?;
    let begun = Instant::now();
    let mut bytes = 0;
    while let Some(entry) = replay.next_entry()? {
        bytes += entry.len();
    }
    let took = begun.elapsed();
    let megabytes = u128::try_from(bytes)? / took.as_micros().max(1);
    writeln!(out, "{:24} {megabytes} MB/s, {} entries", "replay", replay.finished()?.entries)?;
    Ok(())
}

fn each(out: &mut impl io::Write, what: &str, took: Duration) -> Result<(), Box<dyn Error>> {
    let one = took.as_nanos() / u128::from(ENTRIES);
    let second = 1_000_000_000 / one.max(1);
    writeln!(out, "{what:24} {one} ns each, {second} a second")?;
    Ok(())
}
