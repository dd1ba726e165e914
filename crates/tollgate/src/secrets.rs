//! The master key that callers' own keys are sealed with.

use anyhow::Context;
use tollgate_engine::Entropy;
use tollgate_vault::{KEY_BYTES, Vault};

use crate::config::Config;
use crate::environment::Environment;
use crate::own_file;

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
    let otherwise = format!("set {VARIABLE} instead");
    let text = own_file::read_or_make::<KEY_BYTES>(&path, entropy, &otherwise)?;
    Vault::parse(text.trim()).with_context(|| format!("{} can't be used", path.display()))
}
