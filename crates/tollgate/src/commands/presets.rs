//! `tollgate presets list|show|set|rm`

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, anyhow, bail};
use bytes::Bytes;
use clap::{Args, Subcommand, ValueEnum};
use serde::Serialize;
use serde_json::Value;
use tollgate_engine::{Clock, Entropy, SystemClock, SystemEntropy};
use tollgate_store::{
    Change, DEFAULT_WORKSPACE_ID, DesignatedPreset, NewPresetVersion, Page, PresetPatch,
    PresetRecord, PresetStatus, Stores,
};
use tollgate_types::{Timestamp, uuid};
use tollgate_wire::{Address, Call, Dialect, Preset};

use super::Session;
use crate::gateway::open_store;
use crate::output;

#[derive(Debug, Subcommand)]
pub(super) enum PresetsCommand {
    /// List presets
    #[command(after_help = "Example: tollgate presets list --json")]
    List(ListArgs),
    /// Show what a preset says
    #[command(
        after_help = "Examples:\n  tollgate presets show email-copywriter\n  tollgate presets show email-copywriter --version 2 --json"
    )]
    Show(ShowArgs),
    /// Make a preset from a request's body, give it a new version, or change it
    #[command(
        after_help = "Examples:\n  tollgate presets set email-copywriter --file body.json\n  tollgate presets set email-copywriter --status disabled\n  tollgate presets set email-copywriter --version 2"
    )]
    Set(SetArgs),
    /// Delete a preset with its versions
    #[command(after_help = "Example: tollgate presets rm email-copywriter")]
    Rm(WhichArgs),
}

#[derive(Debug, Args)]
pub(super) struct ListArgs {
    #[command(flatten)]
    common: Common,
}

/// What every command on presets takes.
#[derive(Debug, Args)]
struct Common {
    /// The workspace; the default one when not set
    #[arg(long, value_name = "ID", default_value = DEFAULT_WORKSPACE_ID, hide_default_value = true)]
    workspace: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(super) struct WhichArgs {
    /// What calls name it by
    slug: String,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    /// What calls name it by
    slug: String,
    /// One of its versions; the one that calls get when not set
    #[arg(long, value_name = "NUMBER")]
    version: Option<u32>,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
pub(super) struct SetArgs {
    /// What calls name it by
    slug: String,
    /// A request's body as JSON: its parameters become the preset's, the instructions it begins
    /// with its system prompt. `-` reads standard input
    #[arg(long, value_name = "FILE", conflicts_with = "version")]
    file: Option<PathBuf>,
    /// The dialect of that body
    #[arg(long, value_enum, default_value = "chat", requires = "file")]
    dialect: Body,
    /// What people call it
    #[arg(long)]
    name: Option<String>,
    /// For people
    #[arg(long)]
    description: Option<String>,
    /// Whether calls may use it
    #[arg(long, value_enum)]
    status: Option<Status>,
    /// Have calls get this version of it
    #[arg(long, value_name = "NUMBER")]
    version: Option<u32>,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Body {
    Chat,
    Messages,
    Responses,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Status {
    Active,
    Disabled,
    Archived,
}

#[derive(Debug, Serialize)]
struct PresetRow {
    slug: String,
    name: String,
    description: Option<String>,
    status: &'static str,
    designated_version: u32,
    latest_version: u32,
    created_at: String,
    updated_at: String,
}

#[derive(Debug, Serialize)]
struct WholePreset {
    #[serde(flatten)]
    preset: PresetRow,
    version: u32,
    system_prompt: Option<String>,
    config: Value,
}

/// What becomes a version's creator when nobody is known.
const OPERATOR: &str = "operator";

/// As many as are listed at once.
const PAGE: u32 = 1_000;

/// Runs the command on the configured store.
pub(super) async fn run(command: PresetsCommand, session: &Session) -> anyhow::Result<ExitCode> {
    let stores = open_store(&session.config()?).await?;
    let result = match command {
        PresetsCommand::List(args) => list(&args.common, &stores).await,
        PresetsCommand::Show(args) => show(&args, &stores).await,
        PresetsCommand::Set(args) => set(&args, session, &stores).await,
        PresetsCommand::Rm(args) => remove(&args, &stores).await,
    };
    stores.health.close().await;
    result.map(|()| ExitCode::SUCCESS)
}

/// A call with the preset that it names laid under it, as the gateway does.
pub(super) async fn applied(call: Call, workspace: &str, stores: &Stores) -> anyhow::Result<Call> {
    let named = call.preset().map_err(|error| anyhow!("{}", error.message()))?;
    let Some(slug) = named else { return Ok(call) };
    let found = stores.presets.get(workspace, &slug).await?;
    let found = found.ok_or_else(|| no_such_preset(&slug))?;
    let entry = tollgate_engine::PresetEntry::read(found)?;
    let preset = entry.active().map_err(|error| anyhow!("{}", error.body().error.message))?;
    call.with_preset(preset).map_err(|error| anyhow!("{}", error.message()))
}

async fn list(args: &Common, stores: &Stores) -> anyhow::Result<()> {
    let page = Page { offset: 0, limit: PAGE };
    let rows = stores.presets.list(&args.workspace, page).await?.into_iter().map(row);
    if args.json {
        return output::json(&rows.collect::<Vec<_>>());
    }
    let mut table = output::table(&["slug", "name", "state", "version", "of", "changed"]);
    for row in rows {
        let (designated, latest) = (row.designated_version, row.latest_version);
        let state = row.status.to_owned();
        let numbers = (designated.to_string(), latest.to_string());
        table.add_row([row.slug, row.name, state, numbers.0, numbers.1, row.updated_at]);
    }
    output::right(&mut table, &[3, 4]);
    output::print(&table, "There is no preset. Make one with `tollgate presets set`.");
    Ok(())
}

async fn show(args: &ShowArgs, stores: &Stores) -> anyhow::Result<()> {
    let mut found = find(&args.slug, &args.common, stores).await?;
    if let Some(number) = args.version {
        let version = stores.presets.version(&found.preset.id, number).await?;
        found.version =
            version.ok_or_else(|| anyhow!("`{}` has no version {number}", args.slug))?;
    }
    print(found, args.common.json)
}

async fn set(args: &SetArgs, session: &Session, stores: &Stores) -> anyhow::Result<()> {
    let now = SystemClock.now();
    let patch = PresetPatch {
        name: args.name.clone().into(),
        description: args.description.clone().map(Some).into(),
        status: args.status.map(PresetStatus::from).into(),
        designated_version: Change::from(args.version),
    };
    if args.name.as_ref().is_some_and(|name| name.trim().is_empty()) {
        bail!("--name: give the preset a name to know it by");
    }
    if args.file.is_none() && patch.is_empty() {
        bail!("say what to set: --file, --name, --description, --status or --version");
    }
    if let Some(file) = &args.file {
        let call = save(args, file, stores).await?;
        let (installation, params) = (super::providers::assemble(session)?, call.params());
        let names = params.model.iter().chain(&params.models);
        output::warn(names.filter_map(|name| installation.unknown(name)));
    }
    let which = (args.common.workspace.as_str(), args.slug.as_str());
    let updated = stores.presets.update(which, patch, now).await;
    let updated = updated.with_context(|| format!("`{}` can't be changed so", args.slug))?;
    print(updated.ok_or_else(|| no_such_preset(&args.slug))?, args.common.json)
}

/// Keeps a request's body as a version, and returns it.
async fn save(args: &SetArgs, file: &Path, stores: &Stores) -> anyhow::Result<Call> {
    let body = read(file).with_context(|| format!("{} can't be read", file.display()))?;
    let call = Call::read(args.dialect.into(), Bytes::from(body), Address::default());
    let read = call.and_then(|call| Ok((Preset::of_call(&call)?, call)));
    let (preset, call) =
        read.map_err(|error| anyhow!("{}: {}", file.display(), error.message()))?;
    Preset::check_slug(&args.slug).map_err(|error| anyhow!("{}", error.message()))?;
    let known = stores.presets.get(&args.common.workspace, &args.slug).await?;
    if known.is_some_and(|known| known.preset.status == PresetStatus::Archived)
        && args.status.is_none()
    {
        bail!("`{0}` is archived; `tollgate presets set {0} --status active` first", args.slug);
    }
    let version = NewPresetVersion {
        workspace_id: args.common.workspace.clone(),
        slug: args.slug.clone(),
        preset_id: new_id()?,
        creator_user_id: None,
        id: new_id()?,
        system_prompt: preset.system_prompt().map(str::to_owned),
        config: preset.config().text().to_owned(),
        creator_id: OPERATOR.to_owned(),
    };
    stores.presets.save(version, SystemClock.now()).await?;
    Ok(call)
}

async fn remove(args: &WhichArgs, stores: &Stores) -> anyhow::Result<()> {
    if !stores.presets.delete(&args.common.workspace, &args.slug).await? {
        return Err(no_such_preset(&args.slug));
    }
    if args.common.json {
        return output::json(&serde_json::json!({ "deleted": true, "slug": args.slug }));
    }
    anstream::println!("{} is deleted.", args.slug);
    Ok(())
}

async fn find(slug: &str, args: &Common, stores: &Stores) -> anyhow::Result<DesignatedPreset> {
    let found = stores.presets.get(&args.workspace, slug).await?;
    found.ok_or_else(|| no_such_preset(slug))
}

fn no_such_preset(slug: &str) -> anyhow::Error {
    anyhow!("there is no preset `{slug}`; see `tollgate presets list`")
}

fn read(file: &Path) -> std::io::Result<Vec<u8>> {
    if file != Path::new("-") {
        return std::fs::read(file);
    }
    let mut body = Vec::new();
    std::io::stdin().lock().read_to_end(&mut body)?;
    Ok(body)
}

fn new_id() -> anyhow::Result<String> {
    let mut random = [0; 16];
    SystemEntropy.fill(&mut random)?;
    Ok(uuid(random))
}

fn print(found: DesignatedPreset, json: bool) -> anyhow::Result<()> {
    let DesignatedPreset { preset, version } = found;
    let whole = WholePreset {
        preset: row(preset),
        version: version.version,
        system_prompt: version.system_prompt,
        config: serde_json::from_str(&version.config)?,
    };
    if json {
        return output::json(&whole);
    }
    let row = &whole.preset;
    anstream::println!("{} ({}) is {}.", row.slug, row.name, row.status);
    if let Some(description) = &row.description {
        anstream::println!("{description}");
    }
    let (shown, designated) = (whole.version, row.designated_version);
    anstream::println!("Version {shown} of {}; calls get {designated}.", row.latest_version);
    if let Some(prompt) = &whole.system_prompt {
        anstream::println!("\nSystem prompt:\n{prompt}");
    }
    anstream::println!("\nParameters:");
    output::json(&whole.config)
}

fn row(record: PresetRecord) -> PresetRow {
    PresetRow {
        slug: record.slug,
        name: record.name,
        description: record.description,
        status: record.status.as_str(),
        designated_version: record.designated_version,
        latest_version: record.latest_version,
        created_at: Timestamp::to_rfc3339(record.created_at),
        updated_at: Timestamp::to_rfc3339(record.updated_at),
    }
}

impl From<Body> for Dialect {
    fn from(body: Body) -> Self {
        match body {
            Body::Chat => Self::Chat,
            Body::Messages => Self::Messages,
            Body::Responses => Self::Responses,
        }
    }
}

impl From<Status> for PresetStatus {
    fn from(status: Status) -> Self {
        match status {
            Status::Active => Self::Active,
            Status::Disabled => Self::Disabled,
            Status::Archived => Self::Archived,
        }
    }
}
