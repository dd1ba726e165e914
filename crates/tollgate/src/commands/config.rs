//! `tollgate config check|show`

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use tollgate_api::counted;
use tollgate_engine::Policies;

use super::Session;
use crate::config::Config;
use crate::output;

#[derive(Debug, Subcommand)]
pub(super) enum ConfigCommand {
    /// Validate everything and report all problems at once
    #[command(after_help = "Example: tollgate config check ./tollgate.toml")]
    Check(CheckArgs),
    /// Show the settings in force
    #[command(after_help = "Example: tollgate config show --origin")]
    Show(ShowArgs),
}

#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// The file; the one `serve` would read when not given
    file: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    /// Say where each value comes from
    #[arg(long)]
    origin: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub(super) fn run(command: &ConfigCommand, session: Session) -> anyhow::Result<ExitCode> {
    match command {
        ConfigCommand::Check(args) => check(args, session),
        ConfigCommand::Show(args) => show(args, &session),
    }
}

fn check(args: &CheckArgs, mut session: Session) -> anyhow::Result<ExitCode> {
    session.flags.config = args.file.clone().or(session.flags.config);
    let mut result = Config::load(&session.flags, &session.environment);
    if let Ok(config) = &mut result {
        let unknown = unknown_models(config, &session);
        config.warnings.extend(unknown);
    }
    if args.json {
        let (problems, warnings): (Vec<&str>, &[String]) = match &result {
            Ok(config) => (Vec::new(), &config.warnings),
            Err(problems) => (problems.iter().collect(), &[]),
        };
        output::json(&serde_json::json!({
            "ok": result.is_ok(), "problems": problems, "warnings": warnings,
        }))?;
    } else {
        match &result {
            Ok(config) => {
                output::warn(config.warnings.iter().cloned());
                anstream::println!("{}", summary(config));
            }
            Err(problems) => anstream::eprintln!("{problems}"),
        }
    }
    Ok(if result.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What the file's rules name that leads to no model; local servers are not asked for theirs.
fn unknown_models(config: &Config, session: &Session) -> Vec<String> {
    // Each rule was checked when the file was read.
    let Ok(policies) = Policies::of(&config.rules, None) else { return Vec::new() };
    let installation = super::providers::assemble(session);
    installation.map_or_else(|_| Vec::new(), |it| it.unknown_in(&policies.policy))
}

fn summary(config: &Config) -> String {
    let file = config.file.as_ref();
    let file = file.map_or_else(|| "no file".to_owned(), |path| path.display().to_string());
    let overlay = &config.overlay;
    // An endpoint stands inside its model or beside it.
    let inside: usize = overlay.models.iter().map(|model| model.endpoints.len()).sum();
    let endpoints = overlay.endpoints.len().saturating_add(inside);
    format!(
        "The configuration is valid ({file}): {}, {} and {} beside the built-in ones.",
        counted(overlay.providers.len(), "provider"),
        counted(overlay.models.len(), "model"),
        counted(endpoints, "endpoint"),
    )
}

fn show(args: &ShowArgs, session: &Session) -> anyhow::Result<ExitCode> {
    let config = session.config()?;
    if args.json {
        let settings: serde_json::Map<_, _> = config
            .origins
            .iter()
            .map(|(name, it)| {
                (name.clone(), serde_json::json!({ "value": it.value, "origin": it.origin }))
            })
            .collect();
        output::json(&settings)?;
        return Ok(ExitCode::SUCCESS);
    }
    let headers: &[&str] =
        if args.origin { &["setting", "value", "origin"] } else { &["setting", "value"] };
    let mut table = output::table(headers);
    for (name, setting) in config.origins {
        let mut cells = vec![name, setting.value];
        if args.origin {
            cells.push(setting.origin);
        }
        table.add_row(cells);
    }
    output::print(&table, "");
    Ok(ExitCode::SUCCESS)
}
