//! Small files in the data directory that are made once and kept: the master key, the node's name.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use anyhow::{Context, bail};
use tollgate_engine::Entropy;

/// What the file says; made of random bytes, as hexadecimal, where there is none.
///
/// # Errors
///
/// When it can't be read or made, with `otherwise` as what to do about it.
pub(crate) fn read_or_make<const BYTES: usize>(
    path: &Path,
    entropy: &dyn Entropy,
    otherwise: &str,
) -> anyhow::Result<String> {
    match std::fs::read_to_string(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            make::<BYTES>(path, entropy, otherwise)
        }
        read => read.with_context(|| format!("{} can't be read", path.display())),
    }
}

/// Makes the file, readable by its owner alone. Whole or not at all: another process may be
/// starting beside this one.
fn make<const BYTES: usize>(
    path: &Path,
    entropy: &dyn Entropy,
    otherwise: &str,
) -> anyhow::Result<String> {
    let Some(folder) = path.parent() else { bail!("{} is no file", path.display()) };
    let said = || format!("{} can't be made; {otherwise}", path.display());
    std::fs::create_dir_all(folder).with_context(said)?;
    let mut random = [0; BYTES];
    entropy.fill(&mut random).context("the system has no random bytes")?;
    let digits = random.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    let text: String = digits.filter_map(|it| char::from_digit(it.into(), 16)).collect();
    let draft = path.with_extension(format!("draft.{}", std::process::id()));
    let mut options = OpenOptions::new();
    let mut file =
        options.write(true).create_new(true).mode(0o600).open(&draft).with_context(said)?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    // A link fails where there is a file already: then that one is the right one.
    let linked = written.and_then(|()| std::fs::hard_link(&draft, path));
    std::fs::remove_file(&draft).with_context(said)?;
    match linked {
        Ok(()) => Ok(text),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => std::fs::read_to_string(path)
            .with_context(|| format!("{} can't be read", path.display())),
        Err(error) => Err(error).with_context(said),
    }
}
