//! `tollgate secrets`

use std::process::ExitCode;

use anyhow::bail;
use clap::Subcommand;
use tollgate_engine::{
    Entropy, SystemEntropy, forget_api_keys, reseal_contents, reseal_pepper, reseal_provider_keys,
};
use tollgate_store::Stores;
use tollgate_vault::{NONCE_BYTES, Vault};

use super::Session;
use crate::gateway::open_store;
use crate::secrets::{VARIABLE, vault, vault_of};

#[derive(Debug, Subcommand)]
pub(super) enum SecretsCommand {
    /// Seal everything anew with the newest secret key, once every gateway runs with both
    ///
    /// First start every gateway anew with TOLLGATE_SECRET_KEY="NEW,OLD", then run this with the
    /// same; then OLD is of no use and can be dropped. API keys and callers' own keys go on working.
    #[command(
        after_help = "Example: TOLLGATE_SECRET_KEY=\"$(openssl rand -hex 32),$OLD\" tollgate secrets rotate"
    )]
    Rotate,
    /// Delete every API key, because the secret key that this database was made with is lost
    ///
    /// Gateways that run on the database need a restart.
    #[command(after_help = "Example: tollgate secrets forget-api-keys --yes")]
    ForgetApiKeys {
        /// Really: none of them works again
        #[arg(long)]
        yes: bool,
    },
}

/// Runs the command on the configured store.
pub(super) async fn run(command: &SecretsCommand, session: &Session) -> anyhow::Result<ExitCode> {
    let config = session.config()?;
    let stores = open_store(&config).await?;
    if let SecretsCommand::ForgetApiKeys { yes } = command {
        // The one that is lost is what another may be made for.
        let vault = vault(&config, &session.environment, &SystemEntropy)?;
        return forget(*yes, &stores, &vault).await;
    }
    let vault = vault_of(&config, &session.environment, &SystemEntropy, &stores).await?;
    match reseal_pepper(&stores, &vault, &SystemEntropy).await {
        Ok(true) => anstream::println!("What API keys are hashed with is sealed anew."),
        Ok(false) => {}
        Err(error) => bail!("{error}"),
    }
    let (mut sealed, mut failed) = reseal_own_keys(&stores, &vault).await?;
    let (resealed, closed) = reseal_provider_keys(&stores, &vault, &SystemEntropy).await?;
    sealed += resealed;
    failed += closed.len();
    for provider in closed {
        anstream::eprintln!("The key at {provider} does not open.");
    }
    let contents = reseal_contents(&stores, &vault, &SystemEntropy).await?;
    stores.health.close().await;
    anstream::println!(
        "{sealed} keys are sealed anew. A gateway that was started without the newest secret key needs a restart with it."
    );
    if contents.sealed > 0 {
        anstream::println!("What was said in {} calls is sealed anew.", contents.sealed);
    }
    if contents.failed > 0 {
        let calls = contents.failed;
        anstream::eprintln!("What was said in {calls} calls does not open.");
    }
    if failed > 0 {
        bail!("{failed} keys do not open; keep the secret key they were sealed with in {VARIABLE}");
    }
    if contents.failed > 0 {
        bail!("not all opens; keep the secret key that it was sealed with in {VARIABLE}");
    }
    Ok(ExitCode::SUCCESS)
}

/// Seals callers' own keys anew. Returns how many, and how many do not open.
async fn reseal_own_keys(stores: &Stores, vault: &Vault) -> anyhow::Result<(usize, usize)> {
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
    Ok((sealed, failed))
}

async fn forget(yes: bool, stores: &Stores, vault: &Vault) -> anyhow::Result<ExitCode> {
    if !yes {
        bail!(
            "every API key of this database would be deleted; add --yes if that is what you want"
        );
    }
    let forgotten = forget_api_keys(stores, vault, &SystemEntropy).await?;
    stores.health.close().await;
    anstream::println!(
        "{forgotten} API keys are deleted. Restart every gateway on this database: until then it knows no new key. Make others with `tollgate keys create`."
    );
    Ok(ExitCode::SUCCESS)
}
