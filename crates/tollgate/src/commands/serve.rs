//! `tollgate serve`

use std::io::IsTerminal;
use std::process::ExitCode;

use anyhow::{Context, anyhow};
use clap::Args;
use tokio::signal::unix::{SignalKind, signal};
use tollgate_api::{counted, example_model};
use tollgate_types::ApiKey;
use tracing_subscriber::EnvFilter;

use super::Session;
use crate::gateway::{Gateway, Seams};
use crate::setup::Setup;

#[derive(Debug, Args)]
#[command(
    after_help = "Example: tollgate serve --listen 0.0.0.0:8080 --data-dir /var/lib/tollgate"
)]
pub(super) struct ServeArgs {
    /// Address to listen on; 127.0.0.1:8080 when not set
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
}

/// Runs the gateway until SIGTERM or Ctrl-C.
pub(super) async fn run(args: ServeArgs, mut session: Session) -> anyhow::Result<ExitCode> {
    session.flags.listen = args.listen;
    let config = session.config()?;
    log_to_stderr(session.environment.get("TOLLGATE_LOG"))?;
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    let mut terminate = signal(SignalKind::terminate()).context("SIGTERM can't be heard")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("Ctrl-C can't be heard")?;
    let prefix = config.path_prefix.clone();
    let gateway = Gateway::start(config, session.environment, Seams::default()).await?;
    let setup = Setup::of(&prefix, gateway.engine()).await?;
    greet(&gateway, setup.as_ref());
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("stopping: open streams may finish");
    // A second signal does not wait for them.
    Ok(tokio::select! {
        biased;
        _ = terminate.recv() => ExitCode::FAILURE,
        _ = interrupt.recv() => ExitCode::FAILURE,
        () = gateway.stop() => ExitCode::SUCCESS,
    })
}

/// Logs go to standard error: JSON for machines, lines for people.
fn log_to_stderr(level: Option<&str>) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(level.unwrap_or("info"))
        .context("TOLLGATE_LOG is not a filter such as info or tollgate_engine=debug")?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let installed = if std::io::stderr().is_terminal() {
        builder.with_target(false).try_init()
    } else {
        builder.json().flatten_event(true).try_init()
    };
    installed.map_err(|error| anyhow!("logs can't be set up: {error}"))
}

/// What to do when there is nothing to try.
const NO_MODEL: &str = "No model can be called yet: no provider has a key. Set OPENAI_API_KEY, ANTHROPIC_API_KEY, GEMINI_API_KEY or another of `tollgate providers --all`, then start again.";

fn greet(gateway: &Gateway, setup: Option<&Setup>) {
    let address = gateway.address();
    let installation = gateway.engine().installation();
    let routable = installation.routable();
    anstream::println!("Tollgate {} listens on http://{address}", env!("CARGO_PKG_VERSION"));
    anstream::println!(
        "{} of {} can be called at http://{address}/api/v1",
        counted(routable.models().len(), "model"),
        counted(routable.providers().len(), "provider"),
    );
    let key = gateway.first_key().map(ApiKey::expose);
    if let Some(key) = key {
        anstream::println!("\nYour first API key, shown only now:\n\n  {key}\n");
    } else {
        anstream::println!("\nMake a key with `tollgate keys create --name NAME`.\n");
    }
    if let Some(Setup { path, code }) = setup {
        anstream::println!(
            "Set the dashboard up at http://{address}{path}\n\n  Setup code, asked for on other machines: {code}\n"
        );
    }
    let Some(model) = example_model(routable) else {
        anstream::println!("{NO_MODEL}\n");
        return;
    };
    let key = key.unwrap_or("$TOLLGATE_API_KEY");
    anstream::println!(
        "Try it:\n\ncurl http://{address}/api/v1/chat/completions -H \"Authorization: Bearer {key}\" -H \"Content-Type: application/json\" -d '{{\"model\":\"{}\",\"messages\":[{{\"role\":\"user\",\"content\":\"Hello\"}}]}}'\n",
        model.id
    );
}
