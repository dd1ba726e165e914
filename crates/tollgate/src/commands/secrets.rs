//! `tollgate secrets`

use std::process::ExitCode;

use anyhow::bail;
use clap::Subcommand;
use tollgate_engine::{Entropy, SystemEntropy};
use tollgate_vault::NONCE_BYTES;

use super::Session;
use crate::gateway::open_store;
use crate::secrets::{VARIABLE, vault};

#[derive(Debug, Subcommand)]
pub(super) enum SecretsCommand {
    /// Seal callers' own keys anew with the newest secret key; older ones are of no use afterwards
    #[command(
        after_help = "Example: TOLLGATE_SECRET_KEY=\"$(openssl rand -hex 32),$OLD\" tollgate secrets rotate"
    )]
    Rotate,
}

/// Runs the command on the configured store.
pub(super) async fn run(command: &SecretsCommand, session: &Session) -> anyhow::Result<ExitCode> {
    let SecretsCommand::Rotate = command;
    let config = session.config()?;
    let vault = vault(&config, &session.environment, &SystemEntropy)?;
    let stores = open_store(&config).await?;
    let (mut sealed, mut failed) = (0_usize, 0_usize);
    for record in stores.credentials.all().await? {
        let purpose = record.purpose();
        let secret = match vault.open(&purpose, &record.sealed) {
            Ok(_) if vault.is_newest(&record.sealed) => continue,
            Ok(secret) => secret,
            Err(error) => {
                anstream::eprintln!("{} ({}): {error}", record.id, record.provider);
                failed += 1;
                continue;
            }
        };
        let mut nonce = [0; NONCE_BYTES];
        SystemEntropy.fill(&mut nonce)?;
        let after = vault.seal(&purpose, &secret, nonce)?;
        // One that somebody has changed or deleted in the meantime was sealed by them.
        if stores.credentials.reseal(&record.id, &record.sealed, after).await? {
            sealed += 1;
        }
    }
    stores.health.close().await;
    anstream::println!("{sealed} keys are sealed anew.");
    if failed > 0 {
        bail!("{failed} keys do not open; keep the secret key they were sealed with in {VARIABLE}");
    }
    Ok(ExitCode::SUCCESS)
}
