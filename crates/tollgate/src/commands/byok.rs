//! `tollgate byok list|add|remove|test`

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use clap::{Args, Subcommand};
use serde::Serialize;
use tollgate_engine::{
    Clock, Entropy, Installation, OWN_KEYS_MAX, ProbeVerdict, SystemClock, SystemEntropy, masked,
    own_secret,
};
use tollgate_store::{CredentialRecord, Stores};
use tollgate_types::{ProviderSlug, uuid};
use tollgate_upstream::Upstream;
use tollgate_vault::{NONCE_BYTES, Vault};

use super::Session;
use crate::config::Config;
use crate::gateway::open_store;
use crate::output;
use crate::secrets::vault_of;

#[derive(Debug, Subcommand)]
pub(super) enum ByokCommand {
    /// List callers' own keys, each provider's in the order they are tried in
    #[command(after_help = "Example: tollgate byok list --json")]
    List(ListArgs),
    /// Add a key; its secret is read from a file or standard input, never from the arguments
    #[command(
        after_help = "Examples:\n  tollgate byok add openai --name team < key.txt\n  tollgate byok add google-vertex --file service-account.json --fallback"
    )]
    Add(AddArgs),
    /// Remove a key and wipe its secret
    #[command(after_help = "Example: tollgate byok remove team")]
    Remove(WhichArgs),
    /// Ask its provider whether it takes a key
    #[command(after_help = "Example: tollgate byok test team")]
    Test(WhichArgs),
}

#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(super) struct AddArgs {
    /// The provider it is for
    provider: String,
    /// Where the secret is; `-` is standard input
    #[arg(long, value_name = "FILE", default_value = "-")]
    file: PathBuf,
    /// Name to know it by
    #[arg(long)]
    name: Option<String>,
    /// Try it behind the installation's own endpoints rather than before them
    #[arg(long)]
    fallback: bool,
    /// Don't try the installation's own endpoints of its provider at all
    #[arg(long, conflicts_with = "fallback")]
    always_use: bool,
    /// A model it is for; all when none is named
    #[arg(long = "model", value_name = "MODEL")]
    models: Vec<String>,
    /// Save it without asking the provider
    #[arg(long)]
    skip_test: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(super) struct WhichArgs {
    /// Its name, its id or the beginning of its id
    key: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Serialize)]
struct Row<'a> {
    id: &'a str,
    provider: &'a str,
    name: Option<&'a str>,
    label: &'a str,
    disabled: bool,
    is_fallback: bool,
    always_use: bool,
    sort_order: u32,
    allowed_models: Option<&'a [String]>,
    created_at: String,
}

/// What a provider says of a key.
#[derive(Debug, Serialize)]
struct Tested {
    accepted: bool,
    said: String,
}

const PATIENCE: Duration = Duration::from_secs(10);
const NAME_MAX: usize = 255;

/// Runs the command on the configured store; a running gateway takes changes up by itself.
pub(super) async fn run(command: ByokCommand, session: &Session) -> anyhow::Result<ExitCode> {
    let config = session.config()?;
    let stores = open_store(&config).await?;
    let result = match command {
        ByokCommand::List(args) => list(&args, &stores).await,
        ByokCommand::Add(args) => add(args, session, &config, &stores).await,
        ByokCommand::Remove(args) => remove(&args, &stores).await,
        ByokCommand::Test(args) => test(&args, session, &config, &stores).await,
    };
    stores.health.close().await;
    result
}

async fn list(args: &ListArgs, stores: &Stores) -> anyhow::Result<ExitCode> {
    let records = stores.credentials.all().await?;
    if args.json {
        output::json(&records.iter().map(Row::of).collect::<Vec<_>>())?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = output::table(&["provider", "name", "key", "state", "tried", "models", "id"]);
    for record in &records {
        table.add_row([
            record.provider.to_string(),
            record.name.clone().unwrap_or_else(|| "–".to_owned()),
            record.label.clone(),
            if record.disabled { "disabled" } else { "active" }.to_owned(),
            turn(record).to_owned(),
            record.allowed_models.as_ref().map_or_else(|| "all".to_owned(), |it| it.join(", ")),
            record.id.clone(),
        ]);
    }
    output::print(&table, "No keys yet. Add one with `tollgate byok add PROVIDER < FILE`.");
    Ok(ExitCode::SUCCESS)
}

const fn turn(record: &CredentialRecord) -> &'static str {
    match (record.is_fallback, record.always_use) {
        (true, _) => "last",
        (false, true) => "alone",
        (false, false) => "first",
    }
}

async fn add(
    args: AddArgs,
    session: &Session,
    config: &Config,
    stores: &Stores,
) -> anyhow::Result<ExitCode> {
    let installation = super::providers::assemble(session)?;
    let provider = provider(&installation, &args.provider)?;
    let name = args.name.map(|it| it.trim().to_owned()).filter(|it| !it.is_empty());
    if name.as_ref().is_some_and(|it| it.chars().count() > NAME_MAX) {
        bail!("--name: at most {NAME_MAX} characters");
    }
    let models = models(&installation, &args.models)?;
    let text = read(&args.file)?;
    let secret = own_secret(&text).map_err(|error| anyhow!("the secret: {error}"))?;
    if stores.credentials.all().await?.len() >= OWN_KEYS_MAX {
        bail!("there are {OWN_KEYS_MAX} keys, which is the most");
    }
    let warning = if args.skip_test {
        None
    } else {
        match asked(&installation, &provider, secret, config).await? {
            ProbeVerdict::Accepted => None,
            ProbeVerdict::Refused => {
                bail!("{provider} refuses this key. Check it, or save it anyway with --skip-test")
            }
            ProbeVerdict::Unknown(why) => Some(why),
        }
    };
    let vault = vault_of(config, &session.environment, &SystemEntropy, stores).await?;
    let mut record = CredentialRecord {
        id: new_id()?,
        provider,
        workspace_id: None,
        name,
        label: masked(secret),
        sealed: Vec::new(),
        disabled: false,
        is_fallback: args.fallback,
        always_use: args.always_use,
        sort_order: 0,
        allowed_models: models,
        allowed_user_ids: None,
        allowed_api_key_hashes: None,
        created_at: SystemClock.now(),
    };
    record.sealed = sealed(&vault, &record, secret)?;
    let record = stores.credentials.insert(record).await?;
    if args.json {
        output::json(&Row::of(&record))?;
    } else {
        anstream::println!("Added {} for {}: {}.", record.title(), record.provider, record.id);
    }
    if let Some(why) = warning {
        anstream::eprintln!("{} could not be asked about it: {why}", record.provider);
    }
    Ok(ExitCode::SUCCESS)
}

async fn remove(args: &WhichArgs, stores: &Stores) -> anyhow::Result<ExitCode> {
    let record = find(&args.key, stores).await?;
    if !stores.credentials.delete(&record.id, SystemClock.now()).await? {
        bail!("the key has just been removed");
    }
    if args.json {
        output::json(&serde_json::json!({ "deleted": true, "id": record.id }))?;
    } else {
        anstream::println!("{} of {} is removed.", record.title(), record.provider);
    }
    Ok(ExitCode::SUCCESS)
}

/// Exits 1 unless the provider takes the key.
async fn test(
    args: &WhichArgs,
    session: &Session,
    config: &Config,
    stores: &Stores,
) -> anyhow::Result<ExitCode> {
    let record = find(&args.key, stores).await?;
    let vault = vault_of(config, &session.environment, &SystemEntropy, stores).await?;
    let secret = vault
        .open(&record.purpose(), &record.sealed)
        .with_context(|| format!("{} does not open", record.title()))?;
    let installation = super::providers::assemble(session)?;
    let verdict = asked(&installation, &record.provider, &secret, config).await?;
    let provider = &record.provider;
    let said = match verdict {
        ProbeVerdict::Accepted => format!("{provider} takes {}", record.title()),
        ProbeVerdict::Refused => format!("{provider} refuses {}", record.title()),
        ProbeVerdict::Unknown(why) => {
            format!("{provider} could not be asked about {}: {why}", record.title())
        }
    };
    let accepted = verdict == ProbeVerdict::Accepted;
    if args.json {
        output::json(&Tested { accepted, said })?;
    } else {
        anstream::println!("{said}.");
    }
    Ok(if accepted { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn asked(
    installation: &Installation,
    provider: &ProviderSlug,
    secret: &str,
    config: &Config,
) -> anyhow::Result<ProbeVerdict> {
    let upstream = Upstream::new(config.limits.upstream.clone()).context("TLS can't be set up")?;
    let when = (SystemClock.now(), PATIENCE);
    Ok(installation.try_own_key(provider, secret, &upstream, when).await)
}

fn sealed(vault: &Vault, record: &CredentialRecord, secret: &str) -> anyhow::Result<Vec<u8>> {
    let mut nonce = [0; NONCE_BYTES];
    SystemEntropy.fill(&mut nonce)?;
    Ok(vault.seal(&record.purpose(), secret, nonce)?)
}

fn provider(installation: &Installation, name: &str) -> anyhow::Result<ProviderSlug> {
    let known = installation.known().provider(name).filter(|it| !it.builtin);
    let known = known.ok_or_else(|| {
        anyhow!("there is no provider `{name}`; `tollgate providers --all` lists them")
    })?;
    if !installation.takes_own_keys(&known.slug) {
        bail!("there is no address of {name}: set {}", known.address_variables().join(", "));
    }
    Ok(known.slug.clone())
}

/// Models under their ids; `None` where none is named.
fn models(installation: &Installation, names: &[String]) -> anyhow::Result<Option<Vec<String>>> {
    let id = |name: &String| {
        let known = installation.known().resolve(name);
        let model = known.map_err(|_| anyhow!("--model: there is no model `{name}`"))?;
        Ok(model.id.to_string())
    };
    let ids: anyhow::Result<Vec<String>> = names.iter().map(id).collect();
    Ok(Some(ids?).filter(|ids| !ids.is_empty()))
}

fn read(file: &Path) -> anyhow::Result<String> {
    let mut text = String::new();
    if file == Path::new("-") {
        std::io::stdin().lock().read_to_string(&mut text).context("no secret can be read")?;
        return Ok(text);
    }
    std::fs::read_to_string(file).with_context(|| format!("{} can't be read", file.display()))
}

/// A key by name or by the beginning of its id; several matches are an error.
async fn find(which: &str, stores: &Stores) -> anyhow::Result<CredentialRecord> {
    let by_id = which.len() >= 6;
    let mut keys = stores.credentials.all().await?;
    keys.retain(|key| key.name.as_deref() == Some(which) || (by_id && key.id.starts_with(which)));
    let found = keys.len();
    match (keys.pop(), found) {
        (Some(one), 1) => Ok(one),
        (None, _) => {
            bail!("no key is named `{which}` or has an id that begins so; see `tollgate byok list`")
        }
        (Some(_), several) => bail!("`{which}` matches {several} keys; name one by its id"),
    }
}

fn new_id() -> anyhow::Result<String> {
    let mut random = [0; 16];
    SystemEntropy.fill(&mut random)?;
    Ok(uuid(random))
}

impl<'a> Row<'a> {
    fn of(record: &'a CredentialRecord) -> Self {
        Self {
            id: &record.id,
            provider: record.provider.as_str(),
            name: record.name.as_deref(),
            label: &record.label,
            disabled: record.disabled,
            is_fallback: record.is_fallback,
            always_use: record.always_use,
            sort_order: record.sort_order,
            allowed_models: record.allowed_models.as_deref(),
            created_at: record.created_at.to_rfc3339(),
        }
    }
}
