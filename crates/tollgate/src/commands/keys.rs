//! `tollgate keys create|list|limits|allow|disable|enable|rotate|delete`

mod allow;
mod rates;
mod rotate;

use std::process::ExitCode;

use anyhow::{anyhow, bail};
use clap::{Args, Subcommand, ValueEnum};
use serde::Serialize;
use tollgate_engine::{Clock, Entropy, SystemClock, SystemEntropy};
use tollgate_limits::KeyLimits;
use tollgate_organisation::User;
use tollgate_store::{Change, KeyPatch, KeyRecord, KeyUsage, ResetInterval, StoreError, Stores};
use tollgate_types::{ApiKey, KeyHash, Timestamp, Usd};

use self::allow::{AllowArgs, Restrictions};
use self::rates::RateArgs;
use self::rotate::{FormerRow, RotateArgs};
use super::Session;
use crate::gateway::open_store;
use crate::output;
use crate::secrets::pepper;

#[derive(Debug, Subcommand)]
pub(super) enum KeysCommand {
    /// Make a key; its secret is shown only now
    #[command(
        after_help = "Examples:\n  tollgate keys create --name ci --limit 10 --reset monthly\n  tollgate keys create --name kiosk --model openai/gpt-4o-mini --address 192.0.2.7"
    )]
    Create(Box<CreateArgs>),
    /// List keys
    #[command(after_help = "Example: tollgate keys list --json")]
    List(ListArgs),
    /// Show or change how often and how much a key may call
    #[command(
        after_help = "Example: tollgate keys limits ci --requests-per-minute 60 --monthly-budget none"
    )]
    Limits(Box<LimitsArgs>),
    /// Show or change which models and providers a key may call, and from where
    #[command(
        after_help = "Examples:\n  tollgate keys allow ci --model openai/gpt-4o-mini --provider openai\n  tollgate keys allow ci --address 10.0.0.0/8 --address 192.0.2.7\n  tollgate keys allow ci --any-model"
    )]
    Allow(allow::ChangeArgs),
    /// Switch a key off
    #[command(after_help = "Example: tollgate keys disable ci")]
    Disable(WhichArgs),
    /// Switch a key on again
    #[command(after_help = "Example: tollgate keys enable ci")]
    Enable(WhichArgs),
    /// Replace a key's secret; its name, limit and spend stay
    #[command(
        after_help = "Examples:\n  tollgate keys rotate ci\n  tollgate keys rotate ci --overlap 24h"
    )]
    Rotate(RotateArgs),
    /// Delete a key; what it spent stays on record
    #[command(after_help = "Example: tollgate keys delete ci")]
    Delete(WhichArgs),
}

#[derive(Debug, Args)]
pub(super) struct CreateArgs {
    /// Name to know it by
    #[arg(long)]
    name: String,
    /// A management key: it manages keys and can't call models
    #[arg(long)]
    management: bool,
    /// Most it may spend, in US dollars
    #[arg(long, value_name = "USD")]
    limit: Option<Usd>,
    /// When the limit starts anew
    #[arg(long, requires = "limit")]
    reset: Option<Reset>,
    /// When it expires, e.g. 2027-01-31T00:00:00Z
    #[arg(long, value_name = "TIME")]
    expires: Option<String>,
    #[command(flatten)]
    allowed: AllowArgs,
    #[command(flatten)]
    limits: RateArgs,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(super) struct LimitsArgs {
    /// Its name, its hash or the beginning of its hash
    key: String,
    #[command(flatten)]
    limits: RateArgs,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Reset {
    Daily,
    Weekly,
    Monthly,
}

#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(super) struct WhichArgs {
    /// Its name, its hash or the beginning of its hash
    key: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Serialize)]
struct KeyRow {
    hash: String,
    name: String,
    label: String,
    management: bool,
    disabled: bool,
    limit: Option<String>,
    limit_reset: Option<&'static str>,
    usage: String,
    created_at: String,
    expires_at: Option<String>,
    rate_limits: KeyLimits,
    #[serde(flatten)]
    restrictions: Restrictions,
    former_secrets: Vec<FormerRow>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
}

/// Runs the command on the configured store.
pub(super) async fn run(command: KeysCommand, session: &Session) -> anyhow::Result<ExitCode> {
    let stores = open_store(&session.config()?).await?;
    let result = dispatch(command, &stores, session).await;
    stores.health.close().await;
    result.map(|()| ExitCode::SUCCESS)
}

async fn dispatch(command: KeysCommand, stores: &Stores, session: &Session) -> anyhow::Result<()> {
    match command {
        KeysCommand::Create(args) => create(*args, stores, session).await,
        KeysCommand::List(args) => list(&args, stores).await,
        KeysCommand::Limits(args) => limit(&args, stores).await,
        KeysCommand::Allow(args) => allow::allow(&args, stores, session).await,
        KeysCommand::Disable(args) => switch(&args, stores, true).await,
        KeysCommand::Enable(args) => switch(&args, stores, false).await,
        KeysCommand::Rotate(args) => rotate::rotate(&args, stores, session).await,
        KeysCommand::Delete(args) => delete(&args, stores).await,
    }
}

async fn create(args: CreateArgs, stores: &Stores, session: &Session) -> anyhow::Result<()> {
    if args.name.trim().is_empty() {
        bail!("--name: give the key a name to know it by");
    }
    if args.limit.is_some_and(|limit| limit < Usd::ZERO) {
        bail!("--limit: must be at least 0");
    }
    let now = SystemClock.now();
    let expires_at = args.expires.as_deref().map(|text| expiry(text, now));
    let key = new_key()?;
    let pepper = pepper(&session.config()?, &session.environment, stores).await?;
    let mut record = KeyRecord {
        management: args.management,
        limit: args.limit,
        limit_reset: args.reset.map(ResetInterval::from),
        expires_at: expires_at.transpose()?,
        rate_limits: args.limits.changed(&KeyLimits::default())?,
        ..KeyRecord::new(pepper.hash(&key), args.name.trim(), &key.label(), now)
    };
    args.allowed.set(&mut record, session)?;
    stores.keys.insert(record.clone()).await?;
    let shown = row(&record, &KeyUsage::default(), now);
    let row = KeyRow { key: Some(key.expose().to_owned()), ..shown };
    show_secret(&row, args.json)
}

/// When a key shall expire. A time that has passed would make a key nobody can use.
fn expiry(text: &str, now: Timestamp) -> anyhow::Result<Timestamp> {
    let time = Timestamp::parse_rfc3339(text)
        .ok_or_else(|| anyhow!("--expires: `{text}` is not a time such as 2027-01-31T00:00:00Z"))?;
    if time <= now {
        bail!("--expires: {text} has passed already");
    }
    Ok(time)
}

async fn list(args: &ListArgs, stores: &Stores) -> anyhow::Result<()> {
    let now = SystemClock.now();
    let mut rows = Vec::new();
    for record in stores.keys.all().await?.into_iter().filter(|key| !key.session) {
        rows.push(row(&record, &stores.usage.key_usage(record.hash, now).await?, now));
    }
    if args.json {
        return output::json(&rows);
    }
    let mut table = output::table(&["name", "key", "kind", "state", "limit", "spent", "hash"]);
    for row in rows {
        let state = state(&row);
        let limit = row.limit.map(|limit| match row.limit_reset {
            Some(reset) => format!("${limit} {reset}"),
            None => format!("${limit}"),
        });
        table.add_row([
            row.name,
            row.label,
            if row.management { "management" } else { "inference" }.to_owned(),
            state,
            limit.unwrap_or_else(|| "–".to_owned()),
            format!("${}", row.usage),
            row.hash.chars().take(12).collect(),
        ]);
    }
    output::right(&mut table, &[4, 5]);
    output::print(&table, "No keys yet. Make one with `tollgate keys create --name NAME`.");
    Ok(())
}

async fn switch(args: &WhichArgs, stores: &Stores, disabled: bool) -> anyhow::Result<()> {
    let hash = find(&args.key, stores).await?.hash;
    let patch = KeyPatch { disabled: Change::Set(disabled), ..KeyPatch::default() };
    let now = SystemClock.now();
    let updated = stores.keys.update(hash, patch, now).await?;
    let record = updated.ok_or_else(|| anyhow!("the key has just been deleted"))?;
    if args.json {
        return output::json(&row(&record, &stores.usage.key_usage(hash, now).await?, now));
    }
    let state = if disabled { "disabled" } else { "active" };
    anstream::println!("{} ({}) is {state}.", record.name, record.label);
    if !disabled && is_of_somebody_gone(&record, stores).await? {
        anstream::eprintln!("Whoever made it is no member here (any more). It calls all the same.");
    }
    Ok(())
}

/// Whether a key was made by somebody who is no member. Where nobody is one, keys may bear any name.
async fn is_of_somebody_gone(record: &KeyRecord, stores: &Stores) -> anyhow::Result<bool> {
    let Some(id) = &record.creator_user_id else { return Ok(false) };
    let members = stores.documents.all::<User>(None).await?;
    Ok(!members.is_empty() && members.iter().all(|it| it.id != *id))
}

/// Changes the limits that are given, and shows all.
async fn limit(args: &LimitsArgs, stores: &Stores) -> anyhow::Result<()> {
    let now = SystemClock.now();
    let record = changed(args, stores, now).await?;
    let hash = record.hash;
    if args.json {
        return output::json(&row(&record, &stores.usage.key_usage(hash, now).await?, now));
    }
    let mut table = output::table(&["limit", "amount"]);
    for (name, amount) in rates::rows(&record.rate_limits)? {
        table.add_row([name, amount]);
    }
    output::right(&mut table, &[1]);
    output::print(&table, "No limits. Set one with e.g. --requests-per-minute 60.");
    Ok(())
}

/// Changes the limits that are given, each time anew when somebody else has changed the key.
async fn changed(args: &LimitsArgs, stores: &Stores, now: Timestamp) -> anyhow::Result<KeyRecord> {
    loop {
        let record = find(&args.key, stores).await?;
        let changed = args.limits.changed(&record.rate_limits)?;
        if changed == record.rate_limits {
            return Ok(record);
        }
        let hash = record.hash;
        let (rate_limits, seen) = (Change::Set(changed), Some(Box::new(record)));
        let patch = KeyPatch { seen, rate_limits, ..KeyPatch::default() };
        match stores.keys.update(hash, patch, now).await {
            Err(StoreError::Conflict) => {}
            updated => return updated?.ok_or_else(|| anyhow!("the key has just been deleted")),
        }
    }
}

async fn delete(args: &WhichArgs, stores: &Stores) -> anyhow::Result<()> {
    let record = find(&args.key, stores).await?;
    stores.keys.delete(record.hash).await?;
    if args.json {
        return output::json(&serde_json::json!({ "deleted": true, "hash": record.hash.to_hex() }));
    }
    anstream::println!("{} ({}) is deleted.", record.name, record.label);
    Ok(())
}

/// A key by name or by the beginning of its hash; several matches are an error.
async fn find(which: &str, stores: &Stores) -> anyhow::Result<KeyRecord> {
    named(which, stores).await?.ok_or_else(|| {
        anyhow!("no key is named `{which}` or has a hash that begins so; see `tollgate keys list`")
    })
}

/// The same where there need not be one.
pub(super) async fn named(which: &str, stores: &Stores) -> anyhow::Result<Option<KeyRecord>> {
    let keys = stores.keys.all().await?;
    let by_hash = which.len() >= 6;
    let matches: Vec<&KeyRecord> = keys
        .iter()
        .filter(|key| !key.session)
        .filter(|key| key.name == which || (by_hash && key.hash.to_hex().starts_with(which)))
        .collect();
    match matches.as_slice() {
        [one] => Ok(Some((*one).clone())),
        [] => Ok(None),
        several => bail!("`{which}` matches {} keys; name one by its hash", several.len()),
    }
}

/// Whether it works, and until when a secret of it does that was rotated away.
fn state(row: &KeyRow) -> String {
    let state = if row.disabled { "disabled" } else { "active" };
    match row.former_secrets.last() {
        Some(former) => format!("{state}, old secret until {}", former.works_until),
        None => state.to_owned(),
    }
}

fn show_secret(row: &KeyRow, json: bool) -> anyhow::Result<()> {
    if json {
        return output::json(row);
    }
    let secret = row.key.as_deref().unwrap_or_default();
    anstream::println!("The key `{}`, shown only now:\n\n  {secret}\n", row.name);
    Ok(())
}

/// A key from the system's random bytes.
pub(super) fn new_key() -> anyhow::Result<ApiKey> {
    let mut random = [0; 32];
    SystemEntropy.fill(&mut random)?;
    Ok(ApiKey::new(random))
}

fn row(record: &KeyRecord, usage: &KeyUsage, now: Timestamp) -> KeyRow {
    let hash: KeyHash = record.hash;
    KeyRow {
        hash: hash.to_hex(),
        name: record.name.clone(),
        label: record.label.clone(),
        management: record.management,
        disabled: record.disabled,
        limit: record.limit.map(Usd::to_decimal),
        limit_reset: record.limit_reset.map(ResetInterval::as_str),
        usage: usage.total.to_decimal(),
        created_at: record.created_at.to_rfc3339(),
        expires_at: record.expires_at.map(Timestamp::to_rfc3339),
        rate_limits: record.rate_limits.clone(),
        restrictions: Restrictions::of(record),
        former_secrets: FormerRow::of(record, now),
        key: None,
    }
}

impl From<Reset> for ResetInterval {
    fn from(reset: Reset) -> Self {
        match reset {
            Reset::Daily => Self::Daily,
            Reset::Weekly => Self::Weekly,
            Reset::Monthly => Self::Monthly,
        }
    }
}
