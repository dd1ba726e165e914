//! `tollgate providers`

use std::collections::HashMap;

use std::process::ExitCode;

use clap::Args;
use serde::Serialize;
use tollgate_engine::Installation;

use super::Session;
use crate::output;

#[derive(Debug, Args)]
#[command(after_help = "Example: tollgate providers --all")]
pub(super) struct ProvidersArgs {
    /// All providers of the built-in catalog, with or without a key here
    #[arg(long)]
    all: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Serialize)]
struct ProviderRow {
    slug: String,
    name: String,
    protocol: String,
    base_url: String,
    models: usize,
    /// Where its key comes from; absent when it can't be called.
    key: Option<String>,
    /// What to set to be able to call it.
    env: Vec<String>,
}

/// Lists providers.
pub(super) fn run(args: &ProvidersArgs, session: &Session) -> anyhow::Result<ExitCode> {
    let installation = assemble(session)?;
    let rows: Vec<ProviderRow> =
        rows(&installation).into_iter().filter(|row| args.all || row.key.is_some()).collect();
    if args.json {
        output::json(&rows)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = output::table(&["provider", "name", "protocol", "models", "key"]);
    for row in rows {
        let missing = || match row.env.first() {
            Some(variable) => format!("– set {variable}"),
            None => "– configure it".to_owned(),
        };
        let key = row.key.clone().unwrap_or_else(missing);
        table.add_row([row.slug, row.name, row.protocol, row.models.to_string(), key]);
    }
    output::right(&mut table, &[3]);
    output::print(&table, "No provider can be called. `tollgate providers --all` lists them.");
    Ok(ExitCode::SUCCESS)
}

fn rows(installation: &Installation) -> Vec<ProviderRow> {
    let known = installation.known();
    let providers = known.providers().iter().map(|provider| {
        let access = installation.access(&provider.slug);
        ProviderRow {
            slug: provider.slug.to_string(),
            name: provider.name.clone(),
            protocol: provider.protocol.to_string(),
            base_url: provider.base_url.clone(),
            models: known.all_endpoints().filter(|it| it.provider.slug == provider.slug).count(),
            key: access.map(|access| access.origin.clone()),
            env: provider.env.clone(),
        }
    });
    providers.collect()
}

/// What the configuration and the environment make callable, without asking anybody. Keys that were
/// given in the dashboard are known to running gateways only.
pub(super) fn assemble(session: &Session) -> anyhow::Result<Installation> {
    let config = session.config()?;
    let simulator = config.simulator.then_some("http://127.0.0.1");
    let overlay = tollgate_catalog::Overlay::default();
    let given = HashMap::new();
    crate::installation::assemble(&config, &session.environment, simulator, &given, overlay)
        .map_err(|errors| anyhow::anyhow!("{}", crate::reload::joined(&errors)))
}
