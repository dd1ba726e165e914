//! What commands change is entered in the log of administrative acts: here for all of them, by
//! what was written on the command line, so that no command can forget it.

use std::process::ExitCode;

use anyhow::Context;
use clap::parser::ValueSource;
use clap::{ArgMatches, Command};
use serde_json::{Map, Value};
use tollgate_engine::{Clock, Entropy, SystemClock, SystemEntropy};
use tollgate_organisation::{AuditEntry, redact};
use tollgate_store::{Document, DocumentChange, StoreError};
use tollgate_types::{Chain, uuid};

use super::Session;
use crate::gateway::open_store;
use crate::output;

/// Who does what is done here.
const ACTOR: &str = "command line";
/// Entered of a command that was done.
const DONE: u16 = 0;
/// Entered of a command that failed.
const FAILED: u16 = 1;

/// When a command is entered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Enters {
    /// Before it is done, and how it ended behind it.
    Before,
    /// The same, when it is told to change something; else it only shows what is.
    WhenItChanges,
    /// Behind it: before, the database is not there, or is to be copied as it is.
    Behind,
}

/// The commands that change something, and which of their arguments says what.
const ACTS: &[(&str, &str, Enters)] = &[
    ("keys create", "name", Enters::Before),
    ("keys limits", "key", Enters::WhenItChanges),
    ("keys allow", "key", Enters::WhenItChanges),
    ("keys disable", "key", Enters::Before),
    ("keys enable", "key", Enters::Before),
    ("keys rotate", "key", Enters::Before),
    ("keys delete", "key", Enters::Before),
    ("presets set", "slug", Enters::Before),
    ("presets rm", "slug", Enters::Before),
    ("credits add", "account", Enters::Before),
    ("credits transfer", "to", Enters::Before),
    ("credits plan", "account", Enters::WhenItChanges),
    ("credits refund", "payment", Enters::Before),
    ("credits reconcile", "since", Enters::Before),
    ("ledger reclaim", "node", Enters::Before),
    ("byok add", "provider", Enters::Before),
    ("byok remove", "key", Enters::Before),
    ("password set", "email", Enters::Before),
    ("secrets rotate", "", Enters::Before),
    ("secrets forget-api-keys", "", Enters::Before),
    ("backup", "file", Enters::Behind),
    ("restore", "file", Enters::Behind),
];

/// An act at the command line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Act {
    action: String,
    target: String,
    details: Value,
    enters: Enters,
}

impl Act {
    /// The act that was asked for; none when nothing is to change.
    pub(super) fn of(program: &Command, matches: &ArgMatches) -> Option<Self> {
        let (mut command, mut matches, mut path) = (program, matches, Vec::new());
        while let Some((name, below)) = matches.subcommand() {
            path.push(name);
            command = command.find_subcommand(name)?;
            matches = below;
        }
        let action = path.join(" ");
        let (_, of, enters) = *ACTS.iter().find(|(name, _, _)| *name == action)?;
        let (mut target, mut details) = (String::new(), Map::new());
        for argument in command.get_arguments() {
            let id = argument.get_id().as_str();
            let texts = matches.try_get_raw(id).ok().flatten().into_iter().flatten();
            let texts: Vec<String> = texts.map(|it| it.to_string_lossy().into_owned()).collect();
            let is_given = matches.value_source(id) == Some(ValueSource::CommandLine);
            if id == of {
                target = texts.join(" ");
            } else if is_given && id != "json" {
                let name = argument.get_long().unwrap_or(id).to_owned();
                let takes_values = argument.get_action().takes_values();
                let value = match texts.as_slice() {
                    _ if !takes_values => Value::Bool(true),
                    [one] => Value::String(one.clone()),
                    _ => texts.into(),
                };
                details.insert(name, value);
            }
        }
        if enters == Enters::WhenItChanges && details.is_empty() {
            return None;
        }
        Some(Self { action, target, details: redact(details.into()), enters })
    }

    /// Has the command done, entered before it and completed behind it.
    ///
    /// # Errors
    ///
    /// Those of the command, and when it can't be entered: then it is not done.
    pub(super) async fn done(
        self,
        session: Session,
        command: impl Future<Output = anyhow::Result<ExitCode>>,
    ) -> anyhow::Result<ExitCode> {
        let enters = self.enters;
        let mut document = self.document()?;
        if enters == Enters::Behind {
            let done = command.await?;
            document.body.outcome = Some(DONE);
            warn(write(&session, document.insertion()).await);
            return Ok(done);
        }
        let entered = write(&session, document.insertion()).await;
        entered.context("nothing was done, for it can't be entered in the log")?;
        let done = command.await;
        document.body.outcome = Some(if done.is_ok() { DONE } else { FAILED });
        warn(write(&session, document.replacement(SystemClock.now())).await);
        done
    }

    fn document(self) -> anyhow::Result<Document<AuditEntry>> {
        let mut random = [0; 16];
        SystemEntropy.fill(&mut random)?;
        let now = SystemClock.now();
        let entry = AuditEntry {
            at: now,
            user_id: None,
            key_hash: None,
            actor: ACTOR.to_owned(),
            action: self.action,
            target: self.target,
            details: Some(self.details),
            outcome: None,
        };
        Ok(Document::new(AuditEntry::id(now, &uuid(random)), entry, now))
    }
}

/// Says that an outcome is missing in the log: what was done can't be undone for it.
fn warn(written: anyhow::Result<()>) {
    if let Err(error) = written {
        let said = format!("the log does not say how this ended: {}", Chain(error.as_ref()));
        output::warn([said]);
    }
}

async fn write(
    session: &Session,
    change: Result<DocumentChange, StoreError>,
) -> anyhow::Result<()> {
    let change = change?;
    let stores = open_store(&session.config()?).await?;
    let written = stores.documents.write(vec![change]).await;
    stores.health.close().await;
    Ok(written?)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;
    use serde_json::json;

    use super::*;
    use crate::commands::Cli;

    fn act(line: &str) -> Option<Act> {
        let program = Cli::command();
        let matches = program.clone().try_get_matches_from(line.split_whitespace()).unwrap();
        Act::of(&program, &matches)
    }

    #[test]
    fn what_was_written_is_entered() {
        let made = act("tollgate keys create --name ci --limit 10 --model a --model b --json");
        let made = made.unwrap();
        assert_eq!((made.action.as_str(), made.target.as_str()), ("keys create", "ci"));
        assert_eq!(made.details, json!({"limit": "10", "model": ["a", "b"]}));
        let added = act("tollgate --data-dir x credits add -5 --promotional").unwrap();
        assert_eq!(added.target, "default");
        assert_eq!(added.details, json!({"amount": "-5", "promotional": true}));
        assert_eq!(act("tollgate keys disable ci").unwrap().target, "ci");
    }

    #[test]
    fn what_only_looks_is_not() {
        for line in ["keys list", "keys limits ci --json", "keys allow ci", "ledger audit"] {
            assert_eq!(act(&format!("tollgate {line}")), None, "{line}");
        }
        assert!(act("tollgate keys limits ci --requests-per-minute 5").is_some());
        assert!(act("tollgate keys allow ci --any-model").is_some());
    }

    /// A command that is added has to be put on one of both lists.
    #[test]
    fn every_command_looks_or_is_entered() {
        const LOOKS: &[&str] = &[
            "serve",
            "keys list",
            "models",
            "providers",
            "presets list",
            "presets show",
            "route explain",
            "route health",
            "route replay",
            "chat",
            "credits show",
            "credits statement",
            "byok list",
            "byok test",
            "ledger audit",
            "ledger nodes",
            "ledger show",
            "ledger trace",
            "doctor",
            "config check",
            "config show",
            "simulator",
        ];
        let mut found = Vec::new();
        for command in Cli::command().get_subcommands() {
            let name = command.get_name();
            let below: Vec<_> = command.get_subcommands().collect();
            if below.is_empty() {
                found.push(name.to_owned());
            }
            found.extend(below.iter().map(|it| format!("{name} {}", it.get_name())));
        }
        found.sort();
        let acts = ACTS.iter().map(|(name, _, _)| *name);
        let mut known: Vec<&str> = acts.chain(LOOKS.iter().copied()).collect();
        known.sort_unstable();
        assert_eq!(found, known);
        for (name, of, _) in ACTS {
            let program = Cli::command();
            let command =
                name.split(' ').fold(&program, |it, name| it.find_subcommand(name).unwrap());
            let is_there = command.get_arguments().any(|it| it.get_id().as_str() == *of);
            assert!(is_there || of.is_empty(), "{name} has no {of}");
        }
    }
}
