//! The master key that callers' own keys, and what API keys are hashed with, are sealed with.

use anyhow::Context;
use tollgate_engine::{Entropy, PepperError, SystemEntropy};
use tollgate_store::Stores;
use tollgate_types::Pepper;
use tollgate_vault::{KEY_BYTES, Vault};

use crate::config::Config;
use crate::environment::Environment;
use crate::own_file;

/// Holds master keys, the newest first, with commas between them.
pub(crate) const VARIABLE: &str = "TOLLGATE_SECRET_KEY";
/// The file in the data directory that holds them where the variable is not set.
pub(crate) const FILE: &str = "secret.key";

/// What API keys of a store are hashed with.
///
/// # Errors
///
/// When it does not open, or can't be asked for.
pub(crate) async fn pepper(
    config: &Config,
    environment: &Environment,
    stores: &Stores,
) -> anyhow::Result<Pepper> {
    let vault = vault_of(config, environment, &SystemEntropy, stores).await?;
    Ok(tollgate_engine::pepper(stores, &vault, &SystemEntropy).await?)
}

/// The master keys for a store: none is made where the store has been made with another.
///
/// # Errors
///
/// As [`vault`], and when the store can't be asked.
pub(crate) async fn vault_of(
    config: &Config,
    environment: &Environment,
    entropy: &dyn Entropy,
    stores: &Stores,
) -> anyhow::Result<Vault> {
    let is_here = environment.get(VARIABLE).is_some() || config.data_dir.join(FILE).exists();
    if !is_here && stores.keys.pepper().await.context("the store can't be asked")?.is_some() {
        return Err(PepperError::OtherKey.into());
    }
    vault(config, environment, entropy)
}

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
