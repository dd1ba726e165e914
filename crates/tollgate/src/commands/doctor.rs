//! `tollgate doctor`

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use serde::Serialize;
use tollgate_catalog::Provider;
use tollgate_engine::{Access, Clock, Inquiry, Installation, NotTaken, SystemClock, SystemEntropy};
use tollgate_providers::{Fault, FaultKind};
use tollgate_store::Stores;
use tollgate_types::Timestamp;
use tollgate_upstream::Upstream;

use super::Session;
use crate::config::Config;
use crate::gateway::open_store;
use crate::output;
use crate::secrets::{VARIABLE, pepper, vault};

#[derive(Debug, Args)]
#[command(after_help = "Example: tollgate doctor --offline")]
pub(super) struct DoctorArgs {
    /// Don't ask the providers
    #[arg(long)]
    offline: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// One thing that was looked at.
#[derive(Debug, Serialize)]
struct Finding {
    check: String,
    state: State,
    what: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Ok,
    Warning,
    Problem,
}

const PATIENCE: Duration = Duration::from_secs(10);
/// An open stream takes two file descriptors.
const OPEN_FILES_WANTED: u64 = 4_096;

/// Looks at everything; exits 1 when there is a problem.
pub(super) async fn run(args: &DoctorArgs, session: &Session) -> anyhow::Result<ExitCode> {
    let mut findings = Vec::new();
    match Config::load(&session.flags, &session.environment) {
        Ok(config) => {
            let file = config.file.as_ref().map(|path| path.display().to_string());
            findings.push(ok("configuration", file.as_deref().unwrap_or("no file; defaults")));
            findings.extend(config.warnings.iter().map(|it| warning("configuration", it)));
            findings.extend(store(&config, session).await);
            findings.push(address(&config).await);
            findings.extend(providers(&config, session, args.offline).await?);
        }
        Err(problems) => {
            findings.extend(problems.iter().map(|it| problem("configuration", it)));
        }
    }
    findings.push(clock(SystemClock.now()));
    findings.push(open_files());
    let code = if findings.iter().any(|it| it.state == State::Problem) {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    };
    if args.json {
        output::json(&findings)?;
    } else {
        print(&findings);
    }
    Ok(code)
}

fn print(findings: &[Finding]) {
    let mut table = output::table(&["check", "state", "what"]);
    for finding in findings {
        let state = match finding.state {
            State::Ok => "ok",
            State::Warning => "warning",
            State::Problem => "PROBLEM",
        };
        table.add_row([finding.check.as_str(), state, &finding.what]);
    }
    output::print(&table, "");
}

async fn store(config: &Config, session: &Session) -> Vec<Finding> {
    let check = "store";
    let stores = match open_store(config).await {
        Ok(stores) => stores,
        Err(error) => return vec![problem(check, &format!("{error:#}"))],
    };
    let keys = stores.keys.all().await;
    let checked = api_keys(config, session, &stores).await;
    let own = own_keys(config, session, &stores).await;
    stores.health.close().await;
    let store = match keys {
        Ok(keys) => {
            let keys = keys.iter().filter(|key| !key.session).count();
            ok(check, &format!("{}, {keys} keys", config.database_url))
        }
        Err(error) => problem(check, &error.to_string()),
    };
    std::iter::once(store).chain(checked).chain(own).collect()
}

/// Whether API keys can be checked. Where there is no pepper yet nothing is said, and no secret key
/// made.
async fn api_keys(config: &Config, session: &Session, stores: &Stores) -> Option<Finding> {
    let check = "API keys";
    match stores.keys.pepper().await {
        Ok(None) => return None,
        Ok(Some(_)) => {}
        Err(error) => return Some(problem(check, &error.to_string())),
    }
    match pepper(config, &session.environment, stores).await {
        Ok(_) => None,
        Err(error) => Some(problem(check, &format!("{error:#}"))),
    }
}

/// Whether callers' own keys open. Where there are none nothing is said, and no secret key made.
async fn own_keys(config: &Config, session: &Session, stores: &Stores) -> Option<Finding> {
    let check = "callers' own keys";
    let held = match stores.credentials.all().await {
        Ok(held) if held.is_empty() => return None,
        Ok(held) => held,
        Err(error) => return Some(problem(check, &error.to_string())),
    };
    let vault = match vault(config, &session.environment, &SystemEntropy) {
        Ok(vault) => vault,
        Err(error) => return Some(problem(check, &format!("{error:#}"))),
    };
    let closed = held.iter().filter(|it| vault.open(&it.purpose(), &it.sealed).is_err()).count();
    Some(match closed {
        0 => ok(check, &format!("{} keys open", held.len())),
        closed => problem(
            check,
            &format!(
                "{closed} of {} keys do not open: set {VARIABLE} to the key they were sealed with, or delete and add them anew",
                held.len()
            ),
        ),
    })
}

/// Whether the gateway runs is worth knowing, not a problem.
async fn address(config: &Config) -> Finding {
    let connected =
        tokio::time::timeout(PATIENCE, tokio::net::TcpStream::connect(config.listen)).await;
    match connected {
        Ok(Ok(_)) => ok("address", &format!("something listens on {}", config.listen)),
        Ok(Err(_)) | Err(_) => {
            ok("address", &format!("{} is free; start with `tollgate serve`", config.listen))
        }
    }
}

async fn providers(
    config: &Config,
    session: &Session,
    offline: bool,
) -> anyhow::Result<Vec<Finding>> {
    let installation = super::providers::assemble(session)?;
    let upstream = Upstream::new(config.limits.upstream.clone()).context("TLS can't be set up")?;
    let mut findings = Vec::new();
    for provider in installation.known().providers() {
        let Some(access) = installation.access(&provider.slug) else { continue };
        let check = format!("provider {}", provider.slug);
        findings.push(if provider.builtin {
            ok(&check, "built in")
        } else if offline {
            ok(&check, &format!("key from {}; not asked", access.origin))
        } else {
            ask(&check, provider, access, &upstream).await
        });
    }
    if !has_real_provider(&installation) {
        findings.push(warning(
            "providers",
            "no provider key is set, so only the simulator's models answer; set OPENAI_API_KEY, ANTHROPIC_API_KEY, GEMINI_API_KEY or another of `tollgate providers --all`",
        ));
    }
    Ok(findings)
}

fn has_real_provider(installation: &Installation) -> bool {
    let known = installation.known().providers().iter();
    known.filter(|it| !it.builtin).any(|it| installation.access(&it.slug).is_some())
}

/// Asks a provider whether it takes the key.
async fn ask(check: &str, provider: &Provider, access: &Access, upstream: &Upstream) -> Finding {
    let protocol = provider.protocol.as_str();
    let inquiry = Inquiry { provider, protocol, access, patience: PATIENCE };
    match inquiry.ask(upstream, SystemClock.now()).await {
        Ok(_) => ok(check, &format!("{} answers; key from {}", provider.name, access.origin)),
        Err(NotTaken { fault, url }) => judged(check, provider, access, &fault, &url),
    }
}

fn judged(check: &str, provider: &Provider, access: &Access, fault: &Fault, url: &str) -> Finding {
    let name = &provider.name;
    let said = fault.message.as_deref().map(|it| format!(" It says: {it}")).unwrap_or_default();
    let origin = &access.origin;
    match fault.kind {
        FaultKind::Credential if access.credential.is_none() => problem(
            check,
            &format!("{name} wants a key and none is set: add api_key to its row.{said}"),
        ),
        FaultKind::Credential => problem(
            check,
            &format!(
                "{name} refuses the key from {origin}: it is wrong, expired or lacks rights.{said}"
            ),
        ),
        FaultKind::Payment => problem(check, &format!("{name} wants to be paid first.{said}")),
        FaultKind::RateLimited | FaultKind::Overloaded => {
            warning(check, &format!("{name} takes the key from {origin} but is busy.{said}"))
        }
        FaultKind::ModelMissing => {
            warning(check, &format!("{name} has nothing at {url}; calls may work nevertheless"))
        }
        FaultKind::Unsupported => {
            let why = fault.message.as_deref().unwrap_or("nothing of it can be asked");
            warning(check, &format!("not asked: {why}"))
        }
        FaultKind::Unreachable => {
            let why = fault.message.as_deref();
            let why = why.unwrap_or("is the address right, and does this machine reach it?");
            problem(check, &format!("{} can't be reached: {why}", access.base_url))
        }
        FaultKind::Timeout => {
            problem(check, &format!("{} did not answer within 10 seconds", access.base_url))
        }
        _ => problem(
            check,
            &format!("{name} answers {} at {url}.{said}", fault.status.unwrap_or_default()),
        ),
    }
}

/// A clock far off breaks TLS and every time-based limit.
fn clock(now: Timestamp) -> Finding {
    /// 2026-01-01: no build of this program is older.
    const OLDEST: Timestamp = Timestamp::from_unix_millis(1_767_225_600_000);
    if now < OLDEST {
        problem("clock", &format!("it says {}, which is in the past", now.to_rfc3339()))
    } else {
        ok("clock", &now.to_rfc3339())
    }
}

/// Linux says in /proc how many files a process may open.
fn open_files() -> Finding {
    let check = "open files";
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"));
    let soft = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    match soft {
        Some(most) if most < OPEN_FILES_WANTED => {
            let streams = most / 2;
            let advice = "Raise it with `ulimit -n 65536`";
            warning(check, &format!("at most {most}: about {streams} streams at once. {advice}"))
        }
        Some(most) => ok(check, &format!("at most {most}")),
        None => ok(check, "no limit known"),
    }
}

fn ok(check: &str, what: &str) -> Finding {
    Finding { check: check.to_owned(), state: State::Ok, what: what.to_owned() }
}

fn warning(check: &str, what: &str) -> Finding {
    Finding { check: check.to_owned(), state: State::Warning, what: what.to_owned() }
}

fn problem(check: &str, what: &str) -> Finding {
    Finding { check: check.to_owned(), state: State::Problem, what: what.to_owned() }
}
