//! The commands, one file each.

mod acts;
mod backup;
mod byok;
mod chat;
mod config;
mod credits;
mod doctor;
mod health;
mod keys;
mod ledger;
mod models;
mod password;
mod presets;
mod providers;
mod replay;
mod restore;
mod route;
mod running;
mod secrets;
mod serve;
mod simulator;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use self::acts::Act;
use crate::config::{Config, Flags};
use crate::environment::Environment;

/// The self-hosted OpenRouter: one OpenAI-compatible endpoint in front of every model provider.
#[derive(Debug, Parser)]
#[command(
    name = "tollgate",
    version,
    about,
    after_help = "Start with `tollgate serve`. It works without configuration and without a provider key."
)]
pub struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
    /// What the command changes.
    #[arg(skip)]
    act: Option<Act>,
}

impl Cli {
    /// Reads the command line; ends the program where it can't be read, or asks for help.
    pub fn of_process() -> Self {
        let program = Self::command();
        let matches = program.clone().get_matches();
        let cli = Self::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
        Self { act: Act::of(&program, &matches), ..cli }
    }
}

/// Flags every command takes.
#[derive(Debug, Args)]
struct Common {
    /// Configuration file; ./tollgate.toml when it exists
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where data is kept; ./data when not set
    #[arg(long, global = true, value_name = "DIR")]
    data_dir: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the gateway
    Serve(serve::ServeArgs),
    /// Manage API keys, on the same store as a running gateway
    #[command(
        subcommand,
        after_help = "Example: tollgate keys create --name ci --limit 10 --reset monthly"
    )]
    Keys(keys::KeysCommand),
    /// List the models this installation can route
    Models(models::ModelsArgs),
    /// List the providers this installation can call
    Providers(providers::ProvidersArgs),
    /// Manage presets: configurations that calls name, on the same store as a running gateway
    #[command(
        subcommand,
        after_help = "Example: tollgate presets set email-copywriter --file body.json"
    )]
    Presets(presets::PresetsCommand),
    /// Explain routing: why a call went where it went
    #[command(subcommand, after_help = "Example: tollgate route explain --model openai/gpt-4o")]
    Route(route::RouteCommand),
    /// Talk to a running gateway
    Chat(chat::ChatArgs),
    /// Add credit, or show what was bought and spent
    #[command(subcommand, after_help = "Example: tollgate credits add 25")]
    Credits(credits::CreditsCommand),
    /// Give somebody another password for the dashboard
    #[command(subcommand, after_help = "Example: tollgate password set ada@example.org")]
    Password(password::PasswordCommand),
    /// Manage callers' own keys at providers, on the same store as a running gateway
    #[command(subcommand, after_help = "Example: tollgate byok add openai --name team < key.txt")]
    Byok(byok::ByokCommand),
    /// Look into the ledger: every movement of money, and whether the books balance
    #[command(subcommand, after_help = "Example: tollgate ledger audit")]
    Ledger(ledger::LedgerCommand),
    /// Manage the secret key that callers' own keys are sealed with
    #[command(subcommand)]
    Secrets(secrets::SecretsCommand),
    /// Copy everything that a gateway keeps into one file, while it runs
    #[command(after_help = "Example: tollgate backup tollgate-2026-11-22.tar")]
    Backup(backup::BackupArgs),
    /// Put a backup into a folder that has no data, check it and audit its books
    #[command(
        after_help = "Example: tollgate restore tollgate-2026-11-22.tar --data-dir ./restored"
    )]
    Restore(restore::RestoreArgs),
    /// Check configuration, store, providers and limits, and say what to do
    Doctor(doctor::DoctorArgs),
    /// Check the configuration, or show where each value comes from
    #[command(subcommand, after_help = "Example: tollgate config show --origin")]
    Config(config::ConfigCommand),
    /// Run the simulated provider alone, to try configurations and faults against
    Simulator(simulator::SimulatorArgs),
}

/// What commands work with.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    pub(crate) flags: Flags,
    pub(crate) environment: Environment,
}

impl Session {
    /// Reads the configuration.
    pub(crate) fn config(&self) -> anyhow::Result<Config> {
        Ok(Config::load(&self.flags, &self.environment)?)
    }
}

/// Runs a command.
///
/// # Errors
///
/// What went wrong, in words for a person.
pub async fn run(cli: Cli, environment: Environment) -> anyhow::Result<ExitCode> {
    let flags = Flags { config: cli.common.config, listen: None, data_dir: cli.common.data_dir };
    let session = Session { flags, environment };
    let entering = session.clone();
    let done = Box::pin(done(cli.command, session));
    match cli.act {
        Some(act) => act.done(entering, done).await,
        None => done.await,
    }
}

async fn done(command: Command, session: Session) -> anyhow::Result<ExitCode> {
    match command {
        Command::Serve(args) => Box::pin(serve::run(args, session)).await,
        Command::Keys(command) => keys::run(command, &session).await,
        Command::Models(args) => models::run(&args, &session),
        Command::Providers(args) => providers::run(&args, &session),
        Command::Presets(command) => presets::run(command, &session).await,
        Command::Route(command) => route::run(command, &session).await,
        Command::Chat(args) => chat::run(args, &session).await,
        Command::Credits(command) => credits::run(command, &session).await,
        Command::Password(command) => password::run(command, &session).await,
        Command::Byok(command) => byok::run(command, &session).await,
        Command::Ledger(command) => ledger::run(command, &session).await,
        Command::Secrets(command) => secrets::run(&command, &session).await,
        Command::Backup(args) => backup::run(&args, &session).await,
        Command::Restore(args) => restore::run(&args, &session).await,
        Command::Doctor(args) => doctor::run(&args, &session).await,
        Command::Config(command) => config::run(&command, session),
        Command::Simulator(args) => simulator::run(&args).await,
    }
}
