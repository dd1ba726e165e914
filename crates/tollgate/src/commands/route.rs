//! `tollgate route`

use std::collections::HashMap;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, anyhow, bail};
use bytes::Bytes;
use clap::{Args, Subcommand};
use serde::Serialize;
use serde_json::{Map, Value, json};
use tollgate_catalog::EndpointId;
use tollgate_engine::{Clock, Policies, RuleBook, SystemClock};
use tollgate_store::{
    AttemptRecord, CandidateRecord, DEFAULT_WORKSPACE_ID, GenerationRecord, KeyRecord,
    RoutingRecord, RuleRecord, StageRecord, SteeredRecord,
};
use tollgate_types::{GenerationId, KeyHash};
use tollgate_wire::{Address, Call, Dialect};

use super::Session;
use super::health::{self, HealthArgs};
use super::replay::{self, ReplayArgs};
use crate::gateway::open_store;
use crate::output;

#[derive(Debug, Subcommand)]
pub(super) enum RouteCommand {
    /// Say why a call went where it went, or where one would go
    #[command(
        after_help = "Examples:\n  tollgate route explain gen-1795286266-FAFIFLs30qPD8EVqB69U\n  tollgate route explain --model openai/gpt-4o --provider '{\"sort\":\"latency\"}'"
    )]
    Explain(ExplainArgs),
    /// Ask a running gateway how endpoints are doing
    #[command(
        after_help = "Examples:\n  tollgate route health\n  tollgate route health openai/gpt-4o --json"
    )]
    Health(HealthArgs),
    /// Decide recorded calls again under another policy, and say what would have changed
    #[command(
        after_help = "Examples:\n  tollgate route replay --since 7d --policy cheaper.toml\n  tollgate route replay --since 2026-11-22T08:00:00Z --policy new.toml --json\n\ncheaper.toml may be as short as:\n  [routing]\n  sort = \"price\""
    )]
    Replay(ReplayArgs),
}

#[derive(Debug, Args)]
pub(super) struct ExplainArgs {
    /// The generation's id, as answers have it in `id` and `X-Generation-Id`
    #[arg(required_unless_present = "model", conflicts_with = "model")]
    generation: Option<String>,
    /// A model or `@preset/slug`: where would a call to it go in a gateway that has just started?
    #[arg(long, value_name = "MODEL")]
    model: Option<String>,
    /// Models to fall back to
    #[arg(long, value_name = "MODEL", requires = "model")]
    fallback: Vec<String>,
    /// The request's `provider` object
    #[arg(long, value_name = "JSON", requires = "model")]
    provider: Option<String>,
    /// A call with tools
    #[arg(long, requires = "model")]
    tools: bool,
    /// What the user says, for rules that look at it
    #[arg(long, value_name = "TEXT", requires = "model")]
    prompt: Option<String>,
    /// The request's `user`
    #[arg(long, value_name = "ID", requires = "model")]
    user: Option<String>,
    /// The key that calls, by its name or hash: what it may call, and rules that look at it
    #[arg(long, value_name = "NAME", requires = "model")]
    key: Option<String>,
    /// The request's `max_tokens`
    #[arg(long, value_name = "TOKENS", requires = "model")]
    max_tokens: Option<u64>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What people know callers' own keys by, by their ids.
type OwnKeys = HashMap<String, String>;

/// A plan and what came of it.
#[derive(Serialize)]
struct Explained<'a> {
    seed: u64,
    sort: &'a str,
    candidates: Vec<Candidate<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    rules: Vec<Matched<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    experiment: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    arm: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    stages: Vec<Stage<'a>>,
    attempts: Vec<Tried<'a>>,
}

#[derive(Serialize)]
struct Candidate<'a> {
    position: Option<usize>,
    endpoint: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    own_key: Option<&'a str>,
    place: &'a str,
    reason: Option<&'a str>,
    price_usd: Option<String>,
    chance: Option<f64>,
    first_token_ms: Option<u32>,
    tokens_per_second: Option<u32>,
}

/// A rule that matched.
#[derive(Serialize)]
struct Matched<'a> {
    name: &'a str,
    what: &'a str,
}

/// A model that rules had asked.
#[derive(Serialize)]
struct Stage<'a> {
    model: &'a str,
    outcome: &'a str,
    cost_usd: String,
}

#[derive(Serialize)]
struct Tried<'a> {
    endpoint: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    own_key: Option<&'a str>,
    status: Option<u16>,
    fault: Option<&'a str>,
    milliseconds: u64,
}

pub(super) async fn run(command: RouteCommand, session: &Session) -> anyhow::Result<ExitCode> {
    let args = match command {
        RouteCommand::Explain(args) => args,
        RouteCommand::Health(args) => return health::run(args, session).await,
        RouteCommand::Replay(args) => return replay::run(args, session).await,
    };
    if let Some(id) = &args.generation {
        let (record, own_keys) = generation(id, session).await?;
        let routing = record.routing.as_deref();
        let routing = routing.ok_or_else(|| anyhow!("nothing was kept of how {id} was routed"))?;
        show((routing, &own_keys), &record.attempts, &args, || println_outcome(&record))?;
    } else {
        let routing = hypothetical(&args, session).await?;
        show((&routing, &OwnKeys::new()), &[], &args, || {})?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn generation(id: &str, session: &Session) -> anyhow::Result<(GenerationRecord, OwnKeys)> {
    let stores = open_store(&session.config()?).await?;
    let record = stores.generations.get(&GenerationId::from_text(id)).await;
    let record = record.context("the store could not be read")?;
    let record = record.ok_or_else(|| anyhow!("there is no generation {id} in this store"))?;
    let keys = stores.credentials.all().await.context("the store could not be read")?;
    Ok((record, keys.into_iter().map(|key| (key.id.clone(), key.title())).collect()))
}

/// The plan of a call that nobody made.
async fn hypothetical(args: &ExplainArgs, session: &Session) -> anyhow::Result<RoutingRecord> {
    let mut body = Map::new();
    let prompt = args.prompt.as_deref().unwrap_or("Hello");
    body.insert("model".to_owned(), args.model.clone().into());
    body.insert("messages".to_owned(), json!([{ "role": "user", "content": prompt }]));
    if let Some(user) = &args.user {
        body.insert("user".to_owned(), user.clone().into());
    }
    if !args.fallback.is_empty() {
        body.insert("models".to_owned(), args.fallback.clone().into());
    }
    if let Some(provider) = &args.provider {
        let provider: Value =
            serde_json::from_str(provider).context("--provider is not a JSON object")?;
        body.insert("provider".to_owned(), provider);
    }
    if args.tools {
        let tool = json!([{ "type": "function", "function": { "name": "any" } }]);
        body.insert("tools".to_owned(), tool);
    }
    if let Some(tokens) = args.max_tokens {
        body.insert("max_tokens".to_owned(), tokens.into());
    }
    let body = Bytes::from(Value::Object(body).to_string());
    let call = Call::read(Dialect::Chat, body, Address::default());
    let mut call = call.map_err(|error| anyhow!("{}", error.message()))?;
    // Most models are no preset, and need no store.
    if call.preset().is_ok_and(|named| named.is_some()) {
        let stores = open_store(&session.config()?).await?;
        call = super::presets::applied(call, DEFAULT_WORKSPACE_ID, &stores).await?;
        stores.health.close().await;
    }
    let installation = super::providers::assemble(session)?;
    let policies = policies(session).await?;
    let key = caller(args.key.as_deref().unwrap_or_default(), session).await?;
    match tollgate_engine::explain(&call, &installation, &policies, &key, SystemClock.now()) {
        Ok(routing) => Ok(routing),
        Err(error) => bail!("{}", error.body().error.message),
    }
}

/// The key of a name, or one that is not there yet: rules look at names, too.
async fn caller(name: &str, session: &Session) -> anyhow::Result<KeyRecord> {
    let stores = open_store(&session.config()?).await?;
    let known = super::keys::named(name, &stores).await;
    stores.health.close().await;
    let nobody = || KeyRecord::new(KeyHash::from_bytes([0; 32]), name, "", SystemClock.now());
    Ok(known?.unwrap_or_else(nobody))
}

/// The rules that a gateway started now would have.
async fn policies(session: &Session) -> anyhow::Result<Arc<Policies>> {
    let config = session.config()?;
    let stores = open_store(&config).await?;
    let book = RuleBook::load(stores, config.rules).await.context("the rules can't be read")?;
    Ok(book.policies())
}

fn show(
    (routing, own_keys): (&RoutingRecord, &OwnKeys),
    attempts: &[AttemptRecord],
    args: &ExplainArgs,
    outcome: impl FnOnce(),
) -> anyhow::Result<()> {
    let none = SteeredRecord::default();
    let steered = routing.steered.as_deref().unwrap_or(&none);
    let candidates = routing.candidates.iter().enumerate();
    let explained = Explained {
        seed: routing.seed,
        sort: &routing.sort,
        candidates: candidates.map(|it| candidate(it, own_keys)).collect(),
        rules: steered.rules.iter().map(matched).collect(),
        experiment: steered.arm.as_ref().map(|it| &*it.experiment),
        arm: steered.arm.as_ref().map(|it| &*it.arm),
        stages: steered.stages.iter().map(stage).collect(),
        attempts: attempts.iter().map(|it| tried(it, own_keys)).collect(),
    };
    if args.json {
        return output::json(&explained);
    }
    for it in &explained.rules {
        anstream::println!("The rule `{}` matched: {}.", it.name, it.what);
    }
    if let (Some(experiment), Some(arm)) = (explained.experiment, explained.arm) {
        anstream::println!("Arm `{arm}` of `{experiment}`.");
    }
    for it in &explained.stages {
        anstream::println!("{}: {} (${})", it.model, it.outcome, it.cost_usd);
    }
    let sort = match explained.sort {
        "balanced" => "drawn by price among the healthy".to_owned(),
        sort => format!("sorted by {sort}"),
    };
    anstream::println!("Endpoints are {sort}.\n");
    let mut table =
        output::table(&["", "endpoint", "why", "est. price", "first token", "tokens/s"]);
    for it in &explained.candidates {
        let position = it.position.map_or_else(|| "–".to_owned(), |it| it.to_string());
        let price = it.price_usd.as_ref().map_or_else(|| "–".to_owned(), |it| format!("${it}"));
        let shown = |value: Option<u32>| value.map_or_else(|| "–".to_owned(), |it| it.to_string());
        let first_token = it.first_token_ms.map_or_else(|| "–".to_owned(), |it| format!("{it} ms"));
        let throughput = shown(it.tokens_per_second);
        table.add_row([position, it.endpoint.to_owned(), why(it), price, first_token, throughput]);
    }
    output::right(&mut table, &[0, 3, 4, 5]);
    output::print(&table, "No endpoint was looked at.");
    if !explained.attempts.is_empty() {
        anstream::println!("\nTried:");
    }
    for it in &explained.attempts {
        let result = it.fault.unwrap_or("answered");
        let own_key = it.own_key.map(|key| format!(" with the caller's own key {key}"));
        let own_key = own_key.unwrap_or_default();
        anstream::println!("  {}{own_key} {result} after {} ms", it.endpoint, it.milliseconds);
    }
    outcome();
    Ok(())
}

fn println_outcome(record: &GenerationRecord) {
    let from = record.provider.as_deref().unwrap_or("nobody");
    let cost = record.cost.to_decimal();
    anstream::println!("\nAnswered by {from}: ${cost}, finish reason {}.", {
        record.finish_reason.as_deref().unwrap_or("unknown")
    });
}

/// Why an endpoint stands where it does, in words.
fn why(candidate: &Candidate<'_>) -> String {
    let place = match candidate.place {
        "sticky" => "it has this conversation in its cache".to_owned(),
        "ordered" => "the request's order names it".to_owned(),
        "drawn" => {
            let percent = candidate.chance.unwrap_or_default() * 100.0;
            format!("it was drawn, with a chance of {percent:.0} %")
        }
        "byok" => match candidate.own_key {
            Some(key) => format!("with the caller's own key {key}"),
            None => "with a key of the caller's own, which is gone".to_owned(),
        },
        "sorted" => "by the sort".to_owned(),
        "dropped" => "left out".to_owned(),
        _ => "next by price".to_owned(),
    };
    match candidate.reason {
        Some(reason) => format!("{place}: it {reason}"),
        None => place,
    }
}

fn candidate<'a>(
    (index, record): (usize, &'a CandidateRecord),
    own_keys: &'a OwnKeys,
) -> Candidate<'a> {
    Candidate {
        position: (record.place != "dropped").then_some(index + 1),
        endpoint: &record.endpoint,
        own_key: own_key(&record.endpoint, own_keys),
        place: &record.place,
        reason: record.reason.as_deref(),
        price_usd: record.price_picos.map(dollars),
        chance: record.chance_millionths.map(|it| f64::from(it) / 1e6),
        first_token_ms: record.first_token_ms,
        tokens_per_second: record.tokens_per_second,
    }
}

fn matched(record: &RuleRecord) -> Matched<'_> {
    Matched { name: &record.rule, what: &record.what }
}

fn stage(record: &StageRecord) -> Stage<'_> {
    let cost_usd = record.cost.to_decimal();
    Stage { model: &record.model, outcome: &record.outcome, cost_usd }
}

fn own_key<'a>(endpoint: &str, own_keys: &'a OwnKeys) -> Option<&'a str> {
    own_keys.get(EndpointId::own_key_in(endpoint)?).map(String::as_str)
}

fn tried<'a>(attempt: &'a AttemptRecord, own_keys: &'a OwnKeys) -> Tried<'a> {
    Tried {
        endpoint: &attempt.endpoint,
        own_key: own_key(&attempt.endpoint, own_keys),
        status: attempt.status,
        fault: attempt.fault.as_deref(),
        milliseconds: attempt.latency_ms,
    }
}

/// Pico-dollars, to a millionth of a dollar.
fn dollars(picos: u64) -> String {
    let micros = picos.div_ceil(1_000_000);
    format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000)
}
