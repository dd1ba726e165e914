//! Writes what fuzzing starts from: every recording of the adapters' tests and every request in
//! `requests/`, in the form that each target reads.
//!
//! `seeds FOLDER` writes `FOLDER/TARGET/…`.

use std::fs;
use std::io::Error;
use std::path::{Path, PathBuf};

use tollgate_fuzz::frames;
use tollgate_providers::ADAPTERS;
use tollgate_wire::DIALECTS;

// The instrumented crates need libFuzzer's symbols, and libFuzzer needs a target.
libfuzzer_sys::fuzz_target!(|_data: &[u8]| {});

/// The longest seed: what is longer makes every run slow and shows nothing new.
const SEED_BYTES_MAX: usize = 12 * 1024;

/// Two cuts, as `Split` reads them.
const SPLIT: [u8; 4] = [37, 0, 201, 1];

fn main() -> Result<(), Error> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = std::env::args().nth(1).unwrap_or_else(|| "seeds".to_owned());
    let folder = PathBuf::from(folder);
    for (protocol, name, bytes) in recordings(&here.join("../crates/providers/tests/recordings"))? {
        answers(&folder, &protocol, &name, &bytes)?;
    }
    for (name, bytes) in files(&here.join("requests"))? {
        requests(&folder, &name, &bytes)?;
    }
    Ok(())
}

/// Protocol, name and bytes of every recording.
fn recordings(folder: &Path) -> Result<Vec<(String, String, Vec<u8>)>, Error> {
    let mut all = Vec::new();
    for adapter in ADAPTERS {
        let own = folder.join(adapter.protocol());
        if own.is_dir() {
            let files = files(&own)?.into_iter();
            all.extend(files.map(|(name, bytes)| (adapter.protocol().to_owned(), name, bytes)));
        }
    }
    Ok(all)
}

fn files(folder: &Path) -> Result<Vec<(String, Vec<u8>)>, Error> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        all.push((name, fs::read(path)?));
    }
    all.sort();
    Ok(all)
}

fn seed(folder: &Path, target: &str, name: &str, parts: [&[u8]; 2]) -> Result<(), Error> {
    let bytes = parts.concat();
    if bytes.len() > SEED_BYTES_MAX {
        return Ok(());
    }
    fs::create_dir_all(folder.join(target))?;
    fs::write(folder.join(target).join(name), bytes)
}

fn answers(folder: &Path, protocol: &str, name: &str, bytes: &[u8]) -> Result<(), Error> {
    let name = format!("{protocol}-{name}");
    let Some(at) = ADAPTERS.iter().position(|it| it.protocol() == protocol) else { return Ok(()) };
    // Chat, and one of the others by the length: all six of each take longer than a run.
    for client in [0, bytes.len() % DIALECTS.len()] {
        let choices = [&[byte(at), byte(client)], &SPLIT[..]].concat();
        seed(folder, "adapters", &format!("{name}-{client}"), [&choices, bytes])?;
    }
    let natives = ADAPTERS.iter().filter(|it| it.native().is_some());
    if let Some(at) = natives.clone().position(|it| it.protocol() == protocol) {
        seed(folder, "relays", &name, [&[&[byte(at)], &SPLIT[..]].concat(), bytes])?;
    }
    match name.rsplit('.').next() {
        Some("eventstream") => {
            let choices = [&[0], &SPLIT[..], &[90, 0, 4]].concat();
            seed(folder, "event_stream", &name, [&choices, &frames::script(bytes)])?;
            let choices = [&[1], &SPLIT[..], &[0, 0, 0]].concat();
            seed(folder, "event_stream", &format!("{name}-bytes"), [&choices, bytes])
        }
        Some("json") => seed(folder, "json", &name, [&[0], bytes]),
        _ => seed(folder, "sse", &name, [&SPLIT, bytes]),
    }
}

/// A file's name begins with its dialect's.
fn requests(folder: &Path, name: &str, body: &[u8]) -> Result<(), Error> {
    let of = |dialect: &str| name.strip_prefix(dialect).is_some_and(|rest| rest.starts_with('-'));
    let Some(at) = DIALECTS.iter().position(|it| of(it.as_str())) else { return Ok(()) };
    // What an address says: nothing, or all that it can.
    for (address, place) in [(0, 0), (0b1_0111, 0b1011_0101), (0b1_1111, 0b0100_1010)] {
        let choices = [byte(at), address, place];
        seed(folder, "requests", &format!("{name}-{address}"), [&choices, body])?;
    }
    seed(folder, "json", name, [&[0], body])
}

fn byte(at: usize) -> u8 {
    u8::try_from(at).unwrap_or(u8::MAX)
}
