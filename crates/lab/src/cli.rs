//! What can be asked for on the command line.

use std::io::{self, Write as _};
use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::Parser;
use tollgate_lab::{Experiment, KEYS, Policy, Scenario, Settings, scenarios};

use crate::progress::Progress;

const AFTER_HELP: &str = "\
Columns:
  success %  of the calls that the oracle served      refused, stalled  calls served after such
  p50, p99   seconds to the first token               +ms p99           what that added
  cost ×     in multiples of the oracle's             ours ms           the same without the
  tries      attempts for each call                                     providers' own time
  cache %    of the tokens that a cache could hold    failed, left, cut calls that were not served

Examples:
  tollgate-lab                                        everything
  tollgate-lab --scenario stalling,flapping --policy tollgate,cheapest-first
  tollgate-lab --scenario stalling --vary first-token-timeout=5,10,30
  tollgate-lab --set hedge=1 --vary overtaken-fails=0,1
  tollgate-lab --seed 7 --json result.json

Settings are those of `tollgate`: times in seconds, shares in percent, 0 or 1 for no or yes.
--list names scenarios, policies and settings. The same seed gives the same table.";

/// Compare ways to choose endpoints over simulated fleets, faults and callers
#[derive(Debug, Parser)]
#[command(version, after_help = AFTER_HELP)]
pub(crate) struct Cli {
    /// Where all random numbers come from
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// What to simulate; everything when not set
    #[arg(long, value_name = "S1,S2", value_delimiter = ',')]
    scenario: Vec<String>,
    /// What to compare; everything when not set
    #[arg(long, value_name = "P1,P2", value_delimiter = ',')]
    policy: Vec<String>,
    /// Change what tollgate is set to
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Compare tollgate with itself, set differently, instead of with others
    #[arg(long, value_name = "KEY=V1,V2")]
    vary: Option<String>,
    /// Name what there is
    #[arg(long)]
    list: bool,
    /// Write everything found to this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// Does what was asked for.
pub(crate) fn run(cli: &Cli) -> anyhow::Result<()> {
    if cli.list {
        return Ok(write!(io::stdout(), "{}", list())?);
    }
    let experiment = Experiment {
        seed: cli.seed,
        scenarios: chosen(scenarios(cli.seed), &cli.scenario, |it| it.name)?,
        policies: policies(cli)?,
    };
    let mut progress = Progress::new();
    let report = tollgate_lab::run(&experiment, |what, done, of| progress.say(what, done, of))?;
    progress.clear();
    write!(io::stdout(), "{}", report.to_text())?;
    writeln!(io::stderr(), "\nTook {:.1} s", progress.elapsed().as_secs_f64())?;
    if let Some(path) = &cli.json {
        let json = serde_json::to_vec_pretty(&report)?;
        std::fs::write(path, json).with_context(|| format!("can't write {}", path.display()))?;
    }
    Ok(())
}

fn policies(cli: &Cli) -> anyhow::Result<Vec<Policy>> {
    let mut settings = Settings::default();
    for pair in &cli.set {
        let (key, value) = split(pair)?;
        settings.set(key, value)?;
    }
    let all = Policy::all().into_iter().map(|policy| {
        let hedge = policy.settings.hedge || settings.hedge;
        Policy { settings: Settings { hedge, ..settings }, ..policy }
    });
    let Some(varied) = &cli.vary else {
        return chosen(all.collect(), &cli.policy, |it| it.name.as_str());
    };
    let (key, values) = split(varied)?;
    let ours = |value: &str| {
        let mut settings = settings;
        settings.set(key, value)?;
        let name = format!("{key}={value}");
        Ok(Policy { name, kind: tollgate_lab::Kind::Tollgate, settings })
    };
    values.split(',').map(ours).collect()
}

fn split(pair: &str) -> anyhow::Result<(&str, &str)> {
    pair.split_once('=').with_context(|| format!("`{pair}` is not KEY=VALUE"))
}

/// Those that are named, or all when none is.
fn chosen<T>(all: Vec<T>, names: &[String], name: impl Fn(&T) -> &str) -> anyhow::Result<Vec<T>> {
    for wanted in names {
        if !all.iter().any(|it| name(it) == wanted) {
            let known: Vec<&str> = all.iter().map(&name).collect();
            bail!("there is no `{wanted}`; there are {}", known.join(", "));
        }
    }
    let is_chosen = |it: &T| names.is_empty() || names.iter().any(|wanted| wanted == name(it));
    Ok(all.into_iter().filter(is_chosen).collect())
}

fn list() -> String {
    let scenarios = scenarios(1);
    let scenario = |it: &Scenario| format!("{:<14}{}", it.name, it.about);
    let lines = |title: &str, lines: Vec<String>| format!("{title}:\n  {}\n", lines.join("\n  "));
    [
        lines("Scenarios", scenarios.iter().map(scenario).collect()),
        lines("Policies", Policy::all().into_iter().map(|it| it.name).collect()),
        lines("Settings of tollgate", KEYS.iter().map(|it| (*it).to_owned()).collect()),
    ]
    .join("\n")
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory as _, Parser as _};

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn what_is_not_there_is_named() {
        for (args, word) in [
            (["--policy", "tolgate"], "inverse-square"),
            (["--set", "hedge"], "KEY=VALUE"),
            (["--vary", "patience=1,2"], "first-token-timeout"),
        ] {
            let cli = Cli::try_parse_from(["lab", args[0], args[1]]).unwrap();
            let error = policies(&cli).unwrap_err().to_string();
            assert!(error.contains(word), "{error}");
        }
        assert!(chosen(scenarios(1), &["storm".to_owned()], |it| it.name).is_err());
    }

    #[test]
    fn variants_are_ours_with_one_thing_changed() {
        let cli = Cli::try_parse_from(["lab", "--set", "hedge=1", "--vary", "retry-rounds=0,3"]);
        let policies = policies(&cli.unwrap()).unwrap();
        let seen: Vec<_> = policies
            .iter()
            .map(|it| (it.name.as_str(), it.settings.hedge, it.settings.retry.rounds_max))
            .collect();
        assert_eq!(seen, [("retry-rounds=0", true, 0), ("retry-rounds=3", true, 3)]);
    }
}
