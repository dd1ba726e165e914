//! `tollgate keys allow`: what a key may be used for, and from where.

use anyhow::{Context, anyhow};
use clap::Args;
use serde::Serialize;
use tollgate_engine::{
    AllowedError, Clock, SystemClock, allowed_addresses, allowed_models, allowed_providers,
};
use tollgate_store::{Change, KeyPatch, KeyRecord, Stores};
use tollgate_types::AddressRange;

use super::{Session, find, row};
use crate::output;

/// What a key may be used for, as flags.
#[derive(Debug, Default, Args)]
pub(super) struct AllowArgs {
    /// A model it may call; give it again for more. Without any it may call all
    #[arg(long = "model", value_name = "MODEL")]
    models: Vec<String>,
    /// A provider its calls may go to; give it again for more
    #[arg(long = "provider", value_name = "PROVIDER")]
    providers: Vec<String>,
    /// An address it may be used from, or a range such as 10.0.0.0/8; give it again for more
    #[arg(long = "address", value_name = "CIDR")]
    addresses: Vec<String>,
}

#[derive(Debug, Args)]
pub(in crate::commands) struct ChangeArgs {
    /// Its name, its hash or the beginning of its hash
    key: String,
    #[command(flatten)]
    allowed: AllowArgs,
    /// Let it call every model
    #[arg(long, conflicts_with = "models")]
    any_model: bool,
    /// Let its calls go to every provider
    #[arg(long, conflicts_with = "providers")]
    any_provider: bool,
    /// Let it be used from everywhere
    #[arg(long, conflicts_with = "addresses")]
    any_address: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// The restrictions of a key as rows have them.
#[derive(Debug, Serialize)]
pub(super) struct Restrictions {
    allowed_models: Option<Vec<String>>,
    allowed_providers: Option<Vec<String>>,
    allowed_addresses: Option<Vec<AddressRange>>,
}

impl Restrictions {
    pub(super) fn of(record: &KeyRecord) -> Self {
        Self {
            allowed_models: record.allowed_models.clone(),
            allowed_providers: record.allowed_providers.clone(),
            allowed_addresses: record.allowed_addresses.clone(),
        }
    }
}

impl AllowArgs {
    /// What is given, as a patch; the rest stays.
    pub(super) fn patch(&self, session: &Session) -> anyhow::Result<KeyPatch> {
        let mut patch = KeyPatch::default();
        // Names are looked up in the catalog, which most changes don't need.
        if !self.models.is_empty() || !self.providers.is_empty() {
            let installation = crate::commands::providers::assemble(session)?;
            let models = |names: &[String]| allowed_models(&installation, names);
            let providers = |names: &[String]| allowed_providers(&installation, names);
            patch.allowed_models = given("--model", &self.models, models)?;
            patch.allowed_providers = given("--provider", &self.providers, providers)?;
        }
        patch.allowed_addresses = given("--address", &self.addresses, allowed_addresses)?;
        Ok(patch)
    }

    /// Sets what is given in a new key.
    pub(super) fn set(&self, record: &mut KeyRecord, session: &Session) -> anyhow::Result<()> {
        let patch = self.patch(session)?;
        patch.allowed_models.apply_to(&mut record.allowed_models);
        patch.allowed_providers.apply_to(&mut record.allowed_providers);
        patch.allowed_addresses.apply_to(&mut record.allowed_addresses);
        Ok(())
    }
}

fn given<T>(
    flag: &'static str,
    items: &[String],
    read: impl FnOnce(&[String]) -> Result<Vec<T>, AllowedError>,
) -> anyhow::Result<Change<Option<Vec<T>>>> {
    if items.is_empty() {
        return Ok(Change::Keep);
    }
    Ok(Change::Set(Some(read(items).context(flag)?)))
}

/// Changes what is given, and shows all.
pub(super) async fn allow(
    args: &ChangeArgs,
    stores: &Stores,
    session: &Session,
) -> anyhow::Result<()> {
    let mut patch = args.allowed.patch(session)?;
    if args.any_model {
        patch.allowed_models = Change::Set(None);
    }
    if args.any_provider {
        patch.allowed_providers = Change::Set(None);
    }
    if args.any_address {
        patch.allowed_addresses = Change::Set(None);
    }
    let (hash, now) = (find(&args.key, stores).await?.hash, SystemClock.now());
    let updated = stores.keys.update(hash, patch, now).await?;
    let record = updated.ok_or_else(|| anyhow!("the key has just been deleted"))?;
    if args.json {
        let usage = stores.usage.key_usage(hash, now).await?;
        return output::json(&row(&record, &usage, now));
    }
    let mut table = output::table(&["", "allowed"]);
    let all =
        |names: Option<&Vec<String>>| names.map_or_else(|| "all".to_owned(), |it| it.join(", "));
    let ranges = record.allowed_addresses.as_ref();
    let ranges: Option<Vec<String>> = ranges.map(|it| it.iter().map(ToString::to_string).collect());
    table.add_row(["models".to_owned(), all(record.allowed_models.as_ref())]);
    table.add_row(["providers".to_owned(), all(record.allowed_providers.as_ref())]);
    table.add_row(["addresses".to_owned(), all(ranges.as_ref())]);
    output::print(&table, "");
    Ok(())
}
