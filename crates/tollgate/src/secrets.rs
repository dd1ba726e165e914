//! The master key that callers' own keys are sealed with.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use anyhow::{Context, bail};
use tollgate_engine::Entropy;
use tollgate_vault::{KEY_BYTES, Vault};

use crate::config::Config;
use crate::environment::Environment;

/// Holds master keys, the newest first, with commas between them.
pub(crate) const VARIABLE: &str = "TOLLGATE_SECRET_KEY";
/// The file in the data directory that holds them where the variable is not set.
const FILE: &str = "secret.key";

/// The master keys of the environment, else those of the file, which is made once.
///
/// # Errors
///
/// When they can't be read or are no keys, or the file can't be written.
pub(crate) fn vault(
    config: &Config,
    environment: &Environment,
    entropy: &dyn Entropy,
) -> anyhow::Result<Vault> {
    if let Some(keys) = environment.get(VARIABLE) {
        return Vault::parse(keys).with_context(|| format!("{VARIABLE} can't be used"));
    }
    let path = config.data_dir.join(FILE);
    let text = match std::fs::read_to_string(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => made(&path, entropy)?,
        read => read.with_context(|| format!("{} can't be read", path.display()))?,
    };
    Vault::parse(text.trim()).with_context(|| format!("{} can't be used", path.display()))
}

/// Makes the file, readable by its owner alone. Whole or not at all: another process may be
/// starting beside this one.
fn made(path: &Path, entropy: &dyn Entropy) -> anyhow::Result<String> {
    let Some(folder) = path.parent() else { bail!("{} is no file", path.display()) };
    let said = || format!("{} can't be made; set {VARIABLE} instead", path.display());
    std::fs::create_dir_all(folder).with_context(said)?;
    let mut key = [0; KEY_BYTES];
    entropy.fill(&mut key).context("the system has no random bytes")?;
    let digits = key.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    let text: String = digits.filter_map(|it| char::from_digit(it.into(), 16)).collect();
    let draft = path.with_extension(format!("key.{}", std::process::id()));
    let mut options = OpenOptions::new();
    let mut file =
        options.write(true).create_new(true).mode(0o600).open(&draft).with_context(said)?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    // A link fails where there is a file already: then that one's key is the right one.
    let linked = written.and_then(|()| std::fs::hard_link(&draft, path));
    std::fs::remove_file(&draft).with_context(said)?;
    match linked {
        Ok(()) => Ok(text),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => std::fs::read_to_string(path)
            .with_context(|| format!("{} can't be read", path.display())),
        Err(error) => Err(error).with_context(said),
    }
}
