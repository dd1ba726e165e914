//! `tollgate password set`: for whoever can't sign in any more.

use std::io::{BufRead as _, IsTerminal as _, stderr, stdin};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, anyhow, bail};
use clap::{Args, Subcommand};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use tokio_util::task::TaskTracker;
use tollgate_engine::{
    Clock, Passwords, Secret, SystemClock, SystemEntropy, end_sessions, password_change,
};
use tollgate_organisation::{Password, User};
use tollgate_store::Stores;

use super::Session;
use crate::gateway::open_store;

#[derive(Debug, Subcommand)]
pub(super) enum PasswordCommand {
    /// Give somebody another password, and sign them out everywhere
    ///
    /// It is asked for on the terminal, or read from the first line of standard input.
    #[command(after_help = "Example: tollgate password set ada@example.org")]
    Set(SetArgs),
}

#[derive(Debug, Args)]
pub(super) struct SetArgs {
    /// Their e-mail address
    email: String,
}

/// Runs the command on the configured store.
pub(super) async fn run(command: PasswordCommand, session: &Session) -> anyhow::Result<ExitCode> {
    let PasswordCommand::Set(SetArgs { email }) = command;
    let stores = open_store(&session.config()?).await?;
    let done = set(&email, &stores).await;
    stores.health.close().await;
    done.map(|()| ExitCode::SUCCESS)
}

async fn set(email: &str, stores: &Stores) -> anyhow::Result<()> {
    let email = email.trim().to_lowercase();
    let person = stores.documents.named::<User>(&email).await?;
    let person = person.ok_or_else(|| {
        anyhow!(
            "nobody here has the address {email}. The first owner comes by the page /setup of a running gateway, others by invitation"
        )
    })?;
    let password = tokio::task::spawn_blocking(asked).await.context("nothing was read")??;
    Password::check("password", &password)?;
    let passwords = Passwords::new(Arc::new(SystemEntropy), TaskTracker::new());
    let hash = passwords.hash(Secret::new(password)).await?;
    let change = password_change(stores, &person.id, hash, SystemClock.now()).await?;
    stores.documents.write(vec![change]).await?;
    let ended = end_sessions(stores, &person.id, None).await?;
    anstream::println!("{email} has another password now. {ended} sessions were ended.");
    Ok(())
}

/// The password, from the terminal, where it is not shown, or from standard input.
fn asked() -> anyhow::Result<String> {
    if !stdin().is_terminal() {
        return line();
    }
    let hidden = Hidden::begin()?;
    anstream::eprint!("New password: ");
    let password = line();
    anstream::eprint!("\nThe same again: ");
    let again = line();
    anstream::eprintln!();
    drop(hidden);
    let (password, again) = (password?, again?);
    if password != again {
        bail!("these were two different passwords; nothing was changed");
    }
    Ok(password)
}

fn line() -> anyhow::Result<String> {
    let mut line = String::new();
    let read = stdin().lock().read_line(&mut line).context("the password can't be read")?;
    if read == 0 {
        bail!("no password was given");
    }
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

/// A terminal that does not show what is typed, until this is dropped.
struct Hidden(Termios);

impl Hidden {
    fn begin() -> anyhow::Result<Self> {
        let before = tcgetattr(stdin()).context("the terminal can't be asked")?;
        let mut quiet = before.clone();
        quiet.local_modes.remove(LocalModes::ECHO);
        tcsetattr(stdin(), OptionalActions::Flush, &quiet)
            .context("the terminal can't be told not to show what is typed")?;
        Ok(Self(before))
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        if tcsetattr(stdin(), OptionalActions::Now, &self.0).is_err() && stderr().is_terminal() {
            anstream::eprintln!("the terminal stays as it is: `stty echo` has it show again");
        }
    }
}
